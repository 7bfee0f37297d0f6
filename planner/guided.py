"""Guided scans: whether a condition's rows are read through an index or found by a scan, decided when the keys are known.

A plan does not know the constants of the text it is made for (INV-Q7), so it cannot know whether ``a > ?`` keeps ten rows
or all of them. Reading a row through an index costs as much as scanning a dozen. So the outermost source of a block, where a
condition on an index's columns is at hand, is read by a `GuidedScan`: the generated code counts the entries within the
bounds, which a tree tells in two descents, and takes the entries if they are few, the whole table otherwise. Either way
the condition itself is tested on what comes.

    SELECT * FROM t WHERE a > ?     -- 3 rows of 100,000: through the index; 30,000 rows: a scan

Where
    * A scan that the prices chose becomes guided if an index has a condition for its first columns: equalities, then a
      range. Not under a LIMIT that stops the scan early.
    * An index range without equalities that the prices chose becomes guided if its order serves nothing.
    * A union (`planner.unions`) of ranges, or one that a scan was preferred to.
    * LIKE and GLOB with a fixed beginning count as ranges (`planner.prefixes`).
    The keys may not depend on other sources of the block: the decision is made once per run of the block.
"""

from __future__ import annotations

from collections.abc import Sequence

from aerodb_dbapi.planner.access import Path, Site, index_path, usable_indexes
from aerodb_dbapi.planner.cost import Selectivity
from aerodb_dbapi.planner.prefixes import prefix_terms
from aerodb_dbapi.planner.query import Access, GuidedScan, IndexScan, IndexUnion, TableSource
from aerodb_dbapi.planner.unions import is_wide, union_paths


def guided(site: Site, path: Path, estimate: Selectivity, *, in_order: bool, lazy: bool) -> Access | None:
    """The guided scan for the outermost source of a block; None where its access stays. `in_order`: the order of the
    rows serves an ORDER BY; `lazy`: a LIMIT may stop the loop."""
    source, access = site.source, path.access
    if not isinstance(source, TableSource) or source.indexed_by is not None or lazy or site.optional:
        return None
    if type(access) is Access:
        entries = _best(site, source, estimate)
        if entries is None:
            return _union(site, access, estimate)
        return GuidedScan(entries=entries, in_order=in_order, reverse=access.reverse)
    if isinstance(access, IndexUnion):
        access.guided = is_wide(access)
        return None
    if in_order or not isinstance(access, IndexScan) or not _is_range(access):
        return None
    return GuidedScan(entries=access)


def _is_range(access: IndexScan) -> bool:
    """Whether the number of entries is unknown: a range alone, and the rows are not in the entries themselves."""
    ranged = access.lower is not None or access.upper is not None
    return ranged and not access.covering and not access.equal and not access.skip


def _union(site: Site, scan: Access, estimate: Selectivity) -> Access | None:
    """The first union that needs no other source."""
    for path in union_paths(site, 0, estimate):
        if isinstance(path.access, IndexUnion):
            path.access.guided, path.access.reverse = True, scan.reverse
            return path.access
    return None


def _best(site: Site, source: TableSource, estimate: Selectivity) -> IndexScan | None:
    """The index that is thought to keep the fewest rows for conditions without other sources."""
    terms = [term for term in site.terms if not term.need]
    terms += [term for one in site.local for term in prefix_terms(one, source)]
    if not terms:
        return None
    found = [index_path(site, source, index, terms, estimate) for index in usable_indexes(site, source, terms)]
    fit = [path for path in found if path.used and _is_exact(path.access)]
    if not fit:
        return None
    best: Sequence[Path] = sorted(fit, key=lambda path: round(path.rows, 4))
    access = best[0].access
    assert isinstance(access, IndexScan)
    access.covering = False
    return access


def _is_exact(access: Access) -> bool:
    return isinstance(access, IndexScan) and not access.lists
