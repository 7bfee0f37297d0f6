"""Databases that are open for reading only: nothing is written, nothing is created, and nothing need be writable (INV-P7).

    open_for_reading(path, timeout)                    ``mode=ro``: the latest published commit, whoever writes beside
    open_for_reading(path, timeout, immutable=True)    ``immutable=1``: the last checkpoint; no lock, no look at the log

The file is opened O_RDONLY and locked with others who share it, so that nobody replaces it or has it exclusively. A
checkpoint's header, and the log behind it, are read into memory as recovery reads them, but nothing is settled, cut or renamed.

What is read of the log
    ==============================  ===================================================================================
    a process that writes is there  up to COMMIT: what lies behind it may not be durable, or be written over (INV-R1)
    there is none                   up to its valid end, by the judgement of recovery (INV-R4, INV-R5): what an unclean end
                                    left behind that is passed over. What is damage there is damage here
    ==============================  ===================================================================================

    Which it is the lock file says, if there is one: whether a slot in it is locked. OPENING is held, shared, while it is asked
    and the log is read, so nobody begins or ends writing meanwhile. Where there is no lock file nobody writes; that is looked
    at again after reading.

A new view
    COMMIT is compared with the commit that is known, and the log read on, as `sharing.py` does. When the lock file goes, comes,
    or is another one (without one: when the header has changed), all is read anew: the header, its state, the log behind it.
    The same once a second if there is a new checkpoint, so that blocks of old ones need not be kept for a reader that does
    nothing.

What is in use
    is told by locks on the database file (`reader_locks.py`): the checkpoints from which the states still held were made, and
    the log generation that is read. So blocks are not used again while somebody reads them (INV-P3); should it happen all the
    same (a file that somebody copies over), the checksums in the pointers tell (INV-C2).

Example: a folder of another user, 0555, with `app.db` at commit 40 and, of a process that was killed, `app.db-wal` with 41, 42,
and half of 43. ``mode=ro`` reads 42, ``immutable=1`` reads 40. The owner opens the file and commits: 43, which ``mode=ro``
sees at its next statement.

Limits: what nobody has recovered may not be durable, though it is shown; the next who writes makes it so. Time travel to states
that only a log gives fails once that log is gone. Without locks of the kind that `byte_locks.py` needs (`TOLD`), ``mode=ro``
opens as a writer does, and does not write.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from weakref import ref

from crc32c import crc32c

from aerodb_dbapi.storage import byte_locks
from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import BUDGET, NodeCache
from aerodb_dbapi.storage.checkpoint import Checkpointer, LiveStates
from aerodb_dbapi.storage.commit import Committer
from aerodb_dbapi.storage.database import Database, latest_root, set_latest_root
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import io_error, place_of
from aerodb_dbapi.storage.following import Following
from aerodb_dbapi.storage.generations import Generations
from aerodb_dbapi.storage.graft import graft, schema_cell
from aerodb_dbapi.storage.header import Header
from aerodb_dbapi.storage.lock_file import COMMIT, MAGIC, MAGIC_VALUE, OPENING, SIZE, SLOT_COUNT, SLOT_LOCKS, is_of
from aerodb_dbapi.storage.looking import looking
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.offline import FILES, ReadOnlyFiles, judged
from aerodb_dbapi.storage.opening import HISTORY
from aerodb_dbapi.storage.pages import Checkpoint
from aerodb_dbapi.storage.reader_locks import Telling
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sharing import PATIENCE, SUFFIX
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.wal import Log

_PAUSE: Final = 0.0005
_REFUSED: Final = ("attempt to write a readonly database", "SQLITE_READONLY")
_UNMADE: Final = Header(bytes(16), sequence=0)


def _refused() -> OperationalError:
    return OperationalError(_REFUSED[0], name=_REFUSED[1])


class ReadOnlyCommitter(Committer):
    """A committer that takes no commits of this process."""

    __slots__ = ()

    def _check_writable(self) -> None:
        raise _refused()


class ReadOnlyCheckpointer(Checkpointer):
    """What is known of the checkpoints of a file, of which none is made here."""

    __slots__ = ()

    def run(self, pins: object = (), closing: bool = False, stopped: object = None) -> int:
        """Not here."""
        raise _refused()

    def promise(self, commit_id: int, transaction: Transaction) -> bool:
        """Not here."""
        raise _refused()


class LockWords:
    """The lock file, if there is one, as somebody sees it who may only read it."""

    __slots__ = ("_descriptor", "path", "words")

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self.path = path
        self.words: memoryview | None = None

    @classmethod
    def entered(cls, path: str, timeout: float) -> LockWords | None:
        """The lock file of that name with OPENING held, shared; None: there is none."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                file = cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC), path)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
            try:
                while not byte_locks.try_lock(file._descriptor, OPENING, shared=True):
                    if time.monotonic() >= deadline:
                        raise OperationalError("database is locked", name="SQLITE_BUSY")
                    time.sleep(_PAUSE)
                if file._is_named():
                    file._map_words()
                    return file
            except BaseException:
                file.leave()
                raise
            file.leave()

    def _is_named(self) -> bool:
        mine = os.fstat(self._descriptor)
        with suppress(OSError):
            named = os.stat(self.path)
            return (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino)
        return False

    def _map_words(self) -> None:
        if os.fstat(self._descriptor).st_size >= SIZE:  # else it was never begun
            self.words = memoryview(mmap.mmap(self._descriptor, SIZE, prot=mmap.PROT_READ)).cast("Q")

    def is_live(self) -> bool:
        """Whether a process that may write has the database open."""
        slots = byte_locks.lowest(self._descriptor, SLOT_LOCKS, SLOT_LOCKS + SLOT_COUNT, exclusive=True)
        return self.words is not None and slots is not None

    def leave(self) -> None:
        """Let others open and close again. The words can still be read."""
        byte_locks.unlock(self._descriptor, OPENING)
        os.close(self._descriptor)


