"""What calls of the module's surface give or raise, beside `sqlite3` itself: values, types of exceptions, texts.

Texts of TypeError and AttributeError are Python's own and not compared: they name the functions of C code.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import sqlite3
import sys
import threading
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import aerodb_dbapi


def converted(module: Any, value: str) -> Any:
    connection = module.connect(":memory:", detect_types=3)
    connection.execute("CREATE TABLE d(x date, y timestamp, z integer)")
    connection.execute("INSERT INTO d VALUES (?, '2020-01-02 03:04:05', '7')", (value,))
    return connection.execute('SELECT *, x AS "w [date]" FROM d').fetchall()


def cursor_of(connection: Any, *steps: Any) -> Any:
    """What a cursor tells of itself, and still gives, behind steps of which some fail."""
    cursor = connection.cursor()
    for step in steps:
        try:
            cursor.executescript(step[0]) if isinstance(step, list) else cursor.execute(step)
        except (sqlite3.Error, aerodb_dbapi.Error):
            pass
    return cursor.description, cursor.rowcount, cursor.lastrowid, cursor.fetchall()


def ended(connection: Any, error: Exception | None) -> Any:
    connection.__enter__()
    connection.execute("INSERT INTO t(b) VALUES (9)")
    connection.__exit__(error and type(error), error, None)
    return connection.in_transaction, connection.execute("SELECT count(*) FROM t").fetchone()


OVERFLOW = "SELECT abs(-9223372036854775808)"

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "script beside rows": lambda m, c: cursor_of(c, "SELECT a FROM t", ["SELECT 7; CREATE TABLE z(a)"]),
    "script beside a count": lambda m, c: cursor_of(c, "UPDATE t SET b = 1", ["SELECT 7"]),
    "rows, then nothing": lambda m, c: cursor_of(c, "SELECT a FROM t", "-- nothing"),
    "nothing at all": lambda m, c: cursor_of(c, ";"),
    "rows, then a known failure": lambda m, c: cursor_of(c, OVERFLOW, OVERFLOW, "SELECT a FROM t", OVERFLOW),
    "known failure inside": lambda m, c: cursor_of(c, "BEGIN", OVERFLOW, OVERFLOW, "SELECT a FROM t", OVERFLOW),
    "a function of a long name": lambda m, c: c.create_function("\u00e9" * 127, 1, abs),
    "a function of too long a name": lambda m, c: c.create_function("\u00e9" * 128, 1, abs),
    "an aggregate of too long a name": lambda m, c: c.create_aggregate("f" * 256, 1, list),
    "a window function of too long a name": lambda m, c: c.create_window_function("f" * 256, 1, list),
    "ended well": lambda m, c: ended(c, None),
    "ended badly": lambda m, c: ended(c, ValueError()),
    "converted": lambda m, c: converted(m, "2020-01-02"),
    "not converted": lambda m, c: converted(m, "zz"),
    "exec int": lambda m, c: c.execute(123),
    "exec none": lambda m, c: c.execute(None),
    "exec bytes": lambda m, c: c.cursor().execute(b"select 1"),
    "exec noargs": lambda m, c: c.execute(),
    "exec params none": lambda m, c: c.execute("select ?", None),
    "exec params int": lambda m, c: c.execute("select ?", 5),
    "exec params str": lambda m, c: c.execute("select ?", "a").fetchall(),
    "exec params str2": lambda m, c: c.execute("select ?", "ab").fetchall(),
    "exec params set": lambda m, c: c.execute("select ?", {1}),
    "exec params gen": lambda m, c: c.execute("select ?", (x for x in (1,))),
    "exec params range": lambda m, c: c.execute("select ?,?", range(2)).fetchall(),
    "exec dict missing": lambda m, c: c.execute("select :a", {}),
    "exec dict qmark": lambda m, c: c.execute("select ?", {"a": 1}),
    "exec dict ok": lambda m, c: c.execute("select :a, $b, @c", {"a": 1, "b": 2, "c": 3}).fetchall(),
    "exec extra dict": lambda m, c: c.execute("select :a", {"a": 1, "z": 3}).fetchall(),
    "exec ?5": lambda m, c: c.execute("select ?5", (1, 2, 3, 4, 5)).fetchall(),
    "exec ?5 few": lambda m, c: c.execute("select ?5", (1,)).fetchall(),
    "exec kw": lambda m, c: c.execute(sql="select 1"),
    "bind object": lambda m, c: c.execute("select ?", (object(),)),
    "bind named object": lambda m, c: c.execute("select :foo", {"foo": object()}),
    "bind decimal": lambda m, c: c.execute("select ?", (decimal.Decimal(1),)),
    "bind complex": lambda m, c: c.execute("select ?", (1j,)),
    "bind bool": lambda m, c: c.execute("select ?, typeof(?)", (True, True)).fetchall(),
    "bind date": lambda m, c: c.execute("select ?", (datetime.date(2020, 1, 2),)).fetchall(),
    "bind datetime": lambda m, c: c.execute("select ?", (datetime.datetime(2020, 1, 2, 3, 4, 5, 6),)).fetchall(),
    "bind time": lambda m, c: c.execute("select ?", (datetime.time(1),)).fetchall(),
    "bind big": lambda m, c: c.execute("select ?", (2**63,)),
    "bind small": lambda m, c: c.execute("select ?", (-(2**63),)).fetchall(),
    "bind nan": lambda m, c: c.execute("select ?", (float("nan"),)).fetchall(),
    "bind bytearray": lambda m, c: c.execute("select ?", (bytearray(b"x"),)).fetchall(),
    "bind surrogate": lambda m, c: c.execute("select ?", ("\ud800",)),
    "many none": lambda m, c: c.executemany("insert into t(b) values(?)", None),
    "many int": lambda m, c: c.executemany("insert into t(b) values(?)", 5),
    "many notseq": lambda m, c: c.executemany("insert into t(b) values(?)", [5]),
    "many wrong n": lambda m, c: c.executemany("insert into t(b) values(?)", [(1, 2)]),
    "many dict": lambda m, c: c.executemany("insert into t(b) values(:x)", [{"x": 1}, {"x": 2}]).rowcount,
    "many select": lambda m, c: c.executemany("select ?", [(1,)]),
    "many returning": lambda m, c: c.executemany("insert into t(b) values(?) returning b", [(1,)]),
    "many create": lambda m, c: c.executemany("create table q(a)", [()]),
    "many empty": lambda m, c: c.executemany("insert into t(b) values(?)", []).rowcount,
    "many lastrowid": lambda m, c: c.executemany("insert into t(b) values(?)", [(1,)]).lastrowid,
    "script int": lambda m, c: c.executescript(5),
    "script bytes": lambda m, c: c.executescript(b"select 1"),
    "script nul": lambda m, c: c.executescript("select 1;\0"),
    "script err": lambda m, c: c.executescript("select 1; selec 2;"),
    "script incomplete": lambda m, c: c.executescript("create table z(a)").fetchall(),
    "two stmts": lambda m, c: c.execute("select 1; select 2"),
    "stmt semicolon": lambda m, c: c.execute("select 1;  ").fetchall(),
    "stmt comment": lambda m, c: c.execute("select 1 -- hi").fetchall(),
    "stmt comment only": lambda m, c: c.execute("-- hi").fetchall(),
    "stmt comment after": lambda m, c: c.execute("select 1; -- hi").fetchall(),
    "nul": lambda m, c: c.execute("select 1\0"),
    "fetchmany str": lambda m, c: c.execute("select 1").fetchmany("x"),
    "fetchmany 0": lambda m, c: c.execute("select 1").fetchmany(0),
    "fetchmany -1": lambda m, c: c.execute("select 1").fetchmany(-1),
    "fetchmany none": lambda m, c: c.execute("select 1").fetchmany(None),
    "fetchmany float": lambda m, c: c.execute("select 1").fetchmany(1.0),
    "arraysize": lambda m, c: (lambda k: (setattr(k, "arraysize", 2), len(k.execute("select * from t").fetchmany())))(
        c.cursor()
    ),
    "cursor None": lambda m, c: c.cursor(None),
    "cursor int": lambda m, c: c.cursor(5),
    "cursor bad": lambda m, c: c.cursor(lambda x: 5),
    "cursor factory kw": lambda m, c: type(c.cursor(factory=m.Cursor)).__name__,
    "cf narg str": lambda m, c: c.create_function("f", "x", len),
    "cf name int": lambda m, c: c.create_function(5, 1, len),
    "cf kw": lambda m, c: c.create_function(name="f", narg=1, func=len),
    "cf det pos": lambda m, c: c.create_function("f", 1, len, True),
    "cf over built-in": lambda m, c: [
        (c.create_function(name, count, lambda *a: "own"), c.execute(f"select {call}").fetchall())[1]
        for name, count, call in (
            ("coalesce", 2, "coalesce(1, 2), coalesce(1, 2, 3)"),
            ("ifnull", 2, "ifnull(1, 2)"),
            ("nullif", -1, "nullif(1, 1)"),
            ("iif", 3, "iif(0, 1, 2)"),
            ("likelihood", 2, "likelihood(1, 5)"),
            ("max", 2, "max(1, 2), max(1, 2, 3)"),
            ("like", 2, "'a' like 'b'"),
            ("->", 2, "'{}' -> 'a'"),
        )
    ],
    "cf narg 128": lambda m, c: c.create_function("f", 128, len),
    "ca bad": lambda m, c: c.create_aggregate("f", 1, 5),
    "ca name": lambda m, c: c.create_aggregate(5, 1, int),
    "ca narg": lambda m, c: c.create_aggregate("f", -7, int),
    "coll bad": lambda m, c: c.create_collation("f", 5),
    "coll kw": lambda m, c: c.create_collation(name="f", callable=None),
    "auth bad": lambda m, c: c.set_authorizer(5),
    "progress bad": lambda m, c: c.set_progress_handler(5),
    "progress n str": lambda m, c: c.set_progress_handler(None, "x"),
    "limit str": lambda m, c: c.setlimit("a", 1),
    "limit kw": lambda m, c: c.setlimit(category=1, limit=1),
    "iso int": lambda m, c: setattr(c, "isolation_level", 5),
    "iso lower": lambda m, c: (setattr(c, "isolation_level", "immediate"), c.isolation_level),
    "iso bad": lambda m, c: setattr(c, "isolation_level", "x"),
    "iso del": lambda m, c: delattr(c, "isolation_level"),
    "in_tx set": lambda m, c: setattr(c, "in_transaction", 1),
    "total_changes": lambda m, c: c.total_changes,
    "tc set": lambda m, c: setattr(c, "total_changes", 1),
    "desc": lambda m, c: c.execute("select a, b as q, 1+1 from t").description,
    "desc none": lambda m, c: c.cursor().description,
    "desc dml": lambda m, c: c.execute("insert into t(b) values(1)").description,
    "desc ret": lambda m, c: c.execute("insert into t(b) values(1) returning b, a").description,
    "desc pragma": lambda m, c: c.execute("pragma table_info(t)").description,
    "rowcount sel": lambda m, c: c.execute("select 1").rowcount,
    "rowcount upd": lambda m, c: c.execute("update t set b=1").rowcount,
    "rowcount del": lambda m, c: c.execute("delete from t").rowcount,
    "rowcount create": lambda m, c: c.execute("create table z(a)").rowcount,
    "rowcount fresh": lambda m, c: c.cursor().rowcount,
    "lastrowid fresh": lambda m, c: m.connect(":memory:").cursor().lastrowid,
    "lastrowid sel": lambda m, c: c.execute("select 1").lastrowid,
    "lastrowid upd": lambda m, c: c.execute("update t set b=1").lastrowid,
    "lastrowid ins": lambda m, c: c.execute("insert into t(b) values(1)").lastrowid,
    "row bad": lambda m, c: m.Row(5, ()),
    "row bad2": lambda m, c: m.Row(c.cursor(), []),
    "row noargs": lambda m, c: m.Row(),
    "row key": lambda m, c: m.Row(c.execute("select 1 a"), (1,))["zz"],
    "row idx": lambda m, c: m.Row(c.execute("select 1 a"), (1,))[5],
    "row float": lambda m, c: m.Row(c.execute("select 1 a"), (1,))[1.0],
    "row set": lambda m, c: m.Row(c.execute("select 1 a"), (1,)).__setitem__(0, 1),
    "row cmp": lambda m, c: m.Row(c.execute("select 1 a"), (1,)) < m.Row(c.execute("select 1 a"), (1,)),
    "row eqtuple": lambda m, c: m.Row(c.execute("select 1 a"), (1,)) == (1,),
    "row in": lambda m, c: 1 in m.Row(c.execute("select 1 a"), (1,)),
    "row dup": lambda m, c: m.Row(c.execute("select 1 a, 2 a"), (1, 2))["a"],
    "row len": lambda m, c: len(m.Row(c.execute("select 1 a, 2 a"), (1, 2))),
    "closed conn": lambda m, c: (c.close(), c.execute("select 1")),
    "closed conn commit": lambda m, c: (c.close(), c.commit()),
    "closed conn close": lambda m, c: (c.close(), c.close()),
    "closed attr": lambda m, c: (c.close(), c.isolation_level),
    "closed total": lambda m, c: (c.close(), c.total_changes),
    "closed interrupt": lambda m, c: (c.close(), c.interrupt()),
    "closed iterdump": lambda m, c: (c.close(), list(c.iterdump())),
    "closed tf": lambda m, c: (c.close(), setattr(c, "text_factory", bytes)),
    "closed rf": lambda m, c: (c.close(), setattr(c, "row_factory", bytes)),
    "closed cur": lambda m, c: (lambda k: (k.close(), k.execute("select 1")))(c.cursor()),
    "closed cur fetch": lambda m, c: (lambda k: (k.close(), k.fetchone()))(c.cursor()),
    "closed cur iter": lambda m, c: (lambda k: (k.close(), list(k)))(c.cursor()),
    "closed cur close": lambda m, c: (lambda k: (k.close(), k.close()))(c.cursor()),
    "closed cur attr": lambda m, c: (lambda k: (k.close(), k.description, k.rowcount, k.lastrowid))(c.cursor()),
    "closed conn cur": lambda m, c: (lambda k: (c.close(), k.fetchall()))(c.execute("select 1")),
    "blob closed": lambda m, c: (lambda b: (b.close(), b.read()))(c.blobopen("t", "c", 1)),
    "blob null": lambda m, c: c.blobopen("t", "c", 2),
    "blob missing tab": lambda m, c: c.blobopen("zz", "c", 2),
    "blob missing db": lambda m, c: c.blobopen("t", "c", 2, name="zz"),
    "blob missing col": lambda m, c: c.blobopen("t", "zz", 2),
    "blob kw": lambda m, c: c.blobopen(table="t", column="c", row=1),
    "blob str row": lambda m, c: c.blobopen("t", "c", "1"),
    "blob big row": lambda m, c: c.blobopen("t", "c", 2**70),
    "blob pk": lambda m, c: c.blobopen("t", "a", 1),
    "blob read": lambda m, c: c.blobopen("t", "c", 3).read(1),
    "blob readneg": lambda m, c: c.blobopen("t", "c", 3).read(-5),
    "blob write str": lambda m, c: c.blobopen("t", "c", 3).write("a"),
    "blob setslice str": lambda m, c: c.blobopen("t", "c", 3).__setitem__(slice(0, 1), "a"),
    "blob seek str": lambda m, c: c.blobopen("t", "c", 3).seek("a"),
    "blob iter": lambda m, c: iter(c.blobopen("t", "c", 3)),
    "blob ro write": lambda m, c: c.blobopen("t", "c", 3, readonly=True).write(b"a"),
    "blob ro item": lambda m, c: c.blobopen("t", "c", 3, readonly=True).__setitem__(0, 1),
    "blob changed": lambda m, c: (lambda b: (c.execute("update t set c=x'aa' where a=3"), b.read()))(
        c.blobopen("t", "c", 3)
    ),
    "blob deleted": lambda m, c: (lambda b: (c.execute("delete from t"), b.read()))(c.blobopen("t", "c", 3)),
    "ser name": lambda m, c: c.serialize(name="zz"),
    "complete int": lambda m, c: m.complete_statement(5),
    "adapt": lambda m, c: m.adapt(5),
    "adapt obj": lambda m, c: m.adapt(object()),
    "adapt alt": lambda m, c: m.adapt(object(), m.PrepareProtocol, 7),
    "regconv int": lambda m, c: m.register_converter(5, len),
    "regconv bad": lambda m, c: m.register_converter("zz", 5),
    "connect int": lambda m, c: m.connect(5),
    "connect none": lambda m, c: m.connect(None),
    "connect noargs": lambda m, c: m.connect(),
    "connect timeout": lambda m, c: m.connect(":memory:", timeout="x"),
    "connect detect": lambda m, c: m.connect(":memory:", detect_types="x"),
    "connect nul": lambda m, c: m.connect("a\0b"),
    "connect cached": lambda m, c: m.connect(":memory:", cached_statements="x"),
    "uninit": lambda m, c: m.Connection.__new__(m.Connection).execute("select 1"),
    "func err": lambda m, c: (c.create_function("f", 0, lambda: 1 / 0), c.execute("select f()").fetchall()),
    "func bad type": lambda m, c: (c.create_function("f", 0, lambda: object()), c.execute("select f()").fetchall()),
    "func args": lambda m, c: (c.create_function("f", 1, lambda: 1), c.execute("select f(1)").fetchall()),
    "func nargs": lambda m, c: (c.create_function("f", 1, lambda x: 1), c.execute("select f(1,2)").fetchall()),
    "func big": lambda m, c: (c.create_function("f", 0, lambda: 2**64), c.execute("select f()").fetchall()),
    "func in where": lambda m, c: (
        c.create_function("f", 1, lambda x: x > 1),
        c.execute("select a from t where f(a)").fetchall(),
    ),
    "agg nofinal": lambda m, c: (
        c.create_aggregate("f", 1, type("X", (), {"step": lambda s, x: None})),
        c.execute("select f(a) from t").fetchall(),
    ),
    "syntax": lambda m, c: c.execute("selec"),
    "syntax2": lambda m, c: c.execute("select * frm t"),
    "incomplete": lambda m, c: c.execute("select * from"),
    "notable": lambda m, c: c.execute("select * from zz"),
    "nocol": lambda m, c: c.execute("select zz from t"),
    "notnull": lambda m, c: (c.execute("create table n(a not null)"), c.execute("insert into n values(null)")),
    "unique": lambda m, c: c.execute("insert into t(a) values(1)"),
    "dtype mismatch": lambda m, c: c.execute("insert into t(a) values('x')"),
    "commit none": lambda m, c: c.execute("commit"),
    "begin twice": lambda m, c: (c.execute("begin"), c.execute("begin")),
    "text bytes": lambda m, c: (setattr(c, "text_factory", bytes), c.execute("select b from t").fetchall()),
    "text lambda": lambda m, c: (
        setattr(c, "text_factory", lambda b: b.decode() + "!"),
        c.execute("select b from t").fetchall(),
    ),
    "text bad": lambda m, c: (setattr(c, "text_factory", lambda b: 1 / 0), c.execute("select b from t").fetchall()),
    "rowfac bad": lambda m, c: (setattr(c, "row_factory", 5), c.execute("select b from t").fetchall()),
    "rowfac exc": lambda m, c: (setattr(c, "row_factory", lambda a, b: 1 / 0), c.execute("select b from t").fetchall()),
    "call": lambda m, c: type(c("select 1")).__name__,
    "call bad": lambda m, c: c("selec 1"),
    "interrupt": lambda m, c: c.interrupt(),
    "version": lambda m, c: isinstance(m.version, str),
    "exc mro": lambda m, c: [k.__name__ for k in m.NotSupportedError.__mro__],
    "hash cursor": lambda m, c: isinstance(hash(c.cursor()), int),
    "cursor attr": lambda m, c: setattr(c.cursor(), "foo", 1),
    "copy row": lambda m, c: copy.copy(m.Row(c.execute("select 1 a"), (1,))),
    "setinputsizes": lambda m, c: c.cursor().setinputsizes(),
    "setoutputsize": lambda m, c: c.cursor().setoutputsize(),
}


def plain(value: Any) -> Any:
    """The value, with objects of the modules by their class's name."""
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    return value if isinstance(value, (str, int, float, bytes, type(None))) else type(value).__name__


