"""Is a database file sound, block by block? Every kept state is walked, every byte accounted for; problems are told.

Blocks
    `Survey.check` goes over the state of the checkpoint and over each pinned one, from its record down. A block must have
    its pointer's checksum (INV-C2) and decode; keys ascend within their parent's bounds, sizes are those that parents say,
    leaves are at one depth (INV-D2). Blocks that states share are read once. Nothing is loaded into the node cache, so
    memory stays small whatever the size of the file, and a database in use may be surveyed.

Space (INV-G4)
    Where all blocks are sound, `accounting.py` says whether each unit of the file has exactly one use.

Example: after one byte of a leaf has changed, ``tree 2 (t) of commit 5: damaged block of 197 bytes at offset 8192``.

Not here: the log (`offline.py`), catalog and counters (`check.py`), indexes against tables (`executor/pragma.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final, NamedTuple

from aerodb_dbapi.storage import pages
from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.errors import CorruptionError
from aerodb_dbapi.storage.leaf_edits import Edits
from aerodb_dbapi.storage.pages import BadPage, Child, Pointer, TreeEntry
from aerodb_dbapi.storage.sentinels import MISSING

PROBLEMS_MAX: Final = 100


class Block(NamedTuple):
    """A block that some state reaches. `kind` is 'state', 'branch' or 'leaf'; `size` the entries of a leaf, `edits` the bytes of what
    is done to the entries of the block to have them."""

    pointer: Pointer
    kind: str
    tree_id: int | None = None
    size: int = 0
    edits: int = 0


class Survey:
    """One look at the blocks of a file. `problems` are sentences; `count` is that of the blocks met."""

    def __init__(self, blocks: BlockFile, progress: Callable[[int, int], None] | None = None) -> None:
        self.blocks = blocks
        self.progress = progress
        self.problems: list[str] = []
        self.count = 0
        self._known: dict[tuple[Pointer, Edits, Any, Any], tuple[int, int] | None] = {}
        self._found: list[Block] = []
        self._where = ""
        self._tree: TreeEntry

    def check(self) -> list[str]:
        """All that is wrong; empty if nothing is."""
        record = self.blocks.record
        for pointer, commit_id in (
            (record.state, record.commit_id),
            *((p.pointer, p.commit_id) for p in record.pinned),
        ):
            self.walk(pointer, commit_id)
        if not self.problems:  # what lies below a damaged branch would seem to be lost
            self.problems += account(self.blocks)
        return self.problems

    # --- blocks ------------------------------------------------------------------------------------------------------

    def walk(self, pointer: Pointer | None, commit_id: int) -> list[Block]:
        """The blocks of a state that were not met before, checked."""
        self._found = []
        if pointer is None or not pointer.length:
            return []
        self._met(Block(pointer, "state"))
        self._where = f"state of commit {commit_id}"
        state = self._read(pages.unpack_state, pointer)
        if state is None:
            return self._found
        found, entries = state
        if found != commit_id:
            self._tell(f"says commit {found}")
        for entry in entries:
            self._where = f"tree {entry.tree_id} of commit {commit_id}"
            self._tree = entry
            if entry.pointer is not None:
                root = Child(entry.pointer, entry.size, entry.edits)
                known = self._node(root, entry.is_leaf, MISSING, MISSING)
                if known is not None and known[0] != entry.size:
                    self._tell(f"{known[0]} entries where {entry.size} should be")
        return self._found

    def _node(self, node: Child, is_leaf: bool, low: Any, high: Any) -> tuple[int, int] | None:
        """Entries and height of a subtree, None if they are not known for damage."""
        pointer = node.pointer
        key = (pointer, node.edits, low, high)
        if key not in self._known:
            try:
                self._known[key] = self._leaf(node, low, high) if is_leaf else self._branch(pointer, low, high)
            except TypeError as error:  # keys that do not compare
                self._tell(f"{error} at offset {pointer.offset}")
                self._known[key] = None
        return self._known[key]

    def _leaf(self, node: Child, low: Any, high: Any) -> tuple[int, int] | None:
        pointer = node.pointer
        content = self._read(lambda page: pages.unpack_leaf(page, node.edits), pointer)
        if content is None:
            self._met(Block(pointer, "leaf", self._tree.tree_id))
            return None
        keys, values = content
        self._met(Block(pointer, "leaf", self._tree.tree_id, len(keys), sum(map(len, node.edits))))
        self._order(pointer, keys, low, high)
        kind = self._tree.kind
        if kind == "table" and set(map(type, keys)) - {int}:
            self._tell(f"a key that is not an integer in the leaf at offset {pointer.offset}")
        elif kind == "index" and (set(map(type, keys)) - {tuple} or [k[-1] for k in keys] != list(values)):
            self._tell(f"an entry whose key does not end in its rowid in the leaf at offset {pointer.offset}")
        return len(keys), 0

    def _branch(self, pointer: Pointer, low: Any, high: Any) -> tuple[int, int] | None:
        self._met(Block(pointer, "branch", self._tree.tree_id))
        content = self._read(pages.unpack_branch, pointer)
        if content is None:
            return None
        keys, children, leaves = content
        self._order(pointer, keys, low, high)
        bounds = (low, *keys, high)
        total, heights = 0, set()
        for i, child in enumerate(children):
            known = self._node(child, leaves, bounds[i], bounds[i + 1])
            total += child.size
            if known is not None:
                heights.add(known[1])
                if known[0] != child.size:
                    self._tell(f"{known[0]} entries where the branch at offset {pointer.offset} says {child.size}")
        if len(heights) > 1:
            self._tell(f"leaves at different depths below the branch at offset {pointer.offset}")
        return total, 1 + max(heights, default=0)

    def _order(self, pointer: Pointer, keys: tuple[Any, ...], low: Any, high: Any) -> None:
        if any(not a < b for a, b in pairwise(keys)):
            self._tell(f"keys out of order at offset {pointer.offset}")
        elif keys and ((low is not MISSING and keys[0] < low) or (high is not MISSING and not keys[-1] < high)):
            self._tell(f"keys outside their parent's bounds at offset {pointer.offset}")

    def _read(self, unpack: Callable[[bytes], Any], pointer: Pointer) -> Any:
        try:
            return unpack(self.blocks.read(pointer))
        except (CorruptionError, BadPage) as error:
            self._tell(f"{plain(error)} at offset {pointer.offset}")
            return None

    def _met(self, block: Block) -> None:
        self._found.append(block)
        self.count += 1
        if self.progress is not None:
            self.progress(block.pointer.offset, self.blocks.record.end)

    def _tell(self, problem: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(f"{self._where}: {problem}")


def plain(error: Exception) -> str:
    """The message of an error without file and offset."""
    return str(error).split(" (file ")[0]
