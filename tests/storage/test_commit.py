"""The commit path: order, durability before visibility, group commit, failure, the write gate, threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simulation import SimulatedFiles

from aerodb_dbapi.storage import rebase
from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table
from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.commit import Committer
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError, SerializationError
from aerodb_dbapi.storage.transaction import Transaction

PATH = "app.db"
INF = float("inf")


class HeldFiles(SimulatedFiles):
    """A disk whose syncs wait while `hold` is set; `waiting` tells that one does."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = False
        self.waiting = threading.Event()
        self.go = threading.Event()

    def step(self, kind: str, effect: Callable[[], None] | None = None) -> None:
        if kind == "sync" and self.hold:
            self.waiting.set()
            assert self.go.wait(10)
        super().step(kind, effect)

    def syncs(self) -> int:
        return self.log.count("sync")


def prepare(database: Database) -> tuple[int, int]:
    """A table t with a unique index u; their tree ids."""
    t = database.begin()
    rows, entries = t.create_tree("table"), t.create_tree("index", 2)
    t.put_object(1, Table(1, "t", rows, (Column("a"),), sql="CREATE TABLE t(a)", positions={"a": 0}))
    t.put_object(2, Index(2, "u", "t", entries, (IndexColumn(0, "a"),), unique=True))
    t.set_meta("next_object", 3)
    t.commit()
    return rows, entries


@pytest.fixture
def files() -> HeldFiles:
    return HeldFiles()


@pytest.fixture
def database(files: HeldFiles) -> Iterator[Database]:
    database = Database.open(PATH, files=files)
    yield database
    files.hold = False
    files.go.set()
    database.close()


def put(database: Database, tree: int, key: Any, value: Any = "x") -> int:
    t = database.begin()
    t.writer(tree).put(key, value)
    return t.commit()


