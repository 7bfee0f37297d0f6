"""PEP 249 and the `sqlite3` surface: every test runs on `sqlite3` too, so that what it asserts is what `sqlite3` does.

(INV-F1: only errors of the tree, or those that `sqlite3` raises, leave the driver; INV-F4: the connection stays usable; INV-V11.)
"""

from __future__ import annotations

import datetime
import sqlite3
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

import aerodb_dbapi


@pytest.fixture(params=[aerodb_dbapi, sqlite3], ids=["aerodb", "sqlite3"])
def db(request: pytest.FixtureRequest) -> ModuleType:
    return request.param


@pytest.fixture
def con(db: ModuleType) -> Any:
    connection = db.connect(":memory:")
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, n REAL)")
    yield connection
    connection.close()


def failure(call: Any, *arguments: Any) -> tuple[str, str, str | None]:
    """The class, text and SQLite code name of the error that a call raises."""
    with pytest.raises(Exception) as caught:
        call(*arguments)
    return type(caught.value).__name__, str(caught.value), getattr(caught.value, "sqlite_errorname", None)


def test_module_attributes(db: ModuleType) -> None:
    assert (db.apilevel, db.paramstyle) == ("2.0", "qmark") and db.threadsafety in (0, 1, 3)
    assert issubclass(db.IntegrityError, db.DatabaseError) and issubclass(db.DatabaseError, db.Error)
    con = db.connect(":memory:")
    for name in (
        "Warning",
        "Error",
        "InterfaceError",
        "DatabaseError",
        "DataError",
        "OperationalError",
        "IntegrityError",
    ):
        assert getattr(con, name) is getattr(db, name)
    con.close()
    assert db.Error.__module__.split(".")[0] == db.__name__.split(".")[0]


def test_fetching(con: Any) -> None:
    cur = con.cursor()
    assert cur.fetchone() is None and cur.fetchall() == []
    cur.executemany("INSERT INTO t VALUES (?, ?, ?)", ((i, f"n{i}", i / 2) for i in range(10)))
    assert (cur.rowcount, cur.lastrowid, cur.description) == (10, None, None)
    assert cur.execute("SELECT id FROM t ORDER BY id") is cur
    assert cur.rowcount == -1 and cur.fetchone() == (0,)
    assert cur.fetchmany() == [(1,)] and cur.fetchmany(2) == [(2,), (3,)]
    cur.arraysize = 3
    assert cur.fetchmany() == [(4,), (5,), (6,)]
    assert next(cur) == (7,) and list(cur) == [(8,), (9,)] and cur.fetchone() is None
    assert [d[0] for d in cur.description] == ["id"] and cur.description[0][1:] == (None,) * 6


def test_values_come_back_as_they_were(con: Any) -> None:
    values = [None, 0, -1, 2**63 - 1, -(2**63), 1.5, -0.0, float("inf"), "", "é\0x", "🛩", b"", b"\0\xff", True]
    for value in values:
        (found,) = con.execute("SELECT ?", (value,)).fetchone()
        assert found == value and type(found) is (int if value is True else type(value))
    assert con.execute("SELECT ?", (float("nan"),)).fetchone() == (None,)
    assert con.execute("SELECT ?, ?", (bytearray(b"a"), memoryview(b"b"))).fetchone() == (b"a", b"b")


class Text(str):
    """A str subclass."""


class Whole(int):
    """An int subclass."""


def test_subclasses_of_plain_types(con: Any) -> None:
    row = con.execute("SELECT ?, ?", (Text("x"), Whole(4))).fetchone()
    assert row == ("x", 4) and [type(v) for v in row] == [str, int]


