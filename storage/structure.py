"""Walks over whole trees: what differs between two of them, and whether one is sound.

Difference
    Two cursors go over the nodes of both trees in key order, the higher node being opened first. Where both stand at
    the same node it is skipped whole; leaves that differ are compared entry by entry until one of them ends. The cost
    is that of the change, whatever the size of the trees. Example: after one `put`, one path of each tree is read.

Check (INV-D2)
    Keys ascend strictly within their parent's bounds, a branch has one child more than separators, leaves are at one
    depth, sizes are right, no node is over its capacity, and only the root may be empty. Problems are told, not raised.

Both take anything with a `node`, so that `tree.py` can offer them without a circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Protocol

from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage.nodes import EMPTY, Branch, Leaf, Node, height
from aerodb_dbapi.storage.sentinels import MISSING


class Rooted(Protocol):
    """A tree."""

    node: Any


class _Side:
    """One tree of a difference: nodes still to compare, in order, the next one last; `skip` entries of it are done."""

    __slots__ = ("skip", "stack")

    def __init__(self, node: Node) -> None:
        self.stack: list[Any] = [(node, height(node))]
        self.skip = 0

    def expand(self) -> None:
        node, level = self.stack.pop()
        self.stack.extend((child, level - 1) for child in reversed(node.children))

    def pop(self) -> None:
        self.stack.pop()
        self.skip = 0


def difference(old: Rooted, new: Rooted) -> Iterator[tuple[Any, Any, Any]]:
    """(key, old value or MISSING, new value or MISSING) of every key whose value differs, ascending. Shared nodes are
    skipped whole, so the cost is that of the change. Values differ if they are unequal or of other types (1 and
    1.0)."""
    a, b = _Side(old.node), _Side(new.node)
    while a.stack or b.stack:
        left, left_height = a.stack[-1] if a.stack else (EMPTY, 0)
        right, right_height = b.stack[-1] if b.stack else (EMPTY, 0)
        if left is right and a.skip == b.skip:
            a.pop()
            b.pop()
        elif left_height or right_height:
            if left_height >= right_height:
                a.expand()
            if right_height >= left_height:
                b.expand()
        else:
            yield from _leaf_difference(a, left, b, right)


def _leaf_difference(a: _Side, left: Leaf, b: _Side, right: Leaf) -> Iterator[tuple[Any, Any, Any]]:
    """Compare two leaves until one of them ends; an absent side (its stack is empty) lets the other run out."""
    i, j = a.skip, b.skip
    keys, others = left.keys, right.keys
    more_left, more_right = len(a.stack) > 0, len(b.stack) > 0
    while (i < len(keys) or not more_left) and (j < len(others) or not more_right):
        if i >= len(keys) and j >= len(others):
            break
        if j >= len(others) or (i < len(keys) and keys[i] < others[j]):
            yield keys[i], left.values[i], MISSING
            i += 1
        elif i >= len(keys) or others[j] < keys[i]:
            yield others[j], MISSING, right.values[j]
            j += 1
        else:
            if not same(left.values[i], right.values[j]):
                yield keys[i], left.values[i], right.values[j]
            i, j = i + 1, j + 1
    a.skip, b.skip = i, j
    if more_left and i >= len(keys):
        a.pop()
    if more_right and j >= len(others):
        b.pop()


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types throughout."""
    if a is b:
        return True
    if a.__class__ is not b.__class__ or a != b:
        return False
    return a.__class__ is not tuple or all(map(same, a, b))


def check(tree: Rooted) -> list[str]:
    """What is wrong with the structure of a tree (INV-D2): a list of sentences, empty for a sound one."""
    problems: list[str] = []
    levels = height(tree.node)
    if levels and not tree.node.size:
        problems.append("an empty tree has branches")
    _check_node(tree.node, levels, MISSING, MISSING, levels > 0, problems)
    return problems


def _check_node(node: Any, level: int, low: Any, high: Any, inner: bool, problems: list[str]) -> int:
    """Check a subtree whose keys must lie in low <= key < high; returns its number of entries."""
    if (node.__class__ is Branch) != (level > 0):
        problems.append(f"a {node.__class__.__name__.lower()} at height {level}")
        return 0
    keys = node.keys
    if any(not x < y for x, y in pairwise(keys)):
        problems.append(f"keys do not ascend in {keys!r:.200}")
    if keys and ((low is not MISSING and keys[0] < low) or (high is not MISSING and not keys[-1] < high)):
        problems.append(f"keys {keys[0]!r:.80} to {keys[-1]!r:.80} lie outside their parent's bounds")
    if level == 0:
        if len(keys) != len(node.values):
            problems.append(f"{len(keys)} keys and {len(node.values)} values in a leaf")
        if (inner and not keys) or len(keys) > shape.LEAF_CAPACITY:
            problems.append(f"a leaf with {len(keys)} keys")
        return len(keys)
    if len(node.children) != len(keys) + 1 or len(node.children) > shape.FANOUT:
        problems.append(f"{len(node.children)} children with {len(keys)} separators")
        return node.size
    bounds = (low, *keys, high)
    total = sum(
        _check_node(c, level - 1, bounds[i], bounds[i + 1], True, problems) for i, c in enumerate(node.children)
    )
    if total != node.size:
        problems.append(f"a branch says {node.size} entries and has {total}")
    return total
