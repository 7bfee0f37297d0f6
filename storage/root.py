"""Roots and read views: the state of the database as of one commit, and the holding of it.

A root
    `Root(commit_id, trees, schema cell)`. The *directory* is the tree of trees: tree id → `Tree`, itself a persistent
    tree, so that a commit copies one short path of it and shares the rest. With few trees (up to `COMPLETE_MAX`) a
    plain dictionary of all of them is cheaper to copy, and the directory is made of it when somebody asks. Either way
    `root.trees[7]` is a dictionary look-up; with a directory, what is not there yet is fetched from it. Tree 0 is the
    catalog, tree 1 META; tables and indexes follow. A root never changes (INV-D1), so whoever holds one sees exactly
    the commits up to its id, for ever (INV-V1).

Schema
    Names are resolved in the schema of the root's own commit (INV-S2). Building a `Schema` decodes the catalog, so it
    is done once per change of the catalog and at first use: roots with the same catalog share one `SchemaCell`, and
    therefore the very same `Schema`, whose identity tells cached plans that they still fit.

A read view
    A root and a place in the database's list of open views, which keeps the root readable by commit id and marks the
    visibility floor. Example: with commits 1…9, ``view = database.read_view(7)`` reads state 7 while commits 10, 11,
    … come; `database.floor` is 7 until ``view.close()``.

Following a log
    `Root.following(record, …)` applies a commit record to a root and gives the next one: recovery is nothing but
    that, commit by commit, and needs neither planner nor executor (INV-R8).

Not here: who may publish a root (`commit.py`), how many are kept (`database.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, cast
from weakref import ref

from aerodb_dbapi.storage.catalog import CATALOG_TREE, META_TREE, Schema
from aerodb_dbapi.storage.errors import InternalError, OperationalError
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.tree import TOMBSTONE, Kind, Tree

COMPLETE_MAX = 128


class TreeMap(dict[int, Tree]):
    """Tree id → tree: complete, or a memo over a directory. Whatever reads a state holds its map or more: as long as the
    map is alive, the blocks of the state stay (INV-G1, INV-G5)."""

    __slots__ = ("__weakref__", "directory")
    directory: Tree | None

    def __missing__(self, tree_id: int) -> Tree:
        directory = self.directory
        tree = None if directory is None else directory.get(tree_id)
        if tree is None:
            raise KeyError(tree_id)
        self[tree_id] = tree
        return tree


class SchemaCell:
    """The schema of one catalog tree, built when first asked for; shared by all roots that have that catalog."""

    __slots__ = ("catalog", "lock", "near", "schema", "version")

    def __init__(self, catalog: Tree, version: int, schema: Schema | None = None, near: Schema | None = None) -> None:
        self.catalog = catalog
        self.version = version
        self.schema = schema
        self.near = near  # one that was read before, of a catalog that shares most records
        self.lock = threading.Lock()

    def get(self) -> Schema:
        with self.lock:
            if self.schema is None:
                self.schema = Schema(self.catalog.scan(), self.version, near=self.near)
                self.near = None
            return self.schema


class Root:
    """The state as of one commit. `trees` and `schema` are what readers use; `directory` is made when asked for."""

    __slots__ = ("__weakref__", "_directory", "cell", "commit_id", "schema", "trees")
    schema: Schema
    _directory: Tree | None

    def __init__(self, commit_id: int, trees: TreeMap, cell: SchemaCell) -> None:
        self.commit_id = commit_id
        self.trees = trees
        self.cell = cell
        self._directory = None
        if cell.schema is not None:
            self.schema = cell.schema
        else:
            self.__class__ = _Unread

    @property
    def directory(self) -> Tree:
        """The tree of trees."""
        if self._directory is None:
            self._directory = directory_of(self.trees)
        return self._directory

    def __repr__(self) -> str:
        return f"<Root of commit {self.commit_id}>"

    @staticmethod
    def empty() -> Root:
        """Commit 0: no objects, no counters."""
        catalog = Tree.build(kind="table")
        trees = tree_map({CATALOG_TREE: catalog, META_TREE: Tree.build(kind="map")}, None)
        return Root(0, trees, SchemaCell(catalog, 0))

    @staticmethod
    def of(commit_id: int, trees: Mapping[int, Tree]) -> Root:
        """The state as of a commit, of these trees."""
        return Root(commit_id, tree_map(trees, None), SchemaCell(trees[CATALOG_TREE], commit_id))

    def successor(self, changed: Mapping[int, Tree], dropped: Iterable[int] = (), schema: Schema | None = None) -> Root:
        """The next commit's root: some trees are new, some gone. `schema`, if given, is that of the new catalog."""
        commit_id = self.commit_id + 1
        old = self.trees
        if old.directory is None and len(old) <= COMPLETE_MAX:
            trees = tree_map(old, None)
            trees.update(changed)
            for tree_id in dropped:
                trees.pop(tree_id, None)
        else:
            directory = self.directory.update(dict(changed))
            trees = tree_map(changed, directory.update(dict.fromkeys(dropped, TOMBSTONE)) if dropped else directory)
        cell = self.cell
        if CATALOG_TREE in changed:
            near = (cell.schema or cell.near) if schema is None else None
            cell = SchemaCell(changed[CATALOG_TREE], commit_id, schema, near)
            if schema is not None:
                schema.version = commit_id
        return Root(commit_id, trees, cell)

    def following(self, record: CommitRecord) -> Root:
        """The root of the next commit, from its record."""
        if record.commit_id != self.commit_id + 1:
            raise InternalError(f"commit {record.commit_id} follows commit {self.commit_id}")
        changed = {}
        for tree_id, kind, prefix in record.created:
            changed[tree_id] = Tree.build((), (), cast(Kind, kind), prefix)
        for edits in record.edits:
            tree = changed[edits.tree] if edits.tree in changed else self.trees[edits.tree]
            changed[edits.tree] = apply_edits(tree, edits)
        return self.successor(changed, record.dropped)


