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

Lists of parameters are gathered before literals are lifted, for that reads every ``?``; those of literals afterwards.

`Layout` says which slots of a shape are lists, `grouped` makes their values from those of single parameters. Example::

    made = gather("SELECT a FROM t WHERE b = ? AND id IN (?,?,?,?,?,?,?,?,?) AND c = 5", "?")
    made.key        'SELECT a FROM t WHERE b = ? AND id IN (\\x03\\x03\\x03\\x03) AND c = 5'
    made.counts     (9,): of the lists in the order of the text
    grouped((1, *range(9)), (SINGLE, LIST), made.counts)    (1, (0, 1, …, 8))

What it does not do: look at values, cache, compile.
"""

from __future__ import annotations

import re
import sys
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
    SPACES,
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

_MARKS: Final = {"?": (LIST_MARK, ROW_MARK), LIFTED_MARK: (LIFTED_LIST_MARK, LIFTED_ROW_MARK)}
_S: Final = f"[{SPACES}]"
_LISTS: Final = {
    item: re.compile(
        rf"(\bIN{_S}*+\({_S}*+){item}(?:{_S}*+,{_S}*+{item}){{{ITEMS_MIN - 1},}}+(?={_S}*+\))", re.IGNORECASE
    )
    for item in (r"\?", LIFTED_MARK)
}
_ROWS: Final = {
    item: re.compile(rf"(\({_S}*+{item}(?:{_S}*+,{_S}*+{item})*+{_S}*+\))(?:{_S}*+,{_S}*+\1)++(?!{_S}*+,)")
    for item in (r"\?", LIFTED_MARK)
}
_SHOWN: Final = re.compile("[\x02-\x06]+")


@dataclass(frozen=True, slots=True)
class Gathered:
    """A text with marks for its lists, which have so many values each, and how many tokens and characters the marks are."""

    key: str
    counts: tuple[int, ...]
    marks: int
    width: int


def is_marked(sql: str) -> bool:
    """Has a text of the user's one of the marks?"""
    return LIST_MARK in sql or LIFTED_LIST_MARK in sql or ROW_MARK in sql or LIFTED_ROW_MARK in sql


def gather(text: str, item: str, most: int = sys.maxsize) -> Gathered | None:
    """A text with its lists of items gathered, ``?`` or the mark of a lifted literal; None where it has none. More than `most`
    parameters are an error that the text itself must give."""
    total = text.count(item)
    if total < 2 or total > most:
        return None
    head = INSERT_HEAD.match(text)
    if head is None and total < ITEMS_MIN:
        return None
    in_list, in_row = _MARKS[item]
    pattern = "\\?" if item == "?" else item
    counts: list[int] = []
    pieces: list[str] = []
    start = marks = 0
    rows = head and _ROWS[pattern].match(text, head.end())
    if rows:
        marks = rows[1].count(item)
        counts.append(rows[0].count(item))
        pieces += [text[: rows.start()], f"({','.join(in_row * marks)})"]
        start = rows.end()
    for found in _LISTS[pattern].finditer(text, start):
        counts.append(found[0].count(item))
        pieces += [text[start : found.start()], found[1], in_list * counts[-1].bit_length()]
        start = found.end()
        marks += 1
    if not marks:
        return None
    key = "".join([*pieces, text[start:]])
    return Gathered(key, tuple(counts), marks, key.count(in_list) + key.count(in_row))


def is_whole(own: Gathered, key: str) -> bool:
    """Has the shape of a gathered text all its marks? It has not where one was in a literal."""
    return key.count(LIST_MARK) + key.count(ROW_MARK) == own.width


def fits(stream: TokenStream, marks: int) -> bool:
    """Do the tokens of a shape have all its marks, and no parameters with names or numbers?"""
    found = sum(stream.slots[index] in stream.lists for index in stream.slots)
    return found == marks and all(token[1] == "?" for token in stream.tokens if token[0] == PARAMETER)


def layout_of(lists: dict[int, int], parameters: int, lifted: int) -> Layout:
    """The layout of a shape with that many slots."""
    codes = [lists.get(slot, SINGLE) for slot in range(parameters)]
    own = parameters - lifted
    return tuple(codes[:own]), tuple(codes[own:])


def slots_in(codes: Iterable[int], counts: Iterable[int]) -> tuple[list[Any], int]:
    """Where the values of slots are among single ones, if the lists have these numbers of values: an index, a slice of a list, a
    range of the places where rows begin. And how many there are in all."""
    rest = iter(counts)
    found: list[Any] = []
    at = 0
    for code in codes:
        end = at + (1 if code == SINGLE else next(rest))
        found.append(at if code == SINGLE else slice(at, end) if code == LIST else range(at, end, code))
        at = end
    return found, at


def grouped(values: tuple[Any, ...], codes: Iterable[int], counts: Iterable[int]) -> tuple[Any, ...]:
    """The values of slots, of which the lists have these numbers of values, from single ones."""
    return tuple(
        [values[i : i + place.step] for i in place] if place.__class__ is range else values[place]
        for place in slots_in(codes, counts)[0]
    )


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
