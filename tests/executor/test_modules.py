"""Table-valued functions: generate_series (which sqlite3 of the standard library lacks: expected values are from its
documentation), json_each and json_tree against sqlite3, the pragma functions, plans, errors."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from json_documents import Documents

import aerodb_dbapi
from aerodb_dbapi.executor.modules.registry import MODULES
from aerodb_dbapi.executor.modules.series import _narrowed
from aerodb_dbapi.executor.pragma import PRAGMAS


@pytest.fixture
def ours() -> Iterator[Any]:
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, lo, hi)")
    connection.execute("INSERT INTO t VALUES (1, 1, 3), (2, 5, 4), (3, NULL, 2), (4, -1, 0)")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT value FROM generate_series(0, 100, 25)", [0, 25, 50, 75, 100]),
        ("SELECT value FROM generate_series(0, 10, 4)", [0, 4, 8]),
        ("SELECT value FROM generate_series(20) LIMIT 3", [20, 21, 22]),
        ("SELECT value FROM generate_series(0, -10, -5)", [0, -5, -10]),
        ("SELECT value FROM generate_series(0, -1)", []),
        ("SELECT value FROM generate_series(1, 3, 0)", [1, 2, 3]),
        ("SELECT value FROM generate_series(1, NULL)", []),
        ("SELECT value FROM generate_series WHERE start = 2 AND stop = 4", [2, 3, 4]),
        ("SELECT value FROM generate_series WHERE stop = 7 AND 1 = start AND step = 3", [1, 4, 7]),
        ("SELECT value FROM generate_series(1, 1000000000000) WHERE value BETWEEN 7 AND 9", [7, 8, 9]),
        ("SELECT value FROM generate_series(1, 1000000000000) WHERE value < 3.5", [1, 2, 3]),
        ("SELECT value FROM generate_series('1', 2.9)", [1, 2]),
        ("SELECT rowid + start + stop + step FROM generate_series(3, 4)", [11, 12]),
        ("SELECT value FROM generate_series(9223372036854775806, 9223372036854775807)", [2**63 - 2, 2**63 - 1]),
        ("SELECT sum(value) FROM generate_series(1, 100)", [5050]),
        ("SELECT count(*) FROM generate_series(1, 5000)", [5000]),
        ("SELECT t.id * 10 + value FROM t, generate_series(t.lo, t.hi)", [11, 12, 13, 39 - 40 + 40, 40]),
        ("SELECT 3 IN generate_series(1, 5)", [1]),
        ("SELECT value FROM generate_series(1, 3) ORDER BY value DESC", [3, 2, 1]),
        ("SELECT (SELECT count(*) FROM generate_series(1, t.hi)) FROM t ORDER BY id", [3, 4, 2, 0]),
        ("SELECT a.value FROM generate_series(1, 4) a JOIN generate_series(a.value, 2) b WHERE b.value = 2", [1, 2]),
    ],
)
def test_series(ours: Any, sql: str, expected: list[int]) -> None:
    assert [row[0] for row in ours.execute(sql)] == expected


def test_series_left_joined(ours: Any) -> None:
    rows = ours.execute("SELECT id, value FROM t LEFT JOIN generate_series(lo, hi) ORDER BY id, value").fetchall()
    assert rows == [(1, 1), (1, 2), (1, 3), (2, None), (3, None), (4, -1), (4, 0)]


def test_a_series_needs_a_start(ours: Any) -> None:
    with pytest.raises(aerodb_dbapi.OperationalError, match="missing or unusable"):
        ours.execute("SELECT * FROM generate_series")


def test_a_limit_does_not_wait_for_the_series(ours: Any) -> None:
    cursor = ours.execute("SELECT value FROM generate_series(1)")
    assert cursor.fetchone() == (1,) and cursor.fetchmany(2) == [(2,), (3,)]


@pytest.mark.parametrize("seed", range(20))
def test_narrowed_series(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        step = chance.choice([-7, -3, -1, 1, 2, 5])
        found = range(chance.randrange(-20, 20), chance.randrange(-20, 20), step)
        value, op = chance.randrange(-25, 25), chance.choice(["=", "<", "<=", ">", ">="])
        test = {"=": int.__eq__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}[op]
        narrowed = list(_narrowed(found, op, value))
        wanted = [number for number in found if test(number, value)]
        assert wanted == [number for number in narrowed if test(number, value)]
        assert len(narrowed) <= len(found) and (op == "=" or narrowed == wanted), (found, op, value)


@pytest.mark.parametrize("seed", range(30))
def test_json_tables_against_sqlite(seed: int) -> None:
    """INV-Q4. The key of an element reached by an index is ours alone; [#-n] in its path is not compared."""
    made = Documents(3000 + seed)
    mine, theirs = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")
    columns = ["key", "value", "type", "atom", "id", "parent", "fullkey", "path", "rowid", "json", "root"]
    for _ in range(15):
        text = made.text()
        chosen = ", ".join(made.chance.sample(columns, made.chance.randrange(1, 6)))
        for sql, values in (
            (f"SELECT {chosen} FROM json_each(?)", (text,)),
            (f"SELECT {chosen} FROM json_tree(?)", (text,)),
            (f"SELECT {chosen} FROM json_each(?, ?)", (text, made.path())),
            ("SELECT type, atom, id, parent, value FROM json_tree(?, ?)", (text, made.path())),
            ("SELECT j.key, k.value FROM json_each(?) j, json_each(j.json, j.fullkey) k", (text,)),
            ("SELECT json_group_array(value), count(DISTINCT atom) FROM json_tree(?)", (text,)),
        ):
            assert mine.execute(sql, values).fetchall() == theirs.execute(sql, values).fetchall(), (sql, values)
    mine.close()
    theirs.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM pragma_table_info('p')",
        "SELECT * FROM pragma_table_xinfo('p')",
        "SELECT name, \"unique\", arg, schema FROM pragma_index_list('p')",
        "SELECT m.name, i.name, i.pk FROM sqlite_master m JOIN pragma_table_info(m.name) i WHERE m.type = 'table' ORDER BY 1, 2",
        "SELECT l.name, x.seqno, x.name FROM pragma_index_list('p') l, pragma_index_xinfo(l.name) x ORDER BY 1, 2",
        "SELECT * FROM pragma_foreign_key_list('c')",
        "SELECT * FROM pragma_user_version",
        "SELECT name FROM pragma_collation_list ORDER BY name",
        "SELECT * FROM pragma_table_info('nothing')",
        "SELECT count(*) FROM pragma_table_info WHERE arg = 'p'",
        "SELECT * FROM pragma_table_info('p', 'main') WHERE name = 'b'",
    ],
)
def test_pragma_functions(sql: str) -> None:
    answers = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")  # type: ignore[attr-defined]
        connection.execute("CREATE TABLE p(a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x', UNIQUE(b))")
        connection.execute("CREATE TABLE c(x REFERENCES p(a) ON DELETE CASCADE)")
        connection.execute("CREATE INDEX c_x ON c(x DESC)")
        answers.append(connection.execute(sql).fetchall())
        connection.close()
    assert answers[0] == answers[1]


