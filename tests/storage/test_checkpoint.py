"""Checkpoints: what they write, what they keep, what they collect, and that failing changes nothing."""

from __future__ import annotations

import errno
import gc
import os
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from simulation import SimulatedFiles
from store_support import (
    PATH,
    blocks_of,
    change,
    check_store,
    checkpointer_of,
    commit,
    create_table,
    delete,
    evict,
    fill,
    put,
    set_snapshot,
)

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import nodes
from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.checkpoint import STATES_LEAST, LiveStates, collect
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.nodes import capacities
from aerodb_dbapi.storage.pages import Dead
from aerodb_dbapi.storage.root import Root


@pytest.fixture(autouse=True)
def small_nodes() -> Iterator[None]:
    with capacities(4, 4):
        yield


@pytest.fixture
def files() -> SimulatedFiles:
    return SimulatedFiles(7)


@pytest.fixture
def database(files: SimulatedFiles) -> Iterator[Database]:
    database = Database.open(PATH, files=files)
    database.set_autocheckpoint(0)
    yield database
    if not database.is_closed:
        database.abandon()


def reachable(database: Database, root: Root) -> set[int]:
    """The offsets of the blocks that the nodes of a state have."""
    found = set()

    def walk(node: Any) -> None:
        source = getattr(node, "source", None)
        if source is not None:
            found.add(source.pointer_of(node).offset)
        for child in getattr(node, "children", ()):
            walk(child)

    for _, tree in root.directory.scan():
        if tree.node.size:
            walk(tree.node)
    return found


def test_a_checkpoint_holds_its_commit_and_nothing_else(database: Database, files: SimulatedFiles) -> None:
    """INV-C5: what is committed while it is written goes to the next generation of the log."""
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 40)
    expected = database.digest()
    inside = []

    def meanwhile(held: SimulatedFiles, kind: str) -> None:
        free = not database.committer.flushing and not database.committer.lock.locked()
        if kind in ("write", "sync") and free and len(inside) < 6:
            fill(database, trees, 1, 100 + len(inside))
            inside.append(database.root.commit_id)

    files.observer = meanwhile
    at = database.checkpoint()
    files.observer = None
    assert len(inside) > 2 and inside[0] > 2
    blocks = blocks_of(database)
    assert blocks.record.commit_id == at == blocks.header.commit_id and blocks.record.state is not None
    assert database.digest(blocks.root(blocks.record.state)) in {expected, database.digest(database.root_at(at))}
    digest, last = database.digest(), database.root.commit_id
    assert last > at
    check_store(database)
    database.abandon()
    again = Database.open(PATH, files=files.restart("none"))
    assert (again.root.commit_id, again.digest()) == (last, digest)
    check_store(again)
    again.abandon()


def test_only_what_changed_is_written_again(database: Database, files: SimulatedFiles) -> None:
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 2000)
    database.checkpoint()
    before = reachable(database, database.root)
    commit(database, lambda t: put(t, trees, 1000, ("other", 6)))
    database.checkpoint()
    after = reachable(database, database.root)
    assert len(before) > 800 and 1 < len(after - before) < 60
    assert files.log.count("write") < 40
    check_store(database)


def test_nothing_new_nothing_written(database: Database, files: SimulatedFiles) -> None:
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 5)
    database.checkpoint()
    database.close()
    again = Database.open(PATH, files=files)
    steps = files.steps
    assert again.checkpoint() == 2 and files.steps == steps
    again.close()
    assert files.log[steps:].count("write") == 0


# --- Collecting -------------------------------------------------------------------------------------------------------


def test_the_rule() -> None:
    """INV-G1: collected if and only if there is no pin p with birth <= p < died."""
    chance = random.Random(2)
    for _ in range(300):
        pins = sorted({chance.randint(0, 20) for _ in range(chance.randint(0, 5))})
        dead = []
        for number in range(30):
            birth = chance.randint(0, 20)
            dead.append(Dead(64 * number, 64, birth, chance.randint(birth + 1, 22)))
        kept, extents = collect(dead, pins)
        wanted = [block for block in dead if any(block.birth <= pin < block.died for pin in pins)]
        assert kept == wanted
        assert extents == [(block.offset, block.extent) for block in dead if block not in wanted]


