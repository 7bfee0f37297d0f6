"""Database files for tests of tools: made on the real file system, with identities that are the same at every run.

Example: ``path, connection = build(tmp_path)`` gives an open database with a snapshot, retention, dead blocks and three log
generations; ``crash_copy(path, other)`` gives the files as a killed process would leave them.
"""

from __future__ import annotations

import glob
import shutil
from pathlib import Path
from typing import Any

import aerodb_dbapi
from aerodb_dbapi.connection import Connection
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.files import OperatingSystemFiles
from aerodb_dbapi.storage.offline import Offline
from aerodb_dbapi.storage.pages import Pointer
from aerodb_dbapi.storage.space import Block, Survey


class CountedIdentities(OperatingSystemFiles):
    """The real file system; identities are 01 01 …, 02 02 …."""

    def __init__(self) -> None:
        self.count = 0

    def random_bytes(self, count: int) -> bytes:
        self.count += 1
        return bytes((self.count,)) * count


def connect(path: Path) -> Connection:
    """A connection whose file has counted identities."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection._ready().replace_database(Database.open(str(path), files=CountedIdentities()))
    return connection


def build(folder: Path) -> tuple[Path, Connection]:
    """A database of eight commits: three states kept beside the checkpoint of commit 5, and a log."""
    path = folder / "app.db"
    connection = connect(path)
    run = connection.execute
    run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE)")
    run("PRAGMA history_retention = 50")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, f"x{i}") for i in range(3000)])
    run("CREATE SNAPSHOT s1")
    run("PRAGMA wal_checkpoint")
    run("UPDATE t SET b = 'changed' WHERE a = 77")
    run("PRAGMA wal_checkpoint")
    run("DELETE FROM t WHERE a BETWEEN 100 AND 200")
    run("CREATE TABLE u(x)")
    run("INSERT INTO u VALUES (1)")
    return path, connection


def crash_copy(path: Path, other: Path) -> Path:
    """The files of a database in use, under another name."""
    for name in glob.glob(f"{glob.escape(str(path))}*"):
        shutil.copy(name, f"{other}{name[len(str(path)) :]}")
    return other


def blocks_of(path: Path) -> list[Block]:
    """The blocks of the state of the checkpoint, by offset."""
    with Offline(str(path)) as file:
        blocks: BlockFile = file.blocks()
        record = blocks.record
        return sorted(Survey(blocks).walk(record.state, record.commit_id))


def checkpoint_of(path: Path) -> Pointer:
    """Where the checkpoint record in force is."""
    with Offline(str(path)) as file:
        pointer = file.blocks().header.checkpoint
        assert pointer is not None
        return pointer


def flip(path: Path, offset: int, mask: int = 0x10) -> None:
    """Change a bit."""
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes((byte ^ mask,)))


def overwrite(path: Path, offset: int, data: bytes) -> None:
    """Write over a part of a file."""
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return found
