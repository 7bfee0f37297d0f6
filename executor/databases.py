"""Several databases in one connection: main, temp, attached files, and one transaction over all of them.

Zero cost without
    `Session.others` is None until the first TEMP object is made or a database attached; then everything is as in a
    connection with main alone. From then on the session takes its general way (no `hits`, plans of its own), and
    reads and writes go through the dispatching objects below. Generated code is the same: only the numbers in it are
    larger (`storage.schemas`).

One transaction
    `MergedTransaction` has a `Transaction` of each database as its parts. They share one journal, so a mark, statement
    rollback and ROLLBACK TO cover them all (INV-D4, INV-D6). COMMIT of writes to several databases first takes the
    write gate of each, in an order that all connections share, and validates each; then it commits them one after the other.
    So conflicts and constraints refuse all or nothing; a crash or a failing disk between two files may leave the first
    committed and the second not, as in SQLite's WAL mode.

One database at a time
    DDL and most PRAGMAs concern one database. They run `within` it: the session is for that time one of this database
    alone, on its part of the transaction, and the code of DDL and PRAGMA is the same as ever. `outside` goes back out
    for the SELECT of CREATE TABLE AS.

Example: after ``ATTACH 'b.db' AS b``, ``INSERT INTO b.u SELECT * FROM t`` notes a read of part 0 and writes part 2;
the commit finds one part with writes and commits this one as if it were alone.

Does not: resolve names (`storage.schemas`, the binder), open files (the driver gives `Session.open_file`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from aerodb_dbapi.executor.statement import PlanCache
from aerodb_dbapi.storage.catalog import LOCAL_ID, NUMBER_SHIFT, Schema, fold
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import IntegrityError, OperationalError, ProgrammingError
from aerodb_dbapi.storage.patience import LATER
from aerodb_dbapi.storage.raw_text import text_of
from aerodb_dbapi.storage.schemas import FIRST_ATTACHED, MAIN, TEMP, MergedSchema, renumbered
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.tree import Kind, Tree
from aerodb_dbapi.storage.writer import TreeWriter

ATTACHED_MAX: Final = 10
LIMIT_ATTACHED: Final = 7  # sqlite3.SQLITE_LIMIT_ATTACHED
_SWAPPED: Final = ("database", "transaction", "others", "plans", "_ddl_plans", "outer", "name_inside", "read_only")


class MergedTrees:
    """Tree id → tree, over several databases."""

    __slots__ = ("by_number",)

    def __init__(self, by_number: Mapping[int, Any]) -> None:
        self.by_number = by_number

    def __getitem__(self, tree_id: int) -> Tree:
        try:
            trees = self.by_number[tree_id >> NUMBER_SHIFT]
        except KeyError:
            raise KeyError(tree_id) from None
        tree: Tree = trees[tree_id & LOCAL_ID]
        return tree


class MergedWriters:
    """Tree id → writer, as far as there are any."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[int, Transaction]) -> None:
        self.parts = parts

    def get(self, tree_id: int) -> TreeWriter | None:
        """The writer of a tree that has been written."""
        return self.parts[tree_id >> NUMBER_SHIFT].writers.get(tree_id & LOCAL_ID)

    def __contains__(self, tree_id: int) -> bool:
        return False


class Other:
    """A database of a connection besides main."""

    __slots__ = ("database", "name", "number", "read_only", "seen")

    def __init__(self, number: int, name: str, database: Database, read_only: bool = False) -> None:
        self.number = number
        self.name = name
        self.database = database
        self.read_only = read_only
        self.seen: tuple[Schema, Schema] | None = None  # as stored, and as the connection sees it

    def schema(self, stored: Schema) -> Schema:
        """The schema as the connection sees it; the same object for the same one."""
        if self.seen is None or self.seen[0] is not stored:
            self.seen = (stored, renumbered(stored, self.number, self.name))
        return self.seen[1]


