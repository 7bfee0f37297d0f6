"""CREATE and DROP: effects, SQLite's error texts, and all of it transactional (INV-S1)."""

from __future__ import annotations

import pytest
from dml_support import assert_same

import aerodb_dbapi

MASTER = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"


def connect() -> aerodb_dbapi.Connection:
    return aerodb_dbapi.connect(":memory:", isolation_level=None)


def test_error_texts() -> None:
    assert_same(
        "CREATE TABLE t(a, b)",
        "INSERT INTO t VALUES (1, 1), (1, 2)",
        "CREATE UNIQUE INDEX i ON t(a)",
        "CREATE INDEX t ON t(a)",
        "CREATE INDEX i ON t(a)",
        "CREATE INDEX i ON t(a)",
        "CREATE INDEX IF NOT EXISTS i ON t(b)",
        "CREATE INDEX IF NOT EXISTS i ON nosuch(b)",
        "CREATE TABLE i(a)",
        "CREATE TABLE T(a)",
        'CREATE TABLE "T"(a)',
        "CREATE TABLE IF NOT EXISTS t(zzz)",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE VIEW v AS SELECT 1",
        "CREATE VIEW t AS SELECT 1",
        "CREATE VIEW IF NOT EXISTS v AS SELECT 1",
        "CREATE TABLE v(a)",
        "CREATE INDEX j ON v(a)",
        "CREATE INDEX k ON nosuch(a)",
        "CREATE INDEX k ON t(nosuch)",
        "CREATE INDEX k ON sqlite_master(name)",
        "CREATE INDEX v ON t(a)",
        "CREATE TABLE sqlite_x(a)",
        "CREATE INDEX sqlite_x ON t(a)",
        "CREATE VIEW sqlite_v AS SELECT 1",
        "CREATE TABLE u(a UNIQUE)",
        "CREATE TABLE w(a, a)",
        "CREATE TABLE w(a CHECK(nosuch > 1))",
        "CREATE TABLE w(a COLLATE klingon)",
        "CREATE INDEX k ON t(a COLLATE klingon)",
        "DROP INDEX sqlite_autoindex_u_1",
        "DROP TABLE x",
        "DROP TABLE IF EXISTS x",
        "DROP INDEX x",
        "DROP INDEX IF EXISTS x",
        "DROP VIEW x",
        "DROP VIEW IF EXISTS x",
        "DROP VIEW t",
        "DROP VIEW IF EXISTS t",
        "DROP TABLE v",
        "DROP TABLE IF EXISTS v",
        "DROP TABLE sqlite_master",
        MASTER,
        "DROP INDEX i",
        "DROP VIEW v",
        "DROP TABLE t",
        "DROP TABLE u",
        MASTER,
    )


def test_create_table_as() -> None:
    assert_same(
        "CREATE TABLE t(a INTEGER, b TEXT, c REAL, d NUMERIC, e)",
        "INSERT INTO t VALUES (1, 'x', 1.5, 2, x'00'), (2, 'y', 2, 'z', NULL)",
        "CREATE TABLE u AS SELECT *, a + 1, 'lit' AS \"odd name\", b FROM t ORDER BY a DESC",
        "SELECT rowid, * FROM u",
        MASTER,
        "CREATE TABLE w AS SELECT 1 AS a, 2 AS a, 3 AS a",
        "SELECT * FROM w",
        "CREATE TABLE IF NOT EXISTS w AS SELECT 5",
        "CREATE TABLE x AS SELECT * FROM nosuch",
        "SELECT name, sql FROM sqlite_master",
    )


def test_index_over_existing_rows() -> None:
    assert_same(
        "CREATE TABLE t(a, b COLLATE NOCASE)",
        *[(f"INSERT INTO t VALUES (?, 'v{i % 7}')", (i % 5,)) for i in range(60)],
        "CREATE INDEX i ON t(b DESC, a)",
        "CREATE INDEX p ON t(a) WHERE b = 'V1'",
        "CREATE UNIQUE INDEX u ON t(a, b)",
        "SELECT count(*), min(a) FROM t WHERE b = 'V3'",
        "SELECT a, b FROM t ORDER BY b DESC, a, rowid",
    )


def test_ddl_is_transactional() -> None:
    """INV-S1: definitions, trees, rows and counters come and go together; a failed one leaves nothing."""
    connection = connect()
    connection.execute("CREATE TABLE t(a)")
    before = connection.execute("PRAGMA aerodb_digest").fetchall()
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE u(a UNIQUE)")
    connection.execute("INSERT INTO u VALUES (1)")
    connection.execute("SAVEPOINT s")
    connection.execute("DROP TABLE t")
    connection.execute("CREATE INDEX i ON u(a)")
    with pytest.raises(aerodb_dbapi.OperationalError, match="no such table: t"):
        connection.execute("SELECT * FROM t")
    connection.execute("ROLLBACK TO s")
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    with pytest.raises(aerodb_dbapi.OperationalError, match="no such index: i"):
        connection.execute("DROP INDEX i")
    assert connection.execute("SELECT * FROM u").fetchall() == [(1,)]
    connection.execute("ROLLBACK")
    assert connection.execute("PRAGMA aerodb_digest").fetchall() == before
    connection.execute("INSERT INTO t VALUES (1), (1)")
    with pytest.raises(aerodb_dbapi.IntegrityError):
        connection.execute("CREATE UNIQUE INDEX i ON t(a)")
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_statements_follow_the_schema() -> None:
    """INV-S3: a cached statement is compiled anew when the schema is another one."""
    connection = connect()
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (1)")
    assert connection.execute("SELECT * FROM t").fetchall() == [(1,)]
    connection.execute("DROP TABLE t")
    connection.execute("CREATE TABLE t(a, b DEFAULT 7)")
    connection.execute("INSERT INTO t(a) VALUES (1)")
    assert connection.execute("SELECT * FROM t").fetchall() == [(1, 7)]
    connection.execute("BEGIN")
    connection.execute("DROP TABLE t")
    connection.execute("CREATE TABLE t(z)")
    assert connection.execute("SELECT * FROM t").description[0][0] == "z"
    connection.execute("ROLLBACK")
    assert [c[0] for c in connection.execute("SELECT * FROM t").description] == ["a", "b"]
