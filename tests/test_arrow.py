"""Arrow tables, record batches and DataFrames out of results, and tables of the application; the code of their document."""

from __future__ import annotations

import datetime
import decimal
import warnings
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi import Connection, DataError, NotSupportedError, OperationalError, ProgrammingError

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/dataframes.md"


@pytest.fixture
def con() -> Iterator[Connection]:
    connection = aerodb_dbapi.connect(":memory:")
    yield connection
    connection.close()


def select(con: Connection, *rows: tuple[Any, ...]) -> Any:
    """A cursor over these rows, whose columns are v1, v2, …"""
    marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
    names = ", ".join(f"v{i}" for i, _ in enumerate(rows[0], 1))
    return con.execute(f"WITH t({names}) AS (VALUES {marks}) SELECT * FROM t", [value for row in rows for value in row])


# --- out --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ((1, None, 2**63 - 1), "int64", [1, None, 2**63 - 1]),
        ((1, 2.5), "double", [1.0, 2.5]),
        ((2**53 + 1, 0.5), "double", [float(2**53), 0.5]),
        (("é", None), "string", ["é", None]),
        ((1, "x", 2.5), "string", ["1", "x", "2.5"]),
        ((b"\xff", None), "binary", [b"\xff", None]),
        ((b"\xff", "é", 7, 0.5), "binary", [b"\xff", "é".encode(), b"7", b"0.5"]),
        ((None, None), "null", [None, None]),
    ],
)
def test_the_values_decide_the_type(con: Connection, values: tuple[Any, ...], kind: str, expected: list[Any]) -> None:
    pytest.importorskip("pyarrow")
    table = select(con, *[(value,) for value in values]).fetch_arrow_table()
    assert (str(table.schema.field(0).type), table.column(0).to_pylist()) == (kind, expected)


def test_declared_types_decide_where_no_value_does(con: Connection) -> None:
    pytest.importorskip("pyarrow")
    con.execute("CREATE TABLE t(a INT, b REAL, c VARCHAR(9), d BLOB, e DECIMAL, f)")
    kinds = ["int64", "double", "string", "binary", "double", "binary"]
    for _ in range(2):
        cursor = con.execute("SELECT a, b, c, d, e, f, a + 1 FROM t")
        assert [str(field.type) for field in cursor.fetch_arrow_table().schema] in (
            [*kinds, "null"],
            [*kinds[:5], "null", "null"],
        )
        con.execute("INSERT INTO t DEFAULT VALUES")


def test_names_and_rows_left(con: Connection) -> None:
    """Names may come twice; rows that were fetched are not in the table, and afterwards none is left."""
    pytest.importorskip("pyarrow")
    cursor = con.execute("WITH t(a) AS (VALUES (1), (2), (3)) SELECT a, a FROM t")
    cursor.fetchone()
    table = cursor.fetch_arrow_table()
    assert table.schema.names == ["a", "a"] and table.column(1).to_pylist() == [2, 3]
    assert cursor.fetchone() is None and cursor.fetch_arrow_table().num_rows == 0
    con.row_factory = aerodb_dbapi.Row
    con.text_factory = bytes
    assert con.execute("SELECT 'x' AS y").fetch_arrow_table().to_pydict() == {"y": ["x"]}
    with pytest.raises(ProgrammingError, match="the statement gives no rows"):
        con.execute("CREATE TABLE t(a)").fetch_arrow_table()
    returned = con.execute("INSERT INTO t VALUES (1), (2) RETURNING a AS b")
    assert returned.fetch_arrow_table().to_pydict() == {"b": [1, 2]} and returned.rowcount == 2


def test_types_that_are_given(con: Connection) -> None:
    pa = pytest.importorskip("pyarrow")
    made = select(con, (1, "2"), (None, None)).fetch_arrow_table(types={"v1": pa.int8()})
    assert made.schema.field("v1").type == pa.int8() and made.column(0).to_pylist() == [1, None]
    with pytest.raises(DataError, match="column v1 cannot be int8"):
        select(con, (300,)).fetch_arrow_table(types={"v1": pa.int8()})
    with pytest.raises(DataError, match="no such column: v9"):
        select(con, (300,)).fetch_arrow_table(types={"v9": pa.int8()})


