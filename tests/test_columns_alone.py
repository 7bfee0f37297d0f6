"""Scans that read some columns of leaves on disk, and look-ups that read one row: whatever a statement looks at was read, and the
answers are sqlite3's.

INV-C7, INV-Q1. The columns that a scan did not ask for hold an object that belongs to no class of SQL, instead of None: a
statement that looks at one fails, or gives what sqlite3 does not. Before each statement every node is unloaded. The same
with whole leaves only.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from random_sql import Generator
from store_support import evict
from test_random_sql import outcome

import aerodb_dbapi
from aerodb_dbapi.storage import blocks, column_reader


class Absent:
    """A value that must not be looked at."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a column that was not read is compared")

    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = __bool__ = __eq__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


@pytest.fixture(params=[True, False], ids=["columns alone", "whole leaves"], autouse=True)
def alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether columns are read alone, at any time; and what stands for the others then."""
    monkeypatch.setattr(blocks, "COLUMNS_ALONE", request.param)
    monkeypatch.setattr(blocks, "ROWS_ALONE", request.param)
    monkeypatch.setattr(blocks, "CACHE_RESERVE", 1 << 62)
    monkeypatch.setattr(column_reader, "ABSENT", Absent())
    return bool(request.param)


def unload(connection: Any) -> None:
    """All of the database is on disk, and nothing in memory."""
    connection.execute("PRAGMA wal_checkpoint").fetchall()
    evict(connection._ready().database)


@pytest.mark.parametrize("seed", range(500, 506))
def test_random_statements(seed: int, tmp_path: Path) -> None:
    generator = Generator(seed)
    ours = aerodb_dbapi.connect(str(tmp_path / "app.db"), isolation_level=None)
    theirs = sqlite3.connect(":memory:", isolation_level=None)
    for sql in generator.schema():
        assert outcome(ours, sql, aerodb_dbapi.Error) == outcome(theirs, sql, sqlite3.Error)
    for number in range(40):
        sql = generator.change() if number % 4 == 0 else generator.select()
        unload(ours)
        mine, other = outcome(ours, sql, aerodb_dbapi.Error), outcome(theirs, sql, sqlite3.Error)
        assert mine == other, f"seed {seed}: {sql}"
    assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    ours.close()
    theirs.close()


SCHEMA = """
    CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INT, c REAL, d BLOB, e AS (b * 2), f AS (a || b) STORED);
    CREATE TABLE u(x TEXT, y INT);
    CREATE INDEX t_b ON t(b);
    CREATE VIEW v AS SELECT a, c FROM t;
