# Triggers and actions of foreign keys nest a thousand levels deep, and BEFORE triggers see generated columns.

a> create table t(a)
a> pragma recursive_triggers = 1
a> create trigger x after insert on t when new.a > 0 begin insert into t values (new.a - 1); end
a> insert into t values (999)
a> select count(*), sum(a) from t
a> insert into t values (1000)
a> select count(*) from t
---
ok
ok
ok
1 changed
1000 | 499500
OperationalError: too many levels of trigger recursion
1000

a> pragma foreign_keys = 1
a> create table n(id integer primary key, p references n(id) on delete cascade)
a> insert into n with recursive c(i) as (values (1) union all select i + 1 from c where i < 1000) select i, nullif(i - 1, 0) from c
a> delete from n where id = 1
a> select count(*) from n
a> insert into n with recursive c(i) as (values (1) union all select i + 1 from c where i < 1001) select i, nullif(i - 1, 0) from c
a> delete from n where id = 1
a> select count(*) from n
---
ok
ok
1000 changed
1 changed
0
1001 changed
OperationalError: too many levels of trigger recursion
1001

a> create table g(a integer primary key, b int, twice as (b * 2), s int generated always as (a + b + twice) stored)
a> create table log(x)
a> create trigger gi before insert on g begin insert into log values ('i' || new.a || ',' || new.twice || ',' || new.s || typeof(new.twice)); end
a> create trigger gu before update on g begin insert into log values ('u' || old.twice || ',' || new.twice || ',' || new.s); end
a> create trigger go before update of twice on g begin insert into log values ('never'); end
a> insert into g(b) values ('5')
a> insert into g(a, b) values (7, '6')
a> update g set b = 9 where a = 7
a> insert into g(a, b) values (7, 3) on conflict(a) do update set b = excluded.b + 1
a> select * from log
a> select * from g
---
ok
ok
ok
ok
ok
1 changed
1 changed
1 changed
1 changed
'i-1,10,14integer'
'i7,12,25integer'
'u12,18,34'
'i7,6,16integer'
'u18,8,19'
1 | 5 | 10 | 16
7 | 4 | 8 | 19
