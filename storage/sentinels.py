"""The two marks that stand where a value might: absence found, and absence wanted.

`MISSING` is the answer for a key that a tree does not hold (a stored value may be None, so None cannot say it).
`TOMBSTONE` in place of a new value means *delete this key*: in a transaction's pending writes, in `Tree.merge`, in a
commit record. Both are compared by identity only, and never stored in a tree or a file; the log writes a deletion in
its own way (`storage/frames.py`). They have a module of their own so that tree and log need not import one another.
"""

from __future__ import annotations

from typing import Final


class Sentinel:
    """A named object equal to itself alone; copying and pickling give back the same object."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


MISSING: Final = Sentinel("MISSING")
TOMBSTONE: Final = Sentinel("TOMBSTONE")
