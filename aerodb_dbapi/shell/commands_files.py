"""Dot commands about files: open another database, rows and databases in and out."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from aerodb_dbapi.planner.lexer import first_word
from aerodb_dbapi.shell.registry import Misuse, command, one, words
from aerodb_dbapi.transfer.progress import shown
from aerodb_dbapi.transfer.rows_in import FORMATS, READERS, import_rows
from aerodb_dbapi.transfer.rows_out import export_rows
from aerodb_dbapi.transfer.sqlite_copy import Copied, export_sqlite, import_sqlite

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session

_MAGIC = b"SQLite format 3\0"
_IMPORT = "FILE [TABLE] [OPTION …]"
_EXPORT = "[QUERY] FILE [OPTION …]"
_OPTIONS = """options: --csv --tsv --jsonl --parquet, or --format FORMAT, where the name of the file does not tell
--no-header  --delimiter C  --null TEXT  --encoding NAME  --skip-unsupported"""
_MORE_IMPORT = f"""A table that is missing is made, with types from all values; without TABLE it is named after the file.
{_OPTIONS}  --lenient  --text-errors keep|strict|replace|blob"""
_MORE_EXPORT = f"""QUERY is a SELECT or the name of a table; without one it is the query before. Where FILE does not tell a
format of rows, the database, or the table, goes into a SQLite file.
{_OPTIONS}  --replace"""


class _Parser(argparse.ArgumentParser):
    """Arguments of a dot command."""

    def __init__(self, name: str, usage: str) -> None:
        super().__init__(prog=name, usage=f"{name} {usage}", add_help=False, allow_abbrev=False)
        for format in READERS:
            self.add_argument(f"--{format}", dest="format", action="store_const", const=format)
        self.add_argument("--format", choices=[*READERS, "sqlite"])
        self.add_argument("--header", dest="header", action="store_true", default=True)
        self.add_argument("--no-header", dest="header", action="store_false")
        self.add_argument("--delimiter")
        self.add_argument("--encoding", default="utf-8")
        self.add_argument("--skip-unsupported", action="store_true")

    def error(self, message: str) -> NoReturn:
        raise Misuse(f"{message}\n{self.format_usage().strip()}")


@command("open", "FILE", "go on with another database file, made if missing")
def open_(session: Session, rest: str) -> None:
    """``.open other.db``"""
    session.open(one(rest, ".open FILE"))
    session.note(f"{session.path}, commit {session.connection.commit_id}")


@command("import", _IMPORT, "rows from CSV, JSON lines, Parquet; or a SQLite file", _MORE_IMPORT)
def import_(session: Session, rest: str) -> None:
    """``.import city.csv``"""
    session.present(".import")
    parser = _Parser(".import", _IMPORT)
    parser.add_argument("file")
    parser.add_argument("table", nargs="?")
    parser.add_argument("--null", action="append")
    parser.add_argument("--lenient", action="store_true")
    parser.add_argument("--text-errors", choices=["keep", "strict", "replace", "blob"], default="keep")
    options: Any = parser.parse_args(words(rest))
    if options.format == "sqlite" or (options.format is None and _is_sqlite(options.file)):
        with shown(session.messages) as progress:
            copied = import_sqlite(
                session.connection,
                options.file,
                tables=None if options.table is None else [options.table],
                text_errors=options.text_errors,
                skip_unsupported=options.skip_unsupported,
                progress=progress,
            )
        _tell(session, copied)
        return
    table = options.table or Path(options.file).name.split(".")[0]
    with shown(session.messages) as progress:
        count = import_rows(
            session.connection,
            options.file,
            table,
            format=options.format,
            header=options.header,
            delimiter=options.delimiter,
            null=options.null or "",
            encoding=options.encoding,
            lenient=options.lenient,
            progress=progress,
        )
    session.note(f"{count:,} rows into {table}")


def _is_sqlite(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _tell(session: Session, copied: Copied) -> None:
    for sentence in copied.skipped:
        session.say(f"left out: {sentence}")
    session.note(str(copied))


@command("export", _EXPORT, "rows into such a file, or all into a SQLite file", _MORE_EXPORT)
def export(session: Session, rest: str) -> None:
    """``.export "SELECT …" rows.csv``"""
    session.present(".export")
    parser = _Parser(".export", _EXPORT)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--null", default="")
    parser.add_argument("--replace", action="store_true")
    options: Any = parser.parse_args(_arguments(rest))
    *source, path = options.names
    if len(source) > 1:
        parser.error("a query stands in quotes")
    is_rows = options.format in READERS or Path(path).suffix.lower() in FORMATS
    if not source and is_rows:
        if not session.last_query:
            parser.error("which table, or which query?")
        source = [session.last_query]
    with shown(session.messages) as progress:
        if not is_rows and (not source or options.format == "sqlite"):
            tables = source or None
            copied = export_sqlite(
                session.connection,
                path,
                tables=tables,
                skip_unsupported=options.skip_unsupported,
                replace=options.replace,
                progress=progress,
            )
            count = -1
        else:
            count = export_rows(
                session.connection,
                source[0],
                path,
                format=options.format,
                header=options.header,
                delimiter=options.delimiter,
                null=options.null,
                encoding=options.encoding,
                replace=options.replace,
                progress=progress,
            )
    if count < 0:
        _tell(session, copied)
    else:
        session.note(f"{count:,} rows into {path}")


def _arguments(rest: str) -> list[str]:
    """The arguments; a query may stand without quotes if the file and the options come last."""
    if first_word(rest) not in ("SELECT", "WITH", "VALUES"):
        return words(rest)
    head, tail = rest, list[str]()
    while head:
        head, _, last = head.rpartition(" ")
        tail.insert(0, last)
        if not last.startswith("--") and last:
            break
    return [head.rstrip("; "), *words(" ".join(tail))]
