"""Conditions that may fail are asked only of rows that a join finds: no error where `sqlite3` meets none."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

SCRIPT = """
CREATE TABLE t(x, s); CREATE TABLE u(x, y, doc); CREATE TABLE empty(x); CREATE INDEX ux ON u(x);
INSERT INTO t VALUES (1, 'a'), (2, 'b');
INSERT INTO u VALUES (1, 5, '{"k":1}'), (2, -6, '{"k":2}'), (3, -9223372036854775808, 'no json');
"""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t CROSS JOIN u ON u.x = t.x AND abs(u.y) > 1",
        "SELECT * FROM t LEFT JOIN u ON u.x = t.x AND abs(u.y) > 5",
        "SELECT * FROM t CROSS JOIN u ON u.x = t.x WHERE json_extract(u.doc, '$.k') = 2",
        "SELECT * FROM empty n CROSS JOIN u ON abs(u.y) = n.x",
        "SELECT * FROM t CROSS JOIN u ON u.x = t.x AND own(u.y) > 0",
        "SELECT * FROM empty n CROSS JOIN u ON u.x = n.x AND u.doc LIKE 'a' ESCAPE u.doc",
    ],
)
def test_no_error_that_sqlite_does_not_meet(sql: str) -> None:
    def own(value: Any) -> Any:
        if value < -100:
            raise ValueError(value)
        return value

    answers = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")
        connection.create_function("own", 1, own, deterministic=True)
        connection.executescript(SCRIPT)
        answers.append(sorted(connection.execute(sql).fetchall()))
        connection.close()
    assert answers[0] == answers[1]


def test_what_cannot_fail_is_tested_while_the_table_is_built() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript(SCRIPT)
    sql = "SELECT * FROM t CROSS JOIN u ON u.x = t.x AND lower(u.doc) <> 'x' AND abs(u.y) > 1"
    source = "\n".join(row[1] for row in connection.execute(f"EXPLAIN {sql}"))
    table = source[source.index("table = defaultdict(list)") : source.index("return table")]
    assert table.count("if not (") == 1
    connection.close()
