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

    Behind byte `SLOTS_AT` each process has a *slot* of eight words: PID, FLOOR (the oldest commit from which on it may read
    blocks), FIRST (the oldest log generation that it may read), and from PROMISED on the states, plus one, that its
    transactions under way will make snapshots of. Behind byte `CLAIMS_AT` each has `CLAIM_PAIRS` pairs of words, a tree id and
    up to where its transactions have claimed rowids of that table, plus 2^63 (`shared_claims.py`); a tree id or an end of 0: none.

A word is written and read as a whole, and only words are; there is nothing to be torn.

Byte locks
    Locks are on single bytes far behind the end of the file. OPENING: held while the database is opened or closed.
    CHECKPOINT: while a checkpoint is made, or something else that relies on the checkpoint in force. WRITER: from the
    numbering of commits until they are written. SYNC: while the log is synced and what is durable then is published. CLAIMING:
    while rowids are claimed. And one for each slot, held by its process for as long as it has the database open: a slot without
    a lock is nobody's, whatever it says (INV-P3). The system takes a dead process's locks away.

    Who only reads the database may have no right to write here. It maps the words for reading, holds OPENING shared while it
    opens, and tells what it reads by locks on the database file (`readonly.py`); MAGIC is cleared when the name is removed.

Not here: what a process does when others have committed or made a checkpoint (`sharing.py`).
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Collection
from itertools import zip_longest
from typing import Any, Final

from aerodb_dbapi.storage import byte_locks
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import io_error
from aerodb_dbapi.storage.patience import go_on

SLOTS_AT: Final = 1024
SLOT_WORDS: Final = 8
CLAIMS_AT: Final = 1 << 16
CLAIM_PAIRS: Final = 32
SLOT_COUNT: Final = (CLAIMS_AT - SLOTS_AT) // (8 * SLOT_WORDS)
SIZE: Final = CLAIMS_AT + SLOT_COUNT * CLAIM_PAIRS * 16

MAGIC, IDENTITY, COMMIT, HEADER, GENERATION, DURABLE, UNDER_WAY, UNKNOWN, WANTED, LAST, USED = range(11)
APPENDED, CURRENT, DOUBT, ENDING = range(11, 15)
PID, FLOOR, FIRST, PROMISED = range(4)
MAGIC_VALUE: Final = int.from_bytes(b"AeroLck4", "little")

OPENING: Final = 1 << 40
CHECKPOINT: Final = OPENING + 1
WRITER: Final = OPENING + 2
SYNC: Final = OPENING + 3
CLAIMING: Final = OPENING + 4
SLOT_LOCKS: Final = OPENING + 16
_SIGN: Final = 1 << 63
_WORD_MAX: Final = (1 << 64) - 1
NO_CLAIM: Final = 0  # as the end of a claim

_PAUSE_FIRST: Final = 0.00005
_PAUSE_LONGEST: Final = 0.0005
_PAUSES_SHORT: Final = 0.002  # for so long a lock is expected to be free any moment


