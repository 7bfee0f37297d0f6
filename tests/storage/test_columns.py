"""Packed columns: everything comes back, in value and class; damage is noticed or harmless; sizes are what is promised."""

from __future__ import annotations

import math
import re
import tracemalloc
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from operator import lt
from pathlib import Path
from random import Random
from struct import pack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aerodb_dbapi
from aerodb_dbapi.storage import column_kinds as kinds
from aerodb_dbapi.storage.column_parts import head_of, row_of
from aerodb_dbapi.storage.columns import (
    DamagedEntries,
    pack_column,
    pack_entries,
    unpack_column,
    unpack_columns,
    unpack_entries,
    weight,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "FILE_FORMAT.md"
EXAMPLE_KEYS = (1, 5)
EXAMPLE_VALUES = ((1, 7, "ab"), (5, None, "ac"))

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
INTS = st.one_of(st.integers(-2, 3), st.integers(-200, 200), st.integers(1_700_000_000, 1_700_000_255), INT64)
FLOATS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, math.inf, -math.inf, 5e-324]), st.floats(allow_nan=False))
TEXT = st.one_of(
    st.sampled_from(["", "\0", "a\0b", "red", "green", "é", "note 1", "note 12", "\U0001f600x"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
BLOBS = st.one_of(st.sampled_from([b"", b"\0", b"abc"]), st.binary(max_size=12))
SQL_VALUES = st.one_of(st.none(), INTS, FLOATS, TEXT, BLOBS)
PLAIN = st.recursive(st.one_of(SQL_VALUES, st.booleans()), lambda inner: st.lists(inner, max_size=4).map(tuple))
COLUMN_STRATEGIES = [st.none(), INTS, FLOATS, TEXT, BLOBS, st.booleans(), SQL_VALUES, PLAIN, st.one_of(st.none(), INTS)]


def shape(value: Any) -> Any:
    """What tells values apart that compare equal: class, and the bits of a float."""
    if type(value) is tuple:
        return tuple(map(shape, value))
    if type(value) is float:
        return (float, pack("<d", value))
    return (type(value), value)


def check(keys: Any, values: Any) -> bytes:
    packed = pack_entries(keys, values)
    for form in (packed, memoryview(packed)):
        assert shape(unpack_entries(form)) == shape((tuple(keys), tuple(values)))
    if values and set(map(type, values)) == {tuple}:
        check_some_columns(packed, tuple(keys), values)
        if is_table(keys, values):
            check_rows(packed, tuple(keys), values)
    return packed


def check_rows(packed: bytes, keys: Any, values: Any) -> None:
    """Rows read alone are those of the whole; between the keys there are none (INV-C7)."""
    for key, row in zip(keys, values):
        alone = row_of(packed, key, len(keys))
        assert alone is False if len(set(map(len, values))) > 1 else shape(alone) == shape(row)
    if len(keys) > 1:
        half = (len(keys) + 1) // 2
        head = head_of(packed, half, len(keys))
        assert (head is None) == (len(set(map(len, values))) > 1)
        assert head is None or shape(head) == shape((keys[:half], tuple(values[:half])))
    assert head_of(packed, len(keys), len(keys)) is None
    for absent in {keys[0] - 1, keys[-1] + 1, keys[len(keys) // 2] + 1} - set(keys):
        assert row_of(packed, absent, len(keys)) is None
    with pytest.raises(DamagedEntries):
        row_of(packed, keys[0], len(keys) + 1)


def check_some_columns(packed: bytes, keys: Any, values: Any) -> None:
    """Columns read alone are those of the whole; of rows of several widths there are none (INV-C7)."""
    width = len(values[0])
    for wanted in {(), (0,), (width - 1,), (width,), tuple(range(0, width, 2)), tuple(range(width))} - {(-1,)}:
        found = unpack_columns(packed, wanted)
        if not wanted:
            assert found is not None and shape(tuple(found[0])) == shape(keys)
        elif len(set(map(len, values))) > 1 or width in wanted:
            assert found is None
        elif found is not None or is_table(keys, values):
            alone = tuple(tuple(row[i] if i in wanted else None for i in range(wanted[-1] + 1)) for row in values)
            assert found is not None and shape((tuple(found[0]), tuple(found[1]))) == shape((keys, alone))


def is_table(keys: Any, values: Any) -> bool:
    """Whether these are entries of a table's leaf."""
    return set(map(type, keys)) == {int} and len(values[0]) < 1000 and all(map(lt, keys, keys[1:]))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, Any]:
    """Rowids and rows of columns, each of some kind; now and then rows of several lengths."""
    count = draw(st.integers(1, 80))
    start, step = draw(INTS.filter(lambda n: abs(n) < 1 << 62)), draw(st.sampled_from([1, 1, 2, 1000]))
    keys = tuple(range(start, start + count * step, step))
    if draw(st.booleans()):
        keys = tuple(sorted(draw(st.sets(INT64, min_size=count, max_size=count))))
    columns = [keys] if draw(st.booleans()) else []
    for strategy in draw(st.lists(st.sampled_from(COLUMN_STRATEGIES), max_size=4)):
        few = draw(st.lists(strategy, min_size=1, max_size=draw(st.sampled_from([1, 4, 80]))))
        chooser = Random(draw(st.integers(0, 99)))
        columns.append(tuple(chooser.choice(few) for _ in range(count)))
    rows = tuple(zip(*columns)) if columns else ((),) * count
    if draw(st.booleans()):
        rows = tuple(row[: 1 + i % 3] for i, row in enumerate(rows))
    return keys, rows


@given(tables())
@settings(max_examples=150)
def test_table_leaves_come_back(entries: tuple[Any, Any]) -> None:
    check(*entries)


@given(st.lists(st.tuples(SQL_VALUES, INT64), min_size=1, max_size=40))
def test_index_leaves_come_back(entries: list[tuple[Any, int]]) -> None:
    ranks = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}
    keys = [(ranks[type(value)], value, rowid) for value, rowid in entries]
    check(keys, [key[-1] for key in keys])


@given(st.lists(st.tuples(PLAIN, PLAIN), max_size=30))
def test_map_leaves_come_back(entries: list[tuple[Any, Any]]) -> None:
    check([key for key, _ in entries], [value for _, value in entries])


@given(st.sampled_from(COLUMN_STRATEGIES).flatmap(lambda strategy: st.lists(strategy, max_size=100)))
def test_columns_come_back(items: list[Any]) -> None:
    assert shape(unpack_column(pack_column(items))) == shape(tuple(items))


COLUMNS: dict[str, tuple[Any, ...]] = {
    "one and one": (1, 1.0, True, 1, False, 0, -0.0, 0.0) * 8,
    "truth among integers": (5, 1, 0, True) * 20,
    "zeros": (0.0, -0.0) * 100,
    "a zero at the end": (*(0.0,) * 99, -0.0),
    "widths": (127, -128, 128),
    "16 bits": (32767, -32768, 32768, 65535),
    "32 bits": (2**31 - 1, -(2**31), 2**31, 2**32),
    "64 bits": (2**63 - 1, -(2**63)),
    "a negated lowest integer": (2**63, -(2**63) + 1, 5),
    "all beyond": (2**63, 2**64 - 1),
    "descending": tuple(range(500, -500, -7)),
    "a wide step": (-(2**63), 0, 2**63 - 1),
    "a step beyond 64 bits": tuple(range(-(2**63), 2**63, 2**63 + 5)),
    "near run": (*range(200), 201),
    "timestamps": tuple(1_700_000_000 + i * i % 251 for i in range(256)),
    "zero bytes": ("a\0", "\0b", "", "\0"),
    "one empty": ("",),
    "empties": ("",) * 3,
    "prefix": tuple(f"https://example.org/{i * 7919 % 1000}" for i in range(256)),
    "long prefix": tuple("é" * 40 + str(i) for i in range(40)),
    "false prefix": ("abc1", "xyz", "abc2"),
    "257 distinct": tuple(str(i % 257) for i in range(2000)),
    "256 distinct": tuple(str(i % 256) for i in range(2000)),
    "17 distinct": tuple(i % 17 * 10**12 for i in range(999)),
    "16 distinct": tuple(i % 16 / 7 for i in range(999)),
    "lengths of tuples": tuple((1,) * (i % 20) for i in range(50)),
    "two lengths": tuple(("x", i)[: 1 + i % 2] for i in range(50)),
    "wide": (tuple(range(70_000)),),
    "wide and alike": ((None,) * 70_000, (None,) * 70_000),
    "no columns": ((),) * 100,
    "deep": ((((((((((1,),),),),),),),), "x"),),
    "every class": (None, True, 1, 1.5, "a", b"a", (), ((),)) * 3,
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_of_special_forms(name: str) -> None:
    items = COLUMNS[name]
    assert shape(unpack_column(pack_column(items))) == shape(items)
    check(items, items)
    check(tuple(range(len(items))), tuple((item, 5) for item in items))


def test_values_that_only_look_like_keys_are_kept() -> None:
    check((1, 2, 3), ((1.0,), (2,), (3,)))
    check((1, 2.0, 3), ((1,), (2,), (3,)))
    check(((1, 2.0), (1, 3)), (2, 3))
    check(((1, 2), ()), (2, 3))
    check(((5, 2), (6, 3)), (2, 4))
    assert len(check(tuple((1, i) for i in range(100)), range(100))) < 50


def test_runs_beyond_their_allowance_come_back() -> None:
    """As many NULLs as no allowance covers: codes pay for them (INV-F3)."""
    rows = ((None,) * 300,) * 20_000
    assert unpack_entries(pack_entries(range(20_000), rows))[1] == rows
    items = ((None,) * 600_000, (7,) * 600_000)
    assert unpack_column(pack_column(items)) == items


@pytest.mark.parametrize(
    ("value", "error"),
    [(2**64, OverflowError), (-(2**63) - 1, OverflowError), ("\ud800", ValueError), ([1], TypeError), ({}, TypeError)],
)
def test_what_cannot_be_stored_is_refused(value: Any, error: type[Exception]) -> None:
    for items in ([value], [None, value], [value, value], [1, value], [(value,)]):
        with pytest.raises(error):
            pack_column(items)


def test_limits_of_number_and_depth() -> None:
    nested: Any = 1
    for _ in range(70):
        nested = (nested,)
    with pytest.raises(ValueError, match="nested"):
        pack_column([nested])
    with pytest.raises(ValueError, match="65536"):
        pack_column([None] * 65_537)
    with pytest.raises(ValueError, match="number"):
        pack_entries([1, 2], [(1,)])
    items = [None] * 65_536
    assert list(unpack_column(pack_column(items))) == items


def samples() -> list[bytes]:
    """Packed forms that between them use every kind."""
    keys = tuple(range(3, 60, 3))
    rows = tuple(
        (
            key,
            i % 3,
            i / 7,
            None if i % 4 else 5,
            f"note {i}",
            "ab"[i % 2],
            bytes([i]) * (i % 3),
            i % 2 == 0,
            None,
            "\0",
        )
        for i, key in enumerate(keys)
    )
    index = tuple((2, f"x{i}", 10**12 + i * i) for i in range(20))
    return [
        pack_entries(keys, rows),
        pack_entries(index, tuple(key[-1] for key in index)),
        pack_entries((1, 4, 9, 10), tuple((key, 2**40 * key, (1,) * key, f"{key}\0") for key in (1, 4, 9, 10))),
        pack_entries(("a", "b", "c"), (1, "x", (2.5, (b"", None)))),
        *(pack_entries(items, items) for items in COLUMNS.values() if len(repr(items)) < 5000),
        pack_entries((70_000, -1), (3, 300)),
        pack_entries((2**40, 2**40 + 2**31, 2**40 + 5, 2**40 + 6), (1, 2, 3, 4)),
        pack_entries((2**40, 2**40 + 2**33), (2**31, -7)),
    ]


def test_every_kind_is_in_use() -> None:
    """The samples of damage below leave out no kind: each reader is entered."""
    from aerodb_dbapi.storage import column_reader

    entered: set[int] = set()

    def watching(kind: int, read: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*arguments: Any) -> Any:
            entered.add(kind)
            return read(*arguments)

        return watch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_reader, "_READERS", {k: watching(k, f) for k, f in column_reader._READERS.items()})
        for packed in [*samples(), *(pack_entries(items, items) for items in COLUMNS.values())]:
            unpack_entries(packed)
    assert entered == set(range(kinds.ITEMS + 1)) - {kinds.LAST}


def outcome(data: bytes) -> None:
    """Unpacking gives values or `DamagedEntries`, as entries and as a column."""
    size = int.from_bytes(data[:4], "little")
    parts = partial(row_of, key=7, size=size), partial(head_of, stop=2, size=size)
    for unpack in (unpack_entries, unpack_column, lambda data: unpack_columns(data, (1,)), *parts):
        try:
            unpack(data)
        except DamagedEntries:
            pass


def test_damage_of_every_byte_raises_nothing_else() -> None:
    """INV-F3: each byte of each sample changed in several ways, and each sample cut anywhere."""
    for packed in samples():
        for i in range(min(len(packed), 400)):
            for change in (1, 0x80, 0xFF):
                outcome(packed[:i] + bytes((packed[i] ^ change,)) + packed[i + 1 :])
            for kind in range(0, kinds.ITEMS + 2, 1 + i % 3):
                outcome(packed[:i] + bytes((kind,)) + packed[i + 1 :])
            with pytest.raises(DamagedEntries):
                unpack_entries(packed[:i])
        with pytest.raises(DamagedEntries):
            unpack_entries(packed + b"\0")


@given(st.binary(max_size=60), st.integers(0, 300))
@settings(max_examples=300)
def test_random_bytes_raise_nothing_else(body: bytes, count: int) -> None:
    outcome(pack("<I", count) + body)
    outcome(pack("<I", count) + b"\0" + bytes(b % (kinds.ITEMS + 1) for b in body))


FORGED = {
    "count": pack("<I", 65_537) + b"\0\0",
    "huge count": b"\xff" * 4 + b"\0\0",
    "tuples of nulls": pack("<I", 65_536) + b"\0" + pack("<BH", kinds.TUPLES, 65_535) + bytes(65_535),
    "nested tuples": pack("<I", 65_536) + b"\0" + pack("<BH", kinds.TUPLES, 1) * 60 + b"\0",
    "deep": pack("<I", 1) + b"\0" + bytes((kinds.REPEAT,)) * 100_000 + b"\0",
    "items": pack("<I", 65_536) + b"\0\x15" + pack("<Bqq", kinds.RUN, 1 << 40, 0) + b"\0",
    "negative lengths": pack("<I", 4) + b"\0\x11" + b"\x05\x7f\x81\x7f\x81" + bytes(127),
    "lengths that are texts": pack("<I", 2) + b"\0\x11" + pack("<BIB", kinds.TEXT, 3, 0) + b"a\0b",
    "lengths that are infinite": pack("<I", 1) + b"\0\x15" + pack("<Bd", kinds.FLOATS, math.inf) + b"\0",
    "long prefix": pack("<I", 3) + b"\0" + pack("<BIB", kinds.TEXT, 2, 33) + b"x" * 33 + b"\0\0",
    "no choices": pack("<I", 1) + b"\0" + pack("<BH", kinds.MIXED, 0) + b"\0\0",
    "many choices": pack("<I", 1) + b"\0" + pack("<BH", kinds.DICTIONARY, 257) + b"\0\0",
    "run beyond 64 bits": pack("<I", 3) + b"\0" + pack("<Bqq", kinds.RUN, (1 << 63) - 2, 1),
    "keys of keys": pack("<I", 3) + bytes((kinds.SAME, kinds.NULLS)),
    "last of nothing": pack("<I", 2) + pack("<BH", kinds.TUPLES, 0) + bytes((kinds.LAST,)),
    "nested last": pack("<I", 2) + b"\0" + pack("<BH", kinds.TUPLES, 1) + bytes((kinds.LAST,)),
    "unknown kind": pack("<I", 1) + b"\0\x63",
    "nothing": b"",
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_forms_are_refused_before_they_cost_memory(name: str) -> None:
    """INV-F3."""
    tracemalloc.start()
    try:
        with pytest.raises(DamagedEntries):
            unpack_entries(FORGED[name])
        with suppress(DamagedEntries):
            unpack_columns(FORGED[name], (0, 65_534))
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()


def test_codes_of_each_width_come_back() -> None:
    assert kinds.pack_codes(b"\0\1\1", 2) == b"\x60" and kinds.pack_codes(b"\3\17\n", 16) == b"\x3f\xa0"
    for choices in (1, 2, 3, 16, 17, 256):
        for count in (1, 2, 7, 8, 9, 255):
            codes = bytes(i % choices for i in range(count))
            packed = kinds.pack_codes(codes, choices)
            assert len(packed) == kinds.codes_size(count, choices)
            assert kinds.unpack_codes(memoryview(packed), count, choices) == codes


def test_the_worked_example_of_the_document_and_of_the_module() -> None:
    from aerodb_dbapi.storage import columns

    packed = pack_entries(EXAMPLE_KEYS, EXAMPLE_VALUES)
    for text in (DOCUMENT.read_text().split("### Example")[1], columns.__doc__.split("Worked example")[1]):
        lines = re.findall(r"^ *((?:[0-9a-f]{2} )*[0-9a-f]{2}) {2,}\S", text, re.M)
        assert bytes.fromhex(" ".join(lines)) == packed


def test_the_document_lists_the_kinds() -> None:
    section = DOCUMENT.read_text().split("## Leaf entries")[1].split("\n## ")[0]
    listed = re.findall(r"^\| (\d+) \| ([A-Z0-9_]+) \|", section, re.M)
    assert [(int(number), getattr(kinds, name)) for number, name in listed] == [(n, n) for n in range(kinds.ITEMS + 1)]


def test_the_file_is_little_endian() -> None:
    assert pack_column([1, 2**20, -3]) == bytes.fromhex("03000000 07 01000000 00001000 fdffffff")
    assert pack_column([0.5])[5:] == bytes.fromhex("000000000000e03f")
    assert pack_column([2**40, 2**40 + 1, 2**40 + 5]) == bytes.fromhex("03000000 09 0000000000010000 000105")


N = 256
SIZES: list[tuple[str, float, Callable[[int], Any]]] = [
    ("five typical columns", 34, lambda i: (i, i * 7919 % 1000, "word" + str(i * 31 % 20), i % 997 / 7, f"note {i}")),
    ("rowid alone", 0.2, lambda i: (i,)),
    ("all NULL", 0.2, lambda i: (None,) * 4),
    ("half NULL", 1.2, lambda i: (None if i % 2 else 5 + i % 100,)),
    ("timestamps", 2.2, lambda i: (1_700_000_000 + i * 37 % 60_000,)),
    ("low cardinality", 0.8, lambda i: (("red", "green", "blue")[i * 31 % 3],)),
    ("few prices", 0.8, lambda i: ((9.99, 19.99, 0.0)[i * 31 % 3],)),
    ("shared prefix", 5, lambda i: (f"https://example.org/item/{i * 7919 % 1000}",)),
    ("floats", 8.2, lambda i: (math.sin(i),)),
    ("blobs", 9.2, lambda i: (array("q", [i * 7919]).tobytes(),)),
    ("two lengths of rows", 1, lambda i: (i, "x") if i < 100 else (i, "x", 2.5)),
]


@pytest.mark.parametrize(("name", "most", "row"), SIZES, ids=[name for name, _, _ in SIZES])
def test_bytes_per_row(name: str, most: float, row: Callable[[int], Any]) -> None:
    keys = tuple(range(1001, 1001 + N))
    assert len(check(keys, tuple(map(row, keys)))) / N <= most


def test_an_index_stores_no_values() -> None:
    keys = tuple((1, i // 3, i * 7919 % 1000) for i in range(N))
    assert len(check(keys, tuple(key[-1] for key in keys))) / N < 3.5


def test_weight_is_near_the_memory_taken() -> None:
    for row in (lambda i: (i, f"note {i}", i / 7), lambda i: (None, 5), lambda i: (b"x" * 5000 + bytes([i % 256]), i)):
        packed = pack_entries(range(10_000, 10_256), [row(i) for i in range(10_000, 10_256)])
        tracemalloc.start()
        made = [unpack_entries(packed) for _ in range(40)]  # many: Python keeps some thousand free tuples
        taken = tracemalloc.get_traced_memory()[0] / len(made)
        tracemalloc.stop()
        assert 0.7 < weight(*made[0]) / taken < 1.4
    assert weight((), ()) > 0


def test_catalog_and_meta_leaves_come_back() -> None:
    """Truth values and nested tuples among them."""
    from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table, View, encode_object

    columns = (Column("id", "INTEGER", primary_key=1), Column("name", "TEXT", not_null=True, default="'x'"))
    objects = [
        Table(1, "t", 2, columns, 0, sql="CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x')"),
        Index(2, "i", "t", 3, (IndexColumn(1, "name", "NOCASE", True), IndexColumn(-1, "id")), True),
        View(3, "v", "SELECT 1", None, "CREATE VIEW v AS SELECT 1"),
    ]
    check([item.id for item in objects], [encode_object(item) for item in objects])
    check(("application_id", "next_tree", "user_version"), (0, 4, 3))


def test_leaves_of_a_database_come_back() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT UNIQUE, c REAL)")
    connection.execute("CREATE INDEX i ON t(a DESC, c)")
    rows = [(None if i % 5 else -(2**63), f"text {i}", i / 3) for i in range(1000)]
    connection.executemany("INSERT INTO t(a, b, c) VALUES (?, ?, ?)", rows)
    connection.commit()
    leaves = [leaf for tree in connection._session.database.root.trees.values() for leaf in tree.leaves()]
    assert len(leaves) > 12
    for leaf in leaves:
        check(leaf.keys, leaf.values)
