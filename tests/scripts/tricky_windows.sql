# Window functions: frames, arguments and misuse.

a> create table t(a integer primary key, b text, c real, d, e int)
a> insert into t values(1,'x',1.5,null,10),(2,'y',2.0,'q',20),(3,'X',null,3,10),(4,null,4.5,x'41',null),(5,'z',-1,'3',20)
a> select a, sum(e) over (order by c rows between 1 preceding and 1 following) from t
a> select a, sum(e) over (order by c range between 1 preceding and 1 following) from t
a> select a, sum(e) over (order by c desc nulls last range between 1.5 preceding and current row) from t
a> select a, group_concat(b) over (order by b groups between 1 preceding and 1 following exclude ties) from t
a> select a, group_concat(b) over (order by b groups between 1 preceding and 1 following exclude group) from t
a> select a, group_concat(b) over (order by b rows between unbounded preceding and current row exclude current row) from t
a> select a, nth_value(b,2) over (order by a rows between unbounded preceding and unbounded following) from t
a> select a, nth_value(b,0) over (order by a) from t
a> select a, nth_value(b,1.5) over (order by a) from t
a> select a, nth_value(b,'1') over (order by a) from t
a> select a, ntile(0) over (order by a) from t
a> select a, ntile(2) over (order by a) from t
a> select a, ntile(null) over (order by a) from t
a> select a, ntile('3') over (order by a) from t
a> select a, lag(b,-1) over (order by a) from t
a> select a, lag(b,null,'d') over (order by a) from t
a> select a, lag(b,1,c) over (order by a) from t
a> select a, lead(b,0) over (order by a) from t
a> select a, lead(b,1.5) over (order by a) from t
a> select a, lead(b,'x') over (order by a) from t
a> select a, lag(b,a) over (order by a) from t
a> select a, first_value(b) over (order by a rows between 1 following and 2 following) from t
a> select a, last_value(b) over (partition by e order by a) from t
a> select a, row_number() over () from t
a> select a, row_number() over (partition by e order by a desc) from t order by 1
a> select a, rank() over (order by e), dense_rank() over (order by e), percent_rank() over (order by e), cume_dist() over (order by e) from t order by a
a> select sum(e) over (rows between -1 preceding and current row) from t
a> select sum(e) over (rows between 'a' preceding and current row) from t
---
ok
5 changed
3 | 30
5 | 40
1 | 50
2 | 30
4 | 20
3 | 10
5 | 20
1 | 30
2 | 30
4 | NULL
4 | NULL
2 | 20
1 | 30
5 | 20
3 | 10
4 | 'X'
3 | 'X,x'
1 | 'X,x,y'
2 | 'x,y,z'
5 | 'y,z'
4 | 'X'
3 | 'x'
1 | 'X,y'
2 | 'x,z'
5 | 'y'
4 | NULL
3 | NULL
1 | 'X'
2 | 'X,x'
5 | 'X,x,y'
1 | 'y'
2 | 'y'
3 | 'y'
4 | 'y'
5 | 'y'
OperationalError: second argument to nth_value must be a positive integer
OperationalError: second argument to nth_value must be a positive integer
1 | 'x'
2 | 'x'
3 | 'x'
4 | 'x'
5 | 'x'
OperationalError: argument of ntile must be a positive integer
1 | 1
2 | 1
3 | 1
4 | 2
5 | 2
OperationalError: argument of ntile must be a positive integer
1 | 1
2 | 1
3 | 2
4 | 2
5 | 3
1 | 'y'
2 | 'X'
3 | NULL
4 | 'z'
5 | NULL
1 | 'd'
2 | 'd'
3 | 'd'
4 | 'd'
5 | 'd'
1 | 1.5
2 | 'x'
3 | 'y'
4 | 'X'
5 | NULL
1 | 'x'
2 | 'y'
3 | 'X'
4 | NULL
5 | 'z'
1 | NULL
2 | NULL
3 | NULL
4 | NULL
5 | NULL
1 | 'x'
2 | 'y'
3 | 'X'
4 | NULL
5 | 'z'
1 | NULL
2 | NULL
3 | NULL
4 | NULL
5 | NULL
1 | 'y'
2 | 'X'
3 | NULL
4 | 'z'
5 | NULL
4 | NULL
1 | 'x'
3 | 'X'
2 | 'y'
5 | 'z'
1 | 1
2 | 2
3 | 3
4 | 4
5 | 5
1 | 2
2 | 2
3 | 1
4 | 1
5 | 1
1 | 2 | 2 | 0.25 | 0.6
2 | 4 | 3 | 0.75 | 1.0
3 | 2 | 2 | 0.25 | 0.6
4 | 1 | 1 | 0.0 | 0.2
5 | 4 | 3 | 0.75 | 1.0
OperationalError: frame starting offset must be a non-negative integer
OperationalError: frame starting offset must be a non-negative integer

