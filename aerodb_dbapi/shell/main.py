"""The command line: ``aerodb [OPTION …] [FILE] [SQL …]``.

With SQL, or dot commands, as arguments they are run one after the other. Else statements are read from standard input: a script when it
comes from a file or a pipe, one by one, with a prompt, from a terminal. FILE is made if missing and is at first a database in memory.

Exit codes: 0; 1 a statement failed, or the file could not be opened; 2 wrong arguments; 130 Ctrl-C; what ``.quit N`` says.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import aerodb_dbapi
from aerodb_dbapi.shell import (
    commands_files,
    commands_history,
    commands_plot,
    commands_schema,
    commands_settings,
    plain,
)
from aerodb_dbapi.shell.formats import MODES
from aerodb_dbapi.shell.output import colours_wanted, is_terminal
from aerodb_dbapi.shell.registry import Leave
from aerodb_dbapi.shell.session import Session, kind_of

COMMAND_MODULES = (commands_files, commands_history, commands_plot, commands_schema, commands_settings)
_HINT = "pip install 'aerodb[shell]' adds completion, colours and history"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_intermixed_args(arguments)  # options may stand between FILE and SQL
    if options.readonly and not os.path.exists(options.filename):
        sys.stderr.write(f"Error: unable to open database file: {options.filename}\n")
        return 1
    terminal = not options.sql and not options.batch and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        session = Session(
            options.filename,
            sys.stdout,
            sys.stderr,
            terminal=terminal,
            colours=terminal and colours_wanted(),
            read_only=options.readonly,
        )
    except aerodb_dbapi.Error as error:
        sys.stderr.write(f"{kind_of(error)}: {error}\n")
        return 1
    try:
        return _run(session, options)
    except Leave as leave:
        return leave.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads it
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        session.close()


def _run(session: Session, options: argparse.Namespace) -> int:
    _settle(session, options)
    for text in options.cmd or ():
        if not session.run(text):
            return 1
    if options.sql:
        return _all(session, options.sql)
    if not session.terminal:
        return 0 if commands_settings.run_lines(session, sys.stdin) else 1
    return _interact(session)


def _all(session: Session, texts: Sequence[str]) -> int:
    code = 0
    for text in texts:
        if not session.run(text):
            code = 1
            if session.bail:
                break
    return code


def _settle(session: Session, options: argparse.Namespace) -> None:
    """Settings from the command line."""
    style = session.style
    style.mode = options.mode or style.mode
    if options.headers is not None:
        style.headers = options.headers
    if options.nullvalue is not None:
        session.null = options.nullvalue
    if options.separator is not None:
        style.separator = options.separator


def _interact(session: Session) -> int:
    """Read at a prompt until the end of input or ``.quit``."""
    loop, hint = _loop()
    session.output.write(f"AeroDB {aerodb_dbapi.__version__}   {_described(session)}\n")
    session.note("SQL ends with a semicolon; .help lists the commands; Ctrl-D leaves." + (f"\n{hint}" if hint else ""))
    loop(session)
    return 0


def _described(session: Session) -> str:
    if session.path == ":memory:":
        return "in memory; .open FILE opens a file"
    tables = [table for table in session.schema.tables.values() if not table.name.startswith("sqlite_")]
    return f"{session.path}: {len(tables)} {'table' if len(tables) == 1 else 'tables'}, commit {session.connection.commit_id}"


def _loop() -> tuple[Callable[[Session], None], str]:
    """How lines are read, and what would be better."""
    if not is_terminal(sys.stdin) or os.environ.get("AERODB_SHELL") == "plain":
        return plain.loop, ""
    try:
        from aerodb_dbapi.shell import terminal
    except ImportError:
        return plain.loop, _HINT
    return terminal.loop, ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aerodb", description="Run SQL against an AeroDB database.")
    parser.add_argument(
        "filename", nargs="?", default=":memory:", help="database file, made if missing (default: in memory)"
    )
    parser.add_argument(
        "sql", nargs="*", help="SQL or dot commands to run; without it they are read from standard input"
    )
    parser.add_argument(
        "-v",
        "--version",
        action="version",
        version=f"AeroDB {aerodb_dbapi.__version__} (SQLite {aerodb_dbapi.sqlite_version})",
    )
    parser.add_argument("-m", "--mode", choices=list(MODES), help="how rows are written")
    for mode in MODES:
        parser.add_argument(
            f"-{mode}", f"--{mode}", dest="mode", action="store_const", const=mode, help=argparse.SUPPRESS
        )
    parser.add_argument(
        "-header", "--headers", action="store_true", default=None, help="names above the rows in mode list"
    )
    parser.add_argument("-noheader", "--no-headers", dest="headers", action="store_false", help=argparse.SUPPRESS)
    parser.add_argument("-nullvalue", "--nullvalue", metavar="TEXT", help="what NULL is shown as")
    parser.add_argument("-separator", "--separator", metavar="TEXT", help="what separates values in mode list")
    parser.add_argument("-cmd", "--cmd", action="append", metavar="TEXT", help="run this first; may be repeated")
    parser.add_argument("-readonly", "--readonly", action="store_true", help="refuse to write")
    parser.add_argument("-batch", "--batch", action="store_true", help="no prompt, plain output, even on a terminal")
    return parser
