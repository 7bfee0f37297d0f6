"""Random lateral joins of tables and table-valued functions, against sqlite3, with the planner's rules on and off.

RIGHT and FULL joins are left out: SQLite 3.40 loses rows of table-valued functions there.
"""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest
from json_documents import Documents

import aerodb_dbapi
from aerodb_dbapi.planner.joins import SWITCHES
from aerodb_dbapi.planner.rules import RULE_NAMES

COLUMNS = {"doc": ["id", "body", "n"], "json": ["key", "value", "type", "atom", "fullkey", "path"]}


class Queries:
    """Random queries over the table doc(id, body, n) and json_each, json_tree."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def item(self, number: int, known: list[tuple[str, str]]) -> tuple[str, str, str]:
        """(text, kind, alias) of one item of FROM."""
        alias = f"s{number}"
        documents = [f"{name}.body" if kind == "doc" else f"{name}.json" for name, kind in known]
        if self.chance.random() < 0.4:
            return f"doc {alias}", "doc", alias
        documents += ["'[1,2,[3,{\"a\":4}]]'", '\'{"a":1,"b":[2]}\'', "NULL"]
        function = self.chance.choice(["json_each", "json_tree"])
        path = self.chance.choice(["", "", ", '$'", ", '$.a'", ", '$[0]'"]) if function == "json_each" else ""
        return f"{function}({self.chance.choice(documents)}{path}) {alias}", "json", alias

    def column(self, known: list[tuple[str, str]]) -> str:
        alias, kind = self.chance.choice(known)
        return f"{alias}.{self.chance.choice(COLUMNS[kind])}"

    def test(self, known: list[tuple[str, str]]) -> str:
        other = self.chance.choice([self.column(known), "1", "'a'", "2", "'array'"])
        return f"{self.column(known)} {self.chance.choice(['=', '=', '<', '>=', '<>', 'IS'])} {other}"

    def query(self) -> str:
        text, kind, alias = self.item(0, [])
        known = [(alias, kind)]
        for number in range(1, self.chance.choice([2, 2, 3])):
            item, kind, alias = self.item(number, known)
            join = self.chance.choice([", ", " JOIN ", " LEFT JOIN ", " CROSS JOIN "])
            known.append((alias, kind))
            text += f"{join}{item}"
            if join == " LEFT JOIN " or (join == " JOIN " and self.chance.random() < 0.5):
                text += f" ON {self.test(known)}"
        where = f" WHERE {self.test(known)}" if self.chance.random() < 0.6 else ""
        if self.chance.random() < 0.2:
            return f"SELECT {self.column(known)}, count(*) FROM {text}{where} GROUP BY 1"
        if self.chance.random() < 0.2:
            return f"SELECT id FROM doc WHERE EXISTS (SELECT 1 FROM json_tree(doc.body) t WHERE {self.test([('t', 'json')])})"
        return f"SELECT {', '.join(self.column(known) for _ in range(3))} FROM {text}{where}"


@pytest.mark.parametrize("seed", range(25))
def test_lateral_joins(seed: int) -> None:
    """INV-Q1, INV-Q4."""
    chance = random.Random(seed)
    documents = Documents(seed)
    rows: list[Any] = [(i, documents.text(2) if i % 4 else None, chance.choice([1, 2, "a", None])) for i in range(1, 7)]
    connections: list[Any] = [sqlite3.connect(":memory:"), *(aerodb_dbapi.connect(":memory:") for _ in range(2))]
    for connection in connections:
        connection.execute("CREATE TABLE doc(id INTEGER PRIMARY KEY, body TEXT, n)")
        connection.executemany("INSERT INTO doc VALUES (?, ?, ?)", rows)
    connections[2].execute(f"PRAGMA aerodb_disabled_rules = '{','.join((*RULE_NAMES, *SWITCHES))}'")
    queries = Queries(chance)
    for _ in range(40):
        sql = queries.query()
        answers = [sorted(connection.execute(sql).fetchall(), key=repr) for connection in connections]
        assert repr(answers[1]) == repr(answers[0]), sql
        assert repr(answers[2]) == repr(answers[0]), sql
    for connection in connections:
        connection.close()
