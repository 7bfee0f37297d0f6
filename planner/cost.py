"""What things cost: statistics, unit costs in microseconds, and how many rows a condition lets through.

Units
    The engine runs generated Python. Measured on it: a scanned row 0.05 µs, a row put into a hash table 0.4, a hash
    probe 0.3, a look-up by rowid about 0.8, by index about 2.5 and then 1.2 for every row fetched through the entry
    (0.25 when the entry itself holds all that is needed). Only ratios matter to the choice.

Row counts
    `Statistics.rows` is exact and cheap (trees know their size). It is never taken below `ROWS_MIN`: plans are
    cached, tables grow, and a plan made for an empty table must not be a disaster for a full one.

Selectivity
    Without statistics, SQLite's own guesses are near enough: an index's first column takes ten rows per value, each
    further column one less down to five; one bound of a range keeps a quarter; the rest are the constants below. Where a
    wrong guess would cost most, the choice is left to the run (`planner.guided`, `executor.keyed`).

All of it is arithmetic on the given numbers: same text, schema and statistics, same plan (INV-T1).
"""

from __future__ import annotations

from typing import Final, Protocol

from aerodb_dbapi.planner.expressions import (
    And,
    Between,
    Column,
    Compare,
    Constant,
    Exists,
    Expression,
    Indexed,
    InList,
    InQuery,
    IsNull,
    Like,
    Not,
    Or,
    Parameter,
)
from aerodb_dbapi.planner.lists import item_count
from aerodb_dbapi.planner.query import Source, TableSource
from aerodb_dbapi.storage.catalog import Index, Table

SCAN_ROW: Final = 0.05
FILTER: Final = 0.04
SUBQUERY_FILTER: Final = 1.0
BUILD_ROW: Final = 0.4
HASH_PROBE: Final = 0.3
HASH_ROW: Final = 0.1
ROWID_LOOKUP: Final = 0.8
RANGE_START: Final = 2.0
INDEX_LOOKUP: Final = 2.5
INDEX_ROW: Final = 1.2
COVERING_ROW: Final = 0.25
SORT_ROW: Final = 0.4
WINDOW_ROW: Final = 0.6  # for each window of a row
TOP_ROW: Final = 0.1

RANGE_KEPT: Final = 0.25  # one bound
BETWEEN_KEPT: Final = 0.03  # both
ROWS_MIN: Final = 1000.0
CORRELATED_RUNS: Final = 100.0
RECURSIVE_RUNS: Final = 100.0
LIMIT_GUESS: Final = 100.0


class Statistics(Protocol):
    """What the planner may ask about data. `distinct` is the number of different values of an index's first `parts`
    columns, or None if it is not known."""

    def rows(self, table: Table) -> int: ...

    def distinct(self, index: Index, parts: int) -> float | None: ...


class UnknownStatistics:
    """Every table has the same, middling size; nothing is known of distinct values."""

    def __init__(self, rows: int = 10_000) -> None:
        self._rows = rows

    def rows(self, table: Table) -> int:
        """The assumed number of rows."""
        return self._rows

    def distinct(self, index: Index, parts: int) -> float | None:
        """Not known."""
        return None


def rows_per_key(statistics: Statistics, index: Index, parts: int, rows: float) -> float:
    """How many entries share one value of the first `parts` columns."""
    if parts == 0:
        return rows
    if index.unique and parts >= len(index.columns):
        return 1.0
    distinct = statistics.distinct(index, parts)
    if distinct:
        return max(1.0, rows / max(1.0, distinct))
    return min(rows, float(max(11 - parts, 5)))


class Selectivity:
    """Estimates over the sources of one statement. `rows` maps a source id to its row count."""

    __slots__ = ("rows", "sources", "statistics")

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics
        self.sources: dict[int, Source] = {}
        self.rows: dict[int, float] = {}

    def distinct(self, expression: Expression) -> float:
        """The number of different values of a column over its source; a guess for anything else."""
        if expression.__class__ is not Column and expression.__class__ is not Indexed:
            return 10.0
        source = self.sources.get(expression.source)
        if source is None:
            return 10.0
        rows = self.rows[source.id]
        if isinstance(source, TableSource):
            return self._table_distinct(source.table, expression.position, rows)
        return max(10.0, rows / 10)

    def _table_distinct(self, table: Table, position: int, rows: float) -> float:
        if position in (-1, table.rowid_alias):
            return rows
        for index in table.indexes:
            if index.columns[0].position == position and index.where is None:
                return max(1.0, rows / rows_per_key(self.statistics, index, 1, rows))
        return max(2.0, min(rows / 10, 10_000.0))

    def of(self, conjunct: Expression) -> float:
        """The part of the rows that a condition keeps."""
        if isinstance(conjunct, Compare):
            return self._compare(conjunct)
        if isinstance(conjunct, And):
            kept = 1.0
            for operand in conjunct.operands:
                kept *= self.of(operand)
            return kept
        if isinstance(conjunct, Or):
            return min(1.0, sum(self.of(operand) for operand in conjunct.operands))
        if isinstance(conjunct, Not):
            return max(0.05, 1.0 - self.of(conjunct.operand))
        return self._other(conjunct)

    def _compare(self, conjunct: Compare) -> float:
        if conjunct.op in ("=", "IS"):
            return 1.0 / max(1.0, self._equal_values(conjunct.left, conjunct.right))
        if conjunct.op in ("<>", "IS NOT"):
            return 0.9
        return RANGE_KEPT

    def _equal_values(self, left: Expression, right: Expression) -> float:
        both = (self.distinct(left), self.distinct(right))
        if left.__class__ in (Constant, Parameter):
            return both[1]
        if right.__class__ in (Constant, Parameter):
            return both[0]
        return max(both)

    def _other(self, conjunct: Expression) -> float:
        if isinstance(conjunct, Between):
            return 0.95 if conjunct.negated else BETWEEN_KEPT
        if isinstance(conjunct, InList):
            kept = min(0.5, item_count(conjunct.items) / self.distinct(conjunct.operand))
            return 1.0 - kept if conjunct.negated else kept
        if isinstance(conjunct, IsNull):
            return 0.9 if conjunct.negated else 0.1
        if isinstance(conjunct, Like):
            return 0.9 if conjunct.negated else 0.1
        if isinstance(conjunct, InQuery | Exists):
            return 0.5
        if isinstance(conjunct, Constant):
            return 1.0 if conjunct.value else 0.0
        return 0.5
