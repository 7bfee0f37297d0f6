"""What opening and closing a file costs: bytes read and written, threads, statements compiled. INV-E3, INV-S3."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor import compile as compiling
from aerodb_dbapi.storage import reopening
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.files import OperatingSystemFile


def connect(path: Path, **options: Any) -> aerodb_dbapi.Connection:
    return aerodb_dbapi.connect(path, isolation_level=None, **options)


def filled(path: Path, rows: int) -> Path:
    connection = connect(path)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a INT, b TEXT)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t(a, b) VALUES (?, ?)", [(i % 97, f"text {i}") for i in range(rows)])
    connection.execute("CREATE INDEX t_a ON t(a)")
    connection.execute("COMMIT")
    connection.close()
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all reads of files."""
    lengths: list[int] = []
    read_at = OperatingSystemFile.read_at

    def counted(self: OperatingSystemFile, offset: int, length: int) -> bytes:
        found = read_at(self, offset, length)
        lengths.append(len(found))
        return found

    monkeypatch.setattr(OperatingSystemFile, "read_at", counted)
    return lengths


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that were compiled; nothing is remembered at the begin."""
    texts: list[str] = []
    real = compiling._compile_rows

    def noted(session: Any, parsed: Any, text: str, *rest: Any) -> Any:
        texts.append(text)
        return real(session, parsed, text, *rest)

    monkeypatch.setattr(compiling, "_compile_rows", noted)
    reopening._left.clear()
    yield texts
    reopening._left.clear()


def test_opening_reads_as_much_of_a_large_file_as_of_a_small_one(tmp_path: Path, reads: list[int]) -> None:
    """INV-E3: both header slots, checkpoint record and state record; then a row costs one path."""
    opened, looked_up = [], []
    for rows in (300, 60_000):
        path = filled(tmp_path / f"{rows}.db", rows)
        reads.clear()
        connection = connect(path)
        opened.append(sum(reads))
        reads.clear()
        assert connection.execute("SELECT a FROM t WHERE id = 299").fetchone() == (298 % 97,)
        looked_up.append((len(reads), sum(reads)))
        connection.close()
    assert abs(opened[0] - opened[1]) < 256 and opened[1] < 10_000
    assert looked_up[1][0] <= 5 and looked_up[1][1] < 16_000, looked_up


def test_opening_reads_the_log_behind_the_checkpoint_alone(tmp_path: Path, reads: list[int]) -> None:
    path = filled(tmp_path / "a.db", 100_000)
    database = Database.open(str(path))
    transaction = database.begin()
    transaction.writer(2).put(100_001, (None, 5, "last"))
    transaction.commit()
    database.abandon()
    reads.clear()
    connection = connect(path)
    assert sum(reads) < path.stat().st_size / 3, sum(reads)
    assert connection.execute("SELECT a FROM t WHERE id = 100001").fetchone() == (5,)
    connection.close()


def test_a_session_that_only_reads_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db", 1000)
    before, at = path.read_bytes(), path.stat().st_mtime_ns
    connection = connect(path)
    assert connection.execute("SELECT count(*) FROM t WHERE a > 3").fetchone() == (956,)
    connection.close()
    assert path.read_bytes() == before and path.stat().st_mtime_ns == at
    assert os.listdir(tmp_path) == ["a.db"]


def test_one_thread_looks_after_all_files(tmp_path: Path) -> None:
    for round in range(3):
        connections = [connect(tmp_path / f"{i}.db") for i in range(5)]
        assert sum(thread.name == "aerodb" for thread in threading.enumerate()) == 1, round
        for connection in connections:
            connection.close()


def test_cache_size_of_connect(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db", 20_000)
    connection = connect(path, cache_size=-200)
    assert connection.execute("PRAGMA cache_size").fetchone() == (-200,)
    for _ in range(2):
        assert connection.execute("SELECT max(b), sum(id) FROM t").fetchone() == ("text 9999", 200010000)
    used, budget = connection.execute("SELECT cache_bytes, cache_budget FROM pragma_aerodb_store").fetchone()
    assert used <= budget == 200 * 1024
    connection.close()
    connection = connect(path, cache_size=50)
    assert connection.execute("PRAGMA cache_size").fetchone() == (50,)
    connection.close()
    with pytest.raises(TypeError):
        connect(path, cache_size="big")


def test_a_file_that_is_rewritten_again_and_again_comes_to_an_end_of_growing(tmp_path: Path) -> None:
    """INV-G1, INV-G2: within one opening, and over several."""
    path = filled(tmp_path / "a.db", 5000)
    dense = path.stat().st_size
    for _ in range(2):
        connection = connect(path)
        sizes = []
        for i in range(30):
            connection.execute("UPDATE t SET a = a + 1, b = b || '' WHERE id % 50 = ?", (i,))
            connection.execute("PRAGMA wal_checkpoint")
            sizes.append(path.stat().st_size)
        assert max(sizes) < 2.5 * dense and sizes[-1] < 1.1 * sizes[20], (dense, sizes)
        connection.close()
    with connect(path) as connection:
        connection.execute("VACUUM")
        assert path.stat().st_size < 1.1 * dense
    connection.close()


# --- statements -------------------------------------------------------------------------------------------------------

SELECT = "SELECT count(*) FROM t WHERE a = 5"


def ask(path: Path, sql: str = SELECT) -> Any:
    connection = connect(path)
    try:
        return connection.execute(sql).fetchone()
    finally:
        connection.close()


def test_a_file_opened_again_has_its_statements(tmp_path: Path, compiled: list[str]) -> None:
    """INV-S3: also where rows have changed since, and the answer is of now."""
    path = filled(tmp_path / "a.db", 970)
    compiled.clear()
    for _ in range(3):
        assert ask(path) == (10,) and len(compiled) == 1
    ask(path, "INSERT INTO t(a) VALUES (5)")
    compiled.clear()
    assert ask(path) == (11,) and compiled == []
    assert ask(path, "SELECT count(*) FROM t WHERE a = 6") == (10,) and compiled == []


def _drop(connection: aerodb_dbapi.Connection) -> None:
    connection.executescript("DROP TABLE t; CREATE TABLE t(b, a); INSERT INTO t VALUES (5, 1)")


def _other_file(connection: aerodb_dbapi.Connection) -> None:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    connection.close()
    os.unlink(path)
    _drop_new(path)


def _drop_new(path: str) -> None:
    with aerodb_dbapi.connect(path, isolation_level=None) as made:
        made.executescript("CREATE TABLE t(b, a); INSERT INTO t VALUES (5, 1)")
    made.close()


def _vacuum(connection: aerodb_dbapi.Connection) -> None:
    _drop(connection)
    connection.execute("VACUUM")


def _crash(connection: aerodb_dbapi.Connection) -> None:
    _drop(connection)
    connection._ready().database.abandon()  # the log holds the change


@pytest.mark.parametrize("change", [_drop, _other_file, _vacuum, _crash])
def test_other_definitions_have_other_statements(
    tmp_path: Path, compiled: list[str], change: Callable[[aerodb_dbapi.Connection], None]
) -> None:
    """INV-S3: the catalog decides, by the pointer of its root."""
    path = filled(tmp_path / "a.db", 970)
    assert ask(path) == (10,)
    compiled.clear()
    connection = connect(path)
    change(connection)
    connection.close()
    assert ask(path) == (0,) and compiled
    assert ask(path, "SELECT * FROM t") == (5, 1)


def test_statements_for_tables_of_another_size_are_forgotten(tmp_path: Path, compiled: list[str]) -> None:
    path = filled(tmp_path / "a.db", 5)
    ask(path)
    ask(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO t(a) SELECT i FROM n",
    )
    compiled.clear()
    assert ask(path) == (1,) and len(compiled) == 1


def test_what_is_remembered_holds_no_data(tmp_path: Path) -> None:
    """Neither the database nor its root or nodes; and of a few files only."""
    path = filled(tmp_path / "a.db", 3000)
    connection = connect(path)
    connection.execute(SELECT).fetchall()
    connection.execute("UPDATE t SET b = 'x' WHERE id = 5")
    connection.execute("SELECT * FROM t JOIN t AS u USING (a) WHERE t.id = 3").fetchall()
    database = connection._ready().database
    gone = [weakref.ref(database), weakref.ref(database.root), weakref.ref(database.root.trees)]
    connection.close()
    del connection, database
    gc.collect()
    assert [found() for found in gone] == [None] * 3
    for i in range(reopening.FILES_MAX + 3):
        filled(tmp_path / f"{i}.db", 3)
        ask(tmp_path / f"{i}.db")
    assert len(reopening._left) == reopening.FILES_MAX
