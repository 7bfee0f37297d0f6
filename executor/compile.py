"""From text to `Prepared`: lifting, parsing, binding, planning, code generation; each stage only when needed.

    text ──shape──► key, constants ──cache hit──► Compiled
                     │ miss
                     └─ parse_shape ─ bind ─ optimize ─ generate ─► Compiled, kept under the key

A text whose shape does not compile is compiled as it stands: that gives SQLite's error, or its meaning where a
literal turns out to stand for something else (INV-Q7). ``INSERT … VALUES`` with several rows of literals is compiled
with one row; the rows go through its run-many form (not where it has hooks: the statement is checked as a whole).

Statements without rows of their own
    BEGIN, COMMIT, SAVEPOINT … call the session; CREATE and DROP are carried out by `ddl`, PRAGMA by `pragma`. They
    are compiled against no schema, for they look things up when they run. ``EXPLAIN QUERY PLAN s`` gives the plan's
    rows, ``EXPLAIN s`` the generated Python: columns `line` and `source`.

Example: ``prepare(session, "SELECT a FROM t WHERE b = 5", …)`` → Prepared(compiled of ``… b = ?``, constants (5,)).

What it does not do: run anything, decide whether a cached statement still fits (`session`, INV-S3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from time import perf_counter
from typing import Any

from aerodb_dbapi.executor import authorize, limits, pragma
from aerodb_dbapi.executor.budgets import level, metering
from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.databases import attach, detach
from aerodb_dbapi.executor.definitions import run_definition
from aerodb_dbapi.executor.dml import compile_dml
from aerodb_dbapi.executor.existing import is_passed_over
from aerodb_dbapi.executor.hooks import guarded, hooks_for
from aerodb_dbapi.executor.lengths import check_lengths
from aerodb_dbapi.executor.listed import for_text
from aerodb_dbapi.executor.planning import bind_statement, plan_statement, reads_of
from aerodb_dbapi.executor.read_filters import Reading
from aerodb_dbapi.executor.statement import Compiled, PlanCache, Prepared
from aerodb_dbapi.executor.store import compile_store
from aerodb_dbapi.planner import front, lifting, lists, partial_literals
from aerodb_dbapi.planner.attach import Attach, Detach
from aerodb_dbapi.planner.explain import Analysis, AnalysisRow, explain_query_plan
from aerodb_dbapi.planner.lexer import LIFTED_MARK, first_word
from aerodb_dbapi.planner.parse import Parsed, parse, parse_shape, untie
from aerodb_dbapi.planner.query import (
    DeleteStatement,
    InsertStatement,
    Query,
    SelectStatement,
    Statement,
    UpdateStatement,
    ViewStatement,
)
from aerodb_dbapi.planner.stream import PARAMETER_MAX
from aerodb_dbapi.storage import collations
from aerodb_dbapi.storage.catalog import NUMBER_SHIFT, Schema, fold
from aerodb_dbapi.storage.errors import DatabaseError, InternalError, OperationalError
from aerodb_dbapi.storage.schemas import MAIN
from aerodb_dbapi.storage.tree import Tree

Row = tuple[Any, ...]
CACHED_TEXT_MAX = 20_000
LONG_TEXT = 2 * limits.DEPTH_MAX  # a shorter one cannot hold an expression that is too deep
_ROW_KINDS = frozenset({"select", "insert", "update", "delete"})
_DML_KINDS = frozenset({"insert", "update", "delete"})
_UNASKED = frozenset({*_ROW_KINDS, "empty", "explain"})
_DDL_KINDS = frozenset(
    {"create_table", "create_index", "create_view", "create_trigger", "drop", "alter", "maintenance"}
)


def prepare(session: Any, sql: str, schema: Schema, trees: Mapping[int, Tree], plans: PlanCache) -> Prepared:
    """Prepare one statement against a schema. What is made is kept in `plans`."""
    if session.budget is not None and not level():
        with metering(session):
            return prepare(session, sql, schema, trees, plans)
    try:
        if session.registry.collations:
            with collations.in_use(session.registry.collations):
                return _prepare(session, sql, schema, trees, plans)
        return _prepare(session, sql, schema, trees, plans)
    except RecursionError:
        raise OperationalError("Expression tree is too large (maximum depth 1000)") from None


def _prepare(session: Any, sql: str, schema: Schema, trees: Mapping[int, Tree], plans: PlanCache) -> Prepared:
    if session.limits is not None or session.authorizer is not None:
        return _prepare_checked(session, sql, schema, trees, plans)
    point = front.savepoint(sql)
    if point is not None:
        prepared = Prepared(Compiled("transaction", _control(point), text=sql, schema=None), (), sql)
        plans.remember_text(prepared)
        return prepared
    many = lifting.insert_rows(sql) if first_word(sql) in ("INSERT", "REPLACE") else None
    if many is not None:
        compiled = _shaped(session, many[0], schema, trees, plans)
        of_rows = None if compiled is None else _of_rows(compiled, many[1], sql)
        if of_rows is not None:
            if len(sql) <= CACHED_TEXT_MAX:
                plans.remember_text(of_rows)
            return of_rows
    marked = lists.is_marked(sql)
    if not marked and lists.NAME not in session.settings.get("disabled_rules", ()):
        listed = _with_lists(session, sql, schema, trees, plans)
        if isinstance(listed, Prepared):
            return listed
        key, constants = listed or lifting.shape(sql)
    else:
        key, constants = (sql, ()) if marked else lifting.shape(sql)
    compiled = _shaped(session, key, schema, trees, plans) if constants or key is not sql else None
    if compiled is not None and compiled.kept and (places := partial_literals.matching(compiled.kept, constants)):
        key, constants = lifting.put_back(key, constants, places)
        compiled = _shaped(session, key, schema, trees, plans)
    if compiled is None:
        constants = ()
        compiled = plans.shapes.get(sql)
        if compiled is None or compiled.schema is not schema:
            compiled = _compile(session, _parsed(session, sql, schema), sql, schema, trees)
            if compiled.kind in _ROW_KINDS:
                plans.remember_shape(sql, compiled)
    prepared = Prepared(compiled, constants, sql)
    if len(sql) <= CACHED_TEXT_MAX:
        plans.remember_text(prepared)
    return prepared


def _with_lists(
    session: Any, sql: str, schema: Schema, trees: Mapping[int, Tree], plans: PlanCache
) -> Prepared | tuple[str, Row] | None:
    """The statement of a text with lists of parameters or literals. Of one without, its shape and its literals; None of one with
    lists that cannot share a plan."""
    own = lists.gather(sql, "?", PARAMETER_MAX)
    key, constants = lifting.shape(sql if own is None else own.key)
    if own is not None and not lists.is_whole(own, key):
        return None
    literals = lists.gather(key, LIFTED_MARK) if constants else None
    if literals is not None:
        key = literals.key
    elif own is None:
        return key, constants
    marks = (0 if own is None else own.marks) + (0 if literals is None else literals.marks)
    compiled = _shaped(session, key, schema, trees, plans, marks)
    if compiled is None:
        return None
    prepared = for_text(
        compiled, () if own is None else own.counts, () if literals is None else literals.counts, constants, sql
    )
    if compiled.kept and partial_literals.matching(compiled.kept, prepared.constants):
        return None
    if len(sql) <= CACHED_TEXT_MAX:
        plans.remember_text(prepared)
    return prepared


def _parsed(session: Any, sql: str, schema: Schema) -> Parsed:
    """A text, parsed; what SQLite finds wrong before the syntax is told first."""
    try:
        return parse(sql)
    except OperationalError as error:
        if session.limits is not None:
            limits.check_slot(session.limits, error)
        if first_word(sql) == "CREATE" and is_passed_over(schema, sql):
            return parse(sql, is_passed_over=True)
        raise


def with_constants(fresh: Prepared, given: Row) -> Compiled:
    """The statement for parameters that end with the constants `given`, which were taken out of its text under another schema: a
    trigger, or an index with a literal in its condition, decides which literals stay in."""
    constants, compiled = fresh.constants, fresh.compiled
    if len(constants) == len(given) and all(a.__class__ is b.__class__ and a == b for a, b in zip(constants, given)):
        return compiled

    def fit(params: Row) -> Row:
        return params[: len(params) - len(given)] + constants

    run, note = compiled.run, compiled.note
    made = copy(compiled)
    made.run = lambda face, state, params: run(face, state, fit(params))
    made.note = None if note is None else lambda transaction, params: note(transaction, fit(params))
    made.run_many = None
    return made


def _prepare_checked(session: Any, sql: str, schema: Schema, trees: Mapping[int, Tree], plans: PlanCache) -> Prepared:
    """As it stands, so that limits and the authorizer see the statement once and whole."""
    prepared = Prepared(_compile(session, _parsed(session, sql, schema), sql, schema, trees), (), sql)
    if len(sql) <= CACHED_TEXT_MAX:
        plans.remember_text(prepared)
    return prepared


def _shaped(
    session: Any, shape: str, schema: Schema, trees: Mapping[int, Tree], plans: PlanCache, marks: int = 0
) -> Compiled | None:
    """The compiled form of a shape, from the cache if it fits; None if the shape does not compile. `marks`: of lists."""
    compiled = plans.shapes.get(shape)
    if compiled is not None and compiled.schema is schema:
        return compiled
    try:
        compiled = _compile(session, parse_shape(shape, marks), shape, schema, trees)
    except DatabaseError:
        return None
    plans.remember_shape(shape, compiled)
    return compiled


def is_alone(compiled: Compiled) -> bool:
    """Is what it does to a row the same whatever rows come with it? It is not where triggers or foreign keys are looked at once for all,
    nor where it asks for the instant of its run."""
    return not compiled.hooked and "instant" not in compiled.source


def _of_rows(compiled: Compiled, rows: list[Row], text: str) -> Prepared | None:
    """An INSERT of one row of parameters, as the INSERT of these rows; None where more belongs to it."""
    if len(rows) == 1:
        kept = compiled.kept and partial_literals.matching(compiled.kept, rows[0])
        return None if kept else Prepared(compiled, rows[0], text)
    return Prepared(_with_rows(compiled, rows, text), (), text) if is_alone(compiled) else None


def _with_rows(compiled: Compiled, rows: list[Row], text: str) -> Compiled:
    """An INSERT of one row of parameters, as the INSERT of these rows."""

    def insert(session: Any, transaction: Any, params: Row) -> tuple[int, Any]:
        if compiled.run_many is not None:
            count = compiled.run_many(session, transaction, rows)
            if count >= 0:
                return count, None
        count = 0
        for row in rows:
            try:
                count += compiled.run(session, transaction, row)[0]
            except DatabaseError as error:
                if hasattr(error, "kept"):
                    error.kept += count
                raise
        return count, None

    return Compiled(
        "insert", insert, text=text, schema=compiled.schema, reads=compiled.reads, note=_note_trees(compiled.reads, text),
        source=compiled.source,
    )  # fmt: skip


def _note_trees(reads: tuple[int, ...], text: str) -> Callable[[Any, Row], None] | None:
    """Tells a transaction that whole trees are read."""
    return (
        (lambda transaction, params: None if transaction.snapshot else transaction.note_read(reads, text))
        if reads
        else None
    )


def _compile(session: Any, parsed: Parsed, text: str, schema: Schema, trees: Mapping[int, Tree]) -> Compiled:
    late = parsed.kind in _DDL_KINDS and parsed.kind != "maintenance" and not session.read_only
    if parsed.kind in _DDL_KINDS and not late:
        _check_may_write(session, parsed)
    ask = session.authorizer
    if ask is not None and parsed.kind not in _UNASKED and not authorize.control_allowed(ask, parsed.tree, schema):
        return _nothing(text)
    if parsed.kind in _ROW_KINDS:
        return _compile_rows(session, parsed, text, schema, trees)
    if parsed.kind in _DDL_KINDS:
        statement = parsed.tree

        def define(session: Any, transaction: Any, params: Row) -> tuple[int, Any]:
            limits.check_definition(session.limits, statement)
            before = transaction.schema
            with collations.in_use(session.registry.collations):
                run_definition(session, transaction, statement)
            if late and transaction.schema is not before:  # what is wrong otherwise is told first
                _check_may_write(session, parsed)
            return -1, None

        compiled = Compiled("ddl", define, text=text, schema=None)
        compiled.temporary = fold(statement.database or "") == "temp"
        return compiled
    if parsed.kind in ("createsnapshot", "dropsnapshot", "vacuum"):
        return compile_store(parsed.tree, parsed.parameters, text, _values_of)
    if parsed.kind == "pragma":
        return pragma.compile_pragma(parsed.tree, text)
    if parsed.kind == "explain":
        return _compile_explain(session, parsed.tree, text, schema, trees)
    if parsed.kind == "empty":
        return _nothing(text)
    if isinstance(parsed.tree, Attach | Detach):
        return _compile_attachment(parsed.tree, text, parsed.parameters)
    return Compiled("transaction", _control(parsed.tree), text=text, schema=None)


def _check_may_write(session: Any, parsed: Parsed) -> None:
    """Raise where nothing may be written. A connection that only reads main writes temp and what is attached; there the transaction
    refuses what is main's."""
    to_temp = parsed.kind in _DDL_KINDS and fold(parsed.tree.database or "") == "temp"
    if session.settings.get("query_only") or (session.others is None and not to_temp):
        session.refuse_to_write()


