"""Parsing: kinds, parameters, errors, and trees that keep what sqlglot alone would lose."""

from __future__ import annotations

import pytest
from sqlglot import exp

from aerodb_dbapi.planner.parse import (
    cast_affinity,
    collation_name,
    number_value,
    parameter_slot,
    parse,
    parse_expression,
    parse_select,
)
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError


@pytest.mark.parametrize(
    ("sql", "kind", "conflict"),
    [
        ("select 1", "select", None),
        ("VALUES (1)", "select", None),
        ("with a as (select 1) select * from a;", "select", None),
        ("insert or ignore into t values (1)", "insert", "IGNORE"),
        ("replace into t values (1)", "insert", "REPLACE"),
        ("update or fail t set a = 1", "update", "FAIL"),
        ("delete from t", "delete", None),
        ("", "empty", None),
        (" -- only\n;", "empty", None),
    ],
)
def test_kinds(sql: str, kind: str, conflict: str | None) -> None:
    parsed = parse(sql)
    assert (parsed.kind, parsed.conflict) == (kind, conflict)


@pytest.mark.parametrize(
    ("sql", "names", "slots"),
    [
        ("select ?, ?", [None, None], [0, 1]),
        ("select ?1, ?, :a, ?5, ?, :a", ["?1", None, ":a", None, "?5", None], [0, 1, 2, 4, 5, 2]),
        ("select @a, $a, :a, @a", ["@a", "$a", ":a"], [0, 1, 2, 0]),
        ("select a from t limit ?, ?", [None, None], [1, 0]),
    ],
)
def test_parameters(sql: str, names: list[str | None], slots: list[int]) -> None:
    parsed = parse(sql)
    assert parsed.parameters == names
    found = [parameter_slot(node) for node in parsed.tree.find_all(exp.Parameter)]
    assert sorted(found) == sorted(slots)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1F", 31), ("0xFFFFFFFFFFFFFFFF", -1), ("1e5", 1e5), (".5", 0.5), ("1.", 1.0), ("007", 7),
        ("9223372036854775807", (1 << 63) - 1), ("9223372036854775808", 9223372036854775808.0),
        ("-9223372036854775808", -(1 << 63)), ("-(9223372036854775808)", -(1 << 63)),
    ],
)  # fmt: skip
def test_numbers(text: str, value: float) -> None:
    got = number_value(parse_expression(text))
    assert (got, type(got)) == (value, type(value))


def test_other_literals() -> None:
    assert parse_expression("x'aBcd'").this.lower() == "abcd"
    assert parse_expression("'it''s'").this == "it's"
    assert parse_expression('"q"').this.this == "\x01q"
    assert parse_expression("[q]").this.this == "q"
    assert isinstance(parse_expression("null"), exp.Null)
    assert cast_affinity(parse_expression("cast(1 as unsigned big int)")) == "INTEGER"
    assert cast_affinity(parse_expression("cast(1 as)")) == "NUMERIC"
    assert collation_name(parse_expression('a collate "noCase"')) == "noCase"
    assert collation_name(parse_expression("a collate any")) == "any"


def test_functions_keep_their_names() -> None:
    names = ["ifnull", "iif", "substr", "len", "max", "char", "like", "replace", "date_trunc", "MiN", "json_extract"]
    tree = parse("select " + ", ".join(f"{name}(a, b)" for name in names)).tree
    assert [item.this.name for item in tree.expressions] == [f"f${name}" for name in names]
    assert all(type(item.this) is exp.Anonymous for item in tree.expressions)


def names_of(sql: str) -> list[str]:
    return [item.alias for item in parse(sql).tree.expressions]


def test_column_names_are_the_text() -> None:
    """INV-Q6."""
    assert names_of("select a+1 /*c*/ , b  ||'x' , t.a, *, t.*, a as z, a 'q', (a), ( 1 ), count( * ) from t") == [
        "\x00a+1 /*c*/", "\x00b  ||'x'", "", "", "", "z", "q", "", "\x00( 1 )", "\x00count( * )",
    ]  # fmt: skip
    nested = parse("select * from (select a + 1 from t) where b in (select 2)").tree
    assert [s.expressions[0].alias for s in nested.find_all(exp.Select)][1:] == ["\x00a + 1", "\x002"]
    returning = parse("delete from t returning a + 1, a").tree.args["returning"].expressions
    assert [item.alias for item in returning] == ["\x00a + 1", ""]


