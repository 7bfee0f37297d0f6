"""SQL values: storage classes, affinity, comparison and order, CAST, truth; and what may be bound to a parameter.

A value is None, int (64 bits), float (never NaN), str (with lone surrogates only for bytes that are not
UTF-8, `raw_text`) or bytes (INV-D5). These are exactly
SQLite's NULL, INTEGER, REAL, TEXT and BLOB, so a row read is a row returned, with no conversion. Classes are tested
with ``type(v) is int``: subclasses are stripped once, by `check_parameter`, when a value enters.

Affinity (https://www.sqlite.org/datatype3.html)
    *Storage* (`apply_affinity`): TEXT prints numbers; NUMERIC and INTEGER turn well-formed number text into numbers and
    whole reals into integers; REAL does the same and then makes every number a float; BLOB does nothing.
    *Comparison* (`affinity_function(name, comparison=True)`): TEXT prints numbers; all numeric affinities turn
    well-formed number text into numbers and touch nothing else.

    ==========  =========  =======  ==========  =======
    value       TEXT       INTEGER  REAL        BLOB
    ==========  =========  =======  ==========  =======
    ' 1e3 '     ' 1e3 '    1000     1000.0      ' 1e3 '
    2.0         '2.0'      2        2.0         2.0
    '0x1'       '0x1'      '0x1'    '0x1'       '0x1'
    ==========  =========  =======  ==========  =======

Order (INV-Q4, INV-Q5)
    NULL, then numbers by value across int and float, then text by collation, then blobs. `RANK` numbers the classes, so
    that ``(RANK[type(v)], key)`` tuples sort in Python as the values do in SQLite; `sort_key` makes one.

The other halves of the subject are in `numbers` (numbers in text), `reals` (their text), `arithmetic` (operators) and
`collations`; everything is exported here, and other rooms import it from here.
"""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any, Final

from aerodb_dbapi.storage.arithmetic import (
    add,
    as_text,
    bit_and,
    bit_not,
    bit_or,
    concat,
    divide,
    multiply,
    negate,
    remainder,
    shift_left,
    shift_right,
    subtract,
)
from aerodb_dbapi.storage.collations import COLLATIONS, CollationKey, collation_key, fold_case, strip_spaces
from aerodb_dbapi.storage.errors import ProgrammingError
from aerodb_dbapi.storage.numbers import (
    INTEGER_MAX,
    INTEGER_MIN,
    TWO_63,
    WHOLE_LIMIT,
    numeric,
    to_integer,
    to_number,
    to_real,
    well_formed_number,
    whole_or_real,
)
from aerodb_dbapi.storage.raw_text import bytes_of
from aerodb_dbapi.storage.reals import format_real, real_to_text, round_real

__all__ = [
    "CLASS_NAMES", "COLLATIONS", "INTEGER_MAX", "INTEGER_MIN", "RANK", "TWO_63", "add", "affinity_function",
    "affinity_of_type", "apply_affinity", "as_text", "bit_and", "bit_not", "bit_or", "cast", "cast_function",
    "check_parameter", "check_result", "collation_key", "compare", "concat", "divide", "fold_case", "format_real",
    "multiply", "negate", "numeric", "real_to_text", "remainder", "round_real", "shift_left", "shift_right", "sort_key",
    "strip_spaces", "subtract", "to_integer", "to_number", "to_real", "truth", "well_formed_number", "whole_or_real",
]  # fmt: skip

Conversion = Callable[[Any], Any]

RANK: Final[dict[type, int]] = {NoneType: 0, int: 1, float: 1, str: 2, bytes: 3, CollationKey: 2}
CLASS_NAMES: Final[dict[type, str]] = {NoneType: "null", int: "integer", float: "real", str: "text", bytes: "blob"}


# --- Affinity ---------------------------------------------------------------------------------------------------------


def affinity_of_type(declared: str) -> str:
    """The affinity that a declared type gives, by SQLite's rules on the letters in it: 'VARCHAR(10)' → 'TEXT'; '' →
    'BLOB'."""
    name = declared.upper()
    if not name:
        return "BLOB"
    if "INT" in name:
        return "INTEGER"
    if "CHAR" in name or "CLOB" in name or "TEXT" in name:
        return "TEXT"
    if "BLOB" in name:
        return "BLOB"
    return "REAL" if "REAL" in name or "FLOA" in name or "DOUB" in name else "NUMERIC"


