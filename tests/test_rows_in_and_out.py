"""CSV, JSON lines and Parquet in and out: types, NULLs, errors with their lines, and nothing half done."""

from __future__ import annotations

import csv
import json
import os
import random
import threading
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.transfer import export_rows, files, import_rows

VALUES = [
    None,
    "",
    "a",
    "1",
    "-0",
    "x,y",
    'q"q',
    '"',
    "two\nlines",
    "a\r\nb",
    " padded ",
    "é😀",
    "\0",
    "NULL",
    "'",
    "\ufeff",
    7,
    -(2**63),
    0.5,
]


@pytest.fixture
def connection() -> Any:
    made = aerodb_dbapi.connect(":memory:", isolation_level=None)
    yield made
    made.close()


def loaded(connection: Any, folder: Path, text: str, name: str = "t.csv", **options: Any) -> list[Any]:
    (folder / name).write_bytes(text.encode())
    connection.execute("DROP TABLE IF EXISTS t")
    count = import_rows(connection, folder / name, "t", **options)
    rows = connection.execute("SELECT * FROM t").fetchall()
    assert count == len(rows)
    return rows


def types(connection: Any) -> list[str]:
    return [row[2] for row in connection.execute("PRAGMA table_info(t)")]


def test_types_are_those_of_all_values(connection: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "i,r,zero,plus,big,n,inf\n1,1,007,+49,9223372036854775807,,Inf\n-5,2.5,1,1,9223372036854775808,,-1e3\n"
    rows = loaded(connection, tmp_path, text)
    assert types(connection) == ["INTEGER", "REAL", "TEXT", "TEXT", "TEXT", "TEXT", "REAL"]
    assert rows[0] == (1, 1.0, "007", "+49", "9223372036854775807", None, float("inf"))
    monkeypatch.setattr(files, "CHUNK", 10_000)
    late = "a\n" + "1\n" * 20_000 + "x\n"
    assert loaded(connection, tmp_path, late)[-1] == ("x",) and types(connection) == ["TEXT"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,\n,\"\"\n", [(1, None), (None, "")]),
        ("a,b\r\n1,x\r\n\r\n2,y", [(1, "x"), (2, "y")]),
        ('a,b\n1,"x\n""y"",\n"\n2,"","', None),
        ('a,b\n1,"x\n""y"",\n"\n2,5" pipe\n', [(1, 'x\n"y",\n'), (2, '5" pipe')]),
        ('a,b\n"1",x,\n', None),
        ("\ufeffa,b\n1,é\n", [(1, "é")]),
        ("a\n\n1\n", [(None,), (1,)]),
        ("a,b\n", []),
        ('"a ""x""",b\n"","1"\n', [("", 1)]),
        ('a,b\n"x""y\n",","\n","\n', None),
    ],
)  # fmt: skip
def test_csv_as_rfc_4180_has_it(connection: Any, tmp_path: Path, text: str, rows: Any) -> None:
    if rows is None:
        with pytest.raises(aerodb_dbapi.DataError, match=r"^line \d+: "):
            loaded(connection, tmp_path, text)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    else:
        assert loaded(connection, tmp_path, text) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "line 3: 1 fields where 2 are expected"),
        ('a,b\n1,"x\ny"\n3,4,5\n', "line 4: 3 fields where 2 are expected"),
        ('a,b\n1,"x\ny\n3,4\n', "line 2: a quoted field has no end"),
        ('a,b\n1,"x"y\n', "line 2: field 2: a quote ends, and more follows before the next delimiter"),
        ("a,b,A\n", "line 1: column A is there twice"),
        ("", "the file is empty: it has no names for columns"),
    ],
)
def test_errors_of_csv_name_the_line(connection: Any, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(aerodb_dbapi.DataError) as caught:
        loaded(connection, tmp_path, text)
    assert str(caught.value) == message


def test_bytes_that_are_not_in_the_encoding(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,x\n2,\xff\n")
    with pytest.raises(aerodb_dbapi.DataError, match="line 3: a text is not in the encoding of the file"):
        import_rows(connection, tmp_path / "t.csv", "t")
    import_rows(connection, tmp_path / "t.csv", "t", encoding="latin-1")
    assert connection.execute("SELECT b FROM t").fetchall() == [("x",), ("ÿ",)]


def test_into_a_table_that_is_there(connection: Any, tmp_path: Path) -> None:
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT, n INTEGER, d DATE, b BLOB, z DEFAULT 'z')")
    (tmp_path / "t.csv").write_text("B,n,x,d\nX'00ff', 12 ,007,2024-05-01\n,1e2,,\n")
    assert import_rows(connection, tmp_path / "t.csv", "t") == 2
    assert connection.execute("SELECT * FROM t").fetchall() == [
        (1, "007", 12, "2024-05-01", b"\x00\xff", "z"), (2, None, 100, None, None, "z"),
    ]  # fmt: skip
    (tmp_path / "bad.csv").write_text("n\n1\n2\nthree\n")
    with pytest.raises(aerodb_dbapi.DataError, match=r"^line 4: column n: 'three' is not an INTEGER$"):
        import_rows(connection, tmp_path / "bad.csv", "t")
    assert import_rows(connection, tmp_path / "bad.csv", "t", lenient=True) == 3
    assert connection.execute("SELECT n FROM t ORDER BY id DESC LIMIT 1").fetchone() == ("three",)
    (tmp_path / "bad.csv").write_text("nope\n1\n")
    with pytest.raises(aerodb_dbapi.OperationalError, match="table t has no column named nope"):
        import_rows(connection, tmp_path / "bad.csv", "t")


@pytest.mark.parametrize("inside", [False, True])
def test_a_refused_row_is_named_and_nothing_is_inserted(
    connection: Any, tmp_path: Path, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 10_000)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x UNIQUE CHECK (x <> 'bad'))")
    lines = [f"{number},{number}\n" for number in range(20_000)]
    lines[15_000] = "15000,bad\n"
    (tmp_path / "t.csv").write_text("id,x\n" + "".join(lines))
    if inside:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (-1, 'mine')")
    with pytest.raises(aerodb_dbapi.IntegrityError, match=r"^line 15002: CHECK constraint failed") as caught:
        import_rows(connection, tmp_path / "t.csv", "t")
    assert caught.value.sqlite_errorname == "SQLITE_CONSTRAINT_CHECK"
    assert connection.in_transaction is inside
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (int(inside),)


