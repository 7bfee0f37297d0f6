"""The connection: Django's `DatabaseWrapper` for SQLite on `aerodb_dbapi` in the place of `sqlite3`.

Django's class asks the module `sqlite3` by its global name for connecting and for cursors; these two are replaced. What it registers with
`sqlite3` at import (converters of declared types, adapters of Decimal, date and datetime) is registered with AeroDB's driver here.

Cursors take Django's parameter styles:

    cursor.execute("SELECT %s", [1])                    runs  SELECT ?
    cursor.execute("SELECT %(a)s, '100%%'", {"a": 1})   runs  SELECT :a, '100%'

Transactions are real ones: `transaction.atomic` sends BEGIN and savepoints, as for SQLite. `OPTIONS["retries"]` (see `retry`) and
`OPTIONS["autoincrement"]` are the backend's own options and are kept from the driver.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import NotSupportedError
from django.db.backends.sqlite3 import base as sqlite
from django.utils.asyncio import async_unsafe
from django.utils.dateparse import parse_date, parse_datetime, parse_time

from aerodb_dbapi import dbapi2 as Database
from aerodb_dbapi.compat.django.client import DatabaseClient
from aerodb_dbapi.compat.django.creation import DatabaseCreation
from aerodb_dbapi.compat.django.features import DatabaseFeatures
from aerodb_dbapi.compat.django.functions import register as register_functions
from aerodb_dbapi.compat.django.introspection import DatabaseIntrospection
from aerodb_dbapi.compat.django.operations import DatabaseOperations
from aerodb_dbapi.compat.django.schema import DatabaseSchemaEditor


def _of_text(parse: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda data: parse(data.decode())


Database.register_converter("bool", b"1".__eq__)
Database.register_converter("date", _of_text(parse_date))
Database.register_converter("time", _of_text(parse_time))
Database.register_converter("datetime", _of_text(parse_datetime))
Database.register_converter("timestamp", _of_text(parse_datetime))
Database.register_adapter(decimal.Decimal, str)
Database.register_adapter(datetime.date, datetime.date.isoformat)
Database.register_adapter(datetime.datetime, lambda moment: moment.isoformat(" "))


class DatabaseWrapper(sqlite.DatabaseWrapper):
    """A connection of Django's to an AeroDB database."""

    display_name = "AeroDB"
    Database = Database
    SchemaEditorClass = DatabaseSchemaEditor
    client_class = DatabaseClient
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    connection: Any

    begins_immediately = False
    """Whether the next transaction takes the write gate at its beginning, which `retry` wants of a last attempt."""

    @property
    def autoincrement(self) -> bool:
        """Whether automatic keys are AUTOINCREMENT: ``OPTIONS["autoincrement"]``, else yes."""
        return bool(self.settings_dict["OPTIONS"].get("autoincrement", True))

    @property
    def data_types_suffix(self) -> dict[str, str]:
        """What stands behind PRIMARY KEY. Without AUTOINCREMENT the key of a deleted last row may be given again."""
        suffixes: dict[str, str] = sqlite.DatabaseWrapper.data_types_suffix
        return suffixes if self.autoincrement else {}

    @property
    def retries(self) -> int:
        """How many times a retrying transaction is run again by default: ``OPTIONS["retries"]``, else 0."""
        count = self.settings_dict["OPTIONS"].get("retries", 0)
        if not isinstance(count, int) or count < 0:
            raise ImproperlyConfigured(
                f"settings.DATABASES[{self.alias!r}]['OPTIONS']['retries'] must be a whole number, not {count!r}."
            )
        return count

    def get_connection_params(self) -> dict[str, Any]:
        """The arguments of `connect`."""
        retries = self.retries
        params: dict[str, Any] = super().get_connection_params()
        params.pop("retries", retries)
        params.pop("autoincrement", None)
        return params

    def get_database_version(self) -> tuple[int, ...]:
        """The version of SQLite whose dialect AeroDB follows."""
        version: tuple[int, ...] = Database.sqlite_version_info
        return version

    def check_database_version_supported(self) -> None:
        """Raise NotSupportedError where Django wants a later version. These are SQLite's versions, and so the message says."""
        minimum, version = self.features.minimum_database_version, self.get_database_version()
        if minimum is not None and version < minimum:
            wanted, found = (".".join(map(str, numbers)) for numbers in (minimum, version))
            raise NotSupportedError(f"SQLite {wanted} or later is required (found {found}).")

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, register Django's functions, enforce foreign keys, run the commands of ``OPTIONS["init_command"]``."""
        connection = Database.connect(**conn_params)
        self._prepare(connection)
        return connection

    def _prepare(self, connection: Any) -> None:
        register_functions(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        for command in getattr(self, "init_commands", ()):
            if command := command.strip():
                connection.execute(command)

    @contextmanager
    def forked(self) -> Iterator[None]:
        """Within the block a fork of the database stands in its place; what is written there is gone at its end. A database in memory
        that is shared by a name lends the name to the fork, so that connections of other threads find it too."""
        self.ensure_connection()
        whole = self.connection
        params = self.get_connection_params()
        del params["database"]
        fork = whole.fork(**params)
        fork.isolation_level = whole.isolation_level
        self._prepare(fork)
        database, copy = whole._session.database, fork._session.database
        database.give_name(copy)
        self.connection = fork
        try:
            yield
        finally:
            copy.give_name(database)
            self.connection = whole
            fork.close()

    def _start_transaction_under_autocommit(self) -> None:
        if self.begins_immediately:
            self.begins_immediately = False
            self.cursor().execute("BEGIN IMMEDIATE")
        else:
            super()._start_transaction_under_autocommit()

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor with Django's parameter styles."""
        return self.connection.cursor(factory=CursorWrapper)


@lru_cache(maxsize=1024)
def _question_marks(query: str) -> str:
    converted: str = sqlite.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
    return converted


def convert_query(query: str, names: Iterable[str] | None) -> str:
    """The query with the driver's placeholders in the place of Django's.

    >>> convert_query("SELECT %s, '5%%'", None)
    "SELECT ?, '5%'"
    >>> convert_query("SELECT %(a)s", ["a"])
    'SELECT :a'
    """
    if names is None:
        return _question_marks(query)
    return query % {name: f":{name}" for name in names}


class CursorWrapper(Database.Cursor):
    """A cursor that takes ``%s`` and ``%(name)s``."""

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement. Without parameters its text is taken as it is."""
        if params is None:
            return super().execute(query)
        names = params if isinstance(params, Mapping) else None
        return super().execute(convert_query(query, names), params)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """Run a statement once for each element, whose first one tells the style."""
        rows: Iterator[Any] = iter(param_list)
        first = list(_at_most_one(rows))
        names = first[0] if first and isinstance(first[0], Mapping) else None
        return super().executemany(convert_query(query, names), chain(first, rows))


def _at_most_one(rows: Iterator[Any]) -> Iterator[Any]:
    for row in rows:
        yield row
        return
