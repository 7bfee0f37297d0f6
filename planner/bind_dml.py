"""INSERT, UPDATE and DELETE: targets, sources of rows, and everything that is checked or kept with a row.

Common parts
    The target is a table of the schema: not a view, not `sqlite_master`, not AS OF. CHECK constraints and
    partial-index conditions are texts of the catalog; they are parsed once per text and bound over the source id of
    the new row. RETURNING sees the target alone, under the table's own name (not its alias, as in SQLite), and the
    row as written (DELETE: as it was).

INSERT
    `targets` maps the columns of the source query to table positions; the rowid's names mean the INTEGER PRIMARY KEY
    column where there is one, else -1. Columns not named get `defaults` (NULL where none is declared; the rowid
    column is left out: it numbers itself), and so do NOT NULL columns with a default, for ON CONFLICT REPLACE. A
    column named twice takes the first value, as in SQLite.
UPDATE
    A Select over the target (its first join) and what FROM adds; SET is `bind_assign`'s.

Example: INSERT INTO t(b) VALUES (?1), with a INTEGER PRIMARY KEY, b, c DEFAULT 7 → targets [1], defaults {2: 7}.

Does not: enforce anything, ON CONFLICT (`bind_upsert`).
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any, NoReturn

from sqlglot import exp

from aerodb_dbapi.planner.bind_assign import bind_assignments, column_position, refuse_generated
from aerodb_dbapi.planner.bind_build import block, declared_type
from aerodb_dbapi.planner.bind_context import (
    FUNCTION_MARK,
    RESULT,
    SOURCE,
    Context,
    Reference,
    fail,
    identifier,
    optional_identifier,
)
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.bind_from import bind_list
from aerodb_dbapi.planner.bind_functions import call_arguments, is_scalar
from aerodb_dbapi.planner.bind_limited import limit_joined, limited_query
from aerodb_dbapi.planner.bind_select import bind_outputs, bind_query
from aerodb_dbapi.planner.bind_stored import bind_generated, bind_index_values, bind_indexes, without_clock
from aerodb_dbapi.planner.bind_tables import definitions_named, shown_name, with_scope
from aerodb_dbapi.planner.bind_upsert import bind_upserts
from aerodb_dbapi.planner.expressions import NULL, Column, Constant, Expression, conjuncts
from aerodb_dbapi.planner.lexer import tokenize, unquote
from aerodb_dbapi.planner.parse import Parsed, is_constant, parse_expression
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    Join,
    Query,
    QuerySource,
    Returning,
    Select,
    TableSource,
    UpdateStatement,
    Values,
)
from aerodb_dbapi.planner.scope import Scope, table_entry
from aerodb_dbapi.storage.catalog import Table, View, fold
from aerodb_dbapi.storage.errors import OperationalError

cached_expression_tree = lru_cache(maxsize=1024)(parse_expression)


def bind_insert(context: Context, parsed: Parsed, scope: Scope) -> InsertStatement:
    """INSERT and REPLACE."""
    tree = parsed.tree
    outer = with_scope(context, tree, scope)
    written = tree.this
    named = [identifier(name) for name in written.expressions] if type(written) is exp.Schema else None
    target = written.this if named is not None else written
    table = _target(context, target, scope)
    row_id = context.next_id()
    context.stored.add(row_id)
    if tree.args.get("default"):
        if named is not None:
            insert_targets(table, named, 0, written_name(target))
        targets: list[int] = []
        query: Query = Values([], [], [], [], [()])
    else:
        for name in named or ():
            if context.trace is None and column_position(table, name) is None:
                fail(f"table {written_name(target)} has no column named {name}")
        query = bind_query(context, tree.expression, outer, SOURCE)
        targets = _traced(context, table, written) or insert_targets(
            table, named, len(query.names), written_name(target)
        )
        targets, query = single_values(context, targets, query, table.rowid_alias)
    statement = InsertStatement(
        table,
        targets,
        query,
        parsed.conflict or "",
        row_id,
        _defaults(context, table, targets, scope, parsed.stands_for_definition),
        _checks(context, table, row_id, scope),
        bind_returning(context, tree, table, row_id, outer),
        _index_filters(context, table, row_id, scope),
        bind_generated(context, table, row_id, scope),
        bind_index_values(context, table, row_id, scope),
        parameters=parsed.parameters,
    )
    sequence = scope.environment.schema.owner(table).table("sqlite_sequence") if table.autoincrement else None
    statement.sequence = None if sequence is None else sequence.tree
    if parsed.upserts:
        alias = target.args.get("alias")
        name = table.name if alias is None else identifier(alias.this)
        statement.upserts = bind_upserts(context, parsed.upserts, statement, name, outer)
    return statement


def bind_update(context: Context, parsed: Parsed, scope: Scope) -> UpdateStatement:
    """UPDATE."""
    tree = parsed.tree
    outer = with_scope(context, tree, scope)
    table = _target(context, tree.this, scope)
    condition = tree.args.get("where")
    limited = None
    if condition is not None and tree.args.get("from_") is not None:
        limited = limited_query(condition.this)
    query, row_id, inner, condition = _target_rows(context, tree, table, outer, limited)
    new_id = context.next_id()
    context.stored.add(new_id)
    assignments = bind_assignments(context, table, tree.expressions, inner)
    query.where += _condition(context, condition, inner)
    if limited is not None:
        query, row_id, assignments = limit_joined(context, table, query, assignments, limited, inner)
    return UpdateStatement(
        table,
        query,
        row_id,
        new_id,
        assignments,
        parsed.conflict or "",
        _checks(context, table, new_id, scope),
        bind_returning(context, tree, table, new_id, outer),
        _index_filters(context, table, new_id, scope),
        _defaults(context, table, list(range(len(table.columns))), scope, False),
        bind_generated(context, table, new_id, scope),
        bind_index_values(context, table, new_id, scope),
        parameters=parsed.parameters,
    )


def bind_delete(context: Context, parsed: Parsed, scope: Scope) -> DeleteStatement:
    """DELETE."""
    tree = parsed.tree
    outer = with_scope(context, tree, scope)
    table = _target(context, tree.this, scope)
    query, row_id, inner, condition = _target_rows(context, tree, table, outer)
    query.where += _condition(context, condition, inner)
    return DeleteStatement(
        table,
        query,
        row_id,
        bind_returning(context, tree, table, row_id, outer),
        _index_filters(context, table, row_id, scope),
        bind_index_values(context, table, row_id, scope),
        parameters=parsed.parameters,
    )


# --- the target -------------------------------------------------------------------------------------------------------


def _target(context: Context, node: Any, scope: Scope) -> Table:
    """The table that a statement writes."""
    name, database = identifier(node.this), optional_identifier(node.args.get("db"))
    environment = scope.environment
    schema = environment.schema.holding(name) if database is None else environment.schema.named(database)
    if schema is None:
        fail(f"no such table: {database}.{name}")
    definitions = definitions_named(environment.schema, fold(name), database)
    if definitions is not None:
        fail(f"table sqlite_{'temp_' if definitions.database == 'temp' else ''}master may not be modified")
    table = schema.table(name)
    if table is None:
        view = schema.view(name)
        if view is not None:
            refuse_view(view)
        if context.functions.module(fold(name)) is not None:
            fail(f"table {name} may not be modified")
        inside = environment.schema.database if environment.views else ""
        fail(f"no such table: {f'{database or inside}.' if database or inside else ''}{name}")
    if context.trace is not None:
        context.trace.append(Reference(node.this, table.name, None, fold(schema.database)))
    return table


def _target_rows(
    context: Context, tree: Any, table: Table, outer: Scope, limited: Any = None
) -> tuple[Select, int, Scope, Any]:
    """The query that finds the rows of UPDATE and DELETE, still without its WHERE; the target's source id, the scope of SET and
    WHERE, and the tree of WHERE, which of an UPDATE with FROM and LIMIT is in `limited`."""
    node = tree.this
    alias = node.args.get("alias")
    name = table.name if alias is None else identifier(alias.this)
    shown = shown_name(identifier(node.this), optional_identifier(node.args.get("db"))) if alias is None else name
    source = TableSource(id=context.next_id(), name=shown, table=table)
    context.stored.add(source.id)
    bind_indexes(context, source, outer)
    _index_hint(node, source)
    inner = outer.inner()
    inner.entries.append(table_entry(source.id, name, table, outer.environment.schema.owner(table).database))
    joins, where = [Join(source)], []
    clause = tree.args.get("from_")
    if clause is not None:
        piece = update_from(context, clause, tree, inner, name)
        joins, where = joins + piece.joins, piece.where
    condition = (tree if limited is None else limited).args.get("where")
    return block(joins, [], where=where), source.id, inner, condition


def _condition(context: Context, clause: Any, scope: Scope) -> list[Expression]:
    return [] if clause is None else conjuncts(bind_expression(context, clause.this, scope))


def update_from(context: Context, clause: Any, tree: Any, inner: Scope, name: str) -> Any:
    """What FROM adds to an UPDATE of `name`, whose entry `inner` has."""
    joins = clause.this.args.get("joins") if type(clause.this) is exp.Table else None
    try:
        piece = bind_list(context, clause.this, joins or tree.args.get("joins") or [], inner)
    except OperationalError:
        _refuse_target(inner, name)  # rather than the ambiguous names that follow from it
        raise
    _refuse_target(inner, name)
    return piece


def _refuse_target(inner: Scope, name: str) -> None:
    """The target may not stand in FROM under the same name; something else of that name may."""
    target = inner.entries[0]
    for entry in inner.entries[1:]:
        same = entry.table is None if target.table is None else entry.table and entry.table.id == target.table.id
        if same and entry.alias == target.alias:
            fail(f"target object/alias may not appear in FROM clause: {name}")


def _index_hint(node: Any, source: TableSource) -> None:
    hint = node.args.get("indexed")
    if hint is False:
        source.indexed_by = ""
    elif hint is not None:
        index = identifier(hint.this)
        if not any(fold(known.name) == fold(index) for known in source.table.indexes):
            fail(f"no such index: {index}")
        source.indexed_by = index


def refuse_view(view: View) -> NoReturn:
    """A view that no INSTEAD OF trigger makes writable."""
    fail(f"cannot modify {view.name} because it is a view")


# --- INSERT -----------------------------------------------------------------------------------------------------------


def _traced(context: Context, table: Table, written: Any) -> list[int] | None:
    """Tell `Context.trace`, if there is one, which columns an INSERT names. Whether they are there is not asked then, nor how many
    values it has: SQLite's ALTER TABLE does not look at this."""
    if context.trace is None:
        return None
    for node in written.expressions if type(written) is exp.Schema else ():
        context.trace.append(Reference(node, table.name, identifier(node)))
    return [0]


