"""Processes are killed at random moments: what they were told is there, and nothing by halves.

Each child works on a database until SIGKILL meets it: while it opens the file, loads, commits, makes checkpoints, collects
(snapshots, read views, tables dropped), or vacuums. Then the file is opened and compared with a model that repeats the child's
steps (`kill_model.py`): every step acknowledged is there (INV-R1), none in part (INV-R2), none beyond the one that was under
way; every table, every snapshot and the states within `history_retention` have the rows they should (INV-C8, INV-C9), and
`integrity_check` finds nothing. Every other time this happens in a copy of the files, so that the next child recovers from
what the killed one left. Then the next child goes on.

A second test has several threads that commit at a time. The ordinary run kills 70 times, fifty of them writers that do nothing but
commit, ``-m long`` 300 times more; the figures are printed at the end.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from kill_model import MODES, RETENTION, Model, create

import aerodb_dbapi

HERE = Path(__file__).parent
SIZE_MAX = 4_000_000


class Server:
    """A process that makes children, and the pipe that all of them write to."""

    def __init__(self, program: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def kill_one(self, order: dict[str, object], delay: float, steps: int | None) -> list[str]:
        """One child, killed some time after it was made, or after it was ready and did so many steps; what it told."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        told: list[str] = []
        number = 0
        while not number or (steps is not None and ("ready" not in told or steps > 0)):
            line = self.line()
            assert not line.startswith("end"), told
            number = int(line.split()[1]) if line.startswith("child") else number
            steps = steps - line.startswith("done") if steps else steps
            told.append(line)
        time.sleep(delay)
        os.kill(number, signal.SIGKILL)
        while not told[-1].startswith("end"):
            told.append(self.line())
        assert told[-1] == f"end {-signal.SIGKILL}"
        return told

    def line(self) -> str:
        """The next line, whole."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.endswith("\n"), "the server of children ended"
        return line[:-1]

    def close(self) -> None:
        """No more children."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Figures that are printed at the end of the session."""
    found: Counter[str] = Counter()
    yield found
    request.node.user_properties.extend(("crashes", (name, count)) for name, count in found.items())


def new_seed() -> int:
    """Another one every time, printed with a failure."""
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    return seed


# --- one writer, checkpoints, collection, VACUUM ----------------------------------------------------------------------


def made(path: Path, mode: str) -> Model:
    """A new database, and its model."""
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
    with aerodb_dbapi.connect(str(path), isolation_level=None) as connection:
        connection.execute("CREATE TABLE progress(step INT)")
        connection.execute("INSERT INTO progress VALUES (0)")
        create(connection, "t0")
        create(connection, "t1")
        if mode != "vacuum":  # which begins a new history
            connection.execute(f"PRAGMA history_retention = {RETENTION}")
        model = Model(connection.commit_id)
    connection.close()
    return model


def look(path: Path, model: Model, seed: int, mode: str, told: list[str]) -> None:
    """Compare what is there with what was told, and with the model."""
    connection = aerodb_dbapi.connect(str(path), isolation_level=None)
    try:
        ((step,),) = connection.execute("SELECT step FROM progress").fetchall()
        done = max([int(line.split()[1]) for line in told if line.startswith("done")], default=model.latest.step)
        assert done <= step <= done + 1
        model.advance(seed, mode, step)
        model.check(connection, promised=mode != "vacuum")
    finally:
        connection.close()


def under_way(told: list[str]) -> set[str]:
    """What the child was in the midst of."""
    entered: set[str] = set()
    for line in told:
        what = line.partition(" ")[2]
        if line.startswith("in "):
            entered.add(what)
        elif line.startswith("out "):
            entered.discard(what)
    return entered


def kill_often(folder: Path, mode: str, seed: int, rounds: int, counts: Counter[str]) -> None:
    """Children of one mode, one after the other, on one database."""
    chance = random.Random(seed)
    path, server = folder / "killed.db", Server("kill_server.py")
    model, steps = made(path, mode), 0
    try:
        for number in range(rounds):
            if path.stat().st_size > SIZE_MAX:
                model = made(path, mode)
            order = {"path": str(path), "mode": mode, "seed": seed}
            opening = chance.random() < 0.15
            wanted = None if opening else chance.randint(1, 6)
            told = server.kill_one(order, chance.random() * (0.03 if opening else 0.15), wanted)
            counts["killed processes"] += 1
            counts.update(f"of them in {what}" for what in under_way(told))
            before = model.latest.step
            try:
                if number % 2:
                    look(path, model, seed, mode, told)
                else:
                    look(copied(path, folder / "copy"), model, seed, mode, told)
            except BaseException as error:
                error.add_note(f"round {number}, {told}")
                raise
            steps += model.latest.step - before
    finally:
        server.close()
    assert steps


