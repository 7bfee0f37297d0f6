"""ORDER BY, LIMIT and OFFSET.

An ORDER BY term of a SELECT is, in this order (COLLATE around it set aside): an integer, which names an output
column; the alias of one, or the name that `*` gave it; else an expression. An expression that equals an output column
becomes that column too, so that it is not evaluated twice.
In a compound every term must be an output column: by number, by alias in any arm, or by equality with the expression
of any arm, the leftmost arm that has it deciding. Terms are bound in the arm's own scope for that (`Arm` keeps it).

Collation of a term: its COLLATE, else the expression's own, else BINARY.

Example: ``SELECT a AS b, b AS a FROM t ORDER BY a`` sorts by the second column; ``ORDER BY a + 0`` by the table's a.

Errors: `1st ORDER BY term out of range - should be between 1 and 2`, `2nd ORDER BY term does not match any column in
the result set`. LIMIT and OFFSET see no columns at all, only CTEs (through subqueries).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.affinity import collation_of
from aerodb_dbapi.planner.bind_context import Context, fail, identifier, ordinal, skip_collate, unwrap
from aerodb_dbapi.planner.bind_expressions import bind_expression, written_collation
from aerodb_dbapi.planner.expressions import Collate, Constant, Expression, Parameter
from aerodb_dbapi.planner.parse import number_value
from aerodb_dbapi.planner.query import Order, OutputColumn, Query
from aerodb_dbapi.planner.scope import Scope
from aerodb_dbapi.planner.usage import same
from aerodb_dbapi.storage.catalog import fold
from aerodb_dbapi.storage.errors import OperationalError

_NUMBER_MAX: Final = 2**31 - 1  # a greater integer is an expression like any other


@dataclass(slots=True)
class Arm:
    """What ORDER BY needs to know of a bound SELECT: its scope, its output expressions, their aliases by folded
    name."""

    scope: Scope
    outputs: list[Expression]
    aliases: dict[str, int]
    query: Query | None = None


def position_in(outputs: Iterable[Expression], expression: Expression) -> int | None:
    """The first output column that is this expression."""
    if isinstance(expression, Constant | Parameter):
        return None
    return next((i for i, output in enumerate(outputs) if same(output, expression)), None)


def written_integer(node: Any) -> int | None:
    """The value of an integer literal with any signs before it, as ORDER BY and GROUP BY take it for a column
    number."""
    node, sign = unwrap(node), 1
    while type(node) in (exp.Neg, exp.Cbrt):
        sign = -sign if type(node) is exp.Neg else sign
        node = unwrap(node.this)
    if type(node) is not exp.Literal or node.args["is_string"]:
        return None
    value = number_value(node)
    return sign * value if isinstance(value, int) else None


def column_number(node: Any, width: int, term: int, clause: str) -> int | None:
    """The 0-based output column that a term names by number; None if it is no integer."""
    number = written_integer(node)
    if number is None or abs(number) > _NUMBER_MAX:
        return None
    if not 1 <= number <= width:
        fail(f"{ordinal(term)} {clause} term out of range - should be between 1 and {width}")
    return number - 1


def bare_name(node: Any) -> str | None:
    """The folded name if the tree is an unqualified column."""
    if type(node) is exp.Column and node.args.get("table") is None:
        return fold(identifier(node.this))
    return None


def collation_around(node: Any) -> str | None:
    """The collation written around a term."""
    node = unwrap(node)
    return written_collation(node) if type(node) is exp.Collate else None


def _term(node: Any, expression: Expression, own: str | None) -> Order:
    descending = bool(node.args.get("desc"))
    nulls_first = bool(node.args.get("nulls_first"))
    return Order(
        expression,
        descending,
        collation_around(node.this) or own or "BINARY",
        None if nulls_first is not descending else nulls_first,
    )


def select_order(context: Context, clause: Any, arm: Arm) -> list[Order]:
    """The ORDER BY of one SELECT, over its sources (before grouping)."""
    made: list[Order] = []
    for number, node in enumerate(clause.expressions if clause is not None else (), 1):
        core = skip_collate(node.this)
        position = column_number(core, len(arm.outputs), number, "ORDER BY")
        if position is None:
            position = arm.aliases.get(bare_name(core) or "")
        if position is None:
            expression = bind_expression(context, core, arm.scope)
            position = position_in(arm.outputs, expression)
            if position is None:
                made.append(_term(node, expression, collation_of(expression)))
                continue
        own = collation_of(arm.outputs[position])
        made.append(_term(node, OutputColumn(position, own), own))
    return made


def compound_order(context: Context, clause: Any, query: Query, parts: list[Query]) -> list[Order]:
    """The ORDER BY of a compound or recursive query whose arms are `parts`."""
    made: list[Order] = []
    for number, node in enumerate(clause.expressions if clause is not None else (), 1):
        core = skip_collate(node.this)
        position = column_number(core, len(query.names), number, "ORDER BY")
        if position is None:
            position = next((i for i in (_match(context, core, part) for part in parts) if i is not None), None)
        if position is None:
            fail(f"{ordinal(number)} ORDER BY term does not match any column in the result set")
        own = query.collations[position]
        made.append(_term(node, OutputColumn(position, own), own))
    return made


def _match(context: Context, node: Any, part: Query) -> int | None:
    """The output column of one arm that a term names or equals."""
    arm = context.arms.get(id(part))
    if arm is None:
        return None
    position = arm.aliases.get(bare_name(node) or "")
    if position is not None:
        return position
    try:
        outputs = [output.operand if isinstance(output, Collate) else output for output in arm.outputs]
        return position_in(outputs, bind_expression(context, node, arm.scope))
    except OperationalError:
        return None


def bind_limits(context: Context, node: Any, scope: Scope) -> tuple[Expression | None, Expression | None]:
    """LIMIT and OFFSET of a query's tree."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is None:
        return None, None
    closed = scope.detached()
    made = bind_expression(context, limit.expression, closed)
    return made, None if offset is None else bind_expression(context, offset.expression, closed)
