"""`aerodb_dbapi.aio`: the driver for asyncio, in the shape of `aiosqlite`.

    async with connect("data.db") as db:
        await db.execute("INSERT INTO t VALUES (?)", (1,))
        await db.commit()
        async with db.execute("SELECT a FROM t") as cursor:
            async for row in cursor:
                ...

How it works
    A connection owns no thread. Each operation runs in a thread of `workers`, and operations of one connection run one after the
    other, in the order in which they were asked for (`FairLock`), also by tasks of several event loops. So a thousand idle connections
    cost no thread, and connections that wait for another one's transaction do not keep its COMMIT waiting for a thread.

Cancellation
    When a task that waits for an operation is cancelled, the operation is left out if it has not begun, else its statement is
    interrupted: it is undone, and the task ends when it has come to a halt. `asyncio.timeout` therefore bounds a statement. A task
    that waits for further commits (`Connection.changes`) holds no thread meanwhile; cancelling it ends the iteration.

`execute` and its kind give a coroutine that can be awaited (a cursor) or entered with ``async with`` (a cursor that is closed at the end).
Rows are fetched by `iter_chunk_size` at a time when a cursor is iterated.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from aerodb_dbapi import connection as driver
from aerodb_dbapi import cursor as driver_cursor
from aerodb_dbapi import readview, workers
from aerodb_dbapi.adapters import register_adapter, register_converter
from aerodb_dbapi.executor.functions.registry import SQLITE_VERSION as sqlite_version
from aerodb_dbapi.fairlock import FairLock
from aerodb_dbapi.feed import CommitChanges
from aerodb_dbapi.row import Row
from aerodb_dbapi.storage import feed
from aerodb_dbapi.storage.errors import (
    BudgetError,
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

__all__ = [
    "BudgetError", "Connection", "Cursor", "DataError", "DatabaseError", "Error", "IntegrityError", "InterfaceError", "InternalError",
    "NoSuchModuleError", "NotSupportedError", "OperationalError", "ProgrammingError", "ReadView", "Row", "SerializationError", "Warning",
    "connect", "paramstyle", "register_adapter", "register_converter", "sqlite_version", "sqlite_version_info",
]  # fmt: skip

paramstyle = "qmark"
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
ITER_CHUNK_SIZE = 64
_PAUSE = 0.02  # seconds between two interruptions of an operation that has not noticed yet
_FEED_PAUSE_LONGEST = 0.05  # seconds between two looks for further commits

Value = TypeVar("Value")
Made = TypeVar("Made", covariant=True)


class Result(Coroutine[Any, Any, Made]):
    """A coroutine that gives a connection's cursor, view or rows. Await it, make a task of it, or enter it with ``async with``, which
    closes a cursor or view in the end."""

    __slots__ = ("_made", "_making")

    def __init__(self, making: Coroutine[Any, Any, Made]) -> None:
        self._making = making
        self._made: Made | None = None

    def __await__(self) -> Generator[Any, None, Made]:
        return self._making.__await__()

    def send(self, value: Any, /) -> Any:
        """As a coroutine does it."""
        return self._making.send(value)

    def throw(self, *error: Any) -> Any:
        """As a coroutine does it."""
        return self._making.throw(*error)

    def close(self) -> None:
        """As a coroutine does it: nothing will be made."""
        self._making.close()

    async def __aenter__(self) -> Made:
        self._made = await self._making
        return self._made

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._made, Cursor | ReadView):
            await self._made.close()


class _Job(Generic[Value]):
    """One operation on its way to a thread."""

    __slots__ = ("abandoned", "work")

    def __init__(self, work: Callable[[], Value]) -> None:
        self.work = work
        self.abandoned = False

    def run(self) -> Value | None:
        return None if self.abandoned else self.work()


def _given(parameters: Any) -> Any:
    """None stands for no parameters, as in aiosqlite."""
    return () if parameters is None else parameters


class Connection:
    """A connection for the tasks of event loops. Made by `connect`.

    Operations run one after the other, in the order in which they were asked for, each in a thread for as long as it runs. Cancelling the
    task that waits for one interrupts it: its statement is undone. Every method raises ValueError when the connection is not open,
    else what the method of `aerodb_dbapi.Connection` raises.
    """

    def __init__(self, opening: Callable[[], driver.Connection], iter_chunk_size: int = ITER_CHUNK_SIZE) -> None:
        self._opening: Callable[[], driver.Connection] | None = opening
        self._opened: driver.Connection | None = None
        self._chunk = iter_chunk_size
        self._turn = FairLock()

    @property
    def _connection(self) -> driver.Connection:
        if self._opened is None:
            raise ValueError("no active connection")
        return self._opened

    @property
    def _conn(self) -> driver.Connection:
        """The driver's connection under aiosqlite's name for it, which Tortoise uses."""
        return self._connection

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._open().__await__()

    async def _open(self) -> Connection:
        opening = self._opening
        if opening is not None:
            self._opening = None
            self._opened = await self._do(opening)
        return self

    async def __aenter__(self) -> Connection:
        return await self._open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- Running in a thread ---

    async def _do(self, work: Callable[[], Value]) -> Value:
        """Run `work` in a thread when it is this operation's turn."""
        async with self._turn:
            return await self._do_now(work)

    async def _do_now(self, work: Callable[[], Value]) -> Value:
        """Run `work` in a thread; the turn is ours."""
        job = _Job(work)
        running = asyncio.wrap_future(workers.submit(job.run))
        try:
            return cast(Value, await asyncio.shield(running))
        except asyncio.CancelledError:
            job.abandoned = True
            await self._halt(running)
            raise

    async def _halt(self, running: asyncio.Future[Any]) -> None:
        """Interrupt until the operation has ended, however often this task is cancelled meanwhile."""
        while not running.done():
            session = None if self._opened is None else self._opened._session
            if session is not None:
                session.interrupt()
            try:
                await asyncio.wait([running], timeout=_PAUSE)
            except asyncio.CancelledError:
                continue
        if not running.cancelled():
            running.exception()

    async def _cursor(self, work: Callable[[driver.Connection], driver_cursor.Cursor]) -> Cursor:
        connection = self._connection
        return Cursor(self, await self._do(lambda: work(connection)))

    async def _with(self, work: Callable[[driver.Connection], Value]) -> Value:
        connection = self._connection
        return await self._do(lambda: work(connection))

    # --- Statements ---

    def cursor(self) -> Result[Cursor]:
        """A new cursor."""
        return Result(self._cursor(lambda connection: connection.cursor()))

    def execute(self, sql: str, parameters: Any = None) -> Result[Cursor]:
        """Run one statement; a cursor with its rows."""
        return Result(self._cursor(lambda connection: connection.execute(sql, _given(parameters))))

    def executemany(self, sql: str, parameters: Iterable[Any]) -> Result[Cursor]:
        """Run a DML statement for each item of `parameters`."""
        return Result(self._cursor(lambda connection: connection.executemany(sql, parameters)))

    def executescript(self, sql_script: str) -> Result[Cursor]:
        """Run every statement of a script."""
        return Result(self._cursor(lambda connection: connection.executescript(sql_script)))

    def execute_insert(self, sql: str, parameters: Any = None) -> Result[tuple[int] | None]:
        """Run an INSERT; the rowid of the last row inserted, as a row of one column."""

        def insert(connection: driver.Connection) -> Any:
            connection.execute(sql, _given(parameters))
            return connection.execute("SELECT last_insert_rowid()").fetchone()

        return Result(self._with(insert))

    def execute_fetchall(self, sql: str, parameters: Any = None) -> Result[list[Any]]:
        """Run a statement; all its rows."""
        return Result(self._with(lambda connection: connection.execute(sql, _given(parameters)).fetchall()))

    # --- Transactions and the end ---

    async def commit(self) -> None:
        """Commit the open transaction."""
        await self._do(self._connection.commit)

    async def rollback(self) -> None:
        """Undo the open transaction."""
        await self._do(self._connection.rollback)

    async def close(self) -> None:
        """Close; an open transaction is rolled back. Closing again does nothing."""
        opened = self._opened
        if opened is not None:
            await self._do(opened.close)
            self._opened = None

    def stop(self) -> asyncio.Future[None] | None:
        """`close` without a task of its own; a future where an event loop runs. aiosqlite's: prefer `close`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            opened, self._opened = self._opened, None
            if opened is not None:
                opened.close()
            return None
        return loop.create_task(self.close())

    def __del__(self, warn: Callable[..., None] = warnings.warn) -> None:
        if getattr(self, "_opened", None) is not None:
            warn(f"{self!r} was deleted before being closed: use 'async with' or close()", ResourceWarning, source=self)

    async def interrupt(self) -> None:
        """Make the statement that runs fail with "interrupted"."""
        self._connection.interrupt()

    # --- Attributes ---

    @property
    def in_transaction(self) -> bool:
        """True while a transaction is open."""
        return self._connection.in_transaction

    @property
    def isolation_level(self) -> str | None:
        """'', 'DEFERRED', 'IMMEDIATE', 'EXCLUSIVE', or None for no implicit transactions."""
        return self._connection.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        self._connection.isolation_level = level

    @property
    def row_factory(self) -> Callable[..., Any] | None:
        """What makes the rows of cursors to come; None for tuples."""
        return self._connection.row_factory

    @row_factory.setter
    def row_factory(self, factory: Callable[..., Any] | None) -> None:
        self._connection.row_factory = factory

    @property
    def text_factory(self) -> Any:
        """What TEXT becomes."""
        return self._connection.text_factory

    @text_factory.setter
    def text_factory(self, factory: Any) -> None:
        self._connection.text_factory = factory

    @property
    def total_changes(self) -> int:
        """Rows changed since the connection was opened."""
        return self._connection.total_changes

    # --- Callbacks, the database as a whole ---

    async def create_function(
        self, name: str, num_params: int, func: Callable[..., Any] | None, deterministic: bool = False
    ) -> None:
        """Register a SQL function; it is called in a thread."""
        connection = self._connection
        await self._do(lambda: connection.create_function(name, num_params, func, deterministic=deterministic))

    async def create_aggregate(self, name: str, num_params: int, aggregate_class: Callable[[], Any] | None) -> None:
        """Register an aggregate."""
        connection = self._connection
        await self._do(lambda: connection.create_aggregate(name, num_params, aggregate_class))

    async def create_collation(self, name: str, collation: Callable[[str, str], int] | None) -> None:
        """Register a collation."""
        connection = self._connection
        await self._do(lambda: connection.create_collation(name, collation))

    async def set_progress_handler(self, handler: Callable[[], Any] | None, n: int) -> None:
        """Call `handler` while statements run."""
        connection = self._connection
        await self._do(lambda: connection.set_progress_handler(handler, n))

    async def set_trace_callback(self, handler: Callable[[str], Any] | None) -> None:
        """Call `handler` with the text of each statement."""
        connection = self._connection
        await self._do(lambda: connection.set_trace_callback(handler))

    async def set_authorizer(self, authorizer_callback: Callable[..., Any] | None) -> None:
        """Ask the callback about everything that statements would do."""
        connection = self._connection
        await self._do(lambda: connection.set_authorizer(authorizer_callback))

    async def enable_load_extension(self, value: bool) -> None:
        """Allow `load_extension`, or not. See `Connection.enable_load_extension`."""
        self._connection.enable_load_extension(value)

    async def load_extension(self, path: str) -> None:
        """Extensions are libraries in C: raises NoSuchModuleError, or OperationalError if it is not enabled."""
        self._connection.load_extension(path)

    async def iterdump(self) -> AsyncIterator[str]:
        """The database as SQL statements."""
        connection = self._connection
        lines = await self._do(connection.iterdump)
        while part := await self._do(lambda: list(islice(lines, self._chunk))):
            for line in part:
                yield line

    async def serialize(self) -> bytes:
        """The database as the bytes of a file."""
        return await self._do(self._connection.serialize)

    async def backup(
        self,
        target: Connection | driver.Connection,
        *,
        pages: int = -1,
        progress: Callable[[int, int, int], None] | None = None,
        name: str = "main",
        sleep: float = 0.25,
    ) -> None:
        """Make the content of `target` that of this database. The target's operations wait meanwhile."""
        connection = self._connection
        options: dict[str, Any] = {"pages": pages, "progress": progress, "name": name, "sleep": sleep}
        other = target._connection if isinstance(target, Connection) else target
        if not isinstance(target, Connection) or target is self:
            return await self._do(lambda: connection.backup(other, **options))
        first, second = sorted(
            (self, target), key=id
        )  # one order for all, so that copies both ways do not wait for each other
        async with first._turn, second._turn:
            await self._do_now(lambda: connection.backup(other, **options))

    # --- Beyond sqlite3 ---

    async def run(self, function: Callable[[driver.Connection], Value], **options: Any) -> Value:
        """What `aerodb_dbapi.Connection.run` does: `function`, a plain one, is called in a thread, with the driver's connection."""
        connection = self._connection
        return await self._do(lambda: connection.run(function, **options))

    def read_view(self, commit: int | None = None) -> Result[ReadView]:
        """A consistent read-only view: of the latest commit, or of an earlier one that is still held."""
        return Result(self._view(commit))

    async def _view(self, commit: int | None) -> ReadView:
        connection = self._connection
        return ReadView(self, await self._do(lambda: connection.read_view(commit)))

    @property
    def commit_id(self) -> int:
        """The id of the latest commit."""
        return self._connection.commit_id

    async def fork(self, **options: Any) -> Connection:
        """A connection to a new database in memory that begins as this one's latest commit."""
        connection = self._connection
        made = Connection(lambda: connection.fork(check_same_thread=False, **options), self._chunk)
        opening, made._opening = made._opening, None
        assert opening is not None
        made._opened = await self._do(opening)
        return made

    def changes(
        self, since: int | None = None, *, consumer: str | None = None, wait: bool = False, timeout: float | None = None
    ) -> AsyncIterator[CommitChanges]:
        """What `aerodb_dbapi.Connection.changes` gives, to be iterated by ``async for``. With `wait` it goes on with commits as they
        are published, until none came for `timeout` seconds, the task is cancelled, or the connection is closed."""
        return self._commits(self._connection._reading(since, consumer), wait, timeout)

    async def _commits(self, reading: feed.Feed, wait: bool, timeout: float | None) -> AsyncIterator[CommitChanges]:
        connection, loop = self._connection, asyncio.get_running_loop()
        commits, quiet, pause = reading.commits(), loop.time(), feed.PAUSE_FIRST

        def following() -> list[feed.Commit]:
            return list(islice(commits, self._chunk))

        while self._opened is connection:
            part = await self._do(following)
            for commit in part:
                yield CommitChanges(commit)
            if part:
                quiet, pause = loop.time(), feed.PAUSE_FIRST
            elif not wait or (timeout is not None and loop.time() - quiet >= timeout):
                return
            else:
                await asyncio.sleep(pause)
                commits, pause = reading.commits(), min(2 * pause, _FEED_PAUSE_LONGEST)

    async def apply(self, commit: CommitChanges) -> None:
        """Make a commit that another database's `changes` gave, which must be the next one here."""
        connection = self._connection
        await self._do(lambda: connection.apply(commit))

    async def register_consumer(self, name: str, since: int | None = None) -> int:
        """Have the database keep what a consumer of `changes` still needs; the commit behind which it begins."""
        connection = self._connection
        return await self._do(lambda: connection.register_consumer(name, since))

    async def acknowledge(self, name: str, commit_id: int) -> None:
        """A consumer needs nothing any more up to that commit."""
        connection = self._connection
        await self._do(lambda: connection.acknowledge(name, commit_id))

    async def drop_consumer(self, name: str) -> None:
        """Keep nothing for a consumer any more."""
        connection = self._connection
        await self._do(lambda: connection.drop_consumer(name))

    async def set_budget(self, **limits: Any) -> None:
        """What each statement may use: `timeout`, `rows`, `memory`, as `aerodb_dbapi.Connection.set_budget`."""
        connection = self._connection
        await self._do(lambda: connection.set_budget(**limits))

    async def set_slow_log(self, seconds: float | None, **options: Any) -> None:
        """Log statements that take the engine at least `seconds`."""
        connection = self._connection
        await self._do(lambda: connection.set_slow_log(seconds, **options))

    async def register(self, name: str, source: Any, *, columns: Sequence[str] | None = None) -> None:
        """Make an Arrow table, a DataFrame or rows a table of this connection."""
        connection = self._connection
        await self._do(lambda: connection.register(name, source, columns=columns))

    async def unregister(self, name: str) -> None:
        """Forget a registered table."""
        connection = self._connection
        await self._do(lambda: connection.unregister(name))