def written_name(target: Any) -> str:
    """What errors call the table of an INSERT: its alias, or its name as it is written."""
    alias = target.args.get("alias")
    if alias is not None:
        return identifier(alias.this)
    database = optional_identifier(target.args.get("db"))
    return identifier(target.this) if database is None else f"{database}.{identifier(target.this)}"


def insert_targets(table: Table, named: list[str] | None, width: int, shown: str) -> list[int]:
    """The positions that the columns of an INSERT's rows go to. `shown`: what errors call the table."""
    if named is None:
        written = [p for p, column in enumerate(table.columns) if column.generated is None]
        if width != len(written):
            fail(f"table {shown} has {len(written)} columns but {width} values were supplied")
        return written
    targets = []
    for name in named:
        position = column_position(table, name)
        if position is None:
            fail(f"table {shown} has no column named {name}")
        refuse_generated(table, position, "INSERT into", name)
        targets.append(position)
    if width != len(named):
        fail(f"{width} values for {len(named)} columns")
    return targets


def single_values(
    context: Context, targets: list[int], query: Query, alias: int | None = None
) -> tuple[list[int], Query]:
    """One value for each column: of a column that is named several times the first, of the rowid (or its `alias`) the last."""
    rowids = [i for i, target in enumerate(targets) if target in (-1, alias)]
    kept = [i for i, target in enumerate(targets) if (i == rowids[-1] if i in rowids else target not in targets[:i])]
    if len(kept) == len(targets):
        return targets, query
    source = QuerySource(id=context.next_id(), name="", query=query)
    columns: list[Expression] = [
        Column(source.id, i, query.names[i], query.affinities[i], query.collations[i], query.types[i]) for i in kept
    ]
    return [targets[i] for i in kept], block([Join(source)], columns)


