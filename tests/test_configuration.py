"""What `Connection.setconfig` switches, beside `sqlite3` where it has that method (from Python 3.12 on)."""

from __future__ import annotations

import sqlite3
from types import ModuleType

import pytest

import aerodb_dbapi


@pytest.fixture(params=[aerodb_dbapi, sqlite3], ids=["aerodb", "sqlite3"])
def db(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    if not hasattr(module.Connection, "setconfig"):
        pytest.skip("in sqlite3 from Python 3.12 on")
    return module


def test_configuration() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    assert connection.getconfig(aerodb_dbapi.SQLITE_DBCONFIG_ENABLE_VIEW) is True
    connection.setconfig(aerodb_dbapi.SQLITE_DBCONFIG_DEFENSIVE)
    assert connection.getconfig(aerodb_dbapi.SQLITE_DBCONFIG_DEFENSIVE) is True
    with pytest.raises(ValueError, match="unknown"):
        connection.getconfig(-1)


def test_triggers_switched_off(db: ModuleType) -> None:
    """Those of temp fire all the same; a view is not writable then."""
    connection = db.connect(":memory:", isolation_level=None)
    connection.executescript(
        """
        CREATE TABLE t(a); CREATE TABLE log(a); CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;
        CREATE TRIGGER y INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a); END;
        CREATE TEMP TRIGGER z AFTER INSERT ON t BEGIN INSERT INTO log VALUES (-new.a); END;
        """
    )
    insert = "INSERT INTO t VALUES (?)"
    connection.execute(insert, (1,))
    connection.setconfig(db.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
    assert not connection.getconfig(db.SQLITE_DBCONFIG_ENABLE_TRIGGER)
    connection.execute(insert, (2,))
    with pytest.raises(db.OperationalError, match="cannot modify v because it is a view"):
        connection.execute("INSERT INTO v VALUES (7)")
    connection.setconfig(db.SQLITE_DBCONFIG_ENABLE_TRIGGER, True)
    connection.execute("INSERT INTO v VALUES (3)")
    assert sorted(connection.execute("SELECT a FROM log")) == [(-3,), (-2,), (-1,), (1,), (3,)]


def test_views_can_be_switched_off(db: ModuleType) -> None:
    """Those of temp are there all the same, and definitions may name the others."""
    connection = db.connect(":memory:", isolation_level=None)
    connection.executescript(
        "CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW gone AS SELECT 2;"
        "CREATE TEMP VIEW tv AS SELECT a + 1 AS b FROM t"
    )
    read = "SELECT a FROM v"
    assert connection.execute(read).fetchall() == [(1,)]
    connection.setconfig(db.SQLITE_DBCONFIG_ENABLE_VIEW, False)
    for sql in (read, "SELECT (SELECT a FROM v)", "EXPLAIN SELECT * FROM v", "INSERT INTO t SELECT a FROM v"):
        with pytest.raises(db.OperationalError, match=r'^access to view "v" prohibited$'):
            connection.execute(sql)
    assert connection.execute("SELECT b FROM tv").fetchall() == [(2,)]
    connection.execute("DROP VIEW gone")
    connection.execute("CREATE VIEW other AS SELECT * FROM v")
    assert [row[1] for row in connection.execute("PRAGMA table_info(v)")] == ["a"]
    connection.setconfig(db.SQLITE_DBCONFIG_ENABLE_VIEW, True)
    assert connection.execute(read).fetchall() == connection.execute("SELECT a FROM other").fetchall() == [(1,)]
