"""Blocks: reading by pointer, and the finding of room."""

from __future__ import annotations

import random

import pytest
from simulation import SimulatedFile, SimulatedFiles
from store_support import PATH, blocks_of, change, checkpointer_of, commit, create_table

from aerodb_dbapi.storage.blocks import TRIES, Allocator, coalesced
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.nodes import capacities
from aerodb_dbapi.storage.pages import UNIT


def test_room_is_taken_from_the_free_extents_in_order_then_from_the_end() -> None:
    allocator = Allocator([(64, 128), (512, 64)], 8192)
    assert [allocator.take(n) for n in (100, 60, 200, 1)] == [64, 512, 8192, 8192 + 256]
    assert (allocator.left(), allocator.end) == ([], 8192 + 320)
    allocator = Allocator([(64, 192), (512, 256)], 8192)
    assert [allocator.take(n) for n in (64, 200, 64, 64)] == [64, 512, 128, 192]


def test_many_extents_that_are_too_small_do_not_make_a_search_long() -> None:
    allocator = Allocator([(128 * i, 64) for i in range(1, 5000)], 1 << 20)
    assert allocator.take(128) == 1 << 20
    assert len(allocator.left()) == 4999 > TRIES


def test_random_allocations_never_overlap_and_lose_nothing() -> None:
    """INV-C3, INV-G4: every unit is free or given out once."""
    for seed in range(60):
        chance = random.Random(seed)
        edges = sorted(chance.sample(range(128, 1000), 40))
        free = [(low * UNIT, (high - low) * UNIT) for low, high in zip(edges[::2], edges[1::2], strict=True)]
        end = 1000 * UNIT
        allocator = Allocator(free, end)
        units = {offset + at for offset, room in free for at in range(0, room, UNIT)}
        given: set[int] = set()
        for _ in range(chance.randint(1, 200)):
            length = chance.choice((1, 64, 65, 500, 3000))
            offset = allocator.take(length)
            assert offset % UNIT == 0
            taken = set(range(offset, offset + length, UNIT))
            assert not taken & given and all(unit in units or unit >= end for unit in taken)
            given |= taken
        left = {offset + at for offset, room in allocator.left() for at in range(0, room, UNIT)}
        assert not left & given
        assert left | given == units | set(range(end, allocator.end, UNIT))


def test_neighbours_are_joined() -> None:
    assert coalesced([]) == []
    assert coalesced([(512, 64), (64, 64), (128, 64), (256, 64)]) == [(64, 128), (256, 64), (512, 64)]
    assert coalesced([(64 * i, 64) for i in reversed(range(100))]) == [(0, 6400)]


def test_a_block_is_served_only_for_its_own_pointer() -> None:
    """INV-C2: place, length, checksum and file must all be the pointer's."""
    found = []
    for seed in (1, 2):
        files = SimulatedFiles(seed)
        database = Database.open(PATH, files=files)
        commit(database, lambda t: create_table(t, "t"))
        database.checkpoint()
        found.append((files, database))
    (files, database), (_, other) = found
    blocks, pointer = blocks_of(database), blocks_of(database).record.state
    assert pointer is not None and blocks.read(pointer) == files.contents(PATH)[pointer.offset :][: pointer.length]
    wrong = [
        pointer._replace(offset=pointer.offset + UNIT),
        pointer._replace(length=pointer.length - 1),
        pointer._replace(length=1 << 31),
        pointer._replace(offset=1 << 40),
        pointer._replace(crc=pointer.crc ^ 1),
    ]
    for one in wrong:
        with pytest.raises(CorruptionError, match="damaged block") as caught:
            blocks.read(one)
        assert (caught.value.file, caught.value.offset) == (PATH, one.offset)
    same_place = blocks_of(other)
    same_place.file.write_at(pointer.offset, blocks.read(pointer))  # of another file: the seed differs
    with pytest.raises(CorruptionError):
        same_place.read(pointer)
    blocks.file.write_at(pointer.offset + 4096, blocks.read(pointer))  # elsewhere in the same file
    with pytest.raises(CorruptionError):
        blocks.read(pointer._replace(offset=pointer.offset + 4096))
    database.abandon()
    other.abandon()


def test_a_disk_that_does_not_read_is_no_damage() -> None:
    files = SimulatedFiles()
    database = Database.open(PATH, files=files)
    commit(database, lambda t: create_table(t, "t"))
    database.checkpoint()
    pointer = blocks_of(database).record.state
    assert pointer is not None
    files.fail("read", 1)
    with pytest.raises(OperationalError, match="disk I/O error"):
        blocks_of(database).read(pointer)
    assert blocks_of(database).read(pointer)
    database.close()


def test_what_a_checkpoint_frees_is_used_by_a_later_one_only() -> None:
    """INV-G2, INV-C3: no write goes where the durable header, a pinned state or a live root can reach."""
    files, chance = SimulatedFiles(3), random.Random(3)
    with capacities(4, 4):
        database = Database.open(PATH, files=files)
        trees = commit(database, lambda t: create_table(t, "t"))
        reused = 0
        for _ in range(60):
            change(database, trees, chance)
            blocks = blocks_of(database)
            free = [*blocks.record.free, (blocks.record.end, 1 << 40)]
            written: list[tuple[int, int]] = []

            def watched(
                offset: int, data: bytes, file: object = blocks.file, to: list[tuple[int, int]] = written
            ) -> int:
                to.append((offset, len(data)))
                return SimulatedFile.write_at(file, offset, data)  # type: ignore[arg-type]

            blocks.file.write_at = watched  # type: ignore[method-assign]
            checkpointer_of(database).run()
            del blocks.file.write_at  # type: ignore[method-assign]
            for offset, length in written:
                inside = [extent for extent in free if extent[0] <= offset and offset + length <= extent[0] + extent[1]]
                assert inside or offset in (0, 4096), (offset, length)
                reused += bool(inside) and offset < free[-1][0]
        assert reused > 30
        database.close()


def test_an_unreadable_pointer_in_the_header_is_an_error() -> None:
    """INV-F3."""
    files = SimulatedFiles()
    database = Database.open(PATH, files=files)
    commit(database, lambda t: create_table(t, "t"))
    database.close()
    content = bytearray(files.contents(PATH))
    record = blocks_of(database).header.checkpoint
    assert record is not None
    content[record.offset + record.length - 1] ^= 1
    with pytest.raises(CorruptionError):
        Database.open(PATH, files=SimulatedFiles.holding({PATH: bytes(content)}))
