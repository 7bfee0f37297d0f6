"""The write gate: whoever is inside may commit, nobody else; the others stand in line.

`BEGIN IMMEDIATE` goes in and stays until its transaction ends. A commit only has to find the gate open: it passes. In the
line both are served in the order in which they came (INV-V12): when the gate is left, the commits at the head of the line
pass, up to the first who wants to go in; to that one the gate is handed over, without being open in between, so nobody who
comes later gets ahead.

Everything here is called with the committer's lock held; waiting lets go of it.

Example: A is inside. B commits and waits; C begins IMMEDIATE and waits; D commits and waits. A ends: B passes, and
when it has appended its commit C is inside; D passes when C has ended.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from aerodb_dbapi.storage.patience import acquire, holder_of
from aerodb_dbapi.storage.row_locks import busy


class _Place:
    """A place in the line. `bell` is locked until it is this one's turn."""

    __slots__ = ("bell", "enters", "passed", "served", "transaction")

    def __init__(self, transaction: Any, enters: bool) -> None:
        self.transaction = transaction
        self.enters = enters
        self.served = self.passed = False
        self.bell = threading.Lock()
        self.bell.acquire()


class Gate:
    """The gate of one committer. `inside` is the transaction that has it."""

    __slots__ = ("inside", "line", "lock", "passing")

    def __init__(self, lock: threading.Lock) -> None:
        self.lock = lock
        self.inside: Any = None
        self.line: deque[_Place] = deque()
        self.passing = 0  # who were let through and have not taken the lock again yet

    def wait(self, transaction: Any, enters: bool) -> None:
        """Wait for one's turn, and with `enters` go in. OperationalError when the transaction's timeout is over, or it is interrupted."""
        if self.inside is transaction:
            return
        if self.inside is None and not self.line and not (enters and self.passing):
            self.inside = transaction if enters else None
            return
        place = _Place(transaction, enters)
        self.line.append(place)
        deadline = time.monotonic() + transaction.timeout
        try:
            try:
                self.lock.release()
                acquire(place.bell, deadline - time.monotonic(), holder_of(transaction.timeout))
            finally:
                self.lock.acquire()
            if not place.served:
                raise busy()
            if not enters:
                self._passed(place)
        except BaseException:  # which may come at any place
            self._give_up(place)
            raise

    def leave(self, transaction: Any) -> None:
        """The one inside is done."""
        if self.inside is transaction:
            self.inside = None
            self._serve()

    def open_for_all(self) -> None:
        """Nobody can commit any more: all who wait shall see that for themselves."""
        while self.line:
            self._let(self.line.popleft())

    def _give_up(self, place: _Place) -> None:
        if not place.served:
            self.line.remove(place)
            if self.inside is None:
                self._serve()
        elif place.enters:
            self.leave(place.transaction)
        else:
            self._passed(place)

    def _passed(self, place: _Place) -> None:
        if not place.passed:
            place.passed = True
            self.passing -= 1
        if self.inside is None:
            self._serve()

    def _serve(self) -> None:
        """Nobody is inside: let commits through, then one who wants to go in."""
        line = self.line
        while line and not line[0].enters:
            self._let(line.popleft())
        if line and not self.passing:
            place = line.popleft()
            self.inside = place.transaction
            self._let(place)

    def _let(self, place: _Place) -> None:
        place.served = True
        if not place.enters:
            self.passing += 1
        place.bell.release()
