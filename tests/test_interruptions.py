"""Ctrl-C, at any place: KeyboardInterrupt is raised at each call that a statement makes in the engine. Afterwards the connection and others
go on, nobody waits for a leader who has left, and a commit is there or not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.storage import commit

ENGINE = tuple(str(Path(commit.__file__).parent.parent / room) for room in ("storage", "executor", "indexes"))


def interrupted_at(call: int, work: Callable[[], object]) -> bool:
    """Run with an interruption at the n-th call, or behind the n-th call of C, in the engine; whether there are so many."""
    left = call

    def look(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(ENGINE):
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
