"""Reading JSON text: standard JSON (RFC 8259), and JSON5 as SQLite takes it.

Two readers
    The interpreter's own, with hooks that keep what it would lose (see `json_nodes`). It is given texts without escapes
    that it would not give back (``\\u0041``, ``\\/``) and without ``-0``.
    `_Reader`, for everything else: it knows JSON5 (comments, single quotes, labels without quotes, hexadecimal, trailing
    commas, Infinity, NaN, …), keeps every text, and finds the place of an error. Containers are on a stack of its own, so
    depth costs no recursion; deeper than `DEPTH_MAX` is malformed, as in SQLite.

`read` gives ``(node, standard)``; `standard` is False where the text is JSON5. What is malformed raises `Malformed` with the
index of the first character that does not fit. The last few documents are kept (`parsed`).

Example: ``read("{a: .5}")`` → ``({"a": Odd(REAL5, ".5")}, False)``, but for the label, which counts as plain.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.executor.functions.json_nodes import (
    INFINITY,
    INT,
    INT5,
    REAL,
    REAL5,
    TEXT5,
    TEXTJ,
    Label,
    Node,
    Odd,
    integer_node,
    make_object,
    quote,
    real_node,
    unescape,
)

DEPTH_MAX: Final = 1000
CACHED_MAX: Final = 16


class Malformed(ValueError):
    """Not JSON; `position` is the index of the first character that does not fit."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def _pairs(pairs: list[tuple[str, Node]]) -> Node:
    made = dict(pairs)
    return made if len(made) == len(pairs) else make_object(pairs)


def _constant(word: str) -> Node:
    raise ValueError(word)


_decode = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=real_node, parse_constant=_constant).decode
_odd_escape = re.compile(r'\\[^"\\nrtbf]').search
_minus_zero = re.compile(r"(?:^|[\[:,\s])-0(?![.0-9eE])").search


def read(text: str) -> tuple[Node, bool]:
    """The document of a text, and whether it is standard JSON."""
    plain = ("\\" not in text or _odd_escape(text) is None) and ("-0" not in text or _minus_zero(text) is None)
    if plain:
        try:
            return _decode(text), True
        except (ValueError, RecursionError):
            pass
    end = text.find("\0")
    return _Reader(text if end < 0 else text[:end]).document()


parsed = lru_cache(maxsize=CACHED_MAX)(read)

# --- JSON5 ------------------------------------------------------------------------------------------------------------

_SPACES: Final = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_space = re.compile(r"[ \t\n\r]*").match
_space5 = re.compile(rf"(?:[{_SPACES}]|/\*.*?\*/|//[^\n\r\u2028\u2029]*)*", re.DOTALL).match
_name = re.compile(
    rf"(?:[A-Za-z_$]|[^\x00-\x7f{_SPACES}]|\\u[0-9A-Fa-f]{{4}})(?:[\w$]|[^\x00-\x7f{_SPACES}]|\\u[0-9A-Fa-f]{{4}})*",
    re.ASCII,
).match
_infinity = re.compile(r"[+-]inf(?:inity)?", re.IGNORECASE).match
_word = re.compile(r"(?:(true|false|null)|(infinity|inf)|((?:q|s)?nan))(?![A-Za-z0-9])", re.IGNORECASE | re.ASCII).match
_hex = re.compile(r"[+-]?0[xX][0-9A-Fa-f]+").match
_number = re.compile(r"[+-]?(?:\d+(\.\d*)?|(\.\d+))([eE][+-]?\d+)?", re.ASCII).match
_string_part = re.compile(r'[^"\'\\\x00-\x1f]*').match
_WORDS: Final = {"true": True, "false": False, "null": None}
_STANDARD_ESCAPES: Final = frozenset('"\\/bfnrt')
_ESCAPES5: Final = frozenset("'v0\n\u2028\u2029")
_four_hex = re.compile(r"[0-9A-Fa-f]{4}").match
_two_hex = re.compile(r"[0-9A-Fa-f]{2}").match


