"""`Cursor`: runs statements and hands out rows (PEP 249; `sqlite3.Cursor`).

The hit path
    `execute` on a SELECT that was seen before, outside a transaction, with plain parameters, does only this: look-up of the
    prepared statement, thread check, parameter check, schema identity check (INV-S3), one reference to the published root,
    call. All other conditions are folded into the look-up: `Session.hits` is an empty dictionary while they do not hold. In an
    open transaction `hits` also has DML, and the trees are the transaction's; and so it has where no transaction begins by
    itself. The compiled function returns an *iterator of row tuples*; `fetchone` is `next` on it, `fetchall` is `list`. All else
    goes through `_execute_general`, and from there to `_run_plain` if it is BEGIN or COMMIT, or through `_execute_known` if the text
    was seen before (`Session.known`), for named parameters and values that have to be looked at. What is left are first runs, and
    connections that somebody watches.

Read stability
    The iterator works on the root that it was given, which never changes (INV-D1): rows still to come are those of the state
    in which the statement began, whatever is written, committed or rolled back meanwhile (INV-V11).

Row shape
    `row_factory`, `text_factory` and converters apply when a row is fetched; without them the tuple that the engine made (often
    the stored row itself) goes out untouched. Once text that is not UTF-8 has been met (`storage/raw_text.py`), rows are looked at
    first. Fetching asks for that behind taking the rows, so that the row which brings the first such text is looked at too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from operator import index
from threading import get_ident
from typing import TYPE_CHECKING, Any, NoReturn, cast

from aerodb_dbapi import arrow
from aerodb_dbapi import parameters as parameters_
from aerodb_dbapi.adapters import when_base_type_is_adapted
from aerodb_dbapi.bare import bare, c_int, missing, refuse_bare
from aerodb_dbapi.converting import PARSE_COLNAMES, as_factory_has_it, converted, converter_of
from aerodb_dbapi.executor.session import PENDING
from aerodb_dbapi.executor.waiting import contends
from aerodb_dbapi.parameters import are_bound, bind, bind_until, draw
from aerodb_dbapi.planner.lexer import END, first_word
from aerodb_dbapi.storage import raw_text
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError, SerializationError
from aerodb_dbapi.turns import Turns, in_turn, turn_wanted

if TYPE_CHECKING:
    from aerodb_dbapi.connection import Connection
    from aerodb_dbapi.executor.session import Session
    from aerodb_dbapi.executor.statement import Compiled, Prepared

NO_ROWS: Iterator[Any] = iter(())
_CHUNK_ROWS = 20_480  # whole leaves, so that no chunk opens the last leaf of the one before
_PART_ROWS = 1024
UNSET = cast("Any", object())
_DML = frozenset({"insert", "update", "delete"})
# What `executemany` does not run.
_CONTROL = frozenset({END, "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH"})
# The `_make` of a cursor whose rows go out as they were made; from `look_at_text` on no cursor has it.
_AS_MADE: Any = None


class _Closed:
    """Stands in the place of a closed cursor's session: the hit path finds nothing and the thread never fits."""

    __slots__ = ()
    hits: dict[str, Any] = {}
    known: dict[str, Any] = {}
    thread = -1


class _Locked(_Closed):
    """Stands there while the cursor is in use further up the stack."""

    __slots__ = ()


CLOSED = _Closed()
LOCKED = cast("Any", _Locked())


