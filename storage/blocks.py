"""The block file: reading blocks by pointer, finding room for new ones, and the records that say what is where.

Reading
    `read(pointer)` gives the page if the bytes there have the pointer's checksum, which covers the file's identity and the
    block's place as well (INV-C2); else a CorruptionError that names file and offset. `load` makes a node's content of it.

    A scan that uses some columns of a table asks for these (`BlockSource.columns`): a leaf that is not in memory is then read
    without the others, and without a place in the cache. So is one row, the first time that a leaf is asked for one (`row`), and
    the rows with which a scan begins (`head`, `begin`). INV-C7 holds for them as well. `COLUMNS_ALONE` and `ROWS_ALONE` switch these off.

Room
    `Allocator` hands out extents, multiples of `UNIT`. It works on the free list of the checkpoint in force and never
    gives out a byte that this one, or the one being written, uses (INV-C3, INV-G2): *next fit*, in order of offset, so that the
    blocks of one checkpoint lie in few runs; what fits none of the next `TRIES` goes to the end of the file. Example: free (64, 128) and
    (512, 64): 100 bytes → 64, 60 bytes → 512, 200 bytes → the end.

Opening
    `BlockFile.open` reads the header and the checkpoint record. The states it names become roots whose nodes load at
    first touch, so opening costs the same for any size of file (INV-E3).

Not here: header slots (`header.py`), what to write when (`checkpoint.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from struct import Struct
from typing import Any, Final

from crc32c import crc32c

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import pages
from aerodb_dbapi.storage.cache import NodeCache, weight
from aerodb_dbapi.storage.catalog import CATALOG_TREE, META_TREE
from aerodb_dbapi.storage.column_parts import Head, Row
from aerodb_dbapi.storage.errors import CorruptionError
from aerodb_dbapi.storage.files import File, io_error, write_all
from aerodb_dbapi.storage.header import BLOCKS_START, Header
from aerodb_dbapi.storage.leaf_edits import Edits
from aerodb_dbapi.storage.nodes import Branch, Leaf, siblings
from aerodb_dbapi.storage.pages import UNIT, BadPage, Checkpoint, Child, Pointer, TreeEntry
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.tree import Tree

TRIES: Final = 64
ROWS_ALONE = True  # whether a look-up in a leaf that is not in memory reads its row alone
COLUMNS_ALONE = True  # whether scans of leaves that are not in memory read the columns that they use alone
CACHE_RESERVE: Final = 1 << 20  # the cache is taken to be full when it has no more room than this
_PLACE: Final = Struct("<Q")
_pointer: Final[Any] = partial(tuple.__new__, Pointer)  # as in `pages.py`


class BlockSource:
    """Where a clean node comes from: a block of a file. `edits`: what is to be done to the entries of it, by the place of a leaf.
    `scanned`: the places of nodes of which some columns were read once."""

    __slots__ = ("blocks", "edits", "pointer", "scanned")
    pointer: Pointer

    def __init__(self, blocks: BlockFile, pointer: Pointer, edits: Edits = ()) -> None:
        self.blocks = blocks
        self.pointer = pointer
        self.edits: dict[int, Edits] | None = {0: edits} if edits else None
        self.scanned: set[int] | None = None

    def pointer_of(self, node: Any) -> Pointer:
        """The pointer of a node that has this source."""
        return self.pointer

    def edits_of(self, node: Any) -> Edits:
        """The edits of a node that has this source."""
        return () if self.edits is None else self.edits.get(node.place, ())

    def load(self, node: Any) -> tuple[Any, Any]:
        """The content of the node, which the cache is told of."""
        pointer = self.pointer_of(node)
        content = self.blocks.load(node, pointer, self.edits_of(node))
        if node.__class__ is Branch:
            node.children, node.keys = content[1], content[0]
        else:
            node.values, node.keys = content[1], content[0]
        self.blocks.cache.add(node, weight(node, pointer.length))
        return content

    def columns(self, node: Any, wanted: Sequence[int]) -> tuple[Any, Any]:
        """Keys and values of a leaf, or rows with the columns `wanted` only, which nobody keeps. The second time all of the
        leaf is loaded, if there is room: who scans twice may scan often."""
        blocks, cache = self.blocks, self.blocks.cache
        if COLUMNS_ALONE and (not self._is_noted(node) or cache.used + CACHE_RESERVE > cache.budget):
            found = blocks.columns(node, self.pointer_of(node), wanted, self.edits_of(node))
            if found is not None:
                self._note(node)
                return found
        return self.load(node)

    def head(self, node: Any, stop: int) -> Head | None:
        """The first entries of a leaf that is not in memory, for a scan that may end there; None if all of it is to be loaded."""
        if not ROWS_ALONE or self._is_noted(node) or self.edits_of(node):
            return None
        found = self.blocks.head(node, self.pointer_of(node), stop)
        if found is not None:
            self._note(node)
        return found

    def begin(self, node: Any, stop: int) -> Head | None:
        """The first entries below a branch that is not in memory, for a scan that may end there: of the hundred children of each
        branch on the way none is made. None if they are to be loaded."""
        if not ROWS_ALONE or self._is_noted(node):
            return None
        found = self.blocks.begin(self.pointer_of(node), stop)
        if found is not None:
            self._note(node)
        return found

    def row(self, node: Any, key: int) -> Any:
        """The row of a rowid in a leaf, or None. The second time all of the leaf is loaded: where one row is wanted others are."""
        if ROWS_ALONE and not self._is_noted(node) and not self.edits_of(node):
            found = self.blocks.row(node, self.pointer_of(node), key)
            if found is not False:
                self._note(node)
                return found
        if self.scanned is not None:
            self.scanned.discard(node.place)  # it may be evicted before it is wanted again
        keys, values = self.load(node)
        i = bisect_left(keys, key)
        return values[i] if i < len(keys) and keys[i] == key else None

    def _is_noted(self, node: Any) -> bool:
        """Was a part of that leaf read alone?"""
        return self.scanned is not None and node.place in self.scanned

    def _note(self, node: Any) -> None:
        if self.scanned is None:
            self.scanned = set()
        self.scanned.add(node.place)


class ChildrenSource(BlockSource):
    """Where the children of one branch come from: their pointers as they stand in its block, each made when it is used. Of the
    hundred children of a branch that is loaded for a single row, one is."""

    __slots__ = ("pointers",)

    def __init__(self, blocks: BlockFile, pointers: Sequence[Sequence[int]], edits: dict[int, Edits]) -> None:
        self.blocks = blocks
        self.pointers = pointers  # offsets, lengths, checksums, births
        self.edits = edits or None
        self.scanned = None

    def pointer_of(self, node: Any) -> Pointer:
        place = node.place
        offsets, lengths, crcs, births = self.pointers
        return _pointer((offsets[place], lengths[place], crcs[place], births[place]))


class BlockFile:
    """The blocks of one open database file."""

    __slots__ = ("cache", "file", "header", "path", "record", "seed")

    def __init__(self, file: File, path: str, header: Header, cache: NodeCache) -> None:
        self.file = file
        self.path = path
        self.header = header
        self.cache = cache
        self.seed = crc32c(header.file_id)
        self.record = Checkpoint(end=BLOCKS_START)

    @classmethod
    def open(cls, file: File, path: str, cache: NodeCache) -> BlockFile:
        """The blocks of a file that has a header."""
        header = headers.read(file, path)
        blocks = cls(file, path, header, cache)
        blocks.read_record()
        return blocks

    def read_record(self) -> None:
        """Read the checkpoint record that the header names, if it names one."""
        header, file, path = self.header, self.file, self.path
        if header.checkpoint is None:
            return
        size = file.size()
        if size < header.checkpoint.offset:
            raise CorruptionError("the file was cut: it has no checkpoint record", file=path, offset=size)
        record: Checkpoint = self._unpack(pages.unpack_checkpoint, header.checkpoint)
        if record.commit_id != header.commit_id:
            raise CorruptionError("the checkpoint is not the one its header names", file=path, offset=header.offset)
        if size < record.end:
            raise CorruptionError(f"the file was cut: it had {record.end} bytes", file=path, offset=size)
        self.record = record

    # --- reading -----------------------------------------------------------------------------------------------------

    def checksum(self, offset: int, page: bytes) -> int:
        """The checksum of a block at that place."""
        return crc32c(page, crc32c(_PLACE.pack(offset), self.seed))

    def read(self, pointer: Pointer) -> bytes:
        """The page that a pointer leads to."""
        offset, length, crc, _ = pointer
        try:
            page = self.file.read_at(offset, length)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR_READ", self.path) from error
        if len(page) != length or crc32c(page, crc32c(_PLACE.pack(offset), self.seed)) != crc:
            raise CorruptionError(f"damaged block of {length} bytes", file=self.path, offset=offset)
        return page

    def load(self, node: Any, pointer: Pointer, edits: Edits = ()) -> tuple[Any, Any]:
        """The content of a node."""
        content: tuple[Any, Any]
        if node.__class__ is Branch:
            keys, pointers, sizes, leaves, children_edits = self._unpack(pages.unpack_children, pointer)
            content = keys, siblings(sizes, ChildrenSource(self, pointers, children_edits), leaves)
        else:
            content = self._unpack(lambda page: pages.unpack_leaf(page, edits), pointer)
            if len(content[0]) != node.size:
                raise self._miscounted(node, len(content[0]), pointer)
        return content

    def columns(self, node: Any, pointer: Pointer, wanted: Sequence[int], edits: Edits = ()) -> tuple[Any, Any] | None:
        """Keys of a leaf and rows with the columns `wanted` only; None if it does not have such rows."""
        found: tuple[Any, Any] | None
        found = self._unpack(lambda page: pages.unpack_leaf_columns(page, wanted, edits), pointer)
        if found is not None and len(found[0]) != node.size:
            raise self._miscounted(node, len(found[0]), pointer)
        return found

    def row(self, node: Any, pointer: Pointer, key: int) -> Row:
        """The row of a rowid in a leaf; None if there is none, False if it does not have rows."""
        return self._unpack(lambda page: pages.unpack_leaf_row(page, key, node.size), pointer)

    def head(self, node: Any, pointer: Pointer, stop: int) -> Head | None:
        """The first entries of a leaf; None if it has no more, or no rows."""
        found: Head | None = self._unpack(lambda page: pages.unpack_leaf_head(page, stop, node.size), pointer)
        return found

    def begin(self, pointer: Pointer, stop: int) -> Head | None:
        """The first entries of the first leaf below a branch; None as in `head`."""
        leaf = False
        while not leaf:
            pointer, size, leaf, edits = self._unpack(pages.unpack_first, pointer)
        if edits:
            return None
        found: Head | None = self._unpack(lambda page: pages.unpack_leaf_head(page, stop, size), pointer)
        return found

    def _miscounted(self, node: Any, count: int, pointer: Pointer) -> CorruptionError:
        message = f"a leaf of {count} entries where one of {node.size} should be"
        return CorruptionError(message, file=self.path, offset=pointer.offset)

    def branch_children(self, pointer: Pointer) -> tuple[list[Child], bool]:
        """The children of a branch's block, and whether these are leaves: for walks over blocks."""
        _, children, leaves = self._unpack(pages.unpack_branch, pointer)
        return children, leaves

    def children_but(self, known: set[int], pointer: Pointer) -> list[tuple[Pointer, bool]]:
        """The pointers in a branch's block to blocks that are not known by offset, each with whether these are leaves."""
        _, pointers, _, leaves, _ = self._unpack(pages.unpack_children, pointer)
        if known.issuperset(pointers[0]):
            return []
        return [(child, leaves) for child in map(_pointer, zip(*pointers)) if child.offset not in known]

    def state(self, pointer: Pointer) -> tuple[int, list[TreeEntry]]:
        """A state record: commit id and trees."""
        found: tuple[int, list[TreeEntry]] = self._unpack(pages.unpack_state, pointer)
        return found

    def root(self, pointer: Pointer) -> Root:
        """The root of a state in the file; its nodes load at first touch."""
        commit_id, entries = self.state(pointer)
        trees: dict[int, Tree] = {}
        for tree_id, kind, unique_prefix, size, is_leaf, at, edits in entries:
            if at is None:
                trees[tree_id] = Tree.build((), (), kind, unique_prefix)  # type: ignore[arg-type]
            else:
                node = (Leaf if is_leaf else Branch).unloaded(size, BlockSource(self, at, edits))
                trees[tree_id] = Tree.of(node, kind, unique_prefix)  # type: ignore[arg-type]
        if CATALOG_TREE not in trees or META_TREE not in trees:
            raise CorruptionError("a state without a catalog", file=self.path, offset=pointer.offset)
        return Root.of(commit_id, trees)

    def _unpack(self, unpack: Any, pointer: Pointer) -> Any:
        try:
            return unpack(self.read(pointer))
        except BadPage as error:
            raise CorruptionError(str(error), file=self.path, offset=pointer.offset) from error

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self, offset: int, page: bytes) -> None:
        """Write a page at its place, unsynced. OSError if the disk fails."""
        write_all(self.file, offset, page)


class Allocator:
    """Room for the blocks of one checkpoint: from the free extents as they were, then from the end."""

    __slots__ = ("_at", "end", "extents")

    def __init__(self, free: list[tuple[int, int]], end: int) -> None:
        self.extents = list(free)
        self.end = end
        self._at = 0

    def take(self, length: int) -> int:
        """The offset of a new extent for `length` bytes."""
        wanted = -(-length // UNIT) * UNIT
        extents = self.extents
        for _ in range(min(TRIES, len(extents))):
            if self._at >= len(extents):
                self._at = 0
            offset, room = extents[self._at]
            if room > wanted:
                extents[self._at] = (offset + wanted, room - wanted)
                return offset
            if room == wanted:
                del extents[self._at]
                return offset
            self._at += 1
        offset, self.end = self.end, self.end + wanted
        return offset

    def left(self) -> list[tuple[int, int]]:
        """What of the free extents was not given out."""
        return self.extents


def coalesced(extents: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Extents by offset, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for offset, room in sorted(extents):
        if joined and joined[-1][0] + joined[-1][1] == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + room)
        else:
            joined.append((offset, room))
    return joined
