"""A name in FROM: CTE, table, view or `sqlite_master`, and the WITH clauses that define CTEs.

Order of look-up for a name without a schema: CTEs from the inside out, `sqlite_master`, tables, views. `main.x` skips
CTEs.

CTEs
    A WITH clause makes a frame; all its CTEs see each other and those of enclosing frames. One is bound at its first
    use, in the place of its definition; unused ones are never looked at. A second use shares the first one's query
    object (`QuerySource.shared`: evaluated once per run), unless the body refers to columns of an enclosing block.
    A compound whose last arms name the CTE itself in their FROM is recursive: these arms are the steps of a
    `Recursive`, the rest its seed; in the steps the name is a `RecursiveSource`.

Views are parsed from their stored text and bound in a scope of their own, so that they see no CTE and no column of
the query. With AS OF, a view's tables are read as of that commit too, in the schema of that commit (INV-S2).

Example: ``WITH c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9) SELECT * FROM c`` → QuerySource over
Recursive(cte=0, initial=SELECT 1, steps=[… RecursiveSource(cte=0)], distinct=False).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.bind_context import (
    SOURCE,
    VIEW,
    Context,
    Reference,
    fail,
    identifier,
    optional_identifier,
    unsupported,
)
from aerodb_dbapi.planner.bind_modules import module_source
from aerodb_dbapi.planner.bind_order import bind_limits, compound_order
from aerodb_dbapi.planner.bind_real import as_table
from aerodb_dbapi.planner.bind_stored import bind_indexes
from aerodb_dbapi.planner.lexer import DIGITS_MAX
from aerodb_dbapi.planner.parse import parse_select
from aerodb_dbapi.planner.query import (
    Query,
    QuerySource,
    Recursive,
    RecursiveSource,
    RowsSource,
    Select,
    Source,
    TableSource,
    arms,
    has_windows,
)
from aerodb_dbapi.planner.scope import (
    CommonTable,
    Described,
    Entry,
    Environment,
    RecursiveTable,
    Scope,
    WithFrame,
    query_entry,
    table_entry,
)
from aerodb_dbapi.storage.catalog import Schema, Table, View, fold
from aerodb_dbapi.storage.errors import OperationalError

MASTER_NAMES: Final = frozenset(("sqlite_master", "sqlite_schema"))
_TEMPORARY: Final = frozenset(("sqlite_temp_master", "sqlite_temp_schema"))
_MASTER: Final[tuple[Described, ...]] = (
    ("type", "TEXT", "BINARY", "TEXT"),
    ("name", "TEXT", "BINARY", "TEXT"),
    ("tbl_name", "TEXT", "BINARY", "TEXT"),
    ("rootpage", "INTEGER", "BINARY", "INT"),
    ("sql", "TEXT", "BINARY", "TEXT"),
)
_MASTER_POSITIONS: Final = {column[0]: i for i, column in enumerate(_MASTER)}

cached_view_tree = lru_cache(maxsize=256)(parse_select)


def bind_table(context: Context, node: Any, scope: Scope) -> tuple[Source, Entry]:
    """The source and the entry of an exp.Table."""
    name, database = identifier(node.this), optional_identifier(node.args.get("db"))
    alias_node = node.args.get("alias")
    alias = None if alias_node is None else identifier(alias_node.this)
    key = fold(name)
    environment = _environment(context, node, scope)
    if database is None:
        common = scope.common_table(key)
        if common is not None:
            if environment is not scope.environment:
                unsupported("AS OF on a common table expression")
            return _common(context, common, alias or common.name, scope)
    home = environment.schema.holding(name) if database is None else environment.schema.named(database)
    if home is None:
        fail(f"no such table: {database}.{name}")
    definitions = definitions_named(environment.schema, key, database)
    if definitions is not None:
        source, entry = _master(context, alias or name, definitions)
        source.name = alias or shown_name(name, database)
        return source, entry
    table = home.table(name)
    if table is not None:
        source, entry = _table(context, node, table, alias or table.name, environment)
        source.name = alias or shown_name(name, database)
        entry.aliased, entry.database = alias is not None, fold(home.database)
        if context.trace is not None:
            context.trace.append(Reference(node.this, table.name, None, fold(home.database)))
        return source, entry
    view = home.view(name)
    if view is not None:
        return bind_view(context, view, alias or view.name, environment, home)
    module = context.functions.module(key)
    if module is not None:
        return module_source(context, module, alias or name)
    inside = environment.schema.database if environment.views else ""
    prefix = f"{database or inside}." if database or inside else ""
    fail(f"no such table: {prefix}{name}")


def _environment(context: Context, node: Any, scope: Scope) -> Environment:
    version = node.args.get("version")
    if version is None:
        return scope.environment
    commit = version.expression
    if type(commit) is not exp.Literal:
        unsupported("AS OF with a commit id that is not an integer literal")
    number = int(commit.this) if len(commit.this) < DIGITS_MAX else 1 << 63
    return replace(scope.environment, schema=context.schema_at(number), as_of=number)


def _table(context: Context, node: Any, table: Table, name: str, environment: Environment) -> tuple[TableSource, Entry]:
    source = TableSource(id=context.next_id(), name=name, table=table, as_of=environment.as_of)
    hint = node.args.get("indexed")
    if hint is False:
        source.indexed_by = ""
    elif hint is not None:
        index = identifier(hint.this)
        if not any(fold(index) == fold(known.name) for known in table.indexes):
            fail(f"no such index: {index}")
        source.indexed_by = index
    context.stored.add(source.id)
    bind_indexes(context, source, Scope(environment))
    return source, table_entry(source.id, name, table)


def shown_name(name: str, database: str | None) -> str:
    """A table as EXPLAIN QUERY PLAN names it: as written, with its database if that was."""
    return name if database is None else f"{database}.{name}"


def definitions_named(schema: Schema, key: str, database: str | None) -> Schema | None:
    """The schema whose `sqlite_master` is meant, if it is one. That of temp has names of its own too."""
    temporary = key in _TEMPORARY
    if not temporary and key not in MASTER_NAMES:
        return None
    if temporary and database is not None and fold(database) != "temp":
        return None
    return schema.named("temp" if temporary else database or "main")


def bind_view(context: Context, view: View, name: str, environment: Environment, home: Schema) -> tuple[Source, Entry]:
    """A view sees its own database; one in temp sees all."""
    key = f"{home.database}.{fold(view.name)}"
    if key in environment.views:
        fail(f"view {view.name} is circularly defined")
    if home.database != "temp" and not getattr(context.functions, "takes_views", True):
        fail(f'access to view "{view.name}" prohibited')
    seen = environment.schema if home.database == "temp" else home
    inside = Scope(replace(environment, schema=seen, views=(*environment.views, key)))
    trace, context.trace = context.trace, None
    query = as_table(context.select(context, cached_view_tree(view.select), inside, VIEW))
    context.trace = trace
    names = outside_names(query.names if view.columns is None else list(view.columns))
    if len(names) != len(query.names):
        fail(f"expected {len(names)} columns for '{view.name}' but got {len(query.names)}")
    source = QuerySource(id=context.next_id(), name=name, query=query)
    entry = query_entry(source.id, name, names, query, fold(home.database))
    entry.null_rowid = True
    return source, entry


def _master(context: Context, name: str, schema: Schema) -> tuple[Source, Entry]:
    """The table of definitions; its rowid is a sixth column that `*` does not show."""

    def rows(session: Any) -> Any:
        return [(*row, number) for number, row in enumerate(schema.rows(), 1)]

    columns = tuple(column[0] for column in _MASTER)
    source = RowsSource(
        id=context.next_id(),
        name=name,
        rows=rows,
        width=len(_MASTER) + 1,
        columns=columns,
        database=fold(schema.database),
    )
    entry = Entry(source.id, name, _MASTER_POSITIONS, len(_MASTER), _MASTER.__getitem__, fold(schema.database))
    entry.rowid = len(_MASTER)
    return source, entry


def outside_names(names: list[str]) -> list[str]:
    """The names under which a subquery's columns are known outside: a repeated one gets ':1', ':2', … as in SQLite."""
    taken: set[str] = set()
    made = []
    for name in names:
        shown, number = name, 0
        while fold(shown) in taken:
            number += 1
            head, colon, tail = shown.rpartition(":")
            shown = f"{head if colon and tail.isdigit() else shown}:{number}"
        taken.add(fold(shown))
        made.append(shown)
    return made


