"""Statements about the store: CREATE and DROP SNAPSHOT, VACUUM, VACUUM INTO.

Snapshots
    A snapshot is an entry of META, ``snapshot:NAME`` → commit id, written in the statement's transaction: it appears,
    vanishes and is rolled back like anything else (INV-S1). ``AS OF COMMIT n`` names an earlier commit that can still be
    read; if only memory holds it, a checkpoint that keeps it is made first, so that it can never be lost again (INV-C8).
    Read one with ``SELECT … FOR SYSTEM_TIME AS OF COMMIT n``, n being what ``PRAGMA aerodb_snapshots`` says.

VACUUM
    Writes everything anew, densely; outside a transaction only, as in SQLite. INTO writes a copy of the latest commit
    to a file that must not exist (or is empty), and compares the copy's digest with the original's before it is
    given its name (INV-R15).

Example::

    CREATE SNAPSHOT before_import;
    …
    SELECT count(*) FROM t FOR SYSTEM_TIME AS OF COMMIT 17;
    DROP SNAPSHOT before_import;
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aerodb_dbapi.executor.statement import Compiled
from aerodb_dbapi.planner.front_store import CreateSnapshot, DropSnapshot, Store, Vacuum
from aerodb_dbapi.storage.backup import vacuum, vacuum_into
from aerodb_dbapi.storage.catalog import META_TREE
from aerodb_dbapi.storage.checkpoint import SNAPSHOT
from aerodb_dbapi.storage.errors import OperationalError


def compile_store(statement: Store, parameters: list[str | None], text: str) -> Compiled:
    """The compiled form of a statement about the store."""
    if isinstance(statement, Vacuum):
        return Compiled("vacuum", _vacuum(statement), text=text, schema=None, parameters=parameters)

    def run(session: Any, transaction: Any, params: tuple[Any, ...]) -> tuple[int, Any]:
        if isinstance(statement, CreateSnapshot):
            _create(session, transaction, statement)
        else:
            _drop(transaction, statement)
        return -1, None

    return Compiled("ddl", run, text=text, schema=None)


def _create(session: Any, transaction: Any, statement: CreateSnapshot) -> None:
    key = SNAPSHOT + statement.name
    if transaction.get(META_TREE, key) is not None:
        if statement.if_not_exists:
            return
        raise OperationalError(f"snapshot {statement.name} already exists")
    database = session.database
    commit_id = transaction.base.commit_id if statement.commit is None else statement.commit
    root = database.root_at(commit_id)  # an error if it cannot be read
    checkpointer = database.checkpointer
    if checkpointer is not None and not checkpointer.promise(root.commit_id, transaction):
        database.checkpoint([commit_id])
    transaction.set_meta(key, commit_id)


def _drop(transaction: Any, statement: DropSnapshot) -> None:
    key = SNAPSHOT + statement.name
    if transaction.get(META_TREE, key) is not None:
        transaction.writer(META_TREE).delete(key)
    elif not statement.if_exists:
        raise OperationalError(f"no such snapshot: {statement.name}")


def _vacuum(statement: Vacuum) -> Callable[[Any, tuple[Any, ...]], None]:
    def run(session: Any, params: tuple[Any, ...]) -> None:
        if session.transaction is not None:
            raise OperationalError("cannot VACUUM from within a transaction")
        if statement.into is None and not statement.is_parameter:
            vacuum(session.database)
            return
        path = params[0] if statement.is_parameter else statement.into
        if type(path) is not str:
            raise OperationalError("non-text filename")
        vacuum_into(session.database, path)

    return run
