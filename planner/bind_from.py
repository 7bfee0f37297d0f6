"""FROM: tables, views, subqueries and joins to a list of `Join`s, and their entries in the scope.

Three passes over one FROM list
    1. every item becomes a `Piece`: its joins and entries. A parenthesised join is a FROM list of its own, finished
       here;
    2. all entries enter the scope, so that ON sees them all (a name can be ambiguous because of a table further right);
    3. left to right, each piece is joined to what is there, its ON bound on the way.

What joins become
    inner, cross, comma   the right joins are appended, ON goes to WHERE: for rows that come through, that is the same
    LEFT                  one `Join('left')`; a right side of several tables is wrapped in a subquery first
    A RIGHT JOIN B ON p   B LEFT JOIN A ON p; the left side is wrapped if it is more than one table
    A FULL JOIN B ON p    A LEFT JOIN B ON p  UNION ALL  B without a partner in A: a copy of both sides,
                          joined B LEFT JOIN A, keeping the rows in which A's marker is NULL; the whole is wrapped
    USING, NATURAL        equality of the named columns; `Entry.using` hides the right one from `*` and from ambiguity
    A wrapper is a QuerySource whose columns are all columns and rowids of its entries, which `move` to it.

Example: ``t JOIN u ON p RIGHT JOIN w ON q`` → w LEFT JOIN (SELECT t.*, t.rowid, u.*, u.rowid FROM t, u WHERE p) ON q.

Keeps INV-S2 (AS OF looks its table up in the schema of that commit). Does not order or choose anything: the optimizer
does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.affinity import make_compare
from aerodb_dbapi.planner.bind_build import Mapper, block
from aerodb_dbapi.planner.bind_context import SOURCE, Context, fail, identifier, unsupported
from aerodb_dbapi.planner.bind_expressions import bind_expression
from aerodb_dbapi.planner.bind_modules import bind_arguments, called_module
from aerodb_dbapi.planner.bind_real import as_table
from aerodb_dbapi.planner.bind_tables import bind_table, outside_names
from aerodb_dbapi.planner.expressions import NULL, TRUE, Coalesce, Column, Expression, IsNull, conjuncts
from aerodb_dbapi.planner.query import Compound, Join, ModuleSource, QuerySource, Select, TableSource
from aerodb_dbapi.planner.scope import Entry, Scope, entries_meant, query_entry
from aerodb_dbapi.planner.usage import sources_in
from aerodb_dbapi.storage.catalog import fold


@dataclass(slots=True)
class Piece:
    """A part of FROM: its joins, the conjuncts its inner joins gave, what it shows; the trees of the arguments, if it is
    a table-valued function."""

    joins: list[Join]
    where: list[Expression]
    entries: list[Entry]
    arguments: list[Any] = field(default_factory=list)


SOURCES_MAX: Final = 64


def bind_from(context: Context, select: Any, scope: Scope) -> Piece:
    """The FROM of a query block; its entries are put into the scope."""
    source = select.args.get("from_")
    if source is None:
        return Piece([], [], [])
    return bind_list(context, source.this, select.args.get("joins") or [], scope)


def bind_list(context: Context, first: Any, joins: list[Any], scope: Scope) -> Piece:
    """A first item and the joins after it; `scope` gets the entries (after those it may have already)."""
    if len(joins) >= SOURCES_MAX:
        fail(f"at most {SOURCES_MAX} tables in a join")
    left = _item(context, first, scope)
    rights = [_item(context, join.this, scope) for join in joins]
    for piece in (left, *rights):
        scope.entries += piece.entries
    left.where += _arguments(context, left, scope)
    has_right = any(join.args.get("side") in ("RIGHT", "FULL") for join in joins)
    for number, (join, right) in enumerate(zip(joins, rights), 1):
        side = join.args.get("side")
        arguments = _arguments(context, right, scope)
        if side in ("RIGHT", "FULL"):
            right.where += arguments
            arguments = []
        _make_single(context, side, left, right)
        on = arguments + _condition(context, join, scope, left, right, has_right)
        if side or has_right:
            _check_on(on, rights[number:])
        left = _attach(context, join, left, right, on)
    return left


def _arguments(context: Context, piece: Piece, scope: Scope) -> list[Expression]:
    """The conjuncts that the arguments of a table-valued function mean."""
    source = piece.joins[0].source
    if not piece.arguments or not isinstance(source, ModuleSource):
        return []
    return bind_arguments(context, source, piece.arguments, scope)


def _check_on(on: list[Expression], later: list[Piece]) -> None:
    if later and on:
        hidden = {entry.source for piece in later for entry in piece.entries}
        if any(not hidden.isdisjoint(sources_in(conjunct)) for conjunct in on):
            fail("ON clause references tables to its right")


# --- items ------------------------------------------------------------------------------------------------------------


def _item(context: Context, node: Any, scope: Scope) -> Piece:
    kind = type(node)
    if kind is exp.Table:
        if type(node.this) is exp.Anonymous:
            called, shown, arguments = called_module(context, node, scope)
            return Piece([Join(called)], [], [shown], arguments)
        source, entry = bind_table(context, node, scope)
        return Piece([Join(source)], [], [entry])
    outside = Scope(scope.environment, scope.parent, scope.withs)  # sees enclosing blocks, not the tables beside it
    if kind is exp.Subquery and type(node.this) in (exp.Table, exp.Subquery):
        return _parenthesized(context, node, outside)
    if kind is exp.Subquery or kind is exp.Values:
        return _subquery(context, node, outside)
    unsupported(f"{kind.__name__} in FROM")


def _parenthesized(context: Context, node: Any, outside: Scope) -> Piece:
    """A join in parentheses. Its alias qualifies its columns, in place of the aliases of joins in it."""
    piece = bind_list(context, node.this, node.this.args.get("joins") or [], outside)
    if node.args.get("alias") is not None:
        for entry in piece.entries:
            entry.join = fold(identifier(node.args["alias"].this))
    return piece


def _subquery(context: Context, node: Any, outside: Scope) -> Piece:
    alias = node.args.get("alias")
    name = "" if alias is None else identifier(alias.this)
    tree = node if type(node) is exp.Values else node.this
    query = as_table(context.select(context, tree, outside, SOURCE))
    source = QuerySource(id=context.next_id(), name=name, query=query)
    entry = query_entry(source.id, name, outside_names(query.names), query)
    entry.null_rowid = True
    return Piece([Join(source)], [], [entry])


# --- wrapping ---------------------------------------------------------------------------------------------------------


def _make_single(context: Context, side: str | None, left: Piece, right: Piece) -> None:
    """Wrap what must be one source for this kind of join."""
    if side in ("LEFT", "FULL") and (len(right.joins) > 1 or right.where):
        _wrap(context, right, block(right.joins, _shown(right.entries), where=right.where))
    if side == "RIGHT" and (len(left.joins) > 1 or left.where):
        _wrap(context, left, block(left.joins, _shown(left.entries), where=left.where))
    if side == "FULL" and not (
        len(left.joins) == 1 and not left.where and isinstance(left.joins[0].source, TableSource)
    ):
        # one column more: the marker, which is NULL exactly where a right row found no partner
        _wrap(context, left, block(left.joins, [*_shown(left.entries), TRUE], where=left.where))


def _shown(entries: list[Entry]) -> list[Expression]:
    """All columns of the entries, each entry's rowid after its own."""
    shown: list[Expression] = []
    for entry in entries:
        shown += [entry.column(position) for position in range(entry.size)]
        if entry.rowid is not None:
            shown.append(Column(entry.source, entry.rowid, "rowid", "INTEGER", None, "INTEGER"))
    return shown


