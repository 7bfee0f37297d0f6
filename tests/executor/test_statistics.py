"""`sqlite_stat1` in plans: what ANALYZE wrote decides, what cannot be true is passed over, nothing that stands there breaks a
statement (INV-Q1, INV-T1); PRAGMA optimize."""

from __future__ import annotations

from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor.statistics import numbers_of

SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INT, b INT); CREATE INDEX ta ON t(a); CREATE INDEX tb ON t(b);
CREATE TABLE w(p, q, PRIMARY KEY (p, q)) WITHOUT ROWID;
INSERT INTO t SELECT value, value % 50, value % 60 FROM generate_series(1, 4000);
INSERT INTO w SELECT value % 3, value FROM generate_series(1, 2000);
"""
SQL = "SELECT count(*) FROM t WHERE a = 1 AND b = 2"


@pytest.fixture
def connection() -> Any:
    made = aerodb_dbapi.connect(":memory:", isolation_level=None)
    made.executescript(SCRIPT)
    yield made
    made.close()


def plan(connection: Any, sql: str = SQL) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]


def write(connection: Any, stat: str, index: str = "ta") -> None:
    """Put a text of SQL in place of an index's statistics, and have plans made anew."""
    connection.execute(f"UPDATE sqlite_stat1 SET stat = {stat} WHERE idx = '{index}'")
    connection.execute("ANALYZE w")


def test_what_is_written_there_decides(connection: Any) -> None:
    connection.execute("ANALYZE")
    assert plan(connection) == ["SEARCH t USING INDEX tb (b=?)"]
    before = connection.execute(SQL).fetchall()
    write(connection, "'4000 2'")
    assert plan(connection) == ["SEARCH t USING INDEX ta (a=?)"]
    assert connection.execute(SQL).fetchall() == before
    write(connection, "'4000 3 unordered sz=9'")
    assert plan(connection) == ["SEARCH t USING INDEX ta (a=?)"]


JUNK = [
    "'x'", "NULL", "5", "x'00'", "''", "'99999999999999999999999 1'", "'4000'", "'4000 0'", "'4000 -1'", "'4000 5000'",
    "'1 1'", "'400 1'", "'40000 1'", "'4000 1.5'", "zeroblob(100000)", "'٤٠٠٠ ٢'",
]  # fmt: skip


@pytest.mark.parametrize("stat", JUNK)
def test_what_cannot_be_true_is_passed_over(connection: Any, stat: str) -> None:
    connection.execute("ANALYZE")
    before = connection.execute(SQL).fetchall()
    write(connection, stat)
    assert plan(connection) == ["SEARCH t USING INDEX tb (b=?)"]
    assert connection.execute(SQL).fetchall() == before


def test_rows_of_any_kind_and_a_table_that_is_none(connection: Any) -> None:
    connection.execute("ANALYZE")
    connection.execute("DELETE FROM sqlite_stat1")
    connection.execute(
        "INSERT INTO sqlite_stat1 VALUES (1, 2, 3), (NULL, NULL, NULL), ('t', 'nope', '1 1'), ('T', 'TA', '4000 2')"
    )
    connection.execute("ANALYZE w")
    assert plan(connection) == ["SEARCH t USING INDEX ta (a=?)"]
    connection.execute("DROP TABLE sqlite_stat1")
    assert plan(connection) == ["SEARCH t USING INDEX tb (b=?)"]


def test_statistics_that_are_out_of_date_are_passed_over(connection: Any) -> None:
    connection.execute("ANALYZE")
    write(connection, "'4000 2'")
    connection.execute("INSERT INTO t SELECT value, value % 50, value % 6000 FROM generate_series(5000, 50000)")
    connection.execute("CREATE TABLE other(x)")
    assert plan(connection) == ["SEARCH t USING INDEX tb (b=?)"]


def test_the_same_statistics_give_the_same_plan(connection: Any) -> None:
    connection.execute("ANALYZE")
    join = "SELECT * FROM t JOIN w ON w.p = t.a JOIN t s ON s.b = w.q WHERE t.b < 30 ORDER BY t.id"
    first = plan(connection, join)
    for _ in range(3):
        connection.execute("ANALYZE")
        assert plan(connection, join) == first


def test_numbers_at_the_beginning() -> None:
    assert numbers_of("100 10 1 unordered 5") == [100, 10, 1]
    assert numbers_of("") == numbers_of("x 1") == []


def test_optimize_analyzes_what_is_due(connection: Any) -> None:
    assert connection.execute("PRAGMA optimize(-1)").fetchall() == [('ANALYZE "main"."t"',), ('ANALYZE "main"."w"',)]
    assert connection.execute("PRAGMA optimize(0)").fetchall() == []
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone() == (0,)
    cursor = connection.execute("PRAGMA optimize")
    assert cursor.fetchall() == [] and [column[0] for column in cursor.description] == ["optimize"]
    rows = "SELECT idx, stat FROM sqlite_stat1 ORDER BY idx"
    assert connection.execute(rows).fetchall() == [("ta", "4000 80"), ("tb", "4000 67"), ("w", "2000 667 1")]
    connection.execute("INSERT INTO t(a) SELECT value FROM generate_series(1, 20000)")
    assert connection.execute("PRAGMA optimize(-1)").fetchall() == []
    connection.execute("INSERT INTO t(a) SELECT value FROM generate_series(1, 20000)")
    connection.execute("PRAGMA optimize")
    assert connection.execute(rows).fetchone() == ("ta", "44000 3")


def test_optimize_of_several_databases(connection: Any) -> None:
    connection.execute("ATTACH ':memory:' AS b")
    connection.execute("CREATE TABLE b.t(a)")
    connection.execute("CREATE INDEX b.bi ON t(a)")
    connection.execute("INSERT INTO b.t VALUES (1)")
    connection.execute("CREATE TEMP TABLE own(a PRIMARY KEY)")
    connection.execute("INSERT INTO own VALUES (1)")
    assert connection.execute("PRAGMA b.optimize(1)").fetchall() == [('ANALYZE "b"."t"',)]
    connection.execute("PRAGMA optimize")
    assert connection.execute("SELECT * FROM b.sqlite_stat1").fetchall() == [("t", "bi", "1 1")]
    assert connection.execute("SELECT count(*) FROM main.sqlite_stat1").fetchone() == (3,)
