"""One statement's text to what the rest of the planner works on. The only module that calls sqlglot's parser.

Steps of `parse(sql)`
    1. `front` looks at the first word. Transaction control, PRAGMA and EXPLAIN become small dataclasses (`front`),
    definitions
       become the dataclasses of `ddl`; `Parsed.tree` is that dataclass.
    2. SELECT, VALUES, INSERT, REPLACE, UPDATE, DELETE (with or without WITH): `rewrite` checks the syntax and writes
    tokens for
       sqlglot, whose parser builds the tree. What its nodes look like is said in `rewrite` and `rewrite_expression`.

`Parsed`
    - kind: 'select' | 'insert' | 'update' | 'delete' → tree is a sqlglot expression; 'create_table' | 'create_index' |
      'create_view' | 'drop' → `ddl`; 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'pragma' | 'explain' →
      `front`; 'empty' (only comments and white space) → None.
    - parameters: one entry per slot: the name with its sigil (':a', '?3') or None. In the tree a parameter is
      exp.Parameter(this=Var('p<slot>')), slots from 0: `parameter_slot(node)`.
    - lifted: how many of the last slots are literals of a shape; the user's are the `len(parameters) - lifted` before.
    - lists: the slots that take lists (0) and rows (their width); see `lists`.
    - upserts: the ON CONFLICT clauses of an INSERT: (target, update), trees as `rewrite` says, or None for no target and
      for DO NOTHING.
    - conflict: the word after INSERT OR / UPDATE OR ('REPLACE' for REPLACE INTO), else None.

Errors: SQLite's texts as OperationalError; what sqlglot refuses although the grammar allows it is a NotSupportedError
naming the piece of text (INV-F2); nesting that Python's stack does not carry is ``parser stack overflow``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token as GlotToken
from sqlglot.tokens import TokenType

from aerodb_dbapi.planner import rewrite
from aerodb_dbapi.planner.alter import Alteration, alteration
from aerodb_dbapi.planner.attach import attachment
from aerodb_dbapi.planner.ddl import KIND_OF, definition
from aerodb_dbapi.planner.front import control
from aerodb_dbapi.planner.front_store import store_statement
from aerodb_dbapi.planner.lexer import DIGITS_MAX, END, tokenize, unquote
from aerodb_dbapi.planner.lists import fits
from aerodb_dbapi.planner.maintenance import maintenance
from aerodb_dbapi.planner.rewrite_expression import (
    CLOCKS,
    DOUBLE_QUOTED_PREFIX,
    FUNCTION_PREFIX,
    TEXT_ALIAS_PREFIX,
    expression,
)
from aerodb_dbapi.planner.stream import IDENTIFIERS, TokenStream
from aerodb_dbapi.storage.catalog import Trigger
from aerodb_dbapi.storage.errors import InternalError, NotSupportedError, OperationalError, ProgrammingError

__all__ = [
    "DOUBLE_QUOTED_PREFIX",
    "FUNCTION_PREFIX",
    "TEXT_ALIAS_PREFIX",
    "Parsed",
    "cast_affinity",
    "collation_name",
    "is_constant",
    "list_slot",
    "number_value",
    "parameter_slot",
    "parse",
    "parse_default",
    "parse_expression",
    "parse_select",
    "parse_shape",
    "untie",
]

_DIALECT: Final = SQLite()
_parsers: Final[list[Any]] = []  # at rest; making one costs a fifth of parsing a short statement
_AFFINITIES: Final = {
    exp.DataType.Type.DECIMAL: "NUMERIC",
    exp.DataType.Type.INT: "INTEGER",
    exp.DataType.Type.DOUBLE: "REAL",
    exp.DataType.Type.TEXT: "TEXT",
    exp.DataType.Type.VARBINARY: "BLOB",
}


_ROW_STATEMENTS: Final = frozenset({"SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"})


@dataclass(slots=True)
class Parsed:
    """A statement, parsed but not bound; see the module's docstring."""

    kind: str
    tree: Any
    parameters: list[str | None] = field(default_factory=list)
    text: str = ""
    conflict: str | None = None
    lifted: int = 0
    lists: dict[int, int] = field(default_factory=dict)
    upserts: list[tuple[Any, Any]] = field(default_factory=list)
    stands_for_definition: bool = False  # an INSERT that is bound to look at a table's definition, not to be run


