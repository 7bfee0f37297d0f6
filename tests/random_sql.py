"""A seeded generator of schemas, data and statements within the supported dialect, for comparison with `sqlite3`.

Everything comes from one `random.Random(seed)`, so a seed is a test case. Values are drawn from a small nasty pool, so that
joins meet, groups collide, and classes mix. Expressions are generated with a depth limit; text/number confusion is intended.
"""

from __future__ import annotations

import random

VALUES = [
    "NULL", "0", "1", "2", "3", "-1", "5", "10", "1.0", "2.5", "-0.5", "1e3", "'a'", "'A'", "'b'", "'abc'", "''", "'1'", "'2.5'",
    "'10'", "' 5'", "x'61'", "x''", "9223372036854774784", "-9223372036854774784", "'zz top'", "3.0",
]  # fmt: skip
TYPES = ["INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "", "INT", "VARCHAR(10)", "DOUBLE", "TEXT COLLATE NOCASE"]


class Generator:
    """Statements for one seed. `tables` maps a table's name to its column names."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[str]] = {}
        self.changing = ""
        self.aliased: set[str] = set()  # tables whose c0 is the rowid

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # --- Schema and data ---

    def schema(self) -> list[str]:
        """CREATE TABLE, CREATE INDEX and INSERT statements."""
        statements = []
        for number in range(self.random.randint(2, 3)):
            name = f"t{number}"
            columns = [f"c{i}" for i in range(self.random.randint(2, 4))]
            self.tables[name] = columns
            definitions = [f"{column} {self.pick(*TYPES)}" for column in columns]
            if self.chance(0.5):
                definitions[0] = "c0 INTEGER PRIMARY KEY"
                self.aliased.add(name)
            if self.chance(0.3):
                definitions.append(f"UNIQUE ({', '.join(self.random.sample(columns, 2))})")
            statements.append(f"CREATE TABLE {name}({', '.join(definitions)})")
            for i in range(self.random.randint(0, 2)):
                keys = self.random.sample(columns, self.random.randint(1, 2))
                parts = ", ".join(f"{key} {self.pick('', '', 'DESC')}".strip() for key in keys)
                statements.append(f"CREATE INDEX i{number}{i} ON {name}({parts})")
            statements += [self.insert(name) for _ in range(self.random.randint(3, 12))]
        return statements

    def insert(self, table: str) -> str:
        columns = self.tables[table]
        rows = ", ".join(
            f"({', '.join(self.cell(table, c) for c in columns)})" for _ in range(self.random.randint(1, 4))
        )
        return f"INSERT {self.pick('', 'OR IGNORE', 'OR REPLACE', 'OR IGNORE')} INTO {table} VALUES {rows}"

    def cell(self, table: str, column: str) -> str:
        """A literal for a column. Rowids stay far from the greatest one: after it SQLite chooses at random."""
        value = self.pick(*VALUES)
        return "77" if value == "9223372036854774784" and column == "c0" and table in self.aliased else value

    # --- Expressions ---

    def value(self, scope: list[str], depth: int) -> str:
        """A scalar expression over the columns in scope."""
        if depth <= 0 or self.chance(0.25):
            return self.pick(*scope) if scope and self.chance(0.7) else self.pick(*VALUES)
        a, b = (lambda: self.value(scope, depth - 1)), (lambda: self.value(scope, depth - 1))
        kind = self.random.randrange(13)
        if kind < 3:
            return f"({a()} {self.pick('+', '-', '*', '/', '%', '||')} {b()})"
        if kind == 3:
            return f"({a()} {self.pick('&', '|', '<<', '>>')} {self.pick('1', '2', '3', b())})"
        if kind == 4:
            return f"{self.pick('-', '+', '~', 'NOT ')}({a()})"
        if kind == 5:
            return f"CASE WHEN {self.test(scope, depth - 1)} THEN {a()} {self.pick('', 'ELSE ' + b())} END"
        if kind == 6:
            return f"CASE {a()} WHEN {b()} THEN {a()} ELSE {b()} END"
        if kind == 7:
            return f"CAST({a()} AS {self.pick('INTEGER', 'TEXT', 'REAL', 'NUMERIC', 'BLOB')})"
        if kind == 8:
            return f"{self.pick('abs', 'length', 'lower', 'upper', 'typeof', 'quote', 'hex', 'trim')}({self.safe(a())})"
        if kind == 9:
            return f"{self.pick('coalesce', 'ifnull', 'nullif', 'max', 'min', 'instr')}({a()}, {b()})"
        if kind == 10:
            return f"substr({a()}, {self.pick('1', '2', '-1', '0')}, {self.pick('1', '2', '3')})"
        if kind == 11:
            return f"({self.test(scope, depth - 1)})"
        return a()

    @staticmethod
    def safe(expression: str) -> str:
        """abs() of the least integer is an error: keep it out of most statements."""
        return expression.replace("-9223372036854774784", "7")

    def test(self, scope: list[str], depth: int) -> str:
        """A condition."""
        a, b = (lambda: self.value(scope, depth - 1)), (lambda: self.value(scope, depth - 1))
        kind = self.random.randrange(12)
        if depth <= 0 or kind < 4:
            return f"{a()} {self.pick('=', '<', '<=', '>', '>=', '<>', 'IS', 'IS NOT', '==', '!=')} {b()}"
        if kind == 4:
            return f"{a()} {self.pick('', 'NOT ')}BETWEEN {b()} AND {b()}"
        if kind == 5:
            count = self.random.choice((1, 2, 3, 4, 12))
            items = VALUES if count < 12 else [value for value in VALUES if value[0] in "'0123456789"]
            return f"{a()} {self.pick('', 'NOT ')}IN ({', '.join(self.pick(*items) for _ in range(count))})"
        if kind == 6:
            return f"{a()} {self.pick('IS NULL', 'IS NOT NULL', 'ISNULL', 'NOTNULL')}"
        if kind == 7:
            pattern = self.pick("'a%'", "'%b%'", "'_'", "'%'", "'1%'")
            return f"{a()} {self.pick('', 'NOT ')}LIKE {pattern}"
        if kind == 8:
            return f"NOT ({self.test(scope, depth - 1)})"
        if kind == 9 and self.readable():
            table = self.pick(*self.readable())
            column = self.pick(*self.tables[table])
            if self.chance(0.5):  # SQLite 3.40 overlooks a NULL in a set that it reads from a descending index
                return f"{a()} NOT IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL)"
            return f"{a()} IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL)"
        if kind == 10 and self.readable():
            table = self.pick(*self.readable())
            inner = [f"e.{c}" for c in self.tables[table]]
            return (
                f"{self.pick('', 'NOT ')}EXISTS (SELECT 1 FROM {table} e WHERE {self.test(inner + scope, depth - 2)})"
            )
        return f"({self.test(scope, depth - 1)} {self.pick('AND', 'OR')} {self.test(scope, depth - 1)})"

    def readable(self) -> list[str]:
        """The tables that a subquery may read: not the one being changed, whose rows SQLite may show half changed."""
        return [table for table in self.tables if table != self.changing]

    # --- Queries ---

    def source(self) -> tuple[str, list[str]]:
        """A FROM clause and the columns that it makes visible."""
        count = self.random.choice([1, 1, 1, 2, 2, 3])
        text, scope = "", []
        outer = self.chance(0.3)
        for number in range(count):
            table = self.pick(*self.tables)
            alias = f"a{number}"
            own = [f"{alias}.{column}" for column in self.tables[table]]
            item = f"{table} {alias}"
            if self.chance(0.15):
                where = f" WHERE {own[0].split('.')[1]} {self.pick('<', '>=', 'IS NOT')} {self.pick(*VALUES)}"
                item = f"(SELECT * FROM {table}{where}) {alias}"
            if number == 0:
                text = item
            elif self.chance(0.2):
                text += f", {item}"
            else:
                left = self.pick(*scope)
                kind = self.pick("JOIN", "LEFT JOIN", *(("RIGHT JOIN", "FULL JOIN") if outer else ()))
                # SQLite 3.40 errs on constants beside outer joins, and on LIKE over rowids: only plain comparisons here.
                if outer or self.chance(0.7):
                    condition = f"{left} = {self.pick(*own)}"
                else:
                    condition = f"{left} {self.pick('<', '>=', '<>', 'IS')} {self.pick(*own)}"
                text += f" {kind} {item} ON {condition}"
            scope += own
        return text, scope

    def select(self) -> str:
        """A query whose rows are compared as a multiset."""
        text, scope = self.source()
        where = f" WHERE {self.test(scope, 2)}" if self.chance(0.7) else ""
        if self.chance(0.3):
            keys = [self.pick(*scope) for _ in range(self.random.randint(1, 2))]
            calls = [self.aggregate(scope) for _ in range(self.random.randint(1, 3))]
            having = f" HAVING count(*) > {self.pick('0', '1', '2')}" if self.chance(0.3) else ""
            return f"SELECT {', '.join(keys + calls)} FROM {text}{where} GROUP BY {', '.join(keys)}{having}"
        if self.chance(0.15):
            return f"SELECT {', '.join(self.aggregate(scope) for _ in range(2))} FROM {text}{where}"
        columns = ", ".join(self.value(scope, 2) for _ in range(self.random.randint(1, 3))) if self.chance(0.8) else "*"
        query = f"SELECT {self.pick('', '', 'DISTINCT ')}{columns} FROM {text}{where}"
        if self.chance(0.15) and columns != "*":
            other, other_scope = self.source()
            width = len(columns_of(columns))
            more = ", ".join(self.pick(*other_scope) for _ in range(width))
            query += f" {self.pick('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT')} SELECT {more} FROM {other}"
        return query

    def aggregate(self, scope: list[str]) -> str:
        column = self.pick(*scope)
        return self.pick(
            "count(*)", f"count({column})", f"count(DISTINCT {column})", f"min({column})", f"max({column})",
            f"max(typeof({column}))", f"count(*) FILTER (WHERE {self.test(scope, 1)})",
        )  # fmt: skip

    def change(self) -> str:
        """An UPDATE, DELETE or INSERT."""
        table = self.changing = self.pick(*self.tables)
        try:
            return self.change_of(table)
        finally:
            self.changing = ""

    def change_of(self, table: str) -> str:
        """A change of one table."""
        columns = self.tables[table]
        kind = self.random.randrange(9)
        if kind == 0:
            return f"DELETE FROM {table} WHERE {self.test(columns, 2)}{self.returning(table)}{self.limit()}"
        if kind < 3:
            where = f"WHERE {self.test(columns, 1)}{self.returning(table)}{self.limit()}"
            return f"UPDATE {self.word()}{table} SET {self.sets(table, columns)} {where}"
        if kind == 6:
            return self.update_from(table)
        if kind > 6:
            return f"{self.insert(table)} {self.upserts(table)}{self.returning(table)}"
        if kind == 3:
            other = self.pick(*self.tables)
            values = ", ".join(
                "NULL" if c == "c0" and table in self.aliased else self.pick(*self.tables[other]) for c in columns
            )
            where = self.test(self.tables[other], 1)
            return f"INSERT OR IGNORE INTO {table} SELECT {values} FROM {other} WHERE {where} ORDER BY rowid LIMIT 4"
        return self.insert(table)

    def word(self) -> str:
        return self.pick("", "OR ABORT ")  # for the others the order of the rows counts

    def sets(self, table: str, scope: list[str]) -> str:
        """A SET list over the columns in scope."""
        columns = self.tables[table]
        chosen = self.random.sample(columns, self.random.randint(1, 2))
        values = [self.cell(table, c) if c == "c0" else self.value(scope, 1) for c in chosen]
        if self.chance(0.3):
            return f"({', '.join(chosen)}) = ({', '.join(values)})"
        return ", ".join(f"{column} = {value}" for column, value in zip(chosen, values))

    def returning(self, table: str) -> str:
        """RETURNING, sometimes. Not of numbers as they are, whose classes SQLite 3.40 mixes up beside REAL columns."""
        if self.chance(0.6):
            return ""
        other = self.pick(*self.tables)
        count = (
            ""
            if other == self.changing
            else f", (SELECT count(*) FROM {other} WHERE {self.test(self.tables[other], 1)})"
        )
        return f" RETURNING {self.pick(*self.tables[table])} IS NULL, CAST(rowid AS INTEGER){count}"

    def limit(self) -> str:
        """ORDER BY and LIMIT, sometimes; the rowid makes the order total."""
        if self.chance(0.8):
            return ""
        return f" ORDER BY rowid {self.pick('', 'DESC')} LIMIT {self.pick('1', '2', '-1')} OFFSET {self.pick('0', '1')}"

    def update_from(self, table: str) -> str:
        """UPDATE … FROM another table, with one match at most for each row."""
        other = self.pick(*self.tables)
        outer = [f"o.{column}" for column in self.tables[other]]
        scope = [f"{table}.{column}" for column in self.tables[table]] + outer
        return (
            f"UPDATE {self.word()}{table} SET {self.sets(table, scope)} FROM {other} AS o WHERE o.rowid = {table}.rowid"
        )

    def upserts(self, table: str) -> str:
        """ON CONFLICT without targets, for all constraints, or with a target that may be no constraint."""
        columns = self.tables[table]
        scope = [*columns, *(f"excluded.{column}" for column in columns)]
        target = self.pick("", "", "(c0)", f"({', '.join(self.random.sample(columns, 2))})")
        where = f" WHERE {self.test(scope, 1)}" if self.chance(0.3) else ""
        action = "NOTHING" if self.chance(0.4) else f"UPDATE SET {self.sets(table, scope)}{where}"
        return f"ON CONFLICT {target} DO {action}"


def columns_of(text: str) -> list[str]:
    """The top-level comma-separated items of a select list."""
    items, depth, quoted, start = [], 0, False, 0
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
            if letter == "," and depth == 0:
                items.append(text[start:at])
                start = at + 1
    return [*items, text[start:]]
