"""The log of slow statements: what is written, when, and that nothing of it is there while it is off."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi import Connection


@pytest.fixture
def con() -> Iterator[Connection]:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    connection.executemany("INSERT INTO t(b) VALUES (?)", [(f"x{i}",) for i in range(1000)])
    connection.create_function("wait", 1, lambda value: time.sleep(0.02) or value)
    yield connection
    connection.close()


def records(caplog: pytest.LogCaptureFixture) -> list[Any]:
    found = [record for record in caplog.records if record.name == "aerodb.slow"]
    caplog.clear()
    return found


def test_a_record(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    con.set_slow_log(0.01)
    sql = "SELECT wait(b) FROM t WHERE a < ? ORDER BY b"
    assert len(con.execute(sql, (4,)).fetchall()) == 3
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING and record.statement == sql and record.rows == 3
    assert record.seconds >= 0.01 and record.parameters is None and record.error is None
    assert record.plan == ["SEARCH t USING INTEGER PRIMARY KEY (rowid<?)", "USE TEMP B-TREE FOR ORDER BY"]
    first, *plan = record.getMessage().splitlines()
    assert first == f"{record.seconds:.3f} s, 3 rows: {sql}" and plan == [f"  {line}" for line in record.plan]
    con.set_slow_log(60)  # what is quicker is not noted, however busy the machine is
    con.execute("SELECT b FROM t WHERE a = 1").fetchall()
    assert records(caplog) == []


def test_parameters_and_plans_as_asked(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    con.set_slow_log(0.0, parameters=True, plan=False)
    con.execute("SELECT a FROM t WHERE a = :a", {"a": 7}).fetchall()
    (record,) = records(caplog)
    assert record.parameters == (7,) and record.plan == [] and record.getMessage().endswith("WHERE a = :a (7,)")


def test_all_ways_to_run_a_statement(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    con.set_slow_log(0.0, plan=False)
    con.execute("INSERT INTO t(b) VALUES (1), (2)")
    con.executemany("INSERT INTO t(b) VALUES (?)", [(1,), (2,), (3,)])
    con.executescript("BEGIN; DELETE FROM t WHERE a > 900; COMMIT")
    con.execute("UPDATE t SET b = 0 WHERE a < 3 RETURNING a").fetchall()
    con.execute("CREATE TABLE u(a)")
    con.isolation_level = ""
    con.execute("INSERT INTO u VALUES (1)")
    con.commit()
    told = [(record.statement, record.rows) for record in records(caplog)]
    assert told == [
        ("INSERT INTO t(b) VALUES (1), (2)", 2),
        ("INSERT INTO t(b) VALUES (?)", 3),
        ("BEGIN;", -1),
        ("DELETE FROM t WHERE a > 900;", 105),
        ("COMMIT", -1),
        ("UPDATE t SET b = 0 WHERE a < 3 RETURNING a", 2),
        ("CREATE TABLE u(a)", -1),
        ("INSERT INTO u VALUES (1)", 1),
        ("COMMIT", -1),
    ]


def test_the_time_is_the_engines(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    con.set_slow_log(0.0)
    cursor = con.execute("SELECT a FROM t WHERE a < 4")
    for _ in cursor:
        time.sleep(0.05)
    (record,) = records(caplog)
    assert record.seconds < 0.05 and record.rows == 3


def test_rows_come_as_they_would(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    wanted = con.execute("SELECT * FROM t").fetchall()
    con.set_slow_log(0.0)
    assert con.execute("SELECT * FROM t").fetchall() == wanted
    cursor = con.execute("SELECT * FROM t")
    assert [cursor.fetchone(), *cursor.fetchmany(10), *cursor] == wanted
    assert [record.rows for record in records(caplog)] == [1000, 1000]


def test_a_cursor_that_goes_away(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    con.set_slow_log(0.0)
    cursor = con.execute("SELECT a FROM t")
    cursor.fetchone()
    assert records(caplog) == []
    cursor.execute("SELECT 1").fetchall()
    del cursor
    gc.collect()
    assert [(record.statement, record.rows) for record in records(caplog)] == [("SELECT a FROM t", 1), ("SELECT 1", 1)]


def test_statements_that_fail(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    con.set_slow_log(0.0)
    con.create_function("fail", 1, lambda value: 1 // (500 - value))
    with pytest.raises(aerodb_dbapi.OperationalError):
        con.execute("INSERT INTO t(a) VALUES (fail(500))")
    with pytest.raises(aerodb_dbapi.OperationalError):
        con.execute("SELECT fail(a) FROM t").fetchall()
    with con.budget(rows=10), pytest.raises(aerodb_dbapi.BudgetError):
        con.execute("SELECT sum(a) FROM t").fetchall()
    found = records(caplog)
    assert [type(record.error).__name__ for record in found] == ["OperationalError", "OperationalError", "BudgetError"]
    assert "(BudgetError: statement exceeded its budget: 10 rows read)" in found[-1].getMessage()


def test_off(con: Connection, caplog: pytest.LogCaptureFixture) -> None:
    sql = "SELECT a FROM t WHERE a = 1"
    con.execute(sql)
    assert sql in con._session.hits
    con.set_slow_log(0.0)
    assert not con._session.hits
    con.set_slow_log(None)
    assert sql in con._session.hits
    con.execute(sql).fetchall()
    assert records(caplog) == []
