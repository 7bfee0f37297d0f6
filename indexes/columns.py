"""All entries of an index at once, made of the columns of its table, in order and side by side in memory.

Why in this way
    Entries that are made row by row and sorted afterwards lie all over the memory, and so do the values in them: each pass over a
    million of them (log, pages, freeing them) waits for the memory three times an entry, which takes several times what the pass
    itself does. Here the *places* of rows are sorted by the values; the entries are made afterwards, in their order, of integers that
    are made anew in that order too. Where values repeat the rowids are gathered by value instead, and only the values are sorted.

When
    All columns of the index are plain ones, ascending and BINARY, and each holds values of one rank (`keys.RANK`), no NULLs. Otherwise
    the answer is None, and `maintain.build_entries` goes the other way.

Order (INV-Q5): that of the keys, for rows come in the order of their rowids, and sorting keeps the order of what is equal.

Example: rows {1: ("b",), 2: ("a",), 3: ("b",)}: gathered {"b": [1, 3], "a": [2]}, entries (2, "a", 2), (2, "b", 1), (2, "b", 3).
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

from aerodb_dbapi.indexes.keys import RANK, Key
from aerodb_dbapi.storage.tree import Tree

_PIECE: Final = 1024  # entries whose parts are in the processor's cache when they are put together
_REPEATED: Final = 2  # how often a value occurs on average, from which on rowids are gathered
_GATHERED: Final = ({int}, {str})  # classes whose equal values are the same: 0.0 and -0.0 are not


def sorted_entries(positions: Sequence[int], rows: Tree) -> list[Key] | None:
    """The sorted entries for the columns at these positions of rows, -1 being the rowid; None if they are not for this module."""
    rowids: list[int] = []
    columns: list[list[Any]] = [[] for _ in positions]
    kinds: list[set[type]] = [set() for _ in positions]
    for keys, batch in rows.batches():
        rowids += keys
        for column, position, found in zip(columns, positions, kinds):
            some = keys if position == -1 else [row[position] for row in batch]
            found |= set(map(type, some))
            column += some
        if any(len(_ranks(found)) != 1 or 0 in _ranks(found) for found in kinds):
            return None
    if not rowids:
        return None
    heads = [repeat(_ranks(found).pop()) for found in kinds]
    if len(columns) == 1 and kinds[0] in _GATHERED and _REPEATED * len(set(columns[0])) <= len(rowids):
        return _gathered(heads[0], columns[0], rowids)
    order = list(range(len(rowids)))
    for column in reversed(columns):
        order.sort(key=column.__getitem__)
    entries: list[Key] = []
    for start in range(0, len(order), _PIECE):
        places = order[start : start + _PIECE]
        parts: list[Any] = []
        for head, column, found in zip(heads, columns, kinds):
            parts += head, _taken(column, places, found == {int})
        entries += zip(*parts, _taken(rowids, places, True))
    return entries


def _ranks(kinds: set[type]) -> set[int]:
    return set(map(RANK.__getitem__, kinds))


def _gathered(head: repeat[int], column: list[Any], rowids: list[int]) -> list[Key]:
    """Entries of one column whose values repeat."""
    by_value: defaultdict[Any, list[int]] = defaultdict(list)
    for value, rowid in zip(column, rowids):
        by_value[value].append(rowid)
    values = sorted(by_value)
    groups = list(map(by_value.__getitem__, values))
    flat = array("q", chain.from_iterable(groups)).tolist()
    return list(zip(head, chain.from_iterable(map(repeat, values, map(len, groups))), flat))


def _taken(column: list[Any], places: list[int], integers: bool) -> Sequence[Any]:
    """The items of a column at some places; integers as new objects, side by side."""
    found: Sequence[Any] = itemgetter(*places)(column) if len(places) > 1 else (column[places[0]],)
    return array("q", found).tolist() if integers else found
