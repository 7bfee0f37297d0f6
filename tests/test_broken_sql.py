"""Broken statements beside `sqlite3`: nothing but errors of the driver comes out, and the words are SQLite's (INV-F2, INV-F4)."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import broken_sql
import pytest

import aerodb_dbapi

SETUP = """
    CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c);
    CREATE TABLE u(k, v);
    CREATE VIEW w AS SELECT a FROM t;
    CREATE INDEX i ON t(a);
"""
SYNTAX = ("syntax error", "incomplete input", "unrecognized token")


def fresh(module: Any) -> Any:
    connection = module.connect(":memory:", isolation_level=None)
    connection.executescript(SETUP)
    return connection


def outcome(connection: Any, module: Any, sql: str) -> tuple[str, str]:
    """The error of a statement, or that it is none; anything that is no error of the module goes through."""
    try:
        connection.execute(sql).fetchall()
    except (module.Error, module.Warning, ValueError) as error:  # ValueError: NUL, embedded in a text
        return type(error).__name__, str(error)
    return "", ""


def differences(seed: int, count: int) -> tuple[list[str], int]:
    """Statements that one takes and the other does not, or whose error of syntax has other words; how many errors of syntax."""
    chance = random.Random(seed)
    ours, theirs = fresh(aerodb_dbapi), fresh(sqlite3)
    found, syntax = [], 0
    for _ in range(count):
        sql = broken_sql.broken(chance)
        mine, other = outcome(ours, aerodb_dbapi, sql), outcome(theirs, sqlite3, sql)
        is_syntax = any(words in other[1] for words in SYNTAX)
        syntax += is_syntax
        if (is_syntax or bool(mine[0]) != bool(other[0])) and mine != other:
            found.append(f"{sql}\n    {mine}\n    {other}")
        if not (mine[0] and other[0]):
            ours.close()
            theirs.close()
            ours, theirs = fresh(aerodb_dbapi), fresh(sqlite3)
    return found, syntax


def test_errors_of_syntax_have_sqlites_words() -> None:
    """A statement may have two mistakes, and another one be named."""
    found, syntax = differences(1, 600)
    assert syntax > 250
    assert len(found) <= syntax // 50, "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_errors_of_syntax_have_sqlites_words_long(seed: int) -> None:
    found, syntax = differences(seed, 1000)
    assert len(found) <= syntax // 50, "\n".join(found)
