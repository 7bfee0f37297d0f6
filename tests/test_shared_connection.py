"""One connection that several threads use at the same time (`check_same_thread=False`): each statement whole, as in `sqlite3`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi

THREADS, ROUNDS = 6, 120


@pytest.fixture(autouse=True)
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def all_of(work: Callable[[int], Any], count: int = THREADS) -> None:
    """Run `work(number)` in threads, and raise what one of them raised."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


@pytest.mark.parametrize("options", [{}, {"isolation_level": None}, {"autocommit": False}, {"autocommit": True}])
def test_statements_and_commits(tmp_path: Path, options: dict[str, Any]) -> None:
    connection = aerodb_dbapi.connect(tmp_path / "a.db", check_same_thread=False, **options)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, thread, n)")
    connection.execute("CREATE TABLE sums(thread PRIMARY KEY, total)")
    connection.executemany("INSERT INTO sums VALUES (?, 0)", [(number,) for number in range(THREADS)])
    connection.commit()

    def work(number: int) -> None:
        for n in range(ROUNDS):
            connection.execute("INSERT INTO t(thread, n) VALUES (?, ?)", (number, n))
            connection.execute("UPDATE sums SET total = total + ? WHERE thread = ?", (n, number))
            rows = connection.execute("SELECT count(*), max(n) FROM t WHERE thread = ?", (number,)).fetchall()
            assert rows == [(n + 1, n)]
            if n % 10 == number:
                connection.commit()

    all_of(work)
    connection.commit()
    assert connection.total_changes == THREADS * (2 * ROUNDS + 1)
    connection.close()
    connection = aerodb_dbapi.connect(tmp_path / "a.db")
    assert connection.execute("SELECT thread, count(*), count(DISTINCT n) FROM t GROUP BY thread").fetchall() == [
        (number, ROUNDS, ROUNDS) for number in range(THREADS)
    ]
    assert set(connection.execute("SELECT total FROM sums")) == {(sum(range(ROUNDS)),)}
    connection.close()


def test_a_cursor_is_shared_row_by_row() -> None:
    """Each row goes to one of the threads, also where rows are made while they are fetched."""
    connection = aerodb_dbapi.connect(":memory:", check_same_thread=False)
    connection.create_function("same", 1, lambda value: value)
    connection.execute("CREATE TABLE t(a)")
    connection.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(3000)])
    cursor = connection.execute("SELECT same(a) FROM t WHERE same(a) >= 0")
    found: list[list[int]] = [[] for _ in range(THREADS)]

    def work(number: int) -> None:
        if number == 0:
            found[0] += [row[0] for row in cursor.fetchmany(50)]
        elif number % 2:
            while (row := cursor.fetchone()) is not None:
                found[number].append(row[0])
        else:
            found[number] += [row[0] for row in cursor]

    all_of(work)
    assert sorted(value for part in found for value in part) == list(range(3000))


def test_a_function_may_use_its_connection() -> None:
    connection = aerodb_dbapi.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (7)")
    connection.create_function("other", 0, lambda: connection.execute("SELECT a FROM t").fetchone()[0])
    all_of(lambda _: [connection.execute("SELECT other()").fetchall() for _ in range(50)])
    assert connection.execute("SELECT other()").fetchone() == (7,)


def test_a_transaction_begun_by_one_is_committed_by_another(tmp_path: Path) -> None:
    connection = aerodb_dbapi.connect(tmp_path / "a.db", check_same_thread=False)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (1)")
    all_of(lambda _: connection.commit(), 1)
    assert not connection.in_transaction
    all_of(lambda _: connection.execute("INSERT INTO t VALUES (2)"), 1)
    assert connection.in_transaction
    connection.rollback()
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_blobs_and_read_views_are_shared_too() -> None:
    """No byte that a thread writes is lost, and a view gives every thread its state."""
    connection = aerodb_dbapi.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (zeroblob(?))", (THREADS * 20,))
    connection.commit()
    blob, view = connection.blobopen("t", "a", 1), connection.read_view()

    def work(number: int) -> None:
        for place in range(20):
            blob[number * 20 + place] = number + 1
            assert view.execute("SELECT max(a) = zeroblob(length(a)) FROM t").fetchone() == (1,)

    all_of(work)
    expected = b"".join(bytes([number + 1]) * 20 for number in range(THREADS))
    assert connection.execute("SELECT a FROM t").fetchone() == (expected,)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_does_not_wait_for_threads_that_it_has_not(tmp_path: Path) -> None:
    """INV-P5: another thread's turn at the time of fork() is over in the child, where the connection is an error."""
    connection = aerodb_dbapi.connect(tmp_path / "a.db", check_same_thread=False)
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        go_on.wait(60)
        return 1

    connection.create_function("wait", 0, wait)
    thread = threading.Thread(target=lambda: connection.execute("SELECT max(wait())").fetchone())
    thread.start()
    assert begun.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            connection.execute("SELECT 1")
        except aerodb_dbapi.OperationalError as error:
            os._exit(7 if "fork" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    go_on.set()
    thread.join(60)
    connection.close()


def test_closing_waits_for_the_statement_of_another_thread() -> None:
    connection = aerodb_dbapi.connect(":memory:", check_same_thread=False)
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        go_on.wait(60)
        return 1

    connection.create_function("wait", 0, wait)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(connection.execute("SELECT max(wait())")))
    thread.start()
    assert begun.wait(60)
    closing = threading.Thread(target=connection.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    go_on.set()
    thread.join(60)
    closing.join(60)
    assert len(answers) == 1  # the statement came to its end
    with pytest.raises(aerodb_dbapi.ProgrammingError, match="closed database"):
        connection.execute("SELECT 1")


def test_without_leave_it_stays_with_its_thread() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    cursor = connection.execute("SELECT 1")
    for use in (lambda _: connection.execute("SELECT 1"), lambda _: cursor.fetchone(), lambda _: connection.commit()):
        with pytest.raises(aerodb_dbapi.ProgrammingError, match="created in a thread"):
            all_of(use, 1)


@pytest.mark.parametrize("fetch", [lambda c: c.fetchall(), lambda c: c.fetchone(), lambda c: c.fetchmany(), next])
def test_the_rows_of_a_closed_connection_are_gone(fetch: Callable[[Any], Any]) -> None:
    connection = aerodb_dbapi.connect(":memory:", check_same_thread=False)
    cursor = connection.execute("SELECT 1 UNION ALL SELECT 2")
    closing = threading.Thread(target=connection.close)
    closing.start()
    closing.join()
    with pytest.raises(aerodb_dbapi.ProgrammingError, match="Cannot operate on a closed database"):
        fetch(cursor)
    connection.close()
