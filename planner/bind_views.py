"""INSERT, UPDATE and DELETE on views: what their INSTEAD OF triggers get to see.

A view has no rows to change, so all that such a statement does is to fire triggers, once for each row. What is bound here is a query
that gives these rows, all of them before the first trigger fires:

    INSERT    the values given, in the order of `targets`
    DELETE    the rows of the view that WHERE finds
    UPDATE    the same, each followed by the values that SET gives

The view is a source like any other view in FROM, so conditions sink into it and its indexes are used. Without a trigger for the event
(for UPDATE OF: for one of its columns) the view cannot be modified. ORDER BY and LIMIT are those of the query; UPDATE … FROM fires
for each row of the join, as in SQLite: rows of a view have nothing that tells them apart. Constraints do not
exist, so OR clauses only reach the statements of the trigger, and ON CONFLICT is refused.

Example: over ``CREATE VIEW v AS SELECT id, name FROM t`` the statement ``UPDATE v SET name = 'x' WHERE id = 7`` is
``ViewStatement(event='update', query=<SELECT v.id, v.name, 'x' FROM v WHERE id = 7>, targets=[1])``.

Does not: fire anything (`executor.views`).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from aerodb_dbapi.planner.bind_assign import bind_assignments
from aerodb_dbapi.planner.bind_build import block
from aerodb_dbapi.planner.bind_context import SOURCE, Context, fail, identifier, optional_identifier, unwrap
from aerodb_dbapi.planner.bind_dml import (
    bind_returning,
    insert_targets,
    refuse_view,
    single_values,
    update_from,
    written_name,
)
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.bind_limited import limited_query
from aerodb_dbapi.planner.bind_order import Arm, bind_limits, select_order
from aerodb_dbapi.planner.bind_select import bind_query
from aerodb_dbapi.planner.bind_tables import bind_view, with_scope
from aerodb_dbapi.planner.expressions import Expression, conjuncts
from aerodb_dbapi.planner.parse import Parsed
from aerodb_dbapi.planner.query import Join, Values, ViewStatement
from aerodb_dbapi.planner.scope import Entry, Environment, Scope
from aerodb_dbapi.storage.catalog import Column, Schema, Table, View, fold

Target = tuple[View, Schema, Any]


def view_target(parsed: Parsed, schema: Schema) -> Target | None:
    """The view that a statement writes, its schema and the node that names it; None if it is a table or nothing."""
    node = parsed.tree.this
    if type(node) is exp.Schema:
        node = node.this
    name, database = identifier(node.this), optional_identifier(node.args.get("db"))
    home = schema.holding(name) if database is None else schema.named(database)
    view = None if home is None or home.table(name) is not None else home.view(name)
    return None if view is None or home is None else (view, home, node)


def bind_view_change(context: Context, parsed: Parsed, scope: Scope, target: Target) -> ViewStatement:
    """INSERT, UPDATE or DELETE on a view."""
    view, home, node = target
    environment = scope.environment
    alias = node.args.get("alias")
    name = view.name if alias is None else identifier(alias.this)
    seen = Environment(environment.schema, environment.as_of, environment.views)
    source, entry = bind_view(context, view, name, seen, home)
    entry.null_rowid = False
    _refuse_without_trigger(parsed, view, home)
    if node.args.get("indexed"):
        fail(f"no such index: {identifier(node.args['indexed'].this)}")
    table = as_table(view, entry)
    outer = with_scope(context, parsed.tree, scope)
    row_id = context.next_id()
    context.stored.add(row_id)
    made = ViewStatement(
        table,
        parsed.kind,
        Values([], [], [], [], [()]),
        [],
        row_id,
        parsed.conflict or "",
        parameters=parsed.parameters,
    )
    if parsed.kind == "insert":
        _bind_rows(context, parsed, made, outer)
    else:
        _bind_found(context, parsed, made, Join(source), entry, outer)
    made.returning = bind_returning(context, parsed.tree, table, row_id, outer)
    return made


def _refuse_without_trigger(parsed: Parsed, view: View, home: Schema) -> None:
    named: set[str] = set()
    if parsed.kind == "update":
        for item in parsed.tree.expressions:
            names = item.this.expressions if type(item.this) is exp.Tuple else [unwrap(item.this)]
            named.update(fold(identifier(one.this if type(one) is exp.Column else one)) for one in names)
    for trigger in home.triggers_on(view.name):
        if trigger.event == parsed.kind and (
            trigger.columns is None or parsed.kind != "update" or not named.isdisjoint(map(fold, trigger.columns))
        ):
            return
    refuse_view(view)


def as_table(view: View, entry: Entry) -> Table:
    """A table of the view's columns. It has the view's number, and no tree."""
    columns = []
    for position in range(entry.width):
        name, affinity, collation, type_ = entry.describe(position)
        columns.append(Column(name, type_ or "", affinity or "BLOB", collation or "BINARY"))
    return Table(view.id, view.name, view.id, tuple(columns), positions=entry.positions)


def _bind_rows(context: Context, parsed: Parsed, made: ViewStatement, outer: Scope) -> None:
    """The rows of an INSERT."""
    tree = parsed.tree
    if parsed.upserts:
        fail("cannot UPSERT a view")
    if tree.args.get("default"):
        return
    written = tree.this
    named = [identifier(name) for name in written.expressions] if type(written) is exp.Schema else None
    query = bind_query(context, tree.expression, outer, SOURCE)
    target = written.this if named is not None else written
    targets = insert_targets(made.table, named, len(query.names), written_name(target))
    made.targets, made.query = single_values(context, targets, query)


def _bind_found(
    context: Context, parsed: Parsed, made: ViewStatement, join: Join, entry: Entry, outer: Scope
) -> None:  # fmt: skip
    """The rows of the view that UPDATE and DELETE find, with what SET makes of them."""
    tree = parsed.tree
    inner = outer.inner()
    inner.entries.append(entry)
    joins, where = [join], []
    if tree.args.get("from_") is not None:
        piece = update_from(context, tree.args["from_"], tree, inner, entry.name)
        joins, where = joins + piece.joins, piece.where
    condition, limited = tree.args.get("where"), None
    if condition is not None and (limited := limited_query(condition.this)) is not None:
        condition = limited.args.get("where")
    if condition is not None:
        where = where + conjuncts(bind_expression(context, condition.this, inner))
    assignments = bind_assignments(context, made.table, tree.expressions, inner) if parsed.kind == "update" else []
    made.targets = [position for position, _ in assignments]
    columns: list[Expression] = [entry.column(position) for position in range(entry.width)]
    columns += [value for _, value in assignments]
    query = block(joins, columns, where=where)
    if limited is not None:
        query.order_by = select_order(context, limited.args.get("order"), Arm(inner, columns, {}))
        query.limit, query.offset = bind_limits(context, limited, inner)
    made.query = query