def test_parameters(con: Any) -> None:
    assert con.execute("SELECT :a, @b, $c, :a", {"a": 1, "b": 2, "c": 3}).fetchone() == (1, 2, 3, 1)
    assert con.execute("SELECT ?2, ?1", (1, 2)).fetchone() == (2, 1)
    assert con.execute("SELECT ?, ?3, ?", (1, 2, 3, 4)).fetchone() == (1, 3, 4)
    assert con.execute("SELECT ?", [5]).fetchone() == (5,)

    class Missing(dict):  # type: ignore[type-arg]
        def __missing__(self, key: str) -> str:
            return f"no {key}"

    assert con.execute("SELECT :x", Missing()).fetchone() == ("no x",)

    class Letters:
        def __len__(self) -> int:
            return 2

        def __getitem__(self, at: int) -> str:
            return "ab"[at]

    assert con.execute("SELECT ?, ?", Letters()).fetchone() == ("a", "b")


ERRORS: list[tuple[str, Any]] = [
    ("SELECT ?", ()),
    ("SELECT ?", (1, 2)),
    ("SELECT ?", (object(),)),
    ("SELECT ?", {"a": 1}),
    ("SELECT :a", {"b": 1}),
    ("SELECT ?", 5),
    ("SELECT ?", (2**63,)),
    ("SELECT ?", ("\ud800",)),
    ("SELEC 1", ()),
    ("SELECT", ()),
    ("SELECT 1; SELECT 2", ()),
    ("SELECT * FROM missing", ()),
    ("SELECT * FROM main.missing", ()),
    ("SELECT missing FROM t", ()),
    ("SELECT t.missing FROM t", ()),
    ("SELECT nothing(1)", ()),
    ("SELECT abs()", ()),
    ("SELECT 1\0", ()),
    ("INSERT INTO t(nope) VALUES (1)", ()),
    ("INSERT INTO t VALUES (1)", ()),
    ("INSERT INTO t(id, name) VALUES (1)", ()),
    ("INSERT INTO t VALUES ('x', 1, 1)", ()),
    ("CREATE TABLE t(x)", ()),
    ("CREATE TABLE v(x, X)", ()),
    ("CREATE TABLE sqlite_x(x)", ()),
    ("DROP TABLE nope", ()),
    ("DROP INDEX nope", ()),
    ("DROP VIEW t", ()),
    ("CREATE INDEX i ON nope(x)", ()),
    ("CREATE INDEX i ON t(nope)", ()),
    ("SELECT sum(id) FROM t WHERE sum(id) > 1", ()),
    ("SELECT 1 UNION SELECT 1, 2", ()),
    ("SELECT id FROM t ORDER BY 2", ()),
    ("SELECT abs(-9223372036854775808)", ()),
    ("SELECT (SELECT 1, 2)", ()),
    ("SELECT 1 WHERE (1, 2) = 1", ()),
    ("RELEASE x", ()),
    ("UPDATE t SET nope = 1", ()),
    ("SELECT id FROM t, t AS u", ()),
    ("SELECT 'unclosed", ()),
    ("SELECT #", ()),
]


@pytest.mark.parametrize(("sql", "parameters"), ERRORS, ids=[repr(sql) for sql, _ in ERRORS])
def test_errors_are_sqlite3s(sql: str, parameters: Any) -> None:
    """Class, text and code name are those of `sqlite3` (INV-F1), and the connection goes on (INV-F4)."""
    found = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, n REAL)")

        def run(connection: Any = connection) -> Any:
            return connection.execute(sql, parameters).fetchall()

        found.append(failure(run))
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.close()
    assert found[0] == found[1]


