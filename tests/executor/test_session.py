"""Sessions: transactions, savepoints, the shared plan cache, what an error leaves, EXPLAIN."""

from __future__ import annotations

from typing import Any

import pytest
from dml_support import assert_same

import aerodb_dbapi
from aerodb_dbapi.executor import statement as statements
from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.executor.session import PENDING, Session
from aerodb_dbapi.executor.statistics import estimate
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError, SerializationError
from aerodb_dbapi.storage.tree import Tree


@pytest.fixture
def session() -> Session:
    made = Session(Database.memory(), FunctionRegistry())
    run(made, "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b UNIQUE)")
    run(made, "INSERT INTO t VALUES (1, 'x', 10), (2, 'y', 20)")
    return made


def run(session: Session, sql: str, *values: Any) -> Any:
    rows, _ = session.run(session.prepare(sql), values)
    return None if rows is None else list(rows)


def test_transaction_errors() -> None:
    assert_same(
        "BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK",
        "SAVEPOINT a", "BEGIN", "RELEASE b", "ROLLBACK TO b", "RELEASE a", "COMMIT", "RELEASE a",
        "BEGIN IMMEDIATE", "COMMIT", "SAVEPOINT a", "SAVEPOINT a", "RELEASE a", "RELEASE A", "ROLLBACK TO a",
    )  # fmt: skip


def test_savepoints() -> None:
    """INV-D6: rolling back to a savepoint gives back its state, and earlier ones stay usable."""
    assert_same(
        "CREATE TABLE t(a)", "SAVEPOINT one", "INSERT INTO t VALUES (1)", "SAVEPOINT two", "INSERT INTO t VALUES (2)",
        "SAVEPOINT two", "INSERT INTO t VALUES (3)", "ROLLBACK TO two", "SELECT * FROM t", "RELEASE two",
        "INSERT INTO t VALUES (4)", "ROLLBACK TO two", "SELECT * FROM t", "ROLLBACK TO two", "ROLLBACK TO one",
        "SELECT * FROM t", "INSERT INTO t VALUES (5)", "RELEASE one", "SELECT * FROM t", "ROLLBACK",
    )  # fmt: skip


def test_deferred_takes_its_view_at_first_use(session: Session) -> None:
    other = Session(session.database, FunctionRegistry())
    session.begin()
    assert session.transaction is PENDING
    run(other, "INSERT INTO t VALUES (3, 'z', 30)")
    assert run(session, "SELECT count(*) FROM t") == [(3,)]
    run(other, "DELETE FROM t")
    assert run(session, "SELECT count(*) FROM t") == [(3,)]
    session.commit()
    assert run(session, "SELECT count(*) FROM t") == [(0,)]


def test_a_conflict_ends_the_transaction(session: Session) -> None:
    other = Session(session.database, FunctionRegistry())
    session.begin()
    run(session, "SELECT 1 FROM t WHERE id = 2")
    run(other, "UPDATE t SET a = 'theirs' WHERE id = 1")
    run(session, "UPDATE t SET a = 'mine' WHERE id = 1")
    with pytest.raises(SerializationError):
        session.commit()
    assert session.transaction is None
    assert run(session, "SELECT a FROM t WHERE id = 1") == [("theirs",)]


def test_a_lone_statement_is_run_again_on_a_fresh_view(session: Session) -> None:
    other = Session(session.database, FunctionRegistry())
    calls = []

    def disturb(value: Any) -> Any:
        calls.append(value)
        if len(calls) == 1:
            run(other, "UPDATE t SET a = 5 WHERE id = 1")
        return value

    session.register_scalar("disturb", 1, disturb)
    run(session, "UPDATE t SET a = disturb(a) WHERE id = 1")
    assert run(session, "SELECT a FROM t WHERE id = 1") == [(5,)]
    assert calls == ["x", 5]


def test_rows_come_from_the_state_they_started_on(session: Session) -> None:
    """INV-V11, in a transaction and outside."""
    for begin in (False, True):
        if begin:
            session.begin()
        rows, _ = session.run(session.prepare("SELECT id, a FROM t ORDER BY id"), ())
        first = next(rows)
        run(session, "UPDATE t SET a = 'new'")
        run(session, "DELETE FROM t WHERE id = 2")
        if begin:
            session.rollback()
        assert [first, *rows] == [(1, "x"), (2, "y")]
        if not begin:
            run(session, "DELETE FROM t")
            run(session, "INSERT INTO t VALUES (1, 'x', 10), (2, 'y', 20)")


def test_a_failed_statement_leaves_the_session_usable(session: Session) -> None:
    """INV-F4, INV-D4."""
    for text in (
        "INSERT INTO t VALUES (3, 1, 30), (4, 1, 20)",
        "SELECT * FROM nosuch",
        "SELEC",
        "INSERT INTO t VALUES (1)",
    ):
        with pytest.raises(aerodb_dbapi.Error):
            run(session, text)
        session.begin()
        run(session, "INSERT INTO t VALUES (9, 9, 9)")
        with pytest.raises(aerodb_dbapi.Error):
            run(session, text)
        assert run(session, "SELECT count(*) FROM t") == [(3,)]
        session.rollback()
    assert run(session, "SELECT count(*) FROM t") == [(2,)]


