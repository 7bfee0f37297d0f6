"""Connections in several threads on one file: a bank keeps its money, readers never see a part of a transfer.

(INV-V1, INV-V4, INV-V5, INV-V7, INV-V9; group commit, INV-R1.) Conflicts are retried; what was acknowledged is there after reopening.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import aerodb_dbapi

ACCOUNTS, WORKERS, TRANSFERS = 12, 4, 40
TOTAL = ACCOUNTS * 100


@pytest.fixture
def fast_switching() -> Iterator[None]:
    """Threads change places every 50 microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(50e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("fast_switching")
def test_a_bank(tmp_path: Path) -> None:
    path = str(tmp_path / "bank.db")
    setup = aerodb_dbapi.connect(path, isolation_level=None)
    setup.execute("CREATE TABLE account(id INTEGER PRIMARY KEY, money INTEGER CHECK (money >= 0))")
    setup.execute("CREATE TABLE transfer(id INTEGER PRIMARY KEY, payer, payee, amount)")
    setup.executemany("INSERT INTO account VALUES (?, 100)", [(i,) for i in range(ACCOUNTS)])
    done, failures = threading.Event(), []

    def work(number: int) -> None:
        chance = random.Random(number)
        connection = aerodb_dbapi.connect(path, isolation_level=None, timeout=30)
        try:
            for _ in range(TRANSFERS):
                payer, payee = chance.sample(range(ACCOUNTS), 2)
                while not transfer(connection, payer, payee, chance.randint(1, 9)):
                    pass
        except Exception as error:  # reported by the test itself
            failures.append(error)
        connection.close()

    def watch() -> None:
        connection = aerodb_dbapi.connect(path)
        while not done.is_set():
            if connection.execute("SELECT sum(money) FROM account").fetchone() != (TOTAL,):
                failures.append(AssertionError("part of a transfer was seen"))
        connection.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    watcher = threading.Thread(target=watch)
    for thread in (*workers, watcher):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    watcher.join()
    setup.close()
    assert failures == []
    with_all = aerodb_dbapi.connect(path)
    assert with_all.execute("SELECT sum(money), min(money) >= 0 FROM account").fetchone() == (TOTAL, 1)
    assert with_all.execute("SELECT count(*) FROM transfer").fetchone() == (WORKERS * TRANSFERS,)
    assert with_all.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    moved = with_all.execute(
        "SELECT payer, -amount FROM transfer UNION ALL SELECT payee, amount FROM transfer"
    ).fetchall()
    expected = dict.fromkeys(range(ACCOUNTS), 100)
    for account, amount in moved:
        expected[account] += amount
    assert dict(with_all.execute("SELECT * FROM account")) == expected
    with_all.close()


def transfer(connection: aerodb_dbapi.Connection, payer: int, payee: int, amount: int) -> bool:
    """One transfer in a transaction; False if it has to be tried again."""
    try:
        connection.execute("BEGIN")
        (money,) = connection.execute("SELECT money FROM account WHERE id = ?", (payer,)).fetchone()
        amount = min(amount, money)
        connection.execute("UPDATE account SET money = money - ? WHERE id = ?", (amount, payer))
        connection.execute("UPDATE account SET money = money + ? WHERE id = ?", (amount, payee))
        connection.execute("INSERT INTO transfer(payer, payee, amount) VALUES (?, ?, ?)", (payer, payee, amount))
        connection.execute("COMMIT")
    except aerodb_dbapi.SerializationError:
        assert not connection.in_transaction
        return False
    return True


def test_autocommit_statements_never_fail_for_a_conflict(tmp_path: Path) -> None:
    """A statement outside a transaction is run again by itself: every increment counts."""
    path = str(tmp_path / "counter.db")
    setup = aerodb_dbapi.connect(path, isolation_level=None)
    setup.executescript("CREATE TABLE counter(id INTEGER PRIMARY KEY, n); INSERT INTO counter VALUES (1, 0);")

    def count() -> None:
        connection = aerodb_dbapi.connect(path, isolation_level=None)
        for _ in range(50):
            connection.execute("UPDATE counter SET n = n + 1 WHERE id = 1")
        connection.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert setup.execute("SELECT n FROM counter").fetchone() == (200,)
    setup.close()


def test_immediate_transactions_wait_and_never_fail(tmp_path: Path) -> None:
    """BEGIN IMMEDIATE keeps SQLite's promise: whoever has it commits; others wait, or are told that the database is locked."""
    path = str(tmp_path / "gate.db")
    first, second = (aerodb_dbapi.connect(path, isolation_level=None, timeout=0.05) for _ in range(2))
    first.execute("CREATE TABLE t(a)")
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(aerodb_dbapi.OperationalError, match="database is locked") as caught:
        second.execute("INSERT INTO t VALUES (1)")
    assert caught.value.sqlite_errorname == "SQLITE_BUSY"
    assert second.execute("SELECT count(*) FROM t").fetchone() == (0,)
    first.execute("INSERT INTO t VALUES (2)")
    first.execute("COMMIT")
    second.execute("INSERT INTO t VALUES (1)")
    assert second.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,)]
    first.close()
    second.close()
