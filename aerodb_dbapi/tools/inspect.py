"""``inspect FILE``: what a database file holds, as text.

The header slots, the checkpoint record with its kept states, free and dead space; the trees of the state; with ``--blocks``
every block of it; the log generations, with ``--log`` every commit of them: its tables, and how many entries of each were put
and deleted. It shows what it can read, and says what it cannot, so it is of use with damaged files, too; for a verdict there
is ``check``.

Example::

    $ python -m aerodb_dbapi.tools inspect app.db
    slot 0: sequence 3, commit 0, no checkpoint, log generation 1
    slot 1: sequence 4, commit 2, checkpoint at 8704 (128 bytes), sealed; in force
    …
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.catalog import Index, Schema, Table
from aerodb_dbapi.storage.checkpoint import snapshots
from aerodb_dbapi.storage.errors import CorruptionError, Error
from aerodb_dbapi.storage.header import Header
from aerodb_dbapi.storage.offline import LogFile, Offline
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.storage.space import Survey, plain
from aerodb_dbapi.tools.console import counted

_BUILT_IN = {0: "catalog", 1: "meta"}


class Inspection:
    """One look at a file, written to `output`."""

    def __init__(self, file: Offline, output: TextIO) -> None:
        self.file = file
        self.output = output
        self.names: dict[int, str] = dict(_BUILT_IN)

    def run(self, blocks: bool, log: bool) -> int:
        """Write all that is asked for; the exit code, 1 if the file has no sound header or checkpoint record."""
        self._tell(f"file: {counted(self.file.size, 'byte')}")
        code = 0
        if self.file.is_new():
            self._tell("a new database without content")
        else:
            self._slots()
            code = self._blocks(blocks)
        self._logs(log)
        return code

    def _tell(self, line: str) -> None:
        self.output.write(line + "\n")

    # --- header and blocks -------------------------------------------------------------------------------------------

    def _slots(self) -> None:
        slots = self.file.slots()
        newest = max((slot.sequence for slot in slots if slot is not None), default=0)
        for number, slot in enumerate(slots):
            if slot is None:
                self._tell(f"slot {number}: not sound")
            else:
                force = "; in force" if slot.sequence == newest else ""
                self._tell(f"slot {number}: {_header(slot)}{force}")
        for slot in slots:
            if slot is not None and slot.sequence == newest:
                self._tell(f"file identity: {slot.file_id.hex()}")

    def _blocks(self, listed: bool) -> int:
        try:
            blocks = self.file.blocks()
        except Error as error:
            self._tell(f"blocks: {plain(error)}")
            return 1
        record = blocks.record
        if blocks.header.checkpoint is None:
            self._tell("checkpoint: none")
            return 0
        free, dead = sum(length for _, length in record.free), sum(block.extent for block in record.dead)
        self._tell(f"checkpoint: commit {record.commit_id}, blocks to {record.end}, {free} bytes free, {dead} dead")
        self._names(blocks)
        for pinned in record.pinned:
            behind = f", log generation {pinned.generation} behind it" if pinned.generation else ""
            self._tell(f"kept state: commit {pinned.commit_id}{behind}")
        survey = Survey(blocks)
        live = survey.walk(record.state, record.commit_id)
        self._trees(blocks)
        for problem in survey.problems:
            self._tell(f"problem: {problem}")
        if listed:
            for block in sorted(live):
                of = "" if block.tree_id is None else f" of {self._name(block.tree_id)}"
                size = f", {counted(block.size, 'entry', 'entries')}" if block.kind == "leaf" else ""
                edits = f" after {counted(block.edits, 'byte', 'bytes')} of edits" if block.edits else ""
                birth = f", since commit {block.pointer.birth}"
                where, room = block.pointer.offset, block.pointer.length
                self._tell(f"block at {where}: {block.kind}{of}, {room} bytes{size}{edits}{birth}")
            for offset, length in record.free:
                self._tell(f"free at {offset}: {length} bytes")
            for gone in record.dead:
                self._tell(f"dead at {gone.offset}: {gone.extent} bytes, commits {gone.birth} to {gone.died - 1}")
        return 0

    def _names(self, blocks: BlockFile) -> None:
        """The names of trees, and the snapshots, as the state of the checkpoint tells them."""
        assert blocks.record.state is not None
        try:
            root = blocks.root(blocks.record.state)
            self._learn(root.schema)
            for name, commit_id in sorted(snapshots(root).items()):
                self._tell(f"snapshot {name}: commit {commit_id}")
        except (Error, TypeError, ValueError, IndexError) as error:
            self._tell(f"catalog: {plain(error)}")

    def _learn(self, schema: Schema) -> None:
        for item in schema.objects.values():
            if isinstance(item, Table | Index):
                self.names[item.tree] = f"{'index' if isinstance(item, Index) else 'table'} {item.name}"

    def _trees(self, blocks: BlockFile) -> None:
        assert blocks.record.state is not None
        try:
            for entry in blocks.state(blocks.record.state)[1]:
                size = counted(entry.size, "entry", "entries")
                at = "" if entry.pointer is None else f", root at {entry.pointer.offset}"
                self._tell(f"tree {entry.tree_id}: {self._name(entry.tree_id)}, {size}{at}")
        except CorruptionError as error:
            self._tell(f"state: {plain(error)}")

    def _name(self, tree_id: int) -> str:
        return self.names.get(tree_id, f"tree {tree_id}")

    # --- log ---------------------------------------------------------------------------------------------------------

    def _logs(self, listed: bool) -> None:
        for log in self.file.logs():
            name = "…" + log.path[len(self.file.path) :]
            if log.head is None:
                self._tell(f"log {name}: {log.size} bytes, no head of a log")
            else:
                self._log(log, name, listed)

    def _log(self, log: LogFile, name: str, listed: bool) -> None:
        assert log.head is not None
        self._tell(f"log {name}: generation {log.head.generation}, {log.size} bytes, of file {log.head.file_id.hex()}")
        file, reading = log.scan()
        first = last = None
        try:
            before = reading.end
            for record in reading.commits():
                first, last = first or record.commit_id, record.commit_id
                if listed:
                    self._tell(f"  {before}: commit {last}: {self._record(record)}")
                before = reading.end
        except CorruptionError as error:
            self._tell(f"  damage at {error.offset}: {plain(error)}")
        finally:
            file.close()
        found = "no commit" if first is None else f"commits {first} to {last}"
        goes_on = reading.continued
        following = "" if goes_on is None else f"; generation {goes_on.generation} follows commit {goes_on.commit_id}"
        self._tell(f"  {found}, to byte {reading.end}{following}")

    def _record(self, record: CommitRecord) -> str:
        """A commit in one line."""
        for edits in record.edits:
            if edits.tree == 0:
                self._learn_edits(edits)
        parts = [f"creates {kind} tree {tree_id}" for tree_id, kind, _ in record.created]
        parts += [f"{self._name(edits.tree)} {_edits(edits)}" for edits in record.edits]
        parts += [f"drops {self._name(tree_id)}" for tree_id in record.dropped]
        return "; ".join(parts) or "nothing"

    def _learn_edits(self, edits: TreeEdits) -> None:
        entries: list[tuple[int, object]] = [pair for keys, values in edits.chunks for pair in zip(keys, values)]
        entries += edits.writes.items()
        try:
            self._learn(Schema((key, value) for key, value in entries if value is not TOMBSTONE))  # type: ignore[misc]
        except (TypeError, ValueError, IndexError):
            return  # not a catalog that this version reads: trees go by their numbers


def _edits(edits: TreeEdits) -> str:
    put = sum(len(keys) for keys, _ in edits.chunks) + sum(v is not TOMBSTONE for v in edits.writes.values())
    deleted = sum(value is TOMBSTONE for value in edits.writes.values())
    return " ".join(_signed(((put, "+"), (deleted, "-"))))


def _signed(counts: Iterable[tuple[int, str]]) -> Iterable[str]:
    return (f"{sign}{count}" for count, sign in counts if count)


def _header(slot: Header) -> str:
    pointer = slot.checkpoint
    at = "no checkpoint" if pointer is None else f"checkpoint at {pointer.offset} ({pointer.length} bytes)"
    log = "sealed" if slot.sealed else f"log generation {slot.generation}"
    if slot.end:
        log += f", durable to {slot.end}, commit {slot.end_commit}"
    return f"sequence {slot.sequence}, commit {slot.commit_id}, {at}, {log}"


def inspect(path: str, blocks: bool, log: bool, output: TextIO) -> int:
    """Print what a file holds; the exit code."""
    with Offline(path) as file:
        return Inspection(file, output).run(blocks, log)
