"""PRAGMAs about the store: cache, log, checkpoints, snapshots, history, space.

    =========================  ========================================================================================
    cache_size                 the budget of the node cache: N > 0 pages of 4096 bytes, N < 0 KiB; -1048576 at first. Of the
                               database, not of the connection, for as long as it is open
    wal_autocheckpoint         pages of log after which a checkpoint is made; 1000 at first, 0 or less: never by itself
    wal_checkpoint(mode)       make a checkpoint now → busy, log, checkpointed (pages of log; all of them). All modes do the
                               same: readers and writers are never in the way. Without a file: 0, -1, -1
    history_retention          how many commits back every state can be read, also after checkpoints and reopening
                               (`docs/MVCC_SNAPSHOT_INTEGRATION.md`); kept in the file; 0 at first
    aerodb_compression         'zlib' or 'none': how blocks are written from now on; kept in the file
    aerodb_snapshots           name, commit_id of each snapshot
    aerodb_read_views          commit_id, age (in commits), max_age of each open read view, oldest first
    aerodb_processes           pid, floor, log_generation, own (0 or 1) of each process that has the file open
    aerodb_consumers           name, commit_id of each consumer of the change feed
    aerodb_max_view_age        older read views, in commits, are ended (INV-G7); 0 at first: none is. Of the database, for as
                               long as it is open
    aerodb_switch_interval     the interpreter's while a commit is written, in microseconds (`storage/switching.py`)
    aerodb_store               one row of figures: commit_id, checkpoint_id, floor, oldest_commit, log_bytes, file_bytes,
                               live_bytes, pending_bytes, free_bytes, cache_bytes, cache_budget, checkpoints, evictions,
                               failure (why the last checkpoint failed, or NULL)
    page_count, freelist_count the file and its free room in pages of 4096 bytes
    shrink_memory              unload what can be unloaded
    =========================  ========================================================================================

*Pending* is what dead versions take that somebody may still read; *live* all that is neither pending nor free.

Example::

    PRAGMA history_retention = 1000;
    PRAGMA wal_checkpoint(TRUNCATE);   →  0, 12, 12
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aerodb_dbapi.storage import switching
from aerodb_dbapi.storage.catalog import META_TREE
from aerodb_dbapi.storage.checkpoint import COMPRESSION, RETENTION, consumers
from aerodb_dbapi.storage.database import AUTOCHECKPOINT, PAGE
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.space import Survey

Rows = list[tuple[Any, ...]]
Change = Callable[[Any, Callable[[Any], None]], None]

STORE_COLUMNS: Final = (
    "commit_id", "checkpoint_id", "floor", "oldest_commit", "log_bytes", "file_bytes", "live_bytes", "pending_bytes",
    "free_bytes", "cache_bytes", "cache_budget", "checkpoints", "evictions", "failure",
)  # fmt: skip


def cache_size(session: Any, value: int | None) -> Rows | None:
    """Get or set the budget of the node cache."""
    checkpointer = session.database.checkpointer
    if value is not None:
        session.settings["cache_size"] = value
        if checkpointer is not None:
            checkpointer.blocks.cache.resize(value * PAGE if value >= 0 else -value * 1024)
        return None
    if checkpointer is None:
        return [(session.settings.get("cache_size", -2000),)]
    budget = checkpointer.blocks.cache.budget
    return [(session.settings.get("cache_size", -(budget // 1024)),)]


def wal_autocheckpoint(session: Any, value: int | None) -> Rows:
    """Get or set after how many pages of log a checkpoint is made."""
    database = session.database
    if value is not None:
        database.set_autocheckpoint(value * PAGE)
    limit = database.committer.log_limit
    return [((AUTOCHECKPOINT if database.checkpointer is None else limit or 0) // PAGE,)]


def wal_checkpoint(session: Any, value: str | None) -> Rows:
    """Make a checkpoint now."""
    if session.transaction is not None and getattr(session.transaction, "journal", None):
        raise OperationalError("database table is locked", name="SQLITE_LOCKED")
    database = session.database
    if database.checkpointer is None:
        return [(0, -1, -1)]
    log = database.committer.log
    log_pages = 0 if log is None else -(-log.end // PAGE)
    database.checkpoint()
    return [(0, log_pages, log_pages)]


def locking_mode(session: Any, value: str | None) -> Rows:
    """Get or set whether other processes are kept out of the file."""
    word = (value or "").lower()
    if word in ("exclusive", "normal"):
        session.settings["locking_mode"] = word
        if session.database.checkpointer is not None:
            session.database.set_exclusive(word == "exclusive")
    return [(session.settings.get("locking_mode", "normal"),)]


def history_retention(session: Any, value: int | None, change: Change) -> Rows:
    """Get or set how many commits of history the file keeps."""
    if value is not None:
        if value < 0:
            raise OperationalError("history_retention must not be negative")
        change(session, lambda transaction: transaction.set_meta(RETENTION, value))
    return [(session.trees[META_TREE].get(RETENTION, 0),)]


def compression(session: Any, value: str | None, change: Change) -> Rows:
    """Get or set how blocks are compressed."""
    if value is not None:
        word = value.lower()
        if word not in ("zlib", "none"):
            raise OperationalError(f"unknown compression: {value}")
        change(session, lambda transaction: transaction.set_meta(COMPRESSION, word))
    return [(session.trees[META_TREE].get(COMPRESSION, "none"),)]


def snapshot_list(session: Any, value: str | None) -> Rows:
    """Name and commit of each snapshot."""
    return sorted(session.database.snapshots().items())


def read_views(session: Any, value: str | None) -> Rows:
    """Commit and age of each open read view, and the age at which it is ended."""
    database = session.database
    database.end_old_views()
    latest, limit = database.root.commit_id, database.max_view_age or None
    return sorted((root.commit_id, latest - root.commit_id, limit) for root in list(database.views.values()))


def max_view_age(session: Any, value: int | None) -> Rows:
    """Get or set how old a read view may become, in commits; 0: as old as it likes."""
    database = session.database
    if value is not None:
        if value < 0:
            raise OperationalError("aerodb_max_view_age must not be negative")
        database.max_view_age = value
        database.end_old_views()
    return [(database.max_view_age,)]


def switch_interval(session: Any, value: int | None) -> Rows:
    """Get or set, for all databases of the process, the interpreter's switch interval while a commit is written, in microseconds; 0:
    it is left alone."""
    if value is not None:
        if value < 0:
            raise OperationalError("aerodb_switch_interval must not be negative")
        switching.SECONDS = value / 1e6
    return [(round(switching.SECONDS * 1e6),)]


def store_figures(session: Any, value: str | None) -> Rows:
    """What the store holds, in one row."""
    database = session.database
    commit_id, floor, oldest = database.root.commit_id, database.floor, database.oldest_commit()
    checkpointer = database.checkpointer
    if checkpointer is None:
        return [(commit_id, None, floor, oldest, 0, 0, 0, 0, 0, 0, 0, 0, 0, None)]
    blocks, log = checkpointer.blocks, database.committer.log
    record, cache = blocks.record, blocks.cache
    free = sum(extent for _, extent in record.free)
    pending = sum(block.extent for block in record.dead)
    return [
        (
            commit_id, record.commit_id, floor, oldest, 0 if log is None else log.end, record.end,
            record.end - free - pending, pending, free, cache.used, cache.budget, checkpointer.count, cache.evicted,
            None if checkpointer.failure is None else str(checkpointer.failure),
        )
    ]  # fmt: skip


def processes(session: Any, value: str | None) -> Rows:
    """The processes that have the file open, and from which state and log generation on each may read it."""
    sharing = session.database.sharing
    return [] if sharing is None else list(sharing.processes())


def consumer_list(session: Any, value: str | None) -> Rows:
    """Name and acknowledged commit of each consumer of the change feed."""
    return sorted(consumers(session.database.root).items())


def file_problems(session: Any) -> list[str]:
    """What is wrong with the blocks and the space of the file, for every state that it keeps (INV-G4)."""
    checkpointer = session.database.checkpointer
    if checkpointer is None:
        return []
    # no checkpoint meanwhile: it would write over blocks that the survey is at
    return checkpointer.lock.within(lambda: Survey(checkpointer.blocks).check())


def page_count(session: Any) -> int:
    """The file's length in pages; of a database in memory, what its rows would about take."""
    checkpointer = session.database.checkpointer
    if checkpointer is not None and checkpointer.blocks.record.commit_id:
        return int(-(-checkpointer.blocks.record.end // PAGE))
    rows = sum(len(session.trees[t.tree]) for t in session.schema.tables.values())
    return 1 + len(session.schema.objects) + rows // 64


def free_pages(session: Any) -> int:
    """The file's free room in pages."""
    checkpointer = session.database.checkpointer
    return 0 if checkpointer is None else sum(extent for _, extent in checkpointer.blocks.record.free) // PAGE


def shrink_memory(session: Any, value: str | None) -> None:
    """Unload what can be unloaded."""
    checkpointer = session.database.checkpointer
    if checkpointer is not None:
        cache = checkpointer.blocks.cache
        budget = cache.budget
        cache.resize(0)
        cache.resize(budget)
