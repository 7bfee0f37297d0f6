"""``python -m aerodb_dbapi [FILE] [SQL]``: run SQL against a database file and print the results.

Without SQL, statements are read from standard input: a script when it comes from a file or a pipe, one statement at a time,
with a prompt, from a terminal. FILE defaults to a database in memory. Values print separated by ``|``, NULL as nothing,
BLOBs as ``X'…'``, as the plain output of SQLite's own shell. Exit code 0, or 1 when a statement failed (its message goes to
standard error).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import aerodb_dbapi
from aerodb_dbapi.connection import Connection
from aerodb_dbapi.planner.front import split_script
from aerodb_dbapi.storage.values import as_text

_SQLITE = f"SQLite {aerodb_dbapi.sqlite_version}"
_ANSWERS = {
    ".version": aerodb_dbapi.sqlite_version,
    ".help": "Enter SQL, ended by a semicolon. .version tells the SQLite version, .quit leaves.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="aerodb", description="Run SQL against an AeroDB database.")
    parser.add_argument(
        "filename", nargs="?", default=":memory:", help="database file, made if missing (default: in memory)"
    )
    parser.add_argument("sql", nargs="?", help="SQL to run; without it statements are read from standard input")
    parser.add_argument(
        "-v",
        "--version",
        action="version",
        version=f"AeroDB {aerodb_dbapi.__version__} ({_SQLITE})",
    )
    options = parser.parse_args(arguments)
    try:
        connection = aerodb_dbapi.connect(options.filename, isolation_level=None)
    except aerodb_dbapi.Error as error:
        return _fail(error)
    try:
        if options.sql is not None:
            return run_script(connection, options.sql, sys.stdout)
        if sys.stdin.isatty():
            return _interact(connection)
        return run_script(connection, sys.stdin.read(), sys.stdout)
    finally:
        connection.close()


def run_script(connection: Connection, script: str, output: TextIO) -> int:
    """Run every statement of `script`, printing rows to `output`; stops at the first error. Returns the exit code."""
    try:
        for text in split_script(script):
            for row in connection.execute(text):
                output.write("|".join(map(_shown, row)) + "\n")
    except aerodb_dbapi.Error as error:
        output.flush()
        return _fail(error)
    except BrokenPipeError:
        return 1
    output.flush()
    return 0


def _interact(connection: Connection) -> int:
    """Read statements at a prompt until end of input or ``.quit``."""
    print(f"AeroDB {aerodb_dbapi.__version__}. End statements with a semicolon; .quit or Ctrl-D leaves.")
    pending = ""
    while True:
        try:
            line = input("   ...> " if pending else "aerodb> ")
        except EOFError:
            print()
            return 0
        except KeyboardInterrupt:
            print()
            pending = ""
            continue
        if not pending and line.strip() in (".quit", ".exit"):
            return 0
        if not pending and line.strip() in _ANSWERS:
            print(_ANSWERS[line.strip()])
            continue
        pending = f"{pending}{line}\n"
        if aerodb_dbapi.complete_statement(pending):
            run_script(connection, pending, sys.stdout)
            pending = ""
        elif not pending.strip():
            pending = ""


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    return as_text(value)


def _fail(error: Exception) -> int:
    name = getattr(error, "sqlite_errorname", None)
    sys.stderr.write(f"{type(error).__name__}{f' ({name})' if name else ''}: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
