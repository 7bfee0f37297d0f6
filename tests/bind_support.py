"""A small schema and short ways to bind statements over it, for the binder's tests; `sqlite3` holds the same tables."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from aerodb_dbapi.executor.functions.registry import FunctionRegistry
from aerodb_dbapi.planner import ddl, parse, rewrite
from aerodb_dbapi.planner.binder import bind
from aerodb_dbapi.planner.query import Query, Select, SelectStatement, Statement
from aerodb_dbapi.storage.catalog import Schema, Table, encode_object, fold
from aerodb_dbapi.storage.errors import Error

DEFINITIONS = [
    "CREATE TABLE t(a INT, b TEXT COLLATE NOCASE, c)",
    "CREATE TABLE u(id INTEGER PRIMARY KEY, a, x REAL)",
    "CREATE TABLE w(a, y)",
    "CREATE TABLE k(a INT DEFAULT 7, b TEXT DEFAULT 'q', c DEFAULT (1 + 2), d DEFAULT word, CHECK (a < 9), "
    "CONSTRAINT cc CHECK (b <> ''))",
    "CREATE INDEX ta ON t(a)",
    "CREATE UNIQUE INDEX kb ON k(b) WHERE a > 3",
    "CREATE VIEW v AS SELECT a, b AS bb FROM t",
    "CREATE VIEW vv(p, q) AS SELECT A, b COLLATE NOCASE FROM t",
    "CREATE VIEW v3(x) AS SELECT a, b FROM t",
    "CREATE VIEW v5 AS SELECT * FROM v5",
    "CREATE VIEW v6 AS SELECT * FROM nope",
]


def make_schema(definitions: list[str] = DEFINITIONS) -> Schema:
    """The schema that these statements define; ids are 10, 20, … in their order."""
    records = []
    tables: dict[str, Table] = {}
    for number, sql in enumerate(definitions, 1):
        made: Any = ddl.definition(rewrite.stream_of(sql))
        oid = number * 10
        if isinstance(made, ddl.CreateTable):
            table = replace(made.table, id=oid, tree=oid)
            tables[fold(table.name)] = table
            records.append((oid, encode_object(table)))
        elif isinstance(made, ddl.CreateIndex):
            index = ddl.complete_index(made, tables[fold(made.table)])
            records.append((oid, encode_object(replace(index, id=oid, tree=oid))))
        else:
            records.append((oid, encode_object(replace(made.view, id=oid))))
    return Schema(records, 1)


SCHEMA = make_schema()
FUNCTIONS = FunctionRegistry()


def bound(sql: str, schema: Schema = SCHEMA, older: dict[int, Schema] | None = None) -> Any:
    """The bound statement."""
    statement: Statement = bind(parse.parse(sql), schema, FUNCTIONS, (older or {}).__getitem__)
    return statement


def query_of(sql: str) -> Any:
    """The bound query of a SELECT."""
    statement = bound(sql)
    assert isinstance(statement, SelectStatement)
    query: Query = statement.query
    return query


def column_of(expression: str, tables: str = "t") -> Any:
    """The bound form of one expression over `tables`."""
    query = query_of(f"SELECT {expression} FROM {tables}")
    assert isinstance(query, Select)
    return query.columns[0]


def reference() -> sqlite3.Connection:
    """The same tables, empty, in SQLite."""
    connection = sqlite3.connect(":memory:")
    for sql in DEFINITIONS:
        connection.execute(sql)
    return connection


def outcome(sql: str) -> tuple[str, Any]:
    """('names', the result's column names) or ('error', its text), from the binder."""
    try:
        statement = bound(sql)
    except Error as error:
        return "error", str(error)
    if isinstance(statement, SelectStatement):
        return "names", statement.query.names
    return "names", statement.returning.names if statement.returning is not None else None


def sqlite_outcome(connection: sqlite3.Connection, sql: str) -> tuple[str, Any]:
    """As `outcome`, from SQLite."""
    try:
        cursor = connection.execute(sql)
        cursor.fetchall()
    except sqlite3.Error as error:
        return "error", str(error)
    finally:
        connection.rollback()
    return "names", None if cursor.description is None else [item[0] for item in cursor.description]
