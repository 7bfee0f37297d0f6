"""Expressions: sqlglot's nodes to bound ones, by a table from node class to function.

Every function takes (context, node, scope) and returns a bound expression that is a *scalar*. Row values `(a, b)` and
subqueries of several columns are lists of expressions; only comparisons, IN, BETWEEN and CASE ask for them (`sides`),
all others answer `row value misused`. A comparison of rows is spelled out (`affinity.compare_rows`).

Names are the matter of `bind_names`, calls that of `bind_functions`.

Chains: `a + b + …` and `a AND b AND …` of any length are walked in a loop, since sqlglot nests them to the left.

Example: ``a BETWEEN '1' AND b`` with ``a INT`` → Between(a, '1', b, low_apply=(None, 'NUMERIC'), …).

The errors are SQLite's own texts. Does not fold constants: rules do. JSON operators: `NotSupportedError` (INV-F2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.affinity import (
    applied,
    collation_of,
    compare_affinity,
    compare_rows,
    comparison_form,
    has_collate,
    make_between,
    make_compare,
    order_of,
)
from aerodb_dbapi.planner.bind_build import block, copy_query
from aerodb_dbapi.planner.bind_context import (
    SOURCE,
    Context,
    fail,
    identifier,
    unsupported,
    unwrap,
)
from aerodb_dbapi.planner.bind_functions import bind_call, bind_filtered, bind_plain
from aerodb_dbapi.planner.bind_names import bind_column, look_up
from aerodb_dbapi.planner.bind_over import bind_over
from aerodb_dbapi.planner.expressions import (
    FALSE,
    NULL,
    TRUE,
    And,
    Between,
    Binary,
    Case,
    CaseBase,
    Cast,
    Collate,
    Column,
    Compare,
    Constant,
    Exists,
    Expression,
    InList,
    InQuery,
    IsNull,
    IsTrue,
    Like,
    Not,
    Or,
    Parameter,
    ParameterList,
    RowParameter,
    ScalarQuery,
    Unary,
)
from aerodb_dbapi.planner.lists import typical_count
from aerodb_dbapi.planner.parse import cast_affinity, list_slot, number_value, parameter_slot
from aerodb_dbapi.planner.query import Join, Query, QuerySource, Values
from aerodb_dbapi.planner.rewrite_windows import OVER
from aerodb_dbapi.planner.scope import Scope
from aerodb_dbapi.storage.collations import is_known
from aerodb_dbapi.storage.errors import OperationalError

Handler = Callable[[Context, Any, Scope], Expression]

_BINARY: Final[dict[type, str]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
    exp.DPipe: "||",
}
_COMPARE: Final[dict[type, str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Is: "IS",
    exp.NullSafeEQ: "IS",
    exp.NullSafeNEQ: "IS NOT",
}
_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Values)
_ROW_MISUSED: Final = "row value misused"


def bind_expression(context: Context, node: Any, scope: Scope) -> Expression:
    """The bound form of a scalar expression."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        unsupported(f"the SQL construct {type(node).__name__}")
    return handler(context, node, scope)


# --- literals ---------------------------------------------------------------------------------------------------------


def _literal(context: Context, node: Any, scope: Scope) -> Expression:
    return Constant(node.this) if node.args["is_string"] else Constant(number_value(node))


def _blob(context: Context, node: Any, scope: Scope) -> Expression:
    return Constant(bytes.fromhex(node.this))


def _boolean(context: Context, node: Any, scope: Scope) -> Expression:
    found = look_up(context, scope, "true" if node.this else "false")
    return found if found is not None else (TRUE if node.this else FALSE)


def _null(context: Context, node: Any, scope: Scope) -> Expression:
    return NULL


def _parameter(context: Context, node: Any, scope: Scope) -> Expression:
    slot = parameter_slot(node)
    if slot >= 0:
        return Parameter(slot)
    kind, slot, number = list_slot(node)
    return RowParameter(slot, number) if kind == "r" else ParameterList(slot, count=typical_count(number))


def _clock(name: str) -> Handler:
    return lambda context, node, scope: bind_plain(context, name, ())


# --- operators --------------------------------------------------------------------------------------------------------


def _binary(context: Context, node: Any, scope: Scope) -> Expression:
    chain = []
    while type(node) in _BINARY:
        chain.append((_BINARY[type(node)], node.expression))
        node = node.this
    made = bind_expression(context, node, scope)
    for op, right in reversed(chain):
        made = Binary(op, made, bind_expression(context, right, scope))
    return made