class Runner(threading.Thread):
    """A call in another thread; `result()` waits for it and gives its value or raises its error."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.call = call
        self.value: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.value = self.call()
        except BaseException as error:
            self.error = error

    def result(self) -> Any:
        self.join(10)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.value


def wait_until(condition: Callable[[], bool]) -> None:
    event = threading.Event()
    for _ in range(2000):
        if condition():
            return
        event.wait(0.005)
    raise AssertionError("never came true")


# --- Durability and visibility ---------------------------------------------------------------------------------------


def test_a_commit_is_seen_only_once_durable(database: Database, files: HeldFiles) -> None:
    """INV-R1, INV-V4: while its sync runs, no new reader or transaction sees it, nor is it acknowledged."""
    rows, _ = prepare(database)
    before = database.root
    files.hold = True
    writer = Runner(lambda: put(database, rows, 1))
    assert files.waiting.wait(10)
    assert database.root is before and database.begin().get(rows, 1) is None and writer.is_alive()
    assert database.committer.tip is not before
    files.go.set()
    assert writer.result() == before.commit_id + 1 == database.root.commit_id
    assert database.root.trees[rows].get(1) == "x"


def test_commits_that_wait_share_one_sync(database: Database, files: HeldFiles) -> None:
    """INV-R1, INV-V2: while one syncs others append; one of them leads the next sync for all; ids are dense."""
    rows, _ = prepare(database)
    start, syncs = database.root.commit_id, files.syncs()
    files.hold = True
    runners = [Runner(lambda: put(database, rows, 0))]
    assert files.waiting.wait(10)
    runners += [Runner(lambda i=i: put(database, rows, i)) for i in range(1, 9)]
    wait_until(lambda: database.committer.tip.commit_id == start + 9)
    assert database.root.commit_id == start
    files.go.set()
    assert sorted(runner.result() for runner in runners) == list(range(start + 1, start + 10))
    assert files.syncs() - syncs == 2
    assert len(database.root.trees[rows]) == 9
    assert [database.root_at(c).commit_id for c in range(start, start + 10)] == list(range(start, start + 10))


@pytest.mark.parametrize(("mode", "synced"), [("OFF", 0), ("NORMAL", 0), ("FULL", 1), ("EXTRA", 1)])
def test_synchronous(database: Database, files: HeldFiles, mode: str, synced: int) -> None:
    """INV-R1 under FULL and EXTRA; the weaker modes write before they publish, and sync at the close."""
    rows, _ = prepare(database)
    put(database, rows, 0)  # the second commit makes room for those that follow
    database.set_synchronous(mode)
    assert database.synchronous == mode
    syncs, writes = files.syncs(), files.log.count("write")
    put(database, rows, 1)
    assert (files.syncs() - syncs, files.log.count("write") - writes) == (synced, 1)
    database.close()
    again = Database.open(PATH, files=files.restart("none"))
    assert again.root.trees[rows].get(1) == "x"
    with pytest.raises(ProgrammingError):
        again.set_synchronous("SOMETIMES")


def test_ids_go_on_after_reopening(files: HeldFiles) -> None:
    """INV-V2, INV-R4: dense across reopening; history and digest are rebuilt."""
    database = Database.open(PATH, files=files)
    rows, _ = prepare(database)
    for i in range(5):
        assert put(database, rows, i) == i + 2
    digests = [database.digest(database.root_at(c)) for c in range(7)]
    database.abandon()
    again = Database.open(PATH, files=files)
    assert [again.digest(again.root_at(c)) for c in range(7)] == digests and len(set(digests)) == 7
    again.close()
    again = Database.open(PATH, files=files)
    assert again.digest() == digests[6] and again.oldest_commit() == 6
    assert put(again, rows, 9) == 7 and check_root(again.root) == []
    again.close()


def test_history_is_bounded_at_opening_as_well(files: HeldFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aerodb_dbapi.storage.database.HISTORY", 3)
    database = Database.open(PATH, files=files)
    rows, _ = prepare(database)
    for i in range(6):
        put(database, rows, i)
    held = sorted(database.history)
    database.abandon()
    again = Database.open(PATH, files=files)
    assert sorted(again.history) == held == [5, 6, 7]
    put(again, rows, 0)
    assert sorted(again.history) == [6, 7, 8]
    again.close()


def test_one_object_per_file(files: HeldFiles) -> None:
    database = Database.open(PATH, files=files)
    again = Database.open(PATH, files=files)
    other = Database.open("other.db", files=files)
    assert again is database and other is not database
    assert Database.memory() is not Database.memory()
    database.close()
    prepare(again)
    assert not again.is_closed
    again.close()
    again.close()
    assert again.is_closed
    with pytest.raises(ProgrammingError):
        again.begin()
    assert Database.open(PATH, files=files) is not again
    assert not [k for k in Database.registry if k[0] is files and k[1] == (0, 99)]


# --- Failure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("sync", "SQLITE_IOERR_FSYNC"), ("write", "SQLITE_IOERR_WRITE")])
def test_a_failed_flush_is_final(database: Database, files: HeldFiles, kind: str, name: str) -> None:
    """INV-R6: the commit is neither acknowledged nor visible, later ones are refused; reading goes on."""
    rows, _ = prepare(database)
    put(database, rows, 1)
    before = database.root
    files.fail(kind, 1)
    with pytest.raises(OperationalError, match="disk I/O error") as caught:
        put(database, rows, 2)
    assert caught.value.sqlite_errorname == name
    assert database.root is before is database.committer.tip
    for attempt in (lambda: put(database, rows, 3), lambda: database.begin(immediate=True)):
        with pytest.raises(OperationalError, match=r"attempt to write a readonly database .*disk I/O error") as caught:
            attempt()
        assert caught.value.sqlite_errorname == "SQLITE_READONLY"
    assert database.begin().commit() == before.commit_id and database.begin().get(rows, 1) == "x"
    assert not [t for t in database.committer.open if t.has_writes]


def test_a_failed_sync_fails_all_that_wait(database: Database, files: HeldFiles) -> None:
    """INV-R6: those that lead, those that wait, and those that appended on top of them."""
    rows, _ = prepare(database)
    before = database.root
    files.hold = True
    runners = [Runner(lambda: put(database, rows, 0))]
    assert files.waiting.wait(10)
    runners += [Runner(lambda i=i: put(database, rows, i)) for i in range(1, 6)]
    wait_until(lambda: database.committer.tip.commit_id == before.commit_id + 6)
    files.fail("sync", 1)
    files.go.set()
    for runner in runners:
        with pytest.raises(OperationalError) as caught:
            runner.result()
        assert caught.value.sqlite_errorname == "SQLITE_IOERR_FSYNC"
    assert database.root is before is database.committer.tip
    assert not database.committer.recent and not database.committer.unpublished


def test_an_interrupted_flush_is_not_a_failure(database: Database, files: HeldFiles) -> None:
    """INV-V2: what was appended goes with the next flush, in its order."""
    rows, _ = prepare(database)
    log: Any = database.committer.log
    before = database.root.commit_id

    class Interrupted:
        def flush(self, sync: bool) -> int:
            raise KeyboardInterrupt

        def __getattr__(self, name: str) -> Any:
            return getattr(log, name)

    database.committer.log = Interrupted()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        put(database, rows, 1)
    database.committer.log = log
    assert database.root.commit_id == before
    t = database.begin(immediate=True)
    assert t.base.commit_id == before + 1 and t.get(rows, 1) == "x"
    t.rollback()
    assert put(database, rows, 2) == before + 2


def test_closing_makes_durable_what_was_appended(files: HeldFiles) -> None:
    database = Database.open(PATH, files=files)
    rows, _ = prepare(database)
    database.set_synchronous("OFF")
    put(database, rows, 1)
    database.close()
    assert Database.open(PATH, files=files.restart("none")).root.trees[rows].get(1) == "x"


# --- Conflicts -------------------------------------------------------------------------------------------------------


def concurrent(database: Database, first: Callable[[Transaction], Any], second: Callable[[Transaction], Any]) -> str:
    """Two transactions on one base; the second commits last: the message of its conflict, or ''."""
    a, b = database.begin(), database.begin()
    first(a)
    second(b)
    a.commit()
    try:
        b.commit()
    except SerializationError as error:
        assert error.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT" and not b.is_open
        return str(error)
    assert check_root(database.root) == []
    return ""


def test_what_conflicts_and_what_does_not() -> None:
    """INV-V5, INV-V6, INV-V7, INV-V8, by example; the messages name table, key and commit."""
    database = Database.memory()
    rows, entries = prepare(database)
    for key in range(5):
        put(database, rows, key, key)
    commit = database.root.commit_id + 1

    def outcome(first: Callable[[Transaction], Any], second: Callable[[Transaction], Any]) -> str:
        nonlocal commit
        commit = database.root.commit_id + 1
        return concurrent(database, first, second).removeprefix("could not serialize: ")

    def write(key: Any, tree: int = rows, value: Any = 0) -> Callable[[Transaction], Any]:
        return lambda t: t.writer(tree).put(key, value)

    def erase(key: Any) -> Callable[[Transaction], Any]:
        return lambda t: t.writer(rows).delete(key)

    def bulk(*keys: int) -> Callable[[Transaction], Any]:
        return lambda t: t.writer(rows).append(keys, [0] * len(keys))

    def reading(then: Callable[[Transaction], Any]) -> Callable[[Transaction], Any]:
        return lambda t: (t.note_read((rows,)), then(t))

    assert outcome(write(1), write(2)) == ""
    assert outcome(write(2), write(2)) == f"row 2 of table t was written by commit {commit}"
    assert outcome(erase(3), write(3)) == f"row 3 of table t was written by commit {commit}"
    assert outcome(bulk(20, 21), write(21)) == f"row 21 of table t was written by commit {commit}"
    assert outcome(write(30), bulk(29, 30)) == f"row 30 of table t was written by commit {commit}"
    assert outcome(bulk(40, 42), bulk(41, 42)) == f"row 42 of table t was written by commit {commit}"
    assert outcome(bulk(50, 52), bulk(51, 53)) == ""
    assert outcome(write(1), reading(write((1, 5, 1), entries, 1))) == (
        f"table t, read by this transaction, was changed by commit {commit}"
    )
    assert outcome(reading(write((1, 6, 1), entries, 1)), write(4)) == ""

    def skipped_on(key: int) -> Callable[[Transaction], Any]:
        return lambda t: (t.note_point(rows, key), t.writer(entries).put((1, 90 + key, 1), 1))

    assert (
        outcome(erase(4), skipped_on(4))
        == f"row 4 of table t, read by this transaction, was changed by commit {commit}"
    )
    assert outcome(bulk(60, 61), skipped_on(61)).startswith("row 61 of table t, read")
    assert outcome(write(1), skipped_on(2)) == ""
    assert outcome(write((1, 7, 1), entries, 1), write((1, 7, 2), entries, 2)) == (
        f"a unique key of index u of table t was taken by a commit up to {commit}"
    )
    assert outcome(write((0, None, 1), entries, 1), write((0, None, 2), entries, 2)) == ""
    assert outcome(write((1, 8, 1), entries, 1), write((1, 9, 2), entries, 2)) == ""
    assert outcome(lambda t: t.create_tree("table"), write(2)) == f"the schema was changed by commit {commit}"
    assert outcome(write(2), lambda t: t.put_object(9, t.schema.objects[1])) == (
        f"commit {commit} came before this change of the schema"
    )
    assert outcome(lambda t: t.set_meta("user_version", 1), lambda t: t.set_meta("user_version", 2)).endswith(
        f"of the database settings was written by commit {commit}"
    )


def test_reading_alone_never_fails_nor_waits(database: Database, files: HeldFiles) -> None:
    """INV-V9: not for conflicts, nor for a commit under way, nor for one that holds the lock."""
    rows, _ = prepare(database)
    reader = database.begin()
    reader.note_read((rows,))
    gate = database.begin(immediate=True)
    with database.committer.lock:
        assert reader.commit() == database.root.commit_id
        assert database.begin().commit() == database.root.commit_id
    gate.rollback()
    files.hold = True
    writer = Runner(lambda: put(database, rows, 1))
    assert files.waiting.wait(10)
    assert database.begin().commit() == database.root.commit_id
    files.go.set()
    writer.result()


def test_a_transaction_validates_against_commits_not_yet_durable(database: Database, files: HeldFiles) -> None:
    """INV-V5: it began while another's sync was under way, so that commit is later than its base."""
    rows, _ = prepare(database)
    files.hold = True
    writer = Runner(lambda: put(database, rows, 1))
    assert files.waiting.wait(10)
    late = database.begin()
    late.writer(rows).put(1, "late")
    with pytest.raises(SerializationError):
        late.commit()
    files.go.set()
    writer.result()


