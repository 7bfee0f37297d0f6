"""Random lives of small schemas: definitions, changes and questions in one sequence, for comparison with `sqlite3`.

`Life(seed).script(n)` gives n statements. It carries each out in a `sqlite3` of its own while it makes them, so that later ones know what
there is: tables with generated columns, CHECK, DEFAULT, UNIQUE with ON CONFLICT, STRICT, WITHOUT ROWID; indexes, partial ones and on
expressions; views; triggers; ALTER in every form; savepoints; UPSERT and RETURNING; and questions with CTEs, window functions, JSON and
correlated subqueries. Everything comes from one `random.Random(seed)`.

What SQLite 3.40 leaves open or errs in is avoided: limits without a total order, real sums, several matches of UPDATE … FROM, BEFORE
triggers that change the row itself, rows kept before a datatype mismatch, two constraints violated at once under STRICT.
"""

from __future__ import annotations

import random
import sqlite3

VALUES = [
    "NULL", "0", "1", "2", "3", "-1", "7", "1.5", "2.0", "'a'", "'B'", "'b'", "'ab'", "''", "'3'", "x'61'",
    """'{"a":1,"b":[2,{"c":null}]}'""", "'[3,\"x\",null]'", "'2024-02-29'",
]  # fmt: skip
TYPES = ["INTEGER", "INT", "TEXT", "REAL", "NUMERIC", "BLOB", "", "TEXT COLLATE NOCASE"]
STRICT_TYPES = ["INTEGER", "TEXT", "REAL", "ANY", "BLOB"]


