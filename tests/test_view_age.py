"""`PRAGMA aerodb_max_view_age`: old read views end, with their cursors, and what they kept becomes garbage (INV-G7)."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.connection import Connection
from aerodb_dbapi.storage import leaf_edits


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    made = aerodb_dbapi.connect(tmp_path / "app.db", isolation_level=None)
    made.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    made.executemany("INSERT INTO t VALUES (?, ?)", [(i, "x" * 50) for i in range(2000)])
    yield made
    made.close()


def commits(connection: Connection, count: int) -> None:
    for number in range(count):
        connection.execute("UPDATE t SET b = ? WHERE a % 20 = 0", (number,))


def keeps_commit_2(connection: Connection) -> bool:
    """Whether the file has dead blocks that only the state of the view may reach."""
    checkpointer = connection._ready().database.checkpointer
    assert checkpointer is not None
    return any(block.birth <= 2 < block.died for block in checkpointer.blocks.record.dead)


def test_views_and_their_cursors_end(connection: Connection) -> None:
    assert connection.execute("PRAGMA aerodb_max_view_age").fetchall() == [(0,)]
    connection.execute("PRAGMA aerodb_max_view_age = 3")
    view = connection.read_view()
    cursor = view.execute("SELECT a FROM t")
    assert cursor.fetchone() == (0,)
    commits(connection, 3)
    assert connection.execute("PRAGMA aerodb_read_views").fetchall() == [(2, 3, 3)]
    assert cursor.fetchmany(2) == [(1,), (2,)] and next(cursor) == (3,)
    commits(connection, 1)
    message = "^the read view of commit 2 was ended: it was 4 commits old, and aerodb_max_view_age is 3$"
    for use in (cursor.fetchone, cursor.fetchall, cursor.fetchmany, cursor.__next__, view.digest):
        with pytest.raises(aerodb_dbapi.OperationalError, match=message):
            use()
    with pytest.raises(aerodb_dbapi.OperationalError, match=message):
        view.execute("SELECT 1")
    assert connection.execute("PRAGMA aerodb_read_views").fetchall() == []
    assert cursor.execute("SELECT count(*) FROM t").fetchone() == (2000,)
    view.close()
    with pytest.raises(aerodb_dbapi.ProgrammingError):
        view.execute("SELECT 1")


def test_what_an_ended_view_kept_becomes_garbage(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-G1: a checkpoint ends it, and collects; without the limit the view keeps its blocks, and is right to the end."""
    monkeypatch.setattr(
        leaf_edits, "EDITING", False
    )  # a block with edits dies when these have become too many, not at once
    connection.execute("PRAGMA wal_checkpoint")
    view = connection.read_view()
    cursor = view.execute("SELECT b FROM t")
    assert cursor.fetchone() == ("x" * 50,)
    commits(connection, 5)
    connection.execute("PRAGMA wal_checkpoint")
    gc.collect()
    assert keeps_commit_2(connection)
    connection.execute("PRAGMA aerodb_max_view_age = 4")
    commits(connection, 1)
    connection.execute("PRAGMA wal_checkpoint")
    assert not keeps_commit_2(connection)
    with pytest.raises(aerodb_dbapi.OperationalError, match="the read view of commit 2 was ended"):
        cursor.fetchone()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_does_not_end(connection: Connection) -> None:
    view = connection.read_view()
    rest = view.execute("SELECT a FROM t")
    view.close()
    ordinary = connection.execute("SELECT a FROM t")
    connection.execute("PRAGMA aerodb_max_view_age = 1")
    commits(connection, 3)
    assert len(rest.fetchall()) == len(ordinary.fetchall()) == 2000
    connection.execute("PRAGMA aerodb_max_view_age = 0")
    view = connection.read_view()
    commits(connection, 10)
    assert view.execute("SELECT count(*) FROM t").fetchone() == (2000,)
    with pytest.raises(aerodb_dbapi.OperationalError, match="must not be negative"):
        connection.execute("PRAGMA aerodb_max_view_age = -1")
    view.close()


def test_a_row_factory_reaches_the_rows_of_views(connection: Connection) -> None:
    connection.row_factory = aerodb_dbapi.Row
    with connection.read_view() as view:
        assert view.execute("SELECT a FROM t LIMIT 1").fetchone()["a"] == 0
