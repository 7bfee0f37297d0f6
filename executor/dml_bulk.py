"""Many rows inserted at once, column by column: what `executemany` and INSERT … SELECT use when nothing is unusual.

Method
    1. ``zip(*rows)`` gives columns; ``set(map(type, column))`` says whether any value needs its affinity. Such columns
       are converted whole. If there are none and columns stand in table order, the given tuples *are* the stored rows.
    2. Rowids: given integers (sorted if they are not ascending), or a run of new ones.
    3. Index entries are made by one comprehension per index, sorted; neighbours with one prefix break a unique index.
    4. Only now something is written: appended where all keys lie beyond the last one, else merged.

Anything unusual (a NULL where none may be, a rowid that is taken or no integer, a duplicate, a failed CHECK) makes
the function answer False before it has written anything; the caller then goes row by row, where errors and conflict
clauses are settled. So this path has no error of its own, and both ways store the same (INV-D3, INV-D5).

What `executemany` binds comes as `CheckedRows`, whose classes are known already.

Example: 100,000 tuples (int, str) for ``t(id INTEGER PRIMARY KEY, a TEXT)``, ids ascending: two type sets, one
comparison of neighbours, one append.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from math import copysign
from operator import itemgetter, lt
from typing import Any, Final

from aerodb_dbapi.executor.constraints import (
    INTEGER_MAX,
    STRICT_CLASSES,
    next_autoincrement,
)
from aerodb_dbapi.executor.dml_insert import computed_functions, row_function
from aerodb_dbapi.executor.sequences import counter_of
from aerodb_dbapi.indexes.keys import entries_function, plain_positions, sort_zipped, zipped_entries
from aerodb_dbapi.indexes.maintain import repeated, taken_prefix, unique_prefix
from aerodb_dbapi.planner.expressions import Constant, Expression, Not
from aerodb_dbapi.planner.query import InsertStatement
from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.values import affinity_function, apply_affinity

NoneType: Final = type(None)
ROWS_MIN: Final = 8
_NEGATIVE_ZERO: Final = array("d", (-0.0,)).tobytes()
_ACCEPTED: Final = {
    "TEXT": frozenset({str, bytes, NoneType}),
    "INTEGER": frozenset({int, bytes, NoneType}),
    "NUMERIC": frozenset({int, bytes, NoneType}),
    "REAL": frozenset({float, bytes, NoneType}),
}
_ANY: Final = frozenset({str, bytes, int, float, NoneType})
Row = tuple[Any, ...]


class CheckedRows(list[Row]):
    """Tuples of plain values. `kinds[i]`: the classes of the values at place i."""

    __slots__ = ("kinds",)

    def __init__(self, rows: Iterable[Row], kinds: list[set[type]]) -> None:
        super().__init__(rows)
        self.kinds = kinds


class Unusual(Exception):
    """Something that has to be settled row by row."""


class BulkInsert:
    """Inserts lists of source tuples. `slots[p]`: the place in a source tuple of column p's value, or None for a
    constant, which `constants[p]` then holds; `rowid_slot`: the place of the rowid, or None where rowids are new."""

    def __init__(
        self, statement: InsertStatement, slots: list[int | None], constants: list[Any], rowid_slot: int | None
    ) -> None:
        self.table: Table = statement.table
        self.slots = slots
        self.constants = constants
        self.rowid_slot = rowid_slot
        self.alias = self.table.rowid_alias
        self.accepted = [_ACCEPTED.get(c.affinity, _ANY) for c in self.table.columns]
        if self.table.strict:
            classes = [STRICT_CLASSES[c.type] for c in self.table.columns]
            self.accepted = [_ANY if kind is None else frozenset({kind, NoneType}) for kind in classes]
        self.converters = [affinity_function(c.affinity) for c in self.table.columns]
        self.in_order = slots == list(range(len(slots)))
        self.fails = [row_function(Not(check), statement.row_id, self.table) for _, check in statement.checks]
        computed = computed_functions(statement.index_values, statement.row_id, self.table)
        self.entries = [
            (
                index.tree,
                entries_function(index, self.table, computed),
                plain_positions(index, self.table),
                unique_prefix(index),
            )
            for index in self.table.indexes
        ]
        self.counter = counter_of(self.table, statement.sequence)

    def __call__(self, session: Any, transaction: Any, rows: Sequence[Row]) -> bool:
        """Insert all rows and answer True, or answer False and have done nothing."""
        with paused_gc(len(rows)):
            try:
                self._insert(session, transaction, rows)
            except Unusual:
                return False
            return True

    def _insert(self, session: Any, transaction: Any, rows: Sequence[Row]) -> None:
        columns: list[Any] = list(zip(*rows))
        kinds = rows.kinds if isinstance(rows, CheckedRows) else [set(map(type, column)) for column in columns]
        writer = transaction.writer(self.table.tree)
        rowids, given = self._rowids(transaction, writer, columns, kinds, len(rows))
        made, changed = self._columns(columns, kinds, len(rows))
        if self.alias is not None:
            made[self.alias] = rowids
        whole = self.in_order and not changed and (self.alias is None or given) and len(rows[0]) == len(self.slots)
        new_rows: Sequence[Row] = rows if whole else list(zip(*made))
        last_rowid = rowids[-1]
        as_given = rowids
        if given:
            rowids, new_rows = self._ascending(writer, rowids, new_rows)
        for fails in self.fails:
            if any(map(fails, rowids, new_rows)):
                raise Unusual
        entries = []
        for tree, make, positions, unique in self.entries:
            keys = None
            if positions is not None:
                keys = zipped_entries([as_given if p == -1 else made[p] for p in positions], as_given)
            if keys is None:
                keys = make(rowids, new_rows)
                keys.sort()
            else:
                sort_zipped(keys, as_given is rowids)
            if unique and (repeated(keys, unique) or taken_prefix(transaction.writer(tree).tree, keys, unique)):
                raise Unusual
            entries.append((tree, keys))
        _write(writer, rowids, new_rows)
        for tree, keys in entries:
            transaction.writer(tree).extend(keys, list(map(itemgetter(-1), keys)))
        if self.counter is not None:
            self.counter.keep(transaction, max(self.counter.value(transaction), max(rowids)))
        if not self.table.without_rowid:
            session.last_insert_rowid = last_rowid

    def _columns(self, columns: list[Any], kinds: list[set[type]], count: int) -> tuple[list[Any], bool]:
        """The table's columns with affinities applied; whether any value was changed or is not from the source."""
        changed = False
        made: list[Any] = []
        for position, column in enumerate(self.table.columns):
            slot = self.slots[position]
            if position == self.alias:
                made.append(None)
                continue
            if slot is None:
                if column.not_null and self.constants[position] is None:
                    raise Unusual
                if self.table.strict and self.constants[position].__class__ not in self.accepted[position]:
                    raise Unusual
                made.append([self.constants[position]] * count)
                changed = True
                continue
            values = columns[slot]
            classes = kinds[slot]
            if column.not_null and NoneType in classes:
                raise Unusual
            if self.table.strict and not classes <= self.accepted[position]:
                raise Unusual
            if not classes <= self.accepted[position] or (column.affinity == "REAL" and _negative_zero(values)):
                convert = self.converters[position]
                assert convert is not None
                values = list(map(convert, values))
                changed = True
            made.append(values)
        return made, changed

    def _rowids(
        self, transaction: Any, writer: Any, columns: list[Any], kinds: list[set[type]], count: int
    ) -> tuple[Sequence[int], bool]:
        """The rowids in the rows' order, and whether they were given."""
        if self.rowid_slot is not None:
            classes = kinds[self.rowid_slot]
            if classes == {int}:
                return columns[self.rowid_slot], True
            if classes != {NoneType}:
                raise Unusual
        first = (
            writer.next_rowid(count)
            if self.counter is None
            else next_autoincrement(self.counter.value(transaction), writer, count)
        )
        if first > INTEGER_MAX - count:
            raise Unusual
        last = writer.last_key()
        if last is not None and last >= first:
            raise Unusual
        return range(first, first + count), False

    def _ascending(
        self, writer: Any, rowids: Sequence[int], rows: Sequence[Row]
    ) -> tuple[Sequence[int], Sequence[Row]]:
        """Given rowids and their rows in ascending order, none of them taken."""
        if list(rowids) != list(range(rowids[0], rowids[0] + len(rowids))) and not all(
            map(lt, rowids, islice(rowids, 1, None))
        ):
            order = sorted(range(len(rowids)), key=rowids.__getitem__)
            rowids = [rowids[i] for i in order]
            rows = [rows[i] for i in order]
            if not all(map(lt, rowids, islice(rowids, 1, None))):
                raise Unusual
        last = writer.last_key()
        if last is not None and rowids[0] <= last:
            get = writer.get
            if any(get(rowid) is not None for rowid in rowids):
                raise Unusual
        return rowids, rows


