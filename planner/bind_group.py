"""GROUP BY and aggregates: what comes after the grouping is said in terms of the group's row.

The row of source `Grouping.id` is: the keys, the results of the aggregate calls, the bare columns. `finish` rewrites
the select list, HAVING, ORDER BY and the windows, at any depth of nested subqueries:
    - a `Pending` aggregate becomes the column of its result;
    - an expression that equals a key becomes the key's column (constants are left alone);
    - any other column of the block's own sources is bare: it becomes a column for which the executor picks a row.

A key is an output column by number, an alias of one (a table's column of that name comes first), or an expression.
COLLATE around a key only says how groups compare (`orders`), so that the bare expression is still the key.

Example: ``SELECT b, count(*) + 1, c FROM t GROUP BY b`` with t = source 0, group = source 1 →
keys [Column(0, b)], calls [count()], bare [Column(0, c)], columns [Column(1, 0), Column(1, 1) + 1, Column(1, 2)].
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aerodb_dbapi.planner.affinity import collation_of
from aerodb_dbapi.planner.bind_build import Mapper, declared_type
from aerodb_dbapi.planner.bind_context import Context, fail, skip_collate
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.bind_order import Arm, bare_name, collation_around, column_number
from aerodb_dbapi.planner.expressions import Collate, Column, Constant, Expression, Parameter
from aerodb_dbapi.planner.query import Grouping, Order, OutputColumn, Select
from aerodb_dbapi.planner.scope import NO_WINDOWS, NOT_IN_GROUP_BY, Pending, PendingWindow, Scope, WindowUse
from aerodb_dbapi.planner.usage import same, walk_nodes

Keys = list[tuple[Expression, str]]  # expression and collation


def bind_keys(context: Context, clause: Any, arm: Arm) -> Keys:
    """The terms of GROUP BY."""
    made: Keys = []
    for number, node in enumerate(clause.expressions if clause is not None else (), 1):
        core = skip_collate(node)
        position = column_number(core, len(arm.outputs), number, "GROUP BY")
        if position is None:
            position = _aliased(core, arm)
        if position is None:
            key = bind_expression(context, core, arm.scope)
        else:
            key = arm.outputs[position]
            for part in walk_nodes(key):
                if isinstance(part, Pending) and part.group == arm.scope.group:
                    fail(NOT_IN_GROUP_BY)
                if isinstance(part, PendingWindow):
                    alias = bare_name(core)
                    if alias is not None:
                        fail(f"misuse of aliased window function {alias}")
                    fail(NO_WINDOWS.format(arm.scope.uses[part.position].function.name))
        order = collation_around(node) or collation_of(key) or "BINARY"
        while isinstance(key, Collate):
            key = key.operand
        made.append((key, order))
    return made


def _aliased(node: Any, arm: Arm) -> int | None:
    name = bare_name(node)
    if name is None or arm.scope.aliases is None or name not in arm.scope.aliases or arm.scope.find(name):
        return None
    return arm.aliases[name]


def finish(context: Context, query: Select, scope: Scope, keys: Keys) -> None:
    """Give the block its grouping and rewrite what follows it."""
    if scope.group is None:
        scope.group = context.next_id()
    group = Grouping(scope.group, [key for key, _ in keys], scope.calls, [], [order for _, order in keys])
    mapper = Mapper(_Rewriting(group, scope.source_ids()).change)
    query.columns = mapper.expressions(query.columns)
    query.having = mapper.expressions(query.having)
    query.order_by = [_order(term, mapper) for term in query.order_by]
    scope.uses = [_use(use, mapper) for use in scope.uses]
    query.group = group


def _use(use: WindowUse, mapper: Mapper) -> WindowUse:
    return replace(
        use,
        arguments=tuple(mapper.expressions(list(use.arguments))),
        filter=None if use.filter is None else mapper.expression(use.filter),
        partition=tuple([(mapper.expression(key), order) for key, order in use.partition]),
        order_by=tuple([_order(term, mapper) for term in use.order_by]),
    )


def _order(term: Order, mapper: Mapper) -> Order:
    if isinstance(term.expression, OutputColumn):
        return term
    made = mapper.expression(term.expression)
    return Order(made, term.descending, term.collation, term.nulls_first)


class _Rewriting:
    """The change that `Mapper` makes at each node; gathers the bare columns on the way."""

    def __init__(self, group: Grouping, sources: set[int]) -> None:
        self.group = group
        self.sources = sources
        self.first_call = len(group.keys)
        self.first_bare = self.first_call + len(group.calls)
        self.by_class: dict[type, list[int]] = {}
        for position, key in enumerate(group.keys):
            if not isinstance(key, Constant | Parameter):
                self.by_class.setdefault(key.__class__, []).append(position)

    def change(self, node: Expression) -> Expression | None:
        kind = node.__class__
        if kind is Pending:
            return self._result(node)  # type: ignore[arg-type]
        for position in self.by_class.get(kind, ()):
            if same(self.group.keys[position], node):
                return self._column(position, node)
        if kind is Column and node.source in self.sources:  # type: ignore[attr-defined]
            bare = self.group.bare
            if node not in bare:
                bare.append(node)
            return self._column(self.first_bare + bare.index(node), node)
        return None

    def _result(self, node: Pending) -> Expression | None:
        if node.group != self.group.id:
            return None
        name = self.group.calls[node.position].name
        return Column(self.group.id, self.first_call + node.position, name, None, None)

    def _column(self, position: int, of: Expression) -> Column:
        name = of.name if isinstance(of, Column) else ""
        return Column(self.group.id, position, name, of.affinity, collation_of(of), declared_type(of))
