"""`Row`: a result row addressed by position or by column name, as `sqlite3.Row`.

A row holds the tuple and the cursor's description; names compare case-insensitively for ASCII letters. Rows are hashable,
equal when both values and names are equal, and sequences (`collections.abc.Sequence`).

>>> import aerodb_dbapi
>>> connection = aerodb_dbapi.connect(":memory:")
>>> connection.row_factory = aerodb_dbapi.Row
>>> row = connection.execute("SELECT 1 AS one, 'x' AS two").fetchone()
>>> row["TWO"], row[0], row.keys()
('x', 1, ['one', 'two'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.storage.catalog import fold

Description = tuple[tuple[str, None, None, None, None, None, None], ...]


class Row:
    """One row: `Row(cursor, values)`. Raises TypeError for other arguments, IndexError for an unknown name or position."""

    __slots__ = ("_description", "_values")

    _description: Description
    _values: tuple[Any, ...]

    def __new__(cls, cursor: Cursor, values: tuple[Any, ...], /) -> Row:
        if not issubclass(type(cursor), Cursor):
            raise TypeError(f"{cls.__name__}() argument 1 must be aerodb_dbapi.Cursor, not {type(cursor).__name__}")
        if not isinstance(values, tuple):
            raise TypeError(f"{cls.__name__}() argument 2 must be tuple, not {type(values).__name__}")
        row = super().__new__(cls)
        row._description = cursor.description or ()
        row._values = values
        return row

    @classmethod
    def _maker(cls, cursor: Cursor) -> Callable[[tuple[Any, ...]], Row]:
        """What makes the rows of one result: the description is looked up once. For `Row` itself, not for subclasses."""
        description = cursor.description or ()
        new = object.__new__

        def make(values: tuple[Any, ...]) -> Row:
            row = new(cls)
            row._description = description
            row._values = values
            return row

        return make

    def keys(self) -> list[str]:
        """The column names, in order."""
        return [column[0] for column in self._description]

    def __getitem__(self, key: int | slice | str) -> Any:
        if isinstance(key, str):
            wanted = fold(key)
            for position, column in enumerate(self._description):
                if fold(column[0]) == wanted:
                    return self._values[position]
            raise IndexError("No item with that key")
        if isinstance(key, slice) or hasattr(key, "__index__"):
            try:
                return self._values[key]
            except IndexError:
                raise IndexError("tuple index out of range") from None
        raise IndexError("Index must be int or string")

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return self._values == other._values and self.keys() == other.keys()

    def __hash__(self) -> int:
        return hash((self._description, self._values))

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__qualname__}' object")

    def __repr__(self) -> str:
        return f"<aerodb_dbapi.Row object at {id(self):#x}>"


Sequence.register(Row)
