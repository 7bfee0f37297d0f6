"""Recovery after crashes: at every step of a workload, with every kind of loss, nothing acknowledged is missing.

The model is a list of states (`logs.states_of`). A run counts what it *started* (appended and flushed, perhaps in
vain) and what was *acknowledged* (flush returned). After the crash, the recovered commits must be the first n of
them, with acknowledged ≤ n ≤ started.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass

import pytest
from logs import PATH, close, make_commits, no_room, open_log, read_log, states_of, witness_of, write_commits
from simulation import SECTOR, Crash, SimulatedFiles

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import log_head, wal
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.frames import Chain
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.recovery import NOTHING, Scan, Witness, scan

__all__ = ["no_room"]

COMMITS = make_commits(14, 5)
STATES = states_of(COMMITS)


@dataclass
class Progress:
    """How far a workload came."""

    started: int = 0
    acknowledged: int = 0


def workload(files: SimulatedFiles, progress: Progress, group: int) -> None:
    """Fourteen commits in groups, closing and reopening now and then."""
    log, found = open_log(files)
    assert not found
    for at in range(0, len(COMMITS), group):
        if at % 5 == 4:
            close(log)
            log, found = open_log(files)
            assert states_of(found) == STATES[: at + 1]
        for record in COMMITS[at : at + group]:
            log.append(record)
            progress.started += 1
        log.flush(sync=True)
        progress.acknowledged = progress.started
    close(log)


def check_recovered(files: SimulatedFiles, progress: Progress) -> int:
    """Recover, twice from equal bytes (INV-R4), and once more after settling; how many commits there are."""
    twice = [scan(SimulatedFiles.holding({PATH: files.contents(PATH)}), PATH) for _ in range(2)]
    assert twice[0] == twice[1]
    log, found = open_log(files)
    assert states_of(found) == STATES[: len(found) + 1]
    assert progress.acknowledged <= len(found) <= progress.started
    log.close()
    assert scan(files, PATH)[0] == found
    assert open_log(files.restart("none"))[1] == found
    return len(found)


@pytest.mark.parametrize(("group", "room"), [(1, 0), (3, 0), (1, 700)])
def test_crash_at_every_step(group: int, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-R1, INV-R2, INV-R4: the log's part of them; also with zeros written in advance."""
    monkeypatch.setattr(wal, "ROOM_LEAST", room)
    whole = SimulatedFiles()
    workload(whole, Progress(), group)
    recovered = set()
    for crash_at in range(1, whole.steps + 1):
        files, progress = SimulatedFiles(crash_at, crash_at=crash_at), Progress()
        with pytest.raises(Crash):
            workload(files, progress, group)
        for seed in range(8):
            after = files.restart(("none", "all", "random")[min(seed, 2)], seed)
            if PATH not in after.names or log_head.decode(after.contents(PATH)) is None:
                assert progress.acknowledged == 0
                continue
            recovered.add(check_recovered(after, progress))
    assert recovered >= {0, group, len(COMMITS)}


def test_crash_while_recovering_and_after() -> None:
    """INV-R4: a crash at any step of recovery, then another recovery, gives the same commits."""
    whole = SimulatedFiles()
    workload(whole, Progress(), 1)
    for seed in range(30):
        files, progress = SimulatedFiles(seed, crash_at=whole.steps - seed), Progress()
        with pytest.raises(Crash):
            workload(files, progress, 1)
        after = files.restart("random", seed)
        expected = len(scan(after, PATH)[0])
        for crash_at in range(1, 8):
            again = SimulatedFiles.holding({PATH: after.contents(PATH)}, seed)
            again.crash_at = crash_at
            try:
                open_log(again)
            except Crash:
                pass
            for policy in ("none", "all", "random"):
                assert len(open_log(again.restart(policy, seed))[1]) == expected


def test_a_process_killed_then_a_crash_while_the_next_one_recovers() -> None:
    """Unsynced bytes of the killed process, which its successor reads, must be durable before they are witnessed."""
    for group, kept in ((1, 13), (3, 12)):
        for crash_at in range(1, 12):
            for seed in range(12):
                files, progress = SimulatedFiles(seed), Progress()
                write_commits(files, COMMITS[:3])
                log, _ = open_log(files)
                progress.acknowledged = 3
                for record in COMMITS[3:kept]:
                    log.append(record)
                    if record.commit_id % group == 0 and record.commit_id < 10:
                        log.flush(sync=True)
                        progress.acknowledged = record.commit_id
                log.flush(sync=False)
                progress.started = kept
                log.close()  # as death does: the lock is gone, nothing is synced
                files.crash_at = files.steps + crash_at
                with contextlib.suppress(Crash):
                    log, found = open_log(files)
                    assert (len(found), log.durable_end) == (kept, log.end)
                    progress.acknowledged = len(found)
                check_recovered(files.restart("random", seed), progress)


