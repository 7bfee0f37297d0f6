"""PRAGMA: questions about the schema and the database, and a few settings. Names and result columns are SQLite's.

    ====================  ============================================================================================
    schema                table_info, table_xinfo, table_list, index_list, index_info, index_xinfo, foreign_key_list,
                          database_list, collation_list, function_list, pragma_list, module_list
    state                 user_version, application_id (kept in META, transactional), schema_version (the commit that
                          changed the schema last), aerodb_commit_id, aerodb_digest, integrity_check, quick_check,
                          foreign_key_check
    settings that act     synchronous (of the database: 0 OFF … 3 EXTRA), busy_timeout (of the session, in
                          milliseconds), aerodb_disabled_rules (names of planner rules to leave out, for tests)
                          isolation (of the session: 'serializable' or 'snapshot'), reserve_rows (of the session: `standing.py`),
                          foreign_keys (of the session; not changed in a transaction), defer_foreign_keys (until the
                          transaction ends)
    settings that do not  journal_mode is 'wal' for a file and 'memory' without one, page_size 4096, encoding 'UTF-8'
    what goes on          aerodb_transactions, aerodb_conflicts, aerodb_commits and others: `pragma_live.py`
    of the connection     query_only, case_sensitive_like, ignore_check_constraints, and what is only remembered: `pragma_session.py`
    the store             cache_size, wal_checkpoint, history_retention, aerodb_store and others: `pragma_store.py`
    ====================  ============================================================================================

Anything else is ignored, as in SQLite: no rows, no error. Which database of the connection is meant, `definitions` says.

integrity_check looks at the blocks and the space of the file for every state that is kept in it (`storage/space.py`), at every
tree's structure (INV-D2), every row, and every index against its table both ways (INV-D3); quick_check leaves the last
out. The answer is the one row ``ok``, or the problems, at most as many as the argument says (100). A table as the argument
confines the check to its rows and indexes.

Example: ``PRAGMA table_info(t)`` → cid, name, type, notnull, dflt_value, pk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from aerodb_dbapi.executor import pragma_live as live
from aerodb_dbapi.executor import pragma_session as own
from aerodb_dbapi.executor import pragma_store as store
from aerodb_dbapi.executor import standing
from aerodb_dbapi.executor.databases import outside
from aerodb_dbapi.executor.definitions import MASTER_NAMES, is_integer, pragma_rows
from aerodb_dbapi.executor.foreign_keys import foreign_key_check
from aerodb_dbapi.executor.functions.registry import BUILTINS
from aerodb_dbapi.executor.maintenance import worth_analyzing
from aerodb_dbapi.executor.planning import broken_checks, index_functions
from aerodb_dbapi.executor.statement import Compiled
from aerodb_dbapi.indexes.maintain import check_index, check_rows
from aerodb_dbapi.planner.front import Pragma
from aerodb_dbapi.planner.functions import NO_WINDOW, ScalarFunction
from aerodb_dbapi.planner.rewrite_expression import RAISE
from aerodb_dbapi.storage.catalog import META_TREE, Index, IndexColumn, Table, fold
from aerodb_dbapi.storage.check import check_tree
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError, SerializationError
from aerodb_dbapi.storage.patience import Patience
from aerodb_dbapi.storage.transaction import Transaction

Rows = list[tuple[Any, ...]]
Handler = Callable[[Any, str | None], Any]

_SYNCHRONOUS: Final = ("OFF", "NORMAL", "FULL", "EXTRA")
_MASTER: Final = (("type", "TEXT"), ("name", "TEXT"), ("tbl_name", "TEXT"), ("rootpage", "INT"), ("sql", "TEXT"))
PAGE_SIZE: Final = 4096
_OPTIMIZE_MASK: Final = 0xFFFE
_PROBLEMS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Definition:
    """A pragma: its result columns, what answers it, and whether it still answers when a value is set."""

    names: tuple[str, ...]
    handler: Handler
    answers_when_set: bool = True


def compile_pragma(statement: Pragma, text: str) -> Compiled:
    """The compiled form of a PRAGMA statement."""
    definition = PRAGMAS.get(fold(statement.name))
    silent = definition is None or (statement.value is not None and not definition.answers_when_set)

    def run(session: Any, params: tuple[Any, ...]) -> Iterator[tuple[Any, ...]] | None:
        if definition is None:
            if statement.schema is not None and session.schema.named(statement.schema) is None:
                raise OperationalError(f"unknown database {statement.schema}")
            return None
        rows = pragma_rows(session, statement.name, definition, statement.value, statement.schema)
        return None if silent or rows is None else iter(rows)

    names = None if silent or definition is None else list(definition.names) or None
    return Compiled(
        "pragma", run, text=text, schema=None, names=names, types=None if names is None else [None] * len(names)
    )


# --- Values ---------------------------------------------------------------------------------------------------------


def _in_transaction(session: Any, change: Callable[[Any], None]) -> None:
    """Make a change in the open transaction, or in one of its own."""
    session.refuse_to_write()
    if session.transaction is not None:
        change(session.open_transaction())
        return
    while True:
        transaction = session.database.begin(timeout=session.timeout)
        try:
            change(transaction)
            transaction.commit()
            return
        except SerializationError as error:
            session.database.committer.await_published(error.commit)
        finally:
            transaction.rollback()


def _meta(key: str) -> Handler:
    def handler(session: Any, value: str | None) -> Rows | None:
        if value is None:
            return [(session.trees[META_TREE].get(key, 0),)]
        number = own.as_integer(value)
        if not -(2**31) <= number < 2**31:
            number = 0
        _in_transaction(session, lambda transaction: transaction.set_meta(key, number))
        return None

    return handler


def _fixed(answer: Any) -> Handler:
    return lambda session, value: [(answer,)]


def _setting(key: str, default: int) -> Handler:
    """A setting that is remembered and does nothing."""

    def handler(session: Any, value: str | None) -> Rows:
        if value is not None:
            session.settings[key] = own.as_setting(value)
        return [(session.settings.get(key, default),)]

    return handler


def _synchronous(session: Any, value: str | None) -> Rows | None:
    if value is None:
        return [(_SYNCHRONOUS.index(session.database.synchronous),)]
    word = value.upper()
    if word not in _SYNCHRONOUS:
        word = _SYNCHRONOUS[own.as_setting(value)] if 0 <= own.as_setting(value) < len(_SYNCHRONOUS) else "FULL"
    session.database.set_synchronous(word)
    return None


def _busy_timeout(session: Any, value: str | None) -> Rows:
    if value is not None:
        session.timeout = Patience.of(max(0, own.as_setting(value)) / 1000, session.holder)
    return [(round(session.timeout * 1000),)]


def _foreign_keys(session: Any, value: str | None) -> Rows:
    if value is not None and session.transaction is None:
        session.set_foreign_keys(bool(own.as_setting(value)))
    return [(int(session.foreign_keys),)]


def _defer_foreign_keys(session: Any, value: str | None) -> Rows:
    if value is not None:
        session.defer_foreign_keys = bool(own.as_setting(value))
        waiting: int = getattr(session.transaction, "deferred_immediate", 0)
        if waiting and not session.defer_foreign_keys:
            session.transaction.count_violation(0, -waiting)
    return [(int(session.defer_foreign_keys),)]


def _isolation(session: Any, value: str | None) -> Rows:
    if value is not None:
        word = fold(value)
        if word not in ("serializable", "snapshot"):
            raise OperationalError(f"unknown isolation: {value}")
        if isinstance(session.transaction, Transaction):
            raise OperationalError("isolation may not be changed inside a transaction")
        session.snapshot = word == "snapshot"
    return [("snapshot" if session.snapshot else "serializable",)]


def _journal_mode(session: Any, value: str | None) -> Rows:
    return [("wal" if session.database.path else "memory",)]


def _disabled_rules(session: Any, value: str | None) -> Rows:
    if value is not None:
        session.settings["disabled_rules"] = frozenset(filter(None, value.replace(",", " ").split()))
        session.own_plans()
    return [(",".join(sorted(session.settings.get("disabled_rules", ()))),)]


def _optimize(session: Any, value: str | None) -> Rows:
    """ANALYZE the tables for which it is due; with bit 1 of the mask the statements are told instead."""
    mask = _OPTIMIZE_MASK if value is None else own.as_setting(value)
    due = worth_analyzing(session.schema, session.trees) if mask & 3 else []
    quoted = ['"' + name.replace('"', '""') + '"' for name in due]
    if mask & 1:
        return [(f'ANALYZE "{session.name_inside}".{name}',) for name in quoted]
    for name in quoted if not session.read_only else ():
        session.run(session.prepare(f"ANALYZE {name}"), ())
    return []


# --- The schema -----------------------------------------------------------------------------------------------------


def _columns_of(session: Any, name: str | None) -> Rows:
    """cid, name, type, notnull, dflt_value, pk of a table's, view's or module's columns, without hidden ones."""
    shown = [row[:-1] for row in _table_xinfo(session, name) if not row[-1]]
    return [(number, *row[1:]) for number, row in enumerate(shown)]