def _logical(kind: Any, made: type[And] | type[Or]) -> Handler:
    def bind(context: Context, node: Any, scope: Scope) -> Expression:
        operands = []
        left: Any = node
        while type(left) is kind:
            operands.append(left.expression)
            left = unwrap(left.this)
        operands.append(left)
        return made(tuple([bind_expression(context, operand, scope) for operand in reversed(operands)]))

    return bind


def _not(context: Context, node: Any, scope: Scope) -> Expression:
    return negate(bind_expression(context, node.this, scope))


def negate(expression: Expression) -> Expression:
    """NOT of an expression, by the node's own flag where it has one."""
    if isinstance(expression, IsNull | IsTrue | InList | InQuery | Exists | Between | Like):
        return replace(expression, negated=not expression.negated)
    if isinstance(expression, Compare) and expression.op in ("IS", "IS NOT"):
        return replace(expression, op="IS NOT" if expression.op == "IS" else "IS")
    return Not(expression)


def _minus(context: Context, node: Any, scope: Scope) -> Expression:
    inner = unwrap(node.this)
    if type(inner) is exp.Literal and not inner.args["is_string"]:
        value = number_value(inner)
        if inner.this == "9223372036854775808":
            return Constant(-9223372036854775808)
        if (value != 0 or value.__class__ is float) and value != -9223372036854775808:
            return Constant(-value)
    return Unary("-", bind_expression(context, inner, scope))


def _unary(op: str) -> Handler:
    return lambda context, node, scope: Unary(op, bind_expression(context, node.this, scope))


def _paren(context: Context, node: Any, scope: Scope) -> Expression:
    return bind_expression(context, node.this, scope)


def _collate(context: Context, node: Any, scope: Scope) -> Expression:
    return Collate(bind_expression(context, node.this, scope), written_collation(node))


def written_collation(node: Any) -> str:
    """The collation that a Collate node names."""
    written = identifier(node.expression)
    name = written.upper()
    if not is_known(name):
        raise OperationalError(f"no such collation sequence: {written}", name="SQLITE_ERROR_MISSING_COLLSEQ")
    return name


def _cast(context: Context, node: Any, scope: Scope) -> Expression:
    return Cast(bind_expression(context, node.this, scope), cast_affinity(node))


def _case(context: Context, node: Any, scope: Scope) -> Expression:
    base = node.this
    branches: list[tuple[Expression, Expression]] = []
    bound_base = None if base is None else sides(context, base, scope)
    for branch in node.args["ifs"]:
        if bound_base is None:
            condition = bind_expression(context, branch.this, scope)
        else:
            condition = _compared("=", bound_base, sides(context, branch.this, scope), context)
            if isinstance(bound_base, Expression) and isinstance(condition, Compare):
                condition = replace(condition, left=CaseBase())
        branches.append((condition, bind_expression(context, branch.args["true"], scope)))
    default = node.args.get("default")
    otherwise = NULL if default is None else bind_expression(context, default, scope)
    return Case(tuple(branches), otherwise, bound_base if isinstance(bound_base, Expression) else None)


# --- comparisons ------------------------------------------------------------------------------------------------------


def sides(context: Context, node: Any, scope: Scope) -> Expression | list[Expression]:
    """An operand that may be a row value: its columns then."""
    node = unwrap(node)
    if type(node) is exp.Tuple:
        return [bind_expression(context, item, scope) for item in node.expressions]
    if type(node) is exp.Subquery:
        query = _nested(context, node.this, scope)
        return _row_of_query(context, query) if len(query.names) > 1 else _scalar(query)
    return bind_expression(context, node, scope)


def _row_of_query(context: Context, query: Query) -> list[Expression]:
    """The first row of a query, column by column: each is the scalar subquery of that column, over a copy of the
    query."""
    made: list[Expression] = []
    for position in range(len(query.names)):
        source = QuerySource(id=context.next_id(), name="", query=query)
        column = Column(source.id, position, "", query.affinities[position], query.collations[position])
        made.append(_scalar(block([Join(source)], [column])))
        query = copy_query(query, context.next_id)
    return made


def _compared(op: str, left: Any, right: Any, context: Context) -> Expression:
    if isinstance(left, Expression) and isinstance(right, Expression):
        return make_compare(op, left, right, context.stored)
    if isinstance(left, Expression) or isinstance(right, Expression) or len(left) != len(right):
        fail(_ROW_MISUSED)
    return compare_rows(op, left, right, context.stored)


