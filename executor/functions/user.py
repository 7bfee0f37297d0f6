"""Functions written by the application, made safe to call from a statement.

`scalar_call` and `aggregate_factory` wrap what the application gave so that
    - what it returns becomes a SQL value (`check_result`: subclasses stripped, buffers to bytes, NaN to NULL);
    - an exception becomes the error that `sqlite3` raises, with the original as its cause. An OverflowError (also that
    of an
      integer beyond 64 bits) is DataError "string or blob too big"; a MemoryError stays one;
    - an aggregate is made when its first row comes, and over no rows is NULL without being made at all.

Example: ``scalar_call(lambda x: 1 / x)(0)`` raises OperationalError "user-defined function raised exception".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aerodb_dbapi.storage.errors import DataError, OperationalError
from aerodb_dbapi.storage.values import check_result


def scalar_call(call: Callable[..., Any]) -> Callable[..., Any]:
    """The application's scalar function as statements call it."""

    def user_function(*values: Any) -> Any:
        try:
            return check_result(call(*values))
        except Exception as error:
            raise _failure(error, "user-defined function raised exception") from error

    return user_function


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
        method = getattr(self.instance, name, None)
        if method is None:
            raise OperationalError(f"user-defined aggregate's '{name}' method not defined")
        return method

    def _call(self, name: str, method: Callable[..., Any], *values: Any) -> Any:
        try:
            return method(*values)
        except Exception as error:
            raise _failure(error, f"user-defined aggregate's '{name}' method raised error") from error


def aggregate_factory(factory: Callable[[], Any]) -> Callable[[], UserAggregate]:
    """What makes one `UserAggregate` per group."""

    def make() -> UserAggregate:
        return UserAggregate(factory)

    return make
