"""Writing GROUP BY and aggregates.

With keys
    Pass 1 puts every row into a dictionary: key → list of *payloads*. The payload is the source row itself where the
    query has one source (nothing is allocated), else a tuple of just the values that the folds need, or a count where
    they need none. Pass 2 runs over the groups in key order, and folds each group's list by comprehensions and the
    functions of `aggregation`:
    ``(key, len(rows), sum_of([r1[3] for r1 in rows]))``. This is the group row, source `group.id`.
Without keys
    Each batch of rows is folded into states as it comes, nothing is kept (`count`, `sum`, `total`, `avg`, `min`,
    `max`); other aggregates, DISTINCT ones and bare columns keep their values and are folded as one group.

Bare columns come from the row that gave the last min() or max(); if there is neither, from the group's first row, as
in SQLite.

A key that a collation folds is replaced by the one of the group's first row.

Example: ``SELECT a, count(*), sum(b) FROM t GROUP BY a`` becomes ::

    for keys4_, rows5_ in t0_.batches():
        for r1 in rows5_:
            groups3_[r1[0]].append(r1)
    for key, rows in sorted_groups(groups3_, 1):
        made6_.append((key, len(rows), sum_of([r1[1] for r1 in rows])))

Keeps INV-Q2, INV-T3 (groups are sorted, sums do not depend on order). What it does not do: HAVING (`select`).
"""

from __future__ import annotations

from aerodb_dbapi.executor.expressions import ExpressionCompiler
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner.expressions import AggregateCall, Expression
from aerodb_dbapi.planner.functions import AggregateFunction
from aerodb_dbapi.planner.query import Grouping
from aerodb_dbapi.storage.errors import NotSupportedError

BUILT_IN = {"count", "sum", "total", "avg", "min", "max", "group_concat", "string_agg"}
OWN_AGGREGATES = "aerodb_dbapi.executor.functions.aggregates"
_STATES = {"sum": "sum", "total": "total", "avg": "average"}
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


class Payload:
    """What is kept of a row: the row variable of the only source, or the values of the expressions asked for."""

    def __init__(self, unit: Unit, compiler: ExpressionCompiler, row: str | None) -> None:
        self.unit = unit
        self.compiler = compiler
        self.row = row
        self.variable = row or "a"
        self.texts: list[str] = []

    def place(self, text: str) -> str:
        """Text that gives, from a kept payload, what `text` gives from the row variables."""
        if self.row is not None:
            return text
        if text not in self.texts:
            self.texts.append(text)
        return f"<{self.texts.index(text)}>"

    def value(self, expression: Expression) -> str:
        return self.place(self.compiler.value(expression))

    def test(self, expression: Expression) -> str:
        return self.place(self.compiler.test(expression))

    def keep(self) -> str:
        """Text of the payload, in terms of the row variables."""
        if self.row is not None:
            return self.row
        return self.texts[0] if len(self.texts) == 1 else f"({''.join(text + ', ' for text in self.texts)})"

    def resolve(self, text: str) -> str:
        """Replace the places in a text, once all are known."""
        if self.row is None:
            for i in range(len(self.texts)):
                text = text.replace(f"<{i}>", self.variable if len(self.texts) == 1 else f"{self.variable}[{i}]")
        return text

    @property
    def needed(self) -> bool:
        return bool(self.texts)


