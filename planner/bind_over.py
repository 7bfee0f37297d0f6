"""Calls with OVER: a function, the rows it looks at, and where it may stand.

`rewrite_windows` describes the tree. A window is what is written in the parentheses, or a copy of a named one; a named
one may extend an earlier one. Names in it are looked up anew for each use, so that aliases count in ORDER BY and not
in the select list, as in SQLite. The use is noted in the block's scope and stands in the expression as
`PendingWindow`, which `bind_windows` replaces when the block is complete. Equal uses share one entry.

    row_number, rank and the like ignore the frame: they get the one that SQLite gives them, since windows are computed
    together only if all of it is the same.

A frame's offset is a constant: literals, parameters and operators. Anything else counts as NULL, which the run
refuses: `frame starting offset must be a non-negative integer`.

Example: ``sum(a) OVER w … WINDOW w AS (PARTITION BY b)`` → uses[0] = WindowUse(sum, (a,), None, ((b, 'BINARY'),), (),
Frame(), 'BINARY'), expression PendingWindow(windows, 0).

Windows are allowed in the select list and in ORDER BY, and not inside one another. Errors have SQLite's texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.affinity import collation_of
from aerodb_dbapi.planner.bind_context import FUNCTION_MARK, Context, fail, identifier
from aerodb_dbapi.planner.bind_functions import call_arguments, is_scalar, no_function, order_terms, with_collation
from aerodb_dbapi.planner.expressions import NULL, TRUE, Collate, Expression
from aerodb_dbapi.planner.functions import NO_WINDOW, WINDOW_ONLY, AggregateFunction, aggregate_written
from aerodb_dbapi.planner.query import Frame, Order
from aerodb_dbapi.planner.scope import NO_WINDOWS, PendingWindow, Scope, WindowUse
from aerodb_dbapi.planner.subtypes import subtyped
from aerodb_dbapi.planner.usage import same
from aerodb_dbapi.storage.catalog import fold
from aerodb_dbapi.storage.errors import OperationalError

_OWN_FRAMES: Final = {
    "row_number": Frame("ROWS"),
    "rank": Frame(),
    "dense_rank": Frame(),
    "percent_rank": Frame("GROUPS", "CURRENT", "UNBOUNDED"),
    "cume_dist": Frame("GROUPS", "FOLLOWING", "UNBOUNDED", start_offset=TRUE),
    "ntile": Frame("ROWS", "CURRENT", "UNBOUNDED"),
    "lead": Frame("ROWS", "UNBOUNDED", "UNBOUNDED"),
    "lag": Frame("ROWS"),
}
_CONSTANT_NODES: Final = (
    exp.Literal, exp.Parameter, exp.Var, exp.Null, exp.Boolean, exp.HexString, exp.Binary, exp.Unary, exp.Cast,
    exp.DataType, exp.Case, exp.If, exp.Between, exp.In, exp.Cbrt,
)  # fmt: skip


def bind_over(context: Context, node: Any, scope: Scope) -> Expression:
    """A call of ``w$over``: a function with its window."""
    call, window = node.expressions
    condition = None
    if type(call) is exp.Filter:
        call, condition = call.this, call.expression.this
    written = str(call.this).removeprefix(FUNCTION_MARK)
    trees, distinct, order = call_arguments(call)
    if distinct:
        fail("DISTINCT is not supported for window functions")
    if order is not None:
        fail(f"ORDER BY may not be used with non-aggregate {written}()")
    function = _function(context, written, len(trees))
    allowed = scope.windows_allowed
    if not allowed and context.trace is None:
        fail(NO_WINDOWS.format(written))
    scope.windows_allowed = False
    try:
        arguments = tuple([context.expression(context, tree, scope) for tree in trees])
        if function.takes_subtypes:
            arguments = tuple([subtyped(context, scope, one) for one in arguments])
        use = _use(context, scope, window, function, arguments, condition)
    finally:
        scope.windows_allowed = allowed
    if not allowed:
        return NULL
    return with_collation(_note(context, scope, use), arguments)


def _function(context: Context, written: str, count: int) -> AggregateFunction:
    function = aggregate_written(context.functions, fold(written), count)
    if function is None and not is_scalar(context, written, count):
        no_function(context, written)
    if function is None or function.window == NO_WINDOW:
        fail(f"{written}() may not be used as a window function")
    return function


def _use(
    context: Context,
    scope: Scope,
    window: Any,
    function: AggregateFunction,
    arguments: tuple[Expression, ...],
    condition: Any,
) -> WindowUse:
    raw = _window(window, scope.named_windows)
    frame = _frame(context, raw.frame, scope)
    offsets = frame.start_offset is not None or frame.end_offset is not None
    if frame.unit == "RANGE" and offsets and (raw.order is None or len(raw.order.expressions) != 1):
        fail("RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression")
    if function.window == WINDOW_ONLY:
        if condition is not None:
            fail("FILTER clause may only be used with aggregate window functions")
        frame = _OWN_FRAMES.get(function.name, frame)
    partition = []
    for tree in raw.partition:
        made = context.expression(context, tree, scope)
        order = collation_of(made) or "BINARY"
        while isinstance(made, Collate):
            made = made.operand
        partition.append((made, order))
    return WindowUse(
        function,
        arguments,
        None if condition is None else context.expression(context, condition, scope),
        tuple(partition),
        tuple([Order(*term) for term in order_terms(context, raw.order, scope)]),
        frame,
        (collation_of(arguments[0]) if arguments else None) or "BINARY",
    )


def _note(context: Context, scope: Scope, use: WindowUse) -> PendingWindow:
    if scope.windows is None:
        scope.windows = context.next_id()
    for position, known in enumerate(scope.uses):
        if known == use and all(map(same, _parts(known), _parts(use))):
            return PendingWindow(scope.windows, position)
    scope.uses.append(use)
    return PendingWindow(scope.windows, len(scope.uses) - 1)


def _parts(use: WindowUse) -> list[Expression]:
    offsets = (use.filter, use.frame.start_offset, use.frame.end_offset)
    terms = [*use.partition, *[(term.expression, "") for term in use.order_by]]
    return [*use.arguments, *[one for one in offsets if one is not None], *[expression for expression, _ in terms]]


# --- windows as written -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Raw:
    """A window's trees: partition terms, the ORDER BY clause, the frame."""

    partition: Sequence[Any]
    order: Any
    frame: Any


