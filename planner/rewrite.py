"""Queries and row statements: from SQLite's tokens to tokens that make sqlglot build the tree SQLite means.

Method
    A reader of SQLite's grammar (`parse.y`) that writes sqlglot tokens as it goes; expressions are in
    `rewrite_expression`, which also lists what their tree looks like. Because the grammar is SQLite's own, syntax
    errors name the token that SQLite names, and keywords are names exactly where SQLite lets them be. sqlglot then only
    has to build the tree.

Column names (INV-Q6)
    SQLite names a result column without an alias by its exact text, from its first token up to the token after it,
    unless it is a plain column. Such items get ``AS "\\x00<text>"``: the tree holds Alias(alias=Identifier) whose text
    begins with TEXT_ALIAS_PREFIX. Plain columns, `*`, `t.*` and items with a real alias are as sqlglot makes them. This
    holds for every SELECT at every depth, and for RETURNING.

What the tree looks like afterwards
    - Select(expressions, from_, joins, where, group, having, windows, order, limit, offset, distinct, with_); Union, Except,
      Intersect (left-associative; `distinct` tells UNION from UNION ALL) with order, limit, offset.
    - Table(this=Identifier, db, alias=TableAlias, indexed=Table (INDEXED BY) | False (NOT INDEXED), version=Version).
      `t FOR SYSTEM_TIME AS OF COMMIT n` is Table.args['version'] = Version(expression=Literal | Parameter). A
      table-valued function is Table(this=Anonymous('f$name')).
    - Every join but CROSS and NATURAL has `on` or `using`: Join(this, kind, side, method, on, using). A comma, JOIN and
      INNER JOIN are kind INNER, with on=Boolean(true) where no condition was written; CROSS JOIN (fixed order) is kind
      CROSS; side is LEFT, RIGHT, FULL; method is NATURAL.
    - A parenthesis around joined tables is Subquery(this=Table(joins=…)); a subquery in FROM is Subquery(alias).
    - VALUES alone or in FROM is Values(expressions=[Tuple]); as a part of a compound, and in expressions, it is
      Select(* FROM Values).
    - With(expressions=[CTE(this, alias=TableAlias(this, columns), materialized=True|False|None)], recursive).
    - LIMIT a, b is limit b, offset a.
    - UPDATE and DELETE with LIMIT have WHERE key IN (SELECT key FROM the same table … ORDER BY … LIMIT …), the key being
      the rowid under a name that no text has: a WITHOUT ROWID table's rows are numbered, too.
    - Insert(this=Table | Schema(Table, expressions), alternative, expression, default, returning, with_),
      Update(this, expressions=[EQ(Column | Tuple, value)], from_, where, returning, with_), Delete(this, where,
      returning, with_). The word after OR is the second result of `statement` (REPLACE INTO is OR REPLACE;
      Insert.args['alternative'] has it too).
    - Each ON CONFLICT clause of an INSERT is cut out of its tokens into `TokenStream.upserts`, for sqlglot knows only one: the
      target as a Select(expressions, where), what follows DO as an Update(expressions, where) of a table without a name.

Does not: resolve names, expand stars, check column counts (except VALUES rows of one list, as SQLite's parser does).
"""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import TokenType

from aerodb_dbapi.planner.lexer import ROW_KEY
from aerodb_dbapi.planner.lists import without_marks
from aerodb_dbapi.planner.rewrite_expression import (
    ATOM,
    COLUMN,
    TEXT_ALIAS_PREFIX,
    expression,
    expression_list,
)
from aerodb_dbapi.planner.rewrite_from import (
    close_parenthesis,
    indexed_by,
    name_list,
    open_parenthesis,
    sources,
    table_name,
    write_alias,
)
from aerodb_dbapi.planner.rewrite_windows import definitions, order_terms, starts_definitions
from aerodb_dbapi.planner.stream import ALIASES, NAMES, TokenStream
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError

CONFLICT_WORDS: Final = frozenset({"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"})
VALUES_ALIAS: Final = "_values"
"""The alias of VALUES where it is written as a SELECT from it."""
_SET_OPERATORS: Final = {"UNION": TokenType.UNION, "EXCEPT": TokenType.EXCEPT, "INTERSECT": TokenType.INTERSECT}


def stream_of(sql: str, is_shape: bool = False) -> TokenStream:
    """A stream over a text, ready for the functions of this module and `rewrite_expression`."""
    return TokenStream(sql, query, is_shape)


