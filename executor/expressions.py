"""From bound expressions to Python source text.

Use::

    unit = Unit("insert", "session, transaction, params")
    compiler = ExpressionCompiler(unit, queries)       # queries: compiles subqueries (`select.QueryCompiler`)
    compiler.sources[5] = RowBinding("r5")             # source 5's current row is the local variable r5
    unit.define("r5")                                  # … which the function being written defines
    unit.line(f"if {compiler.false(check)}: raise …")

Three forms of one expression
    `value`   text of a Python expression whose result is the SQL value.
    `test`    text that is true (Python's sense) exactly where the SQL value is true: NULL counts as not true. Only in
    this form
              may a comparison with NULL give False, so AND, OR and NOT become Python's own; NOT pushes inward as
              `false`.
    `false`   text that is true exactly where the SQL value is false (0): the complement of `test` but for NULL.

Optimistic and exact (INV-Q3)
    With `optimistic` set, `<` and its kind are Python's. They raise TypeError where a row's class is not the other
    side's (or the value is NULL); `guarded` tells that this can happen, and the writer then puts the exact form into
    an except clause. Equality needs no guard: Python's == never confuses classes. An expression that calls a function
    which must not be run twice on one row has no optimistic form (`repeatable`).

Invariants of a run
    What consists of constants, parameters, arithmetic and CAST (none of which can fail) is computed once, in the
    prologue, with affinity and collation applied (`Unit.hoist`).

Text rules
    Every form is atomic: a name, a subscript, a call, or in parentheses. What is needed twice and is not a plain name
    or subscript is kept with ``:=``. An expression deeper than `DEPTH_MAX` is cut: the lower part becomes a function
    of the rows it uses, so that neither Python's parser nor its compiler meets its limits. Names are numbers;
    constants are bound (INV-Q2).

Keeps INV-Q2, INV-Q3, INV-Q4. What it does not do: decide affinities and collations (the binder did).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aerodb_dbapi.executor.functions.moments import Instant
from aerodb_dbapi.executor.listed import each
from aerodb_dbapi.executor.runtime import folded
from aerodb_dbapi.executor.writer import Unit
from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.expressions import Expression
from aerodb_dbapi.planner.query import Query
from aerodb_dbapi.storage import collations
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError

DEPTH_MAX: Final = 12
WIDTH_MAX: Final = 12

_SIMPLE = re.compile(r"[A-Za-z_]\w*(\[-?\d+\])?").fullmatch
_NEGATED: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "IS": "IS NOT", "IS NOT": "IS"}
_EXACT: Final = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_LOGICAL: Final = (
    e.Compare, e.And, e.Or, e.Not, e.IsNull, e.IsTrue, e.Between, e.InList, e.InQuery, e.Exists, e.Like,
)  # fmt: skip
_NUMERIC: Final = ("NUMERIC", "INTEGER", "REAL")


Maker = Callable[[str], str]


class Binding(Protocol):
    """How the current row of a source is reached."""

    variable: str

    def column(self, position: int) -> tuple[str, str]:
        """The text of a column (-1: the rowid), and the row variable it uses."""
        ...

    def never_null(self, position: int) -> bool: ...


@dataclass(slots=True)
class RowBinding:
    """A row tuple in `variable`; its rowid in `key`, or in column `alias`."""

    variable: str
    key: str | None = None
    alias: int | None = None
    filled: frozenset[int] = frozenset()

    def column(self, position: int) -> tuple[str, str]:
        if position >= 0:
            return f"{self.variable}[{position}]", self.variable
        if self.alias is not None:
            return f"{self.variable}[{self.alias}]", self.variable
        assert self.key is not None
        return self.key, self.key

    def never_null(self, position: int) -> bool:
        return position in self.filled


@dataclass(slots=True)
class EntryBinding:
    """An index entry in `variable`; `texts` gives what stands in it by column position."""

    variable: str
    texts: dict[int, str] = field(default_factory=dict)

    def column(self, position: int) -> tuple[str, str]:
        return self.texts[position], self.variable

    def never_null(self, position: int) -> bool:
        return False


class SubqueryCompiler(Protocol):
    """Writes subqueries as nested functions; each answer is the text of a call (or of a filled memo)."""

    def scalar(self, query: Query) -> str: ...

    def exists(self, query: Query) -> str: ...

    def members(self, query: Query, columns: list[Maker]) -> str:
        """A `Members` of the rows; `columns` make the text of each column's comparable value from its text."""
        ...

    def keyed(self, compiler: ExpressionCompiler, node: e.Keyed) -> str: ...


