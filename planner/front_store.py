"""Statements about the store, which have no expressions: snapshots and VACUUM.

::

    CREATE SNAPSHOT [IF NOT EXISTS] name [AS OF COMMIT n]
    DROP SNAPSHOT [IF EXISTS] name
    VACUUM [schema] [INTO expression]        the expression: a string or a parameter

SNAPSHOT is no keyword: tables and columns may have that name. SQLite has no snapshots by name; VACUUM is as in
https://www.sqlite.org/lang_vacuum.html.
"""

from __future__ import annotations

from dataclasses import dataclass

from aerodb_dbapi.planner.lexer import END, INTEGER, PARAMETER, STRING, unquote
from aerodb_dbapi.planner.stream import NAMES, TokenStream
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError


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
    """VACUUM; with `into`, a copy into that file. `is_parameter`: the file's name is the first parameter."""

    into: str | None = None
    is_parameter: bool = False


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
        commit = int(stream.expect(INTEGER)[1])
    return CreateSnapshot(name, commit, if_not_exists)


def _drop(stream: TokenStream) -> DropSnapshot:
    if_exists = stream.take("IF")
    if if_exists:
        stream.expect("EXISTS")
    return DropSnapshot(stream.name(), if_exists)


def _vacuum(stream: TokenStream) -> Vacuum:
    stream.advance()
    if stream.kind in NAMES and stream.kind != "INTO" and unquote(stream.advance()[1]).lower() not in ("main", "temp"):
        raise OperationalError("unknown database")
    if stream.kind != "INTO":
        return Vacuum()
    stream.advance()
    if stream.kind == PARAMETER:
        stream.advance()
        return Vacuum(is_parameter=True)
    if stream.kind not in (STRING, END):
        raise NotSupportedError("VACUUM INTO with an expression other than a string or a parameter")
    return Vacuum(unquote(stream.expect(STRING)[1]))


def _word(stream: TokenStream, word: str) -> None:
    if stream.token[1].upper() != word:
        raise stream.error()
    stream.advance()