def outcome(module: ModuleType, case: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
    connection = module.connect(":memory:")
    connection.executescript(
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB); INSERT INTO t VALUES (1, 'x', x'00'), (2, 'y', NULL), (3, NULL, x'ff01')"
    )
    try:
        return "ok", plain(case(module, connection))
    except Exception as error:
        told = "" if isinstance(error, (TypeError, AttributeError)) else str(error)
        return type(error).__name__, told


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="later versions of sqlite3 tell some of it otherwise")
@pytest.mark.parametrize("name", CASES)
def test_as_sqlite3(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcome(aerodb_dbapi, CASES[name]) == outcome(sqlite3, CASES[name])


def test_dml_behind_with_commits_by_itself() -> None:
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")
        connection.execute("CREATE TABLE t(a)")
        connection.execute("WITH q(x) AS (VALUES (1)) INSERT INTO t SELECT x FROM q")
        assert not connection.in_transaction
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


def test_functions_named_like_glob_regexp_match_take_the_operators() -> None:
    """The operators call the application's functions, pattern first."""
    answers = []
    for module in (aerodb_dbapi, sqlite3):
        c = module.connect(":memory:")
        for name, count in (("like", 2), ("like", 3), ("glob", 2), ("regexp", 2), ("match", 2)):
            c.create_function(name, count, lambda *values: "-".join(map(str, values)))
        c.executescript("CREATE TABLE t(a COLLATE NOCASE); CREATE INDEX i ON t(a); INSERT INTO t VALUES ('abc'), ('b')")
        operators = (
            "a LIKE 'b', a NOT LIKE 'b', a LIKE 'b' ESCAPE 'c', a GLOB 'b', a REGEXP 'b', a MATCH 'b', like('x', a)"
        )
        answers.append(
            c.execute(f"SELECT {operators} FROM t WHERE a NOT LIKE 'b%' OR a GLOB 'b' IS NOT NULL").fetchall()
        )
    assert answers[0] == answers[1]


def test_what_another_thread_may_ask() -> None:
    """Attributes may be read in any thread, and a backup may go to another thread's connection; statements may not be run."""

    def asked(module: ModuleType) -> list[Any]:
        connection, target = module.connect(":memory:"), module.connect(":memory:")
        connection.execute("CREATE TABLE t(a)")
        connection.execute("INSERT INTO t VALUES (1)")
        found: list[Any] = []

        def ask() -> None:
            own = module.connect(":memory:")
            own.backup(target)
            found.append((connection.in_transaction, connection.total_changes, connection.isolation_level))
            for call in (connection.commit, connection.cursor, lambda: connection.execute("SELECT 1")):
                with pytest.raises(module.ProgrammingError):
                    call()
            own.close()

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        connection.close()
        with pytest.raises(module.ProgrammingError, match="Cannot operate on a closed database"):
            _ = connection.in_transaction
        return found

    assert asked(aerodb_dbapi) == asked(sqlite3) == [(True, 1, "")]


def test_functions_of_the_application_are_listed() -> None:
    def listed(module: ModuleType) -> Any:
        connection = module.connect(":memory:")
        connection.create_function("Shout", -1, lambda *_: 1)
        connection.create_function("shout", 1, lambda _: 1)
        connection.create_aggregate("both", 2, object)
        sql = "SELECT name, builtin, type, narg FROM pragma_function_list WHERE name IN ('shout', 'both') ORDER BY 1, 4"
        return connection.execute(sql).fetchall()

    assert listed(aerodb_dbapi) == listed(sqlite3)
