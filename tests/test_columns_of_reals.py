"""Sums and means of REAL columns by group, which are kept in arrays as long as all are reals, beside `sqlite3`; and many rows bound
at once, of all the classes that a column may mix."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

QUERIES = (
    "SELECT g, count(*), count(x), sum(x) FROM t GROUP BY g",
    "SELECT g, total(x), avg(x), typeof(sum(x)) FROM t GROUP BY g",
    "SELECT g, min(x), max(x) FROM t GROUP BY g",
    "SELECT g, sum(x) FILTER (WHERE x > 0), count(*) FROM t GROUP BY g",
    "SELECT g % 2, avg(DISTINCT x) FROM t GROUP BY 1",
    "SELECT t.g, sum(u.x) FROM t LEFT JOIN t AS u ON u.rowid = t.rowid + 40 GROUP BY t.g",
    "SELECT g, sum(x) FROM (SELECT g, x FROM t UNION ALL SELECT 1, 5.5) GROUP BY g",
    "SELECT g, sum(x) FROM (SELECT g, 2 AS x FROM t) GROUP BY g",
    "SELECT a, count(*) FROM (SELECT g, avg(x) AS a FROM t GROUP BY g) GROUP BY a",
)
VALUES: dict[str, list[Any]] = {
    "reals": [0.5, -0.25, 3.0, 1e10, -0.0, 0.0],
    "NULL at last": [0.5, 1.5, None],
    "NULL at first": [None, 0.5, 1.5],
    "texts": [1.5, "12", "a word", "0.5", b"blob", None],
    "integers": [1, 2, 3],
    "infinite": [float("inf"), 1.0, 2.0],
    "large": [2.0**1000, 2.0**1001, -(2.0**1000)],
    "nothing": [None],
}


def both(rows: list[tuple[Any, ...]]) -> list[Any]:
    made = []
    for module in (aerodb_dbapi, sqlite3):
        connection: Any = module.connect(":memory:")
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, g INTEGER, x REAL)")
        connection.executemany("INSERT INTO t(g, x) VALUES (?, ?)", rows)
        made.append(connection)
    return made


@pytest.mark.parametrize("name", VALUES)
def test_groups_of_a_real_column(name: str) -> None:
    values = VALUES[name]
    rows = [(i % 7, values[min(i // 20, len(values) - 1)]) for i in range(150)]
    ours, oracle = both(rows)
    for sql in QUERIES:
        found = [tuple(map(repr, row)) for row in ours.execute(sql)]
        assert sorted(found) == sorted(tuple(map(repr, row)) for row in oracle.execute(sql)), sql


def test_a_sum_is_exact_whatever_the_order() -> None:
    """INV-T3: reals that cancel out, in groups that stay arrays and in groups that become lists."""
    values = [1e100, 1.0, -1e100, 0.5] * 30
    for seed in range(5):
        random.Random(seed).shuffle(values)
        for last in ([], [None], ["2"]):
            connection = aerodb_dbapi.connect(":memory:")
            connection.execute("CREATE TABLE t(g, x REAL)")
            connection.executemany("INSERT INTO t VALUES (1, ?)", [(value,) for value in [*values, *last]])
            assert connection.execute("SELECT sum(x) FROM t GROUP BY g").fetchall() == [
                (45.0 + (2 if last == ["2"] else 0),)
            ]


@pytest.mark.parametrize("seed", range(20))
def test_many_rows_of_mixed_classes(seed: int) -> None:
    """Rows bound column by column are what rows bound one by one are; seed given."""
    source = random.Random(seed)
    pool: list[Any] = [
        1,
        -(2**63),
        2**63 - 1,
        0,
        0.5,
        -0.0,
        0.0,
        float("inf"),
        "",
        "ä",
        "12",
        b"",
        b"x",
        None,
        True,
        bytearray(b"y"),
    ]
    chosen = source.sample(pool, source.randint(1, 4))
    rows = [tuple(source.choice(chosen) for _ in range(3)) for _ in range(source.choice([5, 400, 1300]))]
    answers = []
    for module in (aerodb_dbapi, sqlite3):
        connection: Any = module.connect(":memory:")
        connection.execute("CREATE TABLE t(a, b TEXT, c REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        answers.append(
            [tuple(map(repr, row)) for row in connection.execute("SELECT *, typeof(a) FROM t ORDER BY rowid")]
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize("place", [0, 600])
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_integer_beyond_64_bits_among_many(value: int, place: int) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(a)")
    rows = [(i,) for i in range(1000)]
    rows[place] = (value,)
    with pytest.raises(OverflowError):
        connection.executemany("INSERT INTO t VALUES (?)", rows)
