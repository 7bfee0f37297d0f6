"""Every byte of every file of a small database changed, every length, every mixture of old files: right data, or an error.

The database has what a file can hold: a table with an index, a snapshot, states and log generations kept by retention, blocks
with and without compression, dead blocks, room that was used again, and commits behind the checkpoint. After each change it
is opened, its latest state, its snapshot and all retained states are read and compared by digest with what they were, and it
is written to and closed. What may happen (INV-F3, INV-R5, INV-R7, INV-C2, INV-C9):

    the right state; of a log whose end nothing witnesses yet the state before its last batch, if that is what was changed, and
    the commits that are whole, if it was cut
    a CorruptionError whose file is one of the database's, and whose offset lies within it; the files are as they were
    a DatabaseError that says what the file is instead, if the change hit the first bytes of a header

and never: other rows, an exception of Python's, more than `SECONDS`, or more memory than `MEMORY` times the files.

Every place at ``-m long``, in pieces; at intervals in the ordinary run. The figures are printed at the end.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import pytest
from logs import no_room
from simulation import SimulatedFiles
from store_support import (
    PATH,
    change,
    check_index,
    checkpointer_of,
    commit,
    create_table,
    fill,
    set_snapshot,
)

from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, DatabaseError, NotSupportedError
from aerodb_dbapi.storage.log_head import LOG_START
from aerodb_dbapi.storage.nodes import capacities

__all__ = ["no_room"]

Names = dict[str, bytes]
RETENTION = 4
SECONDS = 5.0
MEMORY = 100  # times the size of the files, beyond what the sound database takes
PIECES = 8
ORDINARY = 250  # places in the ordinary run


class Made:
    """The files of a database, the digests of its commits, and the files at earlier moments."""

    def __init__(self, closed: bool) -> None:
        self.closed = closed
        self.files = SimulatedFiles(4)
        self.digests: dict[int, str] = {}
        self.moments: list[Names] = []
        self.ends: dict[int, int] = {}  # where the last commits end in the log
        with capacities(16, 16):
            self._make()
        self.names = self.moments[-1]
        self.latest = max(self.digests)

    def _make(self) -> None:
        chance = random.Random(11)
        database = Database.open(PATH, files=self.files)
        database.set_autocheckpoint(0)
        trees = commit(database, lambda t: create_table(t, "one"))
        commit(database, lambda t: t.set_meta("history_retention", RETENTION))
        fill(database, trees, 40)
        for i in range(14):
            change(database, trees, chance)
            self._note(database)
            if i == 2:
                set_snapshot(database, "kept", database.root.commit_id)
            if i == 6:
                commit(database, lambda t: t.set_meta("compression", "zlib"))
            if i in (3, 6, 11):
                database.checkpoint()
            self._note(database)
        change(database, trees, chance)
        self._note(database)
        (database.close if self.closed else database.abandon)()
        self._note(database)

    def _note(self, database: Database) -> None:
        self.digests[database.root.commit_id] = database.digest()
        if database.committer.log is not None:
            self.ends[database.root.commit_id] = database.committer.log.end
        self.moments.append({path: self.files.contents(path) for path in self.files.names})


@cache
def made(closed: bool) -> Made:
    """Made once."""
    return Made(closed)


def outcome(names: Names, digests: dict[int, str], write: bool = True) -> int | DatabaseError:
    """The commit that is found, all of it read, and written to if so told; or the error."""
    files = SimulatedFiles.holding(names)
    try:
        database = Database.open(PATH, files=files)
    except DatabaseError as error:
        assert {path: files.contents(path) for path in files.names} == names
        return fitting(error, names)
    try:
        found = database.root.commit_id
        assert database.digest() == digests[found]
        assert check_root(database.root) == []
        check_index(database.root)
        for commit_id in {*database.snapshots().values(), *range(found - RETENTION, found)}:
            if commit_id in digests:
                assert database.digest(database.root_at(commit_id)) == digests[commit_id]
        if write:
            commit(database, lambda t: t.set_meta("application_id", 77))
            checkpointer_of(database).run()
        return found
    except DatabaseError as error:
        assert isinstance(error, CorruptionError)
        return fitting(error, names)
    finally:
        database.abandon()


def fitting(error: DatabaseError, names: Names) -> DatabaseError:
    """The error, if it says where the damage is, or what the file is."""
    if isinstance(error, CorruptionError):
        assert error.file.startswith(PATH) and 0 <= error.offset <= len(names.get(error.file, b"")), error
    else:
        assert error.sqlite_errorname == "SQLITE_NOTADB" or isinstance(error, NotSupportedError), error
        assert PATH in str(error)
    return error


def bounded(names: Names, digests: dict[int, str]) -> int | DatabaseError:
    """The same, with a look at the clock and at memory."""
    begun = time.perf_counter()
    tracemalloc.start()
    try:
        found = outcome(names, digests)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY * sum(map(len, names.values()))
    assert time.perf_counter() - begun < SECONDS
    return found


def check_all(cases: Iterator[tuple[str, int, Names]], of: Made, cut: bool, counts: Counter[str]) -> None:
    """Each case, with the file and the place that is damaged; of a log that was cut, the commits before that are found."""
    for number, (path, at, names) in enumerate(cases):
        try:
            found = outcome(names, of.digests, number % 4 == 2) if number % 16 else bounded(names, of.digests)
            if not isinstance(found, DatabaseError) and found != of.latest:
                assert not of.closed and path == f"{PATH}-wal"
                assert (of.ends[found] <= at or at < LOG_START) and at < of.ends[found + 1]
                assert cut or found == of.latest - 1
        except BaseException as error:
            error.add_note(f"{path} at {at}")
            raise
        counts["damaged files"] += 1
        counts["of them refused"] += isinstance(found, DatabaseError)


def flips(of: Made, first: int, step: int) -> Iterator[tuple[str, int, Names]]:
    """One byte changed: one bit of it, or all."""
    places = [(path, at) for path, content in sorted(of.names.items()) for at in range(len(content))]
    for number, (path, at) in enumerate(places[first::step]):
        damaged = bytearray(of.names[path])
        damaged[at] ^= 0xFF if (number + first) % 3 == 0 else 1 << (number + first) % 8
        yield path, at, {**of.names, path: bytes(damaged)}


def lengths(of: Made, first: int, step: int) -> Iterator[tuple[str, int, Names]]:
    """One file cut."""
    places = [(path, at) for path, content in sorted(of.names.items()) for at in range(1, len(content))]
    for path, at in places[first::step]:
        yield path, at, {**of.names, path: of.names[path][:at]}


def removed(of: Made) -> Iterator[tuple[str, int, Names]]:
    """One of the logs missing."""
    for path in sorted(of.names):
        if path != PATH:
            yield path, 0, {name: content for name, content in of.names.items() if name != path}


DAMAGE = [flips, lengths]


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Figures that are printed at the end of the session."""
    found: Counter[str] = Counter()
    yield found
    request.node.user_properties.extend(("crashes", (name, count)) for name, count in found.items())


