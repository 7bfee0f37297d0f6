"""Random statements under foreign keys, and with triggers, against `sqlite3`: outcomes, errors, contents (INV-D4, INV-D3)."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import pytest
import random_keys
import random_triggers
import random_views

import aerodb_dbapi

SEEDS = [int(os.environ["AERODB_SEED"])] if "AERODB_SEED" in os.environ else list(range(40))
STATEMENTS = 60


def outcome(connection: Any, sql: str, error: type[Exception]) -> tuple[Any, ...]:
    """What a statement does to what can be seen of a connection."""
    try:
        cursor = connection.execute(sql)
        result: tuple[Any, ...] = ("done", cursor.rowcount, sorted(cursor.fetchall(), key=repr))
    except error as problem:
        result = ("error", type(problem).__name__, str(problem), problem.sqlite_errorname)  # type: ignore[attr-defined]
    row = (
        ", last_insert_rowid()"
        if result[0] == "done" and result[1] > 0 and sql.startswith(("INSERT", "REPLACE"))
        else ""
    )
    counters = connection.execute(f"SELECT changes(), total_changes(){row}").fetchall()
    return (*result, counters, connection.in_transaction)


def contents(connection: Any, tables: list[str]) -> list[Any]:
    """All rows, with the classes of their values."""
    return [
        [[(type(v).__name__, v) for v in row] for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]
        for table in tables
    ]


def play(generator: random_keys.Generator, seed: int, statements: int) -> None:
    ours = aerodb_dbapi.connect(":memory:", isolation_level=None, foreign_keys=True)
    theirs = sqlite3.connect(":memory:", isolation_level=None)
    theirs.execute("PRAGMA foreign_keys = ON")
    made: list[str] = []
    tables = [*generator.tables, "log"] if isinstance(generator, random_triggers.Generator) else generator.tables
    for sql in [*generator.schema(), *(generator.statement() for _ in range(statements))]:
        if sql.startswith("PRAGMA defer") and not ours.in_transaction:
            continue  # SQLite forgets it at the next SELECT
        made.append(sql)
        script = f"seed {seed}:\n" + ";\n".join(made)
        assert outcome(ours, sql, aerodb_dbapi.Error) == outcome(theirs, sql, sqlite3.Error), script
        if not sql.startswith("CREATE"):
            assert contents(ours, tables) == contents(theirs, tables), script
    assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)], script
    ours.close()
    theirs.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_statements_under_foreign_keys(seed: int) -> None:
    play(random_keys.Generator(seed), seed, STATEMENTS)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_random_statements_under_foreign_keys_long(seed: int) -> None:
    play(random_keys.Generator(seed), seed, STATEMENTS)


@pytest.mark.parametrize("seed", SEEDS[:30])
def test_random_statements_with_triggers(seed: int) -> None:
    play(random_triggers.Generator(seed), seed, STATEMENTS)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_random_statements_with_triggers_long(seed: int) -> None:
    play(random_triggers.Generator(seed), seed, STATEMENTS)


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_random_statements_on_views(seed: int) -> None:
    play(random_views.Generator(seed), seed, STATEMENTS)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_random_statements_on_views_long(seed: int) -> None:
    play(random_views.Generator(seed), seed, STATEMENTS)
