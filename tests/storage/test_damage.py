"""Every byte of a small database changed, every length it may be cut to: never wrong data, another error, or a hang.

INV-R5, INV-R7, INV-C2, INV-F3. Of a log that its header witnesses every change is reported. Of one that it does not, the
last batch may be cut as a torn tail. Of the blocks of a file every change of a byte in use is reported, at the latest when
the block is read; a change of the header's older slot is harmless, and of the newer one it is an error or harmless.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from logs import PATH, close, make_commits, no_room, open_log, read_log, states_of, witness_of
from simulation import SimulatedFiles

from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError
from aerodb_dbapi.storage.header import BLOCKS_START, SLOT
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.nodes import capacities
from aerodb_dbapi.storage.recovery import NOTHING, Witness

__all__ = ["no_room"]

COMMITS = make_commits(6, 3, rows=3)
STATES = states_of(COMMITS)
DATABASE = "app.db"
WAL = "app.db-wal"


# --- The log ----------------------------------------------------------------------------------------------------------


def written_log() -> tuple[bytes, list[int], Witness]:
    """The bytes of a log, the end of each commit, and what a header may witness of it."""
    files = SimulatedFiles(9)
    log, _ = open_log(files)
    ends = [log.end]
    for record in COMMITS:
        ends.append(log.append(record))
        log.flush(sync=True)
    log.close()
    return files.contents(PATH), ends, witness_of(log)


def outcome(content: bytes, witness: Witness = NOTHING) -> int | DatabaseError:
    """How many commits are read, or the error; anything else fails the test."""
    try:
        found = read_log(SimulatedFiles.holding({PATH: content}), PATH, witness)
    except DatabaseError as error:
        assert PATH in str(error)
        assert not isinstance(error, CorruptionError) or (error.file == PATH and 0 <= error.offset <= len(content))
        return error
    assert states_of(found) == STATES[: len(found) + 1]
    return len(found)


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
def test_every_byte_of_a_witnessed_log(change: int) -> None:
    content, ends, witness = written_log()
    damaged = bytearray(content)
    for at in range(LOG_START, len(content)):
        damaged[at] ^= change
        found = outcome(bytes(damaged), witness)
        assert isinstance(found, CorruptionError), at
        assert found.offset == max(end for end in ends if end <= at)
        damaged[at] ^= change


@pytest.mark.parametrize("change", [0x01, 0xFF])
def test_every_byte_of_a_log_that_was_not_closed(change: int) -> None:
    """Only the last batch has no witness: it is cut; damage before it is reported."""
    content, ends, _ = written_log()
    damaged = bytearray(content)
    for at in range(LOG_START, len(content)):
        damaged[at] ^= change
        found = outcome(bytes(damaged))
        if at >= ends[-2]:
            assert found == len(COMMITS) - 1
        else:
            assert isinstance(found, CorruptionError) and found.offset == max(end for end in ends if end <= at)
        damaged[at] ^= change


def test_every_length_of_a_witnessed_log() -> None:
    content, _, witness = written_log()
    for size in range(LOG_START, len(content)):
        assert isinstance(outcome(content[:size], witness), CorruptionError), size


def test_every_length_of_a_log_that_was_not_closed() -> None:
    """Without a witness only the frames tell how long the log was: a prefix of the commits, never a part of one."""
    content, ends, _ = written_log()
    for size in range(LOG_START, len(content)):
        assert outcome(content[:size]) == sum(end <= size for end in ends[1:])


@pytest.mark.parametrize("witnessed", [True, False])
def test_whole_stretches_overwritten(witnessed: bool) -> None:
    content, ends, witness = written_log()
    for filler in (b"\x00", b"\xff", b"\xae"):
        for start in range(LOG_START, len(content), 53):
            for length in (64, 700, 5000):
                stop = min(start + length, len(content))
                damaged = content[:start] + filler * (stop - start) + content[stop:]
                found = outcome(damaged, witness if witnessed else NOTHING)
                if isinstance(found, int) and found < len(COMMITS):
                    assert not witnessed and ends[found] <= stop and stop > ends[-2], (start, length)


def test_stretches_moved_within_the_log() -> None:
    """INV-R3: a displaced frame does not verify."""
    content, ends, witness = written_log()
    for one, two in pairwise(ends):
        for moved in (content[:one] + content[two:] + content[one:two], content[:two] + content[one:]):
            assert isinstance(outcome(moved, witness), CorruptionError) or two == len(content)


def test_writing_the_same_commits_again_gives_the_same_bytes() -> None:
    """INV-T3: nothing but the identities decides what is in the file."""
    assert written_log() == written_log()
    files = SimulatedFiles(9)
    log, _ = open_log(files)
    for record in COMMITS:
        log.append(record)
    close(log)
    assert len(files.contents(PATH)) == len(written_log()[0])


# --- The whole database -----------------------------------------------------------------------------------------------


def database_files(*, closed: bool) -> tuple[dict[str, bytes], list[str], list[int]]:
    """The files of a database with a checkpoint of commit 4 and two commits behind it; digests; where the log's commits
    end."""
    files = SimulatedFiles(4)
    ends = []
    with capacities(8, 8):
        database = Database.open(DATABASE, files=files)
        digests = [database.digest()]
        for i in range(6):
            transaction = database.begin()
            if not i:
                tree = transaction.create_tree("map")
            for k in range(40):
                transaction.writer(1).put(f"k{k % 29:02}{i}", (f"value {k * i}", k / 3, None, b"\x00\xff"))
            transaction.set_meta("next_tree", tree + 1)
            transaction.commit()
            digests.append(database.digest())
            if i == 3:
                database.checkpoint()
            if i >= 3:
                assert database.committer.log is not None
                ends.append(database.committer.log.end)
        (database.close if closed else database.abandon)()
    return {path: files.contents(path) for path in files.names}, digests, ends


def opened(names: dict[str, bytes], digests: list[str]) -> int | DatabaseError:
    """The commit that a database opens with, all of it read; or the error."""
    files = SimulatedFiles.holding(names)
    try:
        database = Database.open(DATABASE, files=files)
    except DatabaseError as error:
        assert {path: files.contents(path) for path in files.names} == names  # INV-F3: nothing is changed
        return error
    try:
        assert database.digest() == digests[database.root.commit_id]
        check_root(database.root)
        return database.root.commit_id
    except DatabaseError as error:
        assert isinstance(error, CorruptionError) and error.file == DATABASE
        return error
    finally:
        database.abandon()


def in_use(names: dict[str, bytes]) -> set[int]:
    """The bytes of the file that the latest state and the checkpoint record take."""
    files = SimulatedFiles.holding(names)
    database = Database.open(DATABASE, files=files)
    assert database.checkpointer is not None
    blocks = database.checkpointer.blocks
    assert blocks.header.checkpoint is not None and blocks.record.state is not None
    pointers = [blocks.header.checkpoint, blocks.record.state]
    waiting = [(entry.pointer, entry.is_leaf) for entry in blocks.state(blocks.record.state)[1] if entry.pointer]
    while waiting:
        pointer, is_leaf = waiting.pop()
        pointers.append(pointer)
        if not is_leaf:
            children, leaves = blocks.branch_children(pointer)
            waiting += [(child.pointer, leaves) for child in children]
    database.abandon()
    return {at for pointer in pointers for at in range(pointer.offset, pointer.offset + pointer.length)}


@pytest.mark.parametrize("closed", [True, False])
def test_every_byte_of_the_blocks(closed: bool) -> None:
    """INV-C2: what is read has the checksum of its pointer, or there is an error that names file and place."""
    names, digests, _ = database_files(closed=closed)
    assert (set(names) == {DATABASE}) == closed and opened(names, digests) == 6
    used, content = in_use(names), names[DATABASE]
    assert len(used) > 1500
    for at in range(BLOCKS_START, len(content), 17 if closed else 5):
        damaged = bytearray(content)
        damaged[at] ^= 0x10
        found = opened({**names, DATABASE: bytes(damaged)}, digests)
        if at in used:
            assert isinstance(found, CorruptionError) and found.file == DATABASE and found.offset <= at, at
        else:
            assert found == 6, at


@pytest.mark.parametrize("closed", [True, False])
def test_every_byte_of_the_header(closed: bool) -> None:
    """The older slot may be damaged; without the newer one the file is refused, or is what it was (INV-R7)."""
    names, digests, _ = database_files(closed=closed)
    harmless = set()
    for at in [*range(160), *range(160, SLOT, 97), *range(SLOT, SLOT + 160), *range(SLOT + 160, BLOCKS_START, 97)]:
        damaged = bytearray(names[DATABASE])
        damaged[at] ^= 0x40
        found = opened({**names, DATABASE: bytes(damaged)}, digests)
        assert found == 6 or isinstance(found, DatabaseError), (at, found)
        if found == 6:
            harmless.add(at // SLOT)
    assert len(harmless) >= 1


def test_both_header_slots_damaged() -> None:
    names, digests, _ = database_files(closed=True)
    for at in range(0, 130, 7):
        damaged = bytearray(names[DATABASE])
        damaged[at] ^= 0x20
        damaged[SLOT + at] ^= 0x20
        assert isinstance(opened({DATABASE: bytes(damaged)}, digests), DatabaseError)


def test_every_length_of_a_closed_file() -> None:
    names, digests, _ = database_files(closed=True)
    content = names[DATABASE]
    for size in [*range(1, BLOCKS_START, 61), *range(BLOCKS_START, len(content), 7), len(content) - 64]:
        found = opened({DATABASE: content[:size]}, digests)
        assert isinstance(found, DatabaseError), size
        assert isinstance(found, CorruptionError) or size < 16


def test_every_byte_of_a_log_beside_its_database() -> None:
    """INV-R5, INV-R7, INV-R9: an error, or the torn tail is cut."""
    names, digests, ends = database_files(closed=False)
    content = names[WAL]
    for at in [*range(90), *range(90, LOG_START, 501), *range(LOG_START, len(content), 3)]:
        damaged = bytearray(content)
        damaged[at] ^= 0x08
        found = opened({**names, WAL: bytes(damaged)}, digests)
        if 68 <= at < LOG_START:
            assert found == 6, at
        elif at >= ends[1]:
            assert found == 5, at
        else:
            assert isinstance(found, CorruptionError), (at, found)


def test_one_damaged_header_slot_is_made_good_by_the_next_ones() -> None:
    names, digests, _ = database_files(closed=True)
    for slot in (0, SLOT):
        damaged = bytearray(names[DATABASE])
        damaged[slot + 20] ^= 4
        if opened({DATABASE: bytes(damaged)}, digests) != 6:
            continue
        files = SimulatedFiles.holding({DATABASE: bytes(damaged)})
        for i in range(2):
            database = Database.open(DATABASE, files=files)
            assert database.root.commit_id == 6 + i
            transaction = database.begin()
            transaction.set_meta("user_version", i)
            transaction.commit()
            database.close()
        database = Database.open(DATABASE, files=SimulatedFiles.holding({DATABASE: files.contents(DATABASE)}))
        assert database.root.commit_id == 8
        database.close()