class ReadView:
    """A state of the database, for reading. Made by `Connection.read_view`; close it, or enter it with ``async with``."""

    def __init__(self, connection: Connection, view: readview.ReadView) -> None:
        self._owner = connection
        self._view = view
        self.commit_id = view.commit_id

    def execute(self, sql: str, parameters: Any = None) -> Result[Cursor]:
        """Run a SELECT on this state; a cursor with its rows."""
        return Result(self._owner._cursor(lambda _: self._view.execute(sql, _given(parameters))))

    async def digest(self) -> str:
        """A hash over the logical content."""
        return await self._owner._do(self._view.digest)

    async def close(self) -> None:
        """Let the view go. Closing again does nothing."""
        await self._owner._do(self._view.close)

    async def __aenter__(self) -> ReadView:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Cursor:
    """A cursor; an asynchronous iterator over its rows."""

    def __init__(self, connection: Connection, cursor: driver_cursor.Cursor) -> None:
        self._owner = connection
        self._cursor = cursor
        self.iter_chunk_size = connection._chunk

    async def _do(self, work: Callable[[], Value]) -> Value:
        if self._owner._opened is None:
            raise ValueError("Connection closed")
        return await self._owner._do(work)

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._rows()

    async def _rows(self) -> AsyncIterator[Any]:
        while part := await self.fetchmany(self.iter_chunk_size):
            for row in part:
                yield row

    async def execute(self, sql: str, parameters: Any = None) -> Cursor:
        """Run one statement."""
        await self._do(lambda: self._cursor.execute(sql, _given(parameters)))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> Cursor:
        """Run a DML statement for each item of `parameters`."""
        await self._do(lambda: self._cursor.executemany(sql, parameters))
        return self

    async def executescript(self, sql_script: str) -> Cursor:
        """Run every statement of a script."""
        await self._do(lambda: self._cursor.executescript(sql_script))
        return self

    async def fetchone(self) -> Any:
        """The next row, or None."""
        return await self._do(self._cursor.fetchone)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next `size` rows (default `arraysize`)."""
        count = self._cursor.arraysize if size is None else size
        return await self._do(lambda: self._cursor.fetchmany(count))

    async def fetchall(self) -> list[Any]:
        """All remaining rows."""
        return await self._do(self._cursor.fetchall)

    async def fetch_arrow_table(self, **options: Any) -> Any:
        """The remaining rows as a `pyarrow.Table`."""
        return await self._do(lambda: self._cursor.fetch_arrow_table(**options))

    async def fetch_df(self) -> Any:
        """The remaining rows as a `pandas.DataFrame`."""
        return await self._do(self._cursor.fetch_df)

    async def close(self) -> None:
        """Close the cursor."""
        await self._owner._do(self._cursor.close)

    @property
    def connection(self) -> Connection:
        """The connection that made it."""
        return self._owner

    @property
    def rowcount(self) -> int:
        """Rows changed by the last DML statement."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The rowid of the last row inserted."""
        return self._cursor.lastrowid

    @property
    def description(self) -> Any:
        """What `aerodb_dbapi.Cursor.description` is."""
        return self._cursor.description

    @property
    def arraysize(self) -> int:
        """How many rows `fetchmany` fetches by default."""
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, size: int) -> None:
        self._cursor.arraysize = size

    @property
    def row_factory(self) -> Callable[..., Any] | None:
        """What makes this cursor's rows."""
        return self._cursor.row_factory

    @row_factory.setter
    def row_factory(self, factory: Callable[..., Any] | None) -> None:
        self._cursor.row_factory = factory


def connect(
    database: Any, *, iter_chunk_size: int = ITER_CHUNK_SIZE, loop: object = None, **options: Any
) -> Connection:
    """A connection: await it, or enter it with ``async with``, which closes it in the end.

    `iter_chunk_size` rows are fetched at a time where a cursor is iterated. The other options are those of `aerodb_dbapi.connect`,
    and so are the errors; they are raised where the connection is awaited or entered. `loop` means nothing any more, as in aiosqlite.
    """
    if loop is not None:
        warnings.warn("aio.connect() does not use the `loop` parameter", DeprecationWarning, stacklevel=2)
    if not isinstance(database, str | bytes | os.PathLike):
        database = str(database)
    options["check_same_thread"] = False
    return Connection(lambda: driver.connect(database, **options), iter_chunk_size)
