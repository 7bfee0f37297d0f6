"""The log: the one place where commits go to disk first. One object is one generation, one file; appending and flushing.

The life of a generation
    ::

        create ─────────────────► ready ──► ended ──► closed
        (found) ──► settle ─────►   │
                                    └─ failed (INV-R6) ──► closed

    `generations.py` makes, finds and removes the files. `Log.create` makes an empty generation; of the file of an
    unclean end `storage/recovery.py` gives the commits; when they are exhausted, and nothing speaks against them,
    `Log.settle` makes them durable, and the log is ready unless another generation goes on where this one ends.

Writing a commit
    `append` packs the record into frames and keeps them in memory, in the order in which commits are to be; the
    commit's identity is the last element of its last frame (INV-R2). `flush` writes what was appended and, if told
    to, syncs. Both may be called from different threads: while one flushes, others append, and the next flush takes
    all of theirs: that is group commit. The caller sees to INV-R1: it acknowledges what `flush(sync=True)` returned,
    not what it appended.

        log.append(CommitRecord(1, …)) → 4161       in memory
        log.append(CommitRecord(2, …)) → 4224       in memory
        log.flush(sync=True)           → 4224       one write, one sync; both durable
        log.append(CommitRecord(3, …))              its frame witnesses that 4224 bytes were durable

    Frames chain by checksum (INV-R3) and hold edits of tables and of indexes alike (INV-R8). `append_end` appends the
    last frame of a generation, which names the next one.

    Ids go on from the commit behind which the generation begins (INV-R11).

Room in advance
    A sync that has to make a file longer takes about a third longer than one that does not. So the file is extended with
    zeros before its frames reach its end, by as much again as it has, between `ROOM_LEAST` and `ROOM_MOST`. Zeros behind
    the last frame are no frame, and mean nothing to recovery. The first commit of a session makes none, for it may be the
    only one; nor does a disk that has no room for zeros: frames are appended then, and it is tried again `ROOM_LEAST` bytes
    later. A generation that has ended is cut to its frames (`trim`). `ROOM_LEAST = 0` switches all of this off.

Failure
    Any write or sync that fails is final (INV-R6): nothing tells which bytes arrived, and a later sync that succeeds
    would prove nothing. From then on every `append` and `flush` raises the same error. Reopening recovers: commits of
    the failed batch may be there or not, none of them was acknowledged. An interruption between Python instructions
    (KeyboardInterrupt) is not a failure: what was appended stays in memory until it is known to be written, at offsets
    of its own, and the next flush writes it again.

Not here: when to sync (`PRAGMA synchronous`, `storage/commit.py`), when to begin another generation (`checkpoint.py`).
"""

from __future__ import annotations

import errno
import threading
from contextlib import suppress
from typing import Any, Final, NamedTuple

from aerodb_dbapi.storage import log_head
from aerodb_dbapi.storage.errors import InternalError, OperationalError
from aerodb_dbapi.storage.files import File, io_error, is_full, write_all
from aerodb_dbapi.storage.frames import CONTINUED, Chain, Continued, frames_of
from aerodb_dbapi.storage.log_head import LOG_START, LogHead
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import Scan, settle

WRITE_BATCH: Final = 4 << 20
ROOM_LEAST = 1 << 16
ROOM_MOST = 4 << 20
_appended: Final[Any] = tuple.__new__  # with `Appended`: without the call that its own constructor is


class Appended(NamedTuple):
    """One commit in the log: its frames from `start` to `end`, the checksum of the last, its identity."""

    start: int
    end: int
    crc: int
    commit_id: int
    frames: list[bytes]


