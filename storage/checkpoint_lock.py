"""The right to make checkpoints, and to rely on the one in force.

One thread of one process has it at a time. Threads are kept apart by a lock, processes by the byte CHECKPOINT (`lock_file.py`); whoever
gets that first takes over the checkpoint that another process has made since (`sharing.py`).

    with lock:              no checkpoint is made by anybody else, and the one in force is known
    lock.within(work)       the same for a function, where Ctrl-C may come: it finds no moment at which the lock is held and nobody
                            knows (the interpreter's own locks have none, methods that are written in Python do)
    with lock.threads:      only the threads of this process are kept apart

Example: a thread that makes a snapshot's checkpoint holds it, and enters it again for the checkpoint itself: that does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from aerodb_dbapi.storage.lock_file import CHECKPOINT

if TYPE_CHECKING:
    from aerodb_dbapi.storage.sharing import Sharing

T = TypeVar("T")


class CheckpointLock:
    """The right to make checkpoints, and to rely on the one in force: among threads, and, if `sharing` is set, processes.
    Entered again by the thread that has it, it does nothing."""

    __slots__ = ("_depth", "_lock", "sharing")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self.sharing: Sharing | None = None

    def __enter__(self) -> CheckpointLock:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1 and self.sharing is not None:
            try:
                self.sharing.enter_checkpoint()
            except BaseException:
                self._depth -= 1
                self._lock.release()
                raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if self._depth == 1 and self.sharing is not None:
                self.sharing.leave_checkpoint()
        finally:
            self._depth -= 1
            self._lock.release()

    def within(self, work: Callable[[], T]) -> T:
        """Do that with the lock held."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth > 1 or self.sharing is None:
                    return work()
                self.sharing.enter_checkpoint()
                try:
                    return work()
                finally:
                    self.sharing.leave_checkpoint()
            finally:
                self._depth -= 1

    @property
    def threads(self) -> AbstractContextManager[bool]:
        """Only what keeps the threads of this process apart."""
        return self._lock

    def try_once(self) -> None:
        """Enter and leave, unless somebody else has it."""
        sharing = self.sharing
        if sharing is None or not self._lock.acquire(blocking=False):
            return
        try:
            if self._depth == 0 and sharing.file.try_lock(CHECKPOINT):
                sharing.file.unlock(CHECKPOINT)
                with self:
                    pass
        finally:
            self._lock.release()

    def unlock_forgotten(self) -> None:
        """Unlock CHECKPOINT for other processes, should an interrupt have come when it was to be unlocked."""
        sharing = self.sharing
        if sharing is None or not self._lock.acquire(blocking=False):
            return
        try:
            if self._depth == 0:
                sharing.file.unlock(CHECKPOINT)
        finally:
            self._lock.release()
