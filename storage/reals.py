"""Reals as text, digit for digit as SQLite 3.40's printf makes them.

Why an own algorithm
    SQLite prints a real by adding half a unit of the last place and cutting digits off, in x87 extended arithmetic (64
    bits of mantissa). Where a value lies on, or within about 1e-18 of, the middle between two texts, its answer is
    neither "half up" nor "half even", and queries show it: round(2.675, 2), printf('%.1f', 0.25). So `format_real` does
    the same steps with the same rounding, on pairs of integers.

Algorithm of `format_real` (value, precision, style)
    1. rounder = half a unit of the last place, as a double; for %f slightly more, so that 2.675 counts as a tie.
    2. For %f add it to the value. Scale to 1 <= x < 10 by powers of ten, counting the exponent. For %e and %g add it
    now. 3. Cut digits: d = int(x), x = (x - d) * 10; after 16 significant digits (26 with '!') only zeros.
    4. Lay out: %g chooses %e when the exponent is < -4 or > precision, and drops trailing zeros.

Numbers in extended arithmetic are pairs (m, e) meaning m * 2**e with m < 2**64, rounded half to even after each step.
Example: ``format_real(2.675, 2, 'f') == '2.68'``; ``format_real(1e15, 15, 'g', exact=True) == '1.0e+15'``.

`real_to_text` ('%!.15g', the text of every REAL) and `round_real` take Python's own correctly rounded conversion when
the value is clearly on one side, and come here only near the middle. Keeps INV-Q4.
"""

from __future__ import annotations

from typing import Final

Extended = tuple[int, int]

_HALVES: Final = (5.0e-01, 5.0e-02, 5.0e-03, 5.0e-04, 5.0e-05, 5.0e-06, 5.0e-07, 5.0e-08, 5.0e-09, 5.0e-10)
_PRECISION_MAX: Final = 100_000_000


def _rounded(m: int, e: int) -> Extended:
    """m * 2**e with the mantissa cut to 64 bits, half to even."""
    extra = m.bit_length() - 64
    if extra <= 0:
        return m, e
    half = 1 << (extra - 1)
    rest = m & ((1 << extra) - 1)
    m >>= extra
    if rest > half or (rest == half and m & 1):
        m += 1
    return m, e + extra


def _extended(value: float) -> Extended:
    top, bottom = value.as_integer_ratio()
    return top, 1 - bottom.bit_length()


def _multiply(a: Extended, b: Extended) -> Extended:
    return _rounded(a[0] * b[0], a[1] + b[1])


def _add(a: Extended, b: Extended) -> Extended:
    if a[1] < b[1]:
        a, b = b, a
    return _rounded((a[0] << (a[1] - b[1])) + b[0], b[1])


def _divide(a: Extended, b: Extended) -> Extended:
    shift = max(0, 66 + b[0].bit_length() - a[0].bit_length())
    quotient, rest = divmod(a[0] << shift, b[0])
    # the sticky bit stands for everything below
    return _rounded(quotient << 1 | (rest != 0), a[1] - b[1] - shift - 1)


def _at_least(a: Extended, b: Extended) -> bool:
    low = min(a[1], b[1])
    return a[0] << (a[1] - low) >= b[0] << (b[1] - low)


def _double(a: Extended) -> float:
    m, e = a
    return m * 2.0**e if e > -1000 and m.bit_length() <= 53 else (m << e if e >= 0 else m / (1 << -e))


_ONE: Final = (1, 0)
_TEN: Final = (10, 0)
_STEPS_DOWN: Final = ((_extended(1e100), 100), (_extended(1e10), 10), (_TEN, 1))
_TEN_8: Final = (10**8, 0)
_BELOW: Final = _extended(1e-8)
_TENTH: Final = _extended(0.1)
_SLACK: Final = _extended(3e-16)


def _normalized(x: Extended) -> tuple[Extended, int]:
    """x scaled to 1 <= x < 10, and the exponent taken out."""
    exponent = 0
    scale = _ONE
    for factor, digits in _STEPS_DOWN:
        while _at_least(x, larger := _multiply(factor, scale)) and exponent <= 350:
            scale = larger
            exponent += digits
    x = _divide(x, scale)
    while not _at_least(x, _BELOW):
        x = _multiply(x, _TEN_8)
        exponent -= 8
    while not _at_least(x, _ONE):
        x = _multiply(x, _TEN)
        exponent -= 1
    return x, exponent


