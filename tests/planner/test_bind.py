"""What the binder makes of statements: sources, comparisons, joins, groups, CTEs, row statements."""

from __future__ import annotations

import pytest
from bind_support import DEFINITIONS, SCHEMA, bound, column_of, make_schema, query_of

from aerodb_dbapi.planner.expressions import (
    FALSE,
    NULL,
    AggregateCall,
    And,
    Between,
    Binary,
    Case,
    Coalesce,
    Collate,
    Column,
    Compare,
    Constant,
    InList,
    InQuery,
    IsNull,
    IsTrue,
    Like,
    Or,
    Parameter,
    ScalarQuery,
    Unary,
)
from aerodb_dbapi.planner.query import (
    Compound,
    OutputColumn,
    QuerySource,
    Recursive,
    RecursiveSource,
    RowsSource,
    Select,
    TableSource,
    Values,
)
from aerodb_dbapi.planner.usage import all_queries, deep_nodes, query_expressions
from aerodb_dbapi.storage.errors import NotSupportedError

T_A = Column(0, 0, "a", "INTEGER", "BINARY", "INT")
T_B = Column(0, 1, "b", "TEXT", "NOCASE", "TEXT")
T_C = Column(0, 2, "c", "BLOB", "BINARY", None)


# --- expressions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", T_A),
        ("a + 1 - c", Binary("-", Binary("+", T_A, Constant(1)), T_C)),
        ("+b", Unary("+", T_B)),
        ("-5", Constant(-5)),
        ("-9223372036854775808", Constant(-9223372036854775808)),
        ("9223372036854775808", Constant(9223372036854775808.0)),
        ("x'4142'", Constant(b"AB")),
        ("0x1F", Constant(31)),
        ("?2", Parameter(1)),
        ("a AND b AND c", And((T_A, T_B, T_C))),
        ("a IS NOT NULL", IsNull(T_A, negated=True)),
        ("NOT (a IS NULL)", IsNull(T_A, negated=True)),
        ("a IS NOT TRUE", IsTrue(T_A, truth=True, negated=True)),
        ("a NOT IN ()", Constant(1)),
        ("b COLLATE rtrim", Collate(T_B, "RTRIM")),
        ("ifnull(a, c)", Coalesce((T_A, T_C))),
        ("iif(a, b, c)", Case(((T_A, T_B),), T_C)),
        ("b NOT LIKE 'x%' ESCAPE '!'", Like("LIKE", T_B, Constant("x%"), Constant("!"), negated=True)),
    ],
)
def test_expressions(text: str, expected: object) -> None:
    made = column_of(text)
    if text == "a NOT IN ()":
        assert made.operand == FALSE
    else:
        assert made == expected


@pytest.mark.parametrize(
    ("text", "applied", "order"),
    [
        ("a = '1'", (None, "NUMERIC"), "BINARY"),
        ("'1' = a", ("NUMERIC", None), "BINARY"),
        ("a = 1", (None, None), "BINARY"),
        ("a = ?", (None, "NUMERIC"), "BINARY"),
        ("b = 1", (None, "TEXT"), "NOCASE"),
        ("b = 'x'", (None, None), "NOCASE"),
        ("'x' = b", (None, None), "NOCASE"),
        ("b = 'x' COLLATE rtrim", (None, None), "RTRIM"),
        ("b COLLATE binary = 'x' COLLATE rtrim", (None, None), "BINARY"),
        ("c = '1'", (None, None), "BINARY"),
        ("a = b", (None, "NUMERIC"), "BINARY"),
        ("b = a", ("NUMERIC", None), "NOCASE"),
        ("b = c", (None, None), "NOCASE"),
        ("+a = '1'", (None, None), "BINARY"),
        ("+b = 'x'", (None, None), "NOCASE"),
        ("b || '' = 'x'", (None, None), "BINARY"),
        ("upper(b COLLATE nocase) = 'x'", (None, None), "NOCASE"),
        ("CAST(c AS TEXT) = 5", (None, "TEXT"), "BINARY"),
        ("rowid = '1'", (None, "NUMERIC"), "BINARY"),
        ("(SELECT b FROM t) = 5", ("TEXT", "TEXT"), "BINARY"),
    ],
)
def test_comparisons_are_decided(text: str, applied: tuple[str | None, str | None], order: str) -> None:
    """INV-Q4: affinity and collation of a comparison, from its two sides."""
    made = column_of(text)
    assert isinstance(made, Compare)
    assert ((made.left_apply, made.right_apply), made.order) == (applied, order)


