"""Checkpoints: from a state in memory to a state in the block file, beside readers and writers.

One checkpoint, of commit C, after checkpoint P (INV-C1, INV-C5)
    1. *Cut*: the log goes on in a new generation, so that the old one ends with C (`commit.py`). Root C cannot change, so
       nobody is stopped. 2. *Write* the dirty nodes of C, children before parents, then those of snapshots that are not
       in the file yet. A node is dirty if it has no source. 3. *Count the dead*: blocks that P's state reaches and C's
       does not. 4. *Collect*: dead blocks that no pin can reach join the free list. 5. Write state record and checkpoint
       record; sync; header slot; sync: now it is so. 6. The nodes written get their sources, and may be evicted; log
       generations that nothing needs go.

    If anything fails before the header is written, nothing has changed (INV-C4): the extents were free, the nodes are dirty, and
    the commits are durable in their generations. `failure` says why, and the next checkpoint tries again. If the writing
    of the header fails, either header may be found after a crash: there are no more checkpoints, no log is removed and
    no room is used again until the database is opened anew (INV-C6); commits go on in the log. For the same reason the
    header in force is written once more, as it is, before the first checkpoint of a session, and before a log is removed
    or replaced. (The first log of a session that replaces none needs it not: its own header, when it is durable, leads to the
    same blocks, and until then nothing has gone.)

The dead
    A dirty node's clean children are the *frontier*: subtrees of C that are as in P. Walking P's state from its roots, what
    is in the frontier is alive with all below; what is not is dead, and its children are looked at. The cost is that of
    the change. Example: one row of a table of three levels was updated since P: the two branches were written, and their
    blocks died; their children are the frontier, the changed leaf too, for it is edits of the block that it had.

Who pins what
    A dead block has ``birth`` and ``died``: states from birth to before died may reach it. It is collected if and only if
    no pin p has birth <= p < died (INV-G1). Pins are the commit ids of
        states in use by this process: a weak reference to the tree map of every root that was published, or rebuilt
        snapshots, and states kept by `history_retention`
    What was collected is in the free list of C's record, a fact of the file: recovery decides nothing about it (INV-G3).
    Its room is used by the checkpoint after C, not by C itself (INV-C3).

    `birth` of what C writes is P + 1, for a node made by commit u, P < u <= C, is shared by the states u … C: no
    state before `birth`, or from `died` on, reaches the block (INV-G6). Every unit of the file is in use, dead or free, and
    only one of these (INV-G4, `accounting.py`).

The garbage collector of cycles is off while a large checkpoint is made. What a checkpoint allocates stays, which the collector takes for
a reason to look through everything: half a second in a process with a million rows, in which no thread commits.

At the close of the last connection the log is not cut but ends: the header says that there is none (SEALED).

Not here: rooms in the file (`blocks.py`), how nodes become pages (`writing.py`), when to run (`database.py`).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.catalog import META_TREE
from aerodb_dbapi.storage.checkpoint_lock import CheckpointLock
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import io_error
from aerodb_dbapi.storage.header import Header
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.pages import Checkpoint, Dead, Pinned, Pointer, TreeEntry
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sharing import Sharing
from aerodb_dbapi.storage.tree import Tree
from aerodb_dbapi.storage.writing import Writing

if TYPE_CHECKING:
    from aerodb_dbapi.storage.commit import Committer
    from aerodb_dbapi.storage.generations import Generations
    from aerodb_dbapi.storage.transaction import Transaction
    from aerodb_dbapi.storage.wal import Log

SNAPSHOT: Final = "snapshot:"
CONSUMER: Final = "consumer:"
RETENTION: Final = "history_retention"
COMPRESSION: Final = "compression"
STATES_LEAST: Final = 1000
EDIT_BYTES: Final = 64  # of the log, for an edit at least
EMPTY_STATE: Final = Pointer(0, 0, 0, 0)  # of commit 0, which has no record


class LiveStates:
    """Weak references to the states of this process: which commits somebody may still read. Those that nobody holds are dropped when
    it is asked for them, and when they have become many: some ten thousand commits may come between two checkpoints."""

    __slots__ = ("_lock", "_most", "_states")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: list[tuple[int, Any]] = []
        self._most = STATES_LEAST

    def add(self, commit_id: int, root: Root) -> None:
        """A root that anybody may take from now on, standing for that commit."""
        states = self._states
        states.append((commit_id, ref(root.trees)))
        if len(states) > self._most:
            self.commits()

    def rebase(self, old: int, new: int, maps: set[int]) -> None:
        """Those of the tree maps, by identity, that stood for the commit `old` stand for `new`."""
        with self._lock:
            states = self._states
            count = len(states)
            states[:count] = [
                (new if commit_id == old and id(state()) in maps else commit_id, state)
                for commit_id, state in states[:count]
            ]

    def commits(self) -> set[int]:
        """The commits of the states that are still held."""
        with self._lock:
            states = self._states
            count = len(states)  # others may add behind it meanwhile
            states[:count] = [state for state in states[:count] if state[1]() is not None]
            self._most = max(2 * len(states), STATES_LEAST)
            return {commit_id for commit_id, _ in states}


def dead_blocks(blocks: BlockFile, before: Iterable[TreeEntry], frontier: set[int], died: int) -> list[Dead]:
    """The node blocks of an earlier state that a later one, of commit `died`, no longer reaches."""
    dead: list[Dead] = []
    waiting = [(entry.pointer, entry.is_leaf) for entry in before if entry.pointer is not None]
    while waiting:
        pointer, is_leaf = waiting.pop()
        if pointer.offset in frontier:
            continue
        dead.append(Dead(pointer.offset, pointer.extent, pointer.birth, died))
        if not is_leaf:
            waiting += blocks.children_but(frontier, pointer)
    return dead


class Checkpointer:
    """The checkpoints of one database file, one at a time. `failure` is the reason why the last one failed, if it did."""

    __slots__ = (
        "_before", "_entries", "alone", "blocks", "committer", "confirmed", "count", "failure", "generations", "live", "lock",
        "promised", "root_at", "unknown",
    )  # fmt: skip

    def __init__(
        self, blocks: BlockFile, generations: Generations, live: LiveStates, root_at: Callable[[int], Root]
    ) -> None:
        self.blocks = blocks
        self.generations = generations
        self.live = live
        self.root_at = root_at
        self.committer: Committer  # set by the database, which makes both
        self.lock = CheckpointLock()
        self.failure: OperationalError | None = None
        self.alone = threading.Event()  # set when the database is closed: nobody waits for the interpreter to commit
        self.count = 0
        self.confirmed = False
        self.unknown = False
        self.promised: dict[Transaction, int] = {}
        self._entries: list[TreeEntry] | None = None
        self._before: Tree | None = (
            None  # the directory of the state in force, if its nodes may be in memory; not a pin
        )

    @property
    def entries(self) -> list[TreeEntry]:
        """The trees of the checkpoint in force."""
        if self._entries is None:
            state = self.blocks.record.state
            self._entries = [] if state is None else self.blocks.state(state)[1]
        return self._entries

    def record_read(self) -> None:
        """The blocks have another record: that of a checkpoint which another process made."""
        self._entries = self._before = None

    # --- the log -----------------------------------------------------------------------------------------------------

    def start_log(self) -> None:
        """The first commit since the database was opened: make a log, and have the header name it (INV-R9)."""
        self.lock.within(self._start_log)

    def _start_log(self) -> None:
        if self.committer.log is not None or self.committer.failure is not None:
            return
        if self.unknown:  # the header that failed may name a log, which would be replaced
            text = "disk I/O error: no commit until all have closed the database: a header write failed"
            raise OperationalError(text, name="SQLITE_IOERR_WRITE")
        sharing = self.lock.sharing
        if sharing is not None:
            sharing.began()
        try:
            self._make_log()
        finally:
            if sharing is not None:
                sharing.ended(self.unknown)

    def _make_log(self) -> None:
        blocks, header = self.blocks, self.blocks.header
        try:
            if self.generations.is_in_the_way():
                self._confirm()
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR_WRITE", blocks.path) from error
        log = self.generations.first(header.generation + 1, blocks.record.commit_id)
        try:
            self._write_header(header.with_log(log.head.generation, log.head.log_id))
        except OSError as error:
            log.close()
            told = io_error(error, "SQLITE_IOERR_WRITE", blocks.path)
            self.committer.fail(told)
            raise told from error
        finally:
            if blocks.header is not header:  # it is so, interrupted or not
                self.confirmed = True
                self.committer.log = log
                published = self.committer.published
                if published.commit_id == blocks.record.commit_id:
                    self._before = published.directory

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def run(self, pins: Iterable[int] = (), closing: bool = False, stopped: threading.Event | None = None) -> int:
        """Make a checkpoint of the latest commit, and keep the states of `pins` as well; its commit id. With `closing`
        the log ends. OperationalError: it failed, and nothing has changed (`failure` keeps the reason). KeyboardInterrupt: neither has
        it where it was `stopped`."""
        with self.lock:
            sharing = self.lock.sharing
            if sharing is not None:
                sharing.began()
            try:
                commit_id = self._run(sorted(set(pins)), closing, stopped)
                if sharing is not None:
                    self._base_on(commit_id, sharing)
            except OSError as error:
                told = io_error(error, "SQLITE_IOERR_WRITE", self.blocks.path)
                text = f"checkpoint failed, the commits stay in the log: {told}"
                self.failure = OperationalError(text, name=told.sqlite_errorname)
                raise OperationalError(text, name=told.sqlite_errorname) from error
            except OperationalError as error:
                self.failure = error
                raise
            finally:
                if sharing is not None:
                    sharing.ended(self.unknown)
            self.failure = None
            return commit_id

    def _base_on(self, commit_id: int, sharing: Sharing) -> None:
        """This process's checkpoint is in force. It was written from the trees in memory: these, and those of later commits, read
        blocks of that state and of none before it."""
        before = sharing.lineage
        if commit_id > before:
            sharing.lineage = commit_id
            history = list(sharing.database.history.items())
            self.live.rebase(before, commit_id, {id(root.trees) for at, root in history if at >= commit_id})

    def move_to(self, blocks: BlockFile, live: LiveStates) -> None:
        """Go on in another file."""
        self.blocks, self.live = blocks, live
        self.confirmed, self.unknown, self.failure = True, False, None
        self._entries = self._before = None

    def promise(self, commit_id: int, transaction: Transaction) -> bool:
        """That state is to become a snapshot when the transaction commits: until then checkpoints keep it as if it were
        one (INV-C8). Whether the file has it, or can rebuild it from the log since the last checkpoint; if not, only a
        checkpoint makes it safe."""
        return self.lock.within(lambda: self._promise(commit_id, transaction))

    def _promise(self, commit_id: int, transaction: Transaction) -> bool:
        self.promised[transaction] = commit_id
        if self.lock.sharing is not None:
            try:
                self.lock.sharing.promise(self.promised_here())
            except OperationalError:
                del self.promised[transaction]
                raise
        return commit_id >= self.blocks.record.commit_id or any(at == commit_id for at, _, _ in self.states())

    def promised_here(self) -> set[int]:
        """States that transactions under way will make snapshots of; once they have ended, META tells."""
        self.promised = {t: commit_id for t, commit_id in self.promised.items() if t.is_open}
        return set(self.promised.values())

    def _promised(self) -> set[int]:
        """States that transactions of any process will make snapshots of."""
        sharing = self.lock.sharing
        return self.promised_here() | (set() if sharing is None else sharing.promised())

    def nearest(self, commit_id: int) -> tuple[int, Pointer, int] | None:
        """The latest state in the file from which the log leads to that commit, or which is of that commit: its commit,
        its record, and the generation that begins behind it."""
        best: tuple[int, Pointer, int] | None = None
        for at, pointer, generation in self.states():
            if at == commit_id or (at < commit_id and generation and (best is None or at > best[0])):
                best = at, pointer, generation
                if at == commit_id:
                    return best
        return best

    def oldest_commit(self) -> int:
        """From which commit on the file can give every state."""
        return min([at for at, _, generation in self.states() if generation], default=self.blocks.record.commit_id)

    def states(self) -> list[Pinned]:
        """The states that the file keeps, that of the checkpoint last."""
        record, header = self.blocks.record, self.blocks.header
        generation = 0 if header.sealed else header.generation
        return [*record.pinned, Pinned(record.commit_id, record.state or EMPTY_STATE, generation)]

    def _run(self, pins: list[int], closing: bool, stopped: threading.Event | None) -> int:
        committer, blocks = self.committer, self.blocks
        if self.unknown:
            raise OperationalError("no checkpoint until the database is opened again: the last header write failed")
        committer.settle()
        before = blocks.record
        nothing_new = committer.log is None and committer.published.commit_id == before.commit_id and not pins
        if nothing_new and (blocks.header.sealed or not closing):
            self._forget_logs(None, closing=False)  # what somebody still needed the last time
            return before.commit_id
        self._confirm()
        size = 0 if committer.log is None else committer.log.end
        log, root = self._cut(closing)
        with paused_gc(size // EDIT_BYTES):
            self._make(log, root, pins, closing, stopped)
        return root.commit_id

    def _make(
        self, log: Log | None, root: Root, pins: list[int], closing: bool, stopped: threading.Event | None
    ) -> None:
        """Make the checkpoint of that root, behind which that generation goes on."""
        blocks, before = self.blocks, self.blocks.record
        compress = root.trees[META_TREE].get(COMPRESSION) == "zlib"
        writing = Writing(blocks, before.commit_id + 1, compress, self.alone)
        writing.before, writing.stopped = self._before, stopped
        record = Checkpoint(root.commit_id)
        record.state, entries = writing.state(root)
        record.dead = list(before.dead)
        if root.commit_id != before.commit_id:
            record.dead += dead_blocks(blocks, self.entries, writing.frontier, root.commit_id)
        self._pin_states(record, writing, root, pins)
        self._write(record, writing, log, closing)
        self._entries, self._before = entries, root.directory
        self._forget_logs(log, closing)
        self.count += 1

    def _cut(self, closing: bool) -> tuple[Log | None, Root]:
        """The state to write; and the log generation that goes on behind it, None if there is no log."""
        committer = self.committer
        log = committer.log
        if log is not None and self.lock.sharing is not None:
            self.generations.locate(log)
        root = committer.published  # asked for before whether the log is empty, for it may not be soon
        if log is None or closing or log.is_empty:
            return log, root
        following = self.generations.prepare(log.head.generation + 1, 0)
        try:
            self.generations.promote(log, following)
            root, ended = committer.cut(following)
        except BaseException:
            if committer.log is not following:
                following.close()
            raise
        ended.trim()
        ended.close()
        return following, root

    def _pin_states(self, record: Checkpoint, writing: Writing, root: Root, pins: list[int]) -> None:
        """Keep the states of snapshots, of `pins` and of retention in the record."""
        before = self.blocks.record
        held = {pinned.commit_id: pinned for pinned in before.pinned}
        generation = 0 if self.blocks.header.sealed else self.blocks.header.generation
        held[before.commit_id] = Pinned(before.commit_id, before.state or EMPTY_STATE, generation)
        held.pop(root.commit_id, None)
        kept = _retained(held.values(), root.commit_id, retention(root))
        wanted = {*pins, *snapshots(root).values(), *self._promised()} - {root.commit_id}
        for commit_id in sorted(wanted - kept.keys(), reverse=True):
            if commit_id in held:
                kept[commit_id] = held[commit_id]._replace(generation=0)
                continue
            written = len(writing.nodes)
            if commit_id <= before.commit_id:  # who knows which states share what this one has in memory only
                writing.birth, writing.editing = 0, False
            pointer, _ = writing.state(self.root_at(commit_id))
            kept[commit_id] = Pinned(commit_id, pointer, 0)
            for node in writing.nodes[written:]:
                at = writing.written[id(node)].pointer
                record.dead.append(Dead(at.offset, at.extent, at.birth, root.commit_id))
        record.pinned = sorted(kept.values())

    def _write(self, record: Checkpoint, writing: Writing, log: Log | None, closing: bool) -> None:
        """Collect, write the record, sync, write the header, sync: the point at which the checkpoint is so."""
        blocks, before = self.blocks, self.blocks.record
        pins = sorted({pinned.commit_id for pinned in record.pinned} | self.live.commits())
        floor = None if self.lock.sharing is None else self.lock.sharing.floor()
        record.dead, collected = collect(record.dead, pins, floor)
        kept = {pinned.pointer.offset for pinned in record.pinned}
        records = (blocks.header.checkpoint, before.state, *[pinned.pointer for pinned in before.pinned])
        gone = {pointer for pointer in records if pointer is not None and pointer.length and pointer.offset not in kept}
        collected += [(pointer.offset, pointer.extent) for pointer in gone]
        pointer = writing.record(record, collected)
        writing.flush()
        blocks.file.sync()
        header = blocks.header.following(commit_id=record.commit_id, checkpoint=pointer)
        self._write_header(_naming(header, log, sealed=log is None or closing))
        self._entries = self._before = None  # those of the new record are read from it, should this end here
        blocks.record = record
        writing.adopt()

    def _write_header(self, header: Header) -> None:
        self.unknown = True
        try:
            self._put_in_force(header)
        except OSError:
            raise
        except BaseException:  # interrupted: once more, so that it is known which one is in force
            self._put_in_force(header)
            raise

    def _put_in_force(self, header: Header) -> None:
        headers.write(self.blocks.file, header)
        self.unknown = False
        self.blocks.header = header
        if self.lock.sharing is not None:
            self.lock.sharing.header_written(header)

    def _confirm(self) -> None:
        """What was read as the header in force may be in the kernel's memory only: make it durable before a block or a log goes
        that the one before it needs (INV-C6)."""
        if not self.confirmed:
            headers.write(self.blocks.file, self.blocks.header)
            self.confirmed = True

    def _forget_logs(self, log: Log | None, closing: bool) -> None:
        """Remove the generations that neither recovery nor retention needs (INV-R10)."""
        record, header = self.blocks.record, self.blocks.header
        kept = [pinned.generation for pinned in record.pinned if pinned.generation]
        if closing and log is not None:
            if kept:
                log.trim()
            log.close()
            self.committer.log = None
            self.generations.end_current(log, keep=bool(kept))
        first = None if self.lock.sharing is None else self.lock.sharing.first_generation()
        if first is not None:
            kept.append(first)
        needed = min([header.generation + header.sealed, *kept])
        if any(number < needed for number in self.generations.find_ended()):
            self._confirm()
            self.generations.remove_before(needed)


def collect(dead: list[Dead], pins: list[int], floor: int | None = None) -> tuple[list[Dead], list[tuple[int, int]]]:
    """Dead blocks that some pin may reach, and the extents of those that none can (INV-G1). From `floor` on every state may
    be read by another process (INV-P3)."""
    kept: list[Dead] = []
    extents: list[tuple[int, int]] = []
    for block in dead:
        at = bisect_left(pins, block.birth)
        if (at < len(pins) and pins[at] < block.died) or (floor is not None and block.died > floor):
            kept.append(block)
        else:
            extents.append((block.offset, block.extent))
    return kept, extents


def snapshots(root: Root) -> dict[str, int]:
    """Name → commit of the snapshots of a state."""
    return _named(root, SNAPSHOT)


def consumers(root: Root) -> dict[str, int]:
    """Name → the last commit that it has acknowledged, of the consumers of the change feed."""
    return _named(root, CONSUMER)


def retention(root: Root) -> int:
    """How many commits before this one must be kept: as many as was asked for, and all that a consumer still needs."""
    wanted: int = root.trees[META_TREE].get(RETENTION, 0)
    return max([wanted, *(root.commit_id - position for position in consumers(root).values())])


def _named(root: Root, prefix: str) -> dict[str, int]:
    entries = root.trees[META_TREE].scan(prefix, False, prefix + "\U0010ffff")
    return {key[len(prefix) :]: commit_id for key, commit_id in entries}


def _retained(held: Iterable[Pinned], commit_id: int, retention: int) -> dict[int, Pinned]:
    """The states behind which a log goes on that are needed to rebuild the last `retention` commits."""
    if not retention:
        return {}
    starts = sorted(pinned for pinned in held if pinned.generation)
    first = max(0, sum(pinned.commit_id <= commit_id - retention for pinned in starts) - 1)
    return {pinned.commit_id: pinned for pinned in starts[first:]}


def _naming(header: Header, log: Log | None, sealed: bool) -> Header:
    """The header that names that generation as the first to read, or says that there is none."""
    generation = header.generation if log is None else log.head.generation
    log_id = bytes(16) if log is None or sealed else log.head.log_id
    flags = headers.SEALED if sealed else 0
    return replace(header, generation=generation, log_id=log_id, end=0, end_commit=0, crc=0, flags=flags)
