"""aerodb_history: in memory, across checkpoints and reopening, in transactions; against a model of random changes (INV-S5)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.connection import Connection


def connect(path: Path | str = ":memory:") -> Connection:
    return aerodb_dbapi.connect(path, isolation_level=None)


def history(connection: Connection, arguments: str = "'t'") -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT * FROM aerodb_history({arguments})").fetchall()


def test_columns_and_operations() -> None:
    connection = connect()
    run = connection.execute
    run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    run("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    run("UPDATE t SET b = 'z' WHERE a = 1")
    run("UPDATE t SET b = b")
    run("REPLACE INTO t VALUES (1, 'r')")
    run("DELETE FROM t WHERE a = 2")
    cursor = run("SELECT * FROM aerodb_history('t')")
    assert [column[0] for column in cursor.description] == ["commit_id", "operation", "rowid_", "a", "b"]
    assert cursor.fetchall() == [
        (2, "INSERT", 1, 1, "x"),
        (2, "INSERT", 2, 2, "y"),
        (3, "UPDATE", 1, 1, "z"),
        (5, "UPDATE", 1, 1, "r"),
        (6, "DELETE", 2, 2, "y"),
    ]
    one = [row for row in history(connection) if row[2] == 1]
    assert history(connection, "'t', 1") == one == history(connection, "'T', 1.0")
    assert run("SELECT * FROM aerodb_history('t') WHERE rowid_ = ?", (1,)).fetchall() == one
    assert history(connection, "'t', 'x'") == history(connection, "'t', NULL") == history(connection, "'t', 99") == []
    joined = run("SELECT t.a, count(h.commit_id) FROM t JOIN aerodb_history('t', t.a) AS h GROUP BY t.a")
    assert joined.fetchall() == [(1, len(one))]


def test_values_of_the_time_under_the_columns_of_now() -> None:
    connection = connect()
    run = connection.execute
    run("CREATE TABLE old(a, gone, b)")
    run("INSERT INTO old VALUES (1, 2, 3)")
    run("ALTER TABLE old DROP COLUMN gone")
    run("ALTER TABLE old ADD COLUMN c DEFAULT 9")
    run("ALTER TABLE old RENAME TO t")
    found = history(connection)
    assert found[0] == (2, "INSERT", 1, 1, 3, None)
    assert found[-1][1:] == ("UPDATE", 1, 1, 3, 9)
    run("DROP TABLE t")
    run("CREATE TABLE t(a)")
    run("INSERT INTO t VALUES (5)")
    assert [row[1:] for row in history(connection)] == [("INSERT", 1, 5)]  # another table of that name


@pytest.mark.parametrize("retention", [1000, 40])
def test_a_random_history_against_a_model(tmp_path: Path, retention: int) -> None:
    """Changes, checkpoints and reopening in any order: what is within retention is told exactly, what is older may be."""
    chance, path = random.Random(retention), tmp_path / "app.db"
    connection = connect(path)
    connection.execute(f"PRAGMA history_retention = {retention}")
    connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    model: list[tuple[int, str, int, int, int]] = []
    rows: dict[int, int] = {}
    commit = 2
    for step in range(120):
        key, value = chance.randrange(12), step
        if key in rows and chance.random() < 0.4:
            connection.execute("DELETE FROM t WHERE a = ?", (key,))
            model.append((commit + 1, "DELETE", key, key, rows.pop(key)))
        else:
            connection.execute("INSERT INTO t VALUES (?, ?) ON CONFLICT DO UPDATE SET b = excluded.b", (key, value))
            model.append((commit + 1, "UPDATE" if key in rows else "INSERT", key, key, value))
            rows[key] = value
        commit += 1
        if chance.random() < 0.1:
            connection.execute("PRAGMA wal_checkpoint")
        if chance.random() < 0.05:
            connection.close()
            connection = connect(path)
        if step % 10 == 0 or step > 115:
            found = history(connection)
            assert found == model[len(model) - len(found) :]
            assert len(found) >= min(len(model), retention)
            assert history(connection, f"'t', {key}") == [row for row in found if row[2] == key]
    connection.close()


def test_without_retention_history_begins_with_the_last_checkpoint(tmp_path: Path) -> None:
    connection = connect(tmp_path / "app.db")
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("PRAGMA wal_checkpoint")
    connection.execute("INSERT INTO t VALUES (2)")
    assert history(connection) == [(3, "INSERT", 2, 2)]
    connection.close()


def test_a_transaction_sees_the_history_of_what_it_reads() -> None:
    one = aerodb_dbapi.connect("file:history?mode=memory&cache=shared", uri=True, isolation_level=None)
    other = aerodb_dbapi.connect("file:history?mode=memory&cache=shared", uri=True, isolation_level=None)
    one.execute("CREATE TABLE t(a)")
    one.execute("BEGIN")
    one.execute("SELECT * FROM t").fetchall()
    one.execute("INSERT INTO t VALUES ('own')")
    other.execute("CREATE TABLE u(a)")
    other.execute("INSERT INTO u VALUES ('later')")
    assert history(one) == []
    one.execute("ROLLBACK")
    assert [row[1:] for row in history(one, "'u'")] == [("INSERT", 1, "later")]
    one.close()
    other.close()


def test_what_is_refused() -> None:
    connection = connect()
    connection.execute("CREATE TABLE t(a)")
    for sql, message in (
        ("SELECT * FROM aerodb_history", "first argument of aerodb_history"),
        ("SELECT * FROM aerodb_history()", "first argument of aerodb_history"),
        ("SELECT * FROM aerodb_history(5)", "first argument of aerodb_history"),
        ("SELECT * FROM aerodb_history('none')", "no such table: none"),
        ("SELECT * FROM aerodb_history('t', 1, 2)", "too many arguments on aerodb_history"),
    ):
        with pytest.raises(aerodb_dbapi.OperationalError, match=message):
            connection.execute(sql)
    connection.execute("CREATE TABLE u(a)")
    assert connection.execute("SELECT count(*) FROM aerodb_history('u')").fetchone() == (0,)


def test_an_authorizer_is_asked_about_the_table() -> None:
    connection = connect()
    connection.execute("CREATE TABLE t(a, b)")
    connection.execute("INSERT INTO t VALUES (1, 2)")

    def ask(action: int, first: str | None, second: str | None, *rest: object) -> int:
        return aerodb_dbapi.SQLITE_DENY if (action, first, second) == (aerodb_dbapi.SQLITE_READ, "t", "b") else 0

    connection.set_authorizer(ask)
    assert connection.execute("SELECT a FROM aerodb_history('t')").fetchall() == [(1,)]
    with pytest.raises(aerodb_dbapi.DatabaseError, match=r"access to t\.b is prohibited"):
        connection.execute("SELECT b FROM aerodb_history('t')")