def test_lists_of_pragmas_and_modules(ours: Any) -> None:
    assert {name for (name,) in ours.execute("PRAGMA pragma_list")} == set(PRAGMAS)
    found = ours.execute("SELECT name FROM pragma_module_list WHERE name NOT LIKE 'pragma\\_%' ESCAPE '\\' ORDER BY 1")
    assert found.fetchall() == [("aerodb_history",), ("generate_series",), ("json_each",), ("json_tree",)]


def test_every_pragma_function_runs(ours: Any) -> None:
    for name in MODULES:
        if name.startswith("pragma_"):
            cursor = ours.execute(f"SELECT * FROM {name}")
            assert tuple(column[0] for column in cursor.description) == PRAGMAS[name.removeprefix("pragma_")].names
            cursor.fetchall()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM json_each('[]', '$', 1)", "too many arguments on json_each() - max 2"),
        ("SELECT * FROM t(1)", "'t' is not a function"),
        ("SELECT * FROM nosuch(1)", "no such table: nosuch"),
        ("SELECT * FROM json_each(a.value) b, json_each(b.value) a", "no query solution"),
        ("SELECT * FROM json_each('[1')", "malformed JSON"),
        ("SELECT * FROM json_each('[1]', 'x')", "bad JSON path: 'x'"),
        ("SELECT * FROM pragma_table_info('t', 'other')", "unknown database other"),
        ("INSERT INTO json_each VALUES (1)", "table json_each may not be modified"),
        ("CREATE VIRTUAL TABLE v USING nosuch(a)", "no such module: nosuch"),
        ("CREATE VIRTUAL TABLE v USING fts5(a)", "no such module: fts5"),
    ],
)
def test_errors(ours: Any, sql: str, message: str) -> None:
    with pytest.raises(aerodb_dbapi.OperationalError) as caught:
        ours.execute(sql).fetchall()
    assert str(caught.value) == message


def test_a_missing_module_is_both_kinds_of_error(ours: Any) -> None:
    with pytest.raises(aerodb_dbapi.NotSupportedError, match=r"^no such module: fts5$") as caught:
        ours.execute("CREATE VIRTUAL TABLE v USING fts5(a)")
    assert isinstance(caught.value, aerodb_dbapi.OperationalError)
    assert type(caught.value) is aerodb_dbapi.NoSuchModuleError is aerodb_dbapi.Connection.NoSuchModuleError
    assert caught.value.sqlite_errorname == "SQLITE_ERROR"


def test_plans_of_modules(ours: Any) -> None:
    rows = ours.execute("EXPLAIN QUERY PLAN SELECT * FROM json_each(t.lo) j, t WHERE t.id = 1").fetchall()
    assert [row[3] for row in rows] == [
        "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
        "SCAN j VIRTUAL TABLE INDEX 1:",
    ]


def test_rules_off_give_the_same(ours: Any) -> None:
    """INV-Q1."""
    sql = "SELECT t.id, a.value, b.value FROM generate_series(t.lo, t.hi) a, t LEFT JOIN json_each('[1,2]') b ON b.value = a.value"
    expected = sorted(ours.execute(sql).fetchall(), key=str)
    ours.execute("PRAGMA aerodb_disabled_rules = 'access_paths,hash_joins,join_order,sorted_paths'")
    assert sorted(ours.execute(sql).fetchall(), key=str) == expected
    assert len(expected) == 5
