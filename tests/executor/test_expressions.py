"""Expressions one by one: each operator in its three forms, against sqlite3 for values of every class."""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any

import pytest
from codegen_support import Data, cmp, col, const, run, select

from aerodb_dbapi.executor.expressions import ExpressionCompiler, RowBinding
from aerodb_dbapi.executor.matching import glob_matcher, like, like_matcher
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.storage.errors import OperationalError

VALUES: list[Any] = [
    None, 0, 1, -3, 7, 2**63 - 1, -(2**63), 0.0, 2.5, -0.5, 1e300, "", "a", "A", "5", "5.0", "12abc", b"", b"a", b"5",
]  # fmt: skip
PAIRS = list(itertools.product(VALUES, VALUES))


@pytest.fixture(name="data", scope="module")
def _data() -> Data:
    data = Data()
    data.table("p", ["x", "y"], PAIRS)
    return data


def _both(data: Data, expression: str, made: Any) -> tuple[list[Any], list[Any]]:
    source = data.source("p")
    bound = made(col(source, "x"), col(source, "y"))
    ours = run(select([bound], source), data)
    theirs = data.sqlite.execute(f"SELECT {expression} FROM p").fetchall()
    return [_typed(row[0]) for row in ours], [_typed(row[0]) for row in theirs]


def _typed(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>"])
def test_arithmetic(data: Data, op: str) -> None:
    """INV-Q4"""
    ours, theirs = _both(data, f"x {op} y", lambda x, y: e.Binary(op, x, y))
    assert ours == theirs


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "%", "||"])
@pytest.mark.parametrize("other", [2, -1, 0, 2.5, 0.0, "3", None])
def test_arithmetic_with_a_constant(data: Data, op: str, other: Any) -> None:
    """INV-Q4"""
    literal = "NULL" if other is None else repr(other)
    assert len(set(_both(data, f"x {op} {literal}", lambda x, y: e.Binary(op, x, const(other)))[0:1][0])) > 0
    for left in (True, False):
        made = (lambda x, y: e.Binary(op, x, const(other))) if left else (lambda x, y: e.Binary(op, const(other), x))
        ours, theirs = _both(data, f"x {op} {literal}" if left else f"{literal} {op} x", made)
        assert ours == theirs


@pytest.mark.parametrize("op", ["-", "~"])
def test_unary(data: Data, op: str) -> None:
    ours, theirs = _both(data, f"{op} x", lambda x, y: e.Unary(op, x))
    assert ours == theirs


@pytest.mark.parametrize("op", ["=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"])
@pytest.mark.parametrize("order", ["BINARY", "NOCASE", "RTRIM"])
def test_comparison(data: Data, op: str, order: str) -> None:
    """INV-Q4"""
    ours, theirs = _both(data, f"x {op} y COLLATE {order}", lambda x, y: e.Compare(op, x, y, order=order))
    assert ours == theirs


@pytest.mark.parametrize("negated", [False, True])
def test_three_valued_logic(data: Data, negated: bool) -> None:
    no = "NOT " if negated else ""

    def wrap(node: e.Expression) -> e.Expression:
        return e.Not(node) if negated else node

    for sql, made in (
        ("x < y AND y > 0", lambda x, y: e.And((cmp("<", x, y), cmp(">", y, 0)))),
        ("x < y OR y > 0", lambda x, y: e.Or((cmp("<", x, y), cmp(">", y, 0)))),
        ("x", lambda x, y: x),
        ("x BETWEEN y AND 7", lambda x, y: e.Between(x, y, const(7))),
        ("x IN (y, 5, 'a')", lambda x, y: e.InList(x, (y, const(5), const("a")))),
        ("x IN (NULL, 5, 'a')", lambda x, y: e.InList(x, (const(None), const(5), const("a")))),
        ("x IS NULL", lambda x, y: e.IsNull(x)),
        ("x IS TRUE", lambda x, y: e.IsTrue(x, True)),
        ("x IS NOT FALSE", lambda x, y: e.IsTrue(x, False, True)),
        ("x LIKE y", lambda x, y: e.Like("LIKE", x, y)),
        ("x LIKE 'a%'", lambda x, y: e.Like("LIKE", x, const("a%"))),
    ):
        ours, theirs = _both(data, f"{no}({sql})", lambda x, y, made=made: wrap(made(x, y)))
        assert ours == theirs, sql
        source = data.source("p")
        test = wrap(made(col(source, "x"), col(source, "y")))
        kept = run(select([col(source, "x"), col(source, "y")], source, where=[test]), data)
        expected = data.sqlite.execute(f"SELECT x, y FROM p WHERE {no}({sql})").fetchall()
        assert list(map(repr, kept)) == list(map(repr, expected)), sql


