"""INSERT, UPDATE and DELETE as compiled functions: which form a statement takes.

    ==================================  ==============================================================================
    INSERT … VALUES, one row            one function that makes, tests and writes the row (`dml_insert`);
                                        `executemany` goes column by column (`dml_bulk`) and falls back on it
    INSERT … VALUES, several rows       the rows are made first, then as for a query
    INSERT … SELECT                     the query runs to its end; its rows go in bulk if they can, else in a loop
    UPDATE, DELETE by rowid             one function, no search (`dml_update`)
    UPDATE, DELETE otherwise            find, then change
    any of them on a view               find, then fire the INSTEAD OF triggers (`views`)
    ==================================  ==============================================================================

Every function is ``run(session, transaction, params) -> (rows changed, rows of RETURNING or None)``. A failure may
leave part of a statement's writes behind: whoever runs it rolls back to a mark (INV-D4).

Example: ``INSERT INTO t VALUES (?, ?), (?, ?)`` slices its parameters into two tuples, for no value needs computing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.dml_bulk import ROWS_MIN, bulk_insert
from aerodb_dbapi.executor.dml_insert import InsertWriter
from aerodb_dbapi.executor.dml_update import DeleteWriter, UpdateWriter, write_upsert
from aerodb_dbapi.executor.views import compile_view_change
from aerodb_dbapi.planner.expressions import Constant, Expression, Parameter, RowParameter
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    SelectStatement,
    UpdateStatement,
    Values,
    ViewStatement,
)
from aerodb_dbapi.planner.usage import nested_queries

Row = tuple[Any, ...]
Run = Callable[[Any, Any, Row], tuple[int, Any]]
RunMany = Callable[[Any, Any, Sequence[Row]], int]
RowSource = Callable[[Any, Any, Row], Sequence[Row]]


def compile_dml(
    statement: InsertStatement | UpdateStatement | DeleteStatement | ViewStatement, hooks: Any = None
) -> tuple[Run, RunMany | None, str]:
    """The function of a statement, its form for many parameter tuples or None, and the generated source. `hooks`: what is
    called around each row (`executor.hooks`)."""
    if isinstance(statement, InsertStatement):
        return _compile_insert(statement, hooks)
    if isinstance(statement, ViewStatement):
        change, source = compile_view_change(statement, hooks)
        return change, None, source
    if isinstance(statement, UpdateStatement):
        run, source = UpdateWriter(statement, hooks).write()
        return run, None, source
    writer = DeleteWriter(statement, hooks)
    run, source = writer.write()
    return run, None, source


def _compile_insert(statement: InsertStatement, hooks: Any) -> tuple[Run, RunMany | None, str]:
    query = statement.query
    updates = hooks.upserts if hooks and hooks.upserts else [None] * len(statement.upserts)
    made = [write_upsert(u, hook) if u.update else None for u, hook in zip(statement.upserts, updates)]
    upserts = [upsert and upsert[0] for upsert in made]
    sources = [upsert[1] for upsert in made if upsert is not None]
    alone = isinstance(query, Values) and query.is_alone and not (hooks and hooks.comes_before)
    if isinstance(query, Values) and alone and not any(map(nested_queries, query.rows[0])):
        run, source = InsertWriter(statement, False, upserts, hooks).write()
        bulk = None if hooks else bulk_insert(statement, [_place(item) for item in query.rows[0]])
        return run, None if bulk is None else _many(bulk), "\n".join([*sources, source])
    rows, source = _row_source(statement)
    loop, loop_source = InsertWriter(statement, True, upserts, hooks).write()
    bulk = None if hooks else bulk_insert(statement, range(len(statement.targets)))

    def insert(session: Any, transaction: Any, params: Row) -> tuple[int, Any]:
        found = rows(session, transaction, params)
        if bulk is not None and len(found) >= ROWS_MIN and bulk(session, transaction, found):
            return len(found), None
        counted: tuple[int, Any] = loop(session, transaction, params, found)
        return counted

    return insert, None, "\n".join([source, *sources, loop_source])


def _many(bulk: Any) -> RunMany:
    def insert_many(session: Any, transaction: Any, rows: Sequence[Row]) -> int:
        """The number of rows inserted, or -1: nothing was done, go row by row."""
        return len(rows) if len(rows) >= ROWS_MIN and bulk(session, transaction, rows) else -1

    return insert_many


def _place(item: Expression) -> int | Constant | None:
    if isinstance(item, Parameter):
        return item.index
    return item if isinstance(item, Constant) else None


def _row_source(statement: InsertStatement) -> tuple[RowSource, str]:
    """What gives the rows to insert, all of them, before the first is written."""
    query = statement.query
    if isinstance(query, Values):
        sliced = _sliced_parameters(query)
        if sliced is not None:
            return sliced, ""
    select, source = compile_select(SelectStatement(query))
    return (lambda session, transaction, params: list(select(session, transaction.trees, params))), source


def _sliced_parameters(query: Values) -> RowSource | None:
    """Rows of nothing but consecutive parameters are slices of the parameter tuple."""
    width = len(query.rows[0])
    first = query.rows[0][0] if width else None
    if isinstance(first, RowParameter):
        return lambda session, transaction, params: params[first.index]
    if not isinstance(first, Parameter):
        return None
    items = [item for row in query.rows for item in row]
    start = first.index
    if not all(isinstance(item, Parameter) and item.index == start + i for i, item in enumerate(items)):
        return None
    stop = start + len(items)
    return lambda session, transaction, params: [params[i : i + width] for i in range(start, stop, width)]
