"""Access paths: which conjuncts an index or the rowid may answer (INV-Q4), and what is left to test."""

from __future__ import annotations

import pytest
from plan_building import P0, P1, Counts, col, compare, literal, plan, select, source

from aerodb_dbapi.planner.expressions import Between, Cast, Column, Compare, Constant, InList, IsNull
from aerodb_dbapi.planner.query import (
    Access,
    GuidedScan,
    HashLookup,
    IndexScan,
    Join,
    RowidIn,
    RowidPoint,
    RowidRange,
    Select,
    Step,
)
from aerodb_dbapi.storage.errors import OperationalError


def only_step(*conjuncts: object, name: str = "t", columns: tuple[str, ...] = (), **more: object) -> Step:
    table = source(name, 1, **more)
    wanted = [col(table, one) for one in columns or [c.name for c in table.table.columns]]
    query = plan(select([table], wanted, list(conjuncts)), Counts(t=100_000, u=100_000, w=100_000))  # type: ignore[arg-type]
    assert isinstance(query, Select)
    assert query.steps is not None
    return query.steps[0]


T = source("t", 1)


def test_rowid_equality_is_a_point_without_a_test_left() -> None:
    for name in ("id", "rowid"):
        step = only_step(compare(col(T, name), "=", P0))
        assert isinstance(step.access, RowidPoint)
        assert step.access.key == P0
        assert step.filters == []


def test_rowid_equality_reversed_and_with_residue() -> None:
    other = compare(col(T, "c"), "=", 3)
    step = only_step(compare(P0, "=", col(T, "id")), other)
    assert isinstance(step.access, RowidPoint)
    assert step.filters == [other]


def test_rowid_compared_without_conversion_is_tested_again_or_not_used() -> None:
    key = Column(99, 0, "x", "INTEGER")
    step = only_step(Compare("=", col(T, "id"), key))
    assert isinstance(step.access, RowidPoint)
    assert len(step.filters) == 1
    step = only_step(Compare(">", col(T, "id"), P0))
    assert type(step.access) is Access
    step = only_step(Compare("=", col(T, "id"), Cast(P0, "INTEGER")))
    assert step.filters == []


def test_rowid_range_and_in() -> None:
    step = only_step(compare(col(T, "id"), ">", P0), compare(col(T, "id"), "<=", P1))
    assert step.access == RowidRange(lower=P0, lower_open=True, upper=P1)
    assert step.filters == []
    items = InList(col(T, "id"), (P0, P1), items_apply="NUMERIC")
    step = only_step(items)
    assert step.access == RowidIn(items=(P0, P1))
    between = Between(col(T, "id"), P0, P1, low_apply=(None, "NUMERIC"), high_apply=(None, "NUMERIC"))
    assert only_step(between).access == RowidRange(lower=P0, upper=P1)


def test_index_equality_prefix_and_range() -> None:
    step = only_step(compare(col(T, "b"), "=", P0), compare(col(T, "c"), ">", 5))
    access = step.access
    assert isinstance(access, IndexScan)
    assert (access.index.name, access.equal, access.apply) == ("t_bc", (P0,), ("TEXT",))
    assert (access.lower, access.lower_open, access.upper, access.range_apply) == (Constant(5), True, None, None)
    assert step.filters == []


def test_second_bound_on_the_same_side_is_tested() -> None:
    bounds = [compare(col(T, "a"), ">", P0), compare(col(T, "a"), "<", P1), compare(col(T, "a"), ">", P1)]
    step = only_step(*bounds)
    assert isinstance(step.access, GuidedScan)
    assert (step.access.entries.lower, step.access.entries.upper) == (P0, P1)
    assert step.filters == bounds


def test_in_list_on_the_last_equal_part() -> None:
    items = InList(col(T, "a"), (P0, P1), items_apply="NUMERIC")
    step = only_step(items)
    assert isinstance(step.access, IndexScan)
    assert step.access.lists == {0: (P0, P1)}
    assert step.access.equal == (None,)
    assert step.access.apply == ("NUMERIC",)
    assert step.filters == []


def test_is_null_by_index() -> None:
    step = only_step(IsNull(col(T, "a")))
    assert isinstance(step.access, IndexScan)
    assert step.access.equal == (None,)
    assert not step.access.lists
    assert step.filters == []