class Fold:
    """One aggregate call, over payloads."""

    def __init__(self, payload: Payload, call: AggregateCall) -> None:
        self.payload = payload
        self.call = call
        self.compiler = payload.compiler
        self.unit = payload.unit
        self.built_in = built_in(call)
        self.only = None if call.filter is None else payload.test(call.filter)
        self.arguments = [payload.value(argument) for argument in call.arguments]
        self.terms = [(payload.value(key), descending) for key, descending in call.order_by]
        if call.distinct and len(call.arguments) > 1:
            raise NotSupportedError("DISTINCT aggregates of several arguments")

    def _rows(self, rows: str) -> str:
        if not self.terms:
            return rows
        variable = self.payload.variable
        terms = "".join(f"(lambda {variable}: {key}, {descending}, None, None), " for key, descending in self.terms)
        return f"order(list({rows}), ({terms}))"

    def _list(self, element: str, rows: str) -> str:
        """A comprehension over the payloads that pass the filter."""
        if self.payload.resolve(element) == self.payload.variable and self.only is None:
            return self._rows(rows)
        condition = "" if self.only is None else f" if {self.only}"
        return f"[{element} for {self.payload.variable} in {self._rows(rows)}{condition}]"

    def values(self, rows: str) -> str:
        """Text of the list of the (first) argument's values."""
        return self._list(self.arguments[0] if self.arguments else "1", rows)

    def result(self, rows: str) -> str:
        """Text of the aggregate over a complete list of payloads."""
        if not self.built_in:
            return self._stepped(rows)
        if not self.arguments:
            return f"len({rows})" if self.only is None else f"len({self.values(rows)})"
        return self.of_values(self.values(rows))

    def of_values(self, values: str) -> str:
        """Text of a built-in aggregate over a list of its argument's values."""
        name = self.call.name
        fold = self.compiler.fold(self.call.order)
        if self.call.distinct:
            values = f"distinct_of({values}{f', {fold}' if fold else ''})"
        if name == "count":
            return f"count_of({values})"
        if name in ("min", "max"):
            return f"{name}imum_of({values}{f', {fold}' if fold else ''})"
        if name in _FOLDS:
            return f"{_FOLDS[name]}({values})"
        if len(self.arguments) == 1:
            return f"join_of({values})"
        return f"join_of({values}, {self.compiler.value(self.call.arguments[1])})"

    def _stepped(self, rows: str) -> str:
        factory = self.call.factory
        make = self.unit.bind(factory.factory if isinstance(factory, AggregateFunction) else factory)
        arguments = "".join(f"{text}, " for text in self.arguments)
        listed = self._list(f"({arguments})", rows)
        if self.call.distinct:
            fold = self.compiler.fold(self.call.order)
            listed = f"distinct_rows({listed}{f', row_key(({fold},))' if fold else ''})"
        return f"stepped({make}, {listed})"

    # --- states, for aggregates without keys

    def add(self, state: str, rows: str) -> str:
        """Statement that folds a batch of payloads into the state."""
        name = self.call.name
        if name in _STATES:
            return f"{state}.add({self.values(rows)})"
        if name == "count":
            return f"{state} += {self.result(rows)}"
        fold = self.compiler.fold(self.call.order)
        rest = f", {fold}" if fold else ""
        return f"{state} = {name}imum_of(({state}, {name}imum_of({self.values(rows)}{rest})){rest})"

    def finish(self, state: str) -> str:
        """Text of the result."""
        return f"{state}.{_STATES[self.call.name]}()" if self.call.name in _STATES else state


