"""printf() and format(): SQLite's own formatting language.

A conversion is ``%[flags][width][.precision][l|ll]letter``; width and precision may be ``*``, taken from the arguments.

    flags     ``-`` left-justify, ``+`` and space sign, ``0`` pad with zeros, ``#`` alternate form, ``,`` thousands,
              ``!`` characters instead of bytes in text, more digits and a lasting point in reals
    letters   d i u  x X o  p  r (1st, 2nd)  f e E g G  s z  c  q Q w (quotes doubled)  n (nothing)  %

Missing arguments are 0, 0.0 or NULL. Widths and precisions of text count bytes unless ``!``, so work is done on bytes;
a character cut in two becomes U+FFFD. An unknown letter ends the result there. NULL comes of a format that produced
nothing.

Example: ``sql_printf('%05.1f|%,d|%Q', 3.14159, 1234567, "it's") == "003.1|1,234,567|'it''s'"``.

Formats are parsed once (`parse`, cached). The digits of reals are made by `storage.reals`. Keeps INV-Q4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.storage.errors import DataError
from aerodb_dbapi.storage.raw_text import bytes_of, text_of
from aerodb_dbapi.storage.values import as_text, format_real, to_integer, to_real

_LENGTH_MAX: Final = 1_000_000_000
_SPEC: Final = re.compile(rb"([-+ #!0,]*)(\*|[1-9][0-9]{0,99})?(\.(\*|[0-9]{0,99}))?(l{0,2})(.?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Conversion:
    """One conversion. Width and precision are -1 for `*`; precision None is absent."""

    flags: bytes
    width: int
    precision: int | None
    letter: bytes


@lru_cache(512)
def parse(text: bytes) -> tuple[bytes | Conversion, ...]:
    """The pieces of a format: literal bytes and conversions."""
    pieces: list[bytes | Conversion] = []
    i = 0
    while i < len(text):
        at = text.find(b"%", i)
        if at < 0:
            at = len(text)
        if at > i:
            pieces.append(text[i:at])
        if at == len(text):
            break
        if at + 1 == len(text):
            pieces.append(b"%")
            break
        match = _SPEC.match(text, at + 1)
        assert match is not None
        pieces.append(_conversion(match))
        i = match.end()
    return tuple(pieces)


def _conversion(match: re.Match[bytes]) -> Conversion:
    flags, width, dot, precision, _, letter = match.groups()
    places = None if dot is None else -1 if precision == b"*" else int(precision or 0) & 0x7FFFFFFF
    return Conversion(flags, -1 if width == b"*" else int(width or 0) & 0x7FFFFFFF, places, letter)


def sql_printf(*arguments: Any) -> str | None:
    """printf(FORMAT, …) as SQL calls it."""
    if not arguments or arguments[0] is None:
        return None
    text = bytes_of(as_text(arguments[0]))
    if b"\0" in text:
        text = text[: text.index(b"\0")]
    rest = iter(arguments[1:])
    made = []
    size = 0
    for piece in parse(text):
        if type(piece) is not bytes:
            writer = _WRITERS.get(piece.letter)  # type: ignore[union-attr]
            if writer is None:
                break
            piece = _padded(piece, writer, rest)  # type: ignore[arg-type]
        made.append(piece)
        size += len(piece)
        if size > _LENGTH_MAX:
            raise DataError("string or blob too big", name="SQLITE_TOOBIG")
    return text_of(b"".join(made)) if made else None


@dataclass(slots=True)
class Field:
    """A conversion at work: `*` resolved, flags as booleans, its own arguments at hand."""

    letter: bytes
    arguments: Iterator[Any]
    width: int
    precision: int
    left: bool
    sign: str
    zeros: bool
    alternate: bool
    exact: bool
    thousands: bool

    def next(self) -> Any:
        """The next argument; None when there is none left."""
        return next(self.arguments, None)


Writer = Callable[[Field], bytes]


def _padded(conversion: Conversion, writer: Writer, arguments: Iterator[Any]) -> bytes:
    """A conversion's text in its width."""
    flags = conversion.flags
    left = b"-" in flags
    width = conversion.width
    if width < 0:
        width = _int32(next(arguments, None))
        left = left or width < 0
        width = abs(width) if width > -2147483648 else 0
    precision = -1 if conversion.precision is None else conversion.precision
    if conversion.precision == -1:
        precision = _int32(next(arguments, None))
        precision = abs(precision) if precision > -2147483648 else -1
    bounds = conversion.letter in b"szqQw"  # a text's precision is an upper bound
    if width > _LENGTH_MAX or (precision > _LENGTH_MAX and not bounds):
        raise DataError("string or blob too big", name="SQLITE_TOOBIG")
    sign = "" if not (b"+" in flags or b" " in flags) else "+" if flags.rfind(b"+") > flags.rfind(b" ") else " "
    field = Field(
        conversion.letter, arguments, width, precision, left, sign, b"0" in flags, b"#" in flags, b"!" in flags,
        b"," in flags,
    )  # fmt: skip
    text = writer(field)
    width = field.width
    return text.ljust(width) if left else text.rjust(width)


