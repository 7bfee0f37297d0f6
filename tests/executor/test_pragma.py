"""PRAGMA against sqlite3, and those of AeroDB itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from dml_support import assert_same, connect, outcome

import aerodb_dbapi

SCHEMA = (
    "CREATE TABLE p(id INTEGER PRIMARY KEY, x varchar(10) NOT NULL DEFAULT 'q' UNIQUE, y, z real DEFAULT (1+2), UNIQUE(y, z))",
    "CREATE TABLE q(a REFERENCES p, b int, c text COLLATE nocase, "
    "FOREIGN KEY(b, c) REFERENCES p(x, y) ON DELETE CASCADE ON UPDATE SET NULL, PRIMARY KEY(b, a))",
    "CREATE INDEX qi ON q(c DESC, a) WHERE a > 1",
    "CREATE UNIQUE INDEX qu ON q(b)",
    "CREATE VIEW v AS SELECT id, x || 1 AS xx, y FROM p",
)


def test_schema_questions() -> None:
    names = ["p", "q", "v", "nosuch", "sqlite_master"]
    assert_same(
        *SCHEMA,
        *[
            f"PRAGMA {what}({name})"
            for what in ("table_info", "table_xinfo", "index_list", "foreign_key_list")
            for name in names
        ],
        *[
            f"PRAGMA {what}({name})"
            for what in ("index_info", "index_xinfo")
            for name in ("qi", "qu", "sqlite_autoindex_p_2", "sqlite_autoindex_q_1", "nosuch")
        ],
        'PRAGMA main.table_info("p")',
        "PRAGMA table_info = p",
        "PRAGMA nowhere.table_info(p)",
        "PRAGMA collation_list",
        "PRAGMA database_list",
    )


def test_settings() -> None:
    assert_same(
        "PRAGMA user_version", "PRAGMA user_version = 5", "PRAGMA user_version", "PRAGMA user_version('7')", "PRAGMA user_version",
        "PRAGMA application_id = -1", "PRAGMA application_id", "PRAGMA journal_mode", "PRAGMA journal_mode = wal",
        "PRAGMA synchronous", "PRAGMA synchronous = normal", "PRAGMA synchronous", "PRAGMA synchronous = 2", "PRAGMA synchronous",
        "PRAGMA encoding", "PRAGMA page_size", "PRAGMA cache_size", "PRAGMA cache_size = 100", "PRAGMA cache_size",
        "PRAGMA busy_timeout = 100", "PRAGMA busy_timeout", "PRAGMA integrity_check", "PRAGMA quick_check", "PRAGMA nosuch",
        "PRAGMA nosuch = 1", "PRAGMA foreign_keys", "PRAGMA foreign_key_check", "PRAGMA read_uncommitted", "PRAGMA locking_mode",
    )  # fmt: skip


def test_user_version_is_transactional() -> None:
    assert_same(
        "BEGIN", "PRAGMA user_version = 5", "PRAGMA user_version", "ROLLBACK", "PRAGMA user_version",
        "BEGIN", "PRAGMA user_version = 6", "COMMIT", "PRAGMA user_version",
    )  # fmt: skip


def test_foreign_keys_are_a_setting_outside_transactions() -> None:
    assert_same(
        "PRAGMA foreign_keys", "PRAGMA foreign_keys = 1", "PRAGMA foreign_keys", "BEGIN", "PRAGMA foreign_keys = 0",
        "PRAGMA foreign_keys", "COMMIT", "PRAGMA foreign_keys(off)", "PRAGMA foreign_keys",
    )  # fmt: skip


def test_own_pragmas() -> None:
    _, ours = connect()
    assert ours.execute("PRAGMA aerodb_commit_id").fetchall() == [(0,)]
    empty = ours.execute("PRAGMA aerodb_digest").fetchall()
    ours.execute("CREATE TABLE t(a)")
    assert ours.execute("PRAGMA aerodb_commit_id").fetchall() == [(1,)]
    assert ours.execute("PRAGMA aerodb_digest").fetchall() != empty
    assert ours.execute("PRAGMA table_list").fetchall()[0] == ("main", "t", "table", 1, 0, 0)
    assert ("abs", 1, "s", "utf8", 1, 0) in ours.execute("PRAGMA function_list").fetchall()
    ours.execute("PRAGMA aerodb_disabled_rules = 'push_down,fold'")
    assert ours.execute("PRAGMA aerodb_disabled_rules").fetchall() == [("fold,push_down",)]
    assert ours.execute("SELECT 1 + 1").fetchall() == [(2,)]


def test_journal_mode_and_path_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    connection = aerodb_dbapi.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    assert connection.execute("PRAGMA database_list").fetchall()[0][2] == str(path)
    connection.close()


@pytest.mark.parametrize("damage", ["missing", "stray", "null"])
def test_integrity_check_finds_damage(damage: str) -> None:
    """INV-D3: index against table both ways, and NOT NULL."""
    _, ours = connect()
    ours.execute("CREATE TABLE t(a NOT NULL, b)")
    ours.execute("CREATE INDEX i ON t(b)")
    ours.execute("INSERT INTO t VALUES (1, 2), (3, 4)")
    database = ours._session.database
    table = database.root.schema.table("t")
    transaction = database.begin()
    if damage == "missing":
        transaction.writer(table.indexes[0].tree).delete((1, 2, 1))
    elif damage == "stray":
        transaction.writer(table.indexes[0].tree).put((1, 9, 9), 9)
    else:
        transaction.writer(table.tree).put(1, (None, 2))
    transaction.commit()
    found = [line for (line,) in ours.execute("PRAGMA integrity_check")]
    expected = {
        "missing": "row 1 missing from index i",
        "stray": "wrong # of entries in index i",
        "null": "NULL value in t.a",
    }
    assert expected[damage] in found
    assert (ours.execute("PRAGMA quick_check").fetchall() == [("ok",)]) is (damage != "null")


def test_pragmas_take_no_rows_where_sqlite_gives_none() -> None:
    _, ours = connect()
    assert outcome(ours, "PRAGMA table_info(nosuch)")[0] == []
    assert ours.execute("PRAGMA nosuch").description is None
