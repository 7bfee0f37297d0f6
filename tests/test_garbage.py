"""What a first run of a statement leaves: nothing in circles, so that it is gone when it is let go.

A program that has switched the garbage collector off, or looks at it (`gc.garbage`), is not to see what parsing, planning and
generating code have made.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage.nodes import Branch

STATEMENTS = {
    "rows": "SELECT name, size FROM genus WHERE size = 1",
    "look-up": "SELECT name FROM genus WHERE id = 1",
    "join": 'SELECT "species"."id", "genus"."name" FROM "species" INNER JOIN "genus" ON ("species"."genus" = "genus"."id") LIMIT 21',
    "groups": "SELECT genus, count(*), max(name) FROM species GROUP BY genus HAVING count(*) > 1 ORDER BY 2 DESC",
    "subqueries": "SELECT name, (SELECT name FROM genus WHERE id = genus) FROM species WHERE genus IN (SELECT id FROM genus)",
    "compound": "SELECT name FROM species UNION SELECT name FROM genus ORDER BY 1",
    "insert": "INSERT INTO genus(name) VALUES ('Amanita') ON CONFLICT DO NOTHING",
    "update": "UPDATE species SET name = upper(name) WHERE id = 1 RETURNING id",
    "delete": "DELETE FROM species WHERE genus = 3 AND name LIKE 'a%'",
}


def name_of(thing: object) -> str:
    """That of a function, or of the class of anything else. Other libraries that run in the process leave things too."""
    named = thing if isinstance(thing, FunctionType) else type(thing)
    return f"{named.__module__}.{named.__qualname__}"


@pytest.fixture
def connection() -> Iterator[aerodb_dbapi.Connection]:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(
        "CREATE TABLE genus(id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER);"
        "CREATE TABLE species(id INTEGER PRIMARY KEY, name TEXT, genus INTEGER REFERENCES genus(id));"
        "INSERT INTO genus VALUES (1, 'a', 1), (2, 'b', 3); INSERT INTO species VALUES (1, 'c', 1), (2, 'd', 2);"
    )
    for sql in STATEMENTS.values():  # what is made once for all statements
        connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    yield connection
    connection.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_first_run_leaves_nothing_to_the_collector(connection: aerodb_dbapi.Connection, name: str) -> None:
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        connection.execute(STATEMENTS[name]).fetchall()
        gc.collect()
        left = [name for name in map(name_of, gc.garbage) if name.startswith(("aerodb_dbapi.", "sqlglot."))]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []


def test_a_closed_database_leaves_no_rows_to_the_collector(tmp_path: Path) -> None:
    gc.collect()
    gc.disable()
    try:
        for name in (":memory:", str(tmp_path / "a.db")):
            connection = aerodb_dbapi.connect(name)
            connection.execute("CREATE TABLE species(id INTEGER PRIMARY KEY, name TEXT)")
            connection.executemany("INSERT INTO species(name) VALUES (?)", [(f"species {n}",) for n in range(2000)])
            connection.commit()
            session = connection._session
            assert session is not None
            trees = [weakref.ref(tree.node) for tree in session.trees.values() if isinstance(tree.node, Branch)]
            del session
            assert trees
            assert connection.execute("SELECT count(*) FROM species").fetchall() == [(2000,)]
            connection.close()
            del connection
            assert [tree for tree in trees if tree() is not None] == []
    finally:
        gc.enable()
