"""SQLAlchemy's asyncio face on AeroDB: `create_async_engine("aerodb+aio:///file.db")`.

    engine = create_async_engine("aerodb+aio:///shop.db")
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO item(name) VALUES (:name)"), {"name": "kite"})

SQLAlchemy calls a driver as if it were synchronous, inside a greenlet, and `await_only` carries what is to be awaited out to the event
loop. `Adapted` and `AdaptedCursor` are that synchronous look over a connection of `aerodb_dbapi.aio`. A statement and all its rows are
one operation, hence one change of threads; a streamed result (`connection.stream`) is fetched in parts. Cancelling a task interrupts
its statement, and no connection has a thread while nothing runs.

All else is the synchronous dialect's (`compat.sqlalchemy`): transactions, isolation levels, URLs. `run_transaction` has a counterpart:

    await run_async_transaction(engine, function)      # async def function(connection)

SQLAlchemy needs greenlet for it: ``pip install 'aerodb[sqlalchemy-asyncio]'``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import exc, pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.base import SQLiteExecutionContext
from sqlalchemy.engine import URL, AdaptedConnection
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.util import await_only

import aerodb_dbapi
from aerodb_dbapi import aio
from aerodb_dbapi.compat.sqlalchemy import Dialect, is_serialization_failure

_T = TypeVar("_T")


class AdaptedCursor:
    """A cursor that is waited for. The rows of a statement are there when `execute` returns, unless it is a stream."""

    def __init__(self, owner: Adapted, stream: bool) -> None:
        self.arraysize = 1
        self._owner = owner
        self._stream = stream
        self._cursor: Any = None
        self._rows: Iterator[Any] = iter(())
        self._forget()

    def _forget(self) -> None:
        self.description: Any = None
        self.rowcount, self.lastrowid = -1, None

    def execute(self, operation: str, parameters: Any = (), /) -> AdaptedCursor:
        """Run a statement."""
        self._run(lambda cursor: cursor.execute(operation, parameters))
        return self

    def executemany(self, operation: str, parameters: Iterable[Any], /) -> AdaptedCursor:
        """Run a statement for each item."""
        self._run(lambda cursor: cursor.executemany(operation, parameters))
        return self

    def _run(self, act: Callable[[Any], Any]) -> None:
        self._forget()

        def work(connection: aerodb_dbapi.Connection) -> list[Any]:
            self._cursor = cursor = connection.cursor()
            act(cursor)
            return [] if self._stream or cursor.description is None else cursor.fetchall()

        self._rows = iter(self._owner.do(work))
        self.description = self._cursor.description
        self.rowcount, self.lastrowid = self._cursor.rowcount, self._cursor.lastrowid

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._owner.do(lambda _: self._cursor.fetchone()) if self._stream else next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Some rows."""
        count = self.arraysize if size is None else size
        if self._stream:
            found: list[Any] = self._owner.do(lambda _: self._cursor.fetchmany(count))
            return found
        return [row for _, row in zip(range(count), self._rows)]

    def fetchall(self) -> list[Any]:
        """The remaining rows."""
        if self._stream:
            found: list[Any] = self._owner.do(lambda _: self._cursor.fetchall())
            return found
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchone, None)

    def setinputsizes(self, *sizes: Any) -> None:
        """Does nothing (PEP 249)."""

    def close(self) -> None:
        """Let the rows go."""
        self._rows, self._cursor = iter(()), None

    async def _async_soft_close(self) -> None:
        """What SQLAlchemy calls before it reads the rows of a result that is not streamed."""


