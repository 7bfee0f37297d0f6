"""Rowids among processes: no two of them draw the same one for live transactions (INV-V10).

Each process publishes, beside its slot in the lock file (`lock_file.py`), up to where it has claimed ids of which table: pairs of
words, tree id and end. A claim first asks what the others have published, and what was committed meanwhile, and begins above
all of that:

    1. CLAIMING is locked, so that one process claims at a time.
    2. The ends that others have published for the table are read; *then* the log is read on to COMMIT. Who withdraws a claim
       has published its commit before, so what is not seen in the one place is in the other.
    3. `RowidClaims` claims above both, and the new end is published.

Where no second process was ever there (USED), the own claim is published without the lock and without a look; if somebody has come
by the time it is published, as above after all. What a process has
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

from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.lock_file import CLAIMING, COMMIT, USED
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
        self._places: dict[int, int] = {}  # tree id → which pair of words; a table keeps it until another one needs it
        self._free: list[int] | None = None  # pairs of words for other tables; None: all

    def claim(self, wanted: Claim) -> tuple[int, int]:
        """As `RowidClaims.claim_above`, past what other processes have claimed."""
        file = self.sharing.file
        with self._lock:
            if file.words[USED] < 2:
                found = self.claims.claim_above(wanted, None)
                self._publish(wanted.tree_id)
                if file.words[USED] < 2:
                    return found
                wanted = wanted._replace(
                    floor=found[0], held=found[1]
                )  # somebody came meanwhile, and may not have seen it
            locked = file.lock(CLAIMING, PATIENCE)  # if not in time: somebody may draw the same, and validation decides
            try:
                end = file.claimed(wanted.tree_id)
                if file.words[COMMIT] > self.claims.tip.commit_id:
                    self.sharing.roll_forward()
                found = self.claims.claim_above(wanted, end)
                self._publish(wanted.tree_id)
                return found
            finally:
                if locked:
                    file.unlock(CLAIMING)

    def _publish(self, tree_id: int) -> None:
        at = self._places.get(tree_id) or self._new_place(tree_id)
        if at:
            self.sharing.file.tell_claim(at, self.claims.tables[tree_id][0])

    def _new_place(self, tree_id: int) -> int | None:
        """A pair for a table; None: as many others are in use, or there is no room for any."""
        if self._free is None:
            self._free = self.sharing.file.claim_words()
        if not self._free:
            with self.claims.lock:  # nothing is withdrawn meanwhile
                for idle in [known for known in self._places if known not in self.claims.tables]:
                    self._free.append(self._places.pop(idle))
        if not self._free:
            return None
        at = self._free[-1]
        try:
            self.sharing.file.tell_claims_of(at, tree_id)
        except OperationalError:  # the disk is full: nobody is told, and validation decides
            return None
        self._places[tree_id] = self._free.pop()
        return at

    def withdraw(self, tree_id: int) -> None:
        """This process has no claim on that table any more."""
        at = self._places.get(tree_id)
        if at is not None:
            self.sharing.file.withdraw_claim(at)

    def publish_all(self) -> None:
        """Publish what was claimed while there was nobody to tell."""
        with self._lock:
            for tree_id in list(self.claims.tables):
                self._publish(tree_id)
