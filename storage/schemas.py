"""The schemas of several databases in one connection: main, temp and what is attached, as one `Schema`.

Numbers
    Each database of a connection has a number: main 0, temp 1, attached ones from 2 on, in the order of attachment,
    never used twice. The ids of its trees and objects are shown to planner and executor with the number in their upper
    bits: tree 7 of database 2 is ``2 << 40 | 7``. So a statement may read and write tables of any of them, its plan and
    its generated code are as ever, and main's ids are as they are stored.

Names
    A name without a database is looked up in temp, then main, then the attached ones in their order. One with a database is
    looked up there. Definitions stored in a database (views, triggers, foreign keys) see that database alone, but for those
    in temp, which see all. A trigger of temp on a table elsewhere (`Trigger.on`) is known to the schema of that table too.

Example: main has tree 2, table t; b is database 2 and has tree 5, table u. ``MergedSchema({0: …, 2: …})`` gives for
``table("u")`` one with tree ``2 << 40 | 5``; its `owner` is the schema of b, in which ``table("t")`` is None.

Does not: know of transactions (`executor.databases`). A connection with main alone has none of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aerodb_dbapi.storage.catalog import NO_TEMP, NUMBER_SHIFT, Index, Schema, SchemaObject, Table, Trigger, View, fold

MAIN: Final = 0
TEMP: Final = 1
FIRST_ATTACHED: Final = 2


def renumbered(schema: Schema, number: int, database: str) -> Schema:
    """The schema of a database as its connection sees it."""
    if number == MAIN:
        return schema
    made = Schema((), schema.version, database)
    upper = number << NUMBER_SHIFT
    made.arrange({upper | oid: _moved(item, upper) for oid, item in schema.objects.items()})
    return made


def _moved(item: SchemaObject, upper: int) -> SchemaObject:
    if isinstance(item, Table | Index):
        return replace(item, id=upper | item.id, tree=upper | item.tree)
    return replace(item, id=upper | item.id)


class MergedSchema(Schema):
    """Schemas that `renumbered` made, by number."""

    __slots__ = ("by_number", "searched")

    def __init__(self, by_number: Mapping[int, Schema]) -> None:
        super().__init__((), by_number[MAIN].version, "")
        self.by_number = dict(by_number)
        if TEMP in by_number:
            far = [trigger for trigger in by_number[TEMP].triggers.values() if trigger.on is not None]
            for number, schema in by_number.items():
                here = [trigger for trigger in far if trigger.on == fold(schema.database) and number != TEMP]
                if here:
                    self.by_number[number] = schema.with_triggers(here)
        by_number = self.by_number
        later = [by_number[number] for number in sorted(by_number) if number >= FIRST_ATTACHED]
        self.searched = [*([by_number[TEMP]] if TEMP in by_number else []), by_number[MAIN], *later]

    def named(self, database: str) -> Schema | None:
        """The schema of a database of the connection, by its name."""
        name = fold(database)
        found = next((schema for schema in self.searched if fold(schema.database) == name), None)
        return NO_TEMP if found is None and name == "temp" else found

    def holding(self, name: str) -> Schema:
        """The schema in which an unqualified table or view is found; main's if it is nowhere."""
        key = fold(name)
        return next((s for s in self.searched if key in s.tables or key in s.views), self.by_number[MAIN])

    def holding_other(self, kind: str, name: str) -> Schema:
        """The same for an index or a trigger."""
        key = fold(name)
        held = "indexes" if kind == "index" else "triggers"
        return next((schema for schema in self.searched if key in getattr(schema, held)), self.by_number[MAIN])

    def owner(self, table: Table) -> Schema:
        """The schema that a table is from."""
        return self.by_number[table.tree >> NUMBER_SHIFT]

    def owner_of_tree(self, tree: int) -> Schema:
        """The schema that a tree is from."""
        return self.by_number[tree >> NUMBER_SHIFT]

    def number(self, schema: Schema) -> int:
        """The number of one of the schemas."""
        return next(number for number, known in self.by_number.items() if known is schema)

    def table(self, name: str) -> Table | None:
        """The table of that name, or None."""
        return self.holding(name).table(name)

    def view(self, name: str) -> View | None:
        """The view of that name, or None."""
        return self.holding(name).view(name)

    def index(self, name: str) -> Index | None:
        """The index of that name, or None."""
        return self.holding_other("index", name).index(name)

    def trigger(self, name: str) -> Trigger | None:
        """The trigger of that name, or None."""
        return self.holding_other("trigger", name).trigger(name)