def test_constraint_errors(db: ModuleType) -> None:
    con = db.connect(":memory:")
    con.execute(
        "CREATE TABLE c(a INTEGER PRIMARY KEY, b UNIQUE, d NOT NULL, e CHECK (e > 0), f, g, CONSTRAINT small CHECK (f < 9), UNIQUE(f, g))"
    )
    con.execute("INSERT INTO c VALUES (1, 1, 1, 1, 1, 1)")
    cases = {
        "INSERT INTO c VALUES (1, 2, 1, 1, 1, 2)": ("UNIQUE constraint failed: c.a", "SQLITE_CONSTRAINT_PRIMARYKEY"),
        "INSERT INTO c VALUES (2, 1, 1, 1, 1, 2)": ("UNIQUE constraint failed: c.b", "SQLITE_CONSTRAINT_UNIQUE"),
        "INSERT INTO c VALUES (2, 2, 1, 1, 1, 1)": ("UNIQUE constraint failed: c.f, c.g", "SQLITE_CONSTRAINT_UNIQUE"),
        "INSERT INTO c VALUES (2, 2, NULL, 1, 1, 2)": ("NOT NULL constraint failed: c.d", "SQLITE_CONSTRAINT_NOTNULL"),
        "INSERT INTO c VALUES (2, 2, 1, 0, 1, 2)": ("CHECK constraint failed: e > 0", "SQLITE_CONSTRAINT_CHECK"),
        "INSERT INTO c VALUES (2, 2, 1, 1, 10, 2)": ("CHECK constraint failed: small", "SQLITE_CONSTRAINT_CHECK"),
        "INSERT INTO c VALUES ('x', 2, 1, 1, 1, 2)": ("datatype mismatch", "SQLITE_MISMATCH"),
    }
    for sql, (text, name) in cases.items():
        assert failure(con.execute, sql) == ("IntegrityError", text, name)
    assert con.execute("SELECT count(*) FROM c").fetchone() == (1,)
    con.close()


def test_implicit_transactions(con: Any) -> None:
    con.commit()
    assert not con.in_transaction
    con.execute("SELECT 1")
    assert not con.in_transaction
    con.execute("INSERT INTO t(name) VALUES ('a')")
    assert con.in_transaction
    con.rollback()
    assert not con.in_transaction and con.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with con:
        con.execute("INSERT INTO t(name) VALUES ('a')")
    assert not con.in_transaction and con.total_changes == 2
    with pytest.raises(ZeroDivisionError), con:
        con.execute("INSERT INTO t(name) VALUES ('b')")
        raise ZeroDivisionError
    assert con.execute("SELECT name FROM t").fetchall() == [("a",)]


def test_isolation_level(con: Any, db: ModuleType) -> None:
    assert con.isolation_level == ""
    con.isolation_level = "immediate"
    con.execute("INSERT INTO t(name) VALUES ('a')")
    assert con.in_transaction
    con.isolation_level = None
    assert not con.in_transaction
    con.execute("INSERT INTO t(name) VALUES ('b')")
    assert not con.in_transaction
    con.execute("BEGIN")
    con.execute("INSERT INTO t(name) VALUES ('c')")
    con.execute("ROLLBACK")
    assert con.execute("SELECT count(*) FROM t").fetchone() == (2,)
    with pytest.raises(ValueError, match="isolation_level string must be '', 'DEFERRED'"):
        con.isolation_level = "WRONG"
    with pytest.raises(TypeError):
        con.isolation_level = 5


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has `autocommit` from Python 3.12")
def test_autocommit_as_in_python_312(db: ModuleType) -> None:
    check_autocommit(db)


def test_autocommit() -> None:
    check_autocommit(aerodb_dbapi)


def check_autocommit(db: ModuleType) -> None:
    con = db.connect(":memory:", autocommit=False)
    assert con.in_transaction and con.autocommit is False
    con.execute("CREATE TABLE t(a)")
    con.commit()
    assert con.in_transaction
    con.execute("INSERT INTO t VALUES (1)")
    con.rollback()
    assert con.in_transaction and con.execute("SELECT count(*) FROM t").fetchone() == (0,)
    con.autocommit = True
    assert not con.in_transaction
    con.execute("INSERT INTO t VALUES (1)")
    con.rollback()
    assert con.execute("SELECT count(*) FROM t").fetchone() == (1,)
    con.close()


