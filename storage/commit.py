"""The commit path: validate, rebase, number, log, make durable, publish.

Two roots
    `tip` is the root of the last commit appended to the log, `database.root` that of the last one *published*:
    durable, and seen by everyone who looks from then on. They differ only while a sync is under way. Readers take
    `database.root`, one attribute, without a lock, so nobody sees a commit before it is durable, nor part of one
    (INV-R1, INV-V4).

One commit, in order; steps 2 to 6 under `lock`
    1. The transaction's pending edits are merged into its private trees, before the lock. 2. If a BEGIN IMMEDIATE
    elsewhere holds the *gate*, wait for it (SQLITE_BUSY after the timeout). 3. If `tip` is still the base, the
    private trees are the new state. Else *validate* against every commit since the base,
       whose edits are kept in `recent`:
           same schema as at the base (INV-V8); DDL itself needs that nothing at all was changed since
           no key written by both (INV-V5)
           no tree read by this one and changed by the other (INV-V7)
    4. *Rebase*: trees that are as at the base are replaced by the private ones; to the others the net edits are
    applied anew.
       A unique prefix that then has two entries was taken by a concurrent commit (INV-V6).
    5. The commit gets id tip + 1 (INV-V2); its record is appended to the log, in memory. 6. `tip` moves. Without a
    log the root is published at once. 7. *Group commit*, outside the lock for the slow part: who finds nobody
    flushing leads: one write and one sync of all that
       is appended by then, while others append and wait. Then all those roots are published in order and all waiters
       wake; one of those whose commit came too late for that flush leads the next. A leader who had company last time
       first *gathers*: it waits for as many to append, for at most half the time that the last flush took; the last of
       them leads in its place. That decides who shares a sync, never what a commit holds or in which order commits stand.

    A conflict is a `SerializationError` naming table, key and commit; the transaction is gone, running it again is
    the remedy.

Synchronous
    FULL and EXTRA: step 7 writes and syncs. NORMAL and OFF: it writes only; what the operating system loses in a
    crash of the machine is lost, from some commit on, never a part of one.

    While it writes and syncs, the interpreter's switch interval is short (`switching.py`).

Failure (INV-R6)
    ::

        working ──a write or sync fails──► failed, for good

    Commits that were waiting fail with the reason (`disk I/O error: …`); `tip` falls back to the published root;
    every later commit is refused as on a read-only database. Reading goes on.

Example: A and B begin on commit 5. A commits first, becoming 6. B wrote other rows and read nothing of A's trees: its
edits are applied to tree versions of 6, and it becomes 7. Had B written one of A's rows: SerializationError.

What is kept: `recent` holds the edits of a commit while a transaction with an older base is open; `open` maps
transactions to their bases and is changed without the lock (single dictionary operations); a transaction enters with
base 0 before it reads the root, so that nothing it may need is thrown away in between.

Another base: a transaction that waited for a row may go on from the latest published root (`advance`), if validation against all that came
in between finds nothing: then it is as if it had begun there.

Who waits for whom: commits wait at the gate in line (`gate.py`); statements wait for rows before they come here
(`row_locks.py`).

Several processes: step 2 is also to get the *turn*, which only one process has at a time, and to read what the others have
committed since (`sharing.py`); it is given back when all that was numbered is written (INV-P2). What others have written, and
nobody synced yet, stands in `unpublished` like what threads of this process have.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from threading import get_ident
from typing import Any, Final

from aerodb_dbapi.storage.catalog import CATALOG_TREE
from aerodb_dbapi.storage.conflicts import Recent, movable, overwritten, stays_unique, still_valid
from aerodb_dbapi.storage.errors import OperationalError, SerializationError
from aerodb_dbapi.storage.gate import Gate
from aerodb_dbapi.storage.rebase import rebased
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.row_locks import RowLocks
from aerodb_dbapi.storage.rowids import RowidClaims
from aerodb_dbapi.storage.switching import hurry, relax
from aerodb_dbapi.storage.tally import Tally
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.turn import Turn, Waiter
from aerodb_dbapi.storage.wal import Log

SYNCING: Final = frozenset({"FULL", "EXTRA"})
MODES: Final = ("OFF", "NORMAL", "FULL", "EXTRA")
GATHER_SECONDS_MAX: Final = 0.005
TURN_SECONDS_MAX: Final = 2.0


class Committer:
    """The one place of a database where commits are ordered. `publish` is told each root, durable, in order."""

    __slots__ = (
        "claims", "company", "failure", "first_commit", "flush_seconds", "flushing", "gate", "gatherer", "gathering", "keeps",
        "leader", "lock", "log", "log_full", "log_limit", "open", "publish", "published", "recent", "rotating", "rows", "start_log",
        "synchronous", "tally", "tip", "turn", "unpublished", "waiters",
    )  # fmt: skip

    def __init__(
        self,
        root: Root,
        log: Log | None,
        publish: Callable[[Root], None],
        start_log: Callable[[], None] | None = None,
    ) -> None:
        self.tip = root
        self.published = root
        self.publish = publish
        self.log = log
        self.start_log = start_log  # makes `log` when the first commit needs it; None: a database without a log
        self.log_limit: int | None = None  # a log that has grown to so many bytes calls `log_full`
        self.log_full: Callable[[], None] | None = None
        self.synchronous = "FULL"
        self.lock = threading.Lock()
        self.gate = Gate(self.lock)
        self.rows = RowLocks()
        self.waiters: list[Waiter] = []  # whose commits are appended and not flushed, in order
        self.gathering = 0  # for how many more appends the leader waits
        self.gatherer: Waiter | None = None  # that leader
        self.company = 1  # how many commits were under way when the last flush ended
        self.flush_seconds = 0.0
        self.flushing = False
        self.leader = 0  # the thread that flushes, while one does
        self.failure: tuple[str, str] | None = None
        self.unpublished: deque[Root] = deque()
        self.recent: deque[Recent] = deque()
        self.open: dict[Transaction, int] = {}
        self.claims = RowidClaims(root)
        self.tally = Tally()
        self.first_commit = root.commit_id
        self.turn: Turn | None = None  # to commit, among processes; None: there is only this one
        self.keeps = False  # the turn is kept until the flush under way has ended
        self.rotating = False  # the turn is kept until the log goes on in another generation

    # --- beginning ---------------------------------------------------------------------------------------------------

    def begin(self, timeout: float, immediate: bool) -> Transaction:
        """A transaction on the latest published root. `immediate` takes the write gate, so that nobody can commit in
        between and the transaction cannot fail at its end."""
        transaction = Transaction(self, self.published, timeout, immediate)
        self.open[transaction] = 0
        try:
            if immediate:
                self._enter_gate(transaction)
        except BaseException:
            transaction.rollback()
            raise
        transaction.base = root = self.published
        self.open[transaction] = root.commit_id
        return transaction

    def _enter_gate(self, transaction: Transaction) -> None:
        with self.lock:
            self._wait_for_turn(transaction, enters=True)
            if self.turn is not None:
                try:
                    self.turn.take(transaction.timeout)
                except BaseException:
                    self.gate.leave(transaction)
                    raise
            tip = self.tip
        if tip is not self.published:  # nobody appends now; what was appended must be seen
            self.make_durable(tip.commit_id)

    def leave_gate(self, transaction: Transaction) -> None:
        """The end of an immediate transaction."""
        with self.lock:
            self.gate.leave(transaction)
            self.rest()

    # --- committing --------------------------------------------------------------------------------------------------

    def commit(self, transaction: Transaction) -> int:
        """Commit a transaction that wrote; its commit id, once the commit is durable and published."""
        private = {} if transaction.is_small_beside(self.tip) else transaction.changed()
        touched = private or transaction.touched()
        ddl = bool(CATALOG_TREE in touched or transaction.created or transaction.dropped)
        schema = transaction.schema if CATALOG_TREE in touched else None
        waiter: Waiter | None = None
        try:
            with self.lock:
                if self.gate.inside is not None or self.failure is not None:
                    self._wait_for_turn(transaction)
                if self.turn is not None and not self.turn.held:
                    self._take_turn(transaction, self.turn)
                if self.log is None and self.start_log is not None:
                    self._begin_log(transaction, self.start_log)
                log = self.log
                tip = self.tip
                edits = root = None
                try:
                    if log is not None or tip is not transaction.base:
                        edits = {tree_id: transaction.writers[tree_id].edits() for tree_id in touched}
                    if tip is not transaction.base and edits is not None:
                        changed = rebased(transaction, tip, self.recent, edits, private, ddl)
                    else:
                        changed = private or transaction.changed()
                    dropped = transaction.drops() if transaction.dropped else []
                    root = tip.successor(changed, dropped, schema)
                    if log is not None and edits is not None:
                        created = transaction.creations() if transaction.created else []
                        log.append(CommitRecord(root.commit_id, list(edits.values()), created, dropped))
                except BaseException:
                    if log is not None and root is not None and log.commit_id == root.commit_id:
                        self._number(transaction, root, log, edits, touched, ddl)  # interrupted behind the append
                    self.rest()
                    raise
                try:
                    self.tip = self.claims.tip = root
                    if self.gathering:
                        self.gathering -= 1
                    del self.open[transaction]
                    if log is None:
                        self._publish(root)
                    else:
                        self.unpublished.append(root)
                    if self.open or log is not None:  # looked at after publishing: who comes now sees this commit
                        if edits is None:
                            edits = {tree_id: transaction.writers[tree_id].edits() for tree_id in touched}
                        self.recent.append(Recent(root.commit_id, edits, ddl))
                except BaseException:
                    self._number(transaction, root, log, edits, touched, ddl)
                    raise
                if log is not None:
                    waiter = self._queue(root.commit_id)
                    at_once = waiter is None and self._starts()
                    if waiter is not None and self.turn is not None and self.turn.wanted:
                        self._write_through(log, self.turn)
            if log is None:
                return root.commit_id
            if at_once:
                self._flush_now(log, root)
            else:
                self._await(waiter)
            return root.commit_id
        except BaseException:
            self._leave(waiter)
            raise

    def _number(
        self,
        transaction: Transaction,
        root: Root,
        log: Log | None,
        edits: dict[int, TreeEdits] | None,
        changed: Iterable[int],
        ddl: bool,
    ) -> None:
        """Under the lock, where `commit` was interrupted at this: the commit is the latest one."""
        self.tip = self.claims.tip = root
        self.open.pop(transaction, None)
        if log is None:
            self._publish(root)
        elif not self.unpublished or self.unpublished[-1] is not root:
            self.unpublished.append(root)
        if not self.recent or self.recent[-1].commit_id < root.commit_id:
            if edits is None:
                edits = {tree_id: transaction.writers[tree_id].edits() for tree_id in changed}
            self.recent.append(Recent(root.commit_id, edits, ddl))

    def _write_through(self, log: Log, turn: Turn) -> None:
        """Under the lock: somebody else of this process syncs, and another process waits: it need not wait for that sync. What
        fails here is told by the next flush."""
        with suppress(OperationalError):
            log.write()
            turn.tell_written(log)
            self.rest()

    def _begin_log(self, transaction: Transaction, start_log: Callable[[], None]) -> None:
        """Under the lock, which it lets go meanwhile: have a log, and the right to commit again. Asked for when nothing else
        is waited for: a VACUUM that ends while a commit waits takes the log away."""
        while self.log is None:
            self.rest()
            try:
                self.lock.release()
                start_log()
            finally:
                self.lock.acquire()
            self._wait_for_turn(transaction)
            if self.turn is not None:
                self._take_turn(transaction, self.turn)

    def _take_turn(self, transaction: Transaction, turn: Turn) -> None:
        """Under the lock: the right to commit among processes, and still no gate in the way."""
        while turn.take(transaction.timeout) and (self.gate.inside is not None or self.failure is not None):
            try:
                self._wait_for_turn(transaction)
            except BaseException:
                self.rest()
                raise

    def rest(self) -> None:
        """Under the lock: leave the right to commit to other processes, if all that we have numbered is written."""
        turn = self.turn
        if turn is None or not turn.held or self.keeps or self.rotating or self.gate.inside is not None:
            return
        if self.log is None or self.log.is_written or self.failure is not None:
            turn.leave()

    def receive(self, record: CommitRecord) -> None:
        """Under the lock: another process's commit is the next one (INV-P1)."""
        root = self.tip.following(record)
        self.tip = self.claims.tip = root
        ddl = bool(record.created or record.dropped or any(edits.tree == CATALOG_TREE for edits in record.edits))
        self.recent.append(Recent(root.commit_id, {edits.tree: edits for edits in record.edits}, ddl))
        self.unpublished.append(root)

    def publish_to(self, last: int) -> None:
        """Under the lock: what is numbered up to that commit is durable."""
        unpublished = self.unpublished
        while unpublished and (root := unpublished[0]).commit_id <= last:
            self._publish(root)
            unpublished.popleft()

    # --- committing to several databases at once ----------------------------------------------------------------------

    def hold(self, transaction: Transaction) -> None:
        """Take the write gate for a transaction that is about to commit, so that nobody commits before it."""
        self._enter_gate(transaction)
        transaction.immediate = True

    def release(self, transaction: Transaction) -> None:
        """Give back the gate that `hold` took."""
        self.leave_gate(transaction)
        transaction.immediate = False

    def check(self, transaction: Transaction) -> None:
        """Raise what `commit` would raise. While the gate is held."""
        if self.tip is not transaction.base:
            changed = transaction.changed()
            edits = {tree_id: transaction.writers[tree_id].edits() for tree_id in changed}
            ddl = bool(CATALOG_TREE in changed or transaction.created or transaction.dropped)
            rebased(transaction, self.tip, self.recent, edits, changed, ddl)

    def _wait_for_turn(self, transaction: Transaction, enters: bool = False) -> None:
        self._check_writable()
        self.gate.wait(transaction, enters)
        self._check_writable()

    def _check_writable(self) -> None:
        if self.failure is not None:
            raise OperationalError(f"attempt to write a readonly database ({self.failure[0]})", name="SQLITE_READONLY")

    def overwritten(self, transaction: Transaction, locks: Iterable[tuple[int, Any]]) -> SerializationError | None:
        """The error that awaits a transaction at its commit because a commit since its base wrote one of these keys."""
        if self.tip is transaction.base:
            return None
        with self.lock:
            recent = list(self.recent)
        return next((error for lock in locks if (error := overwritten(transaction, recent, lock))), None)

    def advance(self, transaction: Transaction) -> bool:
        """Let a transaction go on from the latest published state, if that changes nothing of what it has read and written: as if it
        had begun there. False: it stays where it is."""
        with self.lock:
            base, latest = transaction.base, self.published
            if base is latest:
                return True
            later = [recent for recent in self.recent if base.commit_id < recent.commit_id <= latest.commit_id]
            if len(later) != latest.commit_id - base.commit_id or not movable(transaction):
                return False
            edits = {tree_id: writer.edits() for tree_id, writer in transaction.writers.items()}
            if not still_valid(transaction, edits, later):
                return False
            moving = {tree_id: tree for tree_id in edits if (tree := latest.trees[tree_id]) is not base.trees[tree_id]}
            for tree_id, tree in moving.items():
                if tree.unique_prefix and not stays_unique(transaction, tree_id, tree, edits[tree_id]):
                    return False
            for tree_id, tree in moving.items():
                transaction.writers[tree_id].rebase(tree)
            transaction.base = latest
            self.open[transaction] = latest.commit_id
        return True

    # --- durability and publication ----------------------------------------------------------------------------------

    def _queue(self, commit_id: float) -> Waiter | None:
        """Under the lock: a place in the queue for the next flush; None: nobody is flushing, so the caller leads. So does the last of
        those for whom a leader gathers: that spares the waking of that one, who waits like all others."""
        if self.gatherer is not None and not self.gathering:
            self._take_over(self.gatherer)
            return None
        if not self.flushing or self.leader == get_ident():  # who leads does not come here, unless it was interrupted
            self.leader = get_ident()
            self.flushing = True
            return None
        waiter = Waiter(commit_id)
        self.waiters.append(waiter)
        return waiter

    def make_durable(self, commit_id: int) -> None:
        """Return once that commit is durable and published; raise if it never will be."""
        with self.lock:
            if self.published.commit_id >= commit_id:
                return
            if self.failure is not None:
                raise OperationalError(self.failure[0], name=self.failure[1])
            waiter = self._queue(commit_id)
        try:
            self._await(waiter)
        except BaseException:
            self._leave(waiter)
            raise

    def await_published(self, commit_id: int | None) -> None:
        """Return once that commit is published, by default the last one: a view taken from then on has it."""
        latest = self.tip.commit_id
        self.make_durable(latest if commit_id is None else min(latest, commit_id))

    def _await(self, waiter: Waiter | None) -> None:
        """Wait until the commit is durable, or until it is the caller's turn to lead; then lead."""
        if waiter is None or self._leads(waiter):
            self._lead()

    def _leads(self, waiter: Waiter, rung: bool = False) -> bool:
        """Sleep until woken: True if the caller is to lead the next flush, False if its commit is published."""
        try:
            if not rung:
                waiter.bell.acquire()
        except BaseException:  # interrupted: what was appended goes with the next flush
            with self.lock:
                self._withdraw(waiter)
            raise
        if waiter.error is not None:
            raise OperationalError(waiter.error[0], name=waiter.error[1])
        return waiter.leads

    def _withdraw(self, waiter: Waiter) -> None:
        """Under the lock: that one was interrupted."""
        if waiter in self.waiters:
            self.waiters.remove(waiter)
        elif waiter.leads:
            self._hand_over()

    def _take_over(self, gatherer: Waiter) -> None:
        """Under the lock: lead in the place of that one. Nothing can interrupt this between the first change and the last."""
        me = get_ident()
        self.waiters = [gatherer, *self.waiters]
        self.gatherer = None
        self.leader = me

    def _leave(self, waiter: Waiter | None) -> None:
        """After a failure, which may be an interruption at any place: neither wait for the next flush nor lead it."""
        with self.lock:
            if waiter is not None and waiter in self.waiters:
                self.waiters.remove(waiter)
            if self.flushing and self.leader == get_ident():
                self.gathering, self.gatherer = 0, None
                self._hand_over()

    def _lead(self) -> None:
        """Flush what was appended, one's own commit with it; or see it flushed by the last of those who were waited for."""
        waiter = None
        try:
            with self.lock:
                target, log = self.tip, self.log
                if not self._starts():
                    self.gathering = self.company - len(self.unpublished)
                    self.gatherer = waiter = Waiter(target.commit_id)
            if waiter is not None:
                rung = self._gather(waiter.bell)
                with self.lock:
                    taken = self.gatherer is not waiter
                    if not taken:
                        self.gathering, self.gatherer = 0, None
                        target, log = self.tip, self.log
        except BaseException:  # interrupted: somebody else leads
            with self.lock:
                if waiter is None or self.gatherer is waiter:
                    self.gathering, self.gatherer = 0, None
                    self._hand_over()
                else:
                    self._withdraw(waiter)
            raise
        assert log is not None
        if waiter is None or not taken:
            self._flush_now(log, target)
        elif self._leads(waiter, rung):
            self._lead()

    def _starts(self) -> bool:
        """Under the lock, by who leads: whether to flush at once, with nobody to wait for. Among several processes the turn waits,
        so that the others can append too."""
        if self.turn is not None:
            self.keeps = self.turn.stays()
            if not self.keeps:
                return True
        return self.company <= len(self.unpublished)

    def _flush_now(self, log: Log, target: Root) -> None:
        self._flush(log, target, self.synchronous in SYNCING)
        limit = self.log_limit
        if limit is not None and log.end >= limit and self.log_full is not None:
            self.log_full()

    def _gather(self, bell: threading.Lock) -> bool:
        """Before flushing: let those who committed together last time append, for one sync serves them all. Never longer
        than half a flush takes, so that waiting costs less than the syncs it saves; alone, nobody waits."""
        return bell.acquire(timeout=min(self.flush_seconds / 2, GATHER_SECONDS_MAX))

    def cut(self, following: Log) -> tuple[Root, Log]:
        """Let the log go on in that generation; the state at which the old one ended, durable and published, and the
        old one. Commits may be appended to the new generation meanwhile, and wait."""
        with self.lock:
            self._check_writable()
            self.rotating = True
            try:
                if self.turn is not None:
                    self.turn.take(TURN_SECONDS_MAX)
                waiter = self._queue(inf)
            except BaseException:
                self._rotated()
                raise
        try:
            if waiter is not None:
                self._leads(waiter)
            return self._end_generation(following)
        except BaseException:
            self._leave(waiter)
            raise
        finally:
            with self.lock:
                self._rotated()

    def _rotated(self) -> None:
        self.rotating = False
        self.rest()

    def _end_generation(self, following: Log) -> tuple[Root, Log]:
        """As the leader: what `cut` does."""
        with self.lock:
            log, target = self.log, self.tip
            assert log is not None
            try:
                if self.turn is not None:  # the end is to stand right behind what others know of
                    log.write()
                    self.turn.tell_written(log)
                log.append_end(following.head)
            except OperationalError as error:
                self._fail(error)
                raise
            except BaseException:
                self._hand_over()
                raise
            following.begin_behind(target.commit_id)
            self.log = following
            if self.turn is not None:
                self.turn.ending(True)
        try:
            self._flush(log, target, True, ends=True)
            if self.turn is not None:
                self.turn.ending(False)
        except OperationalError:  # the flush has seen to it
            raise
        except BaseException as error:  # the old generation must be whole before the new one is used
            with self.lock:
                self.log = log
                self._fail(
                    OperationalError(f"disk I/O error: {log.path}: interrupted ({error!r})", name="SQLITE_IOERR")
                )
            raise
        return target, log

    def _flush(self, log: Log, target: Root, sync: bool, ends: bool = False) -> None:
        """As the leader: write and sync for all who have appended, then publish up to `target` at least, and wake everyone.
        `ends`: the generation does."""
        begun = time.monotonic()
        last = target.commit_id
        hurried = sync and hurry()
        try:
            if self.turn is None:
                log.flush(sync)
            else:
                last = self.turn.flush(log, sync, ends)
        except OperationalError as error:
            with self.lock:
                if ends:
                    self.log = log  # where others go on, who know nothing of the new one
                self._fail(error)
            raise
        except BaseException:  # interrupted: the appended commits go with the next flush
            if not ends:
                with self.lock:
                    self._hand_over()
            raise
        finally:
            if hurried:
                relax()
        self._end_flush(last, begun)

    def _end_flush(self, last: int, begun: float) -> None:
        """As the leader: publish what is durable, let somebody else lead, and wake those who wait for no more."""
        served: list[Waiter] = []
        try:
            with self.lock:
                size = len(self.unpublished)
                self.company = size if size >= self.company else self.company - 1
                seconds, usual = time.monotonic() - begun, self.flush_seconds
                self.flush_seconds = seconds if seconds < 1.25 * usual or not usual else 1.25 * usual
                self.publish_to(last)
                self.tally.flushed(size - len(self.unpublished), seconds)
                waiters = self.waiters
                if waiters:
                    served += [waiter for waiter in waiters if waiter.commit_id <= last]
                    self.waiters = [waiter for waiter in waiters if waiter.commit_id > last]
                self._hand_over()
            for waiter in served:  # without the lock, which they will want at once
                waiter.bell.release()
        except BaseException:  # interrupted: what is left of it
            with self.lock:
                self.publish_to(last)
            for waiter in served:
                if waiter.bell.locked():
                    waiter.bell.release()
            raise

    def _hand_over(self) -> None:
        """Under the lock: the leader is done; the first of those who still wait leads next, if there are any."""
        self.keeps = False
        if self.waiters:
            following = self.waiters[0]
            del self.waiters[0]
            following.leads = True
            self.leader = following.thread
            following.bell.release()
        else:
            self.flushing = False
            self.rest()

    def _publish(self, root: Root) -> None:
        self.published = root
        self.publish(root)
        recent = self.recent
        if not recent:
            return
        floor = root.commit_id
        if self.open:
            floor = min([floor, *self.open.values()])
        while recent and recent[0].commit_id <= floor:
            recent.popleft()

    def fail(self, error: OperationalError) -> None:
        """What is on the disk is unknown: no more commits."""
        with self.lock:
            self._fail(error)

    def _fail(self, error: OperationalError) -> None:
        """A write or sync failed: nothing that is not published will ever be."""
        self.failure = (str(error), error.sqlite_errorname)
        self.tip = self.claims.tip = self.published
        self.unpublished.clear()
        while self.recent and self.recent[-1].commit_id > self.tip.commit_id:
            self.recent.pop()
        self.flushing = self.keeps = False
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter.error = self.failure
            waiter.bell.release()
        self.gate.open_for_all()
        self.rest()

    def left_behind(self, failure: tuple[str, str]) -> None:
        """In a child of `os.fork`: no more commits, and nothing waits for a thread that stayed with the parent (INV-P5)."""
        self.failure = failure
        self.turn = self.claims.shared = None
        self.lock = threading.Lock()
        self.gate = Gate(self.lock)
        self.rows.lock = threading.RLock()
        self.tip = self.published
        self.unpublished.clear()

    def settle(self) -> None:
        """Make everything that was appended durable (before closing)."""
        if self.tip is not self.published and self.failure is None:
            self.make_durable(self.tip.commit_id)
