"""Budgets of statements: exact counts of rows and bytes, errors that leave nothing, the same answers with a budget as without."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import golden
import pytest
from test_scripts import SCRIPTS, shared_memory

import aerodb_dbapi
from aerodb_dbapi import BudgetError, Connection, OperationalError
from aerodb_dbapi.executor import budgets


@pytest.fixture
def con() -> Iterator[Connection]:
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c INT); CREATE INDEX t_c ON t(c);")
    with connection:
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(i, f"x{i % 50:02}", i % 100) for i in range(1000)])
    yield connection
    connection.close()


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The uses of all statements that run with a budget, in their order."""
    uses: list[Any] = []
    begin = budgets.Use.__init__

    def noted(use: Any, session: Any) -> None:
        begin(use, session)
        uses.append(use)

    monkeypatch.setattr(budgets.Use, "__init__", noted)
    return uses


ROWS = [
    ("SELECT * FROM t", 1000),
    ("SELECT count(*) FROM t", 0),
    ("SELECT * FROM t LIMIT 1", 256),
    ("SELECT b FROM t WHERE a = 5", 1),
    ("SELECT a FROM t WHERE c = 3", 10),
    ("SELECT b FROM t WHERE c = 3", 10),
    ("SELECT b FROM t WHERE a IN (1, 2, 3)", 3),
    ("SELECT x.a FROM t x JOIN t y ON y.a = x.a + 1", 2000),
    ("SELECT x.a FROM t x JOIN t y ON y.b = x.b WHERE x.a < 10", 10 + 1000 + 10 * 20),
    ("SELECT value FROM generate_series(1, 500)", 500),
    ("SELECT * FROM t UNION ALL SELECT * FROM t", 2000),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT max(i) FROM n", 100),
    ("UPDATE t SET b = b || 'y' WHERE c = 3", 10),
    ("DELETE FROM t WHERE b = 'x00'", 1000),
    ("INSERT INTO t(b) SELECT b FROM t WHERE a < 300", 300),
]


@pytest.mark.parametrize(("sql", "rows"), ROWS)
def test_rows_are_counted_as_stated(con: Connection, used: list[Any], sql: str, rows: int) -> None:
    """A statement runs with a budget of what it reads, and fails with one row less, leaving nothing."""
    twin = con.fork(isolation_level=None)
    twin.set_budget(rows=rows)
    wanted = con.execute(sql).fetchall()
    con.rollback()
    assert twin.execute(sql).fetchall() == wanted
    assert used[0].rows == rows
    if rows:
        other = con.fork(isolation_level=None)
        before = other._session.database.digest()
        other.set_budget(rows=rows - 1)
        with pytest.raises(BudgetError, match=f"^statement exceeded its budget: {rows - 1} rows read$") as caught:
            other.execute(sql).fetchall()
        assert (caught.value.limit, caught.value.sqlite_errorname) == ("rows", "SQLITE_INTERRUPT")
        assert isinstance(caught.value, OperationalError) and other._session.database.digest() == before


def test_the_size_of_values() -> None:
    values = [(None, 0), (5, 32), (1.5, 24), ("äb", 58), (b"abc", 59), ((1, "abc"), 56 + 16 + 32 + 59), ((), 56)]
    assert [budgets.size_of(value) for value, _ in values] == [size for _, size in values]


