"""CREATE TABLE and CREATE TRIGGER of a name that is taken, by a text that is wrong besides.

SQLite looks the name up as soon as it has read it, so that is what it tells first::

    CREATE TABLE t(a, a)     table t already exists

Here a text is parsed before anything is looked up. Where that fails, `refuse_existing` reads the beginning of the text again.
What it does not do: look at definitions that are sound (`ddl`).
"""

from __future__ import annotations

from typing import Final

from aerodb_dbapi.executor.ddl import name_is_free
from aerodb_dbapi.planner.lexer import END
from aerodb_dbapi.planner.rewrite import stream_of
from aerodb_dbapi.storage.catalog import Schema
from aerodb_dbapi.storage.errors import OperationalError

_TEMPORARY: Final = ("TEMP", "TEMPORARY")


def refuse_existing(schema: Schema, sql: str) -> None:
    """Raise OperationalError if the text begins to define a table or trigger that there is."""
    stream = stream_of(sql)
    stream.expect("CREATE")
    database = "temp" if stream.kind in _TEMPORARY else None
    if database is not None:
        stream.advance()
    kind = stream.kind
    if kind not in ("TABLE", "TRIGGER") or stream.ahead() == "IF":
        return
    stream.advance()
    written = stream.token[1]
    name = stream.name()
    if stream.take("."):
        database, written, name = name, stream.token[1], stream.name()
    home = schema.named(database or "main")
    if home is None:
        return
    if kind == "TABLE" and stream.kind in ("(", "AS"):
        name_is_free(home, name, written, False)
    if kind == "TRIGGER" and home.trigger(name) is not None:
        while stream.kind not in ("BEGIN", END):
            stream.advance()
        if stream.kind == "BEGIN":
            raise OperationalError(f"trigger {written} already exists")
