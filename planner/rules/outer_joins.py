"""Rule ``outer_joins``: a LEFT JOIN whose NULL-extended rows WHERE throws away is an inner join.

If a WHERE conjunct cannot be true when every column of the right side is NULL, the rows that LEFT adds never
survive. The join becomes inner, its ON joins the other conjuncts, and the optimizer is free to read that side first.
Conjuncts of inner joins' ON count as WHERE. An ON that became a conjunct may in turn reject NULLs of a join to its
left, so the rule runs until nothing changes, from the last join to the first.

Example: ``a LEFT JOIN b ON b.x = a.x WHERE b.y > 5`` → ``a JOIN b WHERE b.x = a.x AND b.y > 5``; ``WHERE b.y IS
NULL`` and ``WHERE coalesce(b.y, 9) > 5`` change nothing.

"NULL when the side is NULL" is derived only through operators that give NULL for a NULL operand; functions, CASE and
subqueries are taken to give anything.
"""

from __future__ import annotations

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
    InList,
    InQuery,
    IsNull,
    IsTrue,
    Like,
    Not,
    Or,
    Unary,
)
from aerodb_dbapi.planner.query import Select
from aerodb_dbapi.planner.rules.context import Rewriting

NAME = "outer_joins"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Turn what LEFT joins can be turned."""
    if all(join.kind != "left" for join in select.joins):
        return False
    changed = False
    again = True
    while again:
        again = False
        for join in reversed(select.joins):
            if join.kind == "left" and any(never_true(one, join.source.id) for one in _conjuncts(select)):
                join.kind = "inner"
                again = changed = True
    return changed


def _conjuncts(select: Select) -> list[Expression]:
    found = list(select.where)
    for join in select.joins:
        if join.kind != "left":
            found += join.on
    return found


def never_true(condition: Expression, source: int) -> bool:
    """Whether a condition is false or NULL whenever all columns of the source are NULL."""
    if isinstance(condition, And):
        return any(never_true(operand, source) for operand in condition.operands)
    if isinstance(condition, Or):
        return all(never_true(operand, source) for operand in condition.operands)
    if isinstance(condition, IsNull):
        return condition.negated and is_null(condition.operand, source)
    if isinstance(condition, IsTrue):
        return not condition.negated and is_null(condition.operand, source)
    if isinstance(condition, Compare) and condition.op == "IS":
        return _is_never(condition, source)
    if isinstance(condition, Compare) and condition.op == "IS NOT":
        return False
    if isinstance(condition, Between):
        return not condition.negated and is_null(condition.operand, source)
    if isinstance(condition, InList):
        return not condition.negated and is_null(condition.operand, source)
    if isinstance(condition, InQuery):
        return not condition.negated and any(is_null(operand, source) for operand in condition.operands)
    return is_null(condition, source)


def _is_never(condition: Compare, source: int) -> bool:
    for side, other in ((condition.left, condition.right), (condition.right, condition.left)):
        if is_null(side, source) and isinstance(other, Constant) and other.value is not None:
            return True
    return False


def is_null(expression: Expression, source: int) -> bool:
    """Whether an expression is surely NULL whenever all columns of the source are NULL."""
    if isinstance(expression, Column):
        return expression.source == source
    if isinstance(expression, Constant):
        return expression.value is None
    if isinstance(expression, Unary | Cast | Collate | Not):
        return is_null(expression.operand, source)
    if isinstance(expression, Binary):
        return is_null(expression.left, source) or is_null(expression.right, source)
    if isinstance(expression, Compare) and expression.op not in ("IS", "IS NOT"):
        return is_null(expression.left, source) or is_null(expression.right, source)
    if isinstance(expression, Like):
        return is_null(expression.operand, source) or is_null(expression.pattern, source)
    if isinstance(expression, InList):
        return bool(expression.items) and is_null(expression.operand, source)
    if isinstance(expression, And | Or):
        return all(is_null(operand, source) for operand in expression.operands)
    return False
