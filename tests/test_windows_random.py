"""Random window functions against `sqlite3`: every function, frame, exclusion and kind of partition, row by row (INV-Q4, INV-T3).

There is no index, so both engines start from the order of rowids and sort stably: lists of rows are compared as they come.
Sums are taken over integers or over reals whose sums are exact, and never over both: SQLite's running sum stays a real once it
has met one. min() and max() come without FILTER, which SQLite overlooks where the frame's start moves,
group_concat() without empty texts, which it takes for NULL there.
"""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.planner.rules import RULE_NAMES

SEEDS = range(60)
STATEMENTS = 30
MIXED = [None, None, 1, 2, 2, 3, 2.5, -1, 0.5, "a", "A", "b", "", "10", b"a", b"", 10**6]
ANY, SUMMED = ("i", "r", "m", "n", "s"), ("i", "r", "n")


class Windows:
    """Statements for one seed over ``t(id, i, r, m, n, s, g)``: integers, reals, anything, integers with NULLs, text, groups."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def rows(self) -> list[tuple[Any, ...]]:
        draw = self.random
        return [
            (
                number,
                draw.randint(-3, 6),
                draw.randint(-8, 8) / 4,
                draw.choice(MIXED),
                draw.choice([None, 1, 2, 3, 5]),
                draw.choice(["a", "B", "b", "c ", "c"]),
                draw.randint(0, 2),
            )
            for number in range(draw.choice([0, 1, 5, 12, 12, 30]))
        ]

    def function(self) -> tuple[str, bool]:
        """A call, and whether it may have a FILTER."""
        kind = self.random.randrange(16)
        if kind < 7:
            call = self.aggregate()
            return call, not call.startswith(("min", "max"))
        if kind == 7:
            return self.pick("row_number()", "rank()", "dense_rank()"), False
        if kind == 8:
            return self.pick("percent_rank()", "cume_dist()"), False
        if kind == 9:
            return f"ntile({self.pick('1', '2', '3', '7', '50', chr(39) + '2' + chr(39))})", False
        if kind in (10, 11):
            name, value = self.pick("lag", "lead"), self.pick(*ANY)
            distance = self.pick("0", "1", "2", "1.0", "2.5", "n", "'1'", "NULL")
            return f"{name}({value}{self.pick('', f', {distance}', f', {distance}, {self.pick(*ANY)}')})", False
        if kind == 12:
            return f"nth_value({self.pick(*ANY)}, {self.pick('1', '2', '3', '2.0')})", False
        return f"{self.pick('first_value', 'last_value')}({self.pick(*ANY)})", False

    def aggregate(self) -> str:
        kind = self.random.randrange(9)
        if kind == 0:
            return f"count({self.pick('*', *ANY)})"
        if kind == 1:
            return f"group_concat({self.pick('i', 'r', 'n', 's')}{self.pick('', ', s', ', 0', ', n')})"
        if kind < 5:
            return f"{self.pick('sum', 'total', 'avg')}({self.pick(*SUMMED)})"
        return f"{self.pick('min', 'max')}({self.pick('i', 'r', 'm', 'n', 's', 's COLLATE NOCASE')})"

    def term(self, columns: tuple[str, ...] = ANY) -> str:
        column = self.pick(*columns)
        collate = " COLLATE NOCASE" if column == "s" and self.chance(0.3) else ""
        return f"{column}{collate}{self.pick('', '', ' DESC')}{self.pick('', '', ' NULLS FIRST', ' NULLS LAST')}"

    def window(self) -> str:
        parts = []
        if self.chance(0.5):
            parts.append(f"PARTITION BY {self.pick('g', 's', 's COLLATE NOCASE', 'g, n', 'm', 'i % 2')}")
        count = self.random.choice([0, 1, 1, 1, 2])
        if count:
            parts.append("ORDER BY " + ", ".join(self.term() for _ in range(count)))
        if self.chance(0.75):
            parts.append(self.frame(count == 1))
        return " ".join(parts)

    def frame(self, single: bool) -> str:
        unit = self.pick("ROWS", "RANGE", "GROUPS")
        before, here, after = "UNBOUNDED PRECEDING", "CURRENT ROW", "UNBOUNDED FOLLOWING"
        starts, ends = [before, here], [here, after]
        if unit != "RANGE" or single:
            sizes = ("0", "1", "2", "5") if unit != "RANGE" else ("0", "1", "2", "0.5", "3.25", "'1'")
            starts += [f"{self.pick(*sizes)} {side}" for side in ("PRECEDING", "FOLLOWING")] * 2
            ends += [f"{self.pick(*sizes)} {side}" for side in ("PRECEDING", "FOLLOWING")] * 2
        while True:
            start, end = self.pick(*starts), self.pick(*ends)
            after_end = "FOLLOWING" in start and (end == here or "PRECEDING" in end)
            if not after_end and not (start == here and "PRECEDING" in end):
                break
        text = f"{unit} {start}" if end == here and self.chance(0.3) else f"{unit} BETWEEN {start} AND {end}"
        return text + self.pick(
            "", "", "", " EXCLUDE NO OTHERS", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"
        )

    def call(self, window: str) -> str:
        function, is_aggregate = self.function()
        condition = f" FILTER (WHERE {self.pick('n', 'i > 0', 'm IS NOT NULL', 's > r')})" if self.chance(0.2) else ""
        return f"{function}{condition if is_aggregate else ''} OVER {window}"

    def select(self) -> str:
        kind = self.random.randrange(10)
        if kind == 0:
            return (
                f"SELECT g, s, sum(count(*)) OVER ({self.pick('', 'PARTITION BY g')} ORDER BY min(i), g, s), "
                f"rank() OVER (ORDER BY count(*) DESC) FROM t GROUP BY g, s"
            )
        calls = []
        names = ""
        if self.chance(0.3):
            names = f" WINDOW w AS (PARTITION BY {self.pick('g', 's')}), v AS (w ORDER BY {self.term()})"
        for _ in range(self.random.randint(1, 3)):
            named = self.pick("w", "v", "(v ROWS 1 PRECEDING)", "(w ORDER BY i)")
            calls.append(self.call(named if names and self.chance(0.6) else f"({self.window()})"))
        where = self.pick("", "", " WHERE i > 0", " WHERE id % 3")
        order = self.pick("", f" ORDER BY {self.call(f'({self.window()})')}, id", " ORDER BY 1, id DESC LIMIT 7")
        query = f"SELECT id, {', '.join(calls)} FROM t{where}{names}{order}"
        if kind == 1:
            return f"SELECT * FROM ({query}) WHERE id > 3"
        if kind == 2:
            return f"WITH c AS ({query}) SELECT count(*), c.* FROM c GROUP BY id % 4 HAVING max(id)"
        if kind == 3:
            return f"SELECT id, (SELECT {calls[0]} FROM t AS u WHERE u.g = t.g{names} ORDER BY id LIMIT 1) FROM t"
        return query


def shown(rows: list[tuple[Any, ...]]) -> list[list[tuple[str, Any]]]:
    return [[(type(value).__name__, value) for value in row] for row in rows]


def outcome(connection: Any, sql: str, error: type[Exception]) -> Any:
    try:
        return shown(connection.execute(sql).fetchall())
    except error as problem:
        return type(problem).__name__, str(problem)


def play(seed: int, pragma: str = "") -> None:
    windows = Windows(seed)
    connections = [aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")]
    rows = windows.rows()
    for connection in connections:
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, i INTEGER, r REAL, m, n INTEGER, s TEXT, g INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    ours, theirs = connections
    ours.execute(pragma)
    for _ in range(STATEMENTS):
        sql = windows.select()
        mine, other = outcome(ours, sql, aerodb_dbapi.Error), outcome(theirs, sql, sqlite3.Error)
        assert mine == other, f"seed {seed}, rows {rows}\n{sql}"
    ours.close()
    theirs.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_windows(seed: int) -> None:
    play(seed)


@pytest.mark.parametrize("seed", SEEDS[::6])
def test_random_windows_without_rules(seed: int) -> None:
    """INV-Q1: no rule changes a result."""
    play(seed, f"PRAGMA aerodb_disabled_rules = '{' '.join(sorted(RULE_NAMES))}'")
