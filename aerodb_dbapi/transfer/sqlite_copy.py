"""SQLite files: everything of one into a database of ours, and back, through the `sqlite3` of the standard library.

Order
    Tables as they were made, their rows with their rowids, AUTOINCREMENT counters, indexes, views, triggers (which so do not
    fire), `user_version` and `application_id` where the target was empty, ANALYZE where the source had statistics. Then both
    sides are read again and compared (`transfer/compare.py`). Only then the transaction ends (INV-D4), or the new SQLite file gets
    its name.

What cannot be taken over
    Virtual tables with what belongs to them, and whatever the other side refuses. All of it is collected, and named in one
    `NotSupportedError`; with ``skip_unsupported=True`` it is left out and listed in `Copied.skipped`.

Text
    NULs are characters like others. Text that is not UTF-8 (SQLite does not look) is taken over byte by byte, through ``CAST(? AS TEXT)``
    in both directions; on request it becomes U+FFFD (``text_errors="replace"``), or a BLOB (``"blob"``), or is an error that names
    table and column (``"strict"``). A table is read as `sqlite3` reads it, in C, as far as its text is UTF-8.

Example: a file with ``t(a INTEGER PRIMARY KEY AUTOINCREMENT)`` and rows 1 and 5, of which 9 was deleted, goes on with 10.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Literal

from aerodb_dbapi.connection import Connection
from aerodb_dbapi.storage import errors
from aerodb_dbapi.storage.raw_text import bytes_of, is_whole, met, text_of
from aerodb_dbapi.transfer.compare import compare
from aerodb_dbapi.transfer.progress import BATCH, Progress, silent
from aerodb_dbapi.transfer.tables import Ask, Shape, asker, atomically, one_view, quoted, shape_of

TextErrors = Literal["keep", "strict", "replace", "blob"]
Run = Callable[[str], Any]
Insert = Callable[[str, list[Any]], Any]
_PARTIAL = "-partial"
_SCHEMA = "SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY rowid"
_UNNAMED = "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')"


@dataclass
class Copied:
    """What a copy took over: rows by table, other objects by type, and what it left out, as sentences."""

    tables: dict[str, int] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    compared: bool = False

    def __str__(self) -> str:
        rows = sum(self.tables.values())
        parts = [f"{_counted(len(self.tables), 'table')} with {_counted(rows, 'row')}"]
        parts += [_counted(count, kind) for kind, count in self.objects.items()]
        return ", ".join(parts) + ("; compared: equal" if self.compared else "")


@dataclass(frozen=True)
class Entry:
    """A row of `sqlite_master` that has a text."""

    kind: str
    name: str
    table: str
    sql: str


class _Copy:
    """One copy: questions to the source, statements to the target."""

    def __init__(self, source: Ask, target: Ask, insert: Insert, failures: tuple[type[Exception], ...]) -> None:
        self.source = source
        self.target = target
        self.insert = insert
        self.failures = failures  # what the target raises
        self.copied = Copied()
        self.unsupported: list[str] = []
        self.left_out: set[str] = set()

    def run(self, chosen: Sequence[str] | None, skip_unsupported: bool, progress: Progress) -> list[Shape]:
        """Copy everything; the shapes of the tables."""
        entries = self._entries(chosen)
        empty = not list(self.target("SELECT 1 FROM main.sqlite_master LIMIT 1"))
        tables = [entry for entry in entries if entry.kind == "table" and self._make(entry)]
        shapes = [shape_of(self.source, entry.name) for entry in tables]
        if self.unsupported and not skip_unsupported:
            self._refuse()
        for shape in shapes:
            self.copied.tables[shape.name] = self._rows(shape, progress)
        self._counters(tables)
        for kind in ("index", "view", "trigger"):
            made = [entry for entry in entries if entry.kind == kind and self._make(entry)]
            if made:
                self.copied.objects[kind] = len(made)
        if self.unsupported and not skip_unsupported:
            self._refuse()
        self.copied.skipped = self.unsupported
        if empty and chosen is None:
            self._header()
        if list(self.source("SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_stat1'")):
            list(self.target("ANALYZE"))
        return shapes

    def _entries(self, chosen: Sequence[str] | None) -> list[Entry]:
        """What there is to make, without what is made along with something else."""
        entries = [
            Entry(*row) for row in self.source(_SCHEMA) if row[3] is not None and not row[1].startswith("sqlite_")
        ]
        if chosen is None:
            return entries
        wanted = {name.lower() for name in chosen}
        missing = wanted - {entry.name.lower() for entry in entries if entry.kind == "table"}
        if missing:
            raise errors.OperationalError(f"no such table: {min(missing)}")
        return [entry for entry in entries if entry.kind != "view" and entry.table.lower() in wanted]

    def _make(self, entry: Entry) -> bool:
        """Make an object; False if it is left out."""
        if entry.table.lower() in self.left_out:
            return False
        try:
            list(self.target(entry.sql))
        except self.failures as error:
            if _is_clash(error):
                raise
            self.unsupported.append(f"{entry.kind} {entry.name}: {error}")
            if entry.kind in ("table", "view"):
                self.left_out.add(entry.name.lower())
            return False
        return True

    def _refuse(self) -> None:
        raise errors.NotSupportedError("cannot be taken over: " + "; ".join(self.unsupported))

    def _rows(self, shape: Shape, progress: Progress) -> int:
        """Copy the rows of a table; how many there were."""
        ((total,),) = self.source(f"SELECT count(*) FROM main.{quoted(shape.name)}")
        rows = iter(self.source(shape.selection(shape.written)))
        done = 0
        while batch := list(islice(rows, BATCH)):
            self._insert(shape, batch)
            done += len(batch)
            progress(shape.name, done, total)
        return done

    def _insert(self, shape: Shape, batch: list[Any]) -> None:
        """Insert rows. No parameter may be text that is not UTF-8, so rows with such text go as bytes."""
        if not met():
            self.insert(shape.insertion, batch)
            return
        for raw, rows in groupby(batch, _raw_places):
            values = [tuple([bytes_of(v) if at in raw else v for at, v in enumerate(row)]) for row in rows]
            self.insert(shape.insertion_of(raw), values)

    def _counters(self, tables: list[Entry]) -> None:
        """The AUTOINCREMENT counters of the tables copied."""
        if not list(self.source("SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence'")):
            return
        names = {entry.name for entry in tables}
        counters = [row for row in self.source("SELECT name, seq FROM main.sqlite_sequence") if row[0] in names]
        self.insert("DELETE FROM main.sqlite_sequence WHERE name = ?", [row[:1] for row in counters])
        self.insert("INSERT INTO main.sqlite_sequence(name, seq) VALUES (?, ?)", counters)

    def _header(self) -> None:
        for name in ("user_version", "application_id"):
            ((value,),) = self.source(f"PRAGMA main.{name}")
            list(self.target(f"PRAGMA main.{name} = {value}"))


def import_sqlite(
    connection: Connection,
    path: str | os.PathLike[str],
    *,
    tables: Sequence[str] | None = None,
    text_errors: TextErrors = "keep",
    skip_unsupported: bool = False,
    progress: Progress = silent,
) -> Copied:
    """Take over a SQLite file, or some tables of it with their indexes and triggers, into the main database of `connection`.

    Raises OperationalError (cannot open, a table is there already), DatabaseError (not a SQLite file), DataError (a copy that differs,
    text that is not UTF-8 where that is refused), NotSupportedError (names all that is not supported). Nothing is changed then.
    """
    with _sqlite_errors(), closing(_opened(path)) as file:
        source: Ask = file.execute
        if text_errors == "keep":
            source = _keeping(file)
        elif text_errors != "strict":
            file.text_factory = _text_factory(text_errors)
        copy = _Copy(source, asker(connection), connection.executemany, (errors.Error, UnicodeEncodeError))
        virtual = _virtual(source)
        with atomically(connection), _names_bad_text(file, text_errors):
            _defer_foreign_keys(connection)
            copy.left_out = set(virtual)
            copy.unsupported = [f"{kind} table {name}" for name, kind in virtual.items() if kind == "virtual"]
            shapes = copy.run(tables, skip_unsupported, progress)
            _compare(shapes, source, asker(connection), copy.copied, progress)
    return copy.copied


def export_sqlite(
    connection: Connection,
    path: str | os.PathLike[str],
    *,
    tables: Sequence[str] | None = None,
    skip_unsupported: bool = False,
    replace: bool = False,
    progress: Progress = silent,
) -> Copied:
    """Write the main database of `connection`, as it sees it, or some tables of it, into a new SQLite file.

    `replace=True` takes the place of a file of that name. Raises OperationalError (the file is there already),
    NotSupportedError (names all that SQLite refuses), DataError (the copy differs). No file is written then.
    """
    name = os.fspath(path)
    if os.path.exists(name) and not replace:
        raise errors.OperationalError(f"the file exists already: {name}", name="SQLITE_CANTOPEN")
    partial = name + _PARTIAL
    with suppress(FileNotFoundError):
        os.remove(partial)
    try:
        with _sqlite_errors(), closing(sqlite3.connect(partial, isolation_level=None)) as file:
            file.execute("PRAGMA journal_mode = OFF")
            file.execute("BEGIN")
            copy = _Copy(asker(connection), file.execute, file.executemany, (sqlite3.Error, UnicodeEncodeError))
            with one_view(connection):
                shapes = copy.run(tables, skip_unsupported, progress)
                _compare(shapes, copy.source, _keeping(file), copy.copied, progress)
            file.execute("COMMIT")
        os.replace(partial, name)
    finally:
        with suppress(FileNotFoundError):
            os.remove(partial)
    return copy.copied


def _compare(shapes: list[Shape], left: Ask, right: Ask, copied: Copied, progress: Progress) -> None:
    problems = compare(shapes, left, right, progress)
    if problems:
        raise errors.DataError("the copy differs: " + "; ".join(problems))
    copied.compared = True


def _defer_foreign_keys(connection: Connection) -> None:
    """Rows come table by table, so keys, where they are enforced, are looked at when all are there."""
    if list(asker(connection)("PRAGMA foreign_keys")) == [(1,)]:
        connection.execute("PRAGMA defer_foreign_keys = ON")


def _opened(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """A SQLite file, for reading."""
    where = Path(path)
    if not where.is_file():
        raise errors.OperationalError(f"unable to open database file: {where}", name="SQLITE_CANTOPEN")
    file = sqlite3.connect(f"{where.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    file.execute("BEGIN")  # one state for all questions
    return file


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    """The errors of `sqlite3` as ours of the same class."""
    try:
        yield
    except sqlite3.Error as error:
        ours = getattr(errors, type(error).__name__, errors.DatabaseError)
        name = getattr(error, "sqlite_errorname", None)
        raise ours(f"sqlite3: {error}", **({"name": name} if name else {})) from error


def _virtual(source: Ask) -> dict[str, str]:
    """Virtual tables, and the tables in which they keep their content: name in lower case → kind."""
    try:
        return {name.lower(): kind for name, kind in source(_UNNAMED)}
    except sqlite3.OperationalError:  # before 3.37 there is no such list
        names = [row[0] for row in source("SELECT name FROM main.sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")]
        return {name.lower(): "virtual" for name in names}


def _keeping(file: sqlite3.Connection) -> Ask:
    """Questions to a SQLite file, whose texts come as they are."""

    def ask(sql: str) -> Iterator[Any]:
        given = 0
        try:
            for row in file.execute(sql):
                yield row
                given += 1
            return
        except sqlite3.OperationalError as error:
            if "decode" not in str(error).lower():
                raise
        file.text_factory = text_of
        yield from islice(file.execute(sql), given, None)

    return ask


def _raw_places(row: Sequence[Any]) -> frozenset[int]:
    """Where a row has text that is not UTF-8."""
    return frozenset([at for at, value in enumerate(row) if value.__class__ is str and not is_whole(value)])


def _text_factory(text_errors: TextErrors) -> Callable[[bytes], str | bytes]:
    if text_errors == "replace":
        return lambda raw: raw.decode("utf-8", "replace")

    def text_or_blob(raw: bytes) -> str | bytes:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw

    return text_or_blob


@contextmanager
def _names_bad_text(file: sqlite3.Connection, text_errors: TextErrors) -> Iterator[None]:
    """Text that is not UTF-8 is looked for once more, to say where it is."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "decode" not in str(error).lower() or text_errors != "strict":
            raise
        raise errors.DataError(f"{_bad_text(file)} is not UTF-8; text_errors says what to do") from error


