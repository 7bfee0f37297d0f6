"""The log: what is appended comes back, in frames that chain; a failure is final; closing seals."""

from __future__ import annotations

import errno
import random
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import PATH, apply, make_commit, make_commits, open_log, states_of, write_commits
from simulation import SimulatedFiles

from aerodb_dbapi.storage import frames as frames_module
from aerodb_dbapi.storage.errors import CorruptionError, DataError, InternalError, OperationalError
from aerodb_dbapi.storage.files import io_error
from aerodb_dbapi.storage.frames import FRAME_TARGET, HEAD_SIZE, Assembly, BodyError, Chain, frames_of
from aerodb_dbapi.storage.header import LOG_START
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.recovery import Scan, scan
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.storage.wal import Log

CHAIN = Chain.of(b"identity of a log")


def through_frames(record: CommitRecord) -> tuple[CommitRecord, list[bytes]]:
    """A record packed and read again, and its frames."""
    packed, _ = frames_of(record, CHAIN, LOG_START, CHAIN.seed, LOG_START)
    assembly = Assembly()
    taken = [assembly.take(memoryview(frame)[HEAD_SIZE:]) for frame in packed]
    assert all(one is None for one in taken[:-1]) and taken[-1] is not None
    return taken[-1], packed


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.binary(max_size=20),
)
ROWIDS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.one_of(st.lists(VALUES, max_size=4).map(tuple), st.just(TOMBSTONE))
INDEX_KEYS = st.tuples(st.integers(0, 3), VALUES.filter(lambda v: v is not None), ROWIDS)


