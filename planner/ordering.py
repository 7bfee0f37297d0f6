"""When do rows already come in ORDER BY order?

A `Requirement` is the ORDER BY list in terms of source columns. A term that is constant within the block (a
parameter, an outer column) needs nothing and is left out. A term that is not a plain column cannot be had from an
access path: then there is no requirement to try for.

Matching follows the nested loops from the outside. A source's rows come in its path's `sequence`; columns that the
look-up fixes (`bound`) and sources of which there is only one row are constant and are skipped. The next source's
order counts only when the order so far tells the outer rows apart, that is, when it ran down to the rowid.

Example: steps t (by rowid) then u (index on u(x, y), x = t.a bound). ORDER BY t.id, u.y is satisfied; ORDER BY t.b, u.y
is not; ORDER BY t.id DESC, u.y reverses the first step only.

A grouped block comes out in the order of its keys; see `group_gives`. Rows that come in this order (`group_requirement`) need no
table of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aerodb_dbapi.planner.access import Path, Site
from aerodb_dbapi.planner.expressions import Collate, Column, Expression, Indexed
from aerodb_dbapi.planner.query import Grouping, Order, OutputColumn, Select, TableSource
from aerodb_dbapi.planner.terms import PLACED, ROWID, table_position
from aerodb_dbapi.planner.usage import is_deterministic, sources_in


@dataclass(slots=True)
class OrderKey:
    """One ORDER BY term: a source's column (rowid folded to -1), direction, collation."""

    source: int
    position: int
    descending: bool
    collation: str
    odd_nulls: bool


def order_expression(select: Select, term: Order) -> Expression:
    """What a term sorts by, output columns and COLLATE (whose name the term has) looked through."""
    expression = term.expression
    if isinstance(expression, OutputColumn):
        expression = select.columns[expression.position]
    while isinstance(expression, Collate):
        expression = expression.operand
    return expression


def _odd_nulls(term: Order) -> bool:
    return term.nulls_first is not None and term.nulls_first == term.descending


def requirement(select: Select, sites: dict[int, Site]) -> list[OrderKey] | None:
    """The order that an ungrouped block asks for, or None when access paths cannot give it."""
    keys: list[OrderKey] = []
    for term in select.order_by:
        expression = order_expression(select, term)
        if expression.__class__ in PLACED and expression.source in sites:
            keys.append(_key(expression, term, sites[expression.source]))
        elif not sources_in(expression).isdisjoint(sites) or not is_deterministic(expression):
            return None
    return keys


def group_requirement(group: Grouping, sites: dict[int, Site]) -> list[OrderKey] | None:
    """The order of rows in which each group is complete before the next begins, and groups come in the order of their keys;
    None when access paths cannot give it."""
    found: list[OrderKey] = []
    for key, order in zip(group.keys, group.orders, strict=True):
        if key.__class__ not in PLACED or key.source not in sites:
            return None
        found.append(_key(key, Order(key, collation=order), sites[key.source]))
    return found or None


def _key(column: Column | Indexed, term: Order, site: Site) -> OrderKey:
    source = site.source
    position = table_position(source.table, column.position) if isinstance(source, TableSource) else column.position
    odd = _odd_nulls(term) and (position != ROWID or site.optional)
    return OrderKey(column.source, position, term.descending, term.collation, odd)


def satisfied_by(chain: Sequence[tuple[Site, Path]], keys: Sequence[OrderKey]) -> list[bool] | None:
    """For each step whether it must run in reverse, if the steps then come in the required order; else None."""
    reverse = [False] * len(chain)
    constant: set[int] = set()
    bound: dict[tuple[int, int], str] = {}
    at = 0
    for number, (site, path) in enumerate(chain):
        own = site.source.id
        bound.update(((own, position), collation) for position, collation in path.bound.items())
        if path.single:
            constant.add(own)
        at, backwards, complete = _follow(own, path, keys, at, constant, bound)
        if at < 0:
            return None
        reverse[number] = backwards
        if at == len(keys):
            return reverse
        if not (complete or path.single):
            return None
        constant.add(own)
    return reverse if at == len(keys) else None


def _follow(
    own: int, path: Path, keys: Sequence[OrderKey], at: int, constant: set[int], bound: dict[tuple[int, int], str]
) -> tuple[int, bool, bool]:
    """Match keys from `at` on against one path: (next key or -1, reverse, whether the rowid was reached)."""
    direction: bool | None = None
    place = 0
    complete = False
    while at < len(keys):
        key = keys[at]
        fixed = bound.get((key.source, key.position))
        if key.source in constant or (complete and key.source == own) or fixed in ("BINARY", key.collation):
            at += 1
            continue
        if key.source != own or place >= len(path.sequence):
            break
        position, descending, collation = path.sequence[place]
        if position != key.position or key.odd_nulls or (position != ROWID and collation != key.collation):
            break
        wanted = descending != key.descending
        if direction is not None and direction != wanted:
            break
        direction, complete = wanted, position == ROWID
        at, place = at + 1, place + 1
    if direction and not path.reversible:
        return -1, False, False
    return at, bool(direction), complete


def group_gives(select: Select, group: Grouping) -> bool:
    """Whether a grouped block's ORDER BY is the order its groups come in: keys ascending, from the first on."""
    if not group.keys:
        return True
    for at, term in enumerate(select.order_by):
        if at == len(group.keys):
            return True
        expression = order_expression(select, term)
        if expression.__class__ is not Column or expression.source != group.id:
            return False
        if expression.position != at or term.descending or _odd_nulls(term):
            return False
        if term.collation != group.orders[at]:
            return False
    return True