def _bad_text(file: sqlite3.Connection) -> str:
    """Where the first text is that cannot be decoded."""
    file.text_factory = bytes
    virtual = _virtual(lambda sql: [tuple(_decoded(value) for value in row) for row in file.execute(sql)])
    for (raw,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall():
        name = raw.decode("utf-8", "replace")
        if name.lower() in virtual:
            continue
        cursor = file.execute(f"SELECT * FROM {quoted(name)}")
        for number, row in enumerate(cursor, 1):
            for column, value in zip(cursor.description, row):
                if isinstance(value, bytes) and _decoded(value) is value and not _is_blob(file, name, column[0], value):
                    return f"text in row {number} of table {name}, column {column[0]},"
    return "a text"


def _is_blob(file: sqlite3.Connection, table: str, column: str, value: bytes) -> bool:
    sql = (
        f"SELECT 1 FROM {quoted(table)} WHERE CAST({quoted(column)} AS BLOB) = ? AND typeof({quoted(column)}) = 'text'"
    )
    return file.execute(f"{sql} LIMIT 1", (value,)).fetchone() is None


def _decoded(value: Any) -> Any:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _is_clash(error: Exception) -> bool:
    """Is the name taken? That is no lack of support."""
    return "already exists" in str(error) or "already another table" in str(error)


def _counted(number: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("x") else "s")
    return f"{number:,} {noun if number == 1 else plural}"
