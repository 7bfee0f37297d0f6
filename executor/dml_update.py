"""UPDATE and DELETE: find the rows first, then change them one by one with their index entries.

Two phases
    *Find*: the statement's query runs to its end, and gives each row with its rowid and the new values; so what is
    written cannot change what is found, and SET expressions see the table as it was. *Apply*: for each row,
    affinities, NOT NULL, CHECK, uniqueness (immediate and row by row, as SQLite's), then the writes. Only indexes
    with a changed column are touched.

What is generated (``UPDATE t SET b = ? WHERE id = ?``, with an index on b): the rowid shape needs no search at all ::

    def update(session, transaction, params):
        t = transaction.writer(tree)
        k1 = rowid_key(p1)
        r1 = t.get(k1)
        if r1 is None: …
        v2 = p0
        r9 = (r1[0], r1[1], v2)
        t.put(k1, r9)
        i.delete((rank[r1[2].__class__], r1[2], k1))
        i.put((rank[v2.__class__], v2, k1), k1)
        return 1, None

    Other shapes loop over ``found``, a list of (rowid, row, new values …).

    Where no row's test depends on another row's write (no unique index and no rowid changes) the loop only collects,
    and the writes of the whole statement go to each tree at once.

    Where a statement has hooks (`hooks`: triggers, foreign keys) its rows are only found first; each is read again when its turn comes,
    and skipped if it is gone: what hooks did to other rows counts. SET is evaluated then, except after FROM.

A row that REPLACE deleted earlier in the same statement is skipped. UPDATE … FROM takes the first match of a row.
Keeps INV-D3, INV-D5, INV-Q2. What it does not do: UPDATE … LIMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aerodb_dbapi.executor import constraints
from aerodb_dbapi.executor.codegen import compile_row_source
from aerodb_dbapi.executor.dml_insert import RowWriter, keepers_of
from aerodb_dbapi.executor.expressions import RowBinding
from aerodb_dbapi.executor.runtime import rowid_key
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner.expressions import And, Expression, IsTrue, walk
from aerodb_dbapi.planner.expressions import Column as ColumnValue
from aerodb_dbapi.planner.query import DeleteStatement, RowidPoint, Select, UpdateStatement, Upsert
from aerodb_dbapi.planner.usage import nested_queries, sources_in
from aerodb_dbapi.storage.catalog import Index
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.sentinels import TOMBSTONE


def delete_many(writer: Any, keys: Sequence[Any]) -> None:
    """Remove many entries."""
    writer.put_many(keys, [TOMBSTONE] * len(keys))


def point_of(query: Select, row_id: int, expressions: Sequence[Expression]) -> Expression | None:
    """The rowid that the only row has, if the query is ``WHERE rowid = x`` and nothing else."""
    if (
        query.steps is None
        or len(query.steps) != 1
        or query.pre_filters
        or query.limit is not None
        or query.offset is not None
    ):
        return None
    step = query.steps[0]
    if (
        not isinstance(step.access, RowidPoint)
        or step.filters
        or step.on
        or step.kind == "left"
        or step.source.id != row_id
    ):
        return None
    if sources_in(step.access.key) or any(nested_queries(item) for item in (step.access.key, *expressions)):
        return None
    return step.access.key


def delete_all(writer: Any) -> int:
    """Remove every entry of a tree; how many there were."""
    tree = writer.tree
    with paused_gc(len(tree)):
        keys = [key for batch, _ in tree.batches() for key in batch]
        delete_many(writer, keys)
    return len(keys)


class UpdateWriter:
    """Writes the function of one UPDATE statement."""

    def __init__(self, statement: UpdateStatement, hooks: Any = None) -> None:
        self.statement = statement
        self.table = table = statement.table
        self.unit = Unit("update", "session, transaction, params")
        expressions = [value for _, value in statement.assignments]
        self.point = point_of(statement.query, statement.row_id, expressions)
        empty = "[]" if statement.returning else "None"
        skip, kept = (f"return 0, {empty}", "0") if self.point is not None else ("continue", "count")
        self.deferred = False
        self.hooks = hooks
        self.rows = RowWriter(
            self.unit, table, statement.new_id, statement.conflict, skip, kept, statement.index_values, hooks
        )
        self.old_rowid, self.old_row = f"k{statement.row_id}", f"r{statement.row_id}"
        self.rows.compiler.sources[statement.row_id] = RowBinding(self.old_row, self.old_rowid, table.rowid_alias)
        self.unit.define(self.old_rowid, self.old_row)
        self.moves = any(position in (-1, table.rowid_alias) for position, _ in statement.assignments)
        if not self.moves:
            self.rows.rowid = self.old_rowid
            binding = RowBinding(self.rows.row, self.old_rowid, table.rowid_alias)
            self.rows.compiler.sources[statement.new_id] = binding
        self.indexes = tuple(index for index in table.indexes if self._touched(index))
        self.replaces = self._replaces()
        self.keepers = (
            keepers_of(table, statement.index_filters, statement.new_id, statement.index_values)
            if self.replaces
            else ()
        )
        self.partial = {
            keeper[0].id: keeper[2]
            for keeper in keepers_of(table, statement.index_filters, statement.new_id, statement.index_values)
            if keeper[2]
        }

    def _touched(self, index: Index) -> bool:
        """May the index's entry change?"""
        if self.hooks is not None and self.hooks.rewrites:
            return True
        assigned = {position for position, _ in self.statement.assignments} | self.statement.generated.keys()
        if self.moves or assigned & {c.position for c in index.columns} or any(c.position < -1 for c in index.columns):
            return True
        where = self.statement.index_filters.get(index.id)
        return where is not None and any(isinstance(n, ColumnValue) and n.position in assigned for n in walk(where))

    def _replaces(self) -> bool:
        kinds = [index.conflict for index in self.indexes if index.unique]
        if self.moves:
            kinds.append(self.table.rowid_conflict)
        return "REPLACE" in [constraints.resolve(self.statement.conflict, kind) for kind in kinds]

    # --- the function

    def write(self) -> tuple[Callable[..., Any], str]:
        """The function and its source."""
        return self._write_point() if self.point is not None else self._write_loop()

    def _write_point(self) -> tuple[Callable[..., Any], str]:
        unit, empty = self.unit, "[]" if self.statement.returning else "None"
        assert self.point is not None
        unit.namespace["rowid_key"] = rowid_key
        unit.line(f"{self.old_rowid} = rowid_key({self.rows.compiler.value(self.point)})")
        unit.line(f"{self.old_row} = None if {self.old_rowid} is None else {self.rows.tree}.get({self.old_rowid})")
        with unit.block(f"if {self.old_row} is None:"):
            unit.line(
                f"if {self.old_rowid} is not None: transaction.note_seen({unit.bind(self.table.tree)}, {self.old_rowid})"
            )
            unit.line(f"return 0, {empty}")
        self.row([self.rows.compiler.value(value) for _, value in self.statement.assignments])
        unit.line(f"return 1, {'[' + self.returned() + ']' if self.statement.returning else 'None'}")
        return self.finish()

    def _write_loop(self) -> tuple[Callable[..., Any], str]:
        unit, statement = self.unit, self.statement
        values = [value for _, value in statement.assignments]
        rereads = self.hooks is not None or (self.replaces and self.moves)  # a row may come to where another was found
        late = rereads and len(statement.query.joins) == 1 and not any(map(nested_queries, values))
        find, find_source = compile_row_source(statement.query, [] if late else values, statement.row_id)
        unit.namespace.update(paused_gc=paused_gc, delete_many=delete_many)
        with unit.block(f"with paused_gc(len({self.rows.tree}.tree)):"):
            unit.line(f"found = list({unit.bind(find, 'find')}(session, transaction.trees, params))")
            unit.line("count = 0")
            if statement.returning:
                unit.line("returned = []")
            self._begin_deferred()
            news = [] if late else [f"a{i}" for i in range(len(statement.assignments))]
            with unit.block(f"for {', '.join([self.old_rowid, self.old_row, *news])} in found:"):
                if self.replaces or self.hooks is not None:
                    unit.line(f"{self.old_row} = {self.rows.tree}.get({self.old_rowid})")
                    unit.line(f"if {self.old_row} is None: continue")
                self.row([self.rows.compiler.value(value) for value in values] if late else news)
                if statement.returning:
                    unit.line(f"returned.append({self.returned()})")
                unit.line("count += 1")
            self._write_deferred()
            unit.line(f"return count, {'returned' if statement.returning else 'None'}")
        made, source = self.finish()
        return made, f"{find_source}\n{source}"

    # --- writes at the end of the statement: where no row's test depends on another row's write, and nothing is kept

    def _begin_deferred(self) -> None:
        fails = "FAIL" in (self.statement.conflict, *(c.not_null_conflict for c in self.table.columns))
        watched = self.statement.returning is not None and any(map(nested_queries, self.statement.returning.columns))
        self.deferred = not (
            self.hooks or self.moves or fails or watched or any(index.unique for index in self.indexes)
        )
        if self.deferred:
            names = ["ks", "rs", *(f"{kind}{n}" for n in range(len(self.indexes)) for kind in ("gone", "come"))]
            self.unit.line("; ".join(f"{name} = []" for name in names))

    def _defer_row(self, value: Callable[[int], str]) -> None:
        unit, rows = self.unit, self.rows
        unit.line(f"ks.append({self.old_rowid})")
        unit.line(f"rs.append({rows.row})")
        for n, index in enumerate(self.indexes):
            old = f"({rows.key(index, lambda p: f'{self.old_row}[{p}]', self.old_rowid, self.old_row)}{self.old_rowid})"
            new = f"({rows.key(index, value, rows.rowid)}{rows.rowid})"
            where = self.partial.get(index.id)
            if where is not None:
                unit.line(f"if {unit.bind(where, 'where')}({self.old_rowid}, {self.old_row}): gone{n}.append({old})")
                unit.line(f"if w{rows.index_names[index.id]}: come{n}.append({new})")
            elif any(
                c.position < -1 or self.table.columns[c.position].affinity == "BLOB"
                for c in index.columns
                if c.position != -1
            ):
                unit.line(f"gone{n}.append({old}); come{n}.append({new})")
            else:
                unit.line(f"if (o := {old}) != (n := {new}): gone{n}.append(o); come{n}.append(n)")

    def _write_deferred(self) -> None:
        if self.deferred:
            self.unit.line(f"{self.rows.tree}.put_many(ks, rs)")
            for n, index in enumerate(self.indexes):
                writer = self.rows.index_writer(index)
                self.unit.line(f"delete_many({writer}, gone{n})")
                self.unit.line(f"{writer}.put_many(come{n}, [key[-1] for key in come{n}])")

    def returned(self) -> str:
        assert self.statement.returning is not None
        return self.rows.shown or self.rows.returning(self.statement.returning, self.statement.new_id)

    def finish(self) -> tuple[Callable[..., Any], str]:
        """The function and its source, that of its parts before it."""
        made, source = self.unit.finish()
        return made, "\n".join([*self.rows.parts, source])

    # --- one row

    def row(self, news: list[str]) -> None:
        """Lines that make the new row from the texts of the assigned values, test it and write it."""
        table, unit, rows = self.table, self.unit, self.rows
        names = {p: f"{self.old_row}[{p}]" for p in range(len(table.columns))}
        for (position, _), text in zip(self.statement.assignments, news):
            if position in (-1, table.rowid_alias):
                unit.line(f"{rows.rowid} = {text}")
                unit.line(f"if {rows.rowid}.__class__ is not int: {rows.rowid} = rowid_of({rows.rowid})")
            else:
                names[position] = f"v{position}"
                unit.line(f"v{position} = {text}")
        self._before(names)
        for position, _ in self.statement.assignments:
            if position not in (-1, table.rowid_alias):
                rows.settle(table.columns[position], position, names[position], self.statement.defaults.get(position))
        rows.settle_late()
        if table.rowid_alias is not None:
            names[table.rowid_alias] = rows.rowid
        unit.line(f"{rows.row} = ({''.join(names[p] + ', ' for p in sorted(names))})")
        rows.generate(self.statement.generated, names)
        rows.checks(self.statement.checks)
        rows.filtered(self.statement.index_filters, self.indexes)
        if self.deferred:
            self._defer_row(names.__getitem__)
            return
        self._uniqueness(names.__getitem__)
        if self.hooks is not None and self.replaces:
            with unit.block(f"if {rows.tree}.get({self.old_rowid}) is None:"):
                if self.hooks.rechecks:
                    rows.refuse(("constraint failed", "SQLITE_CONSTRAINT_PINNED"), "ABORT")
                else:
                    unit.line(rows.skip)
        rows.hook("removed", self.old_rowid, self.old_row)
        if self.hooks is not None and self.hooks.rewrites:
            unit.line(f"{rows.tree}.delete({self.old_rowid})")
        elif self.moves:
            unit.line(f"if {rows.rowid} != {self.old_rowid}: {rows.tree}.delete({self.old_rowid})")
        for index in self.indexes:
            self._delete_entry(index)
        rows.hook("added", rows.rowid, rows.row)
        unit.line(f"{rows.tree}.put({rows.rowid}, {rows.row})")
        rows.put_entries(self.indexes, names.__getitem__, self.statement.index_filters)
        shown = self.returned if self.statement.returning else None
        rows.hook_after("updated", self.old_rowid, self.old_row, rows.rowid, rows.row, shown=shown)

    def _before(self, names: dict[int, str]) -> None:
        """The call of BEFORE triggers; the row is read again after them."""
        rows = self.rows
        if self.hooks is None or not self.hooks.comes_before:
            return
        new = f"({''.join(names[p] + ', ' for p in sorted(names))})"
        rows.hook_before("before_update", self.old_rowid, self.old_row, rows.rowid, new)
        self.unit.line(f"{self.old_row} = {rows.tree}.get({self.old_rowid})")
        self.unit.line(f"if {self.old_row} is None: {rows.skip}")

    def _uniqueness(self, value: Callable[[int], str], again: bool = False) -> None:
        """Lines that test the rowid and unique indexes; `again`: after REPLACE has fired triggers, which must not have taken a key."""
        conflict = self.statement.conflict
        tests: list[tuple[str, Index | None]] = []
        if self.moves:
            tests.append((constraints.resolve(conflict, self.table.rowid_conflict), None))
        tests += [
            (constraints.resolve(conflict, index.conflict), index)
            for index in constraints.unique_indexes(self.table, self.indexes)
        ]
        if again:
            tests = [("ABORT", index) for resolution, index in tests if resolution == "REPLACE"]
        for resolution, index in sorted(tests, key=lambda test: test[0] == "REPLACE"):
            if index is None:
                condition = (
                    f"{self.rows.rowid} != {self.old_rowid} and {self.rows.tree}.get({self.rows.rowid}) is not None"
                )
                other, message = self.rows.rowid, constraints.rowid_message(self.table)
            else:
                partial = index.id in self.statement.index_filters
                condition = self.rows.unique_test(index, value, partial, self.old_rowid)
                other, message = "c[-1]", constraints.unique_message(self.table, index)
            with self.unit.block(f"if {condition}:"):
                if resolution == "REPLACE":
                    self.rows.remove(other, self.keepers)
                else:
                    self.rows.refuse(message, resolution)
        if self.hooks is not None and self.hooks.rechecks and not again:
            self._uniqueness(value, again=True)

    def _delete_entry(self, index: Index) -> None:
        key = self.rows.key(index, lambda p: f"{self.old_row}[{p}]", self.old_rowid, self.old_row)
        text = f"{self.rows.index_writer(index)}.delete(({key}{self.old_rowid}))"
        where = self.partial.get(index.id)
        if where is not None:
            text = f"if {self.unit.bind(where, 'where')}({self.old_rowid}, {self.old_row}): {text}"
        self.unit.line(text)


