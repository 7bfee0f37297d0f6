"""The store beside `sqlite3` (WAL, synchronous FULL): opening, cold reading, size, checkpoints, memory.

Run with ``python benchmarks/store.py [--rows N]``. It prints a table in Markdown: what, ours, theirs, and theirs divided by ours
(above 1: ours is quicker, or smaller). Cold: the file was closed and opened again; the operating system
may still have it in memory, for both alike. Memory is measured in processes of their own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aerodb_dbapi

ROUNDS = 8
NAMES = tuple(f"name {i}" for i in range(1000))

SCAN = """
import sys
sys.path[:0] = {path!r}
import {module} as driver
connection = driver.connect({file!r} or ":memory:")
connection.execute("PRAGMA cache_size = {cache}")
for _ in range(2 if {rows} else 0):
    total = connection.execute("SELECT sum(c), count(*), max(d) FROM t").fetchone()
    for low in range(0, {rows}, {rows} // 50):
        connection.execute("SELECT * FROM t WHERE id BETWEEN ? AND ?", (low, low + 100)).fetchall()
print([int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""


def rows(count: int) -> list[tuple[Any, ...]]:
    """Typical rows: number, short text of a thousand, text of its own, real."""
    return [(i * 7919 % 100_000, NAMES[i * 31 % 1000], f"value number {i}", i / 8) for i in range(count)]


def connect_ours(path: str) -> Any:
    """A connection of ours in autocommit mode."""
    return aerodb_dbapi.connect(path, isolation_level=None)


def connect_theirs(path: str) -> Any:
    """A connection of sqlite3 as durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = full")
    return connection


def fill(connect: Callable[[str], Any], path: str, data: list[tuple[Any, ...]]) -> None:
    """A table with one index, in a file that was closed."""
    connection = connect(path)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a INT, b TEXT, d TEXT, c REAL)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t(a, b, d, c) VALUES (?, ?, ?, ?)", data)
    connection.execute("CREATE INDEX t_a ON t(a)")
    connection.execute("COMMIT")
    connection.close()


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cold(mine: str, other: str, sql: str, repeats: int) -> list[float]:
    """Seconds from opening to the last row of a statement, ours and theirs by turns; the least of each."""

    def run(connect: Callable[[str], Any], path: str) -> None:
        connection = connect(path)
        connection.execute(sql).fetchall()
        connection.close()

    both = partial(run, connect_ours, mine), partial(run, connect_theirs, other)
    return [min(times) for times in zip(*[[timed(one) for one in both] for _ in range(repeats)])]


def checkpoints(mine: str, other: str, count: int) -> list[list[float]]:
    """Seconds that each of some checkpoints takes, ours and theirs by turns, each after a change of other rows."""
    both = connect_ours(mine), connect_theirs(other)
    took: list[list[float]] = [[], []]
    for connection in both:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    for part in range(ROUNDS):
        for connection, seconds in zip(both, took):
            connection.execute(f"UPDATE t SET a = a + 1 WHERE id % 8 = {part} AND id < {count}")
            seconds.append(timed(partial(connection.execute, "PRAGMA wal_checkpoint(PASSIVE)")))
    for connection in both:
        connection.close()
    return took


def checkpoint_cost(connect: Callable[[str], Any], path: str, count: int) -> tuple[float, list[float]]:
    """Seconds that a checkpoint of many changed rows takes, and those of each commit made by another thread meanwhile."""
    writer, other = connect(path), connect(path)
    other.execute("CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY, x INT)")
    for connection in (writer, other):
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute(f"UPDATE t SET a = a + 1 WHERE id % 8 = 0 AND id < {count}")
    took: list[float] = []
    done = threading.Event()

    def commit() -> None:
        connection = connect(path)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        while not done.is_set():
            took.append(timed(lambda: connection.execute("INSERT INTO log(x) VALUES (1)")))
        connection.close()

    thread = threading.Thread(target=commit)
    thread.start()
    time.sleep(0.05)
    took.clear()
    seconds = timed(lambda: writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())
    done.set()
    thread.join()
    writer.close()
    other.close()
    return seconds, sorted(took) or [0.0]


def memory(module: str, path: str, cache_bytes: int, count: int) -> int:
    """The most memory, in bytes, of a process that reads all of a file with a small cache, or nothing if it has no rows (Linux)."""
    text = SCAN.format(path=sys.path, module=module, file=path, cache=-(cache_bytes // 1024), rows=count)
    return int(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout)


def show(title: str, mine: float, other: float, unit: str) -> None:
    """One line of the table."""
    print(f"| {title} | {mine:,.2f} {unit} | {other:,.2f} {unit} | {other / mine:.2f} |", flush=True)


def main() -> None:
    """Run all cases and print the table."""
    parser = argparse.ArgumentParser(description="AeroDB's store beside sqlite3")
    parser.add_argument("--rows", type=int, default=1_000_000)
    count = parser.parse_args().rows
    print("| case | AeroDB | sqlite3 | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        mine, other = str(Path(folder) / "a.db"), str(Path(folder) / "s.db")
        data = rows(count)
        loads = [
            timed(partial(fill, connect, path, data))
            for connect, path in ((connect_ours, mine), (connect_theirs, other))
        ]
        show("load, index and close", *loads, "s")
        del data
        show("bytes a row, with one index", os.path.getsize(mine) / count, os.path.getsize(other) / count, "")
        for title, sql in (
            ("open, first row, close", "SELECT * FROM t LIMIT 1"),
            ("open, one row by rowid, close", f"SELECT * FROM t WHERE id = {count // 2}"),
            ("cold sum of one column", "SELECT sum(c) FROM t"),
            ("cold filter and group", "SELECT b, count(*) FROM t WHERE a < 50000 GROUP BY b"),
            ("cold fetchall", "SELECT * FROM t"),
        ):
            times = cold(mine, other, sql, 20 if "row" in title else 3)
            show(title, 1000 * times[0], 1000 * times[1], "ms")
        budget = 32 << 20
        peaks = [
            memory(driver, path, budget, count) / 1e6 for driver, path in (("aerodb_dbapi", mine), ("sqlite3", other))
        ]
        show("memory, all read with a cache of 32 MiB", *peaks, "MB")
        show(
            "of it before anything is read",
            *[memory(d, "", budget, 0) / 1e6 for d in ("aerodb_dbapi", "sqlite3")],
            "MB",
        )
        copies = [shutil.copy(path, f"{path}.copy") for path in (mine, other)]
        ours, theirs = checkpoints(*copies, count // 4)
        show("checkpoint after changing a thirty-second of the rows", 1000 * ours[0], 1000 * theirs[0], "ms")
        show(f"mean of {ROUNDS} such changes and checkpoints", *[1000 * sum(s) / ROUNDS for s in (ours, theirs)], "ms")
        (beside, commits), (their_beside, their_commits) = (
            checkpoint_cost(connect, path, count // 4)
            for connect, path in ((connect_ours, mine), (connect_theirs, other))
        )
        show("the first of them while another thread commits", 1000 * beside, 1000 * their_beside, "ms")
        for title, share in (("median", 0.5), ("95th percentile", 0.95), ("slowest", 1.0)):
            mine_then, theirs_then = (
                1000 * took[max(0, round(share * len(took)) - 1)] for took in (commits, their_commits)
            )
            show(f"{title} of the commits meanwhile", mine_then, theirs_then, "ms")
        print(f"\n{count:,} rows; commits made meanwhile: {len(commits)} and {len(their_commits)}.")


if __name__ == "__main__":
    main()
