"""Random lives of schemas (`random_lives`) beside `sqlite3`: rows, names of columns, error classes, rowcount, lastrowid, changes(), and
after each change the texts of `sqlite_master` and the contents of all tables (INV-Q1, INV-D3, INV-D4)."""

from __future__ import annotations

import os
import re
import sqlite3
from typing import Any

import pytest
from random_lives import Life

import aerodb_dbapi

SEEDS = [int(os.environ["AERODB_SEED"])] if "AERODB_SEED" in os.environ else list(range(40))
LONG_SEEDS = range(1000, 1400)
STATEMENTS = 50
_READS = ("SELECT", "WITH")


def shown(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def outcome(connection: Any, sql: str, error: type[Exception]) -> tuple[Any, ...]:
    """What a statement gives; rows in no order."""
    try:
        cursor = connection.execute(sql)
        rows = sorted([shown(value) for value in row] for row in cursor.fetchall())
    except error as problem:
        return "error", type(problem).__name__
    if sql.startswith(_READS):
        return [column[0] for column in cursor.description], rows
    inserted = cursor.lastrowid if sql.startswith("INSERT") else None
    changes = connection.execute("SELECT changes(), total_changes()").fetchall()
    return rows, cursor.rowcount, inserted, changes, connection.in_transaction


def contents(connection: Any) -> list[Any]:
    """All definitions, and the rows of all tables."""
    found: list[Any] = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
    ).fetchall()
    names = [name for kind, name, _, _ in found if kind == "table" and not name.startswith("sqlite_")]
    return [
        found,
        *(sorted([shown(v) for v in row] for row in connection.execute(f"SELECT * FROM {name}")) for name in names),
    ]


def difference(script: list[str]) -> tuple[Any, Any] | None:
    """Where a script first goes otherwise; None if nowhere."""
    ours = aerodb_dbapi.connect(":memory:", isolation_level=None)
    theirs = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for number, sql in enumerate(script):
            pair: tuple[Any, Any] = (outcome(ours, sql, aerodb_dbapi.Error), outcome(theirs, sql, sqlite3.Error))
            if pair[0] == pair[1] and not sql.startswith(_READS):
                pair = contents(ours), contents(theirs)
            if pair[0] != pair[1]:
                del script[number + 1 :]
                return pair
        assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)], script
        return None
    finally:
        ours.close()
        theirs.close()


def minimal(script: list[str]) -> list[str]:
    """The fewest statements that still go otherwise."""
    for place in range(len(script) - 2, -1, -1):
        fewer = script[:place] + script[place + 1 :]
        if difference(fewer) is not None:
            script = fewer
    return script


def play(seed: int, statements: int) -> None:
    script = Life(seed).script(statements)
    if difference(script) is not None:
        script = minimal(script)
        mine, other = difference(script) or (None, None)
        raise AssertionError(";\n".join([f"seed {seed}:", *script, f"--- ours   {mine}", f"--- theirs {other}"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_lives(seed: int) -> None:
    play(seed, STATEMENTS)


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_random_lives_long(seed: int) -> None:
    play(seed, STATEMENTS)


def test_lives_have_everything() -> None:
    """The generator reaches what it promises."""
    text = "\n".join("\n".join(Life(seed).script(STATEMENTS)) for seed in range(20))
    for form in (
        "AS (", "CHECK", "STRICT", "WITHOUT ROWID", "ON CONFLICT", "RETURNING", "OVER (", "WITH RECURSIVE", "json_tree", "CREATE TRIGGER",
        "RENAME COLUMN", "DROP COLUMN", "ADD COLUMN", "SAVEPOINT", "CREATE VIEW", "UNIQUE INDEX", "EXISTS (", "MATERIALIZED",
    ):  # fmt: skip
        assert re.search(re.escape(form), text), form
