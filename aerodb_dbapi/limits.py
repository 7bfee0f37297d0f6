"""Limits of a connection: `getlimit`, `setlimit` (https://www.sqlite.org/c3ref/limit.html).

Each has the default that SQLite is built with, which is also its upper bound; a lower value is enforced by the driver (length of SQL
texts and of values) and at compilation (`executor.limits`). A connection that lowered none pays nothing: `Session.limits` is None.

>>> limits = Limits()
>>> limits.set(constants.SQLITE_LIMIT_COLUMN, 10), limits.get(constants.SQLITE_LIMIT_COLUMN)
(2000, 10)
"""

from __future__ import annotations

from typing import Final

from aerodb_dbapi import constants
from aerodb_dbapi.storage.errors import ProgrammingError

DEFAULTS: Final[dict[int, int]] = {
    constants.SQLITE_LIMIT_LENGTH: 1_000_000_000,
    constants.SQLITE_LIMIT_SQL_LENGTH: 1_000_000_000,
    constants.SQLITE_LIMIT_COLUMN: 2000,
    constants.SQLITE_LIMIT_EXPR_DEPTH: 1000,
    constants.SQLITE_LIMIT_COMPOUND_SELECT: 500,
    constants.SQLITE_LIMIT_VDBE_OP: 250_000_000,
    constants.SQLITE_LIMIT_FUNCTION_ARG: 127,
    constants.SQLITE_LIMIT_ATTACHED: 10,
    constants.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50_000,
    constants.SQLITE_LIMIT_VARIABLE_NUMBER: 250_000,
    constants.SQLITE_LIMIT_TRIGGER_DEPTH: 1000,
    constants.SQLITE_LIMIT_WORKER_THREADS: 0,
}
C_INT: Final = (1 << 31) - 1
HIGHEST: Final[dict[int, int]] = {constants.SQLITE_LIMIT_WORKER_THREADS: 8}  # where it is not the default


class Limits:
    """The limits of one connection."""

    __slots__ = ("lowered",)

    def __init__(self) -> None:
        self.lowered: dict[int, int] = {}

    def get(self, category: int) -> int:
        """The limit in force. Raises ProgrammingError for an unknown category."""
        if category not in DEFAULTS:
            raise ProgrammingError("'category' is out of bounds")
        return self.lowered.get(category, DEFAULTS[category])

    def set(self, category: int, limit: int) -> int:
        """Set a limit, cut to its upper bound; a negative one changes nothing. Returns the former limit."""
        before = self.get(category)
        if not -C_INT - 1 <= limit <= C_INT:
            raise OverflowError("Python int too large to convert to C int")
        if category == constants.SQLITE_LIMIT_LENGTH:
            limit = limit or 1
        limit = min(limit, HIGHEST.get(category, DEFAULTS[category]))
        if limit == DEFAULTS[category]:
            self.lowered.pop(category, None)
        elif limit >= 0:
            self.lowered[category] = limit
        return before
