"""Random statements against `sqlite3`: rows, column names, types, error class, rowcount, table contents (INV-Q1, INV-Q4, INV-D3).

A failure names its seed; ``AERODB_SEED=n`` runs that one alone. The same statements also run with every rule of the planner off.
"""

from __future__ import annotations

import os
import re
import sqlite3
from typing import Any

import pytest
from random_sql import Generator

import aerodb_dbapi
from aerodb_dbapi.planner.rules import RULE_NAMES

SEEDS = [int(os.environ["AERODB_SEED"])] if "AERODB_SEED" in os.environ else list(range(60))
LONG_SEEDS = range(1000, 1300)
STATEMENTS = 40


# Where equal values fall together (1 and 1.0), which of them is shown is a matter of the plan, in SQLite too.
ANY_OF_EQUALS = re.compile(r"GROUP BY|DISTINCT|UNION |INTERSECT|EXCEPT|min\(|max\(")


def shown(value: Any, plain: bool) -> tuple[str, Any]:
    """A value with its class; `plain`: without it and without case, where which of equal values is shown does not matter."""
    if plain and isinstance(value, (int, float)):
        return "number", float(value) + 0.0
    if plain and isinstance(value, str):  # under NOCASE the same holds for a and A
        return "str", value.lower()
    return type(value).__name__, value


def outcome(connection: Any, sql: str, error: type[Exception]) -> tuple[Any, ...]:
    """What a statement gives, in a form that compares: order of rows aside, for none is asked for."""
    try:
        cursor = connection.execute(sql)
        if cursor.description is None:
            return "changed", cursor.rowcount
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        plain = ANY_OF_EQUALS.search(sql) is not None
        return "rows", names, sorted(([shown(value, plain) for value in row] for row in rows), key=repr)
    except error as problem:
        return (
            "error",
            type(problem).__name__,
            str(problem) if isinstance(problem, (sqlite3.IntegrityError, aerodb_dbapi.IntegrityError)) else "",
        )


def contents(connection: Any, tables: list[str]) -> list[Any]:
    """All rows of all tables, by full scan and in rowid order."""
    return [
        [[(type(v).__name__, v) for v in row] for row in connection.execute(f"SELECT rowid, * FROM {t} ORDER BY rowid")]
        for t in tables
    ]


def play(seed: int, statements: int, pragma: str = "") -> None:
    generator = Generator(seed)
    ours = aerodb_dbapi.connect(":memory:", isolation_level=None)
    ours.execute(pragma)
    theirs = sqlite3.connect(":memory:", isolation_level=None)
    made: list[str] = []
    for sql in generator.schema():
        made.append(sql)
        assert outcome(ours, sql, aerodb_dbapi.Error) == outcome(theirs, sql, sqlite3.Error), f"seed {seed}: {sql}"
    for _ in range(statements):
        changing = generator.chance(0.3)
        sql = generator.change() if changing else generator.select()
        made.append(sql)
        mine, other = outcome(ours, sql, aerodb_dbapi.Error), outcome(theirs, sql, sqlite3.Error)
        script = ";\n".join(
            made[: len(generator.tables)] + [m for m in made if not m.startswith("SELECT")][len(generator.tables) :]
        )
        assert mine == other, f"seed {seed}:\n{script};\n--- statement\n{sql}"
        if changing:
            tables = list(generator.tables)
            assert contents(ours, tables) == contents(theirs, tables), f"seed {seed} after {sql}\n{script}"
    assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)], f"seed {seed}"
    ours.close()
    theirs.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_statements(seed: int) -> None:
    play(seed, STATEMENTS)


@pytest.mark.parametrize("seed", SEEDS[::4])
def test_random_statements_without_rules(seed: int) -> None:
    """INV-Q1: no rule changes a result."""
    play(seed, STATEMENTS, f"PRAGMA aerodb_disabled_rules = '{' '.join(sorted(RULE_NAMES))}'")


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_random_statements_long(seed: int) -> None:
    play(seed, STATEMENTS)