def _compile_attachment(statement: Attach | Detach, text: str, parameters: list[str | None]) -> Compiled:
    """ATTACH or DETACH: first a SELECT of its names."""
    act = attach if isinstance(statement, Attach) else detach

    def run(session: Any, params: Row) -> None:
        act(session, *_values_of(session, statement.query, params))

    return Compiled("transaction", run, text=text, schema=None, parameters=parameters)


def _values_of(session: Any, query: str, params: Row) -> Row:
    """The row of a SELECT that stands for the expressions of another statement."""
    ask, session.authorizer = session.authorizer, None  # it has been asked about the statement itself
    try:
        prepared = prepare(session, query, session.schema, session.trees, PlanCache())
        row: Row = next(iter(session.run(prepared, params)[0]))
    finally:
        session.authorizer = ask
    return row


def _nothing(text: str) -> Compiled:
    """A statement that does nothing."""
    return Compiled("empty", lambda session, params: None, text=text, schema=None)


def _compile_rows(
    session: Any,
    parsed: Parsed,
    text: str,
    schema: Schema,
    trees: Mapping[int, Tree],
    planned: Callable[[Statement], None] | None = None,
) -> Compiled:
    """SELECT, INSERT, UPDATE, DELETE. `planned` is told the plan before code is made of it."""
    statement = bind_statement(session, parsed, schema)
    untie(parsed)
    if session.limits is not None:
        limits.check_parameters(session.limits, parsed.parameters)
        limits.check_statement(session.limits, statement)
        if limits.LENGTH in session.limits:
            check_lengths(statement, session.limits[limits.LENGTH])
    elif len(text) > LONG_TEXT:
        limits.check_statement(limits.DEFAULTS, statement)
    if session.authorizer is not None and not authorize.rows_allowed(session.authorizer, statement, schema):
        return _nothing(text)
    statement = plan_statement(session, statement, trees, schema)
    if planned is not None:
        planned(statement)
    reads = reads_of(statement)
    note = Reading(statement, reads, text).note if reads else None
    if isinstance(statement, SelectStatement):
        run, source = compile_select(statement)
        if session.limits is not None:
            run = limits.bounded(session.limits, statement, run)
        query: Query = statement.query
        compiled = Compiled(
            "select", run, text=text, schema=schema, names=query.names, types=query.types,
            parameters=parsed.parameters, reads=reads, note=note, source=source,
        )  # fmt: skip
    else:
        assert isinstance(statement, InsertStatement | UpdateStatement | DeleteStatement | ViewStatement)
        _check_may_write(session, parsed)
        if (
            session.read_only
            and not isinstance(statement, ViewStatement)
            and statement.table.id >> NUMBER_SHIFT == MAIN
        ):
            session.refuse_to_write()
        hooks = hooks_for(session, schema, statement)
        run_dml, run_many, source = compile_dml(statement, hooks)
        if hooks is not None:
            run_dml = guarded(run_dml)
        returning = statement.returning
        compiled = Compiled(
            parsed.kind, run_dml, run_many=run_many, text=text, schema=schema, parameters=parsed.parameters,
            reads=reads, note=note, names=returning.names if returning else None, types=returning.types if returning else None,
            source=source, hooked=hooks is not None,
        )  # fmt: skip
    compiled.sizes = tuple([len(trees[tree]) for tree in reads])
    if parsed.lists:
        compiled.lists = lists.layout_of(parsed.lists, len(parsed.parameters), parsed.lifted)
    if parsed.lifted:
        compiled.kept = partial_literals.wanted(statement, parsed.lifted, len(parsed.parameters))
    return compiled


