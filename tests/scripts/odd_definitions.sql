# Definitions seldom written: quoted types, keys of several collations, ALTER over views that name their database, EXPLAIN of a trigger.

a> create table q(a "x" int, b "int" foo, c 'te''xt', d "a b"(3), e [real], f `blob` int, g "int", h 'integer' primary key)
a> select name, type from pragma_table_info('q')
a> insert into q values('1','1','1','1','1','1','1','1')
a> select *, typeof(g), typeof(h) from q
a> create table s2(a "int" text) strict
a> create table r(a unique on conflict replace, b unique, c unique on conflict replace, d unique)
a> pragma index_list(r)
a> create table d(a collate nocase, b, primary key(a collate binary, a, a collate nocase, b)) without rowid
a> pragma index_xinfo(sqlite_autoindex_d_1)
a> insert into d values('a',1),('A',2),('a',2)
a> insert into d values('a',2)
a> select * from d
a> create table t(a,b)
a> alter table t rename "q q" to x
a> alter table t drop [q q]
a> alter table t drop 'nn'
a> create trigger tr after insert on t begin select new.zz; end
a> alter table t rename a to b
a> drop trigger tr
a> alter table t rename a to b
a> create table g(a,b,c as (a+1), check (b > 0))
a> create trigger tg after insert on g begin select new.a, new.b; end
a> alter table g drop a
a> alter table g drop b
a> create table sqlite_master(a)
a> analyze
a> create table sqlite_stat1(a)
a> create table if not exists sqlite_stat1(a)
---
ok
'a' | 'x'
'b' | 'int'
'c' | "te'xt"
'd' | 'a b'
'e' | 'REAL'
'f' | 'blob'
'g' | 'INT'
'h' | 'INTEGER'
1 changed
1 | 1 | 1 | 1 | 1.0 | '1' | 1 | 1 | 'integer' | 'integer'
OperationalError: unknown datatype for s2.a: "int"
ok
0 | 'sqlite_autoindex_r_4' | 1 | 'u' | 0
1 | 'sqlite_autoindex_r_2' | 1 | 'u' | 0
2 | 'sqlite_autoindex_r_3' | 1 | 'u' | 0
3 | 'sqlite_autoindex_r_1' | 1 | 'u' | 0
ok
0 | 0 | 'a' | 0 | 'binary' | 1
1 | 0 | 'a' | 0 | 'nocase' | 1
2 | 1 | 'b' | 0 | 'BINARY' | 1
3 changed
IntegrityError: UNIQUE constraint failed: d.a, d.a, d.b
'A' | 2
'a' | 1
'a' | 2
ok
OperationalError: no such column: ""q q""
OperationalError: no such column: "[q q]"
OperationalError: no such column: "'nn'"
ok
OperationalError: error in trigger tr: no such column: new.zz
ok
OperationalError: error in table t after rename: duplicate column name: b
ok
ok
OperationalError: error in table g after drop column: no such column: a
OperationalError: error in table g after drop column: no such column: b
OperationalError: object name reserved for internal use: sqlite_master
ok
OperationalError: object name reserved for internal use: sqlite_stat1
OperationalError: object name reserved for internal use: sqlite_stat1

a> create trigger q after insert on t begin update t set a=1 returning a; end
a> create trigger q after insert on t begin delete from t returning a; end
a> create trigger q after insert on t begin insert into t values(1,1) returning a; end
a> create trigger q after insert on t begin select raise(abort, 5); end
a> select raise(abort, 1)
a> select raise(abort, '1')
a> select raise(foo)
a> select $a::b::c(d e)
a> select $a::b::(x
a> select 1 as x from t where $a:b
---
OperationalError: near "returning": syntax error
OperationalError: near "returning": syntax error
OperationalError: cannot use RETURNING in a trigger
OperationalError: near "5": syntax error
OperationalError: near "1": syntax error
OperationalError: RAISE() may only be used within a trigger-program
OperationalError: near "foo": syntax error
OperationalError: unrecognized token: "$a::b::c(d"
OperationalError: unrecognized token: "$a::b::(x"
OperationalError: near ":b": syntax error

a> attach ':memory:' as x key 'y'
a> attach ':memory:' as x2 key
a> create table x.t(a, b)
a> create view x.v as select a, x.t.b from x.t
a> create trigger x.tr after insert on t begin select new.a from t; select * from x.t; end
a> alter table x.t rename a to "a a"
a> alter table x.t rename to u
a> select sql from x.sqlite_master
a> select * from x.v
a> create view main.v as select main.t.a from main.t
a> alter table main.t rename a to q
a> select sql from sqlite_master where name in ('t', 'v')
a> create temp view tv as select x.u.b from x.u
a> alter table x.u rename b to bb
a> select * from tv
a> alter table x.u drop bb
a> pragma foreign_keys=1
a> create view pv as select 1 a
a> create table cv(x references pv(a))
a> insert into cv values(1)
a> create temp table tc(x references t)
a> insert into tc values(1)
---
ok
OperationalError: incomplete input
ok
ok
ok
ok
ok
'CREATE TABLE "u"("a a", b)'
'CREATE VIEW v as select "a a", x."u".b from x."u"'
'CREATE TRIGGER tr after insert on "u" begin select new."a a" from "u"; select * from x."u"; end'
(no rows)
ok
ok
'CREATE TABLE t(q,b)'
'CREATE VIEW v as select main.t.q from main.t'
ok
ok
(no rows)
OperationalError: error in view v after drop column: no such column: x.u.bb
ok
ok
ok
OperationalError: foreign key mismatch - "cv" referencing "pv"
ok
OperationalError: no such table: temp.t
