"""Binding: what the caller passed → the tuple of plain SQL values that a compiled statement takes.

Rules are those of `sqlite3`: a sequence fills slots in order, a mapping fills named slots; exact `int`, `float`, `str`,
`bytes` and None pass as they are, everything else goes through the adapters (`aerodb_dbapi.adapters`) and then through
`check_parameter` (INV-D5). Errors have `sqlite3`'s classes and texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from operator import countOf
from struct import error as struct_error
from struct import pack
from typing import Any

from aerodb_dbapi.adapters import PrepareProtocol, adapt
from aerodb_dbapi.compatibility import PYTHON, warn_named
from aerodb_dbapi.executor.dml_bulk import CheckedRows
from aerodb_dbapi.storage.errors import ProgrammingError
from aerodb_dbapi.storage.raw_text import is_whole
from aerodb_dbapi.storage.values import check_parameter

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
_PLAIN = frozenset({int, float, str, bytes, type(None)})
_PART_ROWS = 500  # few enough that a row's values are still in the processor's cache when they are looked at again
_WARNS = PYTHON >= (3, 12)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_STORABLE = (int, float, str, bytes, bytearray, memoryview, type(None))


def bind(parameters: Any, slots: list[str | None]) -> tuple[Any, ...]:
    """The values for `slots` (a name with its sigil, or None) taken from a sequence or mapping.

    Raises ProgrammingError (wrong number, missing name, unsupported type), OverflowError for integers beyond 64 bits,
    UnicodeEncodeError for lone surrogates.
    """
    if isinstance(parameters, (tuple, list)) or (
        not isinstance(parameters, dict) and hasattr(parameters, "__len__") and hasattr(parameters, "__getitem__")
        and not hasattr(parameters, "keys")
    ):  # fmt: skip
        if _WARNS:
            for position, slot in enumerate(slots):
                if slot is not None and slot[0] != "?" and len(parameters) == len(slots):
                    warn_named(position + 1, slot)
        return bind_sequence(parameters, len(slots))
    if hasattr(parameters, "__getitem__") and hasattr(parameters, "keys"):
        return _bind_mapping(parameters, slots)
    raise ProgrammingError("parameters are of unsupported type")


def treat_nothing_as_plain() -> None:
    """Ask the adapters about values of every class from now on."""
    global _PLAIN
    _PLAIN = frozenset()


def type_name(value: Any) -> str:
    """The name of a value's type as C code tells it: with its module for types made in C."""
    kind = type(value)
    if value is None:
        return "None"
    made_in_c = not kind.__flags__ & _HEAP_TYPE and kind.__module__ != "builtins"
    return f"{kind.__module__}.{kind.__name__}" if made_in_c else kind.__name__


def check_buffer(data: Any) -> bytes:
    """The bytes of a contiguous buffer. Raises TypeError, BufferError."""
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view.tobytes()


def bind_sequence(parameters: Any, count: int) -> tuple[Any, ...]:
    """Values for `count` slots from a sequence."""
    if len(parameters) != count:
        raise ProgrammingError(
            f"Incorrect number of bindings supplied. The current statement uses {count}, and there are {len(parameters)} supplied."
        )
    if parameters.__class__ is tuple and are_bound(parameters):
        return parameters
    return tuple([bind_value(parameters[i], i) for i in range(count)])  # an adapter may change the sequence


def are_bound(values: Iterable[Any]) -> bool:
    """Are these bound as they are? False: some may not be."""
    for value in values:
        kind = value.__class__
        if kind not in _PLAIN:
            return False
        if kind is int:
            if not INT64_MIN <= value <= INT64_MAX:
                return False
        elif kind is float:
            if value != value:
                return False
        elif kind is str and not is_whole(value):
            return False
    return True


