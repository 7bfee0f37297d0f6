"""What a database counts about its commits since it was opened: syncs, groups, conflicts. For `PRAGMA aerodb_…` alone.

Nothing here decides anything. Numbers are kept where time is spent anyway: once per flush, and where a commit fails.

Example: three commits that went to the disk with one sync are ``flushed(3, 0.0004)``: one flush, a group of three.
"""

from __future__ import annotations

from aerodb_dbapi.storage.errors import SerializationError


class Tally:
    """Counters of one committer. `conflicts`: (table, kind) → how many, see `SerializationError`; `groups`: size → how many."""

    __slots__ = ("conflicts", "groups", "seconds", "seconds_last", "seconds_max")

    def __init__(self) -> None:
        self.seconds = self.seconds_last = self.seconds_max = 0.0
        self.groups: dict[int, int] = {}
        self.conflicts: dict[tuple[str | None, str], int] = {}

    def flushed(self, size: int, seconds: float) -> None:
        """So many commits became durable at once; none if another process's sync had covered them."""
        if not size:
            return
        groups = self.groups
        groups[size] = groups[size] + 1 if size in groups else 1
        self.seconds += seconds
        self.seconds_last = seconds
        if seconds > self.seconds_max:
            self.seconds_max = seconds

    @property
    def flushes(self) -> int:
        """How many flushes made commits durable."""
        return sum(self.groups.copy().values())

    @property
    def commits(self) -> int:
        """How many commits became durable."""
        return sum(size * count for size, count in self.groups.copy().items())

    def conflict(self, error: SerializationError) -> None:
        """A transaction, or an attempt at a statement, failed."""
        key = (error.table, error.kind)
        self.conflicts[key] = self.conflicts.get(key, 0) + 1