def test_values_of_a_subquery_may_need_their_columns_affinity() -> None:
    made = column_of("q = '5'", "(SELECT a AS q FROM t UNION ALL SELECT 'x')")
    assert (made.left_apply, made.right_apply) == ("NUMERIC", "NUMERIC")


def test_between_and_in_hold_decided_affinities() -> None:
    assert column_of("a BETWEEN '1' AND c") == Between(
        T_A, Constant("1"), T_C, False, (None, "NUMERIC"), (None, "NUMERIC")
    )
    assert isinstance(column_of("b BETWEEN 'a' COLLATE binary AND 'b'"), And)
    assert column_of("a IN ('1', 2)") == InList(T_A, (Constant("1"), Constant(2)), items_apply="NUMERIC")
    made = column_of("c IN (SELECT a FROM t)")
    assert isinstance(made, InQuery)
    assert (made.operand_apply, made.items_apply, made.order) == (("NUMERIC",), ("NUMERIC",), ("BINARY",))
    assert column_of("b IN ('x')").order == "NOCASE"


def test_row_values_are_spelled_out() -> None:
    less = column_of("(a, b) < (1, 'x')")
    assert less == Or(
        (
            Compare("<", T_A, Constant(1)),
            And((Compare("=", T_A, Constant(1)), Compare("<", T_B, Constant("x"), order="NOCASE"))),
        )
    )
    pair = column_of("(a, c) = (SELECT 1, 2)")
    assert isinstance(pair, And)
    assert [type(part.right) for part in pair.operands] == [ScalarQuery, ScalarQuery]
    assert pair.operands[0].right.query is not pair.operands[1].right.query


def test_case_compares_its_base_once() -> None:
    made = column_of("CASE a WHEN '1' THEN 2 END")
    assert made.base == T_A
    assert made.branches[0][0].right_apply == "NUMERIC"
    assert made.otherwise == NULL


def test_min_and_max_under_a_collation_are_not_calls() -> None:
    assert isinstance(column_of("max(b, 'x')"), Case)
    assert column_of("max(a, c)").name == "max"


def test_long_chains_do_not_nest_the_binder() -> None:
    assert isinstance(column_of(" + ".join(["a"] * 700)), Binary)
    assert len(column_of(" OR ".join(["a"] * 700)).operands) == 700


# --- queries -------------------------------------------------------------------------------------------------------


def test_where_order_limit() -> None:
    query = query_of("SELECT a, b FROM t WHERE a > 1 AND b = 'x' ORDER BY b DESC, c NULLS LAST, 1 LIMIT 3 OFFSET ?")
    assert len(query.where) == 2
    assert [type(term.expression) for term in query.order_by] == [OutputColumn, Column, OutputColumn]
    assert [(term.descending, term.collation, term.nulls_first) for term in query.order_by] == [
        (True, "NOCASE", None),
        (False, "BINARY", False),
        (False, "BINARY", None),
    ]
    assert (query.limit, query.offset) == (Constant(3), Parameter(0))
    assert (query.names, query.types, query.affinities) == (["a", "b"], ["INT", "TEXT"], ["INTEGER", "TEXT"])


def test_correlated_names_are_columns_of_the_enclosing_source() -> None:
    inner = column_of("(SELECT max(x) FROM u WHERE u.a = t.a)").query
    assert inner.where[0].right == T_A
    assert inner.joins[0].source.id not in (0, inner.group.id)


def test_source_ids_are_unique_and_repeatable() -> None:
    """INV-T1: the same text gives the same ids, and no two sources share one."""
    sql = "WITH c AS (SELECT a FROM t) SELECT * FROM c x FULL JOIN c y USING (a) FULL JOIN u USING (a)"
    first, second = bound(sql), bound(sql)

    def ids(statement: object) -> list[int]:
        queries = all_queries(statement)  # type: ignore[arg-type]
        return [join.source.id for query in queries if isinstance(query, Select) for join in query.joins]

    assert len(set(ids(first))) == len(ids(first))
    assert ids(first) == ids(second)


