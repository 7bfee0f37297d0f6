"""Foreign keys between transactions, their limits, and what statements without them cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi


def connect(path: Path) -> Any:
    return aerodb_dbapi.connect(path / "app.db", isolation_level=None, foreign_keys=True)


@pytest.fixture
def pair(tmp_path: Path) -> Any:
    first = connect(tmp_path)
    first.execute("CREATE TABLE p(id INTEGER PRIMARY KEY, code TEXT UNIQUE, v)")
    first.execute("CREATE TABLE c(p INTEGER REFERENCES p, code REFERENCES p(code))")
    first.execute("INSERT INTO p VALUES (1, 'a', 0), (2, 'b', 0)")
    second = connect(tmp_path)
    yield first, second
    first.close()
    second.close()


CHILDREN = ["INSERT INTO c VALUES (1, NULL)", "INSERT INTO c VALUES (NULL, 'a')"]
PARENTS = [
    "DELETE FROM p WHERE id = 1",
    "UPDATE p SET id = 9, code = 'z' WHERE id = 1",
    "REPLACE INTO p VALUES (3, 'a', 1)",
]


@pytest.mark.parametrize("child", CHILDREN)
@pytest.mark.parametrize("parent", PARENTS[:2])
@pytest.mark.parametrize("child_first", [True, False])
def test_child_and_parent_cannot_both_commit(pair: Any, child: str, parent: str, child_first: bool) -> None:
    """INV-V7: the look-ups are read, on both sides."""
    first, second = pair
    for connection in pair:
        connection.execute("BEGIN")
    first.execute(child)
    second.execute(parent)
    (first if child_first else second).execute("COMMIT")
    with pytest.raises(aerodb_dbapi.SerializationError, match=r"read by this transaction|was written"):
        (second if child_first else first).execute("COMMIT")
    assert first.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_replaced_parent_conflicts_too(pair: Any) -> None:
    """INV-V7."""
    first, second = pair
    first.execute("BEGIN")
    first.execute(CHILDREN[1])
    second.execute(PARENTS[2])
    with pytest.raises(aerodb_dbapi.SerializationError):
        first.execute("COMMIT")


def test_children_of_one_parent_do_not_conflict(pair: Any) -> None:
    """A point of the read set is one row (INV-V7): neither other children nor other parents are in the way."""
    first, second = pair
    for connection in pair:
        connection.execute("BEGIN")
    first.execute("INSERT INTO c VALUES (1, 'a')")
    second.execute("INSERT INTO c VALUES (1, 'a')")
    second.execute("INSERT INTO p VALUES (7, 'g', 0)")
    second.execute("COMMIT")
    first.execute("UPDATE p SET v = 5 WHERE id = 2")
    first.execute("COMMIT")
    assert first.execute("SELECT count(*) FROM c").fetchone() == (2,)


def test_a_statement_alone_is_run_again(pair: Any) -> None:
    first, second = pair
    second.execute("DELETE FROM p WHERE id = 1")
    with pytest.raises(aerodb_dbapi.IntegrityError, match="FOREIGN KEY constraint failed"):
        first.execute("INSERT INTO c VALUES (1, NULL)")


def test_it_is_a_setting_of_the_connection(tmp_path: Path) -> None:
    with_keys = connect(tmp_path)
    with_keys.execute("CREATE TABLE p(id INTEGER PRIMARY KEY)")
    with_keys.execute("CREATE TABLE c(p REFERENCES p)")
    without = aerodb_dbapi.connect(tmp_path / "app.db", isolation_level=None)
    assert without.execute("PRAGMA foreign_keys").fetchone() == (0,)
    insert = "INSERT INTO c VALUES (1)"
    without.execute(insert)
    with pytest.raises(aerodb_dbapi.IntegrityError):
        with_keys.execute(insert)
    without.execute(insert)
    with_keys.create_function("f", 0, lambda: 1)
    with pytest.raises(aerodb_dbapi.IntegrityError):
        with_keys.execute(insert)
    without.close()
    with_keys.close()


def test_many_rows_and_parameters(pair: Any) -> None:
    first, _ = pair
    first.executemany("INSERT INTO c VALUES (?, ?)", [(1, "a"), (2, None), (None, "b")] * 5)
    with pytest.raises(aerodb_dbapi.IntegrityError):
        first.executemany("INSERT INTO c VALUES (?, ?)", [(1, "b"), (3, None), (1, "a")])
    assert first.execute("SELECT count(*), count(p) FROM c").fetchone() == (16, 11)


def test_a_failing_with_block_rolls_back(tmp_path: Path) -> None:
    connection = aerodb_dbapi.connect(tmp_path / "app.db", foreign_keys=True)
    connection.execute("CREATE TABLE c(p INTEGER REFERENCES c(p) DEFERRABLE INITIALLY DEFERRED, q UNIQUE)")
    connection.execute("CREATE TABLE p(id INTEGER PRIMARY KEY, up REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(aerodb_dbapi.IntegrityError), connection:
        connection.execute("INSERT INTO p VALUES (1, 2)")
    assert not connection.in_transaction
    assert connection.execute("SELECT * FROM p").fetchall() == []
    connection.close()


def test_a_long_chain_ends_in_an_error_that_undoes_everything() -> None:
    """INV-D4, INV-F4."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None, foreign_keys=True)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, up REFERENCES t ON DELETE CASCADE)")
    connection.execute("CREATE INDEX i ON t(up)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, i - 1 or None) for i in range(1, 2001)])
    with pytest.raises(aerodb_dbapi.OperationalError, match="too many levels of trigger recursion"):
        connection.execute("DELETE FROM t WHERE id = 1")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (2000,)
    assert connection.execute("DELETE FROM t WHERE id = 1900").rowcount == 1
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (1899,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_generated_code_is_the_same_without_foreign_keys() -> None:
    plain = aerodb_dbapi.connect(":memory:", isolation_level=None)
    keyed = aerodb_dbapi.connect(":memory:", isolation_level=None, foreign_keys=True)
    for connection in (plain, keyed):
        connection.execute("CREATE TABLE p(id INTEGER PRIMARY KEY, v)")
        connection.execute("CREATE TABLE c(p REFERENCES p, v)")
        connection.execute("CREATE TABLE other(a PRIMARY KEY, v)")
    for sql in ("INSERT INTO other VALUES (1, 2)", "UPDATE p SET v = 1", "UPDATE c SET v = 2", "DELETE FROM other"):
        sources = [c.execute(f"EXPLAIN {sql}").fetchall() for c in (plain, keyed)]
        assert sources[0] == sources[1], sql
    assert "added" in str(keyed.execute("EXPLAIN INSERT INTO c VALUES (1, 1)").fetchall())
