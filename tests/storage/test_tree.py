"""The tree against a dictionary and a sorted list, with nodes of four entries. INV-D1, INV-D2, INV-E3."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aerodb_dbapi.storage import merge, nodes
from aerodb_dbapi.storage import tree as tree_module
from aerodb_dbapi.storage.tree import (
    MISSING,
    TOMBSTONE,
    Branch,
    Leaf,
    Tree,
    check,
    difference,
)


@pytest.fixture(autouse=True)
def tiny_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "LEAF_CAPACITY", 4)
    monkeypatch.setattr(nodes, "FANOUT", 4)


ROWIDS = st.integers(-20, 60) | st.integers(-(2**63), 2**63 - 1)
INDEX_KEYS = st.tuples(st.just(1) | st.just(2), st.integers(0, 9), st.integers(0, 20)).map(
    lambda k: (k[0], k[1] if k[0] == 1 else str(k[1]), k[2])
)
VALUES = st.integers(0, 3).map(lambda n: (n, "x"))


def edits_of(keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[Any, Any]]:
    return st.dictionaries(keys, VALUES | st.just(TOMBSTONE), max_size=40)


def actions(keys: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[str, Any]]]:
    return st.lists(
        st.tuples(st.just("merge"), edits_of(keys))
        | st.tuples(st.just("update"), edits_of(keys).filter(bool))
        | st.tuples(st.just("put"), st.tuples(keys, VALUES))
        | st.tuples(st.just("delete"), keys)
        | st.tuples(st.just("append"), st.dictionaries(keys, VALUES, max_size=40)),
        max_size=25,
    )


def apply(model: dict[Any, Any], edits: dict[Any, Any]) -> dict[Any, Any]:
    return {k: v for k, v in {**model, **edits}.items() if v is not TOMBSTONE}


def act(tree: Tree, model: dict[Any, Any], action: str, data: Any) -> tuple[Tree, dict[Any, Any]]:
    if action == "merge":
        return tree.merge([(k, data[k]) for k in sorted(data)]), apply(model, data)
    if action == "update":
        return tree.update(data), apply(model, data)
    if action == "put":
        return tree.put(*data), apply(model, {data[0]: data[1]})
    if action == "delete":
        return tree.delete(data), apply(model, {data: TOMBSTONE})
    last = tree.last()
    data = {k: v for k, v in sorted(data.items()) if last is None or k > last[0]}
    return tree.append(list(data), list(data.values())), apply(model, data)


def agree(tree: Tree, model: dict[Any, Any]) -> None:
    keys = sorted(model)
    assert check(tree) == []
    assert len(tree) == len(model) and bool(tree) == bool(model)
    assert list(tree.scan()) == [(k, model[k]) for k in keys]
    assert list(tree.scan(reverse=True)) == [(k, model[k]) for k in reversed(keys)]
    assert tree.first() == ((keys[0], model[keys[0]]) if keys else None)
    assert tree.last() == ((keys[-1], model[keys[-1]]) if keys else None)
    for key in keys:
        assert tree.get(key) == model[key]


def run_history(kind: Any, history: list[tuple[str, Any]]) -> None:
    tree, model = Tree.build(kind=kind), {}
    versions = [(tree, model)]
    for action, data in history:
        tree, model = act(tree, model, action, data)
        agree(tree, model)
        versions.append((tree, model))
    for old, old_model in versions:
        agree(old, old_model)  # INV-D1: what came later changed nothing
        expected = [
            (k, old_model.get(k, MISSING), model.get(k, MISSING))
            for k in sorted(old_model.keys() | model.keys())
            if old_model.get(k, MISSING) != model.get(k, MISSING)
        ]
        assert list(difference(old, tree)) == expected
        assert list(difference(tree, old)) == [(k, b, a) for k, a, b in expected]


@settings(max_examples=150, deadline=None)
@given(actions(ROWIDS))
def test_table_tree_follows_the_model(history: list[tuple[str, Any]]) -> None:
    """INV-D1, INV-D2."""
    run_history("table", history)


@settings(max_examples=100, deadline=None)
@given(actions(INDEX_KEYS))
def test_index_tree_follows_the_model(history: list[tuple[str, Any]]) -> None:
    """INV-D1, INV-D2."""
    run_history("index", history)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(INDEX_KEYS, VALUES, max_size=60),
    edits_of(INDEX_KEYS),
    st.none() | INDEX_KEYS | INDEX_KEYS.map(lambda k: k[:2]),
    st.none() | INDEX_KEYS | INDEX_KEYS.map(lambda k: (*k[:2], float("inf"))),
    st.booleans(),
    st.booleans(),
)
def test_bounds(
    model: dict[Any, Any], edits: dict[Any, Any], low: Any, high: Any, low_open: bool, high_open: bool
) -> None:
    keys = sorted(model)
    tree = Tree.build(keys, [model[k] for k in keys], "index").merge(sorted(edits.items(), key=lambda e: e[0]))
    model = apply(model, edits)
    expected = [
        (k, model[k])
        for k in sorted(model)
        if (low is None or (k > low if low_open else k >= low))
        and (high is None or (k < high if high_open else k <= high))
    ]
    bounds = (low, low_open, high, high_open)
    assert list(tree.scan(*bounds)) == expected
    assert list(tree.scan(*bounds, reverse=True)) == expected[::-1]
    assert tree.count(*bounds) == len(expected)
    for batch_keys, batch_values in tree.batches(*bounds):
        assert len(batch_keys) == len(batch_values) > 0
    if low is not None:
        following = [k for k in sorted(model) if k >= low]
        assert tree.lower_bound(low) == ((following[0], model[following[0]]) if following else None)
        if high is not None:
            assert list(tree.values_between(low, high)) == [v for _, v in tree.scan(low, False, high, True)]


def nodes_of(node: Any) -> list[Any]:
    return [node] + [n for child in getattr(node, "children", ()) for n in nodes_of(child)]


def test_an_edit_copies_its_path_and_shares_the_rest() -> None:
    """INV-D1: put(6) of the module's example leaves two of three leaves shared."""
    old = Tree.build(range(1, 10), [(i,) for i in range(1, 10)])
    before = [(n, n.keys, getattr(n, "values", None)) for n in nodes_of(old.node)]
    new = old.put(6, ("x",))
    assert [a is b for a, b in zip(old.node.children, new.node.children)] == [True, False, True]
    assert [(n, n.keys, getattr(n, "values", None)) for n in nodes_of(old.node)] == before
    assert old.get(6) == (6,) and new.get(6) == ("x",)


