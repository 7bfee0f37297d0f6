"""Random statements against `sqlite3`: rows, column names, types, error class, rowcount, lastrowid, table contents (INV-Q1, INV-Q4,
INV-D3): 2,400 statements in the ordinary run, 20,000 in the long one.

A failure shows the fewest statements that still differ (`minimal`), and names its seed; ``AERODB_SEED=n`` runs that one alone. The
same statements also run with every rule of the planner off.
"""

from __future__ import annotations

import os
import re
import sqlite3
from typing import Any

import pytest
from random_sql import VALUES, Generator

import aerodb_dbapi
from aerodb_dbapi.planner.rules import RULE_NAMES

SEEDS = [int(os.environ["AERODB_SEED"])] if "AERODB_SEED" in os.environ else list(range(60))
LONG_SEEDS = range(1000, 1500)
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
            return "changed", cursor.rowcount, cursor.lastrowid if sql.startswith(("INSERT", "REPLACE")) else None
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


def connected() -> tuple[Any, Any]:
    """A connection of ours, and one of SQLite's."""
    return aerodb_dbapi.connect(":memory:", isolation_level=None), sqlite3.connect(":memory:", isolation_level=None)


def difference(script: list[str], tables: list[str], pragma: str = "") -> tuple[Any, Any] | None:
    """Where a script first goes otherwise: what its last statement gives, or the tables after it; None if nowhere."""
    ours, theirs = connected()
    ours.execute(pragma)
    try:
        for number, sql in enumerate(script):
            pair: tuple[Any, Any] = (outcome(ours, sql, aerodb_dbapi.Error), outcome(theirs, sql, sqlite3.Error))
            if pair[0] == pair[1] and not sql.startswith(("SELECT", "CREATE")):
                there = [
                    name for name in tables if any(one.startswith(f"CREATE TABLE {name}(") for one in script[:number])
                ]
                pair = contents(ours, there), contents(theirs, there)
            if pair[0] != pair[1]:
                del script[number + 1 :]
                return pair
        assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)], script
        return None
    finally:
        ours.close()
        theirs.close()


def minimal(script: list[str], tables: list[str], pragma: str = "") -> list[str]:
    """The fewest statements of a script, found by leaving out one after another, that still go otherwise."""
    for place in range(len(script) - 2, -1, -1):
        fewer = script[:place] + script[place + 1 :]
        if difference(fewer, tables, pragma) is not None:
            script = fewer
    return script


def play(seed: int, statements: int, pragma: str = "") -> None:
    generator = Generator(seed)
    script = generator.schema()
    script += [generator.change() if generator.chance(0.3) else generator.select() for _ in range(statements)]
    tables = list(generator.tables)
    if difference(script, tables, pragma) is not None:
        script = minimal(script, tables, pragma)
        mine, other = difference(script, tables, pragma) or (None, None)
        raise AssertionError(";\n".join([f"seed {seed}:", *script, f"--- ours   {mine}", f"--- theirs {other}"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_statements(seed: int) -> None:
    play(seed, STATEMENTS)


RAW = ["CAST(x'ff41' AS TEXT)", "CAST(x'61fe' AS TEXT)", "CAST(x'31ff' AS TEXT)", "CAST(x'fd' AS TEXT)"] * 2


@pytest.mark.parametrize("seed", range(600, 612))
def test_random_statements_with_text_that_is_not_utf8(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of bytes whose place and number is the same as a character's: docs/differences-from-sqlite.md."""
    made = connected

    def lossless() -> tuple[Any, Any]:
        both = made()
        for connection in both:
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        return both

    monkeypatch.setattr("random_sql.VALUES", [*VALUES, *RAW])
    monkeypatch.setitem(globals(), "connected", lossless)
    play(seed, STATEMENTS)


@pytest.mark.parametrize("seed", SEEDS[::4])
def test_random_statements_without_rules(seed: int) -> None:
    """INV-Q1: no rule changes a result."""
    play(seed, STATEMENTS, f"PRAGMA aerodb_disabled_rules = '{' '.join(sorted(RULE_NAMES))}'")


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_random_statements_long(seed: int) -> None:
    play(seed, STATEMENTS)


def test_what_differs_is_made_small() -> None:
    """A statement that sqlite3 has not: what is left is that, and the table that it needs."""
    script = [
        "CREATE TABLE t0(a)",
        "INSERT INTO t0 VALUES (1)",
        "SELECT 1",
        "SELECT a FROM t0 FOR SYSTEM_TIME AS OF COMMIT 1",
        "SELECT 2",
    ]
    assert difference(script, ["t0"]) is not None
    assert (
        minimal(script, ["t0"]) == ["SELECT a FROM t0 FOR SYSTEM_TIME AS OF COMMIT 1"]
        or len(minimal(script, ["t0"])) == 2
    )
