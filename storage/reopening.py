"""What a process remembers of the database files that it closed last: their definitions, and the statements compiled for them.

A program that opens and closes a connection for each request would compile each of its statements each time. If the file is
opened again and its catalog is the very one that was there, by the pointer of its root block, the schema is the same object
as before (INV-S3), and so are the plans. Nothing of the data is kept: neither roots nor nodes nor files.

Example: closed at commit 7, opened at commit 9, which another process made: two rows more, the same catalog. The plans are
taken over; those whose tables have another size by now are forgotten by the first session (`executor.session`).

All of this is done under the lock of `Database.registry`. Not here: the plans themselves (`executor.statement`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.catalog import CATALOG_TREE, Schema
from aerodb_dbapi.storage.leaf_edits import Edits
from aerodb_dbapi.storage.pages import Pointer
from aerodb_dbapi.storage.root import Root

FILES_MAX: Final = 8

Plans = dict[Any, Any]
Place = tuple[Pointer, Edits]
_left: OrderedDict[bytes, tuple[Place, Schema, Plans]] = OrderedDict()


def remember(blocks: BlockFile, root: Root, plans: Plans) -> None:
    """The file is closed at that root."""
    place, schema = _catalog(blocks, root), root.cell.schema
    if place is None or schema is None or not plans:
        return
    _left[blocks.header.file_id] = place, schema, plans
    _left.move_to_end(blocks.header.file_id)
    if len(_left) > FILES_MAX:
        _left.popitem(last=False)


def recall(blocks: BlockFile, root: Root) -> Plans | None:
    """The plans that were compiled for the catalog of that root, which has their schema from now on; None: there are none.
    Who is given them has them alone."""
    left = _left.pop(blocks.header.file_id, None)
    if left is None:
        return None
    place, schema, plans = left
    if place != _catalog(blocks, root) or root.cell.schema is not None:
        return None
    root.cell.schema, root.cell.version = schema, schema.version
    return plans


def _catalog(blocks: BlockFile, root: Root) -> Place | None:
    """Where the catalog's root is, if it is in the file: its block, and what is to be done to it."""
    node = root.trees[CATALOG_TREE].node
    source = getattr(node, "source", None)
    if source is None or source.blocks is not blocks:
        return None
    return source.pointer_of(node), source.edits_of(node)