class Databases:
    """The databases of a connection besides main, in the order of their numbers."""

    __slots__ = ("_merged", "_next", "others", "read_only")

    def __init__(self, read_only: bool = False) -> None:
        self.read_only = read_only  # main
        self.others: dict[int, Other] = {}
        self._next = FIRST_ATTACHED
        self._merged: tuple[list[Schema], MergedSchema] | None = None

    def add(self, name: str, database: Database, read_only: bool = False) -> Other:
        """Take a database in under its name."""
        number = TEMP if name == "temp" else self._next
        self._next += number != TEMP
        made = Other(number, name, database, read_only)
        self.others = dict(sorted({**self.others, number: made}.items()))
        return made

    def named(self, name: str) -> Other | None:
        """The database of that name, if it is not main."""
        return next((other for other in self.others.values() if fold(other.name) == fold(name)), None)

    @property
    def attached(self) -> list[Other]:
        """All but temp."""
        return [other for other in self.others.values() if other.number != TEMP]

    def may_only_read(self, number: int) -> bool:
        """Whether main, or another database, is open for reading only."""
        return self.read_only if number == MAIN else self.others[number].read_only

    def schema(self, main: Schema, stored: Callable[[Other], Schema]) -> MergedSchema:
        """The schema of all; the same object as long as none of them has changed (INV-S3)."""
        seen = [main, *(other.schema(stored(other)) for other in self.others.values())]
        merged = self._merged
        if merged is None or len(merged[0]) != len(seen) or any(a is not b for a, b in zip(merged[0], seen)):
            numbers = [MAIN, *self.others]
            merged = self._merged = (seen, MergedSchema(dict(zip(numbers, seen))))
        return merged[1]

    def published(self, main: Database) -> tuple[MergedSchema, MergedTrees]:
        """Schema and trees of the latest published roots."""
        roots = {MAIN: main.root, **{number: other.database.root for number, other in self.others.items()}}
        schema = self.schema(roots[MAIN].schema, lambda other: roots[other.number].schema)
        return schema, MergedTrees({number: root.trees for number, root in roots.items()})

    def begin(self, main: Database, timeout: float, immediate: bool = False) -> MergedTransaction:
        """A transaction over all. `immediate` takes every write gate but that of temp, which nobody else sees."""
        made = MergedTransaction(self, main.begin(timeout=timeout, immediate=immediate))
        try:
            for other in self.others.values():
                made.join(other, immediate and not other.read_only)
        except BaseException:
            made.rollback()
            raise
        return made

    def close(self) -> None:
        """Let all of them go."""
        for other in self.others.values():
            other.database.close()
        self.others = {}


