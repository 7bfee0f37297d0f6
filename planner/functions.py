"""The interface through which the planner learns of SQL functions; `executor.functions` and sessions implement it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from aerodb_dbapi.planner.modules import TableModule
from aerodb_dbapi.storage.errors import OperationalError

WINDOW_TOO: Final = "w"
WINDOW_ONLY: Final = "only"
NO_WINDOW: Final = "a"


class JsonText(str):
    """JSON text on its way from one JSON function to another: SQLite's JSON subtype (see `planner.subtypes`)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"JsonText({str(self)!r})"


@dataclass(frozen=True, slots=True)
class ScalarFunction:
    """`call(*values) -> value`; `n_args` -1 is any number. `needs_session`: the session is passed first.

    `timed`: the same function with the instant of the run (`executor.functions.moments.Instant`) passed first, so that
    'now' is one moment throughout a statement. `takes_subtypes`: arguments that are JSON come as `JsonText`. `tagged`: the
    same function, whose result is a `JsonText` where it is JSON. `always_json`: it is never anything else, but for NULL."""

    name: str
    n_args: int
    call: Callable[..., Any]
    deterministic: bool = True
    needs_session: bool = False
    timed: Callable[..., Any] | None = None
    takes_subtypes: bool = False
    tagged: Callable[..., Any] | None = None
    always_json: bool = False


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """`factory()` makes an object with `step(*values)` and `finalize() -> value`; `name` lets the executor inline built-ins
    (count, sum, total, avg, min, max, group_concat), unless `user` says that a user's function has that name.

    `window` says where it may be used: `WINDOW_TOO` (with OVER and without), `WINDOW_ONLY` (row_number and the like,
    which the executor knows by name), `NO_WINDOW`. A user's window function has `value()` and `inverse(*values)`
    besides."""

    name: str
    n_args: int
    factory: Callable[[], Any]
    user: bool = False
    takes_subtypes: bool = False
    always_json: bool = False
    window: str = WINDOW_TOO


class FunctionResolver(Protocol):
    """Find a function by folded name and argument count; None if there is none.

    `exists(name)` tells a wrong argument count ("wrong number of arguments to function f()") from "no such function: f"."""

    def scalar(self, name: str, n_args: int) -> ScalarFunction | None: ...

    def aggregate(self, name: str, n_args: int) -> AggregateFunction | None: ...

    def exists(self, name: str) -> bool: ...

    def overrides(self, name: str, n_args: int) -> bool:
        """Has the application a scalar function of a folded name for so many arguments?"""
        ...

    def module(self, name: str) -> TableModule | None:
        """The table-valued function of a folded name."""
        ...


class EveryFunction:
    """The functions of a resolver, and one of any other name: for reading definitions without running them. A schema that names
    functions which this connection does not have can be altered, as in SQLite. `any_count`: known ones take any number of arguments."""

    def __init__(self, known: FunctionResolver, any_count: bool = False) -> None:
        self._known = known
        self._any_count = any_count

    def scalar(self, name: str, n_args: int) -> ScalarFunction | None:
        found = self._known.scalar(name, n_args)
        if found is None and (self._any_count or not self._known.exists(name)):
            return ScalarFunction(name, -1, partial(_missing, name))
        return found

    def stand_in(self, name: str, n_args: int) -> AggregateFunction | None:
        """The stand-in for an aggregate that is not there."""
        if self._any_count or not self._known.exists(name):
            return AggregateFunction(name, n_args, partial(_missing, name), user=True)
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._known, name)


def aggregate_written(functions: FunctionResolver, name: str, n_args: int) -> AggregateFunction | None:
    """The aggregate that a call with OVER, FILTER, DISTINCT or ORDER BY means: an unknown name too, where functions need not be there."""
    found = functions.aggregate(name, n_args)
    return functions.stand_in(name, n_args) if found is None and isinstance(functions, EveryFunction) else found


def _missing(name: str, *values: Any) -> Any:
    raise OperationalError(f"no such function: {name}")
