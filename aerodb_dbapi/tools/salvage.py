"""``salvage FILE NEW``: all that is intact in a damaged file, into a new database; and a report of what is missing.

What is read, and how far it can be trusted, is told in `storage/salvage.py`. Here a database is made of it:

1. definitions: those of the state found, then what the commits of the log made of them;
2. rows of tables, leaf by leaf, then the edits of the log, commit by commit: each holds whole rows, so that a commit can be
   applied though one before it is missing (the report says so);
3. indexes are built anew from the rows. If rows violate a unique one, for a commit between is missing, the row with the
   lower rowid stays; an index that cannot be computed here, for its expression calls a function of the application, is
   left out.

Rows whose table has lost its definition go to a table ``lost_and_found_N`` with columns c1, c2, …, N being the number of
their tree. The new file has commit ids of its own; snapshots and history are not carried over.

Example of a report::

    state of commit 5; 3 commits of the log, to commit 8
    missing: table t, rowids from 257 to 512: 256 rows
    salvaged 2743 rows in 2 tables
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TextIO

from aerodb_dbapi.connection import Connection
from aerodb_dbapi.executor.planning import index_functions
from aerodb_dbapi.indexes.maintain import build_entries, made_entries, unique_prefix
from aerodb_dbapi.storage.backup import is_of_the_file
from aerodb_dbapi.storage.catalog import CATALOG_TREE, META_TREE, Column, Index, Table, decode_object, fold
from aerodb_dbapi.storage.checkpoint import SNAPSHOT
from aerodb_dbapi.storage.errors import CorruptionError, Error, IntegrityError, OperationalError
from aerodb_dbapi.storage.offline import Offline
from aerodb_dbapi.storage.record import CommitRecord, TreeEdits
from aerodb_dbapi.storage.salvage import FoundState, Missing, Salvage, intact_commits
from aerodb_dbapi.storage.sentinels import TOMBSTONE
from aerodb_dbapi.tools.console import Progress, counted

BATCH = 20_000


class Rescue:
    """One salvage. `missing` are lines of the report."""

    def __init__(self, file: Offline, connection: Connection, progress: Progress) -> None:
        self.file = file
        self.session = connection._ready()
        self.database = self.session.database
        self.progress = progress
        self.search = Salvage(file, progress)
        self.found = FoundState()
        self.catalog: dict[Any, Any] = {}
        self.meta: dict[Any, Any] = {}
        self.trees: dict[int, int] = {}  # old tree of a table → new tree
        self.names: dict[int, str] = {}
        self.missing: list[str] = []
        self.commits = 0
        self.last = 0
        self.rows = 0

    def run(self) -> None:
        """All steps."""
        self.found = self.search.state()
        self.last = self.found.commit_id
        self._definitions()
        self._make_tables()
        self._copy_rows()
        self._apply_logs()
        self._drop_misfits()
        self._make_indexes()
        if self.search.lost and not self.commits:
            self.missing.append("everything: neither a state nor a commit was found")

    # --- definitions -------------------------------------------------------------------------------------------------

    def _definitions(self) -> None:
        trees = {tree.tree_id: tree for tree in self.found.trees}
        for tree_id, target in ((CATALOG_TREE, self.catalog), (META_TREE, self.meta)):
            for piece in self.found.entries(trees[tree_id]) if tree_id in trees else ():
                if isinstance(piece, Missing):
                    what = "definitions" if tree_id == CATALOG_TREE else "settings"
                    self.missing.append(f"{piece.size} {what}")
                else:
                    target.update(zip(*piece))
        for record in self._log(tell=False):
            for edits in record.edits:
                if edits.tree in (CATALOG_TREE, META_TREE):
                    _apply(self.catalog if edits.tree == CATALOG_TREE else self.meta, edits)

    def _make_tables(self) -> None:
        """The tables, views and triggers of the new database; tables for rows that have lost theirs."""
        transaction = self.database.begin(immediate=True)
        items = [decode_object(object_id, record) for object_id, record in sorted(self.catalog.items())]
        for item in items:
            if isinstance(item, Index):
                continue
            if isinstance(item, Table):
                self._make_table(transaction, item)
            else:
                transaction.put_object(transaction.new_object_id(), item)
        owned = {CATALOG_TREE, META_TREE, *(item.tree for item in items if hasattr(item, "tree"))}
        for tree_id, width in sorted(self._stray_widths(owned).items()):
            columns = tuple(Column(f"c{i + 1}") for i in range(width))
            name = f"lost_and_found_{tree_id}"
            text = f"CREATE TABLE {name}({', '.join(column.name for column in columns)})"
            self._make_table(transaction, Table(0, name, tree_id, columns, sql=text))
            self.missing.append(f"the definition of the table whose rows are in {name}")
        for key, value in self.meta.items():
            if not is_of_the_file(key):
                transaction.set_meta(key, value)
        transaction.commit()
        snapshots = sorted(key[len(SNAPSHOT) :] for key in self.meta if key.startswith(SNAPSHOT))
        if snapshots:
            self.search.notes.append(f"snapshots are not carried over: {', '.join(snapshots)}")

    def _make_table(self, transaction: Any, table: Table) -> None:
        self.names[table.tree] = table.name
        self.trees[table.tree] = new = transaction.create_tree("table")
        transaction.put_object(transaction.new_object_id(), replace(table, tree=new))

    def _stray_widths(self, owned: set[int]) -> dict[int, int]:
        """Trees of rows without a definition, and the number of columns. Only if definitions or commits are missing: else
        they were dropped."""
        if not any("definition" in line or "commit" in line for line in self.missing) and self._whole():
            return {}
        widths: dict[int, int] = {}
        for tree in self.found.trees:
            if tree.kind == "table" and tree.tree_id not in owned:
                for piece in self.found.entries(tree):
                    if not isinstance(piece, Missing):
                        widths[tree.tree_id] = max(widths.get(tree.tree_id, 0), *map(len, piece[1]))
        dropped = set()
        for record in self._log(tell=False):
            dropped.update(record.dropped)
            for edits in record.edits:
                rows = [] if edits.tree in owned else [v for _, v in _entries(edits) if type(v) is tuple]
                if rows:
                    widths[edits.tree] = max(widths.get(edits.tree, 0), *map(len, rows))
        return {tree_id: width for tree_id, width in widths.items() if tree_id not in dropped}

    def _whole(self) -> bool:
        """Whether the log goes on from the state without a gap."""
        ids = [record.commit_id for record in self._log(tell=False)]
        return ids == list(range(self.found.commit_id + 1, self.found.commit_id + 1 + len(ids)))

    # --- rows --------------------------------------------------------------------------------------------------------

    def _copy_rows(self) -> None:
        total, done = sum(tree.size for tree in self.found.trees if tree.tree_id in self.trees), 0
        for tree in self.found.trees:
            if tree.tree_id not in self.trees:
                continue
            keys: list[Any] = []
            values: list[Any] = []
            for piece in self.found.entries(tree):
                if isinstance(piece, Missing):
                    self._tell_missing(piece)
                    continue
                keys += piece[0]
                values += piece[1]
                if len(keys) >= BATCH:
                    self._append(tree.tree_id, keys, values)
                    done += len(keys)
                    self.progress("copying rows", done, total)
                    keys, values = [], []
            self._append(tree.tree_id, keys, values)
            done += len(keys)

    def _append(self, tree_id: int, keys: list[Any], values: list[Any]) -> None:
        if keys:
            transaction = self.database.begin(immediate=True)
            transaction.writer(self.trees[tree_id]).append(keys, values)
            transaction.commit()

    def _tell_missing(self, piece: Missing) -> None:
        since = "" if piece.low is None else f" from {piece.low}"
        until = "" if piece.high is None else f" to {piece.high - 1}"
        bounds = f"rowids{since}{until}" if since or until else "all rowids"
        self.missing.append(f"table {self.names[piece.tree_id]}, {bounds}: {counted(piece.size, 'row')}")

    # --- log ---------------------------------------------------------------------------------------------------------

    def _log(self, tell: bool) -> Iterator[CommitRecord]:
        """The intact commits behind the state, each once, ascending."""
        file_id = None if self.found.blocks is None else self.found.blocks.header.file_id
        at = self.found.commit_id
        for log in self.file.logs():
            if log.head is None:
                if tell:
                    self.missing.append(f"the log {log.path}: it has no head of a log")
                continue
            if file_id is not None and any(file_id) and log.head.file_id != file_id:
                continue
            for record in intact_commits(log):
                if isinstance(record, CorruptionError):
                    if tell:
                        self.search.notes.append(
                            f"log generation {log.head.generation}: damage at offset {record.offset}"
                        )
                elif record.commit_id > at:
                    at = record.commit_id
                    yield record

    def _apply_logs(self) -> None:
        for record in self._log(tell=True):
            self._tell_gap(record.commit_id)
            self.commits += 1
            self.last = record.commit_id
            self.progress(f"applying commit {record.commit_id}", 1, 1)
            transaction = self.database.begin(immediate=True)
            for edits in record.edits:
                if edits.tree in self.trees:
                    writer = transaction.writer(self.trees[edits.tree])
                    for keys, values in edits.chunks:
                        writer.put_many(list(keys), list(values))
                    writer.put_many(list(edits.writes), list(edits.writes.values()))
            transaction.commit()
        self._tell_gap(self.search.known_commit + 1)

    def _tell_gap(self, following: int) -> None:
        """Commits between the last one applied and another."""
        if following > self.last + 1:
            first, last = self.last + 1, following - 1
            self.missing.append(f"commit {first}" if first == last else f"commits {first} to {last}")

    # --- indexes -----------------------------------------------------------------------------------------------------

    def _drop_misfits(self) -> None:
        """Rows that do not have the number of columns that their table has: a commit that changed it is missing."""
        for table in self.database.root.schema.tables.values():
            rows, width = self.database.root.trees[table.tree], len(table.columns)
            if not table.name.startswith("lost_and_found_"):
                wrong = [key for key, row in rows.scan() if len(row) != width]
                if wrong:
                    self._delete(table, wrong)
                    self.missing.append(
                        f"table {table.name}: {counted(len(wrong), 'row')} of another number of columns"
                    )
            self.rows += len(self.database.root.trees[table.tree])

    def _delete(self, table: Table, keys: Sequence[Any]) -> None:
        transaction = self.database.begin(immediate=True)
        transaction.writer(table.tree).put_many(keys, [TOMBSTONE] * len(keys))
        transaction.commit()

    def _make_indexes(self) -> None:
        for object_id, record in sorted(self.catalog.items()):
            item = decode_object(object_id, record)
            if isinstance(item, Index):
                self.progress(f"building index {item.name}", 1, 1)
                self._make_index(item)

    def _make_index(self, index: Index) -> None:
        if self.database.root.schema.table(index.table) is None:
            self.missing.append(f"index {index.name}: its table is missing")
            return
        transaction = self.database.begin(immediate=True)
        try:
            made = replace(index, tree=transaction.create_tree("index", unique_prefix(index)))
            index_id = transaction.new_object_id()
            transaction.put_object(index_id, made)
            table = transaction.schema.table(index.table)
            assert table is not None
            made = next(one for one in table.indexes if fold(one.name) == fold(index.name))
            tests, computed = index_functions(self.session, transaction.schema, table)
            where = tests.get(made.id)
            rows = transaction.trees[table.tree]
            try:
                keys = build_entries(made, table, rows, where, computed)
            except IntegrityError:
                twice = _repeated(made, made_entries(made, table, rows, where, computed))
                transaction.rollback()
                self._delete(table, twice)
                self.rows -= len(twice)
                self.missing.append(
                    f"table {table.name}: {counted(len(twice), 'row')} that index {index.name} had no room for"
                )
                self._make_index(index)
                return
            transaction.writer(made.tree).append(keys, [key[-1] for key in keys])
            transaction.commit()
        except Error as error:
            self.missing.append(f"index {index.name}: {error}")
        finally:
            transaction.rollback()


def _repeated(index: Index, batches: Iterator[list[Any]]) -> list[int]:
    """The rowids of rows whose unique key a row of a lower rowid has."""
    width, seen, twice = unique_prefix(index), set(), []
    for key in sorted((key for batch in batches for key in batch), key=lambda key: key[-1]):
        prefix = key[:width]
        if None not in prefix and prefix in seen:
            twice.append(key[-1])
        seen.add(prefix)
    return sorted(twice)


def _entries(edits: TreeEdits) -> Iterator[tuple[Any, Any]]:
    for keys, values in edits.chunks:
        yield from zip(keys, values)
    yield from edits.writes.items()


def _apply(target: dict[Any, Any], edits: TreeEdits) -> None:
    """Make the edits of a small tree in a dictionary."""
    for key, value in _entries(edits):
        if value is TOMBSTONE:
            target.pop(key, None)
        else:
            target[key] = value


def salvage(path: str, new: str, output: TextIO, progress: Progress) -> int:
    """Salvage a file and print the report; the exit code, 1 if something is missing."""
    with Offline(path) as file:
        if os.path.exists(new) and os.path.getsize(new):
            raise OperationalError("output file already exists")
        connection = Connection(new, isolation_level=None)
        try:
            rescue = Rescue(file, connection, progress)
            rescue.run()
            tables = len(connection._ready().database.root.schema.tables)
        finally:
            connection.close()
    progress.clear()
    log = f"; {counted(rescue.commits, 'commit')} of the log, to commit {rescue.last}" if rescue.commits else ""
    output.write(f"state of commit {rescue.found.commit_id}{log}\n")
    for note in dict.fromkeys(rescue.search.notes):
        output.write(f"note: {note}\n")
    for line in dict.fromkeys(rescue.missing):
        output.write(f"missing: {line}\n")
    output.write(f"salvaged {counted(rescue.rows, 'row')} in {counted(tables, 'table')}\n")
    return 1 if rescue.missing else 0
