"""CREATE TABLE and CREATE TRIGGER of a name that is taken, by a text that is wrong besides.

SQLite looks the name up as soon as it has read it, so that is what it tells first; under IF NOT EXISTS it reads the rest of a table's
definition without looking at what it means::

    CREATE TABLE t(a, a)                   table t already exists
    CREATE TABLE IF NOT EXISTS t(a, a)     does nothing
    CREATE TABLE IF NOT EXISTS t(a,)       near ")": syntax error

Here a text is parsed before anything is looked up. Where that fails, `is_passed_over` reads the beginning of the text again.
What it does not do: look at definitions that are sound (`ddl`).
"""

from __future__ import annotations

from typing import Final

from aerodb_dbapi.executor.ddl import name_is_free
from aerodb_dbapi.planner.lexer import END
from aerodb_dbapi.planner.rewrite import stream_of
from aerodb_dbapi.storage.catalog import Schema, fold
from aerodb_dbapi.storage.errors import OperationalError

_TEMPORARY: Final = ("TEMP", "TEMPORARY")


def is_passed_over(schema: Schema, sql: str) -> bool:
    """Does the text begin to define a table that there is, with IF NOT EXISTS? Raises OperationalError if it does so without, or if it
    defines a trigger that there is."""
    stream = stream_of(sql)
    stream.expect("CREATE")
    database = "temp" if stream.kind in _TEMPORARY else None
    if database is not None:
        stream.advance()
    kind = stream.kind
    if kind not in ("TABLE", "TRIGGER"):
        return False
    stream.advance()
    if_not_exists = stream.take("IF")
    if if_not_exists:
        stream.expect("NOT")
        stream.expect("EXISTS")
    written = stream.token[1]
    name = stream.name()
    if stream.take("."):
        if database is not None and kind == "TRIGGER":
            raise OperationalError("temporary trigger may not have qualified name")
        if database is not None and fold(name) != "temp":
            raise OperationalError(
                "temporary table name must be unqualified"
                if kind == "TABLE"
                else "temporary trigger may not have qualified name"
            )
        database, written, name = name, stream.token[1], stream.name()
    home = schema.named(database or "main")
    if home is None or (kind == "TABLE" and fold(name).startswith("sqlite_")):
        return False
    if kind == "TABLE" and stream.kind in ("(", "AS"):
        return not name_is_free(home, name, written, if_not_exists)
    if kind == "TRIGGER" and home.trigger(name) is not None and not if_not_exists:
        while stream.kind not in ("BEGIN", END):
            stream.advance()
        if stream.kind == "BEGIN":
            raise OperationalError(f"trigger {written} already exists")
    return False
