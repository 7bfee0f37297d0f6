"""Random workloads on lists and registers, by threads and by processes that are killed, checked by a graph of dependencies.

(INV-V1, INV-V4, INV-V5, INV-V7, INV-P1, INV-P2, INV-P4, INV-R1.) The checker (`histories.py`) is itself checked: with anomalies in
histories made by hand, and with a store whose validation is off.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest
from histories import Done, check

import aerodb_dbapi
from aerodb_dbapi.storage import commit, conflicts

LISTS, REGISTERS = ("a", "b", "c"), ("x", "y", "z")
SCHEMA = """
    CREATE TABLE item(k TEXT, v INTEGER);
    CREATE INDEX item_k ON item(k);
    CREATE TABLE register(k TEXT PRIMARY KEY, v INTEGER);
    INSERT INTO register VALUES ('x', NULL), ('y', NULL), ('z', NULL);
"""


def read_list(con: Any, key: str) -> list[int]:
    return [v for (v,) in con.execute("SELECT v FROM item WHERE k = ? ORDER BY rowid", (key,))]


def append(con: Any, key: str, value: int) -> None:
    (place,) = con.execute("SELECT coalesce(max(rowid), 0) + 1 FROM item").fetchone()
    con.execute("INSERT INTO item(rowid, k, v) VALUES (?, ?, ?)", (place, key, value))


def step(con: Any, chance: random.Random, value: int) -> list[tuple[str, Any, Any]]:
    """One random operation; what it did."""
    kind = chance.choice(("append", "list", "list", "write", "read", "read"))
    if kind == "append":
        key = chance.choice(LISTS)
        append(con, key, value)
        return [("append", key, value)]
    if kind == "list":
        key = chance.choice(LISTS)
        return [("list", key, read_list(con, key))]
    key = chance.choice(REGISTERS)
    (old,) = con.execute("SELECT v FROM register WHERE k = ?", (key,)).fetchone()
    if kind == "read":
        return [("read", key, old)]
    con.execute("UPDATE register SET v = ? WHERE k = ?", (value, key))
    return [("read", key, old), ("write", key, value)]


def client(con: Any, number: int, seed: int, told: Callable[[list[Any]], None], most: float) -> None:
    """Random transactions one after the other. `told` gets each before its COMMIT, without an end, and after its end."""
    chance = random.Random(seed)
    at = 0
    while at < most:
        at += 1
        begun, ops, committed = time.monotonic(), [], True
        name = f"{number}.{at}"
        try:
            con.execute("BEGIN")
            for place in range(chance.randint(1, 4)):
                ops += step(con, chance, number * 10**7 + at * 10 + place)
            if chance.random() < 0.1:
                con.execute("ROLLBACK")
                committed = False
            else:
                told([name, begun, inf, ops, None])
                con.execute("COMMIT")
        except aerodb_dbapi.OperationalError as error:
            if error.sqlite_errorname not in ("SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY"):
                raise
            if con.in_transaction:
                con.execute("ROLLBACK")
            committed = False
        told([name, begun, time.monotonic(), ops, committed])


def history_of(told: list[list[Any]]) -> list[Done]:
    return [Done(*what) for what in {what[0]: what for what in told}.values()]


def final_of(con: Any) -> dict[Any, Any]:
    return {key: read_list(con, key) for key in LISTS} | dict(con.execute("SELECT k, v FROM register").fetchall())


def open_file(path: Path) -> Any:
    return aerodb_dbapi.connect(str(path), isolation_level=None, timeout=60)


def by_threads(path: Path, seed: int, count: int, most: int) -> tuple[list[Done], list[str]]:
    """A history of threads, and what is wrong with it."""
    setup = open_file(path)
    setup.executescript(SCHEMA)
    told: list[list[Any]] = []
    errors: list[BaseException] = []

    def work(number: int) -> None:
        con = open_file(path)
        try:
            client(con, number, seed * 100 + number, told.append, most)
        except BaseException as error:
            errors.append(error)
        con.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, count + 1)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert not errors, errors
    history, final = history_of(told), final_of(setup)
    setup.close()
    return history, check(history, final)


WORKER = """
import json, os, sys
sys.path[:0] = {path!r}
from test_histories import client, open_file
con = open_file(sys.argv[1])
client(con, int(sys.argv[2]), int(sys.argv[3]), lambda what: os.write(1, (json.dumps(what) + chr(10)).encode()), float("inf"))
"""


def by_processes(path: Path, seed: int, count: int, kills: int) -> tuple[list[Done], list[str]]:
    """A history of processes of which one after the other is killed and followed by a new one."""
    setup = open_file(path)
    setup.executescript(SCHEMA)
    chance = random.Random(seed)
    program = WORKER.format(path=[str(Path(__file__).parent)])
    told: list[list[Any]] = []
    numbers = iter(range(1, 10**6))

    def start() -> subprocess.Popen[bytes]:
        number = next(numbers)
        command = [sys.executable, "-c", program, str(path), str(number), str(seed * 1000 + number)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        assert child.stdout is not None
        first.append(child.stdout.readline())
        return child

    def kill(child: subprocess.Popen[bytes], line: bytes) -> None:
        child.send_signal(signal.SIGKILL)
        lines, errors = child.communicate()
        assert line and not errors, errors.decode()
        whole = [text for text in (line + lines).splitlines(keepends=True) if text.endswith(b"\n")]
        told.extend(json.loads(text) for text in whole)

    first: list[bytes] = []
    children = [start() for _ in range(count)]
    lines = list(first)
    for _ in range(kills):
        time.sleep(chance.random() * 0.2)
        which = chance.randrange(count)
        kill(children[which], lines[which])
        children[which] = start()
        lines[which] = first[-1]
    for child, line in zip(children, lines):
        kill(child, line)
    history, final = history_of(told), final_of(setup)
    setup.close()
    return history, check(history, final)


@pytest.mark.parametrize("seed", range(2))
def test_threads(tmp_path: Path, seed: int) -> None:
    history, wrong = by_threads(tmp_path / "a.db", seed, 4, 60)
    committed = sum(bool(done.committed) for done in history)
    print(f"seed {seed}: {committed} of {len(history)} transactions committed")
    assert wrong == [] and committed > 40


def test_processes_that_are_killed(tmp_path: Path) -> None:
    history, wrong = by_processes(tmp_path / "a.db", 1, 2, 2)
    assert wrong == [] and sum(bool(done.committed) for done in history) > 5


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 30))
def test_many_threads(tmp_path: Path, seed: int) -> None:
    assert by_threads(tmp_path / "a.db", seed, 2 + seed % 5, 300)[1] == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
def test_many_processes_that_are_killed(tmp_path: Path, seed: int) -> None:
    assert by_processes(tmp_path / "a.db", seed, 2 + seed % 3, 20)[1] == []


def test_a_store_without_validation_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-V7: what was read is not looked at again; each transaction reads one state all the same."""
    monkeypatch.setattr(conflicts, "_validate_reads", lambda *arguments: None)
    monkeypatch.setattr(commit, "movable", lambda transaction: False)
    for seed in range(8):
        wrong = by_threads(tmp_path / f"{seed}.db", seed, 4, 60)[1]
        if wrong:
            assert any(text.startswith("cycle") for text in wrong)
            return
    pytest.fail("eight histories did not show it")


