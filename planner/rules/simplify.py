"""Rule ``simplify``: conditions in a form in which access paths can be seen.

In WHERE, ON and HAVING, where only "true" or "not true" matters
    * ``NOT NOT x`` is x; NOT moves inside AND and OR, and turns comparisons, BETWEEN, IN, LIKE, IS NULL, EXISTS round.
    * AND inside the list of conjuncts becomes further conjuncts; true ones vanish, a false or NULL one is all that
      remains.
    * ``x = 1 OR x = 2`` becomes ``x IN (1, 2)``; ``x IN (1)`` becomes ``x = 1``; ``x IS 5`` becomes ``x = 5``.
    * COLLATE on an operand is dropped: the comparison already holds the collation that it decides.

Every step keeps the three-valued result, but for ``IS`` with a constant and double negation, which keep only its
truth and are therefore done only where nothing else is looked at.

Example: ``NOT (a <> 1 AND b IS NOT NULL OR c > 2)`` → ``a = 1 OR b IS NULL``, ``c <= 2``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import NoneType
from typing import Any, Final

from aerodb_dbapi.planner.expressions import (
    FALSE,
    And,
    Between,
    Collate,
    Column,
    Compare,
    Constant,
    Exists,
    Expression,
    InList,
    InQuery,
    IsNull,
    IsTrue,
    Like,
    Not,
    Or,
    Parameter,
    ParameterList,
)
from aerodb_dbapi.planner.query import Select
from aerodb_dbapi.planner.rules.context import Rewriting
from aerodb_dbapi.storage.values import truth

NAME = "simplify"

_OPPOSITE: Final = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "IS": "IS NOT", "IS NOT": "IS",
}  # fmt: skip
_NEGATABLE: Final = (Between, InList, InQuery, IsNull, IsTrue, Like, Exists)
_LEAVES: Final = frozenset((Column, Constant, Parameter))


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Simplify the block's conditions."""
    where, having = simplified(select.where), simplified(select.having)
    changed = where is not select.where or having is not select.having
    select.where, select.having = where, having
    for join in select.joins:
        if join.on:
            on = simplified(join.on)
            changed = changed or on is not join.on
            join.on = on
    return changed


def simplified(conjuncts: list[Expression]) -> list[Expression]:
    """The list in simple form; the same list if it is so already."""
    if all(_is_simple(conjunct) for conjunct in conjuncts):
        return conjuncts
    found: list[Expression] = []
    for conjunct in conjuncts:
        made = _top(condition(conjunct))
        found += _flat_and(made)
    kept = [one for one in found if not _is_constant(one, True)]
    if any(_is_constant(one, False) for one in kept):
        kept = [FALSE]
    return conjuncts if _same(kept, conjuncts) else kept


def _is_simple(conjunct: Expression) -> bool:
    if conjunct.__class__ is not Compare or conjunct.op in ("IS", "IS NOT"):
        return False
    return conjunct.left.__class__ in _LEAVES and conjunct.right.__class__ in _LEAVES