class Adapted(AdaptedConnection):
    """A connection that is waited for. What a pool's events or `run_async` want of the real one is `driver_connection`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: aio.Connection) -> None:
        self._connection: Any = connection

    @property
    def _driver(self) -> aerodb_dbapi.Connection:
        opened: aerodb_dbapi.Connection | None = self._connection._opened
        if opened is None:
            raise aerodb_dbapi.ProgrammingError("Cannot operate on a closed database.")
        return opened

    def do(self, work: Callable[[aerodb_dbapi.Connection], _T]) -> _T:
        """Have `work` done with the driver's connection in a thread, when it is this operation's turn."""
        driver = self._driver
        done: _T = await_only(self._connection._do(lambda: work(driver)))
        return done

    def cursor(self, server_side: bool = False) -> AdaptedCursor:
        """A cursor; `server_side` for a stream."""
        return AdaptedCursor(self, server_side)

    def execute(self, sql: str, parameters: Any = (), /) -> AdaptedCursor:
        """A cursor with a statement run."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """Commit."""
        self.do(lambda connection: connection.commit())

    def rollback(self) -> None:
        """Roll back."""
        self.do(lambda connection: connection.rollback())

    def close(self) -> None:
        """Close."""
        await_only(self._connection.close())

    def terminate(self) -> None:
        """Close where nothing can be awaited, as the garbage collector does."""
        if self._connection._opened is not None:
            self._connection._opened.close()

    def create_function(self, *arguments: Any, **options: Any) -> None:
        """Register a SQL function."""
        self.do(lambda connection: connection.create_function(*arguments, **options))

    @property
    def isolation_level(self) -> str | None:
        """How transactions begin."""
        return self._driver.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        self._driver.isolation_level = level

    @property
    def in_transaction(self) -> bool:
        """Is one open?"""
        return self._driver.in_transaction

    @property
    def commit_id(self) -> int:
        """The id of the latest commit."""
        return self._driver.commit_id


class _Context(SQLiteExecutionContext):
    def create_server_side_cursor(self) -> Any:
        connection: Any = self._dbapi_connection
        return connection.cursor(server_side=True)


class AioDialect(Dialect):
    """See the module's text."""

    driver = "aio"
    is_async = True
    has_terminate = True
    supports_statement_cache = True
    supports_server_side_cursors = True
    execution_ctx_cls = _Context

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        """One connection for a database in memory, a queue for a file."""
        return pool.AsyncAdaptedQueuePool if cls._is_url_file_db(url) else pool.StaticPool

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """A connection, or that of `async_creator`."""
        creator = options.pop("async_creator_fn", None)
        options.pop("check_same_thread", None)
        opening: Awaitable[Any] = (creator or aio.connect)(*arguments, **options)
        return Adapted(await_only(opening))

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Close at once."""
        dbapi_connection.terminate()

    def get_driver_connection(self, connection: Any) -> Any:
        """The connection of `aerodb_dbapi.aio`."""
        return connection._connection


async def run_async_transaction(
    transactor: AsyncEngine | async_sessionmaker[Any],
    function: Callable[[Any], Awaitable[_T]],
    *,
    max_retries: int = 20,
) -> _T:
    """Await `function(connection)`, or `function(session)` for a sessionmaker, in a transaction, again after a serialization failure,
    and return what it gives. After `max_retries` failures it is run once more IMMEDIATE, which cannot fail so. See
    `compat.sqlalchemy.run_transaction`."""
    failures = 0
    while True:
        try:
            return await _attempt(transactor, function, failures >= max_retries)
        except exc.DBAPIError as error:
            failures += 1
            if failures > max_retries or not is_serialization_failure(error):
                raise


async def _attempt(transactor: Any, function: Callable[[Any], Awaitable[_T]], immediate: bool) -> _T:
    """One transaction."""
    options: dict[str, Any] = {"isolation_level": "IMMEDIATE"} if immediate else {}
    if isinstance(transactor, AsyncEngine):
        async with transactor.execution_options(**options).begin() as connection:
            return await function(connection)
    async with transactor() as session, session.begin():
        if immediate:
            await session.connection(execution_options=options)
        return await function(session)


__all__: Sequence[str] = ["Adapted", "AioDialect", "run_async_transaction"]

registry.register("aerodb.aio", __name__, "AioDialect")
