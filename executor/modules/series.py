"""generate_series(start, stop, step): the integers from start to stop.

`start` must be given; `stop` is 4294967295 by default, `step` 1 (and 1 for 0); a negative step counts down. A NULL among
them gives no rows. Comparisons of `value` with integers narrow the range, and are tested afterwards all the same.

Example: ``SELECT value FROM generate_series(1, 1000000) WHERE value BETWEEN 7 AND 9`` makes three rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aerodb_dbapi.planner.modules import Choice, Constraint, ModuleColumn, TableModule
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import to_integer

_STOP: Final = 4294967295
_VALUE, _START = 0, 1


class Series(TableModule):
    """The module of generate_series."""

    name = "generate_series"
    columns = (
        ModuleColumn("value"),
        ModuleColumn("start", hidden=True),
        ModuleColumn("stop", hidden=True),
        ModuleColumn("step", hidden=True),
    )
    has_rowid = True

    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """Take start, stop and step, and all bounds of the value."""
        takes: list[int] = []
        plan: list[tuple[int, str]] = []
        exact: set[int] = set()
        given: set[int] = set()
        for number, one in enumerate(constraints):
            if one.column == _VALUE:
                takes.append(number)
                plan.append((_VALUE, one.op))
            elif one.op == "=" and one.column not in given and one.column < len(self.columns):
                given.add(one.column)
                exact.add(number)
                takes.append(number)
                plan.append((one.column, "="))
        if _START not in given:
            raise OperationalError('first argument to "generate_series()" missing or unusable')
        rows = 1000.0 if len(plan) > len(given) else 100.0 if len(given) > 1 else 1e6
        label = f"{sum(1 << column - 1 for column in given)}:"
        return Choice(tuple(takes), frozenset(exact), tuple(plan), rows, rows / 10, label)

    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        """The numbers in order, as (value, start, stop, step, rowid)."""
        if None in values:
            return ()
        given = {column: to_integer(value) for (column, _), value in zip(plan, values) if column != _VALUE}
        start, stop, step = given[1], given.get(2, _STOP), given.get(3, 1) or 1
        found = range(start, stop + (1 if step > 0 else -1), step)
        for (column, op), value in zip(plan, values):
            if column == _VALUE and found:
                found = _narrowed(found, *_whole(op, value))
        return ((value, start, stop, step, value) for value in found)


def _whole(op: str, value: Any) -> tuple[str, int | None]:
    """A comparison of integers with an integer that is true for the same ones, but perhaps for ``=``."""
    if value.__class__ is int:
        return op, value
    if value.__class__ is not float or value - value != 0.0:
        return op, None
    below = math.floor(value)
    if below == value:
        return op, below
    return ("<=", below) if op[0] == "<" else (">=", below + 1)


def _narrowed(found: range, op: str, value: int | None) -> range:
    """The part of an arithmetic series that satisfies ``number op value``."""
    if value is None:
        return found
    low = None if op[0] == "<" else value + (op == ">")
    high = None if op[0] == ">" else value - (op == "<")
    start, stop, step = found.start, found.stop, found.step
    if step > 0:
        if low is not None and low > start:
            start += -((start - low) // step) * step
        if high is not None:
            stop = min(stop, high + 1)
    else:
        if high is not None and high < start:
            start += -((high - start) // -step) * step
        if low is not None:
            stop = max(stop, low - 1)
    return range(start, stop, step)
