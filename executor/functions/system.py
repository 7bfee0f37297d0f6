"""Functions about values' classes, conditions and the session: typeof, coalesce, iif, changes, sqlite_version; and RAISE() of triggers.

coalesce, ifnull, iif and nullif are here with their eager form; the binder turns them into expressions that evaluate
one argument at a time, and uses these definitions for their numbers of arguments only.

`SQLITE_VERSION` is the version whose features AeroDB claims: applications and ORMs choose by it what they use.
`tests/test_claimed_version.py` tries what each version up to it brought.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.executor.functions.define import scalar
from aerodb_dbapi.planner.functions import ScalarFunction
from aerodb_dbapi.planner.rewrite_expression import RAISE
from aerodb_dbapi.storage.errors import IntegrityError, NotSupportedError
from aerodb_dbapi.storage.values import CLASS_NAMES, compare, truth

SQLITE_VERSION: Final = "3.46.0"
SOURCE_DATE: Final = "2024-05-23 13:25:27"


def type_of(value: Any) -> str:
    """typeof(X)"""
    return CLASS_NAMES[type(value)]


def coalesce(*values: Any) -> Any:
    """coalesce(X, Y, …): the first that is not NULL."""
    return next((value for value in values if value is not None), None)


def iif(*values: Any) -> Any:
    """iif(X, Y [, X, Y …] [, Z]): the value after the first true condition, else the last or NULL."""
    for condition, value in zip(values[::2], values[1::2]):
        if truth(condition):
            return value
    return values[-1] if len(values) & 1 else None


def nullif(value: Any, other: Any) -> Any:
    """nullif(X, Y): X, or NULL where they are equal."""
    return None if value is not None and other is not None and compare(value, other) == 0 else value


def likely(value: Any, probability: Any = None) -> Any:
    """likely(X), unlikely(X), likelihood(X, P): X."""
    return value


def sqlite_version() -> str:
    """sqlite_version()"""
    return SQLITE_VERSION


def sqlite_source_id() -> str:
    """sqlite_source_id(): what answers, with the date of the version that it follows."""
    return f"{SOURCE_DATE} AeroDB"


def compile_option_used(name: Any) -> int | None:
    """sqlite_compileoption_used(X): there are no compile-time options."""
    return None if name is None else 0


def compile_option_get(number: Any) -> None:
    """sqlite_compileoption_get(N): there are no compile-time options."""


def changes(session: Any) -> int:
    """changes(): rows that the last INSERT, UPDATE or DELETE changed."""
    return int(session.changes)


def total_changes(session: Any) -> int:
    """total_changes(): rows changed since the connection was opened."""
    return int(session.total_changes)


def last_insert_rowid(session: Any) -> int:
    """last_insert_rowid()"""
    return int(session.last_insert_rowid or 0)


def load_extension(*names: Any) -> None:
    """load_extension(X [, Y]): extensions are libraries in C."""
    raise NotSupportedError("load_extension(): extensions are libraries in C")


class IgnoreRow(Exception):
    """RAISE(IGNORE) in a trigger: leave out the rest of the row."""


def raise_ignore(word: str) -> None:
    """RAISE(IGNORE)"""
    raise IgnoreRow


def raise_error(word: str, message: str) -> None:
    """RAISE(ABORT | FAIL | ROLLBACK, message)"""
    error = IntegrityError(message, name="SQLITE_CONSTRAINT_TRIGGER")
    error.resolution = word  # type: ignore[attr-defined]
    error.kept = 0  # type: ignore[attr-defined]
    raise error


FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    *scalar("typeof", type_of, 1),
    *scalar("coalesce", coalesce, -1),
    *scalar("ifnull", coalesce, 2),
    *scalar("iif", iif, -1),
    *scalar("nullif", nullif, 2),
    *scalar("likely", likely, 1),
    *scalar("unlikely", likely, 1),
    *scalar("likelihood", likely, 2),
    *scalar("sqlite_version", sqlite_version, 0),
    *scalar("sqlite_source_id", sqlite_source_id, 0),
    *scalar("sqlite_compileoption_used", compile_option_used, 1),
    *scalar("sqlite_compileoption_get", compile_option_get, 1),
    *scalar("changes", changes, 0, deterministic=False, needs_session=True),
    *scalar("total_changes", total_changes, 0, deterministic=False, needs_session=True),
    *scalar("last_insert_rowid", last_insert_rowid, 0, deterministic=False, needs_session=True),
    *scalar("load_extension", load_extension, 1, 2, deterministic=False),
    *scalar(RAISE, raise_ignore, 1, deterministic=False),
    *scalar(RAISE, raise_error, 2, deterministic=False),
)