def _all_columns(session: Any, name: str | None) -> Rows:
    if name is None:
        return []
    schema = session.schema
    table = schema.table(name)
    if table is not None:
        return [(i, c.name, c.type, int(c.not_null), c.default, c.primary_key) for i, c in enumerate(table.columns)]
    if fold(name) in MASTER_NAMES:
        return [(i, column, kind, 0, None, 0) for i, (column, kind) in enumerate(_MASTER)]
    view = schema.view(name)
    if view is None:
        module = session.registry.modules.get(fold(name))
        return [] if module is None else [(i, c.name, "", 0, None, 0) for i, c in enumerate(module.columns)]
    quoted = '"' + view.name.replace('"', '""') + '"'
    database = session.name_inside.replace('"', '""')
    with outside(session, None), _with_views(session):
        compiled = session.prepare(f'SELECT * FROM "{database}".{quoted}').compiled
    return [(i, name, kind or "", 0, None, 0) for i, (name, kind) in enumerate(zip(compiled.names, compiled.types))]


@contextmanager
def _with_views(session: Any) -> Iterator[None]:
    """What is prepared here may read views, though they are switched off; nothing of it stays."""
    if session.registry.takes_views:
        yield
        return
    session.registry.takes_views = True
    try:
        yield
    finally:
        session.registry.takes_views = False
        session.own_plans()


