"""INSERT: one generated function per statement makes a row, tests its constraints, writes it and its index entries.

What is generated (``INSERT INTO t(id, a, b) VALUES (?, ?, ?)``, a TEXT NOT NULL UNIQUE)::

    def insert(session, transaction, params):
        u0, u1, u2 = params
        t = transaction.writer(tree)
        i0 = transaction.writer(index)
        k5 = u0                                   # the rowid: given, or the next one
        fresh = k5 is None
        if fresh:
            k5 = t.next_rowid()
        elif k5.__class__ is not int:
            k5 = rowid_of(k5)
        v1 = u1                                   # each column: affinity, NOT NULL
        if v1.__class__ is not str:
            if v1 is None:
                raise failure(…)
            v1 = convert(v1)
        r5 = (k5, v1, u2)                         # the row; CHECK expressions see r5 and k5
        if not fresh and t.get(k5) is not None:   # the rowid, then unique indexes
            raise failure(…)
        q0 = (rank[v1.__class__], v1)
        if i0.find_prefix(q0) is not None:
            raise failure(…)
        t.put(k5, r5)                             # all tests have passed
        i0.put((*q0, k5), k5)
        session.last_insert_rowid = k5
        return 1, None

    Several rows (VALUES lists, INSERT … SELECT, DEFAULT VALUES with none) go through the same text in a loop over
    rows that were collected first, so a statement never reads what it writes.

Conflicts are settled as `constraints` describes; IGNORE skips the row, REPLACE deletes the rows in the way with their
index entries (INV-D3). Names in the source are numbers, values are bound (INV-Q2). Each stored value has passed its
affinity (INV-D5).

ON CONFLICT
    The tests of the constraints that clauses name come first, in the order of the clauses. DO NOTHING skips the row. DO
    UPDATE calls a function of its own (`dml_update.write_upsert`) with the rowid in the way and the row that was not
    inserted ::

        if i0.find_prefix(q0) is not None:
            return upsert(session, transaction, params)(c[-1], k5, r5), None

    A row that is skipped for another one depends on that one: a point read (INV-V7).

Where a statement has hooks (`hooks`: triggers, foreign keys), the row's function also calls them: ``added(session, transaction, k5,
r5)`` before the put, and `remove` in place of `remove_row`. What may run further statements is yielded (`programs`).

What it does not do: columns of values at once (`dml_bulk`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from aerodb_dbapi.executor import constraints
from aerodb_dbapi.executor.codegen import compile_row_values
from aerodb_dbapi.executor.expressions import ExpressionCompiler, RowBinding
from aerodb_dbapi.executor.sequences import counter_of
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.indexes.keys import RANK, computed_names, computed_value, entry_function, key_source
from aerodb_dbapi.planner.bind_stored import dependency_order
from aerodb_dbapi.planner.expressions import Constant, Expression, Parameter
from aerodb_dbapi.planner.query import InsertStatement, Returning, Values
from aerodb_dbapi.planner.usage import nested_queries
from aerodb_dbapi.storage.catalog import Column, Index, Table
from aerodb_dbapi.storage.errors import DatabaseError, NotSupportedError
from aerodb_dbapi.storage.values import affinity_function, apply_affinity

VIRTUAL: Final = 2  # Column.hidden; SQLite does not check the class of what such a column shows
CLASS_OF: Final = {"TEXT": "str", "INTEGER": "int", "NUMERIC": "int", "REAL": "float"}


def row_function(expression: Expression, source: int, table: Table) -> Callable[[int, tuple[Any, ...]], Any]:
    """`(rowid, row) -> is the expression true`, for an expression over one row."""
    unit = Unit("test", f"k{source}, r{source}")
    compiler = ExpressionCompiler(unit)
    compiler.sources[source] = RowBinding(f"r{source}", f"k{source}", table.rowid_alias)
    unit.define(f"r{source}", f"k{source}")
    unit.line(f"return {compiler.test(expression)}")
    return unit.finish()[0]


def value_function(expression: Expression, source: int, table: Table) -> Callable[[int, tuple[Any, ...]], Any]:
    """`(rowid, row) -> the expression's value`, for an expression over one row."""
    unit = Unit("value", f"k{source}, r{source}")
    compiler = ExpressionCompiler(unit)
    compiler.sources[source] = RowBinding(f"r{source}", f"k{source}", table.rowid_alias)
    unit.define(f"r{source}", f"k{source}")
    unit.line(f"return {compiler.value(expression)}")
    return unit.finish()[0]


def computed_functions(
    values: dict[int, Expression], source: int, table: Table
) -> dict[int, Callable[[int, tuple[Any, ...]], Any]]:
    """The functions of index expressions by their positions."""
    return {position: value_function(value, source, table) for position, value in values.items()}


def keepers_of(
    table: Table, filters: dict[int, Expression], source: int, values: dict[int, Expression]
) -> tuple[constraints.Keeper, ...]:
    """All indexes of a table with their entry functions and partial tests."""
    computed = computed_functions(values, source, table)
    return tuple(
        (
            index,
            entry_function(index, table, computed),
            row_function(filters[index.id], source, table) if index.id in filters else None,
        )
        for index in table.indexes
    )


def writer_text(tree: int) -> str:
    """Source that gets the transaction's writer of a tree."""
    return f"transaction.writers.get({tree}) or transaction.writer({tree})"


