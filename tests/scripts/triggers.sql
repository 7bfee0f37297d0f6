# Triggers: what fires, in which order, what RAISE does, counters, recursion, definitions.

# INSERT: BEFORE sees the rowid -1 where it is not known, and values before they are tested.
a> create table t(id integer primary key, a text, b not null)
a> create table log(n integer primary key, what, x, y)
a> create trigger t1 after insert on t begin insert into log(what,x,y) values('ins',new.id,new.a); end
a> create trigger if not exists T1 after insert on t begin select 1; end
a> create trigger t1 after insert on t begin select 1; end
a> create trigger t9 after insert on nope begin select 1; end
a> create trigger t2 before insert on t when new.b is null begin select raise(abort,'b must be there'); end
a> create trigger t3 after update of a,b on t for each row begin insert into log(what,x,y) values('upd', old.a, new.a); update t set b=b||'!' where id=new.id; end
a> create trigger t4 before delete on t begin insert into log(what,x,y) values('del',old.id, changes()); select case when old.a='keep' then raise(ignore) end; end
a> create trigger t5 before insert on t begin insert into log(what,x,y) values('bef',new.id,new.rowid); end
a> insert into t(a,b) values(1,2)
a> insert into t values(7,'keep',3),(8,'x',4)
a> insert into t values(9,'x',null)
a> select * from log
---
ok
ok
ok
ok
OperationalError: trigger t1 already exists
OperationalError: no such table: main.nope
ok
ok
ok
ok
1 changed
2 changed
IntegrityError: b must be there
1 | 'bef' | -1 | -1
2 | 'ins' | 1 | '1'
3 | 'bef' | 7 | 7
4 | 'ins' | 7 | 'keep'
5 | 'bef' | 8 | 8
6 | 'ins' | 8 | 'x'

# UPDATE OF and DELETE; RAISE(IGNORE) keeps a row.
a> update t set a=a||'z' where id>1
a> select * from t
a> select * from log
a> delete from t
a> select * from t
a> select * from log
a> select type,name,tbl_name,rootpage,sql from sqlite_master where type='trigger'
---
2 changed
1 | '1' | 2
7 | 'keepz' | '3!'
8 | 'xz' | '4!'
1 | 'bef' | -1 | -1
2 | 'ins' | 1 | '1'
3 | 'bef' | 7 | 7
4 | 'ins' | 7 | 'keep'
5 | 'bef' | 8 | 8
6 | 'ins' | 8 | 'x'
7 | 'upd' | 'keep' | 'keepz'
8 | 'upd' | 'x' | 'xz'
3 changed
(no rows)
1 | 'bef' | -1 | -1
2 | 'ins' | 1 | '1'
3 | 'bef' | 7 | 7
4 | 'ins' | 7 | 'keep'
5 | 'bef' | 8 | 8
6 | 'ins' | 8 | 'x'
7 | 'upd' | 'keep' | 'keepz'
8 | 'upd' | 'x' | 'xz'
9 | 'del' | 1 | 2
10 | 'del' | 7 | 2
11 | 'del' | 8 | 2
'trigger' | 't1' | 't' | 0 | "CREATE TRIGGER t1 after insert on t begin insert into log(what,x,y) values('ins',new.id,new.a); end"
'trigger' | 't2' | 't' | 0 | "CREATE TRIGGER t2 before insert on t when new.b is null begin select raise(abort,'b must be there'); end"
'trigger' | 't3' | 't' | 0 | "CREATE TRIGGER t3 after update of a,b on t for each row begin insert into log(what,x,y) values('upd', old.a, new.a); update t set b=b||'!' where id=new.id; end"
'trigger' | 't4' | 't' | 0 | "CREATE TRIGGER t4 before delete on t begin insert into log(what,x,y) values('del',old.id, changes()); select case when old.a='keep' then raise(ignore) end; end"
'trigger' | 't5' | 't' | 0 | "CREATE TRIGGER t5 before insert on t begin insert into log(what,x,y) values('bef',new.id,new.rowid); end"

# RAISE outside; DROP TRIGGER; OR clauses override those of the body.
a> select raise(abort,'x')
a> drop trigger t1
a> drop trigger t1
a> drop trigger if exists t1
a> insert or replace into t values(7,'new','b')
a> select * from t
a> insert or ignore into t values(10,'q',null)
a> insert or ignore into t values(7,'q',1)
a> select * from log
a> create trigger t6 after insert on t when new.a='boom' begin insert into t values(7,'dup','dup'); end
a> insert into t values(11,'boom',1)
a> insert or ignore into t values(12,'boom',1)
a> insert or replace into t values(13,'boom',1)
a> select * from t
a> delete from t where id=7
a> drop table t
a> select name from sqlite_master
---
OperationalError: RAISE() may only be used within a trigger-program
ok
OperationalError: no such trigger: t1
ok
1 changed
7 | 'new' | 'b'
IntegrityError: b must be there
0 changed
1 | 'bef' | -1 | -1
2 | 'ins' | 1 | '1'
3 | 'bef' | 7 | 7
4 | 'ins' | 7 | 'keep'
5 | 'bef' | 8 | 8
6 | 'ins' | 8 | 'x'
7 | 'upd' | 'keep' | 'keepz'
8 | 'upd' | 'x' | 'xz'
9 | 'del' | 1 | 2
10 | 'del' | 7 | 2
11 | 'del' | 8 | 2
12 | 'bef' | 7 | 7
13 | 'bef' | 7 | 7
ok
IntegrityError: UNIQUE constraint failed: t.id
1 changed
1 changed
7 | 'dup' | 'dup'
12 | 'boom' | 1
13 | 'boom' | 1
1 changed
ok
'log'

# A trigger does not fire itself, unless told to.
a> create table r(x)
a> create trigger rr after insert on r when new.x<10 begin insert into r values(new.x+1); end
a> insert into r values(1)
a> select * from r
---
ok
ok
1 changed
1
2

# Recursive triggers, up to a depth.
a> pragma recursive_triggers=1
a> insert into r values(1)
a> select * from r
a> drop trigger rr
a> create trigger rr after insert on r begin insert into r values(new.x+1); end
a> insert into r values(1)
a> select count(*) from r
---
ok
1 changed
1
2
1
2
3
4
5
6
7
8
9
10
ok
ok
OperationalError: too many levels of trigger recursion
12

# What cannot be defined or run.
a> create view v as select * from r
a> create trigger vv before insert on v begin select 1; end
a> create trigger x instead of insert on r begin select 1; end
a> create trigger x after insert on sqlite_master begin select 1; end
a> create trigger x after insert on r begin select ?; end
a> create trigger x after insert on r begin insert into r values(new.zz); end
a> insert into r values(5)
a> drop trigger x
a> create trigger x after insert on r begin select old.x; end
a> insert into r values(5)
a> drop trigger x
a> create trigger z after insert on r begin insert into r default values; end
a> create trigger z after insert on r begin
a> create trigger z after insert on r begin end
a> create trigger z after insert on r begin select 1 end
---
ok
OperationalError: cannot create BEFORE trigger on view: v
OperationalError: cannot create INSTEAD OF trigger on table: r
OperationalError: cannot create trigger on system table
OperationalError: trigger cannot use variables
ok
OperationalError: no such column: new.zz
ok
ok
OperationalError: no such column: old.x
ok
OperationalError: near "default": syntax error
OperationalError: incomplete input
OperationalError: near "end": syntax error
OperationalError: incomplete input

