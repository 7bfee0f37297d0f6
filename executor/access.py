"""Writing one step of the nested loops: from an access path to the text that runs through its rows.

`StepWriter.read(step, body)` writes what leads to the rows (bounds, batch loops) and calls `body(stream)` inside. A
`Stream` says
``for <target> in <iterable>``: the writer of the query makes a for statement or a comprehension of it. An access path
that has one row at most (`RowidPoint`) binds the row itself and calls `body(None)`; where nothing is found it writes
`miss`, ``continue`` mostly, so a caller provides a loop around it.

Variables of source 3: ``r3`` its row, ``k3`` its rowid (only where the query refers to it), ``e3`` an index entry
where the entry holds all that is needed (`covering`).

A scan of a whole table that uses some of its columns names them (``t0_.columns((1, 4, ))``), so that leaves which are not in
memory are read without the others; where they are in memory it makes no difference.

Point access is written out for tables without gaps, where the row's place is arithmetic (`storage.dense`); else it is
searched. Index look-ups make a prefix of the entry key: ``(rank, value, …)``; entries with it lie in
``[prefix, prefix + (inf,))``. Ranges extend the prefix by one part (`_bounds`); in a DESC column the two ends change
places, and NULL entries, which no range finds, lie at the other end.

LEFT steps gather their matching rows first and fall back on one row of NULLs, so what follows is written once.

Keeps INV-Q2 (names are numbered). What it does not do: choose access paths (`planner`), look at ORDER BY.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aerodb_dbapi.executor.expressions import EntryBinding, ExpressionCompiler, RowBinding, simple
from aerodb_dbapi.executor.later import outlined
from aerodb_dbapi.executor.unions import skipped, write_union
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.indexes.keys import probe_part, recoverable
from aerodb_dbapi.planner.expressions import Expression, Indexed
from aerodb_dbapi.planner.query import (
    Access,
    GuidedScan,
    HashLookup,
    IndexScan,
    IndexUnion,
    ModuleScan,
    ModuleSource,
    Query,
    QuerySource,
    RecursiveSource,
    RowidIn,
    RowidPoint,
    RowidRange,
    RowsSource,
    Source,
    Step,
    TableSource,
)
from aerodb_dbapi.planner.usage import repeatable
from aerodb_dbapi.storage.catalog import Index, IndexColumn
from aerodb_dbapi.storage.dense import LOW, SHIFT
from aerodb_dbapi.storage.errors import NotSupportedError


@dataclass(slots=True)
class Stream:
    """``for target in iterable``. `batched`: inside a loop over batches."""

    target: str
    iterable: str
    batched: bool = False


_COLUMN: Final = re.compile(r"(r\d+)\[(\d+)\]")
_EQUAL: Final = re.compile(r"RANK\[(\w+)\.__class__\], \1").fullmatch
_COLUMNS: Final = re.compile(r"\((?:r\d+\[\d+\], )+\)")


def columns_taken(unit: Unit, stream: Stream, element: str) -> str | None:
    """Text of the list of a row's column, or of tuples of some, for each row of a batch; None if `element` is something else."""
    if not stream.batched or stream.target[:1] != "r" or not stream.iterable.isidentifier():
        return None
    single = _COLUMN.fullmatch(element)
    if single is not None:
        return f"column_of({stream.iterable}, {single[2]})" if single[1] == stream.target else None
    found = _COLUMN.findall(element) if _COLUMNS.fullmatch(element) else []
    if not found or any(row != stream.target for row, _ in found):
        return None
    places = unit.constant(tuple(int(place) for _, place in found))
    return f"columns_of({stream.iterable}, {places})"


Body = Callable[[Stream | None], None]


class RowQueries(Protocol):
    """What steps need of the query compiler."""

    def rows(self, query: Query) -> tuple[str, bool]:
        """Text of the rows of a query: a list of rows (True) or an iterator of batches (False)."""
        ...

    def row_list(self, query: Query) -> str:
        """Text of a list of the rows, made once per run if the query does not depend on outer rows."""
        ...


