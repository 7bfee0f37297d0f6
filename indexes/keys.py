"""Index keys: one flat tuple per entry whose Python order is SQLite's order of the values it was made from.

Format
    A key is ``(rank, value, rank, value, …, rowid)``: two elements, a *part*, per index column, then the rowid, so
    that no two entries are equal. Ranks order the storage classes; values of one rank are of one Python class (or
    int beside float), so comparing two keys never compares what Python cannot order:

    ========  ======================  ===================================================
    class     ascending part          descending part
    ========  ======================  ===================================================
    NULL      ``(0, None)``           ``(0, None)``
    number    ``(1, n)``              ``(-1, -n)``
    text      ``(2, folded text)``    ``(-2, inverted UTF-8 bytes of the folded text)``
    blob      ``(3, bytes)``          ``(-3, inverted bytes)``
    ========  ======================  ===================================================

    *Folded* is the collation's key function: BINARY keeps the text (code point order is the order of UTF-8 bytes),
    NOCASE lower-cases ASCII letters, RTRIM drops trailing spaces. *Inverted* escapes 00 as 00 01, ends with 00 00,
    which makes the code prefix-free, and then turns every byte b into 255 - b, which reverses the order exactly.

Example
    ``CREATE INDEX i ON t(a, b DESC)`` and row 7 ``(a='x', b=3)`` give ``(2, 'x', -1, -3, 7)``. All entries with
    a='x' lie between ``(2, 'x')`` and ``(2, 'x', inf)``: the element after a prefix is a rank or a rowid, a number
    in both cases.

Uniqueness
    `unique_prefix` elements must be unique in a unique index, unless one of the parts is NULL: `None in prefix`.

Generated functions
    `entry_function` and `entries_function` write a small Python function per index. Their source holds positions
    and ranks only, never a name of the user's (INV-Q2).

Columns at once
    Where every part is ascending and BINARY and each column holds one rank only, `zipped_entries` makes the keys by one
    ``zip`` and sorts them by value; this is the common case of bulk work, and several times faster.

Keeps INV-Q5. What it does not do: partial indexes (the caller decides which rows have an entry), user collations.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import count, repeat
from operator import itemgetter
from types import CodeType
from typing import Any, Final

from aerodb_dbapi.storage.catalog import Index, IndexColumn, Table
from aerodb_dbapi.storage.collations import COLLATIONS
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.raw_text import stored

Key = tuple[Any, ...]
EntryFunction = Callable[[int, tuple[Any, ...]], Key]
EntriesFunction = Callable[[Sequence[int], Sequence[tuple[Any, ...]]], list[Key]]

RANK: Final[dict[type, int]] = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}

_INVERT: Final = bytes(255 - b for b in range(256))
NOTHING: Final[Mapping[int, Any]] = {}
CODES_MAX: Final = 200
_serial = count(1)


def fold_of(collation: str) -> Callable[[str], str] | None:
    """The key function of a collation for text, None for BINARY."""
    try:
        return COLLATIONS[collation.upper()]
    except KeyError:
        message = f"no such collation sequence: {collation}"
        raise OperationalError(message, name="SQLITE_ERROR_MISSING_COLLSEQ") from None


def invert(data: bytes) -> bytes:
    """Bytes whose order among inverted bytes is the reverse of `data`'s."""
    return (data.replace(b"\0", b"\0\1") + b"\0\0").translate(_INVERT)


def restore(inverted: bytes) -> bytes:
    """The inverse of `invert`."""
    return inverted.translate(_INVERT)[:-2].replace(b"\0\1", b"\0")


def ascending_part(value: Any, fold: Callable[[str], str] | None) -> tuple[int, Any]:
    """The ascending part of a value."""
    rank = RANK[value.__class__]
    if rank == 2 and fold is not None:
        return 2, fold(value)
    return rank, value


def descending_part(value: Any, fold: Callable[[str], str] | None) -> tuple[int, Any]:
    """The descending part of a value."""
    rank = RANK[value.__class__]
    if rank == 0:
        return 0, None
    if rank == 1:
        return -1, -value
    if rank == 3:
        return -3, invert(value)
    return -2, invert(stored(fold(value) if fold is not None else value))


def probe_part(value: Any, column: IndexColumn) -> tuple[int, Any]:
    """The part that an entry with `value` in `column` has: what a look-up compares with."""
    fold = None if column.collation == "BINARY" else fold_of(column.collation)
    return descending_part(value, fold) if column.descending else ascending_part(value, fold)


def recoverable(column: IndexColumn) -> bool:
    """Can the value be had back from its part? Not after NOCASE or RTRIM, which forget part of the text."""
    return column.collation == "BINARY" or column.position == -1


def value_of(part: tuple[int, Any], column: IndexColumn) -> Any:
    """The value a part was made from, for a `recoverable` column."""
    rank, value = part
    if not column.descending or rank == 0:
        return value
    if rank == -1:
        return -value
    return str(restore(value), "utf-8", "surrogatepass") if rank == -2 else restore(value)


def prefix_length(columns: Sequence[IndexColumn]) -> int:
    """The number of leading key elements made from columns: the `unique_prefix` of a unique index."""
    return 2 * len(columns)


# --- Generated functions --------------------------------------------------------------------------------------------


