"""Writing one SELECT block: steps, filters, groups, projection, DISTINCT, ORDER BY, LIMIT.

Two ways to write a pipeline
    As one comprehension per batch, if the sources are one scan and perhaps hash look-ups; the consumer takes lists::

        for keys2_, rows3_ in t0_.batches():
            try:
                out = [(r1[0], r1[2]) for r1 in rows3_ if (r1[1] > q4_)]
            except TypeError:
                out = [… exact …]
            yield out

    As nested for statements, where each level filters with ``continue``; the innermost text takes one row. Rows are
    handed on at the end of each batch, so that a scan's first rows come quickly and LIMIT stops the loops. Python
    allows 20 nested blocks: after `STEPS_MAX` steps the loops so far become a generator of their row variables.

ORDER BY is done in one of three ways (`_write_sorted`): output rows are sorted by their own columns; source rows are
sorted, then made into output rows; or pairs of output row and keys are sorted.

Keeps INV-Q3, INV-T3. What it does not do: subqueries and compounds (`select`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aerodb_dbapi.executor.access import Stream, columns_taken
from aerodb_dbapi.executor.consumers import (
    Answering,
    Collecting,
    Consumer,
    GroupedRows,
    GroupsInOrder,
    Queries,
    Streaming,
    Yielding,
)
from aerodb_dbapi.executor.expressions import RowBinding, simple
from aerodb_dbapi.executor.grouping import GroupWriter, counts_rows
from aerodb_dbapi.executor.later import outlined
from aerodb_dbapi.planner.expressions import Column, Expression
from aerodb_dbapi.planner.query import (
    Access,
    Grouping,
    HashLookup,
    ModuleSource,
    Order,
    OutputColumn,
    QuerySource,
    RecursiveSource,
    RowidIn,
    RowidPoint,
    RowsSource,
    Select,
    Source,
    Step,
    TableSource,
)
from aerodb_dbapi.planner.usage import repeatable
from aerodb_dbapi.storage.errors import NotSupportedError

STEPS_MAX: Final = 6


def plain(query: Select) -> bool:
    """Nothing but rows, one after the other?"""
    return (
        query.group is None and not query.distinct and query.limit is None and query.offset is None
        and (not query.order_by or query.sorted)
    )  # fmt: skip


def steps_of(select: Select) -> list[Step]:
    """The physical steps; without an optimizer's, full scans in written order."""
    if select.steps is None:
        select.steps = []
        filters = list(select.where)
        for join in select.joins:
            left = join.kind == "left"
            step = Step(join.source, Access(), "left" if left else "inner", list(join.on) if left else [])
            if not left:
                step.filters = list(join.on)
            select.steps.append(step)
        if select.steps:
            select.steps[-1].filters = [*select.steps[-1].filters, *filters]
        else:
            select.pre_filters = [*select.pre_filters, *filters]
    return select.steps


def width_of(source: Source) -> int | None:
    """The number of columns of a source's row."""
    if isinstance(source, TableSource):
        return len(source.table.columns)
    if isinstance(source, QuerySource):
        return len(source.query.names)
    if isinstance(source, RowsSource | RecursiveSource):
        return source.width
    if isinstance(source, ModuleSource):
        return source.module.width
    return None


def position(order: Order) -> int:
    """The output column that an ORDER BY term of a compound names."""
    if not isinstance(order.expression, OutputColumn):
        raise NotSupportedError("ORDER BY of a compound by anything but its columns")
    return order.expression.position