# --- WITH -------------------------------------------------------------------------------------------------------------


def with_scope(context: Context, node: Any, scope: Scope) -> Scope:
    """The scope in which a statement's or query's body is bound: `scope`, or one that also sees its WITH clause."""
    clause = node.args.get("with_")
    if clause is None:
        return scope
    frame = WithFrame(scope.withs, {})
    made = Scope(scope.environment, scope, frame)
    for item in clause.expressions:
        alias = item.args["alias"]
        name = identifier(alias.this)
        if fold(name) in frame.tables:
            fail(f"duplicate WITH table name: {name}")
        columns = [identifier(column) for column in alias.args.get("columns") or ()] or None
        frame.tables[fold(name)] = CommonTable(name, columns, item.this, made)
    if context.trace is not None:
        _trace_common(context, frame)
    return made


def _trace_common(context: Context, frame: WithFrame) -> None:
    """Tell `Context.trace` what the CTEs name: one that nobody uses is not bound otherwise, and may be wrong."""
    for table in list(frame.tables.values()):
        if isinstance(table, CommonTable):
            with suppress(OperationalError):
                _bind_common(context, replace(table))


def _common(
    context: Context, table: CommonTable | RecursiveTable, name: str, scope: Scope
) -> tuple[QuerySource | RecursiveSource, Entry]:
    if isinstance(table, RecursiveTable):
        table.uses += 1
        if table.uses > 1:
            fail(f"multiple recursive references: {table.name}")
        inside = RecursiveSource(id=context.next_id(), name=name, cte=table.cte, width=len(table.names))
        return inside, query_entry(inside.id, name, table.names, table.query)
    if table.busy:
        fail(f"circular reference: {table.name}")
    if table.query is None or table.correlated:
        _bind_common(context, table)
        assert table.query is not None
        source = QuerySource(id=context.next_id(), name=name, query=table.query)
        table.first = source
    else:
        table.first.shared = True
        source = QuerySource(id=context.next_id(), name=name, query=table.query, shared=True)
    if table.correlated:
        _mark_correlated(scope)
    return source, query_entry(source.id, name, table.names, table.query)