a> select sum(e) over (rows between 1.5 preceding and current row) from t
a> select sum(e) over (rows between null preceding and current row) from t
a> select sum(e) over (rows between current row and 1 preceding) from t
a> select sum(e) over (rows between 1 following and current row) from t
a> select sum(e) over (rows between unbounded following and current row) from t
a> select sum(e) over (rows between current row and unbounded preceding) from t
a> select sum(e) over (range between 1 preceding and current row) from t
a> select sum(e) over (order by a, b range between 1 preceding and current row) from t
a> select sum(e) over (groups between 1 preceding and current row) from t
a> select sum(e) over (order by a range between -1 preceding and current row) from t
a> select sum(e) over (order by a range between 'x' preceding and current row) from t
a> select sum(e) over (rows unbounded preceding) from t
a> select sum(e) over (order by a rows 1 preceding) from t
a> select sum(e) over (rows 1 following) from t
a> select sum(e) over w from t window w as (order by a)
a> select sum(e) over (w rows 1 preceding) from t window w as (order by a)
a> select sum(e) over (w order by b) from t window w as (order by a)
a> select sum(e) over (w partition by b) from t window w as (order by a)
a> select sum(e) over (w) from t window w as (order by a rows 1 preceding)
a> select sum(e) over (w order by a) from t window w as (partition by e)
a> select sum(e) over nosuch from t
a> select sum(e) over w from t window w as (order by a), w as (order by b)
a> select sum(e) filter (where a>2) over (order by a) from t
a> select row_number() filter (where a>2) over (order by a) from t
a> select sum(distinct e) over (order by a) from t
a> select count(*) over (order by a) c, a from t where c>1
a> select a from t where row_number() over () = 1
a> select a from t group by row_number() over ()
a> select a from t having row_number() over () = 1
a> select a from t order by row_number() over (order by a desc)
---
OperationalError: frame starting offset must be a non-negative integer
OperationalError: frame starting offset must be a non-negative integer
OperationalError: unsupported frame specification
OperationalError: unsupported frame specification
OperationalError: near "following": syntax error
OperationalError: near "preceding": syntax error
OperationalError: RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression
OperationalError: RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression
60
60
60
60
60
OperationalError: frame starting offset must be a non-negative number
OperationalError: frame starting offset must be a non-negative number
10
30
40
40
60
10
30
30
10
20
OperationalError: unsupported frame specification
10
30
40
40
60
10
30
30
10
20
OperationalError: cannot override ORDER BY clause of window: w
OperationalError: cannot override PARTITION clause of window: w
OperationalError: cannot override frame specification of window: w
NULL
10
20
20
40
OperationalError: no such window: nosuch
NULL
10
20
40
60
NULL
NULL
10
10
30
OperationalError: FILTER clause may only be used with aggregate window functions
OperationalError: DISTINCT is not supported for window functions
1 | 1
2 | 2
3 | 4
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function row_number()
OperationalError: HAVING clause on a non-aggregate query
5
4
3
2
1

