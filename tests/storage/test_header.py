"""The header slots: encoding, choice between them, creation that may stop anywhere, and files that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from logs import PATH, make_commits, open_log, write_commits
from simulation import SECTOR, Crash, SimulatedFiles

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, NotSupportedError
from aerodb_dbapi.storage.header import LOG_START, SLOT, Header


def contents_with(*slots: Header) -> bytes:
    """A header area holding the given slots, each where it belongs."""
    raw = bytearray(LOG_START)
    for slot in slots:
        raw[slot.offset : slot.offset + SLOT] = headers.encode(slot)
    return bytes(raw)


def read_header(content: bytes) -> Header:
    return headers.read(SimulatedFiles.holding({PATH: content}).open(PATH), PATH)


ONE = Header(b"f" * 16, b"l" * 16, sequence=7, end=9000, commit_id=4, crc=99, flags=headers.SEALED)


def test_a_slot_decodes_to_what_was_encoded() -> None:
    raw = headers.encode(ONE)
    assert len(raw) == SLOT and not any(raw[SECTOR:])
    assert headers.decode(raw, ONE.offset) == (ONE, headers.FORMAT_VERSION)
    assert ONE.sealed and not replace(ONE, flags=0).sealed


def test_the_newer_sound_slot_is_in_force() -> None:
    newer = ONE.following(9500, 6, 12, sealed=False)
    assert newer.offset != ONE.offset
    assert read_header(contents_with(ONE, newer)) == newer
    assert read_header(contents_with(ONE)) == ONE


def test_a_slot_in_the_wrong_place_is_not_sound() -> None:
    assert headers.decode(headers.encode(ONE), SLOT - ONE.offset) is None


def test_an_unknown_format_version_is_refused_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-E1: by a sound slot of that version, or by slots whose layout this version cannot check."""
    monkeypatch.setattr(headers, "FORMAT_VERSION", 2)
    future = contents_with(ONE, ONE.following(9500, 6, 12, sealed=False))
    monkeypatch.undo()
    unsound = bytearray(future)
    unsound[100] ^= 1
    unsound[SLOT + 100] ^= 1
    for content in (future, bytes(unsound)):
        with pytest.raises(NotSupportedError, match=r"version 2.*version 1"):
            read_header(content)


def test_slots_of_two_files_are_not_mixed() -> None:
    with pytest.raises(CorruptionError, match="different files"):
        read_header(contents_with(ONE, replace(ONE, file_id=b"g" * 16, sequence=8)))


def test_both_slots_damaged() -> None:
    raw = bytearray(contents_with(ONE, ONE.following(9500, 6, 12, sealed=False)))
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
        (bytes(LOG_START + SECTOR), "file is not a database"),
        (bytes(LOG_START) + b"x", "file is not a database"),
    ],
)
def test_files_that_are_no_database(content: bytes, message: str) -> None:
    """INV-F3."""
    files = SimulatedFiles.holding({PATH: content})
    with pytest.raises(DatabaseError, match=message) as caught:
        open_log(files)
    assert caught.value.sqlite_errorname == "SQLITE_NOTADB" and PATH in str(caught.value)
    assert files.contents(PATH) == content


@pytest.mark.parametrize("size", [0, SECTOR, SLOT, LOG_START])
def test_an_empty_or_unmade_file_is_a_new_database(size: int) -> None:
    files = SimulatedFiles.holding({PATH: bytes(size)})
    write_commits(files, make_commits(2))
    assert len(open_log(files)[1]) == 2


def test_creation_may_stop_at_any_step() -> None:
    """After a crash in the middle of creation the file is missing, new, or a sound empty database."""
    steps = SimulatedFiles()
    open_log(steps)
    for crash_at in range(1, steps.steps + 1):
        files = SimulatedFiles(crash_at, crash_at=crash_at)
        with pytest.raises(Crash):
            open_log(files)
        for policy in ("none", "all", *range(20)):
            after = files.restart("random", policy) if isinstance(policy, int) else files.restart(policy)
            write_commits(after, make_commits(2))
            assert len(open_log(after)[1]) == 2


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
                open_log(files)
            log, _ = open_log(files)
            for record in make_commits(2):
                log.append(record)
                log.flush(sync=True)
            assert len(open_log(files.restart("none"))[1]) == 2
