"""Databases that are open for reading only, beside those that write: in a model of several processes, and byte by byte.
`tests/test_readonly.py` has the real processes, files without the right to write, and the driver."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from process_play import TREE, Play, Process

from aerodb_dbapi.storage import byte_locks
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import OperatingSystemFiles
from aerodb_dbapi.storage.offline import ReadOnlyFiles
from aerodb_dbapi.storage.reader_locks import FIRSTS, FLOORS, Readers
from aerodb_dbapi.storage.readonly import open_for_reading

pytestmark = pytest.mark.skipif(not byte_locks.TOLD, reason="no locks of open file descriptions")


class Reader(Process):
    """A process that only reads."""

    def open(self) -> None:
        self.database = open_for_reading(self.path, 0.2, cache_bytes=1 << 15, files=ReadOnlyFiles())
        self.views = []
        self.transaction = None


class PlayWithReaders(Play):
    """The play, with readers that come, look, hold views, take over checkpoints, and go."""

    def __init__(self, path: Path, seed: int, count: int) -> None:
        super().__init__(path, seed, count)
        self.readers = [Reader(self.path) for _ in range(2)]

    def step(self) -> None:
        if self.random.random() < 0.6:
            super().step()
            return
        reader = self.random.choice(self.readers)
        self.random.choice((self.view, self.look, self.look, self.keep_up, self.come_again))(reader)

    def keep_up(self, reader: Process) -> None:
        assert reader.database.sharing is not None
        reader.database.sharing.look()

    def come_again(self, reader: Process) -> None:
        reader.leave(killed=self.random.random() < 0.5)
        if self.random.random() < 0.3:  # while nobody writes
            for process in self.processes:
                process.leave(killed=self.random.random() < 0.5)
            reader.open()
            self.look(reader)
            for process in self.processes:
                process.open()
        else:
            reader.open()
        self.look(reader)

    def end(self) -> None:
        for reader in self.readers:
            self.look(reader)
        for reader in self.readers[1:]:
            reader.leave(killed=False)
        self.keep_up(self.readers[0])
        super().end()  # one reader stays: no file stays for its sake
        self.look(self.readers[0])
        self.readers[0].leave(killed=False)


@pytest.mark.parametrize("seed", range(12))
def test_random_steps_beside_readers_equal_a_model(tmp_path: Path, seed: int) -> None:
    """INV-P1, INV-P3, INV-P7: what readers see is what was published, and stays as it was."""
    play = PlayWithReaders(tmp_path, seed, 1 + seed % 3)
    for _ in range(200):
        play.step()
    play.end()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_many_random_steps_beside_readers_equal_a_model(tmp_path: Path, seed: int) -> None:
    play = PlayWithReaders(tmp_path, seed, 1 + seed % 3)
    for _ in range(800):
        play.step()
    play.end()


def opened(path: Path, readers: bool = False) -> Database:
    if readers:
        return open_for_reading(str(path / "a.db"), 0.2, files=ReadOnlyFiles())
    return Database.open(str(path / "a.db"), files=OperatingSystemFiles(), timeout=0.2)


def made(path: Path, rows: int = 3) -> Database:
    database = opened(path)
    transaction = database.begin()
    assert transaction.create_tree("table") == TREE
    transaction.commit()
    for key in range(rows):
        put(database, key)
    return database


def put(database: Database, key: int, value: Any = "x") -> None:
    transaction = database.begin()
    transaction.writer(TREE).put(key, value)
    transaction.commit()


def keys(database: Database) -> list[int]:
    return [key for key, _ in database.root.trees[TREE].scan()]


def listing(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in sorted(os.listdir(path))}


def test_every_length_of_a_log_is_read_without_changing_it(tmp_path: Path) -> None:
    """INV-P7, INV-R4, INV-R5: a torn tail is passed over, not cut; what a reader finds is what recovery finds."""
    (tmp_path / "source").mkdir()
    made(tmp_path / "source", 6).abandon()
    whole = (tmp_path / "source" / "a.db-wal").read_bytes()
    end = len(whole.rstrip(b"\0"))
    for cut in (*range(4096, end + 1, 37), end, len(whole)):
        path = tmp_path / str(cut)
        shutil.copytree(tmp_path / "source", path)
        (path / "a.db-wal").write_bytes(whole[:cut] + b"\x07" * (cut % 3))
        before = listing(path)
        reader = opened(path, readers=True)
        found = reader.digest(), reader.root.commit_id
        reader.close()
        assert listing(path) == before
        writer = opened(path)
        assert (writer.digest(), writer.root.commit_id) == found
        writer.close()
        shutil.rmtree(path)


def test_damage_is_damage(tmp_path: Path) -> None:
    """INV-R5: a reader is told of it as well."""
    made(tmp_path, 6).abandon()
    log = bytearray((tmp_path / "a.db-wal").read_bytes())
    log[4096 + 40] ^= 1
    (tmp_path / "a.db-wal").write_bytes(log)
    with pytest.raises(CorruptionError):
        opened(tmp_path, readers=True)


def test_a_log_that_is_missing(tmp_path: Path) -> None:
    """INV-R9."""
    made(tmp_path).abandon()
    (tmp_path / "a.db-wal").unlink()
    with pytest.raises(CorruptionError, match="log generation 1 is missing"):
        opened(tmp_path, readers=True)


def test_frames_behind_what_is_published_are_not_read(tmp_path: Path) -> None:
    """INV-R1: they may be unsynced; beside a process that writes COMMIT decides."""
    writer = made(tmp_path)
    assert writer.sharing is not None
    published = writer.sharing._words[2]
    writer.sharing._words[2] = published - 1  # as if the last commit's sync were under way
    reader = opened(tmp_path, readers=True)
    assert keys(reader) == [0, 1]
    writer.sharing._words[2] = published
    assert keys(reader) == [0, 1, 2]
    reader.close()
    writer.close()


def test_blocks_and_logs_stay_while_a_reader_needs_them(tmp_path: Path) -> None:
    """INV-P3."""
    writer = made(tmp_path, 400)
    writer.checkpoint()
    reader = opened(tmp_path, readers=True)
    view = reader.read_view()
    floor = view.commit_id
    for round_ in range(6):
        for key in range(0, 400, 50):
            put(writer, key, f"{round_}" * 50)
        writer.checkpoint()
        assert writer.sharing is not None and writer.sharing.floor() == floor
        writer.sharing.ended(False)
    reader.checkpointer.blocks.cache.resize(0)  # type: ignore[union-attr]
    assert {value for _, value in view.root.trees[TREE].scan()} == {"x"}
    view.close()
    del view
    assert keys(reader) == list(range(400))
    reader.sharing.look()  # type: ignore[union-attr]
    assert writer.sharing is not None and writer.sharing.floor() == writer.root.commit_id
    writer.sharing.ended(False)
    reader.close()
    assert writer.sharing.floor() is None
    writer.sharing.ended(False)
    writer.close()


def test_while_a_reader_begins_nothing_is_collected(tmp_path: Path) -> None:
    """INV-P3: a checkpoint that cannot keep readers from beginning takes them to need everything; and does not wait."""
    writer = made(tmp_path, 400)
    writer.checkpoint()
    reader = opened(tmp_path, readers=True)
    reader.sharing.enter_checkpoint()  # type: ignore[union-attr]
    put(writer, 1, "y")
    writer.checkpoint()
    assert writer.checkpointer is not None
    dead = writer.checkpointer.blocks.record.dead
    assert dead
    reader.sharing.leave_checkpoint()  # type: ignore[union-attr]
    reader.close()
    put(writer, 1, "z")
    writer.checkpoint()
    assert not set(dead) & set(writer.checkpointer.blocks.record.dead)
    writer.close()


def test_the_last_to_write_removes_its_files_beside_a_reader(tmp_path: Path) -> None:
    """INV-P1: a reader of a log that is gone goes on with the checkpoint."""
    writer = made(tmp_path)
    reader = opened(tmp_path, readers=True)
    put(writer, 7)
    writer.close()
    assert os.listdir(tmp_path) == ["a.db"]
    assert keys(reader) == [0, 1, 2, 7]
    writer = opened(tmp_path)
    put(writer, 8)
    assert keys(reader) == [0, 1, 2, 7, 8]
    writer.abandon()
    assert keys(reader) == [0, 1, 2, 7, 8]
    writer = opened(tmp_path)
    put(writer, 9)
    assert keys(reader)[-1] == 9
    writer.close()
    reader.close()


def test_nobody_replaces_or_keeps_a_file_that_is_read(tmp_path: Path) -> None:
    """VACUUM and the exclusive mode refuse; so do tools, which lock the file."""
    from aerodb_dbapi.storage.backup import vacuum
    from aerodb_dbapi.storage.offline import Offline

    writer = made(tmp_path)
    reader = opened(tmp_path, readers=True)
    with pytest.raises(OperationalError, match="database is locked"):
        vacuum(writer)
    writer.background = True
    with pytest.raises(OperationalError, match="database is locked"):
        writer.set_exclusive(True)
    put(writer, 5)
    assert keys(reader) == [0, 1, 2, 5]
    writer.close()
    with pytest.raises(OperationalError, match="database is locked"):
        Offline(str(tmp_path / "a.db"))
    reader.close()
    with Offline(str(tmp_path / "a.db")) as file, pytest.raises(OperationalError, match="database is locked"):
        opened(tmp_path, readers=True)
        file.slots()


def test_a_file_that_is_not_made_yet(tmp_path: Path) -> None:
    """An empty file is an empty database, for a reader too; it sees what is made of it."""
    (tmp_path / "a.db").touch()
    reader = opened(tmp_path, readers=True)
    assert reader.root.commit_id == 0
    assert os.listdir(tmp_path) == ["a.db"] and not (tmp_path / "a.db").stat().st_size
    writer = made(tmp_path)
    assert keys(reader) == [0, 1, 2]
    writer.close()
    assert keys(reader) == [0, 1, 2]
    reader.close()


def test_a_commit_that_was_read_and_is_gone(tmp_path: Path) -> None:
    """Somebody copied an older file over it: an error, never an older state under the same roof (INV-R7)."""
    writer = made(tmp_path)
    writer.close()
    old = (tmp_path / "a.db").read_bytes()
    writer = opened(tmp_path)
    put(writer, 9)
    writer.close()
    reader = opened(tmp_path, readers=True)
    assert keys(reader) == [0, 1, 2, 9]
    with open(tmp_path / "a.db", "r+b") as file:
        file.write(old)
    with pytest.raises(CorruptionError):
        reader.sharing.look()  # type: ignore[union-attr]
    reader.close()


def test_immutable_reads_the_checkpoint_alone(tmp_path: Path) -> None:
    """No lock, no log, as SQLite."""
    writer = made(tmp_path)
    writer.checkpoint()
    put(writer, 7)
    path = str(tmp_path / "a.db")
    still = open_for_reading(path, 0.2, immutable=True)
    assert keys(still) == [0, 1, 2]
    assert writer.sharing is not None and writer.sharing.floor() is None
    writer.sharing.ended(False)
    assert open_for_reading(path, 0.2, immutable=True) is still
    still.close()
    assert not still.is_closed
    still.close()
    writer.close()
    with pytest.raises(OperationalError, match="attempt to write a readonly database"):
        still = open_for_reading(path, 0.2, immutable=True)
        put(still, 8)
    still.close()


def test_positions_of_locks(tmp_path: Path) -> None:
    """INV-P3: the place of a lock is the number that it tells."""
    (tmp_path / "f").write_bytes(b"")
    descriptors = [os.open(tmp_path / "f", os.O_RDONLY) for _ in range(4)]
    asking = os.open(tmp_path / "f", os.O_RDWR)
    for descriptor, place in zip(descriptors, (90, 12, 12, 40), strict=True):
        assert byte_locks.try_lock(descriptor, FLOORS + place, shared=True)
        assert byte_locks.try_lock(descriptor, FIRSTS + place // 10, shared=True)

    class Asking:
        descriptor = asking

    assert Readers(Asking()).floors() == [12, 40, 90]
    assert Readers(Asking()).generations() == [1, 4, 9]
    assert byte_locks.lowest(asking, FLOORS + 13, FLOORS + 80) == FLOORS + 40
    assert byte_locks.lowest(asking, FLOORS, FLOORS + 80, exclusive=True) is None
    os.close(descriptors[1])
    assert Readers(Asking()).floors() == [12, 40, 90]
    os.close(descriptors[2])
    assert Readers(Asking()).floors() == [40, 90]
    for descriptor in (descriptors[0], descriptors[3], asking):
        os.close(descriptor)
