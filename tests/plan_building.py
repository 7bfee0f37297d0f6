"""Hand-made catalog and bound queries for the planner's tests, so that they need neither parser nor binder.

Tables: ``t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c)`` with indexes t_a(a), t_bc(b, c); ``u(id INTEGER PRIMARY
KEY, t_id INTEGER, x TEXT, y INTEGER)`` with u_xy(x, y) unique; ``w(p INTEGER, q TEXT)`` without an index; ``n(s TEXT
COLLATE NOCASE)`` with n_s(s) NOCASE.
"""

from __future__ import annotations

from typing import Any

from aerodb_dbapi.planner.expressions import Column, Compare, Constant, Expression, Parameter
from aerodb_dbapi.planner.optimizer import optimize
from aerodb_dbapi.planner.query import (
    Join,
    Query,
    QuerySource,
    Select,
    SelectStatement,
    Source,
    TableSource,
)
from aerodb_dbapi.storage.catalog import Column as TableColumn
from aerodb_dbapi.storage.catalog import Index, IndexColumn, Schema, Table, encode_object

_NUMERIC = ("INTEGER", "REAL", "NUMERIC")


def _table(oid: int, name: str, tree: int, columns: list[tuple[str, str, str]], alias: int | None) -> Table:
    made = tuple(TableColumn(n, t, {"": "BLOB"}.get(t, t), c) for n, t, c in columns)
    return Table(oid, name, tree, made, alias)


def _index(
    oid: int, name: str, table: str, tree: int, parts: list[tuple[int, str, str]], unique: bool = False
) -> Index:
    return Index(oid, name, table, tree, tuple(IndexColumn(p, n, c) for p, n, c in parts), unique)


OBJECTS = [
    _table(1, "t", 10, [("id", "INTEGER", "BINARY"), ("a", "INTEGER", "BINARY"), ("b", "TEXT", "BINARY"),
                        ("c", "", "BINARY")], 0),
    _table(2, "u", 11, [("id", "INTEGER", "BINARY"), ("t_id", "INTEGER", "BINARY"), ("x", "TEXT", "BINARY"),
                        ("y", "INTEGER", "BINARY")], 0),
    _table(3, "w", 12, [("p", "INTEGER", "BINARY"), ("q", "TEXT", "BINARY")], None),
    _table(4, "n", 13, [("s", "TEXT", "NOCASE")], None),
    _index(5, "t_a", "t", 20, [(1, "a", "BINARY")]),
    _index(6, "t_bc", "t", 21, [(2, "b", "BINARY"), (3, "c", "BINARY")]),
    _index(7, "u_xy", "u", 22, [(2, "x", "BINARY"), (3, "y", "BINARY")], True),
    _index(8, "n_s", "n", 23, [(0, "s", "NOCASE")]),
]  # fmt: skip
SCHEMA = Schema((item.id, encode_object(item)) for item in OBJECTS)


class Counts:
    """Statistics with given row counts (1,000 where none is given)."""

    def __init__(self, **rows: int) -> None:
        self._rows = rows

    def rows(self, table: Table) -> int:
        """The table's rows."""
        return self._rows.get(table.name, 1000)

    def distinct(self, index: Index, parts: int) -> float | None:
        """Not known."""
        return None


def source(name: str, number: int, **more: Any) -> TableSource:
    """A table as source `number`."""
    table = SCHEMA.table(name)
    assert table is not None
    return TableSource(id=number, name=name, table=table, **more)


def col(at: Source, name: str) -> Column:
    """A column of a table source ('rowid' too), or of a query source by its output name."""
    if isinstance(at, QuerySource):
        place = at.query.names.index(name)
        return Column(at.id, place, name, at.query.affinities[place], at.query.collations[place])
    assert isinstance(at, TableSource)
    if name == "rowid":
        return Column(at.id, -1, "rowid", "INTEGER")
    place = [column.name for column in at.table.columns].index(name)
    column = at.table.columns[place]
    return Column(at.id, place, name, column.affinity, column.collation)


def literal(value: Any) -> Expression:
    """A constant, or the expression itself."""
    return value if isinstance(value, Expression) else Constant(value)


def compare(left: Any, op: str, right: Any, order: str | None = None) -> Compare:
    """A comparison with SQLite's affinity and collation rules applied."""
    left, right = literal(left), literal(right)
    a, b = left.affinity, right.affinity
    left_apply = right_apply = None
    if a in _NUMERIC and b not in _NUMERIC:
        right_apply = "NUMERIC"
    elif b in _NUMERIC and a not in _NUMERIC:
        left_apply = "NUMERIC"
    elif a == "TEXT" and b is None:
        right_apply = "TEXT"
    elif b == "TEXT" and a is None:
        left_apply = "TEXT"
    return Compare(op, left, right, left_apply, right_apply, order or left.collation or right.collation or "BINARY")


def select(
    joins: list[Source | Join], columns: list[Expression], where: list[Expression] | None = None, **more: Any
) -> Select:
    """A block; sources are joined inner."""
    made = [join if isinstance(join, Join) else Join(join) for join in joins]
    width = len(columns)
    names = [getattr(column, "name", f"c{place}") for place, column in enumerate(columns)]
    return Select(
        names=names, types=[None] * width, affinities=[column.affinity for column in columns],
        collations=[column.collation for column in columns], joins=made, where=where or [], columns=columns, **more,
    )  # fmt: skip


def subquery(query: Query, number: int, name: str = "s", **more: Any) -> QuerySource:
    """A query in FROM."""
    return QuerySource(id=number, name=name, query=query, **more)


def plan(query: Query, counts: Counts | None = None, disabled: frozenset[str] = frozenset()) -> Query:
    """The query, optimized as a statement of its own."""
    return optimize(SelectStatement(query), counts or Counts(), disabled).query


P0 = Parameter(0)
P1 = Parameter(1)
