"""Changing views: a statement that fires INSTEAD OF triggers, and does nothing else.

All rows are found first (`planner.bind_views`); then the triggers run for each. NEW of an INSERT has the values as
given, but INTEGERs in REAL columns as REALs, and the rowid -1 unless one is given; NEW of an UPDATE has the affinities
of the view's columns; OLD and NEW of UPDATE and DELETE have the number of the row among those found as their rowid. A
row that RAISE(IGNORE) leaves out is not returned. The statement itself changes no rows: rowcount and changes() are 0,
total_changes() counts what triggers did.

Example: with a trigger ``INSTEAD OF INSERT ON v``, ``INSERT INTO v VALUES (1, 2), (3, 4)`` runs it with (-1, 1, 2) and (-1, 3, 4).

What it does not do: bind, compile the triggers' statements (`triggers`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from aerodb_dbapi.executor.codegen import compile_row_values, compile_select
from aerodb_dbapi.executor.constraints import kept_before, rowid_of
from aerodb_dbapi.planner.query import SelectStatement, ViewStatement
from aerodb_dbapi.storage.errors import DatabaseError
from aerodb_dbapi.storage.values import affinity_function

Row = tuple[Any, ...]
Split = Callable[[int, Row], tuple[Row, int, Row]]


def compile_view_change(statement: ViewStatement, triggers: Any) -> tuple[Callable[..., Any], str]:
    """The function of a planned statement, and the source of the query that finds its rows. It gives a generator (`programs`).
    `triggers`: the `triggers.TableTriggers` that it fires."""
    table = statement.table
    select, source = compile_select(SelectStatement(statement.query))
    returning, split = statement.returning, _split(statement)
    values: Any = None
    if returning is not None:
        values, more = compile_row_values(returning.columns, [(statement.row_id, table)])
        source = f"{source}\n{more}"

    def change(session: Any, transaction: Any, params: Row) -> Generator[Any, Any, tuple[int, Any]]:
        found: Sequence[Row] = list(select(session, transaction.trees, params))
        show = None if values is None else values(session, transaction.trees, params)
        shown: list[Row] = []
        for number, row in enumerate(found, 1):
            slots, rowid, image = split(number, row)
            try:
                written = yield triggers.fire_before(session, transaction, slots)
            except DatabaseError as error:
                raise kept_before(error, 0) from error.__cause__
            if written and show is not None:
                shown.append(show(rowid, image))
        return 0, None if returning is None else shown

    return change, source


def _split(statement: ViewStatement) -> Split:
    """What makes of the number of a row and the row: the slots of OLD and NEW, and rowid and columns of what RETURNING shows."""
    width, targets = len(statement.table.columns), statement.targets
    converters = [affinity_function(column.affinity) for column in statement.table.columns]
    reals = [position for position, column in enumerate(statement.table.columns) if column.affinity == "REAL"]

    def assigned(row: list[Any], rowid: int, values: Row) -> tuple[int, Row]:
        for position, value in zip(targets, values):
            if position < 0:
                rowid = rowid_of(value) if value is not None or statement.event == "update" else rowid
            else:
                row[position] = value
        return rowid, tuple(row)

    def inserted(number: int, row: Row) -> tuple[Row, int, Row]:
        rowid, made = assigned([None] * width, -1, row)
        if reals:  # the one conversion that comes with reading a column
            made = tuple([float(v) if i in reals and v.__class__ is int else v for i, v in enumerate(made)])
        return (rowid, *made), rowid, made

    def updated(number: int, row: Row) -> tuple[Row, int, Row]:
        old = row[:width]
        rowid, made = assigned(list(old), number, row[width:])
        made = tuple([value if convert is None else convert(value) for value, convert in zip(made, converters)])
        return (number, *old, rowid, *made), rowid, made

    def deleted(number: int, row: Row) -> tuple[Row, int, Row]:
        return (number, *row), number, row

    return {"insert": inserted, "update": updated, "delete": deleted}[statement.event]
