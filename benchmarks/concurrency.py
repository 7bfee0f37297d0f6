"""`make bench-concurrency`: many clients of one file, AeroDB beside `sqlite3` (WAL, synchronous FULL, timeout 5 s).

Run with ``python benchmarks/concurrency.py [--seconds S] [--sync-ms N] [--only TEXT]``. Prints tables in Markdown; a ratio
above 1 says that AeroDB is ahead.

Method
    Every client, a thread or a process of its own, has its own connection and runs transactions one after the other for
    `--seconds`; the two engines take turns, case by case, each on a new file. An *insert* is one INSERT that commits by
    itself. All else are transfers, which read two rows and write both. With *disjoint rows* each client has rows of its
    own, with a *hot set* all share eight. AeroDB begins with BEGIN; sqlite3 with BEGIN IMMEDIATE, without which it
    fails where a transaction reads before it writes, but for the case that shows this. What fails is counted by kind,
    rolled back and run again; a latency is from the first attempt to the commit. After each case the sum of all rows
    must be what it was.

Fairness
    Four threads, then four processes, take the one write transaction (BEGIN IMMEDIATE) to change one row; and make transfers
    between rows of their own. The least share is the number of transactions of the client that had fewest, as a part of
    an even share. No wait is seen that is longer than the run.

Syncs
    On Linux with a C compiler, a small library that is loaded before libc's counts fsync and fdatasync of both engines,
    and with `--sync-ms N` makes each take N ms more. That is what a disk does that must really write: one that answers in
    0.2 ms hides what it is worth to let several commits share a sync.

Machines are noisy: read a ratio as good to a factor of about 1.3. No test asserts a time.
"""

from __future__ import annotations

import argparse
import ctypes
import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aerodb_dbapi

ROWS = 1600
BALANCE = 1000
HOT = 8
TIMEOUT = 5.0
START_SECONDS = 60  # for all clients to be there
SHIM_READY = "AERODB_BENCHMARK_SHIM"
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static long count;

long benchmark_syncs(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }

static int slowed(const char *name, int descriptor) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
    int result = real(descriptor);
    const char *text = getenv("AERODB_BENCHMARK_SYNC_US");
    long us = text ? atol(text) : 0;
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    if (us > 0) {
        struct timespec pause = {us / 1000000, us % 1000000 * 1000};
        nanosleep(&pause, NULL);
    }
    return result;
}

