"""Rule ``decorrelate``: a subquery that is correlated by equalities alone becomes a look-up by their outer sides.

``SELECT a, (SELECT count(*) FROM u WHERE u.x = t.a AND u.y > 2) FROM t`` → the subquery is run once, grouped:
``SELECT x, count(*) FROM u WHERE y > 2 GROUP BY x``, and each row of t looks its a up in the result. EXISTS becomes a
look-up in the set of the inner sides, NOT EXISTS its negation, IN a look-up of the values that belong to the outer
row's key.

The node `Keyed` holds both forms. Which one runs is decided while the statement runs: the correlated form answers the
first rows, and the table of the other is made once those have cost about as much as making it (see `executor.keyed`).
So a subquery of which few rows ask never reads the whole inner table, whatever the planner believed.

NULL
    ``u.x = t.a`` is not true where a side is NULL: such rows of u are in no group, and such rows of t find none. What
    a scalar subquery is for a key without rows (0 for count, NULL for max) is the subquery itself over no rows:
    `Keyed.default`. For IN the rows of one key, NULLs among them, are a set of their own, so the three-valued result
    of IN and NOT IN is that of the correlated form.

Legal when
    * the subquery is one block with FROM, without GROUP BY, window functions, OFFSET, or LIMIT (EXISTS may have one), in IN without a
      DISTINCT that takes other values for the same than the comparison does;
    * some conjuncts of its WHERE are equalities of an outer expression and an inner one, and nothing else in it refers
      to an outer row;
    * nothing in it answers differently each time;
    * a scalar subquery is one aggregation, by functions for which the order of rows does not matter, over keys whose
      groups are the comparison's own (no conversion on the inner side); or one row at most, by a unique key.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from aerodb_dbapi.planner.copying import copied
from aerodb_dbapi.planner.expressions import (
    FALSE,
    Column,
    Compare,
    Constant,
    Exists,
    Expression,
    InQuery,
    IsNull,
    Keyed,
    Parameter,
    ScalarQuery,
    transform,
)
from aerodb_dbapi.planner.query import Grouping, RecursiveSource, Select, TableSource, UpdateStatement
from aerodb_dbapi.planner.rules.context import Rewriting, distinct_matters, map_expressions
from aerodb_dbapi.planner.terms import ROWID, changes_nothing, column_affinity, table_position
from aerodb_dbapi.planner.usage import (
    free_sources,
    is_deterministic,
    is_flat,
    nested_queries,
    query_expressions,
    sources_in,
    walk_nodes,
    walk_queries,
)

NAME = "decorrelate"
_EMPTY: Final = {"count": 0, "total": 0.0}
_AGGREGATES: Final = frozenset(("count", "sum", "total", "avg", "min", "max"))


class Link(NamedTuple):
    """One equality between the outer and the inner query."""

    outer: Expression
    inner: Expression
    outer_apply: str | None
    inner_apply: str | None
    order: str


def apply(select: Select, rewriting: Rewriting) -> bool:
    """Make look-ups of the correlated subqueries in the block's expressions."""
    if len(rewriting.queries) == 1:
        return False
    changed = False
    rowids = _rowid_tests(select)

    def rewrite(expression: Expression) -> Expression:
        nonlocal changed
        if is_flat(expression) or id(expression) in rowids or not nested_queries(expression):
            return expression
        done = {id(node.direct) for node in walk_nodes(expression) if isinstance(node, Keyed)}

        def visit(node: Expression) -> Expression:
            if not isinstance(node, Exists | InQuery | ScalarQuery) or id(node) in done:
                return node
            return keyed(node, rewriting) or node

        made = transform(expression, visit)
        changed = changed or made is not expression
        return made

    map_expressions(select, rewrite)
    statement = rewriting.statement
    if isinstance(statement, UpdateStatement) and statement.query is select:
        statement.assignments = [(place, rewrite(value)) for place, value in statement.assignments]
    return changed


