"""Copies of queries that may stand in a statement beside the original: every source and grouping has a new id.

Example: the copy of ``SELECT x#1 FROM u#1 WHERE y#1 = a#0`` is ``SELECT x#2 FROM u#2 WHERE y#2 = a#0``: references to
sources outside the query stay.

Blocks, their tables and the blocks nested in them are copied; a query with anything else in it (compounds, VALUES,
shared or recursive CTEs, modules) is not: `copied` gives None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aerodb_dbapi.planner.expressions import Column, Expression, transform
from aerodb_dbapi.planner.query import Grouping, Join, Query, QuerySource, Select, Source, TableSource
from aerodb_dbapi.planner.rules.context import map_expressions
from aerodb_dbapi.planner.usage import SUBQUERY_NODES, query_expressions, walk_nodes, walk_queries


def copied(query: Select, new_id: Callable[[], int]) -> Select | None:
    """A copy of a block with ids of its own; None if it holds what cannot be copied."""
    if not all(_is_copyable(one) for one in walk_queries(query)):
        return None
    return _Copier(new_id).select(query)


def _is_copyable(query: Query) -> bool:
    if not isinstance(query, Select):
        return False
    sources = [join.source for join in query.joins]
    return all(
        isinstance(source, TableSource) or (isinstance(source, QuerySource) and not source.shared) for source in sources
    )


class _Copier:
    """One copy under way: `ids` are the new ids by the old ones."""

    def __init__(self, new_id: Callable[[], int]) -> None:
        self.new_id = new_id
        self.ids: dict[int, int] = {}

    def select(self, query: Select) -> Select:
        """A block's copy. Its sources come first, for its expressions refer to them."""
        joins = [Join(self._source(join.source), join.kind, list(join.on)) for join in query.joins]
        group = query.group
        if group is not None:
            self.ids[group.id] = self.new_id()
            group = Grouping(self.ids[group.id], group.keys, group.calls, group.bare, list(group.orders))
        made = replace(
            query, joins=joins, group=group, where=list(query.where), having=list(query.having),
            columns=list(query.columns), order_by=list(query.order_by), steps=None, pre_filters=[],
        )  # fmt: skip
        map_expressions(made, self._expression)
        return made

    def _source(self, source: Source) -> Source:
        made = self.ids[source.id] = self.new_id()
        if isinstance(source, TableSource):
            own = source.id
            partials = {key: [self._renamed(one, own) for one in parts] for key, parts in source.partials.items()}
            computed = {key: self._renamed(one, own) for key, one in source.computed.items()}
            return replace(source, id=made, partials=partials, computed=computed)
        assert isinstance(source, QuerySource) and isinstance(source.query, Select)
        return replace(source, id=made, query=self.select(source.query))

    def _renamed(self, expression: Expression, own: int) -> Expression:
        return transform(expression, lambda node: self._column(node) if getattr(node, "source", None) == own else node)

    def _expression(self, expression: Expression) -> Expression:
        return transform(expression, self._node)

    def _column(self, node: Expression) -> Expression:
        if node.__class__ is Column and node.source in self.ids:
            return replace(node, source=self.ids[node.source])
        return node

    def _node(self, node: Expression) -> Expression:
        if isinstance(node, SUBQUERY_NODES):
            assert isinstance(node.query, Select)
            return replace(node, query=self.select(node.query))
        return self._column(node)


def has_subqueries(query: Query) -> bool:
    """Whether an expression of the query itself holds a subquery."""
    return any(isinstance(node, SUBQUERY_NODES) for one in query_expressions(query) for node in walk_nodes(one))