def test_crash_while_closing_what_was_never_synced() -> None:
    """Closing makes durable what was appended."""
    for crash_at in range(1, 6):
        for seed in range(20):
            files, progress = SimulatedFiles(seed), Progress(started=5)
            log, _ = open_log(files)
            for record in COMMITS[:5]:
                log.append(record)
                log.flush(sync=False)
            files.crash_at = files.steps + crash_at
            with contextlib.suppress(Crash):
                close(log)
                progress.acknowledged = 5
            check_recovered(files.restart("random", seed), progress)


def test_a_large_commit_exists_wholly_or_not_at_all() -> None:
    """INV-R2: a commit of several frames, crashed at every step and torn anywhere."""
    edits = TreeEdits(2, [(range(1, 401), [(bytes([i % 256]) * 4000,) for i in range(400)])])
    first, second = CommitRecord(1, [TreeEdits(2, [], {-5: ("before",)})]), CommitRecord(2, [edits])
    seen = set()
    for crash_at in range(1, 80):
        for seed in range(3):
            files, acknowledged = SimulatedFiles(seed, crash_at=crash_at, short_writes=True), 0
            try:
                log, _ = open_log(files)
                for record in (first, second):
                    log.append(record)
                    log.flush(sync=True)
                    acknowledged += 1
            except Crash:
                pass
            after = files.restart("random", seed)
            if PATH in after.names:
                _, found = open_log(after)
                assert states_of(found) == states_of([first, second])[: len(found) + 1]
                assert len(found) >= acknowledged
                seen.add((len(found), acknowledged))
    assert seen >= {(0, 0), (1, 1), (2, 2)}


def unsealed(count: int, *, group: int = 1) -> tuple[bytes, list[int]]:
    """A file that was not closed: its bytes, and where each commit begins and ends."""
    files = SimulatedFiles()
    log, _ = open_log(files)
    ends = [log.end]
    for record in COMMITS[:count]:
        ends.append(log.append(record))
        if record.commit_id % group == 0:
            log.flush(sync=True)
    log.flush(sync=False)
    return files.contents(PATH), ends


def found_in(content: bytes, witness: Witness = NOTHING) -> int:
    return len(read_log(SimulatedFiles.holding({PATH: content}), PATH, witness))


def test_the_torn_tail_is_cut_and_the_log_goes_on() -> None:
    content, ends = unsealed(5)
    for tail in (b"\0" * 5000, b"\xff" * 77, content[ends[2] : ends[5]], content[LOG_START : LOG_START + 30]):
        files = SimulatedFiles.holding({PATH: content + tail})
        _, summary = scan(files, PATH)
        assert (summary.end, summary.cut, summary.commit_id) == (ends[5], len(tail), 5)
        assert summary.reason == f"no sound frame at {ends[5]}"
        log, found = open_log(files)
        assert len(found) == 5 and len(files.contents(PATH)) == ends[5]
        log.append(COMMITS[5])
        close(log)
        assert states_of(open_log(files)[1]) == STATES[:7]


def test_damage_that_a_later_frame_witnesses_is_reported() -> None:
    """INV-R5: length, checksum, mark, previous, witness, body of a middle frame."""
    content, ends = unsealed(5)
    for at in (0, 4, 8, 12, 16, 24, ends[3] - ends[2] - 1):
        damaged = bytearray(content)
        damaged[ends[2] + at] ^= 0x10
        with pytest.raises(CorruptionError, match="damaged frame; the later one") as caught:
            found_in(bytes(damaged))
        assert (caught.value.file, caught.value.offset) == (PATH, ends[2])


def test_a_frame_that_was_lost_is_reported_if_later_ones_show_it() -> None:
    content, ends = unsealed(5)
    with pytest.raises(CorruptionError):
        found_in(content[: ends[2]] + bytes(ends[3] - ends[2]) + content[ends[3] :])
    with pytest.raises(CorruptionError):  # length of the lost frame unknown, the rest where it was
        found_in(content[: ends[1]] + b"\xff" * (ends[3] - ends[1]) + content[ends[3] :])


