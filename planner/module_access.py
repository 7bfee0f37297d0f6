"""The ways to read a module: which conjuncts become constraints, and the path that the module chooses.

A comparison of one of the module's columns with something not of the module is a `Term`, as for tables; the column's side
may not be converted by the comparison. All terms whose other side is bound are offered together, and the module makes one
`Choice`. Equalities on hidden columns are arguments: the planner reads a module only after what these refer to
(`argument_sources`).

Example: ``generate_series(t.a, 9) s WHERE s.value > 3`` once t is bound: constraints start =, stop =, value >.
"""

from __future__ import annotations

from typing import Final

from aerodb_dbapi.planner.access import Path, Site
from aerodb_dbapi.planner.expressions import Between, Column, Compare, Expression
from aerodb_dbapi.planner.modules import Constraint
from aerodb_dbapi.planner.query import ModuleScan, ModuleSource
from aerodb_dbapi.planner.terms import Bound, Term

_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def module_term(conjunct: Expression, source: ModuleSource) -> Term | None:
    """The term of a conjunct for a module, or None."""
    if isinstance(conjunct, Compare):
        return _compare_term(conjunct, source)
    if not isinstance(conjunct, Between) or conjunct.negated or not _is_own(conjunct.operand, source):
        return None
    (own, low_apply), (other, high_apply) = conjunct.low_apply, conjunct.high_apply
    if own is not None or other is not None:
        return None
    low, high = Bound(conjunct.low, low_apply, False), Bound(conjunct.high, high_apply, False)
    return Term(conjunct, conjunct.operand.position, "range", conjunct.order, lower=low, upper=high)  # type: ignore[attr-defined]


def _is_own(expression: Expression, source: ModuleSource) -> bool:
    return isinstance(expression, Column) and expression.source == source.id


def _compare_term(conjunct: Compare, source: ModuleSource) -> Term | None:
    op = conjunct.op
    if op not in _MIRRORED:
        return None
    column, key, own, apply = conjunct.left, conjunct.right, conjunct.left_apply, conjunct.right_apply
    if not _is_own(column, source):
        column, key, own, apply, op = key, column, apply, own, _MIRRORED[op]
    if own is not None or not isinstance(column, Column) or column.source != source.id:
        return None
    if op == "=":
        return Term(conjunct, column.position, "=", conjunct.order, 0, key, apply)
    term = Term(conjunct, column.position, "range", conjunct.order)
    bound = Bound(key, apply, op in "<>")
    term.lower, term.upper = (bound, None) if op[0] == ">" else (None, bound)
    return term


def argument_sources(site: Site) -> int:
    """The sources that a module's arguments refer to, as bits. Of several equalities on one hidden column the one that needs
    the fewest sources counts: ``k.json = j.json`` is an argument of k where j has one already."""
    assert isinstance(site.source, ModuleSource)
    columns = site.source.module.columns
    needs: dict[int, int] = {}
    for term in site.terms:
        if term.kind == "=" and term.column < len(columns) and columns[term.column].hidden:
            known = needs.get(term.column)
            if known is None or term.need.bit_count() < known.bit_count():
                needs[term.column] = term.need
    total = 0
    for need in needs.values():
        total |= need
    return total


def module_path(site: Site, available: int) -> Path:
    """How the module reads when the sources of mask `available` are bound."""
    source = site.source
    assert isinstance(source, ModuleSource)
    offered: list[tuple[Constraint, Expression, str | None, Term]] = []
    for term in site.terms:
        if not term.need & ~available:
            offered += _constraints(term)
    choice = source.module.choose([one[0] for one in offered], frozenset(site.used_columns))
    taken = [offered[number] for number in choice.takes]
    access = ModuleScan(
        plan=choice.plan,
        keys=tuple(key for _, key, _, _ in taken),
        apply=tuple(apply for _, _, apply, _ in taken),
        label=choice.label,
    )
    answered = {id(offered[number][3]) for number in choice.exact}
    open_terms = {id(term) for number, (_, _, _, term) in enumerate(offered) if number not in choice.exact}
    used = tuple(term.conjunct for term in site.terms if id(term) in answered and id(term) not in open_terms)
    return Path(access, 0.0, choice.cost, choice.rows, used, reversible=False)


def _constraints(term: Term) -> list[tuple[Constraint, Expression, str | None, Term]]:
    if term.kind == "=":
        assert term.key is not None
        return [(Constraint(term.column, "="), term.key, term.apply, term)]
    found = []
    for bound, op in ((term.lower, ">"), (term.upper, "<")):
        if bound is not None:
            found.append((Constraint(term.column, op if bound.open else f"{op}="), bound.key, bound.apply, term))
    return found
