"""The error tree: PEP 249 classes, each instance carrying SQLite's result code and its name.

Sorted by what the caller does next (PEP 249, "Exceptions")::

    Exception
     +-- Warning
     +-- Error                     something of this module failed
          +-- InterfaceError       the caller misused the interface
          +-- DatabaseError
               +-- DataError           the value is the trouble: change the value
               +-- OperationalError    the environment or the statement is: retry, or fix the SQL
               |    +-- SerializationError   a later commit changed what this transaction read: run it again
               |    +-- NoSuchModuleError    a module of a virtual table or an extension (also a NotSupportedError)
               +-- IntegrityError      a constraint said no
               +-- InternalError       a bug in AeroDB
               +-- ProgrammingError    wrong use: closed object, wrong number of parameters
               +-- NotSupportedError   named feature that does not exist yet
               +-- CorruptionError     the file is damaged: names file and byte offset

`sqlite_errorcode` (int) and `sqlite_errorname` (str) are set on every error the engine raises, as `sqlite3` of Python 3.11
does. Codes are those of https://www.sqlite.org/rescode.html.
"""

from __future__ import annotations

from typing import Any, Final

RESULT_CODES: Final[dict[str, int]] = {
    "SQLITE_OK": 0,
    "SQLITE_ERROR": 1,
    "SQLITE_INTERNAL": 2,
    "SQLITE_PERM": 3,
    "SQLITE_ABORT": 4,
    "SQLITE_BUSY": 5,
    "SQLITE_LOCKED": 6,
    "SQLITE_NOMEM": 7,
    "SQLITE_READONLY": 8,
    "SQLITE_INTERRUPT": 9,
    "SQLITE_IOERR": 10,
    "SQLITE_CORRUPT": 11,
    "SQLITE_NOTFOUND": 12,
    "SQLITE_FULL": 13,
    "SQLITE_CANTOPEN": 14,
    "SQLITE_PROTOCOL": 15,
    "SQLITE_EMPTY": 16,
    "SQLITE_SCHEMA": 17,
    "SQLITE_TOOBIG": 18,
    "SQLITE_CONSTRAINT": 19,
    "SQLITE_MISMATCH": 20,
    "SQLITE_MISUSE": 21,
    "SQLITE_NOLFS": 22,
    "SQLITE_AUTH": 23,
    "SQLITE_FORMAT": 24,
    "SQLITE_RANGE": 25,
    "SQLITE_NOTADB": 26,
    "SQLITE_ERROR_MISSING_COLLSEQ": 1 | (1 << 8),
    "SQLITE_BUSY_SNAPSHOT": 5 | (2 << 8),
    "SQLITE_IOERR_READ": 10 | (1 << 8),
    "SQLITE_IOERR_WRITE": 10 | (3 << 8),
    "SQLITE_IOERR_FSYNC": 10 | (4 << 8),
    "SQLITE_CONSTRAINT_CHECK": 19 | (1 << 8),
    "SQLITE_CONSTRAINT_FOREIGNKEY": 19 | (3 << 8),
    "SQLITE_CONSTRAINT_TRIGGER": 19 | (7 << 8),
    "SQLITE_CONSTRAINT_NOTNULL": 19 | (5 << 8),
    "SQLITE_CONSTRAINT_PRIMARYKEY": 19 | (6 << 8),
    "SQLITE_CONSTRAINT_UNIQUE": 19 | (8 << 8),
    "SQLITE_CONSTRAINT_ROWID": 19 | (10 << 8),
    "SQLITE_CONSTRAINT_PINNED": 19 | (11 << 8),
    "SQLITE_CONSTRAINT_DATATYPE": 19 | (12 << 8),
}


class Warning(Exception):
    """Important warnings (PEP 249). AeroDB raises none itself."""


