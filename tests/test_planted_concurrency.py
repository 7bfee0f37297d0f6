"""Rules of transactions and of processes broken on purpose: a probe that passes must fail then.

What `storage/test_planted_bugs.py` is for recovery, checkpoints and collection, this is for visibility (V), the schema (S), immutable
nodes (D1) and processes (P). Each case names the invariant that it breaks, breaks it by a patch, and runs a probe: all interleavings of two
transactions (`interleavings.py`), random steps of processes against a model (`process_play.py`), or a few steps of its own.
The list, with those of the other files, is in docs/MVCC_TESTING_STRATEGY.md.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from interleavings import CATALOGUE, explore, start
from process_play import Play
from simulation import SimulatedFiles

import aerodb_dbapi
from aerodb_dbapi.executor.session import Session
from aerodb_dbapi.storage import commit, database, lock_file, readonly, rebase, row_locks, rowids, wal
from aerodb_dbapi.storage import conflicts as validation
from aerodb_dbapi.storage.commit import Committer
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError, SerializationError
from aerodb_dbapi.storage.files import OperatingSystemFile, OperatingSystemFiles
from aerodb_dbapi.storage.lock_file import LockFile
from aerodb_dbapi.storage.offline import ReadOnlyFiles
from aerodb_dbapi.storage.reader_locks import Readers
from aerodb_dbapi.storage.root import Root, SchemaCell
from aerodb_dbapi.storage.sharing import Sharing
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.tree import Tree
from aerodb_dbapi.storage.writer import TableWriter

HERE = Path(__file__)
TREE = 2


def connections(how_many: int, **options: Any) -> list[Any]:
    """Connections to one database in memory."""
    name = f"file:planted{next(_NAMES)}?mode=memory&cache=shared"
    options = {"timeout": 0, "check_same_thread": False, **options}
    return [aerodb_dbapi.connect(name, uri=True, isolation_level=None, **options) for _ in range(how_many)]


_NAMES = count()


def rows(connection: Any, sql: str) -> list[Any]:
    found: list[Any] = connection.execute(sql).fetchall()
    return found


# --- Probes: transactions ---------------------------------------------------------------------------------------------


def interleaved(*names: str) -> Callable[[], None]:
    """All interleavings of transactions of the catalogue."""

    def probe() -> None:
        explore(start(), [CATALOGUE[name] for name in names])

    return probe


def going_on_behind_a_commit() -> None:
    """All interleavings of two of which one waits for a row, behind a commit that may have changed what it has read."""
    explore(
        start(),
        [
            ("SELECT sum(x) FROM p WHERE id > 2", "UPDATE p SET x = x + 1 WHERE id = 2"),
            ("UPDATE p SET x = 0 WHERE id = 3", "UPDATE p SET x = 9 WHERE id = 2"),
        ],
    )


def a_view_stays() -> None:
    """What a view and a transaction have read they read again after commits of others."""
    one, other = connections(2)
    one.executescript("CREATE TABLE t(id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'x'), (2, 'y');")
    with one.read_view() as view:
        other.execute("BEGIN")
        assert rows(other, "SELECT a FROM t") == [("x",), ("y",)]
        one.execute("UPDATE t SET a = 'z' WHERE id = 1")
        assert rows(other, "SELECT a FROM t") == [("x",), ("y",)] == rows(view, "SELECT a FROM t")
        assert rows(one, "SELECT a FROM t") == [("z",), ("y",)]


def ids_are_dense() -> None:
    """Each commit has the id after the one before, and the log is read again."""
    files = SimulatedFiles(1)
    opened = Database.open("a.db", files=files)
    for number in range(1, 6):
        transaction = opened.begin()
        if number == 1:
            transaction.create_tree("table")
        transaction.writer(TREE).put(number, (number,))
        assert transaction.commit() == number
    opened.abandon()
    opened = Database.open("a.db", files=files)
    assert opened.root.commit_id == 5
    opened.abandon()


def own_writes_are_read() -> None:
    (one,) = connections(1)
    one.executescript("CREATE TABLE t(id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 5); BEGIN;")
    one.execute("UPDATE t SET a = a + 1 WHERE id = 1")
    assert rows(one, "SELECT a FROM t WHERE id = 1") == [(6,)]


def what_is_seen_is_durable() -> None:
    """The sync of a commit fails: what others may have seen before is there after a crash."""
    files = SimulatedFiles(2)
    opened = Database.open("a.db", files=files)
    transaction = opened.begin()
    transaction.create_tree("table")
    transaction.commit()
    transaction = opened.begin()
    transaction.writer(TREE).put(1, ("seen?",))
    files.fail("sync", 1)
    with pytest.raises(OperationalError):
        transaction.commit()
    assert not len(opened.root.trees[TREE])
    opened.abandon()


def nothing_uncommitted_is_seen() -> None:
    one, other = connections(2)
    one.executescript("CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1);")
    assert rows(other, "SELECT * FROM t") == []
    one.execute("ROLLBACK")
    assert rows(other, "SELECT * FROM t") == []


def an_index_made_beside_an_insert() -> None:
    """Either the index has the row, or one of the two does not commit."""
    one, other = connections(2)
    one.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1);")
    one.execute("BEGIN")
    one.execute("CREATE INDEX i ON t(a)")
    other.execute("INSERT INTO t VALUES (2)")
    with contextlib.suppress(SerializationError):
        one.execute("COMMIT")
    assert rows(one, "PRAGMA integrity_check") == [("ok",)]


def readers_do_not_wait() -> None:
    one, other = connections(2)
    one.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1);")
    other.execute("BEGIN")
    assert rows(other, "SELECT * FROM t") == [(1,)]
    one.execute("BEGIN IMMEDIATE")
    one.execute("INSERT INTO t VALUES (2)")
    other.execute("COMMIT")
    one.execute("COMMIT")


def inserts_get_rowids_of_their_own() -> None:
    one, other = connections(2)
    one.execute("CREATE TABLE t(a)")
    for connection in (one, other):
        connection.execute("BEGIN")
    for connection in (one, other):
        connection.execute("INSERT INTO t VALUES (1)")
    for connection in (one, other):
        connection.execute("COMMIT")
    assert rows(one, "SELECT count(*) FROM t") == [(2,)]


def a_cursor_keeps_its_state() -> None:
    (one,) = connections(1)
    one.executescript("CREATE TABLE t(id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'x'), (2, 'y');")
    cursor = one.execute("SELECT a FROM t ORDER BY id")
    assert cursor.fetchone() == ("x",)
    one.cursor().execute("UPDATE t SET a = 'new'")
    assert cursor.fetchall() == [("y",)]


def the_first_to_come_is_served_first() -> None:
    """Three want a row that a fourth has: they get it in the order of coming."""
    locks = row_locks.RowLocks()
    holders = [row_locks.Holder() for _ in range(4)]
    key = (TREE, 1)
    locks._give(key, holders[0])
    served: list[int] = []
    threads = []

    def want(number: int) -> None:
        assert locks.wait(holders[number], key, 1e18)
        served.append(number)
        locks.settle(holders[number])

    for number in (1, 2, 3):
        threads.append(threading.Thread(target=want, args=(number,), daemon=True))
        threads[-1].start()
        while len(locks.queues.get(key, ())) < number:
            pass
    locks.settle(holders[0])
    for thread in threads:
        thread.join(10)
    assert served == [1, 2, 3]


def a_cycle_of_waits_is_refused() -> None:
    """A has 1 and wants 2, B has 2 and wants 1: B is told at once."""
    locks = row_locks.RowLocks()
    a, b = row_locks.Holder(), row_locks.Holder()
    locks._give((TREE, 1), a)
    locks._give((TREE, 2), b)
    thread = threading.Thread(target=lambda: locks.wait(a, (TREE, 2), 1e18), daemon=True)
    thread.start()
    while not locks.queues:
        pass
    try:
        assert not locks.wait(b, (TREE, 1), 0)
    finally:
        locks.settle(b)
        thread.join(10)


def definitions_go_with_their_transaction() -> None:
    (one,) = connections(1)
    one.execute("CREATE TABLE t(a)")
    one.execute("BEGIN")
    one.execute("CREATE TABLE u(a)")
    one.execute("ROLLBACK")
    assert rows(one, "SELECT name FROM sqlite_schema") == [("t",)]
    with pytest.raises(aerodb_dbapi.OperationalError, match="no such table: u"):
        one.execute("SELECT * FROM u")


def names_are_those_of_the_view() -> None:
    (one,) = connections(1)
    one.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1);")
    with one.read_view() as view:
        one.execute("ALTER TABLE t RENAME COLUMN a TO b")
        assert rows(view, "SELECT a FROM t") == [(1,)]
    assert rows(one, "SELECT b FROM t") == [(1,)]


def statements_are_compiled_anew() -> None:
    one, other = connections(2)
    one.executescript("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 2);")
    for _ in range(2):
        assert rows(one, "SELECT b FROM t") == [(2,)]
    other.execute("ALTER TABLE t DROP COLUMN a")
    assert rows(one, "SELECT b FROM t") == [(2,)]


# --- Probes: processes ------------------------------------------------------------------------------------------------


def play_of_processes() -> None:
    """Random steps of some processes, compared with a model."""
    for seed in range(3):
        with tempfile.TemporaryDirectory() as folder:
            play = Play(Path(folder), seed, 2 + seed % 3)
            for _ in range(150):
                play.step()
            play.end()


@contextlib.contextmanager
def two_processes() -> Iterator[tuple[str, Database, Database]]:
    """Two databases on one file, each with open files, locks and a slot of its own, and a table."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.db")
        pair = [Database.open(path, files=OperatingSystemFiles(), timeout=0.2) for _ in range(2)]
        try:
            transaction = pair[0].begin()
            transaction.create_tree("table")
            transaction.commit()
            yield path, pair[0], pair[1]
        finally:
            for opened in pair:
                opened.abandon()


