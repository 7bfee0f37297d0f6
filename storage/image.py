"""A whole database as bytes, and back: `serialize` and `deserialize` of a connection.

The bytes are a database file as a file of its own would hold it: two header slots and a log of one commit that brings all trees into
being. So they can be written to a disk and opened, they are checked on reading like any file (INV-R3), and their making needs nothing
that recovery does not know (INV-R8). Commit ids begin anew.

>>> database = Database.memory()
>>> deserialize(serialize(database.root)).root.commit_id
0

`MemoryFiles` is the file-system seam over one file in memory. What it does not do: crash.
"""

from __future__ import annotations

import os
from typing import Any

from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.files import Identity
from aerodb_dbapi.storage.record import Chunk, CommitRecord, TreeEdits
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.wal import Log

NAME = "image"


class MemoryFile:
    """The one file."""

    __slots__ = ("data",)

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)

    def read_at(self, offset: int, size: int) -> bytes:
        return bytes(self.data[offset : offset + size])

    def write_at(self, offset: int, data: bytes | memoryview) -> int:
        if offset > len(self.data):
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset : offset + len(data)] = data
        return len(data)

    def size(self) -> int:
        return len(self.data)

    def truncate(self, size: int) -> None:
        del self.data[size:]
        self.data.extend(bytes(size - len(self.data)))

    def sync(self) -> None:
        """Memory is as durable as it gets."""

    def identity(self) -> Identity:
        return 0, id(self)

    def lock(self, timeout: float) -> bool:
        return True

    def unlock(self) -> None:
        """Nobody else knows the file."""

    def close(self) -> None:
        """The bytes stay."""


class MemoryFiles:
    """A file system of one file that goes by every name."""

    __slots__ = ("file",)

    def __init__(self, data: bytes = b"") -> None:
        self.file = MemoryFile(data)

    def open(self, path: str, *, create: bool = False) -> MemoryFile:
        return self.file

    def exists(self, path: str) -> bool:
        return True

    def remove(self, path: str) -> None:
        self.file.truncate(0)

    def rename(self, old: str, new: str) -> None:
        """One file has every name."""

    def identity(self, path: str) -> Identity | None:
        return self.file.identity()

    def sync_directory(self, path: str) -> None:
        """There is no directory."""

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)


def serialize(root: Root) -> bytes:
    """The bytes of a database file that holds this state."""
    files = MemoryFiles()
    log, records = Log.open(files, NAME)
    for _ in records:
        pass
    record = _record_of(root)
    if record is not None:
        log.append(record)
        log.flush(sync=True)
    log.close()
    return bytes(files.file.data)


def deserialize(data: bytes) -> Database:
    """A database in memory with the state that the bytes hold. Raises DatabaseError where they are no database."""
    log, records = Log.open(MemoryFiles(data), NAME)
    root = Root.empty()
    history = {0: root}
    for record in records:
        root = root.following(record)
        history[root.commit_id] = root
    log.close(seal=False)
    return Database("", None, root, history)


def _record_of(root: Root) -> CommitRecord | None:
    """The commit that makes this state out of the empty one; None for the empty one."""
    if root.commit_id == 0:
        return None
    known = set(Root.empty().trees)
    record = CommitRecord(1)
    for tree_id, tree in root.directory.scan():
        if tree_id not in known:
            record.created.append((tree_id, tree.kind, tree.unique_prefix))
        batches: Any = tree.batches()
        chunks: list[Chunk] = [(list(keys), list(values)) for keys, values in batches]
        if chunks:
            record.edits.append(TreeEdits(tree_id, chunks))
    return record
