"""Statements that a connection knows already, where they are no hits: BEGIN and COMMIT, the first statement of a transaction, lists,
mappings and text beyond ASCII as parameters. Each is run three times beside `sqlite3`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi

SCHEMA = (
    "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, name TEXT); INSERT INTO t VALUES (1, 10, 'é'), (2, 20, 'b');"
)
STATEMENTS: list[tuple[str, Any]] = [
    ("SELECT name FROM t WHERE id = ?", [1]),
    ("SELECT name FROM t WHERE id = ? AND n > ?", [1, 2.5]),
    ("SELECT id FROM t WHERE name = ?", ("é",)),
    ("SELECT id FROM t WHERE name = ?", ("\ud800",)),
    ("SELECT id FROM t WHERE name = ?", ["\ud800"]),
    ("SELECT id FROM t WHERE n = ?", (2**63,)),
    ("SELECT id FROM t WHERE n = ?", [2**63]),
    ("SELECT id, ? FROM t", (float("nan"),)),
    ("SELECT id FROM t WHERE id = :id", {"id": 2}),
    ("SELECT id FROM t WHERE id = :id", {"other": 2}),
    ("SELECT id FROM t WHERE id = ?", ()),
    ("SELECT id FROM t WHERE id = ?", []),
    ("SELECT id FROM t", None),
    ("SELECT id FROM t", [1]),
    ("SELECT id FROM t WHERE id = ?", (object(),)),
    ("UPDATE t SET n = n + ? WHERE id = ?", [1, 1]),
    ("UPDATE t SET n = n + :by", {"by": 2}),
    ("UPDATE t SET n = n + 1 WHERE id = ? RETURNING n", (1,)),
    ("INSERT INTO t(id) VALUES (?)", [1]),
]


def outcome(cursor: Any, sql: str, parameters: Any) -> Any:
    try:
        cursor.execute(sql, parameters)
        names = cursor.description and [column[0] for column in cursor.description]
        return repr(cursor.fetchall()), names, cursor.rowcount, cursor.lastrowid
    except Exception as error:
        return type(error).__name__, str(error), cursor.description, cursor.rowcount


@pytest.mark.parametrize("level", [None, "", "IMMEDIATE"])
@pytest.mark.parametrize(("sql", "parameters"), STATEMENTS)
def test_each_run_is_as_in_sqlite3(sql: str, parameters: Any, level: str | None) -> None:
    seen = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:", isolation_level=level)
        connection.executescript(SCHEMA)
        cursor = connection.cursor()
        runs: list[Any] = []
        for _ in range(3):
            if level is None:
                runs.append(outcome(cursor, "BEGIN", ()))
            runs.append(outcome(cursor, sql, parameters))
            runs.append(connection.in_transaction)
            if connection.in_transaction:
                runs.append(outcome(cursor, "COMMIT", ()))
        runs.append(connection.execute("SELECT * FROM t").fetchall())
        seen.append(runs)
        connection.close()
    assert seen[0] == seen[1]


@pytest.mark.parametrize("make", [lambda values: tuple(values), lambda values: list(values)])
def test_the_schema_may_have_changed(make: Callable[[list[Any]], Any]) -> None:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    for width in (3, 4, 5):
        connection.execute("BEGIN")
        cursor = connection.execute("SELECT * FROM t WHERE id = ?", make([1]))
        assert len(cursor.fetchone()) == width
        assert len(cursor.description) == width
        connection.execute("COMMIT")
        connection.execute(f"ALTER TABLE t ADD COLUMN c{width}")


@pytest.mark.parametrize("module", [aerodb_dbapi, sqlite3])
def test_an_adapter_may_empty_the_list(module: Any) -> None:
    class Emptying:
        def __conform__(self, protocol: object) -> str:
            parameters.clear()
            return "x"

    connection = module.connect(":memory:", isolation_level=None)
    for _ in range(3):
        parameters: list[Any] = [Emptying(), 0]
        with pytest.raises(IndexError):
            connection.execute("SELECT ?, ?", parameters)


def test_one_cursor_is_not_used_within_its_statement() -> None:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    cursor = connection.cursor()
    told: list[str] = []

    def again() -> int:
        try:
            cursor.execute("SELECT 1")
        except aerodb_dbapi.ProgrammingError as error:
            told.append(str(error))
        return 1

    connection.create_function("again", 0, again)
    for _ in range(3):
        cursor.execute("BEGIN")
        cursor.execute("UPDATE t SET n = again() WHERE id = 1")
        cursor.execute("COMMIT")
    assert told == ["Recursive use of cursors not allowed."] * 3


def test_after_a_conflict_the_next_transaction_is_open(tmp_path: Path) -> None:
    first, second = (aerodb_dbapi.connect(tmp_path / "t.db", autocommit=False) for _ in range(2))
    first.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER)")
    first.execute("INSERT INTO t VALUES (1, 1), (2, 2)")
    first.commit()
    for _ in range(3):
        for connection, mine in ((first, 1), (second, 2)):
            connection.execute("SELECT sum(n) FROM t").fetchone()
            connection.execute("UPDATE t SET n = n + 1 WHERE id = ?", [mine])
        first.commit()
        with pytest.raises(aerodb_dbapi.SerializationError):
            second.execute("COMMIT")
        assert second.in_transaction
        second.rollback()
    assert first.execute("SELECT n FROM t").fetchall() == [(4,), (2,)]
    first.close()
    second.close()


def test_who_traces_sees_what_is_known() -> None:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    traced: list[str] = []
    for callback in (None, traced.append, None):
        connection.set_trace_callback(callback)
        connection.execute("BEGIN")
        connection.execute("SELECT n FROM t WHERE id = ?", [1]).fetchall()
        connection.execute("COMMIT")
    assert traced == ["BEGIN", "SELECT n FROM t WHERE id = 1", "COMMIT"]
