"""Copies: a state written densely into a new file, and a database that takes over another one's content.

`write_copy` walks a root, which cannot change, so nobody waits for it and it waits for nobody. Entries come leaf by leaf;
full leaves are written as they are filled, and of the branches only pointers are kept, so memory is steady however large
the state. The copy has the commit id of its source, no log and no history. It is verified by reading it back: its digest
must be that of the source, or it is removed (INV-R15).

::

    vacuum_into(database, path)     a copy of the latest commit in a new file
    vacuum(database)                the same in place of the database's own file
    replace_content(target, root)   one commit of `target` that makes its content that of `root`

VACUUM in place
    The write gate is held, the log settled. The copy, `app.db-vacuum`, is written with the states of all snapshots,
    synced, verified, locked, and renamed over `app.db`: that is the point at which it is so. Its header says that there is
    no log; the old log goes. Whoever reads an old state goes on reading the old file, which has no name any more.
    `history_retention` begins anew. A crash leaves the old file or the new one, and perhaps `app.db-vacuum`, which the next
    VACUUM overwrites.

Not here: SQL (`executor/store.py`), `Connection.backup` (`aerodb_dbapi/connection.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aerodb_dbapi.storage import header as headers
from aerodb_dbapi.storage import nodes as shape
from aerodb_dbapi.storage import pages
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.cache import NodeCache
from aerodb_dbapi.storage.catalog import META_TREE
from aerodb_dbapi.storage.checkpoint import COMPRESSION, CONSUMER, SNAPSHOT, Writing, snapshots
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.digest import digest
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import File, FileSystem, OperatingSystemFiles, io_error
from aerodb_dbapi.storage.opening import open_locked
from aerodb_dbapi.storage.pages import Checkpoint, Child, Dead, Pinned, Pointer, TreeEntry
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.shielding import shielded
from aerodb_dbapi.storage.tree import Tree

Progress = Callable[[int, int], None]
"""Called with the number of entries done and their total."""

COPY_CACHE = 16 << 20
_META_OF_THE_FILE = frozenset({"next_tree", "next_object", "history_retention", COMPRESSION})


class DenseWriter:
    """Trees written in full leaves, from left to right."""

    def __init__(self, writing: Writing, total: int, progress: Progress | None) -> None:
        self.writing = writing
        self.total = total
        self.done = 0
        self.progress = progress

    def state(self, root: Root) -> tuple[Pointer, list[TreeEntry]]:
        """Write a whole state."""
        entries = [self._tree(tree_id, tree) for tree_id, tree in sorted(root.directory.scan())]
        return self.writing.page(pages.pack_state(root.commit_id, entries)), entries

    def _tree(self, tree_id: int, tree: Tree) -> TreeEntry:
        size = len(tree)
        if not size:
            return TreeEntry(tree_id, tree.kind, tree.unique_prefix, 0, True, None)
        level = [
            (keys[0], Child(self.writing.page(pages.pack_leaf(keys, values)), len(keys)))
            for keys, values in self._leaves(tree, shape.filled(tree.kind))
        ]
        leaves = True
        while len(level) > 1:
            level = [self._branch(level[piece], leaves) for piece in shape.slices(len(level), shape.FANOUT, full=False)]
            leaves = False
        return TreeEntry(tree_id, tree.kind, tree.unique_prefix, size, leaves, level[0][1].pointer)

    def _leaves(self, tree: Tree, capacity: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """The entries of a tree in leaves of `capacity`, but for the last one."""
        keys: tuple[Any, ...] = ()
        values: tuple[Any, ...] = ()
        for more_keys, more_values in tree.batches():
            self._tell(len(more_keys))
            keys, values = keys + tuple(more_keys), values + tuple(more_values)
            while len(keys) >= capacity:
                yield keys[:capacity], values[:capacity]
                keys, values = keys[capacity:], values[capacity:]
        if keys:
            yield keys, values

    def _branch(self, nodes: list[tuple[Any, Child]], leaves: bool) -> tuple[Any, Child]:
        children = [child for _, child in nodes]
        page = pages.pack_branch([low for low, _ in nodes[1:]], children, leaves)
        return nodes[0][0], Child(self.writing.page(page), sum(child.size for child in children))

    def _tell(self, count: int) -> None:
        self.done += count
        if self.progress is not None:
            self.progress(self.done, self.total)


def write_copy(
    file: File, path: str, root: Root, kept: list[Root], progress: Progress | None = None, origin: bytes = b""
) -> BlockFile:
    """Write a state, and the ones to be kept beside it, into a file that has a header; durable when this returns."""
    blocks = BlockFile(file, path, headers.read(file, path), NodeCache(COPY_CACHE))
    writing = Writing(blocks, 0, root.trees[META_TREE].get(COMPRESSION) == "zlib")
    total = sum(len(tree) for state in (root, *kept) for _, tree in state.directory.scan())
    dense = DenseWriter(writing, total, progress)
    record = Checkpoint(root.commit_id, origin=origin)
    record.state, _ = dense.state(root)
    for state in kept:
        pointer, entries = dense.state(state)
        record.pinned.append(Pinned(state.commit_id, pointer, 0))
        record.dead += _blocks_of(writing, blocks, entries, root.commit_id)
    pointer = writing.record(record, [])
    writing.flush()
    file.sync()
    header = replace(blocks.header.following(), commit_id=root.commit_id, checkpoint=pointer)
    headers.write(file, header)
    return BlockFile.open(file, path, NodeCache(COPY_CACHE))


def _blocks_of(writing: Writing, blocks: BlockFile, entries: list[TreeEntry], died: int) -> list[Dead]:
    """All node blocks of a state."""
    writing.flush()
    found: list[Dead] = []
    waiting = [(entry.pointer, entry.is_leaf) for entry in entries if entry.pointer is not None]
    while waiting:
        pointer, is_leaf = waiting.pop()
        found.append(Dead(pointer.offset, pointer.extent, pointer.birth, died))
        if not is_leaf:
            children, leaves = blocks.branch_children(pointer)
            waiting += [(child.pointer, leaves) for child in children]
    return found


def verify(blocks: BlockFile, root: Root, kept: Sequence[Root] = ()) -> Root:
    """The root of the copy, read back; CorruptionError if its content, or that of a kept state, is not that of the
    source."""
    assert blocks.record.state is not None
    copy = blocks.root(blocks.record.state)
    copies = [copy, *[blocks.root(pinned.pointer) for pinned in blocks.record.pinned]]
    for one, source in zip(copies, (root, *kept), strict=True):
        if digest(one) != digest(source):
            raise CorruptionError("the copy differs from its source", file=blocks.path, offset=0)
    return copy


def vacuum_into(
    database: Database, path: str, progress: Progress | None = None, files: FileSystem | None = None
) -> None:
    """Write a copy of the latest commit into a new file. OperationalError if there is one that is not empty."""
    checkpointer = database.checkpointer
    origin = b"" if checkpointer is None else checkpointer.blocks.header.file_id
    write_file(path, database.root, origin, progress, files)


def write_file(
    path: str, root: Root, origin: bytes, progress: Progress | None = None, files: FileSystem | None = None
) -> None:
    """Write a state into a new file, which gets its name when it is whole. `origin` is the identity of the file whose log
    goes on behind that state, empty if there is none: restoring recognises the log by it."""
    files = files or OperatingSystemFiles()
    try:
        if files.exists(path):
            file = files.open(path)
            size = file.size()
            file.close()
            if size:
                raise OperationalError("output file already exists")
        partial = f"{path}-partial"
        _copy_into(files, partial, root, origin, progress)
        files.rename(partial, path)
        files.sync_directory(path)
    except OSError as error:
        raise io_error(error, "SQLITE_CANTOPEN", path) from error


def _copy_into(files: FileSystem, path: str, root: Root, origin: bytes, progress: Progress | None) -> None:
    file = _fresh(files, path)
    try:
        headers.create(files, file, path)
        verify(write_copy(file, path, root, [], progress, origin), root)
    except BaseException:
        with suppress(OSError):
            files.remove(path)
        raise
    finally:
        file.close()


def _fresh(files: FileSystem, path: str) -> File:
    """An empty, locked file of that name."""
    with suppress(FileNotFoundError):
        files.remove(path)
    return open_locked(files, path, 0)


def vacuum(database: Database, progress: Progress | None = None) -> None:
    """Write the database's own file anew. Nothing happens without a file. OperationalError: another process has it open."""
    if database.sharing is None:
        _vacuum(database, progress)
        return
    with database.sharing.file.held(database.timeout):
        if not database.sharing.alone():
            raise OperationalError("database is locked", name="SQLITE_BUSY")
        _vacuum(database, progress)


