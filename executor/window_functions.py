"""What window functions compute, for all rows of a partition at once.

``evaluate(call, partition, segments)`` gives one value per row. Three kinds:

    by position   row_number, rank, dense_rank, percent_rank, cume_dist, ntile, lag, lead: the frame does not matter
    by place      first_value, last_value, nth_value: the row at a place of the frame
    aggregates    count, sum, total, avg, min, max, group_concat, string_agg, and any other by its own methods

Aggregates look at the rows that FILTER keeps (and whose value is not NULL, where NULL does not count). These are
numbered anew, and the frames are said in the new numbers, so that the rest works on plain lists:

    count, sums   differences of running totals: O(1) per row whatever the frame. Totals are exact: integers as they
                  are, reals as integers over one power of two. A sum is therefore rounded once, as in `aggregation`,
                  and depends on nothing but the rows of its frame (INV-T3): what has left the frame leaves no trace.
    min, max      running extremes where all frames start at the beginning or end at the end, else a table of the
                  extremes of 1, 2, 4, … rows, of which two cover any frame: O(log n) per row
    group_concat  the texts of each frame are joined, once for rows with the same frame
    user's        one instance is led along the frames with step and inverse, asked with value; not with EXCLUDE
    others        are stepped through each frame, once for rows with the same frame

Example: values 1, 2, 4 and the frame of two rows (0–1, 0–2, 1–3): running totals 0, 1, 3, 7; sums 1, 3, 6.

What it does not do: sort, find frames (`window_frames`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain
from typing import Any, Final

from aerodb_dbapi.executor.aggregation import join_of, join_pairs, numbers_of, stepped
from aerodb_dbapi.executor.grouping import OWN_AGGREGATES
from aerodb_dbapi.executor.runtime import rowid_key
from aerodb_dbapi.executor.window_frames import Partition, Segment
from aerodb_dbapi.planner.functions import AggregateFunction
from aerodb_dbapi.planner.query import WindowCall
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.numbers import INTEGER_MAX, INTEGER_MIN, to_integer
from aerodb_dbapi.storage.values import add, sort_key, subtract, truth

Column = list[Any]
Fold = Callable[[Any], Any] | None
_INFINITY: Final = float("inf")


def evaluate(call: WindowCall, partition: Partition, segments: list[Segment], fold: Fold) -> Sequence[Any]:
    """The values of a call, row by row. `fold` is the collation of min() and max()."""
    function = call.function
    arguments = [[row[place] for row in partition.rows] for place in call.arguments]
    own = _OWN.get(function.name)
    if own is not None and not function.user:
        return own(partition, segments, arguments)
    rows = range(len(partition))
    kept = list(rows) if call.filter is None else [i for i in rows if truth(partition.rows[i][call.filter])]
    if function.user or function.factory.__module__ != OWN_AGGREGATES:
        return _stepped(function, arguments, kept, len(partition), segments)
    if arguments:
        values = arguments[0]
        kept = [i for i in kept if values[i] is not None]
    if len(kept) < len(partition):
        segments = _renumbered(kept, len(partition), segments)
        arguments = [[column[i] for i in kept] for column in arguments]
    if function.name in ("min", "max"):
        return _extremes(arguments[0], segments, function.name, fold)
    return _AGGREGATES[function.name](arguments, segments)


def uses_frame(call: WindowCall) -> bool:
    """Whether the frame matters to a call."""
    return call.function.user or call.function.name not in _BY_POSITION


def _renumbered(kept: list[int], size: int, segments: list[Segment]) -> list[Segment]:
    """Segments in the numbers of the rows that are kept."""
    marks = [0] * size
    for i in kept:
        marks[i] = 1
    before = list(accumulate(marks, initial=0))
    return [([before[i] for i in starts], [before[i] for i in ends]) for starts, ends in segments]


# --- by position ------------------------------------------------------------------------------------------------------


def _row_number(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Sequence[Any]:
    return range(1, len(partition) + 1)


def _rank(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Sequence[Any]:
    return [place + 1 for place in partition.first_peer]


def _dense_rank(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Sequence[Any]:
    return [group + 1 for group in partition.groups]


def _percent_rank(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Sequence[Any]:
    others = max(1, len(partition) - 1)
    return [place / others for place in partition.first_peer]


def _cume_dist(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Sequence[Any]:
    return [place / len(partition) for place in partition.last_peer]


def _ntile(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Sequence[Any]:
    """The larger buckets first; the number of buckets is what the first row says."""
    buckets = to_integer(arguments[0][0])
    if buckets <= 0:
        raise OperationalError("argument of ntile must be a positive integer")
    size, larger = divmod(len(partition), buckets)
    border = larger * (size + 1)
    return [i // (size + 1) + 1 if i < border else larger + (i - border) // size + 1 for i in range(len(partition))]


def _shifted(step: Callable[[Any, Any], Any]) -> Callable[[Partition, list[Segment], list[Column]], Column]:
    """lag() or lead(): the value at a distance, else the default."""

    def values(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Column:
        column, size = arguments[0], len(partition)
        made = []
        for i in range(size):
            distance = arguments[1][i] if len(arguments) > 1 else 1
            place = rowid_key(step(i, distance))
            if place is not None and 0 <= place < size:
                made.append(column[place])
            else:
                made.append(arguments[2][i] if len(arguments) > 2 else None)
        return made

    return values


# --- by place in the frame --------------------------------------------------------------------------------------------


def _first_value(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Column:
    column = arguments[0]
    made: Column = [None] * len(partition)
    for starts, ends in reversed(segments):
        for i, (start, end) in enumerate(zip(starts, ends)):
            if start < end:
                made[i] = column[start]
    return made


def _last_value(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Column:
    column = arguments[0]
    made: Column = [None] * len(partition)
    for starts, ends in segments:
        for i, (start, end) in enumerate(zip(starts, ends)):
            if start < end:
                made[i] = column[end - 1]
    return made


def _nth_value(partition: Partition, segments: list[Segment], arguments: list[Column]) -> Column:
    column, numbers = arguments
    made: Column = []
    for i, number in enumerate(numbers):
        left = rowid_key(number)
        if left is None or left <= 0:
            raise OperationalError("second argument to nth_value must be a positive integer")
        value = None
        for starts, ends in segments:
            size = ends[i] - starts[i]
            if left <= size:
                value = column[starts[i] + left - 1]
                break
            left -= size
        made.append(value)
    return made


_BY_POSITION: Final[dict[str, Callable[[Partition, list[Segment], list[Column]], Sequence[Any]]]] = {
    "row_number": _row_number, "rank": _rank, "dense_rank": _dense_rank, "percent_rank": _percent_rank,
    "cume_dist": _cume_dist, "ntile": _ntile, "lag": _shifted(subtract), "lead": _shifted(add),
}  # fmt: skip
_OWN: Final = {
    **_BY_POSITION,
    "first_value": _first_value, "last_value": _last_value, "nth_value": _nth_value,
}  # fmt: skip


# --- counts and sums --------------------------------------------------------------------------------------------------


def _differences(running: Sequence[int], segments: list[Segment]) -> list[int]:
    """What a running total grows by over each row's frame."""
    starts, ends = segments[0]
    made = [running[end] - running[start] for start, end in zip(starts, ends)]
    for starts, ends in segments[1:]:
        made = [total + running[end] - running[start] for total, start, end in zip(made, starts, ends)]
    return made


