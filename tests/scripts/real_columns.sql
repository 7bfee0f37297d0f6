# A column of REAL affinity of a subquery, view or CTE in FROM gives REALs, whatever arm of a compound a row comes from.

a> CREATE TABLE t(r REAL, n NUMERIC, i INT, x TEXT, b BLOB, z)
a> INSERT INTO t VALUES (2.0, 3, 4, '5', x'36', 7)
---
ok
1 changed

a> Select typeof(x), x from (select r as x from t union all select 1)
a> Select typeof(x), x from (select r as x from t union select 1)
a> Select typeof(x), x from (select 1 as x union all select r from t)
a> Select typeof(x), x from (select r as x from t union all select i from t)
a> Select typeof(x), x from (select r as x from t union all select '7')
a> Select typeof(x), x from (select i as x from t union all select 1.0)
a> Select typeof(x), x from (select i as x from t union all select '1')
a> Select typeof(x), x from (select x as x from t union all select 1)
a> Select typeof(r) from (select r from t union all select 1)
a> Select typeof(r) from (select r from t union all select 1 union all select 2)
a> Select typeof(r) from (select r from t union all select 1 order by 1)
a> Select typeof(r) from (select r from t union all select 1 limit 5)
a> Select typeof(r) from (select r from t intersect select 2)
a> Select typeof(r) from (select i as r from t union all select r from t union all select 1)
a> Select r from t union all select 1
a> Select r from t union select 1
a> Select r from t union all select 1 order by 1
a> With c(x) as (select r from t union all select 1) select typeof(x) from c
a> With c(x) as materialized (select r from t union all select 1) select typeof(x) from c
a> With c(x) as (select r from t union all select 1) select typeof(x), (select count(*) from c) from c
a> With recursive c(x) as (select r from t union all select 1) select typeof(x) from c
a> With recursive c(x) as (select r from t union all select x+1 from c where x<4) select typeof(x) from c
a> With recursive c(x) as (select r from t union all select 3 from c where x<3) select typeof(x) from c
a> With recursive c(x) as (select r from t union all select cast(x as int)+1 from c where x<4) select typeof(x) from c
a> Select typeof(x) from (select r+0 as x from t union all select 1)
a> Select typeof(x) from (select cast(r as real) as x from t union all select 1)
a> Select typeof(x) from (select cast(1 as real) as x union all select 1)
a> Select typeof(x) from (select r as x from t union all select 1) where x>0
a> Select x from (select r as x from t union all select 1)
a> Select x+0 from (select r as x from t union all select 1)
a> Select x/2 from (select r as x from t union all select 1)
a> Select max(x), typeof(max(x)) from (select r as x from t union all select 5)
a> Select sum(x) from (select r as x from t union all select 5)
a> Select group_concat(x) from (select r as x from t union all select 5)
a> Select x from (select r as x from t union all select 5) group by x
a> Select typeof(x) from (select r as x from t union all select 5) group by x
a> Select typeof(x) from (select r as x from t union all select 5) order by x
a> Select typeof(x) from (select * from (select r as x from t union all select 5))
a> Select typeof(x) from (select x from (select r as x from t union all select 5) limit 3)
a> Select typeof((select x from (select 0 as y, r as x from t union all select 1,5) order by y desc limit 1))
a> Select (select r from t where 0 union all select 1), typeof((select r from t where 0 union all select 1))
a> Select 1 in (select r from t union all select 1)
a> Select typeof(x) from (values(1.0),(1))
a> Select typeof(column1) from (select r as column1 from t union all values(3))
a> Select v.* from (select r as x from t union all select 1) v
a> Select typeof(v.x) from (select r as x from t union all select 1) v, (select 1) w
a> Select typeof(v.x) from (select 1) w, (select r as x from t union all select 1) v
a> Select typeof(v.x) from (select 1) w left join (select r as x from t union all select 1) v
a> Select typeof(x) from (select distinct r as x from t union all select 1)
a> Select typeof(x) from (select r as x from t union all select 1 from t group by 1)
a> Select typeof(x) from (select r as x from t union all select sum(i) from t)
a> Select typeof(x) from (select max(r) as x from t union all select 1)
a> Create view v as select r as x from t union all select 1
a> Select typeof(x) from v
a> Select x from v
a> Create view v2 as select r as x from t union select 1
a> Select typeof(x) from v2
a> Create table n as select r as x from t union all select 1
a> Select typeof(x) from n
a> Select sql from sqlite_master where name='n'
---
'real' | 2.0
'real' | 1.0
'real' | 1.0
'real' | 2.0
'integer' | 1
'real' | 2.0
'real' | 2.0
'real' | 4.0
'real' | 2.0
'text' | '7'
'integer' | 4
'real' | 1.0
'integer' | 4
'text' | '1'
'text' | '5'
'integer' | 1
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'integer'
'real'
'integer'
2.0
1
1
2.0
1
2.0
'real'
'real'
'real'
'real'
'real' | 2
'real' | 2
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'integer'
'real'
'real'
'real'
'real'
'real'
'real'
2.0
1.0
2.0
1.0
1.0
0.5
5.0 | 'real'
7.0
'2.0,5.0'
2.0
5.0
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
1 | 'integer'
1
OperationalError: no such column: x
'real'
'real'
2.0
1.0
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'real'
'integer'
ok
'real'
'real'
2.0
1.0
ok
'real'
'real'
ok
'real'
'real'
'CREATE TABLE n(x REAL)'
