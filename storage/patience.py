"""How long somebody waits for others, and how a wait is ended from another thread.

A session's timeout is a `Patience`: a number of seconds that knows the session's holder (`row_locks.py`). It goes with each
transaction as its timeout, so whatever waits on its behalf can look whether the holder was `stopped`: by `Session.interrupt`.
Waits for a row, the write gate and the right to commit do, every `SLICE` seconds; a sync that is under way is not ended, for
what was appended to the log will be a commit.

Example: A holds row 1; B's UPDATE of it waits; ``b.interrupt()`` in a third thread: B's statement raises "interrupted", has done
nothing, and B's transaction stays open, as after "database is locked".
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from aerodb_dbapi.storage.errors import OperationalError

SLICE: Final = 0.02
LATER: Final = ("SQLITE_BUSY", "SQLITE_INTERRUPT")
"""Of errors at a commit after which the transaction is still open: nothing was appended."""


class Patience(float):
    """Seconds. `holder` is who waits; it has an attribute `stopped`."""

    __slots__ = ("holder",)
    holder: Any

    @classmethod
    def of(cls, seconds: float, holder: Any) -> Patience:
        """So many seconds, of that holder."""
        made = cls(seconds)
        made.holder = holder
        return made


def holder_of(timeout: float) -> Any:
    """Whose timeout it is, None if nobody's."""
    return getattr(timeout, "holder", None)


def go_on(holder: Any) -> None:
    """Raise OperationalError if the holder is not to wait any longer."""
    if holder is not None and holder.stopped:
        holder.stopped = False
        raise OperationalError("interrupted", name="SQLITE_INTERRUPT")


def acquire(bell: threading.Lock, timeout: float, holder: Any) -> bool:
    """Wait until the bell rings; False: it did not in time. OperationalError: the wait was interrupted."""
    deadline = time.monotonic() + timeout
    while True:
        go_on(holder)
        left = max(0.0, deadline - time.monotonic())
        if bell.acquire(timeout=min(left, threading.TIMEOUT_MAX if holder is None else SLICE)):
            return True
        if time.monotonic() >= deadline:
            return False
