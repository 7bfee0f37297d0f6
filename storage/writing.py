"""Writing the nodes of a state into the block file: which need a block, where it goes, and of what its page is made.

A node without a source in this file is *dirty*; all that it shares with states before has blocks already. Dirty nodes are
written children before parents, for a branch's page holds the pointers of its children. Nothing of the nodes changes until
`adopt`, when the checkpoint is durable.

The leaf of before
    A leaf that changed a little has most of its entries in common with the one that it was made of, and that one is in the file.
    So it needs no block: what changed is written beside the pointer in the branch (`leaf_edits.py`). If a
    merge made the leaf it has packed that already (`merge.py`); else the two are compared here. Where edits have grown too long the
    leaf gets a page, and editing the one of before (`patching.py`) is quicker than making one anew, unless that has edits.

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
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from aerodb_dbapi.storage import leaf_edits, pages, patching
from aerodb_dbapi.storage.blocks import Allocator, BlockFile, BlockSource, ChildrenSource, coalesced
from aerodb_dbapi.storage.cache import weight
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.leaf_edits import Content, Edits
from aerodb_dbapi.storage.looking import looking
from aerodb_dbapi.storage.nodes import Branch, Leaf, is_loaded
from aerodb_dbapi.storage.pages import Checkpoint, Child, Pointer, TreeEntry
from aerodb_dbapi.storage.patching import Change
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.tree import Tree

WRITE_BATCH: Final = 1 << 20
YIELD_BYTES: Final = 1 << 14  # of pages, packed between two moments at which other threads may go on
FEW: Final = 4  # up to so many dirty children of a branch get sources of their own
SAMPLED: Final = 8  # of so many leaves that follow one another one is weighed
EDIT_BYTES: Final = 256  # what it costs to find the edits of a leaf, as bytes that are packed
_SLACK: Final = 64  # by how much the record may grow when room for the record itself is taken from its free list
_PADDING: Final = [bytes(size) for size in range(pages.UNIT)]

_pointer: Final[Any] = partial(tuple.__new__, Pointer)  # as in `pages.py`
_child: Final[Any] = partial(tuple.__new__, Child)
# What stands in a node; nothing is loaded. AttributeError: it is not there.
_leaf_source: Final[Any] = Leaf.__dict__["source"].__get__
_leaf_step: Final[Any] = Leaf.__dict__["step"].__get__
_branch_source: Final[Any] = Branch.__dict__["source"].__get__
_branch_keys: Final[Any] = Branch.__dict__["keys"].__get__
_branch_children: Final[Any] = Branch.__dict__["children"].__get__
_leaf_keys: Final[Any] = Leaf.__dict__["keys"].__get__
_leaf_values: Final[Any] = Leaf.__dict__["values"].__get__


class Below(NamedTuple):
    """Nodes beside one another, children of a branch, where they were written, and the places of those that are dirty."""

    nodes: Sequence[Any]
    written: Sequence[Child]
    dirty: list[int]


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
        self.below: list[Below] = []
        self.foreign: list[Any] = []  # nodes that have a block in another file
        self._packer = leaf_edits.packer()
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
            (written,), dirty = self._nodes((node,), (base,), (None,), is_root=True)
            if dirty:
                self.below.append(Below((node,), (written,), dirty))
            pointer, _, edits = written
        return TreeEntry(tree_id, tree.kind, tree.unique_prefix, size, node.__class__ is not Branch, pointer, edits)

    def _nodes(
        self, nodes: Sequence[Any], bases: Sequence[Any], lows: Sequence[Any], is_root: bool = False
    ) -> tuple[list[Child], list[int]]:
        """Write nodes of one level, unless they have blocks: where they are, and the places of those that were dirty. `bases`: the nodes
        that they may have been made of; `lows`: lower bounds of their keys."""
        blocks, written, frontier = self.blocks, self.written, self.frontier
        leaves = nodes[0].__class__ is Leaf
        source_of = _leaf_source if leaves else _branch_source
        found: list[Child] = []
        dirty: list[int] = []
        for place, node in enumerate(nodes):
            try:
                source = source_of(node)
            except AttributeError:
                source = None
            else:
                if source.blocks is blocks:
                    pointer = source.pointer_of(node)
                    frontier.add(pointer.offset)
                    found.append(_child((pointer, node.size, source.edits_of(node))))
                    continue
            child = written.get(id(node))
            if child is None:
                base = bases[place] if source is None else None  # the place of one with a source may not change
                child = self._leaf(node, base, is_root) if leaves else self._branch(node, base, lows[place])
                written[id(node)] = child
                if source is None:
                    dirty.append(place)
                else:
                    self.foreign.append(node)
            found.append(child)
        return found, dirty

    def _leaf(self, leaf: Leaf, base: Any, is_root: bool) -> Child:
        """Write a leaf: as edits of the block of its base, or with a page made of the one in that block, or of the entries."""
        page = None
        source = _source_in(self.blocks, base) if base.__class__ is Leaf else None
        if source is not None:
            pointer, edits = source.pointer_of(base), source.edits_of(base)
            steps, piece = _step(leaf, base)
            room = 0
            if self.editing and not is_root and not self._is_taken(pointer):
                room = leaf_edits.room(pointer.length, edits)
            change = None
            if steps is None:
                before, after = _content(base), (leaf.keys, leaf.values)
                if before is not None:
                    change = patching.difference(before, after)
                    if room > 0 and change is not None:
                        piece = self._piece(after, before, change)
            if piece is not None and len(piece) <= room:
                self.frontier.add(pointer.offset)
                self._breathe(EDIT_BYTES + len(piece))
                return _child((pointer, leaf.size, (*edits, piece)))
            if patching.PATCHING and not edits:
                page = self._patched(pointer, base, leaf, steps, change)
        pointer = self.page(pages.pack_leaf(leaf.keys, leaf.values) if page is None else page)
        self.nodes.append(leaf)
        return Child(pointer, leaf.size)

    def _is_taken(self, pointer: Pointer) -> bool:
        """Whether the state that is being written, or one before it, leads to that block (INV-C11)."""
        return pointer.offset in self.frontier

    def _piece(self, after: Content, before: Content, change: Change) -> bytes:
        """The edits that a change of a leaf consists of."""
        keys, values = after
        if keys is before[0]:
            piece = leaf_edits.by_columns(change.come, before[1], values, self._packer)
            if piece is not None:
                return piece
        new_keys, new_values = [keys[place] for place in change.come], [values[place] for place in change.come]
        return leaf_edits.by_steps(patching.steps_of(change), new_keys, new_values, self._packer)

    def _branch(self, node: Branch, base: Any, low: Any) -> Child:
        children = node.children
        keys = node.keys
        bases = _bases(keys, children, base, low) if base.__class__ is Branch else (None,) * len(children)
        written, dirty = self._nodes(children, bases, (low, *keys))
        if dirty:
            self.below.append(Below(children, written, dirty))
        pointer = self.page(pages.pack_branch(keys, written, children[0].__class__ is not Branch))
        self.nodes.append(node)
        return Child(pointer, node.size)

    def _patched(self, pointer: Pointer, base: Leaf, leaf: Leaf, steps: Any, change: Change | None) -> bytes | None:
        """The page of a leaf, made of the page of another; None if that cannot be."""
        before, after = _content(base), (leaf.keys, leaf.values)
        if steps is not None:  # then nobody has compared them
            change = patching.change_by(steps, base.size, leaf.size)
        if before is None or change is None:
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
        for nodes, written, dirty in self.below:
            self._let_others()
            if len(dirty) > FEW:
                source = ChildrenSource(blocks, pages.pointers(written), _edits_of(written, dirty))
                for place in dirty:
                    node = nodes[place]
                    node.place = place  # which counts from when it has the source
                    node.source = source
            else:
                for place in dirty:
                    node, (pointer, _, edits) = nodes[place], written[place]
                    node.place = 0
                    node.source = BlockSource(blocks, pointer, edits)
            self._add([nodes[place] for place in dirty], [written[place].pointer for place in dirty])
        for node in self.foreign:  # without edits, for it had no base: its place does not count
            loaded, pointer = is_loaded(node), self.written[id(node)].pointer
            node.source = BlockSource(blocks, pointer)
            if loaded:
                blocks.cache.add(node, weight(node, pointer.length))

    def _add(self, nodes: list[Any], pointers: list[Pointer]) -> None:
        """Tell the cache of nodes that are clean now."""
        weights = []
        each = 0.0  # bytes of memory that an entry takes, as in the leaf that was weighed last
        leaves = nodes[0].__class__ is Leaf
        for number, (node, pointer) in enumerate(zip(nodes, pointers)):
            if number % SAMPLED and leaves:
                weights.append(max(int(each * node.size), pointer.length))
            else:
                weights.append(weight(node, pointer.length))
                each = weights[-1] / node.size if leaves else 0.0
        if leaves:
            for node in nodes:
                node.step = None
        self.blocks.cache.add_all(nodes, weights)

    def _let_others(self) -> None:
        """Let other threads have the interpreter now, instead of at the end of its switch interval: commits go on beside a
        checkpoint. Nothing where none can come, for a sleep of no time costs as much as packing a small page."""
        if not self.alone.is_set() and looking.others():
            time.sleep(0)


def _edits_of(written: Sequence[Child], places: Iterable[int]) -> dict[int, Edits]:
    """The edits of leaves that have some, by place."""
    return {place: written[place].edits for place in places if written[place].edits}


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


def _step(leaf: Leaf, base: Leaf) -> tuple[Any, bytes | None]:
    """The steps by which a leaf was made of `base`, and their piece, as far as they are known (`merge.py`)."""
    try:
        made_of, steps, piece = _leaf_step(leaf)
    except (AttributeError, TypeError):  # never made by a merge, or forgotten
        return None, None
    return (steps, piece) if made_of is base else (None, None)


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