class Error(Exception):
    """Base of every error that leaves the driver.

    `name` is SQLite's symbolic result code; it sets both `sqlite_errorname` and `sqlite_errorcode`. Errors of wrong use
    of the module itself (`ProgrammingError` for a closed cursor) have neither, as in `sqlite3`.
    """

    default_name: str | None = None
    sqlite_errorcode: int
    sqlite_errorname: str

    def __init__(self, *args: object, name: str | None = None) -> None:
        super().__init__(*args)
        name = name or self.default_name
        if name is not None:
            self.sqlite_errorname = name
            self.sqlite_errorcode = RESULT_CODES[name]


class InterfaceError(Error):
    """Misuse of the interface rather than the database."""


class DatabaseError(Error):
    """Errors related to the database."""


class DataError(DatabaseError):
    """A value cannot be processed: too long, out of range."""


class OperationalError(DatabaseError):
    """The statement or the environment is at fault: syntax, missing table, lock, full disk."""

    default_name = "SQLITE_ERROR"


class SerializationError(OperationalError):
    """A commit that came later than this transaction's read view changed what it read or wrote.

    The transaction was rolled back as a whole; running it again is the remedy.

    Each of these is None where it is not known or does not apply:
    `table`, `index`   the names of what both touched
    `key`              the rowid, or the values of the index entry
    `base_commit`      the commit that the transaction saw as the latest
    `commit`           the one that won
    `statement`        the text of the statement that read what the other changed; None where both wrote it
    `kind`             what stood in the way: 'written', 'unique_key', 'read', 'schema' or 'cycle'
    """

    default_name = "SQLITE_BUSY_SNAPSHOT"

    def __init__(
        self,
        *args: object,
        table: str | None = None,
        index: str | None = None,
        key: object = None,
        base_commit: int | None = None,
        commit: int | None = None,
        statement: str | None = None,
        kind: str = "written",
        lock: Any = None,
    ) -> None:
        super().__init__(*args)
        self.table = table
        self.index = index
        self.key = key
        self.base_commit = base_commit
        self.commit = commit
        self.statement = statement
        self.kind = kind
        self._lock = lock  # the key to wait for before the next attempt (`storage/row_locks.py`)


class BudgetError(OperationalError):
    """A statement used more than its budget allows; nothing of it was kept. `limit` is 'timeout', 'rows' or 'memory'."""

    default_name = "SQLITE_INTERRUPT"

    def __init__(self, message: str, *, limit: str, name: str | None = None) -> None:
        super().__init__(message, name=name)
        self.limit = limit


class IntegrityError(DatabaseError):
    """A constraint failed; nothing of the statement was kept."""

    default_name = "SQLITE_CONSTRAINT"


class InternalError(DatabaseError):
    """AeroDB met a state it holds impossible."""

    default_name = "SQLITE_INTERNAL"


class ProgrammingError(DatabaseError):
    """Wrong use of the module: a closed connection, a wrong number of parameters."""


class NotSupportedError(DatabaseError):
    """A named feature that AeroDB does not have (yet); `docs/sql.md` lists them."""

    default_name = "SQLITE_ERROR"


class NoSuchModuleError(OperationalError, NotSupportedError):
    """A module that AeroDB does not have, of a virtual table or an extension. Both classes are right: it is not supported, and `sqlite3`
    raises OperationalError where SQLite was built without the module, by which programs find out whether it is there."""


class CorruptionError(DatabaseError):
    """Bytes read from disk are not what was written. `file` and `offset` (bytes from its start) say where."""

    default_name = "SQLITE_CORRUPT"

    def __init__(self, message: str, *, file: str, offset: int, name: str | None = None) -> None:
        super().__init__(f"{message} (file {file!r}, offset {offset})", name=name)
        self.file = file
        self.offset = offset


for _class in (
    Warning, Error, InterfaceError, DatabaseError, DataError, OperationalError, SerializationError, BudgetError,
    IntegrityError, InternalError, ProgrammingError, NotSupportedError, NoSuchModuleError, CorruptionError,
):  # fmt: skip
    _class.__module__ = "aerodb_dbapi"
del _class
