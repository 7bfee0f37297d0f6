"""Text that is not UTF-8: SQLite does not look at the bytes of a text, so a file may hold any, and ``CAST(x'ff' AS TEXT)`` makes one.

In memory
    Such a text is a str in which each byte that is no part of UTF-8 is a lone surrogate, U+DC80 to U+DCFF (PEP 383, Python's
    ``surrogateescape``): `text_of` makes it of bytes, `bytes_of` gives the bytes back, all of them (INV-D5). So everything that works on
    text works on it, a byte being a character of its own. No other lone surrogate exists: parameters and SQL with one are refused.

In files
    UTF-8 too, in which such a character is three bytes, ED B2 80 to ED B3 BF (``surrogatepass``): `stored` and `read`, `pack` and
    `unpack`. Nothing is lost there, for every str has its own bytes; and their order is that of the code points, as an index needs.

Who asks
    Text is read and compared without looking, so ordinary databases pay nothing. The moment such a text is made or read for the first
    time in a process, `note` tells everybody who has to look from then on: cursors, which refuse to hand it out as str, as `sqlite3` does.

Example: ``text_of(b"caf\\xe9") == "caf\\udce9"``, ``bytes_of("caf\\udce9") == b"caf\\xe9"``, ``stored("\\udce9") == b"\\xed\\xb3\\xa9"``.

What it does not do: two halves of a character that `||` brings together stay two characters, until `whole` looks at them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgpack

_listeners: Final[list[Callable[[], None]]] = []
_met: list[bool] = []


def met() -> bool:
    """Whether this process has had such a text."""
    return bool(_met)


def note() -> None:
    """One was made or read."""
    if not _met:
        _met.append(True)
        for tell in _listeners:
            tell()


def when_met(tell: Callable[[], None]) -> None:
    """Call `tell` when the first one is met; at once, if it has been."""
    _listeners.append(tell)
    if _met:
        tell()


def text_of(data: bytes) -> str:
    """The text that bytes are."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        note()
        return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """The bytes that a text is made of."""
    return text.encode("utf-8", "surrogateescape")


def is_whole(text: str) -> bool:
    """Whether a text is UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def whole(text: str) -> str:
    """The text with halves of characters put together; others stay."""
    return text if is_whole(text) else bytes_of(text).decode("utf-8", "surrogateescape")


# --- In files ---------------------------------------------------------------------------------------------------------


def stored(text: str) -> bytes:
    """The form in files. UnicodeEncodeError: a surrogate that stands for no byte."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        bytes_of(text)
        return text.encode("utf-8", "surrogatepass")


def read(data: Any) -> str:
    """The text of its form in files, of which it is known that it is no UTF-8. UnicodeError: it is no such form either."""
    text = str(data, "utf-8", "surrogatepass")
    bytes_of(text)  # no other surrogates
    note()
    return text


def pack(packer: Callable[[Any], bytes], value: Any) -> bytes:
    """What a packer of msgpack makes of a value; with texts in their form in files."""
    try:
        return packer(value)
    except UnicodeEncodeError:
        _look_through(value)
        packed: bytes = msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass")
        return packed


def unpack(data: Any) -> Any:
    """The value of a packed form, arrays as tuples. ValueError and its kin: it is none."""
    try:
        return msgpack.unpackb(data, use_list=False, strict_map_key=False)
    except UnicodeDecodeError:
        value = msgpack.unpackb(data, use_list=False, strict_map_key=False, unicode_errors="surrogatepass")
        _look_through(value)
        note()
        return value


def _look_through(value: Any) -> None:
    """Raise UnicodeEncodeError for a surrogate that stands for no byte."""
    if type(value) is str:
        bytes_of(value)
    elif type(value) in (tuple, list):
        for item in value:
            _look_through(item)
