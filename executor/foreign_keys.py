"""Enforcing foreign keys: counting violations row by row, and carrying out actions.

Method, as SQLite's
    Violations are counted, not looked for at the end. A row that is written asks for its parent: a child key without one adds
    a violation, a child row that goes away without ever having had one takes it back. A parent row that goes away adds one for
    each child it leaves behind; one that comes takes back those of the children that were waiting for it. Keys with a NULL
    count for nothing. Where the count is zero there is nothing to take back, and nobody is asked.

    ===========  ===================================================  =======================================================
    kind         counted in                                           more than zero is ``FOREIGN KEY constraint failed``
    ===========  ===================================================  =======================================================
    immediate    `session.violations`, from zero for each statement   at the end of the statement
    deferred     the transaction (`Transaction.count_violation`)      at COMMIT, which fails and leaves the transaction open
    ===========  ===================================================  =======================================================

    Under ``PRAGMA defer_foreign_keys`` immediate ones count like deferred ones until the transaction ends.

    Actions (CASCADE, SET NULL, SET DEFAULT, RESTRICT) are statements over OLD and NEW (`programs`), run after the row was
    deleted or updated; those of an UPDATE only if the parent key really is another one. The children that they change take
    their violations back by themselves.

Concurrency (INV-V7)
    The parent that was found is a point of the read set, so whoever deletes it and whoever inserts its child cannot both
    commit; one that was not found by its rowid is a point too, else the index is read as a whole. Looking for children reads
    their table.

Example: ``INSERT INTO c VALUES (7)`` with x REFERENCES p(id), an INTEGER PRIMARY KEY: one look-up of rowid 7 in p, and
    (tree of p, 7) noted.

`foreign_key_check` looks at the rows that are there, for the PRAGMA of that name.

What it does not do: find the keys' indexes (`planner.foreign_keys`), call itself (`hooks`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from math import inf
from typing import Any, Final

from aerodb_dbapi.executor.constraints import failure
from aerodb_dbapi.executor.planning import bind_text
from aerodb_dbapi.executor.programs import HooksFor, Program, Steps, drive, enter, leave
from aerodb_dbapi.executor.runtime import rowid_key
from aerodb_dbapi.indexes.keys import ascending_part, fold_of, probe_part
from aerodb_dbapi.planner import foreign_keys as keys
from aerodb_dbapi.planner.foreign_keys import NO_ACTION, Reference
from aerodb_dbapi.planner.query import InsertStatement, Statement, UpdateStatement
from aerodb_dbapi.planner.scope import table_entry
from aerodb_dbapi.storage.catalog import ForeignKey, Schema, Table
from aerodb_dbapi.storage.errors import IntegrityError, OperationalError
from aerodb_dbapi.storage.values import affinity_function

Row = tuple[Any, ...]
FAILED: Final = "FOREIGN KEY constraint failed"
NO_PARENT: Final = object()  # a key that no parent can have


def violated(name: str = "SQLITE_CONSTRAINT_FOREIGNKEY") -> IntegrityError:
    """The error of a foreign key."""
    return failure(FAILED, name, "ABORT", 0)


def _count(session: Any, transaction: Any, key: ForeignKey, change: int) -> None:
    if session.defer_foreign_keys:
        transaction.count_violation(0, change)
    elif key.deferred:
        transaction.count_violation(change, 0)
    else:
        session.violations += change


def _none_outstanding(session: Any, transaction: Any, key: ForeignKey) -> bool:
    if transaction.deferred_immediate:
        return False
    return not (transaction.deferred if key.deferred else session.violations)


class ChildKey:
    """A foreign key from the side of its child table: does a row have a parent?"""

    __slots__ = ("converters", "key", "parts", "positions", "reference", "tree")

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.key = reference.key
        self.positions = [child for child, _ in reference.pairs]
        self.tree = reference.parent.tree if reference.index is None else reference.index.tree
        self.parts = () if reference.index is None else reference.index.columns
        self.converters = [affinity_function(reference.parent.columns[p].affinity) for _, p in reference.pairs]

    def probe(self, row: Row) -> Any:
        """What the parent's tree is searched for: a rowid or the prefix of an index key; None if a value is NULL."""
        values = [row[position] for position in self.positions]
        if None in values:
            return None
        if self.reference.index is None:
            rowid = rowid_key(values[0])
            return NO_PARENT if rowid is None else rowid
        prefix: list[Any] = []
        for value, convert, part in zip(values, self.converters, self.parts):
            prefix += probe_part(value if convert is None else convert(value), part)
        return tuple(prefix)

    def is_own_parent(self, rowid: int, row: Row) -> bool:
        """Does the row refer to itself?"""
        if not self.reference.is_own:
            return False
        if self.reference.index is None:
            return rowid_key(row[self.positions[0]]) == rowid
        return all(row[child] == row[parent] for child, parent in self.reference.pairs)

    def has_parent(self, transaction: Any, probe: Any) -> bool:
        """Is there a parent? The answer is noted as read."""
        if probe is NO_PARENT:
            return False
        if self.reference.index is None:
            transaction.note_point(self.tree, probe)
            return transaction.get(self.tree, probe) is not None
        entry = transaction.writer(self.tree).find_prefix(probe)
        if entry is None:
            transaction.note_read((self.tree,))
            return False
        transaction.note_point(self.tree, entry)
        return True

    def removed(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """The row goes away: a violation that it was goes with it."""
        if _none_outstanding(session, transaction, self.key):
            return
        probe = self.probe(row)
        if probe is not None and not self.has_parent(transaction, probe):
            _count(session, transaction, self.key, -1)

    def added(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """The row comes."""
        probe = self.probe(row)
        if probe is None or self.is_own_parent(rowid, row) or self.has_parent(transaction, probe):
            return
        _count(session, transaction, self.key, 1)


class OrphanKey:
    """The key of a table that is dropped while its parent table does not exist: as if that were empty."""

    def __init__(self, key: ForeignKey) -> None:
        self.key = key

    def removed(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """The row goes away, and with it a violation."""
        if None not in [row[position] for position in self.key.columns]:
            _count(session, transaction, self.key, -1)

    def added(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """A table that is dropped gets no rows."""


class ParentKey:
    """A foreign key from the side of its parent table: who refers to a row, and what becomes of them."""

    __slots__ = ("_action", "_new", "_old", "action", "event", "folds", "key", "positions", "reference")

    def __init__(self, reference: Reference, event: str, schema: Schema, hooks_for: HooksFor) -> None:
        self.reference = reference
        self.key = key = reference.key
        self.event = event
        self.action = key.on_update if event == "update" else key.on_delete
        self.positions = [parent for _, parent in reference.pairs]
        self.folds = [fold_of(reference.parent.columns[position].collation) for position in self.positions]
        entry = table_entry(-1, "", reference.parent)
        self._old = Program(keys.scan_text(reference, "old"), [("old", entry)], schema, hooks_for, typed=True)
        self._new = Program(keys.scan_text(reference, "new"), [("new", entry)], schema, hooks_for, typed=True)
        self._action: Program | None = None
        if self.action != NO_ACTION:
            rows = [("old", entry), ("new", entry)] if event == "update" else [("old", entry)]
            adapt = self._with_defaults if self.action == "SET DEFAULT" else None
            self._action = Program(keys.action_text(reference, self.action, event), rows, schema, hooks_for, adapt)

    def _with_defaults(self, session: Any, statement: Statement) -> None:
        assert isinstance(statement, UpdateStatement)
        text = f"INSERT INTO {keys.quoted(statement.table.name)} DEFAULT VALUES"
        insert = bind_text(session, text, self._old.schema)
        assert isinstance(insert, InsertStatement)
        statement.assignments = [(p, insert.defaults.get(p, value)) for p, value in statement.assignments]

    def _children(self, session: Any, transaction: Any, program: Program, rowid: int, row: Row) -> int:
        if None in [row[position] for position in self.positions]:
            return 0
        count: int = next(program.select(session, transaction, (rowid, *row)))[0]
        return count

    def removed(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """The row goes away: its children are violations."""
        count = self._children(session, transaction, self._old, rowid, row)
        if count:
            _count(session, transaction, self.key, count)

    def added(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """The row comes: children that waited for it are violations no more."""
        if not _none_outstanding(session, transaction, self.key):
            count = self._children(session, transaction, self._new, rowid, row)
            if count:
                _count(session, transaction, self.key, -count)

    def _is_same(self, old: Row, new: Row) -> bool:
        """Is the parent key still the same, under its collation?"""
        return all(
            ascending_part(old[p + 1], fold) == ascending_part(new[p + 1], fold)
            for p, fold in zip(self.positions, self.folds)
        )

    def act(self, session: Any, transaction: Any, old: Row, new: Row | None) -> Steps:
        """What ON DELETE or ON UPDATE says. `old` and `new` are (rowid, column, …)."""
        program = self._action
        if program is None or (new is not None and self._is_same(old, new)):
            return
        params = old if new is None else old + new
        if self.action == "RESTRICT":
            if session.defer_foreign_keys:
                return
            if next(program.select(session, transaction, params), None) is not None:
                raise violated("SQLITE_CONSTRAINT_TRIGGER")
            return
        kept = session.changes
        enter(session)
        try:
            yield program.change(session, transaction, params)
        finally:
            leave(session)
            session.changes = kept


class TableKeys:
    """The foreign keys that a kind of statement on a table has to do with."""

    __slots__ = ("both", "parents", "rewrites")

    def __init__(self, children: Sequence[ChildKey | OrphanKey], parents: Sequence[ParentKey], rewrites: bool) -> None:
        self.both: list[ChildKey | OrphanKey | ParentKey] = [*children, *parents]
        self.parents = [parent for parent in parents if parent.action != NO_ACTION]
        self.rewrites = rewrites  # an UPDATE takes the old row out before it looks for the new one's parent

    def removed(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """Before a row is taken out."""
        for key in self.both:
            key.removed(session, transaction, rowid, row)

    def added(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """Before a row is put in."""
        for key in self.both:
            key.added(session, transaction, rowid, row)

    def added_alone(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """Before the only row of a statement is put in: nothing that comes after can make a violation good."""
        for key in self.both:
            if not isinstance(key, ParentKey) or key.key.deferred or session.defer_foreign_keys:
                key.added(session, transaction, rowid, row)
                if session.violations > 0:
                    raise violated()

    def act(self, session: Any, transaction: Any, old: Row, new: Row | None = None) -> Steps:
        """After a row was deleted or updated."""
        for parent in self.parents:
            yield parent.act(session, transaction, old, new)


def keys_for(
    schema: Schema,
    table: Table,
    event: str,
    hooks_for: HooksFor,
    assigned: Container[int] | None = None,
    alone: bool = False,
) -> TableKeys | None:
    """What INSERT, DELETE or UPDATE (of the positions `assigned`) on a table must check; None if nothing. `alone`: an INSERT of
    one row, which can neither break nor mend immediate keys that refer to it, so these need not be right."""
    own, others = keys.keys_of(table), keys.keys_to(schema, table)
    rewrites, referring = False, others
    if assigned is not None:
        changed = [key for key in own if keys.child_is_changed(table, key, assigned)]
        concerned = [(child, key) for child, key in others if keys.parent_is_changed(table, key, assigned)]
        if not changed and not concerned:
            return None
        others = concerned
        rewrites = any(schema.table(key.table) is table for key in changed)
        own = tuple(key for key in own if key in changed or schema.table(key.table) is table)
    if not own and not others:
        return None
    children = [ChildKey(keys.resolve(schema, table, key)) for key in own]
    if alone:
        others = [(child, key) for child, key in others if key.deferred or keys.resolve_in(child, key, table)]
    parents = [ParentKey(keys.resolve(schema, child, key), event, schema, hooks_for) for child, key in others]
    if assigned is not None:
        for child, key in referring:  # as in SQLite, an UPDATE that changes a key looks at all of them
            keys.resolve(schema, child, key)
    return TableKeys(children, parents, rewrites or any(parent.action != NO_ACTION for parent in parents))


def empty_for_drop(
    session: Any, transaction: Any, table: Table, hooks_for: HooksFor, remove: Callable[[int], None]
) -> None:
    """What DROP TABLE does first: delete all rows, for the sake of those that refer to them. Keys that cannot be resolved are
    passed over. `remove` deletes a row with its index entries."""
    schema: Schema = transaction.schema
    others = keys.keys_to(schema, table)
    if not others:
        waits = any(key.deferred for key in table.foreign_keys) or session.defer_foreign_keys
        if not waits or not (transaction.deferred or transaction.deferred_immediate):
            return
    found = [(child, key, keys.resolve_in(child, key, table)) for child, key in others]
    parents = [ParentKey(reference, "delete", schema, hooks_for) for _, _, reference in found if reference is not None]
    children: list[ChildKey | OrphanKey] = []
    for key in keys.keys_of(table):
        parent = schema.table(key.table)
        reference = None if parent is None else keys.resolve_in(table, key, parent)
        if reference is not None:
            children.append(ChildKey(reference))
        elif parent is None:
            children.append(OrphanKey(key))
    checks = TableKeys(children, parents, False)
    session.violations = 0
    rows = list(transaction.trees[table.tree].scan())
    for rowid, row in rows:
        if transaction.get(table.tree, rowid) is None:
            continue
        checks.removed(session, transaction, rowid, row)
        remove(rowid)
        drive(checks.act(session, transaction, (rowid, *row)))
    if session.violations > 0:
        session.changes = 0
        raise violated()
    session.changes = len(rows)
    if session.transaction is not None or not (transaction.deferred or transaction.deferred_immediate):
        session.total_changes += len(rows)  # else the commit that follows fails


def foreign_key_check(session: Any, name: str | None) -> list[tuple[Any, ...]]:
    """PRAGMA foreign_key_check: the rows without a parent, of one table or all: (table, rowid, parent, number of the key)."""
    schema: Schema = session.schema
    if name is None:
        tables = list(reversed(schema.tables.values()))
    else:
        table = schema.table(name)
        if table is None:
            raise OperationalError(f"no such table: {name}")
        tables = [table]
    found: list[tuple[Any, ...]] = []
    for table in tables:
        checks = [_orphan_test(schema, session.trees, table, key) for key in keys.keys_of(table)]
        for rowid, row in session.trees[table.tree].scan() if checks else ():
            found += [
                (table.name, None if table.without_rowid else rowid, key.table, number)
                for number, (key, is_orphan) in enumerate(zip(keys.keys_of(table), checks))
                if is_orphan(row)
            ]
    return found


def _orphan_test(schema: Schema, trees: Any, table: Table, key: ForeignKey) -> Callable[[Row], bool]:
    """Is a row of the table without the parent that the key asks for?"""
    if schema.table(key.table) is None:
        return lambda row: None not in [row[position] for position in key.columns]
    child = ChildKey(keys.resolve(schema, table, key))
    tree = trees[child.tree]
    if child.reference.index is None:
        return lambda row: (probe := child.probe(row)) is not None and (probe is NO_PARENT or tree.get(probe) is None)
    return lambda row: (probe := child.probe(row)) is not None and not tree.count(probe, False, (*probe, inf))