def test_edits_without_effect_give_back_the_tree() -> None:
    tree = Tree.build(range(20), range(20))
    assert tree.merge([(-1, TOMBSTONE), (100, TOMBSTONE)]) is tree
    assert tree.delete(99) is tree and tree.merge([]) is tree and tree.append((), ()) is tree


def test_difference_skips_shared_nodes() -> None:
    """A changed row among many is found without touching other leaves."""
    old = Tree.build(range(1000), [(i,) for i in range(1000)])
    new = old.put(500, ("new",))
    touched: list[Any] = []
    shared = {id(n) for n in nodes_of(old.node)} & {id(n) for n in nodes_of(new.node)}

    class Watched(Leaf):
        pass

    assert list(difference(old, new)) == [(500, (500,), ("new",))]
    assert len(shared) > 300 and not touched
    assert list(difference(new, new)) == []


def test_difference_tells_types_apart() -> None:
    assert list(difference(Tree.build([1], [(1,)]), Tree.build([1], [(1.0,)]))) == [(1, (1,), (1.0,))]
    assert list(difference(Tree.build([1], [(1,)]), Tree.build([1], [(1,)]))) == []


def test_an_index_put_replaces_an_equal_key() -> None:
    """1 and 1.0 are equal keys, and an index must give back the one that was put last."""
    tree = Tree.build([(1, 1, 7)], [7], "index")
    for changed in (tree.put((1, 1.0, 7), 7), tree.merge([((1, 1.0, 7), 7)])):
        assert repr(changed.first()) == "((1, 1.0, 7), 7)"


@pytest.mark.parametrize("count", [0, 1, 4, 5, 16, 17, 65, 300])
def test_build_and_append_fill_nodes(count: int) -> None:
    tree = Tree.build(range(count), range(count))
    assert check(tree) == [] and len(tree) == count
    assert all(len(leaf.keys) == 4 for leaf in list(tree.leaves())[:-1])
    for start in range(count, count + 50, 7):
        tree = tree.append(range(start, start + 7), range(start, start + 7))
    assert check(tree) == [] and all(len(leaf.keys) == 4 for leaf in list(tree.leaves())[:-1])
    one_by_one = Tree.build()
    for i in range(count):
        one_by_one = one_by_one.put(i, i)
    assert all(len(leaf.keys) == 4 for leaf in list(one_by_one.leaves())[:-2])


