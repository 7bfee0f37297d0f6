"""A scan that has only begun reads one way down, and keeps nothing; what it gives is what the whole scan gives. INV-C2, INV-C7, INV-E3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage import nodes, pages
from aerodb_dbapi.storage.nodes import Branch, is_loaded

ROWS = 3000


def connect(path: Path) -> Any:
    return aerodb_dbapi.connect(path, isolation_level=None)


def root_tree(connection: Any) -> int:
    tree: int = connection._ready().database.root.schema.table("t").tree
    return tree


def root_of(connection: Any) -> Any:
    return connection._ready().database.root.trees[root_tree(connection)].node


@pytest.fixture(params=[96, 4], ids=["one branch", "branches below branches"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(nodes, "FANOUT", request.param)
    made = tmp_path / "app.db"
    connection = connect(made)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT, c REAL)")
    rows = [(i, i * i, f"text {i % 50}", i / 8) for i in range(ROWS)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return made


def test_the_first_rows_are_those_of_the_whole_scan(path: Path) -> None:
    connection = connect(path)
    root = root_of(connection)
    assert root.__class__ is Branch
    assert connection.execute("SELECT * FROM t LIMIT 1").fetchall() == [(0, 0, "text 0", 0.0)]
    assert not is_loaded(root)
    assert connection.execute("SELECT * FROM t LIMIT 1").fetchall() == [(0, 0, "text 0", 0.0)]
    assert is_loaded(root)  # who begins twice may begin often
    connection.close()
    for limit in (15, 16, 17, 300, ROWS):
        connection = connect(path)
        cursor = connection.execute("SELECT id, c FROM t")
        assert cursor.fetchmany(limit) == [(i, i / 8) for i in range(limit)]
        assert cursor.fetchall() == [(i, i / 8) for i in range(limit, ROWS)]
        connection.close()


def test_a_scan_that_has_begun_goes_on_with_its_own_state(path: Path) -> None:
    """INV-V1: what is committed meanwhile is not seen."""
    connection, other = connect(path), connect(path)
    cursor = connection.execute("SELECT id, b FROM t")
    assert cursor.fetchone() == (0, "text 0")
    other.execute("DELETE FROM t WHERE id % 2")
    other.execute("PRAGMA wal_checkpoint").fetchall()
    assert cursor.fetchall() == [(i, f"text {i % 50}") for i in range(1, ROWS)]
    connection.close()
    other.close()


def test_the_first_leaf_has_edits(path: Path) -> None:
    """It is loaded, and what was changed is done to it (INV-C11)."""
    connection = connect(path)
    connection.execute("SELECT count(*) FROM t WHERE b > ''").fetchall()
    connection.execute("UPDATE t SET b = 'new' WHERE id IN (0, 2)")
    connection.execute("DELETE FROM t WHERE id = 1")
    connection.close()
    connection = connect(path)
    assert connection.execute("SELECT id, b FROM t LIMIT 2").fetchall() == [(0, "new"), (2, "new")]
    leaf = next(iter(connection._ready().database.root.trees[root_tree(connection)].leaves()))
    assert leaf.source.edits_of(leaf)
    connection.close()


def test_damage_on_the_way_down_is_told(path: Path) -> None:
    """INV-C2: of the root branch, of a branch below it, and of the first leaf."""
    connection = connect(path)
    blocks = connection._ready().database.checkpointer.blocks
    pointer, leaf, places = root_of(connection).source.pointer, False, []
    places.append(pointer)
    while not leaf:
        pointer, _, leaf, _ = pages.unpack_first(blocks.read(pointer))
        places.append(pointer)
    connection.close()
    sound = path.read_bytes()
    assert len(places) >= 2
    for at in places:
        damaged = bytearray(sound)
        damaged[at.offset + at.length // 2] ^= 1
        path.write_bytes(damaged)
        connection = connect(path)
        with pytest.raises(aerodb_dbapi.CorruptionError, match="damaged block"):
            connection.execute("SELECT * FROM t LIMIT 1").fetchall()
        connection.close()


@pytest.mark.parametrize("body", [(1, b"", b"", b"", b"", b"", b""), (1, b"", 1, 2, 3, 4, 5), (1, b"")])
def test_a_branch_that_makes_no_sense_is_a_bad_page(body: tuple[Any, ...]) -> None:
    """INV-F3"""
    with pytest.raises(pages.BadPage):
        pages.unpack_first(bytes((pages.BRANCH,)) + pages._pack(body))