def parse(sql: str, in_trigger: bool = False, is_passed_over: bool = False) -> Parsed:
    """Parse one statement; a second one after it is an error, a trailing semicolon and comments are not. `in_trigger`: it is of a
    trigger's body. `is_passed_over`: it is a definition with IF NOT EXISTS of what exists."""
    stream = rewrite.stream_of(sql)
    stream.in_trigger, stream.is_passed_over = in_trigger, is_passed_over
    while stream.kind == ";":
        stream.advance()
    if stream.kind == END:
        return Parsed("empty", None, [], sql)
    if stream.kind in _ROW_STATEMENTS:
        return _row_statement(stream)
    tree = (
        _guarded(store_statement, stream)
        or _guarded(control, stream)
        or _guarded(definition, stream)
        or _guarded(alteration, stream)
        or maintenance(stream)
        or _guarded(attachment, stream)
    )
    if tree is None:
        raise stream.error()
    _finish(stream)
    kind = KIND_OF.get(type(tree)) or ("alter" if isinstance(tree, Alteration) else type(tree).__name__.lower())
    return Parsed(kind, tree, stream.parameters, sql)


def parse_shape(shape: str, marks: int = 0) -> Parsed:
    """Parse a shape of `lifting.shape`: each mark is a parameter, in slots after the user's own. `marks`: of so many lists."""
    stream = rewrite.stream_of(shape, is_shape=True)
    if marks and not fits(stream, marks):
        raise NotSupportedError("this form of lists")
    return _row_statement(stream)


def untie(parsed: Parsed) -> None:
    """The tree has been bound, and nobody looks at it again: its nodes forget their parents, so that it goes at once when it is let
    go, without the garbage collector."""
    nodes = [parsed.tree, *chain.from_iterable(parsed.upserts)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, exp.Expr):
            node.parent = None
            if not isinstance(node, exp.Identifier):
                nodes += node.args.values()
        elif node.__class__ is list:
            nodes += node


def parse_expression(text: str) -> exp.Expr:
    """The tree of an expression kept as text in the catalog (CHECK, DEFAULT, partial WHERE). Parameters are errors."""
    stream = rewrite.stream_of(text)
    _refuse_parameters(stream, "expressions of a table definition")
    stream.write(TokenType.SELECT, "SELECT")
    _guarded(expression, stream)
    if stream.kind != END:
        raise stream.error()
    tree = _build(stream)
    made = tree.expressions[0]
    made.pop()
    return made


def is_constant(text: str) -> bool:
    """Whether the text of a DEFAULT is a constant: a literal, with signs, parentheses and casts, or a bare word."""
    node = parse_default(text)
    while type(node) in (exp.Paren, exp.Neg, exp.Cast, exp.Cbrt):  # Cbrt stands for the unary plus
        node = node.this
    return isinstance(node, exp.Literal | exp.HexString | exp.Null | exp.Boolean)


def parse_default(text: str) -> exp.Expr:
    """The tree of a column's DEFAULT text. A bare word other than true and false is a string, as in SQLite."""
    kind, word, _, end = tokenize(text)[0]
    if kind in IDENTIFIERS and end == len(text) and word.lower() not in ("true", "false") and kind not in CLOCKS:
        return exp.Literal.string(unquote(word))
    return parse_expression(text)


def parse_select(text: str) -> exp.Expr:
    """The tree of a query kept as text in the catalog (a view). Parameters are errors."""
    stream = rewrite.stream_of(text)
    _refuse_parameters(stream, "views")
    _guarded(rewrite.query, stream)
    if stream.kind != END:
        raise stream.error()
    return _build(stream)


def databases_named(text: str) -> list[str]:
    """The databases that a query kept as text in the catalog names in its FROM clauses."""
    found = [table.args.get("db") for table in parse_select(text).find_all(exp.Table)] if "." in text else []
    return [name.name.removeprefix(DOUBLE_QUOTED_PREFIX) for name in found if name]