def _rounder(value: float, precision: int, fixed: bool) -> float:
    """Half a unit of the last place asked for."""
    index = precision & 0xFFF
    rounder = _HALVES[index % 10]
    rounder *= 1.0
    for _ in range(index // 10):
        rounder *= 1.0e-10
    if fixed and value:
        exponent = int(value.hex().split("p")[1]) if value >= 2.2250738585072014e-308 else -1023
        # C divides toward zero
        if precision + int(exponent / 3) < 15:
            rounder = _double(_add(_extended(rounder), _multiply(_extended(value), _SLACK)))
    return rounder


def _digits(x: Extended, count: int, significant: int) -> str:
    """`count` decimal digits of x, 0 <= x < 10, of which the first `significant` are real."""
    made = []
    for _ in range(min(count, significant)):
        m, e = x
        digit = m >> -e if e < 0 else m << e
        made.append(digit)
        x = _multiply((m - (digit << -e), e), _TEN) if e < 0 else (0, 0)
    return "".join(map(str, made)).ljust(count, "0")


def format_real(
    value: float, precision: int, style: str, *, exact: bool = False, alternate: bool = False, prefix: str = ""
) -> str:
    """printf's %f, %e or %g (`style`) of a finite value; `exact` is the flag '!', `alternate` '#', `prefix` '+' or '
    '."""
    if style == "f" and precision < 16 and not (exact or alternate) and _clear(value, precision):
        text = f"{value + 0.0:.{precision}f}"
        return text if value < 0.0 else prefix + text
    if value < 0.0:
        value = -value
        prefix = "-"
    precision = min(precision, _PRECISION_MAX)
    if style == "g" and precision > 0:
        precision -= 1
    rounder = _rounder(value, precision, style == "f")
    x = _extended(value)
    if style == "f":
        x = _add(x, _extended(rounder))
    exponent = 0
    if x[0]:
        x, exponent = _normalized(x)
    if style != "f":
        x = _add(x, _extended(rounder))
        if _at_least(x, _TEN):
            x = _multiply(x, _TENTH)
            exponent += 1
    trim = exact
    if style == "g":
        trim = not alternate
        style = "e" if exponent < -4 or exponent > precision else "f"
        if style == "f":
            precision -= exponent
    before = 0 if style == "e" else exponent
    text = prefix + _layout(x, before, precision, 26 if exact else 16, alternate or exact, trim, exact)
    return text if style == "f" else f"{text}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _layout(x: Extended, before: int, precision: int, significant: int, point: bool, trim: bool, keep: bool) -> str:
    """The digits with their point. `before` is the exponent of the first digit; `keep` leaves one zero after the
    point."""
    whole = max(before + 1, 0)
    leading = min(max(-before - 1, 0), precision)
    digits = _digits(x, whole + precision - leading, significant)
    text = digits[:whole] or "0"
    if precision > 0 or point:
        text = f"{text}.{'0' * leading}{digits[whole:]}"
        if trim:
            text = text.rstrip("0")
            if text[-1] == ".":
                text = text + "0" if keep else text[:-1]
    return text


_TENS: Final = tuple(10.0**i for i in range(16))


def _clear(value: float, digits: int) -> bool:
    """Is the value so far from the middle between two texts of this many decimals that every method rounds it alike?"""
    scaled = abs(value) * _TENS[digits]
    return scaled < 1e14 and abs(scaled - int(scaled) - 0.5) > 1e-9 + scaled * 2e-15


def real_to_text(value: float) -> str:
    """SQLite's text of a real: 1.0, 0.1, 1.0e+100, 1.23456789012346e+17, Inf, -Inf; -0.0 gives 0.0."""
    text = f"{value:.15g}"
    if text[-1] == "f":
        return "Inf" if value > 0 else "-Inf"
    if value == 0.0:
        return "0.0"
    if float(text) != value:
        tail = int(f"{value:.20e}".split("e")[0][-6:])
        if 490000 < tail < 510000 or not -1e99 < value < 1e99:
            return format_real(value, 15, "g", exact=True)
    if "." in text:
        return text
    if "e" in text:
        digits, exponent = text.split("e")
        return f"{digits}.0e{exponent}"
    return text + ".0"


def round_real(value: float, digits: int) -> float:
    """round(value, digits) for 0 <= digits <= 30, as SQLite does it: printed and read again."""
    if not -4503599627370496.0 <= value <= 4503599627370496.0:
        return value
    if digits == 0:
        return float(int(value + (0.5 if value >= 0 else -0.5)))
    if digits < 16 and _clear(value, digits):
        return round(value, digits) or 0.0 if value == 0.0 else round(value, digits)
    return float(format_real(value, digits, "f"))
