"""What a statement on a table does around each row beyond writing it: triggers and foreign keys.

`hooks_for(session, schema, statement)` gives None for nearly every statement: its generated code is then what it is without
any of this. Otherwise the functions of `Hooks` are bound into the generated code, which goes row by row:

    INSERT    before_insert · added · put · inserted                             REPLACE: `remove` for each row in the way
    UPDATE    before_update · removed · take out what changes · added · put · updated    the same
    DELETE    before_delete · removed · delete · deleted

What is called before says whether the row is still to be written. What may run triggers or actions of foreign keys gives a
generator, which the statement yields (`programs`); one whose hooks only look at keys (`nests` is False) is a plain function. Rows that
a hook may have changed meanwhile are read again before their turn, and skipped when they are gone.

`guarded` is the outermost call of such a statement: it counts violations of immediate foreign keys from zero, and fails if any
are left at its end. A statement that fails is undone by the session, with all that was done inside it (INV-D4).

Example: under ``PRAGMA foreign_keys = ON``, ``DELETE FROM p`` of a table that c refers to calls `removed` and `deleted` for each
row; without it, it is the same bulk deletion as ever.

What it does not do: know how keys are checked (`foreign_keys`) or triggers fire (`triggers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aerodb_dbapi.executor.constraints import remove_row, resolution_of, resolve, rowid_of, strict_or_null
from aerodb_dbapi.executor.dml_insert import keepers_of, value_function
from aerodb_dbapi.executor.foreign_keys import TableKeys, empty_for_drop, keys_for, violated
from aerodb_dbapi.executor.planning import bind_text
from aerodb_dbapi.executor.programs import TOO_DEEP, Steps, drive
from aerodb_dbapi.executor.triggers import TableTriggers, check_programs, triggers_for
from aerodb_dbapi.planner.bind_stored import dependency_order
from aerodb_dbapi.planner.foreign_keys import quoted
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    Statement,
    UpdateStatement,
    Values,
    ViewStatement,
)
from aerodb_dbapi.planner.scope import table_entry
from aerodb_dbapi.storage.catalog import Index, Schema, Table
from aerodb_dbapi.storage.errors import DatabaseError, OperationalError
from aerodb_dbapi.storage.values import affinity_function

Row = tuple[Any, ...]
Run = Callable[[Any, Any, Row], tuple[int, Any]]


class Hooks:
    """Calls around each row of one statement."""

    __slots__ = ("converters", "deletion", "generated", "keys", "rowid_alias", "triggers", "upserts")

    def __init__(
        self, table: Table, keys: TableKeys | None, triggers: TableTriggers | None, deletion: Hooks | None
    ) -> None:
        self.keys = keys
        self.triggers = triggers
        self.deletion = deletion  # for rows that REPLACE deletes
        self.upserts: list[Hooks | None] = []  # for the rows that clauses of ON CONFLICT update
        self.rowid_alias = table.rowid_alias
        self.converters = [
            strict_or_null(table, i) if table.strict else affinity_function(column.affinity)
            for i, column in enumerate(table.columns)
        ]
        self.generated: list[
            tuple[int, Callable[[int, Row], Any]]
        ] = []  # the columns that BEFORE triggers see computed

    @property
    def nests(self) -> bool:
        """May a row set off further statements?"""
        if self.triggers is not None or (self.keys is not None and self.keys.parents):
            return True
        return (self.deletion is not None and self.deletion.nests) or any(
            u.nests for u in self.upserts if u is not None
        )

    @property
    def rechecks(self) -> bool:
        """May triggers of a row that REPLACE deleted have put another in the way?"""
        return self.deletion is not None and self.deletion.triggers is not None

    @property
    def comes_before(self) -> bool:
        """Are there BEFORE triggers?"""
        return self.triggers is not None and bool(self.triggers.before)

    @property
    def comes_after(self) -> bool:
        """Are there AFTER triggers?"""
        return self.triggers is not None and bool(self.triggers.after)

    def _converted(self, row: Row, rowid: int) -> Row:
        made = [value if convert is None else convert(value) for value, convert in zip(row, self.converters)]
        if self.rowid_alias is not None:
            made[self.rowid_alias] = rowid
        for position, compute in self.generated:
            value, convert = compute(rowid, tuple(made)), self.converters[position]
            made[position] = value if convert is None else convert(value)
        return tuple(made)

    def before_insert(self, session: Any, transaction: Any, rowid: Any, row: Row) -> Steps:
        """Before a row is looked at; its values are as given, the rowid may be None."""
        assert self.triggers is not None
        rowid = -1 if rowid is None else rowid_of(rowid)
        return self.triggers.fire_before(session, transaction, (rowid, *self._converted(row, rowid)))

    def before_update(
        self, session: Any, transaction: Any, rowid: int, row: Row, new_rowid: int, new_row: Row
    ) -> Steps:  # fmt: skip
        """Before the new row is looked at; its values are as given."""
        assert self.triggers is not None
        params = (rowid, *row, new_rowid, *self._converted(new_row, new_rowid))
        return self.triggers.fire_before(session, transaction, params)

    def before_delete(self, session: Any, transaction: Any, rowid: int, row: Row) -> Steps:
        """Before a row is deleted."""
        assert self.triggers is not None
        return self.triggers.fire_before(session, transaction, (rowid, *row))

    def inserted(self, session: Any, transaction: Any, rowid: int, row: Row) -> Steps:
        """After a row was inserted."""
        return self._after(session, transaction, (rowid, *row), None, ())

    def _after(self, session: Any, transaction: Any, old: Row, new: Row | None, parents: Sequence[Any]) -> Steps:
        for parent in parents:
            yield parent.act(session, transaction, old, new)
        if self.triggers is not None and self.triggers.after:
            yield self.triggers.fire_after(session, transaction, old if new is None else old + new)

    @property
    def _parents(self) -> Sequence[Any]:
        return self.keys.parents if self.keys is not None else ()

    @property
    def rewrites(self) -> bool:
        """Must an UPDATE take the old row out before it puts the new one in?"""
        return self.keys is not None and self.keys.rewrites

    def removed(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """Before a row is taken out."""
        if self.keys is not None:
            self.keys.removed(session, transaction, rowid, row)

    def added(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """Before a row is put in."""
        if self.keys is not None:
            self.keys.added(session, transaction, rowid, row)

    def added_alone(self, session: Any, transaction: Any, rowid: int, row: Row) -> None:
        """The same for the only row of an INSERT: a violation need not wait for the end of the statement."""
        if session.depth or self.deletion is not None or self.keys is None or self.triggers is not None:
            self.added(session, transaction, rowid, row)
        else:
            self.keys.added_alone(session, transaction, rowid, row)

    def deleted(self, session: Any, transaction: Any, rowid: int, row: Row) -> Steps:
        """After a row was deleted."""
        return self._after(session, transaction, (rowid, *row), None, self._parents)

    def updated(
        self, session: Any, transaction: Any, rowid: int, row: Row, new_rowid: int, new_row: Row
    ) -> Steps:  # fmt: skip
        """After a row was updated."""
        return self._after(session, transaction, (rowid, *row), (new_rowid, *new_row), self._parents)

    def remove(self, session: Any, transaction: Any, tree: int, rowid: int, keepers: Any) -> None:
        """Delete a row that is in the way of another, where nothing more can follow from it."""
        row = transaction.get(tree, rowid)
        if row is not None and self.deletion is not None:
            self.deletion.removed(session, transaction, rowid, row)
        remove_row(transaction, tree, rowid, keepers)

    def remove_nested(self, session: Any, transaction: Any, tree: int, rowid: int, keepers: Any) -> Steps:
        """Delete a row that is in the way of another."""
        row = transaction.get(tree, rowid)
        hooks = self.deletion
        if row is None or hooks is None:
            remove_row(transaction, tree, rowid, keepers)
            return
        fires = hooks.triggers is not None and session.settings.get("recursive_triggers")
        if fires and hooks.comes_before and not (yield hooks.before_delete(session, transaction, rowid, row)):
            return
        hooks.removed(session, transaction, rowid, row)
        remove_row(transaction, tree, rowid, keepers)
        for parent in hooks._parents:
            yield parent.act(session, transaction, (rowid, *row), None)
        if fires:
            yield hooks.inserted(session, transaction, rowid, row)


def hooks_for(session: Any, schema: Schema, statement: Statement) -> Any:
    """The hooks of a statement, or None; of one on a view its triggers."""
    if isinstance(statement, ViewStatement):
        return _instead_of(session, schema, statement)
    if not isinstance(statement, InsertStatement | UpdateStatement | DeleteStatement):
        return None
    table = statement.table
    schema = schema.owner(table)
    if not session.foreign_keys and not schema.fires:
        return None
    if isinstance(statement, DeleteStatement):
        return _deletion(session, schema, table)
    deletion = None
    if _replaces(statement):
        # The rows that it deletes fire triggers only if these recur, with REPLACE in all that they do.
        fires = bool(session.settings.get("recursive_triggers"))
        deletion = _deletion(session, schema, table, "REPLACE", fires)
    if isinstance(statement, InsertStatement):
        single = isinstance(statement.query, Values) and statement.query.is_alone
        alone = single and deletion is None and not statement.upserts and statement.returning is None
        found = _hooks(session, schema, table, "insert", None, alone, statement.conflict, deletion)
        _compute(found, statement, statement.row_id)
        updates = [hooks_for(session, schema, u.update) if u.update else None for u in statement.upserts]
        if not any(updates):
            return found
        made = Hooks(table, None, None, None) if found is None else Hooks(table, found.keys, found.triggers, deletion)
        made.upserts, made.generated = updates, [] if found is None else found.generated
        return made
    assigned = frozenset({position for position, _ in statement.assignments} | statement.generated.keys())
    found = _hooks(session, schema, table, "update", assigned, False, statement.conflict, deletion)
    _compute(found, statement, statement.new_id)
    return found


def _instead_of(session: Any, schema: Schema, statement: ViewStatement) -> TableTriggers | None:
    table, whole = statement.table, schema if session.others is None else session.schema
    assigned = frozenset(statement.targets) if statement.event == "update" else None
    entry = table_entry(-1, "", table)
    found = triggers_for(
        schema.owner(table), table, entry, statement.event, statement.conflict, hooks_for, assigned, whole
    )
    if found is not None:
        check_programs(session, found)
    return found


def _compute(hooks: Hooks | None, statement: InsertStatement | UpdateStatement, source: int) -> None:
    """Let BEFORE triggers see generated columns; the statement knows them over a source."""
    if hooks is not None and hooks.comes_before and not hooks.generated and statement.generated:
        table = statement.table
        hooks.generated = [
            (position, value_function(statement.generated[position], source, table))
            for position in dependency_order(table, statement.generated)
        ]


def _hooks(
    session: Any,
    schema: Schema,
    table: Table,
    event: str,
    assigned: frozenset[int] | None,
    alone: bool,
    conflict: str,
    deletion: Hooks | None,
    checks: bool = True,
) -> Hooks | None:
    """The hooks of a kind of statement: one object for all statements of the kind, so that programs are compiled once. `checks`: the
    names in triggers are looked up."""
    known, place = session.statements.hooks, (table.id, event, assigned, alone, conflict, deletion is None, checks)
    whole = schema if session.others is None else session.schema
    made: tuple[Schema, Hooks | None] | None = known.get(place)
    if made is None or made[0] is not whole:
        keys = keys_for(schema, table, event, hooks_for, assigned, alone) if session.foreign_keys else None
        entry = table_entry(-1, "", table)
        triggers = triggers_for(schema, table, entry, event, conflict, hooks_for, assigned, whole)
        none = keys is None and triggers is None and deletion is None
        made = known[place] = (whole, None if none else Hooks(table, keys, triggers, deletion))
        if triggers is not None and checks:
            check_programs(session, triggers)
    return made[1]


def _deletion(session: Any, schema: Schema, table: Table, conflict: str = "", checks: bool = True) -> Hooks | None:
    return _hooks(session, schema, table, "delete", None, False, conflict, None, checks)


def _replaces(statement: InsertStatement | UpdateStatement) -> bool:
    """May the statement delete rows that are in its way? An UPDATE is in the way of others by keys that it changes, and no statement by
    a rowid that it does not name."""
    table = statement.table
    if isinstance(statement, InsertStatement):
        named = statement.targets
    else:
        named = [position for position, _ in statement.assignments]
    kinds = [index.conflict for index in table.indexes if index.unique and _is_written(statement, index)]
    if -1 in named or table.rowid_alias in named:
        kinds.append(table.rowid_conflict)
    return "REPLACE" in [resolve(statement.conflict, kind) for kind in kinds]


def _is_written(statement: InsertStatement | UpdateStatement, index: Index) -> bool:
    """May the statement give an index another entry?"""
    if isinstance(statement, InsertStatement) or index.where is not None:
        return True
    changed = {position for position, _ in statement.assignments} | statement.generated.keys()
    return any(column.position < 0 or column.position in changed for column in index.columns)


def guarded(run: Run) -> Run:
    """The outermost call of a statement that has hooks."""

    def guard(session: Any, transaction: Any, params: Row) -> tuple[int, Any]:
        outer, depth, running = session.violations, session.depth, session.running
        session.violations, session.running = 0, []
        try:
            result: Any = run(session, transaction, params)
            if result.__class__ is not tuple:
                result = drive(result)
            if session.violations > 0:
                raise violated()
            return result
        except DatabaseError as error:
            if session.violations > 0 and resolution_of(error) == "FAIL":
                raise violated() from None
            raise
        except RecursionError:
            raise OperationalError(TOO_DEEP) from None
        finally:
            session.violations, session.depth, session.running = outer, depth, running
            if session.transaction is None:
                session.defer_foreign_keys = False

    return guard


def before_drop(session: Any, transaction: Any, table: Table) -> None:
    """What DROP TABLE does to the rows of other tables."""
    if not session.foreign_keys:
        return
    bound = bind_text(session, f"DELETE FROM {quoted(table.name)}", transaction.schema)
    assert isinstance(bound, DeleteStatement)
    keepers = keepers_of(table, bound.index_filters, bound.row_id, bound.index_values)

    def remove(rowid: int) -> None:
        remove_row(transaction, table.tree, rowid, keepers)

    empty_for_drop(session, transaction, table, hooks_for, remove)
