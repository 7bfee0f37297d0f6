"""Writing query blocks: how rows flow from steps through filters, groups, projection, DISTINCT, ORDER BY and LIMIT.

Pieces
    `QueryCompiler`  gives every query of the statement a function, written once, and texts that call it.
    `SelectWriter`   writes one SELECT into the current function: `pipeline` for the steps, then a *consumer*.
    consumers        what is done with rows: yield them in batches, collect, sort, keep the first n, group, answer
    EXISTS.

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

A function that must see all rows before the first comes out (sorted, grouped, compound) returns a list; the others are
generators of lists. Uncorrelated subqueries fill a memo at first use; correlated ones are functions of the rows they
use.

Keeps INV-Q2, INV-Q3, INV-T3. What it does not do: windows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from aerodb_dbapi.executor.access import StepWriter, Stream
from aerodb_dbapi.executor.expressions import ExpressionCompiler, RowBinding, repeatable, simple
from aerodb_dbapi.executor.grouping import GroupWriter, counts_rows
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.expressions import Column, Expression
from aerodb_dbapi.planner.query import (
    Access,
    Compound,
    HashLookup,
    Order,
    OutputColumn,
    Query,
    QuerySource,
    Recursive,
    RecursiveSource,
    RowidIn,
    RowidPoint,
    RowsSource,
    Select,
    Source,
    Step,
    TableSource,
    Values,
)
from aerodb_dbapi.storage.errors import NotSupportedError

STEPS_MAX: Final = 6
BATCH: Final = 256


@dataclass(slots=True)
class Made:
    """A function that answers a query: its name, the row variables it takes, and whether it returns a list of rows
    (else it is a generator of batches)."""

    name: str
    free: list[str]
    is_list: bool
    query: Query


class QueryCompiler:
    """Writes the queries of one statement."""

    def __init__(self, unit: Unit, references: dict[int, set[int]]) -> None:
        self.unit = unit
        self.expressions = ExpressionCompiler(unit, self)
        self.steps = StepWriter(unit, self.expressions, self, references)
        self.widths: dict[int, int] = {}  # the number of columns of each source
        self._made: dict[tuple[str, int], tuple[Query, Made]] = {}
        self._memos: dict[tuple[str, int], tuple[Query, str]] = {}

    # --- functions

    def _function(self, kind: str, query: Query, write: Callable[[], bool]) -> Made:
        """The function for a query, written at the first call. `write` says whether it returns a list."""
        key = (kind, id(query))
        if key not in self._made:
            nested, self.steps.nested = self.steps.nested, False
            miss, self.steps.miss = self.steps.miss, "continue"
            depth, self.expressions._depth = self.expressions._depth, 0
            optimistic, self.expressions.optimistic = self.expressions.optimistic, False
            is_list: list[bool] = []
            name, free = self.unit.function(lambda: is_list.append(write()))
            self.expressions._depth, self.expressions.optimistic = depth, optimistic
            self.steps.nested, self.steps.miss = nested, miss
            self._made[key] = (query, Made(name, free, is_list[0], query))
        return self._made[key][1]

    def call(self, made: Made) -> str:
        """Text of a call."""
        for variable in made.free:
            self.unit.use(variable)
        return f"{made.name}({', '.join(made.free)})"

    def function(self, query: Query) -> Made:
        """The function that gives a query's rows."""
        return self._function("rows", query, lambda: self.write(query))

    def memo(self, kind: str, query: Query, made: Made, text: str) -> str:
        """Text of a value that is computed once per run if the query is not correlated; `text` computes it."""
        if made.free:
            return text
        key = (kind, id(query))
        if key not in self._memos:
            memo = self.unit.memo()

            def write() -> None:
                self.unit.line(f"nonlocal {memo}")
                self.unit.line(f"{memo} = {text}")
                self.unit.line(f"return {memo}")

            name, _ = self.unit.function(write, "m")
            self._memos[key] = (query, f"({memo} if {memo} is not UNSET else {name}())")
        return self._memos[key][1]

    # --- what expressions and steps ask for

    def rows(self, query: Query) -> tuple[str, bool]:
        made = self.function(query)
        return self.call(made), made.is_list

    def row_list(self, query: Query) -> str:
        made = self.function(query)
        text = self.call(made)
        return self.memo("list", query, made, text if made.is_list else f"list(chain({text}))")

    def _iterable(self, made: Made) -> str:
        return self.call(made) if made.is_list else f"chain({self.call(made)})"

    def scalar(self, query: Query) -> str:
        """Text of the first row's first value."""
        if isinstance(query, Select) and _plain(query):
            made = self._function("scalar", query, lambda: SelectWriter(self, query).write_first())
            return self.memo("scalar", query, made, self.call(made))
        made = self.function(query)
        return self.memo("scalar", query, made, f"first_value({self._iterable(made)}, 0)")

    def exists(self, query: Query) -> str:
        """Text that is true if there is a row."""
        if isinstance(query, Select) and _plain(query):
            made = self._function("exists", query, lambda: SelectWriter(self, query).write_exists())
            return self.memo("exists", query, made, self.call(made))
        made = self.function(query)
        return self.memo("exists", query, made, f"any(True for _ in {self._iterable(made)})")

    def members(self, query: Query, columns: list[Callable[[str], str]]) -> str:
        made = self.function(query)
        keys = [make(f"row[{i}]") for i, make in enumerate(columns)]
        if len(keys) == 1:
            text = f"Members([{keys[0]} for row in {self._iterable(made)}])"
        else:
            text = f"row_members([({', '.join(keys)}) for row in {self._iterable(made)}])"
        return self.memo("members " + ", ".join(keys), query, made, text)

    # --- kinds of queries

    def write(self, query: Query) -> bool:
        """Write a query into the current function, with return or yield; does it return a list?"""
        if isinstance(query, Select):
            return SelectWriter(self, query).write()
        if isinstance(query, Compound):
            return self._write_compound(query)
        if isinstance(query, Values):
            return self._write_values(query)
        if isinstance(query, Recursive):
            return self._write_recursive(query)
        raise NotSupportedError(f"query {type(query).__name__}")

    def _write_values(self, query: Values) -> bool:
        line = self.unit.line
        if all(isinstance(value, e.Constant) for row in query.rows for value in row):
            rows = [tuple(value.value for value in row) for row in query.rows]  # type: ignore[attr-defined]
            line(f"return {self.unit.bind(rows, 'rows')}")
            return True
        line("rows = []")
        for row in query.rows:
            line(f"rows.append({self.row_text(list(row))})")
        line("return rows")
        return True

    def _write_compound(self, query: Compound) -> bool:
        line = self.unit.line
        op = query.op.upper()
        parts = [self.function(arm) for arm in (_all_arms(query) if op == "UNION ALL" else (query.left, query.right))]
        if op == "UNION ALL" and not query.order_by:
            self._write_union_all(query, parts)
            return False
        sides = ", ".join(map(self._iterable, parts))
        if op == "UNION ALL":
            line(f"rows = list(chain(({sides})))")
        else:
            name = {"UNION": "union", "INTERSECT": "intersect", "EXCEPT": "except_rows"}[op]
            line(f"rows = {name}({sides}, {not query.order_by}{self.row_key(query.orders)})")
        self._finish_list("rows", query.order_by, query.limit, query.offset)
        return True

    def _write_union_all(self, query: Compound, parts: list[Made]) -> None:
        limiter = Limiter(self, query.limit, query.offset)
        limiter.begin()
        for made in parts:
            batches = f"chunks({self.call(made)})" if made.is_list else self.call(made)
            if not limiter.active:
                self.unit.line(f"yield from {batches}")
                continue
            with self.unit.block(f"for out in {batches}:"):
                limiter.cut_list("out")
                self.unit.line("yield out")
                limiter.stop_list()

    def row_key(self, orders: list[str]) -> str:
        """A further argument: the function that folds rows, if a collation does."""
        folds = [self.expressions.fold(order) for order in orders]
        if not any(folds):
            return ""
        listed = "".join(f"{fold}, " for fold in folds)
        return f", {self.unit.hoist(f'row_key(({listed}))')}"

    def _finish_list(
        self, rows: str, order_by: list[Order], limit: Expression | None, offset: Expression | None
    ) -> None:
        """Sort by output columns, cut, return."""
        if order_by:
            terms = "".join(self.term(f"itemgetter({_position(order)})", order) + ", " for order in order_by)
            self.unit.line(f"{rows} = order({rows}, ({terms}))")
        self.unit.line(f"return {self.cut(rows, limit, offset)}")

    def cut(self, rows: str, limit: Expression | None, offset: Expression | None) -> str:
        """Text of the part of a list between OFFSET and LIMIT."""
        if limit is None and offset is None:
            return rows
        value = self.expressions.value
        start = "0" if offset is None else f"offset_of({value(offset)})"
        if limit is None:
            return f"{rows}[{start}:]"
        self.unit.line(f"stop = limit_of({value(limit)})")
        self.unit.line(f"start = {start}")
        return f"{rows}[start:start + stop]"

    def term(self, key: str, order: Order) -> str:
        """Text of a sort term (see `sorting`)."""
        return f"({key}, {order.descending}, {self.expressions.fold(order.collation)}, {order.nulls_first})"

    def row_text(self, columns: list[Expression]) -> str:
        """Text of an output row; a source row that already is the output row passes through untouched."""
        whole = self._whole_row(columns)
        if whole is not None:
            self.unit.use(whole)
            return whole
        return f"({''.join(self.expressions.value(column) + ', ' for column in columns)})"

    def _whole_row(self, columns: list[Expression]) -> str | None:
        if not columns or not isinstance(columns[0], Column):
            return None
        source = columns[0].source
        binding = self.expressions.sources.get(source)
        if not isinstance(binding, RowBinding) or self.widths.get(source) != len(columns):
            return None
        same = all(
            isinstance(column, Column) and column.source == source and column.position == i
            for i, column in enumerate(columns)
        )
        return binding.variable if same else None

    def _write_recursive(self, query: Recursive) -> bool:
        """Rows come out generation by generation; the rows of one are given to the steps together where that keeps
        their order, else one by one."""
        line, block = self.unit.line, self.unit.block
        work = f"w{query.cte}"
        self.unit.define(work)
        line(f"fresh = list({self._iterable(self.function(query.initial))})")
        if query.distinct:
            line("seen = {}")
            line("fresh = distinct(fresh, seen)")
        limiter = Limiter(self, query.limit, query.offset)
        limiter.begin()
        steps = [self.function(step) for step in query.steps]
        terms = "".join(self.term(f"itemgetter({_position(order)})", order) + ", " for order in query.order_by)
        with block("while fresh:"):
            if terms:
                line(f"fresh = order(fresh, ({terms}))")
                line("out, rest = fresh[:1], fresh[1:]")
            else:
                line("out, rest = fresh, []")
            line("made = []")
            together = len(query.steps) == 1 and _leads_with(query.steps[0], query.cte)
            with block(f"for {work} in {'(out,)' if together else 'chunks(out, 1)'}:"):
                for made in steps:
                    line(f"made += {self._iterable(made)}")
            if query.distinct:
                line("made = distinct(made, seen)")
            limiter.cut_list("out")
            line("yield out")
            limiter.stop_list()
            line("fresh = rest + made")
        return False


