"""ATTACH and DETACH: what their texts say.

    ATTACH [DATABASE] file AS name        DETACH [DATABASE] name

`file` and `name` are expressions without columns, in which a bare word stands for itself. They are kept as the text of one
SELECT, to be run with the statement's parameters.

Example: ``ATTACH ? AS b`` gives Attach("SELECT ?, 'b'").

Does not: open anything (`executor.databases`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aerodb_dbapi.planner.lexer import END, unquote
from aerodb_dbapi.planner.rewrite_expression import expression
from aerodb_dbapi.planner.stream import IDENTIFIERS, TokenStream


@dataclass(frozen=True, slots=True)
class Attach:
    """`query` gives the file's name and the database's."""

    query: str


@dataclass(frozen=True, slots=True)
class Detach:
    """`query` gives the database's name."""

    query: str


def attachment(stream: TokenStream) -> Attach | Detach | None:
    """Read an ATTACH or DETACH statement if the stream begins with one."""
    if stream.kind not in ("ATTACH", "DETACH"):
        return None
    attach = stream.advance()[0] == "ATTACH"
    stream.take("DATABASE")
    if not attach:
        return Detach(f"SELECT {_word_or_expression(stream)}")
    file = _word_or_expression(stream)
    stream.expect("AS")
    return Attach(f"SELECT {file}, {_word_or_expression(stream)}")


def _word_or_expression(stream: TokenStream) -> str:
    """The text of an expression, a bare or quoted name as a string."""
    if stream.kind in IDENTIFIERS and stream.ahead() in (END, ";", "AS"):
        word = unquote(stream.advance()[1]).replace("'", "''")
        return f"'{word}'"
    start = stream.token[2]
    expression(stream)
    return stream.text_since(start)
