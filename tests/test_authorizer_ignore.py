"""SQLITE_IGNORE, the answer of an authorizer that hides instead of refusing, beside `sqlite3`."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

SETUP = (
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); INSERT INTO t VALUES (1, 2, 3), (2, 5, 6); CREATE TABLE u(x);"
    "CREATE VIEW v AS SELECT a, b FROM t;"
)
READ, UPDATE, DELETE, INSERT, FUNCTION = (
    sqlite3.SQLITE_READ, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_FUNCTION,
)  # fmt: skip
CASES: list[tuple[tuple[Any, ...], str]] = [
    *(
        ((READ, "t", "c"), sql)
        for sql in (
            "UPDATE t SET b = c",
            "UPDATE t SET b = 1 WHERE c = 3",
            "UPDATE t SET b = (SELECT max(c) FROM t)",
            "UPDATE t SET c = c + 1",
            "UPDATE t SET b = u.x FROM u WHERE t.c IS NULL",
            "UPDATE t SET b = 1 RETURNING c",
            "WITH q AS (SELECT c FROM t) UPDATE t SET b = (SELECT c FROM q)",
            "DELETE FROM t WHERE c = 3",
            "DELETE FROM t RETURNING c",
            "INSERT INTO u SELECT c FROM t",
            "INSERT INTO t VALUES (1, 1, 1) ON CONFLICT(a) DO UPDATE SET b = c",
            "INSERT INTO t VALUES (1, 1, 1) ON CONFLICT(a) DO UPDATE SET b = excluded.c",
            "INSERT INTO t VALUES (7, 8, 9) RETURNING c",
            "SELECT c FROM t WHERE c IS NULL",
            "SELECT max(c) FROM t",
            "SELECT b FROM t ORDER BY c DESC, b DESC",
        )
    ),
    *(((READ, "t", "a"), sql) for sql in ("UPDATE t SET b = a", "DELETE FROM t WHERE rowid = 1", "SELECT a FROM v")),
    *(
        ((READ, "sqlite_master", "sql"), f"SELECT type, name, sql FROM {name}")
        for name in ("sqlite_master", "sqlite_schema AS s")
    ),
    ((READ, "sqlite_master", "name"), "SELECT count(*) FROM sqlite_master WHERE name = 't'"),
    ((READ, "sqlite_temp_master", "sql"), "SELECT name, sql FROM sqlite_temp_master"),
    ((READ, "json_each", "key"), "SELECT key, value FROM json_each('{\"a\": 1}')"),
    ((READ, "pragma_table_info", "name"), "SELECT name, type FROM pragma_table_info('t')"),
    ((DELETE, "t"), "DELETE FROM t"),
    ((DELETE, "t"), "DELETE FROM t WHERE a = 1"),
    ((INSERT, "t"), "INSERT INTO t VALUES (5, 5, 5)"),
    ((INSERT, "t"), "INSERT INTO t VALUES (1, 1, 1) ON CONFLICT(a) DO UPDATE SET b = 5"),
    ((UPDATE, "t", "b"), "UPDATE t SET b = 1"),
    ((UPDATE, "t", "b"), "UPDATE t SET b = 1, c = 2"),
    ((UPDATE, "t", "c"), "UPDATE t SET (b, c) = (7, 8)"),
    ((UPDATE, "t", "b"), "INSERT INTO t VALUES (1, 1, 1) ON CONFLICT(a) DO UPDATE SET b = 5, c = 6"),
    *(
        ((FUNCTION, None, "abs"), sql)
        for sql in (
            "SELECT abs(-1), upper('x')",
            "SELECT a FROM t WHERE abs(a) = 1",
            "SELECT coalesce(abs(a), 7) FROM t",
            "UPDATE t SET b = abs(-9)",
            "INSERT INTO u VALUES (abs(1))",
        )
    ),
]


def outcome(module: Any, hidden: tuple[Any, ...], sql: str) -> Any:
    connection = module.connect(":memory:", isolation_level=None)
    connection.executescript(SETUP)
    connection.set_authorizer(lambda *asked: module.SQLITE_IGNORE if asked[: len(hidden)] == hidden else 0)
    rows = connection.execute(sql).fetchall()
    connection.set_authorizer(None)
    return rows, connection.execute("SELECT * FROM t").fetchall(), connection.execute("SELECT * FROM u").fetchall()


@pytest.mark.parametrize(("hidden", "sql"), CASES, ids=[f"{case[0][-1]}: {case[1]}" for case in CASES])
def test_what_is_ignored_is_hidden(hidden: tuple[Any, ...], sql: str) -> None:
    assert outcome(aerodb_dbapi, hidden, sql) == outcome(sqlite3, hidden, sql)


@pytest.mark.parametrize("answer", [5, -1, 1 << 40, True, "x", None])
def test_what_is_no_answer_denies_or_is_a_malfunction(answer: Any) -> None:
    told = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")
        connection.set_authorizer(lambda *asked: answer)
        with pytest.raises(module.DatabaseError) as caught:
            connection.execute("SELECT 1")
        told.append((caught.type.__name__, str(caught.value)))
    assert told[0] == told[1]


def test_questions_name_tables_of_triggers_and_indexes() -> None:
    asked: list[list[Any]] = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:", isolation_level=None)
        connection.executescript("CREATE TABLE t(a); CREATE INDEX i ON t(a)")
        asked.append([])
        connection.set_authorizer(lambda *question: asked[-1].append(question) or 0)
        connection.execute("CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END")
        connection.execute("DROP TRIGGER tr")
        connection.execute("DROP INDEX i")
        actions = (sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_DROP_TRIGGER, sqlite3.SQLITE_DROP_INDEX)
        asked[-1] = [question for question in asked[-1] if question[0] in actions]
    assert asked[0] == asked[1]


def test_aggregates_cannot_be_ignored() -> None:
    with pytest.raises(aerodb_dbapi.NotSupportedError, match="SQLITE_IGNORE for an aggregate"):
        outcome(aerodb_dbapi, (FUNCTION, None, "count"), "SELECT count(*) FROM t")
