"""New rowids: SQLite's rule, no gaps for one writer, no id twice for several (INV-V10)."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aerodb_dbapi.storage import rowids
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError, SerializationError

MAX = 2**63 - 1


def made() -> tuple[Database, int]:
    database = Database.memory()
    t = database.begin()
    tree = t.create_tree("table")
    t.commit()
    return database, tree


def insert(transaction: Any, tree: int, rowid: int | None = None) -> int:
    writer = transaction.writer(tree)
    if rowid is None:
        rowid = writer.next_rowid()
        assert writer.get(rowid) is None
    writer.put(rowid, (rowid,))
    return rowid


STEPS = st.lists(
    st.tuples(st.just("insert"), st.none() | st.integers(-4, 90) | st.integers(-(2**62), 2**62))
    | st.tuples(st.just("delete"), st.integers(-4, 90))
    | st.tuples(st.just("delete last"), st.none())
    | st.tuples(st.just("bulk"), st.integers(1, 100))
    | st.tuples(st.just("savepoint"), st.none())
    | st.tuples(st.just("rollback to"), st.none())
    | st.tuples(st.sampled_from(["commit", "rollback"]), st.none()),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_single_writer_gets_the_ids_that_sqlite_gives(steps: list[tuple[str, Any]]) -> None:
    """The largest plus one, whatever was inserted, deleted, undone, committed before: no gap is left by claims."""
    database, tree = made()
    mirror = sqlite3.connect(":memory:", isolation_level=None)
    mirror.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    mirror.execute("BEGIN")
    t = database.begin()
    marks: list[int] = []
    for step, data in steps:
        if step == "insert":
            rowid = insert(t, tree, data)
            cursor = mirror.execute("INSERT OR REPLACE INTO t VALUES (?)", (data,))
            assert data is not None or rowid == cursor.lastrowid
        elif step.startswith("delete"):
            last = t.writer(tree).last_key()
            assert last == mirror.execute("SELECT max(id) FROM t").fetchone()[0]
            key = data if step == "delete" else last
            if key is not None:
                t.writer(tree).delete(key)
                mirror.execute("DELETE FROM t WHERE id = ?", (key,))
        elif step == "bulk":
            first = t.writer(tree).next_rowid(data)
            t.writer(tree).append(range(first, first + data), [(0,)] * data)
            got = [mirror.execute("INSERT INTO t VALUES (NULL)").lastrowid for _ in range(data)]
            assert got == list(range(first, first + data))
        elif step == "savepoint":
            marks.append(t.mark())
            mirror.execute(f"SAVEPOINT s{len(marks)}")
        elif step == "rollback to" and marks:
            t.rollback_to(marks[-1])
            mirror.execute(f"ROLLBACK TO s{len(marks)}")
        elif step in ("commit", "rollback"):
            getattr(t, step)()
            mirror.execute(step)
            mirror.execute("BEGIN")
            t = database.begin()
            marks.clear()
    assert [k for k, _ in t.trees[tree].scan()] == [k for (k,) in mirror.execute("SELECT id FROM t ORDER BY id")]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["insert", "bulk", "insert", "commit", "rollback"])), max_size=60
    )
)
def test_concurrent_writers_never_get_the_same_id(steps: list[tuple[int, str]]) -> None:
    """INV-V10: and so none of them ever fails for an id it was given."""
    database, tree = made()
    open_ones: dict[int, Any] = {}
    expected: set[int] = set()
    given_ids: dict[int, list[int]] = {}
    for slot, step in steps:
        if slot not in open_ones:
            open_ones[slot], given_ids[slot] = database.begin(), []
        t = open_ones[slot]
        if step == "insert":
            rowid = insert(t, tree)
            assert all(rowid not in ids for ids in given_ids.values()) and rowid not in expected
            given_ids[slot].append(rowid)
        elif step == "bulk":
            first = t.writer(tree).next_rowid(100)
            keys = range(first, first + 100)
            assert all(expected.isdisjoint(keys) and set(ids).isdisjoint(keys) for ids in given_ids.values())
            t.writer(tree).append(keys, [(0,)] * 100)
            given_ids[slot] += keys
        else:
            getattr(t, step)()
            if step == "commit":
                expected.update(given_ids[slot])
            del open_ones[slot], given_ids[slot]
    assert {k for k, _ in database.root.trees[tree].scan()} == expected
    for t in open_ones.values():
        t.rollback()
    assert not database.committer.claims.tables


def test_blocks_and_what_follows_them() -> None:
    """The example of the module's text; then all claims are gone, and there is no gap any more."""
    database, tree = made()
    t = database.begin()
    insert(t, tree, 10)
    t.commit()
    a, b = database.begin(), database.begin()
    assert [insert(a, tree), insert(b, tree), insert(a, tree)] == [11, 12, 13]
    a.commit()
    b.commit()
    assert insert(database.begin(), tree) == 14


def test_an_old_view_takes_no_id_of_a_later_commit() -> None:
    """INV-V10: claims of the one that committed are gone, its rows are not."""
    database, tree = made()
    old = database.begin()
    t = database.begin()
    insert(t, tree)
    t.commit()
    assert insert(old, tree) == 2
    old.commit()
    assert len(database.root.trees[tree]) == 2


def test_negative_and_largest_ids() -> None:
    database, tree = made()
    t = database.begin()
    insert(t, tree, -5)
    assert insert(t, tree) == -4
    insert(t, tree, MAX - 1)
    assert insert(t, tree) == MAX
    ids = [insert(t, tree) for _ in range(5)]
    assert len(set(ids)) == 5 and all(0 < rowid < MAX for rowid in ids)
    again, other = made()
    t = again.begin()
    insert(t, other, MAX)
    assert [insert(t, other) for _ in range(5)] == ids  # the same sequence each time


def test_two_writers_of_a_full_range_draw_different_ids() -> None:
    """INV-V10 beyond the largest id."""
    database, tree = made()
    t = database.begin()
    insert(t, tree, MAX)
    t.commit()
    a, b = database.begin(), database.begin()
    drawn = [insert(t, tree) for t in (a, b, a, b)]
    assert len(set(drawn)) == 4
    a.commit()
    b.commit()


def test_a_full_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    database, tree = made()
    t = database.begin()
    insert(t, tree, MAX)
    monkeypatch.setattr(rowids, "_MIX", 0)
    insert(t, tree)
    with pytest.raises(OperationalError, match="database or disk is full") as caught:
        insert(t, tree)
    assert caught.value.sqlite_errorname == "SQLITE_FULL"


def test_threads_insert_without_naming_ids() -> None:
    """INV-V10: no thread ever fails, no row is lost."""
    database, tree = made()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(40):
                t = database.begin()
                for _ in range(3):
                    insert(t, tree)
                t.commit()
        except SerializationError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and len(database.root.trees[tree]) == 480