def test_case_coalesce_cast(data: Data) -> None:
    for sql, made in (
        ("CASE WHEN x < y THEN x ELSE 'no' END", lambda x, y: e.Case(((cmp("<", x, y), x),), const("no"))),
        (
            "CASE x || '' WHEN y THEN 1 WHEN '5' THEN 2 END",
            lambda x, y: e.Case(
                ((cmp("=", e.CaseBase(), y), const(1)), (cmp("=", e.CaseBase(), "5"), const(2))),
                const(None), e.Binary("||", x, const("")),
            ),
        ),
        ("coalesce(x, y, 9)", lambda x, y: e.Coalesce((x, y, const(9)))),
        ("CAST(x AS INTEGER)", lambda x, y: e.Cast(x, "INTEGER")),
        ("CAST(x AS TEXT)", lambda x, y: e.Cast(x, "TEXT")),
    ):  # fmt: skip
        ours, theirs = _both(data, sql, made)
        assert ours == theirs, sql


def test_invariants_are_computed_once(data: Data) -> None:
    source = data.source("p")
    unit = Unit("check")
    compiler = ExpressionCompiler(unit)
    compiler.sources[source.id] = RowBinding("row")
    unit.define("row")
    shown = compiler.test(cmp("=", col(source, "x"), e.Binary("+", e.Parameter(0), const(1)), right_apply="NUMERIC"))
    assert shown == f"(row[0] == {shown.split()[-1]}" and "add" not in shown
    assert any("INT_MIN" in line for line in unit.head)


def test_compiler_for_other_writers() -> None:
    """The way INSERT uses it: a row variable, a check, a function of its own."""
    unit = Unit("insert", "session, row")
    compiler = ExpressionCompiler(unit)
    compiler.sources[5] = RowBinding("row")
    unit.define("row")
    unit.line(f"return not {compiler.false(cmp('<', e.Column(5, 1), 10))}")
    function, source = unit.finish()
    assert [function(None, (0, value)) for value in (3, 30, None, "a")] == [True, False, True, False]
    assert "def insert(session, row):" in source


def test_unknown_collation_is_an_error(data: Data) -> None:
    source = data.source("p")
    with pytest.raises(OperationalError, match="no such collation sequence: odd"):
        run(select([col(source, "x")], source, where=[cmp("=", col(source, "x"), "a", order="odd")]), data)


PATTERNS = ["%", "", "a", "A%", "%b", "%b%", "_", "a_c", "%a%b%", "\\%", "a%%c", "%_%", "İ", "k%", "[", "*", "é%"]
SUBJECTS = [
    "",
    "a",
    "A",
    "abc",
    "aXc",
    "xaybz",
    "%",
    "a%c",
    "b",
    "É",
    "é",
    "\u212a",
    "İ",
    "[",
    "*",
    "a\nb",
    5,
    2.5,
    None,
    b"a",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_like_matches_as_sqlite(pattern: str) -> None:
    connection = sqlite3.connect(":memory:")
    for subject in SUBJECTS:
        for escape in ("", "\\"):
            clause = " ESCAPE '\\'" if escape else ""
            expected = connection.execute(f"SELECT ? LIKE ?{clause}", (subject, pattern)).fetchone()[0]
            assert like(like_matcher(pattern, escape) if escape else like_matcher(pattern), subject) == expected, (
                subject,
                escape,
            )


@pytest.mark.parametrize(
    "pattern", ["*", "a*", "?", "[a-c]*", "[^a]", "[]]", "[a", "*b*c", "[!a]", "[a-]", "[-a]", "[]-a]"]
)
def test_glob_matches_as_sqlite(pattern: str) -> None:
    connection = sqlite3.connect(":memory:")
    for subject in [*SUBJECTS, "]", "-", "!", "bc", "xbyc"]:
        expected = connection.execute("SELECT ? GLOB ?", (subject, pattern)).fetchone()[0]
        assert like(glob_matcher(pattern), subject) == expected, subject


def test_pattern_takes_no_exponential_time() -> None:
    assert like(like_matcher("%a_" * 20 + "b"), "a" * 2000) == 0
