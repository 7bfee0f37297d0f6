"""Pages made of the pages of before: what is read of them is what was in memory, in value and class (INV-C5, INV-C7).

The oracle is the leaf itself. Leaves are changed as a commit changes them: entries that stay are the same objects. With
`PATCHING` off every page is made of the entries alone, and the databases are to have the same content.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation import SimulatedFiles
from store_support import PATH, blocks_of, change, check_store, commit, create_table, evict, fill, put

from aerodb_dbapi.storage import nodes as tree_nodes
from aerodb_dbapi.storage import patching
from aerodb_dbapi.storage.columns import pack_entries, unpack_columns, unpack_entries
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.patching import patched

Content = tuple[tuple[Any, ...], tuple[Any, ...]]
LEAVES = 40


def shape(value: Any) -> Any:
    """What tells values apart that compare equal: class, and the sign of a zero."""
    return tuple(map(shape, value)) if type(value) is tuple else (type(value), repr(value))


def again(before: Content, packed: bytes, after: Content) -> bytes | None:
    """The patched form, if there is one; it holds what it should."""
    made = patched(memoryview(packed), before, after)
    if made is not None:
        assert shape(unpack_entries(made)) == shape(after)
        width = len(after[1][0]) if type(after[1][0]) is tuple else 0
        for number in range(width):
            found = unpack_columns(made, (number,))
            if found is not None:
                assert shape(tuple(row[number] for row in found[1])) == shape(tuple(row[number] for row in after[1]))
    return made


# --- Leaves at random -------------------------------------------------------------------------------------------------

COLUMNS: list[st.SearchStrategy[Any]] = [
    st.just(7),
    st.integers(0, 1),
    st.integers(-100, 100),
    st.integers(1_700_000_000, 1_700_000_200),
    st.one_of(st.integers(0, 3), st.sampled_from([-129, 200, 70_000, 1 << 40, -(1 << 63), (1 << 63) - 1])),
    st.sampled_from([0.0, -0.0, 1.5, 2.0, float("inf")]),
    st.sampled_from([0, 1, 1.0, True]).filter(lambda value: type(value) is not bool),
    st.sampled_from(["", "note 1", "note 12", "note", "é", "nöte 1", "a\0b", "\udc80"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map("common ".__add__),
    st.none(),
    st.one_of(st.none(), st.integers(0, 300)),
    st.sampled_from([b"", b"\0", b"abc"]),
    st.sampled_from(["red", "green", "blue", b"red"]),
]


def changed(chance: random.Random, keys: list[Any], make: Callable[[], Any], few: bool) -> list[Any]:
    """Ascending keys of which some went, and to which some came."""
    rate = 0.05 if few else 0.4
    kept = [key for key in keys if chance.random() > rate]
    return sorted({*kept, *(make() for _ in range(chance.randint(0, 3 if few else 12)))})


@given(st.data(), st.randoms(use_true_random=False))
def test_rows_at_random(data: st.DataObject, chance: random.Random) -> None:
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4))
    pool = data.draw(st.lists(st.tuples(*columns), min_size=4, max_size=12))
    same = data.draw(st.booleans())  # the first column is the rowid
    first = data.draw(st.sampled_from([1, 250, 1 << 33]))

    def row(key: int) -> tuple[Any, ...]:
        found = chance.choice(pool)
        return (key, *found[1:]) if same else found

    step = data.draw(st.sampled_from([1, 3]))
    keys = tuple(range(first, first + step * LEAVES, step))
    before: Content = keys, tuple(map(row, keys))
    packed = pack_entries(*before)
    for _ in range(4):
        entries = dict(zip(*before))
        if chance.random() < 0.6:
            new = tuple(changed(chance, list(before[0]), lambda: first + chance.randrange(3 * LEAVES), True))
            old = {key: key for key in before[0]}
            new = tuple(old.get(key, key) for key in new)
        else:
            new = before[0]
        if chance.random() < 0.2:
            new = new[: len(new) // 2]
        for key in new:
            if key not in entries:
                entries[key] = row(key)
            elif chance.random() < 0.1:
                other = row(key)
                entries[key] = tuple(chance.choice(pair) for pair in zip(entries[key], other))
        after: Content = new, tuple(map(entries.__getitem__, new))
        if not new:
            return
        packed = again(before, packed, after) or pack_entries(*after)
        before = after


@given(st.data(), st.randoms(use_true_random=False))
def test_index_keys_at_random(data: st.DataObject, chance: random.Random) -> None:
    values = data.draw(
        st.sampled_from([
            [(1, n) for n in range(-20, 20)],
            [(1, n / 4) for n in range(-20, 20)] + [(1, n) for n in range(5)],
            [(2, text) for text in ("", "a", "common x", "common y", "common é", "a\0b")],
            [(0, None), (1, 5), (2, "five")],
        ])
    )  # fmt: skip

    def key() -> tuple[Any, ...]:
        return (*chance.choice(values), chance.randrange(500))

    keys = tuple(sorted({key() for _ in range(LEAVES)}))
    packed = pack_entries(keys, tuple(key[-1] for key in keys))
    for _ in range(4):
        new = tuple(changed(chance, list(keys), key, chance.random() < 0.7))
        if chance.random() < 0.3:
            new = new[len(new) // 3 :]
        if not new:
            return
        before, after = (keys, tuple(k[-1] for k in keys)), (new, tuple(k[-1] for k in new))
        packed = again(before, packed, after) or pack_entries(*after)
        keys = new


# --- What is edited ---------------------------------------------------------------------------------------------------

KEYS = tuple(range(5000, 5256))
ROWS = tuple(
    (i, i * 7919 % 100_000, f"name {i * 31 % 1000}", f"value number {i}", i / 8, None, "red" if i % 3 else "blue")
    for i in KEYS
)


@pytest.mark.parametrize(
    ("number", "item", "kept"),
    [
        (1, 4, True), (1, 1 << 40, True), (1, "text", True), (2, "name x", True), (2, "other", True), (4, 0.5, True),
        (4, 7, True), (5, 3, True), (6, "blue", True), (6, "green", True), (6, 4, True),
    ],
)  # fmt: skip
def test_one_column_of_one_row(number: int, item: Any, kept: bool) -> None:
    """All other columns stand there byte for byte."""
    rows = list(ROWS)
    rows[100] = (*rows[100][:number], item, *rows[100][number + 1 :])
    packed = pack_entries(KEYS, ROWS)
    made = again((KEYS, ROWS), packed, (KEYS, tuple(rows)))
    assert (made is not None) is kept
    assert made is not None and made[:20] == packed[:20]
    assert len(made) <= len(pack_entries(KEYS, rows)) + 256


def test_a_leaf_cut_in_two() -> None:
    keys = tuple((1, i // 3, i) for i in range(256))
    new = tuple(sorted([*keys, (1, 5, 900)]))
    packed = pack_entries(keys, tuple(k[-1] for k in keys))
    for half in (new[:128], new[128:]):
        assert again((keys, tuple(k[-1] for k in keys)), packed, (half, tuple(k[-1] for k in half))) is not None


def test_an_equal_key_of_another_class() -> None:
    keys = tuple((1, i, i) for i in range(20))
    new = (*keys[:7], (1, 7.0, 7), *keys[8:])
    packed = pack_entries(keys, tuple(range(20)))
    assert again((keys, tuple(range(20))), packed, (new, tuple(k[-1] for k in new))) is not None


def test_too_much_changed() -> None:
    keys = tuple((1, i, i) for i in range(100))
    new = tuple((1, i, i) for i in range(60)) + keys[60:]
    assert patched(memoryview(pack_entries(keys, range(100))), (keys, ()), (new, tuple(range(100)))) is None


# --- Databases --------------------------------------------------------------------------------------------------------


def play(
    seed: int, patching_on: bool, monkeypatch: pytest.MonkeyPatch, compress: bool = False
) -> tuple[list[str], int]:
    """The digests after the commits of a random life with many checkpoints, and how many pages were patched."""
    made: Counter[bool] = Counter()
    real = patching.patched

    def counted(*arguments: Any) -> bytes | None:
        found = real(*arguments)
        made[found is not None] += 1
        return found

    monkeypatch.setattr(patching, "patched", counted)
    monkeypatch.setattr(patching, "PATCHING", patching_on)
    files, chance = SimulatedFiles(seed), random.Random(seed)
    database = Database.open(PATH, files=files)
    trees = commit(database, lambda t: create_table(t, "t"))
    if compress:
        commit(database, lambda t: t.set_meta("compression", "zlib"))
    fill(database, trees, 60)
    digests = []
    for step in range(24):
        change(database, trees, chance, rows=60 + 4 * step)
        if chance.random() < 0.5:
            database.checkpoint()
            check_store(database)
        if chance.random() < 0.2:
            evict(database)
        if chance.random() < 0.1:
            database.close()
            database = Database.open(PATH, files=files)
        digests.append(database.digest())
    database.close()
    database = Database.open(PATH, files=files)
    assert database.digest() == digests[-1]
    check_store(database)
    database.close()
    return digests, made[True]


@pytest.mark.parametrize("seed", range(6))
def test_with_and_without(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    capacity = (8, 4) if seed % 2 else (64, 8)
    with tree_nodes.capacities(*capacity):
        with_it, patches = play(seed, True, monkeypatch, compress=seed == 3)
        without, none = play(seed, False, monkeypatch, compress=seed == 3)
    assert with_it == without
    assert patches > 3 and not none


def test_a_damaged_page_is_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of before has gone bad on the disk; the leaf is in memory, and is written from there."""
    monkeypatch.setattr(patching, "PATCHING", True)
    files = SimulatedFiles(1)
    database = Database.open(PATH, files=files)
    trees = commit(database, lambda t: create_table(t, "t"))
    fill(database, trees, 60)
    database.checkpoint()
    (leaf,) = database.root.trees[trees[0]].leaves()
    offset = leaf.source.pointer_of(leaf).offset
    commit(database, lambda t: put(t, trees, 7, ("another", 3)))
    files.names[PATH].cached[offset + 30] ^= 1
    digest = database.digest()
    database.checkpoint()
    evict(database)
    assert database.digest() == digest
    assert blocks_of(database).record.commit_id == database.root.commit_id
    database.close()
