# Changes seldom made: AUTOINCREMENT under triggers that insert into the same table, UPDATE … FROM of views and under the name of the target.

a> create table t(id integer primary key autoincrement, v)
a> create trigger at after insert on t begin insert into t(v) select new.v - 1 where new.v > 0; delete from t where new.v = 0 and id = new.id; end
a> pragma recursive_triggers=1
a> insert into t(v) values(4),(2)
a> select * from t
a> select * from sqlite_sequence
a> insert or ignore into t(id, v) values(3, 5),(null, 1)
a> insert into t(v) values(9),(1)
a> select * from t
a> select * from sqlite_sequence
a> create table u(id integer primary key autoincrement)
a> create trigger ut before insert on u begin insert into t(v) values(0); insert into t(v) values(1); end
a> insert into u values(null),(5)
a> insert into u default values
a> select * from sqlite_sequence
a> create table w(id integer primary key autoincrement, x)
a> create trigger wt before insert on w when new.x > 0 begin insert into w(x) values(new.x-1); delete from w; end
a> insert into w(x) values(3),(0),(2)
a> select * from w
a> select * from sqlite_sequence
---
ok
ok
ok
2 changed
1 | 4
2 | 3
3 | 2
4 | 1
6 | 2
7 | 1
't' | 8
1 changed
2 changed
1 | 4
2 | 3
3 | 2
4 | 1
6 | 2
7 | 1
9 | 1
11 | 9
12 | 8
13 | 7
14 | 6
15 | 5
16 | 4
17 | 3
18 | 2
19 | 1
21 | 1
't' | 22
ok
ok
2 changed
1 changed
't' | 31
'u' | 6
ok
ok
3 changed
8 | 2
't' | 31
'u' | 6
'w' | 8

a> create table p(a, b)
a> create table lg(x,y)
a> insert into p values(1,'p'),(2,'q'),(2,'q'),(3,'r')
a> create table k(k, v)
a> insert into k values(1,'u1'),(1,'u2'),(2,'w'),(3,'z'),(3,'z')
a> create view v as select a, b from p
a> create trigger tr instead of update on v begin insert into lg values(old.a||old.b, new.b); end
a> update v set b = k.v from k where k.k = a
a> select * from lg order by x, y
a> update p set b = 1 from k join p on p.a = k.k
a> update p set b = 1 from p
a> update p as x set b = 1 from k x where x.k=1
a> update p set b = 1 from (select 1 k) p
a> update p set b = p.v from (select k, v from k where v <> 'u2') p where p.k = p.a
a> update p set b = b + 1 from (select 9 b) p
a> update v set b = 1 from v
a> select * from p
a> create table yes(a)
a> insert into yes values(1) on conflict do nothing
---
ok
ok
4 changed
ok
5 changed
ok
ok
0 changed
'1p' | 'u1'
'1p' | 'u2'
'2q' | 'w'
'2q' | 'w'
'3r' | 'z'
'3r' | 'z'
OperationalError: target object/alias may not appear in FROM clause: p
OperationalError: target object/alias may not appear in FROM clause: p
4 changed
4 changed
4 changed
OperationalError: ambiguous column name: b
OperationalError: target object/alias may not appear in FROM clause: v
1 | 'u1'
2 | 'w'
2 | 'w'
3 | 'z'
ok
1 changed

a> pragma foreign_keys=1
a> create table fx(a int primary key, b references fy(a))
a> create table fy(a int, b references fx(a))
a> update fy set b = 1
a> update fy set a = 1
a> insert into fy values(1,null)
a> insert into fy values(1,null) returning *
a> create table fp(a unique on conflict replace, b unique, c)
a> create table fc(x references fp)
a> update fp set c = 1
a> update fp set a = 1
---
ok
ok
ok
OperationalError: foreign key mismatch - "fx" referencing "fy"
OperationalError: foreign key mismatch - "fx" referencing "fy"
1 changed
OperationalError: foreign key mismatch - "fx" referencing "fy"
ok
ok
0 changed
OperationalError: foreign key mismatch - "fc" referencing "fp"

