# BEFORE triggers of STRICT tables: the types of a row are tested before they fire.

a> create table log(m)
a> create table s(a int not null, b text check(length(b)<5), c real unique, d int primary key) strict
a> create trigger bi before insert on s begin insert into log values('bi '||quote(new.a)||quote(new.b)||quote(new.c)||typeof(new.a)); end
a> create trigger bu before update on s begin insert into log values('bu '||quote(new.a)||quote(new.b)); select raise(ignore) where new.b='ign'; end
---
ok
ok
ok
ok

a> insert into s values('x','ok',1,1)
a> select * from log
a> insert into s values(1,x'00',1,1)
a> insert into s values(null,x'00','z',1)
a> insert into s values('y','toolong',1,1)
a> insert into s values(1,'a','zz','q')
a> select * from log
a> insert into s values('1','a','1.5',1)
a> insert into s values(null,'a','1.5',1)
a> insert into s values(2,'toolong','1.5',1)
a> insert into s values(2,'t','1.5',1)
a> select * from log
---
IntegrityError: cannot store TEXT value in INT column s.a
(no rows)
IntegrityError: cannot store BLOB value in TEXT column s.b
IntegrityError: cannot store BLOB value in TEXT column s.b
IntegrityError: cannot store TEXT value in INT column s.a
IntegrityError: cannot store TEXT value in REAL column s.c
(no rows)
1 changed
IntegrityError: NOT NULL constraint failed: s.a
IntegrityError: CHECK constraint failed: length(b)<5
IntegrityError: UNIQUE constraint failed: s.d
"bi 1'a'1.5integer"

a> update s set a='x'
a> update s set b=x'01', a=null
a> update s set a='x', b='ign'
a> select * from log
a> update s set c='x', b='toolong'
a> insert or ignore into s values('x','ok',1,2)
a> select * from log
a> insert or replace into s values(2,'ok',1.5,'z')
a> insert or replace into s values('q','ok',1.5,2)
a> select * from log
a> select * from s
---
IntegrityError: cannot store TEXT value in INT column s.a
IntegrityError: cannot store BLOB value in TEXT column s.b
IntegrityError: cannot store TEXT value in INT column s.a
"bi 1'a'1.5integer"
IntegrityError: cannot store TEXT value in REAL column s.c
IntegrityError: cannot store TEXT value in INT column s.a
"bi 1'a'1.5integer"
IntegrityError: cannot store TEXT value in INT column s.d
IntegrityError: cannot store TEXT value in INT column s.a
"bi 1'a'1.5integer"
1 | 'a' | 1.5 | 1
