"""The optimizer: rules over every block, then an order and an access path for every source.

    statement → RULES, round after round until none changes anything → plan each query, inner ones first → statement

`optimize` works in place and returns the statement it was given, its `Select.steps` filled. Rules see blocks
outermost first (conditions sink); planning goes innermost first, for the rows and the price of a subquery are needed
where it is read.

What is kept
    INV-Q1: no rule, path or order changes a result. Each rule and each kind of choice (`joins.SWITCHES`) can be
    switched off by name in `disabled`; the tests compare every statement's rows with all of them on, each off in
    turn, and all off. INV-T1: the same statement and statistics give the same plan. Nothing here iterates over a set
    or reads a clock; prices are rounded before they are compared, and ties fall to the order written.

Example: ``SELECT * FROM t WHERE id = ?`` is one block over one table: two rules look at its one conjunct, and planning
takes the short way to `RowidPoint`.

Not done: joins that begin with a subquery of EXISTS, or of IN over a column without an index.
"""

from __future__ import annotations

from typing import Final, TypeVar

from aerodb_dbapi.planner.cost import Statistics
from aerodb_dbapi.planner.joins import Planning
from aerodb_dbapi.planner.planning import plan_query
from aerodb_dbapi.planner.query import Query, Select, Statement, TableSource
from aerodb_dbapi.planner.rules import RULES
from aerodb_dbapi.planner.rules.context import Rewriting
from aerodb_dbapi.planner.usage import all_queries, columns_used, inner_queries, nested_queries, query_expressions

ROUNDS_MAX: Final = 8

S = TypeVar("S", bound=Statement)


def optimize(statement: S, statistics: Statistics, disabled: frozenset[str] = frozenset()) -> S:
    """Rewrite and plan a statement in place. `disabled` names rules and choices to leave out."""
    queries = rewrite(statement, disabled)
    tables = {
        join.source.id
        for query in queries
        if isinstance(query, Select)
        for join in query.joins
        if isinstance(join.source, TableSource)
    }
    used = columns_used(statement, queries)
    planning = Planning(statistics, used, tables, alone=len(queries) == 1, disabled=disabled)
    for query in inner_first(queries):
        plan_query(query, planning)
    return statement


def rewrite(statement: Statement, disabled: frozenset[str] = frozenset()) -> list[Query]:
    """Apply the rules until nothing changes; the statement's queries as they then are."""
    rewriting = Rewriting(statement, all_queries(statement))
    rules = [rule for rule in RULES if rule.name not in disabled]
    for _ in range(ROUNDS_MAX):
        changed = False
        for rule in rules:
            if rule.single or not _is_single(rewriting.queries):
                changed = _apply(rule.apply, rewriting) or changed
        if not changed:
            break
    return rewriting.queries


def _is_single(queries: list[Query]) -> bool:
    return len(queries) == 1 and isinstance(queries[0], Select) and len(queries[0].joins) == 1


def _apply(rule: object, rewriting: Rewriting) -> bool:
    """One rule over all blocks; the list of queries is made anew when it changed something."""
    changed = False
    gone: set[int] = set()
    for query in rewriting.queries:
        if isinstance(query, Select) and id(query) not in gone and rule(query, rewriting):  # type: ignore[operator]
            changed = True
            alive = {id(one) for one in all_queries(rewriting.statement)}
            gone.update(id(one) for one in rewriting.queries if id(one) not in alive)
    if changed:
        rewriting.refresh()
    return changed


def inner_first(queries: list[Query]) -> list[Query]:
    """The queries so ordered that each comes after all it is made of or refers to."""
    if len(queries) == 1:
        return queries
    ordered: list[Query] = []
    done: set[int] = set()
    for root in queries:
        stack = [(root, False)]
        while stack:
            query, ready = stack.pop()
            if ready:
                ordered.append(query)
            elif id(query) not in done:
                done.add(id(query))
                stack.append((query, True))
                stack += [(below, False) for below in reversed(_below(query))]
    return ordered


def _below(query: Query) -> list[Query]:
    return inner_queries(query) + [found for one in query_expressions(query) for found in nested_queries(one)]
