"""The command line of ``python -m sqlite3``, for what is written against it: ``[FILE] [SQL]``, rows as tuples, the prompt ``sqlite>``.

The shell for people and for scripts is `main`; this is its plain relative, which answers as the standard library's module does, so that
a program which calls ``sqlite3.__main__.main``, or starts ``python -m sqlite3 FILE SQL`` and reads tuples, need not be changed:

    python -m aerodb_dbapi city.db "SELECT name, people FROM city"     ('Oslo', 717710) …

`asked_for` says which arguments mean it when the package is run as a module.
"""

from __future__ import annotations

import argparse
import os
import sys
from code import InteractiveConsole
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import NoReturn

import aerodb_dbapi
from aerodb_dbapi import complete_statement
from aerodb_dbapi.connection import Connection
from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.shell.session import kind_of
from aerodb_dbapi.storage.errors import Error

HELP = """\
Enter SQL code or one of the below commands, and press enter.

  .version    Print underlying SQLite library version
  .help       Print this help message
  .quit       Exit the CLI, equivalent to CTRL-D
"""


def asked_for(arguments: Sequence[str]) -> bool:
    """FILE and one SQL text, and nothing that only the shell knows: no option, no dot command, no second text."""
    return len(arguments) == 2 and not any(text.startswith("-") for text in arguments) and arguments[1][:1] != "."


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run SQL, or read statements at a prompt; ends with SystemExit, as the function of that name in ``sqlite3.__main__``."""
    options = _parser().parse_args(arguments)
    try:
        opened = aerodb_dbapi.connect(options.filename, isolation_level=None)
    except Error as error:
        sys.exit(f"{kind_of(error)}: {error}")
    with closing(opened) as connection:
        if options.sql:
            sys.exit(_told_to_a_pipe(connection, options.sql))
        _interact(connection, options.filename)
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    stands_in = sys.modules.get("sqlite3") is aerodb_dbapi
    parser = argparse.ArgumentParser(
        prog="python -m sqlite3" if stands_in else "python -m aerodb_dbapi",
        description="Run SQL against an AeroDB database, as the sqlite3 module's command line does.",
    )
    parser.add_argument(
        "filename", nargs="?", default=":memory:", help="database file, made if missing (default: in memory)"
    )
    parser.add_argument("sql", nargs="?", help="one statement; its rows are printed as tuples")
    parser.add_argument(
        "-v", "--version", action="version", version=f"SQLite version {aerodb_dbapi.sqlite_version}"
    )  # the version whose SQL this is
    return parser


def _execute(target: Connection | Cursor, sql: str) -> bool:
    """Print the rows of a statement. False: it failed, and that was told."""
    try:
        for row in target.execute(sql):
            print(row)
    except Error as error:
        print(f"{kind_of(error)}: {error}", file=sys.stderr)
        return False
    return True


def _told_to_a_pipe(connection: Connection, sql: str) -> int:
    """`_execute`, where nobody may be reading any more; the exit code."""
    try:
        done = _execute(connection, sql)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if done else 1


class _Console(InteractiveConsole):
    """Statements and three commands, line by line."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.cursor = connection.cursor()

    def runsource(self, source: str, filename: str = "<input>", symbol: str = "single") -> bool:
        """Do what has been entered; True: more lines are needed."""
        if not source or source.isspace():
            return False
        if source.startswith("."):
            self._command(source[1:].strip())
            return False
        if not complete_statement(source):
            return True
        _execute(self.cursor, source)
        return False

    def _command(self, name: str) -> None:
        match name:
            case "version":
                print(aerodb_dbapi.sqlite_version)
            case "help":
                print(HELP)
            case "quit":
                sys.exit(0)
            case "":
                pass
            case _:
                self.write(f'Error: unknown command or invalid arguments:  "{name}".\n')


def _interact(connection: Connection, filename: str) -> None:
    name = "a transient in-memory database" if filename == ":memory:" else repr(filename)
    end = "CTRL-Z" if sys.platform == "win32" else "CTRL-D"
    before = {prompt: getattr(sys, prompt) for prompt in ("ps1", "ps2") if hasattr(sys, prompt)}
    sys.ps1, sys.ps2 = "sqlite> ", "    ... "
    with suppress(ImportError):
        import readline  # noqa: F401  (which input() then uses)
    try:
        _Console(connection).interact(
            f"sqlite3 shell, running on AeroDB {aerodb_dbapi.__version__} (SQLite version {aerodb_dbapi.sqlite_version})\n"
            f"Connected to {name}\n\n"
            "Each command will be run using execute() on the cursor.\n"
            f'Type ".help" for more information; type ".quit" or {end} to quit.',
            exitmsg="",
        )
    finally:
        for prompt in ("ps1", "ps2"):
            delattr(sys, prompt)
        vars(sys).update(before)
