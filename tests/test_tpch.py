"""The 22 queries of TPC-H give `sqlite3`'s answers, with all rules and with none of the rules; the data is the benchmark's own."""

from __future__ import annotations

import importlib.util
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.planner.rules import RULE_NAMES

SCALE = 0.002
SPEC = importlib.util.spec_from_file_location("tpch", Path(__file__).parent.parent / "benchmarks" / "tpch.py")
assert SPEC is not None and SPEC.loader is not None
tpch = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tpch)
QUERIES = tpch.queries()
EMPTY_AT_THIS_SCALE = frozenset({2, 11, 21})


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Any, sqlite3.Connection]]:
    ours, theirs = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")
    tpch.fill(ours, SCALE)
    tpch.fill(theirs, SCALE)
    yield ours, theirs
    ours.close()
    theirs.close()


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same, but for the last digits of a sum: SQLite adds in the order of its plan."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
    return bool(a == b)


def test_there_are_twenty_two() -> None:
    assert len(QUERIES) == 22


@pytest.mark.parametrize("number", range(1, 23))
def test_the_answer_is_that_of_sqlite(both: tuple[Any, sqlite3.Connection], number: int) -> None:
    ours, theirs = both
    sql = QUERIES[number - 1]
    wanted = theirs.execute(sql).fetchall()
    made = ours.execute(sql).fetchall()
    assert len(made) == len(wanted)
    assert all(same(a, b) for x, y in zip(made, wanted, strict=True) for a, b in zip(x, y, strict=True)), (made, wanted)
    if number not in EMPTY_AT_THIS_SCALE:
        assert any(value is not None for row in wanted for value in row)


@pytest.mark.parametrize("rule", sorted(RULE_NAMES - {"factor_or"}))
def test_no_rule_changes_an_answer(both: tuple[Any, sqlite3.Connection], rule: str) -> None:
    ours, _ = both
    wanted = [ours.execute(sql).fetchall() for sql in QUERIES]
    ours.execute(f"PRAGMA aerodb_disabled_rules = '{rule}'")
    try:
        for sql, rows in zip(QUERIES, wanted, strict=True):
            assert sorted(ours.execute(sql).fetchall(), key=repr) == sorted(rows, key=repr), sql
    finally:
        ours.execute("PRAGMA aerodb_disabled_rules = ''")
