"""The depth of the expressions in CREATE and ALTER TABLE, which is limited (https://www.sqlite.org/limits.html).

A statement that runs is measured when it is bound (`executor.limits`). A definition is not bound when it is made: views
and triggers may name what does not exist yet. So the trees of its texts are measured here, as SQLite's parser does:
DEFAULT, CHECK, generated columns, what an index holds, the queries of views, the conditions and statements of triggers.
A text too short to be too deep is not looked at, so ordinary definitions pay nothing.

Example: ``CREATE TABLE t(a DEFAULT (1+1+ … +1))`` of 1,001 ones fails with
``Expression tree is too large (maximum depth 1000)``, and so does a view or a trigger with such a sum.

Does not: count columns (`executor.limits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner.alter import AddColumn
from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable, CreateTrigger, CreateView
from aerodb_dbapi.planner.parse import parse, parse_expression, parse_select
from aerodb_dbapi.storage.errors import OperationalError

_TRANSPARENT: Final = (exp.Paren, exp.Identifier, exp.Tuple, exp.Ordered, exp.Alias, exp.Subquery)


def check_depths(most: int, statement: Any) -> None:
    """OperationalError if an expression of a definition is deeper than `most`."""
    for text, read in _texts(statement):
        if len(text) > 2 * most and _is_deeper(read(text), most):
            raise OperationalError(f"Expression tree is too large (maximum depth {most})")


def _texts(statement: Any) -> Iterator[tuple[str, Any]]:
    """The texts of a definition, each with what makes a tree of it."""
    found: list[str | None] = []
    if isinstance(statement, CreateTable):
        table = statement.table
        found = [check.text for check in table.checks]
        found += [text for column in table.columns for text in (column.default, column.generated)]
    elif isinstance(statement, AddColumn):
        found = [check.text for check in statement.draft.checks]
        found += [text for column in statement.draft.columns for text in (column.default, column.generated)]
    elif isinstance(statement, CreateIndex):
        found = [*(term.expression for term in statement.terms), statement.where]
    elif isinstance(statement, CreateView):
        yield statement.view.select, parse_select
    elif isinstance(statement, CreateTrigger):
        for step in statement.trigger.steps:
            yield step, _step
        if statement.trigger.when is not None:
            yield f"SELECT {statement.trigger.when}", _step
    for text in found:
        if text is not None:
            yield text, parse_expression


def _step(text: str) -> Any:
    return parse(text, in_trigger=True).tree


def _is_deeper(tree: Any, most: int) -> bool:
    """Is an expression of the tree higher than `most`? Level by level, since a chain of a thousand leans to the left."""
    level = [(tree, 0)]
    while level:
        below = []
        for node, height in level:
            assigns = type(node) is exp.EQ and isinstance(node.parent, exp.Update)
            more = isinstance(node, exp.Condition) and not isinstance(node, _TRANSPARENT) and not assigns
            if height + more > most:
                return True
            for value in node.args.values():
                parts = value if value.__class__ is list else (value,)
                below += [(part, height + more) for part in parts if isinstance(part, exp.Expr)]
        level = below
    return False
