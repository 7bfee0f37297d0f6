"""What one process does, or dies of, must not harm the others on the same file: failed syncs, interrupts, snapshots under way,
forks. Several databases in this process play the processes, as in `test_processes.py`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from aerodb_dbapi.storage import header, lock_file
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.files import OperatingSystemFiles
from aerodb_dbapi.storage.wal import Log

TREE = 2


def opened(path: Path) -> Database:
    return Database.open(str(path / "a.db"), files=OperatingSystemFiles(), cache_bytes=1 << 15, timeout=0.3)


def made(path: Path) -> Database:
    database = opened(path)
    transaction = database.begin()
    assert transaction.create_tree("table") == TREE
    transaction.commit()
    return database


def put(database: Database, key: int, value: Any) -> int:
    transaction = database.begin()
    transaction.writer(TREE).put(key, value)
    return transaction.commit()


def content(database: Database) -> dict[int, Any]:
    return dict(database.root.trees[TREE].scan())


def failing(monkeypatch: pytest.MonkeyPatch, log: Any, error: BaseException) -> pytest.MonkeyPatch:
    def sync() -> None:
        raise error

    class Broken:
        def __getattr__(self, name: str) -> Any:
            return sync if name == "sync" else getattr(file, name)

    file = log._file
    monkeypatch.setattr(log, "_file", Broken())
    return monkeypatch


@pytest.mark.parametrize("rotates", [False, True])
def test_a_process_whose_sync_failed_goes_on_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rotates: bool
) -> None:
    """INV-R6: it commits nothing any more, and sees what the others commit."""
    a = made(tmp_path)
    b = opened(tmp_path)
    put(a, 1, "a")
    with monkeypatch.context() as patch:
        failing(patch, a.committer.log, OSError(5, "Input/output error"))
        with pytest.raises(OperationalError):
            if rotates:
                a.checkpoint()
            else:
                put(a, 2, "lost")
    assert content(a) == {1: "a"}
    for key in range(3, 6):
        put(b, key, "b")
        assert content(a) == content(b)
    b.checkpoint()
    put(b, 6, "b")
    expected = {1: "a", 3: "b", 4: "b", 5: "b", 6: "b"}
    if not rotates:
        expected[2] = "lost"  # it was written whole, and so it went with the next sync
    assert content(a) == content(b) == expected
    with pytest.raises(OperationalError):
        put(a, 7, "a")
    a.close()
    put(b, 8, "b")
    b.close()
    c = opened(tmp_path)
    assert content(c) == {**expected, 8: "b"}
    c.close()


def test_a_header_that_failed_for_the_first_log_is_unknown_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-C6: the header may name the log that was made; nobody replaces it before all have closed."""
    a, b = opened(tmp_path), opened(tmp_path)
    assert a.checkpointer is not None and b.sharing is not None
    a.checkpointer.confirmed = True

    def fails(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(header, "write", fails)
        with pytest.raises(OperationalError, match="Input/output"):
            transaction = a.begin()
            transaction.create_tree("table")
            transaction.commit()
    log = (tmp_path / "a.db-wal").read_bytes()
    assert b.sharing.file.words[lock_file.UNKNOWN]
    transaction = b.begin()
    transaction.create_tree("table")
    with pytest.raises(OperationalError, match="header"):
        transaction.commit()
    assert (tmp_path / "a.db-wal").read_bytes() == log
    a.close()
    b.close()
    c = made(tmp_path)
    put(c, 1, "c")
    c.close()


def test_a_process_dies_behind_the_header_that_names_the_first_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-P4: the next to need a log goes on with that one."""
    a, b = opened(tmp_path), opened(tmp_path)
    assert a.checkpointer is not None
    a.checkpointer.confirmed = True
    real = header.write

    class Died(BaseException):
        pass

    def write(*args: Any) -> None:
        real(*args)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(header, "write", write)
        patch.setattr(type(a.sharing), "ended", lambda *_: None)
        transaction = a.begin()
        transaction.create_tree("table")
        with pytest.raises(Died):
            transaction.commit()
        a.abandon()
    log = (tmp_path / "a.db-wal").read_bytes()[:64]
    transaction = b.begin()
    assert transaction.create_tree("table") == TREE
    transaction.commit()
    put(b, 1, "b")
    assert (tmp_path / "a.db-wal").read_bytes()[:64] == log
    b.close()
    c = opened(tmp_path)
    assert content(c) == {1: "b"}
    c.close()


@pytest.mark.parametrize("step", ["write", "sync"])
def test_an_interrupted_flush_does_not_keep_the_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    a = made(tmp_path)
    b = opened(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Log, step, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            put(a, 1, "a")
    assert a.sharing is not None
    a.sharing.look()
    put(b, 2, "b")
    assert content(a) == content(b) == {1: "a", 2: "b"}
    a.close()
    b.close()


def test_processes_that_insert_at_the_same_time_get_different_rowids(tmp_path: Path) -> None:
    """INV-V10, once each has seen that the other one commits; what is claimed and then rolled back is passed over."""
    a = made(tmp_path)
    b = opened(tmp_path)
    put(a, 1, "a"), put(b, 2, "b"), put(a, 3, "a")
    for _ in range(5):
        transactions = [database.begin() for database in (a, b, b, a)]
        ids = []
        for transaction in transactions:
            writer = transaction.writer(TREE)
            for _ in range(4):
                rowid = writer.next_rowid()
                writer.put(rowid, "row")
                ids.append(rowid)
        assert len(set(ids)) == 16
        transactions[1].rollback()
        for number in (0, 2, 3):
            transactions[number].commit()
    assert content(a) == content(b) and len(content(a)) == 3 + 5 * 12
    a.close()
    b.close()
    c = opened(tmp_path)
    transaction = c.begin()
    assert transaction.writer(TREE).next_rowid() == max(content(c)) + 1
    c.close()


@pytest.mark.parametrize("late", [False, True])
def test_a_snapshot_under_way_outlives_a_checkpoint_of_another_process(tmp_path: Path, late: bool) -> None:
    """INV-C8 among processes."""
    a = made(tmp_path)
    b = opened(tmp_path)
    for key in range(500):
        put(a, key, "x" * 50)
    transaction = a.begin()
    at = transaction.base.commit_id
    assert a.checkpointer is not None
    if not a.checkpointer.promise(at, transaction):
        a.checkpoint([at])
    transaction.set_meta("snapshot:s", at)
    for key in range(500):
        put(b, key, "y")
    b.checkpoint()
    transaction.commit()
    if late:
        a.checkpoint()
    for _ in range(3):
        put(b, 7, "z")
        b.checkpoint()
    view = b.read_view(at)
    assert set(dict(view.root.trees[TREE].scan()).values()) == {"x" * 50}
    view.close()
    a.close()
    b.close()


def test_a_state_of_an_older_checkpoint_made_a_snapshot(tmp_path: Path) -> None:
    """A view may read blocks that the checkpoint in force counts as dead: to keep it, they are written again."""
    a = made(tmp_path)
    b = opened(tmp_path)
    for key in range(0, 3000, 3):
        put(a, key, "x" * 50)
    a.checkpoint()
    for key in range(1, 600, 3):
        put(b, key, "y" * 50)
    view = a.read_view()
    at, expected = view.commit_id, dict(view.root.trees[TREE].scan())
    for key in range(2, 3000, 3):
        put(b, key, "z" * 50)
    b.checkpoint()
    put(a, 1, "w")
    a.checkpoint([at])
    transaction = a.begin()
    transaction.set_meta("snapshot:s", at)
    transaction.commit()
    a.checkpoint()
    view.close()
    for _ in range(4):
        for key in range(0, 3000, 7):
            put(b, key, "v" * 60)
        b.checkpoint()
        assert a.sharing is not None
        a.sharing.look()
    b.close()
    a.close()
    c = opened(tmp_path)
    assert dict(c.root_at(at).trees[TREE].scan()) == expected
    c.close()


def test_a_child_ends_a_transaction_of_its_parent(tmp_path: Path) -> None:
    """INV-P5: what the child does with objects of its parent ends at once, and changes nothing."""
    a = made(tmp_path)
    transaction = a.begin(immediate=True)
    transaction.writer(TREE).put(1, "a")
    with a.committer.lock, a.checkpointer.lock.threads:
        child = os.fork()
        if not child:
            code = 1
            try:
                transaction.rollback()
                a.close()
                code = 0
            finally:
                os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    transaction.commit()
    assert content(a) == {1: "a"}
    a.close()


@pytest.mark.parametrize("retention", [0, 100])
def test_a_close_after_a_rotation_that_stopped_between_the_names_and_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, retention: int
) -> None:
    """INV-P4: the last to close knows the log by the name that it had before."""
    a = made(tmp_path)
    transaction = a.begin()
    transaction.set_meta("history_retention", retention)
    transaction.commit()
    b = opened(tmp_path)
    at = put(a, 1, "a")
    put(b, 1, "b")

    def died(*_: Any) -> None:
        raise OperationalError("died")

    with monkeypatch.context() as patch:
        patch.setattr(type(b.committer), "cut", died)
        with pytest.raises(OperationalError):
            b.checkpoint()
    b.abandon()
    a.close()
    if not retention:
        assert os.listdir(tmp_path) == ["a.db"]
        return
    c = opened(tmp_path)
    assert dict(c.root_at(at).trees[TREE].scan()) == {1: "a"}
    assert content(c) == {1: "b"}
    c.close()