def _table_xinfo(session: Any, name: str | None) -> Rows:
    rows, table = _all_columns(session, name), _table(session, name)
    if table is not None:
        return [(*row, table.columns[row[0]].hidden) for row in rows]
    module = None if name is None or session.schema.view(name) is not None else session.registry.modules.get(fold(name))
    return [(*row, int(module is not None and module.columns[row[0]].hidden)) for row in rows]


def _table_list(session: Any, name: str | None) -> Rows:
    schema = session.schema
    found = [
        ("main", t.name, "table", len(t.columns), int(t.without_rowid), int(t.strict)) for t in schema.tables.values()
    ]
    found += [("main", v.name, "view", _width_of(session, v.name), 0, 0) for v in schema.views.values()]
    found.reverse()
    found.append(("main", "sqlite_schema", "table", len(_MASTER), 0, 0))
    return [row for row in found if name is None or fold(row[1]) == fold(name)]


def _width_of(session: Any, view: str) -> int:
    """The number of columns of a view; 0 where it names what is not there."""
    try:
        return len(_columns_of(session, view))
    except OperationalError:
        return 0


def _table(session: Any, name: str | None) -> Table | None:
    found: Table | None = None if name is None else session.schema.table(name)
    return found


def _index(session: Any, name: str | None) -> Index | None:
    """The index of a name; that of the PRIMARY KEY by the name of a WITHOUT ROWID table."""
    found: Index | None = None if name is None else session.schema.index(name)
    table = _table(session, name) if found is None else None
    return found if table is None else table.key_index


