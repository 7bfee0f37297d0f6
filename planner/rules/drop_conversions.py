"""Rule ``drop_conversions``: a comparison does not convert a column that needs no conversion.

The columns of a subquery may hold anything, so comparisons with them convert both sides. Once a subquery is merged,
or a condition pushed into it, such a side is a table's own column, whose stored values have its affinity already
(INV-D5): NUMERIC changes nothing in an INTEGER, REAL or NUMERIC column, TEXT nothing in a TEXT column. Without the
conversion the test is cheaper, and it is seen to be an index look-up's own.

Example: ``v.b::TEXT = ?1::TEXT`` over a view becomes ``t.b::TEXT = ?1::TEXT`` by ``merge_subqueries``, and here ``t.b
= ?1::TEXT``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aerodb_dbapi.planner.expressions import Between, Column, Compare, Expression, InList, InQuery, transform
from aerodb_dbapi.planner.query import Select
from aerodb_dbapi.planner.rules.context import Rewriting, map_expressions
from aerodb_dbapi.planner.terms import changes_nothing
from aerodb_dbapi.planner.usage import is_flat

NAME = "drop_conversions"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Drop needless conversions in every expression of the block."""
    changed = False

    def visit(node: Expression) -> Expression:
        return _dropped(node, rewriting)

    def drop(expression: Expression) -> Expression:
        nonlocal changed
        if is_flat(expression) and not _converts_column(expression):
            return expression
        made = transform(expression, visit)
        changed = changed or made is not expression
        return made

    map_expressions(select, drop)
    return changed


def _converts_column(expression: Expression) -> bool:
    if not isinstance(expression, Compare):
        return False
    left = expression.left_apply is not None and expression.left.__class__ is Column
    return left or (expression.right_apply is not None and expression.right.__class__ is Column)


def _dropped(node: Any, rewriting: Rewriting) -> Expression:
    kind = node.__class__
    if kind is Compare:
        left, right = _kept(node.left, node.left_apply, rewriting), _kept(node.right, node.right_apply, rewriting)
        if left == node.left_apply and right == node.right_apply:
            return node
        return replace(node, left_apply=left, right_apply=right)
    if kind is InList:
        kept = _kept(node.operand, node.operand_apply, rewriting)
        return node if kept == node.operand_apply else replace(node, operand_apply=kept)
    if kind is InQuery:
        applies = tuple(
            _kept(side, one, rewriting) for side, one in zip(node.operands, node.operand_apply, strict=True)
        )
        return node if applies == node.operand_apply else replace(node, operand_apply=applies)
    if kind is Between:
        low = (_kept(node.operand, node.low_apply[0], rewriting), node.low_apply[1])
        high = (_kept(node.operand, node.high_apply[0], rewriting), node.high_apply[1])
        return (
            node if (low, high) == (node.low_apply, node.high_apply) else replace(node, low_apply=low, high_apply=high)
        )
    return node


def _kept(side: Expression, conversion: str | None, rewriting: Rewriting) -> str | None:
    if conversion is None or side.__class__ is not Column or side.source not in rewriting.tables:
        return conversion
    return None if changes_nothing(conversion, side.affinity or "BLOB") else conversion