def _rowid_tests(select: Select) -> set[int]:
    """Conjuncts ``rowid IN (SELECT …)``: an access path answers them."""
    tables = {join.source.id: join.source.table for join in select.joins if isinstance(join.source, TableSource)}
    found = set()
    for conjunct in [*select.where, *(one for join in select.joins for one in join.on)]:
        if isinstance(conjunct, InQuery) and not conjunct.negated and len(conjunct.operands) == 1:
            operand = conjunct.operands[0]
            table = tables.get(operand.source) if isinstance(operand, Column) else None
            if table is not None and table_position(table, operand.position) == ROWID:  # type: ignore[attr-defined]
                found.add(id(conjunct))
    return found


def keyed(node: Exists | InQuery | ScalarQuery, rewriting: Rewriting) -> Keyed | None:
    """The look-up that stands for a correlated subquery; None where it must stay as it is."""
    query = node.query
    if not isinstance(query, Select) or not query.joins or not free_sources(query) or not _is_plain(query, node):
        return None
    links, rest = _split(query)
    if not links or not _is_free(replace(query, columns=[]) if isinstance(node, Exists) else query, rest):
        return None
    if isinstance(node, ScalarQuery) and not _is_determined(query, links):
        return None
    made = copied(replace(query, where=[*[_link_of(link) for link in links], *rest]), rewriting.new_id)
    if made is None:
        return None
    copies = [made.where[at].right for at in range(len(links))]  # type: ignore[attr-defined]
    made.where = made.where[len(links) :]
    default: Expression = Constant(None)
    if isinstance(node, Exists):
        made.columns = copies
        if query.limit is not None and not isinstance(query.limit, Constant):
            made.where = [*made.where, Compare("<>", query.limit, FALSE)]
    elif query.group is not None:
        default = _of_no_rows(node, rewriting)
        _group(made, copies, links)
    else:
        made.columns = [*copies, *made.columns]
    made.limit, made.order_by, made.distinct, made.distinct_orders = None, [], False, []
    _name_columns(made)
    return Keyed(
        node,
        tuple(link.outer for link in links),
        made,
        tuple(link.outer_apply for link in links),
        tuple(link.inner_apply for link in links),
        tuple(link.order for link in links),
        default,
    )


def _link_of(link: Link) -> Expression:
    return Compare("=", link.outer, link.inner)


def _is_plain(query: Select, node: Expression) -> bool:
    """One block whose rows are all wanted."""
    if query.offset is not None or query.having:
        return False
    if query.group is not None and (not isinstance(node, ScalarQuery) or query.group.keys or query.group.bare):
        return False
    if isinstance(node, InQuery) and distinct_matters(node):
        return False
    if query.limit is None:
        return True
    if isinstance(query.limit, Constant):
        return isinstance(query.limit.value, int) and query.limit.value != 0 and not isinstance(node, InQuery)
    return isinstance(node, Exists) and isinstance(query.limit, Parameter)


def _split(query: Select) -> tuple[list[Link], list[Expression]]:
    """The equalities between an outer and an inner side, and the other conjuncts of WHERE."""
    own = _defined(query)
    links: list[Link] = []
    rest: list[Expression] = []
    for conjunct in query.where:
        link = _link(conjunct, own)
        if link is None:
            rest.append(conjunct)
        else:
            links.append(link)
    return links, rest


def _defined(query: Select) -> frozenset[int]:
    """The ids of the sources of the block itself."""
    return frozenset(join.source.id for join in query.joins)


def _link(conjunct: Expression, own: frozenset[int]) -> Link | None:
    if not isinstance(conjunct, Compare) or conjunct.op != "=" or nested_queries(conjunct):
        return None
    left, right = sources_in(conjunct.left), sources_in(conjunct.right)
    if not left or not right or not is_deterministic(conjunct):
        return None
    if right <= own and not left & own:
        return Link(conjunct.left, conjunct.right, conjunct.left_apply, conjunct.right_apply, conjunct.order)
    if left <= own and not right & own:
        return Link(conjunct.right, conjunct.left, conjunct.right_apply, conjunct.left_apply, conjunct.order)
    return None