def test_counters(con: Any) -> None:
    cur = con.cursor()
    cur.execute("INSERT INTO t(name) VALUES ('a'), ('b')")
    assert (cur.rowcount, cur.lastrowid) == (2, 2)
    cur.execute("UPDATE t SET n = 1")
    assert (cur.rowcount, cur.lastrowid) == (2, 2)
    cur.execute("DELETE FROM t")
    assert cur.rowcount == 2
    cur.execute("INSERT INTO t(name) VALUES ('x') RETURNING id, name || '!'")
    assert cur.fetchall() == [(1, "x!")] and cur.rowcount == 1
    assert [d[0] for d in cur.description] == ["id", "name || '!'"]
    with pytest.raises(Exception, match="UNIQUE"):
        cur.execute("INSERT INTO t(id) VALUES (1)")
    assert cur.lastrowid == 1
    assert con.execute("SELECT changes(), total_changes(), last_insert_rowid()").fetchone() == (0, 7, 1)


def test_executemany_keeps_what_came_before_a_failure(con: Any, db: ModuleType) -> None:
    with pytest.raises(db.IntegrityError):
        con.executemany("INSERT INTO t(id) VALUES (?)", [(1,), (2,), (1,), (3,)])
    assert con.execute("SELECT id FROM t").fetchall() == [(1,), (2,)]
    assert failure(con.executemany, "SELECT 1", [()])[:2] == (
        "ProgrammingError",
        "executemany() can only execute DML statements.",
    )

    def broken() -> Any:
        yield (7,)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        con.executemany("INSERT INTO t(id) VALUES (?)", broken())


def test_executescript(con: Any, db: ModuleType) -> None:
    con.execute("INSERT INTO t(name) VALUES ('before')")
    con.executescript(
        "CREATE TABLE u(a); -- a comment; with a semicolon\nINSERT INTO u VALUES ('x;y');;\n/* ; */ SELECT * FROM u"
    )
    assert not con.in_transaction
    assert con.execute("SELECT a, name FROM u, t").fetchall() == [("x;y", "before")]
    with pytest.raises(db.OperationalError, match="no such table"):
        con.executescript("INSERT INTO u VALUES (1); SELECT * FROM nope; INSERT INTO u VALUES (2)")
    assert con.execute("SELECT count(*) FROM u").fetchone() == (2,)
    with pytest.raises(ValueError):
        con.executescript("SELECT 1\0")


def test_cursors_outlive_changes(con: Any) -> None:
    """Rows still to come are those of the state in which the statement began (INV-V11)."""
    con.executemany("INSERT INTO t(id) VALUES (?)", [(i,) for i in range(1000)])
    con.commit()
    cur = con.execute("SELECT id FROM t")
    first = cur.fetchmany(3)
    con.execute("INSERT INTO t(id) VALUES (5000)")
    con.commit()
    rest = cur.fetchall()
    assert [row[0] for row in first + rest][:1000] == list(range(1000))


def test_open_cursors_never_see_later_writes() -> None:
    con = aerodb_dbapi.connect(":memory:")
    con.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    con.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(2000)])
    con.commit()
    cur = con.execute("SELECT id FROM t")
    assert cur.fetchone() == (0,)
    con.execute("DELETE FROM t")
    con.commit()
    con.execute("DROP TABLE t")
    assert [row[0] for row in cur] == list(range(1, 2000))
    con.close()


def test_statements_follow_the_schema(con: Any) -> None:
    """A statement that was compiled for another schema is compiled anew, on each of its ways (INV-S3)."""
    select, insert = "SELECT * FROM u", "INSERT INTO u VALUES (?, ?)"
    for definition, row in (("a INTEGER, b", ("5", "x")), ("b TEXT, a TEXT", ("5", "x"))):
        con.execute(f"CREATE TABLE u({definition})")
        for _ in range(2):
            con.execute(insert, row)
            con.commit()
            assert con.execute(select).fetchone() == ((5, "x") if definition[0] == "a" else row)
            assert [d[0] for d in con.execute(select).description] == [w.split()[0] for w in definition.split(", ")]
        con.executemany(insert, [row])
        con.execute("DROP TABLE u")
        assert failure(con.execute, select)[1] == "no such table: u"


