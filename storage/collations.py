"""Collations as key functions: two texts compare under a collation as their keys compare in Python.

BINARY compares code points, which is the order of the UTF-8 bytes, so its key is the text itself and `COLLATIONS` holds
None for it: callers skip the call. NOCASE folds the 26 ASCII letters only. RTRIM ignores trailing spaces (U+0020 only).

Example: ``fold_case("STRASSE É") == "strasse É"``; 'a' = 'A ' under neither, since collations do not combine.

Applied to text only: other classes compare the same under every collation (INV-Q4, INV-Q5).
What it does not do: SQLite's NOCASE stops at a NUL character inside a text; here the whole text counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

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
