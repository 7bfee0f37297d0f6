"""Packing a column: the kind that its content allows, chosen column by column.

How a kind is chosen
    The class of the first item says what the column is tried as. Integers are packed, texts joined by C, which
    fails at the first item of another class; then, and only then, the column is taken apart (`MIXED`). Within a class
    the shorter form wins: a repeated item or run, few distinct items as codes, numbers no wider than needed. Whether
    items are few is asked of a sample first, so that a column of unique texts does not pay for a dictionary.

    The choice is free: a reader understands every kind anywhere. Only `SAME` and `LAST` belong to the values of entries.

Limits
    Kinds whose items take no bytes (*runs*) are used until they and all else have cost half of `CELLS_BASE`; from then
    on a run stands in a `MIXED` column of one part, whose codes pay for it. So whatever can be stored can be read back.

Example: (7, None, 9) cannot be packed as integers. Classes in order of appearance int, NULL: codes 0 1 0, then the column
(7, 9) as INT8 and NULLS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from operator import is_, itemgetter
from struct import Struct, pack, unpack
from struct import error as StructError
from typing import Any, Final

from aerodb_dbapi.storage import column_kinds as kinds
from aerodb_dbapi.storage.column_kinds import (
    BLOBS,
    BOOLS,
    CHOICES_MAX,
    DICTIONARY,
    FLOATS,
    INT8,
    ITEMS,
    LAST,
    MIXED,
    NULLS,
    OFFSET8,
    REPEAT,
    RUN,
    SAME,
    TEXT,
    TEXT_CUT,
    TUPLES,
    pack_codes,
)
from aerodb_dbapi.storage.raw_text import stored

_RUN: Final = Struct("<Bqq")
_OFFSET: Final = Struct("<Bq")
_TEXT: Final = Struct("<BIB")
_COUNTED: Final = Struct("<BH")
_SIZE: Final = Struct("<I")
_KIND: Final = [bytes((kind,)) for kind in range(ITEMS + 1)]

_RUN_CELLS: Final = kinds.CELLS_BASE // 2
_SHORT: Final = 3  # integers that are no longer as they are than as a run
_FEW: Final = 16  # items for which looking for repetitions is not worth it
_SAMPLED: Final = 64  # items from which on a sample is asked first
_LENGTHS_MAX: Final = 16  # different lengths of tuples that are worth a part each
_WIDTH_MAX: Final = (1 << 16) - 1
_TEXT_MAX: Final = (1 << 32) - 1
_INT64_MAX: Final = (1 << 63) - 1
_UINT64_MAX: Final = (1 << 64) - 1
# The number of bytes, as a power of two, that hold so many bits.
_POWER: Final = [0] * 9 + [1] * 8 + [2] * 16 + [3] * 32


class Writer:
    """The parts of a packed form being made. `keys`: the keys of the entries while their values are packed. `last`: the last
    elements of the tuples packed last, if they are integers all."""

    __slots__ = ("cells", "keys", "last", "parts")

    def __init__(self, count: int) -> None:
        if count > kinds.ENTRIES_MAX:
            raise ValueError(f"more than {kinds.ENTRIES_MAX} entries")
        self.parts = [_SIZE.pack(count)]
        self.cells = 0
        self.keys: tuple[Any, ...] | None = None
        self.last: tuple[Any, ...] | None = None

    def finish(self) -> bytes:
        """The packed form; what a reader would refuse is refused here."""
        data = b"".join(self.parts)
        if self.cells > kinds.CELLS_BASE + kinds.CELLS_PER_BYTE * len(data):
            raise ValueError("tuples are nested too deeply to be stored")
        return data

    def column(self, items: Sequence[Any], depth: int = 0) -> bool:
        """Pack the items, at least one. Whether all are of one class."""
        if depth > kinds.DEPTH_MAX:
            raise ValueError("tuples are nested too deeply to be stored")
        self.cells += len(items)
        write = _WRITERS.get(type(items[0]))
        if write is None:
            raise TypeError(f"a value of this kind cannot be stored: {type(items[0]).__name__}")
        uniform = write(self, items, depth)
        if not uniform:
            self._parts(items, list(map(type, items)), depth)
        return uniform

    def entries(self, keys: tuple[Any, ...], values: tuple[Any, ...]) -> None:
        """Pack the keys, then the values: those of an index by naming the last elements of its keys."""
        uniform = self.column(keys)
        last = self.last
        if uniform and last is not None and type(keys[0]) is tuple and _same(last, values):
            self.parts.append(_KIND[LAST])
            return
        self.keys = keys if uniform and type(keys[0]) is int else None
        self.column(values)

    # --- shared forms -------------------------------------------------------------------------------------------------

    def _run(self, packed: bytes, count: int) -> None:
        """A column whose items take no bytes, or the same in a `MIXED` column that pays for it."""
        if self.cells > _RUN_CELLS:
            self.parts.append(_COUNTED.pack(MIXED, 1) + bytes(kinds.codes_size(count, 1)))
            self.cells += count
        self.parts.append(packed)

    def _repeat(self, item: Any, count: int, depth: int) -> None:
        self._run(_KIND[REPEAT], count)
        self.column((item,), depth + 1)

    def _dictionary(self, distinct: Sequence[Any], index: dict[Any, int], items: Sequence[Any], depth: int) -> None:
        """Codes into the distinct items; `index` gives the code of what stands in `items`."""
        if len(distinct) == 1:
            self._repeat(distinct[0], len(items), depth)
            return
        codes = pack_codes(bytes(itemgetter(*items)(index)), len(distinct))
        self.parts += (_COUNTED.pack(DICTIONARY, len(distinct)), codes)
        self.column(distinct, depth + 1)

    def _parts(self, items: Sequence[Any], classes: Sequence[Any], depth: int) -> None:
        """One part for each class of items, in order of appearance."""
        index = {kind: i for i, kind in enumerate(dict.fromkeys(classes))}
        codes = bytes(itemgetter(*classes)(index)) if len(classes) > 1 else b"\0"
        self.parts += (_COUNTED.pack(MIXED, len(index)), pack_codes(codes, len(index)))
        for kind, i in index.items():
            if kind is type(None):
                self.cells += codes.count(i)
                self.parts.append(_KIND[NULLS])  # paid for by the codes
                continue
            chosen = codes.translate(bytes(i) + b"\1" + bytes(255 - i))
            self.column(tuple(compress(items, chosen)), depth + 1)

    def _cut(self, kind: int, pieces: Sequence[bytes], depth: int) -> None:
        """Lengths, then all pieces one after the other."""
        self.parts.append(_KIND[kind])
        self.column(tuple(map(len, pieces)), depth + 1)
        self.parts.append(b"".join(pieces))

    # --- one class each: False if an item is of another ---------------------------------------------------------------

    def _nulls(self, items: Sequence[Any], depth: int) -> bool:
        if items.count(None) != len(items):
            return False
        self._run(_KIND[NULLS], len(items))
        return True

    def _bools(self, items: Sequence[Any], depth: int) -> bool:
        if set(map(type, items)) != {bool}:
            return False
        self.parts += (_KIND[BOOLS], pack_codes(bytes(items), 2))
        return True

    def _ints(self, items: Sequence[Any], depth: int) -> bool:
        count = len(items)
        if count > _SHORT and self._run_of_ints(items):
            return True
        try:
            wide = pack(f"<{count}q", *items)
        except StructError:  # an item of another class, or one beyond 64 bits with a sign
            if set(map(type, items)) != {int}:
                return False
            if max(items) > _UINT64_MAX:
                raise OverflowError("an integer beyond 64 bits cannot be stored") from None
            self._offsets(items, min(min(items), _INT64_MAX), 3)
            return True
        low, high = _bounds(items)
        if low <= 1 and high >= 0 and set(map(type, items)) != {int}:  # False and True are in that range
            return False
        own, based = _POWER[max(high, ~low).bit_length() + 1], _POWER[(high - low).bit_length()]
        power = based if count << based < (count << own) - 8 else own
        index = _few(items, count >> (power + 1)) if power else None
        if index is not None:
            self._dictionary(tuple(index), index, items, depth)
            return True
        if power < own:
            self._offsets(items, low, power)
        else:
            self.parts += (_KIND[INT8 + own], wide if own == 3 else pack(f"<{count}{'bhi'[own]}", *items))
        return True

    def _run_of_ints(self, items: Sequence[Any]) -> bool:
        """Pack integers first, first + step, …, or the keys once more; False if they are neither."""
        if items == self.keys:
            packed = _KIND[SAME]
        elif _is_run(items):
            packed = _RUN.pack(RUN, items[0], items[1] - items[0])
        else:
            return False
        if set(map(type, items)) != {int}:  # 1.0 and True equal 1
            return False
        self._run(packed, len(items))
        return True

    def _offsets(self, items: Sequence[int], base: int, power: int) -> None:
        """Distances from a base, which are not negative."""
        try:
            distances = pack(f"<{len(items)}{'BHIQ'[power]}", *[item - base for item in items])
            self.parts += (_OFFSET.pack(OFFSET8 + power, base), distances)
        except StructError:
            raise OverflowError("an integer beyond 64 bits cannot be stored") from None

    def _floats(self, items: Sequence[Any], depth: int) -> bool:
        if set(map(type, items)) != {float}:
            return False
        count = len(items)
        raw = pack(f"<{count}d", *items)
        if _few(items, count // 4) is not None:
            # By their bits, for 0.0 and -0.0 are equal and not the same.
            bits = unpack(f"<{count}q", raw)
            index = _few(bits, CHOICES_MAX)
            if index is not None:
                self._dictionary(unpack(f"<{len(index)}d", pack(f"<{len(index)}q", *index)), index, bits, depth)
                return True
        self.parts += (_KIND[FLOATS], raw)
        return True

    def _texts(self, items: Sequence[Any], depth: int) -> bool:
        try:
            joined = "\0".join(items)
        except TypeError:
            return False
        if self._few_distinct(items, depth):
            return True
        count = len(items)
        cuts = joined.count("\0") == count - 1
        prefix = _shared_prefix(items, joined) if cuts and count > 1 else ""
        if prefix:
            joined = joined[len(prefix) :].replace("\0" + prefix, "\0")
        packed, head = stored(joined), stored(prefix)
        if cuts and len(packed) <= _TEXT_MAX:
            self.parts += (_TEXT.pack(TEXT, len(packed), len(head)), head, packed)
        else:
            self._cut(TEXT_CUT, list(map(stored, items)), depth)
        return True

    def _blobs(self, items: Sequence[Any], depth: int) -> bool:
        if set(map(type, items)) != {bytes}:
            return False
        if not self._few_distinct(items, depth):
            self._cut(BLOBS, items, depth)
        return True

    def _few_distinct(self, items: Sequence[Any], depth: int) -> bool:
        """Pack texts or blobs as codes if that is shorter; False if not."""
        index = _few(items, len(items) // 2)
        if index is None:
            return False
        self._dictionary(tuple(index), index, items, depth)
        return True

    def _tuples(self, items: Sequence[Any], depth: int) -> bool:
        if set(map(type, items)) != {tuple}:
            return False
        try:
            columns = list(zip(*items, strict=True)) if len(items[0]) <= _WIDTH_MAX else None
        except ValueError:  # of several lengths
            columns = None
        if columns is None:
            self._tuples_by_length(items, depth)
        elif not columns:
            self._run(_COUNTED.pack(TUPLES, 0), len(items))
        else:
            self.parts.append(_COUNTED.pack(TUPLES, len(columns)))
            for column in columns:
                uniform = self.column(column, depth + 1)
            self.last = column if uniform and type(column[0]) is int else None
        return True

    def _tuples_by_length(self, items: Sequence[Any], depth: int) -> None:
        """A part for each length if there are few, else all items in one column."""
        lengths = list(map(len, items))
        if 1 < len(set(lengths)) <= min(_LENGTHS_MAX, len(items) // 2):
            self._parts(items, lengths, depth)
            self.last = None
            return
        self.parts.append(_KIND[ITEMS])
        self.column(lengths, depth + 1)
        self.column([item for row in items for item in row], depth + 1)
        self.last = None


def _few(items: Sequence[Any], limit: int) -> dict[Any, int] | None:
    """The distinct items in order of appearance, each with its number; None if more than `limit`.

    A long column without two alike in a sample is taken to have too many.
    """
    count = len(items)
    if count < _FEW:
        return None
    if count >= _SAMPLED:
        sample = items[:: count // 32]
        if len(set(sample)) == len(sample):
            return None
    distinct = dict.fromkeys(items)
    return dict(zip(distinct, range(limit))) if len(distinct) <= min(limit, CHOICES_MAX) else None


def _bounds(items: Sequence[int]) -> tuple[int, int]:
    """The least and the greatest; keys of an index are in order already, which sorting notices soonest."""
    if items[0] <= items[len(items) // 3] <= items[2 * len(items) // 3] <= items[-1]:
        ordered = sorted(items)
        return ordered[0], ordered[-1]
    return min(items), max(items)


def _same(items: Sequence[int], others: Sequence[Any]) -> bool:
    """Whether these are the same integers; nearly always they are the same objects."""
    if len(items) == len(others) and all(map(is_, items, others)):
        return True
    return items == others and set(map(type, others)) == {int}


def _shared_prefix(items: Sequence[str], joined: str) -> str:
    """What all the texts begin with, as far as it is worth taking out."""
    count = len(items)
    some = [items[i][: kinds.PREFIX_MAX] for i in (0, -1, count // 3, count // 2)]
    low, high = min(some), max(some)
    length = next((i for i, (a, b) in enumerate(zip(low, high)) if a != b), min(len(low), len(high)))
    prefix = low[:length]
    while prefix and (len(stored(prefix)) > kinds.PREFIX_MAX or joined.count("\0" + prefix) != count - 1):
        prefix = prefix[:-1]
    return prefix


def _is_run(items: Sequence[Any]) -> bool:
    """Whether the items equal first, first + step, …, all within 64 bits; cheap to deny."""
    first, second, last = items[0], items[1], items[-1]
    if type(second) is not int or type(last) is not int:
        return False
    step, count = second - first, len(items)
    if last - first != step * (count - 1) or max(abs(first), abs(last), abs(step)) > _INT64_MAX:
        return False
    return items.count(first) == count if step == 0 else tuple(range(first, last + step, step)) == tuple(items)


_WRITERS: Final[dict[type, Callable[[Writer, Sequence[Any], int], bool]]] = {
    type(None): Writer._nulls,
    bool: Writer._bools,
    int: Writer._ints,
    float: Writer._floats,
    str: Writer._texts,
    bytes: Writer._blobs,
    tuple: Writer._tuples,
}
