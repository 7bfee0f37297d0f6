"""One row of a packed leaf, or the first few, without the others.

Who looks a row up in a leaf that is not in memory needs one item of each column. Numbers and codes stand at a place that can be
computed; of texts the ones before it have to be stepped over, which is done in C. What is not simple is read as a whole.

A scan that has only begun needs the first rows, for it may end at once (LIMIT 1, EXISTS, fetchone). They are read column by column
as a whole leaf is, each column up to there.

Example: row 100 of 256 with an integer, a text of a dictionary, a text and a real: 2 bytes at place 200 of the first column, a code
and the item that it stands for, the piece behind the hundredth zero byte, 8 bytes at place 800.

The page was verified by its checksum (INV-C2), so what is stepped over is what was written; the columns must end where
the page ends. The row is the one that `column_reader.entries` has for the key, of the same types (INV-C7).

Not here: when rows are read alone (`blocks.py`), what the kinds are (`columns.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from struct import Struct, unpack_from
from struct import error as StructError
from typing import Any, Final, Literal

from aerodb_dbapi.storage import column_kinds as kinds
from aerodb_dbapi.storage.column_kinds import (
    DICTIONARY,
    FLOATS,
    NULLS,
    SIGNED,
    TEXT,
    TUPLES,
    UNSIGNED,
    DamagedEntries,
    codes_size,
    unpack_codes,
)
from aerodb_dbapi.storage.column_reader import Reader
from aerodb_dbapi.storage.raw_text import read

_BASE: Final = Struct("<q")
_TEXT: Final = Struct("<IB")
_CHOICES: Final = Struct("<H")
_WRONG: Final = (ValueError, TypeError, LookupError, ArithmeticError, StructError)

Head = tuple[tuple[Any, ...], tuple[tuple[Any, ...], ...]]
Row = tuple[Any, ...] | Literal[False] | None


def row_of(data: bytes | memoryview, key: int, size: int) -> Row:
    """The row of a key in `size` packed entries; None if there is none, False if the values are not packed as rows."""
    try:
        part = Part(data, key)
        if part.count != size:
            raise DamagedEntries(f"a leaf of {part.count} entries where one of {size} should be")
        return part.row()
    except _WRONG as error:
        raise DamagedEntries(f"unreadable entries: {error}") from error


def head_of(data: bytes | memoryview, stop: int, size: int) -> Head | None:
    """The first `stop` keys and rows of `size` packed entries; None if the values are not packed as rows, or there are no more."""
    try:
        reader = Beginning(data, stop)
        if reader.count != size:
            raise DamagedEntries(f"a leaf of {reader.count} entries where one of {size} should be")
        return reader.head() if size > stop else None
    except _WRONG as error:
        raise DamagedEntries(f"unreadable entries: {error}") from error


class Beginning(Reader):
    """A packed form of which the first `stop` items of each column are read."""

    __slots__ = ("stop",)

    def __init__(self, data: bytes | memoryview, stop: int) -> None:
        super().__init__(data)
        self.stop = stop

    def head(self) -> Head | None:
        """The first keys and rows."""
        count, stop = self.count, self.stop
        keys = self.keys = self.column(count, 0)
        if self.data[self.at] != TUPLES:
            return None
        self.at += 1
        (width,) = self._head(_CHOICES)
        columns = [self.items(count, stop, 1) for _ in range(width)]
        self.finish(())
        return tuple(keys[:stop]), tuple(zip(*columns)) if width else ((),) * stop

    def items(self, count: int, stop: int, depth: int) -> Sequence[Any]:
        """The first items of the next column, which has `count` of them."""
        kind = self.data[self.at]
        if kind == TEXT:
            self.at += 1
            return self._pieces_to(stop)
        if kind == DICTIONARY:
            self.at += 1
            (choices,) = self._head(_CHOICES)
            codes = self._codes(count, choices)[:stop]
            items = self.column(choices, depth + 1)
            return [items[code] for code in codes]
        number = _NUMBERS.get(kind)
        if number is None:
            return self.column(count, depth)[:stop]
        self.at += 1
        base = self._head(_BASE)[0] if kind in UNSIGNED else 0
        start, self.at = self.at, self.at + number[1] * count
        numbers = unpack_from(f"<{stop}{number[0]}", self.data, start)
        return [base + n for n in numbers] if base else numbers

    def _pieces_to(self, stop: int) -> Sequence[Any]:
        size, shared = self._head(_TEXT)
        prefix, raw = self._take(shared), self._take(size)
        pieces = bytes(raw).split(b"\0", stop)[:stop]
        if len(pieces) < stop:
            raise DamagedEntries("items differ from their number")
        joined = b"\0".join(pieces)
        try:
            begin, text = str(prefix, "utf-8"), str(joined, "utf-8")
        except UnicodeDecodeError:
            begin, text = read(prefix), read(joined)
        if begin:
            text = begin + text.replace("\0", "\0" + begin)
        return text.split("\0")


class Part(Reader):
    """A packed form of which the items at one place are read. `place` is -1 if the key is not there."""

    __slots__ = ("place",)

    def __init__(self, data: bytes | memoryview, key: int) -> None:
        super().__init__(data)
        keys: Any = self.column(self.count, 0) if self.count else ()
        if keys.__class__ is range and keys.step == 1:
            place = key - keys.start
        else:
            place = bisect_left(keys, key)
        self.place = place if 0 <= place < self.count and keys[place] == key else -1
        self.keys = keys

    def row(self) -> Row:
        """The row of the key."""
        place, count = self.place, self.count
        if place < 0:
            return None
        if self.data[self.at] != TUPLES:
            return False
        self.at += 1
        (width,) = self._head(_CHOICES)
        return self.finish([self.item(count, place, 1) for _ in range(width)])

    def item(self, count: int, place: int, depth: int) -> Any:
        """The item at a place of the next column, which has `count` of them."""
        kind = self.data[self.at]
        read_one = _READERS.get(kind)
        if read_one is None:
            return self.column(count, depth)[place]
        self.at += 1
        return read_one(self, kind, count, place)

    def _null(self, kind: int, count: int, place: int) -> Any:
        return None

    def _number(self, count: int, letter: str, size: int, place: int) -> Any:
        start, self.at = self.at, self.at + size * count
        return unpack_from("<" + letter, self.data, start + size * place)[0]

    def _signed(self, kind: int, count: int, place: int) -> Any:
        return self._number(count, SIGNED[kind], 1 << kind - kinds.INT8, place)

    def _unsigned(self, kind: int, count: int, place: int) -> Any:
        (base,) = self._head(_BASE)
        return base + self._number(count, UNSIGNED[kind], 1 << kind - kinds.OFFSET8, place)

    def _float(self, kind: int, count: int, place: int) -> Any:
        return self._number(count, "d", 8, place)

    def _piece(self, kind: int, count: int, place: int) -> Any:
        size, shared = self._head(_TEXT)
        prefix, raw = self._take(shared), self._take(size)
        piece = bytes(raw).split(b"\0", place + 1)[place]
        try:
            return str(prefix, "utf-8") + str(piece, "utf-8")
        except UnicodeDecodeError:
            return read(prefix) + read(piece)

    def _choice(self, kind: int, count: int, place: int) -> Any:
        (choices,) = self._head(_CHOICES)
        raw = self._take(codes_size(count, choices))
        code = raw[place] if choices > 16 else unpack_codes(raw, count, choices)[place]
        if code >= choices:
            raise DamagedEntries("a code that stands for nothing")
        return self.item(choices, code, 2)


# Kinds of numbers: the letter of one for `struct`, and its size.
_NUMBERS: Final[dict[int, tuple[str, int]]] = {
    FLOATS: ("d", 8),
    **{kind: (letter, 1 << kind - kinds.INT8) for kind, letter in SIGNED.items()},
    **{kind: (letter, 1 << kind - kinds.OFFSET8) for kind, letter in UNSIGNED.items()},
}
_READERS: Final[dict[int, Callable[[Part, int, int, int], Any]]] = {
    NULLS: Part._null,
    FLOATS: Part._float,
    TEXT: Part._piece,
    DICTIONARY: Part._choice,
    **dict.fromkeys(SIGNED, Part._signed),
    **dict.fromkeys(UNSIGNED, Part._unsigned),
}
