"""`Connection.iterdump`: the database as SQL text, which run on an empty database makes it again.

The order and the text are those of `sqlite3`: tables by name, each with its rows, then indexes, triggers and views, then the AUTOINCREMENT
counters, all in one transaction. `filter` (Python 3.13) is a LIKE pattern for the names of objects.

>>> import aerodb_dbapi
>>> connection = aerodb_dbapi.connect(":memory:")
>>> _ = connection.executescript("CREATE TABLE t(a); INSERT INTO t VALUES ('x')")
>>> print(*connection.iterdump(), sep="\\n")
BEGIN TRANSACTION;
CREATE TABLE t(a);
INSERT INTO "t" VALUES('x');
COMMIT;
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.raw_text import bytes_of, is_whole, met

if TYPE_CHECKING:
    from aerodb_dbapi.connection import Connection

_SCHEMA = 'SELECT "name", "type", "sql" FROM main."sqlite_master" WHERE "sql" NOT NULL AND '


def dump(connection: Connection, filter: str | None = None) -> Iterator[str]:
    """The statements, one by one. The connection's factories play no part."""
    cursor = Cursor(connection)
    chosen, values = (' AND "name" LIKE ?', (filter,)) if filter else ("", ())
    if _has_violations(cursor):
        yield "PRAGMA foreign_keys=OFF;"
    yield "BEGIN TRANSACTION;"
    counters: list[str] = []
    for name, _, sql in _rows(cursor, f'{_SCHEMA}"type" = \'table\'{chosen} ORDER BY "name"', values):
        if name == "sqlite_sequence":
            counters = list(_counters(cursor))
        elif name == "sqlite_stat1":
            yield 'ANALYZE "sqlite_master";'
            yield from _inserts(connection, cursor, name)
        elif not name.startswith("sqlite_"):
            yield f"{sql};"
            yield from _inserts(connection, cursor, name)
    for _, _, sql in _rows(cursor, f"{_SCHEMA}\"type\" IN ('index', 'trigger', 'view'){chosen}", values):
        yield f"{sql};"
    yield from counters
    yield "COMMIT;"


def _has_violations(cursor: Cursor) -> bool:
    """Whether a foreign key is violated. One that fits no key of its parent cannot be checked, and can be dumped all the same."""
    try:
        return cursor.execute("PRAGMA main.foreign_key_check").fetchone() is not None
    except OperationalError:
        return False


def _rows(cursor: Cursor, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[str, ...]]:
    """All rows of a question, as text whatever the connection makes of text."""
    found = cursor._plain_rows(sql, values)
    return [tuple(map(str, row)) for row in found]


def _counters(cursor: Cursor) -> Iterator[str]:
    """What sets the AUTOINCREMENT counters."""
    yield 'DELETE FROM "sqlite_sequence";'
    for name, value in cursor._plain_rows('SELECT "name", "seq" FROM main."sqlite_sequence"', ()):
        yield f'INSERT INTO "sqlite_sequence" VALUES({_quoted(name)},{value});'


def _inserts(connection: Connection, cursor: Cursor, table: str) -> Iterator[str]:
    """An INSERT for each row of a table."""
    named = '"' + table.replace('"', '""') + '"'
    columns = [str(row[1]) for row in cursor._plain_rows(f"PRAGMA main.table_info({named})", ())]
    quoted = ['quote("{}")'.format(column.replace('"', '""')) for column in columns]
    for row in Cursor(connection)._plain_rows(f"SELECT {', '.join(quoted)} FROM main.{named}", ()):
        values = map(_literal, row) if met() else row
        yield f"INSERT INTO {named} VALUES({','.join(values)});"


def _literal(quoted: str) -> str:
    """What quote() gave, in characters of UTF-8."""
    if is_whole(quoted):
        return quoted
    data = bytes_of(quoted[1:-1].replace("''", "'"))
    return f"CAST(X'{data.hex().upper()}' AS TEXT)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
