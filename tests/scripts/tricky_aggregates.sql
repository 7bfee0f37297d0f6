# Aggregates, bare columns, LIMIT, ORDER BY of compounds, joins.

a> create table t(a,b,c)
a> insert into t values(1,10,'x'),(1,20,'y'),(2,5,'z'),(2,null,'w'),(null,7,'n')
a> select a, max(b), c from t group by a
a> select a, min(b), c from t group by a
a> select max(b), c from t
a> select min(b), c from t
a> select max(b), c from t where 0
a> select a, max(b), min(b), c from t group by a having max(b)>5
a> select max(b) filter (where c<>'y'), c from t
a> select max(c), b from t
a> select c, max(b)+1 from t
a> select c, max(b), count(*) from t group by a order by 2
a> select c from t group by a having max(b)=b
a> select count(*), c from t where a=2
a> select sum(b), a from t where 0
a> select count(*), count(b), count(distinct a), sum(a), total(a), avg(a), group_concat(c), max(a,b) from t
a> select count(*), sum(b), avg(b), total(b), min(b), max(b), group_concat(b) from t where 0
a> select sum(b), typeof(sum(b)), sum(b+0.0), typeof(avg(b)), sum('1'), sum('x'), sum(x'31'), sum(null), avg('x'), total(null) from t
a> select sum(9223372036854775807) from t
a> select sum(x) from (select 9223372036854775807 as x union all select 1.0 union all select 1)
a> select total(9223372036854775807) from t
a> select group_concat(a,b) from t
a> select group_concat(distinct a) from t
a> select group_concat(distinct a, ',') from t
a> select group_concat(c,'') , group_concat(c,null), group_concat(c, 1) from t
a> select count(distinct a, b) from t
a> select count(distinct *) from t
a> select count(), count(*), count(1), count(null) from t
a> select sum(*) from t
a> select max(*) from t
---
ok
5 changed
NULL | 7 | 'n'
1 | 20 | 'y'
2 | 5 | 'z'
NULL | 7 | 'n'
1 | 10 | 'x'
2 | 5 | 'z'
20 | 'y'
5 | 'z'
NULL | NULL
NULL | 7 | 7 | 'n'
1 | 20 | 10 | 'x'
10 | 'x'
'z' | 5
'y' | 21
'z' | 5 | 2
'n' | 7 | 1
'y' | 20 | 2
'n'
'y'
'z'
2 | 'z'
NULL | NULL
5 | 4 | 2 | 6 | 6.0 | 1.5 | 'x,y,z,w,n' | 10
0 | NULL | NULL | 0.0 | NULL | NULL | NULL
42 | 'integer' | 42.0 | 'real' | 5 | 0.0 | 5.0 | NULL | 0.0 | 0.0
OperationalError: integer overflow
9.223372036854776e+18
4.611686018427388e+19
'1201522'
'1,2'
OperationalError: DISTINCT aggregates must have exactly one argument
'xyzwn' | 'xyzwn' | 'x1y1z1w1n'
OperationalError: wrong number of arguments to function count()
OperationalError: near "*": syntax error
5 | 5 | 5 | 0
OperationalError: wrong number of arguments to function sum()
OperationalError: wrong number of arguments to function max()

