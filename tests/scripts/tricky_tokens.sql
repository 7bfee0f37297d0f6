# Tokens that are none, parameters of all forms, words where none may be.

a> select 1t.a
a> select 1..2
a> select 1.2.3
a> select 1.e5.3
a> select 1t.5e3
a> select .5.5x
a> select 1.5e+x
a> select 1e5e5
a> select :p( ?1
a> select :cast(b as text)
a> select $a::b(c)
a> select :a::b
a> select @a(x)
a> select $a(
a> select :a( b)
a> select $
a> select $::a
a> select :
a> select :a:b
a> select :a,:b
a> select #1
a> select #a(b)
a> create table t(a,b)
a> alter table t rename to a column z
a> alter table t rename to "to"
a> alter table "to" rename to t
a> create table x(a)integer primary key
a> create table x(a) foo
a> create table x(a) foo, strict
a> create table x(a) without foo
---
OperationalError: unrecognized token: "1t"
OperationalError: near ".2": syntax error
OperationalError: near ".3": syntax error
OperationalError: near ".3": syntax error
OperationalError: unrecognized token: "1t"
OperationalError: unrecognized token: ".5x"
OperationalError: unrecognized token: "1.5e"
OperationalError: unrecognized token: "1e5e5"
OperationalError: unrecognized token: ":p("
OperationalError: unrecognized token: ":cast(b"
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
OperationalError: unrecognized token: "$a("
OperationalError: unrecognized token: ":a("
OperationalError: unrecognized token: "$"
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
OperationalError: unrecognized token: ":"
OperationalError: near ":b": syntax error
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 2, and there are 0 supplied.
OperationalError: near "#1": syntax error
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
ok
OperationalError: near "column": syntax error
ok
ok
OperationalError: near "primary": syntax error
OperationalError: unknown table option: foo
OperationalError: unknown table option: foo
OperationalError: unknown table option: foo

a> create trigger g after update on t begin insert into t as values (new.a, old.b); end
a> create trigger g after update on t begin insert into t as q values (new.a, old.b); end
a> create trigger g after update on t begin update t as q set a=1; end
a> create trigger g after update on t begin delete from t as q; end
a> insert into t as values(1,2)
a> insert into t as q values(1,2)
a> update t as q set a=1
a> update t q set a=1
a> delete from t as q
---
OperationalError: near "as": syntax error
OperationalError: near "as": syntax error
OperationalError: near "as": syntax error
OperationalError: near "as": syntax error
OperationalError: near "values": syntax error
1 changed
1 changed
OperationalError: near "q": syntax error
1 changed
