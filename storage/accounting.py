"""What every unit of a database file is used for: the proof that no room is lost and none is used twice (INV-G4).

From byte 8192 to the recorded end each 64 bytes belong to exactly one of
    the checkpoint record; a state record (the latest, and those of kept states)
    a node block that the latest state reaches
    a dead block: a kept state, or somebody who reads an old one, may reach it
    a free extent

Every block that a state reaches is read, so that its checksum is verified; and it must be one that the state may reach:
born at or before it, and if it is dead, died after it (INV-G6). What is wrong is told in sentences, not raised.

    account(blocks)     []  or  ["bytes 9216 to 9280 are free, and a node of commit 7", …]

The caller sees to it that no checkpoint is made meanwhile (`Checkpointer.lock`). Cost: one reading of the file, branches
once more for every kept state; a tuple of memory for each block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.errors import CorruptionError
from aerodb_dbapi.storage.header import BLOCKS_START
from aerodb_dbapi.storage.pages import UNIT, Dead, Pointer

PROBLEMS_MAX: Final = 100


class Use(NamedTuple):
    """One stretch of the file and what it is used for."""

    offset: int
    extent: int
    what: str


def account(blocks: BlockFile) -> list[str]:
    """What is wrong with the use of a file's room and with the blocks that its states reach. Empty if it is sound."""
    accounting = _Accounting(blocks)
    problems: list[str] = []
    for problem in accounting.problems():
        problems.append(problem)
        if len(problems) == PROBLEMS_MAX:
            break
    return problems


class _Accounting:
    """One pass over a file."""

    def __init__(self, blocks: BlockFile) -> None:
        self.blocks = blocks
        self.record = blocks.record
        self.dead: dict[int, Dead] = {block.offset: block for block in self.record.dead}
        self.uses = [Use(offset, extent, "free") for offset, extent in self.record.free]
        self.uses += [Use(block.offset, block.extent, "a dead block") for block in self.record.dead]
        self._read: set[int] = set()
        self._latest: set[int] = set()

    def problems(self) -> Iterator[str]:
        record, checkpoint = self.record, self.blocks.header.checkpoint
        if checkpoint is not None:
            self._use(checkpoint, "the checkpoint record")
        if record.state is not None:
            yield from self._state(record.state, record.commit_id, latest=True)
        for commit_id, pointer, _ in record.pinned:
            if pointer.length:
                yield from self._state(pointer, commit_id, latest=False)
        yield from self._stretches()

    def _use(self, pointer: Pointer, what: str) -> None:
        self.uses.append(Use(pointer.offset, pointer.extent, what))

    def _state(self, pointer: Pointer, commit_id: int, latest: bool) -> Iterator[str]:
        """Everything that a state reaches."""
        self._use(pointer, f"the state of commit {commit_id}")
        try:
            found, entries = self.blocks.state(pointer)
        except CorruptionError as error:
            yield str(error)
            return
        if found != commit_id:
            yield f"the state of commit {commit_id} says that it is of commit {found}"
        waiting = [(entry.pointer, entry.is_leaf) for entry in entries if entry.pointer is not None]
        while waiting:
            node, is_leaf = waiting.pop()
            yield from self._node(node, commit_id, latest)
            try:
                if not is_leaf:
                    children, leaves = self.blocks.branch_children(node)
                    waiting += [(child.pointer, leaves) for child in children]
                elif node.offset not in self._read:
                    self.blocks.read(node)
            except CorruptionError as error:
                yield str(error)
            self._read.add(node.offset)

    def _node(self, node: Pointer, commit_id: int, latest: bool) -> Iterator[str]:
        """Whether a state may reach that block."""
        dead = self.dead.get(node.offset)
        if node.birth > commit_id:
            yield f"the block at {node.offset} was born with commit {node.birth}, and commit {commit_id} reaches it"
        if latest:
            if node.offset in self._latest:
                yield f"the block at {node.offset} is in two places of commit {commit_id}"
                return
            self._latest.add(node.offset)
            self._use(node, f"a node of commit {commit_id}")
        elif dead is not None:
            if dead.extent != node.extent or not dead.birth <= commit_id < dead.died:
                yield f"the dead block at {node.offset} is not listed as one that commit {commit_id} reaches"
        elif node.offset not in self._latest:
            yield f"the block at {node.offset}, which only commit {commit_id} reaches, is not among the dead"

    def _stretches(self) -> Iterator[str]:
        """What is used twice, not at all, or lies outside."""
        position, before = BLOCKS_START, ""
        for offset, extent, what in sorted(self.uses):
            if offset % UNIT or extent % UNIT or extent <= 0:
                yield f"bytes {offset} to {offset + extent} ({what}) are not whole units"
            if offset < position:
                yield f"bytes {offset} to {min(position, offset + extent)} are {what}, and {before or 'the header'}"
            elif offset > position:
                yield f"bytes {position} to {offset} are not accounted for"
            if offset + extent > position:
                position, before = offset + extent, what
        if position != self.record.end:
            yield f"what is accounted for ends at {position}, the file at {self.record.end}"
