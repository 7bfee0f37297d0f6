"""Asking an authorizer about a statement, while it is compiled (https://www.sqlite.org/c3ref/set_authorizer.html).

The callback of the application is called with (action, argument, argument, 'main', view) once for every thing that a statement would do:

    SELECT                     one for each query, READ for each column, FUNCTION for each function called, RECURSIVE
    INSERT, UPDATE, DELETE     of the table; UPDATE names each column
    CREATE …, DROP …           the object and its table
    TRANSACTION, SAVEPOINT     'BEGIN' … and the name
    PRAGMA                     name and value

It answers OK, DENY (the statement fails: "not authorized", or "access to t.c is prohibited" for a column) or IGNORE: the column reads
as NULL (but in RETURNING), the function gives NULL, UPDATE leaves the column as it is, DELETE is carried out, and any other statement
does nothing. An exception, or what is no int, counts as DENY; another int is an "authorizer malfunction".

Example: a callback that denies READ of t.secret makes ``SELECT * FROM t`` fail, also where t is behind a view.

Statements are compiled anew when an authorizer is set; a session without one never comes here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aerodb_dbapi.planner import ddl, front
from aerodb_dbapi.planner.attach import Attach, Detach
from aerodb_dbapi.planner.expressions import NULL, AggregateCall, Call, Column, Expression
from aerodb_dbapi.planner.maintenance import Maintenance
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    ModuleSource,
    Query,
    QuerySource,
    Recursive,
    RowsSource,
    Select,
    Statement,
    TableSource,
    UpdateStatement,
    Values,
    ViewStatement,
    Windowed,
)
from aerodb_dbapi.planner.rewrite import VALUES_ALIAS
from aerodb_dbapi.planner.rules.context import change_expressions
from aerodb_dbapi.planner.usage import all_queries, query_expressions, walk_nodes
from aerodb_dbapi.storage.catalog import Schema, Table, fold
from aerodb_dbapi.storage.errors import DatabaseError, NotSupportedError, OperationalError

OK: Final = 0
DENY: Final = 1
IGNORE: Final = 2

_DELETE, _INSERT, _PRAGMA, _READ, _SELECT, _TRANSACTION, _UPDATE = 9, 18, 19, 20, 21, 22, 23
_ALTER, _REINDEX, _ANALYZE, _FUNCTION, _SAVEPOINT, _RECURSIVE = 26, 27, 28, 31, 32, 33
_CREATES: Final = {"CreateTable": 2, "CreateIndex": 1, "CreateView": 8, "CreateTrigger": 7}
_DROPS: Final = {"table": 11, "index": 10, "view": 17, "trigger": 16}
_IN_TEMP: Final = {2: 4, 1: 3, 8: 6, 7: 5, 11: 13, 10: 12, 17: 15, 16: 14}
_ATTACH, _DETACH = 24, 25

Ask = Callable[[int, str | None, str | None, str | None, str | None], int]


class Seen(NamedTuple):
    """What READ is asked about one source: its table, the names of its columns, the database, and the view through which it is read."""

    name: str
    column: Callable[[int], str | None]
    database: str
    view: str | None


def may(
    ask: Ask, action: int, first: str | None = None, second: str | None = None, database: str | None = None
) -> bool:
    """Whether the action may be done; False is IGNORE. Raises DatabaseError where it is denied."""
    answer = ask(action, first, second, database, None)
    if answer == DENY:
        raise DatabaseError("not authorized", name="SQLITE_AUTH")
    return answer == OK


def rows_allowed(ask: Ask, statement: Statement, schema: Schema) -> bool:
    """Ask about SELECT, INSERT, UPDATE, DELETE; False where it is to do nothing."""
    queries = all_queries(statement)
    joined = [join.source for query in queries if isinstance(query, Select) for join in query.joins]
    wrapped = [one.query for one in joined if isinstance(one, QuerySource) and one.name == VALUES_ALIAS]
    for query in queries:
        own = isinstance(statement, UpdateStatement | DeleteStatement) and query is statement.query
        if isinstance(query, Values):  # one row of an INSERT is no query
            own = (
                isinstance(statement, InsertStatement | ViewStatement)
                and query is statement.query
                and len(query.rows) == 1
            )
            own = own or any(query is one for one in wrapped)
        if isinstance(query, Select | Values) and not own and not may(ask, _SELECT):
            return False
        if isinstance(query, Recursive) and not may(ask, _RECURSIVE):
            return False
    if not _target_allowed(ask, statement, schema):
        return False
    tables: dict[int, Seen] = {}
    for query in queries:
        _note_tables(query, None, tables, schema)
    read = set(tables)
    expressions = [e for query in queries for e in query_expressions(query)]
    if isinstance(statement, UpdateStatement | DeleteStatement | InsertStatement):
        expressions += _own_expressions(statement)
        for target in _targets(statement):
            tables[target] = _of_table(statement.table, None, schema)
            read.discard(target)
    _windows_allowed(ask, queries)
    hidden, silent = _hidden(ask, expressions, tables, read)
    if hidden or silent:
        change_expressions(statement, lambda node: NULL if _is_hidden(node, hidden, silent) else node)
    return True


def select_allowed(ask: Ask, statement: Statement, schema: Schema) -> None:
    """Ask about a SELECT whose rows are stored. What is ignored there is denied: nothing else keeps it out."""

    def strict(*question: Any) -> int:
        answer = ask(*question)
        return DENY if answer == IGNORE else answer

    rows_allowed(strict, statement, schema)


def _target_allowed(ask: Ask, statement: Statement, schema: Schema) -> bool:
    if isinstance(statement, InsertStatement):
        updates = [upsert.update for upsert in statement.upserts if upsert.update is not None]
        database = schema.owner(statement.table).database
        allowed = may(ask, _INSERT, statement.table.name, None, database)
        return allowed and all(_target_allowed(ask, u, schema) for u in updates)
    if isinstance(statement, DeleteStatement):
        may(ask, _DELETE, statement.table.name, None, schema.owner(statement.table).database)
        return True  # IGNORE deletes row by row, in SQLite
    if isinstance(statement, ViewStatement):
        table, database = statement.table, schema.owner(statement.table).database
        if statement.event == "update":
            return all(may(ask, _UPDATE, table.name, _column_name(table, p), database) for p in statement.targets)
        return may(ask, _INSERT if statement.event == "insert" else _DELETE, table.name, None, database)
    if isinstance(statement, UpdateStatement):
        table, database = statement.table, schema.owner(statement.table).database
        statement.assignments = [
            (position, value)
            for position, value in statement.assignments
            if may(ask, _UPDATE, table.name, _column_name(table, position), database)
        ]
    return True


def _own_expressions(statement: UpdateStatement | DeleteStatement | InsertStatement) -> list[Expression]:
    """What the user wrote outside the query. CHECK, DEFAULT and conditions of indexes are the schema's, and not asked
    about."""
    found: list[Expression] = []
    if isinstance(statement, UpdateStatement):
        found += [value for _, value in statement.assignments]
    if isinstance(statement, InsertStatement):
        for upsert in statement.upserts:
            found += upsert.where
            found += [] if upsert.update is None else [value for _, value in upsert.update.assignments]
    if statement.returning is not None:
        found += statement.returning.columns
    return found


def _targets(statement: UpdateStatement | DeleteStatement | InsertStatement) -> list[int]:
    """The source ids under which rows of the changed table are seen."""
    found = [statement.row_id]
    if isinstance(statement, UpdateStatement):
        found.append(statement.new_id)
    if isinstance(statement, InsertStatement):
        found += [upsert.update.row_id for upsert in statement.upserts if upsert.update is not None]
    return found


def _of_table(table: Table, view: str | None, schema: Schema) -> Seen:
    return Seen(table.name, lambda position: _column_name(table, position), schema.owner(table).database, view)


def _of_definitions(source: RowsSource, view: str | None) -> Seen:
    name = "sqlite_temp_master" if source.database == "temp" else "sqlite_master"
    return Seen(
        name,
        lambda position: source.columns[position] if position < len(source.columns) else "ROWID",
        source.database,
        view,
    )


def _of_module(source: ModuleSource, view: str | None) -> Seen:
    """Of a table-valued function; its arguments are no columns that are read."""
    names = [None if column.hidden else column.name for column in source.module.columns]
    return Seen(
        source.module.name, lambda position: names[position] if 0 <= position < len(names) else "ROWID", "main", view
    )


def _note_tables(query: Query, view: str | None, tables: dict[int, Seen], schema: Schema) -> None:
    """Source id → what is asked about it. Outer queries come first and know the views."""
    if isinstance(query, Windowed):
        _note_tables(query.source, view, tables, schema)
    if not isinstance(query, Select):
        return
    for join in query.joins:
        source = join.source
        if isinstance(source, TableSource):
            tables.setdefault(source.id, _of_table(source.table, view, schema))
        elif isinstance(source, RowsSource):
            tables.setdefault(source.id, _of_definitions(source, view))
        elif isinstance(source, ModuleSource):
            table = source.module.read_as
            tables.setdefault(source.id, _of_module(source, view) if table is None else _of_table(table, view, schema))
        elif isinstance(source, QuerySource):
            inside = schema.view(source.name) if source.name else None
            _note_tables(source.query, view if inside is None else inside.name, tables, schema)


def _column_name(table: Table, position: int) -> str:
    if position == -1:
        return "ROWID" if table.rowid_alias is None else table.columns[table.rowid_alias].name
    return table.columns[position].name


def _hidden(
    ask: Ask,
    expressions: list[Expression],
    tables: dict[int, Seen],
    read: set[int],
) -> tuple[set[tuple[int, int]], set[str]]:
    """Ask about every column and function once; the (source, position) of columns that read as NULL, and the names of functions
    that give NULL. Of a table in `read` of which no column is used, the reading itself is asked about."""
    asked: set[Any] = set()
    hidden: set[tuple[int, int]] = set()
    silent: set[str] = set()
    for expression in expressions:
        for node in walk_nodes(expression):
            if isinstance(node, Call | AggregateCall) and node.name not in asked:
                asked.add(node.name)
                if not _function_allowed(ask, node.name, isinstance(node, Call)):
                    silent.add(node.name)
            elif isinstance(node, Column) and node.source in tables and (node.source, node.position) not in asked:
                seen = tables[node.source]
                name = seen.column(node.position)
                if name is None:
                    continue
                asked.add((node.source, node.position))
                answer = ask(_READ, seen.name, name, seen.database, seen.view)
                if answer == DENY:
                    raise DatabaseError(f"access to {seen.name}.{name} is prohibited", name="SQLITE_AUTH")
                if answer == IGNORE:
                    hidden.add((node.source, node.position))
    for source in sorted(read):
        if not any(isinstance(known, tuple) and known[0] == source for known in asked):
            may(ask, _READ, tables[source].name, "")
    return hidden, silent


def _windows_allowed(ask: Ask, queries: list[Query]) -> None:
    """Ask about every window function once."""
    levels = [level for query in queries if isinstance(query, Windowed) for level in query.levels]
    for name in dict.fromkeys(call.function.name for level in levels for call in level.calls):
        _function_allowed(ask, name, False)


def _function_allowed(ask: Ask, name: str, scalar: bool) -> bool:
    """Whether a function may be called; False where it gives NULL instead."""
    answer = ask(_FUNCTION, None, name, None, None)
    if answer == DENY:
        raise OperationalError(f"not authorized to use function: {name}")
    if answer == IGNORE and not scalar:
        raise NotSupportedError("an authorizer's SQLITE_IGNORE for an aggregate or window function")
    return answer == OK


def _is_hidden(node: Expression, hidden: set[tuple[int, int]], silent: set[str]) -> bool:
    if isinstance(node, Column):
        return (node.source, node.position) in hidden
    return isinstance(node, Call) and node.name in silent


def control_allowed(ask: Ask, statement: Any, schema: Schema) -> bool:
    """Ask about a transaction statement, PRAGMA, CREATE or DROP; False where it is to do nothing."""
    match statement:
        case front.Begin():
            return may(ask, _TRANSACTION, "BEGIN")
        case front.Commit():
            return may(ask, _TRANSACTION, "COMMIT")
        case front.Rollback(None):
            return may(ask, _TRANSACTION, "ROLLBACK")
        case front.Rollback(name):
            return may(ask, _SAVEPOINT, "ROLLBACK", name)
        case front.Savepoint(name):
            return may(ask, _SAVEPOINT, "BEGIN", name)
        case front.Release(name):
            return may(ask, _SAVEPOINT, "RELEASE", name)
        case Attach() | Detach():
            return may(ask, _ATTACH if isinstance(statement, Attach) else _DETACH, statement.literal)
        case front.Pragma(name, value, named):
            return may(ask, _PRAGMA, name, value, named)
        case ddl.Drop(what, name):
            database, master, temporary = _place(statement)
            dropping = _DROPS.get(what, 11)
            dropping = _IN_TEMP[dropping] if temporary else dropping
            return may(ask, dropping, name, _table_of(schema, what, name), database) and may(
                ask, _DELETE, master, None, database
            )
        case Maintenance(what, name):
            return may(ask, _ANALYZE if what == "analyze" else _REINDEX, name, None, statement.database or "main")
    action = _CREATES.get(type(statement).__name__)
    if action is None:
        return may(ask, _ALTER, statement.database or "main", getattr(statement, "table", None))
    made = getattr(statement, "table", None) or getattr(statement, "view", None) or getattr(statement, "trigger", None)
    name = getattr(statement, "name", None) or getattr(made, "name", None)
    on = made if isinstance(made, str) else getattr(made, "table", None)
    database, master, temporary = _place(statement)
    action = _IN_TEMP[action] if temporary else action
    return may(ask, _INSERT, master, None, database) and may(ask, action, name, on, database)


def _table_of(schema: Schema, what: str, name: str) -> str | None:
    """The table of an index or trigger."""
    found = schema.index(name) if what == "index" else schema.trigger(name) if what == "trigger" else None
    return None if found is None else found.table


def _place(statement: Any) -> tuple[str, str, bool]:
    """The database that a definition names (main without), its table of definitions, and whether it is temp."""
    database: str = statement.database or "main"
    temporary = fold(database) == "temp"
    return database, "sqlite_temp_master" if temporary else "sqlite_master", temporary
