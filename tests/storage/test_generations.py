"""Log generations: what is missing, foreign, older or newer is noticed; what an interrupted rotation leaves is not."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
from simulation import Crash, SimulatedFiles
from store_crashes import Run, failed_close
from store_support import PATH, blocks_of, check_store, checkpointer_of, commit, create_table, fill

from aerodb_dbapi.storage import wal
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, OperationalError
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.nodes import capacities
from aerodb_dbapi.storage.recovery import scan
from aerodb_dbapi.storage.root import Root

WAL = f"{PATH}-wal"
NEXT = f"{PATH}-wal-next"


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "ROOM_LEAST", 1024)


def step(database: Database) -> None:
    """A commit that differs from all others."""
    commit(database, lambda t: t.set_meta("user_version", t.base.commit_id + 1))


def fresh(files: SimulatedFiles) -> Database:
    database = Database.open(PATH, files=files)
    database.set_autocheckpoint(0)
    return database


def names(files: SimulatedFiles) -> dict[str, bytes]:
    return {path: files.contents(path) for path in files.names}


def found_in(contents: dict[str, bytes]) -> int | DatabaseError:
    """The commit found, or the error; an error changes nothing."""
    files = SimulatedFiles.holding(contents)
    try:
        database = Database.open(PATH, files=files)
    except DatabaseError as error:
        assert names(files) == contents
        return error
    found = database.root.commit_id
    assert database.root.trees[1].get("user_version", 0) == found
    database.abandon()
    return found


def two_generations() -> dict[str, bytes]:
    """A header that names generation 1, which goes on in generation 2: the checkpoint's header was not written."""
    files = SimulatedFiles(5)
    database = fresh(files)
    for _ in range(3):
        step(database)
    sync = type(blocks_of(database).file).sync
    blocks_of(database).file.sync = lambda: (_ for _ in ()).throw(OSError(5, "no"))  # type: ignore
    with pytest.raises(OperationalError):
        database.checkpoint()
    assert sync
    for _ in range(2):
        step(database)
    database.abandon()
    contents = names(files)
    assert set(contents) == {PATH, WAL, f"{WAL}-000001"} and found_in(contents) == 5
    return contents


def test_recovery_goes_from_generation_to_generation() -> None:
    """INV-R9: under whatever names the files are."""
    contents = two_generations()
    first, second = contents[f"{WAL}-000001"], contents[WAL]
    assert found_in({PATH: contents[PATH], WAL: first, NEXT: second}) == 5
    assert found_in({PATH: contents[PATH], f"{WAL}-000001": first, f"{WAL}-000002": second}) == 5
    files = SimulatedFiles.holding({PATH: contents[PATH], f"{WAL}-000001": first, NEXT: second})
    database = fresh(files)
    step(database)
    database.checkpoint()
    step(database)
    check_store(database)
    database.close()
    assert set(files.names) == {PATH} and found_in(names(files)) == 7


def test_a_missing_generation_is_noticed() -> None:
    """INV-R9, INV-R7."""
    contents = two_generations()
    for gone, number in ((WAL, 2), (f"{WAL}-000001", 1)):
        left = {path: content for path, content in contents.items() if path != gone}
        error = found_in(left)
        assert isinstance(error, CorruptionError) and f"log generation {number} is missing" in str(error)
    error = found_in({PATH: contents[PATH]})
    assert isinstance(error, CorruptionError) and "log generation 1 is missing" in str(error)


def test_a_generation_that_lost_its_end_is_noticed() -> None:
    """INV-R9, INV-R13: without the frame that names it, a generation that holds a commit has no way to be there."""
    contents = two_generations()
    ended = contents[f"{WAL}-000001"].rstrip(b"\x00")
    for size in range(LOG_START, len(ended), 7):
        cut = {**contents, f"{WAL}-000001": contents[f"{WAL}-000001"][:size]}
        assert isinstance(found_in(cut), CorruptionError), size
        zeros = {**contents, f"{WAL}-000001": contents[f"{WAL}-000001"][:size].ljust(len(ended) + 64, b"\x00")}
        assert isinstance(found_in(zeros), CorruptionError), size


def test_the_log_of_another_database_is_noticed() -> None:
    """INV-R7, INV-R9: beside a database that has a log, and beside one that was closed."""
    theirs = SimulatedFiles(77)
    other = fresh(theirs)
    step(other)
    other.abandon()
    foreign = theirs.contents(WAL)
    contents = two_generations()
    for path in (WAL, f"{WAL}-000001"):
        assert isinstance(found_in({**contents, path: foreign}), CorruptionError)
    files = SimulatedFiles.holding(contents)
    database = fresh(files)
    database.close()
    closed = names(files)
    assert found_in(closed) == 5
    error = found_in({**closed, WAL: foreign})
    assert isinstance(error, CorruptionError) and "another database" in str(error)
    error = found_in({**closed, WAL: b"something else" * 500})
    assert isinstance(error, CorruptionError) and "not a log" in str(error)


