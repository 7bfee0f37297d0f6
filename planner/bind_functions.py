"""Function calls: scalar functions, aggregates, and the few that are nodes of their own.

Which function a call means is the resolver's answer for (folded name, number of arguments); an aggregate is
preferred, so that ``max(a)`` is one and ``max(a, b)`` is not. Nobody knows it: `no such function: f`, or, if the name
exists with other counts, `wrong number of arguments to function f()`.

An aggregate call belongs to the innermost block whose columns its arguments use (to the current one if they use none):
``SELECT (SELECT sum(t.a) FROM u) FROM t`` sums over t. It is noted in that scope's `calls`, and the expression gets a
`Pending` node, which `bind_group` replaces when the block is complete. Equal calls share one entry.

coalesce, ifnull, iif and nullif become `Coalesce` and `Case`, since they evaluate their arguments one by one. Scalar
min() and max() under another collation than BINARY become `Case` too: a call knows nothing of collations.

Example: ``count(DISTINCT b) FILTER (WHERE a > 1)`` → calls[0] = AggregateCall('count', (b,), distinct=True, filter=a
> 1, order='NOCASE' if b has that collation), expression Pending(group, 0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NoReturn

from sqlglot import exp

from aerodb_dbapi.planner.affinity import collation_of, has_collate
from aerodb_dbapi.planner.bind_context import FUNCTION_MARK, Context, fail, unsupported
from aerodb_dbapi.planner.expressions import (
    NULL,
    AggregateCall,
    Call,
    Case,
    CaseBase,
    Coalesce,
    Collate,
    Compare,
    Constant,
    Expression,
    IsNull,
    Like,
    Or,
)
from aerodb_dbapi.planner.functions import WINDOW_ONLY, AggregateFunction, aggregate_written
from aerodb_dbapi.planner.scope import ALLOWED, FORBIDDEN, MISPLACED, NO_WINDOWS, Pending, Scope
from aerodb_dbapi.planner.subtypes import subtyped
from aerodb_dbapi.planner.usage import same, sources_in
from aerodb_dbapi.storage.catalog import fold

Term = tuple[Expression, bool, str, bool | None]  # expression, descending, collation, nulls_first
_UNORDERED: Final = frozenset(("avg", "count", "max", "min", "sum", "total"))  # the order of rows changes nothing
ARGUMENTS_MAX: Final = 127
_LAZY: Final = frozenset(("coalesce", "ifnull", "iif", "nullif"))


def bind_call(context: Context, node: Any, scope: Scope, condition: Any = None) -> Expression:
    """A call `f(…)`, as written with `f$` before its name; `condition` is the FILTER's."""
    written = str(node.this).removeprefix(FUNCTION_MARK)
    name = fold(written)
    arguments, distinct, order = call_arguments(node)
    if len(arguments) > ARGUMENTS_MAX:
        fail(f"too many arguments on function {written}")
    aggregate = context.functions.aggregate(name, len(arguments))
    if aggregate is None and (distinct or condition is not None or order is not None):
        aggregate = aggregate_written(context.functions, name, len(arguments))
    if aggregate is not None:
        if aggregate.window == WINDOW_ONLY and context.trace is None:
            fail(NO_WINDOWS.format(written))
        return _aggregate(context, scope, aggregate, written, (arguments, distinct, condition, order))
    if condition is not None:
        if not is_scalar(context, written, len(arguments)):
            no_function(context, written)
        fail(f"FILTER may not be used with non-aggregate {written}()")
    if order is not None:
        fail(f"ORDER BY may not be used with non-aggregate {written}()")
    bound = tuple(context.expression(context, argument, scope) for argument in arguments)
    special = _SPECIAL.get((name, len(bound)))
    if special is None and name in _ANY_NUMBER and len(bound) > 1:
        special = _ANY_NUMBER[name]
    if special is not None and not context.functions.overrides(name, len(bound)):
        return special(context, bound)
    made = bind_plain(context, written, bound)
    found = context.functions.scalar(name, len(bound))
    if found is not None and found.takes_subtypes and isinstance(made, Call):
        return replace(made, arguments=tuple(subtyped(context, scope, one) for one in bound))
    return made


