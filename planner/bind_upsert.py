"""ON CONFLICT: the constraint that each clause is about, and what DO UPDATE does.

Target
    The columns of a unique index in any order, or the rowid. A column written with COLLATE asks for an index under
    that collation, one without for any. A partial index needs its own condition in the target's WHERE, the same
    bound expression. No target: any constraint that no clause before names. A target that is nothing of this is
    ``ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint``.

DO UPDATE
    An `UpdateStatement` of the row that is in the way, OR ABORT whatever the INSERT says. Its expressions see that row
    under the table's name or alias, and the row that was not inserted as `excluded`, in an enclosing scope: so a
    name alone always means the table. As in SQLite the columns of `excluded` have neither affinity nor collation.
    CHECK, partial indexes and RETURNING see the new row under the source id that they have in the INSERT.

Example: ``INSERT INTO t(a, n) VALUES (?, 1) ON CONFLICT (a) DO UPDATE SET n = n + excluded.n WHERE n < 9`` gives
``Upsert(index=<unique index on a>, update=<SET n>, where=[n < 9], excluded_id=3)``.

Does not: order the tests (`executor.dml_insert` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aerodb_dbapi.planner.bind_assign import bind_assignments
from aerodb_dbapi.planner.bind_build import block
from aerodb_dbapi.planner.bind_context import Context, fail, ordinal
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.expressions import Collate, Column, Expression, conjuncts
from aerodb_dbapi.planner.query import InsertStatement, Join, TableSource, UpdateStatement, Upsert
from aerodb_dbapi.planner.scope import Described, Entry, Scope, table_entry
from aerodb_dbapi.storage.catalog import Index, Table, fold


def bind_upserts(
    context: Context, clauses: Sequence[tuple[Any, Any]], statement: InsertStatement, name: str, outer: Scope
) -> list[Upsert]:
    """The ON CONFLICT clauses of an INSERT whose table is known as `name`; `outer` sees the statement's WITH."""
    made = []
    for number, (target, _) in enumerate(clauses, 1):
        which = f"{ordinal(number)} " if len(clauses) > 1 else ""
        index = None if target is None else _target(context, target, statement, name, outer, which)
        made.append(Upsert(index, target is None))
    for upsert, (_, update) in zip(made, clauses):
        if update is not None:
            _bind_update(context, update, upsert, statement, name, outer)
    return made


def _row_scope(table: Table, row_id: int, name: str, outer: Scope) -> Scope:
    scope = outer.inner()
    scope.entries.append(table_entry(row_id, name, table, outer.environment.schema.owner(table).database))
    return scope


# --- targets ----------------------------------------------------------------------------------------------------------


def _target(
    context: Context, target: Any, statement: InsertStatement, name: str, outer: Scope, which: str
) -> Index | None:
    """The unique index that a target names, None for the rowid."""
    table = statement.table
    scope = _row_scope(table, statement.row_id, name, outer)
    columns = [bind_expression(context, node, scope) for node in target.expressions]
    clause = target.args.get("where")
    where = None if clause is None else bind_expression(context, clause.this, scope)
    first = columns[0]
    if len(columns) == 1 and isinstance(first, Column) and first.position in (-1, table.rowid_alias):
        return None
    for index in reversed(table.indexes):
        if index.unique and len(index.columns) == len(columns) and _is_meant(index, columns, where, statement):
            return index
    if context.trace is not None:
        return None
    fail(f"{which}ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint")


def _is_meant(index: Index, columns: list[Expression], where: Expression | None, statement: InsertStatement) -> bool:
    if any(part.position == statement.table.rowid_alias for part in index.columns):
        return False  # SQLite knows the column as the rowid alone
    condition = statement.index_filters.get(index.id)
    if condition is not None and condition != where:
        return False
    named = [_column(column) for column in columns]
    return all(
        any(
            position == part.position and (collation is None or fold(collation) == fold(part.collation))
            for position, collation in named
        )
        or (part.expression is not None and statement.index_values[part.position] in columns)
        for part in index.columns
    )


def _column(expression: Expression) -> tuple[int | None, str | None]:
    """The position of a target's column (None if it is no column) and its written collation."""
    collation = None
    if isinstance(expression, Collate):
        collation, expression = expression.name, expression.operand
    return (expression.position if isinstance(expression, Column) else None), collation


# --- DO UPDATE --------------------------------------------------------------------------------------------------------


def _bind_update(
    context: Context, tree: Any, upsert: Upsert, statement: InsertStatement, name: str, outer: Scope
) -> None:
    table = statement.table
    upsert.excluded_id = context.next_id()
    around = outer.inner()
    around.entries.append(_excluded_entry(upsert.excluded_id, table))
    source = TableSource(id=context.next_id(), name=name, table=table)
    context.stored.add(source.id)
    scope = _row_scope(table, source.id, name, around)
    assignments = bind_assignments(context, table, tree.expressions, scope)
    clause = tree.args.get("where")
    if clause is not None:
        upsert.where = conjuncts(bind_expression(context, clause.this, scope))
    upsert.update = UpdateStatement(
        table, block([Join(source)], []), source.id, statement.row_id, assignments, "ABORT", statement.checks,
        statement.returning, statement.index_filters, generated=statement.generated,
        index_values=statement.index_values,
    )  # fmt: skip


def _excluded_entry(source: int, table: Table) -> Entry:
    """The entry of the row that was not inserted."""

    def describe(position: int) -> Described:
        return table.columns[position].name, None, None, None

    entry = Entry(source, "excluded", table.positions, len(table.columns), describe)
    entry.rowid = None if table.without_rowid else -1
    entry.rowid_alias = table.rowid_alias
    entry.table, entry.aliased = table, True
    return entry