class MergedTransaction(Transaction):
    """A transaction over main and the other databases of a connection; see the module's docstring. `used` are the numbers of
    those that were read or written."""

    __slots__ = ("databases", "parts", "used")

    def __init__(self, databases: Databases, main: Transaction) -> None:
        self.databases = databases
        self.parts = {MAIN: main}
        self.used: set[int] = set()
        self.is_open = True
        self.holder = None
        self.who = main.who
        self.snapshot = main.snapshot
        self.rivals = main.rivals = False  # who works on several databases waits for no rows
        self.immediate = main.immediate
        self.timeout = main.timeout
        self.committer = main.committer
        self.base = main.base
        self.journal = main.journal
        self.writers = MergedWriters(self.parts)  # type: ignore[assignment]
        self.trees = MergedTrees({MAIN: main.trees})  # type: ignore[assignment]

    def join(self, other: Other, immediate: bool = False) -> None:
        """Take in a database."""
        immediate = immediate and other.number != TEMP
        part = other.database.begin(timeout=self.timeout, immediate=immediate)
        part.journal = self.journal
        part.rivals = False
        self.parts[other.number] = part
        self._see()

    def leave(self, number: int) -> None:
        """Do without a database that was not used."""
        self.parts.pop(number).rollback()
        self._see()

    def _see(self) -> None:
        self.trees = MergedTrees({n: part.trees for n, part in self.parts.items()})  # type: ignore[assignment]

    # --- data --------------------------------------------------------------------------------------------------------

    def writer(self, tree_id: int) -> TreeWriter:
        """The writer of a tree, the same one for the whole transaction."""
        return self.writable(tree_id >> NUMBER_SHIFT).writer(tree_id & LOCAL_ID)

    def writable(self, number: int) -> Transaction:
        """The part of a database that is going to be written."""
        self.used.add(number)
        if self.databases.may_only_read(number):
            raise OperationalError("attempt to write a readonly database", name="SQLITE_READONLY")
        return self.parts[number]

    def get(self, tree_id: int, key: Any, default: Any = None) -> Any:
        """The value of a key, own writes included."""
        return self.parts[tree_id >> NUMBER_SHIFT].get(tree_id & LOCAL_ID, key, default)

    def note_read(self, tree_ids: Iterable[int], text: str | None = None) -> None:
        """What this transaction writes depends on what these trees hold (INV-V7)."""
        for tree_id in tree_ids:
            number = tree_id >> NUMBER_SHIFT
            self.used.add(number)
            self.parts[number].note_read((tree_id & LOCAL_ID,), text)

    def note_filter(self, tree_id: int, width: int, test: Any, params: Any, text: str | None = None) -> None:
        """What this transaction writes depends on the rows of a table that satisfy conditions (INV-V7)."""
        number = tree_id >> NUMBER_SHIFT
        self.used.add(number)
        self.parts[number].note_filter(tree_id & LOCAL_ID, width, test, params, text)

    def note_point(self, tree_id: int, key: Any, text: str | None = None) -> None:
        """What this transaction writes depends on the entry of this key, or on its absence (INV-V7)."""
        self.parts[tree_id >> NUMBER_SHIFT].note_point(tree_id & LOCAL_ID, key, text)

    def note_counter(self, tree_id: int, key: int) -> None:
        """That row, written now, is a counter."""
        self.parts[tree_id >> NUMBER_SHIFT].note_counter(tree_id & LOCAL_ID, key)

    def count_violation(self, deferred: int, immediate: int) -> None:
        """Change the counts of violations that may stand until COMMIT; main's part keeps them for all."""
        self.parts[MAIN].count_violation(deferred, immediate)

    @property
    def deferred(self) -> int:  # type: ignore[override]
        """Violations of deferred constraints."""
        return sum(part.deferred for part in self.parts.values())

    @property
    def deferred_immediate(self) -> int:  # type: ignore[override]
        """Violations of constraints that are deferred for this transaction."""
        return sum(part.deferred_immediate for part in self.parts.values())

    # --- definitions -------------------------------------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """All definitions, own DDL included."""
        return self.databases.schema(self.parts[MAIN].schema, lambda other: self.parts[other.number].schema)

    def get_meta(self, key: str, default: Any = None) -> Any:
        """A counter or setting of main."""
        return self.parts[MAIN].get_meta(key, default)

    def set_meta(self, key: str, value: Any) -> None:
        """Set a counter or setting of main."""
        self.parts[MAIN].set_meta(key, value)

    def create_tree(self, kind: Kind, unique_prefix: int = 0) -> int:
        """Trees are created `within` one database."""
        raise ProgrammingError("a tree belongs to one database")

    # --- end ---------------------------------------------------------------------------------------------------------

    def commit(self) -> int:
        """Commit all parts; the id of main's commit. Raises as `Transaction.commit` does, and then nothing is committed, but
        where a log fails after another database has been committed."""
        if not self.is_open:
            raise ProgrammingError("the transaction has ended")
        if self.deferred + self.deferred_immediate > 0:
            raise IntegrityError("FOREIGN KEY constraint failed", name="SQLITE_CONSTRAINT_FOREIGNKEY")
        writing = {number for number, part in self.parts.items() if _has_written(part)}
        if len(writing) > 1:
            self._hold(sorted(writing - {TEMP}, key=lambda number: id(self.parts[number].committer)))
        main_id, done = self.base.commit_id, False
        try:
            for number in sorted(writing, key=lambda number: (number == TEMP, number)):  # temp cannot fail
                commit_id = self.parts[number].commit()
                main_id, done = (commit_id if number == MAIN else main_id), True
        except BaseException as error:
            if done or getattr(error, "sqlite_errorname", "") not in LATER:
                self.rollback()
            raise
        self.rollback()  # the parts without writes
        return main_id

    def _hold(self, numbers: list[int]) -> None:
        """Make sure that no database refuses its part. The order is the same for all connections of the process, whatever
        their numbers: two that commit at once must not wait for each other."""
        held: list[Transaction] = []
        try:
            for number in numbers:
                part = self.parts[number]
                if not part.immediate:
                    part.committer.hold(part)
                    held.append(part)
            for number in numbers:
                self.parts[number].committer.check(self.parts[number])
        except BaseException as error:
            if isinstance(error, OperationalError) and error.sqlite_errorname in LATER:
                for part in held:
                    part.committer.release(part)
            else:
                self.rollback()
            raise

    def rollback(self) -> None:
        """Forget the work. A transaction that has ended stays as it is."""
        self.is_open = False
        for part in self.parts.values():
            part.rollback()


