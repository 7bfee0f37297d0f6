"""`make bench`: AeroDB beside `sqlite3`, in one process and one run, as ratios (sqlite3's time divided by AeroDB's).

Method: each case runs alternately on both, `--repeats` times; the least time of each side counts. In-memory databases on both
sides, but for the durable commits, which go to files (sqlite3: WAL, synchronous FULL). Machines are noisy: read a ratio as
good to about 15 %, durable commits to a factor of two. No test asserts a time.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aerodb_dbapi

ROWS = 200_000
WORDS = [f"word{i:03d}" for i in range(200)]
SCHEMA = "CREATE TABLE t(id INTEGER PRIMARY KEY, grp INTEGER, name TEXT, price REAL, note TEXT)"


def rows(count: int) -> list[tuple[Any, ...]]:
    """Deterministic rows of five columns."""
    return [(i, i * 7919 % 1000, WORDS[i * 31 % 200], i % 997 / 7, f"note {i}") for i in range(1, count + 1)]


DATA = rows(ROWS)
RUNS = itertools.count()


def filled(connect: Callable[..., Any]) -> Any:
    """An in-memory database with the table and an index on `grp`."""
    connection = connect(":memory:")
    connection.execute(SCHEMA)
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", DATA)
    connection.execute("CREATE INDEX t_grp ON t(grp)")
    connection.execute("CREATE TABLE s(name TEXT PRIMARY KEY, weight INTEGER)")
    connection.executemany("INSERT INTO s VALUES (?, ?)", [(word, i) for i, word in enumerate(WORDS)])
    connection.commit()
    return connection


def point_select(connection: Any) -> Any:
    """20,000 SELECTs by rowid through execute + fetchone."""
    execute = connection.cursor().execute
    total = 0
    for key in range(1, ROWS, ROWS // 20_000):
        total += execute("SELECT id, name, price FROM t WHERE id = ?", (key,)).fetchone()[0]
    return total


def point_select_new_cursors(connection: Any) -> Any:
    """The same through Connection.execute, which makes a cursor each time."""
    execute = connection.execute
    total = 0
    for key in range(1, ROWS, ROWS // 20_000):
        total += execute("SELECT id, name, price FROM t WHERE id = ?", (key,)).fetchone()[0]
    return total


def index_fetch(connection: Any) -> Any:
    """500 fetches of 200 rows each by a secondary index."""
    execute = connection.cursor().execute
    return sum(len(execute("SELECT * FROM t WHERE grp = ?", (key,)).fetchall()) for key in range(500))


def first_runs(connection: Any) -> Any:
    """The first run of 500 simple SELECTs of which no plan can be kept: each names its result otherwise."""
    mark = next(RUNS)
    execute = connection.cursor().execute
    for i in range(500):
        execute(f"SELECT id AS n{mark}_{i}, name FROM t WHERE id = ?", (i + 1,)).fetchall()


def first_shapes(connection: Any) -> Any:
    """The first run of 500 SELECTs that differ in columns, conditions and order, too: what nothing is kept of."""
    mark = next(RUNS)
    execute = connection.cursor().execute
    columns = ("id", "grp", "name", "price", "note")
    chosen = itertools.product(columns, columns, columns, ("<", ">", "<=", ">="), ("", " DESC"))
    for i, (a, b, c, operator, direction) in enumerate(itertools.islice(chosen, 0, 1000, 2)):
        sql = (
            f"SELECT {a} AS n{mark}_{i}, {b} FROM t WHERE grp = 7 AND {c} {operator} 0 ORDER BY {b}{direction} LIMIT 3"
        )
        execute(sql).fetchall()


def in_lists(connection: Any) -> Any:
    """200 SELECTs with IN lists of 50 to 250 parameters, each of another length."""
    mark = next(RUNS)
    execute = connection.cursor().execute
    found = 0
    for n in range(50, 250):
        marks = ",".join("?" * n)
        found += len(
            execute(f"SELECT id AS n{mark}, name FROM t WHERE id IN ({marks})", (*range(n, 3 * n, 2),)).fetchall()
        )
    return found


def rows_of_values(connection: Any) -> Any:
    """100 INSERTs of 100 to 200 rows of parameters, each of another number, in one transaction."""
    connection.execute("CREATE TABLE fresh(id INTEGER PRIMARY KEY, grp INTEGER, name TEXT, price REAL, note TEXT)")
    first = 0
    for n in range(100, 200):
        values = [value for row in DATA[first : first + n] for value in row]
        connection.execute(f"INSERT INTO fresh VALUES {', '.join(['(?, ?, ?, ?, ?)'] * n)}", values)
        first += n
    connection.commit()


def query(sql: str) -> Callable[[Any], Any]:
    """One statement, all its rows fetched."""

    def run(connection: Any) -> Any:
        return len(connection.execute(sql).fetchall())

    run.__doc__ = sql
    return run


def insert_rows(connection: Any) -> Any:
    """50,000 INSERTs through execute in one transaction."""
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE fresh(id INTEGER PRIMARY KEY, grp INTEGER, name TEXT, price REAL, note TEXT)")
    execute = cursor.execute
    for row in DATA[:50_000]:
        execute("INSERT INTO fresh VALUES (?, ?, ?, ?, ?)", row)
    connection.commit()


def insert_many(connection: Any) -> Any:
    """100,000 rows by executemany in one transaction."""
    connection.execute("CREATE TABLE fresh(id INTEGER PRIMARY KEY, grp INTEGER, name TEXT, price REAL, note TEXT)")
    connection.executemany("INSERT INTO fresh VALUES (?, ?, ?, ?, ?)", DATA[:100_000])
    connection.commit()


def drop_fresh(connection: Any) -> None:
    """Forget what an inserting case made."""
    connection.execute("DROP TABLE IF EXISTS fresh")
    connection.commit()


def update_points(connection: Any) -> Any:
    """10,000 UPDATEs by rowid in one transaction."""
    execute = connection.cursor().execute
    for key in range(1, ROWS, ROWS // 10_000):
        execute("UPDATE t SET price = price + 1 WHERE id = ?", (key,))
    connection.commit()


def short_transactions(connection: Any) -> Any:
    """5,000 transactions of a SELECT, an UPDATE and a COMMIT."""
    execute = connection.cursor().execute
    for key in range(1, ROWS, ROWS // 5_000):
        execute("BEGIN")
        execute("SELECT name FROM t WHERE id = ?", (key,)).fetchone()
        execute("UPDATE t SET price = price + 1 WHERE id = ?", (key,))
        execute("COMMIT")


CASES: list[tuple[str, Callable[[Any], Any]]] = [
    ("point SELECT by rowid, one cursor", point_select),
    ("point SELECT by rowid, Connection.execute", point_select_new_cursors),
    ("first run of 500 simple SELECTs", first_runs),
    ("first run of 500 SELECTs of other shapes", first_shapes),
    ("200 IN lists, each of another length", in_lists),
    ("200 rows by secondary index", index_fetch),
    ("INSERT row by row, one transaction", insert_rows),
    ("INSERT by executemany", insert_many),
    ("INSERT of 100 to 200 rows of VALUES", rows_of_values),
    ("UPDATE by rowid, one transaction", update_points),
    ("transactions of one SELECT and one UPDATE", short_transactions),
    ("fetchall of all rows", query("SELECT * FROM t")),
    ("fetchall of two columns", query("SELECT id, name FROM t")),
    ("filter and sum", query("SELECT sum(price) FROM t WHERE grp > 500")),
    ("filter, rows out", query("SELECT * FROM t WHERE price > 100.0 AND grp < 300")),
    ("GROUP BY integer", query("SELECT grp, count(*), sum(price) FROM t GROUP BY grp")),
    ("GROUP BY text", query("SELECT name, count(*), sum(price) FROM t GROUP BY name")),
    ("ORDER BY … LIMIT 10", query("SELECT * FROM t ORDER BY price DESC LIMIT 10")),
    ("ORDER BY text", query("SELECT id, note FROM t ORDER BY note")),
    (
        "join by text key, grouped",
        query("SELECT s.weight, count(*) FROM t JOIN s ON s.name = t.name GROUP BY s.weight"),
    ),
    ("count(*)", query("SELECT count(*) FROM t")),
]


def least(run: Callable[[], Any]) -> float:
    """Wall time of one run, in seconds, garbage collected first."""
    gc.collect()
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def compare(repeats: int, wanted: str) -> list[tuple[str, float, float]]:
    """(case, our seconds, sqlite3's seconds) for each case in memory."""
    ours, theirs = filled(aerodb_dbapi.connect), filled(sqlite3.connect)
    found = []
    for title, case in CASES:
        if wanted not in title:
            continue
        mine, other = float("inf"), float("inf")
        for _ in range(repeats):
            mine = min(mine, least(partial(case, ours)))
            other = min(other, least(partial(case, theirs)))
            drop_fresh(ours)
            drop_fresh(theirs)
        found.append((title, mine, other))
        show(*found[-1])
    return found


def commit_rate(connect: Callable[[], Any], threads: int, seconds: float) -> float:
    """Durable single-row commits per second by some threads, each with its own connection."""
    counts = [0] * threads
    stop = time.monotonic() + seconds

    def work(number: int) -> None:
        connection = connect()
        while time.monotonic() < stop:
            connection.execute("INSERT INTO log(text) VALUES (?)", ("x",))
            counts[number] += 1
        connection.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    begun = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.monotonic() - begun)