def test_recent_commits_are_kept_while_somebody_needs_them() -> None:
    """INV-V5: however many commits come in between; and nothing is kept for nobody."""
    database = Database.memory()
    rows, _ = prepare(database)
    old = database.begin()
    old.writer(rows).put(3, "old")
    for i in range(50):
        put(database, rows, i)
    assert len(database.committer.recent) == 50
    with pytest.raises(SerializationError, match=r"row 3 of table t was written by commit 5$"):
        old.commit()
    put(database, rows, 0)
    assert not database.committer.recent and not database.committer.open


def test_roots_are_forgotten_beside_commits(database: Database) -> None:
    """A checkpoint forgets roots while a commit does, which would find gone what the other has just taken."""
    rows, _ = prepare(database)
    database.history_max = 5
    for i in range(8):
        put(database, rows, i)
    runners: list[Runner] = []

    class Interrupted(dict[int, Any]):
        """Half a step of the checkpoint's is done, and somebody commits."""

        def pop(self, *args: Any) -> Any:
            found = super().pop(*args)
            if not runners:
                runners.append(Runner(lambda: [put(database, rows, 100 + i) for i in range(3)]))
                runners[0].join(0.3)
            return found

    database.history = Interrupted(database.history)
    last = database.checkpoint()
    assert runners[0].result() == [last + 1, last + 2, last + 3]
    assert list(database.history) == list(range(last, last + 4)) and database.history_start == last


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_every_order_of_three_commits(order: tuple[str, ...]) -> None:
    """INV-V5, INV-V7: a writes what b reads, c writes what a writes: outcomes follow from the order alone."""
    database = Database.memory()
    rows, entries = prepare(database)
    ts = {name: database.begin() for name in "abc"}
    ts["a"].writer(rows).put(1, "a")
    ts["b"].note_read((rows,))
    ts["b"].writer(entries).put((1, 1, 1), 1)
    ts["c"].writer(rows).put(1, "c")
    done = []
    for name in order:
        try:
            ts[name].commit()
            done.append(name)
        except SerializationError:
            pass
    first_writer = next(name for name in order if name != "b")
    expected = [name for name in order if name == first_writer or (name == "b" and order[0] == "b")]
    assert done == expected


