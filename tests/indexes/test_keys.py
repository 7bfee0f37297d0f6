"""Index keys keep SQLite's order (INV-Q5), give their values back, and hold no text of the user's (INV-Q2)."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aerodb_dbapi.indexes import keys
from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table
from aerodb_dbapi.storage.errors import OperationalError

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(alphabet=st.sampled_from("aAbBzZ_[ \x01é\U0001f600~"), max_size=5) | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=4
)
VALUE = (
    st.none()
    | INT64
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from([0.5, -0.5, 2.0, 2.0**53, float("inf"), float("-inf")])
    | TEXT
    | st.binary(max_size=4)
    | st.sampled_from([b"\0", b"\0\0", b"\0\1", b"\xff", b""])
)


def table_of(width: int) -> Table:
    return Table(1, "t", 5, tuple(Column(f"c{i}") for i in range(width)))


def index_of(*columns: IndexColumn) -> Index:
    return Index(2, "i", "t", 6, columns)


@pytest.mark.parametrize("collation", ["BINARY", "NOCASE", "RTRIM"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@settings(max_examples=60, deadline=None)
@given(values=st.lists(VALUE, max_size=12))
def test_key_order_is_sqlite_order(collation: str, direction: str, values: list[object]) -> None:
    """INV-Q5, one column, every class, collation and direction."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t(a COLLATE {collation})")
    connection.executemany("INSERT INTO t(rowid, a) VALUES (?, ?)", list(enumerate(values)))
    expected = [r for (r,) in connection.execute(f"SELECT rowid FROM t ORDER BY a {direction}, rowid")]
    entry = keys.entry_function(index_of(IndexColumn(0, "a", collation, direction == "DESC")), table_of(1))
    stored = dict(connection.execute("SELECT rowid, a FROM t"))
    assert [k[-1] for k in sorted(entry(r, (v,)) for r, v in stored.items())] == expected


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(VALUE, VALUE), max_size=12), down=st.tuples(st.booleans(), st.booleans()))
def test_two_columns(rows: list[tuple[object, object]], down: tuple[bool, bool]) -> None:
    """INV-Q5 over two columns: a part never runs into the next one."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t(a COLLATE NOCASE, b)")
    connection.executemany("INSERT INTO t(rowid, a, b) VALUES (?, ?, ?)", [(i, *r) for i, r in enumerate(rows)])
    order = ", ".join(f"{n} {'DESC' if d else 'ASC'}" for n, d in zip("ab", down))
    expected = [r for (r,) in connection.execute(f"SELECT rowid FROM t ORDER BY {order}, rowid")]
    index = index_of(IndexColumn(0, "a", "NOCASE", down[0]), IndexColumn(1, "b", "BINARY", down[1]))
    made = keys.entries_function(index, table_of(2))(range(len(rows)), rows)
    assert [k[-1] for k in sorted(made)] == expected
    entry = keys.entry_function(index, table_of(2))
    assert [entry(i, r) for i, r in enumerate(rows)] == made


@given(value=VALUE, descending=st.booleans())
def test_value_comes_back(value: object, descending: bool) -> None:
    column = IndexColumn(0, "a", "BINARY", descending)
    back = keys.value_of(keys.probe_part(value, column), column)
    assert back == value and type(back) is type(value)


@given(value=VALUE, collation=st.sampled_from(["BINARY", "NOCASE", "RTRIM"]), descending=st.booleans())
def test_probe_finds_the_entry(value: object, collation: str, descending: bool) -> None:
    column = IndexColumn(0, "a", collation, descending)
    key = keys.entry_function(index_of(column), table_of(1))(9, (value,))
    prefix = keys.probe_part(value, column)
    assert key == (*prefix, 9)
    assert prefix < key < (*prefix, float("inf"))


def test_rowid_columns_use_the_rowid() -> None:
    table = Table(1, "t", 5, (Column("a"), Column("id", "INTEGER")), rowid_alias=1)
    index = index_of(IndexColumn(1, "id"), IndexColumn(-1, "rowid", descending=True))
    assert keys.entry_function(index, table)(4, ("x", 4)) == (1, 4, -1, -4, 4)


def test_recoverable() -> None:
    assert keys.recoverable(IndexColumn(0, "a"))
    assert not keys.recoverable(IndexColumn(0, "a", "NOCASE"))


def test_unknown_collation() -> None:
    with pytest.raises(OperationalError, match="no such collation sequence: klingon"):
        keys.entry_function(index_of(IndexColumn(0, "a", "klingon")), table_of(1))


def test_generated_source_has_no_user_text() -> None:
    """INV-Q2: names do not reach the source."""
    names: dict[str, object] = {}
    index = Index(2, "evil'", "t", 6, (IndexColumn(0, "x; import os"), IndexColumn(1, "y", "NOCASE", True)))
    source = keys.key_source(index, table_of(2), lambda p: f"v{p}", "rowid", names)
    assert source == "rank[v0.__class__], v0, *descending_part(v1, fold_case), "


@given(
    rows=st.lists(st.tuples(st.integers(-3, 3) | st.sampled_from([0.5, 2.0]), st.text(max_size=2)), max_size=20),
    shuffled=st.randoms(use_true_random=False),
    width=st.integers(1, 3),
)
def test_columns_at_once_make_the_same_keys(rows: list[tuple[object, str]], shuffled: object, width: int) -> None:
    """INV-Q5: the fast way and the general one give the same keys in the same order."""
    index = index_of(*[IndexColumn(p, "x") for p in (0, 1, -1)][:width])
    rowids = list(range(len(rows)))
    shuffled.shuffle(rowids)  # type: ignore[attr-defined]
    expected = sorted(keys.entries_function(index, table_of(2))(rowids, rows))
    positions = keys.plain_positions(index, table_of(2))
    assert positions == [0, 1, -1][:width]
    if rows:
        made = keys.zipped_entries([rowids if p == -1 else [r[p] for r in rows] for p in positions], rowids)
        assert made is not None
        keys.sort_zipped(made, rowids == sorted(rowids))
        assert made == expected


@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.integers(-3, 3) | st.floats(-2, 2),
            st.none() | st.text(max_size=2) | st.sampled_from([1, b"x"]),
        ),
        max_size=30,
    ),
    columns=st.sampled_from([(0,), (1,), (0, 1), (1, 0), (0, -1)]),
    descending=st.booleans(),
    collation=st.sampled_from(["BINARY", "NOCASE"]),
)
def test_entries_in_the_order_of_their_rowids_are_sorted_by_their_values(
    rows: list[tuple[object, object]], columns: tuple[int, ...], descending: bool, collation: str
) -> None:
    """INV-Q5: whatever ranks the columns hold, the order is that of the whole keys."""
    index = index_of(*[IndexColumn(p, "x", collation, descending and p == 0) for p in columns])
    made = keys.entries_function(index, table_of(2))(range(len(rows)), rows)
    expected = sorted(made)
    keys.sort_entries(made)
    assert made == expected


def test_mixed_ranks_go_the_general_way() -> None:
    assert keys.zipped_entries([[1, "a"]], [1, 2]) is None
    assert keys.zipped_entries([[1, None]], [1, 2]) is None
    assert keys.plain_positions(index_of(IndexColumn(0, "a", "NOCASE")), table_of(1)) is None
    assert keys.plain_positions(index_of(IndexColumn(0, "a", descending=True)), table_of(1)) is None
