"""The thread that keeps a process up with the others: once a second it has every shared database take over what was done.

One thread for all databases of a process, for starting one costs more than all else that opening a file does. It begins with
the first database that is shared and ends when it finds none.

Example: a process opens a file, closes it and opens it again within a second: one thread.

Not here: what is taken over (`sharing.py`).
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

if TYPE_CHECKING:
    from aerodb_dbapi.storage.database import Database

LOOK_SECONDS: Final = 1.0


class Looking:
    """The databases to look after, and whether a thread does."""

    __slots__ = ("_databases", "_lock", "_thread")
    _databases: WeakSet[Database]
    _lock: threading.Lock
    _thread: threading.Thread | None

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew; also in a child of `os.fork`, where the parent's thread and databases are not."""
        self._lock = threading.Lock()
        self._databases = WeakSet()
        self._thread = None

    def begin(self, database: Database) -> None:
        """Look after that database from now on."""
        with self._lock:
            self._databases.add(database)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="aerodb", daemon=True)
                self._thread.start()

    def end(self, database: Database) -> None:
        """No more."""
        with self._lock:
            self._databases.discard(database)

    def others(self) -> bool:
        """Whether there are threads besides the calling one and the one that looks."""
        count = threading.active_count()
        return count > 2 or (count == 2 and self._thread is None)

    def _look(self) -> None:
        while True:
            _pause.wait(LOOK_SECONDS)
            with self._lock:
                found = list(self._databases)
                if not found:
                    self._thread = None
                    return
            for database in found:
                sharing = database.sharing
                if sharing is not None:
                    with suppress(Exception):  # who uses that database is told, and the others are looked after
                        sharing.look()
            del found, database, sharing


_pause: Final = threading.Event()  # never set: a sleep that the end of the interpreter interrupts
looking: Final = Looking()
os.register_at_fork(after_in_child=looking.forget)
