"""The first 8192 bytes of a database file: two header slots that alternate, so that one is whole at any moment.

Layout (format version 1)
    ========  ======================================================================
    offset    content
    ========  ======================================================================
    0         slot 0, 4096 bytes
    4096      slot 1, 4096 bytes
    8192      the log: frames until the end of the file (`storage/frames.py`)
    ========  ======================================================================

    A slot, little-endian, all within the first sector, the rest of its 4096 bytes zero (and checked to be)::

        magic 16s | version u32 | flags u32 | file id 16s | log identity 16s | sequence u64
        | end u64 | commit id u64 | crc at end u32 | crc32c u32 of all before it

    `end`, `commit id` and `crc at end` are the **witness**: when the slot was written, the log was durable up to byte
    `end`, its last commit was `commit id`, and its last frame had that checksum. `log identity` seeds the chain of
    checksums (INV-R3), so frames of another file do not verify here. The flag SEALED says that a clean close wrote the
    slot; recovery and creation write slots without it.

Writing
    A slot is written over the *other* one, with the next sequence number, then synced; only after the log it witnesses
    is durable. A torn write thus spoils the slot that nobody needs: the older one is still true, since what was
    durable then is durable now. The valid slot with the highest sequence is the header.

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

Worked example: a new file has slots with sequence 1 and 2, both ``end = 8192, commit = 0``. Two commits and a clean
close write sequence 3 into slot 0 with ``end = 8320, commit = 2``. If the file is found shorter than 8320 bytes later,
it was cut.

Limits: a witness tells of the last seal or recovery only; between those the frames themselves are the witnesses. If the
newer slot is damaged, the older one witnesses less. A file cut to nothing is an empty file, and that is a new database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import Struct
from typing import Final

from crc32c import crc32c

from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, NotSupportedError
from aerodb_dbapi.storage.files import SECTOR, File, FileSystem, write_all

MAGIC: Final = b"AeroDB file\r\n\x1a\n\x00"
FORMAT_VERSION: Final = 1
SLOT: Final = 4096
LOG_START: Final = 2 * SLOT
SEALED: Final = 1

_SLOT: Final = Struct("<16sII16s16sQQQI")
_CRC: Final = Struct("<I")
_VERSION: Final = Struct("<I")
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_USED: Final = _SLOT.size + _CRC.size


@dataclass(frozen=True, slots=True)
class Header:
    """One header slot. `end`, `commit_id` and `crc` witness how far the log was durable when it was written."""

    file_id: bytes
    log_id: bytes
    sequence: int = 1
    end: int = LOG_START
    commit_id: int = 0
    crc: int = 0
    flags: int = 0

    @property
    def sealed(self) -> bool:
        """Whether a clean close wrote this slot."""
        return bool(self.flags & SEALED)

    @property
    def offset(self) -> int:
        """Where this slot lies: odd sequence numbers in slot 0, even ones in slot 1."""
        return 0 if self.sequence % 2 else SLOT

    def following(self, end: int, commit_id: int, crc: int, *, sealed: bool) -> Header:
        """The header to be written next."""
        flags = SEALED if sealed else 0
        return replace(self, sequence=self.sequence + 1, end=end, commit_id=commit_id, crc=crc, flags=flags)


def encode(header: Header) -> bytes:
    """The 4096 bytes of a slot."""
    fields = _SLOT.pack(
        MAGIC, FORMAT_VERSION, header.flags, header.file_id, header.log_id,
        header.sequence, header.end, header.commit_id, header.crc,
    )  # fmt: skip
    return (fields + _CRC.pack(crc32c(fields))).ljust(SLOT, b"\x00")


def decode(raw: bytes, offset: int) -> tuple[Header, int] | None:
    """The header in the bytes of the slot at `offset`, and its format version; None if the slot is not sound."""
    if len(raw) < _USED or raw[: len(MAGIC)] != MAGIC or raw[_USED:].count(0) != len(raw) - _USED:
        return None
    fields = raw[: _SLOT.size]
    if crc32c(fields) != _CRC.unpack_from(raw, _SLOT.size)[0]:
        return None
    _, version, flags, file_id, log_id, sequence, end, commit_id, crc = _SLOT.unpack(fields)
    header = Header(file_id, log_id, sequence, end, commit_id, crc, flags)
    if version == FORMAT_VERSION and (header.offset != offset or end < LOG_START):
        return None
    return header, version


def is_unmade(file: File) -> bool:
    """Whether the file is new: empty, or left all zero by a creation that did not come to its end."""
    size = file.size()
    return size == 0 or (size <= LOG_START and size % SECTOR == 0 and not any(file.read_at(0, size)))


def create(files: FileSystem, file: File, path: str) -> Header:
    """Make an empty database in a file that `is_unmade`, durable when this returns, its name too."""
    file_id, log_id = files.random_bytes(16), files.random_bytes(16)
    first = Header(file_id, log_id, crc=crc32c(log_id))
    header = replace(first, sequence=2)
    file.truncate(LOG_START)
    file.sync()
    write_all(file, 0, encode(first) + encode(header))
    file.sync()
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
    raw = file.read_at(0, LOG_START)
    slots = (raw[:SLOT], raw[SLOT:])
    sound = [found for i, slot in enumerate(slots) if (found := decode(slot, i * SLOT)) is not None]
    if not sound:
        raise _no_header(slots, path)
    header, version = max(sound, key=lambda found: found[0].sequence)
    if version != FORMAT_VERSION:
        raise NotSupportedError(
            f"{path!r} has file format version {version}; this AeroDB reads version {FORMAT_VERSION}"
        )
    if any(other.file_id != header.file_id for other, _ in sound):
        raise CorruptionError("the two header slots belong to different files", file=path, offset=0)
    if len(raw) < LOG_START:
        raise CorruptionError("the file ends within its header", file=path, offset=len(raw))
    return header


def _no_header(slots: tuple[bytes, bytes], path: str) -> DatabaseError:
    """What a file without a sound header slot is."""
    if slots[0].startswith(_SQLITE_MAGIC):
        message = f"file is not a database: {path!r} is a SQLite database, which AeroDB does not read; export it as SQL"
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
