"""The inside of CREATE TABLE: column definitions, constraints, foreign keys; gathered in a `Definition`.

`Definition` collects what the text says in the order of the text; `ddl` turns it into a catalog `Table` and its indexes
once all columns are known (a constraint may name a later column, a COLLATE may follow a UNIQUE).

Text kept: the type's words (standard types in capitals), a default (`5`, `-5`, `'x'`, `current_timestamp`, a bare word,
or what stands between its parentheses), a CHECK's condition. Each is exactly what SQLite keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlglot.tokens import Token as GlotToken
from sqlglot.tokens import TokenType

from aerodb_dbapi.planner.lexer import BLOB, FLOAT, HEX, INTEGER, STRING, tokenize, unquote
from aerodb_dbapi.planner.rewrite import CONFLICT_WORDS
from aerodb_dbapi.planner.rewrite_expression import CLOCKS, expression, type_words
from aerodb_dbapi.planner.rewrite_windows import OVER
from aerodb_dbapi.planner.stream import ALIASES, IDENTIFIERS, NAMES, Mark, TokenStream
from aerodb_dbapi.storage.catalog import Check, Column, ForeignKey, fold
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import affinity_of_type

STANDARD_TYPES: Final = frozenset({"ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"})
_QUERIES: Final = frozenset({TokenType.SELECT, TokenType.VALUES})
_LITERALS: Final = frozenset(
    {"NULL", INTEGER, FLOAT, HEX, STRING, BLOB, "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"}
)


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """One term of an index or key: a column by name; `collation` None is the column's. Or the text of an `expression`."""

    name: str
    collation: str | None = None
    descending: bool = False
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A UNIQUE or PRIMARY KEY that needs an index; `origin` is 'u' or 'pk', `conflict` None if not given."""

    terms: tuple[KeyTerm, ...]
    origin: str
    conflict: str | None


@dataclass(slots=True)
class ColumnDraft:
    """A column while its constraints are being read."""

    name: str
    type: str
    collation: str = "BINARY"
    not_null: bool = False
    not_null_conflict: str = "ABORT"
    default: str | None = None
    primary_key: int = 0
    generated: str | None = None
    stored: bool = False

    def finished(self, strict: bool) -> Column:
        affinity = "BLOB" if strict and self.type == "ANY" else affinity_of_type(self.type)
        return Column(
            self.name, self.type, affinity, self.collation, self.not_null, self.not_null_conflict,
            self.default, self.primary_key, self.generated, self.stored,
        )  # fmt: skip


@dataclass(slots=True)
class Definition:
    """What a CREATE TABLE says, in the order of its text."""

    name: str
    columns: list[ColumnDraft] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    has_primary_key: bool = False
    rowid_alias: int | None = None
    rowid_conflict: str = "ABORT"
    autoincrement: bool = False
    strict: bool = False
    without_rowid: bool = False
    is_passed_over: bool = False  # as of the stream
    alias_terms: tuple[KeyTerm, ...] = ()  # the terms of the PRIMARY KEY that is the rowid's alias

    def position(self, name: str) -> int | None:
        """The position of a column by name among those read so far."""
        folded = fold(name)
        return next((i for i, column in enumerate(self.columns) if fold(column.name) == folded), None)

    def drop_rowid(self) -> None:
        """Make it a WITHOUT ROWID table: its PRIMARY KEY is a key like others, and takes no NULL."""
        if not self.has_primary_key:
            raise OperationalError(f"PRIMARY KEY missing on table {self.name}")
        if self.autoincrement:
            raise OperationalError("AUTOINCREMENT not allowed on WITHOUT ROWID tables")
        if self.rowid_alias is not None:
            self.keys.append(
                Key(self.alias_terms, "pk", None if self.rowid_conflict == "ABORT" else self.rowid_conflict)
            )
            self.rowid_alias, self.rowid_conflict = None, "ABORT"
        for column in self.columns:
            column.not_null = column.not_null or column.primary_key > 0
        self.without_rowid = True

    def finished_columns(self) -> tuple[Column, ...]:
        return tuple(column.finished(self.strict) for column in self.columns)

    def add_primary_key(
        self, terms: tuple[KeyTerm, ...], conflict: str | None, *, autoincrement: bool, column_descending: bool = False
    ) -> None:
        """Note a PRIMARY KEY; the rowid's alias if it may be one, else a key with an index."""
        if self.is_passed_over:
            return
        if self.has_primary_key:
            raise OperationalError(f'table "{self.name}" has more than one primary key')
        self.has_primary_key = True
        position = None
        for rank, term in enumerate(terms, 1):
            position = self.position(term.name)
            if position is not None:
                self.columns[position].primary_key = rank
                if self.columns[position].generated is not None:
                    raise OperationalError("generated columns cannot be part of the PRIMARY KEY")
        is_alias = len(terms) == 1 and position is not None and not column_descending
        if is_alias and position is not None and self.columns[position].type == "INTEGER":
            self.rowid_alias, self.rowid_conflict, self.alias_terms = position, conflict or "ABORT", terms
            self.autoincrement = autoincrement
        elif autoincrement:
            raise OperationalError("AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY")
        else:
            self.keys.append(Key(terms, "pk", conflict))


