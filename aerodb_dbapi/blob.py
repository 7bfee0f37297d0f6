"""`Blob`: one BLOB or TEXT value as a file and as a sequence of bytes (`sqlite3.Blob`, made by `Connection.blobopen`).

A value cannot grow or shrink through its blob. Each reading looks the row up in the connection's present state; once something else has
changed the row, in whatever column, the blob is expired and every use fails. A writing is one UPDATE of the row by its rowid, inside the
open transaction if there is one, committed at once otherwise.

>>> import aerodb_dbapi
>>> connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
>>> _ = connection.executescript("CREATE TABLE t(b BLOB); INSERT INTO t VALUES (x'68656c6c6f')")
>>> with connection.blobopen("t", "b", 1) as blob:
...     blob[0] = ord("J")
...     blob.read()
b'Jello'
"""

from __future__ import annotations

import os
from operator import index
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

from aerodb_dbapi.parameters import check_buffer
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError
from aerodb_dbapi.storage.raw_text import bytes_of
from aerodb_dbapi.turns import Turns, in_turn

if TYPE_CHECKING:
    from aerodb_dbapi.connection import Connection

INT_MAX: Final = 2**31 - 1


class Blob:
    """An open value: a file of bytes, and a sequence of them (`blob[0]`, `blob[2:5] = …`), whose length cannot change.

    Made by `Connection.blobopen`; a context manager that closes it. Methods raise ProgrammingError when it is closed, and
    OperationalError when its row was changed or deleted meanwhile, or writing to one that was opened `readonly`.
    """

    __slots__ = ("__weakref__", "_connection", "_expired", "_offset", "_place", "_read_only", "_row", "_value")

    _connection: Connection | None
    _place: tuple[str, str, int]
    _value: bytes
    _row: tuple[Any, ...] | None  # the value, then the whole row
    _offset: int
    _read_only: bool
    _expired: bool

    def __new__(cls, *_: Any, **__: Any) -> Blob:
        raise TypeError(f"cannot create '{cls.__module__}.{cls.__qualname__}' instances")

    @classmethod
    def _open(
        cls, connection: Connection, table: str, column: str, row: int, read_only: bool, database: str = "main"
    ) -> Blob:
        """The blob of a value. Raises OperationalError where there is none."""
        blob = object.__new__(cls)
        blob._connection = connection
        blob._read_only = read_only
        blob._expired = False
        blob._offset = 0
        blob._place = _place_of(connection, table, column, row, read_only, database)
        found = blob._look_up()
        if found is None:
            raise OperationalError(f"no such rowid: {row}")
        if not isinstance(found[0], (bytes, str)):
            kind = {int: "integer", float: "real"}.get(type(found[0]), "null")
            raise OperationalError(f"cannot open value of type {kind}")
        blob._value = _as_bytes(found[0])
        blob._row = found
        return blob

    # --- As a file ---

    @property
    def _turns(self) -> Turns | None:
        return None if self._connection is None else self._connection._turns

    def close(self) -> None:
        """Close the blob. Closing again does nothing."""
        if self._connection is not None:
            self._connection._check_thread()
        self._connection = None

    @in_turn
    def read(self, length: int = -1, /) -> bytes:
        """The next `length` bytes, all that are left if it is negative; moves on. b"" at the end."""
        data = self._current()
        end = len(data) if length < 0 else min(len(data), self._offset + length)
        part = data[self._offset : end]
        self._offset += len(part)
        return part

    @in_turn
    def write(self, data: Any, /) -> None:
        """Write bytes at the current place and move on. Raises ValueError where they would go beyond the end."""
        self._ready()
        new = check_buffer(data)
        if len(new) > len(self._value) - self._offset:
            raise ValueError("data longer than blob length")
        self._replace(slice(self._offset, self._offset + len(new)), new)
        self._offset += len(new)

    def seek(self, offset: int, origin: int = os.SEEK_SET, /) -> None:
        """Move to byte `offset`, counted from the start (`origin` 0), the current place (1) or the end (2). Raises ValueError outside."""
        self._ready()
        offset, origin = index(offset), index(origin)
        if origin not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise ValueError("'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END")
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: len(self._value)}[origin]
        if offset > INT_MAX - base:
            raise OverflowError("seek offset results in overflow")
        if not 0 <= base + offset <= len(self._value):
            raise ValueError("offset out of blob range")
        self._offset = base + offset

    def tell(self) -> int:
        """The current place, in bytes from the start."""
        self._ready()
        return self._offset

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__qualname__}' object")

    def __enter__(self) -> Blob:
        self._ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._ready()
        self.close()
        return False

    # --- As a sequence of bytes ---

    def __len__(self) -> int:
        self._ready()
        return len(self._value)

    @in_turn
    def __getitem__(self, key: int | slice) -> int | bytes:
        self._ready()
        if isinstance(key, slice):
            data = self._current()
            return data[slice(*_indices(key, len(data)))]
        place = self._index(key)
        return self._current()[place]

    @in_turn
    def __setitem__(self, key: int | slice, value: Any) -> None:
        self._ready()
        if isinstance(key, slice):
            start, stop, step = _indices(key, len(self._value))
            new = check_buffer(value)
            if len(new) != len(range(start, stop, step)):
                raise IndexError("Blob slice assignment is wrong size")
            if new:
                self._replace(slice(start, stop, step), new)
            return
        place = self._index(key)
        if not isinstance(value, int):
            raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
        if not 0 <= value <= 255:
            raise ValueError("byte must be in range(0, 256)")
        self._replace(slice(place, place + 1), bytes((value,)))

    def __delitem__(self, key: int | slice) -> None:
        self._ready()
        raise TypeError("Blob object doesn't support item deletion")

    __iter__ = None

    # --- The value ---

    def _ready(self) -> Connection:
        connection = self._connection
        if connection is None:
            raise ProgrammingError("Cannot operate on a closed blob.")
        connection._ready()
        return connection

    def _index(self, key: Any) -> int:
        if not hasattr(key, "__index__"):
            raise TypeError("Blob indices must be integers")
        place = key.__index__()
        if abs(place) > 2**63 - 1:
            raise IndexError(f"cannot fit '{type(key).__name__}' into an index-sized integer")
        place = place + len(self._value) if place < 0 else place
        if not 0 <= place < len(self._value):
            raise IndexError("Blob index out of range")
        return int(place)

    def _look_up(self) -> tuple[Any, ...] | None:
        table, column, row = self._place
        found = self._ready()._ask(f"SELECT {column}, * FROM {table} WHERE rowid = ?", (row,))
        return found[0] if found else None

    def _current(self) -> bytes:
        """The value as it is now; the blob is expired if its row is no longer what it was."""
        self._ready()
        if not self._expired:
            self._expired = self._look_up() != self._row
        if self._expired:
            raise OperationalError("query aborted", name="SQLITE_ABORT")
        return self._value

    def _replace(self, place: slice, new: bytes) -> None:
        """Change some bytes in the database."""
        if self._read_only:
            raise OperationalError("attempt to write a readonly database", name="SQLITE_READONLY")
        data = bytearray(self._current())
        data[place] = new
        table, column, row = self._place
        self._ready()._ask(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(data), row))
        self._value = bytes(data)
        self._row = self._look_up()


