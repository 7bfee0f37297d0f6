"""Guided scans: where one is planned, and that it gives the rows of a scan, few or many, in the order that is asked for."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from plan_mirror import Mirror

from aerodb_dbapi.planner.query import GuidedScan, Select, SelectStatement
from aerodb_dbapi.planner.usage import all_queries, trees_read
from aerodb_dbapi.storage import tree

OFF = frozenset({"guided_scans"})
SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c);
CREATE INDEX t_a ON t(a); CREATE INDEX t_b ON t(b, a DESC);
"""


@pytest.fixture(scope="module")
def data() -> Mirror:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    rows = [(i * 7 % 1000 if i % 9 else None, "rare" if i % 500 == 3 else "often", i % 40) for i in range(3000)]
    connection.executemany("INSERT INTO t(a, b, c) VALUES (?, ?, ?)", rows)
    return Mirror(connection)


def scans(data: Mirror, sql: str) -> list[GuidedScan]:
    statement = data.planned(sql)
    steps = [step for one in all_queries(statement) if isinstance(one, Select) for step in one.steps or ()]
    return [step.access for step in steps if isinstance(step.access, GuidedScan)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t WHERE a > ?1",
        "SELECT * FROM t WHERE a BETWEEN ?1 AND ?2",
        "SELECT * FROM t WHERE a >= ?1 AND a < ?2 ORDER BY id",
        "SELECT * FROM t WHERE a < ?1 ORDER BY id DESC",
        "SELECT b, count(*) FROM t WHERE a <= ?1 GROUP BY b",
        "SELECT * FROM t WHERE a > ?1 ORDER BY c, id LIMIT 5",
        "SELECT x.id, y.id FROM t x JOIN t y ON y.id = x.c WHERE x.a > ?1",
        "SELECT c, (SELECT max(y.c) FROM t y WHERE y.a < ?1) FROM t WHERE id < 5",
    ],
)
@pytest.mark.parametrize("keys", [(990, 995), (5, 900), (None, 3), ("x", 1.5), (-1, 2000), ("995", "999")])
def test_the_rows_are_those_of_a_scan(data: Mirror, sql: str, keys: tuple[Any, Any]) -> None:
    assert scans(data, sql)
    parameters = keys if "?2" in sql else keys[:1]
    wanted = data.rows(sql, OFF, parameters)
    made = data.rows(sql, frozenset(), parameters)
    if "ORDER BY" not in sql:
        wanted, made = sorted(wanted, key=repr), sorted(made, key=repr)
    assert made == wanted
    oracle = data.connection.execute(sql, parameters).fetchall()
    assert sorted(oracle, key=repr) == sorted(made, key=repr)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t WHERE a > ?1 LIMIT 3",
        "SELECT * FROM t WHERE a > ?1 ORDER BY a LIMIT 3",
        "SELECT * FROM t NOT INDEXED WHERE a > ?1",
        "SELECT * FROM t INDEXED BY t_a WHERE a > ?1",
        "SELECT * FROM t WHERE a + 1 > ?1",
        "SELECT a FROM t WHERE a BETWEEN ?1 AND ?2",
        "SELECT x.id FROM t x LEFT JOIN t y ON y.a > x.c",
    ],
)
def test_where_the_decision_would_not_help_there_is_none(data: Mirror, sql: str) -> None:
    assert not scans(data, sql)


def test_few_entries_are_fetched_and_many_are_not(data: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []
    fetch = tree.fetch

    def counting(node: Any, rowids: Any) -> list[Any]:
        fetched.append(len(rowids))
        return fetch(node, rowids)

    monkeypatch.setattr(tree, "fetch", counting)
    for key, wanted in ((990, True), (10, False)):
        fetched.clear()
        rows = data.rows("SELECT * FROM t WHERE a > ?1", frozenset(), (key,))
        assert (sum(fetched) == len(rows)) is wanted


def test_both_trees_are_read(data: Mirror) -> None:
    statement = data.planned("SELECT * FROM t WHERE a > ?1")
    assert isinstance(statement, SelectStatement)
    (scan,) = scans(data, "SELECT * FROM t WHERE a > ?1")
    assert scan.entries.index.tree in trees_read(statement)
    assert data.schema.table("t").tree in trees_read(statement)  # type: ignore[union-attr]