int fsync(int descriptor) { return slowed("fsync", descriptor); }
int fdatasync(int descriptor) { return slowed("fdatasync", descriptor); }
"""


@dataclass
class Outcome:
    """What a client did: the latency of each transaction in seconds, how long it waited in vain at the end, errors by
    kind, how long it ran; the syncs of its process."""

    latencies: list[float] = field(default_factory=list)
    in_vain: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    elapsed: float = 0.0
    syncs: int | None = None


@dataclass
class Client:
    """One client of a run. `role` names its transaction in `ROLES`, `number` which of `clients` it is."""

    engine: str
    path: str
    role: str
    number: int
    clients: int
    begin: str
    settings: tuple[str, ...] = ()


# --- engines ---------------------------------------------------------------------------------------------------------


def connect(engine: str, path: str) -> Any:
    """A connection in autocommit mode, as durable with one engine as with the other."""
    if engine == "aerodb":
        return aerodb_dbapi.connect(path, isolation_level=None, timeout=TIMEOUT)
    connection = sqlite3.connect(path, isolation_level=None, timeout=TIMEOUT)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = full")
    return connection


def fill(engine: str, path: str) -> None:
    """The table of all cases."""
    connection = connect(engine, path)
    connection.execute("CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER, note TEXT)")
    connection.execute("CREATE TABLE log(id INTEGER PRIMARY KEY, text TEXT)")
    connection.execute("BEGIN")
    rows = [(i, BALANCE, f"account {i}") for i in range(ROWS)]
    connection.executemany("INSERT INTO account VALUES (?, ?, ?)", rows)
    connection.execute("COMMIT")
    connection.close()


def check(engine: str, path: str) -> None:
    """No transfer was lost, or done by half."""
    connection = connect(engine, path)
    found = connection.execute("SELECT sum(balance), count(*) FROM account WHERE id > 0").fetchone()
    connection.close()
    if tuple(found) != (BALANCE * (ROWS - 1), ROWS - 1):
        raise SystemExit(f"{engine}: wrong result: {found}")


def kind(error: Exception) -> str:
    """Errors of one kind have one name: the message, or the class where the message has details."""
    if isinstance(error, aerodb_dbapi.SerializationError):
        return "SerializationError"
    return str(error).split(": ")[0]


# --- transactions ----------------------------------------------------------------------------------------------------


def transfer(connection: Any, begin: str, source: int, target: int) -> None:
    """Read two rows, write both."""
    execute = connection.execute
    execute(begin)
    (one,) = execute("SELECT balance FROM account WHERE id = ?", (source,)).fetchone()
    (other,) = execute("SELECT balance FROM account WHERE id = ?", (target,)).fetchone()
    execute("UPDATE account SET balance = ? WHERE id = ?", (one - 1, source))
    execute("UPDATE account SET balance = ? WHERE id = ?", (other + 1, target))
    execute("COMMIT")


def disjoint(connection: Any, client: Client, draw: random.Random) -> None:
    """A transfer between rows of one's own."""
    each = (ROWS - 1) // client.clients
    low = 1 + client.number * each
    source, target = draw.sample(range(low, low + each), 2)
    transfer(connection, client.begin, source, target)


def hot(connection: Any, client: Client, draw: random.Random) -> None:
    """A transfer between two of eight rows."""
    source, target = draw.sample(range(1, 1 + HOT), 2)
    transfer(connection, client.begin, source, target)


def insert(connection: Any, client: Client, draw: random.Random) -> None:
    """One row more, in a transaction of its own."""
    connection.execute("INSERT INTO log(text) VALUES (?)", ("an entry",))


def one_row(connection: Any, client: Client, draw: random.Random) -> None:
    """Take the write transaction, and change row 0."""
    connection.execute(client.begin)
    connection.execute("UPDATE account SET balance = balance + 1 WHERE id = 0")
    connection.execute("COMMIT")


def read(connection: Any, client: Client, draw: random.Random) -> None:
    """One row by its key."""
    connection.execute("SELECT balance, note FROM account WHERE id = ?", (draw.randrange(ROWS),)).fetchone()


def hundred_reads(connection: Any, client: Client, draw: random.Random) -> None:
    """A hundred rows by their keys, one write."""
    execute = connection.execute
    execute(client.begin)
    for key in draw.sample(range(ROWS), 100):
        execute("SELECT balance FROM account WHERE id = ?", (key,)).fetchone()
    execute("UPDATE account SET balance = balance + 1 WHERE id = 0")
    execute("COMMIT")


ROLES: dict[str, Callable[[Any, Client, random.Random], None]] = {
    "disjoint": disjoint,
    "hot": hot,
    "insert": insert,
    "one row": one_row,
    "read": read,
    "hundred reads": hundred_reads,
}

# --- clients ---------------------------------------------------------------------------------------------------------


def opened(client: Client, outcome: Outcome) -> Any:
    """A connection; None if the file cannot be opened now."""
    try:
        connection = connect(client.engine, client.path)
        for setting in client.settings:
            connection.execute(setting)
        connection.execute("SELECT count(*) FROM account").fetchone()
        return connection
    except (aerodb_dbapi.OperationalError, sqlite3.OperationalError) as error:
        outcome.errors[kind(error)] += 1
        return None


