"""ON CONFLICT against sqlite3: targets, several clauses, DO UPDATE, RETURNING, counters; and what it needs of transactions."""

from __future__ import annotations

import pytest
from dml_support import assert_same, connect

import aerodb_dbapi

ALL = "SELECT rowid, * FROM t ORDER BY rowid"
TABLES = {
    "rowid": "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)",
    "unique": "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE, b INT, UNIQUE (b, a))",
    "replacing": "CREATE TABLE t(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a UNIQUE ON CONFLICT IGNORE, b UNIQUE)",
    "counted": "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a NOT NULL UNIQUE, b CHECK (b <> 13))",
    "plain": "CREATE TABLE t(id, a PRIMARY KEY, b DEFAULT 7)",
}
CLAUSES = [
    "ON CONFLICT DO NOTHING",
    "ON CONFLICT (a) DO NOTHING",
    "ON CONFLICT (id) DO UPDATE SET b = coalesce(b, 0) + 1",
    "ON CONFLICT (rowid) DO UPDATE SET (a, b) = (excluded.b, excluded.a)",
    "ON CONFLICT (a) DO UPDATE SET b = excluded.b, id = excluded.id",
    "ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE excluded.b > t.b",
    "ON CONFLICT (a, b) DO UPDATE SET id = id + 10",
    "ON CONFLICT (b, a) DO NOTHING ON CONFLICT (a) DO UPDATE SET b = -b",
    "ON CONFLICT (a) DO UPDATE SET b = 100 ON CONFLICT (id) DO UPDATE SET b = 200",
    "ON CONFLICT (id) DO UPDATE SET b = 100 ON CONFLICT (a) DO UPDATE SET b = 200",
    "ON CONFLICT (a) DO UPDATE SET b = 100 ON CONFLICT DO UPDATE SET b = 300",
    "ON CONFLICT DO UPDATE SET b = 13",
    "ON CONFLICT DO UPDATE SET a = NULL",
    "ON CONFLICT DO UPDATE SET id = 2",
    "ON CONFLICT (a) DO UPDATE SET b = (SELECT count(*) FROM t) + excluded.b",
    "ON CONFLICT (a) DO UPDATE SET (id, b) = (SELECT max(id) + 1, sum(b) FROM t WHERE t.id >= excluded.id)",
    "ON CONFLICT (a) DO UPDATE SET b = 0 WHERE EXISTS (SELECT 1 FROM t AS other WHERE other.b IN (excluded.b, t.b + 90))",
]


@pytest.mark.parametrize("word", ["", "OR REPLACE", "OR IGNORE", "OR FAIL"])
@pytest.mark.parametrize("table", TABLES)
def test_clauses(table: str, word: str) -> None:
    """Every clause on every table, one row and several, with and without RETURNING; a target that is no constraint fails."""
    script = []
    for clause in CLAUSES:
        for returning in (
            "",
            " RETURNING *, rowid",
            " RETURNING (SELECT sum(x.b) FROM t AS x WHERE x.rowid >= t.rowid - 1), b",
        ):
            script += [
                "DELETE FROM t",
                "INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3)",
                f"INSERT {word} INTO t VALUES (9, 'X', 5) {clause}{returning}",
                f"INSERT {word} INTO t(b, a) VALUES (4, 'x'), (2, 'y'), (6, 'new'), (2, 'y'), (8, 'new') {clause}{returning}",
                f"INSERT {word} INTO t SELECT id + 1, a, b + 1 FROM t WHERE id < 10 {clause}{returning}",
                (f"INSERT {word} INTO t VALUES (?, ?, ?) {clause}{returning}", (1, "q", 3)),
                ALL,
            ]
    assert_same(TABLES[table], *script)


def test_targets_of_indexes() -> None:
    """Partial, collated and multi-column indexes; the condition of a partial index must be written as it is."""
    insert = "INSERT INTO t VALUES (1, 'a', 1)"
    assert_same(
        "CREATE TABLE t(x, a COLLATE NOCASE, b)",
        "CREATE UNIQUE INDEX one ON t(x) WHERE b > 0",
        "CREATE UNIQUE INDEX two ON t(a COLLATE BINARY, b DESC)",
        insert,
        *[
            f"{insert} ON CONFLICT {target} DO UPDATE SET x = x + 1 RETURNING *"
            for target in (
                "(x)", "(x) WHERE b > 0", "(x) WHERE b > 1", "(x) WHERE (b > 0)", "(a)", "(a, b)", "(b, a)", "(b, a COLLATE BINARY)",
                "(b DESC, a ASC)", "(a, b) WHERE x", "(a COLLATE NOCASE, b)", "(a, a)", "(a, b, x)", "(a || 'x')", "(1)", "(nothing)",
                "(b NULLS FIRST, a)", "()", "(a, b) WHERE nothing",
            )
        ],
        "INSERT INTO t VALUES (2, 'a', 0), (2, 'b', 0) ON CONFLICT (x) WHERE b > 0 DO NOTHING",
        ALL,
    )  # fmt: skip


