"""Text that is not UTF-8: beside `sqlite3` in SQL, through files, logs, indexes, dumps and digests, and into Python.

Each part that asks whether such a text has been met before runs in a process of its own, where none has.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.indexes.keys import ascending_part, descending_part, restore
from aerodb_dbapi.storage import raw_text
from aerodb_dbapi.storage.column_kinds import DamagedEntries
from aerodb_dbapi.storage.column_reader import entries
from aerodb_dbapi.storage.columns import pack_entries

SAMPLES = [
    b"", b"plain", "é".encode(), b"\xff", b"\xff\xfe", b"caf\xe9", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xed\xb3\xbf",
    b"\x80\x80", b"a\x00\xffb", b"\xf0\x9f\x98", "😀".encode(), b"\xf5\x80\x80\x80", b"\xc0\x80", b"'\xff'",
]  # fmt: skip


def both() -> list[Any]:
    return [aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")]


def answers(sql: str, *values: Any) -> list[Any]:
    """What both say: rows with texts as bytes, or class and text of the error."""
    found = []
    for connection in both():
        connection.text_factory = bytes
        try:
            found.append(connection.execute(sql, values).fetchall())
        except (aerodb_dbapi.Error, sqlite3.Error) as error:
            found.append((type(error).__name__, str(error)))
        connection.close()
    return found


EXPRESSIONS = [
    "CAST(t AS BLOB)", "hex(t)", "t", "typeof(t)", "quote(t)", "upper(t)", "lower(t)", "t || t", "t || 'x'", "trim(t, 'p')",
    "replace(t, 'a', 'bb')", "printf('%s|%5s|%.1s', t, t, 1)", "t = CAST(? AS TEXT)", "t LIKE t", "t GLOB t", "instr(t, 'a')",
    "CAST(t AS INTEGER)", "t + 1", "t IN (CAST(? AS TEXT), 'x')", "json_quote(t)", "max(t, '')", "coalesce(t, 1)", "t COLLATE NOCASE = t",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_answer_as_sqlite(expression: str) -> None:
    for data in SAMPLES:
        if b"\0" in data and "quote" in expression:
            continue
        values = (data,) * (1 + expression.count("?"))
        sql = f"SELECT {expression} FROM (SELECT CAST(? AS TEXT) AS t)"
        if "?" in expression:
            sql = f"WITH given(t, u) AS (SELECT CAST(?1 AS TEXT), ?2) SELECT {expression.replace('?', '?2')} FROM given"
        ours, theirs = answers(sql, *values)
        assert ours == theirs, (expression, data)


def test_unicode_and_octet_length() -> None:
    ours, theirs = answers(
        "SELECT unicode(CAST(x'ff' AS TEXT)), unicode(CAST(x'81' AS TEXT)), length(CAST(x'ff41c3a9' AS TEXT))"
    )
    assert ours == theirs == [(65533, 129, 3)]
    connection = both()[0]
    assert connection.execute("SELECT octet_length(CAST(x'ff41' AS TEXT))").fetchone() == (2,)


def test_fetching_it_as_str_fails_as_in_sqlite3() -> None:
    def fetches(connection: Any) -> Any:
        for fetch in ("fetchone", "fetchall", "fetchmany", "__next__"):
            for row_factory in (None, type(connection.execute("SELECT 1")).__name__ and (lambda _, row: row)):
                cursor = connection.cursor()
                cursor.row_factory = row_factory
                yield getattr(cursor.execute("SELECT 1, 'a' || ? || 'b' AS colname", (b"\xfa\xc3",)), fetch)

    for ours, theirs in zip(*map(fetches, both())):
        with pytest.raises(aerodb_dbapi.OperationalError) as our_error:
            ours()
        with pytest.raises(sqlite3.OperationalError) as their_error:
            theirs()
        assert str(our_error.value) == str(their_error.value)
        assert "Could not decode to UTF-8 column 'colname' with text 'a" in str(our_error.value)


def test_text_factories_and_converters_get_the_bytes() -> None:
    aerodb_dbapi.register_converter("raw_test", lambda data: ("converted", data))
    sqlite3.register_converter("raw_test", lambda data: ("converted", data))
    found = []
    for module in (aerodb_dbapi, sqlite3):
        connection: Any = module.connect(":memory:", detect_types=module.PARSE_DECLTYPES | module.PARSE_COLNAMES)
        connection.execute("CREATE TABLE t(a raw_test, b)")
        connection.execute("INSERT INTO t VALUES (CAST(x'ff' AS TEXT), CAST(x'e9' AS TEXT))")
        rows = [
            connection.execute("SELECT a FROM t").fetchone(),
            connection.execute('SELECT b AS "b [raw_test]" FROM t').fetchone(),
        ]
        connection.text_factory = lambda data: data.decode("latin-1")
        rows += connection.execute("SELECT a, b FROM t").fetchall()
        connection.row_factory = module.Row
        rows.append(connection.execute("SELECT b FROM t").fetchone()["b"])
        connection.text_factory = bytearray
        rows.append(connection.execute("SELECT b FROM t").fetchone()["b"])
        found.append(rows)
    assert found[0] == found[1]
    assert found[0][0] == (("converted", b"\xff"),) and found[0][-2:] == ["é", b"\xe9"]


def test_parameters_and_sql_with_surrogates_are_refused_as_ever() -> None:
    connection = both()[0]
    connection.execute("CREATE TABLE t(a)")
    for call in (
        lambda: connection.execute("INSERT INTO t VALUES (?)", ("\udcff",)),
        lambda: connection.executemany("INSERT INTO t VALUES (?)", [("a",), ("\udcff",)]),
        lambda: connection.execute("SELECT '\udcff'"),
        lambda: connection.executescript("SELECT '\udcff'"),
    ):
        with pytest.raises(UnicodeEncodeError):
            call()


def test_callbacks_get_none_of_it() -> None:
    for connection in both():
        seen: list[Any] = []
        connection.create_function("f", 1, seen.append)
        with pytest.raises(
            (aerodb_dbapi.OperationalError, sqlite3.OperationalError), match="user-defined function raised exception"
        ):
            connection.execute("SELECT f(CAST(x'ff' AS TEXT))").fetchall()
        assert seen == []


def test_through_log_and_blocks_and_indexes(tmp_path: Path) -> None:
    path = tmp_path / "raw.db"
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    connection.executescript("CREATE TABLE t(a TEXT, n); CREATE INDEX up ON t(a); CREATE INDEX down ON t(a DESC, n)")
    for number, data in enumerate(SAMPLES):
        connection.execute("INSERT INTO t VALUES (CAST(? AS TEXT), ?)", (data, number))
    connection.execute("INSERT INTO t SELECT CAST(x'c3' AS TEXT) || CAST(x'a9' AS TEXT), 'halves'")
    many = (
        "INSERT INTO t SELECT CAST(x'ff' AS TEXT) || value || CAST(x'e9' AS TEXT), 'many' FROM generate_series(1, 3000)"
    )
    connection.execute(many)
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    for log in tmp_path.glob("raw.db-wal*"):
        (tmp_path / log.name.replace("raw", "copy")).write_bytes(log.read_bytes())
    digest = connection.execute("PRAGMA aerodb_digest").fetchone()
    connection.close()
    for name in ("raw.db", "copy.db"):  # from blocks; from the log
        check = f"""
