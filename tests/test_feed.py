"""The change feed: commits in order with their rows, over checkpoints, restarts and processes; replicas with equal digests."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi


def open_file(path: Path) -> aerodb_dbapi.Connection:
    return aerodb_dbapi.connect(str(path), isolation_level=None)


def digest(con: aerodb_dbapi.Connection) -> str:
    value: str = con.execute("PRAGMA aerodb_digest").fetchone()[0]
    return value


def told(commit: Any) -> list[Any]:
    return [(change.table, change.operation, change.rowid, change.old, change.new) for change in commit]


@pytest.mark.parametrize("name", [":memory:", "a.db"])
def test_rows_and_definitions_in_commit_order(tmp_path: Path, name: str) -> None:
    path = name if name == ":memory:" else str(tmp_path / name)
    with closing(aerodb_dbapi.connect(path, isolation_level=None)) as con:
        con.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
        con.execute("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
        con.execute("BEGIN")
        con.execute("UPDATE t SET a = 'uno' WHERE id = 1")
        con.execute("DELETE FROM t WHERE id = 2")
        con.execute("INSERT INTO t VALUES (3, 'three')")
        con.execute("UPDATE t SET a = 'tre' WHERE id = 3")
        con.execute("COMMIT")
        con.execute("ALTER TABLE t ADD COLUMN b DEFAULT 7")
        con.execute("DROP TABLE t")
        commits = list(con.changes(0))
        assert [commit.commit_id for commit in commits] == [1, 2, 3, 4, 5]
        created = ("table", "t", "t", "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
        assert told(commits[0]) == [("sqlite_schema", "INSERT", 1, None, created)]
        assert told(commits[1]) == [("t", "INSERT", 1, None, (1, "one")), ("t", "INSERT", 2, None, (2, "two"))]
        assert told(commits[2]) == [
            ("t", "UPDATE", 1, (1, "one"), (1, "uno")),
            ("t", "DELETE", 2, (2, "two"), None),
            ("t", "INSERT", 3, None, (3, "tre")),
        ]
        changed = next(iter(commits[3]))
        assert (changed.operation, changed.schema_version, changed.columns) == (
            "UPDATE",
            4,
            ("type", "name", "tbl_name", "sql"),
        )
        assert [change.operation for change in commits[4]] == ["DELETE", "DELETE", "DELETE"]
        assert list(con.changes()) == [] == list(con.changes(5))
        with pytest.raises(aerodb_dbapi.OperationalError, match="no such commit: 6"):
            con.changes(6)


def change_at_random(con: aerodb_dbapi.Connection, chance: random.Random) -> None:
    """One commit, of rows or of definitions."""
    sql = chance.choice(
        (
            "INSERT INTO t(a, b) SELECT 'n' || abs(random()), value FROM generate_series(1, 50)",
            "UPDATE t SET b = b + 1 WHERE id % 7 = 3",
            "DELETE FROM t WHERE id % 5 = 1",
            "UPDATE t SET a = a || 'x' WHERE id = (SELECT max(id) FROM t)",
            "CREATE INDEX IF NOT EXISTS i ON t(b)",
            "DROP INDEX IF EXISTS i",
            "CREATE TABLE IF NOT EXISTS u(x)",
            "DROP TABLE IF EXISTS u",
            "CREATE VIEW IF NOT EXISTS v AS SELECT a FROM t",
            "UPDATE t SET b = b",
            "PRAGMA user_version = 5",
        )
    )
    con.execute(sql)


@pytest.mark.parametrize("seed", range(4))
def test_a_replica_that_applies_the_feed_has_the_same_digest(tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    with closing(open_file(tmp_path / "a.db")) as con, closing(open_file(tmp_path / "b.db")) as replica:
        con.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT UNIQUE, b)")
        for _ in range(25):
            change_at_random(con, chance)
            if chance.random() < 0.4:
                for commit in con.changes(replica.commit_id):
                    replica.apply(commit)
                    assert digest(replica) == commit.digest()
        for commit in con.changes(replica.commit_id):
            replica.apply(commit)
        assert (digest(replica), replica.commit_id) == (digest(con), con.commit_id)
        assert replica.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if con.commit_id:
            with pytest.raises(aerodb_dbapi.ProgrammingError, match="cannot follow commit"):
                replica.apply(commit)


def test_a_consumer_finds_all_it_needs_after_checkpoints_and_restarts(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(open_file(path)) as con:
        con.execute("CREATE TABLE t(a)")
        start = con.register_consumer("copy")
        assert start == 1
    for number in range(4):
        with closing(open_file(path)) as con:
            con.execute("INSERT INTO t VALUES (?)", (number,))
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            con.execute("INSERT INTO t VALUES (?)", (-number,))
    with closing(open_file(path)) as con:
        commits = list(con.changes(consumer="copy"))
        rows = [change.new for commit in commits for change in commit if change.table == "t"]
        assert rows == [(0,), (0,), (1,), (-1,), (2,), (-2,), (3,), (-3,)]
        assert [commit.is_bookkeeping for commit in commits] == [True] + [False] * 8
        con.acknowledge("copy", commits[-1].commit_id)
        for number in range(4):
            con.execute("INSERT INTO t VALUES (?)", (number,))
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with pytest.raises(aerodb_dbapi.OperationalError, match="is no longer held"):
            list(con.changes(2))
        assert len(list(con.changes(consumer="copy"))) == 5
        assert con.execute("PRAGMA aerodb_consumers").fetchall() == [("copy", commits[-1].commit_id)]
        con.drop_consumer("copy")
        with pytest.raises(aerodb_dbapi.OperationalError, match="no such consumer: copy"):
            con.changes(consumer="copy")


def test_waiting_for_commits_of_other_threads_over_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(open_file(path)) as con:
        con.execute("CREATE TABLE t(a)")
        feed = con.changes(wait=True, timeout=30)

        def write() -> None:
            with closing(open_file(path)) as own:
                for number in range(30):
                    own.execute("INSERT INTO t VALUES (?)", (number,))
                    if number % 7 == 0:
                        own.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        writer = threading.Thread(target=write)
        writer.start()
        rows: list[Any] = []
        for commit in feed:
            rows += [change.new for change in commit]
            if len(rows) == 30:
                break
        writer.join()
        assert rows == [(number,) for number in range(30)]
        assert list(con.changes(wait=True, timeout=0.01)) == []


def test_the_feed_holds_commits_of_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    script = """
import sys, aerodb_dbapi
con = aerodb_dbapi.connect(sys.argv[1], isolation_level=None)
for number in range(20):
    con.execute("INSERT INTO t VALUES (?)", (number,))
    if number % 6 == 0:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
con.close()
"""
    with closing(open_file(path)) as con, closing(open_file(tmp_path / "b.db")) as replica:
        con.execute("CREATE TABLE t(a)")
        con.register_consumer("b", 0)
        subprocess.run([sys.executable, "-c", script, str(path)], check=True)
        for commit in con.changes(consumer="b"):
            replica.apply(commit)
        assert digest(replica) == digest(con)
        assert replica.execute("SELECT count(*) FROM t").fetchone() == (20,)
