"""What a committer waits with and for: its turn among processes, and the bell that wakes a thread whose commit is flushed.

Example: of four threads that commit at once the first leads. The others have a `Waiter` each in the committer's queue and sleep at its
bell. The leader flushes, rings for those whose commits are published by it, and for the first of the rest, which it has told to lead
(`leads`). Should a leader be interrupted, it is known by its thread, so that the next flush does not wait for it.
"""

from __future__ import annotations

import threading
from threading import get_ident
from typing import Protocol

from aerodb_dbapi.storage.wal import Log


class Turn(Protocol):
    """The right to commit, among the processes that share a file: what `sharing.py` gives a committer. All is called under
    the committer's lock, which `take` lets go while it waits."""

    @property
    def held(self) -> bool:
        """Whether this process has it."""

    @property
    def wanted(self) -> bool:
        """Whether another process waits for it."""

    def stays(self) -> bool:
        """Whether it can be kept until all that is numbered is published, for no other process is about."""

    def take(self, timeout: float) -> bool:
        """Get it, having read what others committed before; whether the lock was let go meanwhile. OperationalError: not
        in time."""

    def tell_written(self, log: Log) -> None:
        """What is written others may go on behind."""

    def leave(self) -> None:
        """Give it back. All that was appended is written."""

    def flush(self, log: Log, sync: bool, ends: bool) -> int:
        """Not under the lock: write what was appended, and make it durable; the last commit that is published then."""

    def ending(self, ends: bool) -> None:
        """A log generation is about to end, or has ended."""


class Waiter:
    """A thread that sleeps until its commit is flushed. `bell` is locked until somebody wakes it, having set `leads` or
    `error`, or neither: its commit is published."""

    __slots__ = ("bell", "commit_id", "error", "leads", "thread")

    def __init__(self, commit_id: float) -> None:
        self.commit_id = commit_id
        self.bell = threading.Lock()
        self.bell.acquire()
        self.leads = False
        self.thread = get_ident()
        self.error: tuple[str, str] | None = None
