"""Binding and planning for a session: its functions, schemas and statistics given to the planner's entry points.

`compile` uses them for statements, `ddl` for the queries and conditions inside definitions, `pragma` for the
conditions of partial indexes. Example: ``index_functions(session, schema, table)`` gives
({index id: (rowid, row) -> bool}, {position: (rowid, row) -> value}).

What it does not do: cache, generate statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aerodb_dbapi.executor.dml_insert import computed_functions, row_function
from aerodb_dbapi.executor.dml_update import point_of
from aerodb_dbapi.executor.statistics import TreeStatistics, shared_estimates
from aerodb_dbapi.planner.bind_context import Reference
from aerodb_dbapi.planner.bind_rows import ROWS, RowScope
from aerodb_dbapi.planner.binder import bind, table_of_view, trace_select, trace_statement
from aerodb_dbapi.planner.expressions import Call, Not
from aerodb_dbapi.planner.functions import EveryFunction, FunctionResolver
from aerodb_dbapi.planner.optimizer import optimize
from aerodb_dbapi.planner.parse import Parsed, parse, parse_select
from aerodb_dbapi.planner.query import DeleteStatement, InsertStatement, Statement, UpdateStatement
from aerodb_dbapi.planner.rename import WHEN_BEFORE
from aerodb_dbapi.planner.scope import Scope, table_entry
from aerodb_dbapi.planner.usage import deep_nodes, trees_read
from aerodb_dbapi.storage.catalog import Index, Schema, Table, Trigger, View
from aerodb_dbapi.storage.collations import any_collation
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.tree import Tree

NO_RULES: frozenset[str] = frozenset()
_DATES: Final = frozenset({"date", "time", "datetime", "julianday", "unixepoch", "strftime"})


def bind_statement(session: Any, parsed: Parsed, schema: Schema, scope: Scope | None = None) -> Statement:
    """The bound form of a parsed statement. `scope`: what encloses it."""
    bound = bind(parsed, schema, session.registry, _schema_at(session), scope)
    if session.settings and session.settings.get("ignore_check_constraints"):
        _without_checks(bound)
    return bound


def _without_checks(statement: Statement) -> None:
    if isinstance(statement, InsertStatement | UpdateStatement):
        statement.checks = []
    for upsert in statement.upserts if isinstance(statement, InsertStatement) else ():
        if upsert.update is not None:
            upsert.update.checks = []


def plan_statement(session: Any, statement: Statement, trees: Mapping[int, Tree], schema: Schema) -> Statement:
    """The statement with its plan filled in."""
    estimates = shared_estimates(session.database.plan_cache)
    return optimize(
        statement, TreeStatistics(trees, schema, estimates), session.settings.get("disabled_rules", NO_RULES)
    )


def bind_text(session: Any, text: str, schema: Schema) -> Statement:
    """The bound form of a text."""
    return bind_statement(session, parse(text), schema)


def bind_definition(session: Any, table: Table, schema: Schema, any_function: bool = True) -> InsertStatement:
    """An INSERT into the table: binding it binds CHECKs, generated columns, partial indexes, and defaults that are constants.
    Functions that are not there do not matter, if `any_function`."""
    return _bound_insert(session, table, schema, EveryFunction(session.registry) if any_function else session.registry)


def _bound_insert(session: Any, table: Table, schema: Schema, functions: FunctionResolver) -> InsertStatement:
    name = table.name.replace('"', '""')
    parsed = parse(f'INSERT INTO "{name}" DEFAULT VALUES')
    parsed.stands_for_definition = True
    bound = bind(parsed, schema, functions, _schema_at(session), None)
    assert isinstance(bound, InsertStatement)
    return bound


def _schema_at(session: Any) -> Callable[[int], Schema]:
    return lambda commit: session.database.root_at(commit).schema


def plan_text(session: Any, text: str, schema: Schema, trees: Mapping[int, Tree]) -> Statement:
    """The planned form of a text."""
    return plan_statement(session, bind_text(session, text, schema), trees, schema)


def trace_view(session: Any, view: View, schema: Schema) -> list[Reference]:
    """Where the text of a view's SELECT names tables and columns of the schema."""
    with any_collation():
        return trace_select(
            parse_select(view.select), schema, EveryFunction(session.registry, True), _schema_at(session)
        )


