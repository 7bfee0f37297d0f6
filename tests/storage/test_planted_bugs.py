"""Rules of recovery, checkpoints and collection broken on purpose: a probe that passes must fail then.

A test that nothing can make red proves nothing. Each case names the invariant that it breaks, breaks it by a patch (no hook
is in the code), and runs the probe that guards it: a workload with crashes or failing calls (`store_crashes.py`), or a few steps
of its own. More of the kind, for the order of writes, are at the end of `test_store_crash.py`; those of commits in
`test_interleavings.py`.
"""

from __future__ import annotations

import contextlib
import gc
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import store_crashes as crashes
from simulation import SimulatedFile, SimulatedFiles
from store_support import PATH, blocks_of, change, commit, create_table, evict, fill, put

from aerodb_dbapi.storage import (
    backup,
    cache,
    checkpoint,
    frames,
    generations,
    leaf_edits,
    pages,
    patching,
    recovery,
    wal,
    writing,
)
from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.database import Database, Store
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.root import ReadView, Root

WAL = f"{PATH}-wal"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small nodes, little room in advance, no collector at times of its own."""
    monkeypatch.setattr(wal, "ROOM_LEAST", 512)
    monkeypatch.setattr(leaf_edits, "SHARE", leaf_edits.SHARE)  # runs set it
    gc.collect()
    gc.disable()
    with shape.capacities(4, 4):
        yield
    gc.enable()


# --- Probes -----------------------------------------------------------------------------------------------------------


def crashing(workload: Callable[[Any], None]) -> Callable[[], None]:
    """A crash before every step of a workload."""
    return lambda: crashes.crash_everywhere(workload, 2, False, Counter())


def failing(workload: Callable[[Any], None], kind: str) -> Callable[[], None]:
    """Calls of a kind that fail, once."""

    def probe() -> None:
        for nth in range(1, 24):
            crashes.fail_somewhere(workload, 4, kind, nth, Counter())

    return probe


def written(files: SimulatedFiles, commits: int = 6) -> Database:
    """A database with some commits in its log."""
    database = Database.open(PATH, files=files)
    database.set_autocheckpoint(0)
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 30)
    chance = random.Random(1)
    for _ in range(commits):
        change(database, trees, chance)
    return database


def contents(files: SimulatedFiles) -> dict[str, bytes]:
    return {path: files.contents(path) for path in files.names}


def damaged_log() -> None:
    """A byte of the first commit changed: an error."""
    files = SimulatedFiles(3)
    written(files).abandon()
    names = contents(files)
    log = bytearray(names[WAL])
    log[LOG_START + 40] ^= 1
    with pytest.raises(CorruptionError):
        Database.open(PATH, files=SimulatedFiles.holding({**names, WAL: bytes(log)}))


def foreign_frames() -> None:
    """The frames of another log behind the head of this one: none of their commits is taken."""
    files, others = SimulatedFiles(3), SimulatedFiles(4)
    written(files).abandon()
    written(others, 7).abandon()
    names, foreign = contents(files), contents(others)[WAL]
    mixed = {**names, WAL: names[WAL][:LOG_START] + foreign[LOG_START:]}
    with contextlib.suppress(CorruptionError):
        database = Database.open(PATH, files=SimulatedFiles.holding(mixed))
        assert database.root.commit_id == 0
        database.abandon()


def shortened_log() -> None:
    """A log that lost what the header witnesses: an error."""
    files = SimulatedFiles(3)
    written(files).abandon()
    database = Database.open(PATH, files=files)
    assert database.committer.log is not None
    end = database.committer.log.end
    database.abandon()
    names = contents(files)
    with pytest.raises(CorruptionError):
        Database.open(PATH, files=SimulatedFiles.holding({**names, WAL: names[WAL][: end - 200]}))


def missing_log() -> None:
    """A log that the header leads to is not there: an error."""
    files = SimulatedFiles(3)
    written(files).abandon()
    names = contents(files)
    del names[WAL]
    with pytest.raises(CorruptionError):
        Database.open(PATH, files=SimulatedFiles.holding(names))


def damaged_block() -> None:
    """A byte changed in each block: an error that names the place."""
    files = SimulatedFiles(3)
    database = written(files)
    database.checkpoint()
    evict(database)
    offsets = [leaf.source.pointer_of(leaf).offset for leaf in database.root.trees[2].leaves()]
    for offset in offsets:
        files.names[PATH].cached[offset + 12] ^= 1
        evict(database)
        with pytest.raises(CorruptionError) as caught:
            database.digest()
        assert caught.value.offset == offset
        files.names[PATH].cached[offset + 12] ^= 1
    database.abandon()


def steady_memory() -> None:
    """More is read than the budget holds."""
    files = SimulatedFiles(3)
    database = written(files)
    database.close()
    database = Database.open(PATH, files=files, cache_bytes=2000)
    database.digest()
    assert blocks_of(database).cache.used < 4000
    database.abandon()


def two_views_of_one_commit() -> None:
    """One is closed; the other reads on, whatever is collected and written over."""
    database = written(SimulatedFiles(3))
    database.checkpoint()
    one, other = database.read_view(), database.read_view()
    digest, trees = database.digest(), (2, 3)
    one.close()
    chance = random.Random(2)
    for _ in range(6):
        for _ in range(4):
            change(database, trees, chance)
        database.checkpoint()
        database.history.clear()
        database.history[database.root.commit_id] = database.root
    evict(database)
    assert database.digest(other.root) == digest
    other.close()
    database.close()


def both_halves() -> None:
    """Leaves overflow and are cut in two, time and again: one of them may be edits of the block."""
    leaf_edits.SHARE = 1
    database = Database.open(PATH, files=SimulatedFiles(1))
    with shape.capacities(16, 4):
        trees = commit(database, lambda t: create_table(t, "t"))
        fill(database, trees, 60)
        database.checkpoint()
        for rowid in range(1000, 1040):
            commit(database, partial(lambda key, t: t.writer(trees[1]).put(key, key[-1]), (1, 3, rowid)))
            database.checkpoint()
            assert account(blocks_of(database)) == []
    database.abandon()


def a_snapshot_of_before() -> None:
    """A state older than the checkpoint in force becomes a snapshot, rebuilt from the log."""
    leaf_edits.SHARE = 1
    database = Database.open(PATH, files=SimulatedFiles(1))
    with shape.capacities(16, 4):
        trees = commit(database, lambda t: create_table(t, "t"))
        fill(database, trees, 60)
        database.checkpoint()
        commit(database, lambda t: t.set_meta("history_retention", 50))
        commit(database, lambda t: put(t, trees, 5, ("early", 5)))
        early, digest, held = database.root.commit_id, database.digest(), database.read_view()
        for _ in range(6):  # until the leaf has had two blocks more
            commit(database, lambda t: [put(t, trees, rowid, ("later", rowid)) for rowid in range(3, 8)])
            database.checkpoint()
        commit(database, lambda t: t.set_meta("snapshot:early", early))
        commit(database, lambda t: t.set_meta("history_retention", 0))
        chance = random.Random(1)
        for _ in range(12):
            database.checkpoint()
            held.close()
            assert account(blocks_of(database)) == []
            view = database.read_view(early)
            assert database.digest(view.root) == digest
            view.close()
            evict(database)
            change(database, trees, chance)
    database.close()


def an_ended_view() -> None:
    """It gives an error, and no rows."""
    database = written(SimulatedFiles(3))
    view = database.read_view()
    view.end("too old")
    with pytest.raises(OperationalError, match="too old"):
        _ = view.root
    database.close()


def checkpoint_after_a_failed_one() -> None:
    """Each sync of a checkpoint fails in turn; the next checkpoint is cut off before each of its steps."""
    for seed, nth in product(range(4), range(1, 7)):
        files = SimulatedFiles(seed)
        run = crashes.Run(files, seed)
        trees = run.commit(lambda t: create_table(t, "t"))
        run.fill(trees, 30)
        for _ in range(3):
            run.change(trees)
            run.database.checkpoint()
        run.change(trees)
        files.fail("sync", nth)
        with contextlib.suppress(OperationalError):
            run.database.checkpoint()
        files.observer = crashes.Observer(run, seed, Counter(), False)
        with contextlib.suppress(OperationalError):
            run.change(trees)
            run.database.checkpoint()
        files.observer = None
        run.database.abandon()


def full_disk() -> None:
    """A disk too full for zeros, and large enough for the commits."""
    files = SimulatedFiles(3)
    database = written(files)
    for seed in range(20):
        log = database.committer.log
        assert log is not None
        files.capacity = sum(map(len, contents(files).values())) - len(files.contents(WAL)) + log.end + 900
        change(database, (2, 3), random.Random(seed))
    database.abandon()


def after_a_failed_close() -> None:
    """Logs that a header needs which may be in force again."""
    for seed in range(8):
        crashes.failed_close(seed, commits=0)


# --- Bugs -------------------------------------------------------------------------------------------------------------


def acknowledged_before_sync(patch: pytest.MonkeyPatch) -> None:
    """INV-R1."""
    real = wal.Log.flush
    patch.setattr(wal.Log, "flush", lambda self, sync: real(self, False))


def part_of_a_commit(patch: pytest.MonkeyPatch) -> None:
    """INV-R2: what was read of a commit whose last frames are missing counts as one."""
    real = recovery.Scan.commits

    def commits(self: Any) -> Iterator[Any]:
        for record in real(self):
            yield record
        if self.commit_id is not None and self.end < self._size and self._read(self.end, 1) != b"\0":
            yield type(record)(self.commit_id + 1)

    patch.setattr(recovery.Scan, "commits", commits)


def frames_without_identity(patch: pytest.MonkeyPatch) -> None:
    """INV-R3: checksums and marks are those of no log in particular."""
    real = frames.Chain.of
    patch.setattr(frames.Chain, "of", lambda log_id: real(bytes(16)))


def recovery_by_turns(patch: pytest.MonkeyPatch) -> None:
    """INV-R4: every other recovery leaves a commit out."""
    real, turns = Store.recover, [0]

    def recover(self: Any) -> list[Root]:
        turns[0] += 1
        roots = real(self)
        return roots[:-1] if turns[0] % 2 and len(roots) > 1 else roots

    patch.setattr(Store, "recover", recover)


def anything_is_a_torn_tail(patch: pytest.MonkeyPatch) -> None:
    """INV-R5."""
    patch.setattr(recovery.Scan, "_judge", lambda self, bad: None)
    patch.setattr(recovery.Scan, "_check_seal", lambda self, before: None)


def a_failed_sync_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """INV-R6: the log and the committer go on."""
    real = SimulatedFile.sync

    def sync(self: Any) -> None:
        with contextlib.suppress(OSError):
            real(self)

    patch.setattr(SimulatedFile, "sync", sync)


def witnesses_ignored(patch: pytest.MonkeyPatch) -> None:
    """INV-R7."""
    real = generations.Generations.reading
    nothing = recovery.NOTHING
    patch.setattr(
        generations.Generations, "reading", lambda self, number, log_id, at, _: real(self, number, log_id, at, nothing)
    )


def tables_only(patch: pytest.MonkeyPatch) -> None:
    """INV-R8: a commit record without the edits of index trees."""
    real = wal.Log.append

    def append(self: Any, record: Any) -> int:
        record.edits = [edits for edits in record.edits if edits.tree != 3]
        return real(self, record)

    patch.setattr(wal.Log, "append", append)


def a_missing_log_is_no_log(patch: pytest.MonkeyPatch) -> None:
    """INV-R9."""
    real = generations.Generations.recover

    def recover(self: Any, header: Any, logs: Any) -> Any:
        return real(self, header, logs) if self.find(header.generation, header.log_id) is not None else iter(())

    patch.setattr(generations.Generations, "recover", recover)


def ids_begin_anew(patch: pytest.MonkeyPatch) -> None:
    """INV-R11."""
    real = BlockFile.root

    def root(self: Any, pointer: Any) -> Root:
        made = real(self, pointer)
        return Root(0, made.trees, made.cell)

    patch.setattr(BlockFile, "root", root)


def a_record_left_out(patch: pytest.MonkeyPatch) -> None:
    """INV-R12."""
    real = generations.Generations.replay

    def replay(self: Any, *where: int) -> Iterator[Any]:
        for number, record in enumerate(real(self, *where)):
            if number != 1:
                yield record

    patch.setattr(generations.Generations, "replay", replay)


def a_copy_that_is_not_synced(patch: pytest.MonkeyPatch) -> None:
    """INV-R15."""
    real = backup.write_copy

    def write_copy(file: Any, *rest: Any) -> BlockFile:
        file.sync = lambda: None
        try:
            return real(file, *rest)
        finally:
            del file.sync

    patch.setattr(backup, "write_copy", write_copy)


def room_is_needed(patch: pytest.MonkeyPatch) -> None:
    """INV-R16: a disk that is full while room is made fails the commit."""
    patch.setattr(wal, "is_full", lambda error: False)


def ended_cut_short(patch: pytest.MonkeyPatch) -> None:
    """INV-R16: the frame that ends a generation is taken for room behind the last one."""

    def trim(self: Any) -> None:
        self._file.truncate(self._written.start)

    patch.setattr(wal.Log, "trim", trim)


def checksums_that_say_nothing(patch: pytest.MonkeyPatch) -> None:
    """INV-C2."""
    patch.setattr(BlockFile, "checksum", lambda self, offset, page: 0)


def clean_too_early(patch: pytest.MonkeyPatch) -> None:
    """INV-C4: nodes are clean, and may be evicted, before the header is durable."""
    real = checkpoint.Checkpointer._write

    def write(self: Any, record: Any, writing: Any, *rest: Any) -> None:
        writing.adopt()
        real(self, record, writing, *rest)

    patch.setattr(checkpoint.Checkpointer, "_write", write)


def a_failed_header_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """INV-C6: the next checkpoint goes on as if the header before it had never been tried."""
    real = checkpoint.Checkpointer._write_header

    def write(self: Any, header: Any) -> None:
        try:
            real(self, header)
        finally:
            self.unknown = False

    patch.setattr(checkpoint.Checkpointer, "_write_header", write)


def what_is_read_counts_as_durable(patch: pytest.MonkeyPatch) -> None:
    """INV-C6: the header in force is not written again before logs go that the one before it needs."""
    patch.setattr(checkpoint.Checkpointer, "_confirm", lambda self: None)


def other_types_from_disk(patch: pytest.MonkeyPatch) -> None:
    """INV-C7: integers come back as reals."""
    real = pages.unpack_leaf

    def unpack(page: bytes, edits: Any = ()) -> Any:
        keys, values = real(page, edits)
        return keys, tuple(
            tuple(float(v) if v.__class__ is int else v for v in row) if row.__class__ is tuple else row
            for row in values
        )

    patch.setattr(pages, "unpack_leaf", unpack)


def pages_of_before(patch: pytest.MonkeyPatch) -> None:
    """INV-C5: where the page of before is to be edited, it is copied."""
    real = patching.patched

    def patched(body: memoryview, before: Any, after: Any, change: Any) -> bytes | None:
        made = real(body, before, after, change)
        return bytes(body) if made is not None and len(before[0]) == len(after[0]) else made

    patch.setattr(patching, "patched", patched)


def edits_forgotten(patch: pytest.MonkeyPatch) -> None:
    """INV-C7: a leaf that stands as edits comes back as its block is."""
    real = pages.unpack_leaf
    patch.setattr(pages, "unpack_leaf", lambda page, edits=(): real(page))


def one_block_for_two(patch: pytest.MonkeyPatch) -> None:
    """INV-C11: both halves of a leaf that was cut are edits of its block."""
    patch.setattr(writing.Writing, "_is_taken", lambda self, pointer: False)


def edits_of_younger_blocks(patch: pytest.MonkeyPatch) -> None:
    """INV-G6: a state before the checkpoint gets edits of blocks that came with it."""
    patch.setattr(writing.Writing, "editing", property(lambda self: True, lambda self, value: None), raising=False)


def nothing_is_evicted(patch: pytest.MonkeyPatch) -> None:
    """INV-C10."""
    patch.setattr(cache.NodeCache, "_evict", lambda self: None)


def recovery_collects(patch: pytest.MonkeyPatch) -> None:
    """INV-G3: what is dead when a file is opened is taken for free."""
    real = BlockFile.open

    def opened(*arguments: Any) -> BlockFile:
        blocks = real(*arguments)
        record = blocks.record
        record.free = sorted([*record.free, *[(block.offset, block.extent) for block in record.dead]])
        record.dead = []
        return blocks

    patch.setattr(BlockFile, "open", opened)


def pins_by_commit(patch: pytest.MonkeyPatch) -> None:
    """INV-G5: the first of two views of a commit that is closed takes the pin of the other with it."""
    real_close, real_commits, closed = ReadView.close, checkpoint.LiveStates.commits, set[int]()

    def close(self: Any) -> None:
        closed.add(self.commit_id)
        real_close(self)

    patch.setattr(ReadView, "close", close)
    patch.setattr(checkpoint.LiveStates, "commits", lambda self: real_commits(self) - closed)


def ended_views_go_on(patch: pytest.MonkeyPatch) -> None:
    """INV-G7."""
    patch.setattr(ReadView, "end", lambda self, reason: self.close())


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], Callable[[], None]]] = [
    (acknowledged_before_sync, crashing(crashes.mixed)),
    (part_of_a_commit, crashing(crashes.bulk)),
    (frames_without_identity, foreign_frames),
    (recovery_by_turns, crashing(crashes.mixed)),
    (anything_is_a_torn_tail, damaged_log),
    (a_failed_sync_is_forgotten, failing(crashes.mixed, "sync")),
    (witnesses_ignored, shortened_log),
    (tables_only, crashing(crashes.mixed)),
    (a_missing_log_is_no_log, missing_log),
    (ids_begin_anew, crashing(crashes.generations)),
    (a_record_left_out, crashing(crashes.retention)),
    (a_copy_that_is_not_synced, crashing(crashes.vacuum)),
    (room_is_needed, full_disk),
    (ended_cut_short, crashing(crashes.concurrent)),
    (checksums_that_say_nothing, damaged_block),
    (clean_too_early, failing(crashes.checkpoints, "sync")),
    (a_failed_header_is_forgotten, checkpoint_after_a_failed_one),
    (what_is_read_counts_as_durable, after_a_failed_close),
    (other_types_from_disk, crashing(crashes.checkpoints)),
    (pages_of_before, crashing(crashes.patches)),
    (edits_forgotten, crashing(crashes.patches)),
    (one_block_for_two, both_halves),
    (edits_of_younger_blocks, a_snapshot_of_before),
    (nothing_is_evicted, steady_memory),
    (recovery_collects, crashing(crashes.snapshots)),
    (pins_by_commit, two_views_of_one_commit),
    (ended_views_go_on, an_ended_view),
]
OWN = [probe for _, probe in PLANTED if probe.__name__ != "probe" and probe.__name__ != "<lambda>"]


@pytest.mark.parametrize("probe", OWN, ids=lambda probe: probe.__name__)
def test_the_probe_passes(probe: Callable[[], None]) -> None:
    probe()


@pytest.mark.parametrize(
    ("plant", "probe"), PLANTED, ids=lambda case: case.__name__ if case.__name__ != "<lambda>" else ""
)
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


def test_every_numbered_invariant_is_broken_somewhere() -> None:
    """Of recovery (R), checkpoints and the cache (C), collection (G)."""
    here = Path(__file__)
    plants = "".join((here.parent / name).read_text() for name in (here.name, "test_store_crash.py"))
    broken = set(re.findall(r'^    """(INV-[^.:]*)[.:]', plants, re.M))
    stated = re.findall(r"^\| (INV-[RCG]\d+) \|", (here.parents[2] / "docs/INVARIANTS.md").read_text(), re.M)
    assert len(stated) >= 32 and set(stated) <= set(", ".join(broken).split(", "))
