"""Queries: SELECT blocks, compounds, VALUES.

A block is bound in SQLite's order, since it decides which error is seen and where aliases count: FROM (with ON), LIMIT, the
select list, HAVING, WHERE, ORDER BY, GROUP BY. Aliases are visible from HAVING on. Aggregates are allowed in
the select list; if there is one, or a GROUP BY, also in HAVING and ORDER BY; never in WHERE, ON and GROUP BY. Then
`bind_group.finish` turns everything after the grouping into expressions over the group's row, and
`bind_windows.split_block` makes a block with window functions two.

Column names
    result        the alias; for a plain column the name it was defined with; else the text as written (INV-Q6)
    subquery      the alias; for a plain column, under COLLATE or not, its name as written here; else the text
    view          as a result, but COLLATE around a column is ignored
    Declared types follow plain columns through subqueries. Affinity and collation of a column are those of its
    expression, in a compound those of the leftmost arm (collation: the first arm that has one).

`*` lists the entries in written order without the columns that USING hides; a column joined by a right or full join
is the one that its bare name means. `t.*` lists all of t in the same way.

Example: ``SELECT A, a+1 FROM t`` has names ['a', 'a+1']; as a subquery ['A', 'a+1'].
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.affinity import collation_of
from aerodb_dbapi.planner.bind_build import declared_type
from aerodb_dbapi.planner.bind_context import (
    RESULT,
    SOURCE,
    SOURCE_TEXT,
    Context,
    Reference,
    fail,
    identifier,
    skip_collate,
    unsupported,
)
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.bind_from import Piece, bind_from
from aerodb_dbapi.planner.bind_group import bind_keys, finish
from aerodb_dbapi.planner.bind_order import Arm, bind_limits, compound_order, select_order
from aerodb_dbapi.planner.bind_over import check_definitions, trace_definitions
from aerodb_dbapi.planner.bind_tables import with_scope
from aerodb_dbapi.planner.bind_windows import split_block
from aerodb_dbapi.planner.expressions import NULL, Coalesce, Column, Expression, conjuncts
from aerodb_dbapi.planner.query import Compound, Query, Select, Values, arms
from aerodb_dbapi.planner.scope import ALLOWED, FORBIDDEN, MISPLACED, NOT_IN_GROUP_BY, ROWID_NAMES, Entry, Scope
from aerodb_dbapi.storage.catalog import fold
from aerodb_dbapi.storage.errors import OperationalError

_OPERATORS: Final = {exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


@dataclass(slots=True)
class Outputs:
    """A select list: expressions, names, trees of the items that have an alias (by folded name), and where each name
    is."""

    columns: list[Expression] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    aliases: dict[str, tuple[Any, Expression]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)


def bind_query(context: Context, node: Any, scope: Scope, naming: str) -> Query:
    """A query; `scope` is the enclosing block (or an empty one), `naming` says what its column names are for."""
    inner = with_scope(context, node, scope)
    kind = type(node)
    if kind is exp.Select:
        return _block(context, node, inner, naming)
    if kind is exp.Values:
        return _values(context, node, inner)
    if kind is exp.Subquery:
        return bind_query(context, node.this, inner, naming)
    if isinstance(node, exp.SetOperation):
        return _compound(context, node, inner, naming)
    unsupported(f"{kind.__name__} as a query")


def _values(context: Context, node: Any, scope: Scope) -> Query:
    inner = scope.inner()
    alone = len(node.expressions) == 1
    inserted = type(node.parent) is exp.Insert
    inner.aggregates = (FORBIDDEN if inserted else ALLOWED) if alone else MISPLACED
    inner.windows_allowed = not (alone and inserted)
    rows = [tuple([bind_expression(context, item, inner) for item in row.expressions]) for row in node.expressions]
    if inner.calls or inner.uses:
        return _computed_rows(context, node.expressions, scope)
    return _plain_rows(rows)


def _plain_rows(rows: list[tuple[Expression, ...]]) -> Values:
    first = rows[0]
    return Values(
        [f"column{number}" for number in range(1, len(first) + 1)],
        [declared_type(item) for item in first],
        [item.affinity for item in first],
        [collation_of(item) for item in first],
        rows,
    )


def _computed_rows(context: Context, rows: list[Any], scope: Scope) -> Query:
    """VALUES with aggregates or window functions: each row is a SELECT without FROM."""
    made: Query | None = None
    for row in rows:
        arm = _block(context, exp.Select(expressions=row.expressions), scope, SOURCE)
        arm.names = [f"column{number}" for number in range(1, len(arm.names) + 1)]
        made = arm if made is None else _combine("UNION ALL", made, arm)
    assert made is not None
    return made


def _compound(context: Context, node: Any, scope: Scope, naming: str) -> Query:
    chain = []
    left = node
    while isinstance(left, exp.SetOperation):
        chain.append(left)
        left = left.this
    limit, offset = bind_limits(context, node, scope)
    made = bind_query(context, left, scope, naming)
    for part in reversed(chain):
        right = bind_query(context, part.expression, scope, SOURCE)
        made = _combine(_operator(part), made, right)
    assert isinstance(made, Compound)
    made.order_by = compound_order(context, node.args.get("order"), made, list(arms(made)))
    made.limit, made.offset = limit, offset
    return made


def _operator(node: Any) -> str:
    if type(node) is exp.Union:
        return "UNION" if node.args.get("distinct") else "UNION ALL"
    return _OPERATORS[type(node)]


def _combine(operator: str, left: Query, right: Query) -> Compound:
    if len(left.names) != len(right.names):
        fail(f"SELECTs to the left and right of {operator} do not have the same number of result columns")
    collations = [a or b for a, b in zip(left.collations, right.collations)]
    orders = [collation or "BINARY" for collation in collations]
    return Compound(left.names, left.types, left.affinities, collations, operator, left, right, orders)


# --- blocks -----------------------------------------------------------------------------------------------------------


def _block(context: Context, node: Any, outer: Scope, naming: str) -> Select:
    scope = outer.inner()
    args = node.args
    scope.items = _aliased_items(node.expressions)
    piece = bind_from(context, node, scope)
    scope.items = {}
    limit, offset = bind_limits(context, node, outer)
    scope.aggregates = ALLOWED
    _allow_windows(context, scope, args.get("windows"))
    outputs = bind_outputs(context, node.expressions, scope, naming)
    scope.windows_allowed = False
    scope.aliases = outputs.aliases
    grouped = bool(scope.calls) or args.get("group") is not None
    arm = Arm(scope, outputs.columns, outputs.positions)
    having = _having(context, args.get("having"), scope, grouped)
    scope.aggregates = MISPLACED if grouped else FORBIDDEN
    where = _where(context, args.get("where"), scope, piece)
    scope.aggregates = ALLOWED if grouped else MISPLACED
    scope.windows_allowed = True
    order = select_order(context, args.get("order"), arm)
    scope.windows_allowed = False
    scope.aggregates = NOT_IN_GROUP_BY
    keys = bind_keys(context, args.get("group"), arm)
    collations = [collation_of(column) for column in outputs.columns]
    made = Select(
        outputs.names,
        [declared_type(column) for column in outputs.columns],
        [column.affinity for column in outputs.columns],
        collations,
        piece.joins,
        where,
        list(outputs.columns),
        having=having,
        distinct=args.get("distinct") is not None,
        order_by=order,
        limit=limit,
        offset=offset,
    )
    if made.distinct:
        made.distinct_orders = [collation or "BINARY" for collation in collations]
    if grouped:
        finish(context, made, scope, keys)
    if scope.uses:
        made = split_block(made, scope)
    arm.query = made
    context.arms[id(made)] = arm
    return made


def _allow_windows(context: Context, scope: Scope, clause: Any) -> None:
    scope.windows_allowed = True
    if clause:
        scope.named_windows = clause
        check_definitions(clause)
        if context.trace is not None:
            trace_definitions(context, clause, scope)


def _where(context: Context, clause: Any, scope: Scope, piece: Piece) -> list[Expression]:
    if clause is None:
        return piece.where
    return piece.where + conjuncts(bind_expression(context, clause.this, scope))


def _having(context: Context, clause: Any, scope: Scope, grouped: bool) -> list[Expression]:
    if clause is None:
        return []
    if not grouped:
        fail("HAVING clause on a non-aggregate query")
    return conjuncts(bind_expression(context, clause.this, scope))


# --- select lists -----------------------------------------------------------------------------------------------------


def bind_outputs(context: Context, items: list[Any], scope: Scope, naming: str = RESULT) -> Outputs:
    """The items of a select list or of RETURNING, stars expanded."""
    made = Outputs()
    for item in items:
        kind = type(item)
        if kind is exp.Star:
            _star(made, scope)
        elif kind is exp.Column and type(item.this) is exp.Star:
            _table_star(context, made, scope, item.args["table"])
        else:
            try:
                _item(context, made, item, scope, naming)
            except OperationalError:
                _expand_stars(context, items, scope)
                raise
    return made


def _expand_stars(context: Context, items: list[Any], scope: Scope) -> None:
    """Raise OperationalError for a star that stands for nothing: SQLite expands them before it looks at names."""
    for item in items:
        if type(item) is exp.Star:
            _star(Outputs(), scope)
        elif type(item) is exp.Column and type(item.this) is exp.Star:
            _table_star(context, Outputs(), scope, item.args["table"])


def _aliased_items(items: list[Any]) -> dict[str, Any]:
    """The trees of a select list by alias, of which ON and the arguments of table-valued functions may make use."""
    found: dict[str, Any] = {}
    for item in items:
        if type(item) is exp.Alias and not item.args["alias"].this.startswith(SOURCE_TEXT):
            found.setdefault(fold(item.args["alias"].this), item.this)
    return found


def _item(context: Context, made: Outputs, item: Any, scope: Scope, naming: str) -> None:
    is_alias = type(item) is exp.Alias
    tree, alias = (item.this, item.args["alias"].this) if is_alias else (item, SOURCE_TEXT)
    column = bind_expression(context, tree, scope)
    if not alias.startswith(SOURCE_TEXT):
        key = fold(alias)
        made.aliases.setdefault(key, (tree, column))
        made.positions.setdefault(key, len(made.columns))
        name = alias
    else:
        name = _column_name(tree, column, alias[1:], naming)
    made.columns.append(column)
    made.names.append(name)


def _column_name(tree: Any, column: Expression, text: str, naming: str) -> str:
    """The name of an item without an alias."""
    core = tree if naming == RESULT else skip_collate(tree)
    if type(core) is not exp.Column:
        return text
    name = identifier(core.this)
    if naming == SOURCE:
        return name
    bound = column
    while not isinstance(bound, Column) and hasattr(bound, "operand"):
        bound = bound.operand
    if isinstance(bound, Column):
        return bound.name
    if bound is NULL and fold(name) in ROWID_NAMES:
        return "rowid"  # of a subquery or view
    if text or core.this.name == name:
        return text or name
    return '"' + name.replace('"', '""') + '"'  # in double quotes and no column: a string


def _star(made: Outputs, scope: Scope) -> None:
    if not scope.entries:
        fail("no tables specified")
    for number, entry in enumerate(scope.entries):
        _refuse_double(entry, scope.entries[:number], entry.using)
        _list_columns(made, scope, number, entry.using)


def _table_star(context: Context, made: Outputs, scope: Scope, node: Any) -> None:
    table = identifier(node)
    key = fold(table)
    found = [number for number, entry in enumerate(scope.entries) if entry.alias == key]
    if not found:
        fail(f"no such table: {table}")
    for number in found:
        own = scope.entries[number].table
        if context.trace is not None and own is not None and not scope.entries[number].aliased:
            context.trace.append(Reference(node, own.name, None, scope.entries[number].database or ""))
        entry = scope.entries[number]
        _refuse_double(entry, [scope.entries[other] for other in found if other < number], entry.using)
        _list_columns(made, scope, number, ())


def _list_columns(made: Outputs, scope: Scope, number: int, hidden: Collection[str]) -> None:
    """All columns of one entry but the hidden ones; left of a right or full join USING a name, what the name means."""
    entry = scope.entries[number]
    merged = {name for later in scope.entries[number + 1 :] for name, kind in later.using.items() if kind != "left"}
    for position in range(entry.width):
        name = entry.describe(position)[0]
        key = fold(name)
        if key not in hidden:
            columns = scope.find(key) if key in merged else [entry.column(position)]
            _add(made, name, columns[0] if len(columns) == 1 else Coalesce(tuple(columns)))


def _refuse_double(entry: Entry, others: list[Entry], hidden: Collection[str]) -> None:
    """Two entries of one name: their columns cannot be told apart, but for those that USING made one."""
    for other in others:
        if other.alias == entry.alias and entry.alias and other.database == entry.database and other.join == entry.join:
            shared = next(
                (
                    name
                    for name in sorted(other.positions, key=other.positions.__getitem__)
                    if name in entry.positions and name not in hidden
                ),
                None,
            )
            if shared is not None:
                fail(f"ambiguous column name: {f'{entry.database}.' if entry.database else ''}{entry.name}.{shared}")


def _add(made: Outputs, name: str, column: Expression) -> None:
    made.positions.setdefault(fold(name), len(made.columns))
    made.columns.append(column)
    made.names.append(name)
