"""Indexes as a whole: making one from its table, and testing the two against each other (INV-D3).

Building
    The table is read leaf by leaf, entries are made by a generated function, sorted once, and given to the tree in
    order; those of plain columns are made in order already (`columns.py`). Equal neighbours without a NULL part break a
    unique index: `IntegrityError`, ``UNIQUE constraint failed: t.a, t.b``.

Checking
    `check_index` works both ways, as PRAGMA integrity_check needs: each row must have its entry, each entry a row
    that has its key, and their numbers must agree. Problems are told in SQLite's words (``row 3 missing from index
    i``); an empty list is well.

Example: rows {1: ('b',), 2: ('a',)} give ``[(2, 'a', 2), (2, 'b', 1)]`` for an index on the column.

Row-by-row maintenance is generated into INSERT, UPDATE and DELETE (`executor`); it uses the same `keys.key_source`.
`where` is the test of a partial index, `(rowid, row) -> bool`, `computed` the functions of index expressions by position; this
room does not know expressions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import eq
from typing import Any, Final

from aerodb_dbapi.indexes.columns import sorted_entries
from aerodb_dbapi.indexes.keys import (
    NOTHING,
    Key,
    entries_function,
    plain_positions,
    prefix_length,
    sort_entries,
    zipped_entries,
)
from aerodb_dbapi.storage.catalog import Index, Table
from aerodb_dbapi.storage.errors import IntegrityError
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.tree import Tree

Where = Callable[[int, tuple[Any, ...]], Any] | None
PROBLEMS_MAX: Final = 100
INF: Final = float("inf")


def unique_message(table: Table, index: Index) -> tuple[str, str]:
    """Text and error name of a violated unique index."""
    columns = ", ".join(f"{table.name}.{c.name}" for c in index.columns)
    if any(c.expression is not None for c in index.columns):
        columns = f"index '{index.name}'"
    name = "SQLITE_CONSTRAINT_PRIMARYKEY" if index.origin == "pk" else "SQLITE_CONSTRAINT_UNIQUE"
    return f"UNIQUE constraint failed: {columns}", name


def unique_prefix(index: Index) -> int:
    """How many leading key elements must be unique; 0 if the index is not unique."""
    return prefix_length(index.columns) if index.unique else 0


def made_entries(
    index: Index, table: Table, rows: Tree, where: Where = None, computed: Mapping[int, Any] = NOTHING
) -> Iterator[list[Key]]:
    """The entries that the index must have, batch by batch in rowid order."""
    make = _maker(index, table, computed)
    for rowids, batch in rows.batches():
        if where is not None:
            kept = [(k, r) for k, r in zip(rowids, batch) if where(k, r)]
            rowids, batch = [k for k, _ in kept], [r for _, r in kept]
        yield make(rowids, batch)


def _maker(
    index: Index, table: Table, computed: Mapping[int, Any]
) -> Callable[[Sequence[int], Sequence[tuple[Any, ...]]], list[Key]]:
    """What makes the entries of a batch: column by column where it can."""
    make = entries_function(index, table, computed)
    positions = plain_positions(index, table)
    if positions is None:
        return make

    def made(rowids: Sequence[int], rows: Sequence[tuple[Any, ...]]) -> list[Key]:
        columns = [rowids if p == -1 else [row[p] for row in rows] for p in positions]
        keys = zipped_entries(columns, rowids)
        return make(rowids, rows) if keys is None else keys

    return made


def build_entries(
    index: Index, table: Table, rows: Tree, where: Where = None, computed: Mapping[int, Any] = NOTHING
) -> list[Key]:
    """All entries of an index over the rows of its table, sorted. Raises IntegrityError when a unique key occurs
    twice."""
    with paused_gc(len(rows)):
        positions = plain_positions(index, table) if where is None else None
        keys = None if positions is None else sorted_entries(positions, rows)
        if keys is None:
            keys = list(chain.from_iterable(made_entries(index, table, rows, where, computed)))
            sort_entries(keys)
        width = unique_prefix(index)
        if width and repeated(keys, width):
            message, name = unique_message(table, index)
            raise IntegrityError(message, name=name)
        return keys


def repeated(keys: list[Key], width: int) -> bool:
    """Do two neighbours of sorted keys share a prefix without NULL?"""
    prefixes = [key[:width] for key in keys]
    if not any(map(eq, prefixes, islice(prefixes, 1, None))):
        return False
    return any(a == b and None not in a for a, b in zip(prefixes, islice(prefixes, 1, None)))


def taken_prefix(entries: Tree, keys: list[Key], width: int) -> bool:
    """Does an index already hold the prefix of one of these sorted keys? Prefixes with NULL never count."""
    prefixes = [key[:width] for key in keys if None not in key]
    last = entries.last()
    if not prefixes or last is None or prefixes[0] > last[0]:
        return False
    place, count = 0, len(prefixes)
    for held, _ in entries.batches(prefixes[0], False, (*prefixes[-1], INF)):
        end = held[-1]
        while place < count and prefixes[place] <= end:
            prefix = prefixes[place]
            i = bisect_left(held, prefix)
            if held[i][:width] == prefix:
                return True
            place += 1
    return False


def check_index(
    index: Index,
    table: Table,
    rows: Tree,
    entries: Tree,
    where: Where = None,
    computed: Mapping[int, Any] = NOTHING,
) -> list[str]:
    """What is wrong between a table and one of its indexes; empty if nothing is (INV-D3)."""
    problems: list[str] = []
    expected = 0
    for batch in made_entries(index, table, rows, where, computed):
        expected += len(batch)
        for key in batch:
            if entries.get(key) != key[-1] and len(problems) < PROBLEMS_MAX:
                problems.append(f"row {key[-1]} missing from index {index.name}")
    if expected != len(entries):
        problems.append(f"wrong # of entries in index {index.name}")
    for key, rowid in entries.scan():
        if (key[-1] != rowid or rows.get(rowid) is None) and len(problems) < PROBLEMS_MAX:
            problems.append(f"entry without a row in index {index.name}: rowid {rowid}")
    keys = [key for key, _ in entries.scan()]
    if index.unique and repeated(keys, unique_prefix(index)):
        problems.append(f"non-unique entry in index {index.name}")
    return problems


def check_rows(table: Table, rows: Tree) -> list[str]:
    """What is wrong with a table's rows by themselves: width, rowid column, NULLs where none may be."""
    problems: list[str] = []
    width = len(table.columns)
    required = [(i, c.name) for i, c in enumerate(table.columns) if c.not_null and i != table.rowid_alias]
    for rowid, row in rows.scan():
        if len(row) != width:
            problems.append(f"row {rowid} of {table.name} has {len(row)} values")
        elif table.rowid_alias is not None and row[table.rowid_alias] != rowid:
            problems.append(f"rowid {rowid} of {table.name} is not in its column")
        else:
            problems += [f"NULL value in {table.name}.{name}" for i, name in required if row[i] is None]
        if len(problems) >= PROBLEMS_MAX:
            break
    return problems
