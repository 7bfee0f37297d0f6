"""Inserts into one table by several real processes: rowids are drawn past what the others have claimed, so nobody stands in
anybody's way; a lone writer leaves no gaps (INV-V10)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage import lock_file
from aerodb_dbapi.storage.rowids import Claim, RowidClaims

LAG = 60.0

ASKED = """
import sys
import aerodb_dbapi
con = aerodb_dbapi.connect(sys.argv[1], isolation_level=None, timeout=60)
print("ready", flush=True)
for line in sys.stdin:
    try:
        cursor = con.execute(line)
        print(cursor.fetchall() or cursor.lastrowid, flush=True)
    except aerodb_dbapi.Error as error:
        print(f"{type(error).__name__}: {error}", flush=True)
"""

INSERTING = """
import random, sys
import aerodb_dbapi
path, number, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(number)
con = aerodb_dbapi.connect(path, isolation_level=None, timeout=60)
mine = []
for turn in range(count):
    explicit = chance.random() < 0.7
    drawn = []
    if explicit:
        con.execute(chance.choice(("BEGIN", "BEGIN", "BEGIN CONCURRENT")))
    for _ in range(chance.choice((1, 1, 2, 5)) if explicit else 1):
        table = chance.choice(("t", "counted"))
        drawn.append((table, con.execute(f"INSERT INTO {table}(by) VALUES (?)", (number,)).lastrowid))
    if explicit:
        if chance.random() < 0.2:
            con.execute("ROLLBACK")
            continue
        con.execute("COMMIT")
    mine += drawn
print(mine)
"""


class Asked:
    """Another process with a connection."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", ASKED, str(path)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.child.stdout is not None and self.child.stdout.readline() == "ready\n"

    def __call__(self, sql: str) -> str:
        assert self.child.stdin is not None and self.child.stdout is not None
        self.child.stdin.write(sql + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().rstrip("\n")

    def kill(self) -> None:
        self.child.kill()
        self.child.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    con = connect(tmp_path / "a.db")
    con.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, by)")
    con.execute("CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, by)")
    con.close()
    return tmp_path / "a.db"


@pytest.fixture
def other(path: Path) -> Iterator[Asked]:
    asked = Asked(path)
    yield asked
    asked.child.communicate()


def connect(path: Path) -> Any:
    return aerodb_dbapi.connect(path, isolation_level=None, timeout=LAG)


@pytest.mark.parametrize("table", ["t", "counted"])
def test_both_transactions_commit(path: Path, other: Asked, table: str) -> None:
    con = connect(path)
    con.execute("BEGIN")
    assert other("BEGIN") in ("0", "None")
    assert con.execute(f"INSERT INTO {table}(by) VALUES ('a')").lastrowid == 1
    assert other(f"INSERT INTO {table}(by) VALUES ('b')") == "2"
    assert con.execute(f"INSERT INTO {table}(by) VALUES ('a')").lastrowid == 3
    con.execute("COMMIT")
    other("COMMIT")
    rows = con.execute(f"SELECT id, by FROM {table} ORDER BY id").fetchall()
    assert rows == [(1, "a"), (2, "b"), (3, "a")]
    assert other(f"SELECT max(id), (SELECT max(seq) FROM sqlite_sequence WHERE name = '{table}') FROM {table}") == (
        "[(3, 3)]" if table == "counted" else "[(3, None)]"
    )
    con.close()


def test_a_commit_that_is_not_in_the_view_is_passed_over(path: Path, other: Asked) -> None:
    """The claim has gone with the commit; the commit itself tells."""
    con = connect(path)
    con.execute("BEGIN")
    assert con.execute("SELECT count(*) FROM counted").fetchone() == (0,)
    assert [other("INSERT INTO t(by) VALUES ('b')") for _ in range(3)] == ["1", "2", "3"]
    assert con.execute("INSERT INTO t(by) VALUES ('a')").lastrowid == 4
    con.execute("COMMIT")
    assert con.execute("SELECT count(*), max(id) FROM t").fetchone() == (4, 4)
    con.close()


