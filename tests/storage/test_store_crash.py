"""Whole workloads over a disk that may stop before any step: what was acknowledged is there, whole, and goes on working.

One run meets every crash point: an *observer* is called before each changing call and recovers copies of what the disk
would have then, under several policies of loss, while the run itself goes on. What must hold of each copy
    the state is that of a commit between the last acknowledged and the last begun, with its digest (INV-R1, INV-R2)
    its trees, its indexes and the use of its file are sound (INV-D2, INV-D3, INV-G4, INV-G6)
    every snapshot of that state can be read, with the digest of its commit (INV-C8)
    every commit that retention promises can be read (INV-C9); commit ids go on (INV-R11)
    it goes on: a commit, a checkpoint, a close, an opening (each fourth point)
    a second crash, at a random step of the recovery itself, changes none of this (each third random point; INV-R4)

The same workloads are run with calls of the disk that fail (INV-R6, INV-C4, INV-C6). The run is deterministic: the cyclic
collector is off, and what happens *during* a checkpoint is done by a hook in the disk, not by threads.

The ordinary run takes one seed of each workload; ``-m long`` takes sixteen, in pieces of some seconds each. The figures are
printed at the end.
"""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import store_crashes as crashes
from simulation import SimulatedFile, SimulatedFiles
from store_crashes import WORKLOADS, Run, crash_everywhere, fail_somewhere

