"""One sync for several processes: what is covered by whose sync, and what becomes of commits whose process died or failed between
writing, syncing and publishing. Several databases in this process play the processes, as in `test_processes.py`; a death closes all
of a process's files in the middle of a call, so that nothing it does afterwards reaches the others (INV-P4, INV-P6)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aerodb_dbapi.storage import lock_file
from aerodb_dbapi.storage.commit import Committer
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import OperatingSystemFile, OperatingSystemFiles
from aerodb_dbapi.storage.looking import Looking
from aerodb_dbapi.storage.sharing import Sharing
from aerodb_dbapi.storage.wal import Log

TREE = 2
CALLS = ("write_at", "sync", "truncate", "open", "rename", "remove", "sync_directory")


class Died(BaseException):
    pass


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the threads that look after other processes once a second: all steps are the test's."""
    monkeypatch.setattr(Looking, "begin", lambda self, database: None)


def opened(path: Path) -> Database:
    return Database.open(str(path / "a.db"), files=OperatingSystemFiles(), cache_bytes=1 << 15, timeout=5)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[Database]]:
    """Three processes, and a table."""
    found = [opened(tmp_path) for _ in range(3)]
    transaction = found[0].begin()
    assert transaction.create_tree("table") == TREE
    transaction.commit()
    put(found[1], 0)
    yield found
    for database in found:
        database.abandon()


def put(database: Database, key: int) -> int:
    transaction = database.begin()
    transaction.writer(TREE).put(key, "x" * 20)
    return transaction.commit()


def keys(database: Database) -> set[int]:
    return {key for key, _ in database.root.trees[TREE].scan()}


def word(database: Database, number: int) -> int:
    assert database.sharing is not None
    return database.sharing.file.words[number]


def kill(database: Database) -> None:
    """Close whatever the process has open."""
    assert database.sharing is not None and database.checkpointer is not None
    database.sharing.file.forget()
    database.checkpointer.blocks.file.close()
    if database.committer.log is not None:
        database.committer.log._file.close()


def dies(database: Database, patch: pytest.MonkeyPatch, at: int) -> list[str]:
    """Have the process die before its `at`-th changing call; the calls that it makes."""
    made: list[str] = []

    def dying(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) >= at:
                kill(database)
                raise Died
            return real(*args, **options)

        return call

    for name in CALLS:
        of = OperatingSystemFile if hasattr(OperatingSystemFile, name) else OperatingSystemFiles
        patch.setattr(of, name, dying(name, getattr(of, name)))
    return made


class Syncs:
    """Counts syncs, and keeps the first one waiting until told to go on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.waiting, self.go = threading.Event(), threading.Event()
        real = OperatingSystemFile.sync

        def sync(file: Any) -> None:
            self.count += 1
            if self.count == 1:
                self.waiting.set()
                assert self.go.wait(30)
            real(file)

        patch.setattr(OperatingSystemFile, "sync", sync)


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(6000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("never came true")


def started(call: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_one_sync_serves_those_who_wrote_before_it(processes: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process syncs two others write; the sync of one of them serves both."""
    a, b, c = processes
    with monkeypatch.context() as patch:
        assert a.sharing is not None
        a.sharing._crowd = 9
        syncs = Syncs(patch)
        first = word(a, lock_file.COMMIT)
        threads = [started(lambda: put(a, 1))]
        assert syncs.waiting.wait(30)
        threads += [started(lambda: put(b, 2)), started(lambda: put(c, 3))]
        until(lambda: word(a, lock_file.APPENDED) == first + 3)
        assert word(a, lock_file.COMMIT) == first and keys(b) == {0}
        syncs.go.set()
        for thread in threads:
            thread.join(30)
    assert syncs.count == 2 and word(a, lock_file.COMMIT) == first + 3
    assert keys(a) == keys(b) == keys(c) == {0, 1, 2, 3}
    assert not word(a, lock_file.DOUBT)


