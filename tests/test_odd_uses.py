"""Uses of the driver that programs stumble into: items that fail half way, folders that change, files that vanish, connections that only
read. Where `sqlite3` has the same, both answer."""

from __future__ import annotations

import copy
import os
import pickle
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import aerodb_dbapi


@pytest.fixture(params=[aerodb_dbapi, sqlite3], ids=["aerodb", "sqlite3"])
def db(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def _failing() -> Iterator[tuple[int, int]]:
    yield 1, 1
    yield 2, 2
    raise KeyError("no more")


@pytest.mark.parametrize(
    ("items", "error"),
    [
        (lambda: [(1, 1), (2, 2), (3,)], "ProgrammingError"),
        (lambda: [(1, 1), (2, 2), (3, object())], ("ProgrammingError", "InterfaceError")),
        (lambda: [(1, 1), (2, 2), 5], "ProgrammingError"),
        (lambda: [(1, 1), (2, 2), (3, 2**70)], OverflowError),
        (lambda: [(1, 1), (2, 2), (2, 2)], "IntegrityError"),
        (_failing, KeyError),
    ],
)
def test_executemany_keeps_the_items_before_one_that_fails(db: ModuleType, items: Any, error: Any) -> None:
    connection = db.connect(":memory:")
    connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    names = (error,) if isinstance(error, str) else error
    classes = tuple(getattr(db, name) for name in names) if isinstance(names, tuple) else error
    with pytest.raises(classes):
        connection.executemany("INSERT INTO t VALUES (?, ?)", items())
    assert connection.execute("SELECT * FROM t").fetchall() == [(1, 1), (2, 2)]
    assert connection.in_transaction
    assert connection.total_changes == 2


@pytest.mark.parametrize(
    "sql", ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "SELECT 1", "", "-- nothing"]
)
def test_executemany_is_for_dml(db: ModuleType, sql: str) -> None:
    with pytest.raises(db.ProgrammingError, match=r"executemany\(\) can only execute DML statements"):
        db.connect(":memory:").executemany(sql, [()])


