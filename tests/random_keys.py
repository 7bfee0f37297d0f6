"""Random schemas with foreign keys, and statements on them: every action, immediate and deferred, composite keys, cycles, self
references, REPLACE, transactions with savepoints. Few distinct values, so that keys are met and missed alike.

Example: ``Generator(3).schema()`` gives CREATE TABLE texts; ``.statement()`` one statement after another.
"""

from __future__ import annotations

import random

ACTIONS = ["NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE", "CASCADE"]
VALUES = ["1", "2", "3", "4", "'a'", "'A'", "'2'", "NULL", "2.0"]
TYPES = ["INTEGER", "TEXT", "", "TEXT COLLATE NOCASE", "NUMERIC"]


class Generator:
    """Statements of one seed."""

    counter = " AUTOINCREMENT"

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables = [f"t{i}" for i in range(self.random.randint(2, 4))]
        self.columns = ["id", "k", "m", "x", "y", "z"]
        # SQLite 3.40 forgets to check a replaced row where some key that leads back to it is SET NULL, and keeps the count of
        # deferred keys when an immediate one of the same table fails: no seed has both.
        self.replaces = self.chance(0.5)
        self.deferral: dict[str, list[str]] = {}

    def pick(self, *items: str) -> str:
        return self.random.choice(items)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def schema(self) -> list[str]:
        """Tables with three key columns and three columns that refer to keys."""
        made = []
        for table in self.tables:
            immediate = ["", "", " DEFERRABLE", " NOT DEFERRABLE INITIALLY DEFERRED"]
            self.deferral[table] = [" DEFERRABLE INITIALLY DEFERRED"] if self.chance(0.3) else immediate
            kinds = [self.pick(*TYPES) for _ in range(5)]
            columns = [f"id INTEGER PRIMARY KEY{self.pick('', '', self.counter)}"]
            columns += [
                f"k {kinds[0]} {self.pick('UNIQUE', 'UNIQUE NOT NULL', self.replacing('UNIQUE ON CONFLICT REPLACE', 'UNIQUE'))}"
            ]
            columns += [
                f"m {kinds[1]}",
                f"x {kinds[2]} {self.single(table)}",
                f"y {kinds[3]} DEFAULT {self.pick('1', 'a')}",
            ]
            columns += [f"z {kinds[4]} {self.single(table) if self.chance(0.5) else 'DEFAULT 2'}"]
            parts = [*columns, "UNIQUE (m, k)"]
            if self.chance(0.6):
                parent = self.pick(*self.tables)
                parts.append(
                    f"FOREIGN KEY (x, y) REFERENCES {parent} {self.pick('(k, m)', '(m, k)')}{self.rest(table)}"
                )
            made.append(f"CREATE TABLE {table} ({', '.join(parts)})")
        indexed = [table for table in self.tables if self.chance(0.5)]
        made += [f"CREATE INDEX i_{table} ON {table} ({self.pick('x', 'x, y', 'y DESC', 'z')})" for table in indexed]
        return made

    def single(self, table: str) -> str:
        """A reference of one column."""
        parent = self.pick(*self.tables)
        return f"REFERENCES {parent} {self.pick('', '(id)', '(k)')}{self.rest(table)}"

    def replacing(self, text: str, other: str) -> str:
        """A text with REPLACE, in seeds that have it."""
        return text if self.replaces else other

    def rest(self, table: str) -> str:
        """Actions and deferral."""
        made = ""
        if self.chance(0.7):
            made += f" ON DELETE {self.pick(*ACTIONS)}"
        if self.chance(0.7):
            made += f" ON UPDATE {self.pick(*ACTIONS)}"
        return (made.replace("SET NULL", "CASCADE") if self.replaces else made) + self.pick(*self.deferral[table])

    def statement(self) -> str:
        """A change, or transaction control."""
        kind = self.random.randrange(20)
        if kind == 0:
            return self.pick("BEGIN", "COMMIT", "ROLLBACK", "COMMIT")
        if kind == 1:
            return self.pick("SAVEPOINT s", "ROLLBACK TO s", "RELEASE s", "PRAGMA defer_foreign_keys = 1")
        table = self.pick(*self.tables)
        if kind < 10:
            return self.insert(table)
        if kind < 15:
            chosen = self.random.sample(self.columns, self.random.randint(1, 2))
            sets = ", ".join(f"{c} = {self.cell(c) if self.chance(0.7) else self.expression(c)}" for c in chosen)
            word = self.pick(
                "UPDATE", "UPDATE", "UPDATE OR IGNORE", self.replacing("UPDATE OR REPLACE", "UPDATE"), "UPDATE OR FAIL"
            )
            return f"{word} {table} SET {sets}{self.where()}"
        if kind < 19:
            return f"DELETE FROM {table}{self.where()}"
        return self.pick("PRAGMA foreign_key_check", f"PRAGMA foreign_key_check({table})")

    def insert(self, table: str) -> str:
        rows = ", ".join(
            f"({', '.join(self.cell(c) for c in self.columns)})" for _ in range(self.random.choice([1, 1, 1, 2, 3]))
        )
        word = self.pick("INSERT", "INSERT", "INSERT OR IGNORE", self.replacing("REPLACE", "INSERT"), "INSERT OR FAIL")
        return f"{word} INTO {table} VALUES {rows}"

    def cell(self, column: str) -> str:
        if column == "id":
            return self.pick("1", "2", "3", "4", "5")
        return self.pick(*VALUES, *(["NULL"] * 8 if column in "xyz" else []))

    def expression(self, column: str) -> str:
        return self.pick("id + 1", "id - 1") if column == "id" else self.pick("x", "k", "id", "y")

    def where(self) -> str:
        column = self.pick(*self.columns)
        return self.pick(
            "", f" WHERE {column} = {self.cell(column)}", f" WHERE id = {self.cell('id')}", " WHERE id > 2"
        )
