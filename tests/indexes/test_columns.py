"""Entries made of columns at once are those made row by row and sorted (INV-D3, INV-Q5)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.indexes import maintain
from aerodb_dbapi.indexes.columns import sorted_entries
from aerodb_dbapi.indexes.keys import sort_entries, zipped_entries
from aerodb_dbapi.storage.tree import Tree

Make = Callable[[random.Random], Any]
COLUMNS: dict[str, Make] = {
    "repeated integers": lambda source: source.randrange(-5, 300),
    "integers of 64 bits": lambda source: source.randrange(-(2**63), 2**63),
    "texts": lambda source: source.choice(("", "a", "B", "\u00e9", "a\0", "\udcff", "\U0001f600")),
    "long texts": lambda source: f"text {source.random()}",
    "reals": lambda source: source.choice((0.0, -0.0, 1.5, float("inf"), source.random())),
    "numbers": lambda source: source.choice((0, 0.0, -0.0, 1, 1.0, 2**53, 2.0**53)),
    "blobs": lambda source: source.choice((b"", b"a", b"\xff")),
    "one value": lambda source: 7,
}


def by_rows(positions: list[int], rows: Tree) -> list[Any]:
    """The same, row by row."""
    made: list[Any] = []
    for rowids, batch in rows.batches():
        columns = [rowids if position == -1 else [row[position] for row in batch] for position in positions]
        keys = zipped_entries(columns, rowids)
        assert keys is not None
        made += keys
    sort_entries(made)
    return made


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("count", [1, 2, 255, 1024, 1025, 3000])
def test_entries_of_one_column(name: str, count: int) -> None:
    source = random.Random(f"{name}{count}")
    rowids = sorted(source.sample(range(-10 * count, 10 * count), count))
    rows = Tree.build(rowids, [("x", COLUMNS[name](source)) for _ in rowids])
    found = sorted_entries([1], rows)
    assert found is not None
    assert list(map(repr, found)) == list(map(repr, by_rows([1], rows)))  # 0.0 is not -0.0


@pytest.mark.parametrize("seed", range(20))
def test_entries_of_several_columns(seed: int) -> None:
    source = random.Random(seed)
    makers = source.sample(list(COLUMNS.values()), 3)
    rows = Tree.build(range(1, 2001), [tuple(make(source) for make in makers) for _ in range(2000)])
    for positions in ([0, 1], [2, 0, 1], [-1], [1, -1, 0]):
        found = sorted_entries(positions, rows)
        assert found is not None
        assert list(map(repr, found)) == list(map(repr, by_rows(positions, rows))), (seed, positions)


@pytest.mark.parametrize("values", [[], [None], [1, None], [1, "a"], [b"a", "a"], [1.5, "a"]])
def test_columns_of_several_ranks_are_not_for_it(values: list[Any]) -> None:
    """So are NULLs, and no rows."""
    assert sorted_entries([0], Tree.build(range(len(values)), [(value,) for value in values])) is None


def test_an_index_on_each_kind_of_column_is_sound() -> None:
    """The whole way, with NULLs and without."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c REAL, d)")
    source = random.Random(1)
    rows = [(source.randrange(50), f"text {source.randrange(400)}", source.random(), None) for _ in range(1500)]
    connection.executemany("INSERT INTO t(a, b, c, d) VALUES (?, ?, ?, ?)", rows)
    for number, columns in enumerate(
        ("a", "b", "c", "d", "a, b", "b, a", "c, a", "d, a", "id", "a, id", "a DESC", "b COLLATE NOCASE")
    ):
        connection.execute(f"CREATE INDEX i{number} ON t({columns})")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with pytest.raises(aerodb_dbapi.IntegrityError, match=r"UNIQUE constraint failed: t\.a"):
        connection.execute("CREATE UNIQUE INDEX u ON t(a)")
    connection.execute("CREATE UNIQUE INDEX u ON t(a, id)")
    assert maintain.repeated([(1, 5, 1), (1, 5, 2)], 2)
