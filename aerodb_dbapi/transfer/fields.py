"""Values of files that know only text, or have types of their own: which column types they get, and what is refused.

Inference (for a table that is made)
    All values of a column are looked at, not the first few: INTEGER if all are whole numbers of 64 bits, REAL if all are numbers,
    else TEXT. Numbers are written as JSON writes them (or ``Inf``, ``-Inf``): ``007`` and ``+49`` stay text, so postal codes and telephone
    numbers survive. A column without any value is TEXT.

Conversion (for a table that is there)
    The column's affinity converts, as in any INSERT. Text in a column of INTEGER or REAL affinity must be a number, unless the import
    is *lenient*: then it is stored as text, as SQLite does. BLOB columns take ``X'0aff'``.

Example: the columns ``1, 2`` / ``1, 2.5`` / ``1, x`` / ``01, 2`` are INTEGER, REAL, TEXT, TEXT.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aerodb_dbapi.storage.errors import DataError
from aerodb_dbapi.storage.values import as_text

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_REAL: Final = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+|Inf)")
_NUMERIC: Final = re.compile(r"\s*[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|Inf)\s*")
_BLOB: Final = re.compile(r"[xX]'((?:[0-9a-fA-F]{2})*)'")
_INFINITIES: Final = {"Inf": math.inf, "+Inf": math.inf, "-Inf": -math.inf}
_ARTICLE: Final = {"INTEGER": "an INTEGER", "REAL": "a REAL"}


class Kinds:
    """What kinds of values a column of a file has, seen so far."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: set[str] = set()

    def add_texts(self, values: Iterable[str | None]) -> None:
        """Note the values of some rows of a file that knows only text."""
        if "TEXT" not in self.found:
            self.found.update(map(_kind_of_text, set(values)))
            self.found.discard("")

    def add_values(self, values: Iterable[Any]) -> None:
        """Note the values of some rows that have types."""
        self.found.update(_KIND_OF_TYPE.get(kind, "TEXT") for kind in set(map(type, values)))
        self.found.discard("")

    @property
    def text_type(self) -> str:
        """The type for a column of texts."""
        if "TEXT" in self.found or not self.found:
            return "TEXT"
        return "REAL" if "REAL" in self.found else "INTEGER"

    @property
    def value_type(self) -> str:
        """The type for a column of values; none where kinds are mixed, so that every value stays what it is."""
        if not self.found:
            return "TEXT"
        if self.found == {"INTEGER", "REAL"}:
            return "REAL"
        return next(iter(self.found)) if len(self.found) == 1 else ""


_KIND_OF_TYPE: Final[dict[type, str]] = {
    type(None): "", bool: "INTEGER", int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB"
}  # fmt: skip


def _kind_of_text(value: str | None) -> str:
    if value is None:
        return ""
    if _INTEGER.fullmatch(value):
        return "INTEGER" if len(value) < 19 or INT64_MIN <= int(value) <= INT64_MAX else "TEXT"
    return "REAL" if _REAL.fullmatch(value) else "TEXT"


def made(column: Sequence[Any], kind: str) -> Sequence[Any]:
    """The texts of a column that was inferred, as values of its type."""
    if kind == "INTEGER":
        return [None if value is None else int(value) for value in column]
    if kind == "REAL":
        return [None if value is None else float(value) for value in column]
    return column


def checked(column: Sequence[Any], affinity: str, lenient: bool) -> tuple[Sequence[Any], int, str]:
    """The values of a column for a table that is there, the place of the first one that is refused (-1: none), and why."""
    if affinity == "BLOB TYPE":
        return [_blob(value) for value in column], -1, ""
    if affinity == "REAL":
        column = [_INFINITIES.get(value, value) for value in column]
    if affinity in _ARTICLE and not lenient:
        for place, value in enumerate(column):
            if isinstance(value, str) and not _NUMERIC.fullmatch(value):
                return column, place, f"{value!r:.80} is not {_ARTICLE[affinity]}"
    return column, -1, ""


def _blob(value: Any) -> Any:
    matched = _BLOB.fullmatch(value) if isinstance(value, str) else None
    return value if matched is None else bytes.fromhex(matched[1])


def texts(column: Sequence[Any]) -> list[str | None]:
    """The values of a column as text; NULL stays None. A BLOB is ``X'0AFF'``."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return list(column)
    if kinds == {int}:
        return list(map(str, column))
    return [
        None if value is None else shown_blob(value) if isinstance(value, bytes) else as_text(value) for value in column
    ]


def shown_blob(value: bytes) -> str:
    """``X'0AFF'``."""
    return f"X'{value.hex().upper()}'"


def whole(value: int) -> int:
    """An integer that can be stored. Raises DataError."""
    if not INT64_MIN <= value <= INT64_MAX:
        raise DataError(f"{value} does not fit into 64 bits")
    return value
