"""Join order, placing of conjuncts, LEFT and CROSS joins, ORDER BY from access paths, determinism (INV-Q1, INV-T1)."""

from __future__ import annotations

import itertools
import random

from plan_building import P0, Counts, col, compare, plan, select, source, subquery

from aerodb_dbapi.planner.expressions import (
    Binary,
    Call,
    Compare,
    Constant,
    Exists,
    Expression,
    IsNull,
    Keyed,
    ScalarQuery,
)
from aerodb_dbapi.planner.joins import SWITCHES
from aerodb_dbapi.planner.optimizer import optimize
from aerodb_dbapi.planner.query import (
    Access,
    HashLookup,
    IndexScan,
    Join,
    Order,
    OutputColumn,
    RowidPoint,
    Select,
    SelectStatement,
    TableSource,
)
from aerodb_dbapi.planner.rules import RULE_NAMES
from aerodb_dbapi.planner.usage import columns_used, trees_read

BIG = Counts(t=100_000, u=100_000, w=100_000)


def planned(query: Select, counts: Counts = BIG, disabled: frozenset[str] = frozenset()) -> Select:
    made = plan(query, counts, disabled)
    assert isinstance(made, Select)
    return made


def names(query: Select) -> list[str]:
    assert query.steps is not None
    return [step.source.name for step in query.steps]


def test_the_selective_source_comes_first() -> None:
    t, u = source("t", 1), source("u", 2)
    on = compare(col(u, "t_id"), "=", col(t, "id"))
    query = planned(select([t, u], [col(t, "b")], [on, compare(col(u, "x"), "=", P0)]))
    assert names(query) == ["u", "t"]
    assert query.steps is not None
    assert isinstance(query.steps[0].access, IndexScan)
    assert isinstance(query.steps[1].access, RowidPoint)
    assert [step.filters for step in query.steps] == [[], []]


def test_cross_join_keeps_the_order() -> None:
    t, u = source("t", 1), source("u", 2)
    on = compare(col(u, "t_id"), "=", col(t, "id"))
    query = planned(select([t, Join(u, "cross")], [col(t, "b")], [on, compare(col(u, "x"), "=", P0)]))
    assert names(query) == ["t", "u"]


def test_left_join_stays_behind_and_its_on_stays_with_it() -> None:
    w, t, u = source("w", 1), source("t", 2), source("u", 3)
    on = compare(col(t, "id"), "=", col(w, "p"))
    extra = compare(col(w, "q"), "=", P0)
    joined = compare(col(u, "id"), "=", col(w, "p"))
    query = planned(select([w, Join(t, "left", [on, extra]), u], [col(t, "b"), col(u, "x")], [joined]))
    assert query.steps is not None
    left = next(step for step in query.steps if step.source.name == "t")
    assert left.kind == "left"
    assert isinstance(left.access, RowidPoint)
    assert left.on == [extra]
    assert names(query).index("w") < names(query).index("t")


def test_where_on_a_left_source_is_tested_after_it() -> None:
    w, t = source("w", 1), source("t", 2)
    missing = IsNull(col(t, "id"))
    query = planned(select([w, Join(t, "left", [compare(col(t, "id"), "=", col(w, "p"))])], [col(w, "p")], [missing]))
    assert query.steps is not None
    assert query.steps[1].kind == "left"
    assert query.steps[1].filters == [missing]
    assert query.steps[1].on == []


def test_left_on_never_uses_where_for_its_path() -> None:
    w, t = source("w", 1), source("t", 2)
    where = Compare("IS", col(t, "a"), P0)
    query = planned(select([w, Join(t, "left", [compare(col(t, "c"), "=", col(w, "p"))])], [col(w, "p")], [where]))
    assert query.steps is not None
    assert isinstance(query.steps[1].access, HashLookup)
    assert query.steps[1].filters == [where]


def test_the_same_condition_in_on_and_where_is_tested_in_both_places() -> None:
    w, t = source("w", 1), source("t", 2)
    on = compare(col(t, "id"), "=", col(w, "p"))
    query = planned(
        select([w, Join(t, "left", [on])], [col(w, "p")], [on]), disabled=frozenset(("outer_joins",))
    )  # fmt: skip
    assert query.steps is not None
    assert query.steps[1].filters == [on]


