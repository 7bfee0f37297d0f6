"""Frames: the unit in which the log is written, checked and found again; and how a commit becomes frames.

Frame
    All integers little-endian::

        length u32 | crc32c u32 | mark 4s | previous u32 | witness u64 | body, `length` bytes of msgpack

    ========  ==========================================================================================================
    length    of the body; at least 1. A length that reaches beyond the end of the file is never allocated (INV-F3)
    crc32c    over log identity, length, previous, witness, the frame's own offset, body: in this order
    mark      4 bytes made of the log identity, the same in every frame: what a search looks for
    previous  the checksum of the frame before; of the log identity for the first frame
    witness   how far the log was known durable when this frame was made; always the end of a commit (or `LOG_START`)
    ========  ==========================================================================================================

    So the checksums chain (INV-R3): a frame is *next* only if it verifies and its `previous` is the checksum before it.
    A frame also verifies **by itself**, given the log identity and its offset. That is what lets recovery look beyond a
    bad frame for a later one, and believe its witness. A frame of another log, a frame at another offset (say, a copy
    of this very file stored as a blob), and a frame left from before a cut all fail one test or the other.

Bodies
    ``(EDITS, pieces)``                                  a part of a commit that does not fit one frame
    ``(COMMIT, pieces, created, dropped, commit_id)``    the last frame of a commit; its identity is its last element,
                                                         so that a commit exists wholly or not at all (INV-R2)
    ``(CONTINUED, generation, log_id, commit_id)``       the end of a generation: the next one, and the last commit here

    A piece holds edits of one tree (INV-R8: of tables and indexes alike), ``(form, tree, keys[, values])``:

    =============  ========================================  =========================================================
    form           keys                                      values
    =============  ========================================  =========================================================
    CHUNK          tuple, or int: the first of consecutive   one for each key
    CHUNK_KEYS     tuple of index keys                       none: the last element of each key
    WRITES         as CHUNK                                  as CHUNK
    WRITES_KEYS    as CHUNK_KEYS                             none
    DELETES        tuple                                     none
    =============  ========================================  =========================================================

Cutting
    Pieces are packed by msgpack in C, some thousand entries at a time, and gathered into frames of `FRAME_TARGET` bytes
    at most (and their small wrapping); only a single entry longer than that has a longer frame, all for itself.

Worked example: commit 5 puts row 17 into tree 2: one frame, 24 bytes of head, and the 19 bytes of
``(1, [(2, 2, 17, [(17, "a")])], [], [], 5)``.

Not here: files, order of writing (`storage/wal.py`), what to do about a bad frame (`storage/recovery.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import eq, itemgetter
from struct import Struct
from typing import Any, Final, NamedTuple

import msgpack
from crc32c import crc32c

from aerodb_dbapi.storage.errors import DataError, InternalError
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.raw_text import pack, unpack
from aerodb_dbapi.storage.record import Chunk, CommitRecord, Creation, TreeEdits
from aerodb_dbapi.storage.sentinels import TOMBSTONE, Sentinel

FRAME_TARGET: Final = 1 << 19
EDITS: Final = 0
COMMIT: Final = 1
CONTINUED: Final = 2
CHUNK, CHUNK_KEYS, WRITES, WRITES_KEYS, DELETES = range(5)

_HEAD: Final = Struct("<II4sIQ")
_SUMMED: Final = Struct("<IIQQ")
HEAD_SIZE: Final = _HEAD.size
MARK_OFFSET: Final = 8
MARK_SIZE: Final = 4
_FIRST_STEP: Final = 1024
_FEW: Final = 16
_LONGEST_BODY: Final = (1 << 32) - 1
_last = itemgetter(-1)


class Frame(NamedTuple):
    """A frame that verified by itself. `offset` is that of its head, `end` the first byte after it."""

    offset: int
    end: int
    crc: int
    previous: int
    witness: int
    body: memoryview


class Continued(NamedTuple):
    """The end of a log generation: which one goes on behind which commit."""

    generation: int
    log_id: bytes
    commit_id: int


@dataclass(frozen=True, slots=True)
class Chain:
    """What the log identity gives: the seed of every checksum, the mark of every frame; and the packer of one log."""

    seed: int
    mark: bytes
    packer: Callable[[Any], bytes]

    @classmethod
    def of(cls, log_id: bytes) -> Chain:
        return cls(crc32c(log_id), b"\xae" + log_id[:3], msgpack.Packer(use_bin_type=True).pack)

    def pack(self, value: Any) -> bytes:
        """msgpack of plain values; what cannot be stored is named, and nothing of the commit was written yet."""
        try:
            return pack(self.packer, value)
        except (TypeError, OverflowError) as error:
            raise InternalError(f"a value of this kind cannot be stored: {error}") from error
        except ValueError as error:  # also a UnicodeEncodeError, and lengths over 4 GiB
            raise DataError(f"string or blob too big, or not storable: {error}", name="SQLITE_TOOBIG") from error

    def checksum(self, body: bytes | memoryview, previous: int, witness: int, offset: int) -> int:
        """The checksum of a frame with that body."""
        return crc32c(body, crc32c(_SUMMED.pack(len(body), previous, witness, offset), self.seed))

    def frame(self, body: bytes, previous: int, witness: int, offset: int) -> tuple[bytes, int]:
        """The bytes of a frame at `offset`, and its checksum."""
        if len(body) > _LONGEST_BODY:
            raise DataError("string or blob too big", name="SQLITE_TOOBIG")
        length = len(body)
        crc = crc32c(body, crc32c(_SUMMED.pack(length, previous, witness, offset), self.seed))  # `checksum`
        return _HEAD.pack(length, crc, self.mark, previous, witness) + body, crc

    def head(self, raw: bytes | memoryview, offset: int) -> tuple[int, int, int, int] | None:
        """Length, checksum, previous, witness of the head that `raw` begins with; None if it cannot be one."""
        length, crc, mark, previous, witness = _HEAD.unpack_from(raw)
        if mark != self.mark or not length or not LOG_START <= witness <= offset:
            return None
        return length, crc, previous, witness


def frames_of(record: CommitRecord, chain: Chain, offset: int, previous: int, witness: int) -> tuple[list[bytes], int]:
    """The frames of a commit that is to lie at `offset`, and the checksum of the last."""
    body = _short_body(record, chain)
    if body is not None:
        frame, previous = chain.frame(body, previous, witness, offset)
        return [frame], previous
    frames: list[bytes] = []
    gathered: list[bytes] = []
    size = 0
    for edits in record.edits:
        for piece in _pieces(chain, edits):
            if gathered and size + len(piece) > FRAME_TARGET:
                frame, previous = chain.frame(_body(chain, EDITS, gathered), previous, witness, offset)
                frames.append(frame)
                offset += len(frame)
                gathered, size = [], 0
            gathered.append(piece)
            size += len(piece)
    body = _body(chain, COMMIT, gathered, record.created, record.dropped, record.commit_id)
    frame, previous = chain.frame(body, previous, witness, offset)
    frames.append(frame)
    return frames, previous


def _short_body(record: CommitRecord, chain: Chain) -> bytes | None:
    """The body of a commit of a few writes, packed at one go; None if it is not so small."""
    pieces: list[tuple[Any, ...]] = []
    for edits in record.edits:
        writes = edits.writes
        if edits.chunks or len(writes) > _FEW:
            return None
        for key, value in writes.items():
            if value is TOMBSTONE:
                pieces.append((DELETES, edits.tree, (key,)))
            elif type(key) is int:
                pieces.append((WRITES, edits.tree, key, (value,)))
            elif type(key) is tuple and type(value) is int:
                pieces.append((WRITES_KEYS, edits.tree, (key,)))
            else:
                pieces.append((WRITES, edits.tree, (key,), (value,)))
    body = chain.pack((COMMIT, pieces, record.created, record.dropped, record.commit_id))
    return body if len(body) <= FRAME_TARGET else None


def _body(chain: Chain, kind: int, pieces: list[bytes], *rest: Any) -> bytes:
    """``(kind, pieces, *rest)`` as msgpack, of pieces that are packed already."""
    return b"".join((_array(2 + len(rest)), chain.pack(kind), _array(len(pieces)), *pieces, *map(chain.pack, rest)))


def _array(count: int) -> bytes:
    """The head of a msgpack array."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdd" + count.to_bytes(4, "big")


