"""Databases for tests of the store: tables with an index, random commits, and what must hold of a file at any time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from aerodb_dbapi.storage.accounting import account
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.catalog import META_TREE, Column, Index, IndexColumn, Table
from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.checkpoint import Checkpointer
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.transaction import Transaction

PATH = "app.db"
Trees = tuple[int, int]


def create_table(transaction: Transaction, name: str) -> Trees:
    """A table of two columns with an index on the second; their trees."""
    tree, index_tree = transaction.create_tree("table"), transaction.create_tree("index")
    columns = (Column("a", "TEXT"), Column("b", "INTEGER"))
    number = transaction.new_object_id()
    transaction.put_object(number, Table(number, name, tree, columns, sql=f"CREATE TABLE {name}(a TEXT, b INTEGER)"))
    number = transaction.new_object_id()
    text = f"CREATE INDEX {name}_b ON {name}(b)"
    transaction.put_object(number, Index(number, f"{name}_b", name, index_tree, (IndexColumn(1, "b"),), sql=text))
    return tree, index_tree


def put(transaction: Transaction, trees: Trees, rowid: int, row: tuple[str, int]) -> None:
    """A row and its index entry, in place of the one that is there."""
    table, index = transaction.writer(trees[0]), transaction.writer(trees[1])
    old = table.get(rowid)
    if old is not None:
        index.delete((1, old[1], rowid))
    table.put(rowid, row)
    index.put((1, row[1], rowid), rowid)


def delete(transaction: Transaction, trees: Trees, rowid: int) -> None:
    """A row and its index entry, if they are there."""
    row = transaction.get(trees[0], rowid)
    if row is not None:
        transaction.writer(trees[0]).delete(rowid)
        transaction.writer(trees[1]).delete((1, row[1], rowid))


def commit(database: Database, work: Callable[[Transaction], Any]) -> Any:
    """What `work` gives, committed."""
    transaction = database.begin()
    result = work(transaction)
    transaction.commit()
    return result


def fill(database: Database, trees: Trees, count: int, first: int = 1, text: str = "row") -> None:
    """Rows, in one commit."""

    def rows(transaction: Transaction) -> None:
        for rowid in range(first, first + count):
            put(transaction, trees, rowid, (f"{text} {rowid}", rowid % 7))

    commit(database, rows)


def change(database: Database, trees: Trees, chance: random.Random, rows: int = 60) -> None:
    """A small random commit."""

    def work(transaction: Transaction) -> None:
        for _ in range(chance.randint(1, 5)):
            rowid = chance.randint(1, rows)
            if chance.random() < 0.3:
                delete(transaction, trees, rowid)
            else:
                put(transaction, trees, rowid, ("v" * chance.randint(1, 90), chance.randint(0, 9)))
        transaction.set_meta("user_version", chance.randint(0, 10**6))

    commit(database, work)


def set_snapshot(database: Database, name: str, commit_id: int | None) -> None:
    """Create a snapshot, or drop it."""

    def work(transaction: Transaction) -> None:
        if commit_id is None:
            transaction.writer(META_TREE).delete(f"snapshot:{name}")
        else:
            transaction.set_meta(f"snapshot:{name}", commit_id)

    commit(database, work)


def checkpointer_of(database: Database) -> Checkpointer:
    """The checkpointer of a database with a file."""
    assert database.checkpointer is not None
    return database.checkpointer


def blocks_of(database: Database) -> BlockFile:
    """The blocks of a database with a file."""
    return checkpointer_of(database).blocks


def check_index(root: Root) -> None:
    """INV-D3 for every table that `create_table` made."""
    for table in root.schema.tables.values():
        entries = {rowid: key[1] for key, rowid in root.trees[table.indexes[0].tree].scan()}
        assert entries == {rowid: row[1] for rowid, row in root.trees[table.tree].scan()}


def check_store(database: Database) -> None:
    """What must hold at any time: trees, indexes, the use of the file."""
    assert check_root(database.root) == []
    check_index(database.root)
    assert account(blocks_of(database)) == []


def evict(database: Database) -> None:
    """Unload every clean node."""
    cache = blocks_of(database).cache
    budget = cache.budget
    cache.resize(0)
    cache.resize(budget)
