"""Several processes on one file, played by several databases in this one: each has its own seam, and so its own open files,
locks and slot. `Play` makes random steps of them and compares with a model; the processes are killed between steps."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import SerializationError
from aerodb_dbapi.storage.files import OperatingSystemFiles
from aerodb_dbapi.storage.root import ReadView
from aerodb_dbapi.storage.transaction import Transaction

TREE = 2
KEYS = 3000


class Process:
    """One process: its database, the views and the transaction it has open, with what they must see."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.open()

    def open(self) -> None:
        self.database = Database.open(self.path, files=OperatingSystemFiles(), cache_bytes=1 << 15, timeout=0.2)
        self.views: list[tuple[ReadView, dict[int, Any]]] = []
        self.transaction: Transaction | None = None
        self.base: dict[int, Any] = {}
        self.edits: dict[int, Any] = {}

    def leave(self, killed: bool) -> None:
        for view, _ in self.views:
            view.close()
        if killed:
            self.database.abandon()
        else:
            if self.transaction is not None:
                self.transaction.rollback()
            self.database.close()


class Play:
    """Random steps of several processes, and the model."""

    def __init__(self, path: Path, seed: int, count: int) -> None:
        self.random = random.Random(seed)
        self.path = str(path / "a.db")
        self.processes = [Process(self.path) for _ in range(count)]
        first = self.processes[0].database.begin()
        assert first.create_tree("table") == TREE
        first.commit()
        self.states: dict[int, dict[int, Any]] = {1: {}}
        self.snapshots: dict[str, int] = {}
        self.refused = 0

    @property
    def latest(self) -> dict[int, Any]:
        return self.states[max(self.states)]

    def step(self) -> None:
        process = self.random.choice(self.processes)
        steps = (
            self.write,
            self.write,
            self.write,
            self.begin,
            self.commit,
            self.view,
            self.look,
            self.checkpoint,
            self.reopen,
        )
        self.random.choice((*steps, self.snapshot, self.rollback))(process)

    def _change(self, transaction: Transaction) -> dict[int, Any]:
        writer = transaction.writer(TREE)
        start, edits = self.random.randrange(KEYS), {}
        for key in range(start, start + self.random.choice((1, 3, 300))):
            value = None if self.random.random() < 0.2 else (self.random.randrange(10**6), "x" * 40)
            if value is not None:
                writer.put(key, value)
            elif writer.get(key) is not None:
                writer.delete(key)
            else:
                continue  # what is not there is not written
            edits[key] = value
        return edits

    def _committed(self, commit_id: int, edits: dict[int, Any]) -> None:
        assert commit_id == max(self.states) + 1
        after = {**self.latest, **edits}
        self.states[commit_id] = {key: value for key, value in after.items() if value is not None}

    def write(self, process: Process) -> None:
        transaction = process.database.begin()
        assert transaction.base.commit_id == max(self.states)
        edits = self._change(transaction)
        if transaction.has_writes:
            self._committed(transaction.commit(), edits)
        else:
            transaction.rollback()

    def begin(self, process: Process) -> None:
        if process.transaction is None:
            process.transaction = process.database.begin()
            process.base = self.latest
            process.edits = self._change(process.transaction)

    def commit(self, process: Process) -> None:
        transaction, process.transaction = process.transaction, None
        if transaction is None or not transaction.has_writes:
            return
        since = [state for number, state in self.states.items() if number > transaction.base.commit_id]
        try:
            commit_id = transaction.commit()
        except SerializationError:
            self.refused += 1
            assert since
            return
        for key in process.edits:  # first committer wins: nobody wrote them meanwhile
            assert all(state.get(key) == process.base.get(key) for state in since)
        self._committed(commit_id, process.edits)

    def rollback(self, process: Process) -> None:
        if process.transaction is not None:
            process.transaction.rollback()
            process.transaction = None

    def view(self, process: Process) -> None:
        kept = [*self.snapshots.values(), None]
        commit = self.random.choice(kept)
        view = process.database.read_view(commit)
        process.views.append((view, self.states[commit or max(self.states)]))
        if len(process.views) > 3:
            process.views.pop(0)[0].close()

    def look(self, process: Process) -> None:
        for view, state in process.views:
            assert dict(view.root.trees[TREE].scan()) == state
        assert dict(process.database.root.trees[TREE].scan()) == self.latest

    def checkpoint(self, process: Process) -> None:
        process.database.checkpoint()
        self.account(process)

    def account(self, process: Process) -> None:
        checkpointer = process.database.checkpointer
        assert checkpointer is not None
        with checkpointer.lock:
            assert account(checkpointer.blocks) == []

    def snapshot(self, process: Process) -> None:
        transaction = process.database.begin()
        if self.snapshots and self.random.random() < 0.5:
            name = self.random.choice(sorted(self.snapshots))
            del self.snapshots[name]
            transaction.writer(1).delete(f"snapshot:{name}")
        else:
            name = f"s{self.random.randrange(3)}"
            self.snapshots[name] = max(self.states)
            transaction.set_meta(f"snapshot:{name}", max(self.states))
        self._committed(transaction.commit(), {})

    def reopen(self, process: Process) -> None:
        process.leave(killed=self.random.random() < 0.5)
        if self.random.random() < 0.1:  # nobody is left for a moment
            for other in self.processes:
                if other is not process:
                    other.leave(killed=self.random.random() < 0.5)
                    other.open()
        process.open()
        self.look(process)

    def end(self) -> None:
        for process in self.processes:
            self.look(process)
            assert process.database.digest() == self.processes[0].database.digest()
        for process in self.processes:
            process.leave(killed=False)
        assert sorted(os.listdir(os.path.dirname(self.path))) == ["a.db"]
        last = Process(self.path)
        self.look(last)
        self.account(last)
        last.leave(killed=False)
