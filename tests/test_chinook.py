"""Chinook through `executescript`, and sixty queries over it, answered as `sqlite3` answers them: rows, order where it was
asked for, column names, and Python types. (INV-Q1, INV-Q4, INV-Q6)"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi

DATA = Path(__file__).parent / "data"


def questions() -> list[tuple[str, bool, str]]:
    """(name, is ordered, sql) of each question."""
    text = (DATA / "chinook_queries.sql").read_text()
    found = re.findall(r"^-- (\d+ [^\n]*)\n(.*?);$", text, re.M | re.S)
    return [(name.removesuffix(" (ordered)"), name.endswith("(ordered)"), sql) for name, sql in found]


@pytest.fixture(scope="module")
def oracle() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript((DATA / "chinook.sql").read_text())
    yield connection
    connection.close()


@pytest.fixture(scope="module", params=["memory", "file"])
def ours(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[aerodb_dbapi.Connection]:
    """Loaded by `executescript`; the file is closed and opened again before it is asked."""
    path = ":memory:" if request.param == "memory" else str(tmp_path_factory.mktemp("chinook") / "chinook.db")
    connection = aerodb_dbapi.connect(path)
    connection.executescript((DATA / "chinook.sql").read_text())
    if path != ":memory:":
        connection.close()
        connection = aerodb_dbapi.connect(path)
    yield connection
    connection.close()


def typed(rows: list[Any]) -> list[Any]:
    return [tuple((type(value).__name__, value) for value in row) for row in rows]


def test_there_are_sixty() -> None:
    assert len(questions()) == 60


def test_all_rows_are_loaded(oracle: sqlite3.Connection, ours: aerodb_dbapi.Connection) -> None:
    tables = [name for (name,) in oracle.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    total = 0
    for table in tables:
        mine, theirs = (c.execute(f"SELECT rowid, * FROM [{table}]").fetchall() for c in (ours, oracle))
        assert typed(sorted(mine)) == typed(sorted(theirs))
        total += len(mine)
    assert (len(tables), total) == (11, 15_607)


def test_the_catalog_reads_the_same(oracle: sqlite3.Connection, ours: aerodb_dbapi.Connection) -> None:
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_master"
    assert sorted(ours.execute(sql), key=repr) == sorted(oracle.execute(sql), key=repr)


@pytest.mark.parametrize(("name", "ordered", "sql"), questions(), ids=[name for name, _, _ in questions()])
def test_question(
    name: str, ordered: bool, sql: str, oracle: sqlite3.Connection, ours: aerodb_dbapi.Connection
) -> None:
    mine, theirs = ours.execute(sql), oracle.execute(sql)
    assert [d[0] for d in mine.description or ()] == [d[0] for d in theirs.description]
    mine_rows, their_rows = typed(mine.fetchall()), typed(theirs.fetchall())
    if not ordered:
        mine_rows.sort(key=repr)
        their_rows.sort(key=repr)
    assert mine_rows == their_rows
