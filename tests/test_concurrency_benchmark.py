"""The benchmark of many clients runs: every case gives its line, and finds the sum of all accounts as it was. No times."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAIRNESS = [
    "threads, BEGIN IMMEDIATE on one row",
    "processes, BEGIN IMMEDIATE on one row",
    "processes, transfers, disjoint rows",
]
PROGRAM = Path(__file__).parent.parent / "benchmarks" / "concurrency.py"


def lines(*options: str) -> list[list[str]]:
    """The cells of each line that is no head; the program must succeed."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AERODB_BENCHMARK")}
    command = [sys.executable, str(PROGRAM), "--seconds", "0.05", *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    tables = done.stdout.split("\n\n")[1:]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for table in tables
        for line in table.strip().split("\n")[2:]
    ]


def test_threads_transfer_without_database_is_locked() -> None:
    found = lines("--only", "4 threads, disjoint")
    assert [cells[0] for cells in found] == ["4 threads, disjoint rows"]
    (cells,) = found
    assert int(cells[1]) > 0 and int(cells[2]) > 0
    assert cells[7] == "none"


@pytest.mark.long
def test_fairness_is_told_for_both() -> None:
    assert [cells[0] for cells in lines("--only", "fairness")] == FAIRNESS


@pytest.mark.long
@pytest.mark.skipif(
    shutil.which("cc") is None or not sys.platform.startswith("linux"), reason="needs Linux and a C compiler"
)
def test_slower_syncs_hold_up_both() -> None:
    """Nobody makes more durable commits alone than there is time for syncs of 20 ms."""
    (cells,) = lines("--only", "1 thread, disjoint", "--sync-ms", "20")
    assert 0 < int(cells[1]) <= 50 and 0 < int(cells[2]) <= 50
    assert cells[6] != "–"


@pytest.mark.long
def test_every_case_has_its_line() -> None:
    found = [cells[0] for cells in lines()]
    commits = [f"{who}, {rows}" for rows in ("inserts", "disjoint rows", "hot set")
                 for who in ("1 thread", "4 threads", "16 threads", "1 process", "4 processes")]  # fmt: skip
    assert found[: len(commits)] == commits
    assert found[len(commits) :] == [
        "4 threads, hot set, sqlite3 with BEGIN", *FAIRNESS, "no writer", "a thread writes", "a process writes",
        "snapshot", "serializable",
    ]  # fmt: skip
