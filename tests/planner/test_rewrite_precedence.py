"""Precedence: random expressions mean what SQLite means by them.

Each text is parsed, its tree written back with parentheses around every operator, and sqlite3 evaluates both.
"""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest
from sqlglot import exp

from aerodb_dbapi.planner.parse import parse

_BINARY = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
    exp.DPipe: "||",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Is: "IS",
    exp.NullSafeEQ: "IS",
    exp.NullSafeNEQ: "IS NOT",
    exp.And: "AND",
    exp.Or: "OR",
    exp.Like: "LIKE",
    exp.Glob: "GLOB",
}
_UNARY = {exp.Neg: "-", exp.BitwiseNot: "~", exp.Cbrt: "+", exp.Not: "NOT "}


def text_of(node: Any) -> str:
    """The expression, every operator in parentheses of its own."""
    kind = type(node)
    if kind is exp.Paren:
        return text_of(node.this)
    if kind in _BINARY:
        word = ("NOT " if node.args.get("negate") else "") + _BINARY[kind]
        return f"({text_of(node.this)} {word} {text_of(node.expression)})"
    if kind in _UNARY:
        return f"({_UNARY[kind]}{text_of(node.this)})"
    return _OTHERS[kind](node)


def _list(nodes: list[Any]) -> str:
    return ", ".join(map(text_of, nodes))


def _between(node: Any) -> str:
    return f"({text_of(node.this)} BETWEEN {text_of(node.args['low'])} AND {text_of(node.args['high'])})"


def _escape(node: Any) -> str:
    return text_of(node.this)[:-1] + f" ESCAPE {text_of(node.expression)})"


def _literal(node: Any) -> str:
    return "'" + node.this.replace("'", "''") + "'" if node.is_string else node.this


_OTHERS = {
    exp.Literal: _literal,
    exp.Null: lambda node: "NULL",
    exp.Column: lambda node: node.name,
    exp.HexString: lambda node: f"x'{node.this}'",
    exp.Between: _between,
    exp.Escape: _escape,
    exp.In: lambda node: f"({text_of(node.this)} IN ({_list(node.expressions)}))",
    exp.Collate: lambda node: f"({text_of(node.this)} COLLATE {node.expression.name})",
    exp.Anonymous: lambda node: f"{node.name.removeprefix('f$')}({_list(node.expressions)})",
    exp.Alias: lambda node: text_of(node.this),
}


# --- random expressions ---------------------------------------------------------------------------------------------

ATOMS = ["1", "2", "0", "NULL", "'a'", "'A'", "'2'", "1.5", "-3", "x'61'", "'%'", "'1'"]
OPERATORS = ["=", "<>", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&", "|", "<<", ">>", "||"]
OPERATORS += ["AND", "OR", "IS", "LIKE", "GLOB"]
OPERATORS += ["IS NOT", "NOT LIKE", "NOT GLOB", "IS NOT DISTINCT FROM", "IS DISTINCT FROM"]
TAILS = ["ISNULL", "NOTNULL", "NOT NULL", "COLLATE nocase", "IN (1, 'a')", "NOT IN (0)", "IN (2)"]


def atom(random_: random.Random, depth: int) -> str:
    sign = random_.choice(["NOT ", "- ", "+ ", "~ ", "- - "]) if random_.random() < 0.12 else ""
    if depth and random_.random() < 0.12:
        return f"{sign}({expression(random_, depth - 1)})"
    return sign + random_.choice(ATOMS)


def expression(random_: random.Random, depth: int = 3) -> str:
    parts = [atom(random_, depth)]
    for _ in range(random_.randint(1, 5)):
        kind = random_.random()
        if kind < 0.16:
            parts.append(random_.choice(TAILS))
        elif kind < 0.24:
            middle = f"{random_.choice(['=', '+', '<', 'LIKE'])} {atom(random_, depth)} " if kind < 0.18 else ""
            word = random_.choice(["BETWEEN", "NOT BETWEEN"])
            parts.append(f"{word} {atom(random_, depth)} {middle}AND {atom(random_, depth)}")
        else:
            parts.append(f"{random_.choice(OPERATORS)} {atom(random_, depth)}")
    return " ".join(parts)


@pytest.mark.parametrize("seed", range(10))
def test_random_expressions_mean_what_sqlite_means(seed: int) -> None:
    random_, connection = random.Random(seed), sqlite3.connect(":memory:")
    for _ in range(150):
        text = expression(random_)
        again = text_of(parse(f"SELECT {text}").tree.expressions[0])
        expected = connection.execute(f"SELECT {text}").fetchone()
        assert repr(connection.execute(f"SELECT {again}").fetchone()) == repr(expected), (text, again)


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a = b LIKE c", "((a = b) LIKE c)"),
        ("a < b LIKE c", "((a < b) LIKE c)"),
        ("a LIKE b < c", "(a LIKE (b < c))"),
        ("a = b IN (1)", "((a = b) IN (1))"),
        ("a BETWEEN b = c AND d", "(a BETWEEN (b = c) AND d)"),
        ("a IN (1) + 2", "((a IN (1)) + 2)"),
        ("NOT a = b", "(NOT (a = b))"),
        ("a = NOT b = c", "(a = (NOT (b = c)))"),
        ("- a || b", "((-a) || b)"),
        ("a || b COLLATE nocase", "(a || (b COLLATE nocase))"),
        ("a IS NOT b IS c", "((a IS NOT b) IS c)"),
        ("+a", "(+a)"),
        ("a -> b ->> c", "->>(->(a, b), c)"),
        ("a LIKE b ESCAPE c", "like(b, a, c)"),
        ("a NOT LIKE b ESCAPE c || d", "(NOT like(b, a, (c || d)))"),
        ("a LIKE b ESCAPE 'x'", "(a LIKE b ESCAPE 'x')"),
        ("(((a)))", "a"),
    ],
)
def test_grouping(text: str, grouped: str) -> None:
    assert text_of(parse(f"SELECT {text}").tree.expressions[0]) == grouped
