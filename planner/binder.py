"""The binder: names become positions, and SQL's implicit rules become explicit nodes.

`bind(parsed, schema, functions, schema_at)` takes what `parse` made of one SELECT, INSERT, UPDATE or DELETE and gives a
`Statement` of `planner.query`, over expressions of `planner.expressions`. Nothing after it needs SQL's rules of
naming, affinity, collation, joins or grouping; nothing before it knows the schema.

Parts, in the order of their imports
    bind_context       ids, resolvers, the marks in sqlglot's names
    scope              which names are visible, and what they mean
    affinity           what a comparison converts, and under which collation it compares
    bind_build         blocks of the binder's own; copying and rewriting of bound queries
    bind_names         columns
    bind_functions     calls and aggregates
    bind_expressions   all other expressions
    bind_order         ORDER BY, LIMIT
    bind_tables        names in FROM, views, CTEs
    bind_from          joins
    bind_group         GROUP BY and the rewriting after it
    bind_select        blocks, compounds, select lists
    bind_dml           INSERT, UPDATE, DELETE
    bind_views         the same on views
    bind_rows          OLD and NEW, which statements of triggers and of foreign keys see

The result is a function of (text, schema, functions): ids count up in the order of binding (INV-T1). Its errors carry
SQLite's texts. `schema_at(commit)` gives the schema for AS OF (INV-S2).

Example: ``SELECT name FROM t WHERE id = ?`` → SelectStatement(Select(joins=[Join(TableSource(id=0, table=t))],
where=[Compare('=', Column(0, 0), Parameter(0), right_apply='NUMERIC')], columns=[Column(0, 1)], names=['name'], …)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aerodb_dbapi.planner.bind_context import RESULT, VIEW, Context, Reference
from aerodb_dbapi.planner.bind_dml import bind_delete, bind_insert, bind_update
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.bind_select import bind_query
from aerodb_dbapi.planner.bind_tables import bind_view
from aerodb_dbapi.planner.bind_views import as_table, bind_view_change, view_target
from aerodb_dbapi.planner.functions import FunctionResolver
from aerodb_dbapi.planner.parse import Parsed
from aerodb_dbapi.planner.query import SelectStatement, Statement
from aerodb_dbapi.planner.scope import Environment, Scope
from aerodb_dbapi.storage.catalog import Schema, Table, View
from aerodb_dbapi.storage.errors import InternalError, OperationalError


def bind(
    parsed: Parsed,
    schema: Schema,
    functions: FunctionResolver,
    schema_at: Callable[[int], Schema],
    scope: Scope | None = None,
) -> Statement:
    """The bound form of a SELECT, INSERT, UPDATE or DELETE. `scope`: what encloses the statement (`bind_rows`)."""
    binder = _BINDERS.get(parsed.kind)
    if binder is None:
        raise InternalError(f"a statement of kind {parsed.kind!r} is not bound")
    context = Context(functions, schema_at, bind_expression, bind_query)
    try:
        inside = Scope(Environment(schema)) if scope is None else scope
        if parsed.kind != "select" and (target := view_target(parsed, schema)) is not None:
            return bind_view_change(context, parsed, inside, target)
        return binder(context, parsed, inside)
    except RecursionError:
        raise OperationalError("Expression tree is too large (maximum depth 1000)") from None


def trace_statement(
    parsed: Parsed,
    schema: Schema,
    functions: FunctionResolver,
    schema_at: Callable[[int], Schema],
    scope: Scope,
) -> list[Reference]:
    """Where a statement of a trigger names tables of the schema and their columns."""
    context = Context(functions, schema_at, bind_expression, bind_query)
    trace: list[Reference] = []
    context.trace = trace
    if parsed.kind != "select" and (target := view_target(parsed, schema)) is not None:
        bind_view_change(context, parsed, scope, target)
    else:
        _BINDERS[parsed.kind](context, parsed, scope)
    trees = [parsed.tree, *(tree for clause in parsed.upserts for tree in clause if tree is not None)]
    own = {id(node) for tree in trees for node in tree.walk()}  # CHECKs and the like are other texts
    return [one for one in trace if id(one.node) in own]


def table_of_view(
    view: View, home: Schema, schema: Schema, functions: FunctionResolver, schema_at: Callable[[int], Schema]
) -> Table:
    """A view's columns as those of a table."""
    context = Context(functions, schema_at, bind_expression, bind_query)
    return as_table(view, bind_view(context, view, view.name, Environment(schema), home)[1])


def trace_select(
    tree: Any,
    schema: Schema,
    functions: FunctionResolver,
    schema_at: Callable[[int], Schema],
) -> list[Reference]:
    """Where a query names tables of the schema and their columns."""
    context = Context(functions, schema_at, bind_expression, bind_query)
    trace: list[Reference] = []
    context.trace = trace
    bind_query(context, tree, Scope(Environment(schema, views=("",))), VIEW)
    return trace


def _bind_select(context: Context, parsed: Parsed, scope: Scope) -> Statement:
    query = bind_query(context, parsed.tree, scope, RESULT)
    return SelectStatement(query, parameters=parsed.parameters)


_BINDERS: Final[dict[str, Callable[[Context, Any, Scope], Statement]]] = {
    "select": _bind_select,
    "insert": bind_insert,
    "update": bind_update,
    "delete": bind_delete,
}
