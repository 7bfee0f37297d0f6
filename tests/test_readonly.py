"""mode=ro and immutable=1 through the driver, with real processes: readers beside writers and their checkpoints, files and folders
without the right to write. What a program may not write it is kept from by being another user; and every file that a reader opens
is watched. `tests/storage/test_readonly.py` has the model."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage import byte_locks

NOBODY = 65534
LAG = 60  # seconds, for a loaded machine; nothing is measured

pytestmark = pytest.mark.skipif(not byte_locks.TOLD, reason="no locks of open file descriptions")

UNPRIVILEGED = """
import json, os, sys
import aerodb_dbapi as db
warm = db.connect(":memory:")  # whatever is imported late is imported before the rights go
warm.executescript("CREATE TABLE t(a PRIMARY KEY, b); INSERT INTO t VALUES (1, 2); SELECT count(*), sum(b) FROM t")
warm.execute("SELECT count(*), sum(b), max(a) FROM t WHERE a > 0 GROUP BY b").fetchall()
try:
    warm.execute("SELECT * FROM nothing")
except db.Error:
    pass
OPENED = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(sys.argv[2]):
        OPENED.append((arguments[0], arguments[2]))
    if event in ("os.remove", "os.rename", "os.truncate", "os.mkdir"):
        OPENED.append((event, os.O_RDWR))
sys.addaudithook(watch)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
path = sys.argv[1]
for probe in (sys.argv[2], path):
    if os.environ.get("UNWRITABLE") != "no" and os.access(probe, os.W_OK):
        sys.exit(f"{probe} can be written: this proves nothing")
def tell(value):
    print(json.dumps(value), flush=True)
def refused(action, *arguments, **options):
    try:
        action(*arguments, **options)
    except db.Error as error:
        return [type(error).__name__, getattr(error, "sqlite_errorname", None), str(error)]
    return None
""".replace("NOBODY", str(NOBODY))


@pytest.fixture(params=[aerodb_dbapi, sqlite3], ids=["aerodb", "sqlite3"])
def db(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach."""
    path = Path(tempfile.mkdtemp(prefix="aerodb-readonly-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


def made(path: Path, rows: int = 3) -> aerodb_dbapi.Connection:
    connection = aerodb_dbapi.connect(str(path), isolation_level=None, timeout=LAG)
    connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(number, "x" * 20) for number in range(rows)])
    return connection