def test_rows_behind_one_that_a_row_factory_refuses(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    cursor = connection.execute("SELECT value FROM json_each('[0, 1, 2, 3]')")
    cursor.row_factory = lambda cursor, row: 1 // (row[0] - 1)
    with pytest.raises(ZeroDivisionError):
        cursor.fetchall()
    cursor.row_factory = None
    assert len(cursor.fetchall()) == 2


def test_rows_are_not_pickled(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    connection.row_factory = db.Row
    row = connection.execute("SELECT 1 AS a").fetchone()
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle"):
            way(row)


def test_errors_have_the_codes_of_sqlite3(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    with pytest.raises(db.OperationalError, match="no such collation sequence: c") as caught:
        connection.execute("SELECT 1 ORDER BY 1 COLLATE c")
    assert caught.value.sqlite_errorname == "SQLITE_ERROR_MISSING_COLLSEQ"
    connection.set_authorizer(lambda action, *_: db.SQLITE_DENY if action == db.SQLITE_FUNCTION else db.SQLITE_OK)
    with pytest.raises(db.OperationalError, match="not authorized to use function: upper"):
        connection.execute("SELECT upper('a')")
    with pytest.raises(TypeError, match="argument 1 must be str, not int"):
        connection.blobopen(5, "a", 1)


def test_a_number_is_a_name_too(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    assert connection.execute("SELECT ?1, ?2, ?1", {"1": "a", "2": "b"}).fetchall() == [("a", "b", "a")]
    with pytest.raises(db.ProgrammingError, match="You did not supply a value for binding"):
        connection.execute("SELECT ?1", {"a": 1})
    with pytest.raises(db.ProgrammingError, match="Binding 1 has no name"):
        connection.execute("SELECT ?", {"1": 1})


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_relative_path_means_the_folder_of_its_opening(elsewhere: Path) -> None:
    """The process goes to another folder, where the same name is another database: neither is confused with the other."""
    first = aerodb_dbapi.connect("a.db")
    first.execute("CREATE TABLE t(a)")
    os.chdir(elsewhere)
    other = aerodb_dbapi.connect("a.db")
    other.execute("CREATE TABLE other(a)")
    first.execute("INSERT INTO t VALUES (1)")
    first.commit()
    again = aerodb_dbapi.connect("../a.db")
    reading = aerodb_dbapi.connect("file:../a.db?mode=ro", uri=True)
    assert again.execute("SELECT * FROM t").fetchall() == reading.execute("SELECT * FROM t").fetchall() == [(1,)]
    other.execute("INSERT INTO other VALUES (2)")
    other.commit()
    for connection in (first, reading, again):
        connection.close()
    assert sorted(os.listdir("..")) == ["a.db", "elsewhere"]
    assert other.execute("SELECT * FROM other").fetchall() == [(2,)]
    other.close()
    assert os.listdir() == ["a.db"]
    assert aerodb_dbapi.connect("a.db").execute("SELECT * FROM other").fetchall() == [(2,)]
    assert aerodb_dbapi.connect("../a.db").execute("SELECT * FROM t").fetchall() == [(1,)]


def test_a_reader_by_a_relative_path(elsewhere: Path) -> None:
    writer = aerodb_dbapi.connect(str(elsewhere.parent / "a.db"))
    writer.execute("CREATE TABLE t(a)")
    writer.close()
    os.chmod("a.db", 0o444)
    reading = aerodb_dbapi.connect("file:a.db?mode=ro", uri=True)
    os.chdir(elsewhere)
    assert reading.execute("SELECT count(*) FROM t").fetchone() == (0,)
    reading.close()


def test_a_folder_that_is_gone(elsewhere: Path, db: ModuleType) -> None:
    os.chdir(elsewhere)
    elsewhere.rmdir()
    try:
        with pytest.raises(db.OperationalError, match="unable to open database file"):
            db.connect("a.db").execute("CREATE TABLE t(a)")
    finally:
        os.chdir("/")


def test_a_file_that_is_deleted_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = aerodb_dbapi.connect(path)
    connection.execute("CREATE TABLE t(a)")
    path.unlink()
    with pytest.raises(aerodb_dbapi.OperationalError, match="the file that was here is still open"):
        aerodb_dbapi.connect(path)
    connection.close()
    new = aerodb_dbapi.connect(path)
    assert new.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


# --- connections that only read ----------------------------------------------------------------------------------------


@pytest.fixture
def reading(db: ModuleType, tmp_path: Path) -> Any:
    with db.connect(tmp_path / "a.db") as connection:
        connection.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    connection.close()
    return db.connect(f"file:{tmp_path}/a.db?mode=ro", uri=True, isolation_level=None)


def test_who_reads_main_only_writes_temp_and_what_is_attached(db: ModuleType, reading: Any) -> None:
    reading.execute("CREATE TEMP TABLE own(a)")
    reading.execute("INSERT INTO own SELECT * FROM t")
    reading.execute("ATTACH ':memory:' AS m")
    reading.execute("BEGIN IMMEDIATE")
    reading.execute("CREATE TABLE m.x(a)")
    reading.execute("INSERT INTO m.x SELECT a + 1 FROM t UNION ALL SELECT a FROM own")
    reading.execute("COMMIT")
    assert reading.execute("SELECT a FROM x ORDER BY a").fetchall() == [(1,), (2,)]
    reading.execute("CREATE TEMP TRIGGER tr AFTER INSERT ON own BEGIN INSERT INTO t VALUES (5); END")
    refused = [
        "INSERT INTO own VALUES (2)", "INSERT INTO t VALUES (2)", "UPDATE t SET a = 2 WHERE 0", "DELETE FROM t WHERE 0",
        "CREATE TABLE z(a)", "CREATE INDEX i ON t(a)", "DROP TABLE t", "PRAGMA user_version = 1",
    ]  # fmt: skip
    for sql in refused:
        with pytest.raises(db.OperationalError, match="attempt to write a readonly database"):
            reading.execute(sql)
    assert reading.execute("SELECT * FROM own").fetchall() == reading.execute("SELECT * FROM t").fetchall() == [(1,)]
    reading.execute("PRAGMA query_only = 1")
    for sql in ("INSERT INTO x VALUES (3)", "CREATE TEMP TABLE more(a)"):
        with pytest.raises(db.OperationalError, match="attempt to write a readonly database"):
            reading.execute(sql)
    reading.execute("PRAGMA query_only = 0")
    reading.execute("INSERT INTO x VALUES (3)")


def test_who_only_reads_beside_a_writer_of_the_process(tmp_path: Path) -> None:
    """They share a database that may be written; the connection still may not."""
    writer = aerodb_dbapi.connect(tmp_path / "a.db")
    writer.execute("CREATE TABLE t(a)")
    reading = aerodb_dbapi.connect(f"file:{tmp_path}/a.db?mode=ro", uri=True, isolation_level=None)
    source = aerodb_dbapi.connect(":memory:")
    before = writer.commit_id
    for attempt in (
        lambda: source.backup(reading),
        lambda: reading.execute("CREATE SNAPSHOT s"),
        lambda: reading.execute("DROP SNAPSHOT IF EXISTS s"),
        lambda: reading.register_consumer("c"),
    ):
        with pytest.raises(aerodb_dbapi.OperationalError, match="attempt to write a readonly database"):
            attempt()
    assert writer.commit_id == before


# --- statements that are long, or begin oddly --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 0" + "".join(f" UNION SELECT {n}" for n in range(499)),
        "SELECT 0" + "".join(f" EXCEPT SELECT {n}" for n in range(1, 500)),
        "SELECT 0" + " UNION SELECT 1 INTERSECT SELECT 1" * 249 + " ORDER BY 1 LIMIT 5",
        "SELECT 0" + " UNION ALL SELECT 1 UNION SELECT 2" * 249,
        "SELECT 0" + " UNION SELECT 1 UNION ALL SELECT 1" * 249,
        "WITH c AS (SELECT 0 AS a"
        + " UNION SELECT 1 UNION ALL SELECT 3" * 249
        + ") SELECT a, count(*) FROM c GROUP BY a",
    ],
    ids=["union", "except", "intersect", "union all below", "union all above", "cte"],
)
def test_five_hundred_terms(db: ModuleType, sql: str) -> None:
    with sqlite3.connect(":memory:") as oracle:
        assert db.connect(":memory:").execute(sql).fetchall() == oracle.execute(sql).fetchall()


def test_a_byte_order_mark_is_white_space(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    connection.executescript("\ufeffCREATE TABLE t(a);\ufeff\nINSERT INTO t VALUES (1);")
    assert connection.execute("\ufeffSELECT a AS x\ufeffy, '\ufeff' FROM t").fetchall() == [(1, "\ufeff")]


@pytest.mark.parametrize("digits", ["9" * 20, "-" + "9" * 20, "9" * 5000])
def test_numbers_of_pragmas_beyond_64_bits(digits: str) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    for name in ("integrity_check", "quick_check", "cache_size", "wal_autocheckpoint", "user_version"):
        connection.execute(f"PRAGMA {name} = {digits}").fetchall()
    if digits[0] != "-":
        assert connection.execute(f"PRAGMA history_retention = {digits}").fetchall() == [(2**63 - 1,)]


# --- earlier states of what is gone --------------------------------------------------------------------------------------


def test_as_of_reads_tables_and_indexes_that_were_dropped() -> None:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); CREATE INDEX i ON t(a); CREATE UNIQUE INDEX u ON t(b);"
    )
    connection.executemany("INSERT INTO t(a, b) VALUES (?, ?)", [(n % 7, n) for n in range(1000)])
    old = f"t FOR SYSTEM_TIME AS OF COMMIT {connection.commit_id}"
    questions = [
        f"SELECT count(*) FROM {old} WHERE a = 3",
        f"SELECT * FROM {old} WHERE b = 5",
        f"SELECT count(*) FROM {old} x JOIN {old} y ON x.a = y.b",
        f"SELECT a, count(*) FROM {old} WHERE b > 500 GROUP BY a ORDER BY a",
    ]
    answers = [connection.execute(question).fetchall() for question in questions]
    for change in ("DROP INDEX i", "DROP INDEX u", "DROP TABLE t", "CREATE TABLE t(other)"):
        connection.execute(change)
        assert [connection.execute(question).fetchall() for question in questions] == answers


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT {}", "SELECT -{}", "SELECT {0} = {0}", "SELECT 1 LIMIT {}", "SELECT json_extract('[1]', '$[{}]')", "SELECT '{}' + 1",
        "SELECT 5 ORDER BY {}", "CREATE TABLE t(a DEFAULT {})", "SELECT ?{}", "SELECT CAST('{}' AS INT)", "SELECT {}.5, 1e{}",
    ],
)  # fmt: skip
def test_numbers_with_thousands_of_digits(sql: str) -> None:
    """`int` of Python refuses them."""
    answers = []
    for module in (aerodb_dbapi, sqlite3):
        try:
            answers.append(module.connect(":memory:").execute(sql.replace("{}", "{0}").format("9" * 5000)).fetchall())
        except module.Error as error:
            answers.append(str(error))
    assert answers[0] == answers[1]


