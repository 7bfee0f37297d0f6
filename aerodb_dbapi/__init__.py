"""AeroDB: an embedded SQL database in Python, used as a PEP 249 driver in the place of `sqlite3`.

>>> import aerodb_dbapi
>>> connection = aerodb_dbapi.connect(":memory:")
>>> _ = connection.execute("CREATE TABLE city(name TEXT PRIMARY KEY, people INTEGER)")
>>> with connection:
...     _ = connection.execute("INSERT INTO city VALUES (?, ?)", ("Oslo", 717_710))
>>> connection.execute("SELECT name, people FROM city").fetchall()
[('Oslo', 717710)]

Rooms (each a package of its own, importing only to its right): compat → aerodb_dbapi → executor → planner → indexes → storage.
"""

from __future__ import annotations

import datetime as _datetime
import time as _time

from aerodb_dbapi.adapters import PrepareProtocol, adapt, adapters, converters, register_adapter, register_converter
from aerodb_dbapi.connection import LEGACY_TRANSACTION_CONTROL, Connection, connect
from aerodb_dbapi.cursor import PARSE_COLNAMES, PARSE_DECLTYPES, Cursor
from aerodb_dbapi.executor.functions.registry import SQLITE_VERSION as sqlite_version
from aerodb_dbapi.planner.front import is_complete as complete_statement
from aerodb_dbapi.readview import ReadView
from aerodb_dbapi.row import Row
from aerodb_dbapi.storage.errors import (
    CorruptionError,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SerializationError,
    Warning,
)

__version__ = "0.1.0"
version = __version__
apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 1
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

Date = _datetime.date
Time = _datetime.time
Timestamp = _datetime.datetime
Binary = memoryview


def DateFromTicks(ticks: float) -> _datetime.date:
    """The local date at `ticks` seconds since the epoch."""
    return Date(*_time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> _datetime.time:
    """The local time of day at `ticks` seconds since the epoch."""
    return Time(*_time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> _datetime.datetime:
    """The local date and time at `ticks` seconds since the epoch."""
    return Timestamp(*_time.localtime(ticks)[:6])


__all__ = [
    "LEGACY_TRANSACTION_CONTROL", "PARSE_COLNAMES", "PARSE_DECLTYPES", "Binary", "Connection", "CorruptionError", "Cursor",
    "DataError", "DatabaseError", "Date", "DateFromTicks", "Error", "IntegrityError", "InterfaceError", "InternalError",
    "NotSupportedError", "OperationalError", "PrepareProtocol", "ProgrammingError", "ReadView", "Row", "SerializationError", "Time",
    "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning", "adapt", "adapters", "apilevel", "complete_statement", "connect",
    "converters", "paramstyle", "register_adapter", "register_converter", "sqlite_version", "sqlite_version_info", "threadsafety",
    "version",
]  # fmt: skip
