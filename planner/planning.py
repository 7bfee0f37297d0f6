"""Planning a statement's queries one by one, inner ones first: blocks are ordered in `joins`, the rest is priced here.

Two kinds of block need no search and are most of what an application sends: one table read whole, and one row by
rowid. They are planned in a few microseconds; everything else becomes a `Block`.

Example: ``SELECT * FROM t WHERE id = ?`` → one `Step` with `RowidPoint`, no filters. With an ORDER BY it is sorted,
for there is one row at most.
"""

from __future__ import annotations

from aerodb_dbapi.planner.access import whole_access
from aerodb_dbapi.planner.cost import RECURSIVE_RUNS, ROWID_LOOKUP, ROWS_MIN, SCAN_ROW, WINDOW_ROW
from aerodb_dbapi.planner.expressions import Constant, Expression
from aerodb_dbapi.planner.joins import Block, Planning, limit_of
from aerodb_dbapi.planner.ordering import group_gives
from aerodb_dbapi.planner.query import (
    Access,
    Compound,
    Query,
    Recursive,
    RowidPoint,
    Select,
    Step,
    TableSource,
    Values,
    Windowed,
)
from aerodb_dbapi.planner.terms import ROWID, make_term
from aerodb_dbapi.planner.usage import sources_in


def plan_query(query: Query, planning: Planning) -> None:
    """Plan one query whose inner queries are planned."""
    if isinstance(query, Select):
        plan_select(query, planning)
    elif isinstance(query, Compound):
        left, right = planning.results[id(query.left)], planning.results[id(query.right)]
        planning.results[id(query)] = (left[0] + right[0], left[1] + right[1])
    elif isinstance(query, Values):
        planning.results[id(query)] = (float(len(query.rows)), 0.1 * len(query.rows))
    elif isinstance(query, Windowed):
        rows, cost = planning.results[id(query.source)]
        planning.results[id(query)] = (rows, cost + rows * WINDOW_ROW * len(query.levels))
    elif isinstance(query, Recursive):
        rows, cost = planning.results[id(query.initial)]
        planning.results[id(query)] = (rows * RECURSIVE_RUNS, cost + RECURSIVE_RUNS)


def plan_select(select: Select, planning: Planning) -> None:
    """Fill `steps`, `sorted` and `pre_filters` of a block."""
    if not select.joins:
        select.steps, select.pre_filters, select.sorted = [], list(select.where), False
        planning.results[id(select)] = (1.0, 1.0)
        return
    if len(select.joins) == 1 and _plan_simple(select, planning):
        return
    block = Block(select, planning)
    state, fraction = block.choose()
    block.place(state)
    rows = _output_rows(select, state.rows, planning)
    planning.results[id(select)] = (rows, state.price(fraction)[0])


def _plan_simple(select: Select, planning: Planning) -> bool:
    """The short way for the most frequent queries: one table, all of it or one row by rowid."""
    source = select.joins[0].source
    if not isinstance(source, TableSource) or source.indexed_by or select.joins[0].on or len(select.where) > 1:
        return False
    rows, cost = ROWS_MIN, ROWID_LOOKUP
    if not select.where:
        if select.order_by and select.group is None:
            return False
        if select.group is not None and select.group.keys and select.limit is not None:
            return False
        rows = max(ROWS_MIN, float(planning.statistics.rows(source.table)))
        cost = rows * SCAN_ROW
        access = whole_access(source.table)
    else:
        point = None if "access_paths" in planning.disabled else _point(select.where[0], source, planning)
        if point is None:
            return False
        access = point
    planning.estimate.sources[source.id] = source
    planning.estimate.rows[source.id] = rows
    found = 1.0 if select.where else rows
    select.steps = [Step(source, access, estimated_rows=found)]
    select.pre_filters = []
    select.sorted = bool(select.order_by) and (select.group is None or group_gives(select, select.group))
    planning.results[id(select)] = (_output_rows(select, found, planning), cost)
    return True


def _point(conjunct: Expression, source: TableSource, planning: Planning) -> Access | None:
    """The look-up by rowid that answers a conjunct wholly, if it is one."""
    term = make_term(conjunct, source, planning.tables)
    if term is None or term.kind != "=" or term.column != ROWID or not term.exact or term.key is None:
        return None
    if term.key.__class__ is not Constant and source.id in sources_in(term.key):
        return None
    return RowidPoint(key=term.key)


def _output_rows(select: Select, rows: float, planning: Planning) -> float:
    if select.group is not None:
        groups = 1.0
        for key in select.group.keys:
            groups *= planning.estimate.distinct(key)
        rows = min(rows, groups)
    if select.distinct:
        rows = max(1.0, rows / 2)
    limit = limit_of(select)
    return rows if limit is None else min(rows, limit)
