"""`Connection.backup`, `serialize` and `deserialize` of every database of a connection; `iterdump` of schemas that cannot be checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi import Connection, OperationalError


@pytest.fixture
def source() -> Iterator[Connection]:
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript(
        """
        CREATE TABLE t(a INTEGER PRIMARY KEY, b);
        CREATE INDEX t_b ON t(b);
        ATTACH ':memory:' AS side;
        CREATE TABLE side.u(a);
        INSERT INTO side.u VALUES ('attached');
        """
    )
    with connection:
        connection.executemany("INSERT INTO t(b) VALUES (?)", [(i % 7,) for i in range(1000)])
    yield connection
    connection.close()


def copied(source: Connection, **options: object) -> Connection:
    target = aerodb_dbapi.connect(":memory:")
    source.backup(target, **options)  # type: ignore[arg-type]
    return target


def test_each_database_is_copied(source: Connection) -> None:
    assert copied(source).execute("SELECT count(*), sum(b) FROM t").fetchone() == (1000, 2997)
    assert copied(source, name="SIDE").execute("SELECT a FROM u").fetchall() == [("attached",)]
    assert copied(source, name="temp").execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    source.execute("CREATE TEMP TABLE v(a)")
    assert copied(source, name="temp").execute("SELECT name FROM sqlite_schema").fetchall() == [("v",)]
    with pytest.raises(OperationalError, match=r"^unknown database nowhere$"):
        copied(source, name="nowhere")


@pytest.mark.parametrize("pages", [1, 2, 3, 1000, -1, 0])
def test_progress_counts_pages(source: Connection, pages: int) -> None:
    told: list[tuple[int, int, int]] = []
    target = copied(source, pages=pages, progress=lambda *state: told.append(state))
    total = 1 + -(-2000 // 256)
    assert told[-1] == (101, 0, total) and {of for _, _, of in told} == {total}
    remaining = [left for _, left, _ in told]
    assert remaining == sorted(set(remaining), reverse=True)
    assert len(told) == 1 if pages <= 0 or pages > total else 2 <= len(told) <= -(-total // pages)
    assert target.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_copy_begins_anew_when_its_own_connection_commits(source: Connection) -> None:
    told: list[int] = []

    def progress(status: int, remaining: int, total: int) -> None:
        if len(told) in (0, 3):
            with source:
                source.execute("INSERT INTO t(b) VALUES (?)", ("new",))
        told.append(remaining)

    target = copied(source, pages=1, progress=progress)
    assert target.execute("SELECT count(*) FROM t WHERE b = 'new'").fetchone() == (2,)
    assert told[0] == told[1] and told[-1] == 0


def test_a_failing_progress_leaves_the_target_as_it_was(source: Connection) -> None:
    target = aerodb_dbapi.connect(":memory:")
    target.execute("CREATE TABLE before(a)")

    def progress(*state: int) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        source.backup(target, pages=1, progress=progress)
    assert target.execute("SELECT name FROM sqlite_schema").fetchall() == [("before",)]


def test_images_of_attached_databases(source: Connection) -> None:
    image = source.serialize(name="side")
    assert len(source.serialize()) > len(image)
    source.execute("ATTACH ':memory:' AS other")
    source.execute("CREATE TABLE other.gone(a)")
    source.execute("BEGIN")
    source.execute("DELETE FROM t")
    source.deserialize(image, name="other")
    assert not source.in_transaction
    assert source.execute("SELECT a FROM other.u").fetchall() == [("attached",)]
    source.execute("INSERT INTO other.u VALUES ('more')")
    source.commit()
    assert source.execute("SELECT count(*) FROM t, side.u").fetchone() == (1000,)
    with pytest.raises(OperationalError, match=r"^unable to serialize 'nowhere'$"):
        source.serialize(name="nowhere")
    for name in ("nowhere", "temp"):
        with pytest.raises(OperationalError, match=f"^unknown database {name}$"):
            source.deserialize(image, name=name)


def test_a_dump_of_a_foreign_key_that_fits_no_key() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript("CREATE TABLE p(a); CREATE TABLE c(a REFERENCES p(a)); INSERT INTO c VALUES (1)")
    lines = list(connection.iterdump())
    assert lines[0] == "BEGIN TRANSACTION;" and 'INSERT INTO "c" VALUES(1);' in lines
    connection.executescript("DROP TABLE p; CREATE TABLE p(a UNIQUE)")
    assert next(connection.iterdump()) == "PRAGMA foreign_keys=OFF;"


def test_vacuum_into_names_its_file_as_sqlite_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression names the file; a copy into memory leaves no file; an attached database is copied by its name."""
    statements: list[tuple[str, tuple[Any, ...]]] = [
        ("ATTACH 'second.db' AS other", ()),
        ("CREATE TABLE t(a)", ()),
        ("CREATE TABLE other.u(b)", ()),
        ("INSERT INTO u VALUES (7)", ()),
        ("VACUUM INTO ':memory:'", ()),
        ("VACUUM INTO ''", ()),
        ("VACUUM INTO 'a' || '.db'", ()),
        ("VACUUM other INTO ? || ?", ("b", ".db")),
        ("VACUUM other INTO :name", {"name": "c.db"}),  # type: ignore[list-item]
        ("VACUUM INTO 'a.db'", ()),
        ("VACUUM temp INTO 'd.db'", ()),
        ("VACUUM INTO ?", (None,)),
        ("VACUUM nope INTO 'e.db'", ()),
        ("VACUUM other", ()),
        ("SELECT b FROM u", ()),
    ]
    seen = []
    for driver in (aerodb_dbapi, sqlite3):
        folder = tmp_path / driver.__name__
        folder.mkdir()
        monkeypatch.chdir(folder)
        connection = driver.connect("first.db", isolation_level=None)
        lines: list[Any] = []
        for sql, parameters in statements:
            try:
                lines.append(connection.execute(sql, parameters).fetchall())
            except driver.Error as error:
                lines.append(f"{type(error).__name__}: {error}")
        connection.close()
        copies = [driver.connect(name) for name in ("b.db", "c.db")]
        lines += [copy.execute("SELECT * FROM u").fetchall() for copy in copies]
        for copy in copies:
            copy.close()
        seen.append((lines, sorted(path.name for path in folder.iterdir())))
    assert seen[0] == seen[1]
