"""Rewriting rules over bound queries: one rule, one file; the ordered list is ``RULES``.

Each rule keeps the meaning of the statement (INV-Q1) and can be switched off by its name. They run in this order
over every block, parents before what they contain, and again as long as one of them changes something: merging a
subquery may show an outer join to be inner, which lets another subquery be merged. Every rule moves or removes
something, so this ends; a bound on the rounds makes sure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from aerodb_dbapi.planner.query import Select
from aerodb_dbapi.planner.rules import (
    decorrelate,
    drop_conversions,
    factor_or,
    fold_constants,
    index_expressions,
    merge_subqueries,
    min_max,
    outer_joins,
    push_down,
    simplify,
    trim_subqueries,
)
from aerodb_dbapi.planner.rules.context import Rewriting


class Rule(NamedTuple):
    """A rule by name. `single`: it may have something to do in a statement that is one block over one table."""

    name: str
    apply: Callable[[Select, Rewriting], bool]
    single: bool


RULES: Final = (
    Rule(index_expressions.NAME, index_expressions.apply, True),
    Rule(fold_constants.NAME, fold_constants.apply, True),
    Rule(simplify.NAME, simplify.apply, True),
    Rule(factor_or.NAME, factor_or.apply, True),
    Rule(drop_conversions.NAME, drop_conversions.apply, True),
    Rule(outer_joins.NAME, outer_joins.apply, False),
    Rule(merge_subqueries.NAME, merge_subqueries.apply, False),
    Rule(push_down.NAME, push_down.apply, False),
    Rule(trim_subqueries.NAME, trim_subqueries.apply, False),
    Rule(min_max.NAME, min_max.apply, True),
    Rule(decorrelate.NAME, decorrelate.apply, False),
)

RULE_NAMES: Final = frozenset(rule.name for rule in RULES)
