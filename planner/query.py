"""Bound queries and statements: the logical plan, and, once the optimizer has filled `Select.steps`, the physical one.

One query block (`Select`) is SQL's own unit: sources joined, rows filtered, grouped, projected, sorted, cut. The binder
makes blocks; rules rewrite them (flatten a subquery into its parent, push a conjunct down, drop a join); the optimizer
orders the sources and picks an access path for each; the executor writes one Python function for the statement.

How a `Select` is evaluated, in order
    1. `joins` (logical) or `steps` (physical): nested loops over sources; `where` conjuncts as soon as their sources are bound.
    2. `group`: rows fold into groups; each group is a row of source `group.id`: keys + aggregate results + bare columns.
       Without `group` this stage is absent. `having` is tested on that row.
    3. `columns` are evaluated into the output row, a tuple; `distinct` drops repeated ones.
    4. `order_by`, then `limit`/`offset`.
    A block with window functions is two: stages 1 and 2 are a block of their own, inside a `Windowed` that is the only source of
    the block that does 3 and 4 (`planner/bind_windows.py`).
    Expressions of `columns`, `order_by` refer to step sources, or to `group.id` when there is a grouping. An ORDER BY term
    that is an output column is `OutputColumn(i)`, so that it is not evaluated twice.

The output row of a query used as a source is known by the *source's* id (`QuerySource.id`), position by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aerodb_dbapi.planner.expressions import AggregateCall, Expression, RowParameter
from aerodb_dbapi.planner.functions import AggregateFunction
from aerodb_dbapi.planner.modules import TableModule
from aerodb_dbapi.storage.catalog import Index, Table


@dataclass(frozen=True, slots=True)
class OutputColumn(Expression):
    """In ORDER BY: the value of output column `position` of the same query."""

    position: int
    column_collation: str | None = None

    @property
    def collation(self) -> str | None:
        return self.column_collation


# --- Sources -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Source:
    """Something with rows. `id` is unique in the statement; `name` is its alias or own name, for messages and EXPLAIN."""

    id: int
    name: str


@dataclass(slots=True, kw_only=True)
class TableSource(Source):
    """A table. `as_of` is a commit id for time travel. `indexed_by`: an index that must be used; '' for NOT INDEXED.
    `partials`: the conjuncts of its partial indexes' conditions over this source, by index id; `computed`: the expressions
    that its indexes hold, by the positions they have there."""

    table: Table
    as_of: int | None = None
    indexed_by: str | None = None
    partials: dict[int, list[Expression]] = field(default_factory=dict)
    computed: dict[int, Expression] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class QuerySource(Source):
    """A subquery, view or CTE reference in FROM. Two references to one CTE share one `Query` object with `shared=True`: it is
    evaluated once per run into a list."""

    query: Query
    shared: bool = False


@dataclass(slots=True, kw_only=True)
class RecursiveSource(Source):
    """Inside the recursive arm of a CTE: the rows the previous step queued. `cte` is the id of its `Recursive` query."""

    cte: int
    width: int


@dataclass(slots=True, kw_only=True)
class ModuleSource(Source):
    """A table-valued function, or another table made by a module. Its arguments are conjuncts on its hidden columns."""

    module: TableModule


@dataclass(slots=True, kw_only=True)
class RowsSource(Source):
    """Rows made by Python: `rows(session)` is called once per scan (sqlite_master of a database, the rowid behind its columns)."""

    rows: Any
    width: int
    columns: tuple[str, ...] = ()
    database: str = "main"


@dataclass(slots=True)
class Join:
    """One item of FROM in written order. `kind` is 'inner', 'cross' (order is kept) or 'left'; `on` holds conjuncts.

    RIGHT and FULL joins never appear: the binder turns them into LEFT joins and compounds."""

    source: Source
    kind: str = "inner"
    on: list[Expression] = field(default_factory=list)


# --- Access paths and steps (physical) -----------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Access:
    """How a step reads its source. Key expressions may refer to sources bound by earlier steps, parameters, outer queries.

    Base class itself: read everything (`reverse`: in descending key order)."""

    reverse: bool = False


@dataclass(slots=True, kw_only=True)
class RowidPoint(Access):
    """At most one row: rowid = key. A key that is not an integer (after INTEGER affinity) finds nothing."""

    key: Expression


@dataclass(slots=True, kw_only=True)
class RowidIn(Access):
    """rowid IN (…): `items` are expressions, or `query` is a one-column subquery. Duplicates are visited once; ascending."""

    items: tuple[Expression, ...] = ()
    query: Query | None = None


@dataclass(slots=True, kw_only=True)
class RowidRange(Access):
    """Rowids between bounds; None is unbounded. Bounds of other classes than numbers follow SQLite's ordering."""

    lower: Expression | None = None
    lower_open: bool = False
    upper: Expression | None = None
    upper_open: bool = False