def test_joins() -> None:
    inner = query_of("SELECT 1 FROM t JOIN u ON t.a = u.a CROSS JOIN w, k")
    assert [join.kind for join in inner.joins] == ["inner", "inner", "cross", "inner"]
    assert len(inner.where) == 1

    left = query_of("SELECT 1 FROM t LEFT JOIN u ON t.a = u.a AND u.x > 1 WHERE u.id IS NULL")
    assert [(join.kind, len(join.on)) for join in left.joins] == [("inner", 0), ("left", 2)]
    assert len(left.where) == 1

    right = query_of("SELECT * FROM t RIGHT JOIN u ON t.a = u.a")
    assert [(join.source.name, join.kind) for join in right.joins] == [("u", "inner"), ("t", "left")]
    assert right.names == ["a", "b", "c", "id", "a", "x"]


def test_right_join_wraps_a_left_side_of_several_tables() -> None:
    query = query_of("SELECT t.b, t.rowid FROM t JOIN w ON t.a = w.a RIGHT JOIN u ON t.a = u.a")
    first, second = query.joins
    assert (first.source.name, second.kind) == ("u", "left")
    assert isinstance(second.source, QuerySource)
    inside = second.source.query
    assert [join.source.name for join in inside.joins] == ["t", "w"]
    assert len(inside.where) == 1
    wrapper = second.source.id
    assert [(column.source, column.position) for column in query.columns] == [(wrapper, 1), (wrapper, 3)]


def test_full_join_is_a_left_join_and_the_lonely_rows() -> None:
    query = query_of("SELECT t.a, u.x FROM t FULL JOIN u ON t.a = u.a")
    both = query.joins[0].source.query
    assert isinstance(both, Compound)
    assert both.op == "UNION ALL"
    matched, lonely = both.left, both.right
    assert [(join.source.name, join.kind) for join in matched.joins] == [("t", "inner"), ("u", "left")]
    assert [(join.source.name, join.kind) for join in lonely.joins] == [("u", "inner"), ("t", "left")]
    assert lonely.where == [IsNull(Column(lonely.joins[1].source.id, -1, "", "INTEGER"))]
    assert lonely.columns[:4] == [NULL] * 4
    assert not {join.source.id for join in matched.joins} & {join.source.id for join in lonely.joins}


def test_using_a_full_join_is_coalesce() -> None:
    assert isinstance(query_of("SELECT a FROM t FULL JOIN u USING (a)").columns[0], Coalesce)
    assert query_of("SELECT a FROM t LEFT JOIN u USING (a)").columns[0] == T_A
    assert query_of("SELECT a FROM t RIGHT JOIN u USING (a)").columns[0].source == 1


def test_parenthesised_joins_are_flattened_where_they_may() -> None:
    flat = query_of("SELECT 1 FROM w JOIN (t LEFT JOIN u ON t.a = u.a) ON w.a = t.a")
    assert [(join.source.name, join.kind) for join in flat.joins] == [("w", "inner"), ("t", "inner"), ("u", "left")]
    wrapped = query_of("SELECT 1 FROM w LEFT JOIN (t JOIN u ON t.a = u.a) ON w.a = t.a")
    assert isinstance(wrapped.joins[1].source, QuerySource)


def test_compounds() -> None:
    query = query_of("SELECT a, b FROM t UNION SELECT c, c FROM t EXCEPT SELECT 1, 2 ORDER BY b, 1 DESC LIMIT 1")
    assert (query.op, query.left.op) == ("EXCEPT", "UNION")
    assert query.orders == ["BINARY", "NOCASE"]
    assert [(term.expression.position, term.collation) for term in query.order_by] == [(1, "NOCASE"), (0, "BINARY")]
    assert query_of("SELECT a + 1 FROM t UNION SELECT c FROM t ORDER BY a + 1").order_by[0].expression.position == 0
    assert isinstance(query_of("VALUES (1, 2), (3, 4)"), Values)


