"""Collations as key functions: two texts compare under a collation as their keys compare in Python.

BINARY compares code points, which is the order of the UTF-8 bytes, so its key is the text itself and `COLLATIONS` holds
None for it: callers skip the call. NOCASE folds the 26 ASCII letters only. RTRIM ignores trailing spaces (U+0020 only).

Example: ``fold_case("STRASSE É") == "strasse É"``; 'a' = 'A ' under neither, since collations do not combine.

Applied to text only: other classes compare the same under every collation (INV-Q4, INV-Q5).

Collations of the application
    A comparison function becomes a key function too: `key_function(compare)` gives keys that ask it. While a statement of a
    connection that has some is compiled, `in_use` makes them known by name; `key_of` and `is_known` see both kinds.
    Equal keys have one hash for all, for the function alone knows what is equal: grouping by one compares every pair.

What it does not do: SQLite's NOCASE stops at a NUL character inside a text; here the whole text counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

KeyFunction = Callable[[str], str]

_FOLD: Final = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def fold_case(text: str) -> str:
    """NOCASE: ASCII letters lower-cased, all else kept."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def strip_spaces(text: str) -> str:
    """RTRIM: trailing spaces removed."""
    return text.rstrip(" ")


COLLATIONS: Final[dict[str, KeyFunction | None]] = {"BINARY": None, "NOCASE": fold_case, "RTRIM": strip_spaces}


def collation_key(name: str) -> KeyFunction | None:
    """The key function of a built-in collation by its upper-case name; None for BINARY. KeyError if there is no such
    one."""
    return COLLATIONS[name]


# --- Collations of the application --------------------------------------------------------------------------------------

_APPLICATION: Final[ContextVar[Mapping[str, Callable[[str], Any]] | None]] = ContextVar("collations", default=None)


class CollationKey:
    """A text that compares by a function of the application."""

    __slots__ = ("compare", "text")

    def __init__(self, compare: Callable[[str, str], int], text: str) -> None:
        self.compare = compare
        self.text = text

    def __eq__(self, other: Any) -> bool:
        return other.__class__ is CollationKey and self.compare(self.text, other.text) == 0

    def __hash__(self) -> int:
        return 0

    def __lt__(self, other: Any) -> Any:
        return self.compare(self.text, other.text) < 0 if other.__class__ is CollationKey else NotImplemented

    def __le__(self, other: Any) -> Any:
        return self.compare(self.text, other.text) <= 0 if other.__class__ is CollationKey else NotImplemented

    def __gt__(self, other: Any) -> Any:
        return self.compare(self.text, other.text) > 0 if other.__class__ is CollationKey else NotImplemented

    def __ge__(self, other: Any) -> Any:
        return self.compare(self.text, other.text) >= 0 if other.__class__ is CollationKey else NotImplemented


def key_function(compare: Callable[[str, str], int]) -> Callable[[str], CollationKey]:
    """The key function of a comparison function."""

    def key(text: str) -> CollationKey:
        return CollationKey(compare, text)

    return key


@contextmanager
def in_use(collations: Mapping[str, Callable[[str], Any]]) -> Iterator[None]:
    """Know these collations of the application, key functions by upper-case name, inside the block."""
    token = _APPLICATION.set(collations)
    try:
        yield
    finally:
        _APPLICATION.reset(token)


class _EveryName(dict[str, Callable[[str], Any]]):
    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        return True


@contextmanager
def any_collation() -> Iterator[None]:
    """Take every name for that of a collation inside the block, in which nothing is compared: for reading definitions."""
    with in_use(_EveryName()):
        yield


def is_application(name: str) -> bool:
    """Whether a name stands for a collation of the application."""
    return name.upper() in (_APPLICATION.get() or ())


def is_known(name: str) -> bool:
    """Whether there is a collation of this name."""
    return name.upper() in COLLATIONS or is_application(name)


def key_of(name: str) -> Callable[[str], Any] | None:
    """The key function of a collation of either kind; None for BINARY. KeyError if there is no such one."""
    application = _APPLICATION.get()
    if application is not None and name.upper() in application:
        return application[name.upper()]
    return COLLATIONS[name.upper()]