def write(opened: Database, key: int) -> int:
    transaction = opened.begin()
    transaction.writer(TREE).put(key, (key,))
    return transaction.commit()


def others_see_only_what_is_synced() -> None:
    """While a commit is under way another process does not have it; afterwards it does."""
    with two_processes() as (_, one, other):
        write(one, 1)
        real, seen = wal.Log.sync, []

        def sync(self: Any) -> int:
            seen.append(other.root.commit_id)
            return real(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wal.Log, "sync", sync)
            assert write(one, 2) == 3
        assert seen == [2] and other.root.commit_id == 3


def what_another_reads_stays() -> None:
    """One process reads a state from the disk; another changes all of it and makes checkpoints."""
    with two_processes() as (path, one, other):
        other.abandon()
        transaction = one.begin()
        for key in range(2000):
            transaction.writer(TREE).put(key, (key, "x" * 40))
        state = transaction.commit()
        one.checkpoint()
        reader = Database.open(path, files=OperatingSystemFiles(), cache_bytes=1, timeout=0.2)
        try:
            with reader.read_view() as view:
                assert view.commit_id == state
                for step in range(5):
                    transaction = one.begin()
                    for key in range(2000):
                        transaction.writer(TREE).put(key, (step, "y" * 40))
                    transaction.commit()
                    one.history.clear()
                    one.history[one.root.commit_id] = one.root
                    one.checkpoint()
                assert [row[0] for _, row in view.root.trees[TREE].scan()] == list(range(2000))
        finally:
            reader.abandon()


