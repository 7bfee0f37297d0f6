"""``check`` and ``inspect`` on sound files, and on files damaged in every place that matters (INV-C2, INV-R5, INV-R9, INV-G4)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from stored import blocks_of, build, checkpoint_of, connect, crash_copy, flip, overwrite, rows

import aerodb_dbapi
from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.header import SLOT
from aerodb_dbapi.storage.offline import Offline
from aerodb_dbapi.storage.pages import Checkpoint
from aerodb_dbapi.tools.__main__ import main

INSPECTED = """\
file: 43456 bytes
slot 0: sequence 5, commit 5, checkpoint at 43264 (192 bytes), log generation 3; in force
slot 1: sequence 4, commit 4, checkpoint at 41920 (192 bytes), log generation 2
file identity: 01010101010101010101010101010101
checkpoint: commit 5, blocks to 43456, 192 bytes free, 1088 dead
snapshot s1: commit 3
kept state: commit 0, log generation 1 behind it
kept state: commit 3
kept state: commit 4, log generation 2 behind it
tree 0: catalog, 2 entries, root at 8192
tree 1: meta, 4 entries, root at 8512
tree 2: table t, 3000 entries, root at 42112
tree 3: index sqlite_autoindex_t_1, 3000 entries, root at 42560
log …-wal-000001: generation 1, 64604 bytes, of file 01010101010101010101010101010101
  4096: commit 1: creates table tree 2; creates index tree 3; meta +2; catalog +2
  4386: commit 2: meta +1
  4440: commit 3: table t +3000; index sqlite_autoindex_t_1 +3000
  64510: commit 4: meta +1
  commits 1 to 4, to byte 64604; generation 2 follows commit 4
log …-wal-000002: generation 2, 4213 bytes, of file 01010101010101010101010101010101
  4096: commit 5: table t +1; index sqlite_autoindex_t_1 +1 -1
  commits 5 to 5, to byte 4213; generation 3 follows commit 5
log …-wal: generation 3, 69632 bytes, of file 01010101010101010101010101010101
  4096: commit 6: table t -101; index sqlite_autoindex_t_1 -101
  5193: commit 7: creates table tree 4; meta +2; catalog +1
  5338: commit 8: table u +1
  commits 6 to 8, to byte 5375
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files that nobody changes: `crashed` with its log, and `closed`."""
    folder = tmp_path_factory.mktemp("made")
    path, connection = build(folder)
    crash_copy(path, folder / "crashed")
    connection.close()
    crash_copy(path, folder / "closed")
    return folder


@pytest.fixture
def crashed(made: Path, tmp_path: Path) -> Path:
    return crash_copy(made / "crashed", tmp_path / "app.db")


@pytest.fixture
def closed(made: Path, tmp_path: Path) -> Path:
    return crash_copy(made / "closed", tmp_path / "app.db")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command, with the folder left out."""
    code = main(arguments)
    told = capsys.readouterr()
    return code, (told.out + told.err).replace(str(Path(arguments[1]).parent) + "/", "")