"""
QUESTIONS = [
    "SELECT sum(c) FROM t",
    "SELECT id FROM t ORDER BY id",
    "SELECT rowid, b FROM t ORDER BY rowid",
    "SELECT e, f FROM t ORDER BY id",
    "SELECT a FROM t ORDER BY c DESC, id",
    "SELECT a, max(c) FROM t",
    "SELECT count(*) FROM t WHERE d IS NOT NULL",
    "SELECT b, count(*), group_concat(a) FROM (SELECT * FROM t ORDER BY id) GROUP BY b ORDER BY b",
    "SELECT * FROM v WHERE c > 3",
    "SELECT t.a, u.y FROM t JOIN u ON u.x = t.a ORDER BY 1, 2",
    "SELECT t.a, u.y FROM t LEFT JOIN u ON u.y = t.b ORDER BY t.id, u.rowid",
    "SELECT a FROM t WHERE b > 1 AND c < 90 ORDER BY id",
    "SELECT DISTINCT b FROM t ORDER BY b",
    "SELECT y FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.a = u.x AND t.c > u.y) ORDER BY y",
    "SELECT (SELECT max(c) FROM t WHERE t.b = u.y) FROM u ORDER BY u.rowid",
    "SELECT sum(c) OVER (PARTITION BY b ORDER BY id) FROM t ORDER BY id",
    "SELECT a FROM t WHERE id IN (SELECT y FROM u) ORDER BY id",
    "SELECT d FROM t EXCEPT SELECT x FROM u ORDER BY 1 LIMIT 5",
    "SELECT b FROM t ORDER BY id LIMIT 3 OFFSET 300",
    "SELECT * FROM t WHERE id = 300",
    "SELECT * FROM t LIMIT 1",
    "SELECT * FROM t LIMIT 40",
    "SELECT * FROM t LIMIT 3 OFFSET 14",
    "SELECT a FROM t WHERE b = 3 LIMIT 5",
    "SELECT EXISTS (SELECT * FROM t)",
    "SELECT a, c FROM t WHERE id = 699",
    "SELECT * FROM t WHERE id = 700",
    "SELECT * FROM u WHERE rowid = 2",
    "SELECT u.y, t.* FROM u JOIN t ON t.id = u.y ORDER BY u.rowid",
]
CHANGES = [
    "UPDATE t SET b = b + 1 WHERE c > 50",
    "UPDATE t SET c = u.y FROM u WHERE u.x = t.a",
    "INSERT INTO u SELECT a, b FROM t WHERE id % 3 = 0",
    "DELETE FROM t WHERE b = 2",
    "INSERT INTO t(a, b, c) SELECT a, b, c FROM t WHERE id < 20",
    "ALTER TABLE t ADD COLUMN g DEFAULT 5",
    "SELECT g, a FROM t ORDER BY id LIMIT 4",
    "INSERT INTO t(a, g) VALUES ('z', 7)",
    "SELECT sum(g) FROM t",
]


def test_questions(tmp_path: Path) -> None:
    ours = aerodb_dbapi.connect(str(tmp_path / "app.db"), isolation_level=None)
    theirs = sqlite3.connect(":memory:", isolation_level=None)
    rows = [(i, f"n{i % 40}", i % 5, i / 8, b"x" if i % 3 else None) for i in range(1, 700)]
    for connection in (ours, theirs):
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
        connection.executemany("INSERT INTO u VALUES (?, ?)", [(f"n{i}", i % 4) for i in range(0, 60, 3)])
    for sql in [*QUESTIONS, *CHANGES, *QUESTIONS]:
        unload(ours)
        assert ours.execute(sql).fetchall() == theirs.execute(sql).fetchall(), sql
    unload(ours)
    assert ours.execute("SELECT * FROM t").fetchall() == theirs.execute("SELECT * FROM t").fetchall()
    ours.close()


def test_look_ups(tmp_path: Path, alone: bool) -> None:
    """The first look-up in a leaf reads the row, the second loads the leaf; all see what is there."""
    connection = aerodb_dbapi.connect(str(tmp_path / "app.db"), isolation_level=None)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c REAL, d)")
    rows = [(i * 3, f"text {i}", f"n{i % 9}", i / 8, None if i % 5 else b"x") for i in range(2000)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    unload(connection)
    cache = connection._ready().database.checkpointer.blocks.cache
    find = "SELECT * FROM t WHERE id = ?"
    assert connection.execute(find, (600,)).fetchall() == [rows[200]]
    branches = cache.used
    assert connection.execute(find, (602,)).fetchall() == []
    assert (cache.used > branches) == alone
    for row in rows:
        assert connection.execute(find, row[:1]).fetchall() == [row]
        assert connection.execute(find, (row[0] + 1,)).fetchall() == []
    unload(connection)
    connection.execute("UPDATE t SET a = 'other' WHERE id = 600")
    assert connection.execute(find, (600,)).fetchall() == [(600, "other", *rows[200][2:])]
    unload(connection)
    assert connection.execute(find, (600,)).fetchall() == [(600, "other", *rows[200][2:])]
    used = cache.used
    assert connection.execute(find, (4500,)).fetchall() == [rows[1500]]
    assert (cache.used - used < 20_000) == alone
    connection.close()


def test_the_beginning_of_a_scan(tmp_path: Path, alone: bool) -> None:
    """A scan that ends with its first rows reads these alone; one that goes on has every row once."""
    connection = aerodb_dbapi.connect(str(tmp_path / "app.db"), isolation_level=None)
    connection.execute("CREATE TABLE t(a, b, c)")
    rows = [(i, f"text {i}", f"n{i % 9}") for i in range(2000)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    cache = connection._ready().database.checkpointer.blocks.cache
    for _ in range(2):
        unload(connection)
        used = cache.used
        cursor = connection.execute("SELECT * FROM t")
        assert [cursor.fetchone() for _ in range(10)] == rows[:10]
        assert (cache.used - used < 20_000) == alone
        assert cursor.fetchall() == rows[10:]
        connection.execute("UPDATE t SET a = a + 1, b = b || '!' WHERE a < 1000")
        rows = [(a + 1, b + "!", c) if a < 1000 else (a, b, c) for a, b, c in rows]
        assert connection.execute("SELECT * FROM t").fetchall() == rows
    connection.close()


def test_what_a_scan_leaves_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    """Columns that were read alone take no place in the cache; who scans a second time loads the leaves, if there is room."""
    connection = aerodb_dbapi.connect(str(tmp_path / "app.db"), isolation_level=None)
    connection.execute("CREATE TABLE t(a, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, f"text {i}") for i in range(5000)])
    unload(connection)
    cache = connection._ready().database.checkpointer.blocks.cache
    used = []
    for _ in range(3):
        connection.execute("SELECT sum(a) FROM t").fetchall()
        used.append(cache.used)
    monkeypatch.setattr(blocks, "CACHE_RESERVE", 0)
    connection.execute("SELECT sum(a) FROM t").fetchall()
    used.append(cache.used)
    assert (used[2] < 100_000) == alone and used[3] > 400_000
    connection.close()
