"""The steps of a process that is going to be killed, and what the database holds after each of them.

A *step* is one transaction, decided by the seed, its number and the state before it: small changes, loads, bulk deletions,
tables made and dropped, snapshots made and dropped. Each step writes its number into the table `progress`, so a database
tells how far its writer came; the model repeats the steps up to there without a database. `decide` gives a step as plain
data; `perform` does it through a connection, `Model.follow` on dictionaries.

Example: ``decide(7, 3, "commit", state)`` → ``[("put", "t0", [(17, "v 3 17", 4)]), ("delete", "t0", [2])]``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Row = tuple[int, str, int]
Tables = dict[str, dict[int, Row]]
Action = tuple[Any, ...]

RETENTION = 8
ROWS = 400  # rowids that small changes use
ROWS_MAX = 9000
KINDS = {
    "load": {"load": 5, "change": 3, "cut": 1},
    "commit": {"change": 1},
    "checkpoint": {"change": 8, "load": 1, "cut": 1},
    "collect": {"change": 6, "cut": 2, "create": 1, "drop": 1, "snapshot": 2, "forget": 2, "load": 1},
    "vacuum": {"change": 8, "load": 1, "cut": 1, "snapshot": 1, "forget": 1},
}
MODES = tuple(KINDS)


@dataclass
class State:
    """What one commit holds. Dictionaries of rows are never changed, but replaced."""

    step: int = 0
    tables: Tables = field(default_factory=lambda: {"t0": {}, "t1": {}})
    snapshots: dict[str, int] = field(default_factory=dict)  # name → step


def decide(seed: int, step: int, mode: str, state: State) -> list[Action]:
    """What a step does, after that state."""
    chance = random.Random(f"{seed} {step}")
    kinds = KINDS[mode]
    kind = chance.choices(list(kinds), list(kinds.values()))[0]
    name = chance.choice(sorted(state.tables))
    rows = state.tables[name]
    if kind == "load" and len(rows) < ROWS_MAX:
        first = max(rows, default=0) + 1
        return [("put", name, [(i, f"{'long ' * (i % 9)}{step}", i % 50) for i in range(first, first + 1500)])]
    if kind in ("load", "cut"):
        part, parts = chance.randrange(4), 4
        return [("cut", name, parts, part)]
    if kind == "create":
        return [("create", f"t{step + 1}")]  # t0 and t1 were made before the first step
    if kind == "drop" and len(state.tables) > 2:
        return [("drop", chance.choice(sorted(state.tables)[1:]))]
    if kind == "snapshot":
        return [("snapshot", f"s{step}")]
    if kind == "forget" and state.snapshots:
        return [("forget", chance.choice(sorted(state.snapshots)))]
    ids = [chance.randint(1, ROWS) for _ in range(chance.randint(1, 6))]
    put = [(i, f"{step} " + "v" * chance.randint(0, 120), chance.randrange(50)) for i in dict.fromkeys(ids[1:])]
    return [("put", name, put), ("delete", name, [ids[0]])]


def follow(state: State, actions: list[Action]) -> State:
    """The state after a step."""
    tables, snapshots = dict(state.tables), dict(state.snapshots)
    for kind, name, *rest in actions:
        if kind == "put":
            tables[name] = {**tables[name], **{row[0]: row for row in rest[0]}}
        elif kind == "delete":
            tables[name] = {i: row for i, row in tables[name].items() if i not in rest[0]}
        elif kind == "cut":
            tables[name] = {i: row for i, row in tables[name].items() if i % rest[0] != rest[1]}
        elif kind == "create":
            tables[name] = {}
        elif kind == "drop":
            del tables[name]
        elif kind == "snapshot":
            snapshots[name] = state.step
        else:
            del snapshots[name]
    return State(state.step + 1, tables, snapshots)


STATEMENTS = {
    "drop": "DROP TABLE {}",
    "snapshot": "CREATE SNAPSHOT {}",
    "forget": "DROP SNAPSHOT {}",
}


def perform(connection: Any, step: int, actions: list[Action]) -> None:
    """A step, in one transaction."""
    connection.execute("BEGIN")
    for kind, name, *rest in actions:
        if kind == "put":
            connection.executemany(f"INSERT OR REPLACE INTO {name} VALUES (?, ?, ?)", rest[0])
        elif kind == "delete":
            connection.executemany(f"DELETE FROM {name} WHERE id = ?", [(i,) for i in rest[0]])
        elif kind == "cut":
            connection.execute(f"DELETE FROM {name} WHERE id % ? = ?", rest)
        elif kind == "create":
            create(connection, name)
        else:
            connection.execute(STATEMENTS[kind].format(name))
    connection.execute("UPDATE progress SET step = ?", (step,))
    connection.execute("COMMIT")


def create(connection: Any, name: str) -> None:
    """A table of the model, with an index."""
    connection.execute(f"CREATE TABLE {name}(id INTEGER PRIMARY KEY, v TEXT, n INT)")
    connection.execute(f"CREATE INDEX {name}_n ON {name}(n)")


def found(source: Any) -> Tables:
    """The tables of the model in a database, or in a read view of one."""
    names = [n for (n,) in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 't%'")]
    return {name: {row[0]: row for row in source.execute(f"SELECT * FROM {name}")} for name in names}


def read(source: Any) -> State:
    """The state that a database is in, with its snapshots by commit instead of step."""
    ((step,),) = source.execute("SELECT step FROM progress").fetchall()
    return State(step, found(source), dict(source.execute("PRAGMA aerodb_snapshots").fetchall()))


class Model:
    """The states of the last steps. `first` is the commit id of step 0; each step is one commit."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.latest = State()
        self.kept: dict[int, State] = {0: self.latest}

    def commit_of(self, step: int) -> int:
        """The commit that a step made."""
        return self.first + step

    def advance(self, seed: int, mode: str, step: int) -> None:
        """Repeat the steps up to that one."""
        while self.latest.step < step:
            self.latest = follow(self.latest, decide(seed, self.latest.step + 1, mode, self.latest))
            self.kept[self.latest.step] = self.latest
            needed = {self.latest.step, *self.latest.snapshots.values()}
            oldest = self.latest.step - RETENTION
            self.kept = {at: state for at, state in self.kept.items() if at >= oldest or at in needed}

    def check(self, connection: Any, promised: bool) -> None:
        """The database is in the latest state, has its snapshots, and if promised every state within retention."""
        state = read(connection)
        assert (state.step, connection.commit_id) == (self.latest.step, self.commit_of(state.step))
        assert state.tables == self.latest.tables
        assert state.snapshots == {name: self.commit_of(step) for name, step in self.latest.snapshots.items()}
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for step in self._readable(promised):
            with connection.read_view(commit=self.commit_of(step)) as view:
                assert found(view) == self.kept[step].tables, f"step {step} of {self.latest.step}"

    def _readable(self, promised: bool) -> Iterator[int]:
        """Steps that can be read: snapshots, and some of retention."""
        latest = self.latest
        yield from sorted(set(latest.snapshots.values()))
        if promised:
            yield from {max(0, latest.step - RETENTION), max(0, latest.step - RETENTION // 2)}
