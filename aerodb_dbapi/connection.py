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
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from inspect import Parameter, Signature, signature
from operator import index
from threading import get_ident
from types import TracebackType
from typing import Any, Literal, TypeVar

from aerodb_dbapi import constants, hooks, readview, retry
from aerodb_dbapi.compatibility import CONNECT_DEPRECATED, PYTHON, keywords_deprecated, positional_deprecated
from aerodb_dbapi.cursor import NO_ROWS, Cursor
from aerodb_dbapi.executor import pragma_store
from aerodb_dbapi.executor.alike import run_alike, takes_runs
from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.executor.session import Session
from aerodb_dbapi.executor.statement import Prepared
from aerodb_dbapi.feed import Feeding
from aerodb_dbapi.limits import Limits
from aerodb_dbapi.opening import database_at
from aerodb_dbapi.parameters import type_name
from aerodb_dbapi.planner.front import parts_of_script, split_script
from aerodb_dbapi.planner.lexer import first_word
from aerodb_dbapi.storage import errors
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import ProgrammingError
from aerodb_dbapi.surface import FUNCTION_NAME_MAX, Surface
from aerodb_dbapi.turns import Turns, in_turn
from aerodb_dbapi.uri import Location, locate

LEGACY_TRANSACTION_CONTROL = -1
Made = TypeVar("Made")
_LEVELS = ("", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")
_PARAMETERS = (
    "database", "timeout", "detect_types", "isolation_level", "check_same_thread", "factory", "cached_statements", "uri", "autocommit",
    "foreign_keys", "cache_size",
)  # fmt: skip

_blank = object.__new__


class Connection(Surface, Feeding):
    """One connection to a database: transactions, statements, callbacks. Made by `connect`, with the same arguments.

    As a context manager it is a transaction: committed at the end of the block, rolled back if the block raises. It stays open.
    It may be used from one thread, unless `check_same_thread` is False.

    Every method raises ProgrammingError on a closed connection or in a wrong thread; attributes may be read in any. The
    exceptions of the module are attributes too (`connection.IntegrityError`).

    Attributes:
        row_factory: `row_factory(cursor, row)` makes the rows of cursors to come, as `Row` does; None gives tuples.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    SerializationError = errors.SerializationError
    BudgetError = errors.BudgetError
    NoSuchModuleError = errors.NoSuchModuleError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    _thread: int
    _session: Session | None = None
    _turns: Turns | None = None  # if threads may share the connection
    row_factory: Callable[[Cursor, tuple[Any, ...]], Any] | None = None

    @positional_deprecated
    def __init__(
        self,
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
        foreign_keys: bool = False,
        cache_size: int | None = None,
    ) -> None:
        path = os.fsdecode(database)
        if "\0" in path:
            raise ValueError("embedded null byte")
        timeout, _ = _number(timeout), index(cached_statements)
        size = 0 if cache_size is None else index(cache_size)
        if "_thread" in self.__dict__:  # __init__ once more: another database
            del self._thread
            before, self._session = self._session, None
            if before is not None:
                before.close()
        self._check_same_thread = bool(check_same_thread)
        self._detect_types = index(detect_types)
        self._text_factory: Any = str
        self._trace, self._tells = None, False
        self._limits = Limits()
        self._config = {}
        self.row_factory = None
        self._isolation_level = _checked_level(isolation_level)
        self._autocommit = _checked_autocommit(autocommit)
        session = self._session = _open(locate(path, uri), timeout, uri)
        session.thread = self._thread = get_ident()
        session.holder.thread = self._thread if self._check_same_thread else None
        if foreign_keys:
            session.set_foreign_keys(True)
        if cache_size is not None:
            pragma_store.cache_size(session, size)
        self._set_plain()
        self._note_control()
        if self._autocommit is False:
            session.begin("DEFERRED")
        self._turns = None if self._check_same_thread else Turns(session)

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
        """True while a transaction is open, explicit or implicit."""
        return self._open_session().transaction is not None

    @property
    def total_changes(self) -> int:
        """Rows inserted, updated and deleted since the connection was opened."""
        return self._open_session().total_changes

    @property
    def isolation_level(self) -> str | None:
        """How an implicit transaction begins: '', 'DEFERRED', 'IMMEDIATE', 'EXCLUSIVE'; None: there are none.

        Setting None commits the open transaction. Raises ValueError for another text.
        """
        self._open_session()
        return self._isolation_level

    @isolation_level.setter
    @in_turn
    def isolation_level(self, level: str | None) -> None:
        self._ready()
        self._isolation_level = _checked_level(level)
        self._note_control()
        if level is None:
            self.commit()

    @property
    def autocommit(self) -> bool | int:
        """False: a transaction is always open. True: none begins by itself. LEGACY_TRANSACTION_CONTROL: as `isolation_level` says.

        Setting True commits, setting False begins.
        """
        self._ready()
        return self._autocommit

    @autocommit.setter
    @in_turn
    def autocommit(self, value: bool | int) -> None:
        session = self._ready()
        value = _checked_autocommit(value)
        if value is True and session.transaction is not None:
            self._commit(session)
        if value is False and session.transaction is None:
            self._begin(session)
        self._autocommit = value
        self._note_control()

    @property
    def text_factory(self) -> Any:
        """What TEXT becomes: str (default), bytes, bytearray, or a callable given the UTF-8 bytes."""
        return self._text_factory

    @text_factory.setter
    def text_factory(self, factory: Any) -> None:
        self._text_factory = factory
        if self._session is not None:
            self._set_plain()

    @property
    def _is_unwatched(self) -> bool:
        return self._trace is None and self._slow is None and not self._checks_length

    def _set_plain(self) -> None:
        """The hit path is for rows as the engine makes them, and statements that nobody watches."""
        self._open_session().set_plain(self._text_factory is str and not self._detect_types and self._is_unwatched)

    # --- Statements ---

    def cursor(self, factory: Callable[[Connection], Cursor] = Cursor) -> Cursor:
        """A new cursor; `factory(connection)` must give a `Cursor`, else TypeError."""
        session = self._session
        if session is None or session.thread != get_ident():
            self._ready()
        made = factory(self)
        if factory is not Cursor and not issubclass(type(made), Cursor):
            raise TypeError(f"factory must return a cursor, not {type(made).__name__}")
        if self.row_factory is not None:
            made.row_factory = self.row_factory
        return made

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run one statement with a new cursor, and return that cursor. See `Cursor.execute`."""
        # Not `Cursor(self)`: `type.__call__` and `Cursor.__init__`, of which this is the content, take half as long as finding a row.
        cursor = _blank(Cursor)
        session = self._session
        cursor._connection = self
        cursor._session = self._open_session() if session is None else session
        cursor._rows = NO_ROWS
        cursor._compiled = cursor._make = cursor._lastrowid = None
        cursor._row_factory = self.row_factory
        cursor._rowcount = cursor._returned = -1
        cursor._arraysize = 1
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """Run a DML statement for each item of `parameters` with a new cursor, and return it. See `Cursor.executemany`."""
        return Connection.cursor(self).executemany(sql, parameters)  # not a cursor of a subclass, as in sqlite3

    def executescript(self, sql_script: str, /) -> Cursor:
        """Run every statement of a script with a new cursor, and return it. See `Cursor.executescript`."""
        return Connection.cursor(self).executescript(sql_script)

    def __call__(self, *arguments: Any) -> Statement:
        """The compiled form of a statement."""
        self._ready()
        if len(arguments) != 1:
            raise TypeError(f"expected 1 argument, got {len(arguments)}")
        if not isinstance(arguments[0], str):
            raise TypeError(f"argument 1 must be str, not {type(arguments[0]).__name__}")
        return Statement._of(self._prepare(arguments[0]).text)

    def _prepare(self, sql: str) -> Prepared:
        session = self._open_session()
        if session.watch:
            session.start()
        if "\0" in sql:
            raise ProgrammingError("the query contains a null character")
        if session.limits is not None:
            self._check_text(sql)
        sql.encode()  # a lone surrogate is the caller's UnicodeEncodeError, as in sqlite3
        return session.prepare(sql)

    def _run(self, session: Session, prepared: Prepared, values: tuple[Any, ...]) -> tuple[Any, int]:
        """Run a statement in general: rows or None, and the number of rows changed."""
        return session.run(prepared, values) if self._slow is None else self._slow.run(session, prepared, values)

    def _note(self, prepared: Prepared, values: tuple[Any, ...]) -> None:
        """Tell the trace callback of a statement that is about to run."""
        if self._trace is not None and prepared.compiled.kind != "empty":
            slots = prepared.compiled.parameters[: prepared.n_parameters]
            hooks.trace(self._trace, prepared.text, slots, values, self._limits.get(constants.SQLITE_LIMIT_LENGTH))

    def _tell(self, text: str) -> None:
        """Tell the trace callback of a statement of the driver's own, and ask the authorizer."""
        if self._tells:
            if self._session is not None:  # it is None in `close`
                self._prepare(text)
            if self._trace is not None:
                hooks.trace(self._trace, text, (), (), len(text))

    def _begin(self, session: Session, level: str | None = None) -> None:
        """Begin a transaction of a legacy isolation level, or without one."""
        self._tell("BEGIN" if level is None else f"BEGIN {level}")
        session.begin(level or "DEFERRED")

    def _commit(self, session: Session) -> None:
        self._tell("COMMIT")
        if self._slow is None:
            session.commit()
        else:
            self._slow.timed("COMMIT", session.commit)

    def _rollback(self, session: Session) -> None:
        self._tell("ROLLBACK")
        session.rollback()

    def _begin_implicitly(self, sql: str) -> None:
        """Legacy control: open a transaction before DML. One that begins with WITH commits by itself, as in `sqlite3`."""
        session = self._open_session()
        level = self._isolation_level
        legacy = self._autocommit == LEGACY_TRANSACTION_CONTROL and level is not None
        if session.transaction is None and legacy and first_word(sql) != "WITH":
            self._begin(session, level)

    def _note_control(self) -> None:
        """Tell the session whether DML commits alone."""
        legacy = self._autocommit == LEGACY_TRANSACTION_CONTROL
        self._open_session().set_commits_alone(self._isolation_level is None if legacy else self._autocommit is True)

    def _run_script(self, script: str) -> None:
        session = self._open_session()
        self._check_text(script)
        script.encode()
        if self._autocommit == LEGACY_TRANSACTION_CONTROL and session.transaction is not None:
            self._commit(session)
        for part in parts_of_script(script, lambda: self._is_unwatched and takes_runs(session)):
            if isinstance(part, str):
                self._run_whole(session, part)
            elif not run_alike(session, part.sql, part.rows):
                for text in split_script(part.text):
                    self._run_whole(session, text)

    def _run_whole(self, session: Session, text: str) -> None:
        """Run a statement of a script to its end."""
        prepared = self._prepare(text)
        values = (None,) * prepared.n_parameters
        self._note(prepared, values)
        rows, _ = self._run(session, prepared, values)
        if rows is not None:
            for _ in rows:
                pass

    # --- Transactions ---

    @in_turn
    def commit(self) -> None:
        """Commit the open transaction, durably. Does nothing when there is none (or with `autocommit=True`). With `autocommit=False` there
        is always one, unless COMMIT or ROLLBACK as a statement has ended it: that is an OperationalError.

        Raises SerializationError if a later commit is in the way, IntegrityError if a deferred foreign key is violated,
        OperationalError if the log cannot be written, or another connection holds the database longer than `timeout`.
        """
        session = self._ready()
        if self._autocommit is not True and (session.transaction is not None or self._autocommit is False):
            try:
                self._commit(session)
            finally:
                self._begin_anew()

    @in_turn
    def rollback(self) -> None:
        """Undo the open transaction. Does nothing when there is none (or with `autocommit=True`)."""
        session = self._ready()
        if self._autocommit is not True and (session.transaction is not None or self._autocommit is False):
            self._rollback(session)
            if self._autocommit is False:
                self._begin(session)

    def _begin_anew(self) -> None:
        """With `autocommit=False`: a transaction has ended, well or not, and the next one is open."""
        session = self._open_session()
        if self._autocommit is False and session.transaction is None:
            self._begin(session)

    def run(
        self,
        function: Callable[[Connection], Made],
        *,
        retries: int = 10,
        pause: float = 0.001,
        pause_max: float = 0.1,
    ) -> Made:
        """Call ``function(connection)`` in a transaction, commit it, and return what it returned; again, up to `retries` times, if that
        raised SerializationError. Before another attempt `pause` seconds pass, doubled each time, at most `pause_max`. The last
        attempt begins IMMEDIATE and so cannot fail in this way.

        Raises ProgrammingError when a transaction is open already.
        """
        return retry.run(self, function, retries, pause, pause_max)

    def __enter__(self) -> Connection:
        self._ready()
        return self

    @in_turn
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

    @in_turn
    def close(self) -> None:
        """Close; an open transaction is rolled back. Closing again does nothing."""
        self._check_thread()
        session, self._session = self._session, None
        if session is not None:
            if self._autocommit is False and session.transaction is not None:
                self._rollback(session)
            session.close()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__qualname__}' object")

    def __del__(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            if PYTHON >= (3, 13):
                warnings.warn(f"unclosed database in {self!r}", ResourceWarning, stacklevel=2, source=self)
            with suppress(
                errors.Error, OSError
            ):  # nobody is there to be told, of files that are gone by now for example
                session.close()

    def interrupt(self) -> None:
        """Make the statement that runs fail with "interrupted". May be called from any thread; without one it does nothing."""
        self._open_session().interrupt()

    # --- Functions ---

    @in_turn
    @keywords_deprecated("create_function", "name", "narg", "func")
    def create_function(
        self, name: str, narg: int, func: Callable[..., Any] | None, *, deterministic: bool = False
    ) -> None:
        """Register a SQL function of this connection: `func(*values)` gives the result. None for `func` removes it.

        `narg` is the number of arguments, 0 to 127; -1: any. A `deterministic` one may stand in indexes and generated columns.
        It hides a built-in of that name. An exception in it fails the statement with OperationalError.
        Raises OperationalError when `narg` is out of range or the name has more than 255 bytes.
        """
        session = self._ready()
        _check_name("create_function", name)
        if not -1 <= index(narg) <= 127 or len(name.encode()) > FUNCTION_NAME_MAX:
            raise errors.OperationalError("Error creating function")
        if func is not None and not callable(func):
            raise TypeError("parameter must be callable")
        session.register_scalar(name, narg, func, deterministic)

    @in_turn
    @keywords_deprecated("create_aggregate", "name", "n_arg", "aggregate_class")
    def create_aggregate(self, name: str, n_arg: int, aggregate_class: Callable[[], Any] | None) -> None:
        """Register an aggregate: a class with `step(*values)`, and `finalize()`, which gives the result. None removes it.

        `n_arg` is the number of arguments, -1 for any. Raises OperationalError when it is out of range or the name has more than 255
        bytes.
        """
        session = self._ready()
        _check_name("create_aggregate", name)
        if not -1 <= index(n_arg) <= 127 or len(name.encode()) > FUNCTION_NAME_MAX:
            raise errors.OperationalError("Error creating aggregate")
        session.register_aggregate(name, n_arg, aggregate_class)

    # --- Beyond sqlite3 ---

    @in_turn
    def read_view(self, commit: int | None = None) -> readview.ReadView:
        """A consistent read-only view: of the latest commit, or as of an earlier commit id that is still held.

        It does not see what this connection's open transaction has written. Close it, or use it as a context manager: while it
        is open its state is kept. Raises OperationalError when that commit is not held (any more).
        """
        return readview.ReadView(self, self._ready().database.read_view(commit))

    @property
    def commit_id(self) -> int:
        """The id of the latest commit that this connection would read now; 0 for an empty database."""
        return self._open_session().database.root.commit_id


Connection.__call__.__signature__ = Signature(  # type: ignore[attr-defined]
    [Parameter("self", Parameter.POSITIONAL_ONLY), Parameter("sql", Parameter.POSITIONAL_ONLY)]
)


class Statement:
    """What calling a connection gives: a statement that was compiled."""

    __slots__ = ("sql",)
    sql: str

    def __new__(cls, *_: Any, **__: Any) -> Statement:
        raise TypeError(f"cannot create '{cls.__module__}.{cls.__qualname__}' instances")

    @classmethod
    def _of(cls, sql: str) -> Statement:
        made = object.__new__(cls)
        made.sql = sql
        return made


def _open(location: Location, timeout: float, uri: bool) -> Session:
    """A session on the database at a location. `uri`: ATTACH takes URIs too."""

    def open_file(path: str) -> tuple[Database, bool]:
        named = locate(path, uri)
        try:
            database = database_at(named, timeout)
            return database, named.read_only or database.read_only
        except errors.OperationalError as error:
            if str(error) != "unable to open database file":
                raise
            raise errors.OperationalError(f"unable to open database: {path}", name=error.sqlite_errorname) from None

    database = database_at(location, timeout)
    session = Session(database, FunctionRegistry(), timeout=timeout)
    session.open_file = open_file
    if location.read_only or database.read_only:
        session.read_only = True
        session.own_plans()
    return session


def _check_name(method: str, name: Any) -> None:
    """The name of a function."""
    if not isinstance(name, str):
        raise TypeError(f"{method}() argument 'name' must be str, not {type_name(name)}")


def _number(value: Any) -> float:
    """A float argument. Raises TypeError for what is no number."""
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        raise TypeError(f"must be real number, not {type_name(value)}")
    return float(value)


def _checked_level(level: str | None) -> str | None:
    """An isolation level as it is kept: upper case, a plain str."""
    if level is None:
        return None
    if not isinstance(level, str):
        raise TypeError("isolation_level must be str or None")
    name = str.upper(level)
    if name not in _LEVELS:
        raise ValueError("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'")
    return name


def _checked_autocommit(value: bool | int) -> bool | int:
    if value is True or value is False or value == LEGACY_TRANSACTION_CONTROL:
        return value
    raise ValueError("autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL")


def connect(*arguments: Any, **options: Any) -> Connection:
    """Open a database file (made if missing; ':memory:' for one in memory) and return a connection.

    Args:
        database (str | bytes | os.PathLike): A path, `":memory:"`, or with `uri=True` a URI.
        timeout (float): Seconds to wait for another process or writer; 5 at first.
        detect_types (int): `PARSE_DECLTYPES | PARSE_COLNAMES`, or 0 for no converters.
        isolation_level (str | None): `""`, `"DEFERRED"`, `"IMMEDIATE"` or `"EXCLUSIVE"`: how implicit transactions begin; None: there
            are none.
        check_same_thread (bool): False lets threads share the connection: what they do is done one after the other, in one transaction.
        factory (Callable[..., Connection]): Makes the connection, and is given all arguments as they are here.
        cached_statements (int): Without effect: plans are shared by all connections.
        uri (bool): `database` may be a URI, `file:path?mode=ro` and the like.
        autocommit (bool | int): True, False, or `LEGACY_TRANSACTION_CONTROL` (at first): as `isolation_level` says.
        foreign_keys (bool): Have foreign keys enforced from the start, as `PRAGMA foreign_keys = ON`.
        cache_size (int | None): The budget of the node cache, as `PRAGMA cache_size`: pages of 4,096 bytes, or KiB if negative. Of the
            database, as long as it is open.

    Raises:
        OperationalError: The file cannot be opened, or another process has it to itself.
        DatabaseError: The file is not an AeroDB database.
        CorruptionError: The file is damaged.
        TypeError: An argument has a wrong type or name.
    """
    factory = arguments[5] if len(arguments) > 5 else options.get("factory") or Connection
    if PYTHON >= (3, 13) and len(arguments) > 1:
        warnings.warn(CONNECT_DEPRECATED.format("sqlite3.connect"), DeprecationWarning, stacklevel=2)
    if factory is Connection:
        for name in options:
            if name not in _PARAMETERS:
                raise TypeError(f"'{name}' is an invalid keyword argument for Connection()")
        if 1 < len(arguments) < len(_PARAMETERS) and not set(options) & set(_PARAMETERS[: len(arguments)]):
            arguments, options = (), dict(zip(_PARAMETERS, arguments)) | options
    made: Connection = factory(*arguments, **options)
    return made


connect.__dict__["__signature__"] = Signature(
    list(signature(Connection.__init__).parameters.values())[1:], return_annotation="Connection"
)
