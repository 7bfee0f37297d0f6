"""Statements that wait for rows, and statements that are run again.

A statement that writes a row which somebody else's live transaction has written waits (`storage/row_locks.py`), and is run
again when the row is free. What it then finds decides:

    =================================  ==================================================================================
    the other rolled back              it runs on the view that it has
    the other committed, and this is   it runs on a fresh view: nobody has seen the old one
      autocommit, or the first
      statement of a transaction
    the other committed, and this is   it runs on the latest state, where its transaction goes on, if all that that has read is
      a later statement                the same there (`Committer.advance`). Else SerializationError: the transaction has read
                                       another state than the one that it would write to. It is rolled back as a whole
    waiting would close a cycle        SerializationError, at once; the same
    the timeout is over                OperationalError, "database is locked"; the transaction stays open
    =================================  ==================================================================================

Running again (`first`, `run_again`) also follows when a commit came between the statement's view and its end. It is begun
when that commit is published, for a view taken earlier would meet the same conflict. An autocommit statement that was turned
back holds the key on which it was until it is through, so that those who come for one row are served in turn; one that was
turned back by what it read, and can hold no key for that, takes the write gate the third time.

A statement may thus be run several times before it counts, with its functions; what it did in vain leaves no trace in the
database and the session's counters.

Example: B's ``UPDATE t SET n = n + 1 WHERE id = 1`` waits for A, who made it 6 and commits. B runs it again on A's commit: 7.

Not here: reads that wait (`standing.py`); connections with several databases, which do not wait; DDL; writes through blobs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aerodb_dbapi.executor import standing
from aerodb_dbapi.storage.conflicts import conflict, entry
from aerodb_dbapi.storage.errors import SerializationError
from aerodb_dbapi.storage.row_locks import Key, written
from aerodb_dbapi.storage.transaction import Transaction

if TYPE_CHECKING:
    from aerodb_dbapi.executor.session import Session
    from aerodb_dbapi.executor.statement import Compiled, Prepared

Made = TypeVar("Made")
Work = Callable[["Compiled", Transaction], tuple[int, Any]]
OPTIMISTIC_MAX: Final = 3  # attempts


class Held(SerializationError):
    """A statement in autocommit has written a key that somebody else holds. Never leaves the session."""


class Counters:
    """What a run of a statement changes in a session, to be put back when it was in vain."""

    __slots__ = ("last_insert_rowid", "session", "total_changes")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.last_insert_rowid = session.last_insert_rowid
        self.total_changes = session.total_changes

    def restore(self) -> None:
        """As before the run."""
        self.session.last_insert_rowid = self.last_insert_rowid
        self.session.total_changes = self.total_changes


# --- in an explicit transaction ---------------------------------------------------------------------------------------


def contends(session: Session, transaction: Transaction) -> bool:
    """Has a statement of the open transaction to look for locks? Asked before each one that writes, unless it is known that
    there are none."""
    if transaction.rivals is None:
        transaction.committer.rows.enter(session.holder, transaction)
    return bool(transaction.rivals)


def contend(session: Session, transaction: Transaction, run: Callable[[], Made]) -> Made:
    """Run a statement of the open transaction, not its first one, as soon as nobody else holds what it writes."""
    committer, holder = transaction.committer, session.holder
    rows, mark, counters = committer.rows, len(transaction.journal), Counters(session)
    deadline = None
    try:
        while True:
            made = run()
            key = rows.claim(holder) if transaction.is_open else None
            if key is None:
                return made
            transaction.rollback_to(mark)
            counters.restore()
            deadline = deadline or time.monotonic() + session.timeout
            _wait(session, transaction, key, deadline)
            lost = committer.overwritten(transaction, [key])
            if lost is not None and not committer.advance(transaction):
                committer.tally.conflict(lost)
                session.rollback()
                standing.fail(session, lost)
                raise lost
    finally:
        if holder.granted:
            rows.settle(holder)


def first(session: Session, run: Callable[[Transaction], Made]) -> Made:
    """Run the first statement of a transaction that is pending: its view is the first one on which it gets through."""
    holder, counters = session.holder, Counters(session)
    deadline = None
    try:
        while True:
            transaction = session.open_transaction()
            committer = transaction.committer
            rows = committer.rows
            rows.enter(holder, transaction)
            made = run(transaction)
            if not transaction.is_open:  # OR ROLLBACK
                return made
            key = rows.claim(holder) if transaction.rivals else None
            if key is None:
                if committer.tip is transaction.base:
                    return made
                lost = committer.overwritten(transaction, (lock for _, lock in written(transaction.journal, 0)))
                if lost is None:
                    return made
                _forget(session, transaction, counters)
                committer.await_published(lost.commit)
            else:
                transaction.rollback_to(0)
                counters.restore()
                deadline = deadline or time.monotonic() + session.timeout
                _wait(session, transaction, key, deadline)
                _forget(session, transaction, counters)
    finally:
        if holder.granted:
            session.database.committer.rows.settle(holder)


def _wait(session: Session, transaction: Transaction, key: Key, deadline: float) -> None:
    if not transaction.committer.rows.wait(session.holder, key, deadline):
        where = entry(transaction.base.schema, *key)
        reason = f"{where} is held by a transaction that waits for this one"
        error = conflict(transaction, None, reason, key[0], key[1], kind="cycle")
        transaction.committer.tally.conflict(error)
        session.rollback()
        standing.fail(session, error)
        raise error


def _forget(session: Session, transaction: Transaction, counters: Counters) -> None:
    """Give up a transaction's view and what it did; it is pending again, and keeps the keys for which it waited."""
    transaction.holder = None
    transaction.rollback()
    transaction.committer.rows.undone(session.holder, 0)
    session.renew()
    counters.restore()


