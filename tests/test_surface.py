"""The surface of `sqlite3`: names, hooks, limits, blobs, URIs, images, dumps. What CPython's own tests leave out, or test loosely."""

from __future__ import annotations

import array
import copy
import inspect
import mmap
import pickle
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage.errors import RESULT_CODES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(params=[aerodb_dbapi, sqlite3], ids=["aerodb", "sqlite3"])
def db(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.fixture
def connection(db: ModuleType) -> Iterator[Any]:
    made = db.connect(":memory:", isolation_level=None)
    made.executescript("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, 'Y'), (3, 'z')")
    yield made
    made.close()


# --- Names ------------------------------------------------------------------------------------------------------------


def documented(section: str) -> set[str]:
    """The names in backquotes that start the rows of a table of the document."""
    text = (ROOT / "docs/differences-from-sqlite.md").read_text()
    part = text.split(f"## {section}", 1)[1].split("\n## ", 1)[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", part, re.M) for name in re.findall(r"`([^`]+)`", row)}


def test_every_name_of_sqlite3_is_there_or_documented() -> None:
    missing = set(dir(sqlite3)) - set(dir(aerodb_dbapi)) - {n for n in dir(sqlite3) if n.startswith("_")}
    assert missing <= documented("Names that are missing")
    assert set(dir(sqlite3.dbapi2)) - set(dir(aerodb_dbapi.dbapi2)) - {
        n for n in dir(sqlite3.dbapi2) if n.startswith("_")
    } <= documented("Names that are missing")
    for kind in ("Connection", "Cursor", "Row", "Blob"):
        theirs, ours = getattr(sqlite3, kind), getattr(aerodb_dbapi, kind)
        assert {n for n in dir(theirs) if not n.startswith("__")} <= set(dir(ours)), kind


def test_names_of_our_own_are_documented() -> None:
    rooms = {"compat", "executor", "indexes", "planner", "shell", "storage", "tools", "transfer"}
    modules = {path.stem for path in (ROOT / "aerodb_dbapi").glob("*.py")}
    ours = (
        {n for n in dir(aerodb_dbapi) if not n.startswith(("_", "@"))}
        - set(dir(sqlite3))
        - rooms
        - modules
        - {"annotations"}
    )
    known = {n for n in ours if n.startswith("SQLITE_")}  # constants of later libraries and versions
    for kind in ("Connection", "Cursor", "Row", "Blob"):
        members = set(dir(getattr(aerodb_dbapi, kind))) - set(dir(getattr(sqlite3, kind)))
        ours |= {f"{kind}.{name}" for name in members if not name.startswith("_")}
    ours -= {
        "Connection.load_extension",
        "Connection.enable_load_extension",
    }  # of sqlite3 too, where it is built with them
    assert ours - known - documented("Names of our own") == set()


def callables(module: ModuleType) -> dict[str, Any]:
    """What can be called of a module and its classes, by name."""
    found = {name: getattr(module, name) for name in dir(module) if name[:1].islower()}
    for kind in ("Connection", "Cursor", "Row", "Blob"):
        members = getattr(module, kind)
        found |= {f"{kind}.{name}": getattr(members, name) for name in dir(members) if name[:1].islower()}
    return {name: value for name, value in found.items() if callable(value)}


def parameters_of(function: Any) -> list[inspect.Parameter] | None:
    try:
        return [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    except ValueError:
        return None  # a function in C that does not tell


def test_signatures_are_those_of_sqlite3() -> None:
    """What may be given by name or by place there may be so here, and what may be left out."""
    ours, compared = callables(aerodb_dbapi), 0
    for name, function in callables(sqlite3).items():
        theirs, mine = parameters_of(function), parameters_of(ours[name])
        if theirs is None or mine is None or name == "adapters":
            continue
        compared += 1
        by_name = {one.name: one for one in mine}
        for place, one in enumerate(theirs):
            match = by_name.get(one.name) if one.kind is one.KEYWORD_ONLY else mine[place]
            assert match is not None, (name, one)
            assert match.name == one.name or one.kind is one.POSITIONAL_ONLY, (name, one)
            assert one.kind is one.POSITIONAL_ONLY or match.kind is not match.POSITIONAL_ONLY, (name, one)
            assert (one.default is one.empty) == (match.default is match.empty), (name, one)
        named = {one.name for one in theirs}
        extra = [one for place, one in enumerate(mine) if place >= len(theirs) and one.name not in named]
        assert all(one.default is not one.empty or one.kind is one.VAR_KEYWORD for one in extra), name
    assert compared >= 40


def test_constants_have_their_values() -> None:
    for name, value in vars(sqlite3).items():
        if isinstance(value, int) and name != "threadsafety":
            assert getattr(aerodb_dbapi, name) == value, name
    for name, value in RESULT_CODES.items():
        assert getattr(aerodb_dbapi, name, value) == value, name


def test_dbapi2_and_star_import() -> None:
    space: dict[str, Any] = {}
    exec("from aerodb_dbapi.dbapi2 import *", space)
    assert space["connect"] is aerodb_dbapi.connect and space["SQLITE_DENY"] == 1
    assert aerodb_dbapi.dbapi2.Error is aerodb_dbapi.Error


def test_unknown_argument_of_connect(db: ModuleType) -> None:
    with pytest.raises(TypeError, match="host"):
        db.connect(":memory:", host="x")


# --- Stopping ---------------------------------------------------------------------------------------------------------

COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) SELECT count(*) FROM c"


def stopped_by_another_thread(connection: Any, run: Any, after: float = 0.1) -> float:
    """Interrupt what `run` does; the seconds it took from there."""
    timer = threading.Timer(after, connection.interrupt)
    timer.start()
    start = time.monotonic()
    with pytest.raises(connection.OperationalError, match="interrupted") as caught:
        run()
    timer.join()
    assert caught.value.sqlite_errorname == "SQLITE_INTERRUPT"
    return time.monotonic() - start - after


def test_interrupt_stops_a_recursion(db: ModuleType, connection: Any) -> None:
    assert stopped_by_another_thread(connection, lambda: connection.execute(COUNT).fetchall()) < 5
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM big x, big y, big z WHERE x.a + y.a + z.a = -1",
        "UPDATE big SET a = (SELECT count(*) FROM big x, big y WHERE x.a + y.a = -1)",
        "DELETE FROM big WHERE (SELECT count(*) FROM big x, big y WHERE x.a + y.a = big.a - 90000) < 0",
        "INSERT INTO big SELECT x.a FROM big x, big y, big z WHERE x.a + y.a + z.a = -1",
    ],
)
def test_interrupt_stops_and_undoes(db: ModuleType, connection: Any, sql: str) -> None:
    connection.execute("CREATE TABLE big(a)")
    connection.executemany("INSERT INTO big VALUES (?)", [(n,) for n in range(2000)])
    stopped_by_another_thread(connection, lambda: connection.execute(sql).fetchall())
    assert connection.execute("SELECT count(*), sum(a) FROM big").fetchone() == (2000, 1999000)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sum(value) FROM generate_series(1, 1000000000)",
        "SELECT count(*) FROM json_each('[1, 2]') x, generate_series(1, 1000000000) y WHERE x.value = y.value + 9",
    ],
)
def test_interrupt_stops_a_table_valued_function(sql: str) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    assert stopped_by_another_thread(connection, lambda: connection.execute(sql).fetchall()) < 5


def test_interrupt_without_a_statement_does_nothing(connection: Any) -> None:
    connection.interrupt()
    assert connection.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,), (3,)]
    assert connection.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,), (3,)]


def test_the_hit_path_is_back_after_an_interruption() -> None:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t(a)")
    session = connection._session
    assert session is not None
    full = session.hits
    connection.interrupt()
    assert session.hits is not full and not session.hits
    connection.execute("SELECT a FROM t").fetchall()
    assert session.hits is full and not session.watch


def test_progress_handler_stops_and_is_taken_away(db: ModuleType, connection: Any) -> None:
    calls = []
    connection.set_progress_handler(lambda: calls.append(1) or len(calls) > 20, 1000)
    with pytest.raises(db.OperationalError, match="interrupted"):
        connection.execute(COUNT).fetchall()
    assert len(calls) == 21
    connection.set_progress_handler(None, 1000)
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)
    assert len(calls) == 21


# --- Trace and authorizer ---------------------------------------------------------------------------------------------


def test_trace_sees_values(connection: Any) -> None:
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    connection.execute("SELECT ?, ?, ?, ?", (1, "it's", None, b"\x01"))
    connection.execute("SELECT :a, :b, :a", {"a": 1.5, "b": -2})
    connection.execute("SELECT ?2, ?1", ("x", "y"))
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(7, 8), (9, 10)])
    connection.set_trace_callback(None)
    connection.execute("SELECT 5")
    assert seen == [
        "SELECT 1, 'it''s', NULL, x'01'",
        "SELECT 1.5, -2, 1.5",
        "SELECT 'y', 'x'",
        "INSERT INTO t VALUES (7, 8)",
        "INSERT INTO t VALUES (9, 10)",
    ]


AUTHORIZED = [
    "SELECT a FROM t",
    "SELECT upper(b) FROM t WHERE a = 1",
    "INSERT INTO t VALUES (1, 2)",
    "UPDATE t SET a = b",
    "DELETE FROM t WHERE a = 5",
    "DELETE FROM t",
    "SELECT count(*) FROM t",
    "SELECT x.a FROM (SELECT a FROM t) x",
    "INSERT INTO u SELECT a, b FROM t",
    "SAVEPOINT s",
    "RELEASE s",
    "BEGIN",
    "COMMIT",
    "PRAGMA user_version",
]


@pytest.mark.parametrize("sql", AUTHORIZED)
def test_authorizer_is_asked_the_same(sql: str) -> None:
    asked: list[set[tuple[Any, ...]]] = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:", isolation_level=None)
        connection.executescript(
            "CREATE TABLE t(a, b); CREATE TABLE u(k PRIMARY KEY, v CHECK (v <> 7)); CREATE VIEW w AS SELECT a FROM t"
        )
        if sql == "RELEASE s":
            connection.execute("SAVEPOINT s")
        if sql == "COMMIT":
            connection.execute("BEGIN")
        questions: list[tuple[Any, ...]] = []
        connection.set_authorizer(lambda *question: questions.append(question) or 0)  # noqa: B023
        connection.execute(sql)
        asked.append(set(questions))
        connection.close()
    assert asked[0] == asked[1]


def test_authorizer_denies_and_hides(db: ModuleType, connection: Any) -> None:
    connection.execute("CREATE VIEW v AS SELECT a, b FROM t")
    read = db.SQLITE_READ

    def answer(action: int, first: str, second: str, *rest: Any) -> int:
        return deny if action == read and second == "b" else db.SQLITE_OK

    deny = db.SQLITE_DENY
    connection.set_authorizer(answer)
    for sql in (
        "SELECT b FROM t",
        "SELECT * FROM v",
        "SELECT a FROM t WHERE b = 1",
        "UPDATE t SET a = b",
        "CREATE TABLE copy AS SELECT b FROM t",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM t WHERE b = 1)",
        "INSERT INTO t(a) VALUES (5) RETURNING b",
        "DELETE FROM t WHERE a IN (SELECT b FROM t)",
    ):
        with pytest.raises(db.DatabaseError, match=r"access to t\.b is prohibited") as caught:
            connection.execute(sql)
        assert caught.value.sqlite_errorname == "SQLITE_AUTH"
    deny = db.SQLITE_IGNORE
    connection.set_authorizer(answer)
    assert connection.execute("SELECT a, b FROM v ORDER BY a").fetchall() == [(1, None), (2, None), (3, None)]
    assert connection.execute("SELECT count(b), max(a) FROM t").fetchall() == [(0, 3)]
    assert connection.execute("WITH c AS (SELECT b FROM t) SELECT x.b FROM c x, c y").fetchall() == [(None,)] * 9
    connection.set_authorizer(lambda action, *_: db.SQLITE_DENY if action == db.SQLITE_INSERT else 0)
    for sql in ("INSERT INTO t VALUES (1, 2)", "CREATE TABLE n(a)"):
        with pytest.raises(db.DatabaseError, match="not authorized"):
            connection.execute(sql)
    connection.set_authorizer(None)
    assert connection.execute("SELECT b FROM t WHERE a = 1").fetchone() == ("x",)


# --- Collations -------------------------------------------------------------------------------------------------------


def by_length(a: str, b: str) -> int:
    return len(a) - len(b)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM c ORDER BY a COLLATE LENGTH, rowid",
        "SELECT a FROM c ORDER BY a COLLATE length DESC, rowid",
        "SELECT count(*) FROM c WHERE a = 'xx' COLLATE length",
        "SELECT a FROM c WHERE a COLLATE length < 'xx' ORDER BY rowid",
        "SELECT a FROM c WHERE a COLLATE length BETWEEN 'x' AND 'xx' ORDER BY rowid",
        "SELECT count(*) FROM (SELECT DISTINCT a COLLATE length FROM c)",
        "SELECT length(a), count(*) FROM c GROUP BY a COLLATE length ORDER BY 1, 2",
        "SELECT count(*) FROM c x JOIN c y ON x.a = y.a COLLATE length",
        "SELECT d FROM c WHERE d = 'zz' ORDER BY d, rowid",
        "SELECT max(d), min(d) FROM c",
        "SELECT count(*) FROM c WHERE d IN ('q', 'qq')",
        "SELECT a FROM c WHERE d > 'q' ORDER BY d, rowid LIMIT 2",
    ],
)
def test_collations_of_the_application(sql: str) -> None:
    found = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")
        connection.create_collation("length", by_length)
        connection.executescript(
            """
            CREATE TABLE c(a TEXT, d TEXT COLLATE length);
            INSERT INTO c VALUES ('b', 'b'), ('aa', 'aa'), ('ccc', 'ccc'), ('a', 'a'), (NULL, NULL), (12, 12), (x'00', x'00');
            CREATE INDEX i ON c(d);
            CREATE INDEX j ON c(a COLLATE length DESC);
            """
        )
        found.append(connection.execute(sql).fetchall())
        connection.execute("UPDATE c SET a = 'zzz' WHERE d = 'zz'")
        found[-1] += connection.execute(sql).fetchall()  # in a transaction, which notes what it reads
        connection.commit()
        connection.close()
    assert found[0] == found[1]


def test_what_was_read_under_a_collation_of_the_application_is_validated(tmp_path: Any) -> None:
    first, second = (aerodb_dbapi.connect(tmp_path / "t.db", isolation_level=None) for _ in range(2))
    first.create_collation("length", by_length)
    first.executescript("CREATE TABLE c(a TEXT COLLATE length); CREATE TABLE d(n); INSERT INTO c VALUES ('b')")
    first.execute("BEGIN")
    first.execute("INSERT INTO d SELECT count(*) FROM c WHERE a = 'x'")
    second.execute("INSERT INTO c VALUES ('y')")
    with pytest.raises(aerodb_dbapi.SerializationError):
        first.execute("COMMIT")


def test_a_collation_that_is_gone(db: ModuleType, connection: Any) -> None:
    connection.create_collation("length", by_length)
    connection.execute("CREATE TABLE c(a COLLATE length)")
    connection.create_collation("LENGTH", None)
    for sql in ("SELECT * FROM c ORDER BY a", "SELECT 1 COLLATE length = 2"):
        with pytest.raises(db.OperationalError, match="no such collation sequence: length"):
            connection.execute(sql)
    with pytest.raises(db.OperationalError, match="no such collation sequence: nosuch"):
        connection.execute("CREATE TABLE d(a COLLATE nosuch)")


def test_collations_are_listed_and_the_built_in_ones_stay(db: ModuleType, connection: Any) -> None:
    connection.create_collation("length", by_length)
    connection.create_collation("Zed", by_length)
    connection.create_collation("LENGTH", None)
    names = [name for _, name in connection.execute("PRAGMA collation_list")]
    assert names == ["Zed", "length", "RTRIM", "NOCASE", "BINARY"]
    if db is aerodb_dbapi:
        with pytest.raises(db.NotSupportedError, match="replacing the built-in collation NOCASE"):
            connection.create_collation("nocase", by_length)


def test_unique_under_a_collation_of_the_application_is_refused() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.create_collation("length", by_length)
    with pytest.raises(aerodb_dbapi.NotSupportedError, match="unique index under the application's collation"):
        connection.execute("CREATE TABLE c(a COLLATE length UNIQUE)")


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "value", "allowed", "refused", "error", "text"),
    [
        ("SQL_LENGTH", 20, "SELECT 1", "SELECT 1 AS a, 2 AS b, 3 AS c", "DataError", "query string is too large"),
        ("COLUMN", 2, "SELECT 1, 2", "SELECT 1, 2, 3", "OperationalError", "too many columns in result set"),
        ("EXPR_DEPTH", 3, "SELECT 1", "SELECT a+1+2+3+4+5+6 FROM t", "OperationalError", "Expression tree is too large"),
        ("COMPOUND_SELECT", 2, "SELECT 1 UNION SELECT 2", "SELECT 1 UNION SELECT 2 UNION SELECT 3", "OperationalError",
         "too many terms in compound SELECT"),
        ("FUNCTION_ARG", 1, "SELECT abs(1)", "SELECT substr(b, 1) FROM t", "OperationalError", "too many arguments on function substr"),
    ],
)  # fmt: skip
def test_limits_are_enforced(
    db: ModuleType, connection: Any, limit: str, value: int, allowed: str, refused: str, error: str, text: str
) -> None:
    category = getattr(db, f"SQLITE_LIMIT_{limit}")
    before = connection.setlimit(category, value)
    assert connection.getlimit(category) == value
    connection.execute(allowed)
    with pytest.raises(getattr(db, error), match=text):
        connection.execute(refused)
    assert connection.setlimit(category, before) == value
    connection.execute(refused)


def test_limits_of_parameters_and_values(db: ModuleType, connection: Any) -> None:
    connection.setlimit(db.SQLITE_LIMIT_VARIABLE_NUMBER, 2)
    connection.execute("SELECT ?, ?", (1, 2))
    with pytest.raises(db.OperationalError, match="too many SQL variables"):
        connection.execute("SELECT ?, ?, ?", (1, 2, 3))
    connection.setlimit(db.SQLITE_LIMIT_LENGTH, 100)
    with pytest.raises(db.DataError, match="string or blob too big"):
        connection.execute("SELECT ?", ("x" * 101,))
    with pytest.raises(db.ProgrammingError, match="'category' is out of bounds"):
        connection.getlimit(99)
    assert connection.setlimit(db.SQLITE_LIMIT_LENGTH, -1) == 100 == connection.getlimit(db.SQLITE_LIMIT_LENGTH)


# --- URIs and shared memory -------------------------------------------------------------------------------------------


def test_uri_modes(db: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a b.db"
    for mode in ("ro", "rw"):
        with pytest.raises(db.OperationalError, match="unable to open database file") as caught:
            db.connect(f"file:{tmp_path}/a%20b.db?mode={mode}", uri=True)
        assert caught.value.sqlite_errorname == "SQLITE_CANTOPEN"
    assert not path.exists()
    writer = db.connect(f"file://{tmp_path}/a%20b.db?mode=rwc#x", uri=True)
    writer.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (5)")
    assert path.exists()
    reader = db.connect(f"file:{tmp_path}/a%20b.db?mode=ro", uri=True)
    assert reader.execute("SELECT a FROM t").fetchall() == [(5,)]
    for sql in (
        "INSERT INTO t VALUES (6)",
        "DELETE FROM t",
        "CREATE TABLE u(a)",
        "PRAGMA user_version = 7",
        "DROP TABLE t",
    ):
        with pytest.raises(db.OperationalError, match="attempt to write a readonly database"):
            reader.execute(sql)
        reader.rollback()
    writer.execute("INSERT INTO t VALUES (6)")
    writer.commit()
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (2,)
    writer.close()
    reader.close()


@pytest.mark.parametrize(
    ("uri", "text"),
    [("file:x?mode=xx", "no such access mode: xx"), ("file:x?cache=xx", "no such cache mode: xx"),
     ("file://host/x", "invalid uri authority: host")],
)  # fmt: skip
def test_wrong_uris(db: ModuleType, uri: str, text: str) -> None:
    with pytest.raises(db.OperationalError, match=text):
        db.connect(uri, uri=True)


def test_shared_memory_databases(db: ModuleType) -> None:
    uri = "file:shared_one?mode=memory&cache=shared"
    first, second = db.connect(uri, uri=True), db.connect(uri, uri=True)
    other, private = (
        db.connect("file:other?mode=memory&cache=shared", uri=True),
        db.connect("file:shared_one?mode=memory", uri=True),
    )
    first.execute("CREATE TABLE t(a)")
    first.execute("INSERT INTO t VALUES (1)")
    first.commit()
    assert second.execute("SELECT * FROM t").fetchall() == [(1,)]
    for one in (other, private):
        with pytest.raises(db.OperationalError, match="no such table"):
            one.execute("SELECT * FROM t")
    for one in (first, other, private):
        one.close()
    assert second.execute("SELECT * FROM t").fetchall() == [(1,)]
    second.close()
    again = db.connect(uri, uri=True)  # it was gone with its last connection
    with pytest.raises(db.OperationalError, match="no such table"):
        again.execute("SELECT * FROM t")
    again.close()


# --- Blobs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("t", "a", 1), "cannot open value of type integer"),
        (("t", "a", 9), "no such rowid: 9"),
        (("t", "q", 1), 'no such column: "q"'),
        (("v", "a", 1), "cannot open view: v"),
        (("t", "b", 1), "cannot open indexed column for writing"),
    ],
)
def test_blobs_that_cannot_be_opened(db: ModuleType, connection: Any, arguments: tuple[Any, ...], text: str) -> None:
    connection.executescript("CREATE VIEW v AS SELECT * FROM t; CREATE INDEX i ON t(b)")
    with pytest.raises(db.OperationalError, match=text):
        connection.blobopen(*arguments)


def test_blob_of_text_and_transactions(db: ModuleType, connection: Any) -> None:
    with connection.blobopen("t", "b", 2, readonly=True) as blob:
        assert blob.read() == b"Y" and blob.tell() == 1 and blob.read() == b""
    connection.execute("INSERT INTO t VALUES (4, zeroblob(3))")
    connection.execute("BEGIN")
    with connection.blobopen("t", "b", 4) as blob:
        blob.write(b"ab")
        blob[2] = 255
    assert connection.execute("SELECT b FROM t WHERE a = 4").fetchone() == (b"ab\xff",)
    connection.rollback()
    assert connection.execute("SELECT b FROM t WHERE a = 4").fetchone() == (b"\0\0\0",)


def test_extensions_are_not_supported(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    if not hasattr(connection, "load_extension"):
        pytest.skip("sqlite3 was built without extensions")
    with pytest.raises(db.OperationalError, match="not authorized"):
        connection.load_extension("no_such_library")
    connection.enable_load_extension(True)
    with pytest.raises(db.OperationalError, match="no_such_library") as told:
        connection.load_extension("no_such_library")
    assert db is not aerodb_dbapi or isinstance(told.value, aerodb_dbapi.NotSupportedError)
    connection.enable_load_extension(False)
    with pytest.raises(db.OperationalError, match="not authorized"):
        connection.load_extension("no_such_library")
    with pytest.raises(TypeError):
        connection.enable_load_extension()


# --- Images and dumps -------------------------------------------------------------------------------------------------

SCHEMA = """
    CREATE TABLE a(id INTEGER PRIMARY KEY, x REAL, y TEXT DEFAULT 'q', z BLOB);
    INSERT INTO a VALUES (1, 1.5, 'it''s', x'00ff'), (7, -0.0, NULL, NULL), (9, 1e300, 'ü', x'');
    CREATE INDEX a_y ON a(y DESC);
    CREATE TABLE "odd ""name"(k PRIMARY KEY, "a b");
    INSERT INTO "odd ""name" VALUES (1, 2), ('x', 'y');
    CREATE VIEW w AS SELECT id FROM a;
"""


def test_images_round_trip(tmp_path: Path) -> None:
    first = aerodb_dbapi.connect(tmp_path / "x.db")
    first.executescript(SCHEMA)
    first.execute("INSERT INTO a(id) VALUES (100)")  # not committed: not in the image
    image = first.serialize()
    second = aerodb_dbapi.connect(":memory:")
    second.execute("CREATE TABLE gone(a)")
    second.deserialize(image)
    digest = "PRAGMA aerodb_digest"
    assert second.execute(digest).fetchone() == first.execute(digest).fetchone()
    assert second.execute("SELECT id FROM w").fetchall() == [(1,), (7,), (9,)]
    second.execute("INSERT INTO a(id, x) VALUES (8, 2)")
    second.commit()
    assert second.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    (tmp_path / "y.db").write_bytes(second.serialize())  # an image is a file
    third = aerodb_dbapi.connect(tmp_path / "y.db")
    assert third.execute(digest).fetchone() == second.execute(digest).fetchone()
    third.execute("INSERT INTO a(id) VALUES (10)")
    third.commit()
    third.close()
    damaged = bytearray(image)
    damaged[-50] ^= 1
    with pytest.raises(aerodb_dbapi.DatabaseError):
        second.deserialize(bytes(damaged))
    assert second.execute("SELECT count(*) FROM a").fetchone() == (4,)


def test_dumps_are_those_of_sqlite3_and_load_again() -> None:
    texts = []
    for module in (aerodb_dbapi, sqlite3):
        connection = module.connect(":memory:")
        connection.executescript(SCHEMA)
        connection.executescript("CREATE TABLE m(x); CREATE INDEX mx ON m(x); INSERT INTO m VALUES (1), (1); ANALYZE m")
        if module is aerodb_dbapi:
            connection.row_factory = module.Row
            connection.text_factory = bytes
        texts.append(list(connection.iterdump()))
    assert texts[0] == texts[1] and any("sqlite_stat1" in line for line in texts[0])
    for module in (aerodb_dbapi, sqlite3):
        loaded = module.connect(":memory:")
        loaded.executescript("".join(texts[0]))
        assert list(loaded.iterdump()) == texts[0]


# --- Errors -----------------------------------------------------------------------------------------------------------


def test_errors_of_functions_have_their_cause() -> None:
    connection = aerodb_dbapi.connect(":memory:")

    class Broken:
        def step(self, value: Any) -> None:
            raise KeyError(value)

        def finalize(self) -> int:
            return 1

    connection.create_function("f", 1, lambda value: 1 / value)
    connection.create_aggregate("g", 1, Broken)
    for sql, kind in (("SELECT f(0)", ZeroDivisionError), ("SELECT g(1)", KeyError)):
        with pytest.raises(aerodb_dbapi.OperationalError, match="user-defined") as caught:
            connection.execute(sql).fetchall()
        assert isinstance(caught.value.__cause__, kind)


def test_recursive_use_of_a_cursor(db: ModuleType, connection: Any) -> None:
    cursor = connection.cursor()

    def rows() -> Iterator[tuple[int, int]]:
        yield 1, 2
        cursor.execute("SELECT 1")

    with pytest.raises(db.ProgrammingError, match="Recursive use of cursors not allowed"):
        cursor.executemany("INSERT INTO t VALUES (?, ?)", rows())
    assert cursor.execute("SELECT 5").fetchone() == (5,)


def test_uninitialized_objects(db: ModuleType) -> None:
    class Lazy(db.Cursor):  # type: ignore[name-defined,misc]
        def __init__(self, connection: Any) -> None: ...

    connection = db.connect(":memory:")
    cursor = Lazy(connection)
    for use in (lambda: cursor.execute("SELECT 1"), cursor.fetchone, cursor.close):
        with pytest.raises(db.ProgrammingError, match=r"Base Cursor\.__init__ not called\."):
            use()
    with pytest.raises(TypeError):
        db.Cursor(object())


# --- Small things -----------------------------------------------------------------------------------------------------


def test_nothing_is_pickled_or_copied(db: ModuleType, connection: Any) -> None:
    connection.execute("UPDATE t SET b = x'00'")
    for made in (connection, connection.cursor(), connection.blobopen("t", "b", 1)):
        for act in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(
                TypeError, match=rf"^cannot pickle '{db.__name__}\.(\w+\.)?{type(made).__name__}' object$"
            ):
                act(made)


def test_whatever_has_a_buffer_is_bound_as_a_blob(connection: Any) -> None:
    for value in (array.array("b", [1, 2]), bytearray(b"\1\2"), memoryview(b"\1\2"), mmap.mmap(-1, 2)):
        found = connection.execute("SELECT typeof(?1), length(?1)", (value,)).fetchone()
        assert found == ("blob", 2)


def test_the_way_to_files_has_a_name_of_sqlite(db: ModuleType, tmp_path: Path) -> None:
    db.connect(f"file:{tmp_path}/a.db?vfs=unix", uri=True).close()
    with pytest.raises(db.OperationalError, match=r"^no such vfs: nope$"):
        db.connect(f"file:{tmp_path}/a.db?vfs=nope", uri=True)


def test_arguments_of_backup(connection: Any) -> None:
    with pytest.raises(TypeError, match=r"backup\(\) argument 'target' must be sqlite3.Connection, not None"):
        connection.backup(None)
    with pytest.raises(TypeError, match="'str' object cannot be interpreted as an integer"):
        connection.backup(type(connection)(":memory:"), pages="x")


def test_an_authorizer_is_asked_about_transactions_of_the_driver(db: ModuleType) -> None:
    connection = db.connect(":memory:")
    connection.execute("CREATE TABLE t(a)")
    asked = []
    connection.set_authorizer(lambda *what: asked.append(what[:2]) or db.SQLITE_OK)
    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    assert asked == [(db.SQLITE_INSERT, "t"), (db.SQLITE_TRANSACTION, "BEGIN"), (db.SQLITE_TRANSACTION, "COMMIT")]
    connection.set_authorizer(lambda action, *_: db.SQLITE_DENY if action == db.SQLITE_TRANSACTION else db.SQLITE_OK)
    with pytest.raises(db.DatabaseError, match="not authorized"):
        connection.execute("INSERT INTO t VALUES (2)")
    assert not connection.in_transaction and connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_transaction_is_always_open(db: ModuleType) -> None:
    if db is sqlite3 and sys.version_info < (3, 12):
        pytest.skip("it has no autocommit")
    connection = db.connect(":memory:", autocommit=False)
    connection.execute("CREATE TABLE t(a)")
    connection.isolation_level = None  # commits what is open, as `commit` does
    assert connection.in_transaction
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    for name in ("commit", "rollback"):
        connection.execute("ROLLBACK")
        with pytest.raises(db.OperationalError, match=f"cannot {name} - no transaction is active"):
            getattr(connection, name)()
        connection.autocommit = False
        assert connection.in_transaction
    connection.execute("INSERT INTO t VALUES (1)")
    connection.autocommit = True
    connection.execute("BEGIN")
    connection.isolation_level = None
    assert connection.in_transaction
    connection.close()


def test_closing_rolls_back_under_callbacks() -> None:
    connection = aerodb_dbapi.connect(":memory:", autocommit=False)
    told: list[str] = []
    connection.set_trace_callback(told.append)
    connection.set_authorizer(lambda *_: aerodb_dbapi.SQLITE_OK)
    connection.close()
    assert told == ["ROLLBACK"]


def test_signatures_that_can_be_asked_for(db: ModuleType) -> None:
    assert db.complete_statement(statement="SELECT 1;") and not db.complete_statement(statement="SELECT 1")
    names = [
        "database",
        "timeout",
        "detect_types",
        "isolation_level",
        "check_same_thread",
        "factory",
        "cached_statements",
        "uri",
    ]
    assert list(inspect.signature(aerodb_dbapi.connect).parameters)[:8] == names


@pytest.mark.skipif(sys.version_info < (3, 13), reason="deprecated from 3.13 on")
def test_warnings_point_at_who_calls(db: ModuleType, connection: Any) -> None:
    for call in (
        lambda: connection.set_trace_callback(trace_callback=None),
        lambda: connection.set_authorizer(authorizer_callback=None),
        lambda: connection.create_function(name="f", narg=0, func=None),
        lambda: db.connect(":memory:", 5.0).close(),
    ):
        with pytest.warns(DeprecationWarning) as warned:
            call()
        assert {one.filename for one in warned} == {__file__}


def test_databases_in_memory_by_their_vfs(db: ModuleType) -> None:
    one, other, alone = (db.connect(f"file:{name}?vfs=memdb", uri=True) for name in ("/seen", "/seen", "seen"))
    one.execute("CREATE TABLE t(a)")
    one.commit()
    names = "SELECT name FROM sqlite_master"
    assert other.execute(names).fetchall() == [("t",)] and alone.execute(names).fetchall() == []
    other.close()
    one.close()
    assert db.connect("file:/seen?vfs=memdb", uri=True).execute(names).fetchall() == []


def test_the_image_of_a_sqlite_database_is_told_from_others() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    original = sqlite3.connect(":memory:")
    original.execute("CREATE TABLE t(a)")
    with pytest.raises(aerodb_dbapi.DatabaseError, match=r"bytes of a SQLite database.*import_sqlite"):
        connection.deserialize(original.serialize())
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
