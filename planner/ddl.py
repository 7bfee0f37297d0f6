"""CREATE and DROP of tables, indexes and views: own parsers over SQLite's tokens, giving catalog objects without ids.

sqlglot is not used: it loses the difference between INT and INTEGER, type names, conflict clauses and all exact text,
which `sqlite_master`, `table_info`, CHECK messages and defaults need. Expressions are checked for syntax and kept as
text.

Rules kept (https://www.sqlite.org/lang_createtable.html)
    - A single-column PRIMARY KEY on a column whose type is exactly INTEGER (any case) is the rowid, except for the
      column form `INTEGER PRIMARY KEY DESC`; the table form `PRIMARY KEY(a DESC)` is the rowid too.
    - Every other PRIMARY KEY and every UNIQUE has an index `sqlite_autoindex_<table>_<n>`, n counting in the order of
      the text; one that has the columns and collations of an earlier one is the same index.
    - The stored text is ``CREATE TABLE `` and the text from the name on (for views and indexes up to the end).
    - Types that are ANY, BLOB, INT, INTEGER, REAL or TEXT are stored in capitals, others as written.

Example: ``CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)`` gives CreateTable with rowid_alias 0 and one index of `b`.

Does not: look at the schema (existence, foreign parents, index columns: `complete_index`), bind expressions, assign ids
or trees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from aerodb_dbapi.planner.ddl_columns import (
    STANDARD_TYPES,
    Definition,
    KeyTerm,
    column_definition,
    key_terms,
    prohibit_queries,
    table_constraints,
)
from aerodb_dbapi.planner.ddl_triggers import CreateTrigger, create_trigger
from aerodb_dbapi.planner.lexer import END, tokenize, unquote
from aerodb_dbapi.planner.rewrite import query
from aerodb_dbapi.planner.rewrite_expression import expression
from aerodb_dbapi.planner.stream import Mark, TokenStream
from aerodb_dbapi.storage.catalog import Column, Index, IndexColumn, Table, View, fold
from aerodb_dbapi.storage.collations import is_application
from aerodb_dbapi.storage.errors import NoSuchModuleError, NotSupportedError, OperationalError


@dataclass(frozen=True, slots=True)
class CreateTable:
    """`table` and its automatic `indexes` have id 0 and tree 0. `select` is the text of AS SELECT: then the table has
    no columns yet, and its `sql` is to be written by who knows them."""

    table: Table
    indexes: tuple[Index, ...] = ()
    if_not_exists: bool = False
    select: str | None = None
    database: str | None = None


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """Not yet an `Index`: the table's columns are needed for that, see `complete_index`."""

    name: str
    table: str
    terms: tuple[KeyTerm, ...]
    unique: bool = False
    where: str | None = None
    if_not_exists: bool = False
    sql: str = ""
    database: str | None = None


@dataclass(frozen=True, slots=True)
class CreateView:
    """A view as it will stand in the catalog, its id still 0."""

    view: View
    if_not_exists: bool = False
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """`what` is 'table', 'index', 'view' or 'trigger'."""

    what: str
    name: str
    if_exists: bool = False
    database: str | None = None


Statement = CreateTable | CreateIndex | CreateView | CreateTrigger | Drop

KIND_OF: Final = {
    CreateTable: "create_table", CreateIndex: "create_index", CreateView: "create_view", CreateTrigger: "create_trigger",
    Drop: "drop",
}  # fmt: skip


def definition(stream: TokenStream) -> Statement | None:
    """Read a CREATE or DROP statement if the stream begins with one."""
    if stream.kind == "DROP":
        return _drop(stream)
    if stream.kind != "CREATE":
        return None
    stream.advance()
    if stream.kind in ("TEMP", "TEMPORARY"):
        stream.advance()
        return _temporary(stream)
    if stream.kind == "TABLE":
        return _create_table(stream)
    if stream.kind == "VIEW":
        return _create_view(stream)
    if stream.kind in ("UNIQUE", "INDEX"):
        return _create_index(stream)
    if stream.kind == "TRIGGER":
        return create_trigger(stream, _object_name)
    if stream.kind == "VIRTUAL":
        raise _virtual_table(stream)
    raise stream.error()


