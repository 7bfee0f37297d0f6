"""Affinity and collation of comparisons, decided once: the rules of https://www.sqlite.org/datatype3.html sections 4
and 7.

Affinity of a comparison (SQLite's `sqlite3CompareAffinity`)
    both sides have one      NUMERIC if either is numeric, else none
    one side has one         that one (INTEGER, REAL and NUMERIC act alike; BLOB does nothing)
    IN with a list           the left side's, whatever the items are
    A side is flagged for conversion only where its values may need it: a table's column already holds its affinity.

Collation of a comparison (`sqlite3BinaryCompareCollSeq`)
    an explicit COLLATE anywhere in the left side, else in the right; else the left side's column collation, else the
    right's. CAST and unary plus keep a column's collation, other operators and subqueries lose it.

Example: with ``a INT, b TEXT COLLATE NOCASE``, ``a = '1'`` becomes Compare('=', a, '1', right_apply='NUMERIC'),
``'x' = b`` becomes Compare('=', 'x', b, order='NOCASE'), and ``a = b`` applies NUMERIC to b only.

Keeps INV-Q4 (with `storage.values`, which does the conversions). Nothing after the binder needs these rules again.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from aerodb_dbapi.planner.expressions import (
    And,
    Between,
    Binary,
    Cast,
    Collate,
    Column,
    Compare,
    Constant,
    Expression,
    Or,
    Parameter,
    Unary,
    children,
)
from aerodb_dbapi.planner.usage import walk_nodes

NUMERIC_AFFINITIES: Final = frozenset(("NUMERIC", "INTEGER", "REAL"))


def has_collate(expression: Expression) -> bool:
    """True if COLLATE is written anywhere in it, outside subqueries."""
    if isinstance(expression, Column | Constant | Parameter):
        return False
    return any(isinstance(node, Collate) for node in walk_nodes(expression))


def collation_of(expression: Expression) -> str | None:
    """The collation an expression brings to a comparison, or None."""
    while True:
        if isinstance(expression, Column | Parameter):
            return expression.column_collation
        if isinstance(expression, Collate):
            return expression.name
        if isinstance(expression, Cast) or (isinstance(expression, Unary) and expression.op == "+"):
            expression = expression.operand
            continue
        marked = next((child for child in children(expression) if has_collate(child)), None)
        if marked is None:
            return None
        expression = marked


def order_of(left: Expression, right: Expression) -> str:
    """The collation under which two sides are compared."""
    if isinstance(left, Column) and isinstance(right, Constant):
        return left.column_collation or "BINARY"
    if not has_collate(left) and has_collate(right):
        return collation_of(right) or "BINARY"
    return collation_of(left) or collation_of(right) or "BINARY"


def compare_affinity(left: str | None, right: str | None) -> str | None:
    """'NUMERIC', 'TEXT' or None: what a comparison of two affinities applies to its sides."""
    if left is not None and right is not None:
        return "NUMERIC" if left in NUMERIC_AFFINITIES or right in NUMERIC_AFFINITIES else None
    return comparison_form(left if right is None else right)


def comparison_form(affinity: str | None) -> str | None:
    """An affinity as a comparison applies it."""
    if affinity in NUMERIC_AFFINITIES:
        return "NUMERIC"
    return "TEXT" if affinity == "TEXT" else None


def applied(expression: Expression, affinity: str | None, stored: Set[int]) -> str | None:
    """`affinity` if values of the expression may need it, else None. `stored`: ids of sources that are tables."""
    if affinity is None:
        return None
    while isinstance(expression, Collate):
        expression = expression.operand
    numeric = affinity == "NUMERIC"
    if isinstance(expression, Constant):
        value = expression.value
        changes = isinstance(value, str) if numeric else isinstance(value, int | float)
        return affinity if changes else None
    if isinstance(expression, Column):
        already = expression.source in stored and comparison_form(expression.column_affinity) == affinity
        return None if already else affinity
    if isinstance(expression, Cast):
        return None if comparison_form(expression.target) == affinity else affinity
    if isinstance(expression, Binary):
        return None if numeric is (expression.op != "||") else affinity
    return affinity


def make_compare(op: str, left: Expression, right: Expression, stored: Set[int]) -> Compare:
    """The comparison of two scalar sides, with everything decided."""
    affinity = compare_affinity(left.affinity, right.affinity)
    return Compare(
        op, left, right, applied(left, affinity, stored), applied(right, affinity, stored), order_of(left, right)
    )


def make_between(operand: Expression, low: Expression, high: Expression, stored: Set[int]) -> Expression:
    """`operand BETWEEN low AND high`; two comparisons where they differ in collation."""
    first, second = make_compare(">=", operand, low, stored), make_compare("<=", operand, high, stored)
    if first.order != second.order:
        return And((first, second))
    return Between(
        operand, low, high, False,
        (first.left_apply, first.right_apply), (second.left_apply, second.right_apply), first.order,
    )  # fmt: skip


def compare_rows(op: str, left: list[Expression], right: list[Expression], stored: Set[int]) -> Expression:
    """A comparison of row values, spelled out: (a, b) < (c, d) is a < c OR (a = c AND b < d)."""
    pairs = list(zip(left, right))
    if op in ("=", "IS"):
        return And(tuple(make_compare(op, a, b, stored) for a, b in pairs))
    if op in ("<>", "IS NOT"):
        return Or(tuple(make_compare(op, a, b, stored) for a, b in pairs))
    result: Expression = make_compare(op, *pairs[-1], stored)
    for a, b in reversed(pairs[:-1]):
        result = Or((make_compare(op[0], a, b, stored), And((make_compare("=", a, b, stored), result))))
    return result
