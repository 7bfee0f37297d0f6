"""The digest follows the content, and nothing else (INV-T2); the check of a whole state finds what is broken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import SimulatedFiles

from aerodb_dbapi.storage import nodes
from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table, View
from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.root import Root, SchemaCell, tree_map
from aerodb_dbapi.storage.tree import Branch, Leaf, TableTree, Tree


def create(t: Any, name: str, columns: str = "a") -> int:
    tree = t.create_tree("table")
    object_id = t.new_object_id()
    t.put_object(object_id, Table(object_id, name, tree, tuple(Column(c) for c in columns), sql=f"CREATE TABLE {name}"))
    return tree


def filled(rows: dict[int, Any], names: str = "t", *, settings: dict[str, Any] | None = None) -> Database:
    """A database whose table t has these rows."""
    database = Database.memory()
    t = database.begin()
    trees = {name: create(t, name) for name in names}
    for key, value in (settings or {}).items():
        t.set_meta(key, value)
    for rowid, row in rows.items():
        t.writer(trees["t"]).put(rowid, row)
    t.commit()
    return database


ROWS = st.dictionaries(
    st.integers(-(2**63), 2**63 - 1),
    st.tuples(st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_shape_and_history_do_not_count(rows: dict[int, Any], chance: Any) -> None:
    """INV-T2: other nodes, another order of edits, other tree and object ids, and a reopened file: the same digest."""
    database = Database.memory()
    with nodes.capacities(4, 4):
        t = database.begin()
        trees = {name: create(t, name) for name in "xt"}
        t.commit()
        keys = list(rows) * 2
        chance.shuffle(keys)
        for key in keys:
            t = database.begin()
            writer = t.writer(trees["t"])
            writer.put(key, ("other",))
            writer.delete(key + 1 if key < 0 else key - 1)
            t.commit()
        t = database.begin()
        for key, _ in list(t.trees[trees["t"]].scan()):
            t.writer(trees["t"]).delete(key)
        t.writer(trees["t"]).put_many(list(rows), list(rows.values()))
        t.commit()
    assert database.digest() == filled(rows, "tx").digest()


def test_blocks_of_rows_are_counted_from_the_start() -> None:
    """INV-T2 over several blocks and leaves."""
    rows = {i: (i,) for i in range(5000)}
    with nodes.capacities(7, 5):
        small = filled(rows).digest()
    assert small == filled(rows).digest()


def test_a_reopened_database_has_the_same_digest() -> None:
    """INV-T2, INV-R4."""
    files = SimulatedFiles()
    database = Database.open("a.db", files=files)
    t = database.begin()
    tree = create(t, "t")
    t.writer(tree).append(range(1, 3000), [(i, "x") for i in range(1, 3000)])
    t.commit()
    digest = database.digest()
    database.close()
    again = Database.open("a.db", files=files)
    assert again.digest() == digest
    again.close()


@pytest.mark.parametrize(
    "other",
    [
        {"rows": {1: (1.0,)}},
        {"rows": {1: ("1",)}},
        {"rows": {1: (b"1",)}},
        {"rows": {2: (1,)}},
        {"rows": {}},
        {"rows": {1: (1,)}, "names": "tx"},
        {"rows": {1: (1,)}, "settings": {"user_version": 1}},
    ],
)
def test_every_difference_counts(other: dict[str, Any]) -> None:
    assert filled({1: (1,)}).digest() != filled(**other).digest()


def test_definitions_count() -> None:
    def with_index(**change: Any) -> str:
        database = filled({})
        t = database.begin()
        index = {"unique": False, "where": None, **change}
        tree = t.create_tree("index")
        t.put_object(t.new_object_id(), Index(2, "i", "t", tree, (IndexColumn(0, "a"),), sql="CREATE INDEX", **index))
        t.put_object(t.new_object_id(), View(3, "v", "SELECT 1"))
        t.commit()
        return database.digest()

    digests = {with_index(), with_index(unique=True), with_index(where="a > 1"), filled({}).digest()}
    assert len(digests) == 4


# --- The check of a whole state --------------------------------------------------------------------------------------


def broken(change: dict[int, Tree | None]) -> list[str]:
    """The problems of a sound state with some trees replaced or removed."""
    root = filled({1: (1,)}).root
    assert check_root(root) == []
    trees = {**root.trees, **change}
    made = tree_map({k: v for k, v in trees.items() if v is not None}, None)
    return check_root(Root(root.commit_id, made, SchemaCell(made[0], 1)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({2: TableTree(Leaf((2, 1), ((), ())))}, r"tree 2 \(t\): keys do not ascend"),
        (
            {2: TableTree(Branch((5,), (Leaf((1,), (0,)), Leaf((6,), (0,))), 3))},
            r"tree 2 \(t\): a branch says 3 entries and has 2",
        ),
        ({2: None}, r"tree 2 \(t\) is missing"),
        ({2: Tree.build(kind="index")}, r"tree 2 \(t\) is of kind index, not table"),
        ({2: Tree.build(["a"], [1])}, "a key that is not an integer"),
        ({9: Tree.build()}, "tree 9 belongs to no table or index"),
        ({9: Tree.build([(1, 5)], [6], "index")}, "does not end in its rowid"),
        ({1: Tree.build(kind="map")}, "next tree id is not beyond 2"),
        ({1: Tree.build(["next_object", "next_tree"], [1, 3], "map")}, "next object id is not beyond 1"),
        ({0: Tree.build([1], [("table", "t")])}, "the catalog does not decode"),
    ],
)
def test_check_finds_what_is_broken(change: dict[int, Tree | None], problem: str) -> None:
    """INV-D2 and the catalog's bonds, broken one by one."""
    problems = broken(change)
    assert any(re.search(problem, line) for line in problems), problems
