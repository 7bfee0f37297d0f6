"""ANALYZE and REINDEX.

ANALYZE
    Counts what `sqlite_stat1` says, in SQLite's format, and writes it there; the table is made when first needed. One row
    for each index: its table, its name, and the text ``n a1 a2 …``: its number of entries, and how many of them have, on
    the average, the same first column, the same first two, and so on (rounded up; NULLs are equal here). A table without a
    whole index has a row with its number of rows. Empty ones have none. The planner takes the averages from there, sizes
    from the trees (`executor.statistics`), so plans made before are forgotten.

    Example: an index on (a, b) over (1, 1), (1, 2), (2, 1) gives ``3 2 1``.

REINDEX
    Each index named is compared with its table, and made anew where the two differ. As every change keeps the entries
    (INV-D3) that should find nothing to do.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from aerodb_dbapi.executor.planning import index_functions
from aerodb_dbapi.executor.statement import PlanCache
from aerodb_dbapi.executor.statistics import STATISTICS, numbers_of
from aerodb_dbapi.indexes.maintain import build_entries, check_index
from aerodb_dbapi.planner.maintenance import Maintenance
from aerodb_dbapi.storage.catalog import Column, Index, Schema, Table, fold
from aerodb_dbapi.storage.collations import COLLATIONS
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.sentinels import TOMBSTONE

GROWN: Final = 10
MASTER_NAMES: Final = frozenset({"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"})
_SQL: Final = "CREATE TABLE sqlite_stat1(tbl,idx,stat)"
_COLUMNS: Final = tuple(Column(name, "", "BLOB") for name in ("tbl", "idx", "stat"))


def run_maintenance(session: Any, transaction: Any, statement: Maintenance) -> None:
    """Carry out an ANALYZE or REINDEX in a transaction."""
    if statement.what == "analyze":
        _analyze(transaction, statement)
        for plans in (session.plans, *session.database.plan_cache.values()):
            if isinstance(plans, PlanCache):
                plans.forget_all()
    else:
        for table, index in _to_reindex(transaction.schema, statement):
            _reindex(session, transaction, table, index)


# --- ANALYZE --------------------------------------------------------------------------------------------------------


def _analyze(transaction: Any, statement: Maintenance) -> None:
    schema: Schema = transaction.schema
    name = statement.name
    tables = [table for table in schema.tables.values() if not fold(table.name).startswith("sqlite_")]
    only: Index | None = None
    if name is not None and fold(name) in MASTER_NAMES:  # read the statistics that are there
        _statistics_tree(transaction)
        return
    if name is not None:
        only = schema.index(name)
        table = schema.table(name if only is None else only.table)
        if table is None:
            raise OperationalError(f"no such table: {statement.written}")
        tables = [] if fold(table.name).startswith("sqlite_") else [table]
    elif transaction.schema.table(STATISTICS) is not None:
        forget(transaction, None, None)
    tree = _statistics_tree(transaction)
    for table in reversed(tables):  # the latest first, as SQLite mostly does
        forget(transaction, table.name, None if only is None else only.name)
        rows = list(_rows_of(transaction, table, only))
        for row in rows:
            writer = transaction.writer(tree)
            writer.put(writer.next_rowid(), row)


def _statistics_tree(transaction: Any) -> int:
    table = transaction.schema.table(STATISTICS)
    if table is not None:
        found: int = table.tree
        return found
    tree: int = transaction.create_tree("table")
    transaction.put_object(transaction.new_object_id(), Table(0, STATISTICS, tree, _COLUMNS, sql=_SQL))
    return tree


def forget(transaction: Any, table: str | None, index: str | None) -> None:
    """Take the rows of a table, of one of its indexes, or all rows out of `sqlite_stat1`."""
    statistics = transaction.schema.table(STATISTICS)
    if statistics is None:
        return
    writer = transaction.writer(statistics.tree)
    for rowid, row in list(writer.tree.scan()):
        if (table is None or row[0] == table) and (index is None or row[1] == index):
            writer.delete(rowid)


def _rows_of(transaction: Any, table: Table, only: Index | None) -> Any:
    whole = False
    for index in reversed(table.indexes):
        whole = whole or index.where is None
        if only is None or index.id == only.id:
            text = _counts(transaction.trees[index.tree], len(index.columns))
            if text:
                yield table.name, table.name if index is table.key_index else index.name, text
    rows = len(transaction.trees[table.tree])
    if not whole and only is None and rows:
        yield table.name, None, str(rows)


def _counts(entries: Any, width: int) -> str:
    """The statistics of an index of so many columns."""
    keys = [key for batch, _ in entries.batches() for key in batch]
    if not keys:
        return ""
    shown = [len(keys)]
    for parts in range(1, width + 1):
        end = 2 * parts
        distinct = 1 + sum(a[:end] != b[:end] for a, b in pairwise(keys))
        shown.append((len(keys) + distinct - 1) // distinct)
    return " ".join(map(str, shown))


def worth_analyzing(schema: Schema, trees: Any) -> list[str]:
    """The tables that PRAGMA optimize analyzes: those with rows and indexes of which `sqlite_stat1` knows nothing, or a number of
    entries that has become `GROWN` times larger or smaller."""
    known = _recorded(schema, trees)
    found = []
    for table in schema.tables.values():
        indexes = [index for index in table.indexes if len(trees[index.tree])]
        if any(_is_off(known.get(_names(table, index), 0), len(trees[index.tree])) for index in indexes):
            found.append(table.name)
    return found


def _recorded(schema: Schema, trees: Any) -> dict[tuple[str, str], int]:
    """The number of entries of each index that has a row."""
    table = schema.table(STATISTICS)
    rows = [] if table is None or len(table.columns) < 3 else [row for _, row in trees[table.tree].scan()]
    texts = [row[:3] for row in rows if all(part.__class__ is str for part in row[:3])]
    return {(fold(tbl), fold(idx)): next(iter(numbers_of(stat)), 0) for tbl, idx, stat in texts}


def _names(table: Table, index: Index) -> tuple[str, str]:
    return fold(table.name), fold(table.name if index is table.key_index else index.name)


def _is_off(recorded: int, now: int) -> bool:
    low, high = sorted((recorded, now))
    return high >= GROWN * low


# --- REINDEX --------------------------------------------------------------------------------------------------------


def _to_reindex(schema: Schema, statement: Maintenance) -> list[tuple[Table, Index]]:
    """The indexes that are meant."""
    pairs = [(table, index) for table in schema.tables.values() for index in table.indexes]
    name = statement.name
    if name is None:
        return pairs
    if statement.database is None and name.upper() in COLLATIONS:
        return [(t, i) for t, i in pairs if any(fold(c.collation) == fold(name) for c in i.columns)]
    table = schema.table(name)
    if table is not None:
        return [(table, index) for index in table.indexes]
    found = [(t, i) for t, i in pairs if fold(i.name) == fold(name)]
    if not found:
        raise OperationalError("unable to identify the object to be reindexed")
    return found


def _reindex(session: Any, transaction: Any, table: Table, index: Index) -> None:
    tests, computed = index_functions(session, transaction.schema, table)
    rows, entries, where = transaction.trees[table.tree], transaction.trees[index.tree], tests.get(index.id)
    if not check_index(index, table, rows, entries, where, computed):
        return
    keys = build_entries(index, table, rows, where, computed)
    old = [key for batch, _ in entries.batches() for key in batch]
    writer = transaction.writer(index.tree)
    writer.put_many(old, [TOMBSTONE] * len(old))
    writer.put_many(keys, [key[-1] for key in keys])