def play(client: Client, start: Any, seconds: float) -> Outcome:
    """Run transactions until the time is over; each until it succeeds."""
    outcome = Outcome()
    draw = random.Random(client.number)
    role = ROLES[client.role]
    connection = opened(client, outcome)
    start.wait(START_SECONDS)
    begun = time.perf_counter()
    stop = begun + seconds
    at = begun
    while at < stop:
        try:
            if connection is None:
                connection = opened(client, outcome)
            if connection is not None:
                role(connection, client, draw)
                now = time.perf_counter()
                outcome.latencies.append(now - at)
                at = now
                continue
        except (aerodb_dbapi.OperationalError, sqlite3.OperationalError) as error:
            outcome.errors[kind(error)] += 1
            with suppress(aerodb_dbapi.OperationalError, sqlite3.OperationalError):
                connection.execute("ROLLBACK")
        now = time.perf_counter()
        if now > stop + TIMEOUT or (connection is None and now > stop):
            outcome.in_vain = now - at
            break
    outcome.elapsed = time.perf_counter() - begun
    if connection is not None:
        connection.close()
    return outcome


def play_in_process(client: Client, start: Any, seconds: float, answers: Any) -> None:
    """The main function of a client that is a process."""
    before = syncs()
    outcome = play(client, start, seconds)
    after = syncs()
    outcome.syncs = None if before is None or after is None else after - before
    answers.put((client.number, outcome))


def by_threads(clients: list[Client], seconds: float) -> list[Outcome]:
    """Run the clients as threads of this process."""
    start = threading.Barrier(len(clients))
    outcomes: dict[int, Outcome] = {}

    def work(client: Client) -> None:
        outcomes[client.number] = play(client, start, seconds)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    before = syncs()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = syncs()
    found = [outcomes[client.number] for client in clients]
    found[0].syncs = None if before is None or after is None else after - before
    return found


def by_processes(clients: list[Client], seconds: float) -> list[Outcome]:
    """Run each client as a process of its own."""
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(len(clients)), context.Queue()
    processes = [
        context.Process(target=play_in_process, args=(client, start, seconds, answers), daemon=True)
        for client in clients
    ]
    for process in processes:
        process.start()
    limit = START_SECONDS + seconds + 4 * TIMEOUT
    outcomes = dict(answers.get(timeout=limit) for _ in clients)
    for process in processes:
        process.join()
    return [outcomes[client.number] for client in clients]


def run(
    engine: str,
    roles: list[str],
    seconds: float,
    *,
    processes: bool = False,
    begin: str = "BEGIN",
    settings: tuple[str, ...] = (),
) -> list[Outcome]:
    """One case on one engine, in a new file; what each client did."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "bench.db")
        fill(engine, path)
        clients = [Client(engine, path, role, i, len(roles), begin, settings) for i, role in enumerate(roles)]
        outcomes = (by_processes if processes else by_threads)(clients, seconds)
        check(engine, path)
        return outcomes


# --- figures ---------------------------------------------------------------------------------------------------------


def percentile(outcomes: list[Outcome], part: float) -> float:
    """A percentile of all latencies, in milliseconds; who never came to its turn counts as one."""
    found = sorted(latency for o in outcomes for latency in (*o.latencies, *([o.in_vain] if o.in_vain else [])))
    return 1000 * found[min(int(part * len(found)), len(found) - 1)] if found else float("nan")


def rate(outcomes: list[Outcome]) -> float:
    """Transactions per second."""
    return sum(len(outcome.latencies) for outcome in outcomes) / max(outcome.elapsed for outcome in outcomes)


def per_sync(outcomes: list[Outcome]) -> str:
    """Transactions for each sync."""
    known = [outcome.syncs for outcome in outcomes if outcome.syncs is not None]
    return f"{sum(len(o.latencies) for o in outcomes) / sum(known):.2f}" if sum(known) else "–"


def least_share(outcomes: list[Outcome]) -> float:
    """The share of the client that had fewest transactions, in percent of an even one."""
    counts = [len(outcome.latencies) for outcome in outcomes]
    return 100 * min(counts) * len(counts) / max(sum(counts), 1)


def told(outcomes: list[Outcome]) -> str:
    """Errors by kind."""
    errors = sum((outcome.errors for outcome in outcomes), Counter[str]())
    return ", ".join(f"{name}: {count}" for name, count in sorted(errors.items())) or "none"


def divided(over: float, under: float) -> str:
    """A ratio."""
    return f"{over / under:.2f}" if under else "–"


def show(*cells: str) -> None:
    """One line of a table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def head(*cells: str) -> None:
    """The head of a table."""
    print()
    show(*cells)
    show(*["---"] * len(cells))


