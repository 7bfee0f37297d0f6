"""Query blocks made by the binder itself, and structural maps over bound queries.

`block` makes a `Select` that SQL did not write: the wrapper around a join, a table behind `IN t`, one column of a row
subquery.

`Mapper` rebuilds expressions, nested queries included, top-down: `change(node)` returns a replacement or None to go on
below. Two uses:
    - a finished grouping: keys, aggregates and bare columns become columns of the group's row, also inside correlated
      subqueries (`bind_group`);
    - `copy`: the same query once more, with fresh source ids, for FULL JOIN and for row-valued subqueries.
    A shared CTE is never copied nor changed: it cannot refer to the sources of the block that uses it.

Example: copying ``Select(joins=[t as 3], where=[Column(3, 0) = Column(1, 2)])`` gives ``t as 9`` and
``Column(9, 0) = Column(1, 2)``: source 1 belongs to an enclosing block and stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from aerodb_dbapi.planner.affinity import collation_of
from aerodb_dbapi.planner.expressions import (
    Binary,
    Column,
    Constant,
    Exists,
    Expression,
    InQuery,
    Parameter,
    ScalarQuery,
    child_fields,
)
from aerodb_dbapi.planner.query import (
    Compound,
    Grouping,
    Join,
    Order,
    Query,
    QuerySource,
    Recursive,
    RecursiveSource,
    Select,
    Source,
    Values,
    Windowed,
)
from aerodb_dbapi.storage.errors import InternalError

Change = Callable[[Expression], Expression | None]
AnyExpression = TypeVar("AnyExpression", bound=Expression)


def declared_type(expression: Expression) -> str | None:
    """The declared type of a plain column or of a subquery's column; None for everything else."""
    if isinstance(expression, Column):
        return expression.type
    return expression.query.types[0] if isinstance(expression, ScalarQuery) else None


def block(
    joins: list[Join],
    columns: list[Expression],
    *,
    where: list[Expression] | None = None,
    names: list[str] | None = None,
) -> Select:
    """A plain query block over the joins."""
    return Select(
        names=names if names is not None else [getattr(column, "name", "") for column in columns],
        types=[declared_type(column) for column in columns],
        affinities=[column.affinity for column in columns],
        collations=[collation_of(column) for column in columns],
        joins=joins,
        where=where if where is not None else [],
        columns=columns,
    )


class Mapper:
    """Rebuilds expressions and queries. With `fresh`, every source it meets the definition of gets a new id."""

    def __init__(self, change: Change | None = None, fresh: Callable[[], int] | None = None) -> None:
        self.change = change
        self.fresh = fresh
        self.ids: dict[int, int] = {}
        self.done: dict[int, Query] = {}

    def expression(self, node: AnyExpression) -> Any:
        """The expression, rebuilt where something below it changed."""
        return self._chain(node) if node.__class__ is Binary else self._rebuilt(node)

    def _chain(self, expression: Any) -> Any:
        """A chain of operators, which leans to the left, from its beginning on."""
        chain: list[Binary] = []
        made = None
        while expression.__class__ is Binary:
            made = None if self.change is None else self.change(expression)
            if made is not None:
                break
            chain.append(expression)
            expression = expression.left
        made = self._rebuilt(expression) if made is None else made
        for node in reversed(chain):
            right = self.expression(node.right)
            made = node if made is node.left and right is node.right else Binary(node.op, made, right)
        return made

    def _rebuilt(self, node: Any) -> Any:
        if isinstance(node, Column) and node.source in self.ids:
            return replace(node, source=self.ids[node.source])
        if self.change is not None:
            made = self.change(node)
            if made is not None:
                return made
        if isinstance(node, Column | Constant | Parameter):
            return node
        updates = {}
        for name in child_fields(node.__class__):
            old = getattr(node, name)
            new = self._value(old)
            if new is not old:
                updates[name] = new
        if isinstance(node, ScalarQuery | InQuery | Exists):
            updates["query"] = self.query(node.query)
        return replace(node, **updates) if updates else node

    def _value(self, value: Any) -> Any:
        if isinstance(value, Expression):
            return self.expression(value)
        if isinstance(value, tuple) and value:
            made = tuple(self._value(item) for item in value)
            return value if all(a is b for a, b in zip(made, value)) else made
        return value

    def expressions(self, nodes: list[AnyExpression]) -> list[Any]:
        """Each of them, rebuilt."""
        return [self.expression(node) for node in nodes]

    def query(self, query: Query) -> Query:
        """A new query object of the same meaning, its expressions rebuilt."""
        made = self.done.get(id(query))
        if made is None:
            made = self.done[id(query)] = self._query(query)
        return made

    def _query(self, query: Query) -> Query:
        if isinstance(query, Select):
            return self._select(query)
        if isinstance(query, Compound):
            return replace(query, left=self.query(query.left), right=self.query(query.right), **self._tail(query))
        if isinstance(query, Values):
            return replace(query, rows=[tuple(self.expressions(list(row))) for row in query.rows])
        if isinstance(query, Recursive):
            cte = self._defined(query.cte)
            steps = [self.query(step) for step in query.steps]
            return replace(query, cte=cte, initial=self.query(query.initial), steps=steps, **self._tail(query))
        if isinstance(query, Windowed):
            return replace(query, source=self.query(query.source))
        raise InternalError(f"unknown query {type(query).__name__}")

    def _select(self, query: Select) -> Select:
        joins = self.joins(query.joins)
        group = query.group
        if group is not None:
            keys, calls = self.expressions(group.keys), self.expressions(group.calls)
            group = Grouping(self._defined(group.id), keys, calls, self.expressions(group.bare), group.orders)
        return replace(
            query,
            joins=joins,
            where=self.expressions(query.where),
            group=group,
            columns=self.expressions(query.columns),
            having=self.expressions(query.having),
            **self._tail(query),
        )

    def joins(self, joins: list[Join]) -> list[Join]:
        """FROM items, rebuilt."""
        made = [Join(self._source(join.source), join.kind) for join in joins]
        for new, old in zip(made, joins):
            new.on = self.expressions(old.on)
        return made

    def _source(self, source: Source) -> Source:
        updates: dict[str, Any] = {"id": self._defined(source.id)}
        if isinstance(source, QuerySource) and not source.shared:
            updates["query"] = self.query(source.query)
        if isinstance(source, RecursiveSource):
            updates["cte"] = self.ids.get(source.cte, source.cte)
        return replace(source, **updates)

    def _tail(self, query: Select | Compound | Recursive) -> dict[str, Any]:
        return {
            "order_by": [self._order(term) for term in query.order_by],
            "limit": None if query.limit is None else self.expression(query.limit),
            "offset": None if query.offset is None else self.expression(query.offset),
        }

    def _order(self, term: Order) -> Order:
        made = self.expression(term.expression)
        return term if made is term.expression else replace(term, expression=made)

    def _defined(self, source: int) -> int:
        if self.fresh is None:
            return source
        made = self.ids[source] = self.fresh()
        return made


def copy_query(query: Query, fresh: Callable[[], int]) -> Query:
    """The same query with source ids of its own."""
    return Mapper(fresh=fresh).query(query)
