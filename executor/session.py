r"""A session: the engine state of one connection. It prepares statements, runs them, and keeps its transaction.

A statement's way
    ``prepare(sql)`` looks the text up (`statement`); a miss parses, plans and compiles it (`compile`).
    ``run(prepared, values)`` runs it on the right state:

    ===================  ==========================================  ==========================================
    \                    no transaction open                         in a transaction
    ===================  ==========================================  ==========================================
    SELECT               on the latest published root                on the transaction's trees; reads are noted
    INSERT, UPDATE, …    begin, run, commit; run again on a fresh    mark, run; rolled back to the mark when it
                         view when a later commit was in the way     fails, or has to wait (`waiting`)
    DDL                  the same                                    the same
    ===================  ==========================================  ==========================================

Transactions
    BEGIN (DEFERRED) only notes that one is open: `transaction` is `PENDING`; the view is taken by the first
    statement. IMMEDIATE and EXCLUSIVE take it at once, and the write gate. SAVEPOINT outside a transaction opens one;
    releasing that savepoint commits it. Savepoints are marks in the transaction's journal (INV-D6).

After an error (INV-F4)
    A failed statement is undone and the transaction goes on (ABORT); OR FAIL keeps the rows before the failing one;
    OR ROLLBACK ends the transaction. The same holds for any exception, KeyboardInterrupt too. A commit that failed
    for good ends it.

Cursors (INV-V11)
    A SELECT's iterator works on the trees that it took when it was run: immutable roots, or trees that a
    transaction's later writes replace, never change. So its remaining rows are those of the state it started on.

Stopping
    `watch` is False but for two cases: another thread has called `interrupt`, or there is a progress handler.
    Generated loops test it once per batch (a leaf, 256 rows) and then call `check`. While it is set `hits` is empty,
    so every statement begins by the general way, which calls `start`.

Counters: `changes`, `total_changes`, `last_insert_rowid` as in SQLite; a failed statement leaves `changes` 0.

Example: ``session.run(session.prepare("SELECT 1"), ())`` gives ``(iterator of (1,), -1)``.

What it does not do: bind parameters of other classes, shape rows (the driver does), decide what conflicts
(`storage.commit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import get_ident
from time import monotonic
from typing import Any, Final

from aerodb_dbapi.executor import compile as compiler
from aerodb_dbapi.executor import standing, waiting
from aerodb_dbapi.executor.budgets import Budget, Metered
from aerodb_dbapi.executor.constraints import resolution_of
from aerodb_dbapi.executor.databases import Databases, Other, open_file, open_temp
from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.executor.modules.registry import MODULES
from aerodb_dbapi.executor.statement import Compiled, PlanCache, Prepared, forget_outgrown, shared_cache
from aerodb_dbapi.storage.catalog import CATALOG_TREE, Schema, fold
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError, SerializationError
from aerodb_dbapi.storage.patience import Patience
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.row_locks import Holder
from aerodb_dbapi.storage.transaction import Transaction

Row = tuple[Any, ...]
Result = tuple[Any, int]  # rows or None, row count (-1 where there is none)

WRITES: Final = frozenset({"insert", "update", "delete", "ddl"})
REPLAN_ROWS: Final = 1000


class Pending:
    """Stands for a transaction that has begun and not yet taken its view."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<transaction not begun in earnest>"


PENDING: Final = Pending()
NO_HITS: Final[dict[str, Prepared]] = {}