@dataclass(slots=True, kw_only=True)
class IndexScan(Access):
    """Entries of `index` with the first len(`equal`) parts equal to given values, and a range on the next part.

    `equal[i]` of None means the part IS NULL is wanted (matches NULL entries); a value that turns out NULL at run time
    otherwise finds nothing. A part i in `lists` takes each of several values (of an IN), ascending, without duplicates; ``equal[i]``
    is a None that stands for it. `covering`: the query needs only indexed columns and the rowid, all recoverable from entries; rows
    are then built from entries, not fetched.

    `apply[i]` is what the comparison does to the key (None: nothing), which need not be the column's own affinity. `lower` and
    `upper` are bounds of *values*, also in a DESC part; with a bound, NULL entries are not in the range, and a bound that is NULL
    at run time finds nothing.

    With `skip`, all of this is about the parts behind the first `skip` ones, for each of their values (`planner.skip_scan`).
    """

    index: Index
    equal: tuple[Expression | None, ...] = ()
    apply: tuple[str | None, ...] = ()
    lists: dict[int, tuple[Expression, ...] | Query] = field(default_factory=dict)
    lower: Expression | None = None
    lower_open: bool = False
    upper: Expression | None = None
    upper_open: bool = False
    range_apply: str | None = None
    covering: bool = False
    skip: int = 0


@dataclass(slots=True, kw_only=True)
class GuidedScan(Access):
    """All rows, or only those that `entries` finds, whichever the generated code sees to be cheaper (`planner.guided`).
    `in_order`: by rowid in any case."""

    entries: IndexScan
    in_order: bool = False


@dataclass(slots=True, kw_only=True)
class IndexUnion(Access):
    """Rows that at least one of `branches` finds, each once, by rowid (`planner.unions`). `guided`: all rows, if that is seen to be
    cheaper."""

    branches: tuple[Access, ...]
    guided: bool = False


@dataclass(slots=True, kw_only=True)
class HashLookup(Access):
    """Build a dictionary of the source's rows once per run, keyed by `build` (expressions over this source only), look up
    `probe`. Values are compared after the affinities in `apply` (probe side, build side); NULL keys never match; keys fold by
    `orders` (collations). `build_filters` are conjuncts on this source alone, tested while building."""

    probe: tuple[Expression, ...]
    build: tuple[Expression, ...]
    apply: tuple[tuple[str | None, str | None], ...]
    orders: tuple[str, ...]
    build_filters: list[Expression] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ModuleScan(Access):
    """What a module chose: its plan, and the keys whose values it wants, after the affinities in `apply`."""

    plan: Any
    keys: tuple[Expression, ...]
    apply: tuple[str | None, ...]
    label: str


@dataclass(slots=True)
class Step:
    """One level of the nested loops. For 'left', `on` decides whether a row matches (the access path already implies part of
    it); if none does, the source's row is all NULL. `filters` are tested after that."""

    source: Source
    access: Access
    kind: str = "inner"
    on: list[Expression] = field(default_factory=list)
    filters: list[Expression] = field(default_factory=list)
    estimated_rows: float = 0.0
    counter: Any = None  # EXPLAIN ANALYZE (`planner.counters`)


# --- Queries -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """A sort term. `collation` applies to text; `nulls_first` None is SQLite's default (first when ascending)."""

    expression: Expression
    descending: bool = False
    collation: str = "BINARY"
    nulls_first: bool | None = None


@dataclass(slots=True)
class Grouping:
    """GROUP BY and aggregates. Its row: `keys`, then `calls` results, then `bare` (columns outside aggregates, taken from the
    row that gave the min()/max() when there is exactly one such call, else from the group's first row, as SQLite does).
    No keys: exactly one group, even over no rows. `orders` are the keys' collations. Groups come out in key order."""

    id: int
    keys: list[Expression]
    calls: list[AggregateCall]
    bare: list[Expression]
    orders: list[str]


