"""The JSON functions against sqlite3, over seeded random documents, paths and edits.

Left out is what 3.40 does otherwise than later versions: JSON5, BLOBs, paths that are errors.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from json_documents import Documents

import aerodb_dbapi


@pytest.fixture
def both() -> Iterator[tuple[Any, Any]]:
    ours, theirs = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")
    yield ours, theirs
    ours.close()
    theirs.close()


def answer(connection: Any, sql: str, values: tuple[Any, ...]) -> str:
    try:
        return repr(connection.execute(sql, values).fetchall())
    except (aerodb_dbapi.Error, sqlite3.Error) as error:
        return f"{type(error).__name__}: {error}"


def compare(both: tuple[Any, Any], sql: str, *values: Any) -> None:
    assert answer(both[0], sql, values) == answer(both[1], sql, values), (sql, values)


@pytest.mark.parametrize("seed", range(40))
def test_looking_into_documents(both: tuple[Any, Any], seed: int) -> None:
    """INV-Q4."""
    made = Documents(seed)
    for _ in range(25):
        text, path = made.text(), made.path()
        compare(both, "SELECT json(?)", text)
        compare(both, "SELECT json_extract(?1, ?2), ?1 -> ?2, ?1 ->> ?2, json_type(?1, ?2)", text, path)
        compare(both, "SELECT json_extract(?, ?, ?), json_array_length(?1), json_valid(?1)", text, path, made.path())
        compare(both, "SELECT json_array(json_extract(?1, ?2)), json_quote(json_extract(?1, ?2))", text, path)


@pytest.mark.parametrize("seed", range(40))
def test_changing_documents(both: tuple[Any, Any], seed: int) -> None:
    """INV-Q4."""
    made = Documents(1000 + seed)
    for _ in range(25):
        text, path = made.text(), made.path().replace("[#]", "[0]")  # [#] of a missing array: 3.40 makes none
        name = made.chance.choice(["insert", "replace", "set"])
        if path != "$":
            compare(both, f"SELECT json_{name}(?, ?, {made.value()})", text, path)
        compare(both, "SELECT json_remove(?, ?)", text, path)
        plain = text if "\\u" not in text else "{}"
        compare(both, "SELECT json_patch(json(?), json(?))", *without_repeats(plain, made.text()))
        compare(both, f"SELECT json_array({made.value()}, {made.value()}), json_object('a b', {made.value()})")


def without_repeats(*texts: str) -> tuple[str, ...]:
    """Documents with each label once: what a patch does to repeated ones is not defined."""
    return tuple(json.dumps(json.loads(text), ensure_ascii=False) for text in texts)


@pytest.mark.parametrize("seed", range(20))
def test_malformed_text(both: tuple[Any, Any], seed: int) -> None:
    """A character taken out or changed: both find it malformed, or neither does; JSON5 is ours alone."""
    made = Documents(2000 + seed)
    for _ in range(50):
        text = list(made.text())
        at = made.chance.randrange(len(text))
        text[at : at + 1] = made.chance.choice([[], ["}"], ['"'], ["x"], ["1"]])
        broken = "".join(text)
        theirs = answer(both[1], "SELECT json_valid(?)", (broken,))
        assert answer(both[0], "SELECT json_valid(?)", (broken,)) == theirs, broken
