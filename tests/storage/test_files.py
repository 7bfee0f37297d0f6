"""The seam over the real file system: what `storage/files.py` promises of the operating system's files."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from logs import open_log

from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import OperatingSystemFiles, io_error, write_all
from aerodb_dbapi.storage.record import CommitRecord

FILES = OperatingSystemFiles()


HOLDER = """
import sys
from aerodb_dbapi.storage.database import Database
database = Database.open(sys.argv[1])
database.set_exclusive(True)
print("ready", flush=True)
sys.stdin.read()
database.close()
"""


def test_bytes_written_are_read_back_and_reading_stops_at_the_end(tmp_path: Path) -> None:
    file = FILES.open(str(tmp_path / "a"), create=True)
    write_all(file, 3, b"abc")
    assert (file.size(), file.read_at(0, 100), file.read_at(4, 1), file.read_at(50, 5)) == (6, b"\0\0\0abc", b"b", b"")
    file.truncate(4)
    file.sync()
    assert file.read_at(0, 10) == b"\0\0\0a"
    file.close()
    file.close()


def test_long_data_is_written_in_pieces(tmp_path: Path) -> None:
    file = FILES.open(str(tmp_path / "a"), create=True)
    data = bytes(range(256)) * 40_000
    write_all(file, 1, data)
    assert file.read_at(1, len(data)) == data
    file.close()


def test_a_system_that_takes_nothing_is_an_error() -> None:
    class Full:
        def write_at(self, offset: int, data: bytes) -> int:
            return 0

    with pytest.raises(OSError, match="Nothing was written"):
        write_all(Full(), 0, b"x")  # type: ignore[arg-type]


def test_only_regular_files_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "", "missing/a"):
        with pytest.raises(OSError):
            FILES.open(str(tmp_path / name), create=True)
    with pytest.raises(FileNotFoundError):
        FILES.open(str(tmp_path / "missing"))


def test_names_and_identities(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    file = FILES.open(one, create=True)
    os.symlink(one, two)
    assert FILES.identity(two) == file.identity() == FILES.identity(one)
    FILES.remove(two)
    FILES.rename(one, two)
    FILES.sync_directory(two)
    assert (FILES.exists(one), FILES.exists(two), FILES.identity(one)) == (False, True, None)
    assert FILES.random_bytes(16) != FILES.random_bytes(16)
    file.close()


def test_a_lock_excludes_other_openings_until_it_is_given_back(tmp_path: Path) -> None:
    one, two = FILES.open(str(tmp_path / "a"), create=True), FILES.open(str(tmp_path / "a"))
    assert one.lock(0)
    assert not two.lock(0.02)
    one.unlock()
    assert two.lock(0)
    two.close()
    assert one.lock(0)
    one.close()


def test_another_process_finds_the_database_locked(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "ready\n"
        with pytest.raises(OperationalError, match=r"^database is locked$") as caught:
            Database.open(path, timeout=0.05)
        assert caught.value.sqlite_errorname == "SQLITE_BUSY"
        holder.communicate("")
    database = Database.open(path, timeout=0)
    assert database.root.commit_id == 0
    database.close()


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "a.db"):
        with pytest.raises(OperationalError, match=r"^unable to open database file$") as caught:
            Database.open(str(path))
        assert caught.value.sqlite_errorname == "SQLITE_CANTOPEN"


def test_the_log_on_a_real_disk(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db-wal")
    log, commits = open_log(FILES, path)
    assert commits == []
    log.append(CommitRecord(1, [], [(2, "table", 0)], []))
    log.flush(sync=True)
    log.close()
    log, commits = open_log(FILES, path)
    assert commits == [CommitRecord(1, [], [(2, "table", 0)], [])]
    log.close()


def test_a_database_on_a_real_disk(tmp_path: Path) -> None:
    """Its log lies beside it while it is open, and after it was left open; then it is one file again."""
    path = tmp_path / "a.db"
    for i, let_go in enumerate((Database.close, Database.abandon, Database.close)):
        database = Database.open(str(path))
        assert (database.root.commit_id, database.root.trees[1].get("user_version", 0)) == (i, i)
        transaction = database.begin()
        transaction.set_meta("user_version", i + 1)
        transaction.commit()
        assert {file.name for file in tmp_path.iterdir()} == {"a.db", "a.db-lock", "a.db-wal"}
        let_go(database)
    assert {file.name for file in tmp_path.iterdir()} == {"a.db"}


def test_a_full_disk_has_a_name_of_its_own() -> None:
    full = io_error(OSError(errno.ENOSPC, "No space left on device"), "SQLITE_IOERR_WRITE", "a.db")
    other = io_error(OSError(errno.EIO, "Input/output error"), "SQLITE_IOERR_WRITE", "a.db")
    assert (full.sqlite_errorname, other.sqlite_errorname) == ("SQLITE_FULL", "SQLITE_IOERR_WRITE")
    assert "a.db" in str(full) and "disk I/O error" in str(other)
