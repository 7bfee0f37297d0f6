"""Workloads of the store for a disk that may stop before any step, or fail: runs, their model, and what must hold after.

`crash_everywhere(workload, seed, …)` makes one run and recovers what a crash before each of its changing calls would leave;
`fail_somewhere` lets one call fail. Both raise AssertionError, or whatever the store raised, with a note that names the
point. `storage/test_store_crash.py` says what it is all for.
"""

from __future__ import annotations

import contextlib
import errno
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from simulation import SimulatedFiles
from store_support import (
    PATH,
    Trees,
    blocks_of,
    check_store,
    checkpointer_of,
    commit,
    create_table,
    delete,
    evict,
    put,
)

from aerodb_dbapi.storage import backup, checkpoint, leaf_edits
from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.catalog import META_TREE
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import DatabaseError, OperationalError
from aerodb_dbapi.storage.root import ReadView, Root
from aerodb_dbapi.storage.transaction import Transaction

COPY = "copy.db"
POLICIES = ("none", "all", "random", "random")


class Run:
    """One run of a workload. `digests` holds the digest of every commit, `acknowledged` and `started` how far it is."""

    def __init__(self, files: SimulatedFiles, seed: int) -> None:
        # With every other seed many leaves are written as edits: what they were made of is in memory, and there is room for some.
        leaf_edits.SHARE, self.cache_bytes = (1, 40_000) if seed % 2 else (4, 3000)
        self.files = files
        self.chance = random.Random(seed)
        self.acknowledged = self.started = 0
        self.digests: dict[int, str] = {0: Database.memory().digest()}
        self.views: list[ReadView] = []
        self.since = 0  # the commit from which on retention keeps states, if it does
        self.copies: set[str | None] = {None}  # what `COPY` may hold, by digest; None: it is not there
        self.database: Database
        self.open()

    def open(self) -> None:
        """Open; nothing is lost."""
        self.database = Database.open(PATH, files=self.files, cache_bytes=self.cache_bytes)
        self.database.set_autocheckpoint(0)
        assert self.acknowledged <= self.database.root.commit_id <= self.started
        assert self.database.digest() == self.digests[self.database.root.commit_id]
        self.acknowledged = self.started = self.database.root.commit_id

    def commit(self, work: Callable[[Transaction], Any]) -> Any:
        """Commit, knowing what is under way."""
        transaction = self.database.begin()
        try:
            result = work(transaction)
            self.started = self.acknowledged + 1
            self.digests[self.started] = digest_of(transaction)
            assert transaction.commit() == self.started
        finally:
            transaction.rollback()
        self.acknowledged = self.started
        assert self.database.digest() == self.digests[self.started]
        return result

    def change(self, trees: Trees) -> None:
        """A small commit."""

        def work(transaction: Transaction) -> None:
            for _ in range(self.chance.randint(1, 4)):
                rowid = self.chance.randint(1, 60)
                if self.chance.random() < 0.3:
                    delete(transaction, trees, rowid)
                else:
                    put(transaction, trees, rowid, ("v" * self.chance.randint(1, 90), self.chance.randint(0, 9)))
            transaction.set_meta("user_version", self.chance.randint(0, 10**6))

        self.commit(work)

    def fill(self, trees: Trees, count: int) -> None:
        """Rows, in one commit."""
        self.commit(
            lambda t: [put(t, trees, n, ("x" * self.chance.randint(0, 40), n % 7)) for n in range(1, count + 1)]
        )

    def replace(self, root: Root) -> None:
        """Take over the content of another state."""
        self.started = self.acknowledged + 1
        self.digests[self.started] = self.database.digest(root)
        assert backup.replace_content(self.database, root) == self.started
        self.acknowledged = self.started
        assert self.database.digest() == self.digests[self.started]

    def view(self, commit_id: int | None = None) -> None:
        """Hold a state over what comes."""
        self.views.append(self.database.read_view(commit_id))

    def look(self) -> None:
        """The views read what they read before (INV-C3, INV-G1)."""
        for view in self.views:
            assert self.database.digest(view.root) == self.digests[view.commit_id], view.commit_id

    def release(self) -> None:
        """Let all views go."""
        for view in self.views:
            view.close()
        self.views.clear()

    def close(self) -> None:
        """The clean end."""
        self.release()
        self.database.close()


def digest_of(transaction: Transaction) -> str:
    """The digest of the state that a transaction will make."""
    base, changed = transaction.base, transaction.changed()
    return Database("", base.successor(changed, transaction.drops() if transaction.dropped else [])).digest()


# --- Workloads --------------------------------------------------------------------------------------------------------


