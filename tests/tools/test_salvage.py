"""``salvage``: everything intact is in the new file, nothing else is, and the report names what is missing (INV-C2)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from stored import blocks_of, build, checkpoint_of, connect, crash_copy, flip, overwrite, rows

import aerodb_dbapi
from aerodb_dbapi.connection import Connection
from aerodb_dbapi.storage.header import BLOCKS_START
from aerodb_dbapi.storage.offline import Offline
from aerodb_dbapi.storage.salvage import solve_seed
from aerodb_dbapi.tools.__main__ import main

ALL = [(i, "changed" if i == 77 else f"x{i}") for i in range(3000) if not 100 <= i <= 200]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    path, connection = build(folder)
    crash_copy(path, folder / "crashed")
    (folder / "digest").write_text(rows(connection, "PRAGMA aerodb_digest")[0][0])
    connection.close()
    crash_copy(path, folder / "closed")
    return folder


@pytest.fixture
def crashed(made: Path, tmp_path: Path) -> Path:
    return crash_copy(made / "crashed", tmp_path / "app.db")


@pytest.fixture
def closed(made: Path, tmp_path: Path) -> Path:
    """A cleanly closed file without the logs that retention kept."""
    path = crash_copy(made / "closed", tmp_path / "app.db")
    for log in tmp_path.glob("app.db-wal*"):
        log.unlink()
    return path


def salvaged(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], Connection]:
    """Exit code, report, and the new database, which must be sound."""
    before = path.read_bytes()
    new = path.parent / "new.db"
    new.unlink(missing_ok=True)
    code = main(["salvage", str(path), str(new)])
    report = capsys.readouterr().out.splitlines()
    assert path.read_bytes() == before
    connection = aerodb_dbapi.connect(new, isolation_level=None)
    assert rows(connection, "PRAGMA integrity_check") == [("ok",)]
    assert code == any(line.startswith("missing: ") for line in report)
    return code, report, connection


def test_a_sound_file(made: Path, crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report, connection = salvaged(crashed, capsys)
    assert (code, report) == (
        0,
        [
            "state of commit 5; 3 commits of the log, to commit 8",
            "note: snapshots are not carried over: s1",
            "salvaged 2900 rows in 2 tables",
        ],
    )
    assert rows(connection, "PRAGMA aerodb_digest") == [((made / "digest").read_text(),)]


def test_a_lost_leaf(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaves = [block for block in blocks_of(closed) if block.kind == "leaf" and block.tree_id == 2]
    for leaf in leaves:
        saved = closed.read_bytes()
        overwrite(closed, leaf.pointer.offset, bytes(leaf.pointer.length))
        _, report, connection = salvaged(closed, capsys)
        found = rows(connection, "SELECT * FROM t ORDER BY a")
        assert len(found) == len(ALL) - leaf.size and set(found) < set(ALL)
        (line,) = [line for line in report if line.startswith("missing: ")]
        assert line.startswith("missing: table t, rowids") and line.endswith(f": {leaf.size} rows")
        connection.close()
        closed.write_bytes(saved)


def test_the_range_of_what_is_missing(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaves = [block for block in blocks_of(closed) if block.kind == "leaf" and block.tree_id == 2]
    overwrite(closed, leaves[3].pointer.offset, b"\xff" * 10)
    _, report, connection = salvaged(closed, capsys)
    gone = {a for a, _ in ALL} - {a for (a,) in rows(connection, "SELECT a FROM t")}
    assert f"missing: table t, rowids from {min(gone)} to {max(gone)}: {len(gone)} rows" in report


def test_a_lost_branch_and_a_lost_index(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = [block for block in blocks_of(closed) if block.tree_id == 3]
    for block in index:
        flip(closed, block.pointer.offset + 5)
    assert salvaged(closed, capsys)[:2] == (
        0,
        ["state of commit 8", "note: snapshots are not carried over: s1", "salvaged 2900 rows in 2 tables"],
    )
    branch = next(block for block in blocks_of(closed) if block.kind == "branch" and block.tree_id == 2)
    flip(closed, branch.pointer.offset + 5)
    code, report, connection = salvaged(closed, capsys)
    assert code == 1 and "missing: table t, all rowids: 2899 rows" in report
    assert rows(connection, "SELECT count(*) FROM t UNION ALL SELECT x FROM u") == [(0,), (1,)]


def test_both_headers_lost(made: Path, closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even the identity of the file is known, which seeds every checksum."""
    overwrite(closed, 0, random.Random(1).randbytes(BLOCKS_START))
    code, report, connection = salvaged(closed, capsys)
    assert code == 0 and "note: the state of commit 8 was found by search" in report
    assert rows(connection, "PRAGMA aerodb_digest") == [((made / "digest").read_text(),)]


