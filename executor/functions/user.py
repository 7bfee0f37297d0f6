"""Functions written by the application, made safe to call from a statement.

`scalar_call` and `aggregate_factory` wrap what the application gave so that
    - what it returns becomes a SQL value (`check_result`: subclasses stripped, buffers to bytes, NaN to NULL);
    - an exception becomes the error that `sqlite3` raises, with the original as its cause. An OverflowError (also that
      of an integer beyond 64 bits) is DataError "string or blob too big"; a MemoryError stays one; what a collation
      raises reaches the caller as it is;
    - an aggregate is made when its first row comes, and over no rows is NULL without being made at all.

Example: ``scalar_call(lambda x: 1 / x)(0)`` raises OperationalError "user-defined function raised exception".
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from aerodb_dbapi.storage.errors import DatabaseError, DataError, OperationalError
from aerodb_dbapi.storage.raw_text import met
from aerodb_dbapi.storage.values import check_result


class Tracebacks:
    """Whether what the application's callbacks raise is shown (`enable_callback_tracebacks`), for all connections."""

    enabled = False


def enable_callback_tracebacks(enable: bool, /) -> None:
    """Whether exceptions of callbacks, which statements swallow or replace, are given to `sys.unraisablehook`."""
    Tracebacks.enabled = bool(enable)


def report(callback: Any, error: BaseException) -> None:
    """Tell `sys.unraisablehook` what a callback raised, if the application wants that. The interpreter's own hook takes
    only what the interpreter made, so its text is written here."""
    if not Tracebacks.enabled:
        return
    if sys.unraisablehook is sys.__unraisablehook__:
        print(f"Exception ignored in: {callback!r}", file=sys.stderr)
        traceback.print_exception(error, file=sys.stderr)
        return
    told: Any = SimpleNamespace(
        exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=None, object=callback
    )
    sys.unraisablehook(told)


def scalar_call(call: Callable[..., Any]) -> Callable[..., Any]:
    """The application's scalar function as statements call it."""

    def user_function(*values: Any) -> Any:
        try:
            if met():
                _in_utf8(values)
            return check_result(call(*values))
        except Exception as error:
            report(call, error)
            raise _failure(error, "user-defined function raised exception") from error

    return user_function


def safe_comparison(compare: Callable[[str, str], Any]) -> Callable[[str, str], int]:
    """The application's collation as statements call it: an answer that is no int counts as equal. An exception ends the statement
    as it is."""

    def user_collation(a: str, b: str) -> int:
        answer = compare(a, b)
        return answer if isinstance(answer, int) else 0

    return user_collation


def _in_utf8(values: tuple[Any, ...]) -> None:
    """Raise UnicodeEncodeError for text that is not UTF-8: callbacks get none, as in `sqlite3`."""
    for value in values:
        if value.__class__ is str:
            value.encode()


def _failure(error: Exception, message: str) -> Exception:
    """The exception that stands for one raised by the application's code."""
    if isinstance(error, MemoryError):
        return MemoryError()
    if isinstance(error, OverflowError):
        return DataError("string or blob too big", name="SQLITE_TOOBIG")
    return OperationalError(message)


class UserAggregate:
    """One run of an application's aggregate class."""

    __slots__ = ("factory", "instance")

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory
        self.instance: Any = None

    def step(self, *values: Any) -> None:
        """Give it a row."""
        if self.instance is None:
            self.instance = self._call("__init__", self.factory)
        self._call("step", self._method("step"), *values)

    def finalize(self) -> Any:
        """Its result as a SQL value."""
        if self.instance is None:
            return None
        finalize = self._method("finalize")
        return self._call("finalize", lambda: check_result(finalize()))

    def _method(self, name: str) -> Callable[..., Any]:
        try:
            method: Callable[..., Any] = getattr(self.instance, name)
        except AttributeError as error:
            report(self.factory, error)
            raise OperationalError(f"user-defined aggregate's '{name}' method not defined") from error
        return method

    def _call(self, name: str, method: Callable[..., Any], *values: Any) -> Any:
        try:
            if met():
                _in_utf8(values)
            return method(*values)
        except Exception as error:
            report(self.factory, error)
            raise _failure(error, f"user-defined aggregate's '{name}' method raised error") from error


class UserWindow(UserAggregate):
    """One run of an application's window function: an aggregate that can also be asked before its end, and take rows back."""

    __slots__ = ()

    def inverse(self, *values: Any) -> None:
        """Take back the oldest row that it was given."""
        self._call("inverse", self._method("inverse"), *values)

    def value(self) -> Any:
        """Its present result as a SQL value; NULL if it was never given a row."""
        if self.instance is None:
            return None
        value = self._method("value")
        return self._call("value", lambda: check_result(value()))

    def close(self) -> None:
        """Tell it that the partition is over. What it answers is not looked at, nor is what it raises, as in SQLite."""
        with suppress(DatabaseError, MemoryError):
            self.finalize()


def window_factory(factory: Callable[[], Any]) -> Callable[[], UserWindow]:
    """What makes one `UserWindow` per partition or group."""

    def make() -> UserWindow:
        return UserWindow(factory)

    return make


def aggregate_factory(factory: Callable[[], Any]) -> Callable[[], UserAggregate]:
    """What makes one `UserAggregate` per group."""

    def make() -> UserAggregate:
        return UserAggregate(factory)

    return make
