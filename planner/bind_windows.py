"""A block with window functions becomes two, with the windows between them.

    inner     FROM, WHERE, GROUP BY, HAVING as written; its columns are all that the windows and the outer block look at
    Windowed  the inner rows, each with the results of the window functions behind its own columns
    outer     the select list, DISTINCT, ORDER BY and LIMIT as written, over the rows of `Windowed` as its only source

Nothing after the binder knows of window functions but the executor's function for `Windowed`: rules and access paths
see two ordinary blocks.

What the inner block gives is, without repetition: arguments, FILTERs, PARTITION BY and ORDER BY terms of the windows,
and every column of the block's own sources (of the grouping, if there is one) that the select list or ORDER BY
mentions at any depth. All else in these is computed outside, on top of the windows.

Levels
    Functions whose partition, order and frame are the same are computed together, at one level. The levels run in
    SQLite's order, that of the window written first at the end, each sorting the rows that the one before has sorted:
    where ORDER BY leaves a choice, rows come as they do in SQLite. The first sort is the inner block's ORDER BY, so
    that an index can save it.

Example: ``SELECT a, sum(b) OVER (ORDER BY c) + 1 FROM t ORDER BY 2`` with t = source 0, windows = source 1 → inner
``SELECT b, c, a FROM t ORDER BY c``, level (order (1), sum(0)), outer ``SELECT Column(1, 2), Column(1, 3) + 1 ORDER
BY 2``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aerodb_dbapi.planner.affinity import collation_of
from aerodb_dbapi.planner.bind_build import Mapper, block, declared_type
from aerodb_dbapi.planner.expressions import Column, Expression
from aerodb_dbapi.planner.query import (
    Join,
    Order,
    OutputColumn,
    QuerySource,
    Select,
    WindowCall,
    Windowed,
    WindowLevel,
)
from aerodb_dbapi.planner.scope import PendingWindow, Scope, WindowUse
from aerodb_dbapi.planner.usage import deep_nodes, is_deterministic, same

Levels = list[WindowLevel]
_NAME: Final = ""


def split_block(select: Select, scope: Scope) -> Select:
    """The block around the windows of a bound block, which becomes the inner one."""
    assert scope.windows is not None
    own = scope.source_ids() if select.group is None else {select.group.id}
    split = _Split(scope.windows, own)
    levels, places = split.levels(scope.uses)
    outside = [*select.columns, *(term.expression for term in select.order_by)]
    for expression in outside:
        split.note_columns(expression)
    mapper = Mapper(split.change(places))
    query = _windowed(select, split.columns, levels)
    return replace(
        select,
        joins=[Join(QuerySource(id=scope.windows, name=_NAME, query=query))],
        where=[],
        group=None,
        having=[],
        columns=mapper.expressions(select.columns),
        order_by=[_mapped(term, mapper) for term in select.order_by],
    )


def _mapped(term: Order, mapper: Mapper) -> Order:
    if isinstance(term.expression, OutputColumn):
        return term
    return replace(term, expression=mapper.expression(term.expression))


def _windowed(select: Select, columns: list[Expression], levels: Levels) -> Windowed:
    """The inner block with its levels."""
    shape = block([], columns, names=[getattr(column, "name", _NAME) for column in columns])
    inner = replace(
        select,
        names=shape.names,
        types=shape.types,
        affinities=shape.affinities,
        collations=shape.collations,
        columns=columns,
        distinct=False,
        distinct_orders=[],
        order_by=_sort_levels(levels),
        limit=None,
        offset=None,
    )
    more: list[str | None] = [None] * sum(len(level.calls) for level in levels)
    return Windowed(
        [*shape.names, *(_NAME for _ in more)],
        [*shape.types, *more],
        [*shape.affinities, *more],
        [*shape.collations, *more],
        inner,
        levels,
    )


def _sort_levels(levels: Levels) -> list[Order]:
    """The order that the first level asks of the inner block; says of each level whether it need not sort."""
    first: list[Order] = []
    current: list[Order] = []
    for level in levels:
        terms = [Order(OutputColumn(place, order), collation=order) for place, order in level.partition]
        terms += level.order_by
        level.sorted = level is levels[0] or current[: len(terms)] == terms
        if level is levels[0]:
            first = terms
        if not level.sorted or level is levels[0]:
            current = terms
    return first


class _Split:
    """The inner block's columns, as they are found to be needed."""

    def __init__(self, windows: int, own: set[int]) -> None:
        self.windows = windows
        self.own = own
        self.columns: list[Expression] = []

    def place(self, expression: Expression) -> int:
        """The inner column that an expression is."""
        if is_deterministic(expression):
            for position, known in enumerate(self.columns):
                if same(known, expression):
                    return position
        self.columns.append(expression)
        return len(self.columns) - 1

    def note_columns(self, expression: Expression) -> None:
        """Make every column of the block's sources that occurs in an outer expression an inner column."""
        for node in deep_nodes(expression):
            if isinstance(node, Column) and node.source in self.own:
                self.place(node)

    def levels(self, uses: list[WindowUse]) -> tuple[Levels, list[int]]:
        """The levels in the order in which they run, and of each use the number of its result in their row."""
        groups: list[list[int]] = []
        for number, use in enumerate(uses):
            group = next((one for one in groups if _same_window(uses[one[0]], use)), None)
            if group is None:
                groups.append(group := [])
            group.append(number)
        groups.reverse()
        results = [number for group in groups for number in group]
        return [self._level([uses[number] for number in group]) for group in groups], [
            results.index(number) for number in range(len(uses))
        ]

    def _level(self, uses: list[WindowUse]) -> WindowLevel:
        window = uses[0]
        return WindowLevel(
            tuple([(self.place(key), order) for key, order in window.partition]),
            tuple([replace(term, expression=self._output(term.expression)) for term in window.order_by]),
            window.frame,
            [self._call(use) for use in uses],
        )

    def _output(self, expression: Expression) -> OutputColumn:
        place = self.place(expression)
        return OutputColumn(place, collation_of(self.columns[place]))

    def _call(self, use: WindowUse) -> WindowCall:
        condition = None if use.filter is None else self.place(use.filter)
        return WindowCall(use.function, tuple(map(self.place, use.arguments)), condition, use.order)

    def change(self, places: list[int]) -> _Change:
        """The replacement of inner columns and window functions by columns of the rows with windows."""
        return _Change(self.windows, self.own, self.columns, places)


class _Change:
    """What `Mapper` calls at each node."""

    def __init__(self, windows: int, own: set[int], columns: list[Expression], places: list[int]) -> None:
        self.windows = windows
        self.own = own
        self.columns = columns
        self.places = places

    def __call__(self, node: Expression) -> Expression | None:
        if isinstance(node, PendingWindow) and node.windows == self.windows:
            return Column(self.windows, len(self.columns) + self.places[node.position], _NAME, None, None)
        if isinstance(node, Column) and node.source in self.own:
            place = next(i for i, column in enumerate(self.columns) if same(column, node))
            return Column(self.windows, place, node.name, node.affinity, collation_of(node), declared_type(node))
        return None


def _same_window(a: WindowUse, b: WindowUse) -> bool:
    """Whether two uses are computed together."""
    mine, other = (a.partition, a.order_by, a.frame), (b.partition, b.order_by, b.frame)
    return mine == other and repr(mine) == repr(other)