def _has_written(part: Transaction) -> bool:
    """Has a part anything to commit?"""
    if part.created or part.dropped:
        return True
    return any(writer.pending or writer.layers for writer in part.writers.values())


# --- the session ------------------------------------------------------------------------------------------------------


def open_file(path: str) -> tuple[Database, bool]:
    """The database that ATTACH means by a path, and whether it is for reading only; the driver has more to say."""
    return (Database.memory() if path in ("", ":memory:") else Database.open(path)), False


def open_others(session: Any) -> Databases:
    """The databases besides main, from now on there."""
    if session.others is None:
        session.others = Databases(session.read_only)
        session.own_plans()
        if isinstance(session.transaction, Transaction):
            session.transaction = MergedTransaction(session.others, session.transaction)
    databases: Databases = session.others
    return databases


def open_temp(session: Any) -> None:
    """Make temp, if there is none yet."""
    if session.others is None or TEMP not in session.others.others:
        _join(session, open_others(session).add("temp", Database.memory()))


def _join(session: Any, other: Other) -> None:
    if isinstance(session.transaction, MergedTransaction):
        session.transaction.join(other)
    session.own_plans()


def attach(session: Any, file: Any, name: Any) -> None:
    """ATTACH."""
    file, name = _text(file), _text(name)
    others = session.others
    most = (session.limits or {}).get(LIMIT_ATTACHED, ATTACHED_MAX)
    if (0 if others is None else len(others.attached)) >= most:
        raise OperationalError(f"too many attached databases - max {most}")
    if fold(name) in ("main", "temp") or (others is not None and others.named(name) is not None):
        raise OperationalError(f"database {name} is already in use")
    database, read_only = session.open_file(file)
    _join(session, open_others(session).add(name, database, read_only))


def detach(session: Any, name: Any) -> None:
    """DETACH."""
    name = _text(name)
    if fold(name) in ("main", "temp"):
        raise OperationalError(f"cannot detach database {name}")
    other = None if session.others is None else session.others.named(name)
    if other is None:
        raise OperationalError(f"no such database: {name}")
    transaction = session.transaction
    if isinstance(transaction, MergedTransaction):
        if other.number in transaction.used or _has_written(transaction.parts[other.number]):
            raise OperationalError(f"database {name} is locked")
        transaction.leave(other.number)
    del session.others.others[other.number]
    session.own_plans()
    other.database.close()


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return text_of(value)
    return "" if value is None else str(value)


# --- one database at a time -------------------------------------------------------------------------------------------


def _swap(session: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put that state into the session; what was there."""
    before = tuple([getattr(session, name) for name in _SWAPPED])
    for name, value in zip(_SWAPPED, state):
        setattr(session, name, value)
    return before


@contextmanager
def within(session: Any, number: int, transaction: Any = None) -> Iterator[Any]:
    """The session as one of that database alone; gives its part of `transaction` (by default the open one; None without)."""
    others: Databases | None = session.others
    if others is None:
        yield transaction
        return
    if transaction is None and session.transaction is not None:
        transaction = session.open_transaction()
    database, name = session.database, "main"
    if number != MAIN:
        database, name = others.others[number].database, others.others[number].name
    part = None
    if transaction is not None:
        transaction.used.add(number)
        part = transaction.parts[number]
    inside = None if session.transaction is None else part
    outer = (transaction, tuple([getattr(session, name) for name in _SWAPPED]))
    saved = _swap(session, (database, inside, None, PlanCache(), None, outer, name, others.may_only_read(number)))
    try:
        yield part
    finally:
        _swap(session, saved)


@contextmanager
def outside(session: Any, transaction: Any) -> Iterator[Any]:
    """What is `within`, as the whole connection for a while; gives the whole transaction."""
    outer = session.outer
    if outer is None:
        yield transaction
        return
    whole, state = outer
    saved = _swap(session, state)
    try:
        yield whole
    finally:
        _swap(session, saved)