@pytest.mark.parametrize("threads", [1, 3])
def test_others_write_while_a_process_alone_becomes_one_of_several(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """A process that was alone keeps the right to commit while it syncs; who comes then waits, and is served next, though threads of
    the first have appended meanwhile."""
    a, b, _ = processes
    for key in range(10, 40):
        put(a, key)
    with monkeypatch.context() as patch:
        syncs = Syncs(patch)
        running = [started(lambda: put(a, 100))]
        assert syncs.waiting.wait(30)
        running += [started(lambda n=n: put(a, 100 + n)) for n in range(1, threads)]
        until(lambda: len(a.committer.waiters) == threads - 1)
        running.append(started(lambda: put(b, 200)))
        until(lambda: bool(word(b, lock_file.WANTED)))
        syncs.go.set()
        for thread in running:
            thread.join(30)
            assert not thread.is_alive()
    assert keys(a) == keys(b) == {0, *range(10, 40), *range(100, 100 + threads), 200}


@pytest.mark.parametrize("mode", ["FULL", "OFF"])
def test_a_commit_whose_process_died_before_its_sync(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """It was written whole, and goes with the next sync; which is also made without syncs of one's own (INV-R1)."""
    a, b, c = processes
    b.set_synchronous(mode)
    with monkeypatch.context() as patch:
        real = OperatingSystemFile.sync
        patch.setattr(OperatingSystemFile, "sync", lambda file: (kill(a), real(file)))
        with pytest.raises(
            (OSError, ValueError, OperationalError)
        ):  # of files that are closed; nobody is there to be told
            put(a, 1)
    a.abandon()
    assert keys(b) == keys(c) == {0} and word(b, lock_file.DOUBT)
    with monkeypatch.context() as patch:
        syncs = Syncs(patch)
        syncs.go.set()
        put(b, 2)
    assert syncs.count == 2 and not word(b, lock_file.DOUBT)
    assert keys(b) == keys(c) == {0, 1, 2}


@pytest.mark.parametrize("step", ["commit", "checkpoint", "first commit"])
def test_a_process_dies_before_any_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """INV-P4, INV-P6: whatever it was about, the others go on, agree with each other, and lose nothing that was acknowledged."""
    at = finished = 0
    while not finished:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        finished = life_and_death(folder, monkeypatch, step, at)
    assert at > {"commit": 2, "checkpoint": 10, "first commit": 6}[step]


def life_and_death(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, at: int) -> bool:
    a, b = opened(folder), opened(folder)
    told: set[int] = set()
    if step == "first commit":
        transaction = a.begin()
        transaction.create_tree("table")
        transaction.commit()
        a.close(), b.close()
        a, b = opened(folder), opened(folder)
    else:
        transaction = a.begin()
        transaction.create_tree("table")
        transaction.commit()
        for key in range(6):
            put((a, b)[key % 2], key)
            told.add(key)
    finished = False
    with monkeypatch.context() as patch:
        dies(a, patch, at)
        try:
            if step == "checkpoint":
                a.checkpoint()
            else:
                put(a, 100)
                told.add(100)
            finished = True
        except BaseException as error:
            assert not isinstance(error, AssertionError), error
    a.abandon()
    may_be = told | {100}
    assert told <= keys(b) <= may_be
    put(b, 200)
    told.add(200)
    c = opened(folder)
    assert told <= keys(b) == keys(c) <= may_be | {200}
    b.checkpoint()
    put(c, 300)
    assert keys(b) == keys(c) == keys(b) | told | {300}
    c.checkpoint()
    put(b, 400)
    last, digest = keys(c), c.digest()
    assert b.digest() == digest
    b.close()
    c.close()
    again = opened(folder)
    assert keys(again) == last and again.digest() == digest
    again.close()
    assert [path.name for path in folder.iterdir()] == ["a.db"]
    return finished


def test_a_failed_end_of_a_generation_is_made_up_for_by_the_next(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-R6, INV-R13: the process that failed commits nothing more; the next writes the end again, and goes on behind it."""
    a, b, _ = processes
    with monkeypatch.context() as patch:
        assert a.committer.log is not None
        log = a.committer.log._file
        real = OperatingSystemFile.sync

        def sync(file: Any) -> None:
            if file is log:
                raise OSError(5, "Input/output error")
            real(file)

        patch.setattr(OperatingSystemFile, "sync", sync)
        with pytest.raises(OperationalError):
            a.checkpoint()
    assert word(b, lock_file.ENDING)
    put(b, 1)
    assert not word(b, lock_file.ENDING) and not word(b, lock_file.DOUBT)
    assert keys(a) == keys(b) == {0, 1}
    with pytest.raises(OperationalError):
        put(a, 2)


def fails_to_put(database: Database, key: int) -> None:
    with pytest.raises(OperationalError):
        put(database, key)


def written_again(patch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Where the log is written from now on."""
    found: list[tuple[int, int]] = []
    real = OperatingSystemFile.write_at

    def write_at(file: Any, offset: int, data: Any) -> int:
        found.append((offset, offset + len(data)))
        return real(file, offset, data)

    patch.setattr(OperatingSystemFile, "write_at", write_at)
    return found


def test_what_was_being_written_when_a_sync_failed_is_written_again(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-P6: the failed sync may have had pages of a commit of which its process told only after another one had made up for the
    failure."""
    a, b, c = processes
    with monkeypatch.context() as patch:
        assert a.sharing is not None
        a.sharing._crowd = 9
        syncing, fails = threading.Event(), threading.Event()
        telling, told = threading.Event(), threading.Event()
        real_sync, real_tell, log = OperatingSystemFile.sync, Sharing.tell_written, a.committer.log
        assert log is not None
        failing = [log._file]

        def sync(file: Any) -> None:
            if file in failing:
                failing.clear()
                syncing.set()
                assert fails.wait(30)
                raise OSError(5, "Input/output error")
            real_sync(file)

        def tell_written(sharing: Sharing, log: Any) -> None:
            if sharing is c.sharing and not telling.is_set() and log.written_id > word(c, lock_file.APPENDED):
                telling.set()
                assert told.wait(30)
            real_tell(sharing, log)

        patch.setattr(OperatingSystemFile, "sync", sync)
        patch.setattr(Sharing, "tell_written", tell_written)
        patch.setattr(Sharing, "stays", lambda sharing: False)
        first = word(a, lock_file.COMMIT)
        lost = started(lambda: fails_to_put(a, 1))
        assert syncing.wait(30)
        threads = [started(lambda: put(b, 2))]
        until(lambda: word(a, lock_file.APPENDED) == first + 2)
        threads.append(started(lambda: put(c, 3)))
        assert telling.wait(30) and c.committer.log is not None
        place = c.committer.log._written
        fails.set()
        lost.join(30)
        threads[0].join(30)
        assert word(b, lock_file.COMMIT) == first + 2 and place.commit_id == first + 3
        found = written_again(patch)
        told.set()
        threads[1].join(30)
    assert keys(b) == keys(c) == {0, 1, 2, 3}
    assert any(start <= place.start and place.end <= end for start, end in found)
    put(b, 4)
    assert not word(b, lock_file.DOUBT)


def test_what_is_learned_while_doubts_are_removed_is_not_known_to_be_durable(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-P6: DURABLE is no further than what was written again, though another thread read on meanwhile."""
    a, b, _ = processes
    put(b, 1)
    assert a.sharing is not None and b.sharing is not None and b.committer.log is not None
    log, real = b.committer.log, Log.write_again
    with monkeypatch.context() as patch:
        patch.setattr(Sharing, "flush", lambda sharing, log, sync, ends: sharing._write(log) and 0)
        put(a, 2)  # written, and not synced
    known = log._written.end

    def write_again(log: Any, start: int) -> Any:
        done = real(log, start)
        with b.committer.lock:
            b.sharing._follow(word(b, lock_file.APPENDED))
        return done

    word_of = b.sharing.file.words
    word_of[lock_file.DOUBT] = 1
    monkeypatch.setattr(Log, "write_again", write_again)
    b.sharing._sync(log, log.written_id)
    assert log._written.end > known == word(b, lock_file.DURABLE) and word(b, lock_file.DOUBT)


def test_a_failure_of_which_each_process_is_told(processes: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-R6: it is final for the first that is told of it. The system tells each opening of the file once; the others go on."""
    a, b, c = processes
    put(a, 1), put(b, 2), put(c, 3)
    with monkeypatch.context() as patch:
        real = OperatingSystemFile.sync
        untold = {a.committer.log._file, b.committer.log._file}  # type: ignore[union-attr]

        def sync(file: Any) -> None:
            if file in untold:
                untold.remove(file)
                raise OSError(5, "Input/output error")
            real(file)

        patch.setattr(OperatingSystemFile, "sync", sync)
        with pytest.raises(OperationalError):
            put(a, 4)
        put(b, 5)
        assert word(b, lock_file.DOUBT) and not untold
        put(b, 6)
        assert not word(b, lock_file.DOUBT)
    assert keys(a) == keys(b) == keys(c) == set(range(7))


@pytest.mark.parametrize("step", ["write through", "lead"])
def test_an_interrupted_commit_leaves_nobody_waiting(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A thread that is interrupted when its commit is appended leads no flush; the others of its process do."""
    a, b, _ = processes

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "lead":
            with monkeypatch.context() as broken:
                broken.setattr(Log, "sync", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    put(a, 1)
            with monkeypatch.context() as broken:
                broken.setattr(Committer, "_starts", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    a.committer.settle()
        else:
            put(a, 6)
            assert a.sharing is not None
            a.sharing._crowd = 0
            syncs = Syncs(patch)
            leader = started(lambda: put(a, 7))
            assert syncs.waiting.wait(30) and a.committer.keeps
            a.sharing.file.words[lock_file.WANTED] = 1
            with monkeypatch.context() as broken:
                broken.setattr(Log, "write", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    put(a, 1)
            syncs.go.set()
            leader.join(30)
    following = started(lambda: put(a, 2))
    following.join(10)
    assert not following.is_alive()
    put(b, 3)
    assert {1, 2, 3} <= keys(a) == keys(b)


def test_the_end_of_a_generation_stands_behind_what_others_know(
    processes: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-P4: a commit that went with the end, and of which a dead process told nobody, is written over; were it written over with
    the very same bytes, the end behind it would be whole."""
    a = processes[0]
    checkpointer, log, real = a.checkpointer, a.committer.log, Log.append_end
    assert checkpointer is not None and log is not None
    found = []

    def append_end(log: Any, following: Any) -> None:
        found.append((log.commit_id, word(a, lock_file.APPENDED), log.is_written))
        real(log, following)

    monkeypatch.setattr(Log, "append_end", append_end)
    checkpointer.generations.locate(log)
    following = checkpointer.generations.prepare(log.head.generation + 1, 0)
    checkpointer.generations.promote(log, following)
    with monkeypatch.context() as patch:
        syncs = Syncs(patch)
        threads = [started(lambda: put(a, 1))]
        assert syncs.waiting.wait(30)
        threads.append(started(lambda: a.committer.cut(following)))
        until(lambda: len(a.committer.waiters) == 1)
        threads.append(started(lambda: put(a, 2)))
        until(lambda: len(a.committer.waiters) == 2)
        syncs.go.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    assert found == [(word(a, lock_file.COMMIT), word(a, lock_file.COMMIT), True)]
    assert keys(a) == keys(processes[1]) == {0, 1, 2}
