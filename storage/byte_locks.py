"""Locks on single bytes of a file, far behind its end: how processes keep out of each other's way without a server.

A lock is exclusive, which needs a descriptor that may write, or shared, for which one that reads is enough. They are *open
file description* locks where the system has them (Linux): two openings exclude each other even within one process, and
closing some other descriptor of the file does not drop them, as it would with plain `fcntl` locks. The system takes a dead
process's locks away.

    try_lock(fd, 7)                 nobody else has byte 7, and now it is ours
    try_lock(fd, 7, shared=True)    nobody else has it for himself
    lowest(fd, 0, 100)              the lowest of the bytes 0 … 99 on which somebody else has a lock, or None

Where a lock stands can thus tell a number to whoever asks, without a byte being written: readers that may not write tell in
this way what they read (`readonly.py`).

Example: two others have shared locks on bytes 40 and 12. `lowest(fd, 0, 100)` is 12, `positions(fd, 0, 100)` is [12, 40].
"""

from __future__ import annotations

import fcntl
import os
import struct
from functools import lru_cache
from typing import Final

_FLOCK: Final = struct.Struct("@hhqqi4x")
_OFD_SET: Final[int | None] = getattr(fcntl, "F_OFD_SETLK", None)
_OFD_WAIT: Final[int | None] = getattr(fcntl, "F_OFD_SETLKW", None)
_OFD_GET: Final[int | None] = getattr(fcntl, "F_OFD_GETLK", None)
TOLD: Final = _OFD_GET is not None
"""Whether shared locks of others can be looked for, and do not vanish with other descriptors."""


def try_lock(descriptor: int, byte: int, *, shared: bool = False) -> bool:
    """Lock a byte unless somebody else's lock stands in the way; whether it is ours."""
    kind = fcntl.F_RDLCK if shared else fcntl.F_WRLCK
    try:
        if _OFD_SET is not None:
            fcntl.fcntl(descriptor, _OFD_SET, _packed(kind, byte))
        else:
            fcntl.lockf(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):
        return False
    return True


def wait(descriptor: int, byte: int) -> None:
    """Lock a byte, however long that takes. Who waits is served in the order of coming, as far as the system sees to that."""
    if _OFD_WAIT is not None:
        fcntl.fcntl(descriptor, _OFD_WAIT, _packed(fcntl.F_WRLCK, byte))
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, byte)


def unlock(descriptor: int, byte: int) -> None:
    """Give the lock on a byte back."""
    if _OFD_SET is not None:
        fcntl.fcntl(descriptor, _OFD_SET, _packed(fcntl.F_UNLCK, byte))
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)


def lowest(descriptor: int, start: int, stop: int, *, exclusive: bool = False) -> int | None:
    """The lowest byte in a range on which somebody else has a lock, with `exclusive` one of that kind. Only where `TOLD`."""
    found = None
    while start < stop and (lock := _other(descriptor, start, stop, exclusive)) is not None:
        found = stop = max(start, lock)
    return found


def positions(descriptor: int, start: int, stop: int) -> list[int]:
    """All bytes of a range on which others have locks, in order. Only where `TOLD`."""
    found = []
    while (at := lowest(descriptor, start, stop)) is not None:
        found.append(at)
        start = at + 1
    return found


def _other(descriptor: int, start: int, stop: int, exclusive: bool) -> int | None:
    """Where some lock of another in the range begins."""
    assert _OFD_GET is not None
    kind = fcntl.F_RDLCK if exclusive else fcntl.F_WRLCK  # what it would stand in the way of
    answer = fcntl.fcntl(descriptor, _OFD_GET, _FLOCK.pack(kind, os.SEEK_SET, start, stop - start, 0))
    told, _, at, _, _ = _FLOCK.unpack(answer)
    return None if told == fcntl.F_UNLCK else at


@lru_cache(256)
def _packed(kind: int, byte: int) -> bytes:
    """What the system is told: this kind of lock on that byte."""
    return _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)