def _vacuum(database: Database, progress: Progress | None) -> None:
    checkpointer = database.checkpointer
    if checkpointer is None:
        return
    gate = database.begin(immediate=True)
    try:
        checkpointer.lock.within(lambda: _swap(database, progress))
    finally:
        try:
            gate.rollback()
        except BaseException:  # interrupted: nobody could commit any more
            gate.rollback()
            raise


def _swap(database: Database, progress: Progress | None) -> None:
    checkpointer = database.checkpointer
    assert checkpointer is not None
    database.committer.settle()
    files, path = checkpointer.generations.files, database.path
    root = database.root
    kept = sorted({*snapshots(root).values()} - {root.commit_id})
    partial = f"{path}-vacuum"
    try:
        file = _fresh(files, partial)
        try:
            headers.create(files, file, partial)
            header = replace(
                headers.read(file, partial), file_id=checkpointer.blocks.header.file_id, sequence=1,
                generation=_generation(database),
            )  # fmt: skip
            headers.write(file, header)
            headers.write(file, header.following())
            states = [database.root_at(commit) for commit in kept]
            blocks = write_copy(file, partial, root, states, progress)
            copy = verify(blocks, root, states)
        except BaseException:
            _discard(files, file, partial)
            raise
        shielded(lambda: _take(database, blocks, copy, files, file, partial))
    except OSError as error:
        raise io_error(error, "SQLITE_IOERR_WRITE", path) from error


