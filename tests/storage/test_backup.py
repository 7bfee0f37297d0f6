"""Copies and VACUUM: whole or not there, dense, and with everything that is to be kept."""

from __future__ import annotations

import contextlib
import gc
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulation import Crash, SimulatedFiles
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
    set_snapshot,
)

from aerodb_dbapi.storage import backup
from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, OperationalError
from aerodb_dbapi.storage.image import deserialize, serialize
from aerodb_dbapi.storage.nodes import capacities

COPY = "copy.db"


@pytest.fixture(autouse=True)
def small_nodes() -> Iterator[None]:
    with capacities(4, 4):
        yield


def prepared(files: SimulatedFiles) -> tuple[Database, tuple[int, int]]:
    """A database with some history, a snapshot, and holes."""
    database = Database.open(PATH, files=files)
    database.set_autocheckpoint(0)
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 120)
    set_snapshot(database, "full", database.root.commit_id)
    database.checkpoint()

    def thin(transaction: Any) -> None:
        for rowid in range(1, 121):
            if rowid % 4:
                delete(transaction, trees, rowid)

    commit(database, thin)
    chance = random.Random(1)
    for _ in range(5):
        change(database, trees, chance)
        database.checkpoint()
    change(database, trees, chance)
    return database, trees


def test_vacuum_into() -> None:
    """INV-R15, INV-R11: the latest commit, with its id and digest, in a file of its own identity, densely."""
    files = SimulatedFiles(1)
    database, trees = prepared(files)
    digest, at = database.digest(), database.root.commit_id
    told: list[tuple[int, int]] = []
    backup.vacuum_into(database, COPY, lambda done, total: told.append((done, total)), files)
    assert told and told[-1][0] == told[-1][1]
    assert set(files.names) == {PATH, f"{PATH}-wal", COPY}
    copy = Database.open(COPY, files=SimulatedFiles.holding({COPY: files.restart("none").contents(COPY)}))
    assert (copy.root.commit_id, copy.digest()) == (at, digest)
    assert blocks_of(copy).header.file_id != blocks_of(database).header.file_id
    assert blocks_of(copy).record.free == [] == blocks_of(copy).record.dead
    check_store(copy)
    fill(copy, trees, 3, 500)
    assert copy.root.commit_id == at + 1
    copy.close()
    assert database.digest() == digest
    database.close()


def test_vacuum_into_a_file_that_is_there() -> None:
    files = SimulatedFiles(1)
    database, _ = prepared(files)
    files.open("empty.db", create=True).close()
    backup.vacuum_into(database, "empty.db", files=files)
    for path in ("empty.db", PATH):
        before = files.contents(path)
        with pytest.raises(OperationalError, match="already exists"):
            backup.vacuum_into(database, path, files=files)
        assert files.contents(path) == before
    database.close()


def test_a_copy_is_dense() -> None:
    files = SimulatedFiles(1)
    database, trees = prepared(files)
    backup.vacuum_into(database, COPY, files=files)
    assert len(files.contents(COPY)) < 0.6 * len(files.contents(PATH))
    copy = Database.open(COPY, files=files)
    leaves = [len(keys) for keys, _ in copy.root.trees[trees[0]].batches()]
    assert len(leaves) > 5 and set(leaves[:-1]) == {4}
    copy.close()
    database.close()


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_vacuum_in_place(compression: str | None) -> None:
    """With open views, iterators, forks and a snapshot (INV-C8, INV-G5): all go on; the file shrinks; ids go on."""
    files = SimulatedFiles(2)
    database, trees = prepared(files)
    if compression:
        commit(database, lambda t: t.set_meta("compression", compression))
    snapshot = database.snapshots()["full"]
    of_snapshot = database.digest(database.root_at(snapshot))
    view, fork, rows = database.read_view(), database.fork(), database.root.trees[trees[0]].scan()
    expected = list(database.root.trees[trees[0]].scan())
    first = next(rows)
    digest, at, size = database.digest(), database.root.commit_id, len(files.contents(PATH))
    evict(database)
    backup.vacuum(database)
    assert (database.root.commit_id, database.digest()) == (at, digest)
    assert len(files.contents(PATH)) < size and set(files.names) == {PATH}
    for i in range(4):
        fill(database, trees, 30, 1, f"round {i}")
        database.checkpoint()
        gc.collect()
        evict(database)
        assert database.digest(view.root) == digest == fork.digest()
        assert database.digest(database.root_at(snapshot)) == of_snapshot
        check_store(database)
    assert [first, *rows] == expected
    view.close()
    fork.close()
    digest = database.digest()
    database.close()
    again = Database.open(PATH, files=files.restart("none"))
    assert (again.root.commit_id, again.digest()) == (at + 4, digest)
    assert again.digest(again.root_at(snapshot)) == of_snapshot
    check_store(again)
    again.close()


