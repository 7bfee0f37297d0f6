"""Ctrl-C, at any place: KeyboardInterrupt is raised at each call that a statement makes in the engine. Afterwards the connection and others
go on, nobody waits for a leader who has left, and a commit is there or not."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi import turns
from aerodb_dbapi.storage import commit, writing

ENGINE = tuple(str(Path(commit.__file__).parent.parent / room) for room in ("storage", "executor", "indexes"))


def interrupted_at(call: int, work: Callable[[], object], code: tuple[str, ...] = ENGINE) -> bool:
    """Run with an interruption at the n-th call, or behind the n-th call of C, in the engine, or in other code; whether there are so
    many."""
    left = call

    def look(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(code):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise KeyboardInterrupt

    sys.setprofile(look)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return left <= 0


@pytest.fixture(autouse=True)
def heeds_signals() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, also where the tests run in the background of a shell, which has it ignored there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def in_time(work: Callable[[], None]) -> None:
    """Run in another thread, which must come to an end."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "somebody waits for ever"
    if failures:
        raise failures[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an interruption within a finalizer
@pytest.mark.parametrize("where", ["memory", "file"])
def test_an_interruption_at_every_call_of_a_commit(where: str, tmp_path: Path) -> None:
    path = f"file:{tmp_path}/a.db" if where == "file" else "file:interrupted?mode=memory&cache=shared"
    connection = aerodb_dbapi.connect(path, uri=True, isolation_level=None)
    other = aerodb_dbapi.connect(path, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE t(a UNIQUE)")
    call, more = 0, True
    while more:
        call += 1
        more = interrupted_at(
            call, lambda call=call: connection.execute("INSERT INTO t VALUES (?), (?)", (call, -call))
        )  # type: ignore[misc]
        assert not connection.in_transaction

        def go_on(call: int = call) -> None:
            other.execute("BEGIN")
            other.execute("INSERT INTO t VALUES (?)", (f"other {call}",))
            other.execute("COMMIT")
            whole = other.execute("SELECT count(*) FROM t WHERE a IN (?, ?)", (call, -call)).fetchone()
            assert whole in ((0,), (2,))

        in_time(go_on)
        connection.execute("INSERT INTO t VALUES (?)", (f"own {call}",))
    assert call > 50
    assert connection.execute("SELECT count(*) FROM t WHERE typeof(a) = 'text'").fetchone() == (2 * call,)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    digest = connection.execute("PRAGMA aerodb_digest").fetchone()
    other.close()
    connection.close()
    if where == "file":
        again = aerodb_dbapi.connect(path, uri=True)
        assert again.execute("PRAGMA aerodb_digest").fetchone() == digest


def goes_on(path: Path, connection: Any, number: int) -> None:
    """Whether the connection, and another thread's, still read and write."""
    (count,) = connection.execute("SELECT count(*) FROM t").fetchone()
    connection.execute("INSERT INTO t VALUES (?)", (number,))

    def other() -> None:
        another = aerodb_dbapi.connect(path, isolation_level=None, timeout=10)
        assert another.execute("SELECT count(*) FROM t").fetchone() == (count + 1,)
        another.execute("BEGIN IMMEDIATE")
        another.execute("DELETE FROM t WHERE a = ?", (-1,))
        another.execute("COMMIT")
        another.execute("PRAGMA wal_checkpoint").fetchall()
        another.close()

    in_time(other)


def filled(path: Path) -> Any:
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("CREATE INDEX t_a ON t(a)")
    connection.execute("INSERT INTO t VALUES (0)")
    return connection


EVERY = pytest.param(1, marks=pytest.mark.long)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an interruption within a finalizer
@pytest.mark.parametrize(
    ("what", "step"), [("PRAGMA wal_checkpoint", 1), ("VACUUM", 17), pytest.param("VACUUM", 1, marks=pytest.mark.long)]
)
def test_an_interruption_at_every_call_of_what_changes_files(what: str, step: int, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = filled(path)
    call, more = 0, True
    while more:
        call += step
        more = interrupted_at(call, lambda: connection.execute(what).fetchall())
        goes_on(path, connection, call)
        connection.execute("DELETE FROM t WHERE a > 0")
    assert call > 20
    digest = connection.execute("PRAGMA aerodb_digest").fetchone()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    again = aerodb_dbapi.connect(path)
    assert again.execute("PRAGMA aerodb_digest").fetchone() == digest
    again.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("step", [7, EVERY])
def test_an_interruption_at_every_call_of_the_first_commit(step: int, tmp_path: Path) -> None:
    """INV-R14: the one that makes a log, and has the header name it."""
    path = tmp_path / "a.db"
    filled(path).close()
    call, more = 0, True
    while more:
        call += step
        connection = aerodb_dbapi.connect(path, isolation_level=None)
        connection.execute("SELECT count(*) FROM t").fetchall()
        more = interrupted_at(call, lambda: connection.execute("INSERT INTO t VALUES (-2)"))  # noqa: B023
        connection.execute("DELETE FROM t WHERE a = -2")
        goes_on(path, connection, call)
        connection.execute("DELETE FROM t WHERE a > 0")
        connection.close()
    assert call > 100


PLACES = [
    "aerodb_dbapi.storage.generations.Generations.prepare",
    "aerodb_dbapi.storage.generations.Generations.promote",
    "aerodb_dbapi.storage.commit.Committer._end_generation",
    "aerodb_dbapi.storage.wal.Log.append_end",
    "aerodb_dbapi.storage.wal.Log.sync",
    "aerodb_dbapi.storage.writing.Writing.page",
    "aerodb_dbapi.storage.header.write",
    "aerodb_dbapi.storage.writing.Writing.adopt",
    "aerodb_dbapi.storage.generations.Generations.remove_before",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("twice", [False, True])
def test_a_signal_while_a_checkpoint_changes_files(
    place: str, twice: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C waits until the change is over, or until what was begun is given up; once more, and it does not wait."""
    path = tmp_path / "a.db"
    connection = filled(path)
    module, _, name = place.rpartition(".")
    owner = importlib.import_module(module) if module.endswith("header") else _class(module)
    inner, sent = getattr(owner, name), []

    def interrupted(*arguments: Any) -> Any:
        for _ in range(1 + twice if not sent else 0):
            sent.append(threading.current_thread())
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        return inner(*arguments)

    monkeypatch.setattr(owner, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.execute("PRAGMA wal_checkpoint").fetchall()
    assert sent and threading.main_thread() not in sent
    monkeypatch.undo()
    goes_on(path, connection, 1)
    connection.close()


def _class(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def test_a_long_checkpoint_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While blocks are written nothing has changed yet: what is left of them is not written."""
    path = tmp_path / "a.db"
    connection = filled(path)
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO t SELECT hex(randomblob(40)) FROM n"
    )
    before = connection.execute("SELECT checkpoint_id FROM pragma_aerodb_store").fetchone()
    inner, pages = writing.Writing.page, []

    def page(self: Any, content: bytes) -> Any:
        pages.append(None)
        if len(pages) == 3:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        return inner(self, content)

    monkeypatch.setattr(writing.Writing, "page", page)
    with pytest.raises(KeyboardInterrupt):
        connection.execute("PRAGMA wal_checkpoint").fetchall()
    assert len(pages) < 20
    assert connection.execute("SELECT checkpoint_id FROM pragma_aerodb_store").fetchone() == before
    goes_on(path, connection, 1)
    connection.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an interruption within a finalizer
def test_an_interruption_at_every_call_of_triggers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a trigger's run leaves behind belongs to the statement that was interrupted, not to the next one."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript("""
        CREATE TABLE t(a); CREATE TABLE u(a); CREATE TABLE log(a);
        CREATE TRIGGER t_u AFTER INSERT ON t BEGIN
            INSERT INTO u VALUES (new.a); INSERT INTO log SELECT count(*) FROM u; SELECT 1;
        END;
        CREATE TRIGGER u_log AFTER INSERT ON u WHEN new.a > 0 BEGIN INSERT INTO log VALUES (new.a); END;
    """)
    session = connection._session
    ignored: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: ignored.append(told.exc_type))
    call, more = 0, True
    while more:
        call += 1
        more = interrupted_at(call, lambda: connection.execute("INSERT INTO t VALUES (1), (2)"))
        assert (session.running, session.depth) == ([], 0)
        assert connection.execute("SELECT count(*) FROM t").fetchone()[0] in (0, 2)
        connection.executescript("DELETE FROM t; DELETE FROM u; DELETE FROM log")
        connection.execute("INSERT INTO t VALUES (5)")
        assert connection.execute("SELECT a FROM log ORDER BY rowid").fetchall() == [(5,), (1,)]
        connection.executescript("DELETE FROM t; DELETE FROM u; DELETE FROM log")
    assert call > 50 and set(ignored) <= {KeyboardInterrupt}


def test_an_interruption_at_every_call_of_a_turn() -> None:
    connection = aerodb_dbapi.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE t(a)")
    code = (turns.__file__, str(Path(turns.__file__).with_name("cursor.py")))
    call, more = 0, True
    while more:
        call += 1
        more = interrupted_at(call, lambda: connection.execute("SELECT count(*) FROM t").fetchone(), code)
        in_time(lambda: connection.execute("SELECT count(*) FROM t").fetchall())
        assert connection._session.thread == turns.NOBODY
    assert call > 10
