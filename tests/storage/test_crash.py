"""A whole database over a disk that crashes at each step: what was acknowledged is there, whole, and checks out.

The workload is run once without a crash to learn the digest of every commit. Then it is run again for every I/O step,
crashed there, and opened anew over every kind of loss (`simulation.py`): the state must be one of those, no older than
the last acknowledged commit, no newer than the last one begun (INV-R1, INV-R2), and sound in all its trees (INV-D2,
INV-D3).
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from simulation import Crash, SimulatedFiles

from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table
from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.transaction import Transaction

PATH = "crash.db"


@dataclass
class Progress:
    """How far a run came: the last commit begun and the last acknowledged, and the digests of those that were."""

    started: int = 0
    acknowledged: int = 0
    digests: dict[int, str] = field(default_factory=dict)


def create_table(transaction: Transaction, name: str) -> tuple[int, int]:
    """A table of two columns with an index on the second; their trees."""
    tree, index_tree = transaction.create_tree("table"), transaction.create_tree("index")
    columns = (Column("a", "TEXT"), Column("b", "INTEGER"))
    number = transaction.new_object_id()
    transaction.put_object(number, Table(number, name, tree, columns, sql=f"CREATE TABLE {name}(a TEXT, b INTEGER)"))
    number = transaction.new_object_id()
    index = Index(
        number, f"{name}_b", name, index_tree, (IndexColumn(1, "b"),), sql=f"CREATE INDEX {name}_b ON {name}(b)"
    )
    transaction.put_object(number, index)
    return tree, index_tree


def insert(
    transaction: Transaction, trees: tuple[int, int], rows: list[tuple[str, int]], *, at: int | None = None
) -> None:
    """Rows behind the last, or from rowid `at` on, with their index entries."""
    table, index = transaction.writer(trees[0]), transaction.writer(trees[1])
    first = (table.last_key() or 0) + 1 if at is None else at
    for rowid, row in enumerate(rows, first):
        old = table.get(rowid)
        if old is not None:
            index.delete((1, old[1], rowid))
        table.put(rowid, row)
        index.put((1, row[1], rowid), rowid)


def delete(transaction: Transaction, trees: tuple[int, int], rowid: int) -> None:
    """A row and its index entry."""
    row = transaction.get(trees[0], rowid)
    transaction.writer(trees[0]).delete(rowid)
    transaction.writer(trees[1]).delete((1, row[1], rowid))


def check_index(root: Root) -> None:
    """INV-D3 for every table that `create_table` made."""
    for table in root.schema.tables.values():
        entries = {rowid: key[1] for key, rowid in root.trees[table.indexes[0].tree].scan()}
        assert entries == {rowid: row[1] for rowid, row in root.trees[table.tree].scan()}


class Workload:
    """One run: a dozen commits of all kinds, a rollback, a reopening."""

    def __init__(self, files: SimulatedFiles, progress: Progress) -> None:
        self.files = files
        self.progress = progress
        self.database: Database | None = None

    def run(self) -> None:
        self.reopen()
        trees = self.commit(lambda t: create_table(t, "one"))
        self.commit(lambda t: insert(t, trees, [("a", 5), ("b", 5), ("c", 1)]))
        self.commit(lambda t: insert(t, trees, [("B", 7)], at=2))
        self.commit(lambda t: self.half_undone(t, trees))
        with self.transaction() as given_up:
            insert(given_up, trees, [("never", 99)])
        self.reopen()
        self.commit(lambda t: insert(t, trees, [("x" * 9000, n) for n in range(150)]))  # takes several frames
        self.commit(lambda t: delete(t, trees, 3))
        other = self.commit(lambda t: create_table(t, "two"))
        self.commit(lambda t: [insert(t, trees, [("both", 1)]), insert(t, other, [("both", 2)])])
        self.close()

    def half_undone(self, transaction: Transaction, trees: tuple[int, int]) -> None:
        """A statement that fails, within a transaction that goes on."""
        insert(transaction, trees, [("kept", 10)])
        mark = transaction.mark()
        insert(transaction, trees, [("undone", 11)])
        transaction.rollback_to(mark)
        insert(transaction, trees, [("kept too", 12)])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        assert self.database is not None
        transaction = self.database.begin()
        yield transaction
        transaction.rollback()

    def commit(self, work: Callable[[Transaction], Any]) -> Any:
        assert self.database is not None
        transaction = self.database.begin()
        result = work(transaction)
        self.progress.started += 1
        assert transaction.commit() == self.progress.started
        self.progress.acknowledged = self.progress.started
        self.progress.digests[self.progress.acknowledged] = self.database.digest()
        return result

    def reopen(self) -> None:
        self.close()
        self.database = Database.open(PATH, files=self.files)
        assert self.database.root.commit_id == self.progress.acknowledged

    def close(self) -> None:
        if self.database is not None:
            self.database.close()


def crash(crash_at: int, *, short_writes: bool = False) -> tuple[SimulatedFiles, Progress]:
    """A run that stops at that step."""
    files, progress = SimulatedFiles(crash_at, crash_at=crash_at, short_writes=short_writes), Progress()
    workload = Workload(files, progress)
    with pytest.raises(Crash):
        workload.run()
    with contextlib.suppress(Crash):
        workload.close()
    return files, progress


def whole_run() -> tuple[SimulatedFiles, Progress]:
    files, progress = SimulatedFiles(), Progress()
    progress.digests[0] = Database.memory().digest()
    Workload(files, progress).run()
    return files, progress


def check_recovered(files: SimulatedFiles, progress: Progress, digests: dict[int, str]) -> int:
    """Open what is left, compare, write on, open again; the commit found."""
    database = Database.open(PATH, files=files)
    found = database.root.commit_id
    assert progress.acknowledged <= found <= progress.started
    assert database.digest() == digests[found]
    oldest = database.oldest_commit()
    assert all(database.digest(database.root_at(commit)) == digests[commit] for commit in range(oldest, found))
    assert check_root(database.root) == []
    check_index(database.root)
    transaction = database.begin()
    trees = create_table(transaction, "afterwards")
    insert(transaction, trees, [("on", 1)])
    assert transaction.commit() == found + 1
    digest = database.digest()
    database.close()
    again = Database.open(PATH, files=files.restart("none"))
    assert (again.root.commit_id, again.digest()) == (found + 1, digest)
    again.close()
    return found


def test_the_workload_is_as_it_should_be() -> None:
    files, progress = whole_run()
    assert progress.acknowledged == 8
    assert set(files.names) == {PATH}
    database = Database.open(PATH, files=files)
    assert database.digest() == progress.digests[8] and len(set(progress.digests.values())) == 9
    check_index(database.root)
    database.close()


def test_crash_at_every_step() -> None:
    """INV-R1, INV-R2, INV-R4, INV-V4."""
    whole, expected = whole_run()
    found = set()
    for crash_at in range(1, whole.steps + 1):
        files, progress = crash(crash_at)
        for seed in range(6):
            after = files.restart(("none", "all", "random")[min(seed, 2)], seed)
            if PATH not in after.names:
                assert progress.acknowledged == 0
                continue
            found.add(check_recovered(after, progress, expected.digests))
    assert found == set(range(9))


def test_crash_with_short_writes() -> None:
    _, expected = whole_run()
    for crash_at in range(8, 60, 3):
        files, progress = crash(crash_at, short_writes=True)
        after = files.restart("random", crash_at)
        if PATH in after.names:
            check_recovered(after, progress, expected.digests)


@pytest.mark.parametrize("kind", ["write", "sync"])
@pytest.mark.parametrize("forever", [False, True])
def test_failures_of_the_disk(kind: str, forever: bool) -> None:
    """INV-R6: at every write and sync in turn; the database says so, reads on, and is whole when opened anew."""
    whole, expected = whole_run()
    for nth in range(1, whole.log.count(kind) + 1):
        files, progress = SimulatedFiles(nth), Progress()
        files.fail(kind, nth, errno.EIO if nth % 2 else errno.ENOSPC, forever=forever)
        workload = Workload(files, progress)
        try:
            workload.run()
        except OperationalError as error:
            assert error.sqlite_errorname in {"SQLITE_FULL", "SQLITE_IOERR", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC"}
        database = workload.database
        if database is not None and not database.is_closed:
            if database.committer.failure is not None:
                check_read_only(database, progress)
            database.close()
        after = files.restart("random", nth)
        if PATH in after.names:
            check_recovered(after, progress, expected.digests)


def check_read_only(database: Database, progress: Progress) -> None:
    """After a failure: the last acknowledged state is read, every write is refused with the reason."""
    assert database.root.commit_id == progress.acknowledged
    assert database.digest() == progress.digests.get(progress.acknowledged, Database.memory().digest())
    for _ in range(2):
        transaction = database.begin()
        transaction.set_meta("user_version", 3)
        with pytest.raises(OperationalError, match="readonly"):
            transaction.commit()


@pytest.mark.parametrize("mode", ["OFF", "NORMAL"])
def test_without_sync_a_suffix_of_the_commits_may_be_lost(mode: str) -> None:
    """A commit then exists wholly or not at all, as ever; how many exist is left to the operating system."""
    _, expected = whole_run()
    counts = set()
    for seed in range(40):
        files = SimulatedFiles(seed)
        workload = Workload(files, Progress())
        workload.reopen()
        assert workload.database is not None
        workload.database.set_synchronous(mode)
        trees = workload.commit(lambda t: create_table(t, "one"))
        workload.commit(lambda t, trees=trees: insert(t, trees, [("a", 5), ("b", 5), ("c", 1)]))
        workload.commit(lambda t, trees=trees: insert(t, trees, [("B", 7)], at=2))
        workload.commit(lambda t, trees=trees, workload=workload: workload.half_undone(t, trees))
        after = files.restart("random", seed)
        counts.add(check_recovered(after, Progress(started=4), expected.digests))
    assert {0, 4} <= counts and counts & {1, 2, 3}


def test_threads_share_a_flush_and_none_is_acknowledged_before_it() -> None:
    """INV-R1: whenever the machine stops, what threads were told is there."""
    for seed in range(12):
        files = SimulatedFiles(seed)
        database = Database.open(PATH, files=files)
        setup = database.begin()
        trees = create_table(setup, "one")
        setup.commit()
        files.crash_at = files.steps + 5 + seed
        told: list[int] = []

        def work(
            number: int, database: Database = database, trees: tuple[int, int] = trees, told: list[int] = told
        ) -> None:
            with contextlib.suppress(Crash, OperationalError):
                for n in range(30):
                    transaction = database.begin()
                    insert(transaction, trees, [("x", n)], at=number * 1000 + n)
                    transaction.commit()
                    told.append(number * 1000 + n)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        with contextlib.suppress(Crash):
            database.close()
        again = Database.open(PATH, files=files.restart("random", seed))
        assert set(told) <= set(dict(again.root.trees[trees[0]].scan()))
        check_index(again.root)
        again.close()
