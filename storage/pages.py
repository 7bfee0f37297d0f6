"""Pages: the bytes of a block, for every kind of block; and the pointer by which a block is reached.

Pointer
    ``Pointer(offset, length, crc, birth)``: where the block lies (a multiple of `UNIT`), how many bytes it has, the
    crc32c of its place and bytes, and the first commit whose state may reach it. The checksum lives in the pointer, not
    in the block: a block that was written elsewhere, not at all, or over an older one does not verify (INV-C2).

Page
    ::

        kind u8 (+ 128: the rest is compressed by zlib) | body

    ====  ==========  =================================================================================================
    kind  page        body
    ====  ==========  =================================================================================================
    1     leaf        the entries, column by column (`columns.py`)
    2     branch      msgpack of ``[leaves, separators, offsets, lengths, crcs, births, sizes]``: `leaves` is 1 if the
                      children are leaves; `separators` a column; the others arrays, one element a child, little-endian,
                      of u64, u32, u32, u64, u64. If leaves are edits of their blocks (`leaf_edits.py`) there is an
                      eighth element: ``[[place, piece, piece…]…]``
    3     state       msgpack of ``[commit, trees]``; a tree is ``[id, kind, unique prefix, size, leaf, pointer…, piece…]``: the
                      four elements of the pointer of its root node, absent if the tree is empty, and its edits
    4     checkpoint  msgpack of a map (`Checkpoint`)
    ====  ==========  =================================================================================================

A page that verified but does not decode was not written by this version: `BadPage`, which the reader makes a
CorruptionError of. Decoding allocates a small multiple of the page's length (INV-F3).

Not here: where blocks lie (`blocks.py`), when nodes become pages (`checkpoint.py`).
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from struct import Struct
from struct import error as StructError
from typing import Any, Final, NamedTuple

import msgpack

from aerodb_dbapi.storage.column_parts import Head, Row, head_of, row_of
from aerodb_dbapi.storage.columns import (
    DamagedEntries,
    pack_column,
    pack_entries,
    unpack_column,
    unpack_columns,
    unpack_entries,
)
from aerodb_dbapi.storage.leaf_edits import Edits, edited

UNIT: Final = 64
LEAF, BRANCH, STATE, CHECKPOINT = 1, 2, 3, 4
LEAF_KIND: Final = bytes((LEAF,))
COMPRESSED: Final = 128
COMPRESSION_LEVEL: Final = 1
INFLATED_MAX: Final = 1 << 31
_SMALL: Final = 128  # shorter pages are not worth compressing


class Pointer(NamedTuple):
    """The way to a block: offset and length in bytes, checksum, and the first commit whose state may reach it."""

    offset: int
    length: int
    crc: int
    birth: int

    @property
    def extent(self) -> int:
        """How many bytes of the file the block takes."""
        return -(-self.length // UNIT) * UNIT


_pointer: Final[Callable[[Iterable[int]], Pointer]] = partial(tuple.__new__, Pointer)  # quicker than _make, by far


_FIRST: Final = [Struct("<" + code) for code in "QIIQQ"]  # of the columns of a branch


class Child(NamedTuple):
    """One child of a branch: its pointer, how many entries lie below, and the edits of a leaf."""

    pointer: Pointer
    size: int
    edits: Edits = ()


class TreeEntry(NamedTuple):
    """One tree of a state. `pointer` is that of its root node, None if the tree is empty."""

    tree_id: int
    kind: str
    unique_prefix: int
    size: int
    is_leaf: bool
    pointer: Pointer | None
    edits: Edits = ()


_EMPTY: Final = 5  # elements of an empty tree in a state record
_POINTED: Final = _EMPTY + len(Pointer._fields)  # of one without edits
_entry: Final[Callable[[Iterable[Any]], TreeEntry]] = partial(tuple.__new__, TreeEntry)


class Dead(NamedTuple):
    """A block that states from `birth` to before `died` may reach, and no later one."""

    offset: int
    extent: int
    birth: int
    died: int


class Pinned(NamedTuple):
    """A state that is kept in the file. `generation` is the log generation that begins behind it, 0 if none does."""

    commit_id: int
    pointer: Pointer
    generation: int


@dataclass(slots=True)
class Checkpoint:
    """The checkpoint record: the state of `commit_id`, the states kept beside it, and what every byte is used for. A copy
    names the identity of the file that the state was of, its `origin`, until it has a checkpoint of its own."""

    commit_id: int = 0
    state: Pointer | None = None
    pinned: list[Pinned] = field(default_factory=list)
    free: list[tuple[int, int]] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    end: int = 0
    origin: bytes = b""


class BadPage(Exception):
    """A page that verified, yet is none this version writes."""


def pack_leaf(keys: Sequence[Any], values: Sequence[Any]) -> bytes:
    """The page of a leaf."""
    return b"\x01" + pack_entries(keys, values)


def pack_branch(separators: Sequence[Any], children: Sequence[Child], leaves: bool) -> bytes:
    """The page of a branch; one child more than separators."""
    columns = *pointers(children), array("Q", [child.size for child in children])
    body: tuple[Any, ...] = int(leaves), pack_column(separators), *map(_little, columns)
    edits = [(place, *child.edits) for place, child in enumerate(children) if child.edits]
    return b"\x02" + _pack((*body, edits) if edits else body)


def pointers(children: Sequence[Child]) -> tuple[array[int], ...]:
    """Offsets, lengths, checksums and births of children."""
    return tuple(map(array, "QIIQ", zip(*[child.pointer for child in children])))


def pack_state(commit_id: int, trees: Iterable[TreeEntry]) -> bytes:
    """The page of a state."""
    return b"\x03" + _pack((commit_id, [(*tree[:5], *(tree.pointer or ()), *tree.edits) for tree in trees]))


def pack_checkpoint(record: Checkpoint, length: int = 0) -> bytes:
    """The page of a checkpoint record, padded to `length` if that is at most 255 bytes more."""
    body = {
        "commit": record.commit_id,
        "state": record.state,
        "pinned": [(pinned.commit_id, *pinned.pointer, pinned.generation) for pinned in record.pinned],
        "free": record.free,
        "dead": record.dead,
        "end": record.end,
        "padding": b"",
    }
    if record.origin:
        body["origin"] = record.origin
    page = b"\x04" + _pack(body)
    if length > len(page):
        body["padding"] = bytes(length - len(page))
        page = b"\x04" + _pack(body)
    return page


def compressed(page: bytes) -> bytes:
    """The page, compressed if that makes it shorter."""
    if len(page) < _SMALL:
        return page
    small = bytes((page[0] | COMPRESSED,)) + zlib.compress(page[1:], COMPRESSION_LEVEL)
    return small if len(small) < len(page) else page


def body_of(page: bytes, kind: int) -> memoryview:
    """The body of a page that should be of that kind."""
    if not page or page[0] & ~COMPRESSED != kind:
        raise BadPage(f"a page of kind {page[0] if page else None} where one of kind {kind} should be")
    if not page[0] & COMPRESSED:
        return memoryview(page)[1:]
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(memoryview(page)[1:], INFLATED_MAX)
    except zlib.error as error:
        raise BadPage(f"a compressed page that does not decompress: {error}") from error
    if not inflater.eof or inflater.unused_data:
        raise BadPage("a compressed page of a wrong length")
    return memoryview(body)


def unpack_leaf(page: bytes, edits: Edits = ()) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Keys and values of a leaf."""
    try:
        content = unpack_entries(body_of(page, LEAF))
        return edited(content, edits) if edits else content
    except DamagedEntries as error:
        raise BadPage(str(error)) from error


