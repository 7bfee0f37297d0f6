"""The catalog: every definition of the database, kept as records of one tree and read as one `Schema`.

Record format
    Tree `CATALOG_TREE` (id 0) maps object id (int, dense, never reused) to a plain msgpack-able tuple
    ``(kind, name, table_name, sql, body)``; `kind` is ``'table' | 'index' | 'view' | 'trigger'``. `body` holds the facts that the planner
    needs, so that storage never parses SQL: `encode_*` and `decode_*` are inverses (INV-S4). Facts that came later stand at
    the ends of tuples, and only where they say something, so that older records keep their meaning and their bytes.
    Tree `META_TREE` (id 1) maps str → value: ``user_version``, ``application_id``, ``next_tree``, ``next_object``.

Versions
    DDL edits the catalog tree like any other tree, so it is transactional, and a read view sees the schema of its own
    commit. A `Schema` is made once per catalog root, of the one before it where there is one, and shared; its identity is what
    cached plans are checked against.

Names compare case-insensitively for ASCII letters, as in SQLite: dictionaries here are keyed by `fold(name)`.
Expressions (DEFAULT, CHECK, partial WHERE, a view's SELECT, a trigger's statements) are kept as the user's own text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

CATALOG_TREE: Final = 0
META_TREE: Final = 1
FIRST_USER_TREE: Final = 2
NUMBER_SHIFT: Final = 40  # above these bits an id has the number of its database in the connection (`storage.schemas`)
LOCAL_ID: Final = (1 << NUMBER_SHIFT) - 1

_FOLD: Final = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def fold(name: str) -> str:
    """The key under which an identifier is looked up: ASCII letters lower-cased, all else kept."""
    return name.lower() if name.isascii() else name.translate(_FOLD)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is the declared type as written ('' if none); `default` is expression text or None. `generated` is
    the text of a generated column's expression; its value stands in the row, whether it is STORED or VIRTUAL."""

    name: str
    type: str = ""
    affinity: str = "BLOB"
    collation: str = "BINARY"
    not_null: bool = False
    not_null_conflict: str = "ABORT"
    default: str | None = None
    primary_key: int = 0
    generated: str | None = None
    stored: bool = False

    @property
    def hidden(self) -> int:
        """As in PRAGMA table_xinfo: 2 for a VIRTUAL generated column, 3 for a STORED one."""
        return 0 if self.generated is None else 3 if self.stored else 2


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """One key part of an index: a table column by position (-1 is the rowid), its collation and direction; or an
    `expression`, whose position is -2 or less, one number for each text among the indexes of a table."""

    position: int
    name: str
    collation: str = "BINARY"
    descending: bool = False
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """An index: a tree of entries. `origin` is 'c' (CREATE INDEX), 'u' (UNIQUE constraint) or 'pk'; `sql` is None unless 'c'."""

    id: int
    name: str
    table: str
    tree: int
    columns: tuple[IndexColumn, ...]
    unique: bool = False
    origin: str = "c"
    where: str | None = None
    conflict: str = "ABORT"
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint: its name (or None) and the text between its parentheses."""

    name: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as declared. `to` is None where the parent's primary key is implied."""

    columns: tuple[int, ...]
    table: str
    to: tuple[str, ...] | None
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"
    match: str = "NONE"
    deferred: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table. `tree` maps rowid → row tuple; `rowid_alias` is the position of the INTEGER PRIMARY KEY column, or None. In a
    WITHOUT ROWID table the rowid has no name, and the index of the PRIMARY KEY gives the order of rows.

    A stored row has one value per column in column order; the rowid alias column holds the rowid itself.
    """

    id: int
    name: str
    tree: int
    columns: tuple[Column, ...]
    rowid_alias: int | None = None
    rowid_conflict: str = "ABORT"
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    autoincrement: bool = False
    sql: str = ""
    strict: bool = False
    without_rowid: bool = False
    indexes: tuple[Index, ...] = ()  # in creation order; not part of the record, filled in by `Schema`
    positions: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def position(self, name: str) -> int | None:
        """The position of a column by name, or None."""
        return self.positions.get(fold(name))

    @property
    def key_index(self) -> Index | None:
        """The index of the PRIMARY KEY of a WITHOUT ROWID table, which gives the order of its rows; else None."""
        return next((index for index in self.indexes if index.origin == "pk"), None) if self.without_rowid else None


@dataclass(frozen=True, slots=True)
class View:
    """A view: the text of its SELECT, and its column names where they were given."""

    id: int
    name: str
    select: str
    columns: tuple[str, ...] | None = None
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger. `timing` is BEFORE, AFTER or INSTEAD OF, `event` insert, delete or update; `columns` are those of UPDATE OF; `when`
    and `steps` are the texts of its condition and of the statements of its body. `on` is the database of its table where that
    is not its own (a TEMP trigger)."""

    id: int
    name: str
    table: str
    timing: str
    event: str
    columns: tuple[str, ...] | None
    when: str | None
    steps: tuple[str, ...]
    sql: str = ""
    on: str | None = None


