"""Counters that several transactions move at once: the rows of `sqlite_sequence` merge instead of conflicting.

A row (table, seq) of `sqlite_sequence` says how far an AUTOINCREMENT table has counted. Two transactions that insert into the
table both write it, and neither has read anything else in it than that: the ids they took are different anyhow (INV-V10). So
the later commit keeps the larger of both values, in the row that is there by then.

    ::

        base              ('t', 10) in row 1
        A takes 11, 12    writes row 1: ('t', 12)        commits: ('t', 12)
        B takes 13        writes row 1: ('t', 13)        commits: ('t', 13), the larger
        A and B the other way round:                     ('t', 13), then 13 again: A's 12 is smaller

A transaction tells with `note_counter` which rows it wrote as counters. Such rows are locked by nobody and validated by nobody,
unless a statement of the transaction has read the table `sqlite_sequence` too, or changed it (INV-V7): then they are rows like any
other.

What it does not do: give ids (`rowids.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aerodb_dbapi.storage.record import TreeEdits
from aerodb_dbapi.storage.tree import TOMBSTONE, Tree

if TYPE_CHECKING:
    from aerodb_dbapi.storage.transaction import Transaction


def take_out(transaction: Transaction, edits: dict[int, TreeEdits]) -> dict[int, dict[int, Any]]:
    """Leave the counters out of a transaction's edits, so that they are not validated: tree id → place → row."""
    taken: dict[int, dict[int, Any]] = {}
    for tree_id, place in transaction.counters:
        own = edits.get(tree_id)
        if own is None or _is_read(transaction, tree_id):
            continue
        row = own.writes.get(place, TOMBSTONE)
        if row is TOMBSTONE:
            continue
        if tree_id not in taken:
            own = edits[tree_id] = TreeEdits(tree_id, own.chunks, dict(own.writes))
            taken[tree_id] = {}
        del own.writes[place]
        taken[tree_id][place] = row
    return taken


def put_back(edits: dict[int, TreeEdits], taken: dict[int, dict[int, Any]], tip: dict[int, Tree]) -> None:
    """Add the counters to the edits again, merged with those of the latest commit."""
    for tree_id, rows in taken.items():
        latest = tip[tree_id]
        writes = edits[tree_id].writes
        there = {row[0]: (place, row) for place, row in latest.scan()}
        for place, row in sorted(rows.items()):
            known = there.get(row[0])
            if known is None:
                writes[_free(latest, writes, place)] = row
            elif known[1][1].__class__ is not int or known[1][1] < row[1]:
                writes[known[0]] = row


def _free(latest: Tree, writes: dict[int, Any], place: int) -> int:
    """A place for a new row."""
    while place in writes or latest.get(place) is not None:
        place += 1
    return place


def _is_read(transaction: Transaction, tree_id: int) -> bool:
    if tree_id in transaction.reads or tree_id in transaction.filters:
        return True
    return any(tree == tree_id for tree, _ in transaction.points)
