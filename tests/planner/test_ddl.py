"""CREATE and DROP: what the catalog gets is what sqlite3 says of the same text."""

from __future__ import annotations

import sqlite3

import pytest

from aerodb_dbapi.planner.ddl import CreateIndex, CreateTable, CreateView, Drop, complete_index
from aerodb_dbapi.planner.parse import parse, parse_default
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError

TABLES = [
    "create table t(a)",
    "create table if not exists main.t ( a integer primary key , b unique, c text unique, unique(b), unique(b,c)) ;",
    "create   table main.t(a int primary key, b unique, c, unique(a))  -- hi",
    "create table \"t x\"(a integer primary key desc, b)",
    "create table t(a integer, b, primary key(a desc))",
    "create table t(a integer, b, primary key(a collate nocase))",
    "create table t(a INTEGER, b, unique(b collate nocase), unique(b desc), unique(b), primary key(a,b))",
    "create table t(a 'integer' primary key, b)",
    'create table t(a "INTEGER" primary key, b [my type], '
    'c double precision, d unsigned big int, e varchar ( 10 , 2 ))',
    "create table t(a integer primary key autoincrement, b int default -5 not null default ( 1 + 2 ) , c default foo, "
    "d default 'x', e default \"y\", f default current_timestamp, g default +5, h default null, i default x'ab', "
    "j default true, k int default - 0x10)",
    "create table t(a,b,constraint x check(a>1) constraint y check ( b < 2 ), constraint u unique(a))",
    "create table t(a not null on conflict replace primary key on conflict ignore, b unique on conflict fail, c null, "
    "unique(c) on conflict rollback)",
    "create table t(a int primary key, unique(a), unique(a desc))",
    "create table t(a text collate nocase unique, b unique collate rtrim, unique(a, b) constraint x unique(b, a))",
    "create table t(a references p, b references p(x) on delete cascade on update set null deferrable initially "
    "deferred, c, foreign key(a,c) references q(y,z) match full on delete set default)",
]  # fmt: skip


@pytest.mark.parametrize("sql", TABLES)
def test_tables_as_sqlite(sql: str) -> None:
    tree = parse(sql).tree
    assert isinstance(tree, CreateTable)
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    (name, stored) = connection.execute(
        "select name, sql from sqlite_master where type = 'table' and name <> 'sqlite_sequence'"
    ).fetchone()  # fmt: skip
    assert (tree.table.name, tree.table.sql) == (name, stored)
    mine = [
        (i, c.name, c.type, int(c.not_null), c.default, c.primary_key) for i, c in enumerate(tree.table.columns)
    ]  # fmt: skip
    assert mine == connection.execute(f'pragma table_info("{name}")').fetchall()
    listed = connection.execute(f'pragma index_list("{name}")').fetchall()[::-1]
    assert [(i.name, i.origin) for i in tree.indexes] == [(row[1], row[3]) for row in listed]
    for index in tree.indexes:
        parts = connection.execute(f'pragma index_xinfo("{index.name}")').fetchall()[:-1]
        got = [(p.position, p.name, int(p.descending), p.collation.upper()) for p in index.columns]
        assert got == [(row[1], row[2], row[3], row[4].upper()) for row in parts]


@pytest.mark.parametrize(
    ("columns", "alias"),
    [
        ("a integer primary key", 0),
        ("b, a INTEGER PRIMARY KEY ASC", 1),
        ("a integer primary key desc", None),
        ("a int primary key", None),
        ("a integer, primary key(a desc)", 0),
        ("a integer, b integer, primary key(a, b)", None),
        ("a bigint primary key", None),
        ("a integer(5) primary key", None),
    ],
)
def test_rowid_alias(columns: str, alias: int | None) -> None:
    tree = parse(f"create table t({columns})").tree
    assert tree.table.rowid_alias == alias
    connection = sqlite3.connect(":memory:")
    connection.execute(f"create table t({columns})")
    has_index = bool(connection.execute("pragma index_list(t)").fetchall())
    assert has_index == (alias is None) == bool(tree.indexes)


