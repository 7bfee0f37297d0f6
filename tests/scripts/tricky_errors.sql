# Affinities in comparisons, and what is said of statements that are wrong.

a> create table t(i int, r real, t text, n numeric, b blob, x)
a> select typeof(i),typeof(r),typeof(t),typeof(n),typeof(b),typeof(x) from t
a> select i,r,t,n,b,x from t
a> select i=1,i='1',i=1.0,i='1.0',i=x'31' from t
a> select r=1,r='1',r=1.0,r='1.0' from t
a> select t=1,t='1',t=1.0,t='1.0' from t
a> select n=1,n='1',n=1.0,n='1.0' from t
a> select b=1,b='1',b=1.0,b='1.0',b=x'31' from t
a> select x=1,x='1',x=1.0,x='1.0' from t
a> select i=t,t=i,i=x,x=i,t=x,x=t,b=t,b=i,r=t from t
a> select i in (1,'2'),i in ('1'),t in (1),t in (1.0),x in (1),x in ('1'),b in ('1') from t
a> select 1 in (i),'1' in (i),1 in (t),'1' in (x), 1 in (x) from t
a> select i in (select '1'), t in (select 1), x in (select 1), x in (select '1'), i in (select t from t), t in (select i from t), x in (select t from t) from t
a> select i between '0' and '2', t between 0 and 2, x between 0 and 2, x between '0' and '2', i between 0 and 'z', '1' between i and i from t
a> select case i when '1' then 1 else 0 end, case t when 1 then 1 else 0 end, case x when 1 then 1 when '1' then 2 else 0 end, case 1 when t then 1 else 0 end, case '1' when i then 1 else 0 end from t
a> select (i)='1', +i='1', i+0='1', i||''=1, -i='-1', cast(i as text)=1, cast(t as int)=1, cast(x as numeric)='1' from t
a> select i<'5', i<'a', t<5, x<5, x<'5', b<'5', i<x'00', t<x'00' from t
a> select '1'=1, 1='1', '1'=1.0, 1=1.0, '1'='1.0', x'31'='1', null=null, null is null, 1 is 1.0, '1' is 1, 1 is true, 2 is true, 'a' is true, '1' is true, 0 is false, null is true, null is not true, 1 is not false
a> select 1<2<3, 3>2>1, 1=1=1, 2=2=2, 1<2=1, not 1=2, not null, not 'a', not 1.5, -'5', -'a', +'a', ~5, ~'5', ~1.9, ~null, - - 5, -+5, not not 5
a> select 1+'1', 1+'a', '1'+'1', 1+'1.5', 1+' 1', 1+'1x', 1+x'31', 1+null, 1||2, 1||null, 1.0||'', 5/2, 5/2.0, -5/2, 5%3, -5%3, 5%-3, 5.5%2, 5%0, 5/0, 5.0/0, 5%null, '7'%'4', 9223372036854775807+1, -9223372036854775808-1, 9223372036854775807*2, 9223372036854775807%-1, -9223372036854775808/-1, -9223372036854775808%-1
a> select 1<<2, 1<<64, 1<<63, -1>>1, 1<<-1, 8>>-1, -1>>64, -1>>63, 5&3, 5|3, 5&'3', 5|null, 1.9&1, 'a'|1, -1&9223372036854775807, 1<<62, 2<<62, 1>>64
a> select 1 and 2, 1 and 0, 1 and null, 0 and null, 1 or null, 0 or null, null or null, 'a' and 1, '1' and 1, 0.5 and 1, 0.0 or 0, x'31' and 1, '' or 1, 'a' or 0
a> select 1 between 0 and 2 and 1, 1 between 0 and 2 or 0, not 1 between 0 and 2, 1 not between 0 and 2, 5 between 3 and null, 1 between 3 and null, null between 1 and 2, 1 between 2 and 0
a> select 1 in (), 1 not in (), null in (), 1 in (null), 1 not in (null), null in (1), 1 in (1,null), 2 in (1,null), 2 not in (1,null)
a> select 1 == 1, 1 <> 2, 1 != 2, 1 is not 2, 1 isnull, 1 notnull, 1 not null, null isnull, 'a'||'b'='ab', 2*3+4, 2+3*4, 2||3*4, 2*3||4, -2||3, 1||2+3
a> select 0x10000000000000000
a> select 1e
a> select 1e+
a> select 0x
a> select 0xg
---
ok
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
(no rows)
0 | 0 | 0 | 1 | 0 | 0 | NULL | 1 | 1 | 0 | 1 | 1 | 0 | 1 | 1 | 0 | 1 | 1
1 | 0 | 1 | 0 | 1 | 1 | NULL | 1 | 0 | -5 | 0 | 'a' | -6 | -6 | -2 | NULL | 5 | -5 | 1
2 | 1 | 2 | 2.5 | 2 | 2 | 2 | NULL | '12' | NULL | '1.0' | 2 | 2.5 | -2 | 2 | -2 | 2 | 1.0 | NULL | NULL | NULL | NULL | 3 | 9.223372036854776e+18 | -9.223372036854776e+18 | 1.8446744073709552e+19 | 0 | 9.223372036854776e+18 | 0
4 | 0 | -9223372036854775808 | -1 | 0 | 16 | -1 | -1 | 1 | 7 | 1 | NULL | 1 | 1 | 9223372036854775807 | 4611686018427387904 | -9223372036854775808 | 0
1 | 0 | NULL | 0 | 1 | NULL | NULL | 0 | 1 | 1 | 0 | 1 | 1 | 0
1 | 1 | 0 | 0 | NULL | 0 | NULL | 0
0 | 1 | 0 | NULL | NULL | NULL | 1 | NULL | NULL
1 | 1 | 1 | 1 | 0 | 1 | 1 | 1 | 1 | 10 | 14 | 92 | 68 | '-23' | 15
OperationalError: hex literal too big: 0x10000000000000000
OperationalError: unrecognized token: "1e"
OperationalError: unrecognized token: "1e"
OperationalError: unrecognized token: "0x"
OperationalError: unrecognized token: "0xg"

