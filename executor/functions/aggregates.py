"""Aggregate functions as objects: count, sum, total, avg, min, max, group_concat and string_agg.

Each has `step(*values)` and `finalize()`. They are the general form, for places that feed an aggregate row by row;
compiled statements gather a group's values in a list and use the folds of `executor.aggregation`, which these classes
share, so that both forms give the same results: integer sums are exact and fail with "integer overflow" outside 64
bits, sums with a real are exact and rounded once (INV-T3), NULL is skipped, min and max follow the order of classes
(INV-Q4).

Example: ``s = Sum(); s.step(1); s.step(None); s.step("2x"); s.finalize() == 3.0``.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.executor.aggregation import SumState, join_of
from aerodb_dbapi.planner.functions import AggregateFunction
from aerodb_dbapi.storage.values import as_text, compare

_BATCH: Final = 1024


class Count:
    """count(*) without arguments, count(X) with one."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows = 0

    def step(self, *values: Any) -> None:
        if not values or values[0] is not None:
            self.rows += 1

    def finalize(self) -> int:
        return self.rows


class Sum:
    """sum(X): NULL over no values."""

    __slots__ = ("pending", "state")

    def __init__(self) -> None:
        self.state = SumState()
        self.pending: list[Any] = []

    def step(self, value: Any) -> None:
        if value is not None:
            self.pending.append(value)
            if len(self.pending) >= _BATCH:
                self._flush()

    def _flush(self) -> SumState:
        self.state.add(self.pending)
        self.pending = []
        return self.state

    def finalize(self) -> Any:
        return self._flush().sum()


class Total(Sum):
    """total(X): always a real, 0.0 over no values; NULL where both infinities meet."""

    __slots__ = ()

    def finalize(self) -> float | None:
        return self._flush().total()


class Average(Sum):
    """avg(X)"""

    __slots__ = ()

    def finalize(self) -> float | None:
        return self._flush().average()


class Minimum:
    """min(X): the first of the lowest values."""

    __slots__ = ("best",)
    sign = -1

    def __init__(self) -> None:
        self.best: Any = None

    def step(self, value: Any) -> None:
        if value is not None and (self.best is None or compare(value, self.best) == self.sign):
            self.best = value

    def finalize(self) -> Any:
        return self.best


class Maximum(Minimum):
    """max(X): the first of the highest values."""

    __slots__ = ()
    sign = 1


class GroupConcat:
    """group_concat(X [, separator]): texts in the order they come, each but the first after its own row's separator."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[str] = []

    def step(self, value: Any, separator: Any = ",") -> None:
        if value is None:
            return
        if self.parts and separator is not None:
            self.parts.append(as_text(separator))
        self.parts.append(as_text(value))

    def finalize(self) -> str | None:
        return join_of(self.parts, "") if self.parts else None


AGGREGATES: Final[tuple[AggregateFunction, ...]] = (
    AggregateFunction("count", 0, Count),
    AggregateFunction("count", 1, Count),
    AggregateFunction("sum", 1, Sum),
    AggregateFunction("total", 1, Total),
    AggregateFunction("avg", 1, Average),
    AggregateFunction("min", 1, Minimum),
    AggregateFunction("max", 1, Maximum),
    AggregateFunction("group_concat", 1, GroupConcat),
    AggregateFunction("group_concat", 2, GroupConcat),
    AggregateFunction("string_agg", 2, GroupConcat),
)
