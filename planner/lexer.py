"""SQLite's tokens, found by one regular expression.

Purpose
    sqlglot's tokenizer drops what SQLite semantics need (kinds of quotes, exact text, comments inside a column's name)
    and knows words that SQLite does not. This lexer follows SQLite's `tokenize.c`; `rewrite` turns its tokens into
    sqlglot's.

Tokens
    A token is the tuple ``(kind, text, start, end)``; `text` is ``sql[start:end]``. Kinds are strings:

    - a keyword of SQLite's is its own upper-case word ('SELECT'); an operator is itself ('<=');
    - NAME, QUOTED ("x"), BRACKETED ([x] and `x`), STRING, BLOB, INTEGER, FLOAT, HEX, PARAMETER, LIFTED, END (once, at
      the end).

    Comments and white space are between tokens. Words of other dialects (QUALIFY, ILIKE) are plain NAMEs.

Example
    >>> [token[:2] for token in tokenize("SELECT 'it''s' -- x")]
    [('SELECT', 'SELECT'), ('string', "'it''s'"), ('', '')]

Errors are SQLite's: ``unrecognized token: "12a3"``. An unterminated comment reaches to the end of the text, as in
SQLite.
"""

from __future__ import annotations

import re
from typing import Final

from aerodb_dbapi.storage.errors import OperationalError

Token = tuple[str, str, int, int]

NAME: Final = "name"
QUOTED: Final = "quoted"
BRACKETED: Final = "bracketed"
STRING: Final = "string"
BLOB: Final = "blob"
INTEGER: Final = "integer"
FLOAT: Final = "float"
HEX: Final = "hex"
BAD: Final = "bad"
PARAMETER: Final = "parameter"
LIFTED: Final = "lifted"
END: Final = ""

LIFTED_MARK: Final = "\x02"
"""Stands in a shape (see `lifting`) where a literal was taken out; it cannot occur in a valid statement."""
LIST_MARK: Final = "\x03"
LIFTED_LIST_MARK: Final = "\x04"
ROW_MARK: Final = "\x05"
LIFTED_ROW_MARK: Final = "\x06"
"""Stand in a shape for a list of parameters, or of literals, and for one of a row of them (see `lists`)."""
SPACES: Final = " \t\n\f\r\ufeff"
"""What SQLite skips between tokens, as a part of a regular expression's class; ``\\s`` has more."""
ROW_KEY: Final = "\x00row"  # the name under which a rewritten statement finds the key of any table's rows


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS: Final = _words(
    """
    ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY
    CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE
    CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP
    EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM
    FULL GENERATED GLOB GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT
    INSTEAD INTERSECT INTO IS ISNULL JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING
    NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY
    RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK
    ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE
    UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT
    """
)

JOIN_WORDS: Final = _words("CROSS FULL INNER LEFT NATURAL OUTER RIGHT")

FALLBACK: Final = _words(
    """
    ABORT ACTION AFTER ANALYZE ASC ATTACH BEFORE BEGIN BY CASCADE CAST COLUMN CONFLICT DATABASE DEFERRED DESC
    DETACH DO EACH END EXCLUSIVE EXPLAIN FAIL FOR IGNORE IMMEDIATE INITIALLY INSTEAD LIKE GLOB REGEXP MATCH NO
    PLAN QUERY KEY OF OFFSET PRAGMA RAISE RECURSIVE RELEASE REPLACE RESTRICT ROW ROWS ROLLBACK SAVEPOINT TEMP
    TEMPORARY TRIGGER VACUUM VIEW VIRTUAL WITH WITHOUT NULLS FIRST LAST CURRENT FOLLOWING PARTITION PRECEDING
    RANGE UNBOUNDED EXCLUDE GROUPS OTHERS TIES GENERATED ALWAYS MATERIALIZED REINDEX RENAME CURRENT_DATE
    CURRENT_TIME CURRENT_TIMESTAMP IF OVER FILTER WINDOW
    """
)
"""Keywords that SQLite reads as names wherever the keyword itself cannot stand (`%fallback ID` in its grammar)."""

DIGITS_MAX: Final = 64
"""More than an integer of 64 bits has; `int` refuses a text with thousands."""

