"""What the planner learns of the data: sizes and numbers of distinct index prefixes, read off the trees themselves.

Sizes are exact: a tree knows its length. Distinct prefixes are estimated when a statement is compiled:

    1. The index is hopped from prefix to prefix. If `HOPS_MAX` hops reach the end, the count is exact.
    2. Else some leaves, evenly spaced, are looked at: with groups of g entries, n neighbours hold about 1 + n / g
       different prefixes, so distinct is about ``1 + size * (d - 1) / n`` for the mean d of the sample.

Example: 100,000 entries in groups of 10 give d = 26.6 in leaves of 256, so 10,000.

Deterministic: the same trees give the same numbers (INV-T1). Nothing is stored; ANALYZE is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from aerodb_dbapi.indexes.keys import prefix_length
from aerodb_dbapi.planner.cost import ROWS_MIN
from aerodb_dbapi.storage.catalog import Index, Table
from aerodb_dbapi.storage.tree import Tree

HOPS_MAX: Final = 48
LEAVES_MAX: Final = 12
INF: Final = float("inf")


class TreeStatistics:
    """Statistics of the trees that a statement is compiled for (`planner.cost.Statistics`)."""

    def __init__(self, trees: Mapping[int, Tree]) -> None:
        self.trees = trees
        self._distinct: dict[tuple[int, int], float] = {}

    def rows(self, table: Table) -> int:
        """The number of rows of a table."""
        return len(self.trees[table.tree])

    def distinct(self, index: Index, parts: int) -> float | None:
        """The number of different values of an index's first `parts` columns; None for a table too small to tell."""
        tree = self.trees[index.tree]
        if index.unique and parts == len(index.columns):
            return float(len(tree))
        if len(tree) < ROWS_MIN:  # a plan outlives small beginnings
            return None
        key = (index.tree, parts)
        if key not in self._distinct:
            self._distinct[key] = estimate(tree, prefix_length(index.columns[:parts]))
        return self._distinct[key]


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
