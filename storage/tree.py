"""The persistent (copy-on-write) B+tree: every table, every index, the catalog and the tree of trees.

A `Tree` is an immutable ordered map over `nodes.py`'s leaves and branches. An edit makes new nodes on its path,
shares all others, and returns another `Tree`; the old one still answers as before (INV-D1). `structure.check` tests
INV-D2.

Kinds
    'table'  int rowid → row tuple. Rowids are mostly dense, so `get` first computes the place (`dense.py`).
    'index'  flattened key tuple (rank, value, …, rowid) → rowid (the last element of the key). `unique_prefix` leading
             elements are unique in a unique index, 0 otherwise. An entry put over an equal key also replaces the key
             object, for 1 and 1.0 are equal and not the same.
    'map'    any comparable keys (the META tree has strings).

Prefix ranges of an index: lower = the prefix tuple, upper = ``(*prefix, inf)``; after a prefix comes a number, rank
or rowid.

Editing
    `put` and `delete` copy one path; puts at the right end keep the last leaf short. `merge`, `merge_sorted` and
    `update` apply many edits and touch each node once (`merge.py`). `append` adds full leaves at the right end by
    slicing. Large edits run with the cyclic garbage collector paused: they make no garbage cycles, and counting their
    allocations is what costs.

Example (capacities of 4)
    build(1…9) → Branch((5, 9), (Leaf 1-4, Leaf 5-8, Leaf 9), 9).  put(6, 'x') copies Leaf 5-8 and the Branch; Leaf
    1-4 and Leaf 9 are shared with the old tree.

Nodes are reached only through their attributes, which may load them at first touch (INV-E3).
Not done here: uniqueness and key making (`indexes/`), pending writes (`transaction.py`), pages on disk.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, starmap
from operator import attrgetter
from typing import Any, Final, Literal

from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage.dense import LOW, SHIFT, SPARSE, Dense, fetch, point
from aerodb_dbapi.storage.merge import Merge
from aerodb_dbapi.storage.nodes import EMPTY, Branch, Leaf, Node, cut, group, is_loaded, paused_gc, top
from aerodb_dbapi.storage.sentinels import MISSING, TOMBSTONE
from aerodb_dbapi.storage.structure import check, difference

__all__ = ["MISSING", "TOMBSTONE", "Branch", "IndexTree", "Kind", "Leaf", "TableTree", "Tree", "check", "difference"]

Kind = Literal["table", "index", "map"]

HEAD: Final = 16  # rows with which a scan of a table begins, if they are not in memory
_entries = attrgetter("keys", "values")
_keys: Final[Any] = Leaf.__dict__["keys"].__get__  # what is in memory; nothing is loaded
_values: Final[Any] = Leaf.__dict__["values"].__get__
_children = attrgetter("children")
_size = attrgetter("size")


def _from_first(leaves: Iterator[Leaf]) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    """Keys and values of leaves; the first leaf in two parts, if it is not in memory."""
    first = next(leaves, None)
    if first is None:
        return iter(())
    try:
        content = _keys(first), _values(first)
    except AttributeError:
        return chain(_begun(first), map(_entries, leaves))
    return chain((content,), map(_entries, leaves))


def _from_start(tree: Tree) -> Iterator[Iterable[tuple[Sequence[Any], Sequence[Any]]]]:
    """The same in parts, for a tree whose root is a branch that is not in memory: the branches are loaded when the rows with which
    the scan begins have been used up."""
    head = tree.node.source.begin(tree.node, HEAD)
    if head is None:
        yield _from_first(tree.leaves())
        return
    yield (head,)
    leaves = tree.leaves()
    first = next(leaves)
    yield ((first.keys[HEAD:], first.values[HEAD:]),)
    yield map(_entries, leaves)


def _begun(leaf: Leaf) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    head = leaf.source.head(leaf, HEAD)
    if head is None:
        yield leaf.keys, leaf.values
        return
    yield head
    yield leaf.keys[HEAD:], leaf.values[HEAD:]


class Tree:
    """An immutable ordered map; `kind` is that of its class. Every edit returns another tree."""

    __slots__ = ("dense", "node", "unique_prefix")
    kind: Kind = "map"
    rekey = True
    dense: Dense
    node: Any
    unique_prefix: int

    def __init__(self, node: Node = EMPTY, unique_prefix: int = 0) -> None:
        self.dense = SPARSE
        self.node = node
        self.unique_prefix = unique_prefix

    @staticmethod
    def build(
        keys: Sequence[Any] = (), values: Sequence[Any] = (), kind: Kind = "table", unique_prefix: int = 0
    ) -> Tree:
        """A tree over entries that ascend strictly, with as many of them in a leaf as `nodes.filled` says."""
        return _CLASSES[kind](EMPTY, unique_prefix).append(keys, values)

    @staticmethod
    def of(node: Node, kind: Kind, unique_prefix: int) -> Tree:
        """The tree of that kind over a node."""
        return _CLASSES[kind](node, unique_prefix)

    def __len__(self) -> int:
        return self.node.size

    def __bool__(self) -> bool:
        return self.node.size > 0

    def __repr__(self) -> str:
        return f"<Tree {self.kind} of {len(self)}>"

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key."""
        node = self.node
        while type(node) is Branch:
            node = node.children[bisect_right(node.keys, key)]
        keys = node.keys
        i = bisect_left(keys, key)
        if i < len(keys) and keys[i] == key:
            return node.values[i]
        return default

    def first(self) -> tuple[Any, Any] | None:
        """The entry with the lowest key."""
        node = self.node
        while type(node) is Branch:
            node = node.children[0]
        return (node.keys[0], node.values[0]) if node.keys else None

    def last(self) -> tuple[Any, Any] | None:
        """The entry with the highest key."""
        node = self.node
        while type(node) is Branch:
            node = node.children[-1]
        return (node.keys[-1], node.values[-1]) if node.keys else None

    def lower_bound(self, key: Any) -> tuple[Any, Any] | None:
        """The first entry whose key is at least `key` (for a prefix of a tuple key: the first entry that has it, or
        later)."""
        node = self.node
        following = None
        while type(node) is Branch:
            i = bisect_right(node.keys, key)
            if i < len(node.keys):
                following = node.children[i + 1]
            node = node.children[i]
        i = bisect_left(node.keys, key)
        if i == len(node.keys):
            if following is None:
                return None
            node, i = following, 0
            while type(node) is Branch:
                node = node.children[0]
        return node.keys[i], node.values[i]

    def values_between(self, lower: Any, upper: Any) -> Sequence[Any]:
        """The values of keys in lower <= key < upper: an index probe without an iterator where one leaf holds them
        all."""
        node = self.node
        while type(node) is Branch:
            node = node.children[bisect_right(node.keys, lower)]
        keys = node.keys
        i = bisect_left(keys, lower)
        j = bisect_left(keys, upper, i)
        if j < len(keys) or node is self.node:
            return node.values[i:j]
        return [v for _, values in self.batches(lower, False, upper, True) for v in values]

    def leaves(self) -> Iterator[Leaf]:
        """All leaves, left to right."""
        node = self.node
        if type(node) is Leaf:
            return iter((node,) if node.keys else ())
        level: Any = node.children
        node = level[0]
        while type(node) is Branch:
            level = chain.from_iterable(map(_children, level))
            node = node.children[0]
        return iter(level)

    def batches(
        self,
        lower: Any = None,
        lower_open: bool = False,
        upper: Any = None,
        upper_open: bool = False,
        reverse: bool = False,
    ) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        """(keys, values) leaf by leaf, the ends cut to the bounds; whole leaves come as the leaf's own tuples.
        `reverse` gives the batches from the right, each in descending order. No batch is empty. None is an absent
        bound. Of a table's first leaf that is not in memory the first rows come before the others are read."""
        if reverse:
            return self._backward(lower, lower_open, upper, upper_open)
        if lower is None and upper is None:
            if self.kind != "table":
                return map(_entries, self.leaves())
            if type(self.node) is Branch and not is_loaded(self.node):
                return chain.from_iterable(_from_start(self))
            return _from_first(self.leaves())
        return self._forward(lower, lower_open, upper, upper_open)

    def columns(self, wanted: Sequence[int]) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        """The batches of all rows, for a reader who looks at the columns `wanted` (ascending) alone: in leaves that are not in
        memory the others may be None, and if there are none wanted, rows may be missing altogether."""
        return map(partial(_columns, wanted), self.leaves())

    def scan(
        self,
        lower: Any = None,
        lower_open: bool = False,
        upper: Any = None,
        upper_open: bool = False,
        reverse: bool = False,
    ) -> Iterator[tuple[Any, Any]]:
        """(key, value) in key order; bounds as in `batches`."""
        return chain.from_iterable(starmap(zip, self.batches(lower, lower_open, upper, upper_open, reverse)))

    def _forward(
        self, lower: Any, lower_open: bool, upper: Any, upper_open: bool
    ) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        node = self.node
        rest: list[Iterator[Any]] = []  # per level, the children still to come
        while type(node) is Branch:
            i = 0 if lower is None else bisect_right(node.keys, lower)
            rest.append(iter(node.children[i + 1 :]))
            node = node.children[i]
        start = 0 if lower is None else (bisect_right if lower_open else bisect_left)(node.keys, lower)
        bisect_upper = bisect_left if upper_open else bisect_right
        while node is not None:
            keys = node.keys
            stop = len(keys) if upper is None or not keys or keys[-1] < upper else bisect_upper(keys, upper, start)
            if start == 0 and stop == len(keys):
                if keys:
                    yield keys, node.values
            else:
                if start < stop:
                    yield keys[start:stop], node.values[start:stop]
                if stop < len(keys):
                    return
            start = 0
            node = _next_leaf(rest, 0)

    def _backward(
        self, lower: Any, lower_open: bool, upper: Any, upper_open: bool
    ) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        node = self.node
        rest: list[Iterator[Any]] = []
        while type(node) is Branch:
            i = len(node.keys) if upper is None else bisect_right(node.keys, upper)
            rest.append(iter(node.children[:i][::-1]))
            node = node.children[i]
        keys = node.keys
        stop = len(keys) if upper is None else (bisect_left if upper_open else bisect_right)(keys, upper)
        bisect_lower = bisect_right if lower_open else bisect_left
        while node is not None:
            keys = node.keys
            start = 0 if lower is None or not keys or keys[0] > lower else bisect_lower(keys, lower, 0, stop)
            if start < stop:
                yield keys[start:stop][::-1], node.values[start:stop][::-1]
            if start > 0:
                return
            node = _next_leaf(rest, -1)
            if node is not None:
                stop = len(node.keys)

    def fetched(self, batches: Iterable[Sequence[int]], reverse: bool) -> Iterator[tuple[Sequence[int], Sequence[Any]]]:
        """(rowids, rows) for batches of rowids that are known to exist. `reverse`: they descend, else they ascend or come in the order
        of an index; of use to those who watch."""
        return ((rowids, fetch(self.node, rowids)) for rowids in batches)

    def count(self, lower: Any = None, lower_open: bool = False, upper: Any = None, upper_open: bool = False) -> int:
        """The number of entries within bounds, from the sizes of subtrees."""
        below = 0 if lower is None else self._rank(lower, bisect_right if lower_open else bisect_left)
        within = self.node.size if upper is None else self._rank(upper, bisect_left if upper_open else bisect_right)
        return max(0, within - below)

    def _rank(self, key: Any, bisect: Callable[[Any, Any], int]) -> int:
        node = self.node
        total = 0
        while type(node) is Branch:
            i = bisect_right(node.keys, key)
            total += sum(map(_size, node.children[:i]))
            node = node.children[i]
        return total + bisect(node.keys, key)

    # --- editing -----------------------------------------------------------------------------------------------------

    def put(self, key: Any, value: Any) -> Tree:
        """The tree with one entry added or replaced."""
        path, node = self._path(key)
        keys = node.keys
        i = bisect_left(keys, key)
        if i == len(keys):
            if i * 4 >= shape.LEAF_CAPACITY and all(at == len(branch.keys) for branch, at in path):
                return self._put_last(path, node, key, value)
            if i >= shape.LEAF_CAPACITY:
                return self.merge_sorted((key,), (value,))
            return self._replaced(path, Leaf((*keys, key), (*node.values, value)), 1)
        values = list(node.values)
        if keys[i] == key:
            values[i] = value
            if self.rekey:
                keys = (*keys[:i], key, *keys[i + 1 :])
            return self._replaced(path, Leaf(keys, tuple(values)), 0)
        if len(keys) >= shape.LEAF_CAPACITY:
            return self.merge_sorted((key,), (value,))
        new_keys = list(keys)
        new_keys.insert(i, key)
        values.insert(i, value)
        return self._replaced(path, Leaf(tuple(new_keys), tuple(values)), 1)

    def delete(self, key: Any) -> Tree:
        """The tree without that key."""
        path, node = self._path(key)
        keys = node.keys
        i = bisect_left(keys, key)
        if i == len(keys) or keys[i] != key:
            return self
        if path and (len(keys) - 1) * 4 < shape.LEAF_CAPACITY:
            return self.merge_sorted((key,), (TOMBSTONE,))
        values = node.values
        return self._replaced(path, Leaf(keys[:i] + keys[i + 1 :], values[:i] + values[i + 1 :]), -1)

    def _put_last(self, path: list[tuple[Branch, int]], node: Leaf, key: Any, value: Any) -> Tree:
        """A new last entry when the last leaf has grown to a quarter: that one joins its neighbour if both fit,
        and a leaf of one entry begins. Inserts in key order thus copy short leaves, and leave full ones behind."""
        leaf = Leaf((key,), (value,))
        if not path:
            return self.__class__(Branch((key,), (node, leaf), node.size + 1), self.unique_prefix)
        branch, i = path.pop()
        children, keys = branch.children, branch.keys
        if i and children[i - 1].size + len(node.keys) <= shape.LEAF_CAPACITY:
            last = children[i - 1]
            joined = Leaf(last.keys + node.keys, last.values + node.values)
            grown = Branch((*keys[:-1], key), (*children[:-2], joined, leaf), branch.size + 1)
        elif len(children) < shape.FANOUT:
            grown = Branch((*keys, key), (*children, leaf), branch.size + 1)
        else:
            return self.append((key,), (value,))
        return self._replaced(path, grown, 1)

    def _path(self, key: Any) -> tuple[list[tuple[Branch, int]], Leaf]:
        """The branches down to the leaf where `key` belongs, each with the position taken; and that leaf."""
        node = self.node
        path = []
        while type(node) is Branch:
            i = bisect_right(node.keys, key)
            path.append((node, i))
            node = node.children[i]
        return path, node

    def _replaced(self, path: list[tuple[Branch, int]], node: Any, growth: int) -> Tree:
        """The tree with a new leaf at the end of a path."""
        for branch, i in reversed(path):
            children = list(branch.children)
            children[i] = node
            node = Branch(branch.keys, tuple(children), branch.size + growth)
        return self.__class__(node, self.unique_prefix)

    def merge(self, edits: Sequence[tuple[Any, Any]]) -> Tree:
        """The tree with edits applied: (key, value or TOMBSTONE), keys strictly ascending."""
        return self.merge_sorted([key for key, _ in edits], [value for _, value in edits])

    def merge_sorted(self, keys: Sequence[Any], values: Sequence[Any]) -> Tree:
        """As `merge`, of parallel sequences."""
        if not keys:
            return self
        if len(keys) >= shape.GC_PAUSE_EDITS:
            with paused_gc(len(keys)):
                nodes, lows = Merge(keys, values, self.rekey).node(self.node, 0, len(keys))
        else:
            nodes, lows = Merge(keys, values, self.rekey).node(self.node, 0, len(keys))
        node = top(nodes, lows, full=False)
        return self if node is self.node else self.__class__(node, self.unique_prefix)

    def update(self, writes: Mapping[Any, Any]) -> Tree:
        """The tree with unordered edits applied: key → value or TOMBSTONE."""
        if len(writes) == 1:
            ((key, value),) = writes.items()
            return self.delete(key) if value is TOMBSTONE else self.put(key, value)
        keys = sorted(writes)
        if len(keys) == 2:  # two paths are copied in fewer steps than a merge takes
            first, second = keys
            tree = self.delete(first) if (value := writes[first]) is TOMBSTONE else self.put(first, value)
            return tree.delete(second) if (value := writes[second]) is TOMBSTONE else tree.put(second, value)
        return self.merge_sorted(keys, list(map(writes.__getitem__, keys)))

    def append(self, keys: Sequence[Any], values: Sequence[Any]) -> Tree:
        """The tree with entries added beyond its last key, in as few leaves as `nodes.filled` allows. Keys ascend strictly."""
        if not keys:
            return self
        keys, values = tuple(keys), tuple(values)
        path = []
        node = self.node
        while type(node) is Branch:
            path.append(node)
            node = node.children[-1]
        with paused_gc(len(keys)):
            nodes, lows = cut(node.keys + keys, node.values + values, True, shape.filled(self.kind))
            for branch in reversed(path):
                bounds = (None, *branch.keys)
                lows[0] = bounds[-1]
                nodes, lows = group([*branch.children[:-1], *nodes], [*bounds[:-1], *lows], full=True)
            return self.__class__(top(nodes, lows, full=True), self.unique_prefix)

    def extend(self, keys: Sequence[Any], values: Sequence[Any]) -> Tree:
        """`append` where the keys lie beyond the last one, else `merge_sorted`."""
        last = self.last()
        if last is None or (keys and keys[0] > last[0]):
            return self.append(keys, values)
        return self.merge_sorted(keys, values)