def _take(database: Database, blocks: BlockFile, copy: Root, files: FileSystem, file: File, partial: str) -> None:
    """Give the new file the database's name, and go on in it."""
    path = database.path
    try:
        files.rename(partial, path)
    except BaseException:
        _discard(files, file, partial)
        raise
    _make_sure(database, files, file)
    blocks.path = path
    database.move_to(blocks, copy, (files, file.identity()))


def _discard(files: FileSystem, file: File, path: str) -> None:
    file.close()
    with suppress(OSError):
        files.remove(path)


def _make_sure(database: Database, files: FileSystem, file: File) -> None:
    """Make the new name durable. If that fails nobody knows which file the next opening will find: both hold the latest
    commit, but a later one would be in a log that only the old file leads to. So there is none (INV-R6)."""
    try:
        files.sync_directory(database.path)
    except OSError as error:
        file.close()
        assert database.checkpointer is not None
        database.checkpointer.unknown = True
        database.committer.fail(io_error(error, "SQLITE_IOERR_WRITE", database.path))
        raise


def _generation(database: Database) -> int:
    log, checkpointer = database.committer.log, database.checkpointer
    assert checkpointer is not None
    return checkpointer.blocks.header.generation if log is None else log.head.generation


def replace_content(target: Database, root: Root, progress: Progress | None = None) -> int:
    """Make the content of `target` that of `root`, in one commit; its id. The target's snapshots and settings of how its
    file is kept stay."""
    transaction = target.begin(immediate=True)
    try:
        trees = _replace_objects(transaction, root)
        meta = transaction.writer(META_TREE)
        for key, _ in list(transaction.base.trees[META_TREE].scan()):
            if not is_of_the_file(key):
                meta.delete(key)
        for key, value in root.trees[META_TREE].scan():
            if not is_of_the_file(key):
                meta.put(key, value)
        total, done = sum(len(root.trees[old]) for old in trees), 0
        if progress is not None:
            progress(0, total)
        for old, new in trees.items():
            writer = transaction.writer(new)
            for keys, values in root.trees[old].batches():
                writer.append(keys, values)
                done += len(keys)
                if progress is not None:
                    progress(done, total)
        return transaction.commit()
    finally:
        transaction.rollback()


def is_of_the_file(key: str) -> bool:
    """Whether an entry of META says how a file is kept, which a copy of the content does not take over."""
    return key in _META_OF_THE_FILE or key.startswith((SNAPSHOT, CONSUMER))


def _replace_objects(transaction: Any, root: Root) -> dict[int, int]:
    """Drop every object of a transaction's database and create those of `root`; old tree id → new tree id."""
    for object_id, item in list(transaction.schema.objects.items()):
        transaction.delete_object(object_id)
        if hasattr(item, "tree"):
            transaction.drop_tree(item.tree)
    trees: dict[int, int] = {}
    for item in root.schema.objects.values():
        if hasattr(item, "tree"):
            old = root.trees[item.tree]
            trees[item.tree] = new = transaction.create_tree(old.kind, old.unique_prefix)
            item = replace(item, tree=new)
        transaction.put_object(transaction.new_object_id(), item)
    return trees
