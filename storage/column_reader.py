"""Unpacking a column: each kind by functions that run in C, and every claim of the bytes checked before it costs memory.

How it stays fast
    Numbers come out of `struct`, texts out of one `split`, codes are looked up by one `map`, rows are zipped of columns.
    What is Python here runs once per column, not once per item.

How it stays safe (INV-F3)
    Bytes that verified their checksum and make no sense give `DamagedEntries`, by an explicit test here or by the error
    of a function in C, which `entries` and `column_of` translate. Sizes are checked against what is there (`_take`), and
    items that take no bytes against the allowance of cells, before anything of that size is made.

Some columns of many
    `columns` reads the keys and the columns of rows that are asked for, and steps over the others: their sizes follow from
    their heads, but for lengths and codes of several parts, which are read.

Example: ``0f 05 00 00 00 00 61 00 62 00 63`` as a column of 3: kind 15, 5 bytes of text, no prefix: "a", "b", "c".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice, repeat
from operator import itemgetter
from struct import Struct, unpack_from
from struct import error as StructError
from typing import Any, Final

from aerodb_dbapi.storage import column_kinds as kinds
from aerodb_dbapi.storage.column_kinds import (
    BLOBS,
    BOOLS,
    DICTIONARY,
    FLOATS,
    ITEMS,
    LAST,
    MIXED,
    NULLS,
    REPEAT,
    RUN,
    SAME,
    SIGNED,
    TEXT,
    TEXT_CUT,
    TUPLES,
    UNSIGNED,
    DamagedEntries,
    codes_size,
    unpack_codes,
)
from aerodb_dbapi.storage.raw_text import read

_RUN: Final = Struct("<qq")
_BASE: Final = Struct("<q")
_TEXT: Final = Struct("<IB")
_CHOICES: Final = Struct("<H")
_SIZE: Final = Struct("<I")
_INT64: Final = range(-1 << 63, 1 << 63)
_WRONG: Final = (ValueError, TypeError, LookupError, ArithmeticError, StructError)

ABSENT: Any = None  # what stands for a column that was not asked for

_last = itemgetter(-1)


def entries(data: bytes | memoryview) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The keys and the values of packed entries."""
    try:
        reader = Reader(data)
        if not reader.count:
            return reader.finish(()), ()
        keys = reader.keys = tuple(reader.column(reader.count, 0))
        return keys, reader.finish(reader.values())
    except _WRONG as error:
        raise DamagedEntries(f"unreadable entries: {error}") from error


def columns(data: bytes | memoryview, wanted: Sequence[int]) -> tuple[Sequence[Any], Sequence[tuple[Any, ...]]] | None:
    """The keys of packed entries, and rows that have the columns at the places `wanted` (ascending), with None before and
    between them and nothing behind; None if the values are not packed as rows of one width with those columns."""
    try:
        reader = Reader(data)
        if not reader.count:
            return None
        keys = reader.column(reader.count, 0)
        if not wanted:
            return keys, []
        reader.keys = keys
        if reader.data[reader.at] != TUPLES:
            return None
        reader.at += 1
        (width,) = reader._head(_CHOICES)
        if width <= wanted[-1]:
            return None
        return keys, reader.rows(wanted)
    except _WRONG as error:
        raise DamagedEntries(f"unreadable entries: {error}") from error


def column_of(data: bytes | memoryview) -> tuple[Any, ...]:
    """The items of a column that was packed by itself."""
    try:
        reader = Reader(data)
        return reader.finish(reader.column(reader.count, 0) if reader.count else ())
    except _WRONG as error:
        raise DamagedEntries(f"unreadable column: {error}") from error