class TableTree(Tree):
    """rowid → row."""

    __slots__ = ()
    kind: Kind = "table"
    rekey = False

    def get(self, key: Any, default: Any = None) -> Any:
        """The row of a rowid, which is no None: computed where rowids are dense, else sought."""
        dense = self.dense
        rows = dense.rows
        i = key - dense.first
        if 0 <= i < dense.size:
            return rows[i >> SHIFT][i & LOW]
        row = point(self, key)
        return default if row is None else row


class IndexTree(Tree):
    """Flattened key → rowid."""

    __slots__ = ()
    kind: Kind = "index"


_CLASSES: Final[dict[str, type[Tree]]] = {"table": TableTree, "index": IndexTree, "map": Tree}


def _columns(wanted: Sequence[int], leaf: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    try:
        return _keys(leaf), _values(leaf)
    except AttributeError:
        found: tuple[Sequence[Any], Sequence[Any]] = leaf.source.columns(leaf, wanted)
        return found


def _next_leaf(rest: list[Iterator[Any]], side: int) -> Any:
    """The leaf after the ones already taken, going down on `side` (0: leftmost, -1: rightmost); None at the end."""
    depth = len(rest)
    while rest:
        node = next(rest[-1], None)
        if node is None:
            rest.pop()
            continue
        while len(rest) < depth:
            children = node.children if side == 0 else node.children[::-1]
            rest.append(iter(children[1:]))
            node = children[0]
        return node
    return None
