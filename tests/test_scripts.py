"""Play every golden script in every world: memory, file, reopened after each block, tiny nodes, rules off, and sqlite3 itself.

The same text must print the same everywhere (INV-Q1, INV-R4, INV-F4); `sqlite3` is the oracle for all but the scripts that
say `#! aerodb` in their first line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import golden
import pytest

import aerodb_dbapi
from aerodb_dbapi.planner.rules import RULE_NAMES
from aerodb_dbapi.storage.nodes import capacities

SCRIPTS = sorted((Path(__file__).parent / "scripts").rglob("*.sql"))


def is_ours_alone(path: Path) -> bool:
    return path.read_text().startswith("#! aerodb")


def opener(database: str) -> Callable[[str], Any]:
    return lambda session: aerodb_dbapi.connect(database, isolation_level=None, check_same_thread=False, timeout=0.2)


def shared_memory(pragma: str = "") -> Callable[[str], Any]:
    """Sessions of one script see one database in memory: each is a further connection on the first one's."""
    made: list[Any] = []

    def connect(session: str) -> Any:
        connection = aerodb_dbapi.connect(":memory:", isolation_level=None, check_same_thread=False)
        if made:
            connection._session.close()
            connection._session = type(made[0]._session)(made[0]._session.database, timeout=0.2)
        made.append(connection)
        connection.execute(pragma)
        return connection

    return connect


def reopen(path: Path) -> Callable[[dict[str, Any]], None]:
    """Close every connection after a block, unless a transaction is open somewhere; recovery then rebuilds the state."""

    def between(connections: dict[str, Any]) -> None:
        if any(connection.in_transaction for connection in connections.values()):
            return
        for session, connection in list(connections.items()):
            connection.close()
            del connections[session]
        for session in list(connections):
            connections[session] = opener(str(path))(session)

    return between


def world(name: str, tmp_path: Path) -> golden.World:
    if name == "sqlite3":
        path = tmp_path / "mirror.sqlite"

        def connect(session: str) -> Any:
            connection = sqlite3.connect(path, isolation_level=None, timeout=0)
            connection.execute("PRAGMA journal_mode = wal")
            return connection

        return golden.World(name, connect, error=sqlite3.Error, skip_tags=frozenset({"plan", "source", "log"}))
    if name in ("file", "reopened"):
        path = tmp_path / "app.db"
        between = reopen(path) if name == "reopened" else (lambda connections: None)
        return golden.World(name, opener(str(path)), between, aerodb_dbapi.Error)
    quiet = frozenset({"plan", "source"}) if name in ("rules off", "tiny nodes") else frozenset()
    pragma = (
        f"PRAGMA aerodb_disabled_rules = '{' '.join(sorted(RULE_NAMES))} parameter_lists'"
        if name == "rules off"
        else ""
    )
    return golden.World(name, shared_memory(pragma), error=aerodb_dbapi.Error, skip_tags=quiet)


WORLDS = ["memory", "file", "reopened", "tiny nodes", "rules off", "sqlite3"]


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_script(path: Path, name: str, tmp_path: Path) -> None:
    if name == "sqlite3" and is_ours_alone(path):
        return
    with capacities(4, 4) if name == "tiny nodes" else nullcontext():
        golden.run(path, world(name, tmp_path))


def test_a_wrong_recording_is_noticed(tmp_path: Path) -> None:
    script = tmp_path / "wrong.sql"
    script.write_text("a> SELECT 1\n---\n2\n")
    with pytest.raises(AssertionError, match="wrong"):
        golden.run(script, world("memory", tmp_path))
