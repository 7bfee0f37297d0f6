"""Finding a function by name and number of arguments: the built-in ones, and over them those of the connection.

Resolution, as SQLite does it
    1. A function of the application with exactly this number of arguments, else one that takes any number (-1).
    2. A built-in one, by the same rule. -1 does not always take *any* number there: `_LEAST` has the exceptions.
    A name stands for one function per number of arguments, scalar or aggregate: an application's scalar sum(x) hides
    the aggregate. Names are folded (`catalog.fold`).

`exists` tells "wrong number of arguments to function f()" from "no such function: f".

`BUILTINS` is shared and never changes; a `FunctionRegistry` belongs to one session. `version` counts registrations, so
that statements compiled before can be told from those compiled after.

Example: ``FunctionRegistry().scalar("substr", 2)`` is found, ``.scalar("substr", 4)`` is None and ``.exists("substr")``
True.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, Final

from aerodb_dbapi.executor.functions import aggregates, dates, json_scalars, numeric, system, text, windows
from aerodb_dbapi.executor.functions.system import SQLITE_VERSION
from aerodb_dbapi.executor.functions.user import aggregate_factory, safe_comparison, scalar_call, window_factory
from aerodb_dbapi.planner.functions import NO_WINDOW, WINDOW_TOO, AggregateFunction, ScalarFunction
from aerodb_dbapi.planner.modules import TableModule
from aerodb_dbapi.storage.catalog import fold
from aerodb_dbapi.storage.collations import COLLATIONS, key_function
from aerodb_dbapi.storage.errors import NotSupportedError

__all__ = ["BUILTINS", "SQLITE_VERSION", "FunctionRegistry"]

Function = ScalarFunction | AggregateFunction
Table = dict[str, dict[int, Function]]


def _table(functions: chain[Function]) -> Table:
    made: Table = {}
    for function in functions:
        made.setdefault(function.name, {})[function.n_args] = function
    return made


BUILTINS: Final[Table] = _table(
    chain(
        text.FUNCTIONS, numeric.FUNCTIONS, dates.FUNCTIONS, system.FUNCTIONS, aggregates.AGGREGATES,
        json_scalars.FUNCTIONS, json_scalars.AGGREGATES,
        windows.WINDOW_FUNCTIONS,
    )
)  # fmt: skip

# the fewest arguments of built-in functions that take any number
_LEAST: Final = {"min": 2, "max": 2, "coalesce": 2, "concat": 1, "concat_ws": 2, "iif": 2}


def _find(table: Table, name: str, n_args: int) -> Function | None:
    by_count = table.get(name)
    if by_count is None:
        return None
    return by_count.get(n_args) or by_count.get(-1)


class FunctionRegistry:
    """The functions that the statements of one session see. Implements `planner.functions.FunctionResolver`."""

    __slots__ = ("_user", "collation_names", "collations", "modules", "takes_views", "version")

    def __init__(self) -> None:
        self._user: Table = {}
        self.collations: dict[str, Callable[[str], Any]] = {}
        self.collation_names: dict[str, str] = {}  # as first written; a name stays listed when it has lost its function
        self.modules: Mapping[str, TableModule] = {}  # table-valued functions; the session gives them
        self.takes_views = True  # may statements read views that are not in temp?
        self.version = 0

    def _resolve(self, name: str, n_args: int) -> Function | None:
        name = fold(name)
        found = _find(self._user, name, n_args) if self._user else None
        if found is None:
            found = _find(BUILTINS, name, n_args)
            if found is not None and found.n_args == -1 and n_args < _LEAST.get(name, 0):
                return None
        return found

    def scalar(self, name: str, n_args: int) -> ScalarFunction | None:
        """The scalar function that `name(…)` with this many arguments calls, or None."""
        found = self._resolve(name, n_args)
        return found if isinstance(found, ScalarFunction) else None

    def aggregate(self, name: str, n_args: int) -> AggregateFunction | None:
        """The aggregate that `name(…)` with this many arguments (0 for a star) calls, or None."""
        found = self._resolve(name, n_args)
        return found if isinstance(found, AggregateFunction) else None

    def overrides(self, name: str, n_args: int) -> bool:
        """Has the application a scalar function of a folded name for so many arguments?"""
        return bool(self._user) and isinstance(_find(self._user, name, n_args), ScalarFunction)

    def own(self) -> list[Function]:
        """The functions of the application, in the order of their names."""
        return [by_count[n] for _, by_count in sorted(self._user.items()) for n in sorted(by_count)]

    def exists(self, name: str) -> bool:
        """Is there a function of this name, whatever its arguments?"""
        name = fold(name)
        return name in self._user or name in BUILTINS

    def module(self, name: str) -> TableModule | None:
        """The table-valued function of a folded name."""
        return self.modules.get(name)

    @property
    def has_user_functions(self) -> bool:
        """Has the application registered any?"""
        return bool(self._user)

    def register_scalar(
        self, name: str, n_args: int, call: Callable[..., Any] | None, deterministic: bool = False
    ) -> None:
        """Add or replace a scalar function of the application; None removes it."""
        made = None if call is None else ScalarFunction(fold(name), n_args, scalar_call(call), deterministic)
        self._register(name, n_args, made)

    def register_aggregate(
        self, name: str, n_args: int, factory: Callable[[], Any] | None, window: bool = False
    ) -> None:
        """Add or replace an aggregate of the application, given its class; with `window` it may have OVER. None removes
        it."""
        made = None
        if factory is not None:
            wrapped = window_factory(factory) if window else aggregate_factory(factory)
            kind = WINDOW_TOO if window else NO_WINDOW
            made = AggregateFunction(fold(name), n_args, wrapped, user=True, window=kind)
        self._register(name, n_args, made)

    def register_collation(self, name: str, compare: Callable[[str, str], Any] | None) -> None:
        """Add or replace a collation of the application; None removes it. Built-in ones cannot be replaced: indexes are
        in their order."""
        if name.upper() in COLLATIONS:
            raise NotSupportedError(f"replacing the built-in collation {name.upper()}")
        if compare is not None:
            self.collation_names.setdefault(name.upper(), name)
        if compare is None:
            self.collations.pop(name.upper(), None)
        else:
            self.collations[name.upper()] = key_function(safe_comparison(compare))
        self.version += 1

    def _register(self, name: str, n_args: int, function: Function | None) -> None:
        name = fold(name)
        by_count = self._user.setdefault(name, {})
        if function is None:
            by_count.pop(n_args, None)
        else:
            by_count[n_args] = function
        if not by_count:
            del self._user[name]
        self.version += 1