def compare_commits(seconds: float) -> list[tuple[str, float, float]]:
    """Seconds per durable commit, ours and sqlite3's, by 1, 4 and 16 threads."""
    found = []
    for threads in (1, 4, 16):
        with tempfile.TemporaryDirectory() as folder:
            mine_path, other_path = str(Path(folder) / "a.db"), str(Path(folder) / "s.db")

            def ours(path: str = mine_path) -> Any:
                return aerodb_dbapi.connect(path, isolation_level=None, timeout=60)

            def theirs(path: str = other_path) -> Any:
                connection = sqlite3.connect(path, isolation_level=None, timeout=60)
                connection.execute("PRAGMA journal_mode = wal")
                connection.execute("PRAGMA synchronous = full")
                return connection

            keep = [ours(), theirs()]
            for connection in keep:
                connection.execute("CREATE TABLE log(id INTEGER PRIMARY KEY, text TEXT)")
            mine = 1 / commit_rate(ours, threads, seconds)
            other = 1 / commit_rate(theirs, threads, seconds)
            for connection in keep:
                connection.close()
        found.append((f"durable commits, {threads} thread{'s' if threads > 1 else ''}", mine, other))
        show(*found[-1])
    return found


def show(title: str, mine: float, other: float) -> None:
    """One line of the table, in Markdown."""
    print(f"| {title} | {1000 * mine:.3f} | {1000 * other:.3f} | {other / mine:.2f} |", flush=True)


def main() -> None:
    """Run all cases and print the table."""
    parser = argparse.ArgumentParser(description="AeroDB beside sqlite3")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each durable-commit run")
    parser.add_argument("--only", default="", help="run only the cases whose title contains this")
    options = parser.parse_args()
    print("| case | AeroDB ms | sqlite3 ms | ratio |\n|---|---|---|---|")
    compare(options.repeats, options.only)
    if options.only in "durable commits":
        compare_commits(options.seconds)


if __name__ == "__main__":
    main()
