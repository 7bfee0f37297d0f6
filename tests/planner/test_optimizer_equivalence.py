"""INV-Q1: no rule, access path or join order changes a result. INV-T1: the same input gives the same plan.

Seeded statements over tables, indexes and views made for the rules to bite on; each is run with everything on, with
each rule and each choice off in turn, with all off (nested full scans in written order), and by `sqlite3`. Ordered
queries order by all their columns, so that their rows are compared as a list. Values are compared as SQLite compares:
1 and 1.0 are the same row of a UNION.
"""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest
from plan_mirror import Mirror

from aerodb_dbapi.planner.explain import explain_query_plan
from aerodb_dbapi.planner.joins import SWITCHES
from aerodb_dbapi.planner.rules import RULE_NAMES
from aerodb_dbapi.storage.values import sort_key

EVERYTHING = RULE_NAMES | frozenset(SWITCHES)
SETTINGS = [frozenset[str](), EVERYTHING, *(frozenset((name,)) for name in sorted(EVERYTHING))]

SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c);
CREATE INDEX t_a ON t(a); CREATE INDEX t_bc ON t(b, c DESC);
CREATE TABLE u(id INTEGER PRIMARY KEY, t_id INTEGER, x TEXT, y REAL);
CREATE INDEX u_t ON u(t_id, y); CREATE INDEX u_xy ON u(x, y);
CREATE INDEX t_low ON t(lower(b), a); CREATE INDEX t_twice ON t(a + a) WHERE c IS NOT NULL; CREATE INDEX u_len ON u(length(x) DESC);
CREATE TABLE w(p INTEGER, q TEXT);
CREATE TABLE n(s TEXT COLLATE NOCASE, k NUMERIC, UNIQUE (k, s));
CREATE INDEX n_s ON n(s);
CREATE VIEW plain AS SELECT a + 1 AS a1, b, c AS cc, id FROM t WHERE a IS NOT NULL;
CREATE VIEW grouped AS SELECT a, count(*) AS m, max(c) AS top FROM t GROUP BY a;
CREATE VIEW united AS SELECT a AS v, b AS z FROM t UNION ALL SELECT p, q FROM w UNION ALL SELECT y, x FROM u;
CREATE VIEW merged AS SELECT a AS v, b AS z FROM t UNION SELECT p, q FROM w;
CREATE VIEW lefts AS SELECT t.id AS id, t.a AS a, u.x AS x, u.y AS y FROM t LEFT JOIN u ON u.t_id = t.id;
CREATE VIEW few AS SELECT id, a, b FROM t ORDER BY id LIMIT 7;
CREATE VIEW distincts AS SELECT DISTINCT s, k FROM n;
CREATE VIEW folded AS SELECT s, count(*) AS m FROM n GROUP BY s;
"""
NUMBERS: list[Any] = [None, 0, 1, 2, 3, 4, 5, 7, 10, 2.5, 3.0, -1]
TEXTS: list[Any] = [None, "a", "A", "b", "B", "abc", "", "1", "2.5", "3", "zz"]
LITERALS = ["0", "1", "2", "3", "2.5", "'a'", "'A'", "'b'", "'1'", "'3'", "NULL", "?1", "?2", "-1", "5"]
SOURCES: dict[str, list[str]] = {
    "t": ["id", "a", "b", "c", "rowid"], "u": ["id", "t_id", "x", "y"], "w": ["p", "q"], "n": ["s", "k"],
    "plain": ["a1", "b", "cc", "id"], "grouped": ["a", "m", "top"], "united": ["v", "z"], "merged": ["v", "z"],
    "lefts": ["id", "a", "x", "y"], "few": ["id", "a", "b"], "distincts": ["s", "k"], "folded": ["s", "m"],
}  # fmt: skip


def mirror(seed: int) -> Mirror:
    """Forty rows a table, of values that meet and classes that mix."""
    chosen = random.Random(seed)
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)

    def number() -> Any:
        return chosen.choice(NUMBERS)

    def text() -> Any:
        return chosen.choice(TEXTS)

    for _ in range(40):
        either = number() if chosen.random() < 0.6 else text()
        connection.execute("INSERT INTO t(a, b, c) VALUES (?, ?, ?)", (number(), text(), either))
        connection.execute("INSERT INTO u(t_id, x, y) VALUES (?, ?, ?)", (chosen.randint(1, 60), text(), number()))
        connection.execute("INSERT INTO w VALUES (?, ?)", (number(), text()))
        connection.execute("INSERT OR IGNORE INTO n VALUES (?, ?)", (text(), either))
    return Mirror(connection)


class Writer:
    """Writes queries for a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def condition(self, scope: list[str], depth: int = 2) -> str:
        """Mostly what access paths look for."""
        column, kind = self.pick(*scope), self.random.randrange(14)
        value = self.pick(*LITERALS) if self.random.random() < 0.75 else self.pick(*scope)
        if depth and kind < 2:
            more = self.condition(scope, depth - 1)
            return f"({self.condition(scope, depth - 1)} {self.pick('AND', 'OR')} {more})"
        if kind == 2:
            return f"NOT ({self.condition(scope, depth - 1 if depth else 0)})" if depth else f"{column} = {value}"
        if kind == 3:
            return f"{column} {self.pick('', 'NOT ')}BETWEEN {self.pick(*LITERALS)} AND {self.pick(*LITERALS)}"
        if kind == 4:
            return f"{column} {self.pick('', '', 'NOT ')}IN ({', '.join(self.pick(*LITERALS) for _ in range(3))})"
        if kind == 5:
            return f"{column} IS {self.pick('', 'NOT ')}{self.pick('NULL', value)}"
        if kind == 6:
            return f"({column} = {self.pick(*LITERALS)} OR {column} = {self.pick(*LITERALS)})"
        if kind == 7 and depth:
            return self.nested(column, scope)
        if kind == 10:
            other = self.pick(*scope)
            both = f"{self.pick(*scope)} = {self.pick(*LITERALS)} AND {other} > {self.pick(*LITERALS)}"
            return f"({column} = {value} OR {other} {self.pick('=', '<', '>=')} {self.pick(*LITERALS)} OR {both})"
        if kind == 9:
            made = self.pick(f"lower({column})", f"length({column})", f"{column} + {column}")
            return f"{made} {self.pick('=', '=', '<', '>=', 'IS', 'IN')} ({value})"
        if kind == 8:
            return f"{column} = {value} COLLATE {self.pick('NOCASE', 'BINARY')}"
        return f"{column} {self.pick('=', '=', '=', '<', '>=', '>', '<=', '<>')} {value}"

    def nested(self, column: str, scope: list[str]) -> str:
        table = self.pick("t", "u", "w", "n")
        inner = [f"e.{name}" for name in SOURCES[table]]
        link = f"{self.pick(*inner)} = {self.pick(*scope)}" if self.random.random() < 0.7 else self.condition(inner, 0)
        if self.random.random() < 0.3:
            link += f" AND {self.pick(*inner)} = {self.pick(*scope)}"
        kind = self.random.randrange(4)
        if kind == 3:
            call = self.pick("2 * count(*)", "coalesce(sum(e.rowid), -1)", "total(e.rowid)", "count(DISTINCT e.rowid)")
            return f"{column} < (SELECT {call} FROM {table} e WHERE {link})"
        if kind == 0:
            distinct = self.pick("1", "DISTINCT *", "*")
            return f"{self.pick('', 'NOT ')}EXISTS (SELECT {distinct} FROM {table} e WHERE {link})"
        if kind == 1:
            rows = f"SELECT {self.pick(*inner)} FROM {table} e WHERE {link} ORDER BY 1"
            return f"{column} {self.pick('', 'NOT ')}IN ({rows})"
        return (
            f"{column} = (SELECT {self.pick('min', 'max', 'count')}({self.pick(*inner)}) FROM {table} e WHERE {link})"
        )

    def query(self) -> tuple[str, bool]:
        """(text, whether the rows come in a whole order)"""
        text = ""
        scope: list[str] = []
        for at in range(self.random.choice([1, 1, 2, 2, 3])):
            name = self.pick(*SOURCES)
            own = [f"s{at}.{column}" for column in SOURCES[name] if column != "rowid"]
            item = f"{name} s{at}"
            if self.random.random() < 0.25:
                item = f"(SELECT * FROM {name}{self.pick('', ' WHERE ' + self.condition(SOURCES[name], 0))}) s{at}"
            if not text:
                text = item
            else:
                on = f"{self.pick(*own)} = {self.pick(*scope)}"
                if self.random.random() < 0.3:
                    on += f" AND {self.condition(own + scope, 1)}"
                text += f" {self.pick('JOIN', 'LEFT JOIN', 'LEFT JOIN', 'CROSS JOIN')} {item} ON {on}"
            scope += own
        where = [self.condition(scope) for _ in range(self.random.choice([0, 1, 1, 2]))]
        text += f" WHERE {' AND '.join(where)}" if where else ""
        return self.output(text, scope)

    def output(self, text: str, scope: list[str]) -> tuple[str, bool]:
        kind = self.random.randrange(6)
        if kind == 0:
            call = f"{self.pick('min', 'max', 'count', 'total')}({self.pick(*scope)})"
            return f"SELECT {call} FROM {text}", False
        if kind == 1:
            key = self.pick(*scope)
            if not key.endswith((".s", ".b")) and self.random.random() < 0.5:
                more = self.pick("", f", count({self.pick(*scope)})")
                return (
                    f"SELECT {key}, count(*){more} FROM {text} GROUP BY {key} ORDER BY 1 LIMIT {self.pick('1', '3', '9')}",
                    True,
                )
            return f"SELECT {key}, count(*), min({self.pick(*scope)}) FROM {text} GROUP BY {key}", False
        if kind == 2:
            plain = [name for name in scope if not name.endswith((".s", ".b"))]
            if plain:
                keys = [self.pick(*plain) for _ in range(self.random.choice([1, 2, 3]))]
                terms = ", ".join(f"{place} {self.pick('', 'DESC')}" for place in range(1, len(keys) + 1))
                limit = f" LIMIT {self.pick('3', '5', '1 OFFSET 2', '1000')}" if self.random.random() < 0.6 else ""
                return f"SELECT {', '.join(keys)} FROM {text} ORDER BY {terms}{limit}", True
        columns = ", ".join(self.pick(*scope) for _ in range(2))
        return f"SELECT {self.pick('', 'DISTINCT ')}{columns} FROM {text}", False


