"""What the planner learns of the data: sizes and numbers of distinct index prefixes, read off the trees themselves.

Sizes are exact: a tree knows its length. Distinct prefixes are estimated when a statement is compiled:

    1. The index is hopped from prefix to prefix. If `HOPS_MAX` hops reach the end, the count is exact.
    2. Else some leaves, evenly spaced, are looked at: with groups of g entries, n neighbours hold about 1 + n / g
       different prefixes, so distinct is about ``1 + size * (d - 1) / n`` for the mean d of the sample.

Example: 100,000 entries in groups of 10 give d = 26.6 in leaves of 256, so 10,000.

Where `sqlite_stat1` has a row for the index (ANALYZE writes it, users may edit it) what that says about values comes before an
estimate: ``10000 50 2`` is 200 different first columns, 5,000 first two. It is taken as it is, but for a row that is no
statistics at all (another class, no numbers, fewer than the columns asked for, an average beyond the whole), and for one
whose number of entries is off by more than `STALE` from the tree's: the tree is asked then. Sizes are always the trees'.
Words behind the numbers (``unordered``, ``sz=…``) are passed over.

Deterministic: the same trees give the same numbers (INV-T1), for `sqlite_stat1` is one of them. Without ANALYZE plans are made
all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, takewhile
from typing import Any, Final
from weakref import WeakKeyDictionary

from aerodb_dbapi.indexes.keys import prefix_length
from aerodb_dbapi.planner.cost import ROWS_MIN
from aerodb_dbapi.storage.catalog import Index, Schema, Table, fold
from aerodb_dbapi.storage.nodes import Branch
from aerodb_dbapi.storage.tree import Tree

HOPS_MAX: Final = 48
LEAVES_MAX: Final = 12
INF: Final = float("inf")
STATISTICS: Final = "sqlite_stat1"
STALE: Final = 8
NUMBERS_MAX: Final = 2001  # an index has no more columns


Estimates = WeakKeyDictionary[Branch, dict[int, float]]
"""Estimates by the root of a tree and the width of the prefix."""


def shared_estimates(slots: dict[Any, Any]) -> Estimates:
    """The estimates kept in a database's `plan_cache` dictionary."""
    found: Estimates = slots.setdefault("estimates", WeakKeyDictionary())
    return found


class TreeStatistics:
    """Statistics of the trees that a statement is compiled for (`planner.cost.Statistics`)."""

    def __init__(
        self, trees: Mapping[int, Tree], schema: Schema | None = None, estimates: Estimates | None = None
    ) -> None:
        self.trees = trees
        self.schema = schema
        self.estimates: Estimates = WeakKeyDictionary() if estimates is None else estimates
        self._distinct: dict[tuple[int, int], float] = {}
        self._recorded: dict[int, list[int]] = {}

    def rows(self, table: Table) -> int:
        """The number of rows of a table; of one that is gone, and read as of an earlier commit, none is known."""
        try:
            return len(self.trees[table.tree])
        except KeyError:
            return 0

    def distinct(self, index: Index, parts: int) -> float | None:
        """The number of different values of an index's first `parts` columns; None for a table too small to tell."""
        try:
            tree = self.trees[index.tree]
        except KeyError:  # gone, as above
            return None
        if index.unique and parts == len(index.columns):
            return float(len(tree))
        if len(tree) < ROWS_MIN:  # a plan outlives small beginnings
            return None
        key = (index.tree, parts)
        if key not in self._distinct:
            known = self._known(index, parts, len(tree))
            self._distinct[key] = known or self._estimate(tree, prefix_length(index.columns[:parts]))
        return self._distinct[key]

    def _estimate(self, tree: Tree, width: int) -> float:
        """The estimate for a tree, which is made once as long as the tree does not change."""
        node = tree.node
        if node.__class__ is not Branch:
            return estimate(tree, width)
        known = self.estimates.setdefault(node, {})
        if width not in known:
            known[width] = estimate(tree, width)
        return known[width]

    def _known(self, index: Index, parts: int, size: int) -> float | None:
        """What `sqlite_stat1` says, if it can be true of an index of this size."""
        if self.schema is None:
            return None
        if index.tree not in self._recorded:
            self._recorded[index.tree] = self._row_of(self.schema.owner_of_tree(index.tree), index)
        counts = self._recorded[index.tree]
        if len(counts) <= parts or not 1 <= counts[parts] <= counts[0]:
            return None
        low, high = sorted((counts[0], size))
        return None if high > STALE * low else counts[0] / counts[parts]

    def _row_of(self, schema: Schema, index: Index) -> list[int]:
        """The numbers of an index's row; none if there is no such row."""
        table = schema.table(STATISTICS)
        if table is None or len(table.columns) < 3:
            return []
        owner, name = fold(index.table), fold(index.table if index.origin == "pk" else index.name)
        for _, row in self.trees[table.tree].scan():
            tbl, idx, stat = row[:3]
            if (
                all(part.__class__ is str for part in row[:3])
                and fold(tbl) == owner
                and fold(idx) in (name, fold(index.name))
            ):
                return numbers_of(stat)
        return []


def numbers_of(stat: str) -> list[int]:
    """The numbers with which a `stat` begins."""
    words = stat.split()[:NUMBERS_MAX]
    return [int(word) for word in takewhile(lambda word: word.isascii() and word.isdigit() and len(word) < 19, words)]


def estimate(tree: Tree, width: int) -> float:
    """About how many different prefixes of `width` elements the keys of an index tree have."""
    entry: Any = tree.first()
    for hops in range(HOPS_MAX):
        if entry is None:
            return float(hops)
        entry = tree.lower_bound((*entry[0][:width], INF))
    return _sampled(tree, width)


def _sampled(tree: Tree, width: int) -> float:
    leaves = list(tree.leaves())
    step = -(-len(leaves) // LEAVES_MAX)
    sample = list(islice(leaves, 0, None, step))
    entries = sum(len(leaf.keys) for leaf in sample)
    different = sum(len({key[:width] for key in leaf.keys}) - 1 for leaf in sample)
    return max(float(HOPS_MAX), 1 + len(tree) * different / entries)