def _same(a: list[Expression], b: list[Expression]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


def _is_constant(expression: Expression, wanted: bool) -> bool:
    return isinstance(expression, Constant) and bool(truth(expression.value)) is wanted


def _flat_and(expression: Expression) -> list[Expression]:
    if isinstance(expression, And):
        return [part for operand in expression.operands for part in _flat_and(_top(operand))]
    return [expression]


def _top(expression: Expression) -> Expression:
    """What holds only for a whole conjunct: IS with a constant that is not NULL is ``=``; NULL counts as false."""
    if isinstance(expression, Compare) and expression.op == "IS":
        for side in (expression.left, expression.right):
            if isinstance(side, Constant) and side.value is not None:
                return replace(expression, op="=")
    return expression


def condition(expression: Expression) -> Expression:
    """A condition of which only the three-valued truth matters, in simple form."""
    if isinstance(expression, Not):
        inner = negated(expression.operand)
        return expression if inner is None else condition(inner)
    if isinstance(expression, And):
        return _junction(expression, And)
    if isinstance(expression, Or):
        made = _junction(expression, Or)
        return _merge_equalities(made) if isinstance(made, Or) else made
    return _comparison(expression)


def negated(expression: Expression) -> Expression | None:
    """NOT of a condition without the NOT, or None."""
    if isinstance(expression, Not):
        return expression.operand
    if isinstance(expression, Compare):
        return replace(expression, op=_OPPOSITE[expression.op])
    if isinstance(expression, And | Or):
        operands = tuple(Not(operand) for operand in expression.operands)
        return Or(operands) if isinstance(expression, And) else And(operands)
    if isinstance(expression, _NEGATABLE):
        return replace(expression, negated=not expression.negated)
    return None


def _junction(expression: And | Or, kind: type[And] | type[Or]) -> Expression:
    """AND or OR with simple operands: nested ones flattened, neutral constants dropped, a deciding one alone."""
    decides = kind is Or
    operands: list[Expression] = []
    for operand in expression.operands:
        made = condition(operand)
        operands += made.operands if isinstance(made, kind) else (made,)
    decided = [one for one in operands if isinstance(one, Constant) and truth(one.value) is decides]
    if decided:
        return Constant(int(decides))
    kept = [one for one in operands if not (isinstance(one, Constant) and truth(one.value) is (not decides))]
    if not kept:
        return Constant(int(not decides))
    if len(kept) == 1:
        return kept[0]
    return expression if _same(kept, list(expression.operands)) else kind(tuple(kept))


def _comparison(expression: Expression) -> Expression:
    if isinstance(expression, Compare):
        return _compare(expression)
    if isinstance(expression, InList):
        found: InList = _without_collate(expression, "operand")
        if len(found.items) == 1 and found.items[0].__class__ is not ParameterList:
            op = "<>" if found.negated else "="
            return Compare(op, found.operand, found.items[0], found.operand_apply, found.items_apply, found.order)
        return found
    if isinstance(expression, Between):
        return _without_collate(_without_collate(_without_collate(expression, "operand"), "low"), "high")
    if isinstance(expression, IsNull):
        return _without_collate(expression, "operand")
    return expression


def _compare(expression: Compare) -> Expression:
    expression = _without_collate(_without_collate(expression, "left"), "right")
    if expression.op in ("IS", "IS NOT"):
        for side, other in ((expression.right, expression.left), (expression.left, expression.right)):
            if isinstance(side, Constant) and side.value is None:
                return IsNull(other, negated=expression.op == "IS NOT")
    return expression


def _without_collate(node: Any, name: str) -> Any:
    operand = getattr(node, name)
    while isinstance(operand, Collate):
        operand = operand.operand
    return node if operand is getattr(node, name) else replace(node, **{name: operand})


def _merge_equalities(expression: Or) -> Expression:
    """``x = a OR x = b OR x IN (c)`` with one column x, compared in one way, is ``x IN (a, b, c)``."""
    first = _as_list(expression.operands[0])
    if first is None:
        return expression
    items = list(first.items)
    apply = first.items_apply
    for operand in expression.operands[1:]:
        one = _as_list(operand)
        if one is None or one.operand != first.operand:
            return expression
        if (one.operand_apply, one.order) != (first.operand_apply, first.order):
            return expression
        if one.items_apply != apply:
            if apply is None and _needs_none(items, one.items_apply):
                apply = one.items_apply
            elif one.items_apply is not None or not _needs_none(one.items, apply):
                return expression
        items += one.items
    return replace(first, items=tuple(items), items_apply=apply)


def _needs_none(items: Iterable[Expression], apply: str | None) -> bool:
    """Whether a conversion changes nothing in these: constants that are numbers, or text, already."""
    kinds = (str, NoneType) if apply == "TEXT" else (int, float, NoneType)
    return all(isinstance(item, Constant) and isinstance(item.value, kinds) for item in items)


def _as_list(expression: Expression) -> InList | None:
    if isinstance(expression, InList) and expression.operand.__class__ is Column:
        return None if expression.negated else expression
    if not isinstance(expression, Compare) or expression.op != "=":
        return None
    if expression.left.__class__ is Column and expression.right.__class__ in (Constant, Parameter):
        return InList(
            expression.left, (expression.right,), False, expression.left_apply, expression.right_apply, expression.order
        )
    if expression.right.__class__ is Column and expression.left.__class__ in (Constant, Parameter):
        return InList(
            expression.right, (expression.left,), False, expression.right_apply, expression.left_apply, expression.order
        )
    return None
