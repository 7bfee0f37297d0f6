"""FROM: from SQLite's tables and joins to sqlglot's tokens; and the small parts that `rewrite` shares.

Joins are written so that sqlglot keeps them in one flat list in the order of the text: every join but CROSS and NATURAL
gets a condition, ``ON TRUE`` where there was none, and a comma is an INNER JOIN. What the tree looks like is said in
`rewrite`.

Example: ``a, b LEFT JOIN c USING (x)`` is written ``a INNER JOIN b ON TRUE LEFT JOIN c USING (x)``.

Does not: resolve names, decide the order of joins.
"""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import TokenType

from aerodb_dbapi.planner.lexer import INTEGER, JOIN_WORDS, PARAMETER
from aerodb_dbapi.planner.rewrite_expression import (
    FUNCTION_PREFIX,
    QUERY_STARTS,
    expression,
    expression_list,
    parameter,
)
from aerodb_dbapi.planner.stream import ALIASES, NAMES, TokenStream
from aerodb_dbapi.storage.errors import OperationalError

_JOIN_STARTS: Final = JOIN_WORDS | {",", "JOIN"}
_JOIN_BITS: Final = {
    "NATURAL": {"natural"},
    "LEFT": {"left", "outer"},
    "OUTER": {"outer"},
    "RIGHT": {"right", "outer"},
    "FULL": {"left", "right", "outer"},
    "INNER": {"inner"},
    "CROSS": {"inner", "cross"},
}


def sources(stream: TokenStream) -> int | None:
    """Read tables and joins; of a single table the place of its alias among the tokens written."""
    alias: int | None = _source(stream)
    if stream.kind in ("ON", "USING"):
        word = stream.kind
        _condition(stream, frozenset())
        if stream.kind == "DO":  # meant as ON CONFLICT: SQLite takes it for a join's ON
            raise stream.error()
        raise OperationalError(f"a JOIN clause is required before {word}")
    while stream.kind in _JOIN_STARTS:
        join = _join_operator(stream)
        _source(stream)
        _condition(stream, join)
        alias = None
    return alias


def _join_operator(stream: TokenStream) -> frozenset[str]:
    """Read a comma or JOIN with its words, write it; the set of what it means."""
    if stream.kind == ",":
        stream.advance()
        words: list[str] = []
    else:
        words = _join_words(stream)
    bits: set[str] = set()
    for word in words:
        bits |= _JOIN_BITS.get(word.upper(), {"unknown"})
    if "unknown" in bits or {"inner", "outer"} <= bits or ("outer" in bits and not bits & {"left", "right"}):
        raise OperationalError(f"unknown join type: {' '.join(words)}")
    if "natural" in bits:
        stream.write(TokenType.NATURAL, "NATURAL")
    if {"left", "right"} <= bits:
        stream.write(TokenType.FULL, "FULL")
    elif "left" in bits:
        stream.write(TokenType.LEFT, "LEFT")
    elif "right" in bits:
        stream.write(TokenType.RIGHT, "RIGHT")
    elif "cross" in bits:
        stream.write(TokenType.CROSS, "CROSS")
    else:
        stream.write(TokenType.INNER, "INNER")
    stream.write(TokenType.JOIN, "JOIN")
    return frozenset(bits)


def _join_words(stream: TokenStream) -> list[str]:
    words: list[str] = []
    while stream.kind != "JOIN":
        if len(words) == 3 or (stream.kind not in NAMES if words else stream.kind not in JOIN_WORDS):
            raise stream.error()
        words.append(stream.advance()[1])
    stream.advance()
    return words


def _condition(stream: TokenStream, join: frozenset[str]) -> None:
    if "natural" in join:
        if stream.kind in ("ON", "USING"):
            raise OperationalError("a NATURAL join may not have an ON or USING clause")
    elif stream.kind == "ON":
        stream.pass_on(TokenType.ON)
        expression(stream)
    elif stream.kind == "USING":
        stream.pass_on(TokenType.USING)
        if stream.kind != "(":
            raise stream.error()
        name_list(stream)
    elif "cross" not in join:
        stream.write(TokenType.ON, "ON")
        stream.write(TokenType.TRUE, "TRUE")


