"""The log: the one place where commits go to disk. Appending, flushing, sealing; opening hands back what is there.

The life of a log
    ::

        open ──► recovering ──► ready ──► closed
                     │            │
                     └─ damage    └─ failed (INV-R6) ──► closed

    `Log.open` takes the file's lock, makes a new database where there is none (`storage/header.py`) and returns the
    log with an iterator of the commits it holds (`storage/recovery.py`). When that is exhausted the recovered state
    is durable and the log is ready. If it raises, the file is closed and unlocked again.

Writing a commit
    `append` packs the record into frames and keeps them in memory, in the order in which commits are to be; the
    commit's identity is the last element of its last frame (INV-R2). `flush` writes what was appended and, if told
    to, syncs. Both may be called from different threads: while one flushes, others append, and the next flush takes
    all of theirs: that is group commit. The caller sees to INV-R1: it acknowledges what `flush(sync=True)` returned,
    not what it appended.

        log.append(CommitRecord(1, …)) → 8257       in memory
        log.append(CommitRecord(2, …)) → 8320       in memory
        log.flush(sync=True)           → 8320       one write, one sync; both durable
        log.append(CommitRecord(3, …))              its frame witnesses that 8320 bytes were durable

    Frames chain by checksum (INV-R3) and hold edits of tables and of indexes alike (INV-R8).

Failure
    Any write or sync that fails is final (INV-R6): nothing tells which bytes arrived, and a later sync that succeeds
    would prove nothing. From then on every `append` and `flush` raises the same error, and `close` seals nothing.
    Reopening recovers: commits of the failed batch may be there or not, none of them was acknowledged. An
    interruption between Python instructions (KeyboardInterrupt) is not a failure: what was appended stays in memory
    until it is known to be written, at offsets of its own, and the next flush writes it again.

Sealing
    `close` syncs and writes a header slot that witnesses end, checksum and identity of the last commit, so that a
    file cut short later is noticed (INV-R7). It is the only write to the header in the ordinary life of a database.

Not here: when to sync (`PRAGMA synchronous`, `storage/commit.py`), checkpoints; a log that several processes append
to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final, NamedTuple

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.errors import InternalError, OperationalError
from aerodb_dbapi.storage.files import File, FileSystem, io_error, write_all
from aerodb_dbapi.storage.frames import frames_of
from aerodb_dbapi.storage.header import LOG_START
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import Scan, settle

WRITE_BATCH: Final = 4 << 20


class Appended(NamedTuple):
    """One commit in the log: its frames from `start` to `end`, the checksum of the last, its identity."""

    start: int
    end: int
    crc: int
    commit_id: int
    frames: list[bytes]


class Log:
    """The log of one open database file. `append` calls are ordered by the caller; `flush` may run beside them."""

    __slots__ = (
        "_buffer", "_chain", "_closed", "_durable", "_failure", "_file", "_header", "_ready", "_writing", "_written",
        "path",
    )  # fmt: skip

    def __init__(self, file: File, path: str, reading: Scan) -> None:
        self.path = path
        self._file = file
        self._writing = threading.Lock()  # one flush at a time
        self._buffer: list[Appended] = []  # appended, not known to be written; each entry has its place
        self._written = Appended(LOG_START, LOG_START, reading.crc, 0, [])  # the last entry known to be written
        self._durable = LOG_START
        self._header = reading.header
        self._chain = reading.chain
        self._ready = False
        self._closed = False
        self._failure: tuple[str, str] | None = None

    @classmethod
    def open(cls, files: FileSystem, path: str, *, timeout: float = 5.0) -> tuple[Log, Iterator[CommitRecord]]:
        """The log of the file at `path`, made if missing, and its commits; the log is ready once they are exhausted."""
        file = _open_locked(files, path, timeout)
        try:
            if made := headers.is_unmade(file):
                headers.create(files, file, path)
            reading = Scan(file, path)
            if not made:
                headers.confirm(files, file, path, reading.header)
            log = cls(file, path, reading)
            return log, log._recover(reading)
        except OSError as error:
            file.close()
            raise io_error(error, "SQLITE_IOERR", path) from error
        except BaseException:
            file.close()
            raise

    @property
    def end(self) -> int:
        """Where the next commit will begin."""
        return self._tail.end

    @property
    def commit_id(self) -> int:
        """The last commit appended, 0 if none ever was."""
        return self._tail.commit_id

    @property
    def durable_end(self) -> int:
        """Up to where the log is known to be durable."""
        return self._durable

    @property
    def failure(self) -> OperationalError | None:
        """Why the log takes no more commits, if so: a new error at each asking."""
        return None if self._failure is None else OperationalError(self._failure[0], name=self._failure[1])

    def append(self, record: CommitRecord) -> int:
        """Put a commit behind the last one, in memory; where it ends. Nothing was changed if it raises."""
        self._check()
        tail = self._tail
        if record.commit_id != tail.commit_id + 1:
            raise InternalError(f"commit {record.commit_id} appended after commit {tail.commit_id}")
        frames, crc = frames_of(record, self._chain, tail.end, tail.crc, self._durable)
        end = tail.end + (len(frames[0]) if len(frames) == 1 else sum(map(len, frames)))
        self._buffer.append(Appended(tail.end, end, crc, record.commit_id, frames))
        return end

    def flush(self, sync: bool) -> int:
        """Write all that was appended before the call, and sync if told to; up to where that is done."""
        with self._writing:
            self._check()
            count = len(self._buffer)
            if count:
                entries = self._buffer[:count]
                try:
                    _write(self._file, entries)
                except OSError as error:
                    raise self._fail(error, "SQLITE_IOERR_WRITE") from error
                self._written = entries[-1]
                del self._buffer[:count]
            end = self._written.end
            if sync and self._durable < end:
                try:
                    self._file.sync()
                except OSError as error:
                    raise self._fail(error, "SQLITE_IOERR_FSYNC") from error
                self._durable = end
            return end

    def close(self, *, seal: bool = True) -> None:
        """Flush, sync, seal the file in its header and let go of it; without `seal` or after a failure, only let go."""
        if self._closed:
            return
        try:
            if seal and self._ready and self._failure is None:
                self._seal()
        finally:
            self._closed = True
            self._file.close()

    @property
    def _tail(self) -> Appended:
        """The last commit appended. A flush may empty the buffer at any moment, but sets `_written` before."""
        try:
            return self._buffer[-1]
        except IndexError:
            return self._written

    def _check(self) -> None:
        if self._failure is not None:
            raise OperationalError(self._failure[0], name=self._failure[1])
        if not self._ready or self._closed:
            raise InternalError(f"the log is {'closed' if self._closed else 'still recovering'}: {self.path}")

    def _fail(self, error: OSError, name: str) -> OperationalError:
        """Final (INV-R6): remember the reason, for every later call."""
        told = io_error(error, name, self.path)
        self._failure = (f"{told}; the database is read-only until it is opened again", told.sqlite_errorname)
        return OperationalError(self._failure[0], name=self._failure[1])

    def _recover(self, reading: Scan) -> Iterator[CommitRecord]:
        """The commits that are there; then their durability is settled and the log is ready."""
        try:
            yield from reading.commits()
            found = reading.summary
            self._header = settle(self._file, found)
            self._written = Appended(found.end, found.end, found.crc, found.commit_id, [])
            self._durable = found.end
            self._ready = True
        except OSError as error:
            self.close(seal=False)
            raise io_error(error, "SQLITE_IOERR", self.path) from error
        except BaseException:
            self.close(seal=False)
            raise

    def _seal(self) -> None:
        end = self.flush(sync=True)
        if end == self._header.end:
            return
        last = self._written
        header = self._header.following(end, last.commit_id, last.crc, sealed=True)
        try:
            headers.write(self._file, header)
        except OSError as error:
            raise self._fail(error, "SQLITE_IOERR_WRITE") from error
        self._header = header


def _write(file: File, entries: list[Appended]) -> None:
    """Write the frames of commits that lie one behind the other, some megabytes at a time."""
    offset, size = entries[0].start, 0
    if len(entries) == 1 == len(entries[0].frames):
        return write_all(file, offset, entries[0].frames[0])
    batch: list[bytes] = []
    for entry in entries:
        for frame in entry.frames:
            batch.append(frame)
            size += len(frame)
            if size >= WRITE_BATCH:
                write_all(file, offset, b"".join(batch))
                offset, size = offset + size, 0
                batch.clear()
    return write_all(file, offset, b"".join(batch))


def _open_locked(files: FileSystem, path: str, timeout: float) -> File:
    """The file of that name, locked. A name that came to mean another file while we waited is opened again."""
    while True:
        try:
            file = files.open(path, create=True)
        except OSError as error:
            raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
        try:
            if not file.lock(timeout):
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            if files.identity(path) == file.identity():
                return file
        except OSError as error:
            file.close()
            raise io_error(error, "SQLITE_IOERR", path) from error
        except BaseException:
            file.close()
            raise
        file.close()
