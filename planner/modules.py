"""Table-valued functions and other tables that Python makes: what a module must offer to stand in FROM.

A module has visible and hidden columns. The arguments of ``f(a, b)`` are equality constraints on its hidden columns in
their order, so ``generate_series(1, 5)`` is ``generate_series WHERE start = 1 AND stop = 5``, in both writings. The planner
shows a module the constraints whose other sides are known where it is read (`TableModule.choose`); the module says which of
them it wants the values of, which it answers wholly (these need no test afterwards), and what reading costs. For each outer
row `rows` is then called with the values.

A module is read after every source that its arguments refer to: ``FROM t, json_each(t.doc)``, in either order of writing.

Example: for ``json_each(t.doc)`` the planner offers ``Constraint(8, "=")``, the hidden column `json`; the choice is
``Choice(takes=(0,), exact=frozenset((0,)), …)``, and `rows` gets ``(plan, (doc,))`` for each row of t.

What is not here: writing. A module's table may not be modified.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from aerodb_dbapi.storage.catalog import Schema, Table

_BATCH_MIN: Final = 64
_BATCH_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class ModuleColumn:
    """A column of a module's table. Hidden ones come last; `*` does not show them."""

    name: str
    type: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Constraint:
    """``column op value``; `op` is one of = < <= > >=. The value may turn out to be NULL."""

    column: int
    op: str


@dataclass(frozen=True, slots=True)
class Choice:
    """How a module would read. `takes`: numbers of the constraints whose values `rows` wants, in that order; `exact`: those
    that hold for every row given. `rows` and `cost` (microseconds) are estimates for one reading; `label` is for EXPLAIN."""

    takes: tuple[int, ...] = ()
    exact: frozenset[int] = frozenset()
    plan: Any = None
    rows: float = 25.0
    cost: float = 25.0
    label: str = "0:"


class TableModule(ABC):
    """A table whose rows are made by Python."""

    name: str
    columns: tuple[ModuleColumn, ...]
    has_rowid: bool = False  # rows have the rowid after their columns
    read_as: Table | None = None  # what an authorizer is asked about

    @abstractmethod
    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """The best way to read under some constraints, when the columns `used` are wanted."""

    @abstractmethod
    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        """The rows, all columns wide, for the values of the constraints that `choose` took."""

    def batches(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterator[list[tuple[Any, ...]]]:
        """The rows in lists, small ones first, so that LIMIT need not wait for all of them."""
        rows, size = iter(self.rows(session, plan, values)), _BATCH_MIN
        while batch := list(islice(rows, size)):
            yield batch
            size = min(size * 4, _BATCH_MAX)

    def called(self, schema: Schema, arguments: Sequence[str | None]) -> TableModule:
        """The module for a call with these arguments, those that are string literals as their text, others as None. Another
        one where the columns depend on them."""
        return self

    def json_type(self, position: int) -> int | None:
        """The column that tells the JSON type of a column whose values are JSON where that is a container, or None."""
        return None

    @property
    def width(self) -> int:
        """The length of its rows."""
        return len(self.columns) + self.has_rowid

    @property
    def visible(self) -> int:
        """How many columns are not hidden."""
        return sum(not column.hidden for column in self.columns)


def argument_choice(
    constraints: Sequence[Constraint], columns: Sequence[int], plan: Any, rows: float, cost: float
) -> tuple[Choice, tuple[int, ...]]:
    """The choice of a module that needs only equalities on some columns, taken once each; and the columns taken."""
    takes: list[int] = []
    taken: list[int] = []
    for column in columns:
        number = next((n for n, one in enumerate(constraints) if one.column == column and one.op == "="), None)
        if number is not None:
            takes.append(number)
            taken.append(column)
    index = sum(1 << columns.index(column) for column in taken)
    choice = Choice(tuple(takes), frozenset(takes), (plan, tuple(taken)), rows, cost, f"{index}:")
    return choice, tuple(taken)
