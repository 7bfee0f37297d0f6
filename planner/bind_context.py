"""What the parts of the binder share while one statement is bound.

`Context` hands out source ids (one counter per statement: the same text gives the same ids, INV-T1), resolves
functions, and connects the parts that need each other: expressions contain queries and queries contain expressions,
so each reaches the other through the two callables `expression` and `select` that `binder` fills in.

Names in sqlglot's tree carry marks put there by `planner.rewrite`: a first character ``'\\x01'`` says that the
identifier was written in double quotes (it may turn out to be a string), an alias that starts with ``'\\x00'`` is not
an alias but the exact source text of an unnamed select item (INV-Q6), and the first two characters ``f$`` of a
function name keep sqlglot from rewriting it. `identifier` and friends read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

from sqlglot import exp

from aerodb_dbapi.planner.expressions import Expression
from aerodb_dbapi.planner.functions import FunctionResolver
from aerodb_dbapi.planner.query import Query, Source
from aerodb_dbapi.planner.scope import Scope
from aerodb_dbapi.storage.catalog import Schema
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError

DOUBLE_QUOTED: Final = "\x01"
SOURCE_TEXT: Final = "\x00"
FUNCTION_MARK: Final = "f$"

# How a query's columns are named: as a result, as a subquery or CTE in FROM, as a view.
RESULT: Final = "result"
SOURCE: Final = "source"
VIEW: Final = "view"

SelectBinder = Callable[["Context", Any, Scope, str], Query]
ExpressionBinder = Callable[["Context", Any, Scope], Expression]


class Reference(NamedTuple):
    """An identifier of the text (a node of sqlglot) that names a table, or a column of it."""

    node: Any
    table: str
    column: str | None = None
    database: str = ""  # of the table, if it is known


class Context:
    """One statement being bound."""

    __slots__ = (
        "_last_id", "arms", "expression", "functions", "schema_at", "select", "sources", "stored", "trace",
    )  # fmt: skip

    def __init__(
        self,
        functions: FunctionResolver,
        schema_at: Callable[[int], Schema],
        expression: ExpressionBinder,
        select: SelectBinder,
    ) -> None:
        self.functions = functions
        self.schema_at = schema_at
        self.expression = expression
        self.select = select
        self.stored: set[int] = set()  # ids of sources whose columns hold values of their own affinity: tables
        self.sources: dict[int, Source] = {}  # the sources in FROM that are no tables, by id
        self.arms: dict[int, Any] = {}  # id of a bound Select → what ORDER BY of a compound needs to know of it
        self.trace: list[Reference] | None = None  # where tables and columns are named, if somebody wants to know
        self._last_id = -1

    def next_id(self) -> int:
        """A source id that no other source of the statement has."""
        self._last_id += 1
        return self._last_id


def identifier(node: Any) -> str:
    """The name in an Identifier (or Var), without its quote mark."""
    name: str = node if isinstance(node, str) else node.name
    return name[1:] if name.startswith(DOUBLE_QUOTED) else name


def optional_identifier(node: Any) -> str | None:
    """As `identifier`; None for an absent one."""
    return None if not node else identifier(node)


def unwrap(node: Any) -> Any:
    """The expression inside parentheses."""
    while type(node) is exp.Paren:
        node = node.this
    return node


def skip_collate(node: Any) -> Any:
    """The expression inside parentheses and COLLATE."""
    while type(node) in (exp.Paren, exp.Collate):
        node = node.this
    return node


def ordinal(number: int) -> str:
    """1 → '1st', as in SQLite's messages about ORDER BY terms."""
    tens, ones = number // 10 % 10, number % 10
    return f"{number}{'th' if tens == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(ones, 'th')}"


def fail(message: str) -> NoReturn:
    """The statement is wrong."""
    raise OperationalError(message)


def unsupported(feature: str) -> NoReturn:
    """The statement is right, but needs something that does not exist (INV-F2)."""
    raise NotSupportedError(f"{feature} is not supported")
