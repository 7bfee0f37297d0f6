"""What a table looks like from outside: the same questions to `sqlite3` and to AeroDB.

Both answer ``PRAGMA table_xinfo`` and ``PRAGMA index_list``, so one function describes tables of either, and a copy is made
and compared with one text for both.

Rowids
    A rowid is copied under a name that no column has taken (rowid, _rowid_, oid), unless it is a column already (INTEGER
    PRIMARY KEY). Where columns have all three names, nobody can ask for it, and only the order of the rows is kept.

Example: ``CREATE TABLE t(a, b AS (a + 1))`` is written by the names ``"rowid", "a"``, read by ``"rowid", "a", "b"`` and
ordered by ``"rowid"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aerodb_dbapi.connection
import aerodb_dbapi.cursor

Ask = Callable[[str], Any]  # a question → an iterator of tuples
_ROWID_NAMES = ("rowid", "_rowid_", "oid")
_SAVEPOINT = '"aerodb transfer"'


@dataclass(frozen=True)
class Shape:
    """A table: the names that an INSERT gives values for, all names that a SELECT reads, and the order of its rows."""

    name: str
    written: tuple[str, ...]
    read: tuple[str, ...]
    order: tuple[str, ...]

    @property
    def insertion(self) -> str:
        """An INSERT of one row."""
        return self.insertion_of(frozenset())

    def insertion_of(self, raw: frozenset[int]) -> str:
        """An INSERT of one row, in which the values at some places are the bytes of texts."""
        names = ", ".join(map(quoted, self.written))
        values = ", ".join("CAST(? AS TEXT)" if at in raw else "?" for at in range(len(self.written)))
        return f"INSERT INTO main.{quoted(self.name)}({names}) VALUES ({values})"

    def selection(self, names: tuple[str, ...], by_bytes: bool = False) -> str:
        """A SELECT of those columns, in order; `by_bytes`: in one in which text that is not UTF-8 has the same place on both sides."""
        terms = [f"typeof({quoted(n)}), CAST({quoted(n)} AS BLOB)" if by_bytes else quoted(n) for n in self.order]
        ordered = f" ORDER BY {', '.join(terms)}" if terms else ""
        return f"SELECT {', '.join(map(quoted, names))} FROM main.{quoted(self.name)}{ordered}"


def quoted(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def shape_of(ask: Ask, table: str) -> Shape:
    """The shape of a table, asked of its database."""
    columns = [tuple(row) for row in ask(f"PRAGMA main.table_xinfo({quoted(table)})")]
    names = tuple(column[1] for column in columns if column[6] != 1)
    plain = tuple(column[1] for column in columns if column[6] == 0)
    keys = [column for column in sorted(columns, key=lambda column: column[5]) if column[5]]
    rowid = _rowid_name(ask, table, {name.lower() for name in names})
    if rowid is None:
        return Shape(table, plain, names, tuple(column[1] for column in keys))
    by_index = any(row[3] == "pk" for row in ask(f"PRAGMA main.index_list({quoted(table)})"))
    if len(keys) == 1 and keys[0][2].upper() == "INTEGER" and not by_index:
        return Shape(table, plain, names, (keys[0][1],))
    return Shape(table, (rowid, *plain), (rowid, *names), (rowid,))


def _rowid_name(ask: Ask, table: str, taken: set[str]) -> str | None:
    """A name for the rowid; None if there is none, or the table has none."""
    rows = ask(f"PRAGMA main.index_list({quoted(table)})")
    keyed = [row[1] for row in rows if row[3] == "pk"]
    for index in keyed:  # of a table WITHOUT ROWID the index of the primary key has all columns in it
        if all(row[1] >= 0 for row in ask(f"PRAGMA main.index_xinfo({quoted(index)})")):
            return None
    return next((name for name in _ROWID_NAMES if name not in taken), None)


def asker(connection: aerodb_dbapi.connection.Connection) -> Ask:
    """Questions to a connection of ours; rows as the engine makes them, whatever factories it has."""

    def ask(sql: str) -> Any:
        return aerodb_dbapi.cursor.Cursor(connection)._plain_rows(sql, ())

    return ask


@contextmanager
def atomically(connection: aerodb_dbapi.connection.Connection) -> Iterator[None]:
    """One transaction, or one savepoint of the open one: all that the block does counts, or nothing."""
    inside = connection.in_transaction
    connection.execute(f"SAVEPOINT {_SAVEPOINT}" if inside else "BEGIN")
    try:
        yield
        connection.execute(f"RELEASE {_SAVEPOINT}" if inside else "COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute(f"ROLLBACK TO {_SAVEPOINT}" if inside else "ROLLBACK")
            if inside:
                connection.execute(f"RELEASE {_SAVEPOINT}")
        raise


@contextmanager
def one_view(connection: aerodb_dbapi.connection.Connection) -> Iterator[None]:
    """All questions of the block see one state."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
