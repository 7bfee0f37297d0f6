"""How processes that may only read tell the others what they read: by where they have locks on the database file.

A process that may write has a slot in the lock file (`lock_file.py`). One that opens the database for reading only must get along
where it may write nothing at all, neither the lock file nor the folder. A shared lock needs only a descriptor that reads, and a
lock has a place: so the *place* tells the number that a slot would.

    ==========  =======================================================================================================
    byte        lock
    ==========  =======================================================================================================
    GATE        shared while a reader reads a header and says what it will use of it; exclusive while a checkpoint
                decides what is garbage, until its header is written. So no reader begins in between
    FLOORS + n  shared for as long as the reader may use blocks of the checkpoint of commit n
    FIRSTS + g  shared for as long as it may read log generation g
    ==========  =======================================================================================================

A checkpoint asks for the lowest of both. If it finds the gate taken it does not wait, but collects nothing this time: there
is nothing that an unprivileged reader can hold up. Locks of the dead go by themselves, as slots do (INV-P3).

Example: a reader of the checkpoint of commit 40, beside log generation 3, has shared locks on FLOORS + 40 and FIRSTS + 3. A
writer's checkpoint of commit 90 finds 40: what died at 41 or later stays, and generation 3 as well.

Not here: the readers themselves (`readonly.py`).
"""

from __future__ import annotations

import time
from typing import Any, Final

from aerodb_dbapi.storage import byte_locks

GATE: Final = 1 << 40
FLOORS: Final = 1 << 60
FIRSTS: Final = 1 << 61
_SPAN: Final = 1 << 59
_PAUSE: Final = 0.0005


class Readers:
    """The readers of a file, as one who writes it sees them. `file` has a `descriptor`, unless it is of a simulated disk."""

    __slots__ = ("_descriptor",)

    def __init__(self, file: Any) -> None:
        self._descriptor: int = getattr(file, "descriptor", -1) if byte_locks.TOLD else -1

    def shut(self) -> bool:
        """Let no reader begin; False: one is just about to."""
        return self._descriptor < 0 or byte_locks.try_lock(self._descriptor, GATE)

    def let_in(self) -> None:
        """Let readers begin again."""
        if self._descriptor >= 0:
            byte_locks.unlock(self._descriptor, GATE)

    def floors(self) -> list[int]:
        """The oldest states from which on readers may read blocks."""
        return self._told(FLOORS)

    def generations(self) -> list[int]:
        """The oldest log generations that they may read."""
        return self._told(FIRSTS)

    def _told(self, base: int) -> list[int]:
        if self._descriptor < 0:
            return []
        return [at - base for at in byte_locks.positions(self._descriptor, base, base + _SPAN)]


class Telling:
    """What one reader tells by its locks on the file."""

    __slots__ = ("_descriptor", "_told")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._told: set[int] = set()

    def enter(self, timeout: float) -> bool:
        """Hold the gate, so that nothing is collected until `leave`; whether it was got in time."""
        deadline = time.monotonic() + timeout
        while not byte_locks.try_lock(self._descriptor, GATE, shared=True):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def leave(self) -> None:
        """Leave the gate."""
        byte_locks.unlock(self._descriptor, GATE)

    def tell(self, floor: int, generation: int) -> None:
        """From which state on blocks, and from which generation on log, may be read from now on. Less than was told before
        only while the gate is held."""
        wanted = {FLOORS + floor, FIRSTS + generation}
        for byte in wanted - self._told:
            byte_locks.try_lock(self._descriptor, byte, shared=True)  # nobody locks these for himself
        for byte in self._told - wanted:
            byte_locks.unlock(self._descriptor, byte)
        self._told = wanted
