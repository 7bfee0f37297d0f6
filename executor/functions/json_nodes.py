"""JSON values in memory: what a document is made of, its text, and the SQL value of an element.

A node is a plain Python value wherever that loses nothing::

    null, true, false      None, True, False
    integer                int, if ``str`` gives back the digits as written
    real                   float, if ``repr`` gives back the text as written
    text                   str, if escaping it gives back the text as written
    array                  list
    object                 dict, if no label comes twice and every label is plain

and else an `Odd` (a scalar with its kind and its text) or `Members` (an object as a list of pairs). So a number keeps its
text, ``1.50`` stays ``1.50``; a string keeps its escapes; an object keeps repeated labels. Documents of plain nodes, which
most are, are read and written by the interpreter's own JSON code.

Nodes are never changed once made, for parsed documents are shared: edits copy the containers on their path.

Example: ``{"a": 1.50, "b": [1, "x"]}`` is ``{"a": Odd(REAL, "1.50"), "b": [1, "x"]}``.

Kinds are the type numbers of SQLite's binary form (https://www.sqlite.org/jsonb.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from aerodb_dbapi.planner.functions import JsonText
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import as_text

NULL, TRUE, FALSE, INT, INT5, REAL, REAL5, TEXT, TEXTJ, TEXT5, TEXTRAW, ARRAY, OBJECT = range(13)

TYPE_NAMES: Final = (
    "null", "true", "false", "integer", "integer", "real", "real", "text", "text", "text", "text", "array", "object",
)  # fmt: skip
INFINITY: Final = "9e999"

Node = Any
Label = Any  # str or Odd


class Odd:
    """A scalar that a plain Python value would not give back as it was written."""

    __slots__ = ("kind", "text")

    def __init__(self, kind: int, text: str) -> None:
        self.kind = kind
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Odd) and (self.kind, self.text) == (other.kind, other.text)

    def __hash__(self) -> int:
        return hash((self.kind, self.text))

    def __repr__(self) -> str:
        return f"Odd({self.kind}, {self.text!r})"


class Members:
    """An object as pairs of label and value, in order."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[Label, Node]]) -> None:
        self.pairs = pairs


CONTAINERS: Final = frozenset((list, dict, Members))


def malformed() -> OperationalError:
    """The error of text or bytes that are no JSON."""
    return OperationalError("malformed JSON")


def make_object(pairs: list[tuple[Label, Node]]) -> Node:
    """The object of some pairs."""
    made = dict(pairs)
    if len(made) == len(pairs) and all(label.__class__ is str for label in made):
        return made
    return Members(pairs)


def pairs_of(node: Node) -> Any:
    """The pairs of an object."""
    return node.items() if node.__class__ is dict else node.pairs


def kind_of(node: Node) -> int:
    """The kind of a node; a plain str is TEXT or, if it must be escaped, TEXTJ."""
    if node.__class__ is Odd:
        return int(node.kind)
    if node.__class__ is bool:
        return TRUE if node else FALSE
    if node.__class__ is str:
        return TEXT if _needs_no_escape(node) else TEXTJ
    return _KINDS[node.__class__]


_KINDS: Final = {type(None): NULL, int: INT, float: REAL, list: ARRAY, dict: OBJECT, Members: OBJECT}
_needs_no_escape = re.compile(r'[^"\\\x00-\x1f]*').fullmatch


def real_node(text: str) -> Node:
    """The node of a real number written as `text`."""
    value = float(text)
    return value if repr(value) == text else Odd(REAL, text)


def integer_node(text: str) -> Node:
    """The node of an integer written as `text`."""
    if len(text) > 1000:
        return Odd(INT, text)
    value = int(text)
    return value if str(value) == text else Odd(INT, text)


# --- Text -------------------------------------------------------------------------------------------------------------

quote = json.encoder.encode_basestring


class _Unusual(Exception):
    """A node that the interpreter's writer does not know."""


def _unusual(node: Any) -> Any:
    raise _Unusual


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_unusual).encode


def render(node: Node) -> str:
    """The text of a node, without white space."""
    try:
        return _encode(node)
    except (_Unusual, RecursionError):
        return "".join(_pieces(node))


def _pieces(node: Node) -> list[str]:
    out: list[str] = []
    stack: list[Iterator[Node]] = [iter((node,))]
    while stack:
        for child in stack[-1]:
            if child.__class__ in CONTAINERS:
                stack.append(_elements(child, out))
                break
            out.append(scalar_text(child))
        else:
            stack.pop()
    return out


def _elements(node: Node, out: list[str]) -> Iterator[Node]:
    """The elements of a container, one by one; what stands between them is written on the way."""
    comma = ""
    if node.__class__ is list:
        out.append("[")
        for item in node:
            out.append(comma)
            yield item
            comma = ","
        out.append("]")
        return
    out.append("{")
    for label, value in pairs_of(node):
        out.append(f"{comma}{scalar_text(label)}:")
        yield value
        comma = ","
    out.append("}")


def render_pretty(node: Node, indent: str) -> str:
    """The text of a node, an element a line."""
    out: list[str] = []
    stack: list[Iterator[Node]] = [iter((node,))]
    while stack:
        for child in stack[-1]:
            if child.__class__ in CONTAINERS:
                stack.append(_lines(child, indent, len(stack), out))
                break
            out.append(scalar_text(child))
        else:
            stack.pop()
    return "".join(out)


