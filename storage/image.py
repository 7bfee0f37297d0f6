"""A whole database as bytes, and back: `serialize` and `deserialize` of a connection.

The bytes are those of a database file without a log: two header slots and the blocks of one state, as `backup.write_copy`
writes them. So they can be written to a disk and opened, and they are checked on reading like any file (INV-C2). The
commit id is kept; what led to the state is not.

>>> database = Database.memory()
>>> deserialize(serialize(database.root)).root.commit_id
0

`MemoryFiles` is the file-system seam over files in memory. What it does not do: crash.
"""

from __future__ import annotations

import errno
import os

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.backup import write_copy
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import NodeCache
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.files import Identity
from aerodb_dbapi.storage.root import Root

NAME = "image"


class MemoryFile:
    """A file."""

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

    def share(self, timeout: float) -> bool:
        return True

    def unlock(self) -> None:
        """Nobody else knows the file."""

    def close(self) -> None:
        """The bytes stay."""


class MemoryFiles:
    """Files by name."""

    __slots__ = ("names",)
    has_processes = False

    def __init__(self, names: dict[str, MemoryFile] | None = None) -> None:
        self.names = names or {}

    def open(self, path: str, *, create: bool = False) -> MemoryFile:
        if path not in self.names:
            if not create:
                raise FileNotFoundError(errno.ENOENT, "No such file", path)
            self.names[path] = MemoryFile()
        return self.names[path]

    def exists(self, path: str) -> bool:
        return path in self.names

    def remove(self, path: str) -> None:
        if self.names.pop(path, None) is None:
            raise FileNotFoundError(errno.ENOENT, "No such file", path)

    def rename(self, old: str, new: str) -> None:
        self.names[new] = self.names.pop(old)

    def identity(self, path: str) -> Identity | None:
        file = self.names.get(path)
        return None if file is None else file.identity()

    def sync_directory(self, path: str) -> None:
        """Names in memory are as durable as they get."""

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)


def serialize(root: Root) -> bytes:
    """The bytes of a database file that holds this state."""
    files = MemoryFiles()
    file = files.open(NAME, create=True)
    headers.create(files, file, NAME)
    write_copy(file, NAME, root, [])
    return bytes(file.data)


def deserialize(data: bytes) -> Database:
    """A database in memory with the state that the bytes hold. Raises DatabaseError where they are no database, and at the
    latest when a block is first read CorruptionError where they are damaged."""
    file = MemoryFile(data)
    if headers.is_unmade(file):
        return Database.memory()
    blocks = BlockFile.open(file, NAME, NodeCache())
    return Database("", Root.empty() if blocks.record.state is None else blocks.root(blocks.record.state))
