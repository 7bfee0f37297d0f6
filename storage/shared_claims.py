"""Rowids among processes: no two of them draw the same one for live transactions (INV-V10).

Each process publishes, beside its slot in the lock file (`lock_file.py`), up to where it has claimed ids of which table: pairs of
words, tree id and end. A claim first asks what the others have published, and what was committed meanwhile, and begins above
all of that:

    1. CLAIMING is locked, so that one process claims at a time.
    2. The ends that others have published for the table are read; *then* the log is read on to COMMIT. Who withdraws a claim
       has published its commit before, so what is not seen in the one place is in the other.
    3. `RowidClaims` claims above both, and the new end is published.

Where no second process was ever there (USED), the own claim is published without the lock and without a look. What a process has
claimed and not used is nobody's when its transactions on the table have ended: a lone writer leaves no gaps, also beside
others that only read or write elsewhere. Claims of a process that died count until its slot is noticed to be free: that costs
ids, not correctness, as do tables beyond the `CLAIM_PAIRS` that a process can publish at a time: there two may draw one
id, and the later commit fails (INV-V5).

Example: the table ends at 10. A draws 11, not committed. B finds A's end, 12, and draws 12. A commits, its claim goes; B's
next block is above 12 all the same, for B has claimed up to 13 itself. C comes, reads A's commit, and finds B's end.

Not here: claims within a process (`rowids.py`).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from aerodb_dbapi.storage.lock_file import CLAIM_PAIRS, CLAIMING, COMMIT, USED
from aerodb_dbapi.storage.rowids import Claim, RowidClaims

if TYPE_CHECKING:
    from aerodb_dbapi.storage.sharing import Sharing

PATIENCE: Final = 1.0


class SharedClaims:
    """What one process has published of its claims."""

    __slots__ = ("_free", "_lock", "_places", "claims", "sharing")

    def __init__(self, claims: RowidClaims, sharing: Sharing) -> None:
        self.claims = claims
        self.sharing = sharing
        self._lock = threading.Lock()
        self._places: dict[int, int] = {}  # tree id → which pair
        self._free = list(range(CLAIM_PAIRS - 1, -1, -1))

    def claim(self, wanted: Claim) -> tuple[int, int]:
        """As `RowidClaims.claim`, past what other processes have claimed."""
        file = self.sharing.file
        with self._lock:
            if file.words[USED] < 2:
                return self._publish(wanted, self.claims.claim_above(wanted, None))
            locked = file.lock(CLAIMING, PATIENCE)  # if not in time: somebody may draw the same, and validation decides
            try:
                end = file.claimed(wanted.tree_id)
                if file.words[COMMIT] > self.claims.tip.commit_id:
                    self.sharing.roll_forward()
                return self._publish(wanted, self.claims.claim_above(wanted, end))
            finally:
                if locked:
                    file.unlock(CLAIMING)

    def _publish(self, wanted: Claim, found: tuple[int, int]) -> tuple[int, int]:
        place = self._places.get(wanted.tree_id)
        if place is None and self._free:
            place = self._places[wanted.tree_id] = self._free.pop()
        if place is not None:
            self.sharing.file.publish_claim(place, wanted.tree_id, self.claims.tables[wanted.tree_id][0])
        return found

    def withdraw(self, tree_id: int) -> None:
        """This process has no claim on that table any more."""
        place = self._places.pop(tree_id, None)
        if place is not None:
            self.sharing.file.publish_claim(place, 0, 0)
            self._free.append(place)

    def publish_all(self) -> None:
        """Publish what was claimed while there was nobody to tell."""
        with self._lock:
            for tree_id, (end, _, _) in list(self.claims.tables.items()):
                if self._free:
                    place = self._places[tree_id] = self._free.pop()
                    self.sharing.file.publish_claim(place, tree_id, end)
