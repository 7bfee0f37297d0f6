"""Rule ``fold_constants``: operators over literals become their value.

``WHERE a > 60 * 60`` compares with 3600; ``CASE WHEN 0 THEN x ELSE y END`` becomes y. The functions that compute are
those the executor uses (`storage.values`), so that the value is the same (INV-Q4). Function calls are left alone,
and so is whatever would raise: the error belongs to the run. Collations of the user's own are left to the run too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aerodb_dbapi.planner.expressions import (
    Binary,
    Case,
    Cast,
    Coalesce,
    Column,
    Compare,
    Constant,
    Expression,
    IsNull,
    IsTrue,
    Not,
    Parameter,
    Unary,
    transform,
)
from aerodb_dbapi.planner.query import Select
from aerodb_dbapi.planner.rules.context import Rewriting, map_expressions
from aerodb_dbapi.storage import values

NAME = "fold_constants"

_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": values.add, "-": values.subtract, "*": values.multiply, "/": values.divide, "%": values.remainder,
    "&": values.bit_and, "|": values.bit_or, "<<": values.shift_left, ">>": values.shift_right, "||": values.concat,
}  # fmt: skip
_UNARY: Final[dict[str, Callable[[Any], Any]]] = {"-": values.negate, "~": values.bit_not, "+": lambda value: value}
_ORDERS: Final[dict[str, Callable[[int], bool]]] = {
    "=": lambda c: c == 0, "<>": lambda c: c != 0, "<": lambda c: c < 0, "<=": lambda c: c <= 0,
    ">": lambda c: c > 0, ">=": lambda c: c >= 0, "IS": lambda c: c == 0, "IS NOT": lambda c: c != 0,
}  # fmt: skip
_COLLATIONS: Final = frozenset(("BINARY", "NOCASE", "RTRIM"))
_LEAVES: Final = frozenset((Column, Constant, Parameter))


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Fold in every expression of the block."""
    changed = False

    def fold(expression: Expression) -> Expression:
        nonlocal changed
        if _is_plain(expression):
            return expression
        made = transform(expression, fold_node)
        changed = changed or made is not expression
        return made

    map_expressions(select, fold)
    return changed


def _is_plain(expression: Expression) -> bool:
    kind = expression.__class__
    if kind in _LEAVES:
        return True
    if kind is not Compare:
        return False
    left, right = expression.left.__class__, expression.right.__class__  # type: ignore[attr-defined]
    return left in _LEAVES and right in _LEAVES and not (left is Constant and right is Constant)


def fold_node(node: Expression) -> Expression:
    """The value of one node whose operands are folded; the node itself where it has none, or computing it fails."""
    rule = _RULES.get(node.__class__)
    if rule is None:
        return node
    try:
        made: Expression | None = rule(node)
    except (ArithmeticError, ValueError, TypeError):
        return node
    return node if made is None else made


def _unary(node: Unary) -> Expression | None:
    if not isinstance(node.operand, Constant):
        return None
    return Constant(_UNARY[node.op](node.operand.value))


def _binary(node: Binary) -> Expression | None:
    if not (isinstance(node.left, Constant) and isinstance(node.right, Constant)):
        return None
    return Constant(_BINARY[node.op](node.left.value, node.right.value))


def _compare(node: Compare) -> Expression | None:
    if not (isinstance(node.left, Constant) and isinstance(node.right, Constant)) or node.order not in _COLLATIONS:
        return None
    left, right = (
        _converted(node.left.value, node.left_apply),
        _converted(node.right.value, node.right_apply),
    )
    if node.op not in ("IS", "IS NOT") and (left is None or right is None):
        return Constant(None)
    return Constant(int(_ORDERS[node.op](values.compare(left, right, node.order))))


def _converted(value: Any, affinity: str | None) -> Any:
    convert = values.affinity_function(affinity, comparison=True)
    return value if convert is None else convert(value)


def _not(node: Not) -> Expression | None:
    if not isinstance(node.operand, Constant):
        return None
    truth = values.truth(node.operand.value)
    return Constant(None if truth is None else int(not truth))


def _is_null(node: IsNull) -> Expression | None:
    if not isinstance(node.operand, Constant):
        return None
    return Constant(int((node.operand.value is None) != node.negated))


def _is_true(node: IsTrue) -> Expression | None:
    if not isinstance(node.operand, Constant):
        return None
    truth = values.truth(node.operand.value)
    return Constant(int((truth is not None and truth == node.truth) != node.negated))


def _cast(node: Cast) -> Expression | None:
    return Constant(values.cast(node.operand.value, node.target)) if isinstance(node.operand, Constant) else None


def _coalesce(node: Coalesce) -> Expression | None:
    for argument in node.arguments:
        if not isinstance(argument, Constant):
            return None
        if argument.value is not None:
            return argument
    return Constant(None)


def _case(node: Case) -> Expression | None:
    if node.base is not None:
        return None
    kept = []
    for condition, value in node.branches:
        if not isinstance(condition, Constant):
            kept.append((condition, value))
        elif values.truth(condition.value):
            return Case(tuple(kept), value) if kept else _value(value)
    if len(kept) == len(node.branches):
        return None
    return Case(tuple(kept), node.otherwise) if kept else _value(node.otherwise)


def _value(expression: Expression) -> Expression | None:
    """A CASE has no affinity, so a column may not take its place; a constant may."""
    return expression if isinstance(expression, Constant) else None


_RULES: Final[dict[type, Callable[[Any], Expression | None]]] = {
    Unary: _unary, Binary: _binary, Compare: _compare, Not: _not, IsNull: _is_null, IsTrue: _is_true, Cast: _cast,
    Coalesce: _coalesce, Case: _case,
}  # fmt: skip
