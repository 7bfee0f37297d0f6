"""Bound expressions: what a SQL expression means once every name is a position.

The binder makes them from sqlglot's tree, rules rewrite them, `executor` turns them into Python source. They are immutable
and compare by value. Semantics are SQLite's (https://www.sqlite.org/lang_expr.html, .../datatype3.html).

Names
    `Column(source, position)` is a value of the current row of a *source*. Every source of a statement (a table in FROM, a
    subquery, a grouping, a compound) has an id that is unique in the statement, so an outer reference from a correlated
    subquery is just a `Column` whose source belongs to an enclosing query. Position -1 is the rowid.

Affinity and collation
    `affinity` is None for an expression without one (literals, parameters, operators, functions), else 'TEXT', 'NUMERIC',
    'INTEGER', 'REAL' or 'BLOB'; columns and CAST have one. `collation` is None unless the expression is a column (the
    column's) or carries COLLATE (`Collate`). `Compare` nodes hold the *decided* affinity and collation of the comparison, so
    nothing after the binder needs these rules again.

Truth
    Logical results are 1, 0 and NULL (Python ints and None).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aerodb_dbapi.planner.query import Query


class Expression:
    """Base of all bound expressions. Children are the fields that are expressions or tuples of expressions."""

    __slots__ = ()

    @property
    def affinity(self) -> str | None:
        return None

    @property
    def collation(self) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A literal: None, int, float, str or bytes."""

    value: Any


NULL = Constant(None)
TRUE = Constant(1)
FALSE = Constant(0)


@dataclass(frozen=True, slots=True)
class Parameter(Expression):
    """A bound parameter by 0-based position in the tuple that the executor is called with. One that stands for a column
    of OLD or NEW has that column's affinity and collation."""

    index: int
    column_affinity: str | None = None
    column_collation: str | None = None

    @property
    def affinity(self) -> str | None:
        return self.column_affinity

    @property
    def collation(self) -> str | None:
        return self.column_collation


@dataclass(frozen=True, slots=True)
class ParameterList(Parameter):
    """As many items of an IN list as one parameter, a tuple, has: in all, so the plan reckons, `count`."""

    count: int = 0


@dataclass(frozen=True, slots=True)
class RowParameter(Expression):
    """The value at a place of each of the rows, all of VALUES, that one parameter is a list of."""

    index: int
    place: int


@dataclass(frozen=True, slots=True)
class Column(Expression):
    """A value of a source's current row. `name` is the column's own name, `type` its declared type (for converters)."""

    source: int
    position: int
    name: str = ""
    column_affinity: str | None = "BLOB"
    column_collation: str | None = None
    type: str | None = None

    @property
    def affinity(self) -> str | None:
        return self.column_affinity

    @property
    def collation(self) -> str | None:
        return self.column_collation


@dataclass(frozen=True, slots=True)
class Indexed(Expression):
    """`operand`, of which an index of its table keeps the values, at `position` (-2 or less) of the table as the index's parts have
    it. Its columns are all of one source."""

    operand: Expression
    position: int

    @property
    def source(self) -> int:
        return next(node.source for node in walk(self.operand) if isinstance(node, Column))

    @property
    def affinity(self) -> str | None:
        return self.operand.affinity

    @property
    def collation(self) -> str | None:
        return self.operand.collation


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`op` is '-', '~' or '+' (unary plus: value unchanged, affinity and collation dropped)."""

    op: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Arithmetic and bits: '+', '-', '*', '/', '%', '&', '|', '<<', '>>', '||'. A chain of a thousand leans to the left: nothing may
    need a frame of Python's stack for each."""

    op: str
    left: Expression
    right: Expression

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not Binary:
            return NotImplemented
        a: Any = self
        b: Any = other
        while a.__class__ is Binary and b.__class__ is Binary and a is not b:
            if a.op != b.op or a.right != b.right:
                return False
            a, b = a.left, b.left
        return a is b or bool(a == b)

    def __hash__(self) -> int:
        return hash((self.op, self.right))


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """'=', '<>', '<', '<=', '>', '>=', 'IS', 'IS NOT'. The named affinity ('NUMERIC', 'TEXT' or None) is applied to each side
    whose flag is set before comparing; `order` is the collation ('BINARY', 'NOCASE', 'RTRIM' or a user's)."""

    op: str
    left: Expression
    right: Expression
    left_apply: str | None = None
    right_apply: str | None = None
    order: str = "BINARY"