class Reading:
    """What a database that only reads has beside those who write. It stands where `Sharing` does for them."""

    __slots__ = ("_closed", "_database", "_depth", "_numbers", "_telling", "lineage", "lock", "timeout")

    def __init__(self, database: ReadOnlyDatabase, descriptor: int, timeout: float) -> None:
        self.lock = threading.RLock()
        self.lineage = 0  # the state on disk that the latest trees were made from
        self.timeout = timeout
        self._database = ref(database)
        self._depth = 0  # how often the gate was entered
        self._numbers = b""  # of the header slots, when they were read
        self._telling = Telling(descriptor)
        self._closed = False

    @property
    def database(self) -> ReadOnlyDatabase:
        database = self._database()
        assert database is not None
        return database

    # --- reading -----------------------------------------------------------------------------------------------------

    def roll_forward(self) -> None:
        """Have the latest published commit of all processes as the root (INV-P1)."""
        with self.lock:
            if not self._closed and not self._goes_on():
                self.read_anew()

    def _goes_on(self) -> bool:
        """Read on in the log, if the lock file is the one that is known."""
        database = self.database
        committer, words = database.committer, database.words
        if words is None or words[MAGIC] != MAGIC_VALUE or committer.log is None:
            return False
        following, last = Following(database.generations, committer.log), words[COMMIT]
        try:
            with committer.lock, paused_gc():
                for record in following.records(committer.published.commit_id, last):
                    committer.receive(record)
                committer.publish_to(last)
        except CorruptionError:  # the log may have gone with its last process; reading anew will tell
            return False
        finally:
            committer.log = following.log
        self._tell()
        return True

    def has_news(self) -> bool:
        """Where there was no lock file: whether there is one, or somebody has come and gone."""
        database = self.database
        return os.access(database.path + SUFFIX, os.F_OK) or headers.numbers(database.blocks.file) != self._numbers

    def read_anew(self) -> None:
        """The header, its state, and the log behind it. OperationalError: others open or close for too long."""
        database = self.database
        deadline = time.monotonic() + max(self.timeout, 0.1)
        while True:
            sequence = database.blocks.header.sequence
            words = LockWords.entered(database.path + SUFFIX, self.timeout)
            try:
                if self._read_once(words):
                    return
            except CorruptionError:
                if not self._has_changed(words, sequence) or time.monotonic() > deadline:
                    raise
            finally:
                if words is not None:
                    words.leave()
            if time.monotonic() > deadline:
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            time.sleep(_PAUSE)

    def _has_changed(self, words: LockWords | None, sequence: int) -> bool:
        """Whether somebody may have written while we read; without a lock file nothing keeps them from that."""
        with suppress(CorruptionError):
            if self._sequence() != sequence:
                return True
        return words is None and os.access(self.database.path + SUFFIX, os.F_OK)

    def _sequence(self) -> int:
        """The number of the header in force."""
        blocks = self.database.blocks
        return _UNMADE.sequence if headers.is_unmade(blocks.file) else headers.read(blocks.file, blocks.path).sequence

    def _read_once(self, words: LockWords | None) -> bool:
        """Read anew while OPENING is held, if there is a lock file; False: others have changed what we were at."""
        database = self.database
        roots = [self._checkpoint()]
        header = database.blocks.header
        logs: list[Log] = []
        try:
            if words is not None and words.is_live():
                assert words.words is not None
                if not is_of(words.words, header.file_id):
                    raise OperationalError(
                        "database is locked: the file that was here is still open", name="SQLITE_BUSY"
                    )
                last = words.words[COMMIT]
                if header.sealed and last > header.commit_id:
                    return False  # the header that names the log was just being written
                self._apply(roots, self._published(header, last, logs))
            else:
                self._apply(roots, judged(database.generations, header, logs))
                if words is None and self._has_changed(words, header.sequence):
                    return False
            for log in logs[:-1]:
                log.close()
            self._adopt(roots, logs.pop() if logs else None)
        finally:
            for log in logs:
                log.close()
        database.words = None if words is None else words.words
        self._tell()
        return True

    def _checkpoint(self) -> Root:
        """The state of the checkpoint in force, whose blocks stay from now on."""
        database = self.database
        blocks, generations = database.blocks, database.generations
        self._enter_gate(PATIENCE)
        try:
            self._numbers = headers.numbers(blocks.file)
            made = not headers.is_unmade(blocks.file)
            blocks.header = header = headers.read(blocks.file, blocks.path) if made else _UNMADE
            generations.file_id, blocks.seed = header.file_id, crc32c(header.file_id)
            self._telling.tell(min(self._floor(), header.commit_id), header.generation)
            blocks.record = Checkpoint(end=headers.BLOCKS_START)
            blocks.read_record()
            root = Root.empty() if blocks.record.state is None else blocks.root(blocks.record.state)
            self.lineage = header.commit_id
            with paused_gc():
                return graft(database.committer.published, root)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR_READ", database.path) from error
        finally:
            self._leave_gate()

    def _published(self, header: Header, last: int, logs: list[Log]) -> Iterator[Any]:
        """The commits behind a checkpoint up to `last`."""
        if header.sealed:
            return
        generations = self.database.generations
        following = Following.of_generation(generations, header.generation, header.log_id, header.commit_id)
        try:
            yield from following.records(header.commit_id, last)
        finally:
            logs.append(following.log)

    @staticmethod
    def _apply(roots: list[Root], records: Iterator[Any]) -> None:
        with paused_gc():
            for record in records:
                try:
                    roots.append(roots[-1].following(record))
                except (TypeError, LookupError, ValueError) as error:
                    message = f"commit {record.commit_id} does not fit the state before it: {error!r}"
                    raise CorruptionError(message, file="", offset=0) from error
                if len(roots) > 2 * HISTORY:
                    del roots[:HISTORY]

    def _adopt(self, roots: list[Root], log: Log | None) -> None:
        """Go on with these states, the last of which is the latest."""
        database = self.database
        committer = database.committer
        with committer.lock:
            before, root = committer.published, roots[-1]
            if root.commit_id < before.commit_id:
                message = f"commit {before.commit_id} was read, and is no longer there"
                raise CorruptionError(message, file=database.path, offset=0)
            roots[-1] = root = Root(root.commit_id, root.trees, schema_cell(before, root))
            former, committer.log = committer.log, log
            committer.tip = committer.published = committer.claims.tip = root
            database.go_on(roots)
        if former is not None:
            former.close()

    # --- what is in use ----------------------------------------------------------------------------------------------

    def _floor(self) -> int:
        live = self.database.live
        assert live is not None
        return min(live.commits(), default=self.lineage)

    def _tell(self) -> None:
        """Say what is still used; nothing that was not said before."""
        log, header = self.database.committer.log, self.database.blocks.header
        self._telling.tell(self._floor(), header.generation + 1 if log is None else log.head.generation)

    def _enter_gate(self, timeout: float) -> None:
        if self._depth == 0 and not self._telling.enter(timeout):
            raise OperationalError("database is locked", name="SQLITE_BUSY")
        self._depth += 1

    def _leave_gate(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._telling.leave()

    def enter_checkpoint(self) -> None:
        """Nothing is collected and no log removed until `leave_checkpoint`; the checkpoint in force is known."""
        self.lock.acquire()
        try:
            self._enter_gate(PATIENCE)
            try:
                if self._sequence() != self.database.blocks.header.sequence:
                    self.read_anew()
            except BaseException:
                self._leave_gate()
                raise
        except BaseException:
            self.lock.release()
            raise

    def leave_checkpoint(self) -> None:
        """The end of that."""
        self._tell()
        self._leave_gate()
        self.lock.release()

    def lower_floor(self, commit_id: int) -> None:
        """An older state is about to be read; between `enter_checkpoint` and `leave_checkpoint`, which tells of it."""

    def published(self, root: Root) -> None:
        """Another process's commit was read: nobody need be told."""

    def processes(self) -> list[tuple[int | None, int, int | None, int]]:
        """What is known of who has the file open: this process."""
        return [(os.getpid(), self._floor(), None, 1)]

    # --- keeping up --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Let go of an old checkpoint."""
        with self.lock:
            if self._closed:
                return
            if self._sequence() != self.database.blocks.header.sequence:
                self.read_anew()
            self._tell()

    def stop(self) -> None:
        """No more reading."""
        with self.lock:
            self._closed = True


class UnwritableDatabase(Database):
    """A database of which nothing is written. ImmutableDatabase is what it is without others who write."""

    __slots__ = ()
    read_only = True

    def __init__(self, path: str, blocks: BlockFile, generations: Generations, timeout: float) -> None:
        root = Root.empty()
        super().__init__(path, root, timeout)
        self.live = LiveStates()
        self.checkpointer = ReadOnlyCheckpointer(blocks, generations, self.live, self._root_to_keep)
        self.committer = self.checkpointer.committer = ReadOnlyCommitter(root, None, self._publish_live)
        self.committer.failure = _REFUSED

    @property
    def blocks(self) -> BlockFile:
        """The file's blocks."""
        assert self.checkpointer is not None
        return self.checkpointer.blocks

    @property
    def generations(self) -> Generations:
        """The file's log."""
        assert self.checkpointer is not None
        return self.checkpointer.generations

    def go_on(self, roots: list[Root]) -> None:
        """The last of these states is the latest; those before are held as history."""
        for root in roots:
            self._live(root)
        held = roots[-self.history_max :]
        self.history = {root.commit_id: root for root in held}
        self.history_start = held[0].commit_id
        self.root = held[-1]

    def abandon(self) -> None:
        """Let go of the files as a killed process would: no more than closing does."""
        self._opens = 1
        self.close()

    def _close_store(self, checkpointer: Checkpointer) -> None:
        looking.end(self)
        if isinstance(self.sharing, Reading):
            self.sharing.stop()
        with checkpointer.lock.threads:
            if self.committer.log is not None:
                self.committer.log.close()
            checkpointer.blocks.file.close()
            self.words = None


class ReadOnlyDatabase(UnwritableDatabase):
    """A database that others may write."""

    __slots__ = ()

    @property
    def root(self) -> Root:
        """The latest state that any process has published (INV-P1)."""
        root: Root = latest_root(self)
        words, reading = self.words, self.sharing
        if reading is None:  # closed
            return root
        if words is None:
            news = reading.has_news()  # type: ignore[attr-defined]
        else:
            news = words[COMMIT] > root.commit_id or words[MAGIC] != MAGIC_VALUE
        if news:
            reading.roll_forward()
            root = latest_root(self)
        return root

    @root.setter
    def root(self, root: Root) -> None:
        set_latest_root(self, root)

    def begin(self, *, immediate: bool = False, timeout: float | None = None) -> Transaction:
        """A transaction that reads the latest state."""
        if not self.is_closed:
            _ = self.root
        return super().begin(immediate=immediate, timeout=timeout)

    def leave_behind(self) -> None:
        """In a child of `os.fork`: the files are its parent's (INV-P5)."""
        if isinstance(self.sharing, Reading):
            self.sharing.stop()
            self.sharing = None
        super().leave_behind()


def open_for_reading(
    path: str,
    timeout: float,
    *,
    immutable: bool = False,
    cache_bytes: int = BUDGET,
    files: ReadOnlyFiles = FILES,
) -> Database:
    """The database in that file, for reading only; one that this process has open for writing anyway is that one."""
    with Database.registry_lock:
        path = place_of(path)
        known = None if immutable else Database.known(path)
        key = (files, files.identity(path), immutable)
        known = known or Database.registry.get(key)
        if known is not None:
            return known.opened_again()
        database = _opened(path, timeout, cache_bytes, immutable, files)
        Database.register(database, (files, database.blocks.file.identity(), immutable))
        return database


def _opened(path: str, timeout: float, cache_bytes: int, immutable: bool, files: ReadOnlyFiles) -> UnwritableDatabase:
    while True:
        try:
            file = files.open(path)
        except OSError as error:
            raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
        try:
            if not immutable and not file.share(timeout):
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            blocks = BlockFile(file, path, _UNMADE, NodeCache(cache_bytes))
            generations = Generations(files, path, _UNMADE.file_id)
            if immutable:
                return _immutable(blocks, generations, timeout)
            database = ReadOnlyDatabase(path, blocks, generations, timeout)
            database.sharing = reading = Reading(database, file.descriptor, timeout)  # type: ignore[assignment]
            assert database.checkpointer is not None
            database.checkpointer.lock.sharing = reading  # type: ignore[assignment]
            reading.read_anew()
            if files.identity(path) == file.identity():  # else it was replaced while we waited
                looking.begin(database)
                return database
            reading.stop()
        except BaseException:
            file.close()
            raise
        file.close()


def _immutable(blocks: BlockFile, generations: Generations, timeout: float) -> UnwritableDatabase:
    """The last checkpoint, as if there were nothing but the file."""
    if not headers.is_unmade(blocks.file):
        header = headers.read(blocks.file, blocks.path)
        blocks.header, blocks.seed = replace(header, flags=headers.SEALED), crc32c(header.file_id)
        blocks.read_record()
        blocks.record.pinned = [pinned._replace(generation=0) for pinned in blocks.record.pinned]
    database = UnwritableDatabase(blocks.path, blocks, generations, timeout)
    root = Root.empty() if blocks.record.state is None else blocks.root(blocks.record.state)
    committer = database.committer
    committer.tip = committer.published = committer.claims.tip = root
    database.go_on([root])
    return database
