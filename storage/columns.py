"""The packed form of one leaf's entries: column by column, each in the form that suits its content.

Why columns: one class of values stands together, so that it is written and read by functions that run in C (one
`unpack`, one `split`), and rows are zipped of columns at the end. A row of two numbers, a float and two short texts takes some 25 bytes
and a fraction of a microsecond.

What is stored
    Table leaves: int rowid → row tuple. Index leaves: flat tuple → its last element, an int. Map leaves: str or any plain
    value → any plain value. A plain value is None, bool, int (−2⁶³ … 2⁶⁴−1, 64 bits within one column), float, str without
    lone surrogates, bytes, or a tuple of plain values, at most some twenty tuples deep. What comes back is equal in value
    and in class, to the sign of a zero. Anything else raises TypeError, OverflowError or ValueError when packed.

Form
    Integers are little-endian, unsigned unless marked as signed (s16, s32, s64); f64 is IEEE 754 binary64. There is no
    padding, and nothing follows the last byte::

        entries = count u32, then if count > 0: column(count) of keys, values
        values  = 4 (one byte): each value is the last element of its key, which is a tuple | column(count)

    A separately packed column is ``count u32``, then if count > 0 column(count). count is at most 65,536.

    column(n), n ≥ 1, holds n items. Its first byte is its kind, then:

    ====  ==========  ================================================  ================================================
    kind  name        bytes                                             items
    ====  ==========  ================================================  ================================================
    0     NULLS       none                                              NULL (None), n times
    1     RUN         first s64, step s64                               the integers first + i·step, i = 0 … n−1, all of
                                                                        them within 64 bits
    2     REPEAT      column(1)                                         its item, n times
    3     SAME        none                                              the keys of the entries; only within values, and
                                                                        only where n = count
    5–8   INT         n of s8, s16, s32, s64 (kinds 5, 6, 7, 8)         those integers
    9–12  OFFSET      base s64, n of u8, u16, u32, u64 (9, 10, 11, 12)  the integers base + u
    13    FLOATS      n of f64                                          those floats
    14    BOOLS       codes(n, 2)                                       0 false, 1 true (in the catalog only)
    15    TEXT        size u32, p u8, p bytes, size bytes               the size bytes, UTF-8, are cut at each zero byte
                                                                        into n texts (n−1 zero bytes, each between two);
                                                                        the p bytes, UTF-8, are put before each text
    16    TEXT_CUT    column(n), then the sum of its items in bytes     the items of the column are lengths in bytes;
                                                                        texts of those lengths in UTF-8 follow
    17    BLOBS       as TEXT_CUT                                       blobs of those lengths
    18    DICTIONARY  m u16, codes(n, m), column(m)                     for each code c the item c of the column
    19    MIXED       m u16, codes(n, m), then for each part            for each code c the next item of part c, that not
                      c = 0 … m−1: column(number of codes c)            taken yet
    20    TUPLES      m u16, m times column(n)                          tuple i has the items i of the m columns
    21    ITEMS       column(n), then column(sum of its items)          the items of the first column are lengths; tuples
                                                                        of those lengths take the items of the second in
                                                                        turn
    ====  ==========  ================================================  ================================================

    codes(n, m) are n numbers below m, 1 ≤ m ≤ 256, of b bits each: b = 1 if m ≤ 2, 4 if m ≤ 16, else 8. They fill bytes
    from the highest bits down; the last byte is filled up with zero bits. So they take ⌈n·b/8⌉ bytes.

    Every code of MIXED occurs (a column is never empty). A text of kind 15 holds no zero byte; one that does is in kind 16.
    p is at most 32. Columns lie within columns at most 64 deep, the column of keys or values being at depth 0.

Bound
    A column(n) costs n cells, those within it as much again. All of them cost at most 2²⁰ + 64·(length of the packed form)
    cells: a reader refuses more, a writer makes a column that would exceed it MIXED with one part, whose codes take space.

    A form that breaks a rule raises `DamagedEntries` and nothing else. Bytes changed in a way that breaks none give other
    values: noticing that is for the checksum of the block.

Worked example: two entries, key 1 → (1, 7, 'ab'), key 5 → (5, NULL, 'ac')::

    02 00 00 00                    2 entries
    05 01 05                       keys: INT8 1, 5
    14 03 00                       values: TUPLES of 3 columns
        05 01 05                       INT8 1, 5
        13 02 00 40                    MIXED of 2 parts, codes 0 1 (bits 01, six to fill up)
            05 07                          part 0, one item: INT8 7
            00                             part 1, one item: NULLS
        0f 03 00 00 00 01 61           TEXT of 3 bytes, prefix of 1: 'a'
            62 00 63                       'b', 'c': with the prefix 'ab', 'ac'

The same specification is in ``docs/FILE_FORMAT.md``, *Leaf entries*.

Not here: how a kind is chosen (`column_writer.py`), how bytes are checked (`column_reader.py`), blocks and compression.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getsizeof
from typing import Any, Final

from aerodb_dbapi.storage import column_reader
from aerodb_dbapi.storage.column_kinds import DamagedEntries
from aerodb_dbapi.storage.column_writer import Writer

__all__ = [
    "DamagedEntries", "pack_column", "pack_entries", "unpack_column", "unpack_columns", "unpack_entries", "weight",
]  # fmt: skip

_SAMPLE: Final = 8
_POINTER: Final = 8
_LEAF: Final = 192  # the node itself and its two tuples, empty


def pack_entries(keys: Sequence[Any], values: Sequence[Any]) -> bytes:
    """The packed form of entries, keys and values side by side."""
    if len(keys) != len(values):
        raise ValueError("keys and values differ in number")
    writer = Writer(len(keys))
    if keys:
        writer.entries(tuple(keys), tuple(values))
    return writer.finish()


def unpack_entries(data: bytes | memoryview) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The keys and the values of packed entries; `DamagedEntries` if they make no sense."""
    return column_reader.entries(data)


