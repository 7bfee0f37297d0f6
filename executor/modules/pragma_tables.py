"""The `pragma_…` functions: each pragma that answers with rows, as a table. The code behind is the pragma's own.

Hidden columns are `arg`, where the pragma takes an argument, and `schema`, where it looks into one. A pragma that changes
something only when it is given a value is read here without one.

Example: ``SELECT i.name FROM sqlite_master m, pragma_index_list(m.name) i``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from aerodb_dbapi.executor.definitions import pragma_rows
from aerodb_dbapi.executor.pragma import PRAGMAS, Definition
from aerodb_dbapi.planner.modules import Choice, Constraint, ModuleColumn, TableModule, argument_choice
from aerodb_dbapi.storage.values import as_text

# pragmas that take an argument, and whether a schema may be named too
ARGUMENTS: Final = {
    "table_info": True, "table_xinfo": True, "index_info": True, "index_xinfo": True, "index_list": True,
    "foreign_key_list": True, "foreign_key_check": True, "integrity_check": True, "quick_check": True, "table_list": False,
}  # fmt: skip
# pragmas that do something even without a value
_ACTIVE: Final = frozenset(("wal_checkpoint", "optimize", "shrink_memory", "incremental_vacuum"))


class PragmaTable(TableModule):
    """The module of one pragma."""

    def __init__(self, name: str, definition: Definition) -> None:
        hidden = [] if name not in ARGUMENTS else ["arg", "schema"] if ARGUMENTS[name] else ["arg"]
        self.name = f"pragma_{name}"
        self.columns = (
            *(ModuleColumn(column) for column in definition.names),
            *(ModuleColumn(column, hidden=True) for column in hidden),
        )
        self.definition = definition
        self.hidden = range(len(definition.names), len(self.columns))

    def choose(self, constraints: Sequence[Constraint], used: frozenset[int]) -> Choice:
        """Take the argument and the schema."""
        return argument_choice(constraints, self.hidden, None, 10.0, 20.0)[0]

    def rows(self, session: Any, plan: Any, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        """The pragma's answer."""
        if None in values:
            return ()
        given = dict(zip(plan[1], values))
        hidden = tuple(given.get(column) for column in self.hidden)
        argument = str(as_text(hidden[0])) if hidden and hidden[0] is not None else None
        database = str(as_text(hidden[1])) if len(hidden) > 1 and hidden[1] is not None else None
        found = pragma_rows(session, self.name.removeprefix("pragma_"), self.definition, argument, database)
        return [(*row, *hidden) for row in found or ()]


def pragma_tables() -> Iterator[PragmaTable]:
    """A module for each pragma with rows."""
    for name, definition in PRAGMAS.items():
        if name not in _ACTIVE and definition.names:
            yield PragmaTable(name, definition)
