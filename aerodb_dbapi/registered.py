"""Tables that an application registers: rows of Python, Arrow tables and DataFrames, to query and to insert from.

    connection.register("sales", frame)
    connection.execute("INSERT INTO sale SELECT * FROM sales WHERE amount > 0")

Each is a `TableModule` of one connection: it is read where a statement reads it, in parts, and only the columns that the statement
uses are converted. Nothing is copied or kept. A statement that reads it again (the inner side of a join, another statement) goes
through the source again:

    ======================================  =================================================================
    source                                  how often it can be read
    ======================================  =================================================================
    pyarrow.Table, RecordBatch              as often as you like
    pandas.DataFrame                        the same; its index is not a column
    another object with __arrow_c_stream__  the same, it is asked for a new stream each time (Polars, DuckDB, …)
    pyarrow.RecordBatchReader               once
    a list, or another iterable of rows     each time its `iter` gives a new iterator
    a function                              it is called each time and gives an iterable of rows
    an iterator, a generator                once: a second reading raises OperationalError
    ======================================  =================================================================

Rows are sequences, whose columns `register` is told, or mappings, whose first one tells the columns. Values are taken as parameters are:
adapters apply, NaN is NULL. Of Arrow and DataFrames what SQL does not have is as `foreign` says.

Example: after ``register("r", [{"a": 1}, {"a": 2}])``, ``SELECT sum(a) FROM r`` is 3.
"""

from __future__ import annotations

import datetime
import decimal
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from aerodb_dbapi.foreign import plain
from aerodb_dbapi.parameters import bind_rows
from aerodb_dbapi.planner.modules import Choice, Constraint, ModuleColumn, TableModule
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError

Row = tuple[Any, ...]
PART: Final = 1024
_ONCE: Final = "the rows of {} can be read once, and have been: register a list, or a function that gives them"