# --- The write gate --------------------------------------------------------------------------------------------------


def test_immediate_cannot_fail_at_commit(database: Database) -> None:
    """Others' commits wait until it ends, then go on (or conflict); reading is free meanwhile."""
    rows, _ = prepare(database)
    immediate = database.begin(immediate=True)
    immediate.note_read((rows,))
    immediate.writer(rows).put(1, "immediate")
    others = [Runner(lambda k=k: put(database, rows, k, "other")) for k in (1, 2)]
    wait_until(lambda: len(database.committer.open) == 3)
    assert database.root.trees[rows].get(2) is None
    immediate.commit()
    with pytest.raises(SerializationError):
        others[0].result()
    others[1].result()
    assert dict(database.root.trees[rows].scan()) == {1: "immediate", 2: "other"}


def test_waiting_for_the_gate_ends_after_the_timeout(database: Database) -> None:
    """The transaction stays open, as SQLite's does, and can commit later."""
    rows, _ = prepare(database)
    gate = database.begin(immediate=True)
    t = database.begin(timeout=0.02)
    t.writer(rows).put(1, "x")
    for attempt in (t.commit, lambda: database.begin(immediate=True, timeout=0)):
        with pytest.raises(OperationalError, match=r"^database is locked$") as caught:
            attempt()
        assert caught.value.sqlite_errorname == "SQLITE_BUSY"
    assert t.is_open and len(database.committer.open) == 2
    gate.rollback()
    t.commit()
    assert database.root.trees[rows].get(1) == "x" and not database.committer.open


