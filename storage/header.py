"""The first 8192 bytes of a database file: two header slots that alternate, so that one is whole at any moment.

Layout (format version 2)
    ========  ======================================================================
    offset    content
    ========  ======================================================================
    0         slot 0, 4096 bytes
    4096      slot 1, 4096 bytes
    8192      blocks (`storage/blocks.py`)
    ========  ======================================================================

    A slot, little-endian, all within the first sector, the rest of its 4096 bytes zero (and checked to be)::

        magic 16s | version u32 | flags u32 | file id 16s | sequence u64
        | commit u64 | checkpoint offset u64 | checkpoint length u32 | checkpoint crc u32
        | generation u64 | log identity 16s | end u64 | end commit u64 | end crc u32 | crc32c u32 of all before it

    `commit` and the pointer name the checkpoint record in force; all zero: the empty database. `generation` and `log
    identity` name the first log generation that recovery must read, which begins behind `commit`. `end`, `end commit`
    and `end crc` are its **witness**: when the slot was written, that log was durable up to byte `end`, its last commit
    was `end commit`, and its last frame had that checksum. The flag SEALED says that a clean close wrote the slot: there
    is no log to read, and `generation` is the last one that was.

Writing
    A slot is written over the *other* one, with the next sequence number, then synced; only after everything it points
    to is durable (INV-C1). A torn write thus spoils the slot that nobody needs. The valid slot with the highest sequence
    is the header.

Creation
    The file is first extended to 8192 zero bytes and synced, then both slots are written and synced, then the
    directory. A crash in between leaves no file, an empty file, zeros, or at least one valid slot; the first three are
    taken for a new database, since nothing was ever acknowledged in them. A *shorter* file is never a half-made one.
    Until a slot is written again, each opening writes the one in force anew and syncs it and the directory: what it
    reads may be in the kernel's memory only, if the creating process was killed, or its sync failed.

What is refused, and how (INV-E1, INV-F3)
    ==============================================  ===========================================================
    neither slot has our magic                       DatabaseError SQLITE_NOTADB "file is not a database"
    the file is one of SQLite's                      the same, saying so
    our magic with another format version            NotSupportedError with both version numbers
    our magic, but no sound slot                     CorruptionError at offset 0
    a sound slot in a file shorter than 8192 bytes   CorruptionError at the file's end
    ==============================================  ===========================================================

Worked example: a new file has slots with sequence 1 and 2, both sealed, commit 0. The first commit makes a log, named by
sequence 3 in slot 0 with ``generation = 1``. The clean close writes a checkpoint of commit 2 and sequence 4 into slot 1:
``commit = 2``, sealed.

Limits: if the newer slot is damaged, the older one is taken; its checkpoint or its log is gone by then, or its log is
followed by one that it does not name: an error. A file cut to nothing is an empty file, and that is a new database.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import itemgetter
from struct import Struct
from typing import Any, Final

from crc32c import crc32c

from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, NotSupportedError
from aerodb_dbapi.storage.files import SECTOR, File, FileSystem, write_all
from aerodb_dbapi.storage.pages import Pointer

MAGIC: Final = b"AeroDB file\r\n\x1a\n\x00"
FORMAT_VERSION: Final = 2
SLOT: Final = 4096
BLOCKS_START: Final = 2 * SLOT
SEALED: Final = 1

_SLOT: Final = Struct("<16sII16sQQQIIQ16sQQI")
_CRC: Final = Struct("<I")
_VERSION: Final = Struct("<I")
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_NOWHERE: Final = (0, 0, 0, 0)
_SEQUENCE_AT: Final = 40
_SEQUENCE_SIZE: Final = 8
_USED: Final = _SLOT.size + _CRC.size
_UNUSED: Final = bytes(SLOT - _USED)
_FILE_ID, _SEQUENCE = 3, 4  # among the fields


@dataclass(frozen=True, slots=True)
class Header:
    """One header slot. `end`, `end_commit` and `crc` witness how far the log was durable when it was written."""

    file_id: bytes
    sequence: int = 1
    commit_id: int = 0
    checkpoint: Pointer | None = None
    generation: int = 0
    log_id: bytes = bytes(16)
    end: int = 0
    end_commit: int = 0
    crc: int = 0
    flags: int = SEALED

    @property
    def sealed(self) -> bool:
        """Whether there is no log to read."""
        return bool(self.flags & SEALED)

    @property
    def offset(self) -> int:
        """Where this slot lies: odd sequence numbers in slot 0, even ones in slot 1."""
        return 0 if self.sequence % 2 else SLOT

    def following(self, **changes: Any) -> Header:
        """The header to be written next."""
        return replace(self, sequence=self.sequence + 1, **changes)

    def with_log(self, generation: int, log_id: bytes) -> Header:
        """The header that names another first generation, of which nothing is witnessed yet."""
        return self.following(generation=generation, log_id=log_id, end=0, end_commit=0, crc=0, flags=0)


def encode(header: Header) -> bytes:
    """The 4096 bytes of a slot."""
    offset, length, crc, _ = header.checkpoint or _NOWHERE
    fields = _SLOT.pack(
        MAGIC, FORMAT_VERSION, header.flags, header.file_id, header.sequence, header.commit_id, offset, length, crc,
        header.generation, header.log_id, header.end, header.end_commit, header.crc,
    )  # fmt: skip
    return (fields + _CRC.pack(crc32c(fields))).ljust(SLOT, b"\x00")


def decode(raw: bytes, offset: int) -> Header | None:
    """The header in the bytes of the slot at `offset`; None if the slot is not sound, or of another version."""
    fields = _sound(raw, offset)
    return None if fields is None else _header_of(fields)


def _sound(raw: bytes, offset: int) -> tuple[Any, ...] | None:
    """The fields of the slot at `offset`, if it is sound and of this version."""
    if len(raw) < _USED or not raw.startswith(MAGIC) or not raw.endswith(_UNUSED[: len(raw) - _USED]):
        return None
    fields = raw[: _SLOT.size]
    if crc32c(fields) != _CRC.unpack_from(raw, _SLOT.size)[0]:
        return None
    found = _SLOT.unpack(fields)
    return found if found[1] == FORMAT_VERSION and (0 if found[_SEQUENCE] % 2 else SLOT) == offset else None


def _header_of(fields: tuple[Any, ...]) -> Header:
    _, _, flags, file_id, sequence, commit_id, at, length, page_crc, *log = fields
    generation, log_id, end, end_commit, crc = log
    pointer = Pointer(at, length, page_crc, 0) if at else None
    return Header(file_id, sequence, commit_id, pointer, generation, log_id, end, end_commit, crc, flags)


def is_unmade(file: File) -> bool:
    """Whether the file is new: empty, or left all zero by a creation that did not come to its end."""
    size = file.size()
    return size == 0 or (size <= BLOCKS_START and size % SECTOR == 0 and not any(file.read_at(0, size)))


def create(files: FileSystem, file: File, path: str) -> Header:
    """Make an empty database in a file that `is_unmade`, durable when this returns, its name too."""
    first = Header(files.random_bytes(16))
    header = first.following()
    try:
        file.truncate(BLOCKS_START)
        file.sync()
        write_all(file, 0, encode(first) + encode(header))
        file.sync()
    except OSError:
        with suppress(OSError):  # half a header would be taken for damage by the next who opens the file
            file.truncate(0)
        raise
    files.sync_directory(path)
    return header


def write(file: File, header: Header) -> None:
    """Write a header into its slot and make it durable. What it witnesses must be durable already."""
    write_all(file, header.offset, encode(header))
    file.sync()


def confirm(files: FileSystem, file: File, path: str, header: Header) -> None:
    """Make a header that only creation wrote durable, should creation have ended before it was; changes no byte."""
    if header.sequence <= 2:
        write(file, header)
        files.sync_directory(path)


def read(file: File, path: str) -> Header:
    """The header in force, or the error that says why there is none."""
    raw = file.read_at(0, BLOCKS_START)
    slots = (raw[:SLOT], raw[SLOT:])
    sound = [found for i, slot in enumerate(slots) if (found := _sound(slot, i * SLOT)) is not None]
    if not sound:
        raise _no_header(slots, path)
    header = _header_of(max(sound, key=itemgetter(_SEQUENCE)))
    if any(other[_FILE_ID] != header.file_id for other in sound):
        raise CorruptionError("the two header slots belong to different files", file=path, offset=0)
    if len(raw) < BLOCKS_START:
        raise CorruptionError("the file ends within its header", file=path, offset=len(raw))
    return header


def numbers(file: File) -> bytes:
    """The sequence numbers in both slots, as they stand there: other ones if a header was written."""
    return file.read_at(_SEQUENCE_AT, _SEQUENCE_SIZE) + file.read_at(SLOT + _SEQUENCE_AT, _SEQUENCE_SIZE)


def _no_header(slots: tuple[bytes, bytes], path: str) -> DatabaseError:
    """What a file without a sound header slot is."""
    if slots[0].startswith(_SQLITE_MAGIC):
        message = (
            f"file is not a database: {path!r} is a SQLite database; "
            f"python -m aerodb_dbapi.tools import {shlex.quote(path)} NEW makes an AeroDB file of it"
        )
        return DatabaseError(message, name="SQLITE_NOTADB")
    ours = [slot for slot in slots if slot.startswith(MAGIC)]
    versions = {_VERSION.unpack_from(slot, len(MAGIC))[0] for slot in ours if len(slot) >= _USED}
    if len(ours) == 2 and len(versions) == 1 and FORMAT_VERSION not in versions:
        return _other_version(versions.pop(), path)
    if ours:
        return CorruptionError("both header slots are damaged", file=path, offset=0)
    return DatabaseError(f"file is not a database: {path!r}", name="SQLITE_NOTADB")


def _other_version(version: int, path: str) -> NotSupportedError:
    return NotSupportedError(f"{path!r} has file format version {version}; this AeroDB reads version {FORMAT_VERSION}")