SchemaObject = Table | Index | View | Trigger
Record = tuple[str, str, str, str | None, tuple[Any, ...]]
Kind = Literal["table", "index", "view", "trigger"]
_KINDS: Final[dict[type, Kind]] = {Table: "table", Index: "index", View: "view", Trigger: "trigger"}


def encode_object(item: SchemaObject) -> Record:
    """The catalog record of a definition: nested tuples of plain values only."""
    if isinstance(item, Table):
        body: tuple[Any, ...] = (
            item.tree,
            tuple(
                (c.name, c.type, c.affinity, c.collation, c.not_null, c.not_null_conflict, c.default, c.primary_key)
                + (() if c.generated is None else (c.generated, c.stored))
                for c in item.columns
            ),
            item.rowid_alias,
            item.rowid_conflict,
            tuple((c.name, c.text) for c in item.checks),
            tuple((f.columns, f.table, f.to, f.on_update, f.on_delete, f.match, f.deferred, f.name) for f in item.foreign_keys),
            item.autoincrement,
        )  # fmt: skip
        if item.strict or item.without_rowid:
            body += (item.strict, item.without_rowid)
        return ("table", item.name, item.name, item.sql, body)
    if isinstance(item, Index):
        parts = tuple(
            (c.position, c.name, c.collation, c.descending) + (() if c.expression is None else (c.expression,))
            for c in item.columns
        )
        body = (item.tree, parts, item.unique, item.origin, item.where, item.conflict)
        return ("index", item.name, item.table, item.sql, body)
    if isinstance(item, Trigger):
        body = (item.timing, item.event, item.columns, item.when, item.steps) + (() if item.on is None else (item.on,))
        return ("trigger", item.name, item.table, item.sql, body)
    return ("view", item.name, item.name, item.sql, (item.select, item.columns))


def decode_object(object_id: int, record: Record) -> SchemaObject:
    """The definition held by a catalog record; the inverse of `encode_object`."""
    kind, name, table, sql, body = record
    if kind == "table":
        tree, columns, alias, rowid_conflict, checks, foreign_keys, autoincrement, *options = body
        made = tuple(Column(*c) for c in columns)
        return Table(
            object_id, name, tree, made, alias, rowid_conflict,
            tuple(Check(*c) for c in checks), tuple(ForeignKey(*f) for f in foreign_keys), autoincrement, sql or "",
            bool(options[:1] and options[0]), bool(options[1:] and options[1]),
            positions={fold(c.name): i for i, c in reversed(list(enumerate(made)))},
        )  # fmt: skip
    if kind == "index":
        tree, parts, unique, origin, where, conflict = body
        return Index(
            object_id, name, table, tree, tuple(IndexColumn(*p) for p in parts), unique, origin, where, conflict, sql
        )
    if kind == "trigger":
        timing, event, of, when, steps, *on = body
        return Trigger(object_id, name, table, timing, event, of, when, steps, sql or "", *on)
    select, names = body
    return View(object_id, name, select, names, sql or "")


_follows: Final = [True]


def follow(on: bool) -> None:
    """Whether a schema may be made of the one before (`Schema`), for tests; else all of it is made anew."""
    _follows[0] = on