import aerodb_dbapi, sys
connection = aerodb_dbapi.connect({str(tmp_path / name)!r})
assert connection.execute("PRAGMA aerodb_digest").fetchone() == {digest!r}
assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
try:
    rows = connection.execute("SELECT a, n FROM t ORDER BY n").fetchall()
except aerodb_dbapi.OperationalError as error:
    assert "Could not decode to UTF-8 column 'a'" in str(error)
else:
    sys.exit("no error")
connection.text_factory = bytes
rows = connection.execute("SELECT a FROM t WHERE typeof(n) = 'integer' ORDER BY n").fetchall()
assert rows == [(data,) for data in {SAMPLES!r}], rows
for number, data in enumerate({SAMPLES!r}):
    for index in ("up", "down"):
        sql = f"SELECT n FROM t INDEXED BY {{index}} WHERE a = CAST(? AS TEXT)"
        assert (number,) in connection.execute(sql, (data,)).fetchall()
question = "SELECT n FROM t INDEXED BY up WHERE a > '' ORDER BY a {{order}}, n {{order}}"
up, down = (connection.execute(question.format(order=order)).fetchall() for order in ("", "DESC"))
assert up == down[::-1]
"""
        subprocess.run([sys.executable, "-c", check], check=True, timeout=120)


FIRST = """
import aerodb_dbapi
from aerodb_dbapi.storage import raw_text
connection = aerodb_dbapi.connect(":memory:")
connection.execute("CREATE TABLE t(a)")
connection.executemany("INSERT INTO t VALUES (?)", [(b"plain",), (b"\\xff",)])
cursor = connection.execute("SELECT CAST(a AS TEXT) AS name FROM t")
{setting}
assert not raw_text.met()
try:
    found = {fetch}
