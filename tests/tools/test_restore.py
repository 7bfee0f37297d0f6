"""``restore``: every commit from a backup and the kept logs, equal to what it was (INV-R4, INV-R15); and what is refused."""

from __future__ import annotations

import glob
import shutil
from pathlib import Path

import pytest
from stored import connect, flip, rows

import aerodb_dbapi
from aerodb_dbapi.tools.__main__ import main


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, list[Path], dict[int, str]]:
    """A backup as of commit 5, the log generations of 20 commits, and the digest of each."""
    path, backup = tmp_path / "app.db", tmp_path / "backup.db"
    digests = {}
    connection = connect(path)
    run = connection.execute
    run("PRAGMA history_retention = 100")
    run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    for number in range(3, 21):
        run("INSERT INTO t VALUES (?, ?)", (number, "x" * number))
        digests[number] = rows(connection, "PRAGMA aerodb_digest")[0][0]
        if number == 5:
            run("VACUUM INTO ?", (str(backup),))
        if number in (4, 9, 14):
            run("PRAGMA wal_checkpoint")
        if number == 11:  # a clean close ends a generation that names no next one
            connection.close()
            connection = connect(path)
            run = connection.execute
    connection.close()
    kept = tmp_path / "kept"
    kept.mkdir()
    logs = [Path(shutil.copy(log, kept)) for log in sorted(glob.glob(f"{path}-wal-*"))]
    assert len(logs) >= 4
    return backup, logs, digests


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize("commit", [5, 6, 9, 10, 11, 12, 17, 20])
def test_every_commit_can_be_restored(
    history: tuple[Path, list[Path], dict[int, str]], commit: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup, logs, digests = history
    before = [path.read_bytes() for path in (backup, *logs)]
    new = tmp_path / "new.db"
    assert run("restore", backup, new, "--to", commit, "--log", *reversed(logs)) == 0
    expected = f"restored commit {commit}: state of commit 5, {commit - 5} commit{'s' * (commit != 6)} replayed\n"
    assert capsys.readouterr().out == expected
    connection = aerodb_dbapi.connect(new)
    assert rows(connection, "PRAGMA aerodb_digest") == [(digests[commit],)]
    assert rows(connection, "PRAGMA aerodb_commit_id") == [(commit,)]
    assert rows(connection, "PRAGMA integrity_check") == [("ok",)]
    connection.close()
    assert before == [path.read_bytes() for path in (backup, *logs)]


def test_a_restored_file_can_be_restored_further(
    history: tuple[Path, list[Path], dict[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup, logs, digests = history
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    assert run("restore", backup, first, "--to", 8, "--log", *logs) == 0
    assert run("restore", first, second, "--to", 15, "--log", *logs) == 0
    connection = aerodb_dbapi.connect(second)
    assert rows(connection, "PRAGMA aerodb_digest") == [(digests[15],)]
    connection.execute("INSERT INTO t VALUES (100, 'its own way')")
    connection.commit()
    connection.close()
    capsys.readouterr()
    assert run("restore", second, tmp_path / "third.db", "--to", 18, "--log", *logs) == 1
    assert "commit 17 is in none of the logs: they do not lead to commit 18" in capsys.readouterr().err


def test_the_file_itself_copied_by_hand_with_its_logs_beside(
    history: tuple[Path, list[Path], dict[int, str]], tmp_path: Path
) -> None:
    _, _, digests = history
    new = tmp_path / "new.db"
    for commit in (3, 13):
        assert run("restore", tmp_path / "app.db", new, "--to", commit) == 0
        connection = aerodb_dbapi.connect(new)
        assert rows(connection, "PRAGMA aerodb_digest") == [(digests[commit],)]
        connection.close()
        new.unlink()


def test_what_is_refused(
    history: tuple[Path, list[Path], dict[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup, logs, _ = history
    new = tmp_path / "new.db"

    def refused(*arguments: object) -> str:
        assert run("restore", backup, *arguments) == 1
        assert not new.exists() and not list(tmp_path.glob("new.db*"))
        return capsys.readouterr().err

    assert "the backup begins with commit 5: 4 lies before it" in refused(new, "--to", 4, "--log", *logs)
    assert "they do not lead to commit 21" in refused(new, "--to", 21, "--log", *logs)
    assert "commit 6 is in none of the logs" in refused(new, "--to", 6)
    assert "goes on with commit" in refused(new, "--to", 20, "--log", *logs[:1], *logs[2:])
    backup_bytes = backup.read_bytes()
    assert "output file already exists" in _existing(backup, tmp_path / "app.db", logs, capsys)
    flip(logs[1], 4200)
    assert "damaged frame" in refused(new, "--to", 20, "--log", *logs)
    assert backup.read_bytes() == backup_bytes


def _existing(backup: Path, new: Path, logs: list[Path], capsys: pytest.CaptureFixture[str]) -> str:
    before = new.read_bytes()
    assert run("restore", backup, new, "--to", 6, "--log", *logs) == 1
    assert new.read_bytes() == before
    return capsys.readouterr().err


def test_the_log_of_another_database_is_not_taken(
    history: tuple[Path, list[Path], dict[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup, _, _ = history
    other = aerodb_dbapi.connect(tmp_path / "other.db", isolation_level=None)
    other.execute("PRAGMA history_retention = 100")
    other.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    for number in range(10):
        other.execute("INSERT INTO t VALUES (?, 0)", (number,))
    other.close()
    logs = glob.glob(f"{tmp_path / 'other.db'}-wal-*")
    assert logs and run("restore", backup, tmp_path / "new.db", "--to", 6, "--log", *logs) == 1
    assert "commit 6 is in none of the logs" in capsys.readouterr().err