def test_names() -> None:
    """`excluded` is known by its name alone, without affinity and collation; an alias hides the table's name."""
    assert_same(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE, b INT)",
        "CREATE TABLE excluded(id INTEGER PRIMARY KEY, a)",
        "INSERT INTO t VALUES (1, 'x', 1), (2, '5', 2)",
        *[
            f"INSERT INTO t AS u(a, b) VALUES ({value}, '7') ON CONFLICT (a) DO UPDATE SET b = {expression} RETURNING *"
            for value in ("'X'", "5")
            for expression in (
                "excluded.a = 'x'", "excluded.a = u.a", "excluded.a = 5", "u.a = 5", "excluded.b + b", "u.b", "t.b", "other.b",
                "excluded.nothing", "excluded.rowid - rowid", "excluded.id", "typeof(excluded.b)", "main.excluded.a", "max(b)",
                "(SELECT excluded.a || u.a)", "(SELECT count(*) FROM excluded)",
            )
        ],
        "INSERT INTO excluded VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET a = excluded.a || '!'",
        "INSERT INTO excluded VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET a = excluded.a || '!' RETURNING *",
        "INSERT INTO t VALUES (1, 'y', 1) RETURNING t.*",
        "INSERT INTO t WITH w(n) AS (SELECT 40) SELECT 1, 'x', n FROM w WHERE true ON CONFLICT (id) DO UPDATE SET b = b + excluded.b",
        "SELECT * FROM t",
    )  # fmt: skip


@pytest.mark.parametrize(
    "tail",
    [
        "SELECT 1, 2, 3 FROM t ON CONFLICT (id) DO NOTHING", "SELECT 1, 2, 3 FROM t ON CONFLICT DO NOTHING",
        "SELECT 1, 2, 3 FROM t WHERE true ON CONFLICT (id) DO NOTHING", "SELECT 1, 2, 3 ON CONFLICT (id) DO NOTHING",
        "SELECT 1, 2, 3 FROM t AS a JOIN t AS b ON CONFLICT (id) DO NOTHING", "DEFAULT VALUES ON CONFLICT DO NOTHING",
        "SELECT 1, 2, 3 FROM t GROUP BY 1 ON CONFLICT (id) DO NOTHING", "SELECT 1, 2, 3 LIMIT 1 ON CONFLICT (id) DO NOTHING",
        "VALUES (1, 2, 3) ON CONFLICT DO NOTHING ON CONFLICT (id) DO NOTHING", "VALUES (1, 2, 3) ON CONFLICT (id) DO DELETE",
        "VALUES (1, 2, 3) ON CONFLICT (id) DO UPDATE SET a = 1 FROM t", "VALUES (1, 2, 3) ON CONFLICT (id) DO",
        "VALUES (1, 2, 3) ON CONFLICT (id) DO NOTHING WHERE 1", "VALUES (1, 2, 3) ON CONFLICT",
        "VALUES (1, 2, 3) ON CONFLICT (id) DO UPDATE SET a = 1 LIMIT 1", "VALUES (1, 2, 3) ON CONFLICT (id) DO UPDATE SET c = 1",
        "VALUES (1, 2, 3) ON CONFLICT (id) DO NOTHING ON CONFLICT (b) DO NOTHING", "VALUES (1, 2) ON CONFLICT (c) DO NOTHING",
        "VALUES (1, 2, 3) ON CONFLICT (id) DO UPDATE SET (a, b) = (1, 2, 3)",
    ],
)  # fmt: skip
def test_grammar_and_its_errors(tail: str) -> None:
    assert_same(TABLES["rowid"], "INSERT INTO t VALUES (1, 2, 3)", f"INSERT INTO t {tail}", ALL)


