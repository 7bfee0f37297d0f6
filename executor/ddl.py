"""CREATE and DROP: catalog edits, trees and data, all inside one transaction (INV-S1).

What a statement does
    CREATE TABLE    a tree and a record for the table, the same for each automatic index; CHECK and DEFAULT
                    expressions are bound once, so that a wrong one fails here
    … AS SELECT     the query runs first; columns take their names and affinities from it, rows are appended in bulk
    CREATE INDEX    entries are made from the table, sorted and appended; a duplicate in a unique index fails
    CREATE TRIGGER  a record; names in its body are looked at when it first fires
    CREATE VIEW     a record; the SELECT is looked at when the view is used, as in SQLite
    DROP            records and trees; a table takes its indexes, triggers and AUTOINCREMENT counter along; where foreign keys
                    are enforced its rows are deleted first, with all that follows from it

Whatever fails, the session rolls the transaction back to where the statement began: definition, trees and data stay
as they were. Error texts are SQLite's. Names of tables, views and indexes share one name space.

Example: ``CREATE UNIQUE INDEX i ON t(a)`` over rows with a = 1, 1 fails with ``UNIQUE constraint failed: t.a``.

A TEMP trigger is a record of temp, whose table may be in any database of the connection.

What it does not do: ALTER (`alter`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from aerodb_dbapi.executor import authorize
from aerodb_dbapi.executor.alter import run_alter
from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.databases import outside
from aerodb_dbapi.executor.hooks import before_drop
from aerodb_dbapi.executor.limits import DEFAULTS, DEPTH_MAX, EXPRESSION_DEPTH, check_statement
from aerodb_dbapi.executor.maintenance import STATISTICS, forget, run_maintenance
from aerodb_dbapi.executor.planning import (
    bind_definition,
    bind_text,
    check_partial,
    index_functions,
    plan_text,
    reads_of,
)
from aerodb_dbapi.executor.sequences import create_sequence, move_counter
from aerodb_dbapi.indexes.keys import NOTHING, fold_of
from aerodb_dbapi.indexes.maintain import build_entries, unique_prefix
from aerodb_dbapi.planner.alter import Alteration
from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable, CreateView, Drop, complete_index
from aerodb_dbapi.planner.ddl_triggers import CreateTrigger
from aerodb_dbapi.planner.lexer import KEYWORDS, tokenize
from aerodb_dbapi.planner.maintenance import Maintenance
from aerodb_dbapi.planner.parse import databases_in_body, databases_named
from aerodb_dbapi.planner.query import SelectStatement
from aerodb_dbapi.storage.catalog import Column, Index, Schema, Table, fold
from aerodb_dbapi.storage.collations import is_known
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import apply_affinity

RESERVED: Final = "sqlite_"
MASTER_NAMES: Final = frozenset({"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"})
_TYPES: Final = {"INTEGER": "INT", "TEXT": "TEXT", "NUMERIC": "NUM", "REAL": "REAL"}


def run_ddl(
    session: Any,
    transaction: Any,
    statement: CreateTable | CreateIndex | CreateView | CreateTrigger | Drop | Alteration | Maintenance,
) -> None:
    """Carry out a definition statement in a transaction."""
    if isinstance(statement, CreateTable):
        _create_table(session, transaction, statement)
    elif isinstance(statement, CreateIndex):
        _create_index(session, transaction, statement)
    elif isinstance(statement, CreateView):
        _create_view(session, transaction, statement)
    elif isinstance(statement, Maintenance):
        run_maintenance(session, transaction, statement)
    elif isinstance(statement, CreateTrigger):
        _create_trigger(session, transaction, statement)
    elif isinstance(statement, Alteration):
        run_alter(session, transaction, statement)
    else:
        _drop(session, transaction, statement)


# --- CREATE ---------------------------------------------------------------------------------------------------------


def name_is_free(schema: Schema, name: str, written: str, if_not_exists: bool) -> bool:
    """May a table or view have this name? False if it exists and that is no error. `written` is the name as in the
    text."""
    kind = "table" if schema.table(name) else "view" if schema.view(name) else None
    if kind is not None:
        if if_not_exists:
            return False
        raise OperationalError(f"{kind} {written} already exists")
    if schema.index(name) is not None:
        raise OperationalError(f"there is already an index named {name}")
    return True


def _written_name(sql: str, name: str) -> str:
    """The name of the object as it stands in its CREATE text, quotes and all."""
    tokens = tokenize(sql)[2:3]
    return sql[tokens[0][2] : tokens[0][3]] if tokens else name


def _create_table(session: Any, transaction: Any, statement: CreateTable) -> None:
    name = statement.table.name
    if not name_is_free(transaction.schema, name, _written_name(statement.table.sql, name), statement.if_not_exists):
        return
    if statement.select is not None:
        _create_table_as(session, transaction, statement)
        return
    for column in statement.table.columns:
        if not is_known(column.collation):
            fold_of(column.collation)
    for part in (part for index in statement.indexes for part in index.columns):
        if not is_known(part.collation):
            fold_of(part.collation)
    table = replace(statement.table, tree=transaction.create_tree("table"))
    transaction.put_object(transaction.new_object_id(), table)
    for index in statement.indexes:
        _put_index(transaction, index)
    if table.autoincrement:
        create_sequence(transaction)
    bound = bind_definition(session, table, transaction.schema, any_function=False)
    if len(table.sql) > DEPTH_MAX:
        check_statement({EXPRESSION_DEPTH: DEPTH_MAX}, bound)


def _inside(session: Any) -> str:
    """What stands before the names of missing tables."""
    return "" if session.name_inside == "temp" else f"{session.name_inside}."


def _put_index(transaction: Any, index: Index) -> Index:
    """Record an index with a tree of its own, still empty."""
    tree = transaction.create_tree("index", unique_prefix(index))
    index = replace(index, tree=tree, id=transaction.new_object_id())
    transaction.put_object(index.id, index)
    return index


def _create_table_as(session: Any, transaction: Any, statement: CreateTable) -> None:
    assert statement.select is not None
    if session.authorizer is not None:
        with outside(session, transaction) as whole:
            bound = bind_text(session, statement.select, whole.schema)
            authorize.select_allowed(session.authorizer, bound, whole.schema)
    with outside(session, transaction) as whole:
        if session.limits is not None or len(statement.select) > DEPTH_MAX:
            check_statement(session.limits or DEFAULTS, bind_text(session, statement.select, whole.schema))
        bound = plan_text(session, statement.select, whole.schema, whole.trees)
        assert isinstance(bound, SelectStatement)
        whole.note_read(reads_of(bound))
        rows = list(compile_select(bound)[0](session, whole.trees, ()))
    query = bound.query
    names = distinct_names(query.names)
    columns = tuple(
        Column(name, _TYPES.get(affinity or "BLOB", ""), affinity or "BLOB")
        for name, affinity in zip(names, query.affinities)
    )
    table = replace(
        statement.table, columns=columns, tree=transaction.create_tree("table"),
        sql=create_text(statement.table.name, columns),
    )  # fmt: skip
    rows = [tuple([apply_affinity(value, column.affinity) for value, column in zip(row, columns)]) for row in rows]
    transaction.put_object(transaction.new_object_id(), table)
    transaction.writer(table.tree).append(range(1, len(rows) + 1), rows)


def distinct_names(names: list[str]) -> list[str]:
    """Column names without repetition: a, a:1, a:2, as SQLite makes them."""
    seen: set[str] = set()
    made: list[str] = []
    for name in names:
        stem, count = name or f"column{len(made) + 1}", 0
        name = stem
        while fold(name) in seen:
            count += 1
            head, colon, digits = name.rpartition(":")
            name = f"{head if colon and digits.isdigit() else name}:{count}"
        seen.add(fold(name))
        made.append(name)
    return made


def create_text(name: str, columns: tuple[Column, ...]) -> str:
    """The CREATE TABLE text of a table made from a query, in SQLite's layout."""
    parts = [f"{if_needed_quoted(c.name)}{' ' if c.type else ''}{c.type}" for c in columns]
    size = sum(len(c.name) + c.name.count('"') + 7 for c in columns) + len(name) + name.count('"') + 2
    opening, comma, closing = ("(", ",", ")") if size < 50 else ("(\n  ", ",\n  ", "\n)")
    return f"CREATE TABLE {if_needed_quoted(name)}{opening}{comma.join(parts)}{closing}"


