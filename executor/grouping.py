"""Writing GROUP BY and aggregates.

With keys
    Pass 1 puts every row into a dictionary: key → list of values, one list for each value that the folds need
    (`ValueLists`), or a count where they need none. A single list of a stored REAL column is an array of doubles
    (`aggregation.group_of_reals`). Where they need many, or bare columns, the source rows themselves
    are kept (`WholeRows`), if there is one source. Pass 2 runs over the groups in key order, and folds each group's
    lists by the functions of `aggregation`, at C speed:
    ``(key, len(l0), sum_of(l0))``. This is the group row, source `group.id`.
Without keys
    Each batch of rows is folded into states as it comes, nothing is kept (`count`, `sum`, `total`, `avg`, `min`,
    `max`); other aggregates, DISTINCT ones and bare columns keep their values and are folded as one group.

Bare columns come from the row that gave the last min() or max(), the last row where it met NULLs alone; if there is neither, from the
group's first row, as in SQLite.

A key that a collation folds is replaced by the one of the group's first row.

Example: ``SELECT a, count(*), sum(b) FROM t GROUP BY a`` becomes ::

    for keys4_, rows5_ in t0_.batches():
        for r1 in rows5_:
            key = r1[0]
            try:
                groups3_[key].append(r1[1])
            except KeyError:
                groups3_[key] = [r1[1]]
    for key, l0 in sorted_groups(groups3_, 1):
        made6_.append((key, len(l0), sum_of(l0), ))

Keeps INV-Q2, INV-T3 (groups are sorted, sums do not depend on order). What it does not do: HAVING (`select`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from aerodb_dbapi.executor.expressions import ExpressionCompiler
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner.expressions import AggregateCall, Column
from aerodb_dbapi.planner.functions import AggregateFunction
from aerodb_dbapi.planner.query import Grouping
from aerodb_dbapi.storage.errors import NotSupportedError

BUILT_IN = {"count", "sum", "total", "avg", "min", "max", "group_concat", "string_agg"}
OWN_AGGREGATES = "aerodb_dbapi.executor.functions.aggregates"
LISTS_MAX: Final = 4
Terms = list[tuple[str, bool, str | None, bool | None]]  # key, descending, the collation's function, nulls first
_STATES = {"sum": "sum", "total": "total", "avg": "average"}
_OF_REALS = {"count", "sum", "total", "avg", "min", "max"}
_FOLDS = {"sum": "sum_of", "total": "total_of", "avg": "average_of"}


def built_in(call: AggregateCall) -> bool:
    """Is the aggregate one that is written inline?"""
    if call.name not in BUILT_IN or getattr(call.factory, "user", False):
        return False
    wanted = {"count": (0, 1), "group_concat": (1, 2), "string_agg": (2,)}.get(call.name, (1,))
    module = "" if call.factory is None else getattr(call.factory, "__module__", None)
    return len(call.arguments) in wanted and module in ("", OWN_AGGREGATES)


def counts_rows(call: AggregateCall) -> bool:
    """Is it count(*) without a filter, which needs no payload?"""
    return built_in(call) and call.name == "count" and not call.arguments and call.filter is None


def foldable(call: AggregateCall) -> bool:
    """Can it be folded batch by batch, keeping nothing?"""
    if not built_in(call) or call.distinct or call.order_by:
        return False
    return call.name in ("count", "min", "max", *_STATES)


class Payload(Protocol):
    """What is kept of the rows of a group, and how folds get at it."""

    def place(self, text: str) -> str:
        """How `listed` is to be told of the value that `text` gives for the current row."""
        ...

    def keep(self) -> str:
        """Text of what is kept of the current row."""
        ...

    def listed(self, elements: list[str], only: str | None, terms: Terms, single: bool) -> str:
        """Text of a list: of each kept row the (single) element, or a tuple of all; filtered, in the order of terms."""
        ...

    def size(self) -> str:
        """Text of the number of kept rows."""
        ...


class WholeRows:
    """The source rows themselves, in the list `rows`: nothing is allocated, elements are texts over the row
    variable."""

    def __init__(self, row: str) -> None:
        self.row = row

    def place(self, text: str) -> str:
        return text

    def keep(self) -> str:
        return self.row

    def listed(self, elements: list[str], only: str | None, terms: Terms, single: bool) -> str:
        rows = "rows"
        condition = "" if only is None else f" if {only}"
        if terms:
            keys = "".join(f"(lambda {self.row}: {key}, {_direction(term)}), " for key, *term in terms)
            if ":=" in keys:  # which Python does not take where a comprehension gets its rows
                kept = f"order([{self.row} for {self.row} in rows{condition}], ({keys}))"
                return f"list(map(lambda {self.row}: {_element(elements, single)}, {kept}))"
            rows = f"order(list(rows), ({keys}))"
        return f"[{_element(elements, single)} for {self.row} in {rows}{condition}]"

    def size(self) -> str:
        return "len(rows)"


class ValueLists:
    """One list per value that the folds need: l0, l1, …. A fold over a list touches nothing but its values."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def place(self, text: str) -> str:
        if text not in self.texts:
            self.texts.append(text)
        return f"l{self.texts.index(text)}"

    @property
    def names(self) -> list[str]:
        return [f"l{i}" for i in range(len(self.texts))]

    def keep(self) -> str:
        return _element(self.texts, len(self.texts) == 1)

    def listed(self, elements: list[str], only: str | None, terms: Terms, single: bool) -> str:
        if terms:
            keys = "".join(
                f"(itemgetter({len(elements) + i}), {_direction(term[1:])}), " for i, term in enumerate(terms)
            )
            every = ", ".join([*elements, *(term[0] for term in terms)])
            rows = f"zip({every})" if only is None else f"compress(zip({every}), {only})"
            wanted = "row[0]" if single else f"row[:{len(elements)}]"
            return f"[{wanted} for row in order(list({rows}), ({keys}))]"
        text = elements[0] if single else f"zip({', '.join(elements)})" if elements else f"[()] * {self.size()}"
        if only is not None:
            return f"list(compress({text}, {only}))"
        return text if single or not elements else f"list({text})"

    def size(self) -> str:
        return "len(l0)"


