"""Every byte of a small database changed, every length it may be cut to: never wrong data, another error, or a hang.

INV-R5, INV-R7, INV-F3. In a file that was closed cleanly every change of the log is reported, and every change of the
header is harmless, since the other slot stands. In a file that was not, the last batch may be cut as a torn tail.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from logs import PATH, make_commits, open_log, states_of, write_commits
from simulation import SimulatedFiles

from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError
from aerodb_dbapi.storage.header import LOG_START, SLOT
from aerodb_dbapi.storage.recovery import scan

COMMITS = make_commits(6, 3, rows=3)
STATES = states_of(COMMITS)


def database(*, sealed: bool) -> tuple[bytes, list[int]]:
    """The bytes of a database, and the end of each commit."""
    files = SimulatedFiles(9)
    log, _ = open_log(files)
    ends = [log.end]
    for record in COMMITS:
        ends.append(log.append(record))
        log.flush(sync=True)
    log.close(seal=sealed)
    return files.contents(PATH), ends


def outcome(content: bytes) -> int | DatabaseError:
    """How many commits are read, or the error; anything else fails the test."""
    try:
        found, _ = scan(SimulatedFiles.holding({PATH: content}), PATH)
    except DatabaseError as error:
        assert PATH in str(error)
        assert not isinstance(error, CorruptionError) or (error.file == PATH and 0 <= error.offset <= len(content))
        return error
    assert states_of(found) == STATES[: len(found) + 1]
    return len(found)


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
def test_every_byte_of_a_closed_file(change: int) -> None:
    content, ends = database(sealed=True)
    damaged = bytearray(content)
    for at in range(len(content)):
        damaged[at] ^= change
        found = outcome(bytes(damaged))
        if at < LOG_START:
            assert found == len(COMMITS), at
        else:
            assert isinstance(found, CorruptionError), at
            assert found.offset == max(end for end in ends if end <= at)
        damaged[at] ^= change


@pytest.mark.parametrize("change", [0x01, 0xFF])
def test_every_byte_of_a_file_that_was_not_closed(change: int) -> None:
    """Only the last batch has no witness: it is cut; damage before it is reported."""
    content, ends = database(sealed=False)
    damaged = bytearray(content)
    for at in range(LOG_START, len(content)):
        damaged[at] ^= change
        found = outcome(bytes(damaged))
        if at >= ends[-2]:
            assert found == len(COMMITS) - 1
        else:
            assert isinstance(found, CorruptionError) and found.offset == max(end for end in ends if end <= at)
        damaged[at] ^= change


def test_every_length_of_a_closed_file() -> None:
    content, _ = database(sealed=True)
    for size in range(1, len(content)):
        found = outcome(content[:size])
        assert isinstance(found, DatabaseError), size
        assert isinstance(found, CorruptionError) or size < 16


def test_every_length_of_a_file_that_was_not_closed() -> None:
    """Without a seal only the frames tell how long the file was: a prefix of the commits, never a part of one."""
    content, ends = database(sealed=False)
    for size in range(LOG_START, len(content)):
        assert outcome(content[:size]) == sum(end <= size for end in ends[1:])


@pytest.mark.parametrize("sealed", [True, False])
def test_whole_stretches_overwritten(sealed: bool) -> None:
    content, ends = database(sealed=sealed)
    for filler in (b"\x00", b"\xff", b"\xae"):
        for start in range(0, len(content), 53):
            for length in (64, 700, 5000):
                stop = min(start + length, len(content))
                found = outcome(content[:start] + filler * (stop - start) + content[stop:])
                if isinstance(found, int) and found < len(COMMITS):
                    assert not sealed and ends[found] <= stop and stop > ends[-2], (start, length)


def test_stretches_moved_within_the_file() -> None:
    """INV-R3: a displaced frame does not verify."""
    content, ends = database(sealed=True)
    for one, two in pairwise(ends):
        for moved in (content[:one] + content[two:] + content[one:two], content[:two] + content[one:]):
            assert isinstance(outcome(moved), CorruptionError) or two == len(content)


def test_both_header_slots_damaged() -> None:
    content, _ = database(sealed=True)
    for at in range(0, 120, 7):
        damaged = bytearray(content)
        damaged[at] ^= 0x20
        damaged[SLOT + at] ^= 0x20
        found = outcome(bytes(damaged))
        assert isinstance(found, DatabaseError)


def test_opening_a_damaged_file_changes_nothing_in_it() -> None:
    content, ends = database(sealed=True)
    damaged = bytearray(content)
    damaged[ends[2] + 30] ^= 4
    files = SimulatedFiles.holding({PATH: bytes(damaged)})
    for _ in range(2):
        with pytest.raises(CorruptionError):
            open_log(files)
    assert files.contents(PATH) == bytes(damaged)


def test_one_damaged_header_slot_is_made_good_by_the_next_seal() -> None:
    content, _ = database(sealed=True)
    for slot in (0, SLOT):
        damaged = bytearray(content)
        damaged[slot + 20] ^= 4
        files = SimulatedFiles.holding({PATH: bytes(damaged)})
        for record in make_commits(8, 3, rows=3)[6:]:
            log, found = open_log(files)
            assert len(found) == record.commit_id - 1
            log.append(record)
            log.close()
        again = bytearray(files.contents(PATH))
        again[SLOT - slot + 20] ^= 4
        assert len(scan(SimulatedFiles.holding({PATH: bytes(again)}), PATH)[0]) == 8
        assert len(open_log(files)[1]) == 8


def test_writing_the_same_commits_again_gives_the_same_bytes() -> None:
    """INV-T3: nothing but the identities decides what is in the file."""
    assert database(sealed=True)[0] == database(sealed=True)[0]
    files = SimulatedFiles(9)
    write_commits(files, COMMITS)
    assert files.contents(PATH) == database(sealed=True)[0]
