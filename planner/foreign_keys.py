"""Foreign keys against a schema: which index of the parent answers, which statements they concern, and their own statements.

A foreign key is declared by names (`catalog.ForeignKey`). `resolve` pairs each child column with a parent column:

    the parent key is            child columns are looked up in
    the INTEGER PRIMARY KEY      the parent's table, by rowid
    anything else                a unique index over exactly these columns, not partial, under the columns' own collations

With no such index it fails as SQLite does: ``foreign key mismatch - "c" referencing "p"``; and with no parent table:
``no such table: main.p``. Neither is an error of the definition, only of the statements that need the key.

Statements
    `scan_text` counts the child rows of a parent row OLD, `action_text` is what ON DELETE or ON UPDATE does to them. Both are
    SQL over OLD and NEW (`bind_rows`); children are compared under the collation of the parent's column.

Example: ``CREATE TABLE c(x REFERENCES p(k) ON DELETE CASCADE)``, p.k UNIQUE: pairs ((0, 0),), and behind DELETE FROM p
    ``DELETE FROM "c" WHERE old."k" = "x"``.

Order, as SQLite's: of several keys the one declared last comes first.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from aerodb_dbapi.planner.scope import ROWID_NAMES
from aerodb_dbapi.storage.catalog import ForeignKey, Index, Schema, Table, fold
from aerodb_dbapi.storage.errors import OperationalError

NO_ACTION: Final = "NO ACTION"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key with its tables. `index` is None where the parent key is the rowid; `pairs` are (child position, parent
    position), in the order of the index."""

    child: Table
    key: ForeignKey
    parent: Table
    index: Index | None
    pairs: tuple[tuple[int, int], ...]

    @property
    def is_own(self) -> bool:
        """Does the table refer to itself?"""
        return self.child.id == self.parent.id


def keys_of(table: Table) -> tuple[ForeignKey, ...]:
    """The keys of a child table."""
    return tuple(reversed(table.foreign_keys))


def keys_to(schema: Schema, table: Table) -> list[tuple[Table, ForeignKey]]:
    """The keys that refer to a table, with their child tables."""
    name = fold(table.name)
    found = [(child, key) for child in schema.tables.values() for key in child.foreign_keys if fold(key.table) == name]
    found.reverse()
    return found


def resolve(schema: Schema, child: Table, key: ForeignKey) -> Reference:
    """The reference of a key; OperationalError if the parent table or a fitting index is missing."""
    parent = schema.table(key.table)
    if parent is None and schema.view(key.table) is None:
        raise OperationalError(f"no such table: {schema.database or 'main'}.{key.table}")
    made = None if parent is None else resolve_in(child, key, parent)
    if made is None:
        raise OperationalError(f'foreign key mismatch - "{child.name}" referencing "{key.table}"')
    return made


def resolve_in(child: Table, key: ForeignKey, parent: Table) -> Reference | None:
    """The reference of a key to its parent table; None if no index of it fits."""
    alias = parent.rowid_alias if len(key.columns) == 1 else None
    if alias is not None and (key.to is None or fold(key.to[0]) == fold(parent.columns[alias].name)):
        return Reference(child, key, parent, None, ((key.columns[0], alias),))
    for index in reversed(parent.indexes):
        if not index.unique or index.where is not None or len(index.columns) != len(key.columns):
            continue
        pairs = _pairs(key, parent, index)
        if pairs is not None:
            return Reference(child, key, parent, index, pairs)
    return None


def _pairs(key: ForeignKey, parent: Table, index: Index) -> tuple[tuple[int, int], ...] | None:
    if key.to is None:
        if index.origin != "pk":
            return None
        return tuple(zip(key.columns, (part.position for part in index.columns)))
    named = {fold(name): column for column, name in reversed(list(zip(key.columns, key.to)))}
    pairs = []
    for part in index.columns:
        column = parent.columns[part.position] if part.position >= 0 else None
        if column is None or fold(part.collation) != fold(column.collation) or fold(column.name) not in named:
            return None
        pairs.append((named[fold(column.name)], part.position))
    return tuple(pairs)


# --- which statements a key concerns ------------------------------------------------------------------------------------


def child_is_changed(child: Table, key: ForeignKey, assigned: Container[int]) -> bool:
    """May an UPDATE that assigns these positions (-1: the rowid) change a child key?"""
    return any(_is_assigned(child, position, assigned) for position in key.columns)


def parent_is_changed(parent: Table, key: ForeignKey, assigned: Container[int]) -> bool:
    """May an UPDATE that assigns these positions change a parent key?"""
    if key.to is None:
        return any(_is_assigned(parent, p, assigned) for p, column in enumerate(parent.columns) if column.primary_key)
    named = [parent.position(name) for name in key.to]
    return any(position is not None and _is_assigned(parent, position, assigned) for position in named)


def _is_assigned(table: Table, position: int, assigned: Container[int]) -> bool:
    return position in assigned or (position == table.rowid_alias and -1 in assigned)


# --- the statements of a key --------------------------------------------------------------------------------------------


def quoted(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def scan_text(reference: Reference, row: str) -> str:
    """Counts the children of a row `old` or `new`; where a table refers to itself, not the row `old` itself."""
    where = _children(reference, row)
    if reference.is_own and row == "old":
        where += f" AND {_is_other(reference.child)}"
    return f"SELECT count(*) FROM {quoted(reference.child.name)} WHERE {where}"


def _is_other(table: Table) -> str:
    """The condition that a row is not the row `old` itself."""
    if table.without_rowid:
        names = [quoted(column.name) for column in table.columns if column.primary_key]
        return f"NOT ({' AND '.join(f'old.{name} = {name}' for name in names)})"
    rowid = next((name for name in sorted(ROWID_NAMES) if name not in table.positions), None)
    return "1" if rowid is None else f"{rowid} <> old.{rowid}"


def _children(reference: Reference, row: str) -> str:
    child, parent = reference.child.columns, reference.parent.columns
    return " AND ".join(f"{row}.{quoted(parent[p].name)} = {quoted(child[c].name)}" for c, p in reference.pairs)


def action_text(reference: Reference, action: str, event: str) -> str:
    """What an action does to the children of a row: `event` is 'delete' or 'update'. SET DEFAULT is written as SET NULL; its
    values are those of an INSERT without any."""
    child, parent = reference.child.columns, reference.parent.columns
    name, where = quoted(reference.child.name), _children(reference, "old")
    if action == "RESTRICT":
        return f"SELECT 1 FROM {name} WHERE {where} LIMIT 1"
    if action == "CASCADE" and event == "delete":
        return f"DELETE FROM {name} WHERE {where}"
    cascades = action == "CASCADE"
    sets = [
        f"{quoted(child[c].name)} = {'new.' + quoted(parent[p].name) if cascades else 'NULL'}"
        for c, p in reference.pairs
    ]
    return f"UPDATE {name} SET {', '.join(sets)} WHERE {where}"