def _element(texts: list[str], single: bool) -> str:
    return texts[0] if single else f"({''.join(text + ', ' for text in texts)})"


def _direction(term: Sequence[object]) -> str:
    return ", ".join(map(str, term))


class Fold:
    """One aggregate call over what is kept."""

    def __init__(self, compiler: ExpressionCompiler, payload: Payload, call: AggregateCall) -> None:
        self.payload = payload
        self.call = call
        self.compiler = compiler
        self.built_in = built_in(call)
        self.only = None if call.filter is None else payload.place(compiler.test(call.filter))
        self.arguments = [payload.place(compiler.value(argument)) for argument in call.arguments]
        self.terms = [
            (payload.place(compiler.value(key)), descending, compiler.fold(order), nulls_first)
            for key, descending, order, nulls_first in call.order_by
        ]
        if call.distinct and len(call.arguments) > 1:
            raise NotSupportedError("DISTINCT aggregates of several arguments")

    def values(self) -> str:
        """Text of the list of the first argument's values."""
        return self.payload.listed(self.arguments, self.only, self.terms, len(self.arguments) == 1)

    def result(self) -> str:
        """Text of the aggregate over all that is kept."""
        if not self.built_in:
            return self._stepped()
        if not self.arguments:
            return self.payload.size() if self.only is None else f"len({self.values()})"
        name = self.call.name
        fold = self.compiler.fold(self.call.order)
        values = self.payload.listed(self.arguments[:1], self.only, self.terms, True)
        if self.call.distinct:
            values = f"distinct_of({values}{f', {fold}' if fold else ''})"
            if self.terms:
                return f"join_of({self._distinct_in_order()})"
        if name == "count":
            return f"count_of({values})"
        if name in ("min", "max"):
            return f"{name}imum_of({values}{f', {fold}' if fold else ''})"
        if name in _FOLDS:
            return f"{_FOLDS[name]}({values})"
        if len(self.arguments) == 1:
            return f"join_of({values})"
        return f"join_pairs({self.payload.listed(self.arguments, self.only, self.terms, False)})"

    def _stepped(self) -> str:
        factory = self.call.factory
        make = self.compiler.unit.bind(factory.factory if isinstance(factory, AggregateFunction) else factory)
        listed = self.payload.listed(self.arguments, self.only, self.terms, False)
        if self.call.distinct:
            fold = self.compiler.fold(self.call.order)
            listed = f"distinct_rows({listed}{f', row_key(({fold},))' if fold else ''})"
            if self.terms:
                listed = f"zip({self._distinct_in_order()})"
        return f"stepped({make}, {listed})"

    def _distinct_in_order(self) -> str:
        """Text of the argument's distinct values, each from the first row that has it, in the order of the terms."""
        keys = [term[0] for term in self.terms]
        rows = self.payload.listed([*self.arguments, *keys], self.only, [], False)
        terms = "".join(f"(itemgetter({i}), {_direction(term[1:])}), " for i, term in enumerate(self.terms, 1))
        return f"distinct_in_order({rows}, ({terms}), {self.compiler.fold(self.call.order)})"

    # --- states, for aggregates without keys

    def add(self, state: str, real: bool) -> str:
        """Statement that folds a batch into the state; `real`: of values of a REAL column."""
        name = self.call.name
        if name in _STATES:
            return f"{state}.{'add_stored' if real else 'add'}({self.values()})"
        if name == "count":
            return f"{state} += {self.result()}"
        fold = self.compiler.fold(self.call.order)
        return f"{state} = {name}imum_of(({state}, {self.result()}){f', {fold}' if fold else ''})"

    def finish(self, state: str) -> str:
        """Text of the result."""
        return f"{state}.{_STATES[self.call.name]}()" if self.call.name in _STATES else state


