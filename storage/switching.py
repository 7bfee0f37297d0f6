"""The interpreter's switch interval while a commit is on its way to the disk.

A thread that comes back from a system call needs the interpreter lock again, and waits for it until the thread that has it gives it up or
the *switch interval* has passed: 5 ms, while a sync takes 0.2. So beside a thread that computes without pause a commit takes 5 ms for each
call that lets go of the lock, however fast the disk is. While a commit is written and synced the interval is `SECONDS` instead; then it is
what it was.

    with a thread that computes      a commit takes
    5 ms                             5.2 ms and more
    0.5 ms                           0.8 ms

The interval is one for all threads of the process, so nothing is changed where it is short already, and nothing put back that somebody
else has set meanwhile. `SECONDS = 0` switches this off (`PRAGMA aerodb_switch_interval`). Without the interpreter lock (free-threaded
Python) it does nothing.

Example: ``hurry()`` is true, write and sync, ``relax()``.

Not here: how many calls let go of the lock (`commit.py`, `sharing.py`).
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

SECONDS = 0.0005
_CLOSE: Final = 1e-7  # the interpreter counts in microseconds

_lock = threading.Lock()
_users = 0  # how many commits have it short at the moment
_before = 0.0  # what it was before the first of them
_ours = 0.0  # what that set it to


def hurry() -> bool:
    """Make the interval short; False: it is left alone."""
    global _users, _before, _ours
    with _lock:
        if not _users:
            before, wanted = sys.getswitchinterval(), SECONDS
            if not wanted or before <= wanted + _CLOSE:
                return False
            _before, _ours = before, wanted
            sys.setswitchinterval(wanted)
        _users += 1
    return True


def relax() -> None:
    """End what `hurry` began. The last one makes the interval what it was, unless somebody else has changed it."""
    global _users
    with _lock:
        _users -= 1
        if not _users and abs(sys.getswitchinterval() - _ours) < _CLOSE:
            sys.setswitchinterval(_before)


def _relax_in_child() -> None:
    """The threads that had it short stayed with the parent."""
    global _lock, _users
    _lock = threading.Lock()
    if _users:
        _users = 1
        relax()


os.register_at_fork(after_in_child=_relax_in_child)