def trace_trigger(session: Any, trigger: Trigger, home: Schema, schema: Schema) -> list[list[Reference]]:
    """Where a trigger's condition and its statements name tables and columns. `home` has its table, `schema` is what it sees."""
    schema_at, functions = _schema_at(session), EveryFunction(session.registry, True)
    table, view = home.table(trigger.table), home.view(trigger.table)
    if table is None and view is not None:
        table = table_of_view(view, home, schema, functions, schema_at)
    assert table is not None, "a trigger goes with its table"
    entry = table_entry(-1, "", table)
    texts = ([] if trigger.when is None else [f"{WHEN_BEFORE}{trigger.when})"]) + list(trigger.steps)
    found = []
    for text in texts:
        scope = RowScope(schema, [(name, entry) for name in ROWS[trigger.event]])
        parsed = parse(text, in_trigger=True)
        with any_collation():
            found.append(trace_statement(parsed, schema, functions, schema_at, scope))
    return found


def reads_of(statement: Statement) -> tuple[int, ...]:
    """The trees that decide what a statement does (INV-V7). A row changed by its rowid is in the write set, which is
    validated by itself (INV-V5)."""
    if isinstance(statement, UpdateStatement):
        if point_of(statement.query, statement.row_id, [value for _, value in statement.assignments]) is not None:
            return ()
    elif isinstance(statement, DeleteStatement) and point_of(statement.query, statement.row_id, ()) is not None:
        return ()
    return trees_read(statement)


def check_partial(session: Any, schema: Schema, table: Table, index: int) -> None:
    """Refuse the condition of a partial index that may answer otherwise tomorrow. Functions of dates are refused only
    when they are called with 'now', as in SQLite."""
    for node in deep_nodes(_whole_table(session, schema, table).index_filters[index]):
        if isinstance(node, Call) and (node.needs_session or not node.deterministic) and node.name not in _DATES:
            raise OperationalError("non-deterministic functions prohibited in partial index WHERE clauses")


def _whole_table(session: Any, schema: Schema, table: Table) -> DeleteStatement:
    """A bound statement that knows the table's definition."""
    name = '"' + table.name.replace('"', '""') + '"'
    bound = bind_text(session, f"DELETE FROM {name}", schema)
    assert isinstance(bound, DeleteStatement)
    return bound


Functions = dict[int, Callable[[int, tuple[Any, ...]], Any]]


def index_functions(session: Any, schema: Schema, table: Table) -> tuple[Functions, Functions]:
    """The tests of a table's partial indexes by index id, and the functions of index expressions by position."""
    if not any(
        i.where is not None or any(c.expression is not None for c in i.columns) for i in schema_indexes(schema, table)
    ):
        return {}, {}
    bound = _whole_table(session, schema, table)
    tests = {key: row_function(where, bound.row_id, bound.table) for key, where in bound.index_filters.items()}
    return tests, computed_functions(bound.index_values, bound.row_id, bound.table)


def broken_checks(session: Any, schema: Schema, table: Table) -> list[Callable[[int, tuple[Any, ...]], Any]]:
    """For each CHECK of a table: does a row break it?"""
    if not table.checks:
        return []
    bound = _bound_insert(session, table, schema, session.registry)
    return [row_function(Not(check), bound.row_id, bound.table) for _, check in bound.checks]


def schema_indexes(schema: Schema, table: Table) -> tuple[Index, ...]:
    """The indexes that a table has in a schema, later ones than `table` knows included."""
    found = schema.table(table.name)
    return () if found is None else found.indexes
