"""Arithmetic on SQL values: + - * / %, bits, shifts, concatenation; the slow and complete form of every operator.

Rules (`OP_Add` and its neighbours in SQLite's vdbe.c)
    1. NULL with anything is NULL.
    2. Text and blobs count as the number they begin with (`numbers.to_number`).
    3. Two integers give an integer; when that does not fit in 64 bits, the operation is done again on reals.
    4. Anything else is done on reals; a result that is not a number is NULL. Division and remainder by zero are NULL.
    5. Integer division and remainder truncate toward zero. A remainder of reals is that of their integer parts, as a
    real. 6. Bits and shifts work on `numbers.to_integer` of both sides; a shift by a negative amount goes the other
    way.

Example: ``add("12abc", 1) == 13``; ``add(2**63 - 1, 1) == 9.223372036854775807e18``; ``divide(-7, 2) == -3``.

Each function looks first for two integers, then for a float, so that compiled statements may call it without a loss.
Minus is `0 - x`, hence ``negate(0.0)`` is 0.0; the literal -0.0 is the parser's matter. Keeps INV-Q4.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.storage.numbers import INTEGER_MAX, INTEGER_MIN, numeric, to_integer, to_real
from aerodb_dbapi.storage.raw_text import text_of
from aerodb_dbapi.storage.reals import real_to_text

NUMBERS: Final = frozenset({int, float})


def add(a: Any, b: Any) -> Any:
    """a + b"""
    if type(a) is int and type(b) is int:
        whole = a + b
        return whole if -9223372036854775808 <= whole <= 9223372036854775807 else float(a) + float(b)
    if a is None or b is None:
        return None
    if type(a) in NUMBERS and type(b) in NUMBERS:
        real = a + b
        return real if real == real else None
    x, y = numeric(a), numeric(b)
    return add(x, y) if type(x) is int and type(y) is int else add(to_real(a), to_real(b))


def subtract(a: Any, b: Any) -> Any:
    """a - b"""
    if type(a) is int and type(b) is int:
        whole = a - b
        return whole if -9223372036854775808 <= whole <= 9223372036854775807 else float(a) - float(b)
    if a is None or b is None:
        return None
    if type(a) in NUMBERS and type(b) in NUMBERS:
        real = a - b
        return real if real == real else None
    x, y = numeric(a), numeric(b)
    return subtract(x, y) if type(x) is int and type(y) is int else subtract(to_real(a), to_real(b))


def multiply(a: Any, b: Any) -> Any:
    """a * b"""
    if type(a) is int and type(b) is int:
        whole = a * b
        return whole if -9223372036854775808 <= whole <= 9223372036854775807 else float(a) * float(b)
    if a is None or b is None:
        return None
    if type(a) in NUMBERS and type(b) in NUMBERS:
        real = a * b
        return real if real == real else None
    x, y = numeric(a), numeric(b)
    return multiply(x, y) if type(x) is int and type(y) is int else multiply(to_real(a), to_real(b))


def divide(a: Any, b: Any) -> Any:
    """a / b"""
    if type(a) is int and type(b) is int:
        if b > 0:
            return a // b if a >= 0 else -(-a // b)
        if b == 0:
            return None
        whole = -(a // -b) if a >= 0 else -a // -b
        return whole if whole <= 9223372036854775807 else float(a) / float(b)
    if a is None or b is None:
        return None
    if type(a) not in NUMBERS or type(b) not in NUMBERS:
        x, y = numeric(a), numeric(b)
        return divide(x, y) if type(x) is int and type(y) is int else divide(to_real(a), to_real(b))
    if b == 0:
        return None
    quotient = float(a) / float(b)
    return quotient if quotient == quotient else None


def remainder(a: Any, b: Any) -> Any:
    """a % b, with the sign of a"""
    if type(a) is int and type(b) is int:
        if b == 0:
            return None
        return a % abs(b) if a >= 0 else -(-a % abs(b))
    if a is None or b is None:
        return None
    exact = type(numeric(a)) is int and type(numeric(b)) is int
    rest = remainder(to_integer(a), to_integer(b))
    return rest if exact or rest is None else float(rest)


def negate(a: Any) -> Any:
    """-a, as 0 - a"""
    if type(a) is int and a != -9223372036854775808:
        return -a
    if type(a) is float:
        return 0 - a
    return None if a is None else subtract(0, numeric(a))


def bit_and(a: Any, b: Any) -> Any:
    """a & b"""
    if type(a) is int and type(b) is int:
        return a & b
    return None if a is None or b is None else to_integer(a) & to_integer(b)


def bit_or(a: Any, b: Any) -> Any:
    """a | b"""
    if type(a) is int and type(b) is int:
        return a | b
    return None if a is None or b is None else to_integer(a) | to_integer(b)


def bit_not(a: Any) -> Any:
    """~a"""
    return None if a is None else ~to_integer(a)


def shift_left(a: Any, b: Any) -> Any:
    """a << b; bits beyond the 64th are lost"""
    if a is None or b is None:
        return None
    return _shift(to_integer(a), to_integer(b))


def shift_right(a: Any, b: Any) -> Any:
    """a >> b, keeping the sign"""
    if a is None or b is None:
        return None
    return _shift(to_integer(a), -to_integer(b))


def _shift(value: int, left: int) -> int:
    if left <= 0:
        return value >> min(-left, 64)
    if left >= 64:
        return 0
    shifted = (value << left) & 0xFFFFFFFFFFFFFFFF
    return shifted if shifted <= INTEGER_MAX else shifted + 2 * INTEGER_MIN


def concat(a: Any, b: Any) -> str | None:
    """a || b, always text"""
    if type(a) is str and type(b) is str:
        return a + b
    if a is None or b is None:
        return None
    return as_text(a) + as_text(b)


def as_text(value: Any) -> Any:
    """The text form of a value: numbers printed, blobs read as text (`raw_text`), NULL stays NULL."""
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is int:
        return str(value)
    return real_to_text(value) if kind is float else text_of(value)