def test_what_inspect_shows(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "inspect", str(crashed), "--log") == (0, INSPECTED)
    assert main(["inspect", str(crashed), "--blocks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [line for line in lines if line.startswith("block at ")]
    assert len(listed) == len(blocks_of(crashed))
    assert listed[0] == "block at 8192: leaf of catalog, 268 bytes, 2 entries, since commit 1"
    edited = [line for line in listed if "of edits" in line]
    assert len(edited) == 3
    text = "block at 8640: leaf of table t, 946 bytes, 256 entries after 16 bytes of edits, since commit 1"
    assert edited[0] == text
    assert any(line.startswith("dead at ") and line.endswith(", commits 1 to 4") for line in lines)


def test_sound_files(crashed: Path, closed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", str(closed)) == (0, "ok: commit 8 in 50 blocks, 4 kept states, 2 tables\n")
    empty = tmp_path / "empty.db"
    empty.touch()
    assert run(capsys, "check", str(empty)) == (0, "ok: a new database without content\n")
    assert empty.read_bytes() == b""


def test_a_file_after_a_crash_is_sound_and_stays_as_it_is(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in crashed.parent.iterdir()}
    expected = "ok: commit 5 in 38 blocks, 3 kept states, 3 commits replayed, to commit 8, 2 tables\n"
    assert run(capsys, "check", str(crashed)) == (0, expected)
    assert main(["inspect", str(crashed), "--log", "--blocks"]) == 0
    assert before == {path.name: path.read_bytes() for path in crashed.parent.iterdir()}


def test_every_block_of_the_state_is_looked_at(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """INV-C2."""
    for block in blocks_of(closed):
        at = block.pointer.offset + block.pointer.length // 2
        flip(closed, at)
        code, told = run(capsys, "check", str(closed))
        flip(closed, at)
        assert code == 1 and f"damaged block of {block.pointer.length} bytes at offset {block.pointer.offset}" in told


def test_a_block_that_only_a_snapshot_reaches(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Offline(str(closed)) as file:
        snapshot = next(p for p in file.blocks().record.pinned if p.commit_id == 3)
        entries = file.blocks().state(snapshot.pointer)[1]
    at = next(entry.pointer.offset for entry in entries if entry.tree_id == 2 and entry.pointer is not None)
    assert at not in {block.pointer.offset for block in blocks_of(closed)}
    overwrite(closed, at, bytes(64))
    code, told = run(capsys, "check", str(closed))
    assert code == 1 and told.startswith("tree 2 of commit 3: damaged block of ") and f"at offset {at}\n" in told


def test_header_and_checkpoint_record(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(closed, 40)
    assert run(capsys, "check", str(closed)) == (1, "header slot 0 is not sound\n1 problem\n")
    flip(closed, 40)
    flip(closed, SLOT + 40)
    code, told = run(capsys, "check", str(closed))  # the older slot names a log that retention has kept
    assert code == 0 and told.startswith("note: header slot 1 is not sound") and "to commit 8" in told
    flip(closed, 40)
    assert run(capsys, "check", str(closed)) == (1, "both header slots are damaged at offset 0 of app.db\n1 problem\n")
    code, told = run(capsys, "inspect", str(closed))
    assert code == 1 and "slot 0: not sound\nslot 1: not sound\nblocks: both header slots are damaged\n" in told
    flip(closed, 40)
    flip(closed, SLOT + 40)
    at = checkpoint_of(closed).offset
    flip(closed, at)
    told = run(capsys, "check", str(closed))[1]
    assert told == f"damaged block of 256 bytes at offset {at} of app.db\n1 problem\n"


def test_a_torn_header_slot_after_a_crash_is_no_problem(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(crashed, SLOT + 40)
    code, told = run(capsys, "check", str(crashed))
    assert code == 0 and told.startswith("note: header slot 1 is not sound: damage, or a crash while it was written\n")


def test_a_file_that_was_cut(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = closed.stat().st_size
    with open(closed, "r+b") as file:
        file.truncate(size - 64)
    code, told = run(capsys, "check", str(closed))
    assert code == 1 and told == "damaged block of 256 bytes at offset 46272 of app.db\n1 problem\n"
    with open(closed, "r+b") as file:
        file.truncate(3)
    assert run(capsys, "check", str(closed))[0] == 1


def test_the_log(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """INV-R5, INV-R9."""
    log = Path(f"{crashed}-wal")
    flip(log, 4200)
    code, told = run(capsys, "check", str(crashed))
    assert (code, told.splitlines()[-1]) == (1, "1 problem") and "damaged frame" in told and "at offset 4096" in told
    told = run(capsys, "inspect", str(crashed), "--log")[1]
    assert "  damage at 4096: damaged frame" in told
    log.unlink()
    code, told = run(capsys, "check", str(crashed))
    assert (code, told) == (1, "log generation 3 is missing at offset 0 of app.db-wal\n1 problem\n")


def test_a_log_that_retention_needs(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(Path(f"{closed}-wal-000001"), 5000)
    code, told = run(capsys, "check", str(closed))
    assert code == 1 and "damaged frame" in told and "of app.db-wal-000001" in told
    Path(f"{closed}-wal-000001").unlink()
    told = run(capsys, "check", str(closed))[1]
    assert told == "log generation 1, kept behind commit 0, is missing\n1 problem\n"


def test_space_that_is_used_twice_or_lost(closed: Path) -> None:
    """INV-G4: the record says so, though every checksum is right."""
    with Offline(str(closed)) as file:
        blocks = file.blocks()
        assert account(blocks) == []
        record: Checkpoint = blocks.record
        free = record.free
        record.free = [(free[0][0], free[0][1] + 64), *free[1:]]
        assert account(blocks) != []
        record.free = free[1:]
        assert any("not accounted for" in line for line in account(blocks))


def test_an_index_that_does_not_fit_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """INV-D3, in a file whose blocks are all sound."""
    path = tmp_path / "app.db"
    connection = connect(path)
    connection.execute("CREATE TABLE t(a UNIQUE)")
    connection.execute("INSERT INTO t VALUES (5)")
    database = connection._ready().database
    transaction = database.begin()
    transaction.writer(database.root.schema.tables["t"].tree).put(9, (6,))
    transaction.commit()
    assert rows(connection, "PRAGMA quick_check") == [("ok",)]
    assert ("row 9 missing from index sqlite_autoindex_t_1",) in rows(connection, "PRAGMA integrity_check")
    connection.close()
    code, told = run(capsys, "check", str(path))
    assert code == 1 and "row 9 missing from index sqlite_autoindex_t_1\n" in told


def test_the_pragmas_look_at_the_file(tmp_path: Path) -> None:
    path, connection = build(tmp_path)
    for pragma in ("integrity_check", "quick_check"):
        assert rows(connection, f"PRAGMA {pragma}") == [("ok",)]
    snapshot = next(block for block in blocks_of_open(connection) if block[0] == 3)
    overwrite(path, snapshot[1], bytes(64))
    for pragma in ("integrity_check", "quick_check"):
        (problem,) = rows(connection, f"PRAGMA {pragma}")
        assert f"of commit 3: damaged block of {snapshot[2]} bytes at offset {snapshot[1]}" in problem[0]
    connection.close()


def test_a_damaged_block_of_the_state_is_told_and_not_raised(closed: Path) -> None:
    leaf = next(block for block in blocks_of(closed) if block.kind == "leaf" and block.tree_id == 2)
    flip(closed, leaf.pointer.offset + 1)
    connection = aerodb_dbapi.connect(closed)
    for pragma in ("integrity_check", "quick_check"):
        ((problem,),) = rows(connection, f"PRAGMA {pragma}")
        assert problem.startswith("tree 2 of commit 8: damaged block of ")
    with pytest.raises(aerodb_dbapi.DatabaseError, match="damaged block"):
        rows(connection, "SELECT sum(a) FROM t")
    connection.close()


def blocks_of_open(connection: object) -> list[tuple[int, int, int]]:
    """Commit, offset and length of the root of table t in each kept state."""
    checkpointer = connection._ready().database.checkpointer  # type: ignore[attr-defined]
    found = []
    for pinned in checkpointer.blocks.record.pinned:
        if pinned.pointer.length:
            entries = checkpointer.blocks.state(pinned.pointer)[1]
            pointer = next(entry.pointer for entry in entries if entry.tree_id == 2)
            found.append((pinned.commit_id, pointer.offset, pointer.length))
    return found


def test_a_file_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, connection = build(tmp_path)
    assert run(capsys, "check", str(path)) == (1, "OperationalError (SQLITE_BUSY): database is locked\n")
    connection.close()
    with pytest.raises(OperationalError, match="unable to open database file"):
        Offline(str(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()


def test_as_a_process(closed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aerodb_dbapi.tools", "check", str(closed)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("ok: commit 8 in ")
