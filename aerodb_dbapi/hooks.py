"""Callbacks of the application, made safe for the engine: trace, progress, authorizer.

What a callback raises never reaches the statement as it is: it is shown if `enable_callback_tracebacks` asks for it, and then a trace goes
on, a progress handler stops the statement, an authorizer denies.

`expanded` is the text that a trace callback gets: the statement with its parameters replaced by literals.

>>> expanded("INSERT INTO t VALUES (?, :b)", [None, ":b"], (1, "it's"))
"INSERT INTO t VALUES (1, 'it''s')"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from aerodb_dbapi.executor.functions.user import report
from aerodb_dbapi.planner.lexer import PARAMETER, tokenize
from aerodb_dbapi.storage.errors import DataError, OperationalError
from aerodb_dbapi.storage.values import as_text

DENY: Final = 1
ANSWERS: Final = frozenset((0, 1, 2))
CHECK_INSTRUCTIONS: Final = 1000
"""How many of SQLite's virtual machine instructions one check of a running statement (once per 256 rows) stands for."""


def progress_of(handler: Callable[[], Any], n: int) -> Callable[[], bool]:
    """What a session calls at each check; True where the statement is to stop."""
    pending = n

    def progress() -> bool:
        nonlocal pending
        pending += CHECK_INSTRUCTIONS
        if pending < n:
            return False
        pending = 0
        try:
            return bool(handler())
        except Exception as error:
            report(handler, error)
            return True

    return progress


def authorizer_of(callback: Callable[..., Any]) -> Callable[..., int]:
    """What a session asks: answers 0, 1 or 2."""

    def ask(*question: Any) -> int:
        try:
            answer = callback(*question)
        except Exception as error:
            report(callback, error)
            return DENY
        if not isinstance(answer, int) or not -(1 << 31) <= answer < 1 << 31:
            return DENY
        if answer not in ANSWERS:
            raise OperationalError("authorizer malfunction")
        return answer

    return ask


def trace(
    callback: Callable[[str], Any], sql: str, slots: Sequence[str | None], values: Sequence[Any], most: int
) -> None:
    """Tell a trace callback of a statement; without its values where the text would be longer than `most`."""
    try:
        text = expanded(sql, slots, values) if slots else sql
        if len(text) > most:
            text = sql
            raise DataError("Expanded SQL string exceeds the maximum string length")
    except DataError as error:
        report(callback, error)
    try:
        callback(text)
    except Exception as error:
        report(callback, error)


def expanded(sql: str, slots: Sequence[str | None], values: Sequence[Any]) -> str:
    """The text with literals for its parameters."""
    places = {name: i for i, name in enumerate(slots) if name is not None}
    parts, at, unnamed = [], 0, 0
    for kind, text, start, end in tokenize(sql):
        if kind != PARAMETER:
            continue
        if text == "?":
            place, unnamed = unnamed, unnamed + 1
        else:
            place = int(text[1:]) - 1 if text[0] == "?" else places[text]
            unnamed = max(unnamed, place + 1)
        parts += [sql[at:start], literal(values[place])]
        at = end
    return "".join(parts) + sql[at:]


def literal(value: Any) -> str:
    """A SQL literal of a value."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"x'{bytes(value).hex()}'"
    return as_text(value)