def test_older_and_newer_copies_of_the_files_are_never_mixed() -> None:
    """INV-R7, INV-R9, INV-R14: any database file of a history with any logs of it: the state of that very moment, a
    later one that the log leads to, or an error; never an older one than the log was durable for."""
    files = SimulatedFiles(6)
    database = fresh(files)
    moments: list[tuple[int, dict[str, bytes]]] = [(0, names(files))]
    for i in range(12):
        step(database)
        moments.append((i + 1, names(files)))
        if i in (2, 5, 9):
            database.checkpoint()
            moments.append((i + 1, names(files)))
        if i in (4, 7):
            database.close()
            moments.append((i + 1, names(files)))
            database = fresh(files)
    database.close()
    moments.append((12, names(files)))
    outcomes = {"same": 0, "error": 0, "later": 0}
    for (at, one), (then, other) in itertools.product(moments, moments):
        mixed = {PATH: one[PATH], **{path: content for path, content in other.items() if path != PATH}}
        found = found_in(mixed)
        if one is other:
            assert found == at
            outcomes["same"] += 1
        elif isinstance(found, DatabaseError):
            outcomes["error"] += 1
        else:
            assert found in (at, then), (at, then, found)
            alike = [commit_id for commit_id, files_then in moments if files_then[PATH] == one[PATH]]
            assert found >= min(alike)  # the database file itself says no more
            outcomes["later"] += 1
    assert outcomes["error"] > 50 and outcomes["same"] == len(moments)


def test_a_header_older_than_its_log_is_an_error() -> None:
    """INV-R14: the newest slot is lost, and the older one does not lead to the log that is there."""
    files = SimulatedFiles(8)
    database = fresh(files)
    step(database)
    step(database)
    database.close()
    database = fresh(files)
    sealed = names(files)[PATH]
    step(database)
    database.abandon()
    assert found_in(names(files)) == 3
    error = found_in({PATH: sealed, WAL: files.contents(WAL)})
    assert isinstance(error, CorruptionError) and "goes on behind" in str(error)


def test_the_header_names_a_generation_before_it_holds_a_commit() -> None:
    """INV-R14, INV-R13: at every step, whatever the disk kept."""
    files = SimulatedFiles(9)
    database = fresh(files)
    acknowledged = 0
    problems = []

    def look(held: SimulatedFiles, kind: str) -> None:
        for policy, seed in (("none", 0), ("all", 0), ("random", held.steps), ("random", -held.steps)):
            found = found_in(names(held.restart(policy, seed)))
            if not isinstance(found, int) or found < acknowledged:
                problems.append((held.steps, kind, policy, found))

    files.observer = look
    for i in range(9):
        step(database)
        acknowledged += 1
        if i % 3 == 1:
            database.checkpoint()
        if i % 4 == 3:
            database.close()
            database = fresh(files)
    files.observer = None
    assert problems == []
    database.close()


@pytest.mark.parametrize("ordered", [True, False])
def test_a_rotation_interrupted_at_each_step(ordered: bool) -> None:
    """INV-R10, INV-R13: the next opening finds all commits, goes on, and leaves no file behind."""
    whole = SimulatedFiles(1)
    database = fresh(whole)
    step(database)
    step(database)
    before = whole.steps
    database.checkpoint()
    after = whole.steps
    database.close()
    assert after - before > 8
    for crash_at in range(before + 1, after + 1):
        for seed in range(12):
            files = SimulatedFiles(1, crash_at=crash_at)
            files.ordered = ordered
            database = fresh(files)
            step(database)
            step(database)
            with pytest.raises(Crash):
                database.checkpoint()
            with contextlib.suppress(Crash):
                database.abandon()
            left = files.restart(("none", "all", "random")[min(seed, 2)], seed)
            again = fresh(left)
            assert again.root.commit_id == 2
            step(again)
            again.checkpoint()
            step(again)
            check_store(again)
            again.close()
            assert set(left.names) == {PATH}
            assert found_in(names(left)) == 4


@pytest.mark.parametrize("kind", ["rename", "sync_directory", "open", "sync", "write", "remove"])
def test_a_rotation_that_fails_is_tried_again(kind: str) -> None:
    """INV-C4: at each call of its kind, once or a few times; nothing is lost, and the names are right in the end."""
    for nth in range(1, 5):
        for times in (1, 3):
            files = SimulatedFiles(nth)
            database = fresh(files)
            step(database)
            for i in range(times):
                files.fail(kind, nth + i)
            for _ in range(times + 1):
                with contextlib.suppress(OperationalError):
                    database.checkpoint()
                with contextlib.suppress(OperationalError):
                    step(database)
                found = found_in(names(files.restart("none")))  # a commit that failed may be there
                assert found in (database.root.commit_id, database.root.commit_id + 1)
                assert found == database.root.commit_id or database.committer.failure is not None
            files._failures.clear()
            database.close()
            again = fresh(files.restart("none"))
            last = again.root.commit_id
            assert last == found
            step(again)
            again.checkpoint()
            left = checkpointer_of(again).generations.files
            again.close()
            assert found_in(names(left)) == last + 1  # type: ignore[arg-type]
            assert set(left.names) == {PATH}  # type: ignore[attr-defined]


