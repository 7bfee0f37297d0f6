"""What a statement uses: its queries, the columns it takes from each source, the trees its plan reads.

Walking
    Expressions are walked with an explicit stack, so that a chain of a thousand ANDs needs no recursion. Source ids
    are unique in a statement; therefore the set of `Column.source` ids found below an expression, nested queries
    included, tells exactly which sources it depends on: those of the block itself, and, for a correlated subquery,
    those of enclosing blocks.

Example: in ``SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.b)`` with t = source 1 and u = source 2 the
EXISTS
    has ``sources_in`` {1, 2}; its query has ``free_sources`` {1}; ``columns_used`` is {1: {0, 1}, 2: {0}}.

Planned queries are walked by their logical fields (`joins`, `where`, …): rules keep these true, and steps hold the same
expression objects. Only `trees_read` looks at steps, for there the access path decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aerodb_dbapi.planner.expressions import (
    Call,
    Column,
    Compare,
    Constant,
    Exists,
    Expression,
    Indexed,
    InQuery,
    Keyed,
    Parameter,
    ScalarQuery,
    child_fields,
)
from aerodb_dbapi.planner.query import (
    Compound,
    DeleteStatement,
    GuidedScan,
    IndexScan,
    IndexUnion,
    InsertStatement,
    Query,
    QuerySource,
    Recursive,
    RowidIn,
    Select,
    SelectStatement,
    Source,
    Statement,
    Step,
    TableSource,
    UpdateStatement,
    Values,
    ViewStatement,
    Windowed,
)

SUBQUERY_NODES = (Exists, InQuery, ScalarQuery, Keyed)
_LEAVES = (Constant, Parameter)
_OPERANDS = frozenset((Column, Constant, Parameter))


def is_flat(expression: Expression) -> bool:
    """A leaf, or a comparison of two: what most conditions are, and nothing that needs a walk."""
    kind = expression.__class__
    if kind is Compare:
        return expression.left.__class__ in _OPERANDS and expression.right.__class__ in _OPERANDS  # type: ignore[attr-defined]
    return kind in _OPERANDS


def walk_nodes(expression: Expression, closed: type | None = None) -> Iterator[Expression]:
    """The expression and all below it, parents first, left to right; nested queries are not entered, nor nodes of a
    `closed` class."""
    stack: list[Expression] = [expression]
    while stack:
        node = stack.pop()
        yield node
        names = child_fields(node.__class__) if node.__class__ is not closed else ()
        if names:
            below: list[Expression] = []
            for name in names:
                _gather(getattr(node, name), below)
            below.reverse()
            stack += below


def _gather(value: Any, into: list[Expression]) -> None:
    if isinstance(value, Expression):
        into.append(value)
    elif isinstance(value, tuple):
        for item in value:
            _gather(item, into)


def same(a: Expression, b: Expression) -> bool:
    """Equal as expressions; 1 and 1.0 are not."""
    if a.__class__ is not b.__class__ or a != b:
        return False
    if isinstance(a, Column):
        return True
    types = [[type(node.value) for node in walk_nodes(side) if isinstance(node, Constant)] for side in (a, b)]
    return types[0] == types[1]


def nested_queries(expression: Expression) -> list[Query]:
    """The queries directly inside an expression (their own nested ones are not listed)."""
    if is_flat(expression):
        return []
    return [node.query for node in walk_nodes(expression) if isinstance(node, SUBQUERY_NODES)]


def is_deterministic(expression: Expression) -> bool:
    """False when a call below it (nested queries included) may answer differently each time."""
    return is_flat(expression) or not any(
        isinstance(node, Call) and not (node.deterministic and not node.needs_session)
        for node in deep_nodes(expression)
    )


def repeatable(expressions: list[Expression]) -> bool:
    """May the expressions be computed twice on one row: do they call nothing that is not deterministic or needs the
    session?"""
    return not any(
        isinstance(part, Call) and (not part.deterministic or part.needs_session)
        for expression in expressions
        if not is_flat(expression)
        for part in walk_nodes(expression)
    )


def deep_nodes(expression: Expression) -> Iterator[Expression]:
    """As `walk_nodes`, entering nested queries too."""
    pending = [expression]
    seen: set[int] = set()
    while pending:
        for node in walk_nodes(pending.pop()):
            yield node
            if isinstance(node, SUBQUERY_NODES):
                for query in walk_queries(node.query, seen, nested=False):
                    pending.extend(query_expressions(query))


def sources_in(expression: Expression) -> frozenset[int]:
    """The ids of all sources whose columns occur below it, nested queries included."""
    kind = expression.__class__
    if kind is Column:
        return frozenset((expression.source,))  # type: ignore[attr-defined]
    if kind in _LEAVES:
        return frozenset()
    if is_flat(expression):
        sides = (expression.left, expression.right)  # type: ignore[attr-defined]
        return frozenset([side.source for side in sides if side.__class__ is Column])
    return frozenset(node.source for node in deep_nodes(expression) if node.__class__ is Column)


def query_expressions(query: Query) -> list[Expression]:
    """The expressions that belong to one query itself: not those of its sources, arms or nested queries."""
    if isinstance(query, Select):
        found = [conjunct for join in query.joins for conjunct in join.on]
        found += query.where
        if query.group is not None:
            found += query.group.keys
            found += query.group.calls
            found += query.group.bare
        found += query.having
        found += query.columns
    elif isinstance(query, Values):
        return [item for row in query.rows for item in row]
    elif isinstance(query, Windowed):
        frames = [level.frame for level in query.levels]
        return [one for frame in frames for one in (frame.start_offset, frame.end_offset) if one is not None]
    else:
        found = []
    found += [term.expression for term in query.order_by]  # type: ignore[attr-defined]
    found += [item for item in (query.limit, query.offset) if item is not None]  # type: ignore[attr-defined]
    return found


def inner_queries(query: Query) -> list[Query]:
    """The queries a query is made of: those of its sources, or its arms."""
    if isinstance(query, Select):
        return [join.source.query for join in query.joins if isinstance(join.source, QuerySource)]
    if isinstance(query, Compound):
        return [query.left, query.right]
    if isinstance(query, Recursive):
        return [query.initial, *query.steps]
    return [query.source] if isinstance(query, Windowed) else []


def walk_queries(query: Query, seen: set[int] | None = None, *, nested: bool = True) -> Iterator[Query]:
    """The query and all it is made of, each once, parents first; with `nested`, queries inside expressions too."""
    seen = set() if seen is None else seen
    stack = [query]
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        below = inner_queries(one)
        if nested:
            below += [found for expression in query_expressions(one) for found in nested_queries(expression)]
        below.reverse()
        stack += below


def own_sources(query: Query) -> list[Source]:
    """The sources in a query's FROM."""
    return [join.source for join in query.joins] if isinstance(query, Select) else []


