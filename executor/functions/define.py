"""How a room of built-in functions is written down: one line per function in a module's `FUNCTIONS`.

`scalar` makes one `ScalarFunction` for each number of arguments that the function takes; -1 stands for any number that
has no definition of its own. Functions get plain SQL values and return one (INV-D5). `NULL` arguments come as None; a
function that is NULL for any NULL argument is wrapped by `strict`.

Example: ``FUNCTIONS = (*scalar("hex", to_hex, 1), *scalar("trim", trim, 1, 2))``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aerodb_dbapi.planner.functions import ScalarFunction


def scalar(
    name: str,
    call: Callable[..., Any],
    *counts: int,
    deterministic: bool = True,
    needs_session: bool = False,
    timed: Callable[..., Any] | None = None,
) -> tuple[ScalarFunction, ...]:
    """The definitions of a function that takes any of these numbers of arguments."""
    return tuple(ScalarFunction(name, count, call, deterministic, needs_session, timed) for count in counts)


def strict(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one argument that is NULL for NULL."""

    def null_or_call(value: Any) -> Any:
        return None if value is None else call(value)

    return null_or_call
