"""Writing the nodes of a state into the block file: which need a block, where it goes, and of what its page is made.

A node without a source in this file is *dirty*; all that it shares with states before has blocks already. Dirty nodes are
written children before parents, for a branch's page holds the pointers of its children. Nothing of the nodes changes until
`adopt`, when the checkpoint is durable.

The leaf of before
    A leaf that changed a little has most of its entries in common with the one that it was made of, and that one is in the file.
    So it needs no block: what changed is written beside the pointer in the branch (`leaf_edits.py`). Where that has grown too long
    the leaf gets a page, and editing the one of before (`patching.py`) is quicker than making one anew, unless that has edits.

    Which leaf it was made of is found by going down the tree of the state before side by side: a child belongs to the child of the
    other branch in whose range its lowest key lies. Example: leaf 7 of 96 was cut in two when it overflowed; both belong to leaf 7
    of before, each with a part of its entries, and one of them may be edits of its block.

    That a leaf belongs to another is a guess that only costs time if it is wrong. The leaf of before must have a block in this file,
    and be in memory, unless a merge has remembered what it did (`merge.py`); if not, the page is made of the entries. Nothing is
    loaded for it.

Other threads
    One that commits beside a checkpoint waits for the interpreter. So after every `YIELD_BYTES` of pages it is let go.

Not here: what else a checkpoint does (`checkpoint.py`), bytes (`pages.py`), room (`blocks.py`).
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import Any, Final

import msgpack

from aerodb_dbapi.storage import leaf_edits, pages, patching
from aerodb_dbapi.storage.blocks import Allocator, BlockFile, BlockSource, coalesced
from aerodb_dbapi.storage.cache import weight
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.leaf_edits import Edits
from aerodb_dbapi.storage.looking import looking
from aerodb_dbapi.storage.nodes import Branch, Leaf, is_loaded
from aerodb_dbapi.storage.pages import Checkpoint, Child, Pointer, TreeEntry
from aerodb_dbapi.storage.patching import Change, Content
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.storage.tree import Tree

WRITE_BATCH: Final = 1 << 20
YIELD_BYTES: Final = 1 << 14  # of pages, packed between two moments at which other threads may go on
YIELD_NODES: Final = 100
SAMPLED: Final = 8  # of so many leaves that follow one another one is weighed
EDIT_BYTES: Final = 256  # what it costs to find the edits of a leaf, as bytes that are packed
_SLACK: Final = 64  # by how much the record may grow when room for the record itself is taken from its free list
_PADDING: Final = [bytes(size) for size in range(pages.UNIT)]

_pointer: Final[Any] = partial(tuple.__new__, Pointer)  # as in `pages.py`
# What stands in a node; nothing is loaded. AttributeError: it is not there.
_leaf_source: Final[Any] = Leaf.__dict__["source"].__get__
_leaf_step: Final[Any] = Leaf.__dict__["step"].__get__
_branch_source: Final[Any] = Branch.__dict__["source"].__get__
_branch_keys: Final[Any] = Branch.__dict__["keys"].__get__
_branch_children: Final[Any] = Branch.__dict__["children"].__get__
_leaf_keys: Final[Any] = Leaf.__dict__["keys"].__get__
_leaf_values: Final[Any] = Leaf.__dict__["values"].__get__


class Writing:
    """The blocks that one checkpoint writes. Nothing of the nodes changes until `adopt`. `before`: the directory of the state before, if
    leaves may be made of its leaves. `stopped`: set if it is to be given up (KeyboardInterrupt)."""

    def __init__(self, blocks: BlockFile, birth: int, compress: bool, alone: threading.Event | None = None) -> None:
        self.blocks = blocks
        self.alone = alone or threading.Event()
        self.birth = birth
        self.compress = compress
        self.before: Tree | None = None
        self.editing = leaf_edits.EDITING
        self.stopped: threading.Event | None = None
        self.allocator = Allocator(blocks.record.free, blocks.record.end)
        self.written: dict[int, Child] = {}  # id of a node → where it was written
        self.nodes: list[Any] = []  # with blocks of their own
        self.edited: list[Any] = []  # leaves that are edits of a block that was there
        self._packer = msgpack.Packer(use_bin_type=True).pack
        self.frontier: set[int] = set()  # offsets of clean nodes that written ones lead to
        self._batch: list[bytes] = []
        self._batch_at = 0
        self._batch_end = 0
        self._unyielded = 0

    def state(self, root: Root) -> tuple[Pointer, list[TreeEntry]]:
        """Write the dirty nodes of a state, and its record."""
        entries = [self._tree(tree_id, tree) for tree_id, tree in sorted(root.directory.scan())]
        return self.page(pages.pack_state(root.commit_id, entries)), entries

    def _tree(self, tree_id: int, tree: Tree) -> TreeEntry:
        node = tree.node
        size = node.size
        pointer: Pointer | None = None
        edits: Edits = ()
        if size:
            before = self.before.get(tree_id) if self.before is not None else None
            # The values of a map are not part of its keys, and the keys do not tell which changed.
            base = before.node if before is not None and before.kind == tree.kind != "map" else None
            pointer, _, edits = self._node(node, base, None, is_root=True)
        return TreeEntry(tree_id, tree.kind, tree.unique_prefix, size, node.__class__ is not Branch, pointer, edits)

    def _node(self, node: Any, base: Any, low: Any, is_root: bool = False) -> Child:
        """Write a node, unless it has a block. `base`: the node that it may have been made of; `low`: a lower bound of its keys."""
        is_branch = node.__class__ is Branch
        source = None
        try:
            source = _branch_source(node) if is_branch else _leaf_source(node)
        except AttributeError:
            pass
        else:
            if source.blocks is self.blocks:
                pointer = source.pointer_of(node)
                self.frontier.add(pointer.offset)
                return Child(pointer, node.size, source.edits_of(node))
        written = self.written.get(id(node))
        if written is None:
            written = self._branch(node, base, low) if is_branch else self._leaf(node, base, is_root)
            self.written[id(node)] = written
        return written

    def _leaf(self, leaf: Leaf, base: Any, is_root: bool) -> Child:
        """Write a leaf: as edits of the block of its base, or with a page made of the one in that block, or of the entries."""
        page = None
        source = _source_in(self.blocks, base) if base.__class__ is Leaf else None
        if source is not None:
            step, before = _step(leaf, base), _content(base)
            after = leaf.keys, leaf.values
            change = None if step is not None or before is None else patching.difference(before, after)
            if self.editing and not is_root:
                pointer, edits = source.pointer_of(base), source.edits_of(base)
                room = leaf_edits.room(pointer.length, edits)
                if room > 0 and not self._is_taken(pointer):
                    piece = self._piece(after, before, step, change)
                    if piece is not None and len(piece) <= room:
                        self.frontier.add(pointer.offset)
                        self.edited.append(leaf)
                        self._breathe(EDIT_BYTES + len(piece))
                        return Child(pointer, leaf.size, (*edits, piece))
            if before is not None and patching.PATCHING and not source.edits_of(base):
                if step is not None:
                    change = patching.change_by(step[1], base.size, leaf.size)
                page = self._patched(source.pointer_of(base), before, after, change)
        pointer = self.page(pages.pack_leaf(leaf.keys, leaf.values) if page is None else page)
        self.nodes.append(leaf)
        return Child(pointer, leaf.size)

    def _is_taken(self, pointer: Pointer) -> bool:
        """Whether the state that is being written, or one before it, leads to that block (INV-C11)."""
        return pointer.offset in self.frontier

    def _piece(self, after: Content, before: Content | None, step: Any, change: Change | None) -> bytes | None:
        """The edits that make a leaf of its base, if they are known."""
        keys, values = after
        if step is None and change is None:
            return None
        if before is not None and keys is before[0]:
            places = [step >> 2 for step in reversed(step[1])] if change is None else change.come
            piece = leaf_edits.by_columns(places, before[1], values, self._packer)
            if piece is not None:
                return piece
        if change is None:
            _, steps, new_keys, new_values = step
            if TOMBSTONE in new_values:
                live = [value is not TOMBSTONE for value in new_values]
                new_keys, new_values = list(compress(new_keys, live)), list(compress(new_values, live))
            return leaf_edits.by_steps(steps[::-1], new_keys, new_values, self._packer)
        new_keys, new_values = [keys[place] for place in change.come], [values[place] for place in change.come]
        return leaf_edits.by_steps(leaf_edits.steps_of(change), new_keys, new_values, self._packer)

    def _branch(self, node: Branch, base: Any, low: Any) -> Child:
        children = node.children
        keys = node.keys
        bases = _bases(keys, children, base, low) if base.__class__ is Branch else (None,) * len(children)
        packed = list(map(self._node, children, bases, (low, *keys)))
        pointer = self.page(pages.pack_branch(keys, packed, children[0].__class__ is not Branch))
        self.nodes.append(node)
        return Child(pointer, node.size)

    def _patched(self, pointer: Pointer, before: Content, after: Content, change: Change | None) -> bytes | None:
        """The page of a leaf, made of the page of another; None if that cannot be."""
        if change is None:
            return None
        try:
            body = pages.body_of(self.blocks.read(pointer), pages.LEAF)
        except (CorruptionError, OperationalError, pages.BadPage):
            return None  # whoever reads that leaf is told; this one is in memory
        entries = patching.patched(body, before, after, change)
        return None if entries is None else pages.LEAF_KIND + entries

    def page(self, page: bytes) -> Pointer:
        """Write a page: behind the last one in one go, if it lies behind it."""
        if self.compress:
            page = pages.compressed(page)
        length = len(page)
        self._breathe(length)
        offset = self.allocator.take(length)
        self._put(offset, page, length)
        return _pointer((offset, length, self.blocks.checksum(offset, page), self.birth))

    def _breathe(self, length: int) -> None:
        """So many bytes were packed: other threads may go on, now and then."""
        self._unyielded += length
        if self._unyielded > YIELD_BYTES:
            self._unyielded = 0
            self._let_others()
            if self.stopped is not None and self.stopped.is_set():
                raise KeyboardInterrupt

    def record(self, record: Checkpoint, collected: list[tuple[int, int]]) -> Pointer:
        """Write the checkpoint record. It tells of the room that it takes itself, so that is taken first."""
        record.free, record.end = coalesced([*self.allocator.left(), *collected]), self.allocator.end
        room = -(-(len(pages.pack_checkpoint(record)) + _SLACK) // pages.UNIT) * pages.UNIT
        offset = self.allocator.take(room)
        record.free, record.end = coalesced([*self.allocator.left(), *collected]), self.allocator.end
        page = pages.pack_checkpoint(record, room)
        self._put(offset, page, len(page))
        return Pointer(offset, len(page), self.blocks.checksum(offset, page), self.birth)

    def _put(self, offset: int, page: bytes, length: int) -> None:
        if offset != self._batch_end or offset - self._batch_at > WRITE_BATCH:
            self.flush()
            self._batch_at = offset
        padding = -length % pages.UNIT
        self._batch += page, _PADDING[padding]
        self._batch_end = offset + length + padding

    def flush(self) -> None:
        """Write what was gathered."""
        if self._batch:
            self.blocks.write(self._batch_at, b"".join(self._batch))
            self._batch.clear()
            self._batch_at = self._batch_end

    def adopt(self) -> None:
        """The checkpoint is durable: what was written is clean."""
        blocks = self.blocks
        add, written = blocks.cache.add, self.written
        each = 0.0  # bytes of memory that an entry takes, as in the leaf that was weighed last
        for number, node in enumerate((*self.nodes, *self.edited)):
            if number % YIELD_NODES == 0:
                self._let_others()
            loaded = is_loaded(node)
            pointer, size, edits = written[id(node)]
            node.place, node.source = 0, BlockSource(blocks, pointer, edits)
            if node.__class__ is Leaf:
                node.step = None
            if loaded:
                if number % SAMPLED and each and node.__class__ is Leaf:
                    add(node, max(int(each * size), pointer.length))
                else:
                    weighed = weight(node, pointer.length)
                    add(node, weighed)
                    each = weighed / size if node.__class__ is Leaf else 0.0

    def _let_others(self) -> None:
        """Let other threads have the interpreter now, instead of at the end of its switch interval: commits go on beside a
        checkpoint. Nothing where none can come, for a sleep of no time costs as much as packing a small page."""
        if not self.alone.is_set() and looking.others():
            time.sleep(0)


def _source_in(blocks: BlockFile, leaf: Leaf) -> BlockSource | None:
    """The source of a leaf that has a block in that file."""
    try:
        source: BlockSource = _leaf_source(leaf)
    except AttributeError:
        return None
    return source if source.blocks is blocks else None


def _content(leaf: Leaf) -> Content | None:
    """What a leaf holds, if it is in memory."""
    try:
        return _leaf_keys(leaf), _leaf_values(leaf)
    except AttributeError:
        return None


def _step(leaf: Leaf, base: Leaf) -> Any:
    """The step by which a leaf was made of `base`, if it is known (`merge.py`)."""
    try:
        step = _leaf_step(leaf)
    except AttributeError:
        return None
    return step if step is not None and step[0] is base else None


def _bases(keys: Sequence[Any], children: Sequence[Any], base: Branch, low: Any) -> Sequence[Any]:
    """For each child of a branch, what it may have been made of: a child of the branch `base`."""
    nothing = (None,) * len(children)
    try:
        old_keys, old = _branch_keys(base), _branch_children(base)
    except AttributeError:
        return nothing
    leaves = children[0].__class__ is Leaf
    if leaves is not (old[0].__class__ is Leaf):
        return nothing if leaves else (base,) * len(children)  # the tree has grown by a level
    if len(old) == len(children) and old_keys == keys:
        return old
    return [old[0 if key is None else bisect_right(old_keys, key)] for key in (low, *keys)]
