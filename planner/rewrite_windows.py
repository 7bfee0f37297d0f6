"""OVER, WINDOW and ORDER BY lists: from SQLite's tokens to calls of functions that exist only in the tree.

Method
    sqlglot reads OVER with a grammar of its own: it refuses GROUPS without ORDER BY, and takes frame offsets for
    operators. So a window never reaches it as one. It is written as calls whose names begin with ``w$``, which no
    function of the user's does (those begin with ``f$``); `bind_windows` reads them.

        sum(a) OVER (w PARTITION BY b ORDER BY c DESC ROWS 2 PRECEDING EXCLUDE TIES)
        w$over(f$sum(a), w$spec('w', w$partition(b), w$order(NULL ORDER BY c DESC),
                                w$frame('ROWS', 'PRECEDING', 2, 'CURRENT', NULL, 'TIES')))

    A part that is absent is NULL; ``OVER w`` is ``w$over(…, 'w')``. FILTER stays around the function, inside
    ``w$over``. ``WINDOW w AS (…)`` is written as ``WINDOW w AS (PARTITION BY w$spec(…))``, so that the definitions are
    found in Select.args['windows'] as Window(this=Identifier, partition_by=[Anonymous]).

Frames are checked here as SQLite's parser does: a frame that could only be empty is ``unsupported frame
specification``; `UNBOUNDED FOLLOWING` as a start is a syntax error.

The functions take the reader of expressions as an argument, for windows are read in the middle of expressions. They
do not look definitions up; the binder does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot.tokens import TokenType

from aerodb_dbapi.planner.stream import NAMES, TokenStream
from aerodb_dbapi.storage.errors import OperationalError

Reader = Callable[[TokenStream], int]

OVER: Final = "w$over"
SPEC: Final = "w$spec"
PARTITION: Final = "w$partition"
ORDER: Final = "w$order"
FRAME: Final = "w$frame"

_UNITS: Final = frozenset({"ROWS", "RANGE", "GROUPS"})
_SPEC_WORDS: Final = _UNITS | {"PARTITION"}


def starts_over(stream: TokenStream) -> bool:
    """Whether OVER is a keyword here, after a call's closing parenthesis."""
    return stream.kind == "OVER" and (stream.ahead() == "(" or stream.ahead() in NAMES)


def starts_definitions(stream: TokenStream) -> bool:
    """Whether WINDOW is a keyword here."""
    return stream.kind == "WINDOW" and stream.ahead() in NAMES and stream.ahead(2) == "AS"


def over(stream: TokenStream, at: int, read: Reader) -> None:
    """Read OVER and what follows; the call was written from `at` on."""
    stream.insert(at, TokenType.L_PAREN, "(")
    stream.insert(at, TokenType.VAR, OVER)
    stream.advance()
    stream.write(TokenType.COMMA, ",")
    if stream.kind == "(":
        _spec(stream, read)
    else:
        _text(stream, stream.name())
    stream.write(TokenType.R_PAREN, ")")


def definitions(stream: TokenStream, read: Reader) -> None:
    """Read a WINDOW clause."""
    stream.pass_on(TokenType.WINDOW)
    while True:
        stream.write_name()
        if stream.kind != "AS":
            raise stream.error()
        stream.pass_on(TokenType.ALIAS)
        if stream.kind != "(":
            raise stream.error()
        stream.write(TokenType.L_PAREN, "(")
        stream.write(TokenType.PARTITION_BY, "PARTITION BY")
        _spec(stream, read)
        stream.write(TokenType.R_PAREN, ")")
        if stream.kind != ",":
            return
        stream.pass_on(TokenType.COMMA)


def order_terms(stream: TokenStream, read: Reader) -> None:
    """Read the terms of an ORDER BY."""
    while True:
        read(stream)
        if stream.kind == "ASC":
            stream.pass_on(TokenType.ASC)
        elif stream.kind == "DESC":
            stream.pass_on(TokenType.DESC)
        if stream.kind == "NULLS":
            stream.pass_on(TokenType.VAR)
            if stream.kind not in ("FIRST", "LAST"):
                raise stream.error()
            stream.pass_on(TokenType.VAR)
        if stream.kind != ",":
            return
        stream.pass_on(TokenType.COMMA)