from aerodb_dbapi.storage import checkpoint, generations, leaf_edits, wal
from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage.commit import Committer
from aerodb_dbapi.storage.pages import Dead


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


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Figures that are printed at the end of the session."""
    found: Counter[str] = Counter()
    yield found
    request.node.user_properties.extend(("crashes", (name, count)) for name, count in found.items())


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.__name__)
def test_crash_everywhere(workload: Callable[[Run], None], counts: Counter[str]) -> None:
    crash_everywhere(workload, 1, True, counts)
    assert counts["crash points"] > 100


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.__name__)
def test_calls_that_fail(workload: Callable[[Run], None], counts: Counter[str]) -> None:
    """INV-R6, INV-C4, INV-C6."""
    dry = SimulatedFiles(2)
    workload(Run(dry, 2))
    calls = Counter(dry.log)
    chance = random.Random(workload.__name__)
    for kind in ("write", "sync", "sync_directory", "rename", "remove", "open"):
        if calls[kind]:
            fail_somewhere(workload, 2, kind, chance.randint(1, calls[kind]), counts)
            fail_somewhere(workload, 3, kind, chance.randint(1, calls[kind]), counts)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 116))
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.__name__)
def test_crash_everywhere_long(workload: Callable[[Run], None], seed: int, counts: Counter[str]) -> None:
    """A piece for each workload and seed, so that processes can share them; on every other seed names survive in any order."""
    crash_everywhere(workload, seed, bool(seed % 2), counts, thorough=True)


@pytest.mark.long
@pytest.mark.parametrize("seed", (4, 5))
@pytest.mark.parametrize("kind", ["write", "sync", "sync_directory", "rename", "remove", "open"])
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.__name__)
def test_calls_that_fail_long(workload: Callable[[Run], None], kind: str, seed: int, counts: Counter[str]) -> None:
    """Each call of a kind in turn."""
    dry = SimulatedFiles(seed)
    workload(Run(dry, seed))
    for nth in range(1, Counter(dry.log)[kind] + 1, 2):
        fail_somewhere(workload, seed, kind, nth, counts)


# --- The tests themselves ---------------------------------------------------------------------------------------------
# A test that nothing can make red proves nothing: each case breaks one rule of the store, and the workloads must notice.


def no_pins(patch: pytest.MonkeyPatch) -> None:
    """INV-G1: collected though somebody reads it."""
    real = checkpoint.collect
    patch.setattr(checkpoint, "collect", lambda dead, pins: real(dead, []))


def floor_rule(patch: pytest.MonkeyPatch) -> None:
    """INV-G1: everything since the oldest pin is kept, and nothing else."""

    def collect(dead: list[Dead], pins: list[int]) -> Any:
        kept = [block for block in dead if pins and block.birth > min(pins)]
        return kept, [(block.offset, block.extent) for block in dead if block not in kept]

    patch.setattr(checkpoint, "collect", collect)


def late_birth(patch: pytest.MonkeyPatch) -> None:
    """INV-G6: born later than states that reach it."""
    real = checkpoint.Writing.__init__

    def init(self: Any, blocks: Any, birth: int, *rest: Any) -> None:
        real(self, blocks, birth + 5, *rest)

    patch.setattr(checkpoint.Writing, "__init__", init)


def reuse_at_once(patch: pytest.MonkeyPatch) -> None:
    """INV-G2, INV-C3: what died with the durable checkpoint is written over before the next is so."""
    real = checkpoint.Writing.__init__

    def init(self: Any, blocks: Any, *rest: Any) -> None:
        real(self, blocks, *rest)
        state = blocks.record.state
        if state is not None:
            self.allocator.extents = [(state.offset, state.extent), *self.allocator.extents]

    patch.setattr(checkpoint.Writing, "__init__", init)


def header_before_blocks(patch: pytest.MonkeyPatch) -> None:
    """INV-C1: no sync between the blocks and the header."""
    real = checkpoint.Checkpointer._write

    def write(self: Any, *arguments: Any) -> None:
        file, count = self.blocks.file, 0

        def sync() -> None:
            nonlocal count
            count += 1
            if count > 1:
                SimulatedFile.sync(file)

        file.sync = sync
        try:
            real(self, *arguments)
        finally:
            del file.sync

    patch.setattr(checkpoint.Checkpointer, "_write", write)


def logs_removed_early(patch: pytest.MonkeyPatch) -> None:
    """INV-R10: before the header that does without them."""
    real = checkpoint.Checkpointer._write

    def write(self: Any, *arguments: Any) -> None:
        self.generations.remove_before(10**6)
        real(self, *arguments)

    patch.setattr(checkpoint.Checkpointer, "_write", write)


def log_not_named(patch: pytest.MonkeyPatch) -> None:
    """INV-R14: commits go to a log before the header says that there is one."""
    real = headers.write

    def write(file: Any, header: headers.Header) -> None:
        if header.sealed or header.commit_id:
            real(file, header)

    patch.setattr(headers, "write", write)


def end_not_synced(patch: pytest.MonkeyPatch) -> None:
    """INV-R13: the frame that names the next generation is not durable when that one is used."""
    real = Committer._flush

    def flush(self: Any, log: Any, target: Any, sync: bool) -> None:
        real(self, log, target, sync and log is self.log)

    patch.setattr(Committer, "_flush", flush)


def names_not_synced(patch: pytest.MonkeyPatch) -> None:
    """INV-R13: a generation is used before its name is durable."""
    patch.setattr(generations.Generations, "_sync_directory", lambda self: None)


def snapshots_forgotten(patch: pytest.MonkeyPatch) -> None:
    """INV-C8: a checkpoint keeps no states."""
    patch.setattr(checkpoint, "snapshots", lambda root: {})


def retention_forgotten(patch: pytest.MonkeyPatch) -> None:
    """INV-C9: nothing is kept for `history_retention`."""
    patch.setattr(checkpoint, "_retained", lambda held, commit_id, retention: {})


def latest_instead(patch: pytest.MonkeyPatch) -> None:
    """INV-C5: the checkpoint says another commit than it holds."""
    real = checkpoint.Checkpointer._cut

    def cut(self: Any, closing: bool) -> Any:
        log, root = real(self, closing)
        return log, self.root_at(max(root.commit_id - 1, self.blocks.record.commit_id))

    patch.setattr(checkpoint.Checkpointer, "_cut", cut)


def nothing_counts_as_dead(patch: pytest.MonkeyPatch) -> None:
    """INV-G4: room is lost."""
    patch.setattr(checkpoint, "dead_blocks", lambda *arguments: [])


PLANTED = [
    (no_pins, crashes.checkpoints),
    (floor_rule, crashes.checkpoints),
    (late_birth, crashes.checkpoints),
    (reuse_at_once, crashes.checkpoints),
    (header_before_blocks, crashes.checkpoints),
    (logs_removed_early, crashes.checkpoints),
    (log_not_named, crashes.generations),
    (end_not_synced, crashes.concurrent),
    (names_not_synced, crashes.generations),
    (snapshots_forgotten, crashes.snapshots),
    (retention_forgotten, crashes.retention),
    (latest_instead, crashes.checkpoints),
    (nothing_counts_as_dead, crashes.bulk),
]


@pytest.mark.parametrize(("plant", "workload"), PLANTED, ids=lambda case: case.__name__)
def test_a_broken_rule_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], workload: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()
    plant(monkeypatch)
    for seed in range(1, 4):
        try:
            crashes.crash_everywhere(workload, seed, False, counts)
        except Exception:
            return
    pytest.fail(f"{counts['crash points']} crash points did not notice")