def simple(text: str) -> bool:
    """Is the text so cheap that it may be evaluated twice?"""
    return _SIMPLE(text) is not None


class ExpressionCompiler:
    """Writes expressions into the function that `unit` is writing."""

    def __init__(self, unit: Unit, queries: SubqueryCompiler | None = None) -> None:
        self.unit = unit
        self.queries = queries
        self.sources: dict[int, Binding] = {}
        self.optimistic = False
        self.guarded = False
        self._depth = 0
        self._bases: list[str] = []

    # --- the three forms

    def value(self, expression: Expression) -> str:
        """Text whose result is the SQL value."""
        return self._form("value", expression)

    def test(self, expression: Expression) -> str:
        """Text that is true where the SQL value is true."""
        return self._form("test", expression)

    def false(self, expression: Expression) -> str:
        """Text that is true where the SQL value is false."""
        return self._form("false", expression)

    def tests(self, conjuncts: list[Expression]) -> str:
        """Text that is true where all conjuncts are."""
        return " and ".join([_bare(self.test(one)) for one in conjuncts]) or "True"

    def both(self, write: Callable[[], str], repeatable: bool = True) -> tuple[str, str | None]:
        """What `write` gives optimistically, and exactly if that differs."""
        before = self.optimistic, self.guarded
        self.optimistic, self.guarded = repeatable, False
        try:
            fast = write()
            needed = self.guarded
            self.optimistic = False
            return fast, (write() if needed else None)
        finally:
            self.optimistic, self.guarded = before

    def logical(self, expression: Expression) -> str:
        """Text whose result is 1, 0 or None: the expression as a truth value."""
        if isinstance(expression, _LOGICAL):
            return self.value(expression)
        return f"truth({self.value(expression)})"

    def _form(self, form: str, expression: Expression) -> str:
        if self._depth >= DEPTH_MAX and next(e.children(expression), None) is not None:
            return self._outlined(form, expression)
        self._depth += 1
        try:
            if form == "value":
                return self._VALUES[type(expression)](self, expression)
            made = self._TESTS.get(type(expression))
            if made is not None:
                return made(self, expression, form == "test")
            return self.truth(expression, form == "test")
        except KeyError as error:
            if error.args and isinstance(error.args[0], type):
                raise NotSupportedError(f"{error.args[0].__name__} expressions") from None
            raise
        finally:
            self._depth -= 1

    def _outlined(self, form: str, expression: Expression) -> str:
        """A call of a function that computes the expression from the rows it uses."""
        depth, self._depth = self._depth, 0
        try:
            name, free = self.unit.function(lambda: self.unit.line(f"return {self._form(form, expression)}"), "e")
        finally:
            self._depth = depth
        return f"{name}({', '.join(free)})"

    def _once(self, text: str) -> tuple[str, str]:
        """Text for the first use of a value, and for further ones."""
        if simple(text):
            return text, text
        name = self.unit.temp()
        return f"({name} := {text})", name

    # --- leaves

    def _constant(self, node: e.Constant) -> str:
        return self.unit.constant(node.value)

    def _parameter(self, node: e.Parameter) -> str:
        return ("*" if node.__class__ is e.ParameterList else "") + self.unit.parameter(node.index)

    def _column(self, node: e.Column) -> str:
        text, variable = self.sources[node.source].column(node.position)
        self.unit.use(variable)
        return text

    def _case_base(self, node: e.CaseBase) -> str:
        base = self._bases[-1]
        if base[0] in "rkev":
            self.unit.use(base.partition("[")[0])
        return base

    def invariant(self, node: Expression) -> bool:
        """Is it the same throughout a run, and safe to compute even if never needed?"""
        stack = [node]
        while stack:
            part = stack.pop()
            if part.__class__ not in _INVARIANT:
                return False
            stack.extend(e.children(part))
        return True

    def never_null(self, node: Expression) -> bool:
        """Is it certain that the value is not NULL?"""
        if isinstance(node, e.Constant):
            return node.value is not None
        if isinstance(node, e.Column):
            return self.sources[node.source].never_null(node.position)
        if isinstance(node, e.Collate):
            return self.never_null(node.operand)
        return isinstance(node, e.IsNull | e.IsTrue | e.Exists)

    # --- arithmetic

    def _unary(self, node: e.Unary) -> str:
        text = self.value(node.operand)
        if node.op == "+":
            return text
        return f"negate({text})" if node.op == "-" else f"bit_not({text})"

    def _binary(self, node: e.Binary) -> str:
        """An operator. A long chain ``a + b + c + …`` leans to the left: its lower parts become functions, one by
        one, so that neither this compiler nor Python's recurses along it."""
        chain = [node]
        while isinstance(chain[-1].left, e.Binary):
            chain.append(chain[-1].left)
        if len(chain) > DEPTH_MAX:
            lower: Expression = chain[-1].left
            while len(chain) > DEPTH_MAX:
                for _ in range(DEPTH_MAX):
                    part = chain.pop()
                    lower = e.Binary(part.op, lower, part.right)
                lower = _Text(self._outlined("value", lower))
            while chain:
                part = chain.pop()
                lower = e.Binary(part.op, lower, part.right)
            return self.value(lower)
        if self.invariant(node):
            depth, self._depth = self._depth, 0
            text = self.unit.hoist(self._binary_text(node))
            self._depth = depth
            return text
        return self._binary_text(node)

    def _binary_text(self, node: e.Binary) -> str:
        name = _OPERATORS[node.op]
        left, right = self.value(node.left), self.value(node.right)
        template = _INLINE.get(node.op)
        if template is None:
            return f"{name}({left}, {right})"
        constant = node.right.value if isinstance(node.right, e.Constant) else None
        if node.op in "+-*" and constant.__class__ is float and constant - constant == 0.0 != constant:
            first, again = self._once(left)
            return f"({again} {node.op} {right} if {first}.__class__ is float else {name}({again}, {right}))"
        (a, again_a), (b, again_b) = self._once(left), self._once(right)
        made = self.unit.temp() if "{r}" in template else ""
        return template.format(a=a, b=b, x=again_a, y=again_b, r=made, f=name)

    def _cast(self, node: e.Cast) -> str:
        return f"cast({self.value(node.operand)}, {self.unit.constant(node.target)})"

    def _collate(self, node: e.Collate) -> str:
        return self.value(node.operand)

    def _call(self, node: e.Call) -> str:
        arguments = ["session"] if node.needs_session else []
        if node.needs_instant:
            arguments.append(self.unit.hoist(f"{self.unit.bind(Instant, 'instant')}()", "now"))
        arguments += map(self.value, node.arguments)
        return f"{self.unit.bind(node.function)}({', '.join(arguments)})"

    def _coalesce(self, node: e.Coalesce) -> str:
        *firsts, last = node.arguments
        if len(firsts) > WIDTH_MAX:
            rest = e.Coalesce(node.arguments[WIDTH_MAX:])
            return self._coalesce(e.Coalesce((*node.arguments[:WIDTH_MAX], _Outline(rest))))
        parts = []
        for argument in firsts:
            first, again = self._once(self.value(argument))
            parts.append(f"{again} if {first} is not None else ")
        return f"({''.join(parts)}{self.value(last)})"

    def _case(self, node: e.Case) -> str:
        if node.base is None:
            return self._case_text(node, "")
        text = self.value(node.base)
        if simple(text):
            self._bases.append(text)
            made = self._case_text(node, "")
        else:
            name = self.unit.temp()
            self._bases.append(name)
            made = self._case_text(node, f"({name} := {text}, ")
        self._bases.pop()
        return made

    def _case_text(self, node: e.Case, before: str) -> str:
        if len(node.branches) > WIDTH_MAX:  # conditional expressions nest, a chain of `or` does not
            chain = [f"({self.test(when)}) and ({self.value(result)}, ) or " for when, result in node.branches]
            text = f"({''.join(chain)}({self.value(node.otherwise)}, ))[0]"
            return f"{before}{text})[1]" if before else text
        parts = [f"{self.value(result)} if {self.test(when)} else " for when, result in node.branches]
        text = f"({''.join(parts)}{self.value(node.otherwise)})"
        return f"{before}{text})[1]" if before else text

    def _text(self, node: _Text) -> str:
        for variable in _VARIABLE(node.text):
            self.unit.use(variable)
        return node.text

    def _outline(self, node: _Outline) -> str:
        return self._outlined("value", node.inner)

    # --- comparison

    def fold(self, order: str) -> str | None:
        """The name of a collation's key function for any value; None for BINARY."""
        if order == "BINARY":
            return None
        if not collations.is_known(order):
            raise OperationalError(f"no such collation sequence: {order}")
        key = collations.key_of(order)
        if key is None:
            return None
        if collations.is_application(order):
            return self.unit.bind(folded(key), "fold")
        name = self._FOLDS.setdefault(key, folded(key))
        return self.unit.bind(name, "fold")

    def applied(self, text: str, affinity: str | None) -> str:
        """The text of a value after an affinity is applied for a comparison."""
        if affinity in _NUMERIC:
            return each("number_like", text)
        return each("text_like", text) if affinity == "TEXT" else text

    def comparable(self, text: str, affinity: str | None, order: str) -> str:
        """The text of a value as it is compared: affinity applied, folded by the collation."""
        text = self.applied(text, affinity)
        fold = self.fold(order)
        return text if fold is None else each(fold, text)

    def side(self, node: Expression, affinity: str | None, order: str, probe: bool) -> tuple[str, bool]:
        """One side of a comparison, and whether it cannot be None. An invariant comes hoisted; with `probe`, its NULL
        is NEVER."""
        if node.__class__ is e.Column or not self.invariant(node):
            return self.comparable(self.value(node), affinity, order), self.never_null(node)
        text = self.comparable(self.value(node), affinity, order)
        if not simple(text):
            text = self.unit.hoist(text)
        if self.never_null(node):
            return text, True
        return (self.unit.hoist(f"probe({text})"), True) if probe else (text, False)

    def _compare(self, node: e.Compare) -> str:
        left, left_filled = self.side(node.left, node.left_apply, node.order, False)
        right, right_filled = self.side(node.right, node.right_apply, node.order, False)
        if node.op == "IS":
            return f"(1 if {left} == {right} else 0)"
        if node.op == "IS NOT":
            return f"(1 if {left} != {right} else 0)"
        if left_filled and right_filled and node.op in ("=", "<>"):
            return f"(1 if {left} {'==' if node.op == '=' else '!='} {right} else 0)"
        return f"{_EXACT[node.op]}({left}, {right})"

    def _compare_test(self, node: e.Compare, wanted: bool) -> str:
        op = node.op if wanted else _NEGATED[node.op]
        probe = op not in ("IS", "IS NOT")
        left, left_filled = self.side(node.left, node.left_apply, node.order, probe)
        right, right_filled = self.side(node.right, node.right_apply, node.order, probe)
        return self.compared(op, left, left_filled, right, right_filled)

    def compared(self, op: str, left: str, left_filled: bool, right: str, right_filled: bool) -> str:
        """The test form of a comparison of two texts."""
        if op == "IS":
            return f"({left} == {right})"
        if op == "IS NOT":
            return f"({left} != {right})"
        if op == "=":
            return f"({left} == {right})" if left_filled or right_filled else f"({left} == {right} is not None)"
        if op == "<>":
            if left_filled:
                return f"({left} != {right})" if right_filled else f"({left} != {right} is not None)"
            return (
                f"({right} != {left} is not None)" if right_filled else f"(None is not {left} != {right} is not None)"
            )
        if self.optimistic:
            self.guarded = True
            return f"({left} {op} {right})"
        return self._exact_order(op, left, right)

    def _exact_order(self, op: str, left: str, right: str) -> str:
        """`<` and its kind for any two values; inline where one side is hoisted and of the row's class."""
        for hoisted, other, is_left in ((right, left, False), (left, right, True)):
            if hoisted[0] in "qpc" and hoisted.isidentifier():
                first, again = self._once(other)
                kind = self.unit.hoist(f"class_of({hoisted})", "k")
                raw = f"{hoisted} {op} {again}" if is_left else f"{again} {op} {hoisted}"
                pair = f"{hoisted}, {again}" if is_left else f"{again}, {hoisted}"
                return f"({raw} if {first}.__class__ is {kind} else {_EXACT[op]}({pair}))"
        return f"{_EXACT[op]}({left}, {right})"

    def _between(self, node: e.Between) -> str:
        first, again, low, high = self._between_sides(node, False)
        pair = [f"ge({first}, {low[0]})", f"le({again}, {high[0]})"]
        text = f"and_all(({pair[0]}, {pair[1]}))"
        return f"not_logical({text})" if node.negated else text

    def _between_sides(self, node: e.Between, probe: bool) -> tuple[str, str, tuple[str, bool], tuple[str, bool]]:
        """The operand as compared with each end, and the ends."""
        low = self.side(node.low, node.low_apply[1], node.order, probe)
        high = self.side(node.high, node.high_apply[1], node.order, probe)
        text = self.value(node.operand)
        if node.low_apply[0] == node.high_apply[0]:
            return *self._once(self.comparable(text, node.low_apply[0], node.order)), low, high
        first, again = self._once(text)
        ends = (self.comparable(t, a[0], node.order) for t, a in ((first, node.low_apply), (again, node.high_apply)))
        return *ends, low, high  # type: ignore[return-value]

    def _between_test(self, node: e.Between, wanted: bool) -> str:
        first, again, low, high = self._between_sides(node, True)
        filled = self.never_null(node.operand)
        if wanted is not node.negated:
            if self.optimistic and first == again:
                self.guarded = True
                return f"({low[0]} <= {first} <= {high[0]})"
            lower = self.compared(">=", first, filled, *low)
            return f"({lower} and {self.compared('<=', again, filled, *high)})"
        return f"({self.compared('<', first, filled, *low)} or {self.compared('>', again, filled, *high)})"

    # --- IN

    def _item_set(self, node: e.InList) -> str | None:
        """The hoisted `Members` of an IN list whose items are known before the first row."""
        if not all(map(self.invariant, node.items)):
            return None
        items = [self.comparable(self.value(item), node.items_apply, node.order) for item in node.items]
        return self.unit.hoist(f"Members(({', '.join(items)},))", "m")

    def _in_list(self, node: e.InList) -> str:
        text = self._in_list_value(node)
        return f"not_logical({text})" if node.negated else text

    def _in_list_value(self, node: e.InList) -> str:
        if not node.items:
            return "0"
        operand = self.comparable(self.value(node.operand), node.operand_apply, node.order)
        members = self._item_set(node)
        if members is not None:
            return f"is_in({operand}, {members})"
        items = [self.comparable(self.value(item), node.items_apply, node.order) for item in node.items]
        return f"in_items({operand}, ({', '.join(items)},))"

    def _in_list_test(self, node: e.InList, wanted: bool) -> str:
        members = self._item_set(node) if node.items else None
        if members is None:
            text = self._in_list_value(node)
            return f"({text} == {1 if wanted is not node.negated else 0})"
        operand = self.comparable(self.value(node.operand), node.operand_apply, node.order)
        if wanted is not node.negated:
            return f"({operand} in {members})"
        return f"(is_in({operand}, {members}) == 0)"

    def _in_query_parts(self, node: e.InQuery) -> tuple[str, str]:
        count = len(node.operands)
        makers = makers_of(self, node.operand_apply, node.order, count)
        operands = [make(self.value(operand)) for make, operand in zip(makers, node.operands)]
        members = self.subqueries().members(node.query, makers_of(self, node.items_apply, node.order, count))
        return (operands[0] if len(operands) == 1 else f"({', '.join(operands)})"), members

    def _in_query(self, node: e.InQuery) -> str:
        operand, members = self._in_query_parts(node)
        text = f"{'is_in' if len(node.operands) == 1 else 'row_in'}({operand}, {members})"
        return f"not_logical({text})" if node.negated else text

    def _in_query_test(self, node: e.InQuery, wanted: bool) -> str:
        operand, members = self._in_query_parts(node)
        if wanted is not node.negated:
            return f"({operand} in {members})"
        return f"({'is_in' if len(node.operands) == 1 else 'row_in'}({operand}, {members}) == 0)"

    # --- logic

    def _and(self, node: e.And) -> str:
        return self._junction(node.operands, "0", "1", "and_all", e.And)

    def _or(self, node: e.Or) -> str:
        return self._junction(node.operands, "1", "0", "or_all", e.Or)

    def _junction(self, operands: tuple[Expression, ...], stop: str, rest: str, name: str, kind: Any) -> str:
        if len(operands) > WIDTH_MAX:
            return self._junction(_bundled(operands, kind), stop, rest, name, kind)
        parts, kept = [], []
        for operand in operands:
            first, again = self._once(self.logical(operand))
            parts.append(f"{stop} if {first} == {stop} else ")
            kept.append(again)
        return f"({''.join(parts)}None if {' is None or '.join(kept)} is None else {rest})"

    def _and_test(self, node: e.And | e.Or, wanted: bool) -> str:
        joined_by_and = isinstance(node, e.And) is wanted
        operands = node.operands
        if len(operands) > WIDTH_MAX:
            operands = _bundled(operands, type(node))
        form = self.test if wanted else self.false
        return f"({(' and ' if joined_by_and else ' or ').join(map(form, operands))})"

    def _not(self, node: e.Not) -> str:
        return f"not_logical({self.logical(node.operand)})"

    def _not_test(self, node: e.Not, wanted: bool) -> str:
        return self.false(node.operand) if wanted else self.test(node.operand)

    def _is_null(self, node: e.IsNull) -> str:
        return f"(1 if {self._is_null_test(node, True)} else 0)"

    def _is_null_test(self, node: e.IsNull, wanted: bool) -> str:
        return f"({self.value(node.operand)} is {'' if wanted is not node.negated else 'not '}None)"

    def _is_true(self, node: e.IsTrue) -> str:
        return f"(1 if {self._is_true_test(node, True)} else 0)"

    def _is_true_test(self, node: e.IsTrue, wanted: bool) -> str:
        text = self.test(node.operand) if node.truth else self.false(node.operand)
        return text if wanted is not node.negated else f"(not {text})"

    def truth(self, expression: Expression, wanted: bool) -> str:
        """The test form of a value that is not a logical one."""
        if isinstance(expression, e.Constant):
            return f"{'true' if wanted else 'false'}({self._constant(expression)})"
        text = self.value(expression)
        if not wanted:
            return f"false({text})"
        first, again = self._once(text)
        return f"({again} if {first}.__class__ is int else true({again}))"

    def _like(self, node: e.Like) -> str:
        matcher = self._matcher(node)
        text = f"like({matcher}, {self.value(node.operand)})"
        return f"not_logical({text})" if node.negated else text

    def _like_test(self, node: e.Like, wanted: bool) -> str:
        matcher, text = self._matcher(node), self.value(node.operand)
        if wanted is node.negated:
            return f"(like({matcher}, {text}) == 0)"
        if not matcher.isidentifier():
            return f"(like({matcher}, {text}) == 1)"
        first, again = self._once(text)
        usable = self.unit.hoist(f"usable({matcher})", "m")
        return f"({usable}({again}) if {first}.__class__ is str else like({matcher}, {again}))"

    def _matcher(self, node: e.Like) -> str:
        arguments = [node.pattern] if node.escape is None else [node.pattern, node.escape]
        text = f"{'like' if node.op == 'LIKE' else 'glob'}_matcher({', '.join(map(self.value, arguments))})"
        pattern_only = len(arguments) == 1 and self.invariant(node.pattern)
        return self.unit.hoist(text, "m") if pattern_only else text

    # --- subqueries

    def subqueries(self) -> SubqueryCompiler:
        """Who writes subqueries."""
        if self.queries is None:
            raise NotSupportedError("subqueries in this place")
        return self.queries

    def _exists(self, node: e.Exists) -> str:
        return f"(1 if {self._exists_test(node, True)} else 0)"

    def _exists_test(self, node: e.Exists, wanted: bool) -> str:
        text = self.subqueries().exists(node.query)
        return text if wanted is not node.negated else f"(not {text})"

    def _scalar_query(self, node: e.ScalarQuery) -> str:
        return self.subqueries().scalar(node.query)

    _FOLDS: Final[dict[Any, Any]] = {}
    _VALUES: Final[dict[type, Callable[..., str]]] = {}
    _TESTS: Final[dict[type, Callable[..., str]]] = {}