def test_sessions_share_plans_by_text_and_shape(session: Session) -> None:
    """INV-S3, INV-Q7: one compiled statement for all texts of a shape, in all sessions, for one schema."""
    other = Session(session.database, FunctionRegistry())
    one = session.prepare("SELECT a FROM t WHERE b = 10")
    two = other.prepare("SELECT a FROM t WHERE b = 20")
    assert one.compiled is two.compiled and one.constants == (10,)
    assert other.prepare("SELECT a FROM t WHERE b = 10") is one
    run(other, "CREATE INDEX i ON t(a)")
    again = session.prepare("SELECT a FROM t WHERE b = 10")
    assert again.compiled is not one.compiled and again.compiled.schema is session.schema
    assert list(session.run(one, ())[0]) == [("x",)]


def test_user_functions_make_plans_private(session: Session) -> None:
    other = Session(session.database, FunctionRegistry())
    run(session, "SELECT abs(a) FROM t")
    session.register_scalar("abs", 1, lambda value: "mine")
    assert run(session, "SELECT abs(a) FROM t") == [("mine",), ("mine",)]
    assert run(other, "SELECT abs(id) FROM t") == [(1,), (2,)]


def test_cache_is_bounded_and_forgets_outgrown_plans(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "TEXTS_MAX", 10)
    for number in range(50):
        run(session, f"SELECT {number}")
    assert len(session.plans.texts) <= 10
    small = session.prepare("SELECT a FROM t WHERE a = ?").compiled
    session.run_many(session.prepare("INSERT INTO t VALUES (?, ?, ?)"), [(i, i, -i) for i in range(100, 1300)])
    assert session.prepare("SELECT a FROM t WHERE a = ?").compiled is not small


def test_hit_tables_follow_the_transaction(session: Session) -> None:
    text = "SELECT a FROM t"
    run(session, text)
    assert text in session.hits
    session.begin()
    assert text in session.hits
    run(session, text)
    assert text in session.hits
    run(session, "CREATE TABLE u(a)")
    assert not session.hits
    session.rollback()
    session.set_plain(False)
    assert not session.hits


def test_run_many_keeps_the_rows_before_a_failure(session: Session) -> None:
    insert = session.prepare("INSERT INTO t VALUES (?, ?, ?)")
    rows = [(5, 1, 50), (6, 1, 60), (7, 1, 50), (8, 1, 80)]
    with pytest.raises(aerodb_dbapi.IntegrityError):
        session.run_many(insert, rows)
    assert run(session, "SELECT id FROM t WHERE id > 4") == [(5,), (6,)]
    session.begin()
    with pytest.raises(aerodb_dbapi.IntegrityError):
        session.run_many(insert, [(15, 1, 150), (16, 1, 50)])
    assert run(session, "SELECT id FROM t WHERE id > 6") == [(15,)]
    session.commit()
    assert session.total_changes == 5


def test_explain(session: Session) -> None:
    prepared = session.prepare("EXPLAIN QUERY PLAN SELECT * FROM t WHERE id = 1")
    assert prepared.compiled.names == ["id", "parent", "notused", "detail"]
    assert run(session, prepared.text)[0][3] == "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)"
    lines = run(session, "EXPLAIN INSERT INTO t VALUES (1, 'secret', 3)")
    assert [number for number, _ in lines] == list(range(1, len(lines) + 1))
    text = "\n".join(line for _, line in lines)
    assert "def insert(session, transaction, params)" in text
    assert "secret" not in text, "INV-Q2"


def test_source_of_dml_has_no_user_text(session: Session) -> None:
    """INV-Q2, for names and values alike."""
    run(
        session,
        """CREATE TABLE "evil'; import os"("drop""table" TEXT NOT NULL DEFAULT 'boo', "b)" CHECK("b)" <> 'ouch'))""",
    )
    run(session, """CREATE UNIQUE INDEX "bad name" ON "evil'; import os"("b)")""")
    for text in (
        """INSERT INTO "evil'; import os" VALUES ('value', 'of mine')""",
        """UPDATE "evil'; import os" SET "b)" = 'of yours' WHERE "drop""table" = 'value'""",
        """DELETE FROM "evil'; import os" WHERE "b)" = 'of yours'""",
    ):
        source = session.prepare(text).compiled.source
        for word in ("evil", "import", "drop", 'b)"', "boo", "ouch", "value'", "mine", "yours", "bad name"):
            assert word not in source
        assert session.run(session.prepare(text), ())[1] == 1


def test_statistics() -> None:
    few = [(1, i % 7, i) for i in range(2000)]
    many = [(1, i // 10, i) for i in range(20000)]
    assert estimate(Tree.build(sorted(few), range(2000), "index"), 2) == 7
    assert 1500 < estimate(Tree.build(many, range(20000), "index"), 2) < 2500
    assert estimate(Tree.build((), (), "index"), 2) == 0


def test_no_such_savepoint(session: Session) -> None:
    with pytest.raises(OperationalError, match="no such savepoint: s"):
        session.release("s")


def test_a_table_in_place_of_one_that_was_undone_begins_with_the_first_rowid() -> None:
    con = aerodb_dbapi.connect(":memory:", isolation_level=None)
    con.execute("SAVEPOINT s")
    con.execute("CREATE TABLE a(x)")
    con.execute("INSERT INTO a VALUES (1), (2)")
    con.execute("ROLLBACK TO s")
    con.execute("CREATE TABLE b(x)")
    assert con.execute("INSERT INTO b VALUES (1)").lastrowid == 1
    con.execute("COMMIT")
    assert con.execute("INSERT INTO b VALUES (1)").lastrowid == 2
