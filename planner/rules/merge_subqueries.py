"""Rule ``merge_subqueries``: a plain subquery, view or CTE in FROM becomes part of the block around it.

``SELECT s.x FROM (SELECT a + 1 AS x FROM t WHERE b = 2) AS s WHERE s.x < 9`` → ``SELECT a + 1 FROM t WHERE b = 2 AND
a + 1 < 9``. The subquery's sources take its place in FROM, its WHERE is added, its columns' expressions replace
references to them, everywhere below the block. Then indexes of t can be used, and t takes part in the join order.

Legal when the subquery has no GROUP BY, HAVING, DISTINCT, LIMIT and is not shared between references, and
    * no column and no condition in it answers differently each time; a column with a subquery is referred to at most
      once;
    * its ORDER BY is absent, or becomes that of a parent that has this one source and no order or grouping of its own;
    * it has a FROM, or the parent keeps something for a LEFT JOIN to stand on;
    * on the right side of a LEFT JOIN: it has one source and every column referred to is a plain column of that
      source (NULL when nothing matches, as the reference would be); its WHERE joins the ON.
"""

from __future__ import annotations

from dataclasses import replace

from aerodb_dbapi.planner.expressions import Column, Expression
from aerodb_dbapi.planner.query import Join, Order, OutputColumn, QuerySource, Select
from aerodb_dbapi.planner.rules.context import Rewriting, column_uses
from aerodb_dbapi.planner.usage import is_deterministic, nested_queries

NAME = "merge_subqueries"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Merge every subquery in FROM that can be merged."""
    changed = False
    at = 0
    while at < len(select.joins):
        source = select.joins[at].source
        if isinstance(source, QuerySource) and _can_merge(select, at, source, rewriting):
            _merge(select, at, source, rewriting)
            changed = True
        else:
            at += 1
    return changed


def _can_merge(select: Select, at: int, source: QuerySource, rewriting: Rewriting) -> bool:
    query = source.query
    if source.shared or not isinstance(query, Select) or not is_plain(query):
        return False
    if query.order_by and not _may_take_order(select):
        return False
    conditions = [*query.where, *(one for join in query.joins for one in join.on)]
    if not all(is_deterministic(one) for one in (*query.columns, *conditions)):
        return False
    uses = column_uses(select, source.id, rewriting.outside(select))
    if -1 in uses or any(count > 1 and nested_queries(query.columns[place]) for place, count in uses.items()):
        return False
    if select.joins[at].kind == "left":
        return _fits_left(query, uses)
    return bool(query.joins) or not _leaves_left_first(select, at)


def is_plain(query: Select) -> bool:
    """Rows in, rows out: no grouping, DISTINCT or LIMIT."""
    return (
        query.group is None and not query.having and not query.distinct and query.limit is None and query.offset is None
    )


def _may_take_order(select: Select) -> bool:
    return len(select.joins) == 1 and not select.order_by and select.group is None and not select.distinct


def _fits_left(query: Select, uses: dict[int, int]) -> bool:
    if len(query.joins) != 1 or query.joins[0].on:
        return False
    own = query.joins[0].source.id
    columns = [query.columns[place] for place in uses]
    return all(isinstance(column, Column) and column.source == own for column in columns)


def _leaves_left_first(select: Select, at: int) -> bool:
    return at == 0 and len(select.joins) > 1 and select.joins[1].kind == "left"


def _merge(select: Select, at: int, source: QuerySource, rewriting: Rewriting) -> None:
    query = source.query
    assert isinstance(query, Select)
    join = select.joins[at]
    if join.kind == "left":
        made = [Join(query.joins[0].source, "left", [*join.on, *query.where])]
    else:
        made = [Join(one.source, one.kind, one.on) for one in query.joins]
        if join.kind == "cross":
            made = [replace(one, kind="cross") if one.kind == "inner" else one for one in made]
        select.where = [*join.on, *query.where, *select.where]
    if query.order_by:
        select.order_by = [_resolved(term, query.columns) for term in query.order_by]
    select.joins[at : at + 1] = made
    columns, own = query.columns, source.id

    def change(node: Expression) -> Expression:
        if node.__class__ is Column and node.source == own:
            return columns[node.position]
        return node

    rewriting.replace_everywhere(select, change)


def _resolved(term: Order, columns: list[Expression]) -> Order:
    if isinstance(term.expression, OutputColumn):
        return replace(term, expression=columns[term.expression.position])
    return term