def _position(order: Order) -> int:
    if not isinstance(order.expression, OutputColumn):
        raise NotSupportedError("ORDER BY of a compound by anything but its columns")
    return order.expression.position


def _all_arms(query: Query) -> list[Query]:
    """The arms of a chain of UNION ALL, left to right."""
    arms: list[Query] = []
    while isinstance(query, Compound) and query.op.upper() == "UNION ALL":
        arms.append(query.right)
        query = query.left
        if isinstance(query, Compound) and (query.order_by or query.limit is not None or query.offset is not None):
            break
    return [query, *reversed(arms)]


def _plain(query: Select) -> bool:
    """Nothing but rows, one after the other?"""
    return (
        query.group is None and not query.distinct and query.limit is None and query.offset is None
        and (not query.order_by or query.sorted)
    )  # fmt: skip


def _leads_with(query: Query, cte: int) -> bool:
    """Is the recursive table the outermost loop of a SELECT that only joins and filters?"""
    if not isinstance(query, Select) or not _plain(query):
        return False
    first = steps_of(query)[0].source if steps_of(query) else None
    return isinstance(first, RecursiveSource) and first.cte == cte


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
    return None


class Limiter:
    """LIMIT and OFFSET while rows are on their way."""

    def __init__(self, queries: QueryCompiler, limit: Expression | None, offset: Expression | None) -> None:
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


