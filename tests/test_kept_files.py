"""Files of each released format version open for ever; what is no database of ours is refused, and stays as it is (INV-E1)."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from struct import pack

import pytest
from crc32c import crc32c
from kept_files import write_format2
from stored import build, crash_copy, rows

import aerodb_dbapi
from aerodb_dbapi.tools.__main__ import main

DATA = Path(__file__).parent / "data"
DIGESTS = {
    "format2.db": "8b1caafd71a07aea0b2756578601d56c26d55981f48a254d52bbe1f81f8ccd60",
    "format2_log.db": "54a3df26fd618b7b02d7a4eec5b47d1ae523b7376467ee996e31fd5b71fc9044",
}
EARLY = "1475fc4dc64055d47f35807c17d2987cea4a9be64e5661dd77ae8249fd4f38c2"


def digest(path: Path) -> str:
    connection = aerodb_dbapi.connect(path)
    try:
        assert rows(connection, "PRAGMA integrity_check") == [("ok",)]
        return str(rows(connection, "PRAGMA aerodb_digest")[0][0])
    finally:
        connection.close()


@pytest.mark.parametrize("name", DIGESTS)
def test_a_kept_file_opens(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = crash_copy(DATA / name, tmp_path / name)
    assert main(["check", str(path)]) == 0
    assert digest(path) == DIGESTS[name]
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    assert rows(connection, "SELECT name FROM thing WHERE lower(name) = 'thing 8 é' AND size > 400") != []
    assert rows(connection, "SELECT n FROM word WHERE word = 'w007'") == [(-49,)]
    assert rows(connection, "SELECT count(*), sum(size) FROM thing") == [(539, 99570.75)]
    ((name, commit),) = rows(connection, "PRAGMA aerodb_snapshots")
    with connection.read_view(commit) as view:
        assert (name, view.digest()) == ("early", EARLY)
        assert view.execute("SELECT count(*) FROM thing").fetchone() == (600,)
    connection.execute("INSERT INTO thing(name) VALUES ('new')")
    assert rows(connection, "SELECT max(id) FROM thing") == [(601,)]
    connection.close()
    assert main(["check", str(path)]) == 0


def test_what_is_written_today_has_the_same_content(tmp_path: Path) -> None:
    write_format2(tmp_path)
    assert {name: digest(tmp_path / name) for name in DIGESTS} == DIGESTS


def sqlite_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t(a)")
    connection.close()


def version_1(path: Path) -> None:
    """A file of format version 1 without a commit."""
    slots = b""
    for sequence in (1, 2):
        fields = pack("<16sII16s16sQQQI", b"AeroDB file\r\n\x1a\n\0", 1, 1, b"f" * 16, b"l" * 16, sequence, 8192, 0, 0)
        slots += (fields + pack("<I", crc32c(fields))).ljust(4096, b"\0")
    path.write_bytes(slots)


REFUSED = {
    "a SQLite database": (
        sqlite_file,
        aerodb_dbapi.DatabaseError,
        "is a SQLite database; python -m aerodb_dbapi.tools import",
    ),
    "a picture": (
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
        aerodb_dbapi.DatabaseError,
        "file is not a database",
    ),
    "three bytes": (lambda path: path.write_bytes(b"abc"), aerodb_dbapi.DatabaseError, "file is not a database"),
    "three zeros": (lambda path: path.write_bytes(bytes(3)), aerodb_dbapi.DatabaseError, "file is not a database"),
    "half of our magic": (
        lambda path: path.write_bytes(b"AeroDB f"),
        aerodb_dbapi.DatabaseError,
        "file is not a database",
    ),
    "format version 1": (
        version_1,
        aerodb_dbapi.NotSupportedError,
        "has file format version 1; this AeroDB reads version 2",
    ),
    "a log": (
        lambda path: shutil.copy(DATA / "format2_log.db-wal", path) and None,
        aerodb_dbapi.DatabaseError,
        "file is not a database",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_database_is_refused_and_left_alone(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, error, message = REFUSED[kind]
    path = tmp_path / "file"
    make(path)
    content = path.read_bytes()
    with pytest.raises(error, match=message) as caught:
        aerodb_dbapi.connect(path)
    assert type(caught.value) is error
    assert main(["check", str(path)]) == 1 and message in capsys.readouterr().out
    assert [file.name for file in tmp_path.iterdir()] == ["file"] and path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", bytes(512), bytes(8192)])
def test_an_empty_file_becomes_a_new_database(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE t(a)")
    connection.close()
    connection = aerodb_dbapi.connect(path)
    assert rows(connection, "SELECT name FROM sqlite_master") == [("t",)]
    connection.close()


def test_a_log_without_its_database(tmp_path: Path) -> None:
    """Opening makes a new database, as in SQLite; salvage, before that, gets the commits."""
    path, connection = build(tmp_path)
    copy = crash_copy(path, tmp_path / "copy.db")
    expected = str(rows(connection, "PRAGMA aerodb_digest")[0][0])
    connection.close()
    copy.write_bytes(b"")
    assert main(["salvage", str(copy), str(tmp_path / "new.db")]) == 0
    assert digest(tmp_path / "new.db") == expected
    copy.unlink()
    connection = aerodb_dbapi.connect(copy)
    assert rows(connection, "SELECT * FROM sqlite_master") == []
    connection.close()
