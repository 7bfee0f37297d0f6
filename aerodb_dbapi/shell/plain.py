"""Lines from a terminal by `input()`: what is there without prompt_toolkit. With readline, history and Tab for names.

`loop` reads pieces, one statement or one dot command at a time, and gives them to the session.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aerodb_dbapi.planner.front import is_blank, is_complete
from aerodb_dbapi.shell.completion import candidates
from aerodb_dbapi.shell.session import Session

_CONTINUED = "   ...> "


def prompt_of(session: Session) -> str:
    """The prompt: the file, ``*`` in a transaction, ``@n`` as of a commit."""
    name = "memory" if session.path == ":memory:" else os.path.basename(session.path)
    at = f" @{session.view.commit_id}" if session.view is not None else ""
    return f"{name}{'*' if session.connection.in_transaction else ''}{at}> "


def state_folder() -> Path:
    """Where the user's programs keep their state (XDG base directories)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "aerodb"


def loop(session: Session) -> None:
    """Read and run until the end of the input; `Leave` comes from .quit."""
    with_history(session, lambda: _read(session))


def _read(session: Session) -> None:
    pending = ""
    while True:
        try:
            line = input(_CONTINUED if pending else prompt_of(session))
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            pending = ""
            continue
        if not pending and is_blank(line):
            continue
        pending = f"{pending}{line}\n"
        if pending.startswith(".") or is_complete(pending):
            attempt(session, pending)
            pending = ""


def attempt(session: Session, text: str) -> bool:
    """Run a piece of input; Ctrl-C ends it and not the shell."""
    try:
        return session.run(text)
    except KeyboardInterrupt:
        session.messages.write("\ninterrupted\n")
        return False


def with_history(session: Session, run: Callable[[], None]) -> None:
    """Run with readline's history and completion, where there is readline."""
    try:
        import readline
    except ImportError:
        run()
        return
    path = state_folder() / "readline_history"
    _load(readline, path)
    found: list[str] = []

    def complete(text: str, number: int) -> str | None:
        if number == 0:
            start = readline.get_line_buffer()[: readline.get_endidx()]
            word, names = candidates(session, start)
            found[:] = [text[: len(text) - len(word)] + name for name, _ in names]
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n,()=<>+-*/|;")
    readline.parse_and_bind("tab: complete")
    try:
        run()
    finally:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
        except OSError:
            pass  # a shell without history is still a shell


def _load(readline: Any, path: Path) -> None:
    try:
        readline.read_history_file(path)
    except OSError:
        pass
