"""What a value becomes when it is fetched: `text_factory` makes of text what it likes, converters are given bytes.

>>> as_factory_has_it("é", bytes)
b'\\xc3\\xa9'
>>> converted(7, int, str)
7
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aerodb_dbapi.adapters import converters
from aerodb_dbapi.storage import raw_text
from aerodb_dbapi.storage.values import as_text

PARSE_DECLTYPES = 1
PARSE_COLNAMES = 2


def converter_of(name: str, declared: str | None, detect_types: int) -> Callable[[bytes], Any] | None:
    """The converter of a column: by the name in brackets of its alias, or by its declared type; None if there is none."""
    if detect_types & PARSE_COLNAMES and "[" in name:
        found = converters.get(name[name.index("[") + 1 :].split("]", 1)[0].upper())
        if found is not None:
            return found
    if detect_types & PARSE_DECLTYPES and declared:
        return converters.get(declared.split("(", 1)[0].split(" ", 1)[0].upper())
    return None


def as_factory_has_it(value: Any, text_factory: Any) -> Any:
    """A value with what `text_factory` makes of text."""
    return text_factory(raw_text.bytes_of(value)) if value.__class__ is str and text_factory is not str else value


def converted(value: Any, own: Callable[[bytes], Any] | None, text_factory: Any) -> Any:
    """A value with what its column's converter makes of it, if it has one."""
    if value is None:
        return None
    if own is not None:
        if value == b"":  # sqlite3 takes an empty BLOB for NULL here
            return None
        return own(value if isinstance(value, bytes) else _bytes_of(value))
    return as_factory_has_it(value, text_factory)


def _bytes_of(value: Any) -> bytes:
    return raw_text.bytes_of(value if isinstance(value, str) else as_text(value))
