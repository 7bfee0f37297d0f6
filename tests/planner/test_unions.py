"""OR by union and skip-scan: plans, and rows as those of full scans and of `sqlite3` (INV-Q1)."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INT, b INT, c INT, s TEXT, d NUMERIC);
CREATE TABLE u(x, y);
CREATE INDEX t_a ON t(a);
CREATE INDEX t_b ON t(b) WHERE b IS NOT NULL;
CREATE UNIQUE INDEX t_d ON t(d);
CREATE INDEX t_cs ON t(c DESC, s);
CREATE INDEX t_low ON t(lower(s));
CREATE TABLE k(p TEXT, q INT, r INT, PRIMARY KEY (p, q)) WITHOUT ROWID;
CREATE INDEX k_r ON k(r);
"""
ROWS = 3000


def fill(connection: Any) -> None:
    chosen = random.Random(5)
    connection.executescript(SCRIPT)

    def row(at: int) -> tuple[Any, ...]:
        b = chosen.randrange(900) if chosen.random() < 0.9 else None
        return chosen.randrange(600), b, chosen.randrange(4), f"S{chosen.randrange(700)}", at * 2

    connection.executemany("INSERT INTO t(a, b, c, s, d) VALUES (?, ?, ?, ?, ?)", [row(at) for at in range(ROWS)])
    connection.executemany("INSERT INTO u VALUES (?, ?)", [(at * 7 % 600, at * 11 % 900) for at in range(40)])
    connection.executemany("INSERT INTO k VALUES (?, ?, ?)", [("pq"[at % 2], at, at % 300) for at in range(ROWS)])
    connection.commit()


@pytest.fixture(scope="module")
def databases() -> Any:
    ours, theirs = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")
    fill(ours)
    fill(theirs)
    yield ours, theirs
    ours.close()
    theirs.close()


def plan(connection: Any, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[int, str]]:
    """(depth, detail) of each line."""
    depths = {0: 0}
    found = []
    for number, parent, _, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
        depths[number] = depths[parent] + 1
        found.append((depths[number], detail))
    return found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t WHERE a = 1 OR b = 2",
        "SELECT * FROM t WHERE a = 1 OR id = 2 OR b = 7",
        "SELECT * FROM t WHERE a = 1 OR d = 2",
        "SELECT * FROM u LEFT JOIN t ON t.a = u.x OR t.b = u.y",
        "SELECT * FROM t WHERE a IN (1, 2) OR (b = 3 AND s = 'x')",
        "DELETE FROM t WHERE a = 1 OR b = 2",
    ],
)
def test_a_union_is_shown_as_sqlite_shows_it(databases: Any, sql: str) -> None:
    assert plan(databases[0], sql) == plan(databases[1], sql)


@pytest.mark.parametrize(
    ("sql", "details"),
    [
        ("SELECT * FROM t WHERE s = 'S1'", ["SEARCH t USING INDEX t_cs (ANY(c) AND s=?)"]),
        ("SELECT * FROM t WHERE s > 'S1' AND s < 'S12'", ["SEARCH t USING INDEX t_cs (ANY(c) AND s>? AND s<?)"]),
        ("SELECT q FROM k WHERE q = 5", ["SEARCH k USING PRIMARY KEY (ANY(p) AND q=?)"]),
        ("SELECT * FROM t WHERE s IN ('S1', 'S2')", ["SCAN t"]),
        ("SELECT * FROM t NOT INDEXED WHERE a = 1 OR b = 2", ["SCAN t"]),
        ("SELECT * FROM t WHERE a = 1 OR c + 1 = 2", ["SCAN t"]),
    ],
)
def test_our_own_plans(databases: Any, sql: str, details: list[str]) -> None:
    assert [detail for _, detail in plan(databases[0], sql)] == details


