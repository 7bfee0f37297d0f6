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


def validate(
    transaction: Transaction, edits: dict[int, TreeEdits], ddl: bool, later: Iterable[Recent], to_the_end: bool = False
) -> None:
    """Raise SerializationError if one of the commits since the base stands in the way. `to_the_end`: scans that are under way count
    as if they had come to their end."""
    reads = transaction.reads or transaction.filters or transaction.points
    for other in later:
        commit = other.commit_id
        if other.schema_changed:
            raise conflict(transaction, commit, f"the schema was changed by commit {commit}", kind="schema")
        if ddl:
            raise conflict(transaction, commit, f"commit {commit} came before this change of the schema", kind="schema")
        for tree_id in sorted(edits.keys() & other.edits.keys()):
            key = common_key(edits[tree_id], other.edits[tree_id])
            if key is not MISSING:
                raise written_by(transaction, tree_id, key, commit)
        if reads:
            _validate_reads(transaction, other, to_the_end)


def movable(transaction: Transaction) -> bool:
    """Whether a transaction may go on from another base at all: all that it has read is known, and what it has written are single
    rows."""
    if (
        transaction.snapshot
        or transaction.immediate
        or transaction.counters
        or transaction.created
        or transaction.dropped
    ):
        return False
    writers = transaction.writers
    if CATALOG_TREE in writers or META_TREE in writers:
        return False
    return all(isinstance(layer, dict) for writer in writers.values() for layer in writer.layers)


def still_valid(transaction: Transaction, edits: dict[int, TreeEdits], later: Iterable[Recent]) -> bool:
    """Whether these commits stand in nobody's way who has read and written what the transaction has. A scan that is under way gives its
    remaining rows as of before, so that they must be the same as well."""
    try:
        validate(transaction, edits, False, later, to_the_end=True)
    except SerializationError:
        return False
    return True


def stays_unique(transaction: Transaction, tree_id: int, latest: Tree, edits: TreeEdits) -> bool:
    """Whether the edits of a unique index take no key that is taken in its latest state."""
    try:
        check_unique(transaction, tree_id, latest.update(edits.writes), edits, transaction.base.commit_id)
    except SerializationError:
        return False
    return True


def _validate_reads(transaction: Transaction, other: Recent, to_the_end: bool) -> None:
    commit, edits = other.commit_id, other.edits
    for tree_id in sorted(transaction.reads.keys() & edits.keys()):
        raise _read_of(transaction, tree_id, MISSING, commit, transaction.reads[tree_id])
    for tree_id in sorted(transaction.filters.keys() & edits.keys()):
        found = _filtered(transaction, tree_id, edits[tree_id], to_the_end)
        if found is not None:
            raise _read_of(transaction, tree_id, found[0], commit, found[1])
    for tree_id, key in sorted(transaction.points) if transaction.points else ():
        changed = edits.get(tree_id)
        if changed is not None and _touches(changed, key):
            raise _read_of(transaction, tree_id, key, commit, transaction.points[tree_id, key])


def _read_of(
    transaction: Transaction, tree_id: int, key: Any, commit: int, statement: str | None
) -> SerializationError:
    """The error for something that was read and changed."""
    schema = transaction.base.schema
    where = _place(schema, tree_id) if key is MISSING else entry(schema, tree_id, key)
    reason = f"{where}, read by this transaction, was changed by commit {commit}"
    return conflict(transaction, commit, reason, tree_id, key, statement, "read")


def written_by(transaction: Transaction, tree_id: int, key: Any, commit: int) -> SerializationError:
    """The error for a key that this transaction and a later commit have written."""
    where = entry(transaction.base.schema, tree_id, key)
    error = conflict(transaction, commit, f"{where} was written by commit {commit}", tree_id, key)
    error._lock = (tree_id, key)
    return error


def _filtered(
    transaction: Transaction, tree_id: int, edits: TreeEdits, to_the_end: bool
) -> tuple[Any, str | None] | None:
    """A key that the edits write whose row, at the transaction's base or as they leave it, the transaction has read by its
    conditions, and the statement that did; None if there is none. Beyond `IMAGES_MAX` rows any key will do."""
    base = transaction.base.trees[tree_id]
    images: list[tuple[Any, ...]] = []
    for key, value in chain(edits.writes.items(), *[zip(keys, values) for keys, values in edits.chunks]):
        images += [(*row, key) for row in (base.get(key), value) if row is not None and row is not TOMBSTONE]
        if len(images) > IMAGES_MAX:
            return key, None
    for (test, params), (width, statement) in transaction.filters[tree_id].items():
        if to_the_end:
            test = getattr(test, "to_the_end", test)
        for image in images:
            if len(image) != width + 1 or _satisfies(test, image, params):
                return image[-1], statement
    return None


