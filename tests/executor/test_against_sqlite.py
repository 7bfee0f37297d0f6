"""SQL text through parser, binder, optimizer and code generation, compared with sqlite3 over the same rows."""

from __future__ import annotations

import math
import random
import sqlite3
from typing import Any

import pytest
from codegen_support import SESSION, Data
from sql_generator import ALIASES, INDEXES, TABLES, Generator, rows_for

from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.planner.binder import bind
from aerodb_dbapi.planner.optimizer import optimize
from aerodb_dbapi.planner.parse import parse
from aerodb_dbapi.planner.query import SelectStatement
from aerodb_dbapi.storage import catalog
from aerodb_dbapi.storage.errors import DatabaseError

FUNCTIONS = FunctionRegistry()

QUERIES = [
    "SELECT * FROM t ORDER BY id",
    "SELECT t.*, u.n FROM t JOIN u ON t.a = u.k ORDER BY t.id, u.rowid",
    "SELECT b, count(*), sum(c), avg(id) FROM t WHERE id > 5 GROUP BY b HAVING count(*) > 1",
    "SELECT b, group_concat(id, '-') FROM t NOT INDEXED GROUP BY b",
    "SELECT DISTINCT a, typeof(a) FROM w JOIN t ON t.id = t_id ORDER BY 1, 2",
    "SELECT id, (SELECT max(s) FROM w WHERE t_id = t.id), EXISTS (SELECT 1 FROM u WHERE k = t.id) FROM t ORDER BY id",
    "SELECT id FROM t WHERE a IN (SELECT k FROM u WHERE n LIKE 'a%') OR b GLOB '[a-c]*' ORDER BY id DESC LIMIT 10",
    "WITH x AS (SELECT a, count(*) AS n FROM t GROUP BY a) SELECT p.a, q.n FROM x p, x q WHERE p.a = q.a ORDER BY 1, 2",
    "WITH RECURSIVE f(i, a, b) AS (SELECT 1, 0, 1 UNION ALL SELECT i + 1, b, a + b FROM f WHERE i < 80)"
    " SELECT * FROM f",
    "SELECT a FROM t UNION SELECT k FROM u ORDER BY 1 DESC LIMIT 7 OFFSET 1",
    "SELECT count(*), min(id), max(id), total(c) FROM t WHERE id BETWEEN 3 AND 30",
    "SELECT x.id, y.id FROM t x LEFT JOIN t y ON y.id = x.a AND y.b > 'a' WHERE y.id IS NULL OR y.id > 2 ORDER BY 1, 2",
    "SELECT CASE WHEN c > 2 THEN 'big' WHEN c IS NULL THEN 'none' ELSE 'small' END AS z, count(*) FROM t GROUP BY z",
    "SELECT s || '/' || t_id FROM w ORDER BY length(s), s DESC, id",
    "SELECT a, max(id), b FROM t WHERE b IS NOT NULL GROUP BY a ORDER BY max(id)",
    "VALUES (1, 'x'), (NULL, 2.5)",
    "SELECT 1 WHERE 0", "SELECT 7 / 2, -7 / 2, 7 % -2, 7.0 / 2, 1 / 0, 9223372036854775807 + 1",
    "SELECT id, CASE " + " ".join(f"WHEN id = {i} OR a > {i} THEN c || {i}" for i in range(1500)) + " ELSE b END FROM t ORDER BY id",
    "SELECT id, CASE a || '' " + " ".join(f"WHEN {i} THEN {i} WHEN '{i}' THEN NULL" for i in range(50)) + " END FROM t ORDER BY id",
    "SELECT count(*) FROM t, u, w", "SELECT sum(id), count(*) FROM t WHERE id < 0",
]  # fmt: skip


class Statistics:
    """Sizes from the trees."""

    def __init__(self, data: Data) -> None:
        self.data = data

    def rows(self, table: catalog.Table) -> int:
        return len(self.data.trees[table.tree])

    def distinct(self, index: catalog.Index, parts: int) -> float | None:
        return None


def _data(seed: int) -> Data:
    data = Data()
    chance = random.Random(seed)
    for table, columns in TABLES.items():
        data.table(table, columns, rows_for(table, 30, chance), ALIASES[table])
    for name, table, columns in INDEXES:
        data.index(name, table, *columns)
        data.sqlite.execute(f"CREATE INDEX {name} ON {table} ({', '.join(columns)})")
    return data


def _ours(data: Data, sql: str, optimized: bool = True, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    objects = (*data.tables.values(), *data.indexes.values())
    schema = catalog.Schema([(item.id, catalog.encode_object(item)) for item in objects])
    statement = bind(parse(sql), schema, FUNCTIONS, lambda commit: schema)
    assert isinstance(statement, SelectStatement)
    if optimized:
        optimize(statement, Statistics(data))
    function, _ = compile_select(statement)
    return list(function(SESSION, data.trees, params))


def _typed(value: Any, loose: bool) -> tuple[str, Any]:
    """A value with its class; reals to 9 digits; `loose` forgets int or float and the case of text, for SQLite does not
    define which of equal values stands for a group."""
    if isinstance(value, int) and loose:
        value = float(value)
    if isinstance(value, str) and loose:
        value = value.lower()
    if isinstance(value, float) and math.isfinite(value):
        value = float(f"{value:.9g}")
    return type(value).__name__, value


def _compare(data: Data, sql: str, ordered: bool, optimized: bool) -> None:
    theirs = error = None
    try:
        theirs = data.sqlite.execute(sql).fetchall()
    except sqlite3.Error as caught:
        error = str(caught)
    if theirs is None:
        with pytest.raises(DatabaseError) as raised:
            _ours(data, sql, optimized)
        assert str(raised.value) == error, sql
        return
    loose = any(word in sql for word in ("GROUP BY", "DISTINCT", "UNION", "EXCEPT", "INTERSECT"))
    rows = [[tuple(_typed(v, loose) for v in row) for row in made] for made in (_ours(data, sql, optimized), theirs)]
    if not ordered:
        rows = [sorted(made, key=repr) for made in rows]
    assert rows[0] == rows[1], sql


@pytest.mark.parametrize("optimized", [True, False])
@pytest.mark.parametrize("sql", QUERIES)
def test_queries(sql: str, optimized: bool) -> None:
    for seed in (1, 2):
        _compare(_data(seed), sql, "ORDER BY" in sql or "GROUP BY" not in sql, optimized)


@pytest.mark.parametrize("start", range(0, 400, 40))
def test_random_queries(start: int) -> None:
    """INV-Q3, INV-Q4: whatever the values' classes, rows are sqlite3's."""
    data = _data(start)
    for seed in range(start, start + 40):
        sql, ordered = Generator(seed).query()
        _compare(data, sql, ordered, seed % 3 > 0)