# --- Consumers --------------------------------------------------------------------------------------------------------


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


class Gathering:
    """A consumer whose single rows gather in the list `out`, which is handed on batch by batch."""

    comprehensible = True

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def element(self) -> str:
        raise NotImplementedError

    def take_list(self, rows: str) -> None:
        raise NotImplementedError

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

    def __init__(self, queries: QueryCompiler, select: Select, element: Callable[[], str]) -> None:
        super().__init__(queries.unit)
        self.limiter = Limiter(queries, select.limit, select.offset)
        self.element = element  # type: ignore[method-assign]
        self.distinct = select.distinct
        self.key = queries.row_key(select.distinct_orders) if select.distinct else ""

    def begin(self) -> None:
        self.limiter.begin()
        if self.distinct:
            self.unit.line("seen = {}")

    def take_list(self, rows: str) -> None:
        line = self.unit.line
        if self.distinct:
            line(f"out = distinct({rows}, seen{self.key})")
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
            line("seen[key] = None")
        self.limiter.skip_row()
        line("out.append(row)")
        self.limiter.count_row(["yield out", "return"])

    def hand_on(self) -> None:
        self.unit.line("yield out")


class Collecting(Gathering):
    """Collects elements in the list `rows`, or in a `Top`."""

    def __init__(self, unit: Unit, element: Callable[[], str], top: bool = False) -> None:
        super().__init__(unit)
        self.element = element  # type: ignore[method-assign]
        self.top = top
        self.set_terms: Callable[[str], None] = lambda text: None

    def begin(self) -> None:
        if self.top:
            self.set_terms = self.unit.reserve()
        else:
            self.unit.line("rows = []")

    def take_list(self, rows: str) -> None:
        self.unit.line(f"top.add({rows})" if self.top else f"rows += {rows}")


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