def _defaults(
    context: Context, table: Table, targets: list[int], scope: Scope, constants_alone: bool
) -> dict[int, Expression]:
    made: dict[int, Expression] = {}
    for position, column in enumerate(table.columns):
        if position == table.rowid_alias or column.generated is not None:
            continue
        if position not in targets or (column.not_null and column.default is not None):
            if column.default is None or (constants_alone and not is_constant(column.default)):
                made[position] = NULL
            else:  # one that stands in for a NULL that is given need not be there
                with suppress(*[OperationalError] if position in targets else ()):
                    made[position] = _default(context, column.default, scope)
    return made


def _default(context: Context, text: str, scope: Scope) -> Expression:
    """The value of DEFAULT; a bare name is a string there."""
    tree = cached_expression_tree(text)
    if type(tree) is exp.Column and tree.args.get("table") is None:
        return Constant(identifier(tree.this))
    for call in tree.find_all(exp.Anonymous):
        written = str(call.this).removeprefix(FUNCTION_MARK)
        if not is_scalar(context, written, len(call_arguments(call)[0])):
            fail(f"unknown function: {written}()")
    return bind_expression(context, tree, Scope(scope.environment))


# --- kept with each row -----------------------------------------------------------------------------------------------


def _row_scope(table: Table, row_id: int, scope: Scope) -> Scope:
    made = Scope(scope.environment)
    made.entries.append(table_entry(row_id, table.name, table))
    return made


