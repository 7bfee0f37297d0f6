"""A database: the roots that can be read, the one committer, and the store; shared by all connections to one file.

One object per file
    `Database.open` looks the file up by device and inode, so two paths to one file (links, relative names) give the same object; opens
    are counted and the last `close` makes a checkpoint and removes the log. Other processes are kept out by a lock on the file.
    `Database.memory()` is the same engine without a file, and always a new object.

Opening
    The header leads to the checkpoint record and that to the root of its commit, whose nodes load at first touch. The log hands back the
    commits since; each is applied to the root before it (INV-R4, INV-R8). No planner, no executor, no clock takes part.

States that can be read
    `root` is the latest published one; reading it is one attribute access. Roots since the last checkpoint, `HISTORY` of them at most,
    are kept by commit id; an older one as long as somebody holds it, or if the file keeps it: as a snapshot, or within
    `history_retention`. Such a state is read from the file, and rebuilt from the nearest one below it by replaying the log (INV-C9). Old
    roots share all but the changed paths with the new ones.

Checkpoints
    Made when the log has grown to `autocheckpoint` bytes, by a thread of their own, beside everything else; by
    `checkpoint()`; and at the last close.

Several processes
    A file of the real file system is shared with other processes (`sharing.py`): the database is then a `SharedDatabase`, whose
    `root` looks first whether somebody else has committed. What a child of `os.fork` inherits is a `LeftDatabase`.

Forks
    `fork()` is a database in memory that begins with the very root of this one: nothing is copied, whatever either
    writes the other does not see, and this one stays open until the fork is closed.

Counters
    `floor` is the oldest commit id that an open read view needs (the visibility floor); `root.commit_id` if there is none.

Not here: files that are only read (`readonly.py`); statements and plans (`plan_cache` is the executor's, kept here because it is shared).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from typing import Any, ClassVar, Final
from weakref import WeakValueDictionary, ref

from aerodb_dbapi.storage import digest as digests
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import BUDGET
from aerodb_dbapi.storage.checkpoint import Checkpointer, LiveStates, snapshots
from aerodb_dbapi.storage.commit import MODES, Committer
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError
from aerodb_dbapi.storage.files import FileSystem, OperatingSystemFiles, place_of
from aerodb_dbapi.storage.lock_file import APPENDED, COMMIT, ENDING, HEADER, OPENING, UNDER_WAY, UNKNOWN, LockFile
from aerodb_dbapi.storage.looking import looking
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.opening import HISTORY, Store
from aerodb_dbapi.storage.reopening import recall, remember
from aerodb_dbapi.storage.root import ReadView, Root
from aerodb_dbapi.storage.shared_claims import SharedClaims
from aerodb_dbapi.storage.sharing import PATIENCE, SUFFIX, Sharing, begin
from aerodb_dbapi.storage.shielding import shielded
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.untying import untie

TIMEOUT = 5.0
PAGE = 4096  # what PRAGMA cache_size and wal_autocheckpoint count in
AUTOCHECKPOINT = 1000 * PAGE

_FILES = OperatingSystemFiles()
_logger = logging.getLogger("aerodb")


class Database:
    """An open database. `Database.open` and `Database.memory` make one; `close` once per open."""

    __slots__ = (
        "__weakref__", "_base", "_former", "_key", "_opens", "_origin", "_thread", "background", "checkpointer",
        "committer", "feeds", "history", "history_max", "history_start", "live", "max_view_age", "name", "path",
        "plan_cache", "rebuilt", "reopened", "root", "sharing", "timeout", "views", "words",
    )  # fmt: skip
    root: Root
    read_only: ClassVar[bool] = False

    registry: ClassVar[dict[Any, Database]] = {}
    registry_lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, path: str, root: Root, timeout: float = TIMEOUT, store: Store | None = None) -> None:
        self.path = path
        self.name = path or ":memory:"
        self.timeout = timeout
        self.root = root
        self.history: dict[int, Root] = {root.commit_id: root}
        self.history_max = HISTORY
        self.history_start = root.commit_id
        self.views: dict[ReadView, Root] = {}
        self.feeds: list[ref[Any]] = []  # each with the `position` that it has reached
        self.max_view_age = 0
        self.plan_cache: dict[Any, Any] = {}
        self.reopened = False  # with plans of before: see `reopening.py`
        self.live: LiveStates | None = None
        self.rebuilt: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self.checkpointer: Checkpointer | None = None
        self.background = False
        self._thread: threading.Thread | None = None
        self._origin: Database | None = None
        self._base: Root | None = None
        self._former: list[BlockFile] = []  # of before a VACUUM
        self._key: Any = None
        self._opens = 1
        self.sharing: Sharing | None = None
        self.words: memoryview | None = None
        if store is None:
            self.committer = Committer(root, None, self._publish)
            return
        self.live = LiveStates()
        self.live.add(root.commit_id, root)
        if (plans := recall(store.blocks, root)) is not None:
            self.plan_cache, self.reopened = plans, True
        self.checkpointer = Checkpointer(store.blocks, store.generations, self.live, self._root_to_keep)
        self.committer = Committer(root, store.log, self._publish_live, self.checkpointer.start_log)
        self.committer.log_limit = AUTOCHECKPOINT
        self.committer.log_full = self._log_full
        self.checkpointer.committer = self.committer

    # --- opening and closing -----------------------------------------------------------------------------------------

    @classmethod
    def memory(cls) -> Database:
        """A new, empty database without a file."""
        return cls("", Root.empty())

    @classmethod
    def shared_memory(cls, name: str) -> Database:
        """The database in memory that goes by this name in the process, made if there is none; it lives as long as it
        is open somewhere."""
        key = ("memory", name)
        with cls.registry_lock:
            known = cls.registry.get(key)
            if known is not None:
                known._opens += 1
                return known
            database = cls.registry[key] = cls.memory()
            database._key = key
            return database

    @classmethod
    def open(
        cls,
        path: str,
        *,
        files: FileSystem | None = None,
        timeout: float = TIMEOUT,
        synchronous: str = "FULL",
        cache_bytes: int = BUDGET,
    ) -> Database:
        """The database in that file, made if there is none; the same object for every open of one file."""
        files = files or _FILES
        with cls.registry_lock:
            if files.has_processes:
                path = place_of(path)
            known = cls._registered(files, path)
            if known is not None:
                return known.opened_again()
            store = Store(files, path, timeout, cache_bytes)
            try:
                roots = store.recover()
                database = cls(path, roots[-1], timeout, store)
                if store.lock_file is not None:
                    database._share(store.lock_file)
                database._keep(roots)
                database.set_synchronous(synchronous)
                store.leave()
            except BaseException:
                store.close()
                raise
            database.background = files is _FILES
            cls.register(database, (files, store.file.identity()))
            return database

    @classmethod
    def register(cls, database: Database, key: Any) -> None:
        """What is opened by that key from now on is this one. `registry_lock` is held."""
        database._key = key
        cls.registry[key] = database

    @classmethod
    def known(cls, path: str) -> Database | None:
        """The database that this process has open for writing in that file."""
        return cls._registered(_FILES, path)

    def opened_again(self) -> Database:
        """The same, open once more. `registry_lock` is held."""
        self._opens += 1
        return self

    @classmethod
    def _registered(cls, files: FileSystem, path: str) -> Database | None:
        try:
            identity = files.identity(path) if cls.registry else None
        except OSError:  # opening it will tell
            return None
        return None if identity is None else cls.registry.get((files, identity))

    def close(self) -> None:
        """Give up one open; the last one makes what is pending durable and a checkpoint, and unlocks the file. If the
        checkpoint fails, a warning is logged: what was committed is in the log, which stays for the next opening."""
        with self.registry_lock:
            if self._opens == 0:
                return
            self._opens -= 1
            if self._opens:
                return
            if self._key is not None:
                self.registry.pop(self._key, None)
            if self._origin is not None:
                self._origin.close()
            if self.checkpointer is not None:
                self._close_store(self.checkpointer)
            untie(self.committer, self.checkpointer, self._former)

    def _close_store(self, checkpointer: Checkpointer) -> None:
        checkpointer.alone.set()
        if self._thread is not None:
            self._thread.join()
        try:
            if self.sharing is not None:
                self._part(self.sharing, checkpointer)
            elif self.committer.failure is None:
                checkpointer.run(closing=True)
        except OperationalError as error:
            _logger.warning("%s: %s", self.path, error)
        finally:
            self._close_files(checkpointer)

    def _close_files(self, checkpointer: Checkpointer) -> None:
        with checkpointer.lock.threads:  # not while the thread that looks after the others is at it
            if self.committer.log is not None:
                self.committer.log.close()
            for blocks in (checkpointer.blocks, *self._former):
                blocks.file.close()
            self._unshare()
        remember(checkpointer.blocks, self.root, self.plan_cache)

    # --- other processes ---------------------------------------------------------------------------------------------

    def _share(self, file: LockFile) -> None:
        """Be one of several processes from now on."""
        checkpointer = self.checkpointer
        assert checkpointer is not None
        log, header = self.committer.log, checkpointer.blocks.header
        self.words = file.words
        self.sharing = Sharing(self, file, header.generation + 1 if log is None else log.head.generation)
        self.committer.turn = checkpointer.lock.sharing = self.sharing
        claims = self.committer.claims
        claims.shared = shared = SharedClaims(claims, self.sharing)
        shared.publish_all()
        self.__class__ = SharedDatabase
        looking.begin(self)

    def _unshare(self) -> None:
        """Be alone from now on."""
        sharing, self.sharing = self.sharing, None
        if sharing is not None:
            assert self.checkpointer is not None
            looking.end(self)
            self.committer.turn = self.checkpointer.lock.sharing = self.committer.claims.shared = None
            self.__class__ = Database
            self.words = None
            sharing.file.close()

    def _part(self, sharing: Sharing, checkpointer: Checkpointer) -> None:
        """Leave the file to the other processes; the last one makes the final checkpoint."""
        file = sharing.file
        with file.held(PATIENCE):
            if file.others():
                self.committer.settle()
            else:
                try:
                    if self.committer.failure is None and not self._is_unchanged(file, checkpointer):
                        checkpointer.run(closing=True)
                finally:
                    file.remove()

    def _is_unchanged(self, file: LockFile, checkpointer: Checkpointer) -> bool:
        """Whether the files are as the last close left them: nobody has made a log or a checkpoint since, or died at it, and
        nobody will, for OPENING is locked and there are no others; nor was a log left for somebody who is gone by now."""
        words, header = file.words, checkpointer.blocks.header
        states = {words[COMMIT], words[APPENDED], self.committer.tip.commit_id, checkpointer.blocks.record.commit_id}
        quiet = not (words[UNDER_WAY] or words[ENDING] or words[UNKNOWN] or checkpointer.unknown)
        same = header.sealed and words[HEADER] == header.sequence and self.committer.log is None
        return quiet and same and len(states) == 1 and not checkpointer.generations.find_ended()

    def set_exclusive(self, exclusive: bool) -> bool:
        """Keep other processes out (PRAGMA locking_mode), or let them in again; whether they are out now. OperationalError:
        there are some."""
        checkpointer, sharing = self.checkpointer, self.sharing
        if checkpointer is None or not self.background:
            return exclusive
        if exclusive and sharing is not None:
            self._keep_out(sharing, checkpointer)
        elif not exclusive and sharing is None:
            self._let_in(checkpointer)
        return exclusive

    def _keep_out(self, sharing: Sharing, checkpointer: Checkpointer) -> None:
        file, committer = checkpointer.blocks.file, self.committer
        with sharing.file.held(self.timeout), checkpointer.lock:
            if sharing.file.others():
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            if not file.lock(0):
                file.share(0)  # a lock that cannot be had may take with it the one that was there
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            sharing.file.remove()
            looking.end(self)
        while True:
            committer.settle()
            with committer.lock:
                if committer.tip is committer.published and not committer.flushing:
                    self._unshare()
                    return
            time.sleep(0)  # a commit is published, and its thread about to notice

    def _let_in(self, checkpointer: Checkpointer) -> None:
        committer, blocks = self.committer, checkpointer.blocks
        lock_file = LockFile.entered(self.path + SUFFIX, self.timeout)
        with checkpointer.lock:
            while True:
                committer.settle()
                with committer.lock:
                    if committer.tip is not committer.published:
                        continue
                    log = committer.log
                    first = blocks.header.generation + 1 if log is None else log.head.generation
                    begin(lock_file, blocks, committer.published.commit_id, first)
                    self._share(lock_file)
                    self._live(self.root)
                    blocks.file.share(0)
                    break
        lock_file.unlock(OPENING)

    def begin_history(self, root: Root) -> None:
        """Go on with another root of the same commit; earlier ones are kept by who reads them."""
        needed = min(self._positions(), default=root.commit_id)
        earlier = {commit_id: held for commit_id, held in self.history.items() if commit_id >= needed}
        self.history = {**earlier, root.commit_id: root}
        self.history_start = min(self.history)
        self._live(root)
        self.root = root

    def abandon(self) -> None:
        """Let go of the files as a killed process would: nothing is flushed, nothing sealed."""
        with self.registry_lock:
            self._opens = 0
            self.registry.pop(self._key, None)
            if self.committer.log is not None:
                self.committer.log.close()
            if self.checkpointer is not None:
                self.checkpointer.blocks.file.close()
            if self.sharing is not None:
                self.sharing.file.forget()
                self._unshare()

    def leave_behind(self) -> None:
        """In a child of `os.fork`: the database is its parent's, whose descriptors are given up without a word (INV-P5)."""
        self._opens = 0
        self.__class__ = LeftDatabase
        self.committer.claims.shared = None
        if self.sharing is not None:
            self.sharing.file.forget()
        assert self.checkpointer is not None
        for blocks in (self.checkpointer.blocks, *self._former):
            blocks.file.close()
        if self.committer.log is not None:
            self.committer.log.close()
        self.committer.left_behind((LEFT, "SQLITE_MISUSE"))

    def move_to(self, blocks: BlockFile, root: Root, key: Any) -> None:
        """Go on in another file that holds the same commit (VACUUM). The write gate and the checkpointer's lock are held."""
        checkpointer, committer = self.checkpointer, self.committer
        assert checkpointer is not None
        root = Root(root.commit_id, root.trees, self.root.cell)
        self._former.append(checkpointer.blocks)  # old states go on reading it
        log = committer.log
        with committer.lock:
            committer.log = None
            committer.tip = committer.published = committer.claims.tip = root
            self.history = {root.commit_id: root}
            self.history_start = root.commit_id
            self.root = root
        self.live = LiveStates()
        self.live.add(root.commit_id, root)
        blocks.cache.resize(checkpointer.blocks.cache.budget)
        checkpointer.move_to(blocks, self.live)
        with self.registry_lock:
            if self.registry.pop(self._key, None) is not None:
                self.registry[key] = self
            self._key = key
        if self.sharing is not None:
            self.sharing.moved(blocks.header)
            blocks.file.share(0)
        if log is not None:
            log.close()
            checkpointer.generations.end_current(log, keep=False)
        checkpointer.generations.remove_before(blocks.header.generation + 1)

    def fork(self, root: Root | None = None) -> Database:
        """A database in memory that begins as this one is now, or was at `root`; both go their own ways."""
        with self.registry_lock:
            if not self._opens:
                raise ProgrammingError("Cannot operate on a closed database.")
            self._opens += 1
        base = root or self.root
        fork = Database("", base, self.timeout)
        fork._origin = self
        fork._base = base  # as long as the fork is open, its base is in use (INV-G5)
        return fork

    def give_name(self, other: Database) -> None:
        """What goes by this database's shared name in the process is `other` from here on. Nothing without a name."""
        with self.registry_lock:
            if self._key is not None and self._key[0] == "memory":
                key, self._key = self._key, None
                other._key = key
                self.registry[key] = other

    @property
    def is_closed(self) -> bool:
        """Whether the last open was given up."""
        return self._opens == 0

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def checkpoint(self, pins: Iterable[int] = ()) -> int:
        """Write the latest commit to the file now; its id. Nothing happens without a file. OperationalError: it failed,
        and the commits stay in the log."""
        if self.checkpointer is None:
            return self.root.commit_id
        self.end_old_views()
        if self.background:
            commit_id = self._shielded(self.checkpointer, pins)
        else:
            commit_id = self.checkpointer.run(pins)
        self._forget_before(commit_id)
        return commit_id

    @staticmethod
    def _shielded(checkpointer: Checkpointer, pins: Iterable[int]) -> int:
        """A checkpoint that Ctrl-C ends in its first part, while blocks are written, and not in the middle of a change of files."""
        stopped = threading.Event()
        return shielded(lambda: checkpointer.run(pins, stopped=stopped), stopped.set)

    def _log_full(self) -> None:
        """The log has grown to its limit: make a checkpoint, beside everything else. Called by a committing thread."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            return
        if not self.background:
            self._checkpoint_quietly()
            return
        self._thread = threading.Thread(target=self._checkpoint_quietly, name=f"checkpoint of {self.path}")
        self._thread.start()

    def _checkpoint_quietly(self) -> None:
        """The commits that led here are durable whatever becomes of the checkpoint, which keeps its failure."""
        try:
            self.checkpoint()
        except OperationalError:
            limit = self.committer.log_limit
            log = self.committer.log
            if limit is not None and log is not None and log.end >= limit:
                self.committer.log_limit = 2 * log.end  # not again at every commit

    def set_autocheckpoint(self, size: int) -> None:
        """Make checkpoints when the log has that many bytes; 0 or less: only when told to, and at the last close."""
        self.committer.log_limit = size if size > 0 else None

    # --- reading -----------------------------------------------------------------------------------------------------

    def _publish(self, root: Root) -> None:
        """A commit is durable: everyone sees it from now on. Called in commit order, by one thread at a time."""
        history = self.history
        history[root.commit_id] = root
        while len(history) > self.history_max:  # ids are dense
            del history[self.history_start]
            self.history_start += 1
        set_latest_root(self, root)

    def _publish_live(self, root: Root) -> None:
        self._live(root)
        self._publish(root)

    def _live(self, root: Root) -> None:
        """That root may be read from now on: the states on disk that it may reach stay (INV-G5)."""
        live = self.live
        assert live is not None
        live.add(root.commit_id, root)
        if self.sharing is not None:
            live.add(self.sharing.lineage, root)

    def _keep(self, roots: list[Root]) -> None:
        """Roots that opening rebuilt, in order."""
        if len(roots) == 1 and (self.sharing is None or self.sharing.lineage == self.root.commit_id):
            return  # which is `root`, and known
        for root in roots:
            if self.live is not None:
                self._live(root)
            self.history[root.commit_id] = root
        self.history_start = min(self.history)
        self._trim(self.root.commit_id - self.history_max + 1)

    def _trim(self, oldest: int) -> list[Root | None]:
        """Forget the roots before that commit; they are returned so that the caller lets go of them without a lock."""
        forgotten = []
        while self.history_start < oldest:
            forgotten.append(self.history.pop(self.history_start, None))
            self.history_start += 1
        return forgotten

    def _forget_before(self, commit_id: int) -> None:
        """A checkpoint was made: earlier roots are kept by the file or by who reads them, so that blocks can go."""
        oldest = min([commit_id, self.root.commit_id, *self._positions()])
        with self.committer.lock:  # commits are published meanwhile
            forgotten = self._trim(oldest)
        del forgotten

    def _positions(self) -> list[int]:
        """What readers of the change feed have come to: behind it roots are kept for them."""
        return [feed.position for known in list(self.feeds) if (feed := known()) is not None]

    def root_at(self, commit_id: int) -> Root:
        """The state as of a commit that is held in memory or kept by the file."""
        root = self.history.get(commit_id) or self.rebuilt.get(commit_id)
        if root is not None:
            return root
        for held in list(self.views.values()):
            if held.commit_id == commit_id:
                return held
        if commit_id < 0 or commit_id > self.root.commit_id:
            raise OperationalError(f"no such commit: {commit_id} (the latest is {self.root.commit_id})")
        if self.checkpointer is not None:
            root = self._rebuild(self.checkpointer, commit_id)
        if root is None:
            raise OperationalError(f"commit {commit_id} is no longer held (the oldest is {self.oldest_commit()})")
        return root

    def _root_to_keep(self, commit_id: int) -> Root:
        """A state that a checkpoint is to write. One that is in memory from before another process's checkpoint was taken
        over may use blocks that this one counts as dead: then it is made anew from the file (INV-P3)."""
        sharing = self.sharing
        if sharing is not None and commit_id < sharing.taken_over and self.checkpointer is not None:
            root = self._rebuild(self.checkpointer, commit_id)
            if root is not None:
                return root
        return self.root_at(commit_id)

    def _rebuild(self, checkpointer: Checkpointer, commit_id: int) -> Root | None:
        """A state from the file: one that it keeps, or what the log makes of the nearest one below."""
        root = checkpointer.lock.within(lambda: self._root_from(checkpointer, commit_id))
        if root is not None:
            self.rebuilt[commit_id] = root
        return root

    def _root_from(self, checkpointer: Checkpointer, commit_id: int) -> Root | None:
        """With the lock held: no checkpoint may drop the state meanwhile."""
        found = checkpointer.nearest(commit_id)
        if found is None:
            return None
        at, pointer, generation = found
        root = checkpointer.blocks.root(pointer) if pointer.length else Root.empty()
        if at != commit_id:
            self.committer.settle()
            with paused_gc():
                for record in checkpointer.generations.replay(generation, at, commit_id):
                    root = root.following(record)
        assert self.live is not None
        self.live.add(at, root)
        self.live.add(commit_id, root)
        if self.sharing is not None:
            self.sharing.lower_floor(at)
        return root

    def oldest_commit(self) -> int:
        """From which commit on every state can be read."""
        if self.checkpointer is None:
            return self.history_start
        return min(self.history_start, self.checkpointer.oldest_commit())

    def snapshots(self) -> dict[str, int]:
        """Name → commit of the snapshots."""
        return snapshots(self.root)

    def read_view(self, commit: int | None = None) -> ReadView:
        """Hold the latest state, or that of a commit, until the view is closed."""
        return ReadView(self.root if commit is None else self.root_at(commit), self.views)

    def end_old_views(self) -> None:
        """End the read views that are older than `max_view_age` commits, if that is set. The next checkpoint finds what only
        they could reach to be garbage."""
        limit, latest = self.max_view_age, self.root.commit_id
        if limit:
            for view in list(self.views):
                age = latest - view.commit_id
                if age > limit:
                    view.end(
                        f"the read view of commit {view.commit_id} was ended: it was {age} commits old, "
                        f"and aerodb_max_view_age is {limit}"
                    )

    @property
    def floor(self) -> int:
        """The oldest commit id that an open read view needs."""
        return min((root.commit_id for root in list(self.views.values())), default=self.root.commit_id)

    def digest(self, root: Root | None = None) -> str:
        """A hash over the logical content of a state, the latest by default (INV-T2)."""
        return digests.digest(root or self.root)

    # --- writing -----------------------------------------------------------------------------------------------------

    def begin(self, *, immediate: bool = False, timeout: float | None = None) -> Transaction:
        """A transaction on the latest state. `immediate` keeps other commits waiting until it ends."""
        if not self._opens:
            raise ProgrammingError("Cannot operate on a closed database.")
        return self.committer.begin(self.timeout if timeout is None else timeout, immediate)

    @property
    def synchronous(self) -> str:
        """'OFF', 'NORMAL', 'FULL' or 'EXTRA'."""
        return self.committer.synchronous

    def set_synchronous(self, mode: str) -> None:
        """When a commit counts as durable: FULL and EXTRA sync, NORMAL and OFF leave that to the operating system."""
        if mode not in MODES:
            raise ProgrammingError(f"no such synchronous mode: {mode}")
        self.committer.synchronous = mode


LEFT: Final = "the database was opened before os.fork(): open it again in the child"


class SharedDatabase(Database):
    """A database that other processes have open, or may open."""

    __slots__ = ()

    @property
    def root(self) -> Root:
        """The latest state that any process has published (INV-P1)."""
        root: Root = latest_root(self)
        words = self.words
        assert words is not None
        if words[COMMIT] > root.commit_id:
            assert self.sharing is not None
            self.sharing.roll_forward()
            root = latest_root(self)
        return root

    @root.setter
    def root(self, root: Root) -> None:
        set_latest_root(self, root)

    def begin(self, *, immediate: bool = False, timeout: float | None = None) -> Transaction:
        """A transaction on the latest state. `immediate` keeps other commits waiting until it ends."""
        if (words := self.words) is None or not self._opens:
            return super().begin(immediate=immediate, timeout=timeout)  # which says what is wrong
        if words[COMMIT] > latest_root(self).commit_id:
            _ = self.root
        return self.committer.begin(self.timeout if timeout is None else timeout, immediate)


class LeftDatabase(Database):
    """What a child of `os.fork` has of its parent's database: an error."""

    __slots__ = ()

    @property
    def root(self) -> Root:  # type: ignore[override]
        raise OperationalError(LEFT, name="SQLITE_MISUSE")

    def begin(self, *, immediate: bool = False, timeout: float | None = None) -> Transaction:
        """Not any more."""
        raise OperationalError(LEFT, name="SQLITE_MISUSE")


latest_root: Any = vars(Database)["root"].__get__
set_latest_root: Any = vars(Database)["root"].__set__


def _leave_all_behind() -> None:
    """In a child of `os.fork`: whatever the parent had open is the parent's. Of a database in memory the child has a copy, which still
    goes by its name, unless a thread that the child does not have was committing to it."""
    Database.registry_lock = threading.RLock()
    for key, database in list(Database.registry.items()):
        if database.checkpointer is not None:
            database.leave_behind()
        if key[0] != "memory" or database.committer.lock.locked():
            del Database.registry[key]


os.register_at_fork(after_in_child=_leave_all_behind)
