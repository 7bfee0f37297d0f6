"""Literals that decide whether a partial index may be read.

``CREATE INDEX i ON t(a) WHERE active = 1`` serves ``SELECT … WHERE a = 5 AND active = 1``. Lifting makes ``active = ?`` of
it, which implies nothing. `wanted` finds such parameters in a bound statement: those that are compared with a column as a
constant in the condition of a partial index of that table is. A text whose literal is that constant is then compiled with
it put back (`lifting.put_back`); other literals, 5 here, stay parameters, so texts still share plans.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aerodb_dbapi.planner.expressions import Between, Column, Compare, Constant, Expression, InList, Parameter, children
from aerodb_dbapi.planner.query import Select, Statement, TableSource
from aerodb_dbapi.planner.usage import all_queries, walk_nodes

_TESTS = (Compare, Between, InList)


Kept = tuple[tuple[int, tuple[Any, ...]], ...]


def wanted(statement: Statement, lifted: int, parameters: int) -> Kept:
    """Which of the last `lifted` of `parameters` slots are such literals: (place among the lifted ones, values that
    conditions have)."""
    first = parameters - lifted
    found: dict[int, tuple[Any, ...]] = {}
    for query in all_queries(statement):
        if isinstance(query, Select):
            for source in [join.source for join in query.joins]:
                if isinstance(source, TableSource) and source.partials:
                    for slot, values in _slots(query, _constrained(source)):
                        found[slot] = found.get(slot, ()) + values
    return tuple((slot - first, found[slot]) for slot in sorted(found) if slot >= first)


def matching(kept: Kept, constants: tuple[Any, ...]) -> tuple[int, ...]:
    """The places at which the literals of a text are those of a condition."""
    return tuple(
        place for place, values in kept
        if any(constants[place] == value and constants[place].__class__ is value.__class__ for value in values)
    )  # fmt: skip


def _constrained(source: TableSource) -> dict[tuple[int, int], tuple[Any, ...]]:
    """(source, position) of the columns that the conditions of its partial indexes compare with constants: which."""
    found: dict[tuple[int, int], tuple[Any, ...]] = {}
    for node in _tests([part for parts in source.partials.values() for part in parts]):
        values = tuple(side.value for side in children(node) if isinstance(side, Constant))
        for column in children(node):
            if isinstance(column, Column) and values:
                key = (source.id, column.position)
                found[key] = found.get(key, ()) + values
    return found


def _slots(query: Select, columns: dict[tuple[int, int], tuple[Any, ...]]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The parameters that the block compares with one of the columns, each with the column's values."""
    for node in _tests([*query.where, *(one for join in query.joins for one in join.on)]):
        sides = list(children(node))
        for side in sides:
            values = columns.get((side.source, side.position)) if isinstance(side, Column) else None
            if values:
                yield from ((one.index, values) for one in sides if isinstance(one, Parameter))


def _tests(conditions: list[Expression]) -> Iterator[Expression]:
    return (node for one in conditions for node in walk_nodes(one) if isinstance(node, _TESTS))
