"""Transactions: private work on one read view, until it is committed or forgotten.

States
    ::

        open ──commit──► committed          (nothing written: at once, without any lock, INV-V9)
          │   └────────► rolled back        SerializationError, a failed log: nothing of it stays
          └──rollback──► rolled back

    A COMMIT that finds the write gate held by a BEGIN IMMEDIATE elsewhere may fail with SQLITE_BUSY: then it stays
    open.

What it holds
    `base`     the root it began on; what it did not write it reads there
    writers    per tree written, a `TreeWriter` (`storage/writer.py`); `trees[id]` gives base or written trees alike
    journal    how to undo every edit, backwards. `mark()` is its length; `rollback_to(mark)` undoes what came later and
               leaves trees, counters, catalog and write set exactly as they were: that is statement rollback (INV-D4)
               and ROLLBACK TO (INV-D6). Savepoints cost nothing, and earlier marks stay good.
    reads      ids of trees whose content decided what it writes, told by `note_read`, for INV-V7
    filters    conditions on the rows of one table that did, told by `note_filter`
    points     single keys that did, told by `note_point`: a row on which an INSERT was skipped, a row that was not there
    deferred   two counts of constraint violations that may stand until the end, kept by `count_violation`; with more
               than none left COMMIT fails, and the transaction stays open

DDL
    The catalog (tree 0) and META (tree 1) are edited through writers like any tree, so definitions, data and counters
    commit or vanish together. `schema` includes own DDL and is built again only when the catalog's tree is another
    one; undoing DDL brings the earlier tree back, and thereby the earlier schema.

Example
    ::

        t = database.begin()
        rows = t.writer(7)
        rows.put(rows.next_rowid(), (1, 'a'))     # journal: 3 elements
        mark = t.mark()
        rows.delete(1)
        t.rollback_to(mark)                       # row 1 is back
        t.commit()                                # → 43, the commit id

Isolation and locks
    `snapshot`: the transaction is isolated no further than that; statements then tell of nothing that they read.

    `who`: the session, for an explicit transaction.

    `holder` is who holds locks for the rows it wrote (`row_locks.py`), None if nobody does. `rivals`: None as long as an explicit
    transaction has written nothing, then whether its statements have to look for locks.

Not here: validation and publication (`commit.py`); waiting for another transaction's rows (`row_locks.py`); naming
savepoints (session).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aerodb_dbapi.storage.catalog import CATALOG_TREE, FIRST_USER_TREE, META_TREE, Schema, SchemaObject, encode_object
from aerodb_dbapi.storage.errors import IntegrityError, OperationalError, ProgrammingError, SerializationError
from aerodb_dbapi.storage.patience import LATER
from aerodb_dbapi.storage.record import Creation
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.tree import Kind, Tree
from aerodb_dbapi.storage.writer import IndexWriter, TableWriter, TreeWriter, UniqueWriter

if TYPE_CHECKING:
    from aerodb_dbapi.storage.commit import Committer
    from aerodb_dbapi.storage.row_locks import Holder

SMALL_JOURNAL = 3 * 16
FILTERS_MAX = 256  # on one tree; a transaction that read with more of them has read the tree


class TransactionTrees:
    """Tree id → tree as the transaction sees it."""

    __slots__ = ("transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction

    def __getitem__(self, tree_id: int) -> Tree:
        transaction = self.transaction
        writer = transaction.writers.get(tree_id)
        if writer is not None:
            return writer.tree
        if tree_id in transaction.dropped:
            raise KeyError(tree_id)
        return transaction.base.trees[tree_id]


class Transaction:
    """Work on one read view. Used by one thread at a time."""

    __slots__ = (
        "_schema", "_schema_tree", "base", "claims_held", "committer", "counters", "created", "deferred", "deferred_immediate",
        "dropped", "filters", "holder", "immediate", "is_open", "journal", "points", "reads", "rivals", "snapshot", "timeout",
        "trees", "who", "writers",
    )  # fmt: skip
    _schema: Schema  # of `_schema_tree`

    def __init__(self, committer: Committer, base: Root, timeout: float, immediate: bool) -> None:
        self.committer = committer
        self.base = base
        self.timeout = timeout
        self.immediate = immediate
        self.is_open = True
        self.holder: Holder | None = None
        self.rivals: bool | None = None
        self.who: Holder | None = None
        self.snapshot = False
        self.journal: list[Any] = []
        self.writers: dict[int, TreeWriter] = {}
        self.reads: dict[int, str | None] = {}
        self.filters: dict[int, dict[Any, tuple[int, str | None]]] = {}
        self.points: dict[tuple[int, Any], str | None] = {}
        self.counters: set[tuple[int, int]] = set()
        self.deferred = 0
        self.deferred_immediate = 0
        self.created: dict[int, tuple[Kind, int]] = {}
        self.dropped: set[int] = set()
        self.claims_held: list[int] = []
        self.trees = TransactionTrees(self)
        self._schema_tree: Tree | None = None

    # --- data --------------------------------------------------------------------------------------------------------

    def writer(self, tree_id: int) -> TreeWriter:
        """The writer of a tree, the same one for the whole transaction."""
        writer = self.writers.get(tree_id)
        if writer is not None:
            return writer
        if not self.is_open:
            raise ProgrammingError("the transaction has ended")
        return self._new_writer(tree_id, self.trees[tree_id])

    def _new_writer(self, tree_id: int, tree: Tree) -> TreeWriter:
        writer: TreeWriter
        if tree.kind == "table":
            writer = TableWriter(tree_id, tree, self.journal, self.committer.claims, self.claims_held)
        elif tree.kind == "map":
            writer = TreeWriter(tree_id, tree, self.journal)
        else:
            writer = (UniqueWriter if tree.unique_prefix else IndexWriter)(tree_id, tree, self.journal)
        self.writers[tree_id] = writer
        return writer

    def get(self, tree_id: int, key: Any, default: Any = None) -> Any:
        """The value of a key, own writes included."""
        writer = self.writers.get(tree_id)
        return self.base.trees[tree_id].get(key, default) if writer is None else writer.get(key, default)

    def note_read(self, tree_ids: Iterable[int], text: str | None = None) -> None:
        """What this transaction writes depends on what these trees hold (INV-V7). `text`: of the statement that reads."""
        for tree_id in tree_ids:
            self.reads[tree_id] = text

    def note_filter(self, tree_id: int, width: int, test: Any, params: Any, text: str | None = None) -> None:
        """What this transaction writes depends on the rows of a table for which ``test(rows, params)`` is true of one.
        Rows have `width` columns, and their rowid behind them (INV-V7)."""
        if tree_id in self.reads:
            return
        filters = self.filters.setdefault(tree_id, {})
        try:
            filters[test, params] = width, text
        except TypeError:  # a parameter that cannot be told from others
            self.reads[tree_id] = text
        if len(filters) > FILTERS_MAX:
            self.reads[tree_id] = text
            del self.filters[tree_id]

    def note_point(self, tree_id: int, key: Any, text: str | None = None) -> None:
        """What this transaction writes depends on the entry of this key, or on its absence (INV-V7)."""
        self.points[tree_id, key] = text

    def note_counter(self, tree_id: int, key: int) -> None:
        """That row, written now, is a counter: it merges with what others made of it (`counters.py`)."""
        self.counters.add((tree_id, key))

    def note_seen(self, tree_id: int, key: Any) -> None:
        """The same, for what only a serializable transaction depends on: a row, or its absence, because of which a statement did
        nothing."""
        if not self.snapshot:
            self.note_point(tree_id, key)

    def count_violation(self, deferred: int, immediate: int) -> None:
        """Change the counts of violations that may stand until COMMIT: of deferred constraints, and of immediate ones
        that are deferred for this transaction. Undone with the edits."""
        self.journal += (None, self._uncount, (deferred, immediate))
        self.deferred += deferred
        self.deferred_immediate += immediate

    def _uncount(self, deferred: int, immediate: int) -> None:
        self.deferred -= deferred
        self.deferred_immediate -= immediate

    # --- marks -------------------------------------------------------------------------------------------------------

    @property
    def has_writes(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.journal)

    def mark(self) -> int:
        """A point to which `rollback_to` can return."""
        return len(self.journal)

    def rollback_to(self, mark: int) -> None:
        """Undo everything since that mark."""
        journal = self.journal
        while len(journal) > mark:
            prior = journal.pop()
            key = journal.pop()
            writer = journal.pop()
            if writer is None:
                key(*prior)
            else:
                writer.undo(key, prior)
        if self.holder is not None:
            self.committer.rows.undone(self.holder, mark)

    # --- definitions -------------------------------------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """All definitions, own DDL included."""
        writer = self.writers.get(CATALOG_TREE)
        if writer is None:
            return self.base.schema
        catalog = writer.tree
        if catalog is self.base.trees[CATALOG_TREE]:
            return self.base.schema
        if catalog is not self._schema_tree:
            near = self.base.schema if self._schema_tree is None else self._schema
            self._schema = Schema(catalog.scan(), self.base.commit_id, near=near)
            self._schema_tree = catalog
        return self._schema

    def get_meta(self, key: str, default: Any = None) -> Any:
        """A counter or setting of the database."""
        return self.get(META_TREE, key, default)

    def set_meta(self, key: str, value: Any) -> None:
        """Set a counter or setting of the database."""
        self.writer(META_TREE).put(key, value)

    def _next(self, counter: str, first: int) -> int:
        number = self.get_meta(counter, first)
        self.set_meta(counter, number + 1)
        return number

    def new_object_id(self) -> int:
        """An id for a new catalog object, never used before."""
        return self._next("next_object", 1)

    def put_object(self, object_id: int, item: SchemaObject) -> None:
        """Write a definition into the catalog."""
        self.writer(CATALOG_TREE).put(object_id, encode_object(item))

    def delete_object(self, object_id: int) -> None:
        """Take a definition out of the catalog."""
        self.writer(CATALOG_TREE).delete(object_id)

    def create_tree(self, kind: Kind, unique_prefix: int = 0) -> int:
        """A new, empty tree."""
        tree_id = self._next("next_tree", FIRST_USER_TREE)
        while tree_id in self.claims_held:  # by a table that had the number before, and was undone
            self.claims_held.remove(tree_id)
            self.committer.claims.release(tree_id)
        self.journal += (None, self._restore_tree, (tree_id, None, None))
        self.created[tree_id] = (kind, unique_prefix)
        self._new_writer(tree_id, Tree.build((), (), kind, unique_prefix))
        return tree_id

    def create_tree_as(self, tree_id: int, kind: Kind, unique_prefix: int) -> None:
        """A new, empty tree of that number, which another database gave it."""
        self.journal += (None, self._restore_tree, (tree_id, None, None))
        self.created[tree_id] = (kind, unique_prefix)
        self._new_writer(tree_id, Tree.build((), (), kind, unique_prefix))

    def drop_tree(self, tree_id: int) -> None:
        """Do without a tree from now on."""
        created, writer = self.created.pop(tree_id, None), self.writers.pop(tree_id, None)
        self.journal += (None, self._restore_tree, (tree_id, created, writer))
        self.dropped.add(tree_id)

    def _restore_tree(self, tree_id: int, created: tuple[Kind, int] | None, writer: TreeWriter | None) -> None:
        self.dropped.discard(tree_id)
        self.created.pop(tree_id, None)
        self.writers.pop(tree_id, None)
        if created is not None:
            self.created[tree_id] = created
        if writer is not None:
            self.writers[tree_id] = writer

    def changed(self) -> dict[int, Tree]:
        """The trees as they are to be committed, if they were written or created."""
        created = self.created
        return {
            tree_id: writer.finished()
            for tree_id, writer in self.writers.items()
            if writer.pending or writer.layers or tree_id in created
        }

    def touched(self) -> list[int]:
        """The ids of those trees."""
        return [
            tree_id
            for tree_id, writer in self.writers.items()
            if writer.pending or writer.layers or tree_id in self.created
        ]

    def is_small_beside(self, tip: Root) -> bool:
        """Whether its trees are made in a moment, and may not be wanted as they are, for the tip is not its base."""
        return tip is not self.base and len(self.journal) <= SMALL_JOURNAL and not self.created

    def creations(self) -> list[Creation]:
        """The trees created and not dropped again, for the commit record."""
        return [(tree_id, kind, prefix) for tree_id, (kind, prefix) in sorted(self.created.items())]

    def drops(self) -> list[int]:
        """The trees of the base that are dropped, for the commit record."""
        return [tree_id for tree_id in sorted(self.dropped) if self._in_base(tree_id)]

    def _in_base(self, tree_id: int) -> bool:
        try:
            self.base.trees[tree_id]
        except KeyError:
            return False
        return True

    # --- end ---------------------------------------------------------------------------------------------------------

    def commit(self) -> int:
        """Make the work durable and visible, all of it or nothing; the id of the commit (the base's if nothing was
        written). Raises SerializationError if a later commit conflicts: the transaction is then rolled back; and
        IntegrityError if a deferred constraint is violated: it then stays open."""
        if not self.is_open:
            raise ProgrammingError("the transaction has ended")
        if not self.journal:
            self._end()
            return self.base.commit_id
        if self.deferred + self.deferred_immediate > 0:
            raise IntegrityError("FOREIGN KEY constraint failed", name="SQLITE_CONSTRAINT_FOREIGNKEY")
        try:
            commit_id = self.committer.commit(self)
        except OperationalError as error:
            if isinstance(error, SerializationError):
                self.committer.tally.conflict(error)
                self._end()
            elif error.sqlite_errorname not in LATER:
                self._end()
            raise
        except BaseException:
            self._end()
            raise
        self._end()
        return commit_id

    def rollback(self) -> None:
        """Forget the work. A transaction that has ended stays as it is; where an interruption came while it did, it ends now."""
        if hasattr(self, "trees"):
            self._end()

    def _end(self) -> None:
        self.is_open = False
        committer = self.committer
        committer.open.pop(self, None)
        while self.claims_held:
            committer.claims.release(self.claims_held.pop())
        if self.immediate:
            committer.leave_gate(self)
        if self.holder is not None:
            committer.rows.release(self.holder)
        for writer in self.writers.values():  # which the journal knows: without cycles, what they hold goes at once
            writer.journal = []
        self.writers = {}
        self.journal = []
        del self.trees