class Life:
    """The statements of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.mirror = sqlite3.connect(":memory:", isolation_level=None)
        self.tables: dict[str, list[str]] = {}  # all columns that may be read
        self.writable: dict[str, list[str]] = {}
        self.rowids: set[str] = set()
        self.strict: set[str] = set()
        self.views: dict[str, list[str]] = {}
        self.named: dict[str, list[str]] = {}
        self.made = 0
        self.depth = 0

    def script(self, count: int) -> list[str]:
        """The statements."""
        made: list[str] = []
        while len(made) < count:
            sql = self.create_table() if len(self.tables) < 2 else self.statement()
            made.append(sql)
            try:
                self.mirror.execute(sql).fetchall()
            except sqlite3.Error:
                pass
            if not sql.startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
                self.refresh()
        self.mirror.close()
        return made

    def refresh(self) -> None:
        """Look at what there is."""
        self.tables, self.writable, self.views, self.rowids, self.strict = {}, {}, {}, set(), set()
        rows = self.mirror.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        self.named = {"index": [], "trigger": []}
        for kind, name, sql in rows:
            if kind in self.named and sql:
                self.named[kind].append(name)
            if kind == "view":
                try:
                    columns = self.mirror.execute(f"SELECT * FROM {name}").description
                except sqlite3.Error:
                    continue
                self.views[name] = [column[0] for column in columns]
            if kind == "table" and not name.startswith("sqlite_"):
                columns = self.mirror.execute(f"PRAGMA table_xinfo({name})").fetchall()
                self.tables[name] = [column[1] for column in columns]
                self.writable[name] = [column[1] for column in columns if not column[6]]
                if "STRICT" in sql:
                    self.strict.add(name)
                if "WITHOUT ROWID" not in sql:
                    self.rowids.add(name)

    # --- pieces

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def new(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def value(self, scope: list[str], depth: int = 2) -> str:
        """A scalar expression."""
        if depth <= 0 or self.chance(0.3):
            return self.pick(*scope) if scope and self.chance(0.75) else self.pick(*VALUES)
        kind = self.random.randrange(12)
        a, b = self.value(scope, depth - 1), self.value(scope, depth - 1)
        if kind < 3:
            return f"({a} {self.pick('+', '-', '*', '||', '%', '&')} {b})"
        if kind < 5:
            return f"{self.pick('typeof', 'length', 'lower', 'quote', 'hex')}({a})"
        if kind == 5:
            return f"{self.pick('coalesce', 'ifnull', 'nullif', 'max', 'min')}({a}, {b})"
        if kind == 6:
            return f"CASE WHEN {self.test(scope, depth - 1)} THEN {a} ELSE {b} END"
        if kind == 7:
            return f"CAST({a} AS {self.pick('INTEGER', 'TEXT', 'REAL')})"
        if kind == 8:
            return f"CASE WHEN json_valid({a}) THEN {self.json(a)} END"
        if kind == 9:
            return f"iif({self.test(scope, depth - 1)}, {a}, {b})"
        if kind == 10:
            return f"substr({a}, {self.pick('1', '-2', '2')}, {self.pick('1', '2')})"
        return f"({self.test(scope, depth - 1)})"

    def json(self, text: str) -> str:
        path = self.pick("'$.a'", "'$.b'", "'$.b[1].c'", "'$[0]'", "'$[#-1]'")
        return self.pick(
            f"json_extract({text}, {path})", f"json_type({text}, {path})", f"({text} -> {path})", f"({text} ->> {path})",
            f"json_array_length({text})", f"json_set({text}, {path}, 5)", f"json_remove({text}, '$.a')", f"json_array({text}, 1)",
        )  # fmt: skip

    def test(self, scope: list[str], depth: int = 2) -> str:
        """A condition."""
        a, b = self.value(scope, depth - 1), self.value(scope, depth - 1)
        kind = self.random.randrange(9)
        if kind < 4 or depth <= 0:
            return f"{a} {self.pick('=', '<', '>', '<=', '>=', '<>', 'IS', 'IS NOT')} {b}"
        if kind == 4:
            return f"{a} {self.pick('IS NULL', 'IS NOT NULL')}"
        if kind == 5:
            return f"{a} {self.pick('', 'NOT ')}IN ({', '.join(self.pick(*VALUES) for _ in range(3))})"
        if kind == 6:
            return f"{a} BETWEEN {b} AND {self.value(scope, depth - 1)}"
        if kind == 7:
            return f"{a} LIKE {self.pick(chr(39) + 'a%' + chr(39), chr(39) + '%b' + chr(39))}"
        return f"({self.test(scope, depth - 1)} {self.pick('AND', 'OR')} {self.test(scope, depth - 1)})"

    # --- definitions

    def create_table(self) -> str:
        name, strict = self.new("t"), self.chance(0.15)
        columns = [f"c{i}" for i in range(self.random.randint(2, 4))]
        without = self.chance(0.15)
        parts = []
        for i, column in enumerate(columns):
            part = f"{column} {self.pick(*(STRICT_TYPES if strict else TYPES))}"
            if i == 0 and self.chance(0.5) and not without:
                part = f"{column} INTEGER PRIMARY KEY"
            elif self.chance(0.15):
                default = self.pick("1", "'a'", "(1+1)")
                part += f" NOT NULL{self.pick('', '', ' ON CONFLICT REPLACE', ' ON CONFLICT IGNORE')} DEFAULT {default}"
            elif self.chance(0.2):
                part += f" DEFAULT {self.pick('5', '-1.5', chr(39) + 'q' + chr(39), 'NULL', '(abs(-3))')}"
            if self.chance(0.1):
                part += f" UNIQUE{self.pick('', ' ON CONFLICT IGNORE', ' ON CONFLICT REPLACE')}"
            if self.chance(0.1):
                part += f" CHECK ({column} IS NOT {self.pick('7', '-1')})"
            parts.append(part)
        if self.chance(0.35):
            kind = "ANY" if strict else self.pick("", "INTEGER", "TEXT")
            parts.append(f"g {kind} AS ({self.stored(columns)}) {self.pick('VIRTUAL', 'STORED', '')}")
        if without:
            parts.append(f"PRIMARY KEY ({', '.join(columns[: self.random.randint(1, 2)])})")
        elif self.chance(0.2):
            parts.append(f"UNIQUE ({', '.join(self.random.sample(columns, 2))})")
        options = [word for word, on in (("STRICT", strict), ("WITHOUT ROWID", without)) if on]
        return f"CREATE TABLE {name}({', '.join(parts)}) {', '.join(options)}".rstrip()

    def stored(self, columns: list[str]) -> str:
        """An expression that may be kept: of one row, always the same."""
        a, b = self.pick(*columns), self.pick(*columns)
        return self.pick(
            f"{a} + 1", f"lower({a})", f"{a} || {b}", f"coalesce({a}, {b}, 0)", f"length({a})", f"typeof({a})"
        )

    def create_index(self) -> str:
        table = self.pick(*self.tables)
        columns = self.tables[table]
        parts = [
            f"({self.stored(columns)})"
            if self.chance(0.3)
            else f"{self.pick(*columns)} {self.pick('', 'DESC', 'COLLATE NOCASE')}".strip()
            for _ in range(self.random.randint(1, 2))
        ]
        column = self.pick(*columns)
        where = f" WHERE {column} {self.pick('IS NOT NULL', '> 1', '= 2')}" if self.chance(0.3) else ""
        return f"CREATE {self.pick('', '', '', 'UNIQUE ')}INDEX {self.new('i')} ON {table}({', '.join(parts)}){where}"

    def create_view(self) -> str:
        table = self.pick(*self.tables)
        columns = self.tables[table]
        chosen = ", ".join(f"{self.value(columns, 1)} AS v{i}" for i in range(2))
        where = f" WHERE {self.test(columns, 1)}" if self.chance(0.5) else ""
        if self.chance(0.25):
            return f"CREATE VIEW {self.new('v')} AS SELECT {columns[0]} AS v0, count(*) AS v1 FROM {table}{where} GROUP BY {columns[0]}"
        return f"CREATE VIEW {self.new('v')} AS SELECT {chosen} FROM {table}{where}"

    def create_trigger(self) -> str:
        table, other, time = self.pick(*self.tables), self.pick(*self.tables), self.pick("BEFORE", "AFTER")
        if table == other:
            time = "AFTER"
        event = self.pick("INSERT", "UPDATE", "DELETE")
        row = "OLD" if event == "DELETE" else "NEW"
        scope = [f"{row}.{column}" for column in self.tables[table]]
        targets = self.writable[other]
        column = self.pick(*targets)
        step = self.pick(
            f"UPDATE OR IGNORE {other} SET {column} = {self.value(scope, 1)} WHERE {self.pick(*self.tables[other])} = {self.pick(*scope)}",
            f"INSERT OR IGNORE INTO {other}({column}) VALUES ({self.value(scope, 1)})",
            f"DELETE FROM {other} WHERE {self.pick(*self.tables[other])} = {self.pick(*scope)}",
            f"SELECT RAISE({self.pick('IGNORE', 'ABORT, ' + chr(39) + 'no' + chr(39))}) WHERE {self.pick(*scope)} = {self.pick(*VALUES)}",
        )
        when = f" WHEN {self.test(scope, 1)}" if self.chance(0.4) else ""
        return f"CREATE TRIGGER {self.new('r')} {time} {event} ON {table}{when} BEGIN {step}; END"

    def alter(self) -> str:
        table = self.pick(*self.tables)
        column = self.pick(*self.tables[table])
        kind = self.random.randrange(5)
        if kind == 0:
            return f"ALTER TABLE {table} RENAME TO {self.new('t')}"
        if kind == 1:
            return f"ALTER TABLE {table} RENAME COLUMN {column} TO {self.new('c')}"
        if kind == 2:
            return f"ALTER TABLE {table} DROP COLUMN {column}"
        if kind == 3:
            return f"ALTER TABLE {table} ADD COLUMN {self.new('c')} AS ({self.stored(self.tables[table])})"
        default = self.pick(
            "INTEGER", "TEXT DEFAULT 'x'", "INTEGER DEFAULT 5", "REAL DEFAULT NULL", "INTEGER NOT NULL DEFAULT 3"
        )
        return f"ALTER TABLE {table} ADD COLUMN {self.new('c')} {default}"

    def drop(self) -> str:
        kind = self.pick("index", "trigger", "view", "table")
        names = {"view": list(self.views), "table": list(self.tables), **self.named}[kind]
        if not names or (kind == "table" and len(names) < 4):
            return f"DROP {kind.upper()} IF EXISTS none"
        return f"DROP {kind.upper()} {self.pick(*names)}"

    # --- changes

    def cell(self) -> str:
        return self.pick(*VALUES)

    def rows(self, columns: list[str], most: int = 3) -> str:
        return ", ".join(f"({', '.join(self.cell() for _ in columns)})" for _ in range(self.random.randint(1, most)))

    def returning(self, table: str) -> str:
        if self.chance(0.6):
            return ""
        return f" RETURNING {', '.join(f'quote({self.pick(*self.writable[table])}) AS q{i}' for i in range(2))}"

    def insert(self) -> str:
        table = self.pick(*self.tables)
        columns = self.writable[table]
        if self.chance(0.3):
            columns = self.random.sample(columns, max(1, len(columns) - 1))
        word = "" if table in self.strict else self.pick("", "", "OR IGNORE ", "OR REPLACE ", "OR ABORT ")
        head = f"INSERT {word}INTO {table}({', '.join(columns)})"
        if self.chance(0.15):
            other = self.pick(*self.tables)
            items = ", ".join(self.value(self.tables[other], 1) for _ in columns)
            limit = " ORDER BY rowid LIMIT 3" if other in self.rowids else " LIMIT 0"
            return f"{head} SELECT {items} FROM {other} WHERE {self.test(self.tables[other], 1)}{limit}{self.returning(table)}"
        if self.chance(0.05):
            return f"INSERT {word}INTO {table} DEFAULT VALUES{self.returning(table)}"
        upsert = self.chance(0.3) and not word and table not in self.strict
        made = f"{head} VALUES {self.rows(columns, 1 if word or upsert or table in self.strict else 3)}"
        if upsert:
            names = self.writable[table]
            scope = [*names, *(f"excluded.{name}" for name in names)]
            action = "NOTHING" if self.chance(0.4) else f"UPDATE SET {self.pick(*names)} = {self.value(scope, 1)}"
            target = self.pick("", f"({names[0]})", f"({names[0]})")
            made += f" ON CONFLICT {target} DO {action}"
        return made + self.returning(table)

    def update(self) -> str:
        table = self.pick(*self.tables)
        columns = self.tables[table]
        chosen = self.random.sample(self.writable[table], min(self.random.randint(1, 2), len(self.writable[table])))
        if self.chance(0.2):
            sets = f"({', '.join(chosen)}) = ({', '.join(self.value(columns, 1) for _ in chosen)})"
        else:
            sets = ", ".join(f"{column} = {self.value(columns, 1)}" for column in chosen)
        where = (
            f"{columns[0]} {self.pick('=', '>', '<')} {self.pick(*VALUES)}" if self.chance(0.5) else self.test(columns)
        )
        return f"UPDATE {table} SET {sets} WHERE {where}{self.returning(table)}"

    def delete(self) -> str:
        table = self.pick(*self.tables)
        return f"DELETE FROM {table} WHERE {self.test(self.tables[table])}{self.returning(table)}"

    def transaction(self) -> str:
        kind = self.random.randrange(6)
        if kind < 2:
            self.depth += 1
            return f"SAVEPOINT s{self.depth}"
        if kind == 2:
            return f"ROLLBACK TO s{self.random.randint(1, max(1, self.depth))}"
        if kind == 3:
            return f"RELEASE s{self.random.randint(1, max(1, self.depth))}"
        return self.pick("BEGIN", "COMMIT", "ROLLBACK", "ANALYZE", "REINDEX")

    # --- questions

    def source(self) -> tuple[str, list[str]]:
        everything = {**self.tables, **self.views}
        name = self.pick(*everything)
        return name, everything[name]

    def select(self) -> str:
        kind = self.random.randrange(9)
        name, columns = self.source()
        own = [f"a.{column}" for column in columns]
        where = f" WHERE {self.test(own)}" if self.chance(0.6) else ""
        if kind < 2:
            items = ", ".join(self.value(own) for _ in range(2))
            return f"SELECT {self.pick('', 'DISTINCT ')}{items} FROM {name} a{where}"
        if kind == 2:
            other, more = self.source()
            b = [f"b.{column}" for column in more]
            joined = f"{name} a {self.pick('JOIN', 'LEFT JOIN')} {other} b ON {self.pick(*own)} = {self.pick(*b)}"
            return f"SELECT {', '.join(self.value([*own, *b], 1) for _ in range(2))} FROM {joined}{where}"
        if kind == 3:
            key = self.pick(*own)
            calls = self.pick(
                "count(*)",
                f"count(DISTINCT {self.pick(*own)})",
                f"max(quote({self.pick(*own)}))",
                f"group_concat(quote({key}), '')",
            )
            return f"SELECT quote({key}), {calls} FROM {name} a{where} GROUP BY quote({key}) HAVING count(*) > {self.pick('0', '1')}"
        if kind == 4:
            return self.windowed(name, own, where)
        if kind == 5:
            inner = self.value(columns, 1)
            return (
                f"WITH w(x, y) AS {self.pick('', 'MATERIALIZED ', 'NOT MATERIALIZED ')}(SELECT {inner}, {self.pick(*columns)} FROM {name}) "
                f"SELECT quote(p.x), count(*) FROM w p JOIN w q ON p.y = q.y GROUP BY quote(p.x)"
            )
        if kind == 6:
            return (
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {self.pick('3', '5')}) "
                f"SELECT i, (SELECT count(*) FROM {name} a WHERE {self.pick(*own)} {self.pick('=', '<', '>')} i) FROM n"
            )
        if kind == 7:
            column = self.pick(*own)
            table = self.pick("json_each", "json_tree")
            return (
                f"SELECT j.key, quote(j.value), j.type, j.fullkey FROM (SELECT {column} AS x FROM {name} a{where}) a, "
                f"{table}(CASE WHEN json_valid(a.x) THEN a.x ELSE '[]' END) j"
            )
        other, more = self.source()
        inner = [f"e.{column}" for column in more]
        return (
            f"SELECT {self.pick(*own)} FROM {name} a WHERE {self.pick('', 'NOT ')}EXISTS (SELECT 1 FROM {other} e WHERE "
            f"{self.pick(*inner)} = {self.pick(*own)} AND {self.test(inner, 1)})"
        )

    def windowed(self, name: str, own: list[str], where: str) -> str:
        """Window functions whose answers do not depend on the order among equals."""
        key, by = self.pick(*own), self.pick(*own)
        call = self.pick(
            "rank()", "dense_rank()", "count(*)", f"min({by})", f"max({by})", f"count({by})", "percent_rank()", "cume_dist()",
            f"group_concat(quote({key}), ',')",
        )  # fmt: skip
        part = f"PARTITION BY quote({by}) " if self.chance(0.5) else ""
        frame = self.pick("", "", f"RANGE {self.bound()}", f"GROUPS {self.bound()}")
        if call.startswith(("rank", "dense", "percent", "cume", "group")):
            frame = ""
        return f"SELECT quote({key}), {call} OVER ({part}ORDER BY quote({key}) {self.pick('', 'DESC ')}{frame}) FROM {name} a{where}"

    def bound(self) -> str:
        return self.pick(
            "UNBOUNDED PRECEDING", "BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", "BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
            "BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP", "BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE TIES",
        )  # fmt: skip

    def statement(self) -> str:
        """Any."""
        kind = self.random.randrange(40)
        if kind < 12:
            return self.insert()
        if kind < 16:
            return self.update()
        if kind < 18:
            return self.delete()
        if kind < 30:
            return self.select()
        if kind < 32:
            return self.create_index()
        if kind == 32:
            return self.create_view()
        if kind == 33:
            return self.create_trigger() if self.chance(0.6) else self.create_table()
        if kind < 37:
            return self.alter()
        if kind == 37:
            return self.drop()
        return self.transaction()
