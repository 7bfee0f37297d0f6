"""`Connection.run`: a function in a transaction, again while the transaction cannot be serialized.

    ::

        def transfer(connection):
            (money,) = connection.execute("SELECT money FROM account WHERE id = 1").fetchone()
            connection.execute("UPDATE account SET money = ? WHERE id = 1", (money - 10,))
            connection.execute("UPDATE account SET money = money + 10 WHERE id = 2")

        connection.run(transfer)

Attempts
    Each is a transaction of its own on a fresh view. The next one begins when the commit that was in the way is published,
    and after a pause of `pause` seconds, doubled each time up to `pause_max`: always the same ones, no chance in them.
    The last attempt begins IMMEDIATE: nobody can commit before it has, so it does not fail to serialize.

Errors
    Only `SerializationError` leads to another attempt. Anything else rolls back and goes to the caller.

What it does not do: undo what the function does outside of the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from aerodb_dbapi.executor.session import PENDING, Session
from aerodb_dbapi.storage.errors import ProgrammingError, SerializationError

if TYPE_CHECKING:
    from aerodb_dbapi.connection import Connection

Made = TypeVar("Made")


def run(
    connection: Connection, function: Callable[[Connection], Made], retries: int, pause: float, pause_max: float
) -> Made:
    """Call `function` with the connection in a transaction and commit it; see the module's docstring."""
    session = connection._ready()
    always_open = connection._autocommit is False
    if session.transaction is not None:
        if not always_open or session.transaction is not PENDING:
            raise ProgrammingError("run() begins a transaction, and one is open")
        session.rollback()
    try:
        for attempt in range(max(0, retries) + 1):
            last = attempt == retries
            connection._begin(session, "IMMEDIATE" if last and retries > 0 else None)
            try:
                made = function(connection)
                if session.transaction is not None:
                    connection._commit(session)
                return made
            except SerializationError:
                _end(session)
                if last or retries <= 0:
                    raise
                time.sleep(min(pause * 2**attempt, pause_max))
            except BaseException:
                _end(session)
                raise
    finally:
        if always_open and session.transaction is None:
            connection._begin(session)
    raise AssertionError("the last attempt returns or raises")


def _end(session: Session) -> None:
    if session.transaction is not None:
        session.rollback()
