"""Opening the files of a database: the file locked, the state of its last checkpoint, and the log behind it.

    Store(files, path, …)   locked, header and checkpoint record read
    store.recover()         the roots from the checkpoint on; the log, if there is one, is ready to go on
    store.leave()           others may open it

Who finds no other process there recovers (`recovery.py`): what was found is made durable, the rest is cut, the header says so.
Who finds others attaches (`sharing.py`), and changes nothing.

Example: a process was killed after commit 7, of which it had told nobody. The next opening finds 1 … 7 or 1 … 6, and the one
after that the same.

Not here: what a database does once it is open (`database.py`).
"""

from __future__ import annotations

from typing import Final

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import NodeCache
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import File, FileSystem, io_error
from aerodb_dbapi.storage.generations import Generations
from aerodb_dbapi.storage.lock_file import CHECKPOINT, OPENING, LockFile
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sharing import PATIENCE, SUFFIX, attach, begin
from aerodb_dbapi.storage.wal import Log

HISTORY: Final = 1000
_STILL_OPEN: Final = "database is locked: the file that was here is still open"


class Store:
    """The files of a database that is being opened: locked, and read as far as opening needs. If others have it open too,
    nothing is changed."""

    def __init__(self, files: FileSystem, path: str, timeout: float, cache_bytes: int) -> None:
        self.log: Log | None = None
        self._logs: list[Log] = []
        self.lock_file = LockFile.entered(path + SUFFIX, timeout) if files.has_processes else None
        try:
            self.others = self.lock_file is not None and bool(self.lock_file.others())
            if self.others:
                assert self.lock_file is not None
                if not self.lock_file.lock(CHECKPOINT, max(timeout, PATIENCE)):
                    raise OperationalError("database is locked", name="SQLITE_BUSY")
            self.file = open_locked(files, path, timeout, shared=self.lock_file is not None)
        except BaseException:
            self._let_go(self.lock_file)
            raise
        try:
            self._read(files, path, cache_bytes)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _let_go(file: LockFile | None) -> None:
        """Opening has failed: the lock file goes, unless others need it."""
        if file is not None:
            if not file.others():
                file.remove()
            file.close()

    def _read(self, files: FileSystem, path: str, cache_bytes: int) -> None:
        if self.others:
            if headers.is_unmade(self.file):  # made by this opening: the others' file was deleted
                raise OperationalError(_STILL_OPEN, name="SQLITE_BUSY")
            self.blocks = BlockFile.open(self.file, path, NodeCache(cache_bytes))
            self.generations = Generations(files, path, self.blocks.header.file_id)
            self.generations.sought = self.blocks.header.generation + self.blocks.header.sealed
            assert self.lock_file is not None
            if not self.lock_file.is_of(self.blocks.header.file_id):
                raise OperationalError(_STILL_OPEN, name="SQLITE_BUSY")
            return
        try:
            if made := headers.is_unmade(self.file):
                headers.create(files, self.file, path)
            self.blocks = BlockFile.open(self.file, path, NodeCache(cache_bytes))
            if not made:
                headers.confirm(files, self.file, path, self.blocks.header)
            self.generations = Generations(files, path, self.blocks.header.file_id)
            if made:
                self.generations.clear()
            if self.blocks.header.sealed and any(pinned.generation for pinned in self.blocks.record.pinned):
                self.generations.number_ended(self.blocks.header.generation)
            self.generations.sought = self.blocks.header.generation + self.blocks.header.sealed
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", path) from error

    def leave(self) -> None:
        """All that opening had to keep from others is done."""
        if self.lock_file is not None:
            if self.others:
                self.lock_file.unlock(CHECKPOINT)
            self.lock_file.unlock(OPENING)

    def recover(self) -> list[Root]:
        """The roots from the checkpoint to the last commit, the last `HISTORY` of them at least."""
        blocks = self.blocks
        if self.others:
            assert self.lock_file is not None
            roots, self.log = attach(blocks, self.generations, self.lock_file)
            return roots
        roots = self._replay()
        if self.lock_file is not None:
            first = blocks.header.generation + 1 if self.log is None else self.log.head.generation
            begin(self.lock_file, blocks, roots[-1].commit_id, first)
        return roots

    def _replay(self) -> list[Root]:
        blocks = self.blocks
        root = Root.empty() if blocks.record.state is None else blocks.root(blocks.record.state)
        roots = [root]
        with paused_gc():
            for record in self.generations.recover(blocks.header, self._logs):
                try:
                    root = root.following(record)
                except (TypeError, LookupError, ValueError) as error:
                    message = f"commit {record.commit_id} does not fit the state before it: {error!r}"
                    raise CorruptionError(message, file=self._logs[-1].path, offset=0) from error
                roots.append(root)
                if len(roots) > 2 * HISTORY:
                    del roots[:HISTORY]
        self._settle(root)
        return roots

    def _settle(self, root: Root) -> None:
        """What was recovered is durable; say so in the header (INV-R7)."""
        if not self._logs:
            return
        self.log = self._logs[-1]
        for log in self._logs[:-1]:
            log.close()
        blocks, first = self.blocks, self._logs[0]
        witness = (first.end, first.commit_id, first.crc)
        if witness != (blocks.header.end, blocks.header.end_commit, blocks.header.crc) and not first.is_empty:
            header = blocks.header.following(end=witness[0], end_commit=witness[1], crc=witness[2])
            try:
                headers.write(self.file, header)
            except OSError as error:
                raise io_error(error, "SQLITE_IOERR_WRITE", blocks.path) from error
            blocks.header = header

    def close(self) -> None:
        """Let go of the files; nothing is changed."""
        for log in self._logs:
            log.close()
        if self.log is not None:
            self.log.close()
        self.file.close()
        self._let_go(self.lock_file)


def open_locked(files: FileSystem, path: str, timeout: float, shared: bool = False) -> File:
    """The file of that name, locked. A name that came to mean another file while we waited is opened again."""
    while True:
        try:
            file = files.open(path, create=True)
        except OSError as error:
            raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error
        try:
            if not (file.share if shared else file.lock)(timeout):
                raise OperationalError("database is locked", name="SQLITE_BUSY")
            if files.identity(path) == file.identity():
                return file
        except OSError as error:
            file.close()
            raise io_error(error, "SQLITE_IOERR", path) from error
        except BaseException:
            file.close()
            raise
        file.close()