@dataclass(frozen=True, slots=True)
class And(Expression):
    """True if all operands are true, false if one is false, else NULL."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Expression):
    """True if one operand is true, false if all are false, else NULL."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """1 for false, 0 for true, NULL for NULL."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """`x IS NULL`, or `x IS NOT NULL` if negated."""

    operand: Expression
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsTrue(Expression):
    """`x IS [NOT] TRUE|FALSE`: never NULL. `truth` is which of the two is asked."""

    operand: Expression
    truth: bool
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """`operand` is evaluated once; `low` and `high` are the two comparisons' other sides, with affinities decided."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool = False
    low_apply: tuple[str | None, str | None] = (None, None)
    high_apply: tuple[str | None, str | None] = (None, None)
    order: str = "BINARY"


@dataclass(frozen=True, slots=True)
class InList(Expression):
    """`operand_apply`/`items_apply`: affinity applied to each side (SQLite: the left side's affinity decides)."""

    operand: Expression
    items: tuple[Expression, ...]
    negated: bool = False
    operand_apply: str | None = None
    items_apply: str | None = None
    order: str = "BINARY"


@dataclass(frozen=True, slots=True)
class InQuery(Expression):
    """`operands` has one expression, or several for a row value; the query has as many columns."""

    operands: tuple[Expression, ...]
    query: Query
    negated: bool = False
    operand_apply: tuple[str | None, ...] = (None,)
    items_apply: tuple[str | None, ...] = (None,)
    order: tuple[str, ...] = ("BINARY",)


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    """`[NOT] EXISTS (query)`."""

    query: Query
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ScalarQuery(Expression):
    """The first row's `position`-th value of a subquery, or NULL. Affinity and collation are those of its column."""

    query: Query
    column_affinity: str | None = None
    column_collation: str | None = None

    @property
    def affinity(self) -> str | None:
        return self.column_affinity

    @property
    def collation(self) -> str | None:
        return self.column_collation


@dataclass(frozen=True, slots=True)
class Keyed(Expression):
    """An `Exists`, `InQuery` or `ScalarQuery` (`direct`) that is correlated by equalities alone, with `query`, which is not
    correlated: its first columns are the inner sides of the equalities, `keys` the outer sides; further columns are the
    values. `keys_apply`, `columns_apply` and `orders` are what the equalities do to their sides. `default` is the value of
    a scalar subquery for a key that `query` does not have."""

    direct: Expression
    keys: tuple[Expression, ...]
    query: Query
    keys_apply: tuple[str | None, ...]
    columns_apply: tuple[str | None, ...]
    orders: tuple[str, ...]
    default: Expression = NULL

    @property
    def affinity(self) -> str | None:
        return self.direct.affinity

    @property
    def collation(self) -> str | None:
        return self.direct.collation


@dataclass(frozen=True, slots=True)
class Case(Expression):
    """Searched CASE: (condition, value) pairs. `base`, if any, is evaluated once and compared by `Compare` nodes whose left
    side is `CaseBase()`."""

    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression
    base: Expression | None = None


@dataclass(frozen=True, slots=True)
class CaseBase(Expression):
    """Stands for the innermost enclosing `Case.base` value inside its conditions."""


@dataclass(frozen=True, slots=True)
class Cast(Expression):
    """CAST to an affinity (SQLite derives it from the type's words)."""

    operand: Expression
    target: str

    @property
    def affinity(self) -> str | None:
        return self.target


