"""Several processes on one database file: how each of them knows what the others have done.

Every process has the whole engine: its own root, history, caches, open transactions. What they share is the files, and a
page of memory (`lock_file.py`). There is no server, and nobody waits for a process that died.

Reading
    The word COMMIT says how far commits are published. A new view first compares it with its own latest root: one read of
    memory. If others have committed, the log is read on from where this process stands, and every commit is applied to the
    root before it, as recovery would (INV-P1). Views that are open stay as they are.

Committing
    WRITER is locked, the log read to its end, then the commit is validated against all that came in between, numbered and
    written; then WRITER is given back, and others go on behind it (INV-P2). So the order of commits is one for all, and what
    was validated cannot be overtaken. After that SYNC is locked, by one process at a time: it syncs and publishes all that
    was written before the sync began, of whatever process. Who finds its own commit published by then is done (INV-P6)::

        A: write 8, sync ────────────────► COMMIT 8
        B:      write 9, wait for SYNC …   sync ────────────► COMMIT 10
        C:         write 10, wait for SYNC …                  done

    A process that has been alone for a while keeps WRITER until its commit is published, and does not lock SYNC.
    What a process that dies had written goes with the next sync; what it was just writing is written over (INV-P4). A sync that
    failed, or whose process died, proves nothing about what was written before it: the next one writes that again first.

Checkpoints
    Any process may make one, with CHECKPOINT locked. It first takes over the checkpoint that another made since: the trees
    are loaded from that one's blocks and the commits since are applied, so that from then on all agree on which block holds
    what; nodes that are known already stay in memory (`graft`). Until then, and for views that are still open, the process reads
    blocks that newer checkpoints count as dead. That is what its slot is for: FLOOR is the oldest state on disk that any of
    its trees was made from; a block that died at or before every floor is read by nobody (INV-P3). FIRST protects log
    generations in the same way.
    A thread (`looking.py`) looks once a second whether something is to be taken over, so that an idle process keeps nobody's blocks long.

Opening and closing, one process at a time (OPENING)
    Who finds nobody else recovers, and begins the lock file anew. Who finds others reads the checkpoint in force and the log up to
    COMMIT, and changes nothing. The last to close makes the final checkpoint and removes log and lock file.

os.fork
    A child has its parent's descriptors and slot, and must use neither (INV-P5): its databases are abandoned, and say so.

Example: A and B have the file open at commit 7. A commits 8: COMMIT is 8. B's next SELECT compares, reads 8 from the log, and
answers as of 8. B's transaction that began at 7 and wrote a row that 8 wrote fails to commit, as if A were a thread of B.

Not here: the words and locks (`lock_file.py`), what conflicts (`conflicts.py`), waiting for the rows of a transaction in another
process: there is none, the later commit fails.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import lock_file as words
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.following import Following
from aerodb_dbapi.storage.generations import Generations
from aerodb_dbapi.storage.graft import graft, schema_cell
from aerodb_dbapi.storage.header import Header
from aerodb_dbapi.storage.lock_file import LockFile
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.patience import SLICE, go_on, holder_of
from aerodb_dbapi.storage.reader_locks import Readers
from aerodb_dbapi.storage.recovery import NOTHING
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.wal import Log

if TYPE_CHECKING:
    from aerodb_dbapi.storage.database import Database

SUFFIX: Final = "-lock"
PATIENCE: Final = 60.0
COURTESY_SECONDS: Final = 0.0003
CROWD: Final = 16
EDITS_EACH: Final = 8  # of a commit, as a guess
GATHER_SECONDS_MAX: Final = 0.005
GATHER_SECONDS_MIN: Final = 0.0004
GATHER_PAUSE: Final = 0.0001


class Sharing:
    """What a database has beside others when it shares its file. `Turn` for its committer."""

    __slots__ = (
        "_acquiring", "_changed", "_committer", "_company", "_crowd", "_database", "_first", "_gated", "_left",
        "_rewound", "_seconds", "_since", "_syncing", "_waiting", "_words", "file", "held", "lineage", "taken_over",
    )  # fmt: skip

    def __init__(self, database: Database, file: LockFile, first: int) -> None:
        checkpointer = database.checkpointer
        assert checkpointer is not None
        self.file = file
        self.lineage = checkpointer.blocks.record.commit_id  # the state on disk that the latest trees were made from
        self.taken_over = 0  # states in memory before this commit are not based on the checkpoint in force
        self.held = False
        self._first = first  # the generation that follows, while there is no log
        self._gated = False  # whether readers are kept from beginning
        self._words = file.words
        self._database = ref(database)
        self._committer = database.committer
        self._acquiring = False
        self._changed = threading.Condition(database.committer.lock)  # whether this process has the right to commit
        self._waiting = 0  # how many wait for that
        self._left = 0.0  # when it was given back to somebody who waited
        self._since = 0  # the last commit of before this process got the right to commit, or of others, known here
        self._crowd = 0  # more than 0: others have committed lately, or wanted to
        self._company = 1  # how many commits of all processes were under way when the last sync ended
        self._seconds = 0.0  # how long that took
        self._syncing = threading.Lock()  # among the threads of this process, what SYNC is among processes
        self._rewound = False

    @property
    def database(self) -> Database:
        database = self._database()
        assert database is not None
        return database

    # --- reading -----------------------------------------------------------------------------------------------------

    def roll_forward(self) -> None:
        """Have the latest published commit of all processes as the root (INV-P1)."""
        committer = self._committer
        with committer.lock:
            self._follow(self._words[words.COMMIT])

    def _follow(self, last: int) -> None:
        """Under the committer's lock: know the commits up to that one, and publish what is published (INV-P1). While the right
        to commit is ours all are known."""
        committer, published = self._committer, self._words[words.COMMIT]
        committer.publish_to(published)
        if committer.tip.commit_id >= last or self.held:
            return
        self._since = max(self._since, last)  # of others, and perhaps not durable
        following = self._following()
        try:
            with paused_gc(EDITS_EACH * (last - committer.tip.commit_id)):
                for record in following.records(committer.tip.commit_id, last):
                    committer.receive(record)
        finally:
            self._adopt_log(following.log)
            committer.publish_to(published)

    def _following(self) -> Following:
        database = self.database
        checkpointer, committer = database.checkpointer, database.committer
        assert checkpointer is not None
        if committer.log is not None:
            if committer.failure is not None and not self._rewound:
                self._rewind(committer.log)
            return Following(checkpointer.generations, committer.log)
        return Following.of_generation(checkpointer.generations, self._first, None, committer.published.commit_id)

    def _rewind(self, failed: Log) -> None:
        """What this process appended last failed, and others write over it: go on reading behind what is published."""
        last, head = self._committer.published.commit_id, failed.head
        log, reading = self._generations.reading(head.generation, head.log_id, failed.base, NOTHING)
        commits = reading.commits()
        while log.commit_id < last and next(commits, None) is not None:
            log.advance(reading)
        self._rewound = True
        self._adopt_log(log)
        failed.close()

    def _adopt_log(self, log: Log) -> None:
        self._committer.log = log
        self.file.tell(words.FIRST, log.head.generation)

    # --- the right to commit -----------------------------------------------------------------------------------------

    def take(self, timeout: float) -> bool:
        """Get the right to commit, with all that others committed known. Called under the committer's lock; whether it was
        let go meanwhile."""
        if self.held:
            return False
        if not (self._acquiring or self._left) and self.file.try_lock(words.WRITER):
            return self._enter(False)
        let_go = False
        deadline, holder = time.monotonic() + timeout, holder_of(timeout)
        while not self.held:
            if not self._acquiring:
                return self._acquire(deadline, holder) or let_go
            let_go = True
            self._wait(deadline, holder)
        return let_go

    def _wait(self, deadline: float, holder: Any) -> None:
        while True:
            go_on(holder)
            left = deadline - time.monotonic()
            if left <= 0:
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            if self._wait_for_change(left if holder is None else min(left, SLICE)):
                return

    def _wait_for_change(self, timeout: float | None = None) -> bool:
        self._waiting += 1
        try:
            return self._changed.wait(timeout)
        finally:
            self._waiting -= 1

    def _acquire(self, deadline: float, holder: Any) -> bool:
        """Lock WRITER and read what was committed; whether the committer's lock was let go for it."""
        waits = self._courtesy() > 0 or not self.file.try_lock(words.WRITER)
        if waits:
            with self._let_go():
                courtesy = self._courtesy()
                if courtesy > 0:
                    time.sleep(courtesy)
                got = self.file.lock(words.WRITER, deadline - time.monotonic(), holder)
            if not got:
                raise OperationalError("database is locked", name="SQLITE_BUSY")
        return self._enter(waits)

    def _enter(self, waits: bool) -> bool:
        """WRITER is locked: know what was committed, and have the right to commit. `waits`: the committer's lock was let go; whether it
        was in the end."""
        try:
            if self._words[words.ENDING]:
                waits = True
                self._mend()
            self._catch_up()
        except BaseException:
            self.file.unlock(words.WRITER)
            raise
        self.held = True
        return waits

    def _courtesy(self) -> float:
        """For how many seconds those who waited when this process gave the right to commit back go first."""
        return self._left + COURTESY_SECONDS - time.monotonic() if self._left else 0.0

    @contextmanager
    def _let_go(self) -> Iterator[None]:
        """Without the committer's lock; the threads of this process wait until the right to commit is got, or is not."""
        committer = self._committer
        self._acquiring = True
        try:
            committer.lock.release()
            yield
        finally:
            committer.lock.acquire()
            self._acquiring = False
            self._changed.notify_all()

    def _catch_up(self) -> None:
        """WRITER is ours: know the log to its end."""
        shared = self._words
        self._left = 0.0
        shared[words.WANTED] = 0
        self._since = shared[words.APPENDED]
        mine = self.file.slot + 1
        if shared[words.LAST] == mine:
            self._crowd -= self._crowd > 0
            return
        if shared[words.LAST]:
            self._crowd = CROWD
        self._follow(self._since)
        log = self._committer.log
        if log is not None and shared[words.CURRENT] != log.head.generation:
            log = self._to_the_end()
        if log is not None:
            shared[words.CURRENT] = log.head.generation
            log.resume(self._durable(log))
        shared[words.LAST] = mine

    def _durable(self, log: Log) -> int:
        """Up to where that generation is known to be synced."""
        same = self._words[words.GENERATION] == log.head.generation
        return self._words[words.DURABLE] if same else 0

    def _to_the_end(self) -> Log | None:
        """Go on into the generation that goes on, even if it has no commit yet. CHECKPOINT or WRITER is ours, so none is about
        to begin; and of those that ended all is published."""
        log = self._committer.log
        if log is None:
            return None
        following = Following(self._generations, log)
        try:
            following.to_the_end()
        finally:
            self._adopt_log(following.log)
        return following.log

    def leave(self) -> None:
        """Give the right to commit back. Under the committer's lock; all that was numbered is written."""
        shared, log = self._words, self._committer.log
        if log is not None and shared[words.APPENDED] < (written := log.written_id):
            shared[words.APPENDED] = written
        if shared[words.WANTED]:
            self._left, self._crowd = time.monotonic(), CROWD
        self.held = False
        self.file.unlock(words.WRITER)
        if self._waiting:
            self._changed.notify_all()

    def stays(self) -> bool:
        """Under the committer's lock: whether the right to commit can be kept until what is numbered is published, for nothing of
        another process is under way, and none has committed lately or waits to."""
        shared = self._words
        if shared[words.WANTED]:
            self._crowd = CROWD
        return self.held and not self._crowd and shared[words.COMMIT] >= self._since

    @property
    def wanted(self) -> bool:
        """Whether another process waits for the right to commit."""
        return bool(self._words[words.WANTED])

    def tell_written(self, log: Log | None) -> None:
        """What is written others may go on behind. Under the committer's lock, while the right to commit is held."""
        if log is not None and self._words[words.APPENDED] < log.written_id:
            self._words[words.APPENDED] = log.written_id

    # --- making durable ----------------------------------------------------------------------------------------------

    def flush(self, log: Log, sync: bool, ends: bool) -> int:
        """As the leader of this process: write what was appended, let others append behind it, and see that it is synced and
        published; the last commit that is then. `ends`: with it a generation ends."""
        shared = self._words
        if self._committer.keeps and not ends:
            log.write()
            if sync and not self._words[words.DOUBT]:
                return self._publish_alone(log)
            return self._publish(log, log.written_id, sync)
        target = self._write(log)
        with self._alone():
            if shared[words.COMMIT] >= target and not ends:
                return shared[words.COMMIT]  # another process's sync began after our write
            if sync and not ends and self._gather():
                target = self._write(log)
            return self._publish(log, target, sync or shared[words.COMMIT] < self._since)

    def _write(self, log: Log) -> int:
        """Write; others may commit behind it."""
        committer = self._committer
        if not log.is_written:
            log.write()
        with committer.lock:
            target = log.written_id
            if self.held:
                self.tell_written(log)
                committer.rest()
        return target

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The only one of all processes that syncs."""
        with self._syncing:
            try:
                self.file.wait(words.SYNC)
                yield
            finally:
                self.file.unlock(words.SYNC)

    def _gather(self) -> bool:
        """Before a sync: let those who committed together last time append, for one sync serves them all. For at most half the
        time that the last sync took; not at all if that is less than it takes to look. Whether anything was waited for."""
        limit = min(self._seconds / 2, GATHER_SECONDS_MAX)
        if limit < GATHER_SECONDS_MIN or self._under_way() >= self._company:
            return False
        until = time.monotonic() + limit
        while self._under_way() < self._company and time.monotonic() < until:
            time.sleep(GATHER_PAUSE)
        return True

    def _under_way(self) -> int:
        """How many commits of all processes are numbered and not published."""
        committer, shared = self._committer, self._words
        return max(shared[words.APPENDED], committer.tip.commit_id) - shared[words.COMMIT]

    def _publish(self, log: Log, target: int, sync: bool) -> int:
        """Nobody else syncs: sync what is written, if wanted, and publish it; the last commit that is published."""
        shared = self._words
        if sync:
            begun = time.monotonic()
            target = self._sync(log, target)
            took = time.monotonic() - begun
            self._seconds = min(
                took, 1.25 * self._seconds or took
            )  # of one that was held up, nobody learns how long others take
            self._company = max(self._under_way(), self._company - 1)
        if shared[words.APPENDED] < target:  # the right to commit is kept
            shared[words.APPENDED] = target
        if shared[words.COMMIT] < target:
            shared[words.COMMIT] = target
        return shared[words.COMMIT]

    def _publish_alone(self, log: Log) -> int:
        """`_publish` with a sync where no other process is about, and the right to commit is kept: the short form of it."""
        shared, target = self._words, log.written_id
        shared[words.DOUBT] = 1
        end = log.sync()
        if shared[words.GENERATION] == log.head.generation and shared[words.DURABLE] < end:
            shared[words.DURABLE] = end
        else:
            self._tell_durable(log, end)
        shared[words.DOUBT] = 0
        if shared[words.APPENDED] < target:
            shared[words.APPENDED] = target
        if shared[words.COMMIT] < target:
            shared[words.COMMIT] = target
        return shared[words.COMMIT]

    def _sync(self, log: Log, target: int) -> int:
        """Sync; the last commit that is durable by it."""
        shared = self._words
        doubt, appended = shared[words.DOUBT], shared[words.APPENDED]
        shared[words.DOUBT] = 1
        if doubt:
            return self._sync_again(log)
        self._tell_durable(log, log.sync())
        shared[words.DOUBT] = 0
        return max(target, appended)

    def _sync_again(self, log: Log) -> int:
        """The last sync failed, or its process died: what is known here is written again before, and nothing else counts."""
        shared = self._words
        nothing_told = log.hear()
        end, last = log.write_again(self._durable(log))
        self._tell_durable(log, log.sync(end))
        with self.database.committer.lock:  # none of our threads writes
            if nothing_told and not self._acquiring and (self.held or self.file.try_lock(words.WRITER)):
                if last >= max(shared[words.APPENDED], log.written_id):
                    shared[words.DOUBT] = 0
                if not self.held:
                    self.file.unlock(words.WRITER)
        return last

    def _tell_durable(self, log: Log, end: int) -> None:
        shared = self._words
        if shared[words.GENERATION] != log.head.generation:
            shared[words.DURABLE] = 0
            shared[words.GENERATION] = log.head.generation
        shared[words.DURABLE] = max(shared[words.DURABLE], end)

    def ending(self, ends: bool) -> None:
        """This process is about to end a generation, or has done so."""
        self._words[words.CURRENT] = 0
        self._words[words.ENDING] = int(ends)

    def _mend(self) -> None:
        """Under the committer's lock, which it lets go. A process died, or failed, while it ended a generation: what is there of
        it is made durable before anything is written behind it (INV-R13). WRITER or CHECKPOINT is ours."""
        committer, shared = self._committer, self._words
        self._follow(shared[words.APPENDED])
        log = committer.log
        assert log is not None
        with self._let_go(), self._alone():
            if not shared[words.ENDING]:
                return
            try:
                log.hear()
                log.write_again(self._durable(log))
                log.sync()
            except OperationalError as error:
                committer.fail(error)
                raise
            shared[words.COMMIT] = max(shared[words.COMMIT], shared[words.APPENDED])
            shared[words.DOUBT] = 0
            self.ending(False)

    # --- checkpoints -------------------------------------------------------------------------------------------------

    @property
    def _generations(self) -> Generations:
        checkpointer = self.database.checkpointer
        assert checkpointer is not None
        return checkpointer.generations

    def enter_checkpoint(self) -> None:
        """Lock CHECKPOINT, and take over what others have made of the file since."""
        try:
            if not self.file.lock(words.CHECKPOINT, PATIENCE):
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            self._take_over()
        except BaseException:
            self.file.unlock(words.CHECKPOINT)
            raise

    def leave_checkpoint(self) -> None:
        """Unlock CHECKPOINT."""
        database = self.database
        if database.live is not None:
            self.file.tell(words.FLOOR, min(database.live.commits(), default=self.lineage))
        if database.checkpointer is not None:
            self.promise(database.checkpointer.promised_here())
        self.file.unlock(words.CHECKPOINT)

    def _take_over(self) -> None:
        checkpointer, committer = self.database.checkpointer, self.database.committer
        assert checkpointer is not None
        blocks, died = checkpointer.blocks, self._words[words.UNDER_WAY]
        with committer.lock:
            if self._words[words.ENDING] and committer.failure is None:
                while self._acquiring:
                    self._wait_for_change()
                self._mend()
            self._follow(self._words[words.COMMIT])
            if not self.held:
                self._to_the_end()
        if self._words[words.UNKNOWN]:
            checkpointer.unknown = True
        if self._words[words.HEADER] == blocks.header.sequence and not died:
            return
        header = headers.read(blocks.file, blocks.path)
        if died:  # its header may be in the system's memory only
            headers.write(blocks.file, header)
            self._words[words.UNDER_WAY] = 0
            self._words[words.HEADER] = header.sequence
        if header.checkpoint == blocks.header.checkpoint:
            blocks.header = header
        else:
            self._reload(header)
        if not header.sealed:
            self._first = max(self._first, header.generation)
            committer = self._committer
            with committer.lock:
                if committer.log is None:
                    self._adopt_log(self._following().log)

    def _reload(self, header: Header) -> None:
        """Base this process's trees on a checkpoint that another made. CHECKPOINT is locked."""
        database = self.database
        committer, checkpointer = database.committer, database.checkpointer
        assert checkpointer is not None
        blocks = checkpointer.blocks
        while True:
            committer.settle()
            with committer.lock:
                before = committer.published
                if committer.tip is not before:
                    continue
                blocks.header = header
                blocks.read_record()
                assert blocks.record.state is not None
                checkpointer.record_read()
                with paused_gc():
                    root = graft(before, blocks.root(blocks.record.state))
                    for record in self._generations.replay(header.generation, header.commit_id, before.commit_id):
                        root = root.following(record)
                root = Root(root.commit_id, root.trees, schema_cell(before, root))
                self.lineage = header.commit_id
                self.taken_over = before.commit_id
                committer.tip = committer.published = committer.claims.tip = root
                database.begin_history(root)
                return

    def began(self) -> None:
        """A checkpoint of this process is under way."""
        self._words[words.UNDER_WAY] = self.file.slot + 1

    def header_written(self, header: Header) -> None:
        """A header of this process is in force."""
        self._words[words.HEADER] = header.sequence

    def moved(self, header: Header) -> None:
        """The database goes on in another file, and nobody else has it open."""
        self.lineage, self._first = header.commit_id, header.generation + 1
        self.file.tell(words.FIRST, self._first)
        self.header_written(header)

    def ended(self, unknown: bool) -> None:
        """The checkpoint has ended, well or not."""
        if self._gated:
            self._gated = False
            self.readers.let_in()
        if unknown:
            self._words[words.UNKNOWN] = 1
        self._words[words.UNDER_WAY] = 0

    def floor(self) -> int | None:
        """The oldest state from which on others may read; None: there are no others. CHECKPOINT is locked. Until the
        checkpoint has `ended` no reader begins; if one just does, everything stays."""
        told = [self.file.told(slot, words.FLOOR) for slot in self.file.others()]
        return min(told + self.readers.floors(), default=None) if self._shuts() else 0

    def first_generation(self) -> int | None:
        """The oldest log generation that others may read; None: there are no others."""
        told = [self.file.told(slot, words.FIRST) for slot in self.file.others()]
        return min(told + self.readers.generations(), default=None) if self._shuts() else 0

    def _shuts(self) -> bool:
        """Keep readers from beginning until the checkpoint has ended, if none is just at it."""
        self._gated = self._gated or self.readers.shut()
        return self._gated

    def alone(self) -> bool:
        """Whether nobody else has the file open, for writing or for reading. OPENING is locked."""
        return not self.file.others() and not self.readers.floors()

    @property
    def readers(self) -> Readers:
        """The processes that have the file open for reading only."""
        return Readers(self.database.checkpointer.blocks.file)  # type: ignore[union-attr]

    def promise(self, commits: Collection[int]) -> None:
        """Say which states are to become snapshots when transactions of this process commit (INV-C8). CHECKPOINT is locked."""
        if not self.file.promise(commits):
            raise OperationalError("database is locked: too many snapshots are being made", name="SQLITE_BUSY")

    def promised(self) -> set[int]:
        """The states that other processes have promised. CHECKPOINT is locked."""
        return {commit_id for slot in self.file.others() for commit_id in self.file.promised(slot)}

    def processes(self) -> Iterator[tuple[int | None, int, int | None, int]]:
        """Pid, floor, first log generation, own, of the processes that have the file open; of readers the floor alone."""
        file = self.file
        for slot in sorted([file.slot, *file.others()]):
            told = [file.told(slot, word) for word in (words.PID, words.FLOOR, words.FIRST)]
            yield told[0], told[1], told[2], int(slot == file.slot)
        for floor in self.readers.floors():
            yield None, floor, None, 0

    def lower_floor(self, commit_id: int) -> None:
        """An older state is about to be read. CHECKPOINT is locked."""
        self.file.tell(words.FLOOR, min(commit_id, self.file.told(self.file.slot, words.FLOOR)))

    # --- keeping up --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Take over what others did, if that is possible at once."""
        checkpointer, committer = self.database.checkpointer, self.database.committer
        assert checkpointer is not None
        self.roll_forward()
        if committer.unpublished and not committer.flushing:
            committer.settle()  # a flush was interrupted, and nobody committed since
        if not self.held:
            self._unlock_forgotten()
        behind = self._words[words.COMMIT] > self._committer.published.commit_id
        if behind or self._words[words.HEADER] != checkpointer.blocks.header.sequence:
            checkpointer.lock.try_once()

    def _unlock_forgotten(self) -> None:
        """Unlock WRITER, SYNC and CHECKPOINT, should an interrupt have come between the locking and our knowing of it."""
        with self._committer.lock:
            if not self.held and not self._acquiring:
                self.file.unlock(words.WRITER)
        if self._syncing.acquire(blocking=False):
            try:
                self.file.unlock(words.SYNC)
            finally:
                self._syncing.release()
        if self.database.checkpointer is not None:
            self.database.checkpointer.lock.unlock_forgotten()


def begin(file: LockFile, blocks: BlockFile, commit_id: int, first: int) -> None:
    """The first process: forget what the lock file says, and tell those who will come what they need to know."""
    header = blocks.header
    file.begin(header.file_id, commit_id, header.sequence)
    file.take_slot(header.commit_id, first)


def attach(blocks: BlockFile, generations: Generations, file: LockFile) -> tuple[list[Root], Log | None]:
    """The latest published state of a database that other processes have open, as the last of some roots; and its log."""
    header = blocks.header
    root = Root.empty() if blocks.record.state is None else blocks.root(blocks.record.state)
    roots = [root]
    if header.sealed:
        file.take_slot(root.commit_id, header.generation + 1)
        return roots, None
    following = Following.of_generation(generations, header.generation, header.log_id, header.commit_id)
    try:
        with paused_gc():
            for record in following.records(root.commit_id, file.words[words.COMMIT]):
                root = root.following(record)
                roots.append(root)
        file.take_slot(header.commit_id, following.log.head.generation)
    except BaseException:
        following.log.close()
        raise
    return roots, following.log