def _pieces(chain: Chain, edits: TreeEdits) -> Iterator[bytes]:
    """The packed pieces of one tree's edits: chunks, then writes, then deletes."""
    keys: Sequence[Any]
    values: Sequence[Any]
    for keys, values in edits.chunks:
        yield from _entries(chain, CHUNK, edits.tree, keys, values)
    writes = edits.writes
    if not writes:
        return
    keys, values = list(writes), list(writes.values())
    deleted: list[Any] = []
    if Sentinel in set(map(type, values)):
        deleted = [key for key, value in writes.items() if value is TOMBSTONE]
        kept = {key: value for key, value in writes.items() if value is not TOMBSTONE}
        keys, values = list(kept), list(kept.values())
    yield from _entries(chain, WRITES, edits.tree, keys, values)
    yield from _cut(chain, DELETES, edits.tree, deleted, None)


def _entries(chain: Chain, form: int, tree: int, keys: Sequence[Any], values: Sequence[Any]) -> Iterator[bytes]:
    """Pieces of keys and values; of an index, whose values follow from its keys, of keys only."""
    if keys and type(keys[0]) is tuple and type(values[0]) is int:
        return _cut(chain, form + 1, tree, keys, None)
    return _cut(chain, form, tree, keys, values)


def _cut(chain: Chain, form: int, tree: int, keys: Sequence[Any], values: Sequence[Any] | None) -> Iterator[bytes]:
    """Pieces short enough for a frame, each of as many entries as fit by the size of those before."""
    at, step, count = 0, _FIRST_STEP, len(keys)
    while at < count:
        stop = min(at + step, count)
        some = keys[at:stop]
        if values is None:
            packed = chain.pack((form, tree, some))
        else:
            packed = chain.pack((form, tree, some[0] if _consecutive(some) else some, values[at:stop]))
        if len(packed) > FRAME_TARGET and stop - at > 1:
            step = max(1, min((stop - at) // 2, (stop - at) * FRAME_TARGET // (2 * len(packed))))
            continue
        yield packed
        step = max(1, (stop - at) * FRAME_TARGET * 3 // (4 * len(packed)))
        at = stop


def _consecutive(keys: Sequence[Any]) -> bool:
    """Whether keys are integers first, first + 1, …; cheap to deny."""
    first, count = keys[0], len(keys)
    if type(first) is not int or keys[-1] - first != count - 1:
        return False
    return count == 1 or type(keys) is range or all(map(eq, keys, range(first, first + count)))


class BodyError(Exception):
    """A body that verified, yet is not one this version writes. Recovery makes a CorruptionError of it."""


class Assembly:
    """The commit being read: pieces gathered frame by frame until its identity comes."""

    __slots__ = ("_edits",)

    def __init__(self) -> None:
        self._edits: dict[int, TreeEdits] = {}

    def take(self, body: memoryview) -> CommitRecord | Continued | None:
        """Read the next body; the whole commit if this was its last frame, or that the generation ends here."""
        try:
            kind, pieces, *rest = unpack(body)
            if kind == CONTINUED and not self._edits:
                log_id, commit_id = rest
                return Continued(pieces, bytes(log_id), commit_id)
            for piece in pieces:
                self._take_piece(*piece)
            if kind == EDITS and not rest:
                return None
            if kind != COMMIT:
                raise BodyError(f"unknown record kind {kind!r}")
            created, dropped, commit_id = rest
            record = CommitRecord(commit_id, list(self._edits.values()), _creations(created), list(dropped))
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise BodyError(f"unreadable record: {error}") from error
        self._edits = {}
        return record

    def _take_piece(self, form: int, tree: int, keys: Any, values: Sequence[Any] | None = None) -> None:
        edits = self._edits.get(tree)
        if edits is None:
            edits = self._edits[tree] = TreeEdits(tree)
        if form == DELETES:
            edits.writes.update(zip(keys, repeat(TOMBSTONE)))
        elif form in (CHUNK, CHUNK_KEYS):
            edits.chunks.append(_read_entries(keys, values))
        elif form in (WRITES, WRITES_KEYS):
            edits.writes.update(zip(*_read_entries(keys, values)))
        else:
            raise BodyError(f"unknown form of edits {form!r}")


def _read_entries(keys: Any, values: Sequence[Any] | None) -> Chunk:
    """Keys and values of a piece, as many of the one as of the other."""
    if values is None:
        return keys, tuple(map(_last, keys))
    if type(keys) is int:
        return range(keys, keys + len(values)), values
    if len(keys) != len(values):
        raise BodyError("keys and values differ in number")
    return keys, values


def _creations(created: Sequence[Sequence[Any]]) -> list[Creation]:
    return [(tree, kind, unique_prefix) for tree, kind, unique_prefix in created]
