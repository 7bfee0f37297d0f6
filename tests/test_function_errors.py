"""Every built-in function with odd arguments, few and many: what comes out is a value or an error of the driver (INV-F4)."""

from __future__ import annotations

import random

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor.functions.registry import BUILTINS

VALUES = [
    "NULL", "0", "-1", "9223372036854775807", "-9223372036854775808", "1e308", "1e999", "''", "'a'", "'%s%d%*d%-999d'", "x''", "x'ff00'",
    "'2024-02-30'", "'now'", "'$.a[#-1]'", "'{\"a\":[1,{}]}'", "'['", "'+1 month'", "char(0)", "99999999999", "zeroblob(10)", "a", "b",
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_only_errors_of_the_driver_leave_it(name: str) -> None:
    chance = random.Random(name)
    c = aerodb_dbapi.connect(":memory:", isolation_level=None)
    c.executescript("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2.5, NULL), (x'00', '')")
    for count in (0, 1, 1, 2, 2, 2, 3, 3, 4):
        call = f"{name}({', '.join(chance.choice(VALUES) for _ in range(count))})"
        for sql in (
            f"SELECT {call} FROM t",
            f"SELECT {call} OVER (ORDER BY a) FROM t",
            f"SELECT a FROM t WHERE {call}",
        ):
            try:
                c.execute(sql).fetchall()
            except aerodb_dbapi.Error:
                pass


@pytest.mark.parametrize("name", ["json_extract", "jsonb_extract"])
def test_without_arguments_there_is_nothing_to_look_for(name: str) -> None:
    c = aerodb_dbapi.connect(":memory:")
    assert c.execute(f"SELECT {name}(), {name}('[]')").fetchall() == [(None, None)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "1+" * 5000 + "1",
        "SELECT " + "a || " * 5000 + "1 FROM t",
        "SELECT " + "CASE WHEN 1 THEN " * 1000 + "1" + " END" * 1000,
        "SELECT 1 FROM t WHERE " + "a + " * 3000 + "1 > 0",
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "abs(" * 3000 + "1" + ")" * 3000,
        "SELECT * FROM " + "(SELECT * FROM " * 1000 + "t" + ")" * 1000,
        "UPDATE t SET a = " + "a + " * 3000 + "1",
        "CREATE TABLE u(a CHECK (" + "a + " * 3000 + "1 > 0))",
    ],
)
def test_what_is_nested_too_deep_is_an_error(sql: str) -> None:
    """Never a RecursionError, whatever has been reached of a text."""
    c = aerodb_dbapi.connect(":memory:")
    c.execute("CREATE TABLE t(a)")
    with pytest.raises(aerodb_dbapi.OperationalError, match=r"too large|overflow"):
        c.execute(sql)


def test_chains_of_hundreds_are_no_trouble() -> None:
    c = aerodb_dbapi.connect(":memory:")
    c.execute("CREATE TABLE t(a DEFAULT 1)")
    c.execute("INSERT INTO t DEFAULT VALUES")
    assert c.execute("SELECT " + "a + " * 300 + "1 FROM t").fetchall() == [(301,)]
    assert c.execute("SELECT a FROM t WHERE " + "a + " * 800 + "0 = 800").fetchall() == [(1,)]
    c.execute("UPDATE t SET a = " + "a + " * 900 + "0")
    assert c.execute("DELETE FROM t WHERE " + "a + " * 400 + "0 = 360000").rowcount == 1
    c.execute("INSERT INTO t DEFAULT VALUES")
    assert c.execute("SELECT 1 FROM t WHERE " + " OR ".join(f"a = {n}" for n in range(900))).fetchall() == [(1,)]


def test_what_a_collation_raises_ends_the_statement() -> None:
    """As it is, not as a cause, as in `sqlite3`; what the statement did is undone."""

    def compare(one: str, other: str) -> int:
        if "z" in (one, other):
            raise ZeroDivisionError(one)
        return (one > other) - (one < other)

    c = aerodb_dbapi.connect(":memory:", isolation_level=None)
    c.create_collation("picky", compare)
    c.executescript("CREATE TABLE t(a TEXT COLLATE picky); INSERT INTO t VALUES ('x'), ('y'), ('z')")
    for sql in (
        "SELECT a FROM t ORDER BY a", "SELECT DISTINCT a FROM t", "SELECT max(a) FROM t", "UPDATE t SET a = 'q' WHERE a < 'y'",
        "SELECT a, rank() OVER (ORDER BY a) FROM t", "DELETE FROM t WHERE a IN ('x', 'z')", "SELECT a FROM t UNION SELECT 'b'",
    ):  # fmt: skip
        with pytest.raises(ZeroDivisionError):
            c.execute(sql).fetchall()
    assert c.execute("SELECT a FROM t").fetchall() == [("x",), ("y",), ("z",)]
