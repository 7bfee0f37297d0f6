"""The head of a log file: which database and which generation it belongs to.

Layout, little-endian, 4096 bytes of which all but the first sector are zero::

    magic 16s | version u32 | flags u32 (0) | file id 16s | log identity 16s | generation u64 | crc32c u32 of all before it

Frames follow from byte `LOG_START` (`storage/frames.py`). `file id` is that of the database file's header; `log identity`
is random, made anew for every generation, and seeds the checksums of its frames (INV-R3). Generations are numbered 1, 2,
…, without gap, over the life of a database.

The head is written once, when the file is made, and synced before anything names it. It lies in one sector, so it is there
or it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from crc32c import crc32c

MAGIC: Final = b"AeroDB log\r\n\x1a\n\x00\x00"
LOG_VERSION: Final = 2
LOG_START: Final = 4096

_HEAD: Final = Struct("<16sII16s16sQ")
_CRC: Final = Struct("<I")


@dataclass(frozen=True, slots=True)
class LogHead:
    """The identity of one log generation."""

    file_id: bytes
    log_id: bytes
    generation: int


def encode(head: LogHead) -> bytes:
    """The `LOG_START` bytes of a head."""
    fields = _HEAD.pack(MAGIC, LOG_VERSION, 0, head.file_id, head.log_id, head.generation)
    return (fields + _CRC.pack(crc32c(fields))).ljust(LOG_START, b"\x00")


def decode(raw: bytes) -> LogHead | None:
    """The head that a file begins with; None if it does not begin with one of this version."""
    if len(raw) < _HEAD.size + _CRC.size:
        return None
    fields = raw[: _HEAD.size]
    magic, version, _, file_id, log_id, generation = _HEAD.unpack(fields)
    if magic != MAGIC or version != LOG_VERSION or crc32c(fields) != _CRC.unpack_from(raw, _HEAD.size)[0]:
        return None
    return LogHead(file_id, log_id, generation)