def unpack_leaf_columns(
    page: bytes, wanted: Sequence[int], edits: Edits = ()
) -> tuple[Sequence[Any], Sequence[tuple[Any, ...]]] | None:
    """Keys of a leaf and rows with some columns only, see `columns.unpack_columns`."""
    try:
        found = unpack_columns(body_of(page, LEAF), wanted)
        if found is None or not edits:
            return found
        keys, rows = found
        if not wanted:
            return edited((keys, [()] * len(keys)), edits, 0)[0], rows
        width = wanted[-1] + 1
        keys, rows = edited((keys, rows), edits, width)
        return (keys, rows) if all(len(row) == width for row in rows) else None
    except DamagedEntries as error:
        raise BadPage(str(error)) from error


def unpack_leaf_row(page: bytes, key: int, size: int) -> Row:
    """The row of a key in a leaf of `size` entries, see `column_parts.row_of`."""
    try:
        return row_of(body_of(page, LEAF), key, size)
    except DamagedEntries as error:
        raise BadPage(str(error)) from error


def unpack_leaf_head(page: bytes, stop: int, size: int) -> Head | None:
    """The first entries of a leaf of `size`, see `column_parts.head_of`."""
    try:
        return head_of(body_of(page, LEAF), stop, size)
    except DamagedEntries as error:
        raise BadPage(str(error)) from error


def unpack_branch(page: bytes) -> tuple[tuple[Any, ...], list[Child], bool]:
    """Separators, children, and whether these are leaves."""
    keys, pointers, sizes, leaves, edits = unpack_children(page)
    children = list(map(Child, map(_pointer, zip(*pointers)), sizes))
    for place, pieces in edits.items():
        children[place] = children[place]._replace(edits=pieces)
    return keys, children, leaves