class SelectWriter:
    """Writes one SELECT into the current function."""

    def __init__(self, queries: Queries, select: Select) -> None:
        self.queries = queries
        self.unit = queries.unit
        self.select = select
        self.expressions = queries.expressions
        self.steps = steps_of(select)
        self.returning = "return {}"  # how a list leaves the function
        for step in self.steps:
            width = width_of(step.source)
            if width is not None:
                queries.widths[step.source.id] = width
        if select.group is not None:
            group = select.group
            queries.widths[group.id] = len(group.keys) + len(group.calls) + len(group.bare)

    @property
    def sorting(self) -> bool:
        return bool(self.select.order_by) and not self.select.sorted

    @property
    def is_list(self) -> bool:
        """Must all rows be seen before the first comes out?"""
        return self.sorting or (self.select.group is not None and not self.select.grouped)

    @property
    def is_single(self) -> bool:
        """One row at most, found without a loop?"""
        points = all(type(step.access) is RowidPoint and step.counter is None for step in self.steps)
        return points and plain(self.select)

    def write(self) -> bool:
        """Write the whole; does the function return a list?"""
        if self.is_list:
            self._write_list()
            return True
        consumer = Streaming(self.queries, self.select, self._output)
        if self.select.group is None:
            self.pipeline(consumer)
        else:
            self._write_groups_in_order(consumer, self.select.group)
        return False

    def write_first(self) -> bool:
        """Write a function that returns the first column of the first row, or None."""
        self.pipeline(Answering(self.unit, lambda: self.expressions.value(self.select.columns[0])))
        self.unit.line("return None")
        return False

    def write_exists(self) -> bool:
        """Write a function that tells whether there is a row."""
        self.pipeline(Answering(self.unit, lambda: "True"))
        self.unit.line("return False")
        return False

    def write_single(self, element: Callable[[], str]) -> None:
        """Write straight text that returns an iterator of one row or none."""
        steps = self.queries.steps
        steps.miss = nothing = "return iter(())"
        steps.filters(self.select.pre_filters, nothing)
        for step in self.steps:
            steps.read(step, lambda stream: None)
            steps.filters(step.filters if step.kind == "left" else [*step.on, *step.filters], nothing)
        self.unit.line(f"return iter(({element()},))")
        steps.miss = "continue"

    def _output(self) -> str:
        return self.queries.row_text(self.select.columns)

    # --- lists: grouped, sorted

    def _write_list(self) -> None:
        group = self.select.group
        row = self._row_of_scan()
        if self._write_count():
            return
        if group is None:
            self._write_sorted(self.pipeline, row)
            return
        writer = GroupWriter(self.unit, self.expressions, group, row)
        writer.stored = frozenset(step.source.id for step in self.steps if isinstance(step.source, TableSource))
        if group.keys and not writer.counting:
            with self.unit.block("with paused_gc():"):
                made = self._grouped(writer)
        else:
            made = self._grouped(writer)
        variable = f"r{group.id}"
        self.expressions.sources[group.id] = RowBinding(variable)
        self.unit.define(variable)

        def stream(consumer: Consumer) -> None:
            consumer.begin()
            self._comprehension([Stream(variable, made)], [list(self.select.having)], consumer)

        if self.sorting:
            self._write_sorted(stream, variable)
        else:
            stream(Collecting(self.unit, self._output))
            self._finish("rows")

    def _write_groups_in_order(self, output: Streaming, group: Grouping) -> None:
        """Rows come in the order of the groups: those that are complete at the end of a batch are handed on."""
        writer = GroupWriter(self.unit, self.expressions, group, self._row_of_scan())
        variable = f"r{group.id}"
        output.begin()

        def hand_on() -> None:
            made = writer.finish()
            self.expressions.sources[group.id] = RowBinding(variable)
            self.unit.define(variable)
            self._comprehension([Stream(variable, made)], [list(self.select.having)], output)

        self.pipeline(GroupsInOrder(self.unit, writer, hand_on))
        hand_on()

    def _grouped(self, writer: GroupWriter) -> str:
        """Write the grouping; the name of the list of groups."""
        self.pipeline(GroupedRows(self.unit, writer))
        self.queries.count(self.select.counter("group"), "start")
        made = writer.finish()
        self.queries.count(self.select.counter("group"), "done", made)
        return made

    def _write_count(self) -> bool:
        """``SELECT count(*) FROM t``: the tree knows its size."""
        select, group = self.select, self.select.group
        if group is None or group.keys or group.bare or select.pre_filters or select.having or len(self.steps) != 1:
            return False
        step = self.steps[0]
        plain = type(step.access) is Access and step.kind != "left" and not step.on and not step.filters
        if not plain or not isinstance(step.source, TableSource) or not all(map(counts_rows, group.calls)):
            return False
        self.expressions.sources[group.id] = RowBinding("count")
        self.unit.define("count")
        self.queries.count(step.counter, "start")
        count = f"len({self.queries.steps.tree(step.source)})"
        self.unit.line(f"count = ({', '.join([count] * len(group.calls))},)")
        self.unit.line(f"rows = [{self._output()}]")
        self._finish("rows")
        return True

    def _row_of_scan(self) -> str | None:
        """The row variable, if the only source gives rows of one variable."""
        if len(self.steps) != 1 or self.steps[0].kind == "left" or type(self.steps[0].access) is RowidPoint:
            return None
        names = self.queries.steps.variables(self.steps[0].source, getattr(self.steps[0].access, "covering", False))
        from_set = type(self.steps[0].access).__name__ == "RowidIn"
        return names[0] if len(names) == 1 and not from_set else None

    def _write_sorted(self, run: Callable[[Consumer], None], row: str | None) -> None:
        """ORDER BY in one of three ways: sort output rows by their columns; sort source rows, then make output rows;
        sort pairs of output row and keys."""
        select = self.select
        outputs = all(isinstance(order.expression, OutputColumn) for order in select.order_by)
        top = select.limit is not None and not select.distinct
        if outputs and (select.distinct or not top):
            terms = [(f"itemgetter({position(order)})", order) for order in select.order_by]
            self._collect_and_sort(run, self._output, lambda: terms, top)
        elif row is not None and not select.distinct and self._keys_from_row():
            self._collect_and_sort(run, lambda: row, lambda: self._row_terms(row), top)
            output = self._output()
            if output != row:
                taken = columns_taken(self.unit, Stream(row, "rows", True), output)
                self.unit.line(f"rows = {taken or f'[{output} for {row} in rows]'}")
        else:
            self._collect_and_sort(run, self._decorated, self._decorated_terms, top, decorated=True)
            self.unit.line("rows = [pair[0] for pair in rows]")
        self.unit.line(self.returning.format("rows"))

    def _collect_and_sort(
        self,
        run: Callable[[Consumer], None],
        element: Callable[[], str],
        terms: Callable[[], list[tuple[str, Order]]],
        top: bool,
        decorated: bool = False,
    ) -> None:
        select, line, value = self.select, self.unit.line, self.expressions.value
        consumer = Collecting(self.unit, element, top)
        if select.offset is not None:
            line(f"start = offset_of({value(select.offset)})")
        if select.limit is not None:
            line(f"stop = limit_of({value(select.limit)}){' + start' if select.offset is not None else ''}")
        run(consumer)
        if select.distinct:
            key = self.queries.row_key(select.distinct_orders)
            self._distinct("rows", f", pair_key({key[2:]})" if decorated else key)
        self.queries.count(select.counter("sort"), "start")
        listed = self.queries.terms(terms())
        if top:
            consumer.set_terms(f"top = {'session.top' if self.unit.meters > 1 else 'Top'}({listed}, stop)")
            line("rows = top.result()")
        else:
            line(f"rows = order(rows, {listed})")
        self.queries.count(select.counter("sort"), "done", "rows")
        if select.offset is not None or (select.limit is not None and not top):
            stop = "stop" if select.limit is not None else ""
            line(f"rows = rows[{'start' if select.offset is not None else ''}:{stop}]")

    def _keys_from_row(self) -> bool:
        """May the sort keys be computed from the source row, without computing an output column twice?"""
        for order in self.select.order_by:
            key = order.expression
            if isinstance(key, OutputColumn) and not isinstance(self.select.columns[key.position], Column):
                return False
            if not isinstance(key, OutputColumn) and not repeatable([key]):
                return False
        return True

    def _row_terms(self, row: str) -> list[tuple[str, Order]]:
        terms = []
        for order in self.select.order_by:
            key = order.expression
            text = self.expressions.value(self.select.columns[key.position] if isinstance(key, OutputColumn) else key)
            if simple(text) and text.startswith(f"{row}["):
                terms.append((f"itemgetter({text[len(row) + 1 : -1]})", order))
            else:
                terms.append((f"(lambda {row}: {text})", order))
        return terms

    def _decorated(self) -> str:
        keys = [
            self.expressions.value(order.expression)
            for order in self.select.order_by
            if not isinstance(order.expression, OutputColumn)
        ]
        return f"({', '.join([self._output(), *keys])},)"

    def _decorated_terms(self) -> list[tuple[str, Order]]:
        terms, place = [], 1
        for order in self.select.order_by:
            if isinstance(order.expression, OutputColumn):
                terms.append((f"(lambda pair: pair[0][{order.expression.position}])", order))
            else:
                terms.append((f"itemgetter({place})", order))
                place += 1
        return terms

    def _finish(self, rows: str) -> None:
        """DISTINCT, LIMIT and the return of a list that needs no sort."""
        if self.select.distinct:
            self._distinct(rows, self.queries.row_key(self.select.distinct_orders))
        self.unit.line(self.returning.format(self.queries.cut(rows, self.select.limit, self.select.offset)))

    def _distinct(self, rows: str, key: str) -> None:
        """Write the dropping of repeated rows from a list."""
        counter = self.select.counter("distinct")
        self.queries.count(counter, "start")
        self.unit.line(f"{rows} = distinct_rows({rows}{key})")
        self.queries.count(counter, "done", rows)

    # --- pipelines

    def pipeline(self, consumer: Consumer) -> None:
        """Write the loops over all steps."""
        consumer.begin()
        careful = bool(self.steps) and type(self.steps[0].access) not in (Access, HashLookup, RowidIn)
        if not self.select.pre_filters and not careful:
            return self._loops(consumer)
        with self.unit.block("for _ in ONCE:"):
            self.queries.steps.filters(self.select.pre_filters, "continue")
            self._loops(consumer)
        return None

    def _loops(self, consumer: Consumer) -> None:
        begin_rows = getattr(consumer, "begin_rows", None)
        if self._chainable():
            streams: list[Stream] = []
            filters: list[list[Expression]] = []
            self._chain(0, streams, filters, consumer)
            return
        if begin_rows is not None:
            begin_rows()
        self._nested(consumer)
        consumer.flush(True)

    def _chainable(self) -> bool:
        """Could the steps be one comprehension: a scan, then hash look-ups?"""
        if not self.steps or self.steps[0].kind == "left" or type(self.steps[0].access) is RowidPoint:
            return False
        if self.steps[0].counter is not None:
            return False
        return (
            all(isinstance(step.access, HashLookup) and not step.on for step in self.steps[1:]) and len(self.steps) < 5
        )

    def _chain(self, i: int, streams: list[Stream], filters: list[list[Expression]], consumer: Consumer) -> None:
        """Open step after step; then one comprehension, or for statements where that cannot be."""
        if i < len(self.steps):
            step = self.steps[i]
            steps = self.queries.steps
            nested, steps.nested = steps.nested, i > 0

            def opened(stream: Stream | None) -> None:
                assert stream is not None
                steps.nested = nested
                streams.append(stream)
                filters.append([*step.on, *step.filters] if step.kind != "left" else list(step.filters))
                self._chain(i + 1, streams, filters, consumer)

            steps.read(step, opened)
            return
        one_list = consumer.comprehensible and not any(":=" in stream.iterable for stream in streams)
        if one_list and all(repeatable(conjuncts) for conjuncts in filters):
            self._comprehension(streams, filters, consumer)
        else:
            begin_rows = getattr(consumer, "begin_rows", None)
            if begin_rows is not None:
                begin_rows()
            self._statements(streams, filters, consumer, 0)
            consumer.flush(True)

    def _comprehension(self, streams: list[Stream], filters: list[list[Expression]], consumer: Consumer) -> None:
        """Hand on a list made from streams."""

        def text() -> str:
            element = consumer.element()
            if len(streams) == 1 and not filters[0] and element == streams[0].target:
                return streams[0].iterable
            if len(streams) == 1 and not filters[0] and (taken := columns_taken(self.unit, streams[0], element)):
                return taken
            parts = []
            for stream, conjuncts in zip(streams, filters):
                condition = f" if {self.expressions.tests(conjuncts)}" if conjuncts else ""
                parts.append(f" for {stream.target} in {stream.iterable}{condition}")
            return f"[{element}{''.join(parts)}]"

        safe = all(repeatable(conjuncts) for conjuncts in filters) and repeatable(self.select.columns)
        fast, exact = self.expressions.both(text, safe)
        if exact is None:
            consumer.take_list(fast)
            return
        made = self.unit.name("list")
        with self.unit.block("try:"):
            self.unit.line(f"{made} = {fast}")
        with self.unit.block("except TypeError:"):
            self.unit.line(f"{made} = {outlined(self.unit, exact)}")
        consumer.take_list(made)

    def _statements(self, streams: list[Stream], filters: list[list[Expression]], consumer: Consumer, i: int) -> None:
        if i == len(streams):
            consumer.take_row()
            return
        with self.unit.block(f"for {streams[i].target} in {streams[i].iterable}:"):
            self.queries.steps.filters(filters[i], "continue")
            self._statements(streams, filters, consumer, i + 1)

    def _nested(self, consumer: Consumer) -> None:
        """For statements, cut into generators of at most `STEPS_MAX` steps each."""
        remaining = list(self.steps)
        source: tuple[str, str] | None = None  # variables, call
        while len(remaining) > STEPS_MAX:
            part, remaining = remaining[:STEPS_MAX], remaining[STEPS_MAX:]
            source = self._part(part, source)
        self._open(source, consumer, lambda: self._step(remaining, 0, consumer, source is None))

    def _open(self, source: tuple[str, str] | None, consumer: Consumer, inner: Callable[[], None]) -> None:
        """The loop around everything: over an earlier part's rows, or once."""
        if source is None:
            with self.unit.block("for _ in ONCE:"):
                inner()
            return
        variables, call = source
        self.unit.define(*variables.split(", "))
        with self.unit.block(f"for {variables} in {call}:"):
            inner()
            consumer.flush(False)

    def _part(self, part: list[Step], source: tuple[str, str] | None) -> tuple[str, str]:
        """Write some steps as a generator of their row variables."""
        names = source[0].split(", ") if source is not None else []
        for step in part:
            names += self._bound_names(step)

        def write() -> None:
            consumer = Yielding(self.unit, names)
            self._open(source, consumer, lambda: self._step(part, 0, consumer, source is None))

        name, free = self.unit.function(write, "part")
        return ", ".join(names), f"{name}({', '.join(free)})"

    def _bound_names(self, step: Step) -> list[str]:
        names = self.queries.steps.variables(step.source, getattr(step.access, "covering", False))
        if type(step.access) is RowidPoint and step.kind == "left":
            return list(dict.fromkeys([*names, f"r{step.source.id}"]))
        return names

    def _step(self, steps: list[Step], i: int, consumer: Consumer, outer: bool) -> None:
        """One step and everything inside it."""
        if i == len(steps):
            consumer.take_row()
            self.queries.count(self.select.counter("group"), "charge")
            return
        step = steps[i]
        writer = self.queries.steps
        nested, writer.nested = writer.nested, i > 0 or not outer
        filters = list(step.filters) if step.kind == "left" else [*step.on, *step.filters]

        def row() -> None:
            writer.note_row(step)
            writer.filters(filters, "continue")
            self.queries.count(step.counter, "passed")
            self._step(steps, i + 1, consumer, outer)

        def inside(stream: Stream | None) -> None:
            writer.nested = nested
            if stream is None:
                row()
                return
            with self.unit.block(f"for {stream.target} in {stream.iterable}:"):
                row()
            if stream.batched:
                consumer.flush(i == 0 and outer)

        if step.counter is None:
            writer.read(step, inside)
        else:
            writer.read_counted(step, inside)
