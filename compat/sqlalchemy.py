"""SQLAlchemy dialect: `create_engine("aerodb:///file.db")`, for SQLAlchemy 2.0 and 2.1.

>>> from sqlalchemy import create_engine, text
>>> engine = create_engine("aerodb://")
>>> with engine.begin() as connection:
...     _ = connection.execute(text("CREATE TABLE city(name TEXT PRIMARY KEY, people INTEGER)"))
...     _ = connection.execute(text("INSERT INTO city VALUES (:name, :people)"), {"name": "Oslo", "people": 717_710})
...     connection.scalar(text("SELECT people FROM city WHERE name REGEXP '^O'"))
717710

What is inherited
    The dialect is SQLAlchemy's own pysqlite dialect with another driver under it: its compiler, types, reflection through PRAGMAs,
    URL forms and pools. Its `name` stays "sqlite", so that what applications write for SQLite holds: `dialects.sqlite.insert`,
    `sqlite_where=`, `with_variant(…, "sqlite")`, `@compiles(…, "sqlite")`, Alembic's batch mode.

What is different
    Transactions. pysqlite leaves it to `sqlite3` when a transaction begins, which is before the first INSERT, UPDATE or DELETE: a
    SELECT or CREATE TABLE before it stands outside. Here `Dialect.do_begin` begins one, so that all that runs between two commits is one
    serializable transaction, DDL and savepoints included. BEGIN itself reads nothing: the read view is that of the first statement.

    Isolation levels. They are kept in the driver connection's own `isolation_level`, which makes it the one place that says
    how `do_begin` begins:

        level           driver          meaning
        SERIALIZABLE    "" (BEGIN)      the default; a commit may fail with SerializationError
        IMMEDIATE       "IMMEDIATE"     serializable too; waits for other writers at the start, and never fails late
        AUTOCOMMIT      None            each statement is a transaction of its own

Retries
    A transaction that cannot be serialized fails with `sqlalchemy.exc.OperationalError` whose `orig` is a `SerializationError`:
    `is_serialization_failure` tells, `run_transaction` runs a function again until it commits. docs/sqlalchemy.md has the pattern.

SQLAlchemy finds the dialect by the entry points `aerodb` and `sqlite.aerodb`; importing this module registers it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, exc
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.util import coerce_kw_type

import aerodb_dbapi

_T = TypeVar("_T")
_LEVELS: dict[str, str | None] = {"SERIALIZABLE": "", "IMMEDIATE": "IMMEDIATE", "AUTOCOMMIT": None}
_NAMES = {
    "": "SERIALIZABLE",
    "DEFERRED": "SERIALIZABLE",
    "IMMEDIATE": "IMMEDIATE",
    "EXCLUSIVE": "IMMEDIATE",
    None: "AUTOCOMMIT",
}


class Compiler(SQLiteCompiler):
    """SQLite's, which also writes what `Select.with_hint` says of a table (`FOR SYSTEM_TIME AS OF COMMIT n`)."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """The hint as it stands."""
        return text


class Dialect(SQLiteDialect_pysqlite):
    """See the module's text."""

    driver = "aerodb"
    supports_statement_cache = True
    statement_compiler = Compiler

    @classmethod
    def import_dbapi(cls) -> Any:
        """The driver."""
        return aerodb_dbapi

    def retrieve_dbapi_version(self, dbapi: Any) -> Any:
        """AeroDB's version (SQLAlchemy 2.1 asks)."""
        util: Any = sqlalchemy.util
        return util.VersionInfo(tuple(int(part) for part in aerodb_dbapi.__version__.split(".")))

    def on_connect(self) -> Callable[[Any], None]:
        """Give a new connection the function behind REGEXP, as pysqlite does. floor() is there already."""

        def connect(connection: Any) -> None:
            connection.create_function("regexp", 2, _regexp, deterministic=True)

        return connect

    def create_connect_args(self, url: URL) -> Any:
        """The arguments of `connect`: those that pysqlite's URLs may have, and `foreign_keys=true`."""
        own: dict[str, Any] = {
            name: url.query[name] for name in ("isolation_level", "foreign_keys") if name in url.query
        }
        arguments, options = super().create_connect_args(url.difference_update_query(own))
        coerce_kw_type(own, "foreign_keys", bool)
        return arguments, {**options, **own}

    # --- Transactions

    def do_begin(self, dbapi_connection: Any) -> None:
        """BEGIN, in the way that the connection's isolation level says."""
        level = dbapi_connection.isolation_level
        if level is not None and not dbapi_connection.in_transaction:
            dbapi_connection.execute(f"BEGIN {level}" if level else "BEGIN")

    def get_isolation_level_values(self, dbapi_connection: Any) -> list[Any]:
        """The names that `isolation_level=` takes."""
        return list(_LEVELS)

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Set it on the driver's connection."""
        dbapi_connection.isolation_level = _LEVELS[level]

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Its name."""
        return _NAMES[dbapi_connection.isolation_level]

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """A closed connection. A SerializationError is none: the connection can be used for the next attempt."""
        return isinstance(e, aerodb_dbapi.ProgrammingError) and "Cannot operate on a closed database." in str(e)


def _regexp(pattern: str, value: str | None) -> bool | None:
    """`value REGEXP pattern`."""
    return None if value is None else re.search(pattern, value) is not None


def is_serialization_failure(error: BaseException | None) -> bool:
    """Is this SQLAlchemy's (or the driver's) error of a transaction that should be run again?"""
    while error is not None:
        if isinstance(error, aerodb_dbapi.SerializationError):
            return True
        error = error.orig if isinstance(error, exc.DBAPIError) else error.__cause__
    return False


def run_transaction(
    transactor: Engine | Connection | sessionmaker[Any] | scoped_session[Any],
    callback: Callable[[Any], _T],
    *,
    max_retries: int | None = 20,
) -> _T:
    """Run `callback` in a transaction, again after a serialization failure, and return what it returns.

    `transactor`: an engine or connection (the callback is given a `Connection`) or a sessionmaker (it is given a `Session`). The
    callback must not commit, and must not do what cannot be done twice. After `max_retries` failures (None: no limit but that of
    the others) it is run once more IMMEDIATE, which cannot fail so, unless the transactor is a connection: its last
    failure is raised.

    >>> from sqlalchemy import create_engine, text
    >>> run_transaction(create_engine("aerodb://"), lambda connection: connection.scalar(text("SELECT 6 * 7")))
    42
    """
    failures = 0
    while True:
        try:
            return _attempt(transactor, callback, immediate=max_retries is not None and failures >= max_retries)
        except exc.DBAPIError as error:
            failures += 1
            last = max_retries is not None and failures > max_retries
            if last or not is_serialization_failure(error):
                raise


def _attempt(transactor: Any, callback: Callable[[Any], _T], *, immediate: bool) -> _T:
    """One transaction."""
    if isinstance(transactor, Connection):
        with transactor.begin():
            return callback(transactor)
    if isinstance(transactor, Engine):
        engine = transactor.execution_options(isolation_level="IMMEDIATE") if immediate else transactor
        with engine.begin() as connection:
            return callback(connection)
    session: Session
    maker = transactor.session_factory if isinstance(transactor, scoped_session) else transactor
    with maker() as session, session.begin():
        if immediate:
            session.connection(execution_options={"isolation_level": "IMMEDIATE"})
        return callback(session)


registry.register("aerodb", __name__, "Dialect")
registry.register("sqlite.aerodb", __name__, "Dialect")
