"""Running the same statements on AeroDB and on sqlite3, and telling what differs."""

from __future__ import annotations

import sqlite3
from typing import Any

import aerodb_dbapi

Statement = str | tuple[str, tuple[Any, ...]]


def connect() -> tuple[Any, Any]:
    """An empty database of each, in driver-autocommit mode."""
    return sqlite3.connect(":memory:", isolation_level=None), aerodb_dbapi.connect(":memory:", isolation_level=None)


def outcome(connection: Any, statement: Statement) -> Any:
    """What a statement gives: rows, row count, the counters; or the error's class, text and name."""
    sql, params = statement if isinstance(statement, tuple) else (statement, ())
    try:
        cursor = connection.execute(sql, params)
        names = [column[0] for column in cursor.description] if cursor.description else None
        rows = [[(type(value).__name__, value) for value in row] for row in cursor.fetchall()]
    except (sqlite3.Error, aerodb_dbapi.Error) as error:
        return type(error).__name__, str(error), getattr(error, "sqlite_errorname", None)
    counters = connection.execute("SELECT changes(), total_changes(), last_insert_rowid()").fetchone()
    return rows, names, cursor.rowcount, counters


def assert_same(*statements: Statement) -> Any:
    """Every statement has the same outcome on both, and AeroDB's trees are sound after each (INV-D2, INV-D3)."""
    theirs, ours = connect()
    for statement in statements:
        expected, got = outcome(theirs, statement), outcome(ours, statement)
        assert got == expected, statement
        assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)], statement
    return ours
