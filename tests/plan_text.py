"""A bound query as one line of SQL-like text, for golden tests of the rewriting rules: sources by name and id
(``t#1``)."""

from __future__ import annotations

from typing import Any

from aerodb_dbapi.planner import expressions as e
from aerodb_dbapi.planner.query import (
    Compound,
    Join,
    Order,
    OutputColumn,
    Query,
    QuerySource,
    Recursive,
    Select,
    Values,
)


def text(query: Query) -> str:
    """The query's logical form."""
    if isinstance(query, Compound):
        return f"({text(query.left)} {query.op.upper()} {text(query.right)}){_tail(query)}"
    if isinstance(query, Values):
        return "VALUES " + ", ".join(f"({_list(row)})" for row in query.rows)
    if isinstance(query, Recursive):
        return f"RECURSIVE({text(query.initial)}; {'; '.join(text(step) for step in query.steps)})"
    assert isinstance(query, Select)
    parts = [f"SELECT {'DISTINCT ' if query.distinct else ''}{_list(query.columns)}"]
    if query.joins:
        parts.append("FROM " + "".join(_join(join, at) for at, join in enumerate(query.joins)))
    if query.where:
        parts.append("WHERE " + " AND ".join(map(expr, query.where)))
    if query.group is not None:
        parts.append(f"GROUP#{query.group.id} BY [{_list(query.group.keys)}] CALLS [{_list(query.group.calls)}]")
    if query.having:
        parts.append("HAVING " + " AND ".join(map(expr, query.having)))
    return " ".join(parts) + _tail(query)


def _tail(query: Any) -> str:
    found = ""
    if query.order_by:
        found += " ORDER BY " + ", ".join(_order(term) for term in query.order_by)
    if query.limit is not None:
        found += f" LIMIT {expr(query.limit)}"
    return found + (f" OFFSET {expr(query.offset)}" if query.offset is not None else "")


def _order(term: Order) -> str:
    return expr(term.expression) + (" DESC" if term.descending else "")


def _join(join: Join, at: int) -> str:
    source = join.source
    name = f"{source.name}#{source.id}"
    if isinstance(source, QuerySource):
        name = f"({text(source.query)}) {'shared ' if source.shared else ''}{name}"
    on = " ON " + " AND ".join(map(expr, join.on)) if join.on else ""
    lead = {"inner": ", ", "left": " LEFT JOIN ", "cross": " CROSS JOIN "}[join.kind] if at else ""
    return lead + name + on


def _list(items: Any) -> str:
    return ", ".join(map(expr, items))


def _sides(*sides: tuple[e.Expression, str | None]) -> list[str]:
    return [expr(side) + (f"::{apply}" if apply else "") for side, apply in sides]


def expr(node: e.Expression) -> str:
    """One expression; a side that a comparison converts carries ``::AFFINITY``."""
    match node:
        case e.Constant(value):
            return "NULL" if value is None else repr(value)
        case e.Parameter(index):
            return f"?{index + 1}"
        case e.Column():
            return f"{node.name or node.position}#{node.source}"
        case OutputColumn():
            return f"column {node.position + 1}"
        case e.Compare():
            left, right = _sides((node.left, node.left_apply), (node.right, node.right_apply))
            return f"{left} {node.op} {right}" + (f" [{node.order}]" if node.order != "BINARY" else "")
        case e.And(operands) | e.Or(operands):
            return "(" + f" {type(node).__name__.upper()} ".join(map(expr, operands)) + ")"
        case e.Not(operand):
            return f"NOT ({expr(operand)})"
        case e.IsNull():
            return f"{expr(node.operand)} IS {'NOT ' if node.negated else ''}NULL"
        case e.Binary():
            return f"({expr(node.left)} {node.op} {expr(node.right)})"
        case e.InList():
            return f"{expr(node.operand)} {'NOT ' if node.negated else ''}IN ({_list(node.items)})"
        case e.InQuery():
            return f"{_list(node.operands)} {'NOT ' if node.negated else ''}IN ({text(node.query)})"
        case e.Exists():
            return f"{'NOT ' if node.negated else ''}EXISTS ({text(node.query)})"
        case e.ScalarQuery():
            return f"({text(node.query)})"
        case e.Keyed():
            default = "" if node.default == e.NULL else f" ELSE {expr(node.default)}"
            return f"LOOK UP ({_list(node.keys)}) IN ({text(node.query)}){default} FOR {expr(node.direct)}"
        case e.Between():
            return (
                f"{expr(node.operand)} {'NOT ' if node.negated else ''}BETWEEN {expr(node.low)} AND {expr(node.high)}"
            )
        case e.Indexed(operand):
            return f"[{expr(operand)}]"
        case e.Collate():
            return f"{expr(node.operand)} COLLATE {node.name}"
        case e.Call() | e.AggregateCall():
            return f"{node.name}({'DISTINCT ' if getattr(node, 'distinct', False) else ''}{_list(node.arguments)})"
    return f"{type(node).__name__}({_list(e.children(node))})"