class Log:
    """One log generation. `append` calls are ordered by the caller; `flush` may run beside them."""

    __slots__ = (
        "_buffer", "_chain", "_closed", "_durable", "_failure", "_file", "_ready", "_room", "_scarce", "_writing",
        "_written", "base", "head", "path",
    )  # fmt: skip

    def __init__(self, file: File, path: str, head: LogHead, commit_id: int) -> None:
        self.path = path
        self.head = head
        self.base = commit_id  # the commit behind which this generation begins
        self._file = file
        self._writing = threading.Lock()  # one flush at a time
        self._buffer: list[Appended] = []  # appended, not known to be written; each entry has its place
        self._chain = Chain.of(head.log_id)
        self._written = Appended(LOG_START, LOG_START, self._chain.seed, commit_id, [])  # the last known to be written
        self._durable = LOG_START
        self._room = LOG_START  # how long the file is
        self._scarce = 0  # the disk was full: before this place no room is made
        self._ready = False
        self._closed = False
        self._failure: tuple[str, str] | None = None

    @classmethod
    def create(cls, file: File, path: str, head: LogHead, commit_id: int, room: bool = False) -> Log:
        """A new generation in an empty file, behind that commit; its head, and its room if it is to have some from the
        beginning, are durable, its name is not."""
        log = cls(file, path, head, commit_id)
        try:
            write_all(file, 0, log_head.encode(head))
            if room:
                log._make_room(LOG_START)
            file.sync()
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR_WRITE", path) from error
        log._ready = True
        return log

    def settle(self, reading: Scan) -> None:
        """The file was read to its end: make what was found durable; the log is ready if it goes on."""
        found = reading.summary
        try:
            settle(self._file, found, reading.witness)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", self.path) from error
        self._written = Appended(found.end, found.end, found.crc, found.commit_id, [])
        self._durable = self._room = found.end
        self._ready = found.continued is None

    @property
    def end(self) -> int:
        """Where the next commit will begin."""
        return self._tail.end

    # --- beside other processes --------------------------------------------------------------------------------------

    def reading(self) -> Scan:
        """A reading of what other processes have written behind the last commit that is known here."""
        at = self._written
        return Scan.behind(self._file, self.path, self.head, at.end, at.crc, at.commit_id, self._chain)

    def advance(self, reading: Scan) -> None:
        """What was read so far is known: the log goes on behind it."""
        assert reading.commit_id is not None
        self._buffer.clear()
        self._written = Appended(reading.end, reading.end, reading.crc, reading.commit_id, [])
        self._ready = True

    def resume(self, durable: int) -> None:
        """The last one who wrote was somebody else, who has synced up to `durable`."""
        self._ready = True
        self._durable = max(self._durable, min(durable, self._written.end))
        try:
            self._room = self._file.size()
        except OSError as error:
            raise self._fail(error, "SQLITE_IOERR_FSTAT") from error

    @property
    def written_id(self) -> int:
        """The last commit that is known to be written."""
        return self._written.commit_id

    def hear(self) -> bool:
        """Have the system tell of failures of before, of which it may tell each opening of a file, so that they do not pass for
        failures of what is written from now on; whether there was none."""
        try:
            self._file.sync()
        except OSError:
            return False
        return True

    def write_again(self, start: int) -> tuple[int, int]:
        """Write again, byte for byte, what is known from `start` on, and the end of the generation if that is behind it: a sync
        that failed may have left it in the system's memory as if it were on the disk. The end and the last commit of that."""
        start = max(start, LOG_START)
        written, scan = self._written, self.reading()
        at = scan.end = start
        while at < written.end:
            frame = scan.frame_at(at)
            if frame is None:
                error = OSError(errno.EIO, f"what was written at {at} cannot be read")
                raise self._fail(error, "SQLITE_IOERR_READ") from error
            at = frame.end
        scan.end, scan.crc = written.end, written.crc
        scan.ending()
        try:
            write_all(self._file, start, self._file.read_at(start, scan.end - start))
        except OSError as error:
            raise self._fail(error, "SQLITE_IOERR_WRITE") from error
        return written.end, written.commit_id

    # --- appending and flushing --------------------------------------------------------------------------------------

    def begin_behind(self, commit_id: int) -> None:
        """Say behind which commit this generation begins; before anything is appended."""
        self.base = commit_id
        self._written = self._written._replace(commit_id=commit_id)

    @property
    def is_written(self) -> bool:
        """Whether nothing is appended that is not written."""
        return not self._buffer

    @property
    def is_empty(self) -> bool:
        """Whether no commit was appended."""
        return self._tail.end == LOG_START

    @property
    def commit_id(self) -> int:
        """The last commit appended, or the one behind which the generation begins."""
        return self._tail.commit_id

    @property
    def crc(self) -> int:
        """The checksum of the last frame appended."""
        return self._tail.crc

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
        start, commit_id = (tail := self._tail).end, record.commit_id
        if commit_id != tail.commit_id + 1:
            raise InternalError(f"commit {commit_id} appended after commit {tail.commit_id}")
        frames, crc = frames_of(record, self._chain, start, tail.crc, self._durable)
        end = start + (len(frames[0]) if len(frames) == 1 else sum(map(len, frames)))
        self._buffer.append(_appended(Appended, (start, end, crc, commit_id, frames)))
        return end

    def append_end(self, following: LogHead) -> None:
        """Put the frame that ends this generation behind the last commit."""
        self._check()
        tail = self._tail
        body = self._chain.pack((CONTINUED, *Continued(following.generation, following.log_id, tail.commit_id)))
        frame, crc = self._chain.frame(body, tail.crc, self._durable, tail.end)
        self._buffer.append(Appended(tail.end, tail.end + len(frame), crc, tail.commit_id, [frame]))

    def flush(self, sync: bool) -> int:
        """Write all that was appended before the call, and sync if told to; up to where that is done."""
        self.write()
        end = self._written.end
        if sync and self._durable < end:
            self.sync()
        return end

    def write(self) -> None:
        """Write all that was appended before the call."""
        with self._writing:
            self._check()
            entries = self._buffer[:]
            if entries:
                last = entries[-1]
                try:
                    if last.end > self._room:
                        self._grow(last.end)
                    if last is entries[0] and len(last.frames) == 1:
                        write_all(self._file, last.start, last.frames[0])
                    else:
                        _write(self._file, entries)
                except OSError as error:
                    raise self._fail(error, "SQLITE_IOERR_WRITE") from error
                self._written = last
                del self._buffer[: len(entries)]

    def sync(self, end: int | None = None) -> int:
        """Make durable what is written, whoever wrote it, or what is written up to `end`; up to where that is known."""
        self._check()
        end = self._written.end if end is None else end
        try:
            self._file.sync()
        except OSError as error:
            raise self._fail(error, "SQLITE_IOERR_FSYNC") from error
        if self._durable < end:
            self._durable = end
        return end

    def close(self) -> None:
        """Let go of the file. What was appended and not flushed is lost."""
        if not self._closed:
            self._closed = True
            self._file.close()

    @property
    def _tail(self) -> Appended:
        """The last commit appended. A flush may empty the buffer at any moment, but sets `_written` before."""
        for last in self._buffer[-1:]:  # an exception would cost more, and mostly there is none
            return last
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

    def _grow(self, end: int) -> None:
        """Frames up to `end` make the file longer: let it be longer than they need, unless they are the first. What others have
        written meanwhile, all of which is known here, is no room."""
        self._room = max(self._room, self._written.end)
        if self._room == LOG_START:
            self._room = end
        else:
            self._make_room(end)

    def _make_room(self, end: int) -> None:
        """Extend the file with zeros beyond `end`. What is only for speed must not fail a commit that fits (INV-R16)."""
        more = min(max(self._room - LOG_START, ROOM_LEAST), ROOM_MOST) if ROOM_LEAST else 0
        if not more or end - self._room >= more or end < self._scarce:  # a large commit makes its own room
            self._room = end
            return
        try:
            write_all(self._file, self._room, bytes(more))
        except OSError as error:
            if not is_full(error):
                raise
            with suppress(OSError):
                self._file.truncate(self._room)
            self._room, self._scarce = end, end + ROOM_LEAST
        else:
            self._room += more

    def trim(self) -> None:
        """The generation has ended, durably: give back the room behind its last frame. Failing does no harm."""
        with suppress(OSError):
            if self._file.size() > self._written.end:
                self._file.truncate(self._written.end)


def _write(file: File, entries: list[Appended]) -> None:
    """Write the frames of commits that lie one behind the other, some megabytes at a time."""
    offset, size = entries[0].start, 0
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