def no_subqueries(expressions: Sequence[Expression], where: str) -> None:
    """NotSupportedError if one of the expressions holds a subquery."""
    if any(nested_queries(expression) for expression in expressions):
        raise NotSupportedError(f"subqueries in {where}")


class RowWriter:
    """Writes the text that is common to INSERT and UPDATE: a new row's values, tests and index entries.

    `number` names the new row: its rowid is the variable k<number>, its tuple r<number>. `skip` is the statement that
    leaves the row out, `kept` the text of the number of rows already written. `hooks` are called around each row.
    """

    def __init__(
        self,
        unit: Unit,
        table: Table,
        number: int,
        conflict: str,
        skip: str,
        kept: str,
        values: dict[int, Expression],
        hooks: Any = None,
    ) -> None:
        self.unit = unit
        unit.namespace.update(computed_names(computed_functions(values, number, table)))
        self.hooks = hooks
        self.table = table
        self.conflict = conflict
        self.skip = skip
        self.kept = kept
        self.parts: list[str] = []  # the source of functions that the unit calls
        self.shown = ""  # the variable with what RETURNING shows of the row, where it is made before AFTER triggers
        self.rowid, self.row = f"k{number}", f"r{number}"
        self.compiler = ExpressionCompiler(unit)
        self.compiler.sources[number] = RowBinding(self.row, self.rowid, table.rowid_alias)
        unit.define(self.rowid, self.row)
        unit.namespace.update(
            failure=constraints.failure, taken=constraints.taken, rowid_of=constraints.rowid_of,
            remove_row=constraints.remove_row, rank=RANK,
            next_autoincrement=constraints.next_autoincrement, kept_before=constraints.kept_before, DatabaseError=DatabaseError,
        )  # fmt: skip
        self.tree = unit.hoist(writer_text(table.tree), "t")
        self.late: list[Callable[[], None]] = []
        self.index_names = {index.id: f"q{n}" for n, index in enumerate(table.indexes)}

    # --- values row by row

    def values(self, expressions: Sequence[Expression], rows: dict[int, tuple[str, str]]) -> str:
        """Text of the tuple of values of expressions with subqueries, which see what is written so far. `rows`: the names of
        rowid and row by source id, all of this table."""
        make, source = compile_row_values(expressions, [(source, self.table) for source in rows])
        self.parts.append(source)
        made = self.unit.hoist(f"{self.unit.bind(make, 'values')}(session, transaction.trees, params)", "v")
        return f"{made}({', '.join(name for pair in rows.values() for name in pair)})"

    def returning(self, returning: Returning, source: int) -> str:
        """Text of the tuple to return for the row."""
        if any(map(nested_queries, returning.columns)):
            return self.values(returning.columns, {source: (self.rowid, self.row)})
        return f"({''.join(self.compiler.value(column) + ', ' for column in returning.columns)})"

    # --- hooks and removal

    def hook(self, name: str, *arguments: str) -> None:
        """The line that calls a hook, if there are any."""
        if self.hooks is not None:
            function = self.unit.bind(getattr(self.hooks, name), name)
            self.unit.line(f"{function}(session, transaction, {', '.join(arguments)})")

    def hook_after(self, name: str, *arguments: str, shown: Callable[[], str] | None = None) -> None:
        """The line that calls what comes after a row, if anything may. AFTER triggers come after RETURNING: what it shows is kept before
        them."""
        if self.hooks is not None and self.hooks.nests:
            if shown is not None and self.hooks.comes_after:
                self.unit.line(f"shown = {shown()}")
                self.shown = "shown"
            function = self.unit.bind(getattr(self.hooks, name), name)
            with self.reckoned("1" if self.kept == "0" else f"{self.kept} + 1"):
                self.unit.line(f"yield {function}(session, transaction, {', '.join(arguments)})")

    def hook_before(self, name: str, *arguments: str) -> None:
        """The lines that call what comes before a row, if anything does; they leave the row out if it says so."""
        if self.hooks is not None and self.hooks.comes_before:
            function = self.unit.bind(getattr(self.hooks, name), name)
            with self.reckoned(self.kept):
                self.unit.line(f"if not (yield {function}(session, transaction, {', '.join(arguments)})): {self.skip}")

    @contextmanager
    def reckoned(self, kept: str) -> Iterator[None]:
        """Around lines that may fail inside a trigger, after `kept` rows: OR FAIL keeps these."""
        with self.unit.block("try:"):
            yield
        with self.unit.block("except DatabaseError as error:"):
            self.unit.line(f"raise kept_before(error, {kept}) from error.__cause__")

    def remove(self, rowid: str, keepers: Any) -> None:
        """The line that deletes a row which is in the way."""
        arguments = f"transaction, {self.unit.bind(self.table.tree)}, {rowid}, {self.unit.bind(keepers, 'keepers')}"
        if self.hooks is None:
            self.unit.line(f"remove_row({arguments})")
        else:
            nests = self.hooks.nests
            function = self.unit.bind(self.hooks.remove_nested if nests else self.hooks.remove, "remove")
            self.unit.line(f"{'yield ' if nests else ''}{function}(session, {arguments})")

    # --- refusing

    def refuse(self, message: tuple[str, str], resolution: str) -> None:
        """The line for a failed constraint."""
        if resolution == "IGNORE":
            self.unit.line(self.skip)
        else:
            kind = self.unit.constant("ABORT" if resolution == "REPLACE" else resolution)
            self.unit.line(f"raise failure(*{self.unit.bind(message, 'm')}, {kind}, {self.kept})")

    # --- values

    def settle(self, column: Column, position: int, name: str, default: Expression | None) -> None:
        """Lines that give the variable `name` its affinity and settle NOT NULL."""
        convert = affinity_function(column.affinity)
        resolution = constraints.resolve(self.conflict, column.not_null_conflict) if column.not_null else None
        with_default = resolution == "REPLACE" and default is not None and default != Constant(None)
        if with_default:
            assert default is not None
            with self.unit.block(f"if {name} is None:"):
                self.unit.line(f"{name} = {self.compiler.value(default)}")
        if self.table.strict and column.hidden != VIRTUAL:
            return self._settle_strictly(position, name, resolution)
        if convert is None:
            if resolution is not None:
                with self.unit.block(f"if {name} is None:"):
                    self.refuse(constraints.not_null_message(self.table, position), resolution)
            return
        call = f"{name} = {self.unit.bind(convert, 'convert')}({name})"
        zero = f"not {name} or " if column.affinity == "REAL" else ""  # -0.0 is stored as 0.0
        test = f"if {zero}{name}.__class__ is not {CLASS_OF[column.affinity]}"
        if resolution is None:
            with self.unit.block(test + (":" if zero else f" and {name} is not None:")):
                self.unit.line(call)
            return
        with self.unit.block(test + ":"):
            with self.unit.block(f"if {name} is None:"):
                self.refuse(constraints.not_null_message(self.table, position), resolution)
            self.unit.line(call)

    def _settle_strictly(self, position: int, name: str, resolution: str | None) -> None:
        """The end of `settle` in a STRICT table: a value of another class that the affinity does not convert is an error.
        NOT NULL is tested for all columns before the classes are; the other way round where columns are generated."""
        convert = constraints.strict_function(self.table, position)

        def fill() -> None:
            if resolution is not None:
                with self.unit.block(f"if {name} is None:"):
                    self.refuse(constraints.not_null_message(self.table, position), resolution)

        def fit() -> None:
            if convert is not None:
                with self.unit.block(f"if {name} is not None:"):
                    self.unit.line(f"{name} = {self.unit.bind(convert, 'convert')}({name})")

        first, second = (fit, fill) if any(column.generated for column in self.table.columns) else (fill, fit)
        first()
        self.late.append(second)

    def settle_late(self) -> None:
        """The lines that `settle` left for when all columns are there."""
        for write in self.late:
            write()
        self.late.clear()

    def checks(self, checks: Sequence[tuple[str, Expression]]) -> None:
        """Lines that test CHECK constraints."""
        for name, expression in checks:
            no_subqueries([expression], "CHECK constraints")
            with self.unit.block(f"if {self.compiler.false(expression)}:"):
                self.refuse(constraints.check_message(name), self.conflict or "ABORT")

    def generate(self, generated: dict[int, Expression], names: dict[int, str]) -> None:
        """Lines that compute the generated columns from the row so far, and put them into it."""
        for position in dependency_order(self.table, generated):
            names[position] = name = f"v{position}"
            self.unit.line(f"{name} = {self.compiler.value(generated[position])}")
            self.settle(self.table.columns[position], position, name, None)
            self.settle_late()
            self.unit.line(f"{self.row} = ({''.join(names[p] + ', ' for p in sorted(names))})")

    # --- uniqueness and writing

    def filtered(self, filters: dict[int, Expression], indexes: Sequence[Index]) -> None:
        """Lines that decide which partial indexes take the row: w<index>."""
        for index in indexes:
            if index.id in filters:
                self.unit.line(f"w{self.index_names[index.id]} = {self.compiler.test(filters[index.id])}")

    def index_writer(self, index: Index) -> str:
        """The variable holding an index's tree writer."""
        return self.unit.hoist(writer_text(index.tree), "i")

    def key(self, index: Index, value: Callable[[int], str], rowid: str, row: str = "") -> str:
        """Source of the elements of an index key, without its rowid. `row` is the row's variable, by default the new
        row's."""

        def text(position: int) -> str:
            return value(position) if position >= -1 else computed_value(position, rowid, row or self.row)

        return key_source(index, self.table, text, rowid, self.unit.namespace)

    def unique_test(self, index: Index, value: Callable[[int], str], partial: bool, own: str | None = None) -> str:
        """The condition under which another row holds the key; leaves that row's index key in `c`. Lines before it
        make q<index>."""
        name = self.index_names[index.id]
        self.unit.line(f"{name} = ({self.key(index, value, self.rowid)})")
        tests = [f"w{name}"] if partial else []
        for place, column in enumerate(index.columns):
            if column.position < -1:
                tests.append(f"{name}[{2 * place + 1}] is not None")
                continue
            known = column.position in (-1, self.table.rowid_alias) or self.table.columns[column.position].not_null
            if not known:
                tests.append(f"{value(column.position)} is not None")
        tests.append(f"(c := {self.index_writer(index)}.find_prefix({name})) is not None")
        if own is not None:
            tests.append(f"c[-1] != {own}")
        return " and ".join(tests)

    def put_entries(
        self, indexes: Sequence[Index], value: Callable[[int], str], filters: dict[int, Expression]
    ) -> None:
        """Lines that write the row's index entries."""
        for index in indexes:
            name = self.index_names[index.id]
            elements = f"*{name}, " if index.unique else self.key(index, value, self.rowid)
            text = f"{self.index_writer(index)}.put(({elements}{self.rowid}), {self.rowid})"
            self.unit.line(f"if w{name}: {text}" if index.id in filters else text)


