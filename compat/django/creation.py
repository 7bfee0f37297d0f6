"""Test databases: in memory by default, under the name ``file:memorydb_default?mode=memory&cache=shared``.

Parallel tests: a worker that was forked inherits the database in memory; for one that was started anew (``spawn``) it is written to a
file, `default_1.sqlite3`, which the worker reads into memory. A test database in a file is copied for each worker. Django's class copies
with `Connection.backup` of `sqlite3` and by copying the file; here it is `serialize`, which has what is in the log too.

``"TEST": {"FORK": True}`` gives each `TransactionTestCase` a fork (`testing`).
"""

from __future__ import annotations

import glob
import multiprocessing
import os
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import creation


class DatabaseCreation(creation.DatabaseCreation):
    """Makes, copies and removes test databases."""

    def _fork_if_asked(self) -> None:
        if self.connection.settings_dict["TEST"].get("FORK"):
            from aerodb_dbapi.compat.django.testing import fork_transaction_tests  # django.test is for tests alone

            fork_transaction_tests()

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        # Not in create_test_db: its warnings tell the caller's line, and one more call between would be taken for the caller.
        self._fork_if_asked()
        name: str = super()._create_test_db(verbosity, autoclobber, keepdb)
        if not keepdb:
            self._remove_logs(name)
        return name

    def _clone_test_db(self, suffix: str, verbosity: int, keepdb: bool = False) -> None:
        in_memory = self.is_in_memory_db(self.connection.settings_dict["NAME"])
        if in_memory and multiprocessing.get_start_method() != "spawn":
            return
        target = self.get_test_db_clone_settings(suffix)["NAME"]
        if keepdb and not in_memory and os.path.exists(target):
            return
        self._remove_logs(target)
        self.connection.ensure_connection()
        Path(target).write_bytes(self.connection.connection.serialize())

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        super()._destroy_test_db(test_database_name, verbosity)
        self._remove_logs(test_database_name)

    def _remove_logs(self, name: str) -> None:
        """Remove the logs beside a database file that is no more."""
        if name and not self.is_in_memory_db(name):
            for path in glob.glob(glob.escape(os.fspath(name)) + "-wal*"):
                os.remove(path)

    def setup_worker_connection(self, _worker_id: int | str) -> None:
        """Give the connection of a test process a database of its own."""
        self._fork_if_asked()
        in_memory = self.is_in_memory_db(self.connection.settings_dict["NAME"])
        if multiprocessing.get_start_method() != "spawn" or not in_memory:
            super().setup_worker_connection(_worker_id)
            return
        connection: Any = self.connection
        settings = self.get_test_db_clone_settings(str(_worker_id))
        connection.settings_dict.update(settings)
        connection.settings_dict["NAME"] = f"file:memorydb_{connection.alias}_{_worker_id}?mode=memory&cache=shared"
        connection.connect()
        connection.connection.deserialize(Path(settings["NAME"]).read_bytes())
        if os.environ.get("RUNNING_DJANGOS_TEST_SUITE") == "true":
            self.mark_expected_failures_and_skips()