def test_joins_stay_in_order() -> None:
    tree = parse("select * from a, b left join c on 1 cross join d join e natural join f full join g using (x)").tree
    joins = [(j.this.name, j.kind, j.side, j.method, j.args.get("on") is not None) for j in tree.args["joins"]]
    assert joins == [
        ("b", "INNER", "", "", True), ("c", "", "LEFT", "", True), ("d", "CROSS", "", "", False),
        ("e", "INNER", "", "", True), ("f", "INNER", "", "NATURAL", False), ("g", "", "FULL", "", False),
    ]  # fmt: skip


def test_as_of() -> None:
    tree = parse("select * from t for system_time as of commit 5 as x join u for system_time as of commit ? y").tree
    first, second = tree.find_all(exp.Table)
    assert (first.alias, first.args["version"].expression.this) == ("x", "5")
    assert (second.alias, parameter_slot(second.args["version"].expression)) == ("y", 0)
    assert parse("select * from t for").tree.args["from_"].this.alias == "for"


def test_forms() -> None:
    assert parse("select a in () from t").tree.find(exp.In).expressions == []
    assert parse("select a in u from t").tree.find(exp.In).args["query"].find(exp.Table).name == "u"
    listed = parse("select a in ((select 1)) from t").tree.find(exp.In)
    assert isinstance(listed.expressions[0], exp.Cbrt)
    assert isinstance(parse("values (1), (2)").tree, exp.Values)
    assert isinstance(parse("select * from (values (1)) v").tree.args["from_"].this, exp.Values)
    compound = parse("values (1) union all select 2 except values (3)").tree
    assert isinstance(compound, exp.Except)
    assert isinstance(compound.this, exp.Union)
    assert compound.find(exp.Values) is not None
    limited = parse("select 1 limit 2, 3 + 4").tree
    assert number_value(limited.args["offset"].expression) == 2
    assert parse("insert into t default values").tree.args["default"]
    upsert = parse(
        "insert into t values (1) on conflict (a, b) where c do update set a = 2 where d on conflict do nothing"
    )
    (target, update), last = upsert.upserts
    assert (len(target.expressions), target.args["where"].this.name) == (2, "c")
    assert (len(update.expressions), update.args["where"].this.name) == (1, "d")
    assert last == (None, None)
    cte = parse("with recursive c(n) as not materialized (select 1) select * from c").tree.args["with_"]
    assert cte.recursive
    assert cte.expressions[0].args["materialized"] is False


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select", "incomplete input"),
        ("selec 1", 'near "selec": syntax error'),
        ("select 1 from t where", "incomplete input"),
        ("select a b c from t", 'near "c": syntax error'),
        ("(select 1)", 'near "(": syntax error'),
        ("select 1)", 'near ")": syntax error'),
        ("select 'abc", 'unrecognized token: "\'abc"'),
        ("select 12a3", 'unrecognized token: "12a3"'),
        ("select 0xfffffffffffffffff", "hex literal too big: 0xfffffffffffffffff"),
        ("select ?0", "variable number must be between ?1 and ?250000"),
        ("values (1), (2, 3)", "all VALUES must have the same number of terms"),
        ("select 1 order by 1 union select 2", "ORDER BY clause should come after UNION not before"),
        ("select * from t left cross join t", "unknown join type: left cross"),
        ("select * from t as x(a, b)", 'near "(": syntax error'),
        ("insert into t values (1, default)", 'near "default": syntax error'),
        ("select \x02", 'unrecognized token: "\x02"'),
        ("delete t", 'near "t": syntax error'),
    ],
)
def test_errors_as_sqlite(sql: str, message: str) -> None:
    with pytest.raises(OperationalError) as caught:
        parse(sql)
    assert str(caught.value) == message


def test_one_statement_at_a_time() -> None:
    with pytest.raises(ProgrammingError, match="You can only execute one statement at a time"):
        parse("select 1; select 2")
    assert parse("select 1; -- done").kind == "select"


def test_depth() -> None:
    deep = parse("select " + "(" * 90 + "1" + ")" * 90).tree
    assert number_value(deep.expressions[0].this) == 1
    with pytest.raises(OperationalError, match="parser stack overflow"):
        parse("select " + "abs(" * 5000 + "1" + ")" * 5000)
    assert parse("select " + "+".join(["1"] * 900)).kind == "select"


def test_stored_texts() -> None:
    assert parse_select("select a from t").find(exp.Table).name == "t"
    for read in (parse_expression, parse_select):
        with pytest.raises(OperationalError, match="parameters are not allowed"):
            read("select ?" if read is parse_select else "a > ?")
    with pytest.raises(OperationalError, match='near "b"'):
        parse_expression("a b")
