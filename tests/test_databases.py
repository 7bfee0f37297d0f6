"""TEMP objects and attached databases through the driver: who sees what, one transaction over all, failures between files."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage.errors import OperationalError, SerializationError


def connect(path: Path | str = ":memory:", **options: Any) -> Any:
    return aerodb_dbapi.connect(str(path), isolation_level=None, **options)


def rows(connection: Any, sql: str, *parameters: Any) -> list[Any]:
    return list(connection.execute(sql, parameters))


def test_temp_is_invisible_to_others_and_gone_at_close(tmp_path: Path) -> None:
    a, b = connect(tmp_path / "x.db"), connect(tmp_path / "x.db")
    a.execute("CREATE TEMP TABLE t(a)")
    a.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(OperationalError, match="no such table: t"):
        b.execute("SELECT * FROM t")
    a.close()
    a = connect(tmp_path / "x.db")
    assert rows(a, "SELECT * FROM sqlite_temp_master") == []
    with pytest.raises(OperationalError, match=r"no such table: temp\.t"):
        a.execute("SELECT * FROM temp.t")
    a.close(), b.close()
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]


def test_a_create_temp_statement_of_one_connection_serves_another(tmp_path: Path) -> None:
    """Texts and plans are shared by connections; temp is not."""
    a, b = connect(tmp_path / "x.db"), connect(tmp_path / "x.db")
    for connection in (a, b):
        connection.execute("CREATE TEMP TABLE t(a)")
        connection.execute("INSERT INTO t VALUES (?)", (id(connection),))
    assert rows(a, "SELECT a FROM t") == [(id(a),)] and rows(b, "SELECT a FROM t") == [(id(b),)]


def test_temp_made_within_a_transaction_follows_it(tmp_path: Path) -> None:
    """INV-D6: marks taken before temp was there still undo what came after."""
    c = connect(tmp_path / "x.db")
    c.execute("CREATE TABLE t(a)")
    c.execute("BEGIN")
    c.execute("INSERT INTO t VALUES (1)")
    c.execute("SAVEPOINT s")
    c.execute("CREATE TEMP TABLE u AS SELECT a + 1 AS a FROM t")
    c.execute("DELETE FROM t")
    assert rows(c, "SELECT * FROM u") == [(2,)]
    c.execute("ROLLBACK TO s")
    assert rows(c, "SELECT * FROM t") == [(1,)] and rows(c, "SELECT name FROM sqlite_temp_master") == []
    c.execute("CREATE TEMP TABLE u(a)")
    c.execute("COMMIT")
    assert rows(c, "SELECT count(*) FROM t, main.t AS m LEFT JOIN u") == [(1,)]


def test_a_failed_statement_is_undone_in_temp_and_main(tmp_path: Path) -> None:
    """INV-D4."""
    c = connect(tmp_path / "x.db")
    c.execute("CREATE TABLE t(a UNIQUE)")
    c.execute("CREATE TEMP TABLE u(a UNIQUE)")
    c.execute("INSERT INTO t VALUES (1), (2)")
    c.execute("INSERT INTO u VALUES (2)")
    for begin in (False, True):
        if begin:
            c.execute("BEGIN")
        with pytest.raises(aerodb_dbapi.IntegrityError, match=r"UNIQUE constraint failed: u\.a"):
            c.execute("INSERT INTO u SELECT a FROM t")
        assert rows(c, "SELECT * FROM u") == [(2,)]
    c.execute("ROLLBACK")


def test_the_implicit_transaction_of_the_driver_covers_temp(tmp_path: Path) -> None:
    mirror = []
    for module in (aerodb_dbapi, sqlite3):
        c: Any = module.connect(tmp_path / f"{module.__name__}.db")
        c.execute("CREATE TABLE t(a)")
        c.execute("CREATE TEMP TABLE u(a)")
        c.executemany("INSERT INTO u VALUES (?)", [(i,) for i in range(5)])
        seen = [c.in_transaction]
        c.execute("INSERT INTO t SELECT * FROM u WHERE a > 2")
        c.rollback()
        seen += [*c.execute("SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u)"), c.in_transaction]
        c.execute("INSERT INTO u VALUES (7) RETURNING a").fetchall()
        c.commit()
        seen += [*c.execute("SELECT * FROM u"), c.total_changes]
        mirror.append(seen)
        c.close()
    assert mirror[0] == mirror[1]


def test_without_other_databases_nothing_is_different(tmp_path: Path) -> None:
    """The hit path of the driver and the generated code stay as they are until temp or an attached database is there."""
    c = connect(tmp_path / "x.db")
    c.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    source = rows(c, "EXPLAIN SELECT b FROM t WHERE a = ?", 1)
    c.execute("PRAGMA temp.table_info(t)"), c.execute("SELECT * FROM sqlite_temp_master")
    c.execute("SELECT b FROM t WHERE a = 1")
    assert c._session.others is None and "SELECT b FROM t WHERE a = 1" in c._session.hits
    c.execute("CREATE TEMP TABLE u(a INTEGER PRIMARY KEY, b)")
    assert rows(c, "EXPLAIN SELECT b FROM t WHERE a = ?", 1) == source
    moved = "\n".join(line for _, line in rows(c, "EXPLAIN SELECT b FROM u WHERE a = ?", 1))
    assert f"trees[{1 << 40 | 2}]" in moved and not c._session.hits


def test_attached_files_are_kept_and_shared(tmp_path: Path) -> None:
    a, b = connect(tmp_path / "a.db"), connect(tmp_path / "b.db")
    a.execute("ATTACH ? AS other", (str(tmp_path / "b.db"),))
    a.execute("CREATE TABLE other.t(a INTEGER PRIMARY KEY, b)")
    a.execute("INSERT INTO t VALUES (1, 'x')")
    assert rows(b, "SELECT * FROM t") == [(1, "x")]
    a.execute("BEGIN")
    b.execute("INSERT INTO t VALUES (2, 'y')")
    assert rows(a, "SELECT count(*) FROM t") == [(2,)]
    b.execute("DELETE FROM t")
    assert rows(a, "SELECT count(*) FROM t") == [(2,)]
    with pytest.raises(OperationalError, match="database other is locked"):
        a.execute("DETACH other")
    a.execute("COMMIT")
    assert rows(a, "SELECT count(*) FROM t") == [(0,)]
    a.execute("DETACH other")
    b.close()
    b = connect(tmp_path / "b.db")  # nobody else has it open now: it is read from its file
    assert rows(b, "SELECT name FROM sqlite_master") == [("t",)]
    a.close(), b.close()


def test_a_conflict_in_one_database_keeps_both_unchanged(tmp_path: Path) -> None:
    """INV-V5, INV-F4: commits over several databases are refused as a whole."""
    for order in (("main.t", "other.t"), ("other.t", "main.t")):
        folder = tmp_path / order[0]
        folder.mkdir()
        a, b = connect(folder / "a.db"), connect(folder / "b.db")
        a.execute("ATTACH ? AS other", (str(folder / "b.db"),))
        for table in ("main.t", "other.t"):
            a.execute(f"CREATE TABLE {table}(a INTEGER PRIMARY KEY, b)")
            a.execute(f"INSERT INTO {table} VALUES (1, 0)")
        a.execute("BEGIN")
        for table in order:
            a.execute(f"UPDATE {table} SET b = 5 WHERE a = 1")
        b.execute("UPDATE t SET b = 9 WHERE a = 1")
        with pytest.raises(SerializationError):
            a.execute("COMMIT")
        assert not a.in_transaction
        assert rows(a, "SELECT main.t.b, other.t.b FROM main.t, other.t") == [(0, 9)]
        a.execute("UPDATE main.t SET b = (SELECT b FROM other.t)")
        assert rows(a, "SELECT b FROM main.t") == [(9,)]
        a.close(), b.close()


def test_a_commit_that_waits_in_vain_leaves_the_transaction_open(tmp_path: Path) -> None:
    a, b = connect(tmp_path / "a.db", timeout=0.1), connect(tmp_path / "b.db")
    a.execute("ATTACH ? AS other", (str(tmp_path / "b.db"),))
    a.execute("CREATE TABLE main.t(a)"), a.execute("CREATE TABLE other.u(a)")
    b.execute("BEGIN IMMEDIATE")
    a.execute("BEGIN")
    a.execute("INSERT INTO t VALUES (1)"), a.execute("INSERT INTO u VALUES (1)")
    with pytest.raises(OperationalError, match="database is locked"):
        a.execute("COMMIT")
    assert a.in_transaction
    b.execute("COMMIT")
    a.execute("COMMIT")
    assert rows(b, "SELECT * FROM u") == [(1,)] and rows(a, "SELECT * FROM t") == [(1,)]
    c = connect(tmp_path / "a.db", timeout=0.1)  # the gates have been given back
    c.execute("BEGIN IMMEDIATE"), c.execute("INSERT INTO t VALUES (2)"), c.execute("COMMIT")
    b.execute("BEGIN IMMEDIATE"), b.execute("COMMIT")
    for connection in (a, b, c):
        connection.close()


def test_connections_that_attach_each_other_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Both commit to both files, each the other way round."""
    paths = [str(tmp_path / "a.db"), str(tmp_path / "b.db")]
    for path in paths:
        with connect(path) as made:
            made.execute(f"CREATE TABLE {Path(path).stem}(v)")
            made.execute(f"INSERT INTO {Path(path).stem} VALUES (0)")
    failures: list[str] = []

    def work(first: str, second: str) -> None:
        connection = connect(first, timeout=30)
        connection.execute("ATTACH ? AS other", (second,))
        done = 0
        while done < 20:
            try:
                connection.execute("BEGIN")
                connection.execute("UPDATE a SET v = v + 1")
                connection.execute("UPDATE b SET v = v - 1")
                connection.execute("COMMIT")
                done += 1
            except SerializationError:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except OperationalError as error:
                failures.append(str(error))
                break
        connection.close()

    threads = [Thread(target=work, args=order) for order in (paths, paths[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ours = connect(paths[0])
    ours.execute("ATTACH ? AS other", (paths[1],))
    assert failures == [] and rows(ours, "SELECT a.v, b.v FROM a, b") == [(40, -40)]


def test_begin_immediate_takes_every_attached_database(tmp_path: Path) -> None:
    a, b = connect(tmp_path / "a.db"), connect(tmp_path / "b.db", timeout=0.05)
    b.execute("CREATE TABLE u(a)")
    a.execute("ATTACH ? AS other", (str(tmp_path / "b.db"),))
    a.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="database is locked"):
        b.execute("INSERT INTO u VALUES (1)")
    a.execute("ROLLBACK")
    b.execute("INSERT INTO u VALUES (1)")
    a.close(), b.close()


def test_a_log_that_fails_between_two_files_commits_the_first_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not promised (`differences-from-sqlite.md`): files are committed one after the other."""
    a = connect(tmp_path / "a.db")
    a.execute("ATTACH ? AS other", (str(tmp_path / "b.db"),))
    a.execute("CREATE TABLE main.t(a)"), a.execute("CREATE TABLE other.u(a)")
    a.execute("BEGIN")
    a.execute("INSERT INTO t VALUES (1)"), a.execute("INSERT INTO u VALUES (1)")
    log = next(iter(a._session.others.others.values())).database.committer.log

    write = type(log).write

    def failing(self: Any) -> None:
        if self is log:
            raise OperationalError("disk I/O error", name="SQLITE_IOERR")
        write(self)

    monkeypatch.setattr(type(log), "write", failing)
    with pytest.raises(OperationalError, match="disk I/O error"):
        a.execute("COMMIT")
    assert not a.in_transaction
    assert rows(a, "SELECT * FROM t") == [(1,)] and rows(a, "SELECT * FROM u") == []
    monkeypatch.undo()
    a.close()


def test_a_database_attached_for_reading_is_not_written(tmp_path: Path) -> None:
    b = connect(tmp_path / "b.db")
    b.execute("CREATE TABLE u(a)")
    a = connect(f"file:{tmp_path}/a.db", uri=True)
    a.execute("ATTACH ? AS other", (f"file:{tmp_path}/b.db?mode=ro",))
    for sql in ("INSERT INTO u VALUES (1)", "DROP TABLE u", "CREATE TABLE other.v(a)", "PRAGMA other.user_version = 3"):
        with pytest.raises(OperationalError, match="attempt to write a readonly database"):
            a.execute(sql)
    assert rows(a, "SELECT count(*) FROM u") == [(0,)]
    with pytest.raises(OperationalError, match="unable to open database: file:"):
        a.execute("ATTACH ? AS third", (f"file:{tmp_path}/c.db?mode=rw",))


def test_ddl_of_another_connection_in_an_attached_file_is_seen(tmp_path: Path) -> None:
    """INV-S3: plans are for the schemas of all databases."""
    a, b = connect(tmp_path / "a.db"), connect(tmp_path / "b.db")
    b.execute("CREATE TABLE u(a)")
    b.execute("INSERT INTO u VALUES (1)")
    a.execute("ATTACH ? AS other", (str(tmp_path / "b.db"),))
    assert rows(a, "SELECT * FROM u") == [(1,)]
    b.execute("ALTER TABLE u ADD COLUMN b DEFAULT 2")
    assert rows(a, "SELECT * FROM u") == [(1, 2)]
    b.execute("DROP TABLE u")
    with pytest.raises(OperationalError, match="no such table: u"):
        a.execute("SELECT * FROM u")
    a.execute("CREATE TABLE u(x)")
    assert rows(a, "SELECT * FROM u") == []


def test_dumps_views_of_time_and_cursors_keep_to_main(tmp_path: Path) -> None:
    a = connect(tmp_path / "a.db")
    a.execute("CREATE TABLE t(a)")
    a.execute("INSERT INTO t VALUES (1), (2)")
    before = list(a.iterdump())
    commit = a.read_view().commit_id
    a.execute("ATTACH ':memory:' AS other")
    a.execute("CREATE TEMP TABLE u(a)"), a.execute("CREATE TABLE other.v(a)")
    a.executemany("INSERT INTO v VALUES (?)", [(i,) for i in range(600)])
    assert list(a.iterdump()) == before
    a.execute("DELETE FROM main.t")
    with a.read_view(commit) as view:
        assert list(view.execute("SELECT * FROM t")) == [(1,), (2,)]
    assert rows(a, f"SELECT u.a, t.a FROM t FOR SYSTEM_TIME AS OF COMMIT {commit} LEFT JOIN u ON u.a = t.a") == [
        (None, 1),
        (None, 2),
    ]
    cursor = a.execute("SELECT a FROM v ORDER BY rowid")
    assert cursor.fetchone() == (0,)
    a.execute("DETACH other")
    assert len(cursor.fetchall()) == 599


def test_dumps_and_blobs_find_main_behind_temp() -> None:
    c = connect()
    c.execute("CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b)"), c.execute("INSERT INTO t VALUES (1, x'6d')")
    before = list(c.iterdump())
    (
        c.execute("CREATE TEMP TABLE t(z INTEGER PRIMARY KEY AUTOINCREMENT, b)"),
        c.execute("INSERT INTO t VALUES (1, x'74')"),
    )
    assert list(c.iterdump()) == before
    c.execute('ATTACH \':memory:\' AS "o""o"'), c.execute('CREATE TABLE "o""o".t AS SELECT x\'6f\' AS b')
    for name, value in ((None, b"m"), ("main", b"n"), ("temp", b"t"), ('o"o', b"o")):
        options = {} if name is None else {"name": name}
        with c.blobopen("t", "b", 1, **options) as blob:
            assert blob.read() == value
            blob[0] = value[0] + 1
    with pytest.raises(OperationalError, match=r"no such table: nope\.t"):
        c.blobopen("t", "b", 1, name="nope")
    assert rows(c, 'SELECT main.t.b, temp.t.b, "o""o".t.b FROM main.t, temp.t, "o""o".t') == [(b"o", b"u", b"p")]


def test_the_authorizer_is_told_the_database() -> None:
    asked: list[list[Any]] = []
    for module in (aerodb_dbapi, sqlite3):
        c: Any = module.connect(":memory:", isolation_level=None)
        c.execute("CREATE TABLE t(a)")
        c.execute("ATTACH ':memory:' AS o")
        c.execute("CREATE TABLE o.u(a)")
        c.execute("CREATE TEMP TABLE v(a)")
        mine: list[Any] = []

        def ask(*question: Any, mine: list[Any] = mine) -> int:
            mine.append(question)
            return 0

        c.set_authorizer(ask)
        for sql in (
            "SELECT t.a, u.a, v.a FROM t, u, v", "INSERT INTO u VALUES (1)", "UPDATE temp.v SET a = 2", "DELETE FROM v",
            "ATTACH ':memory:' AS p", "ATTACH ':mem' || 'ory:' AS q", "DETACH p",
        ):  # fmt: skip
            c.execute(sql)
        asked.append(sorted(map(repr, mine)))
    assert asked[0] == asked[1]


def test_the_number_of_attached_databases_is_a_limit() -> None:
    c = aerodb_dbapi.connect(":memory:")
    c.setlimit(7, 1)
    c.execute("ATTACH ':memory:' AS a")
    with pytest.raises(OperationalError, match="too many attached databases - max 1"):
        c.execute("ATTACH ':memory:' AS b")


def random_statement(draw: random.Random) -> str:
    """One statement over m (main), u (temp) and w (attached), or of transaction control."""
    table, other = (
        draw.choice(("m", "u", "w", "temp.u", "o.w", "both", "temp.both")),
        draw.choice(("m", "u", "o.w", "both")),
    )
    a, b = draw.randrange(6), draw.randrange(4)
    return draw.choice((
        f"INSERT INTO {table} VALUES ({a}, {b})", f"INSERT OR REPLACE INTO {table} VALUES ({a}, {b})",
        f"INSERT OR IGNORE INTO {table} SELECT a + {b}, b FROM {other} ORDER BY a",
        f"UPDATE {table} SET b = (SELECT max(x.b) FROM {other} x WHERE x.a <= {a}) WHERE a > {b}",
        f"UPDATE {table} SET b = x.a FROM {other} x WHERE x.a = {table.split('.')[-1]}.a", f"DELETE FROM {table} WHERE a = {a}",
        f"DELETE FROM {table} WHERE a IN (SELECT b FROM {other})", f"SELECT count(*), sum(b) FROM {table}",
        f"SELECT x.a, y.b FROM {table} x JOIN {other} y ON x.a = y.b ORDER BY 1, 2", "BEGIN", "COMMIT", "ROLLBACK",
        "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s", "CREATE TEMP TABLE IF NOT EXISTS both(a INTEGER PRIMARY KEY, b UNIQUE)",
        "CREATE TABLE IF NOT EXISTS o.both(a INTEGER PRIMARY KEY, b)", "DROP TABLE IF EXISTS both",
        "CREATE INDEX IF NOT EXISTS o.i ON w(b)", "DROP INDEX IF EXISTS o.i", f"PRAGMA o.user_version = {a}", "PRAGMA o.user_version",
    ))  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_random_statements_over_three_databases(seed: int) -> None:
    """INV-D4, INV-D6, against sqlite3: answers, errors, and the state at the end."""
    draw = random.Random(seed)
    ours, theirs = connect(), sqlite3.connect(":memory:", isolation_level=None)
    script = ["ATTACH ':memory:' AS o", "CREATE TABLE m(a INTEGER PRIMARY KEY, b UNIQUE)", "CREATE TABLE o.w(a INTEGER PRIMARY KEY, b)",
              "CREATE TEMP TABLE u(a INTEGER PRIMARY KEY, b)"]  # fmt: skip
    script += [random_statement(draw) for _ in range(150)]
    script += [f"SELECT * FROM {table} ORDER BY a" for table in ("m", "u", "w", "temp.both", "o.both")]
    for number, sql in enumerate(script):
        answers = []
        for connection, error in ((ours, aerodb_dbapi.Error), (theirs, sqlite3.Error)):
            try:
                answers.append((connection.execute(sql).fetchall(), connection.in_transaction))
            except error as caught:
                answers.append((str(caught), connection.in_transaction))
        assert answers[0] == answers[1], (number, sql)


def test_a_temp_trigger_fires_on_tables_of_attached_databases_and_goes_with_them() -> None:
    """Triggers of temp know their table's database by its name (INV-F2)."""
    answers = []
    for module in (aerodb_dbapi, sqlite3):
        c = module.connect(":memory:", isolation_level=None)
        c.execute("ATTACH ':memory:' AS b")
        c.execute("CREATE TABLE b.t(a)")
        c.execute("CREATE TABLE log(x)")
        c.execute("CREATE TEMP TRIGGER x AFTER INSERT ON b.t BEGIN INSERT INTO log VALUES ('x' || NEW.a); END")
        c.execute("CREATE TRIGGER b.y AFTER INSERT ON t BEGIN SELECT RAISE(IGNORE) WHERE NEW.a = 2; END")
        c.execute("INSERT INTO t VALUES (1), (2)")
        c.execute("SAVEPOINT s")
        c.execute("DROP TABLE b.t")
        none = c.execute("SELECT count(*) FROM sqlite_temp_master").fetchall()
        c.execute("ROLLBACK TO s")
        c.execute("INSERT INTO b.t VALUES (3)")
        answers.append((none, c.execute("SELECT x FROM log").fetchall(), c.total_changes))
    assert answers[0] == answers[1]
