"""Commits for tests of the log: a seeded workload, a model of what they amount to, and short ways to write and read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from aerodb_dbapi.storage import log_head, wal
from aerodb_dbapi.storage.log_head import LOG_START, LogHead
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.recovery import NOTHING, Scan, Witness
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.storage.wal import Log

PATH = "test.db-wal"
FILE_ID = b"the database's id"[:16]
State = dict[int, dict[Any, Any]]


def make_commit(commit_id: int, chance: random.Random, *, rows: int = 6) -> CommitRecord:
    """A small commit: a chunk, writes, deletes, an index; now and then a tree comes or goes."""
    table, index, meta = TreeEdits(2), TreeEdits(3), TreeEdits(1)
    first = commit_id * 1000
    count = chance.randint(0, rows)
    if count:
        table.chunks.append(
            (range(first, first + count), [(k, f"row {k}", k / 3, None, b"\x00\xff") for k in range(count)])
        )
        index.writes = {(2, f"k{k}", first + k): first + k for k in range(count)}
    table.writes = {
        chance.randint(1, 50): chance.choice((TOMBSTONE, ("x" * chance.randint(0, 60), chance.getrandbits(60))))
        for _ in range(chance.randint(0, rows))
    }
    meta.writes = {"user_version": commit_id}
    edits = [e for e in (table, index, meta) if e.chunks or e.writes]
    created = [(100 + commit_id, "table", 0)] if chance.random() < 0.3 else []
    return CommitRecord(commit_id, edits, created, [100 + commit_id - 7] if chance.random() < 0.2 else [])


def make_commits(count: int, seed: int = 0, *, rows: int = 6) -> list[CommitRecord]:
    """Commits 1 to `count`."""
    chance = random.Random(seed)
    return [make_commit(i, chance, rows=rows) for i in range(1, count + 1)]


def apply(state: State, record: CommitRecord) -> State:
    """The state after a commit, as plain dictionaries."""
    state = {tree: dict(entries) for tree, entries in state.items()}
    for tree, _, _ in record.created:
        state[tree] = {}
    for edits in record.edits:
        entries = state.setdefault(edits.tree, {})
        for keys, values in edits.chunks:
            entries.update(zip(keys, values, strict=True))
        for key, value in edits.writes.items():
            if value is TOMBSTONE:
                entries.pop(key, None)
            else:
                entries[key] = value
    for tree in record.dropped:
        state.pop(tree, None)
    return state


def states_of(commits: list[CommitRecord]) -> list[State]:
    """The state after 0, 1, 2, … commits."""
    states: list[State] = [{}]
    for record in commits:
        states.append(apply(states[-1], record))
    return states


def open_log(files: Any, path: str = PATH) -> tuple[Log, list[CommitRecord]]:
    """The log of that file, ready, and what it held; a new one if the file does not begin with a head."""
    file = files.open(path, create=True)
    head = log_head.decode(file.read_at(0, LOG_START))
    if head is None:
        log = Log.create(file, path, LogHead(FILE_ID, files.random_bytes(16), 1), 0)
        files.sync_directory(path)
        return log, []
    log, reading = Log(file, path, head, 0), Scan(file, path, head, 0)
    commits = list(reading.commits())
    log.settle(reading)
    return log, commits


def close(log: Log) -> None:
    """Make durable what was appended, and let go of the file."""
    log.flush(sync=True)
    log.close()


def write_commits(files: Any, commits: list[CommitRecord], path: str = PATH) -> Witness:
    """A log with these commits, each synced by itself; what its header may witness."""
    log, _ = open_log(files, path)
    for record in commits:
        log.append(record)
        log.flush(sync=True)
    log.close()
    return witness_of(log)


def witness_of(log: Log) -> Witness:
    """What a header may say of a log."""
    return Witness(log.durable_end, log.commit_id, log.crc)


def read_log(files: Any, path: str = PATH, witness: Witness = NOTHING) -> list[CommitRecord]:
    """The commits of a log behind commit 0, of which that much is witnessed. Changes nothing."""
    file = files.open(path)
    head = log_head.decode(file.read_at(0, LOG_START))
    assert head is not None
    return list(Scan(file, path, head, 0, witness).commits())


@pytest.fixture(autouse=True, scope="module")
def no_room() -> Iterator[None]:
    """Import it to have logs end with their last frame, without zeros behind it."""
    before = wal.ROOM_LEAST
    wal.ROOM_LEAST = 0
    yield
    wal.ROOM_LEAST = before
