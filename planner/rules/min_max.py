"""Rule ``min_max``: min() or max() of an indexed column is the first entry of the index, from one end.

``SELECT max(b) FROM t`` → ``SELECT max(x) FROM (SELECT b AS x FROM t WHERE b IS NOT NULL ORDER BY b DESC LIMIT 1)``,
whose ORDER BY an index on b gives without sorting. It is a rewriting like any other: no operator of its own, right
whatever path is chosen, worth it only with an order at hand, which is what the rule looks for: the rowid, or an
index that has the column first or behind columns that WHERE sets equal to something.

Only for one ungrouped call without DISTINCT's company, FILTER or bare columns, over one table. An index whose
collation is not the aggregate's does not count.
"""

from __future__ import annotations

from aerodb_dbapi.planner.expressions import TRUE, AggregateCall, Column, Compare, Expression, Indexed, IsNull
from aerodb_dbapi.planner.query import Grouping, Join, Order, QuerySource, Select, TableSource
from aerodb_dbapi.planner.rules.context import Rewriting
from aerodb_dbapi.planner.terms import PLACED, ROWID, table_position

NAME = "min_max"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Rewrite the block if it is a lone min() or max()."""
    group = select.group
    if group is None or len(select.joins) != 1 or group.keys or group.bare or len(group.calls) != 1:
        return False
    call, source = group.calls[0], select.joins[0].source
    if not isinstance(source, TableSource) or not is_extreme(call):
        return False
    column = call.arguments[0]
    if not isinstance(column, PLACED) or column.source != source.id or not _has_order(select, source, call, column):
        return False
    _rewrite(select, group, source, column, rewriting)
    return True


def is_extreme(call: AggregateCall) -> bool:
    """Whether a call is the built-in min(x) or max(x) of all rows."""
    return call.name in ("min", "max") and len(call.arguments) == 1 and call.filter is None and built_in(call)


def built_in(call: AggregateCall) -> bool:
    """Whether an aggregate is SQLite's own, not one of the application."""
    module = getattr(call.factory, "__module__", None) or "aerodb_dbapi"
    return not getattr(call.factory, "user", False) and module.startswith("aerodb_dbapi")


def _has_order(select: Select, source: TableSource, call: AggregateCall, column: Column | Indexed) -> bool:
    table = source.table
    position = table_position(table, column.position)
    if position == ROWID and not select.where:
        return True
    if source.indexed_by == "":
        return False
    fixed = {table_position(table, place) for place in _equal_columns(select.where, source.id)}
    for index in table.indexes:
        if index.where is not None:
            continue
        for part in index.columns:
            place = table_position(table, part.position)
            if place == position and part.collation == call.order:
                return True
            if place not in fixed:
                break
    return False


def _equal_columns(conjuncts: list[Expression], source: int) -> list[int]:
    found = []
    for conjunct in conjuncts:
        if isinstance(conjunct, Compare) and conjunct.op == "=":
            sides = (conjunct.left, conjunct.right)
            found += [side.position for side in sides if isinstance(side, PLACED) and side.source == source]
    return found


def _rewrite(
    select: Select, group: Grouping, source: TableSource, column: Column | Indexed, rewriting: Rewriting
) -> None:
    call = group.calls[0]
    own = rewriting.new_id()
    name, declared = (column.name, column.type) if isinstance(column, Column) else ("", None)
    inner = Select(
        names=[name],
        types=[declared],
        affinities=[column.affinity],
        collations=[column.collation],
        joins=select.joins,
        where=[*select.where, IsNull(column, negated=True)],
        columns=[column],
        order_by=[Order(column, descending=call.name == "max", collation=call.order)],
        limit=TRUE,
    )
    made = Column(own, 0, name, column.affinity, column.collation, declared)
    select.joins = [Join(QuerySource(id=own, name=source.name, query=inner))]
    select.where = []
    group.calls = [
        AggregateCall(call.name, (made,), call.distinct, None, call.order_by, call.factory, call.order),
    ]
    rewriting.refresh()