def _int32(value: Any) -> int:
    return ((to_integer(value) + 2147483648) & 0xFFFFFFFF) - 2147483648


# --- Integers ---------------------------------------------------------------------------------------------------------


def _decimal(field: Field) -> bytes:
    """%d %i %u, and %r with its ending."""
    value = to_integer(field.next())
    if field.letter == b"u":
        return _integer(field, str(value & 0xFFFFFFFFFFFFFFFF), "")
    digits = str(abs(value))
    if field.letter == b"r":
        field.thousands = False
        last = 0 if digits[-2:-1] == "1" or digits[-1] > "3" else int(digits[-1])
        digits += ("th", "st", "nd", "rd")[last]
    return _integer(field, digits, "-" if value < 0 else field.sign)


_RADIX: Final = {b"x": ("x", "0x"), b"X": ("X", "0X"), b"o": ("o", "0"), b"p": ("X", "0x")}


def _radix(field: Field) -> bytes:
    """%x %X %o %p: the 64 bits without a sign."""
    value = to_integer(field.next()) & 0xFFFFFFFFFFFFFFFF
    style, prefix = _RADIX[field.letter]
    field.thousands = False
    return _integer(field, format(value, style), prefix if field.alternate and value else "", signed=False)


def _integer(field: Field, digits: str, prefix: str, *, signed: bool = True) -> bytes:
    precision = field.precision
    if field.zeros:
        precision = max(precision, field.width - (1 if signed and prefix else 0))
    digits = digits.rjust(precision, "0")
    if field.thousands:
        first = (len(digits) - 1) % 3 + 1
        digits = ",".join([digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))])
    return (prefix + digits).encode()


# --- Reals ------------------------------------------------------------------------------------------------------------


def _real(field: Field) -> bytes:
    """%f %e %E %g %G"""
    value = to_real(field.next())
    style = field.letter.decode()
    if value - value != 0.0:
        return (("-" if value < 0 else field.sign) + "Inf").encode()
    precision = 6 if field.precision < 0 else field.precision
    text = format_real(
        value, precision, style.lower(), exact=field.exact, alternate=field.alternate, prefix=field.sign
    )  # fmt: skip
    if style.isupper():
        text = text.upper()
    if field.zeros and not field.left and len(text) < field.width:
        signed = text[0] in "+- "
        text = text[:signed] + text[signed:].rjust(field.width - signed, "0")
    return text.encode()


# --- Text -------------------------------------------------------------------------------------------------------------


def _argument_bytes(field: Field) -> bytes | None:
    value = field.next()
    if value is None:
        return None
    text = bytes_of(as_text(value))
    return text if b"\0" not in text else text[: text.index(b"\0")]


def _cut(field: Field, text: bytes) -> bytes:
    """The text's first `precision` bytes, or characters."""
    if field.precision < 0:
        return text
    return bytes_of(text_of(text)[: field.precision]) if field.exact else text[: field.precision]


def _widen(field: Field, text: bytes) -> bytes:
    """Let the width count characters, if so asked."""
    if field.exact:
        field.width += sum(byte & 0xC0 == 0x80 for byte in text)
    return text


def _text(field: Field) -> bytes:
    """%s %z"""
    return _widen(field, _cut(field, _argument_bytes(field) or b""))


def _character(field: Field) -> bytes:
    """%c: the first character, `precision` times."""
    text = _argument_bytes(field)
    one = bytes_of(text_of(text)[0]) if text else b"\0"
    times = max(field.precision, 1)
    field.exact = True
    if times > 1:
        padding = b" " * (field.width - times)
        field.width = 0
        return one * times + padding if field.left else padding + one * times
    return _widen(field, one)


_QUOTES: Final = {b"q": b"'", b"Q": b"'", b"w": b'"'}


def _quoted(field: Field) -> bytes:
    """%q %Q %w"""
    text = _argument_bytes(field)
    if text is None:
        return _widen(field, _cut(field, b"NULL" if field.letter == b"Q" else b"(NULL)"))
    mark = _QUOTES[field.letter]
    text = _cut(field, text).replace(mark, mark + mark)
    return _widen(field, b"'" + text + b"'" if field.letter == b"Q" else text)


def _percent(field: Field) -> bytes:
    return b"%"


def _nothing(field: Field) -> bytes:
    field.width = 0
    return b""


_WRITERS: Final[dict[bytes, Writer]] = {
    b"d": _decimal, b"i": _decimal, b"u": _decimal, b"r": _decimal, b"x": _radix, b"X": _radix, b"o": _radix,
    b"p": _radix, b"f": _real, b"e": _real, b"E": _real, b"g": _real, b"G": _real, b"s": _text, b"z": _text,
    b"c": _character, b"q": _quoted, b"Q": _quoted, b"w": _quoted, b"%": _percent, b"n": _nothing,
}  # fmt: skip