# --- in autocommit ----------------------------------------------------------------------------------------------------


def dml(face: Any, params: tuple[Any, ...]) -> Work:
    """What runs DML in a transaction, having told it what is read."""

    def work(compiled: Compiled, transaction: Transaction) -> tuple[int, Any]:
        if compiled.note is not None:
            compiled.note(transaction, params)
        done: tuple[int, Any] = compiled.run(face, transaction, params)
        return done

    return work


def check(session: Session, transaction: Transaction) -> None:
    """Before the commit of an autocommit statement: raise if somebody else holds what it has written."""
    if transaction.__class__ is Transaction:
        key = transaction.committer.rows.blocking(session.holder, transaction)
        if key is not None:
            raise Held(lock=key)


def run_again(session: Session, prepared: Prepared, work: Work, error: SerializationError) -> tuple[Compiled, int, Any]:
    """Run a statement that was turned back until it gets through: the statement as it was compiled, and its result."""
    committer, holder = session.database.committer, session.holder
    rows, attempts = committer.rows, 1
    deadline = time.monotonic() + session.timeout
    single = session.others is None
    counters = Counters(session)
    try:
        while True:
            counters.restore()
            if not single:
                committer.await_published(None)
            elif error.commit is not None:
                committer.await_published(error.commit)
            gate = attempts >= OPTIMISTIC_MAX and single
            if single and error._lock is not None:
                gate = False
                if not rows.wait(holder, error._lock, deadline):  # others wait for what this one kept
                    rows.release(holder)
                    rows.wait(holder, error._lock, deadline)
            attempts += 1
            transaction = session.take_view(gate)
            try:
                compiled = session.fitting(prepared, transaction.schema)
                count, result = work(compiled, transaction)
                if rows.writers or rows.owners:
                    check(session, transaction)
                transaction.commit()
            except SerializationError as again:
                transaction.rollback()
                error = again
                continue
            except BaseException as failure:
                session.settle(transaction, failure, prepared.compiled.kind)
                raise
            return compiled, count, result
    finally:
        rows.release(holder)
