"""From a location to an open database: for writing, or for reading where that was asked for or is all that can be had.

    ========================================  ====================================================================
    asked for                                 what is opened
    ========================================  ====================================================================
    a path, ``mode=rwc``, ``mode=rw``         for writing; if the file, or the folder for its log, may only be read:
                                              for reading (writes: "attempt to write a readonly database");
                                              so too if the disk has no room for the lock file
    ``mode=ro``                               for reading, beside others who may write
    ``immutable=1``                           for reading, as if nobody could write
    memory                                    a database in memory, by name if it has one
    ========================================  ====================================================================

Example: `connect("data.db")` on a read-only file system gives a connection that reads.

Not here: what an argument means (`uri.py`), how it is read (`storage/readonly.py`).
"""

from __future__ import annotations

import errno
import os

from aerodb_dbapi.storage import byte_locks
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import is_full
from aerodb_dbapi.storage.header import BLOCKS_START
from aerodb_dbapi.storage.readonly import open_for_reading
from aerodb_dbapi.uri import Location

_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def database_at(location: Location, timeout: float) -> Database:
    """The database of a location. OperationalError: it cannot be opened."""
    if location.shared is not None:
        return Database.shared_memory(location.shared)
    if location.memory:
        return Database.memory()
    if not location.create and not os.path.exists(location.path):
        raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN")
    unwritable = not os.access(location.path, os.W_OK) and os.path.isfile(location.path)
    if location.immutable or (byte_locks.TOLD and (location.read_only or unwritable)):
        return open_for_reading(location.path, timeout, immutable=location.immutable)
    try:
        return Database.open(location.path, timeout=timeout)
    except OperationalError as error:  # the folder, perhaps, or the disk is full
        if not _is_unwritable(error.__cause__, location.path):
            raise
    return open_for_reading(location.path, timeout)


def _is_unwritable(cause: BaseException | None, path: str) -> bool:
    """Whether opening for writing a file that is there failed for want of a right to write, or of room."""
    if not isinstance(cause, OSError) or not os.path.isfile(path):
        return False
    # A file that this opening made, and could not finish, has no block.
    return cause.errno in _UNWRITABLE or (byte_locks.TOLD and is_full(cause) and os.path.getsize(path) > BLOCKS_START)
