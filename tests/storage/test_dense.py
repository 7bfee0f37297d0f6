"""Dense branches: look-ups by arithmetic agree with searching, whatever the shape (INV-D1)."""

from __future__ import annotations

import random

import pytest

from aerodb_dbapi.storage import dense
from aerodb_dbapi.storage.nodes import Branch
from aerodb_dbapi.storage.tree import Tree


def heated(keys: list[int]) -> Tree:
    """A tree that has been looked into often enough to be examined."""
    tree = Tree.build(keys, [(key, f"row {key}") for key in keys])
    for _ in range(3):
        for key in keys[:: max(1, len(keys) // 50)]:
            dense.point(tree, key)
    return tree


SHAPES = {
    "from one": list(range(1, 5000)),
    "from afar": list(range(10**12, 10**12 + 3000)),
    "negative": list(range(-700, 2000)),
    "a gap": [k for k in range(1, 5000) if k != 2500],
    "a gap between leaves": list(range(1, 257)) + list(range(300, 3000)),
    "every second": list(range(0, 5000, 2)),
    "one leaf": list(range(5, 100)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_look_ups_agree_with_a_dictionary(name: str) -> None:
    keys = SHAPES[name]
    tree, model = heated(keys), {key: (key, f"row {key}") for key in keys}
    for key in [*keys[::7], keys[0], keys[-1], keys[0] - 1, keys[-1] + 1, 0, 2500, 10**15, -(10**15)]:
        assert dense.point(tree, key) == model.get(key) == tree.get(key)
    some = random.Random(5).sample(keys, 60)
    assert dense.fetch(tree.node, some) == [model[key] for key in some]


def test_only_tables_without_gaps_are_dense() -> None:
    made = {name: heated(keys).node for name, keys in SHAPES.items()}
    assert {name for name, node in made.items() if node.dense is not None} == {"from one", "from afar", "negative"}


def test_an_edit_leaves_the_old_tree_as_it_was() -> None:
    """INV-D1: what a branch remembers is of its own content; the edited tree makes its own."""
    old = heated(list(range(1, 3000)))
    assert isinstance(old.node, Branch) and old.node.dense is not None
    new = old.put(700, ("changed",)).delete(701)
    assert new.node.dense is None
    for _ in range(3000):
        dense.point(new, 5)
    assert dense.point(old, 700) == (700, "row 700") and dense.point(old, 701) == (701, "row 701")
    assert dense.point(new, 700) == ("changed",) and dense.point(new, 701) is None


def test_what_is_forgotten_is_found_again() -> None:
    """`forget` empties what trees and branches remember: nothing keeps the rows, and look-ups go on by searching."""
    tree = heated(list(range(1, 3000)))
    remembered = tree.dense
    assert remembered.size == 2999 and remembered is tree.node.dense
    dense.forget()
    assert remembered.size == 0 and remembered.rows == () and tree.node.dense is None
    assert tree.get(700) == (700, "row 700") == dense.point(tree, 700)
    assert dense.fetch(tree.node, [3, 700]) == [(3, "row 3"), (700, "row 700")]
    for _ in range(3000):
        dense.point(tree, 5)
    assert tree.dense.size == 2999 and tree.dense is not remembered
    assert tree.get(3000) is None and tree.get(0) is None
