"""Answers that must agree with each other, whatever is right: the parts of a table that a condition makes, plans with indexes and
without, with rules and without (INV-Q1)."""

from __future__ import annotations

from typing import Any

import pytest
from random_sql import Generator

import aerodb_dbapi
from aerodb_dbapi.planner.rules import RULE_NAMES

SEEDS = range(30)
CONDITIONS = 12


def rows(connection: Any, sql: str) -> Any:
    """The rows in an order of their own, or the error's class."""
    try:
        return sorted(connection.execute(sql).fetchall(), key=repr)
    except aerodb_dbapi.Error as error:
        return type(error).__name__


def build(statements: list[str]) -> Any:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    for sql in statements:
        rows(connection, sql)
    return connection


@pytest.mark.parametrize("seed", SEEDS)
def test_a_condition_its_negation_and_null_part_a_table(seed: int) -> None:
    generator = Generator(seed)
    connection = build(generator.schema())
    for _ in range(CONDITIONS):
        table = generator.pick(*generator.tables)
        other = generator.pick(*generator.tables)
        source = generator.pick(
            table, f"{table} JOIN {other} AS o ON o.rowid = {table}.rowid", f"{table} LEFT JOIN {other} AS o ON 0"
        )
        test = generator.test([f"{table}.{column}" for column in generator.tables[table]], 2)
        parts = [
            rows(connection, f"SELECT {table}.* FROM {source} WHERE {w}")
            for w in (test, f"NOT ({test})", f"({test}) IS NULL")
        ]
        whole = rows(connection, f"SELECT {table}.* FROM {source}")
        if all(isinstance(part, list) for part in parts):
            assert sorted([row for part in parts for row in part], key=repr) == whole, (
                f"seed {seed}: {source} WHERE {test}"
            )
        counted = f"SELECT count(*) FILTER (WHERE {test}) FROM {source}"
        if isinstance(parts[0], list):
            assert rows(connection, counted) == [(len(parts[0]),)], f"seed {seed}: {counted}"
    connection.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_indexes_and_rules_change_no_answer(seed: int) -> None:
    generator = Generator(seed)
    statements = generator.schema()
    usual = build(statements)
    others = {
        "without indexes": build([sql for sql in statements if not sql.startswith("CREATE INDEX")]),
        "analyzed": build([*statements, "ANALYZE"]),
        "without rules": build([f"PRAGMA aerodb_disabled_rules = '{' '.join(sorted(RULE_NAMES))}'", *statements]),
    }
    for _ in range(CONDITIONS):
        table = generator.pick(*generator.tables)
        sql = f"SELECT * FROM {table} WHERE {generator.test(generator.tables[table], 2)} AND {generator.test(generator.tables[table], 1)}"
        expected = rows(usual, sql)
        for name, connection in others.items():
            assert rows(connection, sql) == expected, f"seed {seed}, {name}: {sql}"
    for connection in (usual, *others.values()):
        connection.close()
