"""Rule ``factor_or``: what all operands of an OR have in common stands before it.

``(p = l AND b = 1) OR (p = l AND b = 2)`` → ``p = l AND (b = 1 OR b = 2)``: the common part becomes a conjunct of its own, by
which sources can be joined or an index read. An operand that has nothing else makes the OR true wherever the common part
is, so the OR goes. Both hold in three-valued logic. A part that may answer differently each time stays where it is.
"""

from __future__ import annotations

from aerodb_dbapi.planner.expressions import And, Expression, Or
from aerodb_dbapi.planner.query import Select
from aerodb_dbapi.planner.rules.context import Rewriting
from aerodb_dbapi.planner.usage import is_deterministic

NAME = "factor_or"


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Factor the ORs among the block's conjuncts."""
    changed = False
    select.where, changed = _factored(select.where)
    select.having, again = _factored(select.having)
    changed = changed or again
    for join in select.joins:
        join.on, again = _factored(join.on)
        changed = changed or again
    return changed


def _factored(conjuncts: list[Expression]) -> tuple[list[Expression], bool]:
    if not any(one.__class__ is Or for one in conjuncts):
        return conjuncts, False
    made: list[Expression] = []
    changed = False
    for one in conjuncts:
        parts = _parts(one) if isinstance(one, Or) else None
        changed = changed or parts is not None
        made += [one] if parts is None else parts
    return (made, True) if changed else (conjuncts, False)


def _parts(expression: Or) -> list[Expression] | None:
    """The common conjuncts and the OR of what is left; None if nothing is common."""
    operands = [_conjuncts(operand) for operand in expression.operands]
    first, *others = operands
    common = [one for one in first if all(one in other for other in others) and is_deterministic(one)]
    if not common:
        return None
    rests = [[one for one in operand if one not in common] for operand in operands]
    if not all(rests):
        return common
    return [*common, Or(tuple(rest[0] if len(rest) == 1 else And(tuple(rest)) for rest in rests))]


def _conjuncts(expression: Expression) -> list[Expression]:
    """The operands of an AND, those of ANDs among them flattened."""
    if not isinstance(expression, And):
        return [expression]
    return [part for operand in expression.operands for part in _conjuncts(operand)]