def test_deleting_nearly_all_joins_nodes() -> None:
    tree = Tree.build(range(1000), range(1000)).merge([(i, TOMBSTONE) for i in range(1000) if i % 50])
    assert check(tree) == [] and len(tree) == 20
    assert len(list(tree.leaves())) <= 20
    for i in range(0, 1000, 50):
        tree = tree.delete(i)
    assert tree.node.__class__ is Leaf and len(tree) == 0 and tree.last() is None and list(tree.batches()) == []


class Stub:
    """A source that hands over the content of a loaded node, its children as stubs."""

    def __init__(self, node: Any) -> None:
        self.node = node

    def head(self, node: Any, stop: int) -> None:
        return None

    def row(self, node: Any, key: int) -> Any:
        return dict(zip(*self.load(node))).get(key)

    def load(self, node: Any) -> tuple[Any, Any]:
        node.keys = self.node.keys
        if self.node.__class__ is Branch:
            node.children = tuple(map(unloaded, self.node.children))
            return node.keys, node.children
        node.values = self.node.values
        return node.keys, node.values


def unloaded(node: Any) -> Any:
    """The same subtree as a stub, every node of it loading at first touch."""
    return node.__class__.unloaded(node.size, Stub(node))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(ROWIDS, VALUES, max_size=80), actions(ROWIDS))
def test_unloaded_nodes_load_at_first_touch(model: dict[Any, Any], history: list[tuple[str, Any]]) -> None:
    """INV-E3: callers cannot tell a tree of stubs from a loaded one."""
    keys = sorted(model)
    loaded = Tree.build(keys, [model[k] for k in keys])
    tree = type(loaded)(unloaded(loaded.node))
    for action, data in history:
        tree, model = act(tree, model, action, data)
        tree = type(tree)(unloaded(tree.node))
    agree(tree, model)


def test_a_point_read_loads_one_path() -> None:
    """INV-E3: touching a key leaves the other nodes unloaded."""
    tree = Tree.build(range(256), range(256))
    stub = type(tree)(unloaded(tree.node))
    assert len(stub) == 256
    assert stub.get(100) == 100
    loaded = [child for child in stub.node.children if "children" in dir_of(child)]
    assert len(loaded) == 1


def dir_of(node: Any) -> set[str]:
    names = set()
    for name in type(node).__slots__:
        try:
            object.__getattribute__(node, name)
        except AttributeError:
            continue
        names.add(name)
    return names


def test_garbage_collection_is_paused_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    inner = nodes.cut
    for module in (tree_module, merge):
        monkeypatch.setattr(module, "cut", lambda *a, **k: (seen.append(gc.isenabled()), inner(*a, **k))[1])
    assert gc.isenabled()
    tree = Tree.build(range(5000), range(5000))
    tree.merge([(k, 0) for k in range(4000, 6000)])
    assert seen and not any(seen) and gc.isenabled()
    with pytest.raises(TypeError):
        tree.merge([("a", 0)] * 600)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        (Tree(Leaf((2, 1), (0, 0))), "do not ascend"),
        (Tree(Leaf((1, 1), (0, 0))), "do not ascend"),
        (Tree(Leaf((1, 2), (0,))), "2 keys and 1 values"),
        (Tree(Branch((5,), (Leaf((1,), (0,)), Leaf((6,), (0,))), 3)), "says 3 entries and has 2"),
        (Tree(Branch((5,), (Leaf((5,), (0,)), Leaf((6,), (0,))), 2)), "outside their parent's bounds"),
        (Tree(Branch((5,), (Leaf((1,), (0,)),), 1)), "1 children with 1 separators"),
        (Tree(Branch((5,), (Branch((), (Leaf((1,), (0,)),), 1), Leaf((6,), (0,))), 2)), "a leaf at height 1"),
    ],
)
def test_check_finds_what_is_broken(tree: Tree, problem: str) -> None:
    """INV-D2: each clause of it, broken on purpose, is reported."""
    assert any(problem in line for line in check(tree))
