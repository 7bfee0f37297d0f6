"""Leaves that changed a little since a checkpoint: what changed stands in their branch, and their block stays as it is.

A change of a few rows all over a large table touches every leaf. Writing each of them anew costs as much as writing the table. So a
branch may hold, beside the pointer of a leaf's block, *edits*: what is to be done to the entries of that block to have those of
the leaf. A checkpoint then writes the branches alone, a hundredth of the blocks; who reads such a leaf reads its block and edits
the entries. The idea is that of the buffers of a Bε-tree (Brodal and Fagerberg, "Lower bounds for external memory dictionaries", 2003).

Pieces
    The edits of a leaf are pieces of bytes, one for each checkpoint that found it changed, to be applied in that order. A piece is
    msgpack, and names entries by the places that they have before it::

        [0, steps, keys, values]       step by step, ascending: 4·place + what. GONE: the entry at that place goes; COME: the
                                       next of keys and values comes to stand before it; REPLACED, RENEWED: the next value
                                       stands in its place, or key and value. values is nil if each is the last element of its key
        [1, places, columns, items]    the values at `places`, ascending, get other items in some columns: items[i][j] in
                                       column columns[i] of the value at places[j]

    Example: ``[0, [4, 10], [3], ["c"]]`` makes 1 3 4 of a leaf with the keys 1 2 4: the entry at place 1 goes, and 3 comes to stand
    before the one that is at place 2.

When (INV-C11)
    A leaf is written as edits of the block of the leaf that it was made of if the pieces take at most half of that block
    and `EDITS_MAX`; else it gets a block of its own, and begins anew. They have a key in common, so no other leaf of the state can
    be edits of the same block: a tree holds no key twice. Which leaf it was made of is found as for pages that are edited
    (`writing.py`), and what changed by identity (`patching.py`). `EDITING` switches it off; what is written can be read all the same.

The block lives as long as a state leads to it, edited or not, by the rules for all blocks (INV-G1, INV-G4). The branch's checksum covers
the edits (INV-C2).

Not here: where the edits stand in the page of a branch (`pages.py`), who loads a leaf (`blocks.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_, itemgetter
from typing import Any, Final

import msgpack

from aerodb_dbapi.storage.column_kinds import DamagedEntries
from aerodb_dbapi.storage.raw_text import pack, unpack

GONE, REPLACED, COME, RENEWED = 0, 1, 2, 3  # what a step does

EDITING = True  # whether checkpoints write edits
EDITS_MAX: Final = 1024  # bytes, for a leaf
LOOKS_LONG: Final = 4 * EDITS_MAX
SHARE = 2  # edits may take one part in so many of the bytes of a leaf's block, at most

Content = tuple[tuple[Any, ...], tuple[Any, ...]]
Entries = tuple[Sequence[Any], Sequence[Any]]
LONG: Final = bytes(EDITS_MAX + 1)  # stands for a piece that would be longer than any may be
Edits = tuple[bytes, ...]  # the pieces of one leaf; none for one that is as in its block

_STEPS, _COLUMNS = 0, 1
_last: Final = itemgetter(-1)
_WRONG: Final = (StopIteration, ValueError, TypeError, LookupError, msgpack.exceptions.UnpackException)


def room(length: int, edits: Edits) -> int:
    """How many bytes a further piece may take, where the block has `length` bytes."""
    return min(length // SHARE, EDITS_MAX) - sum(map(len, edits))


# --- Writing ----------------------------------------------------------------------------------------------------------


def packer() -> Callable[[Any], bytes]:
    """What packs pieces, for one thread."""
    made: Callable[[Any], bytes] = msgpack.Packer(use_bin_type=True).pack
    return made


def by_columns(
    places: Sequence[int], before: Sequence[Any], values: Sequence[Any], packer: Callable[[Any], bytes]
) -> bytes | None:
    """The piece that makes `values` of the values `before`, which differ at some places; None if they differ in width too."""
    olds, news = list(map(before.__getitem__, places)), list(map(values.__getitem__, places))
    if len({*map(len, news), *map(len, olds)}) != 1:
        return None
    numbers, columns = [], []
    for number, (former, items) in enumerate(zip(zip(*olds), zip(*news))):
        if not all(map(is_, former, items)):
            if _are_long(items):
                return LONG
            numbers.append(number)
            columns.append(items)
    return pack(packer, (_COLUMNS, places, numbers, columns))


def by_steps(steps: Sequence[int], keys: Sequence[Any], values: Sequence[Any], packer: Callable[[Any], bytes]) -> bytes:
    """The piece of steps, with the keys and values of those that need some."""
    alike = bool(keys) and keys[0].__class__ is tuple and all(map(is_, values, map(_last, keys)))
    columns = keys if alike else values
    if columns and columns[0].__class__ is tuple and any(map(_are_long, zip(*columns))):
        return LONG
    return pack(packer, (_STEPS, steps, keys, None if alike else values))


def _are_long(items: Sequence[Any]) -> bool:
    """Whether these look longer, by the first of them, than edits may be: then they are not packed to find out."""
    return items[0].__class__ in (str, bytes) and len(items[0]) * len(items) > LOOKS_LONG


# --- Reading ----------------------------------------------------------------------------------------------------------


def edited(content: Entries, edits: Edits, width: int | None = None) -> Content:
    """The entries of a block with the edits of its leaf done; `width`: the values are rows of which only as many columns count.
    `DamagedEntries`: these are no edits of that block."""
    keys, values = content
    try:
        for piece in edits:
            form, *fields = unpack(piece)
            if form == _COLUMNS:
                values = _replaced(values, *fields)
            elif form == _STEPS:
                steps, *new = fields
                keys, values = _stepped(keys, values, steps, *new, width=width)
            else:
                raise ValueError("a piece of an unknown form")
    except _WRONG as error:
        raise DamagedEntries(f"unreadable edits: {error}") from error
    return tuple(keys), tuple(values)


def _replaced(values: Sequence[Any], places: Sequence[int], numbers: Sequence[int], columns: Any) -> tuple[Any, ...]:
    """Values of which some have other items in some columns; of short ones, those that they have."""
    _check(places, len(values))
    made = list(values)
    for place, *items in zip(places, *columns, strict=True):
        row = list(made[place])
        size = len(row)
        for number, item in zip(numbers, items, strict=True):
            if number < size:
                row[number] = item
        made[place] = tuple(row)
    return tuple(made)


def _stepped(
    keys: Sequence[Any], values: Sequence[Any], steps: Sequence[int], new_keys: Sequence[Any],
    new_values: Sequence[Any] | None, *, width: int | None,
) -> Content:  # fmt: skip
    """Entries after some steps, which are done from the right, so that places stay valid."""
    if {*map(type, new_keys)} - {type(key) for key in keys[:1]}:
        raise ValueError("a key of another kind")
    new_values = list(map(_last, new_keys)) if new_values is None else new_values
    made_keys, made_values = list(keys), list(values)
    _check([step >> 2 for step in steps if step & 3 != COME], len(keys))
    if list(steps) != sorted(steps, key=_place) or any(not 0 <= step >> 2 <= len(keys) for step in steps):
        raise ValueError("places out of order")
    new = zip(reversed(new_keys), reversed(new_values), strict=True)
    for step in reversed(steps):
        place, what = step >> 2, step & 3
        if what == GONE:
            del made_keys[place], made_values[place]
            continue
        key, value = next(new)
        if width is not None:
            value = value[:width]
        if what == COME:
            made_keys.insert(place, key)
            made_values.insert(place, value)
            continue
        made_values[place] = value
        if what == RENEWED:
            made_keys[place] = key
    if next(new, None) is not None:
        raise ValueError("more keys than steps")
    return tuple(made_keys), tuple(made_values)


def _place(step: int) -> int:
    return step >> 2


def _check(places: Sequence[int], size: int) -> None:
    """Places ascend, and are within as many entries."""
    before = -1
    for place in places:
        if not before < place < size:
            raise ValueError("places out of order")
        before = place
