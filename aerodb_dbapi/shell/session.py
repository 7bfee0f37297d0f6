"""`Session`: a connection, the settings, and what a piece of input does.

A piece is a dot command or a SQL script. `run` does it and says whether it went well; errors are told on the messages' stream. Statements
read the connection, or, after ``.asof n``, a read view of commit n.

Example: ``Session(":memory:", sys.stdout, sys.stderr).run("SELECT 1;")``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import aerodb_dbapi
from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.planner.front import split_script
from aerodb_dbapi.planner.lexer import first_word
from aerodb_dbapi.readview import ReadView
from aerodb_dbapi.shell import formats
from aerodb_dbapi.shell.output import Interrupts, Paged, Stopped, default_pager, waiting
from aerodb_dbapi.shell.registry import Misuse, find
from aerodb_dbapi.storage.catalog import Schema
from aerodb_dbapi.storage.errors import Error, OperationalError, ProgrammingError
from aerodb_dbapi.storage.schemas import MergedSchema

_QUERIES = ("SELECT", "WITH", "VALUES")


class Session:
    """What a running shell knows."""

    def __init__(
        self,
        path: str,
        output: TextIO,
        messages: TextIO,
        *,
        terminal: bool = False,
        colours: bool = False,
        read_only: bool = False,
    ) -> None:
        self.terminal = terminal  # is somebody sitting there?
        self.output = output
        self.messages = messages
        self.style = formats.Style()
        if terminal:
            self.style = formats.Style("table", True, colours=colours)
        self.null: str | None = None  # what .nullvalue says
        self.timer = terminal
        self.bail = not terminal
        self.pager = default_pager() if terminal else None
        self.file: TextIO | None = None  # what .output and .once name
        self.once = False
        self.view: ReadView | None = None
        self.last_query = ""
        self.depth = 0  # of .read
        self.place = ""  # of a script: where the piece that runs begins
        self.path = path
        self.lists: dict[str, list[tuple[str, str]]] = {}  # of functions and the like, for completion
        self.connection = _connected(path, read_only)

    # --- The database ---

    def open(self, path: str) -> None:
        """Go on with another file. The one before stays if it cannot be opened."""
        if path == self.path and path != ":memory:":
            return
        connection = _connected(path)
        self.as_of(None)
        self.connection.close()
        self.connection, self.path = connection, path

    def close(self) -> None:
        """Let everything go; an open transaction is rolled back."""
        self.redirect(None)
        self.as_of(None)
        self.connection.close()

    def as_of(self, commit: int | None) -> None:
        """Read as of a commit, or, with None, the present."""
        view = None if commit is None else self.connection.read_view(commit)
        if self.view is not None:
            self.view.close()
        self.view = view

    @property
    def schema(self) -> Schema:
        """The schema of what is read."""
        if self.view is not None:
            return self.view._open_view().root.schema
        return self.connection._ready().schema

    @property
    def schemas(self) -> list[Schema]:
        """The schemas of the databases that are read, in the order in which names are looked up: temp, main, attached ones."""
        schema = self.schema
        return schema.searched if isinstance(schema, MergedSchema) else [schema]

    def execute(self, sql: str) -> Cursor:
        """Run one statement where the session reads."""
        try:
            return self.connection.execute(sql) if self.view is None else self.view.execute(sql)
        except ProgrammingError as error:
            if self.view is None or "only reads" not in str(error):
                raise
            raise ProgrammingError(
                f"as of commit {self.view.commit_id} there are only queries; .asof now leads back"
            ) from None

    def query(self, sql: str) -> Cursor:
        """`execute` of what the user asks: a query (nothing that writes) is what .plot, .export and .explain take next."""
        cursor = self.execute(sql)
        if cursor._compiled is not None and cursor._compiled.is_select and first_word(sql) in _QUERIES:
            self.last_query = sql
        return cursor

    def asked(self, sql: str, most: int) -> tuple[Cursor, list[Any]]:
        """`query`, and its first rows. At a terminal Ctrl-C interrupts it, and it shows that it takes long."""
        if not self.terminal:
            cursor = self.query(sql)
            return cursor, list(islice(cursor, most))
        with Interrupts().during(self.connection.interrupt), waiting(self.messages):
            cursor = self.query(sql)
            return cursor, list(islice(cursor, most))

    def present(self, what: str) -> None:
        """Raise Misuse while an earlier commit is read."""
        if self.view is not None:
            raise Misuse(f"{what} works on the present; .asof now leads back")

    # --- Output ---

    def redirect(self, path: str | None, once: bool = False) -> None:
        """Results go into a file from now on; with None, back to where they went at first."""
        if self.file is not None:
            self.file.close()
        self.file, self.once = None, once
        if path is not None:
            try:
                self.file = open(path, "w", encoding="utf-8", newline="")  # noqa: SIM115
            except OSError as error:
                raise Misuse(f"unable to write {path}: {error.strerror}") from None

    @contextmanager
    def out(self) -> Iterator[TextIO]:
        """Where a result goes."""
        if self.file is not None:
            yield self.file
            self.file.flush()
            if self.once:
                self.redirect(None)
        elif not self.terminal:
            yield self.output
            self.output.flush()
        else:
            paged: Any = Paged(self.output, self.pager)
            try:
                yield paged
            finally:
                paged.close()

    def show(
        self, names: Sequence[str], rows: Iterable[Sequence[Any]], mode: str | None = None, null: str | None = None
    ) -> int:
        """Write rows in the mode that is set; how many there were."""
        style = formats.Style(**vars(self.style))
        style.mode = mode or style.mode
        style.null = self.null_in(style.mode) if null is None else null
        if self.file is not None:
            style.colours = False
        elif self.terminal:
            style.width = shutil.get_terminal_size().columns
        with self.out() as out:
            return formats.write(names, rows, style, out)

    def null_in(self, mode: str) -> str:
        """What NULL is shown as: on a terminal, where nobody reads the rows in, by its name."""
        if self.null is not None:
            return self.null
        return "NULL" if self.terminal and self.file is None and mode in ("table", "line") else ""

    def say(self, text: str) -> None:
        """One line of a command's output."""
        with self.out() as out:
            out.write(text + "\n")

    @property
    def colours(self) -> bool:
        """May what is said now have colours?"""
        return self.style.colours and self.file is None

    def safe(self, text: str) -> str:
        """A text out of the database as it may be said: without control characters, if that is on a terminal."""
        return formats.safe_lines(text) if self.terminal and self.file is None else text

    def note(self, text: str) -> None:
        """Something for the person at the terminal; nothing in scripts."""
        if self.terminal:
            dim, off = (formats.DIM, formats.OFF) if self.style.colours else ("", "")
            self.output.write(f"{dim}{text}{off}\n")
            self.output.flush()

    # --- Input ---

    def run(self, text: str) -> bool:
        """Do a dot command or a script of SQL. False: something failed, and was told."""
        try:
            if text.lstrip().startswith("."):
                self.command(text.strip())
            else:
                for statement in split_script(text):
                    self.statement(statement)
        except (Error, Misuse) as error:
            self.fail(error)
            return False
        except UnicodeEncodeError as error:
            self.fail(Misuse(f"the text cannot be encoded: {error.reason}"))
            return False
        except RecursionError:
            self.fail(Misuse("the statement is nested too deeply"))
            return False
        return True

    def command(self, line: str) -> None:
        """Run a dot command."""
        word, _, rest = line[1:].partition(" ")
        try:
            find(word).run(self, rest.strip())
        except Stopped:
            pass
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Misuse(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}") from None

    def statement(self, sql: str) -> None:
        """Run a statement, show its rows, and on a terminal what it did."""
        if not first_word(sql):
            return
        begun, processor = time.perf_counter(), time.process_time()
        if self.terminal:
            interrupts = Interrupts()
            told = self._at_terminal(sql, interrupts)
            if self.timer:
                spent = _duration((interrupts.ended or time.perf_counter()) - begun)
                self.note(f"{told} · {spent}")
            return
        cursor = self.query(sql)
        if cursor.description is not None:
            self.show(_names(cursor), cursor)
        if self.timer:
            wall, processor = time.perf_counter() - begun, time.process_time() - processor
            self.say(f"Run Time: real {wall:.3f} cpu {processor:.6f}")

    def _at_terminal(self, sql: str, interrupts: Interrupts) -> str:
        """Run a statement that may be interrupted; what it did, in words."""
        with interrupts.during(self.connection.interrupt):
            with waiting(self.messages):
                cursor = self.query(sql)
                first = list(islice(cursor, formats.BATCH))
            if cursor.description is None:
                changed = cursor.rowcount
                return "done" if changed < 0 else _counted(changed, "row changed", "rows changed")
            try:
                count = self.show(_names(cursor), _stopping(chain(first, cursor), interrupts))
            except Stopped:
                return "stopped"
        return _counted(count, "row", "rows")

    def fail(self, error: Exception) -> None:
        """Tell what went wrong."""
        self.output.flush()
        kind = kind_of(error)
        red, off = ("\x1b[31m", formats.OFF) if self.style.colours else ("", "")
        self.messages.write(f"{self.place}{red}{kind}{off}: {formats.safe(str(error)) if self.terminal else error}\n")
        self.messages.flush()


def kind_of(error: Exception) -> str:
    """What an error is called: class and code, ``OperationalError (SQLITE_ERROR)``."""
    if isinstance(error, Misuse):
        return "Error"
    name = getattr(error, "sqlite_errorname", None)
    return f"{type(error).__name__}{f' ({name})' if name else ''}"


def _connected(path: str, read_only: bool = False) -> aerodb_dbapi.Connection:
    """A connection in which nothing begins by itself."""
    if read_only and path != ":memory:":
        return aerodb_dbapi.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    return aerodb_dbapi.connect(path, isolation_level=None)


def _names(cursor: Cursor) -> list[str]:
    return [column[0] for column in cursor.description or ()]


def _stopping(rows: Iterable[Any], interrupts: Interrupts) -> Iterator[Any]:
    """Rows, until Ctrl-C was pressed."""
    for row in rows:
        if interrupts.count:
            raise OperationalError("interrupted", name="SQLITE_INTERRUPT")
        yield row
    interrupts.ended = time.perf_counter()  # a pager may take its time


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
