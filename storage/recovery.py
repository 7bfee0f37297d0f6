"""Recovery: from the bytes of a file to its commits, and the judgement on every byte that is not a sound frame.

Reading
    From byte 8192, frame follows frame. A frame is next if it verifies and chains to the one before
    (`storage/frames.py`). Edits gather until a commit frame gives them their identity (INV-R2); ids must be 1, 2, 3,
    … (INV-V2). What is read depends on the bytes alone (INV-R4): no clock, no order of hashing.

Where no next frame is found, at offset *bad* in a file of *size* bytes; *end* is the end of the last whole commit
    1. The header witnesses that the log was durable beyond *end*            → damage (INV-R7).
    2. Some later frame, found by searching, witnesses durability beyond *end* → damage (INV-R5).
    3. Neither                                                                → a torn tail: the log ends at *end*.

    Damage is a `CorruptionError` naming the file and *bad*; nothing is opened. A torn tail is what a crash leaves of
    commits that nobody was told had succeeded; opening for writing cuts it.

The search
    From *bad* on, every place where the log's mark stands is tried as a frame by itself: checksum over the log's
    identity and its own offset, so neither a frame of another log, nor a displaced one, nor a copy of this file kept
    as a blob verifies. A later sound frame is not damage *in itself*: sectors reach the disk in any order, so a crash
    may keep the second of two unsynced commits and lose the first. Its witness decides: a byte before it had been
    synced or had not. Work is bounded by `SEARCH_BUDGET` times the file's size; a file made to exceed that is called
    damaged, not cut.

Example: commits A, B, C, each synced before the next was written, then a crash during D. Flip a bit in B: C verifies
by
    itself and witnesses the end of B, so B was durable: CorruptionError at B. Flip one in C: D's frame, if whole,
    witnesses C: the same. Flip one in D, or lose part of it: nobody witnesses D; the log ends with C.

Limits, known and accepted
    The last batch synced before an unclean end has no witness behind it: damage *there* looks like a torn tail. A
    clean close, or the next opening, seals it in the header; the next batch witnesses it too. With `synchronous` OFF
    or NORMAL durability is not known as the log grows, and the witnesses say so: what follows a bad frame is cut
    unless synced.

Settling
    After an unclean end, `settle` makes what was read durable before anyone is told of it: the part that the header
    does not witness is *written again* (after a failed sync the kernel may hold pages it will never write), the tail
    is cut, all is synced, and a header slot witnesses it. Crashing here and recovering again gives the same commits
    (INV-R4).

Memory is a window on the file, one frame, and the commit being read (INV-F3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import File, FileSystem, io_error, write_all
from aerodb_dbapi.storage.frames import HEAD_SIZE, MARK_OFFSET, MARK_SIZE, Assembly, BodyError, Chain, Frame
from aerodb_dbapi.storage.header import LOG_START, Header
from aerodb_dbapi.storage.record import CommitRecord

WINDOW: Final = 4 << 20
SEARCH_BUDGET: Final = 16


@dataclass(frozen=True, slots=True)
class Summary:
    """What a scan found. Bytes from `end` to `size` are a torn tail; `reason` says why they are not the log's."""

    header: Header
    size: int
    end: int
    commit_id: int
    crc: int
    frames: int
    reason: str

    @property
    def cut(self) -> int:
        """How many bytes of torn tail there are."""
        return self.size - self.end


