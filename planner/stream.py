"""The state of one rewriting: SQLite tokens in, sqlglot tokens out.

`TokenStream` is what the functions of `rewrite` and `rewrite_expression` share: a position in the tokens of `lexer`,
the list of sqlglot tokens written so far, and the parameter slots. It holds no grammar of its own.

Parameters are numbered before the grammar runs, in the order of the text, as SQLite does: `?` takes the number after
the largest so far, `?N` is N, a named one reuses its number. Slots are these numbers less one. Lifted literals (marks
in a shape, see `lifting`) get the slots after the user's own, in the order of the text. A list (`lists`) has one slot, and so
has all that stands for the rows of VALUES; `lists` says which slots these are.

Errors have SQLite's texts: ``near "X": syntax error`` for the token at which no continuation exists, ``incomplete
input`` at the end of the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlglot.tokens import Token as GlotToken
from sqlglot.tokens import TokenType

from aerodb_dbapi.planner.lexer import (
    BAD,
    BRACKETED,
    DIGITS_MAX,
    END,
    FALLBACK,
    JOIN_WORDS,
    LIFTED,
    LIFTED_MARK,
    LIFTED_ROW_MARK,
    LIST_MARK,
    NAME,
    PARAMETER,
    QUOTED,
    ROW_MARK,
    STRING,
    Token,
    tokenize,
    unquote,
    unrecognized,
)
from aerodb_dbapi.storage.errors import OperationalError

PARAMETER_MAX: Final = 250_000

IDENTIFIERS: Final = frozenset({NAME, QUOTED, BRACKETED, "INDEXED"}) | FALLBACK
"""Kinds that SQLite's grammar calls `id`."""
ALIASES: Final = IDENTIFIERS - {"INDEXED"} | {STRING}
"""Kinds that can be an alias without AS."""
NAMES: Final = IDENTIFIERS | JOIN_WORDS | {STRING}
"""Kinds that SQLite's grammar calls `nm`: names after AS, of tables, of columns in lists."""


class Mark(NamedTuple):
    """A place in the text of a definition that ALTER TABLE may have to rewrite.

    `kind`: 'table' (the table itself), 'define' (a column where it is defined), 'column' (a column in a key), 'parent' (a
    REFERENCES table), 'parent column' (a column of the parent `of`), 'expression', 'end' (behind the last column)."""

    kind: str
    start: int
    end: int
    name: str = ""
    of: str = ""