@dataclass(slots=True, eq=False)
class Query:
    """Base of queries. `names` are the result's column names; `types` the declared types (or None), for converters."""

    names: list[str]
    types: list[str | None]
    affinities: list[str | None]
    collations: list[str | None]
    counters: dict[str, Any] | None = field(default=None, kw_only=True)  # EXPLAIN ANALYZE, by kind of operator

    def counter(self, kind: str) -> Any:
        """The counter of one of the query's own operators, if the statement is analyzed."""
        return None if self.counters is None else self.counters.get(kind)


@dataclass(slots=True, eq=False)
class Select(Query):
    """A query block; see the head of this file for the order of its parts."""

    joins: list[Join]
    where: list[Expression]
    columns: list[Expression]
    group: Grouping | None = None
    having: list[Expression] = field(default_factory=list)
    distinct: bool = False
    distinct_orders: list[str] = field(default_factory=list)
    order_by: list[Order] = field(default_factory=list)
    limit: Expression | None = None
    offset: Expression | None = None
    # physical: filled in by the optimizer
    steps: list[Step] | None = None
    sorted: bool = False  # the steps already produce `order_by` order: no sort
    grouped: bool = (
        False  # the steps produce the rows in the order of the groups' keys: a group is complete when the next begins
    )
    pre_filters: list[Expression] = field(default_factory=list)  # conjuncts without sources: tested once


@dataclass(slots=True, eq=False)
class Compound(Query):
    """UNION, UNION ALL, INTERSECT, EXCEPT: left-associative; ORDER BY terms are `OutputColumn`s. `orders`: collations used to
    compare rows. UNION/INTERSECT/EXCEPT come out in row order, as in SQLite, unless `order_by` says otherwise."""

    op: str
    left: Query
    right: Query
    orders: list[str]
    order_by: list[Order] = field(default_factory=list)
    limit: Expression | None = None
    offset: Expression | None = None


@dataclass(slots=True, eq=False)
class Values(Query):
    """VALUES (…), (…): rows of expressions of one width; a single one of `RowParameter`s stands for as many as the parameter has."""

    rows: list[tuple[Expression, ...]]

    @property
    def is_repeated(self) -> bool:
        """Does its row stand for many?"""
        return len(self.rows) == 1 and bool(self.rows[0]) and self.rows[0][0].__class__ is RowParameter

    @property
    def is_alone(self) -> bool:
        """Is it one row?"""
        return len(self.rows) == 1 and not self.is_repeated