def _negative_zero(values: Sequence[Any]) -> bool:
    """Is there a -0.0? A REAL column stores 0.0 for it."""
    if all(values):
        return False
    try:
        if _NEGATIVE_ZERO not in array("d", values).tobytes():
            return False
    except TypeError:
        pass  # NULLs
    return 0.0 in values and any(copysign(1.0, value) < 0 for value in values if value == 0.0)


def _write(writer: Any, keys: Sequence[Any], values: Sequence[Any]) -> None:
    """Append, or put where the keys do not all lie beyond the last one."""
    last = writer.last_key()
    if last is None or keys[0] > last:
        writer.append(keys, values)
    else:
        writer.put_many(keys, values)


def bulk_insert(statement: InsertStatement, sources: Sequence[int | Constant | None]) -> BulkInsert | None:
    """The column-wise form of an INSERT, or None where there is none. `sources[i]`: the place of target i in the
    given tuples, or its constant; None for anything else."""
    table = statement.table
    if statement.returning is not None or statement.index_filters or statement.generated or None in sources:
        return None
    slots: list[int | None] = []
    constants: list[Any] = []
    for position, column in enumerate(table.columns):
        source = _source_of(statement, sources, position)
        if source is None:
            return None
        slots.append(source if isinstance(source, int) else None)
        constants.append(None if isinstance(source, int) else apply_affinity(source.value, column.affinity))
    rowid_source = _source_of(statement, sources, -1)
    if -1 not in statement.targets and table.rowid_alias is not None:
        rowid_source = _source_of(statement, sources, table.rowid_alias)
    if isinstance(rowid_source, Constant) and rowid_source.value is not None:
        return None
    return BulkInsert(statement, slots, constants, rowid_source if isinstance(rowid_source, int) else None)


def _source_of(
    statement: InsertStatement, sources: Sequence[int | Constant | None], position: int
) -> int | Constant | None:
    if position in statement.targets:
        return sources[statement.targets.index(position)]
    default: Expression = statement.defaults.get(position, Constant(None))
    return default if isinstance(default, Constant) else None