def _compare(context: Context, node: Any, scope: Scope) -> Expression:
    op = _COMPARE[type(node)]
    if op[0] == "I":
        special = _is_special(context, node, scope, op != "IS")
        if special is not None:
            return special
    left = sides(context, node.this, scope)
    return _compared(op, left, sides(context, node.expression, scope), context)


def _is_special(context: Context, node: Any, scope: Scope, negated: bool) -> Expression | None:
    """`x IS NULL` and `x IS TRUE`."""
    right = unwrap(node.expression)
    if type(right) is exp.Null:
        return IsNull(bind_expression(context, node.this, scope), negated)
    if type(right) is exp.Boolean and look_up(context, scope, "true" if right.this else "false") is None:
        return IsTrue(bind_expression(context, node.this, scope), bool(right.this), negated)
    return None


def _between(context: Context, node: Any, scope: Scope) -> Expression:
    operand = sides(context, node.this, scope)
    low, high = sides(context, node.args["low"], scope), sides(context, node.args["high"], scope)
    if isinstance(operand, Expression) and isinstance(low, Expression) and isinstance(high, Expression):
        made = make_between(operand, low, high, context.stored)
    else:
        made = And((_compared(">=", operand, low, context), _compared("<=", operand, high, context)))
    return negate(made) if node.args.get("negate") else made


def _in(context: Context, node: Any, scope: Scope) -> Expression:
    left = sides(context, node.this, scope)
    query = node.args.get("query")
    if query is not None:
        return _in_query(context, left, _nested(context, query, scope))
    if node.args.get("field") is not None or node.args.get("unnest") is not None:
        unsupported("IN with a table name in this form")
    items = [_list_item(item) for item in node.expressions]
    if isinstance(left, Expression):
        if any(type(item) is exp.Tuple for item in items):
            fail(_ROW_MISUSED)
        return _in_list(left, tuple(bind_expression(context, item, scope) for item in items), context)
    return _in_rows(context, left, items, scope)


def _list_item(item: Any) -> Any:
    """An item of an IN list; a single row value carries a unary plus that keeps sqlglot from reading it as the list."""
    inner = unwrap(item.this) if type(item) is exp.Cbrt else item
    return inner if type(inner) is exp.Tuple else item


def _in_list(left: Expression, items: tuple[Expression, ...], context: Context) -> Expression:
    if not items:
        return FALSE
    affinity = comparison_form(left.affinity)
    items_apply = affinity if any(applied(item, affinity, context.stored) for item in items) else None
    single = len(items) == 1 and has_collate(items[0])  # then SQLite takes it for `=`
    order = order_of(left, items[0]) if single else collation_of(left) or "BINARY"
    return InList(left, items, False, applied(left, affinity, context.stored), items_apply, order)


def _in_rows(context: Context, left: list[Expression], items: list[Any], scope: Scope) -> Expression:
    rows = []
    for item in items:
        row = sides(context, item, scope)
        width = 1 if isinstance(row, Expression) else len(row)
        if isinstance(row, Expression) or width != len(left):
            fail(f"IN(...) element has {width} term{'' if width == 1 else 's'} - expected {len(left)}")
        rows.append(tuple(row))
    nothing: list[str | None] = [None] * len(left)
    names = [f"column{i + 1}" for i in range(len(left))]
    return _in_query(context, left, Values(names, list(nothing), list(nothing), list(nothing), rows)) if rows else FALSE


def _in_query(context: Context, left: Expression | list[Expression], query: Query) -> Expression:
    operands = [left] if isinstance(left, Expression) else left
    if len(query.names) != len(operands):
        fail(f"sub-select returns {len(query.names)} columns - expected {len(operands)}")
    forms = [compare_affinity(a.affinity, b) for a, b in zip(operands, query.affinities)]
    # the query's columns as seen from the comparison: their affinity and collation, not yet applied
    seen = [Column(-1, 0, "", a, c) for a, c in zip(query.affinities, query.collations)]
    return InQuery(
        tuple(operands),
        query,
        False,
        tuple(applied(operand, form, context.stored) for operand, form in zip(operands, forms)),
        tuple(applied(column, form, context.stored) for column, form in zip(seen, forms)),
        tuple(order_of(operand, column) for operand, column in zip(operands, seen)),
    )