def order_by(stream: TokenStream, read: Reader) -> None:
    """Read ORDER BY and its terms."""
    stream.advance()
    stream.expect("BY")
    stream.write(TokenType.ORDER_BY, "ORDER BY")
    order_terms(stream, read)


# --- inside the parentheses -------------------------------------------------------------------------------------------


def _spec(stream: TokenStream, read: Reader) -> None:
    """Read a window in parentheses."""
    _open(stream, SPEC)
    stream.advance()
    if stream.kind in NAMES and stream.kind not in _SPEC_WORDS:
        _text(stream, stream.name())
    else:
        _null(stream)
    stream.write(TokenType.COMMA, ",")
    _partition(stream, read)
    stream.write(TokenType.COMMA, ",")
    _order(stream, read)
    stream.write(TokenType.COMMA, ",")
    _frame(stream, read)
    stream.expect(")")
    stream.write(TokenType.R_PAREN, ")")


def _partition(stream: TokenStream, read: Reader) -> None:
    if stream.kind != "PARTITION":
        _null(stream)
        return
    stream.advance()
    stream.expect("BY")
    _open(stream, PARTITION)
    read(stream)
    while stream.kind == ",":
        stream.pass_on(TokenType.COMMA)
        read(stream)
    stream.write(TokenType.R_PAREN, ")")


def _order(stream: TokenStream, read: Reader) -> None:
    if stream.kind != "ORDER":
        _null(stream)
        return
    _open(stream, ORDER)
    _null(stream)
    order_by(stream, read)
    stream.write(TokenType.R_PAREN, ")")


def _frame(stream: TokenStream, read: Reader) -> None:
    if stream.kind not in _UNITS:
        _null(stream)
        return
    _open(stream, FRAME)
    _text(stream, stream.advance()[0])
    stream.write(TokenType.COMMA, ",")
    between = stream.take("BETWEEN")
    start = _bound(stream, read, "PRECEDING")
    stream.write(TokenType.COMMA, ",")
    if between:
        stream.expect("AND")
        end = _bound(stream, read, "FOLLOWING")
    else:
        end = "CURRENT"
        _text(stream, end)
        stream.write(TokenType.COMMA, ",")
        _null(stream)
    stream.write(TokenType.COMMA, ",")
    _text(stream, _exclusion(stream))
    stream.write(TokenType.R_PAREN, ")")
    if (start == "CURRENT" and end == "PRECEDING") or (start == "FOLLOWING" and end in ("PRECEDING", "CURRENT")):
        raise OperationalError("unsupported frame specification")


def _bound(stream: TokenStream, read: Reader, unbounded: str) -> str:
    """Read one bound and write its kind and its offset; `unbounded` is the side on which it may have no end."""
    if stream.kind in ("UNBOUNDED", "CURRENT"):
        kind = stream.advance()[0]
        stream.expect(unbounded if kind == "UNBOUNDED" else "ROW")
        _text(stream, kind)
        stream.write(TokenType.COMMA, ",")
        _null(stream)
        return kind
    at = len(stream.out)
    read(stream)
    kind = stream.kind
    if kind not in ("PRECEDING", "FOLLOWING"):
        raise stream.error()
    stream.insert(at, TokenType.COMMA, ",")
    stream.insert(at, TokenType.STRING, kind)
    stream.advance()
    return kind


def _exclusion(stream: TokenStream) -> str:
    if not stream.take("EXCLUDE"):
        return "NO"
    kind = stream.kind
    if kind not in ("NO", "CURRENT", "GROUP", "TIES"):
        raise stream.error()
    stream.advance()
    if kind in ("NO", "CURRENT"):
        stream.expect("OTHERS" if kind == "NO" else "ROW")
    return kind


# --- writing ----------------------------------------------------------------------------------------------------------


def _open(stream: TokenStream, name: str) -> None:
    stream.write(TokenType.VAR, name)
    stream.write(TokenType.L_PAREN, "(")


def _null(stream: TokenStream) -> None:
    stream.write(TokenType.NULL, "NULL")


def _text(stream: TokenStream, text: str) -> None:
    stream.write(TokenType.STRING, text)