def _mark_correlated(scope: Scope | None) -> None:
    """A query that uses a correlated CTE depends on enclosing rows itself."""
    while scope is not None:
        scope.correlated = True
        scope = scope.parent


def _bind_common(context: Context, table: CommonTable) -> None:
    body = Scope(table.scope.environment, table.scope.parent, table.scope.withs)
    table.busy = True
    try:
        seed, steps = recursive_arms(table)
        query: Query
        if steps:
            query = _bind_recursive(context, table, seed, steps, body)
        else:
            query = context.select(context, table.tree, body, SOURCE)
            table.names = _column_names(table, query)
    finally:
        table.busy = False
    table.query, table.correlated = as_table(query), body.correlated


def _column_names(table: CommonTable, query: Query) -> list[str]:
    if table.columns is None:
        return outside_names(query.names)
    if len(table.columns) != len(query.names):
        fail(f"table {table.name} has {len(query.names)} values for {len(table.columns)} columns")
    return outside_names(table.columns)


def recursive_arms(table: CommonTable) -> tuple[Any, list[Any]]:
    """The seed's tree and the trees of the recursive arms (none: the CTE is an ordinary one)."""
    steps: list[Any] = []
    node = table.tree
    distinct = node.args.get("distinct")
    while type(node) is exp.Union and node.args.get("distinct") == distinct:
        uses = _direct_uses(node.expression, fold(table.name))
        if uses > 1:
            fail(f"multiple references to recursive table: {table.name}")
        if not uses:
            break
        steps.insert(0, node.expression)
        node = node.this
    return node, steps


def _direct_uses(select: Any, key: str) -> int:
    """How often a SELECT names the table in its own FROM."""
    source = select.args.get("from_")
    if source is None:
        return 0
    items = [source.this, *(join.this for join in select.args.get("joins") or ())]
    return sum(
        type(item) is exp.Table
        and not item.args.get("db")
        and type(item.this) is exp.Identifier
        and fold(identifier(item.this)) == key
        for item in items
    )


def _bind_recursive(context: Context, table: CommonTable, seed: Any, steps: list[Any], body: Scope) -> Recursive:
    tree = table.tree
    inner = with_scope(context, tree, body)
    initial = context.select(context, seed, inner, SOURCE)
    table.names = _column_names(table, initial)
    number = context.next_id()
    distinct = bool(tree.args.get("distinct"))
    bound = []
    for step in steps:
        name = RecursiveTable(table.name, number, table.names, initial)
        frame = WithFrame(inner.withs, {fold(table.name): name})
        query = context.select(context, step, Scope(inner.environment, inner, frame), SOURCE)
        if isinstance(query, Select) and query.group is not None:
            fail("recursive aggregate queries not supported")
        if has_windows(query):
            fail("cannot use window functions in recursive queries")
        if len(query.names) != len(initial.names):
            operator = "UNION" if distinct else "UNION ALL"
            fail(f"SELECTs to the left and right of {operator} do not have the same number of result columns")
        bound.append(query)
    made = Recursive(
        initial.names, initial.types, initial.affinities, initial.collations, number, initial, bound, distinct
    )
    parts = [part for query in (initial, *bound) for part in arms(query)]
    made.order_by = compound_order(context, tree.args.get("order"), made, parts)
    made.limit, made.offset = bind_limits(context, tree, inner)
    return made