@dataclass(frozen=True, slots=True)
class _Outline(Expression):
    """An expression that is to become a function of its own: the tail of a long one."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class _Text(Expression):
    """An expression that has been written: a call of a function."""

    text: str


# A comparison in parentheses that an `and` does not need; each pair of them costs Python's parser a second look.
_COMPARISON: Final = re.compile(r"\(([^()]+ (?:==|!=|<=|>=|<|>) [^()]+)\)").fullmatch
_VARIABLE: Final = re.compile(r"\b[rkev]\d+_?\b(?!\()").findall  # not the function that is called
_INVARIANT: Final = frozenset((e.Constant, e.Parameter, e.ParameterList, e.Unary, e.Binary, e.Cast, e.Collate))
_OPERATORS: Final = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder", "&": "bit_and", "|": "bit_or",
    "<<": "shift_left", ">>": "shift_right", "||": "concat",
}  # fmt: skip
# a, b: the operands' first uses; x, y: their second; r: a temporary for the result; f: the exact function.
_CHECKED: Final = (
    "({{r}} if {{a}}.__class__ is {{b}}.__class__ is int and INT_MIN <= ({{r}} := {{x}} {} {{y}}) <= INT_MAX"
)
_CHECKED_END: Final = " else {f}({x}, {y}))"
_INLINE: Final = {
    **{op: _CHECKED.format(op) + _CHECKED_END for op in "+-*"},
    "||": "({x} + {y} if {a}.__class__ is {b}.__class__ is str else {f}({x}, {y}))",
    "/": "({x} // {y} if {a}.__class__ is {b}.__class__ is int and {x} >= 0 < {y} else {f}({x}, {y}))",
    "%": "({x} % {y} if {a}.__class__ is {b}.__class__ is int and {x} >= 0 < {y} else {f}({x}, {y}))",
}


def _bare(text: str) -> str:
    """The text of a test as an operand of `and`."""
    comparison = _COMPARISON(text)
    return text if comparison is None or " or " in text or " if " in text or ":=" in text else comparison[1]


def makers_of(
    compiler: ExpressionCompiler, applies: tuple[str | None, ...], orders: tuple[str, ...], count: int
) -> list[Maker]:
    """What makes the text of each of `count` comparable values from its text; a single affinity or order is for all."""
    applies = applies if len(applies) == count else applies[:1] * count
    orders = orders if len(orders) == count else orders[:1] * count
    return [_maker(compiler, affinity, order) for affinity, order in zip(applies, orders)]


def _maker(compiler: ExpressionCompiler, affinity: str | None, order: str) -> Maker:
    return lambda text: compiler.comparable(text, affinity, order)


def _bundled(operands: tuple[Expression, ...], kind: Any) -> tuple[Expression, ...]:
    """Many operands as few, each of them a junction of some."""
    size = -(-len(operands) // WIDTH_MAX)
    size = max(size, 2)
    parts = [operands[i : i + size] for i in range(0, len(operands), size)]
    return tuple(part[0] if len(part) == 1 else kind(part) for part in parts)


C = ExpressionCompiler
C._VALUES.update({
    e.Constant: C._constant, e.Parameter: C._parameter, e.ParameterList: C._parameter,
    e.Column: C._column, e.Unary: C._unary, e.Binary: C._binary,
    e.Compare: C._compare, e.And: C._and, e.Or: C._or, e.Not: C._not, e.IsNull: C._is_null, e.IsTrue: C._is_true,
    e.Between: C._between, e.InList: C._in_list, e.InQuery: C._in_query, e.Exists: C._exists,
    e.ScalarQuery: C._scalar_query, e.Case: C._case, e.CaseBase: C._case_base, e.Cast: C._cast, e.Collate: C._collate,
    e.Like: C._like, e.Call: C._call, e.Coalesce: C._coalesce, _Outline: C._outline, _Text: C._text,
})  # fmt: skip
C._TESTS.update({
    e.Compare: C._compare_test, e.And: C._and_test, e.Or: C._and_test, e.Not: C._not_test, e.IsNull: C._is_null_test,
    e.IsTrue: C._is_true_test, e.Between: C._between_test, e.InList: C._in_list_test, e.InQuery: C._in_query_test,
    e.Exists: C._exists_test, e.Like: C._like_test,
})  # fmt: skip
del C