def unpack_columns(
    data: bytes | memoryview, wanted: Sequence[int]
) -> tuple[Sequence[Any], Sequence[tuple[Any, ...]]] | None:
    """The keys of packed entries, and rows that have the columns at the places `wanted` (ascending), with None before and
    between them and nothing behind; None if the values are not packed as rows of one width with those columns."""
    return column_reader.columns(data, wanted)


def pack_column(items: Sequence[Any]) -> bytes:
    """The packed form of one column, such as the separators of a branch."""
    writer = Writer(len(items))
    if items:
        writer.column(tuple(items))
    return writer.finish()


def unpack_column(data: bytes | memoryview) -> tuple[Any, ...]:
    """The items of a packed column; `DamagedEntries` if they make no sense."""
    return column_reader.column_of(data)


def weight(keys: Sequence[Any], values: Sequence[Any]) -> int:
    """An estimate of the bytes of memory that a leaf of these entries takes, from a sample of them.

    One huge value among small ones may be missed: the length of the packed form is a lower bound that the caller has.
    """
    count = len(keys)
    if not count:
        return _LEAF
    step = -(-count // _SAMPLE)
    some = range(0, count, step)
    # An object that occurs several times in the sample, a repeated text say, is taken to be shared by all.
    seen: set[int] = set()
    sampled = sum(_size(keys[i], seen) + _size(values[i], seen) for i in some)
    return _LEAF + 2 * _POINTER * count + sampled * count // len(some)


def _size(value: Any, seen: set[int]) -> int:
    """The bytes of a value and of all in it, but for what was seen before and for what Python has once."""
    if value is None or id(value) in seen or (value.__class__ is int and -5 <= value <= 256):
        return 0
    seen.add(id(value))
    if value.__class__ is tuple:
        return getsizeof(value) + sum([_size(item, seen) for item in value])
    return getsizeof(value)