def _lines(node: Node, indent: str, depth: int, out: list[str]) -> Iterator[Node]:
    opening, closing = "[]" if node.__class__ is list else "{}"
    start, before = f"\n{indent * depth}", ""
    out.append(opening)
    for label, value in ((None, item) for item in node) if node.__class__ is list else pairs_of(node):
        out.append(before + start)
        if label is not None:
            out.append(f"{scalar_text(label)}: ")
        yield value
        before = ","
    if before:
        out.append(f"\n{indent * (depth - 1)}")
    out.append(closing)


def scalar_text(node: Node) -> str:
    """The text of an element that is no container."""
    kind = node.__class__
    if kind is str:
        return quote(node)
    if kind is Odd:
        return _ODD_TEXTS.get(node.kind, _as_is)(node.text)
    if kind is float:
        return repr(node)
    return _WORDS[node] if node is None or kind is bool else str(node)


_WORDS: Final = {None: "null", True: "true", False: "false"}


def _as_is(text: str) -> str:
    return text


def _quoted(text: str) -> str:
    return f'"{text}"'


def _hexadecimal(text: str) -> str:
    sign = "-" if text[0] == "-" else ""
    value = int(text.lstrip("+-"), 16)
    return f"{sign}{value}" if value < 1 << 64 else f"{sign}9.0e999"


def _point(text: str) -> str:
    """A real with digits on both sides of its point."""
    return re.sub(r"\.(?!\d)", ".0", re.sub(r"^([+-]?)\.", r"\g<1>0.", text))


_ESCAPE5: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|\r\n|.)|[\"\x00-\x1f]", re.DOTALL)


def _standard_escape(found: re.Match[str]) -> str:
    whole, after = found[0], found[1]
    if after is None:
        return quote(whole)[1:-1]
    if after[0] in "\r\n\u2028\u2029":
        return ""
    if after[0] == "x":
        return f"\\u00{after[1:]}"
    return {"'": "'", "v": "\\u000b", "0": "\\u0000"}.get(after, whole)


def _text5(text: str) -> str:
    return f'"{_ESCAPE5.sub(_standard_escape, text)}"'


_ODD_TEXTS: Final[dict[int, Any]] = {
    INT5: _hexadecimal, REAL5: _point, TEXT: _quoted, TEXTJ: _quoted, TEXT5: _text5, TEXTRAW: quote,
}  # fmt: skip

# --- SQL values -------------------------------------------------------------------------------------------------------


def sql_value(node: Node) -> Any:
    """The SQL value of an element: text, a number, NULL; containers give their text."""
    kind = node.__class__
    if kind is str or node is None or kind is float:
        return node
    if kind is bool:
        return int(node)
    if kind is int:
        return node if -(1 << 63) <= node < 1 << 63 else float(node)
    if kind is Odd:
        return _odd_value(node)
    return render(node)


def _odd_value(node: Odd) -> Any:
    if node.kind >= TEXT:
        return plain_text(node)
    if node.kind >= REAL:
        return float(node.text)
    if node.kind == INT5:
        value = int(node.text, 16)
        size = abs(value)
        if size >= 1 << 64:
            return 0.0
        return value if size < 1 << 63 else (size - (1 << 64)) * (-1 if value < 0 and size > 1 << 63 else 1)
    value = int(node.text) if len(node.text) < 30 else 1 << 64
    return value if -(1 << 63) <= value < 1 << 63 else float(node.text)


def plain_text(label: Label) -> str:
    """The characters that a string or label stands for."""
    if label.__class__ is str:
        return str(label)
    if label.kind in (TEXT, TEXTRAW):
        return str(label.text)
    standard = label.text if label.kind == TEXTJ else _text5(label.text)[1:-1]
    return unescape(standard)


_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})(?:\\u([Dd][C-Fc-f][0-9A-Fa-f]{2}))?|(.))", re.DOTALL)
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _unescaped(found: re.Match[str]) -> str:
    high, low, letter = found.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    code = int(high, 16)
    if low is not None:
        if 0xD800 <= code < 0xDC00:
            return chr(0x10000 + ((code - 0xD800) << 10) + int(low, 16) - 0xDC00)
        return _character(code) + _character(int(low, 16))
    return _character(code)


def _character(code: int) -> str:
    """A character; half of a surrogate pair alone is none (INV-D5)."""
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def unescape(text: str) -> str:
    """The characters of the inside of a JSON string."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def real_text(value: float) -> str:
    """A real SQL value as JSON writes it."""
    if value - value != 0.0:
        return "-9.0e+999" if value < 0 else "9.0e+999"
    return str(as_text(value))


def value_text(value: Any) -> str:
    """The JSON text of a SQL value that is no BLOB; JSON (by its subtype) stays as it is."""
    kind = value.__class__
    if kind is JsonText:
        return str(value)
    if kind is str:
        return quote(value)
    if value is None:
        return "null"
    return str(value) if kind is int else real_text(value)


__all__ = [
    "ARRAY", "CONTAINERS", "FALSE", "INFINITY", "INT", "INT5", "NULL", "OBJECT", "REAL", "REAL5", "TEXT", "TEXT5",
    "TEXTJ", "TEXTRAW", "TRUE", "TYPE_NAMES", "JsonText", "Label", "Members", "Node", "Odd", "integer_node", "kind_of",
    "make_object", "malformed", "pairs_of", "plain_text", "quote", "real_node", "real_text", "render", "render_pretty",
    "scalar_text", "sql_value", "unescape", "value_text",
]  # fmt: skip