def _temporary(stream: TokenStream) -> Statement:
    """What may stand behind CREATE TEMP."""
    what = stream.kind.lower()
    if what == "trigger":
        trigger = create_trigger(stream, _object_name)
        if trigger.database is not None:
            raise OperationalError("temporary trigger may not have qualified name")
        return replace(trigger, database="temp")
    if what not in ("table", "view"):
        raise stream.error()
    made = _create_table(stream) if what == "table" else _create_view(stream)
    if made.database is not None and fold(made.database) != "temp":
        raise OperationalError("temporary table name must be unqualified")
    return replace(made, database="temp")


def _virtual_table(stream: TokenStream) -> Exception:
    """The error of CREATE VIRTUAL TABLE: there are no modules that one can be made of. Its text is that of a SQLite that was
    built without them, for programs ask in this way whether FTS is there."""
    while stream.kind not in (END, ";") and stream.kind != "USING":
        stream.advance()
    stream.expect("USING")
    return NoSuchModuleError(f"no such module: {stream.name()}")


def expression_positions(table: Table) -> dict[str, int]:
    """The positions that stand for the expressions of a table's indexes, by text."""
    columns = [column for index in table.indexes for column in index.columns]
    return {column.expression: column.position for column in columns if column.expression is not None}


def complete_index(statement: CreateIndex, table: Table, known: dict[str, int] | None = None) -> Index:
    """The index over its table: names become positions, collations default to the columns'. `known` gives the positions
    of expressions (see `expression_positions`) and gets those of new ones."""
    known = expression_positions(table) if known is None else known
    parts = tuple(
        _index_column(term, table.columns, table.position(term.name), statement.unique)
        if term.expression is None
        else _expression_column(term, term.expression, known)
        for term in statement.terms
    )
    return Index(
        0, statement.name, table.name, 0, parts, statement.unique, "c", statement.where, "ABORT", statement.sql
    )  # fmt: skip


def _expression_column(term: KeyTerm, text: str, known: dict[str, int]) -> IndexColumn:
    position = known.setdefault(text, min(known.values(), default=-1) - 1)
    words = tokenize(text)[:-1]
    collation = "BINARY"
    if len(words) > 2 and words[-2][0] == "COLLATE" and _is_atom([kind for kind, _, _, _ in words[:-2]]):
        collation = unquote(words[-1][1])
    return IndexColumn(position, "<expr>", collation, term.descending, text)


def _is_atom(kinds: list[str]) -> bool:
    """One token, a call, or something in parentheses? What follows then belongs to all of it."""
    if len(kinds) == 1:
        return True
    start = 0 if kinds[0] == "(" else 1
    depth = 0
    for at, kind in enumerate(kinds[start:], start):
        depth += (kind == "(") - (kind == ")")
        if depth == 0:
            return at == len(kinds) - 1 and kind == ")"
    return False


def _index_column(term: KeyTerm, columns: tuple[Column, ...], position: int | None, unique: bool) -> IndexColumn:
    """One part. The log can hold no order that a function of the application decides: there the part is BINARY, which no
    comparison under that collation will look up; and what is unique cannot be told."""
    if position is None:
        raise OperationalError(f"no such column: {term.name}")
    column = columns[position]
    collation = term.collation or column.collation
    if is_application(collation):
        if unique:
            raise NotSupportedError(f"a unique index under the application's collation {collation}")
        collation = "BINARY"
    return IndexColumn(position, column.name, collation, term.descending)


# --- CREATE TABLE ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Name:
    text: str
    start: int
    if_not_exists: bool
    database: str | None = None


