# Triggers: which fire, RAISE, what may stand in them.

a> create table t(a integer primary key, b, c)
a> create table log(n integer primary key, m)
a> create trigger bi before insert on t begin insert into log(m) values('bi '||quote(new.a)||quote(new.b)); end
a> create trigger ai after insert on t begin insert into log(m) values('ai '||quote(new.a)||quote(new.b)); end
a> create trigger bu before update on t begin insert into log(m) values('bu '||quote(old.b)||quote(new.b)); end
a> create trigger au after update of b on t begin insert into log(m) values('au '||quote(old.b)||quote(new.b)); end
a> create trigger auc after update of c, a on t when new.c is not old.c begin insert into log(m) values('auc'); end
a> create trigger bd before delete on t begin insert into log(m) values('bd '||old.a); end
a> create trigger ad after delete on t begin insert into log(m) values('ad '||old.a); end
a> insert into t(b) values('x'),('y')
a> select last_insert_rowid(), changes(), (select count(*) from log)
a> update t set b='z'
a> update t set c=1
a> update t set a=a+10
a> insert or replace into t values(11,'r',1)
a> insert into t values(11,'r2',1) on conflict(a) do update set b='up'
a> replace into t(a,b) values(12,'q')
a> delete from t where a=11
a> delete from t
a> select m from log
a> insert into t values(1,1,1)
a> replace into t values(1,2,2)
a> select m from log where n>40
a> drop trigger bi
a> drop trigger if exists bi
a> drop trigger nosuch
a> drop trigger main.ai
a> create trigger r1 before insert on t when new.b='ignore' begin select raise(ignore); end
a> create trigger r2 before insert on t when new.b='abort' begin select raise(abort,'aborted'); end
a> create trigger r3 before insert on t when new.b='fail' begin select raise(fail,'failed'); end
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
2 changed
2 | 2 | 4
2 changed
2 changed
2 changed
1 changed
1 changed
1 changed
1 changed
1 changed
"bi -1'x'"
"ai 1'x'"
"bi -1'y'"
"ai 2'y'"
"bu 'x''z'"
"au 'x''z'"
"bu 'y''z'"
"au 'y''z'"
"bu 'z''z'"
'auc'
"bu 'z''z'"
'auc'
"bu 'z''z'"
"bu 'z''z'"
"bi 11'r'"
"ai 11'r'"
"bi 11'r2'"
"bu 'r''up'"
"au 'r''up'"
"bi 12'q'"
"ai 12'q'"
'bd 11'
'ad 11'
'bd 12'
'ad 12'
1 changed
1 changed
(no rows)
ok
ok
OperationalError: no such trigger: nosuch
ok
ok
ok
ok

a> create trigger r4 before insert on t when new.b='rollback' begin select raise(rollback,'rolled'); end
a> insert into t(b) values('ok1'),('ignore'),('ok2')
a> insert into t(b) values('ok3'),('abort'),('ok4')
a> insert into t(b) values('ok5'),('fail'),('ok6')
a> insert into t(b) values('ok7'),('rollback'),('ok8')
a> select b from t
a> insert or ignore into t(b) values('ok9'),('abort')
a> insert or replace into t(b) values('ok10'),('fail')
a> select b from t
a> select raise(ignore)
a> select raise(abort,'x')
a> create trigger bad before insert on t begin select raise(foo,'x'); end
a> create trigger bad before insert on t begin select raise(abort); end
a> create trigger bad before insert on t begin select raise(ignore,'x'); end
a> create trigger bad before insert on t begin select raise(abort, 1+1); end
a> create trigger bad before insert on t begin select old.a; end
a> insert into t(b) values('uses old')
a> drop trigger bad
a> create trigger bad before delete on t begin select new.a; end
a> delete from t where a=1
a> drop trigger bad
a> create trigger bad after insert on t begin update t set b=new.b||'!' where a=new.a; delete from t where b='die!'; end
a> insert into t(b) values('hello'),('die')
a> select b from t
a> drop trigger bad
a> create trigger sub after insert on t begin insert into log(m) select b from t where a<new.a; end
a> insert into t(b) values('s')
a> drop trigger sub
a> create trigger alias after insert on t as x begin select 1; end
a> create trigger lim after insert on t begin delete from log limit 1; end
---
ok
2 changed
IntegrityError: aborted
IntegrityError: failed
IntegrityError: rolled
2
'ok1'
'ok2'
'ok5'
IntegrityError: aborted
IntegrityError: failed
2
'ok1'
'ok2'
'ok5'
'ok10'
OperationalError: RAISE() may only be used within a trigger-program
OperationalError: RAISE() may only be used within a trigger-program
OperationalError: near "foo": syntax error
OperationalError: near ")": syntax error
OperationalError: near ",": syntax error
OperationalError: near "1": syntax error
ok
OperationalError: no such column: old.a
ok
ok
OperationalError: no such column: new.a
ok
ok
2 changed
2
'ok1'
'ok2'
'ok5'
'ok10'
'hello!'
ok
ok
1 changed
ok
OperationalError: near "as": syntax error
OperationalError: near "limit": syntax error

a> create trigger ret after insert on t begin insert into log(m) values(1) returning n; end
a> create trigger dv after insert on t begin insert into log default values; end
a> create trigger wth after insert on t begin with q as (select 1) insert into log(m) select * from q; end
a> create trigger idx after insert on t begin update log indexed by nosuch set m=1; end
a> create trigger qual after insert on t begin update main.log set m=1; end
a> create trigger param after insert on t begin insert into log(m) values(?); end
a> create trigger param2 after insert on t when new.a=:x begin select 1; end
a> create trigger newset before insert on t begin select new.a=5; end
a> create trigger upd after update on t begin update t set c=new.c where a=new.a; end
a> update t set c=99
a> select name from sqlite_master where type='trigger' order by 1
---
OperationalError: cannot use RETURNING in a trigger
OperationalError: near "default": syntax error
OperationalError: near "insert": syntax error
OperationalError: the INDEXED BY clause is not allowed on UPDATE or DELETE statements within triggers
OperationalError: qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers
OperationalError: trigger cannot use variables
OperationalError: trigger cannot use variables
ok
ok
7 changed
'ad'
'au'
'auc'
'bd'
'bu'
'newset'
'r1'
'r2'
'r3'
'r4'
'upd'
