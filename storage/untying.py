"""Letting go of a closed database.

A database, the committer and the checkpointer that it made, the node cache and the nodes of its file refer to each other. Such a
circle waits for the garbage collector, and may wait long: bulk edits hand what they made to its oldest generation
(`nodes.paused_gc`), which is looked at only when collections have made it grow by a quarter. A program that opened one database
after the other would hold the rows of all of them.

Without the references that `untie` takes away there is no circle with rows in it: they go when the last reference to the
database goes, that of a connection, fork or read view.

What it does not do: close files, unload nodes (a cursor may still be reading them).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.checkpoint import Checkpointer
from aerodb_dbapi.storage.commit import Committer
from aerodb_dbapi.storage.errors import InternalError


def untie(committer: Committer, checkpointer: Checkpointer | None, former: Iterable[BlockFile]) -> None:
    """Nobody uses their database any more. `former`: the files that it was in before a VACUUM."""
    committer.publish = _asked
    committer.start_log = committer.log_full = None
    if checkpointer is not None:
        checkpointer.root_at = _asked
        for blocks in (checkpointer.blocks, *former):
            blocks.cache.clear()


def _asked(of: Any) -> NoReturn:
    raise InternalError(f"a closed database is asked for {of!r}")