ROW = 56 + 3 * 8 + 32 + 59 + 32  # of t, as it is stored
MEMORY = [
    ("SELECT * FROM t", 0),
    ("SELECT * FROM t ORDER BY b", 1000 * ROW),
    ("SELECT DISTINCT b FROM t", 50 * (56 + 8 + 59)),
    ("SELECT b, count(*) FROM t GROUP BY b", 50 * 59 + 2 * 50 * (56 + 16 + 59 + 32)),
    ("SELECT b, sum(a) FROM t GROUP BY b", 1000 * 32 + 50 * 59 + 2 * 50 * (56 + 16 + 59 + 32)),
    ("SELECT sum(a) FROM t", None),
    ("SELECT count(*) FROM t x JOIN t y ON y.b = x.b", None),
    ("SELECT a, rank() OVER (ORDER BY b) FROM t", None),
    ("SELECT b FROM t INTERSECT SELECT b FROM t", 2000 * (56 + 8 + 59)),
    ("SELECT * FROM t ORDER BY b LIMIT 5", None),
    ("SELECT a FROM t WHERE b IN (SELECT b FROM t WHERE a < 10)", None),
    ("SELECT a, (SELECT max(c) FROM t y WHERE y.b = x.b) FROM t x", None),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 100) SELECT max(i) FROM n", None),
    ("SELECT count(DISTINCT b) FROM t", None),
    ("SELECT json_group_array(a) FROM t", None),
    ("UPDATE t SET b = b || 'y' FROM (SELECT DISTINCT c AS d FROM t) WHERE c = d", None),
]


@pytest.mark.parametrize(("sql", "size"), MEMORY)
def test_memory_is_counted_as_stated(con: Connection, used: list[Any], sql: str, size: int | None) -> None:
    twin = con.fork(isolation_level=None)
    twin.set_budget(memory=10**9)
    wanted = con.execute(sql).fetchall()
    con.rollback()
    assert twin.execute(sql).fetchall() == wanted
    held = used[0].held + used[0].kept
    if size is not None:
        assert held == size
    if held:
        other = con.fork(isolation_level=None)
        before = other._session.database.digest()
        other.set_budget(memory=held - 1)
        with pytest.raises(BudgetError, match=f"{held - 1} bytes of memory") as caught:
            other.execute(sql).fetchall()
        assert (caught.value.limit, caught.value.sqlite_errorname) == ("memory", "SQLITE_NOMEM")
        assert other._session.database.digest() == before


def test_what_a_correlated_subquery_holds_is_free_again(con: Connection, used: list[Any]) -> None:
    """The hash table that it looks up stays, its sorts and groups do not."""
    con.set_budget(memory=1000 * ROW + 5000)
    sql = "SELECT a, (SELECT group_concat(b) FROM (SELECT b FROM t y WHERE y.c = x.c + x.a % 2 ORDER BY b DESC LIMIT 9)) FROM t x"
    assert len(con.execute(sql).fetchall()) == 1000
    assert (used[0].held, used[0].kept) == (0, 1000 * ROW)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM t x, t y, t z WHERE x.c + y.c + z.c = 30",
        "SELECT count(*) FROM generate_series(1, 1000000000)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "UPDATE t SET c = (SELECT count(*) FROM t x, t y, t z WHERE x.c + y.c + z.c = 30)",
        "SELECT count(*) FROM (SELECT DISTINCT a FROM t) x, (SELECT DISTINCT a FROM t) y, (SELECT DISTINCT a FROM t) z",
    ],
)
def test_timeouts(con: Connection, sql: str) -> None:
    con.set_budget(timeout=0.05)
    with pytest.raises(BudgetError, match=r"^statement exceeded its budget: 0\.05 seconds$") as caught:
        con.execute(sql).fetchall()
    assert (caught.value.limit, caught.value.sqlite_errorname) == ("timeout", "SQLITE_INTERRUPT")
    con.set_budget()
    assert con.execute("SELECT sum(c) FROM t").fetchone() == (49500,)


def test_each_statement_has_a_budget_of_its_own(con: Connection) -> None:
    con.set_budget(rows=1000)
    first, second = con.execute("SELECT a FROM t"), con.execute("SELECT a FROM t")
    assert [(x, y) for (x,), (y,) in zip(first, second)] == [(i, i) for i in range(1000)]
    assert con.execute("SELECT sum(a) FROM t").fetchone() == (499500,)


