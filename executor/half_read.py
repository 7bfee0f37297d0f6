"""Cursors that are read half way: what they passed, so that a commit counts no more of them (INV-V7).

A SELECT that gives its rows as it scans its outermost table in the order of the rowids, or of an index, has read of that table, at any
moment, the rows up to the last batch that the scan was handed, and nothing behind it. So the statement is run on trees that watch:
they note the last key of each batch before they hand the batch on. A batch counts as a whole, whatever the cursor gave of it; when
the scan comes to its end, all of the table is read.

    ::

        cursor = execute("SELECT * FROM t WHERE b > 1")      filter (b > 1), and nothing passed yet
        cursor.fetchone()                                    … up to rowid 256: the first leaf
        another commit inserts row 900, b = 2                does not disturb
        another commit sets b of row 7 to 2                  disturbs
        cursor.fetchall()                                    from here on row 900 would, too

The same holds for LIMIT, which stops a scan. In the order of an index a row stands where its entry does: for ``ORDER BY b`` another commit
disturbs if a row that it changed has, before or after the change, a b that was passed, or would have been.

Which order
    the rowids    a scan of the table, a range of rowids; a union, whose rows are gathered first and given by rowid
    an index      all of it, a range, forwards or backwards; an IN list, which is one range after the other
    either        a guided scan decides it when it runs: the tree that hands on the first batch says which

What a watching tree does not know how to watch (any attribute but these scans, a scan that does not go on where the one before ended)
counts as reading all: so never too little counts, whatever code a plan has. Of a join the outermost table is watched; the others are
read by their conditions. A transaction has at most `WATCHED_MAX` such scans of one table; others are read by their conditions alone, to
the end.

A transaction that goes on from a later commit (`Committer.advance`) may have scans that are not at their end. Their remaining rows come
from the earlier state, so there they count as read to the end (`PassedTest.to_the_end`).

Not here: conditions (`read_filters.py`); what becomes of them at the commit (`storage/conflicts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aerodb_dbapi.executor.runtime import entry_batches
from aerodb_dbapi.indexes.keys import COLLATIONS, EntryFunction, entry_function
from aerodb_dbapi.planner.query import (
    Access,
    GuidedScan,
    IndexScan,
    IndexUnion,
    RowidPoint,
    RowidRange,
    Select,
    SelectStatement,
    Statement,
    TableSource,
)
from aerodb_dbapi.storage.catalog import Index
from aerodb_dbapi.storage.transaction import Transaction

WATCHED_MAX: Final = 64
Batches = Iterable[tuple[Sequence[Any], Sequence[Any]]]
Test = Callable[[Sequence[tuple[Any, ...]], Sequence[Any]], bool]


class Passed:
    """How far a scan has come. `whole`: it has passed everything, or nobody knows. `tree`: the tree in whose order it goes, once it has
    begun; `ended`: its last range was passed to the end, which is `last`, so that another may follow."""

    __slots__ = ("ended", "last", "reverse", "tree", "whole")

    def __init__(self) -> None:
        self.whole = self.ended = self.reverse = False
        self.last: Any = None
        self.tree: int | None = None

    def begins(self, tree: int, start: Any, reverse: bool) -> bool:
        """Whether a range that begins there is the first one, or goes on where the one before ended; else all counts."""
        if self.tree is None:
            self.tree, self.reverse = tree, reverse
            return True
        follows = self.ended and self.tree == tree and self.reverse is reverse and start is not None
        if not follows or (start > self.last if reverse else start < self.last):
            self.whole = True
            return False
        self.ended = False
        return True

    def ends(self, end: Any) -> None:
        """A range was passed, up to its end; None: that of the tree."""
        if end is None:
            self.whole = True
        self.last, self.ended = end, True

    def follow(self, batches: Batches, end: Any) -> Batches:
        """The batches of a range, each noted before it is handed on."""
        for batch in batches:
            self.last = batch[0][-1]
            yield batch
        self.ends(end)

    def covers(self, key: Any) -> bool:
        """Whether the scan has passed that key, or the place where it would be."""
        if self.whole or self.last is None:
            return self.whole
        return bool(key >= self.last if self.reverse else key <= self.last)


class WatchedTree:
    """A tree that tells how far it was scanned. `sized`: its size, and that of ranges, may be asked for: they choose the way to the
    rows, not the rows."""

    __slots__ = ("_id", "_passed", "_sized", "_tree")

    def __init__(self, tree_id: int, tree: Any, passed: Passed, sized: bool) -> None:
        self._id = tree_id
        self._tree = tree
        self._passed = passed
        self._sized = sized

    def batches(
        self, lower: Any = None, lower_open: bool = False, upper: Any = None, upper_open: bool = False,
        reverse: bool = False,
    ) -> Batches:  # fmt: skip
        """As `Tree.batches`."""
        batches = self._tree.batches(lower, lower_open, upper, upper_open, reverse)
        start, end = (upper, lower) if reverse else (lower, upper)
        return self._watched(batches, start, end, reverse)

    def columns(self, wanted: Sequence[int]) -> Batches:
        """As `Tree.columns`."""
        return self._watched(self._tree.columns(wanted), None, None, False)

    def fetched(self, batches: Iterable[Sequence[int]], reverse: bool) -> Batches:
        """As `Tree.fetched`. Where an index leads to the rows, it is what is watched."""
        found = self._tree.fetched(batches, reverse)
        if self._passed.tree not in (None, self._id):
            return found
        return self._watched(found, None, None, reverse)

    def count(self, *bounds: Any) -> Any:
        """As `Tree.count`."""
        self._passes(self._sized)
        return self._tree.count(*bounds)

    def _watched(self, batches: Batches, start: Any, end: Any, reverse: bool) -> Batches:
        passed = self._passed
        return passed.follow(batches, end) if passed.begins(self._id, start, reverse) else batches

    def _passes(self, known: bool) -> None:
        if not known:
            self._passed.whole = True

    def __getattr__(self, name: str) -> Any:
        self._passes(False)
        return getattr(self._tree, name)

    def __len__(self) -> int:
        self._passes(self._sized)
        return len(self._tree)


class _Nowhere:
    """A node in which nothing is found, and which is not the only one (`runtime.entry_batches`)."""

    __slots__ = ()
    keys = ()


class WatchedIndex(WatchedTree):
    """The tree of an index. Ranges of entries are looked for in its node, and if they are not there, asked for: they always are."""

    __slots__ = ()

    @property
    def node(self) -> Any:
        """Another one each time."""
        return _Nowhere()

    def batches(
        self, lower: Any = None, lower_open: bool = False, upper: Any = None, upper_open: bool = False,
        reverse: bool = False,
    ) -> Batches:  # fmt: skip
        """As `Tree.batches`. A range within one leaf is passed when it is found."""
        if reverse or lower is None or upper is None or lower_open or not upper_open:
            return super().batches(lower, lower_open, upper, upper_open, reverse)
        found = entry_batches(self._tree, lower, upper)
        passed = self._passed
        if not passed.begins(self._id, lower, False):
            return found
        if found.__class__ is not tuple:
            return passed.follow(found, upper)
        passed.ends(upper)
        return found


class WatchedTrees:
    """The trees of a transaction, some of them watched."""

    __slots__ = ("_passed", "_scan", "_trees")

    def __init__(self, trees: Any, scan: Scanned, passed: Passed) -> None:
        self._trees = trees
        self._scan = scan
        self._passed = passed

    def __getitem__(self, tree_id: int) -> Any:
        tree, scan = self._trees[tree_id], self._scan
        if tree_id not in scan.orders:
            return tree
        watched = WatchedTree if scan.orders[tree_id] is None else WatchedIndex
        return watched(tree_id, tree, self._passed, scan.sized)

    def __getattr__(self, name: str) -> Any:
        self._passed.whole = True
        return getattr(self._trees, name)


class PassedTest:
    """The conditions of a statement, for rows that its scan has passed."""

    __slots__ = ("_passed", "_scan")

    def __init__(self, passed: Passed, scan: Scanned) -> None:
        self._passed = passed
        self._scan = scan

    @property
    def to_the_end(self) -> Test:
        """The test for what the scan has passed, and what it may still pass."""
        test = self._scan.test
        return (lambda images, params: True) if test is None else test

    def __call__(self, images: Sequence[tuple[Any, ...]], params: Sequence[Any]) -> bool:
        """Whether one of some rows, with its rowid behind its columns, was passed and satisfies them."""
        test = self._scan.test
        return any(self._covers(image) and (test is None or test((image,), params)) for image in images)

    def _covers(self, image: tuple[Any, ...]) -> bool:
        passed = self._passed
        if passed.whole or passed.tree is None:
            return passed.whole
        entry = self._scan.orders[passed.tree]
        return passed.covers(image[-1] if entry is None else entry(image[-1], image[:-1]))


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan that can be watched: of that table, with so many columns. `orders`: the trees in whose order it may go; an index with the
    function that makes its keys, the table with None. `sized`: see `WatchedTree`. `test`: of the conditions; None: there are none."""

    table: int
    width: int
    orders: Mapping[int, EntryFunction | None]
    sized: bool
    test: Test | None


