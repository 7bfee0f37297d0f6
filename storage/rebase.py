"""A transaction's changes on top of commits that came in between: validated against each of them, then applied anew.

What it changed is known in two forms: *edits*, which fit any state that validation lets pass, and *private trees*, which are those
edits on its base. A tree that nobody else has changed since is the private one; to the others the edits are applied again. Small
transactions that find another tip than their base when they come to commit have not made their private trees yet, and make only
those that are wanted (INV-V5, INV-V6, INV-V7).

Example: base 5, tip 7. Table t was changed by 6, its index and table u were not; the transaction wrote t and u. It becomes 8 with
`apply_edits(t of 7, …)` and its private u.

Not here: what conflicts (`conflicts.py`), who comes first (`commit.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aerodb_dbapi.storage.conflicts import Recent, check_unique, conflict, validate
from aerodb_dbapi.storage.counters import put_back, take_out
from aerodb_dbapi.storage.record import TreeEdits
from aerodb_dbapi.storage.root import Root, apply_edits
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.tree import Tree


def rebased(
    transaction: Transaction,
    tip: Root,
    recent: Iterable[Recent],
    edits: dict[int, TreeEdits],
    private: Mapping[int, Tree],
    ddl: bool,
) -> dict[int, Tree]:
    """The changed trees on top of the tip. `private`: on top of the base, if they are known. SerializationError: another commit is in
    the way."""
    base = transaction.base
    later = [commit for commit in recent if commit.commit_id > base.commit_id]
    if len(later) != tip.commit_id - base.commit_id:
        raise conflict(transaction, None, f"the commits since {base.commit_id} are no longer known")
    counters = take_out(transaction, edits) if transaction.counters else {}
    validate(transaction, edits, ddl, later)
    if counters:
        put_back(edits, counters, tip.trees)
    changed = {}
    for tree_id, edit in edits.items():
        created = tree_id in transaction.created
        if created or (tip.trees[tree_id] is base.trees[tree_id] and tree_id not in counters):
            changed[tree_id] = private[tree_id] if private else transaction.writers[tree_id].finished()
            continue
        changed[tree_id] = tree = apply_edits(tip.trees[tree_id], edit)
        if tree.unique_prefix:
            check_unique(transaction, tree_id, tree, edit, tip.commit_id)
    return changed