def bulk(run: Run) -> None:
    """Loads in one commit of several frames, bulk deletion, DROP TABLE."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.commit(lambda t: [put(t, trees, n, ("x" * (9000 if n % 10 == 0 else 5), n % 7)) for n in range(1, 90)])
    run.database.checkpoint()
    run.commit(lambda t: [delete(t, trees, n) for n in range(5, 80)])
    other = run.commit(lambda t: create_table(t, "two"))
    run.fill(other, 50)
    run.database.checkpoint()

    def drop(transaction: Transaction) -> None:
        for name, item in list(transaction.schema.objects.items()):
            if getattr(item, "tree", None) in trees:
                transaction.delete_object(name)
                transaction.drop_tree(item.tree)

    run.commit(drop)
    run.database.checkpoint()
    run.fill(other, 20)


def mixed(run: Run) -> None:
    """Small commits with a small autocheckpoint, a rollback, openings after closes and kills."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 20)
    run.database.set_autocheckpoint(6000)
    for i in range(14):
        run.change(trees)
        if i % 6 == 3:
            run.database.abandon() if i == 3 else run.close()
            run.open()
            run.database.set_autocheckpoint(6000)
        if i == 7:
            given_up = run.database.begin()
            put(given_up, trees, 999, ("never", 1))
            given_up.rollback()
    assert checkpointer_of(run.database).count or i


def checkpoints(run: Run) -> None:
    """A checkpoint after every few commits, and views held over some of them: room is collected and used at once."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 40)
    for i in range(12):
        run.change(trees)
        if i % 2:
            run.database.checkpoint()
        if i % 4 == 0:
            run.view(run.chance.randint(run.database.oldest_commit(), run.acknowledged))
        if len(run.views) > 2:
            run.views.pop(run.chance.randrange(3)).close()
        run.look()


def patches(run: Run) -> None:
    """A checkpoint after every small commit while all of it is in memory, so that pages are made of pages of before; and read back."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 40)
    for i in range(10):
        blocks_of(run.database).cache.resize(1 << 20)
        run.change(trees)
        run.database.checkpoint()
        if i % 3 == 2:
            evict(run.database)
            run.look()


def concurrent(run: Run) -> None:
    """Commits in the middle of checkpoints, at any of their steps."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 40)
    for _ in range(5):
        run.change(trees)
        at = {run.chance.randint(1, 16) for _ in range(3)}
        count, inside = 0, False
        step = run.files.step

        def hooked(kind: str, effect: Any = None, step: Any = step, at: set[int] = at) -> None:
            nonlocal count, inside
            step(kind, effect)
            committer = run.database.committer
            if (
                inside
                or kind not in ("write", "sync", "sync_directory")
                or committer.flushing
                or committer.lock.locked()
            ):
                return
            count += 1
            if count in at:
                inside = True
                run.change(trees)
                inside = False

        run.files.step = hooked  # type: ignore[method-assign]
        try:
            run.database.checkpoint()
        finally:
            del run.files.step  # type: ignore[method-assign]
        run.view()
        run.look()
        if len(run.views) > 2:
            run.views.pop(0).close()


def snapshots(run: Run) -> None:
    """Made of the latest commit and of older ones, two of one commit, dropped; a checkpoint now and then."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 25)
    for i in range(10):
        run.change(trees)
        if i % 3 == 0:
            at = run.chance.randint(run.database.oldest_commit(), run.acknowledged)
            run.commit(lambda t, i=i, at=at: make_snapshot(run.database, t, f"s{i}", at))  # type: ignore[misc]
            run.commit(lambda t, i=i, at=at: make_snapshot(run.database, t, f"again{i}", at))  # type: ignore[misc]
        if i % 2:
            run.database.checkpoint()
        if i in (4, 8):
            run.commit(lambda t, i=i: t.writer(META_TREE).delete(f"snapshot:s{i - 4 + i // 8 * 2}"))  # type: ignore[misc]
        for name, at in run.database.snapshots().items():
            assert run.database.digest(run.database.root_at(at)) == run.digests[at], name


def make_snapshot(database: Database, transaction: Transaction, name: str, commit_id: int) -> None:
    """As CREATE SNAPSHOT does."""
    database.root_at(commit_id)
    if not checkpointer_of(database).promise(commit_id, transaction):
        database.checkpoint([commit_id])
    transaction.set_meta(f"snapshot:{name}", commit_id)