# --- groups --------------------------------------------------------------------------------------------------------


def test_grouping_row() -> None:
    query = query_of("SELECT b, count(*) + 1, c, sum(a) FROM t GROUP BY b HAVING count(*) > 1 ORDER BY sum(a), b")
    group = query.group
    assert (group.keys, group.orders, group.bare) == ([T_B], ["NOCASE"], [T_C])
    assert [(call.name, call.arguments) for call in group.calls] == [("count", ()), ("sum", (T_A,))]
    assert [column.position for column in (query.columns[0], query.columns[2], query.columns[3])] == [0, 3, 2]
    assert query.columns[0] == Column(group.id, 0, "b", "TEXT", "NOCASE", "TEXT")
    assert query.having[0].left == Column(group.id, 1, "count", None, None)
    assert [type(term.expression) for term in query.order_by] == [OutputColumn, OutputColumn]


def test_keys_by_number_alias_and_expression() -> None:
    assert query_of("SELECT a + 1 AS k, count(*) FROM t GROUP BY k").group.keys == [Binary("+", T_A, Constant(1))]
    assert query_of("SELECT c AS a, count(*) FROM t GROUP BY a").group.keys == [T_A]
    query = query_of("SELECT b, (a + 1) * 2 FROM t GROUP BY 1 COLLATE binary, a + 1")
    assert (query.group.keys, query.group.orders) == ([T_B, Binary("+", T_A, Constant(1))], ["BINARY", "BINARY"])
    assert query.columns[1] == Binary("*", Column(query.group.id, 1, "", None, None), Constant(2))
    assert query_of("SELECT a + 1.0 FROM t GROUP BY a + 1").group.bare == [T_A]


def test_aggregates_of_an_outer_block() -> None:
    query = query_of("SELECT (SELECT sum(t.a) + x FROM u) FROM t")
    assert [call.name for call in query.group.calls] == ["sum"]
    inner = query.columns[0].query
    assert inner.group is None
    assert inner.columns[0].left == Column(query.group.id, 0, "sum", None, None)


def test_correlated_subqueries_see_the_group() -> None:
    query = query_of("SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) FROM t GROUP BY a")
    inner = query.columns[1].query
    assert inner.where[0].right == Column(query.group.id, 0, "a", "INTEGER", "BINARY", "INT")
    own = {query.joins[0].source.id}
    assert not any(
        isinstance(node, Column) and node.source in own
        for expression in query_expressions(inner)
        for node in deep_nodes(expression)
    )


def test_aggregate_facts() -> None:
    one = "count(DISTINCT b) FILTER (WHERE a > 1)"
    call = query_of(f"SELECT {one}, {one.lower()} FROM t").group.calls
    assert len(call) == 1
    assert isinstance(call[0], AggregateCall)
    assert (call[0].distinct, call[0].order, call[0].filter) == (True, "NOCASE", Compare(">", T_A, Constant(1)))


# --- WITH, views, AS OF --------------------------------------------------------------------------------------------


def test_a_cte_used_twice_is_shared() -> None:
    query = query_of("WITH c AS (SELECT a FROM t) SELECT * FROM c x, c y")
    first, second = (join.source for join in query.joins)
    assert first.query is second.query
    assert first.shared
    assert second.shared
    once = query_of("WITH c AS (SELECT a FROM t) SELECT * FROM c").joins[0].source
    assert not once.shared


def test_a_correlated_cte_is_not_shared() -> None:
    inner = column_of("(WITH c AS (SELECT t.a AS q) SELECT x.q + y.q FROM c x, c y)").query
    first, second = (join.source for join in inner.joins)
    assert first.query is not second.query
    assert not (first.shared or second.shared)


def test_recursive_cte() -> None:
    query = query_of("WITH r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5 LIMIT 9) SELECT n FROM r")
    body = query.joins[0].source.query
    assert isinstance(body, Recursive)
    assert (len(body.steps), body.distinct, body.limit) == (1, False, Constant(9))
    inside = body.steps[0].joins[0].source
    assert isinstance(inside, RecursiveSource)
    assert (inside.cte, inside.width) == (body.cte, 1)