class _Unread(Root):
    """A root whose schema nobody has asked for yet; it becomes a plain `Root` then. A class of its own, for the interpreter does
    not specialise the reading of attributes where a class has `__getattr__`, and every statement reads its root's."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name != "schema":
            raise AttributeError(name)
        self.schema = schema = self.cell.get()
        self.__class__ = Root  # type: ignore[assignment]
        return schema


def tree_map(trees: Mapping[int, Tree], directory: Tree | None) -> TreeMap:
    """A map of these trees; complete, or with a directory for the others."""
    made = TreeMap(trees)
    made.directory = directory
    return made


def directory_of(trees: TreeMap) -> Tree:
    """The tree of trees of a map."""
    if trees.directory is not None:
        return trees.directory
    ids = sorted(trees)
    return Tree.build(ids, [trees[tree_id] for tree_id in ids], "table")


def apply_edits(tree: Tree, edits: TreeEdits) -> Tree:
    """A tree with a transaction's net edits of it: chunks in turn, then the writes, which win."""
    for keys, values in edits.chunks:
        tree = tree.extend(keys, values)
    return tree.update(edits.writes) if edits.writes else tree


class ReadView:
    """A root that is kept until closed, or until it is ended for its age. Use as a context manager, or call `close`; closing
    twice does nothing. `given` are weak references to what gives rows of it."""

    __slots__ = ("_root", "commit_id", "ended", "given", "holders")

    def __init__(self, root: Root, holders: dict[Any, Root]) -> None:
        self._root: Root | None = root
        self.commit_id = root.commit_id
        self.ended: str | None = None
        self.given: list[ref[Any]] = []
        self.holders = holders
        holders[self] = root

    @property
    def root(self) -> Root:
        """The state. Raises OperationalError if the view was ended (INV-G7)."""
        root = self._root
        if root is None:
            raise OperationalError(self.ended)
        return root

    def give(self, cursor: Any) -> None:
        """That object gives rows of this state; it will be told to `let_go` of it when the view is ended."""
        self.given = [known for known in self.given if known() is not None]
        self.given.append(ref(cursor))

    def end(self, reason: str) -> None:
        """Give up the state: whoever uses the view or its cursors from now on is told the reason (INV-G7)."""
        self.ended = reason
        self._root = None
        self.close()
        for known in self.given:
            cursor = known()
            if cursor is not None:
                cursor.let_go()

    def close(self) -> None:
        """Let the root go."""
        self.holders.pop(self, None)

    def __enter__(self) -> ReadView:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