def databases_in_body(trigger: Trigger) -> list[str]:
    """The databases that the statements of a trigger name. The table that one of them changes must not have its database named."""
    found: list[str] = []
    for text in [*([f"SELECT {trigger.when}"] if trigger.when else []), *trigger.steps]:
        if "." not in text:
            continue
        parsed = parse(text, in_trigger=True)
        target: Any = parsed.tree.this if parsed.kind != "select" else None
        if type(target) is exp.Schema:
            target = target.this
        if target is not None and target.args.get("db") is not None:
            raise OperationalError(
                "qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers"
            )
        named = [table.args.get("db") for table in parsed.tree.find_all(exp.Table)]
        found += [name.name.removeprefix(DOUBLE_QUOTED_PREFIX) for name in named if name]
    return found


# --- what the nodes mean ----------------------------------------------------------------------------------------------


def parameter_slot(node: exp.Expr) -> int:
    """The 0-based slot of an exp.Parameter, -1 of one that stands for a list."""
    name = node.name
    return int(name[1:]) if name[0] == "p" else -1


def list_slot(node: exp.Expr) -> tuple[str, int, int]:
    """The slot of an exp.Parameter between what else it is: 'l' and the number of marks, 'r' and the place in the rows."""
    number, slot = node.name[1:].split("_")
    return node.name[0], int(slot), int(number)


def number_value(node: exp.Expr) -> int | float:
    """The value of a numeric Literal: an int if it fits 64 bits and is written as one, else a float."""
    text = node.this
    if (text.isdecimal() or text[0] == "-") and len(text) < DIGITS_MAX:
        value = int(text)
        return value if value < 1 << 63 else float(value)
    return float(text)


def cast_affinity(node: exp.Expr) -> str:
    """The affinity that an exp.Cast casts to."""
    return _AFFINITIES[node.args["to"].this]


def collation_name(node: exp.Expr) -> str:
    """The name after COLLATE of an exp.Collate, as written."""
    return node.expression.name


# --- steps ------------------------------------------------------------------------------------------------------------


def _row_statement(stream: TokenStream) -> Parsed:
    kind, conflict = _guarded(rewrite.statement, stream)
    _finish(stream)
    upserts = [(target and _build(stream, target), do and _build(stream, do)) for target, do in stream.upserts]
    return Parsed(kind, _build(stream), stream.parameters, stream.sql, conflict, stream.lifted, stream.lists, upserts)


def _finish(stream: TokenStream) -> None:
    """Only semicolons and comments may follow a statement."""
    if stream.kind != END and not stream.take(";"):
        raise stream.error()
    if stream.kind != END:
        raise ProgrammingError("You can only execute one statement at a time.")


def _guarded(read: Any, stream: TokenStream) -> Any:
    try:
        return read(stream)
    except RecursionError:
        raise OperationalError("parser stack overflow") from None


def _build(stream: TokenStream, tokens: list[GlotToken] | None = None) -> exp.Expr:
    """Let sqlglot build the tree of the tokens written, or of some that were cut out."""
    try:
        parser = _parsers.pop()  # of several threads that see the last one, one gets it
    except IndexError:
        parser = _DIALECT.parser()
    try:
        trees = parser.parse(stream.out if tokens is None else tokens, stream.sql)
    except RecursionError:
        raise OperationalError("parser stack overflow") from None
    except SqlglotError as error:
        raise NotSupportedError(f"this form of SQL: {_place(stream, error)}") from None
    parser.reset()
    _parsers.append(parser)
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise InternalError("the parser gave no tree")
    if isinstance(tree, exp.Command):
        raise NotSupportedError(f"{tree.name.upper()} statement")
    return tree


def _place(stream: TokenStream, error: SqlglotError) -> str:
    """The text near which sqlglot gave up."""
    details = getattr(error, "errors", None) or [{}]
    column = details[0].get("col") or 0
    return stream.sql[column : column + 40] or str(error).split("\n")[0]


def _refuse_parameters(stream: TokenStream, place: str) -> None:
    if stream.parameters:
        raise OperationalError(f"parameters are not allowed in {place}")
