"""Cursors that were read half way count only what they passed (INV-V7): what a later commit may change, and what not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from interleavings import explore, start

import aerodb_dbapi
from aerodb_dbapi import SerializationError
from aerodb_dbapi.executor.half_read import Passed, Scanned, WatchedTrees
from aerodb_dbapi.storage.nodes import capacities
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
    one.execute("CREATE TABLE other(id INTEGER PRIMARY KEY, x)")
    one.executemany("INSERT INTO other VALUES (?, ?)", [(2 * n, n % 10) for n in range(ROWS)])
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
FEW = "SELECT id, a FROM t WHERE b > 1900"  # through the index
MANY = "SELECT id, a FROM t WHERE b > 500"  # by a scan: there are too many
ORDERED = "SELECT id, a FROM t WHERE b BETWEEN 200 AND 1500 ORDER BY b"
EQUAL = "SELECT id, b FROM t WHERE a = 3 LIMIT 150"
LISTED = "SELECT id, a FROM t WHERE a IN (2, 5, 7) ORDER BY a LIMIT 900"
LISTED_BACK = "SELECT id, a FROM t WHERE a IN (2, 5, 7) ORDER BY a DESC LIMIT 900"
EITHER = "SELECT id, a FROM t WHERE a = 3 OR b = 1999"
IN_ORDER = "SELECT id, b FROM t WHERE b < 150 ORDER BY id"
JOINED = "SELECT t.id, other.x FROM t CROSS JOIN other ON other.id = t.id"
JOINED_LEFT = "SELECT t.id, other.x FROM t LEFT JOIN other ON other.x = t.a"
JOINED_RANGE = "SELECT t.id, other.x FROM t CROSS JOIN other ON other.id = t.id WHERE t.b > 1000 ORDER BY t.b LIMIT 300"
TWICE = "SELECT p.id, q.id FROM t AS p CROSS JOIN t AS q ON q.id = p.id + 2000 WHERE q.a > -1"
AND_ONE = "SELECT id, (SELECT x FROM other WHERE other.id = t.id) FROM t"


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
        (ABOVE, 5, "UPDATE t SET a = -1 WHERE b = 1990", True),
        (ABOVE, 5, "UPDATE t SET a = -1 WHERE b = 1005", False),
        (ABOVE, 5, "UPDATE t SET b = 1001 WHERE b = 5", False),
        (ABOVE, 5, "UPDATE t SET b = 1980 WHERE b = 5", True),
        (ABOVE, 5, "UPDATE t SET b = 1000 WHERE b = 5", True),  # the conditions say so
        (ABOVE, None, "UPDATE t SET a = -1 WHERE b = 1990", True),
        (FEW, 1, "UPDATE t SET a = -1 WHERE b = 1901", False),
        (FEW, 1, "UPDATE t SET a = -1 WHERE b = 1900", True),
        (FEW, None, "UPDATE t SET a = -1 WHERE b = 1999", False),
        (FEW, None, f"INSERT INTO t VALUES ({END}, 1, 5000)", False),
        (MANY, 1, "UPDATE t SET a = -1 WHERE b = 501", False),
        (MANY, 1, "UPDATE t SET b = 501 WHERE b = 499", False),
        (MANY, 1, "UPDATE t SET a = -1 WHERE b = 1990", True),
        (MANY, 1, "UPDATE t SET b = 2000 WHERE b = 1990", True),
        (MANY, 1, "UPDATE t SET b = 2000 WHERE b = 5", False),  # by rowid it would have been there
        (MANY, None, "UPDATE t SET a = -1 WHERE b = 1990", False),
        (ORDERED, 1, "UPDATE t SET a = -1 WHERE b = 201", False),
        (ORDERED, 1, "UPDATE t SET a = -1 WHERE b = 1400", True),
        (ORDERED, 1, "UPDATE t SET b = 200.5 WHERE b = 1400", False),
        (ORDERED, 1, "UPDATE t SET b = 1300.5 WHERE b = 1400", True),
        (ORDERED, 1, "DELETE FROM t WHERE b = 1600", True),
        (ORDERED, None, "UPDATE t SET a = -1 WHERE b = 1400", False),
        (EQUAL, 1, "UPDATE t SET b = -1 WHERE id = 6", False),
        (EQUAL, 1, "UPDATE t SET b = -1 WHERE id = 8", True),
        (EQUAL, None, f"INSERT INTO t VALUES ({END}, 3, 1)", None),
        (LISTED, 1, "UPDATE t SET b = -1 WHERE id = 4", False),
        (LISTED, 1, "UPDATE t SET b = -1 WHERE a = 7", True),
        (LISTED, 1, "UPDATE t SET a = 1 WHERE id = 10", True),
        (LISTED, 1, "UPDATE t SET a = 2 WHERE id = 10", False),
        (LISTED, 250, "UPDATE t SET a = -1 WHERE id = 4", False),
        (LISTED, 250, "UPDATE t SET b = -1 WHERE id = 10", False),
        (LISTED, 250, "UPDATE t SET a = 2 WHERE id = 3992", False),  # the range of 2 was passed to its end
        (LISTED, 250, "UPDATE t SET b = -1 WHERE a = 7", True),
        (LISTED, None, "UPDATE t SET b = -1 WHERE id = 3994", False),
        (LISTED, None, "UPDATE t SET b = -1 WHERE a = 8", True),
        (LISTED_BACK, 250, "UPDATE t SET b = -1 WHERE a = 2", True),
        (LISTED_BACK, 250, "UPDATE t SET b = -1 WHERE id = 14", False),
        (LISTED_BACK, 250, "UPDATE t SET a = 7 WHERE id = 0", False),
        (LISTED_BACK, None, "UPDATE t SET b = -1 WHERE a = 2", False),
        (EITHER, None, "UPDATE t SET b = -1 WHERE id = 3998", False),
        (EITHER, 1, "UPDATE t SET b = -1 WHERE id = 6", False),
        (EITHER, 1, "UPDATE t SET b = -1 WHERE id = 8", True),
        (IN_ORDER, 1, "UPDATE t SET a = -1 WHERE id = 4", False),
        (IN_ORDER, 1, f"INSERT INTO t VALUES ({END}, 1, 5)", None),
        (JOINED, 1, "UPDATE t SET b = -1 WHERE id = 10", False),
        (JOINED, 1, "UPDATE t SET b = -1 WHERE id = 3000", True),
        (JOINED, 1, "DELETE FROM t WHERE id = 3000", True),
        (JOINED, None, "DELETE FROM t WHERE id = 3000", False),
        (JOINED, 1, "UPDATE other SET x = 0 WHERE id = 3000", False),
        (JOINED_LEFT, 1, "UPDATE t SET b = -1 WHERE id = 10", False),
        (JOINED_LEFT, 1, "UPDATE t SET b = -1 WHERE id = 3000", True),
        (JOINED_LEFT, 1, "INSERT INTO other VALUES (-1, -1)", False),
        (JOINED_RANGE, 5, "UPDATE t SET a = -1 WHERE b = 1005", False),
        (JOINED_RANGE, 5, "UPDATE t SET a = -1 WHERE b = 1990", True),
        (JOINED_RANGE, 5, "UPDATE t SET a = -1 WHERE b = 5", True),
        (TWICE, 1, "UPDATE t SET b = -1 WHERE id = 10", False),
        (TWICE, 1, "UPDATE t SET b = -1 WHERE id = 3000", False),  # read by the inner side
        (AND_ONE, 1, "UPDATE t SET b = -1 WHERE id = 10", False),
        (AND_ONE, 1, "UPDATE t SET b = -1 WHERE id = 3000", True),
        (AND_ONE, 1, "UPDATE other SET x = 0 WHERE id = 3000", False),
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
    scan = Scanned(5, 1, {5: None}, False, None)
    ways: list[Callable[[Any, Any], object]] = [
        lambda trees, watched: watched.batches(), lambda trees, watched: trees[5].columns((0,)),
        lambda trees, watched: len(watched), lambda trees, watched: bool(watched),
        lambda trees, watched: watched.get(3), lambda trees, watched: trees.get(5),
    ]  # fmt: skip
    for way in ways:
        passed = Passed()
        trees = WatchedTrees({5: tree, 6: tree}, scan, passed)
        assert trees[6] is tree
        watched = trees[5]
        keys, _ = next(iter(watched.batches()))
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
    "SELECT id FROM t WHERE b > ? * 200 ORDER BY b", "SELECT id, a FROM t WHERE b BETWEEN 300 AND ? * 300 ORDER BY b, id LIMIT 500",
    "SELECT id, b FROM t WHERE a IN (?, 4, 8) ORDER BY a, id", "SELECT id, b FROM t WHERE a IN (?, 4, 8) ORDER BY a DESC LIMIT 700",
    "SELECT id, b FROM t WHERE a = ? OR b = 1900 ORDER BY id", "SELECT id, a FROM t WHERE b > 1800 + ? * 15 ORDER BY id",
    "SELECT t.id, x FROM t CROSS JOIN other ON other.id = t.id WHERE t.a > ?", "SELECT t.id, x FROM t LEFT JOIN other ON x = t.a - ?",
    "SELECT t.b, x FROM t CROSS JOIN other ON other.id = t.id WHERE t.b > ? * 150 ORDER BY t.b",
    "SELECT p.id, q.b FROM t AS p CROSS JOIN t AS q ON q.id = p.id + ?", "SELECT id, (SELECT x FROM other WHERE id = t.a) FROM t",
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
                ("UPDATE other SET x = x + 1 WHERE id = ?", (at,)),
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


# --- many rows: orders that a plan chooses when it runs -----------------------------------------------------------------

LARGE = 8000
ENTRIES = "SELECT id, b FROM t WHERE c < 600"  # 600 of 8000: through the index, whose order is c's
BY_ID = "SELECT id, b FROM t WHERE c < 600 ORDER BY id"  # the same rows, gathered first
BY_ID_BACK = "SELECT id, b FROM t WHERE c < 600 ORDER BY id DESC"
UNION = "SELECT id, b FROM t WHERE c < 300 OR c > 7699"
ROWID_UNION = "SELECT id, b FROM t WHERE c < 300 OR id > 7800"


@pytest.fixture
def large() -> Iterator[tuple[Any, Any]]:
    uri = "file:half-read-large?mode=memory&cache=shared"
    one, other = (aerodb_dbapi.connect(uri, uri=True, isolation_level=None, timeout=0) for _ in range(2))
    one.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, b, c)")
    one.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, n % 7, 3 * n % LARGE) for n in range(LARGE)])
    one.execute("CREATE INDEX t_c ON t(c)")
    one.execute("CREATE TABLE done(x)")
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("sql", "fetched", "change", "through"),
    [
        (ENTRIES, 1, "UPDATE t SET b = -1 WHERE c = 3", False),
        (ENTRIES, 1, "UPDATE t SET b = -1 WHERE c = 590", True),
        (ENTRIES, 1, "UPDATE t SET c = 7 WHERE c = 590", False),
        (ENTRIES, 1, "UPDATE t SET c = 591 WHERE c = 4000", True),
        (ENTRIES, None, "UPDATE t SET b = -1 WHERE c = 590", False),
        (BY_ID, 1, "UPDATE t SET b = -1 WHERE c = 3", False),  # id 1
        (BY_ID, 1, "UPDATE t SET b = -1 WHERE id = 5334", True),  # c = 2
        (BY_ID, 1, "UPDATE t SET c = 5 WHERE id = 7000", True),
        (BY_ID, 1, "UPDATE t SET c = 5 WHERE id = 250", False),
        (BY_ID, None, "UPDATE t SET b = -1 WHERE id = 5334", False),
        (BY_ID_BACK, 1, "UPDATE t SET b = -1 WHERE c = 3", True),
        (BY_ID_BACK, 1, "UPDATE t SET b = -1 WHERE id = 5334", False),
        (BY_ID_BACK, 1, "INSERT INTO t VALUES (9999, 1, 5)", False),
        (BY_ID_BACK, 1, "INSERT INTO t VALUES (9999, 1, 5000)", True),
        (UNION, 1, "UPDATE t SET b = -1 WHERE id = 3", False),
        (UNION, 1, "UPDATE t SET c = 7800 WHERE id = 300", False),
        (UNION, 1, "UPDATE t SET b = -1 WHERE id = 7990", True),
        (UNION, 1, "UPDATE t SET c = 7800 WHERE id = 7000", True),
        (UNION, 599, "UPDATE t SET b = -1 WHERE id = 7990", False),
        (UNION, None, "INSERT INTO t VALUES (9999, 1, 7990)", False),
        (ROWID_UNION, 1, "UPDATE t SET b = -1 WHERE id = 7990", False),  # its rows are gathered by a scan
    ],
)
def test_orders_that_are_chosen_late(
    large: tuple[Any, Any], sql: str, fetched: int | None, change: str, through: bool
) -> None:
    assert commits(*large, sql, fetched, change) is through


# --- every order of steps, leaf by leaf ---------------------------------------------------------------------------------

START = """
    CREATE TABLE t(id INTEGER PRIMARY KEY, k, x);
    CREATE INDEX t_k ON t(k);
    CREATE TABLE s(id INTEGER PRIMARY KEY, y);
    CREATE TABLE u(n);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO t SELECT i, i % 20, i FROM n;
    INSERT INTO s SELECT id, 0 FROM t;
