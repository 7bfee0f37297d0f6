"""Random queries over three small tables whose columns hold values of every class.

`Generator(seed).query()` gives ``(text, ordered)``: SQL that sqlite3 accepts, and whether its rows come in a defined
order. What SQLite leaves open is avoided: bare columns, limits without a total order, sums of reals that overflow.
"""

from __future__ import annotations

import random
from typing import Any

TABLES: dict[str, list[str]] = {
    "t": ["id INTEGER", "a INTEGER", "b TEXT", "c REAL", "d"],
    "u": ["k INTEGER", "a INTEGER", "n TEXT COLLATE NOCASE", "x NUMERIC"],
    "w": ["id INTEGER", "t_id INTEGER NOT NULL", "s TEXT NOT NULL"],
}
ALIASES = {"t": 0, "u": None, "w": 0}
INDEXES = [("t_a", "t", ("a",)), ("t_bc", "t", ("b", "c DESC")), ("u_n", "u", ("n",)), ("w_t", "w", ("t_id", "s DESC"))]
TEXTS = ["", "a", "A", "ab", "b", "5", "5.0", "1e1", "12abc", " 7 ", "é", "a%", "x_y", "Zz"]
NUMBERS: list[Any] = [0, 1, 2, 3, -1, 5, 7, 10, 2.5, 5.0, -0.5, 1e3]


def value_for(declared: str, chance: random.Random) -> Any:
    """A value as a column of that type stores it."""
    kind = chance.random()
    if "NOT NULL" not in declared and kind < 0.15:
        return None
    if "TEXT" in declared:
        return chance.choice(TEXTS) if kind < 0.95 else b"a"
    if "INTEGER" in declared:
        return (
            chance.randrange(-2, 12)
            if kind < 0.9 or "NOT NULL" in declared
            else chance.choice(["a", "ab", 2.5, b"\x01"])
        )
    if "REAL" in declared:
        return float(chance.choice(NUMBERS)) if kind < 0.95 else chance.choice(["a", b"z"])
    return (
        chance.choice([*NUMBERS, *TEXTS, b"", b"5", b"a"])
        if "NUMERIC" not in declared
        else chance.choice([1, 2, 2.5, 5, "a"])
    )


def rows_for(table: str, count: int, chance: random.Random) -> list[tuple[Any, ...]]:
    """Rows of a table; column 0 is the rowid where the table has an alias."""
    rows = []
    for i in range(count):
        row = [value_for(declared, chance) for declared in TABLES[table]]
        if ALIASES[table] is not None:
            row[0] = i + 1 if i < count // 2 else 3 * i
        rows.append(tuple(row))
    return rows