def quoted(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def if_needed_quoted(name: str) -> str:
    """A name as it must be written, quoted only where it has to be."""
    plain = name.replace("_", "a").isalnum() and name.isascii() and not name[0].isdigit()
    return name if plain and name.upper() not in KEYWORDS else quoted(name)


def _create_index(session: Any, transaction: Any, statement: CreateIndex) -> None:
    schema: Schema = transaction.schema
    table = schema.table(statement.table)
    if fold(statement.table) in MASTER_NAMES or (table is not None and fold(table.name).startswith(RESERVED)):
        raise OperationalError(f"table {statement.table} may not be indexed")
    if table is None:
        if schema.view(statement.table) is not None:
            raise OperationalError("views may not be indexed")
        raise OperationalError(f"no such table: {_inside(session)}{statement.table}")
    if schema.table(statement.name) is not None or schema.view(statement.name) is not None:
        raise OperationalError(f"there is already a table named {statement.name}")
    if schema.index(statement.name) is not None:
        if statement.if_not_exists:
            return
        raise OperationalError(f"index {statement.name} already exists")
    index = _put_index(transaction, complete_index(statement, table))
    if index.where:
        check_partial(session, transaction.schema, table, index.id)
    where, computed = None, NOTHING
    if index.where or any(column.expression is not None for column in index.columns):
        tests, computed = index_functions(session, transaction.schema, table)
        where = tests.get(index.id)
    keys = build_entries(index, table, transaction.trees[table.tree], where, computed)
    transaction.writer(index.tree).append(keys, [key[-1] for key in keys])


def _create_view(session: Any, transaction: Any, statement: CreateView) -> None:
    view = statement.view
    if not name_is_free(transaction.schema, view.name, _written_name(view.sql, view.name), statement.if_not_exists):
        return
    if session.name_inside != "temp":
        for name in databases_named(view.select):
            if fold(name) != fold(session.name_inside):
                raise OperationalError(f"view {view.name} cannot reference objects in database {name}")
    transaction.put_object(transaction.new_object_id(), view)


def _create_trigger(session: Any, transaction: Any, statement: CreateTrigger) -> None:
    schema: Schema = transaction.schema
    trigger, temporary = statement.trigger, session.name_inside == "temp"
    if statement.on is not None and not temporary and fold(statement.on) != fold(session.name_inside):
        raise OperationalError(f"trigger {trigger.name} cannot reference objects in database {statement.on}")
    home: Schema | None = schema
    if temporary:
        with outside(session, transaction) as whole:
            home = whole.schema.holding(trigger.table) if statement.on is None else whole.schema.named(statement.on)
    table = None if home is None else home.table(trigger.table)
    view = None if home is None else home.view(trigger.table)
    is_system = fold(trigger.table) in MASTER_NAMES
    if home is None or (table is None and view is None and not is_system):
        inside = f"{statement.on}." if temporary and statement.on is not None else _inside(session)
        raise OperationalError(f"no such table: {inside}{trigger.table}")
    if schema.trigger(trigger.name) is not None:
        if statement.if_not_exists:
            databases_in_body(trigger)  # the body's syntax counts
            return
        raise OperationalError(f"trigger {_written_name(trigger.sql, trigger.name)} already exists")
    if is_system or fold(trigger.table).startswith(RESERVED):
        raise OperationalError("cannot create trigger on system table")
    if view is not None:
        if trigger.timing != "INSTEAD OF":
            raise OperationalError(f"cannot create {trigger.timing} trigger on view: {trigger.table}")
    elif trigger.timing == "INSTEAD OF":
        raise OperationalError(f"cannot create INSTEAD OF trigger on table: {trigger.table}")
    for database in databases_in_body(trigger):
        if not temporary and fold(database) != fold(session.name_inside):
            raise OperationalError(f"trigger {trigger.name} cannot reference objects in database {database}")
    on = fold(home.database) if temporary and home.database != "temp" else None
    named = view.name if view is not None else table.name if table is not None else trigger.table
    transaction.put_object(transaction.new_object_id(), replace(trigger, table=named, on=on))


# --- DROP -----------------------------------------------------------------------------------------------------------


def _drop(session: Any, transaction: Any, statement: Drop) -> None:
    schema: Schema = transaction.schema
    if statement.what == "index":
        _drop_index(transaction, schema, statement)
        return
    if statement.what == "trigger":
        _drop_trigger(transaction, schema, statement)
        return
    table, view = schema.table(statement.name), schema.view(statement.name)
    if statement.what == "table" and fold(statement.name).startswith("sqlite_") and fold(statement.name) != STATISTICS:
        name = "sqlite_temp_master" if session.name_inside == "temp" else statement.name
        raise OperationalError(f"table {name} may not be dropped")
    if table is None and view is None:
        if not statement.if_exists:
            raise _missing(statement)
    elif statement.what == "table":
        if table is None:
            raise OperationalError(f"use DROP VIEW to delete view {statement.name}")
        before_drop(session, transaction, table)
        _drop_table(transaction, table)
    else:
        if view is None:
            raise OperationalError(f"use DROP TABLE to delete table {statement.name}")
        _drop_triggers_of(transaction, view.name)
        transaction.delete_object(view.id)


def _missing(statement: Drop) -> OperationalError:
    database = f"{statement.database}." if statement.database else ""
    return OperationalError(f"no such {statement.what}: {database}{statement.name}")


def _drop_trigger(transaction: Any, schema: Schema, statement: Drop) -> None:
    trigger = schema.trigger(statement.name)
    if trigger is not None:
        transaction.delete_object(trigger.id)
    elif not statement.if_exists:
        raise _missing(statement)


def _drop_triggers_of(transaction: Any, name: str) -> None:
    for trigger in transaction.schema.triggers_on(name):
        transaction.delete_object(trigger.id)


def _drop_table(transaction: Any, table: Table) -> None:
    forget(transaction, table.name, None)
    _drop_triggers_of(transaction, table.name)
    for index in table.indexes:
        transaction.delete_object(index.id)
        transaction.drop_tree(index.tree)
    transaction.delete_object(table.id)
    transaction.drop_tree(table.tree)
    if table.autoincrement:
        move_counter(transaction, table, None)


def _drop_index(transaction: Any, schema: Schema, statement: Drop) -> None:
    index = schema.index(statement.name)
    if index is None:
        if not statement.if_exists:
            raise _missing(statement)
        return
    if index.origin != "c":
        raise OperationalError("index associated with UNIQUE or PRIMARY KEY constraint cannot be dropped")
    forget(transaction, index.table, index.name)
    transaction.delete_object(index.id)
    transaction.drop_tree(index.tree)
