"""`interrupt()` from another thread ends a wait: for a row, for the write gate, for the right to commit that another process has."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi

LONG = 60.0  # a wait that is never waited to its end


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.db"
    con = connect(path)
    con.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, n)")
    con.executemany("INSERT INTO t VALUES (?, 0)", [(1,), (2,)])
    yield path
    con.close()


def connect(path: Path) -> Any:
    return aerodb_dbapi.connect(path, timeout=LONG, isolation_level=None, check_same_thread=False)


def interrupted(con: Any, work: Callable[[], Any], waits: Callable[[], bool]) -> Exception:
    """The error of a piece of work that is interrupted while it waits."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            work()
        except aerodb_dbapi.Error as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + LONG / 2
    while not waits():
        assert thread.is_alive() and time.monotonic() < deadline
        time.sleep(0.001)
    con.interrupt()
    thread.join(LONG / 2)
    assert not thread.is_alive() and len(failures) == 1
    return failures[0]


def check(error: Exception) -> None:
    assert isinstance(error, aerodb_dbapi.OperationalError) and str(error) == "interrupted"
    assert error.sqlite_errorname == "SQLITE_INTERRUPT"  # type: ignore[attr-defined]


def waiting(con: Any) -> Callable[[], bool]:
    """Whether somebody waits, by what the system table says."""
    return lambda: (
        con.execute("SELECT 1 FROM pragma_aerodb_transactions WHERE waits_on IS NOT NULL").fetchone() is not None
    )


@pytest.mark.parametrize("begin", [None, "first", "later"])
def test_a_wait_for_a_row(path: Path, begin: str | None) -> None:
    first, second, looking = connect(path), connect(path), connect(path)
    first.execute("BEGIN")
    first.execute("UPDATE t SET n = 5 WHERE k = 1")
    if begin is not None:
        second.execute("BEGIN")
        if begin == "later":
            second.execute("UPDATE t SET n = 7 WHERE k = 2")
    check(interrupted(second, lambda: second.execute("UPDATE t SET n = n + 1 WHERE k = 1"), waiting(looking)))
    assert second.in_transaction is (begin is not None)  # the statement alone is undone
    if begin is None:
        assert second.execute("SELECT n FROM t").fetchall() == [(0,), (0,)]
    else:
        second.execute("INSERT INTO t VALUES (3, 3)")
        second.execute("COMMIT")
    first.execute("COMMIT")
    second.execute("UPDATE t SET n = n + 1 WHERE k = 1")
    wanted = [(6,), (7 if begin == "later" else 0,), (3,)]
    assert looking.execute("SELECT n FROM t").fetchall() == wanted[: 2 if begin is None else 3]
    for con in (first, second, looking):
        con.close()


def test_waits_for_the_write_gate(path: Path) -> None:
    first, second, looking = connect(path), connect(path), connect(path)
    first.execute("BEGIN IMMEDIATE")
    for sql in ("BEGIN IMMEDIATE", "INSERT INTO t VALUES (9, 9)", "BEGIN EXCLUSIVE"):
        check(interrupted(second, lambda sql=sql: second.execute(sql), waiting(looking)))
        assert not second.in_transaction
    second.execute("BEGIN")
    second.execute("INSERT INTO t VALUES (8, 8)")
    check(interrupted(second, lambda: second.execute("COMMIT"), waiting(looking)))
    assert second.in_transaction  # it may try again
    check(interrupted(second, second.commit, waiting(looking)))
    first.execute("COMMIT")
    second.interrupt()  # nothing runs: nothing happens
    second.commit()
    assert looking.execute("SELECT k FROM t").fetchall() == [(1,), (2,), (8,)]
    for con in (first, second, looking):
        con.close()


def test_a_wait_for_another_process(path: Path) -> None:
    program = f"""
import sys, aerodb_dbapi
con = aerodb_dbapi.connect({str(path)!r}, isolation_level=None)
con.execute("BEGIN IMMEDIATE")
print("there", flush=True)
sys.stdin.readline()
con.execute("COMMIT")
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdin is not None
        assert other.stdout.readline() == "there\n"
        con = connect(path)
        begun = time.monotonic()

        def a_while() -> bool:
            return time.monotonic() - begun > 0.3

        for sql in ("BEGIN IMMEDIATE", "UPDATE t SET n = 1"):
            begun = time.monotonic()
            check(interrupted(con, lambda sql=sql: con.execute(sql), a_while))
        con.execute("BEGIN")
        con.execute("UPDATE t SET n = 1")
        begun = time.monotonic()
        check(interrupted(con, lambda: con.execute("COMMIT"), a_while))
        assert con.in_transaction
        other.stdin.write("\n")
        other.stdin.flush()
        con.execute("COMMIT")
        assert con.execute("SELECT sum(n) FROM t").fetchone() == (2,)
        con.close()


def test_a_wait_with_attached_databases(path: Path, tmp_path: Path) -> None:
    """A commit to several files holds the gates of all: interrupted, it has none of them, and may try again."""
    first, second, looking = connect(path), connect(path), connect(path)
    second.execute("ATTACH ? AS other", (str(tmp_path / "b.db"),))
    second.execute("CREATE TABLE other.u(a)")
    first.execute("BEGIN IMMEDIATE")
    second.execute("BEGIN")
    second.execute("INSERT INTO t VALUES (5, 5)")
    second.execute("INSERT INTO u VALUES (5)")
    check(interrupted(second, lambda: second.execute("COMMIT"), waiting(looking)))
    assert second.in_transaction
    first.execute("COMMIT")
    second.execute("COMMIT")
    assert looking.execute("SELECT k FROM t").fetchall() == [(1,), (2,), (5,)]
    assert second.execute("SELECT * FROM u").fetchall() == [(5,)]
    for con in (first, second, looking):
        con.close()