class Cursor:
    """Runs statements and gives their rows; an iterator over them. Made by `Connection.cursor` and `Connection.execute`.

    The rows that it has still to give are those of the state in which its statement began, whatever is written, committed or
    rolled back meanwhile. Every method raises ProgrammingError when the cursor or its connection is closed.

    Attributes:
        arraysize: How many rows `fetchmany` fetches by default; 1 at first.
    """

    __slots__ = (
        "__weakref__", "_arraysize", "_compiled", "_connection", "_lastrowid", "_make", "_returned", "_row_factory", "_rowcount",
        "_rows", "_session",
    )  # fmt: skip

    _connection: Connection
    _session: Session
    _rows: Iterator[tuple[Any, ...]]
    _compiled: Compiled | None
    _make: Callable[[tuple[Any, ...]], Any] | None
    _lastrowid: int | None
    _row_factory: Callable[[Cursor, tuple[Any, ...]], Any] | None

    def __init__(self, connection: Connection, /) -> None:
        try:
            session = connection._session
        except AttributeError:
            name = type(connection).__name__
            raise TypeError(f"Cursor() argument 1 must be aerodb_dbapi.Connection, not {name}") from None
        self._connection = connection
        self._session = connection._open_session() if session is None else session
        self._rows = NO_ROWS
        self._compiled = self._make = self._lastrowid = self._row_factory = None
        self._rowcount = self._returned = -1
        self._arraysize = 1

    def __init_subclass__(cls, **keywords: Any) -> None:
        """A subclass with an `__init__` of its own may leave this one out, and is told so. Only there, for the interpreter does not
        specialise the reading of attributes where a class has `__getattr__`."""
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__ and "__getattr__" not in cls.__dict__:
            cls.__getattr__ = missing  # type: ignore[attr-defined]

    # --- Attributes ---

    @property
    def _turns(self) -> Turns | None:
        try:
            return self._connection._turns
        except AttributeError:
            raise bare() from None

    @property
    def arraysize(self) -> int:
        """How many rows `fetchmany` fetches by default; 1 at first."""
        return self._arraysize

    @arraysize.setter
    def arraysize(self, size: int) -> None:
        self._arraysize = c_int(index(size), "long")

    @property
    def connection(self) -> Connection:
        """The connection that made this cursor."""
        return self._connection

    @property
    def description(self) -> tuple[tuple[str, None, None, None, None, None, None], ...] | None:
        """7-tuples whose first item is the column's name, for statements that return rows; else None."""
        compiled = self._compiled
        if compiled is None or compiled.names is None:
            return None
        names = compiled.names
        if self._connection._detect_types & PARSE_COLNAMES:
            names = [name.split(" [", 1)[0] for name in names]
        return tuple([(name, None, None, None, None, None, None) for name in names])

    @property
    def rowcount(self) -> int:
        """Rows changed by the last INSERT, UPDATE or DELETE; -1 otherwise. With RETURNING it is known once the rows are fetched."""
        return self._rowcount

    @property
    def lastrowid(self) -> int | None:
        """The rowid of the last row that `execute` inserted through this cursor."""
        return self._lastrowid

    @property
    def row_factory(self) -> Callable[[Cursor, tuple[Any, ...]], Any] | None:
        """`row_factory(cursor, row)` makes what is fetched; None gives tuples."""
        return self._row_factory

    @row_factory.setter
    def row_factory(self, factory: Callable[[Cursor, tuple[Any, ...]], Any] | None) -> None:
        self._row_factory = factory
        self._make = self._row_maker()

    # --- Executing ---

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run one statement. `parameters`: a sequence for `?`, a mapping for `:name`. Returns the cursor.

        Raises ProgrammingError (wrong parameters, more than one statement), OperationalError (syntax, missing names, a lock),
        IntegrityError (a constraint), SerializationError (COMMIT, with a later commit in the way), NotSupportedError (a feature that
        is not there), TypeError (`sql` is not a str). A statement that failed left nothing behind.
        """
        try:
            session = self._session
        except AttributeError:
            refuse_bare(self)
            raise
        prepared = session.hits.get(sql)
        if (
            prepared is not None
            and session.thread == get_ident()
            and parameters.__class__ is tuple
            and len(parameters) == prepared.n_parameters
        ):
            for value in parameters:
                kind = value.__class__
                if kind is int:
                    high = value >> 63  # 0 or -1 in a 64-bit integer; one shift costs less than two comparisons
                    if high and high != -1:
                        break
                elif kind is str:
                    if not value.isascii() and not raw_text.is_whole(value):
                        break
                elif kind is float:
                    if value != value:
                        break
                elif value is not None and kind is not bytes:
                    break
            else:
                if prepared.constants:
                    parameters += prepared.constants
                compiled = prepared.compiled
                if session.transaction is not None:
                    if self._run_inside(session, prepared, parameters):
                        return self
                elif not compiled.is_select:
                    self._rows, self._rowcount, self._returned, self._compiled = NO_ROWS, -1, -1, compiled
                    self._rowcount = session.run_alone(prepared, parameters)
                    self._lastrowid = session.last_insert_rowid
                    return self
                else:
                    root = session.database.root
                    if compiled.schema is root.schema:
                        self._compiled = compiled
                        run = compiled.run  # not called as a method: that would look for one in the class first
                        try:
                            self._rows = run(session, root.trees, parameters)
                        except BaseException:
                            self._reset()
                            raise
                        self._rowcount = self._returned = -1
                        self._lastrowid = session.last_insert_rowid
                        self._make = None if self._row_factory is None else self._row_maker()
                        return self
                parameters = parameters[: prepared.n_parameters]
        self._execute_general(sql, parameters)
        return self

    def _run_inside(self, session: Session, prepared: Prepared, parameters: tuple[Any, ...]) -> bool:
        """The rest of the hit path in an open transaction, for SELECT and for DML without RETURNING. False: nothing was done."""
        transaction: Any = session.transaction
        compiled = prepared.compiled
        if transaction is PENDING and compiled.is_select:
            transaction = session.open_transaction()
        if transaction is PENDING or (
            not compiled.is_select and transaction.rivals is not False and contends(session, transaction)
        ):
            self._run_plain(session, prepared, session.inside, parameters)
            return True
        if compiled.schema is not transaction.base.schema:
            return False
        self._rows, self._rowcount, self._returned, self._compiled = NO_ROWS, -1, -1, compiled
        watched = None if compiled.note is None else compiled.note(transaction, parameters)
        run = compiled.run
        if compiled.is_select:
            try:
                self._rows = run(session, transaction.trees if watched is None else watched, parameters)
            except BaseException:
                self._reset()
                raise
            self._lastrowid = session.last_insert_rowid
            self._make = None if self._row_factory is None else self._row_maker()
            return True
        mark = len(transaction.journal)
        try:
            self._rowcount = count = run(session, transaction, parameters)[0]
        except BaseException as error:
            session.undo(transaction, mark, error, compiled.kind)
            raise
        session.changes = count
        session.total_changes += count
        self._lastrowid = session.last_insert_rowid
        return True

    def _run_plain(self, session: Session, prepared: Prepared, run: Any, parameters: tuple[Any, ...]) -> None:
        """`run` a statement that gives no rows: one that controls the transaction, or DML that comes first in it, or beside others."""
        self._rows, self._rowcount, self._returned, self._compiled = NO_ROWS, -1, -1, None
        self._session = LOCKED
        try:
            self._rowcount = run(prepared, parameters)[1]
        except SerializationError:  # the transaction is gone
            self._connection._begin_anew()
            raise
        finally:
            self._session = session
        self._compiled, self._lastrowid = prepared.compiled, session.last_insert_rowid

    def _execute_general(self, sql: str, parameters: Any) -> None:
        """`execute` in full generality: any statement, any parameters, implicit BEGIN, callbacks."""
        session = self._session
        known = session.known.get(sql) if sql.__class__ is str else None
        if known is not None and session.thread == get_ident():
            if known.compiled.is_control and parameters == ():
                self._run_plain(session, known, session.run, parameters)
                return
            schema = known.compiled.schema
            if parameters.__class__ is list and parameters and are_bound(parameters):
                Cursor.execute(self, sql, tuple(parameters))  # perhaps a hit
                return
            if schema is None or schema is session.schema:
                self._execute_known(session, known, parameters)
                return
        turns = turn_wanted(self)
        if turns is not None:
            turns.run(Cursor.execute, self, sql, parameters)  # perhaps a hit, now that it is this thread's turn
            return
        connection = self._check()
        if not isinstance(sql, str):
            raise TypeError(f"execute() argument 1 must be str, not {parameters_.type_name(sql)}")
        self._reset()
        session = self._session
        self._session = LOCKED
        try:
            prepared = connection._prepare(sql)
            compiled = prepared.compiled
            values = bind(parameters, compiled.parameters[: prepared.n_parameters])
            if connection._checks_length:
                connection._check_length(values)
            if compiled.kind in _DML:
                connection._begin_implicitly(sql)
            if connection._trace is not None:
                connection._note(prepared, values)
            rows, rowcount = connection._run(session, prepared, values)
        except SerializationError:  # the transaction is gone
            connection._begin_anew()
            raise
        finally:
            self._session = session
        self._take(compiled, rows, rowcount)
        self._make = self._row_maker()

    def _execute_known(self, session: Session, prepared: Prepared, parameters: Any) -> None:
        """What `_execute_general` does with a prepared statement that fits the schema, on a connection that nobody watches."""
        compiled = prepared.compiled
        self._rows, self._rowcount, self._returned, self._compiled = NO_ROWS, -1, -1, None
        self._session = LOCKED
        try:
            none = parameters.__class__ is tuple and not parameters and not prepared.n_parameters
            values = parameters if none else bind(parameters, compiled.parameters[: prepared.n_parameters])
            if compiled.is_dml and session.transaction is None:
                self._connection._begin_implicitly(prepared.text)
            rows, rowcount = session.run(prepared, values)
        except SerializationError:  # the transaction is gone
            self._connection._begin_anew()
            raise
        finally:
            self._session = session
        self._take(compiled, rows, rowcount)
        self._make = None if self._row_factory is None else self._row_maker()

    def _take(self, compiled: Compiled, rows: Any, rowcount: int) -> None:
        """A statement has run: this is what it gives."""
        session = self._session
        self._compiled = compiled
        if compiled.kind != "empty":
            self._lastrowid = session.last_insert_rowid
        if compiled.kind in _DML:
            if rows is None:
                self._rowcount = rowcount
            else:
                self._rowcount, self._returned = 0, rowcount
                rows = self._counted(list(rows))
        if rows is not None:
            self._rows = iter(rows)

    @in_turn
    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """Run one DML statement for each item of `parameters`. `rowcount` is the sum.

        Raises ProgrammingError for statements that return rows, else what `execute` raises. A failure keeps the items before it
        in the transaction, as in `sqlite3`.
        """
        connection = self._check()
        if not isinstance(sql, str):
            raise TypeError(f"executemany() argument 1 must be str, not {parameters_.type_name(sql)}")
        self._reset()
        session = self._session
        self._session = LOCKED
        try:
            if connection._slow is None:
                self._execute_many(connection, session, sql, iter(parameters))
            else:
                connection._slow.timed(sql, lambda: self._execute_many(connection, session, sql, iter(parameters)))
        except SerializationError:
            connection._begin_anew()
            raise
        finally:
            self._session = session
        return self

    def _execute_many(self, connection: Connection, session: Session, sql: str, items: Iterator[Any]) -> int:
        prepared = connection._prepare(sql)
        compiled = prepared.compiled
        if compiled.kind in _DML:
            connection._begin_implicitly(sql)
        elif compiled.names is not None or first_word(sql) in _CONTROL:
            raise ProgrammingError("executemany() can only execute DML statements.")
        self._compiled = compiled
        slots = compiled.parameters[: prepared.n_parameters]
        total = 0
        failure: BaseException | None = None
        while failure is None:
            chunk, failure = draw(items, _CHUNK_ROWS)
            rows, failure = bind_until(chunk, slots, failure)
            if not rows:
                break
            if connection._trace is not None or connection._checks_length:
                for values in rows:
                    connection._check_length(values)
                    connection._note(prepared, values)
            total += session.run_many(prepared, rows)
        if failure is not None:
            raise failure
        self._rowcount = total if compiled.kind in _DML else -1
        return self._rowcount

    @in_turn
    def executescript(self, sql_script: str, /) -> Cursor:
        """Run every statement of a script; an open transaction is committed first. Returns the cursor.

        Rows of SELECTs are dropped; those that the cursor has still to give are not touched. What was done before a statement that
        fails stays, unless the script began a transaction.
        """
        connection = self._check()
        if not isinstance(sql_script, str):
            raise TypeError(f"executescript() argument must be str, not {parameters_.type_name(sql_script)}")
        if "\0" in sql_script:
            raise ValueError("embedded null character")
        connection._run_script(sql_script)
        return self

    def _plain_rows(self, sql: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """The rows of a question of the driver's own, as the engine makes them."""
        self.execute(sql, values)
        return self._rows

    def _execute_adapted(self, sql: str, parameters: Any = (), /) -> Cursor:
        """`execute` where int, float, str or bytearray have an adapter: no value may be taken as it is."""
        self._execute_general(sql, parameters)
        return self

    # --- Fetching ---

    def fetchone(self) -> Any:
        """The next row, or None when there is none."""
        try:
            if self._session.thread != get_ident():
                turns = turn_wanted(self)
                if turns is not None:
                    return turns.run(Cursor.fetchone, self)
                self._check()
        except AttributeError:
            refuse_bare(self)
            raise
        for row in self._rows:  # the first of them, without the call of `next`
            if self._make is _AS_MADE:
                return row
            return self._make(row) if _AS_MADE is None else self._looked_at(row)  # type: ignore[misc]
        self._exhausted()
        return None

    @in_turn
    def fetchmany(self, size: int = UNSET) -> list[Any]:
        """The next `size` rows (default `arraysize`) as a list, shorter at the end; all of them if `size` is not positive."""
        self._check()
        size = self._arraysize if size is UNSET else c_int(index(size), "int")
        rows: Iterator[Any] = self._rows if size <= 0 else islice(self._rows, size)
        found = self._made(list(rows))
        if size <= 0 or len(found) < size:
            self._exhausted()
        return found

    def fetchall(self) -> list[Any]:
        """All remaining rows as a list."""
        try:
            if self._session.thread != get_ident():
                turns = turn_wanted(self)
                if turns is not None:
                    return turns.run(Cursor.fetchall, self)
                self._check()
        except AttributeError:
            refuse_bare(self)
            raise
        rows, self._rows = self._rows, NO_ROWS
        found = list(rows)
        if self._make is not _AS_MADE:
            found = self._made(found)
        self._exhausted()
        return found

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__qualname__}' object")

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> Any:
        try:
            if self._session.thread != get_ident():
                turns = turn_wanted(self)
                if turns is not None:
                    return turns.run(Cursor.__next__, self)
                self._check()
        except AttributeError:
            refuse_bare(self)
            raise
        for row in self._rows:
            if self._make is _AS_MADE:
                return row
            return self._make(row) if _AS_MADE is None else self._looked_at(row)  # type: ignore[misc]
        self._exhausted()
        raise StopIteration

    def fetch_arrow_table(self, *, types: Mapping[str, Any] | None = None) -> Any:
        """All remaining rows as a pyarrow.Table (`aerodb_dbapi.arrow` tells the types; `types` sets some)."""
        return arrow.table(*self._taken(), types)

    def fetch_record_batch_reader(self, batch_rows: int = arrow.PART, *, types: Mapping[str, Any] | None = None) -> Any:
        """The remaining rows as a pyarrow.RecordBatchReader, which makes a batch when it is asked for one."""
        if batch_rows <= 0:
            raise ValueError("batch_rows must be positive")
        return arrow.reader(*self._taken(), batch_rows, types)

    def fetch_df(self) -> Any:
        """All remaining rows as a pandas.DataFrame."""
        return arrow.frame(*self._taken()[::2])

    @in_turn
    def _taken(self) -> tuple[list[str], list[str | None], Iterator[tuple[Any, ...]]]:
        """Names and declared types of the columns, and the remaining rows as the engine makes them; the cursor has none left."""
        self._check()
        description, compiled = self.description, self._compiled
        if description is None or compiled is None:
            raise ProgrammingError("the statement gives no rows")
        names = [column[0] for column in description]
        rows, self._rows = self._rows, NO_ROWS
        return names, list(compiled.types or [None] * len(names)), self._all_in_utf8(rows)

    # --- The rest of PEP 249 ---

    @in_turn
    def close(self) -> None:
        """Close the cursor; using it afterwards raises ProgrammingError."""
        self._check_unlocked()
        self._connection._check_thread()
        self._connection._open_session()
        self._rows = NO_ROWS
        self._session = cast("Session", CLOSED)

    def setinputsizes(self, sizes: Any, /) -> None:
        """Does nothing (PEP 249)."""

    def setoutputsize(self, size: Any, column: Any = None, /) -> None:
        """Does nothing (PEP 249)."""

    # --- Helpers ---

    def _check(self) -> Connection:
        """Raise ProgrammingError if the cursor cannot be used here and now."""
        try:
            connection = self._connection
        except AttributeError:
            raise bare() from None
        connection._check_thread()
        self._check_unlocked()
        if self._session is CLOSED:
            raise ProgrammingError("Cannot operate on a closed cursor.")
        connection._open_session()
        return connection

    def _check_unlocked(self) -> None:
        if self._session is LOCKED:
            self._check_recursion()

    def _check_recursion(self) -> NoReturn:
        raise ProgrammingError("Recursive use of cursors not allowed.")

    def _reset(self) -> None:
        self._rows, self._rowcount, self._returned, self._compiled = NO_ROWS, -1, -1, None

    def _counted(self, rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """The rows of RETURNING: with the last one the row count is known."""
        if not rows:
            self._exhausted()
        last = len(rows) - 1

        def given() -> Iterator[tuple[Any, ...]]:
            for i, row in enumerate(rows):
                if i == last:
                    self._exhausted()
                yield row

        return given()

    def _exhausted(self) -> None:
        """All rows are fetched: a statement with RETURNING now tells its row count, as in `sqlite3`."""
        if self._returned >= 0:
            self._rowcount, self._returned = self._returned, -1

    def _made(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        """What is fetched of rows. Where one is refused, by a row factory or a converter, those behind it are still to be fetched."""
        make = self._make if _AS_MADE is None else self._looked_at
        if make is None:
            return rows
        rest, to_come = iter(rows), self._rows
        try:
            return list(map(make, rest))
        except BaseException:
            if self._rows is to_come:
                self._rows = chain(rest, to_come)
            raise

    def _looked_at(self, row: tuple[Any, ...]) -> Any:
        """What is fetched of a row that may hold text which is not UTF-8."""
        checked = self._in_utf8(row)
        return checked if self._make is None else self._make(checked)

    def _all_in_utf8(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        while part := list(islice(rows, _PART_ROWS)):
            yield from part if _AS_MADE is None else map(self._in_utf8, part)

    def _in_utf8(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row, if nobody takes bytes of its texts and they are UTF-8. OperationalError: one is not."""
        compiled, connection = self._compiled, self._connection
        if connection._text_factory is not str or compiled is None or compiled.names is None:
            return row
        values = list(row)
        for at, value in enumerate(row):
            if value.__class__ is str and not raw_text.is_whole(value):
                if connection._detect_types and self._column_converter(at) is not None:
                    continue
                values[at] = raw_text.whole(value)
                if not raw_text.is_whole(values[at]):
                    told = f"Could not decode to UTF-8 column '{compiled.names[at]}' with text '{value}'"
                    raise OperationalError(raw_text.bytes_of(told)[:199].decode("ascii", "replace"))
        return tuple(values)

    def _row_maker(self) -> Callable[[tuple[Any, ...]], Any] | None:
        """The function from engine tuple to what is fetched, or None when they are the same."""
        factory = self._row_factory
        convert = self._value_converter()
        if convert is None and factory is None:
            return None
        if factory is None:
            return convert
        prepare = getattr(factory, "_maker", None)
        make = prepare(self) if prepare is not None and "_maker" in vars(factory) else lambda row: factory(self, row)
        return make if convert is None else lambda row: make(convert(row))

    def _value_converter(self) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
        """Apply column converters and `text_factory` to a row; None when neither is in force."""
        connection = self._connection
        compiled = self._compiled
        if compiled is None or compiled.names is None:
            return None
        names = compiled.names
        by_column = [self._column_converter(i) for i in range(len(names))] if connection._detect_types else []
        if not any(by_column):
            if connection._text_factory is str:
                return None
            return lambda row: tuple([as_factory_has_it(value, connection._text_factory) for value in row])

        def convert(row: tuple[Any, ...]) -> tuple[Any, ...]:
            session, self._session = self._session, LOCKED
            try:
                make = connection._text_factory
                made = tuple([converted(value, own, make) for value, own in zip(row, by_column)])
                if self._session is not LOCKED:  # a converter called __init__
                    self._check_recursion()
                return made
            finally:
                self._session = session

        return convert

    def _column_converter(self, position: int) -> Callable[[bytes], Any] | None:
        compiled = self._compiled
        assert compiled is not None and compiled.names is not None
        declared = compiled.types[position] if compiled.types else None
        return converter_of(compiled.names[position], declared, self._connection._detect_types)


def adapt_base_types() -> None:
    """From now on every value goes through the adapters, for an adapter of a base type was registered."""
    parameters_.treat_nothing_as_plain()
    Cursor.execute = Cursor._execute_adapted  # type: ignore[method-assign]


when_base_type_is_adapted(adapt_base_types)


def look_at_text() -> None:
    """From now on text that is not UTF-8 may be among the rows."""
    global _AS_MADE
    _AS_MADE = object()


raw_text.when_met(look_at_text)
