"""Literal lifting: texts that differ only in literals share one plan (INV-Q7).

`shape(sql)` takes literals out of a text in one cheap pass: it gives the text with a mark in the place of each, the key
under which a plan is kept, and their values, which become parameters after the user's own. `parse_shape(key)` parses
such a text.

    >>> shape("SELECT a FROM t WHERE b = 5 AND c = 'x'")
    ('SELECT a FROM t WHERE b = \\x02 AND c = \\x02', (5, 'x'))

Where literals stay
    The pass does not parse; it follows parentheses and a few reserved words, and lifts only where a literal is a value
    and nothing else: in WHERE, ON, SET, VALUES and LIMIT, at any depth. Literals stay in

    - select lists and RETURNING, with everything inside them: their text names the column, ORDER BY and GROUP BY may
      match it;
    - ORDER BY, GROUP BY (a number is a position) and HAVING (its expressions are matched with the grouping keys);
    - FROM (names may be quoted as strings; AS OF), types of CAST, GLOB patterns, ESCAPE;
    - hexadecimal, blobs, and integers outside 64 bits, of which a minus sign in front would change the class.

    - the target of ON CONFLICT, which is compared with the conditions of indexes.

    A text with comments inside, several statements or unbalanced quotes is its own shape. Comments before it are not part of its
    shape, nor those behind it if they do not follow a result column, which may be named by its text: programs write there
    who sent a statement, and when. `-5` after an opening
    parenthesis, a comma or a comparison is one literal; elsewhere the minus stays an operator on the lifted 5.

When a shape does not compile, the text itself must be compiled instead: that gives the error SQLite gives, and covers
strings in places of names (``SET 'a' = 5``). No text that compiles as a shape means something else than the text
itself.

    A literal that a partial index's condition is compared with is put back (`planner.partial_literals`).

Many rows
    `insert_rows(sql)` takes ``INSERT … VALUES (…), (…), …`` of rows of only literals apart: the shape of the statement with one row,
    and the rows as tuples, ready for the run-many form of that statement. One row is taken apart in the same way, in half the time of
    `shape`.

What it does not do: look for parameters (they stay as they are), judge validity, cache.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aerodb_dbapi.planner.lexer import FIRST_OF_WORD, IDENT, IDENT_OR_DOT, LIFTED_MARK, SPACES

Constants = tuple[Any, ...]

_S: Final = f"[{SPACES}]"
_STRING = r"'[^']*+(?:''[^']*+)*+'"
_NUMBER = r"(?:[0-9]++\.[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[0-9]++[eE][+-]?[0-9]++|[0-9]++"
_PARTS: Final = re.compile(
    "("
    + "|".join(
        (
            rf"[xX]{_STRING}",
            rf"{FIRST_OF_WORD}{IDENT}*+",
            _STRING,
            rf"(?:-(?:(?<=[(,=<>]-)|(?<=[(,=<>] -)))?(?:{_NUMBER})(?!{IDENT_OR_DOT})",
            r"[()]",
            rf"[:@$0-9]{IDENT}*+|\?{IDENT}++",
            r"\"[^\"]*+\"|`[^`]*+`|\[[^\]]*+\]",
            rf"--|/\*|;(?={_S}*+[^{SPACES}])|['\"`\[\x00\x02]",
        )
    )
    + ")"
)
_TCL_PARAMETER: Final = re.compile(r"\$[\w:$]++\(")
_LIFTABLE: Final = re.compile(
    rf"(?:{_S}++|--[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|VALUES)\b",
    re.IGNORECASE,
)

# States: literals stay but may be lifted deeper; are lifted; stay, and so does everything inside; the latter, inside; stay
# until SET or RETURNING.
_NAMES, _VALUES, _FROZEN, _INSIDE_FROZEN, _TARGET = range(5)
_OPEN, _CLOSE, _GIVE_UP, _AS, _KEEP_NEXT, _DISTINCT = range(10, 16)
_STATES: Final = {
    "SELECT": _FROZEN,
    "FROM": _NAMES,
    "WHERE": _VALUES,
    "ON": _VALUES,
    "JOIN": _NAMES,
    "GROUP": _FROZEN,
    "ORDER": _FROZEN,
    "HAVING": _FROZEN,
    "LIMIT": _VALUES,
    "VALUES": _VALUES,
    "SET": _VALUES,
    "RETURNING": _FROZEN,
    "CONFLICT": _TARGET,
    "AS": _AS,
    "GLOB": _KEEP_NEXT,
    "ESCAPE": _KEEP_NEXT,
    "COLLATE": _KEEP_NEXT,
    "DISTINCT": _DISTINCT,
}
_MEANINGS: Final = {
    "(": _OPEN,
    ")": _CLOSE,
    **{form: code for word, code in _STATES.items() for form in (word, word.lower(), word.capitalize())},
    **dict.fromkeys(("--", "/*", ";", "'", '"', "`", "[", "\x00", "\x02"), _GIVE_UP),
}
_COMMENTS: Final = re.compile(rf"(?:{_S}++|--[^\n\x00]*+|/\*(?:[^*\x00]++|\*(?!/))*+(?:\*/|\Z))*+")
_COMMENT_STARTS: Final = frozenset({"--", "/*"})
_NAMING: Final = frozenset({"SELECT", "RETURNING"})
_LITERAL_STARTS: Final = frozenset("'0123456789.-")


def shape(sql: str) -> tuple[str, Constants]:
    """The text with its literals taken out, and their values; the text itself and () where nothing is lifted."""
    begun = _LIFTABLE.match(sql)
    if begun is None or ("$" in sql and _TCL_PARAMETER.search(sql)):
        return sql, ()
    parts = _PARTS.split(sql if begun.start(1) == 0 else sql[begun.start(1) :])
    constants: list[Any] = []
    stack: list[int] = []
    state, kept, last = _NAMES, 0, ""
    meaning_of = _MEANINGS.get
    for i in range(1, len(parts), 2):
        part = parts[i]
        meaning = meaning_of(part)
        if meaning is None:
            if part[0] in _LITERAL_STARTS:
                if state == _VALUES and i != kept and (value := _value(part)) is not None:
                    constants.append(value)
                    parts[i] = LIFTED_MARK
                continue
            if part.islower() or (meaning := _mixed_case(part)) is None:
                continue
        if meaning == _OPEN:
            stack.append(state)
            if state == _FROZEN:
                state = _INSIDE_FROZEN
        elif meaning == _CLOSE:
            state = stack.pop() if stack else state
        elif meaning < _OPEN:
            if state != _INSIDE_FROZEN and i != kept and (state != _TARGET or part.upper() in _TARGET_ENDS):
                state, last = meaning, last if meaning == _TARGET else part  # CONFLICT may be the name of a column
        elif meaning == _GIVE_UP:
            if (
                stack
                or part not in _COMMENT_STARTS
                or last.upper() in _NAMING
                or not _COMMENTS.fullmatch("".join(parts[i:]))
            ):
                return sql, ()
            return "".join(parts[:i]).rstrip(SPACES), tuple(constants)
        elif meaning == _AS:
            state = _NAMES if state == _VALUES else state
        elif meaning == _KEEP_NEXT or parts[i + 2 : i + 3] in _FROM_FORMS:
            kept = i + 2
    return ("".join(parts), tuple(constants)) if constants or begun.start(1) else (sql, ())


def put_back(key: str, constants: Constants, places: tuple[int, ...]) -> tuple[str, Constants]:
    """A shape with the literals at some places in its text again, and the constants that are left."""
    pieces = key.split(LIFTED_MARK)
    made = [pieces[0]]
    for place, (value, piece) in enumerate(zip(constants, pieces[1:], strict=True)):
        made += [_literal(value) if place in places else LIFTED_MARK, piece]
    return "".join(made), tuple(value for place, value in enumerate(constants) if place not in places)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "9e999" if value == float("inf") else repr(value)


_TARGET_ENDS: Final = frozenset({"SET", "RETURNING"})
_FROM_FORMS: Final = (["FROM"], ["from"], ["From"])


def _mixed_case(part: str) -> int | None:
    """The meaning of a word that is written neither in capitals nor in small letters."""
    return _STATES.get(part.upper()) if part.isascii() else None


def _value(literal: str) -> Any:
    """The value of a string or number; None for an integer that does not fit."""
    if literal[0] == "'":
        text = literal[1:-1]
        return text.replace("''", "'") if "'" in text else text
    digits = literal[1:] if literal[0] == "-" else literal
    if not (digits.isdigit() and digits.isascii()):
        return float(literal) if _REAL.match(literal) else None
    value = int(literal) if len(digits) < 20 else _OUTSIDE
    return value if -_OUTSIDE <= value < _OUTSIDE else None


_OUTSIDE: Final = 1 << 63
_REAL: Final = re.compile(rf"-?(?:{_NUMBER})\Z")


# --- many rows ------------------------------------------------------------------------------------------------------

_ROW_VALUE = rf"{_STRING}|-?(?:{_NUMBER})(?!{IDENT_OR_DOT})|NULL(?!{IDENT})|x'(?:[0-9a-f]{{2}})*+'"
ROW: Final = rf"\({_S}*+(?:{_ROW_VALUE}){_S}*+(?:,{_S}*+(?:{_ROW_VALUE}){_S}*+)*+\){_S}*+"
_ROWS: Final = re.compile(rf"{ROW}(?:,{_S}*+{ROW})*+;?{_S}*+\Z", re.IGNORECASE)
_ROW_PIECES: Final = re.compile(rf"\(|{_ROW_VALUE}", re.IGNORECASE)
_NAME = r"(?:\w+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
INSERT_HEAD: Final = re.compile(
    rf"{_S}*(?:INSERT(?:{_S}+OR{_S}+\w+)?|REPLACE){_S}+INTO{_S}+{_NAME}{_S}*"
    rf"(?:\((?:[\w{SPACES},]|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])+\){_S}*)?VALUES{_S}*(?=\()",
    re.IGNORECASE,
)


def insert_rows(sql: str) -> tuple[str, list[Constants]] | None:
    """The one-row shape and the rows of an INSERT of rows of literals; None for any other text."""
    head = INSERT_HEAD.match(sql)
    if head is None or not _ROWS.match(sql, head.end()):
        return None
    pieces = _ROW_PIECES.findall(sql, head.end())
    width = pieces.index("(", 1) - 1 if "(" in pieces[1:] else len(pieces) - 1
    starts = pieces[:: width + 1]
    if len(pieces) % (width + 1) or starts.count("(") != len(starts) or pieces.count("(") != len(starts):
        return None
    values = [_row_value(piece) for piece in pieces]
    if _UNFIT in values:
        return None
    rows = [tuple(values[i + 1 : i + 1 + width]) for i in range(0, len(values), width + 1)]
    return f"{head[0]}({','.join(LIFTED_MARK * width)})", rows


def row_of(text: str) -> Constants | None:
    """The values of a row of literals; None if one of them stays in its text."""
    values = tuple([_row_value(piece) for piece in _ROW_PIECES.findall(text, 1)])
    return None if _UNFIT in values else values


_UNFIT: Final = object()


def _row_value(piece: str) -> Any:
    first = piece[0]
    if first in "nN(":
        return None
    if first in "xX":
        return bytes.fromhex(piece[2:-1])
    value = _value(piece)
    return _UNFIT if value is None else value