def statement(stream: TokenStream) -> tuple[str, str | None]:
    """Read a SELECT, VALUES, INSERT, REPLACE, UPDATE or DELETE, with its WITH; its kind and its conflict word."""
    if stream.kind == "WITH":
        _with(stream)
    kind = stream.kind
    if kind in ("SELECT", "VALUES"):
        _compound(stream)
        return "select", None
    if kind in ("INSERT", "REPLACE"):
        return "insert", _insert(stream)
    if kind == "UPDATE":
        return "update", _update(stream)
    if kind == "DELETE":
        _delete(stream)
        return "delete", None
    raise stream.error()


def query(stream: TokenStream, in_from: bool = False) -> None:
    """Read a query: WITH, SELECT or VALUES, and what follows up to a closing parenthesis or the end."""
    if stream.kind == "WITH":
        _with(stream)
    if stream.kind not in ("SELECT", "VALUES"):
        raise stream.error()
    _compound(stream, in_from)


# --- queries ----------------------------------------------------------------------------------------------------------


def _with(stream: TokenStream) -> None:
    stream.pass_on(TokenType.WITH)
    if stream.kind == "RECURSIVE":
        stream.pass_on(TokenType.RECURSIVE)
    while True:
        stream.write_name()
        if stream.kind == "(":
            name_list(stream)
        if stream.kind != "AS":
            raise stream.error()
        stream.pass_on(TokenType.ALIAS)
        negated = stream.kind == "NOT"
        if negated:
            stream.pass_on(TokenType.NOT)
        if stream.kind == "MATERIALIZED":
            stream.pass_on(TokenType.VAR)
        elif negated:
            raise stream.error()
        open_parenthesis(stream)
        query(stream)
        close_parenthesis(stream)
        if stream.kind != ",":
            return
        stream.pass_on(TokenType.COMMA)


def _compound(stream: TokenStream, in_from: bool = False) -> None:
    at = len(stream.out)
    is_values = stream.kind == "VALUES"
    clause = _values(stream) if is_values else _select(stream)
    if is_values and (stream.kind in _SET_OPERATORS or not (in_from or at == 0)):
        _select_from_values(stream, at)
    while stream.kind in _SET_OPERATORS:
        if clause:
            operator = stream.kind + (" ALL" if stream.kind == "UNION" and stream.ahead() == "ALL" else "")
            raise OperationalError(f"{clause} clause should come after {operator} not before")
        stream.pass_on(_SET_OPERATORS[stream.kind])
        if stream.kind == "ALL" and stream.out[-1].token_type == TokenType.UNION:
            stream.pass_on(TokenType.ALL)
        arm = len(stream.out)
        if stream.kind == "VALUES":
            clause = _values(stream)
            _select_from_values(stream, arm)
        elif stream.kind == "SELECT":
            clause = _select(stream)
        else:
            raise stream.error()


def _select_from_values(stream: TokenStream, at: int) -> None:
    """Turn VALUES … written since `at` into SELECT * FROM (VALUES …) AS _values."""
    for type_, text in (
        (TokenType.L_PAREN, "("),
        (TokenType.FROM, "FROM"),
        (TokenType.STAR, "*"),
        (TokenType.SELECT, "SELECT"),
    ):
        stream.insert(at, type_, text)
    stream.write(TokenType.R_PAREN, ")")
    write_alias(stream, VALUES_ALIAS)


def _values(stream: TokenStream) -> str:
    stream.pass_on(TokenType.VALUES)
    width = _row(stream)
    while stream.kind == ",":
        stream.pass_on(TokenType.COMMA)
        if _row(stream) != width:
            raise OperationalError("all VALUES must have the same number of terms")
    return ""


def _row(stream: TokenStream) -> int:
    open_parenthesis(stream)
    width = expression_list(stream)
    close_parenthesis(stream)
    return width


