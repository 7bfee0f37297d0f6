"""Limits that a connection has lowered, enforced when a statement is compiled (https://www.sqlite.org/limits.html).

Numbers are SQLite's categories. What is counted: parameters, arguments of a call, result columns, arms of a compound, depth of an
expression. The length of texts and values is the driver's to check. A session whose `limits` is None never comes here.

>>> check_parameters({9: 1}, 2)
Traceback (most recent call last):
aerodb_dbapi.OperationalError: too many SQL variables
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aerodb_dbapi.planner.expressions import Call, Expression, children
from aerodb_dbapi.planner.query import Compound, Query, Statement
from aerodb_dbapi.planner.usage import all_queries, deep_nodes, query_expressions, statement_expressions
from aerodb_dbapi.storage.errors import OperationalError

DEPTH_MAX: Final = 1000
COLUMN: Final = 2
EXPRESSION_DEPTH: Final = 3
COMPOUND_SELECT: Final = 4
FUNCTION_ARGUMENTS: Final = 6
VARIABLE_NUMBER: Final = 9

Limits = Mapping[int, int]


def check_parameters(limits: Limits, count: int) -> None:
    """The number of a statement's parameters."""
    if count > limits.get(VARIABLE_NUMBER, count):
        raise OperationalError("too many SQL variables")


def check_statement(limits: Limits, statement: Statement) -> None:
    """A bound statement's calls, columns, arms and depth. Raises OperationalError with SQLite's text."""
    queries = all_queries(statement)
    expressions = [*statement_expressions(statement), *(e for query in queries for e in query_expressions(query))]
    for query in queries:
        _check_query(limits, query)
    if FUNCTION_ARGUMENTS in limits:
        for expression in expressions:
            _check_calls(limits[FUNCTION_ARGUMENTS], expression)
    if EXPRESSION_DEPTH in limits:
        deepest = limits[EXPRESSION_DEPTH]
        if any(_depth(expression) > deepest for expression in expressions):
            raise OperationalError(f"Expression tree is too large (maximum depth {deepest})")


def _check_query(limits: Limits, query: Query) -> None:
    if COLUMN in limits and len(query.names) > limits[COLUMN]:
        raise OperationalError("too many columns in result set")
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


def _depth(expression: Expression) -> int:
    """The height of an expression's tree."""
    deepest, level = 0, [expression]
    while level:
        deepest += 1
        level = [child for node in level for child in children(node)]
    return deepest