def test_immediate_waits_for_commits_under_way(database: Database, files: HeldFiles) -> None:
    """Its base must be the last commit, and a base must be durable (INV-R1)."""
    rows, _ = prepare(database)
    files.hold = True
    writer = Runner(lambda: put(database, rows, 1))
    assert files.waiting.wait(10)
    beginner = Runner(lambda: database.begin(immediate=True))
    files.go.set()
    t = beginner.result()
    assert t.get(rows, 1) == "x" and writer.result() == t.base.commit_id
    t.rollback()


# --- Threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("durable", [False, True])
def test_threads_counting_together_lose_no_step(durable: bool) -> None:
    """INV-V5, INV-V7: each reads a counter and writes it plus one; with conflicts run again, all add up."""
    database = Database.open(PATH, files=SimulatedFiles()) if durable else Database.memory()
    rows, entries = prepare(database)
    put(database, rows, 1, 0)
    commits: list[int] = []
    pairs_seen: list[bool] = []

    def count(worker: int) -> None:
        done = 0
        while done < 25:
            t = database.begin()
            t.note_read((rows,))
            value = t.get(rows, 1)
            t.writer(rows).put(1, value + 1)
            t.writer(entries).put((1, value, worker), worker)
            try:
                commits.append(t.commit())
                done += 1
            except SerializationError:
                continue

    def watch() -> None:
        while any(thread.is_alive() for thread in threads):
            root = database.root
            pairs_seen.append(root.trees[rows].get(1) == len(root.trees[entries]))  # INV-V4: never half a commit

    threads = [Runner(lambda w=w: count(w)) for w in range(4)]
    watcher = Runner(watch)
    for thread in (*threads, watcher):
        thread.result()
    assert database.root.trees[rows].get(1) == 100 and len(database.root.trees[entries]) == 100
    assert sorted(commits) == list(range(3, 103)) and all(pairs_seen) and check_root(database.root) == []
    database.close()


