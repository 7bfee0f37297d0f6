"""Random triggers on the tables of `random_keys`: every time and event, WHEN, UPDATE OF, bodies that change other tables and their own,
RAISE, OR clauses, foreign keys beside them. What fires is written to a table `log`, in the order in which it fires.

Example: ``Generator(3)`` is used as that of `random_keys`.
"""

from __future__ import annotations

import random_keys


class Generator(random_keys.Generator):
    """Statements of one seed."""

    counter = ""  # SQLite uses up a number for a row that is ignored

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.made = 0

    def schema(self) -> list[str]:
        """Tables, a log, and triggers."""
        made = [*super().schema(), "CREATE TABLE log(id INTEGER PRIMARY KEY, what, a, b, c)"]
        self.pragma = self.pick("PRAGMA recursive_triggers = 0", "PRAGMA recursive_triggers = 1")
        if self.chance(0.3):
            made.append(self.pragma)
        return made + [self.trigger() for _ in range(self.random.randint(2, 6))]

    def single(self, table: str) -> str:
        return super().single(table) if self.chance(0.4) else ""

    def statement(self) -> str:
        """A change, a new trigger, or one less."""
        kind = self.random.randrange(30)
        if kind == 0:
            return self.trigger()
        if kind == 1:
            return f"DROP TRIGGER IF EXISTS g{self.random.randrange(self.made)}"
        return super().statement().replace(" OR FAIL", "")  # what a trigger refuses then counts otherwise in changes()

    def trigger(self) -> str:
        table, event = self.pick(*self.tables), self.pick("INSERT", "UPDATE", "UPDATE", "DELETE")
        rows = {"INSERT": ["NEW"], "DELETE": ["OLD"], "UPDATE": ["OLD", "NEW"]}[event]
        columns = ", ".join(self.random.sample(self.columns, 2))
        of = f" OF {columns}" if event == "UPDATE" and self.chance(0.4) else ""
        when = (
            f" WHEN {self.value(rows)} {self.pick('IS', '=', '<', 'IS NOT')} {self.value(rows)}"
            if self.chance(0.4)
            else ""
        )
        name, self.made = f"g{self.made}", self.made + 1
        counted = "changes(), last_insert_rowid()" if self.chance(0.5) else f"{self.value(rows)}, {self.value(rows)}"
        log = f"INSERT INTO log(what, a, b, c) VALUES ('{name}', {rows[0]}.id, {counted});"
        steps = [self.step(rows) for _ in range(self.random.randint(0, 2))]
        body = " ".join([log, *steps] if self.chance(0.5) else [*steps, log])
        return f"CREATE TRIGGER {name} {self.pick('BEFORE', 'AFTER', 'AFTER')} {event}{of} ON {table}{when} BEGIN {body} END"

    def value(self, rows: list[str]) -> str:
        return f"{self.pick(*rows)}.{self.pick(*self.columns)}" if self.chance(0.7) else self.pick(*random_keys.VALUES)

    def step(self, rows: list[str]) -> str:
        """One statement of a body."""
        table, kind = self.pick(*self.tables), self.random.randrange(9)
        column = self.pick("k", "m", "x", "y", "z")
        where = f"WHERE {self.pick('id', 'k', 'm')} {self.pick('=', '>')} {self.value(rows)}"
        if kind < 3:
            return f"UPDATE {self.pick('', '', 'OR IGNORE ')}{table} SET {column} = {self.value(rows)} {where};"
        if kind < 5:
            return f"DELETE FROM {table} {where};"
        if kind < 7:
            word = self.pick("INSERT", "INSERT OR IGNORE", self.replacing("REPLACE", "INSERT"))
            return f"{word} INTO {table}(k, m, y) VALUES ({self.value(rows)}, {self.value(rows)}, {self.value(rows)});"
        action = self.pick("IGNORE", "IGNORE", "ABORT, 'no'", "ROLLBACK, 'never'")
        condition = f"{self.value(rows)} {self.pick('=', '>', 'IS')} {self.value(rows)}"
        return f"SELECT RAISE({action}) WHERE {condition};"
