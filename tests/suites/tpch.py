"""Run the 22 queries of TPC-H at scale 0.01 on AeroDB, on `sqlite3` and on DuckDB, and compare the rows.

    python tests/suites/tpch.py [--scale 0.01]

Data and queries are those of `benchmarks/tpch.py`. DuckDB reads another dialect: REAL has 32 bits there, so columns are DOUBLE; dates
with modifiers are written out, and years are the first four characters. Rows are compared
as a set, and sums but for the last digits: the two others add in the order of their plans. That rows come in the order that ORDER BY
asks for, `tests/test_tpch.py` looks at.

Prints a line for each query; the exit code is 1 if an answer differs.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import math
import re
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

import aerodb_dbapi

SPEC = importlib.util.spec_from_file_location("tpch", Path(__file__).parents[2] / "benchmarks" / "tpch.py")
assert SPEC is not None and SPEC.loader is not None
tpch = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tpch)

MODIFIED = re.compile(r"date\('[^']*'(?:, '[^']*')+\)")
YEAR = re.compile(r"strftime\('%Y', (\w+)\)")


def in_duckdb(sql: str) -> str:
    """A query in DuckDB's dialect."""
    sqlite = sqlite3.connect(":memory:")
    written = MODIFIED.sub(lambda found: f"'{sqlite.execute(f'SELECT {found[0]}').fetchone()[0]}'", sql)
    return YEAR.sub(r"substr(\1, 1, 4)", written)


def fill_duckdb(connection: Any, scale: float) -> None:
    """The tables, by way of files: single inserts are slow there."""
    connection.execute(tpch.SCHEMA.replace("REAL", "DOUBLE"))
    with tempfile.TemporaryDirectory() as directory:
        for name, rows in tpch.Generator(scale).tables():
            path = Path(directory) / f"{name}.csv"
            with path.open("w", newline="") as file:
                csv.writer(file).writerows(rows)
            connection.execute(f"COPY {name} FROM '{path}' (FORMAT csv, HEADER false)")


def rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row as rows are put in order: numbers by their first digits."""
    return tuple(f"{value:.6g}" if isinstance(value, float) else str(value) for value in row)


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same, but for the last digits of a sum."""
    if isinstance(a, float) or isinstance(b, float):
        return a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
    return bool(a == b)


def differs(ours: list[Any], theirs: list[Any]) -> bool:
    """Whether two answers have other rows."""
    if len(ours) != len(theirs):
        return True
    pairs = zip(sorted(ours, key=rounded), sorted(theirs, key=rounded), strict=True)
    return not all(len(x) == len(y) and all(map(same, x, y)) for x, y in pairs)


def main() -> int:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01)
    scale = parser.parse_args().scale
    ours, sqlite, duck = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:"), duckdb.connect(":memory:")
    tpch.fill(ours, scale)
    tpch.fill(sqlite, scale)
    fill_duckdb(duck, scale)
    failed = 0
    for number, sql in enumerate(tpch.queries(), 1):
        made = ours.execute(sql).fetchall()
        others = {
            "sqlite3": sqlite.execute(sql).fetchall(),
            f"DuckDB {duckdb.__version__}": duck.execute(in_duckdb(sql)).fetchall(),
        }
        wrong = [name for name, rows in others.items() if differs(made, rows)]
        failed += bool(wrong)
        verdict = f"other than {' and '.join(wrong)}" if wrong else f"as {' and '.join(others)}"
        print(f"{number:>3} {len(made):>6} rows, {verdict}", flush=True)
    print(f"TPC-H at scale {scale}: {22 - failed} of 22 queries agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