def part_source(column: IndexColumn, value: str, names: dict[str, Any]) -> str:
    """Python source of the two elements of a part, ending in a comma. `value` is source text that is evaluated
    once; what the text needs is added to `names`."""
    if column.position == -1 and not column.descending:
        return f"1, {value}, "
    fold = fold_of(column.collation)
    if column.descending:
        names["descending_part"] = descending_part
        return f"*descending_part({value}, {_fold_name(column, names)}), "
    if fold is None and value.isidentifier():
        names["rank"] = RANK
        return f"rank[{value}.__class__], {value}, "
    if fold is None:
        names["rank"] = RANK
        return f"rank[(a := {value}).__class__], a, "
    names["ascending_part"] = ascending_part
    return f"*ascending_part({value}, {_fold_name(column, names)}), "


def _fold_name(column: IndexColumn, names: dict[str, Any]) -> str:
    fold = fold_of(column.collation)
    if fold is None:
        return "None"
    name = fold.__name__
    names[name] = fold
    return name


def computed_value(position: int, rowid: str, row: str) -> str:
    """Source of the value of an index's expression: a call of its function, which the caller binds as x<n>."""
    return f"x{-position}({rowid}, {row})"


def computed_names(computed: Mapping[int, Any]) -> dict[str, Any]:
    """The names that `computed_value` needs."""
    return {f"x{-position}": function for position, function in computed.items()}


def key_source(index: Index, table: Table, value: Callable[[int], str], rowid: str, names: dict[str, Any]) -> str:
    """Python source of the key of a row, without the rowid at its end: ``"rank[v2.__class__], v2, "``.

    `value(position)` is the source text of a column's value, `rowid` that of the rowid."""
    parts = []
    for column in index.columns:
        is_rowid = column.position in (-1, table.rowid_alias)
        bare = IndexColumn(-1, "", "BINARY", column.descending) if is_rowid else column
        parts.append(part_source(bare, rowid if is_rowid else value(column.position), names))
    return "".join(parts)


def build_function(name: str, source: str, names: dict[str, Any]) -> Any:
    """The function `name` of generated source, with these names around it; tracebacks show the source (`linecache`)."""
    space = dict(names)
    exec(_code(name, source), space)
    return space[name]


@lru_cache(maxsize=CODES_MAX)
def _code(name: str, source: str) -> CodeType:
    """The code of generated source: indexes on columns of the same places share it. Its lines go with the code of the function."""
    filename = f"<aerodb {name} {next(_serial)}>"
    code = compile(source, filename, "exec")
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    function = next(one for one in code.co_consts if isinstance(one, CodeType))
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return code


def _row_value(position: int) -> str:
    return f"row[{position}]" if position >= -1 else computed_value(position, "rowid", "row")


def entry_function(index: Index, table: Table, computed: Mapping[int, Any] = NOTHING) -> EntryFunction:
    """A function `(rowid, row) -> key` of the index's entry for a row."""
    names = computed_names(computed)
    parts = key_source(index, table, _row_value, "rowid", names)
    source = f"def entry(rowid, row):\n    return ({parts}rowid)\n"
    made: EntryFunction = build_function("entry", source, names)
    return made


def entries_function(index: Index, table: Table, computed: Mapping[int, Any] = NOTHING) -> EntriesFunction:
    """A function `(rowids, rows) -> list of keys`, in the rows' order, for building and bulk loading."""
    names = computed_names(computed)
    parts = key_source(index, table, _row_value, "rowid", names)
    source = f"def entries(rowids, rows):\n    return [({parts}rowid) for rowid, row in zip(rowids, rows)]\n"
    made: EntriesFunction = build_function("entries", source, names)
    return made


# --- Columns at once --------------------------------------------------------------------------------------------------


def plain_positions(index: Index, table: Table) -> list[int] | None:
    """The positions of an index's columns (-1: the rowid) if all are ascending and BINARY, else None."""
    if any(c.descending or c.position < -1 or fold_of(c.collation) is not None for c in index.columns):
        return None
    return [-1 if column.position == table.rowid_alias else column.position for column in index.columns]


def zipped_entries(columns: Sequence[Sequence[Any]], rowids: Sequence[int]) -> list[Key] | None:
    """The keys made of parallel columns, in their order; None if a column holds values of several ranks."""
    elements: list[Any] = []
    for column in columns:
        ranks = {RANK[kind] for kind in set(map(type, column))}
        if len(ranks) != 1:
            return None
        elements += (repeat(ranks.pop()), column)
    return list(zip(*elements, rowids))


def sort_zipped(keys: list[Key], ascending: bool) -> None:
    """Sort keys made by `zipped_entries`. `ascending`: their rowids ascend, so that equal values are in order already."""
    if ascending:
        sort_entries(keys)
    else:
        keys.sort()


def sort_entries(keys: list[Key]) -> None:
    """Sort the keys of an index that are in the order of their rowids. Where each column has values of one rank, NULLs aside in
    an index of one column, it is sorted by the values alone, column by column from the last: comparing integers or texts is
    several times quicker than comparing tuples of them."""
    if not keys:
        return
    places = range(0, len(keys[0]) - 1, 2)
    ranks = [set(map(itemgetter(place), keys)) for place in places]
    if len(ranks) == 1 and len(ranks[0]) == 2 and min(ranks[0]) == 0:  # NULLs come first, and have no values to compare
        rest = [key for key in keys if key[0]]
        rest.sort(key=itemgetter(1))
        keys[:] = [key for key in keys if not key[0]] + rest
    elif all(len(found) == 1 and 0 not in found for found in ranks):
        for place in reversed(places):
            keys.sort(key=itemgetter(place + 1))
    else:
        keys.sort()
