"""What ALTER TABLE has to look at beside tables: the views and triggers that may name what is altered.

These are the views and triggers of the database of the table, and those of temp, which may name tables of any database. Each is
bound to find out what its names mean; one that does not bind makes the statement fail (``error in trigger x: no such column: a``). That
is asked before the alteration, so that nothing is renamed by guesswork, and again after it.

As SQLite does, the columns that an INSERT or a SET names need not exist, nor must the number of values fit: such a trigger fails when it
fires.

Example: with ``CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u WHERE a = NEW.b; END`` renaming u.a or t.b in main rewrites x.

What it does not do: texts (`planner.rename`), tables (`alter`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from aerodb_dbapi.executor.databases import outside
from aerodb_dbapi.executor.planning import trace_trigger, trace_view
from aerodb_dbapi.planner.bind_context import Reference
from aerodb_dbapi.planner.rename import Rename, renamed_trigger, renamed_view
from aerodb_dbapi.storage.catalog import Schema, Trigger, View
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.schemas import TEMP


@dataclass(slots=True)
class Dependent:
    """A view or trigger, the part of the transaction that holds it, and where it names things: of a trigger one list for its condition
    and each statement."""

    item: View | Trigger
    part: Any
    traces: list[list[Reference]]


def dependents(session: Any, transaction: Any, when: str) -> list[Dependent]:
    """All views and triggers that see the database in which the session is; an error for the first that does not bind."""
    found: list[Dependent] = []
    if session.name_inside != "temp":
        schema: Schema = transaction.schema.under(session.name_inside)  # views may name their own database
        found += [
            Dependent(item, transaction, _traces(session, item, schema, schema, when))
            for item in schema.objects.values()
            if isinstance(item, View | Trigger)
        ]
    with _whole(session, transaction) as whole:
        part = None if whole is None else whole.parts.get(TEMP)
        for item in () if part is None else part.schema.objects.values():
            if isinstance(item, View | Trigger):
                home = whole.schema.named(_home_of(item)) or whole.schema.named("temp")
                traces = _traces(session, item, home, whole.schema, when)
                near = [
                    [one for one in trace if one.database in ("", session_name(session, transaction, whole))]
                    for trace in traces
                ]
                found.append(Dependent(item, part, near))
    return found


def _home_of(item: View | Trigger) -> str:
    return "temp" if isinstance(item, View) or item.on is None else item.on


def session_name(session: Any, transaction: Any, whole: Any) -> str:
    """The name of the database whose part of the whole transaction this is."""
    number = next(number for number, part in whole.parts.items() if part is transaction)
    name: str = whole.schema.by_number[number].database
    return name


@contextmanager
def _whole(session: Any, transaction: Any) -> Iterator[Any]:
    """The transaction over all databases, the session being one of all of them; None if there is main alone."""
    with outside(session, transaction) as whole:
        yield None if whole is transaction else whole


def _traces(session: Any, item: View | Trigger, home: Schema, schema: Schema, when: str) -> list[list[Reference]]:
    kind = "view" if isinstance(item, View) else "trigger"
    try:
        if isinstance(item, View):
            return [trace_view(session, item, schema)]
        return trace_trigger(session, item, home, schema)
    except OperationalError as error:
        raise OperationalError(f"error in {kind} {item.name}{when}: {error}") from None


def rename_in(dependent: Dependent, rename: Rename) -> None:
    """Put the view or trigger with the new name in its place."""
    item = dependent.item
    if isinstance(item, View):
        sql, select = renamed_view(item, dependent.traces[0], rename)
        if sql != item.sql:
            dependent.part.put_object(item.id, replace(item, sql=sql, select=select))
        return
    new = renamed_trigger(item, dependent.traces, rename)
    if new is not item:
        dependent.part.put_object(item.id, new)


def rename_triggers_on(schema: Schema, part: Any, rename: Rename) -> None:
    """Give the triggers of a renamed table its new name, and leave their bodies and all views as they are."""
    for item in list(schema.objects.values()):
        if isinstance(item, Trigger):
            new = renamed_trigger(item, [], rename)
            if new is not item:
                part.put_object(item.id, new)
