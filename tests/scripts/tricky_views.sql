# Views: INSTEAD OF, column lists, names.

a> create table t(a,b)
a> create view v as select a, b, a+b as s from t
a> insert into v values(1,2,3)
a> create trigger vi instead of insert on v begin insert into t values(new.a, new.b); end
a> insert into v values(1,2,3)
a> insert into v(a) values(5)
a> insert into v(s,a) values(7,8)
a> insert into v default values
a> insert into v(nosuch) values(1)
a> select * from t
a> update v set a=1
a> create trigger vu instead of update on v begin update t set a=new.a, b=new.b where a is old.a and b is old.b; end
a> update v set a=a*10 where b=2
a> update v set s=5
a> update v set nosuch=5
a> update v set rowid=5
a> select * from t
a> delete from v
a> create trigger vd instead of delete on v begin delete from t where a is old.a; end
a> delete from v where s>10
a> delete from v where a is null
a> select * from t
a> insert into v values(1,2,3) returning *
a> insert into v values(1,2,3) on conflict do nothing
a> replace into v values(1,2,3)
a> create trigger vb before insert on v begin select 1; end
a> create trigger vo instead of update of s on v begin insert into t values('s', new.s); end
a> update v set s=77 where a=1
a> select * from t
a> drop view v
---
ok
ok
OperationalError: cannot modify v because it is a view
ok
0 changed
0 changed
0 changed
0 changed
OperationalError: table v has no column named nosuch
1 | 2
5 | NULL
8 | NULL
NULL | NULL
OperationalError: cannot modify v because it is a view
ok
0 changed
0 changed
OperationalError: no such column: nosuch
0 changed
10 | 2
5 | NULL
8 | NULL
NULL | NULL
OperationalError: cannot modify v because it is a view
ok
0 changed
0 changed
5 | NULL
8 | NULL
1 | 2 | 3
OperationalError: cannot UPSERT a view
0 changed
OperationalError: cannot create BEFORE trigger on view: v
ok
0 changed
5 | NULL
8 | NULL
1 | 2
1 | 2
's' | 77
's' | 77
ok

a> select name from sqlite_master
a> create view w as select * from w
a> select * from w
a> create view w1 as select * from w2
a> create view w2 as select * from w1
a> select * from w1
a> drop view w1
a> create view w3 as select ? as x
a> create view w4 as select :x
a> create view w5(a,b) as select 1,2 union all select 3,4 order by 1 desc limit 1
a> select * from w5
a> select * from w6
a> create view w7 as values(1,2),(3,4)
a> select column2 from w7
a> create view w8 as with q(n) as (select 1 union all select n+1 from q where n<3) select * from q
a> select * from w8
a> create view if not exists w8 as select 1
a> create temp view w8 as select 'temp'
a> select * from w8
a> select * from main.w8
a> drop view w8
a> select * from w8
a> create view main.w9 as select * from temp.nosuch
a> create view w10 as select "quoted" from t
a> select * from w10
a> create view w11 as select a as "x y", b as 'z' from t
a> select "x y", z from w11
---
't'
ok
OperationalError: view w is circularly defined
ok
ok
OperationalError: view w1 is circularly defined
ok
OperationalError: parameters are not allowed in views
OperationalError: parameters are not allowed in views
ok
3 | 4
OperationalError: no such table: w6
ok
2
4
ok
1
2
3
ok
ok
'temp'
1
2
3
ok
1
2
3
OperationalError: view w9 cannot reference objects in database temp
ok
'quoted'
'quoted'
'quoted'
'quoted'
'quoted'
'quoted'
ok
5 | NULL
8 | NULL
1 | 2
1 | 2
's' | 77
's' | 77
