"""Histories of transactions, and whether some serial order explains them.

A `Done` is one transaction as its client saw it: when it began and when it was told the end, what it read and wrote, and whether it
committed (None: the client was killed before it was told). Two kinds of objects, named by keys:

    lists      ``("append", key, value)`` and ``("list", key, values)``: a read shows the whole order of the appends before it
    registers  ``("write", key, value)`` and ``("read", key, value)``: whoever writes one has read it in the same transaction, so that the
               versions of a register are a chain

Every value is written once, so a value read tells who wrote it. `check` builds the graph of dependencies and returns what is wrong,
as a list of texts:

    ww  wrote the version before        wr  wrote what the other read
    rw  read what the other replaced    rt  was told of its end before the other began

Then it looks for a cycle: without one there is a serial order that agrees with real time. Besides: reads of values that were
never committed or are between two writes of one transaction, acknowledged writes that are gone, lists whose reads contradict
each other, two transactions that replaced one version, reads that miss what the same transaction has written.

Example: a wrote x and read y before b wrote y; b read x before a wrote it. rw from a to b and from b to a: write skew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

START = None  # what a register holds at the begin


@dataclass
class Done:
    """A transaction as its client saw it."""

    name: str
    begun: float
    ended: float
    ops: Sequence[tuple[str, Any, Any]]
    committed: bool | None = True


class Graph:
    """Transactions and why one stands before another."""

    def __init__(self) -> None:
        self.edges: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, before: str | None, after: str | None, why: str) -> None:
        if before is not None and after is not None and before != after:
            self.edges[before].setdefault(after, why)

    def cycle(self) -> str | None:
        """Some cycle, as a text."""
        colour: dict[str, int] = {}
        for start in list(self.edges):
            if start in colour:
                continue
            path, stack = [start], [iter(self.edges[start])]
            colour[start] = 1
            while stack:
                following = next(stack[-1], None)
                if following is None:
                    stack.pop()
                    colour[path.pop()] = 2
                elif colour.get(following) == 1:
                    ring = [*path[path.index(following) :], following]
                    return " ".join(f"{a} -{self.edges[a][b]}->" for a, b in pairwise(ring)) + f" {following}"
                elif following not in colour:
                    colour[following] = 1
                    path.append(following)
                    stack.append(iter(self.edges.get(following, {})))
        return None


class Check:
    """One history under examination. `final`: key → what a reader saw after everything had ended."""

    def __init__(self, history: Iterable[Done], final: dict[Any, Any]) -> None:
        self.all = list(history)
        self.final = final
        self.wrong: list[str] = []
        self.graph = Graph()
        self.writer: dict[tuple[Any, Any], Done] = {}
        self.last: dict[tuple[str, Any], Any] = {}  # of each transaction and key: the value it wrote last
        for done in self.all:
            for kind, key, value in done.ops:
                if kind in ("append", "write"):
                    self.writer[key, value] = done
                    self.last[done.name, key] = value

    def run(self) -> list[str]:
        seen = self._seen()
        counted = [done for done in self.all if done.committed or (done.committed is None and done.name in seen)]
        self._own_writes(counted)
        self._lists(counted)
        self._registers(counted)
        self._real_time(counted)
        cycle = self.graph.cycle()
        if cycle is not None:
            self.wrong.append(f"cycle: {cycle}")
        return self.wrong

    def _seen(self) -> set[str]:
        """Whose writes somebody else has seen."""
        found: set[str] = set()
        reads = [(None, "final", key, value) for key, value in self.final.items()]
        reads += [(done.name, kind, key, value) for done in self.all for kind, key, value in done.ops]
        for name, kind, key, value in reads:
            if kind in ("append", "write"):
                continue
            for one in value if isinstance(value, (list, tuple)) else [value]:
                writer = self.writer.get((key, one))
                if writer is not None and writer.name != name:
                    found.add(writer.name)
                    if writer.committed is False:
                        self.wrong.append(f"dirty read: {name} saw {key} = {one} of {writer.name}, which failed")
                elif writer is None and one is not START:
                    self.wrong.append(f"{name} saw {key} = {one}, which nobody wrote")
        return found

    def _own_writes(self, counted: list[Done]) -> None:
        for done in counted:
            mine: dict[Any, list[Any]] = defaultdict(list)
            for kind, key, value in done.ops:
                if kind in ("append", "write"):
                    mine[key].append(value)
                elif kind == "list" and mine[key] and list(value[-len(mine[key]) :]) != mine[key]:
                    self.wrong.append(f"{done.name} does not read its own appends to {key}")
                elif kind == "read" and mine[key] and value != mine[key][-1]:
                    self.wrong.append(f"{done.name} does not read its own write of {key}")

    def _foreign(self, done: Done, key: Any, values: Sequence[Any]) -> list[Any]:
        """A list as it was before the transaction's own appends."""
        found = list(values)
        while found and self.writer.get((key, found[-1])) is done:
            found.pop()
        return found

    def _lists(self, counted: list[Done]) -> None:
        reads = [(d, key, self._foreign(d, key, v)) for d in counted for kind, key, v in d.ops if kind == "list"]
        orders = {key: list(value) for key, value in self.final.items() if isinstance(value, (list, tuple))}
        for key, order in orders.items():
            if len(set(order)) != len(order):
                self.wrong.append(f"{key} has a value twice")
            for before, after in pairwise(order):
                self._edge(key, before, key, after, "ww")
        for done, key, values in reads:
            order = orders[key]
            if values != order[: len(values)]:
                self.wrong.append(f"{done.name} read {key} = {values}, which is no begin of {order}")
                continue
            if values:
                self._read_of(done, key, values[-1])
            if len(values) < len(order):
                after = next((v for v in order[len(values) :] if self.writer.get((key, v)) is not done), None)
                own = self.writer.get((key, order[len(values)]))
                if after is not None and own is not done:
                    self._add(done, self.writer.get((key, after)), "rw")
        for done in counted:
            for kind, key, value in done.ops:
                if kind == "append" and value not in orders[key]:
                    self.wrong.append(f"lost write: {value} of {done.name} is not in {key}")

    def _registers(self, counted: list[Done]) -> None:
        replaced: dict[tuple[Any, Any], Done] = {}
        reads: list[tuple[Done, Any, Any]] = []
        for done in counted:
            current: dict[Any, Any] = {}
            for kind, key, value in done.ops:
                if kind == "read" and self.writer.get((key, value)) is not done:
                    if current.setdefault(key, value) != value:
                        self.wrong.append(f"{done.name} read {key} twice: {current[key]}, {value}")
                    reads.append((done, key, value))
                elif kind == "write" and key in current:
                    prior = current.pop(key)
                    other = replaced.setdefault((key, prior), done)
                    if other is not done:
                        self.wrong.append(f"lost update: {other.name} and {done.name} replaced {key} = {prior}")
                    self._add(self.writer.get((key, prior)), done, "ww")
        for done, key, value in reads:
            if value is not START:
                self._read_of(done, key, value)
            self._add(done, replaced.get((key, value)), "rw")
        for key, value in self.final.items():
            if not isinstance(value, (list, tuple)) and (key, value) in replaced:
                self.wrong.append(
                    f"lost write: {key} is {value} in the end, which {replaced[key, value].name} replaced"
                )

    def _read_of(self, done: Done, key: Any, value: Any) -> None:
        writer = self.writer.get((key, value))
        if writer is not None and writer is not done:
            if self.last[writer.name, key] != value:
                self.wrong.append(f"{done.name} read {key} = {value}, which {writer.name} wrote over itself")
            self._add(writer, done, "wr")

    def _edge(self, key: Any, value: Any, other_key: Any, other: Any, why: str) -> None:
        self._add(self.writer.get((key, value)), self.writer.get((other_key, other)), why)

    def _add(self, before: Done | None, after: Done | None, why: str) -> None:
        if before is not None and after is not None:
            self.graph.add(before.name, after.name, why)

    def _real_time(self, counted: list[Done]) -> None:
        """Each is behind those that had ended when it began; of these the ones behind which another had ended are implied."""
        for done in counted:
            earlier = [other for other in counted if other.ended < done.begun]
            latest_begin = max((other.begun for other in earlier), default=-inf)
            for other in earlier:
                if other.ended >= latest_begin:
                    self.graph.add(other.name, done.name, "rt")


def check(history: Iterable[Done], final: dict[Any, Any]) -> list[str]:
    """What no serial order that agrees with real time explains; empty: nothing."""
    return Check(history, final).run()