def _pattern(op: str) -> Handler:
    """LIKE and GLOB; a function of that name of the application's takes their place."""
    name = op.lower()

    def bind(context: Context, node: Any, scope: Scope) -> Expression:
        operand = bind_expression(context, node.this, scope)
        pattern = bind_expression(context, node.expression, scope)
        if context.functions.overrides(name, 2):
            call = bind_plain(context, name, (pattern, operand))
            return Not(call) if node.args.get("negate") else call
        made = Like(op, operand, pattern)
        return negate(made) if node.args.get("negate") else made

    return bind


def _escape(context: Context, node: Any, scope: Scope) -> Expression:
    like = node.this
    if context.functions.overrides("like", 3):
        parts = (like.expression, like.this, node.expression)
        call = bind_plain(context, "like", tuple([bind_expression(context, part, scope) for part in parts]))
        return Not(call) if like.args.get("negate") else call
    if context.functions.overrides("like", 2):
        operand, pattern = bind_expression(context, like.this, scope), bind_expression(context, like.expression, scope)
        made = Like("LIKE", operand, pattern, bind_expression(context, node.expression, scope))
        return negate(made) if like.args.get("negate") else made
    inner = bind_expression(context, node.this, scope)
    assert isinstance(inner, Like)
    return replace(inner, escape=bind_expression(context, node.expression, scope))


def _as_call(name: str) -> Handler:
    """`x REGEXP y` is regexp(y, x), a function of the user's."""

    def bind(context: Context, node: Any, scope: Scope) -> Expression:
        operand = bind_expression(context, node.this, scope)
        arguments = (bind_expression(context, node.expression, scope), operand)
        if name == "MATCH" and context.trace is None and not context.functions.exists("match"):
            fail("unable to use function MATCH in the requested context")
        made = bind_plain(context, name, arguments)
        return Not(made) if node.args.get("negate") else made

    return bind


# --- subqueries -------------------------------------------------------------------------------------------------------


def _nested(context: Context, node: Any, scope: Scope) -> Query:
    """A query inside an expression, which sees the names of `scope`."""
    while type(node) is exp.Subquery and not node.args.get("with_"):
        node = node.this
    return context.select(context, node, scope, SOURCE)


def _scalar(query: Query) -> Expression:
    return ScalarQuery(query, query.affinities[0])


def _subquery(context: Context, node: Any, scope: Scope) -> Expression:
    query = _nested(context, node, scope)
    if len(query.names) != 1:
        fail(f"sub-select returns {len(query.names)} columns - expected 1")
    return _scalar(query)


def _exists(context: Context, node: Any, scope: Scope) -> Expression:
    return Exists(_nested(context, node.this, scope))


def _row_value(context: Context, node: Any, scope: Scope) -> Expression:
    fail(_ROW_MISUSED)


def _json(context: Context, node: Any, scope: Scope) -> Expression:
    unsupported("the JSON operators -> and ->>")


def _call(context: Context, node: Any, scope: Scope) -> Expression:
    return bind_over(context, node, scope) if node.this == OVER else bind_call(context, node, scope)


_HANDLERS: Final[dict[type, Handler]] = {
    exp.Column: bind_column,
    exp.Literal: _literal,
    exp.HexString: _blob,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Parameter: _parameter,
    exp.CurrentDate: _clock("current_date"),
    exp.CurrentTime: _clock("current_time"),
    exp.CurrentTimestamp: _clock("current_timestamp"),
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_COMPARE, _compare),
    exp.And: _logical(exp.And, And),
    exp.Or: _logical(exp.Or, Or),
    exp.Not: _not,
    exp.Neg: _minus,
    exp.BitwiseNot: _unary("~"),
    exp.Cbrt: _unary("+"),
    exp.Paren: _paren,
    exp.Collate: _collate,
    exp.Cast: _cast,
    exp.Case: _case,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _pattern("LIKE"),
    exp.Glob: _pattern("GLOB"),
    exp.Escape: _escape,
    exp.RegexpLike: _as_call("REGEXP"),
    exp.Match: _as_call("MATCH"),
    exp.Anonymous: _call,
    exp.Filter: bind_filtered,
    exp.Subquery: _subquery,
    exp.Exists: _exists,
    exp.Tuple: _row_value,
    exp.JSONExtract: _json,
    exp.JSONExtractScalar: _json,
}
