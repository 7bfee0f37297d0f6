"""Random INSTEAD OF triggers on views of the tables of `random_triggers`, TEMP triggers, and statements on views.

Example: ``Generator(3)`` is used as that of `random_keys`.
"""

from __future__ import annotations

import random_triggers


class Generator(random_triggers.Generator):
    """Statements of one seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.views = ["v0", "v1"]

    def schema(self) -> list[str]:
        """Tables, triggers, then views with triggers of their own."""
        made = super().schema()
        one, two = self.pick(*self.tables), self.pick(*self.tables)
        everything = ", ".join(self.columns)
        made.append(f"CREATE VIEW v0 AS SELECT {everything} FROM {one}{self.pick('', ' WHERE id < 4')}")
        inner = f"(SELECT max(b.m) FROM {two} b WHERE b.id <= a.id)"
        made.append(f"CREATE VIEW v1(id, k, m, x, y, z) AS SELECT id, k, {inner}, x + 1, y, z FROM {one} a")
        for view in self.views:
            made += [self.instead_of(view, event) for event in ("INSERT", "UPDATE", "DELETE")]
            made += [self.instead_of(view, "UPDATE", " OF x, y")] if self.chance(0.3) else []
        return made

    def instead_of(self, view: str, event: str, of: str = "") -> str:
        """A trigger that stays: with RETURNING, SQLite 3.40 changes views that have none."""
        rows = {"INSERT": ["NEW"], "DELETE": ["OLD"], "UPDATE": ["OLD", "NEW"]}[event]
        name = f"{view}_{event}{of[-1:]}"
        when = f" WHEN {self.value(rows)} IS NOT {self.value(rows)}" if self.chance(0.3) else ""
        log = f"INSERT INTO log(what, a, b, c) VALUES ('{name}', {rows[0]}.id, {self.value(rows)}, {self.value(rows)});"
        steps = " ".join(self.step(rows) for _ in range(self.random.randint(0, 2)))
        return f"CREATE TRIGGER {name} INSTEAD OF {event}{of} ON {view}{when} BEGIN {log} {steps} END"

    def trigger(self) -> str:
        """Some are TEMP."""
        made = super().trigger()
        return made.replace("CREATE", "CREATE TEMP", 1) if self.chance(0.2) else made

    def statement(self) -> str:
        """Half of them on views."""
        if self.chance(0.5):
            return super().statement()
        view, kind = self.pick(*self.views), self.random.randrange(4)
        if kind == 0:
            return self.insert(view).replace(" OR FAIL", "") + self.pick("", " RETURNING id, k, m, x")
        if kind == 1:
            column = self.pick(*self.columns)
            limit = f" ORDER BY {', '.join(self.columns)} LIMIT 2" if self.chance(0.2) else ""
            returning = f" RETURNING {column}" if self.chance(0.3) else ""  # SQLite forgets what nobody assigns
            return f"UPDATE {view} SET {column} = {self.expression(column)}{self.where()}{returning}{limit}"
        if kind == 2:
            return f"DELETE FROM {view}{self.where()}{self.pick('', ' RETURNING *')}"
        return f"INSERT INTO {view}(id, z) SELECT id + 1, k FROM {self.pick(*self.views, *self.tables)}{self.where()} ORDER BY id"