def retention(run: Run) -> None:
    """A retention that changes, closes that keep generations, kills."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 20)
    for i in range(12):
        run.change(trees)
        if i in (0, 5, 10):
            run.commit(lambda t, i=i: t.set_meta("history_retention", {0: 6, 5: 2, 10: 0}[i]))  # type: ignore[misc]
            run.since = run.since or run.acknowledged
        if i % 3 == 2:
            run.database.checkpoint()
        if i == 4:
            run.close()
            run.open()
        if i == 8:
            run.database.abandon()
            run.open()


def generations(run: Run) -> None:
    """Checkpoints, closes and openings with next to nothing in between: mostly rotations."""
    for i in range(7):
        run.commit(lambda t, i=i: t.set_meta("user_version", i))  # type: ignore[misc]
        if i % 3:
            run.database.checkpoint()
        if i % 3 == 2:
            run.close()
            run.open()


def vacuum(run: Run) -> None:
    """VACUUM with snapshots and views, VACUUM INTO, and commits in between."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 30)
    run.change(trees)
    run.commit(lambda t: t.set_meta("snapshot:kept", run.acknowledged))
    run.database.checkpoint()
    run.change(trees)
    run.view()
    run.copies.add(run.digests[run.acknowledged])
    backup.vacuum_into(run.database, COPY, files=run.files)
    run.copies.discard(None)
    backup.vacuum(run.database)
    run.look()
    run.change(trees)
    run.database.checkpoint()
    backup.vacuum(run.database)
    run.change(trees)
    run.look()