class _Reader:
    """One text being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.standard = True

    def document(self) -> tuple[Node, bool]:
        """The whole text."""
        node = self._value()
        self._skip()
        if self.at < len(self.text):
            raise Malformed(self.at)
        return node, self.standard

    def _skip(self) -> str:
        """Pass white space; the character after it."""
        text = self.text
        self.at = _space(text, self.at).end()  # type: ignore[union-attr]
        here = text[self.at : self.at + 1]
        if here and (here in "/\v\f" or here > "\x7f"):
            end = _space5(text, self.at).end()  # type: ignore[union-attr]
            if end != self.at:
                self.standard = False
                self.at = end
                here = text[end : end + 1]
        return here

    def _value(self) -> Node:
        """A value with all it contains; open containers are lists of what they hold so far."""
        stack: list[tuple[list[Any], Label | None]] = []
        items: list[Any] | None = None
        label: Any = None
        while True:
            here = self._skip()
            made: Any
            if here in ("[", "{"):
                if items is not None:
                    stack.append((items, label))
                if len(stack) >= DEPTH_MAX:
                    raise Malformed(self.at)
                self.at += 1
                items, label = [], None
                if self._skip() != ("]" if here == "[" else "}"):
                    label = self._label() if here == "{" else None
                    continue
                made = self._close(items, here)
            else:
                made = self._scalar(here)
                if items is None:
                    return made
                items.append(made if label is None else (label, made))
                closed = self._after(label is None)
                if not closed:
                    label = None if label is None else self._label()
                    continue
                made = self._close(items, "[" if label is None else "{")
            while True:
                if not stack:
                    return made
                items, label = stack.pop()
                items.append(made if label is None else (label, made))
                if not self._after(label is None):
                    label = None if label is None else self._label()
                    break
                made = self._close(items, "[" if label is None else "{")

    def _close(self, items: list[Any], opening: str) -> Node:
        self.at += 1
        return items if opening == "[" else make_object(items)

    def _after(self, is_array: bool) -> bool:
        """What comes after an element: a comma, or (True) the end, which is not passed."""
        closing = "]" if is_array else "}"
        here = self._skip()
        if here == closing:
            return True
        if here != ",":
            raise Malformed(self.at)
        self.at += 1
        if self._skip() == closing:
            self.standard = False
            return True
        return False

    def _label(self) -> Label:
        here = self._skip()
        if here in ('"', "'"):
            label = self._string(here)
        else:
            found = _name(self.text, self.at)
            word = _word(self.text, self.at)
            if found is None or (word is not None and word.end() == found.end() and (not word[1] or word[1].islower())):
                raise Malformed(self.at)
            self.standard = False
            self.at = found.end()
            label = Odd(TEXTJ, found[0]) if "\\" in found[0] else found[0]
        if self._skip() != ":":
            raise Malformed(self.at)
        self.at += 1
        return label

    def _scalar(self, here: str) -> Node:
        if here in ('"', "'") and here:
            return self._string(here)
        if here and here in "+-.0123456789":
            return self._number(here)
        found = _word(self.text, self.at)
        if found is None or (found[1] and not found[1].islower()):
            raise Malformed(self.at)
        self.at = found.end()
        if found[1]:
            return _WORDS[found[1]]
        self.standard = False
        return Odd(REAL, INFINITY) if found[2] else None

    def _number(self, here: str) -> Node:
        text, start = self.text, self.at
        if here in "+-":
            found = _infinity(text, start)
            if found is not None:
                self.standard, self.at = False, found.end()
                return Odd(REAL, "-" + INFINITY if here == "-" else INFINITY)
        found = _hex(text, start)
        if found is not None:
            self.standard, self.at = False, found.end()
            return Odd(INT5, found[0].lstrip("+"))
        found = _number(text, start)
        if found is None:
            raise Malformed(start)
        digits = found[0].lstrip("+")
        bare = digits.lstrip("-")
        if bare[0] == "0" and bare[1:2].isdecimal():
            raise Malformed(start + 1)
        self.at = found.end()
        if self.at < len(text) and (text[self.at] in ".eE" or text[self.at].isalnum()):
            raise Malformed(self.at)
        self.standard = self.standard and here != "+"
        if found[2] or found[1] == ".":
            self.standard = False
            return Odd(REAL5, digits)
        return real_node(digits) if found[1] or found[3] else integer_node(digits)

    def _string(self, mark: str) -> Node:
        text, start = self.text, self.at + 1
        at, kind = start, 0
        if mark == "'":
            self.standard = False
        while True:
            at = _string_part(text, at).end()  # type: ignore[union-attr]
            here = text[at : at + 1]
            if here == mark:
                break
            if here == "\\":
                at, found = self._escape(at + 1)
                kind = max(kind, found)
            elif not here:
                raise Malformed(at)
            else:
                if here < " ":
                    self.standard = False
                if here < " " or here == '"':
                    kind = TEXT5
                at += 1
        self.at = at + 1
        inside = text[start:at]
        if not kind:
            return inside
        if kind == TEXTJ:
            value = unescape(inside)
            if quote(value)[1:-1] == inside:
                return value
        return Odd(kind, inside)

    def _escape(self, at: int) -> tuple[int, int]:
        """The place after an escape whose letter is at `at`, and the kind of string that it makes."""
        text = self.text
        letter = text[at : at + 1]
        if letter in _STANDARD_ESCAPES:
            return at + 1, TEXTJ
        if letter == "u" and _four_hex(text, at + 1):
            return at + 5, TEXTJ
        self.standard = False
        if letter in _ESCAPES5:
            return at + 1, TEXT5
        if letter == "x" and _two_hex(text, at + 1):
            return at + 3, TEXT5
        if letter == "\r":
            return at + (2 if text[at + 1 : at + 2] == "\n" else 1), TEXT5
        raise Malformed(at)


__all__ = ["DEPTH_MAX", "INT", "Malformed", "parsed", "read"]
