"""The optimizer as a whole: every query of a statement is reached, rules and choices are switched off by name."""

from __future__ import annotations

import sqlite3

import pytest
from plan_mirror import Mirror

from aerodb_dbapi.planner.optimizer import inner_first, rewrite
from aerodb_dbapi.planner.query import Access, IndexScan, Recursive, RowidPoint, Select, Statement
from aerodb_dbapi.planner.usage import all_queries, free_sources, trees_read, walk_queries

SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT); CREATE TABLE w(p INTEGER, q TEXT); CREATE INDEX t_a ON t(a);
CREATE VIEW v AS SELECT id, a + 1 AS k FROM t;
"""
STATEMENTS = [
    "SELECT (SELECT max(a) FROM t) FROM w WHERE EXISTS (SELECT 1 FROM t WHERE t.a = w.p) ORDER BY (SELECT 1)",
    "SELECT * FROM (SELECT a FROM t LIMIT 1) UNION SELECT p FROM w WHERE p IN (SELECT a FROM t)",
    "WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT 3)) SELECT n FROM r",
    "INSERT INTO w SELECT a, b FROM t WHERE id = (SELECT 3)",
    "INSERT INTO w VALUES ((SELECT 1), 'x') RETURNING (SELECT max(id) FROM t)",
    "UPDATE t SET a = (SELECT p FROM w WHERE q = b) WHERE id IN (SELECT p FROM w) RETURNING (SELECT 2)",
    "UPDATE t SET a = s.k FROM (SELECT id, k FROM v) AS s WHERE s.id = t.id AND t.a = 5",
    "DELETE FROM t WHERE a = (SELECT min(p) FROM w)",
]


@pytest.fixture(scope="module")
def data() -> Mirror:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    return Mirror(connection)


def selects(statement: Statement) -> list[Select]:
    return [query for query in all_queries(statement) if isinstance(query, Select)]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_every_select_of_a_statement_is_planned(data: Mirror, sql: str) -> None:
    found = selects(data.planned(sql))
    assert found or sql.startswith("INSERT INTO w VALUES")
    assert all(select.steps is not None for select in found)


@pytest.mark.parametrize("sql", STATEMENTS)
def test_inner_queries_come_first(data: Mirror, sql: str) -> None:
    queries = all_queries(data.bound(sql))
    ordered = inner_first(queries)
    assert {id(one) for one in ordered} == {id(one) for one in queries}
    places = {id(query): place for place, query in enumerate(ordered)}
    for query in queries:
        if not isinstance(query, Recursive):
            assert all(places[id(below)] <= places[id(query)] for below in walk_queries(query))


def test_update_from_a_subquery_is_merged_into_the_assignments(data: Mirror) -> None:
    statement = data.planned(STATEMENTS[6])
    assert len(selects(statement)) == 1
    (update,) = selects(statement)
    assert all(not free_sources(update) for _ in (0,))
    assert "Binary" in repr(statement.assignments)  # type: ignore[attr-defined]


def test_the_target_of_a_change_is_never_read_from_an_index_alone(data: Mirror) -> None:
    (select,) = selects(data.planned("DELETE FROM t WHERE a = 3"))
    assert select.steps is not None
    access = select.steps[0].access
    assert isinstance(access, IndexScan)
    assert not access.covering


def test_switches(data: Mirror) -> None:
    (select,) = selects(data.planned("SELECT * FROM t WHERE id = 3"))
    assert select.steps is not None
    assert isinstance(select.steps[0].access, RowidPoint)
    (select,) = selects(data.planned("SELECT * FROM t WHERE id = 3", frozenset(("access_paths",))))
    assert select.steps is not None
    assert type(select.steps[0].access) is Access
    assert len(select.steps[0].filters) == 1
    assert len(selects(data.planned("SELECT * FROM v"))) == 1
    assert len(selects(data.planned("SELECT * FROM v", frozenset(("merge_subqueries",))))) == 2


def test_trees_read_of_a_whole_statement(data: Mirror) -> None:
    t, w = data.schema.table("t"), data.schema.table("w")
    assert t is not None
    assert w is not None
    read = trees_read(data.planned("SELECT p FROM w WHERE EXISTS (SELECT b FROM t WHERE id = w.p)"))
    assert read == tuple(sorted((t.tree, w.tree)))
    assert trees_read(data.planned("INSERT INTO w SELECT a, b FROM t")) == (t.tree,)


def test_rewriting_ends(data: Mirror) -> None:
    sql = "SELECT * FROM " + "(SELECT * FROM " * 20 + "v" + ")" * 20
    statement = data.bound(sql)
    assert len([query for query in rewrite(statement) if isinstance(query, Select)]) == 1
