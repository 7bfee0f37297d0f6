"""SET: the assignments of UPDATE and of ON CONFLICT DO UPDATE, spread into single columns.

`SET (a, b) = (x, y)` and `SET (a, b) = (SELECT …)` become one assignment per column; a column assigned twice takes the
last one. The rowid's names mean the INTEGER PRIMARY KEY column where there is one, else position -1.

Example: ``SET (a, b) = (1, c), a = 2`` gives ``[(1, Column c), (0, 2)]`` for a table of columns a, b, c.

Does not: apply affinities, evaluate anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from aerodb_dbapi.planner.bind_context import Context, Reference, fail, identifier, unwrap
from aerodb_dbapi.planner.bind_expressions import bind_expression, sides
from aerodb_dbapi.planner.expressions import NULL, Expression
from aerodb_dbapi.planner.scope import ROWID_NAMES, Scope
from aerodb_dbapi.storage.catalog import Table, fold

Assignments = list[tuple[int, Expression]]


def column_position(table: Table, name: str) -> int | None:
    """The position that a name in a column list or SET means; -1 for the rowid."""
    position = table.position(name)
    if position is None and fold(name) in ROWID_NAMES and not table.without_rowid:
        position = -1 if table.rowid_alias is None else table.rowid_alias
    return position


def refuse_generated(table: Table, position: int, verb: str, name: str) -> None:
    """Nothing may be given to a generated column."""
    if position >= 0 and table.columns[position].generated is not None:
        fail(f'cannot {verb} generated column "{table.columns[position].name}"')


def bind_assignments(context: Context, table: Table, items: Sequence[Any], scope: Scope) -> Assignments:
    """The assignments of a SET list, whose values see `scope`."""
    assignments: dict[int, Expression] = {}
    for item in items:
        for position, value in _assignment(context, table, item, scope):
            assignments.pop(position, None)
            assignments[position] = value
    return list(assignments.items())


def _assignment(context: Context, table: Table, item: Any, scope: Scope) -> Assignments:
    is_row = type(item.this) in (exp.Tuple, exp.Paren)  # (a) = … is a row of one
    names = item.this.expressions if type(item.this) is exp.Tuple else [unwrap(item.this)]
    single = not is_row and type(item.expression) is not exp.Tuple
    value = bind_expression(context, item.expression, scope) if single else NULL
    values = NULL if single else sides(context, item.expression, scope)
    positions = []
    for node in names:
        name = identifier(node.this if type(node) is exp.Column else node)
        position = column_position(table, name)
        if context.trace is not None:  # ALTER TABLE does not mind a column that is gone
            context.trace.append(Reference(node.this if type(node) is exp.Column else node, table.name, name))
            position = position or 0
        if position is None:
            fail(f"no such column: {name}")
        refuse_generated(table, position, "UPDATE", name)
        positions.append(position)
    if single:
        return [(positions[0], value)]
    row = [values] if isinstance(values, Expression) else values
    if len(row) != len(positions):
        if not is_row:
            fail("row value misused")
        fail(f"{len(positions)} columns assigned {len(row)} values")
    return list(zip(positions, row))
