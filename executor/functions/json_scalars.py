"""The JSON functions, scalar and aggregate, in their text and binary (`jsonb_…`) forms.

A document is JSON text, or a BLOB in SQLite's binary form; both are read by every function. The text functions give text
without white space, the binary ones a BLOB. Which arguments are JSON rather than text to be quoted is told by the class
`JsonText` (see `planner.subtypes`); `_made` gives each function that makes JSON its tagged form.

Errors, in SQLite's words: ``malformed JSON``, ``bad JSON path: '…'``, ``JSON cannot hold BLOB values``,
``json_object() labels must be TEXT``, …

Example: ``json_set('{"a":1}', '$.b', json('[]'))`` → ``{"a":1,"b":[]}``.

What it does not do: json_each and json_tree (`executor.modules.json_tables`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.executor.functions.json_binary import decode, encode, is_binary
from aerodb_dbapi.executor.functions.json_nodes import (
    CONTAINERS,
    TEXTRAW,
    TYPE_NAMES,
    JsonText,
    Node,
    Odd,
    kind_of,
    malformed,
    quote,
    real_node,
    real_text,
    render,
    render_pretty,
    sql_value,
    value_text,
)
from aerodb_dbapi.executor.functions.json_path import (
    INSERT,
    MISSING,
    REMOVE,
    REPLACE,
    SET,
    compile_path,
    edit,
    look_up,
    merge,
)
from aerodb_dbapi.executor.functions.json_text import Malformed, parsed
from aerodb_dbapi.planner.functions import AggregateFunction, ScalarFunction
from aerodb_dbapi.storage import raw_text
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import as_text, to_integer

Output = Callable[[Node], Any]


def document(value: Any) -> Node:
    """The document that a SQL value which is not NULL holds."""
    try:
        if value.__class__ is bytes and is_binary(value):
            return decode(value)
        return parsed(value if value.__class__ is str else _text_of(value))[0]
    except Malformed:
        raise malformed() from None


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    return raw_text.text_of(value) if value.__class__ is bytes else str(as_text(value))


def _blob(node: Node) -> bytes:
    return encode(node)


def node_of(value: Any) -> Node:
    """The element that a SQL value becomes."""
    kind = value.__class__
    if kind is JsonText:
        return document(value)
    if kind is bytes:
        if not is_binary(value):
            raise OperationalError("JSON cannot hold BLOB values")
        return document(value)
    return real_node("9e999" if value > 0 else "-9e999") if _infinite(value) else _finite(value)


def _infinite(value: Any) -> bool:
    return value.__class__ is float and value - value != 0.0


def _finite(value: Any) -> Node:
    return real_node(real_text(value)) if value.__class__ is float else value


def _binary_node(value: Any) -> Node:
    """As `node_of`; a text keeps its characters without escapes, as SQLite stores it."""
    return Odd(TEXTRAW, value) if value.__class__ is str else node_of(value)


def text_of(value: Any) -> str:
    """The JSON text of a SQL value."""
    if value.__class__ is bytes:
        return render(node_of(value))
    return value_text(value)


def _path(value: Any) -> Any:
    return compile_path(value if value.__class__ is str else _text_of(value))


# --- Looking ----------------------------------------------------------------------------------------------------------


def _extractor(single: Output, several: Output) -> Callable[..., Any]:
    """json_extract(X, P, …): one element, or an array of several."""

    def extract(value: Any = None, *paths: Any) -> Any:
        if value is None or not paths:
            return None
        node = document(value)
        if len(paths) == 1:
            if paths[0] is None:
                return None
            found = look_up(node, _path(paths[0]))
            return None if found is MISSING else single(found)
        items = []
        for path in paths:
            if path is None:
                return None
            found = look_up(node, _path(path))
            items.append(None if found is MISSING else found)
        return several(items)

    return extract


def _tagged_value(node: Node) -> Any:
    return JsonText(render(node)) if node.__class__ in CONTAINERS else sql_value(node)


def _tagged_text(node: Node) -> Any:
    return JsonText(render(node))


def _binary_value(node: Node) -> Any:
    return encode(node) if node.__class__ in CONTAINERS else sql_value(node)


def _is_word(text: str) -> bool:
    return text.isascii() and text.replace("_", "a").isalnum()


@lru_cache(maxsize=512, typed=True)
def _arrow_path(key: Any) -> Any:
    """The path that the right side of -> means: a path, a label, or an index."""
    text = _text_of(key)
    if text[:1] == "$":
        return compile_path(text)
    if key.__class__ is int:
        return compile_path(f"$[#{text}]" if key < 0 else f"$[{text}]")
    if text[:1] == "[" and len(text) >= 3 and text[-1] == "]":
        return compile_path(f"${text}", text)
    return compile_path(f"$.{text}" if not text or _is_word(text) else f'$."{text}"', text)


def _arrow(output: Output) -> Callable[[Any, Any], Any]:
    def arrow(value: Any, key: Any) -> Any:
        if value is None or key is None:
            return None
        found = look_up(document(value), _arrow_path(key))
        return None if found is MISSING else output(found)

    return arrow


def _element(value: Any, path: tuple[Any, ...]) -> Node:
    """The element of a document at an optional path; MISSING for NULL too."""
    if value is None or (path and path[0] is None):
        return MISSING
    node = document(value)
    return look_up(node, _path(path[0])) if path else node


def json_array_length(value: Any, *path: Any) -> int | None:
    """json_array_length(X [, P]): 0 for what is no array."""
    node = _element(value, path)
    if node is MISSING:
        return None
    return len(node) if node.__class__ is list else 0


def json_type(value: Any, *path: Any) -> str | None:
    """json_type(X [, P])"""
    node = _element(value, path)
    return None if node is MISSING else TYPE_NAMES[kind_of(node)]


def json_valid(value: Any, flags: Any = 1) -> int | None:
    """json_valid(X [, flags]): 1 RFC 8259 text, 2 JSON5 text, 4 looks like JSONB, 8 is JSONB throughout."""
    if value is None or flags is None:
        return None
    wanted = to_integer(flags)
    if not 1 <= wanted <= 15:
        raise OperationalError("FLAGS parameter to json_valid() must be between 1 and 15")
    try:
        if value.__class__ is bytes and is_binary(value):
            if wanted & 8 and not wanted & 4:
                decode(value)
            return int(bool(wanted & 12))
        if not wanted & 3:
            return 0
        return int(parsed(_text_of(value))[1] or bool(wanted & 2))
    except Malformed:
        return 0


def json_error_position(value: Any) -> int | None:
    """json_error_position(X): 0 for JSON or JSON5, else the place of the first mistake, from 1."""
    if value is None:
        return None
    try:
        if value.__class__ is bytes and is_binary(value):
            decode(value)
        else:
            parsed(_text_of(value))
    except Malformed as error:
        return error.position + 1
    return 0


# --- Making -----------------------------------------------------------------------------------------------------------


def json(value: Any) -> str | None:
    """json(X): the document, without white space."""
    return None if value is None else render(document(value))


def jsonb(value: Any) -> bytes | None:
    """jsonb(X): the document in binary form."""
    if value is None or (value.__class__ is bytes and is_binary(value)):
        return value
    return encode(document(value))


def subtype(value: Any) -> int:
    """subtype(X): 74, which is J, where the value comes from a function that gives JSON; else 0."""
    return 74 if value.__class__ is JsonText else 0


def json_quote(value: Any) -> str:
    """json_quote(X): a SQL value as JSON."""
    return text_of(value)


def json_pretty(value: Any, indent: Any = None) -> str | None:
    """json_pretty(X [, indent])"""
    if value is None:
        return None
    return render_pretty(document(value), "    " if indent is None else _text_of(indent))


def json_array(*values: Any) -> str:
    """json_array(X, …)"""
    return f"[{','.join(map(text_of, values))}]"


def json_object(*values: Any) -> str:
    """json_object(label, X, …)"""
    if len(values) & 1:
        raise OperationalError("json_object() requires an even number of arguments")
    labels = values[::2]
    if not all(isinstance(label, str) for label in labels):
        raise OperationalError("json_object() labels must be TEXT")
    pairs = [f"{quote(label)}:{text_of(value)}" for label, value in zip(labels, values[1::2])]
    return "{" + ",".join(pairs) + "}"


def _binary(call: Callable[..., Any]) -> Callable[..., Any]:
    """The binary form of a function that gives JSON text."""

    def made(*values: Any) -> Any:
        text = call(*values)
        return None if text is None else encode(document(text))

    return made


def _editor(name: str, mode: int, output: Output, make: Callable[[Any], Node]) -> Callable[..., Any]:
    """json_insert, json_replace, json_set (X, P, V, …)."""

    def change(*values: Any) -> Any:
        if not values:
            return None
        if not len(values) & 1:
            raise OperationalError(f"{name}() needs an odd number of arguments")
        if values[0] is None:
            return None
        node = document(values[0])
        for path, value in zip(values[1::2], values[2::2]):
            if path is not None:
                steps = _path(path)
                if steps:
                    node = edit(node, steps, mode, make(value))
                elif mode != INSERT:
                    node = make(value)
        return output(node)

    return change


def _remover(output: Output) -> Callable[..., Any]:
    """json_remove(X, P, …)"""

    def remove(*values: Any) -> Any:
        if not values or values[0] is None:
            return None
        node = document(values[0])
        for path in values[1:]:
            if path is None:
                return None
            node = edit(node, _path(path), REMOVE)
            if node is MISSING:
                return None
        return output(node)

    return remove


def _patcher(output: Output) -> Callable[[Any, Any], Any]:
    """json_patch(X, Y)"""

    def patch(value: Any, changes: Any) -> Any:
        if value is None or changes is None:
            return None
        try:
            return output(merge(document(value), document(changes)))
        except RecursionError:
            raise malformed() from None

    return patch


# --- Aggregates -------------------------------------------------------------------------------------------------------


class GroupArray:
    """json_group_array(X)"""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[str] = []

    def step(self, value: Any) -> None:
        """Add an element."""
        self.parts.append(text_of(value))

    def finalize(self) -> Any:
        """The array's text."""
        return f"[{','.join(self.parts)}]"


