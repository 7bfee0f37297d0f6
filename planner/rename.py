"""ALTER TABLE on stored texts: names replaced, columns put in and cut out.

Texts are edited, never written anew
    As in SQLite the definition that the user wrote is the truth: an alteration replaces names in that text (or inserts
    or cuts a column), and the catalog's facts are read from the new text by the parser that read the old one. So the
    two cannot disagree (INV-S4), and spaces, comments and the case of words stay.

Where the names are
    The parsers note a `Mark` for each name and expression of a CREATE TABLE or CREATE INDEX. Columns in expressions are
    sqlglot's nodes, which know their place. In a view and in the statements of a trigger the binder tells which names mean the
    table (`binder.trace_select`, `trace_statement`), so that a column of another table, a CTE or an alias of the same name stays.

Quotes
    A new table name is always quoted; a new column name where it, or the name it replaces, is in quotes (SQLite's
    rule).

Example: ``ALTER TABLE t RENAME a TO b`` makes of ``CREATE TABLE t(a, CHECK (a > 0))`` the text
``CREATE TABLE t(b, CHECK (b > 0))``, and of ``REFERENCES t(a)`` elsewhere ``REFERENCES t(b)``.

Does not: change the catalog, look at rows (`executor.alter`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlglot import exp

from aerodb_dbapi.planner import rewrite
from aerodb_dbapi.planner.bind_context import Reference, identifier, optional_identifier
from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable, definition
from aerodb_dbapi.planner.ddl_triggers import CreateTrigger
from aerodb_dbapi.planner.parse import parse_expression
from aerodb_dbapi.planner.stream import Mark
from aerodb_dbapi.storage.catalog import Table, Trigger, View, fold
from aerodb_dbapi.storage.errors import InternalError

Edit = tuple[int, int]
_QUOTES: Final = frozenset("\"'`[]")
WHEN_BEFORE: Final = "SELECT 1 WHERE ("  # what stands before a trigger's condition, to make it a statement


EVERYWHERE: Final = frozenset({"table", "parent", "define", "column", "parent column", "expression"})


@dataclass(frozen=True, slots=True)
class Rename:
    """Table `table`, or its column `column`, gets the name `name`; `quoted`: it is always written in quotes."""

    table: str
    column: str | None
    name: str
    quoted: bool

    def means(self, table: str, column: str | None) -> bool:
        """Is this the table or column that gets another name?"""
        if fold(table) != fold(self.table):
            return False
        return (column is None) if self.column is None else (column is not None and fold(column) == fold(self.column))

    def may_stand_in(self, text: str) -> bool:
        """False: the text does not name it. Letters that quoting doubles are looked for by the parser only."""
        old = fold(self.table if self.column is None else self.column)
        return old in fold(text) or not _QUOTES.isdisjoint(old)

    def applied(self, text: str, edits: Iterable[Edit]) -> str:
        """The text with its name at those places."""
        for start, end in sorted(set(edits), reverse=True):
            new = self.name
            if self.quoted or text[start] in "'\"[`":
                new = '"' + new.replace('"', '""') + '"'
            if text[end : end + 1] == '"':
                new += " "
            text = text[:start] + new + text[end:]
        return text


def parse_definition(sql: str) -> tuple[CreateTable | CreateIndex, list[Mark]]:
    """The statement of a stored CREATE TABLE or CREATE INDEX text, and the places of its names."""
    stream = rewrite.stream_of(sql)
    statement = definition(stream)
    if not isinstance(statement, CreateTable | CreateIndex):
        raise InternalError("a stored definition is not a table or an index")
    return statement, stream.marks


def renamed_definition(sql: str, table: str, rename: Rename, kinds: Container[str] = EVERYWHERE) -> str:
    """The text of a table or index (of `table`) after a renaming, in marks of these kinds."""
    if not rename.may_stand_in(sql):
        return sql
    marks = parse_definition(sql)[1]
    edits = [edit for mark in marks if mark.kind in kinds for edit in _places(mark, sql, table, rename)]
    return rename.applied(sql, edits)


def _places(mark: Mark, sql: str, table: str, rename: Rename) -> Iterator[Edit]:
    """Where a mark names what is renamed."""
    match mark.kind:
        case "table":
            found = rename.means(table, None)
        case "parent":
            found = rename.means(mark.name, None)
        case "define" | "column":
            found = rename.means(table, mark.name)
        case "parent column":
            found = rename.means(mark.of, mark.name)
        case "expression":
            yield from _places_in(sql[mark.start : mark.end], mark.start, table, rename)
            return
        case _:
            return
    if found:
        yield mark.start, mark.end


def _places_in(text: str, offset: int, table: str, rename: Rename) -> Iterator[Edit]:
    """Where an expression over the table's own row names it."""
    for node in parse_expression(text).find_all(exp.Column):
        qualifier = node.args.get("table")
        if rename.column is None:
            named = optional_identifier(qualifier)
            if named is not None and rename.means(named, None) and fold(named) == fold(table):
                yield _span(qualifier, offset)
        elif rename.means(table, identifier(node.this)):
            yield _span(node.this, offset)


