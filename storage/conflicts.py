"""Validation: does a commit that came after a transaction's base stand in its way?

Given the transaction and one later commit, in this order, so that the same conflict is always told the same way:
    1. The schema: the later commit changed it (INV-V8), or this transaction does and the other changed anything. 2.
    Keys that both wrote, tree by tree in id order; the smallest such key is named (INV-V5). A deletion counts as a
    write. 3. What this transaction read and the other changed (INV-V7): single keys; whole trees; a row that satisfies,
    as it was at the base or as the other left it, the conditions under which this one read its table.

And given a rebased unique index: does a prefix that this transaction put have two entries now (INV-V6)? A prefix with
a NULL in it (rank 0) is exempt, as SQL has it.

Every conflict is a `SerializationError` naming the table (and index), the key and the commit that won. Example::

    could not serialize: row 5 of table t was written by commit 7

Values are not compared: two transactions that write the same row with equal values conflict all the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aerodb_dbapi.storage.catalog import CATALOG_TREE, META_TREE, Index, Schema, Table
from aerodb_dbapi.storage.errors import Error, SerializationError
from aerodb_dbapi.storage.record import TreeEdits
from aerodb_dbapi.storage.tree import MISSING, TOMBSTONE, Tree

if TYPE_CHECKING:
    from aerodb_dbapi.storage.transaction import Transaction


IMAGES_MAX: Final = 10_000


class Recent(NamedTuple):
    """What later validations need to know of a commit."""

    commit_id: int
    edits: dict[int, TreeEdits]
    schema_changed: bool


def validate(transaction: Transaction, edits: dict[int, TreeEdits], ddl: bool, later: Iterable[Recent]) -> None:
    """Raise SerializationError if one of the commits since the base stands in the way."""
    schema = transaction.base.schema
    for other in later:
        if other.schema_changed:
            raise conflict(f"the schema was changed by commit {other.commit_id}")
        if ddl:
            raise conflict(f"commit {other.commit_id} came before this change of the schema")
        for tree_id in sorted(edits.keys() & other.edits.keys()):
            key = common_key(edits[tree_id], other.edits[tree_id])
            if key is not MISSING:
                raise conflict(f"{_entry(schema, tree_id, key)} was written by commit {other.commit_id}")
        for tree_id in sorted(transaction.reads & other.edits.keys()):
            where = _place(schema, tree_id)
            raise conflict(f"{where}, read by this transaction, was changed by commit {other.commit_id}")
        for tree_id in sorted(transaction.filters.keys() & other.edits.keys()):
            key = _filtered(transaction, tree_id, other.edits[tree_id])
            if key is not MISSING:
                where = _entry(schema, tree_id, key)
                raise conflict(f"{where}, read by this transaction, was changed by commit {other.commit_id}")
        for tree_id, key in sorted(transaction.points) if transaction.points else ():
            changed = other.edits.get(tree_id)
            if changed is not None and _touches(changed, key):
                where = _entry(schema, tree_id, key)
                raise conflict(f"{where}, read by this transaction, was changed by commit {other.commit_id}")


def _filtered(transaction: Transaction, tree_id: int, edits: TreeEdits) -> Any:
    """A key that the edits write whose row, at the transaction's base or as they leave it, the transaction has read by its
    conditions; MISSING if there is none. Beyond `IMAGES_MAX` rows any key will do."""
    base = transaction.base.trees[tree_id]
    images: list[tuple[Any, ...]] = []
    for key, value in chain(edits.writes.items(), *[zip(keys, values) for keys, values in edits.chunks]):
        images += [(*row, key) for row in (base.get(key), value) if row is not None and row is not TOMBSTONE]
        if len(images) > IMAGES_MAX:
            return key
    for (test, params), width in transaction.filters[tree_id].items():
        for image in images:
            if len(image) != width + 1 or _satisfies(test, image, params):
                return image[-1]
    return MISSING


def _satisfies(test: Any, image: tuple[Any, ...], params: Any) -> bool:
    """Whether a row satisfies conditions; also if they cannot be evaluated for it."""
    try:
        return bool(test((image,), params))
    except Error:
        return True


def check_unique(schema: Schema, tree_id: int, tree: Tree, edits: TreeEdits, commit_id: int) -> None:
    """Raise SerializationError if an entry put by the edits shares its unique prefix with another one."""
    stop = tree.unique_prefix
    put = [key for key, value in edits.writes.items() if value is not TOMBSTONE]
    for keys in (put, *(keys for keys, _ in edits.chunks)):
        for key in keys:
            prefix = key[:stop]
            if 0 not in prefix[::2] and tree.count(prefix, False, (*prefix, inf)) > 1:
                where = _place(schema, tree_id)
                raise conflict(f"a unique key of {where} was taken by a commit up to {commit_id}")


def conflict(reason: str) -> SerializationError:
    """The error for a conflict."""
    return SerializationError(f"could not serialize: {reason}")


def common_key(a: TreeEdits, b: TreeEdits) -> Any:
    """The smallest key that both edits touch, or MISSING."""
    found = []
    if not a.writes.keys().isdisjoint(b.writes):
        found.append(min(a.writes.keys() & b.writes.keys()))
    for chunk, _ in a.chunks:
        found += [key for key in b.writes if _holds(chunk, key)]
        found += [key for other, _ in b.chunks for key in _overlap(chunk, other)]
    for chunk, _ in b.chunks:
        found += [key for key in a.writes if _holds(chunk, key)]
    return min(found, default=MISSING)


def _touches(edits: TreeEdits, key: Any) -> bool:
    """Does a commit's edit of a tree write this key?"""
    return key in edits.writes or any(_holds(keys, key) for keys, _ in edits.chunks)


def _holds(keys: Any, key: Any) -> bool:
    place = bisect_left(keys, key)
    return place < len(keys) and keys[place] == key


def _overlap(a: Any, b: Any) -> list[Any]:
    """Common keys of two ascending sequences."""
    if a[-1] < b[0] or b[-1] < a[0]:
        return []
    return [key for key in a[bisect_left(a, b[0]) :] if _holds(b, key)]


def _place(schema: Schema, tree_id: int) -> str:
    """What a tree is to the user."""
    if tree_id == CATALOG_TREE:
        return "the schema"
    if tree_id == META_TREE:
        return "the database settings"
    for item in schema.objects.values():
        if isinstance(item, Table) and item.tree == tree_id:
            return f"table {item.name}"
        if isinstance(item, Index) and item.tree == tree_id:
            return f"index {item.name} of table {item.table}"
    return f"tree {tree_id}"


def _entry(schema: Schema, tree_id: int, key: Any) -> str:
    """One entry of a tree, as the user knows it."""
    place = _place(schema, tree_id)
    if isinstance(key, int):
        return f"row {key} of {place}"
    return f"entry {key!r:.200} of {place}"