a> select sum(distinct b), avg(distinct a), count(distinct b) from t
a> select a from t group by a having count(*)>1 order by count(*)
a> select a, b from t group by a, b order by a, b
a> select a+1, count(*) from t group by a+1
a> select a as q, count(*) from t group by q
a> select a as b, count(*) from t group by b
a> select count(*) from t group by 1
a> select a, count(*) from t group by 1
a> select 1, count(*) from t group by 1
a> select 'x', count(*) from t group by 'x'
a> select count(*) from t having 1
a> select count(*) from t having count(*)>100
a> select a from t having a=1
a> select a, count(*) as n from t group by a having n>1
a> select a, sum(b) s from t group by a order by s desc nulls last
a> select distinct a, count(*) from t group by a, b
a> select (select count(*) from t t2 where t2.a=t.a) from t group by a
a> select (select sum(t.b)) from t
a> select (select sum(t2.b+t.a) from t t2) from t limit 2
a> select (select t.a+count(*) from t t2) from t group by t.a
a> select max((select min(b) from t)) from t
a> select count(*) filter (where a=1), sum(b) filter (where a=2), count(*) filter (where 0) from t
a> select abs(a) filter (where 1) from t
a> select min(a,b), max(a,b,3) from t
a> select min(b), max(b) from t group by a is null
a> select * from t order by a nulls last, b desc nulls first
a> select * from t order by 2 desc, 1
a> select * from t order by c collate nocase desc limit 2
a> select a from t order by b+a, c
a> select a x from t order by x desc, -b
---
42 | 1.5 | 4
1
2
NULL | 7
1 | 10
1 | 20
2 | NULL
2 | 5
NULL | 1
2 | 2
3 | 2
NULL | 1
1 | 2
2 | 2
2 | 1
2 | 1
NULL | 1
1 | 1
1 | 1
OperationalError: aggregate functions are not allowed in the GROUP BY clause
NULL | 1
1 | 2
2 | 2
1 | 5
'x' | 5
5
(no rows)
OperationalError: HAVING clause on a non-aggregate query
1 | 2
2 | 2
1 | 30
NULL | 7
2 | 5
NULL | 1
1 | 1
2 | 1
0
2
2
42
46
46
NULL
6
7
5
2 | 5 | 0
OperationalError: FILTER may not be used with non-aggregate abs()
1 | 10
1 | 20
2 | 5
NULL | NULL
NULL | NULL
5 | 20
7 | 7
1 | 20 | 'y'
1 | 10 | 'x'
2 | NULL | 'w'
2 | 5 | 'z'
NULL | 7 | 'n'
1 | 20 | 'y'
1 | 10 | 'x'
NULL | 7 | 'n'
2 | 5 | 'z'
2 | NULL | 'w'
2 | 5 | 'z'
1 | 20 | 'y'
NULL
2
2
1
1
2
2
1
1
NULL

a> select b as a, a as b from t order by a, b
a> select a, b from t order by t.a, t.b
a> select distinct a from t order by b
a> select distinct a from t order by a desc
a> select a from t limit 2 offset 1
a> select a from t limit 1, 2
a> select a from t limit -1
a> select a from t limit 0
a> select a from t limit 1 offset -5
a> select a from t limit 100 offset 4
a> select a from t limit '2'
a> select a from t limit 1.0
a> select a from t limit 1.5
a> select a from t limit 'x'
a> select a from t limit null
a> select a from t limit 1 offset null
a> select a from t limit x'31'
a> select a from t limit (select 2)
a> select a from t limit 1+1
a> select a from t limit a
a> select a from t limit count(*)
a> select a from t limit (select count(*) from t)-3 offset (select 1)
a> select a from t limit max(1,2)
a> select 1 union select 2 limit 1
a> select 1 union all select 2 limit 1 offset 1
a> select * from (select 1 as x union select 2 order by 1 desc) limit 1
a> select a from t union select b from t order by 1
a> select a from t union all select b from t order by a limit 3
a> select a as x from t union select b from t order by x
a> select a from t union select b as x from t order by x
---
NULL | 2
5 | 2
7 | NULL
10 | 1
20 | 1
NULL | 7
1 | 10
1 | 20
2 | NULL
2 | 5
2
NULL
1
2
1
NULL
1
2
1
2
1
1
2
2
NULL
(no rows)
1
NULL
1
1
1
IntegrityError: datatype mismatch
IntegrityError: datatype mismatch
IntegrityError: datatype mismatch
IntegrityError: datatype mismatch
IntegrityError: datatype mismatch
1
1
1
1
OperationalError: no such column: a
OperationalError: misuse of aggregate function count()
1
2
1
1
1
2
2
NULL
1
2
5
7
10
20
NULL
NULL
1
NULL
1
2
5
7
10
20
NULL
1
2
5
7
10
20