def _checks(context: Context, table: Table, row_id: int, scope: Scope) -> list[tuple[str, Expression]]:
    """CHECK constraints: what a failure names (its name, or its text), and the condition."""
    if not table.checks:
        return []
    inside = _row_scope(table, row_id, scope)
    return [
        (
            check.name or check_name(check.text),
            without_clock(bind_expression(context, cached_expression_tree(check.text), inside), "a CHECK constraint"),
        )
        for check in table.checks
    ]


def check_name(text: str) -> str:
    """What names a CHECK without a name: its text; only the first name of it where that is in quotes, as in SQLite."""
    return unquote(tokenize(text)[0][1]) if text[:1] in "'\"[`" else text


def _index_filters(context: Context, table: Table, row_id: int, scope: Scope) -> dict[int, Expression]:
    """The conditions of partial indexes by index id."""
    made: dict[int, Expression] = {}
    for index in table.indexes:
        if index.where is not None:
            inside = _row_scope(table, row_id, scope)
            bound = bind_expression(context, cached_expression_tree(index.where), inside)
            made[index.id] = without_clock(bound, "an index")
    return made


def bind_returning(context: Context, tree: Any, table: Table, row_id: int, outer: Scope) -> Returning | None:
    """RETURNING over a row of the table, which is source `row_id`."""
    clause = tree.args.get("returning")
    if clause is None:
        return None
    for node in clause.expressions:
        if type(node) is exp.Column and type(node.this) is exp.Star:
            fail('RETURNING may not use "TABLE.*" wildcards')
    inner = outer.inner()
    inner.entries.append(table_entry(row_id, table.name, table, outer.environment.schema.owner(table).database))
    outputs = bind_outputs(context, clause.expressions, inner, RESULT)
    return Returning(outputs.columns, outputs.names, [declared_type(column) for column in outputs.columns])