def test_a_pin_between_two_others_is_no_floor() -> None:
    """A floor at the oldest pin would keep, or lose, what the intervals tell apart."""
    dead = [Dead(0, 64, 1, 6), Dead(64, 64, 6, 10), Dead(128, 64, 6, 11), Dead(192, 64, 11, 20), Dead(256, 64, 1, 21)]
    assert collect(dead, [10])[0] == [dead[2], dead[4]]
    assert collect(dead, [5, 20])[0] == [dead[0], dead[4]]
    assert collect(dead, [])[0] == []


def test_a_view_at_10_and_versions_of_5_and_20(database: Database, files: SimulatedFiles) -> None:
    """The version of commit 5, which died at 20, is kept for a view at 10, though neither 5 nor 20 is looked at; what
    was born and died between two views is not kept (INV-G1, INV-G6)."""
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 40)
    while database.root.commit_id < 4:
        commit(database, lambda t: t.set_meta("user_version", t.base.commit_id))
    commit(database, lambda t: put(t, trees, 20, ("of commit 5", 1)))
    database.checkpoint()
    of_five = reachable(database, database.root)
    while database.root.commit_id < 10:
        commit(database, lambda t: put(t, trees, 1, (f"of {t.base.commit_id + 1}", 1)))
        database.checkpoint()
    view = database.read_view()
    assert view.commit_id == 10
    digest = database.digest(view.root)
    short_lived = set()
    while database.root.commit_id < 19:
        commit(database, lambda t: put(t, trees, 40, (f"of {t.base.commit_id + 1}", 1)))
        database.checkpoint()
        short_lived |= reachable(database, database.root) - of_five
    commit(database, lambda t: put(t, trees, 20, ("of commit 20", 1)))
    database.checkpoint()
    assert database.root.commit_id == 20
    gc.collect()
    for _ in range(3):  # what is free is used again
        commit(database, lambda t: put(t, trees, 40, ("x" * 60, 2)))
        database.checkpoint()
        dead = {block.offset: block for block in blocks_of(database).record.dead}
        last = database.root.commit_id  # whose predecessor was still the latest state on the disk
        assert dead and all(block.birth <= 10 < block.died or block.died == last for block in dead.values())
        assert any(block.birth <= 5 and block.died == 20 for block in dead.values())
        evict(database)
        assert view.root.trees[trees[0]].get(20) == ("of commit 5", 1)
        assert database.digest(view.root) == digest
        check_store(database)
    assert short_lived & {offset for offset, _ in blocks_of(database).record.free} or len(short_lived) > 5
    view.close()
    del view
    commit(database, lambda t: put(t, trees, 40, ("last", 2)))
    database.checkpoint()
    gc.collect()
    commit(database, lambda t: put(t, trees, 40, ("very last", 2)))
    database.checkpoint()
    assert all(block.died > 20 for block in blocks_of(database).record.dead)
    check_store(database)


def test_two_views_of_one_commit_are_two_pins(database: Database) -> None:
    """INV-G5: counted by holder; the one that is closed takes nothing from the other."""
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 60)
    database.checkpoint()
    one, two = database.read_view(), database.read_view()
    digest = database.digest(one.root)
    one.close()
    del one
    for i in range(5):
        fill(database, trees, 60, text=f"round {i}")
        database.checkpoint()
        gc.collect()
        evict(database)
        assert database.digest(two.root) == digest
    check_store(database)
    two.close()


def test_states_are_held_by_whoever_can_read_them(database: Database) -> None:
    """INV-G5: transactions, forks, iterators and rebuilt states pin as views do."""
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 60)
    database.checkpoint()
    digest, at = database.digest(), database.root.commit_id
    transaction = database.begin()
    fork = database.fork()
    rows = database.root.trees[trees[0]].scan()
    first = next(rows)
    for i in range(6):
        fill(database, trees, 60, text=f"round {i}")
        database.checkpoint()
        gc.collect()
        evict(database)
    assert at in checkpointer_of(database).live.commits()
    assert database.digest(transaction.base) == digest == database.digest(fork.root)
    assert [first, *rows] == [(k, (f"row {k}", k % 7)) for k in range(1, 61)]
    transaction.rollback()
    commit(fork, lambda t: put(t, trees, 7, ("of the fork", 7)))
    for i in range(3):
        fill(database, trees, 60, text=f"again {i}")
        database.checkpoint()
        gc.collect()
        evict(database)
    assert fork.root.trees[trees[0]].get(8) == ("row 8", 1)
    assert fork.root.trees[trees[0]].get(7) == ("of the fork", 7)
    check_store(database)
    fork.close()


