"""The file-system seam: everything AeroDB asks of a disk, a clock for locks, and chance, in two small protocols.

Nothing else in `storage/` opens, writes or locks a file, so a test can put a simulated disk in place of the real one
(`tests/simulation.py`) and crash it at every single call.

What the seam promises, and callers rely on
    - `write_at` may write less than asked (it returns how much) and may fail; `write_all` repeats until done.
    - What was written is *durable* only once a later `sync` returned. Before that a crash may keep any part of it, in
      any order, torn at sector bounds. A file's *name* is durable only after `sync_directory`.
    - After a `sync` that failed, nothing is known of the writes before it, and a later `sync` that succeeds proves
      nothing about them (the kernel may have dropped the dirty pages): only writing them again helps.
    - A sector of `SECTOR` bytes is written wholly or not at all.
    - `lock` excludes other processes and other open files of this process until `unlock`, `close`, or death. It is
      `flock`: record locks (`fcntl`) would vanish at any unrelated close of the same file.

Errors: the seam raises `OSError` as the operating system does; `io_error` makes of it the error the user sees, with
SQLite's wording and code.

Not here: what processes that share a file tell each other (`lock_file.py`); `ReadOnlyFiles` (`offline.py`), for files that
cannot be written.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from typing import Final, Protocol

from aerodb_dbapi.storage.errors import OperationalError

SECTOR: Final = 512
_RETRY_FIRST: Final = 0.001
_RETRY_LONGEST: Final = 0.05
_WRITE_PIECE: Final = 4 << 20
_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone stops at the drive's cache

Identity = tuple[int, int]


class File(Protocol):
    """One open file. Offsets and sizes are bytes."""

    def read_at(self, offset: int, size: int) -> bytes:
        """The bytes at `offset`; fewer than `size` only at the end of the file."""

    def write_at(self, offset: int, data: bytes | memoryview) -> int:
        """Write a first part of `data` at `offset`; how many bytes were written."""

    def size(self) -> int:
        """The length of the file."""

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes, or extend it with zeros."""

    def sync(self) -> None:
        """Return once all that was written is durable."""

    def identity(self) -> Identity:
        """Device and inode: equal for two open files exactly when they are the same file."""

    def lock(self, timeout: float) -> bool:
        """Take the exclusive lock, trying for `timeout` seconds; whether it was got."""

    def share(self, timeout: float) -> bool:
        """Take the lock together with others who share it, or share it from now on; whether it was got."""

    def unlock(self) -> None:
        """Give the lock back."""

    def close(self) -> None:
        """Close the file; its lock is gone. Closing twice does nothing."""


