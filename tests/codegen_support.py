"""Small tables, queries and a runner, built by hand from the planner's own classes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.indexes.keys import entry_function
from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.query import (
    Access,
    Join,
    OutputColumn,
    Query,
    Select,
    SelectStatement,
    Source,
    Step,
    TableSource,
)
from aerodb_dbapi.storage import catalog
from aerodb_dbapi.storage.tree import Tree

SESSION = SimpleNamespace(database=None, watch=False)


class Data:
    """Trees of tables and indexes, and the same rows in sqlite3."""

    def __init__(self) -> None:
        self.trees: dict[int, Tree] = {}
        self.tables: dict[str, catalog.Table] = {}
        self.indexes: dict[str, catalog.Index] = {}
        self.sqlite = sqlite3.connect(":memory:")
        self._next = 2
        self._source = 0

    def table(
        self, name: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], alias: int | None = None
    ) -> catalog.Table:
        """A table of columns like 'a INTEGER'; rowids are 1, 2, … or the alias column's values."""
        made = []
        for text in columns:
            words = text.split()
            affinity = words[1] if len(words) > 1 else "BLOB"
            collation = words[3] if "COLLATE" in words else "BINARY"
            made.append(catalog.Column(words[0], affinity, affinity, collation, "NOT NULL" in text))
        tree, self._next = self._next, self._next + 1
        listed = list(rows)
        keys = [i + 1 if alias is None else row[alias] for i, row in enumerate(listed)]
        pairs = sorted(zip(keys, listed)) if alias is not None else list(zip(keys, listed))
        self.trees[tree] = Tree.build([k for k, _ in pairs], [r for _, r in pairs], "table")
        table = catalog.Table(tree, name, tree, tuple(made), alias, positions={c.name: i for i, c in enumerate(made)})
        self.tables[name] = table
        declared = [f"{text} PRIMARY KEY" if i == alias else text for i, text in enumerate(columns)]
        self.sqlite.execute(f"CREATE TABLE {name} ({', '.join(declared)})")
        self.sqlite.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", [r for _, r in pairs])
        return table

    def index(self, name: str, table: str, *columns: str) -> catalog.Index:
        """An index over columns like 'a DESC' or 'b NOCASE'."""
        owner = self.tables[table]
        made = []
        for text in columns:
            words = text.split()
            position = owner.positions[words[0]]
            collation = next((w for w in words[1:] if w in ("NOCASE", "RTRIM")), owner.columns[position].collation)
            made.append(catalog.IndexColumn(position, words[0], collation, "DESC" in words))
        tree, self._next = self._next, self._next + 1
        index = catalog.Index(tree, name, table, tree, tuple(made))
        key = entry_function(index, owner)
        entries = sorted((key(rowid, row), rowid) for rowid, row in self.trees[owner.tree].scan())
        self.trees[tree] = Tree.build([k for k, _ in entries], [v for _, v in entries], "index")
        self.indexes[name] = index
        return index

    def source(self, table: str) -> TableSource:
        """A new source over a table."""
        self._source += 1
        return TableSource(id=self._source, name=table, table=self.tables[table])


def col(source: Source, name: str | int) -> e.Column:
    """A column of a source by name or position."""
    if isinstance(source, TableSource) and isinstance(name, str):
        if name == "rowid":
            return e.Column(source.id, -1, name, "INTEGER")
        position = source.table.positions[name]
        column = source.table.columns[position]
        return e.Column(source.id, position, name, column.affinity, column.collation)
    assert isinstance(name, int)
    return e.Column(source.id, name)


def star(source: TableSource) -> list[e.Expression]:
    """All columns of a table."""
    return [col(source, column.name) for column in source.table.columns]


def select(
    columns: Sequence[e.Expression], *sources: Source | Join, where: Sequence[e.Expression] = (), **more: Any
) -> Select:
    """A Select over sources joined in order."""
    width = len(columns)
    joins = [source if isinstance(source, Join) else Join(source) for source in sources]
    return Select(
        [f"c{i}" for i in range(width)], [None] * width, [None] * width, [None] * width,
        joins, list(where), list(columns), **more,
    )  # fmt: skip


def stepped(columns: Sequence[e.Expression], *steps: Step, **more: Any) -> Select:
    """A Select with its physical steps given."""
    made = select(columns, *[step.source for step in steps], **more)
    made.steps = list(steps)
    return made


def scan(source: Source, **more: Any) -> Step:
    return Step(source, Access(), **more)


def run(query: Query, data: Data | None = None, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    function, _ = compile_select(SelectStatement(query))
    return list(function(SESSION, data.trees if data else {}, tuple(params)))


def text(query: Query) -> str:
    """The generated source."""
    return compile_select(SelectStatement(query))[1]


def const(value: Any) -> e.Constant:
    return e.Constant(value)


def cmp(op: str, left: e.Expression, right: Any, **more: Any) -> e.Compare:
    return e.Compare(op, left, right if isinstance(right, e.Expression) else const(right), **more)


def out(position: int) -> OutputColumn:
    return OutputColumn(position)