def _create_table(stream: TokenStream) -> CreateTable:
    stream.advance()
    name = _object_name(stream)
    if stream.take("AS"):
        start = stream.token[2]
        query(stream)
        select = stream.text_since(start)
        return CreateTable(Table(0, name.text, 0, ()), (), name.if_not_exists, select, name.database)
    stream.expect("(")
    made = Definition(name.text, is_passed_over=stream.is_passed_over)
    column_definition(stream, made)
    columns_end = stream.token[2]
    while stream.take(","):
        if stream.kind in _CONSTRAINT_STARTS:
            table_constraints(stream, made)
            break
        column_definition(stream, made)
        columns_end = stream.token[2]
    stream.marks.append(Mark("end", columns_end, columns_end))
    end = stream.expect(")")[3]
    options_end = _table_options(stream, made)
    if stream.is_passed_over:
        return CreateTable(Table(0, name.text, 0, ()), (), name.if_not_exists, None, name.database)
    sql = f"CREATE TABLE {stream.sql[name.start : options_end or end]}"
    return replace(_finish_table(made, sql, name.if_not_exists), database=name.database)


_CONSTRAINT_STARTS: Final = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


def _object_name(stream: TokenStream) -> _Name:
    """[IF NOT EXISTS] [schema.]name"""
    if_not_exists = False
    if stream.take("IF"):
        stream.expect("NOT")
        stream.expect("EXISTS")
        if_not_exists = True
    start, name, database = _qualified_name(stream)
    if fold(name).startswith("sqlite_"):
        raise OperationalError(f"object name reserved for internal use: {name}")
    return _Name(name, start, if_not_exists, database)


def _qualified_name(stream: TokenStream) -> tuple[int, str, str | None]:
    """[database.]name: where the name itself starts, the name, and the database."""
    start, name = stream.token[2], stream.marked_name("table")
    if not stream.take("."):
        return start, name, None
    stream.marks.clear()
    return stream.token[2], stream.marked_name("table"), name


def _table_options(stream: TokenStream, made: Definition) -> int:
    """Read WITHOUT ROWID and STRICT; where they end, 0 without any."""
    if stream.kind in (END, ";"):
        return 0
    stream.take(",")
    while True:
        if stream.kind == "WITHOUT":
            stream.advance()
            end, word = stream.token[3], stream.name()
            if word.upper() != "ROWID":
                raise OperationalError(f"unknown table option: {word}")
            made.without_rowid = True
        else:
            end, word = stream.token[3], stream.name()
            if word.upper() != "STRICT" and stream.kind not in (",", ";", END):
                raise stream.error()
            if word.upper() != "STRICT":
                raise OperationalError(f"unknown table option: {word}")
            made.strict = True
        if not stream.take(","):
            return end


def _strict_columns(made: Definition) -> None:
    """The types of a STRICT table must be known ones; its PRIMARY KEY takes no NULL."""
    for position, column in enumerate(made.columns):
        if not column.type:
            raise OperationalError(f"missing datatype for {made.name}.{column.name}")
        if column.type not in STANDARD_TYPES:
            raise OperationalError(f'unknown datatype for {made.name}.{column.name}: "{column.type}"')
        if column.primary_key and position != made.rowid_alias:
            column.not_null = True


def _finish_table(made: Definition, sql: str, if_not_exists: bool) -> CreateTable:
    if made.strict:
        _strict_columns(made)
    if made.without_rowid:
        made.drop_rowid()
    if all(column.generated is not None for column in made.columns):
        raise OperationalError("must have at least one non-generated column")
    columns = made.finished_columns()
    positions = {fold(column.name): i for i, column in reversed(list(enumerate(columns)))}
    table = Table(
        0, made.name, 0, columns, made.rowid_alias, made.rowid_conflict, tuple(made.checks),
        tuple(made.foreign_keys), made.autoincrement, sql, made.strict, made.without_rowid, positions=positions,
    )  # fmt: skip
    return CreateTable(table, _automatic_indexes(made, table), if_not_exists)