def _select(stream: TokenStream) -> str:
    """Read one SELECT; the word of a clause after which no compound operator may come, or ''."""
    stream.pass_on(TokenType.SELECT)
    if stream.kind == "DISTINCT":
        stream.pass_on(TokenType.DISTINCT)
    elif stream.kind == "ALL":
        stream.advance()
    _result_columns(stream)
    after_source = stream.kind in ("FROM", "WHERE", "GROUP", "HAVING")
    if stream.kind == "FROM":
        stream.pass_on(TokenType.FROM)
        sources(stream)
    if stream.kind == "WHERE":
        _where(stream)
    if stream.kind == "GROUP":
        _by(stream, TokenType.GROUP_BY)
        expression_list(stream)
    if stream.kind == "HAVING":
        stream.pass_on(TokenType.HAVING)
        expression(stream)
    if starts_definitions(stream):
        if not after_source:  # sqlglot would take the word for the alias of the last result column
            stream.write(TokenType.WHERE, "WHERE")
            stream.write(TokenType.TRUE, "TRUE")
        definitions(stream, expression)
    clause = ""
    if stream.kind == "ORDER":
        _by(stream, TokenType.ORDER_BY)
        order_terms(stream, expression)
        clause = "ORDER BY"
    if stream.kind == "LIMIT":
        _limit(stream)
        clause = clause or "LIMIT"
    return clause


def _by(stream: TokenStream, type_: TokenType) -> None:
    stream.advance()
    stream.expect("BY")
    stream.write(type_, type_.name.replace("_", " "))


def _where(stream: TokenStream) -> None:
    stream.pass_on(TokenType.WHERE)
    expression(stream)


def _result_columns(stream: TokenStream) -> None:
    while True:
        _result_column(stream)
        if stream.kind != ",":
            return
        stream.pass_on(TokenType.COMMA)


def _result_column(stream: TokenStream) -> None:
    if stream.kind == "*":
        stream.pass_on(TokenType.STAR)
        return
    if stream.kind in NAMES and stream.ahead() == "." and stream.ahead(2) == "*":
        stream.write_name()
        stream.pass_on(TokenType.DOT)
        stream.pass_on(TokenType.STAR)
        return
    start = stream.token[2]
    level = expression(stream)
    if stream.kind == "AS":
        stream.advance()
        write_alias(stream, stream.name())
    elif stream.kind in ALIASES and not starts_definitions(stream):
        write_alias(stream, stream.name())
    elif level != COLUMN:
        text = stream.text_since(start)
        if stream.lists and without_marks(text) != text:
            raise NotSupportedError("a column named by a list")  # of which each text has its own
        write_alias(stream, TEXT_ALIAS_PREFIX + text)


def _limit(stream: TokenStream) -> None:
    stream.advance()
    at = len(stream.out)
    _closed(stream)
    if stream.kind == ",":
        stream.advance()
        offset = stream.out[at:]
        del stream.out[at:]
        _closed(stream)
        stream.insert(at, TokenType.LIMIT, "LIMIT")
        stream.write(TokenType.OFFSET, "OFFSET")
        stream.out.extend(offset)
        return
    stream.insert(at, TokenType.LIMIT, "LIMIT")
    if stream.kind == "OFFSET":
        stream.pass_on(TokenType.OFFSET)
        _closed(stream)


def _closed(stream: TokenStream) -> None:
    """Read an expression, in parentheses unless it needs none anywhere."""
    at = len(stream.out)
    if expression(stream) < ATOM:
        stream.wrap(at)


# --- INSERT, UPDATE, DELETE -------------------------------------------------------------------------------------------


def _conflict_word(stream: TokenStream) -> str | None:
    if not stream.take("OR"):
        return None
    if stream.kind not in CONFLICT_WORDS:
        raise stream.error()
    return stream.advance()[0]


def _insert(stream: TokenStream) -> str | None:
    is_replace = stream.kind == "REPLACE"
    stream.advance()
    stream.write(TokenType.INSERT, "INSERT")
    conflict = "REPLACE" if is_replace else _conflict_word(stream)
    if conflict:
        stream.write(TokenType.OR, "OR")
        stream.write(TokenType.VAR, conflict)
    stream.expect("INTO")
    stream.write(TokenType.INTO, "INTO")
    _target(stream)
    if stream.kind == "(":
        name_list(stream)
    if stream.kind == "DEFAULT":
        stream.pass_on(TokenType.DEFAULT)
        if stream.kind != "VALUES":
            raise stream.error()
        stream.pass_on(TokenType.VALUES)
    else:
        query(stream, in_from=True)
        _upserts(stream)
    _returning(stream)
    return conflict


def _target(stream: TokenStream) -> None:
    """The table of a statement that writes; an alias needs AS here."""
    table_name(stream)
    if stream.kind == "AS" and not stream.in_trigger:
        stream.advance()
        write_alias(stream, stream.name())