def test_conjuncts_without_sources_are_tested_once_or_for_every_row() -> None:
    w = source("w", 1)
    once = compare(P0, ">", 3)
    always = compare(Call("random", (), deterministic=False), ">", 3)
    query = planned(select([w], [col(w, "p")], [once, always]))
    assert query.pre_filters == [once]
    assert query.steps is not None
    assert query.steps[0].filters == [always]


def test_without_from() -> None:
    query = planned(select([], [Constant(1)], [compare(P0, "=", 1)]))
    assert query.steps == []
    assert len(query.pre_filters) == 1


def test_conditions_with_subqueries_come_last() -> None:
    w, t = source("w", 1), source("t", 2)
    nested = Exists(select([t], [col(t, "a")], [compare(col(t, "c"), "=", col(w, "p"))]))
    plain = compare(col(w, "q"), "=", P0)
    query = planned(select([w], [col(w, "p")], [nested, plain]))
    assert query.steps is not None
    first, last = query.steps[0].filters
    assert first == plain
    assert isinstance(last, Keyed) and last.direct == nested
    inner = nested.query
    assert isinstance(inner, Select)
    assert inner.steps is not None
    assert isinstance(inner.steps[0].access, HashLookup)


def test_correlated_subquery_by_index() -> None:
    w, t = source("w", 1), source("t", 2)
    inner = select([t], [col(t, "c")], [compare(col(t, "a"), "=", col(w, "p"))])
    planned(select([w], [ScalarQuery(inner)]))
    assert inner.steps is not None
    assert isinstance(inner.steps[0].access, IndexScan)
    assert inner.steps[0].filters == []


def test_nine_sources_are_ordered_greedily_and_all_conjuncts_placed() -> None:
    tables = [source("t", number) for number in range(1, 11)]
    where: list[Expression] = [compare(col(a, "id"), "=", col(b, "a")) for a, b in itertools.pairwise(tables)]
    where.append(compare(col(tables[-1], "id"), "=", P0))
    query = planned(select(list(tables), [col(tables[0], "b")], where))
    assert query.steps is not None
    assert [step.source.id for step in query.steps] == list(range(10, 0, -1))
    assert all(not step.filters for step in query.steps)


# --- order


def ordered(query: Select, counts: Counts = BIG) -> tuple[bool, list[bool]]:
    query = planned(query, counts)
    assert query.steps is not None
    return query.sorted, [step.access.reverse for step in query.steps]


def test_rowid_order_both_ways() -> None:
    t = source("t", 1)
    for descending in (False, True):
        term = Order(OutputColumn(0), descending)
        assert ordered(select([t], [col(t, "id")], order_by=[term])) == (True, [descending])


def test_order_by_index_only_where_it_pays() -> None:
    t = source("t", 1)
    whole = [col(t, "id"), col(t, "a"), col(t, "b")]
    whole_table = select([t], whole, [compare(col(t, "c"), "=", 1)], order_by=[Order(col(t, "a"))])
    assert ordered(whole_table)[0] is False
    assert ordered(select([t], whole, order_by=[Order(col(t, "a"), True)], limit=Constant(10))) == (True, [True])
    assert ordered(select([t], [col(t, "a")], order_by=[Order(col(t, "a"))])) == (True, [False])


def test_order_behind_equal_columns_and_by_collation() -> None:
    t = source("t", 1)
    equal = compare(col(t, "b"), "=", P0)
    query = select([t], [col(t, "a")], [equal], order_by=[Order(col(t, "b")), Order(col(t, "c")), Order(col(t, "id"))])
    assert ordered(query) == (True, [False])
    query = select([t], [col(t, "a")], [equal], order_by=[Order(col(t, "c"), collation="NOCASE")])
    assert ordered(query)[0] is False
    query = select([t], [col(t, "a")], [equal], order_by=[Order(col(t, "c"), nulls_first=False)])
    assert ordered(query)[0] is False
    query = select([t], [col(t, "a")], [equal], order_by=[Order(col(t, "c"), True, nulls_first=False)])
    assert ordered(query) == (True, [True])


