"""A database file that nobody has open, looked at without changing a byte: for inspection, checks, salvage and restoring.

`Offline` opens the file for reading only and locks it as any process would (`database is locked` if one has it); the log
generations beside it are found by their heads, whatever their names. Nothing is created, settled, cut or renamed, so a
damaged file is after a look what it was before.

::

    with Offline(path) as file:
        file.slots()              both header slots, None for one that is not sound
        file.blocks()             the block file, or the error that opening would give
        file.logs()               the generations beside it
        file.replay(blocks)       the commits behind the checkpoint, judged as recovery does (INV-R5, INV-R7, INV-R9)

Example: ``sum(1 for _ in file.replay(file.blocks()))`` is the number of commits that the next opening will find in the log.
"""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import log_head
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import NodeCache
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import File, OperatingSystemFile, OperatingSystemFiles, io_error
from aerodb_dbapi.storage.generations import Generations
from aerodb_dbapi.storage.header import SLOT, Header
from aerodb_dbapi.storage.log_head import LOG_START, LogHead
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import NOTHING, Scan, Witness
from aerodb_dbapi.storage.wal import Log

CACHE = 64 << 20


class ReadOnlyFiles(OperatingSystemFiles):
    """The real file system, of which nothing is changed."""

    def open(self, path: str, *, create: bool = False) -> OperatingSystemFile:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        if not os.path.isfile(path):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "Not a regular file", path)
        return OperatingSystemFile(descriptor)

    def remove(self, path: str) -> None:
        raise OSError(errno.EROFS, "Read-only", path)

    def rename(self, old: str, new: str) -> None:
        raise OSError(errno.EROFS, "Read-only", old)


FILES = ReadOnlyFiles()


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file that is a log generation by its name; `head` is None if it has no sound head."""

    path: str
    head: LogHead | None
    size: int

    def scan(self, commit_id: int | None = None) -> tuple[File, Scan]:
        """A reading of the file, which the caller closes."""
        assert self.head is not None
        file = FILES.open(self.path)
        return file, Scan(file, self.path, self.head, commit_id)


class Offline:
    """A database file, locked, for reading. Raises OperationalError if it is not there or in use."""

    def __init__(self, path: str, timeout: float = 0) -> None:
        self.path = path
        try:
            self.file = FILES.open(path)
        except OSError as error:
            raise OperationalError(
                f"unable to open database file: {path}: {error.strerror}", name="SQLITE_CANTOPEN"
            ) from error
        if not self.file.lock(timeout):
            self.file.close()
            raise OperationalError("database is locked", name="SQLITE_BUSY")
        self.size = self.file.size()

    def __enter__(self) -> Offline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def is_new(self) -> bool:
        """Whether opening it would make a new database of it."""
        return headers.is_unmade(self.file)

    def slots(self) -> tuple[Header | None, Header | None]:
        """Both header slots, as far as they are sound."""
        raw = self.file.read_at(0, 2 * SLOT)
        return headers.decode(raw[:SLOT], 0), headers.decode(raw[SLOT:], SLOT)

    def blocks(self) -> BlockFile:
        """The blocks, under the header in force. Raises what opening would raise."""
        return BlockFile.open(self.file, self.path, NodeCache(CACHE))

    def logs(self) -> list[LogFile]:
        """The log generations beside the file, by number; files without a sound head first."""
        return logs_beside(self.path)

    def replay(self, blocks: BlockFile) -> Iterator[CommitRecord]:
        """The commits behind the checkpoint, in order. CorruptionError where recovery would find damage."""
        logs: list[Log] = []
        try:
            yield from judged(Generations(FILES, self.path, blocks.header.file_id), blocks.header, logs)
        finally:
            for log in logs:
                log.close()


def judged(generations: Generations, header: Header, logs: list[Log]) -> Iterator[CommitRecord]:
    """The commits behind a header's checkpoint, in order; CorruptionError where recovery would find damage. Nothing is
    changed. When they are exhausted the last of `logs`, if any, stands at its valid end. The caller closes all of them."""
    generation, log_id, commit_id = header.generation, header.log_id, header.commit_id
    witness = Witness(header.end, header.end_commit, header.crc)
    end = 0
    while not header.sealed:
        log, reading = generations.reading(generation, log_id, commit_id, witness)
        logs.append(log)
        yield from reading.commits()
        end, witness = reading.end, NOTHING
        commit_id = reading.summary.commit_id
        log.advance(reading)
        if reading.continued is None:
            break
        generation, log_id, _ = reading.continued
    generations.check_nothing_follows(generation + 1, logs[-1].path if logs else generations.path, end)


def logs_beside(path: str) -> list[LogFile]:
    """The log generations that lie beside a database file, by number; files without a sound head first."""
    found = [read_log(name) for name in glob.glob(f"{glob.escape(path)}-wal*")]
    return sorted(found, key=lambda log: (log.head is not None and log.head.generation, log.path))


def read_log(path: str) -> LogFile:
    """The head of a file that should be a log generation."""
    try:
        file = FILES.open(path)
        try:
            return LogFile(path, log_head.decode(file.read_at(0, LOG_START)), file.size())
        finally:
            file.close()
    except OSError as error:
        raise io_error(error, "SQLITE_IOERR_READ", path) from error