def _sizes(segments: list[Segment]) -> list[int]:
    """How many rows each frame has."""
    starts, ends = segments[0]
    made = [end - start for start, end in zip(starts, ends)]
    for starts, ends in segments[1:]:
        made = [size + end - start for size, start, end in zip(made, starts, ends)]
    return made


def _count(arguments: list[Column], segments: list[Segment]) -> Column:
    return _sizes(segments)


def _sums(values: Column, segments: list[Segment]) -> Iterable[tuple[int, int | float | None, bool]]:
    """Of each frame the number of values, their exact sum (a real one rounded once, None if it is not a number), and
    whether it is a real."""
    numbers = numbers_of(values)
    sizes = _sizes(segments)
    classes = set(map(type, numbers))
    if float not in classes:
        totals = _differences(list(accumulate(numbers, initial=0)), segments)  # type: ignore[arg-type]
        return ((size, total, False) for size, total in zip(sizes, totals))
    reals = _differences(list(accumulate((value.__class__ is float for value in numbers), initial=0)), segments)
    shift, scaled = _scaled(numbers)
    totals = _differences(list(accumulate(scaled, initial=0)), segments)
    found: list[int | float | None] = [
        _real(total, shift) if real else total >> shift for total, real in zip(totals, reals)
    ]
    for sign in (_INFINITY, -_INFINITY):
        if sign in numbers:
            met = _differences(list(accumulate((value == sign for value in numbers), initial=0)), segments)
            found = [_with_infinity(value, sign) if count else value for value, count in zip(found, met)]
    return zip(sizes, found, map(bool, reals))


def _scaled(numbers: Sequence[int | float]) -> tuple[int, list[int]]:
    """Numbers as integers over a common power of two (its exponent first); infinite ones as 0."""
    ratios = [(0, 1) if value in (_INFINITY, -_INFINITY) else value.as_integer_ratio() for value in numbers]
    shift = max(below.bit_length() for _, below in ratios) - 1
    return shift, [above << (shift + 1 - below.bit_length()) for above, below in ratios]


def _real(total: int, shift: int) -> float:
    try:
        return total / (1 << shift)
    except OverflowError:
        return _INFINITY if total > 0 else -_INFINITY


def _with_infinity(value: Any, sign: float) -> float | None:
    """A sum to which an infinite value belongs."""
    return None if value is None or (value in (_INFINITY, -_INFINITY) and value != sign) else sign


def _sum(arguments: list[Column], segments: list[Segment]) -> Column:
    made: Column = []
    for size, total, is_real in _sums(arguments[0], segments):
        if not size:
            made.append(None)
        elif is_real or (total is not None and INTEGER_MIN <= total <= INTEGER_MAX):
            made.append(total)
        else:
            raise OperationalError("integer overflow")
    return made


