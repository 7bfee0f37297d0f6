"""A disk that lies as far as real ones may: the file-system seam in memory, with crashes, failures and short writes.

What it models
    Each file has the bytes that are *durable* and a list of changes since its last sync; reads see all of them. A
    crash keeps any legal part of the changes:

    - of every sector of 512 bytes, the state after any number of the changes that touched it (a sector is never
    torn); - of the file's length, any of those it had since the sync; sectors that were lost read as zeros; - of the
    names that were made, renamed and removed since the last `sync_directory`, the first few: a renaming is there or
    not, as one, and none is there without the ones before it. `ordered = False` keeps any of them, a renaming as one.

    A sync that fails (INV-R6) drops the changes from what will ever be written, though reads still see them: the
    kernel's pages are clean afterwards. Only writing the bytes again makes them durable. This is the harshest
    behaviour known of real systems.

    A full disk: with `capacity` set, a write that makes the files larger than that together is cut short, and fails when
    nothing of it fits.

Use
    ``files = SimulatedFiles(seed)``; give it to whatever opens files. ``crash_at=k`` raises `Crash` in the k-th
    changing call, which itself may have happened or not; every call after that raises too. `observer` is called before
    each changing call, and may look at what a crash here would leave: ``files.restart(…)`` leaves these files alone. ``fail("sync", 3,
    errno.EIO)`` makes the third sync fail once, or from then on with ``forever=True``. ``files.restart(policy)`` is
    the machine after a crash: policy 'none', 'all' or 'random' chooses what is kept of the unsynced changes. All
    choices come from the seed.

    Example: a write at 0 of two sectors, no sync, `restart("random")`: the file has 0 to 1024 bytes by any step of
    its length, and each of the two sectors is there or zero.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from dataclasses import dataclass, field

SECTOR = 512


class Crash(BaseException):
    """The machine stopped. Not an Exception, so that nothing in between takes it for an ordinary failure."""


@dataclass
class Inode:
    """One file: its durable bytes, the changes since, and what reads see."""

    number: int
    durable: bytearray = field(default_factory=bytearray)
    cached: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes] | int] = field(default_factory=list)  # (offset, data), or a new length
    locked_by: object = None

    def apply(self, change: tuple[int, bytes] | int) -> None:
        """Make a change, unsynced."""
        self.changes.append(change)
        _apply(self.cached, change)

    def sync(self) -> None:
        """All changes since the last sync, and only those, are durable. Pages a failed sync dropped stay dropped."""
        for change in self.changes:
            _apply(self.durable, change)
        self.changes.clear()

    def survivor(self, policy: str, chance: random.Random) -> bytearray:
        """The bytes that are there after a crash."""
        if policy == "none" or not self.changes:
            return bytearray(self.durable)
        if policy == "all":
            return bytearray(self.cached_of_changes())
        lengths = [len(self.durable)]
        for change in self.changes:
            lengths.append(change if isinstance(change, int) else max(lengths[-1], change[0] + len(change[1])))
        kept = bytearray(chance.choice(lengths))
        kept[: min(len(kept), len(self.durable))] = self.durable[: len(kept)]
        for number, versions in sorted(self._versions().items()):
            start, stop = number * SECTOR, min((number + 1) * SECTOR, len(kept))
            if start < stop:
                sector = chance.choice(versions)[: stop - start]
                kept[start:stop] = sector.ljust(stop - start, b"\x00")
        return kept

    def cached_of_changes(self) -> bytearray:
        """The durable bytes with all changes since."""
        content = bytearray(self.durable)
        for change in self.changes:
            _apply(content, change)
        return content

    def _versions(self) -> dict[int, list[bytes]]:
        """What each sector that was touched since the last sync held in turn."""
        content = bytearray(self.durable)
        versions: dict[int, list[bytes]] = {}
        for change in self.changes:
            low, high = (
                sorted((change, len(content)))
                if isinstance(change, int)
                else (min(change[0], len(content)), change[0] + len(change[1]))
            )
            touched = range(low // SECTOR, -(-high // SECTOR))
            for number in touched:
                if number not in versions:
                    versions[number] = [bytes(content[number * SECTOR : (number + 1) * SECTOR])]
            _apply(content, change)
            for number in touched:
                versions[number].append(bytes(content[number * SECTOR : (number + 1) * SECTOR]))
        return versions


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    offset, data = change
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


@dataclass
class Failure:
    """Calls of `kind` fail at the `nth` (from 1), once or `forever`."""

    kind: str
    nth: int
    error: int
    forever: bool


class SimulatedFiles:
    """The file system. `steps` counts the changing calls made, `log` names them."""

    has_processes = False

    def __init__(self, seed: int = 0, *, crash_at: int | None = None, short_writes: bool = False) -> None:
        self.chance = random.Random(seed)
        self.crash_at = crash_at
        self.short_writes = short_writes
        self.capacity: int | None = None
        self.steps = 0
        self.log: list[str] = []
        self.names: dict[str, Inode] = {}
        self.durable_names: dict[str, Inode] = {}
        self.names_changed: list[tuple[str, str, Inode]] = []  # what, which name, which file; since `sync_directory`
        self.ordered = True
        self.observer: Callable[[SimulatedFiles, str], None] | None = None
        self.crashed = False
        self._failures: list[Failure] = []
        self._counts: dict[str, int] = {}
        self._numbers = 0
        self._identities = random.Random(seed ^ 0x5EED)

    @classmethod
    def holding(cls, contents: dict[str, bytes], seed: int = 0) -> SimulatedFiles:
        """A file system with these files, all durable."""
        files = cls(seed)
        for path, data in contents.items():
            files.names[path] = files.durable_names[path] = files._inode(data)
        return files

    def fail(self, kind: str, nth: int, error: int = errno.EIO, *, forever: bool = False) -> None:
        """Make the `nth` call from now of `kind` ('read', 'write', 'sync', 'truncate', 'open', …) fail."""
        self._failures.append(Failure(kind, self._counts.get(kind, 0) + nth, error, forever))

    def fitting(self, inode: Inode, offset: int, size: int) -> int:
        """How much of a write there is room for."""
        if self.capacity is None:
            return size
        left = max(0, self.capacity - sum(len(held.cached) for held in self.names.values()))
        fits = min(size, len(inode.cached) + left - offset)
        if fits <= 0:
            raise OSError(errno.ENOSPC, "simulated ENOSPC")
        return fits

    def contents(self, path: str) -> bytes:
        """What reads see of a file."""
        return bytes(self.names[path].cached)

    def restart(self, policy: str = "random", seed: int | None = None) -> SimulatedFiles:
        """The file system after the crash, with nothing unsynced; this one is left as it was."""
        chance = random.Random(self.chance.random() if seed is None else seed)
        after = SimulatedFiles(chance.getrandbits(32))
        after.ordered = self.ordered
        for path, inode in sorted(self._names_after(policy, chance).items()):
            after.names[path] = after.durable_names[path] = after._inode(inode.survivor(policy, chance))
        return after

    def _names_after(self, policy: str, chance: random.Random) -> dict[str, Inode]:
        """The names that are there after a crash."""
        names = dict(self.durable_names)
        count = chance.randint(0, len(self.names_changed))
        for number, (what, path, inode) in enumerate(self.names_changed):
            kept = number < count if self.ordered else chance.random() < 0.5
            if policy == "none" or (policy != "all" and not kept):
                continue
            if what == "removed":
                names.pop(path, None)
                continue
            if what != "made":  # renamed from the name that `what` is
                names = {name: held for name, held in names.items() if (name, held) != (what, inode)}
            names[path] = inode
        return names

    def open(self, path: str, *, create: bool = False) -> SimulatedFile:
        self.step("open")
        inode = self.names.get(path)
        if inode is None:
            if not create:
                raise FileNotFoundError(errno.ENOENT, "No such file", path)
            inode = self.names[path] = self._inode(b"")
            self.names_changed.append(("made", path, inode))
        return SimulatedFile(self, inode)

    def exists(self, path: str) -> bool:
        return path in self.names

    def remove(self, path: str) -> None:
        self.step("remove")
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file", path)
        self.names_changed.append(("removed", path, self.names.pop(path)))

    def rename(self, old: str, new: str) -> None:
        self.step("rename")
        if old not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file", old)
        inode = self.names[new] = self.names.pop(old)
        self.names_changed.append((old, new, inode))

    def identity(self, path: str) -> tuple[int, int] | None:
        inode = self.names.get(path)
        return None if inode is None else (0, inode.number)

    def sync_directory(self, path: str) -> None:
        self.step("sync_directory")
        self.durable_names = dict(self.names)
        self.names_changed.clear()

    def random_bytes(self, count: int) -> bytes:
        return self._identities.randbytes(count)

    def step(self, kind: str, effect: Callable[[], None] | None = None) -> None:
        """Count a changing call; its effect happens unless it is to fail; then perhaps the machine stops."""
        if self.crashed:
            raise Crash
        if self.observer is not None:
            observer, self.observer = self.observer, None
            try:
                observer(self, kind)
            finally:
                self.observer = observer
        self.steps += 1
        self.log.append(kind)
        if self.steps == self.crash_at:
            if effect is not None and kind in ("write", "truncate"):
                effect()
            self.crashed = True
            raise Crash
        self.check(kind)
        if effect is not None:
            effect()

    def check(self, kind: str) -> None:
        """Fail this call if it is to fail."""
        if self.crashed:
            raise Crash
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        for failure in self._failures:
            if failure.kind == kind and (count == failure.nth or (failure.forever and count > failure.nth)):
                raise OSError(failure.error, f"simulated {errno.errorcode[failure.error]}")

    def _inode(self, content: bytes | bytearray) -> Inode:
        self._numbers += 1
        return Inode(self._numbers, bytearray(content), bytearray(content))


class SimulatedFile:
    """An open file."""

    def __init__(self, files: SimulatedFiles, inode: Inode) -> None:
        self._files = files
        self._inode = inode
        self.closed = False

    def read_at(self, offset: int, size: int) -> bytes:
        self._files.check("read")
        return bytes(self._inode.cached[offset : offset + size])

    def write_at(self, offset: int, data: bytes | memoryview) -> int:
        taken = bytes(data)
        if self._files.short_writes:
            taken = taken[: self._files.chance.randint(1, len(taken))]
        taken = taken[: self._files.fitting(self._inode, offset, len(taken))]
        try:
            self._files.step("write", lambda: self._inode.apply((offset, taken)))
        except OSError:
            if part := taken[: self._files.chance.randint(0, len(taken))]:
                self._inode.apply((offset, part))
            raise
        return len(taken)

    def size(self) -> int:
        return len(self._inode.cached)

    def truncate(self, size: int) -> None:
        self._files.step("truncate", lambda: self._inode.apply(size))

    def sync(self) -> None:
        try:
            self._files.step("sync", self._inode.sync)
        except OSError:
            self._drop()
            raise

    def identity(self) -> tuple[int, int]:
        return 0, self._inode.number

    def share(self, timeout: float) -> bool:
        raise AssertionError("nobody shares a simulated file")

    def lock(self, timeout: float) -> bool:
        self._files.check("lock")
        if self._inode.locked_by not in (None, self):
            return False
        self._inode.locked_by = self
        return True

    def unlock(self) -> None:
        if self._inode.locked_by is self:
            self._inode.locked_by = None

    def close(self) -> None:
        self.unlock()
        self.closed = True

    def _drop(self) -> None:
        """A failed sync: some sectors reached the disk, the others never will unless they are written again."""
        inode = self._inode
        inode.durable = inode.survivor("random", self._files.chance)
        inode.changes.clear()