def test_a_transaction_rolled_back_under_its_reader(database: Database) -> None:
    """INV-G5: an iterator over private trees loads blocks of the base, also after the rollback."""
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 80)
    database.checkpoint()
    evict(database)
    transaction = database.begin()
    put(transaction, trees, 200, ("private", 1))
    private = transaction.changed()[trees[0]] if hasattr(transaction, "changed") else None
    transaction.rollback()
    if private is None:
        return
    for i in range(6):
        fill(database, trees, 80, text=f"round {i}")
        database.checkpoint()
        gc.collect()
        evict(database)
    del transaction
    check_store(database)


def test_states_that_nobody_holds_do_not_gather() -> None:
    """Many commits between two checkpoints: what is remembered of them is bounded by the states that are held."""
    live = LiveStates()
    held = []
    for commit_id in range(20_000):
        root = Root.empty()
        live.add(commit_id, root)
        if commit_id % 40 == 0:
            held.append(root)
    assert len(live._states) <= 2 * len(held) + STATES_LEAST
    del root
    assert live.commits() == {19_999 // 40 * 40 - 40 * n for n in range(len(held))}


def test_pins_come_and_go_in_threads() -> None:
    """INV-G5: none is lost while another one is added or the list is looked at."""
    live = LiveStates()
    held: list[Root] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            live.commits()

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for thread in lookers:
        thread.start()
    for commit_id in range(20_000):
        root = Root.empty()
        live.add(commit_id, root)
        if commit_id % 10 == 0:
            held.append(root)
    stop.set()
    for thread in lookers:
        thread.join()
    del root
    assert live.commits() >= set(range(0, 20_000, 10)) and len(live.commits()) < 2100


def test_recovery_decides_nothing_about_room(database: Database, files: SimulatedFiles) -> None:
    """INV-G3: the lists of the record are a fact of the file, whoever opens it, and however often."""
    trees = commit(database, lambda t: create_table(t, "t"))
    view = None
    for i in range(8):
        fill(database, trees, 30, text=f"round {i}")
        database.checkpoint()
        view = view or database.read_view()
    record = blocks_of(database).record
    assert record.dead and record.free
    view = None
    database.abandon()
    for _ in range(3):
        files = files.restart("none")
        again = Database.open(PATH, files=files)
        found = blocks_of(again).record
        assert (found.free, found.dead, found.end) == (record.free, record.dead, record.end)
        assert account(blocks_of(again)) == []
        again.abandon()


def test_accounting_finds_what_is_wrong(database: Database) -> None:
    """INV-G4, INV-G6: each kind of mistake is told."""
    trees = commit(database, lambda t: create_table(t, "t"))
    set_snapshot(database, "kept", 1)
    for i in range(4):
        fill(database, trees, 30, text=f"round {i}")
        database.checkpoint()
    set_snapshot(database, "later", database.root.commit_id)
    fill(database, trees, 30, text="last")
    database.checkpoint()
    record = blocks_of(database).record
    assert account(blocks_of(database)) == [] and record.free and record.dead

    def told(**changes: Any) -> str:
        before = {name: getattr(record, name) for name in changes}
        for name, value in changes.items():
            setattr(record, name, value)
        problems = account(blocks_of(database))
        for name, value in before.items():
            setattr(record, name, value)
        return "\n".join(problems)

    assert "not accounted for" in told(free=record.free[1:]) or len(record.free) == 1
    assert "and" in told(free=[*record.free, record.free[0]])
    assert "not among the dead" in told(dead=[])
    assert "ends at" in told(end=record.end + 64)
    assert "not listed as one that commit" in told(dead=[block._replace(birth=block.died - 1) for block in record.dead])
    assert "says that it is of commit" in told(commit_id=record.commit_id + 1)
    pointer = record.state
    assert pointer is not None
    blocks_of(database).file.write_at(pointer.offset, b"x")
    assert "damaged block" in told()


# --- Failing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["write", "sync", "open", "rename", "sync_directory", "remove"])
def test_a_checkpoint_that_fails_changes_nothing(kind: str) -> None:
    """INV-C4: for readers and writers at once, for recovery whenever it comes; the next one succeeds. After a failed
    header write nothing is known: no checkpoint until the file is opened again (INV-C6)."""
    failed = 0
    for nth in range(1, 9):
        for seed in range(3):
            files = SimulatedFiles(seed)
            database = Database.open(PATH, files=files)
            trees = commit(database, lambda t: create_table(t, "t"))
            fill(database, trees, 30)
            database.checkpoint()
            for i in range(3):
                fill(database, trees, 10, 20 + i)
                database.checkpoint()
            fill(database, trees, 5, 3, "unwritten")
            view, digest, at = database.read_view(), database.digest(), database.root.commit_id
            record, header = blocks_of(database).record, blocks_of(database).header
            files.fail(kind, nth)
            try:
                database.checkpoint()
            except OperationalError:
                failed += 1
                assert str(checkpointer_of(database).failure)
                if not checkpointer_of(database).unknown:
                    assert (blocks_of(database).record, blocks_of(database).header) == (record, header)
            files._failures.clear()
            evict(database)
            assert database.digest(view.root) == digest == database.digest()
            for policy in ("none", "all", "random"):
                again = Database.open(PATH, files=files.restart(policy, seed))
                assert (again.root.commit_id, again.digest()) == (at, digest)
                check_store(again)
                again.abandon()
            if database.committer.failure is None:
                fill(database, trees, 5, 100, "after")
            digest, at = database.digest(), database.root.commit_id
            if checkpointer_of(database).unknown:
                with pytest.raises(OperationalError, match="until the database is opened again"):
                    database.checkpoint()
            elif database.committer.failure is None:
                assert database.checkpoint() == at
                check_store(database)
            view.close()
            database.close()
            again = Database.open(PATH, files=files.restart("none"))
            assert (again.root.commit_id, again.digest()) == (at, digest)
            check_store(again)
            assert again.checkpoint() == at
            again.close()
    assert failed > 2 or kind == "remove"


def test_after_a_failed_header_write_neither_state_is_touched() -> None:
    """INV-C6: commits go on in the log; whichever slot the disk has, it leads to a whole state."""
    for seed in range(12):
        files = SimulatedFiles(seed)
        database = Database.open(PATH, files=files)
        trees = commit(database, lambda t: create_table(t, "t"))
        for i in range(4):
            fill(database, trees, 30, text=f"round {i}")
            database.checkpoint()
        real = headers.write

        def failing(file: Any, header: headers.Header, files: SimulatedFiles = files, real: Any = real) -> None:
            files.fail("sync", 1)
            real(file, header)

        headers.write = failing
        try:
            fill(database, trees, 3, 7, "before")
            with pytest.raises(OperationalError):
                database.checkpoint()
        finally:
            headers.write = real
        chance = random.Random(seed)
        for _ in range(5):
            change(database, trees, chance)
            with pytest.raises(OperationalError):
                database.checkpoint()
        digest, at = database.digest(), database.root.commit_id
        database.close()
        for policy in ("none", "all", "random"):
            again = Database.open(PATH, files=files.restart(policy, seed))
            assert (again.root.commit_id, again.digest()) == (at, digest)
            check_store(again)
            again.close()


def test_blocks_are_durable_before_the_header_that_leads_to_them(database: Database, files: SimulatedFiles) -> None:
    """INV-C1: between the last write of a block and the header there is a sync, and one behind it."""
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 30)
    events: list[str] = []
    file = blocks_of(database).file
    kind = type(file)
    file.write_at = lambda offset, data: (
        events.append("header" if offset < 8192 else "block"),
        kind.write_at(file, offset, data),
    )[1]  # type: ignore
    file.sync = lambda: (events.append("sync"), kind.sync(file))[1]  # type: ignore
    database.checkpoint()
    last = max(i for i, event in enumerate(events) if event == "block")
    assert events[last + 1 :] == ["sync", "header", "sync"]