class GroupObject:
    """json_group_object(label, X): a NULL label adds nothing."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[str] = []

    def step(self, label: Any, value: Any) -> None:
        """Add a member."""
        if label is not None:
            self.parts.append(f"{quote(_text_of(label))}:{text_of(value)}")

    def finalize(self) -> Any:
        """The object's text."""
        return "{" + ",".join(self.parts) + "}"


class BinaryGroupArray(GroupArray):
    """jsonb_group_array(X)"""

    __slots__ = ()

    def finalize(self) -> Any:
        return encode(document(super().finalize()))


class BinaryGroupObject(GroupObject):
    """jsonb_group_object(label, X)"""

    __slots__ = ()

    def finalize(self) -> Any:
        return encode(document(super().finalize()))


# --- Definitions ------------------------------------------------------------------------------------------------------


def _tagging(call: Callable[..., Any]) -> Callable[..., Any]:
    def tagged(*values: Any) -> Any:
        made = call(*values)
        return None if made is None else JsonText(made)

    return tagged


def _plain(name: str, call: Callable[..., Any], *counts: int) -> tuple[ScalarFunction, ...]:
    return tuple(ScalarFunction(name, count, call) for count in counts)


def _made(name: str, call: Callable[..., Any], count: int, *, takes: bool = False) -> ScalarFunction:
    """A function whose result is JSON text; `takes`: its arguments' subtypes count."""
    return ScalarFunction(name, count, call, tagged=_tagging(call), always_json=True, takes_subtypes=takes)


