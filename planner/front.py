"""What can be told about a text without parsing it, and the statements that need no expression parser.

- `classify(sql)`: the kind of a statement from its first words, for transaction control.
- `split_script(text)`: the statements of a script, one by one; CREATE TRIGGER bodies stay whole.
- `is_complete(text)`: whether a text ends with a finished statement, as `sqlite3.complete_statement` tells.
- `control(stream)`: BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE, PRAGMA and EXPLAIN as small dataclasses.

What AeroDB does not have is refused by name where it is read (INV-F2), never ignored.

EXPLAIN forms: ``EXPLAIN QUERY PLAN s`` is Explain('plan'), ``EXPLAIN ANALYZE s`` of a statement with rows Explain('analyze'),
``EXPLAIN s`` Explain('source'), the generated Python. ``EXPLAIN ANALYZE [name]`` is the EXPLAIN of an ANALYZE, as in SQLite.

Example
    >>> [text for text in split_script("BEGIN; INSERT INTO t VALUES (';'); -- done")]
    ['BEGIN;', "INSERT INTO t VALUES (';');"]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from aerodb_dbapi.planner.lexer import (
    END,
    FLOAT,
    HEX,
    INTEGER,
    KEYWORDS,
    SPACES,
    first_word,
    skip_space,
    tokenize,
    unquote,
)
from aerodb_dbapi.planner.repeated import Repeated, repeated
from aerodb_dbapi.planner.stream import NAMES, TokenStream
from aerodb_dbapi.storage.errors import OperationalError


@dataclass(frozen=True, slots=True)
class Begin:
    """BEGIN; `mode` is 'DEFERRED', 'IMMEDIATE', 'EXCLUSIVE' or 'CONCURRENT' (optimistic, like DEFERRED)."""

    mode: str = "DEFERRED"


@dataclass(frozen=True, slots=True)
class Commit:
    """COMMIT or END."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """ROLLBACK, or ROLLBACK TO a savepoint."""

    savepoint: str | None = None


@dataclass(frozen=True, slots=True)
class Savepoint:
    """SAVEPOINT name."""

    name: str


@dataclass(frozen=True, slots=True)
class Release:
    """RELEASE [SAVEPOINT] name."""

    name: str


@dataclass(frozen=True, slots=True)
class Pragma:
    """PRAGMA [schema.]name [= value | (value)]. `value` is its text (strings and names unquoted, numbers with sign) or
    None."""

    name: str
    value: str | None = None
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Explain:
    """EXPLAIN of another statement's text; `form` is 'plan' (QUERY PLAN), 'analyze' or 'source' (the generated Python)."""

    form: str
    text: str


Control = Begin | Commit | Rollback | Savepoint | Release | Pragma | Explain

_KINDS: Final = {
    "SELECT": "select",
    "VALUES": "select",
    "INSERT": "insert",
    "REPLACE": "insert",
    "UPDATE": "update",
    "DELETE": "delete",
    "CREATE": "create",
    "DROP": "drop",
    "BEGIN": "begin",
    "COMMIT": "commit",
    "END": "commit",
    "ROLLBACK": "rollback",
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
    "PRAGMA": "pragma",
    "EXPLAIN": "explain",
    END: "empty",
    ";": "empty",
}
_QUOTED = r"'[^']*+(?:'|\Z)|\"[^\"]*+(?:\"|\Z)|`[^`]*+(?:`|\Z)|\[[^\]]*+(?:\]|\Z)"
_COMMENT = r"--[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)"
_S: Final = f"[{SPACES}]"
_GAP: Final = rf"(?:{_S}|{_COMMENT})"
_STATEMENT: Final = re.compile(rf"(?:[^;'\"`\[/-]++|{_QUOTED}|{_COMMENT}|[/-])*+(;?)")
_TRIGGER: Final = re.compile(
    rf"{_GAP}*+(?:EXPLAIN{_S}+)?CREATE{_GAP}++(?:TEMP(?:ORARY)?{_GAP}++)?TRIGGER\b", re.IGNORECASE
)
_TRIGGER_END: Final = re.compile(rf"{_GAP}*+END{_GAP}*+;", re.IGNORECASE)
_BLANK: Final = re.compile(rf"(?>{_S}+|--[^\n]*|/\*.*?\*/)*+", re.S)
_UNTERMINATED_COMMENT: Final = re.compile(r"/\*(?!.*?\*/)", re.S)


def classify(sql: str) -> str:
    """'select', 'insert', 'update', 'delete', 'create', 'drop', 'begin', …, 'empty', or 'other'."""
    word = first_word(sql)
    return _kind_after_with(sql) if word == "WITH" else _KINDS.get(word, "other")


def _kind_after_with(sql: str) -> str:
    depth = 0
    for kind, _, _, _ in tokenize(sql):
        depth += (kind == "(") - (kind == ")")
        if depth == 0 and _KINDS.get(kind) in ("select", "insert", "update", "delete"):
            return _KINDS[kind]
    return "other"


def split_script(text: str) -> Iterator[str]:
    """The statements of a script with their semicolons; pieces of only comments and white space are left out."""
    return (piece for piece in parts_of_script(text, lambda: False) if isinstance(piece, str))


def parts_of_script(text: str, takes_runs: Callable[[], bool]) -> Iterator[str | Repeated]:
    """The same, but where `takes_runs()` says so, INSERTs that differ only in their literals are given at once (`repeated`)."""
    position = 0
    while position < len(text):
        if takes_runs() and (run := repeated(text, position)):
            yield run
            position += len(run.text)
            continue
        end, _ = _statement_end(text, position)
        start = skip_space(text, position)
        if start < end and text[start] != ";":
            yield text[start:end]
        position = end


