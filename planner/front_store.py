"""Statements about the store: snapshots and VACUUM.

::

    CREATE SNAPSHOT [IF NOT EXISTS] name [AS OF COMMIT n]
    DROP SNAPSHOT [IF EXISTS] name
    VACUUM [schema] [INTO expression]

SNAPSHOT is no keyword: tables and columns may have that name. SQLite has no snapshots by name; VACUUM is as in
https://www.sqlite.org/lang_vacuum.html. The expression is kept as the text of a SELECT, as those of ATTACH are.
"""

from __future__ import annotations

from dataclasses import dataclass

from aerodb_dbapi.planner.lexer import DIGITS_MAX, INTEGER, unquote
from aerodb_dbapi.planner.rewrite_expression import expression
from aerodb_dbapi.planner.stream import NAMES, TokenStream


@dataclass(frozen=True, slots=True)
class CreateSnapshot:
    """CREATE SNAPSHOT; `commit` is None for the latest one."""

    name: str
    commit: int | None
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropSnapshot:
    """DROP SNAPSHOT."""

    name: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Vacuum:
    """VACUUM; with INTO, a copy into the file whose name `query` gives, a SELECT to be run with the statement's parameters."""

    database: str | None = None
    query: str | None = None


Store = CreateSnapshot | DropSnapshot | Vacuum


def store_statement(stream: TokenStream) -> Store | None:
    """Read a statement of this module if the stream begins with one."""
    if stream.kind == "VACUUM":
        return _vacuum(stream)
    if stream.kind in ("CREATE", "DROP") and stream.tokens[stream.index + 1][1].upper() == "SNAPSHOT":
        creating = stream.advance()[0] == "CREATE"
        stream.advance()
        return _create(stream) if creating else _drop(stream)
    return None


def _create(stream: TokenStream) -> CreateSnapshot:
    if_not_exists = stream.take("IF")
    if if_not_exists:
        stream.expect("NOT")
        stream.expect("EXISTS")
    name, commit = stream.name(), None
    if stream.take("AS"):
        _word(stream, "OF")
        stream.expect("COMMIT")
        digits = stream.expect(INTEGER)[1]
        commit = int(digits) if len(digits) < DIGITS_MAX else 1 << 63
    return CreateSnapshot(name, commit, if_not_exists)


def _drop(stream: TokenStream) -> DropSnapshot:
    if_exists = stream.take("IF")
    if if_exists:
        stream.expect("EXISTS")
    return DropSnapshot(stream.name(), if_exists)


def _vacuum(stream: TokenStream) -> Vacuum:
    stream.advance()
    database = None
    if stream.kind in NAMES and stream.kind != "INTO":
        database = unquote(stream.advance()[1])
    if stream.kind != "INTO":
        return Vacuum(database)
    stream.advance()
    start = stream.token[2]
    expression(stream)
    return Vacuum(database, f"SELECT {stream.text_since(start)}")


def _word(stream: TokenStream, word: str) -> None:
    if stream.token[1].upper() != word:
        raise stream.error()
    stream.advance()