a> select 1a
a> select 1.5a
a> select .
a> select .e1
a> select 'a
a> select "a
a> select [a
a> select `a
a> select x'1'
a> select x'1g'
a> select X'41', x'', x"41"
a> select @
a> select $
a> select :
a> select ?0
a> select ?99999999
a> select ?a
a> select #
a> select #a
a> select \
a> select !
a> select !1
a> select 1 !
a> select 1 =! 2
a> select ^
a> select {a}
a> select 1 2
a> select 1 as
a> select 1 as select
a> select 1 from
---
OperationalError: unrecognized token: "1a"
OperationalError: unrecognized token: "1.5a"
OperationalError: near ".": syntax error
OperationalError: near ".": syntax error
OperationalError: unrecognized token: "'a"
OperationalError: unrecognized token: ""a"
OperationalError: unrecognized token: "[a"
OperationalError: unrecognized token: "`a"
OperationalError: unrecognized token: "x'1'"
OperationalError: unrecognized token: "x'1g'"
OperationalError: no such column: x
OperationalError: unrecognized token: "@"
OperationalError: unrecognized token: "$"
OperationalError: unrecognized token: ":"
OperationalError: variable number must be between ?1 and ?250000
OperationalError: variable number must be between ?1 and ?250000
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
OperationalError: unrecognized token: "#"
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.
OperationalError: unrecognized token: "\"
OperationalError: unrecognized token: "!"
OperationalError: unrecognized token: "!"
OperationalError: unrecognized token: "!"
OperationalError: unrecognized token: "!"
OperationalError: unrecognized token: "^"
OperationalError: unrecognized token: "{"
OperationalError: near "2": syntax error
OperationalError: incomplete input
OperationalError: near "select": syntax error
OperationalError: incomplete input

a> select from t
a> select * from
a> select * from t where
a> select * from t where and
a> select * from t group
a> select * from t group by
a> select * from t order
a> select * from t order by
a> select * from t limit
a> select * from t limit 1,
a> select * from t limit 1 offset
a> select * from t offset 1
a> select * from t order by 1 limit 1 where 1
a> select * from t having 1
a> select * from t group by 1 having
a> select (1
a> select 1)
a> select ()
a> select (1,)
a> select max(1,)
a> select max(,1)
a> select case end
a> select case 1 end
a> select case when 1 end
a> select case when 1 then end
a> select case 1 when 1 then 2 else end
a> select cast(1 as)
a> select cast(1)
a> select cast(1 as int
a> select 1 in
---
OperationalError: near "from": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near "and": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near "1": syntax error
OperationalError: near "where": syntax error
OperationalError: HAVING clause on a non-aggregate query
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near ")": syntax error
OperationalError: near ")": syntax error
OperationalError: near ")": syntax error
OperationalError: near ")": syntax error
OperationalError: near ",": syntax error
OperationalError: incomplete input
OperationalError: near "end": syntax error
OperationalError: near "end": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
1
OperationalError: near ")": syntax error
OperationalError: incomplete input
OperationalError: incomplete input

a> select 1 in (
a> select 1 in t
a> select 1 in nosuch
a> select 1 between 1
a> select 1 between 1 or 2
a> select 1 like
a> select 1 like 2 escape
a> select not
a> select exists
a> select exists ()
a> select exists (1)
a> select distinct
a> select all
a> select distinct all 1
a> select 1 union
a> select 1 union select
a> select 1 union select 1,2
a> select 1 union all all select 1
a> select 1 order by 1 union select 2
a> select 1 limit 1 union select 2
a> select 1 union select 2 order by 3
a> select 1 union select 2 order by a
a> select 1 as a union select 2 order by a+1
a> select 1 order by 2
a> select 1 order by 0
a> select 1 order by -1
a> select 1 group by 2
a> select 1 group by 0
a> select 1 order by 1.5
a> select 1 order by 'a'
---
OperationalError: incomplete input
OperationalError: sub-select returns 6 columns - expected 1
OperationalError: no such table: nosuch
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near ")": syntax error
OperationalError: near "1": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near "all": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: SELECTs to the left and right of UNION do not have the same number of result columns
OperationalError: near "all": syntax error
OperationalError: ORDER BY clause should come after UNION not before
OperationalError: LIMIT clause should come after UNION not before
OperationalError: 1st ORDER BY term out of range - should be between 1 and 1
OperationalError: 1st ORDER BY term does not match any column in the result set
OperationalError: 1st ORDER BY term does not match any column in the result set
OperationalError: 1st ORDER BY term out of range - should be between 1 and 1
OperationalError: 1st ORDER BY term out of range - should be between 1 and 1
OperationalError: 1st ORDER BY term out of range - should be between 1 and 1
OperationalError: 1st GROUP BY term out of range - should be between 1 and 1
OperationalError: 1st GROUP BY term out of range - should be between 1 and 1
1
1

a> select nosuch
a> select nosuch()
a> select abs()
a> select abs(1,2)
a> select t.nosuch from t
a> select nosuch.a from t
a> select main.t.i from t limit 1
a> select nosuch.t.i from t
a> select * from nosuch
a> select nosuch.* from t
a> select * from main.nosuch
a> select * from nosuch.t
a> select t.* from t as u
a> select i from t, t
a> select i from t a, t b
a> select count(*) from t where count(*)>1
a> select count(count(*)) from t
a> select sum(i) from t order by sum(sum(i))
a> select i from t where sum(i)>1
a> select i from t group by sum(i)
a> select * from t join
a> select * from t join t on
a> select * from t left t
a> select * from t left join t as b
a> select * from t natural join t as b on 1
a> select * from t natural join t as b using(i)
a> select * from t join t as b using(nosuch)
a> select * from t join t as b using()
a> select * from t cross outer join t as b
a> select * from t inner left join t as b
---
OperationalError: no such column: nosuch
OperationalError: no such function: nosuch
OperationalError: wrong number of arguments to function abs()
OperationalError: wrong number of arguments to function abs()
OperationalError: no such column: t.nosuch
OperationalError: no such column: nosuch.a
(no rows)
OperationalError: no such column: nosuch.t.i
OperationalError: no such table: nosuch
OperationalError: no such table: nosuch
OperationalError: no such table: main.nosuch
OperationalError: no such table: nosuch.t
OperationalError: no such table: t
OperationalError: ambiguous column name: i
OperationalError: ambiguous column name: i
OperationalError: misuse of aggregate: count()
OperationalError: misuse of aggregate function count()
OperationalError: misuse of aggregate function sum()
OperationalError: misuse of aggregate function sum()
OperationalError: aggregate functions are not allowed in the GROUP BY clause
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
(no rows)
OperationalError: a NATURAL join may not have an ON or USING clause
OperationalError: a NATURAL join may not have an ON or USING clause
OperationalError: cannot join using column nosuch - column not present in both tables
OperationalError: near ")": syntax error
OperationalError: unknown join type: cross outer
OperationalError: unknown join type: inner left

a> select * from t natural natural join t as b
a> select * from t outer join t as b
a> select * from t full join t as b on 1 limit 0
a> select * from t right outer join t as b on 1 limit 0
a> select * from (select 1
a> select * from (select 1) as
a> select * from t as
a> select * from t indexed by nosuch
a> select * from t not indexed limit 0
a> select * from t indexed
a> select 1;select 2
a> insert
a> insert into
a> insert into t
a> insert into t values
a> insert into t values(
a> insert into t values()
a> insert into t values(1)
a> insert into t values(1,2,3,4,5,6,7)
a> insert into t(i) values(1,2)
a> insert into t(i,r) values(1)
a> insert into t(nosuch) values(1)
a> insert into t(i,i) values(1,2)
a> insert into t() values()
a> insert into t(i) default values
a> insert into t values(1,2,3,4,5,6),(1)
a> insert into t select 1
a> insert into t select
a> insert into nosuch values(1)
a> insert t values(1)
---
(no rows)
OperationalError: unknown join type: outer
(no rows)
(no rows)
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: no such index: nosuch
(no rows)
OperationalError: incomplete input
ProgrammingError: You can only execute one statement at a time.
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near ")": syntax error
OperationalError: table t has 6 columns but 1 values were supplied
OperationalError: table t has 6 columns but 7 values were supplied
OperationalError: 2 values for 1 columns
OperationalError: 1 values for 2 columns
OperationalError: table t has no column named nosuch
1 changed
OperationalError: near ")": syntax error
OperationalError: 0 values for 1 columns
OperationalError: all VALUES must have the same number of terms
OperationalError: table t has 6 columns but 1 values were supplied
OperationalError: incomplete input
OperationalError: no such table: nosuch
OperationalError: near "t": syntax error

a> insert or into t values(1)
a> insert or foo into t values(1)
a> insert into t set i=1
a> update
a> update t
a> update t set
a> update t set i
a> update t set i=
a> update t set nosuch=1
a> update nosuch set a=1
a> update t set i=1 where
a> update t set i=1,
a> update t set t.i=1
a> update t i=1
a> delete
a> delete t
a> delete from
a> delete from nosuch
a> delete from t where
a> delete from t where nosuch
a> delete * from t
a> create
a> create table
a> create table t
a> create table t(
a> create table u(
a> create table u()
a> create table u(a,)
a> create table u(a b c d)
a> create table u(a,a)
---
OperationalError: near "into": syntax error
OperationalError: near "foo": syntax error
OperationalError: near "set": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: no such column: nosuch
OperationalError: no such table: nosuch
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near ".": syntax error
OperationalError: near "i": syntax error
OperationalError: incomplete input
OperationalError: near "t": syntax error
OperationalError: incomplete input
OperationalError: no such table: nosuch
OperationalError: incomplete input
OperationalError: no such column: nosuch
OperationalError: near "*": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: table t already exists
OperationalError: incomplete input
OperationalError: near ")": syntax error
OperationalError: near ")": syntax error
ok
OperationalError: table u already exists

a> create table u(a primary key, b primary key)
a> create table u(a, primary key(b))
a> create table u(a, primary key(a), primary key(a))
a> create table u(a int int)
a> create table u(a int(5), b varchar(5,6), c decimal(1,2,3))
a> create table u(a int default)
a> create table u(a int default a)
a> create table u(a default (a))
a> create table u(a check(nosuch>1))
a> create table u(a references)
a> create table u(a, foreign key(b) references t(i))
a> create table u(a, foreign key(a) references t(i,r))
a> create table u(a, constraint)
a> create table u(a constraint x)
a> create table u(a) foo
a> create table u(a) without
a> create table u(a) without rowid
a> create table u(a text autoincrement)
a> create table u(a integer primary key desc autoincrement)
a> create table u(a int primary key autoincrement)
a> create table u(a integer primary key autoincrement) without rowid
a> create table sqlite_foo(a)
a> create table main.u2(a) strict
a> create table u3(a int) strict, without rowid
a> create table u3(a foo) strict
a> create table nosuch.u(a)
a> create table if exists u(a)
a> create table if not exists t(a)
a> create index
a> create index i1
---
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: table u already exists
OperationalError: object name reserved for internal use: sqlite_foo
OperationalError: missing datatype for u2.a
OperationalError: PRIMARY KEY missing on table u3
OperationalError: unknown datatype for u3.a: "foo"
OperationalError: unknown database nosuch
OperationalError: near "exists": syntax error
ok
OperationalError: incomplete input
OperationalError: incomplete input

a> create index i1 on
a> create index i1 on t
a> create index i1 on t()
a> create index i1 on t(nosuch)
a> create index i1 on nosuch(a)
a> create index i1 on t(i) where nosuch
a> create index t on t(i)
a> create unique index iu on t(x)
a> create view
a> create view v
a> create view v as
a> create view v as select
a> create view v as select nosuch from t
a> select * from v
a> create view t as select 1
a> create view v2(a,b) as select 1
a> select * from v2
a> create trigger
a> create trigger tr
a> create trigger tr after
a> create trigger tr after insert
a> create trigger tr after insert on t
a> create trigger tr after insert on t begin
a> create trigger tr after insert on t begin end
a> create trigger tr after insert on t begin select 1
a> create trigger tr after insert on t begin select 1; end
a> create trigger tr after insert on t begin select 1; end
a> create trigger tr2 after insert on nosuch begin select 1; end
a> create trigger tr2 instead of insert on t begin select 1; end
a> create trigger tr2 before insert on v begin select 1; end
---
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near ")": syntax error
OperationalError: no such column: nosuch
OperationalError: no such table: main.nosuch
OperationalError: no such column: nosuch
OperationalError: there is already a table named t
ok
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
ok
OperationalError: no such column: nosuch
OperationalError: table t already exists
ok
OperationalError: expected 2 columns for 'v2' but got 1
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near "end": syntax error
OperationalError: incomplete input
ok
OperationalError: trigger tr already exists
OperationalError: no such table: main.nosuch
OperationalError: cannot create INSTEAD OF trigger on table: t
OperationalError: cannot create BEFORE trigger on view: v

a> create trigger tr2 after update of nosuch on t begin select 1; end
a> create trigger tr2 after insert on t begin create table x(a); end
a> create trigger tr2 after insert on t begin insert into main.t values(1); end
a> drop
a> drop table
a> drop table nosuch
a> drop table if exists nosuch
a> drop index nosuch
a> drop view nosuch
a> drop view t
a> drop table v
a> drop trigger nosuch
a> drop table sqlite_master
a> drop index sqlite_autoindex_u_1
a> alter
a> alter table
a> alter table t
a> alter table t rename
a> alter table t rename to
a> alter table t rename to v
a> alter table t rename nosuch to b
a> alter table t add
a> alter table t add column
a> alter table t add column i
a> alter table t add column z primary key
a> alter table t add column z unique
a> alter table t add column z not null
a> alter table t add column z references t(i) default 5
a> alter table t drop column nosuch
a> alter table t drop
---
ok
OperationalError: trigger tr2 already exists
OperationalError: trigger tr2 already exists
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: no such table: nosuch
ok
OperationalError: no such index: nosuch
OperationalError: no such view: nosuch
OperationalError: use DROP TABLE to delete table t
OperationalError: use DROP VIEW to delete view v
OperationalError: no such trigger: nosuch
OperationalError: table sqlite_master may not be dropped
OperationalError: no such index: sqlite_autoindex_u_1
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: there is already another table or index with this name: v
OperationalError: no such column: "nosuch"
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: duplicate column name: i
OperationalError: Cannot add a PRIMARY KEY column
OperationalError: Cannot add a UNIQUE column
OperationalError: Cannot add a NOT NULL column with default value NULL
ok
OperationalError: no such column: "nosuch"
OperationalError: incomplete input

a> alter table nosuch add column a
a> alter table v add column a
a> alter table v rename to w
a> alter table sqlite_master add column a
a> foo
a> select
a> with
a> with a
a> with a as
a> with a as ()
a> with a as (select 1)
a> with a as (select 1) foo
a> values
a> values(1),(1,2)
a> values()
a> values(1) order by 1
a> replace
a> replace into t values
a> truncate table t
a> merge into t
a> select * from t for update
a> select top 1 * from t
a> select * from t where i = = 1
a> select * from t where i <> <> 1
a> select i i i from t
a> select i, from t
a> select ,i from t
a> select * * from t
a> select *, from t
a> select t.*.i from t
---
OperationalError: no such table: nosuch
OperationalError: Cannot add a column to a view
OperationalError: view v may not be altered
OperationalError: table sqlite_master may not be altered
OperationalError: near "foo": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near ")": syntax error
OperationalError: incomplete input
OperationalError: near "foo": syntax error
OperationalError: incomplete input
OperationalError: all VALUES must have the same number of terms
OperationalError: near ")": syntax error
OperationalError: near "order": syntax error
OperationalError: incomplete input
OperationalError: incomplete input
OperationalError: near "truncate": syntax error
OperationalError: near "merge": syntax error
OperationalError: near "update": syntax error
OperationalError: near "1": syntax error
OperationalError: near "=": syntax error
OperationalError: near "<>": syntax error
OperationalError: near "i": syntax error
OperationalError: near "from": syntax error
OperationalError: near ",": syntax error
OperationalError: near "*": syntax error
OperationalError: near "from": syntax error
OperationalError: near ".": syntax error

a> select t. from t
a> select .t from t
a> select "nosuch" from t limit 1
a> select 'i' from t limit 1
a> select "i" from t limit 1
a> select [nosuch] from t
a> select `nosuch` from t
a> select t."nosuch" from t
a> select "t"."i" from "t" limit 1
---
OperationalError: near "from": syntax error
OperationalError: near ".": syntax error
'nosuch'
'i'
1
OperationalError: no such column: nosuch
OperationalError: no such column: nosuch
OperationalError: no such column: t.nosuch
1
