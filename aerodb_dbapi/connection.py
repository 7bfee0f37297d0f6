"""`Connection`: a session on a database behind the surface of `sqlite3.Connection`.

Transaction control
    Legacy (the default, as in `sqlite3`): `isolation_level` is '', 'DEFERRED', 'IMMEDIATE' or 'EXCLUSIVE' and a transaction
    begins by itself before INSERT, UPDATE, DELETE and REPLACE; None leaves everything to explicit BEGIN. With `autocommit=False`
    (PEP 249 as Python 3.12 reads it) a transaction is always open; with `autocommit=True` none begins by itself.

Isolation
    Serializable. A commit that cannot be serialized raises `SerializationError` and the transaction is rolled back; a single
    statement outside a transaction is run again by itself and never fails so (docs/MVCC_VISIBILITY.md).

Errors
    Only `Error` subclasses leave the module, and the TypeError, ValueError and OverflowError that `sqlite3` raises (INV-F1).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from threading import get_ident
from types import TracebackType
from typing import Any, Literal

from aerodb_dbapi import readview
from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.executor.session import Session
from aerodb_dbapi.executor.statement import Prepared
from aerodb_dbapi.planner.front import split_script
from aerodb_dbapi.storage import errors
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import ProgrammingError

LEGACY_TRANSACTION_CONTROL = -1
_LEVELS = ("", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")


class Connection:
    """One connection. Arguments as for `connect`. Usable from one thread, unless `check_same_thread` is False."""

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    SerializationError = errors.SerializationError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    _session: Session | None = None

    def __init__(
        self,
        database: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        timeout: float = 5.0,
        detect_types: int = 0,
        isolation_level: str | None = "",
        check_same_thread: bool = True,
        cached_statements: int = 128,
        uri: bool = False,
        *,
        autocommit: bool | int = LEGACY_TRANSACTION_CONTROL,
    ) -> None:
        if uri:
            raise errors.NotSupportedError("URI file names are not supported yet: uri=True")
        path = os.fsdecode(database)
        self._thread = get_ident()
        self._check_same_thread = bool(check_same_thread)
        self._detect_types = int(detect_types)
        self._text_factory: Any = str
        self.row_factory: Callable[[Cursor, tuple[Any, ...]], Any] | None = None
        self._isolation_level: str | None = None
        self._set_isolation_level(isolation_level)
        self._autocommit = _checked_autocommit(autocommit)
        store = Database.memory() if path in (":memory:", "") else Database.open(path, timeout=timeout)
        self._session = Session(store, FunctionRegistry(), timeout=timeout)
        self._session.thread = self._thread
        self._session.set_plain(not self._detect_types)
        self._note_control()
        if self._autocommit is False:
            self._session.begin("DEFERRED")

    # --- State ---

    def _open_session(self) -> Session:
        """The session, or ProgrammingError if the connection is closed."""
        session = self._session
        if session is None:
            if "_thread" not in self.__dict__:
                raise ProgrammingError("Base Connection.__init__ not called.")
            raise ProgrammingError("Cannot operate on a closed database.")
        return session

    def _check_thread(self) -> None:
        """Raise ProgrammingError in a thread that may not use this connection."""
        if "_thread" not in self.__dict__:
            raise ProgrammingError("Base Connection.__init__ not called.")
        if self._check_same_thread and self._thread != get_ident():
            raise ProgrammingError(
                "SQLite objects created in a thread can only be used in that same thread. "
                f"The object was created in thread id {self._thread} and this is thread id {get_ident()}."
            )

    def _ready(self) -> Session:
        """Thread check, then the open session."""
        self._check_thread()
        return self._open_session()

    @property
    def in_transaction(self) -> bool:
        """True while a transaction is open."""
        return self._ready().transaction is not None

    @property
    def total_changes(self) -> int:
        """Rows inserted, updated and deleted since the connection was opened."""
        return self._ready().total_changes

    @property
    def isolation_level(self) -> str | None:
        """'' , 'DEFERRED', 'IMMEDIATE', 'EXCLUSIVE', or None for no implicit transactions."""
        self._ready()
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        session = self._ready()
        self._set_isolation_level(level)
        self._note_control()
        if level is None and session.transaction is not None:
            session.commit()

    def _set_isolation_level(self, level: str | None) -> None:
        if level is not None:
            if not isinstance(level, str):
                raise TypeError("isolation_level must be str or None")
            if level.upper() not in _LEVELS:
                raise ValueError("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'")
        self._isolation_level = level

    @property
    def autocommit(self) -> bool | int:
        """True, False, or LEGACY_TRANSACTION_CONTROL (see the module's text)."""
        self._ready()
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool | int) -> None:
        session = self._ready()
        value = _checked_autocommit(value)
        if value is True and session.transaction is not None:
            session.commit()
        if value is False and session.transaction is None:
            session.begin("DEFERRED")
        self._autocommit = value
        self._note_control()

    @property
    def text_factory(self) -> Any:
        """What TEXT becomes: str (default), bytes, bytearray, or a callable given the UTF-8 bytes."""
        return self._text_factory

    @text_factory.setter
    def text_factory(self, factory: Any) -> None:
        self._text_factory = factory
        self._ready().set_plain(factory is str and not self._detect_types)

    # --- Statements ---

    def cursor(self, factory: Callable[[Connection], Cursor] = Cursor) -> Cursor:
        """A new cursor; `factory(connection)` must give a `Cursor`."""
        session = self._session
        if session is None or session.thread != get_ident():
            self._ready()
        made = factory(self)
        if factory is not Cursor and not isinstance(made, Cursor):
            raise TypeError(f"factory must return a cursor, not {type(made).__name__}")
        if self.row_factory is not None:
            made.row_factory = self.row_factory
        return made

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """`cursor().execute(...)`; returns that cursor."""
        cursor = Cursor(self)
        if self.row_factory is not None:
            cursor._row_factory = self.row_factory
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """`cursor().executemany(...)`; returns that cursor."""
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> Cursor:
        """`cursor().executescript(...)`; returns that cursor."""
        return self.cursor().executescript(sql_script)

    def _prepare(self, sql: str) -> Prepared:
        if "\0" in sql:
            raise ProgrammingError("the query contains a null character")
        sql.encode()  # a lone surrogate is the caller's UnicodeEncodeError, as in sqlite3
        return self._open_session().prepare(sql)

    def _begin_implicitly(self) -> None:
        """Legacy control: open a transaction before DML."""
        session = self._open_session()
        level = self._isolation_level
        if session.transaction is None and self._autocommit == LEGACY_TRANSACTION_CONTROL and level is not None:
            session.begin(level.upper() or "DEFERRED")

    def _note_control(self) -> None:
        """Tell the session whether DML commits alone."""
        legacy = self._autocommit == LEGACY_TRANSACTION_CONTROL
        self._open_session().set_commits_alone(self._isolation_level is None if legacy else self._autocommit is True)

    def _run_script(self, script: str) -> None:
        session = self._open_session()
        if self._autocommit == LEGACY_TRANSACTION_CONTROL and session.transaction is not None:
            session.commit()
        for text in split_script(script):
            prepared = self._prepare(text)
            rows, _ = session.run(prepared, (None,) * prepared.n_parameters)
            if rows is not None:
                for _ in rows:
                    pass

    # --- Transactions ---

    def commit(self) -> None:
        """Commit the open transaction, durably. Does nothing when there is none (or with `autocommit=True`)."""
        session = self._ready()
        if self._autocommit is not True and session.transaction is not None:
            session.commit()
            if self._autocommit is False:
                session.begin("DEFERRED")

    def rollback(self) -> None:
        """Undo the open transaction. Does nothing when there is none (or with `autocommit=True`)."""
        session = self._ready()
        if self._autocommit is not True and session.transaction is not None:
            session.rollback()
            if self._autocommit is False:
                session.begin("DEFERRED")

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        """Commit when the block ended well, else roll back. The connection stays open."""
        if kind is None:
            try:
                self.commit()
            except BaseException:
                self.rollback()
                raise
        else:
            self.rollback()
        return False

    def close(self) -> None:
        """Close; an open transaction is rolled back. Closing again does nothing."""
        self._check_thread()
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __del__(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def interrupt(self) -> None:
        """Not supported yet: raises NotSupportedError."""
        raise errors.NotSupportedError("Connection.interrupt() is not supported yet")

    # --- Functions ---

    def create_function(
        self, name: str, narg: int, func: Callable[..., Any] | None, /, *, deterministic: bool = False
    ) -> None:
        """Register a SQL function of this connection (None removes it). `narg` -1 takes any number of arguments.

        It hides a built-in of that name. Raises ProgrammingError when `narg` is out of range.
        """
        session = self._ready()
        if not -1 <= narg <= 127:
            raise ProgrammingError("Error creating function")
        if func is not None and not callable(func):
            raise TypeError("parameter must be callable")
        session.register_scalar(name, narg, func, deterministic)

    def create_aggregate(self, name: str, n_arg: int, aggregate_class: Callable[[], Any] | None, /) -> None:
        """Register an aggregate: a class with `step(*values)` and `finalize()` (None removes it)."""
        session = self._ready()
        if not -1 <= n_arg <= 127:
            raise ProgrammingError("Error creating aggregate")
        session.register_aggregate(name, n_arg, aggregate_class)

    # --- Beyond sqlite3 ---

    def read_view(self, commit: int | None = None) -> readview.ReadView:
        """A consistent read-only view: of the latest commit, or as of an earlier commit id that is still held.

        Raises OperationalError when that commit is not held (any more).
        """
        return readview.ReadView(self, self._ready().database.read_view(commit))

    @property
    def commit_id(self) -> int:
        """The id of the latest commit that this connection would read now."""
        return self._ready().database.root.commit_id


def _checked_autocommit(value: bool | int) -> bool | int:
    if value is True or value is False or value == LEGACY_TRANSACTION_CONTROL:
        return value
    raise ValueError("autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL")


def connect(
    database: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    timeout: float = 5.0,
    detect_types: int = 0,
    isolation_level: str | None = "",
    check_same_thread: bool = True,
    factory: Callable[..., Connection] | None = None,
    cached_statements: int = 128,
    uri: bool = False,
    *,
    autocommit: bool | int = LEGACY_TRANSACTION_CONTROL,
) -> Connection:
    """Open a database file (made if missing; ':memory:' for one in memory) and return a connection.

    `timeout`: seconds to wait for a lock. `detect_types`: PARSE_DECLTYPES | PARSE_COLNAMES. `isolation_level`, `autocommit`: see
    the module's text. `check_same_thread=False` lets any thread use the connection, one at a time. `factory` makes the connection.
    Raises OperationalError (cannot open, locked), DatabaseError (not a database), CorruptionError (damaged file).
    """
    return (factory or Connection)(
        database,
        timeout,
        detect_types,
        isolation_level,
        check_same_thread,
        cached_statements,
        uri,
        autocommit=autocommit,
    )
