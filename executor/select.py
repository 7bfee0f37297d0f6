"""Writing the queries of a statement: SELECT blocks, compounds, VALUES, recursive CTEs, and the subqueries in
expressions.

`QueryCompiler` gives every query a function, written once, and texts that call it. A function that must see all rows
before the first comes out (sorted, grouped, compound) returns a list; the others are generators of lists.

Subqueries
    An uncorrelated one fills a memo at first use: ``(s3_ if s3_ is not UNSET else m4_())``. A correlated one is a
    function of the rows that it uses, ``f5_(r1)``. EXISTS and scalar subqueries return at the first row; IN makes a
    `Members`. A CTE that is used twice is one `Query` object, hence one memo.

Recursive CTEs work generation by generation: the rows that the steps make from one generation are the next. Where the
recursive table is not the outermost loop, or there are several steps, rows go in one by one, which keeps SQLite's
order.

Keeps INV-Q2. Window functions are in `windows`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from aerodb_dbapi.executor.access import StepWriter
from aerodb_dbapi.executor.blocks import SelectWriter, plain, position, steps_of
from aerodb_dbapi.executor.consumers import Limiter
from aerodb_dbapi.executor.expressions import ExpressionCompiler, RowBinding
from aerodb_dbapi.executor.keyed import KeyedWriter
from aerodb_dbapi.executor.windows import write_windowed
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.expressions import Column, Expression
from aerodb_dbapi.planner.query import (
    Compound,
    Order,
    Query,
    Recursive,
    RecursiveSource,
    Select,
    Values,
    Windowed,
)
from aerodb_dbapi.storage.errors import NotSupportedError

_PLACE: Final = re.compile(r"itemgetter\((\d+)\)").fullmatch


@dataclass(slots=True)
class Made:
    """A function that answers a query: its name, the row variables it takes, and whether it returns a list of rows
    (else it is a generator of batches). `kind` is what it is made for: 'rows', 'scalar' or 'exists'."""

    name: str
    free: list[str]
    is_list: bool
    query: Query
    kind: str = "rows"


class QueryCompiler:
    """Writes the queries of one statement."""

    def __init__(self, unit: Unit, references: dict[int, set[int]]) -> None:
        self.unit = unit
        self.expressions = ExpressionCompiler(unit, self)
        self.steps = StepWriter(unit, self.expressions, self, references)
        self.widths: dict[int, int] = {}  # the number of columns of each source
        self._keyed = KeyedWriter(self)
        self._made: dict[tuple[str, int], tuple[Query, Made]] = {}
        self._memos: dict[tuple[str, int], tuple[Query, str]] = {}

    def untie(self) -> None:
        """All is written: this forgets its parts, which refer to it, so that all go at once, without the garbage collector."""
        vars(self).clear()

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
            self._made[key] = (query, Made(name, free, is_list[0], query, kind))
        return self._made[key][1]

    def call(self, made: Made) -> str:
        """Text of a call."""
        for variable in made.free:
            self.unit.use(variable)
        text = f"{made.name}({', '.join(made.free)})"
        counter = made.query.counter("rows")
        if counter is None:
            return text
        take = counter.value if made.kind != "rows" else counter.listed if made.is_list else counter.batches
        return f"{self.unit.bind(take, 'count')}({text})"

    def count(self, counter: Any, event: str, argument: str = "") -> None:
        """Write that something happened to an operator that is counted, if it is."""
        self.steps.count(counter, event, argument)

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
        return self.memo(
            "list", query, made, text if made.is_list else f"list({self.unit.held(f'chain({text})', 'hold_each')})"
        )

    def _iterable(self, made: Made) -> str:
        return self.call(made) if made.is_list else f"chain({self.call(made)})"

    def all_rows(self, query: Query) -> str:
        """Text of an iterable of the rows."""
        return self._iterable(self.function(query))

    def keyed(self, compiler: ExpressionCompiler, node: e.Keyed) -> str:
        """Text of the answer of a subquery that is looked up by its keys."""
        return self._keyed.answer(compiler, node)

    def scalar(self, query: Query) -> str:
        """Text of the first row's first value."""
        if isinstance(query, Select) and plain(query):
            made = self._function("scalar", query, lambda: SelectWriter(self, query).write_first())
            return self.memo("scalar", query, made, self.call(made))
        made = self.function(query)
        return self.memo("scalar", query, made, f"first_value({self._iterable(made)}, 0)")

    def exists(self, query: Query) -> str:
        """Text that is true if there is a row."""
        if isinstance(query, Select) and plain(query):
            made = self._function("exists", query, lambda: SelectWriter(self, query).write_exists())
            return self.memo("exists", query, made, self.call(made))
        made = self.function(query)
        return self.memo("exists", query, made, f"any(True for _ in {self._iterable(made)})")

    def members(self, query: Query, columns: list[Callable[[str], str]]) -> str:
        made = self.function(query)
        keys = [make(f"row[{i}]") for i, make in enumerate(columns)]
        if len(keys) == 1:
            values = f"[{keys[0]} for row in {self._iterable(made)}]"
            text = f"Members({self.unit.held(values)})"
        else:
            values = f"[({', '.join(keys)}) for row in {self._iterable(made)}]"
            text = f"row_members({self.unit.held(values)})"
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
        if isinstance(query, Windowed):
            write_windowed(self, query)
            return True
        raise NotSupportedError(f"query {type(query).__name__}")

    def _write_values(self, query: Values) -> bool:
        line = self.unit.line
        if all(isinstance(value, e.Constant) for row in query.rows for value in row):
            rows = [tuple(value.value for value in row) for row in query.rows]  # type: ignore[attr-defined]
            line(f"return {self.unit.bind(rows, 'rows')}")
            return True
        if query.is_repeated:
            row = query.rows[0]
            listed = self.unit.parameter(row[0].index)  # type: ignore[attr-defined]
            values = "".join(f"s[{value.place}], " for value in row)  # type: ignore[attr-defined]
            line(f"return [({values}) for s in {listed}]")
            return True
        line("rows = []")
        for row in query.rows:
            line(f"rows.append({self.row_text(list(row))})")
        line("return rows")
        return True

    def _write_compound(self, query: Compound) -> bool:
        if query.op.upper() == "UNION ALL":
            parts = [self.function(arm) for arm in _all_arms(query)]
            if not query.order_by:
                self._write_union_all(query, parts)
                return False
            self.unit.line(f"rows = list(chain(({', '.join(map(self._side, parts))})))")
        else:
            links = _links(query)
            left = self._side(self.function(links[0].left))
            for link in links:
                if link.op.upper() == "UNION ALL":
                    if left != "rows":
                        self.unit.line(f"rows = list({left})")
                    self.unit.line(f"rows.extend({self._side(self.function(link.right))})")
                    left = "rows"
                    continue
                name = {"UNION": "union", "INTERSECT": "intersect", "EXCEPT": "except_rows"}[link.op.upper()]
                right = self._side(self.function(link.right))
                self.unit.line(f"rows = {name}({left}, {right}, {not link.order_by}{self.row_key(link.orders)})")
                left = "rows"
        self._finish_list("rows", query)
        return True

    def _side(self, part: Made) -> str:
        """Text of the rows of an arm."""
        return self._iterable(part) if part.is_list else self.unit.held(self._iterable(part), "hold_each")

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

    def _finish_list(self, rows: str, query: Compound) -> None:
        """Sort by output columns, cut, return."""
        if query.order_by:
            terms = self.terms([(f"itemgetter({position(order)})", order) for order in query.order_by])
            self.count(query.counter("sort"), "start")
            self.unit.line(f"{rows} = order({rows}, {terms})")
            self.count(query.counter("sort"), "done", rows)
        self.unit.line(f"return {self.cut(rows, query.limit, query.offset)}")

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

    def terms(self, terms: list[tuple[str, Order]]) -> str:
        """Text of a tuple of sort terms: a constant, where all keys are columns."""
        places = [_PLACE(key) for key, _ in terms]
        if not all(places):
            return f"({''.join(self.term(*term) + ', ' for term in terms)})"
        made = []
        for place, (_, order) in zip(places, terms):
            fold = self.expressions.fold(order.collation)
            key = itemgetter(int(place[1]))  # type: ignore[index]
            made.append((key, order.descending, fold and self.unit.namespace[fold], order.nulls_first))
        return self.unit.constant(tuple(made))

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
        parts = [query.initial, *query.steps]
        orders = [next(filter(None, column), "BINARY") for column in zip(*(part.collations for part in parts))]
        seen = f"seen{self.row_key(orders)}" if query.distinct else ""
        if query.distinct:
            line("seen = {}")
            line(f"fresh = distinct(fresh, {seen})")
        limiter = Limiter(self, query.limit, query.offset)
        limiter.begin()
        steps = [self.function(step) for step in query.steps]
        terms = self.terms([(f"itemgetter({position(order)})", order) for order in query.order_by])
        metered = self.unit.meters > 1
        if metered:
            line("size = 0")
        with block("while fresh:"):
            self.steps.watch()
            if metered:
                line("size = session.instead(size, fresh)")
            if query.order_by:
                line(f"fresh = order(fresh, {terms})")
                line("out, rest = fresh[:1], fresh[1:]")
            else:
                line("out, rest = fresh, []")
            line("made = []")
            together = len(query.steps) == 1 and _leads_with(query.steps[0], query.cte)
            with block(f"for {work} in {'(out,)' if together else 'chunks(out, 1)'}:"):
                for made in steps:
                    line(f"made += {self._iterable(made)}")
            if query.distinct:
                line(f"made = {self.unit.held(f'distinct(made, {seen})')}")
            limiter.cut_list("out")
            line("yield out")
            limiter.stop_list()
            line("fresh = rest + made")
        return False


def _all_arms(query: Query) -> list[Query]:
    """The arms of a chain of UNION ALL, left to right."""
    arms: list[Query] = []
    while isinstance(query, Compound) and query.op.upper() == "UNION ALL":
        arms.append(query.right)
        query = query.left
        if isinstance(query, Compound) and (query.order_by or query.limit is not None or query.offset is not None):
            break
    return [query, *reversed(arms)]


def _links(query: Compound) -> list[Compound]:
    """A chain of compounds, the innermost first: each is the left side of the next. They are carried out one after the other in one
    function, however many there are."""
    links = [query]
    while isinstance(left := links[-1].left, Compound) and left.counters is None:
        if left.order_by or left.limit is not None or left.offset is not None:
            break
        links.append(left)
    return links[::-1]


def _leads_with(query: Query, cte: int) -> bool:
    """Is the recursive table the outermost loop of a SELECT that only joins and filters?"""
    if not isinstance(query, Select) or not plain(query):
        return False
    first = steps_of(query)[0].source if steps_of(query) else None
    return isinstance(first, RecursiveSource) and first.cte == cte
