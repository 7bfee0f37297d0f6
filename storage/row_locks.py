"""Row locks: a second writer of a row waits for the first, instead of finding out at its commit that it came too late.

They decide *when* a statement runs, never what it reads or whether a commit is valid: that is `storage/commit.py`'s, which
needs no lock. So a lock that is missing costs a failed commit, not a wrong result, and leaving some out is safe.

What is locked
    The keys that an explicit transaction has written: a table's rowid, the prefix of an entry in a unique index (unless it
    has a NULL). Not: entries of other indexes, the catalog, counters (`counters.py`), and what a bulk insert appends, for its rowids are
    fresh (INV-V10).

When
    A statement first does its work in its transaction's private trees; then its journal tells which keys it wrote, and
    `claim` locks them all or none. If somebody else holds one, the work is undone, the statement waits for that key, and
    runs again. A transaction that is alone locks nothing: `rivals` is False, and its statements do not come here. When a
    second writer comes, it sets `rivals`, and the keys of the first are locked on its behalf, from its journal.

    ::

        A: UPDATE t … WHERE id = 1        alone: no lock
        B: UPDATE t … WHERE id = 1        done privately; `claim` reads A's journal, locks (t, 1) for A, and finds it taken
                                          undone; B waits
        A: COMMIT                         published; (t, 1) passes to B, who runs its statement again

Order
    Whoever waits for a key stands in its queue, and gets it from the one before: first come, first served (INV-V12). The
    key passes from hand to hand, so nobody overtakes.

Cycles
    Before a holder waits, the graph is followed: from the key to its owner and to those ahead in its queue, from them to
    what they wait for. If that leads back, the wait would never end: the one who closes the cycle fails at once, which
    depends on the order of the statements alone. Two connections of one thread cannot wait for each other either:
    the second one is told at once that the database is locked.

Who
    A `Holder` is a session; it has at most one transaction. An autocommit statement locks nothing but for the key on which it
    was turned back once: so those that come for one row are served in turn.

Reserved
    A transaction may also hold a row that it has read and not written (`reserve`): one of a connection whose transactions fail
    for such rows stands in line before it reads (`executor/standing.py`). Such a hold is weak: it passes on when somebody has waited
    `RESERVED_SECONDS` for it, or at once to a writer whose wait would else close a cycle, or be refused. Whoever wants to reserve a
    row and would close a cycle gives up what it has reserved, and goes on without.

Not here: the write gate of BEGIN IMMEDIATE, which waits for no row (`storage/gate.py`); other processes; what is done
after waiting (`executor/waiting.py`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from aerodb_dbapi.storage.catalog import FIRST_USER_TREE
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.patience import acquire
from aerodb_dbapi.storage.writer import MANY, TableWriter

if TYPE_CHECKING:
    from aerodb_dbapi.storage.transaction import Transaction

Key = tuple[int, Any]
LOCKS_MAX: Final = 10_000  # of one statement; one that writes more rows is left to validation
RESERVED_SECONDS: Final = 0.2
CALM: Final = 64  # transactions in a row that reserved rows and met nobody, after which none are reserved
SPARED_MAX: Final = 256


_numbers = count(1)


class Holder:
    """A session as one that holds locks and waits for them. `thread`: the only one that may use it, None if any may. `line` is
    what it knows of rows that many want, None if nothing."""

    __slots__ = (
        "bell", "claimed", "granted", "keys", "line", "number", "reserved", "since", "stands", "stopped", "thread",
        "transaction", "waiting",
    )  # fmt: skip

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.thread: int | None = None
        self.transaction: Transaction | None = None
        self.since = 0.0
        self.claimed = 0  # up to there the transaction's journal is locked
        self.keys: list[tuple[int, Key]] = []  # what is locked, behind the place in the journal that wrote it first
        self.granted: set[Key] = set()  # what was waited for, and is not written yet
        self.reserved: dict[Key, str] = {}  # what was read, and is not written yet; the statements that did
        self.line: Line | None = None
        self.stands = False  # whether to reserve rows
        self.waiting: Key | None = None
        self.bell = threading.Lock()
        self.bell.acquire()
        self.stopped = False  # asked to wait no longer (`patience.py`)


class Line:
    """What a holder has learned of rows that many want. `spared`: statements whose rows were not written after all. Of the
    transaction under way: whether it `waited`, and how many of its reserved rows it has `written`. `calm`: how many in a row have
    not waited."""

    __slots__ = ("calm", "spared", "waited", "written")

    def __init__(self) -> None:
        self.calm = self.written = 0
        self.waited = False
        self.spared: set[str] = set()

    def fail(self) -> None:
        """A transaction could not be serialized."""
        self.calm = 0
        self.spared.clear()

    def learn(self, reserved: dict[Key, str]) -> bool:
        """A transaction has ended, having reserved these rows in vain; whether the next one is to reserve any."""
        self.calm = 0 if self.waited else self.calm + 1
        stands = self.written > 0 and self.calm < CALM
        if len(self.spared) < SPARED_MAX:
            self.spared.update(reserved.values())
        self.written, self.waited = 0, False
        return stands


class RowLocks:
    """The locks of a database. `writers` are the holders whose explicit transactions have begun to write. `waits`: per tree, how
    often somebody waited, for how long, and in vain."""

    __slots__ = ("lock", "owners", "queues", "waits", "writers")

    def __init__(self) -> None:
        self.lock = threading.RLock()  # a finalizer may come back in
        self.owners: dict[Key, Holder] = {}
        self.queues: dict[Key, deque[Holder]] = {}
        self.writers: dict[Holder, None] = {}
        self.waits: dict[int, tuple[int, float, int]] = {}

    # --- holding -----------------------------------------------------------------------------------------------------

    def enter(self, holder: Holder, transaction: Transaction) -> None:
        """An explicit transaction begins to write."""
        holder.transaction = transaction
        transaction.holder = holder
        with self.lock:
            self.writers[holder] = None
            transaction.rivals = False
            if len(self.writers) > 1 or self.owners:
                self._alarm()

    def _alarm(self) -> None:
        """Whoever writes from now on has to look for locks."""
        for holder in list(self.writers):
            if holder.transaction is not None:
                holder.transaction.rivals = True

    def claim(self, holder: Holder) -> Key | None:
        """Lock what the holder's transaction has written since the last time. A key that another one holds: then nothing
        was locked. A transaction that has the write gate waits for nobody, and does without the keys of others."""
        transaction = holder.transaction
        assert transaction is not None
        with self.lock:
            self._catch_up(holder)
            fresh = []
            for place, key in written(transaction.journal[holder.claimed :], holder.claimed):
                owner = self.owners.get(key)
                if key in transaction.counters:
                    continue
                if owner is None or (owner is holder and (key in holder.granted or key in holder.reserved)):
                    fresh.append((place, key))
                elif owner is not holder and not transaction.immediate:
                    return key
            for place, key in fresh:
                if self.owners.get(key) is not holder:
                    self.owners[key] = holder
                elif not self._turns_into_written(holder, key):
                    continue  # written twice
                holder.keys.append((place, key))
            holder.claimed = len(transaction.journal)
        return None

    @staticmethod
    def _turns_into_written(holder: Holder, key: Key) -> bool:
        """A key that the holder has, and had not written: from now on it has."""
        if key in holder.granted:
            holder.granted.discard(key)
            return True
        if key not in holder.reserved:
            return False
        del holder.reserved[key]
        if holder.line is not None:
            holder.line.written += 1
        return True

    def blocking(self, holder: Holder, transaction: Transaction) -> Key | None:
        """A key that the transaction has written and another one holds, without locking anything."""
        with self.lock:
            self._catch_up(holder)
            for _, key in written(transaction.journal, 0):
                if key not in transaction.counters and self.owners.get(key, holder) is not holder:
                    return key
        return None

    def _catch_up(self, but: Holder | None) -> None:
        """Lock what others wrote while they were alone."""
        for holder in list(self.writers):
            transaction = holder.transaction
            if holder is but or transaction is None or len(transaction.journal) <= holder.claimed:
                continue
            transaction.rivals = True
            entries = transaction.journal[holder.claimed :]
            for place, key in written(entries, holder.claimed):
                if key not in self.owners and key not in transaction.counters:
                    self.owners[key] = holder
                    holder.keys.append((place, key))
            holder.claimed += len(entries) // 3 * 3

    def undone(self, holder: Holder, mark: int) -> None:
        """The holder's transaction was rolled back to that place in its journal."""
        with self.lock:
            keys = holder.keys
            while keys and keys[-1][0] >= mark:
                self._pass_on(keys.pop()[1])
            holder.claimed = min(holder.claimed, mark)

    def settle(self, holder: Holder) -> None:
        """A statement that waited is through: let go of what it waited for and did not write."""
        with self.lock:
            for key in holder.granted:
                self._pass_on(key)
            holder.granted.clear()

    def release(self, holder: Holder) -> None:
        """The holder's transaction has ended."""
        with self.lock:
            self.writers.pop(holder, None)
            holder.transaction = None
            for _, key in holder.keys:
                self._pass_on(key)
            for key in (*holder.granted, *holder.reserved):
                self._pass_on(key)
            if holder.line is not None and (holder.reserved or holder.line.written):
                holder.stands = holder.line.learn(holder.reserved)
            holder.keys.clear()
            holder.granted.clear()
            holder.reserved.clear()
            holder.claimed = 0

    def give_up(self, holder: Holder) -> None:
        """Let go of what the holder has reserved."""
        with self.lock:
            for key in holder.reserved:
                self._pass_on(key)
            holder.reserved.clear()

    def _pass_on(self, key: Key) -> None:
        queue = self.queues.get(key)
        if queue is None:
            del self.owners[key]
            return
        following = queue.popleft()
        if not queue:
            del self.queues[key]
        self._give(key, following)
        following.bell.release()

    def _give(self, key: Key, holder: Holder) -> None:
        self.owners[key] = holder
        holder.granted.add(key)
        holder.waiting = None

    # --- waiting -----------------------------------------------------------------------------------------------------

    def wait(self, holder: Holder, key: Key, deadline: float, takes: bool = True) -> bool:
        """Wait until the holder owns that key. False, at once: it would never come to that, for the wait would close a
        cycle. OperationalError: nobody let go of it in time, or the wait was interrupted. `takes`: from who has only reserved it."""
        with self.lock:
            owner = self.owners.get(key)
            if owner is None or owner is holder:
                self._give(key, holder)
                self._alarm()
                return True
            reserved = takes and key in owner.reserved
            if owner.thread is not None and owner.thread == threading.get_ident():
                if not reserved:
                    raise busy()
            elif not self._leads_to(holder, key):
                holder.waiting = key
                self.queues.setdefault(key, deque()).append(holder)
            elif not reserved:
                return False
            if holder.waiting is None:  # nobody waits for one who has not written
                del owner.reserved[key]
                self._give(key, holder)
                return True
        begun, rung = time.monotonic(), False
        try:
            rung = self._wait_in_line(holder, key, deadline, takes)
        except BaseException:
            self._leave(holder, key)
            raise
        in_time = rung or not self._leave(holder, key)
        self._note_wait(key[0], time.monotonic() - begun, in_time)
        if not in_time:
            raise busy()
        return True

    def _wait_in_line(self, holder: Holder, key: Key, deadline: float, takes: bool) -> bool:
        """Sleep until the bell says that the key is the holder's; False: it did not in time. `takes`: who has only reserved it loses it
        to the first in line meanwhile, or at the end."""
        while True:
            owner = self.owners.get(key)
            left = deadline - time.monotonic()
            if acquire(holder.bell, min(left, RESERVED_SECONDS) if takes else left, holder):
                return True
            with self.lock:
                if takes and owner is not None and self.owners.get(key) is owner and key in owner.reserved:
                    del owner.reserved[key]
                    self._pass_on(key)
            if left <= RESERVED_SECONDS:
                return False

    def reserve(self, holder: Holder, key: Key, reader: str, deadline: float) -> bool:
        """Have a key that the holder's transaction is about to read by that statement. False: it was not to be had in time, or the wait
        would close a cycle; then what the holder has reserved is given up. OperationalError: the wait was interrupted."""
        with self.lock:
            self._catch_up(None)
            owner = self.owners.get(key)
            if owner is holder:
                return True
            if owner is not None:
                if owner.thread is not None and owner.thread == threading.get_ident():
                    return False
                if self._leads_to(holder, key):
                    self.give_up(holder)
                    return False
                if deadline <= time.monotonic():
                    return False
        if owner is not None and holder.line is not None:
            holder.line.waited = True
        try:
            got = self.wait(holder, key, deadline, takes=False)
        except OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            got = False
        with self.lock:
            if got:
                holder.granted.discard(key)
                holder.reserved[key] = reader
            else:
                self.give_up(holder)
        return got

    def _note_wait(self, tree_id: int, seconds: float, in_time: bool) -> None:
        with self.lock:
            waits, total, timeouts = self.waits.get(tree_id, (0, 0.0, 0))
            self.waits[tree_id] = (waits + 1, total + seconds, timeouts + (not in_time))

    def _leads_to(self, holder: Holder, key: Key) -> bool:
        """Does the key's owner, or one of those who wait for it already, wait for the holder in the end?"""
        seen: set[Holder] = set()
        ahead = [self.owners[key], *self.queues.get(key, ())]
        while ahead:
            other = ahead.pop()
            if other is holder:
                return True
            wanted = other.waiting
            if other not in seen and wanted is not None:
                seen.add(other)
                queue = list(self.queues[wanted])
                ahead += [self.owners[wanted], *queue[: queue.index(other)]]
        return False

    def _leave(self, holder: Holder, key: Key) -> bool:
        """Give up waiting; False: the key was given meanwhile."""
        with self.lock:
            if holder.waiting is None:
                holder.bell.acquire()
                return False
            holder.waiting = None
            queue = self.queues[key]
            queue.remove(holder)
            if not queue:
                del self.queues[key]
            return True


def busy() -> OperationalError:
    """The error of one who waited too long."""
    return OperationalError("database is locked", name="SQLITE_BUSY")


def written(entries: Sequence[Any], start: int) -> Iterator[tuple[int, Key]]:
    """The keys to lock among those that the entries of a journal from a place on tell of, each with its place. They may be
    those of another thread, which is just undoing the last ones."""
    found = 0
    for place in range(0, len(entries) - 2, 3):
        writer, key, prior = entries[place : place + 3]
        if writer is None or writer.tree_id < FIRST_USER_TREE:
            continue
        stop = writer.unique_prefix
        if not stop and not isinstance(writer, TableWriter):
            continue
        for one in key if prior is MANY else (key,):
            found += 1
            if found > LOCKS_MAX:
                return
            if not stop:
                yield start + place, (writer.tree_id, one)
            elif 0 not in one[:stop:2]:
                yield start + place, (writer.tree_id, one[:stop])