def test_constraints_kept() -> None:
    table = parse(
        "create table t(a check (a > 1), constraint c check ( a <> b ), foreign key (a) references p(x) "
        "on update cascade deferrable initially deferred)"
    ).tree.table  # fmt: skip
    assert [(c.name, c.text) for c in table.checks] == [(None, "a > 1"), ("c", "a <> b")]
    (key,) = table.foreign_keys
    assert (key.columns, key.table, key.to, key.on_update, key.deferred) == ((0,), "p", ("x",), "CASCADE", True)
    conflicts = parse("create table t(a integer primary key on conflict replace, b unique on conflict ignore)").tree
    assert (conflicts.table.rowid_conflict, conflicts.indexes[0].conflict) == ("REPLACE", "IGNORE")


@pytest.mark.parametrize(
    "sql",
    [
        "create table t(a,A)",
        "create table t(a int primary key, b primary key)",
        "create table t(a int primary key autoincrement)",
        "create table t(a, primary key(b))",
        "create table t(a, unique(b))",
        "create table sqlite_x(a)",
        "create table t()",
        "create table t(primary key(a))",
        "create table t(a,)",
        "create table t(a, check(a), b)",
        "create table t(a int) foo",
        "create table t(a text default (select 1))",
        "create table t(a default ?)",
        "create table t(a foreign key)",
        "create table t",
        "create view v as select ?",
        "drop table",
        "create table t(a, foreign key (z) references p)",
        "create table t(a references p(x, y))",
    ],
)
def test_errors_as_sqlite(sql: str) -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.Error) as expected:
        connection.execute(sql)
    with pytest.raises(OperationalError) as caught:
        parse(sql)
    assert str(caught.value) == str(expected.value)


def test_indexes() -> None:
    table = parse("create table t(a, b text collate nocase)").tree.table
    statement = parse("create  unique index if not exists main.i on T (b desc, A collate rtrim) where a > 1 ;").tree
    assert isinstance(statement, CreateIndex)
    index = complete_index(statement, table)
    assert [(c.position, c.name, c.collation, c.descending) for c in index.columns] == [
        (1, "b", "nocase", True), (0, "a", "rtrim", False),
    ]  # fmt: skip
    assert (index.table, index.unique, index.where) == ("t", True, "a > 1")
    assert index.sql == "CREATE UNIQUE INDEX i on T (b desc, A collate rtrim) where a > 1 "
    with pytest.raises(OperationalError, match="no such column: z"):
        complete_index(parse("create index i on t(z)").tree, table)


def test_views_and_drops() -> None:
    view = parse("create view if not exists v (x, y) as select 1, 2 -- why\n;").tree
    assert isinstance(view, CreateView)
    assert (view.view.select, view.view.columns, view.if_not_exists) == ("select 1, 2 -- why", ("x", "y"), True)
    assert view.view.sql == "CREATE VIEW v (x, y) as select 1, 2 -- why"
    assert parse("drop table if exists main.t").tree == Drop("table", "t", True, "main")
    assert parse("DROP VIEW v").tree == Drop("view", "v")
    assert parse("create table t as select 1 a").tree.select == "select 1 a"


def test_databases_of_definitions() -> None:
    for sql, database in (
        ("create table t(a)", None),
        ("create table Main.t(a)", "Main"),
        ("create temp table t as select 1", "temp"),
        ("create temporary view temp.v as select 1", "temp"),
        ("create index x.i on t(a)", "x"),
        ("drop view 'x y'.v", "x y"),
        ("create trigger x.r after delete on x.t begin select 1; end", "x"),
        ("alter table x.t drop a", "x"),
        ("reindex x.t", "x"),
    ):
        assert parse(sql).tree.database == database
    with pytest.raises(OperationalError, match="temporary table name must be unqualified"):
        parse("create temp table x.t(a)")


@pytest.mark.parametrize(
    "sql",
    [
    ],
)  # fmt: skip
def test_what_is_missing_is_named(sql: str) -> None:
    """INV-F2."""
    with pytest.raises(NotSupportedError):
        parse(sql)


def test_default_trees() -> None:
    assert parse_default("foo").is_string
    assert parse_default('"foo"').this == "foo"
    assert not parse_default("1 + 2").find(type(parse_default("foo"))).is_string
    assert parse_default("true").this is True