def test_a_stream_is_made_batch_by_batch(con: Connection) -> None:
    pa = pytest.importorskip("pyarrow")
    seen: list[int] = []
    con.create_function("see", 1, lambda value: seen.append(value) or value)
    con.execute("CREATE TABLE t(a)")
    con.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(10_000)])
    reader = con.execute("SELECT see(a) AS a FROM t").fetch_record_batch_reader(1000)
    assert reader.schema == pa.schema([("a", pa.int64())])
    assert reader.read_next_batch().to_pydict() == {"a": list(range(1000))} and len(seen) < 3000
    con.execute("DELETE FROM t")
    assert reader.read_all().num_rows == 9000 and seen == list(range(10_000))
    with pytest.raises(ValueError, match="batch_rows must be positive"):
        con.execute("SELECT 1").fetch_record_batch_reader(0)
    assert con.execute("SELECT 1 AS a WHERE 0").fetch_record_batch_reader().read_all().num_rows == 0


def test_the_first_batch_of_a_stream_decides(con: Connection) -> None:
    pa = pytest.importorskip("pyarrow")
    rows = [("x", 1, None), (7, 2, None), (2.5, "y", 3)]
    reader = select(con, *rows).fetch_record_batch_reader(2)
    with pytest.raises(DataError, match="column v2 began with integers and has a text"):
        reader.read_all()
    reader = select(con, *rows).fetch_record_batch_reader(2, types={"v2": pa.string(), "v3": pa.int64()})
    with pytest.raises(DataError, match="column v2 cannot be string"):
        reader.read_all()
    reader = select(con, *[(a, str(b), c) for a, b, c in rows]).fetch_record_batch_reader(2, types={"v3": pa.int64()})
    assert reader.read_all().to_pydict() == {"v1": ["x", "7", "2.5"], "v2": ["1", "2", "y"], "v3": [None, None, 3]}


def test_frames(con: Connection) -> None:
    pandas = pytest.importorskip("pandas")
    frame = select(con, (1, 1, 1.5, "x", 1, None), (2, None, None, None, b"y", None)).fetch_df()
    assert list(map(str, frame.dtypes)) == ["int64", "Int64", "float64", "object", "object", "object"]
    assert (
        frame["v1"].tolist() == [1, 2] and frame["v2"].tolist()[0] == 1 and frame["v2"].isna().tolist() == [False, True]
    )
    assert frame["v3"].isna().tolist() == [False, True] and frame["v4"].tolist() == ["x", None]
    assert frame["v5"].tolist() == [1, b"y"] and frame["v6"].tolist() == [None, None]
    big = select(con, (2**62 + 1,), (None,)).fetch_df()
    assert big["v1"].tolist()[0] == 2**62 + 1
    empty = con.execute("SELECT 1 AS a, 2 AS a WHERE 0").fetch_df()
    assert isinstance(empty, pandas.DataFrame) and list(empty.columns) == ["a", "a"] and len(empty) == 0


