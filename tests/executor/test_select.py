"""Query blocks: access paths, joins, groups, sorting, compounds, subqueries; built by hand, compared with sqlite3."""

from __future__ import annotations

import random
from typing import Any

import pytest
from codegen_support import SESSION, Data, cmp, col, const, out, run, scan, select, star, stepped, text

from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.query import (
    Compound,
    Grouping,
    HashLookup,
    IndexScan,
    Join,
    Order,
    Query,
    QuerySource,
    Recursive,
    RecursiveSource,
    RowidIn,
    RowidPoint,
    RowidRange,
    RowsSource,
    Step,
    Values,
)
from aerodb_dbapi.storage.errors import IntegrityError, OperationalError

TEXT = ["a", "A", "b", None, "c", "5"]


@pytest.fixture(name="data", scope="module")
def _data() -> Data:
    data = Data()
    chance = random.Random(3)
    rows = [
        (i if i < 400 else i * 3, chance.choice([1, 2, 3.5, None, "x", b"y"]), chance.choice(TEXT), chance.random())
        for i in range(1, 701)
    ]
    data.table("t", ["id INTEGER", "a", "b TEXT", "c REAL"], rows, alias=0)
    data.table("u", ["k INTEGER", "n TEXT COLLATE NOCASE"], [(i % 9 or None, chance.choice(TEXT)) for i in range(60)])
    for name, table, *columns in (
        ("t_a", "t", "a"), ("t_ad", "t", "a DESC"), ("t_bc", "t", "b", "c DESC"), ("u_n", "u", "n"), ("u_k", "u", "k"),
    ):  # fmt: skip
        data.index(name, table, *columns)
    return data


def _theirs(data: Data, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    return data.sqlite.execute(sql, params).fetchall()


# --- Access paths -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", [1, 399, 400, 2100, 0, -1, 5.0, 5.5, "7", "7.0", " 8 ", "x", b"7", None, 10**30, float("inf")]
)
def test_rowid_point(data: Data, key: Any) -> None:
    source = data.source("t")
    query = stepped(star(source), Step(source, RowidPoint(key=e.Parameter(0))))
    expected = _theirs(data, "SELECT * FROM t WHERE id = ?", (key,)) if key != 10**30 else []
    assert run(query, data, (key,)) == expected


def test_rowid_in(data: Data) -> None:
    source = data.source("t")
    items = tuple(map(const, (7, "3", 3, None, 9999, 5.0, "x")))
    assert run(stepped([col(source, "id")], Step(source, RowidIn(items=items))), data) == [(3,), (5,), (7,)]
    inner = data.source("u")
    query = select([col(inner, "k")], inner)
    other = data.source("t")
    assert run(stepped([col(other, "id")], Step(other, RowidIn(query=query))), data) == [(i,) for i in range(1, 9)]


@pytest.mark.parametrize("low", [None, 10, 10.5, "20", "x", b"", 5000])
@pytest.mark.parametrize("high", [None, 30, 30.0, "25", "x", b"", -5])
def test_rowid_range(data: Data, low: Any, high: Any) -> None:
    for lower_open in (False, True):
        source = data.source("t")
        access = RowidRange(
            lower=None if low is None else e.Parameter(0), lower_open=lower_open,
            upper=None if high is None else e.Parameter(1), upper_open=not lower_open, reverse=lower_open,
        )  # fmt: skip
        where = [f"id {'>' if lower_open else '>='} ?1"] if low is not None else []
        where += [f"id {'<=' if lower_open else '<'} ?2"] if high is not None else []
        sql = f"SELECT id FROM t WHERE {' AND '.join(['1', *where])} ORDER BY id{' DESC' if lower_open else ''}"
        params = (low, high)[: 2 if high is not None else 1]
        ours = run(stepped([col(source, "id")], Step(source, access)), data, (low, high))
        assert ours == _theirs(data, sql, params if where else ())


