"""Golden scripts: plain text files of SQL by several named sessions, each command followed by what it must print.

Format (after toydb's goldenscript)::

    # A comment. `#! aerodb` in the first line: not SQLite's SQL, so not run against sqlite3.
    a> INSERT INTO t VALUES (1), (2)
    b> SELECT * FROM t
    ---
    a: 2 changed
    b: (no rows)

``[waits]`` says that the command must wait for another session: it prints ``(waits)``, and what it gives when the session that it waits
for lets it go on, behind what that one's command prints.

A block is command lines up to ``---``, then the recorded output up to an empty line. A command is ``SESSION> SQL`` (a line that
begins with two blanks continues it). Tags in brackets before the SQL print more: ``[names]`` column names, ``[plan]`` the
query plan, ``[analyze]`` what EXPLAIN ANALYZE counts (loops, visited, rows) instead of the rows, ``[source]`` the generated
function, ``[log]`` the log frames of the file so far.

`run` plays a script in one *world*: a way to open connections, and what is done between blocks. With AERODB_UPDATE=1 the
file is rewritten with what the plain world prints.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = re.compile(r"^(\w+)> ?((?:\[\w+\] ?)*)(.*)$")
PATIENCE = 30.0  # seconds for a command that waits
UPDATE = os.environ.get("AERODB_UPDATE") == "1"


@dataclass
class Block:
    """Commands as (session, tags, sql), and the lines that must come out."""

    source: list[str]
    commands: list[tuple[str, list[str], str]]
    expected: list[str]


@dataclass
class World:
    """How a script is played. `connect(session)` opens a connection; `between(connections)` runs after each block."""

    name: str
    connect: Callable[[str], Any]
    between: Callable[[dict[str, Any]], None] = lambda connections: None
    error: type[Exception] = Exception
    skip_tags: frozenset[str] = frozenset()
    log_text: Callable[[], list[str]] | None = None
    close: Callable[[], None] = field(default=lambda: None)


def parse(text: str) -> Iterator[Block | str]:
    """The blocks of a script; lines outside blocks (comments, empty ones) come as they are."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith("#"):
            yield line
            at += 1
            continue
        start = at
        while at < len(lines) and lines[at] != "---":
            at += 1
        source = lines[start:at]
        end = at + 1
        while end < len(lines) and lines[end]:
            end += 1
        yield Block(source, list(_commands(source)), lines[at + 1 : end])
        at = end


def _commands(lines: list[str]) -> Iterator[tuple[str, list[str], str]]:
    joined: list[str] = []
    for line in lines:
        if line.startswith("  ") and joined:
            joined[-1] += "\n" + line
        elif not line.startswith("#"):
            joined.append(line)
    for command in joined:
        head, _, rest = command.partition("\n")
        found = COMMAND.match(head)
        assert found, f"not a command: {head!r}"
        yield found[1], re.findall(r"\[(\w+)\]", found[2]), found[3] + ("\n" + rest if rest else "")


def shown(value: Any) -> str:
    """A value as the scripts print it: its class can be told."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return repr(value)


def output(connection: Any, tags: list[str], sql: str, world: World) -> Iterator[str]:
    """What one command prints."""
    try:
        if "plan" in tags and "plan" not in world.skip_tags:
            for _, _, _, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}"):
                yield f"plan {detail}"
        if "analyze" in tags:
            for row in connection.execute(f"EXPLAIN ANALYZE {sql}").fetchall():
                if "plan" not in world.skip_tags:
                    yield "plan " + " | ".join(map(str, row[3:7]))
            return
        if "source" in tags and "source" not in world.skip_tags:
            for row in connection.execute(f"EXPLAIN {sql}"):
                yield f"  {row[-1]}"
        if "log" in tags and world.log_text is not None and "log" not in world.skip_tags:
            yield from world.log_text()
        cursor = connection.execute(sql)
        if cursor.description is None:
            yield f"{cursor.rowcount} changed" if cursor.rowcount >= 0 else "ok"
            return
        if "names" in tags:
            yield ", ".join(column[0] for column in cursor.description)
        rows = cursor.fetchall()
        for row in rows:
            yield " | ".join(map(shown, row))
        if not rows:
            yield "(no rows)"
    except world.error as error:
        yield f"{type(error).__name__}: {error}"


@dataclass
class Waiting:
    """A command that waits."""

    thread: threading.Thread
    lines: list[str]
    holder: Any

    def is_through(self) -> bool:
        """Whether the wait is over; the command then comes to its end."""
        if self.holder.waiting is not None and self.thread.is_alive():
            return False
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return True


def start_waiting(connection: Any, tags: list[str], sql: str, world: World) -> Waiting:
    """Run a command in a thread until it waits."""
    lines: list[str] = []
    session = connection._session
    before, session.timeout = session.timeout, PATIENCE

    def work() -> None:
        lines.extend(output(connection, tags, sql, world))
        session.timeout = before

    made = Waiting(threading.Thread(target=work), lines, session.holder)
    made.thread.start()
    deadline = time.monotonic() + PATIENCE
    while made.holder.waiting is None and time.monotonic() < deadline:
        assert made.thread.is_alive(), f"{sql} does not wait: {lines}"
        time.sleep(0.001)
    return made


def gone_on(waiting: dict[str, Waiting]) -> Iterator[str]:
    """What commands print that waited until now."""
    while through := [session for session, one in sorted(waiting.items()) if one.is_through()]:
        for session in through:
            yield from [f"{session}: {line}" for line in waiting.pop(session).lines]


def run(path: Path, world: World) -> None:
    """Play a script in a world and compare each block with what is recorded."""
    written: list[str] = []
    connections: dict[str, Any] = {}
    waiting: dict[str, Waiting] = {}
    try:
        for part in parse(path.read_text()):
            if isinstance(part, str):
                written.append(part)
                continue
            several = len({session for session, _, _ in part.commands}) > 1
            got: list[str] = []
            expected = part.expected
            for session, tags, sql in part.commands:
                if session not in connections:
                    connections[session] = world.connect(session)
                if "waits" in tags:
                    waiting[session] = start_waiting(connections[session], tags, sql, world)
                    lines = ["(waits)"]
                else:
                    lines = list(output(connections[session], tags, sql, world))
                got += [f"{session}: {line}" for line in lines] if several else lines
                got += gone_on(waiting)
            if world.skip_tags:
                expected = [line for line in expected if not re.match(r"(\w+: )?(plan |  )", line)]
            if UPDATE and world.name == "memory":
                written += [*part.source, "---", *got]
            else:
                assert got == expected, f"{path.name} in world {world.name}, at:\n" + "\n".join(part.source)
            if not waiting:
                world.between(connections)
    finally:
        for connection in connections.values():
            connection.close()
        world.close()
    if UPDATE and world.name == "memory":
        path.write_text("\n".join(written))
