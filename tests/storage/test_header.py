"""The header slots: encoding, choice between them, creation that may stop anywhere, and files that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulation import SECTOR, Crash, SimulatedFiles

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, NotSupportedError
from aerodb_dbapi.storage.header import BLOCKS_START, SLOT, Header
from aerodb_dbapi.storage.pages import Pointer

PATH = "app.db"


def contents_with(*slots: Header) -> bytes:
    """A header area holding the given slots, each where it belongs."""
    raw = bytearray(BLOCKS_START)
    for slot in slots:
        raw[slot.offset : slot.offset + SLOT] = headers.encode(slot)
    return bytes(raw)


def read_header(content: bytes) -> Header:
    return headers.read(SimulatedFiles.holding({PATH: content}).open(PATH), PATH)


def commits_of(files: SimulatedFiles, count: int = 0) -> int:
    """Open the database, commit, close it; the last commit before."""
    database = Database.open(PATH, files=files)
    found = database.root.commit_id
    for i in range(count):
        transaction = database.begin()
        transaction.set_meta("user_version", i)
        transaction.commit()
    database.close()
    return found


ONE = Header(
    b"f" * 16, sequence=7, commit_id=4, checkpoint=Pointer(8192, 100, 99, 0), generation=3, log_id=b"l" * 16, end=9000,
    end_commit=5, crc=77, flags=headers.SEALED,
)  # fmt: skip


def test_a_slot_decodes_to_what_was_encoded() -> None:
    raw = headers.encode(ONE)
    assert len(raw) == SLOT and not any(raw[SECTOR:])
    assert headers.decode(raw, ONE.offset) == ONE
    assert ONE.sealed and not replace(ONE, flags=0).sealed


def test_the_newer_sound_slot_is_in_force() -> None:
    newer = ONE.following(commit_id=6, crc=12, flags=0)
    assert newer.offset != ONE.offset
    assert read_header(contents_with(ONE, newer)) == newer
    assert read_header(contents_with(ONE)) == ONE


def test_a_slot_in_the_wrong_place_is_not_sound() -> None:
    assert headers.decode(headers.encode(ONE), SLOT - ONE.offset) is None


def test_an_unknown_format_version_is_refused_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-E1: by a sound slot of that version, or by slots whose layout this version cannot check."""
    monkeypatch.setattr(headers, "FORMAT_VERSION", 3)
    future = contents_with(ONE, ONE.following(commit_id=6, crc=12, flags=0))
    monkeypatch.undo()
    unsound = bytearray(future)
    unsound[100] ^= 1
    unsound[SLOT + 100] ^= 1
    for content in (future, bytes(unsound)):
        with pytest.raises(NotSupportedError, match=r"version 3.*version 2"):
            read_header(content)


def test_slots_of_two_files_are_not_mixed() -> None:
    with pytest.raises(CorruptionError, match="different files"):
        read_header(contents_with(ONE, replace(ONE, file_id=b"g" * 16, sequence=8)))


def test_both_slots_damaged() -> None:
    raw = bytearray(contents_with(ONE, ONE.following(commit_id=6, crc=12, flags=0)))
    raw[40] ^= 1
    raw[SLOT + 40] ^= 1
    with pytest.raises(CorruptionError, match="both header slots") as caught:
        read_header(bytes(raw))
    assert (caught.value.file, caught.value.offset) == (PATH, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"abc", "file is not a database"),
        (b"\0\0\0", "file is not a database"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 20_000, "file is not a database"),
        (b"SQLite format 3\x00" + b"\0" * 8176, "file is not a database.*SQLite database"),
        (bytes(BLOCKS_START + SECTOR), "file is not a database"),
        (bytes(BLOCKS_START) + b"x", "file is not a database"),
    ],
)
def test_files_that_are_no_database(content: bytes, message: str) -> None:
    """INV-F3."""
    files = SimulatedFiles.holding({PATH: content})
    with pytest.raises(DatabaseError, match=message) as caught:
        commits_of(files)
    assert caught.value.sqlite_errorname == "SQLITE_NOTADB" and PATH in str(caught.value)
    assert files.contents(PATH) == content


@pytest.mark.parametrize("size", [0, SECTOR, SLOT, BLOCKS_START])
def test_an_empty_or_unmade_file_is_a_new_database(size: int) -> None:
    files = SimulatedFiles.holding({PATH: bytes(size)})
    assert commits_of(files, 2) == 0
    assert commits_of(files) == 2


def test_creation_may_stop_at_any_step() -> None:
    """After a crash in the middle of creation the file is missing, new, or a sound empty database."""
    steps = SimulatedFiles()
    Database.open(PATH, files=steps).close()
    for crash_at in range(1, steps.steps + 1):
        files = SimulatedFiles(crash_at, crash_at=crash_at)
        with pytest.raises(Crash):
            Database.open(PATH, files=files)
        for policy in ("none", "all", *range(20)):
            after = files.restart("random", policy) if isinstance(policy, int) else files.restart(policy)
            assert commits_of(after, 2) == 0
            assert commits_of(after) == 2


@pytest.mark.parametrize("kind", ["open", "truncate", "write", "sync", "sync_directory"])
def test_creation_that_fails_can_be_tried_again_and_is_then_durable(kind: str) -> None:
    """A failed sync leaves bytes that will never reach the disk; opening again must not rely on them."""
    for nth in (1, 2):
        for seed in range(10):
            files = SimulatedFiles(seed)
            files.fail(kind, nth)
            if (kind, nth) in {("open", 2), ("truncate", 2), ("write", 2), ("sync_directory", 2)}:
                continue
            with pytest.raises(DatabaseError):
                Database.open(PATH, files=files)
            assert commits_of(files, 2) == 0
            assert commits_of(files.restart("none")) == 2


def test_a_database_made_where_another_one_was_deleted_takes_none_of_its_logs() -> None:
    """INV-R7: what lies beside a new file belongs to a file that is gone, and is removed."""
    files = SimulatedFiles()
    database = Database.open(PATH, files=files)
    for i in range(3):
        transaction = database.begin()
        transaction.set_meta("user_version", i)
        transaction.commit()
    database.abandon()
    files.remove(PATH)
    assert set(files.names) == {f"{PATH}-wal"}
    assert commits_of(files, 1) == 0
    assert commits_of(files) == 1 and set(files.names) == {PATH}