def test_one_client_is_a_store_of_one_version(tmp_path: Path) -> None:
    """A lone client reads what plain lists and registers would give (docs/MVCC_COMPATIBILITY.md, section 4)."""
    history, wrong = by_threads(tmp_path / "a.db", 5, 1, 150)
    assert wrong == []
    store: dict[str, Any] = {key: [] for key in LISTS} | dict.fromkeys(REGISTERS)
    for done in sorted(history, key=lambda one: one.begun):
        mine = {key: list(v) if isinstance(v, list) else v for key, v in store.items()}
        for kind, key, value in done.ops:
            if kind == "append":
                mine[key].append(value)
            elif kind == "write":
                mine[key] = value
            else:
                assert mine[key] == value
        if done.committed:
            store = mine


def one(name: str, *ops: tuple[str, Any, Any], at: float = 0, to: float = 9, committed: bool | None = True) -> Done:
    return Done(name, at, to, ops, committed)


ANOMALIES: dict[str, tuple[list[Done], dict[Any, Any]]] = {
    "dirty read": (
        [one("A", ("append", "a", 1), committed=False), one("B", ("list", "a", [1]))],
        {"a": []},
    ),
    "wrote over itself": (
        [one("A", ("append", "a", 1), ("append", "a", 2)), one("B", ("list", "a", [1]))],
        {"a": [1, 2]},
    ),
    "lost update": (
        [
            one("A", ("read", "x", None), ("write", "x", 1)),
            one("B", ("read", "x", None), ("write", "x", 2)),
        ],
        {"x": 2},
    ),
    "lost write: 1": ([one("A", ("append", "a", 1))], {"a": []}),
    "-rw-> B -rw-> A": (  # write skew
        [
            one("A", ("list", "b", []), ("append", "a", 1)),
            one("B", ("list", "a", []), ("append", "b", 2)),
        ],
        {"a": [1], "b": [2]},
    ),
    "-rw->": (  # half of a commit was seen
        [
            one("A", ("append", "a", 1), ("append", "b", 2)),
            one("B", ("list", "a", [1]), ("list", "b", [])),
        ],
        {"a": [1], "b": [2]},
    ),
    "no begin of": (  # two orders of one list
        [
            one("A", ("append", "a", 1)),
            one("B", ("append", "a", 2)),
            one("C", ("list", "a", [2])),
        ],
        {"a": [1, 2]},
    ),
    "-wr->": (  # each has read the other
        [
            one("A", ("append", "a", 1), ("list", "b", [2])),
            one("B", ("append", "b", 2), ("list", "a", [1])),
        ],
        {"a": [1], "b": [2]},
    ),
    "-rt->": (  # a view older than what was acknowledged
        [one("A", ("append", "a", 1), to=1), one("B", ("list", "a", []), at=2)],
        {"a": [1]},
    ),
    "own append": ([one("A", ("append", "a", 1), ("list", "a", []))], {"a": [1]}),
    "read x twice": (
        [one("A", ("read", "x", None), ("read", "x", 1)), one("B", ("read", "x", None), ("write", "x", 1))],
        {"x": 1},
    ),
    "nobody wrote": ([one("A", ("list", "a", [7]))], {"a": [7]}),
}


@pytest.mark.parametrize("name", sorted(ANOMALIES))
def test_planted_anomalies_are_found(name: str) -> None:
    wrong = check(*ANOMALIES[name])
    assert any(name in text for text in wrong), wrong


def test_serial_histories_are_right() -> None:
    history = [
        one("A", ("append", "a", 1), ("list", "a", [1]), ("append", "a", 2), at=0, to=1),
        one("B", ("list", "a", [1, 2]), ("read", "x", None), ("write", "x", 3), at=2, to=3),
        one("C", ("append", "a", 4), ("read", "x", 3), at=2, to=inf, committed=None),
        one("D", ("append", "a", 5), at=2, to=inf, committed=None),  # killed before its COMMIT
    ]
    assert check(history, {"a": [1, 2, 4], "x": 3}) == []
