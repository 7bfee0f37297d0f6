"""The log: what is appended comes back, in frames that chain; a failure is final."""

from __future__ import annotations

import contextlib
import errno
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import (
    PATH,
    apply,
    close,
    make_commit,
    make_commits,
    no_room,
    open_log,
    read_log,
    states_of,
    write_commits,
)
from simulation import SimulatedFiles

from aerodb_dbapi.storage import frames as frames_module
from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import log_head, wal
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, DataError, InternalError, OperationalError
from aerodb_dbapi.storage.files import io_error
from aerodb_dbapi.storage.frames import FRAME_TARGET, HEAD_SIZE, Assembly, BodyError, Chain, frames_of
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.opening import open_locked
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.recovery import scan
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.storage.wal import Log

__all__ = ["no_room"]

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
    close(log)
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
    chain = Chain.of(log.head.log_id)
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
    chain = Chain.of(log.head.log_id)
    packed, _ = frames_of(CommitRecord(2), chain, LOG_START, chain.seed, LOG_START)
    with pytest.raises(CorruptionError, match="commit 2 follows commit 0"):
        read_log(SimulatedFiles.holding({PATH: files.contents(PATH) + packed[0]}))


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
        close(log)
    assert states_of(open_log(files)[1]) == states_of(commits)


def write(database: Database, count: int) -> None:
    """Small commits."""
    for i in range(count):
        transaction = database.begin()
        transaction.set_meta("user_version", i)
        transaction.commit()


def test_a_clean_file_is_not_written_when_opened_and_closed() -> None:
    files = SimulatedFiles()
    database = Database.open("app.db", files=files)
    write(database, 3)
    database.close()
    before = files.contents("app.db"), files.log.count("sync"), files.log.count("write"), set(files.names)
    database = Database.open("app.db", files=files)
    assert database.root.commit_id == 3
    database.close()
    database.close()
    assert (files.contents("app.db"), files.log.count("sync"), files.log.count("write"), set(files.names)) == before
    assert set(files.names) == {"app.db"}


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
    close(log)
    assert states_of(open_log(files)[1]) == states_of(commits)


def test_a_log_is_used_only_when_it_is_ready() -> None:
    files = SimulatedFiles()
    write_commits(files, make_commits(2))
    file = files.open(PATH)
    head = log_head.decode(file.read_at(0, LOG_START))
    assert head is not None
    log = Log(file, PATH, head, 0)
    with pytest.raises(InternalError, match="still recovering"):
        log.append(CommitRecord(1))
    log.close()
    again, found = open_log(files)
    assert len(found) == 2
    again.close()
    with pytest.raises(InternalError, match="closed"):
        again.flush(sync=False)


def test_an_open_database_is_locked_until_it_is_closed_or_given_up() -> None:
    files = SimulatedFiles()
    holder = files.open("app.db", create=True)
    assert holder.lock(0)
    with pytest.raises(OperationalError, match=r"^database is locked$"):
        Database.open("app.db", files=files, timeout=0)
    holder.close()
    for let_go in (Database.close, Database.abandon):
        database = Database.open("app.db", files=files)
        assert not files.open("app.db").lock(0)
        let_go(database)
        other = files.open("app.db")
        assert other.lock(0)
        other.close()


def test_a_name_that_changes_while_waiting_is_followed() -> None:
    files = SimulatedFiles.holding({"app.db": b"old", "other.db": b"new"})
    real = files.open

    def replacing(path: str, *, create: bool = False) -> Any:
        file = real(path, create=create)
        files.open = real  # type: ignore[method-assign]
        files.rename("other.db", "app.db")
        return file

    files.open = replacing  # type: ignore[method-assign]
    assert open_locked(files, "app.db", 0).read_at(0, 10) == b"new"


def test_closing_seals_the_file() -> None:
    """What was committed is in the blocks; the log is gone, and the header says that there is none."""
    files = SimulatedFiles()
    database = Database.open("app.db", files=files)
    write(database, 3)
    header = headers.read(files.open("app.db"), "app.db")
    assert not header.sealed and header.generation == 1 and "app.db-wal" in files.names
    database.close()
    assert set(files.names) == {"app.db"}
    after = files.restart("none")  # a crash may bring the log back, which nobody looks at
    header = headers.read(after.open("app.db"), "app.db")
    assert (header.sealed, header.commit_id, header.generation) == (True, 3, 1)
    again = Database.open("app.db", files=after)
    assert again.root.commit_id == 3
    write(again, 1)
    again.close()
    assert set(after.names) == {"app.db"}


