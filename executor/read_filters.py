"""What a statement reads, as precisely as a commit needs to know it (INV-V7).

A transaction that wrote may commit only if nothing that it read was changed since its base. What it read is not said by
the pages or keys that it happened to visit, but by its conditions: *precision locking* (Jordan, Banerjee and Batman,
SIGMOD 1981; Neumann, Mühlbauer and Kemper, SIGMOD 2015). A row that another commit changed matters to a statement only if
its old or its new image satisfies the conditions that the statement puts on that row's table alone.

    ::

        SELECT sum(x) FROM t WHERE k = ? AND x > 10
        reads   the filter (k = ? AND x > 10) of t's tree, with the values of this run
        is not  disturbed by a commit that changes a row with another k, whatever index was used

For each source of the statement's own query there is
    a *point*    if it is reached by a rowid that is a constant or a parameter: the key alone
    a *filter*   else, if some conjunct concerns this source alone: a function that tells which of some rows satisfy them
    the *tree*   else; also for outer joins, nested queries, compounds, WITHOUT ROWID tables, conditions with functions
                 that need the session or the instant of the run, and those under collations of the application

The filter is the query compiler's own text over rows that are handed to it, so it decides exactly as the statement
did: affinities, collations, NULLs. A filter that raises counts as satisfied.

A SELECT that gives its rows as it scans its outermost table has read no more of that one than its cursor has passed (`half_read.py`).

Not here: when filters are asked (`storage/conflicts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.half_read import Scanned, scanned, watch
from aerodb_dbapi.planner.expressions import Call, Column, Constant, Expression, Parameter, transform
from aerodb_dbapi.planner.lists import without_marks
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    Join,
    Query,
    RowidPoint,
    RowsSource,
    Select,
    SelectStatement,
    Statement,
    Step,
    TableSource,
    UpdateStatement,
)
from aerodb_dbapi.planner.terms import ROWID
from aerodb_dbapi.planner.usage import all_queries, deep_nodes, nested_queries, note_trees, sources_in, trees_of
from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.storage.collations import COLLATIONS

Row = tuple[Any, ...]
Test = Callable[[Sequence[Row], Sequence[Any]], bool]
"""Whether one of some rows, each with its rowid behind its columns, satisfies the conditions with these parameters."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a statement reads: whole `trees`, `points` (tree, function from parameters to key), `filters` (tree, number of
    columns, test). `text` is the statement's. `scanned`: instead of all that, if the scan is watched, as much as it passes of
    the outermost table, and `beside` it."""

    text: str
    trees: tuple[int, ...]
    points: tuple[tuple[int, Callable[[Sequence[Any]], Any]], ...] = ()
    filters: tuple[tuple[int, int, Test], ...] = ()
    scanned: Scanned | None = None
    beside: Reads | None = None

    def note(self, transaction: Any, params: Sequence[Any]) -> Mapping[int, Any] | None:
        """Tell a transaction what this run reads. The trees to run on, if they are not the transaction's own."""
        if self.scanned is not None:
            watched = watch(transaction, self.scanned, params, self.text)
            if watched is not None:
                if self.beside is not None:
                    self.beside.note(transaction, params)
                return watched
        if self.trees:
            transaction.note_read(self.trees, self.text)
        for tree, key in self.points:
            value = key(params)
            if value.__class__ is int:
                transaction.note_point(tree, value, self.text)
        for tree, width, test in self.filters:
            transaction.note_filter(tree, width, test, params, self.text)
        return None


class Reading:
    """The reads of a planned statement, made when a transaction first asks."""

    __slots__ = ("coarse", "made", "statement", "text")

    def __init__(self, statement: Statement, coarse: tuple[int, ...], text: str) -> None:
        self.text = without_marks(text)
        self.statement: Statement | None = statement
        self.coarse = coarse
        self.made: Reads | None = None

    def note(self, transaction: Any, params: Sequence[Any]) -> Mapping[int, Any] | None:
        """Tell a transaction what a run reads. The trees to run on, if they are not the transaction's own."""
        if transaction.snapshot:
            return None
        made = self.made
        if made is None:
            made = self.reads()
        return made.note(transaction, params)

    def reads(self) -> Reads:
        """What is read, as precisely as it can be said."""
        if self.made is None:
            assert self.statement is not None
            self.made = reads_precisely(self.statement, self.coarse, self.text)
        return self.made


def points_of(note: Any, params: Sequence[Any]) -> list[tuple[int, int]]:
    """The rows, as tree and rowid, that a run of a statement with this `Compiled.note` reads by their rowids."""
    reading = getattr(note, "__self__", None)
    if not isinstance(reading, Reading):
        return []
    points = [(tree, key(params)) for tree, key in reading.reads().points]
    return [point for point in points if point[1].__class__ is int]


