"""Turns: one connection used by several threads at the same time (`check_same_thread=False`), as with SQLite's serialized mode.

Every operation of such a connection runs in a *turn*: a lock, and the session's `thread` set to the thread that has it. So the hit
path of `Cursor.execute` needs no test of its own: its look at `Session.thread` fails outside of a turn, the general path takes one
and goes through the hit path again. A connection that only one thread may use has no turns and pays nothing.

A statement that waits for a row waits in its turn, and those who want the same connection wait with it, as they do for `sqlite3`'s
mutex. `interrupt` needs no turn. A function of the application that is called by a statement has that statement's turn.

Transactions belong to the connection: what one thread begins, another may commit. Whoever needs a transaction of his own
takes a connection of his own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from aerodb_dbapi.executor.session import Session

NOBODY = -1
Method = TypeVar("Method", bound=Callable[..., Any])


class Turns:
    """The turns of one connection: a context manager, which the thread that has a turn may enter again."""

    __slots__ = ("_depth", "_lock", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.RLock()
        self._depth = 0
        session.thread = NOBODY

    def is_mine(self) -> bool:
        """Whether this thread has the turn."""
        return self._session.thread == get_ident()

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        self._session.thread = get_ident()

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._session.thread = NOBODY
        self._lock.release()


def in_turn(method: Method) -> Method:
    """A method of a connection, which takes a turn if threads share the connection and this one has none."""

    @wraps(method)
    def wrapper(self: Any, *arguments: Any, **options: Any) -> Any:
        turns = self.__dict__.get("_turns")
        if turns is None or turns.is_mine():
            return method(self, *arguments, **options)
        with turns:
            return method(self, *arguments, **options)

    return cast("Method", wrapper)


def cursor_in_turn(method: Method) -> Method:
    """The same for a method of a cursor."""

    @wraps(method)
    def wrapper(self: Any, *arguments: Any, **options: Any) -> Any:
        turns = self._connection._turns
        if turns is None or turns.is_mine():
            return method(self, *arguments, **options)
        with turns:
            return method(self, *arguments, **options)

    return cast("Method", wrapper)