def test_vacuum_again_and_again_and_of_an_empty_database() -> None:
    files = SimulatedFiles(3)
    database = Database.open(PATH, files=files)
    backup.vacuum(database)
    assert database.root.commit_id == 0
    trees = commit(database, lambda t: create_table(t, "t"))
    for i in range(5):
        fill(database, trees, 20, 1 + 5 * i)
        backup.vacuum(database)
        check_store(database)
    assert Database.open(PATH, files=files) is database  # the registry knows the new file
    database.close()
    database.close()
    again = Database.open(PATH, files=files)
    assert again.root.commit_id == 6
    again.close()
    memory = Database.memory()
    backup.vacuum(memory)


def test_vacuum_waits_for_writers_and_keeps_them_out() -> None:
    files = SimulatedFiles(3)
    database, _ = prepared(files)
    writer = database.begin(immediate=True)
    database.timeout = 0.05
    with pytest.raises(OperationalError, match="database is locked"):
        backup.vacuum(database)
    writer.rollback()
    late = database.begin()
    late.set_meta("user_version", 9)
    backup.vacuum(database)
    late.commit()
    digest = database.digest()
    database.close()
    again = Database.open(PATH, files=files)
    assert again.digest() == digest
    again.close()


@pytest.mark.parametrize("ordered", [True, False])
def test_a_crash_at_every_step_of_vacuum(ordered: bool) -> None:
    """INV-R15, INV-C1: the old file or the new one, both of the same commit, and it goes on."""
    whole = SimulatedFiles(4)
    database, _ = prepared(whole)
    digest, at = database.digest(), database.root.commit_id
    snapshot = database.snapshots()["full"]
    of_snapshot = database.digest(database.root_at(snapshot))
    points = 0
    problems: list[Any] = []

    def look(files: SimulatedFiles, kind: str) -> None:
        nonlocal points
        for seed in range(6):
            after = files.restart(("none", "all", "random")[min(seed, 2)], seed)
            points += 1
            again = Database.open(PATH, files=after)
            if (again.root.commit_id, again.digest()) != (at, digest):
                problems.append((files.steps, kind, seed, again.root.commit_id))
            assert again.digest(again.root_at(snapshot)) == of_snapshot
            check_store(again)
            commit(again, lambda t: t.set_meta("user_version", 5))
            if seed % 2:
                backup.vacuum(again)
            again.close()
            once_more = Database.open(PATH, files=after.restart("none"))
            assert once_more.root.commit_id == at + 1
            once_more.close()

    whole.ordered = ordered
    whole.observer = look
    backup.vacuum(database)
    whole.observer = None
    database.close()
    assert problems == [] and points > 60


@pytest.mark.parametrize("kind", ["write", "sync", "open", "rename", "sync_directory", "remove", "truncate"])
@pytest.mark.parametrize("forever", [False, True])
def test_calls_that_fail_during_vacuum(kind: str, forever: bool) -> None:
    """INV-C4, INV-R6: the database goes on in one file or the other, or takes no more commits; none is lost."""
    for nth in range(1, 7):
        files = SimulatedFiles(nth)
        database, trees = prepared(files)
        view, digest = database.read_view(), database.digest()
        files.fail(kind, nth, forever=forever)
        with contextlib.suppress(OperationalError):
            backup.vacuum(database)
        evict(database)
        assert database.digest() == digest == database.digest(view.root)
        files._failures.clear()
        acknowledged = database.root.commit_id
        for i in range(3):
            with contextlib.suppress(OperationalError):
                fill(database, trees, 3, 200, f"after {i}")
                acknowledged = database.root.commit_id
            with contextlib.suppress(OperationalError):
                database.checkpoint()
        digest = database.digest()
        for policy in ("none", "all", "random"):
            again = Database.open(PATH, files=files.restart(policy, nth))
            assert (again.root.commit_id, again.digest()) == (acknowledged, digest), (kind, nth, policy)
            check_store(again)
            again.abandon()
        view.close()
        database.close()
        again = Database.open(PATH, files=files.restart("none"))
        assert (again.root.commit_id, again.digest()) == (acknowledged, digest)
        backup.vacuum(again)
        again.close()


