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

import collections.abc
import datetime
import time
from typing import Any as _Any

from aerodb_dbapi import constants as _constants
from aerodb_dbapi.adapters import PrepareProtocol, adapt, adapters, converters, register_adapter, register_converter
from aerodb_dbapi.blob import Blob
from aerodb_dbapi.compatibility import PYTHON as _PYTHON
from aerodb_dbapi.compatibility import deprecated_name as _deprecated_name
from aerodb_dbapi.connection import LEGACY_TRANSACTION_CONTROL, Connection, connect
from aerodb_dbapi.constants import *  # noqa: F403
from aerodb_dbapi.converting import PARSE_COLNAMES, PARSE_DECLTYPES
from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.executor.functions.registry import SQLITE_VERSION as sqlite_version
from aerodb_dbapi.executor.functions.user import enable_callback_tracebacks
from aerodb_dbapi.planner.front import is_complete as _is_complete
from aerodb_dbapi.readview import ReadView
from aerodb_dbapi.row import Row
from aerodb_dbapi.storage.errors import (
    BudgetError,
    CorruptionError,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SerializationError,
    Warning,
)

__version__ = "0.1.0"
apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 3
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = memoryview


def complete_statement(statement: str) -> bool:
    """Whether a text holds at least one statement and each is ended by a semicolon."""
    if "\0" in statement:
        raise ValueError("embedded null character")
    return _is_complete(statement)


def DateFromTicks(ticks: float) -> datetime.date:
    """The local date at `ticks` seconds since the epoch."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:
    """The local time of day at `ticks` seconds since the epoch."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    """The local date and time at `ticks` seconds since the epoch."""
    return Timestamp(*time.localtime(ticks)[:6])


_VERSIONS = {"version": __version__, "version_info": tuple(int(part) for part in __version__.split("."))}
if _PYTHON < (3, 12):
    from aerodb_dbapi.compatibility import enable_shared_cache

    version, version_info = _VERSIONS["version"], _VERSIONS["version_info"]


def __getattr__(name: str) -> _Any:
    return _deprecated_name(__name__, name, _VERSIONS)


__all__ = [
    "LEGACY_TRANSACTION_CONTROL", "PARSE_COLNAMES", "PARSE_DECLTYPES", "Binary", "Blob", "BudgetError", "Connection",
    "CorruptionError", "Cursor", "DataError", "DatabaseError", "Date", "DateFromTicks", "Error", "IntegrityError", "InterfaceError",
    "InternalError", "NoSuchModuleError", "NotSupportedError", "OperationalError", "PrepareProtocol", "ProgrammingError", "ReadView", "Row",
    "SerializationError", "Time",
    "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning", "adapt", "adapters", "apilevel", "collections",
    "complete_statement", "connect", "converters", "datetime", "enable_callback_tracebacks", "paramstyle", "register_adapter",
    "register_converter", "sqlite_version", "sqlite_version_info", "threadsafety", "time",
]  # fmt: skip
__all__ += _constants.__all__
if _PYTHON < (3, 12):
    __all__ += ["enable_shared_cache", "version", "version_info"]

from aerodb_dbapi import dbapi2  # noqa: E402

__all__ += ["dbapi2"]
