"""Every feature that the documents list is run here, beside `sqlite3`; and the documents say what the list says (INV-F2)."""

from __future__ import annotations

import sqlite3
from typing import Any

import features
import pytest

import aerodb_dbapi

SETUP = """
    CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
    INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two', 2.5), (3, 'three', NULL);
    CREATE TABLE u(k, v);
    INSERT INTO u VALUES (1, 'x'), (1, 'y'), (2, 'z');
    CREATE VIEW w AS SELECT a, b FROM t WHERE a > 1;
"""
ALL = [(page.title, one) for page in features.read() for one in page.features]


def outcomes(module: Any, statements: list[str]) -> list[Any]:
    """What each statement gives: rows and column names, or its error."""
    connection = module.connect(":memory:", isolation_level=None)
    connection.executescript(SETUP)
    made: list[Any] = []
    for sql in statements:
        try:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            changed = -1 if sql.startswith("WITH") else cursor.rowcount  # sqlite3 never tells it there
            made.append((cursor.fetchall(), names, changed))
        except module.Error as error:
            made.append((type(error).__name__, str(error)))
    connection.close()
    return made


@pytest.mark.parametrize(("page", "one"), ALL, ids=[f"{page}: {one.name[:40]}" for page, one in ALL])
def test_example(page: str, one: features.Feature) -> None:
    ours = outcomes(aerodb_dbapi, one.statements)
    if one.state == "-":
        assert ours[-1][0] in ("NotSupportedError", "NoSuchModuleError", "OperationalError"), ours
    elif one.state == "~":
        assert all(isinstance(result[0], list) for result in ours), ours
    elif sqlite3.sqlite_version_info >= one.version:
        assert ours == outcomes(sqlite3, one.statements)
    else:
        assert ours[-1][0] == one.expected


def test_the_documents_say_what_the_list_says() -> None:
    for path, table in features.places():
        text = path.read_text()
        assert text == features.put(text, table), f"run python tests/features.py: {path.name}"


def test_a_wrong_line_is_noticed() -> None:
    with pytest.raises(AssertionError, match="no reason"):
        features._feature("- nothing :: SELECT 1")
