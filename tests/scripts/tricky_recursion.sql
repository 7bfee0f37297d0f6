# WITH, recursive and not.

a> with recursive c(x) as (select 1 union all select x+1 from c where x<5) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c limit 5) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c limit 5 offset 2) select * from c
a> with recursive c(x) as (select 1 union select x%3+1 from c) select * from c
a> with recursive c(x,y) as (select 1,'a' union all select x+1,y||'b' from c where x<4 order by 1 desc) select * from c
a> with c as (select 1 x union all select x+1 from c where x<3) select * from c
a> with recursive c as (select 1 x union all select x+1 from c where x<3) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c, c c2 where x<3) select * from c
a> with recursive c(x) as (select x+1 from c) select * from c
a> with recursive c(x) as (select 1 union all select (select max(x) from c)+1) select * from c limit 3
a> with recursive c(x) as (select 1 union all select count(*) from c) select * from c
a> with recursive c(x) as (select 1 union all select distinct x+1 from c where x<3) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c group by x) select * from c
a> with recursive c(x) as (select 1 intersect select x+1 from c) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c where x<3 union all select x+10 from c where x<3) select * from c
a> with recursive c(x) as (select 1 union all select 5 union all select x+1 from c where x<7) select * from c
a> with recursive c(x) as (values(1),(2) union all select x+2 from c where x<5) select * from c
a> with recursive a(x) as (select 1 union all select x+1 from b where x<3), b(x) as (select * from a) select * from b
a> with a as (select * from b), b as (select 1 q) select * from a
a> with a as (select 1), a as (select 2) select * from a
a> with a(x,y) as (select 1) select * from a
a> with a(x) as (select 1,2) select * from a
a> with a as (select 1 as x) select x from a, a as b
a> with recursive t(a,b) as (select 1, 2 union all select b, a+b from t where a<50) select a from t
a> with recursive c(x) as (select 1 union all select x+1 from c where x<3) select (select sum(x) from c), (select count(*) from c)
a> with recursive c(x) as materialized (select 1 union all select x+1 from c where x<3) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c where x<3) select * from c as d where d.x>1
a> with recursive c(x) as (select 1 union all select x+1 from (select * from c) where x<3) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c left join (select 1) where x<3) select * from c
a> with recursive c(x) as (select 1 union all select c.x+1 from (select 1 as q) left join c on q where c.x<3) select * from c
---
1
2
3
4
5
1
2
3
4
5
3
4
5
6
7
1
2
3
1 | 'a'
2 | 'ab'
3 | 'abb'
4 | 'abbb'
1
2
3
1
2
3
OperationalError: multiple references to recursive table: c
OperationalError: circular reference: c
OperationalError: circular reference: c
OperationalError: recursive aggregate queries not supported
1
2
3
OperationalError: recursive aggregate queries not supported
OperationalError: circular reference: c
1
2
11
3
12
1
5
2
6
3
7
4
5
6
7
1
2
3
4
5
6
OperationalError: circular reference: b
1
OperationalError: duplicate WITH table name: a
OperationalError: table a has 1 values for 2 columns
OperationalError: table a has 2 values for 1 columns
OperationalError: ambiguous column name: x
1
2
3
5
8
13
21
34
55
6 | 3
1
2
3
2
3
OperationalError: circular reference: c
1
2
3
1
2
3

a> with recursive c(x) as (select null union all select x from c where x is not null) select * from c
a> with recursive c(x) as (select 1.0 union select x*1 from c) select x, typeof(x) from c
a> with recursive c(x) as (select 'a' union select upper(x) from c) select * from c
a> with recursive c(x) as (select 'a' collate nocase union select upper(x) from c) select * from c
a> with recursive c(i,s) as (select 0,'' union all select i+1, s||char(97+i) from c where i<26) select s from c order by i desc limit 1
a> with recursive c(x) as (select 1 union all select x+1 from c where x<10) select x, sum(x) over (order by x) from c limit 3
a> with recursive c(x) as (select 1 union all select row_number() over () from c where x<3) select * from c limit 4
a> with x(a) as (select 1) insert into nosuch select * from x
a> create table tree(id, parent);
a> insert into tree values(1,null),(2,1),(3,1),(4,2),(5,4),(6,3)
a> with recursive s(id,d) as (select id,0 from tree where parent is null union all select tree.id,d+1 from tree, s where tree.parent=s.id order by 2 desc) select substr('....',1,d)||id from s
a> with recursive s(id,d) as (select id,0 from tree where parent is null union all select tree.id,d+1 from tree, s where tree.parent=s.id order by 2) select substr('....',1,d)||id from s
a> with recursive s(id,d) as (select id,0 from tree where parent is null union all select tree.id,d+1 from tree join s on tree.parent=s.id) select * from s
a> with recursive s(id) as (select 5 union select parent from tree, s where tree.id=s.id) select * from s
a> select * from tree
a> with w as (select 7 as z) update tree set parent=(select z from w) where id=6 returning *
a> with w as (select 7 as z) insert into tree select z,z from w returning id
a> select (with q as (select 3 as n) select n from q)
a> select * from (with q as (select 3 as n) select n from q)
a> select 1 where 1 in (with q as (select 1 as n) select n from q)
a> with q(n) as (select 1) select (select n from q), (with q(n) as (select 2) select n from q)
a> with recursive c(x) as (select 1 union all select x+1 from c order by x limit 3) select * from c
a> with recursive c(x) as (select 1 union all select x+1 from c limit -1 offset 2) select * from c limit 3
a> with recursive c(x) as (select 1 union all select x+1 from c limit 0) select * from c
a> with recursive c(x) as (select 1 union all select 1 from nosuch) select 1
a> with c as (select * from nosuch) select 1
a> with c(a,a) as (select 1,2) select * from c
a> with c(a,a) as (select 1,2) select a from c
---
NULL
1.0 | 'real'
'a'
'A'
'a'
'abcdefghijklmnopqrstuvwxyz'
1 | 1
2 | 3
3 | 6
OperationalError: cannot use window functions in recursive queries
OperationalError: no such table: nosuch
ok
6 changed
'1'
'.2'
'..4'
'...5'
'.3'
'..6'
'1'
'.2'
'.3'
'..4'
'..6'
'...5'
1 | 0
2 | 1
3 | 1
4 | 2
6 | 2
5 | 3
5
4
2
1
NULL
1 | NULL
2 | 1
3 | 1
4 | 2
5 | 4
6 | 3
6 | 7
7
3
3
1
1 | 2
OperationalError: 1st ORDER BY term does not match any column in the result set
3
4
5
(no rows)
1
1
1 | 2
1
