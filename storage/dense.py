"""Dense tables: a row's place by arithmetic, where rowids leave no gap.

Most tables get their rowids one after the other, in full leaves. Below a branch of such a table, row `k` is entry
``(k - first) % 256`` of leaf ``(k - first) // 256``: no search, and no key is touched, which spares the cache misses that
a look-up in a large table consists of. `Dense` has the tuple of the leaves' value tuples, the first rowid, and how many
rows there are. A branch that has the shape remembers it in `Branch.dense`, else that is None; a tree remembers its root's in
`Tree.dense`, else that is `SPARSE`, which holds no rowid. Compiled look-ups ask the tree alone: three attributes, of classes
without `__getattr__`, and in its absence `point`.

When it is made
    Looking through the leaves costs as much as some look-ups, and is in vain after the next edit, for that makes new
    branches on its path (the others keep what they have). So a branch counts the look-ups that pass through it, in
    `heat`, and is examined once, when they are `PATIENCE` more than half as many as its leaves: transactions that read a row
    or two and write them make a new branch each time. A table without the shape is found out at its first gap.

Example: 1,000 rows with rowids 1…1000: ``rows`` has 4 elements, ``first`` is 1; row 700 is ``rows[699 >> 8][699 & 255]``.

Invariant: INV-D1, for what a branch remembers is a function of its content, which never changes. Several threads may
make it at once; each makes the same.

Nodes that are not in memory are not loaded for this, and `rows` would keep unloaded ones there: whoever unloads leaves
calls `forget`, which empties every `Dense` (`cache.py`). A reader takes `rows` before it looks at `size`, and `forget` sets
`size` to 0 before it takes `rows` away; an emptied one is never filled again. So whoever finds his row within `size` has the rows.

A look-up in a leaf that is not in memory need not load it either: its source reads the row alone (`blocks.py`).

Not done here: sparse rowids, index keys.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Final, Protocol
from weakref import WeakSet

from aerodb_dbapi.storage.nodes import Branch, Leaf, Node, Values, is_loaded

WIDTH: Final = 256  # entries of a full leaf; a tree with other capacities has no dense branches
SHIFT: Final = 8
LOW: Final = WIDTH - 1
EXAMINED: Final = -(1 << 62)
PATIENCE: Final = 8

# What stands in a leaf; nothing is loaded. AttributeError: it is not there.
_keys: Final[Any] = Leaf.__dict__["keys"].__get__
_values: Final[Any] = Leaf.__dict__["values"].__get__

_remembering: WeakSet[Branch] = WeakSet()  # the branches that have `dense`


class Dense:
    """The rows of `size` consecutive rowids from `first`: tuples of `WIDTH`, the last one perhaps shorter."""

    __slots__ = ("first", "rows", "size")

    def __init__(self, rows: tuple[Values, ...], first: int, size: int) -> None:
        self.rows = rows
        self.first = first
        self.size = size


SPARSE: Final = Dense((), 0, 0)


class Rooted(Protocol):
    """A tree."""

    node: Any
    dense: Dense


def point(tree: Rooted, key: int) -> Any:
    """The row of a rowid that the tree's `dense` does not hold; None if there is none."""
    node = tree.node
    while node.__class__ is Branch:
        dense = node.dense
        if dense is not None:
            if node is tree.node:
                tree.dense = dense
            rows = dense.rows
            i = key - dense.first
            size = dense.size
            if 0 <= i < size:
                return rows[i >> SHIFT][i & LOW]
            if size:
                return None
        warm(node, 1)
        node = node.children[bisect_right(node.keys, key)]
    try:
        keys, values = _keys(node), _values(node)
    except AttributeError:
        return node.source.row(node, key)  # not in memory
    i = bisect_left(keys, key)
    return values[i] if i < len(keys) and keys[i] == key else None


def fetch(node: Node, rowids: Sequence[int]) -> list[Any]:
    """The rows of rowids that are known to exist, in the order given."""
    if node.__class__ is Branch and node.dense is None and len(rowids) > 1:
        warm(node, len(rowids))
    dense = node.dense
    if dense is not None:
        rows, first = dense.rows, dense.first
        if dense.size:
            return [rows[(i := rowid - first) >> SHIFT][i & LOW] for rowid in rowids]
    return _fetch_sparse(node, rowids)


def _fetch_sparse(root: Node, rowids: Sequence[int]) -> list[Any]:
    """`fetch` by searching; neighbours in one leaf are found without a new descent."""
    found: list[Any] = []
    low, high = 0, -1
    keys: Any = ()
    values: Any = ()
    for rowid in rowids:
        if not low <= rowid <= high:
            node: Any = root
            while node.__class__ is Branch:
                node = node.children[bisect_right(node.keys, rowid)]
            keys, values = node.keys, node.values
            low, high = keys[0], keys[-1]
        found.append(values[bisect_left(keys, rowid)])
    return found


def warm(branch: Branch, times: int) -> None:
    """Count look-ups; at the threshold, see whether the branch is dense."""
    heat = branch.heat = branch.heat + times
    if heat > PATIENCE + (branch.size >> (SHIFT + 1)):
        branch.heat = EXAMINED
        leaves = _dense_leaves(branch)
        if leaves is not None:
            _remembering.add(branch)
            branch.dense = Dense(tuple([leaf.values for leaf in leaves]), leaves[0].keys[0], branch.size)


def forget() -> None:
    """Empty every `Dense`: they keep leaves in memory that were unloaded. Branches in use find out anew."""
    for branch in list(_remembering):
        dense, branch.dense = branch.dense, None
        branch.heat = 0
        if dense is not None:
            dense.size = 0
            dense.rows = ()
    _remembering.clear()


def _dense_leaves(branch: Branch) -> list[Leaf] | None:
    """The leaves below, if their keys are consecutive integers and all leaves but the last are full."""
    leaves: list[Leaf] = []
    wanted: int | None = None
    waiting: list[Any] = [branch]
    while waiting:
        node = waiting.pop()
        if not is_loaded(node):
            return None
        if node.__class__ is Branch:
            waiting.extend(reversed(node.children))
            continue
        keys = node.keys
        if wanted is not None and (keys[0] != wanted or len(leaves[-1].keys) != WIDTH):
            return None
        if keys[0].__class__ is not int or keys[-1] - keys[0] != len(keys) - 1:
            return None
        wanted = keys[-1] + 1
        leaves.append(node)
    return leaves