def _index_list(session: Any, name: str | None) -> Rows:
    table = _table(session, name)
    if table is None:
        return []
    indexes = list(reversed(table.indexes))
    indexes.sort(key=lambda index: index.conflict == "REPLACE")  # the order in which they are tested
    return [
        (seq, index.name, int(index.unique), index.origin, int(index.where is not None))
        for seq, index in enumerate(indexes)
    ]


def _part_name(column: IndexColumn) -> str | None:
    return column.name if column.expression is None else None


def _index_info(session: Any, name: str | None) -> Rows:
    index = _index(session, name)
    return [] if index is None else [(i, max(c.position, -2), _part_name(c)) for i, c in enumerate(index.columns)]


def _index_xinfo(session: Any, name: str | None) -> Rows:
    index = _index(session, name)
    if index is None:
        return []
    rows: Rows = [
        (i, max(c.position, -2), _part_name(c), int(c.descending), c.collation, 1) for i, c in enumerate(index.columns)
    ]
    table = _table(session, index.table)
    key = None if table is None else table.key_index
    if key is None or table is None:
        return [*rows, (len(rows), -1, None, 0, "BINARY", 0)]
    held = {c.position for c in index.columns}
    more = [(c.position, c.name, int(c.descending), c.collation) for c in key.columns if c.position not in held]
    if index is key:
        more = [(p, c.name, 0, c.collation) for p, c in enumerate(table.columns) if p not in held]
    return rows + [(len(rows) + i, *part, 0) for i, part in enumerate(more)]


def _foreign_key_list(session: Any, name: str | None) -> Rows:
    table = _table(session, name)
    if table is None:
        return []
    return [
        (
            number,
            seq,
            key.table,
            table.columns[column].name,
            key.to[seq] if key.to else None,
            key.on_update,
            key.on_delete,
            "NONE",  # whatever MATCH says: there is one way to match
        )
        for number, key in enumerate(reversed(table.foreign_keys))
        for seq, column in enumerate(key.columns)
    ]


def _database_list(session: Any, value: str | None) -> Rows:
    found = [(0, "main", session.database)]
    if session.others is not None:
        found += [(1, other.name, other.database) for other in session.others.others.values() if other.name == "temp"]
        found += [(number, other.name, other.database) for number, other in enumerate(session.others.attached, 2)]
    return [
        (number, name, os.path.realpath(database.path) if database.path else "") for number, name, database in found
    ]


def _collation_list(session: Any, value: str | None) -> Rows:
    """The application's collations, the latest first, then the built-in ones."""
    return list(enumerate([*reversed(session.registry.collation_names.values()), "RTRIM", "NOCASE", "BINARY"]))


def _function_list(session: Any, value: str | None) -> Rows:
    built_in = [function for name, by_count in BUILTINS.items() if name != RAISE for function in by_count.values()]
    return [
        (function.name, mark, _type_of(function), "utf8", function.n_args, 0)
        for mark, functions in ((1, built_in), (0, session.registry.own()))
        for function in functions
    ]


def _type_of(function: Any) -> str:
    """s: scalar, w: aggregate that may have OVER, a: one that may not."""
    if isinstance(function, ScalarFunction):
        return "s"
    return "a" if function.window == NO_WINDOW else "w"


# --- State ----------------------------------------------------------------------------------------------------------


def _commit_id(session: Any, value: str | None) -> Rows:
    transaction = session.transaction
    base = getattr(transaction, "base", None)
    return [(session.database.root.commit_id if base is None else base.commit_id,)]


def _digest(session: Any, value: str | None) -> Rows:
    return [(session.database.digest(session.database.root),)]


def _number(handler: Callable[[Any, int | None], Any]) -> Handler:
    """A handler that is given its value as a number."""
    return lambda session, value: handler(session, None if value is None else own.as_setting(value))


