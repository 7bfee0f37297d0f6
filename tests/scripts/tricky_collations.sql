# Collations in compounds, comparisons and aggregates.

a> create table c1(a text collate nocase, b text, c text collate rtrim)
a> insert into c1 values('a','a','a '),('A','A','a'),('b','B','b  ')
a> select b from c1 union select a from c1 order by 1
a> select a from c1 intersect select b from c1 order by 1
a> select b from c1 except select a from c1 order by 1
a> select a from c1 union all select b from c1 order by 1
a> select b from c1 union all select a from c1 order by 1
a> select a as x from c1 union all select b from c1 order by x collate binary
a> select c from c1 union select c from c1 order by 1
a> select distinct c from c1
a> select distinct a from c1
a> select a, count(*) from c1 group by a
a> select b, count(*) from c1 group by b collate nocase
a> select a=b, b=a, a=b collate binary, b collate nocase=a, a||''=b from c1
a> select a in ('A'), b in ('A'), 'A' in (a), 'A' in (select a), 'A' in (select b), a in (select b from c1), b in (select a from c1) from c1
a> select a between 'A' and 'B', b between 'A' and 'B', 'A' between a and b, 'B' between b and a from c1
a> select case a when 'A' then 1 else 0 end, case 'A' when a then 1 else 0 end, case b when 'A' then 1 else 0 end from c1
a> select max(a), min(a), max(b), min(b), max(a,b), max(b,a), min(a,b) from c1
a> select nullif(a,b), nullif(b,a) from c1
a> select a from c1 order by a, b
a> select a from c1 order by a desc, rowid desc
a> select a from c1 where a > 'a'
a> select b from c1 where b > 'a' collate nocase
a> select * from c1 x join c1 y on x.a=y.b order by x.rowid,y.rowid
a> select * from c1 x join c1 y on x.b=y.a order by x.rowid,y.rowid
a> select * from c1 x join c1 y using(a) order by x.rowid,y.rowid
a> select count(distinct a), count(distinct b), group_concat(distinct a) from c1
a> select (a) = 'A', +a = 'A', (a collate binary)='A', -a, a||b = 'Aa', cast(a as text)='A' from c1
a> select a like 'A', b like 'a', b glob 'a' from c1
a> select x from (select a as x from c1) where x='A'
---
ok
3 changed
'A'
'B'
'a'
'b'
'a'
'b'
'B'
'a'
'A'
'a'
'A'
'b'
'B'
'A'
'A'
'B'
'a'
'a'
'b'
'A'
'A'
'B'
'a'
'a'
'b'
'a '
'b  '
'a '
'b  '
'a'
'b'
'a' | 2
'b' | 1
'a' | 2
'B' | 1
1 | 1 | 1 | 1 | 1
1 | 1 | 1 | 1 | 1
1 | 0 | 0 | 1 | 0
1 | 0 | 0 | 1 | 0 | 1 | 1
1 | 1 | 1 | 1 | 1 | 1 | 1
0 | 0 | 0 | 0 | 0 | 1 | 0
1 | 0 | 1 | 0
1 | 1 | 1 | 0
1 | 1 | 0 | 1
1 | 1 | 0
1 | 1 | 1
0 | 0 | 0
'b' | 'a' | 'a' | 'A' | 'A' | 'A' | 'A'
NULL | NULL
NULL | NULL
NULL | 'B'
'A'
'a'
'b'
'b'
'A'
'a'
'b'
'B'
'a' | 'a' | 'a ' | 'a' | 'a' | 'a '
'a' | 'a' | 'a ' | 'A' | 'A' | 'a'
'A' | 'A' | 'a' | 'a' | 'a' | 'a '
'A' | 'A' | 'a' | 'A' | 'A' | 'a'
'b' | 'B' | 'b  ' | 'b' | 'B' | 'b  '
'a' | 'a' | 'a ' | 'a' | 'a' | 'a '
'A' | 'A' | 'a' | 'A' | 'A' | 'a'
'a' | 'a' | 'a ' | 'a' | 'a '
'a' | 'a' | 'a ' | 'A' | 'a'
'A' | 'A' | 'a' | 'a' | 'a '
'A' | 'A' | 'a' | 'A' | 'a'
'b' | 'B' | 'b  ' | 'B' | 'b  '
2 | 3 | 'a,b'
1 | 1 | 0 | 0 | 0 | 1
1 | 1 | 1 | 0 | 0 | 1
0 | 0 | 0 | 0 | 0 | 0
1 | 1 | 1
1 | 1 | 0
0 | 0 | 0
'a'
'A'

a> select x from (select b as x from c1) where x='A'
a> select x from (select a collate binary as x from c1) where x='A'
a> select x from (select a||'' as x from c1) where x='A'
a> select x from (select a x from c1 union all select b from c1) where x='A'
a> select x from (select b x from c1 union all select a from c1) where x='A'
a> select 'a' collate nocase = 'A', 'A' = 'a' collate nocase, 'a' collate binary = 'A' collate nocase, 'a' collate nosuch = 'A'
a> select 'a' collate "nocase" = 'A', 'a' collate 'nocase' = 'A', 'a' collate [nocase]='A'
a> select 'a' in ('A' collate nocase), 'a' collate nocase in ('A'), ('a','b') = ('A','B') collate nocase
a> select * from c1 order by b collate nosuch
a> create table c2(a collate nosuch)
a> create index c3 on c1(b collate nosuch)
a> select a from c1 group by a having a='A'
a> select max(a collate binary) from c1
a> select 'é' = 'É' collate nocase, 'a' < 'B' collate nocase, 'a ' = 'a' collate rtrim, 'a'||char(9) = 'a' collate rtrim
---
'A'
'A'
'A'
'a'
'A'
'a'
'A'
'A'
'A'
OperationalError: no such collation sequence: nosuch
1 | 1 | 1
OperationalError: row value misused
OperationalError: no such collation sequence: nosuch
OperationalError: no such collation sequence: nosuch
OperationalError: no such collation sequence: nosuch
'a'
'b'
0 | 1 | 1 | 0