@pytest.mark.parametrize("ordered", [True, False])
def test_a_crash_at_every_step_of_vacuum_into(ordered: bool) -> None:
    """INV-R15: under its name there is a whole copy, or nothing."""
    dry = SimulatedFiles(5)
    database, _ = prepared(dry)
    before = dry.steps
    backup.vacuum_into(database, COPY, files=dry)
    after = dry.steps
    database.close()
    found = 0
    for crash_at in range(before + 1, after + 1):
        files = SimulatedFiles(5, crash_at=crash_at)
        files.ordered = ordered
        database, _ = prepared(files)
        digest = database.digest()
        with pytest.raises(Crash):
            backup.vacuum_into(database, COPY, files=files)
        with contextlib.suppress(Crash):
            database.abandon()
        for seed in range(6):
            left = files.restart(("none", "all", "random")[min(seed, 2)], seed)
            if COPY in left.names:
                found += 1
                copy = Database.open(COPY, files=left)
                assert copy.digest() == digest
                copy.abandon()
            again = Database.open(PATH, files=left)
            assert again.digest() == digest
            if COPY not in left.names:
                backup.vacuum_into(again, COPY, files=left)
            again.close()
    assert found


def test_a_copy_that_differs_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-R15: read back and compared, or removed."""
    files = SimulatedFiles(6)
    database, trees = prepared(files)
    real = backup.pages.pack_leaf

    def forgetful(keys: Any, values: Any) -> bytes:
        return real(keys, [values[0]] * len(values))

    for work in (lambda: backup.vacuum_into(database, COPY, files=files), lambda: backup.vacuum(database)):
        monkeypatch.setattr(backup.pages, "pack_leaf", forgetful)
        with pytest.raises(CorruptionError, match="differs from its source"):
            work()
        monkeypatch.undo()
        with capacities(4, 4):
            assert set(files.names) == {PATH, f"{PATH}-wal"}
            fill(database, trees, 2, 700)
            check_store(database)
    database.close()


def test_replace_content() -> None:
    """One commit; the target's snapshots and settings stay; what it held before can still be read there."""
    files = SimulatedFiles(7)
    source, trees = prepared(files)
    other = SimulatedFiles(8)
    target = Database.open(PATH, files=other)
    old = commit(target, lambda t: create_table(t, "old"))
    fill(target, old, 30, text="old")
    set_snapshot(target, "mine", target.root.commit_id)
    commit(target, lambda t: t.set_meta("history_retention", 3))
    at, digest = target.root.commit_id, target.digest(target.root_at(target.snapshots()["mine"]))
    assert backup.replace_content(target, source.root) == at + 1
    assert set(target.root.schema.tables) == {"t"} and set(target.snapshots()) == {"mine"}
    table = target.root.schema.tables["t"]
    assert list(target.root.trees[table.tree].scan()) == list(source.root.trees[trees[0]].scan())
    assert target.root.trees[1].get("history_retention") == 3
    target.checkpoint()
    check_store(target)
    target.close()
    target = Database.open(PATH, files=other)
    assert target.digest(target.root_at(target.snapshots()["mine"])) == digest
    backup.replace_content(target, Database.memory().root)
    assert not target.root.schema.tables and set(target.snapshots()) == {"mine"}
    target.close()
    source.close()


def test_images() -> None:
    """INV-C2, INV-F3: a database as bytes and back; damage is an error."""
    files = SimulatedFiles(9)
    database, _ = prepared(files)
    data = serialize(database.root)
    again = deserialize(data)
    assert (again.root.commit_id, again.digest()) == (database.root.commit_id, database.digest())
    opened = Database.open(PATH, files=SimulatedFiles.holding({PATH: data}))
    assert opened.digest() == database.digest() and account(blocks_of(opened)) == []
    opened.close()
    wrong = 0
    for at in range(8192, len(data), 101):
        damaged = bytearray(data)
        damaged[at] ^= 8
        try:
            assert deserialize(bytes(damaged)).digest() == database.digest()
        except DatabaseError:
            wrong += 1
    assert wrong > 10
    for nothing in (b"", bytes(8192)):
        assert deserialize(nothing).root.commit_id == 0
    with pytest.raises(DatabaseError):
        deserialize(b"no database")
    assert checkpointer_of(database).failure is None
    database.close()


def test_a_commit_that_waited_for_a_vacuum_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-R1: VACUUM takes the log away while a commit waits at the gate; the commit begins another."""
    path = str(tmp_path / "a.db")
    database = Database.open(path)
    transaction = database.begin()
    tree = transaction.create_tree("table")
    transaction.commit()
    waiting = database.begin()
    waiting.writer(tree).put(1, ("one",))
    thread = threading.Thread(target=waiting.commit)
    swap = backup._swap

    def swap_beside_a_commit(*arguments: Any) -> None:
        thread.start()
        while not database.committer.gate.line:
            time.sleep(0.001)
        swap(*arguments)

    monkeypatch.setattr(backup, "_swap", swap_beside_a_commit)
    backup.vacuum(database)
    thread.join(60)
    transaction = database.begin()
    transaction.writer(tree).put(2, ("two",))
    assert transaction.commit() == 3
    database.abandon()
    again = Database.open(path)
    assert list(again.root.trees[tree].scan()) == [(1, ("one",)), (2, ("two",))]
    again.close()
