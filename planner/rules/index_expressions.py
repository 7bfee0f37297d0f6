"""Rule ``index_expressions``: an expression that an index of the table holds is read as if it were a column of it.

``CREATE INDEX i ON t(lower(name))`` and ``WHERE lower(name) = ?`` → ``WHERE [lower(name)] = ?``, where [x] is an `Indexed`: x at the
position that the index's part has. From there on access paths, orders, min() and max(), and covering indexes treat it as a
column; where the row is read from elsewhere it is computed as it was written.

The expression must be the index's own, node by node, as both were bound: the same columns, functions and constants, no others that
mean the same. It comes first among the rules, so that no other has changed one of them. Calls that ask for the instant of
the run (``date(x)``: x may be 'now') are computed anew for each statement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aerodb_dbapi.planner.expressions import Expression, Indexed, child_fields
from aerodb_dbapi.planner.query import Select, TableSource
from aerodb_dbapi.planner.rules.context import Rewriting, map_expressions
from aerodb_dbapi.planner.usage import same

NAME = "index_expressions"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Mark the indexed expressions of the block's tables, in the conditions of their partial indexes too."""
    marks = _Marks()
    sources = [join.source for join in select.joins]
    for source in sources:
        if isinstance(source, TableSource):
            for position, expression in source.computed.items():
                marks.known.setdefault(expression, position)
    if not marks.known:
        return False
    map_expressions(select, marks.mark)
    if marks.count:
        for source in sources:
            if isinstance(source, TableSource):
                source.partials = {key: [marks.mark(one) for one in parts] for key, parts in source.partials.items()}
    return marks.count > 0


class _Marks:
    """The positions of expressions, and how many have been marked."""

    def __init__(self) -> None:
        self.known: dict[Expression, int] = {}
        self.count = 0

    def mark(self, expression: Expression) -> Expression:
        """The expression with the largest indexed ones below it marked; nested queries are not entered."""
        if expression.__class__ is Indexed:
            return expression
        position = self.known.get(expression)
        if position is not None and any(same(expression, one) for one in self.known):
            self.count += 1
            return Indexed(expression, position)
        changes: dict[str, Any] = {}
        for name in child_fields(expression.__class__):
            before = getattr(expression, name)
            after = self._value(before)
            if after is not before:
                changes[name] = after
        return replace(expression, **changes) if changes else expression  # type: ignore[type-var]

    def _value(self, value: Any) -> Any:
        if isinstance(value, Expression):
            return self.mark(value)
        if isinstance(value, tuple) and value:
            made = tuple(self._value(item) for item in value)
            return value if all(one is other for one, other in zip(made, value)) else made
        return value
