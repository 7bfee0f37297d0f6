"""Dot commands about the shell itself: help, modes, settings, output, scripts, leaving."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import aerodb_dbapi
from aerodb_dbapi.planner.front import is_complete
from aerodb_dbapi.shell.formats import BOLD, MODE_ALIASES, MODES, OFF
from aerodb_dbapi.shell.output import default_pager
from aerodb_dbapi.shell.registry import COMMANDS, Leave, Misuse, command, find, one, switch, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aerodb_dbapi.shell.session import Session

_DEPTH_MAX = 20


_TOPICS = {
    "commands_schema": "What there is",
    "commands_history": "Time",
    "commands_files": "Files",
    "commands_plot": "Charts",
    "commands_settings": "The shell",
}


@command("help", "[COMMAND]", "this list, or more about a command")
def help_(session: Session, rest: str) -> None:
    """``.help``"""
    if rest:
        found = find(rest.lstrip("."))
        more = "".join(f"\n  {line}" for line in found.more.splitlines())
        session.say(f".{found.name} {found.usage}".rstrip() + f"\n  {found.help}{more}")
        return
    bold, off = (BOLD, OFF) if session.style.colours and session.file is None else ("", "")
    width = max(len(f".{found.name} {found.usage}") for found in COMMANDS.values())
    lines = []
    for module, topic in _TOPICS.items():
        lines.append(f"{bold}{topic}{off}")
        lines += [
            f"  {f'.{found.name} {found.usage}'.ljust(width)}  {found.help}"
            for found in COMMANDS.values()
            if found.run.__module__.rpartition(".")[2] == module
        ]
    lines.append("Everything else is SQL and ends with a semicolon. Ctrl-C interrupts, Ctrl-D leaves.")
    session.say("\n".join(lines))


@command("mode", "[MODE]", "how rows are written", "modes: " + ", ".join(MODES))
def mode(session: Session, rest: str) -> None:
    """``.mode json``"""
    if not rest:
        session.say(session.style.mode)
        return
    word = one(rest, f".mode {'|'.join(MODES)}").lower()
    word = MODE_ALIASES.get(word, word)
    if word not in MODES:
        raise Misuse(f"there is no mode {word}; there are {', '.join(MODES)}")
    session.style.mode = word


@command("expanded", "", "switch between table and line")
def expanded(session: Session, rest: str) -> None:
    """``.x``"""
    session.style.mode = "table" if session.style.mode == "line" else "line"
    session.note(f"mode {session.style.mode}")


@command("headers", "on|off", "names above the rows in modes list and tabs")
def headers(session: Session, rest: str) -> None:
    """``.headers on``"""
    session.style.headers = switch(rest, ".headers on|off")


@command("nullvalue", "TEXT", "what NULL is shown as")
def nullvalue(session: Session, rest: str) -> None:
    """``.nullvalue -``"""
    session.null = one(rest, ".nullvalue TEXT")


@command("separator", "TEXT", "what separates values in mode list")
def separator(session: Session, rest: str) -> None:
    """``.separator ;``"""
    session.style.separator = one(rest, ".separator TEXT").encode().decode("unicode_escape")


@command("timer", "on|off", "how long each statement took")
def timer(session: Session, rest: str) -> None:
    """``.timer on``"""
    session.timer = switch(rest, ".timer on|off")


@command("bail", "on|off", "does an error end a script?")
def bail(session: Session, rest: str) -> None:
    """``.bail off``"""
    session.bail = switch(rest, ".bail on|off")


@command("pager", "on|off|COMMAND", "page what is longer than the screen")
def pager(session: Session, rest: str) -> None:
    """``.pager off``"""
    if not rest:
        session.say(session.pager or "off")
    else:
        session.pager = default_pager() or "more" if rest == "on" else None if rest == "off" else rest


@command("show", "", "the settings")
def show(session: Session, rest: str) -> None:
    """``.show``"""
    style = session.style
    settings = [
        ("file", session.path), ("mode", style.mode), ("headers", _on(style.headers)), ("nullvalue", repr(session.null_in(style.mode))),
        ("separator", repr(style.separator)), ("timer", _on(session.timer)), ("bail", _on(session.bail)),
        ("pager", session.pager or "off"),
    ]  # fmt: skip
    session.say("\n".join(f"{name.rjust(9)}: {value}" for name, value in settings))


def _on(value: bool) -> str:
    return "on" if value else "off"


@command("output", "[FILE]", "results go into a file; without FILE back to the screen")
def output(session: Session, rest: str) -> None:
    """``.output rows.txt``"""
    session.redirect(one(rest, ".output [FILE]") if rest else None)


@command("once", "FILE", "the next result goes into a file")
def once(session: Session, rest: str) -> None:
    """``.once rows.txt``"""
    session.redirect(one(rest, ".once FILE"), once=True)


@command("print", "TEXT", "write a line")
def print_(session: Session, rest: str) -> None:
    """``.print done``"""
    session.say(" ".join(words(rest)))


@command("version", "", "the versions of AeroDB, SQLite's dialect and Python")
def version(session: Session, rest: str) -> None:
    """``.version``"""
    python = ".".join(map(str, sys.version_info[:3]))
    session.say(f"AeroDB {aerodb_dbapi.__version__} (SQLite {aerodb_dbapi.sqlite_version}, Python {python})")


@command("quit", "[CODE]", "leave; with an exit code")
def quit_(session: Session, rest: str) -> None:
    """``.quit``"""
    if rest and not rest.lstrip("-").isdigit():
        raise Misuse("usage: .quit [CODE]")
    raise Leave(int(rest or 0))


@command("read", "FILE", "run the statements and commands of a file")
def read(session: Session, rest: str) -> None:
    """``.read script.sql``"""
    path = one(rest, ".read FILE")
    if session.depth >= _DEPTH_MAX:
        raise Misuse(f"files read files, {_DEPTH_MAX} deep: {path}")
    session.depth += 1
    try:
        with open(path, encoding="utf-8") as file:
            if not run_lines(session, file, f"{path}:"):
                raise Misuse(f"{path} had errors")
    except UnicodeDecodeError as error:
        raise Misuse(f"{path} is not UTF-8: {error.reason}") from None
    finally:
        session.depth -= 1


def run_lines(session: Session, lines: Iterable[str], place: str = "line ") -> bool:
    """Run a script; False if something failed. With `.bail on` it ends there. Errors are told with `place` and the line."""
    went_well, before = True, session.place
    try:
        for number, piece in pieces(lines):
            session.place = f"{place}{number}: "
            if not session.run(piece):
                went_well = False
                if session.bail:
                    break
    finally:
        session.place = before
    return went_well


def pieces(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The dot commands and the statements of a script, one after the other, each with the number of its first line."""
    pending, first = "", 0
    for number, line in enumerate(lines, 1):
        if not pending:
            first = number
            if line.startswith("."):
                yield number, line
                continue
        pending += line
        if ";" in line and is_complete(pending):
            yield first, pending
            pending = ""
        elif not pending.strip():
            pending = ""
    if pending.strip():
        yield first, pending