# Letters, digits, _, $ and all beyond ASCII: told by what they are not, for a set that reaches to the last code point takes the
# compiler of regular expressions 20 ms, and 80 where case is ignored.
IDENT: Final = r"[^\x00-#%-/:-@\[-\^`{-\x7f]"
IDENT_OR_DOT: Final = r"[^\x00-#%-\-/:-@\[-\^`{-\x7f]"
FIRST_OF_WORD: Final = r"[^\x00-@\[-\^`{-\x7f]"
_SPACE = rf"(?:[{SPACES}]+|--[^\n]*|/\*(?:[^*]+|\*(?!/))*(?:\*/|\Z))*"
_TOKEN = re.compile(
    _SPACE
    + "(?:"
    + "|".join(
        (
            r"([xX]'[^']*'?)",  # 1 blob
            rf"({FIRST_OF_WORD}{IDENT}*)",  # 2 word
            r"('[^']*(?:''[^']*)*'(?!'))",  # 3 string
            r"(0[xX][0-9a-fA-F]+)(?!" + IDENT + ")",  # 4 hexadecimal
            r"((?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)(?!" + IDENT + ")",  # 5 real
            rf"([0-9]+)(?!{IDENT}|\.)",  # 6 integer
            r"(->>|->|\|\||<<|>>|<=|>=|<>|==|!=|[-+*/%&|~<>=(),;]|\.(?![0-9]))",  # 7 operator
            rf"(\?[0-9]*|[$:@#](?:::)*{IDENT}+(?:::{IDENT}*)*(?:\([^)\s]*\)|(?![\w(]|::)))",  # 8 parameter
            r'("[^"]*(?:""[^"]*)*"(?!"))',  # 9 double-quoted
            r"(\[[^\]]*\]|`[^`]*(?:``[^`]*)*`(?!`))",  # 10 bracketed
            r"(\x02|\x03+|\x04+|\x05|\x06)",  # 11 lifted, lists
            r"(\Z)",  # 12 end
        )
    )
    + ")"
)
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_SEPARATED = re.compile(  # numbers with separators between digits (SQLite 3.46): real, hexadecimal, integer
    rf"{_SPACE}(?:((?:{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?|{_DIGITS}[eE][+-]?{_DIGITS})"
    rf"|(0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)|({_DIGITS}))(?!{IDENT}|\.)"
)
_KINDS = (None, BLOB, NAME, STRING, HEX, FLOAT, INTEGER, None, PARAMETER, QUOTED, BRACKETED, LIFTED, END)
_BAD = re.compile(
    rf"'[\s\S]*|\"[\s\S]*|`[\s\S]*|\[[\s\S]*|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?{IDENT}*"
    rf"|[$:@#]{IDENT}*(?:::{IDENT}*)*(?:\([^)\s]*)?|.",
    re.DOTALL,
)
_GOOD_BLOB = re.compile(r"[xX]'(?:[0-9a-fA-F]{2})*'\Z")
_SPACING = re.compile(_SPACE)
_KEYWORD_OF = {form: word for word in KEYWORDS for form in (word, word.lower(), word.capitalize())}


def tokenize(sql: str, strict: bool = True, is_shape: bool = False) -> list[Token]:
    """All tokens of a text, ending with one END token (whose start is the length of the text). What is no token is an error, or, if
    not `strict`, a last token BAD before the end: the grammar may find a mistake before it. Marks are tokens of a shape alone."""
    tokens: list[Token] = []
    add, match, keyword_of = tokens.append, _TOKEN.match, _KEYWORD_OF
    position = 0
    while True:
        while found := match(sql, position):
            group = found.lastindex or 0
            start, position = found.span(group)
            text = found[group]
            if group == 2:
                add((keyword_of.get(text) or _word(text), text, start, position))
            elif group == 7:
                add((text, text, start, position))
            elif group == 12:
                add((END, "", start, position))
                return tokens
            elif group == 1 and not _GOOD_BLOB.match(text):
                return _cut_off(tokens, sql, text, start, strict)
            elif group == 11 and not is_shape:
                return _cut_off(tokens, sql, text[0], start, strict)
            else:
                add((_KINDS[group] or text, text, start, position))
        separated = _SEPARATED.match(sql, position)
        if separated is None:
            break
        group = separated.lastindex or 0
        start, position = separated.span(group)
        add(((FLOAT, HEX, INTEGER)[group - 1], separated[group], start, position))
    return _cut_off(tokens, sql, _bad_token(sql, position), skip_space(sql, position), strict)


def _cut_off(tokens: list[Token], sql: str, text: str, start: int, strict: bool) -> list[Token]:
    """The tokens before a piece of text that is none."""
    if strict:
        raise unrecognized(text)
    return [*tokens, (BAD, text, start, start + len(text)), (END, "", len(sql), len(sql))]


def first_word(sql: str) -> str:
    """The first token's kind without reading further: an upper-case keyword, NAME, or END for an empty text."""
    found = _TOKEN.match(sql)
    if not found:
        return NAME
    if found.lastindex == 2:
        return _KEYWORD_OF.get(found[2]) or _word(found[2])
    return END if found.lastindex == 12 else found[found.lastindex or 0]


def unquote(text: str) -> str:
    """The name or string that a quoted token stands for; other texts are given back."""
    mark = text[0]
    if mark in "'\"`":
        inner = text[1:-1]
        return inner.replace(mark + mark, mark) if mark in inner else inner
    return text[1:-1] if mark == "[" else text


def skip_space(sql: str, position: int = 0) -> int:
    """Where the next token begins: after white space and comments."""
    found = _SPACING.match(sql, position)
    return found.end() if found else position


def unrecognized(text: str) -> OperationalError:
    """SQLite's error for a piece of text that is no token."""
    return OperationalError(f'unrecognized token: "{text}"')


def _word(text: str) -> str:
    upper = text.upper()
    return upper if upper in KEYWORDS and text.isascii() else NAME


def _bad_token(sql: str, position: int) -> str:
    found = _BAD.match(sql, skip_space(sql, position))
    return found[0] if found else ""