def test_a_later_frame_of_the_same_unsynced_batch_is_no_witness() -> None:
    """Sectors reach the disk in any order: the second of two unsynced commits without the first is a torn tail."""
    content, ends = unsealed(6, group=3)
    assert found_in(content[: ends[3]] + bytes(ends[4] - ends[3]) + content[ends[4] :]) == 3
    with pytest.raises(CorruptionError):
        found_in(content[: ends[2]] + bytes(ends[3] - ends[2]) + content[ends[3] :])


def test_the_last_batch_before_an_unclean_end_has_no_witness() -> None:
    """The documented limit; the header that the next opening writes takes it away."""
    content, ends = unsealed(5)
    assert found_in(content[: ends[4] + 5] + b"\xee" + content[ends[4] + 6 :]) == 4
    log, _ = open_log(SimulatedFiles.holding({PATH: content}))
    sealed = bytearray(content)
    sealed[ends[4] + 5] ^= 1
    with pytest.raises(CorruptionError, match="durable up to byte") as caught:
        found_in(bytes(sealed), witness_of(log))
    assert caught.value.offset == ends[4]


def test_a_log_shorter_than_its_header_says_is_reported() -> None:
    """INV-R7."""
    files = SimulatedFiles()
    witness = write_commits(files, COMMITS)
    content = files.contents(PATH)
    for size in range(LOG_START, len(content), 97):
        told = f"durable up to byte {len(content)}, but the file has {size} bytes"
        with pytest.raises(CorruptionError, match=told):
            found_in(content[:size], witness)


def test_a_log_that_its_header_does_not_witness_is_reported() -> None:
    """INV-R7: as many bytes, another commit there."""
    files = SimulatedFiles()
    witness = write_commits(files, COMMITS)
    assert found_in(files.contents(PATH), witness) == len(COMMITS)
    for other in (
        witness._replace(crc=witness.crc ^ 1),
        witness._replace(commit_id=3),
        witness._replace(end=witness.end - 9),
    ):
        with pytest.raises(CorruptionError, match="not the one its header witnesses"):
            found_in(files.contents(PATH), other)


