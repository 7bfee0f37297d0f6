"""Adapters (Python object → SQL value) and converters (stored bytes → Python object), as in `sqlite3`.

An adapter is looked up by ``(type, PrepareProtocol)``; an object may adapt itself by `__conform__`. A converter is looked up by
the upper-cased first word of a column's declared type (`PARSE_DECLTYPES`) or by the name in brackets of a column alias
(`PARSE_COLNAMES`) and is given bytes. Both tables are live module dictionaries. The defaults for `date` and `datetime` write
ISO 8601 text and read it back (https://docs.python.org/3/library/sqlite3.html, "Default adapters and converters").
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from aerodb_dbapi.compatibility import warn_default
from aerodb_dbapi.storage.errors import ProgrammingError


class PrepareProtocol:
    """The protocol under which parameters are adapted (PEP 246)."""


adapters: dict[tuple[type, type], Callable[[Any], Any]] = {}
converters: dict[str, Callable[[bytes], Any]] = {}
_MISSING = object()
_BASE_TYPES = frozenset((int, float, str, bytearray))
_base_type_listeners: list[Callable[[], None]] = []


def register_adapter(type_: type, adapter: Callable[[Any], Any], /) -> None:
    """Adapt objects of exactly `type_` with `adapter` when they are bound. Raises TypeError if `type_` is not a type."""
    if not isinstance(type_, type):
        raise TypeError(f"register_adapter() argument 1 must be type, not {type(type_).__name__}")
    adapters[(type_, PrepareProtocol)] = adapter
    if type_ in _BASE_TYPES:
        for tell in _base_type_listeners:
            tell()


def when_base_type_is_adapted(tell: Callable[[], None]) -> None:
    """Call `tell` when a type that parameters may be of as they are gets an adapter."""
    _base_type_listeners.append(tell)


def register_converter(typename: str, converter: Callable[[bytes], Any], /) -> None:
    """Convert values of columns declared with `typename` (any case)."""
    if not isinstance(typename, str):
        raise TypeError(f"register_converter() argument 1 must be str, not {type(typename).__name__}")
    converters[typename.upper()] = converter


def adapt(obj: Any, proto: type = PrepareProtocol, alt: Any = _MISSING, /) -> Any:
    """The adapted object; `alt` if there is no way and it was given, else ProgrammingError("can't adapt")."""
    adapter = adapters.get((type(obj), proto))
    if adapter is not None:
        return adapter(obj)
    for adapted in (_call_protocol(proto, "__adapt__", obj), _call_protocol(obj, "__conform__", proto)):
        if adapted is not None:
            return adapted
    if alt is not _MISSING:
        return alt
    raise ProgrammingError("can't adapt")


def _call_protocol(owner: Any, method: str, argument: Any) -> Any:
    """The result of a PEP 246 method, or None where there is none or it cannot."""
    call = getattr(owner, method, None)
    if call is None:
        return None
    try:
        return call(argument)
    except TypeError:
        return None


def _adapt_date(value: datetime.date) -> str:
    warn_default("date adapter")
    return value.isoformat()


def _adapt_datetime(value: datetime.datetime) -> str:
    warn_default("datetime adapter")
    return value.isoformat(" ")


def _convert_date(value: bytes) -> datetime.date:
    warn_default("date converter")
    return datetime.date(*map(int, value.split(b"-")))


def _convert_timestamp(value: bytes) -> datetime.datetime:
    warn_default("timestamp converter")
    day, time = value.split(b" ")
    clock = time.split(b".")
    microseconds = int(f"{clock[1].decode():0<6.6}") if len(clock) == 2 else 0
    return datetime.datetime(*map(int, day.split(b"-")), *map(int, clock[0].split(b":")), microseconds)  # type: ignore[arg-type,call-arg,unused-ignore]


register_adapter(datetime.date, _adapt_date)
register_adapter(datetime.datetime, _adapt_datetime)
register_converter("date", _convert_date)
register_converter("timestamp", _convert_timestamp)
