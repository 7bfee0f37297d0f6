"""Writing an OR by union (`planner.unions`), and what skip-scans and unions do at run time.

    found = set()
    for _ in ONCE:                                          # a = ?
        for keys, ids in entry_batches(t5_, (RANK[…], …), …):
            found.update(ids)
    for _ in ONCE:                                          # id IN (…)
        found.update(present(t2_, rowid_keys((…))))
    for keys, rows in union_batches(t2_, found, False, False):
        …

A guided union counts the entries of its branches before it reads them, down from what a scan is worth; below zero, the branches
that are left are passed over and the table is scanned.

Keeps INV-T3: the set is sorted before anything is read. What it does not do: test the OR, which is a filter of its step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from aerodb_dbapi.executor.runtime import ENTRY_COST, chunks
from aerodb_dbapi.planner.query import Access, IndexScan, IndexUnion, RowidIn, RowidPoint, RowidRange, TableSource
from aerodb_dbapi.storage.errors import NotSupportedError
from aerodb_dbapi.storage.tree import Tree

if TYPE_CHECKING:
    from aerodb_dbapi.executor.access import Body, StepWriter

INF: Final = float("inf")
Row = tuple[Any, ...]


def write_union(writer: StepWriter, source: TableSource, kind: str, access: IndexUnion, body: Body) -> None:
    """Write the gathering of the rowids, and the loop over their rows."""
    unit = writer.unit
    tree = writer.tree(source)
    found = unit.name("found")
    left = unit.name("left") if access.guided else ""
    unit.line(f"{found} = set()")
    if left:
        unit.line(f"{left} = len({tree}) // {ENTRY_COST}")
    miss, writer.miss = writer.miss, "continue"
    for branch in access.branches:
        with unit.block("for _ in ONCE:"):
            _branch(writer, source, branch, found, left)
    writer.miss = miss
    over = f"{left} < 0" if left else "False"
    batches = f"{unit.bind(union_batches)}({tree}, {found}, {over}, {access.reverse})"
    writer.batches(source, kind, batches, body)


def _branch(writer: StepWriter, source: TableSource, branch: Access, found: str, left: str) -> None:
    """Write what adds the rowids of one branch, unless a scan has become cheaper."""
    line, value = writer.unit.line, writer.compiler.value
    tree = writer.tree(source)
    if isinstance(branch, RowidPoint):
        line(f"{found}.update({writer.unit.bind(present)}({tree}, rowid_keys(({value(branch.key)},))))")
    elif isinstance(branch, RowidIn) and branch.query is not None:
        items = f"[row[0] for row in {writer.queries.row_list(branch.query)}]"
        line(f"{found}.update({writer.unit.bind(present)}({tree}, rowid_keys({items})))")
    elif isinstance(branch, RowidIn):
        items = f"({', '.join(map(value, branch.items))},)"
        line(f"{found}.update({writer.unit.bind(present)}({tree}, rowid_keys({items})))")
    elif isinstance(branch, RowidRange):
        bounds = writer.rowid_bounds(branch)
        ends = f"{bounds}[0], {branch.lower_open}, {bounds}[1], {branch.upper_open}"
        _count(writer, f"{tree}.count({ends})", left)
        _gather(writer, f"{tree}.batches({ends})", found, 0)
    elif isinstance(branch, IndexScan):
        _entries(writer, source, branch, found, left)
    else:
        raise NotSupportedError(f"access path {type(branch).__name__}")


def _entries(writer: StepWriter, source: TableSource, branch: IndexScan, found: str, left: str) -> None:
    tree = writer.tree(source, branch.index)
    parts = writer.equal_parts(branch)
    writer.for_each_listed(branch, parts, lambda parts: _range(writer, tree, writer.bounds(branch, parts), found, left))


def _range(writer: StepWriter, tree: str, bounds: tuple[str, str] | None, found: str, left: str) -> None:
    assert bounds is not None
    lower, upper = bounds
    _count(writer, f"{tree}.count({lower}, False, {upper}, True)", left)
    _gather(writer, f"entry_batches({tree}, {lower}, {upper})", found, 1)


def _count(writer: StepWriter, count: str, left: str) -> None:
    if left:
        writer.unit.line(f"{left} -= {count}")
        with writer.unit.block(f"if {left} < 0:"):
            writer.unit.line("continue")


def _gather(writer: StepWriter, batches: str, found: str, place: int) -> None:
    batch = writer.unit.name("batch")
    with writer.unit.block(f"for {batch} in {batches}:"):
        writer.unit.line(f"{found}.update({batch}[{place}])")


# --- at run time


def present(table: Tree, rowids: Iterable[int]) -> list[int]:
    """Those of some rowids that there are."""
    get = table.get
    return [rowid for rowid in rowids if get(rowid) is not None]


def union_batches(
    table: Tree, found: set[int], scan: bool, reverse: bool
) -> Iterable[tuple[Sequence[Any], Sequence[Any]]]:
    """(rowids, rows) batches of the rows found, or of all, by rowid."""
    if scan:
        return table.batches(None, False, None, False, reverse)
    return table.fetched(chunks(sorted(found, reverse=reverse)), reverse)


def skipped(tree: Tree, width: int, reverse: bool) -> Iterable[Row]:
    """The different beginnings, of `width` elements, of the keys of an index, in its order."""
    found = _hops(tree, width)
    return reversed(list(found)) if reverse else found


def _hops(tree: Tree, width: int) -> Iterator[Row]:
    entry = tree.first()
    while entry is not None:
        start = entry[0][:width]
        yield start
        entry = tree.lower_bound((*start, INF))
