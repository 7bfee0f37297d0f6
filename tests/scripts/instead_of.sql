# INSTEAD OF triggers: INSERT, UPDATE and DELETE on views.

a> create table t(a integer primary key, b text collate nocase, c)
a> insert into t values (1,'x',10), (2,'y',20), (3,'z',30)
a> create view v as select a as aa, b, c + 1 as cc from t
a> create table log(what)
a> insert into v values (1,2,3)
a> create trigger i instead of insert on v begin insert into log values ('i' || new.aa || ifnull(new.b, '-') || typeof(new.cc) || new.rowid); end
a> update v set aa = 1
a> delete from v
a> create trigger u instead of update on v begin insert into log values ('u' || old.aa || new.aa || old.cc || '>' || new.cc || (new.b = 'Y')); end
a> create trigger d instead of delete on v begin delete from t where a = old.aa; insert into log values ('d' || old.aa || changes()); end
a> create trigger z before update on v begin select 1; end
a> create trigger z instead of update on t begin select 1; end
---
ok
3 changed
ok
ok
OperationalError: cannot modify v because it is a view
ok
OperationalError: cannot modify v because it is a view
OperationalError: cannot modify v because it is a view
ok
ok
OperationalError: cannot create BEFORE trigger on view: v
OperationalError: cannot create INSTEAD OF trigger on table: t

# Columns and rows; no conversion, no rows changed.
a> insert into v values (7, 'q', '5')
a> insert into v(cc, aa) values (1, 2), (3, 4)
a> insert into v default values
a> insert into v(nope) values (1)
a> insert into v values (1)
a> insert into v(aa) values (5) returning *, aa + 1
a> insert into v select aa + 10, b, cc from v
a> insert or replace into v values (1, 2, 3)
a> insert into v values (1, 2, 3) on conflict do nothing
a> select changes()
a> select * from log
---
0 changed
0 changed
0 changed
OperationalError: table v has no column named nope
OperationalError: table v has 3 columns but 1 values were supplied
5 | NULL | NULL | 6
0 changed
0 changed
OperationalError: cannot UPSERT a view
0
'i7qtext-1'
'i2-integer-1'
'i4-integer-1'
NULL
'i5-null-1'
'i11xinteger-1'
'i12yinteger-1'
'i13zinteger-1'
'i12integer-1'

# UPDATE and DELETE find their rows in the view, all before the first trigger fires.
a> delete from log
a> update v set aa = aa + 1, cc = 0 where b > 'x' returning aa, cc
a> update v set (aa, b) = (select 5, 'Y') where aa = 1
a> update v set aa = 1, aa = 2 where aa = 3
a> update v set cc = t.c from t where t.a = v.aa and t.a = 2 returning aa, cc
a> update v set zz = 1
a> update v set cc = 5 limit 1
a> update v set cc = 5 order by aa desc limit 1 offset 1
a> delete from v where aa = 2 returning *
a> delete from v where aa in (with w(n) as (values (1)) select n from w)
a> select * from log
a> select * from t
---
9 changed
3 | 0
4 | 0
0 changed
0 changed
2 | 20
OperationalError: no such column: zz
0 changed
0 changed
2 | 'y' | 21
0 changed
'u2321>01'
'u3431>00'
'u1511>111'
'u3231>310'
'u2221>201'
'u1111>50'
'u2221>51'
'd21'
'd11'
3 | 'z' | 30

# UPDATE OF, WHEN, RAISE.
a> create view w as select a, c from t
a> create trigger wu instead of update of c on w when old.a > 0 begin insert into log values ('w' || new.c); end
a> update w set a = 1
a> update w set c = 2
a> create trigger wi instead of insert on w begin select case new.a when 8 then raise(ignore) when 9 then raise(abort, 'no nine') end; insert into log values (new.a); end
a> insert into w values (7, 1), (8, 1) returning a
a> insert into w values (6, 1), (9, 1)
a> select * from log where what not like 'u%'
---
ok
ok
OperationalError: cannot modify w because it is a view
0 changed
ok
7
IntegrityError: no nine
'd21'
'd11'
'w2'
7

# Views on views, triggers that write other views, and those that go with their view.
a> create view vv as select aa, b from v
a> create trigger vvi instead of insert on vv begin insert into v(aa, b) values (new.aa, new.b || '!'); end
a> insert into vv values (100, 'deep')
a> select what from log where what like 'i100%'
a> create trigger ti after insert on t begin insert into vv values (new.a, 'from t'); end
a> insert into t values (50, 'fifty', 1)
a> select what from log where what like 'i50%'
a> drop view vv
a> select name from sqlite_master where type = 'trigger' order by 1
a> create view broken as select x from nowhere
a> create trigger bi instead of insert on broken begin select 1; end
a> insert into broken values (1)
---
ok
ok
0 changed
'i100deep!null-1'
ok
1 changed
'i50from t!null-1'
ok
'd'
'i'
'ti'
'u'
'wi'
'wu'
ok
ok
OperationalError: no such table: main.nowhere
