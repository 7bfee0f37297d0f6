"""Building indexes and checking them against their tables (INV-D3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aerodb_dbapi.indexes import maintain
from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table
from aerodb_dbapi.storage.errors import IntegrityError
from aerodb_dbapi.storage.tree import Tree

TABLE = Table(1, "t", 5, (Column("a"), Column("b", not_null=True)))
PLAIN = Index(2, "i", "t", 6, (IndexColumn(0, "a"),))
UNIQUE = Index(3, "u", "t", 7, (IndexColumn(0, "a"), IndexColumn(1, "b")), unique=True)
ROWS = Tree.build([1, 2, 3], [("b", 1), ("a", 2), (None, 3)])


def built(index: Index, rows: Tree) -> Tree:
    keys = maintain.build_entries(index, TABLE, rows)
    return Tree.build(keys, [key[-1] for key in keys], "index", maintain.unique_prefix(index))


def test_build() -> None:
    assert maintain.build_entries(PLAIN, TABLE, ROWS) == [(0, None, 3), (2, "a", 2), (2, "b", 1)]
    assert maintain.build_entries(PLAIN, TABLE, ROWS, lambda rowid, row: rowid > 2) == [(0, None, 3)]


def test_duplicates_are_refused_and_nulls_are_not_duplicates() -> None:
    with pytest.raises(IntegrityError, match=r"UNIQUE constraint failed: t\.a, t\.b"):
        maintain.build_entries(UNIQUE, TABLE, Tree.build([1, 2], [("a", 1), ("a", 1.0)]))
    assert len(maintain.build_entries(UNIQUE, TABLE, Tree.build([1, 2], [(None, 1), (None, 1)]))) == 2


@pytest.mark.parametrize("index", [PLAIN, UNIQUE])
def test_check_finds_every_kind_of_damage(index: Index) -> None:
    """INV-D3: a missing entry, one too many, one with another key, one of another row."""
    entries = built(index, ROWS)
    assert maintain.check_index(index, TABLE, ROWS, entries) == []
    first = entries.first()
    assert first is not None
    missing = entries.delete(first[0])
    assert "row 3 missing from index" in maintain.check_index(index, TABLE, ROWS, missing)[0]
    stray = entries.put((*first[0][:-1], 99), 99)
    assert any("without a row" in line for line in maintain.check_index(index, TABLE, ROWS, stray))
    changed = Tree.build([1, 2, 3], [("c", 1), ("a", 2), (None, 3)])
    assert any("row 1 missing" in line for line in maintain.check_index(index, TABLE, changed, entries))
    assert any("wrong #" in line for line in maintain.check_index(index, TABLE, ROWS.delete(1), entries))


def test_check_rows() -> None:
    assert maintain.check_rows(TABLE, ROWS) == []
    assert maintain.check_rows(TABLE, ROWS.put(4, ("x", None))) == ["NULL value in t.b"]
    assert maintain.check_rows(TABLE, ROWS.put(4, ("x",))) == ["row 4 of t has 1 values"]
    keyed = Table(1, "t", 5, (Column("id", "INTEGER"),), rowid_alias=0)
    assert maintain.check_rows(keyed, Tree.build([1], [(2,)])) == ["rowid 1 of t is not in its column"]


KEYS = st.lists(st.tuples(st.none() | st.integers(0, 12), st.integers(0, 3)), max_size=30)


@given(held=KEYS, asked=KEYS)
def test_taken_prefix(held: list[tuple[int | None, int]], asked: list[tuple[int | None, int]]) -> None:
    def key(rowid: int, value: int | None) -> tuple[object, ...]:
        return (0, None, rowid) if value is None else (1, value, rowid)

    tree_keys = sorted({key(rowid, value) for rowid, (value, _) in enumerate(held)})  # type: ignore[type-var]
    tree = Tree.build(tree_keys, [k[-1] for k in tree_keys], "index", 2)
    wanted = sorted(key(100 + i, value) for i, (value, _) in enumerate(asked))  # type: ignore[type-var]
    values = {value for value, _ in held} & {value for value, _ in asked} - {None}
    assert maintain.taken_prefix(tree, wanted, 2) is bool(values)
