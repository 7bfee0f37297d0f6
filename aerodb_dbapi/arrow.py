"""Results as Arrow tables, streams of record batches, and DataFrames: what `Cursor.fetch_arrow_table` and its neighbours do.

pyarrow and pandas are imported when they are asked for; without them `NotSupportedError` names the extra to install.

Types
    A column of SQL has no type, its values have. A column of Arrow gets the narrowest of these that holds every value, NULLs apart:

    ====================  ===========  ==================================================
    values                Arrow        what becomes of others
    ====================  ===========  ==================================================
    integers              int64
    reals                 float64      integers as CAST(x AS REAL)
    texts                 utf8         integers and reals as CAST(x AS TEXT)
    blobs                 binary       all others as CAST(x AS BLOB)
    none but NULL         by the declared type: INTEGER int64, REAL and NUMERIC float64, TEXT utf8, BLOB binary; else null
    ====================  ===========  ==================================================

    `types` decides instead of the values: ``fetch_arrow_table(types={"at": pa.timestamp("us")})``.

Streams
    `fetch_record_batch_reader` has to know the types before it has seen all rows: the first batch decides. A later value that
    would need a wider type raises `DataError`, which names the column.

DataFrames
    `fetch_df` casts nothing: int64 (Int64 with NULLs), float64 (NULL is NaN), else object with the values as they are, None for NULL.

Row and text factories and converters are for rows, and have no part in this.

Example: rows ``(1, None), (2.5, 'x')`` give the columns float64 ``[1.0, 2.5]`` and utf8 ``[null, 'x']``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from typing import Any, Final

from aerodb_dbapi.storage.errors import DataError, NotSupportedError
from aerodb_dbapi.storage.values import affinity_of_type, cast

Row = tuple[Any, ...]
PART: Final = 65_536
_RANKS: Final = {int: 1, float: 2, str: 3, bytes: 4}
_CASTS: Final = {2: "REAL", 3: "TEXT", 4: "BLOB"}
_DECLARED: Final = {"INTEGER": 1, "REAL": 2, "NUMERIC": 2, "TEXT": 3, "BLOB": 4}


def need(name: str, extra: str) -> Any:
    """A package that may be missing. Raises NotSupportedError, which says what to install."""
    try:
        return import_module(name)
    except ImportError:
        raise NotSupportedError(f"{name} is not installed: pip install 'aerodb[{extra}]'") from None


class Columns:
    """The columns of a result: their names, and their types as far as they are known. A rank is a row of the table in the module's
    text; 0 is NULL alone."""

    def __init__(self, names: Sequence[str], declared: Sequence[str | None], types: Mapping[str, Any] | None) -> None:
        self.pa = need("pyarrow", "arrow")
        self.names = list(names)
        self.given = [(types or {}).get(name) for name in names]
        for name in types or {}:
            if name not in self.names:
                raise DataError(f"no such column: {name}")
        self.ranks = [0] * len(self.names)
        self.declared = [0 if type is None else _DECLARED[affinity_of_type(type)] for type in declared]

    def see(self, rows: Sequence[Row]) -> None:
        """Widen the types so that they hold these rows."""
        for at, values in enumerate(zip(*rows)):
            classes = set(map(type, values)) - {type(None)}
            if classes:
                self.ranks[at] = max(self.ranks[at], *[_RANKS[kind] for kind in classes])

    def settle(self) -> Any:
        """The Arrow schema. Types do not change any more."""
        pa = self.pa
        self.ranks = [rank or declared for rank, declared in zip(self.ranks, self.declared)]
        kinds = (pa.null(), pa.int64(), pa.float64(), pa.utf8(), pa.binary())
        types = [kinds[rank] if given is None else given for rank, given in zip(self.ranks, self.given)]
        return pa.schema(list(map(pa.field, self.names, types)))

    def batch(self, rows: Sequence[Row], schema: Any) -> Any:
        """A record batch. Raises DataError for a value that the column's type does not hold."""
        lists = zip(*rows) if rows else [()] * len(self.names)
        arrays = [self._array(at, values, schema.field(at).type) for at, values in enumerate(lists)]
        return self.pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _array(self, at: int, values: Sequence[Any], type: Any) -> Any:
        rank = self.ranks[at]
        try:
            if self.given[at] is None:
                values = self._fitted(at, values, rank)
            return self.pa.array(values, type)
        except (self.pa.ArrowException, OverflowError) as error:
            raise DataError(f"column {self.names[at]} cannot be {type}: {error}") from None

    def _fitted(self, at: int, values: Sequence[Any], rank: int) -> Sequence[Any]:
        ranks = {_RANKS[kind] for kind in set(map(type, values)) - {type(None)}}
        if not ranks or ranks == {rank}:
            return values
        if max(ranks) > rank:
            kind = {1: "an integer", 2: "a real", 3: "a text", 4: "a blob"}[max(ranks)]
            held = ("NULLs", "integers", "reals", "texts")[rank]
            raise DataError(
                f"column {self.names[at]} began with {held} and has {kind}: say what it is to be with types, or fetch a table"
            )
        wanted = _CASTS[rank]
        return [None if value is None else cast(value, wanted) for value in values]


def table(names: Sequence[str], declared: Sequence[str | None], rows: Iterator[Row], types: Any) -> Any:
    """All rows as a pyarrow.Table."""
    columns = Columns(names, declared, types)
    parts: list[list[Row]] = []
    while part := list(islice(rows, PART)):
        columns.see(part)
        parts.append(part)
    schema = columns.settle()
    return columns.pa.Table.from_batches([columns.batch(part, schema) for part in parts], schema)


def reader(names: Sequence[str], declared: Sequence[str | None], rows: Iterator[Row], size: int, types: Any) -> Any:
    """A pyarrow.RecordBatchReader over the rows, `size` in a batch; each batch is made when it is asked for."""
    columns = Columns(names, declared, types)
    first = list(islice(rows, size))
    columns.see(first)
    schema = columns.settle()

    def batches() -> Iterator[Any]:
        part = first
        while part:
            yield columns.batch(part, schema)
            part = list(islice(rows, size))

    return columns.pa.RecordBatchReader.from_batches(schema, batches())


def frame(names: Sequence[str], rows: Iterator[Row]) -> Any:
    """All rows as a pandas.DataFrame."""
    pandas = need("pandas", "pandas")
    listed = list(rows)
    lists: Sequence[Sequence[Any]] = list(zip(*listed)) if listed else [()] * len(names)
    made = pandas.DataFrame({at: _series(pandas, values) for at, values in enumerate(lists)}, copy=False)
    made.columns = list(names)
    return made


def _series(pandas: Any, values: Sequence[Any]) -> Any:
    classes = set(map(type, values))
    has_null = type(None) in classes
    classes.discard(type(None))
    kind = "object"
    if classes == {int}:
        kind = "Int64" if has_null else "int64"
    elif classes and classes <= {int, float}:
        kind = "float64"
    return pandas.Series(values, dtype=kind)
