"""Column names in expressions: which value a name stands for.

Looked up from the inside out: in each block the columns of its entries, then the rowid's names, then the aliases of
its select list (`scope` says when these are visible; ON and arguments of table-valued functions see them too). A name
found in an enclosing block marks the scopes passed on the way as `correlated`. What nobody knows is, in this order: a
string if it was written in double quotes, else `no such column`.

An alias stands for its bound expression; one with a subquery is bound anew, for a query object belongs to one place.
An alias of an aggregate is refused where aggregates are.

Example: ``SELECT a + 1 AS k FROM t WHERE k > 2`` tests ``a + 1 > 2``; with a column k in t it would test that.
"""

from __future__ import annotations

from typing import Any

from aerodb_dbapi.planner.bind_context import DOUBLE_QUOTED, Context, Reference, fail, identifier, optional_identifier
from aerodb_dbapi.planner.expressions import NULL, Coalesce, Column, Constant, Exists, Expression, InQuery, ScalarQuery
from aerodb_dbapi.planner.lexer import ROW_KEY
from aerodb_dbapi.planner.scope import ALLOWED, FORBIDDEN, MISPLACED, ROWID_NAMES, Entry, Pending, PendingWindow, Scope
from aerodb_dbapi.planner.usage import walk_nodes
from aerodb_dbapi.storage.catalog import fold


def bind_column(context: Context, node: Any, scope: Scope) -> Expression:
    """The value of an exp.Column."""
    name = identifier(node.this)
    table, database = optional_identifier(node.args.get("table")), optional_identifier(node.args.get("db"))
    found = look_up(context, scope, name, table, database)
    if found is not None:
        if context.trace is not None:
            _note(context, node, scope, fold(name), None if table is None else fold(table))
        return found
    if table is None and node.this.name.startswith(DOUBLE_QUOTED):
        return Constant(name)
    fail(f"no such column: {'.'.join(part for part in (database, table, name) if part is not None)}")


def _note(context: Context, node: Any, scope: Scope, name: str, table: str | None) -> None:
    """Tell `Context.trace` which tables' columns a name means (ALTER TABLE rewrites it where it is one of them)."""
    assert context.trace is not None
    at: Scope | None = scope
    while at is not None:
        meant = [e for e in at.entries if name in e.positions and (table is None or e.alias == table)]
        if table is not None and not meant:
            meant = at.joined([], table, name) or []
        own = True
        if not meant and name in ROWID_NAMES and (entry := at.find_rowid(table, None)) is not None:
            meant, own = [entry], False
        for entry in meant:
            if entry.table is not None:
                database = entry.database or ""
                if own:
                    context.trace.append(Reference(node.this, entry.table.name, name, database))
                if table == entry.alias and not entry.aliased:
                    context.trace.append(Reference(node.args["table"], entry.table.name, None, database))
        at = None if meant else at.parent


def look_up(
    context: Context, scope: Scope, name: str, table: str | None = None, database: str | None = None
) -> Expression | None:
    """What a name means here or in an enclosing block; None if nothing has it."""
    key = fold(name)
    written = ".".join(part for part in (database, table, name) if part is not None)
    table, database = (None if table is None else fold(table)), (None if database is None else fold(database))
    at: Scope | None = scope
    while at is not None:
        found = _look_here(context, at, key, table, database, written, at is not scope)
        if found is not None:
            passed: Scope | None = scope
            while passed is not None and passed is not at:
                passed.correlated = True
                passed = passed.parent
            return found
        at = at.parent
    return None


def _look_here(
    context: Context, at: Scope, key: str, table: str | None, database: str | None, written: str, from_inside: bool
) -> Expression | None:
    columns = at.find(key, table, database, written)
    if columns:
        return columns[0] if len(columns) == 1 else Coalesce(tuple(columns))
    if key == ROW_KEY:
        return _row_key(at.entries[0])
    if key in ROWID_NAMES:
        entry = at.find_rowid(table, database)
        if entry is not None:
            return entry.rowid_column() or NULL
    if table is None and at.aliases and key in at.aliases:
        return _alias(context, at, key, from_inside)
    if table is None and key in at.items:
        return _coming(context, at, key)
    return None


def _coming(context: Context, at: Scope, key: str) -> Expression:
    """A select item of that alias in FROM, which is bound before the select list: each use is bound by itself."""
    items, at.items = at.items, {}
    aggregates, at.aggregates = at.aggregates, MISPLACED
    try:
        return context.expression(context, items[key], at)
    finally:
        at.items, at.aggregates = items, aggregates


def _row_key(entry: Entry) -> Expression:
    """What identifies a row of a table, with rowids or without."""
    if entry.table is None:
        return NULL
    return entry.rowid_column() or Column(entry.source, -1, "rowid", "INTEGER", None, "INTEGER")


def _alias(context: Context, at: Scope, key: str, from_inside: bool) -> Expression:
    """The select item of that alias, bound anew where it holds a subquery: a query object belongs to one place."""
    assert at.aliases is not None
    tree, bound = at.aliases[key]
    nested = False
    for node in walk_nodes(bound):
        if isinstance(node, Pending) and node.group == at.group and at.aggregates is not ALLOWED:
            if at.aggregates is FORBIDDEN:
                fail(f"misuse of aliased aggregate {key}")
            fail(at.aggregates.format(at.calls[node.position].name))
        if isinstance(node, PendingWindow) and (from_inside or not at.windows_allowed):
            fail(f"misuse of aliased window function {key}")
        nested = nested or isinstance(node, ScalarQuery | InQuery | Exists)
    if not nested:
        return bound
    aliases, at.aliases = at.aliases, None
    try:
        return context.expression(context, tree, at)
    finally:
        at.aliases = aliases