@pytest.mark.parametrize("kind", ["write", "sync", "remove", "sync_directory"])
def test_a_close_that_fails_is_told_and_harmless(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """INV-C4, INV-C6: what was committed is in the log, or in the checkpoint, or in both."""
    for nth in (1, 2, 3):
        files = SimulatedFiles()
        database = Database.open("app.db", files=files)
        write(database, 3)
        digest = database.digest()
        files.fail(kind, nth)
        caplog.clear()
        database.close()
        assert bool(caplog.records) == (kind in ("write", "sync") and nth < 3)
        for after in (files.restart("none"), files.restart("all"), files.restart("random", 5), files):
            again = Database.open("app.db", files=after)
            assert (again.root.commit_id, again.digest()) == (3, digest)
            again.close()


def test_room_is_made_in_advance_and_means_nothing() -> None:
    """Zeros behind the last frame are no frame; a commit that does not grow the file needs no longer sync."""
    before = wal.ROOM_LEAST
    wal.ROOM_LEAST = 1024
    try:
        files = SimulatedFiles()
        commits = make_commits(30)
        log, _ = open_log(files)
        sizes = set()
        for record in commits:
            log.append(record)
            log.flush(sync=True)
            sizes.add(len(files.contents(PATH)))
            assert not any(files.contents(PATH)[log.end :])
        assert len(sizes) < 8 and max(sizes) > log.end
        log.close()
        assert states_of(open_log(files)[1]) == states_of(commits)
    finally:
        wal.ROOM_LEAST = before


@contextlib.contextmanager
def room(least: int) -> Iterator[None]:
    """So much room is made in advance, at least."""
    before = wal.ROOM_LEAST
    wal.ROOM_LEAST = least
    try:
        yield
    finally:
        wal.ROOM_LEAST = before


def test_the_only_commit_makes_no_room() -> None:
    """Whoever opens, commits once and closes writes no zeros; the second commit does."""
    files = SimulatedFiles()
    with room(1024):
        log, _ = open_log(files)
        commits = make_commits(2)
        for record, zeros in zip(commits, (False, True), strict=True):
            log.append(record)
            log.flush(sync=True)
            assert (len(files.contents(PATH)) > log.end) is zeros
        log.trim()
        assert len(files.contents(PATH)) == log.end
        log.close()
    assert states_of(read_log(files)) == states_of(commits)


@pytest.mark.parametrize("least", [0, 64, 1024])
def test_room_is_made_behind_what_others_wrote(least: int) -> None:
    """INV-R16: who read on in the log, and was not told how long the file is, writes no zeros over the frames of others."""
    files = SimulatedFiles()
    commits = make_commits(60, rows=4)
    with room(least):
        one, _ = open_log(files)
        file = files.open(PATH)
        other = Log(file, PATH, one.head, 0)
        writer, reader, chance = one, other, random.Random(least)
        for record in commits:
            writer.append(record)
            writer.flush(sync=True)
            if chance.random() < 0.5:
                reading = reader.reading()
                for _ in reading.commits():
                    reader.advance(reading)
                writer, reader = reader, writer
        one.close()
        other.close()
    assert states_of(read_log(files)) == states_of(commits)


def commits_that_fit(capacity: int, least: int, seed: int) -> int:
    """How many commits a disk of that size takes; they are there after the crash, whatever it keeps."""
    files = SimulatedFiles(seed)
    commits, count = make_commits(60, seed), 0
    with room(least):
        log, _ = open_log(files)
        files.capacity = capacity
        try:
            for record in commits:
                log.append(record)
                log.flush(sync=True)
                count += 1
        except OperationalError as error:
            assert error.sqlite_errorname == "SQLITE_FULL"
        log.close()
    for policy in ("none", "all", "random"):
        found = read_log(files.restart(policy, seed))
        assert states_of(found) == states_of(commits[: len(found)]) and count <= len(found) <= count + 1
    return count


@pytest.mark.parametrize("least", [512, 4096, 1 << 16])
def test_a_full_disk_takes_every_commit_that_fits(least: int) -> None:
    """INV-R16: as many commits as without room in advance, wherever the disk ends; it is asked for again later."""
    counts = set()
    for seed in range(3):
        for capacity in range(LOG_START + 10, LOG_START + 16_000, 467):
            count = commits_that_fit(capacity, 0, seed)
            assert commits_that_fit(capacity, least, seed) == count
            counts.add(count)
    assert len(counts) > 20


def test_room_is_asked_for_again_when_there_is_some() -> None:
    """INV-R16: after a full disk, `ROOM_LEAST` bytes later."""
    files = SimulatedFiles()
    with room(1024):
        log, _ = open_log(files)
        sizes = []
        for record in make_commits(40):
            log.append(record)
            files.capacity = log.end + 500 if record.commit_id < 10 else None
            log.flush(sync=True)
            sizes.append(len(files.contents(PATH)) - log.end)
        assert not any(sizes[:10]) and sum(map(bool, sizes[10:])) > 20
        log.close()


def test_the_constants_the_format_rests_on() -> None:
    assert (HEAD_SIZE, LOG_START, frames_module.MARK_OFFSET) == (24, 4096, 8)