def _bind_mapping(parameters: Any, slots: list[str | None]) -> tuple[Any, ...]:
    values = []
    for position, slot in enumerate(slots):
        if slot is None:
            raise ProgrammingError(
                f"Binding {position + 1} has no name, but you supplied a dictionary (which has only names)."
            )
        try:
            value = parameters[slot[1:]]
        except LookupError:
            raise ProgrammingError(f"You did not supply a value for binding parameter :{slot[1:]}.") from None
        values.append(bind_value(value, position))
    return tuple(values)


def bind_value(value: Any, position: int) -> Any:
    """One value: adapted if its class asks for it, checked, plain."""
    if value.__class__ not in _PLAIN:
        value = adapt(value, PrepareProtocol, value)
        if not isinstance(value, _STORABLE):
            try:
                value = check_buffer(value)
            except TypeError:
                raise ProgrammingError(
                    f"Error binding parameter {position + 1}: type '{type_name(value)}' is not supported"
                ) from None
    return check_parameter(value)


def bind_rows(rows: Iterable[Any], slots: list[str | None]) -> list[tuple[Any, ...]]:
    """`bind` for each item. A list of tuples of plain values is checked column by column at C speed and kept as it is: the answer
    are `CheckedRows` then, which tell what was found."""
    rows = list(rows)
    count = len(slots)
    warns = _WARNS and any(slot is not None and slot[0] != "?" for slot in slots)
    kinds: list[set[type]] = [set() for _ in slots]
    bound: list[tuple[Any, ...]] | None = None
    for start in range(0, len(rows), _PART_ROWS):
        part = rows[start : start + _PART_ROWS]
        if warns or not _are_plain(part, count, kinds):
            if bound is None:
                bound = rows[:start]
            bound += [bind(row, slots) for row in part]
        elif bound is not None:
            bound += part
    return CheckedRows(rows, kinds) if bound is None else bound


def draw(items: Iterator[Any], most: int) -> tuple[list[Any], BaseException | None]:
    """The next items of an iterator, at most so many; and, where it failed, what it raised behind them."""
    drawn: list[Any] = []
    try:
        drawn.extend(islice(items, most))
    except BaseException as error:
        return drawn, error
    return drawn, None


def bind_until(
    rows: list[Any], slots: list[str | None], failure: BaseException | None
) -> tuple[list[tuple[Any, ...]], BaseException | None]:
    """`bind_rows`, where an item that cannot be bound ends the rows: those before it, and what was raised; else `failure`."""
    try:
        return bind_rows(rows, slots), failure
    except Exception:
        bound: list[tuple[Any, ...]] = []
        for row in rows:
            try:
                bound.append(bind(row, slots))
            except BaseException as error:
                return bound, error
        return bound, failure


def _are_plain(rows: list[Any], count: int, kinds: list[set[type]]) -> bool:
    """True if all are tuples of `count` values that may be stored as they are; `kinds` get the classes of each place's values."""
    if countOf(map(type, rows), tuple) != len(rows) or countOf(map(len, rows), count) != len(rows):
        return False
    return all(map(_plain_column, zip(*rows), kinds))


def _plain_column(column: tuple[Any, ...], kinds: set[type]) -> bool:
    """True if every value of the column may be stored as it is."""
    kind = column[0].__class__
    if countOf(map(type, column), kind) == len(column):
        if kind not in _PLAIN:
            return False
        kinds.add(kind)
    else:
        classes = set(map(type, column))
        if not classes <= _PLAIN:
            return False
        kinds |= classes
        classes.discard(type(None))
        if len(classes) > 1:
            return False
        column = tuple([value for value in column if value is not None])
        kind = classes.pop()
    if kind is int:
        try:
            pack(f"{len(column)}q", *column)  # takes 64 bits; a third of the time of min() and max()
        except struct_error:
            return False
        return True
    if kind is float:
        total = sum(column)  # a NaN would make it one; so may both infinities
        return total == total or all(map(float.__eq__, column, column))
    if kind is str:
        return _encodable(column)
    return True


def _encodable(column: tuple[str, ...]) -> bool:
    try:
        "".join(column).encode()
    except UnicodeEncodeError:
        return False
    return True