def test_an_import_that_is_stopped_leaves_nothing(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    seen = []

    def stop(what: str, done: int, total: int) -> None:
        seen.append((what, done, total))
        if what == "t.csv":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_rows(connection, tmp_path / "t.csv", "t", progress=stop)
    assert seen == [("types of t.csv", 4, 4), ("t.csv", 4, 4)]
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,) and not connection.in_transaction


def test_json_lines(connection: Any, tmp_path: Path) -> None:
    text = '{"a": 1, "b": "x", "m": 1}\n\n{"b": null, "a": 2.5, "c": true, "m": "y"}\n{"d": [1, {"é": null}], "a": 1e999}\n'
    rows = loaded(connection, tmp_path, text, "t.jsonl")
    assert types(connection) == ["REAL", "TEXT", "", "INTEGER", "TEXT"]
    assert rows == [
        (1.0, "x", 1, None, None),
        (2.5, None, "y", 1, None),
        (float("inf"), None, None, None, '[1, {"é": null}]'),
    ]
    for line, message in [
        ("[1]", "line 2: an object is expected, not list"),
        ("{", "line 2: not JSON"),
        ('{"a": NaN}', "line 2: not JSON: NaN is no JSON value"),
        ('{"a": 99999999999999999999}', "line 2: 99999999999999999999 does not fit into 64 bits"),
        ('{"a": "\\ud800"}', "line 2: a text is not in the encoding of the file"),
    ]:
        with pytest.raises(aerodb_dbapi.DataError, match=message.replace("[", r"\[")):
            loaded(connection, tmp_path, '{"a": 1}\n' + line + "\n", "t.jsonl")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_random_rows_come_back_from_csv_as_they_went(
    connection: Any, tmp_path: Path, delimiter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 500)
    random_ = random.Random(delimiter)
    connection.execute("CREATE TABLE t(a TEXT, b TEXT, c INTEGER, d REAL, e BLOB)")
    connection.execute("CREATE TABLE back(a TEXT, b TEXT, c INTEGER, d REAL, e BLOB)")
    texts = [value for value in VALUES if not isinstance(value, (int, float))]
    rows = [
        (random_.choice(texts), random_.choice(texts), random_.choice([None, 5, -(2**63)]),
         random_.choice([None, 0.1, 1e300, float("-inf")]), random_.choice([None, b"", b"\x00\xff"]))
        for _ in range(5_001)
    ]  # fmt: skip
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    for null in ("", "NULL"):
        connection.execute("DELETE FROM back")
        options: Any = {"delimiter": delimiter, "null": null, "replace": True}
        assert export_rows(connection, "t", tmp_path / "out.csv", **options) == len(rows)
        del options["replace"]
        import_rows(connection, tmp_path / "out.csv", "back", **options)
        assert connection.execute("SELECT * FROM back").fetchall() == rows
    with open(tmp_path / "out.csv", newline="") as file:  # the csv module reads the same texts
        for read, row in zip(list(csv.reader(file, delimiter=delimiter))[1:], rows):
            assert read[:2] == ["NULL" if value is None else value for value in row[:2]]


