"""The interpreter's switch interval while a commit is written: short, and afterwards what it was."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulation import SimulatedFiles

import aerodb_dbapi
from aerodb_dbapi.storage import switching
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.wal import Log


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Python's own interval, and ours."""
    before, sys_before = switching.SECONDS, sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(sys_before)
    switching.SECONDS = before


def now() -> float:
    return round(sys.getswitchinterval(), 6)


@pytest.mark.parametrize(("seconds", "during"), [(0.0005, 0.0005), (0.0, 0.005), (0.01, 0.005)])
def test_it_is_short_while_a_commit_is_synced(
    tmp_path: Path, seconds: float, during: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = Log.sync

    def sync(self: Any, end: int | None = None) -> int:
        seen.append(now())
        return real(self, end)

    monkeypatch.setattr(Log, "sync", sync)
    con = aerodb_dbapi.connect(tmp_path / "a.db", isolation_level=None)
    con.execute(f"PRAGMA aerodb_switch_interval = {round(seconds * 1e6)}")
    assert con.execute("PRAGMA aerodb_switch_interval").fetchone() == (round(seconds * 1e6),)
    con.execute("CREATE TABLE t(a)")
    seen.clear()
    con.execute("INSERT INTO t VALUES (1)")
    assert seen == [during] and now() == 0.005
    with pytest.raises(aerodb_dbapi.OperationalError, match="must not be negative"):
        con.execute("PRAGMA aerodb_switch_interval = -1")
    con.close()


def test_a_sync_that_fails_leaves_it_as_it_was() -> None:
    files = SimulatedFiles(3)
    opened = Database.open("a.db", files=files)
    transaction = opened.begin()
    transaction.create_tree("table")
    transaction.commit()
    transaction = opened.begin()
    transaction.writer(2).put(1, ("x",))
    files.fail("sync", 1)
    with pytest.raises(OperationalError):
        transaction.commit()
    assert now() == 0.005
    opened.abandon()


def test_what_others_set_is_kept() -> None:
    """Two commits at once, and somebody who sets an interval of his own meanwhile."""
    assert switching.hurry() and now() == 0.0005
    switching.SECONDS = 0.0002
    assert switching.hurry() and now() == 0.0005
    switching.relax()
    assert now() == 0.0005
    switching.relax()
    assert now() == 0.005
    assert switching.hurry() and now() == 0.0002
    sys.setswitchinterval(0.002)
    switching.relax()
    assert now() == 0.002
    sys.setswitchinterval(0.0001)
    assert not switching.hurry() and now() == 0.0001


def test_a_child_has_the_interval_of_before() -> None:
    assert switching.hurry()
    child = os.fork()
    if child == 0:
        os._exit(0 if now() == 0.005 else 1)
    switching.relax()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_commits_of_several_threads(tmp_path: Path) -> None:
    """In the end it is what it was, whatever the order in which they came back, and though it was changed meanwhile."""

    def work(number: int) -> None:
        con = aerodb_dbapi.connect(tmp_path / f"{number % 2}.db", isolation_level=None)
        con.execute("CREATE TABLE IF NOT EXISTS t(a)")
        for turn in range(40):
            con.execute("INSERT INTO t VALUES (?)", (turn,))
            if number == 0:
                con.execute(f"PRAGMA aerodb_switch_interval = {turn % 3 * 400}")
        con.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert now() == 0.005
