"""EXPLAIN QUERY PLAN: a planned statement as rows (id, parent, notused, detail), in SQLite's words and tree shape.

    SELECT c.name, count(*) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1 ORDER BY 2
    |--SCAN o
    |--SEARCH c USING INTEGER PRIMARY KEY (rowid=?)
    |--USE TEMP B-TREE FOR GROUP BY
    `--USE TEMP B-TREE FOR ORDER BY

The words are those of https://www.sqlite.org/eqp.html, with these differences: a hash table is ``SEARCH t USING HASH
JOIN (a=?)`` where SQLite would say AUTOMATIC COVERING INDEX; "TEMP B-TREE" is kept as the name for sorting and for
hashing alike; ids count from 1 (SQLite's are addresses in its byte code); `notused`
is always 0. A scan that becomes the search of an index where that finds few rows (`planner.guided`) is shown as SEARCH. Subqueries are
numbered as they stand in the text, after rewriting: one that was merged into its parent has no line and no number. A
correlated subquery that many rows look up in a table made once (`planner.rules.decorrelate`) has a further line, USE HASH
TABLE FOR MANY ROWS (x=?).

EXPLAIN ANALYZE gives the same lines with what their operators did (`Analysis`, `planner.counters`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aerodb_dbapi.planner.counters import Clock, Counter
from aerodb_dbapi.planner.expressions import Column, Constant, Expression, InQuery, Keyed
from aerodb_dbapi.planner.query import (
    Compound,
    GuidedScan,
    HashLookup,
    IndexScan,
    IndexUnion,
    InsertStatement,
    ModuleScan,
    Query,
    QuerySource,
    Recursive,
    RowidIn,
    RowidPoint,
    RowidRange,
    Select,
    Statement,
    Step,
    TableSource,
    Values,
    Windowed,
)
from aerodb_dbapi.planner.rules.min_max import is_extreme
from aerodb_dbapi.planner.usage import (
    SUBQUERY_NODES,
    access_queries,
    free_sources,
    inner_queries,
    query_expressions,
    statement_expressions,
    statement_queries,
    walk_nodes,
)

PlanRow = tuple[int, int, int, str]


AnalysisRow = tuple[int, int, int, str, int | None, int | None, int | None, float]


def explain_query_plan(statement: Statement) -> list[PlanRow]:
    """The rows that EXPLAIN QUERY PLAN gives for a planned statement."""
    return _Explainer(statement).rows


class Analysis:
    """The lines of a planned statement, each operator with a counter that its generated code will fill."""

    def __init__(self, statement: Statement) -> None:
        self._explainer = _Explainer(statement, Clock())

    def rows(self, count: int, seconds: float) -> list[AnalysisRow]:
        """What the counters say now, and a last line for the whole: its rows and its time in milliseconds."""
        times = [counter.seconds if counter is not None else 0.0 for counter in self._explainer.counters]
        for number, parent, _, _ in reversed(self._explainer.rows):
            if parent:
                times[parent - 1] += times[number - 1]
        found: list[AnalysisRow] = []
        for row, counter, time in zip(self._explainer.rows, self._explainer.counters, times, strict=True):
            figures = (None, None, None) if counter is None else (counter.loops, counter.visited, counter.rows)
            found.append((*row, *figures, round(time * 1000, 3)))
        found.append((len(found) + 1, 0, 0, "RESULT", 1, None, count, round(seconds * 1000, 3)))
        return found


class _Explainer:
    """Collects lines; `numbers` are the subqueries' numbers, `told` the shared CTEs already shown. With a clock operators get
    counters, which `counters` has line by line."""

    def __init__(self, statement: Statement, clock: Clock | None = None) -> None:
        self.rows: list[PlanRow] = []
        self.counters: list[Counter | None] = []
        self.clock = clock
        self.numbers: dict[int, int] = {}
        self.told: set[int] = set()
        queries = statement_queries(statement)
        for query in queries:
            self._number(query, is_root=query is getattr(statement, "query", None))
        root = getattr(statement, "query", None)
        if isinstance(root, Query) and not self._is_silent(statement, root):
            self.query(root, 0)
        self._nested(statement_expressions(statement), 0)

    @staticmethod
    def _is_silent(statement: Statement, root: Query) -> bool:
        return isinstance(statement, InsertStatement) and isinstance(root, Values) and len(root.rows) == 1

    def _line(self, parent: int, detail: str, of: tuple[Query, str] | Step | None = None) -> int:
        """One more line. `of`: the operator whose work is counted, a step or what a query does with its rows."""
        self.rows.append((len(self.rows) + 1, parent, 0, detail))
        counter = None
        if self.clock is not None and of is not None:
            counter = Counter(self.clock)
            if isinstance(of, Step):
                of.counter = counter
                counter.visited = 0
            else:
                of[0].counters = {**(of[0].counters or {}), of[1]: counter}
        self.counters.append(counter)
        return len(self.rows)

    # --- numbers

    def _number(self, query: Query, *, is_root: bool = False) -> None:
        if id(query) in self.numbers:
            return
        self.numbers[id(query)] = 0 if is_root else len([n for n in self.numbers.values() if n]) + 1
        columns = query.columns if isinstance(query, Select) else []
        for expression in columns:
            self._number_nested(expression)
        for inner in inner_queries(query):
            if isinstance(query, Select):
                self._number(inner)
            else:
                self._number(inner, is_root=True)
        for expression in query_expressions(query):
            self._number_nested(expression)

    def _number_nested(self, expression: Expression) -> None:
        for node in _shown(expression):
            self._number(node.query)

    # --- queries

    def query(self, query: Query, parent: int) -> None:
        """The lines of one query."""
        if isinstance(query, Select):
            self._select(query, parent)
        elif isinstance(query, Compound):
            self._compound(query, parent)
        elif isinstance(query, Windowed):
            self.query(query.source, parent)
            unsorted = [level for level in query.levels if not level.sorted]
            for at, _ in enumerate(unsorted):
                self._line(parent, "USE TEMP B-TREE FOR ORDER BY", None if at else (query, "windows"))
        elif isinstance(query, Recursive):
            self._recursive(query, parent)
        elif isinstance(query, Values):
            count = len(query.rows)
            self._line(parent, "SCAN CONSTANT ROW" if count == 1 else f"SCAN {count} CONSTANT ROWS")
            self._nested([item for row in query.rows for item in row], parent)

    def _select(self, select: Select, parent: int) -> None:
        extreme = _extreme_step(select)
        if extreme is not None:
            self._line(parent, _extreme_detail(extreme), extreme)
            return
        steps = select.steps or []
        self._sources(steps, parent)
        self._distinct_calls(select, parent)
        if not steps:
            self._line(parent, "SCAN CONSTANT ROW")
        for step in steps:
            self._step(step, parent)
        tests = list(select.pre_filters)
        for step in steps:
            tests += [*step.on, *step.filters]
            for query in access_queries(step):
                self._subquery(query, "LIST SUBQUERY", parent)
        self._nested(tests, parent)
        self._nested([one for one in query_expressions(select) if not _among(one, tests)], parent)
        if select.group is not None and select.group.keys and not select.grouped:
            self._line(parent, "USE TEMP B-TREE FOR GROUP BY", (select, "group"))
        if select.distinct:
            self._line(parent, "USE TEMP B-TREE FOR DISTINCT", (select, "distinct"))
        if select.order_by and not select.sorted:
            self._line(parent, "USE TEMP B-TREE FOR ORDER BY", (select, "sort"))

    def _step(self, step: Step, parent: int) -> None:
        if not isinstance(step.access, IndexUnion):
            self._line(parent, step_detail(step, self._name(step)), step)
            return
        line = self._line(parent, "MULTI-INDEX OR", step)
        for number, branch in enumerate(step.access.branches, 1):
            below = self._line(line, f"INDEX {number}")
            self._line(below, step_detail(Step(step.source, branch, step.kind), self._name(step)))

    def _distinct_calls(self, select: Select, parent: int) -> None:
        for call in select.group.calls if select.group is not None else ():
            if call.distinct and call.name not in ("min", "max"):
                self._line(parent, f"USE TEMP B-TREE FOR {call.name}(DISTINCT)")

    def _sources(self, steps: list[Step], parent: int) -> None:
        """What must be run before the loops: subqueries of FROM, and CTEs when first met."""
        for step in steps:
            source = step.source
            if not isinstance(source, QuerySource) or id(source.query) in self.told:
                continue
            single = len(steps) == 1 and not source.shared
            if source.shared:
                self.told.add(id(source.query))
            detail = f"{'CO-ROUTINE' if single else 'MATERIALIZE'} {self._name(step)}"
            self.query(source.query, self._line(parent, detail, (source.query, "rows")))

    def _name(self, step: Step) -> str:
        source = step.source
        if source.name or not isinstance(source, QuerySource):
            return source.name
        return f"(subquery-{self.numbers[id(source.query)]})"

    def _compound(self, query: Compound, parent: int) -> None:
        line = self._line(parent, "COMPOUND QUERY")
        leftmost, rest = _spine(query)
        self.query(leftmost, self._line(line, "LEFT-MOST SUBQUERY", (leftmost, "rows")))
        for op, arm in rest:
            detail = op if op == "UNION ALL" else f"{op} USING TEMP B-TREE"
            self.query(arm, self._line(line, detail, (arm, "rows")))
        if query.order_by:
            self._line(parent, "USE TEMP B-TREE FOR ORDER BY", (query, "sort"))

    def _recursive(self, query: Recursive, parent: int) -> None:
        self.query(query.initial, self._line(parent, "SETUP", (query.initial, "rows")))
        for arm in query.steps:
            self.query(arm, self._line(parent, "RECURSIVE STEP", (arm, "rows")))

    # --- subqueries in expressions

    def _nested(self, expressions: Iterable[Expression], parent: int) -> None:
        for expression in expressions:
            keyed = {id(node.direct): node for node in walk_nodes(expression) if isinstance(node, Keyed)}
            for node in _shown(expression):
                kind = "LIST SUBQUERY" if isinstance(node, InQuery) else "SCALAR SUBQUERY"
                self._subquery(node.query, kind, parent, keyed.get(id(node)))

    def _subquery(self, query: Query, kind: str, parent: int, keyed: Keyed | None = None) -> None:
        if id(query) in self.told:
            return
        self.told.add(id(query))
        prefix = "CORRELATED " if free_sources(query) else ""
        line = self._line(parent, f"{prefix}{kind} {self.numbers[id(query)]}", (query, "rows"))
        self.query(query, line)
        if keyed is not None:
            detail = f"USE HASH TABLE FOR MANY ROWS ({' AND '.join(_key_names(keyed))})"
            self._line(line, detail, (keyed.query, "keyed"))


def _shown(expression: Expression) -> list[Any]:
    """The subqueries of an expression that have lines: of one that is looked up by keys, the form as written."""
    nodes = list(walk_nodes(expression))
    silent = {id(node.default) for node in nodes if isinstance(node, Keyed)}
    return [
        node for node in nodes
        if isinstance(node, SUBQUERY_NODES) and not isinstance(node, Keyed) and id(node) not in silent
    ]  # fmt: skip


def _key_names(keyed: Keyed) -> list[str]:
    """The inner sides of the equalities."""
    query = keyed.query
    assert isinstance(query, Select)
    columns = query.columns if query.group is None else query.group.keys
    return [f"{_build_name(column)}=?" for column, _ in zip(columns, keyed.keys)]


def _among(expression: Expression, expressions: list[Expression]) -> bool:
    return any(expression is one for one in expressions)


def _spine(query: Compound) -> tuple[Query, list[tuple[str, Query]]]:
    """A left-associative compound as its leftmost arm and (operator, arm) pairs."""
    rest: list[tuple[str, Query]] = []
    left: Query = query
    while isinstance(left, Compound) and (left is query or (not left.order_by and left.limit is None)):
        rest.append((left.op.upper(), left.right))
        left = left.left
    rest.reverse()
    return left, rest


# --- Steps


def step_detail(step: Step, name: str) -> str:
    """One line for one level of the nested loops."""
    suffix = " LEFT-JOIN" if step.kind == "left" else ""
    return _access_detail(step, name) + suffix


def _access_detail(step: Step, name: str) -> str:
    access = step.access
    if isinstance(access, GuidedScan):
        access = access.entries
    if isinstance(access, RowidPoint | RowidIn):
        return f"SEARCH {name} USING INTEGER PRIMARY KEY (rowid=?)"
    if isinstance(access, RowidRange):
        return f"SEARCH {name} USING INTEGER PRIMARY KEY ({' AND '.join(_bounds(access, 'rowid'))})"
    if isinstance(access, HashLookup):
        keys = " AND ".join(f"{_build_name(key)}=?" for key in access.build)
        return f"SEARCH {name} USING HASH JOIN ({keys})"
    if isinstance(access, IndexScan):
        terms = _index_terms(step, access)
        if isinstance(step.source, TableSource) and access.index is step.source.table.key_index:
            return f"SEARCH {name} USING PRIMARY KEY ({' AND '.join(terms)})" if terms else f"SCAN {name}"
        kind = "COVERING INDEX" if access.covering else "INDEX"
        if not terms:
            return f"SCAN {name} USING {kind} {access.index.name}"
        return f"SEARCH {name} USING {kind} {access.index.name} ({' AND '.join(terms)})"
    if isinstance(access, ModuleScan):
        return f"SCAN {name} VIRTUAL TABLE INDEX {access.label}"
    return f"SCAN {name}"


def _bounds(access: RowidRange | IndexScan, name: str) -> list[str]:
    found = [] if access.lower is None else [f"{name}>?"]
    return found if access.upper is None else [*found, f"{name}<?"]


def _index_terms(step: Step, access: IndexScan) -> list[str]:
    source = step.source
    assert isinstance(source, TableSource)
    alias = source.table.rowid_alias
    names = [
        "<expr>" if part.expression is not None else "rowid" if part.position in (-1, alias) else part.name
        for part in access.index.columns
    ]
    terms = [f"ANY({name})" for name in names[: access.skip]]
    ends = access.skip + len(access.equal)
    terms += [f"{name}=?" for name in names[access.skip : ends]]
    if ends < len(names):
        terms += _bounds(access, names[ends])
    return terms


def _build_name(expression: Expression) -> str:
    if isinstance(expression, Column):
        return expression.name or "rowid"
    return "<expr>"


def _extreme_step(select: Select) -> Step | None:
    """The one step of a min() or max() that reads one end of an index or table."""
    group = select.group
    if group is None or len(group.calls) != 1 or not is_extreme(group.calls[0]) or len(select.joins) != 1:
        return None
    source = select.joins[0].source
    if not isinstance(source, QuerySource) or not isinstance(source.query, Select):
        return None
    inner = source.query
    if (
        not (inner.sorted and isinstance(inner.limit, Constant) and inner.limit.value == 1)
        or len(inner.steps or ()) != 1
    ):
        return None
    return inner.steps[0] if inner.steps else None


def _extreme_detail(step: Step) -> str:
    detail = _access_detail(step, step.source.name)
    return "SEARCH" + detail.removeprefix("SCAN") if detail.startswith("SCAN ") else detail
