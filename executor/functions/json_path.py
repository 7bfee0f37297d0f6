"""Paths into a document: ``$``, ``.label``, ``."label"``, ``[n]``, ``[#]``, ``[#-n]``; look-up and edits.

A path is compiled once (`compile_path`) to steps ``(kind, value)``. A mistake is a step too: SQLite finds it only when the
look-up gets that far, so ``$.a[x`` on a document without `a` finds nothing, and elsewhere is a ``bad JSON path: '$.a[x'``.

Edits never change a node: `edit` goes down, and copies the containers on the way back up. What an insertion lacks on its
way is made: ``$.a.b[0]`` in ``{}`` gives ``{"a":{"b":[…]}}``; an index can only append.

Example: ``look_up({"a": [1, 2]}, compile_path("$.a[#-1]"))`` → 2.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.executor.functions.json_nodes import Members, Node, make_object, pairs_of, plain_text, unescape
from aerodb_dbapi.storage.errors import OperationalError

KEY, INDEX, FROM_END, BAD, BAD_INDEX = range(5)
INSERT, REPLACE, SET, REMOVE = range(4)

Step = tuple[int, Any]
Steps = tuple[Step, ...]
MISSING: Final = object()

_step = re.compile(r'\.(?:"([^"]*)"|([^".\[][^.\[]*))|\[(?:(\d+)|#(?:-(\d+))?)\]', re.ASCII | re.DOTALL).match


def bad_path(path: str) -> OperationalError:
    """The error of text that is no path."""
    return OperationalError("bad JSON path: '{}'".format(path.replace("'", "''")))


@lru_cache(maxsize=512)
def compile_path(path: str, written: str | None = None) -> Steps:
    """The steps of a path. `written`: as errors show it."""
    if path[:1] != "$":
        raise bad_path(path)
    steps: list[Step] = []
    at = 1
    while at < len(path):
        found = _step(path, at)
        if found is None:
            steps.append((BAD_INDEX if path[at] == "[" else BAD, path if written is None else written))
            break
        quoted, label, index, back = found.groups()
        if quoted is not None:
            steps.append((KEY, unescape(quoted)))
        elif label is not None:
            steps.append((KEY, label))
        else:
            steps.append((INDEX, _position(index)) if index is not None else (FROM_END, _position(back or "0")))
        at = found.end()
    return tuple(steps)


def _position(digits: str) -> int:
    """The number of a place in an array; one that no array has for more digits than `int` takes."""
    return int(digits) if len(digits) < 20 else 1 << 63


def find_child(node: Node, step: Step) -> tuple[Any, Node]:
    """Where in a container a step leads (MISSING: it cannot lead anywhere there), and what is there."""
    kind, value = step
    if kind == KEY:
        if node.__class__ is dict:
            return value, node.get(value, MISSING)
        if node.__class__ is Members:
            for at, (label, item) in enumerate(node.pairs):
                if plain_text(label) == value:
                    return at, item
            return len(node.pairs), MISSING
        return MISSING, MISSING
    if kind == BAD or (kind == BAD_INDEX and node.__class__ is list):
        raise bad_path(value)
    if node.__class__ is not list:
        return MISSING, MISSING
    place = value if kind == INDEX else len(node) - value
    if 0 <= place < len(node):
        return place, node[place]
    return (place if place == len(node) else MISSING), MISSING


def look_up(node: Node, steps: Steps) -> Node:
    """The element that a path leads to, or MISSING."""
    for step in steps:
        if step[0] == KEY and node.__class__ is dict:
            node = node.get(step[1], MISSING)
        else:
            node = find_child(node, step)[1]
        if node is MISSING:
            return MISSING
    return node


def edit(node: Node, steps: Steps, mode: int, value: Node = None) -> Node:
    """The document with one element inserted, replaced, set or removed; MISSING if nothing is left."""
    trail: list[tuple[Node, Any, str]] = []
    current = node
    for number, step in enumerate(steps):
        place, found = find_child(current, step)
        if place is MISSING:
            return node
        trail.append((current, place, step[1]))
        if found is MISSING:
            if mode not in (INSERT, SET):
                return node
            made = _substructure(steps[number + 1 :], mode, value)
            return node if made is MISSING else _rebuild(trail, made)
        current = found
    if mode == INSERT:
        return node
    return _rebuild(trail, MISSING if mode == REMOVE else value)


def _substructure(steps: Steps, mode: int, value: Node) -> Node:
    """What a missing element becomes; MISSING if the rest of the path asks for more than can be made."""
    if not steps:
        return value
    empty: Node = {} if steps[0][0] in (KEY, BAD) else []
    made = edit(empty, steps, mode, value)
    return MISSING if made is empty else made


def _rebuild(trail: list[tuple[Node, Any, str]], made: Node) -> Node:
    """Copies of the containers of a trail, the last of them with a new element (MISSING: without the old one)."""
    for container, place, label in reversed(trail):
        made = _with(container, place, label, made)
    return made


def _with(container: Node, place: Any, label: str, made: Node) -> Node:
    if container.__class__ is dict:
        copy = dict(container)
        if made is MISSING:
            del copy[place]
        else:
            copy[place] = made
        return copy
    if container.__class__ is list:
        items = list(container)
        items[place : place + 1] = () if made is MISSING else (made,)
        return items
    pairs = list(container.pairs)
    kept = pairs[place][0] if place < len(pairs) else label
    pairs[place : place + 1] = () if made is MISSING else ((kept, made),)
    return make_object(pairs)


def merge(target: Node, patch: Node) -> Node:
    """The merge of a patch into a document (RFC 7396)."""
    if patch.__class__ not in (dict, Members):
        return patch
    made = list(pairs_of(target)) if target.__class__ in (dict, Members) else []
    for label, value in pairs_of(patch):
        name = plain_text(label)
        at = next((i for i, (known, _) in enumerate(made) if plain_text(known) == name), None)
        if value is None:
            if at is not None:
                del made[at]
        elif at is None:
            made.append((label, merge(None, value)))
        else:
            made[at] = (made[at][0], merge(made[at][1], value))
    return make_object(made)
