"""JSONB: SQLite's binary form of JSON (https://www.sqlite.org/jsonb.html), to and from nodes.

An element is a header and a payload. The header's low four bits are the kind (`json_nodes`), its high four the size of the
payload: 0 to 11 themselves; 12, 13, 14, 15 say that the size follows in 1, 2, 4, 8 bytes, big-endian. Numbers and texts
have their text as payload, arrays their elements, objects labels and values in turns.

Example: ``[1,"a"]`` is ``4b 13 31 17 61``: an array of 4 bytes, the integer "1", the text "a".

`is_binary` looks at the outermost header only, as SQLite does before it takes a BLOB for JSON; `decode` looks at
everything and raises `Malformed` with the offset of what is wrong.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aerodb_dbapi.executor.functions.json_nodes import (
    ARRAY,
    FALSE,
    INT,
    INT5,
    NULL,
    OBJECT,
    REAL,
    REAL5,
    TEXT,
    TEXT5,
    TEXTJ,
    TRUE,
    Node,
    Odd,
    integer_node,
    kind_of,
    make_object,
    pairs_of,
    quote,
    real_node,
    unescape,
)
from aerodb_dbapi.executor.functions.json_text import DEPTH_MAX, Malformed
from aerodb_dbapi.storage.raw_text import bytes_of, text_of

_WIDTHS: Final = {12: 1, 13: 2, 14: 4, 15: 8}
_CONSTANTS: Final = {NULL: None, TRUE: True, FALSE: False}


def _header(kind: int, size: int) -> bytes:
    if size <= 11:
        return bytes((size << 4 | kind,))
    if size <= 0xFF:
        return bytes((0xC0 | kind, size))
    if size <= 0xFFFF:
        return bytes((0xD0 | kind,)) + size.to_bytes(2, "big")
    return bytes((0xE0 | kind,)) + size.to_bytes(4, "big")


def encode(node: Node) -> bytes:
    """The binary form of a node."""
    # parts in reverse; a finished container replaces its parts by one
    stack: list[tuple[Any, list[bytes], int]] = []
    parts: list[bytes] = []
    waiting: list[Node] = [node]
    kind = NULL
    while True:
        while waiting:
            one = waiting.pop()
            found = kind_of(one)
            if found < ARRAY:
                parts.append(_scalar(found, one))
                continue
            stack.append((waiting, parts, kind))
            parts, kind = [], found
            waiting = list(one) if found == ARRAY else [part for pair in pairs_of(one) for part in pair]
            waiting.reverse()
        payload = b"".join(parts)
        if not stack:
            return payload
        made = _header(kind, len(payload)) + payload
        waiting, parts, kind = stack.pop()
        parts.append(made)


def _scalar(kind: int, node: Node) -> bytes:
    if kind <= FALSE:
        return _header(kind, 0)
    if node.__class__ is Odd:
        text = node.text
    elif kind >= TEXT:
        text = node if kind == TEXT else quote(node)[1:-1]
    else:
        text = repr(node)
    payload = bytes_of(text)
    return _header(kind, len(payload)) + payload


# --- Reading ----------------------------------------------------------------------------------------------------------


def _extent(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Kind, and start and end of the payload, of the element at an offset."""
    kind, size = data[at] & 15, data[at] >> 4
    start = at + 1
    width = _WIDTHS.get(size, 0)
    if width:
        size = int.from_bytes(data[start : start + width], "big")
        start += width
    if start + size > end or kind > OBJECT or (kind <= FALSE and size):
        raise Malformed(at)
    return kind, start, start + size


def is_binary(data: bytes) -> bool:
    """Does a BLOB look like JSONB from outside?"""
    try:
        return bool(data) and _extent(data, 0, len(data))[2] == len(data)
    except Malformed:
        return False


def decode(data: bytes) -> Node:
    """The node of a binary form."""
    stack: list[tuple[int, int, int, list[Node]]] = []
    at, end, kind = 0, len(data), ARRAY
    items: list[Node] = []
    while True:
        while at < end:
            found, start, stop = _extent(data, at, end)
            if kind == OBJECT and not len(items) & 1 and not TEXT <= found < ARRAY:
                raise Malformed(at)
            at = stop
            if found < ARRAY:
                items.append(_element(data, found, start, stop))
                continue
            if len(stack) > DEPTH_MAX:
                raise Malformed(start)
            stack.append((stop, end, kind, items))
            at, end, kind, items = start, stop, found, []
        if not stack:
            return items[0]
        if kind == OBJECT and len(items) & 1:
            raise Malformed(at)
        made = items if kind == ARRAY else make_object(list(zip(items[::2], items[1::2])))
        at, end, kind, items = stack.pop()
        items.append(made)


_VALID: Final = {
    INT: re.compile(r"-?\d+", re.ASCII).fullmatch,
    INT5: re.compile(r"[+-]?0[xX][0-9A-Fa-f]+").fullmatch,
    REAL: re.compile(r"-?(?:\d+(?:\.\d+)?|9)(?:[eE][+-]?\d+)?", re.ASCII).fullmatch,
    REAL5: re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII).fullmatch,
    TEXT: re.compile(r'[^"\\\x00-\x1f]*').fullmatch,
    TEXTJ: re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*').fullmatch,
    TEXT5: re.compile(r"""(?:[^\\]|\\(?:["\\/bfnrt'v0\n\r\u2028\u2029]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}))*""").fullmatch,
}  # fmt: skip


def _element(data: bytes, kind: int, start: int, stop: int) -> Node:
    if kind <= FALSE:
        return _CONSTANTS[kind]
    text = text_of(data[start:stop])
    valid = _VALID.get(kind)
    if valid is not None and valid(text) is None:
        raise Malformed(start)
    if kind == TEXT:
        return text
    if kind == TEXTJ:
        value = unescape(text)
        return value if "\\" in text and quote(value)[1:-1] == text else Odd(kind, text)
    if kind == INT:
        return integer_node(text)
    return real_node(text) if kind == REAL else Odd(kind, text)