class Scan:
    """One reading of the log. Iterate over `commits()` to the end; then `summary` holds."""

    def __init__(self, file: File, path: str) -> None:
        self.path = path
        try:
            self.header = headers.read(file, path)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR_READ", path) from error
        self.chain = Chain.of(self.header.log_id)
        self.end = LOG_START
        self.crc = self.chain.seed
        self.commit_id = 0
        self._frames = 0
        self._reason = ""
        self._file = file
        self._size = file.size()
        self._window = memoryview(b"")
        self._window_at = 0

    @property
    def summary(self) -> Summary:
        """Where the log ends and what lies behind it."""
        return Summary(self.header, self._size, self.end, self.commit_id, self.crc, self._frames, self._reason)

    def commits(self) -> Iterator[CommitRecord]:
        """Every whole commit in order; CorruptionError at the first byte that is damage."""
        position, previous = LOG_START, self.crc
        assembly = Assembly()
        while position < self._size:
            frame = self.frame_at(position)
            if frame is None or frame.previous != previous:
                break
            record = self._take(assembly, frame)
            position, previous = frame.end, frame.crc
            self._frames += 1
            if record is not None:
                before = self.end
                self.end, self.crc, self.commit_id = position, previous, record.commit_id
                self._check_seal(before)
                yield record
        self._judge(position)

    def frame_at(self, offset: int) -> Frame | None:
        """The frame at `offset` if one verifies there by itself."""
        raw = self._bytes(offset, HEAD_SIZE)
        if len(raw) < HEAD_SIZE or (head := self.chain.head(raw, offset)) is None:
            return None
        length, crc, previous, witness = head
        end = offset + HEAD_SIZE + length
        if end > self._size:
            return None
        body = self._bytes(offset, HEAD_SIZE + length)[HEAD_SIZE:]
        if len(body) != length or self.chain.checksum(body, previous, witness, offset) != crc:
            return None
        return Frame(offset, end, crc, previous, witness, body)

    def _take(self, assembly: Assembly, frame: Frame) -> CommitRecord | None:
        try:
            record = assembly.take(frame.body)
        except BodyError as error:
            raise self._damage(str(error), frame.offset) from error
        if record is not None and record.commit_id != self.commit_id + 1:
            raise self._damage(f"commit {record.commit_id!r} follows commit {self.commit_id}", frame.offset)
        return record

    def _check_seal(self, before: int) -> None:
        """The commit that ends where the header says must be the one the header names."""
        seal = self.header
        found = (self.end, self.crc, self.commit_id)
        if before < seal.end <= self.end and found != (seal.end, seal.crc, seal.commit_id):
            raise self._damage("the log is not the one its header witnesses", before)

    def _judge(self, bad: int) -> None:
        """No next frame at `bad`: damage is raised, a torn tail is noted (INV-R5, INV-R7)."""
        if self.end < self.header.end:
            if self._size < self.header.end:
                known = f"the log was durable up to byte {self.header.end}, but the file has {self._size} bytes"
                raise self._damage(known, bad)
            raise self._damage(f"damaged frame; the log was durable up to byte {self.header.end}", bad)
        witness = self._later_witness(bad)
        if witness is not None:
            raise self._damage(f"damaged frame; the later one at {witness.offset} shows that it was durable", bad)
        if self.end < self._size:
            self._reason = "a commit that is not whole" if bad == self._size else f"no sound frame at {bad}"

    def _later_witness(self, bad: int) -> Frame | None:
        """A sound frame at or after `bad` which shows that the log was durable beyond its last whole commit."""
        floor = bad
        budget = SEARCH_BUDGET * self._size
        for offset in self._marks(bad):
            if offset < floor:
                continue
            frame = self.frame_at(offset)
            if frame is not None:
                if frame.witness > self.end:
                    return frame
                floor = frame.end
            budget -= min(self._size - offset, self._length_at(offset))
            if budget < 0:
                raise self._damage("damaged frame; what follows cannot be told from frames", bad)
        return None

    def _length_at(self, offset: int) -> int:
        """How many bytes were looked at to try a frame at `offset`."""
        head = self.chain.head(self._bytes(offset, HEAD_SIZE), offset)
        return HEAD_SIZE + (head[0] if head else 0)

    def _marks(self, start: int) -> Iterator[int]:
        """Every offset from `start` on whose frame, if it were one, would have the log's mark."""
        position = start
        while position + HEAD_SIZE <= self._size:
            raw = self._read(position, WINDOW)
            at = raw.find(self.chain.mark, MARK_OFFSET)
            while at >= 0:
                if position + at - MARK_OFFSET + HEAD_SIZE <= self._size:
                    yield position + at - MARK_OFFSET
                at = raw.find(self.chain.mark, at + 1)
            if len(raw) < WINDOW:
                return
            position += WINDOW - MARK_OFFSET - MARK_SIZE + 1

    def _bytes(self, offset: int, count: int) -> memoryview:
        """The bytes at `offset`, fewer at the end of the file; read a window at a time."""
        at = offset - self._window_at
        if at < 0 or at + count > len(self._window):
            wanted = min(max(count, WINDOW), self._size - offset)
            self._window = memoryview(self._read(offset, wanted))
            self._window_at = offset
            at = 0
        return self._window[at : at + count]

    def _read(self, offset: int, count: int) -> bytes:
        try:
            return self._file.read_at(offset, count)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR_READ", self.path) from error

    def _damage(self, message: str, offset: int) -> CorruptionError:
        return CorruptionError(message, file=self.path, offset=offset)


def settle(file: File, summary: Summary) -> Header:
    """Make what a scan found durable and cut what it did not; the header then in force. OSError if the disk fails."""
    header = summary.header
    if summary.end == header.end and not summary.cut:
        return header
    position = header.end
    while position < summary.end:
        data = file.read_at(position, min(WINDOW, summary.end - position))
        write_all(file, position, data)
        position += len(data)
    if summary.cut:
        file.truncate(summary.end)
    file.sync()
    if summary.end > header.end:
        header = header.following(summary.end, summary.commit_id, summary.crc, sealed=False)
        headers.write(file, header)
    return header


def scan(files: FileSystem, path: str) -> tuple[list[CommitRecord], Summary]:
    """The commits of a file and what lies behind them, changing nothing and taking no lock: for tools and tests."""
    try:
        file = files.open(path)
    except OSError as error:
        raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
    try:
        reading = Scan(file, path)
        commits = list(reading.commits())
        return commits, reading.summary
    finally:
        file.close()