except aerodb_dbapi.OperationalError as error:
    assert "column 'name'" in str(error) and raw_text.met()
else:
    raise SystemExit(f"handed out {{found!r}}")
"""


@pytest.mark.parametrize(
    ("fetch", "setting"),
    [
        ("[cursor.fetchone(), cursor.fetchone()]", ""),
        ("cursor.fetchall()", ""),
        ("list(cursor)", "cursor.row_factory = aerodb_dbapi.Row"),
        ("cursor.fetchmany(5)", "cursor.row_factory = lambda _, row: row[0]"),
        ("cursor.fetch_df()", ""),
    ],
)
def test_the_first_one_of_a_process_is_not_handed_out_either(fetch: str, setting: str) -> None:
    if "fetch_df" in fetch:
        pytest.importorskip("pandas")
    subprocess.run([sys.executable, "-c", FIRST.format(fetch=fetch, setting=setting)], check=True, timeout=120)


def test_a_dump_has_it_and_brings_it_back() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(a)")
    connection.executemany("INSERT INTO t VALUES (CAST(? AS TEXT))", [(data,) for data in SAMPLES if b"\0" not in data])
    copy = aerodb_dbapi.connect(":memory:")
    copy.executescript("\n".join(connection.iterdump()))
    for one in (connection, copy):
        one.text_factory = bytes
    rows = connection.execute("SELECT a, typeof(a) FROM t").fetchall()
    assert copy.execute("SELECT a, typeof(a) FROM t").fetchall() == rows


def test_changes_and_replicas_have_it(tmp_path: Path) -> None:
    source = aerodb_dbapi.connect(tmp_path / "source.db", isolation_level=None)
    replica = aerodb_dbapi.connect(tmp_path / "replica.db", isolation_level=None)
    source.execute("PRAGMA history_retention = 10")
    replica.execute("PRAGMA history_retention = 10")
    source.execute("CREATE TABLE t(a)")
    source.execute("INSERT INTO t VALUES (CAST(x'636166e9' AS TEXT))")
    for commit in source.changes(since=replica.commit_id):
        replica.apply(commit)
    digest = "PRAGMA aerodb_digest"
    assert replica.execute(digest).fetchone() == source.execute(digest).fetchone()
    assert replica.execute("SELECT hex(a) FROM t").fetchone() == ("636166E9",)


def test_blobs_are_opened_on_its_bytes() -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (CAST(x'636166e9' AS TEXT))")
    with connection.blobopen("t", "a", 1, readonly=True) as blob:
        assert blob.read() == b"caf\xe9"


def test_forms_of_random_texts_and_their_order() -> None:
    random_source = random.Random(7)
    texts = []
    for _ in range(3000):
        data = bytes(
            random_source.choice(b"\x00a\xc3\xa9\xed\xb3\xbf\xf0\x9f\x98\x80\xff")
            for _ in range(random_source.randrange(6))
        )
        text = raw_text.text_of(data)
        assert raw_text.bytes_of(text) == data and raw_text.read(raw_text.stored(text)) == text
        assert raw_text.whole(text[:1] + text[1:]) == text
        texts.append(text)
    by_parts = sorted(texts, key=lambda text: ascending_part(text, None))
    assert [raw_text.stored(text) for text in by_parts] == sorted(map(raw_text.stored, texts))
    downwards = sorted(texts, key=lambda text: descending_part(text, None))
    assert downwards == by_parts[::-1]
    assert all(str(restore(descending_part(text, None)[1]), "utf-8", "surrogatepass") == text for text in texts)
    packed = pack_entries(range(len(texts)), [(text,) for text in texts])
    assert list(entries(packed)[1]) == [(text,) for text in texts]


def test_other_surrogates_in_a_file_are_damage() -> None:
    packed = bytes(pack_entries([1, 2], [("a\udcffb",), ("c",)]))
    assert packed.count(b"\xed\xb3\xbf") == 1
    assert entries(packed)[1] == (("a\udcffb",), ("c",))
    for wrong in (b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xed\xb2\x7f", b"\xff\xb3\xbf"):
        with pytest.raises(DamagedEntries):
            entries(packed.replace(b"\xed\xb3\xbf", wrong))