class Unprivileged:
    """A process of another user, which runs a program and tells what it finds."""

    def __init__(self, path: Path, program: str, **environment: str) -> None:
        command = [sys.executable, "-c", UNPRIVILEGED + textwrap.dedent(program), str(path), str(path.parent)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip

    def told(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        return json.loads(line)

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        _, errors = self.process.communicate(timeout=LAG)
        assert self.process.returncode == 0, errors


def listing(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in sorted(os.listdir(path))}


READ = """
    found = {}
    for name, uri in (("ro", f"file:{path}?mode=ro"), ("immutable", f"file:{path}?immutable=1"), ("plain", f"file:{path}"),
                      ("rw", f"file:{path}?mode=rw")):
        con = db.connect(uri, uri=True, isolation_level=None)
        found[name] = con.execute("SELECT count(*) FROM t").fetchone()[0]
        assert con.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for sql in ("INSERT INTO t VALUES (100, 1)", "CREATE TABLE u(a)", "PRAGMA user_version = 7", "VACUUM",
                    "PRAGMA wal_checkpoint", "PRAGMA history_retention = 5"):
            told = refused(con.execute, sql)
            assert told == ["OperationalError", "SQLITE_READONLY", "attempt to write a readonly database"], (sql, told)
        con.execute("BEGIN")
        assert con.execute("SELECT max(a) FROM t").fetchone() is not None
        con.execute("COMMIT")
        con.close()
    tell(found)
    tell([name for name, flags in OPENED if name.startswith("os.")])
"""


def protect(folder: Path, what: str) -> None:
    for name in os.listdir(folder):
        (folder / name).chmod(0o444 if "file" in what else 0o666)
    folder.chmod(0o555 if "folder" in what else 0o777)
    if os.geteuid() == 0 and "folder" in what and "file" not in what:
        (folder / "a.db").chmod(0o666)  # the file may be written, its log cannot be made


@pytest.mark.parametrize(
    ("state", "what"),
    [("closed", "file"), ("closed", "folder"), ("killed", "file"), ("killed", "file and folder"),
     ("torn", "file and folder")],
)  # fmt: skip
def test_files_that_cannot_be_written(folder: Path, state: str, what: str) -> None:
    """INV-P7: what is there is read, with the log of a process that was killed; not a byte changes, nothing is created."""
    path = folder / "a.db"
    program = f"""
        import sys, os
        import aerodb_dbapi as db
        con = db.connect({str(path)!r}, isolation_level=None)
        con.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
        con.executemany("INSERT INTO t VALUES (?, ?)", [(n, "x") for n in range(5)])
        con.execute("PRAGMA wal_checkpoint")
        con.execute("INSERT INTO t VALUES (5, 'y')")
        {"con.close()" if state == "closed" else "os.kill(os.getpid(), 9)"}
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=state == "closed")
    if state == "torn":
        log = folder / "a.db-wal"
        raw = log.read_bytes().rstrip(b"\0")
        log.write_bytes(raw[:-3] + b"garbage")
    protect(folder, what)
    before = listing(folder)
    reader = Unprivileged(path, READ, UNWRITABLE="no" if what != "file and folder" else "yes")
    latest = 5 if state == "torn" else 6
    assert reader.told() == {
        "ro": latest, "immutable": 6 if state == "closed" else 5, "plain": latest, "rw": latest,
    }  # fmt: skip
    assert reader.told() == []
    reader.end()
    assert listing(folder) == before
    folder.chmod(0o755)
    (folder / "a.db").chmod(0o644)
    con = aerodb_dbapi.connect(str(path))
    assert con.execute("SELECT count(*) FROM t").fetchone() == (latest,)
    con.close()


BESIDE = """
    con = db.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    con.execute("PRAGMA cache_size = -16")
    seen = 0
    old = con.execute("SELECT a, b FROM t ORDER BY a")
    first = next(old)
    view = con.read_view()
    tell(view.commit_id)
    while True:
        con.execute("BEGIN")
        total, count, last = con.execute("SELECT sum(b), count(*), (SELECT max(n) FROM log) FROM t").fetchone()
        again = con.execute("SELECT sum(b) FROM t WHERE a >= 0").fetchone()[0]
        con.execute("COMMIT")
        assert (total, again, count) == (0, 0, 500), (total, again, count)
        assert last >= seen, (last, seen)
        seen = last
        if seen >= 60:
            break
    rest = [first, *old]
    assert len(rest) == 500 and all(value == 0 for _, value in rest)
    assert view.execute("SELECT count(*) FROM t WHERE b = 0").fetchone() == (500,)
    view.close()
    assert con.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    writes = [name for name, flags in OPENED if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)]
    assert not writes, writes
    tell(seen)
    sys.stdin.readline()
    tell(con.execute("SELECT max(n) FROM log").fetchone()[0])
"""


def test_a_reader_of_another_user_beside_a_writer(folder: Path) -> None:
    """INV-P1, INV-P3, INV-P7: it may write neither the files nor the lock file, and sees every commit as a whole while checkpoints
    are made and room is used again; its old cursor and view stay as they were."""
    path = folder / "a.db"
    con = aerodb_dbapi.connect(str(path), isolation_level=None, timeout=LAG)
    con.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    con.execute("CREATE TABLE log(n INTEGER PRIMARY KEY)")
    con.executemany("INSERT INTO t VALUES (?, 0)", [(number,) for number in range(500)])
    con.execute("INSERT INTO log VALUES (0)")
    con.execute("PRAGMA wal_checkpoint")
    for name in os.listdir(folder):
        (folder / name).chmod(0o444)
    folder.chmod(0o555)
    reader = Unprivileged(path, BESIDE)
    assert reader.told() == con.commit_id
    n, deadline = 0, time.monotonic() + LAG
    while reader.process.poll() is None and n < 60:
        n += 1
        con.execute("BEGIN")
        for place in range(n % 25, 475, 25):
            con.execute("UPDATE t SET b = b + ? WHERE a = ?", (n, place))
            con.execute("UPDATE t SET b = b - ? WHERE a = ?", (n, place + 25))
        con.execute("INSERT INTO log VALUES (?)", (n,))
        con.execute("COMMIT")
        if n % 4 == 0:
            con.execute("PRAGMA wal_checkpoint")
        time.sleep(0.01)
        assert time.monotonic() < deadline
    assert reader.told() == 60
    con.execute("INSERT INTO log VALUES (61)")
    con.close()  # the log and the lock file go
    reader.go_on()
    assert reader.told() == 61
    reader.end()


def test_a_lock_file_that_cannot_be_read(folder: Path) -> None:
    """What is published cannot be known then."""
    con = made(folder / "a.db")
    (folder / "a.db-lock").chmod(0o600)
    folder.chmod(0o555)
    (folder / "a.db").chmod(0o444)
    reader = Unprivileged(
        folder / "a.db",
        """
        tell(refused(db.connect, f"file:{path}?mode=ro", uri=True))
        con = db.connect(f"file:{path}?immutable=1", uri=True)
        """,
    )
    assert reader.told() == ["OperationalError", "SQLITE_CANTOPEN", "unable to open database file"]
    reader.end()
    con.close()


def test_a_killed_writer_and_the_next(tmp_path: Path) -> None:
    """INV-P1, INV-P4: a reader goes on beside whoever comes next."""
    path = tmp_path / "a.db"
    made(path).close()
    reader = aerodb_dbapi.connect(f"file:{path}?mode=ro", uri=True)
    for number in range(10, 14):
        program = f"""
import os, aerodb_dbapi
con = aerodb_dbapi.connect({str(path)!r}, isolation_level=None)
con.execute("INSERT INTO t VALUES ({number}, 1)")
if {number} % 3 == 0:
    con.execute("PRAGMA wal_checkpoint")
print("there", flush=True)
os.kill(os.getpid(), 9) if {number} % 2 else con.close()
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout == "there\n", done.stderr
        assert done.returncode == (-signal.SIGKILL if number % 2 else 0)
        assert reader.execute("SELECT max(a) FROM t").fetchone() == (number,)
    reader.close()


def test_one_process_that_reads_and_writes(tmp_path: Path) -> None:
    """A file that is open for reading is opened for writing as well, and the other way round."""
    path = tmp_path / "a.db"
    made(path).close()
    uri = f"file:{path}?mode=ro"
    reader = aerodb_dbapi.connect(uri, uri=True)
    writer = aerodb_dbapi.connect(path, isolation_level=None)
    writer.execute("INSERT INTO t VALUES (7, 1)")
    other = aerodb_dbapi.connect(uri, uri=True)
    for con in (reader, other):
        assert con.execute("SELECT max(a) FROM t").fetchone() == (7,)
        with pytest.raises(aerodb_dbapi.OperationalError, match="attempt to write a readonly database"):
            con.execute("DELETE FROM t")
    writer.close()
    reader.rollback()
    assert reader.execute("SELECT max(a) FROM t").fetchone() == (7,)
    other.close()
    reader.close()
    assert os.listdir(tmp_path) == ["a.db"]


def test_attached_for_reading(tmp_path: Path) -> None:
    """ATTACH takes the same URIs."""
    made(tmp_path / "a.db").close()
    (tmp_path / "a.db").chmod(0o444)
    con = aerodb_dbapi.connect(tmp_path / "b.db", uri=True, isolation_level=None)
    con.execute("ATTACH ? AS other", (f"file:{tmp_path}/a.db?mode=ro",))
    con.execute("CREATE TABLE copy AS SELECT * FROM other.t")
    with pytest.raises(aerodb_dbapi.OperationalError, match="attempt to write a readonly database"):
        con.execute("INSERT INTO other.t VALUES (9, 9)")
    assert con.execute("SELECT count(*) FROM copy").fetchone() == (3,)
    con.close()


def test_a_child_of_a_reader(tmp_path: Path) -> None:
    """INV-P5: it must open the file anew."""
    path = tmp_path / "a.db"
    made(path).close()
    program = f"""
import os, aerodb_dbapi as db
uri = "file:{path}?mode=ro"
con = db.connect(uri, uri=True)
assert con.execute("SELECT count(*) FROM t").fetchone() == (3,)
child = os.fork()
if not child:
    try:
        con.execute("SELECT count(*) FROM t").fetchone()
    except db.OperationalError as error:
        assert "open it again in the child" in str(error)
        anew = db.connect(uri, uri=True)
        assert anew.execute("SELECT count(*) FROM t").fetchone() == (3,)
        os._exit(7)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert con.execute("SELECT count(*) FROM t").fetchone() == (3,)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=LAG)


def test_reading_for_sure(db: ModuleType, tmp_path: Path) -> None:
    """What sqlite3 does with `mode=ro` of files that are not there, or are nothing."""
    for name in ("ro", "rw"):
        with pytest.raises(db.OperationalError, match="unable to open database file"):
            db.connect(f"file:{tmp_path}/none.db?mode={name}", uri=True)
    assert not os.listdir(tmp_path)
    (tmp_path / "empty.db").touch()
    con = db.connect(f"file:{tmp_path}/empty.db?mode=ro", uri=True)
    assert con.execute("SELECT * FROM sqlite_master").fetchall() == []
    con.close()
    (tmp_path / "text.db").write_text("no database, but long enough to have been one" * 300)
    with pytest.raises(db.DatabaseError, match="file is not a database"):
        db.connect(f"file:{tmp_path}/text.db?mode=ro", uri=True).execute("SELECT * FROM sqlite_master")
    assert (tmp_path / "empty.db").stat().st_size == 0
    assert stat.S_ISREG((tmp_path / "text.db").stat().st_mode)


@pytest.mark.parametrize("ending", ["closed", "killed"])
def test_a_full_disk_is_read(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no room for a lock file: what is there can be read all the same, and nothing new is made."""
    made = tmp_path / "made"
    made.mkdir()
    path = made / "app.db"
    connection = aerodb_dbapi.connect(str(path), isolation_level=None)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (1), (2)")
    if ending == "killed":
        connection.execute("PRAGMA wal_checkpoint").fetchall()
        connection.execute("INSERT INTO t VALUES (3)")
        copy = tmp_path / "copy"
        shutil.copytree(made, copy, ignore=shutil.ignore_patterns("*-lock"))
        connection.close()
        path = copy / "app.db"
    else:
        connection.close()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        connection = aerodb_dbapi.connect(str(path), isolation_level=None)
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (3 if ending == "killed" else 2,)
        with pytest.raises(aerodb_dbapi.OperationalError, match="attempt to write a readonly database"):
            connection.execute("INSERT INTO t VALUES (4)")
        connection.close()
        with pytest.raises(aerodb_dbapi.OperationalError, match="database or disk is full"):
            aerodb_dbapi.connect(str(path.parent / "new.db")).execute("CREATE TABLE t(a)")
        left = {file.name: file.read_bytes() for file in path.parent.iterdir()}
        assert {name: data for name, data in left.items() if data} == {
            name: data for name, data in before.items() if data
        }
    connection = aerodb_dbapi.connect(str(path), isolation_level=None)
    connection.execute("INSERT INTO t VALUES (4)")
    connection.close()
