"""What the PRAGMAs about live transactions, waits, conflicts and commits tell; counters that merge (INV-V10, INV-V12)."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi


@pytest.fixture
def path(tmp_path: Path) -> str:
    made = str(tmp_path / "live.db")
    connection = connect(made)
    connection.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, n INTEGER)")
    connection.execute("CREATE TABLE c(id INTEGER PRIMARY KEY AUTOINCREMENT, a)")
    connection.execute("INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)")
    connection.close()
    return made


def connect(path: str, **options: Any) -> Any:
    options = {"timeout": 30, "check_same_thread": False, **options}
    return aerodb_dbapi.connect(path, isolation_level=None, **options)


def number(connection: Any) -> int:
    return int(connection.execute("PRAGMA aerodb_connection").fetchone()[0])


def begin_waiting(connection: Any, sql: str, until: Any) -> threading.Thread:
    thread = threading.Thread(target=connection.execute, args=(sql,))
    thread.start()
    while not until():
        time.sleep(0.001)
    return thread


def test_who_waits_for_whom(path: str) -> None:
    a, b, c, d, e = connections = [connect(path) for _ in range(5)]
    assert len({number(one) for one in connections}) == 5
    base = a.execute("PRAGMA aerodb_commit_id").fetchone()[0]
    a.execute("BEGIN")
    a.execute("UPDATE t SET n = 1 WHERE k = 1")
    d.execute("BEGIN")
    d.execute("SELECT * FROM t").fetchall()
    b.execute("BEGIN")
    b.execute("UPDATE t SET n = 1 WHERE k = 2")
    waits = [
        begin_waiting(one, f"UPDATE t SET n = n + 1 WHERE k = {k}", lambda: one._session.holder.waiting)  # noqa: B023
        for one, k in ((b, 1), (c, 2))
    ]
    asked = "SELECT connection, mode, base_commit, edits > 0, waits_for, waits_on FROM pragma_aerodb_transactions"
    assert sorted(e.execute(asked).fetchall()) == sorted(
        [
            (number(a), "deferred", base, 1, None, None),
            (number(d), "deferred", base, 0, None, None),
            (b._session.holder.number, "deferred", base, 1, number(a), "row 1 of table t"),
            (c._session.holder.number, "autocommit", None, 0, b._session.holder.number, "row 2 of table t"),
        ]
    )
    (longest,) = e.execute("SELECT max(seconds) FROM pragma_aerodb_transactions").fetchone()
    assert 0 < longest < 60
    a.execute("ROLLBACK")
    waits[0].join()
    b.execute("COMMIT")
    waits[1].join()
    a.execute("BEGIN IMMEDIATE")
    gate = a._session.database.committer.gate
    waiting = begin_waiting(b, "BEGIN IMMEDIATE", lambda: gate.line)
    found = e.execute(
        "SELECT waits_for, waits_on FROM pragma_aerodb_transactions WHERE waits_on IS NOT NULL"
    ).fetchall()
    assert found == [(number(a), "the write gate")]
    a.execute("COMMIT")
    waiting.join()
    b.execute("ROLLBACK")
    d.execute("ROLLBACK")
    assert e.execute("PRAGMA aerodb_transactions").fetchall() == []
    assert e.execute("SELECT waits, timeouts FROM pragma_aerodb_conflicts WHERE \"table\" = 't'").fetchone() == (2, 0)
    for one in connections:
        one.close()


def test_conflicts_by_table(path: str) -> None:
    a, b = connect(path), connect(path, timeout=0.01)
    a.execute("BEGIN")
    a.execute("SELECT sum(n) FROM t").fetchall()
    a.execute("INSERT INTO c(a) VALUES (1)")
    b.execute("UPDATE t SET n = 1 WHERE k = 3")
    with pytest.raises(aerodb_dbapi.SerializationError) as caught:
        a.execute("COMMIT")
    assert caught.value.kind == "read"
    a.execute("BEGIN")
    a.execute("UPDATE t SET n = 1 WHERE k = 1")
    with pytest.raises(aerodb_dbapi.OperationalError, match="database is locked"):
        b.execute("UPDATE t SET n = 1 WHERE k = 1")
    a.execute("ROLLBACK")
    a.execute("BEGIN")
    a.execute("SELECT 1 FROM t WHERE k = 1").fetchall()
    a.execute("INSERT INTO c(a) VALUES (1)")
    b.execute("CREATE TABLE later(x)")
    with pytest.raises(aerodb_dbapi.SerializationError):
        a.execute("COMMIT")
    got = {row[0]: row[1:7] + row[8:] for row in a.execute("PRAGMA aerodb_conflicts")}
    assert got == {"t": (0, 0, 1, 0, 0, 1, 1), None: (0, 0, 0, 1, 0, 0, 0)}
    a.close()
    b.close()


def test_commits_and_their_groups(path: str) -> None:
    a = connect(path)
    before = a.execute("SELECT commit_id FROM pragma_aerodb_commits").fetchone()[0]

    def work(k: int) -> None:
        one = connect(path)
        for _ in range(20):
            one.execute("UPDATE t SET n = n + 1 WHERE k = ?", (k,))
        one.close()

    threads = [threading.Thread(target=work, args=(k,)) for k in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commit_id, commits, syncs, largest, seconds, longest, last, pending = a.execute("PRAGMA aerodb_commits").fetchone()
    assert (commit_id, commits, pending) == (before + 60, 60, 0)
    assert 0 < syncs <= 60 and 1 <= largest <= 3 and 0 < last <= longest <= seconds
    groups = a.execute("PRAGMA aerodb_commit_groups").fetchall()
    assert sum(size * count for size, count in groups) == 60 and sum(count for _, count in groups) == syncs
    a.close()
    memory = aerodb_dbapi.connect(":memory:", isolation_level=None)
    memory.execute("CREATE TABLE t(a)")
    memory.execute("INSERT INTO t VALUES (1)")
    assert memory.execute("PRAGMA aerodb_commits").fetchone()[:3] == (2, 2, 0)
    memory.close()


def test_autoincrement_tables_take_inserts_from_many(path: str) -> None:
    """Neither waits nor fails; ids differ; the counter stays one row, the largest value, whatever the order of commits."""
    for first_commits in (0, 1):
        one, two = pair = [connect(path) for _ in range(2)]
        for connection in pair:
            connection.execute("BEGIN")
        ids = [connection.execute("INSERT INTO c(a) VALUES (1) RETURNING id").fetchone()[0] for connection in pair * 2]
        assert len(set(ids)) == 4
        pair[first_commits].execute("COMMIT")
        pair[1 - first_commits].execute("COMMIT")
        assert one.execute("SELECT name, seq FROM sqlite_sequence").fetchall() == [("c", max(ids))]
        two.execute("BEGIN")
        two.execute("INSERT INTO c(a) VALUES (2)")
        two.execute("ROLLBACK")
        (following,) = one.execute("INSERT INTO c(a) VALUES (3) RETURNING id").fetchone()
        assert following == max(ids) + 1  # nobody else took one
        assert one.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        one.close()
        two.close()
    reopened = connect(path)
    assert reopened.execute("SELECT seq FROM sqlite_sequence").fetchall() == [(following,)]
    reopened.close()


def test_who_reads_or_sets_a_counter_is_validated(path: str) -> None:
    """INV-V7: the counter merges only for those who did nothing but insert."""
    one, two = connect(path), connect(path)
    two.execute("INSERT INTO c(a) VALUES (1)")
    one.execute("BEGIN")
    one.execute("SELECT seq FROM sqlite_sequence WHERE name = 'c'").fetchall()
    one.execute("INSERT INTO c(a) VALUES (1)")
    two.execute("INSERT INTO c(a) VALUES (1)")
    with pytest.raises(aerodb_dbapi.SerializationError):
        one.execute("COMMIT")
    one.execute("BEGIN")
    one.execute("INSERT INTO c(a) VALUES (1)")
    two.execute("UPDATE sqlite_sequence SET seq = 100")
    one.execute("COMMIT")
    assert two.execute("SELECT seq FROM sqlite_sequence").fetchone() == (100,)
    assert two.execute("INSERT INTO c(a) VALUES (1) RETURNING id").fetchone() == (101,)
    one.close()
    two.close()


def test_many_threads_insert_into_an_autoincrement_table(path: str) -> None:
    def work() -> None:
        one = connect(path)
        for n in range(25):
            one.execute("BEGIN")
            one.execute("INSERT INTO c(a) VALUES (?)", (n,))
            one.executemany("INSERT INTO c(a) VALUES (?)", [(n,)] * (n % 12))
            one.execute("COMMIT")
        one.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = connect(path)
    assert one.execute("SELECT count(*) FROM c").fetchone() == (4 * (25 + sum(n % 12 for n in range(25))),)
    assert one.execute("SELECT count(*), max(seq) = (SELECT max(id) FROM c) FROM sqlite_sequence").fetchone() == (1, 1)
    assert one.execute("SELECT sum(written) FROM pragma_aerodb_conflicts").fetchone()[0] in (None, 0)
    one.close()