def _wrap(context: Context, piece: Piece, query: Select | Compound) -> None:
    """Make a piece one QuerySource; its entries move there, position by position as `_shown` lists them."""
    source = QuerySource(id=context.next_id(), name="", query=query)
    offset = 0
    for entry in piece.entries:
        end = offset + entry.size
        rowid = None if entry.rowid is None else end
        entry.move(source.id, offset, rowid)
        offset = end if rowid is None else end + 1
    piece.joins, piece.where = [Join(source)], []


# --- joining ----------------------------------------------------------------------------------------------------------


def _attach(context: Context, join: Any, left: Piece, right: Piece, on: list[Expression]) -> Piece:
    side = join.args.get("side")
    entries = left.entries + right.entries
    first = right.joins[0]
    if side == "LEFT":
        return Piece([*left.joins, Join(first.source, "left", on)], left.where, entries)
    if side == "RIGHT":
        return Piece([*right.joins, Join(left.joins[0].source, "left", on)], right.where, entries)
    if side == "FULL":
        return _full(context, left, right, on)
    if join.args.get("kind") == "CROSS":
        first = Join(first.source, "cross", first.on)
    return Piece([*left.joins, first, *right.joins[1:]], left.where + right.where + on, entries)


def _full(context: Context, left: Piece, right: Piece, on: list[Expression]) -> Piece:
    """Left join of both sides, and the right side's rows without a partner from a copy of both."""
    first, second = left.joins[0].source, right.joins[0].source
    entries = left.entries + right.entries
    outputs = _shown(entries)
    matched = block([Join(first), Join(second, "left", on)], outputs)
    copy = Mapper(fresh=context.next_id)
    swapped = copy.joins([Join(second), Join(first, "left", on)])
    marker = -1 if isinstance(first, TableSource) else len(_shown(left.entries))
    copied: list[Expression] = [NULL] * len(_shown(left.entries))
    copied += copy.expressions(_shown(right.entries))
    lonely = block(swapped, copied, where=[IsNull(Column(swapped[1].source.id, marker, "", "INTEGER"))])
    for join in swapped:
        if isinstance(join.source, TableSource):
            context.stored.add(join.source.id)
    orders = [collation or "BINARY" for collation in matched.collations]
    both = Compound(
        matched.names, matched.types, matched.affinities, matched.collations, "UNION ALL", matched, lonely, orders
    )
    piece = Piece([], [], entries)
    _wrap(context, piece, both)
    return piece