def _store_text(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value
    if kind is int:
        return str(value)
    return real_to_text(value) if kind is float else value


def _store_numeric(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return value
    if kind is str:
        number = well_formed_number(value)
        if number is None:
            return value
        return whole_or_real(number) if type(number) is float else number
    return whole_or_real(value) if kind is float else value


def _store_real(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return value or 0.0
    if kind is int:
        return float(value)
    if kind is str:
        number = well_formed_number(value)
        return value if number is None else float(number) or 0.0
    return value


def _compare_numeric(value: Any) -> Any:
    if type(value) is str:
        number = well_formed_number(value)
        return value if number is None else number
    return value


_STORAGE: Final[dict[str | None, Conversion | None]] = {
    None: None, "BLOB": None, "TEXT": _store_text, "NUMERIC": _store_numeric, "INTEGER": _store_numeric, "REAL":
    _store_real,
}  # fmt: skip
_COMPARISON: Final[dict[str | None, Conversion | None]] = {
    None: None, "BLOB": None, "TEXT": _store_text, "NUMERIC": _compare_numeric, "INTEGER": _compare_numeric,
    "REAL": _compare_numeric,
}  # fmt: skip


def affinity_function(affinity: str | None, comparison: bool = False) -> Conversion | None:
    """What applies an affinity to a value, in storing or in comparing; None where nothing needs to be done."""
    return (_COMPARISON if comparison else _STORAGE)[affinity]


def apply_affinity(value: Any, affinity: str | None) -> Any:
    """The value as a column of this affinity stores it."""
    convert = _STORAGE[affinity]
    return value if convert is None else convert(value)


# --- CAST -------------------------------------------------------------------------------------------------------------


def _cast_integer(value: Any) -> Any:
    return None if value is None else to_integer(value)


def _cast_real(value: Any) -> Any:
    return None if value is None else to_real(value)


def _cast_numeric(value: Any) -> Any:
    kind = type(value)
    if kind is not str and kind is not bytes:
        return value
    number = to_number(value)
    if type(number) is float and -WHOLE_LIMIT <= number < WHOLE_LIMIT and number == int(number):
        return int(number)
    return number


def _cast_blob(value: Any) -> Any:
    return value if value is None or type(value) is bytes else bytes_of(as_text(value))


_CASTS: Final[dict[str, Conversion]] = {
    "INTEGER": _cast_integer, "REAL": _cast_real, "NUMERIC": _cast_numeric, "TEXT": as_text, "BLOB": _cast_blob,
}  # fmt: skip


def cast(value: Any, affinity: str) -> Any:
    """CAST(value AS …), the type given as its affinity."""
    return _CASTS[affinity](value)


def cast_function(affinity: str) -> Conversion:
    """The function of one value that `cast` to this affinity calls."""
    return _CASTS[affinity]


# --- Order and truth --------------------------------------------------------------------------------------------------


def compare(a: Any, b: Any, collation: str = "BINARY") -> int:
    """-1, 0 or 1 as a comes before, with or after b; NULL is equal to NULL and before all else."""
    left = RANK[type(a)]
    right = RANK[type(b)]
    if left != right:
        return -1 if left < right else 1
    if left == 2 and collation != "BINARY":
        key = COLLATIONS[collation]
        if key is not None:
            a = key(a)
            b = key(b)
    if a == b:
        return 0
    return -1 if a < b else 1


def sort_key(value: Any, collation: str = "BINARY") -> tuple[int, Any]:
    """A tuple that sorts as the value does: (rank, value under the collation)."""
    rank = RANK[type(value)]
    if rank == 2 and collation != "BINARY":
        key = COLLATIONS[collation]
        if key is not None:
            return (2, key(value))
    return (rank, value)


def truth(value: Any) -> bool | None:
    """Is it true? NULL is None; numbers are true unless 0; text and blobs as the number they begin with."""
    if value is None:
        return None
    kind = type(value)
    return to_real(value) != 0.0 if kind is str or kind is bytes else value != 0


# --- Values that come in ----------------------------------------------------------------------------------------------


def check_parameter(value: Any, position: int | str = 1) -> Any:
    """A Python value as the SQL value it binds to (INV-D5).

    Raises what `sqlite3` raises: OverflowError for an int beyond 64 bits, UnicodeEncodeError for a lone surrogate,
    BufferError for a memoryview that is not contiguous, ProgrammingError naming the parameter's position for a type
    that has no SQL form.
    """
    kind = type(value)
    if kind is int:
        if -9223372036854775808 <= value <= 9223372036854775807:
            return value
        raise OverflowError("Python int too large to convert to SQLite INTEGER")
    if kind is str:
        if not value.isascii():
            value.encode()
        return value
    if kind is float:
        return value if value == value else None
    if value is None or kind is bytes:
        return value
    return _strip_subclass(value, position)


def _strip_subclass(value: Any, position: int | str) -> Any:
    """The plain value of an instance of a subclass, or the bytes of a buffer."""
    if isinstance(value, int):
        return check_parameter(int.__index__(value))
    if isinstance(value, float):
        return check_parameter(float.__float__(value))
    if isinstance(value, str):
        return check_parameter(str.__str__(value))
    try:
        view = memoryview(value)
    except TypeError:
        name = type(value).__name__
        raise ProgrammingError(f"Error binding parameter {position}: type '{name}' is not supported") from None
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return bytes(view)


def check_result(value: Any) -> Any:
    """What a user's function returned, as a SQL value; the same rules as `check_parameter`. TypeError for other
    types."""
    try:
        return check_parameter(value)
    except ProgrammingError as error:
        raise TypeError(f"type '{type(value).__name__}' is not supported") from error
