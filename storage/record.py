"""What one commit is to the log: the net edits of every tree it touched, and nothing that needs SQL to understand.

A transaction makes a `CommitRecord` when it commits, the log writes it, recovery gives back an equal one. Applying the
records in order to the empty database gives the state of the last commit. Tables and indexes are alike trees here, so
replay needs no planner and no executor (INV-R8).

Meaning of a record
    1. Each tree of `created` comes into being, empty: ``(tree_id, kind, unique_prefix)``, kind 'table' or 'index'.
    2. For each `TreeEdits`: every chunk is merged in turn (``keys`` ascending, ``values`` beside them), then `writes`,
       which win over chunks; a value of `TOMBSTONE` deletes the key, and deleting an absent key does nothing.
    3. Each tree of `dropped` is gone.
    One tree has at most one `TreeEdits` in a record. A tree both created and dropped by the transaction is nowhere.

Keys and values
    Table trees: key int (the rowid), or for the catalog's META tree str; value any plain value, usually the row tuple.
    Index trees: key a flat tuple ending in the rowid; the value is that rowid, ``key[-1]``, and is not written to the
    log: a tuple key with an int value means an index entry, and recovery takes the value from the key again.

Recovered records are equal in meaning, not in form: a long chunk comes back as several, keys of consecutive integers
as a `range`, lists as tuples.

Example: ``CREATE TABLE t(a); INSERT INTO t VALUES (7)`` in one transaction, as commit 3::

    CommitRecord(
        3, [TreeEdits(0, writes={5: ("table", "t", ...)}), TreeEdits(9, writes={1: (7,)})], [(9, "table", 0)], []
    )

Commit ids are dense and ascend (INV-V2); id 0 is the empty database and has no record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Chunk = tuple[Sequence[Any], Sequence[Any]]
Creation = tuple[int, str, int]


@dataclass(slots=True)
class TreeEdits:
    """The net edits of one tree: `chunks` of ascending entries, then `writes` over them (key → value or TOMBSTONE)."""

    tree: int
    chunks: list[Chunk] = field(default_factory=list)
    writes: dict[Any, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CommitRecord:
    """One commit: its identity, the edits of its trees, and the trees it created and dropped."""

    commit_id: int
    edits: list[TreeEdits] = field(default_factory=list)
    created: list[Creation] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
