"""Applying many sorted edits to a tree in one pass.

Algorithm
    Edits, ascending by key, are split among a branch's children by bisection; children without edits are shared, the
    others are replaced by as many nodes as it takes: none, one or several. A leaf is rewritten once, in the cheapest of
    three ways: all edits lie beyond its end (concatenate), few edits (tuple → list → edits → tuple), many (one
    dictionary, sorted anew). A branch left with changed children is grouped again. Nothing that exists is changed
    (INV-D1), and the levels stay level (INV-D2): a node is only ever replaced by nodes of its own level.

Small nodes
    A new node with less than a quarter of its capacity joins a neighbour if both fit in one. Only neighbours of new
    nodes are looked at, so a merge never loads what it need not.

Steps
    A leaf that was made of a clean one by several edits remembers what they did, for a checkpoint that writes the leaf needs to know
    (`leaf_edits.py`): ``(leaf, steps, piece)``, an array of steps, and the piece made of them unless that is too long. It is made
    here, by the thread that changed the rows, so that a checkpoint, beside which others commit, has the less to do. When the leaf has
    a block, that is forgotten.

Example (capacities of 4): merging 2 → TOMBSTONE, 6 → 'x' into Leaf 1-4 | Leaf 5-8 | Leaf 9 gives Leaf 1,3,4 | Leaf 5-8
(new values, the old tuple of keys) | Leaf 9 (shared).

Edits without effect (deleting what is not there) give back the very same node.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import compress, repeat
from operator import is_not
from typing import Any

from aerodb_dbapi.storage import leaf_edits
from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage.leaf_edits import COME, RENEWED, REPLACED
from aerodb_dbapi.storage.nodes import Branch, Keys, Leaf, Node, Values, cut, group, width
from aerodb_dbapi.storage.sentinels import TOMBSTONE

STEPS_MIN = 4  # for fewer edits comparing is as quick
_leaf_source: Any = Leaf.__dict__["source"].__get__
Replacement = tuple[list[Node], list[Any]]  # nodes of one level, and their lowest keys; the first one's is never used


class Merge:
    """One merge: the sorted edits, and whether a put over an equal key replaces the key object as well."""

    __slots__ = ("before", "keys", "packer", "rekey", "small", "steps", "values")

    def __init__(self, keys: Sequence[Any], values: Sequence[Any], rekey: bool) -> None:
        self.keys = keys
        self.values = values
        self.rekey = rekey
        self.small: set[int] = set()  # ids of new nodes that are less than a quarter full
        self.steps: list[int] = []  # of the leaf that was edited last, from right to left
        self.before: Any = None  # its keys and values before that
        self.packer: Any = None

    def node(self, node: Node, start: int, stop: int) -> Replacement:
        """Apply edits start…stop: the nodes that replace `node` on its level, with their lowest keys."""
        if node.__class__ is Branch:
            return self.branch(node, start, stop)
        return self.leaf(node, start, stop)  # type: ignore[arg-type]

    def branch(self, branch: Branch, start: int, stop: int) -> Replacement:
        edits, bounds, old = self.keys, branch.keys, branch.children
        lows_before = (None, *bounds)
        nodes: list[Node] = []
        lows: list[Any] = []
        done = 0
        changed = False
        while start < stop:
            i = bisect_right(bounds, edits[start], done)
            end = bisect_left(edits, bounds[i], start, stop) if i < len(bounds) else stop
            nodes += old[done:i]
            lows += lows_before[done:i]
            made, made_lows = self.node(old[i], start, end)
            if made:
                made_lows[0] = lows_before[i]
            changed = changed or len(made) != 1 or made[0] is not old[i]
            nodes += made
            lows += made_lows
            done = i + 1
            start = end
        if not changed:
            return [branch], [None]
        nodes += old[done:]
        lows += lows_before[done:]
        if self.small:
            nodes, lows = self.join(nodes, lows)
        made, made_lows = group(nodes, lows, full=done == len(old))
        self.note_small(made, shape.FANOUT)
        return made, made_lows

    def leaf(self, leaf: Leaf, start: int, stop: int) -> Replacement:
        keys, edits = leaf.keys, self.keys
        at_end = not keys or edits[start] > keys[-1]
        if at_end:
            entries = self.extended(leaf, start, stop)
        elif (stop - start) * 4 < len(keys):
            entries = self.edited(leaf, start, stop)
        else:
            entries = self.rebuilt(leaf, start, stop)
        if entries is None:
            return [leaf], [None]
        if not entries[0]:
            return [], []
        made, lows = cut(entries[0], entries[1], at_end)
        self.note_small(made, shape.LEAF_CAPACITY)
        if self.steps:
            if len(self.steps) >= STEPS_MIN and len(made) == 1:
                self.remember(leaf, made[0], start, stop)
            self.steps, self.before = [], None
        return made, lows

    def remember(self, leaf: Leaf, made: Any, start: int, stop: int) -> None:
        """The steps by which a leaf was made of another."""
        try:
            _leaf_source(leaf)
        except AttributeError:  # that one is dirty too
            return
        steps = self.steps[::-1]
        made.step = leaf, array("I", steps), self.piece(made, steps, start, stop) if leaf_edits.EDITING else None

    def piece(self, made: Leaf, steps: list[int], start: int, stop: int) -> bytes | None:
        """The edits of a leaf as they stand in its branch; None if they are too long."""
        if self.packer is None:
            self.packer = leaf_edits.packer()
        piece = None
        keys_before, values_before = self.before
        if made.keys is keys_before:
            piece = leaf_edits.by_columns([step >> 2 for step in steps], values_before, made.values, self.packer)
        if piece is None:
            keys, values = self.keys[start:stop], self.values[start:stop]
            if TOMBSTONE in values:
                live = list(map(is_not, values, repeat(TOMBSTONE)))
                keys, values = list(compress(keys, live)), list(compress(values, live))
            piece = leaf_edits.by_steps(steps, keys, values, self.packer)
        return piece if len(piece) <= leaf_edits.EDITS_MAX else None

    def extended(self, leaf: Leaf, start: int, stop: int) -> tuple[Keys, Values] | None:
        """All edits lie beyond the last key."""
        keys, values = tuple(self.keys[start:stop]), tuple(self.values[start:stop])
        if TOMBSTONE in values:
            live = [(k, v) for k, v in zip(keys, values) if v is not TOMBSTONE]
            if not live:
                return None
            keys, values = zip(*live)
        return leaf.keys + keys, leaf.values + values

    def edited(self, leaf: Leaf, start: int, stop: int) -> tuple[Keys, Values] | None:
        """Few edits: each finds its place by bisection, from right to left, so that places stay valid."""
        keys, rekey = leaf.keys, self.rekey
        new_keys: list[Any] | None = None
        values = leaf.values
        new_values = list(values)
        count = place = len(keys)
        steps = self.steps
        for j in range(stop - 1, start - 1, -1):
            key, value = self.keys[j], self.values[j]
            place = bisect_left(keys, key, 0, place)
            present = place < count and keys[place] == key
            if present and value is not TOMBSTONE:
                steps.append(place << 2 | (RENEWED if rekey else REPLACED))
                new_values[place] = value
                if not rekey:
                    continue
            elif present:
                steps.append(place << 2)
            elif value is TOMBSTONE:
                continue
            else:
                steps.append(place << 2 | COME)
            if new_keys is None:
                new_keys = list(keys)
            if value is TOMBSTONE:
                del new_keys[place], new_values[place]
            elif present:
                new_keys[place] = key
            else:
                new_keys.insert(place, key)
                new_values.insert(place, value)
        if not steps:
            return None
        self.before = keys, values
        return keys if new_keys is None else tuple(new_keys), tuple(new_values)

    def rebuilt(self, leaf: Leaf, start: int, stop: int) -> tuple[Keys, Values] | None:
        """Many edits: all entries in one dictionary, sorted anew (two runs, which the sort merges in one pass)."""
        edits, values = self.keys[start:stop], self.values[start:stop]
        deletes = TOMBSTONE in values
        if not deletes and not self.rekey and leaf.keys == tuple(edits):
            return leaf.keys, tuple(values)
        entries = dict(zip(leaf.keys, leaf.values))
        if self.rekey:
            for key in edits:
                entries.pop(key, None)
        entries.update(zip(edits, values))
        if not deletes and not self.rekey and len(entries) == len(leaf.keys):
            return leaf.keys, tuple(map(entries.__getitem__, leaf.keys))  # no key came
        if deletes:
            entries = {k: v for k, v in entries.items() if v is not TOMBSTONE}
        keys = tuple(sorted(entries))
        if deletes and keys == leaf.keys and all(value is TOMBSTONE for value in values):
            return None
        return keys, tuple(map(entries.__getitem__, keys))

    def note_small(self, nodes: list[Node], capacity: int) -> None:
        self.small.update(id(node) for node in nodes if width(node) * 4 < capacity)

    def join(self, nodes: list[Node], lows: list[Any]) -> Replacement:
        """Join small new nodes with a neighbour where both fit into one."""
        small, self.small = self.small, set()
        joined, joined_lows = nodes[:1], lows[:1]
        for node, low in zip(nodes[1:], lows[1:]):
            last = joined[-1]
            if (id(last) in small or id(node) in small) and _fits(last, node):
                joined[-1] = _joined(last, low, node)
                small.add(id(joined[-1]))
            else:
                joined.append(node)
                joined_lows.append(low)
        return joined, joined_lows


def _fits(left: Node, right: Node) -> bool:
    return width(left) + width(right) <= (shape.FANOUT if left.__class__ is Branch else shape.LEAF_CAPACITY)


def _joined(left: Any, low: Any, right: Any) -> Node:
    """One node of two neighbours; `low` is the separator between them."""
    if left.__class__ is Branch:
        return Branch((*left.keys, low, *right.keys), left.children + right.children, left.size + right.size)
    return Leaf(left.keys + right.keys, left.values + right.values)