class Grouping(Gathering):
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


# --- One SELECT -------------------------------------------------------------------------------------------------------


class SelectWriter:
    """Writes one SELECT into the current function."""

    def __init__(self, queries: QueryCompiler, select: Select) -> None:
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
        return self.sorting or self.select.group is not None

    @property
    def is_single(self) -> bool:
        """One row at most, found without a loop?"""
        return _plain(self.select) and all(type(step.access) is RowidPoint for step in self.steps)

    def write(self) -> bool:
        """Write the whole; does the function return a list?"""
        if self.is_list:
            self._write_list()
            return True
        consumer = Streaming(self.queries, self.select, self._output)
        self.pipeline(consumer)
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
        self.pipeline(Grouping(self.unit, writer))
        made = writer.finish()
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
            terms = [(f"itemgetter({_position(order)})", order) for order in select.order_by]
            self._collect_and_sort(run, self._output, lambda: terms, top)
        elif row is not None and not select.distinct and self._keys_from_row():
            self._collect_and_sort(run, lambda: row, lambda: self._row_terms(row), top)
            if self._output() != row:
                self.unit.line(f"rows = [{self._output()} for {row} in rows]")
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
            line(
                f"rows = distinct_rows(rows, pair_key({key[2:]}))" if decorated else f"rows = distinct_rows(rows{key})"
            )
        listed = "".join(self.queries.term(*term) + ", " for term in terms())
        if top:
            consumer.set_terms(f"top = Top(({listed}), stop)")
            line("rows = top.result()")
        else:
            line(f"rows = order(rows, ({listed}))")
        if select.offset is not None or select.limit is not None:
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
            self.unit.line(f"{rows} = distinct_rows({rows}{self.queries.row_key(self.select.distinct_orders)})")
        self.unit.line(self.returning.format(self.queries.cut(rows, self.select.limit, self.select.offset)))

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
            self.unit.line(f"{made} = {exact}")
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
            consumer = _Yielding(self.unit, names)
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
            return
        step = steps[i]
        writer = self.queries.steps
        nested, writer.nested = writer.nested, i > 0 or not outer
        filters = list(step.filters) if step.kind == "left" else [*step.on, *step.filters]

        def inside(stream: Stream | None) -> None:
            writer.nested = nested
            if stream is None:
                writer.filters(filters, "continue")
                self._step(steps, i + 1, consumer, outer)
                return
            with self.unit.block(f"for {stream.target} in {stream.iterable}:"):
                writer.filters(filters, "continue")
                self._step(steps, i + 1, consumer, outer)
            if stream.batched:
                consumer.flush(i == 0 and outer)

        writer.read(step, inside)


class _Yielding:
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
