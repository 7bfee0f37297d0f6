"""ALTER TABLE beside `sqlite3`: forms whose results the golden scripts cannot show, random alterations, and recovery."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from random_sql import Generator
from test_random_sql import contents, outcome

import aerodb_dbapi

SEEDS = range(16)

SCRIPTS = [
    ["CREATE TABLE t(a)", "ALTER TABLE t ADD b NOT NULL DEFAULT CURRENT_TIME", "ALTER TABLE t ADD c DEFAULT (1 + 1) CHECK (c > 5)"],
    ["CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", "ALTER TABLE t ADD e REAL CHECK (e IS NULL OR e > 0) /* kept */ COLLATE nocase"],
    ["CREATE TABLE t(a CHECK (a <> 3))", "INSERT INTO t VALUES (1)", "ALTER TABLE t ADD b DEFAULT 4 CHECK (b > 4)"],
    ["CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", "ALTER TABLE t ADD b INTEGER DEFAULT (-(-'12')) CHECK (b = 12)"],
    ["CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", "ALTER TABLE t ADD b TEXT DEFAULT (CAST(5 AS TEXT))"],
    ["CREATE TABLE t(a, b)", "ALTER TABLE t RENAME a", "ALTER TABLE t RENAME", "ALTER TABLE t DROP", "ALTER TABLE t DROP main.a"],
    ["CREATE TABLE t(\"a\"\"b\", [c d], `e`)", "ALTER TABLE t RENAME 'c d' TO x", "ALTER TABLE t DROP `a\"b`"],
    ["CREATE TABLE t(a,b\n,c -- last\n)", "ALTER TABLE t DROP c", "ALTER TABLE t ADD d", "ALTER TABLE t DROP a"],
]  # fmt: skip


def texts(connection: Any) -> list[Any]:
    """The definitions, automatic indexes included."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
    return [tuple(row) for row in connection.execute(query)]


def play(connections: list[Any], sql: str) -> list[Any]:
    """What each connection answers: its rows, or the error's class and text."""
    answers: list[Any] = []
    for connection in connections:
        try:
            answers.append([tuple(row) for row in connection.execute(sql)])
        except (sqlite3.Error, aerodb_dbapi.Error) as error:
            answers.append((type(error).__name__, str(error)))
    return answers


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script[-1])
def test_forms(script: list[str]) -> None:
    both = [module.connect(":memory:", isolation_level=None) for module in (aerodb_dbapi, sqlite3)]
    for sql in [*script, "SELECT * FROM t", "SELECT sql FROM sqlite_schema"]:
        ours, theirs = play(both, sql)
        assert ours == theirs, sql


