"""Consumers: what a query does with the rows that its loops produce.

A pipeline (`blocks`) hands rows on in one of two ways, and a consumer writes the text for both:

    `take_list`  a whole batch, as the text of a list (mostly a comprehension over a leaf);
    `take_row`   the current row, in the innermost for statement; then `flush` is written at the end of each batch.

======================  ==================================================================
`Streaming`             yields batches, after DISTINCT, OFFSET and LIMIT
`Collecting`            keeps all rows in a list, or the first n of an order in a `Top`
`GroupedRows`           puts rows into groups or folds them (`grouping`)
`GroupsInOrder`         the same where rows come group by group: hands complete groups on
`Answering`             returns from the function at the first row (EXISTS, scalar subqueries)
`Yielding`              yields row variables, one part of a long join
======================  ==================================================================

Example: for ``SELECT a FROM t LIMIT 3`` `Streaming` writes ``left = limit_of(c1_)`` before the loops, and after each
batch
``out = out[:left]``, ``left -= len(out)``, ``yield out``, ``if not left: return``.

What it does not do: write loops.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Protocol

from aerodb_dbapi.executor.access import StepWriter
from aerodb_dbapi.executor.expressions import ExpressionCompiler
from aerodb_dbapi.executor.grouping import GroupWriter
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner.expressions import Expression
from aerodb_dbapi.planner.query import Order, Select

BATCH: Final = 256


class Queries(Protocol):
    """What consumers and blocks need of the query compiler (`select.QueryCompiler`)."""

    unit: Unit
    expressions: ExpressionCompiler
    steps: StepWriter
    widths: dict[int, int]

    def count(self, counter: Any, event: str, argument: str = "") -> None: ...

    def row_key(self, orders: list[str]) -> str: ...

    def row_text(self, columns: list[Expression]) -> str: ...

    def term(self, key: str, order: Order) -> str: ...

    def terms(self, terms: list[tuple[str, Order]]) -> str: ...

    def cut(self, rows: str, limit: Expression | None, offset: Expression | None) -> str: ...


class Limiter:
    """LIMIT and OFFSET while rows are on their way."""

    def __init__(self, queries: Queries, limit: Expression | None, offset: Expression | None) -> None:
        self.queries = queries
        self.unit = queries.unit
        self.limit = limit
        self.offset = offset

    @property
    def active(self) -> bool:
        return self.limit is not None or self.offset is not None

    def begin(self, at_zero: str = "return") -> None:
        value, line = self.queries.expressions.value, self.unit.line
        if self.limit is not None:
            line(f"left = limit_of({value(self.limit)})")
        if self.offset is not None:
            line(f"skip = offset_of({value(self.offset)})")
        if self.limit is not None:
            with self.unit.block("if not left:"):
                line(at_zero)

    def cut_list(self, rows: str) -> None:
        """Write the cutting of a list of rows; `stop_list` follows when the list has been handed on."""
        line = self.unit.line
        if self.offset is not None:
            with self.unit.block("if skip:"):
                line(f"{rows}, skip = {rows}[skip:], max(0, skip - len({rows}))")
        if self.limit is not None:
            line(f"{rows} = {rows}[:left]")
            line(f"left -= len({rows})")

    def stop_list(self) -> None:
        if self.limit is not None:
            with self.unit.block("if not left:"):
                self.unit.line("return")

    def skip_row(self) -> None:
        if self.offset is not None:
            with self.unit.block("if skip:"):
                self.unit.line("skip -= 1")
                self.unit.line("continue")

    def count_row(self, stop: list[str]) -> None:
        if self.limit is not None:
            self.unit.line("left -= 1")
            with self.unit.block("if not left:"):
                for text in stop:
                    self.unit.line(text)


class Consumer(Protocol):
    """What is done with the rows of a pipeline."""

    @property
    def comprehensible(self) -> bool:
        """Does it take lists?"""
        ...

    def begin(self) -> None:
        """Write what comes before the loops."""
        ...

    def element(self) -> str:
        """Text of what becomes of a row."""
        ...

    def take_list(self, rows: str) -> None:
        """Write what is done with a list of elements."""
        ...

    def take_row(self) -> None:
        """Write what is done with the current row."""
        ...

    def flush(self, outermost: bool) -> None:
        """Write what is done at the end of a batch, when single rows were taken."""
        ...


class Gathering(ABC):
    """A consumer whose single rows gather in the list `out`, which is handed on batch by batch."""

    comprehensible = True
    element: Callable[[], str]  # given by who makes the consumer

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    @abstractmethod
    def take_list(self, rows: str) -> None:
        """Write what is done with a list of elements."""

    def begin_rows(self) -> None:
        """Write the start of gathering."""
        self.unit.line("out = []")

    def take_row(self) -> None:
        self.unit.line(f"out.append({self.element()})")

    def flush(self, outermost: bool) -> None:
        with self.unit.block("if out:" if outermost else f"if len(out) >= {BATCH}:"):
            self.hand_on()
            self.unit.line("out = []")

    def hand_on(self) -> None:
        """Write what is done with a full `out`."""
        self.take_list("out")


class Streaming(Gathering):
    """Yields rows in batches, after DISTINCT and LIMIT."""

    def __init__(self, queries: Queries, select: Select, element: Callable[[], str]) -> None:
        super().__init__(queries.unit)
        self.limiter = Limiter(queries, select.limit, select.offset)
        self.element = element
        self.distinct = select.distinct
        self.key = queries.row_key(select.distinct_orders) if select.distinct else ""
        self.tell: Callable[[str], None] = lambda event: queries.count(select.counter("distinct"), event)

    def begin(self) -> None:
        self.unit.hold()
        self.limiter.begin()
        if self.distinct:
            self.tell("start")
            self.unit.line("seen = {}")

    def take_list(self, rows: str) -> None:
        line = self.unit.line
        if self.distinct:
            line(f"out = {self.unit.held(f'distinct({rows}, seen{self.key})')}")
            rows = "out"
        if self.limiter.active:
            if rows != "out":
                line(f"out = {rows}")
            self.limiter.cut_list("out")
            rows = "out"
        line(f"yield {rows}")
        self.limiter.stop_list()

    def take_row(self) -> None:
        line = self.unit.line
        if not self.distinct and not self.limiter.active:
            line(f"out.append({self.element()})")
            return
        line(f"row = {self.element()}")
        if self.distinct:
            line(f"key = {self.key[2:]}(row)" if self.key else "key = row")
            with self.unit.block("if key in seen:"):
                line("continue")
            line(f"seen[{self.unit.held('key', 'hold_one')}] = None")
            self.tell("passed")
        self.limiter.skip_row()
        line("out.append(row)")
        self.limiter.count_row(["yield out", "return"])

    def hand_on(self) -> None:
        self.unit.line("yield out")


class Collecting(Gathering):
    """Collects elements in the list `rows`, or in a `Top`."""

    def __init__(self, unit: Unit, element: Callable[[], str], top: bool = False) -> None:
        super().__init__(unit)
        self.element = element
        self.top = top
        self.set_terms: Callable[[str], None] = lambda text: None

    def begin(self) -> None:
        if self.top:
            self.set_terms = self.unit.reserve()
        else:
            self.unit.line("rows = []")

    def take_list(self, rows: str) -> None:
        self.unit.line(f"top.add({rows})" if self.top else f"rows += {self.unit.held(rows)}")


class Answering:
    """Ends the function at the first row."""

    comprehensible = False

    def __init__(self, unit: Unit, answer: Callable[[], str]) -> None:
        self.unit = unit
        self.element = answer

    def begin(self) -> None: ...

    def take_list(self, rows: str) -> None: ...

    def take_row(self) -> None:
        self.unit.line(f"return {self.element()}")

    def flush(self, outermost: bool) -> None: ...


class GroupedRows(Gathering):
    """Hands rows to a `GroupWriter`."""

    def __init__(self, unit: Unit, writer: GroupWriter) -> None:
        super().__init__(unit)
        self.writer = writer
        self.keyed = bool(writer.group.keys)
        self.comprehensible = writer.comprehensible

    def begin(self) -> None:
        self.writer.begin()

    def element(self) -> str:
        return self.writer.element()

    def take_list(self, rows: str) -> None:
        self.writer.take_list(rows)

    def begin_rows(self) -> None:
        if not self.keyed:
            super().begin_rows()

    def take_row(self) -> None:
        if self.keyed:
            self.writer.take_row()
        else:
            super().take_row()

    def flush(self, outermost: bool) -> None:
        if not self.keyed:
            super().flush(outermost)


class GroupsInOrder(GroupedRows):
    """Hands rows that come group by group to a `GroupWriter`; at the end of a batch all groups but the last are complete, and
    `hand_on_groups` writes what becomes of them."""

    def __init__(self, unit: Unit, writer: GroupWriter, hand_on_groups: Callable[[], None]) -> None:
        super().__init__(unit, writer)
        self.hand_on_groups = hand_on_groups

    def take_list(self, rows: str) -> None:
        super().take_list(rows)
        self._pass_complete()

    def flush(self, outermost: bool) -> None:
        if outermost:
            self._pass_complete()

    def _pass_complete(self) -> None:
        groups = self.writer.groups
        with self.unit.block(f"if len({groups}) > 1:"):
            last = self.unit.name("last")
            self.unit.line(f"{last} = {groups}.popitem()")
            self.hand_on_groups()
            self.unit.line(f"{groups}.clear()")
            self.unit.line(f"{groups}[{last}[0]] = {last}[1]")


class Yielding:
    """Yields row variables, for the next part of a long join."""

    comprehensible = False

    def __init__(self, unit: Unit, names: list[str]) -> None:
        self.unit = unit
        self.names = names

    def begin(self) -> None: ...

    def element(self) -> str:
        for name in self.names:
            self.unit.use(name)
        return f"({', '.join(self.names)},)"

    def take_list(self, rows: str) -> None: ...

    def take_row(self) -> None:
        text = self.element() if len(self.names) > 1 else self.names[0]
        self.unit.line(f"yield {text}")

    def flush(self, outermost: bool) -> None: ...