def _blobs(name: str, call: Callable[..., Any], count: int) -> ScalarFunction:
    return ScalarFunction(name, count, call, takes_subtypes=True)


_EDITS: Final = (("insert", INSERT), ("replace", REPLACE), ("set", SET))

FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    _made("json", json, 1),
    _made("json_quote", json_quote, 1, takes=True),
    _blobs("subtype", subtype, 1),
    _made("json_array", json_array, -1, takes=True),
    _made("json_object", json_object, -1, takes=True),
    _made("json_patch", _patcher(render), 2),
    _made("json_remove", _remover(render), -1),
    *(_made(f"json_{word}", _editor(f"json_{word}", mode, render, node_of), -1, takes=True) for word, mode in _EDITS),
    ScalarFunction("json_extract", -1, _extractor(sql_value, render), tagged=_extractor(_tagged_value, _tagged_text)),
    _made("->", _arrow(render), 2),
    *_plain("->>", _arrow(sql_value), 2),
    *_plain("json_array_length", json_array_length, 1, 2),
    *_plain("json_type", json_type, 1, 2),
    *_plain("json_valid", json_valid, 1, 2),
    *_plain("json_error_position", json_error_position, 1),
    *_plain("json_pretty", json_pretty, 1, 2),
    *_plain("jsonb", jsonb, 1),
    _blobs("jsonb_array", _binary(json_array), -1),
    _blobs("jsonb_object", _binary(json_object), -1),
    *_plain("jsonb_patch", _patcher(_blob), 2),
    *_plain("jsonb_remove", _remover(_blob), -1),
    *(_blobs(f"jsonb_{word}", _editor(f"json_{word}", mode, _blob, _binary_node), -1) for word, mode in _EDITS),
    *_plain("jsonb_extract", _extractor(_binary_value, _blob), -1),
)

AGGREGATES: Final[tuple[AggregateFunction, ...]] = (
    AggregateFunction("json_group_array", 1, GroupArray, takes_subtypes=True, always_json=True),
    AggregateFunction("json_group_object", 2, GroupObject, takes_subtypes=True, always_json=True),
    AggregateFunction("jsonb_group_array", 1, BinaryGroupArray, takes_subtypes=True),
    AggregateFunction("jsonb_group_object", 2, BinaryGroupObject, takes_subtypes=True),
)