def free_sources(query: Query) -> frozenset[int]:
    """The ids that a query refers to but does not define, at any depth: not empty means correlated."""
    used: set[int] = set()
    defined: set[int] = set()
    for one in walk_queries(query):
        if isinstance(one, Select):
            defined.update(join.source.id for join in one.joins)
            if one.group is not None:
                defined.add(one.group.id)
        for expression in query_expressions(one):
            used.update(node.source for node in walk_nodes(expression) if node.__class__ is Column)
    return frozenset(used - defined)


def statement_queries(statement: Statement) -> list[Query]:
    """A statement's own queries, and those nested in its remaining expressions."""
    found: list[Query] = []
    if isinstance(statement, SelectStatement | InsertStatement | UpdateStatement | DeleteStatement | ViewStatement):
        found.append(statement.query)
    for expression in statement_expressions(statement):
        found += nested_queries(expression)
    return found


def statement_expressions(statement: Statement) -> list[Expression]:
    """The expressions outside a statement's query: assignments, defaults, checks, RETURNING."""
    found: list[Expression] = []
    if isinstance(statement, UpdateStatement):
        found += [value for _, value in statement.assignments]
    if isinstance(statement, InsertStatement):
        found += statement.defaults.values()
        for upsert in statement.upserts:
            found += upsert.where
            if upsert.update is not None:
                found += [value for _, value in upsert.update.assignments]
    if isinstance(statement, InsertStatement | UpdateStatement):
        found += [value for _, value in statement.checks]
    if isinstance(statement, InsertStatement | UpdateStatement | DeleteStatement):
        found += statement.index_filters.values()
    if not isinstance(statement, SelectStatement) and (returning := getattr(statement, "returning", None)) is not None:
        found += returning.columns
    return found


