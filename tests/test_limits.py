"""SQLite's limits, by default and lowered by `setlimit`, beside `sqlite3`: what is taken, and the errors of what is not."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

SETUP = "CREATE TABLE t(a, b, c); INSERT INTO t VALUES (1, 2, 3);"
COLUMN, DEPTH, COMPOUND, ARGUMENTS = (
    sqlite3.SQLITE_LIMIT_COLUMN, sqlite3.SQLITE_LIMIT_EXPR_DEPTH, sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, sqlite3.SQLITE_LIMIT_FUNCTION_ARG,
)  # fmt: skip
PATTERN, LENGTH, VARIABLES = (
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, sqlite3.SQLITE_LIMIT_LENGTH, sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER,
)  # fmt: skip


def chain(word: str, item: str, count: int) -> str:
    return word.join([item] * count)


LOWERED: list[tuple[int, int, str, tuple[Any, ...]]] = [
    (COLUMN, 3, "SELECT 1, 2, 3", ()),
    (COLUMN, 3, "SELECT 1, 2, 3, 4", ()),
    (COLUMN, 3, "SELECT * FROM t, t AS u", ()),
    (COLUMN, 3, "SELECT count(*) FROM t GROUP BY a, b, c, a", ()),
    (COLUMN, 3, "SELECT a FROM t ORDER BY a, b, c, a", ()),
    (COLUMN, 3, "SELECT 1 UNION SELECT 2 ORDER BY 1, 1, 1, 1", ()),
    (COLUMN, 3, "DELETE FROM t RETURNING a, b, c, a", ()),
    (COLUMN, 3, "CREATE TABLE y(a, b, c, d)", ()),
    (COLUMN, 3, "CREATE INDEX i ON t(a, b, c, a)", ()),
    (COLUMN, 3, "ALTER TABLE t ADD COLUMN d", ()),
    (COLUMN, 3, "SELECT max(1, 2, 3, 4, 5), a IN (1, 2, 3, 4, 5) FROM t", ()),
    (COLUMN, 3, "CREATE TABLE y AS SELECT 1, 2, 3, 4", ()),
    (DEPTH, 5, "CREATE TABLE y(a DEFAULT (1+1+1+1+1+1))", ()),
    (DEPTH, 5, "CREATE VIEW y AS SELECT 1+1+1+1", ()),
    (DEPTH, 5, "CREATE VIEW y AS SELECT 1+1+1+1+1+1", ()),
    (COMPOUND, 2, "SELECT 1 UNION SELECT 2", ()),
    (COMPOUND, 2, "SELECT 1 UNION SELECT 2 UNION ALL SELECT 3", ()),
    (COMPOUND, 2, "VALUES (1), (2), (3)", ()),
    (ARGUMENTS, 2, "SELECT max(1, 2, 3)", ()),
    (ARGUMENTS, 2, "SELECT coalesce(1, 2, 3)", ()),
    (ARGUMENTS, 2, "SELECT substr('a', 1)", ()),
    (DEPTH, 5, "SELECT 1 + 1 + 1", ()),
    (DEPTH, 5, "SELECT 1 + 1 + 1 + 1 + 1 + 1 + 1", ()),
    (DEPTH, 5, "SELECT a FROM t WHERE a = 1 AND a = 1 AND a = 1", ()),
    (DEPTH, 5, "SELECT a FROM t WHERE a = 1 AND a = 1 AND a = 1 AND a = 1 AND a = 1 AND a = 1", ()),
    (DEPTH, 5, "SELECT a FROM t WHERE a = 1 OR a = 2 OR a = 3 OR a = 4 OR a = 5 OR a = 6", ()),
    (PATTERN, 5, "SELECT 'a' LIKE '%%%%%'", ()),
    (PATTERN, 5, "SELECT 'a' LIKE '%%%%%%'", ()),
    (PATTERN, 5, "SELECT 'a' LIKE ?", ("%%%%%%",)),
    (PATTERN, 5, "SELECT 'a' GLOB '******'", ()),
    (PATTERN, 5, "SELECT a FROM t WHERE a LIKE 'aééé'", ()),
    (LENGTH, 100, "SELECT zeroblob(100)", ()),
    (LENGTH, 100, "SELECT zeroblob(101)", ()),
    (LENGTH, 100, "SELECT replace('aaaaaaaaaaaaaaaaaaaa', 'a', 'xxxxxxxxxx')", ()),
    (LENGTH, 100, "SELECT ?", ("x" * 101,)),
    (LENGTH, 100, "SELECT length(replace('aaaaaaaaaaaaaaaaaaaa', 'a', 'xxxxxxxxxx'))", ()),
    (LENGTH, 100, "SELECT 1 WHERE ? || ? > 'x'", ("x" * 50, "y" * 50)),
    (LENGTH, 100, "SELECT 1 WHERE ? || ? > 'x'", ("x" * 50, "y" * 51)),
    (LENGTH, 100, "SELECT ?", ("é" * 51,)),
    (LENGTH, 30, "SELECT 1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1", ()),
    (LENGTH, 30, "INSERT INTO t(a, b) VALUES (?, ?)", ("a" * 13, "b" * 13)),
    (LENGTH, 30, "INSERT INTO t(a, b) VALUES (?, ?)", ("a" * 13, "b" * 14)),
    (LENGTH, 100, "INSERT INTO t(a, b) VALUES (?, ?)", ("a" * 50, "b" * 43)),
    (LENGTH, 100, "INSERT INTO t(a, b) VALUES (?, ?)", ("a" * 50, "b" * 44)),
    (LENGTH, 100, "INSERT INTO t(a, b) VALUES (?, ?)", ("a" * 50, "b" * 45)),
    (LENGTH, 100, "INSERT INTO t(a, b) VALUES (?, ?)", ("a" * 50, "b" * 46)),
    (LENGTH, 100, "INSERT INTO t(a) VALUES (? || ?)", ("a" * 50, "b" * 51)),
    (LENGTH, 100, "UPDATE t SET a = ? || ?", ("a" * 50, "b" * 51)),
    (LENGTH, 100, "UPDATE t SET a = ?, b = ?", ("a" * 50, "b" * 50)),
    (VARIABLES, 3, "SELECT ?3", (1, 2, 3)),
    (VARIABLES, 3, "SELECT ?4", ()),
    (VARIABLES, 3, "SELECT ?0", ()),
    (VARIABLES, 3, "SELECT ?, ?, ?, ?", (1, 2, 3, 4)),
]
DEFAULT = [
    "SELECT " + chain(", ", "1", 2001),
    chain(" UNION ALL ", "SELECT 1", 501),
    f"SELECT max({chain(', ', '1', 128)})",
    f"SELECT max({chain(', ', '1', 127)})",
    f"SELECT 'a' LIKE '{'%' * 50_001}'",
    f"CREATE TABLE x({', '.join(f'c{i}' for i in range(2001))})",
    f"CREATE TABLE x({', '.join(f'c{i}' for i in range(2000))})",
    "SELECT 1 FROM " + ", ".join(f"(SELECT 1) t{i}" for i in range(65)),
    "SELECT 1 ORDER BY " + chain(", ", "1", 2001),
    "SELECT count(*) FROM t GROUP BY " + chain(", ", "a", 2001),
    "SELECT 1 WHERE " + chain(" AND ", "1", 1001),
    "SELECT " + chain("+", "1", 1001),
    f"CREATE TABLE x(a CHECK ({chain('+', 'a', 1000)}))",
    f"CREATE TABLE x(a CHECK ({chain('+', 'a', 1001)}))",
    f"CREATE TABLE x(a DEFAULT ({chain('+', '1', 1001)}))",
    f"CREATE TABLE x(a, b AS ({chain('+', 'a', 1001)}))",
    f"CREATE TABLE x AS SELECT {chain('+', '1', 1001)}",
    f"CREATE TABLE x AS SELECT {chain(', ', '1', 2001)}",
    f"CREATE TABLE x AS {chain(' UNION ALL ', 'SELECT 1', 501)}",
    f"CREATE VIEW x AS SELECT {chain('+', '1', 1000)}",
    f"CREATE VIEW x AS SELECT {chain('+', '1', 1001)}",
    f"CREATE VIEW x AS SELECT 1 FROM t WHERE {chain(' AND ', 'a', 1001)}",
    f"CREATE INDEX x ON t({chain('+', 'a', 1001)})",
    f"CREATE INDEX x ON t(a) WHERE {chain('+', 'a', 1001)}",
    f"CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT {chain('+', '1', 1001)}; END",
    f"CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = {chain('||', '1', 1000)}; END",
    f"CREATE TRIGGER x AFTER INSERT ON t WHEN {chain('+', '1', 1001)} BEGIN SELECT 1; END",
    f"ALTER TABLE t ADD COLUMN d DEFAULT ({chain('+', '1', 1001)})",
]
CHAINS = [
    "SELECT {0} FROM t ORDER BY {0}",
    "SELECT sum({0}) FROM t GROUP BY {0} HAVING max({0}) > 1",
    "SELECT sum({0}) OVER (PARTITION BY {0} ORDER BY {0}), {0} FROM t",
    "SELECT * FROM (SELECT a, {0} AS k FROM t) AS s JOIN t ON s.k = t.a + 989",
    "SELECT a FROM t WHERE {0} UNION SELECT {0} FROM t",
    "INSERT INTO t SELECT {0}, b, c FROM t RETURNING {0}",
    "UPDATE t SET a = {0} WHERE {0} RETURNING {0}",
]


def answer(module: Any, limit: tuple[int, int] | None, sql: str, values: tuple[Any, ...]) -> Any:
    connection = module.connect(":memory:", isolation_level=None)
    connection.executescript(SETUP)
    if limit is not None:
        connection.setlimit(*limit)
    try:
        return connection.execute(sql, values).fetchall()
    except module.Error as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize(
    ("category", "most", "sql", "values"), LOWERED, ids=[f"{one[0]} {one[2][:60]}" for one in LOWERED]
)
def test_lowered(category: int, most: int, sql: str, values: tuple[Any, ...]) -> None:
    expected = answer(sqlite3, (category, most), sql, values)
    assert answer(aerodb_dbapi, (category, most), sql, values) == expected


@pytest.mark.parametrize("sql", DEFAULT, ids=[sql[:30] for sql in DEFAULT])
def test_default(sql: str) -> None:
    assert answer(aerodb_dbapi, None, sql, ()) == answer(sqlite3, None, sql, ())


@pytest.mark.parametrize("sql", CHAINS)
def test_chains_of_operators(sql: str) -> None:
    """They need no depth of Python's stack: a caller may have used up half of it."""

    def deeper(left: int) -> Any:
        return deeper(left - 1) if left else answer(aerodb_dbapi, None, text, ())

    text = sql.format(chain("+", "t.a" if "JOIN" not in sql else "a", 990))
    assert deeper(500) == answer(sqlite3, None, text, ())


def test_bounds_of_setlimit() -> None:
    for module in (sqlite3, aerodb_dbapi):
        connection = module.connect(":memory:")
        assert connection.setlimit(LENGTH, 0) == 1_000_000_000
        assert connection.getlimit(LENGTH) == 1
        with pytest.raises(OverflowError):
            connection.setlimit(COLUMN, 1 << 40)
        assert connection.getlimit(COLUMN) == 2000
