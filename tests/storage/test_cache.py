"""The node cache: what is evicted reads as before, and memory keeps to the budget."""

from __future__ import annotations

import random
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simulation import SimulatedFiles
from store_support import PATH, blocks_of, check_store, commit, create_table, evict, fill, put

from aerodb_dbapi.storage.cache import NodeCache, weight
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError
from aerodb_dbapi.storage.nodes import Branch, Leaf, capacities, is_loaded
from aerodb_dbapi.storage.pages import pack_leaf, unpack_leaf


class Given:
    """A source that gives what it was made with."""

    def __init__(self, keys: tuple[Any, ...], values: tuple[Any, ...]) -> None:
        self.content = keys, values
        self.loads = 0

    def head(self, node: Any, stop: int) -> None:
        return None

    def row(self, node: Any, key: int) -> Any:
        return dict(zip(*self.load(node))).get(key)

    def load(self, node: Any) -> tuple[Any, Any]:
        self.loads += 1
        node.keys = self.content[0]
        setattr(node, "children" if node.__class__ is Branch else "values", self.content[1])
        return self.content


def leaf(number: int) -> Any:
    source = Given((number,), ((f"value {number}",),))
    return Leaf.unloaded(1, source)


def test_first_in_first_out_leaves_before_branches() -> None:
    cache = NodeCache(100)
    leaves = [leaf(i) for i in range(6)]
    branch = Branch.unloaded(2, Given((5,), (leaves[0], leaves[1])))
    assert branch.keys == (5,)
    cache.add(branch, 40)
    for node in leaves:
        assert node.keys
        cache.add(node, 30)
    assert [is_loaded(node) for node in leaves] == [False] * 4 + [True] * 2
    assert is_loaded(branch) and cache.used == 100 and cache.evicted == 4
    assert leaves[0].values == (("value 0",),)
    cache.resize(30)
    assert not is_loaded(branch) or cache.used <= 70
    cache.resize(0)
    assert cache.used <= 40  # the last one stays


def test_a_node_without_a_block_is_never_unloaded() -> None:
    """INV-C4: dirty nodes are not the cache's."""
    files = SimulatedFiles()
    with capacities(4, 4):
        database = Database.open(PATH, files=files, cache_bytes=1)
        trees = commit(database, lambda t: create_table(t, "t"))
        fill(database, trees, 100)
        assert blocks_of(database).cache.used == 0
        assert len(list(database.root.trees[trees[0]].scan())) == 100
        database.checkpoint()
        assert blocks_of(database).cache.evicted > 20
        commit(database, lambda t: put(t, trees, 50, ("dirty", 1)))
        evict(database)
        assert database.root.trees[trees[0]].get(50) == ("dirty", 1)
        check_store(database)
        database.close()


def test_weights_grow_with_content() -> None:
    small, large = Leaf((1,), (("a",),)), Leaf(tuple(range(100)), tuple(("a" * 10, i, None) for i in range(100)))
    assert 0 < weight(small, 10) < weight(large, 2000)
    assert weight(Branch((1,), (small, small), 2), 100) > 2 * 100


