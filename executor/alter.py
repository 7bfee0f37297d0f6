"""ALTER TABLE: definitions edited, rows rewritten where a column comes or goes, all in one transaction (INV-S1).

What each form does
    RENAME TO       texts of the table, its indexes, foreign keys that name it, views, triggers; automatic indexes and the
                    AUTOINCREMENT counter get the new name along
    RENAME COLUMN   the same for the name of a column; rows and entries stay as they are
    ADD COLUMN      the text; each row gets the default's value at its end
    DROP COLUMN     the text; each row loses a value; indexes keep their entries, their columns move

    Under PRAGMA legacy_alter_table RENAME TO edits the table, its indexes and the ON of its triggers alone (foreign keys that name
    it too where they are enforced), and views and triggers need not bind, before or after.

    Catalog facts are read from the new texts by the parser of CREATE (`planner.rename`). Object and tree ids stay, so
    does the order of `sqlite_schema`. Afterwards every view, trigger and table is bound again: what no longer binds is an error
    (``error in view v after rename: no such column: a``), and the session takes everything back.

Why ADD COLUMN rewrites rows
    SQLite leaves short rows in place and fills them up when it reads them. Here a stored row is what `SELECT *` hands
    out, and scans, keys and generated code rely on its width; filling up would cost every later read of the table.
    Rewriting costs about as much as one UPDATE of all rows, once. Measured on half a million rows of three columns: 0.35 s
    for ADD COLUMN; filling up while reading would add 0.16 s to each full scan, which takes 0.01 s.

Versions: a read view, or AS OF an earlier commit, has the catalog and the trees of its own commit (INV-S2), so it sees
the old columns.

Example: over rows (1,), (2,) ``ALTER TABLE t ADD b DEFAULT 5`` leaves (1, 5), (2, 5).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from typing import Any, Final, NoReturn

from aerodb_dbapi.executor.alter_dependents import Dependent, dependents, rename_in, rename_triggers_on
from aerodb_dbapi.executor.codegen import compile_select
from aerodb_dbapi.executor.constraints import strict_function
from aerodb_dbapi.executor.dml_insert import value_function
from aerodb_dbapi.executor.limits import check_added
from aerodb_dbapi.executor.planning import bind_definition, plan_text
from aerodb_dbapi.executor.sequences import move_counter
from aerodb_dbapi.planner.alter import AddColumn, Alteration, DropColumn, RenameColumn, RenameTable
from aerodb_dbapi.planner.bind_stored import dependency_order
from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable, complete_index
from aerodb_dbapi.planner.parse import is_constant
from aerodb_dbapi.planner.query import InsertStatement, SelectStatement, Values
from aerodb_dbapi.planner.rename import (
    EVERYWHERE,
    Rename,
    missing_column,
    parse_definition,
    renamed_definition,
    with_column,
    without_column,
)
from aerodb_dbapi.storage.catalog import Index, Schema, Table, fold
from aerodb_dbapi.storage.collations import is_known
from aerodb_dbapi.storage.errors import IntegrityError, OperationalError
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.values import apply_affinity

MASTER_NAMES: Final = frozenset({"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"})
CHUNK_ROWS: Final = 65_536
Row = tuple[Any, ...]


def run_alter(session: Any, transaction: Any, statement: Alteration) -> None:
    """Carry out an ALTER TABLE in a transaction."""
    table = _target(transaction.schema, statement)
    if isinstance(statement, RenameTable):
        _rename_table(session, transaction, table, statement)
    elif isinstance(statement, RenameColumn):
        _rename_column(session, transaction, table, statement)
    elif isinstance(statement, AddColumn):
        _add_column(session, transaction, table, statement)
    elif isinstance(statement, DropColumn):
        _drop_column(session, transaction, table, statement)


def _fail(message: str) -> NoReturn:
    raise OperationalError(message)


def _target(schema: Schema, statement: Alteration) -> Table:
    """The table to be changed."""
    if fold(statement.table).startswith("sqlite_"):
        known = fold(statement.table) in MASTER_NAMES or schema.table(statement.table)
        name = "sqlite_master" if fold(statement.table) in MASTER_NAMES else statement.table
        _fail(f"table {name} may not be altered" if known else f"no such table: {statement.written}")
    table, view = schema.table(statement.table), schema.view(statement.table)
    if view is not None:
        _fail(_VIEW_ERRORS[type(statement)].format(view.name))
    if table is None:
        _fail(f"no such table: {statement.written}")
    return table


_VIEW_ERRORS: Final[dict[type[Alteration], str]] = {
    RenameTable: "view {} may not be altered",
    RenameColumn: 'cannot rename columns of view "{}"',
    AddColumn: "Cannot add a column to a view",
    DropColumn: 'cannot drop column from view "{}"',
}


# --- renaming -------------------------------------------------------------------------------------------------------


def _rename_table(session: Any, transaction: Any, table: Table, statement: RenameTable) -> None:
    schema: Schema = transaction.schema
    name = statement.name
    if schema.table(name) or schema.view(name) or schema.index(name):
        _fail(f"there is already another table or index with this name: {name}")
    if fold(name).startswith("sqlite_"):
        _fail(f"object name reserved for internal use: {name}")
    rename = Rename(table.name, None, name, True)
    legacy = session.settings.get("legacy_alter_table")
    if legacy:
        _rename_tables(transaction, rename, {"table", "parent"} if session.foreign_keys else {"table"})
        rename_triggers_on(transaction.schema, transaction, rename)
    else:
        _rewrite(transaction, rename, dependents(session, transaction, ""))
    if table.autoincrement:
        move_counter(transaction, table, name)
    if legacy:
        _check_tables(session, transaction, schema, " after rename")
    else:
        _check_schema(session, transaction, schema, " after rename")


def _rename_column(session: Any, transaction: Any, table: Table, statement: RenameColumn) -> None:
    position = table.position(statement.column)
    if position is None:
        _fail(f'no such column: "{statement.written_column}"')
    schema: Schema = transaction.schema
    found = dependents(session, transaction, "")
    other = table.position(statement.name)
    if other is not None and other != position:
        _fail(f"error in table {table.name} after rename: duplicate column name: {statement.name}")
    rename = Rename(table.name, table.columns[position].name, statement.name, statement.quoted)
    _rewrite(transaction, rename, found)
    _check_schema(session, transaction, schema, " after rename")


def _rewrite(transaction: Any, rename: Rename, found: list[Dependent]) -> None:
    """Rename in the texts of all objects, and read them anew."""
    _rename_tables(transaction, rename)
    for dependent in found:
        rename_in(dependent, rename)


def _rename_tables(transaction: Any, rename: Rename, kinds: Container[str] = EVERYWHERE) -> None:
    """Rename in the texts of tables and indexes, in marks of these kinds."""
    schema: Schema = transaction.schema
    for table in schema.tables.values():
        if table.sql and not fold(table.name).startswith("sqlite_"):
            sql = renamed_definition(table.sql, table.name, rename, kinds)
            texts = {
                index.id: renamed_definition(index.sql, table.name, rename, kinds)
                for index in table.indexes
                if index.sql
            }
            own = rename.column is None and rename.means(table.name, None)
            if sql != table.sql or texts != {index.id: index.sql for index in table.indexes if index.sql} or own:
                _put_table(transaction, table, sql, texts)


def _put_table(transaction: Any, old: Table, sql: str, index_texts: dict[int, str], when: str = "") -> Table:
    """Put the table that a text describes in the place of one, its indexes too."""
    try:
        made, _ = parse_definition(sql)
    except OperationalError as error:
        raise OperationalError(f"error in table {old.name}{when}: {error}") from None
    assert isinstance(made, CreateTable)
    table = replace(made.table, id=old.id, tree=old.tree)
    transaction.put_object(old.id, table)
    automatic = iter(made.indexes)
    known: dict[str, int] = {}
    for index in old.indexes:
        new = next(automatic) if index.origin != "c" else _index_of(index, index_texts[index.id], table, known, when)
        transaction.put_object(index.id, replace(new, id=index.id, tree=index.tree))
    return table


def _index_of(old: Index, sql: str, table: Table, known: dict[str, int], when: str) -> Index:
    statement, _ = parse_definition(sql)
    assert isinstance(statement, CreateIndex)
    missing = missing_column(sql, table)
    if missing is not None:
        _fail(f"error in index {old.name}{when}: no such column: {missing}")
    try:
        return complete_index(statement, table, known)
    except OperationalError as error:
        raise OperationalError(f"error in index {old.name}{when}: {error}") from None


def _check_schema(session: Any, transaction: Any, before: Schema, when: str) -> None:
    """Bind the conditions of every table that changed, and every view and trigger: the error of the first that no longer fits."""
    _check_tables(session, transaction, before, when)
    dependents(session, transaction, when)


def _check_tables(session: Any, transaction: Any, before: Schema, when: str) -> None:
    """Bind the conditions of the tables that the statement changed: those of others name their own columns alone."""
    schema: Schema = transaction.schema
    for item in schema.objects.values():
        if not isinstance(item, Table) or before.objects.get(item.id) is item:
            continue
        if not fold(item.name).startswith("sqlite_"):
            try:
                bind_definition(session, item, schema)
            except OperationalError as error:
                raise OperationalError(f"error in table {item.name}{when}: {error}") from None


# --- ADD COLUMN -----------------------------------------------------------------------------------------------------


def _add_column(session: Any, transaction: Any, table: Table, statement: AddColumn) -> None:
    draft = statement.draft
    column = draft.finished_columns()[0]
    if table.position(column.name) is not None:
        _fail(f"duplicate column name: {column.name}")
    if column.primary_key:
        _fail("Cannot add a PRIMARY KEY column")
    if draft.keys:
        _fail("Cannot add a UNIQUE column")
    if not is_known(column.collation):
        _fail(f"no such collation sequence: {column.collation}")
    check_added(session.limits, table)
    texts = {index.id: index.sql or "" for index in table.indexes}
    after = " after add column"
    new = _put_table(transaction, table, with_column(table.sql, statement.text), texts, after)
    try:
        bound = bind_definition(session, new, transaction.schema)
    except OperationalError as error:
        raise OperationalError(f"error in table {table.name}{after}: {error}") from None
    if not len(transaction.trees[table.tree]):
        return
    if column.generated is not None:
        if column.stored:
            _fail("cannot add a STORED column")
        _generate(transaction, new, bound)
        if draft.checks:
            _check_rows(session, transaction, new)
        return
    default = bound.defaults[len(table.columns)]
    value = None
    if column.default is not None:
        value = apply_affinity(_constant(session, transaction, default, column.default or ""), column.affinity)
    if column.not_null and value is None:
        _fail("Cannot add a NOT NULL column with default value NULL")
    if draft.foreign_keys and value is not None and session.settings.get("foreign_keys"):
        _fail("Cannot add a REFERENCES column with non-NULL default value")
    if new.strict and value is not None:
        try:
            fit = strict_function(new, len(table.columns))
            value = value if fit is None else fit(value)
        except IntegrityError:
            _fail("type mismatch on DEFAULT")
    _change_rows(transaction, table, lambda rowid, row: (*row, value))
    if draft.checks:
        _check_rows(session, transaction, new)


def _generate(transaction: Any, table: Table, bound: InsertStatement) -> None:
    """Compute the new last column of every row."""
    column = table.columns[-1]
    dependency_order(table, bound.generated)
    compute = value_function(bound.generated[len(table.columns) - 1], bound.row_id, table)

    def longer(rowid: int, row: Row) -> Row:
        value = apply_affinity(compute(rowid, row), column.affinity)
        if value is None and column.not_null:
            _fail("NOT NULL constraint failed")
        return (*row, value)

    _change_rows(transaction, table, longer)


def _constant(session: Any, transaction: Any, default: Any, text: str) -> Any:
    """The value of a default, which must be a constant."""
    if not is_constant(text):
        _fail("Cannot add a column with non-constant default")
    query = Values([""], [None], [None], [None], [(default,)])
    return next(compile_select(SelectStatement(query))[0](session, transaction.trees, ()))[0]


def _check_rows(session: Any, transaction: Any, table: Table) -> None:
    """The rows must pass the table's CHECKs."""
    name = table.name.replace('"', '""')
    failing = " OR ".join(f"NOT ({check.text}\n)" for check in table.checks)
    bound = plan_text(session, f'SELECT 1 FROM "{name}" WHERE {failing} LIMIT 1', transaction.schema, transaction.trees)
    assert isinstance(bound, SelectStatement)
    if next(compile_select(bound)[0](session, transaction.trees, ()), None) is not None:
        _fail("CHECK constraint failed")


