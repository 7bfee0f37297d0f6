"""Statements of a script that differ only in their literals, run at once as `executemany` runs them (`planner.repeated`).

    >>> run = repeated("INSERT INTO t VALUES(1); INSERT INTO t VALUES(2); …", 0)
    >>> takes_runs(session) and run_alike(session, run.sql, run.rows)
    True

Each stays a statement of its own: when one fails, those before it have been done (INV-D4). So it is done only where nothing could tell
the difference: inside of a transaction, for outside each is a commit with a number; without an authorizer, limits or a budget; for a
table without triggers and foreign keys, and a statement that does not ask for the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aerodb_dbapi.executor.compile import is_alone
from aerodb_dbapi.planner import lists
from aerodb_dbapi.storage.errors import DatabaseError
from aerodb_dbapi.storage.transaction import Transaction


def takes_runs(session: Any) -> bool:
    """May statements that differ only in their literals be run at once now?"""
    if session.limits is not None or session.authorizer is not None or session.budget is not None:
        return False
    return session.transaction.__class__ is Transaction and lists.NAME not in session.settings.get("disabled_rules", ())


def run_alike(session: Any, sql: str, rows: Sequence[tuple[Any, ...]]) -> bool:
    """Run an INSERT for each of these rows; False, and nothing is done, where more belongs to it than its row, or it is refused."""
    if session.watch:
        session.start()
    try:
        prepared = session.prepare(sql)
    except DatabaseError:
        return False
    if not is_alone(prepared.compiled):
        return False
    session.run_many(prepared, rows)
    return True