class GroupWriter:
    """Writes the grouping of one query. `row`: the row variable of its only source, None if there are several."""

    def __init__(self, unit: Unit, compiler: ExpressionCompiler, group: Grouping, row: str | None) -> None:
        self.unit = unit
        self.compiler = compiler
        self.group = group
        self.payload = Payload(unit, compiler, row)
        self.folds: list[Fold] = []
        self.bare: list[str] = []
        self.prepared = False
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
        row = self.payload.row
        if self.streaming and row is not None:  # a single value per row is all that need be kept
            self.payload = Payload(self.unit, self.compiler, None)
        self.folds = [Fold(self.payload, call) for call in self.group.calls]
        if self.streaming and len(self.payload.texts) != 1:
            self.payload = Payload(self.unit, self.compiler, row)
            self.folds = [Fold(self.payload, call) for call in self.group.calls]
        self.bare = [self.payload.value(expression) for expression in self.group.bare]
        self.compiler.optimistic = optimistic

    # --- pass 1, as a consumer of rows (see `select.Consumer`)

    @property
    def comprehensible(self) -> bool:
        """Does it take lists of elements rather than single rows?"""
        return not self.group.keys or (self.counting and not any(self.key_folds))

    def begin(self) -> None:
        line = self.unit.line
        if self.streaming:
            for state, call in zip(self.states, self.group.calls):
                made = "SumState()" if call.name in _STATES else "0" if call.name == "count" else "None"
                line(f"{state} = {made}")
        elif not self.group.keys:
            line(f"{self.groups} = []")
        else:
            made = "defaultdict(list)"
            if self.counting:
                made = "Counter()"
            line(f"{self.groups} = {made}")
            if any(self.key_folds):
                line(f"{self.first} = {{}}")

    def key(self) -> tuple[str, str]:
        """Text of the key as grouped by, and as it was."""
        plain = [self.compiler.value(key) for key in self.group.keys]
        folded = [text if fold is None else f"{fold}({text})" for text, fold in zip(plain, self.key_folds)]
        return (folded[0] if len(folded) == 1 else f"({', '.join(folded)})"), f"({''.join(t + ', ' for t in plain)})"

    def element(self) -> str:
        """Text of what is made of each row for `take_list`."""
        self.prepare()
        if self.group.keys:
            return self.key()[0]
        if self.payload.row is None and not self.payload.needed:
            return "None"
        return self.payload.keep()

    def take_list(self, rows: str) -> None:
        """Write what folds a list of elements."""
        line = self.unit.line
        if self.group.keys:
            line(f"{self.groups}.update({rows})")
        elif not self.streaming:
            line(f"{self.groups} += {rows}")
        else:
            if not rows.isidentifier():
                line(f"rows = {rows}")
                rows = "rows"
            for state, fold in zip(self.states, self.folds):
                line(self.payload.resolve(fold.add(state, rows)))

    def take_row(self) -> None:
        """Write what puts the current row into its group."""
        self.prepare()
        key, plain = self.key()
        line = self.unit.line
        if any(self.key_folds):
            line(f"key = {key}")
            key = "key"
            with self.unit.block(f"if key not in {self.first}:"):
                line(f"{self.first}[key] = {plain}")
        if self.counting:
            line(f"{self.groups}[{key}] += 1")
        else:
            line(f"{self.groups}[{key}].append({self.payload.keep()})")

    # --- pass 2

    def finish(self) -> str:
        """Write the folding of the groups; the name of the list of group rows."""
        self.prepare()
        made = self.unit.name("made")
        line = self.unit.line
        if self.streaming:
            results = "".join(f"{fold.finish(state)}, " for state, fold in zip(self.states, self.folds))
            line(f"{made} = [({results})]")
        elif not self.group.keys:
            line(f"rows = {self.groups}")
            line(f"{made} = []")
            self._fold_group(made, "")
        else:
            line(f"{made} = []")
            width = len(self.group.keys)
            with self.unit.block(f"for key, rows in sorted_groups({self.groups}, {width}):"):
                keys = f"*{self.first}[key], " if any(self.key_folds) else ("key, " if width == 1 else "*key, ")
                self._fold_group(made, keys)
        return made

    def _fold_group(self, made: str, keys: str) -> None:
        """Write the making of one group row from `rows`."""
        if self.counting:
            self.unit.line(f"{made}.append(({keys}{'rows, ' * len(self.folds)}))")
            return
        extreme = self._extreme()
        results = []
        for fold in self.folds:
            text = self.payload.resolve(fold.result("rows"))
            results.append("found, " if fold is extreme else f"{text}, ")
        if self.bare:
            keys += "".join(results)
            results = [self._bare_row(extreme)]
        self.unit.line(f"{made}.append(({keys}{''.join(results)}))")

    def _extreme(self) -> Fold | None:
        """The call whose row gives the bare columns."""
        if not self.bare:
            return None
        found = None
        for fold in self.folds:
            if fold.built_in and fold.call.name in ("min", "max"):
                found = fold
        return found

    def _bare_row(self, extreme: Fold | None) -> str:
        """Write the choice of the row for bare columns; text of their values, to be spliced into the group row."""
        line, resolve = self.unit.line, self.payload.resolve
        rows, place = "rows", "0"
        if extreme is not None:
            variable = self.payload.variable
            line(resolve(f"found = {extreme.result('rows')}"))
            if extreme.only is None:
                line("kept = rows")
            else:
                line(resolve(f"kept = [{variable} for {variable} in rows if {extreme.only}] or rows"))
            line(resolve(f"place = row_of_extreme([{extreme.arguments[0]} for {variable} in kept], found)"))
            rows, place = "kept", "place"
        bare = resolve("".join(f"{text}, " for text in self.bare))
        line("bare = ()")
        with self.unit.block(f"for {self.payload.variable} in {rows}[{place}:{place} + 1]:"):
            line(f"bare = ({bare})")
        return f"*(bare or {self.unit.constant((None,) * len(self.bare))}), "