@given(st.dictionaries(ROWIDS, ROWS, max_size=40), st.dictionaries(INDEX_KEYS, st.booleans(), max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_edits_come_back(rows: dict[int, Any], entries: dict[Any, bool]) -> None:
    """INV-R8: tables and indexes alike, types exact."""
    writes = {key: key[-1] if kept else TOMBSTONE for key, kept in entries.items()}
    record = CommitRecord(1, [TreeEdits(2, [], rows), TreeEdits(3, [], writes)], [(2, "table", 0)], [7])
    again, _ = through_frames(record)
    assert (again.created, again.dropped, again.commit_id) == (record.created, record.dropped, 1)
    found = {edits.tree: edits.writes for edits in again.edits}
    assert repr(sorted(found.get(2, {}).items(), key=repr)) == repr(sorted(rows.items(), key=repr))
    assert repr(sorted(found.get(3, {}).items(), key=repr)) == repr(sorted(writes.items(), key=repr))


def test_chunks_come_before_the_writes_over_them() -> None:
    edits = TreeEdits(2, [([1, 2, 3], [("a",), ("b",), ("c",)]), ([10, 12], [(1,), (2,)])], {2: TOMBSTONE, 3: ("z",)})
    again, _ = through_frames(CommitRecord(1, [edits]))
    assert apply({}, again) == apply({}, CommitRecord(1, [edits])) == {2: {1: ("a",), 3: ("z",), 10: (1,), 12: (2,)}}


def test_consecutive_keys_take_no_space() -> None:
    values = [(i % 7,) for i in range(5000)]
    dense, packed = through_frames(CommitRecord(1, [TreeEdits(2, [(list(range(9**15, 9**15 + 5000)), values)])]))
    sparse, longer = through_frames(CommitRecord(1, [TreeEdits(2, [(list(range(0, 10_000, 2)), values)])]))
    assert len(packed[0]) < 11_000 < 20_000 < len(longer[0])
    assert apply({}, dense)[2] == dict(zip(range(9**15, 9**15 + 5000), values, strict=True))
    assert apply({}, sparse)[2] == dict(zip(range(0, 10_000, 2), values, strict=True))


def test_writes_whose_ends_look_consecutive_keep_their_keys() -> None:
    rows = {key: (key,) for key in [100, 3, 1, *range(200, 218), 120]}
    again, _ = through_frames(CommitRecord(1, [TreeEdits(2, [], rows)]))
    assert again.edits[0].writes == rows


def test_long_commits_are_cut_and_a_long_row_has_a_frame_of_its_own() -> None:
    chance = random.Random(1)
    values: list[tuple[Any, ...]] = [(chance.randbytes(chance.choice((5, 5000))),) for _ in range(2000)]
    values[777] = (b"x" * (3 * FRAME_TARGET),)
    index = {(3, "k" * 50, i): i for i in range(30_000)}
    gone = dict.fromkeys(range(-200000, 0), TOMBSTONE)
    record = CommitRecord(1, [TreeEdits(2, [(range(1, 2001), values)], gone), TreeEdits(3, [], index)])
    again, packed = through_frames(record)
    assert len(packed) > 10
    assert sum(len(frame) > FRAME_TARGET + 200 for frame in packed) == 1
    assert apply({}, again) == apply({}, record)


def test_what_cannot_be_stored_leaves_the_log_as_it_was() -> None:
    files = SimulatedFiles()
    log, _ = open_log(files)
    for value, error in (((2**64,), InternalError), (("\ud800",), DataError), ((object(),), InternalError)):
        with pytest.raises(error):
            log.append(CommitRecord(1, [TreeEdits(2, [], {1: value})]))
    good = CommitRecord(1, [TreeEdits(2, [], {1: (1,)})])
    log.append(good)
    log.close()
    assert open_log(files)[1] == [good]


SENSELESS = [
    b"\x01", b"\xc1", b"\x92\x00\x91\x01", b"\x92\x05\x90", b"\x92\x00\x91\x93\x09\x02\x90", b"\xdd\xff\xff\xff\xff",
    b"\x92\x00\x91\x94\x00\x02\x91\x01\x90", b"\x93\x01\x90\x90", b"\x92\x00\x91\x94\x02\x02\x91\x80\x91\x01",
]  # fmt: skip


@pytest.mark.parametrize("body", SENSELESS)
def test_a_sound_frame_with_a_senseless_body_is_refused(body: bytes) -> None:
    """INV-F3: what verifies may still not be ours; nothing but a CorruptionError comes of it."""
    with pytest.raises(BodyError):
        Assembly().take(memoryview(body))
    files = SimulatedFiles()
    log, _ = open_log(files)
    log.close()
    chain = Scan(files.open(PATH), PATH).chain
    content = files.contents(PATH) + chain.frame(body, chain.seed, LOG_START, LOG_START)[0]
    with pytest.raises(CorruptionError) as caught:
        scan(SimulatedFiles.holding({PATH: content}), PATH)
    assert caught.value.offset == LOG_START


def test_commit_ids_must_follow_one_another() -> None:
    """INV-V2, on both sides."""
    files = SimulatedFiles()
    log, _ = open_log(files)
    with pytest.raises(InternalError, match="commit 2 appended after commit 0"):
        log.append(CommitRecord(2))
    log.close()
    chain = Scan(files.open(PATH), PATH).chain
    packed, _ = frames_of(CommitRecord(2), chain, LOG_START, chain.seed, LOG_START)
    with pytest.raises(CorruptionError, match="commit 2 follows commit 0"):
        scan(SimulatedFiles.holding({PATH: files.contents(PATH) + packed[0]}), PATH)


def test_frames_chain_and_are_bound_to_log_and_place() -> None:
    """INV-R3: a frame verifies for its own log, at its own offset only, and is next only after its predecessor."""
    frame, _ = CHAIN.frame(b"\xc0", 17, LOG_START, 9000)
    body = frame[HEAD_SIZE:]
    length, crc, previous, witness = CHAIN.head(frame, 9000) or (0, 0, 0, 0)
    assert (length, previous, witness) == (1, 17, LOG_START)
    assert CHAIN.checksum(body, previous, witness, 9000) == crc
    other = Chain.of(b"another log")
    assert other.head(frame, 9000) is None
    assert other.checksum(body, previous, witness, 9000) != crc
    assert CHAIN.checksum(body, previous, witness, 9001) != crc
    assert CHAIN.checksum(body, previous + 1, witness, 9000) != crc
    assert CHAIN.head(frame, LOG_START - 1) is None  # it witnesses more than came before it


def test_reopening_goes_on_where_the_log_ended() -> None:
    files = SimulatedFiles()
    commits = make_commits(12)
    for at in range(0, 12, 3):
        log, found = open_log(files)
        assert states_of(found) == states_of(commits[:at])
        for record in commits[at : at + 3]:
            log.append(record)
        log.close()
    assert states_of(open_log(files)[1]) == states_of(commits)


def test_a_clean_file_is_not_written_when_opened_and_closed() -> None:
    files = SimulatedFiles()
    write_commits(files, make_commits(3))
    before = files.contents(PATH), files.log.count("sync"), files.log.count("write")
    log, _ = open_log(files)
    log.close()
    log.close()
    assert (files.contents(PATH), files.log.count("sync"), files.log.count("write")) == before


def test_one_sync_serves_all_that_was_appended() -> None:
    files = SimulatedFiles()
    log, _ = open_log(files)
    ends = [log.append(record) for record in make_commits(5)]
    before = files.log.count("sync"), files.log.count("write")
    assert log.flush(sync=False) == ends[-1] and log.durable_end == LOG_START
    assert log.flush(sync=True) == ends[-1] == log.durable_end == log.end
    assert log.flush(sync=True) == ends[-1]
    assert (files.log.count("sync"), files.log.count("write")) == (before[0] + 1, before[1] + 1)
    assert log.commit_id == 5


def test_threads_append_while_others_flush() -> None:
    files = SimulatedFiles()
    log, _ = open_log(files)
    order, chance, acknowledged = threading.Lock(), random.Random(3), []

    def work() -> None:
        for _ in range(60):
            with order:
                end = log.append(make_commit(log.commit_id + 1, chance))
            assert log.flush(sync=True) >= end
            acknowledged.append(end)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(acknowledged) == 240
    assert [record.commit_id for record in open_log(files.restart("none"))[1]] == list(range(1, 241))


def test_short_writes_are_continued() -> None:
    files = SimulatedFiles(short_writes=True)
    commits = make_commits(20)
    write_commits(files, commits)
    assert states_of(open_log(files)[1]) == states_of(commits)


@pytest.mark.parametrize("kind", ["write", "sync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("seed", range(8))
def test_a_failed_write_or_sync_is_final(kind: str, error: int, seed: int) -> None:
    """INV-R6: every later call fails with the reason, though the disk works again; nothing acknowledged is lost."""
    files = SimulatedFiles(seed)
    commits = make_commits(8, seed)
    log, _ = open_log(files)
    for record in commits[:4]:
        log.append(record)
        log.flush(sync=True)
    files.fail(kind, 1, error)
    log.append(commits[4])
    log.append(commits[5])
    for attempt in (lambda: log.flush(sync=True), lambda: log.flush(sync=True), lambda: log.append(commits[6])):
        with pytest.raises(OperationalError, match="read-only until it is opened again") as caught:
            attempt()
        assert (
            caught.value.sqlite_errorname
            == io_error(
                OSError(error, ""), {"write": "SQLITE_IOERR_WRITE", "sync": "SQLITE_IOERR_FSYNC"}[kind], PATH
            ).sqlite_errorname
        )
    assert str(log.failure) == str(caught.value)
    steps = files.steps
    log.close()
    assert files.steps == steps  # nothing is written, synced or sealed any more
    states = states_of(commits)
    for after in (files, files.restart("none"), files.restart("random", seed)):
        again, found = open_log(after)
        assert 4 <= len(found) <= 6 and states_of(found) == states[: len(found) + 1]
        again.append(CommitRecord(len(found) + 1))
        again.flush(sync=True)
        assert len(open_log(after.restart("none"))[1]) == len(found) + 1  # what was found is durable by now


def test_an_interruption_loses_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two steps of a flush: the next flush writes the same bytes at the same place."""
    commits = make_commits(6)
    files = SimulatedFiles()
    log, _ = open_log(files)
    file: Any = log._file
    write_at = file.write_at

    def interrupted(offset: int, data: bytes) -> int:
        write_at(offset, data[: len(data) // 2])
        raise KeyboardInterrupt

    for record in commits:
        log.append(record)
        monkeypatch.setattr(file, "write_at", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.flush(sync=True)
        monkeypatch.undo()
        if record.commit_id % 2:
            log.flush(sync=True)
    log.close()
    assert states_of(open_log(files)[1]) == states_of(commits)


def test_a_log_is_used_only_when_it_is_ready() -> None:
    files = SimulatedFiles()
    write_commits(files, make_commits(2))
    log, commits = Log.open(files, PATH)
    with pytest.raises(InternalError, match="still recovering"):
        log.append(CommitRecord(1))
    with pytest.raises(OperationalError, match="database is locked"):
        Log.open(files, PATH, timeout=0)
    next(commits)
    commits.close()  # type: ignore[attr-defined]
    again, found = open_log(files)  # given up: the lock is free
    assert len(found) == 2
    again.close()
    with pytest.raises(InternalError, match="closed"):
        again.flush(sync=False)


def test_a_name_that_changes_while_waiting_is_followed() -> None:
    files = SimulatedFiles()
    write_commits(files, make_commits(2))
    write_commits(files, make_commits(3), "other.db")
    real = files.open

    def replacing(path: str, *, create: bool = False) -> Any:
        file = real(path, create=create)
        files.open = real  # type: ignore[method-assign]
        files.rename("other.db", PATH)
        return file

    files.open = replacing  # type: ignore[method-assign]
    assert len(open_log(files)[1]) == 3


def test_closing_seals_the_file() -> None:
    files = SimulatedFiles()
    write_commits(files, make_commits(3))
    _, summary = scan(files, PATH)
    assert summary.header.sealed and summary.header.commit_id == 3
    assert summary.header.end == summary.end == summary.size and summary.cut == 0 and summary.frames == 3


def test_a_seal_that_fails_is_told_and_harmless() -> None:
    for kind, nth in (("write", 1), ("sync", 1)):
        files = SimulatedFiles()
        commits = make_commits(3)
        log, _ = open_log(files)
        for record in commits:
            log.append(record)
        log.flush(sync=True)
        files.fail(kind, nth)
        with pytest.raises(OperationalError):
            log.close()
        for after in (files, files.restart("none"), files.restart("all"), files.restart("random", 5)):
            assert states_of(open_log(after)[1]) == states_of(commits)


def test_the_constants_the_format_rests_on() -> None:
    assert (HEAD_SIZE, LOG_START, frames_module.MARK_OFFSET) == (24, 8192, 8)
