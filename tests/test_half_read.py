"""Cursors that were read half way count only what they passed (INV-V7): what a later commit may change, and what not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi import SerializationError
from aerodb_dbapi.executor.half_read import Passed, WatchedTrees
from aerodb_dbapi.storage.tree import Tree

ROWS = 2000
LEAF = 256  # a batch counts as a whole


@pytest.fixture
def pair() -> Iterator[tuple[Any, Any]]:
    uri = "file:half-read?mode=memory&cache=shared"
    one, other = (aerodb_dbapi.connect(uri, uri=True, isolation_level=None, timeout=0) for _ in range(2))
    one.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)")
    one.execute("CREATE INDEX t_a ON t(a)")
    one.execute("CREATE INDEX t_b ON t(b)")
    one.execute("CREATE TABLE done(x)")
    one.executemany("INSERT INTO t VALUES (?, ?, ?)", [(2 * n, n % 10, n) for n in range(ROWS)])
    yield one, other
    one.close()
    other.close()


def commits(one: Any, other: Any, sql: str, fetched: int | None, change: str) -> bool:
    """Does a transaction commit that read so many rows (None: all) while another commit made a change?"""
    one.execute("BEGIN")
    cursor = one.execute(sql)
    rows = cursor.fetchall() if fetched is None else cursor.fetchmany(fetched)
    assert fetched is None or len(rows) == fetched
    other.execute(change)
    one.execute("INSERT INTO done VALUES (1)")
    try:
        one.execute("COMMIT")
    except SerializationError as error:
        assert error.kind == "read" and error.statement is not None
        return False
    return True


ALL = "SELECT * FROM t"
SOME = "SELECT b FROM t WHERE a + 0 = 3"
BACK = "SELECT * FROM t ORDER BY id DESC"
RANGE = "SELECT b FROM t WHERE id BETWEEN 1000 AND 3000"
LIMIT = "SELECT b FROM t WHERE a + 0 = 3 LIMIT 5"
END = 2 * ROWS
BY_B = "SELECT a, b FROM t ORDER BY b LIMIT 400"
LAST_B = "SELECT a, b FROM t ORDER BY b DESC LIMIT 20"
BELOW = "SELECT id, a FROM t WHERE b < 1000 ORDER BY b DESC LIMIT 400"
ABOVE = "SELECT id, a FROM t WHERE b > 1000 ORDER BY b LIMIT 10"


@pytest.mark.parametrize(
    ("sql", "fetched", "change", "through"),
    [
        (ALL, 1, "UPDATE t SET b = -1 WHERE id = 0", False),
        (ALL, 1, "UPDATE t SET b = -1 WHERE id = 100", False),
        (ALL, 1, "INSERT INTO t VALUES (7, 1, 1)", False),  # between the rows that were passed
        (ALL, 1, "INSERT INTO t VALUES (-7, 1, 1)", False),
        (ALL, 1, "DELETE FROM t WHERE id = 4", False),
        (ALL, 1, f"INSERT INTO t VALUES ({END}, 1, 1)", True),
        (ALL, 1, "UPDATE t SET b = -1 WHERE id = 3000", True),
        (ALL, 1, "DELETE FROM t WHERE id > 2000", True),
        (ALL, 1, "DELETE FROM t WHERE id IN (4, 3000)", False),
        (ALL, 1000, "UPDATE t SET b = -1 WHERE id = 1990", False),
        (ALL, 1000, "UPDATE t SET b = -1 WHERE id = 3000", True),
        (ALL, ROWS, f"INSERT INTO t VALUES ({END}, 1, 1)", None),
        (ALL, None, f"INSERT INTO t VALUES ({END}, 1, 1)", False),
        (SOME, 1, "UPDATE t SET b = -1 WHERE id = 6", False),
        (SOME, 1, "UPDATE t SET a = 3 WHERE id = 8", False),  # it would have been there
        (SOME, 1, "UPDATE t SET a = 5 WHERE id = 8", True),
        (SOME, 1, "UPDATE t SET b = -1 WHERE id = 3006", True),
        (SOME, None, "UPDATE t SET b = -1 WHERE id = 3006", False),
        (SOME, None, "UPDATE t SET b = -1 WHERE id = 3008", True),
        (BACK, 1, f"INSERT INTO t VALUES ({END}, 1, 1)", False),
        (BACK, 1, "INSERT INTO t VALUES (1, 1, 1)", True),
        (BACK, 1000, "UPDATE t SET b = -1 WHERE id = 3000", False),
        (BACK, 1000, "UPDATE t SET b = -1 WHERE id = 500", True),
        (RANGE, 1, "UPDATE t SET b = -1 WHERE id = 1000", False),
        (RANGE, 1, "UPDATE t SET b = -1 WHERE id = 2990", True),
        (RANGE, 1, "UPDATE t SET b = -1 WHERE id = 500", True),  # the conditions say so
        (RANGE, None, "UPDATE t SET b = -1 WHERE id = 2990", False),
        (RANGE, None, "UPDATE t SET b = -1 WHERE id = 3990", True),
        (LIMIT, None, "UPDATE t SET b = -1 WHERE id = 6", False),
        (LIMIT, None, "UPDATE t SET b = -1 WHERE id = 3006", True),
        ("SELECT b FROM t ORDER BY b + 0", 1, f"INSERT INTO t VALUES ({END}, 1, 1)", False),  # sorted: all was read
        (BY_B, 1, "UPDATE t SET a = -1 WHERE b = 5", False),
        (BY_B, 1, "UPDATE t SET a = -1 WHERE b = 700", True),
        (BY_B, 1, "UPDATE t SET b = -1 WHERE b = 700", False),  # it would have been the first
        (BY_B, 1, "UPDATE t SET b = 701.5 WHERE b = 700", True),
        (BY_B, 1, f"INSERT INTO t VALUES ({END}, 1, 1.5)", False),
        (BY_B, 1, f"INSERT INTO t VALUES ({END}, 1, 'z')", True),
        (BY_B, 1, "DELETE FROM t WHERE b = 4", False),
        (BY_B, 1, "DELETE FROM t WHERE b > 600", True),
        (BY_B, None, "DELETE FROM t WHERE b > 300", False),
        (LAST_B, None, "UPDATE t SET a = -1 WHERE b = 1990", False),
        (LAST_B, None, "UPDATE t SET a = -1 WHERE b = 5", True),
        (LAST_B, None, "UPDATE t SET b = 5000 WHERE b = 5", False),
        (LAST_B, None, f"INSERT INTO t VALUES ({END}, 1, 5000)", False),
        (BELOW, 5, "UPDATE t SET a = -1 WHERE b = 990", False),
        (BELOW, 5, "UPDATE t SET a = -1 WHERE b = 1100", True),  # the conditions say so
        (BELOW, 5, "UPDATE t SET a = -1 WHERE b = 5", True),
        (BELOW, None, "UPDATE t SET a = -1 WHERE b = 605", False),
        (ABOVE, 5, "UPDATE t SET a = -1 WHERE b = 1990", False),
        ("SELECT count(*) FROM t", 1, f"INSERT INTO t VALUES ({END}, 1, 1)", False),
        ("SELECT DISTINCT a FROM t", 1, f"INSERT INTO t VALUES ({END}, 1, 1)", True),
        ("SELECT b, (SELECT max(b) FROM t) FROM t", 1, f"INSERT INTO t VALUES ({END}, 1, 1)", False),
        ("SELECT x.b FROM t AS x, t AS y WHERE y.id = x.b", 1, f"INSERT INTO t VALUES ({END}, 1, 1)", False),
    ],
)
def test_what_was_passed(
    pair: tuple[Any, Any], sql: str, fetched: int | None, change: str, through: bool | None
) -> None:
    found = commits(*pair, sql, fetched, change)
    assert through is None or found is through


def test_later_readings_count_as_well(pair: tuple[Any, Any]) -> None:
    """The furthest of several cursors; one that was closed, and one that goes on after another commit."""
    one, other = pair
    for last, through in ((1, True), (ROWS - 1, False)):
        one.execute("BEGIN")
        first, second = one.execute(ALL), one.execute(ALL)
        first.fetchmany(1)
        other.execute("UPDATE t SET b = b + 1 WHERE id = 3900")
        second.fetchmany(last)  # in the state of before
        second.close()
        one.execute("INSERT INTO done VALUES (1)")
        if through:
            one.execute("COMMIT")
        else:
            with pytest.raises(SerializationError):
                one.execute("COMMIT")


def test_own_writes_are_no_obstacle(pair: tuple[Any, Any]) -> None:
    one, other = pair
    one.execute("BEGIN")
    one.execute("UPDATE t SET b = -5 WHERE id < 100")
    cursor = one.execute("SELECT id, b FROM t")
    assert cursor.fetchmany(2) == [(0, -5), (2, -5)]
    other.execute("UPDATE t SET b = -1 WHERE id = 3000")
    one.execute("COMMIT")
    assert other.execute("SELECT count(*) FROM t WHERE b < 0").fetchone() == (51,)


def test_more_scans_than_are_watched(pair: tuple[Any, Any]) -> None:
    """Beyond that a scan counts as read to the end; never too little."""
    one, other = pair
    one.execute("BEGIN")
    for _ in range(200):
        one.execute(ALL).fetchmany(1)
    other.execute("UPDATE t SET b = -1 WHERE id = 3000")
    one.execute("INSERT INTO done VALUES (1)")
    with pytest.raises(SerializationError):
        one.execute("COMMIT")


def stopped(one: Any) -> bool:
    """Does the transaction's commit fail for what it read?"""
    one.execute("INSERT INTO done VALUES (1)")
    try:
        one.execute("COMMIT")
    except SerializationError as error:
        assert error.kind == "read"
        return True
    return False