def check_definitions(named: Sequence[Any]) -> None:
    """Refuse what a WINDOW clause may not say, used or not. SQLite does not look at the base of the first one."""
    for number in range(1, len(named)):
        _spec(named[number].args["partition_by"][0], named[:number])


def trace_definitions(context: Context, named: Sequence[Any], scope: Scope) -> None:
    """Tell `Context.trace` what the definitions of a WINDOW clause name: one that nobody uses is not bound otherwise."""
    for definition in named:
        _, partition, order, frame = definition.args["partition_by"][0].expressions
        terms = [] if type(partition) is exp.Null else list(partition.expressions)
        if type(order) is not exp.Null:
            terms += [term.this for term in order.expressions[0].expressions]
        if type(frame) is not exp.Null:
            terms += [frame.expressions[2], frame.expressions[4]]
        for term in terms:
            with suppress(OperationalError):
                context.expression(context, term, scope.inner())


def _window(tree: Any, named: Sequence[Any]) -> _Raw:
    """What follows OVER: a name, or a window in parentheses."""
    if type(tree) is exp.Literal:
        return _named(tree.this, named)
    return _spec(tree, named)


def _named(name: str, named: Sequence[Any]) -> _Raw:
    key = fold(name)
    for number in reversed(range(len(named))):
        if fold(identifier(named[number].this)) == key:
            return _spec(named[number].args["partition_by"][0], named[:number], number > 0)
    fail(f"no such window: {name}")


def _spec(tree: Any, named: Sequence[Any], based: bool = True) -> _Raw:
    """A window in parentheses; `based`: the name that it begins with counts, which SQLite overlooks in the first definition."""
    base, partition, order, frame = [None if type(part) is exp.Null else part for part in tree.expressions]
    raw = _Raw(
        () if partition is None else partition.expressions, None if order is None else order.expressions[0], frame
    )
    if base is None or not based:
        return raw
    found = _named(base.this, named)
    for written, clause in (
        (bool(raw.partition), "PARTITION clause"),
        (found.order is not None and raw.order is not None, "ORDER BY clause"),
        (found.frame is not None, "frame specification"),
    ):
        if written:
            fail(f"cannot override {clause} of window: {base.this}")
    return replace(raw, partition=found.partition, order=found.order if raw.order is None else raw.order)


def _frame(context: Context, tree: Any, scope: Scope) -> Frame:
    if tree is None:
        return Frame()
    unit, start, first, end, last, exclude = tree.expressions
    return Frame(
        unit.this, start.this, end.this, exclude.this,
        _offset(context, start, first, scope), _offset(context, end, last, scope),
    )  # fmt: skip


def _offset(context: Context, kind: Any, tree: Any, scope: Scope) -> Expression | None:
    """The offset of a bound of that kind; NULL for one that is no constant."""
    if kind.this not in ("PRECEDING", "FOLLOWING"):
        return None
    if not all(isinstance(node, _CONSTANT_NODES) for node in tree.walk()):
        return NULL
    return context.expression(context, tree, scope.detached())
