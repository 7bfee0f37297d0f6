"""What a rule may know besides the block it rewrites, and how expressions are replaced throughout a query.

A rule is a module with `NAME` and ``apply(select, rewriting) -> bool``: it changes the block in place, keeping its
object (subquery nodes refer to it), and says whether it changed anything. `replace_everywhere` follows an outer
reference wherever it may occur: the expressions of the block, the queries of its sources, and queries nested in
expressions.

Example: merging ``(SELECT a + 1 AS x FROM t) AS s`` into its parent replaces Column(s, 0) by ``a + 1`` everywhere
below it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aerodb_dbapi.planner.expressions import AggregateCall, Column, Expression, InQuery, transform
from aerodb_dbapi.planner.query import (
    Compound,
    InsertStatement,
    Order,
    Query,
    Recursive,
    Select,
    Statement,
    TableSource,
    UpdateStatement,
    Values,
)
from aerodb_dbapi.planner.usage import (
    SUBQUERY_NODES,
    all_queries,
    columns_used,
    deep_nodes,
    inner_queries,
    query_expressions,
    statement_expressions,
    statement_queries,
    walk_queries,
)

Change = Callable[[Expression], Expression]


class Rewriting:
    """The statement being rewritten."""

    __slots__ = ("_next_id", "_tables", "queries", "statement")

    def __init__(self, statement: Statement, queries: list[Query]) -> None:
        self.statement = statement
        self.queries = queries
        self._next_id = 0
        self._tables: set[int] | None = None

    @property
    def tables(self) -> set[int]:
        """The ids of all sources that are tables."""
        if self._tables is None:
            selects = [query for query in self.queries if isinstance(query, Select)]
            sources = [join.source for select in selects for join in select.joins]
            self._tables = {source.id for source in sources if isinstance(source, TableSource)}
        return self._tables

    def refresh(self) -> None:
        """Find the statement's queries again after a rule has removed or made some."""
        self.queries = all_queries(self.statement)

    def new_id(self) -> int:
        """A source id that the statement does not use yet."""
        if not self._next_id:
            taken = set(columns_used(self.statement, self.queries))
            for query in self.queries:
                if isinstance(query, Select):
                    taken.update(join.source.id for join in query.joins)
                    if query.group is not None:
                        taken.add(query.group.id)
            for name in ("row_id", "new_id"):
                taken.add(getattr(self.statement, name, 0))
            self._next_id = max(taken, default=0)
        self._next_id += 1
        return self._next_id

    def outside(self, select: Select) -> list[Expression]:
        """The expressions outside queries that see this block's sources: an UPDATE's assignments."""
        if isinstance(self.statement, UpdateStatement) and self.statement.query is select:
            return statement_expressions(self.statement)
        return []

    def replace_everywhere(self, select: Select, change: Change) -> None:
        """Replace expressions in the block and all that is nested in it, bottom-up."""
        seen: set[int] = set()
        rewrite_query(select, change, seen)
        statement = self.statement
        if isinstance(statement, UpdateStatement) and statement.query is select:
            statement.assignments = [
                (place, rewrite_expression(value, change, seen)) for place, value in statement.assignments
            ]


def change_expressions(statement: Statement, change: Change) -> None:
    """Replace expressions, bottom-up, in all that a statement evaluates to find rows and to make new ones: its queries, SET, ON
    CONFLICT. RETURNING, and what belongs to the schema, stay."""
    seen: set[int] = set()

    def changed(expressions: list[Expression]) -> list[Expression]:
        return [rewrite_expression(one, change, seen) for one in expressions]

    for query in statement_queries(statement):
        rewrite_query(query, change, seen)
    updates = [statement] if isinstance(statement, UpdateStatement) else []
    if isinstance(statement, InsertStatement):
        for upsert in statement.upserts:
            upsert.where = changed(upsert.where)
            updates += [] if upsert.update is None else [upsert.update]
    for update in updates:
        values = changed([value for _, value in update.assignments])
        update.assignments = [(place, value) for (place, _), value in zip(update.assignments, values)]


def rewrite_expression(expression: Expression, change: Change, seen: set[int]) -> Expression:
    """Replace below an expression; the queries nested in it are changed in place, each once."""

    def visit(node: Expression) -> Expression:
        if isinstance(node, SUBQUERY_NODES):
            rewrite_query(node.query, change, seen)
        return change(node)

    return transform(expression, visit)


def rewrite_query(query: Query, change: Change, seen: set[int]) -> None:
    """Replace in a query and all queries it is made of."""
    if id(query) in seen:
        return
    seen.add(id(query))
    map_expressions(query, lambda expression: rewrite_expression(expression, change, seen))
    for inner in inner_queries(query):
        rewrite_query(inner, change, seen)


def map_expressions(query: Query, change: Change) -> None:
    """Replace each of a query's own expressions by `change` of it."""
    if isinstance(query, Values):
        query.rows = [tuple(change(item) for item in row) for row in query.rows]
        return
    if isinstance(query, Select):
        for join in query.joins:
            join.on = [change(one) for one in join.on]
        query.where = [change(one) for one in query.where]
        _map_group(query, change)
        query.having = [change(one) for one in query.having]
        query.columns = [change(one) for one in query.columns]
    if isinstance(query, Select | Compound | Recursive):
        if query.order_by:
            query.order_by = [_changed_order(term, change) for term in query.order_by]
        query.limit = None if query.limit is None else change(query.limit)
        query.offset = None if query.offset is None else change(query.offset)


def _changed_order(term: Order, change: Change) -> Order:
    made = change(term.expression)
    return term if made is term.expression else replace(term, expression=made)


def _map_group(query: Select, change: Change) -> None:
    group = query.group
    if group is not None:
        group.keys = [change(one) for one in group.keys]
        calls = [change(one) for one in group.calls]
        group.calls = [call for call in calls if isinstance(call, AggregateCall)]
        group.bare = [change(one) for one in group.bare]


def column_uses(select: Select, source: int, outside: list[Expression]) -> dict[int, int]:
    """How often each column of a source is referred to by its block and all below it (position → count)."""
    counts: dict[int, int] = {}
    expressions = list(outside)
    seen: set[int] = set()
    for query in walk_queries(select, seen, nested=False):
        expressions += query_expressions(query)
    for expression in expressions:
        for node in deep_nodes(expression):
            if node.__class__ is Column and node.source == source:
                counts[node.position] = counts.get(node.position, 0) + 1
    return counts


def substitute(expression: Expression, source: int, values: list[Expression]) -> Expression:
    """The expression with each column of a source replaced by the value at its position (nested queries untouched)."""

    def change(node: Expression) -> Expression:
        if node.__class__ is Column and node.source == source:
            return values[node.position]
        return node

    return transform(expression, change)


def distinct_matters(node: InQuery) -> bool:
    """Whether DISTINCT in the query of an IN may take for the same, and so leave out, what the comparison tells apart."""
    query = node.query
    if not isinstance(query, Select) or not query.distinct:
        return False
    parts = zip(query.distinct_orders, node.order, node.items_apply)
    return any(kept not in ("BINARY", order) or apply == "TEXT" for kept, order, apply in parts)