def alteration(generator: Generator, theirs: Any) -> str:
    """A random ALTER TABLE; c0 stays, for the generator knows it."""
    tables = [name for (name,) in theirs.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    table = generator.pick(*tables)
    columns = [row[1] for row in theirs.execute(f"PRAGMA table_info({table})")]
    fresh = f"n{generator.random.randrange(1000)}"
    kind = generator.random.randrange(8)
    if kind == 0:
        return f"ALTER TABLE {table} RENAME TO {fresh}"
    if kind < 3:
        return f"ALTER TABLE {table} RENAME {generator.pick(*columns[1:])} TO {generator.pick(fresh, fresh, 'c1')}"
    if kind < 6:
        default = generator.pick("", "DEFAULT 7", "DEFAULT 'a'", "DEFAULT -2.5", "NOT NULL DEFAULT x'61'", "NOT NULL")
        return f"ALTER TABLE {table} ADD {fresh} {generator.pick('INTEGER', 'TEXT', '', 'REAL')} {default}"
    return f"ALTER TABLE {table} DROP {generator.pick(*columns[1:])}"


def reread(generator: Generator, theirs: Any) -> None:
    """Let the generator know the tables as they are now."""
    old = dict(generator.tables)
    names = [
        name for (name,) in theirs.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rootpage")
    ]
    generator.tables = {name: [row[1] for row in theirs.execute(f"PRAGMA table_info({name})")] for name in names}
    aliased = [is_aliased in generator.aliased for is_aliased in old]
    generator.aliased = {name for name, is_aliased in zip(generator.tables, aliased) if is_aliased}


@pytest.mark.parametrize("seed", SEEDS)
def test_random_alterations(seed: int, tmp_path: Path) -> None:
    """Tables, rows and texts as sqlite3's after each of a series of changes; the same after reopening (INV-S4, INV-R4)."""
    generator = Generator(seed)
    path = str(tmp_path / "a.db")
    ours, theirs = aerodb_dbapi.connect(path, isolation_level=None), sqlite3.connect(":memory:", isolation_level=None)
    for sql in generator.schema():
        outcome(ours, sql, aerodb_dbapi.Error)
        outcome(theirs, sql, sqlite3.Error)
    for table in list(generator.tables):
        view = f"CREATE VIEW v_{table} AS SELECT a.*, c1 AS x FROM {table} AS a WHERE a.c0 <> c1 ORDER BY c1"
        ours.execute(view)
        theirs.execute(view)
    for _ in range(30):
        altering = generator.chance(0.4)
        sql = alteration(generator, theirs) if altering else generator.change()
        mine, other = (play([ours, theirs], sql)) if altering else (None, None)
        if not altering:
            mine, other = outcome(ours, sql, aerodb_dbapi.Error), outcome(theirs, sql, sqlite3.Error)
        assert mine == other, f"seed {seed}: {sql}"
        reread(generator, theirs)
        assert texts(ours) == texts(theirs), f"seed {seed}: {sql}"
        assert contents(ours, list(generator.tables)) == contents(theirs, list(generator.tables)), f"seed {seed}: {sql}"
    assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    digest = ours.execute("PRAGMA aerodb_digest").fetchall()
    ours.close()
    again = aerodb_dbapi.connect(path, isolation_level=None)
    assert again.execute("PRAGMA aerodb_digest").fetchall() == digest
    assert texts(again) == texts(theirs)
    again.close()


UNKNOWN = [
    "CREATE VIEW v AS SELECT f(b) FROM t",
    "CREATE TRIGGER x AFTER INSERT ON t WHEN f(NEW.b) BEGIN SELECT f(NEW.a); END",
    "CREATE TABLE k(a CHECK (f(a)), b AS (f(a)))",
    "CREATE INDEX i ON t(f(b)) WHERE f(b) > 0",
    "CREATE VIEW v AS SELECT f(b) OVER (ORDER BY b), f(b) OVER w FROM t WINDOW w AS (PARTITION BY b)",
    "CREATE VIEW v AS SELECT f(b) FILTER (WHERE b > 1), f(DISTINCT b), f(b) FILTER (WHERE b) OVER () FROM t GROUP BY b HAVING f(b)",
    "CREATE VIEW v AS SELECT f(b), b FROM t WHERE count(b) AND f(b) OVER () > 1 AND abs(b, 1) AND b MATCH 1 AND sum(sum(b))",
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO u SELECT f(b) OVER () FROM t WHERE 1 ON CONFLICT (c) DO NOTHING; END",
]


@pytest.mark.parametrize("definition", UNKNOWN)
@pytest.mark.parametrize("driver", [aerodb_dbapi, sqlite3])
def test_functions_that_are_not_there(driver: Any, definition: str, tmp_path: Path) -> None:
    """A schema that names functions of the application is altered by a connection without them."""
    path = str(tmp_path / "a.db")
    connection = driver.connect(path)
    connection.create_function("f", 1, abs, deterministic=True)
    connection.executescript(f"CREATE TABLE t(a, b); CREATE TABLE u(c); {definition}")
    connection.close()
    connection = driver.connect(path)
    table = "k" if " k(" in definition else "t"
    for sql in (
        f"ALTER TABLE {table} RENAME TO w", "ALTER TABLE w RENAME COLUMN a TO aa", "ALTER TABLE w ADD d DEFAULT 5",
        "ALTER TABLE w DROP d", "ALTER TABLE u RENAME TO uu",
    ):  # fmt: skip
        connection.execute(sql)
    sql = " ".join(row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql LIKE '%f(%'"))
    if table == "k":
        assert "f(aa)" in sql
        with pytest.raises(driver.OperationalError, match=r"no such function: f|unknown function: f"):
            connection.execute("INSERT INTO w(aa) VALUES (1)")
    else:
        assert '"w"' in sql
    connection.close()


def test_definitions_of_others_are_taken_over() -> None:
    """One definition more does not read the others anew."""
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript("CREATE TABLE t(a UNIQUE); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE u(b)")
    before = connection._session.schema
    connection.execute("CREATE INDEX i ON u(b)")
    connection.execute("ALTER TABLE u RENAME TO w")
    after = connection._session.schema
    assert after.table("t") is before.table("t") and after.view("v") is before.view("v")
    assert after.table("w") is not None and after.table("u") is None
    assert [index.name for index in after.table("w").indexes] == ["i"]
