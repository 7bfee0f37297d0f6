"""Several real processes on one database file: what one commits the next statement of another sees; money is conserved under
SIGKILL; locks and slots of the dead are free. `tests/storage/test_processes.py` has the random steps against a model."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pytest

import aerodb_dbapi

ACCOUNTS, START = 40, 100
LAG = 60  # seconds, for a loaded machine; nothing is measured

TELLER = """
import os, random, sys
import aerodb_dbapi
path, number, seed, autocheckpoint, synchronous = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
chance = random.Random(seed)
con = aerodb_dbapi.connect(path, isolation_level=None, timeout=60)
con.execute(f"PRAGMA wal_autocheckpoint = {autocheckpoint}")
con.execute(f"PRAGMA synchronous = {synchronous}")
(done,) = con.execute("SELECT coalesce(max(n), 0) FROM transfer WHERE teller = ?", (number,)).fetchone()
os.write(1, b"ready\\n")
while True:
    a, b, amount = chance.randrange(40), chance.randrange(40), chance.randint(1, 9)
    try:
        con.execute(chance.choice(("BEGIN", "BEGIN", "BEGIN IMMEDIATE")))
        con.execute("UPDATE account SET money = money - ? WHERE id = ?", (amount, a))
        con.execute("UPDATE account SET money = money + ? WHERE id = ?", (amount, b))
        con.execute("INSERT INTO transfer(teller, n, note) VALUES (?, ?, ?)", (number, done + 1, "x" * chance.choice((10, 5000))))
        con.execute("COMMIT")
    except aerodb_dbapi.OperationalError as error:
        if con.in_transaction:
            con.execute("ROLLBACK")
        if error.sqlite_errorname not in ("SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY"):
            raise
        continue
    done += 1
    os.write(1, b"%d\\n" % done)
    if chance.random() < 0.05:
        (total,) = con.execute("SELECT sum(money) FROM account").fetchone()
        assert total == 4000, total
"""

ASKED = """
import sys
import aerodb_dbapi
con = aerodb_dbapi.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))
print("ready", flush=True)
for line in sys.stdin:
    try:
        print(con.execute(line).fetchall(), flush=True)
    except aerodb_dbapi.Error as error:
        print(f"{error.sqlite_errorname}: {error}", flush=True)
