"""Limits of SQLite, enforced when a statement is compiled (https://www.sqlite.org/limits.html).

Numbers are SQLite's categories. What is counted: parameters, arguments of a call, result columns, terms of GROUP BY, ORDER BY and SET,
columns of tables and indexes, arms of a compound, depth of an expression, the length of LIKE patterns and of values that come out. The
length of texts and of values handed in is the driver's to check.

A statement whose text is so short that it cannot reach a default limit is not looked at, unless the connection has lowered one. 64
tables in a join and 127 arguments of a function, which short texts reach, are counted by the binder.

>>> check_parameters({9: 1}, [None, None])
Traceback (most recent call last):
aerodb_dbapi.OperationalError: too many SQL variables
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from aerodb_dbapi.executor.functions.text import too_big
from aerodb_dbapi.executor.lengths import measured, size
from aerodb_dbapi.executor.matching import text_of
from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable
from aerodb_dbapi.planner.definition_depth import check_depths
from aerodb_dbapi.planner.expressions import And, Call, Coalesce, Expression, Or, children
from aerodb_dbapi.planner.query import (
    Compound,
    InsertStatement,
    Query,
    Select,
    SelectStatement,
    Statement,
    UpdateStatement,
    Values,
)
from aerodb_dbapi.planner.usage import all_queries, deep_nodes, query_expressions, statement_expressions
from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.storage.errors import OperationalError

LENGTH: Final = 0
COLUMN: Final = 2
EXPRESSION_DEPTH: Final = 3
COMPOUND_SELECT: Final = 4
FUNCTION_ARGUMENTS: Final = 6
LIKE_PATTERN: Final = 8
VARIABLE_NUMBER: Final = 9
DEPTH_MAX: Final = 1000
_SLOT: Final = "variable number must be between ?1 and ?"
COLUMNS_MAX: Final = 2000
DEFAULTS: Final = {EXPRESSION_DEPTH: DEPTH_MAX, COMPOUND_SELECT: 500, COLUMN: COLUMNS_MAX}

Limits = Mapping[int, int]


def check_parameters(limits: Limits, names: list[str | None]) -> None:
    """A statement's parameters."""
    most = limits.get(VARIABLE_NUMBER, len(names))
    for name in names[most:]:
        if name is not None and name[0] == "?":
            raise OperationalError(f"{_SLOT}{most}")
    if len(names) > most:
        raise OperationalError("too many SQL variables")


def check_slot(limits: Limits, error: OperationalError) -> None:
    """The error of ``?0``, which names the limit, under a lowered one."""
    text, most = str(error), limits.get(VARIABLE_NUMBER)
    if most is not None and text.startswith(_SLOT):
        raise OperationalError(f"{_SLOT}{most}") from None


def check_definition(lowered: Limits | None, statement: Any) -> None:
    """The columns of a table or index that is being defined, and the depth of expressions in any definition."""
    most = COLUMNS_MAX if lowered is None else lowered.get(COLUMN, COLUMNS_MAX)
    if isinstance(statement, CreateTable) and len(statement.table.columns) > most:
        raise OperationalError(f"too many columns on {statement.table.name}")
    if isinstance(statement, CreateIndex) and len(statement.terms) > most:
        raise OperationalError("too many columns in index")
    check_depths(DEPTH_MAX if lowered is None else lowered.get(EXPRESSION_DEPTH, DEPTH_MAX), statement)


def check_added(lowered: Limits | None, table: Table) -> None:
    """A column that is being added to a table."""
    most = COLUMNS_MAX if lowered is None else lowered.get(COLUMN, COLUMNS_MAX)
    if len(table.columns) >= most:
        raise OperationalError(f"too many columns on sqlite_altertab_{table.name}")


