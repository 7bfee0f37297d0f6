"""ALTER TABLE where triggers are: their texts, and what it refuses, beside `sqlite3` after each statement (INV-S1, INV-S4)."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

SCRIPTS = [
    """
        create table t(a integer primary key,b text,c)
        create table u(a,b,c)
        create table log(x,a)
        create index ib on t(b)
        create trigger tr after update of b, c on t when new.b <> old.c begin insert into log(x,a) values(new.b, old.b); end
        create trigger tr after update of b, c on t when new.b <> old.c begin insert into log(x,a) values(new.b, old."b");
            update t set b = new.b || t.b, c=b where t.b = new.a and a in (select b from t as q where q.b=t.b); delete from t
            where b=old.c; select b, t.*, x.b from t x, u where u.b = 1 order by b; insert into t(a,b) values(1,2) on
            conflict(a) do update set b=t.b||t.b where b>1; insert into u select * from t; with w(b) as (select b from t)
            select b from w; end
        create view v as select b, a from t
        create trigger iv instead of update of b on v begin update t set b=new.b where a=old.a; insert into log select b,a
            from v; end
        alter table t rename column b to bb
        alter table t rename to tt
        alter table u rename column b to ub
        alter table log rename to "my log"
        alter table tt drop column c
        alter table tt drop column bb
        drop trigger tr
        alter table tt drop column c
        alter table u drop column ub
        drop view v
        alter table tt rename a to b
    """,
    """
        create table t(a,b)
        create table u(a)
        create trigger x after insert on t begin select nope from u; end
        alter table u rename to uu
        alter table u rename a to aa
        alter table t rename a to aa
        alter table u add column z
        alter table t drop column b
    """,
    """
        create table t(a,b)
        create table u(a)
        create trigger x after insert on t begin select 1 from nope; end
        alter table u rename to uu
        alter table u rename a to aa
        alter table t drop column b
        alter table t add column c
    """,
    """
        create table t(a,b)
        create table u(a)
        create trigger x after insert on t begin update t set a=1 where new.b>1; end
        alter table t drop column b
        alter table t drop column a
    """,
    """
        create table t(a,b)
        create trigger x after update of b on t begin select 1; end
        alter table t drop column b
        alter table t rename b to c
        alter table t rename to "q t"
    """,
    """
        create table t(a,b)
        create trigger x after insert on t begin select 'nope', [a] from t; insert into t values(1,2); end
        alter table t rename a to "x y"
        alter table t rename to select1
    """,
    """
        create table t(a,b)
        create table s(a)
        create trigger x after insert on s begin update t set a=s.a from s where t.b=s.a; select (select a from t where
            t.a=new.a), * from s left join t using(a); select s.a from s natural join t; update s set a = (select max(a) from
            t) where rowid=new.rowid; end
        alter table t rename a to aa
        alter table s rename a to aa
        alter table t rename b to bb
        alter table s rename to ss
    """,
    """
        pragma foreign_keys=1
        create table t(a primary key,b)
        create table s(a references t(a) on update cascade)
        create trigger x after insert on s begin insert into t(a,b) values(new.a,1) on conflict (a) do nothing; replace into
            t values(1,2); delete from t where a=1 or exists(select 1 from s where s.a=t.a); end
        alter table t rename a to aa
        alter table t rename to tt
    """,
    """
        create table t(a integer primary key,b text,c)
        create table u(a,b,c)
        create table log(x,a)
        create index ib on t(b)
        create trigger tr after update of b, c on t when new.b <> old.c and exists (select 1 from t where b = new.b) begin
            insert into log(x,a) values(new.b, old."b"); update t set b = new.b || t.b, c=b where t.b = new.a and a in
            (select b from t as q where q.b=t.b); delete from t where b=old.c; select x.b, y.*, x.b from t x, u y where y.b =
            1 order by x.b; insert into t(a,b) values(1,2) on conflict(a) do update set b=t.b||t.b where t.b>1; insert into u
            select * from t; with w(b) as (select b from t) select b from w; end
        create view v as select b, a from t
        create trigger iv instead of update of b on v begin update t set b=new.b where a=old.a; insert into log select b,a
            from v; end
        alter table t rename column b to bb
        update v set b='q' where a=1
        alter table v rename column b to c
        insert into t values(1,2,3)
        update t set bb=5
        select * from log
        alter table t rename to tt
        alter table u rename column b to ub
        alter table log rename to "my log"
        alter table tt drop column c
        alter table tt drop column bb
        drop trigger tr
        alter table tt drop column c
        alter table u drop column ub
        drop view v
        alter table tt rename a to b
        update tt set bb=6
    """,
    """
        create table t(a,b)
        create table log(x)
        create temp table u(a)
        create temp view tv as select t.b, u.a from t, u
        create temp trigger x after insert on t begin insert into log values(new.b); update u set a=new.a; end
        create temp trigger y after insert on u begin update t set b=new.a where a=1; end
        alter table t rename b to bb
        insert into t values(1,2)
        alter table t rename to t2
        alter table log rename to l2
        alter table u rename to u2
        insert into u2 values(9)
        select * from t2
        select * from l2
        select * from tv
        alter table t2 drop column bb
        drop view tv
        alter table t2 drop column bb
        drop trigger x
        drop trigger y
        alter table t2 drop column bb
        create temp table t2(a,q)
        create temp view tt as select a from t2
        alter table main.t2 rename a to zz
        alter table temp.t2 rename to t3
    """,
    """
        attach ':memory:' as aux
        create table aux.t(a)
        create table aux.l(x)
        create trigger aux.y after insert on t begin insert into l values(new.a); end
        create temp trigger z after insert on aux.t begin insert into l values(new.a+1); end
        alter table aux.t rename a to b
        insert into t values(1)
        select * from l
        alter table t rename to tt
        alter table l rename x to y
        insert into tt values(5)
        select * from l
    """,
    """
        create table t(a,b)
        create table log(x,y)
        create trigger x after insert on t begin insert into log(x,y) values(1,2); end
        alter table log drop column y
        insert into t values(1,2)
        alter table log rename x to xx
    """,
    """
        create table t(a,b)
        create table log(x,y)
        create trigger x after insert on t begin insert into log values(1,2); update log set y=1 where x=2; end
        alter table log drop column y
        insert into t values(1,2)
    """,
    """
        create table t(a,b)
        create view v as select a from t
        create trigger x instead of insert on v begin insert into t(a) values(new.a); end
        alter table t rename a to aa
        insert into v values(1)
        alter table t drop column aa
        alter table v rename to vv
        alter table t rename to v
        alter table t rename b to aa
    """,
    """
        create table t(a,b)
        create trigger x after insert on t begin select raise(abort,'x') where new.a>1; select case when new.b then
            raise(ignore) end; end
        alter table t rename a to q
        insert into t values(2,2)
        alter table t rename to x
    """,
    """
        create table q(a, b)
        create view v2(x) as select a, b from q
        alter table q rename column a to aa
        alter table q drop column b
        alter table q rename to qq
        create view v3(x) as select * from qq, nope
        alter table qq add column z
        alter table qq rename to r
    """,
]


def seen(connection: Any, sql: str, error: type[Exception]) -> tuple[Any, ...]:
    """What a statement gives, and all definitions after it."""
    try:
        result: Any = connection.execute(sql).fetchall()
    except error as problem:
        result = (type(problem).__name__, str(problem))
    columns = "type, name, tbl_name, sql"
    texts = f"SELECT {columns} FROM sqlite_master UNION ALL SELECT {columns} FROM sqlite_temp_master"
    return result, connection.execute(texts).fetchall()


@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_texts_and_errors_are_those_of_sqlite(script: str) -> None:
    ours = aerodb_dbapi.connect(":memory:", isolation_level=None)
    theirs = sqlite3.connect(":memory:", isolation_level=None)
    for sql in filter(None, map(str.strip, re.split(r"\n {8}(?! )", script))):
        assert seen(ours, sql, aerodb_dbapi.Error) == seen(theirs, sql, sqlite3.Error), sql
