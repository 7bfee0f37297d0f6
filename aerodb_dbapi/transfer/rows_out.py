"""`export_rows`: the rows of a table or a query into a new file.

The file is written under another name and gets its own when it is whole. Rows are of one state, that of the beginning or of the
open transaction, and pass by in batches.

Example: ``export_rows(connection, "SELECT * FROM city ORDER BY name", "city.parquet")``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, TextIO

from aerodb_dbapi.connection import Connection
from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.planner.lexer import first_word
from aerodb_dbapi.storage.errors import DataError, OperationalError, ProgrammingError
from aerodb_dbapi.transfer.csv_files import CsvWriter
from aerodb_dbapi.transfer.files import Options, Writer
from aerodb_dbapi.transfer.json_lines import JsonWriter
from aerodb_dbapi.transfer.parquet import ParquetWriter
from aerodb_dbapi.transfer.progress import BATCH, Progress, silent
from aerodb_dbapi.transfer.rows_in import format_of, options_for
from aerodb_dbapi.transfer.tables import one_view, quoted

_QUERIES = ("SELECT", "WITH", "VALUES")


def export_rows(
    connection: Connection,
    source: str,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    header: bool = True,
    delimiter: str | None = None,
    null: str = "",
    encoding: str = "utf-8",
    replace: bool = False,
    progress: Progress = silent,
) -> int:
    """Write the rows of `source`, a query or the name of a table or view, into a CSV, TSV, JSON lines or Parquet file.

    Gives how many there were. `replace=True` takes the place of a file of that name, else that is an OperationalError. DataError
    or ProgrammingError: the format cannot have such a column. No file is written then.
    """
    name = os.fspath(path)
    kind = format_of(name, format)
    if os.path.exists(name) and not replace:
        raise OperationalError(f"the file exists already: {name}", name="SQLITE_CANTOPEN")
    options = options_for(kind, header, delimiter, null, encoding)
    query = source if first_word(source) in _QUERIES else f"SELECT * FROM {quoted(source)}"
    partial = name + "-partial"
    try:
        with one_view(connection):
            if kind == "parquet":
                count = _parquet(connection, query, partial, name, progress)
            else:
                count = _text(connection, query, partial, name, kind, options, progress)
        os.replace(partial, name)
    except UnicodeError as error:
        raise DataError(f"a text does not fit the encoding: {error}") from None
    except OSError as error:
        raise OperationalError(f"unable to write {name}: {error.strerror}", name="SQLITE_CANTOPEN") from None
    finally:
        with suppress(FileNotFoundError):
            os.remove(partial)
    return count


def _text(
    connection: Connection, query: str, partial: str, name: str, kind: str, options: Options, progress: Progress
) -> int:
    with open(partial, "w", encoding=options.encoding, newline="") as file:
        return write_rows(connection, query, text_writer(kind, file, options), name, progress)


def text_writer(kind: str, file: TextIO, options: Options) -> Writer:
    """The writer of a text format."""
    return JsonWriter(file, options) if kind == "jsonl" else CsvWriter(file, options)


def write_rows(connection: Connection, query: str, writer: Writer, name: str, progress: Progress) -> int:
    """Write all rows of a query; how many there were."""
    names, batches = _batches(connection, query)
    writer.begin(names)
    count = 0
    for batch in batches:
        writer.write(batch)
        count += len(batch)
        progress(os.path.basename(name), count, 0)
    writer.end()
    return count


def _parquet(connection: Connection, query: str, partial: str, name: str, progress: Progress) -> int:
    writer = ParquetWriter(partial)
    names, batches = _batches(connection, query)
    writer.begin(names)
    total = 0
    for batch in batches:
        writer.survey(batch)
        total += len(batch)
        progress(f"types of {os.path.basename(name)}", total, 0)
    count = 0
    for batch in _batches(connection, query)[1]:
        writer.write(batch)
        count += len(batch)
        progress(os.path.basename(name), count, total)
    writer.end()
    return count


def _batches(connection: Connection, query: str) -> tuple[Sequence[str], Iterator[list[Any]]]:
    cursor = Cursor(connection)
    rows = iter(cursor._plain_rows(query, ()))
    if cursor.description is None:
        raise ProgrammingError("only a query has rows to export")
    names = [column[0] for column in cursor.description]
    return names, iter(lambda: list(islice(rows, BATCH)), [])