class Session:
    """State of one connection. Used by one thread at a time."""

    __slots__ = (
        "_checked_changes", "_commits_alone", "_ddl_plans", "_opened_by_savepoint", "_plain", "_savepoints", "_shares_plans",
        "_unused_plans", "authorizer", "budget", "changes", "database", "defer_foreign_keys", "depth", "foreign_keys", "hits",
        "holder", "interrupted", "known", "last_insert_rowid", "limits", "name_inside", "open_file", "others", "outer", "plans",
        "progress", "read_only", "registry", "running", "settings", "snapshot", "thread", "timeout", "total_changes",
        "transaction", "unchecked", "violations", "watch",
    )  # fmt: skip

    def __init__(self, database: Database, registry: FunctionRegistry | None = None, *, timeout: float = 5.0) -> None:
        self.database = database
        self.registry = FunctionRegistry() if registry is None else registry
        self.registry.modules = MODULES
        self.holder = Holder()
        self.timeout = Patience.of(timeout, self.holder)
        self.transaction: Transaction | Pending | None = None
        self.plans: PlanCache = shared_cache(database.plan_cache)
        if database.reopened:
            database.reopened = False
            forget_outgrown(database.plan_cache, database.root.trees)
        self._shares_plans = True
        self.foreign_keys = False
        self.defer_foreign_keys = False  # until the transaction ends
        self.violations = 0  # of immediate foreign keys, by the statement that is running
        self.depth = 0  # of programs that are running
        self.running: list[int] = []  # the ids of triggers that are running
        self.unchecked: list[Any] | None = None  # triggers whose programs wait to be checked, while that goes on
        self.changes = 0
        self.total_changes = 0
        self.last_insert_rowid = 0
        self.settings: dict[str, Any] = {}
        self.snapshot = False  # isolation of transactions to come
        self._savepoints: list[tuple[str, int]] = []
        self._opened_by_savepoint = False
        self._ddl_plans: PlanCache | None = None
        self._checked_changes = 0
        self.thread = get_ident()
        self.hits = self.known = NO_HITS
        self._commits_alone = self._plain = False
        self.watch = self.interrupted = self.read_only = False
        self.progress: Callable[[], bool] | None = None
        self.authorizer: Callable[..., int] | None = None
        self.limits: dict[int, int] | None = None
        self.budget: Budget | None = None
        self._unused_plans: dict[int, PlanCache] = {}  # by the level of metering, those of other levels
        self.others: Databases | None = None  # besides main
        self.outer: Any = None  # see `databases.within`
        self.name_inside = "main"
        self.open_file: Callable[[str], tuple[Database, bool]] = open_file
        self.set_plain(True)

    def set_foreign_keys(self, enforced: bool) -> None:
        """Whether foreign keys are enforced. Not to be changed in a transaction."""
        self.foreign_keys = enforced
        self._unused_plans = {}
        self.plans = self._plans_of(0 if self.budget is None else self.budget.level)
        self._set_hits()

    def set_commits_alone(self, alone: bool) -> None:
        """Whether DML outside a transaction commits by itself, rather than the driver opening a transaction for it."""
        self._commits_alone = alone
        self._set_hits()

    def set_plain(self, plain: bool) -> None:
        """Whether rows go out as the engine made them. Only then does the driver take its hit path: `hits` holds the
        prepared SELECTs while no transaction is open (DML too where it commits alone); SELECTs and DML while one is, and
        has not changed the schema. Otherwise it is empty. `known` holds every prepared statement, for which the
        driver need not ask who watches; it is empty where somebody does, or the schema has changed in the transaction."""
        if plain != self._plain:
            self._plain = plain
            self._set_hits()

    def _set_hits(self) -> None:
        self.hits = self.known = NO_HITS
        if self._plain and not self.watch and self.others is None and self.budget is None and self._ddl_plans is None:
            plans = self.plans
            self.known = plans.texts
            if self.transaction is None:
                self.hits = plans.rows if self._commits_alone else plans.selects
            elif not self.holder.stands:
                self.hits = plans.rows
            if self.watch:  # set by another thread meanwhile
                self.hits = self.known = NO_HITS

    # --- stopping a statement

    def interrupt(self) -> None:
        """Make the running statement fail at its next batch, or where it waits for others, and so a cursor that has rows to
        come. From any thread."""
        self.interrupted = self.watch = self.holder.stopped = True
        self.hits = self.known = NO_HITS

    def set_progress(self, progress: Callable[[], bool] | None) -> None:
        """Call `progress` at each batch; the statement fails when it says True."""
        self.progress = progress
        self.watch = self.interrupted or progress is not None
        self._set_hits()

    def set_budget(self, budget: Budget | None) -> None:
        """What each statement may use from here on. The plans of the level before are kept aside."""
        before = 0 if self.budget is None else self.budget.level
        after = 0 if budget is None else budget.level
        self.budget = budget
        if before != after:
            self._unused_plans[before] = self.plans
            aside = self._unused_plans
            self.plans = aside.pop(after) if after in aside else self._plans_of(after)
            if self._ddl_plans is not None:
                self._ddl_plans = PlanCache()
        self._set_hits()

    def _plans_of(self, level: int) -> PlanCache:
        if not self._shares_plans:
            return PlanCache()
        return shared_cache(self.database.plan_cache, self.foreign_keys, level)

    def start(self) -> None:
        """A statement begins while `watch` is set: an interruption that found nothing running is over."""
        self.interrupted = self.holder.stopped = False
        self.set_progress(self.progress)
        if self.watch:
            self.check()

    def check(self) -> None:
        """Called for each batch by generated code while `watch` is set; raises where the statement is to stop."""
        interrupted = self.interrupted
        if interrupted:
            self.interrupted = self.holder.stopped = False
            self.set_progress(self.progress)
        if interrupted or (self.progress is not None and self.progress()):
            raise OperationalError("interrupted", name="SQLITE_INTERRUPT")

    def refuse_to_write(self) -> None:
        """Raise where main was opened for reading only, or `PRAGMA query_only` is set. A session that may write shares no plans
        with one that may not, so compiled statements need not ask."""
        if self.read_only or self.settings.get("query_only"):
            raise OperationalError("attempt to write a readonly database", name="SQLITE_READONLY")

    def close(self) -> None:
        """Roll back what is open and let the database go."""
        if self.transaction is not None:
            self.rollback()
        self.set_plain(False)
        self.thread = -1
        self.database.close()
        if self.others is not None:
            self.others.close()

    def replace_database(self, database: Database) -> None:
        """Go on with another database; what is open is rolled back, and the one there was is let go."""
        if self.transaction is not None:
            self.rollback()
        before, self.database = self.database, database
        self.own_plans()
        before.close()

    def replace_other(self, other: Other, database: Database) -> None:
        """The same for a database that is attached."""
        if self.transaction is not None:
            self.rollback()
        before, other.database = other.database, database
        self.own_plans()
        before.close()

    # --- state

    @property
    def trees(self) -> Any:
        """Tree id → tree, as a statement would see it now."""
        transaction = self.transaction
        if transaction is not None and transaction is not PENDING:
            return transaction.trees  # type: ignore[union-attr]
        return self.database.root.trees if self.others is None else self.others.published(self.database)[1]

    @property
    def root(self) -> Any:
        """The same, under the name that functions use."""
        return self.trees

    @property
    def schema(self) -> Schema:
        """The schema that a statement would be compiled against now."""
        transaction = self.transaction
        if transaction is not None and transaction is not PENDING:
            return transaction.schema  # type: ignore[union-attr]
        return self.database.root.schema if self.others is None else self.others.published(self.database)[0]

    @property
    def statements(self) -> PlanCache:
        """The cache that statements are compiled into now."""
        return self.plans if self._ddl_plans is None else self._ddl_plans

    def open_transaction(self) -> Transaction:
        """The explicit transaction, its view taken."""
        transaction = self.transaction
        if transaction is PENDING:
            transaction = self.transaction = self.take_view()
            self._know(transaction)
        assert isinstance(transaction, Transaction)
        return transaction

    def _know(self, transaction: Transaction) -> None:
        """An explicit transaction has begun."""
        transaction.who = self.holder
        self.holder.since = monotonic()

    def renew(self) -> None:
        """The open transaction gave up its view: the next statement takes another one."""
        self.transaction = PENDING
        self._set_hits()

    def take_view(self, immediate: bool = False) -> Transaction:
        """A transaction on the latest published state."""
        if self.others is None:
            transaction = self.database.begin(immediate=immediate, timeout=self.timeout)
        else:
            transaction = self.others.begin(self.database, self.timeout, immediate)
        if self.snapshot:
            transaction.snapshot = True
        return transaction

    # --- preparing

    def prepare(self, sql: str) -> Prepared:
        """The prepared form of one statement, from the cache if it fits the schema (INV-S3)."""
        plans = self.plans if self._ddl_plans is None else self._ddl_plans
        prepared = plans.texts.get(sql)
        if prepared is not None:
            schema = prepared.compiled.schema
            if schema is None or schema is self.schema:
                return prepared
        return compiler.prepare(self, sql, self.schema, self.trees, plans)

    def prepare_for(self, sql: str, root: Root) -> Prepared:
        """The prepared form of a statement that is to run on another root (a read view), against that root's schema
        (INV-S2)."""
        if root.schema is self.database.root.schema and self.transaction is None and self.others is None:
            return self.prepare(sql)
        return compiler.prepare(self, sql, root.schema, root.trees, PlanCache())

    # --- running

    def run(self, prepared: Prepared, values: Row) -> Result:
        """Run a statement with the user's parameter values. Returns its rows (an iterator or list, None if it gives
        none) and the number of rows changed (-1 if it is not DML)."""
        compiled = prepared.compiled
        params = values + prepared.constants if prepared.constants else values
        transaction = self.transaction
        if compiled.is_dml:
            if transaction is None:
                work = None if self.budget is None else waiting.dml(Metered(self), params)
                result = self._alone(prepared, work, params)
                self.changes = result[1]
                return result
            return self.inside(prepared, params)
        if compiled.is_select:
            return self._select(prepared, params), -1
        if compiled.kind != "ddl":
            return compiled.run(self, params), -1
        if compiled.temporary:
            open_temp(self)
            transaction = self.transaction
        if transaction is None:
            face = self if self.budget is None else Metered(self)
            return self._alone(prepared, lambda c, t: c.run(face, t, params))
        return self._define(compiled, params)

    def run_alone(self, prepared: Prepared, params: Row) -> int:
        """DML that gives no rows, in a transaction of its own, its constants already in `params`; the rows changed."""
        self.changes = count = self._alone(prepared, None, params)[1]
        return count

    def _select(self, prepared: Prepared, params: Row) -> Iterator[Row]:
        rows: Iterator[Row]
        face = self if self.budget is None else Metered(self)
        if self.transaction is None:
            if self.others is not None:
                schema, trees = self.others.published(self.database)
                rows = self.fitting(prepared, schema).run(face, trees, params)
                return rows
            root = self.database.root
            compiled = self.fitting(prepared, root.schema)
            rows = compiled.run(face, root.trees, params)
            return rows
        transaction = self.open_transaction()
        if self.holder.stands:
            standing.stand(self, transaction, prepared.compiled, params)
        compiled = self.fitting(prepared, transaction.schema)
        watched = None if compiled.note is None else compiled.note(transaction, params)
        rows = compiled.run(face, transaction.trees if watched is None else watched, params)
        return rows

    def fitting(self, prepared: Prepared, schema: Schema) -> Compiled:
        """The statement as compiled for this schema (INV-S3), for parameters that end with the constants of `prepared`."""
        compiled = prepared.compiled
        if compiled.schema is schema or compiled.schema is None:
            return compiled
        fresh = compiler.prepare(self, prepared.text, schema, self.trees, self.statements)
        return compiler.with_constants(fresh, prepared.constants)

    def inside(self, prepared: Prepared, params: Row) -> Result:
        """INSERT, UPDATE or DELETE in the open transaction."""
        transaction = self.transaction
        if transaction.__class__ is not Transaction:
            if transaction is PENDING and self.others is None:
                return waiting.first(self, lambda opened: self._attempt(prepared, opened, params))
            transaction = self.open_transaction()
        elif transaction.rivals is not False and waiting.contends(self, transaction):
            return waiting.contend(self, transaction, lambda: self._attempt(prepared, transaction, params))
        return self._attempt(prepared, transaction, params)

    def _attempt(self, prepared: Prepared, transaction: Transaction, params: Row) -> Result:
        compiled = prepared.compiled
        if compiled.schema is not transaction.base.schema or CATALOG_TREE in transaction.writers:
            compiled = self.fitting(prepared, transaction.schema)
        mark = len(transaction.journal)
        try:
            if compiled.note is not None:
                compiled.note(transaction, params)
            count, rows = compiled.run(self if self.budget is None else Metered(self), transaction, params)
        except BaseException as error:
            self.undo(transaction, mark, error, compiled.kind)
            raise
        self.changes = count
        self.total_changes += count
        return rows, count

    def _define(self, compiled: Compiled, params: Row) -> Result:
        """DDL in the open transaction (INV-S1). Its statements are prepared for this transaction alone from here on."""
        transaction = self.open_transaction()
        mark = transaction.mark()
        try:
            compiled.run(self if self.budget is None else Metered(self), transaction, params)
        except BaseException as error:
            self.undo(transaction, mark, error, "ddl")
            raise
        self._new_ddl_plans()
        return None, -1

    def _new_ddl_plans(self) -> None:
        self._ddl_plans = PlanCache()
        self._set_hits()

    def undo(self, transaction: Transaction, mark: int, error: BaseException, kind: str) -> None:
        """Settle a failed statement in the open transaction (INV-D4, INV-F4)."""
        resolution = resolution_of(error)
        if kind != "ddl":
            self.changes = 0
        if resolution == "FAIL":
            self.changes = error.kept  # type: ignore[attr-defined]
            self.total_changes += self.changes
        elif resolution == "ROLLBACK":
            self.rollback()
        else:
            transaction.rollback_to(mark)

    def _alone(self, prepared: Prepared, work: waiting.Work | None, params: Row = ()) -> Result:
        """A writing statement in a transaction of its own, until no later commit is in the way. No `work`: DML that nobody meters."""
        total, last_rowid = self.total_changes, self.last_insert_rowid
        transaction = self.take_view()
        try:
            compiled = prepared.compiled
            if compiled.schema is not transaction.base.schema or self.others is not None:
                compiled = self.fitting(prepared, transaction.schema)
            if work is not None:
                count, rows = work(compiled, transaction)
            else:
                if compiled.note is not None:
                    compiled.note(transaction, params)
                count, rows = compiled.run(self, transaction, params)
            locks = transaction.committer.rows
            if locks.writers or locks.owners:
                waiting.check(self, transaction)
            transaction.commit()
        except SerializationError as error:
            transaction.rollback()
            self.total_changes, self.last_insert_rowid = total, last_rowid
            compiled, count, rows = waiting.run_again(self, prepared, work or waiting.dml(self, params), error)
        except BaseException as error:
            self.settle(transaction, error, prepared.compiled.kind)
            raise
        if compiled.kind != "ddl":
            self.total_changes += count
            if self.total_changes - self._checked_changes >= REPLAN_ROWS:
                self._replan()
        return rows, count

    def settle(self, transaction: Transaction, error: BaseException, kind: str) -> None:
        """End the own transaction of a failed statement: OR FAIL keeps what was done."""
        if kind != "ddl":
            self.changes = 0
        try:
            if resolution_of(error) == "FAIL" and transaction.is_open:
                transaction.commit()
                self.changes = error.kept  # type: ignore[attr-defined]
                self.total_changes += self.changes
        finally:
            transaction.rollback()

    def _replan(self) -> None:
        """After many changes: forget the plans that were made for tables of another size."""
        self._checked_changes = self.total_changes
        self.plans.forget_outgrown(self.trees)

    # --- many rows

    def run_many(self, prepared: Prepared, rows: Sequence[Row]) -> int:
        """Run a statement for each tuple of parameter values; the number of rows changed. Each is a statement of its
        own: when one fails, those before it stay."""
        constants = prepared.constants
        if constants:
            rows = [row + constants for row in rows]
        if prepared.compiled.kind not in WRITES:
            for row in rows:
                prepared.compiled.run(self, row)
            return 0
        done = _Progress()
        if self.transaction is None:
            try:
                self._alone(prepared, lambda c, t: self._many(c, t, rows, done))
            except BaseException:
                self.changes = 0
                raise
        else:
            self._many_inside(prepared, rows, done)
            self.total_changes += done.count
            if prepared.compiled.kind == "ddl":
                self._new_ddl_plans()
        return done.count

    def _many_inside(self, prepared: Prepared, rows: Sequence[Row], done: _Progress) -> None:
        """Run for all rows in the open transaction. As to waiting they are one statement."""

        def work(transaction: Transaction) -> None:
            self._many(self.fitting(prepared, transaction.schema), transaction, rows, done)

        pending = self.transaction is PENDING
        if pending and self.others is None:
            waiting.first(self, work)
            return
        transaction = self.open_transaction()
        if transaction.rivals is not False and waiting.contends(self, transaction):
            waiting.contend(self, transaction, lambda: work(transaction))
        else:
            work(transaction)

    def _many(
        self, compiled: Compiled, transaction: Transaction, rows: Sequence[Row], done: _Progress
    ) -> tuple[int, Any]:
        """Run for all rows: at once if the statement can, else one by one."""
        done.count = 0
        mark = len(transaction.journal)
        if compiled.reads and not transaction.snapshot:
            transaction.note_read(compiled.reads, compiled.text)
        face = self if self.budget is None else Metered(self)
        try:
            if compiled.run_many is not None:
                count = compiled.run_many(face, transaction, rows)
                if count >= 0:
                    done.count = count
                    self.changes = 1 if rows else 0
                    return count, None
            run = compiled.run
            for row in rows:
                mark = len(transaction.journal)
                count = run(face, transaction, row)[0]
                done.count += count
                self.changes = count
        except BaseException as error:
            self._stop(transaction, mark, error, done, compiled.kind)
            raise
        return done.count, None

    def _stop(self, transaction: Transaction, mark: int, error: BaseException, done: _Progress, kind: str) -> None:
        """One of many failed: undo it alone, keep those before it."""
        if transaction is self.transaction:
            before = done.count
            self.undo(transaction, mark, error, kind)
            self.total_changes += before
        elif (
            resolution_of(error) == "ABORT"
            and isinstance(error, Exception)
            and not isinstance(error, SerializationError)
        ):
            transaction.rollback_to(mark)
            error.resolution = "FAIL"  # type: ignore[attr-defined]
            error.kept = done.count  # type: ignore[attr-defined]

    # --- transactions

    def begin(self, mode: str = "DEFERRED") -> None:
        """BEGIN. `mode`: DEFERRED or CONCURRENT, IMMEDIATE, EXCLUSIVE."""
        if self.transaction is not None:
            raise OperationalError("cannot start a transaction within a transaction")
        if mode in ("IMMEDIATE", "EXCLUSIVE") and not self.read_only:
            self.refuse_to_write()
            self.transaction = self.take_view(immediate=True)
            self._know(self.transaction)
        else:
            self.transaction = PENDING
        self._set_hits()

    def commit(self) -> None:
        """COMMIT. Raises SerializationError if a later commit is in the way; the transaction is then gone. One that
        is only refused for now ("database is locked") stays open."""
        transaction = self.transaction
        if transaction is None:
            raise OperationalError("cannot commit - no transaction is active")
        if self.watch:
            self.holder.stopped = False
        if isinstance(transaction, Transaction):
            try:
                transaction.commit()
            except SerializationError as error:
                standing.fail(self, error)
                raise
            finally:
                if not transaction.is_open:
                    self._ended()
            if self.total_changes - self._checked_changes >= REPLAN_ROWS:
                self._replan()
        else:
            self._ended()

    def rollback(self) -> None:
        """ROLLBACK."""
        transaction = self.transaction
        if transaction is None:
            raise OperationalError("cannot rollback - no transaction is active")
        self._ended()
        if isinstance(transaction, Transaction):
            transaction.rollback()

    def _ended(self) -> None:
        self.transaction = None
        self._savepoints = []
        self._opened_by_savepoint = False
        self._ddl_plans = None
        self.defer_foreign_keys = False
        self._set_hits()

    def savepoint(self, name: str) -> None:
        """SAVEPOINT; opens a transaction if there is none."""
        if self.transaction is None:
            self.begin()
            self._opened_by_savepoint = True
        transaction = self.transaction
        self._savepoints.append((fold(name), transaction.mark() if isinstance(transaction, Transaction) else 0))

    def release(self, name: str) -> None:
        """RELEASE: forget the savepoint and those after it; the one that opened the transaction commits it."""
        place = self._find_savepoint(name)
        if place == 0 and self._opened_by_savepoint:
            self.commit()
        else:
            del self._savepoints[place:]

    def rollback_to(self, name: str) -> None:
        """ROLLBACK TO: undo what came after the savepoint, which stays (INV-D6)."""
        place = self._find_savepoint(name)
        if isinstance(self.transaction, Transaction):
            self.transaction.rollback_to(self._savepoints[place][1])
            if self._ddl_plans is not None:
                self._new_ddl_plans()
        del self._savepoints[place + 1 :]

    def _find_savepoint(self, name: str) -> int:
        wanted = fold(name)
        for place in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[place][0] == wanted:
                return place
        raise OperationalError(f"no such savepoint: {name}")

    # --- functions

    def register_scalar(
        self, name: str, n_args: int, call: Callable[..., Any] | None, deterministic: bool = False
    ) -> None:
        """A function of this session; None removes it. Plans are no longer shared from here on."""
        self.registry.register_scalar(name, n_args, call, deterministic)
        self.own_plans()

    def register_aggregate(
        self, name: str, n_args: int, factory: Callable[[], Any] | None, window: bool = False
    ) -> None:
        """An aggregate of this session, with `window` a window function too; None removes it."""
        self.registry.register_aggregate(name, n_args, factory, window)
        self.own_plans()

    def register_collation(self, name: str, compare: Callable[[str, str], Any] | None) -> None:
        """A collation of this session; None removes it."""
        self.registry.register_collation(name, compare)
        self.own_plans()

    def own_plans(self) -> None:
        """Share no plans with other sessions from here on, and forget those that there are."""
        self._shares_plans = False
        self.plans = PlanCache()
        self._unused_plans = {}
        self._set_hits()
        if self._ddl_plans is not None:
            self._ddl_plans = PlanCache()


class _Progress:
    """How many rows a run over many has changed so far."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0