def check_statement(limits: Limits, statement: Statement) -> None:
    """A bound statement's calls, columns, terms, arms and depth. Raises OperationalError with SQLite's text."""
    queries = all_queries(statement)
    expressions = [*statement_expressions(statement), *(e for query in queries for e in query_expressions(query))]
    for query in queries:
        _check_query(limits, query, isinstance(statement, InsertStatement))
    names = statement.query.names if LENGTH in limits and isinstance(statement, SelectStatement) else ()
    if any(len(name) > limits[LENGTH] for name in names):
        raise too_big()
    if COLUMN in limits:
        returning = getattr(statement, "returning", None)
        if returning is not None and len(returning.columns) > limits[COLUMN]:
            raise OperationalError("too many columns in result set")
        if isinstance(statement, UpdateStatement) and len(statement.assignments) > limits[COLUMN]:
            raise OperationalError("too many columns in set list")
    if FUNCTION_ARGUMENTS in limits:
        for expression in expressions:
            _check_calls(limits[FUNCTION_ARGUMENTS], expression)
    if EXPRESSION_DEPTH in limits:
        deepest = limits[EXPRESSION_DEPTH]
        conditions = [query.where for query in queries if isinstance(query, Select)]
        if any(_depth(e) > deepest for e in expressions) or any(_chain(one) > deepest for one in conditions):
            raise OperationalError(f"Expression tree is too large (maximum depth {deepest})")


def _check_query(limits: Limits, query: Query, is_inserted: bool) -> None:
    if COLUMN in limits:
        most = limits[COLUMN]
        if len(query.names) > most and not (is_inserted and isinstance(query, Values)):
            raise OperationalError("too many columns in result set")
        if isinstance(query, Select) and query.group is not None and len(query.group.keys) > most:
            raise OperationalError("too many terms in GROUP BY clause")
        if isinstance(query, Select | Compound) and len(query.order_by) > most:
            raise OperationalError("too many terms in ORDER BY clause")
    if COMPOUND_SELECT in limits:
        arms, left = 1, query
        while isinstance(left, Compound):
            arms, left = arms + 1, left.left
        if arms > limits[COMPOUND_SELECT]:
            raise OperationalError("too many terms in compound SELECT")


def _check_calls(most: int, expression: Expression) -> None:
    for node in deep_nodes(expression):
        if isinstance(node, Call) and len(node.arguments) > most:
            raise OperationalError(f"too many arguments on function {node.name}")
        if isinstance(node, Coalesce) and len(node.arguments) > most:
            raise OperationalError("too many arguments on function coalesce")


def _depth(expression: Expression) -> int:
    """The height of an expression's tree; AND and OR of many are chains of two each, as SQLite reads them."""
    deepest, level = 0, [(expression, 1)]
    while level:
        deepest = max(deepest, max(height for _, height in level))
        below = []
        for node, height in level:
            parts = list(children(node))
            more = max(1, len(parts) - 1) if isinstance(node, And | Or) else 1
            below += [(part, height + more) for part in parts[:1]] + [(part, height + 1) for part in parts[1:]]
        level = below
    return deepest


def _chain(conjuncts: list[Expression]) -> int:
    """The height of the AND that a WHERE was."""
    return len(conjuncts) - 1 + _depth(conjuncts[0]) if conjuncts else 0


def bounded(limits: Limits, statement: Statement, run: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled statement under lowered limits of values: LIKE patterns, and what a SELECT gives."""
    if LIKE_PATTERN in limits:
        for name in ("like_matcher", "glob_matcher"):
            run.__globals__[name] = _bounded_matcher(run.__globals__[name], limits[LIKE_PATTERN])
    if LENGTH not in limits or not isinstance(statement, SelectStatement):
        return run
    most = limits[LENGTH]

    def checked(*arguments: Any) -> Iterator[Any]:
        for row in run(*arguments):
            for value in row:
                measured(value, most)
            yield row

    return lambda *arguments: checked(*arguments)


def _bounded_matcher(make: Callable[..., Any], most: int) -> Callable[..., Any]:
    def matcher(pattern: Any, *escape: Any) -> Any:
        if pattern is not None and pattern.__class__ is not bytes and size(text_of(pattern)) > most:
            raise OperationalError("LIKE or GLOB pattern too complex")
        return make(pattern, *escape)

    return matcher
