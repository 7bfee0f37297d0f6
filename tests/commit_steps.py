"""Every order of the steps of small transactions *and of the commit path itself*, by hooks (INV-V4, INV-V7, INV-R1).

As `interleavings.py`, on a database with a log whose commits stop at some points, and go on when the order has their
transaction move again:

    ==========  =======================================================================================================
    appended    validated, numbered, and in the log in memory; nothing of it is written
    written     given to the file, not synced
    synced      durable, not published
    ==========  =======================================================================================================

At all three others may begin, read, validate, be numbered behind it, wait for its sync or for the next. Nobody may see it, and
the outcome must be that of the serial order of the commit ids. Who waits for another's sync is not moved until that is through, so
that one sync serves several commits, in every order in which that can come about.

Example: A stops at `written`; B reads what A wrote (it sees the state before), writes the same row, and is told so at its own
commit, which waits for A's to be published.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from interleavings import PLAYERS, Bell, Outcome, Play, Player, commit, compare, content, interleavings

import aerodb_dbapi
from aerodb_dbapi.storage import commit as commit_path
from aerodb_dbapi.storage.commit import Committer, Waiter
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.log_head import LogHead
from aerodb_dbapi.storage.wal import Log

POINTS = ("appended", "written", "synced")


class MemoryFile:
    """A file that is nowhere."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def read_at(self, offset: int, size: int) -> bytes:
        return bytes(self.bytes[offset : offset + size])

    def write_at(self, offset: int, data: bytes | memoryview) -> int:
        self.bytes[offset : offset + len(data)] = data
        return len(data)

    def size(self) -> int:
        return len(self.bytes)

    def truncate(self, size: int) -> None:
        del self.bytes[size:]

    def sync(self) -> None:
        """Nothing to be done."""

    def close(self) -> None:
        """Nothing to be done."""


def with_log(base: Database) -> Database:
    """A fork whose commits go to a log."""
    database = base.fork()
    file: Any = MemoryFile()
    database.committer.log = Log.create(file, "memory", LogHead(bytes(16), b"interleavings..", 1), base.root.commit_id)
    return database


def playing() -> Player | None:
    """The player whose thread this is."""
    thread = threading.current_thread()
    return next((player for player in PLAYERS if player.thread is thread), None)


class HookedWaiter(Waiter):
    """Whoever waits for a sync says so."""

    __slots__ = ()

    def __init__(self, commit_id: float) -> None:
        super().__init__(commit_id)
        player = playing()
        if player is not None:
            self.bell = Bell(player)  # type: ignore[assignment]


class Hooks:
    """Where commits stop, and what became of them."""

    def __init__(self, points: Sequence[str]) -> None:
        self.points = frozenset(points)
        self.ids: dict[int, int] = {}
        self.stops = 0  # of commits, so far
        self.shared = 0  # of these, how many with several commits appended
        self.committer: Committer | None = None

    def stop(self, point: str) -> None:
        """The step is made as far as that; the next one goes on."""
        player = playing()
        if player is None or point not in self.points:
            return
        committer = self.committer
        assert committer is not None and committer.published is not committer.tip
        self.stops += 1
        self.shared += len(committer.unpublished) > 1
        player.made = True
        player.moved.release()
        player.told.acquire()
        assert committer.published is not committer.tip  # nobody has published it meanwhile (INV-R1)


@contextmanager
def hooked(points: Sequence[str]) -> Iterator[Hooks]:
    """Commits stop at these points."""
    hooks = Hooks(points)
    write, sync, end, gather, waiter = Log.write, Log.sync, Committer.commit, Committer._gather, Waiter

    def stopping_write(log: Log) -> None:
        hooks.stop("appended")
        write(log)

    def stopping_sync(log: Log) -> int:
        hooks.stop("written")
        covered = sync(log)
        hooks.stop("synced")
        return covered

    def telling_commit(committer: Committer, transaction: Any) -> int:
        commit_id = end(committer, transaction)
        hooks.ids[id(transaction)] = commit_id
        return commit_id

    patched: Any = (Log, Committer, commit_path)
    patched[0].write, patched[0].sync = stopping_write, stopping_sync
    patched[1].commit, patched[1]._gather = telling_commit, lambda committer, bell: None
    patched[2].Waiter = HookedWaiter
    try:
        yield hooks
    finally:
        patched[0].write, patched[0].sync = write, sync
        patched[1].commit, patched[1]._gather = end, gather
        patched[2].Waiter = waiter


class SteppedPlay(Play):
    """An interleaving in which commits have steps. A step beyond the COMMIT goes on with it, or is nothing."""

    def __init__(self, database: Database, transactions: Sequence[Sequence[str]], hooks: Hooks) -> None:
        super().__init__(database, transactions)
        self.hooks = hooks
        hooks.committer = database.committer
        hooks.ids.clear()

    def step(self, number: int, step: int) -> None:
        connection, steps = self.connections[number], self.transactions[number]
        if step < len(steps):
            super().step(number, step)
        elif step == len(steps):
            transaction = connection._session.transaction
            try:
                self.outcome.results[number] += commit(connection)
            except aerodb_dbapi.SerializationError:
                assert not connection.in_transaction
                self.lost[number] = True
                return
            place = self.hooks.ids.pop(id(transaction), None)
            self.outcome.places[number] = self.bases[number] + 0.5 if place is None else place


def play_out(play: SteppedPlay, order: Sequence[int], points: int) -> None:
    """Move in that order, and then whoever still has something to do."""
    everybody = range(len(play.players))
    for number in order:
        play.move(number)
    while any(player.busy for player in play.players):  # who led late may still have points to pass
        before = play.hooks.stops
        for number in everybody:
            play.move(number)
        assert play.hooks.stops > before or not any(player.busy for player in play.players), "somebody waits for ever"
    for number in everybody:
        for _ in range(points):
            play.move(number)


def explore_commits(
    base: Database, transactions: Sequence[Sequence[str]], points: Sequence[str] = POINTS
) -> tuple[int, int, int]:
    """Run every interleaving and compare; how many there were, how many transactions failed, and how often a commit stopped
    with others appended beside it."""
    known: dict[tuple[int, ...], Outcome] = {}
    runs = failed = 0
    with hooked(points) as hooks:
        for order in interleavings([len(steps) + 1 + len(points) for steps in transactions]):
            database = with_log(base)
            play = SteppedPlay(database, transactions, hooks)
            try:
                play_out(play, order, len(points))
            except BaseException:
                PLAYERS.clear()  # some may wait for ever
                raise
            assert all(lost or place is not None for lost, place in zip(play.lost, play.outcome.places))
            play.outcome.tables = content(play.connections[0])
            for connection in play.connections:
                connection.close()
            database.close()
            runs, failed = runs + 1, failed + sum(play.lost)
            compare(base, transactions, order, play.outcome, known)
    return runs, failed, hooks.shared
