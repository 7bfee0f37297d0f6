"""Leaves that changed a little: the page of their block is edited, instead of being made of the entries anew.

A checkpoint writes every leaf that has changed, and of most of them it has the block of before. Making a page looks at each entry,
column by column, several times. Here the entries that came and went are found by identity: a leaf that was made of another
shares all tuples with it but those that were written (INV-D1). Then the page of the other is read, and its columns

- are copied, byte for byte, if no entry came or went and all items of the new rows are those of the old ones;
- are edited, if they are of a kind in which that is simple: numbers are elements of an array, texts the pieces between zero
  bytes, codes of a dictionary stand for items that are there. New items must fit: the class, the width, the prefix;
- or are packed anew, from the items of that column alone.

Example: 8 rows of 256 got another number in the second of five columns. The keys and four columns are copied; of the column
``06 …``, INT16, eight elements are replaced; should one need 32 bits, the column is packed anew.

A column that was edited may take another kind than the writer would choose, and more room: it keeps the width it had. A reader
understands every kind anywhere. With more than half of the entries changed all is packed anew, and that is forgotten.

Safe, for (INV-C2) the page was read by its pointer and verified, so it holds the entries of that leaf and no others; what does
not look as expected gives None, and the leaf is packed whole.

Not here: which leaf was made of which (`writing.py`), what the kinds are (`columns.py`).
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import compress, count
from operator import is_, is_not
from struct import Struct
from struct import error as StructError
from typing import Any, Final

from aerodb_dbapi.storage.column_kinds import (
    DICTIONARY,
    FLOATS,
    LAST,
    NULLS,
    REPEAT,
    RUN,
    SAME,
    SIGNED,
    TEXT,
    TUPLES,
    UNSIGNED,
    DamagedEntries,
    codes_size,
    pack_codes,
    unpack_codes,
)
from aerodb_dbapi.storage.column_reader import Reader
from aerodb_dbapi.storage.column_writer import Writer
from aerodb_dbapi.storage.leaf_edits import COME, GONE, REPLACED, Content
from aerodb_dbapi.storage.raw_text import stored

PATCHING = sys.byteorder == "little"  # whether pages are edited at all; arrays have the machine's order of bytes
CELLS_MAX: Final = 1 << 16  # entries times columns: with more of them the kinds depend on what stands before
_SIZE: Final = Struct("<I")
_RUN: Final = Struct("<qq")
_BASE: Final = Struct("<q")
_TEXT: Final = Struct("<IB")
_CHOICES: Final = Struct("<H")
_END: Final = object()
_INT: Final = {int}
_SIZES: Final = {letter: array(letter).itemsize for letter in "bhiqBHIQd"}
_WRONG: Final = (ValueError, TypeError, LookupError, OverflowError, StructError, DamagedEntries)


def change_by(steps: Sequence[int], total: int, size: int) -> Change | None:
    """What the steps of a merge did to a leaf of `total` entries, which has `size` now; None if it is more than half."""
    if len(steps) > size // 2:
        return None
    gone: list[int] = []
    come: list[int] = []
    shift = 0
    replaced = True
    for step in steps:
        place, what = step >> 2, step & 3
        if what != REPLACED:
            replaced = False
        if what != COME:
            gone.append(place)
        if what != GONE:
            come.append(place + shift)
        shift += (what == COME) - (what == GONE)
    return Change(size, total, slice(0, total), gone, come, replaced) if total + shift == size else None


def steps_of(change: Change) -> list[int]:
    """The steps that a change consists of."""
    start, stop, total = change.part.start, change.part.stop, change.total
    gone = change.gone
    if start or stop < total:
        gone = [*range(start), *[start + place for place in gone], *range(stop, total)]
    steps: list[int] = []
    done = 0
    for number, place in enumerate(change.come):
        stayed = place - number
        while done < len(gone) and gone[done] <= stayed + done:
            steps.append(gone[done] << 2 | GONE)
            done += 1
        steps.append(stayed + done << 2 | COME)
    steps += [place << 2 | GONE for place in gone[done:]]
    return steps


def difference(before: Content, after: Content) -> Change | None:
    """Which entries of a leaf came and went; None if these are too many, or it cannot be told."""
    (old_keys, old_values), (keys, values) = before, after
    if not keys or not old_keys:
        return None
    if keys is old_keys:
        size = len(keys)
        places = list(compress(count(), map(is_not, old_values, values)))
        return Change(size, size, slice(0, size), places, places, replaced=True)
    try:
        if keys[0].__class__ is tuple:
            return change_of(old_keys, keys)
        if keys[0].__class__ is int and old_keys[0].__class__ is int:
            change = change_of(old_keys, keys)
            return None if change is None else change.with_replaced(old_values, values)
    except _WRONG:
        pass
    return None


def patched(body: memoryview, before: Content, after: Content, change: Change | None = None) -> bytes | None:
    """The packed entries of a leaf that now has the keys and values `after`, made of those it had `before`, whose packed
    form is given; None if it is better packed whole. `change`: the difference, if it is known."""
    change = change or difference(before, after)
    if change is None:
        return None
    try:
        if change.replaced:
            return _with_rows(body, change.come, before[1], after[1])
        if after[0][0].__class__ is tuple:
            return _index(body, change, *after)
        return _table(body, change, *after)
    except _WRONG:
        return None


def _with_rows(
    body: memoryview, places: Sequence[int], old_values: Sequence[Any], values: Sequence[Any]
) -> bytes | None:
    """Some rows were replaced, the keys are the same."""
    if not places:
        return bytes(body)
    reader = Reader(body)
    size = reader.count
    reader.skip(size, 0)
    rows = [values[place] for place in places]
    columns = _columns_of(rows, _width(reader, size))
    if columns is None or len(values) != size:
        return None
    former = zip(*[old_values[place] for place in places])
    change = Change(size, size, slice(0, size), places, places, replaced=True)
    pieces: list[Any] = []
    done = 0
    for number, (olds, items) in enumerate(zip(former, columns, strict=True)):
        start = reader.at
        reader.skip(size, 1)
        if all(map(is_, olds, items)):
            continue
        end = reader.at
        pieces += body[done:start], change.column(body, start, end, items) or _packed(values, number, None)
        done = end
    pieces.append(body[done:])
    return b"".join(pieces)


def _index(body: memoryview, change: Change, keys: Sequence[Any], values: Sequence[Any]) -> bytes | None:
    """Keys of an index came and went."""
    reader = Reader(body)
    width = _width(reader, change.size)
    come = [keys[place] for place in change.come]
    columns = _columns_of(come, width)
    if columns is None or body[-1] != LAST:
        return None
    for place in change.come:
        if values[place] is not keys[place][-1]:
            return None
    pieces: list[Any] = [_SIZE.pack(change.size), body[4 : reader.at]]
    for number, items in enumerate(columns):
        start = reader.at
        reader.skip(reader.count, 1)
        pieces.append(change.column(body, start, reader.at, items) or _packed(keys, number, None))
    pieces.append(body[-1:])
    return b"".join(pieces) if reader.at + 1 == len(body) else None


def _table(body: memoryview, change: Change, keys: Sequence[Any], values: Sequence[Any]) -> bytes | None:
    """Rows came and went; others may have been replaced."""
    reader = Reader(body)
    reader.skip(reader.count, 0)
    pieces: list[Any] = [_SIZE.pack(change.size)]
    pieces.append(change.column(body, 4, reader.at, [keys[place] for place in change.come]) or _anew(keys, None, 0))
    width = _width(reader, change.size)
    columns = _columns_of([values[place] for place in change.come], width)
    if columns is None:
        return None
    change.keys = keys
    pieces.append(body[reader.at - 3 : reader.at])
    for number, items in enumerate(columns):
        start = reader.at
        reader.skip(reader.count, 1)
        pieces.append(change.column(body, start, reader.at, items) or _packed(values, number, keys))
    return b"".join(pieces) if reader.at == len(body) else None


def _width(reader: Reader, size: int) -> int:
    """The number of columns of the tuples that follow; `reader` stands at the first of them then."""
    at = reader.at
    (width,) = _CHOICES.unpack_from(reader.data, at + 1)
    if reader.data[at] != TUPLES or not width or width * size > CELLS_MAX:
        raise ValueError("no tuples, or too many")
    reader.at = at + 3
    return int(width)


def _columns_of(rows: Sequence[Any], width: int) -> list[Sequence[Any]] | None:
    """The columns of new rows; None if these are no tuples of that width."""
    if not rows:
        return [()] * width
    if set(map(type, rows)) != {tuple} or set(map(len, rows)) != {width}:
        return None
    return list(zip(*rows))


def _packed(rows: Sequence[Any], number: int, keys: Sequence[Any] | None) -> bytes:
    """One column of all rows."""
    return _anew([row[number] for row in rows], keys, 1)


def _anew(items: Sequence[Any], keys: Sequence[Any] | None, depth: int) -> bytes:
    """The packed form of a column among others. `keys`: integers, if the column may name them."""
    writer = Writer(len(items))
    writer.parts.clear()
    writer.keys = None if keys is None or set(map(type, keys)) != _INT else tuple(keys)
    writer.column(tuple(items), depth)
    return b"".join(writer.parts)


def change_of(old: Sequence[Any], new: Sequence[Any]) -> Change | None:
    """What came and went, by identity, between two ascending sequences of keys; None if it is more than half.

    Both are gone through side by side, in C as long as they agree. At a difference the lower key is the one that the other
    sequence lacks."""
    size, total = len(new), len(old)
    start = 0 if old[0] is new[0] else bisect_left(old, new[0])
    stop = len(old) if old[-1] is new[-1] else bisect_right(old, new[-1])
    if start or stop < len(old):
        old = old[start:stop]
    gone: list[int] = []
    come: list[int] = []
    limit = size // 2
    ours, theirs = iter(old), iter(new)
    skipped, others = 0, 0  # by how much the places are ahead of the steps
    for step in compress(count(), map(is_not, ours, theirs)):
        i, j = step + skipped, step + others
        one, other = old[i], new[j]
        while one is not other:
            if other is _END or (one is not _END and one < other):
                gone.append(i)
                i += 1
                one = next(ours, _END)
            elif one is _END or other < one:
                come.append(j)
                j += 1
                other = next(theirs, _END)
            else:
                gone.append(i)
                come.append(j)
                i, j = i + 1, j + 1
                one, other = next(ours, _END), next(theirs, _END)
        if len(gone) + len(come) > limit:
            return None
        skipped, others = i - step, j - step
    compared = min(len(old) - skipped, size - others)
    gone.extend(range(skipped + compared, len(old)))
    come.extend(range(others + compared, size))
    if len(gone) + len(come) > limit:
        return None
    return Change(size, total, slice(start, stop), gone, come)


def _without(items: list[Any], places: Sequence[int]) -> list[Any]:
    """The items but those at some places."""
    for place in reversed(places):
        del items[place]
    return items


class Change:
    """Which entries of a leaf, of those in `part`, went (`gone`, counted from its start), and which came (`come`, places among
    the `size` that there are now), both ascending. `replaced`: they are the same places. `keys`: of the new entries, if columns
    may name them."""

    __slots__ = ("come", "gone", "keys", "part", "replaced", "size", "total")

    def __init__(
        self, size: int, total: int, part: slice, gone: Sequence[int], come: Sequence[int], replaced: bool = False
    ) -> None:
        self.size = size
        self.total = total
        self.part = part
        self.gone = gone
        self.come = come
        self.replaced = replaced
        self.keys: Sequence[Any] | None = None

    def with_replaced(self, old_values: Sequence[Any], values: Sequence[Any]) -> Change:
        """The same, and entries whose keys stayed and whose values did not."""
        part = self.part
        stayed = _without(list(old_values[part]), self.gone)
        places = list(compress(count(), map(is_not, stayed, _without(list(values), self.come))))
        if not places:
            return self
        former = _without(list(range(part.stop - part.start)), self.gone)
        present = _without(list(range(self.size)), self.come)
        gone = sorted([*self.gone, *map(former.__getitem__, places)])
        return Change(self.size, self.total, part, gone, sorted([*self.come, *map(present.__getitem__, places)]))

    def column(self, body: memoryview, start: int, end: int, items: Sequence[Any]) -> bytes | None:
        """The packed column that stands there, with the items that came; None if it has to be packed anew."""
        column = body[start:end]
        edit = _EDITS.get(column[0])
        try:
            return None if edit is None else edit(self, column, items)
        except _WRONG:  # an item of another class or beyond the width
            return None

    def apply(self, elements: Any, items: Sequence[Any]) -> Any:
        """Edit a list, or an array, of all items of a column."""
        if self.replaced:
            for place, item in zip(self.come, items):
                elements[place] = item
            return elements
        part = self.part
        if len(elements) != part.stop - part.start:
            elements = elements[part]
        for place in reversed(self.gone):
            del elements[place]
        insert = elements.insert
        for place, item in zip(self.come, items):
            insert(place, item)
        if len(elements) != self.size:
            raise ValueError("a column of another number of items")
        return elements

    # --- by kind: the column with new items, or None ------------------------------------------------------------------

    def _array(self, letter: str, head: int, column: memoryview, items: Sequence[Any]) -> bytes:
        numbers = array(letter)
        numbers.frombytes(column[head:])
        return bytes(column[:head]) + self.apply(numbers, items).tobytes()

    def _signed(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        if items and set(map(type, items)) != _INT:
            return None
        return self._array(SIGNED[column[0]], 1, column, items)

    def _unsigned(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        if items and set(map(type, items)) != _INT:
            return None
        (base,) = _BASE.unpack_from(column, 1)
        return self._array(UNSIGNED[column[0]], 9, column, [item - base for item in items])

    def _floats(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        if items and set(map(type, items)) != {float}:
            return None
        return self._array("d", 1, column, items)

    def _run(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        first, step = _RUN.unpack_from(column, 1)
        if step or (items and (items.count(first) != len(items) or set(map(type, items)) != _INT)):
            return None
        return bytes(column)

    def _nulls(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        return bytes(column) if items.count(None) == len(items) else None

    def _same(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        keys = self.keys
        if keys is None or (items and set(map(type, items)) != _INT):
            return None
        return bytes(column) if all(keys[place] == item for place, item in zip(self.come, items)) else None

    def _repeat(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        (found,) = _inner(column[1:], 1)
        kind = type(found)
        if kind is float or any(type(item) is not kind or item != found for item in items):
            return None
        return bytes(column)

    def _text(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        if items and set(map(type, items)) != {str}:
            return None
        _, shared = _TEXT.unpack_from(column, 1)
        head = 6 + shared
        prefix = bytes(column[6:head])
        news = []
        for item in items:
            raw = stored(item)
            if "\0" in item or not raw.startswith(prefix):
                return None
            news.append(raw[shared:])
        joined = b"\0".join(self.apply(bytes(column[head:]).split(b"\0"), news))
        return b"".join((column[:1], _TEXT.pack(len(joined), shared), prefix, joined))

    def _dictionary(self, column: memoryview, items: Sequence[Any]) -> bytes | None:
        (choices,) = _CHOICES.unpack_from(column, 1)
        if not 0 < choices <= 256:
            return None
        total = self.total
        end = 3 + codes_size(total, choices)
        known = _inner(column[end:], choices)
        kind = type(known[0])
        if kind is float or any(type(item) is not kind for item in known):
            return None
        index = {item: code for code, item in enumerate(known)}
        if any(type(item) is not kind for item in items):
            return None
        codes = bytearray(unpack_codes(column[3:end], total, choices))
        codes = self.apply(codes, [index[item] for item in items])
        return b"".join((column[:3], pack_codes(bytes(codes), choices), column[end:]))


def _inner(data: memoryview, size: int) -> Sequence[Any]:
    """The items of a column within a column, `size` of them."""
    reader = Reader(bytes(_SIZE.pack(size)) + bytes(data))
    return reader.finish(reader.column(size, 1))


_EDITS: Final[dict[int, Callable[[Change, memoryview, Sequence[Any]], bytes | None]]] = {
    NULLS: Change._nulls,
    RUN: Change._run,
    REPEAT: Change._repeat,
    SAME: Change._same,
    FLOATS: Change._floats,
    TEXT: Change._text,
    DICTIONARY: Change._dictionary,
    **dict.fromkeys(SIGNED, Change._signed),
    **dict.fromkeys(UNSIGNED, Change._unsigned),
}