def test_random_rows_come_back_from_json_lines(connection: Any, tmp_path: Path) -> None:
    random_ = random.Random(3)
    for name in ("t", "back"):
        connection.execute(f"CREATE TABLE {name}(a, b, c BLOB)")
    rows = [
        (*random_.choices([*VALUES, float("inf"), float("-inf")], k=2), random_.choice([None, b"", b"\x00\xff"]))
        for _ in range(5_001)
    ]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    export_rows(connection, "SELECT * FROM t", tmp_path / "out.jsonl")
    import_rows(connection, tmp_path / "out.jsonl", "back")
    assert list(map(repr, connection.execute("SELECT * FROM back"))) == list(map(repr, rows))
    first = (tmp_path / "out.jsonl").read_text().splitlines()[0]
    assert list(json.loads(first)) == ["a", "b", "c"]


def test_parquet_there_and_back(connection: Any, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    connection.execute("CREATE TABLE t(i INTEGER, r, x TEXT, b BLOB, n)")
    rows = [(None if k % 7 == 0 else k, k / 2 if k % 2 else k, f"é{k}", bytes([k % 256]), None) for k in range(12_000)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    assert export_rows(connection, "t", tmp_path / "t.parquet") == len(rows)
    assert import_rows(connection, tmp_path / "t.parquet", "back") == len(rows)
    assert connection.execute("SELECT * FROM back").fetchall() == [(i, float(r), x, b, n) for i, r, x, b, n in rows]
    declared = [row[2] for row in connection.execute("PRAGMA table_info(back)")]
    assert declared == ["INTEGER", "REAL", "TEXT", "BLOB", "TEXT"]
    with pytest.raises(aerodb_dbapi.DataError, match="column a holds INTEGER and TEXT: CAST it"):
        export_rows(connection, "SELECT 1 AS a UNION ALL SELECT 'x'", tmp_path / "mixed.parquet")
    with pytest.raises(aerodb_dbapi.DataError, match="column a holds INTEGER and REAL"):
        export_rows(connection, "SELECT 9007199254740993 AS a UNION ALL SELECT 0.5", tmp_path / "mixed.parquet")
    (tmp_path / "broken.parquet").write_text("a,b\n")
    with pytest.raises(aerodb_dbapi.DataError, match="not a Parquet file"):
        import_rows(connection, tmp_path / "broken.parquet", "broken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.parquet", "t.parquet"]
    export_rows(connection, "SELECT 1 AS a WHERE 0", tmp_path / "empty.parquet")
    assert import_rows(connection, tmp_path / "empty.parquet", "none") == 0


def test_types_of_arrow(connection: Any, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    import datetime
    import decimal

    from pyarrow import parquet

    table = arrow.table({
        "d": [datetime.date(2024, 5, 1), None],
        "t": [datetime.datetime(2024, 5, 1, 12, 0, 0, 500_000), None],
        "m": [decimal.Decimal("1.50"), None],
        "f": [float("nan"), 2.0],
        "l": [[1, 2], None],
        "y": [True, None],
        "s": arrow.array(["a", "b"]).dictionary_encode(),
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "t.parquet")
    import_rows(connection, tmp_path / "t.parquet", "t")
    row, second = connection.execute("SELECT * FROM t").fetchall()
    assert row == ("2024-05-01", "2024-05-01 12:00:00.500000", "1.50", None, "[1, 2]", 1, "a")
    assert second == (None, None, None, 2.0, None, None, "b")
    parquet.write_table(arrow.table({"u": arrow.array([1, 2**63], arrow.uint64())}), tmp_path / "u.parquet")
    with pytest.raises(aerodb_dbapi.DataError, match="row 2: 9223372036854775808 does not fit into 64 bits"):
        import_rows(connection, tmp_path / "u.parquet", "u")


def test_an_export_writes_a_whole_file_or_none(connection: Any, tmp_path: Path) -> None:
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (1), (2)")
    path = tmp_path / "t.csv"
    export_rows(connection, "t", path)
    with pytest.raises(aerodb_dbapi.OperationalError, match="exists already"):
        export_rows(connection, "t", path)
    with pytest.raises(aerodb_dbapi.OperationalError, match="no such table"):
        export_rows(connection, "nope", path, replace=True)
    with pytest.raises(aerodb_dbapi.OperationalError, match="integer overflow"):
        export_rows(
            connection, "SELECT abs(CASE a WHEN 1 THEN 1 ELSE -9223372036854775808 END) FROM t", path, replace=True
        )
    with pytest.raises(aerodb_dbapi.ProgrammingError, match="column a is there twice"):
        export_rows(connection, "SELECT 1 AS a, 2 AS a", tmp_path / "t.jsonl")
    with pytest.raises(aerodb_dbapi.OperationalError, match="cannot tell the format of"):
        export_rows(connection, "t", tmp_path / "t.xls")
    assert path.read_text() == "a\n1\n2\n" and [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_a_pipe_may_be_read(connection: Any, tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.write_text("a,b\n1,x\n"))
    thread.start()
    assert import_rows(connection, pipe, "t", format="csv") == 1
    thread.join()
    assert connection.execute("SELECT * FROM t").fetchall() == [(1, "x")]


def test_without_header(connection: Any, tmp_path: Path) -> None:
    assert loaded(connection, tmp_path, "1\tx\n2\ty\n", "t.tsv", header=False) == [(1, "x"), (2, "y")]
    assert [row[1] for row in connection.execute("PRAGMA table_info(t)")] == ["c1", "c2"]
    with pytest.raises(aerodb_dbapi.DataError, match="line 1: 1 fields, and table t has 2 columns"):
        import_rows(connection, _written(tmp_path / "one.csv", "1\n"), "t", header=False)
    export_rows(connection, "t", tmp_path / "out.tsv", header=False)
    assert (tmp_path / "out.tsv").read_text() == "1\tx\n2\ty\n"


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_memory_does_not_grow_with_an_export(connection: Any, tmp_path: Path) -> None:
    """Batches are let go: no more than a few of them are alive at any time."""
    import tracemalloc

    connection.execute("CREATE TABLE t(a TEXT)")
    connection.executemany("INSERT INTO t VALUES (?)", ((f"{k:0300}",) for k in range(100_000)))
    tracemalloc.start()
    export_rows(connection, "t", tmp_path / "t.csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "t.csv").stat().st_size > 10_000_000 and peak < 5_000_000
