"""Recovery: from the bytes of a log file to its commits, and the judgement on every byte that is not a sound frame.

Reading
    From `LOG_START`, frame follows frame. A frame is next if it verifies and chains to the one before
    (`storage/frames.py`). Edits gather until a commit frame gives them their identity (INV-R2); ids must follow
    one another, from the commit at which the generation began (INV-V2). A CONTINUED frame ends a generation. What is
    read depends on the bytes alone (INV-R4): no clock, no order of hashing.

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
    After an unclean end, `settle` makes what was read durable before anyone is told of it: the part that nothing
    witnesses is *written again* (after a failed sync the kernel may hold pages it will never write), the tail is cut,
    and all is synced. Crashing here and recovering again gives the same commits (INV-R4).

    The same reading, from a kept state on, gives the states behind it (INV-R12); it settles and changes nothing.

Memory is a window on the file, one frame, and the commit being read (INV-F3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from aerodb_dbapi.storage import log_head
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import File, FileSystem, io_error, write_all
from aerodb_dbapi.storage.frames import HEAD_SIZE, MARK_OFFSET, MARK_SIZE, Assembly, BodyError, Chain, Continued, Frame
from aerodb_dbapi.storage.log_head import LOG_START, LogHead
from aerodb_dbapi.storage.record import CommitRecord

WINDOW: Final = 4 << 20
NEAR_WINDOW: Final = 1 << 14
SEARCH_BUDGET: Final = 16


class Witness(NamedTuple):
    """How far a log was durable once: up to byte `end`, where commit `commit_id` ended with the checksum `crc`."""

    end: int = 0
    commit_id: int = 0
    crc: int = 0


NOTHING: Final = Witness()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a scan found. Bytes from `end` to `size` are not the log's; `reason` says why. `continued`: how it ended."""

    head: LogHead
    size: int
    end: int
    commit_id: int
    crc: int
    frames: int
    reason: str
    continued: Continued | None

    @property
    def cut(self) -> int:
        """How many bytes behind the end there are."""
        return self.size - self.end


class Scan:
    """One reading of a log file. Iterate over `commits()` to the end; then `summary` holds. `commit_id` is the commit
    behind which the generation begins; 0 takes what the first commit says."""

    def __init__(
        self,
        file: File,
        path: str,
        head: LogHead,
        commit_id: int | None = None,
        witness: Witness = NOTHING,
        chain: Chain | None = None,
    ) -> None:
        self.path = path
        self.head = head
        self.witness = witness
        self.chain = chain or Chain.of(head.log_id)
        self.end = LOG_START
        self.crc = self.chain.seed
        self.commit_id = commit_id
        self.continued: Continued | None = None
        self._frames = 0
        self._reason = ""
        self._file = file
        self._size = file.size()
        self._window = memoryview(b"")
        self._window_at = 0
        self._window_size = WINDOW

    @classmethod
    def behind(
        cls, file: File, path: str, head: LogHead, end: int, crc: int, commit_id: int, chain: Chain | None = None
    ) -> Scan:
        """A reading of what follows a commit that is known: `end` bytes long, its last frame's checksum is `crc`."""
        scan = cls(file, path, head, commit_id, chain=chain)
        scan.end, scan.crc, scan._window_size = end, crc, NEAR_WINDOW
        return scan

    @property
    def summary(self) -> Summary:
        """Where the log ends and what lies behind it."""
        return Summary(
            self.head, self._size, self.end, self.commit_id or 0, self.crc, self._frames, self._reason, self.continued
        )

    def commits(self) -> Iterator[CommitRecord]:
        """Every whole commit in order; CorruptionError at the first byte that is damage."""
        position, previous = self.end, self.crc
        assembly = Assembly()
        while position < self._size:
            frame = self.frame_at(position)
            if frame is None or frame.previous != previous:
                break
            record = self._take(assembly, frame)
            position, previous = frame.end, frame.crc
            self._frames += 1
            if isinstance(record, Continued):
                self.end, self.crc, self.continued = position, previous, record
                break
            if record is not None:
                before = self.end
                self.end, self.crc, self.commit_id = position, previous, record.commit_id
                self._check_seal(before)
                yield record
        if self.continued is None or self.end < self.witness.end:
            self._judge(position)

    def ending(self) -> bool:
        """Whether the next frame ends the generation; then it is read."""
        frame = self.frame_at(self.end)
        if frame is None or frame.previous != self.crc:
            return False
        try:
            record = Assembly().take(frame.body)
        except BodyError:
            return False
        if not isinstance(record, Continued):
            return False
        self.end, self.crc, self.continued = frame.end, frame.crc, record
        return True

    def has_frame(self) -> bool:
        """Whether the log holds anything at all."""
        return self._size > LOG_START and self.frame_at(LOG_START) is not None

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

    def _take(self, assembly: Assembly, frame: Frame) -> CommitRecord | Continued | None:
        try:
            record = assembly.take(frame.body)
        except BodyError as error:
            raise self._damage(str(error), frame.offset) from error
        if record is not None and self.commit_id is not None:
            wanted = self.commit_id + (record.__class__ is CommitRecord)
            if record.commit_id != wanted:
                raise self._damage(f"commit {record.commit_id!r} follows commit {self.commit_id}", frame.offset)
        return record

    def _check_seal(self, before: int) -> None:
        """The commit that ends where the witness says must be the one it names."""
        if before < self.witness.end <= self.end and self.witness != (self.end, self.commit_id, self.crc):
            raise self._damage("the log is not the one its header witnesses", before)

    def _judge(self, bad: int) -> None:
        """No next frame at `bad`: damage is raised, a torn tail is noted (INV-R5, INV-R7)."""
        if self.end < self.witness.end:
            if self._size < self.witness.end:
                known = f"the log was durable up to byte {self.witness.end}, but the file has {self._size} bytes"
                raise self._damage(known, bad)
            raise self._damage(f"damaged frame; the log was durable up to byte {self.witness.end}", bad)
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
            wanted = min(max(count, self._window_size), self._size - offset)
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


def settle(file: File, summary: Summary, witness: Witness = NOTHING) -> None:
    """Make what a scan found durable and cut what it did not. OSError if the disk fails."""
    position = max(witness.end, LOG_START)
    if summary.end == position and not summary.cut:
        return
    while position < summary.end:
        data = file.read_at(position, min(WINDOW, summary.end - position))
        write_all(file, position, data)
        position += len(data)
    if summary.cut:
        file.truncate(summary.end)
    file.sync()


def scan(files: FileSystem, path: str) -> tuple[list[CommitRecord], Summary]:
    """The commits of a log file and what lies behind them, changing nothing and taking no lock: for tools and tests."""
    try:
        file = files.open(path)
    except OSError as error:
        raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
    try:
        head = log_head.decode(file.read_at(0, LOG_START))
        if head is None:
            raise CorruptionError("not a log of an AeroDB database", file=path, offset=0)
        reading = Scan(file, path, head)
        commits = list(reading.commits())
        return commits, reading.summary
    finally:
        file.close()
