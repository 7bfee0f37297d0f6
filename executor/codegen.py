"""From a bound, optimized query to a Python function: the entry points of query compilation.

`compile_select(statement)` gives ``run(session, trees, params)`` and its source text. `run` returns an iterator of
row tuples:

    ``iter((row,))``                 where one row at most can come out (rowid look-ups, aggregates without groups)
    ``iter(rows)``                   where all rows had to be seen (sorted, grouped, compound)
    ``chain.from_iterable(batches)`` else: a generator of lists, so fetchall is ``list(it)``; rows of
                                     ``SELECT *`` are the stored tuples, a leaf's worth at a time

`compile_row_source(query, target, expressions)` is what UPDATE and DELETE run on: tuples ``(rowid, row, value, …)``,
each row of the target once.
`compile_row_values(expressions, rows)` is for expressions with subqueries that are evaluated row by row while a statement
writes: RETURNING, ON CONFLICT DO UPDATE.

The text that is made
    One function per statement, nested functions for subqueries; see `writer` (names and frames), `select` (the flow
    of rows), `access` (one step), `grouping`, `expressions`. For ``SELECT name FROM t WHERE id = ?``, where id is an
    INTEGER PRIMARY KEY::

        def select(session, trees, params):
            p0_ = params[0]
            t1_ = trees[2]
            k1 = p0_
            if k1.__class__ is not int:
                k1 = rowid_key(k1)
                if k1 is None:
                    return iter(())
            dense = t1_.dense
            held = dense.rows
            i = k1 - dense.first
            if 0 <= i < dense.size:
                r1 = held[i >> 8][i & 255]
            else:
                r1 = point(t1_, k1)
                if r1 is None:
                    return iter(())
            return iter(((r1[1], ),))

Invariants
    INV-Q2  No text of the user's is in the source: names come from `Unit.name` and source ids, values are bound in the
            namespace. Injection is impossible by construction.
    INV-Q3  A filter is tried with Python's own operators; where they raise TypeError, the batch (or row) is done
            again with the exact functions of `runtime`. Both give the same answer where the first gives one.
    INV-T3  Nothing iterates over a set; dictionaries keep insertion order; groups and compounds are sorted; sums of
            reals are rounded once. So neither hash order nor threads nor time decide a result.
    A run takes its trees before it returns: what is written later does not reach it (INV-V11).

What it does not do: triggers; choose access paths; write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Final

from aerodb_dbapi.executor.blocks import SelectWriter
from aerodb_dbapi.executor.consumers import Streaming
from aerodb_dbapi.executor.expressions import RowBinding
from aerodb_dbapi.executor.select import QueryCompiler
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner.expressions import Column, Expression
from aerodb_dbapi.planner.query import Query, Select, SelectStatement
from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.storage.errors import OperationalError

Row = tuple[Any, ...]
Run = Callable[[Any, Any, Sequence[Any]], Iterator[Row]]


def references(*roots: Any) -> dict[int, set[int]]:
    """Source id → positions that are referred to anywhere below: in expressions, queries, steps, access paths. Of a
    planned SELECT only the plan counts: what an access path ensures need not be read again."""
    found: dict[int, set[int]] = {}
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        item = stack.pop()
        kind = item.__class__
        if kind in _PLAIN:
            continue
        if kind is Column:
            found.setdefault(item.source, set()).add(item.position)
        elif kind is list or kind is tuple:
            stack.extend(item)
        elif kind is dict:
            stack.extend(item.values())
        else:
            if isinstance(item, Query):
                if id(item) in seen:
                    continue
                seen.add(id(item))
            planned = kind is Select and item.steps is not None
            names = _PLANNED if planned else _fields(kind)
            stack.extend([getattr(item, name) for name in names])
    return found


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields of one of the planner's classes in which expressions may be found."""
    if kind.__module__ not in _WALKED:
        return ()
    return tuple(
        field.name
        for field in fields(kind)
        if field.name not in _SKIPPED and not _PLAIN_NAMES.issuperset(_words(field.type))
    )


def _words(annotation: object) -> list[str]:
    return str(annotation).split(" | ")