def _compile_explain(
    session: Any, statement: front.Explain, text: str, schema: Schema, trees: Mapping[int, Tree]
) -> Compiled:
    parsed = parse(statement.text)
    if statement.form == "analyze":
        return _compile_analyze(parsed, statement.text, text, schema)
    names = ["line", "source"]
    rows: list[Row] = []
    if statement.form == "plan":
        names = ["id", "parent", "notused", "detail"]
        if parsed.kind in _ROW_KINDS:
            bound = bind_statement(session, parsed, schema)
            hooks_for(session, schema, bound)  # what is missing in a trigger is missing here too
            rows += explain_query_plan(plan_statement(session, bound, trees, schema))
    else:
        source = _compile(session, parsed, statement.text, schema, trees).source
        rows += enumerate(source.splitlines(), 1)
    return Compiled(
        "explain", lambda session, params: iter(rows), text=text, schema=schema, names=names, types=[None] *
        len(names), parameters=parsed.parameters,
    )  # fmt: skip


def _compile_analyze(parsed: Parsed, inner: str, text: str, schema: Schema) -> Compiled:
    """EXPLAIN ANALYZE: each run plans and compiles the statement anew, with counters, and carries it out."""

    def run(session: Any, params: Row) -> Iterator[Row]:
        with collations.in_use(session.registry.collations):
            return iter(_analyze(session, parse(inner), inner, params))

    names = ["id", "parent", "notused", "detail", "loops", "visited", "rows", "time"]
    return Compiled(
        "explain", run, text=text, schema=schema, names=names, types=[None] * len(names), parameters=parsed.parameters
    )


def _analyze(session: Any, parsed: Parsed, text: str, params: Row) -> list[AnalysisRow]:
    if parsed.kind in _DML_KINDS:
        _check_may_write(session, parsed)
    made: list[Analysis] = []
    compiled = _compile_rows(
        session, parsed, text, session.schema, session.trees, lambda statement: made.append(Analysis(statement))
    )
    if not made:
        return []
    before = perf_counter()
    rows, count = session.run(Prepared(compiled, (), text), params)
    if rows is not None:
        given = sum(1 for _ in rows)
        count = count if compiled.is_dml else given
    return made[0].rows(count, perf_counter() - before)


def _control(statement: Any) -> Callable[[Any, Row], None]:
    """What a transaction statement does to a session."""
    match statement:
        case front.Begin(mode):
            return lambda session, params: session.begin(mode)
        case front.Commit():
            return lambda session, params: session.commit()
        case front.Rollback(None):
            return lambda session, params: session.rollback()
        case front.Rollback(name):
            return lambda session, params: session.rollback_to(name)
        case front.Savepoint(name):
            return lambda session, params: session.savepoint(name)
        case front.Release(name):
            return lambda session, params: session.release(name)
    raise InternalError(f"a statement of class {type(statement).__name__} has no meaning")
