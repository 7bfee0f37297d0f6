"""Are two databases equal, table by table? Both are read in the same order and compared batch by batch.

Values are equal if their classes are: 1 is not 1.0, and no text is a BLOB. Batches are compared in one go as bytes, which is
what `marshal` makes of them; only where the bytes differ the rows are looked at one by one, for the first that differs.

Example: ``["table t: 3 rows and 2"]`` where one side lacks a row.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from aerodb_dbapi.storage.raw_text import met, whole
from aerodb_dbapi.transfer.progress import BATCH, Progress, silent
from aerodb_dbapi.transfer.tables import Ask, Shape, quoted

Row = tuple[Any, ...]


def compare(shapes: Sequence[Shape], left: Ask, right: Ask, progress: Progress = silent) -> list[str]:
    """What is different, as sentences; of a table its first difference."""
    return [problem for shape in shapes for problem in _table(shape, left, right, progress)]


def _table(shape: Shape, left: Ask, right: Ask, progress: Progress) -> Iterator[str]:
    counting = f"SELECT count(*) FROM main.{quoted(shape.name)}"
    ((total,),), ((other,),) = left(counting), right(counting)
    if total != other:
        yield f"table {shape.name}: {total} rows and {other}"
        return
    text = shape.selection(shape.read, by_bytes=met())
    ours, theirs = iter(left(text)), iter(right(text))
    done = 0
    while batch := list(islice(ours, BATCH)):
        other_batch = list(islice(theirs, BATCH))
        if met():
            batch, other_batch = list(map(_whole, batch)), list(map(_whole, other_batch))
        found = _difference(batch, other_batch)
        if found is not None:
            one, two = found
            yield f"table {shape.name}: {one!r:.200} and {two!r:.200}"
            return
        done += len(batch)
        progress(f"comparing {shape.name}", done, total)


def _whole(row: Row) -> Row:
    return tuple([whole(value) if value.__class__ is str else value for value in row])


def _difference(left: list[Row], right: list[Row]) -> tuple[Row | None, Row | None] | None:
    if left == right and marshal.dumps(left, 0) == marshal.dumps(right, 0):
        return None
    for one, two in zip(left, right):
        if one != two or list(map(type, one)) != list(map(type, two)):
            return one, two
    return None if len(left) == len(right) else (None, None)
