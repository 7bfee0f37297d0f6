"""Statements with lists of parameters and of literals: one plan for all their lengths, and the answers of `sqlite3` (INV-Q7)."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest

import aerodb_dbapi

SCHEMA = (
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT COLLATE NOCASE, c REAL, d)",
    "CREATE INDEX t_a ON t(a, c)",
    "CREATE INDEX t_b ON t(b DESC)",
    "CREATE INDEX t_few ON t(c) WHERE a IN (1, 2, 3)",
    "CREATE TABLE u(k TEXT PRIMARY KEY, n INTEGER UNIQUE, t_id REFERENCES t(id)) WITHOUT ROWID",
    "CREATE TABLE log(what)",
    "CREATE TABLE watched(a UNIQUE, b)",
    "CREATE TRIGGER noted AFTER INSERT ON watched BEGIN INSERT INTO log VALUES (new.a); END",
    "CREATE VIEW v AS SELECT a, b FROM watched",
    "CREATE TRIGGER through INSTEAD OF INSERT ON v BEGIN INSERT INTO watched VALUES (new.a, new.b); END",
)
VALUES = (None, 0, 1, 2, 3, 5, -1, 2.0, 2.5, "1", "2.5", "a", "A", "b", "", b"a", 1 << 40)
LITERALS = ("0", "1", "2", "3", "5", "-1", "2.0", "'1'", "'a'", "'A'", "'b'", "''")


def connected(pragma: str = "") -> tuple[Any, Any]:
    made = []
    for library in (aerodb_dbapi, sqlite3):
        connection = library.connect(":memory:", isolation_level=None)
        connection.execute(pragma if library is aerodb_dbapi else "")
        for sql in SCHEMA:
            connection.execute(sql)
        for i in range(60):
            values = (i, i % 7, "aAbBc"[i % 5], i / 2, VALUES[i % len(VALUES)])
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", values)
            connection.execute("INSERT INTO u VALUES (?, ?, ?)", (f"k{i}", i, i))
        made.append(connection)
    return made[0], made[1]


def outcome(connection: Any, library: Any, sql: str, params: tuple[Any, ...], ordered: bool = True) -> Any:
    before = connection.total_changes
    try:
        cursor = connection.execute(sql, params)
        rows = cursor.fetchall()
        rows = rows if ordered else sorted(rows, key=repr)
        names = cursor.description and [column[0] for column in cursor.description]
        return names, rows, cursor.rowcount if names is None else None, connection.total_changes - before
    except library.Error as error:
        return type(error).__name__, str(error), connection.total_changes - before


def same(pair: tuple[Any, Any], sql: str, params: tuple[Any, ...], ordered: bool = False) -> None:
    ours = outcome(pair[0], aerodb_dbapi, sql, params, ordered)
    assert ours == outcome(pair[1], sqlite3, sql, params, ordered), (sql, params)


def same_tables(pair: tuple[Any, Any]) -> None:
    for table in ("t", "u", "log", "watched"):
        found = [sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for connection in pair]
        assert found[0] == found[1], table


def listed(chance: random.Random, count: int) -> tuple[str, tuple[Any, ...]]:
    """The text of an IN list, and its parameters."""
    if chance.random() < 0.3:
        return ", ".join(chance.choice(LITERALS) for _ in range(count)), ()
    return ",".join("?" * count), tuple(chance.choice(VALUES) for _ in range(count))


def condition(chance: random.Random, columns: str) -> tuple[str, tuple[Any, ...]]:
    items, params = listed(chance, chance.choice((1, 3, 8, 9, 15, 16, 40)))
    text = f"{chance.choice(columns.split())} {chance.choice(('', '', 'NOT '))}IN ({items})"
    if chance.random() < 0.3:
        return f"(a > ? AND {text} OR d = 2)", (chance.choice(VALUES), *params)
    if chance.random() < 0.3:
        other, more = condition(chance, columns)
        return f"({text} {chance.choice(('AND', 'OR'))} {other})", (*params, *more)
    return text, params


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("pragma", ["", "PRAGMA aerodb_disabled_rules = 'parameter_lists'"])
def test_random_conditions(seed: int, pragma: str) -> None:
    chance = random.Random(seed)
    pair = connected(pragma)
    for _ in range(30):
        text, params = condition(chance, "id a b c d a+1")
        where = chance.randrange(6)
        if where == 0:
            same(pair, f"SELECT id, {text} AS found FROM t", params)
        elif where == 1:
            inner, more = condition(chance, "k n k||''")
            inner = inner.replace("a >", "n >").replace("d =", "n =")
            same(pair, f"SELECT id, k FROM t JOIN u ON t.id = u.n AND {inner} WHERE {text}", (*more, *params))
        elif where == 2:
            same(pair, f"UPDATE t SET d = ? WHERE {text} AND id > ?", (7, *params, 50))
        elif where == 3:
            same(pair, f"DELETE FROM t WHERE {text} AND id > 55", params)
        elif where == 4:
            same(pair, f"SELECT {text}, count(*) FROM t GROUP BY 1 ORDER BY 1 LIMIT ?", (*params, 9), ordered=True)
        else:
            same(pair, f"SELECT id FROM t WHERE {text} ORDER BY id DESC LIMIT 7", params, ordered=True)
    same_tables(pair)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("keys", [0, 1])
def test_random_rows(seed: int, keys: int) -> None:
    """Rows of VALUES: with conflicts, clauses for them, RETURNING, foreign keys, triggers, and in the middle of a transaction."""
    chance = random.Random(100 + seed)
    pair = connected()
    for connection in pair:
        connection.execute(f"PRAGMA foreign_keys = {keys}")
    for number in range(30):
        count = chance.choice((1, 2, 3, 9, 30))
        head = chance.choice(("INSERT", "INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "REPLACE", "INSERT OR FAIL"))
        tail = chance.choice(("", "", " RETURNING *", " ON CONFLICT DO NOTHING"))
        kind = chance.randrange(4)
        if kind == 0:
            table, width = "t(id, a, b)", 3
            rows = [(chance.choice((None, chance.randrange(120))), chance.choice(VALUES), "x") for _ in range(count)]
        elif kind == 1:
            table, width = "u(k, n, t_id)", 3
            rows = [(f"n{number}.{i}", chance.randrange(300), chance.choice((None, 1, 5, 59))) for i in range(count)]
            if chance.random() < 0.3:
                tail = " ON CONFLICT (n) DO UPDATE SET n = excluded.n + ?, k = k || excluded.k WHERE k IN (?, ?) RETURNING k, n"
        elif kind == 2:
            table, width = "watched", 2
            rows = [(chance.randrange(60), chance.choice(VALUES)) for _ in range(count)]
        else:
            head, tail, table, width = "INSERT", "", "v(b, a)", 2
            rows = [(chance.choice(VALUES), 1000 + number * 50 + i) for i in range(count)]
        if chance.random() < 0.3 and kind != 0:
            text = ", ".join(f"({', '.join(repr(abs(hash_free(v))) for v in row)})" for row in rows)
            params: tuple[Any, ...] = ()
        else:
            text = ", ".join([f"({', '.join('?' * width)})"] * count)
            params = tuple(value for row in rows for value in row)
        params += (1000, "k1", "k2") if "excluded" in tail else ()
        if chance.random() < 0.3:
            for connection in pair:
                connection.execute("BEGIN")
        same(pair, f"{head} INTO {table} VALUES {text}{tail}", params)
        for connection in pair:
            if connection.in_transaction:
                connection.execute(chance.choice(("COMMIT",)))
        same_tables(pair)


def hash_free(value: Any) -> int:
    """A number for a value of any class."""
    return value if value.__class__ is int else len(str(value))


def test_comments_of_programs() -> None:
    """Texts that differ in what is written before and behind them share a plan, and name their columns as SQLite does."""
    pair = connected()
    for text in (
        "/* {0} */ SELECT a + 1, b FROM t WHERE id = 5 /*traceparent='{0}'*/", "SELECT a + 1 /* {0} */", "SELECT a+1 FROM t -- {0}",
        "SELECT id FROM t WHERE id IN (?,?,?,?,?,?,?,?) ORDER BY 1 /* {0} */", "-- {0}\nUPDATE t SET a = 5 WHERE id = 3 RETURNING a + 1",
        "UPDATE t SET a = 5 WHERE id = 3 RETURNING a + 1 -- {0}", "DELETE FROM t WHERE id = 4 -- {0}", "SELECT a FROM nosuch -- {0}",
        "SELECT id FROM t WHERE -- {0}", "SELECT 'it''s', b FROM t WHERE b = 'a' /* {0}",
    ):  # fmt: skip
        for mark in ("one", "two'", 'three"'):
            same(pair, text.format(mark), (1, 2, 3, 4, 5, 6, 7, 8) if "?" in text else ())
    same_tables(pair)

    def select() -> None:
        for i in range(20):
            assert pair[0].execute(f"SELECT c FROM t WHERE id = ? /* {i} */", (6,)).fetchone() == (3.0,)

    assert compiled_shapes(pair[0], select) == 1


def compiled_shapes(connection: Any, run: Any) -> int:
    """How many shapes are compiled while something runs."""
    shapes = connection._session.plans.shapes
    before = len(shapes)
    run()
    return len(shapes) - before


def test_one_plan_for_many_lengths() -> None:
    ours, _ = connected()

    def select() -> None:
        for n in range(8, 16):
            found = ours.execute(f"SELECT id FROM t WHERE id IN ({','.join('?' * n)}) AND a >= ?", (*range(n), 0))
            assert found.fetchall() == [(i,) for i in range(n)]

    def insert() -> None:
        for n in range(2, 40):
            rows = ", ".join(["(?, ?)"] * n)
            found = ours.execute(f"INSERT INTO t(a, b) VALUES {rows} RETURNING a", (5, "x") * n)
            assert found.fetchall() == [(5,)] * n

    assert compiled_shapes(ours, select) == 1
    assert compiled_shapes(ours, insert) == 1


def test_plans_of_lists_age() -> None:
    """A plan for tables of another size is forgotten with the texts that run it."""
    ours, _ = connected()
    text = f"SELECT id FROM t WHERE a IN ({','.join('?' * 10)})"
    ours.execute(text, range(10)).fetchall()
    plans = ours._session.plans
    assert text in plans.texts and text in plans.selects
    ours.execute(f"INSERT INTO t(a) VALUES {', '.join(['(?)'] * 5000)}", (1,) * 5000)
    plans.forget_outgrown(ours._session.trees)
    assert text not in plans.texts and text not in plans.selects and text not in plans.rows
    assert len(ours.execute(text, range(10)).fetchall()) == 5060


def test_explain_tells_the_plan_of_the_list() -> None:
    """The number of items counts as it does in the plan that runs."""
    ours, _ = connected()
    for n in (2, 8, 15, 200):
        text = f"SELECT id FROM t WHERE a IN ({','.join('?' * n)}) AND b = ?"
        plan = ours.execute(f"EXPLAIN QUERY PLAN {text}", (1,) * (n + 1)).fetchall()
        assert "t_" in plan[0][3] or "SCAN" in plan[0][3]


def test_a_list_through_another_schema_and_in_a_transaction() -> None:
    """A text whose schema has changed is prepared anew, for parameters one by one; reads are noted as for any statement."""
    pair = connected()
    text = f"SELECT id FROM t WHERE a IN ({','.join('?' * 10)}) AND d IN (1, 2, 3, 4, 5, 6, 7, 8)"
    steps = (
        "CREATE INDEX t_d ON t(d)", "BEGIN", f"DELETE FROM t WHERE id IN ({','.join('?' * 20)})", "CREATE TABLE more(x)",
        "ROLLBACK",
    )  # fmt: skip
    same(pair, text, tuple(range(10)))
    for step in steps:
        same(pair, step, tuple(range(step.count("?"))))
        same(pair, text, tuple(range(10)))


def test_conflicts_are_found_by_the_list(tmp_path: Any) -> None:
    """What a transaction read under a list is validated: a change of a row in it is a conflict, of another is not."""
    path = tmp_path / "app.db"
    one, two = (aerodb_dbapi.connect(path, isolation_level=None, timeout=0) for _ in range(2))
    one.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a)")
    one.execute("CREATE TABLE sums(s)")
    one.executemany("INSERT INTO t VALUES (?, ?)", [(i, i) for i in range(100)])
    text = f"SELECT sum(a) FROM t WHERE a IN ({','.join('?' * 10)})"
    for changed, conflicts in ((50, False), (5, True)):
        one.execute("BEGIN")
        found = one.execute(text, range(10)).fetchone()
        two.execute("UPDATE t SET a = a + 1000 WHERE id = ?", (changed,))
        one.execute("INSERT INTO sums VALUES (?)", found)
        if conflicts:
            with pytest.raises(aerodb_dbapi.OperationalError):
                one.execute("COMMIT")
        else:
            one.execute("COMMIT")
    one.close()
    two.close()


def test_wrong_numbers_of_parameters() -> None:
    pair = connected()
    text = f"SELECT id FROM t WHERE id IN ({','.join('?' * 10)}) AND a = ?"
    for n in (0, 10, 12):
        with pytest.raises(aerodb_dbapi.ProgrammingError, match=f"uses 11, and there are {n} supplied"):
            pair[0].execute(text, (1,) * n)
    same(pair, text, (1,) * 11)
    for rows in ("(?, ?), (?, ?)", "(?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?)"):
        same(pair, f"INSERT INTO t(a, b, c) VALUES {rows}", (1,) * rows.count("?"))


def test_lists_of_executemany_and_of_strings() -> None:
    pair = connected()
    text = f"DELETE FROM t WHERE id IN ({','.join('?' * 8)})"
    for connection in pair:
        connection.executemany(text, [range(i, i + 8) for i in (0, 4, 30)])
    same_tables(pair)
    same(pair, f"SELECT 'IN ({','.join('?' * 8)})', id FROM t WHERE b = 'x IN ({','.join('?' * 9)})' OR id = 40", ())
    same(pair, f'SELECT id AS "IN ({",".join("?" * 8)})" FROM t WHERE id IN ({",".join("?" * 8)})', tuple(range(8, 16)))
    same(pair, f"SELECT id FROM t WHERE id IN ({', '.join(f'?{i}' for i in range(1, 10))})", tuple(range(9)))
    same(pair, f"SELECT (a, b) IN ({','.join('?' * 8)}) FROM t", (1,) * 8)
    same(pair, f"SELECT a FROM t ORDER BY a IN ({','.join('?' * 8)}), id LIMIT 9", (2,) * 8, ordered=True)
