# What is stored must not depend on the clock: dates in indexes, CHECKs and generated columns.

a> create table t(a)
a> create index i on t(date('now'))
a> insert into t values (1)
a> drop index i
a> insert into t values (1)
a> create index i on t(date('now'))
a> create index j on t(date(a))
a> insert into t values ('now')
a> insert into t values ('2020-01-01')
a> create index k on t(a) where date(a) > '2000'
a> update t set a = 'now'
a> create table c(a check (a <> date('now')))
a> insert into c values (1)
a> create table g(a, b as (strftime('%Y', a)) stored)
a> insert into g values ('now')
a> insert into g values ('2020-01-01')
a> create table l(a, b as (datetime(a, 'localtime')))
a> insert into l values ('2020-01-01')
a> create table cc(a check (a < current_date))
a> insert into cc values (1)
a> create index n on t(sqlite_version())
a> create index n on t(random())
a> select * from g
---
ok
ok
OperationalError: non-deterministic use of date() in an index
ok
1 changed
OperationalError: non-deterministic use of date() in an index
ok
OperationalError: non-deterministic use of date() in an index
1 changed
ok
OperationalError: non-deterministic use of date() in an index
ok
OperationalError: non-deterministic use of date() in a CHECK constraint
ok
OperationalError: non-deterministic use of strftime() in a generated column
1 changed
ok
OperationalError: non-deterministic use of datetime() in a generated column
ok
1 changed
OperationalError: non-deterministic functions prohibited in index expressions
OperationalError: non-deterministic functions prohibited in index expressions
'2020-01-01' | '2020'

# UPDATE … FROM with ORDER BY and LIMIT.
a> create table x(a integer primary key, b)
a> create table y(k, v)
a> insert into x values (1, 'one'), (2, 'two'), (3, 'three')
a> insert into y values (1, 'A'), (2, 'B'), (3, 'C'), (3, 'D')
a> update x set b = v from y where a = k order by a limit 1
a> update x set b = v || '!' from y where k = a order by a desc, v limit 1 offset 2 returning a
a> select * from x
a> update x set b = v from y where a = k order by a
a> update x set b = v from y where a = k limit 0
---
ok
ok
3 changed
4 changed
1 changed
OperationalError: near "returning": syntax error
1 | 'A'
2 | 'two'
3 | 'three'
OperationalError: ORDER BY without LIMIT on UPDATE
0 changed