def both(form: str, mine: float, other: float) -> str:
    """Two figures in one cell."""
    return f"{mine:{form}} / {other:{form}}"


# --- cases -----------------------------------------------------------------------------------------------------------


def transfers(seconds: float, wanted: str) -> None:
    """Committed inserts and transfers, by threads and by processes."""
    sides = [("1 thread", False, 1), ("4 threads", False, 4), ("16 threads", False, 16)]
    sides += [("1 process", True, 1), ("4 processes", True, 4)]
    cases = [
        (f"{side}, {title}", processes, count, role, "BEGIN IMMEDIATE")
        for role, title in (("insert", "inserts"), ("disjoint", "disjoint rows"), ("hot", "hot set"))
        for side, processes, count in sides
    ]
    cases.append(("4 threads, hot set, sqlite3 with BEGIN", False, 4, "hot", "BEGIN"))
    cases = [case for case in cases if wanted in case[0]]
    if not cases:
        return
    head(
        "durable commits", "AeroDB per second", "sqlite3 per second", "ratio", "p50 ms, AeroDB / sqlite3",
        "p99 ms, AeroDB / sqlite3", "transactions per sync", "errors of AeroDB, run again", "errors of sqlite3, run again",
    )  # fmt: skip
    for title, processes, count, role, begin in cases:
        roles = [role] * count
        mine = run("aerodb", roles, seconds, processes=processes)
        other = run("sqlite3", roles, seconds, processes=processes, begin=begin)
        show(
            title,
            f"{rate(mine):.0f}",
            f"{rate(other):.0f}",
            divided(rate(mine), rate(other)),
            both(".2f", percentile(mine, 0.5), percentile(other, 0.5)),
            both(".2f", percentile(mine, 0.99), percentile(other, 0.99)),
            f"{per_sync(mine)} / {per_sync(other)}",
            told(mine),
            told(other),
        )


def fairness(seconds: float) -> None:
    """Four clients that want the same write transaction, or the disk."""
    head("four clients", "AeroDB per second", "sqlite3 per second", "least share, AeroDB / sqlite3",
         "longest wait in s, AeroDB / sqlite3", "errors of AeroDB, run again", "errors of sqlite3, run again")  # fmt: skip
    for title, role, processes in (
        ("threads, BEGIN IMMEDIATE on one row", "one row", False),
        ("processes, BEGIN IMMEDIATE on one row", "one row", True),
        ("processes, transfers, disjoint rows", "disjoint", True),
    ):
        begins = {"aerodb": "BEGIN" if role == "disjoint" else "BEGIN IMMEDIATE", "sqlite3": "BEGIN IMMEDIATE"}
        sides = [run(engine, [role] * 4, seconds, processes=processes, begin=begins[engine]) for engine in begins]
        rates = [f"{rate(side):.0f}" for side in sides]
        shares = [f"{least_share(side):.1f} %" for side in sides]
        longest = [percentile(side, 1.0) / 1000 for side in sides]
        show(title, *rates, " / ".join(shares), both(".3f", *longest), *map(told, sides))


