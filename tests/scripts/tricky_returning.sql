# RETURNING and generated columns.

a> create table t(a integer primary key, b, c as (a+b), d as (b*2) stored)
a> insert into t(b) values(1),(2) returning *
a> insert into t(b) values(3) returning a as x, b+c as y, (select count(*) from t), *
a> insert into t(b) values(3) returning rowid, oid, _rowid_
a> insert into t(b) values(3) returning t.a, t.*
a> insert into t(b) values(3) returning t.nosuch
a> insert into t(b) values(3) returning sum(a)
a> insert into t(b) values(3) returning count(*) over ()
a> insert into t as q(b) values(3) returning q.a
a> insert into t(b) values(3) returning new.a
a> insert into t(b) values(3) returning a limit 1
a> insert into t(b) values(3) returning
a> update t set b=b+1 where a<3 returning a,b,c,d
a> update t set b=10 from (select 1 as z) where a=z returning *, z
a> update t set b=10 from (select 1 as z) where a=z returning a, b
a> update t as u set b=11 where u.a=1 returning u.b
a> update t as u set b=11 where u.a=1 returning t.b
a> delete from t where a=1 returning *
a> delete from t where a=1 returning *
a> delete from t returning a order by a
a> delete from t returning a, (select count(*) from t)
a> select * from t
a> insert into t(b) select 1 union select 2 returning a, b, 'x' collate nocase as z
a> insert into t(b) values(1) returning (select b from t where t.a=1) q
a> insert into t(b) values(1) returning a, a, b as a
a> insert into t(b) values(5) returning *, *
a> insert into t(c) values(5)
a> update t set c=5
a> update t set d=5
a> insert into t values(1,2,3,4)
---
ok
1 | 1 | 2 | 2
2 | 2 | 4 | 4
3 | 9 | 3 | 3 | 3 | 6 | 6
4 | 4 | 4
OperationalError: RETURNING may not use "TABLE.*" wildcards
OperationalError: no such column: t.nosuch
OperationalError: misuse of aggregate function sum()
OperationalError: misuse of window function count()
OperationalError: no such column: q.a
OperationalError: no such column: new.a
OperationalError: near "limit": syntax error
OperationalError: incomplete input
1 | 2 | 3 | 4
2 | 3 | 5 | 6
OperationalError: no such column: z
1 | 10
OperationalError: no such column: u.b
11
1 | 11 | 12 | 22
(no rows)
OperationalError: ORDER BY without LIMIT on DELETE
2 | 2
3 | 2
4 | 2
(no rows)
1 | 1 | 'x'
2 | 2 | 'x'
1
4 | 4 | 1
5 | 5 | 10 | 10 | 5 | 5 | 10 | 10
OperationalError: cannot INSERT into generated column "c"
OperationalError: cannot UPDATE generated column "c"
OperationalError: cannot UPDATE generated column "d"
OperationalError: table t has 2 columns but 4 values were supplied

a> insert into t values(100,2) returning *
a> insert into t(a,b,a) values(200,1,300) returning *
a> create table g(a, b as (a collate nocase) unique, c generated always as (a||'x') virtual, check(c<>'badx'))
a> insert into g(a) values('q'),('Q')
a> insert into g(a) values('bad')
a> insert into g(a) values('q'),('r')
a> select * from g where b='Q'
a> select typeof(b), c from g
a> create table g2(a int, b text as (a) stored, c int as (b||'1'), d real as (a))
a> insert into g2 values('5'),(5.5),('x'),(null)
a> select *, typeof(a),typeof(b),typeof(c),typeof(d) from g2
a> create table g3(a as (b), b as (a))
a> create table g3(a as (1))
a> create table g4(a, b as (nosuch))
a> create table g4(a, b as (select 1))
a> create table g4(a, b as (max(a)))
a> create table g4(a, b as (count(*)))
a> create table g4(a, b as (a) default 5)
a> create table g4(a, b primary key as (a))
a> create table g4(a, b as (a) primary key)
a> create table g4(a, b as (a) stored not null check(b>0) unique references g(a))
a> insert into g4(a) values(0)
a> insert into g4(a) values(null)
a> insert into g4(a) values(1)
a> alter table g4 add column z as (a+1) stored
a> alter table g4 add column z as (a+1)
a> select * from g4
a> create index g4z on g4(z)
a> select a from g4 where z=2
a> create table g5(a, b as (a) foo)
---
100 | 2 | 102 | 4
300 | 1 | 301 | 2
ok
2 changed
IntegrityError: CHECK constraint failed: c<>'badx'
IntegrityError: UNIQUE constraint failed: g.b
'Q' | 'Q' | 'Qx'
'text' | 'qx'
'text' | 'Qx'
ok
4 changed
5 | '5' | 51 | 5.0 | 'integer' | 'text' | 'integer' | 'real'
5.5 | '5.5' | 5.51 | 5.5 | 'real' | 'text' | 'real' | 'real'
'x' | 'x' | 'x1' | 'x' | 'text' | 'text' | 'text' | 'text'
NULL | NULL | NULL | NULL | 'null' | 'null' | 'null' | 'null'
OperationalError: must have at least one non-generated column
OperationalError: must have at least one non-generated column
OperationalError: no such column: nosuch
OperationalError: near "select": syntax error
OperationalError: misuse of aggregate function max()
OperationalError: misuse of aggregate function count()
OperationalError: cannot use DEFAULT on a generated column
OperationalError: generated columns cannot be part of the PRIMARY KEY
OperationalError: generated columns cannot be part of the PRIMARY KEY
ok
IntegrityError: CHECK constraint failed: b>0
IntegrityError: NOT NULL constraint failed: g4.b
1 changed
OperationalError: cannot add a STORED column
ok
1 | 1 | 2
ok
1
OperationalError: error in generated column "b"

a> create table g5(a, b generated as (a))
a> create table g5(a, b generated always (a))
a> create table g5(a, b int generated always as (a) virtual stored)
a> create table g6(rowid as (1), a)
a> create table g6(a, b as (rowid))
a> create table g6(a integer primary key, b as (a*2), c as (rowid+1))
a> create table g7(a, b as (a+1), c as (b+1), d as (c+1))
a> insert into g7(a) values(1)
a> update g7 set a=5 returning *
---
ok
OperationalError: table g5 already exists
OperationalError: table g5 already exists
ok
OperationalError: table g6 already exists
OperationalError: table g6 already exists
ok
1 changed
5 | 6 | 7 | 8
