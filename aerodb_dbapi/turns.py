"""Turns: one connection used by several threads at the same time (`check_same_thread=False`), as with SQLite's serialized mode.

Every operation of such a connection runs in a *turn*: a lock, and the session's `thread` set to the thread that has it. So the hit
path of `Cursor.execute` needs no test of its own: its look at `Session.thread` fails outside of a turn, the general path takes one
and goes through the hit path again. A connection that only one thread may use has no turns and pays nothing.

A turn is taken by the interpreter's own ``with`` of its own lock, in which Ctrl-C finds no moment between taking the lock and knowing
of it: it ends what is done in the turn, and the turn with it.

A statement that waits for a row waits in its turn, and those who want the same connection wait with it, as they do for `sqlite3`'s
mutex. `interrupt` needs no turn. A function of the application that is called by a statement has that statement's turn.

A closed session is `GONE`: no turn is taken any more, and what was asked tells by its own checks that the connection is closed.

Transactions belong to the connection: what one thread begins, another may commit. Whoever needs a transaction of his own
takes a connection of his own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakSet

if TYPE_CHECKING:
    from aerodb_dbapi.executor.session import Session

NOBODY = -2
GONE = -1  # the thread of a session that is closed (`Session.close`)
T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])
_all: WeakSet[Turns] = WeakSet()


class Turns:
    """The turns of one connection. The thread that has one may take another within it."""

    __slots__ = ("__weakref__", "_lock", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.begin()
        _all.add(self)

    def begin(self) -> None:
        """It is nobody's turn."""
        self._lock = threading.RLock()
        if self._session.thread != GONE:
            self._session.thread = NOBODY

    def run(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call a function in a turn."""
        session = self._session
        with self._lock:
            before, here = session.thread, get_ident()
            if before == GONE:  # closed by who had the turn before
                return function(*arguments, **options)
            try:
                session.thread = here
                return function(*arguments, **options)
            finally:
                if session.thread == here:
                    session.thread = before

    def for_this_thread(self) -> Turns | None:
        """What has to be taken first; None if it is this thread's turn already, or the session is closed."""
        return None if self._session.thread in (get_ident(), GONE) else self


def turn_wanted(owner: Any) -> Turns | None:
    """The turns of which this thread has to take one before it uses a connection or cursor; None: it need not."""
    turns: Turns | None = owner._turns
    return None if turns is None else turns.for_this_thread()


def in_turn(method: Method) -> Method:
    """A method of a connection, or of what has `_turns` of one, which takes a turn if it must."""

    @wraps(method)
    def wrapper(self: Any, *arguments: Any, **options: Any) -> Any:
        turns = turn_wanted(self)
        if turns is None:
            return method(self, *arguments, **options)
        return turns.run(method, self, *arguments, **options)

    return cast("Method", wrapper)


def _begin_anew() -> None:
    """In a child of `os.fork`, which has none of the threads whose turn it may have been."""
    for turns in list(_all):
        turns.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