def _satisfies(test: Any, image: tuple[Any, ...], params: Any) -> bool:
    """Whether a row satisfies conditions; also if they cannot be evaluated for it."""
    try:
        return bool(test((image,), params))
    except Error:
        return True


def check_unique(transaction: Transaction, tree_id: int, tree: Tree, edits: TreeEdits, commit_id: int) -> None:
    """Raise SerializationError if an entry put by the edits shares its unique prefix with another one."""
    stop = tree.unique_prefix
    put = [key for key, value in edits.writes.items() if value is not TOMBSTONE]
    for keys in (put, *(keys for keys, _ in edits.chunks)):
        for key in keys:
            prefix = key[:stop]
            if 0 not in prefix[::2] and tree.count(prefix, False, (*prefix, inf)) > 1:
                where = _place(transaction.base.schema, tree_id)
                reason = f"a unique key of {where} was taken by a commit up to {commit_id}"
                error = conflict(transaction, commit_id, reason, tree_id, key, kind="unique_key")
                error._lock = (tree_id, prefix)
                raise error


def conflict(
    transaction: Transaction,
    commit: int | None,
    reason: str,
    tree_id: int | None = None,
    key: Any = MISSING,
    statement: str | None = None,
    kind: str = "written",
) -> SerializationError:
    """The error for a conflict with a commit."""
    table, index = (None, None) if tree_id is None else names_of(transaction.base.schema, tree_id)
    if key is MISSING:
        key = None
    elif isinstance(key, tuple):
        key = key[1:-1:2]  # without classes and rowid
    return SerializationError(
        f"could not serialize: {reason}", table=table, index=index, key=key,
        base_commit=transaction.base.commit_id, commit=commit, statement=statement, kind=kind,
    )  # fmt: skip


def overwritten(transaction: Transaction, recent: Iterable[Recent], lock: tuple[int, Any]) -> SerializationError | None:
    """The error that awaits a transaction which has written a key to be locked (`storage/row_locks.py`), if one of these
    commits wrote it after the transaction's base; else None."""
    tree_id, key = lock
    for other in recent:
        edits = other.edits.get(tree_id) if other.commit_id > transaction.base.commit_id else None
        if edits is None:
            continue
        if not isinstance(key, tuple):
            found = key if _touches(edits, key) else MISSING
        else:
            found = _beginning_with(edits, key)
        if found is not MISSING:
            return written_by(transaction, tree_id, found, other.commit_id)
    return None


def _beginning_with(edits: TreeEdits, prefix: tuple[Any, ...]) -> Any:
    """A key among the edits that has this prefix, or MISSING."""
    stop = len(prefix)
    for key in edits.writes:
        if key[:stop] == prefix:
            return key
    for keys, _ in edits.chunks:
        place = bisect_left(keys, prefix)
        if place < len(keys) and keys[place][:stop] == prefix:
            return keys[place]
    return MISSING


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


def names_of(schema: Schema, tree_id: int) -> tuple[str | None, str | None]:
    """The names of the table and of the index that a tree is of."""
    for item in schema.objects.values():
        if isinstance(item, Table) and item.tree == tree_id:
            return item.name, None
        if isinstance(item, Index) and item.tree == tree_id:
            return item.table, item.name
    return None, None


def _place(schema: Schema, tree_id: int) -> str:
    """What a tree is to the user."""
    if tree_id == CATALOG_TREE:
        return "the schema"
    if tree_id == META_TREE:
        return "the database settings"
    table, index = names_of(schema, tree_id)
    if table is None:
        return f"tree {tree_id}"
    return f"table {table}" if index is None else f"index {index} of table {table}"


def entry(schema: Schema, tree_id: int, key: Any) -> str:
    """One entry of a tree, as the user knows it."""
    place = _place(schema, tree_id)
    if isinstance(key, int):
        return f"row {key} of {place}"
    return f"entry {key!r:.200} of {place}"
