"""What can still be read of a damaged database file, and what is missing. Nothing is believed that does not verify.

The state
    1. A header slot that is sound leads to the checkpoint record, that to the state record: the newest slot first.
    2. If none leads there, the whole file is searched for state records, at every unit of 64 bytes. Such a record is taken if
       the pointers in it lead to blocks with the right checksums, at least for the catalog and one more tree. If no
       header and no log tells the identity of the file, which seeds all checksums, the seed is computed from one
       pointer and its block, for the checksum is a linear function of it, and must then fit the others. The latest such
       state is taken; of blocks in it that were written over since, the checksums are wrong, and so they are missing.
    3. If there is none, it is the empty state, and only the logs are left.

Entries
    A tree is read from the root down. What lies below a damaged branch is missing, for the checksums of its children, without
    which nobody can tell whether they are what was written, were in it; `Missing` says which range of keys, and how many
    entries, as its parent knew. Leaf blocks that no pointer leads to are not searched for.

Commits
    Of each log beside the file, in order: all up to the first damage, and behind it those that are whole beyond doubt: the
    frame that they begin with is one that a later frame witnesses as the end of a commit, or follows the one before.

Example: in a table of 3000 rows the leaf of rows 257 to 512 was zeroed: ``Missing(2, 257, 513, 256)``, and all other rows.

Not here: the new database that is made of it (`aerodb_dbapi/tools/salvage.py`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgpack

from aerodb_dbapi.storage import pages
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import NodeCache
from aerodb_dbapi.storage.catalog import CATALOG_TREE
from aerodb_dbapi.storage.errors import CorruptionError
from aerodb_dbapi.storage.frames import Assembly, BodyError
from aerodb_dbapi.storage.header import BLOCKS_START, Header
from aerodb_dbapi.storage.offline import LogFile, Offline
from aerodb_dbapi.storage.pages import COMPRESSED, STATE, UNIT, BadPage, Child, Pointer, TreeEntry
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import Scan
from aerodb_dbapi.storage.space import plain

PIECE: Final = 1 << 20
_SEED_BITS: Final = 32


class Missing(NamedTuple):
    """Entries that cannot be read: those of a tree from key `low` on to before `high` (None: no bound), `size` of them."""

    tree_id: int
    low: Any
    high: Any
    size: int


@dataclass(slots=True)
class FoundState:
    """A state to begin with: its commit, its trees, and the blocks they lie in (None for the empty one)."""

    commit_id: int = 0
    trees: list[TreeEntry] = field(default_factory=list)
    blocks: BlockFile | None = None

    def entries(self, tree: TreeEntry) -> Iterator[tuple[Sequence[Any], Sequence[Any]] | Missing]:
        """Keys and values of every intact leaf of a tree, in order, and what is missing between them."""
        if tree.pointer is not None and self.blocks is not None:
            root = Child(tree.pointer, tree.size, tree.edits)
            yield from self._below(tree.tree_id, root, tree.is_leaf, None, None)

    def _below(
        self, tree_id: int, node: Child, is_leaf: bool, low: Any, high: Any
    ) -> Iterator[tuple[Sequence[Any], Sequence[Any]] | Missing]:
        assert self.blocks is not None
        try:
            page = self.blocks.read(node.pointer)
            if is_leaf:
                yield pages.unpack_leaf(page, node.edits)
                return
            keys, children, leaves = pages.unpack_branch(page)
        except (CorruptionError, BadPage):
            yield Missing(tree_id, low, high, node.size)
            return
        bounds = (low, *keys, high)
        for i, child in enumerate(children):
            yield from self._below(tree_id, child, leaves, bounds[i], bounds[i + 1])


class Salvage:
    """The search of one file. `notes` tell what was found wrong on the way to the state."""

    def __init__(self, file: Offline, progress: Callable[[str, int, int], None]) -> None:
        self.file = file
        self.progress = progress
        self.notes: list[str] = []
        self.lost = False  # no state was found where there was one
        self.known_commit = 0  # that there once was one of this id

    def state(self) -> FoundState:
        """The best state that there is to begin with."""
        if self.file.is_new():
            return FoundState()
        slots = sorted((slot for slot in self.file.slots() if slot is not None), key=lambda slot: -slot.sequence)
        self.notes += [f"header slot {n} is not sound" for n, slot in enumerate(self.file.slots()) if slot is None]
        for slot in slots:
            self.known_commit = max(self.known_commit, slot.commit_id, slot.end_commit)
            found = self._named(slot)
            if found is not None:
                return found
        found = self._searched([slot.file_id for slot in slots])
        if found is None:
            self.lost = True
            self.notes.append("no state was found in the file: only the logs are left")
            return FoundState()
        self.notes.append(f"the state of commit {found.commit_id} was found by search")
        return found

    def _named(self, slot: Header) -> FoundState | None:
        """The state that a header slot leads to."""
        if slot.checkpoint is None:
            return FoundState()
        blocks = BlockFile(self.file.file, self.file.path, slot, NodeCache(0))
        try:
            record = pages.unpack_checkpoint(blocks.read(slot.checkpoint))
            commit_id, trees = pages.unpack_state(blocks.read(record.state)) if record.state is not None else (0, [])
        except (CorruptionError, BadPage) as error:
            what = "checkpoint or state record"
            self.notes.append(
                f"{what} of commit {slot.commit_id}: {plain(error)}, named by the header of sequence {slot.sequence}"
            )
            return None
        return FoundState(commit_id, trees, blocks)

    # --- search ------------------------------------------------------------------------------------------------------

    def _searched(self, file_ids: list[bytes]) -> FoundState | None:
        """The latest state whose record lies anywhere in the file."""
        ids = {*file_ids, *(log.head.file_id for log in self.file.logs() if log.head is not None)}
        best: FoundState | None = None
        for commit_id, trees in self._state_records():
            if best is not None and commit_id <= best.commit_id:
                continue
            for blocks in self._readers(sorted(ids), trees):
                if _fits(blocks, trees):
                    best = FoundState(commit_id, trees, blocks)
                    break
        return best

    def _readers(self, file_ids: list[bytes], trees: list[TreeEntry]) -> Iterator[BlockFile]:
        """Blocks under each identity that may be that of the file; if none is known, under the seed that a pointer needs."""
        file = self.file
        for file_id in file_ids:
            yield BlockFile(file.file, file.path, Header(file_id), NodeCache(0))
        if file_ids:
            return
        for tree in trees:
            if tree.pointer is not None:
                blocks = BlockFile(file.file, file.path, Header(bytes(16)), NodeCache(0))
                if solve_seed(blocks, tree.pointer):
                    yield blocks

    def _state_records(self) -> Iterator[tuple[int, list[TreeEntry]]]:
        """Everything in the file that decodes as a state record."""
        size = self.file.size
        for start in range(BLOCKS_START, size, PIECE):
            self.progress("searching", start, size)
            piece = self.file.file.read_at(start, PIECE)
            for at in range(0, len(piece), UNIT):
                if piece[at] & ~COMPRESSED == STATE:
                    found = _state_at(self.file.file.read_at(start + at, PIECE))
                    if found is not None:
                        yield found


def _state_at(data: bytes) -> tuple[int, list[TreeEntry]] | None:
    """The state record that some bytes begin with, if they do."""
    try:
        body = data[1:]
        if data[0] & COMPRESSED:
            body = zlib.decompressobj().decompress(body, 1 << 26)
        unpacker = msgpack.Unpacker(use_list=False, max_buffer_size=0)
        unpacker.feed(body)
        commit_id, trees = unpacker.unpack()
        found = list(map(pages.tree_entry, trees))
    except (ValueError, TypeError, zlib.error, msgpack.exceptions.UnpackException):
        return None
    numbers = [commit_id, *(number for tree in found for number in (tree.tree_id, tree.size, *(tree.pointer or ())))]
    return (commit_id, found) if found and set(map(type, numbers)) == {int} else None


def _fits(blocks: BlockFile, trees: list[TreeEntry]) -> bool:
    """Whether the catalog, and one more tree if there is one, are where a state record says."""
    sound = [tree.tree_id for tree in trees if tree.pointer is not None and _verifies(blocks, tree.pointer)]
    return CATALOG_TREE in sound and len(sound) > 1


def _verifies(blocks: BlockFile, pointer: Pointer) -> bool:
    if not 0 < pointer.length <= blocks.file.size() or pointer.offset % UNIT or pointer.offset < BLOCKS_START:
        return False
    try:
        blocks.read(pointer)
    except (CorruptionError, OverflowError):
        return False
    return True


def solve_seed(blocks: BlockFile, pointer: Pointer) -> bool:
    """Set the seed with which a block has the checksum of its pointer. One 32-bit seed fits any block, so only another block
    tells whether it is right. False if the pointer leads nowhere."""
    if not 0 < pointer.length <= blocks.file.size() or pointer.offset >= blocks.file.size():
        return False
    page = blocks.file.read_at(pointer.offset, pointer.length)

    def checksum(seed: int) -> int:
        blocks.seed = seed
        return blocks.checksum(pointer.offset, page)

    base = checksum(0)
    wanted = base ^ pointer.crc
    rows = [(checksum(1 << bit) ^ base, 1 << bit) for bit in range(_SEED_BITS)]  # linear in the seed
    solution = 0
    for bit in reversed(range(_SEED_BITS)):
        pivot = next((i for i, (value, _) in enumerate(rows) if value >> bit & 1), None)
        if pivot is None:
            if wanted >> bit & 1:
                return False
            continue
        value, combination = rows.pop(pivot)
        rows = [(v ^ value, c ^ combination) if v >> bit & 1 else (v, c) for v, c in rows]
        if wanted >> bit & 1:
            wanted ^= value
            solution ^= combination
    blocks.seed = solution
    return True


# --- Logs ------------------------------------------------------------------------------------------------------------


def intact_commits(log: LogFile) -> Iterator[CommitRecord | CorruptionError]:
    """The whole commits of a log, in order, and the damage between them."""
    file, reading = log.scan()
    try:
        try:
            yield from reading.commits()
        except CorruptionError as error:
            yield error
            yield from _behind_damage(reading)
    finally:
        file.close()


def _behind_damage(reading: Scan) -> Iterator[CommitRecord]:
    """Commits behind the first damage whose first frames are known to be first ones."""
    frames: list[tuple[int, int, int, int]] = []
    ends: set[int] = set()
    floor = reading.end
    for offset in reading._marks(reading.end):
        frame = reading.frame_at(offset) if offset >= floor else None
        if frame is not None:
            frames.append((offset, frame.end, frame.crc, frame.previous))
            ends.add(frame.witness)
            floor = frame.end
    assembly: Assembly | None = None  # None: the beginning of the commit was not seen
    at = crc = -1
    for offset, end, own, previous in frames:
        if offset in ends:
            assembly = Assembly()
        elif offset != at or previous != crc:
            assembly = None
        at, crc = end, own
        frame = reading.frame_at(offset)
        if assembly is None or frame is None:
            continue
        try:
            record = assembly.take(frame.body)
        except BodyError:
            assembly = None
            continue
        if isinstance(record, CommitRecord):
            yield record
