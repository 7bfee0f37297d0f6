"""A `sqlite3` database copied into trees, and statements on it planned and run without session, log or DDL.

`Mirror` reads SQLite's own catalog (`table_info`, `index_xinfo`, view texts) and rows, makes the same `Schema` and
`Tree`s, and
`rows(sql, disabled)` parses, binds, optimizes with the named rules and choices left out, compiles and runs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.dml_insert import computed_functions, row_function
from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.indexes.keys import entry_function, prefix_length
from aerodb_dbapi.planner.binder import bind
from aerodb_dbapi.planner.ddl import complete_index
from aerodb_dbapi.planner.optimizer import optimize
from aerodb_dbapi.planner.parse import parse
from aerodb_dbapi.planner.query import DeleteStatement, SelectStatement, Statement
from aerodb_dbapi.storage.catalog import (
    Column,
    Index,
    IndexColumn,
    Schema,
    SchemaObject,
    Table,
    View,
    encode_object,
)
from aerodb_dbapi.storage.tree import Tree
from aerodb_dbapi.storage.values import affinity_of_type

SESSION = SimpleNamespace(database=None, watch=False)


class Mirror:
    """The copy. It is its own `Statistics`: exact row counts, of values nothing unless `counts_values` is set."""

    counts_values = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.objects: list[SchemaObject] = []
        self.trees: dict[int, Tree] = {}
        self.collations = _declared_collations(connection)
        self.functions = FunctionRegistry()
        self.expressions: dict[str, dict[str, int]] = {}
        master = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        for kind, name, _, sql in master:
            if kind == "table":
                self._table(name)
            elif kind == "view":
                body = sql[sql.lower().index(" as ") + 4 :]
                self.objects.append(View(self._id(), name, body, None, sql))
        for kind, name, table, sql in master:
            if kind == "index":
                self._index(name, table, sql)
        self.schema = self._schema()

    def _schema(self) -> Schema:
        return Schema((item.id, encode_object(item)) for item in self.objects)

    def _id(self) -> int:
        return len(self.objects) + 1

    def _table(self, name: str) -> None:
        info = self.connection.execute(f"PRAGMA table_info({name})").fetchall()
        columns = tuple(
            Column(column, declared, affinity_of_type(declared), self.collations.get((name, column), "BINARY"))
            for _, column, declared, *_ in info
        )
        keys = [place for place, row in enumerate(info) if row[5]]
        alias = keys[0] if len(keys) == 1 and info[keys[0]][2].upper() == "INTEGER" else None
        table = Table(self._id(), name, self._id() + 100, columns, alias)
        rows = self.connection.execute(f"SELECT rowid, * FROM {name} ORDER BY rowid").fetchall()
        self.trees[table.tree] = Tree.build([row[0] for row in rows], [row[1:] for row in rows], "table")
        self.objects.append(table)

    def _index(self, name: str, table_name: str, sql: str | None) -> None:
        table = next(item for item in self.objects if isinstance(item, Table) and item.name == table_name)
        parts = self.connection.execute(f"PRAGMA index_xinfo({name})").fetchall()
        columns = tuple(
            IndexColumn(place, part, order, bool(desc)) for _, place, part, desc, order, key in parts if key
        )
        if sql is not None and (" WHERE " in sql or any(place < -1 for _, place, *_ in parts)):
            complete = self._schema().table(table_name)
            assert complete is not None
            index = complete_index(parse(sql).tree, complete, self.expressions.setdefault(table_name, {}))
            index = replace(index, id=self._id(), tree=self._id() + 100)
        else:
            listed = self.connection.execute(f"PRAGMA index_list({table_name})").fetchall()
            unique = next(bool(row[2]) for row in listed if row[1] == name)
            index = Index(self._id(), name, table_name, self._id() + 100, columns, unique, sql=sql)
        self.objects.append(index)
        key, is_in = self._functions_of(index, table)
        entries = sorted((key(*row), row[0]) for row in self.trees[table.tree].scan() if is_in is None or is_in(*row))
        self.trees[index.tree] = Tree.build([k for k, _ in entries], [v for _, v in entries], "index")

    def _functions_of(self, index: Index, table: Table) -> tuple[Any, Any]:
        """What makes the index's entry of a row, and what tells whether there is one (None: always)."""
        schema = self._schema()
        bound = bind(parse(f"DELETE FROM {table.name}"), schema, self.functions, lambda commit: schema)
        assert isinstance(bound, DeleteStatement)
        computed = computed_functions(bound.index_values, bound.row_id, bound.table)
        where = bound.index_filters.get(index.id)
        return (
            entry_function(index, table, computed),
            None if where is None else row_function(where, bound.row_id, bound.table),
        )

    # --- statistics

    def rows_of(self, table: Table) -> int:
        """The exact number of rows."""
        return len(self.trees[table.tree])

    def bound(self, sql: str) -> Statement:
        """The bound statement, not optimized."""
        return bind(parse(sql), self.schema, self.functions, lambda commit: self.schema)

    def planned(self, sql: str, disabled: frozenset[str] = frozenset()) -> Statement:
        """The optimized statement."""
        return optimize(self.bound(sql), _Sizes(self), disabled)

    def rows(
        self, sql: str, disabled: frozenset[str] = frozenset(), params: tuple[Any, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        statement = self.planned(sql, disabled)
        assert isinstance(statement, SelectStatement)
        return list(compile_select(statement)[0](SESSION, self.trees, params))


class _Sizes:
    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def rows(self, table: Table) -> int:
        return self._mirror.rows_of(table)

    def distinct(self, index: Index, parts: int) -> float | None:
        if not self._mirror.counts_values:
            return None
        width = prefix_length(index.columns[:parts])
        return float(len({key[:width] for key, _ in self._mirror.trees[index.tree].scan()}))


def _declared_collations(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Collations of columns: SQLite tells them only through an index, so make one and drop it again."""
    found = {}
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
        for column in columns:
            connection.execute(f'CREATE INDEX "collation probe" ON {table}("{column}")')
            (part, *_) = connection.execute('PRAGMA index_xinfo("collation probe")').fetchall()
            found[table, column] = part[4]
            connection.execute('DROP INDEX "collation probe"')
    return found
