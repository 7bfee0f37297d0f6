"""The functions that are nothing without a window: row_number, rank, lag and their like.

They have a name and numbers of arguments here, so that a statement can be bound; what they compute is in
`executor.window_functions`, for it is a matter of positions in a partition rather than of values seen one by one.

Example: ``lag`` takes one, two or three arguments; ``SELECT rank() FROM t`` is a misuse, as in SQLite.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.planner.functions import WINDOW_ONLY, AggregateFunction
from aerodb_dbapi.storage.errors import InternalError


def _stepped() -> Any:
    raise InternalError("a window function was asked to be an aggregate")


_COUNTS: Final = {
    "row_number": (0,), "rank": (0,), "dense_rank": (0,), "percent_rank": (0,), "cume_dist": (0,), "ntile": (1,),
    "lag": (1, 2, 3), "lead": (1, 2, 3), "first_value": (1,), "last_value": (1,), "nth_value": (2,),
}  # fmt: skip

WINDOW_FUNCTIONS: Final = tuple(
    AggregateFunction(name, count, _stepped, window=WINDOW_ONLY) for name, counts in _COUNTS.items() for count in counts
)
