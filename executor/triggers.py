"""Triggers: which fire for a statement, in which order, and what running one means.

Firing, as SQLite's
    For each row: BEFORE triggers, the change with its foreign keys and their actions, AFTER triggers; of several the one created
    last comes first. UPDATE OF fires if one of its columns is assigned. A trigger that is running already does not fire again,
    unless ``PRAGMA recursive_triggers`` is on. Rows that REPLACE deletes fire DELETE triggers only if it is on, too. Where
    `Connection.setconfig` has switched triggers off, those in temp alone fire.

Running
    The WHEN condition and each statement of the body are `Program`s over OLD and NEW. An OR clause of the statement that fired the
    trigger overrides those in the body. RAISE(IGNORE) leaves out the rest of the row; other RAISEs are errors that undo what their
    word says. changes() and last_insert_rowid() are what they were when the trigger ends; total_changes() counts what it did.

BEFORE sees the row before constraints are tested, with affinities applied; a rowid that is not yet known is -1. What a BEFORE
trigger does to the row itself counts: an UPDATE or DELETE reads it again, and skips it if it is gone.

Example: ``CREATE TRIGGER x AFTER DELETE ON t WHEN OLD.a > 5 BEGIN INSERT INTO gone VALUES (OLD.a); END`` is two programs:
    ``SELECT 1 WHERE (OLD.a > 5)`` and the INSERT.

What it does not do: call itself (`hooks`), define triggers (`ddl`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aerodb_dbapi.executor.functions.system import IgnoreRow
from aerodb_dbapi.executor.programs import HooksFor, Program, Steps, enter
from aerodb_dbapi.planner.bind_rows import ROWS
from aerodb_dbapi.planner.parse import parse
from aerodb_dbapi.planner.query import InsertStatement, Statement, UpdateStatement, ViewStatement
from aerodb_dbapi.planner.rename import WHEN_BEFORE
from aerodb_dbapi.planner.scope import Entry
from aerodb_dbapi.storage.catalog import NUMBER_SHIFT, Schema, Table, Trigger, fold
from aerodb_dbapi.storage.errors import DatabaseError, OperationalError
from aerodb_dbapi.storage.schemas import TEMP

Row = tuple[Any, ...]


class TriggerProgram:
    """A trigger, compiled when it first fires. `conflict` is the OR clause of the statements that fire it."""

    __slots__ = ("steps", "trigger", "when")

    def __init__(self, trigger: Trigger, entry: Entry, conflict: str, schema: Schema, hooks_for: HooksFor) -> None:
        self.trigger = trigger
        rows = [(name, entry) for name in ROWS[trigger.event]]

        def override(session: Any, statement: Statement) -> None:
            if conflict and isinstance(statement, InsertStatement | UpdateStatement | ViewStatement):
                statement.conflict = conflict

        def program(text: str) -> Program:
            return Program(parse(text, in_trigger=True), rows, schema, hooks_for, override)

        self.when = None if trigger.when is None else program(f"{WHEN_BEFORE}{trigger.when})")
        self.steps = [program(text) for text in trigger.steps]

    @property
    def programs(self) -> list[Program]:
        """All that it may run."""
        return self.steps if self.when is None else [self.when, *self.steps]

    def fire(self, session: Any, transaction: Any, params: Row) -> Steps:
        """Run for one row."""
        if session.settings.get("triggers_off") and self.trigger.id >> NUMBER_SHIFT != TEMP:
            if self.trigger.timing == "INSTEAD OF":
                raise OperationalError(f"cannot modify {self.trigger.table} because it is a view")
            return
        if self.trigger.id in session.running and not session.settings.get("recursive_triggers"):
            return
        kept = session.changes, session.last_insert_rowid
        running, level, depth = session.running, len(session.running), session.depth
        try:
            enter(session)
            running.append(self.trigger.id)
            if self.when is None or next(self.when.select(session, transaction, params), None) is not None:
                for step in self.steps:
                    if step.kind == "select":
                        for _ in step.select(session, transaction, params):
                            pass
                    else:
                        yield step.change(session, transaction, params)
        finally:
            if session.running is running:  # else interrupted, and the statement is over
                del running[level:]
                session.depth = depth
                session.changes, session.last_insert_rowid = kept


class TableTriggers:
    """The triggers of one event on a table."""

    __slots__ = ("after", "before")

    def __init__(self, before: Sequence[TriggerProgram], after: Sequence[TriggerProgram]) -> None:
        self.before = before
        self.after = after

    def fire_before(self, session: Any, transaction: Any, params: Row) -> Steps:
        """Fire what comes before a row, or in its place; gives False if the row is to be left out."""
        return _fire(self.before, session, transaction, params)

    def fire_after(self, session: Any, transaction: Any, params: Row) -> Steps:
        """Fire what comes after a row."""
        return _fire(self.after, session, transaction, params)


def _fire(programs: Sequence[TriggerProgram], session: Any, transaction: Any, params: Row) -> Steps:
    try:
        for program in programs:
            yield program.fire(session, transaction, params)
    except IgnoreRow:
        return False
    return True


def check_programs(session: Any, triggers: TableTriggers) -> None:
    """Look up the names in the bodies of triggers, and in those that these may fire. SQLite compiles triggers with the statement
    that fires them: a missing table or column is told also where no row does.

    Triggers that are found meanwhile wait in `session.unchecked` for the outermost call, so their chains may be long."""
    if session.unchecked is not None:
        session.unchecked.append(triggers)
        return
    session.unchecked = waiting = [triggers]
    seen: set[int] = set()
    try:
        while waiting:
            found = waiting.pop()
            for trigger in (*found.before, *found.after):
                if trigger.trigger.id not in seen:
                    seen.add(trigger.trigger.id)
                    for program in trigger.programs:
                        program.check(session)
    except DatabaseError:
        session.statements.hooks.clear()  # what was found meanwhile would not be looked at again
        raise
    finally:
        session.unchecked = None


def triggers_for(
    schema: Schema,
    table: Table,
    entry: Entry,
    event: str,
    conflict: str,
    hooks_for: HooksFor,
    assigned: frozenset[int] | None = None,
    whole: Schema | None = None,
) -> TableTriggers | None:
    """The triggers that INSERT, DELETE or UPDATE (of the positions `assigned`) fires; None if there are none. `whole`: the schema
    of the connection, which the bodies of TEMP triggers see."""
    found = [
        trigger
        for trigger in schema.triggers_on(table.name)
        if trigger.event == event and (assigned is None or _is_concerned(trigger, table, assigned))
    ]
    if not found:
        return None
    made = [
        TriggerProgram(trigger, entry, conflict, whole if whole and trigger.id >> NUMBER_SHIFT == TEMP else schema, hooks_for)
        for trigger in found
    ]  # fmt: skip
    before = [program for program in made if program.trigger.timing != "AFTER"]
    return TableTriggers(before, [program for program in made if program.trigger.timing == "AFTER"])


def _is_concerned(trigger: Trigger, table: Table, assigned: frozenset[int]) -> bool:
    """Does UPDATE OF name a column that is assigned?"""
    if trigger.columns is None:
        return True
    named = {fold(name) for name in trigger.columns}
    columns = [table.columns[position] for position in assigned if position >= 0]
    changed = {fold(column.name) for column in columns if column.generated is None}
    if table.rowid_alias is not None and assigned & {-1, table.rowid_alias}:
        changed.add(fold(table.columns[table.rowid_alias].name))
    return not named.isdisjoint(changed)
