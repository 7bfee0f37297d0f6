"""The lock file: slots get room when they are used, and whatever a file of that name holds does no harm. INV-P3, INV-P4."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage import lock_file
from aerodb_dbapi.storage.lock_file import OPENING, LockFile

FILE_ID = bytes(range(16))


def entered(path: Path) -> LockFile:
    """As another process would: the first one begins the file."""
    file = LockFile.entered(str(path), 1.0)
    if not file.is_of(FILE_ID):
        assert file.others() == []
        file.begin(FILE_ID, 0, 0)
    file.take_slot(7, 3)
    file.unlock(OPENING)
    return file


def test_more_slots_than_have_room_at_first(tmp_path: Path) -> None:
    """Each is seen by all others; those that were given up are used again."""
    files = [entered(tmp_path / "lock") for _ in range(130)]
    assert [file.slot for file in files] == list(range(130))
    for number in (0, 60, 129):
        assert files[number].others() == [slot for slot in range(130) if slot != number]
        assert files[number].told(64, lock_file.FLOOR) == 7
    for file in files[40:]:
        file.close()
    assert files[0].others() == list(range(1, 40))
    late = entered(tmp_path / "lock")
    assert late.slot == 40 and late.words[lock_file.USED] == 130
    for file in [late, *files]:
        file.close()


def test_a_file_has_room_on_the_disk_for_what_is_written_through_memory(tmp_path: Path) -> None:
    """A write into a hole would kill the process on a full disk."""
    files = [entered(tmp_path / "lock") for _ in range(100)]
    at = lock_file.SLOTS_AT + 8 * lock_file.SLOT_WORDS * 100
    with open(tmp_path / "lock", "rb") as raw:
        try:
            hole = os.lseek(raw.fileno(), 0, os.SEEK_HOLE)
        except OSError:
            pytest.skip("the file system does not tell where holes are")
    assert hole >= at
    for file in files:
        file.close()


@pytest.mark.parametrize("room", [0, 1000])
def test_a_file_for_which_there_was_no_room_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Else who opens it next takes it for one that has its room."""
    write, left = os.pwrite, [room]

    def nearly_full(descriptor: int, data: bytes, offset: int) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, data[: left[0]], offset)
        left[0] -= written
        return written

    monkeypatch.setattr(os, "pwrite", nearly_full)
    for _ in range(2):
        with pytest.raises(
            aerodb_dbapi.OperationalError, match=r"database or disk is full: .*lock: No space left on device"
        ):
            LockFile.entered(str(tmp_path / "lock"), 1.0)
        assert (tmp_path / "lock").stat().st_size <= room
    left[0] = 1 << 20
    entered(tmp_path / "lock").close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        b"AeroLck1" * 9000,
        b"\xff" * lock_file.SIZE,
        lock_file.MAGIC_VALUE.to_bytes(8, "little") + b"\xff" * 70000,
    ],
)
def test_what_a_crash_or_somebody_else_left_means_nothing(tmp_path: Path, content: bytes) -> None:
    """INV-P4: also a number of slots that cannot be."""
    (tmp_path / "a.db-lock").write_bytes(content)
    for value in (1, 2):
        connection = aerodb_dbapi.connect(tmp_path / "a.db", isolation_level=None)
        connection.execute("CREATE TABLE IF NOT EXISTS t(a)")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        assert connection.execute("SELECT count(*) FROM pragma_aerodb_processes").fetchone() == (1,)
        connection.close()
        assert os.listdir(tmp_path) == ["a.db"]
    connection = aerodb_dbapi.connect(tmp_path / "a.db")
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,), (2,)]
    connection.close()