def test_views_and_sqlite_master() -> None:
    source = query_of("SELECT P FROM vv WHERE q = 'x'").joins[0].source
    assert isinstance(source, QuerySource)
    assert source.query.joins[0].source.table.name == "t"
    query = query_of("SELECT name, rowid FROM sqlite_master")
    master = query.joins[0].source
    assert isinstance(master, RowsSource)
    rows = list(master.rows(None))
    assert (len(rows), rows[0][1], rows[0][5]) == (len(DEFINITIONS), "t", 1)
    assert [column.position for column in query.columns] == [1, 5]


def test_as_of_uses_the_schema_of_that_commit() -> None:
    """INV-S2: a table, also below a view, is looked up in the schema of the commit that is read."""
    old = make_schema(["CREATE TABLE t(z)"])
    query = bound("SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 3, t AS now", older={3: old}).query
    assert query.names == ["z", "a", "b", "c"]
    assert [join.source.as_of for join in query.joins] == [3, None]
    view = bound("SELECT * FROM v FOR SYSTEM_TIME AS OF COMMIT 4", older={4: SCHEMA}).query.joins[0].source
    assert view.query.joins[0].source.as_of == 4


# --- row statements ------------------------------------------------------------------------------------------------


def test_insert() -> None:
    made = bound("INSERT OR IGNORE INTO k(c, a) VALUES (1, ?), (2, 3) RETURNING *, a + 1")
    assert (made.targets, made.conflict, len(made.query.rows)) == ([2, 0], "IGNORE", 2)
    assert made.defaults == {1: Constant("q"), 3: Constant("word")}
    assert [name for name, _ in made.checks] == ["a < 9", "cc"]
    assert made.checks[0][1].left == Column(made.row_id, 0, "a", "INTEGER", "BINARY", "INT")
    assert list(made.index_filters) == [60]
    assert made.returning.names == ["a", "b", "c", "d", "a + 1"]
    assert made.parameters == [None]


def test_insert_targets() -> None:
    assert bound("INSERT INTO u(rowid, a) VALUES (1, 2)").targets == [0, 1]
    assert bound("INSERT INTO t(oid, a) VALUES (1, 2)").targets == [-1, 0]
    assert bound("REPLACE INTO u VALUES (1, 2, 3)").conflict == "REPLACE"
    nothing = bound("INSERT INTO k DEFAULT VALUES")
    assert (nothing.targets, nothing.query.rows) == ([], [()])
    assert nothing.defaults[2] == Binary("+", Constant(1), Constant(2))
    twice = bound("INSERT INTO t(a, a, b) VALUES (1, 2, 3)")
    assert twice.targets == [0, 1]
    assert [column.position for column in twice.query.columns] == [0, 2]


def test_update() -> None:
    made = bound("UPDATE OR FAIL k AS z SET (a, b) = (c, 'x'), c = 1, c = 2 FROM u WHERE z.a = u.id RETURNING k.a")
    assert [position for position, _ in made.assignments] == [0, 1, 2]
    assert made.assignments[2][1] == Constant(2)
    assert made.conflict == "FAIL"
    assert [join.source.name for join in made.query.joins] == ["z", "u"]
    assert isinstance(made.query.joins[0].source, TableSource)
    assert made.query.joins[0].source.id == made.row_id
    assert made.checks[0][1].left.source == made.new_id
    assert made.returning.columns[0].source == made.new_id
    spread = bound("UPDATE t SET (a, b) = (SELECT id, x FROM u WHERE u.a = t.a)").assignments
    assert [type(value) for _, value in spread] == [ScalarQuery, ScalarQuery]


def test_delete() -> None:
    made = bound("DELETE FROM k WHERE a IN (SELECT id FROM u) RETURNING rowid")
    assert made.returning.columns == [Column(made.row_id, -1, "rowid", "INTEGER", None, "INTEGER")]
    assert list(made.index_filters) == [60]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT ?",
    ],
)
def test_what_is_missing_is_named(sql: str) -> None:
    """INV-F2."""
    with pytest.raises(NotSupportedError):
        bound(sql)