a> select a from t union select b from t order by b
a> select a from t union select b from t order by t.a
a> select a from t union select b from t order by a+0
a> select a, b from t union select b, a from t order by 2, 1
a> select a, b from t union select b, a from t order by b desc limit 2
a> select a from t except select 1 order by 1
a> select a from t intersect select b from t
a> select 1 union select 1.0
a> select 1.0 union select 1
a> select 1 union all select 1.0 except select 1
a> select 1 except select 1 union select 2
a> select 1 union select 2 intersect select 2
a> select 1 intersect select 1 union all select 3 except select 1
a> values(1,2),(3,4) union select 5,6 order by 1 desc
a> select * from (values(1,'a'),(2,'b')) where column1=2
a> select column1+column2 from (values(1,2))
a> values(1) union all values(2) limit 1
a> values(1),(2) limit 1
a> select (values(1),(2))
a> select 1 in (values(1),(2))
a> select exists(values(1)), exists(select 1 where 0), not exists(select 1)
a> select a from t where a in (1,2) and b in (select b from t where b>5) or c='n'
a> select t.*, t2.c from t left join t t2 on t.a=t2.a and t2.b>15
a> select * from t natural join t t2
a> select * from t join t t2 using(a,b) order by 1,2
a> select a, t.a, t2.a from t join t t2 using(a) limit 1
a> select * from t t1 full join (select 9 as a, 'k' as c) t2 using(a) order by 1
a> select * from t t1 right join (select 1 as a, 'k' as d) t2 using(a) order by 2
a> select coalesce(t1.a,t2.a) from t t1 full join (select 9 as a) t2 on t1.a=t2.a order by 1
a> select count(*) from t, t, t as z
---
NULL
1
2
5
7
10
20
NULL
1
2
5
7
10
20
OperationalError: 1st ORDER BY term does not match any column in the result set
2 | NULL
7 | NULL
10 | 1
20 | 1
NULL | 2
5 | 2
2 | 5
NULL | 7
1 | 10
1 | 20
1 | 20
1 | 10
NULL
2
NULL
1.0
1
(no rows)
2
2
3
5 | 6
3 | 4
1 | 2
2 | 'b'
3
OperationalError: near "limit": syntax error
OperationalError: near "limit": syntax error
1
1
1 | 0 | 0
1
1
NULL
1 | 10 | 'x' | 'y'
1 | 20 | 'y' | 'y'
2 | 5 | 'z' | NULL
2 | NULL | 'w' | NULL
NULL | 7 | 'n' | NULL
1 | 10 | 'x'
1 | 20 | 'y'
2 | 5 | 'z'
1 | 10 | 'x' | 'x'
1 | 20 | 'y' | 'y'
2 | 5 | 'z' | 'z'
1 | 1 | 1
NULL | 7 | 'n' | NULL
1 | 10 | 'x' | NULL
1 | 20 | 'y' | NULL
2 | 5 | 'z' | NULL
2 | NULL | 'w' | NULL
9 | NULL | NULL | 'k'
1 | 10 | 'x' | 'k'
1 | 20 | 'y' | 'k'
NULL
1
1
2
2
9
125

a> select count(*) from t a cross join t b
a> select * from t where rowid=1
a> select rowid, oid, _rowid_, t.rowid from t limit 1
a> select rowid from (select * from t)
a> select rowid from t group by rowid limit 1
a> select a.rowid, b.rowid from t a, t b limit 1
a> select rowid from t a, t b
a> select max(rowid) from t
---
25
1 | 10 | 'x'
1 | 1 | 1 | 1
NULL
NULL
NULL
NULL
NULL
1
1 | 1
OperationalError: no such column: rowid
5

# Bare columns where min() or max() met NULLs alone: the last row that it met, or the first of the group.
a> create table n(a integer primary key, c, g)
a> insert into n values (1,null,'x'),(2,3,'y'),(3,null,'x'),(4,null,'z'),(5,null,'z'),(6,7,'y')
a> select a, g, max(c) from n group by g order by g
a> select a, min(null) from n
a> select a, max(c) filter (where c is null) from n
a> select a, max(c) filter (where 0) from n
a> select a, g, max(c) filter (where a in (1, 2, 4)) from n group by g order by g
a> select a, g, max(c), count(distinct c) from n where g <> 'y' group by g order by g
---
ok
6 changed
3 | 'x' | NULL
6 | 'y' | 7
5 | 'z' | NULL
6 | NULL
5 | NULL
1 | NULL
1 | 'x' | NULL
2 | 'y' | 3
4 | 'z' | NULL
3 | 'x' | NULL | 0
5 | 'z' | NULL | 0