def _automatic_indexes(made: Definition, table: Table) -> tuple[Index, ...]:
    indexes: list[Index] = []
    seen: dict[tuple[tuple[int, str], ...], int] = {}
    for key in made.keys:
        parts = tuple(_index_column(term, table.columns, table.position(term.name), True) for term in key.terms)
        if key.origin == "pk" and table.without_rowid:
            parts = _without_repeated(parts)
        identity = tuple((part.position, fold(part.collation)) for part in parts)
        if identity in seen:
            indexes[seen[identity]] = _merged(indexes[seen[identity]], key.origin, key.conflict)
            continue
        seen[identity] = len(indexes)
        name = f"sqlite_autoindex_{table.name}_{len(indexes) + 1}"
        indexes.append(Index(0, name, table.name, 0, parts, True, key.origin, None, key.conflict or "ABORT"))
    return tuple(indexes)


def _without_repeated(parts: tuple[IndexColumn, ...]) -> tuple[IndexColumn, ...]:
    """The parts of a key without those that stand in it before, under the same collation."""
    made = {(part.position, fold(part.collation)): part for part in reversed(parts)}
    return tuple(part for part in parts if made[part.position, fold(part.collation)] is part)


def _merged(index: Index, origin: str, conflict: str | None) -> Index:
    """An index that a second constraint shares."""
    if conflict and index.conflict not in ("ABORT", conflict):
        raise OperationalError("conflicting ON CONFLICT clauses specified")
    return Index(
        0, index.name, index.table, 0, index.columns, True, "pk" if origin == "pk" else index.origin, None,
        conflict or index.conflict,
    )  # fmt: skip


# --- CREATE INDEX, CREATE VIEW, DROP --------------------------------------------------------------------------------


def _create_index(stream: TokenStream) -> CreateIndex:
    unique = stream.take("UNIQUE")
    stream.expect("INDEX")
    name = _object_name(stream)
    stream.expect("ON")
    stream.marks.clear()
    table = stream.marked_name("table")
    stream.expect("(")
    terms = tuple(key_terms(stream, expressions=True))
    stream.expect(")")
    where = None
    if stream.take("WHERE"):
        start, at = stream.token[2], len(stream.out)
        expression(stream)
        prohibit_queries(stream, at, "partial index WHERE clauses")
        where = stream.text_since(start)
        stream.marks.append(Mark("expression", start, start + len(where)))
    words = "CREATE UNIQUE INDEX " if unique else "CREATE INDEX "
    sql = words + stream.sql[name.start : stream.token[2]]
    return CreateIndex(name.text, table, terms, unique, where, name.if_not_exists, sql, name.database)


def _create_view(stream: TokenStream) -> CreateView:
    stream.advance()
    name = _object_name(stream)
    columns: list[str] | None = None
    if stream.take("("):
        columns = [stream.name()]
        while stream.take(","):
            columns.append(stream.name())
        stream.expect(")")
    stream.expect("AS")
    start = stream.token[2]
    query(stream)
    if stream.parameters:
        raise OperationalError("parameters are not allowed in views")
    sql = f"CREATE VIEW {stream.text_since(name.start)}"
    view = View(0, name.text, stream.text_since(start), tuple(columns) if columns else None, sql)
    return CreateView(view, name.if_not_exists, name.database)


def _drop(stream: TokenStream) -> Drop:
    stream.advance()
    if stream.kind not in ("TABLE", "INDEX", "VIEW", "TRIGGER"):
        raise stream.error()
    what = stream.advance()[0].lower()
    if_exists = False
    if stream.take("IF"):
        stream.expect("EXISTS")
        if_exists = True
    _, name, database = _qualified_name(stream)
    return Drop(what, name, if_exists, database)
