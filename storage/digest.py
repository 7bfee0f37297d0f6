"""The digest: one hash over the logical content of a state.

Equal content gives an equal digest, in any process, after recovery, backup or replay, whatever the shape of the trees
and the numbers of trees and objects (INV-T2). What counts, in this order:

    1. settings of META that a user can see (`user_version`, `application_id`, …), by name; not the counters of ids, nor
       what says how the file is kept: snapshots, consumers, retention, compression 2.
    definitions in name order: kind, name, table, text and facts, without object and tree ids. An index counts by its
    definition:
       its entries follow from the table
    3. for each table in name order: its name, its number of rows, its (rowid, row) pairs in blocks of 1024; of a WITHOUT
       ROWID table the rows alone, in the order of its key

Each item is packed with msgpack, whose encoding of these values is unique, and fed to BLAKE2b of 32 bytes. Blocks are
counted off from the start of the table, so they do not depend on how rows lie in leaves.

Example: two databases that ran the same statements in another order of CREATE TABLE have equal digests; one row that
holds 1.0 instead of 1 makes them differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgpack

from aerodb_dbapi.storage.catalog import META_TREE, Table, encode_object
from aerodb_dbapi.storage.raw_text import pack
from aerodb_dbapi.storage.root import Root

BLOCK_ROWS = 1024
COUNTERS = frozenset({"next_tree", "next_object", "history_retention", "compression"})


def _in_key_order(root: Root, table: Table) -> Iterator[Any]:
    """The rows of a WITHOUT ROWID table by its key: their hidden numbers are no content."""
    rows, index = root.trees[table.tree], table.key_index
    assert index is not None
    for _, rowid in root.trees[index.tree].scan():
        yield rows.get(rowid)


def digest(root: Root) -> str:
    """The digest of a state, as 64 hexadecimal digits."""
    # Not above: it loads a library for cryptography, which takes memory in every process.
    from hashlib import blake2b

    hasher = blake2b(digest_size=32)
    packer = msgpack.Packer(use_bin_type=True).pack
    for key, value in root.trees[META_TREE].scan():
        if key not in COUNTERS and not key.startswith(("snapshot:", "consumer:")):
            hasher.update(pack(packer, ("meta", key, value)))
    objects = sorted(root.schema.objects.values(), key=lambda item: (item.name.encode(), type(item).__name__))
    for item in objects:
        kind, name, table, sql, body = encode_object(item)
        hasher.update(pack(packer, (kind, name, table, sql, body if kind in ("view", "trigger") else body[1:])))
    for item in objects:
        if isinstance(item, Table):
            rows = root.trees[item.tree]
            hasher.update(pack(packer, ("rows", item.name, len(rows))))
            entries = _in_key_order(root, item) if item.without_rowid else rows.scan()
            while block := list(islice(entries, BLOCK_ROWS)):
                hasher.update(pack(packer, block))
    return hasher.hexdigest()
