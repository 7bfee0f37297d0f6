# TEMP triggers: on tables of main, on tables of temp; what they see, and when they go.

a> create table t(a)
a> create table log(x)
a> create temp trigger t1 after insert on t begin insert into log values ('t1'); end
a> create temporary trigger t2 after insert on main.t begin insert into log values ('t2'); end
a> create trigger m1 after insert on t begin insert into log values ('m1'); end
a> create trigger m2 after insert on t begin insert into log values ('m2'); end
a> insert into t values (1)
a> select * from log
a> select * from sqlite_temp_master
a> create temp trigger t1 after insert on t begin select 1; end
a> create temp trigger if not exists t1 after insert on t begin select 1; end
a> create temp trigger main.x after insert on t begin select 1; end
a> create temp trigger x after insert on nowhere begin select 1; end
a> create temp trigger x instead of insert on t begin select 1; end
a> drop trigger main.t1
a> drop trigger temp.t2
a> insert into t values (2)
a> select count(*) from log
# A trigger on a TEMP table is a TEMP trigger; its body sees all databases.
a> create temp table u(a)
a> create trigger q after insert on u begin insert into log values ('q' || new.a || (select count(*) from t)); end
a> insert into u values (5)
a> select x from log where x like 'q%'
a> select name, tbl_name from sqlite_temp_master
a> create trigger main.zz after insert on u begin select 1; end
a> create temp trigger zz after insert on t begin insert into main.log values (1); end
a> create trigger zz after insert on t begin select * from temp.u; end
a> create temp trigger zz after delete on t begin insert into u select old.a + 100; end
a> delete from t
a> select a from u
# Triggers of main set them off too; views; what is dropped takes them along.
a> create trigger m3 after insert on log when new.x = 'chain' begin insert into t values ('chained'); end
a> create temp trigger t4 before insert on t when new.a = 'chained' begin insert into u values (new.a); end
a> insert into log values ('chain')
a> select a from u
a> create view v as select a from t
a> create temp trigger vi instead of insert on v begin insert into u values ('v' || new.a); end
a> insert into v values (1)
a> select a from u
a> drop view v
a> select name from sqlite_temp_master where type = 'trigger'
a> drop table t
a> select name from sqlite_temp_master where type = 'trigger'
a> drop table u
a> select name from sqlite_temp_master
---
ok
ok
ok
ok
ok
ok
1 changed
't1'
't2'
'm2'
'm1'
'trigger' | 't1' | 't' | 0 | "CREATE TRIGGER t1 after insert on t begin insert into log values ('t1'); end"
'trigger' | 't2' | 't' | 0 | "CREATE TRIGGER t2 after insert on main.t begin insert into log values ('t2'); end"
OperationalError: trigger t1 already exists
ok
OperationalError: temporary trigger may not have qualified name
OperationalError: no such table: nowhere
OperationalError: cannot create INSTEAD OF trigger on table: t
OperationalError: no such trigger: main.t1
ok
1 changed
7
ok
ok
1 changed
'q52'
't1' | 't'
'u' | 'u'
'q' | 'u'
OperationalError: no such table: main.u
OperationalError: qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers
OperationalError: trigger zz cannot reference objects in database temp
ok
2 changed
5
101
102
ok
ok
1 changed
5
101
102
'chained'
ok
ok
0 changed
5
101
102
'chained'
'v1'
ok
't1'
'q'
'zz'
't4'
ok
'q'
ok
(no rows)