def _total(arguments: list[Column], segments: list[Segment]) -> Column:
    return [None if total is None else float(total) for _, total, _ in _sums(arguments[0], segments)]


def _average(arguments: list[Column], segments: list[Segment]) -> Column:
    return [
        None if not size or total is None else float(total / size) for size, total, _ in _sums(arguments[0], segments)
    ]


# --- extremes ---------------------------------------------------------------------------------------------------------


def _extremes(values: Column, segments: list[Segment], name: str, fold: Fold) -> Column:
    """min() or max(): of equal values the first."""
    if fold is None and (all(map(_is_number, values)) or all(value.__class__ is str for value in values)):
        return _best(values, segments, min if name == "min" else max)
    keys = [sort_key(value if fold is None else fold(value)) for value in values]
    ranks = sorted(range(len(values)), key=keys.__getitem__, reverse=name == "max")  # stable: equal ones in order
    codes = [0] * len(values)
    rank = 0
    for at, i in enumerate(ranks):
        if at and keys[i] != keys[ranks[at - 1]]:
            rank = at
        codes[i] = rank * len(values) + i
    return [None if code is None else values[code % len(values)] for code in _best(codes, segments, min)]


def _is_number(value: Any) -> bool:
    return value.__class__ is int or value.__class__ is float


def _best(values: Column, segments: list[Segment], better: Callable[[Any, Any], Any]) -> Column:
    """The least or greatest value of each frame by Python's own order; None where it is empty."""
    made: Column | None = None
    for starts, ends in segments:
        found = _best_of_segment(values, starts, ends, better)
        if made is None:
            made = found
        else:
            made = [b if a is None else a if b is None else better(a, b) for a, b in zip(made, found)]
    return made or []


def _best_of_segment(
    values: Column, starts: Sequence[int], ends: Sequence[int], better: Callable[[Any, Any], Any]
) -> Column:
    size = len(values)
    if not size or not starts:
        return [None] * len(starts)
    if starts[-1] == 0:  # starts never descend: all frames begin with the first row
        running = list(accumulate(values, better))
        return [running[end - 1] if end else None for end in ends]
    if ends[0] == size:
        running = list(accumulate(reversed(values), lambda later, value: better(value, later)))
        return [running[size - start - 1] if start < size else None for start in starts]
    table = [values]
    longest = max(end - start for start, end in zip(starts, ends))
    while 2 << len(table) - 1 <= longest:
        half, last = 1 << len(table) - 1, table[-1]
        table.append([better(a, b) for a, b in zip(last, last[half:])])
    made: Column = []
    for start, end in zip(starts, ends):
        level = (end - start).bit_length() - 1
        row = table[level] if level >= 0 else ()
        made.append(better(row[start], row[end - (1 << level)]) if level >= 0 else None)
    return made


# --- joined texts, and all else ---------------------------------------------------------------------------------------


def _by_frame(segments: list[Segment], result: Callable[[list[tuple[int, int]]], Any]) -> Column:
    """A result for each frame, computed once for neighbours with the same one."""
    made: Column = []
    known: list[tuple[int, int]] | None = None
    value = None
    for frame in zip(*(zip(starts, ends) for starts, ends in segments)):
        parts = [(start, end) for start, end in frame if start < end]
        if parts != known:
            known, value = parts, result(parts)
        made.append(value)
    return made


def _sliced(rows: Sequence[Any], parts: list[tuple[int, int]]) -> Iterable[Any]:
    return chain.from_iterable(rows[start:end] for start, end in parts)


def _join(arguments: list[Column], segments: list[Segment]) -> Column:
    if len(arguments) == 1:
        column = arguments[0]
        return _by_frame(segments, lambda parts: join_of(_sliced(column, parts)))
    pairs = list(zip(*arguments))
    return _by_frame(segments, lambda parts: join_pairs(_sliced(pairs, parts)))


def _stepped(
    function: AggregateFunction, arguments: list[Column], kept: list[int], size: int, segments: list[Segment]
) -> Column:
    """An aggregate by its own methods, NULLs and all."""
    factory = function.factory
    rows: list[tuple[Any, ...]] = [tuple([column[i] for column in arguments]) for i in kept]
    if len(kept) < size:
        segments = _renumbered(kept, size, segments)
    if function.user and len(segments) == 1:
        return _led(factory, rows, segments[0])
    return _by_frame(segments, lambda parts: stepped(factory, _sliced(rows, parts)))


def _led(factory: Callable[[], Any], rows: list[tuple[Any, ...]], segment: Segment) -> Column:
    """The values of one instance that is led along the frames."""
    instance = factory()
    made: Column = []
    first = last = 0
    for start, end in zip(*segment):
        while last < end:
            instance.step(*rows[last])
            last += 1
        while first < start and first < last:
            instance.inverse(*rows[first])
            first += 1
        if first < start:  # an empty frame beyond all that it was given
            first = last = start
        made.append(instance.value())
    instance.close()
    return made


_AGGREGATES: Final[dict[str, Callable[[list[Column], list[Segment]], Column]]] = {
    "count": _count, "sum": _sum, "total": _total, "avg": _average, "group_concat": _join, "string_agg": _join,
}  # fmt: skip