class Generator:
    """Makes queries."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.scopes: list[list[tuple[str, str]]] = []

    def pick(self, *items: Any) -> Any:
        return self.chance.choice(items)

    # --- expressions

    def literal(self) -> str:
        if self.chance.random() < 0.1:
            return self.pick("NULL", "x'61'", "x''", "9223372036854775807", "1e300")
        if self.chance.random() < 0.5:
            return repr(self.chance.choice(NUMBERS))
        return "'" + self.chance.choice(TEXTS) + "'"

    def column(self) -> str:
        scope = self.scopes[-1] if self.chance.random() < 0.8 else self.chance.choice(self.scopes)
        if not scope:
            return self.literal()
        alias, table = self.chance.choice(scope)
        names = [text.split()[0] for text in TABLES[table]]
        return f"{alias}.{self.pick(*names, *(['rowid'] if self.chance.random() < 0.2 else []))}"

    def value(self, depth: int = 2) -> str:
        kind = self.chance.random()
        if depth <= 0 or kind < 0.45:
            return self.column() if self.chance.random() < 0.65 else self.literal()
        below = depth - 1
        if kind < 0.62:
            op = self.pick("+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>")
            return f"({self.value(below)} {op} {self.value(below)})"
        if kind < 0.67:
            return f"({self.pick('-', '~', '+')} {self.value(below)})"
        if kind < 0.73:
            return f"CAST({self.value(below)} AS {self.pick('INTEGER', 'TEXT', 'REAL', 'NUMERIC', 'BLOB')})"
        if kind < 0.79:
            return f"coalesce({self.value(below)}, {self.value(below)})"
        if kind < 0.86:
            return f"CASE WHEN {self.test(below)} THEN {self.value(below)} ELSE {self.value(below)} END"
        if kind < 0.9:
            base, first, then = (self.value(below) for _ in range(3))
            return f"CASE {base} WHEN {first} THEN {then} WHEN {self.literal()} THEN 1 END"
        if kind < 0.94:
            return f"({self.test(below)})"
        return self.pick(f"abs({self.column()} % 10)", f"length({self.column()})", f"typeof({self.value(below)})")

    def test(self, depth: int = 2) -> str:
        kind = self.chance.random()
        if kind < 0.4 or depth <= 0:
            op = self.pick("=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT", "=", "<")
            return f"{self.value(depth - 1)} {op} {self.value(depth - 1)}{self.pick('', '', '', ' COLLATE NOCASE')}"
        below = depth - 1
        no = self.pick("", "", "NOT ")
        if kind < 0.5:
            return f"({self.test(below)} {self.pick('AND', 'OR')} {self.test(below)})"
        if kind < 0.56:
            return f"NOT ({self.test(below)})"
        if kind < 0.63:
            return f"{self.value(below)} {no}BETWEEN {self.value(below)} AND {self.value(below)}"
        if kind < 0.71:
            return (
                f"{self.value(below)} {no}IN ({', '.join(self.value(0) for _ in range(self.chance.randrange(1, 4)))})"
            )
        if kind < 0.77:
            return f"{self.value(below)} IS {no}NULL"
        if kind < 0.83:
            pattern = self.pick("'a%'", "'%A%'", "'%'", "'_'", "'x\\_y' ESCAPE '\\'", "NULL", self.column())
            return f"{self.value(below)} {no}LIKE {pattern}"
        if kind < 0.86:
            return f"{self.value(below)} {no}GLOB {self.pick(chr(39) + 'a*' + chr(39), chr(39) + '[a-c]?' + chr(39))}"
        if kind < 0.9:
            return f"{self.value(below)} IS {no}{self.pick('TRUE', 'FALSE')}"
        if kind < 0.97:
            return self.subquery_test(below)
        return self.value(below)

    def subquery_test(self, depth: int) -> str:
        no = self.pick("", "NOT ")
        alias, table = f"q{len(self.scopes)}", self.pick(*TABLES)
        self.scopes.append([(alias, table)])
        column = f"{alias}.{self.pick(*[c.split()[0] for c in TABLES[table]])}"
        where = self.test(min(depth, 1))
        self.scopes.pop()
        kind = self.chance.random()
        if kind < 0.4:
            return f"{no}EXISTS (SELECT 1 FROM {table} {alias} WHERE {where})"
        if kind < 0.75:
            return f"{self.value(0)} {no}IN (SELECT {column} FROM {table} {alias} WHERE {where})"
        made = self.pick("count(*)", f"max({column})", f"min({column})")
        return f"(SELECT {made} FROM {table} {alias} WHERE {where}) > 1"

    # --- queries

    def sources(self) -> str:
        """FROM items; their scope is left on the stack."""
        scope: list[tuple[str, str]] = []
        self.scopes.append(scope)
        text = ""
        for i in range(self.chance.choice([1, 1, 1, 2, 2, 3])):
            table = self.pick(*TABLES)
            alias = f"{table}{i}"
            before = list(scope)
            scope.append((alias, table))
            if i == 0:
                text = f"{table} {alias}"
                continue
            kind = self.pick("JOIN", "JOIN", "LEFT JOIN", "CROSS JOIN", ",")
            text += f"{', ' if kind == ',' else ' ' + kind + ' '}{table} {alias}"
            if kind not in (",", "CROSS JOIN"):
                left, right = self.chance.choice(before), (alias, table)
                on = f"{self.key(left)} = {self.key(right)}" if self.chance.random() < 0.7 else self.test(1)
                text += f" ON {on}{f' AND {self.test(1)}' if self.chance.random() < 0.3 else ''}"
        return text

    def key(self, source: tuple[str, str]) -> str:
        alias, table = source
        keys = {"t": ("id", "a"), "u": ("k", "a", "n"), "w": ("id", "t_id")}
        return f"{alias}.{self.pick(*keys[table])}"

    def query(self) -> tuple[str, bool]:
        kind = self.chance.random()
        if kind < 0.15:
            return self.compound()
        if kind < 0.4:
            return self.grouped()
        return self.plain()

    def where(self) -> str:
        return (
            f" WHERE {' AND '.join(self.test() for _ in range(self.pick(1, 1, 2)))}"
            if self.chance.random() < 0.7
            else ""
        )

    def plain(self) -> tuple[str, bool]:
        sources = self.sources()
        columns = ", ".join(self.value() for _ in range(self.chance.randrange(1, 4)))
        if self.chance.random() < 0.2:
            columns = "*"
        width = columns.count(",") + 1 if "(" not in columns and columns != "*" else 1
        text = f"SELECT {self.pick('', '', '', 'DISTINCT ')}{columns} FROM {sources}{self.where()}"
        ordered = False
        if self.chance.random() < 0.5:
            every = ", ".join(f"{alias}.rowid{self.pick('', ' DESC')}" for alias, _ in self.scopes[-1])
            if "DISTINCT" in text:
                text += f" ORDER BY {self.chance.randrange(1, width + 1)}{self.pick('', ' DESC')}"
            else:
                keys = [
                    f"{self.value(1)}{self.pick('', ' DESC', ' NULLS LAST', ' COLLATE NOCASE')}"
                    for _ in range(self.pick(0, 1, 2))
                ]
                keys = [key for key in keys if key[0] not in "-0123456789"]
                text += f" ORDER BY {', '.join([*keys, every])}"
                ordered = True
                if self.chance.random() < 0.5:
                    text += f" LIMIT {self.pick(1, 3, 10, -1)}{self.pick('', ' OFFSET 2')}"
        self.scopes.pop()
        return text, ordered

    def grouped(self) -> tuple[str, bool]:
        sources = self.sources()
        keys = [
            self.column() if self.chance.random() < 0.7 else f"({self.value(1)})" for _ in range(self.pick(0, 1, 1, 2))
        ]
        keys = [key for key in keys if "." in key and not key.replace(".", "").isdigit()]
        calls = [self.aggregate() for _ in range(self.chance.randrange(1, 4))]
        text = f"SELECT {', '.join([*keys, *calls])} FROM {sources}{self.where()}"
        if keys:
            text += f" GROUP BY {', '.join(keys)}"
            if self.chance.random() < 0.3:
                text += f" HAVING {self.aggregate()} {self.pick('>', '<', '=')} {self.literal()}"
        self.scopes.pop()
        return text, False

    def aggregate(self) -> str:
        argument = self.column() if self.chance.random() < 0.6 else self.value(1)
        name = self.pick("count", "sum", "avg", "min", "max", "total", "count")
        if self.chance.random() < 0.25:
            return "count(*)"
        only = f" FILTER (WHERE {self.test(1)})" if self.chance.random() < 0.15 else ""
        return f"{name}({self.pick('', '', 'DISTINCT ')}{argument}){only}"

    def compound(self) -> tuple[str, bool]:
        arms = []
        for _ in range(self.pick(2, 2, 3)):
            sources = self.sources()
            arms.append(f"SELECT {self.value(1)}, {self.value(1)} FROM {sources}{self.where()}")
            self.scopes.pop()
        text = arms[0]
        for arm in arms[1:]:
            text += f" {self.pick('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT')} {arm}"
        return text, False
