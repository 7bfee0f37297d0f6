"""Pages: what is packed comes back, and what is no page of ours is refused, whatever its bytes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aerodb_dbapi.storage import pages
from aerodb_dbapi.storage.pages import BadPage, Checkpoint, Child, Dead, Pinned, Pointer, TreeEntry

NUMBER = st.integers(0, 2**63 - 1)
POINTER = st.builds(Pointer, NUMBER, st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1), NUMBER)
VALUE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(), st.binary())
EDITS = st.lists(st.binary(), max_size=3).map(tuple)
ROWIDS = st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, min_size=1, max_size=30).map(sorted)


def same(a: object, b: object) -> bool:
    """Equal, of the same types throughout."""
    return repr(a) == repr(b)


@given(ROWIDS, st.data())
@settings(max_examples=100, deadline=None)
def test_leaves_come_back(rowids: list[int], data: st.DataObject) -> None:
    """INV-C7: the same keys and values, of the same types."""
    width = data.draw(st.integers(1, 4))
    values = [tuple(data.draw(VALUE) for _ in range(width)) for _ in rowids]
    page = pages.pack_leaf(rowids, values)
    for stored in (page, pages.compressed(page)):
        assert same(pages.unpack_leaf(stored), (tuple(rowids), tuple(values)))


@given(ROWIDS, st.lists(st.builds(Child, POINTER, NUMBER, EDITS), min_size=31, max_size=31), st.booleans())
@settings(max_examples=100, deadline=None)
def test_branches_come_back(separators: list[int], children: list[Child], leaves: bool) -> None:
    children = children[: len(separators) + 1]
    page = pages.pack_branch(separators, children, leaves)
    for stored in (page, pages.compressed(page)):
        assert pages.unpack_branch(stored) == (tuple(separators), children, leaves)


@given(
    NUMBER,
    st.lists(
        st.builds(TreeEntry, NUMBER, st.text(), st.integers(0, 9), NUMBER, st.booleans(), st.none(), st.just(()))
        | st.builds(TreeEntry, NUMBER, st.text(), st.integers(0, 9), NUMBER, st.booleans(), POINTER, EDITS)
    ),
)
@settings(max_examples=100, deadline=None)
def test_states_come_back(commit_id: int, trees: list[TreeEntry]) -> None:
    assert pages.unpack_state(pages.pack_state(commit_id, trees)) == (commit_id, trees)


RECORD = st.builds(
    Checkpoint,
    NUMBER,
    st.none() | POINTER,
    st.lists(st.builds(Pinned, NUMBER, POINTER, NUMBER), max_size=5),
    st.lists(st.tuples(NUMBER, NUMBER), max_size=20),
    st.lists(st.builds(Dead, NUMBER, NUMBER, NUMBER, NUMBER), max_size=20),
    NUMBER,
)


@given(RECORD, st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_checkpoint_records_come_back_padded_to_the_room_they_have(record: Checkpoint, padding: int) -> None:
    length = len(pages.pack_checkpoint(record)) + padding
    page = pages.pack_checkpoint(record, length)
    assert len(page) == length
    assert pages.unpack_checkpoint(page) == record


def test_an_extent_is_whole_units() -> None:
    assert [Pointer(0, length, 0, 0).extent for length in (1, 63, 64, 65, 6400)] == [64, 64, 64, 128, 6400]


def test_short_and_random_pages_are_not_compressed() -> None:
    assert pages.compressed(b"\x01" * 90) == b"\x01" * 90
    noise = b"\x01" + random.Random(1).randbytes(900)
    assert pages.compressed(noise) == noise
    assert len(pages.compressed(b"\x01" * 900)) < 100


def both_of_a_branch(page: bytes) -> object:
    """All of a branch, and its first child alone, which has what is said of it there."""
    first, found = pages.unpack_first(page), pages.unpack_branch(page)
    assert first == (*found[1][0][:2], found[2], found[1][0].edits)
    return found


UNPACKERS = [pages.unpack_leaf, both_of_a_branch, pages.unpack_state, pages.unpack_checkpoint]


@pytest.mark.parametrize("unpack", UNPACKERS)
def test_pages_of_another_kind_are_refused(unpack: object) -> None:
    children = [Child(Pointer(64, 1, 1, 0), 1)] * 2
    made = [
        pages.pack_leaf([1], [(2,)]),
        pages.pack_branch([5], children, True),
        pages.pack_state(3, []),
        pages.pack_checkpoint(Checkpoint()),
    ]
    for page, owner in zip(made, UNPACKERS, strict=True):
        if owner is unpack:
            owner(page)
        else:
            with pytest.raises(BadPage, match="a page of kind"):
                unpack(page)  # type: ignore[operator]
    with pytest.raises(BadPage):
        unpack(b"")  # type: ignore[operator]


@pytest.mark.parametrize("unpack", UNPACKERS)
@pytest.mark.parametrize("packed", [False, True])
def test_no_bytes_do_harm(unpack: object, packed: bool) -> None:
    """INV-F3: a page that verified and is senseless is `BadPage`, or something; no other error, no hang."""
    chance = random.Random(7)
    kind = UNPACKERS.index(unpack) + 1  # type: ignore[arg-type]
    children = [Child(Pointer(64 * i, i + 1, i, 0), 1, (b"edits", b"more") if i % 4 == 0 else ()) for i in range(9)]
    sound = [
        pages.pack_leaf(range(50), [(f"text {i}", i, None) for i in range(50)]),
        pages.pack_branch(range(8), children, True),
        pages.pack_state(3, [TreeEntry(i, "table", 0, 9, True, Pointer(64, 70, 7, 1), (b"x",) * i) for i in range(9)]),
        pages.pack_checkpoint(Checkpoint(3, Pointer(1, 2, 3, 0), [], [(64, 64)] * 9, [Dead(64, 64, 1, 2)] * 9, 9)),
    ][kind - 1]
    if packed:
        sound = pages.compressed(sound)
    refused = 0
    for _ in range(1500):
        page = bytearray(sound)
        for _ in range(chance.randint(1, 3)):
            page[chance.randrange(1, len(page))] = chance.getrandbits(8)
        damaged = bytes(page[: chance.randint(1, len(page))]) if chance.random() < 0.3 else bytes(page)
        try:
            unpack(damaged)  # type: ignore[operator]
        except BadPage:
            refused += 1
    assert refused > 100
