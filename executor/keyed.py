"""Writing `Keyed` subqueries: correlated by equalities, answered by look-ups in a table that is made once per run.

For ``EXISTS (SELECT 1 FROM u WHERE u.x = t.a)``, with t's row in r1, the text of the test is::

    (r1[0] in s4_ if s4_ is not UNSET else f5_(r1))

and the function::

    def f5_(r1):
        nonlocal s4_, s3_
        s3_ += 1
        if s3_ > q6_:                       # how often the correlated form may answer first
            try:
                made = <all rows of the uncorrelated query, as a Members or a dictionary>
            except DatabaseError as error:
                s3_ = stay_correlated(error)
            else:
                s4_ = made
                return r1[0] in s4_
        return <the correlated form>

When to change over
    A correlated run costs some microseconds where an index finds its rows; a row of the table costs `1 / PATIENCE` of
    one. So after as many runs as the table's rows divided by `PATIENCE` both forms have cost about the same, and the
    whole costs at most twice what the better of the two does. The sizes are those of the trees at the start of the run.
    Where the correlated form has no index to use, the table is made at once.

Errors
    A row of the inner table that no outer row asks for may hold what the subquery's expressions cannot compute. If
    making the table fails, the correlated form goes on answering and gives the error or not (INV-Q1).

What it does not do: decide what may be looked up (`planner.rules.decorrelate`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from aerodb_dbapi.executor.expressions import ExpressionCompiler, Maker, makers_of
from aerodb_dbapi.executor.runtime import Members
from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.query import Access, GuidedScan, HashLookup, IndexScan, Query, RowidPoint, Select, TableSource
from aerodb_dbapi.storage.errors import DatabaseError

if TYPE_CHECKING:
    from aerodb_dbapi.executor.select import QueryCompiler

PATIENCE: Final = 32
POINT_PATIENCE: Final = 1  # where the correlated form is a look-up by rowid, hardly dearer than a row of the table
NOTHING: Final = Members(())


def stay_correlated(error: DatabaseError) -> float:
    """The count of runs after making the table has failed: so low that it is not tried again."""
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_INTERRUPT", "SQLITE_NOMEM"):
        raise error
    return float("-inf")


def values_by_key(pairs: Iterable[tuple[Any, Any]], wide: bool) -> dict[Any, Any]:
    """The value of each key; keys with NULL are never found. `wide`: a key is a tuple."""
    made = dict(pairs)
    if not wide:
        made.pop(None, None)
        return made
    return {key: value for key, value in made.items() if None not in key}


def members_by_key(pairs: Iterable[tuple[Any, Any]], wide: bool, row_members: Any) -> dict[Any, Members]:
    """The members of each key. `row_members` makes them of a list."""
    lists: dict[Any, list[Any]] = {}
    for key, value in pairs:
        lists.setdefault(key, []).append(value)
    return {key: row_members(items) for key, items in lists.items() if not (None in key if wide else key is None)}


class KeyedWriter:
    """Writes the look-ups of one statement."""

    def __init__(self, queries: QueryCompiler) -> None:
        self.queries = queries
        self.unit = queries.unit
        self._made: dict[int, tuple[e.Keyed, str, str, list[str], str]] = {}

    def answer(self, compiler: ExpressionCompiler, node: e.Keyed) -> str:
        """Text of the answer: of a truth value for EXISTS, of a `Members` for IN, of the value of a scalar subquery."""
        if self.unit.live:
            return self._direct(node)
        if id(node) not in self._made:
            self._made[id(node)] = self._write(compiler, node)
        _, memo, function, free, default = self._made[id(node)]
        for variable in free:
            self.unit.use(variable)
        found = self._look_up(compiler, node, memo, default)
        return f"({found} if {memo} is not UNSET else {function}({', '.join(free)}))"

    def _direct(self, node: e.Keyed) -> str:
        if isinstance(node.direct, e.Exists):
            return self.queries.exists(node.direct.query)
        if isinstance(node.direct, e.InQuery):
            return self.queries.members(node.direct.query, self._value_makers(node.direct))
        assert isinstance(node.direct, e.ScalarQuery)
        return self.queries.scalar(node.direct.query)

    def _value_makers(self, node: e.InQuery) -> list[Maker]:
        return makers_of(self.queries.expressions, node.items_apply, node.order, len(node.operands))

    def _look_up(self, compiler: ExpressionCompiler, node: e.Keyed, memo: str, default: str) -> str:
        sides = zip(node.keys, node.keys_apply, node.orders)
        keys = [compiler.comparable(compiler.value(key), apply, order) for key, apply, order in sides]
        key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        if isinstance(node.direct, e.Exists):
            return f"{key} in {memo}"
        return f"{memo}.get({key}, {default})"

    def _write(self, compiler: ExpressionCompiler, node: e.Keyed) -> tuple[e.Keyed, str, str, list[str], str]:
        unit = self.unit
        memo, runs = unit.memo(), unit.memo("0")
        default = self._default(node)
        patience = self._patience(node)
        optimistic, compiler.optimistic = compiler.optimistic, False
        depth, compiler._depth = compiler._depth, 0
        self.queries.function(node.query)

        def write() -> None:
            unit.line(f"nonlocal {memo}, {runs}")
            unit.line(f"{runs} += 1")
            with unit.block(f"if {runs} > {patience}:"):
                counter = node.query.counter("keyed")
                self.queries.count(counter, "start")
                with unit.block("try:"):
                    unit.line(f"made = {self._table(node)}")
                with unit.block(f"except {unit.bind(DatabaseError)} as error:"):
                    unit.line(f"{runs} = {unit.bind(stay_correlated)}(error)")
                with unit.block("else:"):
                    unit.line(f"{memo} = made")
                    self.queries.count(counter, "done", "made")
                    unit.line(f"return {self._look_up(compiler, node, memo, default)}")
            unit.line(f"return {self._direct(node)}")

        function, free = unit.function(write)
        compiler.optimistic, compiler._depth = optimistic, depth
        return node, memo, function, free, default

    def _default(self, node: e.Keyed) -> str:
        """Text of what a key without rows gives."""
        if isinstance(node.direct, e.InQuery):
            return self.unit.bind(NOTHING)
        if isinstance(node.default, e.ScalarQuery):
            return self.queries.scalar(node.default.query)
        assert isinstance(node.default, e.Constant)
        return self.unit.constant(node.default.value)

    def _table(self, node: e.Keyed) -> str:
        """Text that makes the table of keys."""
        count = len(node.keys)
        makers = makers_of(self.queries.expressions, node.columns_apply, node.orders, count)
        if isinstance(node.direct, e.Exists):
            return self.queries.members(node.query, makers)
        keys = [make(f"row[{at}]") for at, make in enumerate(makers)]
        key = keys[0] if count == 1 else f"({', '.join(keys)})"
        rows = self.queries.all_rows(node.query)
        if isinstance(node.direct, e.ScalarQuery):
            pairs = self.unit.held(f"(({key}, row[{count}]) for row in {rows})", "keep_each")
            return f"{self.unit.bind(values_by_key)}({pairs}, {count > 1})"
        values = [make(f"row[{count + at}]") for at, make in enumerate(self._value_makers(node.direct))]  # type: ignore[arg-type]
        value = values[0] if len(values) == 1 else f"({', '.join(values)})"
        of = "Members" if len(values) == 1 else "row_members"
        pairs = self.unit.held(f"(({key}, {value}) for row in {rows})", "keep_each")
        return f"{self.unit.bind(members_by_key)}({pairs}, {count > 1}, {of})"

    # --- when

    def _patience(self, node: e.Keyed) -> str:
        """Text of how many runs of the correlated form come before the table."""
        direct: Query = node.direct.query  # type: ignore[attr-defined]
        least = 1 if isinstance(direct, Select) and direct.limit is not None else 0
        if not isinstance(direct, Select) or not _is_indexed(direct):
            return str(least)
        points = all(isinstance(one.access, RowidPoint) for one in direct.steps or ())
        divisor = POINT_PATIENCE if points else PATIENCE
        step = node.query.steps[0] if isinstance(node.query, Select) and node.query.steps else None
        if step is None or type(step.access) is not Access or not isinstance(step.source, TableSource):
            rows = 0.0 if step is None else step.estimated_rows
            return str(max(least, int(rows) // divisor))
        text = f"len({self.unit.tree(step.source.table.tree, step.source.as_of)}) // {divisor}"
        return self.unit.hoist(f"max(1, {text})" if least else text)


def _is_indexed(query: Select) -> bool:
    """Does every step of a block find its rows by rowid or index?"""
    for step in query.steps or ():
        access = step.access
        if type(access) in (Access, GuidedScan, HashLookup) or (isinstance(access, IndexScan) and not access.equal):
            return False
    return True


# --- the forms of the expression


def _value(compiler: ExpressionCompiler, node: e.Keyed) -> str:
    if isinstance(node.direct, e.ScalarQuery):
        return _answer(compiler, node)
    if isinstance(node.direct, e.Exists):
        return f"(1 if {_test(compiler, node, True)} else 0)"
    text = _membership(compiler, node)
    return f"not_logical({text})" if node.direct.negated else text  # type: ignore[attr-defined]


def _test(compiler: ExpressionCompiler, node: e.Keyed, wanted: bool) -> str:
    direct = node.direct
    if isinstance(direct, e.Exists):
        text = _answer(compiler, node)
        return text if wanted is not direct.negated else f"(not {text})"
    if isinstance(direct, e.InQuery):
        if wanted is not direct.negated:
            return f"({_operand(compiler, direct)} in {_answer(compiler, node)})"
        return f"({_membership(compiler, node)} == 0)"
    return compiler.truth(node, wanted)


def _answer(compiler: ExpressionCompiler, node: e.Keyed) -> str:
    return compiler.subqueries().keyed(compiler, node)


def _membership(compiler: ExpressionCompiler, node: e.Keyed) -> str:
    """Text of 1, 0 or None: IN without its NOT."""
    direct = node.direct
    assert isinstance(direct, e.InQuery)
    name = "is_in" if len(direct.operands) == 1 else "row_in"
    return f"{name}({_operand(compiler, direct)}, {_answer(compiler, node)})"


def _operand(compiler: ExpressionCompiler, node: e.InQuery) -> str:
    makers = makers_of(compiler, node.operand_apply, node.order, len(node.operands))
    operands = [make(compiler.value(operand)) for make, operand in zip(makers, node.operands)]
    return operands[0] if len(operands) == 1 else f"({', '.join(operands)})"


ExpressionCompiler._VALUES[e.Keyed] = _value
ExpressionCompiler._TESTS[e.Keyed] = _test
