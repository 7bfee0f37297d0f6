"""Rule ``push_down``: a condition on a subquery's columns is tested inside the subquery.

``SELECT * FROM (SELECT k, count(*) FROM t GROUP BY k) AS s WHERE s.k = 3`` → the condition becomes ``t.k = 3`` below
the grouping, where an index answers it and the other groups are never made.

A conjunct moves (it is not copied) when it refers to this source alone, answers always the same and holds no
subquery, and
    * the join is inner (conjuncts of WHERE and inner ON), or LEFT (conjuncts of its own ON);
    * the query is not a shared CTE, and has no LIMIT: fewer rows would be cut elsewhere;
    * below GROUP BY: all columns in it are group keys;
    * into a compound: every arm can take it, each with the arm's own columns.
DISTINCT, GROUP BY, UNION, INTERSECT and EXCEPT take values for the same that are only equal (1 and 1.0; 'a' and 'A'
under NOCASE) and keep one of them. Past these a condition moves only if it cannot tell such values apart: columns
occur in it as operands of comparisons, IN, BETWEEN or IS NULL, not converted to text, under the same collation (or
the merging was BINARY).

What comparisons convert is decided already (`left_apply` and so on), so that another column's affinity in an arm
does not change the meaning; whether an index of that column can answer is decided in `planner.terms`.
"""

from __future__ import annotations

from collections.abc import Sequence

from aerodb_dbapi.planner.expressions import Between, Column, Compare, Expression, InList, IsNull, children
from aerodb_dbapi.planner.query import Compound, Grouping, Join, Query, QuerySource, Select, arms
from aerodb_dbapi.planner.rules.context import Rewriting, substitute
from aerodb_dbapi.planner.usage import is_deterministic, nested_queries, sources_in, walk_nodes

NAME = "push_down"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Push what can be pushed into each subquery of FROM."""
    changed = False
    for join in select.joins:
        source = join.source
        if isinstance(source, QuerySource) and not source.shared:
            changed = _push_into(select, join, source) or changed
    return changed


def _push_into(select: Select, join: Join, source: QuerySource) -> bool:
    if join.kind == "left":
        join.on, moved = _split(join.on, source)
        return moved
    select.where, changed = _split(select.where, source)
    for other in select.joins:
        if other.kind != "left" and other.on:
            other.on, moved = _split(other.on, source)
            changed = changed or moved
    return changed


def _split(conjuncts: list[Expression], source: QuerySource) -> tuple[list[Expression], bool]:
    kept = []
    for conjunct in conjuncts:
        if _is_movable(conjunct, source.id) and accepts(source.query, conjunct, source.id):
            push(source.query, conjunct, source.id)
        else:
            kept.append(conjunct)
    return kept, len(kept) != len(conjuncts)


def _is_movable(conjunct: Expression, source: int) -> bool:
    return sources_in(conjunct) == {source} and not nested_queries(conjunct) and is_deterministic(conjunct)


def accepts(query: Query, conjunct: Expression, source: int) -> bool:
    """Whether a query's rows may be filtered before they are made."""
    if isinstance(query, Compound):
        if query.limit is not None or query.offset is not None:
            return False
        orders = _merging_orders(query)
        if orders is not None and not cannot_tell(conjunct, source, orders):
            return False
        return all(isinstance(arm, Select) and accepts(arm, conjunct, source) for arm in arms(query))
    if not isinstance(query, Select) or query.limit is not None or query.offset is not None:
        return False
    places = _places(conjunct, source)
    values = [query.columns[place] for place in places if place >= 0]
    if -1 in places or not all(is_deterministic(value) and not nested_queries(value) for value in values):
        return False
    if query.distinct and not cannot_tell(conjunct, source, query.distinct_orders):
        return False
    return query.group is None or _fits_keys(query, query.group, conjunct, source)


def _merging_orders(query: Query) -> list[str] | None:
    """The collations by which a compound merges equal rows; None if it is UNION ALL throughout."""
    if not isinstance(query, Compound):
        return None
    if query.op.upper() != "UNION ALL":
        return query.orders
    left = _merging_orders(query.left)
    return _merging_orders(query.right) if left is None else left


def _places(conjunct: Expression, source: int) -> set[int]:
    return {node.position for node in walk_nodes(conjunct) if isinstance(node, Column) and node.source == source}


def _fits_keys(query: Select, group: Grouping, conjunct: Expression, source: int) -> bool:
    orders = ["BINARY"] * len(query.columns)
    for place in _places(conjunct, source):
        column = query.columns[place]
        if not isinstance(column, Column) or column.source != group.id or column.position >= len(group.keys):
            return False
        key = group.keys[column.position]
        if nested_queries(key) or not is_deterministic(key):
            return False
        orders[place] = group.orders[column.position]
    return cannot_tell(conjunct, source, orders)


def cannot_tell(condition: Expression, source: int, orders: Sequence[str]) -> bool:
    """Whether a condition gives the same for values of the source's columns that are equal under `orders`."""
    if isinstance(condition, Column):
        return condition.source != source
    if isinstance(condition, IsNull):
        return isinstance(condition.operand, Column) or cannot_tell(condition.operand, source, orders)
    if isinstance(condition, Compare):
        sides = ((condition.left, condition.left_apply), (condition.right, condition.right_apply))
        return all(_safe_side(side, apply, condition.order, source, orders) for side, apply in sides)
    if isinstance(condition, InList):
        return _safe_side(condition.operand, condition.operand_apply, condition.order, source, orders) and all(
            cannot_tell(item, source, orders) for item in condition.items
        )
    if isinstance(condition, Between):
        applies = {condition.low_apply[0], condition.high_apply[0]}
        return all(_safe_side(condition.operand, one, condition.order, source, orders) for one in applies) and all(
            cannot_tell(bound, source, orders) for bound in (condition.low, condition.high)
        )
    return all(cannot_tell(child, source, orders) for child in children(condition))


def _safe_side(side: Expression, apply: str | None, order: str, source: int, orders: Sequence[str]) -> bool:
    if not isinstance(side, Column) or side.source != source:
        return cannot_tell(side, source, orders)
    return apply in (None, "NUMERIC") and orders[side.position] in ("BINARY", order)


def push(query: Query, conjunct: Expression, source: int) -> None:
    """Add the conjunct to the query, in terms of its columns' expressions."""
    if isinstance(query, Compound):
        for arm in arms(query):
            push(arm, conjunct, source)
        return
    assert isinstance(query, Select)
    made = substitute(conjunct, source, query.columns)
    if query.group is not None:
        made = substitute(made, query.group.id, [*query.group.keys, *query.group.calls, *query.group.bare])
    query.where = [*query.where, made]