def bind_filtered(context: Context, node: Any, scope: Scope) -> Expression:
    """`f(…) FILTER (WHERE …)`."""
    if type(node.this) is not exp.Anonymous:
        unsupported("FILTER on this expression")
    return bind_call(context, node.this, scope, node.expression.this)


def bind_plain(context: Context, written: str, arguments: tuple[Expression, ...]) -> Expression:
    """A scalar function by name."""
    name = fold(written)
    found = context.functions.scalar(name, len(arguments))
    if found is None:
        if name == "like" and len(arguments) in (2, 3):
            return Like("LIKE", arguments[1], arguments[0], arguments[2] if len(arguments) == 3 else None)
        no_function(context, written)
    if name in ("min", "max"):
        order = next((c for c in map(collation_of, arguments) if c is not None), "BINARY")
        if order != "BINARY":
            return _extreme(name, order, arguments)
    call = found.call if found.timed is None else found.timed
    return Call(name, arguments, call, found.deterministic, found.needs_session, found.timed is not None)


def is_scalar(context: Context, written: str, count: int) -> bool:
    """Whether a name with so many arguments is a scalar function."""
    name = fold(written)
    special = (name, count) in _SPECIAL or (name == "coalesce" and count > 1)
    return special or context.functions.scalar(name, count) is not None


def no_function(context: Context, written: str) -> NoReturn:
    """Refuse a name, or its number of arguments."""
    name = fold(written)
    if name in _LAZY or context.functions.exists(name):
        fail(f"wrong number of arguments to function {written}()")
    fail(f"no such function: {written}")


def call_arguments(node: Any) -> tuple[list[Any], bool, Any]:
    """The argument trees (`*` is none), whether they are DISTINCT, and the ORDER BY after them."""
    arguments = node.expressions
    order = None
    if arguments and type(arguments[-1]) is exp.Order:
        order = arguments[-1]
        arguments = [*arguments[:-1], order.this]
    if len(arguments) == 1:
        only = arguments[0]
        if type(only) is exp.Star:
            return [], False, None
        if type(only) is exp.Distinct:
            return list(only.expressions), True, order
    return arguments, False, order


def order_terms(context: Context, clause: Any, scope: Scope) -> list[Term]:
    """The terms of an ORDER BY inside a call or a window; a number in it is a number."""
    made: list[Term] = []
    for node in clause.expressions if clause is not None else ():
        expression = context.expression(context, node.this, scope)
        collation = collation_of(expression) or "BINARY"
        while isinstance(expression, Collate):
            expression = expression.operand
        descending, nulls_first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
        made.append((expression, descending, collation, None if nulls_first is not descending else nulls_first))
    return made


# --- aggregates -------------------------------------------------------------------------------------------------------


def _aggregate(
    context: Context, scope: Scope, function: AggregateFunction, written: str, parts: tuple[list[Any], bool, Any, Any]
) -> Expression:
    trees, distinct, condition, clause = parts
    allowed = scope.aggregates
    if distinct and len(trees) != 1 and context.trace is None:
        fail("DISTINCT aggregates must have exactly one argument")
    scope.aggregates = FORBIDDEN
    windows, scope.windows_allowed = scope.windows_allowed, False
    try:
        arguments = tuple(context.expression(context, tree, scope) for tree in trees)
        test = None if condition is None else context.expression(context, condition, scope)
        terms = order_terms(context, clause, scope)
        if allowed is FORBIDDEN and context.trace is None:  # of the mistakes in it the last counts
            fail(allowed.format(written))
    finally:
        scope.aggregates, scope.windows_allowed = allowed, windows
    order = (collation_of(arguments[0]) if arguments else None) or "BINARY"
    if function.takes_subtypes:
        arguments = tuple(subtyped(context, scope, one) for one in arguments)
    kept = () if fold(written) in _UNORDERED and not function.user else tuple(terms)
    call = AggregateCall(fold(written), arguments, distinct, test, kept, function.factory, order)
    used = [*arguments, *(term[0] for term in terms)]
    owner = _owner(scope, tuple(used if test is None else [*used, test]))
    if owner.aggregates is not ALLOWED and context.trace is not None:
        return NULL  # ALTER TABLE does not mind what is wrong beside names
    if owner.aggregates is not ALLOWED:
        outside = owner is not scope and owner.aggregates is FORBIDDEN
        fail((MISPLACED if outside else owner.aggregates).format(written))
    noted = _note(context, owner, call)
    return with_collation(noted, arguments)


