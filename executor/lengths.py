"""A lowered LENGTH: no function and no `||` of a statement may make a longer text or blob (https://www.sqlite.org/limits.html).

    lower || upper   ──►   checked(lower || upper)

The bound statement is rewritten before it is planned, so that what is written, compared and handed to other functions is measured as
what comes out is. A row that INSERT or UPDATE writes may be as long as the limit in all, in SQLite's format of records; it is measured
behind its CHECKs. Only a connection that lowered the limit comes here.

What it does not do: measure the results of aggregates before they come out, rows inside a sort, or rows of `sqlite_schema`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from aerodb_dbapi.executor.functions.text import too_big
from aerodb_dbapi.planner.expressions import Binary, Call, Column, Expression
from aerodb_dbapi.planner.query import InsertStatement, Statement, UpdateStatement
from aerodb_dbapi.planner.rules.context import change_expressions
from aerodb_dbapi.storage.raw_text import bytes_of


def size(value: str | bytes) -> int:
    """The number of bytes of a text or blob."""
    return len(bytes_of(value)) if isinstance(value, str) else len(value)


def measured(value: Any, most: int) -> Any:
    """The value, if it is no text or blob that is too long."""
    if value.__class__ in (str, bytes) and size(value) > most:
        raise too_big()
    return value


def record_size(row: tuple[Any, ...]) -> int:
    """The number of bytes of a row as SQLite would store it (https://www.sqlite.org/fileformat.html#record_format)."""
    header = body = 0
    for value in row:
        header += 1
        if value.__class__ is float:
            body += 8
        elif value.__class__ is int and value not in (0, 1):
            body += next(width for width, bits in _WIDTHS if -(1 << bits) <= value < 1 << bits)
        elif value.__class__ in (str, bytes):
            length = size(value)
            header += _varint(2 * length + 13) - 1
            body += length
    return header + _varint(header + 1) + body


_WIDTHS: Final = ((1, 7), (2, 15), (3, 23), (4, 31), (6, 47), (8, 63))


def _varint(value: int) -> int:
    return max(1, -(-value.bit_length() // 7))


def check_lengths(statement: Statement, most: int) -> None:
    """Let every function and every `||` of the statement measure what it gives."""

    def change(node: Expression) -> Expression:
        if isinstance(node, Call) and node.function is not None:
            return replace(node, function=_measuring(node.function, most))
        if isinstance(node, Binary) and node.op == "||":
            return Call("||", (node,), lambda value: measured(value, most))
        return node

    change_expressions(statement, change)
    if isinstance(statement, InsertStatement | UpdateStatement):
        _measure_row(statement, statement.row_id if isinstance(statement, InsertStatement) else statement.new_id, most)
    if isinstance(statement, InsertStatement):
        for upsert in statement.upserts:
            if upsert.update is not None:
                _measure_row(upsert.update, upsert.update.new_id, most)


def _measure_row(statement: InsertStatement | UpdateStatement, row: int, most: int) -> None:
    """Add a CHECK that holds, or raises the error."""
    table = statement.table
    stored = [i for i, column in enumerate(table.columns) if i != table.rowid_alias and column.hidden != 2]

    def measure(*values: Any) -> int:
        if record_size(values) + (table.rowid_alias is not None) > most:
            raise too_big()
        return 1

    statement.checks = [*statement.checks, ("", Call("record", tuple(Column(row, i) for i in stored), measure))]


def _measuring(function: Callable[..., Any], most: int) -> Callable[..., Any]:
    return lambda *arguments: measured(function(*arguments), most)
