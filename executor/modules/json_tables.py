"""json_each(X [, path]) and json_tree(X [, path]): the elements of a JSON document as rows.

json_each gives the elements of one container (or the one row of a scalar), json_tree an element and all below it, parents
first. Columns are SQLite's: key, value, type, atom, id, parent, fullkey, path, and hidden json and root.

`id` numbers the elements of the whole document, parents first, labels included: of ``[5,{"a":1}]`` the array is 0, 5 is 1,
the object 2, and 1 under label a is 4. Paths and ids are made only where they are used (`_Wanted`).

Example: ``SELECT key, value FROM json_each('{"a":1,"b":[2]}')`` → ('a', 1), ('b', '[2]').
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from aerodb_dbapi.executor.functions.json_nodes import (
    CONTAINERS,
    TYPE_NAMES,
    Label,
    Members,
    Node,
    Odd,
    kind_of,
    pairs_of,
    plain_text,
    scalar_text,
    sql_value,
)
from aerodb_dbapi.executor.functions.json_path import KEY, MISSING, Steps, compile_path, find_child
from aerodb_dbapi.executor.functions.json_scalars import document
from aerodb_dbapi.planner.modules import Choice, Constraint, ModuleColumn, TableModule, argument_choice
from aerodb_dbapi.storage.values import as_text

_VALUE, _TYPE, _ID, _PARENT, _FULLKEY, _PATH, _JSON, _ROOT = 1, 2, 4, 5, 6, 7, 8, 9


class _Wanted(NamedTuple):
    """Which costly columns a query uses."""

    ids: bool
    paths: bool


class _Start(NamedTuple):
    """The element a path leads to: its last label or index, its number, its own path and its parent's."""

    node: Node
    key: Any
    id: int
    fullkey: str
    path: str


class JsonTable(TableModule):
    """The module of json_each or json_tree."""

    columns = (
        *(ModuleColumn(name) for name in ("key", "value", "type", "atom", "id", "parent", "fullkey", "path")),
        ModuleColumn("json", hidden=True),
        ModuleColumn("root", hidden=True),
    )
    has_rowid = True

    def __init__(self, name: str, recursive: bool = False) -> None:
        self.name = name
        self.recursive = recursive

    def json_type(self, position: int) -> int | None:
        """The value is JSON where the type is array or object."""
        return _TYPE if position == _VALUE else None

    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """Take the document and the path."""
        wanted = _Wanted(_ID in used or _PARENT in used, _FULLKEY in used or _PATH in used)
        return argument_choice(constraints, (_JSON, _ROOT), wanted, 25.0, 25.0)[0]

    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        """The elements; none without a document."""
        wanted, columns = plan
        if not columns or columns[0] != _JSON or None in values:
            return ()
        text = values[0]
        root = str(as_text(values[1])) if len(values) > 1 else "$"
        start = _start(document(text), compile_path(root), wanted)
        if start is None:
            return ()
        made = _tree(start, wanted) if self.recursive else _each(start, root, wanted)
        return ((*row, text, root, number) for number, row in enumerate(made))


def _start(node: Node, steps: Steps, wanted: _Wanted) -> _Start | None:
    number, key, fullkey, path = 0, None, "$", "$"
    for step in steps:
        place, found = find_child(node, step)
        if found is MISSING:
            return None
        if wanted.ids:
            number += _before(node, found, place)
        key = step[1] if step[0] == KEY else None
        path, fullkey = fullkey, fullkey + (_label_path(step[1]) if step[0] == KEY else f"[{place}]")
        node = found
    return _Start(node, key, number, fullkey, path)


def _before(container: Node, child: Node, place: Any) -> int:
    """How many numbers a container and what comes before one of its elements take."""
    if container.__class__ is list:
        return 1 + sum(map(_size, container[:place]))
    count = 2
    for at, (label, value) in enumerate(pairs_of(container)):
        if (label if container.__class__ is dict else at) == place:
            break
        count += 1 + _size(value)
    return count


def _size(node: Node) -> int:
    """How many numbers an element and all below it take."""
    count, waiting = 0, [node]
    while waiting:
        one = waiting.pop()
        count += 1
        if one.__class__ is list:
            waiting += one
        elif one.__class__ in (dict, Members):
            values = [value for _, value in pairs_of(one)]
            count += len(values)
            waiting += values
    return count


def _label_path(label: Label) -> str:
    """The step of a label, with the escapes that it has in the document."""
    text = label.text if label.__class__ is Odd else scalar_text(label)[1:-1]
    simple = text.isascii() and text.isalnum() and text[0].isalpha()
    return f".{text}" if simple else f'."{text}"'


def _row(key: Any, node: Node, number: int | None, parent: int | None, paths: tuple[Any, Any]) -> tuple[Any, ...]:
    value = sql_value(node)
    atom = None if node.__class__ in CONTAINERS else value
    return key, value, TYPE_NAMES[kind_of(node)], atom, number, parent, *paths


_NO_PATHS: Final = (None, None)


def _each(start: _Start, root: str, wanted: _Wanted) -> Iterator[tuple[Any, ...]]:
    """The elements of one container."""
    number: int | None = start.id if wanted.ids else None
    if start.node.__class__ not in CONTAINERS:
        yield _row(None, start.node, number, None, (root, root) if wanted.paths else _NO_PATHS)
        return
    labels = 0 if start.node.__class__ is list else 1
    number = start.id + 1 + labels
    for label, value in _elements(start.node):
        paths = (root + _step(label), root) if wanted.paths else _NO_PATHS
        yield _row(_key(label), value, number if wanted.ids else None, None, paths)
        if wanted.ids:
            number += _size(value) + labels


def _elements(node: Node) -> Any:
    return enumerate(node) if node.__class__ is list else pairs_of(node)


def _key(label: Any) -> Any:
    return plain_text(label) if label.__class__ is Odd else label


def _step(label: Any) -> str:
    return f"[{label}]" if label.__class__ is int else _label_path(label)


def _tree(start: _Start, wanted: _Wanted) -> Iterator[tuple[Any, ...]]:
    """An element and all below it."""
    number = start.id
    paths = (start.fullkey, start.path) if wanted.paths else _NO_PATHS
    yield _row(start.key, start.node, number, None, paths)
    if start.node.__class__ not in CONTAINERS:
        return
    stack = [(iter(_elements(start.node)), number, start.node.__class__ is not list, start.fullkey)]
    while stack:
        elements, parent, labels, path = stack[-1]
        for label, value in elements:
            number += 2 if labels else 1
            fullkey = path + _step(label) if wanted.paths else ""
            yield _row(_key(label), value, number, parent, (fullkey, path) if wanted.paths else _NO_PATHS)
            if value.__class__ in CONTAINERS:
                stack.append((iter(_elements(value)), number, value.__class__ is not list, fullkey))
                break
        else:
            stack.pop()
