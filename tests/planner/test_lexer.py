"""The lexer: SQLite's tokens, SQLite's errors."""

from __future__ import annotations

import pytest

from aerodb_dbapi.planner.lexer import (
    BAD,
    END,
    FLOAT,
    HEX,
    INTEGER,
    NAME,
    first_word,
    skip_space,
    tokenize,
    unquote,
)
from aerodb_dbapi.storage.errors import OperationalError


def texts(sql: str) -> list[str]:
    return [token[1] for token in tokenize(sql)][:-1]


def kinds(sql: str) -> list[str]:
    return [token[0] for token in tokenize(sql)][:-1]


def test_tokens_slice_the_text() -> None:
    sql = "SELECT a.b, 'it''s' /* c */ FROM \"t x\" -- end"
    assert all(sql[start:end] == text for _, text, start, end in tokenize(sql))
    assert texts(sql) == ["SELECT", "a", ".", "b", ",", "'it''s'", "FROM", '"t x"']


def test_kinds() -> None:
    assert kinds("select qualify [x] `y` \"z\" 'w' x'ab'") == [
        "SELECT", "name", "bracketed", "bracketed", "quoted", "string", "blob",
    ]  # fmt: skip
    assert kinds("1 1.5 .5 1. 1e5 1.e-3 0x1F") == ["integer", "float", "float", "float", "float", "float", "hex"]
    assert kinds("? ?1 :a @b $c::d(x)") == ["parameter"] * 5
    assert kinds("->> -> || << >> <= >= <> == !=") == ["->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "==", "!="]
    assert kinds("ünïcode ıf") == ["name", "name"]


@pytest.mark.parametrize(
    "bad",
    ["12a3", "1__0", "1_", "0x", "1e", "'abc", '"abc', "`a", "[a", "x'1'", "x'ag'", "!", ":", "@", "\x01", "'a''"],
)
def test_unrecognized_tokens(bad: str) -> None:
    with pytest.raises(OperationalError) as caught:
        tokenize(f"SELECT {bad}")
    assert str(caught.value) == f'unrecognized token: "{bad}"'


def test_comments_are_space() -> None:
    assert texts("a--x\nb/*y*/c/* open") == ["a", "b", "c"]
    assert skip_space("  -- x\n /* y */ z") == 16
    assert first_word(" /* x */ select 1") == "SELECT"
    assert first_word("-- only") == ""


def test_unquote() -> None:
    assert [unquote(text) for text in ("'a''b'", '"a""b"', "[a b]", "`a``b`", "plain")] == [
        "a'b", 'a"b', "a b", "a`b", "plain",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"), [("1_000", INTEGER), ("1_0.5_0e1_0", FLOAT), (".1_2", FLOAT), ("0x1_F", HEX)]
)
def test_separators_between_digits(text: str, kind: str) -> None:
    assert [token[:2] for token in tokenize(f"SELECT {text} + 1")][1:3] == [(kind, text), ("+", "+")]


def test_the_grammar_may_find_a_mistake_before_what_is_no_token() -> None:
    assert [token[0] for token in tokenize("SELEC 'a", strict=False)] == [NAME, BAD, END]
