"""Cursors whose `__init__` was not called, and numbers that C would not hold: errors of `sqlite3` that Python's own would not be.

`Cursor.__new__(Cursor)` gives an object without attributes. The methods meet an AttributeError and ask `refuse_bare`; nothing is asked
before, for the interpreter does not specialise the reading of attributes where a class has `__getattr__`. A subclass with an `__init__`
of its own, which may leave that of `Cursor` out, has one all the same: `missing`.

>>> import aerodb_dbapi
>>> aerodb_dbapi.Cursor.__new__(aerodb_dbapi.Cursor).fetchall()
Traceback (most recent call last):
aerodb_dbapi.ProgrammingError: Base Cursor.__init__ not called.
"""

from __future__ import annotations

from typing import Any

from aerodb_dbapi.storage.errors import ProgrammingError


def bare() -> ProgrammingError:
    """The error of a cursor whose `__init__` was not called."""
    return ProgrammingError("Base Cursor.__init__ not called.")


def refuse_bare(cursor: Any) -> None:
    """Raise ProgrammingError if `__init__` was not called."""
    if not hasattr(cursor, "_session"):
        raise bare() from None


def missing(cursor: Any, name: str) -> Any:
    """`__getattr__` of subclasses: asked only for what is missing, and without `Cursor.__init__` everything is."""
    if any(name in getattr(kind, "__slots__", ()) for kind in type(cursor).__mro__):
        raise bare()
    raise AttributeError(f"'{type(cursor).__name__}' object has no attribute '{name}'")


def c_int(number: int, kind: str) -> int:
    """A number that C holds as an `int` or a `long`. Raises OverflowError for another."""
    if not -(2**63) <= number < 2**63 or (kind == "int" and not -(2**31) <= number < 2**31):
        raise OverflowError(f"Python int too large to convert to C {kind}")
    return number