class FileSystem(Protocol):
    """Where files are found by path, and where random identities come from. `has_processes`: others may use the files too,
    by the rules of `lock_file.py`; if not, a database is locked by whoever has it open."""

    @property
    def has_processes(self) -> bool: ...

    def open(self, path: str, *, create: bool = False) -> File:
        """Open for reading and writing; with `create`, make an empty file where there is none."""

    def exists(self, path: str) -> bool:
        """Whether there is a file of that name."""

    def remove(self, path: str) -> None:
        """Remove the name."""

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, replacing what had it."""

    def identity(self, path: str) -> Identity | None:
        """Device and inode of the file of that name, None if there is none."""

    def sync_directory(self, path: str) -> None:
        """Make the names in the directory that holds `path` durable."""

    def random_bytes(self, count: int) -> bytes:
        """Bytes that no other caller got, for identities."""


class OperatingSystemFile:
    """A file of the operating system, by descriptor."""

    __slots__ = ("_descriptor", "_identity")

    def __init__(self, descriptor: int, found: os.stat_result | None = None) -> None:
        self._descriptor = descriptor
        found = found or os.fstat(descriptor)
        self._identity = found.st_dev, found.st_ino

    @property
    def descriptor(self) -> int:
        """The descriptor, for locks on bytes (`byte_locks.py`); -1 once the file is closed."""
        return self._descriptor

    def read_at(self, offset: int, size: int) -> bytes:
        data = os.pread(self._descriptor, size, offset)
        if len(data) == size:
            return data
        parts = [data]
        while data and (size := size - len(data)):
            offset += len(data)
            data = os.pread(self._descriptor, size, offset)
            parts.append(data)
        return b"".join(parts)

    def write_at(self, offset: int, data: bytes | memoryview) -> int:
        return os.pwrite(self._descriptor, data, offset)

    def size(self) -> int:
        # Nobody uses the position; `fstat` makes an object of 20 fields.
        return os.lseek(self._descriptor, 0, os.SEEK_END)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        if _FULL_SYNC is None:
            os.fdatasync(self._descriptor)
        else:
            fcntl.fcntl(self._descriptor, _FULL_SYNC)

    def identity(self) -> Identity:
        return self._identity

    def lock(self, timeout: float) -> bool:
        return self._flock(fcntl.LOCK_EX, timeout)

    def share(self, timeout: float) -> bool:
        return self._flock(fcntl.LOCK_SH, timeout)

    def _flock(self, kind: int, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        pause = _RETRY_FIRST
        while True:
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                time.sleep(min(pause, left))
                pause = min(2 * pause, _RETRY_LONGEST)

    def unlock(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class OperatingSystemFiles:
    """The real file system."""

    has_processes = True

    def open(self, path: str, *, create: bool = False) -> OperatingSystemFile:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_CREAT if create else 0)
        descriptor = os.open(path, flags, 0o644)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "Not a regular file", path)
        return OperatingSystemFile(descriptor, found)

    def exists(self, path: str) -> bool:
        return os.access(path, os.F_OK)

    def remove(self, path: str) -> None:
        os.unlink(path)

    def rename(self, old: str, new: str) -> None:
        os.replace(old, new)

    def identity(self, path: str) -> Identity | None:
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def sync_directory(self, path: str) -> None:
        folder = os.path.dirname(os.path.realpath(path))
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return  # a folder that may be searched but not read: nothing can be done for the name
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems know no such thing
                raise
        finally:
            os.close(descriptor)

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)


def _is_plain(path: str) -> bool:
    """Whether a path begins at the root and goes through no link: what `realpath` gives is the same then, at three times the cost."""
    if path[:1] != "/" or "//" in path or "/." in path or path[-1] == "/":
        return False
    end = 0
    try:
        while end >= 0:
            end = path.find("/", end + 1)
            if stat.S_ISLNK(os.lstat(path if end < 0 else path[:end]).st_mode):
                return False
    except OSError:
        return False
    return True


def place_of(path: str) -> str:
    """The path by which a database is known from its opening on: without links, for log and lock file lie beside the file itself, and
    from the root, for the process may go to another folder, where the same name is another file."""
    try:
        return path if _is_plain(path) else os.path.realpath(path)
    except OSError as error:  # the folder that we are in is gone
        raise OperationalError("unable to open database file", name="SQLITE_CANTOPEN") from error


def write_all(file: File, offset: int, data: bytes) -> None:
    """Write all of `data`, however little the system takes at a time."""
    written = file.write_at(offset, data) if len(data) <= _WRITE_PIECE else 0
    if written == len(data):
        return
    view = memoryview(data)[written:]
    offset += written
    while view:
        written = file.write_at(offset, view[:_WRITE_PIECE])
        if written <= 0:
            raise OSError(errno.EIO, "Nothing was written")
        offset += written
        view = view[written:]


def is_full(error: OSError) -> bool:
    """Whether a call failed for want of room: on the disk, in a quota, in the largest file there may be."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def io_error(error: OSError, name: str, path: str) -> OperationalError:
    """The error for a failed call on a file: a full disk by its own name, all else an I/O error of kind `name`."""
    reason = error.strerror or str(error)
    if is_full(error):
        return OperationalError(f"database or disk is full: {path}: {reason}", name="SQLITE_FULL")
    return OperationalError(f"disk I/O error: {path}: {reason}", name=name)