_WALKED: Final = {Column.__module__, Query.__module__}
_PLAIN: Final = {type(None), str, int, float, bool, bytes}
_PLAIN_NAMES: Final = {"None", "str", "int", "float", "bool", "bytes"}
_PLANNED: Final = ("steps", "pre_filters", "columns", "group", "having", "order_by", "limit", "offset")
_SKIPPED: Final = {
    "names",
    "types",
    "affinities",
    "collations",
    "orders",
    "distinct_orders",
    "table",
    "partials",
    "index",
    "counter",
    "counters",
    "function",
}


def compile_select(statement: SelectStatement) -> tuple[Run, str]:
    """The function that runs a SELECT, and its source."""
    unit = Unit("select")
    queries = QueryCompiler(unit, references(statement))
    return _guarded(lambda: _write_top(queries, statement.query), queries)


def _guarded(write: Callable[[], None], queries: QueryCompiler) -> tuple[Run, str]:
    try:
        write()
        return queries.unit.finish()
    except RecursionError:
        raise OperationalError("Expression tree is too large (maximum depth 1000)") from None
    finally:
        queries.untie()


def _write_top(queries: QueryCompiler, query: Query) -> None:
    """Write the statement's own query."""
    unit = queries.unit
    if isinstance(query, Select):
        writer = SelectWriter(queries, query)
        if writer.is_single:
            writer.write_single(lambda: queries.row_text(query.columns))
            return
        if writer.is_list:
            writer.returning = "return iter({})"
            writer.write()
            return
    made = queries.function(query)
    call = queries.call(made)
    unit.line(f"return iter({call})" if made.is_list else f"return chain({call})")


def compile_row_source(
    query: Select, expressions: Sequence[Expression] = (), target: int | None = None
) -> tuple[Run, str]:
    """The function that finds the rows to change: ``run(session, trees, params)`` gives ``(rowid, row, value, …)``
    for each row of the target (source id; by default the first in FROM) that the query finds, once, with the values
    of `expressions` there."""
    if target is None:
        target = query.joins[0].source.id
    unit = Unit("rows_to_change")
    queries = QueryCompiler(unit, references(query, list(expressions)))
    queries.steps.whole.add(target)

    def element() -> str:
        for variable in (f"k{target}", f"r{target}"):
            unit.use(variable)
        values = "".join(f", {queries.expressions.value(expression)}" for expression in expressions)
        return f"(k{target}, r{target}{values})"

    def write() -> None:
        writer = SelectWriter(queries, query)
        if writer.is_single:
            writer.write_single(element)
            return
        name, _ = unit.function(lambda: writer.pipeline(_ChangedRows(queries, query, element, len(writer.steps) > 1)))
        unit.line(f"return chain({name}())")

    return _guarded(write, queries)


def compile_row_values(expressions: Sequence[Expression], rows: Sequence[tuple[int, Table]]) -> tuple[Run, str]:
    """For expressions with subqueries, over given rows: ``make(session, trees, params)`` gives a function of a rowid and a row
    for each (source id, table) of `rows`, which returns the tuple of values. A subquery that does not refer to the rows is
    evaluated at the first call, another one on the trees as they are at each call."""
    names = [name for source, _ in rows for name in (f"k{source}", f"r{source}")]
    unit = Unit("values")
    unit.live = True
    queries = QueryCompiler(unit, references(list(expressions)))
    for source, table in rows:
        queries.expressions.sources[source] = RowBinding(f"r{source}", f"k{source}", table.rowid_alias)

    def write_row() -> None:
        unit.define(*names)
        unit.line(f"return ({''.join(queries.expressions.value(expression) + ', ' for expression in expressions)})")

    return _guarded(lambda: unit.line(f"return {unit.function(write_row, 'row', names)[0]}"), queries)


class _ChangedRows(Streaming):
    """Yields batches of rows to change; each rowid once."""

    def __init__(self, queries: QueryCompiler, query: Select, element: Callable[[], str], unique: bool) -> None:
        super().__init__(queries, query, element)
        self.distinct = unique
        self.key = ", itemgetter(0)"


__all__ = ["Run", "compile_row_source", "compile_row_values", "compile_select", "references"]