def readers(seconds: float) -> None:
    """A reader beside a writer that commits without pause."""
    head("one row read, a writer beside", "AeroDB p50 ms", "sqlite3 p50 ms", "ratio", "AeroDB p99 ms", "sqlite3 p99 ms",
         "ratio", "commits of the writer per second, AeroDB / sqlite3")  # fmt: skip
    for title, roles, processes in (
        ("no writer", ["read"], False),
        ("a thread writes", ["read", "one row"], False),
        ("a process writes", ["read", "one row"], True),
    ):
        sides = [run(engine, roles, seconds, processes=processes) for engine in ("aerodb", "sqlite3")]
        p50, p99 = ([percentile(side[:1], part) for side in sides] for part in (0.5, 0.99))
        writing = [rate(side[1:]) if side[1:] else 0.0 for side in sides]
        show(title, f"{p50[0]:.3f}", f"{p50[1]:.3f}", divided(p50[1], p50[0]), f"{p99[0]:.3f}", f"{p99[1]:.3f}",
             divided(p99[1], p99[0]), both(".0f", *writing))  # fmt: skip


def tracking(seconds: float) -> None:
    """What it costs to remember what a transaction reads: AeroDB at its two isolation levels, without syncs."""
    connection = aerodb_dbapi.connect(":memory:")
    known = connection.execute("PRAGMA isolation").fetchone()
    connection.close()
    if known is None:
        return
    head("100 reads and a write, AeroDB", "p50 ms", "beside snapshot")
    base = 0.0
    for level in ("snapshot", "serializable"):
        settings = ("PRAGMA synchronous = off", f"PRAGMA isolation = {level}")
        took = percentile(run("aerodb", ["hundred reads"], seconds, settings=settings), 0.5)
        base = base or took
        show(level, f"{took:.3f}", divided(took, base))


# --- counted and slower syncs -----------------------------------------------------------------------------------------


def syncs() -> int | None:
    """How often this process has called fsync or fdatasync; None if nobody counts."""
    if SHIM_READY not in os.environ:
        return None
    return int(ctypes.CDLL(None).benchmark_syncs())


def build_shim(folder: str) -> str | None:
    """Compile the library that counts and slows syncs; None where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    source, library = Path(folder) / "sync.c", Path(folder) / "sync.so"
    source.write_text(SHIM)
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    return str(library) if subprocess.run(command, capture_output=True).returncode == 0 else None


def again_with_shim(sync_ms: float) -> int | None:
    """Run this program with the library loaded; its exit code, or None where there is no library."""
    with tempfile.TemporaryDirectory() as folder:
        library = build_shim(folder)
        if library is None:
            return None
        environment = os.environ | {
            "LD_PRELOAD": f"{library} {os.environ.get('LD_PRELOAD', '')}".strip(),
            "AERODB_BENCHMARK_SYNC_US": str(int(1000 * sync_ms)),
            SHIM_READY: "1",
        }
        return subprocess.run([sys.executable, __file__, *sys.argv[1:]], env=environment).returncode


def main() -> int:
    """Run all cases and print the tables."""
    parser = argparse.ArgumentParser(description="Many clients of one file: AeroDB beside sqlite3")
    parser.add_argument("--seconds", type=float, default=2.5, help="length of each case on each engine")
    parser.add_argument(
        "--sync-ms", type=float, default=0.0, help="let each sync take so much longer, for both engines"
    )
    parser.add_argument("--only", default="", help="commits whose title contains this, or fairness, readers, tracking")
    options = parser.parse_args()
    if SHIM_READY not in os.environ:
        code = again_with_shim(options.sync_ms)
        if code is not None:
            return code
        if options.sync_ms:
            print("skipped: slower syncs need Linux and a C compiler named cc")
            return 0
    print(
        f"{options.seconds:g} s per case, syncs {options.sync_ms:g} ms longer than the disk's, {os.cpu_count()} cores"
    )
    topics = {"fairness": fairness, "readers": readers, "tracking": tracking}
    if options.only not in topics:
        transfers(options.seconds, options.only)
    for name, topic in topics.items():
        if options.only in ("", name):
            topic(options.seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