def test_blocks(con: Connection) -> None:
    con.set_budget(rows=500)
    with con.budget(rows=None), con.budget(memory=10):
        assert len(con.execute("SELECT a FROM t").fetchall()) == 1000
        late = con.execute("SELECT a FROM t")
        with pytest.raises(BudgetError, match="10 bytes"):
            con.execute("SELECT b FROM t ORDER BY b")
    assert len(late.fetchall()) == 1000  # the budget is that of its beginning
    with pytest.raises(BudgetError, match="500 rows"):
        con.execute("SELECT a FROM t").fetchall()
    with pytest.raises(ZeroDivisionError), con.budget(rows=5000):
        raise ZeroDivisionError
    with pytest.raises(BudgetError, match="500 rows"):
        con.execute("SELECT a FROM t").fetchall()
    con.set_budget()
    assert len(con.execute("SELECT a FROM t").fetchall()) == 1000


def test_wrong_limits(con: Connection) -> None:
    for limits in ({"timeout": -1}, {"rows": 1.5}, {"memory": "1"}, {"rows": -1}):
        with pytest.raises(ValueError, match="must be a number that is not negative"):
            con.set_budget(**limits)  # type: ignore[arg-type]


def test_in_transactions_scripts_triggers_and_views(con: Connection) -> None:
    con.executescript(
        """
        CREATE TABLE log(n);
        CREATE TRIGGER count_all AFTER UPDATE ON t BEGIN INSERT INTO log SELECT a FROM t; END;
        """
    )
    con.execute("DELETE FROM t WHERE a >= 100")
    con.commit()
    con.execute("UPDATE t SET c = 0 WHERE a = 1")
    con.set_budget(rows=250)
    with pytest.raises(BudgetError, match="250 rows"):
        con.execute("UPDATE t SET c = 0 WHERE a < 3")
    assert con.in_transaction and con.execute("SELECT count(*) FROM log").fetchone() == (100,)
    con.execute("UPDATE t SET c = 0 WHERE a < 2")
    con.commit()
    with con.budget(rows=99), pytest.raises(BudgetError):
        con.executescript("CREATE TABLE made(a); INSERT INTO made SELECT a FROM t;")
    assert con.execute("SELECT count(*) FROM made").fetchone() == (0,)
    with con.read_view() as view, con.budget(rows=99), pytest.raises(BudgetError):
        view.execute("SELECT a FROM t").fetchall()
    with con.budget(rows=0):
        con.executemany("INSERT INTO made VALUES (?)", [(1,), (2,)])
    with pytest.raises(BudgetError), con.budget(rows=150):
        con.executemany("UPDATE made SET a = (SELECT sum(a) FROM t) WHERE a = ?", [(1,), (2,)])
    assert con.execute("SELECT a FROM made ORDER BY a").fetchall() == [(2,), (4950,)]


def test_interrupts_are_noticed_as_ever(con: Connection) -> None:
    con.set_budget(rows=10**12)
    timer = threading.Timer(0.1, con.interrupt)
    timer.start()
    with pytest.raises(OperationalError, match=r"^interrupted$"):
        con.execute("SELECT count(*) FROM t x, t y, t z WHERE x.c + y.c + z.c = 30").fetchall()
    timer.join()


def test_code_is_what_it_was_without_a_budget(con: Connection) -> None:
    explain = "EXPLAIN SELECT b, count(*) FROM t x JOIN t y USING (b) GROUP BY b ORDER BY 2"
    before = con.execute(explain).fetchall()
    assert con.execute("SELECT a FROM t") and "SELECT a FROM t" in con._session.hits
    with con.budget(rows=10):
        assert any("session.scan(" in line for _, line in con.execute(explain + " ").fetchall())
        assert not con._session.hits
    assert con.execute(explain).fetchall() == before and not any("session.scan" in line for _, line in before)
    assert "SELECT a FROM t" in con._session.hits


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_print_the_same_with_a_budget(path: Path, tmp_path: Path) -> None:
    connect = shared_memory()

    def budgeted(session: str) -> Any:
        connection = connect(session)
        connection.set_budget(timeout=600, rows=10**12, memory=10**15)
        return connection

    quiet = frozenset({"source", "plan", "log"})
    golden.run(path, golden.World("budget", budgeted, error=aerodb_dbapi.Error, skip_tags=quiet))