@dataclass(slots=True, eq=False)
class Recursive(Query):
    """WITH RECURSIVE body: rows of `initial` seed a queue (first in, first out unless `order_by`); each row taken out is
    emitted and given to every query of `steps` through their `RecursiveSource`s of id `cte`. `distinct` for UNION."""

    cte: int
    initial: Query
    steps: list[Query]
    distinct: bool
    order_by: list[Order] = field(default_factory=list)
    limit: Expression | None = None
    offset: Expression | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Which rows of the partition a window function sees. `unit` is ROWS, RANGE or GROUPS; `start` and `end` are UNBOUNDED,
    PRECEDING, CURRENT or FOLLOWING, with an offset (a constant expression) for the middle two; `exclude` is NO, CURRENT,
    GROUP or TIES."""

    unit: str = "RANGE"
    start: str = "UNBOUNDED"
    end: str = "CURRENT"
    exclude: str = "NO"
    start_offset: Expression | None = None
    end_offset: Expression | None = None


@dataclass(slots=True)
class WindowCall:
    """A window function over positions of the source row. `filter` is the position of its condition; `order` the collation
    of min() and max()."""

    function: AggregateFunction
    arguments: tuple[int, ...]
    filter: int | None = None
    order: str = "BINARY"


@dataclass(slots=True)
class WindowLevel:
    """Functions over one window: `partition` holds (position, collation), `order_by` terms over `OutputColumn`s of the source.
    `sorted`: the rows come in the order of both."""

    partition: tuple[tuple[int, str], ...]
    order_by: tuple[Order, ...]
    frame: Frame
    calls: list[WindowCall]
    sorted: bool = False


@dataclass(slots=True, eq=False)
class Windowed(Query):
    """Window functions over the rows of `source`: its row is the source's, then the results of all calls, level by level. Each
    level puts the rows in its own order, and they come out in that of the last one."""

    source: Query
    levels: list[WindowLevel]


# --- Statements ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Statement:
    """Base of bound statements. `parameters`: one entry per parameter slot, its name (':a', '?3') or None for '?'."""

    parameters: list[str | None] = field(default_factory=list, kw_only=True)


@dataclass(slots=True)
class SelectStatement(Statement):
    """A query as a statement."""

    query: Query


@dataclass(slots=True)
class Returning:
    """RETURNING: expressions over the source `id` = the row as written (for DELETE, as it was)."""

    columns: list[Expression]
    names: list[str]
    types: list[str | None]


@dataclass(slots=True)
class InsertStatement(Statement):
    """INSERT. `targets[i]` is the table position that source column i goes to (-1: rowid). `row_id` is the source id under which
    `checks` and `returning` see the new row; `defaults[p]` is the expression for a column not named,
    or for NULL in a NOT NULL column under REPLACE. `conflict` is the OR clause ('' if none)."""

    table: Table
    targets: list[int]
    query: Query  # a Values or a select
    conflict: str
    row_id: int
    defaults: dict[int, Expression]
    checks: list[tuple[str, Expression]]  # (name or text, expression)
    returning: Returning | None = None
    index_filters: dict[int, Expression] = field(default_factory=dict)  # index id → partial WHERE, over row_id
    generated: dict[int, Expression] = field(default_factory=dict)  # generated columns by position, over row_id
    index_values: dict[int, Expression] = field(default_factory=dict)  # index expressions by position, over row_id
    upserts: list[Upsert] = field(default_factory=list)
    sequence: int | None = None  # the tree of sqlite_sequence, for AUTOINCREMENT


@dataclass(slots=True)
class Upsert:
    """One ON CONFLICT clause: for the unique `index`, for the rowid (None), or for `any` constraint. Without `update` it is DO
    NOTHING; else `where` and the assignments see the row in the way as `update.row_id` and the row that was not inserted as
    `excluded_id`. `update.query` is not run: the row is known."""

    index: Index | None
    any: bool
    update: UpdateStatement | None = None
    where: list[Expression] = field(default_factory=list)
    excluded_id: int = -1


@dataclass(slots=True)
class UpdateStatement(Statement):
    """UPDATE. `query` is a Select whose source 0 is the target (`row_id` its id); its columns are ignored, its FROM may hold
    further sources. `assignments`: (position or -1 for rowid, expression over the query's sources). `checks`, `returning`,
    `index_filters` see the new row as source `new_id`."""

    table: Table
    query: Select
    row_id: int
    new_id: int
    assignments: list[tuple[int, Expression]]
    conflict: str
    checks: list[tuple[str, Expression]]
    returning: Returning | None = None
    index_filters: dict[int, Expression] = field(default_factory=dict)
    defaults: dict[int, Expression] = field(default_factory=dict)  # for NULL in NOT NULL columns under REPLACE
    generated: dict[int, Expression] = field(default_factory=dict)  # generated columns by position, over new_id
    index_values: dict[int, Expression] = field(default_factory=dict)  # index expressions by position, over new_id


@dataclass(slots=True)
class DeleteStatement(Statement):
    """DELETE: like `UpdateStatement.query`; `returning` sees the old row as `row_id`."""

    table: Table
    query: Select
    row_id: int
    returning: Returning | None = None
    index_filters: dict[int, Expression] = field(default_factory=dict)
    index_values: dict[int, Expression] = field(default_factory=dict)  # index expressions by position, over row_id


@dataclass(slots=True)
class ViewStatement(Statement):
    """INSERT, UPDATE or DELETE on a view, which INSTEAD OF triggers carry out. `table` has the view's columns and no rows; `event` is
    insert, update or delete. `query` gives the values for `targets` (-1: the rowid); for UPDATE and DELETE the view's columns
    come before them. `returning` sees the row as source `row_id`."""

    table: Table
    event: str
    query: Query
    targets: list[int]
    row_id: int
    conflict: str = ""
    returning: Returning | None = None


def has_windows(query: Query) -> bool:
    """Whether a query is a block that was written with window functions."""
    sources = [join.source for join in query.joins] if isinstance(query, Select) else []
    return any(isinstance(source, QuerySource) and isinstance(source.query, Windowed) for source in sources)


def arms(query: Query) -> Iterator[Query]:
    """The non-compound queries of a compound, left to right."""
    if isinstance(query, Compound):
        yield from arms(query.left)
        yield from arms(query.right)
    else:
        yield query