a> select sum(row_number() over ()) from t
a> select row_number() over (order by row_number() over ()) from t
a> select sum(sum(e)) over (order by a) from t group by a
a> select e, sum(count(*)) over (order by e) from t group by e
a> select e, count(*) over () from t group by e having count(*)>1
a> select max(a) over (order by a rows between 2 preceding and 1 preceding) from t
a> select min(b) over (order by a rows between current row and unbounded following) from t
a> select total(c) over (order by a), avg(c) over (order by a rows 1 preceding) from t
a> select row_number(1) over () from t
a> select rank(a) over () from t
a> select ntile() over () from t
a> select lag() over () from t
a> select nth_value(a) over () from t
a> select upper(b) over () from t
a> select sum() over () from t
a> select row_number() from t
a> select first_value(a) from t
a> select lag(a) from t
a> select json_group_array(b) over (order by a rows between 1 preceding and current row) from t
a> select json_group_object(a,b) over (order by a) from t
a> select group_concat(b, a) over (order by a) from t
a> select group_concat(b,null) over (order by a) from t
a> select a, count(b) over (partition by typeof(d) order by a) from t order by a
a> select a, sum(a) over (order by typeof(d) range between current row and unbounded following) from t order by a
a> select a, sum(a) over (order by d range between 1 preceding and 1 following) from t order by a
a> select a, sum(a) over (order by d desc range between 1 preceding and 1 following) from t order by a
a> select a, sum(a) over (order by b collate nocase) from t order by a
a> select a, count(*) over (partition by b collate nocase) from t order by a
a> select distinct count(*) over (partition by e) from t order by 1
a> select a, sum(a) over (order by a) as s from t order by s desc limit 2
---
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function row_number()
10
30
40
40
60
NULL | 1
10 | 3
20 | 5
10 | 2
20 | 2
NULL
1
2
3
4
'X'
'X'
'X'
'z'
'z'
1.5 | 1.5
3.5 | 1.75
3.5 | 2.0
8.0 | 4.5
7.0 | 1.75
OperationalError: wrong number of arguments to function row_number()
OperationalError: wrong number of arguments to function rank()
OperationalError: wrong number of arguments to function ntile()
OperationalError: wrong number of arguments to function lag()
OperationalError: wrong number of arguments to function nth_value()
OperationalError: upper() may not be used as a window function
OperationalError: wrong number of arguments to function sum()
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function first_value()
OperationalError: misuse of window function lag()
'["x"]'
'["x","y"]'
'["y","X"]'
'["X",null]'
'[null,"z"]'
'{"1":"x"}'
'{"1":"x","2":"y"}'
'{"1":"x","2":"y","3":"X"}'
'{"1":"x","2":"y","3":"X","4":null}'
'{"1":"x","2":"y","3":"X","4":null,"5":"z"}'
'x'
'x2y'
'x2y3X'
'x2y3X'
'x2y3X5z'
'x'
'xy'
'xyX'
'xyX'
'xyXz'
1 | 1
2 | 1
3 | 1
4 | 0
5 | 2
1 | 8
2 | 7
3 | 11
4 | 15
5 | 7
1 | 1
2 | 2
3 | 3
4 | 4
5 | 5
1 | 1
2 | 2
3 | 3
4 | 4
5 | 5
1 | 8
2 | 10
3 | 8
4 | 4
5 | 15
1 | 2
2 | 1
3 | 2
4 | 1
5 | 1
1
2
5 | 15
4 | 10

a> select (select sum(a) over () from t limit 1)
a> select * from (select a, row_number() over (partition by e order by a) r from t) where r=1
a> select a, sum(e) over (order by a rows between 1 preceding and 1 preceding) from t
a> select a, sum(e) over (order by a rows between 3 preceding and 1 preceding exclude current row) from t
a> select a, count(*) over (order by e groups between current row and 1 following exclude current row) from t
a> select a, sum(a) over (order by a rows between 9223372036854775807 preceding and 9223372036854775807 following) from t
a> select a, sum(a) over (order by a range between 9223372036854775807 preceding and 9223372036854775807 following) from t
a> select a, sum(a) over (order by -a range between 1 preceding and 1 following) from t
a> select a, avg(a) over (order by a rows between 1+1 preceding and 2-1 following) from t
a> select a, sum(a) over (order by a rows between a preceding and current row) from t
a> select a, sum(a) over (order by a rows between (select 1) preceding and current row) from t
a> select a, sum(a) over (order by a exclude ties) from t
a> select a, sum(a) over (exclude ties) from t
a> select a, sum(a) over (order by 1) from t
a> select a, sum(a) over (order by 2) from t
a> select a, sum(a) over (partition by 1 order by a) from t
a> select a, sum(a) over (order by a) + 1 as q from t where q > 3
a> select a from t window w as (order by nosuch)
a> select a, max(b) filter (where b is not null) over (order by a) from t
a> select a, sum(a) over win1, count(*) over win2 from t window win1 as (partition by e), win2 as (win1 order by a)
---
15
4 | 1
1 | 1
2 | 1
1 | NULL
2 | 10
3 | 20
4 | 10
5 | NULL
1 | NULL
2 | 10
3 | 30
4 | 40
5 | 30
4 | 2
1 | 3
3 | 3
2 | 1
5 | 1
1 | 15
2 | 15
3 | 15
4 | 15
5 | 15
1 | 15
2 | 15
3 | 15
4 | 15
5 | 15
5 | 9
4 | 12
3 | 9
2 | 6
1 | 3
1 | 1.5
2 | 2.0
3 | 2.5
4 | 3.5
5 | 4.0
OperationalError: frame starting offset must be a non-negative integer
OperationalError: frame starting offset must be a non-negative integer
OperationalError: near "exclude": syntax error
OperationalError: near "ties": syntax error
1 | 15
2 | 15
3 | 15
4 | 15
5 | 15
1 | 15
2 | 15
3 | 15
4 | 15
5 | 15
1 | 1
2 | 3
3 | 6
4 | 10
5 | 15
OperationalError: misuse of aliased window function q
1
2
3
4
5
1 | 'x'
2 | 'y'
3 | 'y'
4 | 'y'
5 | 'z'
4 | 4 | 1
1 | 4 | 1
3 | 4 | 2
2 | 7 | 1
5 | 7 | 2