def unpack_children(
    page: bytes,
) -> tuple[tuple[Any, ...], tuple[array[int], ...], array[int], bool, dict[int, Edits]]:
    """Separators; offsets, lengths, checksums and births of the children; their sizes; whether they are leaves; the edits of
    those that have some, by place."""
    leaves, separators, columns, edits = _branch(page)
    try:
        if {*map(type, columns)} != {bytes}:
            raise TypeError("numbers that are not packed")
        keys = unpack_column(separators)
        offsets, lengths, crcs, births, sizes = map(_numbers, "QIIQQ", columns)
    except (DamagedEntries, TypeError, ValueError) as error:
        raise BadPage(f"an unreadable branch: {error}") from error
    if not len(offsets) == len(lengths) == len(crcs) == len(births) == len(sizes) == len(keys) + 1:
        raise BadPage("a branch whose children and separators do not match")
    return keys, (offsets, lengths, crcs, births), sizes, bool(leaves), edits


def _branch(page: bytes) -> tuple[Any, Any, list[Any], dict[int, Edits]]:
    """The elements of a branch: whether its children are leaves, the separators, five columns, and the edits of leaves by place."""
    leaves, separators, *columns = _fields(body_of(page, BRANCH), 7, 8)
    if len(columns) == len(_FIRST):
        return leaves, separators, columns, {}
    found = columns.pop()
    try:
        edits = {place: tuple(pieces) for place, *pieces in found}
        places = range(len(columns[0]) // _FIRST[0].size)
        if all(place in places for place in edits) and all({*map(type, own)} == {bytes} for own in edits.values()):
            return leaves, separators, columns, edits
    except (TypeError, ValueError) as error:
        raise BadPage(f"an unreadable branch: {error}") from error
    raise BadPage("an unreadable branch: edits of no leaf")


def unpack_first(page: bytes) -> tuple[Pointer, int, bool, Edits]:
    """Of a branch's children the first one's pointer, its size, whether it is a leaf, and its edits."""
    leaves, _, columns, edits = _branch(page)
    try:
        offset, length, crc, birth, size = [form.unpack_from(column)[0] for form, column in zip(_FIRST, columns)]
    except (StructError, TypeError) as error:
        raise BadPage(f"an unreadable branch: {error}") from error
    return _pointer((offset, length, crc, birth)), size, bool(leaves), edits.get(0, ())


def unpack_state(page: bytes) -> tuple[int, list[TreeEntry]]:
    """Commit id and trees of a state."""
    commit_id, trees = _fields(body_of(page, STATE), 2)
    try:
        return commit_id, list(map(tree_entry, trees))
    except TypeError as error:
        raise BadPage(f"an unreadable state: {error}") from error


def tree_entry(packed: tuple[Any, ...]) -> TreeEntry:
    """A tree, as it stands in a state record. TypeError: it is none."""
    count, edits = len(packed), packed[_POINTED:]
    if (count < _POINTED and count != _EMPTY) or set(map(type, edits)) - {bytes}:
        raise TypeError("a tree of too many or too few fields")
    return _entry((*packed[:_EMPTY], _pointer(packed[_EMPTY:_POINTED]) if count > _EMPTY else None, edits))


def unpack_checkpoint(page: bytes) -> Checkpoint:
    """A checkpoint record."""
    try:
        body = msgpack.unpackb(body_of(page, CHECKPOINT), use_list=False)
        return Checkpoint(
            body["commit"],
            Pointer(*body["state"]) if body["state"] else None,
            [Pinned(commit, Pointer(*pointer), generation) for commit, *pointer, generation in body["pinned"]],
            list(body["free"]),
            [Dead(*dead) for dead in body["dead"]],
            body["end"],
            body.get("origin", b""),
        )
    except (ValueError, TypeError, LookupError, msgpack.exceptions.UnpackException) as error:
        raise BadPage(f"an unreadable checkpoint record: {error}") from error


def _pack(body: Any) -> bytes:
    packed: bytes = msgpack.packb(body, use_bin_type=True)
    return packed


def _fields(body: memoryview, *counts: int) -> Any:
    """The elements of a msgpack array of one of these lengths."""
    try:
        fields = msgpack.unpackb(body, use_list=False)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise BadPage(f"an unreadable page: {error}") from error
    if type(fields) is not tuple or len(fields) not in counts:
        raise BadPage(f"a page that is not an array of {counts[0]}")
    return fields


def _little(numbers: array[int]) -> bytes:
    """Little-endian bytes."""
    if sys.byteorder == "big":
        numbers = _swapped(numbers.typecode, numbers.tobytes())
    return numbers.tobytes()


def _swapped(code: str, data: bytes) -> array[int]:
    numbers = array(code, data)
    numbers.byteswap()
    return numbers


_numbers: Final[Callable[[str, bytes], array[int]]] = array if sys.byteorder == "little" else _swapped  # unpacked
