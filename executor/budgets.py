"""Budgets: how long one statement may run, how many rows it may read, how much its operators may hold.

Where it is checked
    A session with a budget has plans of its own, whose code calls the session where rows are read and kept:

        for keys2_, rows3_ in t0_.batches():
            session.scan(len(rows3_))                       # a batch of a table or index
            for r1 in rows3_:
                for r4 in session.read(get5_(r1[0], ())):   # rows of a hash table, of a kept list
                    rows += session.hold([...])             # what is sorted, grouped, hashed, made distinct

    The code of a session without one is what it is without this module (`Unit.meters`), and its statements keep their hit path.

What the code takes for its session
    Each run of a statement has a `Use` of its own, for several may be under way in one connection. `Metered` stands before the session:
    it has the methods of the use, and all else is the session's.

Rows
    A batch counts whole when it is read (a leaf, 256 rows at most), so do the entries of an index; rows that are fetched by
    the rowids of entries do not count again. A look-up by rowid counts 1. Rows of table-valued functions and registered
    tables, of hash tables and of results that are kept for several uses count each time they are given. `count(*)` of
    a table reads nothing.

Memory
    An estimate that depends on nothing but the values: `size_of`. It grows with what sorts, groupings, DISTINCT, compounds, hash tables,
    windows, recursive queries and kept results take in, and falls by what a correlated subquery held when it returns. It
    does not know of edits of a transaction, nor of rows that the caller has fetched.

Example: ``size_of((1, "abc"))`` is 56 + 2 · 8 + 32 + 56 + 3 = 163.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from time import monotonic
from typing import Any, Final

from aerodb_dbapi.executor.sorting import Term, Top
from aerodb_dbapi.storage.errors import BudgetError

_FIXED: Final = {type(None): 0, int: 32, float: 24}
_PART: Final = 256
_LEVEL: ContextVar[int] = ContextVar("level of metering", default=0)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one statement may use; None is no limit. `timeout` in seconds, `memory` in bytes."""

    timeout: float | None = None
    rows: int | None = None
    memory: int | None = None

    @property
    def level(self) -> int:
        """How much its code has to tell: 1 rows and time, 2 memory too."""
        return 1 if self.memory is None else 2


def level() -> int:
    """The level of the code that is being made."""
    return _LEVEL.get()


@contextmanager
def metering(session: Any) -> Iterator[None]:
    """Make code that tells what the session's budget has to know."""
    token = _LEVEL.set(0 if session.budget is None else session.budget.level)
    try:
        yield
    finally:
        _LEVEL.reset(token)


def size_of(value: Any) -> int:
    """The estimated bytes of a value or a row."""
    fixed = _FIXED.get(value.__class__)
    if fixed is not None:
        return fixed
    if value.__class__ is str or value.__class__ is bytes:
        return 56 + len(value)
    if isinstance(value, (tuple, list)):
        return 56 + 8 * len(value) + sum(map(size_of, value))
    return 0


class Use:
    """What one run of a statement has used of its budget."""

    __slots__ = ("budget", "deadline", "held", "kept", "rows", "session")

    def __init__(self, session: Any) -> None:
        self.session = session
        self.budget: Budget = session.budget
        timeout = self.budget.timeout
        self.deadline = None if timeout is None else monotonic() + timeout
        self.rows = 0
        self.held = 0  # until the function under way returns
        self.kept = 0  # until the statement ends

    def check(self) -> None:
        """Raise where the statement is to stop."""
        if self.session.watch:
            self.session.check()
        if self.deadline is not None and monotonic() > self.deadline:
            raise BudgetError(f"statement exceeded its budget: {self.budget.timeout} seconds", limit="timeout")

    def scan(self, count: int) -> None:
        """So many rows are read."""
        self.rows += count
        if self.budget.rows is not None and self.rows > self.budget.rows:
            raise BudgetError(f"statement exceeded its budget: {self.budget.rows} rows read", limit="rows")
        self.check()

    def read(self, rows: Any) -> Any:
        """These rows are given once more: a list, or what gives them one by one."""
        if hasattr(rows, "__len__"):
            self.scan(len(rows))
            return rows
        return self._counted(rows)

    def _counted(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self.scan(1)
            yield row

    # --- memory

    def _grow(self, size: int) -> None:
        self.held += size
        self.check_memory()

    def check_memory(self) -> None:
        """Raise where too much is held."""
        most = self.budget.memory
        if most is not None and self.held + self.kept > most:
            raise BudgetError(
                f"statement exceeded its budget: {most} bytes of memory", limit="memory", name="SQLITE_NOMEM"
            )

    def hold(self, rows: Any) -> Any:
        """These rows are kept; a list."""
        self._grow(sum(map(size_of, rows)))
        return rows

    def hold_one(self, value: Any) -> Any:
        """This row or key is kept."""
        self._grow(size_of(value))
        return value

    def hold_each(self, rows: Iterable[Any]) -> Iterator[Any]:
        """These rows are kept as they come."""
        for row in rows:
            self._grow(size_of(row))
            yield row

    def keep_each(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The same until the statement ends."""
        for row in rows:
            self.kept += size_of(row)
            self.check_memory()
            yield row

    def instead(self, before: int, rows: Any) -> int:
        """These rows are kept in the place of those whose size was `before`; their size."""
        size = sum(map(size_of, rows))
        self._grow(size - before)
        return size

    def releasing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A correlated subquery: what it held is free when it returns."""

        @wraps(function)
        def call(*rows: Any) -> Any:
            before = self.held
            try:
                return function(*rows)
            finally:
                self.held = before

        return call

    def releasing_batches(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same for one that gives batches."""

        @wraps(function)
        def call(*rows: Any) -> Iterator[Any]:
            own = 0
            batches = function(*rows)
            try:
                while True:
                    before = self.held
                    try:
                        batch = next(batches)
                    except StopIteration:
                        return
                    finally:
                        own += self.held - before
                    yield batch
            finally:
                self.held -= own

        return call

    def keeping(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """What fills a memo: its result stays until the statement ends."""

        @wraps(function)
        def call(*rows: Any) -> Any:
            before = self.held
            made = function(*rows)
            self.kept += self.held - before
            self.held = before
            return made

        return call

    def top(self, terms: list[Term], limit: int) -> MeteredTop:
        """A `Top` that tells what it holds."""
        return MeteredTop(self, terms, limit)


class MeteredTop(Top):
    """The first rows of an order, and their size."""

    __slots__ = ("size", "use")

    def __init__(self, use: Use, terms: list[Term], limit: int) -> None:
        super().__init__(terms, limit)
        self.use = use
        self.size = 0

    def add(self, batch: Any) -> None:
        """Take a batch of rows."""
        before = len(self.rows)
        super().add(batch)
        if len(self.rows) >= before:
            self.size += self.use.instead(0, self.rows[before:])
        else:
            self.size = self.use.instead(self.size, self.rows)


class Metered:
    """A session, with the use of one statement."""

    __slots__ = (
        "_session", "check", "hold", "hold_each", "hold_one", "instead", "keep_each", "keeping", "read", "releasing",
        "releasing_batches", "scan", "top",
    )  # fmt: skip
    watch = True

    def __init__(self, session: Any) -> None:
        put = object.__setattr__
        use = Use(session)
        put(self, "_session", session)
        for name in Metered.__slots__[1:]:
            put(self, name, getattr(use, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._session, name, value)