class StepWriter:
    """Writes steps into the function that `unit` is writing. `references`: source id → positions that the statement
    uses; sources in `whole` need their full row and their rowid."""

    def __init__(
        self, unit: Unit, compiler: ExpressionCompiler, queries: RowQueries, references: dict[int, set[int]]
    ) -> None:
        self.unit = unit
        self.compiler = compiler
        self.queries = queries
        self.references = references
        self.whole: set[int] = set()
        self.miss = "continue"
        self.nested = False  # inside the loop of another step: rows of a subquery are worth keeping

    # --- what a source needs

    def variables(self, source: Source, covering: bool = False) -> list[str]:
        """The row variables that a step of the source gives."""
        key, row = self._needs(source)
        if covering and source.id not in self.whole:
            return [f"e{source.id}"]
        return ([f"k{source.id}"] if key else []) + ([f"r{source.id}"] if row else [])

    def _needs(self, source: Source) -> tuple[bool, bool]:
        """Is the rowid needed apart from the row, and is the row?"""
        used = self.references.get(source.id, set())
        whole = source.id in self.whole
        if not isinstance(source, TableSource):
            return False, True
        alias = source.table.rowid_alias
        if used <= {-1, alias} and not whole:
            return True, False
        return whole or (-1 in used and alias is None), True

    def _bind(self, source: Source, kind: str) -> tuple[bool, bool]:
        """Bind r and k of a source; says which of them are needed."""
        key, row = self._needs(source)
        row_name, key_name = f"r{source.id}", f"k{source.id}"
        if isinstance(source, TableSource):
            table = source.table
            filled = {i for i, column in enumerate(table.columns) if column.not_null}
            filled |= {-1, table.rowid_alias} if table.rowid_alias is not None else {-1}
            never = frozenset(filled) if kind != "left" else frozenset[int]()
            if row:
                alias = None if source.id in self.whole else table.rowid_alias
                self.compiler.sources[source.id] = RowBinding(row_name, key_name, alias, never)
            else:
                self.compiler.sources[source.id] = _KeyBinding(key_name, kind != "left")
        else:
            self.compiler.sources[source.id] = RowBinding(row_name)
        self.unit.define(*([key_name] if key else []), *([row_name] if row else []))
        return key, row

    def tree(self, source: TableSource, index: Index | None = None) -> str:
        return self.unit.tree(source.table.tree if index is None else index.tree, source.as_of)

    # --- filters

    def filters(self, conjuncts: list[Expression], miss: str) -> None:
        """Go on only where all conjuncts are true; the exact form runs where the optimistic one meets mixed classes
        (INV-Q3)."""
        if not conjuncts:
            return
        fast, exact = self.compiler.both(lambda: self.compiler.tests(conjuncts), repeatable(conjuncts))
        if exact is None:
            with self.unit.block(f"if not ({fast}):"):
                self.unit.line(miss)
            return
        for header, text in (("try:", fast), ("except TypeError:", outlined(self.unit, exact))):
            with self.unit.block(header), self.unit.block(f"if not ({text}):"):
                self.unit.line(miss)

    # --- steps

    def read(self, step: Step, body: Body) -> None:
        """Write the way to the rows of a step; `body` writes the loop over them."""
        if step.kind != "left":
            self._access(step, body)
        elif isinstance(step.access, HashLookup) and not step.on:
            self._hash(step, step.access, self._told(body), nulls=True)
        elif isinstance(step.access, RowidPoint):
            self._left_point(step, step.access, body)
        else:
            self._left(step, body)

    def read_counted(self, step: Step, body: Body) -> None:
        """As `read`, for EXPLAIN ANALYZE: its counter is told when the step begins and ends (`planner.counters`)."""
        miss = self.miss
        self.count(step.counter, "start")
        self.miss = f"{self.unit.bind(step.counter.end, 'count')}(); {miss}"

        def inside(stream: Stream | None) -> None:
            self.miss = miss
            body(stream)

        self.read(step, inside)
        self.miss = miss
        self.count(step.counter, "end")

    def count(self, counter: Any, event: str, argument: str = "") -> None:
        """Write that something happened to an operator that is counted, if it is."""
        if counter is not None:
            self.unit.line(f"{self.unit.bind(getattr(counter, event), 'count')}({argument})")

    def note_row(self, step: Step) -> None:
        """Write that a step has come to a row. What a LEFT step gathers was counted then."""
        gathered = step.kind == "left" and not isinstance(step.access, RowidPoint)
        if gathered and not (isinstance(step.access, HashLookup) and not step.on):
            self.count(step.counter, "charge")
        else:
            self.count(step.counter, "visit")

    def _access(self, step: Step, body: Body) -> None:
        access, source = step.access, step.source
        body = self._told(body)
        if isinstance(access, HashLookup):
            return self._hash(step, access, body)
        if isinstance(access, ModuleScan):
            return self._module(source, step.kind, access, body)
        if not isinstance(source, TableSource):
            return self._other_source(source, step.kind, body)
        if isinstance(access, RowidPoint):
            return self._point(source, step.kind, access, body)
        if isinstance(access, RowidIn):
            return self._rowid_in(source, step.kind, access, body)
        if isinstance(access, RowidRange):
            return self._rowid_range(source, step.kind, access, body)
        if isinstance(access, IndexScan):
            return self._index(source, step.kind, access, body)
        if isinstance(access, GuidedScan):
            return self._guided(source, step.kind, access, body)
        if isinstance(access, IndexUnion):
            return write_union(self, source, step.kind, access, body)
        if type(access) is not Access:
            raise NotSupportedError(f"access path {type(access).__name__}")
        tree = self.tree(source)
        columns = self._columns(source)
        if access.reverse:
            scan = f"{tree}.batches(None, False, None, False, True)"
        elif columns is None:
            scan = f"{tree}.batches()"
        else:
            scan = f"{tree}.columns({columns})"
        return self.batches(source, step.kind, scan, body)

    def _columns(self, source: TableSource) -> str | None:
        """Text of the places of the columns that the statement uses; None if it uses all, or the row as it is."""
        table = source.table
        used = self.references.get(source.id, set())
        wanted = sorted({table.rowid_alias if i < 0 else i for i in used} - {None})  # type: ignore[type-var]
        if source.id in self.whole or len(wanted) == len(table.columns):
            return None
        return self.unit.constant(tuple(wanted))

    def batches(self, source: TableSource, kind: str, batches: str, body: Body) -> None:
        """Loop over batches of a table tree."""
        key, row = self._bind(source, kind)
        keys, rows = self.unit.name("keys"), self.unit.name("rows")
        with self.unit.block(f"for {keys}, {rows} in {batches}:"):
            self.watch(keys)
            body(self._pairs(source, key, row, keys, rows))

    def watch(self, rows: str = "()") -> None:
        """The place where a running statement notices that it is to stop, and where rows are read."""
        self.unit.line(f"session.scan(len({rows}))" if self.unit.meters else "if session.watch: session.check()")

    def _told(self, body: Body) -> Body:
        """The body of a step whose rows a budget is told of, if there is one; batches are told by who reads them."""
        if not self.unit.meters:
            return body

        def told(stream: Stream | None) -> None:
            if stream is not None and not stream.batched:
                stream.iterable = f"session.read({stream.iterable})"
            body(stream)

        return told

    def _pairs(self, source: Source, key: bool, row: bool, keys: str, rows: str) -> Stream:
        if key and row:
            return Stream(f"k{source.id}, r{source.id}", f"zip({keys}, {rows})", True)
        return Stream(f"r{source.id}", rows, True) if row else Stream(f"k{source.id}", keys, True)

    def _left(self, step: Step, body: Body) -> None:
        """Gather the matches of a LEFT step; without any, one row of NULLs."""
        matches = self.unit.name("found")
        self.unit.line(f"{matches} = []")
        miss, self.miss = self.miss, "continue"
        names: list[str] = []

        def gather(stream: Stream | None) -> None:
            assert stream is not None
            with self.unit.block(f"for {stream.target} in {stream.iterable}:"):
                self.count(step.counter, "visit")
                self.filters(step.on, "continue")
                covering = isinstance(step.access, IndexScan) and step.access.covering
                names.extend(self.variables(step.source, covering))
                self.unit.line(f"{matches}.append({_joined(names)})")

        with self.unit.block("for _ in ONCE:"):
            self._access(step, gather)
        self.miss = miss
        body(Stream(", ".join(names), f"{matches} or {self._null_rows(step, names)}"))

    def _null_rows(self, step: Step, names: list[str]) -> str:
        """A constant: one row of NULLs, in the shape of the variables."""
        made: list[Any] = []
        for name in names:
            if name[0] == "e" and isinstance(step.access, IndexScan):
                made.append((0, None) * len(step.access.index.columns) + (None,))
            else:
                made.append(None if name[0] == "k" else (None,) * _width(step.source))
        return self.unit.constant((made[0] if len(made) == 1 else tuple(made),))

    # --- one row by rowid

    def _point(self, source: TableSource, kind: str, access: RowidPoint, body: Body) -> None:
        line, block = self.unit.line, self.unit.block
        key = self._key(source, access)
        with block(f"if {key}.__class__ is not int:"):
            line(f"{key} = rowid_key({key})")
            with block(f"if {key} is None:"):
                line(self.miss)
        self._bind(source, kind)
        tree = self.tree(source)
        row = f"r{source.id}"
        if self.unit.meters:
            line("session.scan(1)")
        line(f"dense = {tree}.dense")
        line("held = dense.rows")  # before the size, see `storage.dense`
        line(f"i = {key} - dense.first")
        with block("if 0 <= i < dense.size:"):
            line(f"{row} = held[i >> {SHIFT}][i & {LOW}]" if self._needs(source)[1] else "pass")
        with block("else:"):
            line(f"{row} = point({tree}, {key})")
            with block(f"if {row} is None:"):
                line(self.miss)
        body(None)

    def _key(self, source: TableSource, access: RowidPoint) -> str:
        key = f"k{source.id}"
        text = self.compiler.value(access.key)
        self.unit.define(key)
        self.unit.line(f"{key} = {text}")
        return key

    def _left_point(self, step: Step, access: RowidPoint, body: Body) -> None:
        source = step.source
        assert isinstance(source, TableSource)
        line, block = self.unit.line, self.unit.block
        key, row = self._key(source, access), f"r{source.id}"
        self._bind(source, step.kind)
        self.unit.define(key, row)
        if self.unit.meters:
            line("session.scan(1)")
        with block(f"if {key}.__class__ is not int:"):
            line(f"{key} = rowid_key({key})")
        line(f"{row} = None if {key} is None else {self.tree(source)}.get({key})")
        absent = f"{row} is None"
        if step.on:
            absent += f" or not ({self.compiler.tests(step.on)})"
        with block(f"if {absent}:"):
            line(f"{row} = {self.unit.constant((None,) * _width(source))}")
            line(f"{key} = None")
        body(None)

    # --- several rows by rowid

    def _rowid_in(self, source: TableSource, kind: str, access: RowidIn, body: Body) -> None:
        if access.query is not None:
            items = f"[row[0] for row in {self.queries.row_list(access.query)}]"
        else:
            items = f"({', '.join(map(self.compiler.value, access.items))},)"
        keys = f"rowid_keys({items}){'[::-1]' if access.reverse else ''}"
        found = self.unit.name("found")
        self.unit.line(f"{found} = fetch_present({self.tree(source)}, {keys})")
        self._bind(source, kind)
        self.unit.define(f"k{source.id}", f"r{source.id}")
        body(Stream(f"k{source.id}, r{source.id}", found))

    def _rowid_range(self, source: TableSource, kind: str, access: RowidRange, body: Body) -> None:
        bounds = self.rowid_bounds(access)
        arguments = f"{bounds}[0], {access.lower_open}, {bounds}[1], {access.upper_open}, {access.reverse}"
        self.batches(source, kind, f"{self.tree(source)}.batches({arguments})", body)

    def rowid_bounds(self, access: RowidRange) -> str:
        """A variable with the two bounds; nothing is found where no rowid can lie between them."""
        ends = ["UNSET" if end is None else self.compiler.value(end) for end in (access.lower, access.upper)]
        bounds = self.unit.name("bounds")
        self.unit.line(f"{bounds} = rowid_bounds({', '.join(ends)})")
        with self.unit.block(f"if {bounds} is None:"):
            self.unit.line(self.miss)
        return bounds

    # --- index entries

    def _index(self, source: TableSource, kind: str, access: IndexScan, body: Body) -> None:
        parts = self.equal_parts(access)
        if access.skip:
            return self._skipping(source, kind, access, parts, body)
        self.for_each_listed(access, parts, lambda parts: self._entries(source, kind, access, parts, body))

    def for_each_listed(self, access: IndexScan, parts: list[str], write: Callable[[list[str]], None]) -> None:
        """Write a loop over the values of each IN, and `write` with the parts inside of them."""
        listed = [self._listed_parts(access, at) for at in access.lists]
        for nth, (part, values) in enumerate(listed[1:], 1):
            name = self.unit.name("values")
            self.unit.line(f"{name} = {values}")
            listed[nth] = part, name
        with ExitStack() as loops:
            for at, (part, values) in zip(access.lists, listed):
                parts = [*parts[:at], f"*{part}", *parts[at:]]
                loops.enter_context(self.unit.block(f"for {part} in {values}:"))
            miss, self.miss = self.miss, "continue" if listed else self.miss
            write(parts)
            self.miss = miss

    def _listed_parts(self, access: IndexScan, at: int) -> tuple[str, str]:
        """A variable for a part that takes the values of an IN, and the text of all of them."""
        affinity = access.apply[at] if len(access.apply) > at else None
        values = access.lists[at]
        if isinstance(values, tuple):
            items = [self.compiler.applied(self.compiler.value(item), affinity) for item in values]
            listed = f"({', '.join(items)},)"
        else:
            listed = f"[{self.compiler.applied('row[0]', affinity)} for row in {self.queries.row_list(values)}]"
        column = self.unit.bind(access.index.columns[at])
        return self.unit.name("part"), f"index_parts({listed}, {column}){'[::-1]' if access.reverse else ''}"

    def _skipping(self, source: TableSource, kind: str, access: IndexScan, parts: list[str], body: Body) -> None:
        """Loop over the values of the first parts of the index, and look up the others for each."""
        part, skip = self.unit.name("part"), access.skip
        listed = f"{self.unit.bind(skipped)}({self.tree(source, access.index)}, {2 * skip}, {access.reverse})"
        with self.unit.block(f"for {part} in {listed}:"):
            miss, self.miss = self.miss, "continue"
            first = [f"{part}[{2 * i}], {part}[{2 * i + 1}]" for i in range(skip)]
            self._entries(source, kind, access, [*first, *parts], body)
            self.miss = miss

    def equal_parts(self, access: IndexScan) -> list[str]:
        """Texts of the parts that are equal to one value each."""
        parts = []
        for i, (key, column) in enumerate(zip(access.equal, access.index.columns[access.skip :])):
            if i in access.lists:
                continue
            affinity = access.apply[i] if i < len(access.apply) else None
            parts.append("0, None" if key is None else self._part(self._key_value(key, affinity), column))
        return parts

    def _guided(self, source: TableSource, kind: str, access: GuidedScan, body: Body) -> None:
        """The table's rows, or those of the entries within the bounds."""
        entries = access.entries
        bounds = self.bounds(entries, self.equal_parts(entries))
        assert bounds is not None
        trees = f"{self.tree(source)}, {self.tree(source, entries.index)}"
        ends = f"{bounds[0]}, {bounds[1]}"
        wanted = self._columns(source)
        columns = "" if wanted is None else f", {wanted}"
        self.batches(
            source, kind, f"guided_batches({trees}, {ends}, {access.in_order}, {access.reverse}{columns})", body
        )

    def _key_value(self, key: Expression, affinity: str | None) -> str:
        """A variable with a key's value; where that is NULL nothing is found."""
        text, filled = self.compiler.side(key, affinity, "BINARY", False)
        if not simple(text):
            name = self.unit.temp()
            self.unit.line(f"{name} = {text}")
            text = name
        if not filled:
            with self.unit.block(f"if {text} is None:"):
                self.unit.line(self.miss)
        return text

    def _part(self, value: str, column: IndexColumn) -> str:
        """Text of the two elements of an entry's part."""
        if column.collation == "BINARY" and not column.descending:
            return f"RANK[{value}.__class__], {value}"
        return f"*{self.unit.bind(probe_part)}({value}, {self.unit.bind(column)})"

    def bounds(self, access: IndexScan, parts: list[str]) -> tuple[str, str] | None:
        """Text of the lowest key wanted and of the first key beyond; None where the whole index is wanted."""
        prefix = "".join(f"{part}, " for part in parts)
        if access.lower is None and access.upper is None:
            return (f"({prefix})", f"({prefix}INF,)") if parts else None
        column = access.index.columns[len(parts)]
        ends = [
            None if end is None else self._part(self._key_value(end, access.range_apply), column)
            for end in (access.lower, access.upper)
        ]
        (low, high), (low_open, high_open) = ends, (access.lower_open, access.upper_open)
        if column.descending:
            low, high, low_open, high_open = high, low, high_open, low_open
        start = f"{prefix}" if column.descending else f"{prefix}1,"
        stop = f"{prefix}0," if column.descending else f"{prefix}INF,"
        lower = f"({start})" if low is None else f"({prefix}{low},{' INF,' if low_open else ''})"
        upper = f"({stop})" if high is None else f"({prefix}{high},{'' if high_open else ' INF,'})"
        return lower, upper

    def _entries(self, source: TableSource, kind: str, access: IndexScan, parts: list[str], body: Body) -> None:
        """Loop over batches of entries; rows come from the entries or by their rowids."""
        tree = self.tree(source, access.index)
        ranged = access.lower is not None or access.upper is not None
        bounds = self.bounds(access, parts)
        lower, upper = bounds or ("None", "None")
        if len(parts) == 1 and not access.reverse and not ranged and (value := _EQUAL(parts[0])):
            text = f"entry_batches_of({tree}, {value[1]})"
        elif bounds is not None and not access.reverse:
            text = f"entry_batches({tree}, {lower}, {upper})"
        else:
            text = f"{tree}.batches({lower}, False, {upper}, True, {access.reverse})"
        keys, rowids = self.unit.name("keys"), self.unit.name("ids")
        with self.unit.block(f"for {keys}, {rowids} in {text}:"):
            if bounds is None or not self.nested or self.unit.meters:
                self.watch(keys)
            if access.covering and source.id not in self.whole:
                self._bind_entry(source, access.index)
                return body(Stream(f"e{source.id}", keys, True))
            key, row = self._bind(source, kind)
            rows = ""
            if row:
                rows = self.unit.name("rows")
                self.unit.line(f"{rows} = fetch({self.tree(source)}, {rowids})")
            return body(self._pairs(source, key, row, rowids, rows))

    def _bind_entry(self, source: TableSource, index: Index) -> None:
        name = f"e{source.id}"
        texts = {-1: f"{name}[-1]"}
        if source.table.rowid_alias is not None:
            texts[source.table.rowid_alias] = f"{name}[-1]"
        for i, column in enumerate(index.columns):
            if not recoverable(column) or column.position in texts:
                continue
            text = f"{name}[{2 * i + 1}]"
            if column.descending:
                text = f"value_of(({name}[{2 * i}], {text}), {self.unit.bind(column)})"
            texts[column.position] = text
        self.compiler.sources[source.id] = EntryBinding(name, texts)
        self.unit.define(name)

    # --- hash look-ups

    def _hash(self, step: Step, access: HashLookup, body: Body, nulls: bool = False) -> None:
        get = self.unit.name("get")
        self.unit.frame.start.append(f"{get} = {self._hash_table(step, access)}.get")
        probes = [
            self.compiler.comparable(self.compiler.value(probe), apply[0], order)
            for probe, apply, order in zip(access.probe, access.apply, access.orders)
        ]
        self._bind(step.source, step.kind)
        names = self.variables(step.source)
        otherwise = self._null_rows(step, names) if nulls else "()"
        body(Stream(", ".join(names), f"{get}({_joined(probes)}, {otherwise})"))

    def _hash_table(self, step: Step, access: HashLookup) -> str:
        """Text of the dictionary: a filled memo where it depends on no outer row, else a call that builds it."""
        memo = self.unit.memo()

        def write() -> None:
            line = self.unit.line
            line(f"nonlocal {memo}")
            self.count(step.counter, "enter")
            line("table = defaultdict(list)")
            nested, self.nested = self.nested, False
            self._access(Step(step.source, Access()), fill)
            self.nested = nested
            line("table.pop(None, None)")
            line(f"{memo} = table")
            self.count(step.counter, "end")
            line("return table")

        def fill(stream: Stream | None) -> None:
            assert stream is not None
            with self.unit.block(f"for {stream.target} in {stream.iterable}:"):
                self.filters(access.build_filters, "continue")
                keys = [
                    self.compiler.comparable(self.compiler.value(build), apply[1], order)
                    for build, apply, order in zip(access.build, access.apply, access.orders)
                ]
                key = _joined(keys)
                if len(keys) > 1:
                    self.unit.line(f"key = {key}")
                    with self.unit.block("if None in key:"):
                        self.unit.line("continue")
                    key = "key"
                self.unit.line(
                    f"table[{key}].append({self.unit.held(_joined(self.variables(step.source)), 'hold_one')})"
                )

        name, free = self.unit.function(write, "h")
        if free:
            return f"{name}({', '.join(free)})"
        return f"({memo} if {memo} is not UNSET else {name}())"

    # --- other sources

    def _module(self, source: Source, kind: str, access: ModuleScan, body: Body) -> None:
        """Loop over what a module gives for the values of the keys."""
        assert isinstance(source, ModuleSource)
        keys = [self.compiler.applied(self.compiler.value(key), apply) for key, apply in zip(access.keys, access.apply)]
        self._bind(source, kind)
        batches, plan = self.unit.bind(source.module.batches, "batches"), self.unit.bind(access.plan, "plan")
        batch = self.unit.name("batch")
        values = "".join(f"{key}, " for key in keys)
        with self.unit.block(f"for {batch} in {batches}(session, {plan}, ({values})):"):
            self.watch(batch)
            body(Stream(f"r{source.id}", batch, True))

    def _other_source(self, source: Source, kind: str, body: Body) -> None:
        self._bind(source, kind)
        row = f"r{source.id}"
        if isinstance(source, RecursiveSource):
            self.unit.use(f"w{source.cte}")
            body(Stream(row, f"w{source.cte}"))
        elif isinstance(source, RowsSource):
            body(Stream(row, f"{self.unit.bind(source.rows)}(session)"))
        elif isinstance(source, QuerySource):
            if source.shared or self.nested:
                return body(Stream(row, self.queries.row_list(source.query)))
            rows, is_list = self.queries.rows(source.query)
            if is_list:
                return body(Stream(row, rows))
            batch = self.unit.name("batch")
            with self.unit.block(f"for {batch} in {rows}:"):
                body(Stream(row, batch, True))
        else:
            raise NotSupportedError(f"source {type(source).__name__}")
        return None