def test_validation_is_what_keeps_counters_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-V5, switched off on purpose: the same test then loses steps, so it can see the fault."""
    monkeypatch.setattr(rebase, "validate", lambda *args: None)
    database = Database.memory()
    rows, _ = prepare(database)
    put(database, rows, 1, 0)
    a, b = database.begin(), database.begin()
    for t in (a, b):
        t.writer(rows).put(1, t.get(rows, 1) + 1)
        t.commit()
    assert database.root.trees[rows].get(1) == 1


def three_at_once(
    database: Database, tree: int, monkeypatch: pytest.MonkeyPatch, flush: Callable[..., None] | None = None
) -> tuple[list[Runner], list[int]]:
    """The leader gathers for two more, of whom the second is this thread; the two other threads, and who flushed."""
    committer, flushed = database.committer, list[int]()
    monkeypatch.setattr("aerodb_dbapi.storage.commit.GATHER_SECONDS_MAX", 20.0)
    committer.company, committer.flush_seconds = 3, 60.0
    real = Committer._flush

    def noted(self: Committer, *arguments: Any) -> None:
        flushed.append(threading.get_ident())
        (real if flush is None or len(flushed) > 1 else flush)(self, *arguments)

    monkeypatch.setattr(Committer, "_flush", noted)
    others = []
    for number in (1, 2):
        others.append(Runner(lambda number=number: put(database, tree, number)))  # type: ignore[misc]
        wait_until(lambda number=number: len(committer.unpublished) >= number and committer.gatherer is not None)  # type: ignore[misc]
    return others, flushed


def test_the_last_of_those_who_are_waited_for_leads(
    database: Database, files: HeldFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-R1: three commits, one sync, by who came last; nobody is left waiting."""
    rows, _ = prepare(database)
    before = files.syncs()
    others, flushed = three_at_once(database, rows, monkeypatch)
    last = put(database, rows, 3)
    assert flushed == [threading.get_ident()] and files.syncs() == before + 1
    assert sorted([last, *[other.result() for other in others]]) == [last - 2, last - 1, last]
    committer = database.committer
    assert committer.gatherer is None and not committer.gathering and not committer.flushing and not committer.waiters
    assert committer.published.commit_id == last


def test_a_leader_who_was_replaced_leads_when_the_other_is_interrupted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, _ = prepare(database)

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    others, flushed = three_at_once(database, rows, monkeypatch, interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(database, rows, 3)
    assert [other.result() for other in others]
    assert flushed == [threading.get_ident(), others[0].ident]
    assert [database.root.trees[rows].get(key) for key in (1, 2, 3)] == ["x", "x", "x"]
    assert put(database, rows, 4) == database.root.commit_id


def test_a_leader_gathers_no_longer_than_half_a_flush(database: Database) -> None:
    rows, _ = prepare(database)
    committer = database.committer
    committer.company, committer.flush_seconds = 3, 0.002
    assert put(database, rows, 1) == committer.published.commit_id
    assert committer.gatherer is None and not committer.gathering and not committer.flushing