def write_upsert(upsert: Upsert, hooks: Any = None) -> tuple[Callable[..., Any], str]:
    """The function of an ON CONFLICT DO UPDATE: ``make(session, transaction, params)`` gives a function of the rowid in the
    way, and of the rowid and the row that were not inserted. That one returns the number of rows changed; with RETURNING
    the row to return, None if there is none."""
    statement = upsert.update
    assert statement is not None
    source, excluded = statement.row_id, upsert.excluded_id
    names = [f"k{source}", f"k{excluded}", f"r{excluded}"]
    writer = UpdateWriter(statement, hooks)
    unit, rows = writer.unit, writer.rows
    rows.kept = "0"
    rows.skip = f"return {'None' if statement.returning else '0'}"
    rows.compiler.sources[excluded] = RowBinding(names[2], names[1], statement.table.rowid_alias)
    seen = {source: (names[0], writer.old_row), excluded: (names[1], names[2])}

    def write() -> None:
        unit.define(*names, writer.old_row, rows.rowid, rows.row)
        unit.line(f"{writer.old_row} = {rows.tree}.get({names[0]})")
        if upsert.where:
            condition = IsTrue(And(tuple(upsert.where)), True)
            nested = nested_queries(condition)
            text = f"{rows.values([condition], seen)}[0]" if nested else rows.compiler.tests(upsert.where)
            with unit.block(f"if not ({text}):"):
                unit.line(f"transaction.note_seen({unit.bind(statement.table.tree)}, {names[0]})")
                unit.line(f"return {'None' if statement.returning else '0'}")
        values = [value for _, value in statement.assignments]
        if any(map(nested_queries, values)):
            unit.line(f"a = {rows.values(values, seen)}")
            writer.row([f"a[{i}]" for i in range(len(values))])
        else:
            writer.row([rows.compiler.value(value) for value in values])
        unit.line(f"return {writer.returned() if statement.returning else '1'}")

    unit.line(f"return {unit.function(write, 'u', names)[0]}")
    return writer.finish()