class RegisteredTable(TableModule):
    """A table of the application's."""

    expected_rows = 1000.0

    def __init__(self, name: str, columns: Sequence[str], types: Sequence[str | None]) -> None:
        seen: set[str] = set()
        for column in columns:
            if not isinstance(column, str):
                raise ProgrammingError(f"the name of a column must be str, not {type(column).__name__}")
            if column.lower() in seen:
                raise OperationalError(f"duplicate column name: {column}")
            seen.add(column.lower())
        if not columns:
            raise ProgrammingError(f"{name} has no columns")
        self.name = name
        self.columns = tuple(map(ModuleColumn, columns, types))

    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """All rows, with the columns that are used."""
        positions = tuple(sorted(at for at in used if at < len(self.columns)))
        return Choice(plan=positions, rows=self.expected_rows, cost=self.expected_rows)

    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[Row]:
        """All rows; columns that are not used are NULL."""
        return chain.from_iterable(self.batches(session, plan, values))

    def batches(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterator[list[Row]]:
        """The same in lists."""
        slots: list[str | None] = [None] * len(self.columns)
        for part in self.parts(plan):
            try:
                bound = bind_rows(part, slots)
            except (ProgrammingError, OverflowError, UnicodeEncodeError) as error:
                raise ProgrammingError(f"a row of {self.name}: {error}") from error
            yield bound

    @abstractmethod
    def parts(self, used: tuple[int, ...]) -> Iterator[list[Row]]:
        """The rows in lists, as the source has them."""


class Rows(RegisteredTable):
    """An iterable of rows, or a function that gives one."""

    def __init__(self, name: str, source: Any, columns: Sequence[str] | None) -> None:
        self.source = source
        self.spent = False
        if columns is None:
            columns = self._named()
        super().__init__(name, columns, [None] * len(columns))
        if hasattr(source, "__len__"):
            self.expected_rows = float(len(source))
        self._keys = tuple(columns)

    def _named(self) -> Sequence[str]:
        """The columns that the first row tells."""
        once = iter(self.source) is self.source if not callable(self.source) else False
        rows = iter(self.source() if callable(self.source) else self.source)
        first = next(rows, None)
        if once and first is not None:
            self.source = chain((first,), rows)
        if isinstance(first, Mapping):
            return list(first)
        fields = getattr(first, "_fields", None)
        if isinstance(first, tuple) and fields is not None:
            return list(fields)
        raise ProgrammingError("the rows have no names for their columns: register them with columns=[…]")

    def parts(self, used: tuple[int, ...]) -> Iterator[list[Row]]:
        """The rows, in parts of growing size."""
        rows = iter(self._begin())
        size = 64
        while part := list(islice(rows, size)):
            yield [self._row(row) for row in part]
            size = PART

    def _begin(self) -> Iterable[Any]:
        if callable(self.source):
            return self.source()
        if iter(self.source) is self.source:
            if self.spent:
                raise OperationalError(_ONCE.format(self.name))
            self.spent = True
        return self.source

    def _row(self, row: Any) -> Row:
        if isinstance(row, Mapping):
            return tuple([row.get(key) for key in self._keys])
        made = tuple(row)
        if len(made) != len(self._keys):
            raise ProgrammingError(f"{self.name} has {len(self._keys)} columns, and a row of it has {len(made)} values")
        return made


class Arrow(RegisteredTable):
    """What gives a stream of Arrow record batches."""

    def __init__(self, name: str, source: Any) -> None:
        import pyarrow as pa

        self.spent = False
        self.once = isinstance(source, pa.RecordBatchReader)
        if isinstance(source, pa.RecordBatch):
            source = pa.Table.from_batches([source])
        self.source = source
        if not self.once and not isinstance(source, pa.Table):
            schema = pa.RecordBatchReader.from_stream(source).schema
        else:
            schema = source.schema
        if isinstance(source, pa.Table):
            self.expected_rows = float(source.num_rows)
        super().__init__(name, schema.names, [_declared(pa.types, field.type) for field in schema])

    def parts(self, used: tuple[int, ...]) -> Iterator[list[Row]]:
        """The batches, cut into parts."""
        for batch in self._batches():
            for start in range(0, batch.num_rows, PART):
                part = batch.slice(start, PART)
                nulls = (None,) * part.num_rows
                lists = [_sql(part.column(at).to_pylist()) if at in used else nulls for at in range(len(self.columns))]
                yield list(zip(*lists))

    def _batches(self) -> Iterable[Any]:
        import pyarrow as pa

        if isinstance(self.source, pa.Table):
            return self.source.to_batches()
        if not self.once:
            return pa.RecordBatchReader.from_stream(self.source)
        if self.spent:
            raise OperationalError(_ONCE.format(self.name))
        self.spent = True
        return self.source


class Frame(RegisteredTable):
    """A pandas.DataFrame."""

    def __init__(self, name: str, source: Any) -> None:
        self.source = source
        self.expected_rows = float(len(source))
        types = [_KINDS.get(getattr(dtype, "kind", "O")) for dtype in source.dtypes]
        super().__init__(name, list(source.columns), types)

    def parts(self, used: tuple[int, ...]) -> Iterator[list[Row]]:
        """Slices of the frame."""
        for start in range(0, len(self.source), PART):
            part = self.source.iloc[start : start + PART]
            nulls = (None,) * len(part)
            lists = [_sql(_values(part.iloc[:, at])) if at in used else nulls for at in range(len(self.columns))]
            yield list(zip(*lists))


_SQL: Final = frozenset({type(None), int, float, str, bytes})
_TOLD: Final = frozenset(
    {datetime.date, datetime.datetime, datetime.time, datetime.timedelta, decimal.Decimal, list, dict, tuple}
)


def _sql(column: list[Any]) -> list[Any]:
    """The values of a column, those that SQL does not have as ones that it has. Other classes are left to adapters."""
    if _SQL.issuperset(map(type, column)):
        return column
    return [plain(value) if type(value) in _TOLD else value for value in column]


_KINDS: Final = {"b": "INTEGER", "i": "INTEGER", "u": "INTEGER", "f": "REAL"}


def _values(series: Any) -> list[Any]:
    """The values of a column, None where one is missing."""
    kind = getattr(series.dtype, "kind", "O")
    if kind == "M":
        return [None if gone else moment.to_pydatetime(warn=False) for moment, gone in zip(series, series.isna())]
    if kind == "m":
        return [None if gone else duration.to_pytimedelta() for duration, gone in zip(series, series.isna())]
    listed = series.astype(object)
    return listed.where(series.notna(), None).tolist()


def _declared(types: Any, kind: Any) -> str | None:
    """The declared type of an Arrow column."""
    if types.is_integer(kind) or types.is_boolean(kind):
        return "INTEGER"
    if types.is_floating(kind):
        return "REAL"
    if types.is_string(kind) or types.is_large_string(kind):
        return "TEXT"
    if types.is_binary(kind) or types.is_large_binary(kind):
        return "BLOB"
    return None


def table_of(name: str, source: Any, columns: Sequence[str] | None) -> RegisteredTable:
    """The table for a source. Raises ProgrammingError for what is none."""
    if _is_frame(source):
        return Frame(name, source)
    if hasattr(source, "__arrow_c_stream__"):
        if "pyarrow" not in sys.modules:
            from aerodb_dbapi.arrow import need

            need("pyarrow", "arrow")
        return Arrow(name, source)
    if isinstance(source, (str, bytes)) or not (callable(source) or isinstance(source, Iterable)):
        raise ProgrammingError(f"a table cannot be made of {type(source).__name__}")
    return Rows(name, source, columns)


def _is_frame(source: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(source, pandas.DataFrame)