def test_a_cursor_whose_init_was_not_called(db: ModuleType) -> None:
    cursor = db.Cursor.__new__(db.Cursor)
    for use in (
        lambda: cursor.execute("SELECT 1"), lambda: cursor.executemany("SELECT 1", []), lambda: cursor.executescript(""),
        cursor.fetchone, cursor.fetchmany, cursor.fetchall, cursor.close, lambda: next(cursor),
    ):  # fmt: skip
        with pytest.raises(db.ProgrammingError, match=r"^Base Cursor.__init__ not called\.$"):
            use()


@pytest.mark.parametrize(
    ("size", "error"),
    [("x", TypeError), (1.5, TypeError), (None, TypeError), (2**63, OverflowError), (-(2**63) - 1, OverflowError)],
)
def test_sizes_that_are_no_numbers_of_rows(db: ModuleType, size: Any, error: type[Exception]) -> None:
    cursor = db.connect(":memory:").execute("VALUES (1), (2), (3)")
    with pytest.raises(error):
        cursor.arraysize = size
    with pytest.raises(error):
        cursor.fetchmany(size)
    with pytest.raises(OverflowError, match=r"^Python int too large to convert to C int$"):
        cursor.fetchmany(2**31)
    assert cursor.arraysize == 1
    assert cursor.fetchmany(-1) == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("sql", "expired"),
    [
        ("UPDATE t SET b = 7", True), ("UPDATE t SET a = x'0909'", True), ("DELETE FROM t", True), ("UPDATE t SET b = 7 WHERE 0", False),
        ("REPLACE INTO t(rowid, a, b) VALUES (1, x'0102', 8)", True), ("INSERT INTO t VALUES (1, 2)", False), ("SELECT 1", False),
    ],
)  # fmt: skip
def test_a_blob_expires_with_its_row(db: ModuleType, sql: str, expired: bool) -> None:
    connection = db.connect(":memory:", isolation_level=None)
    connection.executescript("CREATE TABLE t(a, b); INSERT INTO t VALUES (x'0102', 2)")
    with connection.blobopen("t", "a", 1) as blob:
        blob.write(b"x")
        assert blob.read() == b"\x02"
        connection.execute(sql)
        blob.seek(0)
        if not expired:
            assert blob.read() == b"x\x02"
            return
        with pytest.raises(db.OperationalError):
            blob.read()


@pytest.mark.parametrize("sql", ["VALUES (1)", "VALUES (1), (2)", "SELECT (VALUES (1))", "SELECT 1 UNION VALUES (2)"])
def test_an_authorizer_is_asked_about_values(db: ModuleType, sql: str) -> None:
    connection = db.connect(":memory:")
    asked: list[int] = []
    connection.set_authorizer(lambda action, *rest: asked.append(action) or sqlite3.SQLITE_OK)
    connection.execute(sql).fetchall()
    assert set(asked) == {sqlite3.SQLITE_SELECT}
    connection.set_authorizer(lambda action, *rest: sqlite3.SQLITE_DENY)
    with pytest.raises(db.DatabaseError, match="not authorized"):
        connection.execute(sql)