class DeleteWriter:
    """Writes the function of one DELETE statement."""

    def __init__(self, statement: DeleteStatement, hooks: Any = None) -> None:
        self.statement = statement
        self.table = statement.table
        self.unit = Unit("delete", "session, transaction, params")
        self.point = point_of(statement.query, statement.row_id, ())
        self.rows = RowWriter(
            self.unit, self.table, statement.row_id, "", "continue", "count", statement.index_values, hooks
        )
        self.hooks = hooks
        if self.point is not None:
            self.rows.skip, self.rows.kept = f"return 0, {'[]' if statement.returning else 'None'}", "0"
        self.keepers = keepers_of(self.table, statement.index_filters, statement.row_id, statement.index_values)

    def write(self) -> tuple[Callable[..., Any], str]:
        """The function and its source."""
        unit, statement, rows = self.unit, self.statement, self.rows
        rowid, row = rows.rowid, rows.row
        if self.point is not None:
            unit.namespace["rowid_key"] = rowid_key
            unit.line(f"{rowid} = rowid_key({rows.compiler.value(self.point)})")
            unit.line(f"{row} = None if {rowid} is None else {rows.tree}.get({rowid})")
            with unit.block(f"if {row} is None:"):
                unit.line(f"if {rowid} is not None: transaction.note_seen({unit.bind(self.table.tree)}, {rowid})")
                unit.line(f"return 0, {'[]' if statement.returning else 'None'}")
            self._row()
            unit.line(f"return 1, {'[' + self._returning() + ']' if statement.returning else 'None'}")
            return unit.finish()
        if self.hooks is not None:
            return self._write_loop()
        if self._is_whole():
            return self._write_whole()
        find, find_source = compile_row_source(statement.query, (), statement.row_id)
        unit.namespace.update(paused_gc=paused_gc, delete_many=delete_many)
        with unit.block(f"with paused_gc(len({rows.tree}.tree)):"):
            unit.line(f"found = list({unit.bind(find, 'find')}(session, transaction.trees, params))")
            if statement.returning and any(map(nested_queries, statement.returning.columns)):
                return self._write_watched(find_source)
            if statement.returning:
                unit.line(f"returned = [{self._returning()} for {rowid}, {row} in found]")
            unit.line(f"delete_many({rows.tree}, [{rowid} for {rowid}, {row} in found])")
            for index, _, where in self.keepers:
                test = "" if where is None else f" if {unit.bind(where, 'where')}({rowid}, {row})"
                key = rows.key(index, lambda p: f"{row}[{p}]", rowid)
                entries = f"[({key}{rowid}) for {rowid}, {row} in found{test}]"
                unit.line(f"delete_many({rows.index_writer(index)}, {entries})")
            unit.line(f"return len(found), {'returned' if statement.returning else 'None'}")
        made, source = unit.finish()
        return made, f"{find_source}\n{source}"

    def _write_loop(self) -> tuple[Callable[..., Any], str]:
        """Row by row, for hooks."""
        unit, rows, returning = self.unit, self.rows, self.statement.returning
        find, find_source = compile_row_source(self.statement.query, (), self.statement.row_id)
        unit.line(f"found = list({unit.bind(find, 'find')}(session, transaction.trees, params))")
        unit.line("count = 0")
        if returning:
            unit.line("returned = []")
        with unit.block(f"for {rows.rowid}, {rows.row} in found:"):
            unit.line(f"{rows.row} = {rows.tree}.get({rows.rowid})")
            unit.line(f"if {rows.row} is None: continue")
            self._row()
            if returning:
                unit.line(f"returned.append({self._returning()})")
            unit.line("count += 1")
        unit.line(f"return count, {'returned' if returning else 'None'}")
        made, source = unit.finish()
        return made, "\n".join([find_source, *rows.parts, source])

    def _returning(self) -> str:
        assert self.statement.returning is not None
        return self.rows.shown or self.rows.returning(self.statement.returning, self.statement.row_id)

    def _write_watched(self, find_source: str) -> tuple[Callable[..., Any], str]:
        """Row by row, for subqueries in RETURNING see what is deleted so far."""
        unit, rows = self.unit, self.rows
        unit.line("returned = []")
        with unit.block(f"for {rows.rowid}, {rows.row} in found:"):
            self._row()
            unit.line(f"returned.append({self._returning()})")
        unit.line("return len(found), returned")
        made, source = unit.finish()
        return made, "\n".join([find_source, *rows.parts, source])

    def _is_whole(self) -> bool:
        """Does every row go, unseen?"""
        query = self.statement.query
        parts = (query.where, query.pre_filters, query.limit, query.offset, self.statement.returning)
        return not any(parts) and len(query.joins) == 1

    def _write_whole(self) -> tuple[Callable[..., Any], str]:
        unit = self.unit
        unit.namespace["delete_all"] = delete_all
        unit.line(f"count = delete_all({self.rows.tree})")
        for index in self.table.indexes:
            unit.line(f"delete_all({self.rows.index_writer(index)})")
        unit.line("return count, None")
        return unit.finish()

    def _row(self) -> None:
        rows = self.rows
        if self.hooks is not None and self.hooks.comes_before:
            rows.hook_before("before_delete", rows.rowid, rows.row)
            self.unit.line(f"{rows.row} = {rows.tree}.get({rows.rowid})")
            self.unit.line(f"if {rows.row} is None: {rows.skip}")
        rows.hook("removed", rows.rowid, rows.row)
        self.unit.line(f"{rows.tree}.delete({rows.rowid})")
        for index, _, where in self.keepers:
            key = rows.key(index, lambda p: f"{rows.row}[{p}]", rows.rowid)
            text = f"{rows.index_writer(index)}.delete(({key}{rows.rowid}))"
            if where is not None:
                text = f"if {self.unit.bind(where, 'where')}({rows.rowid}, {rows.row}): {text}"
            self.unit.line(text)
        rows.hook_after("deleted", rows.rowid, rows.row, shown=self._returning if self.statement.returning else None)
