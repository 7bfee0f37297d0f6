"""The dot commands by name. A command is a function of the session and of the text behind its name.

Example::

    @command("tables", "[PATTERN]", "tables and views")
    def tables(session, rest): ...
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session


class Misuse(Exception):
    """A command cannot do that; the text is for the user."""


class Leave(Exception):
    """The user wants to go; `code` is the exit code."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class Command(NamedTuple):
    """A dot command. `more` are lines for its own help."""

    name: str
    usage: str
    help: str
    run: Callable[[Session, str], None]
    more: str


COMMANDS: dict[str, Command] = {}
ALIASES = {"exit": "quit", "q": "quit", "h": "help", "?": "help", "indices": "indexes", "x": "expanded"}


Function = Callable[["Session", str], None]


def command(name: str, usage: str, help: str, more: str = "") -> Callable[[Function], Function]:
    """Register a function as a dot command."""

    def register(function: Function) -> Function:
        COMMANDS[name] = Command(name, usage, help, function, more)
        return function

    return register


def find(word: str) -> Command:
    """A command by its name, an alias, or a beginning that is no other's. Raises Misuse."""
    name = ALIASES.get(word, word)
    if name in COMMANDS:
        return COMMANDS[name]
    near = [known for known in sorted(COMMANDS) if known.startswith(name)] if name else []
    if len(near) == 1:
        return COMMANDS[near[0]]
    more = f"it may be .{', .'.join(near)}" if near else ".help lists them"
    raise Misuse(f"unknown command .{word}: {more}")


def words(rest: str) -> list[str]:
    """Arguments, quoted as in a shell. Raises Misuse."""
    try:
        return shlex.split(rest)
    except ValueError as error:
        raise Misuse(f"{error}: {rest}") from None


def one(rest: str, usage: str) -> str:
    """The only argument. Raises Misuse."""
    found = words(rest)
    if len(found) != 1:
        raise Misuse(f"usage: {usage}")
    return found[0]


def switch(rest: str, usage: str) -> bool:
    """``on`` or ``off``. Raises Misuse."""
    word = one(rest, usage).lower()
    if word not in ("on", "off", "yes", "no", "1", "0"):
        raise Misuse(f"usage: {usage}")
    return word in ("on", "yes", "1")
