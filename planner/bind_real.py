"""Columns of REAL affinity that come from a compound query read as a table.

SQLite makes a REAL of an integer when it reads a column of REAL affinity, of a subquery, view or CTE in FROM as of a table. A
column of a compound has the affinity of its first arm, so an integer of another arm becomes a REAL there, and stays an integer where the
compound stands by itself::

    SELECT typeof(x) FROM (SELECT price AS x FROM item UNION ALL SELECT 1)     real, real
    SELECT price AS x FROM item UNION ALL SELECT 1                             9.5, 1

Here the arms behind the first convert what they give (`as_table`), so that reading costs nothing; in a recursive CTE the steps do, which
read their own rows as REALs too. An expression that is of REAL affinity itself gives no integers.

What it does not do: convert the columns of tables (they hold REALs), or the rows of subqueries in expressions (nobody reads them as
a table).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aerodb_dbapi.planner.expressions import Call, Expression
from aerodb_dbapi.planner.query import Compound, Query, Recursive, Select, Values, arms


def real_affinity(value: Any) -> Any:
    """An integer as a REAL; anything else as it is."""
    return float(value) if value.__class__ is int else value


def as_table(query: Query) -> Query:
    """The query as it is read in FROM; changed in place."""
    places = [i for i, affinity in enumerate(query.affinities) if affinity == "REAL"]
    if places and isinstance(query, Values):
        query.rows = [query.rows[0], *(tuple(_converted(row, places)) for row in query.rows[1:])]
    elif places and isinstance(query, Compound):
        for arm in list(arms(query))[1:]:
            _convert(arm, places)
    elif places and isinstance(query, Recursive):
        as_table(query.initial)
        for step in query.steps:
            for arm in arms(step):
                _convert(arm, places)
    return query


def _convert(arm: Query, places: list[int]) -> None:
    """Let an arm give REALs for integers in some columns."""
    if isinstance(arm, Values):
        arm.rows = [tuple(_converted(row, places)) for row in arm.rows]
    elif isinstance(arm, Select):
        arm.columns = _converted(arm.columns, places)


def _converted(items: Sequence[Expression], places: list[int]) -> list[Expression]:
    made = list(items)
    for place in places:
        if made[place].affinity != "REAL":
            made[place] = Call("real affinity", (made[place],), real_affinity)
    return made
