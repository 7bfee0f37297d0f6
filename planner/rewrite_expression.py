"""Expressions: from SQLite's tokens to tokens that make sqlglot build the tree SQLite means.

Method
    Precedence climbing with SQLite's table (`parse.y`). Each function reads tokens from the stream, writes sqlglot
    tokens, and returns the *level* of what it wrote, the rank of its outermost operator; where sqlglot would group
    differently, parentheses are written around an operand. Redundant parentheses of the user's are left out.

        level 1 OR · 2 AND · 3 NOT · 4 = <> IS IN LIKE GLOB BETWEEN ISNULL · 5 < <= > >= · 7 & | << >> · 8 + - · 9 * / %
        10 || -> ->> · 11 COLLATE · 12 unary - + ~ · ATOM anything closed · COLUMN a plain column

What the tree looks like afterwards (sqlglot node ← SQL)
    - Column(this=Identifier, [table, db]) ← names. Identifier text starts with DOUBLE_QUOTED_PREFIX for an unqualified
      "x", which becomes a string if no such column exists.
    - Anonymous(this='f$name', expressions) ← every function call, name as written after the prefix; '*' is Star,
      DISTINCT is Distinct(expressions). Also 'f$->' and 'f$->>' for the JSON operators, and 'f$like'(pattern, operand,
      escape) where ESCAPE is no plain string. FILTER makes Filter(this=Anonymous, expression=Where); ORDER BY
      after the arguments is an Order around the last one; OVER is in `rewrite_windows`.
    - Literal: is_string, or the digits of a number; integers beyond 64 bits are REAL (`parse.number_value` decides).
      Hexadecimal is written in decimal, so its digits may begin with '-'; -9223372036854775808 is one Literal.
      HexString ← x'..'.
    - Parameter(this=Var('p<slot>')), of a list 'l<marks>_<slot>', of rows 'r<place>_<slot>' (see `lists`).
    - Null, Boolean, CurrentDate, CurrentTime, CurrentTimestamp.
    - Cast(to=DataType): DECIMAL, INT, DOUBLE, TEXT, VARBINARY for the affinities NUMERIC, INTEGER, REAL, TEXT, BLOB
      (`parse.cast_affinity`).
    - Cbrt ← unary plus; Neg, BitwiseNot, Not; EQ, NEQ, LT, LTE, GT, GTE, NullSafeEQ / NullSafeNEQ (IS / IS NOT),
      Is with Null or Boolean (negated: Not(Is)); And, Or; Add, Sub, Mul, Div, Mod, BitwiseAnd, BitwiseOr,
      BitwiseLeftShift, BitwiseRightShift, DPipe; Collate (`parse.collation_name`).
    - Like, Glob, RegexpLike, Match, Escape(this=Like, expression=Literal); Between, In(expressions | query); the
      negated forms are Not(...) or have args['negate'].
    - Case, Exists, Subquery, Tuple (row values), Paren.
    `x IN table` becomes `x IN (SELECT * FROM table)`.

Does not: resolve names, check argument counts, know types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot.tokens import TokenType

from aerodb_dbapi.planner.lexer import (
    BLOB,
    BRACKETED,
    FLOAT,
    HEX,
    INTEGER,
    JOIN_WORDS,
    LIFTED,
    NAME,
    PARAMETER,
    QUOTED,
    STRING,
    unquote,
)
from aerodb_dbapi.planner.rewrite_windows import order_by, over, starts_over
from aerodb_dbapi.planner.stream import ALIASES, IDENTIFIERS, NAMES, TokenStream
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import affinity_of_type

FUNCTION_PREFIX: Final = "f$"
RAISE: Final = "raise()"
"""The name of RAISE() as a function: none that a call could be written with."""
TEXT_ALIAS_PREFIX: Final = "\x00"
DOUBLE_QUOTED_PREFIX: Final = "\x01"

OR_LEVEL: Final = 1
AND_LEVEL: Final = 2
NOT_LEVEL: Final = 3
EQUALITY: Final = 4
COMPARISON: Final = 5
JSON_LEVEL: Final = 10
COLLATE_LEVEL: Final = 11
UNARY: Final = 12
ATOM: Final = 100
COLUMN: Final = 101

QUERY_STARTS: Final = frozenset({"SELECT", "VALUES", "WITH"})

_QUERY_TOKENS: Final = frozenset({TokenType.SELECT, TokenType.WITH})
_BINARY: Final[dict[str, tuple[int, TokenType]]] = {
    "OR": (OR_LEVEL, TokenType.OR),
    "AND": (AND_LEVEL, TokenType.AND),
    "=": (EQUALITY, TokenType.EQ),
    "==": (EQUALITY, TokenType.EQ),
    "<>": (EQUALITY, TokenType.NEQ),
    "!=": (EQUALITY, TokenType.NEQ),
    "<": (COMPARISON, TokenType.LT),
    "<=": (COMPARISON, TokenType.LTE),
    ">": (COMPARISON, TokenType.GT),
    ">=": (COMPARISON, TokenType.GTE),
    "&": (7, TokenType.AMP),
    "|": (7, TokenType.PIPE),
    "<<": (7, TokenType.LT),
    ">>": (7, TokenType.GT),
    "+": (8, TokenType.PLUS),
    "-": (8, TokenType.DASH),
    "*": (9, TokenType.STAR),
    "/": (9, TokenType.SLASH),
    "%": (9, TokenType.MOD),
    "||": (10, TokenType.DPIPE),
}
_PATTERNS: Final = {
    "LIKE": TokenType.LIKE,
    "GLOB": TokenType.GLOB,
    "REGEXP": TokenType.RLIKE,
    "MATCH": TokenType.MATCH,
}
CLOCKS: Final = {
    "CURRENT_DATE": TokenType.CURRENT_DATE,
    "CURRENT_TIME": TokenType.CURRENT_TIME,
    "CURRENT_TIMESTAMP": TokenType.CURRENT_TIMESTAMP,
}
_SIGNS: Final = {"-": TokenType.DASH, "+": TokenType.DPIPE_SLASH, "~": TokenType.TILDE}
_CAST_WORDS: Final = {
    "NUMERIC": TokenType.DECIMAL,
    "INTEGER": TokenType.INT,
    "REAL": TokenType.DOUBLE,
    "TEXT": TokenType.TEXT,
    "BLOB": TokenType.VARBINARY,
}
_TRUTHS: Final = {"true": TokenType.TRUE, "false": TokenType.FALSE}


def expression(stream: TokenStream, floor: int = OR_LEVEL) -> int:
    """Read an expression of operators at or above `floor`; the level of what was written."""
    at = len(stream.out)
    level = _operand(stream, floor)
    while True:
        kind = stream.kind
        binary = _BINARY.get(kind)
        if binary is not None:
            if binary[0] < floor:
                return level
            level = _binary(stream, at, level, *binary)
        elif kind in _TAILS:
            rank, read = _TAILS[kind]
            if rank < floor:
                return level
            level = read(stream, at, level)
        else:
            return level


def expression_list(stream: TokenStream) -> int:
    """Read expressions between commas; how many."""
    count = 1
    expression(stream)
    while stream.kind == ",":
        stream.pass_on(TokenType.COMMA)
        expression(stream)
        count += 1
    return count


# --- operators --------------------------------------------------------------------------------------------------------


def _binary(stream: TokenStream, at: int, left: int, rank: int, type_: TokenType) -> int:
    if left < rank or (rank == EQUALITY and left <= COMPARISON):
        stream.wrap(at)  # the first: a closed tail, as in `a IN (1) + 2`
    text = stream.token[1]
    if len(text) == 2 and text in ("<<", ">>"):
        stream.write(type_, text[0])
        stream.write(type_, text[0])
        stream.advance()
    else:
        stream.pass_on(type_)
    _right(stream, rank + 1)
    return rank


def _right(stream: TokenStream, floor: int) -> None:
    """Read the right operand of an operator, in parentheses where sqlglot would not group it as SQLite does."""
    at = len(stream.out)
    if expression(stream, floor) <= COMPARISON and floor > NOT_LEVEL:
        stream.wrap(at)


def _protect_left(stream: TokenStream, at: int, left: int) -> None:
    if left <= COMPARISON:
        stream.wrap(at)


def _pattern(stream: TokenStream, at: int, left: int) -> int:
    _protect_left(stream, at, left)
    negated = stream.take("NOT")
    word = stream.kind
    middle = len(stream.out)
    if negated:
        stream.write(TokenType.NOT, "NOT")
    stream.pass_on(_PATTERNS[word])
    right = len(stream.out)
    _right(stream, COMPARISON)
    if stream.kind == "ESCAPE":
        _escape(stream, at, middle, right, word, negated)
    return EQUALITY


def _escape(stream: TokenStream, at: int, middle: int, right: int, word: str, negated: bool) -> None:
    stream.advance()
    if word == "LIKE" and stream.kind == STRING and stream.ahead() not in _BINARY and stream.ahead() != "COLLATE":
        stream.write(TokenType.ESCAPE, "ESCAPE")
        _operand(stream, UNARY)
        return
    escape_at = len(stream.out)
    expression(stream, COMPARISON)
    operand, pattern, escape = stream.out[at:middle], stream.out[right:escape_at], stream.out[escape_at:]
    del stream.out[at:]
    if negated:
        stream.write(TokenType.L_PAREN, "(")
        stream.write(TokenType.NOT, "NOT")
    stream.write(TokenType.VAR, FUNCTION_PREFIX + word.lower())
    stream.write(TokenType.L_PAREN, "(")
    for i, part in enumerate((pattern, operand, escape)):
        if i:
            stream.write(TokenType.COMMA, ",")
        stream.out.extend(part)
    stream.write(TokenType.R_PAREN, ")")
    if negated:
        stream.write(TokenType.R_PAREN, ")")


def _between(stream: TokenStream, at: int, left: int) -> int:
    _protect_left(stream, at, left)
    if stream.kind == "NOT":
        stream.pass_on(TokenType.NOT)
    stream.pass_on(TokenType.BETWEEN)
    low = len(stream.out)
    if expression(stream, NOT_LEVEL) <= COMPARISON:
        stream.wrap(low)
    if stream.kind == "OR":  # which takes the AND that follows for its own
        stream.pass_on(TokenType.OR)
        expression(stream)
    if stream.kind != "AND":
        raise stream.error()
    stream.pass_on(TokenType.AND)
    _right(stream, COMPARISON)
    return EQUALITY


def _in(stream: TokenStream, at: int, left: int) -> int:
    _protect_left(stream, at, left)
    if stream.kind == "NOT":
        stream.pass_on(TokenType.NOT)
    stream.pass_on(TokenType.IN)
    if stream.kind == "(":
        stream.pass_on(TokenType.L_PAREN)
        if stream.kind in QUERY_STARTS:
            stream.query(stream, False)
        elif stream.kind != ")":
            _in_list(stream)
        _close(stream)
    else:
        _in_table(stream)
    return EQUALITY


def _in_list(stream: TokenStream) -> None:
    at = len(stream.out)
    count = expression_list(stream)
    if count == 1 and stream.out[at].text == "(" and stream.out[at + 1].token_type in _QUERY_TOKENS:
        stream.insert(at, TokenType.DPIPE_SLASH, "+")  # ((SELECT …)) is a list of one scalar, not a query


def _in_table(stream: TokenStream) -> None:
    if stream.kind not in NAMES:
        raise stream.error()
    stream.write(TokenType.L_PAREN, "(")
    stream.write(TokenType.SELECT, "SELECT")
    stream.write(TokenType.STAR, "*")
    stream.write(TokenType.FROM, "FROM")
    named = len(stream.out)
    name = stream.write_name()
    if stream.kind == ".":
        stream.pass_on(TokenType.DOT)
        name = stream.write_name()
    if stream.kind == "(":
        del stream.out[named:]
        stream.write(TokenType.VAR, FUNCTION_PREFIX + name)
        stream.pass_on(TokenType.L_PAREN)
        if stream.kind != ")":
            expression_list(stream)
        _close(stream)
    stream.write(TokenType.R_PAREN, ")")


def _is(stream: TokenStream, at: int, left: int) -> int:
    _protect_left(stream, at, left)
    stream.pass_on(TokenType.IS)
    negated = stream.take("NOT")
    if stream.kind == "DISTINCT":
        stream.advance()
        stream.expect("FROM")
        negated = not negated
    if negated:
        stream.write(TokenType.NOT, "NOT")
    _right(stream, COMPARISON)
    return EQUALITY


def _null_test(stream: TokenStream, at: int, left: int) -> int:
    _protect_left(stream, at, left)
    negated = stream.kind != "ISNULL"
    if stream.take("NOT"):
        stream.expect("NULL")
    else:
        stream.advance()
    stream.write(TokenType.IS, "IS")
    if negated:
        stream.write(TokenType.NOT, "NOT")
    stream.write(TokenType.NULL, "NULL")
    return EQUALITY


def _not_tail(stream: TokenStream, at: int, left: int) -> int:
    read = _AFTER_NOT.get(stream.ahead())
    if read is None:
        raise stream.error(stream.tokens[stream.index + 1])
    return read(stream, at, left)


def _collate(stream: TokenStream, at: int, left: int) -> int:
    if left < COLLATE_LEVEL:
        stream.wrap(at)
    stream.pass_on(TokenType.COLLATE)
    if stream.kind not in ALIASES:
        raise stream.error()
    stream.write_name()
    return COLLATE_LEVEL


def _json(stream: TokenStream, at: int, left: int) -> int:
    operator = stream.advance()[1]
    stream.insert(at, TokenType.L_PAREN, "(")
    stream.insert(at, TokenType.VAR, FUNCTION_PREFIX + operator)
    stream.write(TokenType.COMMA, ",")
    expression(stream, COLLATE_LEVEL)
    stream.write(TokenType.R_PAREN, ")")
    return ATOM


_AFTER_NOT: Final[dict[str, Callable[[TokenStream, int, int], int]]] = {
    "LIKE": _pattern,
    "GLOB": _pattern,
    "REGEXP": _pattern,
    "MATCH": _pattern,
    "BETWEEN": _between,
    "IN": _in,
    "NULL": _null_test,
}
_TAILS: Final[dict[str, tuple[int, Callable[[TokenStream, int, int], int]]]] = {
    "LIKE": (EQUALITY, _pattern),
    "GLOB": (EQUALITY, _pattern),
    "REGEXP": (EQUALITY, _pattern),
    "MATCH": (EQUALITY, _pattern),
    "BETWEEN": (EQUALITY, _between),
    "IN": (EQUALITY, _in),
    "IS": (EQUALITY, _is),
    "ISNULL": (EQUALITY, _null_test),
    "NOTNULL": (EQUALITY, _null_test),
    "NOT": (EQUALITY, _not_tail),
    "COLLATE": (COLLATE_LEVEL, _collate),
    "->": (JSON_LEVEL, _json),
    "->>": (JSON_LEVEL, _json),
}

# --- operands ---------------------------------------------------------------------------------------------------------


def _operand(stream: TokenStream, floor: int) -> int:
    kind = stream.kind
    read = _OPERANDS.get(kind)
    if read is not None:
        return read(stream)
    if kind == "NOT":
        at = len(stream.out)
        stream.pass_on(TokenType.NOT)
        expression(stream, NOT_LEVEL)
        if floor <= NOT_LEVEL:
            return NOT_LEVEL
        stream.wrap(at)
        return ATOM
    if kind in IDENTIFIERS or kind in JOIN_WORDS or kind == STRING:
        return _name(stream)
    raise stream.error()


def _integer(stream: TokenStream) -> int:
    text = stream.token[1]
    stream.write(TokenType.NUMBER, text.replace("_", "") if "_" in text else text)
    stream.advance()
    return ATOM


def _hexadecimal(stream: TokenStream) -> int:
    text = stream.token[1].replace("_", "")
    if len(text[2:].lstrip("0")) > 16:
        raise OperationalError(f"hex literal too big: {text}")
    value = int(text, 16)
    stream.write(TokenType.NUMBER, str(value - (1 << 64) if value >= 1 << 63 else value))
    stream.advance()
    return ATOM


def _string(stream: TokenStream) -> int:
    if stream.ahead() == ".":
        return _name(stream)
    stream.write(TokenType.STRING, unquote(stream.token[1]))
    stream.advance()
    return ATOM


def _blob(stream: TokenStream) -> int:
    stream.write(TokenType.HEX_STRING, stream.token[1][2:-1])
    stream.advance()
    return ATOM


def _null(stream: TokenStream) -> int:
    stream.pass_on(TokenType.NULL)
    return ATOM


def _clock(stream: TokenStream) -> int:
    stream.pass_on(CLOCKS[stream.kind])
    return ATOM


def parameter(stream: TokenStream) -> int:
    """Write a parameter, or a literal that was lifted out, or a list of them: all are slots."""
    stream.write(TokenType.PARAMETER, "@")
    if stream.index in stream.faults:
        raise stream.faults[stream.index]
    slot = stream.slots[stream.index]
    stream.write(TokenType.VAR, f"{list_prefix(stream)}{slot}" if slot in stream.lists else f"p{slot}")
    stream.advance()
    return ATOM


def list_prefix(stream: TokenStream) -> str:
    """What stands before the slot of a list: `l` and the number of its marks, of an item of rows `r` and its place."""
    text, width = stream.token[1], stream.lists[stream.slots[stream.index]]
    if not width:
        return f"l{len(text)}_"
    place = 0
    while stream.tokens[stream.index - 2 * place - 2][1] == text:
        place += 1
    return f"r{place}_"


def _unary(stream: TokenStream) -> int:
    at = len(stream.out)
    sign = stream.kind
    stream.pass_on(_SIGNS[sign])
    expression(stream, UNARY)
    if sign == "-" and len(stream.out) == at + 2 and stream.out[-1].text == "9223372036854775808":
        del stream.out[at:]
        stream.write(TokenType.NUMBER, "-9223372036854775808")
        return ATOM
    return UNARY


def _parenthesis(stream: TokenStream) -> int:
    at = len(stream.out)
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind in QUERY_STARTS:
        stream.query(stream, False)
        _close(stream)
        return ATOM
    level = expression(stream)
    if stream.kind == ",":
        stream.pass_on(TokenType.COMMA)
        expression_list(stream)
        _close(stream)
        return ATOM
    if level < ATOM:
        _close(stream)
        return ATOM
    stream.expect(")")
    del stream.out[at]
    return level


def _close(stream: TokenStream) -> None:
    if stream.kind != ")":
        raise stream.error()
    stream.pass_on(TokenType.R_PAREN)


def _case(stream: TokenStream) -> int:
    stream.pass_on(TokenType.CASE)
    if stream.kind != "WHEN":
        expression(stream)
    if stream.kind != "WHEN":
        raise stream.error()
    while stream.kind == "WHEN":
        stream.pass_on(TokenType.WHEN)
        expression(stream)
        if stream.kind != "THEN":
            raise stream.error()
        stream.pass_on(TokenType.THEN)
        expression(stream)
    if stream.kind == "ELSE":
        stream.pass_on(TokenType.ELSE)
        expression(stream)
    if stream.kind != "END":
        raise stream.error()
    stream.pass_on(TokenType.END)
    return ATOM


def _cast(stream: TokenStream) -> int:
    stream.write(TokenType.VAR, "CAST")
    stream.advance()
    if stream.kind != "(":
        raise stream.error()
    stream.pass_on(TokenType.L_PAREN)
    expression(stream)
    if stream.kind != "AS":
        raise stream.error()
    stream.pass_on(TokenType.ALIAS)
    affinity = affinity_of_type(type_words(stream) or "NUMERIC")  # CAST(x AS) is one too
    stream.write(_CAST_WORDS[affinity], affinity)
    _close(stream)
    return ATOM


def type_words(stream: TokenStream) -> str:
    """Read a type name: any names, then one or two signed numbers in parentheses; the exact text ('' for none)."""
    start = stream.token[2]
    if stream.kind not in ALIASES:
        return ""
    while stream.kind in ALIASES:
        end = stream.advance()[3]
    if stream.kind == "(":
        stream.advance()
        _signed(stream)
        if stream.take(","):
            _signed(stream)
        end = stream.expect(")")[3]
    return stream.sql[start:end]


def _signed(stream: TokenStream) -> None:
    if stream.kind in ("+", "-"):
        stream.advance()
    if stream.kind not in (INTEGER, FLOAT, HEX):
        raise stream.error()
    stream.advance()


def _exists(stream: TokenStream) -> int:
    stream.pass_on(TokenType.EXISTS)
    if stream.kind != "(":
        raise stream.error()
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind not in QUERY_STARTS:
        raise stream.error()
    stream.query(stream, False)
    _close(stream)
    return ATOM


def _raise(stream: TokenStream) -> int:
    stream.advance()
    if stream.kind != "(":
        raise stream.error()
    stream.write(TokenType.VAR, FUNCTION_PREFIX + RAISE)
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind not in ("IGNORE", "ROLLBACK", "ABORT", "FAIL"):
        raise stream.error()
    word = stream.advance()[0]
    stream.write(TokenType.STRING, word)
    if word != "IGNORE":
        if stream.kind != ",":
            raise stream.error()
        stream.pass_on(TokenType.COMMA)
        if stream.kind not in NAMES:
            raise stream.error()
        stream.write(TokenType.STRING, stream.name())
    _close(stream)
    if not stream.in_trigger:
        raise OperationalError("RAISE() may only be used within a trigger-program")
    return ATOM


def _name(stream: TokenStream) -> int:
    """A column, qualified or not, or a function call."""
    kind, text = stream.token[0], stream.token[1]
    following = stream.ahead()
    if following == "(":
        if kind in IDENTIFIERS:
            return _function(stream)
    elif following == ".":
        return _qualified(stream)
    elif kind == QUOTED:
        text = DOUBLE_QUOTED_PREFIX + unquote(text)
    elif kind == BRACKETED:
        text = unquote(text)
    elif kind == NAME and (truth := _TRUTHS.get(text.lower())) is not None:
        stream.pass_on(truth)
        return ATOM
    stream.write(TokenType.IDENTIFIER, text)
    stream.advance()
    return COLUMN


def _qualified(stream: TokenStream) -> int:
    stream.write_name()
    parts = 1
    while stream.kind == "." and parts < 3:
        stream.pass_on(TokenType.DOT)
        stream.write_name()
        parts += 1
    return COLUMN


def _function(stream: TokenStream) -> int:
    at = len(stream.out)
    stream.write(TokenType.VAR, FUNCTION_PREFIX + unquote(stream.token[1]))
    stream.advance()
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind == "*":
        stream.pass_on(TokenType.STAR)
    elif stream.kind != ")":
        _arguments(stream)
    _close(stream)
    if stream.kind == "FILTER" and stream.ahead() == "(":
        _filter(stream)
    if starts_over(stream):
        over(stream, at, expression)
    return ATOM


def _arguments(stream: TokenStream) -> None:
    if stream.kind == "DISTINCT":
        stream.pass_on(TokenType.DISTINCT)
        if stream.kind == ")":
            raise OperationalError("DISTINCT aggregates must have exactly one argument")
    elif stream.kind == "ALL":
        stream.advance()
    at = len(stream.out)
    if stream.kind != "ORDER":
        expression_list(stream)
    if stream.kind == "ORDER":
        order_by(stream, expression)
        if stream.out[at].token_type == TokenType.ORDER_BY:  # nothing to put in order: SQLite takes and forgets it
            del stream.out[at:]


def _filter(stream: TokenStream) -> None:
    stream.pass_on(TokenType.FILTER)
    stream.pass_on(TokenType.L_PAREN)
    if stream.kind != "WHERE":
        raise stream.error()
    stream.pass_on(TokenType.WHERE)
    expression(stream)
    _close(stream)


_OPERANDS: Final[dict[str, Callable[[TokenStream], int]]] = {
    NAME: _name,
    QUOTED: _name,
    INTEGER: _integer,
    FLOAT: _integer,
    HEX: _hexadecimal,
    STRING: _string,
    BLOB: _blob,
    PARAMETER: parameter,
    LIFTED: parameter,
    "NULL": _null,
    "CURRENT_DATE": _clock,
    "CURRENT_TIME": _clock,
    "CURRENT_TIMESTAMP": _clock,
    "-": _unary,
    "+": _unary,
    "~": _unary,
    "(": _parenthesis,
    "CASE": _case,
    "CAST": _cast,
    "EXISTS": _exists,
    "RAISE": _raise,
}
