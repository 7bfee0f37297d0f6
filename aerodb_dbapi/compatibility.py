"""What differs between the versions of Python whose `sqlite3` the driver stands for, in one place.

- 3.12: sequences for named placeholders, `version` and the default adapters and converters are deprecated.
- 3.13: keyword use of the methods that register callbacks, and positional use of all parameters of `connect` but the
  first, are deprecated; an unclosed connection that is collected gives a `ResourceWarning`.
- 3.14: sequences for named placeholders are refused, `version` is gone.

`keywords_deprecated` makes a method warn; before 3.13 it changes nothing.

>>> @keywords_deprecated("set_trace_callback", "trace_callback")
... def set_trace_callback(self, trace_callback):
...     return trace_callback
>>> set_trace_callback(None, 1)
1
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from aerodb_dbapi.storage.errors import ProgrammingError

PYTHON: Final = sys.version_info[:2]
CONNECT_DEPRECATED: Final = (
    "Passing more than 1 positional argument to {}() is deprecated. Parameters 'timeout', 'detect_types', "
    "'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become keyword-only "
    "parameters in Python 3.15."
)

_Method = TypeVar("_Method", bound=Callable[..., Any])


def keywords_deprecated(method: str, *names: str) -> Callable[[_Method], _Method]:
    """Warn when one of the parameters `names` is passed by keyword."""
    quoted = [f"'{name}'" for name in names]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    plural = "" if len(quoted) == 1 else "s"
    message = (
        f"Passing keyword argument{plural} {listed} to _sqlite3.Connection.{method}() is deprecated. "
        f"Parameter{plural} {listed} will become positional-only in Python 3.15."
    )

    def decorate(function: _Method) -> _Method:
        if PYTHON < (3, 13):
            return function

        @functools.wraps(function)
        def warning(self: Any, *values: Any, **options: Any) -> Any:
            if any(name in options for name in names):
                warnings.warn(message, DeprecationWarning, stacklevel=_outside())
            return function(self, *values, **options)

        return warning  # type: ignore[return-value]

    return decorate


def positional_deprecated(initialize: _Method) -> _Method:
    """`__init__` of a connection: all arguments but the first are to be passed by keyword."""
    if PYTHON < (3, 13):
        return initialize

    @functools.wraps(initialize)
    def warning(self: Any, *values: Any, **options: Any) -> None:
        if len(values) > 1:
            warnings.warn(CONNECT_DEPRECATED.format("_sqlite3.Connection"), DeprecationWarning, stacklevel=2)
        initialize(self, *values, **options)

    return warning  # type: ignore[return-value]


def warn_default(kind: str) -> None:
    """The default adapters and converters are deprecated since 3.12. The warning points at the caller's own code."""
    if PYTHON < (3, 12):
        return
    warnings.warn(
        f"The default {kind} is deprecated as of Python 3.12; see the sqlite3 documentation for suggested replacement "
        "recipes",
        DeprecationWarning,
        stacklevel=_outside(),
    )


def warn_named(position: int, name: str) -> None:
    """A sequence was given for a statement with named placeholders. ProgrammingError from 3.14 on."""
    if PYTHON < (3, 12):
        return
    told = f"Binding {position} ('{name}') is a named parameter, but you supplied a sequence which requires "
    if PYTHON >= (3, 14):
        raise ProgrammingError(f"{told}nameless (qmark) placeholders.")
    warnings.warn(
        f"{told}nameless (qmark) placeholders. Starting with Python 3.14 an sqlite3.ProgrammingError will be raised.",
        DeprecationWarning,
        stacklevel=_outside(),
    )


def _outside() -> int:
    """The stack level, for a function that warns, of the first frame outside of the driver."""
    frame: Any = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "aerodb_dbapi":
        frame = frame.f_back
        level += 1
    return level


def deprecated_name(module: str, name: str, values: Mapping[str, Any]) -> Any:
    """A name of a module that only some versions of Python have, and those with a warning. For `__getattr__` of the module."""
    if name == "OptimizedUnicode" and PYTHON < (3, 12):
        message = (
            "OptimizedUnicode is deprecated and will be removed in Python 3.12. Since Python 3.3 it has simply been an "
            "alias for 'str'."
        )
        warnings.warn(message, DeprecationWarning, stacklevel=3)
        return str
    if name in values and (3, 12) <= PYTHON < (3, 14):
        message = f"{name} is deprecated and will be removed in Python 3.14"
        warnings.warn(message, DeprecationWarning, stacklevel=3)
        return values[name]
    raise AttributeError(f"module '{module}' has no attribute '{name}'")


def enable_shared_cache(enable: bool) -> None:
    """Deprecated and without effect, as there are no page caches; Python 3.11 has it."""
    message = (
        "enable_shared_cache is deprecated and will be removed in Python 3.12. Shared cache is strongly discouraged by "
        "the SQLite 3 documentation. If shared cache must be used, open the database in URI mode using"
        "the cache=shared query parameter."
    )
    warnings.warn(message, DeprecationWarning, stacklevel=2)
