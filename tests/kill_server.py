"""A process that makes processes to be killed: it has the package loaded, so each is there at once.

Run as a program, it reads one line of JSON for each child: the path, and the mode and the seed, or how many threads commit.
The child opens the database, tells ``ready``, and goes on with the steps of `kill_model.py`, telling ``done N`` after each
commit, until it is killed. Meanwhile, as the mode says, threads of it make checkpoints and hold read views; each tells when it
enters and leaves what it does: ``in checkpoint``, ``out checkpoint``. When it is dead the server tells ``end`` and how it died,
which nothing can overtake, for all write to one pipe.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import kill_model

import aerodb_dbapi


def tell(line: str) -> None:
    """One line to whoever kills, whole."""
    os.write(1, line.encode() + b"\n")


@contextmanager
def inside(what: str) -> Iterator[None]:
    """Tell that something is under way."""
    tell(f"in {what}")
    yield
    tell(f"out {what}")


def guarded(work: Callable[[], None]) -> None:
    """Run; what goes wrong ends the process and is seen."""
    try:
        work()
    except BaseException:
        sys.stderr.write(traceback.format_exc())
        sys.stderr.flush()
        os._exit(3)


def connect(path: str) -> Any:
    """A connection with a small cache, so that nodes come and go."""
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size = -256")
    return connection


def checkpoints(path: str) -> None:
    """One checkpoint after the other."""
    connection = connect(path)
    while True:
        with inside("checkpoint"):
            connection.execute("PRAGMA wal_checkpoint").fetchall()


def views(path: str) -> None:
    """Read views of some age; each sees one commit however long it is held."""
    connection = connect(path)
    while True:
        with connection.read_view() as view:
            before = kill_model.found(view)
            time.sleep(0.01)
            assert kill_model.found(view) == before


def write(path: str, mode: str, seed: int) -> None:
    """The steps."""
    connection = connect(path)
    state = kill_model.read(connection)
    model = kill_model.State(state.step, state.tables, state.snapshots)
    while True:
        actions = kill_model.decide(seed, model.step + 1, mode, model)
        kill_model.perform(connection, model.step + 1, actions)
        model = kill_model.follow(model, actions)
        tell(f"done {model.step}")
        if mode == "vacuum" and model.step % 4 == 0:
            with inside("vacuum"):
                connection.execute("VACUUM")


def child(path: str, mode: str, seed: int) -> None:
    """Open, and work as a mode says."""
    with inside("opening"):
        connection = connect(path)
        connection.execute(f"PRAGMA wal_autocheckpoint = {3 if mode in ('load', 'commit') else 0}")
    tell("ready")
    others = {"checkpoint": [checkpoints], "collect": [checkpoints, views]}.get(mode, [])
    for other in others:
        threading.Thread(target=guarded, args=(lambda other=other: other(path),), daemon=True).start()
    write(path, mode, seed)


def write_groups(path: str, writer: int) -> None:
    """Transactions of one of several threads: a group of rows, and its number in a table of the thread."""
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    (number,) = connection.execute(f"SELECT number FROM last_{writer}").fetchone()
    while True:
        number += 1
        connection.execute("BEGIN")
        filler = "x" * (50 if number % 20 else 150_000)
        rows = [(writer, number, part, filler) for part in range(4)]
        connection.executemany("INSERT INTO groups VALUES (?, ?, ?, ?)", rows)
        connection.execute(f"UPDATE last_{writer} SET number = ?", (number,))
        connection.execute("COMMIT")
        tell(f"done {writer} {number}")


def writers(path: str, threads: int, synchronous: str) -> None:
    """Several threads that commit at a time."""
    first = aerodb_dbapi.connect(path, isolation_level=None)
    first.execute(f"PRAGMA synchronous = {synchronous}")
    first.execute("CREATE TABLE IF NOT EXISTS groups(writer INTEGER, number INTEGER, part INTEGER, filler TEXT)")
    first.execute("CREATE INDEX IF NOT EXISTS by_number ON groups(writer, number)")
    for writer in range(threads):
        first.execute(f"CREATE TABLE IF NOT EXISTS last_{writer}(id INTEGER PRIMARY KEY, number INTEGER)")
        first.execute(f"INSERT OR IGNORE INTO last_{writer} VALUES (1, 0)")
    tell("ready")
    for writer in range(1, threads):
        threading.Thread(target=guarded, args=(lambda writer=writer: write_groups(path, writer),), daemon=True).start()
    write_groups(path, 0)


def serve() -> None:
    """A child for each line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        process = os.fork()
        if process == 0:
            guarded(lambda order=order: (child if "mode" in order else writers)(**order))
        tell(f"child {process}")
        _, status = os.waitpid(process, 0)
        tell(f"end {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    serve()