def test_a_value_equal_under_nocase_is_not_constant_under_binary() -> None:
    n = source("n", 1)
    query = select(
        [n], [col(n, "s")], [compare(col(n, "s"), "=", P0)], order_by=[Order(col(n, "s"), collation="BINARY")]
    )
    assert ordered(query)[0] is False


def test_mixed_directions_are_sorted() -> None:
    t = source("t", 1)
    terms = [Order(col(t, "b")), Order(col(t, "c"), True)]
    assert ordered(select([t], [col(t, "b")], order_by=terms, limit=Constant(1)))[0] is False


def test_order_through_a_join() -> None:
    t, u = source("t", 1), source("u", 2)
    on = compare(col(u, "id"), "=", col(t, "a"))
    query = select([t, u], [col(u, "x")], [on], order_by=[Order(col(t, "id"), True), Order(col(u, "x"))])
    assert ordered(query) == (True, [True, False])
    query = select([t, u], [col(u, "x")], [on], order_by=[Order(col(t, "c")), Order(col(u, "id"))])
    assert ordered(query)[0] is False


def test_order_of_an_expression_is_sorted() -> None:
    t = source("t", 1)
    assert ordered(select([t], [col(t, "a")], order_by=[Order(Binary("+", col(t, "id"), Constant(1)))]))[0] is False
    assert ordered(select([t], [col(t, "a")], order_by=[Order(P0), Order(col(t, "id"))])) == (True, [False])


# --- usage and determinism


def test_trees_read_and_columns_used() -> None:
    t, w = source("t", 1), source("w", 2, as_of=3)
    query = select([t, w], [col(t, "a")], [compare(col(t, "a"), "=", P0)])
    statement = optimize(SelectStatement(query), BIG)
    assert trees_read(statement) == (20,)
    assert columns_used(statement) == {1: {1}}
    query = select([t], [col(t, "c")], [compare(col(t, "a"), "=", P0)])
    assert trees_read(optimize(SelectStatement(query), BIG)) == (10, 20)


def test_everything_off_is_written_order_and_full_scans() -> None:
    t, u = source("t", 1), source("u", 2)
    on = compare(col(u, "t_id"), "=", col(t, "id"))
    off = RULE_NAMES | frozenset(SWITCHES)
    query = planned(select([t, u], [col(t, "b")], [on], order_by=[Order(col(t, "id"))]), disabled=off)
    assert query.steps is not None
    assert [type(step.access) for step in query.steps] == [Access, Access]
    assert query.steps[1].filters == [on]
    assert query.sorted is False


def test_same_statement_same_plan() -> None:
    """INV-T1: equal prices fall to the order written, whatever was planned before."""

    def make(seed: int) -> list[str]:
        chosen = random.Random(seed)
        tables = [source(chosen.choice("tuw"), number) for number in range(1, 6)]
        where: list[Expression] = []
        for a, b in itertools.pairwise(tables):
            where.append(compare(col(a, chosen.choice(_columns(a))), "=", col(b, chosen.choice(_columns(b)))))
        query = planned(select(list(tables), [col(tables[0], _columns(tables[0])[0])], where))
        return [repr(step) for step in query.steps or ()]

    for seed in range(20):
        assert make(seed) == make(seed)


def _columns(table: TableSource) -> list[str]:
    return [column.name for column in table.table.columns]


def test_ties_go_to_the_order_written() -> None:
    a, b, c = source("w", 1), source("w", 2), source("w", 3)
    query = planned(select([a, b, c], [col(a, "p")]))
    assert query.steps is not None
    assert [step.source.id for step in query.steps] == [1, 2, 3]


def test_subquery_source_is_planned_first() -> None:
    w, t = source("w", 1), source("t", 2)
    inner = select([w], [col(w, "p")], limit=Constant(3))
    s = subquery(inner, 3)
    query = planned(select([t, s], [col(t, "b")], [compare(col(t, "id"), "=", col(s, "p"))]))
    assert names(query) == ["s", "t"]
    assert inner.steps is not None
