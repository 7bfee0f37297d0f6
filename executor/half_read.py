"""Cursors that are read half way: what they passed, so that a commit counts no more of them (INV-V7).

A SELECT that gives its rows as it scans one table in the order of its rowids, or of an index, has read, at any moment, the rows up to
the last batch that the scan was handed, and nothing behind it. So the statement is run on a tree that watches: it notes the last key
of each batch before it hands the batch on. A batch counts as a whole, whatever the cursor gave of it; when the scan comes to
its end, all of the table is read.

    ::

        cursor = execute("SELECT * FROM t WHERE b > 1")      filter (b > 1), and nothing passed yet
        cursor.fetchone()                                    … up to rowid 256: the first leaf
        another commit inserts row 900, b = 2                does not disturb
        another commit sets b of row 7 to 2                  disturbs
        cursor.fetchall()                                    from here on row 900 would, too

The same holds for LIMIT, which stops a scan. In the order of an index a row stands where its entry does: for ``ORDER BY b`` another commit
disturbs if a row that it changed has, before or after the change, a b that was passed, or would have been.

What the watching tree does not know how to watch (any attribute but those two scans, a second scan) counts as reading all: so
never too little counts, whatever code a plan has. Only plans of one step are run on it, and of one transaction at most
`WATCHED_MAX` on one table; others are read by their conditions alone, to the end.

Not here: conditions (`read_filters.py`); what becomes of them at the commit (`storage/conflicts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aerodb_dbapi.indexes.keys import COLLATIONS, EntryFunction, entry_function
from aerodb_dbapi.planner.expressions import Expression
from aerodb_dbapi.planner.query import Access, IndexScan, RowidRange, Select, SelectStatement, Statement, TableSource
from aerodb_dbapi.planner.usage import nested_queries
from aerodb_dbapi.storage.catalog import Index
from aerodb_dbapi.storage.transaction import Transaction

WATCHED_MAX: Final = 64
Batches = Iterator[tuple[Sequence[Any], Sequence[Any]]]
Test = Callable[[Sequence[tuple[Any, ...]], Sequence[Any]], bool]


class Passed:
    """How far a scan has come. `whole`: it has passed everything, or nobody knows."""

    __slots__ = ("begun", "last", "reverse", "whole")

    def __init__(self) -> None:
        self.begun = self.reverse = self.whole = False
        self.last: Any = None

    def follow(self, batches: Batches) -> Batches:
        """The batches, each noted before it is handed on."""
        for batch in batches:
            self.last = batch[0][-1]
            yield batch
        self.whole = True

    def covers(self, key: Any) -> bool:
        """Whether the scan has passed that key, or the place where it would be."""
        if self.whole or self.last is None:
            return self.whole
        return bool(key >= self.last if self.reverse else key <= self.last)


class WatchedTree:
    """A table's tree that tells how far it was scanned."""

    __slots__ = ("_passed", "_tree")

    def __init__(self, tree: Any, passed: Passed) -> None:
        self._tree = tree
        self._passed = passed

    def batches(
        self, lower: Any = None, lower_open: bool = False, upper: Any = None, upper_open: bool = False,
        reverse: bool = False,
    ) -> Batches:  # fmt: skip
        """As `Tree.batches`."""
        return self._watched(self._tree.batches(lower, lower_open, upper, upper_open, reverse), reverse)

    def columns(self, wanted: Sequence[int]) -> Batches:
        """As `Tree.columns`."""
        return self._watched(self._tree.columns(wanted), False)

    def _watched(self, batches: Batches, reverse: bool) -> Batches:
        passed = self._passed
        if passed.begun:
            passed.whole = True
            return batches
        passed.begun, passed.reverse = True, reverse
        return passed.follow(batches)

    def __getattr__(self, name: str) -> Any:
        self._passed.whole = True
        return getattr(self._tree, name)

    def __len__(self) -> int:
        self._passed.whole = True
        return len(self._tree)


