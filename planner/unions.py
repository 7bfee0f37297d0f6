"""OR by union: each operand finds its rows through an index of its own, and each row is read once.

    SELECT * FROM t WHERE a = ? OR (b > ? AND c = 1)      -- indexes on t(a), t(b)

becomes an `IndexUnion` of two branches. A branch is whatever is cheapest for one operand: rowids, or an index whose conditions
are conjuncts of the operand, or of the block (with ``k = 1 AND (a = ? OR b = ?)`` an index on (k, a) takes both). A partial
index may be read if the operand, or the block, implies its condition. Rowids are gathered in a set and read in ascending order, so
that no row comes twice and the union gives the order of the rowid. The OR is tested on what comes: a branch may find more
than its operand wants.

    The same choice as in `planner.guided` is left to the run where the union is the outermost source: if the branches together
    hold more entries than a scan would cost, the table is scanned. So a union may have ranges of unknown width.

A union takes one OR; every operand must have a branch. ``a = 1 OR a = 2`` is an IN list before it comes here
(`rules.simplify`). Switch: ``or_by_union``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from aerodb_dbapi.planner.access import Alternatives, Path, Site, index_path, point_path, rowid_paths, usable_indexes
from aerodb_dbapi.planner.cost import INDEX_ROW, Selectivity
from aerodb_dbapi.planner.expressions import Expression, Or, conjuncts
from aerodb_dbapi.planner.prefixes import prefix_terms
from aerodb_dbapi.planner.query import Access, IndexScan, IndexUnion, RowidRange, TableSource
from aerodb_dbapi.planner.terms import ROWID, Term, make_term

NAME: Final = "or_by_union"
OPERANDS_MAX: Final = 64


def alternatives(
    expression: Or, source: TableSource, tables: set[int], needs: Callable[[Term], bool]
) -> Alternatives | None:
    """What an access path could answer of each operand; None if one has nothing. `needs` sets the sources that a term
    needs, and tells whether it can be used."""
    found: list[tuple[list[Term], list[Expression]]] = []
    if len(expression.operands) > OPERANDS_MAX:
        return None
    for operand in expression.operands:
        parts = conjuncts(operand)
        made = [make_term(part, source, tables) for part in parts]
        made += [term for part in parts for term in prefix_terms(part, source)]
        terms = [term for term in made if term is not None and needs(term)]
        if not terms:
            return None
        found.append((terms, parts))
    return Alternatives(expression, found)


def union_paths(site: Site, available: int, estimate: Selectivity) -> list[Path]:
    """The unions that can be read when the sources of mask `available` are bound."""
    source = site.source
    if not site.alternatives or not isinstance(source, TableSource):
        return []
    found = [_union(site, source, one, available, estimate) for one in site.alternatives]
    return [path for path in found if path is not None]


def _union(site: Site, source: TableSource, one: Alternatives, available: int, estimate: Selectivity) -> Path | None:
    around = [term for term in site.terms if not term.need & ~available]
    branches: list[Path] = []
    for terms, parts in one.operands:
        usable = [term for term in terms if not term.need & ~available]
        own = replace(site, terms=[*usable, *around], local=[*site.local, *parts], used_columns=set())
        path = _branch(own, source, usable, available, estimate)
        if path is None:
            return None
        branches.append(path)
    total = min(site.rows, sum(branch.rows for branch in branches))
    each = sum(branch.each for branch in branches) + total * INDEX_ROW
    access = IndexUnion(branches=tuple(_entries_only(branch.access) for branch in branches))
    return Path(access, 0.0, each, total, (one.conjunct,), ((ROWID, False, ""),), retested=True)


def _entries_only(access: Access) -> Access:
    """A branch reads rowids; that its entries hold more is of no use."""
    if isinstance(access, IndexScan):
        access.covering = False
    return access


def _branch(site: Site, source: TableSource, own: Sequence[Term], available: int, estimate: Selectivity) -> Path | None:
    """The cheapest way to the rowids of one operand that uses a condition of its own."""
    point = point_path(replace(site, terms=list(own)), available)
    if point is not None and not source.indexed_by:
        return point
    found = [] if source.indexed_by else rowid_paths(site, own)
    for index in usable_indexes(site, source, site.terms):
        path = index_path(site, source, index, site.terms, estimate)
        if any(term.conjunct is used for term in own for used in path.used):
            found.append(path)
    return min(found, key=lambda path: round(path.each, 4), default=None)


def is_wide(access: IndexUnion) -> bool:
    """Whether a branch may hold any number of entries: it is a range alone."""
    return any(
        isinstance(branch, RowidRange) or (isinstance(branch, IndexScan) and not branch.equal)
        for branch in access.branches
    )