def _is_free(query: Select, rest: list[Expression]) -> bool:
    """Whether nothing but the equalities refers to outer rows, and all of it answers always the same."""
    probe = replace(query, where=rest)
    if free_sources(probe) or not all(is_deterministic(one) for one in query_expressions(probe)):
        return False
    sources = [join.source for one in walk_queries(probe) if isinstance(one, Select) for join in one.joins]
    return not any(isinstance(source, RecursiveSource) for source in sources)


def _is_determined(query: Select, links: list[Link]) -> bool:
    """Whether a scalar subquery's value depends on nothing but which rows there are."""
    group = query.group
    if group is None:
        return _is_unique(query, links)
    for call in group.calls:
        module = getattr(call.factory, "__module__", None) or "aerodb_dbapi"
        if call.name not in _AGGREGATES or call.order_by or not module.startswith("aerodb_dbapi"):
            return False
        if getattr(call.factory, "user", False):
            return False
    return all(_keeps_value(link, query) for link in links)


def _keeps_value(link: Link, query: Select) -> bool:
    """Whether the comparison leaves the inner side as it is: then its groups are those of GROUP BY."""
    if link.inner_apply is None:
        return True
    if not isinstance(link.inner, Column):
        return False
    for join in query.joins:
        source = join.source
        if source.id == link.inner.source and isinstance(source, TableSource):
            return changes_nothing(link.inner_apply, column_affinity(source.table, link.inner.position))
    return False


def _is_unique(query: Select, links: list[Link]) -> bool:
    """Whether the equalities hold for one row of the one table at most."""
    source = query.joins[0].source
    if len(query.joins) != 1 or not isinstance(source, TableSource):
        return False
    orders = {}
    for link in links:
        if isinstance(link.inner, Column) and _keeps_value(link, query):
            orders[table_position(source.table, link.inner.position)] = link.order
    if ROWID in orders:
        return True
    return any(
        index.unique and index.where is None
        and all(
            part.expression is None and orders.get(table_position(source.table, part.position)) == part.collation
            for part in index.columns
        )
        for index in source.table.indexes
    )  # fmt: skip


def _of_no_rows(node: Expression, rewriting: Rewriting) -> Expression:
    """The scalar subquery over no rows: known where it is nothing but a function's result."""
    assert isinstance(node, ScalarQuery) and isinstance(node.query, Select)
    group, column = node.query.group, node.query.columns[0]
    if group is not None and isinstance(column, Column) and column.source == group.id:
        return Constant(_EMPTY.get(group.calls[column.position].name))
    made = copied(replace(node.query, where=[FALSE]), rewriting.new_id)
    return replace(node, query=made) if made is not None else Constant(None)


def _group(made: Select, copies: list[Expression], links: list[Link]) -> None:
    """The aggregation for each key instead of once: the group's row has the keys in front."""
    group = made.group
    assert group is not None
    count = len(copies)

    def change(node: Expression) -> Expression:
        if node.__class__ is Column and node.source == group.id:
            return replace(node, position=node.position + count)
        return node

    values = [transform(column, change) for column in made.columns]
    made.group = Grouping(group.id, copies, group.calls, [], [link.order for link in links])
    made.columns = [*[Column(group.id, at) for at in range(count)], *values]
    made.where = [*made.where, *[IsNull(one, negated=True) for one in copies]]


def _name_columns(made: Select) -> None:
    """Names and kinds for as many columns as there are now: nobody looks at them."""
    count = len(made.columns)
    made.names = [f"k{at}" for at in range(count)]
    made.types = [None] * count
    made.affinities = [column.affinity for column in made.columns]
    made.collations = [column.collation for column in made.columns]