def all_queries(statement: Statement) -> list[Query]:
    """Every query of the statement at any depth, each once, parents before what they contain."""
    seen: set[int] = set()
    return [one for query in statement_queries(statement) for one in walk_queries(query, seen)]


def columns_used(statement: Statement, queries: Iterable[Query] | None = None) -> dict[int, set[int]]:
    """The column positions taken from each source, -1 for the rowid, less for indexed expressions. Targets of UPDATE
    and DELETE use every column."""
    used: dict[int, set[int]] = {}
    for query in all_queries(statement) if queries is None else queries:
        for expression in query_expressions(query):
            _note_columns(expression, used)
    for expression in statement_expressions(statement):
        _note_columns(expression, used)
    if isinstance(statement, UpdateStatement | DeleteStatement):
        used.setdefault(statement.row_id, set()).update(range(-1, len(statement.table.columns)))
    return used


def _note_columns(expression: Expression, used: dict[int, set[int]]) -> None:
    kind = expression.__class__
    if kind is Column:
        used.setdefault(expression.source, set()).add(expression.position)  # type: ignore[attr-defined]
    elif kind is Compare and is_flat(expression):
        _note_columns(expression.left, used)  # type: ignore[attr-defined]
        _note_columns(expression.right, used)  # type: ignore[attr-defined]
    elif kind not in _LEAVES:
        for node in walk_nodes(expression, Indexed):
            if node.__class__ in (Column, Indexed):
                used.setdefault(node.source, set()).add(node.position)


def trees_read(statement: Statement) -> tuple[int, ...]:
    """The ids of the trees that a planned statement reads, ascending. Sources read AS OF a commit are not among
    them: no later commit changes what they give."""
    found: set[int] = set()
    for query in all_queries(statement):
        trees_of(query, found)
    return tuple(sorted(found))


def trees_of(query: Query, found: set[int]) -> None:
    """Add the ids of the trees that a query reads itself."""
    if isinstance(query, Select):
        for step in query.steps or ():
            note_trees(step, found)


def note_trees(step: Step, found: set[int]) -> None:
    """Add the ids of the trees that a step reads."""
    source, access = step.source, step.access
    if not isinstance(source, TableSource) or source.as_of is not None:
        return
    if isinstance(access, IndexScan):
        found.add(access.index.tree)
        if access.covering:
            return
    elif isinstance(access, GuidedScan):
        found.add(access.entries.index.tree)
    elif isinstance(access, IndexUnion):
        found.update(branch.index.tree for branch in access.branches if isinstance(branch, IndexScan))
    found.add(source.table.tree)


def access_queries(step: Step) -> list[Query]:
    """The queries that a step's access path itself evaluates (IN (SELECT …))."""
    accesses = step.access.branches if isinstance(step.access, IndexUnion) else (step.access,)
    found = [one.query for one in accesses if isinstance(one, RowidIn) and one.query is not None]
    lists = [values for one in accesses if isinstance(one, IndexScan) for values in one.lists.values()]
    return found + [values for values in lists if not isinstance(values, tuple)]
