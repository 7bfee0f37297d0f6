"""Subtypes: how the result of a JSON function is known as JSON when it becomes the argument of another one.

``json_array('[1]')`` holds a text, ``json_array(json('[1]'))`` an array. SQLite marks the value with a subtype, which is
lost when the value is stored, and elsewhere is of no consequence. Here the mark is a class, `JsonText`, and such a value
exists only on its way from one call to the next: the binder looks at each argument of a function that asks for subtypes
(`ScalarFunction.takes_subtypes`), and where the value comes from a function that gives JSON, that call is replaced by one
of its `tagged` form. No other part of a statement ever meets a `JsonText`.

Through what is a value followed?
    CASE, coalesce() and iif(), COLLATE, unary plus: into the branches;
    an aggregate of the same block: json_group_array(), json_group_object(), with OVER or without;
    a scalar subquery;
    a column of a table-valued function that says so (`TableModule.json_type`);
    not through a subquery, view or CTE in FROM, as in SQLite.

Example: ``json_object('a', coalesce(x, json('[]')))`` → Call(json_object, ('a', Coalesce((x, Call(json tagged))))).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from aerodb_dbapi.planner.bind_context import Context
from aerodb_dbapi.planner.expressions import (
    AggregateCall,
    Call,
    Case,
    Coalesce,
    Collate,
    Column,
    Expression,
    ScalarQuery,
    Unary,
)
from aerodb_dbapi.planner.functions import JsonText
from aerodb_dbapi.planner.query import ModuleSource, Query, Select, arms
from aerodb_dbapi.planner.scope import Pending, PendingWindow, Scope

__all__ = ["JsonText", "subtyped"]


def as_json(value: Any) -> Any:
    """Mark a text as JSON."""
    return JsonText(value) if value.__class__ is str else value


_CONTAINERS: Final = frozenset(("array", "object"))


def as_json_if(value: Any, kind: Any) -> Any:
    """Mark a text as JSON if its type, in another column, is one of a container."""
    return JsonText(value) if value.__class__ is str and kind in _CONTAINERS else value


def _marked(expression: Expression) -> Call:
    return Call("json subtype", (expression,), as_json, True, False)


def subtyped(context: Context, scope: Scope, node: Expression) -> Expression:
    """An argument as a function sees it that asks for subtypes."""
    if isinstance(node, Call):
        found = context.functions.scalar(node.name, len(node.arguments))
        if found is None or found.tagged is None or found.call is not node.function:
            return node
        return replace(node, function=found.tagged)
    if isinstance(node, Case):
        branches = tuple((condition, subtyped(context, scope, value)) for condition, value in node.branches)
        return replace(node, branches=branches, otherwise=subtyped(context, scope, node.otherwise))
    if isinstance(node, Coalesce):
        return replace(node, arguments=tuple(subtyped(context, scope, one) for one in node.arguments))
    if isinstance(node, Collate) or (isinstance(node, Unary) and node.op == "+"):
        return replace(node, operand=subtyped(context, scope, node.operand))
    if isinstance(node, Column):
        return _column(context, node)
    if isinstance(node, ScalarQuery):
        return _scalar_query(context, scope, node)
    if isinstance(node, Pending) and _pending_is_json(context, scope, node):
        return _marked(node)
    if isinstance(node, PendingWindow) and _window_is_json(scope, node):
        return _marked(node)
    return node


def _column(context: Context, node: Column) -> Expression:
    source = context.sources.get(node.source)
    other = source.module.json_type(node.position) if isinstance(source, ModuleSource) else None
    if other is None:
        return node
    return Call("json subtype", (node, replace(node, position=other)), as_json_if, True, False)


def _scalar_query(context: Context, scope: Scope, node: ScalarQuery) -> Expression:
    query = node.query
    if _query_is_json(context, query, 0):
        return _marked(node)
    if isinstance(query, Select) and query.group is None and not query.distinct and not query.order_by:
        query.columns[0] = subtyped(context, scope, query.columns[0])
    return node


def _query_is_json(context: Context, query: Query, position: int) -> bool:
    """Whether a column of a query is JSON in each row."""
    return all(
        isinstance(arm, Select) and _certain(context, arm.columns[position], arm) for arm in arms(query)
    )  # fmt: skip


def _certain(context: Context, node: Expression, block: Select | None) -> bool:
    """Whether a value is JSON whenever it is not NULL."""
    if isinstance(node, Call):
        found = context.functions.scalar(node.name, len(node.arguments))
        return found is not None and found.call is node.function and found.always_json
    if isinstance(node, Column):
        group = None if block is None else block.group
        if group is not None and node.source == group.id:
            calls = node.position - len(group.keys)
            if not 0 <= calls < len(group.calls):
                return calls < 0 and _certain(context, group.keys[node.position], None)
            return _call_is_json(context, group.calls[calls])
        return False
    if isinstance(node, ScalarQuery):
        return _query_is_json(context, node.query, 0)
    return False


def _pending_is_json(context: Context, scope: Scope | None, node: Pending) -> bool:
    while scope is not None:
        if scope.group == node.group:
            return _call_is_json(context, scope.calls[node.position])
        scope = scope.parent
    return False


def _window_is_json(scope: Scope | None, node: PendingWindow) -> bool:
    while scope is not None:
        if scope.windows == node.windows:
            return scope.uses[node.position].function.always_json
        scope = scope.parent
    return False


def _call_is_json(context: Context, call: AggregateCall) -> bool:
    found = context.functions.aggregate(call.name, len(call.arguments))
    return found is not None and found.factory is call.factory and found.always_json