def copied(path: Path, folder: Path) -> Path:
    """The files of a database elsewhere."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in path.parent.glob(path.name + "*"):
        shutil.copy(file, folder / file.name)
    return folder / path.name


@pytest.mark.parametrize("mode", MODES)
def test_kills(tmp_path: Path, mode: str, counts: Counter[str]) -> None:
    kill_often(tmp_path, mode, new_seed(), 4, counts)


@pytest.mark.long
@pytest.mark.parametrize("piece", range(2))
@pytest.mark.parametrize("mode", MODES)
def test_kills_long(tmp_path: Path, mode: str, piece: int, counts: Counter[str]) -> None:
    """Two hundred and fifty."""
    kill_often(tmp_path, mode, new_seed(), 25, counts)


# --- several writers --------------------------------------------------------------------------------------------------

GROUP = 4


def check_groups(path: Path, told: dict[int, int], threads: int) -> None:
    """Each transaction inserted a group of rows, all or none of which must be there; the numbers of the groups have no gap,
    and the number kept in another table by the same transaction agrees. `told` then holds what is there."""
    with_all = aerodb_dbapi.connect(str(path))
    for writer in range(threads):
        parts = with_all.execute(
            "SELECT number, count(*), min(part), max(part), min(length(filler)) FROM groups WHERE writer = ? "
            "GROUP BY number ORDER BY number",
            (writer,),
        ).fetchall()
        assert parts == [(n, GROUP, 0, GROUP - 1, 50 if n % 20 else 150_000) for n in range(1, len(parts) + 1)]
        assert with_all.execute(f"SELECT number FROM last_{writer}").fetchone() == (len(parts),)
        assert told.get(writer, 0) <= len(parts)
        told[writer] = len(parts)
    (total,) = with_all.execute("SELECT count(*) FROM groups").fetchone()
    assert total == GROUP * sum(told.values())
    with_all.close()


def kill_writers(folder: Path, threads: int, synchronous: str, rounds: int, counts: Counter[str]) -> None:
    """Children with that many committing threads. Death of the process alone loses nothing without sync either."""
    chance = random.Random(new_seed())
    path, server = folder / "killed.db", Server("kill_server.py")
    held, kept = dict.fromkeys(range(threads), 0), 0
    try:
        for _ in range(rounds):
            if path.exists() and path.stat().st_size > 2 * SIZE_MAX:
                for file in folder.glob("killed.db*"):
                    file.unlink()
                held = dict.fromkeys(range(threads), 0)
            order: dict[str, object] = {"path": str(path), "threads": threads, "synchronous": synchronous}
            for line in server.kill_one(order, chance.random() * 0.15, chance.randint(1, 8)):
                if line.startswith("done"):
                    writer, number = map(int, line.split()[1:])
                    held[writer] = max(held[writer], number)
            counts["killed processes"] += 1
            kept += sum(held.values())
            check_groups(path, held, threads)
    finally:
        server.close()
    assert kept >= rounds


@pytest.mark.parametrize(("threads", "synchronous", "rounds"), [(1, "FULL", 25), (3, "FULL", 15), (1, "NORMAL", 10)])
def test_killed_writers(tmp_path: Path, threads: int, synchronous: str, rounds: int, counts: Counter[str]) -> None:
    kill_writers(tmp_path, threads, synchronous, rounds, counts)


@pytest.mark.long
@pytest.mark.parametrize(("threads", "synchronous", "rounds"), [(1, "FULL", 15), (3, "FULL", 25), (3, "NORMAL", 10)])
def test_killed_writers_long(tmp_path: Path, threads: int, synchronous: str, rounds: int, counts: Counter[str]) -> None:
    kill_writers(tmp_path, threads, synchronous, rounds, counts)