def _source(stream: TokenStream) -> int:
    """Read a table, function, subquery or join in parentheses; where its alias is among the tokens written, or would be."""
    if stream.kind == "(":
        return _parenthesized_source(stream)
    if stream.kind not in NAMES:
        raise stream.error()
    if stream.ahead() == "(" or (stream.ahead() == "." and stream.ahead(3) == "("):
        return _table_function(stream)
    table_name(stream)
    if stream.kind == "FOR" and stream.tokens[stream.index + 1][1].upper() == "SYSTEM_TIME" and stream.ahead(2) == "AS":
        _as_of(stream)
    alias = _source_alias(stream)
    indexed_by(stream)
    return alias


def table_name(stream: TokenStream) -> None:
    """Read [schema.]name."""
    stream.write_name()
    if stream.kind == ".":
        stream.pass_on(TokenType.DOT)
        stream.write_name()


def _table_function(stream: TokenStream) -> int:
    name = stream.name()
    if stream.take("."):
        name = stream.name()
    stream.write(TokenType.VAR, FUNCTION_PREFIX + name)
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind != ")":
        expression_list(stream)
    close_parenthesis(stream)
    return _source_alias(stream)


def _as_of(stream: TokenStream) -> None:
    """FOR SYSTEM_TIME AS OF COMMIT n."""
    stream.advance()
    stream.advance()
    stream.advance()
    stream.expect("OF")
    if stream.token[1].upper() != "COMMIT":
        raise stream.error()
    stream.advance()
    for word in ("FOR", "VERSION", "AS", "OF"):
        stream.write(TokenType.VAR, word)
    if stream.kind == INTEGER:
        stream.pass_on(TokenType.NUMBER)
    elif stream.kind == PARAMETER:
        parameter(stream)
    else:
        raise stream.error()


def _source_alias(stream: TokenStream) -> int:
    at = len(stream.out)
    if stream.kind == "AS":
        stream.advance()
        write_alias(stream, stream.name())
    elif stream.kind in ALIASES and not (
        stream.kind == "WINDOW" and stream.ahead() in NAMES and stream.ahead(2) == "AS"
    ):
        write_alias(stream, stream.name())
    return at


def indexed_by(stream: TokenStream) -> None:
    """Read INDEXED BY name or NOT INDEXED."""
    if stream.kind == "INDEXED":
        stream.advance()
        stream.expect("BY")
        stream.write(TokenType.INDEXED_BY, "INDEXED BY")
        stream.write_name()
    elif stream.kind == "NOT":
        stream.pass_on(TokenType.NOT)
        if stream.kind != "INDEXED":
            raise stream.error()
        stream.pass_on(TokenType.VAR)


def _parenthesized_source(stream: TokenStream) -> int:
    at = len(stream.out)
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind in QUERY_STARTS:
        stream.query(stream, True)
        close_parenthesis(stream)
        return _source_alias(stream)
    inner = sources(stream)
    if inner is None:
        close_parenthesis(stream)
        return _source_alias(stream)
    stream.expect(")")
    del stream.out[at]
    inner -= 1
    outer = _source_alias(stream)
    if len(stream.out) > outer:  # the outer alias of a single source is the only one
        alias = stream.out[outer:]
        del stream.out[outer:]
        had_one = inner < outer and stream.out[inner].token_type is TokenType.ALIAS
        stream.out[inner : inner + 2 if had_one else inner] = alias
    return inner


# --- small parts ------------------------------------------------------------------------------------------------------


def write_alias(stream: TokenStream, name: str) -> None:
    """Write AS and a name."""
    stream.write(TokenType.ALIAS, "AS")
    stream.write(TokenType.IDENTIFIER, name)


def name_list(stream: TokenStream) -> None:
    """Read names between parentheses."""
    open_parenthesis(stream)
    stream.write_name()
    while stream.kind == ",":
        stream.pass_on(TokenType.COMMA)
        stream.write_name()
    close_parenthesis(stream)


def open_parenthesis(stream: TokenStream) -> None:
    """Write the parenthesis that must come here."""
    if stream.kind != "(":
        raise stream.error()
    stream.pass_on(TokenType.L_PAREN)


def close_parenthesis(stream: TokenStream) -> None:
    """Write the parenthesis that must come here."""
    if stream.kind != ")":
        raise stream.error()
    stream.pass_on(TokenType.R_PAREN)