# --- columns --------------------------------------------------------------------------------------------------------


def column_definition(stream: TokenStream, made: Definition) -> None:
    """Read one column: name, type, constraints."""
    if stream.kind not in NAMES:
        raise stream.error()
    name = stream.marked_name("define")
    if made.position(name) is not None:
        stream.refuse(f"duplicate column name: {name}")
    column = ColumnDraft(name, _column_type(stream))
    made.columns.append(column)
    constraint_name: str | None = None
    while True:
        if stream.take("CONSTRAINT"):
            constraint_name = stream.name()
            continue
        read = _COLUMN_CONSTRAINTS.get(stream.kind)
        if read is None:
            return
        read(stream, made, column, constraint_name)
        constraint_name = None


def _column_type(stream: TokenStream) -> str:
    words = type_words(stream)
    if words[:1] in ("'", '"', "[", "`"):  # as in SQLite, what follows a quoted word does not count
        first = tokenize(words)[0][1]
        if first != words:
            return unquote(first)
        words = unquote(first)
    if stream.kind == "AS" and words.lower().endswith("generated always"):
        words = words[: -len("generated always")].rstrip()
    return words.upper() if words.upper() in STANDARD_TYPES else words


def _default(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    stream.advance()
    if column.generated is not None:
        stream.refuse("cannot use DEFAULT on a generated column")
    if stream.kind == "(":
        at = len(stream.out)
        column.default = _parenthesized(stream)
        if not _is_constant(stream.out[at:]):
            stream.refuse(f"default value of column [{column.name}] is not constant")
        return
    start = stream.token[2]
    if stream.kind in ("+", "-"):
        stream.advance()
        if stream.kind not in _LITERALS:
            raise stream.error()
    elif stream.kind not in _LITERALS and stream.kind not in IDENTIFIERS:
        raise stream.error()
    column.default = stream.sql[start : stream.advance()[3]]


def _parenthesized(stream: TokenStream) -> str:
    """Read `( expression )`: its text."""
    stream.expect("(")
    start = stream.token[2]
    expression(stream)
    text = stream.text_since(start)
    stream.marks.append(Mark("expression", start, start + len(text)))
    stream.expect(")")
    return text


def prohibit_queries(stream: TokenStream, at: int, place: str) -> None:
    """Refuse subqueries and parameters in what has been written since `at`."""
    for token in stream.out[at:]:
        if token.token_type in _QUERIES:
            stream.refuse(f"subqueries prohibited in {place}")
        if token.token_type == TokenType.PARAMETER:
            stream.refuse(f"parameters prohibited in {place}")


def _is_constant(written: list[GlotToken]) -> bool:
    """Do the tokens hold no subquery, no parameter, no window function, and no name of a column?"""
    before = None
    for token in written:
        kind = token.token_type
        if kind in _QUERIES or kind == TokenType.PARAMETER:
            return False
        if kind == TokenType.VAR and token.text == OVER:
            return False
        if kind == TokenType.IDENTIFIER and before != TokenType.COLLATE:
            return False
        before = kind
    return True


def _null(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    stream.advance()
    _conflict(stream)


def _not(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    if stream.ahead() == "DEFERRABLE":
        _deferrable(stream, made, column, name)
        return
    stream.advance()
    stream.expect("NULL")
    column.not_null = True
    column.not_null_conflict = _conflict(stream) or "ABORT"


def _primary_key(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    stream.advance()
    stream.expect("KEY")
    descending = _direction(stream)
    conflict = _conflict(stream)
    made.add_primary_key(
        (KeyTerm(column.name, None, descending),),
        conflict,
        autoincrement=stream.take("AUTOINCREMENT"),
        column_descending=descending,
    )


def _unique(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    stream.advance()
    made.keys.append(Key((KeyTerm(column.name),), "u", _conflict(stream)))


def _check(stream: TokenStream, made: Definition, column: ColumnDraft | None, name: str | None) -> None:
    stream.advance()
    at = len(stream.out)
    made.checks.append(Check(name, _parenthesized(stream)))
    prohibit_queries(stream, at, "CHECK constraints")
    if column is None:
        _conflict(stream)


def _collate(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    stream.advance()
    if stream.kind not in ALIASES:
        raise stream.error()
    column.collation = unquote(stream.advance()[1])


def _references(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    key = _foreign_key(stream, (len(made.columns) - 1,), name)
    if key.to is not None and len(key.to) != 1:
        stream.refuse(
            f"foreign key on {column.name} should reference only one column of table {key.table}"
        )  # fmt: skip
    made.foreign_keys.append(key)


def _deferrable(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    deferred = _deferral(stream)
    if made.foreign_keys:
        made.foreign_keys[-1] = _with_deferral(made.foreign_keys[-1], deferred)


def _generated(stream: TokenStream, made: Definition, column: ColumnDraft, name: str | None) -> None:
    """[GENERATED ALWAYS] AS (expression) [VIRTUAL | STORED]"""
    if stream.take("GENERATED"):
        stream.expect("ALWAYS")
    stream.expect("AS")
    text = _parenthesized(stream)
    kind = "virtual"
    if stream.kind in IDENTIFIERS:
        kind = stream.name().lower()
    if kind not in ("virtual", "stored") or column.default is not None:
        stream.refuse(f'error in generated column "{column.name}"')
    if column.primary_key:
        stream.refuse("generated columns cannot be part of the PRIMARY KEY")
    column.generated, column.stored = text, kind == "stored"


_COLUMN_CONSTRAINTS: Final = {
    "DEFAULT": _default,
    "NULL": _null,
    "NOT": _not,
    "PRIMARY": _primary_key,
    "UNIQUE": _unique,
    "CHECK": _check,
    "COLLATE": _collate,
    "REFERENCES": _references,
    "DEFERRABLE": _deferrable,
    "GENERATED": _generated,
    "AS": _generated,
}

# --- table constraints ----------------------------------------------------------------------------------------------


def table_constraints(stream: TokenStream, made: Definition) -> None:
    """Read the constraints after the columns; the commas between them are optional, as in SQLite."""
    name: str | None = None
    while stream.kind != ")":
        if stream.take("CONSTRAINT"):
            name = stream.name()
            continue
        read = _TABLE_CONSTRAINTS.get(stream.kind)
        if read is None:
            raise stream.error()
        read(stream, made, name)
        name = None
        if stream.take(",") and stream.kind == ")":
            raise stream.error()


def _table_primary_key(stream: TokenStream, made: Definition, name: str | None) -> None:
    stream.advance()
    stream.expect("KEY")
    stream.expect("(")
    terms = tuple(key_terms(stream))
    autoincrement = stream.take("AUTOINCREMENT")
    stream.expect(")")
    made.add_primary_key(terms, _conflict(stream), autoincrement=autoincrement)


def _table_unique(stream: TokenStream, made: Definition, name: str | None) -> None:
    stream.advance()
    stream.expect("(")
    terms = tuple(key_terms(stream))
    stream.expect(")")
    made.keys.append(Key(terms, "u", _conflict(stream)))


def _table_check(stream: TokenStream, made: Definition, name: str | None) -> None:
    _check(stream, made, None, name)


def _table_foreign_key(stream: TokenStream, made: Definition, name: str | None) -> None:
    stream.advance()
    stream.expect("KEY")
    positions = []
    for column in _names(stream, "column"):
        position = made.position(column)
        if position is None:
            stream.refuse(f'unknown column "{column}" in foreign key definition')
        positions.append(position or 0)
    if stream.kind != "REFERENCES":
        raise stream.error()
    key = _foreign_key(stream, tuple(positions), name)
    if key.to is not None and len(key.to) != len(positions):
        stream.refuse("number of columns in foreign key does not match the number of columns in the referenced table")
    if stream.kind in ("NOT", "DEFERRABLE"):
        key = _with_deferral(key, _deferral(stream))
    made.foreign_keys.append(key)


_TABLE_CONSTRAINTS: Final = {
    "PRIMARY": _table_primary_key,
    "UNIQUE": _table_unique,
    "CHECK": _table_check,
    "FOREIGN": _table_foreign_key,
}

# --- parts of constraints -------------------------------------------------------------------------------------------


def key_terms(stream: TokenStream, expressions: bool = False) -> list[KeyTerm]:
    """Read the terms of an index or key: a column (or an expression), COLLATE, ASC or DESC."""
    terms = [_key_term(stream, expressions)]
    while stream.take(","):
        terms.append(_key_term(stream, expressions))
    return terms


def _key_term(stream: TokenStream, expressions: bool) -> KeyTerm:
    bare = _bare_column(stream)
    text = None
    name = ""
    if bare or (stream.kind in NAMES and stream.kind not in _NO_COLUMNS and stream.ahead() in _AFTER_NAME):
        depth = 0
        while stream.take("("):
            depth += 1
        name = stream.marked_name("column")
        for _ in range(depth):
            stream.expect(")")
    else:
        start = stream.token[2]
        expression(stream)
        text = stream.text_since(start)
        stream.marks.append(Mark("expression", start, start + len(text)))
        if not expressions:
            stream.refuse("expressions prohibited in PRIMARY KEY and UNIQUE constraints")
    collation = None
    if text is None and stream.take("COLLATE"):
        collation = stream.name()
    descending = _direction(stream)
    if stream.take("NULLS"):
        raise OperationalError(f"unsupported use of NULLS {stream.advance()[1].upper()}")
    return KeyTerm(name, collation, descending, text)


_NO_COLUMNS: Final = frozenset({*CLOCKS, "CAST", "RAISE"})  # in an expression
_AFTER_NAME: Final = frozenset({",", ")", "COLLATE", "ASC", "DESC", "NULLS", "AUTOINCREMENT"})


def _bare_column(stream: TokenStream) -> bool:
    """Is the term a column in parentheses?"""
    at = 0
    while stream.ahead(at) == "(":
        at += 1
    if not at or stream.ahead(at) not in IDENTIFIERS or stream.ahead(at) in _NO_COLUMNS:
        return False
    closing = all(stream.ahead(at + 1 + i) == ")" for i in range(at))
    return closing and stream.ahead(2 * at + 1) in _AFTER_NAME


def _direction(stream: TokenStream) -> bool:
    """Read ASC or DESC if there is one; whether it was DESC."""
    if stream.kind == "ASC":
        stream.advance()
        return False
    return stream.take("DESC")


def _conflict(stream: TokenStream) -> str | None:
    """Read ON CONFLICT <word> if there is one."""
    if stream.kind != "ON":
        return None
    stream.advance()
    stream.expect("CONFLICT")
    if stream.kind not in CONFLICT_WORDS:
        raise stream.error()
    return stream.advance()[0]


def _names(stream: TokenStream, kind: str, of: str = "") -> list[str]:
    stream.expect("(")
    names = [stream.marked_name(kind, of)]
    while stream.take(","):
        names.append(stream.marked_name(kind, of))
    stream.expect(")")
    return names


def _foreign_key(stream: TokenStream, columns: tuple[int, ...], name: str | None) -> ForeignKey:
    """Read REFERENCES parent [(columns)] and its actions."""
    stream.expect("REFERENCES")
    parent = stream.marked_name("parent")
    to = tuple(_names(stream, "parent column", parent)) if stream.kind == "(" else None
    actions = {"UPDATE": "NO ACTION", "DELETE": "NO ACTION", "INSERT": "NO ACTION"}
    match = "NONE"
    while stream.kind in ("MATCH", "ON"):
        if stream.take("MATCH"):
            match = stream.name().upper()
            continue
        stream.advance()
        if stream.kind not in actions:
            raise stream.error()
        event = stream.advance()[0]
        actions[event] = _action(stream)
    return ForeignKey(columns, parent, to, actions["UPDATE"], actions["DELETE"], match, False, name)


def _action(stream: TokenStream) -> str:
    if stream.take("SET"):
        if stream.kind not in ("NULL", "DEFAULT"):
            raise stream.error()
        return f"SET {stream.advance()[0]}"
    if stream.take("NO"):
        stream.expect("ACTION")
        return "NO ACTION"
    if stream.kind not in ("CASCADE", "RESTRICT"):
        raise stream.error()
    return stream.advance()[0]


def _deferral(stream: TokenStream) -> bool:
    """Read [NOT] DEFERRABLE [INITIALLY DEFERRED|IMMEDIATE]; whether the check waits for the commit."""
    negated = stream.take("NOT")
    stream.expect("DEFERRABLE")
    deferred = False
    if stream.take("INITIALLY"):
        if stream.kind not in ("DEFERRED", "IMMEDIATE"):
            raise stream.error()
        deferred = stream.advance()[0] == "DEFERRED"
    return deferred and not negated


def _with_deferral(key: ForeignKey, deferred: bool) -> ForeignKey:
    return ForeignKey(
        key.columns, key.table, key.to, key.on_update, key.on_delete, key.match, deferred, key.name
    )  # fmt: skip