def numbers_are_given_once() -> None:
    """Two processes commit by turns, each after a view of its own."""
    with two_processes() as (path, one, other):
        assert [write(opened, key) for key, opened in enumerate((one, other, one, other))] == [2, 3, 4, 5]
        one.abandon()
        other.abandon()
        again = Database.open(path, files=OperatingSystemFiles())
        assert [key for key, _ in again.root.trees[TREE].scan()] == [0, 1, 2, 3]
        again.abandon()


def a_sync_covers_what_was_written_before() -> None:
    """While one process syncs, another writes a commit: only its own sync publishes that."""
    with two_processes() as (_, one, other):
        write(one, 1)
        late = other.begin()
        late.writer(TREE).put(2, (2,))
        real, threads = OperatingSystemFile.sync, []

        def sync(self: Any) -> None:
            real(self)
            if not threads:
                threads.append(threading.Thread(target=late.commit, daemon=True))
                threads[0].start()
                assert other.sharing is not None
                while other.sharing.file.words[lock_file.APPENDED] < 4:
                    threads[0].join(0.001)

        assert one.sharing is not None
        one.sharing._crowd = 9
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(OperatingSystemFile, "sync", sync)
            patch.setattr(Sharing, "_gather", lambda self: False)
            published = []
            real_publish = Sharing._publish

            def publish(self: Any, log: Any, target: int, synced: bool) -> int:
                published.append(real_publish(self, log, target, synced))
                return published[-1]

            patch.setattr(Sharing, "_publish", publish)
            write(one, 3)
            threads[0].join(10)
        assert published == [3, 4]


