"""Statements that run inside a statement: what a foreign key does to child rows, and the bodies of triggers.

A `Program` is one statement over the rows OLD and NEW (`planner.bind_rows`). It is bound and compiled when it first runs, by
then for good: programs belong to a compiled statement and share its schema (INV-S3). Compiling late lets programs reach
themselves: deleting a row of a tree deletes its children, by the program that is running.

Running
    Inside the transaction of the outer statement and its journal, so all of it is undone together (INV-D4). What a program
    reads is noted like any read (INV-V7). Rows that it changes count in total_changes(), and in changes() until it is done.
    Programs nest as deep as `setlimit` allows, by default `DEPTH_MAX`: ``too many levels of trigger recursion``.

Nesting without recursion
    A statement whose rows may set off further programs is compiled to a generator. Where a function would be called that may run
    a program, it yields the generator of that call, and is sent its result; `drive` keeps the stack of generators. So a thousand
    levels need no more of Python's stack than one, and a statement that sets nothing off is the plain function that it was.

Example: ``Program('DELETE FROM "c" WHERE old."id" = "x"', [("old", entry of p)], schema, hooks_for)`` is run with
    (rowid, *row) of the row of p that was deleted.

What it does not do: decide when it runs (`foreign_keys`, `hooks`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final

from aerodb_dbapi.executor.budgets import metering
from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.dml import compile_dml
from aerodb_dbapi.executor.planning import bind_statement, plan_statement, reads_of
from aerodb_dbapi.planner.bind_rows import RowScope
from aerodb_dbapi.planner.parse import Parsed, parse
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    SelectStatement,
    Statement,
    UpdateStatement,
    ViewStatement,
)
from aerodb_dbapi.planner.scope import Entry
from aerodb_dbapi.storage.catalog import Schema
from aerodb_dbapi.storage.errors import OperationalError

DEPTH_MAX: Final = 1000
LIMIT_DEPTH: Final = 10  # sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH
Row = tuple[Any, ...]
HooksFor = Callable[[Any, Schema, Statement], Any]
Steps = Generator[Any, Any, Any]
TOO_DEEP: Final = "too many levels of trigger recursion"


class Program:
    """One statement over OLD and NEW. `adapt` may change the bound statement before it is planned; `typed`: see
    `planner.bind_rows`."""

    __slots__ = ("adapt", "hooks_for", "kind", "reads", "rows", "runner", "schema", "text", "typed")

    def __init__(
        self,
        text: str | Parsed,
        rows: Sequence[tuple[str, Entry]],
        schema: Schema,
        hooks_for: HooksFor,
        adapt: Callable[[Any, Statement], None] | None = None,
        typed: bool = False,
    ) -> None:
        self.text = text
        self.rows = rows
        self.schema = schema
        self.hooks_for = hooks_for
        self.adapt = adapt
        self.typed = typed
        self.runner: Callable[..., Any] | None = None
        self.reads: tuple[int, ...] = ()
        self.kind = text.kind if isinstance(text, Parsed) else ""

    def bind(self, session: Any) -> Statement:
        """The bound statement."""
        scope = RowScope(self.schema, self.rows, self.typed)
        parsed = parse(self.text) if isinstance(self.text, str) else self.text
        parsed.parameters[:] = [None] * scope.width
        statement = bind_statement(session, parsed, self.schema, scope)
        if self.adapt is not None:
            self.adapt(session, statement)
        return statement

    def check(self, session: Any) -> None:
        """Look up its names, and those of what it may set off."""
        self.hooks_for(session, self.schema, self.bind(session))

    def _compile(self, session: Any, transaction: Any) -> Callable[..., Any]:
        with metering(session):
            return self._compiled(session, transaction)

    def _compiled(self, session: Any, transaction: Any) -> Callable[..., Any]:
        statement = plan_statement(session, self.bind(session), transaction.trees, transaction.schema)
        self.reads = reads_of(statement)
        if isinstance(statement, SelectStatement):
            self.runner = compile_select(statement)[0]
        else:
            assert isinstance(statement, InsertStatement | UpdateStatement | DeleteStatement | ViewStatement)
            self.runner = compile_dml(statement, self.hooks_for(session, self.schema, statement))[0]
        return self.runner

    def select(self, session: Any, transaction: Any, params: Row) -> Iterator[Row]:
        """The rows of a SELECT."""
        run = self.runner or self._compile(session, transaction)
        if not transaction.snapshot:
            transaction.note_read(self.reads)
        rows: Iterator[Row] = run(session, transaction.trees, params)
        return rows

    def change(self, session: Any, transaction: Any, params: Row) -> Steps:
        """Run an INSERT, UPDATE or DELETE."""
        run = self.runner or self._compile(session, transaction)
        if not transaction.snapshot:
            transaction.note_read(self.reads)
        done = run(session, transaction, params)
        if done.__class__ is not tuple:
            done = yield done
        session.changes = done[0]
        session.total_changes += done[0]


def drive(outermost: Steps) -> Any:
    """Run a generator and those that it yields, to their ends; what the outermost returns."""
    stack, value = [outermost], None
    error: BaseException | None = None
    while True:
        top = stack[-1]
        try:
            called = top.send(value) if error is None else top.throw(error)
        except StopIteration as end:
            stack.pop()
            if not stack:
                return end.value
            value, error = end.value, None
        except BaseException as raised:
            stack.pop()
            if not stack:
                raise
            value, error = None, raised
        else:
            stack.append(called)
            value = error = None


def enter(session: Any) -> None:
    """Go one level deeper; paired with `leave`."""
    session.depth += 1
    if session.depth > (DEPTH_MAX if session.limits is None else session.limits.get(LIMIT_DEPTH, DEPTH_MAX)):
        session.depth -= 1
        raise OperationalError(TOO_DEEP)


def leave(session: Any) -> None:
    """Come back from a level."""
    session.depth -= 1
