"""Functions about values' classes, conditions and the session: typeof, coalesce, iif, changes, sqlite_version.

coalesce, ifnull, iif and nullif are here with their eager form; the binder turns them into expressions that evaluate
one argument at a time, and uses these definitions for their numbers of arguments only.

`SQLITE_VERSION` is the version whose behaviour AeroDB follows and claims: applications and ORMs choose features by it.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.executor.functions.define import scalar
from aerodb_dbapi.planner.functions import ScalarFunction
from aerodb_dbapi.storage.values import CLASS_NAMES, compare, truth

SQLITE_VERSION: Final = "3.40.1"


def type_of(value: Any) -> str:
    """typeof(X)"""
    return CLASS_NAMES[type(value)]


def coalesce(*values: Any) -> Any:
    """coalesce(X, Y, …): the first that is not NULL."""
    return next((value for value in values if value is not None), None)


def iif(condition: Any, yes: Any, no: Any) -> Any:
    """iif(X, Y, Z)"""
    return yes if truth(condition) else no


def nullif(value: Any, other: Any) -> Any:
    """nullif(X, Y): X, or NULL where they are equal."""
    return None if value is not None and other is not None and compare(value, other) == 0 else value


def likely(value: Any, probability: Any = None) -> Any:
    """likely(X), unlikely(X), likelihood(X, P): X."""
    return value


def sqlite_version() -> str:
    """sqlite_version()"""
    return SQLITE_VERSION


def changes(session: Any) -> int:
    """changes(): rows that the last INSERT, UPDATE or DELETE changed."""
    return int(session.changes)


def total_changes(session: Any) -> int:
    """total_changes(): rows changed since the connection was opened."""
    return int(session.total_changes)


def last_insert_rowid(session: Any) -> int:
    """last_insert_rowid()"""
    return int(session.last_insert_rowid or 0)


FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    *scalar("typeof", type_of, 1),
    *scalar("coalesce", coalesce, -1),
    *scalar("ifnull", coalesce, 2),
    *scalar("iif", iif, 3),
    *scalar("nullif", nullif, 2),
    *scalar("likely", likely, 1),
    *scalar("unlikely", likely, 1),
    *scalar("likelihood", likely, 2),
    *scalar("sqlite_version", sqlite_version, 0),
    *scalar("changes", changes, 0, deterministic=False, needs_session=True),
    *scalar("total_changes", total_changes, 0, deterministic=False, needs_session=True),
    *scalar("last_insert_rowid", last_insert_rowid, 0, deterministic=False, needs_session=True),
)
