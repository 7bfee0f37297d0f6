"""The command line of the tools: ``python -m aerodb_dbapi.tools COMMAND …``; ``-h`` explains.

Exit codes: 0 done and all is well; 1 problems were found, something is missing, or it could not be done (the reason goes to
standard error); 2 the command line is wrong.

Example: ``python -m aerodb_dbapi.tools salvage broken.db rescued.db``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import aerodb_dbapi
from aerodb_dbapi.tools.check import check
from aerodb_dbapi.tools.console import Progress
from aerodb_dbapi.tools.inspect import inspect
from aerodb_dbapi.tools.restore import restore
from aerodb_dbapi.tools.salvage import salvage
from aerodb_dbapi.tools.sqlite_files import export_file, import_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    progress = Progress(sys.stderr)
    try:
        return _run(options, progress)
    except aerodb_dbapi.Error as error:
        progress.clear()
        name = getattr(error, "sqlite_errorname", None)
        sys.stderr.write(f"{type(error).__name__}{f' ({name})' if name else ''}: {error}\n")
        return 1
    except BrokenPipeError:
        return 1


def _run(options: argparse.Namespace, progress: Progress) -> int:
    if options.command == "import":
        return import_file(options, sys.stdout, sys.stderr)
    if options.command == "export":
        return export_file(options, sys.stdout, sys.stderr)
    if options.command == "inspect":
        return inspect(options.file, options.blocks, options.log, sys.stdout)
    if options.command == "restore":
        return restore(options.backup, options.new, options.to, options.log, sys.stdout, progress)
    if options.command == "salvage":
        return salvage(options.file, options.new, sys.stdout, progress)
    return check(options.file, sys.stdout, progress)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aerodb-tools", description="Tools for AeroDB database files not in use.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    inspecting = commands.add_parser("inspect", help="show what a file holds")
    inspecting.add_argument("file")
    inspecting.add_argument("--blocks", action="store_true", help="list every block, free and dead extent")
    inspecting.add_argument("--log", action="store_true", help="list every commit of the log")
    checking = commands.add_parser("check", help="check everything; exit code 1 if there are problems")
    checking.add_argument("file")
    salvaging = commands.add_parser(
        "salvage", help="all that is intact into a new file; exit code 1 if something is missing"
    )
    salvaging.add_argument("file")
    salvaging.add_argument("new")
    restoring = commands.add_parser(
        "restore", help="a backup, and kept log generations up to a commit, into a new file"
    )
    restoring.add_argument("backup")
    restoring.add_argument("new")
    restoring.add_argument("--to", type=int, required=True, metavar="COMMIT", help="the commit to restore")
    restoring.add_argument(
        "--log", nargs="+", default=[], metavar="FILE", help="log generations, beside those that lie beside the backup"
    )
    _sqlite_commands(commands)
    return parser


def _sqlite_commands(commands: Any) -> None:
    importing = commands.add_parser("import", help="everything of a SQLite file into a database, compared afterwards")
    importing.add_argument("file", metavar="SQLITE")
    importing.add_argument("new", metavar="FILE", help="made if it is missing")
    exporting = commands.add_parser("export", help="a database into a new SQLite file, compared afterwards")
    exporting.add_argument("file", metavar="FILE")
    exporting.add_argument("new", metavar="SQLITE")
    importing.add_argument(
        "--text-errors",
        choices=["keep", "strict", "replace", "blob"],
        default="keep",
        help="text that is not UTF-8 stays as it is (at first), is an error, gets U+FFFD, or becomes a BLOB",
    )
    exporting.add_argument("--replace", action="store_true", help="take the place of a file of that name")
    for parser in (importing, exporting):
        parser.add_argument("--table", action="append", metavar="NAME", help="this table alone; may be repeated")
        parser.add_argument(
            "--skip-unsupported", action="store_true", help="leave out what the other side cannot have; exit code 1"
        )


if __name__ == "__main__":
    sys.exit(main())
