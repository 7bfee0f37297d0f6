"""CREATE TRIGGER: own parser over SQLite's tokens, giving a catalog object.

    CREATE TRIGGER [IF NOT EXISTS] name [BEFORE | AFTER | INSTEAD OF] {INSERT | DELETE | UPDATE [OF column, …]} ON table
        [FOR EACH ROW] [WHEN expression] BEGIN statement; … END

Without a time it is BEFORE, as in SQLite. Statements of the body are INSERT, UPDATE, DELETE and SELECT: their syntax is checked, and
their texts are kept one by one; names in them are looked up when they first run. RAISE() is known here and nowhere else
(`TokenStream.in_trigger`). Parameters are errors.

Example: ``CREATE TRIGGER x AFTER UPDATE OF a ON t BEGIN DELETE FROM u WHERE b = OLD.a; END`` gives CreateTrigger(Trigger(name 'x',
timing 'AFTER', event 'update', columns ('a',), steps ("DELETE FROM u WHERE b = OLD.a",), …)).

Does not: look at the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aerodb_dbapi.planner.lexer import Token
from aerodb_dbapi.planner.rewrite import statement
from aerodb_dbapi.planner.rewrite_expression import expression
from aerodb_dbapi.planner.stream import Mark, TokenStream
from aerodb_dbapi.storage.catalog import Trigger
from aerodb_dbapi.storage.errors import OperationalError

_WRITING: Final = frozenset({"INSERT", "REPLACE", "UPDATE", "DELETE"})


@dataclass(frozen=True, slots=True)
class CreateTrigger:
    """A trigger as it will stand in the catalog, its id still 0."""

    trigger: Trigger
    if_not_exists: bool = False
    database: str | None = None
    on: str | None = None  # the database that is named before the table


def create_trigger(stream: TokenStream, object_name: Callable[[TokenStream], Any]) -> CreateTrigger:
    """Read a CREATE TRIGGER statement from the word TRIGGER on. `object_name` reads [IF NOT EXISTS] and the name."""
    stream.expect("TRIGGER")
    name = object_name(stream)
    stream.marks.clear()
    timing = _timing(stream)
    if stream.kind not in ("INSERT", "DELETE", "UPDATE"):
        raise stream.error()
    event = stream.advance()[0].lower()
    columns: list[str] | None = None
    if event == "update" and stream.take("OF"):
        columns = [stream.marked_name("column")]
        while stream.take(","):
            columns.append(stream.marked_name("column"))
    stream.expect("ON")
    on, table = None, stream.marked_name("table")
    if stream.take("."):
        stream.marks.pop()
        on, table = table, stream.marked_name("table")
    if stream.take("FOR"):
        stream.expect("EACH")
        stream.expect("ROW")
    stream.in_trigger = True
    when = None
    if stream.take("WHEN"):
        start = stream.token[2]
        expression(stream)
        when = stream.text_since(start)
        stream.marks.append(Mark("when", start, start + len(when)))
    steps = _steps(stream)
    end = stream.expect("END")[3]
    if stream.parameters:
        raise OperationalError("trigger cannot use variables")
    sql = f"CREATE TRIGGER {stream.sql[name.start : end]}"
    chosen = None if columns is None else tuple(columns)
    trigger = Trigger(0, name.text, table, timing, event, chosen, when, steps, sql)
    return CreateTrigger(trigger, name.if_not_exists, name.database, on)


def _timing(stream: TokenStream) -> str:
    if stream.take("INSTEAD"):
        stream.expect("OF")
        return "INSTEAD OF"
    return stream.advance()[0] if stream.kind in ("BEFORE", "AFTER") else "BEFORE"


def _refuse(stream: TokenStream, first: int) -> None:
    """Errors for what a statement of a body that writes must not have."""
    outer = _outside_parentheses(stream.tokens[first : stream.index + 1])
    if outer[0][0] == "WITH":
        raise stream.error(next(token for token in outer if token[0] in _WRITING))
    for token in outer:
        if token[0] == "DEFAULT" or (token[0] in ("ORDER", "LIMIT") and outer[0][0] in ("UPDATE", "DELETE")):
            raise stream.error(token)
        if token[0] == "RETURNING":
            if outer[0][0] in ("UPDATE", "DELETE"):
                raise stream.error(token)
            raise OperationalError("cannot use RETURNING in a trigger")
    _refuse_hint(stream, outer)


def _refuse_hint(stream: TokenStream, outer: list[Token]) -> None:
    """The table that a statement writes has no alias in a body, and no hint."""
    kind = outer[0][0]
    at = 3 if outer[1][0] == "OR" else 1
    at += kind != "UPDATE"  # INTO, FROM
    at += 3 if outer[at + 1][0] == "." else 1
    if outer[at][0] == "AS":
        raise stream.error(outer[at])
    if kind in ("UPDATE", "DELETE") and len(outer) > at and outer[at][0] in ("INDEXED", "NOT"):
        hint = "INDEXED BY" if outer[at][0] == "INDEXED" else "NOT INDEXED"
        raise OperationalError(f"the {hint} clause is not allowed on UPDATE or DELETE statements within triggers")


def _outside_parentheses(tokens: list[Token]) -> list[Token]:
    """The tokens of a statement that are in no parentheses."""
    depth, found = 0, []
    for token in tokens:
        if token[0] == ")":
            depth -= 1
        if not depth:
            found.append(token)
        if token[0] == "(":
            depth += 1
    return found


def _steps(stream: TokenStream) -> tuple[str, ...]:
    """The statements between BEGIN and END."""
    stream.expect("BEGIN")
    steps: list[str] = []
    while not steps or stream.kind != "END":
        start, first = stream.token[2], stream.index
        if statement(stream)[0] != "select":
            _refuse(stream, first)
        steps.append(stream.text_since(start))
        stream.marks.append(Mark("step", start, start + len(steps[-1])))
        stream.expect(";")
    return tuple(steps)
