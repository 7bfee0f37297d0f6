"""EXPLAIN QUERY PLAN: SQLite's words and tree shape, compared with `sqlite3` where both choose the same plan."""

from __future__ import annotations

import sqlite3

import pytest
from plan_mirror import Mirror

from aerodb_dbapi.planner.explain import explain_query_plan

SCRIPT = """
CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); CREATE TABLE u(x, y, z); CREATE TABLE w(p, q);
CREATE INDEX ub ON u(x, y); CREATE INDEX tb ON t(b);
"""
SAME = [
    "SELECT * FROM t",
    "SELECT * FROM main.t",
    "SELECT * FROM MAIN.T WHERE B = 1",
    "SELECT * FROM T AS x WHERE b = 1",
    "SELECT * FROM main.sqlite_master",
    "DELETE FROM main.t WHERE b = 1",
    "UPDATE T SET b = 2 WHERE a = 3",
    "SELECT a, b FROM t WHERE b = 1",
    "SELECT * FROM t WHERE a = 1",
    "SELECT * FROM t WHERE a IN (1, 2)",
    "SELECT * FROM t WHERE a > 1 AND a < 5",
    "SELECT * FROM u WHERE x = 1 AND y > 2",
    "SELECT * FROM u WHERE x IN (1, 2) AND y < 2",
    "SELECT * FROM u WHERE x = 1 AND y BETWEEN 1 AND 2",
    "SELECT * FROM u WHERE x IS NULL",
    "SELECT * FROM u LEFT JOIN t ON t.a = u.y",
    "SELECT DISTINCT p FROM w ORDER BY q",
    "SELECT c, count(*) FROM t GROUP BY c ORDER BY 2",
    "SELECT * FROM t ORDER BY c",
    "SELECT * FROM t ORDER BY b DESC LIMIT 1",
    "SELECT 1",
    "VALUES (1), (2)",
    "SELECT 1 UNION SELECT 2 UNION ALL SELECT 3",
    "SELECT q FROM w EXCEPT SELECT p FROM w",
    "WITH x AS (SELECT p, count(*) n FROM w GROUP BY 1) SELECT * FROM x, x AS y",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r",
    "DELETE FROM t WHERE b = 1",
    "UPDATE t SET b = 2 WHERE a = 3",
    "INSERT INTO w VALUES (1, 2)",
    "INSERT INTO w(p, q) VALUES (1, 2), (3, 4)",
    "SELECT max(a) FROM t",
    "SELECT min(b) FROM t",
    "SELECT count(DISTINCT c) FROM t",
    "SELECT * FROM w WHERE p IN (SELECT q FROM w)",
    "SELECT * FROM (SELECT p, count(*) FROM w GROUP BY p) s",
    "SELECT * FROM w NATURAL JOIN u CROSS JOIN t",
]


@pytest.fixture(scope="module")
def data() -> Mirror:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    return Mirror(connection)


def tree(rows: list[tuple[int, int, int, str]]) -> list[tuple[int, str]]:
    """(depth, detail) of each line."""
    depths = {0: 0}
    found = []
    for number, parent, _, detail in rows:
        depths[number] = depths[parent] + 1
        found.append((depths[number], detail))
    return found


@pytest.mark.parametrize("sql", SAME)
def test_same_as_sqlite(data: Mirror, sql: str) -> None:
    wanted = data.connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    assert tree(explain_query_plan(data.planned(sql))) == tree(wanted)


@pytest.mark.parametrize(
    ("sql", "details"),
    [
        ("SELECT * FROM w LEFT JOIN w v ON v.p = w.p", ["SCAN w", "SEARCH v USING HASH JOIN (p=?) LEFT-JOIN"]),
        (
            "SELECT * FROM w, (SELECT q FROM w LIMIT 3)",
            ["MATERIALIZE (subquery-1)", "SCAN w", "SCAN (subquery-1)", "SCAN w"],
        ),
        ("SELECT p FROM w UNION ALL SELECT x FROM u ORDER BY 1",
         ["COMPOUND QUERY", "LEFT-MOST SUBQUERY", "SCAN w", "UNION ALL", "SCAN u", "USE TEMP B-TREE FOR ORDER BY"]),
        ("SELECT p FROM w GROUP BY p ORDER BY p", ["SCAN w", "USE TEMP B-TREE FOR GROUP BY"]),
        ("SELECT * FROM w WHERE p IN (SELECT b FROM t WHERE t.c = w.q)",
         ["SCAN w", "CORRELATED LIST SUBQUERY 1", "SEARCH t USING HASH JOIN (c=?)",
          "USE HASH TABLE FOR MANY ROWS (c=?)"]),
        ("SELECT (SELECT 1), (SELECT b FROM t WHERE a = w.p) FROM w WHERE EXISTS (SELECT 1 FROM t WHERE t.a = w.p)",
         ["SCAN w", "CORRELATED SCALAR SUBQUERY 3", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
          "USE HASH TABLE FOR MANY ROWS (a=?)", "SCALAR SUBQUERY 1", "SCAN CONSTANT ROW",
          "CORRELATED SCALAR SUBQUERY 2", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
          "USE HASH TABLE FOR MANY ROWS (a=?)"]),
        ("UPDATE w SET p = (SELECT max(a) FROM t)", ["SCAN w", "SCALAR SUBQUERY 1", "SEARCH t"]),
    ],
)  # fmt: skip
def test_our_own_plans(data: Mirror, sql: str, details: list[str]) -> None:
    assert [row[3] for row in explain_query_plan(data.planned(sql))] == details