def reads_precisely(statement: Statement, coarse: tuple[int, ...], text: str) -> Reads:
    """The reads of a planned statement; `coarse` are the trees that it reads in all."""
    query = _own_query(statement)
    if not coarse or not isinstance(query, Select) or query.steps is None:
        return Reads(text, coarse)
    outer, *inner = [_of_step(query, step) for step in query.steps] or [_Part()]
    whole: set[int] = set()
    for other in all_queries(statement):
        if other is not query:
            trees_of(other, whole)
    beside = _together(text, inner, whole)
    conditions = outer.filters[0][2] if outer.filters else None
    watched = scanned(statement, set(beside.trees), conditions)
    if watched is None:
        return _together(text, [outer, *inner], whole)
    alone = not (beside.trees or beside.points or beside.filters)
    return replace(_together(text, [outer, *inner], whole), scanned=watched, beside=None if alone else beside)


@dataclass(slots=True)
class _Part:
    """What is read of one source."""

    trees: set[int] = field(default_factory=set)
    points: list[tuple[int, Callable[[Sequence[Any]], Any]]] = field(default_factory=list)
    filters: list[tuple[int, int, Test]] = field(default_factory=list)


def _together(text: str, parts: list[_Part], whole: set[int]) -> Reads:
    trees = whole.union(*[part.trees for part in parts])
    points = [point for part in parts for point in part.points]
    return Reads(text, tuple(sorted(trees)), tuple(points), tuple(found for part in parts for found in part.filters))


def _own_query(statement: Statement) -> Query | None:
    if isinstance(statement, SelectStatement | UpdateStatement | DeleteStatement | InsertStatement):
        return statement.query
    return None


def _of_step(query: Select, step: Step) -> _Part:
    """The point or filter of one source; its trees if they must be taken whole."""
    source = step.source
    if isinstance(source, TableSource) and source.as_of is None and step.kind != "left":
        table = source.table
        if isinstance(step.access, RowidPoint) and _is_plain(step.access.key) and not sources_in(step.access.key):
            return _Part(points=[(table.tree, _value_of(step.access.key))])
        own = [part for part in _conjuncts(query) if sources_in(part) == {source.id} and _is_plain(part)]
        if own and not table.without_rowid:
            return _Part(filters=[(table.tree, len(table.columns), _test(table, source.id, own))])
    whole = _Part()
    note_trees(step, whole.trees)
    return whole


def _conjuncts(query: Select) -> list[Expression]:
    return [*query.where, *[part for join in query.joins if join.kind != "left" for part in join.on]]


def _is_plain(expression: Expression) -> bool:
    """Whether the expression says the same at any time, of the row and the parameters alone."""
    return not nested_queries(expression) and all(_is_plain_itself(node) for node in deep_nodes(expression))


def _is_plain_itself(node: Expression) -> bool:
    if isinstance(node, Call) and not (node.deterministic and not node.needs_session and not node.needs_instant):
        return False
    order = getattr(node, "order", ())
    return all(name.upper() in COLLATIONS for name in ((order,) if isinstance(order, str) else order))


def _value_of(key: Expression) -> Callable[[Sequence[Any]], Any]:
    """The value of an expression over parameters."""
    if isinstance(key, Parameter):
        return itemgetter(key.index)
    select = Select([""], [None], [None], ["BINARY"], [], [], [key])
    run, _ = compile_select(SelectStatement(select))
    return lambda params: next(run(_Probe(()), {}, params))[0]


def _test(table: Table, source: int, own: list[Expression]) -> Test:
    """The conditions as a function over rows that are handed in, the rowid behind the columns."""
    width = len(table.columns)

    def rowid_at_the_end(node: Expression) -> Expression:
        if isinstance(node, Column) and node.source == source and node.position == ROWID:
            return Column(source, width, node.name, node.column_affinity, node.column_collation, node.type)
        return node

    rows = RowsSource(id=source, name=table.name, rows=lambda probe: probe.rows, width=width + 1)
    where = [transform(part, rowid_at_the_end) for part in own]
    select = Select([""], [None], [None], ["BINARY"], [Join(rows)], where, [Constant(1)])
    run, _ = compile_select(SelectStatement(select))

    def test(images: Sequence[Row], params: Sequence[Any]) -> bool:
        return next(iter(run(_Probe(images), {}, params)), None) is not None

    return test


class _Probe:
    """What generated code takes for a session."""

    __slots__ = ("rows",)
    watch = False

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