@pytest.mark.parametrize("index", ["t_a", "t_ad"])
@pytest.mark.parametrize("low", [None, 1, 2.0, "a", b""])
@pytest.mark.parametrize("high", [None, 3, "x", b"z"])
def test_index_range(data: Data, index: str, low: Any, high: Any) -> None:
    for covering, reverse in ((False, False), (True, False), (False, True)):
        source = data.source("t")
        access = IndexScan(
            index=data.indexes[index], lower=None if low is None else const(low), lower_open=True,
            upper=None if high is None else const(high), covering=covering, reverse=reverse,
        )  # fmt: skip
        ours = run(stepped([col(source, "a"), col(source, "id")], Step(source, access)), data)
        where = ([f"a > {_literal(low)}"] if low is not None else []) + (
            [f"a <= {_literal(high)}"] if high is not None else []
        )
        theirs = _theirs(data, f"SELECT a, id FROM t WHERE {' AND '.join(['1', *where])}")
        assert sorted(map(repr, ours)) == sorted(map(repr, theirs))


def _literal(value: Any) -> str:
    return f"x'{value.hex()}'" if isinstance(value, bytes) else repr(value)


@pytest.mark.parametrize("key", [1, 3.5, "x", b"y", "nothing", None])
def test_index_equality(data: Data, key: Any) -> None:
    for name in ("t_a", "t_ad"):
        source = data.source("t")
        access = IndexScan(index=data.indexes[name], equal=(e.Parameter(0),), apply=(None,))
        ours = run(stepped([col(source, "id")], Step(source, access)), data, (key,))
        assert sorted(ours) == sorted(_theirs(data, "SELECT id FROM t WHERE a = ?", (key,)))
        listed = IndexScan(
            index=data.indexes[name], equal=(None,), apply=(None,), lists={0: tuple(map(const, (key, 1, key, None)))}
        )
        source = data.source("t")
        ours = run(stepped([col(source, "id")], Step(source, listed)), data)
        assert sorted(ours) == sorted(_theirs(data, "SELECT id FROM t WHERE a IN (?, 1)", (key,)))
    source = data.source("t")
    empty = IndexScan(index=data.indexes["t_a"], equal=(None,), apply=(None,))
    assert (
        len(run(stepped([col(source, "id")], Step(source, empty)), data))
        == _theirs(data, "SELECT count(*) FROM t WHERE a IS NULL")[0][0]
    )


def test_index_prefix_then_range_and_collation(data: Data) -> None:
    source = data.source("t")
    access = IndexScan(
        index=data.indexes["t_bc"],
        equal=(const("a"),),
        apply=("TEXT",),
        lower=const(0.25),
        upper=const(0.75),
        upper_open=True,
    )
    ours = run(stepped([col(source, "c"), col(source, "id")], Step(source, access)), data)
    assert ours == _theirs(data, "SELECT c, id FROM t WHERE b = 'a' AND c >= 0.25 AND c < 0.75 ORDER BY c DESC")
    other = data.source("u")
    access = IndexScan(index=data.indexes["u_n"], equal=(const("A"),), apply=("TEXT",))
    ours = run(stepped([col(other, "n")], Step(other, access)), data)
    assert sorted(ours) == sorted(_theirs(data, "SELECT n FROM u WHERE n = 'A'"))


# --- Joins ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["inner", "left"])
def test_join_by_every_path(data: Data, kind: str) -> None:
    word = "LEFT JOIN" if kind == "left" else "JOIN"
    theirs = _theirs(
        data, f"SELECT u.rowid, t.id, t.c FROM u {word} t ON t.id = u.k WHERE u.n IS NOT 'b' ORDER BY 1, 2"
    )
    point = RowidPoint
    for path in ("scan", "point", "hash", "range"):
        u, t = data.source("u"), data.source("t")
        on: list[e.Expression] = [cmp("=", col(t, "id"), col(u, "k"))]
        access: Any = {
            "scan": scan(t).access, "point": point(key=col(u, "k")),
            "hash": HashLookup(probe=(col(u, "k"),), build=(col(t, "id"),), apply=((None, None),), orders=("BINARY",)),
            "range": RowidRange(lower=col(u, "k"), upper=col(u, "k")),
        }[path]  # fmt: skip
        if path == "hash":
            on = []
        step = Step(t, access, kind, on, [cmp("IS NOT", col(u, "n"), "b", order="NOCASE")])
        ours = run(stepped([col(u, "rowid"), col(t, "id"), col(t, "c")], scan(u), step), data)
        assert sorted(ours, key=repr) == sorted(theirs, key=repr), path