class TokenStream:
    """Tokens of one text, read from the left; `out` gathers what sqlglot will parse."""

    __slots__ = (
        "faults", "in_trigger", "index", "is_passed_over", "kind", "lifted", "lists", "marks", "out", "parameters", "query",
        "slots", "sql", "token", "tokens", "upserts",
    )  # fmt: skip

    def __init__(self, sql: str, query: Callable[[TokenStream, bool], None], is_shape: bool = False) -> None:
        self.sql = sql
        self.query = query  # reads a query; expressions meet queries, queries hold expressions
        self.in_trigger = False  # RAISE() may be used
        self.is_passed_over = False  # a definition with IF NOT EXISTS of what exists: its syntax counts alone
        self.tokens = tokenize(sql, strict=False, is_shape=is_shape)
        self.out: list[GlotToken] = []
        self.marks: list[Mark] = []
        self.index = 0
        self.token = self.tokens[0]
        self.kind = self.token[0]
        self.upserts: list[tuple[list[GlotToken] | None, list[GlotToken] | None]] = []  # ON CONFLICT: target, update
        self.parameters: list[str | None] = []
        self.faults: dict[
            int, OperationalError
        ] = {}  # by token: parameters that cannot be, for when the grammar comes to them
        self.lifted = 0  # how many of the last slots are literals that were taken out
        self.lists: dict[int, int] = {}  # slot → 0 for a list, the width for rows
        self.slots = self._number_parameters()

    # --- reading ---

    def advance(self) -> Token:
        """Step over the current token and give it."""
        token = self.token
        self.index += 1
        self.token = self.tokens[self.index]
        self.kind = self.token[0]
        return token

    def ahead(self, distance: int = 1) -> str:
        """The kind of a token further on."""
        index = self.index + distance
        return self.tokens[index][0] if index < len(self.tokens) else END

    def take(self, kind: str) -> bool:
        """Step over the current token if it is of that kind."""
        if self.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str) -> Token:
        """Step over a token that must be of that kind."""
        if self.kind != kind:
            raise self.error()
        return self.advance()

    def name(self) -> str:
        """Read a name (SQLite's `nm`)."""
        if self.kind not in NAMES:
            raise self.error()
        return unquote(self.advance()[1])

    def marked_name(self, kind: str, of: str = "") -> str:
        """Read a name and note its place."""
        token = self.token
        name = self.name()
        self.marks.append(Mark(kind, token[2], token[3], name, of))
        return name

    def text_since(self, start: int) -> str:
        """The exact text from a position to the current token, trimmed: what SQLite calls the span of an expression."""
        return self.sql[start : self.token[2]].rstrip()

    def refuse(self, message: str) -> None:
        """Raise OperationalError for what is wrong beside the syntax."""
        if not self.is_passed_over:
            raise OperationalError(message)

    def error(self, token: Token | None = None) -> OperationalError:
        """SQLite's syntax error at a token (the current one unless given)."""
        token = token or self.token
        if token[0] == BAD:
            return unrecognized(token[1])
        return OperationalError("incomplete input" if token[0] == END else f'near "{token[1]}": syntax error')

    # --- writing ---

    def write(self, type_: TokenType, text: str) -> None:
        """Append a token for sqlglot."""
        start, end = self.token[2], self.token[3]
        self.out.append(GlotToken(type_, text, 1, start, start, end - 1 if end > start else start))

    def insert(self, at: int, type_: TokenType, text: str) -> None:
        """Put a token for sqlglot before one already written."""
        near = self.out[at]
        self.out.insert(at, GlotToken(type_, text, 1, near.start, near.start, near.end))

    def pass_on(self, type_: TokenType) -> None:
        """Step over the current token, writing it with a type."""
        self.write(type_, self.token[1])
        self.advance()

    def wrap(self, at: int) -> None:
        """Put parentheses around everything written since `at`."""
        self.insert(at, TokenType.L_PAREN, "(")
        self.write(TokenType.R_PAREN, ")")

    def cut(self, at: int) -> list[GlotToken]:
        """Take out everything written since `at`."""
        tokens = self.out[at:]
        del self.out[at:]
        return tokens

    def write_name(self) -> str:
        """Read a name and write it as an identifier."""
        if self.kind not in NAMES:
            raise self.error()
        name = unquote(self.token[1])
        self.write(TokenType.IDENTIFIER, name)
        self.advance()
        return name

    # --- parameters ---

    def _number_parameters(self) -> dict[int, int]:
        """Slot by token index; fills `parameters` with the names of the slots."""
        slots: dict[int, int] = {}
        by_name: dict[str, int] = {}
        lifted: list[int] = []
        names = self.parameters
        for index, (kind, text, _, _) in enumerate(self.tokens):
            if kind == PARAMETER:
                try:
                    slots[index] = self._slot(text, names, by_name, index)
                except OperationalError as error:
                    self.faults[index] = error
            elif kind == LIFTED:
                if text[0] in (LIST_MARK, ROW_MARK):
                    self._list_slot(text, slots, index)
                else:
                    lifted.append(index)
        own = len(names)
        for index in lifted:
            text = self.tokens[index][1]
            if text == LIFTED_MARK:
                slots[index] = len(names)
                names.append(None)
            else:
                self._list_slot(text, slots, index)
        self.lifted = len(names) - own
        return slots

    def _list_slot(self, text: str, slots: dict[int, int], index: int) -> None:
        """The slot of a list, or of the row that an item stands in."""
        names = self.parameters
        is_row = text in (ROW_MARK, LIFTED_ROW_MARK)
        if is_row and self.tokens[index - 2][1] == text:
            slot = slots[index - 2]
        else:
            slot = len(names)
            names.append(None)
            self.lists[slot] = 0
        if is_row:
            self.lists[slot] += 1
        slots[index] = slot

    def _slot(self, text: str, names: list[str | None], by_name: dict[str, int], index: int) -> int:
        if text == "?":
            names.append(None)
            slot = len(names) - 1
        elif text[0] == "?":
            number = int(text[1:]) if len(text) < DIGITS_MAX else 0
            if not 1 <= number <= PARAMETER_MAX:
                raise OperationalError(f"variable number must be between ?1 and ?{PARAMETER_MAX}")
            names.extend([None] * (number - len(names)))
            slot = number - 1
            names[slot] = names[slot] or text
        elif text[0] == "#" and text[1].isdecimal():  # a register of SQLite's own
            raise self.error(self.tokens[index])
        else:
            slot = by_name.get(text, -1)
            if slot < 0:
                slot = by_name[text] = len(names)
                names.append(text)
        if len(names) > PARAMETER_MAX:
            raise OperationalError("too many SQL variables")
        return slot
