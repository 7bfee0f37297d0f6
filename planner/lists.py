"""Lists of parameters: texts that differ only in how many items an IN list or how many rows VALUES has share one plan.

An object-relational mapper sends ``SELECT … WHERE id IN (?, ?, …)`` with another number of items each time, and
``INSERT INTO t(a, b) VALUES (?, ?), (?, ?), …`` with another number of rows. `gather` makes one shape of them::

    SELECT a FROM t WHERE id IN (\\x03\\x03\\x03\\x03) AND b = ?         of 8 to 15 items
    INSERT INTO t(a, b) VALUES (\\x05,\\x05) RETURNING id                of two rows or more

A list has one slot, of which the value is a tuple; so have all rows together, of which it is a list of tuples. In lists of
literals, which `lifting` has taken out, the marks are \\x04 and \\x06.

How many
    Plans are made for a number of items that is typical of those of one length in bits (`typical_count`): each is good for
    all of these, and none depends on which text came first. A list that is written out counts as the same number, so
    that EXPLAIN QUERY PLAN tells the plan that runs. Lists of less than `ITEMS_MIN` stay as they are.

Where nothing is gathered
    - items that are not all ``?``, or not all lifted literals; parameters with names or numbers anywhere in the text;
    - in a result column that is named by its text;
    - rows that are not all written alike, or are not all of the statement;
    - a text that itself has one of the marks, and one where what looks like a list is in a string or a comment: `gather`
      does not parse, but the shape is only used if its tokens have all the marks that were put in (`fits`).

As for any shape: if it does not compile, the text is compiled as it stands.

`Layout` says which slots of a shape are lists, `grouped` makes their values from those of single parameters. Example::

    made = gather("SELECT a FROM t WHERE b = ? AND id IN (?,?,?,?,?,?,?,?,?) AND c = \\x02", (5,))
    made.key        'SELECT a FROM t WHERE b = ? AND id IN (\\x03\\x03\\x03\\x03) AND c = \\x02'
    made.own        (9,): the user's lists, in the order of the text; made.lifted is ()
    grouped((1, *range(9)), (SINGLE, LIST), made.own)    (1, (0, 1, …, 8))

What it does not do: look at values, cache, compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aerodb_dbapi.planner.expressions import ParameterList
from aerodb_dbapi.planner.lexer import (
    LIFTED_LIST_MARK,
    LIFTED_MARK,
    LIFTED_ROW_MARK,
    LIST_MARK,
    PARAMETER,
    ROW_MARK,
)
from aerodb_dbapi.planner.lifting import INSERT_HEAD

if TYPE_CHECKING:
    from aerodb_dbapi.planner.stream import TokenStream

NAME: Final = "parameter_lists"
ITEMS_MIN: Final = 8
SINGLE: Final = -1
LIST: Final = 0

Layout = tuple[tuple[int, ...], tuple[int, ...]]
"""What the slots take, the user's and those of literals: SINGLE, LIST, or the width of rows."""

_LIST: Final = re.compile(rf"(\bIN\s*+\(\s*+)([?\x02])(?:\s*+,\s*+\2){{{ITEMS_MIN - 1},}}+(?=\s*+\))", re.IGNORECASE)
_ROWS: Final = re.compile(r"(\(\s*+([?\x02])(?:\s*+,\s*+\2)*+\s*+\))(?:\s*+,\s*+\1)++(?!\s*+,)")
_MARKS: Final = re.compile("[\x03-\x06]")
_SHOWN: Final = re.compile("[\x02-\x06]+")


@dataclass(frozen=True, slots=True)
class Gathered:
    """A shape with marks for lists: how many values each has, of the user's and of literals, and how many marks there are."""

    key: str
    own: tuple[int, ...]
    lifted: tuple[int, ...]
    marks: int


def gather(key: str, width_max: int) -> Gathered | None:
    """The shape of a text, or of a shape of `lifting`, with its lists gathered; None where there are none. `width_max`: more
    parameters than that are an error that the text itself must give."""
    if key.count("?") + key.count(LIFTED_MARK) < 2 or _MARKS.search(key) or key.count("?") > width_max:
        return None
    own: list[int] = []
    lifted: list[int] = []
    marks = 0
    pieces = []
    start = 0
    head = INSERT_HEAD.match(key)
    rows = head and _ROWS.match(key, head.end())
    if rows:
        width = rows[1].count(rows[2])
        (own if rows[2] == "?" else lifted).append(rows[0].count(rows[2]))
        pieces += [key[: rows.start()], f"({','.join((ROW_MARK if rows[2] == '?' else LIFTED_ROW_MARK) * width)})"]
        start = rows.end()
        marks = width
    for found in _LIST.finditer(key, start):
        count = found[0].count(found[2])
        (own if found[2] == "?" else lifted).append(count)
        pieces += [
            key[start : found.start()],
            found[1],
            (LIST_MARK if found[2] == "?" else LIFTED_LIST_MARK) * count.bit_length(),
        ]
        start = found.end()
        marks += 1
    if not marks:
        return None
    return Gathered("".join([*pieces, key[start:]]), tuple(own), tuple(lifted), marks)


def fits(stream: TokenStream, marks: int) -> bool:
    """Do the tokens of a shape have all its marks, and no parameters with names or numbers?"""
    found = sum(stream.slots[index] in stream.lists for index in stream.slots)
    return found == marks and all(token[1] == "?" for token in stream.tokens if token[0] == PARAMETER)


def layout_of(lists: dict[int, int], parameters: int, lifted: int) -> Layout:
    """The layout of a shape with that many slots."""
    codes = [lists.get(slot, SINGLE) for slot in range(parameters)]
    own = parameters - lifted
    return tuple(codes[:own]), tuple(codes[own:])


def grouped(values: Sequence[Any], codes: Iterable[int], counts: Iterable[int]) -> tuple[Any, ...]:
    """The values of slots, of which the lists have these numbers of values."""
    rest = iter(counts)
    made: list[Any] = []
    at = 0
    for code in codes:
        if code == SINGLE:
            made.append(values[at])
            at += 1
            continue
        end = at + next(rest)
        made.append(
            tuple(values[at:end]) if code == LIST else [tuple(values[i : i + code]) for i in range(at, end, code)]
        )
        at = end
    return tuple(made)


def typical_count(bits: int) -> int:
    """The number of items that a plan reckons with, of a list with a number of items of so many bits."""
    return 3 << (bits - 2)


def item_count(items: Sequence[Any]) -> int:
    """The number of items of an IN list as plans reckon it."""
    count = len(items)
    if count == 1 and items[0].__class__ is ParameterList:
        return items[0].count
    if count < ITEMS_MIN:
        count += sum(item.count - 1 for item in items if item.__class__ is ParameterList)
    return count if count < ITEMS_MIN else typical_count(count.bit_length())


def without_marks(text: str) -> str:
    """A shape as a message shows it."""
    return _SHOWN.sub("?", text)
