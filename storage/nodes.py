"""The nodes of a persistent B+tree: what they hold, how many entries, and how entries are cut into them.

Nodes
    `Leaf(keys, values)`           two parallel tuples, keys strictly ascending
    `Branch(keys, children, size)` n children, n-1 separators; child i holds keys k with keys[i-1] <= k < keys[i];
                                   `size` counts the entries below
    A node never changes once it is part of a `Tree` (INV-D1). All leaves are at one depth; only the root may be an
    empty leaf (INV-D2). Separators are lower bounds, not necessarily present keys: a delete need not touch them. Nodes
    hold tuples, not lists, because the cyclic garbage collector stops looking at tuples of plain values.

Loading at first touch (INV-E3)
    A node may be *unloaded*: its slots are unset and are filled by `source.load(node)` at the first touch, by
    `__getattr__`, which Python calls only for an attribute that is missing. Loaded nodes pay little for it: CPython does not
    specialise the reading of their attributes, so what every statement asks for stands elsewhere (`dense.py`). Two threads
    may load one node at the same time: both get the same content. A node that has a `source` may be unloaded again at
    any moment, also between the reading of its keys and of its values: it will load the same. `size` is always there.
    A node without a source is *dirty*: no block of a file holds it yet (`checkpoint.py` gives it one). A dirty leaf may know the
    `step` by which it was made of a clean one (`merge.py`), which saves a checkpoint from comparing the two.

Cutting
    `cut` makes leaves of entries, `group` branches of nodes, `top` a root of nodes; each gives nodes with their lowest
    keys side by side, for those become the separators of the level above. Pieces are *full* where a tree grows at its
    right end (rowids do) and of even size elsewhere, so that both halves have room. Leaves of an index that is made of many keys
    at once are nearly full (`filled`): the next keys come anywhere, and a leaf without room for one would be cut in two.

Example (capacities of 4): cut of the keys 1…9, full → Leaf 1-4, Leaf 5-8, Leaf 9; lows 1, 5, 9; group → Branch((5, 9),
…, 9).

Not done here: searching and editing (`tree.py`, `merge.py`), pages on disk.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import repeat
from operator import attrgetter
from typing import Any, Final, Protocol

LEAF_CAPACITY = 256
FANOUT = 96
GC_PAUSE_EDITS = 512

Keys = tuple[Any, ...]
Values = tuple[Any, ...]


_new: Final[Any] = object.__new__
_paused = False  # whether `paused_gc` has the collector off


class Source(Protocol):
    """Where the content of a node comes from; of a node, or of all children of a branch, which know their `place` in it."""

    def load(self, node: Any) -> tuple[Any, Any]:
        """Fill the node's slots; keys and values of a leaf, separators and children of a branch, which the slots may have
        lost again when this returns."""

    def head(self, node: Any, stop: int) -> tuple[Any, Any] | None:
        """Keys and values of a leaf up to that place, if they can be had alone."""

    def begin(self, node: Any, stop: int) -> tuple[Any, Any] | None:
        """The same of the first leaf below a branch, of which nothing is kept."""

    def row(self, node: Any, key: int) -> Any:
        """The row of a rowid in a leaf, None if there is none; the slots may be left as they are."""


class Leaf:
    """Entries: parallel tuples of keys and values. `step`: see `merge.py`."""

    __slots__ = ("keys", "place", "size", "source", "step", "values")
    dense = None  # see `dense.py`: a leaf is found by its branch
    keys: Keys
    values: Values
    size: int
    source: Source
    place: int
    step: Any

    def __init__(self, keys: Keys, values: Values) -> None:
        self.keys = keys
        self.values = values
        self.size = len(keys)

    @classmethod
    def unloaded(cls, size: int, source: Source) -> Leaf:
        """A leaf of known size whose keys and values `source` gives at the first touch."""
        leaf: Leaf = _new(cls)
        leaf.size = size
        leaf.source = source
        leaf.place = 0
        return leaf

    def __getattr__(self, name: str) -> Any:
        if name not in ("keys", "values"):
            raise AttributeError(name)
        keys, values = self.source.load(self)
        return keys if name == "keys" else values


class Branch:
    """Children, the separators between them, and the number of entries below.

    `dense` and `heat` belong to `dense.py`: what a branch remembers of its own content for fast look-ups.
    """

    __slots__ = ("__weakref__", "children", "dense", "heat", "keys", "place", "size", "source")
    dense: Any
    heat: int
    keys: Keys
    children: tuple[Any, ...]
    size: int
    source: Source
    place: int

    def __init__(self, keys: Keys, children: tuple[Any, ...], size: int) -> None:
        self.keys = keys
        self.children = children
        self.size = size
        self.dense = None
        self.heat = 0

    @classmethod
    def unloaded(cls, size: int, source: Source) -> Branch:
        """A branch of known size whose separators and children `source` gives at the first touch."""
        branch: Branch = _new(cls)
        branch.size = size
        branch.source = source
        branch.place = 0
        branch.dense = None
        branch.heat = 0
        return branch

    def __getattr__(self, name: str) -> Any:
        if name not in ("keys", "children"):
            raise AttributeError(name)
        keys, children = self.source.load(self)
        return keys if name == "keys" else children


Node = Leaf | Branch


def siblings(sizes: Sequence[int], source: Source, leaves: bool) -> tuple[Node, ...]:
    """As `unloaded`, for all children of a branch: there may be a hundred, of which one is read."""
    nodes = tuple(map(_new, repeat(Leaf if leaves else Branch, len(sizes))))
    for place, (node, size) in enumerate(zip(nodes, sizes)):
        node.size = size
        node.source = source
        node.place = place
    if not leaves:
        for node in nodes:
            node.dense = None
            node.heat = 0
    return nodes


EMPTY: Final = Leaf((), ())
_size = attrgetter("size")


def is_loaded(node: Any) -> bool:
    """Whether the content of a node is in memory; asking does not load it."""
    try:
        object.__getattribute__(node, "keys")
        object.__getattribute__(node, "children" if node.__class__ is Branch else "values")
    except AttributeError:
        return False
    return True


def unload(node: Any) -> None:
    """Forget the content of a node that has a source. Whoever took the content before keeps it."""
    for name in ("keys", "children" if node.__class__ is Branch else "values"):
        with suppress(AttributeError):  # another thread was first, or it is not loaded
            delattr(node, name)


@contextmanager
def capacities(leaf: int, fanout: int) -> Iterator[None]:
    """Other capacities for a while: tests build deep trees out of few entries."""
    global LEAF_CAPACITY, FANOUT
    before = LEAF_CAPACITY, FANOUT
    LEAF_CAPACITY, FANOUT = leaf, fanout
    try:
        yield
    finally:
        LEAF_CAPACITY, FANOUT = before


@contextmanager
def paused_gc(edits: int = GC_PAUSE_EDITS) -> Iterator[None]:
    """Switch the cyclic garbage collector off for a bulk edit, and restore it; nothing for small ones.

    What was made meanwhile would be looked through at once when the collector goes on, which costs as much as the edit.
    Rows and keys are no garbage, so they are handed to the oldest generation instead, without a look: `freeze` and
    `unfreeze` move whole lists. Not if the program has frozen objects itself, for these would be unfrozen. A child of
    `os.fork` has not the thread that would switch it on again, and does so itself."""
    global _paused
    if edits < GC_PAUSE_EDITS or not gc.isenabled():
        yield
        return
    gc.disable()
    _paused = True
    try:
        yield
    finally:
        _paused = False
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def _resume_in_child() -> None:
    """The thread that has paused the collector stayed with the parent."""
    global _paused
    if _paused:
        _paused = False
        gc.enable()


os.register_at_fork(after_in_child=_resume_in_child)


# --- Cutting and grouping ---------------------------------------------------------------------------------------------


def slices(count: int, capacity: int, full: bool) -> Iterator[slice]:
    """Cut `count` items into as few pieces as `capacity` allows: filled from the left, or of even size."""
    step = capacity
    if not full:
        pieces = -(-count // capacity)
        step = -(-count // pieces)
    return (slice(i, i + step) for i in range(0, count, step))


def filled(kind: str) -> int:
    """How many entries of many go into one leaf of a tree of that kind."""
    return LEAF_CAPACITY - LEAF_CAPACITY // 16 if kind == "index" else LEAF_CAPACITY


def cut(keys: Keys, values: Values, full: bool, capacity: int = 0) -> tuple[list[Node], list[Any]]:
    """Leaves over the entries, and their lowest keys. `capacity`: of these leaves, if it is not that of any."""
    if len(keys) <= LEAF_CAPACITY:
        return [Leaf(keys, values)], [keys[0]]
    leaves: list[Node] = [Leaf(keys[s], values[s]) for s in slices(len(keys), capacity or LEAF_CAPACITY, full)]
    return leaves, [leaf.keys[0] for leaf in leaves]


def branch(nodes: Sequence[Node], lows: Sequence[Any]) -> Branch:
    """One branch over nodes of one level."""
    return Branch(tuple(lows[1:]), tuple(nodes), sum(map(_size, nodes)))


def group(nodes: list[Node], lows: list[Any], full: bool) -> tuple[list[Node], list[Any]]:
    """Branches over the nodes, and their lowest keys; no node, no branch."""
    if len(nodes) <= FANOUT:
        return ([branch(nodes, lows)], lows[:1]) if nodes else ([], [])
    pieces = list(slices(len(nodes), FANOUT, full))
    return [branch(nodes[s], lows[s]) for s in pieces], [lows[s.start] for s in pieces]


def top(nodes: list[Node], lows: list[Any], full: bool) -> Node:
    """The root over nodes of one level: grows levels while there are several, drops levels that have one child."""
    if not nodes:
        return EMPTY
    while len(nodes) > 1:
        nodes, lows = group(nodes, lows, full)
    node = nodes[0]
    while node.__class__ is Branch and len(node.children) == 1:
        node = node.children[0]
    return node


def width(node: Any) -> int:
    """Entries of a leaf, children of a branch."""
    return len(node.children) if node.__class__ is Branch else node.size


def height(node: Any) -> int:
    """The number of levels of branches above the leaves."""
    levels = 0
    while node.__class__ is Branch:
        node = node.children[0]
        levels += 1
    return levels
