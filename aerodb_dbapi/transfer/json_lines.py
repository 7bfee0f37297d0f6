"""JSON lines: one object a line, its keys the columns.

A missing key is NULL, as null is. true and false are 1 and 0; a list or an object is stored as its JSON text. Infinities are
written as ``1e999``, BLOBs as text ``X'0AFF'``. Names are those of all lines, in the order in which they first come up.

Example: ``{"a": 1, "b": [2]}`` is (1, '[2]').
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, TextIO

from aerodb_dbapi.storage.errors import DataError, ProgrammingError
from aerodb_dbapi.transfer.fields import Kinds, shown_blob, whole
from aerodb_dbapi.transfer.files import Batch, Lines, Options, Row, refused

_PLAIN = frozenset({type(None), float, str})


class JsonReader:
    """Reads JSON lines."""

    unit = "line"
    typed = True

    def __init__(self, file: BinaryIO, options: Options) -> None:
        self.lines = Lines(file, options.encoding)
        self.size = self.lines.size
        self.names: list[str] = []
        self.types: list[str] = []

    def survey(self, report: Callable[[int], None]) -> None:
        """Names and types, from all lines."""
        kinds: dict[str, Kinds] = {}
        for objects, _, done in self._objects():
            columns: dict[str, list[Any]] = {}
            for found in objects:
                for name, value in found.items():
                    columns.setdefault(name, []).append(value)
            for name, values in columns.items():
                kinds.setdefault(name, Kinds()).add_values(values)
            report(done)
        self.names = list(kinds)
        self.types = [kind.value_type for kind in kinds.values()]

    def batches(self) -> Iterator[Batch]:
        """The rows."""
        names = self.names
        for objects, numbers, done in self._objects():
            rows = [[_value(found.get(name), number) for name in names] for found, number in zip(objects, numbers)]
            yield Batch(rows, numbers, done)

    def _objects(self) -> Iterator[tuple[list[dict[str, Any]], list[int], int]]:
        number = 0
        for lines, done in self.lines.chunks():
            objects, numbers = [], []
            for line in lines:
                number += 1
                if not line.isspace():
                    objects.append(_object(line, number))
                    numbers.append(number)
            yield objects, numbers, done


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise refused("line", number, f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise refused("line", number, f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise refused("line", number, f"an object is expected, not {type(found).__name__}")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def _value(value: Any, number: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int or kind is bool:
        try:
            return whole(int(value))
        except DataError as error:
            raise refused("line", number, str(error)) from None
    return json.dumps(value, ensure_ascii=False)


class JsonWriter:
    """Writes JSON lines."""

    def __init__(self, file: TextIO, options: Options) -> None:
        self.file = file
        self.names: list[str] = []

    def begin(self, names: Sequence[str]) -> None:
        """The keys. Raises ProgrammingError if two are the same."""
        double = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if double is not None:
            raise ProgrammingError(f"column {double} is there twice: give it another name with AS")
        self.names = list(names)

    def write(self, rows: Sequence[Row]) -> None:
        """One line each."""
        names = self.names
        self.file.writelines([json_object(dict(zip(names, row))) + "\n" for row in rows])

    def end(self) -> None:
        """Nothing is left to write."""


def json_object(found: dict[str, Any]) -> str:
    """An object as JSON text."""
    try:
        return json.dumps(found, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # a BLOB, or an infinity
        return (
            "{"
            + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {json_value(value)}" for name, value in found.items())
            + "}"
        )


def json_value(value: Any) -> str:
    """A value as JSON text."""
    if isinstance(value, bytes):
        return json.dumps(shown_blob(value))
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return json.dumps(value, ensure_ascii=False)
