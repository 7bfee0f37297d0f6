"""Column names and error texts of the binder against sqlite3's, statement by statement (INV-Q6, INV-Q1)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from bind_support import outcome, reference, sqlite_outcome

NAMES = """
select (A), A, +A, T.A, ((a)), a+1, b  ||'x', "a", [a], `a`, "zz", main.t.a from t
select *, t.*, rowid, oid, ROWID from t
select oid, _rowid_ from u
select * from (select A, a+1, +A, A collate nocase, a, a as a from t)
select * from (select rowid, oid from t), (select rowid from u)
select rowid from (select * from t)
select "a:1" from (select a, a from t)
select * from v
select bb, BB, "BB", v.rowid from v
select P, * from vv
with c as (select A, b + 1 from t) select * from c
with c(x, y) as (select a, b from t) select y, * from c
select a as "x y", b as 'q', c [z] from t
select * from t join u using (a)
select * from t natural join u natural join w
select * from t right join u using (a)
select t.*, u.* from t full join u using (a) full join w using (a)
select * from (t join u using (a)) join w using (a)
select a, t.a, u.a from t join u using (a)
select a from t full join u using (a)
values (1, 2), (3, 4)
select column1 from (values (1, 2)) as x
select 1 union select a from t
select count(*), count(), sum(DISTINCT a), max(a, 2) from t
select a k, count(*) from t group by k having k > 1 order by k, count(*)
select (select a from u), (select sum(t.a) from u) from t
select (select count(*) from u where u.a = sum(t.a)) from t
select name from sqlite_master where type = 'table'
select a as b, b as a from t order by a collate nocase
select a from t union all select id as z from u order by z
select * from t, u order by a
select * from t where "zork" = b
select true, false, "true", 1 is true
select (a, b) = (1, 2), (a, b) in ((1, 2)), (1, 2) between (1, 1) and (1, 3) from t
select * from t where (a, b) in w
select case (1, 2) when (1, 2) then 1 end
select -9223372036854775808, - 9223372036854775808, 9223372036854775808
with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select * from r
with a as (select * from b), b as (select 3 as z) select * from a
with t(n) as (select a from main.t) select * from t
with a as (select zork from t) select 1
insert into t values (1, 2, 3) returning *, rowid, A, a+1, t.b
insert into u(rowid, a) values (77, 6) returning rowid, oid as k
update t as q set a = 1 returning t.a
delete from t returning *, a || b
"""

ERRORS = """
select z from t
select t.z, q.a from t
select main.t.z from t
select aux.t.a from t
select q.a from t
select a from t, u
select t1.a from t t1 join t t1 on 1
select * from t t1 join t t1 on 1
select * from zz
select * from main.zz
select * from aux.zz
select zz.* from t
select *
select rowid from t, u
select [zz] from t
select t."zz" from t
select [true]
select foo(1)
select abs(1, 2)
select Abs()
select sum(a, b) from t
select sum(*) from t
select count(distinct a, b) from t
select group_concat(distinct a, '-') from t
select abs(a) filter (where 1) from t
select coalesce(1)
select nullif(1), ifnull(1)
select * from t where sum(a) > 1
select count(*) from t where sum(a) > 1
select sum(sum(a)) from t
select sum(a) filter (where sum(a)) from t
select sum(a) from t group by sum(a)
select sum(a) as s from t group by s
select avg(a) from t group by 1
select a from t order by sum(a)
select a from t having a > 1
select a from t having count(*) > 1
select sum(a) as k from t where k > 1
select a from t group by a having exists (select 1 from u where u.a = max(t.b))
select a + 1 as k, k + 1 from t
select a from t group by 2
select a from t group by -1
select a, b from t order by 3
select a, b from t order by 1, 0
select a from t union select a, b from t
select a from t union all select a from u except select a, b from t
select a from t union all select a from u order by x
select a from t union all select a from u order by 1, a + 1
select a from t union all select a from u order by 2
select (select a, b from t)
select a in (select a, b from t) from t
select (a, b) in (select a from t) from t
select (1, 2) in ((1, 2), (3))
select (a, b) = (1, 2, 3) from t
select (a, b) from t
select (a, b) = 1 from t
select 1 = (select 1, 2)
select 1 in ((1, 2))
select abs((1, 2))
select abs((select 1, 2))
select (1, 2) is null
select not (1, 2)
select * from t order by (a, b)
select a = 'x' collate foo from t
select a from t limit a
select (select 1 limit t.a) from t
select * from t, (select t.a)
select * from t join u using (b)
select * from t left join u on w.a = 1 join w
select * from t join u on w.a = 1 right join w
select * from t join u on a = 1 join w
select k.* from (t join u on t.a = u.a) as k
select a from t indexed by zork
with c(x) as (select 1, 2) select * from c
with c as (select 1), c as (select 2) select * from c
with a as (select * from b), b as (select * from a) select * from a
with a as (select * from a) select * from a
with a as (select 1 union all select * from (select * from a)) select * from a
with a as (select 1 union all select * from a, a) select * from a
with a as (select 1 intersect select 2 from a) select * from a
with recursive c(n) as (select 1 union all select max(n) + 1 from c) select * from c
with c(n) as (select 1) select * from main.c
with c(n) as (select 1 union all select n, 2 from c) select * from c
select * from v3
select * from v5
select * from v6
values (1, 2) union select 1
insert into t values (1)
insert into t(a, b) values (1)
insert into t(a, zz) values (1, 2)
insert into t(a, b) select 1
insert into t select 1
insert into v values (1, 2)
insert into zz values (1, 2)
insert into main.zz values (1, 2)
insert into sqlite_master values (1, 2, 3, 4, 5)
insert into t(a) values (zz)
insert into t(a) values (a)
insert into t values (1, 2, 3) returning sum(a)
insert into t as q values (1, 2, 3) returning q.a
update sqlite_master set name = 1
update v set a = 1
update t set zz = 1
update t set a = zz
update t set (a, b) = (1, 2, 3)
update t set (a, b) = (select 1)
update t set (a, b) = 1
update t set a = (select 1, 2)
update t set a = sum(b)
update t as q set a = t.b
update t set a = 1 from u where a = u.a
update t set a = 1 from t
delete from v
delete from sqlite_schema
delete from t where zz
delete from t where sum(a) > 1
"""


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    connection = reference()
    yield connection
    connection.close()


@pytest.mark.parametrize("sql", NAMES.strip().splitlines())
def test_names(sqlite: sqlite3.Connection, sql: str) -> None:
    expected = sqlite_outcome(sqlite, sql)
    assert expected[0] == "names", expected
    assert outcome(sql) == expected


@pytest.mark.parametrize("sql", ERRORS.strip().splitlines())
def test_errors(sqlite: sqlite3.Connection, sql: str) -> None:
    expected = sqlite_outcome(sqlite, sql)
    assert expected[0] == "error", expected
    assert outcome(sql) == expected
