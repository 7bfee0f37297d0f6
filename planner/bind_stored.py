"""Expressions of definitions that are computed from a row alone: generated columns. What they may contain.

A generated column's expression sees the columns of its own row, generated ones too, and nothing else: no rowid, no
qualified names, no subqueries, no parameters, nothing whose answer changes by itself. `refuse` tells what is wrong in
SQLite's words; `place` says where (``generated columns``).

The bound expressions come without an order; `dependency_order` puts a column behind those it reads, and finds loops.

Example: ``CREATE TABLE t(a, b AS (c * 2), c AS (a + 1))`` gives {1: c * 2, 2: a + 1}, to be computed in the order [2, 1].

The conditions of partial indexes and the expressions of indexes are bound here too, for those who read a table
(`bind_indexes`).

Does not: compute, or decide when (`executor.dml_insert`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NoReturn

from sqlglot import exp

from aerodb_dbapi.planner.bind_context import Context, fail
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.expressions import (
    Call,
    Collate,
    Column,
    Exists,
    Expression,
    InQuery,
    ScalarQuery,
    conjuncts,
    transform,
    walk,
)
from aerodb_dbapi.planner.lexer import PARAMETER, tokenize
from aerodb_dbapi.planner.parse import parse_expression
from aerodb_dbapi.planner.query import TableSource
from aerodb_dbapi.planner.scope import Scope, table_entry
from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.storage.errors import OperationalError

_DATES = frozenset(("date", "datetime", "julianday", "strftime", "time", "timediff", "unixepoch"))
_CLOCKS = frozenset(("current_date", "current_time", "current_timestamp"))
_SLOW = frozenset(("sqlite_version", "sqlite_source_id", "sqlite_compileoption_get", "sqlite_compileoption_used"))
_NOT_DETERMINISTIC = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp)


def bind_generated(context: Context, table: Table, row_id: int, scope: Scope) -> dict[int, Expression]:
    """The expressions of a table's generated columns by position, over the row `row_id`."""
    made: dict[int, Expression] = {}
    for position, column in enumerate(table.columns):
        if column.generated is not None:
            made[position] = bind_stored(context, table, row_id, scope, column.generated, "generated columns")
    return made


def bind_index_values(context: Context, table: Table, row_id: int, scope: Scope) -> dict[int, Expression]:
    """The expressions of a table's indexes by their positions, over the row `row_id`."""
    made: dict[int, Expression] = {}
    for index in table.indexes:
        for column in index.columns:
            if column.expression is not None and column.position not in made:
                place = "index expressions"
                made[column.position] = bind_stored(context, table, row_id, scope, column.expression, place)
    return made


def bind_indexes(context: Context, source: TableSource, scope: Scope) -> None:
    """Give a source the conditions of its partial indexes, and the expressions that its indexes hold. What does not bind (it
    calls a function that this connection does not have) is left out: its index is not read then."""
    for index in source.table.indexes:
        if index.where is not None:
            condition = _bound(context, source, scope, index.where)
            if condition is not None:
                source.partials[index.id] = conjuncts(condition)
        for part in index.columns:
            if part.expression is not None and part.position not in source.computed:
                expression = _bound(context, source, scope, part.expression)
                while isinstance(expression, Collate):
                    expression = expression.operand
                if expression is not None and _is_steady(expression):
                    source.computed[part.position] = expression


def _bound(context: Context, source: TableSource, scope: Scope, text: str) -> Expression | None:
    inside = Scope(scope.environment)
    inside.entries.append(table_entry(source.id, source.table.name, source.table))
    trace, context.trace = context.trace, None
    try:
        return bind_expression(context, _tree(text), inside)
    except OperationalError:
        return None
    finally:
        context.trace = trace


def _is_steady(expression: Expression) -> bool:
    """Does it depend on the row, and on nothing else?"""
    calls = [node for node in walk(expression) if isinstance(node, Call)]
    if any(call.needs_session or call.needs_instant or not call.deterministic for call in calls):
        return False
    return any(isinstance(node, Column) for node in walk(expression))


def without_clock(expression: Expression, place: str) -> Expression:
    """The expression as one that must always give the same for the same row: functions of dates in it refuse the present moment and
    the time zone when they are called with them."""
    if not any(isinstance(node, Call) and node.needs_instant for node in walk(expression)):
        return expression

    def strict(node: Expression) -> Expression:
        if isinstance(node, Call) and node.needs_instant and node.name not in _CLOCKS:
            return replace(node, function=_strict(node.function, f"non-deterministic use of {node.name}() in {place}"))
        return node

    return transform(expression, strict)


def _strict(function: Callable[..., Any], message: str) -> Callable[..., Any]:
    clock = _NoClock(message)

    def call(instant: Any, *values: Any) -> Any:
        if any(value.__class__ is str and value.lower() in ("localtime", "utc") for value in values):
            clock.now()
        return function(clock, *values)

    return call


class _NoClock:
    """Stands for the instant of a run where there must be none."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message

    def now(self) -> NoReturn:
        """Refuse to tell."""
        fail(self.message)


_tree = lru_cache(maxsize=256)(parse_expression)


def bind_stored(context: Context, table: Table, row_id: int, scope: Scope, text: str, place: str) -> Expression:
    """An expression of a definition over the row `row_id`."""
    if any(token[0] == PARAMETER for token in tokenize(text)):
        fail(f"parameters prohibited in {place}")
    tree = parse_expression(text)
    if any(node.args.get("table") is not None for node in tree.find_all(exp.Column)):
        fail(f'the "." operator prohibited in {place}')
    inside = Scope(scope.environment)
    entry = table_entry(row_id, table.name, table)
    entry.rowid = entry.rowid_alias = None
    inside.entries.append(entry)
    if tree.find(exp.Select, exp.Subquery, exp.Exists) is not None:
        fail(f"subqueries prohibited in {place}")
    bound = bind_expression(context, tree, inside)
    calls = [node for node in walk(bound) if isinstance(node, Call) and node.name not in _DATES]
    changing = any(call.needs_session or not call.deterministic or call.name in _SLOW for call in calls)
    if changing or tree.find(*_NOT_DETERMINISTIC) is not None:
        fail(f"non-deterministic functions prohibited in {place}")
    if any(isinstance(node, ScalarQuery | InQuery | Exists) for node in walk(bound)):
        fail(f"subqueries prohibited in {place}")
    return without_clock(bound, "a generated column" if place == "generated columns" else "an index")


def dependency_order(table: Table, generated: dict[int, Expression]) -> list[int]:
    """The generated columns, each behind those that it reads. An error if they read each other in a circle."""
    order: list[int] = []
    waiting = sorted(generated)
    while waiting:
        left = []
        for position in waiting:
            reads = {node.position for node in walk(generated[position]) if isinstance(node, Column)}
            if reads & generated.keys() <= set(order):
                order.append(position)
            else:
                left.append(position)
        if left == waiting:
            fail(f'generated column loop on "{table.columns[left[-1]].name}"')
        waiting = left
    return order