@dataclass(slots=True)
class _KeyBinding:
    """A source of which only the rowid is used."""

    variable: str
    filled: bool

    def column(self, position: int) -> tuple[str, str]:
        return self.variable, self.variable

    def never_null(self, position: int) -> bool:
        return self.filled


# --- indexed expressions: what an entry holds, else the expression itself


def _entry_text(compiler: ExpressionCompiler, node: Indexed) -> str | None:
    binding = compiler.sources[node.source]
    if not isinstance(binding, EntryBinding) or node.position not in binding.texts:
        return None
    compiler.unit.use(binding.variable)
    return binding.texts[node.position]


def _indexed(compiler: ExpressionCompiler, node: Indexed) -> str:
    return _entry_text(compiler, node) or compiler.value(node.operand)


def _indexed_test(compiler: ExpressionCompiler, node: Indexed, wanted: bool) -> str:
    if _entry_text(compiler, node) is not None:
        return compiler.truth(node, wanted)
    return compiler.test(node.operand) if wanted else compiler.false(node.operand)


ExpressionCompiler._VALUES[Indexed] = _indexed
ExpressionCompiler._TESTS[Indexed] = _indexed_test


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _width(source: Source) -> int:
    """The number of columns of a source."""
    if isinstance(source, TableSource):
        return len(source.table.columns)
    if isinstance(source, QuerySource):
        return len(source.query.names)
    if isinstance(source, RowsSource | RecursiveSource):
        return source.width
    if isinstance(source, ModuleSource):
        return source.module.width
    raise NotSupportedError(f"source {type(source).__name__}")