# --- conditions -------------------------------------------------------------------------------------------------------


def _condition(
    context: Context, join: Any, scope: Scope, left: Piece, right: Piece, has_right: bool
) -> list[Expression]:
    on, using = join.args.get("on"), join.args.get("using")
    if join.args.get("method") == "NATURAL":
        using = _common_names(left, right)
    if using:
        kind = {"RIGHT": "right", "FULL": "full"}.get(join.args.get("side"), "left")
        return [_equal(context, identifier(name), left, right, kind, has_right) for name in using]
    if on is None or (type(on) is exp.Boolean and on.this):
        return []
    return conjuncts(bind_expression(context, on, scope))


def _common_names(left: Piece, right: Piece) -> list[str]:
    """The columns that both sides have, in the right side's order."""
    names = []
    for entry in right.entries:
        shown = sorted(entry.positions.items(), key=lambda item: item[1])
        names += [name for name, position in shown if name not in entry.using and position < entry.width]
    return [name for name in names if any(entry.shows(name) for entry in left.entries)]


def _equal(context: Context, name: str, left: Piece, right: Piece, kind: str, has_right: bool) -> Expression:
    """The equality that USING (name) means; the right side's column is hidden from now on."""
    key = fold(name)
    targets = entries_meant(right.entries, key)
    if targets is None:
        fail(f"ambiguous reference to {name} in USING()")
    values = _using_values(name, left, has_right)
    if not targets or not values:
        fail(f"cannot join using column {name} - column not present in both tables")
    for entry in right.entries:
        if key in entry.positions:
            used = (kind if entry is targets[0] or kind != "right" else "full") if entry in targets else "left"
            entry.using = {**entry.using, key: used}
    others: list[Expression] = [entry.column(entry.positions[key]) for entry in targets]
    return make_compare("=", _one(values), _one(others), context.stored)


def _one(values: list[Expression]) -> Expression:
    return values[0] if len(values) == 1 else Coalesce(tuple(values))


def _using_values(name: str, left: Piece, has_right: bool) -> list[Expression]:
    """The left side's value: its first column of that name; with right joins about, all that USING made one."""
    key = fold(name)
    found: list[Expression] = []
    for entry in left.entries:
        position = entry.positions.get(key)
        if position is None or (found and not has_right):
            continue
        if found and key not in entry.using:
            fail(f"ambiguous reference to {name} in USING()")
        found.append(entry.column(position))
    return found
