"""Numbers and their texts: how SQLite reads a number out of text.

Reading
    Three questions are asked of a text, each with its own rule (`sqlite3AtoF` and `sqlite3Atoi64` of SQLite 3.40):

    =====================  ==========================================  ====================================
    question               asked by                                    '12abc'   ' 1e3 '   '.5'   '9' * 20
    =====================  ==========================================  ====================================
    `well_formed_number`   affinity, comparison                        None      1000.0    0.5    1e20
    `to_number`            arithmetic, sum(), abs()                    12        1000.0    0.5    1e20
    `to_integer`           CAST AS INTEGER, bit operators, substr()    12        1         0      2**63 - 1
    =====================  ==========================================  ====================================

    White space is SQLite's six characters (space, and tab to carriage return); digits are ASCII. Hexadecimal is not
    read. Blobs are read as the text their bytes spell.

What it does not do
    SQLite 3.40 scales by powers of ten in extended arithmetic, and may err by one unit in the last place for texts with
    many digits; here every text is read as the nearest double. Printing, where it shows, follows SQLite (`reals`).

Keeps INV-Q4 (with `values`, `arithmetic` and `collations`).
"""

from __future__ import annotations

import re
from typing import Any, Final

INTEGER_MAX: Final = 9223372036854775807
INTEGER_MIN: Final = -9223372036854775808
TWO_63: Final = 9223372036854775808.0
# Reals in this range that are whole become integers in CAST AS NUMERIC and in integer-looking text.
WHOLE_LIMIT: Final = 2251799813685248

_SPACE: Final = r"[ \t-\r]*"
_WELL_FORMED: Final = re.compile(
    rf"{_SPACE}[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?{_SPACE}", re.ASCII
).fullmatch
_PREFIX: Final = re.compile(rf"{_SPACE}[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?", re.ASCII).match
_INTEGER_PREFIX: Final = re.compile(rf"{_SPACE}([+-]?[0-9]+)", re.ASCII).match
_LONG: Final = 4000  # below Python's limit on the digits of int(text)


def _whole(text: str) -> int:
    """The integer that `text` (sign and digits, white space around) spells; if very long, only its magnitude is
    right."""
    if len(text) <= _LONG:
        return int(text)
    text = text.strip(" \t\n\v\f\r")
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits) if digits and len(digits) <= _LONG else (2**70 if digits else 0)
    return -size if text[0] == "-" else size


def well_formed_number(text: str) -> int | float | None:
    """The number that the whole of `text` spells: int if it has neither point nor exponent and fits, else float."""
    if len(text) < 19 and text.isdecimal() and text.isascii():
        return int(text)
    match = _WELL_FORMED(text)
    if match is None:
        return None
    if match.lastindex is None:
        value = _whole(text)
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return value
    return float(text)


def to_number(text: str | bytes) -> int | float:
    """The number that `text` begins with, 0 if none: what arithmetic makes of text and blobs."""
    if type(text) is bytes:
        text = text.decode("latin-1")
    if len(text) < 19 and text.isdecimal() and text.isascii():  # type: ignore[union-attr]
        return int(text)
    match = _PREFIX(text)  # type: ignore[arg-type]
    if match is None:
        return 0
    if match.lastindex is None:
        value = _whole(match[0])
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return value
    return float(match[0])


def to_integer(value: Any) -> int:
    """Any value as a 64-bit integer: reals truncate and clamp, text and blobs give their integer prefix, NULL is 0."""
    kind = type(value)
    if kind is int:
        return value
    if kind is float:
        if value >= TWO_63:
            return INTEGER_MAX
        return int(value) if value > -TWO_63 else INTEGER_MIN
    if value is None:
        return 0
    if kind is bytes:
        value = value.decode("latin-1")
    match = _INTEGER_PREFIX(value)
    if match is None:
        return 0
    number = _whole(match[1])
    return number if INTEGER_MIN <= number <= INTEGER_MAX else INTEGER_MAX if number > 0 else INTEGER_MIN


def to_real(value: Any) -> float:
    """Any value as a float; text and blobs give their numeric prefix (a lone minus is -0.0), NULL 0.0."""
    kind = type(value)
    if kind is float:
        return value
    if kind is int:
        return float(value)
    if value is None:
        return 0.0
    if kind is bytes:
        value = value.decode("latin-1")
    match = _PREFIX(value)
    if match is None:
        return -0.0 if value.lstrip(" \t\n\v\f\r")[:1] == "-" else 0.0
    return float(match[0])


def numeric(value: Any) -> Any:
    """Text and blobs as numbers (`to_number`); NULL and numbers as they are."""
    kind = type(value)
    return to_number(value) if kind is str or kind is bytes else value


def whole_or_real(value: float) -> int | float:
    """A real as the integer it equals, if it equals one that is neither of the two extremes; else itself."""
    if -TWO_63 < value < TWO_63:
        whole = int(value)
        if whole == value:
            return whole
    return value
