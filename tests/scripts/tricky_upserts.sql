# ON CONFLICT clauses and their targets.

a> create table t(a integer primary key, b unique, c default 5, d text collate nocase unique)
a> insert into t values(1,1,1,'a')
a> insert into t values(1,2,3,'b') on conflict do nothing
a> insert into t values(1,2,3,'b') on conflict(a) do nothing
a> insert into t values(2,1,3,'b') on conflict(a) do nothing
a> insert into t values(1,2,3,'b') on conflict(a) do update set c=excluded.c
a> insert into t values(1,2,3,'b') on conflict(a) do update set c=c+excluded.c where c>100
a> insert into t values(1,2,3,'b') on conflict(a) do update set c=c+excluded.c where excluded.c>1 returning *
a> insert into t values(9,1,3,'z') on conflict(b) do update set d=excluded.d||'!' returning a,b,c,d
a> insert into t values(9,8,3,'Z!') on conflict(d) do update set c=99 returning *
a> insert into t values(9,8,3,'Z!') on conflict(d collate binary) do update set c=99 returning *
a> insert into t values(9,8,3,'Z!') on conflict(d collate nocase) do update set c=98 returning *
a> insert into t values(9,8,3,'Z!') on conflict(c) do nothing
a> insert into t values(9,8,3,'Z!') on conflict(a,b) do nothing
a> insert into t values(9,8,3,'Z!') on conflict(nosuch) do nothing
a> insert into t values(9,8,3,'Z!') on conflict(a) do nothing on conflict(b) do update set c=5
a> insert into t values(9,1,3,'q') on conflict(a) do nothing on conflict(b) do update set c=5 returning *
a> insert into t values(9,1,3,'q') on conflict do nothing on conflict(b) do update set c=5
a> insert into t values(9,1,3,'q') on conflict do update set c=7 returning *
a> insert into t values(9,1,3,'q') on conflict(b) do update set a=1
a> insert into t values(9,1,3,'q') on conflict(b) do update set nosuch=1
a> insert into t values(9,1,3,'q') on conflict(b) do update set excluded.c=1
a> insert into t values(9,1,3,'q') on conflict(b) do update set (c,d)=(excluded.c,excluded.d) returning *
a> insert into t values(9,1,3,'q') on conflict(b) do update set (c,d)=(select 1,2) returning *
a> insert into t values(9,1,3,'q') on conflict(b) do update set c=(select count(*) from t) returning *
a> insert into t values(10,10,1,'x'),(11,10,1,'y'),(12,12,1,'x') on conflict(b) do update set c=c+1 on conflict(d) do update set c=c+10 returning *
a> select * from t
a> insert into t select a,b,c,d from t where true on conflict(a) do update set c=-1
a> select * from t
a> insert into t select a,b,c,d from t on conflict(a) do update set c=-2
---
ok
1 changed
0 changed
0 changed
IntegrityError: UNIQUE constraint failed: t.b
1 changed
0 changed
1 | 1 | 6 | 'a'
1 | 1 | 6 | 'z!'
1 | 1 | 99 | 'z!'
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
1 | 1 | 98 | 'z!'
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
OperationalError: no such column: nosuch
IntegrityError: UNIQUE constraint failed: t.d
1 | 1 | 5 | 'z!'
OperationalError: near "on": syntax error
1 | 1 | 7 | 'z!'
1 changed
OperationalError: no such column: nosuch
OperationalError: near ".": syntax error
1 | 1 | 3 | 'q'
1 | 1 | 1 | '2'
1 | 1 | 1 | '2'
10 | 10 | 1 | 'x'
10 | 10 | 2 | 'x'
10 | 10 | 12 | 'x'
1 | 1 | 1 | '2'
10 | 10 | 12 | 'x'
2 changed
1 | 1 | -1 | '2'
10 | 10 | -1 | 'x'
OperationalError: near "do": syntax error

a> insert or replace into t values(1,10,1,'u') on conflict(b) do update set c=1000 returning *
a> select * from t
a> insert or ignore into t values(1,10,1,'u') on conflict(b) do update set d='x' returning *
a> insert into t(b) values(null) on conflict(b) do nothing returning *
a> insert into t(b) values(null),(null) returning a
a> insert into t default values on conflict do nothing
a> insert into t default values returning *
a> insert into t(a) values('x') on conflict do nothing
a> insert into t(a) values(null) on conflict do nothing returning a
a> insert into t(rowid,b) values(1,77) on conflict(rowid) do update set b=excluded.b returning rowid,*
a> insert into t(rowid,b) values(1,77) on conflict(_rowid_) do update set b=excluded.rowid returning rowid,*
a> create unique index ti on t(c) where c>1000
a> insert into t(a,c) values(50,2000)
a> insert into t(a,c) values(51,2000) on conflict(c) do nothing
a> insert into t(a,c) values(51,2000) on conflict(c) where c>1000 do update set a=52 returning *
a> insert into t(a,c) values(51,2000) on conflict(c) where c>1001 do nothing
a> create unique index te on t(b+1)
a> insert into t(a,b) values(60,77) on conflict(b+1) do update set a=61 returning a
a> insert into t(a,b) values(60,77) on conflict(b+2) do update set a=61 returning a
a> insert into t(a,b) values(60,77) on conflict(b) do update set a=62 returning a
a> insert into t as q values(61,5,5,'k') on conflict(a) do update set c=q.c+t.c
a> insert into t as q values(61,5,5,'k') on conflict(a) do update set c=q.c
a> insert into t as excluded values(62,5,5,'k') on conflict(a) do update set c=excluded.c
a> insert into t values(62,5,5,'k') on conflict(a) do update set c=t.c+1 where t.a=62 returning c, t.c, excluded.c
a> create table w(k text primary key, v, n int not null default 1) without rowid
a> insert into w(k,v) values('a',1),('b',2)
a> insert into w(k,v) values('a',3),('c',4) on conflict(k) do update set v=v+excluded.v, n=n+1 returning *
a> insert into w(k,v) values('a',3) on conflict(k) do update set k='b'
a> insert into w(k,v,n) values('a',3,null) on conflict(k) do update set n=null
a> insert into w(k,v,n) values('a',3,null) on conflict do nothing
---
10 | 10 | 1000 | 'x'
1 | 1 | -1 | '2'
10 | 10 | 1000 | 'x'
10 | 10 | 1000 | 'x'
11 | NULL | 5 | NULL
12
13
OperationalError: near "on": syntax error
14 | NULL | 5 | NULL
IntegrityError: datatype mismatch
15
1 | 1 | 77 | -1 | '2'
1 | 1 | 1 | -1 | '2'
ok
1 changed
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
52 | NULL | 2000 | NULL
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
ok
60
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
62
OperationalError: no such column: t.c
1 changed
1 changed
OperationalError: no such column: excluded.c
ok
2 changed
'a' | 4 | 2
'c' | 4 | 1
IntegrityError: UNIQUE constraint failed: w.k
IntegrityError: NOT NULL constraint failed: w.n
IntegrityError: NOT NULL constraint failed: w.n

a> replace into w(k,v,n) values('a',3,null) returning *
a> select * from w
---
'a' | 3 | 1
'a' | 3 | 1
'b' | 2 | 1
'c' | 4 | 1
