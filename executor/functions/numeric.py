"""Numeric functions: abs, round, sign, scalar min and max, random, and the mathematical functions.

Rules
    `abs` and `round` take text by the number it begins with; the mathematical functions, `sign`, `ceil`, `floor` and
    `trunc` only text that is a number as a whole, and are NULL for anything else. Outside of a function's domain the
    result is NULL; beyond the range of a double it is an infinity, as in C. `ceil`, `floor` and `trunc` leave integers
    integers. log(X) and log10(X) are natural logarithms divided by ln 10, as in SQLite, so log10(1000) is
    2.9999999999999996.

Example: ``round_value(2.675, 2) == 2.68``; ``FUNCTIONS`` holds pow: pow(2, 0.5) = 1.4142135623730951, pow(0, -1) = Inf.

Keeps INV-Q4.
"""

from __future__ import annotations

import math
import os
import random as _random
from collections.abc import Callable
from typing import Any, Final

from aerodb_dbapi.executor.functions.define import scalar
from aerodb_dbapi.executor.functions.text import LENGTH_MAX, small_integer, too_big
from aerodb_dbapi.planner.functions import ScalarFunction
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    compare,
    round_real,
    to_integer,
    to_real,
    well_formed_number,
)


def absolute(value: Any) -> Any:
    """abs(X)"""
    if type(value) is int:
        if value == INTEGER_MIN:
            raise OperationalError("integer overflow")
        return abs(value)
    if value is None:
        return None
    number = to_real(value)
    return -number if number < 0 else number


def round_value(value: Any, digits: Any = 0) -> float | None:
    """round(X [, Y]): always a real."""
    if value is None or digits is None:
        return None
    places = min(max(small_integer(digits), 0), 30)
    return round_real(value if type(value) is float else to_real(value), places)


def numeric_type(value: Any) -> int | float | None:
    """The number that a value is, or that a text is as a whole; else None."""
    if type(value) is int or type(value) is float:
        return value
    return well_formed_number(value) if type(value) is str else None


def sign(value: Any) -> int | None:
    """sign(X): -1, 0 or 1."""
    number = numeric_type(value)
    return None if number is None else (number > 0) - (number < 0)


def least(*values: Any) -> Any:
    """min(X, Y, …): the lowest argument, the last of equal ones; NULL if one is NULL."""
    best = values[0]
    for value in values:
        if value is None:
            return None
        if best is not None and compare(best, value) >= 0:
            best = value
    return best


def greatest(*values: Any) -> Any:
    """max(X, Y, …): the highest argument, the first of equal ones; NULL if one is NULL."""
    best = values[0]
    for value in values:
        if value is None:
            return None
        if best is not None and compare(best, value) < 0:
            best = value
    return best


def random() -> int:
    """random(): any 64-bit integer but the lowest."""
    return max(_random.getrandbits(64) - 9223372036854775808, -INTEGER_MAX)


def random_blob(count: Any) -> bytes:
    """randomblob(N)"""
    size = max(to_integer(count), 1)
    if size > LENGTH_MAX:
        raise too_big()
    return os.urandom(size)


# --- Mathematics ------------------------------------------------------------------------------------------------------


def _result(value: float) -> float | None:
    return value if value == value else None


def _math(function: Callable[[float], float], overflow: Callable[[float], float | None] | None = None) -> Any:
    """A function of one real; `overflow` gives the result where Python raises OverflowError."""

    def of_one(value: Any) -> float | None:
        number = numeric_type(value)
        if number is None:
            return None
        try:
            return _result(function(float(number)))
        except ValueError:
            return None
        except OverflowError:
            return overflow(number) if overflow else None

    return of_one


def _math2(function: Callable[[float, float], float]) -> Any:
    """A function of two reals."""

    def of_two(left: Any, right: Any) -> float | None:
        a, b = numeric_type(left), numeric_type(right)
        if a is None or b is None:
            return None
        try:
            return _result(function(float(a), float(b)))
        except ValueError:
            return None

    return of_two


def _power(base: float, exponent: float) -> float:
    odd = exponent % 2 == 1 if exponent - exponent == 0 else False
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base == 0:
            return math.copysign(math.inf, base) if odd else math.inf
        raise


def _atanh(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) == 1 else math.atanh(value)


def _whole(function: Callable[[float], int]) -> Any:
    """ceil, floor, trunc: integers stay, reals stay reals."""

    def whole(value: Any) -> Any:
        number = numeric_type(value)
        if type(number) is not float or number - number != 0:
            return number
        return math.copysign(float(function(number)), number)

    return whole


def logarithm(value: Any, other: Any = None, *, scale: float = 1.0) -> float | None:
    """ln of a positive number, divided by `scale`."""
    number = numeric_type(value)
    return None if number is None or number <= 0 else math.log(number) / scale


def log(value: Any) -> float | None:
    """log(X), log10(X): base 10."""
    return logarithm(value, scale=2.302585092994046)


def log2(value: Any) -> float | None:
    """log2(X)"""
    return logarithm(value, scale=0.6931471805599453)


def log_base(base: Any, value: Any) -> float | None:
    """log(B, X): base B."""
    below = logarithm(base)
    number = to_real(value)
    if below is None or below <= 0 or number <= 0:
        return None
    return _result(math.log(number) / below)


def pi() -> float:
    """pi()"""
    return math.pi


def _infinity(value: float) -> float:
    return math.inf


def _signed_infinity(value: float) -> float:
    return math.copysign(math.inf, value)


def _one(name: str, function: Callable[[float], float], overflow: Any = None) -> tuple[ScalarFunction, ...]:
    return scalar(name, _math(function, overflow), 1)


FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    *scalar("abs", absolute, 1),
    *scalar("round", round_value, 1, 2),
    *scalar("sign", sign, 1),
    *scalar("min", least, -1),
    *scalar("max", greatest, -1),
    *scalar("random", random, 0, deterministic=False),
    *scalar("randomblob", random_blob, 1, deterministic=False),
    *scalar("ceil", _whole(math.ceil), 1),
    *scalar("ceiling", _whole(math.ceil), 1),
    *scalar("floor", _whole(math.floor), 1),
    *scalar("trunc", _whole(math.trunc), 1),
    *scalar("ln", logarithm, 1),
    *scalar("log", log, 1),
    *scalar("log", log_base, 2),
    *scalar("log10", log, 1),
    *scalar("log2", log2, 1),
    *scalar("pow", _math2(_power), 2),
    *scalar("power", _math2(_power), 2),
    *scalar("mod", _math2(math.fmod), 2),
    *scalar("atan2", _math2(math.atan2), 2),
    *scalar("pi", pi, 0),
    *_one("exp", math.exp, _infinity),
    *_one("sqrt", math.sqrt),
    *_one("sin", math.sin),
    *_one("cos", math.cos),
    *_one("tan", math.tan),
    *_one("asin", math.asin),
    *_one("acos", math.acos),
    *_one("atan", math.atan),
    *_one("sinh", math.sinh, _signed_infinity),
    *_one("cosh", math.cosh, _infinity),
    *_one("tanh", math.tanh),
    *_one("asinh", math.asinh),
    *_one("acosh", math.acosh),
    *_one("atanh", _atanh),
    *_one("degrees", lambda x: x * (180.0 / math.pi)),
    *_one("radians", lambda x: x * (math.pi / 180.0)),
)