class InsertWriter:
    """Writes the function of one INSERT statement."""

    def __init__(
        self,
        statement: InsertStatement,
        many: bool,
        upserts: Sequence[Callable[..., Any] | None] = (),
        hooks: Any = None,
    ) -> None:
        """`many`: the function gets the rows to insert as a fourth argument; else the single VALUES row is written in
        place. `upserts`: the functions of the ON CONFLICT clauses, None for DO NOTHING."""
        self.statement = statement
        self.upserts = upserts
        self.table = table = statement.table
        self.many = many
        self.unit = Unit("insert", f"session, transaction, params{', rows' if many else ''}")
        returned = "returned" if statement.returning else "None"
        self.counter = ""  # what keeps the counter of AUTOINCREMENT, at the end of the statement
        if (counter := counter_of(table, statement.sequence)) is not None:
            self.counted = self.unit.bind(counter, "counter")
            self.counter = f"{self.counted}.keep(transaction, seq); "
        skip, kept = "continue", "count"
        if not many:
            skip, kept = f"{self.counter}return 0, {'[]' if statement.returning else 'None'}", "0"
        self.rows = RowWriter(
            self.unit, table, statement.row_id, statement.conflict, skip, kept, statement.index_values, hooks
        )
        self.returned = returned
        self.unpacked = False
        self.keepers = (
            keepers_of(table, statement.index_filters, statement.row_id, statement.index_values)
            if self._replaces()
            else ()
        )

    def _replaces(self) -> bool:
        return any(kind == "REPLACE" and clause is None for kind, _, clause in ordered_tests(self.statement))

    def write(self) -> tuple[Callable[..., Any], str]:
        """The function and its source."""
        unit = self.unit
        if self.counter:
            unit.line(f"seq = {self.counted}.value(transaction)")
        if not self.many:
            self._unpack()
            self._row()
            unit.line(
                f"{self.counter}return 1, {'[' + self._returning() + ']' if self.statement.returning else 'None'}"
            )
            return self._finish()
        unit.line("count = 0")
        if self.statement.returning:
            unit.line("returned = []")
        with unit.block("for s in rows:"):
            self._row()
            if self.statement.returning:
                unit.line(f"returned.append({self._returning()})")
            unit.line("count += 1")
        unit.line(f"{self.counter}return count, {self.returned}")
        return self._finish()

    def _finish(self) -> tuple[Callable[..., Any], str]:
        made, source = self.unit.finish()
        return made, "\n".join([*self.rows.parts, source])

    def _unpack(self) -> None:
        """Take the parameters out of their tuple at once, where the statement uses them all."""
        count = len(self.statement.parameters)
        if count > 1 and isinstance(self.statement.query, Values):
            used = {item.index for item in self.statement.query.rows[0] if isinstance(item, Parameter)}
            if used == set(range(count)):
                self.unit.line(f"{', '.join(f'u{i}' for i in range(count))} = params")
                self.unpacked = True

    def _returning(self) -> str:
        assert self.statement.returning is not None
        return self.rows.shown or self.rows.returning(self.statement.returning, self.statement.row_id)

    # --- one row

    def _row(self) -> None:
        self._before()
        fresh = self._rowid()
        if self.counter:
            self.unit.line(f"if {self.rows.rowid} > seq: seq = {self.rows.rowid}")
        generated = self.statement.generated
        names = {
            p: "None" if p in generated else self._column(p)
            for p in range(len(self.table.columns))
            if p != self.table.rowid_alias
        }
        if self.table.rowid_alias is not None:
            names[self.table.rowid_alias] = self.rows.rowid
        self.rows.settle_late()
        self.unit.line(f"{self.rows.row} = ({''.join(names[p] + ', ' for p in sorted(names))})")
        self.rows.generate(generated, names)
        self.rows.checks(self.statement.checks)
        self.rows.filtered(self.statement.index_filters, self.table.indexes)
        self._uniqueness(fresh, names.__getitem__)
        early = self.rows.hooks is not None and self.statement.returning is not None
        if early:
            self._note_rowid()
        self.rows.hook("added" if self.many else "added_alone", self.rows.rowid, self.rows.row)
        self.unit.line(f"{self.rows.tree}.put({self.rows.rowid}, {self.rows.row})")
        self.rows.put_entries(self.table.indexes, names.__getitem__, self.statement.index_filters)
        if not early:
            self._note_rowid()
        shown = self._returning if self.statement.returning else None
        self.rows.hook_after("inserted", self.rows.rowid, self.rows.row, shown=shown)

    def _note_rowid(self) -> None:
        """Set last_insert_rowid(). With RETURNING, as in SQLite, also where a foreign key then refuses the row."""
        if not self.table.without_rowid:
            self.unit.line(f"session.last_insert_rowid = {self.rows.rowid}")

    def _before(self) -> None:
        """The call of BEFORE triggers: they get the values as they are given."""
        if self.rows.hooks is None or not self.rows.hooks.comes_before:
            return
        texts = []
        for position in range(len(self.table.columns)):
            given, default = self._given(position), self.statement.defaults.get(position)
            texts.append(given[0] if given else "None" if default is None else self.rows.compiler.value(default))
        rowid = self._given(-1)
        if rowid is None and self.table.rowid_alias is not None:
            rowid = self._given(self.table.rowid_alias)
        row = f"({''.join(text + ', ' for text in texts)})"
        self.rows.hook_before("before_insert", rowid[0] if rowid else "None", row)

    def _given(self, position: int) -> tuple[str, Expression | None] | None:
        """The text of the value given for a column (-1: the rowid) and its expression, or None if none is given."""
        for i, target in enumerate(self.statement.targets):
            if target == position:
                if self.many:
                    return f"s[{i}]", None
                assert isinstance(self.statement.query, Values)
                expression = self.statement.query.rows[0][i]
                if self.unpacked and isinstance(expression, Parameter):
                    return f"u{expression.index}", expression
                return self.rows.compiler.value(expression), expression
        return None

    def _rowid(self) -> str | None:
        """Lines that settle the rowid. Returns the text that is true when it was made here; None if that is always
        so."""
        unit, rowid = self.unit, self.rows.rowid
        made = f"{self.rows.tree}.next_rowid()"
        if self.counter:
            nests = self.rows.hooks is not None and self.rows.hooks.nests  # triggers may have counted meanwhile
            used = f"max(seq, {self.counted}.value(transaction))" if nests else "seq"
            made = f"next_autoincrement({used}, {self.rows.tree})"
        given = self._given(-1)
        if self.table.rowid_alias is not None and given is None:
            given = self._given(self.table.rowid_alias)
        if given is None or given[1] == Constant(None):
            unit.line(f"{rowid} = {made}")
            return None
        unit.line(f"{rowid} = {given[0]}")
        unit.line(f"fresh = {rowid} is None")
        with unit.block("if fresh:"):
            unit.line(f"{rowid} = {made}")
        with unit.block(f"elif {rowid}.__class__ is not int:"):
            unit.line(f"{rowid} = rowid_of({rowid})")
        return "fresh"

    def _column(self, position: int) -> str:
        """Lines that settle a column's value; returns its variable (or constant)."""
        column = self.table.columns[position]
        default = self.statement.defaults.get(position)
        given = self._given(position)
        text: str
        expression: Expression | None
        if given is None:
            text, expression = (
                (self.rows.compiler.value(default), default) if default is not None else ("None", Constant(None))
            )
        else:
            text, expression = given
        if isinstance(expression, Constant) and not self.table.strict:
            value = apply_affinity(expression.value, column.affinity)
            if value is not None or not column.not_null:
                return self.unit.constant(value)
        settled = column.affinity == "BLOB" and not column.not_null and not self.table.strict
        if settled and (isinstance(expression, Parameter) or text.startswith("s[")):
            return text
        name = f"v{position}"
        self.unit.line(f"{name} = {text}")
        self.rows.settle(column, position, name, default)
        return name

    # --- conflicts

    def _uniqueness(self, fresh: str | None, value: Callable[[int], str], again: bool = False) -> None:
        """Lines that test the rowid and unique indexes; `again`: after REPLACE has fired triggers, which must not have taken a key."""
        for resolution, index, clause in ordered_tests(self.statement):
            if again:
                if resolution != "REPLACE" or clause is not None:
                    continue
                resolution = "ABORT"
            if index is None:
                if fresh is not None:
                    self._rowid_test(resolution, clause)
                continue
            condition = self.rows.unique_test(index, value, index.id in self.statement.index_filters)
            with self.unit.block(f"if {condition}:"):
                message = constraints.unique_message(self.table, index)
                self._settle("c[-1]", message, resolution, clause)
        if self.rows.hooks is not None and self.rows.hooks.rechecks and not again:
            self._uniqueness(fresh, value, again=True)

    def _rowid_test(self, resolution: str, clause: int | None) -> None:
        rowid = self.rows.rowid
        replaces = resolution == "REPLACE" and clause is None and self.rows.hooks is None
        if replaces and not self.table.indexes:
            return  # put replaces the row
        with self.unit.block(
            f"if not fresh and {rowid} <= {self.rows.tree}.high and taken({self.rows.tree}, {rowid}):"
        ):
            self._settle(rowid, constraints.rowid_message(self.table), resolution, clause)

    def _settle(self, other: str, message: tuple[str, str], resolution: str, clause: int | None) -> None:
        """Lines for a row whose place the row `other` has taken."""
        update = None if clause is None else self.upserts[clause]
        if update is not None:
            hooks = self.rows.hooks.upserts if self.rows.hooks is not None else ()
            own = hooks[clause] if hooks and clause is not None else None
            self._update(update, other, own is not None and own.nests)
        elif clause is not None or resolution == "IGNORE":
            self.unit.line(f"transaction.note_seen({self.unit.bind(self.table.tree)}, {other})")
            self.unit.line(self.rows.skip)
        elif resolution == "REPLACE":
            self.rows.remove(other, self.keepers)
        else:
            self.rows.refuse(message, resolution)

    def _update(self, update: Callable[..., Any], other: str, nests: bool) -> None:
        """Lines that update the row `other` instead, and go on to the next row."""
        unit, rows = self.unit, self.rows
        make = f"{unit.bind(update, 'upsert')}(session, transaction, params)"
        call = f"{unit.hoist(make, 'u') if self.many else make}({other}, {rows.rowid}, {rows.row})"
        if nests:
            with rows.reckoned(f"{rows.kept}, True"):
                unit.line(f"u = yield {call}")
            call = "u"
        if self.statement.returning is None:
            unit.line(f"count += {call}" if self.many else f"{self.counter}return {call}, None")
        elif self.many:
            unit.line(f"u = {call}")
            unit.line("if u is not None: returned.append(u); count += 1")
        else:
            unit.line(f"u = {call}")
            unit.line(f"{self.counter}return (0, []) if u is None else (1, [u])")
        if self.many:
            unit.line("continue")


def ordered_tests(statement: InsertStatement) -> list[tuple[str, Index | None, int | None]]:
    """The tests of uniqueness in their order: the resolution, the index (None: the rowid), the number of the ON CONFLICT
    clause or None. Clauses come in their order, the rowid after those that name indexes; REPLACE comes last."""
    table, clauses = statement.table, statement.upserts
    order: list[Index | None] = []
    for clause in clauses:
        if not clause.any and clause.index not in order:
            order.append(clause.index)
    order += [index for index in (None, *constraints.unique_indexes(table)) if index not in order]
    tests: list[tuple[str, Index | None, int | None]] = []
    for index in order:
        found = [number for number, clause in enumerate(clauses) if clause.any or clause.index == index]
        own = table.rowid_conflict if index is None else index.conflict
        tests.append((constraints.resolve(statement.conflict, own), index, found[0] if found else None))
    return sorted(tests, key=lambda test: test[0] == "REPLACE" and test[2] is None)
