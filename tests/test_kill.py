"""A process that commits is killed at a random moment, fifty times: what it was told is there, and nothing by halves.

The child opens the database through the driver, and after each commit writes the number of the row group it committed
to a pipe. The parent kills it (SIGKILL) after a random delay, reads what arrived, and opens the file. Each transaction
inserts a group of rows, all or none of which must be there (INV-R2); every group acknowledged must be (INV-R1); the
numbers of the groups have no gap, and the number kept in another table by the same transaction agrees.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import aerodb_dbapi

GROUP = 4

CHILD = """
import os, sys, threading
import aerodb_dbapi

path, threads, synchronous = sys.argv[1], int(sys.argv[2]), sys.argv[3]
first = aerodb_dbapi.connect(path, isolation_level=None)
first.execute(f"PRAGMA synchronous = {synchronous}")
first.execute("CREATE TABLE IF NOT EXISTS groups(writer INTEGER, number INTEGER, part INTEGER, filler TEXT)")
first.execute("CREATE INDEX IF NOT EXISTS by_number ON groups(writer, number)")
for writer in range(threads):
    first.execute(f"CREATE TABLE IF NOT EXISTS last_{writer}(id INTEGER PRIMARY KEY, number INTEGER)")
    first.execute(f"INSERT OR IGNORE INTO last_{writer} VALUES (1, 0)")
os.write(1, b"ready\\n")

def write(writer):
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
        os.write(1, b"%d %d\\n" % (writer, number))

for writer in range(1, threads):
    threading.Thread(target=write, args=(writer,), daemon=True).start()
write(0)
"""


def run_and_kill(path: Path, chance: random.Random, threads: int, synchronous: str) -> dict[int, int]:
    """One child, killed; the last group acknowledged of each of its threads."""
    arguments = [sys.executable, "-c", CHILD, str(path), str(threads), synchronous]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stderr is not None
        line = child.stdout.readline()
        assert line == b"ready\n", child.stderr.read().decode()
        time.sleep(chance.random() * 0.15)
        os.kill(child.pid, signal.SIGKILL)
        lines, errors = child.communicate()
        assert child.returncode == -signal.SIGKILL and not errors, errors.decode()
    told: dict[int, int] = {}
    for line in lines.splitlines(keepends=True):
        if line.endswith(b"\n"):
            writer, number = map(int, line.split())
            told[writer] = number
    return told


def check(path: Path, told: dict[int, int], threads: int) -> None:
    """Open what is left and compare it with what was told; `told` then holds what is there."""
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


@pytest.mark.parametrize(("threads", "synchronous", "rounds"), [(1, "FULL", 30), (3, "FULL", 12), (1, "NORMAL", 8)])
def test_a_killed_process_loses_nothing_it_acknowledged(
    tmp_path: Path, threads: int, synchronous: str, rounds: int
) -> None:
    """Fifty kills in all. Death of the process alone loses nothing without sync either."""
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    path, held, kept = tmp_path / "killed.db", dict.fromkeys(range(threads), 0), 0
    for _ in range(rounds):
        if path.exists() and path.stat().st_size > 8_000_000:
            for file in tmp_path.glob("killed.db*"):
                file.unlink()
            held = dict.fromkeys(range(threads), 0)
        told = run_and_kill(path, chance, threads, synchronous)
        held = {writer: max(number, told.get(writer, 0)) for writer, number in held.items()}
        before = sum(held.values())
        check(path, held, threads)
        kept += before
    assert kept > rounds
