"""Window functions beyond the scripts: the application's own, exact sums at length, parameters, cost, what a plan shares."""

from __future__ import annotations

import random
import sqlite3
import time
from fractions import Fraction
from typing import Any

import pytest

import aerodb_dbapi

FRAMES = [
    "ORDER BY id",
    "ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    "ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING",
    "PARTITION BY g ORDER BY v GROUPS 1 PRECEDING",
    "PARTITION BY g ORDER BY v RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING",
    "PARTITION BY g",
    "PARTITION BY g ORDER BY v RANGE UNBOUNDED PRECEDING EXCLUDE TIES",
]


class Joined:
    """A window function that shows which rows it was given and which were taken back."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def step(self, value: Any, other: Any) -> None:
        self.rows.append((value, other))

    def inverse(self, value: Any, other: Any) -> None:
        assert self.rows.pop(0) == (value, other)

    def value(self) -> str:
        return str(self.rows)

    def finalize(self) -> str:
        return f"all of {len(self.rows)}"


def both(rows: int = 12) -> list[Any]:
    draw = random.Random(7)
    values = [(number, draw.randint(0, 2), draw.choice([None, 1, 2, 3, 5])) for number in range(rows)]
    made: list[Any] = [aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")]
    for connection in made:
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, g, v)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", values)
    return made


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "create_window_function"), reason="sqlite3 has no window functions")
@pytest.mark.parametrize("frame", FRAMES)
def test_functions_of_the_application(frame: str) -> None:
    answers = []
    for connection in both():
        connection.create_window_function("joined", 2, Joined)
        first = connection.execute("SELECT id FROM t ORDER BY id").fetchall()
        windowed = connection.execute(
            f"SELECT id, joined(id, v) OVER ({frame}), joined(v, g) FILTER (WHERE v IS NOT 3) OVER () FROM t"
        ).fetchall()
        grouped = connection.execute("SELECT g, joined(id, v) FROM t GROUP BY g").fetchall()
        answers.append((first, windowed, grouped))
    assert answers[0] == answers[1]


def test_a_function_that_has_seen_no_row_is_null() -> None:
    """The `sqlite3` module crashes there."""
    connection = both(3)[0]
    connection.create_window_function("joined", 2, Joined)
    for frame in (
        "ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING",
        "ROWS BETWEEN CURRENT ROW AND 0 FOLLOWING EXCLUDE CURRENT ROW",
    ):
        rows = connection.execute(f"SELECT joined(id, 1) OVER (ORDER BY id {frame}) FROM t").fetchall()
        assert rows == [(None,), (None,), ("[(0, 1)]" if "3 P" in frame else None,)]


def test_an_aggregate_without_inverse_is_no_window_function() -> None:
    for connection in both():
        connection.create_aggregate("joined", 2, Joined)
        assert connection.execute("SELECT joined(id, v) FROM t").fetchall() == [("all of 12",)]
        with pytest.raises(
            (aerodb_dbapi.OperationalError, sqlite3.OperationalError), match="may not be used as a window"
        ):
            connection.execute("SELECT joined(id, v) OVER () FROM t")


def test_sliding_sums_are_rounded_once() -> None:
    """INV-T3: values of all magnitudes, compared with exact arithmetic."""
    draw = random.Random(3)
    values = [draw.uniform(-1, 1) * 10.0 ** draw.randint(-200, 200) for _ in range(200)]
    values[50:60] = [draw.randint(-(1 << 62), 1 << 62) for _ in range(10)]
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
    connection.executemany("INSERT INTO t(x) VALUES (?)", [(value,) for value in values])
    found = connection.execute("SELECT sum(x) OVER (ORDER BY id ROWS 12 PRECEDING) FROM t").fetchall()
    for at, (total,) in enumerate(found):
        exact = sum(map(Fraction, values[max(0, at - 12) : at + 1]))
        assert total == (float(exact) if any(isinstance(v, float) for v in values[max(0, at - 12) : at + 1]) else exact)


def test_offsets_and_arguments_may_be_parameters() -> None:
    for connection in both():
        sql = "SELECT count(*) OVER (ORDER BY id ROWS ? PRECEDING), lag(id, ?, ?) OVER (ORDER BY id) FROM t"
        assert connection.execute(sql, (1, 2, "x")).fetchall()[:3] == [(1, "x"), (2, "x"), (2, 0)]
        assert connection.execute(sql, (5, 1, None)).fetchall()[:2] == [(1, None), (2, 0)]
        with pytest.raises((aerodb_dbapi.OperationalError, sqlite3.OperationalError), match="frame starting offset"):
            connection.execute(sql, (-1, 1, None)).fetchall()


def test_wide_frames_cost_no_more_than_narrow_ones() -> None:
    """Sums and extremes of 20,000 rows over frames of 10,000: computed anew for each row this would be minutes."""
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER)")
    connection.executemany("INSERT INTO t(v) VALUES (?)", [(number * 7919 % 10007,) for number in range(20000)])
    start = time.perf_counter()
    rows = connection.execute(
        "SELECT sum(v) OVER w, min(v) OVER w, max(v) OVER w, count(*) OVER w, avg(v * 0.5) OVER w FROM t"
        " WINDOW w AS (ORDER BY id ROWS BETWEEN 5000 PRECEDING AND 5000 FOLLOWING EXCLUDE CURRENT ROW)"
    ).fetchall()
    assert len(rows) == 20000 and rows[10000][3] == 10000
    assert time.perf_counter() - start < 30


def test_a_sort_is_shared_by_windows_of_one_order() -> None:
    connection = both()[0]
    sql = "SELECT sum(v) OVER (w ROWS 1 PRECEDING), rank() OVER w, lag(v) OVER w FROM t WINDOW w AS (PARTITION BY g ORDER BY v)"
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plan.count("USE TEMP B-TREE FOR ORDER BY") == 1


def test_the_authorizer_is_asked_about_window_functions() -> None:
    for connection in both(3):
        connection.execute("CREATE VIEW seen AS SELECT rank() OVER (ORDER BY v) AS place FROM t")
        questions: list[Any] = []
        connection.set_authorizer(lambda *question: questions.append(question) or 0)  # noqa: B023
        connection.execute("SELECT place FROM seen").fetchall()
        assert (20, "t", "v", "main", "seen") in questions
        connection.set_authorizer(lambda action, *names: int(action == 31 and "rank" in names))
        with pytest.raises((aerodb_dbapi.DatabaseError, sqlite3.DatabaseError), match="not authorized"):
            connection.execute("SELECT rank() OVER () FROM t")