def scanned(statement: Statement, others: set[int], test: Test | None) -> Scanned | None:
    """The scan of the outermost table of a statement, for rows with these conditions, whose other parts read the trees `others`; None
    if it cannot be watched."""
    query = statement.query if isinstance(statement, SelectStatement) else None
    if not isinstance(query, Select) or not query.steps or query.group is not None:
        return None
    step = query.steps[0]
    source, access = step.source, step.access
    if not isinstance(source, TableSource) or source.as_of is not None or source.table.without_rowid:
        return None
    if step.kind == "left" or (query.order_by and not query.sorted):
        return None
    orders = _orders(source, access, test)
    if not orders or others & {source.table.tree, *orders}:
        return None
    sized = isinstance(access, GuidedScan | IndexUnion)
    return Scanned(source.table.tree, len(source.table.columns), orders, sized, test)


def _orders(source: TableSource, access: Access, test: Test | None) -> dict[int, EntryFunction | None]:
    """The trees in whose order an access path may give its rows; none where nobody can tell, or it is not worth it."""
    table = source.table
    if type(access) is Access or isinstance(access, RowidRange):
        return {table.tree: None}
    if isinstance(access, IndexUnion):
        rowids = any(isinstance(branch, RowidRange | RowidPoint) for branch in access.branches)
        return {} if rowids else {table.tree: None}
    if isinstance(access, GuidedScan):
        entries = {} if access.in_order else _orders(source, access.entries, test)
        return {table.tree: None, **entries} if access.in_order or entries else {}
    if not isinstance(access, IndexScan) or access.skip or (access.covering and test is None):
        return {}
    index = access.index
    return {index.tree: entry_function(index, table)} if _is_plain(index) else {}


def _is_plain(index: Index) -> bool:
    """Whether the entries of an index are made of columns alone, in orders that are the same for all connections."""
    return all(part.position >= -1 and part.collation.upper() in COLLATIONS for part in index.columns)


def watch(transaction: Any, scan: Scanned, params: Sequence[Any], text: str) -> Mapping[int, Any] | None:
    """Note a scan that is about to begin; the trees to run it on. None: it is to be noted as one that reads to the end."""
    tree_id = scan.table
    if transaction.__class__ is not Transaction or tree_id in transaction.reads:
        return None
    if len(transaction.filters.get(tree_id, ())) >= WATCHED_MAX:
        return None
    passed = Passed()
    transaction.note_filter(tree_id, scan.width, PassedTest(passed, scan), params, text)
    return WatchedTrees(transaction.trees, scan, passed)  # type: ignore[return-value]
