"""SQLite files in and out: a copy has every value, rowid, counter and definition, and is refused as a whole if it cannot be."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.transfer import export_sqlite, import_sqlite
from aerodb_dbapi.transfer.compare import compare
from aerodb_dbapi.transfer.tables import asker, shape_of

WHOLE = """
CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT, c REAL, d BLOB);
INSERT INTO t VALUES (1, 'x' || char(0) || 'y', 1.5, x'00ff'), (5, 'é😀', 2, NULL), (9, '', 1e300, 'text');
DELETE FROM t WHERE a = 9;
CREATE TABLE far(a, b UNIQUE);
INSERT INTO far(rowid, a, b) VALUES (-7, 1, 2.0), (9223372036854775807, 'x', x'');
CREATE TABLE "odd ""name"(rowid, oid, "select" TEXT);
INSERT INTO "odd ""name"(_rowid_, rowid, "select") VALUES (44, 1, 3);
CREATE TABLE nameless(rowid, oid, _rowid_);
INSERT INTO nameless VALUES (3, 2, 1), (1, 2, 3);
CREATE TABLE w(k TEXT COLLATE NOCASE, v, PRIMARY KEY(k DESC)) WITHOUT ROWID;
INSERT INTO w VALUES ('b', 1), ('A', 2);
CREATE TABLE descending(a INTEGER PRIMARY KEY DESC, b);
INSERT INTO descending(rowid, a, b) VALUES (70, 1, 1), (3, 2, 2);
CREATE TABLE g(a, b AS (a + 1), c AS (a * 2) STORED);
INSERT INTO g VALUES (3), (NULL);
CREATE TABLE strict(a ANY, b INT) STRICT;
INSERT INTO strict VALUES ('1', 1), (1, 2), (x'31', 3), (1.0, 4);
CREATE TABLE child(p REFERENCES parent(id));
INSERT INTO child VALUES (1), (2);
CREATE TABLE parent(id INTEGER PRIMARY KEY);
INSERT INTO parent VALUES (1), (2);
CREATE TABLE empty(a);
CREATE UNIQUE INDEX i ON t(b) WHERE c > 1;
CREATE INDEX e ON far(length(a) DESC);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW vv AS SELECT count(*) AS n FROM v;
CREATE TRIGGER tr AFTER INSERT ON far BEGIN INSERT INTO empty VALUES (new.a); END;
PRAGMA user_version = 7;
PRAGMA application_id = -99;
ANALYZE;
"""


def sqlite_file(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


def content(connection: Any) -> list[Any]:
    """All that a copy must have."""
    rows = connection.execute
    schema = rows("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'").fetchall()
    found: list[Any] = [
        sorted(map(str, schema)),
        rows("PRAGMA user_version").fetchone(),
        rows("PRAGMA application_id").fetchone(),
    ]
    for kind, name, *_ in sorted(schema):
        if kind == "table":
            shape = shape_of(rows, name)
            found.append((name, list(map(repr, rows(shape.selection(shape.read)).fetchall()))))
    return found


def test_there_and_back(tmp_path: Path) -> None:
    source = sqlite_file(tmp_path / "old.sqlite", WHOLE)
    connection = aerodb_dbapi.connect(tmp_path / "new.db")
    copied = import_sqlite(connection, source)
    assert copied.compared and copied.tables["t"] == 2 and copied.tables["empty"] == 0 and not copied.skipped
    assert copied.objects == {"index": 2, "view": 2, "trigger": 1}
    theirs = sqlite3.connect(source)
    assert content(connection) == content(theirs)
    assert connection.execute("INSERT INTO t(b) VALUES ('next') RETURNING a").fetchone() == (10,)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.rollback()
    back = tmp_path / "back.sqlite"
    assert str(export_sqlite(connection, back)) == str(copied)
    again = sqlite3.connect(back)
    assert content(again) == content(theirs) and again.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_random_values_there_and_back(tmp_path: Path) -> None:
    random_ = random.Random(5)
    values = [
        None,
        0,
        -1,
        2**63 - 1,
        -(2**63),
        0.5,
        -0.0,
        1e-320,
        float("inf"),
        "",
        "\0",
        "é",
        "1",
        "1.0",
        b"",
        b"\xff",
        "x" * 9000,
    ]
    source = tmp_path / "old.sqlite"
    theirs = sqlite3.connect(source)
    theirs.execute("CREATE TABLE t(a, i INTEGER, r REAL, n NUMERIC, x TEXT, b BLOB)")
    rows = [tuple(random_.choice(values) for _ in range(6)) for _ in range(12_000)]
    theirs.executemany("INSERT INTO t(rowid, a, i, r, n, x, b) VALUES (?, ?, ?, ?, ?, ?, ?)", [
        (random_.randrange(10**6) * 12_000 + number, *row) for number, row in enumerate(rows)
    ])  # fmt: skip
    theirs.commit()
    connection = aerodb_dbapi.connect(":memory:")
    seen: list[tuple[str, int, int]] = []
    import_sqlite(connection, source, progress=lambda *step: seen.append(step))
    assert ("t", 5_000, 12_000) in seen and ("comparing t", 12_000, 12_000) in seen
    assert content(connection) == content(theirs)
    export_sqlite(connection, tmp_path / "back.sqlite")
    assert content(sqlite3.connect(tmp_path / "back.sqlite")) == content(theirs)


def test_into_a_database_with_content_and_with_foreign_keys(tmp_path: Path) -> None:
    source = sqlite_file(tmp_path / "old.sqlite", WHOLE)
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None, foreign_keys=True)
    connection.execute("CREATE TABLE mine(a INTEGER PRIMARY KEY AUTOINCREMENT)")
    connection.execute("INSERT INTO mine VALUES (3)")
    connection.execute("BEGIN")
    import_sqlite(connection, source, tables=["t", "child", "parent"])
    assert connection.in_transaction, "inside a transaction it is a savepoint"
    connection.execute("COMMIT")
    assert connection.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name").fetchall() == [
        ("mine", 3),
        ("t", 9),
    ]
    assert connection.execute("PRAGMA user_version").fetchone() == (0,), "the database had a version of its own"
    assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall() == []
    before = content(connection)
    with pytest.raises(aerodb_dbapi.OperationalError, match="table t already exists"):
        import_sqlite(connection, source)
    assert content(connection) == before and not connection.in_transaction
    with pytest.raises(aerodb_dbapi.OperationalError, match="no such table: nope"):
        import_sqlite(connection, source, tables=["nope"])


def test_rows_that_violate_foreign_keys_are_refused_where_keys_are_enforced(tmp_path: Path) -> None:
    source = sqlite_file(tmp_path / "old.sqlite", WHOLE + "DELETE FROM parent WHERE id = 2;")
    connection = aerodb_dbapi.connect(":memory:", foreign_keys=True)
    with pytest.raises(aerodb_dbapi.IntegrityError, match="FOREIGN KEY"):
        import_sqlite(connection, source)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert import_sqlite(aerodb_dbapi.connect(":memory:"), source).compared


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    script = "CREATE TABLE t(a, b); INSERT INTO t VALUES (x'ff', 'x'), (1, CAST(x'eda080' AS TEXT));"
    source = sqlite_file(tmp_path / "old.sqlite", script)
    connection = aerodb_dbapi.connect(":memory:")
    with pytest.raises(aerodb_dbapi.DataError, match="text in row 2 of table t, column b, is not UTF-8"):
        import_sqlite(connection, source, text_errors="strict")
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    import_sqlite(connection, source, text_errors="blob")
    assert connection.execute("SELECT * FROM t").fetchall() == [(b"\xff", "x"), (1, b"\xed\xa0\x80")]
    connection.execute("DROP TABLE t")
    import_sqlite(connection, source, text_errors="replace")
    assert connection.execute("SELECT b FROM t").fetchall() == [("x",), ("\ufffd\ufffd\ufffd",)]


def test_text_that_is_not_utf8_is_kept_both_ways(tmp_path: Path) -> None:
    script = """CREATE TABLE t(a UNIQUE, b TEXT, n INTEGER);
        CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
        CREATE INDEX b_down ON t(b DESC);
        INSERT INTO t VALUES (x'ff', 'plain', 1), (1, CAST(x'eda080' AS TEXT), CAST(x'31ff' AS TEXT)), ('é', 'x', 2);
        INSERT INTO t SELECT value, 'before', value FROM generated; INSERT INTO t VALUES (CAST(x'00e9' AS TEXT), CAST(x'c3' AS TEXT), 5);
        INSERT INTO w VALUES (CAST(x'ff' AS TEXT), 1), (CAST(x'80' AS TEXT), 2), ('é', 3), ('😀', 4), (CAST(x'f09f98' AS TEXT), 5);"""
    rows = """CREATE TEMP TABLE generated AS WITH RECURSIVE c(value) AS (VALUES (10) UNION ALL SELECT value + 1 FROM c LIMIT 2500)
        SELECT value FROM c;"""
    source = sqlite_file(tmp_path / "old.sqlite", rows + script)
    path = tmp_path / "new.db"
    connection = aerodb_dbapi.connect(path)
    copied = import_sqlite(connection, source)
    assert copied.compared and copied.tables == {"t": 2504, "w": 5}
    connection.close()
    connection = aerodb_dbapi.connect(path)
    assert export_sqlite(connection, tmp_path / "back.sqlite").compared
    original, back = sqlite3.connect(source), sqlite3.connect(tmp_path / "back.sqlite")
    for one in (connection, original, back):
        one.text_factory = bytes
    questions = [
        "SELECT rowid, a, b, n, typeof(a), typeof(b), typeof(n) FROM t ORDER BY rowid",
        "SELECT hex(k), typeof(k), v FROM w ORDER BY v",
        "SELECT a FROM t WHERE b = CAST(x'c3' AS TEXT)",
        "SELECT a FROM t INDEXED BY b_down WHERE b = CAST(x'eda080' AS TEXT)",
        "SELECT v FROM w WHERE k = CAST(x'f09f98' AS TEXT)",
    ]
    for question in questions:
        found = [one.execute(question).fetchall() for one in (original, connection, back)]
        assert found[0] == found[1] == found[2] and found[0]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [(b"ok",)]


def test_what_cannot_be_taken_over_is_named_and_may_be_left_out(tmp_path: Path) -> None:
    script = """CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE VIRTUAL TABLE words USING fts5(word);
        INSERT INTO words VALUES ('x'); CREATE TABLE words_mine(a);"""
    source = sqlite_file(tmp_path / "old.sqlite", script)
    connection = aerodb_dbapi.connect(":memory:")
    with pytest.raises(aerodb_dbapi.NotSupportedError, match="cannot be taken over: virtual table words"):
        import_sqlite(connection, source)
    copied = import_sqlite(connection, source, skip_unsupported=True)
    assert copied.tables == {"t": 1, "words_mine": 0} and copied.skipped == ["virtual table words"]
    connection.execute("CREATE VIEW later AS SELECT string_agg(a, ',' ORDER BY a) FROM t")
    connection.execute("CREATE TABLE other(a CHECK (concat(a, 1) <> '11'))")
    if sqlite3.sqlite_version_info < (3, 44):
        with pytest.raises(aerodb_dbapi.NotSupportedError, match="table other"):
            export_sqlite(connection, tmp_path / "back.sqlite")
        assert not list(tmp_path.glob("back*"))
        copied = export_sqlite(connection, tmp_path / "back.sqlite", skip_unsupported=True)
        assert sorted(line.split(":")[0] for line in copied.skipped) == ["table other", "view later"]


def test_an_export_never_spoils_a_file(tmp_path: Path) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(a)")
    target = tmp_path / "there.sqlite"
    target.write_text("mine")
    with pytest.raises(aerodb_dbapi.OperationalError, match="exists already"):
        export_sqlite(connection, target)

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(KeyboardInterrupt):
        export_sqlite(connection, target, replace=True, progress=stop)
    assert target.read_text() == "mine" and [path.name for path in tmp_path.iterdir()] == ["there.sqlite"]
    assert export_sqlite(connection, target, replace=True).tables == {"t": 1}
    assert connection.in_transaction, "the INSERT began a transaction, and its rows were exported"


def test_an_import_that_is_stopped_changes_nothing(tmp_path: Path) -> None:
    source = sqlite_file(tmp_path / "old.sqlite", WHOLE)
    connection = aerodb_dbapi.connect(tmp_path / "new.db")

    def stop(what: str, done: int, total: int) -> None:
        if what == "comparing t":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_sqlite(connection, source, progress=stop)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE t SET a = 1.0 WHERE a = 1", "table t: (1, 1, 'x') and (1, 1.0, 'x')"),
        ("DELETE FROM t WHERE a = 2", "table t: 2 rows and 1"),
        ("UPDATE t SET rowid = 9 WHERE a = 2", "table t: (2, 2, 'y') and (9, 2, 'y')"),
        ("UPDATE t SET b = x'78' WHERE a = 1", "table t: (1, 1, 'x') and (1, 1, b'x')"),
    ],
)
def test_the_comparison_finds_every_difference(change: str, problem: str) -> None:
    ours = aerodb_dbapi.connect(":memory:")
    theirs = sqlite3.connect(":memory:")
    for connection in (ours, theirs):
        connection.executescript("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y');")
    shapes = [shape_of(asker(ours), "t")]
    assert compare(shapes, asker(ours), theirs.execute) == []
    theirs.execute(change)
    assert compare(shapes, asker(ours), theirs.execute) == [problem]


def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aerodb_dbapi.tools", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_on_the_command_line(tmp_path: Path) -> None:
    source = str(sqlite_file(tmp_path / "old.sqlite", "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2);"))
    new, back = str(tmp_path / "new.db"), str(tmp_path / "back.sqlite")
    opened = subprocess.run([sys.executable, "-m", "aerodb_dbapi", source, "SELECT 1"], capture_output=True, text=True)
    assert opened.returncode == 1 and f"python -m aerodb_dbapi.tools import {source} NEW" in opened.stderr
    done = tool("import", source, new)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "t: 2 rows\n1 table with 2 rows; compared: equal\n"
    assert tool("export", new, back).returncode == 0
    assert sqlite3.connect(back).execute("SELECT * FROM t").fetchall() == [(1,), (2,)]
    again = tool("export", new, back)
    assert again.returncode == 1 and "exists already" in again.stderr
    failed = tool("import", new, str(tmp_path / "other.db"))
    assert failed.returncode == 1 and "file is not a database" in failed.stderr and "Traceback" not in failed.stderr
    assert not (tmp_path / "other.db").exists()
    assert tool("export", str(tmp_path / "none.db"), back + "2").returncode == 1
