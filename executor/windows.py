"""Window functions: from the rows of a block to the same rows with the functions' results behind them.

`write_windowed` writes the function of a `Windowed` query, which is two lines::

    rows = list(chain(f3_()))
    return windowed(rows, g5_, {'NOCASE': fold6_}, ((c7_, None),))

`windowed` runs the levels one after the other. A level sorts the rows, unless they come sorted, cuts them into
partitions, finds the frame of every row (`window_frames`), and has every call evaluated over a partition at once
(`window_functions`); then each row gets its results appended. What it gives is in the order of its last level.

Nothing of this is generated: a level does a few operations per partition and column, all the rest happens inside them,
and its rows may well be one partition. Collations and offsets come from generated code, for that is where they are
known (INV-Q2: the names of collations are bound, not written).

What it does not do: give the first row before it has seen the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from aerodb_dbapi.executor.sorting import Term, order
from aerodb_dbapi.executor.window_frames import Partition, frame_of, offset_values, partitions
from aerodb_dbapi.executor.window_functions import evaluate, uses_frame
from aerodb_dbapi.planner.query import Order, OutputColumn, Windowed, WindowLevel

Row = tuple[Any, ...]
Folds = Mapping[str, Callable[[Any], Any] | None]


def write_windowed(queries: Any, query: Windowed) -> None:
    """Write a query's rows with its windows into the current function."""
    unit, expressions = queries.unit, queries.expressions
    source = queries.function(query.source)
    call = queries.call(source)
    names = sorted(_collations(query.levels))
    folds = "".join(f"{unit.constant(name)}: {expressions.fold(name)}, " for name in names)
    offsets = "".join(
        f"({', '.join('None' if one is None else expressions.value(one) for one in (frame.start_offset, frame.end_offset))}), "
        for frame in (level.frame for level in query.levels)
    )
    unit.namespace["windowed"] = windowed
    unit.line(f"rows = {call}" if source.is_list else f"rows = list({unit.held(f'chain({call})', 'hold_each')})")
    counter = query.counter("windows")
    queries.count(counter, "start")
    made = unit.held(f"windowed(rows, {unit.bind(query.levels, 'levels')}, {{{folds}}}, ({offsets}))")
    unit.line(f"return {made}" if counter is None else f"return {unit.bind(counter.done, 'count')}({made})")


def _collations(levels: Sequence[WindowLevel]) -> set[str]:
    found: set[str] = set()
    for level in levels:
        found.update(name for _, name in level.partition)
        found.update(term.collation for term in level.order_by)
        found.update(call.order for call in level.calls)
    return found


def windowed(
    rows: list[Row], levels: Sequence[WindowLevel], folds: Folds, offsets: Sequence[tuple[Any, Any]]
) -> list[Row]:
    """The rows with the results of all levels."""
    for level, values in zip(levels, offsets):
        rows = _run(rows, level, folds, values)
    return rows


def _run(rows: list[Row], level: WindowLevel, folds: Folds, offsets: tuple[Any, Any]) -> list[Row]:
    if not level.sorted:
        terms: list[Term] = [(itemgetter(place), False, folds[name], None) for place, name in level.partition]
        terms += [
            (itemgetter(_place(term)), term.descending, folds[term.collation], term.nulls_first)
            for term in level.order_by
        ]
        rows = order(rows, terms)
    if not rows:
        return rows
    checked = offset_values(level.frame, offsets)
    by = _key([(place, folds[name]) for place, name in level.partition])
    key = _key([(_place(term), folds[term.collation]) for term in level.order_by])
    only = (_place(level.order_by[0]), level.order_by[0].descending) if len(level.order_by) == 1 else None
    framed = any(map(uses_frame, level.calls))
    columns: list[list[Any]] = [[] for _ in level.calls]
    for part in partitions(rows, by):
        partition = Partition(part, key)
        segments = frame_of(partition, level.frame, checked, only) if framed else []
        for column, call in zip(columns, level.calls):
            column += evaluate(call, partition, segments, folds[call.order])
    return [row + results for row, results in zip(rows, zip(*columns))]


def _place(term: Order) -> int:
    assert isinstance(term.expression, OutputColumn)
    return term.expression.position


def _key(parts: list[tuple[int, Callable[[Any], Any] | None]]) -> Callable[[Row], Any] | None:
    """What tells rows apart: a function of a row whose results are equal where all parts are."""
    if not parts:
        return None
    if all(fold is None for _, fold in parts):
        return itemgetter(*(place for place, _ in parts))
    return lambda row: [row[place] if fold is None else fold(row[place]) for place, fold in parts]
