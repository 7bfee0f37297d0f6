"""OLD and NEW: the rows that a statement inside a trigger or behind a foreign key refers to.

Such a statement is bound like any other, inside a `RowScope`. There ``old.a`` and ``new.a`` are parameters: slots of the
tuple that the statement is run with, which carry the collation of the column they stand for, and INTEGER affinity for the
rowid. Other affinities get lost, as in SQLite, except where a scan for children asks for them (`typed`). So nothing
after the binder knows of triggers, access paths use these values as they use any parameter, and one compiled statement
serves every row.

The tuple is the rows one after the other, each its rowid first. Example: in a statement after UPDATE of t(a, b), with old
and new, ``new.b`` is slot 5 of (old.rowid, old.a, old.b, new.rowid, new.a, new.b).

As in SQLite the rows are reached by qualified names only, and tables of the statement itself hide them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aerodb_dbapi.planner.expressions import Expression, Parameter
from aerodb_dbapi.planner.scope import Entry, Environment, Scope
from aerodb_dbapi.storage.catalog import Schema, fold

ROWS: Final = {"insert": ("new",), "delete": ("old",), "update": ("old", "new")}  # what triggers of an event see


class RowEntry(Entry):
    """A row of the shape of another entry whose rowid is in slot `first` and whose columns are in those after it."""

    __slots__ = ("first", "typed")

    def __init__(self, name: str, like: Entry, first: int, typed: bool) -> None:
        super().__init__(-1, name, like.positions, like.width, like.describe)
        self.first = first
        self.typed = typed
        self.rowid = -1
        self.rowid_alias = like.rowid_alias
        self.table, self.aliased = like.table, True

    def column(self, position: int) -> Parameter:  # type: ignore[override]
        """The slot of a column."""
        _, affinity, collation, _ = self.describe(position)
        typed = self.typed or position == self.rowid_alias
        return Parameter(self.first + 1 + position, affinity if typed else None, collation)

    def rowid_column(self) -> Parameter:  # type: ignore[override]
        """The slot of the rowid."""
        return Parameter(self.first, "INTEGER")


class RowScope(Scope):
    """The outermost scope of such a statement. `typed`: its rows' values have the affinities of their columns."""

    __slots__ = ("width",)

    def __init__(self, schema: Schema, rows: Sequence[tuple[str, Entry]], typed: bool = False) -> None:
        super().__init__(Environment(schema, views=("",)))  # a missing table is named with the database
        self.width = 0
        for name, like in rows:
            self.entries.append(RowEntry(name, like, self.width, typed))
            self.width += 1 + like.width

    def find(
        self, name: str, table: str | None = None, database: str | None = None, written: str = ""
    ) -> list[Expression]:
        """The column that a qualified name means."""
        return [] if table is None or database is not None else super().find(name, fold(table))

    def find_rowid(self, table: str | None, database: str | None) -> Entry | None:
        """The row whose rowid a qualified name means."""
        return None if table is None or database is not None else super().find_rowid(table, None)