def test_the_checkpoint_record_lost(made: Path, closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overwrite(closed, checkpoint_of(closed).offset, bytes(100))
    _, report, connection = salvaged(closed, capsys)
    assert any("checkpoint or state record of commit 8: damaged block" in line for line in report)
    assert rows(connection, "SELECT count(*) FROM t") in ([(2899,)], [(3000,)])


def test_a_cut_file(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every length leaves rows of the table as they were at some time, or less."""
    size = closed.stat().st_size
    content = closed.read_bytes()
    known = {*ALL, *((i, f"x{i}") for i in range(3000))}
    for length in range(0, size, 9000):
        closed.write_bytes(content[:length])
        _, _, connection = salvaged(closed, capsys)
        if rows(connection, "SELECT 1 FROM sqlite_master WHERE name = 't'"):
            assert set(rows(connection, "SELECT * FROM t")) <= known
        connection.close()


def test_a_damaged_log(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = Path(f"{crashed}-wal")
    flip(log, 4200)  # commit 6: the delete; 7 and 8 are whole
    code, report, connection = salvaged(crashed, capsys)
    assert code == 1 and "missing: commit 6" in report and "note: log generation 3: damage at offset 4096" in report
    assert report[0] == "state of commit 5; 2 commits of the log, to commit 8"
    assert rows(connection, "SELECT count(*) FROM t") == [(3000,)] and rows(connection, "SELECT * FROM u") == [(1,)]
    connection.close()
    log.unlink()
    code, report, connection = salvaged(crashed, capsys)
    assert report[0] == "state of commit 5" and rows(connection, "SELECT count(*) FROM t") == [(3000,)]


def test_only_the_logs_are_left(made: Path, crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crashed.write_bytes(b"")
    code, report, connection = salvaged(crashed, capsys)
    assert (code, report[0]) == (0, "state of commit 0; 8 commits of the log, to commit 8")
    assert rows(connection, "PRAGMA aerodb_digest") == [((made / "digest").read_text(),)]


def test_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.db").write_bytes(b"abc" * 4000)
    assert main(["salvage", str(tmp_path / "a.db"), str(tmp_path / "new.db")]) == 1
    assert "missing: everything: neither a state nor a commit was found" in capsys.readouterr().out


def test_rows_without_a_definition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.db"
    connection = connect(path)
    connection.execute("CREATE TABLE one(a, b)")
    connection.execute("INSERT INTO one VALUES (1, 'x'), (2, NULL)")
    connection.close()
    catalog = next(block for block in blocks_of(path) if block.tree_id == 0)
    flip(path, catalog.pointer.offset + 9)
    _, report, connection = salvaged(path, capsys)
    assert "missing: 1 definitions" in report
    assert "missing: the definition of the table whose rows are in lost_and_found_2" in report
    assert rows(connection, "SELECT * FROM lost_and_found_2") == [(1, "x"), (2, None)]


def test_a_unique_key_that_a_missing_commit_had_freed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.db"
    connection = connect(path)
    run = connection.execute
    run("CREATE TABLE t(a UNIQUE, b)")
    run("INSERT INTO t VALUES (1, 'old')")
    run("PRAGMA wal_checkpoint")
    run("DELETE FROM t")
    run("INSERT INTO t(rowid, a, b) VALUES (5, 1, 'new'), (6, 2, 'other')")
    run("INSERT INTO t VALUES (3, 'more')")
    copy = crash_copy(path, tmp_path / "copy.db")
    connection.close()
    flip(Path(f"{copy}-wal"), 4130)
    code, report, connection = salvaged(copy, capsys)
    assert code == 1 and "missing: commit 3" in report
    assert "missing: table t: 1 row that index sqlite_autoindex_t_1 had no room for" in report
    assert rows(connection, "SELECT rowid, a, b FROM t") == [(1, 1, "old"), (6, 2, "other"), (7, 3, "more")]


def test_every_kind_of_object_is_carried_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.db"
    connection = connect(path)
    connection.executescript("""
        CREATE TABLE p(a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT COLLATE NOCASE, c AS (a * 2));
        CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
        CREATE INDEX ib ON p(b DESC, lower(b)) WHERE b <> '';
        CREATE VIEW v AS SELECT a, c FROM p;
        INSERT INTO p(b) VALUES ('One'), ('two'), (''), (NULL);
        DELETE FROM p WHERE a = 4;
        INSERT INTO w VALUES ('z', 1), ('a', x'00ff'), ('m', 2.5);
        PRAGMA user_version = 42;
    """)
    digest = rows(connection, "PRAGMA aerodb_digest")
    connection.close()
    code, _, connection = salvaged(path, capsys)
    assert code == 0 and rows(connection, "PRAGMA aerodb_digest") == digest
    connection.execute("INSERT INTO p(b) VALUES ('next')")
    assert rows(connection, "SELECT max(a) FROM p") == [(5,)]


def test_what_is_refused(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = closed.parent / "other.db"
    other.write_bytes(b"content")
    assert main(["salvage", str(closed), str(other)]) == 1
    assert "output file already exists" in capsys.readouterr().err and other.read_bytes() == b"content"


def test_the_seed_of_checksums_is_computed(closed: Path) -> None:
    pointers = [block.pointer for block in blocks_of(closed)]
    with Offline(str(closed)) as file:
        blocks = file.blocks()
        seed = blocks.seed
        for pointer in pointers:
            blocks.seed = 0
            assert solve_seed(blocks, pointer) and blocks.seed == seed