class WatchedTrees:
    """The trees of a transaction, one of them watched."""

    __slots__ = ("_passed", "_tree_id", "_trees")

    def __init__(self, trees: Any, tree_id: int, passed: Passed) -> None:
        self._trees = trees
        self._tree_id = tree_id
        self._passed = passed

    def __getitem__(self, tree_id: int) -> Any:
        tree = self._trees[tree_id]
        return WatchedTree(tree, self._passed) if tree_id == self._tree_id else tree

    def __getattr__(self, name: str) -> Any:
        self._passed.whole = True
        return getattr(self._trees, name)


class PassedTest:
    """The conditions of a statement, for rows that its scan has passed. `entry`: of the index in whose order they come."""

    __slots__ = ("_entry", "_passed", "_test")

    def __init__(self, passed: Passed, test: Test | None, entry: EntryFunction | None) -> None:
        self._passed = passed
        self._test = test
        self._entry = entry

    @property
    def grows(self) -> bool:
        """Whether the scan may pass more rows."""
        return not self._passed.whole

    def __call__(self, images: Sequence[tuple[Any, ...]], params: Sequence[Any]) -> bool:
        """Whether one of some rows, with its rowid behind its columns, was passed and satisfies them."""
        return any(self._covers(image) and (self._test is None or self._test((image,), params)) for image in images)

    def _covers(self, image: tuple[Any, ...]) -> bool:
        entry = self._entry
        return self._passed.covers(image[-1] if entry is None else entry(image[-1], image[:-1]))


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan that can be watched: of that table, with so many columns, in the order of the keys of `ordered`, a tree, whose keys `entry`
    makes if it is an index. `test`: of the conditions; None: there are none."""

    table: int
    width: int
    ordered: int
    entry: EntryFunction | None
    test: Test | None


def scanned(statement: Statement, coarse: tuple[int, ...], test: Test | None) -> Scanned | None:
    """The scan of a statement that does nothing else, and reads these trees, for rows with these conditions; None if it does more."""
    query = statement.query if isinstance(statement, SelectStatement) else None
    if not isinstance(query, Select) or query.steps is None or len(query.steps) != 1 or query.group is not None:
        return None
    step = query.steps[0]
    source, access = step.source, step.access
    if not isinstance(source, TableSource) or source.as_of is not None or source.table.without_rowid:
        return None
    if (
        access.__class__ not in (Access, RowidRange, IndexScan)
        or (query.order_by and not query.sorted)
        or _nested(query)
    ):
        return None
    table, ordered, entry = source.table, source.table.tree, None
    if isinstance(access, IndexScan):
        if (access.covering and test is None) or not _is_plain(access.index):
            return None
        ordered, entry = access.index.tree, entry_function(access.index, table)
    if not {table.tree, ordered} >= set(coarse):
        return None
    return Scanned(table.tree, len(table.columns), ordered, entry, test)


def _is_plain(index: Index) -> bool:
    """Whether the entries of an index are made of columns alone, in orders that are the same for all connections."""
    return all(part.position >= -1 and part.collation.upper() in COLLATIONS for part in index.columns)


def _nested(query: Select) -> bool:
    """Whether there are queries in the expressions of a block."""
    parts: list[Expression | None] = [*query.where, *query.columns, *query.having, query.limit, query.offset]
    parts += [order.expression for order in query.order_by]
    return any(part is not None and bool(nested_queries(part)) for part in parts)


def watch(transaction: Any, scan: Scanned, params: Sequence[Any], text: str) -> Mapping[int, Any] | None:
    """Note a scan that is about to begin; the trees to run it on. None: it is to be noted as one that reads to the end."""
    tree_id = scan.table
    if transaction.__class__ is not Transaction or tree_id in transaction.reads:
        return None
    if len(transaction.filters.get(tree_id, ())) >= WATCHED_MAX:
        return None
    passed = Passed()
    transaction.note_filter(tree_id, scan.width, PassedTest(passed, scan.test, scan.entry), params, text)
    return WatchedTrees(transaction.trees, scan.ordered, passed)  # type: ignore[return-value]
