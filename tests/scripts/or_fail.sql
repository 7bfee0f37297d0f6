# OR FAIL and RAISE(FAIL) inside triggers: the rows before stay, and changes() counts them.

a> create table log(m unique)
a> create table t(a unique, b)
a> create table u(a unique, b)
a> create table q(a)
a> create trigger ta after insert on t begin insert into log values(new.a); insert into u values(new.b, 1); end
a> create trigger tu after update on t begin insert into u values(new.b, 2); end
a> create trigger td after delete on t begin insert into u values(old.b, 2); select raise(fail,'stop') where old.a=99; end
a> create trigger qb before insert on q begin insert into log values('q'||new.a); select raise(fail,'no') where new.a=13; select raise(ignore) where new.a=7; end
a> create view v as select a,b from t
a> create trigger vi instead of insert on v begin insert into t values(new.a,new.b),(new.a+100,new.b+100); end
a> create trigger vu instead of update on v begin update t set b=new.b where a=old.a; end
---
ok
ok
ok
ok
ok
ok
ok
ok
ok
ok
ok

a> insert into u values(50,0)
a> insert or fail into t values(1,1),(2,2),(3,50),(4,4)
a> select changes()
a> select * from t
a> select * from u
a> select * from log
a> insert or fail into t values(5,5),(6,6),(1,7)
a> select changes()
a> insert or fail into q values(1),(2),(13),(4)
a> select changes()
a> insert into q values(21),(7),(13),(4)
a> select * from q
---
1 changed
IntegrityError: UNIQUE constraint failed: u.a
3
1 | 1
2 | 2
3 | 50
50 | 0
1 | 1
2 | 1
1
2
3
IntegrityError: UNIQUE constraint failed: t.a
2
IntegrityError: no
2
IntegrityError: UNIQUE constraint failed: log.m
1
2

a> insert into q values(13)
a> insert or ignore into t values(8,8),(9,50),(10,10)
a> select changes()
a> select * from t
a> update or fail t set b=b+45
a> select changes()
a> select * from t
a> update or fail t set b=1 where a=1
a> select changes()
a> delete from t
a> insert into t values(99,1000),(98,1001)
a> delete from t where a>97
---
IntegrityError: UNIQUE constraint failed: log.m
3 changed
3
1 | 1
2 | 2
3 | 50
5 | 5
6 | 6
8 | 8
9 | 50
10 | 10
IntegrityError: UNIQUE constraint failed: u.a
4
1 | 46
2 | 47
3 | 95
5 | 50
6 | 6
8 | 8
9 | 50
10 | 10
IntegrityError: UNIQUE constraint failed: u.a
1
IntegrityError: UNIQUE constraint failed: u.a
2 changed
IntegrityError: UNIQUE constraint failed: u.a

a> select * from t
a> insert or fail into v values(200,200),(201,50),(202,202)
a> select changes()
a> select * from t where a>150 order by a
a> insert or fail into v values(400,200)
a> select changes()
a> select * from u
a> update or fail v set b=700+a
a> select changes()
a> select * from t
a> insert into t values(1,2) on conflict(a) do update set b=50
a> insert or fail into t values(600,600),(1,2),(601,601) on conflict(a) do update set b=50
a> select changes()
a> select * from t
a> begin
a> insert or fail into t values(700,700),(701,50)
a> select changes()
a> select * from t where a>=700
a> commit
a> insert or rollback into t values(800,800),(801,50)
a> insert or fail into t select a+1000,50 from t returning a
a> select changes()
a> replace into t values(1,1234)
a> insert or replace into t values(1,1235),(2,1236)
---
1 | 1
2 | 47
3 | 95
5 | 50
6 | 6
8 | 8
9 | 50
10 | 10
99 | 1000
98 | 1001
IntegrityError: UNIQUE constraint failed: u.a
0
200 | 200
201 | 50
300 | 300
IntegrityError: UNIQUE constraint failed: u.a
0
50 | 0
1 | 1
2 | 1
5 | 1
6 | 1
8 | 1
10 | 1
46 | 2
47 | 2
95 | 2
1000 | 1
1001 | 1
200 | 1
300 | 1
IntegrityError: UNIQUE constraint failed: u.a
0
1 | 701
2 | 702
3 | 703
5 | 705
6 | 706
8 | 708
9 | 709
10 | 710
99 | 799
98 | 798
200 | 900
300 | 1000
201 | 50
400 | 200
IntegrityError: UNIQUE constraint failed: u.a
IntegrityError: UNIQUE constraint failed: u.a
0
1 | 701
2 | 702
3 | 703
5 | 705
6 | 706
8 | 708
9 | 709
10 | 710
99 | 799
98 | 798
200 | 900
300 | 1000
201 | 50
400 | 200
ok
IntegrityError: UNIQUE constraint failed: u.a
2
700 | 700
701 | 50
ok
IntegrityError: UNIQUE constraint failed: u.a
IntegrityError: UNIQUE constraint failed: u.a
1
1 changed
2 changed
