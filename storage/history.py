"""Row history: what each commit changed in a table, as far back as states can be rebuilt.

A change is the difference of two consecutive states: inserted, updated or deleted entries of one tree. Consecutive states
come from two places. *In memory* there are the roots since the last checkpoint, and more. *Before them*, within
`history_retention`, states kept by the file are taken one after the other, and the log generation behind each is replayed
up to the next; that part is read at once and under the lock of the checkpointer, for a checkpoint might remove what it needs.

A table is followed by the id of its definition, so it keeps its history when it is renamed, or when ALTER gives its rows
another tree; and a table that was dropped and made anew is another one.

Example: ``INSERT`` of row 1 in commit 3 and ``UPDATE`` of it in commit 5 give ``Change(3, "INSERT", 1, row, table)`` and
``Change(5, "UPDATE", 1, new row, table)``. The cost is that of the changes, and of replaying where states are not in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.storage.checkpoint import Checkpointer
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sentinels import MISSING
from aerodb_dbapi.storage.structure import difference, same
from aerodb_dbapi.storage.tree import Tree

_EMPTY = Tree.build()


class Change(NamedTuple):
    """What a commit did to a row: `values` are the new ones, of a deleted row the last ones; `table` is their definition."""

    commit_id: int
    operation: str
    rowid: int
    values: tuple[Any, ...]
    table: Table


def changes(database: Database, table_id: int, rowid: int | None, last: int) -> Iterator[Change]:
    """The changes of a table, or of one row, up to a commit, oldest first."""

    def between(before: Root, after: Root) -> Iterator[Change]:
        return _changes(before, after, table_id, rowid)

    held = dict(list(database.history.items()))
    roots = [held[commit_id] for commit_id in sorted(held) if commit_id <= last]
    first = roots[0].commit_id if roots else last
    if database.checkpointer is not None:
        checkpointer = database.checkpointer
        yield from checkpointer.lock.within(lambda: _before(database, checkpointer, min(first, last), between))
    for before, after in pairwise(roots):
        if after.commit_id == before.commit_id + 1:
            yield from between(before, after)


def _before(
    database: Database, checkpointer: Checkpointer, last: int, between: Callable[[Root, Root], Iterator[Change]]
) -> list[Change]:
    """The changes up to a commit, from what the file keeps. No checkpoint is made meanwhile."""
    found: list[Change] = []
    states = sorted(state for state in checkpointer.states() if state.generation and state.commit_id < last)
    if states:
        database.committer.settle()  # what is replayed must be in the log files
    stops = [*(state.commit_id for state in states[1:]), last]
    for state, stop in zip(states, stops):
        blocks = checkpointer.blocks
        root = blocks.root(state.pointer) if state.pointer.length else Root.empty()
        for record in checkpointer.generations.replay(state.generation, state.commit_id, stop):
            before, root = root, root.following(record)
            found += between(before, root)
    return found


def _changes(before: Root, after: Root, table_id: int, rowid: int | None) -> Iterator[Change]:
    """What a commit changed in a table."""
    old, new = _table(before, table_id), _table(after, table_id)
    if old is None and new is None:
        return
    old_tree = _EMPTY if old is None else before.trees[old.tree]
    new_tree = _EMPTY if new is None else after.trees[new.tree]
    if old_tree is new_tree:
        return
    for key, was, now in _row(old_tree, new_tree, rowid) if rowid is not None else difference(old_tree, new_tree):
        if now is MISSING:
            assert old is not None
            yield Change(after.commit_id, "DELETE", key, was, old)
        else:
            assert new is not None
            yield Change(after.commit_id, "INSERT" if was is MISSING else "UPDATE", key, now, new)


def _row(old: Tree, new: Tree, rowid: int) -> Iterator[tuple[int, Any, Any]]:
    was, now = old.get(rowid, MISSING), new.get(rowid, MISSING)
    if not same(was, now):
        yield rowid, was, now


def _table(root: Root, table_id: int) -> Table | None:
    item = root.schema.objects.get(table_id)
    return item if isinstance(item, Table) else None
