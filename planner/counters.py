"""Counters of EXPLAIN ANALYZE: how often an operator of a plan ran, what it read and gave, and how long that took.

`planner.explain` hangs a `Counter` on each operator that has a line (`Step.counter`, `Query.counters`); where the code generator
finds one it writes calls of its methods around the operator's text. Plans of ordinary statements have none, and their code is
what it is without this module.

Time
    All counters of a run share a `Clock`, a stop-watch that is read at every call: what has passed since the call before is
    the time of one operator. So times are of the operator itself, without those inside it, and their sum is the run. A sort
    or a subquery that is entered in the middle of another operator gives the time before it to that one.

Example: ``for r1 in rows: if r1[2] > 5: out.append(…)`` becomes ``start(); for r1 in rows: visit(); if not (r1[2] > 5): continue;
passed(); out.append(…)``, then ``end()``: `loops` 1, `visited` the rows of the table, `rows` those that passed.

What it does not do: decide a plan; be part of a statement that is not analyzed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter
from typing import Any


class Clock:
    """The stop-watch of one run. `current` is the counter whose operator is at work, as far as that is known."""

    __slots__ = ("current", "last")

    def __init__(self) -> None:
        self.current: Counter | None = None
        self.last = perf_counter()


class Counter:
    """What one operator did. `visited` is None where nothing is read row by row."""

    __slots__ = ("clock", "loops", "outer", "rows", "seconds", "visited")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loops = 0
        self.visited: int | None = None
        self.rows = 0
        self.seconds = 0.0
        self.outer: Counter | None = None

    def _charge(self) -> None:
        """Take the time since the last call, whoever was said to be at work."""
        now = perf_counter()
        self.seconds += now - self.clock.last
        self.clock.last = now
        self.clock.current = self

    def enter(self) -> None:
        """The operator begins to work: what has passed belongs to the one before."""
        before = self.clock.current
        if before is not None:
            before._charge()
        else:
            self.clock.last = perf_counter()
        self.outer = before
        self.clock.current = self

    def start(self) -> None:
        """As `enter`, and count a loop."""
        self.loops += 1
        self.enter()

    def visit(self) -> None:
        """A row was read."""
        assert self.visited is not None
        self.visited += 1
        self._charge()

    def passed(self) -> None:
        """A row goes on."""
        self.rows += 1
        self._charge()

    def charge(self) -> None:
        """The operator did something."""
        self._charge()

    def end(self) -> None:
        """The operator is done for now."""
        self._charge()
        self.clock.current = self.outer

    def done(self, rows: Any) -> Any:
        """As `end`, with all that was made; gives it back."""
        self.rows += len(rows)
        self.end()
        return rows

    def listed(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows of a query that gives a list; they are given back."""
        self.loops += 1
        self.rows += len(rows)
        return rows

    def batches(self, batches: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """The rows of a query that gives batches."""
        self.loops += 1
        for batch in batches:
            self.rows += len(batch)
            yield batch

    def value(self, value: Any) -> Any:
        """The value of a scalar subquery, or the answer of EXISTS; it is given back."""
        self.loops += 1
        self.rows += value is not None and value is not False
        return value