def _check(with_indexes: bool) -> Handler:
    def handler(session: Any, value: str | None) -> Rows:
        most, tables = _PROBLEMS_MAX, list(session.schema.tables.values())
        one = value is not None and not is_integer(value)
        if one:
            tables = [table for table in tables if fold(table.name) == fold(str(value))]
            if not tables and fold(str(value)) not in MASTER_NAMES and session.schema.view(str(value)) is None:
                raise OperationalError(f"no such table: {value}")
        elif value is not None and own.as_integer(value) > 0:
            most = own.as_integer(value)
        problems = [] if one else store.file_problems(session)
        try:
            problems += islice(_problems(session, tables, with_indexes), most)
        except CorruptionError as error:  # a tree that leads to a damaged block cannot be looked at
            problems = problems or [str(error)]
        return [(line,) for line in problems[:most]] or [("ok",)]

    return handler


def _problems(session: Any, tables: Iterable[Table], with_indexes: bool) -> Iterator[str]:
    """What is wrong with the data of tables that the session sees."""
    trees, schema = session.trees, session.schema
    for table in tables:
        rows = trees[table.tree]
        yield from (f"table {table.name}: {line}" for line in check_tree(rows))
        yield from check_rows(table, rows)
        if not session.settings.get("ignore_check_constraints"):
            for breaks in broken_checks(session, schema, table):
                yield from (
                    f"CHECK constraint failed in {table.name}" for rowid, row in rows.scan() if breaks(rowid, row)
                )
        tests, computed = index_functions(session, schema, table)
        for index in table.indexes:
            entries = trees[index.tree]
            yield from (f"index {index.name}: {line}" for line in check_tree(entries))
            if with_indexes:
                yield from check_index(index, table, rows, entries, tests.get(index.id), computed)


_INFO: Final = ("cid", "name", "type", "notnull", "dflt_value", "pk")

