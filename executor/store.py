"""Statements about the store: CREATE and DROP SNAPSHOT, VACUUM, VACUUM INTO.

Snapshots
    A snapshot is an entry of META, ``snapshot:NAME`` → commit id, written in the statement's transaction: it appears,
    vanishes and is rolled back like anything else (INV-S1). ``AS OF COMMIT n`` names an earlier commit that can still be
    read; if only memory holds it, a checkpoint that keeps it is made first, so that it can never be lost again (INV-C8).
    Read one with ``SELECT … FOR SYSTEM_TIME AS OF COMMIT n``, n being what ``PRAGMA aerodb_snapshots`` says.

VACUUM
    Writes everything anew, densely; outside a transaction only, as in SQLite. INTO writes a copy of the latest commit
    to a file that must not exist (or is empty), and compares the copy's digest with the original's before it is
    given its name (INV-R15). A copy into a database in memory is gone when it is made, so none is. temp needs no VACUUM.

Example::

    CREATE SNAPSHOT before_import;
    …
    SELECT count(*) FROM t FOR SYSTEM_TIME AS OF COMMIT 17;
    DROP SNAPSHOT before_import;
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aerodb_dbapi.executor.databases import within
from aerodb_dbapi.executor.statement import Compiled
from aerodb_dbapi.planner.front_store import CreateSnapshot, DropSnapshot, Store, Vacuum
from aerodb_dbapi.storage.backup import vacuum, vacuum_into
from aerodb_dbapi.storage.catalog import META_TREE, fold
from aerodb_dbapi.storage.checkpoint import SNAPSHOT
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.schemas import MAIN

ValuesOf = Callable[[Any, str, tuple[Any, ...]], tuple[Any, ...]]
_MEMORY: Final = ("", ":memory:")  # names of databases that nobody else will ever open


def compile_store(statement: Store, parameters: list[str | None], text: str, values_of: ValuesOf) -> Compiled:
    """The compiled form of a statement about the store. `values_of` runs the query of its expressions."""
    if isinstance(statement, Vacuum):
        return Compiled("vacuum", _vacuum(statement, values_of), text=text, schema=None, parameters=parameters)

    def run(session: Any, transaction: Any, params: tuple[Any, ...]) -> tuple[int, Any]:
        session.refuse_to_write()
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


def _vacuum(statement: Vacuum, values_of: ValuesOf) -> Callable[[Any, tuple[Any, ...]], None]:
    def run(session: Any, params: tuple[Any, ...]) -> None:
        named = None if statement.database is None else session.schema.named(statement.database)
        if statement.database is not None and named is None:
            raise OperationalError(f"unknown database {statement.database}")
        path = None if statement.query is None else values_of(session, statement.query, params)[0]
        if session.transaction is not None:
            raise OperationalError("cannot VACUUM from within a transaction")
        if statement.query is not None and type(path) is not str:
            raise OperationalError("non-text filename")
        if fold(statement.database or "") == "temp" or path in _MEMORY:
            return
        number = MAIN if named is None or session.others is None else session.schema.number(named)
        with within(session, number):
            if path is None:
                session.refuse_to_write()
                vacuum(session.database)
            else:
                vacuum_into(session.database, path)

    return run
