"""Shapes of texts with lists (INV-Q7): which are gathered, and that they mean what the text means."""

from __future__ import annotations

import pytest

from aerodb_dbapi.planner.lexer import LIFTED_MARK
from aerodb_dbapi.planner.lifting import shape
from aerodb_dbapi.planner.lists import (
    LIST,
    SINGLE,
    gather,
    grouped,
    is_marked,
    is_whole,
    item_count,
    layout_of,
    typical_count,
)
from aerodb_dbapi.planner.parse import parse, parse_shape
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError

MANY = ",".join("?" * 9)
NUMBERS = ", ".join(map(str, range(20)))


def gathered(sql: str) -> tuple[str, tuple[int, ...], tuple[int, ...], int] | None:
    """The shape, the numbers of the user's values and of literals in lists, the number of marks."""
    if is_marked(sql):
        return None
    own = gather(sql, "?", 1000)
    key = shape(sql if own is None else own.key)[0]
    if own is not None and not is_whole(own, key):
        return None
    lifted = gather(key, LIFTED_MARK)
    made = [one for one in (own, lifted) if one is not None]
    counts = [() if one is None else one.counts for one in (own, lifted)]
    return (
        (key if lifted is None else lifted.key, counts[0], counts[1], sum(one.marks for one in made)) if made else None
    )


GATHERED = [
    (f"SELECT a FROM t WHERE b IN ({MANY})", "SELECT a FROM t WHERE b IN (\3\3\3\3)", (9,), ()),
    (f"select a from t where b not in ( {MANY} ) and c=?", "select a from t where b not in ( \3\3\3\3 ) and c=?", (9,), ()),
    (f"select a from t where b in({NUMBERS})", "select a from t where b in(\4\4\4\4\4)", (), (20,)),
    (f"delete from t where a in ({MANY}) or b in ({NUMBERS}) or c = 5 or d in ({MANY})",
     "delete from t where a in (\3\3\3\3) or b in (\4\4\4\4\4) or c = \2 or d in (\3\3\3\3)", (9, 9), (20,)),
    ("insert into t(a, b) values (?, ?), (?, ?) returning a", "insert into t(a, b) values (\5,\5) returning a", (4,), ()),
    ("REPLACE INTO t VALUES (?),(?),(?)", "REPLACE INTO t VALUES (\5)", (3,), ()),
    ("insert into t values (1,'a'),(2,'b') on conflict do update set a = 5",
     "insert into t values (\6,\6) on conflict do update set a = \2", (), (4,)),
]  # fmt: skip
NOT_GATHERED = [
    "select a from t where b in (?,?,?,?,?,?,?)",  # few
    "select a from t where b in (1,?,?,?,?,?,?,?,?)",
    "select a from t where b in (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    f"select a from t where (b, c) in ({', '.join(['(?,?)'] * 9)})",
    f"select a from t where b in ({', '.join(['(?)'] * 9)})",
    f"select a from t where min({MANY}) = 1",
    "insert into t values (?, ?), (?, 5)",
    "insert into t values (?, ?), (?,?)",  # written otherwise
    "insert into t values (?, ?), (?, ?), (?, 5)",
    "insert into t values (?, ?)",
    "select * from (values (?, ?), (?, ?))",
    f"select a from t where b in ({MANY}) and c = '\3'" + "\3",
    f"select '\4' from t where b in ({MANY})",
    f"select a from t where b in ({','.join('?' * 1001)})",  # too many
    f"select a from t where b = 'in ({MANY})' and c = 5",
]
UNFIT = [
    f"select 'a in ({MANY})' from t",
    f'select "in ({MANY})" from t',
    f"select a from t where b in ({MANY}) /* in ({MANY}) */ and c = 1",
    f"select a from t where b in ({MANY}) and c = :name",
    f"select a from t where b in ({MANY}) and c = ?3",
    f"select a from t where b in ({MANY}) and $IN({MANY}) = 1",
]


@pytest.mark.parametrize(("sql", "key", "own", "lifted"), GATHERED)
def test_gathered(sql: str, key: str, own: tuple[int, ...], lifted: tuple[int, ...]) -> None:
    made = gathered(sql)
    assert made is not None
    assert made[:3] == (key, own, lifted)
    parsed = parse_shape(made[0], made[3])
    codes = layout_of(parsed.lists, len(parsed.parameters), parsed.lifted)
    assert sum(code != SINGLE for code in codes[0]) == len(own)
    assert sum(code != SINGLE for code in codes[1]) == len(lifted)
    shaped, plain = parse_shape(shape(sql)[0]), parse(sql)
    assert len(plain.parameters) == sum(code == SINGLE for code in codes[0]) + sum(own)
    assert shaped.lifted == sum(code == SINGLE for code in codes[1]) + sum(lifted)


@pytest.mark.parametrize("sql", NOT_GATHERED)
def test_not_gathered(sql: str) -> None:
    assert gathered(sql) is None


@pytest.mark.parametrize("sql", UNFIT)
def test_what_only_looks_like_a_list_does_not_fit(sql: str) -> None:
    made = gathered(sql)
    assert made is not None
    with pytest.raises(NotSupportedError):
        parse_shape(made[0], made[3])


def test_layout_and_values() -> None:
    """Single values, lists and rows, in the order of their slots."""
    made = gathered(
        f"insert into t values (?, ?), (?, ?) on conflict do update set a = ? where b in ({MANY}) and c = 7"
    )
    assert made is not None
    parsed = parse_shape(made[0], made[3])
    own, lifted = layout_of(parsed.lists, len(parsed.parameters), parsed.lifted)
    assert (own, lifted) == ((2, SINGLE, LIST), (SINGLE,))
    assert grouped(tuple(range(14)), own, made[1]) == ([(0, 1), (2, 3)], 4, (5, 6, 7, 8, 9, 10, 11, 12, 13))
    assert grouped((7,), lifted, made[2]) == (7,)


def test_numbers_of_items() -> None:
    """A plan for a list is good for all lists of as many bits; what is written out counts as much."""
    assert [typical_count(n.bit_length()) for n in (8, 15, 16, 100, 500)] == [12, 12, 24, 96, 384]
    assert [item_count([None] * n) for n in (1, 7, 8, 100)] == [1, 7, 12, 96]


def test_marks_are_tokens_of_shapes_alone() -> None:
    for mark in "\2\3\4\5\6":
        with pytest.raises(OperationalError, match="unrecognized token"):
            parse(f"select {mark}{mark}")
