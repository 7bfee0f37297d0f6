"""Standing in line: transactions that read a row which many want, and then write it.

A transaction that reads a row and writes it later is lost as soon as another one writes the row in between, and with many
clients of few rows most are lost. A lock at the UPDATE comes too late, and readers wait for nobody. But a connection whose
transaction has just failed is known to be one that writes. So from then on it *stands in line*:

    SELECT of a row by its rowid, in an explicit transaction: the row is reserved (`storage/row_locks.py`). Whoever has
    written it, or reserved it, goes first. Then the transaction moves on to the latest state, if all that it has read
    so far is the same there (`Committer.advance`), and reads.

    ::

        A: BEGIN, SELECT row 1          has reserved row 1
        B: BEGIN, SELECT row 1          waits
        A: UPDATE row 1, COMMIT         published as 8; row 1 passes to B
        B:                              reads as of 8, and cannot lose for row 1

What it does not change
    What is read, and whether a commit is valid: both are as without it, and whoever does not get a row in time, or could
    only by closing a cycle, reads it as ever. A transaction that has written stays on its base. Connections that have not failed
    do nothing of this, those that only read never fail, and a statement outside a transaction does not wait.

How it ends
    A statement whose row was not written by its transaction reserves no more; a connection whose transaction wrote none of the
    rows that it had reserved stands in line no longer, nor one that has met nobody for `CALM` transactions. The next failure
    begins it anew. `PRAGMA reserve_rows = OFF` switches it off.

Not here: rows found otherwise than by rowid; several databases on one connection.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aerodb_dbapi.executor.pragma_session import as_setting
from aerodb_dbapi.executor.read_filters import points_of
from aerodb_dbapi.storage.errors import OperationalError, SerializationError
from aerodb_dbapi.storage.row_locks import Line
from aerodb_dbapi.storage.transaction import Transaction

if TYPE_CHECKING:
    from aerodb_dbapi.executor.session import Session
    from aerodb_dbapi.executor.statement import Compiled

SECONDS_MAX: Final = 0.2  # for which a read waits
ROWS_MAX: Final = 32  # that a transaction reserves; each time all that it has read is looked at


def fail(session: Session, error: SerializationError) -> None:
    """An explicit transaction cannot be serialized: before that is told, let the commit that won be published, so that the next attempt
    does not meet it again."""
    holder = session.holder
    if session.settings.get("reserve_rows", 1):
        if holder.line is None:
            holder.line = Line()
        holder.line.fail()
        holder.stands = True
    with suppress(OperationalError):  # the log has failed: the next attempt will be told
        session.database.committer.await_published(error.commit)


def reserve_rows(session: Session, value: str | None) -> list[tuple[int]]:
    """`PRAGMA reserve_rows`: whether the connection stands in line at all."""
    if value is not None:
        session.settings["reserve_rows"] = int(as_setting(value) != 0)
        session.holder.stands = False
    return [(session.settings.get("reserve_rows", 1),)]


def stand(session: Session, transaction: Transaction, compiled: Compiled, params: Any) -> None:
    """Before a SELECT in an explicit transaction of a connection that stands in line: reserve the rows that it reads by rowid."""
    holder = session.holder
    if transaction.__class__ is not Transaction or transaction.snapshot or transaction.immediate:
        return
    assert holder.line is not None
    points = points_of(compiled.note, params) if compiled.schema is transaction.schema else []
    many = len(holder.reserved) + holder.line.written + len(points) > ROWS_MAX
    if not points or many or compiled.text in holder.line.spared:
        return
    rows = transaction.committer.rows
    transaction.holder = holder
    deadline = time.monotonic() + min(session.timeout, SECONDS_MAX)
    for key in points:
        if not rows.reserve(holder, key, compiled.text, deadline):
            return
    _ = session.database.root  # which knows what other processes have published
    transaction.committer.advance(transaction)
