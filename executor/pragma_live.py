"""PRAGMAs about what goes on at the moment: transactions, waits, conflicts, commits.

    =======================  ==========================================================================================
    aerodb_connection        the number of this connection: in the process, in the order of opening
    aerodb_transactions      one row per live transaction, and per statement that waits without one:
                             connection    its number, NULL for one that is not a connection's
                             mode          'deferred', 'immediate', or 'autocommit'
                             base_commit   the commit that it sees; NULL while it waits for its view
                             seconds       since it took its view
                             edits         what it has written, in single edits of tables and indexes
                             waits_for     the number of the connection that it waits for, or NULL
                             waits_on      what for: a row, an index entry, or 'the write gate'
    aerodb_conflicts         per table (NULL: the schema, or a table that is gone), since the database was opened: failures by
                             what stood in the way, `written`, `unique_key`, `read`, `schema`, `cycle`, counting attempts of the
                             engine's own as well; `waits` for its rows, their `wait_seconds`, and `timeouts`
    aerodb_commits           one row: commit_id, commits, syncs (or writes, without syncing), the largest group that shared one,
                             seconds all of them took, the longest and the last; pending: appended and not durable yet
    aerodb_commit_groups     size, syncs: how many served a group of that size
    =======================  ==========================================================================================

All are table-valued functions as well: ``SELECT * FROM pragma_aerodb_transactions WHERE waits_for IS NOT NULL``. They see this
process. Reading them takes no lock that a commit needs for long, and counting costs a commit nothing: it is done per sync, and
where something failed or waited.

Example::

    PRAGMA aerodb_transactions;   →  (3, 'deferred', 17, 2.5, 4, None, None)
                                     (4, 'deferred', 17, 1.2, 0, 3, 'row 1 of table t')
"""

from __future__ import annotations

import time
from typing import Any, Final

from aerodb_dbapi.storage.conflicts import entry, names_of

Rows = list[tuple[Any, ...]]

TRANSACTION_COLUMNS: Final = ("connection", "mode", "base_commit", "seconds", "edits", "waits_for", "waits_on")
KINDS: Final = ("written", "unique_key", "read", "schema", "cycle")
CONFLICT_COLUMNS: Final = ("table", *KINDS, "waits", "wait_seconds", "timeouts")
COMMIT_COLUMNS: Final = (
    "commit_id", "commits", "syncs", "largest_group", "seconds", "longest_seconds", "last_seconds", "pending",
)  # fmt: skip


def connection_number(session: Any, value: str | None) -> Rows:
    """Which connection this is."""
    return [(session.holder.number,)]


def transactions(session: Any, value: str | None) -> Rows:
    """Live transactions, and who waits for whom."""
    committer, schema = session.database.committer, session.database.root.schema
    now = time.monotonic()
    waits, rows = _waits(committer, schema), []
    seen = set()
    for transaction, base in sorted(committer.open.copy().items(), key=lambda item: (item[1], id(item[0]))):
        who = transaction.who
        number = None if who is None else who.number
        seen.add(number)
        mode = "immediate" if transaction.immediate else "deferred" if who is not None else "autocommit"
        seconds = None if who is None else round(now - who.since, 6)
        edits = len(transaction.journal) // 3
        rows.append((number, mode, base or None, seconds, edits, *waits.get(transaction, waits.get(who, (None, None)))))
    for holder, (owner, what) in waits.items():
        number = getattr(holder, "number", None)
        if number is not None and number not in seen:
            rows.append((number, "autocommit", None, None, 0, owner, what))
    return sorted(rows, key=lambda row: (row[0] is None, row[0] or 0, row[2] or 0))


def _waits(committer: Any, schema: Any) -> dict[Any, tuple[Any, Any]]:
    """Holder (at rows) or transaction (at the gate) → number of the connection that it waits for, and what for."""
    locks, found = committer.rows, {}
    with locks.lock:
        for key, queue in locks.queues.items():
            for holder in queue:
                found[holder] = (locks.owners[key].number, entry(schema, *key))
    with committer.lock:
        inside = committer.gate.inside
        owner = None if inside is None or inside.who is None else inside.who.number
        for place in committer.gate.line:
            found[place.transaction] = (owner, "the write gate")
    return found


def conflicts(session: Any, value: str | None) -> Rows:
    """Conflicts and waits by table."""
    committer, schema = session.database.committer, session.database.root.schema
    tables: dict[str | None, list[Any]] = {}

    def line(name: str | None) -> list[Any]:
        return tables.setdefault(name, [0] * len(KINDS) + [0, 0.0, 0])

    for (name, kind), count in committer.tally.conflicts.copy().items():
        line(name)[KINDS.index(kind)] += count
    for tree_id, (count, seconds, timeouts) in committer.rows.waits.copy().items():
        figures = line(names_of(schema, tree_id)[0])
        for place, figure in enumerate((count, seconds, timeouts), len(KINDS)):
            figures[place] += figure
    return [(name, *tables[name]) for name in sorted(tables, key=lambda name: (name is None, name or ""))]


def commits(session: Any, value: str | None) -> Rows:
    """Commits, and the syncs that made them durable."""
    committer = session.database.committer
    tally = committer.tally
    published = committer.published.commit_id
    done = tally.commits if committer.log is not None or tally.flushes else published - committer.first_commit
    largest = max(tally.groups.copy(), default=0)
    pending = committer.tip.commit_id - published
    return [(published, done, tally.flushes, largest, tally.seconds, tally.seconds_max, tally.seconds_last, pending)]


def commit_groups(session: Any, value: str | None) -> Rows:
    """How many commits shared a sync."""
    return sorted(session.database.committer.tally.groups.copy().items())