"""
READERS = {
    "range": "SELECT id, x FROM t WHERE k > 4 ORDER BY k, id LIMIT 3",
    "range back": "SELECT id, x FROM t WHERE k < 15 ORDER BY k DESC LIMIT 3",
    "listed": "SELECT id, x FROM t WHERE k IN (2, 4, 9, 12) ORDER BY k LIMIT 3",
    "outer side": "SELECT t.id, s.y FROM t CROSS JOIN s ON s.id = t.id WHERE k BETWEEN 3 AND 17 ORDER BY k LIMIT 4",
    "by rowid": "SELECT t.id, x, s.y FROM t LEFT JOIN s ON s.id = t.x ORDER BY t.id LIMIT 4",
}
WRITERS = {
    "first rows": ("UPDATE t SET x = -1 WHERE id IN (2, 5, 14, 34)",),
    "into the range": ("UPDATE t SET k = 5 WHERE id = 19", "INSERT INTO t VALUES (50, 2, 9)"),
    "out of it": ("UPDATE t SET k = 0 WHERE k IN (2, 5, 14)",),
    "take away": ("DELETE FROM t WHERE id < 5", "DELETE FROM t WHERE k = 5"),
    "inner side": ("UPDATE s SET y = y + 1 WHERE id IN (1, 3, 4)",),
    "far rows": ("UPDATE t SET x = -2 WHERE k IN (8, 10)",),
}


@pytest.mark.parametrize("reader", sorted(READERS))
def test_in_every_order(reader: str) -> None:
    """INV-V7: whoever commits has read what it would have read in the place of its commit, though it counts only what it passed."""
    with capacities(4, 4):
        base, failed = start(START), {}
        own = (READERS[reader], "INSERT INTO u VALUES (1)", "UPDATE s SET y = 5 WHERE id = 40")
        for name, steps in WRITERS.items():
            failed[name] = explore(base, (own, steps))[1]
        explore(base, (own, ("INSERT INTO u SELECT max(x) FROM t",), WRITERS["into the range"]))
    assert failed["first rows"] or failed["take away"]
    assert not failed["far rows"], failed