@pytest.mark.parametrize(
    "conjunct",
    [
        Compare("=", col(T, "b"), P0, left_apply="NUMERIC"),
        Compare("=", col(T, "b"), P0, None, "TEXT", "NOCASE"),
        Compare("=", col(T, "c"), P0, left_apply="TEXT"),
        Compare("<>", col(T, "a"), P0),
        Compare("=", col(T, "a"), col(T, "c")),
    ],
)
def test_an_index_is_not_used_where_it_would_answer_another_question(conjunct: Compare) -> None:
    step = only_step(conjunct)
    assert type(step.access) is Access
    assert step.filters == [conjunct]


def test_conversion_that_changes_nothing_in_the_column_is_no_hindrance() -> None:
    step = only_step(Compare("=", col(T, "a"), P0, "NUMERIC", "NUMERIC"))
    assert isinstance(step.access, IndexScan)


def test_collation_of_the_index_must_be_that_of_the_comparison() -> None:
    n = source("n", 1)
    step = only_step(compare(col(n, "s"), "=", P0), name="n")
    assert isinstance(step.access, IndexScan)
    assert not step.access.covering
    step = only_step(compare(col(n, "s"), "=", P0, "BINARY"), name="n")
    assert type(step.access) is Access


def test_covering_only_when_everything_used_is_in_the_entry() -> None:
    equal = compare(col(T, "a"), "=", P0)
    assert only_step(equal, columns=("id", "a")).access.covering  # type: ignore[attr-defined]
    assert not only_step(equal, columns=("id", "c")).access.covering  # type: ignore[attr-defined]


def test_unique_index_gives_one_row() -> None:
    u = source("u", 1)
    step = only_step(compare(col(u, "x"), "=", P0), compare(col(u, "y"), "=", P1), name="u")
    assert isinstance(step.access, IndexScan)
    assert step.estimated_rows == 1.0


def test_indexed_by_and_not_indexed() -> None:
    by_b, by_a = compare(col(T, "b"), ">", P0), compare(col(T, "a"), "=", P1)
    step = only_step(by_b, by_a, indexed_by="t_bc")
    assert isinstance(step.access, IndexScan)
    assert step.access.index.name == "t_bc"
    assert step.filters == [by_a]
    assert type(only_step(by_a, indexed_by="").access) is Access
    with pytest.raises(OperationalError, match="no query solution"):
        only_step(by_a, indexed_by="missing")


def test_hash_look_up_joins_without_an_index() -> None:
    w, v = source("w", 1), source("w", 2)
    local = compare(col(v, "q"), "=", P0)
    joined = compare(col(w, "p"), "=", col(v, "p"))
    query = plan(select([w, v], [col(w, "q")], [joined, local]))
    assert isinstance(query, Select)
    assert query.steps is not None
    hashed = [step for step in query.steps if isinstance(step.access, HashLookup)]
    assert len(hashed) == 1
    assert all(step.filters == [] or step.filters == [local] for step in query.steps)


def test_hash_of_a_left_join_filters_while_building() -> None:
    w, v = source("w", 1), source("w", 2)
    local, joined = compare(col(v, "q"), "=", P0), compare(col(w, "q"), "=", col(v, "q"))
    query = plan(select([w, Join(v, "left", [joined, local])], [col(v, "p")]))
    assert isinstance(query, Select)
    assert query.steps is not None
    step = query.steps[1]
    assert step.access == HashLookup(
        probe=(col(w, "q"),), build=(col(v, "q"),), apply=((None, None),), orders=("BINARY",), build_filters=[local]
    )
    assert step.on == []
    assert step.filters == []


def test_key_of_another_affinity_goes_by_the_other_sides_index() -> None:
    """TEXT against INTEGER compares as numbers: t.b's index cannot answer, t.a's could."""
    t, u = source("t", 1), source("u", 2)
    query = plan(select([t, u], [col(t, "c"), col(u, "id")], [compare(col(u, "x"), "=", col(t, "a"))]))
    assert isinstance(query, Select)
    assert query.steps is not None
    for step in query.steps:
        if isinstance(step.access, IndexScan):
            assert step.access.index.name == "t_a"
            assert step.access.apply == ("NUMERIC",)


def test_literal_passes_expressions_through() -> None:
    assert literal(P0) is P0
