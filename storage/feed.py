"""The change feed: what each commit did, in commit order, for whoever keeps something in step with the database.

    for commit in commits(database, since=41):       42, 43, …: as far as published, or waiting for more
        commit.changes                                 rows inserted, updated, deleted; definitions too
        apply(replica, commit)                         the same commit in another database: equal digests (INV-T2)

Where it comes from
    A commit is the difference of two consecutive states (`structure.difference`). Both are in memory for recent commits. Earlier
    ones, and those that other processes made before this one opened the file, come from the log: the nearest state that the
    file keeps, and the records behind it. Nothing is recorded for the feed, and no commit knows of it: with nobody
    listening it costs nothing, and MVCC, log and recovery are what they are without it.

How long it reaches back
    As far as states can be rebuilt: `history_retention`, or the position of the slowest *consumer*. A consumer is a name and a
    commit id, kept in META: what it has acknowledged. Checkpoints keep the log behind it as they keep it for retention
    (INV-C9), so it may be away for any time, and over any number of restarts. Setting a position is a commit itself, with no
    row changes. A feed that is being read keeps the roots it has not given yet, as long as they are in memory.

Applying
    A replica begins as an empty database, or as a copy (backup, `VACUUM INTO`), and takes commit after commit: trees of tables, of
    indexes, definitions and META alike, as recovery does, without SQL. It must stand at the commit before; that makes a gap or
    a repetition an error, not a difference.

Not here: names and rows as the user sees them (`aerodb_dbapi/feed.py`), transport.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import ref

from aerodb_dbapi.storage.catalog import CATALOG_TREE, META_TREE, SchemaObject, Table, encode_object
from aerodb_dbapi.storage.checkpoint import CONSUMER, consumers
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sentinels import MISSING
from aerodb_dbapi.storage.structure import difference
from aerodb_dbapi.storage.tree import Tree

if TYPE_CHECKING:
    from aerodb_dbapi.storage.database import Database

PAUSE_FIRST: Final = 0.0005
PAUSE_LONGEST: Final = 0.01
_EMPTY: Final = Tree.build()


class RowChange(NamedTuple):
    """What a commit did to a row: INSERT (`old` is None), UPDATE, or DELETE (`new` is None). `table` defines whichever is newer."""

    table: Table
    operation: str
    rowid: int
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None


class DefinitionChange(NamedTuple):
    """What a commit did to a table, index, view or trigger: `old` is None if it was created, `new` if it was dropped."""

    old: SchemaObject | None
    new: SchemaObject | None


class Commit:
    """One commit of a feed: the states before and after it."""

    __slots__ = ("after", "before")

    def __init__(self, before: Root, after: Root) -> None:
        self.before = before
        self.after = after

    @property
    def commit_id(self) -> int:
        """Its number."""
        return self.after.commit_id

    def definitions(self) -> Iterator[DefinitionChange]:
        """Changes of definitions, by object id."""
        old, new = self.before.schema.objects, self.after.schema.objects
        if old is not new:
            for object_id in sorted(old.keys() | new.keys()):
                was, now = old.get(object_id), new.get(object_id)
                if was is not now and (was is None or now is None or encode_object(was) != encode_object(now)):
                    yield DefinitionChange(was, now)

    def rows(self) -> Iterator[RowChange]:
        """Changes of rows, by table id and rowid. A table that was dropped lost its rows, one that was created had none."""
        old, new = _tables(self.before), _tables(self.after)
        for table_id in sorted(old.keys() | new.keys()):
            was, now = old.get(table_id), new.get(table_id)
            trees = [_tree(self.before, was), _tree(self.after, now)]
            table = now or was
            if trees[0] is not trees[1] and table is not None:
                yield from _rows(table, *trees)

    def edits(self) -> Iterator[tuple[int, Any, Any]]:
        """Tree, key and value (MISSING: deleted) of all that changed in trees that are there before and after, META and
        definitions too; of new trees all there is."""
        for tree_id in self._tree_ids(self.after):
            new = self.after.trees[tree_id]
            old = self._earlier(tree_id)
            if old is not new:
                for key, _, value in difference(_EMPTY if old is None else old, new):
                    yield tree_id, key, value

    def created(self) -> list[tuple[int, Tree]]:
        """Trees that are new."""
        return [(tree, self.after.trees[tree]) for tree in self._tree_ids(self.after) if self._earlier(tree) is None]

    def dropped(self) -> list[int]:
        """Trees that are gone."""
        left = set(self._tree_ids(self.after))
        return [tree_id for tree_id in self._tree_ids(self.before) if tree_id not in left]

    @staticmethod
    def _tree_ids(root: Root) -> list[int]:
        return [tree_id for tree_id, _ in root.directory.scan()]

    def _earlier(self, tree_id: int) -> Tree | None:
        try:
            return self.before.trees[tree_id]
        except KeyError:
            return None


def _tables(root: Root) -> dict[int, Table]:
    return {item.id: item for item in root.schema.objects.values() if isinstance(item, Table)}


def _tree(root: Root, table: Table | None) -> Tree:
    return _EMPTY if table is None else root.trees[table.tree]


def _rows(table: Table, old: Tree, new: Tree) -> Iterator[RowChange]:
    for key, was, now in difference(old, new):
        if was is MISSING:
            yield RowChange(table, "INSERT", key, None, now)
        elif now is MISSING:
            yield RowChange(table, "DELETE", key, was, None)
        else:
            yield RowChange(table, "UPDATE", key, was, now)


class Feed:
    """One reading of the commits behind `since`. `position` is the last commit given, which the database keeps in mind."""

    __slots__ = ("__weakref__", "database", "position")

    def __init__(self, database: Database, since: int) -> None:
        latest = database.root.commit_id
        if not 0 <= since <= latest:
            raise OperationalError(f"no such commit: {since} (the latest is {latest})")
        self.database = database
        self.position = since
        database.feeds.append(ref(self, database.feeds.remove))

    def commits(self, wait: bool = False, timeout: float | None = None) -> Iterator[Commit]:
        """The commits behind the position that are published now. With `wait` also those that are still to come, until none
        came for `timeout` seconds. OperationalError: the next one is no longer held."""
        if not wait:
            yield from self._given(self.database.root.commit_id)
            return
        pause, quiet = PAUSE_FIRST, time.monotonic()
        while True:
            found = False
            for commit in self._given(self.database.root.commit_id):
                found = True
                yield commit
            if found:
                pause, quiet = PAUSE_FIRST, time.monotonic()
            elif self.database.is_closed or (timeout is not None and time.monotonic() - quiet >= timeout):
                return
            else:
                time.sleep(pause)
                pause = min(2 * pause, PAUSE_LONGEST)

    def _given(self, last: int) -> Iterator[Commit]:
        """The commits up to that one, each told as the position before it is given."""
        for commit in self._up_to(last):
            self.position = commit.commit_id
            yield commit

    def _up_to(self, last: int) -> Iterator[Commit]:
        database = self.database
        while self.position < last:
            history, at = database.history, self.position
            before, after = history.get(at), history.get(at + 1)
            if before is not None and after is not None:
                yield Commit(before, after)
            else:
                yield from self._rebuilt(min((held for held in list(history) if held > at), default=last))

    def _rebuilt(self, last: int) -> Iterator[Commit]:
        """The commits from the position up to `last`, which is in memory, from what the file keeps."""
        database, at = self.database, self.position
        root = database.root_at(at)
        roots = [root]
        checkpointer = database.checkpointer
        if checkpointer is None:
            raise self._gone(at + 1)
        with checkpointer.lock:  # no checkpoint may remove the log meanwhile
            database.committer.settle()
            states = sorted(state for state in checkpointer.states() if state.generation and state.commit_id < last)
            first = max((number for number, state in enumerate(states) if state.commit_id <= at), default=None)
            if first is None:
                raise self._gone(at + 1)
            stops = [*(state.commit_id for state in states[first + 1 :]), last]
            for state, stop in zip(states[first:], stops, strict=True):
                for record in checkpointer.generations.replay(state.generation, state.commit_id, stop):
                    if record.commit_id > at:
                        root = root.following(record)
                        roots.append(root)
        for before, after in pairwise(roots):
            yield Commit(before, after)

    def _gone(self, commit_id: int) -> OperationalError:
        return OperationalError(f"commit {commit_id} is no longer held (the oldest is {self.database.oldest_commit()})")


def apply(database: Database, commit: Commit) -> None:
    """Make a commit of another database in this one, which must stand at the commit before; it gets the same number.
    ProgrammingError: it stands elsewhere. OperationalError: it could not be committed."""
    transaction = database.begin(immediate=True)
    try:
        if transaction.base.commit_id != commit.commit_id - 1:
            raise ProgrammingError(
                f"commit {commit.commit_id} cannot follow commit {transaction.base.commit_id}, at which the replica is"
            )
        for tree_id, tree in commit.created():
            transaction.create_tree_as(tree_id, tree.kind, tree.unique_prefix)
        for tree_id, key, value in commit.edits():
            writer = transaction.writer(tree_id)
            if value is MISSING:
                writer.delete(key)
            else:
                writer.put(key, value)
        for tree_id in commit.dropped():
            transaction.drop_tree(tree_id)
        if not transaction.has_writes:  # a commit that changed nothing is one all the same
            transaction.writer(META_TREE).delete("")
        transaction.commit()
    finally:
        transaction.rollback()


def set_consumer(database: Database, name: str, position: int | None) -> None:
    """Set how far a consumer has come; None: it is forgotten."""
    transaction = database.begin()
    try:
        if position is None:
            transaction.writer(META_TREE).delete(CONSUMER + name)
        else:
            transaction.set_meta(CONSUMER + name, position)
        transaction.commit()
    finally:
        transaction.rollback()


def position_of(database: Database, name: str) -> int:
    """How far a consumer has come. OperationalError: there is none of that name."""
    position = consumers(database.root).get(name)
    if position is None:
        raise OperationalError(f"no such consumer: {name}")
    return position


def is_bookkeeping(commit: Commit) -> bool:
    """Whether a commit did nothing but set the positions of consumers."""
    return all(
        tree_id == META_TREE and isinstance(key, str) and key.startswith(CONSUMER) for tree_id, key, _ in commit.edits()
    ) and CATALOG_TREE not in {tree_id for tree_id, _ in commit.created()}
