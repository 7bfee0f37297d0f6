"""New rowids: the largest one plus one, as SQLite does, and never the same for two live transactions.

Rule
    The next rowid of a table is the largest rowid that the transaction sees, plus one; 1 for an empty table. A
    largest rowid below zero counts the same way (-5 gives -4). After 2**63 - 1 an unused id is sought by a fixed
    sequence of 100 probes; if all are taken the table is full (`SQLITE_FULL`).

Several writers (INV-V10)
    A transaction *claims* a block of ids per table before it uses one: above the largest rowid it sees, above the
    largest of the latest commit if others changed the table since its base, and above the last claimed block. Claims
    last until the transaction ends. So two live transactions never draw the same id; and when the last claimant of a
    table has gone, its claims are forgotten, so that a writer alone leaves no gaps, whatever it claimed and did not
    use, undid or deleted.

    A transaction claims one id, then two, four, and so on up to 64 at a time. So those that insert few rows leave no gaps
    between them, and those that insert many seldom come here.

    Other processes are asked first, where there are any (`shared_claims.py`).

    Example: the table ends at 10. A claims 11 and uses it, B claims 12 and uses it, A claims 13 and 14 and uses 13. Both
    commit. C sees 13 and gets 14.

An id that a user names may lie in somebody's block: then the two write the same row, and the later commit fails
(INV-V5). The order in which transactions claim is that of their calls; a single session's ids depend on nothing but
its statements.
"""

from __future__ import annotations

import threading
from collections.abc import Container
from math import inf
from typing import NamedTuple, Protocol

from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.tree import Tree

ROWID_MAX = 2**63 - 1
ROWID_MIN = -(2**63)
UNCLAIMED = -inf
BLOCK = 64
PROBES = 100
_MIX = 6364136223846793005
_STEP = 1442695040888963407


class Claim(NamedTuple):
    """`number` consecutive ids from `lowest` or above, of a table that is `base` at the claimant's base. `floor` and `held` are
    what the last claim returned; `held` is `UNCLAIMED` before the first."""

    tree_id: int
    base: Tree
    lowest: int
    number: int
    floor: int
    held: float


class Others(Protocol):
    """The claims of other processes."""

    def claim(self, wanted: Claim) -> tuple[int, int]:
        """Claim past what they have claimed."""

    def withdraw(self, tree_id: int) -> None:
        """This process has no claim on that table any more."""


class RowidClaims:
    """Which blocks of ids live transactions have claimed, per table tree. `tip` is the last commit's root. `shared` is set while
    other processes may claim too."""

    __slots__ = ("lock", "shared", "tables", "tip")

    def __init__(self, tip: Root) -> None:
        self.tip = tip
        self.shared: Others | None = None
        self.lock = threading.Lock()
        self.tables: dict[int, list[int]] = {}  # tree id → [end of the last block, number of claimants, probes used]

    def claim_above(self, wanted: Claim, others: int | None) -> tuple[int, int]:
        """Claim a block, above what other processes have claimed, if they have; where there may be any, `shared` is asked instead.
        Returns (floor, stop): ids from `floor` up to `stop` are the claimant's to use, where its own view has them free; at the
        end of all ids there may be fewer than wanted. A claim that is still the last one is extended."""
        tree_id, base, lowest, count, floor, held = wanted
        committed = self.tip.trees.get(tree_id)
        with self.lock:
            entry = self.tables.get(tree_id)
            if entry is None:
                if held == UNCLAIMED and others is None and committed is base and lowest + count <= ROWID_MAX:
                    stop = lowest + count  # nobody else is about
                    self.tables[tree_id] = [stop, 1, 0]
                    return ROWID_MIN, stop
                entry = self.tables[tree_id] = [ROWID_MIN, 0, 0]
            end = entry[0] if others is None else max(entry[0], others)
            if held == UNCLAIMED:
                entry[1] += 1
                floor = ROWID_MIN
            if end != held:  # others claimed in between
                floor = end
            if committed is not base and committed:
                floor = max(floor, committed.last()[0] + 1)  # type: ignore[index]
            if lowest < floor:
                lowest = floor
            stop = min(lowest + count, ROWID_MAX + 1)
            if stop > end:
                entry[0] = stop
            return floor, stop

    def probe(self, tree_id: int, taken: Container[int]) -> int:
        """An unused id when the largest one is taken: a fixed sequence, on which all claimants move together."""
        with self.lock:
            entry = self.tables[tree_id]
            for _ in range(PROBES):
                entry[2] += 1
                rowid = ((entry[2] * _MIX + _STEP) & (ROWID_MAX >> 1)) + 1
                if rowid not in taken:
                    return rowid
        raise OperationalError("database or disk is full", name="SQLITE_FULL")

    def release(self, tree_id: int) -> None:
        """A claimant's transaction has ended."""
        with self.lock:
            entry = self.tables[tree_id]
            entry[1] -= 1
            if not entry[1]:
                del self.tables[tree_id]
                if self.shared is not None:
                    self.shared.withdraw(tree_id)