a> create table tw(a int, b unique, c)
a> create table tv(a unique, b unique, c)
a> create view tvw as select a from tv
a> create trigger tg0 before update on tw begin insert into tw(a,b,c) values(new.a, new.b, 2) on conflict(a) do update set c = excluded.c; end
a> create trigger tg3 after update of a, c on tv begin update tw set c = 'a' where a > old.a; end
a> create trigger tgw instead of insert on tvw begin insert into tv(a,b,c) values(new.a, 1, 2) on conflict(a) do update set c = excluded.c; end
a> insert into tvw values(1)
a> insert into tvw values(1)
---
ok
ok
ok
ok
ok
ok
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint

a> pragma recursive_triggers=0
a> create table sv(a real, b text, c int)
a> create view rv as select a, b, c, a + 1 e from sv
a> create table rl(m)
a> create trigger rvi instead of insert on rv begin insert into rl values(quote(new.a)||','||quote(new.b)||','||quote(new.c)||','||quote(new.e)||','||quote(new.rowid)||typeof(new.a)); end
a> insert into rv values(1,2,'3','4')
a> insert into rv values('1',2,'3',5)
a> insert into rv(rowid,a) values(7,1)
a> insert into rv(rowid,a) values('7',1)
a> insert into rv(rowid,a) values(null,1)
a> insert into rv(rowid,a) values('x',1)
a> insert or ignore into rv(rowid,a) values(7.5,1)
a> select * from rl
a> create table rt(a integer primary key, b unique)
a> create trigger rd after delete on rt begin select nosuch(old.a); end
a> replace into rt values(1,1)
a> replace into rt(b) values(1)
a> update or replace rt set b = 5
a> delete from rt
a> create table rf(a unique on conflict fail, b unique on conflict replace)
a> insert or fail into rf values(2,3),('a','B'),(2,3)
---
ok
ok
ok
ok
ok
0 changed
0 changed
0 changed
0 changed
0 changed
IntegrityError: datatype mismatch
IntegrityError: datatype mismatch
"1.0,2,'3','4',-1real"
"'1',2,'3',5,-1text"
'1.0,NULL,NULL,NULL,7real'
'1.0,NULL,NULL,NULL,7real'
'1.0,NULL,NULL,NULL,-1real'
ok
ok
1 changed
1 changed
1 changed
OperationalError: no such function: nosuch
ok
IntegrityError: UNIQUE constraint failed: rf.a

a> pragma recursive_triggers=1
a> replace into rt(a,b) values(2,5)
a> update or replace rt set b = 6
a> create table ru(a)
a> create trigger rud after delete on ru begin select nosuch(old.a); end
a> replace into ru values(1)
a> create table rw(a unique on conflict replace)
a> create table rn(b not null default 3)
a> create trigger rwd after delete on rw begin insert into rn values(null); end
a> insert into rw values(1),(null),(1)
a> replace into rw values(1)
a> delete from rw
a> select * from rn
---
ok
OperationalError: no such function: nosuch
OperationalError: no such function: nosuch
ok
ok
1 changed
ok
ok
ok
3 changed
1 changed
IntegrityError: NOT NULL constraint failed: rn.b
3
3

a> pragma foreign_keys=1
a> create table kp(a, b, unique(a))
a> create table kc(x, y, foreign key(x, y) references kp(a,b))
a> create table kd(x references kp(b))
a> create table ke(x references kp(a), y references kp(rowid))
a> update kp set a=1
a> update kp set b=1
a> drop table kd
a> update kp set b=1
---
ok
ok
ok
ok
ok
OperationalError: foreign key mismatch - "kc" referencing "kp"
OperationalError: foreign key mismatch - "kd" referencing "kp"
ok
OperationalError: foreign key mismatch - "kc" referencing "kp"
