# Changes seldom made: AUTOINCREMENT under triggers that insert into the same table, UPDATE … FROM of views and under the name of the target.

a> create table t(id integer primary key autoincrement, v)
a> create trigger at after insert on t begin insert into t(v) select new.v - 1 where new.v > 0; delete from t where new.v = 0 and id = new.id; end
a> pragma recursive_triggers=1
a> insert into t(v) values(4),(2)
a> select * from t
a> select * from sqlite_sequence
a> insert or ignore into t(id, v) values(3, 5),(null, 1)
a> insert into t(v) values(9),(1)
a> select * from t
a> select * from sqlite_sequence
a> create table u(id integer primary key autoincrement)
a> create trigger ut before insert on u begin insert into t(v) values(0); insert into t(v) values(1); end
a> insert into u values(null),(5)
a> insert into u default values
a> select * from sqlite_sequence
a> create table w(id integer primary key autoincrement, x)
a> create trigger wt before insert on w when new.x > 0 begin insert into w(x) values(new.x-1); delete from w; end
a> insert into w(x) values(3),(0),(2)
a> select * from w
a> select * from sqlite_sequence
---
ok
ok
ok
2 changed
1 | 4
2 | 3
3 | 2
4 | 1
6 | 2
7 | 1
't' | 8
1 changed
2 changed
1 | 4
2 | 3
3 | 2
4 | 1
6 | 2
7 | 1
9 | 1
11 | 9
12 | 8
13 | 7
14 | 6
15 | 5
16 | 4
17 | 3
18 | 2
19 | 1
21 | 1
't' | 22
ok
ok
2 changed
1 changed
't' | 31
'u' | 6
ok
ok
3 changed
8 | 2
't' | 31
'u' | 6
'w' | 8

a> create table p(a, b)
a> create table lg(x,y)
a> insert into p values(1,'p'),(2,'q'),(2,'q'),(3,'r')
a> create table k(k, v)
a> insert into k values(1,'u1'),(1,'u2'),(2,'w'),(3,'z'),(3,'z')
a> create view v as select a, b from p
a> create trigger tr instead of update on v begin insert into lg values(old.a||old.b, new.b); end
a> update v set b = k.v from k where k.k = a
a> select * from lg order by x, y
a> update p set b = 1 from k join p on p.a = k.k
a> update p set b = 1 from p
a> update p as x set b = 1 from k x where x.k=1
a> update p set b = 1 from (select 1 k) p
a> update p set b = p.v from (select k, v from k where v <> 'u2') p where p.k = p.a
a> update p set b = b + 1 from (select 9 b) p
a> update v set b = 1 from v
a> select * from p
a> create table yes(a)
a> insert into yes values(1) on conflict do nothing
---
ok
ok
4 changed
ok
5 changed
ok
ok
0 changed
'1p' | 'u1'
'1p' | 'u2'
'2q' | 'w'
'2q' | 'w'
'3r' | 'z'
'3r' | 'z'
OperationalError: target object/alias may not appear in FROM clause: p
OperationalError: target object/alias may not appear in FROM clause: p
4 changed
4 changed
4 changed
OperationalError: ambiguous column name: b
OperationalError: target object/alias may not appear in FROM clause: v
1 | 'u1'
2 | 'w'
2 | 'w'
3 | 'z'
ok
1 changed