def _upserts(stream: TokenStream) -> None:
    """The ON CONFLICT clauses; only the last may have no target."""
    while stream.kind == "ON":
        stream.advance()
        stream.expect("CONFLICT")
        at = len(stream.out)
        has_target = stream.kind == "("
        if has_target:
            _conflict_target(stream)
        target = stream.cut(at) if has_target else None
        stream.expect("DO")
        if stream.take("NOTHING"):
            stream.upserts.append((target, None))
        elif stream.kind == "UPDATE":
            stream.pass_on(TokenType.UPDATE)
            stream.write(TokenType.IDENTIFIER, "")
            _assignments(stream)
            if stream.kind == "WHERE":
                _where(stream)
            stream.upserts.append((target, stream.cut(at)))
        else:
            raise stream.error()
        if not has_target:
            return


def _conflict_target(stream: TokenStream) -> None:
    """(column, …) [WHERE condition], written as a SELECT of them."""
    stream.advance()
    stream.write(TokenType.SELECT, "SELECT")
    while True:
        expression(stream)
        if stream.kind in ("ASC", "DESC"):
            stream.advance()
        if stream.take("NULLS"):
            if stream.kind not in ("FIRST", "LAST"):
                raise stream.error()
            raise OperationalError(f"unsupported use of NULLS {stream.kind}")
        if stream.kind != ",":
            break
        stream.pass_on(TokenType.COMMA)
    stream.expect(")")
    if stream.kind == "WHERE":
        _where(stream)


def _update(stream: TokenStream) -> str | None:
    stream.pass_on(TokenType.UPDATE)
    conflict = _conflict_word(stream)
    target = _hinted_target(stream)
    _assignments(stream)
    if stream.kind == "FROM":
        stream.pass_on(TokenType.FROM)
        sources(stream)
    _rows(stream, target, "UPDATE")
    return conflict


def _assignments(stream: TokenStream) -> None:
    if stream.kind != "SET":
        raise stream.error()
    stream.pass_on(TokenType.SET)
    while True:
        if stream.kind == "(":
            name_list(stream)
        else:
            stream.write_name()
        if stream.kind not in ("=", "=="):
            raise stream.error()
        stream.pass_on(TokenType.EQ)
        expression(stream)
        if stream.kind != ",":
            return
        stream.pass_on(TokenType.COMMA)


def _delete(stream: TokenStream) -> None:
    stream.pass_on(TokenType.DELETE)
    if stream.kind != "FROM":
        raise stream.error()
    stream.pass_on(TokenType.FROM)
    _rows(stream, _hinted_target(stream), "DELETE")


def _hinted_target(stream: TokenStream) -> tuple[int, int, int]:
    """The table of UPDATE or DELETE: where its tokens begin, where those of INDEXED BY do, and where they end."""
    start = len(stream.out)
    _target(stream)
    hint = len(stream.out)
    indexed_by(stream)
    return start, hint, len(stream.out)


def _rows(stream: TokenStream, target: tuple[int, int, int], verb: str) -> None:
    """WHERE … RETURNING … ORDER BY … LIMIT …. As in SQLite a LIMIT makes it WHERE rowid IN (SELECT rowid FROM the table …); what it
    means in an UPDATE with FROM the binder knows (`bind_limited`)."""
    at = len(stream.out)
    if stream.kind == "WHERE":
        _where(stream)
    after = len(stream.out)
    _returning(stream)
    if stream.kind not in ("ORDER", "LIMIT"):
        return
    start, hint, end = target
    returning, condition, table = stream.cut(after), stream.cut(at), stream.out[start:end]
    del stream.out[hint:end]
    stream.write(TokenType.WHERE, "WHERE")
    stream.write(TokenType.IDENTIFIER, ROW_KEY)
    stream.write(TokenType.IN, "IN")
    stream.write(TokenType.L_PAREN, "(")
    stream.write(TokenType.SELECT, "SELECT")
    stream.write(TokenType.IDENTIFIER, ROW_KEY)
    stream.write(TokenType.FROM, "FROM")
    stream.out += table + condition
    if stream.kind == "ORDER":
        _by(stream, TokenType.ORDER_BY)
        order_terms(stream, expression)
        if stream.kind != "LIMIT":
            raise OperationalError(f"ORDER BY without LIMIT on {verb}")
    _limit(stream)
    stream.write(TokenType.R_PAREN, ")")
    stream.out += returning


def _returning(stream: TokenStream) -> None:
    """The end of a statement that writes."""
    if stream.kind == "RETURNING":
        stream.pass_on(TokenType.RETURNING)
        _result_columns(stream)
