"""Scopes: which names an expression can see, and which row position each of them is.

A `Scope` is one query block being bound. It holds an `Entry` per table, subquery, view or CTE reference in FROM, and
a link to the block that encloses it, so that a name not found here is looked for outside (a correlated reference).
Its `withs` frame is a separate chain: CTE names stay visible where columns are not (in LIMIT, for instance).

Resolution of a column (SQLite's `lookupName`), block by block from the inside out
    1. the entries' columns: `x`, `t.x` or `main.t.x`. Two hits are `ambiguous column name: x`, unless the later entry
       was joined USING (x): an inner or left join keeps the left column, a right join takes the right one, a full
       join gives both (the caller makes coalesce() of them);
    2. `rowid`, `oid`, `_rowid_`, where exactly one entry can be meant;
    3. aliases of the select list, once it is bound (WHERE, GROUP BY, HAVING, ORDER BY).
    Nothing found: `no such column: x`; the expression binder first tries a double-quoted name as a string.

Example: in ``SELECT (SELECT max(x) FROM u WHERE u.k = t.k) FROM t`` the name ``t.k`` is met in the scope of the inner
block, has no entry there, and is found in the parent as ``Column(source=<id of t>, position=<of k>)``.

Moved entries
    A FROM item that is wrapped in a subquery of its own (the left side of a RIGHT JOIN) keeps its entry; only `source`,
    `offset` and `rowid` change, so that names bound later refer to the wrapper's row.

Keeps INV-S2: tables are looked up in the schema of `Environment`, which AS OF replaces as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aerodb_dbapi.planner.expressions import AggregateCall, Column, Expression
from aerodb_dbapi.planner.functions import AggregateFunction
from aerodb_dbapi.planner.query import Frame, Order, Query
from aerodb_dbapi.storage.catalog import Schema, Table, fold
from aerodb_dbapi.storage.errors import OperationalError

ROWID_NAMES: Final = frozenset(("rowid", "oid", "_rowid_"))

# What an aggregate call means where it stands.
ALLOWED: Final = "allowed"
FORBIDDEN: Final = "misuse of aggregate function {}()"
MISPLACED: Final = "misuse of aggregate: {}()"
NO_WINDOWS: Final = "misuse of window function {}()"
NOT_IN_GROUP_BY: Final = "aggregate functions are not allowed in the GROUP BY clause"


@dataclass(frozen=True, slots=True)
class Environment:
    """What table names mean: a schema, the commit that is read (None: the view's own), and the views being expanded."""

    schema: Schema
    as_of: int | None = None
    views: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending(Expression):
    """An aggregate call by its number in the grouping `group` (a source id); becomes a `Column` when the block is
    finished."""

    group: int
    position: int


@dataclass(frozen=True, slots=True)
class PendingWindow(Expression):
    """A window function by its number among those of its block, whose windows become source `windows`; becomes a `Column` when
    the block is finished."""

    windows: int
    position: int


@dataclass(slots=True)
class WindowUse:
    """A window function as written: arguments and FILTER, PARTITION BY with collations, ORDER BY, frame. `order` is the collation
    of min() and max()."""

    function: AggregateFunction
    arguments: tuple[Expression, ...]
    filter: Expression | None
    partition: tuple[tuple[Expression, str], ...]
    order_by: tuple[Order, ...]
    frame: Frame
    order: str


Described = tuple[str, str | None, str | None, str | None]  # name, affinity, collation, declared type


class Entry:
    """A visible FROM item: `width` columns that start at `offset` of the rows of `source`; `rowid` is a position or
    None.

    `positions` maps folded column names; `describe(position)` gives a column's name, affinity, collation and type."""

    __slots__ = (
        "alias", "aliased", "database", "describe", "join", "made", "name", "null_rowid", "offset", "positions", "rowid",
        "rowid_alias", "size", "source", "table", "using", "width",
    )  # fmt: skip

    def __init__(
        self,
        source: int,
        name: str,
        positions: Mapping[str, int],
        width: int,
        describe: Callable[[int], Described],
        database: str | None = None,
    ) -> None:
        self.source = source
        self.name = name
        self.alias = fold(name)
        self.join: str | None = None  # the folded alias of the join in parentheses that it is in
        self.positions = positions
        self.width = width
        self.size = width  # with hidden columns, which come last and which `*` does not show
        self.describe = describe
        self.database = database
        self.offset = 0
        self.rowid: int | None = None
        self.rowid_alias: int | None = None
        self.null_rowid = False  # a subquery or view: SQLite takes the name and gives NULL
        self.using: dict[str, str] = {}  # column name → kind of the join that named it in USING
        self.made: dict[int, Column] = {}
        self.table: Table | None = None
        self.aliased = False  # a table under another name than its own

    def column(self, position: int) -> Column:
        """The value of column `position` of this entry."""
        found = self.made.get(position)
        if found is None:
            found = self.made[position] = Column(self.source, self.offset + position, *self.describe(position))
        return found

    def shows(self, name: str) -> bool:
        """Has it a column of a folded name that is not hidden?"""
        return self.positions.get(name, self.width) < self.width

    def rowid_column(self) -> Column | None:
        """The rowid: the INTEGER PRIMARY KEY column where there is one; None if it has no rowid."""
        if self.rowid_alias is not None:
            return self.column(self.rowid_alias)
        if self.rowid is None:
            return None
        return Column(self.source, self.rowid, "rowid", "INTEGER", None, "INTEGER")

    def move(self, source: int, offset: int, rowid: int | None) -> None:
        """Its columns are found in the rows of another source from now on."""
        self.source, self.offset, self.rowid = source, offset, rowid
        self.made.clear()


def table_entry(source: int, name: str, table: Table, database: str = "main") -> Entry:
    """The entry of a table under its name or alias."""

    def describe(position: int) -> Described:
        column = table.columns[position]
        alias = position == table.rowid_alias and column.collation == "BINARY"  # a rowid has no collation
        return column.name, column.affinity, None if alias else column.collation, column.type or None

    entry = Entry(source, name, table.positions, len(table.columns), describe, fold(database))
    entry.table = table
    entry.rowid = None if table.without_rowid else -1
    entry.rowid_alias = table.rowid_alias
    return entry


def query_entry(source: int, name: str, names: list[str], query: Query, database: str | None = None) -> Entry:
    """The entry of a query in FROM, whose columns are known outside as `names`."""

    def describe(position: int) -> Described:
        return names[position], query.affinities[position], query.collations[position], query.types[position]

    positions = {fold(n): i for i, n in reversed(list(enumerate(names)))}
    return Entry(source, name, positions, len(names), describe, database)


def entries_meant(entries: list[Entry], name: str) -> list[Entry] | None:
    """The entries whose column a folded name means: none, one, several after full joins USING it; None if ambiguous."""
    found: list[Entry] = []
    for entry in entries:
        if name not in entry.positions:
            continue
        if found:
            kind = entry.using.get(name)
            if kind is None:
                return None
            if kind == "right":
                found.clear()
            elif kind != "full":
                continue
        found.append(entry)
    return found


@dataclass(slots=True)
class CommonTable:
    """A CTE definition. It is bound at its first use; later uses share the query unless it is correlated."""

    name: str
    columns: list[str] | None
    tree: Any
    scope: Scope
    busy: bool = False
    query: Query | None = None
    names: list[str] = field(default_factory=list)
    first: Any = None  # the QuerySource of the first use
    correlated: bool = False


@dataclass(slots=True)
class RecursiveTable:
    """The name of a recursive CTE inside one of its recursive arms; `uses` counts its references there."""

    name: str
    cte: int
    names: list[str]
    query: Query
    uses: int = 0


@dataclass(slots=True)
class WithFrame:
    """The CTEs of one WITH clause by folded name, inside those of the enclosing ones."""

    parent: WithFrame | None
    tables: dict[str, CommonTable | RecursiveTable]


class Scope:
    """One query block while it is bound."""

    __slots__ = (
        "aggregates", "aliases", "calls", "correlated", "entries", "environment", "group", "items", "named_windows",
        "parent", "uses", "windows", "windows_allowed", "withs",
    )  # fmt: skip

    def __init__(self, environment: Environment, parent: Scope | None = None, withs: WithFrame | None = None) -> None:
        self.environment = environment
        self.parent = parent
        self.withs = withs
        self.entries: list[Entry] = []
        self.aliases: dict[str, tuple[Any, Expression]] | None = None  # name → (tree, bound)
        self.items: dict[str, Any] = {}  # while FROM is bound: name → tree, of what aliases will stand for
        self.aggregates = FORBIDDEN
        self.group: int | None = None  # source id of the grouping, once there is one
        self.calls: list[AggregateCall] = []
        self.windows_allowed = False
        self.named_windows: Sequence[Any] = ()  # the trees of the WINDOW clause
        self.windows: int | None = None  # source id of the rows with windows, once there are any
        self.uses: list[WindowUse] = []
        self.correlated = False  # a name was looked up through this scope in one further out

    def inner(self, parent: Scope | None = None) -> Scope:
        """A new block inside this one (or inside `parent`), seeing the same CTEs."""
        return Scope(self.environment, self if parent is None else parent, self.withs)

    def detached(self) -> Scope:
        """A block that sees CTEs but no columns: LIMIT and OFFSET."""
        return Scope(self.environment, None, self.withs)

    def source_ids(self) -> set[int]:
        """The ids of the sources whose rows this block reads."""
        return {entry.source for entry in self.entries}

    def common_table(self, name: str) -> CommonTable | RecursiveTable | None:
        """The CTE that a folded name means here."""
        frame = self.withs
        while frame is not None:
            found = frame.tables.get(name)
            if found is not None:
                return found
            frame = frame.parent
        return None

    def find(
        self, name: str, table: str | None = None, database: str | None = None, written: str = ""
    ) -> list[Expression]:
        """The columns that a folded name means here: none, one, or the operands of a full join's coalesce(). `written`: as errors show
        it."""
        named = self.entries
        if table is not None:
            named = [e for e in named if e.alias == table and (database is None or e.database == database)]
        found = entries_meant(named, name)
        if table is not None and found is not None and database is None:
            found = self.joined(found, table, name)
        if found is None:
            raise OperationalError(f"ambiguous column name: {written or name}")
        return [entry.column(entry.positions[name]) for entry in found]

    def joined(self, found: list[Entry], table: str, name: str) -> list[Entry] | None:
        """What `found`, the entries that `table.name` means, are with the join in parentheses whose alias is `table`. Names in
        such a join come first; of columns of one name that USING did not make one the alias means the leftmost."""
        among = [e for e in self.entries if e.join == table and e.alias != table and e.shows(name)]
        if not among or any(e.join == table for e in found):
            return found
        return None if found else entries_meant(among, name) or among[:1]

    def find_rowid(self, table: str | None, database: str | None) -> Entry | None:
        """The only entry that an unqualified or qualified `rowid` can mean, if it has one."""
        entries = [
            entry
            for entry in self.entries
            if table is None or (entry.alias == table and (database is None or entry.database == database))
        ]
        if not entries and table is not None and database is None:
            entries = [entry for entry in self.entries if entry.join == table][:1]
            return Entry(-1, "", {}, 0, self.entries[0].describe) if entries else None
        if len(entries) != 1 or (entries[0].rowid is None and not entries[0].null_rowid):
            return None
        return entries[0]