def test_frames_of_another_log_do_not_verify() -> None:
    """INV-R3, INV-R7: the same commits, written to another file, put in place of this one's."""
    ours, theirs = SimulatedFiles(1), SimulatedFiles(2)
    witness = write_commits(ours, COMMITS)
    write_commits(theirs, COMMITS)
    mine, other = ours.contents(PATH), theirs.contents(PATH)
    assert len(mine) == len(other)
    for at in (LOG_START, scan(ours, PATH)[1].end // 2):
        with pytest.raises(CorruptionError):
            found_in(mine[:at] + other[at:], witness)
    content, ends = unsealed(5)
    assert found_in(content + other[LOG_START:]) == 5
    head = log_head.decode(content)
    assert head is not None
    reading = Scan(SimulatedFiles.holding({PATH: content + other[LOG_START:]}).open(PATH), PATH, head)
    assert all(reading.frame_at(offset) is None for offset in range(ends[5], len(content) + len(other) - LOG_START))


def test_an_older_copy_under_a_newer_header_is_reported() -> None:
    """INV-R7: same identity, same length, other history."""
    files = SimulatedFiles()
    write_commits(files, COMMITS[:3])
    older = SimulatedFiles.holding({PATH: files.contents(PATH)})
    witness = write_commits(files, [CommitRecord(4, [TreeEdits(2, [], {1: ("one",)})])])
    write_commits(older, [CommitRecord(4, [TreeEdits(2, [], {1: ("two",)})])])
    mixed = files.contents(PATH)[:LOG_START] + older.contents(PATH)[LOG_START:]
    with pytest.raises(CorruptionError, match="not the one its header witnesses"):
        found_in(mixed, witness)


def test_a_frame_left_from_before_a_cut_is_not_the_next() -> None:
    """INV-R3: it verifies by itself, at its own place, in its own log; but it follows another frame."""
    files = SimulatedFiles()
    open_log(files)[0].close()
    fresh = files.contents(PATH)
    contents = []
    for text in ("one", "two"):
        files = SimulatedFiles.holding({PATH: fresh})
        log, _ = open_log(files)
        end = log.append(CommitRecord(1, [TreeEdits(2, [], {1: (text,)})]))
        log.append(CommitRecord(2, [TreeEdits(2, [], {2: (text,)})]))
        log.flush(sync=False)
        contents.append(files.contents(PATH))
    found, summary = scan(SimulatedFiles.holding({PATH: contents[0][:end] + contents[1][end:]}), PATH)
    assert [record.edits[0].writes for record in found] == [{1: ("one",)}]
    assert summary.end == end


def test_a_copy_of_the_file_kept_as_a_blob_is_no_frame() -> None:
    """A torn commit whose blob holds sound frames of this very log is still only a torn tail."""
    content, _ = unsealed(4)
    files = SimulatedFiles.holding({PATH: content})
    log, _ = open_log(files)
    log.append(CommitRecord(5, [TreeEdits(2, [], {1: (content,)})]))
    log.flush(sync=False)
    assert found_in(files.contents(PATH)) == 5
    assert found_in(files.contents(PATH)[:-1]) == 4


def test_a_tail_full_of_marks_ends_in_an_error_not_in_a_hang() -> None:
    """INV-F3: the search is bounded; what cannot be searched is called damaged."""
    content, ends = unsealed(2)
    head_of_log = log_head.decode(content)
    assert head_of_log is not None
    chain = Chain.of(head_of_log.log_id)
    head, _ = chain.frame(b"x" * 400_000, 1, LOG_START, 0)
    tail = (head[:3] + b"\x00" + head[4:24]) * 40_000
    with pytest.raises(CorruptionError, match="cannot be told") as caught:
        found_in(content + tail)
    assert caught.value.offset == ends[2]


def test_lengths_are_not_believed() -> None:
    """INV-F3: a length beyond the file is never allocated."""
    content, ends = unsealed(3)
    damaged = bytearray(content)
    damaged[ends[2] : ends[2] + 4] = b"\xff\xff\xff\xff"
    assert found_in(bytes(damaged)) == 2


def test_random_sector_loss_in_the_unsynced_tail() -> None:
    """Any sectors of the last unsynced batch may be missing: the result is always a prefix."""
    content, ends = unsealed(13, group=6)
    for seed in range(300):
        chance = random.Random(seed)
        damaged = bytearray(content[: chance.randint(ends[12], len(content))])
        for start in range(ends[12] // SECTOR * SECTOR, len(damaged), SECTOR):
            if chance.random() < 0.5:
                low = max(start, ends[12])
                damaged[low : start + SECTOR] = bytes(len(damaged[low : start + SECTOR]))
        assert found_in(bytes(damaged)) in (12, 13)


def test_settling_moves_the_witness_forward() -> None:
    """Recovery makes what it found durable and has the header say so."""
    files = SimulatedFiles()
    database = Database.open("app.db", files=files)
    for i in range(5):
        transaction = database.begin()
        transaction.set_meta("user_version", i)
        transaction.commit()
    database.abandon()
    database = Database.open("app.db", files=files)
    log = database.committer.log
    assert log is not None
    header = headers.read(files.open("app.db"), "app.db")
    assert (header.end, header.end_commit, header.crc, header.sealed) == (log.end, 5, log.crc, False)
    database.abandon()
    content = files.contents("app.db-wal")
    for size in (LOG_START, log.end - 1):
        names = {"app.db": files.contents("app.db"), "app.db-wal": content[:size]}
        with pytest.raises(CorruptionError, match="durable up to byte"):
            Database.open("app.db", files=SimulatedFiles.holding(names))


def test_reading_fails_where_the_disk_does() -> None:
    """INV-F3: an error of the disk, at any read of an opening, is told as such, and changes nothing."""
    files = SimulatedFiles()
    database = Database.open("app.db", files=files)
    for i in range(5):
        transaction = database.begin()
        transaction.set_meta("user_version", i)
        transaction.commit()
        if i == 2:
            database.checkpoint()
    digest = database.digest()
    database.abandon()
    names = {path: files.contents(path) for path in files.names}
    for nth in range(1, 20):
        again = SimulatedFiles.holding(names)
        again.fail("read", nth)
        try:
            Database.open("app.db", files=again).abandon()
        except OperationalError as error:
            assert "disk I/O error" in str(error)
        else:
            break
        opened = Database.open("app.db", files=again)
        assert opened.digest() == digest
        opened.abandon()
    assert nth > 5
