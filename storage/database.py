"""A database: the roots that can be read, and the one committer; shared by all connections of the process to one file.

One object per file
    `Database.open` looks the file up by device and inode, so two paths to one file (links, relative names) give the
    same object; opens are counted and the last `close` seals the log. Other processes are kept out by the lock that
    the log holds. `Database.memory()` is the same engine without a log, and always a new object.

Opening
    The log hands back its commits; each is applied to the root before it, starting from the empty one (INV-R4,
    INV-R8). No planner, no executor, no clock takes part.

Roots kept
    `root` is the latest published one; reading it is one attribute access. The last `HISTORY` published roots are
    kept by commit id, those rebuilt at opening included; an older one as long as a read view holds it. Old roots
    share all but the changed paths with the new ones.

    Example: after 1,500 commits ``root_at(600)`` answers, ``root_at(400)`` is an error, unless a view on 400 is open.

Counters
    `floor` is the oldest commit id that an open read view needs (the visibility floor); `root.commit_id` if there is
    none.

Not here: statements and plans (`plan_cache` is the executor's, kept here because it is shared), checkpoints.
"""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from aerodb_dbapi.storage import digest as digests
from aerodb_dbapi.storage.commit import MODES, Committer
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError
from aerodb_dbapi.storage.files import FileSystem, OperatingSystemFiles
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.root import ReadView, Root
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.wal import Log

HISTORY = 1000
TIMEOUT = 5.0

_FILES = OperatingSystemFiles()


class Database:
    """An open database. `Database.open` and `Database.memory` make one; `close` once per open."""

    __slots__ = (
        "__weakref__", "_key", "_opens", "committer", "history", "history_max", "history_start", "name", "path",
        "plan_cache", "root", "timeout", "views",
    )  # fmt: skip

    registry: ClassVar[dict[Any, Database]] = {}
    registry_lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(
        self, path: str, log: Log | None, root: Root, history: dict[int, Root], timeout: float = TIMEOUT
    ) -> None:
        self.path = path
        self.name = path or ":memory:"
        self.timeout = timeout
        self.root = root
        self.history = history
        self.history_max = HISTORY
        self.history_start = min(history)
        self.views: dict[ReadView, Root] = {}
        self.plan_cache: dict[Any, Any] = {}
        self.committer = Committer(root, log, self._publish)
        self._key: Any = None
        self._opens = 1

    # --- opening and closing -----------------------------------------------------------------------------------------

    @classmethod
    def memory(cls) -> Database:
        """A new, empty database without a file."""
        root = Root.empty()
        return cls("", None, root, {0: root})

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
        cls, path: str, *, files: FileSystem | None = None, timeout: float = TIMEOUT, synchronous: str = "FULL"
    ) -> Database:
        """The database in that file, made if there is none; the same object for every open of one file."""
        files = files or _FILES
        with cls.registry_lock:
            known = cls._registered(files, path)
            if known is not None:
                known._opens += 1
                return known
            log, records = Log.open(files, path, timeout=timeout)
            root, history = _recovered(records)
            database = cls(path, log, root, history, timeout)
            database.set_synchronous(synchronous)
            database._key = (files, files.identity(path))
            cls.registry[database._key] = database
            return database

    @classmethod
    def _registered(cls, files: FileSystem, path: str) -> Database | None:
        try:
            identity = files.identity(path)
        except OSError:  # opening it will tell
            return None
        return None if identity is None else cls.registry.get((files, identity))

    def close(self) -> None:
        """Give up one open; the last one makes what is pending durable, seals the log and unlocks the file."""
        with self.registry_lock:
            if self._opens == 0:
                return
            self._opens -= 1
            if self._opens:
                return
            if self._key is not None:
                self.registry.pop(self._key, None)
            log = self.committer.log
            if log is not None:
                try:
                    self.committer.settle()
                finally:
                    log.close()

    @property
    def is_closed(self) -> bool:
        """Whether the last open was given up."""
        return self._opens == 0

    # --- reading -----------------------------------------------------------------------------------------------------

    def _publish(self, root: Root) -> None:
        """A commit is durable: everyone sees it from now on. Called in commit order, by one thread at a time."""
        history = self.history
        history[root.commit_id] = root
        while len(history) > self.history_max:  # ids are dense
            del history[self.history_start]
            self.history_start += 1
        self.root = root

    def root_at(self, commit_id: int) -> Root:
        """The state as of a commit that is still held in memory."""
        root = self.history.get(commit_id)
        if root is not None:
            return root
        for held in list(self.views.values()):
            if held.commit_id == commit_id:
                return held
        if commit_id < 0 or commit_id > self.root.commit_id:
            raise OperationalError(f"no such commit: {commit_id} (the latest is {self.root.commit_id})")
        raise OperationalError(f"commit {commit_id} is no longer held (the oldest is {self.history_start})")

    def read_view(self, commit: int | None = None) -> ReadView:
        """Hold the latest state, or that of a commit, until the view is closed."""
        return ReadView(self.root if commit is None else self.root_at(commit), self.views)

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


def _recovered(records: Any) -> tuple[Root, dict[int, Root]]:
    """The last root that the records lead to, and the last `HISTORY` ones by commit id."""
    root = Root.empty()
    history = {0: root}
    with paused_gc():
        for record in records:
            root = root.following(record)
            history[root.commit_id] = root
            history.pop(root.commit_id - HISTORY, None)
    return root, history
