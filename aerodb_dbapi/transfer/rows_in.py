"""`import_rows`: a file of rows into a table, which is made if there is none of that name.

    file ── reader ──► batches of texts or values ── types, or the table's affinities ──► INSERT, one batch at a time

All in one transaction, or one savepoint where a transaction is open. An INSERT that fails is tried again row by row from a savepoint
before its batch, to name the line. Memory: one batch, and what the transaction has written.

Example: ``import_rows(connection, "city.csv", "city")``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from aerodb_dbapi.connection import Connection
from aerodb_dbapi.storage.errors import DataError, Error, OperationalError
from aerodb_dbapi.transfer.csv_files import CsvReader
from aerodb_dbapi.transfer.fields import checked, made
from aerodb_dbapi.transfer.files import Batch, Options, Reader, opened, refused
from aerodb_dbapi.transfer.json_lines import JsonReader
from aerodb_dbapi.transfer.parquet import ParquetReader
from aerodb_dbapi.transfer.progress import Progress, silent
from aerodb_dbapi.transfer.tables import asker, atomically, quoted

FORMATS: Final = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
READERS: Final[dict[str, Callable[[BinaryIO, Options], Reader]]] = {
    "csv": CsvReader,
    "tsv": CsvReader,
    "jsonl": JsonReader,
    "parquet": ParquetReader,
}
_BATCH: Final = '"aerodb batch"'


def format_of(path: str, format: str | None) -> str:
    """The format of a file: as told, or by its name. Raises OperationalError if neither says."""
    found = format or FORMATS.get(Path(path).suffix.lower())
    if found not in READERS:
        known = ", ".join(READERS)
        raise OperationalError(f"cannot tell the format of {path}: it may be {known}")
    return found


def options_for(format: str, header: bool, delimiter: str | None, null: str | Sequence[str], encoding: str) -> Options:
    """The options of a text file. Raises OperationalError for a delimiter that is none."""
    mark = delimiter or ("\t" if format == "tsv" else ",")
    if len(mark) != 1 or mark in '"\r\n':
        raise OperationalError("the delimiter must be one character, and neither a quote nor the end of a line")
    return Options(header, mark, (null,) if isinstance(null, str) else tuple(null), encoding)


def import_rows(
    connection: Connection,
    path: str | os.PathLike[str],
    table: str,
    *,
    format: str | None = None,
    header: bool = True,
    delimiter: str | None = None,
    null: str | Sequence[str] = "",
    encoding: str = "utf-8",
    lenient: bool = False,
    progress: Progress = silent,
) -> int:
    """Insert the rows of a CSV, TSV, JSON lines or Parquet file into `table`; how many there were.

    Columns are found by their names, without `header` by their places. Raises DataError with the line for what does not fit,
    the error of the INSERT with the line for what a constraint refuses, OperationalError for a missing file or column. Nothing
    is inserted then.
    """
    name = os.fspath(path)
    kind = format_of(name, format)
    options = options_for(kind, header, delimiter, null, encoding)
    with opened(name) as file, atomically(connection):
        reader = READERS[kind](file, options)
        base = os.path.basename(name)
        reader.survey(lambda done: progress(f"types of {base}", done, reader.size))
        load = _Load(connection, table, reader, lenient)
        load.prepare(header or kind in ("jsonl", "parquet"))
        count = 0
        for batch in reader.batches():
            load.insert(batch)
            count += len(batch.rows)
            progress(base, batch.done, reader.size)
    return count


class _Load:
    """Rows on their way into a table."""

    def __init__(self, connection: Connection, table: str, reader: Reader, lenient: bool) -> None:
        self.connection = connection
        self.table = table
        self.reader = reader
        self.lenient = lenient
        self.insertion = ""
        self.new = False
        self.affinities: list[str] = []

    def prepare(self, named: bool) -> None:
        """Make the table, or find the columns in it."""
        ask, table = asker(self.connection), quoted(self.table)
        columns = [row for row in ask(f"PRAGMA table_xinfo({table})") if row[6] == 0]
        reader = self.reader
        if not columns:
            if not reader.names:
                raise DataError("the file is empty: it has no names for columns")
            definitions = ", ".join(f"{quoted(n)} {t}".rstrip() for n, t in zip(reader.names, reader.types))
            self.connection.execute(f"CREATE TABLE {table}({definitions})")
            self.new, names = True, reader.names
            self.affinities = reader.types
        else:
            places = self._places([row[1] for row in columns], named)
            names = [columns[place][1] for place in places]
            self.affinities = [_affinity(columns[place][2]) for place in places]
        if names:
            listed = ", ".join(map(quoted, names))
            self.insertion = f"INSERT INTO {table}({listed}) VALUES ({', '.join('?' * len(names))})"

    def _places(self, columns: list[str], named: bool) -> list[int]:
        """Which columns of the table the file has values for."""
        if not named:
            if self.reader.names and len(self.reader.names) != len(columns):
                raise refused(
                    "line", 1, f"{len(self.reader.names)} fields, and table {self.table} has {len(columns)} columns"
                )
            return list(range(len(self.reader.names)))
        lower = [column.lower() for column in columns]
        missing = [name for name in self.reader.names if name.lower() not in lower]
        if missing:
            raise OperationalError(f"table {self.table} has no column named {missing[0]}")
        return [lower.index(name.lower()) for name in self.reader.names]

    def insert(self, batch: Batch) -> None:
        """Insert a batch."""
        rows = self._converted(batch)
        self.connection.execute(f"SAVEPOINT {_BATCH}")
        try:
            self.connection.executemany(self.insertion, rows)
        except (Error, UnicodeError):
            self.connection.execute(f"ROLLBACK TO {_BATCH}")
            self._find(rows, batch.numbers)
        self.connection.execute(f"RELEASE {_BATCH}")

    def _find(self, rows: list[tuple[Any, ...]], numbers: Sequence[int]) -> None:
        """Insert the rows one by one, to say which one is refused."""
        for row, number in zip(rows, numbers):
            try:
                self.connection.execute(self.insertion, row)
            except UnicodeError:
                raise refused(self.reader.unit, number, "a text is not in the encoding of the file") from None
            except Error as error:
                name = getattr(error, "sqlite_errorname", None)
                message = f"{self.reader.unit} {number}: {error}"
                raise type(error)(message, **({"name": name} if name else {})) from None

    def _converted(self, batch: Batch) -> list[tuple[Any, ...]]:
        columns = []
        for name, affinity, column in zip(self.reader.names, self.affinities, zip(*batch.rows)):
            if not self.new:
                values, place, why = checked(column, affinity, self.lenient)
                if place >= 0:
                    raise refused(self.reader.unit, batch.numbers[place], f"column {name}: {why}")
                columns.append(values)
            else:
                columns.append(column if self.reader.typed else made(column, affinity))
        return list(zip(*columns))


def _affinity(declared: str) -> str:
    """What values of a column must be: INTEGER, REAL, BLOB TYPE (a BLOB by name) or nothing in particular."""
    word = declared.upper()
    if "INT" in word:
        return "INTEGER"
    if any(part in word for part in ("CHAR", "CLOB", "TEXT")):
        return ""
    if "BLOB" in word:
        return "BLOB TYPE"
    return "REAL" if any(part in word for part in ("REAL", "FLOA", "DOUB")) else ""
