# Row values in every place, right and wrong.

a> create table r(a,b,c)
a> insert into r values(1,2,3),(1,null,3),(4,5,6),(null,null,null),('1',2,3)
a> select (1,2)=(1,2), (1,2)=(1,3), (1,null)=(1,null), (1,null)=(2,null), (1,2)<(1,3), (2,null)<(1,3), (1,null)<(1,3), (1,2)<=(1,2), (1,null)>=(1,2)
a> select (1,2) is (1,2), (1,null) is (1,null), (1,null) is not (1,null), (1,2) is not distinct from (1,2), (1,null) is distinct from (1,2)
a> select * from r where (a,b)=(1,2)
a> select * from r where (a,b) is (1,null)
a> select * from r where (a,b,c) > (1,2,2)
a> select * from r where (a,b) in (select 1,2)
a> select * from r where (a,b) not in (select 1,2)
a> select * from r where (a,b) in ((1,2))
a> select * from r where (a,b) in (values(1,2),(4,5))
a> select * from r where (a,b) between (1,1) and (1,3)
a> select (1,2)
a> select (1,2)+1
a> select (1,2)=1
a> select 1=(1,2)
a> select (1,2)=(1,2,3)
a> select (1,2) in (select 1)
a> select 1 in (select 1,2)
a> select (select 1,2)
a> select (select 1,2)=(1,2)
a> select (select a,b from r limit 1)=(1,2)
a> select (1,2)=(select a,b from r limit 1)
a> select (1,2) = (select 1,2,3)
a> select case (1,2) when (1,2) then 'y' else 'n' end
a> select case when (1,2)=(1,2) then 'y' end
a> select coalesce((1,2),3)
a> select max((1,2))
a> select * from r order by (a,b)
a> select * from r group by (a,b)
---
ok
5 changed
1 | 0 | NULL | 0 | 1 | 0 | NULL | 1 | NULL
1 | 1 | 0 | 1 | 1
1 | 2 | 3
1 | NULL | 3
1 | 2 | 3
4 | 5 | 6
'1' | 2 | 3
1 | 2 | 3
4 | 5 | 6
'1' | 2 | 3
1 | 2 | 3
1 | 2 | 3
4 | 5 | 6
1 | 2 | 3
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: sub-select returns 1 columns - expected 2
OperationalError: sub-select returns 2 columns - expected 1
OperationalError: sub-select returns 2 columns - expected 1
1
1
1
OperationalError: row value misused
'y'
'y'
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused

a> select -(1,2)
a> select not (1,2)
a> select (1,2) like 'a'
a> select (1,2) is null
a> select (1,2) isnull
a> select (1,2) collate nocase = (1,2)
a> select ((1,2))=((1,2))
a> select (1,(2,3))=(1,(2,3))
a> update r set (a,b)=(7,8) where c=6
a> update r set (a,b)=(select 9,9) where c=6
a> update r set (a,b)=(select 9) where c=6
a> update r set (a,b)=(1,2,3) where c=6
a> update r set (a,b)=5 where c=6
a> update r set (a,a)=(5,6) where c=6
a> update r set (a)=(5) where c=6
a> update r set (a,b)=(select b,a from r where c=6) where c=6
a> update r set (a,nosuch)=(5,6)
a> select * from r
a> update r set (a,b)=(select 1,2 where 0) where c=6
a> select * from r where c=6
a> insert into r(a,b) values((1,2),3)
a> insert into r values((select 1,2),3,4)
a> select ('a','B') = ('A' collate nocase, 'b')
a> select ('a' collate nocase,'B') = ('A', 'b' collate nocase)
a> select (1,'2')=('1',2)
a> select (a,b)=('1','2') from r
a> select (1,2) between (1,1) and (1,5), (1,2) not between (1,1) and (1,5)
a> select (1,2) between 1 and 2
a> select count(*) from r where (a,b)<>(1,2)
a> select * from r where (a,b) < (select max(a),max(b) from r)
---
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
OperationalError: row value misused
1
OperationalError: row value misused
1 changed
1 changed
OperationalError: 2 columns assigned 1 values
OperationalError: 2 columns assigned 3 values
OperationalError: 2 columns assigned 1 values
1 changed
1 changed
1 changed
OperationalError: no such column: nosuch
1 | 2 | 3
1 | NULL | 3
9 | 5 | 6
NULL | NULL | NULL
'1' | 2 | 3
1 changed
NULL | NULL | 6
OperationalError: row value misused
OperationalError: sub-select returns 2 columns - expected 1
0
1
0
0
0
NULL
NULL
0
1 | 0
OperationalError: row value misused
1
1 | 2 | 3
1 | NULL | 3

a> select (1,2) == (1,2), (1,2) != (1,2), (1,2) <> (1,3)
a> select exists((1,2))
a> select (1,2) and 1
a> select (1,2) in ()
a> select (1) in (1), ((1)) in ((1),(2))
a> select * from r r1 join r r2 on (r1.a,r1.b)=(r2.a,r2.b)
a> select * from r r1 left join r r2 on (r1.a,r1.b) is (r2.a,r2.b) and r1.rowid<>r2.rowid
a> delete from r where (a,b) in (select a,b from r where c=3)
a> select * from r
---
1 | 0 | 1
OperationalError: near "(": syntax error
OperationalError: row value misused
0
1 | 1
1 | 2 | 3 | 1 | 2 | 3
'1' | 2 | 3 | '1' | 2 | 3
1 | 2 | 3 | NULL | NULL | NULL
1 | NULL | 3 | NULL | NULL | NULL
NULL | NULL | 6 | NULL | NULL | NULL
NULL | NULL | NULL | NULL | NULL | 6
'1' | 2 | 3 | NULL | NULL | NULL
2 changed
1 | NULL | 3
NULL | NULL | 6
NULL | NULL | NULL