def is_complete(text: str) -> bool:
    """Whether the text holds at least one statement and each is ended by a semicolon."""
    position, terminated = 0, False
    while position < len(text):
        position, terminated = _statement_end(text, position)
        if terminated and skip_space(text, position) == len(text):
            return not _UNTERMINATED_COMMENT.match(text[position:].lstrip())
    return False


def is_blank(text: str) -> bool:
    """Whether the text holds nothing but white space and whole comments."""
    return _BLANK.fullmatch(text) is not None


def _statement_end(text: str, position: int) -> tuple[int, bool]:
    """Where the statement that begins at `position` ends, after its semicolon; whether there is one."""
    found = _STATEMENT.match(text, position)
    assert found is not None
    if _TRIGGER.match(text, position):
        while found[1] and not (last := _TRIGGER_END.match(text, found.end())):
            found = _STATEMENT.match(text, found.end())
            assert found is not None
        if found[1] and last:
            return last.end(), True
    return found.end(), bool(found[1])


# --- Statements without expressions ---------------------------------------------------------------------------------


_POINT: Final = re.compile(
    r"(SAVEPOINT|RELEASE|ROLLBACK TO)(?: SAVEPOINT)? +(?:\"([^\"\x00]+)\"|([A-Za-z_][A-Za-z_0-9]*+)) ?;?\Z"
).match


def savepoint(sql: str) -> Control | None:
    """A statement of savepoints as frameworks write it, each time with another name; None for any other text, which may be one, too."""
    found = _POINT(sql)
    if found is None:
        return None
    word, quoted, plain = found.groups()
    if (plain is not None and plain.upper() in KEYWORDS) or sql.startswith("SAVEPOINT SAVEPOINT"):
        return None
    name = quoted or plain
    return Savepoint(name) if word == "SAVEPOINT" else Release(name) if word == "RELEASE" else Rollback(name)


def control(stream: TokenStream) -> Control | None:
    """Read a statement of this module if the stream begins with one."""
    read = _READERS.get(stream.kind)
    return read(stream) if read else None


def _begin(stream: TokenStream) -> Begin:
    stream.advance()
    mode = "DEFERRED"
    if stream.kind in ("DEFERRED", "IMMEDIATE", "EXCLUSIVE"):
        mode = stream.advance()[0]
    elif stream.token[1].upper() == "CONCURRENT":
        stream.advance()
        mode = "CONCURRENT"
    _transaction_word(stream)
    return Begin(mode)


def _transaction_word(stream: TokenStream) -> None:
    if stream.take("TRANSACTION") and stream.kind in NAMES and stream.kind != "TO":
        stream.advance()


def _commit(stream: TokenStream) -> Commit:
    stream.advance()
    _transaction_word(stream)
    return Commit()


def _rollback(stream: TokenStream) -> Rollback:
    stream.advance()
    _transaction_word(stream)
    if not stream.take("TO"):
        return Rollback()
    return Rollback(_savepoint_name(stream))


def _savepoint_name(stream: TokenStream) -> str:
    stream.take("SAVEPOINT")
    return stream.name()


def _savepoint(stream: TokenStream) -> Savepoint:
    stream.advance()
    return Savepoint(stream.name())


def _release(stream: TokenStream) -> Release:
    stream.advance()
    return Release(_savepoint_name(stream))


def _pragma(stream: TokenStream) -> Pragma:
    stream.advance()
    schema, name = None, stream.name()
    if stream.take("."):
        schema, name = name, stream.name()
    if stream.take("="):
        return Pragma(name, _pragma_value(stream), schema)
    if stream.take("("):
        value = _pragma_value(stream)
        stream.expect(")")
        return Pragma(name, value, schema)
    return Pragma(name, None, schema)


def _pragma_value(stream: TokenStream) -> str:
    sign = stream.advance()[1] if stream.kind in ("+", "-") else ""
    if stream.kind in (INTEGER, FLOAT, HEX):
        return (sign if sign == "-" else "") + stream.advance()[1]
    if sign or not (stream.kind in NAMES or stream.kind in ("ON", "DELETE", "DEFAULT")):
        raise stream.error()
    return unquote(stream.advance()[1])


_ANALYZED: Final = frozenset({"SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"})


def _explain(stream: TokenStream) -> Explain:
    stream.advance()
    form = "source"
    if stream.kind == "QUERY":
        stream.advance()
        stream.expect("PLAN")
        form = "plan"
    elif stream.kind == "ANALYZE" and stream.ahead() in _ANALYZED:
        stream.advance()
        form = "analyze"
    if stream.kind == END:
        raise OperationalError("incomplete input")
    if stream.kind in ("EXPLAIN", ";"):
        raise stream.error()
    start = stream.token[2]
    last = END if _TRIGGER.match(stream.sql, start) else ";"  # a trigger's body has semicolons
    while stream.kind not in (END, last):
        stream.advance()
    return Explain(form, stream.sql[start : stream.token[2]])


_READERS: Final[dict[str, Callable[[TokenStream], Control]]] = {
    "BEGIN": _begin,
    "COMMIT": _commit,
    "END": _commit,
    "ROLLBACK": _rollback,
    "SAVEPOINT": _savepoint,
    "RELEASE": _release,
    "PRAGMA": _pragma,
    "EXPLAIN": _explain,
}
