"""`sqlite_version` claims SQLite 3.46: what each version since the oracle's 3.40 brought to SQL is tried here.

Applications choose by the version: peewee and SQLAlchemy what to write, Django which tests to run. The answers are those of SQLite 3.46.0;
where the standard library's `sqlite3` is new enough it is asked too.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

CLAIMED = (3, 46, 0)

# version of SQLite, what came with it, a statement, its rows
FEATURES: list[tuple[tuple[int, ...], str, str, list[tuple[Any, ...]]]] = [
    ((3, 41), "unhex()", "SELECT hex(unhex('41 42', ' ')), unhex('4x')", [("4142", None)]),
    (
        (3, 41),
        "indexed expressions in GROUP BY",
        "WITH t(a) AS (VALUES ('x'), ('X')) SELECT lower(a), count(*) FROM t GROUP BY lower(a)",
        [("x", 2)],
    ),
    (
        (3, 42),
        "JSON5",
        "SELECT json('{a: +1, b: .5, c: ''x'', d: 0x1F, e: [1, 2,], /* f */}')",
        [('{"a":1,"b":0.5,"c":"x","d":31,"e":[1,2]}',)],
    ),
    ((3, 42), "json_error_position()", "SELECT json_error_position('[1, 2'), json_error_position('{a: 1}')", [(6, 0)]),
    (
        (3, 42),
        "subsecond modifier",
        "SELECT datetime('2023-01-01 00:00:00.678', 'subsec'), unixepoch('2023-01-01 00:00:00.5', 'subsecond')",
        [("2023-01-01 00:00:00.678", 1672531200.5)],
    ),
    (
        (3, 43),
        "timediff()",
        "SELECT timediff('2023-02-15', '2023-03-15'), timediff('2000-01-01', '1999-12-31 23:59:59.5')",
        [("-0000-01-00 00:00:00.000", "+0000-00-00 00:00:00.500")],
    ),
    ((3, 43), "octet_length()", "SELECT octet_length('é'), octet_length(x'0102'), octet_length(12)", [(2, 2, 2)]),
    (
        (3, 43),
        "shifts of dates",
        "SELECT datetime('2023-01-31', '+0001-02-03 04:05:06'), date('2023-01-31', '-0001-00-00')",
        [("2024-04-03 04:05:06", "2022-01-31")],
    ),
    (
        (3, 44),
        "ORDER BY in aggregates",
        "SELECT group_concat(column1, '' ORDER BY column1 DESC) FROM (VALUES ('a'), ('c'), ('b'))",
        [("cba",)],
    ),
    ((3, 44), "concat(), concat_ws()", "SELECT concat('a', NULL, 1), concat_ws('-', 'a', NULL, 2)", [("a1", "a-2")]),
    ((3, 44), "string_agg()", "SELECT string_agg(column1, '+') FROM (VALUES (1), (2))", [("1+2",)]),
    (
        (3, 44),
        "formats of strftime()",
        "SELECT strftime('%e|%F|%I|%k|%l|%p|%P|%R|%T|%u', '2024-03-05 14:05:09')",
        [(" 5|2024-03-05|02|14| 2|PM|pm|14:05|14:05:09|2",)],
    ),
    (
        (3, 45),
        "JSONB",
        "SELECT hex(jsonb('{\"a\":[1,2.5,\"x\",null,true]}')), json(jsonb('[1, {\"a\": 2}]')), typeof(jsonb('[]'))",
        [("CC0D1761AB133135322E3517780001", '[1,{"a":2}]', "blob")],
    ),
    (
        (3, 45),
        "jsonb_ functions",
        "SELECT json(jsonb_array(1, 'x')), json(jsonb_object('a', 1)), json(jsonb_set('{}', '$.a', 1)), "
        "json(jsonb_insert('[]', '$[#]', 1)), json(jsonb_replace('[1]', '$[0]', 2)), json(jsonb_remove('[1,2]', '$[0]')), "
        """json(jsonb_patch('{"a":1}', '{"b":2}')), json(jsonb_extract('{"a":[1]}', '$.a'))""",
        [('[1,"x"]', '{"a":1}', '{"a":1}', "[1]", "[2]", "[2]", '{"a":1,"b":2}', "[1]")],
    ),
    (
        (3, 45),
        "jsonb_group_array(), jsonb_group_object()",
        "SELECT json(jsonb_group_array(column1)), json(jsonb_group_object(column1, 0)) FROM (VALUES ('a'), ('b'))",
        [('["a","b"]', '{"a":0,"b":0}')],
    ),
    (
        (3, 45),
        "JSONB as input",
        """SELECT jsonb('{"a":5}') ->> 'a', json_extract(jsonb('[7]'), '$[0]'), json_type(jsonb('[1]')), """
        "(SELECT sum(value) FROM json_each(jsonb('[1,2]')))",
        [(5, 7, "array", 3)],
    ),
    (
        (3, 45),
        "json_valid() with flags",
        "SELECT json_valid('{a:1}'), json_valid('{a:1}', 2), json_valid(jsonb('{}'), 4), json_valid(jsonb('{}'), 8)",
        [(0, 1, 1, 1)],
    ),
    (
        (3, 46),
        "json_pretty()",
        "SELECT json_pretty('{\"a\":[1,{}]}'), json_pretty('[1]', '\t')",
        [('{\n    "a": [\n        1,\n        {}\n    ]\n}', "[\n\t1\n]")],
    ),
    (
        (3, 46),
        "ceiling and floor modifiers",
        "SELECT date('2023-01-31', '+1 month', 'floor'), date('2023-01-31', '+1 month', 'ceiling')",
        [("2023-02-28", "2023-03-03")],
    ),
    ((3, 46), "%G %g %U %V", "SELECT strftime('%G-%V %g %U', '2021-01-03')", [("2020-53 20 01",)]),
    ((3, 46), "digit separators", "SELECT 1_000, 0xAB_CD, 1_0.5_0", [(1000, 43981, 10.5)]),
    (
        (3, 46),
        "utc and localtime without effect where they hold already",
        "SELECT datetime('2023-01-01', 'utc', 'utc') = datetime('2023-01-01', 'utc')",
        [(1,)],
    ),
    ((3, 46), "PRAGMA optimize with masks", "PRAGMA optimize = 0x10002", []),
]


def test_version() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    assert aerodb_dbapi.sqlite_version_info == CLAIMED
    assert connection.execute("SELECT sqlite_version()").fetchall() == [(aerodb_dbapi.sqlite_version,)]
    assert connection.execute("SELECT substr(sqlite_source_id(), 1, 4)").fetchall() == [("2024",)]
    assert {version for version, _, _, _ in FEATURES} == {(3, minor) for minor in range(41, CLAIMED[1] + 1)}


@pytest.mark.parametrize(
    ("version", "name", "sql", "rows"), FEATURES, ids=[f"{one[0][1]} {one[1]}" for one in FEATURES]
)
def test_feature(version: tuple[int, ...], name: str, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert repr(aerodb_dbapi.connect(":memory:").execute(sql).fetchall()) == repr(rows)
    if (
        sqlite3.sqlite_version_info >= (*version, 0) and version[1] < 45
    ):  # the place of errors and JSON's text are refined later
        assert repr(sqlite3.connect(":memory:").execute(sql).fetchall()) == repr(rows)


def test_integrity_check_tests_constraints() -> None:
    """Rows that came in while CHECK was not looked at are found; so they were before 3.41, by their number and text."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(
        "CREATE TABLE t(a CHECK (a > 0)); PRAGMA ignore_check_constraints = 1; INSERT INTO t VALUES (-1), (NULL), (1);"
    )
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.execute("PRAGMA ignore_check_constraints = 0")
    assert connection.execute("PRAGMA quick_check").fetchall() == [("CHECK constraint failed in t",)]
