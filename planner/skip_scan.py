"""Skip-scan: an index is read for its later columns, once for each value of the first ones.

    CREATE INDEX i ON orders(state, customer);  SELECT … WHERE customer = ?

With four states, four look-ups of (state, customer) find the rows; the states are found by hopping through the index from one
to the next. It pays where the first columns have few values, and is offered only where their number is known
(`Statistics.distinct`); the price decides. EXPLAIN QUERY PLAN shows a skipped column as ``ANY(state)``.

Not for an index that has a condition on its first column: that is an ordinary look-up. Switch: ``skip_scan``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aerodb_dbapi.planner.access import Path, Site, index_path, usable_indexes
from aerodb_dbapi.planner.cost import Selectivity
from aerodb_dbapi.planner.query import IndexScan, TableSource
from aerodb_dbapi.planner.terms import Term, table_position

NAME: Final = "skip_scan"
VALUES_MAX: Final = 1000.0
"""A plan outlives the number it was made for, so it is not made for very many."""


def skip_paths(site: Site, source: TableSource, terms: Sequence[Term], estimate: Selectivity) -> list[Path]:
    """The skip-scans of a table that have a condition behind the columns they skip."""
    conditioned = {term.column for term in terms if term.kind != "query"}
    if not conditioned:
        return []
    found: list[Path] = []
    for index in usable_indexes(site, source, terms):
        places = [table_position(source.table, part.position) for part in index.columns]
        skip = next((at for at, place in enumerate(places) if place in conditioned), 0)
        if not skip or places[0] in conditioned:
            continue
        values = estimate.statistics.distinct(index, skip)
        if values is None or values > VALUES_MAX:
            continue
        path = index_path(site, source, index, terms, estimate, skip=skip, values=max(1.0, values))
        if path.used and isinstance(path.access, IndexScan) and not path.access.lists:
            found.append(path)
    return found
