"""Classification, scripts, and the statements without expressions."""

from __future__ import annotations

import sqlite3

import pytest

from aerodb_dbapi.planner.front import (
    Begin,
    Commit,
    Explain,
    Pragma,
    Release,
    Rollback,
    Savepoint,
    classify,
    is_complete,
    savepoint,
    split_script,
)
from aerodb_dbapi.planner.parse import parse
from aerodb_dbapi.storage.errors import OperationalError


def test_classify() -> None:
    expected = {
        "select 1": "select",
        "-- c\n VALUES (1)": "select",
        "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a": "insert",
        "with a as (select 1) select 1": "select",
        "REPLACE INTO t VALUES (1)": "insert",
        "Update t SET a = 1": "update",
        "END": "commit",
        "pragma x": "pragma",
        "": "empty",
        "/* c */": "empty",
        "ALTER TABLE t": "other",
    }
    assert {text: classify(text) for text in expected} == expected


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("BEGIN", Begin()),
        ("BEGIN DEFERRED TRANSACTION", Begin()),
        ("begin immediate", Begin("IMMEDIATE")),
        ("BEGIN CONCURRENT;", Begin("CONCURRENT")),
        ("COMMIT", Commit()),
        ("END TRANSACTION", Commit()),
        ("ROLLBACK", Rollback()),
        ("ROLLBACK TRANSACTION TO SAVEPOINT a", Rollback("a")),
        ("rollback to a", Rollback("a")),
        ("SAVEPOINT 'x'", Savepoint("x")),
        ("RELEASE SAVEPOINT x", Release("x")),
        ("PRAGMA main.cache_size = -5", Pragma("cache_size", "-5", "main")),
        ("PRAGMA synchronous(off)", Pragma("synchronous", "off")),
        ("PRAGMA a = on", Pragma("a", "on")),
        ("PRAGMA user_version", Pragma("user_version")),
        ("EXPLAIN QUERY PLAN SELECT 1 ;", Explain("plan", "SELECT 1 ")),
        ("EXPLAIN SELECT 1", Explain("source", "SELECT 1")),
    ],
)
def test_control(text: str, tree: object) -> None:
    parsed = parse(text)
    assert parsed.tree == tree
    assert parsed.kind == type(tree).__name__.lower()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BEGIN foo", 'near "foo": syntax error'),
        ("PRAGMA", "incomplete input"),
        ("EXPLAIN", "incomplete input"),
        ("RELEASE SAVEPOINT", "incomplete input"),
        ("COMMIT 1", 'near "1": syntax error'),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(OperationalError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_split_script() -> None:
    script = """
        BEGIN; -- a ; comment
        INSERT INTO t VALUES ('a;b', "c;d", [e;f]) /* ; */;;
        CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END;
        SELECT 1 - 2 / 3
    """
    pieces = [piece.split()[0] for piece in split_script(script)]
    assert pieces == ["BEGIN;", "INSERT", "CREATE", "SELECT"]
    assert list(split_script(script))[2].endswith("END; END;")
    assert list(split_script(" -- nothing\n ; ")) == []


@pytest.mark.parametrize(
    "text",
    [
        "", ";", "select 1", "select 1;", "select 1; -- x", "select 1; /* x", "select 1; /* x */", "';", "';'", "-- ;",
        "select 1; select", " /* ; */ ;", "create trigger x begin select 1; ", "create trigger x begin select 1; end;",
        "create temp trigger x begin select 1; end ;", "create trigger x begin a; end",
        "explain create trigger a b; end;",
    ],
)  # fmt: skip
def test_is_complete_as_sqlite(text: str) -> None:
    assert is_complete(text) == sqlite3.complete_statement(text)


@pytest.mark.parametrize("verb", ["SAVEPOINT", "RELEASE", "RELEASE SAVEPOINT", "ROLLBACK TO", "ROLLBACK TO SAVEPOINT"])
@pytest.mark.parametrize("name", ["s1", '"s 1"', "sa_savepoint_1;", '"it\'s" ;', "Temp_1"])
def test_savepoints_are_read_at_a_glance(verb: str, name: str) -> None:
    made = savepoint(f"{verb} {name}")
    assert made is not None
    assert made == parse(f"{verb} {name}").tree


@pytest.mark.parametrize(
    "sql",
    ["SAVEPOINT", "SAVEPOINT SAVEPOINT x", "SAVEPOINT select", "RELEASE SAVEPOINT", "savepoint x", 'SAVEPOINT "a""b"', "SAVEPOINT x y",
     "SAVEPOINT 1", "ROLLBACK", "ROLLBACK TO", "SAVEPOINT x; SELECT 1", "SAVEPOINT x\xe9", "SAVEPOINT x -- y"],
)  # fmt: skip
def test_other_texts_are_left_to_the_grammar(sql: str) -> None:
    assert savepoint(sql) is None