def test_what_is_not_installed_is_named(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("aerodb_dbapi.arrow.import_module", missing)
    for fetch, message in (
        ("fetch_arrow_table", r"pyarrow .*aerodb\[arrow\]"),
        ("fetch_df", r"pandas .*aerodb\[pandas\]"),
    ):
        with pytest.raises(NotSupportedError, match=message):
            getattr(con.execute("SELECT 1"), fetch)()


# --- in ---------------------------------------------------------------------------------------------------------------


def test_arrow_tables(con: Connection) -> None:
    pa = pytest.importorskip("pyarrow")
    day = datetime.date(2020, 1, 31)
    columns = {"i": [1, 2, None], "f": [0.5, float("nan"), None], "s": ["a", None, "c"], "b": [b"x", None, b""],
               "t": [True, False, None], "d": [day, None, day]}  # fmt: skip
    expected = [
        (1, 0.5, "a", b"x", 1, "2020-01-31"),
        (2, None, None, None, 0, None),
        (None, None, "c", b"", None, "2020-01-31"),
    ]
    table = pa.table(columns)
    for source in (table, table.to_batches()[0]):
        con.register("r", source)
        assert con.execute("SELECT * FROM r").fetchall() == con.execute("SELECT * FROM R").fetchall() == expected
    assert [row[1] for row in con.execute("PRAGMA table_info(r)")] == list(columns)
    con.register("once", table.to_reader())
    assert con.execute("SELECT s FROM once").fetchall() == [("a",), (None,), ("c",)]
    with pytest.raises(OperationalError, match="the rows of once can be read once, and have been"):
        con.execute("SELECT s FROM once").fetchall()

    class Stream:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return table.__arrow_c_stream__(requested_schema)

    con.register("stream", Stream())
    assert con.execute("SELECT count(*) FROM stream JOIN stream s").fetchone() == (9,)
    con.register("deep", pa.table({"x": [[1]]}))
    assert con.execute("SELECT * FROM deep").fetchall() == [("[1]",)]


def test_frames_as_tables(con: Connection) -> None:
    pandas = pytest.importorskip("pandas")
    moments = pandas.to_datetime(["2020-01-31 10:00:00", None])
    frame = pandas.DataFrame(
        {"i": [1, 2], "f": [0.5, None], "s": ["a", None], "m": moments, "t": [True, False]}, index=[7, 8]
    )
    frame["n"] = pandas.array([None, 3], dtype="Int64")
    con.register("f", frame)
    assert con.execute("SELECT * FROM f").fetchall() == [
        (1, 0.5, "a", "2020-01-31 10:00:00", 1, None),
        (2, None, None, None, 0, 3),
    ]
    con.execute("CREATE TABLE t AS SELECT * FROM f")
    con.execute("INSERT INTO t SELECT * FROM f")
    frame.loc[7, "i"] = 100
    assert con.execute("SELECT sum(i) FROM t").fetchone() == (6,)
    assert con.execute("SELECT sum(i) FROM f").fetchone() == (102,)


def test_values_that_sql_does_not_have(con: Connection) -> None:
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    day, moment = datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1, 12, 0, 0, 500_000)
    columns: dict[str, list[Any]] = {
        "day": [day, None], "moment": [moment, None], "at": [datetime.time(9, 30), None], "took": [datetime.timedelta(hours=1), None],
        "price": [decimal.Decimal("1.50"), None], "tags": [["a", 1.5], None], "item": [{"id": 1}, None], "yes": [True, False],
    }  # fmt: skip
    expected = [
        ("2024-05-01", "2024-05-01 12:00:00.500000", "09:30:00", "1:00:00", "1.50", '["a", 1.5]', '{"id": 1}', 1),
        (None, None, None, None, None, None, None, 0),
    ]
    frame = pd.DataFrame(
        {name: pd.Series(values, dtype=None if name == "yes" else object) for name, values in columns.items()}
    )
    columns["tags"] = [["a", "b"], None]
    con.register("t", pa.table(columns))
    con.register("f", frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert con.execute("SELECT * FROM f").fetchall() == expected
        found = con.execute("SELECT * FROM t").fetchall()
    assert found == [(*expected[0][:5], '["a", "b"]', *expected[0][6:]), expected[1]]


def test_durations_and_nanoseconds_of_frames(con: Connection) -> None:
    pandas = pytest.importorskip("pandas")
    moments = pandas.to_datetime(["2024-01-01 01:00:00.123456789", None]).tz_localize("UTC")
    frame = pandas.DataFrame({"took": pandas.to_timedelta([86_402, None], unit="s"), "at": moments})
    con.register("f", frame)
    assert con.execute("SELECT * FROM f").fetchall() == [
        ("1 day, 0:00:02", "2024-01-01 01:00:00.123456+00:00"),
        (None, None),
    ]


def test_only_the_columns_used_are_converted(con: Connection) -> None:
    pa = pytest.importorskip("pyarrow")
    con.register("r", pa.table({"a": [1, 2], "bad": [[1], [2]]}))
    assert con.execute("SELECT sum(a) FROM r").fetchone() == (3,)
    assert con.execute("SELECT count(*) FROM r").fetchone() == (2,)


def test_rows_of_every_kind(con: Connection) -> None:
    Point = namedtuple("Point", "x y")
    expected = [(1, 2), (3, None)]
    for source, columns in (
        ([(1, 2), [3, None]], ["x", "y"]),
        ([{"x": 1, "y": 2}, {"x": 3}], None),
        (iter([{"x": 1, "y": 2}, {"x": 3}]), None),
        ([{"y": 2, "x": 1}, {"x": 3}], ["x", "y"]),
        ([Point(1, 2), Point(3, None)], None),
        (lambda: ((x, y) for x, y in expected), ["x", "y"]),
        ({"a": (1, 2), "b": (3, None)}.values(), ["x", "y"]),
    ):
        con.register("r", source, columns=columns)
        assert con.execute("SELECT x, y FROM r").fetchall() == expected


def test_what_can_be_read_again(con: Connection) -> None:
    calls: list[int] = []

    def rows() -> Iterator[tuple[int]]:
        calls.append(1)
        return iter([(1,), (2,)])

    con.register("f", rows, columns=["a"])
    assert con.execute("SELECT count(*) FROM f x, f y").fetchone() == (4,) and len(calls) == 3
    con.register("g", rows(), columns=["a"])
    with pytest.raises(OperationalError, match="the rows of g can be read once"):
        con.execute("SELECT count(*) FROM g x, g y").fetchone()
    con.register("g", ((i,) for i in range(100_000)), columns=["a"])
    assert con.execute("SELECT a FROM g LIMIT 2").fetchall() == [(0,), (1,)]


def test_values_are_taken_as_parameters(con: Connection) -> None:
    con.register("r", [(float("nan"), datetime.date(2020, 1, 31), True)], columns=["a", "b", "c"])
    assert con.execute("SELECT * FROM r").fetchall() == [(None, "2020-01-31", 1)]
    for value, message in (
        (1j, "complex' is not supported"),
        (2**63, "too large"),
        ("\ud800", "surrogates"),
    ):
        con.register("r", [(1,), (value,)], columns=["a"])
        with pytest.raises(ProgrammingError, match=f"a row of r: .*{message}"):
            con.execute("SELECT * FROM r").fetchall()
    con.register("r", [(1,), (1, 2)], columns=["a"])
    with pytest.raises(ProgrammingError, match="r has 1 columns, and a row of it has 2 values"):
        con.execute("SELECT * FROM r").fetchall()


def test_names(con: Connection) -> None:
    con.execute("CREATE TABLE t(a)")
    con.execute("CREATE VIEW v AS SELECT 1")
    for name in ("T", "v", "json_each"):
        with pytest.raises(OperationalError, match=f"there is already a table named {name}"):
            con.register(name, [(1,)], columns=["a"])
    con.register("Some Name", [(1,)], columns=["a"])
    assert con.execute('SELECT s.a FROM "some name" AS s').fetchall() == [(1,)]
    assert con.execute("SELECT count(*) FROM pragma_module_list WHERE name = 'some name'").fetchone() == (1,)
    for statement in ("INSERT INTO 'some name' VALUES (1)", "DELETE FROM 'some name'", "DROP TABLE 'some name'"):
        with pytest.raises(OperationalError):
            con.execute(statement)
    other = con.fork()
    with pytest.raises(OperationalError, match="no such table: some name"):
        other.execute("SELECT * FROM 'some name'")
    con.unregister("SOME NAME")
    with pytest.raises(OperationalError, match="no such table: some name"):
        con.execute("SELECT * FROM 'some name'")
    for name in ("some name", "t", "json_each"):
        with pytest.raises(OperationalError, match=f"no such registered table: {name}"):
            con.unregister(name)


def test_sources_that_are_none(con: Connection) -> None:
    for source in (7, "text", b"bytes"):
        with pytest.raises(ProgrammingError, match="a table cannot be made of"):
            con.register("r", source, columns=["a"])
    with pytest.raises(ProgrammingError, match="the rows have no names"):
        con.register("r", [(1,)])
    with pytest.raises(ProgrammingError, match="r has no columns"):
        con.register("r", [()], columns=[])
    with pytest.raises(OperationalError, match="duplicate column name: A"):
        con.register("r", [(1, 2)], columns=["a", "A"])
    with pytest.raises(TypeError, match=r"register\(\) argument 1 must be str, not int"):
        con.register(1, [])  # type: ignore[arg-type]


def test_code_of_the_document_runs() -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    blocks = [block.split("```")[0] for block in DOCUMENT.read_text().split("```python\n")[1:]]
    assert len(blocks) == 2
    exec("".join(blocks), {})
