"""``.plot``: a chart of a query's result."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from aerodb_dbapi.shell import charts
from aerodb_dbapi.shell.registry import Misuse, command

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session

_WIDTH = 72
_HEIGHT = 15


@command(
    "plot",
    "[bar|line] [SQL]",
    "a chart of a query, or of the one before",
    "The first column gives labels, every further column of numbers a series.",
)
def plot(session: Session, rest: str) -> None:
    """``.plot bar SELECT carrier, count(*) FROM flights GROUP BY 1``"""
    word, _, behind = rest.partition(" ")
    kind = word.lower() if word.lower() in ("bar", "line") else None
    sql = (behind if kind else rest).strip().rstrip(";") or session.last_query
    if not sql:
        raise Misuse("usage: .plot [bar|line] SQL")
    cursor, rows = session.asked(sql, charts.ROWS_MAX + 1)
    if cursor.description is None:
        raise Misuse("only a query can be plotted")
    if len(rows) > charts.ROWS_MAX:
        raise Misuse(f"more than {charts.ROWS_MAX:,} rows: let the query group them, or use LIMIT")
    series = charts.Series([column[0] for column in cursor.description], rows)
    size = shutil.get_terminal_size()
    width = size.columns - 1 if session.terminal else _WIDTH
    if kind == "line" or (kind is None and series.numeric_x and len(rows) > 20):
        height = min(_HEIGHT, size.lines - 6) if session.terminal else _HEIGHT
        drawn = charts.lines(series, width, height, session.colours)
    else:
        drawn = charts.bars(series, width, session.colours)
    session.say("\n".join(drawn))