def forks(run: Run) -> None:
    """A fork that is written while its origin makes checkpoints."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 30)
    run.database.checkpoint()
    fork = run.database.fork()
    digest = fork.digest()
    for _ in range(5):
        run.change(trees)
        run.database.checkpoint()
        evict(run.database)
        commit(fork, lambda t: put(t, trees, 99, ("of the fork", 1)))
    commit(fork, lambda t: delete(t, trees, 99))
    assert fork.root.trees[trees[0]].get(99) is None and digest
    fork.close()


def backups(run: Run) -> None:
    """What `Connection.backup` does: the content of another database in the place of this one's, with other trees, beside views,
    a snapshot and checkpoints; and one of its own earlier states."""
    trees = run.commit(lambda t: create_table(t, "one"))
    run.fill(trees, 20)
    run.commit(lambda t: t.set_meta("snapshot:kept", run.acknowledged))
    run.view()
    source = Database.memory()
    others = [commit(source, lambda t, i=i: create_table(t, f"other {i}")) for i in range(2)]  # type: ignore[misc]
    for count in (25, 3):
        commit(source, lambda t, count=count: [put(t, others[1], n, ("y" * n, count)) for n in range(count)])  # type: ignore[misc]
        run.replace(source.root)
        run.look()
        run.database.checkpoint()
        evict(run.database)
    run.replace(run.database.root_at(run.database.snapshots()["kept"]))
    run.commit(lambda t: t.set_meta("user_version", 3))
    run.look()


WORKLOADS = [bulk, mixed, checkpoints, patches, concurrent, snapshots, retention, generations, vacuum, forks, backups]


# --- What must hold ---------------------------------------------------------------------------------------------------


def check(files: SimulatedFiles, run: Run, deep: bool) -> None:
    """Open what a crash left."""
    if PATH not in files.names:
        assert run.acknowledged == 0
        return
    database = Database.open(PATH, files=files)
    try:
        found = database.root.commit_id
        assert run.acknowledged <= found <= run.started, (found, run.acknowledged, run.started)
        assert database.digest() == run.digests[found]
        check_store(database)
        check_kept(database, run.digests, run.since)
        if deep:
            commit(database, lambda t: t.set_meta("application_id", 77))
            assert database.root.commit_id == found + 1
            digest = database.digest()
            database.checkpoint()
            assert database.digest() == digest
            check_store(database)
            check_kept(database, {**run.digests, found + 1: digest}, run.since)
    finally:
        with contextlib.suppress(DatabaseError):
            database.close()
    if COPY in files.names or None not in run.copies:
        check_copy(files, run)
    if deep:
        again = Database.open(PATH, files=files.restart("none"))
        assert (again.root.commit_id, again.digest()) == (found + 1, digest)
        again.close()


def check_copy(files: SimulatedFiles, run: Run) -> None:
    """INV-R15: a copy has its name only when it is whole."""
    copy = Database.open(COPY, files=files)
    assert copy.digest() in run.copies
    assert account(checkpointer_of(copy).blocks) == []
    copy.abandon()


def check_kept(database: Database, digests: dict[int, str], since: int) -> None:
    """Snapshots and retention of the state that was found."""
    latest = database.root.commit_id
    promised = set(database.snapshots().values())
    retention = database.root.trees[META_TREE].get("history_retention", 0)
    if since and latest > since:
        promised |= {max(since, latest - retention), max(since, latest - retention // 2), latest}
    for at in promised:
        if at in digests:
            assert database.digest(database.root_at(at)) == digests[at], at


class Observer:
    """Recovers copies of the disk before each changing call of a run."""

    def __init__(self, run: Run, seed: int, counts: Counter[str], thorough: bool) -> None:
        self.run = run
        self.seed = seed
        self.counts = counts
        self.step = 0
        self.thorough = thorough

    def __call__(self, files: SimulatedFiles, kind: str) -> None:
        self.step += 1
        for number, policy in enumerate(POLICIES):
            if not self.thorough and (number + self.step) % 2:
                continue
            choice = self.seed * 100_003 + self.step * 17 + number
            after = files.restart(policy, choice)
            self.counts["crash points"] += 1
            try:
                if policy == "random" and (self.step + number) % 3 == 0:
                    after = self.second(after, choice)
                check(after, self.run, deep=(self.step + number) % 4 == 0)
            except BaseException as error:
                error.add_note(f"seed {self.seed}, step {self.step} ({kind}), policy {policy}, choice {choice}")
                raise

    def second(self, after: SimulatedFiles, choice: int) -> SimulatedFiles:
        """What another crash leaves, at a random step of the recovery."""
        target, found, count = random.Random(choice).randint(1, 9), [after], 0

        def watch(files: SimulatedFiles, kind: str) -> None:
            nonlocal count
            count += 1
            if count == target:
                found.append(files.restart("random", choice))

        fresh = after.restart("all", choice)
        fresh.observer = watch
        if PATH in fresh.names:
            Database.open(PATH, files=fresh).close()
        self.counts["of them twice"] += len(found) - 1
        return found[-1]


def crash_everywhere(
    workload: Callable[[Run], None], seed: int, ordered: bool, counts: Counter[str], thorough: bool = False
) -> None:
    """One run of a workload with a crash before every step, of two kinds, or of all."""
    files = SimulatedFiles(seed)
    files.ordered = ordered
    run = Run(files, seed)
    files.observer = Observer(run, seed, counts, thorough)
    workload(run)
    run.close()
    files.observer = None
    check(files.restart("none"), run, deep=True)
    assert set(files.names) <= {PATH, COPY}


def failed_close(seed: int, commits: int) -> None:
    """A close whose sealed header is read afterwards as if it were there, though its sync failed, beside two generations of the
    log. Who opens the file then, commits or only looks, and closes it, takes away nothing that the header before needs."""
    files = SimulatedFiles(seed)
    run = Run(files, seed)
    trees = run.commit(lambda t: create_table(t, "t"))
    run.fill(trees, 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "dead_blocks", _no_disk)
        with contextlib.suppress(OperationalError):  # the generation has changed, and there is no checkpoint
            run.database.checkpoint()
    run.change(trees)
    real = headers.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(headers, "write", lambda *header: (files.fail("sync", 1), real(*header)))
        run.database.close()
    assert set(files.names) == {PATH, f"{PATH}-wal", f"{PATH}-wal-000001"}
    run.open()
    for _ in range(commits):
        run.change(trees)
    for number, policy in enumerate(POLICIES):
        check(files.restart(policy, number), run, deep=False)
    run.close()
    for number, policy in enumerate(POLICIES):
        check(files.restart(policy, number), run, deep=number > 1)


def _no_disk(*arguments: Any) -> Any:
    raise OSError(errno.EIO, "simulated EIO")


def fail_somewhere(workload: Callable[[Run], None], seed: int, kind: str, nth: int, counts: Counter[str]) -> None:
    """One run in which a call of the disk fails, once or for good; then crashes, and what comes after."""
    files = SimulatedFiles(seed)
    run = Run(files, seed)
    forever = bool(seed % 2)
    files.fail(kind, nth, errno.EIO if nth % 2 else errno.ENOSPC, forever=forever)
    with contextlib.suppress(OperationalError):
        workload(run)
    counts["failing calls"] += 1
    database = run.database
    if not database.is_closed:
        run.look()
        assert database.digest() == run.digests[database.root.commit_id]
        assert database.root.commit_id == run.acknowledged
    for number, policy in enumerate(POLICIES):
        check(files.restart(policy, number), run, deep=number > 1)
    if not forever:
        files._failures.clear()
    for _ in range(2):
        if not database.is_closed and database.committer.failure is None:
            with contextlib.suppress(OperationalError):
                run.commit(lambda t: t.set_meta("user_version", 5))
                database.checkpoint()
    run.close()
    for number, policy in enumerate(POLICIES):
        check(files.restart(policy, number), run, deep=number == 2)