def test_rows_and_factories(con: Any, db: ModuleType) -> None:
    con.execute("INSERT INTO t VALUES (1, 'one', 1.5)")
    con.row_factory = db.Row
    row = con.execute("SELECT id, name AS Label, n FROM t").fetchone()
    assert (row["ID"], row["label"], row[-1], row[0:2]) == (1, "one", 1.5, (1, "one"))
    assert row.keys() == ["id", "Label", "n"] and tuple(row) == (1, "one", 1.5) and len(row) == 3
    assert row == con.execute("SELECT id, name AS Label, n FROM t").fetchone() and hash(row) == hash(row)
    for key, error in (("none", IndexError), (3, IndexError)):
        with pytest.raises(error):
            row[key]
    con.row_factory = lambda cursor, values: dict(zip([d[0] for d in cursor.description], values))
    assert con.execute("SELECT id FROM t").fetchall() == [{"id": 1}]
    cur = con.cursor()
    cur.row_factory = None
    assert cur.execute("SELECT id FROM t").fetchone() == (1,)


def test_text_factory(con: Any) -> None:
    con.execute("INSERT INTO t VALUES (1, 'é', 1)")
    con.text_factory = bytes
    assert con.execute("SELECT name, id FROM t").fetchone() == ("é".encode(), 1)
    con.text_factory = lambda raw: raw.decode() + "?"
    assert con.execute("SELECT name FROM t").fetchone() == ("é?",)
    con.text_factory = str
    assert con.execute("SELECT name FROM t").fetchone() == ("é",)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_adapters_and_converters(db: ModuleType) -> None:
    class Point:
        def __init__(self, x: int, y: int) -> None:
            self.x, self.y = x, y

        def __conform__(self, protocol: Any) -> str | None:
            return f"{self.x};{self.y}" if protocol is db.PrepareProtocol else None

    class Plane:
        pass

    db.register_adapter(Plane, lambda plane: "a plane")
    db.register_converter("point", lambda raw: tuple(map(int, raw.split(b";"))))
    con = db.connect(":memory:", detect_types=db.PARSE_DECLTYPES | db.PARSE_COLNAMES)
    con.execute("CREATE TABLE p(at POINT(8), d date, ts TIMESTAMP, plain)")
    day, moment = datetime.date(2013, 1, 5), datetime.datetime(2013, 1, 5, 6, 7, 8, 90)
    con.execute("INSERT INTO p VALUES (?, ?, ?, ?)", (Point(3, 4), day, moment, Plane()))
    assert con.execute("SELECT * FROM p").fetchone() == ((3, 4), day, moment, "a plane")
    assert con.execute("SELECT at FROM (SELECT * FROM p)").fetchone() == ((3, 4),)
    cur = con.execute("SELECT at || '' , d AS \"x [date]\" FROM p")
    assert cur.fetchone() == ("3;4", day) and cur.description[1][0] == "x"
    con.close()


