"""Rule ``push_down``: a condition on a subquery's columns is tested inside the subquery.

``SELECT * FROM (SELECT k, count(*) FROM t GROUP BY k) AS s WHERE s.k = 3`` → the condition becomes ``t.k = 3`` below
the grouping, where an index answers it and the other groups are never made.

A conjunct moves (it is not copied) when it refers to this source alone, answers always the same and holds no
subquery, and
    * the join is inner (conjuncts of WHERE and inner ON), or LEFT (conjuncts of its own ON);
    * the query is not a shared CTE, and has no LIMIT: fewer rows would be cut elsewhere;
    * below GROUP BY: all columns in it are group keys;
    * below window functions: all columns in it are partition keys of every one of them;
    * into a compound: every arm can take it, each with the arm's own columns.
DISTINCT, GROUP BY, UNION, INTERSECT and EXCEPT take values for the same that are only equal (1 and 1.0; 'a' and 'A'
under NOCASE) and keep one of them. Past these a condition moves only if it cannot tell such values apart: columns
occur in it as operands of comparisons, IN, BETWEEN or IS NULL, under the same collation (or the merging was BINARY),
and not converted to text unless it is a table's TEXT column, which holds no numbers.

What comparisons convert is decided already (`left_apply` and so on), so that another column's affinity in an arm
does not change the meaning; whether an index of that column can answer is decided in `planner.terms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aerodb_dbapi.planner.expressions import Between, Column, Compare, Expression, InList, IsNull, children
from aerodb_dbapi.planner.query import Compound, Grouping, Join, Query, QuerySource, Select, TableSource, Windowed, arms
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
        if orders is not None and not cannot_tell(conjunct, source, _merged(query, orders)):
            return False
        return all(isinstance(arm, Select) and accepts(arm, conjunct, source) for arm in arms(query))
    if isinstance(query, Windowed):
        return _keeps_partitions(query, conjunct, source) and accepts(query.source, conjunct, source)
    if not isinstance(query, Select) or query.limit is not None or query.offset is not None:
        return False
    places = _places(conjunct, source)
    values = [query.columns[place] for place in places if place >= 0]
    if -1 in places or not all(is_deterministic(value) and not nested_queries(value) for value in values):
        return False
    if query.distinct and not cannot_tell(conjunct, source, _merged(query, query.distinct_orders)):
        return False
    return query.group is None or _fits_keys(query, query.group, conjunct, source)


def _keeps_partitions(query: Windowed, conjunct: Expression, source: int) -> bool:
    """Whether a condition takes or leaves whole partitions, at every level."""
    if not isinstance(query.source, Select):
        return False
    orders = ["BINARY"] * len(query.source.columns)
    for place in _places(conjunct, source):
        found = {order for level in query.levels for at, order in level.partition if at == place}
        if len(found) != 1 or not all(any(at == place for at, _ in level.partition) for level in query.levels):
            return False
        orders[place] = found.pop()
    return cannot_tell(conjunct, source, _merged(query.source, orders))


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
    return cannot_tell(conjunct, source, _merged(query, orders))


class _Merged(NamedTuple):
    """How equal rows were merged: each column's collation, and the columns that hold no numbers."""

    orders: Sequence[str]
    texts: frozenset[int]


def _merged(query: Query, orders: Sequence[str]) -> _Merged:
    selects = [arm for arm in arms(query) if isinstance(arm, Select)]
    texts = [place for place in range(len(orders)) if all(_is_text(arm, arm.columns[place]) for arm in selects)]
    return _Merged(orders, frozenset(texts))


def _is_text(query: Select, column: Expression) -> bool:
    """Whether it is a TEXT column of one of the query's tables, perhaps as a group key."""
    if not isinstance(column, Column):
        return False
    group = query.group
    if group is not None and column.source == group.id:
        return column.position < len(group.keys) and _is_text(query, group.keys[column.position])
    tables = [join.source.id for join in query.joins if isinstance(join.source, TableSource)]
    return column.source in tables and column.affinity == "TEXT"


def cannot_tell(condition: Expression, source: int, merged: _Merged) -> bool:
    """Whether a condition gives the same for values of the source's columns that were merged as equal."""
    if isinstance(condition, Column):
        return condition.source != source
    if isinstance(condition, IsNull):
        return isinstance(condition.operand, Column) or cannot_tell(condition.operand, source, merged)
    if isinstance(condition, Compare):
        sides = ((condition.left, condition.left_apply), (condition.right, condition.right_apply))
        return all(_safe_side(side, apply, condition.order, source, merged) for side, apply in sides)
    if isinstance(condition, InList):
        return _safe_side(condition.operand, condition.operand_apply, condition.order, source, merged) and all(
            cannot_tell(item, source, merged) for item in condition.items
        )
    if isinstance(condition, Between):
        applies = {condition.low_apply[0], condition.high_apply[0]}
        return all(_safe_side(condition.operand, one, condition.order, source, merged) for one in applies) and all(
            cannot_tell(bound, source, merged) for bound in (condition.low, condition.high)
        )
    return all(cannot_tell(child, source, merged) for child in children(condition))


def _safe_side(side: Expression, apply: str | None, order: str, source: int, merged: _Merged) -> bool:
    if not isinstance(side, Column) or side.source != source:
        return cannot_tell(side, source, merged)
    place = side.position
    if apply == "TEXT" and place not in merged.texts:
        return False
    return apply in (None, "NUMERIC", "TEXT") and merged.orders[place] in ("BINARY", order)


def push(query: Query, conjunct: Expression, source: int) -> None:
    """Add the conjunct to the query, in terms of its columns' expressions."""
    if isinstance(query, Compound):
        for arm in arms(query):
            push(arm, conjunct, source)
        return
    if isinstance(query, Windowed):
        push(query.source, conjunct, source)
        return
    assert isinstance(query, Select)
    made = substitute(conjunct, source, query.columns)
    if query.group is not None:
        made = substitute(made, query.group.id, [*query.group.keys, *query.group.calls, *query.group.bare])
    query.where = [*query.where, made]
