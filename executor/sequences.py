"""AUTOINCREMENT: the table `sqlite_sequence`, one row (name, seq) for each table that counts.

It is a table like any other, made with the first AUTOINCREMENT table: statements may read it, change counters, remove
them. An INSERT looks its counter up when it begins, counts in a variable, and writes it back when it ends well. So a
row that is skipped uses up its rowid, and a statement that fails does not. Where triggers may insert into the same
table, each row looks again. Two transactions that insert into one such table take different rowids (INV-V10) and do not
conflict: of both counters the larger one stays (`storage/counters.py`).

A counter that is not an integer counts as what CAST makes of it; one that is missing as 0, and its row is made anew. The next
rowid is one above the counter and above all rows of the table.

Example: after ``INSERT INTO t VALUES (5)`` and ``DELETE FROM t`` the row is ('t', 5), and the next rowid is 6.

What it does not do: say which rowid a row gets (`constraints.next_autoincrement`).
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.storage.catalog import Column, Schema, Table
from aerodb_dbapi.storage.values import cast

SEQUENCE: Final = "sqlite_sequence"
_SQL: Final = "CREATE TABLE sqlite_sequence(name,seq)"
_COLUMNS: Final = (Column("name", "", "BLOB"), Column("seq", "", "BLOB"))


class Counter:
    """The counter of one table. `place` is where its row was seen last: only a guess."""

    __slots__ = ("name", "place", "tree")

    def __init__(self, table: Table, tree: int) -> None:
        self.name = table.name
        self.tree = tree
        self.place = 1

    def _row(self, transaction: Any) -> tuple[int, tuple[Any, ...] | None]:
        """The rowid and the row of the counter; None for a missing row."""
        writer = transaction.writer(self.tree)
        place = self.place
        row = writer.get(place)
        if row is not None and row[0] == self.name:
            return place, row
        for place, row in writer.tree.scan():
            if row[0] == self.name:
                self.place = place
                return place, row
        return 0, None

    def value(self, transaction: Any) -> int:
        """The largest rowid used so far."""
        row = self._row(transaction)[1]
        if row is None:
            return 0
        value = row[1]
        return value if value.__class__ is int else cast(value, "INTEGER") or 0

    def keep(self, transaction: Any, value: int) -> None:
        """Write the counter back, unless triggers of the statement have counted further."""
        place, row = self._row(transaction)
        writer = transaction.writer(self.tree)
        if row is None:
            place = self.place = writer.next_rowid()
        elif row[1].__class__ is int and row[1] >= value:
            return
        transaction.note_counter(self.tree, place)
        writer.put(place, (self.name, value))


def counter_of(table: Table, sequence: int | None) -> Counter | None:
    """The counter of a table, `sequence` being the tree of `sqlite_sequence`; None where nothing counts."""
    return Counter(table, sequence) if table.autoincrement and sequence is not None else None


# --- definitions ------------------------------------------------------------------------------------------------------


def create_sequence(transaction: Any) -> None:
    """Make the table if there is none."""
    if transaction.schema.table(SEQUENCE) is None:
        tree = transaction.create_tree("table")
        transaction.put_object(transaction.new_object_id(), Table(0, SEQUENCE, tree, _COLUMNS, sql=_SQL))


def move_counter(transaction: Any, table: Table, name: str | None) -> None:
    """Give the counter of a table to another name, or remove it (None)."""
    schema: Schema = transaction.schema
    sequence = schema.table(SEQUENCE)
    if sequence is not None:
        writer = transaction.writer(sequence.tree)
        for place, row in [entry for entry in writer.tree.scan() if entry[1][0] == table.name]:
            if name is None:
                writer.delete(place)
            else:
                writer.put(place, (name, row[1]))
