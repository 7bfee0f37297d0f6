"""Transactions against a model of dictionaries and a list of committed states; then case by case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aerodb_dbapi.storage import nodes
from aerodb_dbapi.storage.catalog import CATALOG_TREE, META_TREE, Column, Index, IndexColumn, Table
from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError, SerializationError
from aerodb_dbapi.storage.root import apply_edits
from aerodb_dbapi.storage.transaction import Transaction
from aerodb_dbapi.storage.tree import TOMBSTONE

State = dict[int, dict[Any, Any]]


@pytest.fixture(autouse=True)
def tiny_nodes() -> Iterator[None]:
    with nodes.capacities(4, 4):
        yield


def table(object_id: int, name: str, tree: int) -> Table:
    return Table(object_id, name, tree, (Column("a"),), sql=f"CREATE TABLE {name}(a)", positions={"a": 0})


def prepared(database: Database) -> tuple[int, int]:
    """A table t and a unique index u of it; their tree ids."""
    t = database.begin()
    rows, entries = t.create_tree("table"), t.create_tree("index", 2)
    t.put_object(t.new_object_id(), table(1, "t", rows))
    t.put_object(t.new_object_id(), Index(2, "u", "t", entries, (IndexColumn(0, "a"),), unique=True))
    t.commit()
    return rows, entries


def content(trees: Any, ids: Any) -> State:
    return {tree_id: dict(trees[tree_id].scan()) for tree_id in ids}


# --- The model ---------------------------------------------------------------------------------------------------


class ModelTransaction:
    """Overlays of edits over a committed state, copied whole at each mark."""

    def __init__(self, base: int, state: State) -> None:
        self.base = base
        self.state = state
        self.edits: State = {tree_id: {} for tree_id in state}
        self.reads: set[int] = set()
        self.marks: list[tuple[int, State]] = []

    def seen(self, tree_id: int) -> dict[Any, Any]:
        return {k: v for k, v in {**self.state[tree_id], **self.edits[tree_id]}.items() if v is not TOMBSTONE}

    def copy(self) -> State:
        return {tree_id: dict(edits) for tree_id, edits in self.edits.items()}


class World:
    """One database and its model, side by side."""

    def __init__(self) -> None:
        self.database = Database.memory()
        self.rows, self.entries = prepared(self.database)
        self.ids = (self.rows, self.entries)
        self.first = self.database.root.commit_id
        self.states: list[State] = [{tree_id: {} for tree_id in self.ids}]
        self.written: list[State] = [{}]
        self.open: dict[int, tuple[Transaction, ModelTransaction]] = {}

    def conflicts(self, model: ModelTransaction) -> bool:
        """Does the specification let this one commit?"""
        for other in self.written[model.base + 1 :]:
            if any(model.edits[tree_id].keys() & other[tree_id].keys() for tree_id in self.ids):
                return True  # INV-V5
            if any(other[tree_id] for tree_id in model.reads):
                return True  # INV-V7
        if model.base == len(self.states) - 1:
            return False
        after = self.applied(model)[self.entries]
        prefixes = [key[:2] for key in after if key[0] != 0]
        mine = {key[:2] for key, value in model.edits[self.entries].items() if value is not TOMBSTONE}
        return any(prefixes.count(prefix) > 1 for prefix in mine)  # INV-V6

    def applied(self, model: ModelTransaction) -> State:
        latest = self.states[-1]
        return {
            tree_id: {k: v for k, v in {**latest[tree_id], **model.edits[tree_id]}.items() if v is not TOMBSTONE}
            for tree_id in self.ids
        }

    def step(self, slot: int, action: str, data: Any) -> None:
        if slot not in self.open:
            base = len(self.states) - 1
            self.open[slot] = self.database.begin(), ModelTransaction(base, self.states[base])
        transaction, model = self.open[slot]
        getattr(self, action)(transaction, model, data)
        if action in ("commit", "rollback"):
            del self.open[slot]
        else:
            self.compare(transaction, model)

    def compare(self, transaction: Transaction, model: ModelTransaction) -> None:
        for tree_id in self.ids:
            seen = model.seen(tree_id)
            for key in [*seen, *model.edits[tree_id]]:
                assert transaction.get(tree_id, key) == seen.get(key)  # INV-V3
        assert transaction.has_writes == bool(transaction.journal)

    def put(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        transaction.writer(self.rows).put(*data)
        model.edits[self.rows][data[0]] = data[1]

    def delete(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        transaction.writer(self.rows).delete(data[0])
        model.edits[self.rows][data[0]] = TOMBSTONE

    def insert(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        """An entry of the unique index, if its prefix is free as far as this transaction sees."""
        prefix = (int(data[1] > 0), data[1] or None)
        key = (*prefix, data[0])
        same = [k for k in model.seen(self.entries) if k[:2] == prefix]
        writer = transaction.writer(self.entries)
        if prefix[0]:
            assert writer.find_prefix(prefix) == (same[0] if same else None)
            if same:
                return
        writer.put(key, data[0])
        model.edits[self.entries][key] = data[0]

    def remove(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        key = (int(data[1] > 0), data[1] or None, data[0])
        transaction.writer(self.entries).delete(key)
        model.edits[self.entries][key] = TOMBSTONE

    def append(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        seen = model.seen(self.rows)
        writer = transaction.writer(self.rows)
        assert writer.last_key() == max(seen, default=None)
        start = max(seen, default=0) + 1 + data[1]
        keys = list(range(start, start + data[0]))
        writer.append(keys, [k * 10 for k in keys])
        model.edits[self.rows].update((k, k * 10) for k in keys)

    def put_many(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        keys = [data[0] + 3 * i for i in range(data[1] + 1)][::-1]
        transaction.writer(self.rows).put_many(keys, [data[1]] * len(keys))
        model.edits[self.rows].update(dict.fromkeys(keys, data[1]))

    def scan(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        for tree_id in self.ids:
            assert list(transaction.trees[tree_id].scan()) == sorted(model.seen(tree_id).items(), key=lambda e: e[0])

    def mark(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        model.marks.append((transaction.mark(), model.copy()))

    def back(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        if model.marks:
            at = data[0] % len(model.marks)
            mark, edits = model.marks[at]
            transaction.rollback_to(mark)  # INV-D6: to this one, and the earlier ones stay usable
            model.edits = {tree_id: dict(e) for tree_id, e in edits.items()}
            del model.marks[at + 1 :]
            self.scan(transaction, model, data)

    def read(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        tree_id = self.ids[data[0] % 2]
        transaction.note_read((tree_id,))
        model.reads.add(tree_id)

    def rollback(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        transaction.rollback()

    def commit(self, transaction: Transaction, model: ModelTransaction, data: tuple[int, int]) -> None:
        for tree_id, writer in transaction.writers.items():  # the net edits lead where the private tree is (INV-R8)
            replayed = apply_edits(transaction.base.trees[tree_id], writer.edits())
            assert list(replayed.scan()) == list(writer.finished().scan())
        if not transaction.has_writes:
            assert transaction.commit() == self.first + model.base  # INV-V9
        elif self.conflicts(model):
            with pytest.raises(SerializationError):
                transaction.commit()
        else:
            self.states.append(self.applied(model))
            self.written.append(model.copy())
            assert transaction.commit() == self.first + len(self.states) - 1  # INV-V2
        assert not transaction.is_open
        assert content(self.database.root.trees, self.ids) == self.states[-1]  # INV-V4

    def finish(self) -> None:
        for transaction, _ in self.open.values():
            transaction.rollback()
        assert not self.database.committer.open and not self.database.committer.claims.tables
        assert check_root(self.database.root) == []  # INV-D2
        for i, state in enumerate(self.states):
            assert content(self.database.root_at(self.first + i).trees, self.ids) == state  # INV-V1


EDITS = ["put", "delete", "insert", "remove", "append", "put_many"]
ACTIONS = [*EDITS, "insert", "scan", "mark", "back", "read", "commit", "commit", "commit", "rollback"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(ACTIONS), st.tuples(st.integers(0, 5), st.integers(0, 2))),
        min_size=12,
        max_size=50,
    )
)
def test_transactions_follow_the_model(steps: list[tuple[int, str, Any]]) -> None:
    """INV-D4, INV-D6, INV-V1, INV-V2, INV-V3, INV-V4, INV-V5, INV-V6, INV-V7, INV-V9."""
    world = World()
    for slot, action, data in steps:
        world.step(slot, action, data)
    world.finish()


# --- By hand -----------------------------------------------------------------------------------------------------


@pytest.fixture
def database() -> Database:
    return Database.memory()


def test_a_writer_sees_its_own_writes_and_others_do_not(database: Database) -> None:
    """INV-V3, INV-V4."""
    rows, _ = prepared(database)
    a = database.begin()
    a.writer(rows).put(1, "mine")
    assert a.get(rows, 1) == "mine" and list(a.trees[rows].scan()) == [(1, "mine")]
    assert database.begin().get(rows, 1) is None and database.root.trees[rows].get(1) is None
    a.commit()
    assert database.root.trees[rows].get(1) == "mine"


def test_undo_goes_through_merges_and_bulks(database: Database) -> None:
    """INV-D4: trees, write set, rowid counter and unique hints are as before the statement."""
    rows, entries = prepared(database)
    t = database.begin()
    w, u = t.writer(rows), t.writer(entries)
    w.put(1, "a")
    u.put((1, 5, 1), 1)
    before, mark = (t.trees[rows], dict(w.writes), dict(u.writes)), t.mark()
    u.delete((1, 5, 1))
    u.put((1, 5, 2), 2)
    w.append([2, 3, 4], ["b", "c", "d"])
    w.put_many([9, 7], ["x", "y"])
    assert len(t.trees[rows]) == 6 and w.next_rowid() == 10
    w.delete(9)
    assert w.next_rowid() == 8
    t.rollback_to(mark)
    assert (t.trees[rows], dict(w.writes), dict(u.writes)) == before
    assert w.next_rowid() == 2 and u.find_prefix((1, 5)) == (1, 5, 1) and w.last_key() == 1


def test_rolling_back_to_the_beginning_leaves_nothing_to_commit(database: Database) -> None:
    rows, _ = prepared(database)
    before = database.root
    t = database.begin()
    mark = t.mark()
    t.writer(rows).put(1, "a")
    t.rollback_to(mark)
    assert not t.has_writes and t.commit() == before.commit_id and database.root is before


def test_an_equal_key_of_another_type_is_kept_as_put_last(database: Database) -> None:
    """1 and 1.0: index entries compare equal and are not the same; undo brings back the old one (INV-D6)."""
    _, entries = prepared(database)
    t = database.begin()
    u = t.writer(entries)
    u.put((1, 1, 7), 7)
    mark = t.mark()
    u.delete((1, 1, 7))
    u.put((1, 1.0, 7), 7)
    assert repr(t.trees[entries].first()) == "((1, 1.0, 7), 7)"
    t.rollback_to(mark)
    assert repr(t.trees[entries].first()) == "((1, 1, 7), 7)"
    u.delete((1, 1, 7))
    u.put((1, 1.0, 7), 7)
    t.commit()
    assert repr(database.root.trees[entries].first()) == "((1, 1.0, 7), 7)"


def test_definitions_counters_and_trees_come_and_go_together(database: Database) -> None:
    """INV-D6 for DDL; a transaction's schema holds its own definitions (INV-S2 for readers' own)."""
    prepared(database)
    schema = database.root.schema
    t = database.begin()
    mark = t.mark()
    tree = t.create_tree("table")
    t.put_object(t.new_object_id(), table(3, "v", tree))
    t.set_meta("user_version", 7)
    t.writer(tree).put(1, ("row",))
    assert t.schema.table("v") is not None and t.schema is t.schema and database.root.schema is schema
    t.rollback_to(mark)
    assert t.schema is schema and t.get_meta("user_version") is None
    with pytest.raises(KeyError):
        t.trees[tree]
    assert t.create_tree("table") == tree
    t.put_object(t.new_object_id(), table(3, "v", tree))
    own = t.schema
    t.commit()
    assert database.root.schema is own and own.version == database.root.commit_id
    assert check_root(database.root) == []


def test_dropping_a_tree_and_bringing_it_back(database: Database) -> None:
    rows, entries = prepared(database)
    t = database.begin()
    t.writer(rows).put(1, "a")
    mark = t.mark()
    t.drop_tree(rows)
    with pytest.raises(KeyError):
        t.trees[rows]
    t.rollback_to(mark)
    assert t.get(rows, 1) == "a"
    t.drop_tree(rows)
    t.drop_tree(entries)
    t.delete_object(1)
    t.delete_object(2)
    short_lived = t.create_tree("table")
    t.drop_tree(short_lived)
    assert t.creations() == [] and t.drops() == [rows, entries]
    t.commit()
    assert sorted(database.root.trees) == [CATALOG_TREE, META_TREE] and check_root(database.root) == []


def test_a_read_view_stays_what_it_is(database: Database) -> None:
    """INV-V1: whatever is committed later; the floor follows the views."""
    rows, _ = prepared(database)
    views = []
    for i in range(5):
        t = database.begin()
        t.writer(rows).put(i, i)
        t.commit()
        views.append(database.read_view())
    assert [len(view.root.trees[rows]) for view in views] == [1, 2, 3, 4, 5]
    assert database.floor == views[0].commit_id
    views[0].close()
    views[0].close()
    assert database.floor == views[1].commit_id
    for view in views:
        with view:
            pass
    assert database.floor == database.root.commit_id and not database.views


def test_old_roots_are_held_while_history_or_a_view_does(database: Database) -> None:
    rows, _ = prepared(database)
    database.history_max = 3
    held = database.read_view()
    for i in range(6):
        t = database.begin()
        t.writer(rows).put(i, i)
        t.commit()
    assert [c for c in range(8) if _held(database, c)] == [1, 5, 6, 7]
    assert database.read_view(1).root is held.root
    with pytest.raises(OperationalError, match="no longer held"):
        database.read_view(2)
    with pytest.raises(OperationalError, match="no such commit: 99"):
        database.root_at(99)


def _held(database: Database, commit_id: int) -> bool:
    try:
        return database.root_at(commit_id).commit_id == commit_id
    except OperationalError:
        return False


def test_names_are_resolved_in_the_schema_of_the_view(database: Database) -> None:
    """INV-S2: a view from before a DROP still has the table; schemas are shared while the catalog stays the same."""
    rows, entries = prepared(database)
    with database.read_view() as view:
        t = database.begin()
        t.drop_tree(rows)
        t.delete_object(1)
        t.commit()
        assert view.root.schema.table("t") is not None and database.root.schema.table("t") is None
    t = database.begin()
    t.writer(entries).put((1, 1, 1), 1)
    before = database.root.schema
    t.commit()
    assert database.root.schema is before


def test_a_transaction_that_ended_takes_no_more(database: Database) -> None:
    rows, _ = prepared(database)
    t = database.begin()
    t.commit()
    t.rollback()
    with pytest.raises(ProgrammingError):
        t.commit()
    with pytest.raises(ProgrammingError):
        t.writer(rows)


def test_many_trees_are_kept_in_a_directory(database: Database) -> None:
    """INV-V1 beyond the size where a plain dictionary holds all trees."""
    t = database.begin()
    ids = [t.create_tree("table") for _ in range(300)]
    for n, tree_id in enumerate(ids):
        t.put_object(t.new_object_id(), table(n + 1, f"t{n}", tree_id))
        t.writer(tree_id).put(n, ("x",))
    t.commit()
    first = database.root
    t = database.begin()
    t.writer(ids[7]).put(0, ("changed",))
    t.commit()
    t = database.begin()
    t.drop_tree(ids[8])
    t.delete_object(9)
    t.commit()
    assert first.trees[ids[7]].get(0) is None and database.root.trees[ids[7]].get(0) == ("changed",)
    assert first.trees[ids[8]].get(8) == ("x",) and len(database.root.directory) == 301
    with pytest.raises(KeyError):
        database.root.trees[ids[8]]
    assert check_root(database.root) == [] and check_root(first) == []