@dataclass(frozen=True, slots=True)
class Collate(Expression):
    """`operand COLLATE name`."""

    operand: Expression
    name: str

    @property
    def affinity(self) -> str | None:
        return self.operand.affinity

    @property
    def collation(self) -> str | None:
        return self.name


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """`op` is 'LIKE' or 'GLOB'."""

    op: str
    operand: Expression
    pattern: Expression
    escape: Expression | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A scalar function. `name` is folded to lower case; `function` is the Python callable that implements it (value
    arguments in, value out); `deterministic` allows folding and hoisting; `needs_session` passes the session first
    (changes(), last_insert_rowid()), `needs_instant` the instant of the run
    (date('now')). coalesce, ifnull, iif and nullif are `Case`/`Coalesce`, not `Call`."""

    name: str
    arguments: tuple[Expression, ...]
    function: Any = None
    deterministic: bool = True
    needs_session: bool = False
    needs_instant: bool = False


@dataclass(frozen=True, slots=True)
class Coalesce(Expression):
    """coalesce() and ifnull(): evaluates its arguments one by one."""

    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AggregateCall(Expression):
    """An aggregate in a grouping. `factory` is the aggregate's implementation (see executor.functions.aggregates);
    `arguments` is empty for count(*)."""

    name: str
    arguments: tuple[Expression, ...]
    distinct: bool = False
    filter: Expression | None = None
    order_by: tuple[tuple[Expression, bool, str, bool | None], ...] = ()  # descending, collation, nulls_first
    factory: Any = None
    order: str = "BINARY"  # collation of min(), max() and DISTINCT


@dataclass(frozen=True, slots=True)
class RowValue(Expression):
    """(a, b, …): only as an operand of comparisons and IN; the binder removes it."""

    items: tuple[Expression, ...]


_CHILD_FIELDS: dict[type, tuple[str, ...]] = {}


def child_fields(kind: type) -> tuple[str, ...]:
    """The names of a node class's fields that hold expressions, in written order (worked out once per class)."""
    names = _CHILD_FIELDS.get(kind)
    if names is None:
        names = tuple(f.name for f in fields(kind) if "Expression" in str(f.type))
        _CHILD_FIELDS[kind] = names
    return names


def children(expression: Expression) -> Iterator[Expression]:
    """The direct sub-expressions, left to right (subqueries are not entered)."""
    for name in child_fields(expression.__class__):
        yield from _expressions_in(getattr(expression, name))


def _expressions_in(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions_in(item)


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything below it, parents first (subqueries are not entered)."""
    stack = [expression]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed([*children(node)])


def transform(expression: Expression, change: Any) -> Expression:
    """Rebuild bottom-up: `change(node)` returns the node or its replacement. Shares what does not change. A chain of operators, which
    leans to the left, costs no depth of Python's stack."""
    chain = []
    while expression.__class__ is Binary:
        chain.append(expression)
        expression = expression.left
    updates = {}
    for name in child_fields(expression.__class__):
        old = getattr(expression, name)
        new = transform(old, change) if isinstance(old, Expression) else _transform_items(old, change)
        if new is not old:
            updates[name] = new
    if updates:
        expression = replace(expression, **updates)  # type: ignore[type-var]
    expression = change(expression)
    for node in reversed(chain):
        right = transform(node.right, change)
        same = expression is node.left and right is node.right
        expression = change(node if same else Binary(node.op, expression, right))
    return expression


def _transform_items(value: Any, change: Any) -> Any:
    """The value of a field, with `transform` done to the expressions in a tuple."""
    if isinstance(value, Expression):
        return transform(value, change)
    if isinstance(value, tuple) and value:
        made = tuple([_transform_items(item, change) for item in value])
        return value if all(a is b for a, b in zip(made, value)) else made
    return value


def conjuncts(expression: Expression | None) -> list[Expression]:
    """The operands of a top-level AND, flattened."""
    if expression is None:
        return []
    if isinstance(expression, And):
        return [part for operand in expression.operands for part in conjuncts(operand)]
    return [expression]
