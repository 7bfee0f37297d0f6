"""The lock file: what the processes that have one database open tell each other, and how they keep out of each other's way.

``app.db-lock`` has nothing in it that outlives them. The first process to open the database makes it anew, the last one to
close it removes it, and after a crash of the machine nobody believes it. It has `SIZE` bytes, mapped into the memory of
every process as 64-bit words of the machine's own order:

    ==========  =======================================================================================================
    word        content
    ==========  =======================================================================================================
    MAGIC       that this is a lock file of this version
    IDENTITY    the first half of the database's file id
    COMMIT      the latest commit that is published: every process may show it, and will find it in the log
    APPENDED    the latest commit that is written whole: whoever commits next goes on behind it
    HEADER      the sequence number of the header in force
    CURRENT     the log generation that APPENDED is in, or which goes on behind it; 0: to be found out
    GENERATION  the log generation that DURABLE speaks of
    DURABLE     up to which byte that generation is known to be synced
    DOUBT       1 while a process syncs. Left by one that died, or whose sync failed: what is behind DURABLE is to be written again
    ENDING      1 while a process ends a generation. Left by one that died, or failed
    UNDER_WAY   the slot of the process that is making a checkpoint, plus one; 0: none. Left by a process that died
    UNKNOWN     1 after a failed header write: no more checkpoints until everybody has closed (INV-C6)
    WANTED      1 when a process waits for the right to commit
    LAST        the slot of the process that had it last, plus one
    USED        how many slots were ever used: those behind them are nobody's, and their room is not on the disk yet
    ==========  =======================================================================================================

    From word `CLAIMS_AT` on there are pairs of a table's tree and the rowid behind those that transactions of any process have
    claimed in it, at the place that the tree's number gives, as long as no other table comes there (`rowids.py`).

    Behind byte `SLOTS_AT` each process has a *slot* of eight words: PID, FLOOR (the oldest commit from which on it may read
    blocks), FIRST (the oldest log generation that it may read), and from PROMISED on the states, plus one, that its
    transactions under way will make snapshots of.

A word is written and read as a whole, and only words are; there is nothing to be torn.

Byte locks
    Locks are on single bytes far behind the end of the file. OPENING: held while the database is opened or closed.
    CHECKPOINT: while a checkpoint is made, or something else that relies on the checkpoint in force. WRITER: from the
    numbering of commits until they are written. SYNC: while the log is synced and what is durable then is published. And one for
    each slot, held by its process for as long as it has the database open: a slot without a lock is nobody's, whatever it says
    (INV-P3). CLAIMS: for a look at what is claimed. The system takes a dead process's locks away.

    They are *open file description* locks where the system has them (Linux): two openings exclude each other even within one
    process, and closing some other descriptor of the file does not drop them, as it would with plain `fcntl` locks.

Not here: what a process does when others have committed or made a checkpoint (`sharing.py`).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import zip_longest
from typing import Final

from aerodb_dbapi.storage.errors import OperationalError

SIZE: Final = 1 << 16
SLOTS_AT: Final = 1024
SLOT_WORDS: Final = 8
SLOT_COUNT: Final = (SIZE - SLOTS_AT) // (8 * SLOT_WORDS)

MAGIC, IDENTITY, COMMIT, HEADER, GENERATION, DURABLE, UNDER_WAY, UNKNOWN, WANTED, LAST, USED = range(11)
APPENDED, CURRENT, DOUBT, ENDING = range(11, 15)
CLAIMS_AT: Final = 64
CLAIMS_COUNT: Final = 32
CLAIMS_FAR: Final = 1 << 16  # what lies so far beyond what is wanted was claimed for rows that are gone
PID, FLOOR, FIRST, PROMISED = range(4)
_MAGIC_VALUE: Final = int.from_bytes(b"AeroLck3", "little")

OPENING: Final = 1 << 40
CHECKPOINT: Final = OPENING + 1
WRITER: Final = OPENING + 2
SYNC: Final = OPENING + 3
CLAIMS: Final = OPENING + 4
SLOT_LOCKS: Final = OPENING + 16

_FLOCK: Final = struct.Struct("@hhqqi4x")
_OFD_SET: Final[int | None] = getattr(fcntl, "F_OFD_SETLK", None)
_OFD_WAIT: Final[int | None] = getattr(fcntl, "F_OFD_SETLKW", None)
_PAUSE_FIRST: Final = 0.00005
_PAUSE_LONGEST: Final = 0.0005
_PAUSES_SHORT: Final = 0.002  # for so long a lock is expected to be free any moment


class LockFile:
    """One process's view of a lock file."""

    __slots__ = ("_descriptor", "_made", "_map", "path", "slot", "words")

    def __init__(self, path: str) -> None:
        self.path = path
        self.slot = -1
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
        self._map: mmap.mmap | None = None
        self._made = False  # nobody has written into the file yet
        self.words = memoryview(b"").cast("Q")

    def _map_words(self) -> None:
        """Map the file. A write into a hole would kill the process on a full disk, so what is written to has its room first
        (`_reserve`)."""
        try:
            self._made = os.fstat(self._descriptor).st_size < SIZE
            if self._made:
                os.truncate(self._descriptor, SIZE)
            self._map = mmap.mmap(self._descriptor, SIZE)
        except OSError as error:
            raise self._failed(error) from error
        self.words = memoryview(self._map).cast("Q")
        if self._made:
            self._reserve(0, SLOTS_AT)

    def _reserve(self, offset: int, length: int) -> None:
        """Have zeros there, and room for them on the disk."""
        try:
            os.pwrite(self._descriptor, bytes(length), offset)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OperationalError:
        return OperationalError(f"disk I/O error: {self.path}: {error.strerror}", name="SQLITE_IOERR")

    @classmethod
    def entered(cls, path: str, timeout: float) -> LockFile:
        """The lock file of that name with OPENING locked. A file that was removed meanwhile is opened again."""
        deadline = time.monotonic() + timeout
        while True:
            file = cls(path)
            try:
                if not file.lock(OPENING, deadline - time.monotonic()):
                    raise OperationalError("database is locked", name="SQLITE_BUSY")
                if file._is_named():
                    file._map_words()
                    return file
            except BaseException:
                file.close()
                raise
            file.close()

    def _is_named(self) -> bool:
        mine = os.fstat(self._descriptor)
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino)

    # --- locks -------------------------------------------------------------------------------------------------------

    def try_lock(self, byte: int) -> bool:
        """Take the lock on a byte if nobody else has it."""
        try:
            _set(self._descriptor, fcntl.F_WRLCK, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def lock(self, byte: int, timeout: float) -> bool:
        """Take the lock on a byte, trying for so many seconds; whether it was got."""
        if self.try_lock(byte):
            return True
        begun = now = time.monotonic()
        pause = _PAUSE_FIRST
        while True:
            left = begun + timeout - now
            if left <= 0:
                return False
            if byte == WRITER:
                self.words[WANTED] = 1
            time.sleep(min(pause, left))
            if self.try_lock(byte):
                return True
            now = time.monotonic()
            if now - begun > _PAUSES_SHORT:
                pause = min(2 * pause, _PAUSE_LONGEST)

    def wait(self, byte: int) -> None:
        """Take the lock on a byte, however long that takes: for one that is held for a sync at most. Who waits is served in the
        order of coming, as far as the system sees to that."""
        if _OFD_WAIT is not None:
            fcntl.fcntl(self._descriptor, _OFD_WAIT, _packed(fcntl.F_WRLCK, byte))
        else:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, byte)

    def unlock(self, byte: int) -> None:
        """Give the lock on a byte back."""
        _set(self._descriptor, fcntl.F_UNLCK, byte)

    @contextmanager
    def held(self, byte: int, timeout: float) -> Iterator[None]:
        """Hold the lock on a byte. OperationalError: it was not got in time."""
        if not self.lock(byte, timeout):
            raise OperationalError("database is locked", name="SQLITE_BUSY")
        try:
            yield
        finally:
            self.unlock(byte)

    # --- slots -------------------------------------------------------------------------------------------------------

    def others(self) -> list[int]:
        """The slots of the other processes that are alive. While OPENING or CHECKPOINT is locked, or for a look at them."""
        words = self.words
        used = words[USED] if words[MAGIC] == _MAGIC_VALUE else 0 if self._made else SLOT_COUNT
        pids = words[SLOTS_AT // 8 + PID : self._at(used) : SLOT_WORDS].tolist()
        return [slot for slot, pid in enumerate(pids) if pid and slot != self.slot and self._is_alive(slot)]

    def _is_alive(self, slot: int) -> bool:
        if not self.try_lock(SLOT_LOCKS + slot):
            return True
        self.words[self._at(slot) + PID] = 0
        self.unlock(SLOT_LOCKS + slot)
        return False

    def take_slot(self, floor: int, first: int) -> None:
        """Take a free slot and say in it what this process may read. While OPENING is locked."""
        for slot in range(SLOT_COUNT):
            if self.try_lock(SLOT_LOCKS + slot):
                self.slot = slot
                at = self._at(slot)
                if slot >= self.words[USED]:
                    self._reserve(8 * at, 8 * SLOT_WORDS)
                    self.words[USED] = slot + 1
                self.words[at + FLOOR], self.words[at + FIRST] = floor, first
                self.promise([])
                if self.words[LAST] == slot + 1:  # that was its former owner
                    self.words[LAST] = 0
                self.words[at + PID] = os.getpid()
                return
        raise OperationalError(f"database is locked: {SLOT_COUNT} processes have it open", name="SQLITE_BUSY")

    def told(self, slot: int, which: int) -> int:
        """A word of a slot: PID, FLOOR or FIRST."""
        return self.words[self._at(slot) + which]

    def tell(self, which: int, value: int) -> None:
        """Set a word of the own slot."""
        self.words[self._at(self.slot) + which] = value

    def promise(self, commits: Collection[int]) -> bool:
        """Say which states are promised to become snapshots; False: they are too many."""
        at = self._at(self.slot)
        if len(commits) > SLOT_WORDS - PROMISED:
            return False
        for number, commit_id in zip_longest(range(at + PROMISED, at + SLOT_WORDS), sorted(commits), fillvalue=-1):
            self.words[number] = commit_id + 1
        return True

    def promised(self, slot: int) -> list[int]:
        """The states that a process has promised."""
        at = self._at(slot)
        return [word - 1 for word in self.words[at + PROMISED : at + SLOT_WORDS].tolist() if word]

    @staticmethod
    def _at(slot: int) -> int:
        return SLOTS_AT // 8 + slot * SLOT_WORDS

    # --- rowids ------------------------------------------------------------------------------------------------------

    def claim(self, tree_id: int, lowest: int, count: int, held: float) -> int:
        """The first of `count` rowids of a table, `lowest` or above, that no other process has claimed; they are claimed now.
        `held` is the end of what this process has claimed last. Where the lock cannot be had soon nothing is claimed."""
        if lowest < 0 or not self.lock(CLAIMS, _PAUSES_SHORT):
            return lowest
        try:
            words, at = self.words, CLAIMS_AT + 2 * (tree_id % CLAIMS_COUNT)
            if words[at] == tree_id and lowest < words[at + 1] < lowest + CLAIMS_FAR and words[at + 1] != held:
                lowest = words[at + 1]
            words[at], words[at + 1] = tree_id, lowest + count
            return lowest
        finally:
            self.unlock(CLAIMS)

    # --- the whole ---------------------------------------------------------------------------------------------------

    def is_of(self, file_id: bytes) -> bool:
        """Whether the file was begun for that database."""
        return self.words[MAGIC] == _MAGIC_VALUE and self.words[IDENTITY] == _half(file_id)

    def begin(self, file_id: bytes) -> None:
        """Forget whatever the file says: nobody else is there."""
        if not self._made:
            self._reserve(0, SIZE)
        self.words[IDENTITY] = _half(file_id)
        self.words[MAGIC] = _MAGIC_VALUE

    def remove(self) -> None:
        """Remove the name. While OPENING is locked, and nobody else is there."""
        if self._is_named():
            with suppress(OSError):
                os.unlink(self.path)

    def close(self) -> None:
        """Let go of the file and of all locks; closing twice does nothing."""
        if self._descriptor >= 0:
            if self.slot >= 0:
                self.tell(PID, 0)
            self.forget()

    def forget(self) -> None:
        """Let go of the file without a word: what it says is another process's (after `os.fork`)."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self.words.release()
            if self._map is not None:
                self._map.close()
            os.close(descriptor)


def _half(file_id: bytes) -> int:
    return int.from_bytes(file_id[:8], "little")


@cache
def _packed(kind: int, byte: int) -> bytes:
    """What the system is told: this kind of lock on that byte."""
    return _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)


def _set(descriptor: int, kind: int, byte: int) -> None:
    """Lock or unlock one byte, without waiting."""
    if _OFD_SET is not None:
        fcntl.fcntl(descriptor, _OFD_SET, _packed(kind, byte))
    elif kind == fcntl.F_UNLCK:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
