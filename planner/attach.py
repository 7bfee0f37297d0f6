"""ATTACH and DETACH: what their texts say.

    ATTACH [DATABASE] file AS name        DETACH [DATABASE] name

`file` and `name` are expressions without columns, in which a bare word stands for itself. They are kept as the text of one
SELECT, to be run with the statement's parameters.

Example: ``ATTACH ? AS b`` gives Attach("SELECT ?, 'b'").

Does not: open anything (`executor.databases`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aerodb_dbapi.planner.lexer import END, STRING, unquote
from aerodb_dbapi.planner.rewrite_expression import expression
from aerodb_dbapi.planner.stream import IDENTIFIERS, TokenStream


@dataclass(frozen=True, slots=True)
class Attach:
    """`query` gives the file's name and the database's. `literal` is the first where it is a word or a string."""

    query: str
    literal: str | None = None


@dataclass(frozen=True, slots=True)
class Detach:
    """`query` gives the database's name, and so does `literal` where it is a word or a string."""

    query: str
    literal: str | None = None


def attachment(stream: TokenStream) -> Attach | Detach | None:
    """Read an ATTACH or DETACH statement if the stream begins with one."""
    if stream.kind not in ("ATTACH", "DETACH"):
        return None
    attach = stream.advance()[0] == "ATTACH"
    stream.take("DATABASE")
    literal = unquote(stream.token[1]) if _is_word(stream) else None
    first = _word_or_expression(stream)
    if not attach:
        return Detach(f"SELECT {first}", literal)
    stream.expect("AS")
    second = _word_or_expression(stream)
    if stream.take("KEY"):  # of an encrypted file, which neither SQLite has: as there, it is read and not used
        _word_or_expression(stream)
    return Attach(f"SELECT {first}, {second}", literal)


def _is_word(stream: TokenStream) -> bool:
    return stream.kind in IDENTIFIERS | {STRING} and stream.ahead() in (END, ";", "AS", "KEY")


def _word_or_expression(stream: TokenStream) -> str:
    """The text of an expression, a bare or quoted name as a string."""
    if _is_word(stream):
        word = unquote(stream.advance()[1]).replace("'", "''")
        return f"'{word}'"
    start = stream.token[2]
    expression(stream)
    return stream.text_since(start)
