"""PRAGMAs of the connection: settings that change what statements do, and those that are remembered and do nothing.

    ============================  ============================================================================
    query_only                    statements that write fail: ``attempt to write a readonly database``
    ignore_check_constraints      rows are not tested by CHECK
    case_sensitive_like           LIKE tells upper from lower case; it is a function of the connection from then on
    remembered                    what SQLite's pager, cache or code generator would do otherwise: read back as set
    ============================  ============================================================================

Statements are compiled for what is set, so a change gives the connection plans of its own (`Session.own_plans`), and statements of
other connections pay nothing.

Example: after ``PRAGMA query_only = 1`` an INSERT fails and ``PRAGMA query_only`` gives 1.

What it does not do: PRAGMAs of the store (`pragma_store`) and of the schema (`pragma`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.storage.values import as_text

Rows = list[tuple[Any, ...]]
Handler = Callable[[Any, int | None], Rows | None]

FLAGS: Final = {
    "automatic_index": 1, "cell_size_check": 0, "checkpoint_fullfsync": 0, "fullfsync": 0, "reverse_unordered_selects": 0,
    "trusted_schema": 1, "writable_schema": 0,
}  # fmt: skip
"""Settings that are on or off, with their defaults; setting one gives no row."""

NUMBERS: Final = {
    "analysis_limit": 0, "hard_heap_limit": 0, "journal_size_limit": -1, "max_page_count": 4294967294, "soft_heap_limit": 0,
    "threads": 0,
}  # fmt: skip
"""Settings that are numbers; setting one gives it back."""


_PAGE_IN_CACHE: Final = 4096 + 136


def as_setting(value: str) -> int:
    """The number that a setting's text stands for: leading digits or 0x…, on/yes/true 1, anything else 0."""
    return 1 if value.lower() in ("on", "yes", "true") else as_integer(value)


def as_integer(value: str) -> int:
    """The number at the beginning of a text, 0 if there is none; beyond 64 bits the last one within."""
    found = _INTEGER.match(value)
    if found is None:
        return 0
    number = int(found[1][:_DIGITS_MAX], 16) if found[1] else int(found[2][:_DIGITS_MAX])
    return max(-(1 << 63), min(number, (1 << 63) - 1))


_DIGITS_MAX: Final = 40  # more than 64 bits have; `int` refuses thousands
_INTEGER: Final = re.compile(r"\+?0[xX]([0-9a-fA-F]+)|([-+]?[0-9]+)")


def flag(name: str) -> Handler:
    """A remembered setting that is on or off."""

    def handler(session: Any, value: int | None) -> Rows:
        if value is not None:
            session.settings[name] = int(value != 0)
        return [(session.settings.get(name, FLAGS[name]),)]

    return handler


def number(name: str) -> Handler:
    """A remembered setting that is a number; a negative one changes nothing but where it is a default."""

    def handler(session: Any, value: int | None) -> Rows:
        if value is not None and (value >= 0 or NUMBERS[name] < 0):
            session.settings[name] = value
        return [(session.settings.get(name, NUMBERS[name]),)]

    return handler


def temp_store(session: Any, value: str | None) -> Rows:
    """Where temp is kept: remembered, for it is always in memory."""
    if value is not None:
        word = value.lower()
        session.settings["temp_store"] = {"file": 1, "memory": 2, "1": 1, "2": 2}.get(word, 0)
    return [(session.settings.get("temp_store", 0),)]


def cache_spill(session: Any, value: int | None) -> Rows:
    """From how many dirty pages on SQLite would write some of them early: remembered, 0 if off."""
    if value is not None:
        session.settings["cache_spill"] = value
    spill = session.settings.get("cache_spill", 1)
    sizes = (spill, session.settings.get("cache_size", -2000))
    return [(max(n if n >= 0 else -n * 1024 // _PAGE_IN_CACHE for n in sizes) if spill else 0,)]


def secure_delete(session: Any, value: str | None) -> Rows:
    """Whether SQLite would write zeros over what is deleted: remembered as 0, 1, or 2 for FAST."""
    if value is not None:
        session.settings["secure_delete"] = 2 if value.lower() == "fast" else int(as_setting(value) != 0)
    return [(session.settings.get("secure_delete", 0),)]


def query_only(session: Any, value: int | None) -> Rows:
    """Whether statements that write are refused."""
    if value is not None and bool(value) is not bool(session.settings.get("query_only")):
        session.settings["query_only"] = bool(value)
        session.own_plans()
    return [(int(bool(session.settings.get("query_only"))),)]


def ignore_check_constraints(session: Any, value: int | None) -> Rows:
    """Whether CHECK constraints are left out."""
    if value is not None:
        session.settings["ignore_check_constraints"] = int(value != 0)
        session.own_plans()
    return [(session.settings.get("ignore_check_constraints", 0),)]


def case_sensitive_like(session: Any, value: int | None) -> None:
    """Whether LIKE tells upper from lower case."""
    for count in (2, 3) if value is not None else ():
        session.register_scalar("like", count, _like if value else None, deterministic=True)


def _like(pattern: Any, value: Any, escape: Any = "") -> int | None:
    if pattern is None or value is None or escape is None:
        return None
    if isinstance(pattern, bytes) or isinstance(value, bytes):
        return 0
    return int(_expression(as_text(pattern), as_text(escape)).fullmatch(as_text(value)) is not None)


@lru_cache(maxsize=64)
def _expression(pattern: str, escape: str) -> re.Pattern[str]:
    parts = []
    characters = iter(pattern)
    for character in characters:
        if escape and character == escape:
            parts.append(re.escape(next(characters, "")))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.DOTALL)
