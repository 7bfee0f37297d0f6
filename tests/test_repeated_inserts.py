"""INSERTs of a script that are run at once do what each of them does alone, beside `sqlite3` (INV-D4, INV-Q7)."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor.session import Session
from aerodb_dbapi.planner.front import split_script
from aerodb_dbapi.planner.lists import NAME
from aerodb_dbapi.planner.repeated import ROWS_MAX, repeated

SCHEMA = """
    CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b TEXT NOT NULL DEFAULT 'none', c REAL CHECK (c < 100));
    CREATE TABLE log(x); CREATE TABLE plain(a, b); CREATE TABLE strict(a INTEGER, b TEXT) STRICT;
    CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID; CREATE TABLE dated(a, at DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE triggered(a); CREATE TRIGGER fires AFTER INSERT ON triggered BEGIN INSERT INTO log VALUES (new.a); END;
    CREATE TABLE auto(id INTEGER PRIMARY KEY AUTOINCREMENT, a, twice AS (a * 2));
    CREATE INDEX some ON plain(a) WHERE b = 'x';
    INSERT INTO t VALUES (1000, 'there', 'b', 1.5);
"""
TABLES = ("t", "log", "plain", "strict", "keyed", "triggered", "auto")


def rows_of(start: int, count: int, table: str = "t", verb: str = "INSERT") -> str:
    return "".join(
        f"{verb} INTO {table} VALUES({i},'a{i}','it''s {i}',{i % 90}.25);\n" for i in range(start, start + count)
    )


VERBS = (
    "INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "INSERT OR FAIL", "INSERT OR ABORT", "INSERT OR ROLLBACK", "REPLACE"
)  # fmt: skip
BAD_ROWS = (
    "5,'x','y',1", "50,'there','y',1", "50,'x',NULL,1", "50,'x','y',100", "'no','x','y',1", "50,'x','y'",
    "9223372036854775808,'x','y',1",
)  # fmt: skip


def run_of(text: str, count: int = 5) -> str:
    """Statements with a number of their own in the place of #."""
    return "".join(text.replace("#", str(i)) + ";" for i in range(count))


SCRIPTS = [
    *(
        f"{rows_of(1, 10, verb=verb)}{verb} INTO t VALUES({bad});\n{rows_of(20, 10, verb=verb)}"
        for verb in VERBS
        for bad in BAD_ROWS
    ),
    "INSERT INTO plain(b, a) VALUES(1,NULL);INSERT INTO plain(b, a) VALUES(x'00ff','x');INSERT INTO plain(b, a) VALUES(-5,+5);"
    "INSERT INTO plain(b, a) VALUES(-9223372036854775808,9e999);INSERT INTO plain(b, a) VALUES(.5,1.);"
    "INSERT INTO plain(b, a) VALUES(1e2,'');",
    "".join(f"insert into \"plain\" values ( {i} , 'x' ) ;\r\n\t" for i in range(9)),
    run_of("INSERT INTO strict VALUES(#,'t')") + "INSERT INTO strict VALUES('t',1);",
    run_of("INSERT INTO keyed VALUES('k#',#)", 9) + "INSERT INTO keyed VALUES('k1',0);",
    run_of("INSERT INTO triggered VALUES(#)", 9) + "INSERT INTO log SELECT changes();",
    run_of("INSERT INTO auto(a) VALUES(#)", 9) + "INSERT INTO log SELECT last_insert_rowid();",
    run_of("INSERT INTO plain VALUES(#,'x')") + "INSERT INTO log SELECT changes() UNION ALL SELECT total_changes();",
    run_of("INSERT INTO plain VALUES(#,'x')") + "-- one\n" + run_of("INSERT INTO plain VALUES(#,'y')"),
    "SAVEPOINT s;" + run_of("INSERT INTO plain VALUES(#,2)") + "ROLLBACK TO s;INSERT INTO plain VALUES(7,2);",
    *map(
        run_of,
        (
            "INSERT INTO nowhere VALUES(#)",
            "INSERT INTO plain VALUES(#)",
            "INSERT INTO plain(a, z) VALUES(#,1)",
            "INSERT INTO plain VALUES(#,\xa01)",
            "INSERT INTO plain VALUES(#,1)\xa0",
            "INSERT INTO plain VALUES(#,1);\x0b",
            "INSERT INTO plain VALUES(#,1) ON CONFLICT DO NOTHING",
            "INSERT INTO plain VALUES(#,1),(#,2)",
            "INSERT INTO plain VALUES(#,'a\nb;--')",
        ),
    ),
    run_of("INSERT INTO plain VALUES(#,1)") + "INSERT INTO plain VALUES(5,",
    run_of("INSERT INTO plain VALUES(#,1)") + "INSERT INTO plain VALUES(5,1)",
]


def outcome(module: Any, script: str, begin: str, script_rule: bool = True) -> list[Any]:
    """Everything that a script leaves."""
    connection = module.connect(":memory:", isolation_level=None)
    if not script_rule:
        connection.execute(f"PRAGMA aerodb_disable_rule = {NAME}")
    connection.executescript(SCHEMA)
    before = connection.total_changes
    error: Any = None
    try:
        connection.executescript(begin + script)
    except module.Error as raised:
        error = (type(raised).__name__, str(raised))
    found = [error, connection.in_transaction, connection.total_changes - before]
    found += [connection.execute("SELECT changes(), last_insert_rowid()").fetchall()]
    for table in TABLES:
        found.append(
            connection.execute(
                f"SELECT *, rowid FROM {table}" if table != "keyed" else "SELECT * FROM keyed"
            ).fetchall()
        )
    found.append([tuple(map(type, row)) for row in connection.execute("SELECT * FROM plain")])
    connection.close()
    return found


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_as_sqlite(number: int) -> None:
    script = SCRIPTS[number]
    for begin in ("BEGIN;", "", "BEGIN; INSERT INTO log VALUES (1);"):
        wanted = outcome(sqlite3, script, begin)
        assert outcome(aerodb_dbapi, script, begin) == wanted
        assert outcome(aerodb_dbapi, script, begin, False) == wanted


def test_what_is_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of one form in a transaction; nothing outside of one, where each is a commit, nor what somebody watches."""
    runs: list[int] = []
    original = Session.run_many
    monkeypatch.setattr(
        Session, "run_many", lambda self, prepared, rows: runs.append(len(rows)) or original(self, prepared, rows)
    )
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(
        SCHEMA + "BEGIN;" + rows_of(0, 50) + rows_of(100, 3, verb="INSERT OR FAIL") + rows_of(200, 4) + "COMMIT;"
    )
    assert runs == [49, 4]
    runs.clear()
    first = connection.commit_id
    connection.executescript(rows_of(300, 5))
    assert connection.commit_id == first + 5 and not runs
    texts: list[str] = []
    connection.set_trace_callback(texts.append)
    connection.executescript("BEGIN;" + rows_of(400, 6) + "COMMIT;")
    connection.set_trace_callback(None)
    assert len(texts) == 8 and not runs
    asked: list[int] = []
    connection.set_authorizer(lambda *what: asked.append(what[0]) or aerodb_dbapi.SQLITE_OK)
    connection.executescript("BEGIN;" + rows_of(500, 6) + "COMMIT;")
    connection.set_authorizer(None)
    assert asked.count(aerodb_dbapi.SQLITE_INSERT) == 6 and not runs
    connection.executescript(
        "BEGIN; DELETE FROM log;" + "".join(f"INSERT INTO triggered VALUES({i});" for i in range(9)) + "COMMIT;"
    )
    connection.executescript(
        "BEGIN; DELETE FROM log;" + "".join(f"INSERT INTO dated(a) VALUES({i});" for i in range(9)) + "COMMIT;"
    )
    assert not runs


def test_a_dump_comes_back() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript(SCHEMA)
    connection.executemany(
        "INSERT INTO t VALUES (?, ?, ?, ?)", [(i, f"a{i}", "it's\n;" * (i % 3), i / 8) for i in range(500)]
    )
    connection.executemany("INSERT INTO plain VALUES (?, ?)", [(None, bytes([i % 256])) for i in range(300)])
    connection.commit()
    copy = aerodb_dbapi.connect(":memory:")
    copy.executescript("".join(connection.iterdump()))
    theirs = sqlite3.connect(":memory:")
    theirs.executescript("\n".join(connection.iterdump()))
    for table in TABLES:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        assert (
            copy.execute(f"SELECT * FROM {table}").fetchall()
            == rows
            == theirs.execute(f"SELECT * FROM {table}").fetchall()
        )
    assert list(copy.iterdump()) == list(connection.iterdump())


def test_runs_are_cut() -> None:
    text = "".join(f"INSERT INTO t VALUES({i});" for i in range(ROWS_MAX + 10))
    first = repeated(text, 0)
    assert first is not None and first.sql == "INSERT INTO t VALUES(?)" and len(first.rows) == ROWS_MAX
    rest = repeated(text, len(first.text))
    assert (
        rest is not None
        and rest.rows == [(i,) for i in range(ROWS_MAX, ROWS_MAX + 10)]
        and first.text + rest.text == text
    )
    assert len(list(split_script(text))) == ROWS_MAX + 10
    assert repeated("SELECT 1;" * 9, 0) is None and repeated(text[:60], 0) is None


def test_white_space_is_sqlites() -> None:
    """What SQLite does not skip is not skipped, in the short cuts for rows and lists either."""
    for text in (
        "INSERT INTO plain VALUES (1,\xa02), (3, 4)", "INSERT INTO plain VALUES (1,\x0b2), (3, 4)",
        "INSERT INTO plain VALUES (1, 2), (3, 4)\xa0", "INSERT INTO plain VALUES (?, ?),\x0b(?, ?)",
        "SELECT a FROM plain WHERE a IN (?, ?, ?, ?, ?, ?, ?,\xa0?)", "SELECT 1;\xa0", "INSERT\u2003INTO plain VALUES (1, 2), (3, 4)",
    ):  # fmt: skip
        for module in (sqlite3, aerodb_dbapi):
            connection = module.connect(":memory:")
            connection.executescript(SCHEMA)
            with pytest.raises(module.Error):
                connection.execute(text, (1,) * text.count("?"))
    for text in ("create\xa0trigger a begin select 1;", "create\x0btrigger a begin select 1;", "select 1;\xa0"):
        assert aerodb_dbapi.complete_statement(text) == sqlite3.complete_statement(text)
