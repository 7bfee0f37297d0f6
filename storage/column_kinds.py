"""The kinds of packed columns, their limits, and codes: what the writer and the reader of columns share.

Kinds
    The first byte of a packed column is its kind; `columns.py` specifies the bytes that follow. Numbers never change
    their meaning.

Limits
    `ENTRIES_MAX`  entries of a leaf, or items of a separately packed column
    `CELLS_BASE`, `CELLS_PER_BYTE`
                   every column, nested ones too, costs as many *cells* as it has items; together they may cost at most
                   `CELLS_BASE` and `CELLS_PER_BYTE` for each byte of the packed form. So a few forged bytes never
                   become more than a few dozen megabytes
    `DEPTH_MAX`    columns within columns
    `PREFIX_MAX`   bytes of UTF-8 that the strings of a column share

Codes
    A *code* says which of m choices an item is. n codes take 1 bit each if m is at most 2, 4 bits if at most 16, else 8,
    the first code in the highest bits; the last byte is filled up with zeros. Packing and unpacking go through numerals
    (``"0110"``, ``"3fa"``), which Python converts in C.

Example: the codes 0, 1, 1 of 2 choices are 01100000, one byte; 3, 15, 10 of 16 choices are ``3f a0``.
"""

from __future__ import annotations

from typing import Final

(
    NULLS,
    RUN,
    REPEAT,
    SAME,
    LAST,
    INT8,
    INT16,
    INT32,
    INT64,
    OFFSET8,
    OFFSET16,
    OFFSET32,
    OFFSET64,
    FLOATS,
    BOOLS,
    TEXT,
    TEXT_CUT,
    BLOBS,
    DICTIONARY,
    MIXED,
    TUPLES,
    ITEMS,
) = range(22)

ENTRIES_MAX: Final = 1 << 16
CELLS_BASE: Final = 1 << 20
CELLS_PER_BYTE: Final = 64
DEPTH_MAX: Final = 64
PREFIX_MAX: Final = 32
CHOICES_MAX: Final = 256

# Letters of `struct`: in its standard sizes, little-endian whatever the machine.
SIGNED: Final = {INT8: "b", INT16: "h", INT32: "i", INT64: "q"}
UNSIGNED: Final = {OFFSET8: "B", OFFSET16: "H", OFFSET32: "I", OFFSET64: "Q"}

_TO_DIGITS: Final = bytes.maketrans(bytes(range(16)), b"0123456789abcdef")
_FROM_DIGITS: Final = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))


class DamagedEntries(Exception):
    """Packed entries that make no sense: damaged in a way that no checksum saw, forged, or of another version."""


def codes_size(count: int, choices: int) -> int:
    """The number of bytes that `count` codes take."""
    if choices > 16:
        return count
    return (count + 1) // 2 if choices > 2 else (count + 7) // 8


def pack_codes(codes: bytes, choices: int) -> bytes:
    """Codes, one a byte, in their packed form."""
    if choices > 16:
        return codes
    digits = codes.translate(_TO_DIGITS)
    if choices > 2:
        return bytes.fromhex((digits + b"0" * (len(codes) % 2)).decode())
    return (int(digits, 2) << -len(codes) % 8).to_bytes(codes_size(len(codes), choices), "big")


def unpack_codes(raw: memoryview, count: int, choices: int) -> bytes:
    """The codes of a packed form of the right size, one a byte; the inverse of `pack_codes`."""
    if choices > 16:
        return bytes(raw)
    digits = raw.hex() if choices > 2 else f"{int.from_bytes(raw, 'big'):0{8 * len(raw)}b}"
    return digits.encode().translate(_FROM_DIGITS)[:count]