@pytest.mark.parametrize("closed", [False, True], ids=["with its log", "closed"])
def test_the_files_are_as_they_should_be(closed: bool) -> None:
    of = made(closed)
    assert outcome(of.names, of.digests) == of.latest
    assert len(of.names) >= 3  # the file, the log, one that retention keeps
    assert len(of.names[PATH]) > 12_000


@pytest.mark.parametrize("closed", [False, True], ids=["with its log", "closed"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_some_bytes(
    damage: Callable[[Made, int, int], Iterator[tuple[str, int, Names]]], closed: bool, counts: Counter[str]
) -> None:
    of = made(closed)
    total = sum(map(len, of.names.values()))
    check_all(damage(of, 3, total // ORDINARY), of, damage is lengths, counts)
    check_all(removed(of), of, False, counts)


@pytest.mark.long
@pytest.mark.parametrize("piece", range(PIECES))
@pytest.mark.parametrize("closed", [False, True], ids=["with its log", "closed"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_every_byte(
    damage: Callable[[Made, int, int], Iterator[tuple[str, int, Names]]], closed: bool, piece: int, counts: Counter[str]
) -> None:
    of = made(closed)
    check_all(damage(of, piece, PIECES), of, damage is lengths, counts)


@pytest.mark.long
def test_all_files_of_different_moments(counts: Counter[str]) -> None:
    moments = made(True).moments
    check_mixed(product(moments, moments), counts)


def test_files_of_different_moments(counts: Counter[str]) -> None:
    """INV-R7, INV-R9, INV-R14: each file of one moment beside the others of another moment."""
    moments = made(True).moments
    check_mixed(product(moments[::4], moments[1::3]), counts)


def check_mixed(pairs: Iterator[tuple[Names, Names]], counts: Counter[str]) -> None:
    """Each file of the first moments among those of the second ones."""
    digests = made(True).digests
    for one, other in pairs:
        for path in one:
            found = outcome({**other, path: one[path]}, digests)
            counts["damaged files"] += 1
            counts["of them refused"] += isinstance(found, DatabaseError)
