"""What INSERT and UPDATE do when a constraint says no: resolutions, order of the tests, SQLite's error texts.

Resolution
    Each constraint has one of ABORT, FAIL, IGNORE, REPLACE, ROLLBACK: that of the statement (``INSERT OR x``) if it
    names one, else that of the constraint (``UNIQUE ON CONFLICT x``). CHECK knows no REPLACE, and NOT NULL only with
    a default: ABORT then. An error carries its resolution and the number of rows that stay when it is FAIL; the
    session acts on them.

Order, as SQLite's
    datatype of the rowid; NOT NULL, by column; CHECK; the rowid; unique indexes, the latest first. A REPLACE test
    waits until all others have passed, so that no row is deleted for a row that is then refused. All tests of a row
    come before its first write.

Example: ``UNIQUE constraint failed: t.a, t.b`` is named SQLITE_CONSTRAINT_UNIQUE, or _PRIMARYKEY when the index is a
    PRIMARY KEY's; the rowid itself gives ``UNIQUE constraint failed: t.id`` and _PRIMARYKEY, or t.rowid and _ROWID.

What it does not do: foreign keys (`foreign_keys`), triggers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aerodb_dbapi.indexes.keys import EntryFunction
from aerodb_dbapi.indexes.maintain import unique_message
from aerodb_dbapi.storage.catalog import Index, Table
from aerodb_dbapi.storage.errors import DatabaseError, Error, IntegrityError, OperationalError
from aerodb_dbapi.storage.values import apply_affinity

__all__ = [
    "Keeper", "check_message", "failure", "next_autoincrement", "not_null_message",
    "remove_row", "resolution_of", "resolve", "rowid_message", "rowid_of", "strict_function", "taken", "unique_indexes",
    "unique_message",
]  # fmt: skip

STRICT_CLASSES: Final[dict[str, type | None]] = {
    "INT": int, "INTEGER": int, "REAL": float, "TEXT": str, "BLOB": bytes, "ANY": None,
}  # fmt: skip
CLASS_NAMES: Final = {int: "INT", float: "REAL", str: "TEXT", bytes: "BLOB"}
INTEGER_MAX: Final = 2**63 - 1
INF: Final = float("inf")

# An index with what is needed to keep it: (index, entry function, test of a partial index's WHERE on (rowid, row) or
# None).
Keeper = tuple[Index, EntryFunction, Callable[[int, tuple[Any, ...]], Any] | None]


def failure(message: str, name: str, resolution: str, kept: int) -> IntegrityError:
    """The error of a failed constraint; `kept` rows were written before it."""
    error = IntegrityError(message, name=name)
    error.resolution = resolution  # type: ignore[attr-defined]
    error.kept = kept  # type: ignore[attr-defined]
    return error


def resolution_of(error: BaseException) -> str:
    """What is to be undone after an error: 'ABORT' (the statement), 'FAIL' (nothing), 'ROLLBACK' (the transaction)."""
    return getattr(error, "resolution", "ABORT") if isinstance(error, Error) else "ABORT"


def resolve(statement: str, constraint: str) -> str:
    """The resolution in force: the statement's own, unless it has none."""
    return statement or constraint


def rowid_message(table: Table) -> tuple[str, str]:
    """Text and error name of a rowid that is taken."""
    if table.rowid_alias is None:
        return f"UNIQUE constraint failed: {table.name}.rowid", "SQLITE_CONSTRAINT_ROWID"
    return (
        f"UNIQUE constraint failed: {table.name}.{table.columns[table.rowid_alias].name}",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
    )


def not_null_message(table: Table, position: int) -> tuple[str, str]:
    """Text and error name of a NULL where none may be."""
    return f"NOT NULL constraint failed: {table.name}.{table.columns[position].name}", "SQLITE_CONSTRAINT_NOTNULL"


def strict_function(table: Table, position: int) -> Callable[[Any], Any] | None:
    """What makes a value (not NULL) fit a column of a STRICT table, or raises; None if the column takes any."""
    column = table.columns[position]
    wanted = STRICT_CLASSES[column.type]
    if wanted is None:
        return None

    def fit(value: Any) -> Any:
        value = apply_affinity(value, column.affinity)
        if value.__class__ is not wanted:
            kind = CLASS_NAMES[value.__class__]
            message = f"cannot store {kind} value in {column.type} column {table.name}.{column.name}"
            raise IntegrityError(message, name="SQLITE_CONSTRAINT_DATATYPE")
        return value

    return fit


def strict_or_null(table: Table, position: int) -> Callable[[Any], Any] | None:
    """The same for a value that may be NULL."""
    fit = strict_function(table, position)
    return None if fit is None else lambda value: None if value is None else fit(value)


def kept_before(error: DatabaseError, kept: int, more: bool = False) -> DatabaseError:
    """The error of a trigger or an action; `kept` rows were written by the statement that set it off. `more`: besides those that
    the error knows of."""
    if resolution_of(error) == "FAIL":
        error.kept = kept + (error.kept if more else 0)  # type: ignore[attr-defined]
    return error


def check_message(name: str) -> tuple[str, str]:
    """Text and error name of a failed CHECK."""
    return f"CHECK constraint failed: {name}", "SQLITE_CONSTRAINT_CHECK"


def unique_indexes(table: Table, indexes: tuple[Index, ...] | None = None) -> list[Index]:
    """The unique indexes in the order in which they are tested: the latest first, those ON CONFLICT REPLACE behind the others."""
    found = [index for index in reversed(table.indexes if indexes is None else indexes) if index.unique]
    return sorted(found, key=lambda index: index.conflict == "REPLACE")


def rowid_of(value: Any) -> int:
    """The rowid that a value stands for; IntegrityError ``datatype mismatch`` if none."""
    value = apply_affinity(value, "INTEGER")
    if value.__class__ is not int:
        raise IntegrityError("datatype mismatch", name="SQLITE_MISMATCH")
    rowid: int = value
    return rowid


def taken(writer: Any, rowid: int) -> bool:
    """Is there a row with this rowid? Asks the tree only if the rowid is not beyond the largest one."""
    if writer.high == INF and not writer.pending:
        last = writer.last_key()
        if last is None or rowid > last:
            return False
    return writer.get(rowid) is not None


def remove_row(transaction: Any, tree: int, rowid: int, keepers: tuple[Keeper, ...]) -> None:
    """Delete a row and its index entries (INV-D3)."""
    writer = transaction.writer(tree)
    row = writer.get(rowid)
    if row is None:
        return
    for index, entry, where in keepers:
        if where is None or where(rowid, row):
            transaction.writer(index.tree).delete(entry(rowid, row))
    writer.delete(rowid)


def next_autoincrement(counter: int, writer: Any, count: int = 1) -> int:
    """The next rowid of an AUTOINCREMENT table: above all that are there or were, as its counter tells, and past what live
    transactions have claimed (INV-V10). With `count`, that many consecutive ones are free from there."""
    last = writer.last_key()
    used = counter if last is None else max(counter, last)
    if used >= INTEGER_MAX:
        raise OperationalError("database or disk is full", name="SQLITE_FULL")
    following: int = writer.next_rowid_from(used + 1, count)
    return following