"""


class Asked:
    """Another process with a connection, which runs statements and tells what came of them."""

    def __init__(self, path: Path, timeout: float = LAG) -> None:
        command = [sys.executable, "-c", ASKED, str(path), str(timeout)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.child.stdout is not None
        return self.child.stdout.readline().rstrip("\n")

    def ask(self, sql: str) -> str:
        self.begin(sql)
        return self._line()

    def begin(self, sql: str) -> None:
        stdin: IO[str] | None = self.child.stdin
        assert stdin is not None
        stdin.write(sql + "\n")
        stdin.flush()

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *exc: object) -> None:
        self.child.communicate()


def open_bank(path: Path) -> aerodb_dbapi.Connection:
    con = aerodb_dbapi.connect(str(path), isolation_level=None, timeout=LAG)
    con.execute("CREATE TABLE account(id INTEGER PRIMARY KEY, money INTEGER)")
    con.execute("CREATE TABLE transfer(teller INTEGER, n INTEGER, note TEXT, UNIQUE(teller, n))")
    con.executemany("INSERT INTO account VALUES (?, ?)", [(number, START) for number in range(ACCOUNTS)])
    return con


def audit(con: aerodb_dbapi.Connection, told: dict[int, int]) -> None:
    """Money is conserved, and every transfer that was acknowledged is there (INV-R1, INV-P2)."""
    assert con.execute("SELECT sum(money), count(*) FROM account").fetchone() == (ACCOUNTS * START, ACCOUNTS)
    for teller, last in told.items():
        found, most = con.execute("SELECT count(*), max(n) FROM transfer WHERE teller = ?", (teller,)).fetchone()
        assert found == (most or 0) >= last
    assert con.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class Bank:
    """Tellers in processes of their own, killed at random and followed by others."""

    def __init__(self, path: Path, seed: int, autocheckpoint: int, synchronous: str) -> None:
        self.path, self.chance = path, random.Random(seed)
        self.arguments = [str(autocheckpoint), synchronous]
        self.told: dict[int, int] = {}
        self.tellers: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int) -> None:
        command = [
            sys.executable,
            "-c",
            TELLER,
            str(self.path),
            str(number),
            str(self.chance.getrandbits(30)),
            *self.arguments,
        ]
        teller = self.tellers[number] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert teller.stdout is not None and teller.stderr is not None
        assert teller.stdout.readline() == b"ready\n", teller.stderr.read().decode()

    def kill(self, number: int) -> None:
        teller = self.tellers.pop(number)
        teller.send_signal(signal.SIGKILL)
        lines, errors = teller.communicate()
        assert not errors, errors.decode()
        for line in lines.splitlines(keepends=True):
            if line.endswith(b"\n"):
                self.told[number] = int(line)

    def run(self, kills: int, count: int) -> None:
        for number in range(count):
            self.start(number)
        for _ in range(kills):
            time.sleep(self.chance.random() * 0.3)
            number = self.chance.randrange(count)
            self.kill(number)
            self.start(number)
        for number in range(count):
            self.kill(number)


def run_bank(path: Path, seed: int, kills: int, count: int, synchronous: str = "FULL", stay: bool = True) -> None:
    print(f"seed {seed}")
    con = open_bank(path)
    if not stay:
        con.close()
    bank = Bank(path, seed, 10, synchronous)
    bank.run(kills, count)
    if not stay:
        con = aerodb_dbapi.connect(str(path), isolation_level=None)
    audit(con, bank.told)
    con.close()
    assert sorted(os.listdir(path.parent)) == [path.name]
    with closing(aerodb_dbapi.connect(str(path))) as again:
        audit(again, bank.told)


@pytest.mark.parametrize("stay", [True, False])
def test_a_bank_of_processes_that_are_killed(tmp_path: Path, stay: bool) -> None:
    """INV-P3, INV-P4: the dead leave nothing that others wait for, and nothing half done."""
    run_bank(tmp_path / "bank.db", 7 + stay, 8, 3, stay=stay)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_a_bank_of_many_processes_that_are_killed_often(tmp_path: Path, seed: int) -> None:
    run_bank(tmp_path / "bank.db", seed, 40, 2 + seed % 3, ("FULL", "NORMAL")[seed % 2], stay=seed % 3 > 0)


def test_what_one_commits_the_other_sees_at_once(tmp_path: Path) -> None:
    """INV-P1."""
    path = tmp_path / "a.db"
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con, Asked(path) as other:
        con.execute("CREATE TABLE t(a)")
        for number in range(20):
            con.execute("INSERT INTO t VALUES (?)", (number,))
            assert other.ask("SELECT count(*), max(a) FROM t") == f"[({number + 1}, {number})]"
            assert other.ask(f"UPDATE t SET a = a WHERE a = {number}") == "[]"
            assert con.execute("PRAGMA aerodb_commit_id").fetchone() == (2 * number + 3,)
            if number % 5 == 4:
                assert other.ask("PRAGMA wal_checkpoint(TRUNCATE)").startswith("[(0")
        listed = con.execute("SELECT pid, own FROM pragma_aerodb_processes ORDER BY own").fetchall()
        assert listed == [(other.child.pid, 0), (os.getpid(), 1)]
        assert other.ask("CREATE INDEX i ON t(a)") == "[]"
        assert con.execute("EXPLAIN QUERY PLAN SELECT * FROM t WHERE a = 3").fetchone()[3].startswith("SEARCH t USING")
        assert con.execute("PRAGMA aerodb_digest").fetchone()[0] in other.ask("PRAGMA aerodb_digest")


def test_a_transaction_keeps_its_view_and_fails_if_it_must(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con, Asked(path) as other:
        con.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a)")
        con.execute("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
        con.execute("BEGIN")
        assert con.execute("SELECT a FROM t WHERE id = 1").fetchone() == ("one",)
        assert other.ask("UPDATE t SET a = 'uno' WHERE id = 1") == "[]"
        assert con.execute("SELECT a FROM t WHERE id = 1").fetchone() == ("one",)
        con.execute("UPDATE t SET a = 'due' WHERE id = 2")
        with pytest.raises(aerodb_dbapi.SerializationError):
            con.execute("COMMIT")
        assert con.execute("SELECT a FROM t ORDER BY id").fetchall() == [("uno",), ("two",)]


def test_begin_immediate_keeps_other_processes_out(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con, Asked(path, 0.2) as other:
        con.execute("CREATE TABLE t(a)")
        con.execute("BEGIN IMMEDIATE")
        con.execute("INSERT INTO t VALUES (1)")
        assert other.ask("SELECT * FROM t") == "[]"
        assert other.ask("INSERT INTO t VALUES (2)") == "SQLITE_BUSY: database is locked"
        assert other.ask("BEGIN IMMEDIATE") == "SQLITE_BUSY: database is locked"
        con.execute("COMMIT")
        assert other.ask("INSERT INTO t VALUES (2)") == "[]"
        assert con.execute("SELECT a FROM t").fetchall() == [(1,), (2,)]


def test_a_long_reader_keeps_its_state_over_checkpoints_of_another(tmp_path: Path) -> None:
    """INV-P3: what a slot protects is not written over."""
    path = tmp_path / "a.db"
    rows = [(number, "x" * 50) for number in range(3000)]
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con:
        con.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a)")
        con.executemany("INSERT INTO t VALUES (?, ?)", rows)
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con, Asked(path) as other:
        con.execute("PRAGMA cache_size = 4")
        with con.read_view() as view:
            for step in range(6):
                assert other.ask(f"UPDATE t SET a = '{step}' || a") == "[]"
                assert other.ask("PRAGMA wal_checkpoint(TRUNCATE)").startswith("[(0")
                assert view.execute("SELECT * FROM t").fetchall() == rows
        assert con.execute("SELECT a FROM t WHERE id = 1").fetchone() == ("543210" + "x" * 50,)
        assert other.ask("PRAGMA integrity_check") == "[('ok',)]"


def test_vacuum_needs_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con:
        con.execute("CREATE TABLE t(a)")
        with Asked(path) as other:
            with pytest.raises(aerodb_dbapi.OperationalError, match="database is locked"):
                con.execute("VACUUM")
            assert other.ask("INSERT INTO t VALUES (1)") == "[]"
        con.execute("VACUUM")
        with Asked(path) as other:
            assert other.ask("SELECT * FROM t") == "[(1,)]"


def test_exclusive_locking_keeps_others_out_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None, timeout=0.1)) as con:
        con.execute("CREATE TABLE t(a)")
        with Asked(path) as other:
            with pytest.raises(aerodb_dbapi.OperationalError, match="database is locked"):
                con.execute("PRAGMA locking_mode = EXCLUSIVE")
            assert other.ask("INSERT INTO t VALUES (1)") == "[]"
        assert con.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall() == [("exclusive",)]
        con.execute("INSERT INTO t VALUES (2)")
        command = [sys.executable, "-c", ASKED, str(path), "0.1"]
        refused = subprocess.run(command, input="", capture_output=True, text=True, check=False)
        assert "database is locked" in refused.stderr
        assert con.execute("PRAGMA locking_mode = NORMAL").fetchall() == [("normal",)]
        with Asked(path) as other:
            assert other.ask("SELECT a FROM t") == "[(1,), (2,)]"
            assert other.ask("INSERT INTO t VALUES (3)") == "[]"
        assert con.execute("SELECT count(*) FROM t").fetchone() == (3,)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_of_fork_is_told_and_can_open_its_own(tmp_path: Path) -> None:
    """INV-P5."""
    path = tmp_path / "a.db"
    with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as con:
        con.execute("CREATE TABLE t(a)")
        child = os.fork()
        if not child:
            status = 1
            try:
                for statement in ("SELECT * FROM t", "INSERT INTO t VALUES (0)", "BEGIN IMMEDIATE"):
                    with pytest.raises(aerodb_dbapi.OperationalError, match=r"before os\.fork"):
                        con.execute(statement)
                with closing(aerodb_dbapi.connect(str(path), isolation_level=None)) as own:
                    own.execute("INSERT INTO t VALUES (1)")
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert con.execute("SELECT a FROM t").fetchall() == [(1,)]
        con.execute("INSERT INTO t VALUES (2)")
    with closing(aerodb_dbapi.connect(str(path))) as con:
        assert con.execute("SELECT a FROM t").fetchall() == [(1,), (2,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("db", [aerodb_dbapi, sqlite3], ids=["aerodb", "sqlite3"])
def test_a_child_of_fork_has_a_copy_of_what_is_in_memory(db: Any) -> None:
    """By its name too, for connections that the child opens, as the threads of a test in a worker of Django do."""
    uri = "file:inherited?mode=memory&cache=shared"
    with closing(db.connect(uri, uri=True, isolation_level=None)) as con:
        con.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        child = os.fork()
        if not child:
            status = 1
            try:
                with closing(db.connect(uri, uri=True, isolation_level=None)) as own:
                    own.execute("INSERT INTO t VALUES (2)")
                    assert con.execute("SELECT a FROM t").fetchall() == [(1,), (2,)]
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert con.execute("SELECT a FROM t").fetchall() == [(1,)]