def a_failed_sync_is_made_up_for() -> None:
    """A process's sync fails after its commit was written; another one's next commit writes that one again before it syncs."""
    with two_processes() as (_, one, other):
        write(other, 1)
        real_write, real_sync = OperatingSystemFile.write_at, OperatingSystemFile.sync
        written: list[tuple[int, int]] = []
        fails = [True]

        def write_at(self: Any, offset: int, data: Any) -> int:
            written.append((offset, len(data)))
            return real_write(self, offset, data)

        def sync(self: Any) -> None:
            if fails[0]:
                fails[0] = False
                raise OSError(5, "Input/output error")
            real_sync(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(OperatingSystemFile, "write_at", write_at)
            patch.setattr(OperatingSystemFile, "sync", sync)
            with pytest.raises(OperationalError):
                write(one, 2)
            lost = written[-1]
            written.clear()
            assert write(other, 3) == 4
        assert any(offset <= lost[0] and lost[0] + lost[1] <= offset + size for offset, size in written)
        assert [key for key, _ in other.root.trees[TREE].scan()] == [1, 2, 3]


def slots_are_not_shared() -> None:
    with two_processes() as (_, one, other):
        assert one.sharing is not None and other.sharing is not None
        assert one.sharing.file.slot != other.sharing.file.slot
        assert one.sharing.file.others() == [other.sharing.file.slot]


def the_dead_are_not_waited_for() -> None:
    """A process dies; the other does not count it, and removes the lock file as the last one."""
    with two_processes() as (path, one, other):
        write(one, 1)
        one.abandon()
        assert other.sharing is not None and other.sharing.floor() is None
        write(other, 2)
        other.close()
        assert os.listdir(os.path.dirname(path)) == ["a.db"]


def processes_draw_different_rowids() -> None:
    """Transactions of two processes insert into one table; both commit."""
    with two_processes() as (_, one, other):
        begun = [one.begin(), other.begin()]
        drawn = []
        for transaction in begun:
            writer = transaction.writer(TREE)
            assert isinstance(writer, TableWriter)
            drawn.append(writer.next_rowid())
            writer.put(drawn[-1], ())
        assert drawn == [1, 2]
        for transaction in begun:
            transaction.commit()


def what_a_reader_reads_stays() -> None:
    """A view of a process that only reads, over checkpoints of one that writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.db")
        writer = Database.open(path, files=OperatingSystemFiles())
        begun = writer.begin()
        assert begun.create_tree("table") == TREE
        begun.commit()
        for key in range(300):
            write(writer, key)
        writer.checkpoint()
        reader = readonly.open_for_reading(path, 1, cache_bytes=0, files=ReadOnlyFiles())
        view = reader.read_view()
        for _ in range(8):
            for key in range(0, 300, 7):
                write(writer, key)
            writer.checkpoint()
        assert [key for key, _ in view.root.trees[TREE].scan()] == list(range(300))
        view.close()
        reader.close()
        writer.close()


def reading_changes_nothing() -> None:
    """A log that nobody has recovered is read, and stays as it is."""
    with two_processes() as (path, one, other):
        write(one, 1)
        one.abandon()
        other.abandon()
        folder = Path(path).parent
        before = {name: (folder / name).read_bytes() for name in sorted(os.listdir(folder))}
        reader = readonly.open_for_reading(path, 1, files=ReadOnlyFiles())
        assert [key for key, _ in reader.root.trees[TREE].scan()] == [1]
        assert {name: (folder / name).read_bytes() for name in sorted(os.listdir(folder))} == before
        reader.close()
        assert {name: (folder / name).read_bytes() for name in sorted(os.listdir(folder))} == before


FORKING = """
import os, sys
sys.path[:0] = {path!r}
import aerodb_dbapi, test_planted_concurrency as planted
with planted.pytest.MonkeyPatch.context() as patch:
    if {plant!r}:
        getattr(planted, {plant!r})(patch)
    con = aerodb_dbapi.connect({file!r}, isolation_level=None)
    con.execute("CREATE TABLE t(a)")
    child = os.fork()
    if not child:
        try:
            con.execute("INSERT INTO t VALUES (1)")
        except aerodb_dbapi.OperationalError:
            os._exit(0)
        os._exit(1)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
FORKED_WITH = [""]


def children_are_told() -> None:
    """A child of a process of its own, which knows which bug to plant, is refused (INV-P5)."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "a.db")
        program = FORKING.format(path=[str(HERE.parent)], plant=FORKED_WITH[0], file=file)
        assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


# --- Bugs -------------------------------------------------------------------------------------------------------------


def nodes_change_in_place(patch: pytest.MonkeyPatch) -> None:
    """INV-D1: an edit changes the tree that older roots have too."""
    real = Tree.update

    def update(self: Any, writes: Any) -> Tree:
        made = real(self, writes)
        self.node = made.node
        return made

    patch.setattr(Tree, "update", update)


def views_move_on(patch: pytest.MonkeyPatch) -> None:
    """INV-V1: a transaction reads the latest state at each statement."""

    def trees(self: Any, tree_id: int) -> Tree:
        transaction = self.transaction
        writer = transaction.writers.get(tree_id)
        found: Tree = transaction.committer.published.trees[tree_id] if writer is None else writer.tree
        return found

    patch.setattr("aerodb_dbapi.storage.transaction.TransactionTrees.__getitem__", trees)


def ids_with_gaps(patch: pytest.MonkeyPatch) -> None:
    """INV-V2: a number is left out."""
    real = Root.successor

    def successor(self: Any, *rest: Any) -> Root:
        made = real(self, *rest)
        made.commit_id += made.commit_id == 3
        return made

    patch.setattr(Root, "successor", successor)


def own_writes_overlooked(patch: pytest.MonkeyPatch) -> None:
    """INV-V3: a transaction reads its base."""
    patch.setattr(
        "aerodb_dbapi.storage.transaction.TransactionTrees.__getitem__",
        lambda self, tree_id: self.transaction.base.trees[tree_id],
    )


def visible_before_the_sync(patch: pytest.MonkeyPatch) -> None:
    """INV-V4, INV-R1: what was appended is published at once."""
    real = Committer._queue

    def queue(self: Any, commit_id: float) -> Any:
        for root in self.unpublished:
            self.published = root
            self.publish(root)
        return real(self, commit_id)

    patch.setattr(Committer, "_queue", queue)


def the_last_committer_wins(patch: pytest.MonkeyPatch) -> None:
    """INV-V5: keys that both wrote are let through."""
    patch.setattr(validation, "common_key", lambda *edits: validation.MISSING)


def unique_keys_not_revalidated(patch: pytest.MonkeyPatch) -> None:
    """INV-V6: on rebasing, the new tree is not looked at."""
    patch.setattr(rebase, "check_unique", lambda *arguments: None)


def reads_not_validated(patch: pytest.MonkeyPatch) -> None:
    """INV-V7: snapshot isolation where serializable was promised."""
    patch.setattr(validation, "_validate_reads", lambda *arguments: None)


def going_on_whatever_was_read(patch: pytest.MonkeyPatch) -> None:
    """INV-V7: a transaction that waited for a row goes on from the latest state, whatever it has read before."""
    patch.setattr(commit, "still_valid", lambda *arguments: True)


def schema_not_validated(patch: pytest.MonkeyPatch) -> None:
    """INV-V8."""
    real = validation.validate

    def validate(transaction: Any, edits: Any, ddl: bool, later: Any) -> None:
        real(transaction, edits, False, [other._replace(schema_changed=False) for other in later])

    patch.setattr(rebase, "validate", validate)


def readers_take_the_gate(patch: pytest.MonkeyPatch) -> None:
    """INV-V9."""
    real = Transaction.commit

    def committed(self: Any) -> int:
        if not self.journal:
            self.committer.hold(self)
            self.committer.release(self)
        return real(self)

    patch.setattr(Transaction, "commit", committed)


def the_next_rowid_of_the_base(patch: pytest.MonkeyPatch) -> None:
    """INV-V10: everybody claims from the same place."""
    patch.setattr(
        rowids.RowidClaims, "claim_above", lambda self, wanted, others: (wanted.lowest, wanted.lowest + wanted.number)
    )
    patch.setattr(rowids.RowidClaims, "release", lambda self, tree: None)


def cursors_that_look_again(patch: pytest.MonkeyPatch) -> None:
    """INV-V11: each row is fetched by running the statement anew."""
    real = Session._select

    def select(self: Any, prepared: Any, params: Any) -> Iterator[Any]:
        for place in count():
            found = list(real(self, prepared, params))
            if place >= len(found):
                return
            yield found[place]

    patch.setattr(Session, "_select", select)


def the_last_to_come_is_served(patch: pytest.MonkeyPatch) -> None:
    """INV-V12: a row passes to whoever came last."""

    def pass_on(self: Any, key: Any) -> None:
        queue = self.queues.get(key)
        if not queue:
            self.owners.pop(key, None)
            return
        following = queue.pop()
        if not queue:
            del self.queues[key]
        self._give(key, following)
        following.bell.release()

    patch.setattr(row_locks.RowLocks, "_pass_on", pass_on)


def cycles_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """INV-V12."""
    patch.setattr(row_locks.RowLocks, "_leads_to", lambda self, holder, key: False)


def definitions_stay(patch: pytest.MonkeyPatch) -> None:
    """INV-S1: a rollback keeps what the catalog was given."""
    real = Transaction.rollback

    def rollback(self: Any) -> None:
        if self.is_open and 0 in self.writers:
            self.commit()
        else:
            real(self)

    patch.setattr(Transaction, "rollback", rollback)


def the_latest_schema_for_all(patch: pytest.MonkeyPatch) -> None:
    """INV-S2: whatever the view, names are those of the latest catalog."""
    latest: list[Any] = []
    real = SchemaCell.__init__

    def made(self: Any, *arguments: Any) -> None:
        real(self, *arguments)
        latest[:] = [self]

    patch.setattr(SchemaCell, "__init__", made)
    patch.setattr(Session, "prepare_for", lambda self, sql, root: self.prepare(sql))


def compiled_once_for_all(patch: pytest.MonkeyPatch) -> None:
    """INV-S3: a statement that was compiled is used whatever the schema."""
    real = Session.prepare

    def prepare(self: Any, sql: str) -> Any:
        found = self.plans.texts.get(sql)
        return found if found is not None else real(self, sql)

    patch.setattr(Session, "prepare", prepare)
    patch.setattr(Session, "fitting", lambda self, prepared, schema: prepared.compiled)


def others_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """INV-P1: a new view is this process's latest."""
    patch.setattr(Sharing, "roll_forward", lambda self: None)


def told_before_the_sync(patch: pytest.MonkeyPatch) -> None:
    """INV-P1, INV-R1: the word COMMIT is set when a commit is appended."""
    real = Committer._queue

    def queue(self: Any, commit_id: float) -> Any:
        if self.turn is not None:
            self.turn.file.words[lock_file.COMMIT] = self.tip.commit_id
        return real(self, commit_id)

    patch.setattr(Committer, "_queue", queue)


def the_log_not_read_on(patch: pytest.MonkeyPatch) -> None:
    """INV-P2: commits are numbered from what this process knew."""
    patch.setattr(Sharing, "_catch_up", lambda self: None)
    real = Database.begin  # without the look at others that every view takes
    patch.setattr(database.SharedDatabase, "begin", lambda self, **options: real(self, **options))


def a_sync_covers_what_came_later(patch: pytest.MonkeyPatch) -> None:
    """INV-P6: all that is written when the sync has ended is published."""
    real = Sharing._sync
    patch.setattr(
        Sharing, "_sync", lambda self, log, target: max(real(self, log, target), self._words[lock_file.APPENDED])
    )


def doubt_forgotten(patch: pytest.MonkeyPatch) -> None:
    """INV-P6: after a sync that failed, another process's counts as if nothing had been."""
    patch.setattr(wal.Log, "write_again", lambda self, start: (self._written.end, self.written_id))


def a_floor_one_too_high(patch: pytest.MonkeyPatch) -> None:
    """INV-P3: what others may read is thought to begin a commit later."""
    real = Sharing.floor

    def floor(self: Any) -> int | None:
        found = real(self)
        return None if found is None else found + 1

    patch.setattr(Sharing, "floor", floor)


def slots_ignored(patch: pytest.MonkeyPatch) -> None:
    """INV-P3: a checkpoint looks at no slot."""
    patch.setattr(Sharing, "floor", lambda self: None)
    patch.setattr(Sharing, "first_generation", lambda self: None)


def a_live_slot_reused(patch: pytest.MonkeyPatch) -> None:
    """INV-P3: the first slot, whoever has it."""

    def take_slot(self: Any, floor: int, first: int) -> None:
        self.slot = 0
        at = self._at(0)
        self.words[at + lock_file.FLOOR], self.words[at + lock_file.FIRST] = floor, first
        self.words[at + lock_file.PID] = os.getpid()
        self.words[lock_file.USED] = max(self.words[lock_file.USED], 1)

    patch.setattr(LockFile, "take_slot", take_slot)


def the_dead_count_as_alive(patch: pytest.MonkeyPatch) -> None:
    """INV-P4: a slot that was taken once is somebody's for good."""
    patch.setattr(LockFile, "_is_alive", lambda self, slot: True)


def children_go_on(patch: pytest.MonkeyPatch) -> None:
    """INV-P5: a child uses what its parent had open."""
    FORKED_WITH[0] = "children_go_on"
    patch.setattr(Database, "leave_behind", lambda self: None)


def claims_of_others_ignored(patch: pytest.MonkeyPatch) -> None:
    """INV-V10: rowids are drawn past those of this process alone."""
    patch.setattr(LockFile, "claimed", lambda self, tree_id: None)


def readers_ignored(patch: pytest.MonkeyPatch) -> None:
    """INV-P3: a checkpoint does not ask for the locks of readers."""
    patch.setattr(Readers, "_told", lambda self, base: [])


def readers_recover(patch: pytest.MonkeyPatch) -> None:
    """INV-P7: who opens for reading opens as for writing."""
    patch.setattr(
        readonly, "open_for_reading", lambda path, timeout, **_: Database.open(path, files=OperatingSystemFiles())
    )


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], Callable[[], None]]] = [
    (nodes_change_in_place, a_view_stays),
    (views_move_on, a_view_stays),
    (ids_with_gaps, ids_are_dense),
    (own_writes_overlooked, own_writes_are_read),
    (visible_before_the_sync, what_is_seen_is_durable),
    (the_last_committer_wins, interleaved("insert absent", "insert absent")),
    (unique_keys_not_revalidated, interleaved("insert unique", "insert unique at once")),
    (reads_not_validated, interleaved("copy a row", "copy it back")),
    (going_on_whatever_was_read, going_on_behind_a_commit),
    (schema_not_validated, an_index_made_beside_an_insert),
    (readers_take_the_gate, readers_do_not_wait),
    (the_next_rowid_of_the_base, inserts_get_rowids_of_their_own),
    (cursors_that_look_again, a_cursor_keeps_its_state),
    (the_last_to_come_is_served, the_first_to_come_is_served_first),
    (cycles_are_not_looked_for, a_cycle_of_waits_is_refused),
    (definitions_stay, definitions_go_with_their_transaction),
    (the_latest_schema_for_all, names_are_those_of_the_view),
    (compiled_once_for_all, statements_are_compiled_anew),
    (others_not_looked_at, play_of_processes),
    (told_before_the_sync, others_see_only_what_is_synced),
    (the_log_not_read_on, numbers_are_given_once),
    (a_sync_covers_what_came_later, a_sync_covers_what_was_written_before),
    (doubt_forgotten, a_failed_sync_is_made_up_for),
    (a_floor_one_too_high, what_another_reads_stays),
    (slots_ignored, what_another_reads_stays),
    (a_live_slot_reused, slots_are_not_shared),
    (the_dead_count_as_alive, the_dead_are_not_waited_for),
    (children_go_on, children_are_told),
    (claims_of_others_ignored, processes_draw_different_rowids),
    (readers_ignored, what_a_reader_reads_stays),
    (readers_recover, reading_changes_nothing),
]
PROBES = list(dict.fromkeys(probe for _, probe in PLANTED))


@pytest.fixture(autouse=True)
def quiet_children() -> Iterator[None]:
    FORKED_WITH[0] = ""
    yield


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_the_probe_passes(probe: Callable[[], None]) -> None:
    probe()


@pytest.mark.parametrize(("plant", "probe"), PLANTED, ids=lambda case: case.__name__)
def test_a_broken_rule_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], probe: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    noticed = False
    try:
        probe()
    except (Exception, pytest.fail.Exception):
        noticed = True
    assert noticed


def test_every_invariant_of_transactions_and_processes_is_broken_somewhere() -> None:
    broken = set(", ".join(re.findall(r'^    """(INV-[^.:]*)[.:]', HERE.read_text(), re.M)).split(", "))
    stated = re.findall(r"^\| (INV-[VP]\d+) \|", (HERE.parents[1] / "docs/INVARIANTS.md").read_text(), re.M)
    assert len(stated) >= 17 and set(stated) <= broken
