"""Writers: one per tree and transaction, holding its edits of that tree until they are merged or committed.

Layers
    ::

        base tree ──► merged tree ──► pending edits
                      layers: what was merged, in order, as dictionaries of edits or as bulk chunks

    `put` and `delete` go to `pending`, a dictionary key → value or TOMBSTONE: one look-up, one journal entry, one
    store per row. `get` asks `pending` first, then the merged tree: a transaction reads its own writes over its base
    (INV-V3). A scan takes `tree`, which first merges what is pending in one sorted pass and starts an empty
    dictionary; the old one, no longer changed by anyone, becomes a layer. `append` cuts a bulk of new entries
    straight into the merged tree. At commit the layers fold into the net edits, for the log and for validation.

Undo (INV-D4, INV-D6)
    Every edit first puts three elements on the transaction's journal: writer, key, prior state of `pending` at that
    key. A merge journals what it replaced. Undoing them backwards restores each dictionary and tree as it was.

    Example: put(5, r) · tree · put(5, s)  →  journal: (w, 5, MISSING) (None, w.restore, (base tree, {5: r})) (w, 5,
    MISSING); undoing the last two gives back pending = {5: r} over the base tree.

Unique indexes
    `find_prefix` must see pending entries by their prefix: `hints` maps prefix → the key put last. A hint is believed
    only if `pending` still holds that key, so an undo need not remove hints; it sets the hint of an entry that it
    brings back.

Highest key
    Table writers keep `high`, the largest live rowid, so that `next_rowid` need not search. -inf: the tree is empty;
    inf: not known (after a delete of the largest, or an undo), found out when next asked.

Not here: the order of transactions (`commit.py`), which index entries a row has (`indexes/`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final

from aerodb_dbapi.storage.record import Chunk, TreeEdits
from aerodb_dbapi.storage.rowids import BLOCK, ROWID_MAX, UNCLAIMED, Claim, RowidClaims
from aerodb_dbapi.storage.tree import MISSING, TOMBSTONE, Tree

_new_claim: Final[Any] = tuple.__new__  # with `Claim`: without the call that its own constructor is
MANY: Final = object()  # in the journal, as prior state: the keys were all absent from `pending`


class Keyed:
    """Membership in what a writer sees."""

    __slots__ = ("writer",)

    def __init__(self, writer: TreeWriter) -> None:
        self.writer = writer

    def __contains__(self, key: object) -> bool:
        return self.writer.get(key, MISSING) is not MISSING


class TreeWriter:
    """Edits of one tree in one transaction. `journal` is the transaction's."""

    __slots__ = ("hints", "journal", "layers", "merged", "pending", "tree_id", "unique_prefix")

    def __init__(self, tree_id: int, tree: Tree, journal: list[Any]) -> None:
        self.tree_id = tree_id
        self.merged = tree
        self.journal = journal
        self.unique_prefix = tree.unique_prefix
        self.pending: dict[Any, Any] = {}
        self.hints: dict[Any, Any] = {}
        self.layers: list[dict[Any, Any] | Chunk] = []

    # --- one key -----------------------------------------------------------------------------------------------------

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, own writes included."""
        value = self.pending.get(key, MISSING)
        if value is MISSING:
            return self.merged.get(key, default)
        return default if value is TOMBSTONE else value

    def put(self, key: Any, value: Any) -> None:
        """Add or replace an entry."""
        pending = self.pending
        self.journal += (self, key, pending.get(key, MISSING))
        pending[key] = value

    def delete(self, key: Any) -> None:
        """Remove an entry; nothing happens if it is not there."""
        pending = self.pending
        self.journal += (self, key, pending.get(key, MISSING))
        pending[key] = TOMBSTONE

    # --- many keys ---------------------------------------------------------------------------------------------------

    def put_many(self, keys: Sequence[Any], values: Sequence[Any]) -> None:
        """Add or replace entries; keys are distinct, in any order."""
        if self.pending.keys().isdisjoint(keys):
            self.journal += (self, keys, MANY)
            self.pending.update(zip(keys, values))
        else:
            for key, value in zip(keys, values):
                self.put(key, value)

    def append(self, keys: Sequence[Any], values: Sequence[Any]) -> None:
        """Add entries that ascend and all lie beyond the last key: a bulk, cut straight into the tree."""
        if not keys:
            return
        merged = self.tree
        self.journal += (None, self.restore, (merged, self.pending, self.hints))
        self.merged = merged.append(keys, values)
        self.layers.append((keys, values))

    def extend(self, keys: Sequence[Any], values: Sequence[Any]) -> None:
        """Add new entries that ascend, wherever they lie: a bulk, merged straight into the tree."""
        if not keys:
            return
        merged = self.tree
        self.journal += (None, self.restore, (merged, self.pending, self.hints))
        self.merged = merged.extend(keys, values)
        self.layers.append((keys, values))

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def tree(self) -> Tree:
        """The tree with all edits so far."""
        pending = self.pending
        if pending:
            self.journal += (None, self.restore, (self.merged, pending, self.hints))
            self.merged = self.merged.update(pending)
            self.layers.append(pending)
            self.pending = {}
            self.hints = {}
        return self.merged

    def last_key(self) -> Any:
        """The largest key, None if there is no entry."""
        last = self.tree.last()
        return None if last is None else last[0]

    def find_prefix(self, prefix: tuple[Any, ...]) -> Any:
        """The first key of an index that begins with `prefix` (or, of a unique index, the pending one), or None."""
        pending = self.pending
        if pending:
            if len(prefix) != self.unique_prefix:
                return self._first_with(self.tree, prefix, {})
            key = self.hints.get(prefix)
            if key is not None and pending.get(key, TOMBSTONE) is not TOMBSTONE:
                return key
        return self._first_with(self.merged, prefix, pending)

    @staticmethod
    def _first_with(tree: Tree, prefix: tuple[Any, ...], pending: Mapping[Any, Any]) -> Any:
        entry = tree.lower_bound(prefix)
        if entry is None:
            return None
        key = entry[0]
        if key[: len(prefix)] != prefix:
            return None
        if not pending or pending.get(key) is not TOMBSTONE:
            return key
        for other, _ in tree.scan(key, True, (*prefix, inf)):
            if pending.get(other) is not TOMBSTONE:
                return other
        return None

    # --- undo and commit ---------------------------------------------------------------------------------------------

    def undo(self, key: Any, prior: Any) -> None:
        """Take back one put or delete, or a `put_many`."""
        pending = self.pending
        if prior is MANY:
            for one in key:
                del pending[one]
        elif prior is MISSING:
            del pending[key]
        else:
            pending[key] = prior

    def restore(self, merged: Tree, pending: dict[Any, Any], hints: dict[Any, Any]) -> None:
        """Take back a merge or a bulk append."""
        self.merged = merged
        self.pending = pending
        self.hints = hints
        self.layers.pop()

    @property
    def writes(self) -> dict[Any, Any]:
        """The net edits since the base, bulk chunks apart: key → value or TOMBSTONE."""
        return self.net()[1]

    def net(self) -> tuple[list[Chunk], dict[Any, Any]]:
        """The net edits since the base: chunks, to be merged in turn, then writes over them (`storage/record.py`)."""
        if not self.layers:
            return [], self.pending
        chunks: list[Chunk] = []
        writes: dict[Any, Any] = {}
        for layer in (*self.layers, self.pending):
            if isinstance(layer, dict):
                if not writes:
                    writes = dict(layer)
                else:
                    for key in writes.keys() & layer.keys() if self.merged.rekey else ():
                        del writes[key]
                    writes.update(layer)
            else:
                chunks.append(layer)
                _forget_overwritten(writes, layer[0])
        return chunks, writes

    def rebase(self, tree: Tree) -> None:
        """Have the same edits over another base, which none of them touches; no chunks among them. What the journal would restore has
        that base too."""
        journal = self.journal
        layers = iter(self.layers)
        for place in range(0, len(journal), 3):
            if journal[place] is None and journal[place + 1] == self.restore:
                journal[place + 2] = (tree, *journal[place + 2][1:])
                tree = tree.update(next(layers))  # type: ignore[arg-type]
        self.merged = tree

    def edits(self) -> TreeEdits:
        """What is to be committed, as the log and later validations need it."""
        return TreeEdits(self.tree_id, *self.net())

    def finished(self) -> Tree:
        """What is to be committed, as a tree. The writer stays as it is."""
        return self.merged.update(self.pending) if self.pending else self.merged


def _forget_overwritten(writes: dict[Any, Any], keys: Sequence[Any]) -> None:
    """Drop earlier writes to keys that a later chunk holds (they were deletions: a chunk lies beyond the last key)."""
    for key in [key for key in writes if key >= keys[0]]:
        place = bisect_left(keys, key)
        if place < len(keys) and keys[place] == key:
            del writes[key]


class TableWriter(TreeWriter):
    """rowid → row; knows the largest rowid, and claims new ones."""

    __slots__ = ("base", "block", "block_floor", "block_stop", "claims", "claims_held", "high")

    def __init__(
        self, tree_id: int, tree: Tree, journal: list[Any], claims: RowidClaims, claims_held: list[int]
    ) -> None:
        super().__init__(tree_id, tree, journal)
        self.claims = claims
        self.claims_held = claims_held  # the transaction's: tables on which it has a claim
        self.high: int | float = inf
        self.base = tree
        self.block = 0  # how many ids were claimed last
        self.block_floor = 0  # ids from here up to the stop are this transaction's
        self.block_stop: int | float = UNCLAIMED

    def put(self, key: int, value: Any) -> None:
        """Add or replace a row."""
        pending = self.pending
        self.journal += (self, key, pending.get(key, MISSING))
        pending[key] = value
        if key > self.high:
            self.high = key

    def delete(self, key: int) -> None:
        """Remove a row; nothing happens if it is not there."""
        super().delete(key)
        if key >= self.high:
            self.high = inf

    def put_many(self, keys: Sequence[int], values: Sequence[Any]) -> None:
        super().put_many(keys, values)
        self.high = inf

    def append(self, keys: Sequence[int], values: Sequence[Any]) -> None:
        super().append(keys, values)
        if keys:
            self.high = keys[-1]
            if UNCLAIMED != self.block_stop <= self.high:
                self._claim(keys[-1], 1)

    def undo(self, key: Any, prior: Any) -> None:
        super().undo(key, prior)
        self.high = inf

    def restore(self, merged: Tree, pending: dict[Any, Any], hints: dict[Any, Any]) -> None:
        super().restore(merged, pending, hints)
        self.high = inf

    def rebase(self, tree: Tree) -> None:
        super().rebase(tree)
        self.base = tree
        self.high = inf

    def last_key(self) -> int | None:
        if self.high == inf:
            last = self.tree.last()
            self.high = -inf if last is None else last[0]
        return None if self.high == -inf else self.high  # type: ignore[return-value]

    def next_rowid(self, count: int = 1) -> int:
        """The rowid of the next row: the largest plus one, past what live transactions have claimed (INV-V10). With
        `count`, that many consecutive ones are free from there."""
        following = self.high + 1
        if self.block_floor <= following and following + count <= self.block_stop:
            return following  # type: ignore[return-value]
        return self._next_claimed(count)

    def next_rowid_from(self, lowest: int, count: int = 1) -> int:
        """The same, from `lowest` on, which lies beyond all rows."""
        following = max(lowest, self.block_floor) if self.block_stop != UNCLAIMED else lowest
        if following + count > self.block_stop:
            self._claim(following, max(count, self._grown()))
            following = max(following, self.block_floor)
        return following

    def _grown(self) -> int:
        """How many ids to claim: each time twice as many, up to a block."""
        self.block = grown = 2 * self.block if self.block else 1
        if grown > BLOCK:
            self.block = grown = BLOCK
        return grown

    def _next_claimed(self, count: int) -> int:
        last = self.last_key()
        following = 1 if last is None else last + 1
        if following + count > self.block_stop or self.block_floor + count > self.block_stop:
            grown = self._grown()
            self._claim(following, grown if grown > count else count)
        if following < self.block_floor:
            following = self.block_floor
        if following + count > ROWID_MAX + 1:
            return self.claims.probe(self.tree_id, Keyed(self))
        return following

    def _claim(self, lowest: int, count: int) -> None:
        held, claims = self.block_stop, self.claims
        wanted = _new_claim(Claim, (self.tree_id, self.base, lowest, count, self.block_floor, held))
        shared = claims.shared
        self.block_floor, self.block_stop = claims.claim_above(wanted, None) if shared is None else shared.claim(wanted)
        if held == UNCLAIMED:
            self.claims_held.append(self.tree_id)


class IndexWriter(TreeWriter):
    """Flattened key → rowid. A key put again after its deletion is stored anew: equal keys may hold 1 or 1.0."""

    __slots__ = ()

    def put(self, key: Any, value: Any) -> None:
        """Add an entry."""
        pending = self.pending
        prior = pending.get(key, MISSING)
        if prior is not MISSING:
            if prior is not TOMBSTONE:  # an equal key may look different; a merge keeps both for undo
                self.tree  # noqa: B018
                pending, prior = self.pending, MISSING
            else:
                del pending[key]
        self.journal += (self, key, prior)
        pending[key] = value

    def undo(self, key: Any, prior: Any) -> None:
        if prior is MANY or prior is MISSING:
            super().undo(key, prior)
        else:
            del self.pending[key]
            self.pending[key] = prior


class UniqueWriter(IndexWriter):
    """An index whose prefixes are sought before each put."""

    __slots__ = ()

    def put(self, key: Any, value: Any) -> None:
        """Add an entry."""
        super().put(key, value)
        self.hints[key[: self.unique_prefix]] = key

    def put_many(self, keys: Sequence[Any], values: Sequence[Any]) -> None:
        super().put_many(keys, values)
        stop = self.unique_prefix
        self.hints.update((key[:stop], key) for key in keys)

    def undo(self, key: Any, prior: Any) -> None:
        super().undo(key, prior)
        if prior is not MANY and prior is not MISSING and prior is not TOMBSTONE:
            self.hints[key[: self.unique_prefix]] = key