class Columns(Sequence[tuple[Any, ...]]):
    """Rows that are tuples once somebody looks at one; until then `columns` are what there is."""

    __slots__ = ("_rows", "_size", "columns")

    def __init__(self, columns: list[Any], size: int) -> None:
        self.columns = columns
        self._size = size
        self._rows: list[tuple[Any, ...]] | None = None

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The tuples."""
        rows = self._rows
        if rows is None:
            rows = self._rows = list(zip(*self.columns))
        return rows

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __getitem__(self, place: Any) -> Any:
        return self.rows[place]


class Reader:
    """A packed form and how far it is read. `keys`: the keys of the entries, once they are known."""

    __slots__ = ("at", "cells", "count", "data", "keys")

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = memoryview(data)
        self.at = _SIZE.size
        self.cells = kinds.CELLS_BASE + kinds.CELLS_PER_BYTE * len(data)
        self.keys: Sequence[Any] | None = None
        (self.count,) = _SIZE.unpack_from(self.data)
        if self.count > kinds.ENTRIES_MAX:
            raise DamagedEntries(f"{self.count} entries")

    def column(self, count: int, depth: int) -> Sequence[Any]:
        """The next column, of exactly `count` items."""
        self.cells -= count
        if self.cells < 0 or depth > kinds.DEPTH_MAX or count < 1:
            raise DamagedEntries("a column of impossible size")
        kind = self.data[self.at]
        self.at += 1
        return _READERS[kind](self, kind, count, depth)

    def values(self) -> Sequence[Any]:
        """The column of the values of entries."""
        if self.data[self.at] != LAST:
            return self.column(self.count, 0)
        self.at += 1
        return tuple(map(_last, self.keys or ()))

    def rows(self, wanted: Sequence[int]) -> Columns:
        """Rows of the columns at the places `wanted`, out of those that follow."""
        found: list[Any] = [repeat(ABSENT)] * (wanted[-1] + 1)
        data, count = self.data, self.count
        self.cells -= count * (len(found) - len(wanted))
        for place in range(len(found)):
            if place in wanted:
                found[place] = self.column(count, 1)
            elif (sizes := _SIZES.get(data[self.at])) is not None:  # what `skip` does, where it is quick
                self.at += sizes[0] + sizes[1] * count
            else:
                self.skip(count, 1)
        return Columns(found, count)

    def skip(self, count: int, depth: int) -> None:
        """Step over the next column of `count` items."""
        if depth > kinds.DEPTH_MAX or count < 1:
            raise DamagedEntries("a column of impossible size")
        kind = self.data[self.at]
        if kind == TEXT:
            size, shared = _TEXT.unpack_from(self.data, self.at + 1)
            self.at += 1 + _TEXT.size + size + shared
        elif (sizes := _SIZES.get(kind)) is not None:
            self.at += sizes[0] + sizes[1] * count
        else:
            self.at += 1
            _SKIPPERS[kind](self, kind, count, depth)

    def finish(self, items: Sequence[Any]) -> tuple[Any, ...]:
        """The items, if nothing follows them."""
        if self.at != len(self.data):
            raise DamagedEntries("bytes after the end")
        return tuple(items)

    def _take(self, size: int) -> memoryview:
        """The next `size` bytes, all of them."""
        start, self.at = self.at, self.at + size
        if size < 0 or self.at > len(self.data):
            raise DamagedEntries("it ends too early")
        return self.data[start : self.at]

    def _head(self, form: Struct) -> tuple[Any, ...]:
        start, self.at = self.at, self.at + form.size
        return form.unpack_from(self.data, start)

    def _codes(self, count: int, choices: int) -> bytes:
        if not 0 < choices <= kinds.CHOICES_MAX:
            raise DamagedEntries(f"{choices} choices")
        return unpack_codes(self._take(codes_size(count, choices)), count, choices)

    # --- stepping over ------------------------------------------------------------------------------------------------

    def _skip_repeat(self, kind: int, count: int, depth: int) -> None:
        self.skip(1, depth + 1)

    def _skip_bools(self, kind: int, count: int, depth: int) -> None:
        self.at += codes_size(count, 2)

    def _skip_pieces(self, kind: int, count: int, depth: int) -> None:
        self._take(sum(self.column(count, depth + 1)))

    def _skip_dictionary(self, kind: int, count: int, depth: int) -> None:
        (choices,) = self._head(_CHOICES)
        self.at += codes_size(count, choices)
        self.skip(choices, depth + 1)

    def _skip_mixed(self, kind: int, count: int, depth: int) -> None:
        (choices,) = self._head(_CHOICES)
        codes = self._codes(count, choices)
        for i in range(choices):
            self.skip(codes.count(i), depth + 1)

    def _skip_tuples(self, kind: int, count: int, depth: int) -> None:
        (width,) = self._head(_CHOICES)
        for _ in range(width):
            self.skip(count, depth + 1)

    def _skip_items(self, kind: int, count: int, depth: int) -> None:
        self.skip(sum(self.column(count, depth + 1)), depth + 1)

    # --- items that take no bytes -------------------------------------------------------------------------------------

    def _nulls(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        return [None] * count

    def _run(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        first, step = self._head(_RUN)
        if not step:
            return [first] * count
        end = first + step * count
        if end - step not in _INT64:
            raise DamagedEntries("a run beyond 64 bits")
        return range(first, end, step)

    def _repeat(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        return list(self.column(1, depth + 1)) * count

    def _same(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        if self.keys is None or len(self.keys) != count:
            raise DamagedEntries("no keys to repeat")
        return self.keys

    # --- numbers ------------------------------------------------------------------------------------------------------

    def _numbers(self, count: int, letter: str, size: int) -> tuple[Any, ...]:
        start, self.at = self.at, self.at + size * count
        return unpack_from(f"<{count}{letter}", self.data, start)

    def _signed(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        return self._numbers(count, SIGNED[kind], 1 << kind - kinds.INT8)

    def _unsigned(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        (base,) = self._head(_BASE)
        return [base + n for n in self._numbers(count, UNSIGNED[kind], 1 << kind - kinds.OFFSET8)]

    def _floats(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        return self._numbers(count, "d", 8)

    def _bools(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        return list(map(bool, self._codes(count, 2)))

    # --- texts and blobs ----------------------------------------------------------------------------------------------

    def _text(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        size, shared = self._head(_TEXT)
        if shared > kinds.PREFIX_MAX:
            raise DamagedEntries("a long prefix")
        raw_prefix, raw = self._take(shared), self._take(size)
        try:
            prefix, text = str(raw_prefix, "utf-8"), str(raw, "utf-8")
        except UnicodeDecodeError:
            prefix, text = read(raw_prefix), read(raw)
        if prefix:
            text = prefix + text.replace("\0", "\0" + prefix)
        return _exactly(text.split("\0"), count)

    def _pieces(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        lengths = self.column(count, depth + 1)
        if min(lengths) < 0:
            raise DamagedEntries("a negative length")
        ends = list(accumulate(lengths))
        raw = self._take(ends[-1])
        pieces = list(map(raw.__getitem__, map(slice, (0, *ends), ends)))
        if kind == BLOBS:
            return list(map(bytes, pieces))
        try:
            return list(map(str, pieces, repeat("utf-8")))
        except UnicodeDecodeError:
            return list(map(read, pieces))

    # --- columns of columns -------------------------------------------------------------------------------------------

    def _dictionary(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        (choices,) = self._head(_CHOICES)
        codes = self._codes(count, choices)
        items = self.column(choices, depth + 1)
        return itemgetter(*codes)(items) if count > 1 else [items[codes[0]]]

    def _mixed(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        (choices,) = self._head(_CHOICES)
        codes = self._codes(count, choices)
        parts = [iter(self.column(codes.count(i), depth + 1)) for i in range(choices)]
        return _exactly(list(map(next, map(parts.__getitem__, codes))), count)

    def _tuples(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        (width,) = self._head(_CHOICES)
        if not width:
            return [()] * count
        return tuple(zip(*[self.column(count, depth + 1) for _ in range(width)]))

    def _items(self, kind: int, count: int, depth: int) -> Sequence[Any]:
        lengths = self.column(count, depth + 1)
        if min(lengths) < 0:
            raise DamagedEntries("a negative length")
        items = iter(self.column(sum(lengths), depth + 1))
        return [tuple(islice(items, length)) for length in lengths]


def _exactly(items: list[Any], count: int) -> list[Any]:
    if len(items) != count:
        raise DamagedEntries("items differ from their number")
    return items


_READERS: Final[dict[int, Callable[[Reader, int, int, int], Sequence[Any]]]] = {
    NULLS: Reader._nulls,
    RUN: Reader._run,
    REPEAT: Reader._repeat,
    SAME: Reader._same,
    FLOATS: Reader._floats,
    BOOLS: Reader._bools,
    TEXT: Reader._text,
    TEXT_CUT: Reader._pieces,
    BLOBS: Reader._pieces,
    DICTIONARY: Reader._dictionary,
    MIXED: Reader._mixed,
    TUPLES: Reader._tuples,
    ITEMS: Reader._items,
    **dict.fromkeys(SIGNED, Reader._signed),
    **dict.fromkeys(UNSIGNED, Reader._unsigned),
}

# Kinds whose number of bytes follows from the number of items: of the head, its first byte included, and of each item.
_SIZES: Final[dict[int, tuple[int, int]]] = {
    NULLS: (1, 0),
    SAME: (1, 0),
    RUN: (1 + _RUN.size, 0),
    FLOATS: (1, 8),
    **{kind: (1, 1 << kind - kinds.INT8) for kind in SIGNED},
    **{kind: (1 + _BASE.size, 1 << kind - kinds.OFFSET8) for kind in UNSIGNED},
}
_SKIPPERS: Final[dict[int, Callable[[Reader, int, int, int], None]]] = {
    BOOLS: Reader._skip_bools,
    REPEAT: Reader._skip_repeat,
    TEXT_CUT: Reader._skip_pieces,
    BLOBS: Reader._skip_pieces,
    DICTIONARY: Reader._skip_dictionary,
    MIXED: Reader._skip_mixed,
    TUPLES: Reader._skip_tuples,
    ITEMS: Reader._skip_items,
}
