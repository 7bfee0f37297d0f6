# UPDATE and DELETE of rowids, keys and their classes.

a> create table a(x integer primary key, y text)
a> insert into a values(1,'one'),(2,'two'),(3,'three')
a> update a set y=upper(y) where x in (select x from a where y like 't%') returning *
a> update a set x=x+1
a> update a set x=-x
a> update a set x=x+1 where x<0
a> select * from a order by x
a> update a set y=(select group_concat(y) from a)
a> select distinct y from a
a> update a set y=b.z from (select -1 as i,'neg' as z) b where b.i=a.x
a> update a set y=b.y||'!' from a b where b.x=a.x-1 returning a.x, a.y
a> update a as q set y=1 from a where q.x=a.x
a> select * from a order by x
a> update a set y='l' order by x desc limit 1
a> update a set y='l2' where y='l' limit 5 offset 1
a> delete from a order by x limit 1
a> select * from a order by x
a> update or ignore a set x=0
a> update or replace a set x=0
a> select * from a
a> update a set rowid=9 returning x
a> update a set x='abc'
a> update a set x=null
a> update a set x=1.0
a> update a set x='5'
a> update a set x=5.5
a> select x, typeof(x) from a
a> insert into a values('7','s')
a> insert into a values(8.0,'f')
a> insert into a values(8.5,'f')
---
ok
3 changed
2 | 'TWO'
3 | 'THREE'
IntegrityError: UNIQUE constraint failed: a.x
3 changed
IntegrityError: UNIQUE constraint failed: a.x
-3 | 'THREE'
-2 | 'TWO'
-1 | 'one'
3 changed
'THREE,TWO,one'
1 changed
-2 | 'THREE,TWO,one!'
-1 | 'THREE,TWO,one!'
3 changed
-3 | '1'
-2 | '1'
-1 | '1'
1 changed
0 changed
1 changed
-2 | '1'
-1 | 'l'
1 changed
2 changed
0 | 'l'
9
IntegrityError: datatype mismatch
IntegrityError: datatype mismatch
1 changed
1 changed
IntegrityError: datatype mismatch
5 | 'integer'
1 changed
1 changed
IntegrityError: datatype mismatch

a> insert into a values('x','f')
a> insert into a values(null,'auto')
a> insert into a(y) values('auto2')
a> select count(*), max(x) from a
a> insert into a values(-5,'neg')
a> select x from a where x=-5 or x='-5' or rowid='-5'
a> select * from a where x='5.0'
a> select * from a where x=x'35'
a> select * from a where rowid in ('5', 7.0, null)
a> delete from a where x between '5' and 7.5
a> select x from a where x > 'a'
a> select * from a where x is null
a> insert into a select null, 'bulk' from (select 1 union select 2)
a> delete from a
a> insert into a(y) values('first')
a> select x from a
a> create table b(k text primary key, v)
a> insert into b values('a',1),('b',2),(null,3),(null,4)
a> insert into b values('A',1)
a> insert into b values('a',9)
a> select rowid, * from b
a> select * from b where k > 'a'
a> create table c(a,b,primary key(a desc, b))
a> insert into c values(1,1),(1,2),(2,1)
a> insert into c values(1,1)
a> select * from c order by a, b
a> create table d(a int, b int, unique(a,b), unique(b,a))
---
IntegrityError: datatype mismatch
1 changed
1 changed
5 | 10
1 changed
-5
5 | 'l'
(no rows)
5 | 'l'
7 | 's'
2 changed
(no rows)
(no rows)
2 changed
6 changed
1 changed
1
ok
4 changed
1 changed
IntegrityError: UNIQUE constraint failed: b.k
1 | 'a' | 1
2 | 'b' | 2
3 | NULL | 3
4 | NULL | 4
5 | 'A' | 1
'b' | 2
ok
3 changed
IntegrityError: UNIQUE constraint failed: c.a, c.b
1 | 1
1 | 2
2 | 1
ok

a> insert into d values(1,2),(null,2),(null,2)
a> insert into d values(1,2)
a> select count(*) from d
a> create table e(a primary key, b unique, c unique) without rowid
a> insert into e values(1,2,3),(2,3,4)
a> insert into e values(1,3,4)
a> insert or replace into e values(1,3,5)
a> select * from e
a> insert or replace into e values(5,3,9),(6,2,9)
a> select * from e
a> select rowid from e
a> update e set rowid=1
a> select max(a) from e
---
3 changed
IntegrityError: UNIQUE constraint failed: d.b, d.a
3
ok
2 changed
IntegrityError: UNIQUE constraint failed: e.c
1 changed
1 | 3 | 5
2 changed
6 | 2 | 9
OperationalError: no such column: rowid
OperationalError: no such column: rowid
6