def _place_of(
    connection: Connection, table: str, column: str, row: int, read_only: bool, database: str
) -> tuple[str, str, int]:
    """Quoted names of table and column, and the rowid. Raises OperationalError where no blob can be opened."""
    schema = connection._ready().schema.named(database)
    found = None if schema is None else schema.table(table)
    if schema is None or found is None:
        if schema is not None and schema.view(table) is not None:
            raise OperationalError(f"cannot open view: {table}")
        raise OperationalError(f"no such table: {database}.{table}")
    if getattr(found, "without_rowid", False):
        raise OperationalError(f"cannot open table without rowid: {table}")
    position = found.position(column)
    if position is None:
        raise OperationalError(f'no such column: "{column}"')
    if position == found.rowid_alias:
        raise OperationalError("cannot open value of type null")
    if not read_only and any(part.position == position for one in found.indexes for part in one.columns):
        raise OperationalError("cannot open indexed column for writing")
    return f"{_quoted(schema.database)}.{_quoted(found.name)}", _quoted(found.columns[position].name), row


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_bytes(value: Any) -> bytes:
    return bytes_of(value) if isinstance(value, str) else value if isinstance(value, bytes) else b""


def _indices(key: slice, length: int) -> tuple[int, int, int]:
    """Start, stop and step of a slice, with the error of a blob."""
    if any(part is not None and not hasattr(part, "__index__") for part in (key.start, key.stop, key.step)):
        raise TypeError("slice indices must be integers or None or have an __index__ method")
    return key.indices(length)
