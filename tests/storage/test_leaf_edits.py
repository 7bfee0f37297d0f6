"""Leaves that stand as edits in their branch: what is read of them is what was in memory, in value and class (INV-C5, INV-C7), and
no two leaves of a state are edits of one block (INV-C11).

The oracle is the leaf itself, and the database with `EDITING` off. Rows and keys at random come from `test_patching.py`.
"""

from __future__ import annotations

import random
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation import SimulatedFiles
from store_support import PATH, blocks_of, change, check_store, checkpointer_of, commit, create_table, evict, fill, put

from aerodb_dbapi.storage import leaf_edits, merge, pages, patching, writing
from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.merge import Merge
from aerodb_dbapi.storage.nodes import Leaf
from aerodb_dbapi.storage.pages import BadPage
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.storage.space import Survey

SIZE = 64
ITEMS = [None, 0, 1, 1.0, -0.0, 1 << 62, "", "é", "\udc80", "text", b"", b"\0", 2.5]


def described(value: Any) -> Any:
    """What tells values apart that compare equal: class, and the sign of a zero."""
    return tuple(map(described, value)) if type(value) is tuple else (type(value), repr(value))


def piece_of(before: Leaf, after: Leaf) -> bytes | None:
    """The piece that a checkpoint would write."""
    writer = writing.Writing.__new__(writing.Writing)
    writer._packer = leaf_edits.packer()
    contents = (after.keys, after.values), (before.keys, before.values)
    steps, piece = writing._step(after, before)
    change = None if steps else patching.difference(contents[1], contents[0])
    return piece if change is None else writer._piece(*contents, change)


def merged(leaf: Leaf, edits: dict[Any, Any], rekey: bool) -> Leaf | None:
    """A leaf after the edits of a commit, if it is one leaf still."""
    keys = sorted(edits)
    made, _ = Merge(keys, [edits[key] for key in keys], rekey).leaf(leaf, 0, len(keys))
    return made[0] if len(made) == 1 else None  # type: ignore[return-value]


@given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_tables_at_random(chance: random.Random, known: bool, narrow: bool) -> None:
    """Leaves as commits change them, made of a clean one (`known`) or compared with it; with rows of other widths too."""

    def row() -> tuple[Any, ...]:
        return tuple(chance.choice(ITEMS) for _ in range(chance.randint(2, 3) if narrow else 3))

    leaf = Leaf(tuple(range(0, 3 * SIZE, 3)), tuple(row() for _ in range(SIZE)))
    page, edits = pages.pack_leaf(leaf.keys, leaf.values), ()
    for _ in range(3):
        if known:
            leaf.source = None  # type: ignore[assignment]
        keys = chance.sample(range(3 * SIZE), chance.randint(1, 14))
        rows = dict(zip(leaf.keys, leaf.values))
        work: dict[Any, Any] = {}
        for key in keys:
            if key in rows and chance.random() < 0.6 and not narrow:
                work[key] = (*rows[key][:1], chance.choice(ITEMS), *rows[key][2:])
            else:
                work[key] = TOMBSTONE if chance.random() < 0.3 else row()
        made = merged(leaf, work, rekey=False)
        assert made is not None
        if made is leaf:
            continue
        piece = piece_of(leaf, made)
        if piece is None:
            return
        edits = (*edits, piece)
        assert described(pages.unpack_leaf(page, edits)) == described((made.keys, made.values))
        found = pages.unpack_leaf_columns(page, (), edits)
        assert found is None or tuple(found[0]) == made.keys
        for wanted in ((1,), (0, 2)):
            found = pages.unpack_leaf_columns(page, wanted, edits)
            if found is not None:
                assert tuple(found[0]) == made.keys
                assert [described(r[wanted[-1]]) for r in found[1]] == [described(r[wanted[-1]]) for r in made.values]
                assert {len(r) for r in found[1]} == {wanted[-1] + 1}
        leaf = made


@given(st.randoms(use_true_random=False), st.booleans())
def test_indexes_at_random(chance: random.Random, known: bool) -> None:
    """Keys come and go, and take another class."""

    def key() -> tuple[Any, ...]:
        return (1, chance.choice([int, float])(chance.randint(0, 40)), chance.randint(0, 9))

    keys = tuple(sorted({key() for _ in range(SIZE)}))
    leaf = Leaf(keys, tuple(k[-1] for k in keys))
    page, edits = pages.pack_leaf(leaf.keys, leaf.values), ()
    for _ in range(3):
        if known:
            leaf.source = None  # type: ignore[assignment]
        work: dict[Any, Any] = {}
        for _ in range(chance.randint(1, 9)):
            new = chance.choice(leaf.keys) if chance.random() < 0.4 else key()
            work.pop(new, None)
            work[new] = TOMBSTONE if chance.random() < 0.4 else new[-1]
        made = merged(leaf, work, rekey=True)
        if made is None:
            return
        if made is leaf:
            continue
        piece = piece_of(leaf, made)
        if piece is None:
            return
        edits = (*edits, piece)
        assert described(pages.unpack_leaf(page, edits)) == described((made.keys, made.values))
        leaf = made


