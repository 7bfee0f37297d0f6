"""EXPLAIN ANALYZE: what it counts agrees with the statement's rows, and other statements know nothing of it. The counts
themselves are in `tests/scripts/explain_analyze.sql`."""

from __future__ import annotations

from typing import Any

import pytest

import aerodb_dbapi

SCRIPT = """
CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); CREATE TABLE u(x, y); CREATE INDEX u_x ON u(x);
INSERT INTO t SELECT value, value % 10, 'n' || value FROM generate_series(1, 500);
INSERT INTO u SELECT value, value % 3 FROM generate_series(1, 500, 4);
"""
QUERIES = [
    "SELECT * FROM t WHERE a = 7",
    "SELECT * FROM t JOIN u ON u.x = t.a LEFT JOIN t s ON s.a = u.y WHERE t.b < 5",
    "SELECT b, count(*), max(c) FROM t GROUP BY b HAVING count(*) > 3 ORDER BY 2",
    "SELECT DISTINCT y FROM u ORDER BY y DESC LIMIT 2 OFFSET 1",
    "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.a AND u.y = t.b)",
    "SELECT a, (SELECT count(*) FROM u WHERE u.y = t.b) FROM t",
    "SELECT b FROM t EXCEPT SELECT y FROM u",
    "WITH s AS MATERIALIZED (SELECT y, count(*) n FROM u GROUP BY y) SELECT * FROM s p, s q ORDER BY p.n, q.n",
    "SELECT sum(b) OVER (PARTITION BY b ORDER BY a) FROM t LIMIT 4",
    "SELECT * FROM t a1, t a2, t a3, t a4, t a5, t a6, t a7 WHERE a1.a = a2.a AND a2.a = a3.b AND a3.a = a4.b "
    "AND a4.a = a5.b AND a5.a = a6.a AND a7.a = a6.b AND a1.a < 20",
]


@pytest.fixture
def connection() -> Any:
    made = aerodb_dbapi.connect(":memory:")
    made.executescript(SCRIPT)
    yield made
    made.close()


@pytest.mark.parametrize("sql", QUERIES)
def test_same_lines_as_the_plan_and_the_rows_of_the_result(connection: Any, sql: str) -> None:
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    cursor = connection.execute(f"EXPLAIN ANALYZE {sql}")
    names = [column[0] for column in cursor.description]
    assert names == ["id", "parent", "notused", "detail", "loops", "visited", "rows", "time"]
    *lines, result = cursor.fetchall()
    assert [line[:4] for line in lines] == plan
    assert result[:7] == (len(plan) + 1, 0, 0, "RESULT", 1, None, len(connection.execute(sql).fetchall()))
    assert all(line[7] >= 0 for line in lines)
    assert sum(line[7] for line in lines if line[1] == 0) <= result[7] + 0.01 * len(lines)
    for _, _, _, detail, loops, visited, rows, _ in lines:
        if detail.startswith(("SCAN", "SEARCH")):
            assert visited is not None and rows <= visited and (loops > 0 or not visited), detail


def test_counters_leave_no_trace(connection: Any) -> None:
    """The code of a statement is the same before and after it was analyzed, and each run counts from nothing."""
    sql = "SELECT b, count(*) FROM t JOIN u ON u.x = t.a GROUP BY b ORDER BY 2"
    before = connection.execute(f"EXPLAIN {sql}").fetchall()
    assert not any("count" in line and "start" in line for _, line in before)
    first = [row[:7] for row in connection.execute(f"EXPLAIN ANALYZE {sql}")]
    second = [row[:7] for row in connection.execute(f"EXPLAIN ANALYZE {sql}")]
    assert first == second
    assert connection.execute(f"EXPLAIN {sql}").fetchall() == before


def test_parameters(connection: Any) -> None:
    *_, result = connection.execute("EXPLAIN ANALYZE SELECT * FROM t WHERE b = ? AND a < :top", (3, 100)).fetchall()
    assert result[6] == 10


def test_a_failing_statement_fails_and_is_undone(connection: Any) -> None:
    with pytest.raises(aerodb_dbapi.IntegrityError):
        connection.execute("EXPLAIN ANALYZE INSERT INTO t SELECT x + 499, 1, 1 FROM u ORDER BY x DESC")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (500,)


def test_it_sees_the_plan_of_the_moment(connection: Any) -> None:
    sql = "EXPLAIN ANALYZE SELECT * FROM t WHERE c = 'n7'"
    assert connection.execute(sql).fetchall()[0][3:7] == ("SCAN t", 1, 500, 1)
    connection.execute("CREATE INDEX t_c ON t(c)")
    assert connection.execute(sql).fetchall()[0][3:7] == ("SEARCH t USING INDEX t_c (c=?)", 1, 1, 1)
