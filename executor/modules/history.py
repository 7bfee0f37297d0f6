"""aerodb_history('table' [, rowid]): what each commit did to the rows of a table, as far back as it is kept.

Columns are commit_id, operation (INSERT, UPDATE or DELETE), rowid_, and then those of the table as it is now: the first
argument must be a string literal, so that they are known when the statement is compiled. Values are those of the time; a
column that the table did not have under this name then is NULL. Of a deleted row they are its last values.

How far back is told in `storage/history.py`; in a transaction the history ends with the commit that it reads from. A rowid
makes it cheap: the other rows are not looked at.

Example: ``SELECT commit_id, operation, b FROM aerodb_history('t', 1)`` → (3, 'INSERT', 'x'), (5, 'UPDATE', 'y').
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from aerodb_dbapi.planner.modules import Choice, Constraint, ModuleColumn, TableModule, argument_choice
from aerodb_dbapi.storage.catalog import Column, Schema, Table, fold
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.history import Change, changes

_FIRST: Final = (
    ModuleColumn("commit_id", "INTEGER"),
    ModuleColumn("operation", "TEXT"),
    ModuleColumn("rowid_", "INTEGER"),
)
_LAST: Final = (ModuleColumn("aerodb_table", hidden=True), ModuleColumn("aerodb_row", hidden=True))
_ROWID: Final = 2


class History(TableModule):
    """The module of aerodb_history, of no table yet."""

    name = "aerodb_history"
    columns: tuple[ModuleColumn, ...] = (*_FIRST, *_LAST)

    def called(self, schema: Schema, arguments: Sequence[str | None]) -> TableModule:
        """The history of the table named."""
        name = arguments[0] if arguments else None
        if name is None:
            raise _no_name()
        table = schema.table(name)
        if table is None:
            raise OperationalError(f"no such table: {name}")
        return TableHistory(table)

    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """Without arguments there is nothing to read."""
        raise _no_name()

    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        """None."""
        return ()


class TableHistory(History):
    """The history of one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = (*_FIRST, *(ModuleColumn(column.name, column.type or None) for column in table.columns), *_LAST)
        self.read_as = replace(table, columns=tuple(Column(column.name) for column in self.columns), rowid_alias=None)

    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """Take the arguments, or a comparison of rowid_ in place of the second one."""
        width = len(self.columns)
        return argument_choice(constraints, (width - 2, width - 1, _ROWID), width, 100.0, 200.0)[0]

    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        """The changes, oldest first."""
        width, taken = plan
        given = dict(zip(taken, values))
        wanted = {given[column] for column in (width - 1, _ROWID) if column in given}
        if not all(_is_whole(value) for value in wanted) or len(wanted) > 1:
            return ()
        rowid = int(next(iter(wanted))) if wanted else None
        base = getattr(session.transaction, "base", None) or session.database.root
        named = given.get(width - 2, self.table.name)
        return self._shown(changes(session.database, self.table.id, rowid, base.commit_id), named, given.get(width - 1))

    def _shown(self, found: Iterator[Change], named: Any, row: Any) -> Iterator[tuple[Any, ...]]:
        names = [fold(column.name) for column in self.table.columns]
        known: tuple[Any, Any] = (None, None)
        for change in found:
            if change.table is not known[0]:
                positions = {fold(column.name): at for at, column in enumerate(change.table.columns)}
                known = change.table, _picker([positions.get(name, -1) for name in names])
            yield (*change[:3], *known[1]((*change.values, None)), named, row)


def _picker(positions: list[int]) -> Any:
    """What takes these elements of a tuple; the last one is NULL."""
    if len(positions) == 1:
        return itemgetter(slice(positions[0], positions[0] + 1 or None))
    return itemgetter(*positions)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _no_name() -> OperationalError:
    return OperationalError("the first argument of aerodb_history() must be the name of a table, as a string")