def test_user_functions(con: Any, db: ModuleType) -> None:
    con.create_function("twice", 1, lambda value: None if value is None else value * 2)
    con.create_function("many", -1, lambda *values: len(values), deterministic=True)
    con.create_function("upper", 1, lambda value: f"<{value}>")
    assert con.execute("SELECT twice(21), twice(NULL), many(), many(1, 2), upper('x')").fetchone() == (
        42,
        None,
        0,
        2,
        "<x>",
    )

    def fail(value: Any) -> Any:
        raise ZeroDivisionError

    con.create_function("fail", 1, fail)
    assert failure(con.execute, "SELECT fail(1)")[:2] == ("OperationalError", "user-defined function raised exception")
    if db is aerodb_dbapi:  # sqlite3 of Python 3.11 keeps a function that calls None
        con.create_function("twice", 1, None)
        assert failure(con.execute, "SELECT twice(1)")[:2] == ("OperationalError", "no such function: twice")

    class Longest:
        def __init__(self) -> None:
            self.best = ""

        def step(self, value: str) -> None:
            self.best = max(self.best, value, key=len)

        def finalize(self) -> str:
            return self.best

    con.create_aggregate("longest", 1, Longest)
    con.executemany("INSERT INTO t(name) VALUES (?)", [("a",), ("abc",), ("ab",)])
    assert con.execute("SELECT longest(name) FROM t").fetchone() == ("abc",)


def test_closed_objects(db: ModuleType) -> None:
    con = db.connect(":memory:")
    cur = con.cursor()
    cur.close()
    assert failure(cur.execute, "SELECT 1")[:2] == ("ProgrammingError", "Cannot operate on a closed cursor.")
    other = con.execute("SELECT 1")
    con.close()
    con.close()
    closed = ("ProgrammingError", "Cannot operate on a closed database.")
    assert failure(con.execute, "SELECT 1")[:2] == closed and failure(other.fetchone)[:2] == closed
    assert failure(con.cursor)[:2] == closed and failure(con.commit)[:2] == closed


def test_threads(db: ModuleType, tmp_path: Any) -> None:
    con = db.connect(":memory:")
    free = db.connect(":memory:", check_same_thread=False)
    found: list[Any] = []

    def work() -> None:
        found.append(failure(con.execute, "SELECT 1")[0])
        found.append(failure(con.commit)[0])
        found.append(free.execute("SELECT 1").fetchone())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["ProgrammingError", "ProgrammingError", (1,)]
    con.close()
    free.close()


def test_subclassing(db: ModuleType) -> None:
    class OwnCursor(db.Cursor):  # type: ignore[name-defined,misc]
        note = ""

    class OwnConnection(db.Connection):  # type: ignore[name-defined,misc]
        def cursor(self, factory: Any = OwnCursor) -> Any:
            return super().cursor(factory)

    con = db.connect(":memory:", factory=OwnConnection)
    cur = con.cursor().execute("SELECT 1")
    cur.note = "kept"
    assert type(con) is OwnConnection and type(cur) is OwnCursor and cur.fetchone() == (1,)
    with pytest.raises(TypeError):
        con.cursor(factory=lambda connection: 5)
    con.close()


def test_complete_statement(db: ModuleType) -> None:
    for text in (
        "SELECT 1;",
        "SELECT 1",
        "",
        "SELECT ';",
        "-- x\n;",
        "CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT 1;",
        "/* ; */",
        "SELECT 1; ",
    ):
        assert db.complete_statement(text) == sqlite3.complete_statement(text), text
    with pytest.raises(ValueError, match="embedded null character"):
        db.complete_statement("SELECT 1;\0")


def test_explain_of_a_trigger_in_a_script(con: Any) -> None:
    con.execute("CREATE TABLE x(a)")
    con.executescript("EXPLAIN CREATE TRIGGER y AFTER INSERT ON x BEGIN SELECT 1; SELECT 2; END; CREATE TABLE z(a);")
    con.execute("EXPLAIN CREATE TRIGGER y AFTER INSERT ON x BEGIN SELECT 1; SELECT 2; END")
    assert con.execute("SELECT name FROM sqlite_master WHERE name IN ('y', 'z')").fetchall() == [("z",)]


def test_an_empty_statement_leaves_lastrowid(con: Any) -> None:
    assert con.execute(" -- nothing").lastrowid is None
    cursor = con.execute("CREATE TABLE x(a)").execute("INSERT INTO x VALUES (1)")
    assert cursor.lastrowid == cursor.execute(";").lastrowid == 1
