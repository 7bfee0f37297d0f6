"""Rule ``trim_subqueries``: what nobody looks at in a subquery is not computed.

    * EXISTS asks for a row: its ORDER BY and DISTINCT go, its columns become the constant 1 (so a covering index may
      do).
    * IN asks for a set: ORDER BY and DISTINCT go; not DISTINCT under a collation that is not the comparison's, nor of values that
      are compared as text (1 and 1.0), for it keeps one of those that it takes for the same.
    * A column of a subquery in FROM that nothing refers to becomes NULL, unless DISTINCT or its own ORDER BY looks
      at it.
All only without LIMIT where order decides which rows there are; columns of a LIMITed query may still be dropped.

Example: ``EXISTS (SELECT DISTINCT * FROM u WHERE u.x = t.a ORDER BY 1)`` → ``EXISTS (SELECT 1 FROM u WHERE u.x =
t.a)``.
"""

from __future__ import annotations

from aerodb_dbapi.planner.expressions import NULL, TRUE, Constant, Exists, Expression, InQuery
from aerodb_dbapi.planner.query import OutputColumn, Query, QuerySource, Select
from aerodb_dbapi.planner.rules.context import Rewriting, distinct_matters
from aerodb_dbapi.planner.usage import columns_used, query_expressions, statement_expressions, walk_nodes

NAME = "trim_subqueries"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Trim the subqueries of the block's expressions and of its FROM."""
    changed = False
    for expression in _conditions(select, rewriting):
        for node in walk_nodes(expression):
            if isinstance(node, Exists):
                changed = _trim_set(node.query, columns=True) or changed
            elif isinstance(node, InQuery):
                changed = (not distinct_matters(node) and _trim_set(node.query, columns=False)) or changed
    sources = [join.source for join in select.joins if isinstance(join.source, QuerySource) and not join.source.shared]
    if sources:
        used = columns_used(rewriting.statement, rewriting.queries)
        for source in sources:
            changed = _drop_columns(source.query, used.get(source.id, set())) or changed
    return changed


def _conditions(select: Select, rewriting: Rewriting) -> list[Expression]:
    if len(rewriting.queries) == 1:
        return []
    found = query_expressions(select)
    if rewriting.queries[0] is select:
        found += statement_expressions(rewriting.statement)
    return found


def _trim_set(query: Query, *, columns: bool) -> bool:
    if not isinstance(query, Select) or query.limit is not None or query.offset is not None:
        return False
    changed = bool(query.order_by or query.distinct)
    query.order_by, query.distinct, query.distinct_orders = [], False, []
    if columns and not all(isinstance(one, Constant) for one in query.columns):
        query.columns = [TRUE] * len(query.columns)
        changed = True
    return changed


def _drop_columns(query: Query, used: set[int]) -> bool:
    if not isinstance(query, Select) or query.distinct:
        return False
    kept = used | {term.expression.position for term in query.order_by if isinstance(term.expression, OutputColumn)}
    changed = False
    for place, column in enumerate(query.columns):
        if place not in kept and not isinstance(column, Constant):
            query.columns[place] = NULL
            changed = True
    return changed
