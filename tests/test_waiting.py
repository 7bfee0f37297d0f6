"""Waiting for rows in threads: fairness, cycles, timeouts; what SerializationError tells; `Connection.run` (INV-V12, INV-V5, INV-V7)."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from interleavings import CATALOGUE, explore, interleavings, run, start

import aerodb_dbapi


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file with a table of ten rows (k, 0)."""
    made = str(tmp_path / "rows.db")
    connection = connect(made)
    connection.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, n INTEGER)")
    connection.executemany("INSERT INTO t VALUES (?, 0)", [(k,) for k in range(10)])
    connection.close()
    return made


@pytest.fixture
def fast_switching() -> Iterator[None]:
    """Threads change places every 5 microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def connect(path: str, **options: Any) -> Any:
    return aerodb_dbapi.connect(path, isolation_level=None, **{"timeout": 30, **options})


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work(number)` in so many threads; the first error of one is raised here."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def autocommit(connection: Any) -> None:
    connection.execute("UPDATE t SET n = n + 1 WHERE k = 1")


def immediate(connection: Any) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE t SET n = n + 1 WHERE k = 1")
    connection.execute("COMMIT")


def explicit(connection: Any) -> None:
    connection.execute("BEGIN")
    connection.execute("UPDATE t SET n = n + 1 WHERE k = 1")
    connection.execute("COMMIT")


@pytest.mark.parametrize("step", [autocommit, immediate, explicit])
def test_hammering_one_row_is_fair(path: str, step: Callable[[Any], None]) -> None:
    """INV-V12: of four threads that add to one row each gets at least half of an even share, and none waits for long. Nothing
    fails and nothing is lost."""
    done, longest = [0] * 4, [0.0] * 4
    start = threading.Barrier(4)
    end = [0.0]

    def work(number: int) -> None:
        connection = connect(path)
        if start.wait() == 0:
            end[0] = time.monotonic() + 1.5
        start.wait()
        now = time.monotonic()
        while now < end[0]:
            step(connection)
            done[number] += 1
            before, now = now, time.monotonic()
            longest[number] = max(longest[number], now - before)
        connection.close()

    in_threads(4, work)
    connection = connect(path)
    assert connection.execute("SELECT n FROM t WHERE k = 1").fetchone() == (sum(done),)
    connection.close()
    assert min(done) >= sum(done) / 4 / 2, done
    assert max(longest) < 0.5, longest


@pytest.mark.usefixtures("fast_switching")
@pytest.mark.parametrize("seed", range(3))
def test_transfers_in_any_order_of_rows(path: str, seed: int) -> None:
    """Cycles are broken, whoever fails is told so, and the sum stays; with savepoints, statements on several rows and autocommit
    between."""
    lost = [0] * 4

    def work(number: int) -> None:
        chance = random.Random(seed * 10 + number)
        connection = connect(path)
        for _ in range(40):
            rows = [chance.randrange(6) for _ in range(4)]
            try:
                connection.execute("BEGIN")
                if chance.random() < 0.3:
                    connection.execute("SELECT sum(n) FROM t WHERE k = ?", (rows[3],)).fetchone()
                connection.execute("UPDATE t SET n = n - 2 WHERE k = ?", (rows[0],))
                if chance.random() < 0.3:
                    connection.execute("SAVEPOINT s")
                    connection.execute("UPDATE t SET n = n + 100 WHERE k = ?", (rows[1],))
                    connection.execute("ROLLBACK TO s")
                first, second = rows[1], (rows[1] + 1) % 6
                connection.execute("UPDATE t SET n = n + 1 WHERE k IN (?, ?)", (first, second))
                connection.execute("COMMIT" if chance.random() < 0.8 else "ROLLBACK")
            except aerodb_dbapi.SerializationError:
                assert not connection.in_transaction
                lost[number] += 1
            if chance.random() < 0.2:
                connection.execute(
                    "UPDATE t SET n = n + CASE k WHEN 7 THEN 1 ELSE -1 END WHERE k IN (7, ?)", (rows[2],)
                )
        connection.close()

    in_threads(4, work)
    connection = connect(path)
    assert connection.execute("SELECT sum(n) FROM t").fetchone() == (0,)
    locks = connection._session.database.committer.rows
    assert (locks.owners, locks.queues, locks.writers) == ({}, {}, {})
    connection.close()
    assert sum(lost) < 160


def test_waiting_is_part_of_the_interleavings() -> None:
    """In some orders of steps statements wait, and transactions that only add to a row never fail (INV-V5, INV-V12)."""
    base = start()
    for names, may_fail in (("increment", "increment, undone"), False), (("both ways", "the other way"), True):
        pair = [CATALOGUE[name] for name in names]
        runs, failed = explore(base, pair)
        waits = [run(base, pair, order).waits for order in interleavings([len(steps) + 1 for steps in pair])]
        assert len(waits) == runs and 0 < sum(map(bool, waits)) < runs
        assert (failed > 0) is may_fail


def test_an_executemany_waits_as_one_statement(path: str) -> None:
    first, second = connect(path), connect(path, check_same_thread=False)
    first.execute("BEGIN")
    first.execute("UPDATE t SET n = 5 WHERE k = 3")
    second.execute("BEGIN")
    thread = threading.Thread(
        target=second.executemany, args=("UPDATE t SET n = n + 1 WHERE k = ?", [(k,) for k in range(10)])
    )
    thread.start()
    while second._session.holder.waiting is None:
        time.sleep(0.001)
    first.execute("COMMIT")
    thread.join()
    assert second.total_changes == 10
    second.execute("COMMIT")
    assert first.execute("SELECT sum(n) FROM t").fetchone() == (15,)
    first.close()
    second.close()


def test_a_wait_ends_with_the_timeout_or_at_once_in_one_thread(path: str) -> None:
    first, second, third = connect(path), connect(path), connect(path, timeout=0.05, check_same_thread=False)
    first.execute("BEGIN")
    first.execute("UPDATE t SET n = 1 WHERE k = 1")
    begun = time.monotonic()
    with pytest.raises(aerodb_dbapi.OperationalError, match=r"^database is locked$") as caught:
        second.execute("UPDATE t SET n = 2 WHERE k = 1")
    assert caught.value.sqlite_errorname == "SQLITE_BUSY" and time.monotonic() - begun < 10
    failures: list[Exception] = []

    def wait() -> None:
        try:
            third.execute("UPDATE t SET n = 3 WHERE k = 1")
        except aerodb_dbapi.OperationalError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert [str(error) for error in failures] == ["database is locked"]
    first.execute("COMMIT")
    second.execute("UPDATE t SET n = n + 1 WHERE k = 1")
    assert first.execute("SELECT n FROM t WHERE k = 1").fetchone() == (2,)
    for connection in (first, second, third):
        connection.close()


def test_one_who_is_alone_takes_no_locks(path: str) -> None:
    connection = connect(path)
    reader = connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    connection.execute("BEGIN")
    for k in range(10):
        connection.execute("UPDATE t SET n = 1 WHERE k = ?", (k,))
    assert connection._session.database.committer.rows.owners == {}
    connection.execute("COMMIT")
    reader.close()
    connection.close()


def test_what_the_error_tells(path: str) -> None:
    """INV-V7, INV-V5: table, key, both commits, and the statement that read; the connection is usable at once."""
    first, second = connect(path), connect(path)
    base = first.execute("PRAGMA aerodb_commit_id").fetchone()[0]

    def lose(read: str, write: str) -> aerodb_dbapi.SerializationError:
        second.execute("BEGIN")
        second.execute(read).fetchall()
        second.execute("UPDATE t SET n = n + 1 WHERE k = 9")
        first.execute(write)
        with pytest.raises(aerodb_dbapi.SerializationError) as caught:
            second.execute("COMMIT")
        assert not second.in_transaction
        second.execute("UPDATE t SET n = 0 WHERE k = 9")
        return caught.value

    error = lose("SELECT n FROM t WHERE k = 4", "UPDATE t SET n = 1 WHERE k = 4")
    assert (error.table, error.index, error.key, error.base_commit, error.commit) == ("t", None, 4, base, base + 1)
    assert error.statement == "SELECT n FROM t WHERE k = ?"
    assert (error.sqlite_errorname, error.sqlite_errorcode) == ("SQLITE_BUSY_SNAPSHOT", 517)
    error = lose("SELECT count(*) FROM t WHERE n > 50 AND k < 8", "UPDATE t SET n = 60 WHERE k = 5")
    assert (error.key, error.statement) == (5, "SELECT count(*) FROM t WHERE n > ? AND k < ?")
    error = lose("SELECT count(*) FROM t", "INSERT INTO t VALUES (77, 7)")
    assert (error.table, error.key, error.statement) == ("t", None, "SELECT count(*) FROM t")
    second.execute("BEGIN")
    second.execute("SELECT 1 FROM t WHERE k = 0")
    first.execute("UPDATE t SET n = 9 WHERE k = 2")
    second.execute("UPDATE t SET n = 8 WHERE k = 2")
    with pytest.raises(aerodb_dbapi.SerializationError, match="row 2 of table t was written by commit") as caught:
        second.execute("COMMIT")
    assert (caught.value.key, caught.value.statement) == (2, None)
    first.close()
    second.close()


def test_autocommit_false_has_a_transaction_again_after_a_conflict(path: str) -> None:
    first, second = connect(path), aerodb_dbapi.connect(path, autocommit=False)
    second.execute("SELECT n FROM t WHERE k = 1").fetchall()
    first.execute("UPDATE t SET n = 1 WHERE k = 1")
    second.execute("UPDATE t SET n = 2 WHERE k = 1")
    with pytest.raises(aerodb_dbapi.SerializationError):
        second.commit()
    assert second.in_transaction
    second.execute("UPDATE t SET n = n + 2 WHERE k = 1")
    second.commit()
    assert first.execute("SELECT n FROM t WHERE k = 1").fetchone() == (3,)
    first.close()
    second.close()


def test_a_retry_does_not_meet_the_same_commit_again(path: str) -> None:
    """The error is told when the commit that won is published: the next attempt begins on it."""
    failures = [0] * 2

    def work(number: int) -> None:
        connection = connect(path)
        for _ in range(15):
            for _ in range(100):
                try:
                    connection.execute("BEGIN")
                    (n,) = connection.execute("SELECT n FROM t WHERE k = 1").fetchone()
                    connection.execute("UPDATE t SET n = ? WHERE k = 1", (n + 1,))
                    connection.execute("COMMIT")
                    break
                except aerodb_dbapi.SerializationError as error:
                    failures[number] += 1
                    if error.commit is not None:
                        assert connection.execute("PRAGMA aerodb_commit_id").fetchone()[0] >= error.commit
        connection.close()

    in_threads(2, work)
    connection = connect(path)
    assert connection.execute("SELECT n FROM t WHERE k = 1").fetchone() == (30,)
    connection.close()


def test_run(path: str) -> None:
    """`Connection.run` calls again after conflicts, the last time IMMEDIATE; other errors and results go through."""
    first, second = connect(path), connect(path)
    calls: list[int] = []

    def add(connection: Any) -> int:
        (n,) = connection.execute("SELECT n FROM t WHERE k = 1").fetchone()
        calls.append(n)
        if len(calls) <= 2:
            first.execute("UPDATE t SET n = n + 10 WHERE k = 1")
        connection.execute("UPDATE t SET n = ? WHERE k = 1", (n + 1,))
        return int(n)

    assert second.run(add) == 20 and calls == [0, 10, 20]
    assert first.execute("SELECT n FROM t WHERE k = 1").fetchone() == (21,)
    calls.clear()
    with pytest.raises(aerodb_dbapi.SerializationError):
        second.run(add, retries=0)
    assert len(calls) == 1 and not second.in_transaction
    with pytest.raises(ZeroDivisionError):
        second.run(lambda connection: connection.execute("DELETE FROM t") and 1 / 0)
    assert first.execute("SELECT count(*) FROM t").fetchone() == (10,)
    calls.clear()
    impatient = connect(path, timeout=0)
    modes: list[str] = []

    def busy(connection: Any) -> None:
        (n,) = connection.execute("SELECT n FROM t WHERE k = 2").fetchone()
        try:
            impatient.execute("UPDATE t SET n = n + 1 WHERE k = 2")
            modes.append("open")
        except aerodb_dbapi.OperationalError as error:
            modes.append(str(error))
        connection.execute("UPDATE t SET n = ? WHERE k = 2", (n + 1,))

    second.run(busy, retries=2, pause=0)
    assert modes == ["open", "open", "database is locked"]
    second.execute("BEGIN")
    with pytest.raises(aerodb_dbapi.ProgrammingError):
        second.run(add)
    for connection in (first, second, impatient):
        connection.close()


def test_the_isolation_of_a_connection(path: str) -> None:
    first, second = connect(path), connect(path)
    assert first.execute("PRAGMA isolation").fetchone() == ("serializable",)
    assert first.execute("PRAGMA isolation = SNAPSHOT").fetchone() == ("snapshot",)
    assert second.execute("PRAGMA isolation").fetchone() == ("serializable",)
    with pytest.raises(aerodb_dbapi.OperationalError, match="unknown isolation"):
        first.execute("PRAGMA isolation = dirty")
    first.execute("BEGIN")
    first.execute("SELECT * FROM t").fetchall()
    with pytest.raises(aerodb_dbapi.OperationalError, match="inside a transaction"):
        first.execute("PRAGMA isolation = serializable")
    first.execute("ROLLBACK")
    first.execute("BEGIN")
    first.execute("SELECT sum(n) FROM t").fetchall()
    first.execute("UPDATE t SET n = 1 WHERE k = 55")
    second.execute("INSERT INTO t VALUES (55, 0)")
    first.execute("UPDATE t SET n = 1 WHERE k = 1")
    first.execute("COMMIT")
    first.close()
    second.close()