# --- Snapshots, retention, forks --------------------------------------------------------------------------------------


def test_snapshots_survive_everything_until_they_are_dropped(database: Database, files: SimulatedFiles) -> None:
    """INV-C8: over checkpoints, collection, reopening by a close and by a kill."""
    trees = commit(database, lambda t: create_table(t, "t"))
    chance, kept, digests = random.Random(4), {}, {}
    for i in range(40):
        change(database, trees, chance)
        digests[database.root.commit_id] = database.digest()
        if i % 9 == 4:
            kept[f"s{i}"] = database.root.commit_id
            set_snapshot(database, f"s{i}", database.root.commit_id)
        if i % 3 == 0:
            database.checkpoint()
        if i == 30:
            del kept["s13"]
            set_snapshot(database, "s13", None)
        if i % 10 == 9:
            if i == 19:
                database.abandon()
            else:
                database.close()
            database = Database.open(PATH, files=files)
            database.set_autocheckpoint(0)
        assert database.snapshots() == kept
        for at in kept.values():
            assert database.digest(database.root_at(at)) == digests[at]
        check_store(database)
    assert len(kept) == 3
    for name in kept:
        set_snapshot(database, name, None)
    database.checkpoint()
    gc.collect()
    for _ in range(3):
        change(database, trees, chance)
        gc.collect()
        database.checkpoint()
    assert blocks_of(database).record.pinned == []
    with pytest.raises(OperationalError, match="no longer held"):
        database.root_at(min(kept.values()))
    check_store(database)
    database.close()


