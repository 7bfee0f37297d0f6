"""A schema made of the one before is the schema that the catalog's records give (INV-S1, INV-S2)."""

from __future__ import annotations

from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage import catalog
from aerodb_dbapi.storage.catalog import Schema

from .random_lives import Life

PARTS = ("objects", "tables", "views", "indexes", "triggers")


def check(schema: Schema) -> None:
    """Compare with one that is made of nothing but the records, orders included."""
    anew = Schema(schema._records.items(), schema.version, schema.database)
    for part in PARTS:
        assert list(getattr(schema, part).items()) == list(getattr(anew, part).items())
    assert schema._triggers == anew._triggers
    for table in schema.tables.values():
        assert all(index is schema.objects[index.id] for index in table.indexes)


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[Schema]:
    """Every schema that was made of another; each is checked."""
    made: list[Schema] = []
    original = Schema._follow

    def follow(self: Schema, *arguments: Any) -> None:
        original(self, *arguments)
        made.append(self)
        check(self)

    monkeypatch.setattr(Schema, "_follow", follow)
    return made


def test_random_lives(followed: list[Schema]) -> None:
    for seed in range(25):
        connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
        for statement in Life(seed).script(60):
            try:
                connection.execute(statement).fetchall()
            except aerodb_dbapi.Error:
                pass
        connection.close()
    assert len(followed) > 150


def test_what_comes_and_goes_under_one_name(followed: list[Schema]) -> None:
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript("""
        CREATE TABLE other(a); CREATE TABLE t(a UNIQUE, b); CREATE INDEX t_b ON t(b); CREATE INDEX other_a ON other(a);
        CREATE TRIGGER one AFTER INSERT ON t BEGIN SELECT 1; END; CREATE TRIGGER two AFTER INSERT ON t BEGIN SELECT 2; END;
        CREATE VIEW v AS SELECT * FROM t;
        BEGIN;
        DROP INDEX t_b; CREATE INDEX T_B ON T(b, a); DROP TRIGGER one; CREATE TRIGGER One AFTER DELETE ON t BEGIN SELECT 3; END;
        DROP TABLE t; CREATE TABLE T(b PRIMARY KEY, a UNIQUE) WITHOUT ROWID; CREATE INDEX t_b ON t(a); DROP VIEW v; CREATE TABLE v(x);
        SAVEPOINT s; DROP TABLE other; CREATE VIEW other AS SELECT 1; ROLLBACK TO s; DROP INDEX other_a; COMMIT;
    """)
    assert len(followed) > 12
    assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == [
        "other", "T", "sqlite_autoindex_T_2", "t_b", "v"
    ]  # fmt: skip
    connection.execute("INSERT INTO t VALUES (1, 2)")
    assert connection.execute("SELECT b FROM t INDEXED BY t_b WHERE a = 2").fetchall() == [(1,)]


def test_it_can_be_switched_off(followed: list[Schema]) -> None:
    catalog.follow(False)
    try:
        connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
        connection.executescript("CREATE TABLE t(a); CREATE INDEX i ON t(a); DROP INDEX i; CREATE TABLE u(a)")
        assert not followed
        assert connection.execute("SELECT group_concat(name) FROM sqlite_master").fetchone() == ("t,u",)
    finally:
        catalog.follow(True)
