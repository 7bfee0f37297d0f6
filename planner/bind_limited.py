"""UPDATE … FROM with ORDER BY and LIMIT: these are of the joined rows, not of the rows of the table.

`rewrite` puts WHERE, ORDER BY and LIMIT of such a statement into ``WHERE key IN (SELECT key FROM t WHERE … ORDER BY … LIMIT …)``, which
is what an UPDATE without FROM means. Here they are taken out again, and the statement becomes the join of the table with a query ::

    UPDATE t SET a = e FROM u WHERE c ORDER BY o LIMIT n
    t JOIN (SELECT t.key, e FROM t, u WHERE c ORDER BY o LIMIT n) ON its key is t's

so that the values are those of the joined rows that the LIMIT left. A row that is there several times takes the first.

Example: with t(a) = 1, 2 and u(b) = 1, 2 ``UPDATE t SET a = a + 10 FROM u WHERE a = b ORDER BY a DESC LIMIT 1`` changes 2 to 12.

Does not: statements without FROM, or on views (`bind_views`).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from aerodb_dbapi.planner.bind_assign import Assignments
from aerodb_dbapi.planner.bind_build import block
from aerodb_dbapi.planner.bind_context import Context
from aerodb_dbapi.planner.bind_order import Arm, bind_limits, select_order
from aerodb_dbapi.planner.expressions import Column, Compare, Expression
from aerodb_dbapi.planner.lexer import ROW_KEY
from aerodb_dbapi.planner.query import Join, QuerySource, Select, TableSource
from aerodb_dbapi.planner.scope import Scope
from aerodb_dbapi.storage.catalog import Table


def limited_query(condition: Any) -> Any:
    """The tree of the query that stands for WHERE, ORDER BY and LIMIT of UPDATE and DELETE, if there is one."""
    is_key = type(condition) is exp.In and type(condition.this) is exp.Column and condition.this.this.name == ROW_KEY
    return condition.args["query"].this if is_key else None


def limit_joined(
    context: Context, table: Table, query: Select, assignments: Assignments, limited: Any, scope: Scope
) -> tuple[Select, int, Assignments]:
    """The query of the changed rows, the target's source in it, and the assignments over it. `query` joins the table, its first
    source, with what is in FROM; `limited` is the tree that `limited_query` found."""
    inner = query.joins[0].source
    values = [value for _, value in assignments]
    key = Column(inner.id, -1, "rowid", "INTEGER", None, "INTEGER")
    found = block(query.joins, [key, *values], where=query.where)
    found.order_by = select_order(context, limited.args.get("order"), Arm(scope, found.columns, {}))
    found.limit, found.offset = bind_limits(context, limited, scope)
    target = TableSource(id=context.next_id(), name=table.name, table=table)
    context.stored.add(target.id)
    rows = QuerySource(id=context.next_id(), name="", query=found)
    same: list[Expression] = [
        Compare("=", Column(target.id, -1, "rowid", "INTEGER", None, "INTEGER"), Column(rows.id, 0, "rowid", "INTEGER"))
    ]
    made = [
        (position, Column(rows.id, number, "", value.affinity, None))
        for number, (position, value) in enumerate(assignments, 1)
    ]
    return block([Join(target), Join(rows)], [], where=same), target.id, list(made)