def test_a_snapshot_of_a_commit_before_the_last_checkpoint(database: Database, files: SimulatedFiles) -> None:
    """INV-C8: written for the snapshot alone, its blocks must not be collected in the same breath."""
    trees = commit(database, lambda t: create_table(t, "t"))
    chance = random.Random(1)
    digests = {}
    while database.root.commit_id < 12:
        change(database, trees, chance)
        digests[database.root.commit_id] = database.digest()
        if database.root.commit_id == 5:
            database.checkpoint()
        if database.root.commit_id == 7:
            view = database.read_view()
        if database.root.commit_id == 10:
            database.checkpoint()
    database.checkpoint([7])
    set_snapshot(database, "old", 7)
    view.close()
    del view
    for _ in range(6):
        change(database, trees, chance)
        gc.collect()
        database.checkpoint()
        evict(database)
        assert database.digest(database.root_at(7)) == digests[7]
        check_store(database)
    database.close()
    again = Database.open(PATH, files=files)
    assert again.digest(again.root_at(7)) == digests[7]
    again.close()


@pytest.mark.parametrize("let_go", [Database.close, Database.abandon])
def test_retention_keeps_every_commit_it_promises(let_go: Any, files: SimulatedFiles) -> None:
    """INV-C9, INV-R12: rebuilt from a kept state and the log, also after reopening; what is not kept is an error."""
    database = Database.open(PATH, files=files)
    trees = commit(database, lambda t: create_table(t, "t"))
    commit(database, lambda t: t.set_meta("history_retention", 8))
    chance, digests = random.Random(9), {}
    for i in range(45):
        change(database, trees, chance)
        now = database.root.commit_id
        digests[now] = database.digest()
        if i % 4 == 1:
            database.checkpoint()
        if i % 7 == 6:
            let_go(database)
            database = Database.open(PATH, files=files)
        for at in range(max(3, now - 8), now + 1):
            assert database.digest(database.root_at(at)) == digests[at]
        gc.collect()
        check_store(database)
    for at in range(3, database.oldest_commit()):
        try:
            assert database.digest(database.root_at(at)) == digests[at]
        except OperationalError as error:
            assert "no longer held" in str(error)
    assert database.oldest_commit() > 20
    commit(database, lambda t: t.set_meta("history_retention", 0))
    database.checkpoint()
    change(database, trees, chance)
    database.checkpoint()
    database.close()
    assert set(files.names) == {PATH}