class GroupWriter:
    """Writes the grouping of one query. `row`: the row variable of its only source, None if there are several."""

    def __init__(self, unit: Unit, compiler: ExpressionCompiler, group: Grouping, row: str | None) -> None:
        self.unit = unit
        self.compiler = compiler
        self.group = group
        self.row = row
        self.payload: Payload = ValueLists()
        self.folds: list[Fold] = []
        self.bare: list[str] = []
        self.prepared = False
        self.stored: frozenset[int] = (
            frozenset()
        )  # sources whose values are stored ones: those of a REAL column are reals
        self.key_folds = [compiler.fold(order) for order in group.orders] or [None] * len(group.keys)
        self.counting = bool(group.keys) and not group.bare and all(map(counts_rows, group.calls))
        self.streaming = not group.keys and not group.bare and all(map(foldable, group.calls))
        self.groups = unit.name("groups")
        self.first = unit.name("first")
        self.states = [unit.name("a") for _ in group.calls] if self.streaming else []

    def prepare(self) -> None:
        """Compile what the folds need; the sources must be bound by now."""
        if self.prepared:
            return
        self.prepared = True
        optimistic, self.compiler.optimistic = self.compiler.optimistic, False
        lists = ValueLists()
        self._compile(lists)
        few = len(lists.texts) == 1 if not self.group.keys else len(lists.texts) <= LISTS_MAX and not self.bare
        if self.row is not None and not few:
            self._compile(WholeRows(self.row))
        elif not lists.texts and not self.counting:
            lists.place("None")
        self.compiler.optimistic = optimistic

    def _compile(self, payload: Payload) -> None:
        self.payload = payload
        self.folds = [Fold(self.compiler, payload, call) for call in self.group.calls]
        self.bare = [payload.place(self.compiler.value(expression)) for expression in self.group.bare]

    # --- pass 1, as a consumer of rows (see `consumers.GroupedRows`)

    @property
    def comprehensible(self) -> bool:
        """Does it take lists of elements rather than single rows?"""
        if self.unit.meters > 1 and self.group.keys:
            return False
        return not self.group.keys or (self.counting and not any(self.key_folds))

    def begin(self) -> None:
        line = self.unit.line
        if self.streaming:
            for state, call in zip(self.states, self.group.calls):
                made = "SumState()" if call.name in _STATES else "0" if call.name == "count" else "None"
                line(f"{state} = {made}")
            return
        line(f"{self.groups} = {'[]' if not self.group.keys else 'Counter()' if self.counting else '{}'}")
        if any(self.key_folds):
            line(f"{self.first} = {{}}")

    def key(self) -> tuple[str, str]:
        """Text of the key as grouped by, and as it was."""
        plain = [self.compiler.value(key) for key in self.group.keys]
        folded = [text if fold is None else f"{fold}({text})" for text, fold in zip(plain, self.key_folds)]
        return _element(folded, len(folded) == 1), _element(plain, False)

    def element(self) -> str:
        """Text of what is made of each row for `take_list`."""
        self.prepare()
        return self.key()[0] if self.group.keys else self.payload.keep()

    def take_list(self, rows: str) -> None:
        """Write what folds a list of elements."""
        line = self.unit.line
        if self.group.keys:
            line(f"{self.groups}.update({rows})")
        elif not self.streaming:
            line(f"{self.groups} += {self.unit.held(rows)}")
        else:
            self._unpack(rows)
            for state, fold in zip(self.states, self.folds):
                line(fold.add(state, all(map(self._of_reals, fold.call.arguments))))

    def _unpack(self, rows: str) -> None:
        """Write the naming of a list of elements as the folds know it: `rows`, or l0, l1, …."""
        if not isinstance(self.payload, ValueLists):
            if rows != "rows":
                self.unit.line(f"rows = {rows}")
            return
        names = self.payload.names
        if len(names) == 1:
            self.unit.line(f"l0 = {rows}")
        else:
            empty = ", ".join(["()"] * len(names))
            self.unit.line(f"{', '.join(names)} = zip(*{rows}) if {rows} else ({empty})")

    def take_row(self) -> None:
        """Write what puts the current row into its group."""
        self.prepare()
        key, plain = self.key()
        line, block = self.unit.line, self.unit.block
        line(f"key = {key}")
        if any(self.key_folds):
            with block(f"if key not in {self.first}:"):
                line(f"{self.first}[key] = {plain}")
        if self.counting:
            if self.unit.meters > 1:
                line(f"key in {self.groups} or session.hold_one(key)")
            line(f"{self.groups}[key] += 1")
            return
        lists = (isinstance(self.payload, ValueLists) and self.payload.texts) or [self.payload.keep()]
        if len(lists) == 1 and self._real():
            with block("try:"):
                line(f"{self.groups}[key].append({lists[0]})")
            with block("except (KeyError, TypeError):"):
                line(f"{self.groups} = group_of_reals({self.groups}, key, {lists[0]})")
            return
        if len(lists) == 1:
            with block("try:"):
                line(f"{self.groups}[key].append({self.unit.held(lists[0], 'hold_one')})")
            with block("except KeyError:"):
                line(f"{self.groups}[{self.unit.held('key', 'hold_one')}] = [{self.unit.held(lists[0], 'hold_one')}]")
            return
        names = ", ".join(f"l{i}" for i in range(len(lists)))
        with block("try:"):
            line(f"{names} = {self.groups}[key]")
        with block("except KeyError:"):
            line(f"{names} = {self.groups}[{self.unit.held('key', 'hold_one')}] = ({', '.join(['[]'] * len(lists))})")
        for i, text in enumerate(lists):
            line(f"l{i}.append({self.unit.held(text, 'hold_one')})")

    def _real(self) -> bool:
        """Is a stored REAL column all that is kept, and only summed, counted or searched for its ends?"""
        calls = self.group.calls
        plain = all(
            built_in(call) and call.name in _OF_REALS and not (call.distinct or call.filter or call.order_by)
            for call in calls
        )
        arguments = [argument for call in calls for argument in call.arguments]
        return self.unit.meters < 2 and plain and len(arguments) > 0 and all(map(self._of_reals, arguments))

    def _of_reals(self, argument: object) -> bool:
        """Is that a stored REAL column?"""
        return isinstance(argument, Column) and argument.column_affinity == "REAL" and argument.source in self.stored

    # --- pass 2

    def finish(self) -> str:
        """Write the folding of the groups; the name of the list of group rows."""
        self.prepare()
        made = self.unit.name("made")
        line = self.unit.line
        if self.streaming:
            results = "".join(f"{fold.finish(state)}, " for state, fold in zip(self.states, self.folds))
            line(f"{made} = [({results})]")
            return made
        line(f"{made} = []")
        if not self.group.keys:
            self._unpack(self.groups)
            self._fold_group(made, "")
            return made
        width = len(self.group.keys)
        kept = "rows"
        if isinstance(self.payload, ValueLists) and not self.counting:
            kept = _element(self.payload.names, len(self.payload.names) == 1)
        with self.unit.block(f"for key, {kept} in sorted_groups({self.groups}, {width}):"):
            keys = f"*{self.first}[key], " if any(self.key_folds) else ("key, " if width == 1 else "*key, ")
            self._fold_group(made, keys)
        return made

    def _fold_group(self, made: str, keys: str) -> None:
        """Write the making of one group row."""
        if self.counting:
            row = f"({keys}{'rows, ' * len(self.folds)})"
            self.unit.line(f"{made}.append({self.unit.held(row, 'hold_one')})")
            return
        extreme = self._extreme()
        results = "".join("found, " if fold is extreme else f"{fold.result()}, " for fold in self.folds)
        if self.bare:
            results += self._bare_values(extreme)
        self.unit.line(f"{made}.append({self.unit.held(f'({keys}{results})', 'hold_one')})")

    def _extreme(self) -> Fold | None:
        """The call whose row gives the bare columns."""
        found = None
        for fold in self.folds if self.bare else ():
            if fold.built_in and fold.call.name in ("min", "max"):
                found = fold
        return found

    def _bare_values(self, extreme: Fold | None) -> str:
        """Write the choice of the row for bare columns; text of their values, to be spliced into the group row."""
        line, payload = self.unit.line, self.payload
        line("place = 0")
        if extreme is not None:
            line(f"found = {extreme.result()}")
            value = extreme.arguments[0]
            if extreme.only is None:
                line(f"place = row_of_extreme({payload.listed([value], None, [], True)}, found)")
            else:
                line(f"place = row_of_filtered({payload.listed([value, extreme.only], None, [], False)}, found)")
        nulls = self.unit.constant((None,) * len(self.bare))
        if isinstance(payload, WholeRows):
            line(f"bare = {nulls}")
            with self.unit.block(f"for {payload.row} in rows[place : place + 1]:"):
                line(f"bare = {_element(self.bare, False)}")
        else:
            values = "".join(f"{name}[place], " for name in self.bare)
            line(f"bare = ({values}) if l0 else {nulls}")
        return "*bare, "