def test_switched_off(databases: Any) -> None:
    ours = databases[0]
    for name, sql in (
        ("or_by_union", "SELECT * FROM t WHERE a = 1 OR b = 2"),
        ("skip_scan", "SELECT * FROM t WHERE s = 'S1'"),
    ):
        ours.execute(f"PRAGMA aerodb_disabled_rules = '{name}'")
        assert plan(ours, sql) == [(1, "SCAN t")]
        ours.execute("PRAGMA aerodb_disabled_rules = ''")
        assert plan(ours, sql) != [(1, "SCAN t")]


def condition(chosen: random.Random, depth: int = 2) -> str:
    kind = chosen.randrange(12 if depth else 9)
    number = chosen.choice(["?1", str(chosen.randrange(600)), "NULL", "'17'", "2.0"])
    if kind > 8:
        parts = [condition(chosen, depth - 1) for _ in range(chosen.choice([2, 2, 3]))]
        return f"({chosen.choice([' OR ', ' OR ', ' AND ']).join(parts)})"
    if kind == 0:
        return f"id {chosen.choice(['=', '<', '>', 'IN'])} ({number})"
    if kind == 1:
        return f"s = 'S{chosen.randrange(700)}'"
    if kind == 2:
        return f"s {chosen.choice(['>', '<='])} 'S{chosen.randrange(100, 700)}'"
    if kind == 3:
        return f"lower(s) = 's{chosen.randrange(700)}'"
    if kind == 4:
        return f"s GLOB 'S{chosen.randrange(10, 70)}*'"
    if kind == 5:
        return f"c = {chosen.randrange(5)}"
    column = chosen.choice("abd")
    low = chosen.randrange(600)
    return chosen.choice(
        [f"{column} = {number}", f"{column} BETWEEN {low} AND {low + 9}", f"{column} IN ({low}, {number}, {low + 5})",
         f"{column} IS NULL", f"{column} < {number}"]
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(120))
def test_rows_are_those_of_scans_and_of_sqlite(databases: Any, seed: int) -> None:
    ours, theirs = databases
    chosen = random.Random(seed)
    where = " OR ".join(condition(chosen) for _ in range(chosen.choice([1, 2, 2, 3])))
    source = chosen.choice(
        ["t", "t", "t", "u JOIN t ON t.a = u.x OR t.b = u.y", "u LEFT JOIN t ON t.a = u.x AND u.y > 300 OR t.id = u.y"]
    )
    order = chosen.choice(["t.id", "t.id DESC", "c DESC, s, t.id", "d"]) + (", u.rowid" if source != "t" else "")
    sql = f"SELECT t.id, a, b, c, s FROM {source} WHERE {where} ORDER BY {order}"
    parameters = (chosen.randrange(600),) if "?1" in sql else ()
    wanted = theirs.execute(sql, parameters).fetchall()
    assert ours.execute(sql, parameters).fetchall() == wanted, sql
    for name in ("or_by_union", "skip_scan", "guided_scans", "access_paths", "index_expressions"):
        ours.execute(f"PRAGMA aerodb_disabled_rules = '{name}'")
        assert ours.execute(sql, parameters).fetchall() == wanted, (sql, name)
    ours.execute("PRAGMA aerodb_disabled_rules = ''")


def test_changes_through_unions_and_skip_scans() -> None:
    ours, theirs = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")
    for connection in (ours, theirs):
        fill(connection)
        counts = [
            connection.execute("UPDATE t SET a = a + 1, b = b - 1 WHERE a = 5 OR b = 7 OR id < 9").rowcount,
            connection.execute("DELETE FROM t WHERE s = 'S5' OR a > 590 OR b IS NULL AND c = 1").rowcount,
            connection.execute("UPDATE t SET s = s || 'x' WHERE s >= 'S60' AND s < 'S61'").rowcount,
            connection.execute("DELETE FROM k WHERE q IN (3, 4) OR r = 5").rowcount,
        ]
        assert all(counts)
    tables = ("t", "k")
    for table in tables:
        rows = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert ours.execute(rows).fetchall() == theirs.execute(rows).fetchall()
    assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