def test_generations_are_removed_only_when_nothing_needs_them() -> None:
    """INV-R10: retention keeps as many as it promises, and closing keeps them too."""
    files = SimulatedFiles(3)
    database = fresh(files)
    commit(database, lambda t: (t.set_meta("history_retention", 5), t.set_meta("user_version", 1)))
    digests = {1: database.digest()}
    for i in range(20):
        step(database)
        digests[database.root.commit_id] = database.digest()
        if i % 3 == 0:
            database.checkpoint()
        if i == 12:
            database.close()
            assert any(path.startswith(f"{WAL}-0000") for path in files.names)
            database = fresh(files)
        kept = [path for path in files.names if path.startswith(f"{WAL}-0")]
        assert len(kept) <= 8
        for at in range(max(1, database.root.commit_id - 5), database.root.commit_id + 1):
            assert database.digest(database.root_at(at)) == digests[at]
    gone = sorted(kept)[-2]
    database.abandon()
    files.remove(gone)
    database = fresh(files)  # a state of the past cannot be rebuilt: an error, not another state
    missing = 0
    for at in range(database.root.commit_id - 5, database.root.commit_id + 1):
        try:
            assert database.digest(database.root_at(at)) == digests[at]
        except DatabaseError:
            missing += 1
    assert missing
    database.close()


@pytest.mark.parametrize("commits", [0, 1])
def test_what_a_failed_close_left_goes_only_behind_a_durable_header(commits: int) -> None:
    """INV-C6, INV-R10."""
    for seed in range(8):
        failed_close(seed, commits)


def test_a_kept_generation_carries_no_room() -> None:
    """INV-R16: it ends with its last frame, whether a checkpoint or the last close ended it."""
    files = SimulatedFiles(3)
    database = fresh(files)
    commit(database, lambda t: t.set_meta("history_retention", 100))
    for i in range(12):
        step(database)
        if i % 4 == 3:
            assert database.committer.log is not None
            assert len(files.contents(WAL)) > database.committer.log.end
            (Database.checkpoint if i < 8 else Database.close)(database)
    kept = sorted(path for path in files.names if path.startswith(f"{WAL}-0"))
    assert len(kept) == 3
    for path in kept:
        _, found = scan(files, path)
        assert not found.cut and found.commit_id
    database = fresh(files)
    assert database.root_at(3).trees[1].get("user_version") == 3
    database.close()


def test_commits_behind_each_other_over_many_generations() -> None:
    """INV-R11, INV-R12."""
    files = SimulatedFiles(4)
    database = fresh(files)
    trees = commit(database, lambda t: create_table(t, "t"))
    digests: dict[int, Any] = {}
    commit(database, lambda t: t.set_meta("history_retention", 100))
    for i in range(15):
        fill(database, trees, 3, 1 + i, f"round {i}")
        digests[database.root.commit_id] = database.digest()
        if i % 2:
            database.checkpoint()
        if i % 5 == 4:
            (Database.abandon if i == 9 else Database.close)(database)
            database = fresh(files)
            assert database.root.commit_id == max(digests)
    assert [database.digest(database.root_at(at)) for at in digests] == list(digests.values())
    database.close()


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_kept_log_gives_every_state_from_nothing(seed: int) -> None:
    """INV-R4, INV-R10, INV-R12: replayed over the empty database it gives the digest of every commit, and that of each state
    which a checkpoint has put into blocks."""
    files = SimulatedFiles(seed)
    run = Run(files, seed)
    with capacities(4, 4):
        trees = run.commit(lambda t: create_table(t, "one"))
        run.commit(lambda t: t.set_meta("history_retention", 1000))
        run.fill(trees, 40)
        checked: list[int] = []
        for i in range(14):
            run.change(trees)
            if i % 5 == seed:
                run.database.checkpoint()
                checked.append(run.acknowledged)
            if i % 6 == 5:
                run.close()
                run.open()
                checked.append(run.acknowledged)
        blocks, checkpointer = blocks_of(run.database), checkpointer_of(run.database)
        starts = [
            state for state in checkpointer.states() if state.generation
        ]  # a clean close ends a chain of generations
        assert starts[0].commit_id == 0
        ends = [state.commit_id for state in starts[1:]] + [run.acknowledged]
        root, commits = Root.empty(), []
        for start, end in zip(starts, ends):
            for record in checkpointer.generations.replay(start.generation, start.commit_id, end):
                root = root.following(record)
                commits.append(root.commit_id)
                assert run.database.digest(root) == run.digests[root.commit_id], root.commit_id
        assert commits == list(range(1, run.acknowledged + 1))
        assert len(checked) >= 4
        kept = {pinned.commit_id: pinned.pointer for pinned in blocks.record.pinned if pinned.commit_id}
        assert set(checked) - {blocks.record.commit_id} <= set(kept)
        for commit_id, pointer in kept.items():
            assert run.database.digest(blocks.root(pointer)) == run.digests[commit_id]
        run.close()
