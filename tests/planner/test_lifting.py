"""Lifting (INV-Q7): a shape with its constants means what the text means."""

from __future__ import annotations

import pytest

from aerodb_dbapi.planner.lifting import insert_rows, shape
from aerodb_dbapi.planner.parse import number_value, parse, parse_shape

LIFTED = [
    ("SELECT a FROM t WHERE b = 5 AND c = 'it''s'", (5, "it's")),
    ("select 1, 'x', (select 2 from u where v = 3) from t where a = 4", (4,)),
    ("select count(*) filter (where a > 5) from t where b > 6", (6,)),
    ("select a from t where b = -5 and c in (1, -2,-3) and d = 4-1", (-5, 1, -2, -3, 4, 1)),
    ("select * from (select a from t where b = 5) where c = 6 group by 1 having a > 7 order by 1 limit 8", (5, 6, 8)),
    ("insert into t(a, b) values (1, 'x'), (.5, 1e3)", (1, "x", 0.5, 1000.0)),
    ("update t set a = 5, b = b - 1 where c = 2 returning a + 1", (5, 1, 2)),
    ("delete from t where a like 'x%' escape '!' and b glob 'y*'", ("x%",)),
    ("select a from t1 join t2 on t1.x2 = 3 join [t 4] x5 where x5.a6 = 7", (3, 7)),
    ("select * from t for system_time as of commit 5 where a = 3", (3,)),
    ("select * from t where cast(a as varchar(10)) = 3 and \"b 7\" = 4", (3, 4)),
    ("select * from t where a = 0x10 and b = x'ab' and c = 5", (5,)),
    ("select * from t where a = 9223372036854775808 and b = -9223372036854775808", (-(1 << 63),)),
    ("select a is not distinct from 5, 6 from t where b = 7", (7,)),
    ("with c as (select 5 from t where a = 6) select * from c where b = ?2 and d = :x and e = 7", (6, 7)),
    ("insert into t values (1, 'x') on conflict (a, 2) where b > 3 do update set c = 4 where d = 5 on conflict do nothing "
     "returning 6", (1, "x", 4, 5)),
    ("SeLeCt 1 FrOm t WhErE a = 2", (2,)),
    ("select a from t where x$where = 5 and :from = 6", (5, 6)),
]  # fmt: skip
COMMENTED = [
    ("select a from t where b = 5 -- c", "select a from t where b = \x02"),
    ("/* x ' */ -- y\n select a from t where b = 5 /* c='x' */ ", "select a from t where b = \x02"),
    ("\n  select a from t", "select a from t"),
    ("select a + 1 from t order by a -- x\n ", "select a + 1 from t order by a"),
    ("delete from t where a = 'x' /* to the end", "delete from t where a = \x02"),
    ("select a + 1 -- x", None),
    ("select conflict + 1 -- x", None),
    ("select a from t union select a + 1 /* x */", None),
    ("insert into t values (1) returning a + 1 /* x */", None),
    ("select a from t where b in (5 /* x */)", None),
    ("select a from t where b = 5 -- x\n;", None),
    ("select a from t where b = 5 -- x\0", None),
    ("\xa0select a from t where b = 5", None),
]
KEPT = [
    "select 1", "select a from t", "select 1; select 2 where a = 3", "select a from t where b = 5 /* c */ and d",
    "select a from t where b = 'x", "pragma x = 5", "create table t(a default 5)", "explain select 1 where a = 2",
    "insert into t values (?) on conflict (a) where b > 2 do nothing", "select a from t where b = $x(1) and c = 5",
    "select a from t where b = 5 and c = '\x02'" + "\x02",
]  # fmt: skip


@pytest.mark.parametrize(("sql", "constants"), LIFTED)
def test_lifted(sql: str, constants: tuple[object, ...]) -> None:
    """INV-Q7: putting the constants back gives the tree of the text itself."""
    key, values = shape(sql)
    assert values == constants
    assert [type(value) for value in values] == [type(value) for value in constants]
    assert key.count("\x02") == len(values)
    parsed, plain = parse_shape(key), parse(sql)
    assert parsed.lifted == len(values)
    assert len(parsed.parameters) - parsed.lifted == len(plain.parameters)
    assert restored(parsed, values) == restored(plain, ())


@pytest.mark.parametrize(("sql", "key"), COMMENTED)
def test_comments_before_and_behind(sql: str, key: str | None) -> None:
    """They are not of the shape, unless they may be of the name of a column."""
    assert shape(sql)[0] == (sql if key is None else key)


def restored(parsed: object, values: tuple[object, ...]) -> str:
    """A tree as text, with lifted parameters replaced and minus signs folded."""
    from sqlglot import exp

    def back(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Parameter):
            place = int(node.name[1:]) - (len(parsed.parameters) - parsed.lifted)
            return literal(values[place]) if place >= 0 else node
        if isinstance(node, exp.Literal) and not node.is_string:
            return literal(number_value(node))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return literal(-number_value(node.this))
        return node

    def literal(value: object) -> exp.Expr:
        return exp.Literal(this=str(value) if isinstance(value, str) else repr(value), is_string=isinstance(value, str))

    tree = parsed.tree.copy()
    for _ in range(2):
        tree = tree.transform(back)
    return repr(tree)


@pytest.mark.parametrize("sql", KEPT)
def test_kept(sql: str) -> None:
    assert shape(sql) == (sql, ())


def test_texts_of_one_shape_share_a_key() -> None:
    first, _ = shape("SELECT a FROM t WHERE b = 5 AND c = 'x'")
    second, _ = shape("SELECT a FROM t WHERE b = -1.5e3 AND c = 'y, z'")
    assert first == second
    assert shape("SELECT 1 FROM t WHERE b = 5")[0] != shape("SELECT 2 FROM t WHERE b = 5")[0]


def test_insert_rows() -> None:
    found = insert_rows("INSERT INTO [t] ([a],b) VALUES (1,'x),('),\n (-2.5, NULL) , (x'ab', 'c') ;")
    assert found == ("INSERT INTO [t] ([a],b) VALUES (\x02,\x02)", [(1, "x),("), (-2.5, None), (b"\xab", "c")])
    assert parse_shape(found[0]).lifted == 2


def test_insert_row() -> None:
    assert insert_rows("INSERT INTO t(a) VALUES ( -1, 'x''y',x'00', null );") == (
        "INSERT INTO t(a) VALUES (\x02,\x02,\x02,\x02)", [(-1, "x'y", b"\0", None)]
    )  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (?)",
        "INSERT INTO t VALUES ()",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO t VALUES (1, 2), (3)",
        "INSERT INTO t VALUES (1), (a)",
        "INSERT INTO t VALUES (1), (?)",
        "INSERT INTO t VALUES (1), (2) RETURNING a",
        "INSERT INTO t VALUES (1), (9223372036854775808)",
        "INSERT INTO t VALUES (1), (1_0)",
        "INSERT INTO t SELECT 1",
        "SELECT 1",
    ],
)
def test_not_rows(sql: str) -> None:
    assert insert_rows(sql) is None
