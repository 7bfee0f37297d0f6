"""Several processes on one database file: how each of them knows what the others have done.

Every process has the whole engine: its own root, history, caches, open transactions. What they share is the files, and a
page of memory (`lock_file.py`). There is no server, and nobody waits for a process that died.

Reading
    The word COMMIT says how far commits are published. A new view first compares it with its own latest root: one read of
    memory. If others have committed, the log is read on from where this process stands, and every commit is applied to the
    root before it, as recovery would (INV-P1). Views that are open stay as they are.

Committing
    WRITER is locked, the log read to its end, then the commit is validated against all that came in between, numbered,
    written, synced and published as ever; the lock is given back when nothing of this process is unpublished (INV-P2). So
    the order of commits is one for all, and what was validated cannot be overtaken. Threads of one process still share
    syncs; when another process waits (WANTED), what is under way is finished before more is numbered.
    A process that dies in between has published nothing of it: what it left behind COMMIT in the log is written over. Only
    the end of a generation stays, and is synced once more (INV-P4).

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
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import lock_file as words
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.catalog import CATALOG_TREE
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.generations import Generations
from aerodb_dbapi.storage.header import Header
from aerodb_dbapi.storage.lock_file import LockFile
from aerodb_dbapi.storage.nodes import Branch, is_loaded, paused_gc
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import NOTHING
from aerodb_dbapi.storage.root import Root, SchemaCell
from aerodb_dbapi.storage.tree import Tree
from aerodb_dbapi.storage.wal import Log

if TYPE_CHECKING:
    from aerodb_dbapi.storage.database import Database

SUFFIX: Final = "-lock"
PATIENCE: Final = 60.0
COURTESY_SECONDS: Final = 0.001


class Following:
    """Reading on in a log that another process writes. `log` is the generation in which the last commit was read."""

    __slots__ = ("generations", "log")

    def __init__(self, generations: Generations, log: Log) -> None:
        self.generations = generations
        self.log = log

    @classmethod
    def of_generation(cls, generations: Generations, number: int, log_id: bytes | None, commit_id: int) -> Following:
        """A following from the begin of a generation, behind that commit. CorruptionError if it is not there."""
        log, reading = generations.reading(number, log_id, commit_id, NOTHING)
        log.advance(reading)
        return cls(generations, log)

    def records(self, commit_id: int, last: int) -> Iterator[CommitRecord]:
        """The commits behind the one that is known, up to `last`, which is published and must therefore be there."""
        while commit_id < last:
            reading = self.log.reading()
            for record in reading.commits():
                self.log.advance(reading)
                commit_id = record.commit_id
                yield record
                if commit_id >= last:
                    return
            if reading.continued is None:
                message = f"commit {commit_id + 1} is missing, and commit {last} was published"
                raise CorruptionError(message, file=self.log.path, offset=reading.end)
            self.log.advance(reading)
            self._go_on(reading.continued.generation, reading.continued.log_id)

    def to_the_end(self) -> None:
        """The right to commit is ours: go on into the generation that was begun, also if its process died of it."""
        while True:
            reading = self.log.reading()
            if not reading.ending():
                return
            assert reading.continued is not None
            self.log.advance(reading)
            self.log.sync()
            self._go_on(reading.continued.generation, reading.continued.log_id)

    def _go_on(self, number: int, log_id: bytes) -> None:
        ended = self.log
        self.log = Following.of_generation(self.generations, number, log_id, ended.commit_id).log
        self.generations.ended.append(ended.head.generation)
        ended.close()


class Sharing:
    """What a database has beside others when it shares its file. `Turn` for its committer."""

    __slots__ = (
        "_acquiring",
        "_changed",
        "_courtesy",
        "_database",
        "_first",
        "_rewound",
        "_words",
        "file",
        "held",
        "lineage",
        "taken_over",
    )

    def __init__(self, database: Database, file: LockFile, first: int) -> None:
        checkpointer = database.checkpointer
        assert checkpointer is not None
        self.file = file
        self.lineage = checkpointer.blocks.record.commit_id  # the state on disk that the latest trees were made from
        self.taken_over = 0  # states in memory before this commit are not based on the checkpoint in force
        self.held = False
        self._first = first  # the generation that follows, while there is no log
        self._words = file.words
        self._database = ref(database)
        self._acquiring = False
        self._changed = threading.Condition(database.committer.lock)  # whether this process has the right to commit
        self._courtesy = False
        self._rewound = False

    @property
    def database(self) -> Database:
        database = self._database()
        assert database is not None
        return database

    # --- reading -----------------------------------------------------------------------------------------------------

    def roll_forward(self) -> None:
        """Have the latest published commit of all processes as the root (INV-P1)."""
        committer = self.database.committer
        with committer.lock:
            if not self.held:
                self._follow()

    def _follow(self) -> None:
        """Under the committer's lock, nothing of ours under way: apply what others have published."""
        database = self.database
        committer, last = database.committer, self._words[words.COMMIT]
        if committer.published.commit_id >= last:
            return
        following = self._following()
        try:
            with paused_gc():
                for record in following.records(committer.published.commit_id, last):
                    committer.receive(record)
        finally:
            self._adopt_log(following.log)

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
        last, head = self.database.committer.published.commit_id, failed.head
        log, reading = self._generations.reading(head.generation, head.log_id, failed.base, NOTHING)
        commits = reading.commits()
        while log.commit_id < last and next(commits, None) is not None:
            log.advance(reading)
        self._rewound = True
        self._adopt_log(log)
        failed.close()

    def _adopt_log(self, log: Log) -> None:
        self.database.committer.log = log
        self.file.tell(words.FIRST, log.head.generation)

    def published(self, root: Root) -> None:
        """A commit of this process is published: let the others see it."""
        if self._words[words.COMMIT] < root.commit_id:
            self._words[words.COMMIT] = root.commit_id

    # --- the right to commit -----------------------------------------------------------------------------------------

    def take(self, timeout: float) -> bool:
        """Get the right to commit, with all that others committed known. Called under the committer's lock; whether it was
        let go meanwhile."""
        committer = self.database.committer
        let_go = False
        deadline = time.monotonic() + timeout
        while True:
            if self.held:
                if not (self._words[words.WANTED] and committer.unpublished) or committer.gate.inside is not None:
                    return let_go
                let_go = True
                self._wait(deadline)  # others wait: finish what is under way first
            elif self._acquiring:
                let_go = True
                self._wait(deadline)
            else:
                let_go = self._acquire(deadline) or let_go
                return let_go

    def _wait(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not self._changed.wait(left):
            raise OperationalError("database is locked", name="SQLITE_BUSY")

    def _acquire(self, deadline: float) -> bool:
        """Lock WRITER and read what was committed; whether the committer's lock was let go for it."""
        committer = self.database.committer
        waits = self._courtesy or not self.file.try_lock(words.WRITER)
        if waits:
            self._acquiring = True
            committer.lock.release()
            try:
                if self._courtesy:
                    self._courtesy = False
                    time.sleep(COURTESY_SECONDS)
                got = self.file.lock(words.WRITER, deadline - time.monotonic())
            finally:
                committer.lock.acquire()
                self._acquiring = False
                self._changed.notify_all()
            if not got:
                raise OperationalError("database is locked", name="SQLITE_BUSY")
        self.held = True
        try:
            self._catch_up()
        except BaseException:
            self.leave()
            raise
        return waits

    def _catch_up(self) -> None:
        """WRITER is ours: know the log to its end."""
        self._words[words.WANTED] = 0
        mine = self.file.slot + 1
        if self._words[words.LAST] == mine:
            return
        self._follow()
        log = self._to_the_end()
        if log is not None:
            same = self._words[words.GENERATION] == log.head.generation
            log.resume(self._words[words.DURABLE] if same else 0)
        self._words[words.LAST] = mine

    def _to_the_end(self) -> Log | None:
        """Go on into the generation that goes on, even if it has no commit yet. CHECKPOINT or WRITER is ours, so none is about
        to begin."""
        log = self.database.committer.log
        if log is None:
            return None
        following = Following(self._generations, log)
        try:
            following.to_the_end()
        finally:
            self._adopt_log(following.log)
        return following.log

    def leave(self) -> None:
        """Give the right to commit back. Under the committer's lock."""
        committer = self.database.committer
        log = committer.log
        if log is not None:
            self._words[words.GENERATION], self._words[words.DURABLE] = log.head.generation, log.durable_end
        if self._words[words.WANTED]:
            self._courtesy = True
        self.held = False
        self.file.unlock(words.WRITER)
        self._changed.notify_all()

    # --- checkpoints -------------------------------------------------------------------------------------------------

    @property
    def _generations(self) -> Generations:
        checkpointer = self.database.checkpointer
        assert checkpointer is not None
        return checkpointer.generations

    def enter_checkpoint(self) -> None:
        """Lock CHECKPOINT, and take over what others have made of the file since."""
        if not self.file.lock(words.CHECKPOINT, PATIENCE):
            raise OperationalError("database is locked", name="SQLITE_BUSY")
        try:
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
        checkpointer = self.database.checkpointer
        assert checkpointer is not None
        blocks, died = checkpointer.blocks, self._words[words.UNDER_WAY]
        with self.database.committer.lock:
            if not self.held:
                self._follow()
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
            committer = self.database.committer
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
                checkpointer.entries = blocks.state(blocks.record.state)[1]
                with paused_gc():
                    root = graft(before, blocks.root(blocks.record.state))
                    for record in self._generations.replay(header.generation, header.commit_id, before.commit_id):
                        root = root.following(record)
                root = Root(root.commit_id, root.trees, _cell(before, root))
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
        if unknown:
            self._words[words.UNKNOWN] = 1
        self._words[words.UNDER_WAY] = 0

    def floor(self) -> int | None:
        """The oldest state from which on others may read; None: there are no others. CHECKPOINT is locked."""
        return min((self.file.told(slot, words.FLOOR) for slot in self.file.others()), default=None)

    def first_generation(self) -> int | None:
        """The oldest log generation that others may read; None: there are no others."""
        return min((self.file.told(slot, words.FIRST) for slot in self.file.others()), default=None)

    def promise(self, commits: Collection[int]) -> None:
        """Say which states are to become snapshots when transactions of this process commit (INV-C8). CHECKPOINT is locked."""
        if not self.file.promise(commits):
            raise OperationalError("database is locked: too many snapshots are being made", name="SQLITE_BUSY")

    def promised(self) -> set[int]:
        """The states that other processes have promised. CHECKPOINT is locked."""
        return {commit_id for slot in self.file.others() for commit_id in self.file.promised(slot)}

    def processes(self) -> Iterator[tuple[int, int, int, int]]:
        """Pid, floor, first log generation, and whether it is this one, of the processes that have the file open."""
        file = self.file
        for slot in sorted([file.slot, *file.others()]):
            told = [file.told(slot, word) for word in (words.PID, words.FLOOR, words.FIRST)]
            yield told[0], told[1], told[2], int(slot == file.slot)

    def lower_floor(self, commit_id: int) -> None:
        """An older state is about to be read. CHECKPOINT is locked."""
        self.file.tell(words.FLOOR, min(commit_id, self.file.told(self.file.slot, words.FLOOR)))

    # --- keeping up --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Take over what others did, if that is possible at once."""
        checkpointer, committer = self.database.checkpointer, self.database.committer
        assert checkpointer is not None
        if committer.unpublished and not committer.flushing:
            committer.settle()  # a flush was interrupted, and nobody committed since
        if not self.held:
            self._let_go()
        behind = self._words[words.COMMIT] > self.database.committer.published.commit_id
        if behind or self._words[words.HEADER] != checkpointer.blocks.header.sequence:
            checkpointer.lock.try_once()

    def _let_go(self) -> None:
        """Unlock WRITER, should an interrupt have come between its locking and our knowing of it."""
        with self.database.committer.lock:
            if not self.held and not self._acquiring:
                self.file.unlock(words.WRITER)


class CheckpointLock:
    """The right to make checkpoints, and to rely on the one in force: among threads, and, if `sharing` is set, processes.
    Entered again by the thread that has it, it does nothing."""

    __slots__ = ("_depth", "_lock", "sharing")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self.sharing: Sharing | None = None

    def __enter__(self) -> CheckpointLock:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1 and self.sharing is not None:
            try:
                self.sharing.enter_checkpoint()
            except BaseException:
                self._depth -= 1
                self._lock.release()
                raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if self._depth == 1 and self.sharing is not None:
                self.sharing.leave_checkpoint()
        finally:
            self._depth -= 1
            self._lock.release()

    @property
    def threads(self) -> AbstractContextManager[bool]:
        """Only what keeps the threads of this process apart."""
        return self._lock

    def try_once(self) -> None:
        """Enter and leave, unless somebody else has it."""
        sharing = self.sharing
        if sharing is None or not self._lock.acquire(blocking=False):
            return
        try:
            if self._depth == 0 and sharing.file.try_lock(words.CHECKPOINT):
                sharing.file.unlock(words.CHECKPOINT)
                with self:
                    pass
        finally:
            self._lock.release()


def graft(before: Root, root: Root) -> Root:
    """A root from the file that keeps the nodes which `before` has of the same blocks, so that they need not be loaded again."""
    for tree_id, tree in root.trees.items():
        old = before.trees.get(tree_id)
        if old is not None and len(tree) and len(old):
            known: dict[int, Any] = {}
            _gather(old.node, known)
            if len(known) > 1:
                root.trees[tree_id] = Tree.of(_kept(tree.node, known), tree.kind, tree.unique_prefix)
    return root


def _gather(node: Any, known: dict[int, Any]) -> None:
    """The nodes with blocks in a tree, as far as it is loaded, by offset."""
    source = getattr(node, "source", None)
    if source is not None:
        known[source.pointer.offset] = node
    if node.__class__ is Branch and is_loaded(node):
        for child in node.children:
            _gather(child, known)


def _kept(node: Any, known: dict[int, Any]) -> Any:
    """A node of the new tree, or the one known of the same block. Branches that are not known are loaded to look below."""
    pointer = node.source.pointer
    same = known.get(pointer.offset)
    if same is not None and same.source.pointer == pointer:
        return same
    if node.__class__ is Branch:
        children, keys = node.children, node.keys
        node.children, node.keys = tuple([_kept(child, known) for child in children]), keys
    return node


def _cell(before: Root, root: Root) -> SchemaCell:
    """The schema of the root: the very one of before if the definitions are the same, for compiled statements hang on it."""
    if list(before.trees[CATALOG_TREE].scan()) == list(root.trees[CATALOG_TREE].scan()):
        return before.cell
    return root.cell


def begin(file: LockFile, blocks: BlockFile, commit_id: int, first: int) -> None:
    """The first process: forget what the lock file says, and tell those who will come what they need to know."""
    header = blocks.header
    file.begin(header.file_id)
    file.words[words.COMMIT], file.words[words.HEADER] = commit_id, header.sequence
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