def test_a_lone_writer_leaves_no_gaps(path: Path, other: Asked) -> None:
    con = connect(path)
    assert con.execute("INSERT INTO t(by) VALUES ('a')").lastrowid == 1
    other("BEGIN")
    assert other("INSERT INTO t(by) VALUES ('b')") == "2"
    other("ROLLBACK")
    assert con.execute("INSERT INTO t(by) VALUES ('a')").lastrowid == 2
    con.execute("BEGIN")
    con.executemany("INSERT INTO t(by) VALUES (?)", [("a",)] * 100)
    con.execute("ROLLBACK")
    assert other("INSERT INTO t(by) VALUES ('b')") == "3"
    con.execute("BEGIN")
    con.execute("INSERT INTO t(by) VALUES ('a')")
    con.execute("SAVEPOINT s")
    con.execute("INSERT INTO t(by) VALUES ('a')")
    con.execute("ROLLBACK TO s")
    assert con.execute("INSERT INTO t(by) VALUES ('a')").lastrowid == 5
    con.execute("COMMIT")
    assert other("INSERT INTO t(by) VALUES ('b')") == "6"
    con.close()


def test_claims_of_the_dead(path: Path) -> None:
    """They may cost ids, never a conflict; once the slot is noticed to be free they are gone."""
    con = connect(path)
    dead = Asked(path)
    dead("BEGIN")
    assert dead("INSERT INTO t(by) VALUES ('b')") == "1"
    dead.kill()
    drawn = con.execute("INSERT INTO t(by) VALUES ('a')").lastrowid
    assert drawn in (1, 2)
    con.execute("PRAGMA wal_checkpoint")
    assert con.execute("INSERT INTO t(by) VALUES ('a')").lastrowid == drawn + 1
    con.close()


def test_more_tables_than_a_process_can_publish(path: Path, other: Asked) -> None:
    """Beyond that two may draw one id, and the later commit fails, as it must."""
    con = connect(path)
    for number in range(40):
        con.execute(f"CREATE TABLE u{number}(id INTEGER PRIMARY KEY, by)")
    con.execute("BEGIN")
    other("BEGIN")
    for number in range(40):
        con.execute(f"INSERT INTO u{number}(by) VALUES ('a')")
    assert [other(f"INSERT INTO u{number}(by) VALUES ('b')") for number in (0, 31, 32)] == ["2", "2", "1"]
    con.execute("COMMIT")
    assert other("COMMIT").startswith("SerializationError")
    con.execute("BEGIN")
    for number in range(39, 0, -1):  # the places are free again
        con.execute(f"INSERT INTO u{number}(by) VALUES ('a')")
    other("BEGIN")
    assert other("INSERT INTO u39(by) VALUES ('b')") == "3"
    con.execute("COMMIT")
    assert not other("COMMIT").startswith("Serialization")
    con.close()


def test_many_at_once(path: Path) -> None:
    """No conflict, no id twice, in transactions of all kinds."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", INSERTING, str(path), str(number), "60"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(3)
    ]  # fmt: skip
    wanted: dict[tuple[str, int], int] = {}
    for number, child in enumerate(children):
        told, errors = child.communicate(timeout=LAG)
        assert child.returncode == 0, errors
        for key in eval(told):
            assert key not in wanted
            wanted[key] = number
    con = connect(path)
    found = {
        (table, rowid): by for table in ("t", "counted") for rowid, by in con.execute(f"SELECT id, by FROM {table}")
    }
    assert found == wanted
    top = con.execute("SELECT max(id) FROM counted").fetchone()
    assert con.execute("SELECT seq FROM sqlite_sequence WHERE name = 'counted'").fetchall() == [top]
    con.close()


def test_somebody_comes_while_rowids_are_claimed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who claims alone looks again when the claim is published: one who came meanwhile may have claimed as well, and seen nothing."""
    con = connect(path)
    con.execute("INSERT INTO t(by) VALUES (0)")
    database = con._ready().database
    file, tree = database.sharing.file, database.root.schema.table("t").tree
    real, claimed = RowidClaims.claim_above, 0

    def claim_above(self: RowidClaims, wanted: Claim, others: int | None) -> tuple[int, int]:
        nonlocal claimed
        claimed += 1
        if claimed == 1:  # another process opens the file, and claims up to 50
            file.words[lock_file.USED] = 2
            file.words[file._at(1) + lock_file.PID] = 1
            file.words[file._claims_at(1)], file.words[file._claims_at(1) + 1] = tree, 50 + (1 << 63)
        return real(self, wanted, others)

    monkeypatch.setattr(RowidClaims, "claim_above", claim_above)
    assert con.execute("INSERT INTO t(by) VALUES (0)").lastrowid == 50
    assert claimed == 2 and not database.committer.claims.tables
    assert con.execute("INSERT INTO t(by) VALUES (0)").lastrowid == 51
    file.words[file._at(1) + lock_file.PID], file.words[lock_file.USED] = 0, 1
    con.close()