def drop(one: Any, far: bool) -> None:
    cursor = one.execute(ALL)
    cursor.fetchmany(ROWS - 1 if far else 1)
    del cursor


def close(one: Any, far: bool) -> None:
    cursor = one.execute(ALL)
    cursor.fetchmany(ROWS - 1 if far else 1)
    cursor.close()


def reuse(one: Any, far: bool) -> None:
    cursor = one.execute(ALL)
    cursor.fetchmany(ROWS - 1 if far else 1)
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def roll_back_to(one: Any, far: bool) -> None:
    one.execute("SAVEPOINT s")
    one.execute("UPDATE t SET b = 0 WHERE id = 2")
    one.execute(ALL).fetchmany(ROWS - 1 if far else 1)
    one.execute("ROLLBACK TO s")
    one.execute("RELEASE s")


def go_on_after_a_savepoint(one: Any, far: bool) -> None:
    cursor = one.execute(ALL)
    cursor.fetchone()
    one.execute("SAVEPOINT s")
    one.execute("INSERT INTO done VALUES (7)")
    cursor.fetchmany(ROWS - 2 if far else 1)
    one.execute("ROLLBACK TO s")


def fail(one: Any, far: bool) -> None:
    one.create_function("refuse", 1, lambda b: 1 // (b - (ROWS - 2 if far else 5)))
    cursor = one.execute("SELECT refuse(b) FROM t")
    with pytest.raises(aerodb_dbapi.OperationalError):
        cursor.fetchall()


def go_on_after_other_statements(one: Any, far: bool) -> None:
    cursor = one.execute(ALL)
    cursor.fetchone()
    one.execute("INSERT INTO t VALUES (-5, 1, 1)")
    one.execute("SELECT b FROM t WHERE id = 4").fetchall()
    cursor.fetchmany(ROWS - 2 if far else 1)


def go_on_after_a_commit_that_failed(one: Any, far: bool) -> None:
    cursor = one.execute(ALL)
    cursor.fetchone()
    one.execute("PRAGMA defer_foreign_keys = on")
    one.execute("INSERT INTO child VALUES (1, 77)")
    with pytest.raises(aerodb_dbapi.IntegrityError):
        one.execute("COMMIT")
    one.execute("DELETE FROM child")
    cursor.fetchmany(ROWS - 2 if far else 1)


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize(
    "read", [drop, close, reuse, roll_back_to, go_on_after_a_savepoint, fail, go_on_after_other_statements,
             go_on_after_a_commit_that_failed],
)  # fmt: skip
@pytest.mark.parametrize("early", [False, True])
def test_what_became_of_the_cursor_does_not_matter(pair: tuple[Any, Any], read: Any, far: bool, early: bool) -> None:
    """What it gave was read, before or after the other commit; what it did not give was not."""
    one, other = pair
    one.execute("PRAGMA foreign_keys = on")
    one.execute("CREATE TABLE parent(id INTEGER PRIMARY KEY)")
    one.execute("CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    one.execute("BEGIN")
    one.execute("SELECT x FROM done").fetchall()
    if early:
        other.execute("UPDATE t SET b = b + 1 WHERE id = 3900")
    read(one, far)
    if not early:
        other.execute("UPDATE t SET b = b + 1 WHERE id = 3900")
    assert stopped(one) is far


def test_rows_after_the_commit_belong_to_no_transaction(pair: tuple[Any, Any]) -> None:
    """They come from the state the cursor began on, and neither fail nor stop a transaction that began since."""
    one, other = pair
    one.execute("BEGIN")
    cursor = one.execute("SELECT b FROM t")
    cursor.fetchone()
    other.execute("UPDATE t SET b = -1 WHERE id = 3900")
    assert not stopped(one)
    one.execute("BEGIN")
    one.execute("SELECT b FROM t WHERE id = 0").fetchall()
    other.execute("UPDATE t SET b = -1 WHERE id = 3902")
    assert cursor.fetchall() == [(n,) for n in range(1, ROWS)]
    assert not stopped(one)


def test_what_a_watched_tree_cannot_watch_is_all_of_it() -> None:
    """A second scan, the number of rows, any other way of reading; also of the trees themselves."""
    tree = Tree().update({n: (n,) for n in range(1000)})
    ways: list[Callable[[Any, Any], object]] = [
        lambda trees, watched: watched.batches(), lambda trees, watched: trees[5].columns((0,)),
        lambda trees, watched: len(watched), lambda trees, watched: bool(watched),
        lambda trees, watched: watched.get(3), lambda trees, watched: trees.get(5),
    ]  # fmt: skip
    for way in ways:
        passed = Passed()
        trees = WatchedTrees({5: tree, 6: tree}, 5, passed)
        assert trees[6] is tree
        watched = trees[5]
        keys, _ = next(watched.batches())
        assert passed.covers(keys[-1]) and not passed.covers(999)
        way(trees, watched)
        assert passed.covers(999)


def test_an_empty_table_was_read_when_its_end_was_seen(pair: tuple[Any, Any]) -> None:
    one, other = pair
    for fetches in (True, False):
        one.execute("DELETE FROM t")
        one.execute("BEGIN")
        cursor = one.execute(ALL)
        assert not fetches or cursor.fetchone() is None
        other.execute("INSERT INTO t VALUES (1, 1, 1)")
        assert stopped(one) is fetches


def test_snapshot_isolation_watches_nothing(pair: tuple[Any, Any]) -> None:
    one, other = pair
    one.execute("PRAGMA isolation = snapshot")
    assert commits(one, other, ALL, None, "UPDATE t SET b = -1 WHERE id = 0")


QUERIES = (
    "SELECT * FROM t", "SELECT id, b FROM t WHERE a > ?", "SELECT b FROM t WHERE id > ? * 100 AND b % 2 = 0",
    "SELECT * FROM t ORDER BY id DESC", "SELECT a, b FROM t WHERE id < ? * 300 ORDER BY id DESC", "SELECT * FROM t LIMIT 300",
    "SELECT a FROM t WHERE b > ? LIMIT 3 OFFSET 5", "SELECT DISTINCT a FROM t", "SELECT b FROM t WHERE a = ? ORDER BY a",
    "SELECT b FROM t ORDER BY a", "SELECT a, count(*) FROM t GROUP BY a", "SELECT b FROM t WHERE a IN (1, ?)",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_what_was_fetched_is_what_a_serial_run_gives(pair: tuple[Any, Any], seed: int) -> None:
    """Whoever commits would have fetched the same rows right before its commit: the order of commits is a serial one."""
    one, other = pair
    chance, through = random.Random(seed), 0
    for _ in range(60):
        one.execute("BEGIN")
        fetched = []
        for sql in chance.choices(QUERIES, k=chance.choice((1, 1, 2))):
            values = [chance.randrange(10)] * sql.count("?")
            count = chance.choice((0, 1, 5, 300, 900, 5000))
            fetched.append((sql, values, count, one.execute(sql, values).fetchmany(count)))
        for _ in range(chance.choice((1, 1, 3))):
            at = chance.choice((chance.randrange(END), chance.randrange(END - 300, END + 50)))
            other.execute(*chance.choice((
                ("UPDATE t SET b = b + 1, a = ? WHERE id = ?", (chance.randrange(10), at)),
                ("DELETE FROM t WHERE id = ?", (at,)),
                ("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", (at, chance.randrange(10), at)),
            )))  # fmt: skip
        one.execute("INSERT INTO done VALUES (1)")
        try:
            one.execute("COMMIT")
        except SerializationError:
            continue
        through += 1
        with one.read_view(one.commit_id - 1) as view:
            for sql, values, count, rows in fetched:
                assert view.execute(sql, values).fetchmany(count) == rows, sql
    assert through
