"""Parquet, where pyarrow is installed (``pip install 'aerodb[parquet]'``).

In
    Whole numbers and booleans are INTEGER, floating point is REAL, strings TEXT, binary BLOB, decimals TEXT of their digits. Dates and
    times are the texts that `sqlite3` stores for them (``2024-05-01``, ``2024-05-01 12:00:00.5``), NaN is NULL; lists and structures
    are JSON text.

Out
    The rows are read twice, of one state: columns get the types int64, double, string or binary that all their values have. Whole
    numbers beside REALs become doubles, if none loses digits; other mixtures are an error that names the column.

Example: a column of 1 and 2.5 is double; one of 1 and 'x' raises ``DataError: column a holds INTEGER and TEXT``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from aerodb_dbapi.foreign import plain
from aerodb_dbapi.storage.errors import DataError, NotSupportedError
from aerodb_dbapi.transfer.fields import whole
from aerodb_dbapi.transfer.files import Batch, Options, Row, refused

_BATCH = 20_000
_PLAIN = frozenset({type(None), int, str, bytes})
_CLASSES = {int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB"}
_EXACT = 2**53


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise NotSupportedError("Parquet needs pyarrow: pip install 'aerodb[parquet]'") from None
    return pyarrow, pyarrow.parquet


class ParquetReader:
    """Reads a Parquet file."""

    unit = "row"
    typed = True

    def __init__(self, file: BinaryIO, options: Options) -> None:
        self.arrow, parquet = _arrow()
        try:
            self.file = parquet.ParquetFile(file)
        except self.arrow.ArrowException as error:
            raise DataError(f"not a Parquet file: {error}") from None
        self.size = int(self.file.metadata.num_rows)
        self.names: list[str] = []
        self.types: list[str] = []

    def survey(self, report: Callable[[int], None]) -> None:
        """Names and types, which the file tells."""
        schema = self.file.schema_arrow
        self.names = list(schema.names)
        self.types = [self._type(kind) for kind in schema.types]

    def _type(self, kind: Any) -> str:
        types = self.arrow.types
        if types.is_dictionary(kind):
            kind = kind.value_type
        if types.is_integer(kind) or types.is_boolean(kind):
            return "INTEGER"
        if types.is_floating(kind):
            return "REAL"
        binary = types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
        return "BLOB" if binary else "TEXT"

    def batches(self) -> Iterator[Batch]:
        """The rows."""
        done = 0
        try:
            for batch in self.file.iter_batches(_BATCH):
                columns = [_values(column.to_pylist(), done) for column in batch.columns]
                start, done = done + 1, done + batch.num_rows
                rows = list(zip(*columns)) if columns else []
                yield Batch(rows, range(start, done + 1), done)
        except (self.arrow.ArrowException, OSError) as error:
            raise refused("row", done + 1, str(error)) from None


def _values(column: list[Any], before: int) -> list[Any]:
    kinds = set(map(type, column))
    if int in kinds and (max(value for value in column if type(value) is int) > 2**63 - 1):
        for number, value in enumerate(column, before + 1):
            try:
                whole(value or 0)
            except DataError as error:
                raise refused("row", number, str(error)) from None
    return column if kinds <= _PLAIN else list(map(plain, column))


class ParquetWriter:
    """Writes a Parquet file. `survey` is given all rows first."""

    def __init__(self, path: str) -> None:
        self.arrow, self.parquet = _arrow()
        self.path = path
        self.kinds: list[set[type]] = []
        self.large: set[int] = set()  # columns with whole numbers that a double does not hold
        self.names: list[str] = []
        self.schema: Any = None
        self.writer: Any = None

    def begin(self, names: Sequence[str]) -> None:
        """The columns."""
        double = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if double is not None:
            raise DataError(f"column {double} is there twice: give it another name with AS")
        self.names = list(names)
        self.kinds = [set() for _ in names]

    def survey(self, rows: Sequence[Row]) -> None:
        """Note what kinds of values there are."""
        for place, column in enumerate(zip(*rows)):
            kinds = set(map(type, column))
            self.kinds[place] |= kinds
            if int in kinds and any(type(value) is int and abs(value) > _EXACT for value in column):
                self.large.add(place)

    def _schema(self) -> Any:
        arrow = self.arrow
        types = {int: arrow.int64(), float: arrow.float64(), str: arrow.string(), bytes: arrow.binary()}
        fields = []
        for place, (name, found) in enumerate(zip(self.names, self.kinds)):
            kinds = found - {type(None)}
            if kinds == {int, float} and place not in self.large:
                kinds = {float}
            if len(kinds) > 1:
                mixed = " and ".join(_CLASSES[kind] for kind in _CLASSES if kind in kinds)
                raise DataError(f"column {name} holds {mixed}: CAST it to one of them")
            fields.append(arrow.field(name, types[kinds.pop()] if kinds else arrow.string()))
        return arrow.schema(fields)

    def write(self, rows: Sequence[Row]) -> None:
        """Some rows."""
        if self.writer is None:
            self._open()
        columns = [self.arrow.array(column, field.type) for column, field in zip(zip(*rows), self.schema)]
        self.writer.write_batch(self.arrow.record_batch(columns, schema=self.schema))

    def _open(self) -> None:
        self.schema = self._schema()
        self.writer = self.parquet.ParquetWriter(self.path, self.schema)

    def end(self) -> None:
        """Write the end of the file."""
        if self.writer is None:
            self._open()
        self.writer.close()