def test_the_example_of_the_format() -> None:
    page = pages.pack_leaf((1, 2, 4), (("a",), ("b",), ("d",)))
    piece = msgpack.packb([0, [4, 10], [3], [["c"]]])
    assert pages.unpack_leaf(page, (piece,)) == ((1, 3, 4), (("a",), ("c",), ("d",)))
    again = msgpack.packb([1, [0, 2], [0], [["A", "D"]]])
    assert pages.unpack_leaf(page, (piece, again)) == ((1, 3, 4), (("A",), ("c",), ("D",)))


@pytest.mark.parametrize(
    "piece",
    [
        b"", b"\xc1", [], [7, 1], [0, [4]], [0, [40], [], []], [0, [-4], [], []], [0, [2], [], []], [0, [2], [5, 6], [[1], [1]]],
        [0, [2], ["key"], [["c"]]], [0, [2], [5], None], [0, [4, 4], [], []], [0, [8, 4], [], []], [0, 5, [], []],
        [1, [5], [0], [["x"]]], [1, [1, 0], [0], [["x", "y"]]], [1, [0], [0], [[]]], [1, [0], [0, 1], [["x"]]], [1, ["a"], [0], [[1]]],
        [1, [-1], [0], [["x"]]], [0, [18], [9], [["x"]]], [0, [-2], [9], [["x"]]], [0, [10, 2], [0, 3], [["x"], ["y"]]],
    ],
)  # fmt: skip
def test_what_is_no_piece(piece: Any) -> None:
    page = pages.pack_leaf((1, 2, 4), (("a",), ("b",), ("d",)))
    with pytest.raises(BadPage):
        pages.unpack_leaf(page, (piece if isinstance(piece, bytes) else msgpack.packb(piece),))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_bytes_do_harm(first: bytes, second: bytes) -> None:
    page = pages.pack_leaf((1, 2, 4), (("a",), ("b",), ("d",)))
    try:
        keys, values = pages.unpack_leaf(page, (first, second))
        assert len(keys) == len(values)
    except BadPage:
        pass


# --- Databases --------------------------------------------------------------------------------------------------------


def edited_leaves(database: Database) -> int:
    """How many leaves of the latest state stand as edits."""
    trees = [tree for tree in database.root.trees.values() if len(tree)]
    leaves = [leaf for tree in trees for leaf in tree.leaves()]
    sources = [(leaf, getattr(leaf, "source", None)) for leaf in leaves]
    return sum(source is not None and bool(source.edits_of(leaf)) for leaf, source in sources)