def test_hash_join_with_affinity_collation_and_filter(data: Data) -> None:
    u, t = data.source("u"), data.source("t")
    look = HashLookup(
        probe=(col(u, "n"), col(u, "k")), build=(col(t, "b"), col(t, "a")),
        apply=((None, None), ("NUMERIC", "NUMERIC")),
        orders=("NOCASE", "BINARY"), build_filters=[cmp("<", col(t, "c"), 0.5)],
    )  # fmt: skip
    ours = run(stepped([col(u, "rowid"), col(t, "id")], scan(u), Step(t, look)), data)
    theirs = _theirs(data, "SELECT u.rowid, t.id FROM u JOIN t ON u.n = t.b AND u.k = t.a WHERE t.c < 0.5")
    assert sorted(ours) == sorted(theirs)


# --- Groups -----------------------------------------------------------------------------------------------------------

CALLS = [
    "count(*)",
    "count(x)",
    "sum(x)",
    "avg(x)",
    "total(x)",
    "min(x)",
    "max(x)",
    "group_concat(x)",
    "count(DISTINCT x)",
]


def _call(sql: str, argument: e.Expression) -> e.AggregateCall:
    name, inside = sql[:-1].split("(")
    return e.AggregateCall(name, () if inside == "*" else (argument,), inside.startswith("DISTINCT"))


@pytest.mark.parametrize("keys", [[], ["b"], ["b", "a"]])
@pytest.mark.parametrize("joined", [False, True])
def test_aggregates(data: Data, keys: list[str], joined: bool) -> None:
    t, u = data.source("t"), data.source("u")
    argument = "id" if joined else "a"
    calls = [call for call in CALLS if "concat" not in call or not joined]
    group = Grouping(
        id=90, keys=[col(t, key) for key in keys], calls=[_call(call, col(t, argument)) for call in calls], bare=[],
        orders=["BINARY"] * len(keys),
    )  # fmt: skip
    columns = [e.Column(90, i) for i in range(len(keys) + len(calls))]
    steps = [scan(t, filters=[cmp(">", col(t, "c"), 0.3)])]
    if joined:
        steps.append(scan(u, filters=[cmp("=", col(u, "n"), col(t, "b"), order="NOCASE")]))
    ours = run(stepped(columns, *steps, group=group), data)
    listed = ", ".join(
        [*keys, *(call.replace("x", argument) if "max" not in call else f"max({argument})" for call in calls)]
    )
    where = "FROM t CROSS JOIN u WHERE c > 0.3 AND u.n = b" if joined else "FROM t WHERE c > 0.3"
    theirs = _theirs(data, f"SELECT {listed} {where}{' GROUP BY ' + ', '.join(keys) if keys else ''}")
    assert [tuple(map(_rounded, row)) for row in ours] == [tuple(map(_rounded, row)) for row in theirs]


def _rounded(value: Any) -> Any:
    return round(value, 9) if isinstance(value, float) else value


def test_groups_of_nothing(data: Data) -> None:
    t = data.source("t")
    group = Grouping(id=91, keys=[], calls=[_call(call, col(t, "a")) for call in CALLS], bare=[col(t, "b")], orders=[])
    columns = [e.Column(91, i) for i in range(len(CALLS) + 1)]
    query = select(columns, t, where=[cmp("<", col(t, "id"), 0)], group=group)
    assert run(query, data) == [(0, 0, None, None, 0.0, None, None, None, 0, None)]
    group.keys, group.orders = [col(t, "b")], ["BINARY"]
    assert run(select(columns, t, where=[cmp("<", col(t, "id"), 0)], group=group), data) == []


def test_bare_columns_and_having(data: Data) -> None:
    t = data.source("t")
    group = Grouping(
        id=92, keys=[col(t, "b")], calls=[_call("max(x)", col(t, "c"))], bare=[col(t, "id")], orders=["BINARY"]
    )
    columns = [e.Column(92, i) for i in range(3)]
    query = select(
        columns, t, group=group, having=[cmp("<>", columns[0], "c")], order_by=[Order(out(1), True)], limit=const(3)
    )
    assert run(query, data) == _theirs(
        data, "SELECT b, max(c), id FROM t GROUP BY b HAVING b <> 'c' ORDER BY 2 DESC LIMIT 3"
    )


def test_group_key_under_collation(data: Data) -> None:
    u = data.source("u")
    group = Grouping(id=93, keys=[col(u, "n")], calls=[e.AggregateCall("count", ())], bare=[], orders=["NOCASE"])
    ours = run(select([e.Column(93, 0), e.Column(93, 1)], u, group=group), data)
    assert ours == _theirs(data, "SELECT n, count(*) FROM u GROUP BY n")