PRAGMAS: Final[dict[str, Definition]] = {
    "table_info": Definition(_INFO, _columns_of),
    "table_xinfo": Definition((*_INFO, "hidden"), _table_xinfo),
    "table_list": Definition(("schema", "name", "type", "ncol", "wr", "strict"), _table_list),
    "index_list": Definition(("seq", "name", "unique", "origin", "partial"), _index_list),
    "index_info": Definition(("seqno", "cid", "name"), _index_info),
    "index_xinfo": Definition(("seqno", "cid", "name", "desc", "coll", "key"), _index_xinfo),
    "foreign_key_list": Definition(
        ("id", "seq", "table", "from", "to", "on_update", "on_delete", "match"), _foreign_key_list
    ),
    "foreign_key_check": Definition(("table", "rowid", "parent", "fkid"), foreign_key_check),
    "database_list": Definition(("seq", "name", "file"), _database_list),
    "collation_list": Definition(("seq", "name"), _collation_list),
    "function_list": Definition(("name", "builtin", "type", "enc", "narg", "flags"), _function_list),
    "pragma_list": Definition(("name",), lambda session, value: [(name,) for name in PRAGMAS]),
    "module_list": Definition(("name",), lambda session, value: [(name,) for name in session.registry.modules]),
    "compile_options": Definition(("compile_options",), lambda session, value: []),
    "foreign_keys": Definition(("foreign_keys",), _foreign_keys, answers_when_set=False),
    "defer_foreign_keys": Definition(("defer_foreign_keys",), _defer_foreign_keys, answers_when_set=False),
    "user_version": Definition(("user_version",), _meta("user_version"), answers_when_set=False),
    "application_id": Definition(("application_id",), _meta("application_id"), answers_when_set=False),
    "schema_version": Definition(
        ("schema_version",), lambda session, value: [(session.schema.version,)], answers_when_set=False
    ),
    "isolation": Definition(("isolation",), _isolation),
    "reserve_rows": Definition(("reserve_rows",), standing.reserve_rows),
    "journal_mode": Definition(("journal_mode",), _journal_mode),
    "synchronous": Definition(("synchronous",), _synchronous, answers_when_set=False),
    "busy_timeout": Definition(("timeout",), _busy_timeout),
    "encoding": Definition(("encoding",), _fixed("UTF-8"), answers_when_set=False),
    "page_size": Definition(("page_size",), _fixed(PAGE_SIZE), answers_when_set=False),
    "page_count": Definition(("page_count",), lambda session, value: [(store.page_count(session),)]),
    "freelist_count": Definition(("freelist_count",), lambda session, value: [(store.free_pages(session),)]),
    "cache_spill": Definition(("cache_spill",), _number(own.cache_spill), answers_when_set=False),
    "cache_size": Definition(("cache_size",), _number(store.cache_size), answers_when_set=False),
    "wal_autocheckpoint": Definition(("wal_autocheckpoint",), _number(store.wal_autocheckpoint)),
    "wal_checkpoint": Definition(("busy", "log", "checkpointed"), store.wal_checkpoint),
    "history_retention": Definition(
        ("history_retention",), _number(lambda session, value: store.history_retention(session, value, _in_transaction))
    ),
    "aerodb_compression": Definition(
        ("compression",), lambda session, value: store.compression(session, value, _in_transaction)
    ),
    "aerodb_snapshots": Definition(("name", "commit_id"), store.snapshot_list),
    "aerodb_read_views": Definition(("commit_id", "age", "max_age"), store.read_views),
    "aerodb_processes": Definition(("pid", "floor", "log_generation", "own"), store.processes),
    "aerodb_consumers": Definition(("name", "commit_id"), store.consumer_list),
    "aerodb_max_view_age": Definition(("max_view_age",), _number(store.max_view_age)),
    "aerodb_switch_interval": Definition(("switch_interval",), _number(store.switch_interval)),
    "aerodb_store": Definition(store.STORE_COLUMNS, store.store_figures),
    "optimize": Definition(("optimize",), _optimize),
    "aerodb_connection": Definition(("connection",), live.connection_number),
    "aerodb_transactions": Definition(live.TRANSACTION_COLUMNS, live.transactions),
    "aerodb_conflicts": Definition(live.CONFLICT_COLUMNS, live.conflicts),
    "aerodb_commits": Definition(live.COMMIT_COLUMNS, live.commits),
    "aerodb_commit_groups": Definition(("size", "syncs"), live.commit_groups),
    "shrink_memory": Definition((), store.shrink_memory),
    "secure_delete": Definition(("secure_delete",), own.secure_delete),
    "temp_store": Definition(("temp_store",), own.temp_store, answers_when_set=False),
    "locking_mode": Definition(("locking_mode",), store.locking_mode),
    "auto_vacuum": Definition(("auto_vacuum",), _fixed(0), answers_when_set=False),
    "legacy_alter_table": Definition(
        ("legacy_alter_table",), _setting("legacy_alter_table", 0), answers_when_set=False
    ),
    "recursive_triggers": Definition(
        ("recursive_triggers",), _setting("recursive_triggers", 0), answers_when_set=False
    ),
    "read_uncommitted": Definition(("read_uncommitted",), _setting("read_uncommitted", 0), answers_when_set=False),
    "data_version": Definition(("data_version",), _commit_id),
    "integrity_check": Definition(("integrity_check",), _check(True)),
    "quick_check": Definition(("quick_check",), _check(False)),
    "aerodb_commit_id": Definition(("aerodb_commit_id",), _commit_id),
    "aerodb_digest": Definition(("aerodb_digest",), _digest),
    "aerodb_disabled_rules": Definition(("aerodb_disabled_rules",), _disabled_rules),
    "query_only": Definition(("query_only",), _number(own.query_only), answers_when_set=False),
    "ignore_check_constraints": Definition(
        ("ignore_check_constraints",), _number(own.ignore_check_constraints), answers_when_set=False
    ),
    "case_sensitive_like": Definition((), _number(own.case_sensitive_like), answers_when_set=False),
    "mmap_size": Definition(("mmap_size",), lambda session, value: []),
    **{name: Definition((name,), _number(own.flag(name)), answers_when_set=False) for name in own.FLAGS},
    **{name: Definition((name,), _number(own.number(name))) for name in own.NUMBERS},
}