def shape(rows: list[tuple[Any, ...]], ordered: bool) -> list[Any]:
    made = [tuple(sort_key(value) for value in row) for row in rows]
    return made if ordered else sorted(made)


def folds(sql: str) -> bool:
    """Whether equal but different texts may stand for each other: then only SQLite's choice differs, not a rule's."""
    return "distincts" in sql or "folded" in sql or " n s" in sql


@pytest.mark.parametrize("seed", range(160))
def test_every_setting_gives_the_same_rows(seed: int) -> None:
    data = mirror(seed % 7)
    data.counts_values = seed % 3 > 0
    sql, ordered = Writer(seed).query()
    parameters = (seed % 5, "a" if seed % 2 else "3")
    wanted = shape(data.rows(sql, EVERYTHING, parameters), ordered)
    for disabled in SETTINGS:
        rows = shape(data.rows(sql, disabled, parameters), ordered)
        if not folds(sql):
            assert rows == wanted, (sql, sorted(disabled))
        assert len(rows) == len(wanted)
    if not folds(sql):
        used = [value for place, value in enumerate(parameters, 1) if f"?{place}" in sql or "?2" in sql]
        assert shape(data.connection.execute(sql, used).fetchall(), ordered) == wanted, sql


def test_same_text_same_plan() -> None:
    data = mirror(1)
    for seed in range(60):
        sql, _ = Writer(seed).query()
        first, second = data.planned(sql), data.planned(sql)
        assert explain_query_plan(first) == explain_query_plan(second)
        assert repr(first) == repr(second)
