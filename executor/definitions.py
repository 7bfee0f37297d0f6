"""Which database of a connection a definition or a PRAGMA concerns; each is carried out within that one.

    CREATE TABLE, VIEW       main, unless another is named (TEMP is a name)
    CREATE INDEX, TRIGGER    temp if the table is there, else main
    DROP, ALTER, ANALYZE x   where the name is found: temp, main, attached ones in their order
    ANALYZE, REINDEX         all of them; ANALYZE leaves temp out
    PRAGMA f(table)          where the name is found, integrity_check(table) too
    PRAGMA table_list,       all of them
     integrity_check
    other PRAGMAs of state   main

Example: with temp.t and main.t, ``CREATE INDEX i ON t(a)`` and ``PRAGMA table_info(t)`` concern temp.

Does not: carry anything out (`executor.ddl`, `executor.pragma`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from aerodb_dbapi.executor.databases import open_temp, within
from aerodb_dbapi.executor.ddl import run_ddl
from aerodb_dbapi.planner.alter import Alteration
from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable, CreateTrigger, CreateView, Drop
from aerodb_dbapi.planner.maintenance import Maintenance
from aerodb_dbapi.storage.catalog import Schema, fold
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.schemas import MAIN, TEMP, MergedSchema

Rows = list[tuple[Any, ...]]

_OF_TABLE: Final = frozenset(
    {"table_info", "table_xinfo", "index_list", "foreign_key_list", "foreign_key_check"}
)  # fmt: skip
_OF_INDEX: Final = frozenset({"index_info", "index_xinfo"})
_OF_ALL: Final = frozenset({"table_list", "integrity_check", "quick_check", "optimize"})
MASTER_NAMES: Final = frozenset({"sqlite_master", "sqlite_schema"})
_CHECKS: Final = frozenset({"integrity_check", "quick_check"})
_OF_ONE: Final = frozenset(
    {
        "user_version", "application_id", "schema_version", "journal_mode", "synchronous", "page_count", "data_version",
        "aerodb_commit_id", "aerodb_digest",
    }
)  # fmt: skip


def run_definition(session: Any, transaction: Any, statement: Any) -> None:
    """Carry out DDL in a transaction."""
    if isinstance(statement, Maintenance):
        statement = _whole_database(transaction.schema, statement)
    if session.others is None:
        if statement.database is None or _named(transaction.schema, statement) is not None:
            run_ddl(session, transaction, statement)
        return
    for number in _places(transaction.schema, statement):
        with within(session, number, transaction) as part:
            transaction.writable(number)
            run_ddl(session, part, statement)
            gone = part.schema
        if isinstance(statement, Drop) and statement.what in ("table", "view") and TEMP in transaction.parts:
            _drop_far_triggers(transaction, gone, transaction.schema.by_number[number].database, statement.name)


def _drop_far_triggers(transaction: Any, schema: Schema, database: str, name: str) -> None:
    """The triggers of temp on a table or view go with it."""
    if schema.table(name) is not None or schema.view(name) is not None:
        return
    for trigger in transaction.parts[TEMP].schema.triggers.values():
        if trigger.on == fold(database) and fold(trigger.table) == fold(name):
            transaction.writable(TEMP).delete_object(trigger.id)


def _whole_database(schema: Schema, statement: Maintenance) -> Maintenance:
    """ANALYZE of a database has its name where that of a table may be."""
    name = statement.name
    if statement.what != "analyze" or statement.database is not None or name is None or schema.named(name) is None:
        return statement
    return replace(statement, name=None, database=name)


def _named(schema: Schema, statement: Any) -> Schema | None:
    """The schema that a statement names; None where DROP IF EXISTS has nothing to do."""
    found = schema.named(statement.database)
    if found is not None:
        return found
    if isinstance(statement, Drop):
        if statement.if_exists:
            return None
        raise OperationalError(f"no such {statement.what}: {statement.database}.{statement.name}")
    if isinstance(statement, Alteration):
        raise OperationalError(f"no such table: {statement.written}")
    raise OperationalError(f"unknown database {statement.database}")


def _places(schema: MergedSchema, statement: Any) -> list[int]:
    """The numbers of the databases that a statement concerns."""
    if statement.database is not None:
        named = _named(schema, statement)
        return [] if named is None else [schema.number(named)]
    if isinstance(statement, Maintenance) and statement.name is None:
        return [number for number in schema.by_number if number != TEMP or statement.what == "reindex"]
    return [schema.number(_home(schema, statement))]


def _home(schema: MergedSchema, statement: Any) -> Schema:
    """The schema that is meant where none is named."""
    main = schema.by_number[MAIN]
    match statement:
        case CreateTable() | CreateView():
            return main
        case CreateIndex():
            found = schema.holding(statement.table)
            return found if found.database == "temp" else main
        case CreateTrigger():
            name = statement.trigger.table
            named = schema.holding(name) if statement.on is None else schema.named(statement.on)
            return named if named is not None and named.database == "temp" else main
        case Drop() if statement.what in ("index", "trigger"):
            return schema.holding_other(statement.what, statement.name)
        case Alteration():
            return schema.holding(statement.table)
        case Maintenance() if schema.table(str(statement.name)) is None:
            return schema.holding_other("index", str(statement.name))
    return schema.holding(statement.name)


# --- PRAGMA -----------------------------------------------------------------------------------------------------------


def pragma_rows(session: Any, name: str, definition: Any, value: str | None, database: str | None = None) -> Any:
    """The rows of a PRAGMA, None if it has none to give."""
    name = fold(name)
    if database is not None and session.schema.named(database) is None:
        raise OperationalError(f"unknown database {database}")
    temporary = database is not None and fold(database) == "temp"
    if temporary and (session.others is None or TEMP not in session.others.others):
        if name in _OF_TABLE or name in _OF_INDEX:
            return []
        open_temp(session)
    if session.others is None:
        rows = definition.handler(session, _master_name(name, value, MAIN))
        return rows
    if name in _CHECKS and value is not None and not is_integer(value):
        database = _database_to_check(session.schema, value, database)
    if name in _OF_ALL:
        return list(_of_all(session, name, definition, value, database))
    if not (name in _OF_TABLE or name in _OF_INDEX or name in _OF_ONE):
        return definition.handler(session, value)
    schema = session.schema
    home: Schema = schema.by_number[MAIN]
    if database is not None:
        home = schema.named(database)
    elif value is not None and name in _OF_TABLE:
        home = schema.holding(value)
    elif value is not None and name in _OF_INDEX:
        home = schema.holding_other("index", value)
    with within(session, schema.number(home)):
        return definition.handler(session, value)


def _database_to_check(schema: Schema, table: str, database: str | None) -> str:
    """The database that holds the table to which a check is confined."""
    home = schema.holding(table) if database is None else schema.named(database)
    if home is None or (home.view(table) is None and home.table(table) is None and fold(table) not in MASTER_NAMES):
        raise OperationalError(f"no such table: {table}" if database is None else f"no such table: {database}.{table}")
    return home.database


def is_integer(value: str) -> bool:
    """Whether the text of a setting is a whole number, and not the name of something."""
    return value.removeprefix("-").removeprefix("+").isdecimal()


def _master_name(name: str, value: str | None, number: int) -> str | None:
    """The name under which table_list knows the table of definitions."""
    if name != "table_list" or value is None:
        return value
    if number == TEMP:
        return "sqlite_schema" if fold(value) in ("sqlite_temp_master", "sqlite_temp_schema") else value
    return "sqlite_schema" if fold(value) == "sqlite_master" else value


def _of_all(session: Any, name: str, definition: Any, value: str | None, database: str | None) -> Iterator[Any]:
    """The rows of each database; of the checks the problems, or that there are none."""
    schema = session.schema
    numbers = list(schema.by_number) if database is None else [schema.number(schema.named(database))]
    problems = False
    for number in numbers:
        if name == "optimize" and number == TEMP:
            continue
        with within(session, number):
            rows = definition.handler(session, _master_name(name, value, number))
        if name == "optimize":
            yield from rows
        elif name == "table_list":
            for row in rows:
                shown = "sqlite_temp_schema" if number == TEMP and row[1] == "sqlite_schema" else row[1]
                yield (schema.by_number[number].database, shown, *row[2:])
        elif rows != [("ok",)]:
            problems = True
            yield from rows
    if name.endswith("_check") and not problems:
        yield ("ok",)