def _span(node: Any, offset: int) -> Edit:
    return offset + node.meta["start"], offset + node.meta["end"] + 1


def renamed_view(view: View, references: list[Reference], rename: Rename) -> tuple[str, str]:
    """The text of a view and that of its SELECT after a renaming."""
    edits = [_span(one.node, 0) for one in references if rename.means(one.table, one.column)]
    select = rename.applied(view.select, edits)
    return view.sql[: len(view.sql) - len(view.select)] + select, select


def renamed_trigger(trigger: Trigger, traces: list[list[Reference]], rename: Rename) -> Trigger:
    """The trigger after a renaming. `traces`: where its WHEN and its statements name things, one list for each in their order."""
    _, marks = _parse_trigger(trigger.sql)
    edits = []
    for mark in marks:
        column = mark.name if mark.kind == "column" else None
        if mark.kind in ("table", "column") and rename.means(trigger.table, column):
            edits.append((mark.start, mark.end))
    for mark, trace in zip([mark for mark in marks if mark.kind in ("when", "step")], traces):
        offset = mark.start - (len(WHEN_BEFORE) if mark.kind == "when" else 0)
        edits += [_span(one.node, offset) for one in trace if rename.means(one.table, one.column)]
    sql = rename.applied(trigger.sql, edits)
    if sql == trigger.sql:
        return trigger
    table = rename.name if rename.means(trigger.table, None) else trigger.table
    return replace(_parse_trigger(sql)[0], id=trigger.id, table=table, on=trigger.on)


def _parse_trigger(sql: str) -> tuple[Trigger, list[Mark]]:
    stream = rewrite.stream_of(sql)
    statement = definition(stream)
    if not isinstance(statement, CreateTrigger):
        raise InternalError("a stored definition is not a trigger")
    return statement.trigger, stream.marks


def missing_column(sql: str, table: Table) -> str | None:
    """A column that the expressions of an index name and the table does not have."""
    for mark in parse_definition(sql)[1]:
        if mark.kind == "expression":
            for node in parse_expression(sql[mark.start : mark.end]).find_all(exp.Column):
                name = identifier(node.this)
                if table.position(name) is None and node.this.name == name:  # in double quotes it is a string
                    return name
    return None


def with_column(sql: str, text: str) -> str:
    """The CREATE TABLE text with one more column behind the others."""
    end = next(mark.start for mark in parse_definition(sql)[1] if mark.kind == "end")
    return f"{sql[:end]}, {text}{sql[end:]}"


def without_column(sql: str, position: int) -> str:
    """The CREATE TABLE text without a column: cut up to the next one; the last with the comma before it."""
    marks = parse_definition(sql)[1]
    starts = [mark.start for mark in marks if mark.kind == "define"]
    start = starts[position]
    if position + 1 < len(starts):
        return sql[:start] + sql[starts[position + 1] :]
    end = next(mark.start for mark in marks if mark.kind == "end")
    return sql[: sql.rindex(",", 0, start)] + sql[end:]