def test_ids_never_restart(files: SimulatedFiles) -> None:
    """INV-R11: over checkpoints, generations, closes and kills."""
    last = 0
    for i in range(12):
        database = Database.open(PATH, files=files)
        assert database.root.commit_id == last
        for _ in range(i % 3):
            commit(database, lambda t: t.set_meta("user_version", t.base.commit_id))
            last += 1
            assert database.root.commit_id == last
            if i % 2:
                database.checkpoint()
        (Database.abandon if i % 4 == 3 else Database.close)(database)


def test_checkpoints_beside_writers_and_readers(tmp_path: Any) -> None:
    """INV-C5, INV-C7, INV-G5: threads that commit, threads that read views, one that makes checkpoints."""
    nodes.LEAF_CAPACITY, nodes.FANOUT = 32, 16  # the other threads run between pages
    database = Database.open(str(tmp_path / "a.db"), cache_bytes=60_000)
    database.set_synchronous("OFF")
    database.set_autocheckpoint(0)
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 200)
    stop, failures = threading.Event(), []

    def guard(work: Any) -> Any:
        def run() -> None:
            try:
                while not stop.is_set():
                    work()
            except BaseException as error:
                failures.append(error)
                stop.set()

        return run

    chance = random.Random(5)

    def write() -> None:
        rowid, text = chance.randint(1, 200), "w" * chance.randint(1, 50)
        transaction = database.begin(immediate=True)
        put(transaction, trees, rowid, (text, rowid % 5))
        put(transaction, trees, rowid + 1000, (text, rowid % 5))
        transaction.commit()

    def read() -> None:
        with database.read_view() as view:
            rows = dict(view.root.trees[trees[0]].scan())
            assert all(rows[rowid - 1000] == row for rowid, row in rows.items() if rowid > 1000)
            again = dict(view.root.trees[trees[0]].scan())
            assert rows == again

    threads = [threading.Thread(target=guard(work)) for work in (write, read, read, database.checkpoint)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        stop.wait(0.2)
        if checkpointer_of(database).count > 10 or failures:
            break
    stop.set()
    for thread in threads:
        thread.join(30)
    assert failures == []
    check_store(database)
    digest = database.digest()
    database.close()
    again = Database.open(str(tmp_path / "a.db"))
    assert again.digest() == digest
    check_store(again)
    again.close()


def test_bulk_deletion_gives_the_room_back(database: Database) -> None:
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 500)
    database.checkpoint()
    end = blocks_of(database).record.end

    def empty(transaction: Any) -> None:
        for rowid in range(1, 501):
            delete(transaction, trees, rowid)

    commit(database, empty)
    database.checkpoint()
    gc.collect()
    commit(database, lambda t: t.set_meta("user_version", 1))
    database.checkpoint()
    free = sum(room for _, room in blocks_of(database).record.free)
    assert free > 0.8 * (end - 8192)
    fill(database, trees, 400)
    database.checkpoint()
    assert blocks_of(database).record.end < 1.3 * end
    check_store(database)


@pytest.mark.parametrize("fails", [False, True])
def test_a_large_checkpoint_is_not_interrupted_by_the_collector(database: Database, fails: bool) -> None:
    """It is off while pages are made, and on again afterwards, whatever becomes of the checkpoint; small ones leave it alone."""
    trees = commit(database, lambda transaction: create_table(transaction, "t"))
    seen: list[bool] = []
    write = BlockFile.write

    def watched(blocks: BlockFile, offset: int, page: bytes) -> None:
        seen.append(gc.isenabled())
        if fails and not seen[-1]:
            raise OSError(errno.EIO, "as asked for")
        write(blocks, offset, page)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BlockFile, "write", watched)
        database.checkpoint()
        assert seen and all(seen)
        seen.clear()
        fill(database, trees, 2000)
        if fails:
            with pytest.raises(OperationalError):
                database.checkpoint()
        else:
            database.checkpoint()
    assert seen and not any(seen) and gc.isenabled()


def test_a_child_process_has_the_collector_on() -> None:
    """A thread that pauses it stays with the parent."""
    with nodes.paused_gc():
        assert not gc.isenabled()
        child = os.fork()
        if child == 0:
            os._exit(0 if gc.isenabled() else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert gc.isenabled()
