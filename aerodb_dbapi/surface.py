"""The parts of `Connection` that few statements need: hooks, limits, configuration, blobs, dumps, images.

`Surface` is a base class of `Connection`, apart from it for size alone. What is set here costs statements nothing while it is not: a trace
callback empties `Session.hits`, so that the general way is taken, which looks for it; an authorizer, a collation and a lowered limit
give the session plans of its own; a progress handler sets `Session.watch`, which generated loops test once per batch.

Configuration
    `getconfig` and `setconfig` know every SQLITE_DBCONFIG option. Foreign keys and legacy ALTER TABLE are the settings of the PRAGMAs,
    triggers and views can be switched off; the others are remembered, without effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import index
from typing import Any, Final

from aerodb_dbapi import constants, dump, hooks, registered
from aerodb_dbapi.backups import Copying, SourceChanged
from aerodb_dbapi.blob import Blob
from aerodb_dbapi.compatibility import keywords_deprecated
from aerodb_dbapi.executor.budgets import Budget
from aerodb_dbapi.executor.lengths import size
from aerodb_dbapi.executor.modules.registry import MODULES
from aerodb_dbapi.executor.session import Session
from aerodb_dbapi.limits import DEFAULTS, Limits
from aerodb_dbapi.parameters import check_buffer, type_name
from aerodb_dbapi.slow import SlowLog
from aerodb_dbapi.storage import image
from aerodb_dbapi.storage.backup import replace_content
from aerodb_dbapi.storage.catalog import fold
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import (
    CorruptionError,
    DatabaseError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from aerodb_dbapi.storage.values import check_parameter
from aerodb_dbapi.turns import in_turn

FUNCTION_NAME_MAX: Final = 255  # bytes
_PRAGMA_OF: Final = {
    constants.SQLITE_DBCONFIG_ENABLE_FKEY: "foreign_keys",
    constants.SQLITE_DBCONFIG_LEGACY_ALTER_TABLE: "legacy_alter_table",
}
_CONFIG_DEFAULTS: Final = {
    option: option
    in (
        constants.SQLITE_DBCONFIG_ENABLE_TRIGGER,
        constants.SQLITE_DBCONFIG_ENABLE_VIEW,
        constants.SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        constants.SQLITE_DBCONFIG_DQS_DDL,
        constants.SQLITE_DBCONFIG_DQS_DML,
    )
    for name, option in vars(constants).items()
    if name.startswith("SQLITE_DBCONFIG_")
}

_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_IMAGE_OF_SQLITE: Final = (
    "file is not a database: these are the bytes of a SQLite database; write them to a file, which "
    "aerodb_dbapi.transfer.import_sqlite takes over"
)


class Surface:
    """Methods of `Connection`; the abstract ones at the top are there."""

    _trace: Callable[[str], Any] | None
    _tells: bool  # is there a trace callback or an authorizer?
    _slow: SlowLog | None = None
    _loads_extensions = False
    _limits: Limits
    _config: dict[int, bool]

    def _ready(self) -> Session:
        """Thread check, then the open session."""
        raise ProgrammingError("Base Connection.__init__ not called.")

    def _open_session(self) -> Session:
        """The session, or ProgrammingError if the connection is closed."""
        raise ProgrammingError("Base Connection.__init__ not called.")

    def _set_plain(self) -> None:
        """Tell the session whether its rows and statements may take the hit path."""

    @in_turn
    def _ask(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Run a statement of the driver's own: no transaction begins, no callback is told, no factory applies."""
        session = self._ready()
        rows, _ = session.run(session.prepare(sql), values)
        return [] if rows is None else list(rows)

    # --- Hooks ---

    @in_turn
    @keywords_deprecated("set_trace_callback", "trace_callback")
    def set_trace_callback(self, trace_callback: Callable[[str], Any] | None) -> None:
        """Call `trace_callback` with the text of every statement that is run, parameters replaced by their values; None stops it."""
        session = self._ready()
        self._trace = trace_callback
        self._tells = trace_callback is not None or session.authorizer is not None
        self._set_plain()

    @in_turn
    @keywords_deprecated("set_progress_handler", "progress_handler")
    def set_progress_handler(self, progress_handler: Callable[[], Any] | None, n: int) -> None:
        """Call `progress_handler` about every `n` instructions of a running statement (see docs/differences-from-sqlite.md); the
        statement fails with "interrupted" when it returns a true value. None stops it."""
        session = self._ready()
        if index(n) <= 0 or progress_handler is None:
            session.set_progress(None)
        else:
            session.set_progress(hooks.progress_of(progress_handler, n))

    @in_turn
    @keywords_deprecated("set_authorizer", "authorizer_callback")
    def set_authorizer(self, authorizer_callback: Callable[..., Any] | None) -> None:
        """Ask `authorizer_callback(action, argument, argument, database, view)` about everything that a statement would do, when it is
        compiled. It answers SQLITE_OK, SQLITE_DENY or SQLITE_IGNORE. None: everything is allowed."""
        session = self._ready()
        session.authorizer = None if authorizer_callback is None else hooks.authorizer_of(authorizer_callback)
        self._tells = self._trace is not None or authorizer_callback is not None
        session.own_plans()

    @in_turn
    def create_collation(self, name: str, callable: Callable[[str, str], int] | None, /) -> None:
        """Register a collation: `callable(a, b)` is negative, zero or positive as a sorts before, equal to, or after b. None removes it."""
        session = self._ready()
        if not isinstance(name, str):
            raise TypeError(f"create_collation() argument 1 must be str, not {type(name).__name__}")
        name.encode()
        if callable is not None and not hasattr(callable, "__call__"):  # noqa: B004
            raise TypeError("parameter must be callable")
        session.register_collation(str(name), callable)

    @in_turn
    def create_window_function(self, name: str, num_params: int, aggregate_class: Callable[[], Any] | None, /) -> None:
        """Register an aggregate that may also have OVER: a class with `step(*values)`, `inverse(*values)`, `value()` and
        `finalize()`. None removes it."""
        session = self._ready()
        if not isinstance(name, str):
            raise TypeError(f"create_window_function() argument 1 must be str, not {type_name(name)}")
        if not -1 <= num_params <= 127 or len(name.encode()) > FUNCTION_NAME_MAX:
            raise ProgrammingError("bad parameter or other API misuse")
        session.register_aggregate(name, num_params, aggregate_class, window=True)

    # --- Budgets and the log of slow statements ---

    @in_turn
    def set_budget(self, *, timeout: float | None = None, rows: int | None = None, memory: int | None = None) -> None:
        """What each statement may use from here on: seconds since `execute`, rows read, estimated bytes held by its operators
        (docs/driver.md). None is no limit. One that uses more fails with `BudgetError` and leaves nothing."""
        session = self._ready()
        for name, limit in (("timeout", timeout), ("rows", rows), ("memory", memory)):
            if limit is not None and not (isinstance(limit, (int, float) if name == "timeout" else int) and limit >= 0):
                raise ValueError(f"{name} must be a number that is not negative, or None, not {limit!r}")
        given = (timeout, rows, memory) != (None, None, None)
        session.set_budget(Budget(timeout, rows, memory) if given else None)

    @contextmanager
    def budget(self, **limits: Any) -> Iterator[None]:
        """`set_budget` for the statements that begin inside the block; what is not given stays as it is."""
        session = self._ready()
        before = session.budget
        now = before or Budget()
        self.set_budget(**{"timeout": now.timeout, "rows": now.rows, "memory": now.memory, **limits})
        try:
            yield
        finally:
            session.set_budget(before)

    def set_slow_log(self, seconds: float | None, *, parameters: bool = False, plan: bool = True) -> None:
        """Log statements that took the engine at least `seconds` with the logger "aerodb.slow", with the values of their parameters
        and their plan as asked for; None stops it (`aerodb_dbapi.slow`)."""
        self._ready()
        self._slow = None if seconds is None else SlowLog(float(seconds), parameters, plan)
        self._set_plain()

    # --- Tables of the application ---

    @in_turn
    def register(self, name: str, source: Any, *, columns: Sequence[str] | None = None) -> None:
        """Make `source` a table of this connection: an Arrow table, a pandas DataFrame, an iterable of rows or a function that gives
        one (`aerodb_dbapi.registered`). `columns` names the columns of rows that do not. A name that is registered is replaced.

        Raises OperationalError if the database has a table or view of that name.
        """
        session = self._ready()
        if not isinstance(name, str):
            raise TypeError(f"register() argument 1 must be str, not {type(name).__name__}")
        if session.schema.table(name) is not None or session.schema.view(name) is not None or fold(name) in MODULES:
            raise OperationalError(f"there is already a table named {name}")
        table = registered.table_of(name, source, columns)
        session.registry.modules = {**session.registry.modules, fold(name): table}
        session.own_plans()

    @in_turn
    def unregister(self, name: str) -> None:
        """Forget a registered table. Raises OperationalError if there is none."""
        session = self._ready()
        modules = dict(session.registry.modules)
        if not isinstance(modules.pop(fold(name), None), registered.RegisteredTable):
            raise OperationalError(f"no such registered table: {name}")
        session.registry.modules = modules
        session.own_plans()

    # --- Limits and configuration ---

    def getlimit(self, category: int, /) -> int:
        """The limit of a category (SQLITE_LIMIT_…). Raises ProgrammingError for an unknown one."""
        self._ready()
        return self._limits.get(index(category))

    @in_turn
    def setlimit(self, category: int, limit: int, /) -> int:
        """Lower a limit, or raise it up to its default again; a negative `limit` changes nothing. Returns the former one.

        What goes beyond a limit fails with DataError or OperationalError. Lengths are in bytes.
        """
        session = self._ready()
        before = self._limits.set(index(category), index(limit))
        session.limits = self._limits.lowered or None
        session.own_plans()
        self._set_plain()
        return before

    def getconfig(self, op: int, /) -> bool:
        """Whether a configuration option (SQLITE_DBCONFIG_…) is on. Raises ValueError for an unknown one."""
        self._ready()
        if op not in _CONFIG_DEFAULTS:
            raise ValueError(f"unknown config 'op': {op}")
        pragma = _PRAGMA_OF.get(op)
        if pragma is not None:
            return bool(self._ask(f"PRAGMA {pragma}", ())[0][0])
        return self._config.get(op, _CONFIG_DEFAULTS[op])

    def setconfig(self, op: int, enable: bool = True, /) -> None:
        """Switch a configuration option. Raises OperationalError where AeroDB cannot do what it says."""
        before = self.getconfig(op)
        pragma = _PRAGMA_OF.get(op)
        if pragma is None:
            self._config[op] = bool(enable)
            if op == constants.SQLITE_DBCONFIG_ENABLE_TRIGGER:
                self._open_session().settings["triggers_off"] = not enable
            elif op == constants.SQLITE_DBCONFIG_ENABLE_VIEW:
                session = self._open_session()
                session.registry.takes_views = bool(enable)
                session.own_plans()
            return
        self._ask(f"PRAGMA {pragma} = {int(enable)}", ())
        if self.getconfig(op) != bool(enable):
            raise OperationalError(f"unable to set config 'op' to {bool(enable)} (it is {before})")

    def _check_length(self, values: tuple[Any, ...]) -> None:
        """Values within the limit of length."""
        most = self._limits.get(constants.SQLITE_LIMIT_LENGTH)
        for value in values:
            if isinstance(value, (str, bytes)) and 4 * len(value) > most and size(value) > most:
                raise hooks.DataError("string or blob too big", name="SQLITE_TOOBIG")

    @property
    def _checks_length(self) -> bool:
        return constants.SQLITE_LIMIT_LENGTH in self._limits.lowered

    def _check_text(self, sql: str) -> None:
        """A text within the limit of length."""
        most = self._limits.lowered.get(constants.SQLITE_LIMIT_SQL_LENGTH, DEFAULTS[constants.SQLITE_LIMIT_SQL_LENGTH])
        if len(sql) > most and len(sql.encode()) > most:
            raise hooks.DataError("query string is too large")

    # --- Values and databases as a whole ---

    @in_turn
    def blobopen(self, table: str, column: str, row: int, /, *, readonly: bool = False, name: str = "main") -> Blob:
        """The BLOB or TEXT of a column in the row with rowid `row`, as a file of bytes that cannot change its length.

        Raises OperationalError when there is no such table, column, row, or value of these types.
        """
        self._ready()
        for place, text in enumerate((table, column), 1):
            if not isinstance(text, str):
                raise TypeError(f"blobopen() argument {place} must be str, not {type_name(text)}")
        if not isinstance(row, int):
            raise TypeError("expected 'int'")
        return Blob._open(self, table, column, check_parameter(row), bool(readonly), name)  # type: ignore[arg-type]

    def iterdump(self, *, filter: str | None = None) -> Iterator[str]:
        """The database as SQL statements. `filter`: a LIKE pattern for the names of tables, indexes, views and triggers."""
        self._ready()
        return dump.dump(self, filter)  # type: ignore[arg-type]

    @in_turn
    def serialize(self, *, name: str = "main") -> bytes:
        """A database of the connection as the bytes of a file of AeroDB's own: the committed state, without what is open."""
        session = self._ready()
        return image.serialize(_database(session, name, f"unable to serialize '{name}'").root)

    @in_turn
    def deserialize(self, data: Any, /, *, name: str = "main") -> None:
        """Go on with the database that `serialize` made the bytes of, in memory, in the place of main or of an attached one; what is
        open is rolled back.

        Raises DatabaseError when they are none.
        """
        session = self._ready()
        other = None if session.others is None else session.others.named(name)
        if fold(name) != "main" and (other is None or fold(name) == "temp"):
            raise OperationalError(f"unknown database {name}")
        given = check_buffer(data)
        if bytes(given[: len(_SQLITE_MAGIC)]) == _SQLITE_MAGIC:
            raise DatabaseError(_IMAGE_OF_SQLITE, name="SQLITE_NOTADB")
        made = image.deserialize(given)
        if other is None:
            session.replace_database(made)
        else:
            session.replace_other(other, made)

    def enable_load_extension(self, enable: bool, /) -> None:
        """Allow `load_extension`, or not (at first): without effect otherwise, so that programs which enable it in any case run."""
        self._ready()
        self._loads_extensions = bool(enable)

    def load_extension(self, name: str, /, *, entrypoint: str | None = None) -> None:
        """Extensions are libraries in C: raises NoSuchModuleError, or OperationalError (`not authorized`) if it is not enabled."""
        self._ready()
        if not self._loads_extensions:
            raise OperationalError("not authorized")
        raise NoSuchModuleError(f"no such module: {name}: extensions are libraries in C")

    @in_turn
    def backup(
        self,
        target: Any,
        *,
        pages: int = -1,
        progress: Callable[[int, int, int], Any] | None = None,
        name: str = "main",
        sleep: float = 0.25,
    ) -> None:
        """Make the content of `target` that of the latest commit of this connection's database `name`, in one commit of the target,
        whose digest is then compared with this one's. `progress(status, remaining, total)` is called each time `pages` have been
        copied and at the end: the definitions are a page, and every 256 rows and index entries. What this connection commits in
        `progress` is in the copy, which is begun anew; commits of others are not waited for, and wait for nothing. So `sleep`
        means nothing here. See also VACUUM INTO.

        Raises CorruptionError if the copy differs, OperationalError if `target` has a transaction open.
        """
        session = self._ready()
        source = _database(session, name, f"unknown database {name}")
        if not isinstance(target, Surface):
            raise TypeError(f"backup() argument 'target' must be sqlite3.Connection, not {type_name(target)}")
        pages = index(pages)
        if target is self:
            raise ValueError("target cannot be the same connection instance")
        if progress is not None and not callable(progress):
            raise TypeError("progress argument must be a callable")
        other = target._open_session()
        if other.transaction is not None:
            raise OperationalError("destination database is in use")
        other.refuse_to_write()
        while True:
            root, copying = source.root, Copying(session, progress, pages)
            try:
                replace_content(other.database, root, copying.tell)
            except SourceChanged:
                continue
            break
        if other.database.digest() != source.digest(root):
            raise CorruptionError("the backup differs from its source", file=other.database.path, offset=0)
        copying.end()

    @in_turn
    def fork(self, **options: Any) -> Any:
        """A connection to a new database in memory that begins as this one's latest commit. Nothing is copied: both share
        what neither changes. `options` are those of `connect`. This database's file stays open until the fork is closed."""
        session = self._ready()
        make: Any = type(self)
        made = make(":memory:", **options)
        made._ready().replace_database(session.database.fork())
        return made


def _database(session: Session, name: str, message: str) -> Database:
    """A database of a connection by its name; temp is empty before it has held anything. Raises OperationalError for other names."""
    if fold(name) == "main":
        return session.database
    other = None if session.others is None else session.others.named(name)
    if other is not None:
        return other.database
    if fold(name) == "temp":
        return Database.memory()
    raise OperationalError(message)