def _change_rows(transaction: Any, table: Table, change: Callable[[int, Row], Row]) -> None:
    """Rewrite every row of a table."""
    writer = transaction.writer(table.tree)
    tree = writer.tree
    with paused_gc(len(tree)):
        for keys, rows in _chunks(tree):
            writer.put_many(keys, list(map(change, keys, rows)))


def _chunks(tree: Any) -> Iterator[tuple[list[int], list[Row]]]:
    """The entries of a tree in chunks large enough to write at once."""
    keys: list[int] = []
    rows: list[Row] = []
    for some_keys, some_rows in tree.batches():
        keys += some_keys
        rows += some_rows
        if len(keys) >= CHUNK_ROWS:
            yield keys, rows
            keys, rows = [], []
    yield keys, rows


# --- DROP COLUMN ----------------------------------------------------------------------------------------------------


def _has_unique_constraint(table: Table, position: int) -> bool:
    """Does the column's own definition say UNIQUE? Then one automatic index fewer is made without it."""
    if not any(i.origin == "u" and [c.position for c in i.columns] == [position] for i in table.indexes):
        return False
    try:
        made, _ = parse_definition(without_column(table.sql, position))
    except OperationalError:
        return False
    assert isinstance(made, CreateTable)
    return len(made.indexes) < sum(index.origin != "c" for index in table.indexes)


def _drop_column(session: Any, transaction: Any, table: Table, statement: DropColumn) -> None:
    position = table.position(statement.column)
    if position is None:
        _fail(f'no such column: "{statement.written_column}"')
    name = statement.column
    if table.columns[position].primary_key:
        _fail(f'cannot drop PRIMARY KEY column: "{name}"')
    if _has_unique_constraint(table, position):
        _fail(f'cannot drop UNIQUE column: "{name}"')
    if len(table.columns) == 1:
        _fail(f'cannot drop column "{name}": no other columns exist')
    dependents(session, transaction, "")
    schema: Schema = transaction.schema
    after = " after drop column"
    texts = {index.id: index.sql or "" for index in table.indexes}
    _put_table(transaction, table, without_column(table.sql, position), texts, after)
    _check_schema(session, transaction, schema, after)
    _change_rows(transaction, table, lambda rowid, row: row[:position] + row[position + 1 :])