def with_collation(result: Expression, arguments: tuple[Expression, ...]) -> Expression:
    """A call's result: COLLATE written in an argument counts for it too."""
    marked = next((argument for argument in arguments if has_collate(argument)), None)
    name = None if marked is None else collation_of(marked)
    return result if name is None else Collate(result, name)


def _owner(scope: Scope, arguments: tuple[Expression, ...]) -> Scope:
    """The innermost block that has a source which the arguments use."""
    used = frozenset[int]().union(*(sources_in(argument) for argument in arguments))
    at: Scope | None = scope
    while at is not None and used:
        if not used.isdisjoint(at.source_ids()):
            break
        at = at.parent
    owner = scope if at is None else at
    passed = scope
    while passed is not owner and passed.parent is not None:
        passed.correlated = True
        passed = passed.parent
    return owner


def _note(context: Context, owner: Scope, call: AggregateCall) -> Pending:
    if owner.group is None:
        owner.group = context.next_id()
    for position, known in enumerate(owner.calls):
        if same(known, call):
            return Pending(owner.group, position)
    owner.calls.append(call)
    return Pending(owner.group, len(owner.calls) - 1)


# --- functions that are nodes -----------------------------------------------------------------------------------------


def _coalesce(context: Context, arguments: tuple[Expression, ...]) -> Expression:
    return Coalesce(arguments)


def _iif(context: Context, arguments: tuple[Expression, ...]) -> Expression:
    """Conditions and values in turns, at the end perhaps the value if none is true."""
    whole = len(arguments) // 2 * 2
    branches = tuple(zip(arguments[:whole:2], arguments[1:whole:2]))
    return Case(branches, arguments[-1] if len(arguments) > whole else NULL)


def _nullif(context: Context, arguments: tuple[Expression, ...]) -> Expression:
    """NULL if both are equal (no affinity; the first collation of the two), else the first."""
    first, second = arguments
    order = collation_of(first) or collation_of(second) or "BINARY"
    return Case(((Compare("=", CaseBase(), second, order=order), NULL),), first, first)


def _extreme(name: str, order: str, arguments: tuple[Expression, ...]) -> Expression:
    """min(a, b, …) or max(a, b, …) under a collation, two at a time; NULL if any is NULL."""
    made = arguments[0]
    for other in arguments[1:]:
        better = Compare(">=" if name == "max" else "<", made, other, order=order)
        made = Case(((Or((IsNull(made), IsNull(other))), NULL), (better, made)), other)
    return made


def _likelihood(context: Context, arguments: tuple[Expression, ...]) -> Expression:
    chance = arguments[1]
    if not (isinstance(chance, Constant) and chance.value.__class__ is float and 0.0 <= chance.value <= 1.0):
        fail("second argument to likelihood() must be a constant between 0.0 and 1.0")
    return bind_plain(context, "likelihood", arguments)


_SPECIAL: Final[dict[tuple[str, int], Callable[[Context, tuple[Expression, ...]], Expression]]] = {
    ("ifnull", 2): _coalesce,
    ("nullif", 2): _nullif,
    ("likelihood", 2): _likelihood,
}
_ANY_NUMBER: Final[dict[str, Callable[[Context, tuple[Expression, ...]], Expression]]] = {
    "coalesce": _coalesce,
    "iif": _iif,
}