def test_integer_overflow_in_sum() -> None:
    data = Data()
    data.table("t", ["a"], [(2**63 - 1,), (1,)])
    for keys in ([], ["a"]):
        t = data.source("t")
        group = Grouping(
            id=94,
            keys=[const(1) for _ in keys],
            calls=[_call("sum(x)", col(t, "a"))],
            bare=[],
            orders=["BINARY"] * len(keys),
        )
        with pytest.raises(OperationalError, match=r"^integer overflow$"):
            run(select([e.Column(94, len(keys))], t, group=group), data)


def test_user_aggregate(data: Data) -> None:
    class Longest:
        def __init__(self) -> None:
            self.best = ""

        def step(self, value: Any, other: Any) -> None:
            self.best = max(self.best, f"{value}{other}")

        def finalize(self) -> str:
            return self.best

    t = data.source("t")
    call = e.AggregateCall("sum", (col(t, "b"), col(t, "a")), factory=Longest)
    group = Grouping(id=95, keys=[], calls=[call], bare=[], orders=[])
    assert run(select([e.Column(95, 0)], t, group=group), data) == [
        (max(f"{b}{a}" for b, a in _theirs(data, "SELECT b, a FROM t")),)
    ]


# --- Sorting, DISTINCT, LIMIT -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, 5, 0, -1])
@pytest.mark.parametrize(
    "terms", ["1", "1 DESC", "2 DESC, 1", "b COLLATE NOCASE, id DESC", "1 NULLS LAST, id", "id % 7, id"]
)
def test_order_by(data: Data, terms: str, limit: int | None) -> None:
    t = data.source("t")
    made = []
    for term in terms.split(", "):
        words = term.split()
        if words[0].isdigit():
            key: e.Expression = out(int(words[0]) - 1)
        elif "%" in words:
            key = e.Binary("%", col(t, "id"), const(7))
        else:
            key = col(t, words[0])
        order = "NOCASE" if "NOCASE" in term else "BINARY"
        made.append(Order(key, "DESC" in words, order, False if "LAST" in words else None))
    columns = [col(t, "a"), e.Binary("||", col(t, "b"), const("!")), col(t, "id")]
    cut = {} if limit is None else {"limit": const(limit), "offset": const(2)}
    ours = run(select(columns, t, order_by=made, **cut), data)
    sql = f"SELECT a, b || '!', id FROM t ORDER BY {terms}, id"
    if "id" not in terms:
        made.append(Order(col(t, "id")))
        ours = run(select(columns, t, order_by=made, **cut), data)
    assert ours == _theirs(data, sql + ("" if limit is None else f" LIMIT {limit} OFFSET 2"))


def test_distinct(data: Data) -> None:
    t = data.source("t")
    assert run(select([col(t, "a")], t, distinct=True), data) == _theirs(data, "SELECT DISTINCT a FROM t")
    u = data.source("u")
    folded = run(select([col(u, "n")], u, distinct=True, distinct_orders=["NOCASE"]), data)
    assert folded == _theirs(data, "SELECT DISTINCT n FROM u")
    limited = select([col(t, "b")], t, distinct=True, order_by=[Order(out(0))], limit=const(2), offset=const(1))
    assert run(limited, data) == _theirs(data, "SELECT DISTINCT b FROM t ORDER BY b LIMIT 2 OFFSET 1")


@pytest.mark.parametrize("limit", [5.5, "a", None, b"1"])
def test_limit_must_be_an_integer(data: Data, limit: Any) -> None:
    t = data.source("t")
    with pytest.raises(IntegrityError, match=r"^datatype mismatch$"):
        run(select([col(t, "id")], t, limit=e.Parameter(0)), data, (limit,))
    assert len(run(select([col(t, "id")], t, limit=e.Parameter(0)), data, ("3",))) == 3


def test_limit_and_offset_of_streams(data: Data) -> None:
    t, u = data.source("t"), data.source("u")
    for limit, offset in ((3, 0), (300, 290), (10, 690), (-1, 695), (5, 9999), (0, 0)):
        cut = {"limit": const(limit), "offset": const(offset)}
        sql = f" LIMIT {limit} OFFSET {offset}"
        assert run(select([col(t, "id")], t, **cut), data) == _theirs(data, "SELECT id FROM t" + sql)
        ours = run(stepped([col(t, "id"), col(u, "k")], scan(t), scan(u), **cut), data)
        assert ours == _theirs(data, "SELECT id, k FROM t CROSS JOIN u" + sql)


