"""Sorting, and what needs an order: ORDER BY, LIMIT after it, DISTINCT, compounds, groups.

ORDER BY is a list of terms ``(key, descending, fold, nulls_first)``: `key` a function of a row (mostly `itemgetter`),
`fold` a collation's key function or None. Rows are sorted by the last term first, each pass stable; a pass tries the
bare values, which works where one class (or int with float) fills the column, then bare values with the NULLs set
aside, then `(rank, value)` keys (INV-Q3: all three give the same order, since the first two succeed only where
Python's order is SQLite's). A failed attempt leaves the list permuted, so every attempt starts from a copy: ties keep
the order of the rows (INV-T3).

`Top` keeps the first n rows of an order over batches: rows not before the worst kept row are dropped on arrival.

Example: ``order([(2,), (None,), (1,)], ((itemgetter(0), True, None, None),))`` gives 2, 1, NULL.

What it does not do: spill to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from aerodb_dbapi.storage.values import sort_key

Row = tuple[Any, ...]
Key = Callable[[Any], Any]
Term = tuple[Key, bool, Key | None, bool | None]


def order(rows: list[Any], terms: Sequence[Term]) -> list[Any]:
    """The rows in order; the list given may be reordered."""
    for key, descending, fold, nulls_first in reversed(terms):
        if fold is not None:
            key = _folded(key, fold)
        rows = _pass(rows, key, descending, nulls_first)
    return rows


def _pass(rows: list[Any], key: Key, descending: bool, nulls_first: bool | None) -> list[Any]:
    """One stable sort."""
    if nulls_first is None or nulls_first is not descending:
        try:
            return sorted(rows, key=key, reverse=descending)
        except TypeError:
            pass
    nulls = [row for row in rows if key(row) is None]
    others = [row for row in rows if key(row) is not None] if nulls else rows
    try:
        made = sorted(others, key=key, reverse=descending)
    except TypeError:
        made = sorted(others, key=lambda row: sort_key(key(row)), reverse=descending)
    first = not descending if nulls_first is None else nulls_first
    return nulls + made if first else made + nulls


def _folded(key: Key, fold: Key) -> Key:
    return lambda row: fold(key(row))


class Top:
    """The first `limit` rows of an order."""

    __slots__ = ("limit", "room", "rows", "terms", "worst")

    def __init__(self, terms: Sequence[Term], limit: int) -> None:
        self.terms = terms
        self.limit = limit
        self.room = max(2048, 2 * limit)
        self.rows: list[Any] = []
        self.worst: Any = None

    def add(self, batch: Sequence[Any]) -> None:
        """Take a batch of rows."""
        if self.worst is not None:
            batch = self._thin(batch)
        self.rows += batch
        if len(self.rows) > self.room:
            self._cut()

    def _thin(self, batch: Sequence[Any]) -> Sequence[Any]:
        """Without the rows that the first term alone puts after the worst row kept (ties stay)."""
        key, descending, _, _ = self.terms[0]
        worst = self.worst
        try:
            if descending:
                return [row for row in batch if key(row) >= worst]
            return [row for row in batch if key(row) <= worst]
        except TypeError:
            return batch

    def _cut(self) -> None:
        self.rows = order(self.rows, self.terms)[: self.limit]
        key, _, fold, nulls_first = self.terms[0]
        if self.rows and fold is None and nulls_first is None:
            self.worst = key(self.rows[-1])

    def result(self) -> list[Any]:
        """The rows, in order."""
        return order(self.rows, self.terms)[: self.limit]


# --- Distinct rows and compounds --------------------------------------------------------------------------------------


def row_key(folds: Sequence[Key | None]) -> Callable[[Row], Row]:
    """The function that folds a row for comparing it under collations."""

    def fold_row(row: Row) -> Row:
        return tuple(value if fold is None else fold(value) for value, fold in zip(row, folds))

    return fold_row


def pair_key(key: Callable[[Row], Row] | None = None) -> Callable[[tuple[Any, ...]], Row]:
    """The row of an (output row, sort keys…) tuple, folded by `key`."""
    return itemgetter(0) if key is None else lambda pair: key(pair[0])


def distinct(batch: Iterable[Row], seen: dict[Row, None], key: Callable[[Row], Row] | None = None) -> list[Row]:
    """The rows of a batch that were not seen, once each; `seen` learns them."""
    if key is None:
        fresh = [row for row in dict.fromkeys(batch) if row not in seen]
        seen.update(dict.fromkeys(fresh))
        return fresh
    made: list[Row] = []
    append = made.append
    for row in batch:
        folded = key(row)
        if folded not in seen:
            seen[folded] = None
            append(row)
    return made


def distinct_rows(rows: Iterable[Row], key: Callable[[Row], Row] | None = None) -> list[Row]:
    """All distinct rows, the first of equal ones, in order of appearance."""
    if key is None:
        return list(dict.fromkeys(rows))
    return distinct(rows, {}, key)


def distinct_in_order(rows: Iterable[Row], terms: Sequence[Term], fold: Key | None = None) -> list[Any]:
    """The distinct first elements of rows, each from the first row that has it, in the order of the terms."""
    first: dict[Any, Row] = {}
    for row in rows:
        first.setdefault(row[0] if fold is None else fold(row[0]), row)
    return [row[0] for row in order(list(first.values()), terms)]


def in_row_order(rows: list[Row], key: Callable[[Row], Row] | None = None) -> list[Row]:
    """Rows sorted by all their columns, ascending."""
    try:
        return sorted(rows, key=key)
    except TypeError:
        pass
    if key is None:
        return sorted(rows, key=lambda row: tuple(map(sort_key, row)))
    return sorted(rows, key=lambda row: tuple(map(sort_key, key(row))))


def _kept(rows: Iterable[Row], key: Callable[[Row], Row] | None, last: bool) -> list[Row]:
    """Distinct rows in row order; of equal ones (1 and 1.0, 'a' and 'A' under NOCASE) the first, or the last."""
    if not last:
        return in_row_order(distinct_rows(rows, key), key)
    made = {row: row for row in rows} if key is None else {key(row): row for row in rows}
    return in_row_order(list(made.values()), key)


def union(
    left: Iterable[Row], right: Iterable[Row], last: bool = False, key: Callable[[Row], Row] | None = None
) -> list[Row]:
    """UNION, in row order. SQLite keeps the last of equal rows, but the first where the compound has an ORDER BY."""
    return _kept(chain(left, right), key, last)


def intersect(
    left: Iterable[Row], right: Iterable[Row], last: bool = False, key: Callable[[Row], Row] | None = None
) -> list[Row]:
    """INTERSECT, in row order."""
    known = set(right) if key is None else set(map(key, right))
    return _kept([row for row in left if (row if key is None else key(row)) in known], key, last)


def except_rows(
    left: Iterable[Row], right: Iterable[Row], last: bool = False, key: Callable[[Row], Row] | None = None
) -> list[Row]:
    """EXCEPT, in row order."""
    known = set(right) if key is None else set(map(key, right))
    return _kept([row for row in left if (row if key is None else key(row)) not in known], key, last)


def sorted_groups(groups: dict[Any, Any], width: int) -> list[tuple[Any, Any]]:
    """(key, values) of groups in key order; a key is a bare value (width 1) or a tuple. Tuples are sorted one element
    after the other, from the last, which is faster than comparing tuples."""
    items = list(groups.items())
    if width == 1:
        return _pass(items, itemgetter(0), False, None)
    for i in reversed(range(width)):
        items = _pass(items, _part_of_key(i), False, None)
    return items


def _part_of_key(i: int) -> Key:
    return lambda item: item[0][i]