class LockFile:
    """One process's view of a lock file."""

    __slots__ = ("_claims_made", "_descriptor", "_made", "_map", "_new", "path", "slot", "words")

    def __init__(self, path: str) -> None:
        self.path = path
        self.slot = -1
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
        self._map: mmap.mmap | None = None
        self._made = False  # nobody has written into the file yet
        self._new = False  # nor was it there before
        self._claims_made = False  # there is room for what this process claims
        self.words = memoryview(b"").cast("Q")

    def _map_words(self, size: int) -> None:
        """Map the file, which has `size` bytes. A write into a hole would kill the process on a full disk, so what is written to
        has its room first (`_reserve`): here the words, and the first slot."""
        try:
            self._made, self._new = size < SIZE, not size
            if self._made:  # its room before it has its size: if there is none, the next who opens it begins it again
                self._reserve(0, SLOTS_AT + 8 * SLOT_WORDS)
                os.truncate(self._descriptor, SIZE)
            self._map = mmap.mmap(self._descriptor, SIZE)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", self.path) from error
        self.words = memoryview(self._map).cast("Q")

    def _reserve(self, offset: int, length: int) -> None:
        """Have zeros there, and room for them on the disk."""
        try:
            while length > 0:  # a disk that is nearly full takes a part
                written = os.pwrite(self._descriptor, bytes(length), offset)
                offset, length = offset + written, length - written
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", self.path) from error

    @classmethod
    def entered(cls, path: str, timeout: float) -> LockFile:
        """The lock file of that name with OPENING locked. A file that was removed meanwhile is opened again."""
        deadline = time.monotonic() + timeout
        while True:
            file = cls(path)
            try:
                file.enter(deadline - time.monotonic())
                named = file._named()
                if named is not None:
                    file._map_words(named.st_size)
                    return file
            except BaseException:
                file.close()
                raise
            file.close()

    def _named(self) -> os.stat_result | None:
        """What is known of the file, if it has its name still."""
        mine = os.fstat(self._descriptor)
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            return None
        return mine if (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino) else None

    # --- locks -------------------------------------------------------------------------------------------------------

    def try_lock(self, byte: int) -> bool:
        """Take the lock on a byte if nobody else has it."""
        return byte_locks.try_lock(self._descriptor, byte)

    def lock(self, byte: int, timeout: float, holder: Any = None) -> bool:
        """Take the lock on a byte, trying for so many seconds; whether it was got. OperationalError: the holder for whom it is
        was interrupted."""
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
                go_on(holder)
            time.sleep(min(pause, left))
            if self.try_lock(byte):
                return True
            now = time.monotonic()
            if now - begun > _PAUSES_SHORT:
                pause = min(2 * pause, _PAUSE_LONGEST)

    def wait(self, byte: int) -> None:
        """Take the lock on a byte, however long that takes: for one that is held for a sync at most. Who waits is served in the
        order of coming, as far as the system sees to that."""
        byte_locks.wait(self._descriptor, byte)

    def unlock(self, byte: int) -> None:
        """Give the lock on a byte back."""
        byte_locks.unlock(self._descriptor, byte)

    def enter(self, timeout: float) -> None:
        """Take OPENING. OperationalError: it was not got in time."""
        if not self.lock(OPENING, timeout):
            raise OperationalError("database is locked", name="SQLITE_BUSY")

    def held(self, timeout: float) -> _Held:
        """Hold OPENING, for a `with`. OperationalError: it was not got in time."""
        return _Held(self, timeout)

    # --- slots -------------------------------------------------------------------------------------------------------

    def others(self) -> list[int]:
        """The slots of the other processes that are alive. While OPENING or CHECKPOINT is locked, or for a look at them."""
        words = self.words
        used = words[USED] if words[MAGIC] == MAGIC_VALUE else 0 if self._made else SLOT_COUNT
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
                unused = self._new and slot == 0  # it has its room, and is as the file was made
                if slot >= self.words[USED]:
                    if not unused:
                        self._reserve(8 * at, 8 * SLOT_WORDS)
                    self.words[USED] = slot + 1
                if not unused:
                    self._make_claims()
                    self.promise([])
                self.words[at + FLOOR], self.words[at + FIRST] = floor, first
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

    def claimed(self, tree_id: int) -> int | None:
        """Up to where other processes have claimed rowids of a table; None: they have not. While CLAIMING is locked."""
        words, found = self.words, 0
        for slot in range(words[USED]):
            if slot != self.slot and words[self._at(slot) + PID]:
                at = self._claims_at(slot)
                pairs = words[at : at + 2 * CLAIM_PAIRS].tolist()
                if tree_id in pairs[::2]:
                    found = max(found, pairs[2 * pairs[::2].index(tree_id) + 1])
        return found - _SIGN if found else None

    def claim_words(self) -> list[int]:
        """Where the pairs of words are in which this process tells its claims: the tree id, and behind it the end."""
        at = self._claims_at(self.slot)
        return list(range(at, at + 2 * CLAIM_PAIRS, 2))

    def _make_claims(self) -> None:
        """Have room for what this process claims, and no claims there."""
        self._reserve(8 * self._claims_at(self.slot), 16 * CLAIM_PAIRS)
        self._claims_made = True

    def tell_claim(self, at: int, end: int) -> None:
        """Say up to where this process has claimed rowids of the table whose tree id is in that word."""
        self.words[at + 1] = end + _SIGN if end < _SIGN else _WORD_MAX

    def tell_claims_of(self, at: int, tree_id: int) -> None:
        """Use a pair for that table, of which nothing is claimed yet."""
        if not self._claims_made:
            self._make_claims()
        self.words[at] = 0
        self.words[at + 1] = NO_CLAIM
        self.words[at] = tree_id

    def withdraw_claim(self, at: int) -> None:
        """Say that this process has claimed no rowids of the table."""
        self.words[at + 1] = NO_CLAIM

    @staticmethod
    def _claims_at(slot: int) -> int:
        return CLAIMS_AT // 8 + slot * 2 * CLAIM_PAIRS

    @staticmethod
    def _at(slot: int) -> int:
        return SLOTS_AT // 8 + slot * SLOT_WORDS

    # --- the whole ---------------------------------------------------------------------------------------------------

    def is_of(self, file_id: bytes) -> bool:
        """Whether the file was begun for that database."""
        return is_of(self.words, file_id)

    def begin(self, file_id: bytes, commit_id: int, sequence: int) -> None:
        """Forget whatever the file says: nobody else is there who commits. COMMIT never goes back, for readers look at it."""
        words = self.words
        if not self._made:
            words[MAGIC] = 0
            self._reserve(0, 8 * COMMIT)
            self._reserve(8 * HEADER, CLAIMS_AT - 8 * HEADER)
        words[COMMIT], words[HEADER], words[APPENDED] = commit_id, sequence, commit_id
        words[IDENTITY] = _half(file_id)
        words[MAGIC] = MAGIC_VALUE

    def remove(self) -> None:
        """Remove the name. While OPENING is locked, and nobody else is there."""
        if self._named() is not None:
            self.words[MAGIC] = 0  # who reads these words shall look for others
            try:
                os.unlink(self.path)
            except OSError:
                pass

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


class _Held:
    """OPENING, for as long as a `with` lasts: less work than a generator makes, and every close of a database does it."""

    __slots__ = ("file", "timeout")

    def __init__(self, file: LockFile, timeout: float) -> None:
        self.file = file
        self.timeout = timeout

    def __enter__(self) -> None:
        self.file.enter(self.timeout)

    def __exit__(self, *exc: object) -> None:
        self.file.unlock(OPENING)


def is_of(words: memoryview, file_id: bytes) -> bool:
    """Whether these words were begun for that database."""
    return words[MAGIC] == MAGIC_VALUE and words[IDENTITY] == _half(file_id)


def _half(file_id: bytes) -> int:
    return int.from_bytes(file_id[:8], "little")
