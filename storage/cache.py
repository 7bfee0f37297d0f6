"""The node cache: how much of the trees on disk is in memory.

Every node that has a block can be unloaded and loaded again, whoever holds it, for nodes never change and nodes with a
block load by themselves at the next touch (INV-E3). So the cache holds no content: it knows which nodes are loaded, about
how many bytes they take, and unloads the ones that were loaded longest ago when their sum passes the budget. Touching a
loaded node costs nothing, for the cache is not asked; the price is that it cannot know which nodes are used often: first
in, first out. Branches go only when all leaves are gone; they are a hundredth of a tree and the way to all the rest.

    ::

        dirty ──checkpoint──► clean, loaded ──evicted──► clean, unloaded
                                    ▲──────────load──────────┘

Budget
    INV-C10. In bytes of memory as `weight` estimates them. Nodes that no block holds yet do not count:
    they cannot go. The last node loaded is never evicted, however small the budget.

Example: a budget of 1 MiB and a scan over leaves of 60 KiB: from the 18th on, each load evicts the leaf that was loaded 17
loads before.

Several threads load and evict at a time; the lock guards the two queues only. Evicting changes no answer (INV-C7).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from sys import getsizeof
from typing import Any, Final

from aerodb_dbapi.storage import dense
from aerodb_dbapi.storage.nodes import Branch, unload

BUDGET: Final = 1 << 30
BRANCH_WEIGHT: Final = 128  # a child: a node, its places in the branch and in the arrays of its source
LEAF_WEIGHT: Final = 256  # the node, its two tuples, its source
PLACE: Final = 8
ROUNDED: Final = 8  # by how much an allocation is longer than the object, on average
SMALL_INT: Final = 36  # an int that Python has once for all


def weight(node: Any, length: int) -> int:
    """About how many bytes of memory a loaded node takes whose page has `length` bytes: as much for each entry as for two of
    them, on average. Cheap, for it is asked at every load."""
    if node.__class__ is Branch:
        return length + BRANCH_WEIGHT * len(node.children)
    keys, values = node.keys, node.values
    count = len(keys)
    if not count:
        return LEAF_WEIGHT
    middle = count >> 1
    two = _size(keys[0]) + _size(keys[middle])
    if keys[0].__class__ is tuple:  # of an index: the values are in the keys, whose ranks are small integers
        two -= 2 * SMALL_INT
    else:
        two += _size(values[0]) + _size(values[middle])
    # One huge value among small ones may be missed, but not by the page.
    return LEAF_WEIGHT + max(count * (2 * PLACE + two // 2), length)


def _size(item: Any) -> int:
    if item.__class__ is tuple:
        return getsizeof(item) + sum(map(getsizeof, item)) + ROUNDED * len(item)
    return getsizeof(item) + ROUNDED


class NodeCache:
    """The loaded nodes of one file. `budget` and `used` are bytes."""

    __slots__ = ("_branches", "_leaves", "_lock", "budget", "evicted", "used")

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self.used = 0
        self.evicted = 0
        self._leaves: deque[tuple[Any, int]] = deque()
        self._branches: deque[tuple[Any, int]] = deque()
        self._lock = threading.Lock()

    def add(self, node: Any, weight: int) -> None:
        """A clean node was loaded, or a loaded one has become clean."""
        with self._lock:
            (self._branches if node.__class__ is Branch else self._leaves).append((node, weight))
            self.used += weight
            if self.used > self.budget:
                self._evict()

    def add_all(self, nodes: Sequence[Any], weights: Sequence[int]) -> None:
        """The same of nodes of one class, at least one."""
        with self._lock:
            (self._branches if nodes[0].__class__ is Branch else self._leaves).extend(zip(nodes, weights))
            self.used += sum(weights)
            if self.used > self.budget:
                self._evict()

    def resize(self, budget: int) -> None:
        """Another budget, from now on."""
        with self._lock:
            self.budget = budget
            if self.used > budget:
                self._evict()

    def clear(self) -> None:
        """Let go of all nodes, loaded as they are: the file is closed."""
        with self._lock:
            self._leaves.clear()
            self._branches.clear()
            self.used = 0

    def _evict(self) -> None:
        evicted = 0
        while self.used > self.budget and len(self._leaves) + len(self._branches) > 1:
            queue = self._leaves if len(self._leaves) > 1 or not self._branches else self._branches
            node, weight = queue.popleft()
            unload(node)
            self.used -= weight
            evicted += 1
        self.evicted += evicted
        if evicted:
            dense.forget()