# --- Compounds, VALUES, subqueries ------------------------------------------------------------------------------------


def _query(kind: Any, width: int, *arguments: Any, **more: Any) -> Any:
    return kind([""] * width, [None] * width, [None] * width, [None] * width, *arguments, **more)


@pytest.mark.parametrize("op", ["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
@pytest.mark.parametrize("order", ["", " ORDER BY 1 DESC", " LIMIT 4 OFFSET 1"])
def test_compound(data: Data, op: str, order: str) -> None:
    t, u = data.source("t"), data.source("u")
    left, right = select([col(t, "a")], t), select([col(u, "k")], u)
    more: dict[str, Any] = {"order_by": [Order(out(0), True)]} if "ORDER" in order else {}
    if "LIMIT" in order:
        more = {"limit": const(4), "offset": const(1)}
    ours = run(_query(Compound, 1, op, left, right, ["BINARY"], **more), data)
    assert ours == _theirs(data, f"SELECT a FROM t {op} SELECT k FROM u{order}")


def test_many_arms() -> None:
    query: Query = _query(Values, 1, [(const(0),)])
    for i in range(1, 700):
        query = _query(Compound, 1, "UNION ALL", query, _query(Values, 1, [(const(i),)]), ["BINARY"])
    assert run(query) == [(i,) for i in range(700)]


def test_values_and_rows_source() -> None:
    assert run(_query(Values, 2, [(const(1), const("a")), (const(None), e.Parameter(0))]), None, (7,)) == [
        (1, "a"),
        (None, 7),
    ]
    source = RowsSource(id=1, name="r", rows=lambda session: [(session is SESSION, 2)], width=2)
    assert run(select([e.Column(1, 0), e.Column(1, 1)], source)) == [(True, 2)]


def test_query_source_first_and_inner(data: Data) -> None:
    u, t = data.source("u"), data.source("t")
    inner = QuerySource(
        id=40, name="q", query=select([col(u, "k"), col(u, "n")], u, where=[cmp("=", col(u, "n"), "b", order="NOCASE")])
    )
    ours = run(select([e.Column(40, 0), e.Column(40, 1)], inner), data)
    assert ours == _theirs(data, "SELECT k, n FROM u WHERE n = 'b'")
    joined = stepped([col(t, "id")], scan(t), scan(inner, filters=[cmp("=", e.Column(40, 0), col(t, "id"))]))
    assert sorted(run(joined, data)) == sorted(_theirs(data, "SELECT id FROM t, u WHERE n = 'b' AND k = id"))


def test_shared_query_runs_once(data: Data) -> None:
    calls: list[int] = []

    def rows(session: Any) -> list[tuple[int]]:
        calls.append(1)
        return [(1,), (2,)]

    source = RowsSource(id=30, name="r", rows=rows, width=1)
    query = select([e.Column(30, 0)], source)
    one = QuerySource(id=31, name="a", query=query, shared=True)
    two = QuerySource(id=32, name="b", query=query, shared=True)
    made = select([e.Column(31, 0), e.Column(32, 0)], one, two)
    assert len(run(made, data)) == 4 and len(calls) == 1


def test_subqueries(data: Data) -> None:
    t = data.source("t")

    def inner(where: Any = None, *columns: Any) -> Any:
        u = data.source("u")
        return select([col(u, name) for name in columns or ("k",)], u, where=[where(u)] if where else [])

    def same(u: Any) -> e.Expression:
        return cmp("=", col(u, "k"), col(t, "id"))

    for sql, test in (
        ("EXISTS (SELECT k FROM u WHERE k = t.id)", e.Exists(inner(same))),
        ("NOT EXISTS (SELECT k FROM u WHERE k = t.id)", e.Exists(inner(same), True)),
        ("id IN (SELECT k FROM u)", e.InQuery((col(t, "id"),), inner())),
        ("id NOT IN (SELECT k FROM u)", e.InQuery((col(t, "id"),), inner(), True)),
        ("id NOT IN (SELECT k FROM u WHERE k < 5)",
         e.InQuery((col(t, "id"),), inner(lambda u: cmp("<", col(u, "k"), 5)), True)),
        ("(id, b) IN (SELECT k, n FROM u)",
         e.InQuery((col(t, "id"), col(t, "b")), inner(None, "k", "n"), order=("BINARY", "BINARY"))),
        ("a < (SELECT k FROM u WHERE k > 1)",
         cmp("<", col(t, "a"), e.ScalarQuery(inner(lambda u: cmp(">", col(u, "k"), 1))))),
        ("(SELECT n FROM u WHERE k = t.id) = 'b' COLLATE BINARY", cmp("=", e.ScalarQuery(inner(same, "n")), "b")),
    ):  # fmt: skip
        ours = run(select([col(t, "id")], t, where=[test]), data)
        assert ours == _theirs(data, f"SELECT id FROM t WHERE {sql}"), sql


def test_subquery_inside_subquery(data: Data) -> None:
    t, u, v = data.source("t"), data.source("u"), data.source("u")
    deepest = select([const(1)], v, where=[cmp("=", col(v, "k"), col(u, "k")), cmp("<", col(v, "rowid"), col(t, "id"))])
    query = select(
        [col(t, "id")],
        t,
        where=[e.Exists(select([const(1)], u, where=[cmp("=", col(u, "k"), col(t, "a")), e.Exists(deepest)]))],
    )
    inner = "EXISTS (SELECT 1 FROM u v WHERE v.k = u.k AND v.rowid < t.id)"
    sql = f"SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.a AND {inner})"
    assert run(query, data) == _theirs(data, sql)


def test_uncorrelated_subquery_is_lazy(data: Data) -> None:
    u, t = data.source("u"), data.source("t")
    fails = e.Call("fail", (col(u, "k"),), lambda value: 1 // 0)
    test = cmp("=", col(t, "id"), e.ScalarQuery(select([fails], u)))
    assert run(select([col(t, "id")], t, where=[cmp("<", col(t, "id"), 0), test]), data) == []
    assert "UNSET" in text(select([col(t, "id")], t, where=[test]))


@pytest.mark.parametrize("distinct", [False, True])
def test_recursive(distinct: bool) -> None:
    seed = _query(Values, 1, [(const(1),), (const(10),)])
    queue = RecursiveSource(id=5, name="c", cte=1, width=1)
    step = select(
        [e.Binary("%", e.Binary("+", e.Column(5, 0), const(1)), const(20))],
        queue,
        where=[cmp("<>", e.Column(5, 0), 15)],
    )
    query = _query(Recursive, 1, 1, seed, [step], distinct, limit=const(40), offset=const(1))
    op = "UNION" if distinct else "UNION ALL"
    body = f"VALUES (1), (10) {op} SELECT (x + 1) % 20 FROM c WHERE x <> 15 LIMIT 40 OFFSET 1"
    sql = f"WITH RECURSIVE c(x) AS ({body}) SELECT x FROM c"
    assert run(query) == _theirs(Data(), sql)


def test_recursive_with_order(data: Data) -> None:
    u = data.source("u")
    seed = _query(Values, 2, [(const(3), const(0))])
    queue = RecursiveSource(id=6, name="c", cte=2, width=2)
    deeper = cmp("<", e.Column(6, 1), 2)
    step = stepped(
        [col(u, "k"), e.Binary("+", e.Column(6, 1), const(1))],
        scan(u, filters=[cmp("<", col(u, "rowid"), 9)]),
        scan(queue, filters=[deeper]),
    )
    query = _query(Recursive, 2, 2, seed, [step], False, order_by=[Order(out(1), True), Order(out(0))])
    step_sql = "SELECT k, d + 1 FROM u, c WHERE d < 2 AND u.rowid < 9 ORDER BY 2 DESC, 1"
    sql = f"WITH RECURSIVE c(x, d) AS (VALUES (3, 0) UNION ALL {step_sql}) SELECT * FROM c"
    assert run(query, data) == _theirs(data, sql)


def test_join_object_order_is_written_order(data: Data) -> None:
    t, u = data.source("t"), data.source("u")
    query = select([col(t, "id"), col(u, "n")], t, Join(u, "left", [cmp("=", col(u, "k"), col(t, "id"))]))
    ours = run(query, data)
    assert ours == _theirs(data, "SELECT id, n FROM t LEFT JOIN u NOT INDEXED ON +k = id ORDER BY id, u.rowid")