@pytest.mark.parametrize(
    ("row", "index"),
    [
        (lambda i: (i, i * 7919 % 100_000, f"name {i % 1000}", f"value number {i}", i / 8), False),
        (lambda i: (i + 1000, i + 10**6), False),
        (lambda i: (f"{i} " * 20,), False),
        (lambda i: (f"é{i} " * 20, None, b"%d" % i * 4), False),
        (lambda i: (1, 1000 + i // 3, 5000 + i), True),
        (lambda i: (2, f"text {i}", 5000 + i), True),
    ],
)
def test_weights_are_what_leaves_take(row: Callable[[int], tuple[Any, ...]], index: bool) -> None:
    """INV-C10: as the memory of leaves that are read, to a few per cent too much rather than too little."""
    rows = [tuple(row(i) for i in range(first, first + 256)) for first in range(1000, 6000, 256)]
    pages = [
        pack_leaf(part, [key[-1] for key in part]) if index else pack_leaf(range(i * 256, i * 256 + 256), part)
        for i, part in enumerate(rows, 40)
    ]
    unpack_leaf(pages[0])
    tracemalloc.start()
    leaves = [Leaf(*unpack_leaf(page)) for page in pages]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    said = sum(weight(leaf, len(page)) for leaf, page in zip(leaves, pages))
    assert 0.95 < said / taken < 1.35


VALUES: list[Any] = [
    None,
    0,
    1,
    -(2**63),
    2**63 - 1,
    1.0,
    -0.0,
    0.5,
    1e300,
    float("inf"),
    "",
    "text",
    "\x00",
    b"",
    b"\x00\xff",
]


def test_what_is_loaded_again_is_the_same_to_the_type() -> None:
    """INV-C7."""
    files, chance = SimulatedFiles(2), random.Random(2)
    with capacities(4, 4):
        database = Database.open(PATH, files=files)
        trees = commit(database, lambda t: create_table(t, "t"))
        rows = {n: tuple(chance.choice(VALUES) for _ in range(3)) for n in range(-100, 300)}

        def write(transaction: Any) -> None:
            for n, row in rows.items():
                transaction.writer(trees[0]).put(n, row)

        commit(database, write)
        before = repr(list(database.root.trees[trees[0]].scan()))
        database.checkpoint()
        for _ in range(3):
            evict(database)
            assert repr(list(database.root.trees[trees[0]].scan())) == before == repr(sorted(rows.items()))
            for n in chance.sample(sorted(rows), 30):
                assert repr(database.root.trees[trees[0]].get(n)) == repr(rows[n])
        database.close()
        again = Database.open(PATH, files=files)
        assert repr(list(again.root.trees[trees[0]].scan())) == before
        again.close()


@pytest.fixture
def large(tmp_path: Any) -> Iterator[tuple[Database, tuple[int, int], int]]:
    """A database of several times its budget, with its size in loaded form."""
    path = str(tmp_path / "large.db")
    with capacities(32, 16):
        database = Database.open(path)
        database.set_synchronous("OFF")
        trees = commit(database, lambda t: create_table(t, "t"))
        for part in range(6):
            fill(database, trees, 4000, 1 + 4000 * part, "some text to fill a row with, number")
        database.close()
        database = Database.open(path)
        assert sum(1 for _ in database.root.trees[trees[0]].scan()) == 24_000
        used = blocks_of(database).cache.used
        database.close()
        database = Database.open(path, cache_bytes=used // 10)
        yield database, trees, used
        database.close()


def test_threads_read_the_same_under_a_small_budget(large: tuple[Database, tuple[int, int], int]) -> None:
    """INV-C7, INV-C10: scans, look-ups and look-ups by branch, while others evict."""
    database, trees, _ = large
    failures: list[BaseException] = []
    table = database.root.trees[trees[0]]

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(2):
                for n in (chance.randint(1, 24_000) for _ in range(1500)):
                    assert table.get(n) == (f"some text to fill a row with, number {n}", n % 7)
                low = chance.randint(1, 20_000)
                found = list(table.scan(low, False, low + 3000))
                assert [key for key, _ in found][1:-1] == list(range(found[0][0] + 1, found[-1][0]))
                assert all(row == (f"some text to fill a row with, number {n}", n % 7) for n, row in found)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    cache = blocks_of(database).cache
    assert cache.evicted > 1000 and cache.used <= cache.budget


def test_memory_is_steady_on_a_database_of_several_times_the_budget(
    large: tuple[Database, tuple[int, int], int],
) -> None:
    """INV-C10: measured, not as the cache estimates it."""
    database, trees, used = large
    budget = blocks_of(database).cache.budget
    assert used > 8 * budget

    def scan() -> None:
        assert sum(1 for _ in database.root.trees[trees[0]].scan()) == 24_000

    scan()
    tracemalloc.start()
    try:
        for _ in range(2):
            scan()
        base, peak = tracemalloc.get_traced_memory()
        for _ in range(3):
            scan()
        after, last_peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - base < budget // 2
    assert last_peak < 3 * budget + (1 << 20), (last_peak, peak, budget)


def test_writing_to_a_large_database_keeps_to_the_budget(large: tuple[Database, tuple[int, int], int]) -> None:
    """INV-C10: small commits and checkpoints, for ever; dirty nodes become clean ones, which go."""
    database, trees, _ = large
    chance = random.Random(1)
    cache = blocks_of(database).cache
    for i in range(10):
        for _ in range(10):
            commit(database, lambda t: put(t, trees, chance.randint(1, 24_000), ("changed", 3)))
        database.checkpoint()
        assert cache.used <= cache.budget
        assert len(database.history) <= 2, i
    check_store(database)


def test_damage_is_met_at_the_load_and_not_remembered() -> None:
    """INV-C2: each touch tells; when the disk is right again, so is the node."""
    files = SimulatedFiles(3)
    with capacities(4, 4):
        database = Database.open(PATH, files=files)
        trees = commit(database, lambda t: create_table(t, "t"))
        fill(database, trees, 40)
        database.checkpoint()
        evict(database)
        blocks = blocks_of(database)
        assert blocks.record.state is not None
        _, entries = blocks.state(blocks.record.state)
        pointer = next(entry.pointer for entry in entries if entry.tree_id == trees[0])
        assert pointer is not None
        blocks.cache.resize(0)
        good = blocks.read(pointer)
        blocks.file.write_at(pointer.offset, b"\xee" + good[1:])
        again = Database.open(
            PATH,
            files=SimulatedFiles.holding({PATH: files.contents(PATH), f"{PATH}-wal": files.contents(f"{PATH}-wal")}),
        )
        for _ in range(2):
            with pytest.raises(CorruptionError, match="damaged block"):
                again.root.trees[trees[0]].get(5)
        blocks_of(again).file.write_at(pointer.offset, good)
        assert again.root.trees[trees[0]].get(5) == ("row 5", 5)
        again.abandon()
        database.abandon()