def test_with_in_front() -> None:
    """CTEs are seen by the source and by DO UPDATE alike."""
    upsert = "INSERT INTO t SELECT 1, n, n FROM w WHERE true ON CONFLICT (id) DO UPDATE SET b = b + (SELECT n FROM w)"
    for connection in connect():
        connection.execute(TABLES["rowid"])
        connection.execute("INSERT INTO t VALUES (1, 2, 3)")
        connection.execute(f"WITH w(n) AS (SELECT 40) {upsert}")
        assert connection.execute(ALL).fetchall() == [(1, 1, 2, 43)]


def test_executemany() -> None:
    """Rows that collide, within themselves too; few and many, so that whole columns are tried and given up."""
    for rows in (3, 50):
        theirs, ours = connect()
        found = []
        for connection in (theirs, ours):
            connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, n DEFAULT 0)")
            cursor = connection.executemany(
                "INSERT INTO t(a) VALUES (?) ON CONFLICT (a) DO UPDATE SET n = n + 1", [(i % 7,) for i in range(rows)]
            )
            changed = cursor.rowcount
            cursor = connection.executemany(
                "INSERT INTO t(a) VALUES (?) ON CONFLICT DO NOTHING", [(i,) for i in range(rows)]
            )
            found.append((changed, cursor.rowcount, connection.execute("SELECT * FROM t").fetchall()))
        assert found[0] == found[1]


def test_a_skipped_row_is_a_point_read() -> None:
    """INV-V7: who skipped a row because of another one does not commit if that one has changed; other rows do not matter."""

    def outcome(change: str, insert: str) -> str:
        one = aerodb_dbapi.connect(":memory:", isolation_level=None)
        other = aerodb_dbapi.connect(":memory:", isolation_level=None)
        other._session.close()
        other._session = type(one._session)(one._session.database, timeout=0.2)
        one.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, n DEFAULT 0)")
        one.execute("CREATE TABLE log(x)")
        one.execute("INSERT INTO t(a) VALUES ('a'), ('b'), ('c')")
        one.execute("BEGIN")
        one.execute(f"INSERT INTO t(a) VALUES ('a') {insert}" if insert else "UPDATE t SET n = 1 WHERE id = 77")
        one.execute("INSERT INTO log VALUES (1)")
        other.execute(change)
        try:
            one.execute("COMMIT")
        except aerodb_dbapi.OperationalError as error:
            return str(error).removeprefix("could not serialize: ")
        return "committed"

    nothing, skipped = "ON CONFLICT DO NOTHING", "ON CONFLICT (a) DO UPDATE SET n = 5 WHERE n > 1"
    updated = "ON CONFLICT (a) DO UPDATE SET n = n + 1"
    for insert in (nothing, skipped, updated, ""):
        assert outcome("DELETE FROM t WHERE a = 'b'", insert) == "committed"
        assert outcome("INSERT INTO t(a) VALUES ('new')", insert) == "committed"
    for insert in (nothing, skipped):
        assert outcome("DELETE FROM t WHERE a = 'a'", insert) == (
            "row 1 of table t, read by this transaction, was changed by commit 4"
        )
    with pytest.raises(aerodb_dbapi.OperationalError, match="database is locked"):  # it is written, not only read
        outcome("UPDATE t SET n = 9 WHERE a = 'a'", updated)
    assert outcome("INSERT INTO t(id, a) VALUES (77, 'z')", "").startswith("row 77 of table t, read by")


def test_both_insert() -> None:
    """INV-V6: alone, the statement that came second is run again and updates."""
    one = aerodb_dbapi.connect(":memory:", isolation_level=None)
    one.execute("CREATE TABLE t(a UNIQUE, n)")
    upsert = "INSERT INTO t VALUES ('k', 1) ON CONFLICT (a) DO UPDATE SET n = n + 1 RETURNING n"
    other = aerodb_dbapi.connect(":memory:", isolation_level=None)
    other._session.close()
    other._session = type(one._session)(one._session.database, timeout=0.2)
    seen = []

    def meanwhile(value: int) -> int:
        if not seen:
            seen.append(other.execute(upsert).fetchall())
        return value

    one.create_function("meanwhile", 1, meanwhile)
    made = one.execute(upsert.replace("'k', 1", "'k', meanwhile(1)")).fetchall()
    assert (seen, made) == ([[(1,)]], [(2,)])
    assert one.execute("SELECT * FROM t").fetchall() == [("k", 2)]
