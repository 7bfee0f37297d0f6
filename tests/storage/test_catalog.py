"""The catalog's records give back the definitions they were made from, also through the log's encoding (INV-S4)."""

from __future__ import annotations

from typing import Any

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from aerodb_dbapi.storage.catalog import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexColumn,
    Schema,
    Table,
    View,
    decode_object,
    encode_object,
    fold,
)

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
TEXTS = st.none() | NAMES
FLAGS = st.booleans()
PLAIN = (NAMES, NAMES, NAMES, NAMES, FLAGS, NAMES, TEXTS, st.integers(0, 3))
COLUMNS = st.builds(Column, *PLAIN) | st.builds(Column, *PLAIN, NAMES, FLAGS)
FOREIGN_KEYS = st.builds(
    ForeignKey, st.tuples(st.integers(0, 3)), NAMES, st.none() | st.tuples(NAMES), NAMES, NAMES, NAMES, FLAGS, TEXTS
)
TABLES = st.builds(
    Table, st.just(1), NAMES, st.integers(2, 9), st.lists(COLUMNS, max_size=4).map(tuple),
    st.none() | st.integers(0, 3),
    NAMES, st.lists(st.builds(Check, TEXTS, NAMES), max_size=2).map(tuple),
    st.lists(FOREIGN_KEYS, max_size=2).map(tuple),
    FLAGS, NAMES, FLAGS, FLAGS,
)  # fmt: skip
INDEX_COLUMNS = st.builds(IndexColumn, st.integers(-3, 5), NAMES, NAMES, FLAGS, TEXTS)
INDEXES = st.builds(
    Index, st.just(1), NAMES, NAMES, st.integers(2, 9), st.lists(INDEX_COLUMNS, max_size=3).map(tuple), FLAGS,
    st.sampled_from(["c", "u", "pk"]), TEXTS, NAMES, TEXTS,
)  # fmt: skip
VIEWS = st.builds(View, st.just(1), NAMES, NAMES, st.none() | st.lists(NAMES, max_size=3).map(tuple), NAMES)


@given(TABLES | INDEXES | VIEWS)
def test_decoding_gives_back_what_was_encoded(item: Any) -> None:
    """INV-S4: a record is plain values only, survives the log's encoding, and means the same definition."""
    record = encode_object(item)
    through_log = msgpack.unpackb(msgpack.packb(record), use_list=False)
    assert through_log == record and decode_object(1, through_log) == item
    if isinstance(item, Table):
        decoded = decode_object(1, record)
        assert isinstance(decoded, Table)
        first = {fold(c.name): i for i, c in reversed(list(enumerate(item.columns)))}
        assert decoded.positions == first


def test_a_schema_ties_indexes_to_their_tables() -> None:
    """INV-S4: names are found whatever the case of their ASCII letters; indexes come in creation order."""
    table = Table(1, "Tab", 2, (Column("Äa"),))
    items = [table, Index(2, "i2", "tAB", 3, ()), Index(3, "I1", "TAB", 4, ()), View(4, "V", "SELECT 1")]
    schema = Schema((item.id, encode_object(item)) for item in items)
    found = schema.table("TAB")
    assert found is not None and [index.name for index in found.indexes] == ["i2", "I1"]
    assert found.position("ÄA") == 0 and found.position("äa") is None
    assert schema.view("v") == items[3] and schema.index("i1") == items[2] and schema.table("v") is None
    assert [row[:4] for row in schema.rows()] == [
        ("table", "Tab", "Tab", 2), ("index", "i2", "tAB", 3), ("index", "I1", "TAB", 4), ("view", "V", "V", 0),
    ]  # fmt: skip