def play(seed: int, editing: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """The digests after the commits of a random life with many checkpoints, and how many leaves were written as edits."""
    monkeypatch.setattr(leaf_edits, "EDITING", editing)
    monkeypatch.setattr(leaf_edits, "SHARE", 1 if seed % 2 else 4)
    files, chance = SimulatedFiles(seed), random.Random(seed)
    database = Database.open(PATH, files=files, cache_bytes=20_000 if seed % 3 else 1 << 20)
    trees = commit(database, lambda t: create_table(t, "t"))
    if seed == 3:
        commit(database, lambda t: t.set_meta("compression", "zlib"))
    fill(database, trees, 200)
    digests, edits, views = [], 0, []
    for step in range(40):
        change(database, trees, chance, rows=200 + 4 * step)
        if step % 13 == 12:  # many at a time, which a merge remembers
            commit(database, lambda t: [put(t, trees, rowid, ("many", rowid)) for rowid in range(1, 200, 7)])
        if chance.random() < 0.5:
            database.checkpoint()
            edits += edited_leaves(database)
            check_store(database)
            assert Survey(blocks_of(database)).check() == []
        if chance.random() < 0.2:
            views.append((database.read_view(), database.digest()))
        if chance.random() < 0.3:
            evict(database)
        if chance.random() < 0.1:
            for view, digest in views:
                assert database.digest(view.root) == digest
                view.close()
            views.clear()
            database.close()
            database = Database.open(PATH, files=files)
        digests.append(database.digest())
    for view, digest in views:
        assert database.digest(view.root) == digest
        view.close()
    database.close()
    database = Database.open(PATH, files=files)
    assert database.digest() == digests[-1]
    check_store(database)
    database.close()
    return digests, edits


@pytest.mark.parametrize("seed", range(8))
def test_with_and_without(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with shape.capacities(*((8, 4) if seed % 2 else (48, 8))):
        with_it, edits = play(seed, True, monkeypatch)
        without, none = play(seed, False, monkeypatch)
    assert with_it == without
    assert edits > 10 and not none


def set_row(database: Database, trees: tuple[int, int], rowid: int, text: str) -> None:
    """One row, in a commit of its own."""
    commit(database, lambda t: put(t, trees, rowid, (text, rowid % 7)))


def small(monkeypatch: pytest.MonkeyPatch, count: int = 200) -> tuple[SimulatedFiles, Database, tuple[int, int]]:
    """A database of some leaves, all in the file."""
    monkeypatch.setattr(leaf_edits, "EDITING", True)
    files = SimulatedFiles(1)
    database = Database.open(PATH, files=files)
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, count)
    database.checkpoint()
    return files, database, trees


def test_the_block_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of a leaf changes, and its block is as it was; at last it gets another."""
    with shape.capacities(64, 8):
        _, database, trees = small(monkeypatch)

        def place() -> tuple[int, int]:
            leaf = next(iter(database.root.trees[trees[0]].leaves()))
            return leaf.source.pointer_of(leaf).offset, len(leaf.source.edits_of(leaf))

        first, pieces = place()
        assert pieces == 0
        found = []
        for number in range(60):
            set_row(database, trees, 7, f"another {number}")
            database.checkpoint()
            found.append(place())
        assert found[:3] == [(first, 1), (first, 2), (first, 3)]
        assert found[-1][0] != first and {offset for offset, _ in found[:3]} == {first}
        check_store(database)
        database.close()


def test_a_leaf_that_is_alone_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go, and a leaf with edits is the root of its tree: the state holds the edits."""
    with shape.capacities(16, 4):
        files, database, trees = small(monkeypatch, 40)
        commit(database, lambda t: put(t, trees, 3, ("third", 3)))
        database.checkpoint()
        commit(database, lambda t: [t.writer(trees[0]).delete(rowid) for rowid in range(17, 41)])
        commit(database, lambda t: [t.writer(trees[1]).delete((1, n % 7, n)) for n in range(17, 41)])
        node = database.root.trees[trees[0]].node
        assert node.__class__ is Leaf and node.source.edits_of(node)
        database.checkpoint()
        state = blocks_of(database).record.state
        assert state is not None
        entries = {entry.tree_id: entry for entry in blocks_of(database).state(state)[1]}
        assert entries[trees[0]].edits == node.source.edits_of(node)
        check_store(database)
        digest = database.digest()
        database.close()
        database = Database.open(PATH, files=files)
        assert database.digest() == digest
        commit(database, lambda t: put(t, trees, 5, ("fifth", 5)))
        database.checkpoint()
        check_store(database)
        assert Survey(blocks_of(database)).check() == []
        database.close()


def test_a_merge_remembers_its_steps_until_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    with shape.capacities(64, 8):
        _, database, trees = small(monkeypatch)
        commit(database, lambda t: [put(t, trees, rowid, ("many", 1)) for rowid in range(1, 200, 10)])
        leaves = list(database.root.trees[trees[0]].leaves())[:3]  # the last one did not change
        assert all(leaf.step[0].size == leaf.size and len(leaf.step[1]) >= merge.STEPS_MIN for leaf in leaves)
        pieces = [leaf.step[2] for leaf in leaves]
        database.checkpoint()
        assert [leaf.step for leaf in leaves] == [None] * len(leaves)
        assert edited_leaves(database) >= len(leaves)
        assert [leaf.source.edits_of(leaf) for leaf in leaves] == [(piece,) for piece in pieces]
        digest = database.digest()
        evict(database)
        assert database.digest() == digest
        assert checkpointer_of(database).failure is None
        database.close()


@pytest.mark.parametrize("at", range(1, 9))
def test_an_end_while_nodes_become_clean(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory runs out in the middle of `adopt`: the checkpoint is so, and the next ones free no block twice (INV-G4)."""
    with shape.capacities(16, 4):
        files, database, trees = small(monkeypatch)
        commit(database, lambda t: [put(t, trees, rowid, ("changed", 1)) for rowid in range(1, 200, 9)])
        add, calls = writing.Writing._add, 0

        def failing(self: Any, *rest: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise MemoryError
            add(self, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(writing.Writing, "_add", failing)
            with pytest.raises(MemoryError):
                database.checkpoint()
        for step in range(3):
            commit(database, lambda t, step=step: [put(t, trees, rowid, ("again", step)) for rowid in range(1, 200, 7)])
            digest = database.digest()
            database.checkpoint()
            check_store(database)
            assert Survey(blocks_of(database)).check() == []
        evict(database)
        assert database.digest() == digest
        database.close()
        database = Database.open(PATH, files=files)
        assert database.digest() == digest
        check_store(database)
        database.close()


def test_long_texts_are_not_packed_to_find_out() -> None:
    leaf = Leaf(tuple(range(SIZE)), tuple((number, "x" * 2000) for number in range(SIZE)))
    page = pages.pack_leaf(leaf.keys, leaf.values)
    leaf.source = None  # type: ignore[assignment]
    texts = merged(leaf, {key: (key, "y" * 2000) for key in range(0, 40, 5)}, rekey=False)
    new_rows = merged(leaf, {key: (key, "y" * 2000) for key in (-1, *range(0, 40, 5))}, rekey=False)
    numbers = merged(leaf, {key: (-key, leaf.values[key][1]) for key in range(0, 40, 5)}, rekey=False)
    assert texts is not None and new_rows is not None and numbers is not None
    assert texts.step[2] is None and new_rows.step[2] is None
    assert pages.unpack_leaf(page, (numbers.step[2],)) == (numbers.keys, numbers.values)