class Schema:
    """All definitions as of one commit. Immutable; `version` is the commit id that last changed them (0: none)."""

    __slots__ = ("_records", "_triggers", "database", "indexes", "objects", "tables", "triggers", "version", "views")
    objects: dict[int, SchemaObject]
    tables: dict[str, Table]
    views: dict[str, View]
    indexes: dict[str, Index]
    triggers: dict[str, Trigger]
    _triggers: dict[str, list[Trigger]]

    def __init__(
        self,
        records: Iterable[tuple[int, Record]] = (),
        version: int = 0,
        database: str = "main",
        near: Schema | None = None,
    ) -> None:
        """`near` is the schema of a catalog that shares most of its records: what it made of them is taken over. Where
        definitions only came or went, as nearly always, a copy of its dictionaries is changed; that is quick among thousands of
        definitions too."""
        self.version = version
        self.database = database
        self._records = dict(records)
        known = {} if near is None else near._records
        others = [oid for oid, record in self._records.items() if known.get(oid) is not record]
        others = [oid for oid in others if known.get(oid) != self._records[oid]]  # it may have been read anew
        if near is not None and known and _follows[0] and (not others or others[0] > next(reversed(known))):
            self._follow(near, others, known.keys() - self._records.keys())
            return
        old = {} if near is None else near.objects
        new = set(others)
        self.arrange(
            {oid: decode_object(oid, record) if oid in new else old[oid] for oid, record in self._records.items()}
        )

    def _follow(self, near: Schema, added: list[int], gone: Set[int]) -> None:
        """Hold what `near` does but for these: `added` are later than all of its objects."""
        self.objects, self.tables, self.views = dict(near.objects), dict(near.tables), dict(near.views)
        self.indexes, self.triggers, self._triggers = dict(near.indexes), dict(near.triggers), dict(near._triggers)
        indexed: dict[str, list[Index]] = {}  # the new indexes by table, and the tables that have lost one
        for oid in gone:
            item = self.objects.pop(oid)
            del self._by_name(item)[fold(item.name)]
            if isinstance(item, Index):
                indexed[fold(item.table)] = []
            elif isinstance(item, Trigger) and item.on is None:
                left = [other for other in self._triggers[fold(item.table)] if other is not item]
                if left:
                    self._triggers[fold(item.table)] = left
                else:
                    del self._triggers[fold(item.table)]
        for oid in added:
            item = self.objects[oid] = decode_object(oid, self._records[oid])
            self._by_name(item)[fold(item.name)] = item
            if isinstance(item, Index):
                indexed.setdefault(fold(item.table), []).append(item)
            elif isinstance(item, Trigger) and item.on is None:
                self._triggers[fold(item.table)] = [item, *self._triggers.get(fold(item.table), ())]
        for name, new in indexed.items():
            table = self.tables.get(name)
            if table is not None:
                kept = [index for index in table.indexes if index.id not in gone]
                self.objects[table.id] = self.tables[name] = replace(table, indexes=(*kept, *new))

    def _by_name(self, item: SchemaObject) -> dict[str, Any]:
        """The dictionary of the definitions of its kind."""
        kinds: dict[type, dict[str, Any]] = {
            Table: self.tables, Index: self.indexes, Trigger: self.triggers, View: self.views
        }  # fmt: skip
        return kinds[item.__class__]

    def arrange(self, objects: dict[int, SchemaObject]) -> None:
        """Hold these objects. Only while it is made."""
        self.objects = objects
        self.tables, self.views, self.indexes, self.triggers, self._triggers = {}, {}, {}, {}, {}
        by_table: dict[str, list[Index]] = {}
        for item in self.objects.values():
            if isinstance(item, Index):
                self.indexes[fold(item.name)] = item
                by_table.setdefault(fold(item.table), []).append(item)
            elif isinstance(item, Trigger):
                self.triggers[fold(item.name)] = item
                if item.on is None:
                    self._triggers.setdefault(fold(item.table), []).insert(0, item)
        for oid, item in list(self.objects.items()):
            if isinstance(item, Table):
                indexes = tuple(by_table.get(fold(item.name), ()))
                table = item if item.indexes == indexes else replace(item, indexes=indexes)
                self.objects[oid] = self.tables[fold(item.name)] = table
            elif isinstance(item, View):
                self.views[fold(item.name)] = item

    def table(self, name: str) -> Table | None:
        """The table of that name, or None."""
        return self.tables.get(fold(name))

    def view(self, name: str) -> View | None:
        """The view of that name, or None."""
        return self.views.get(fold(name))

    def index(self, name: str) -> Index | None:
        """The index of that name, or None."""
        return self.indexes.get(fold(name))

    def trigger(self, name: str) -> Trigger | None:
        """The trigger of that name, or None."""
        return self.triggers.get(fold(name))

    def triggers_on(self, table: str) -> list[Trigger]:
        """The triggers of a table or view, the latest first."""
        return self._triggers.get(fold(table), [])

    @property
    def fires(self) -> bool:
        """Has any table or view of it triggers?"""
        return bool(self._triggers)

    def under(self, database: str) -> Schema:
        """The same definitions in a database of that name."""
        made = Schema((), self.version, database)
        for name in ("objects", "tables", "views", "indexes", "triggers", "_triggers"):
            setattr(made, name, getattr(self, name))
        return made

    def with_triggers(self, others: Iterable[Trigger]) -> Schema:
        """The same definitions, with triggers of temp on its tables and views; these fire first, the earliest before others."""
        made = self.under(self.database)
        made._triggers = dict(self._triggers)
        for trigger in reversed(list(others)):
            key = fold(trigger.table)
            made._triggers[key] = [trigger, *made._triggers.get(key, ())]
        return made

    # --- several databases in one connection (`storage.schemas`); alone it is main

    def named(self, database: str) -> Schema | None:
        """The schema of a database of the connection, by its name."""
        name = fold(database)
        return self if name in ("main", self.database) else NO_TEMP if name == "temp" else None

    def holding(self, name: str) -> Schema:
        """The schema in which an unqualified table or view is found; main's if it is nowhere."""
        return self

    def owner(self, table: Table) -> Schema:
        """The schema that a table is from."""
        return self

    def owner_of_tree(self, tree: int) -> Schema:
        """The schema that a tree is from."""
        return self

    def rows(self) -> Iterator[tuple[str, str, str, int, str | None]]:
        """The rows of `sqlite_master`, in creation order: type, name, tbl_name, rootpage (the tree id), sql."""
        for item in self.objects.values():
            table = item.name if isinstance(item, Table | View) else item.table
            if isinstance(item, Index) and item.origin == "pk" and self.tables[fold(table)].without_rowid:
                continue  # the table itself, for SQLite
            yield _KINDS[item.__class__], item.name, table, getattr(item, "tree", 0) & LOCAL_ID, item.sql


NO_TEMP: Final = Schema(database="temp")
