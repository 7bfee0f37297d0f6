# Names in triggers are looked up when a statement that may fire them is compiled.

a> create table t(a)
a> create trigger r1 after insert on t begin insert into missing values(1); end
a> create table w(a)
a> create trigger r2 after insert on w begin insert into w2 values(1); end
a> create table w2(a)
a> create trigger r3 before insert on w2 when new.nosuch begin select 1; end
a> create trigger r4 after update of a on w begin update w set nosuch=1; end
a> create table x(a,b)
a> create trigger r5 after update of a on x begin select nosuch from x; end
a> create table loopt(a)
a> create trigger l1 after insert on loopt when new.a<5 begin insert into loopt values(new.a+1); end
a> create view v as select 1 a
a> create trigger v1 instead of insert on v when new.a<3 begin insert into v values(new.a+1); insert into loopt values(new.a); end
a> create trigger v2 instead of delete on v begin delete from nosuch; end
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
ok
ok
ok

a> insert into t select 1 where 0
a> insert into t values(1)
a> insert into t values(1)
a> insert into w select 1 where 0
a> insert into w select 1 where 0
a> update w set a=1
a> update x set b=1
a> update x set a=1
a> update x set a=1
a> delete from w
a> insert into w2 values(1)
a> drop trigger r3
---
OperationalError: no such table: main.missing
OperationalError: no such table: main.missing
OperationalError: no such table: main.missing
OperationalError: no such column: new.nosuch
OperationalError: no such column: new.nosuch
OperationalError: no such column: nosuch
0 changed
OperationalError: no such column: nosuch
OperationalError: no such column: nosuch
0 changed
OperationalError: no such column: new.nosuch
ok

a> insert into w values(1)
a> select * from w2
a> insert into loopt values(1)
a> select * from loopt
a> pragma recursive_triggers=1
a> insert into loopt values(1)
a> select count(*) from loopt
a> insert into v values(0)
a> select count(*) from loopt
a> delete from v
a> delete from v where 0
---
1 changed
1
1 changed
1
2
ok
1 changed
7
0 changed
22
OperationalError: no such table: main.nosuch
OperationalError: no such table: main.nosuch
