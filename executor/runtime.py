"""What generated functions call: comparisons, key conversions, row fetching, limits. `NAMES` is their namespace.

Exact forms (INV-Q3, INV-Q4)
    `lt, le, gt, ge, eq, ne` answer 1, 0 or None as SQLite does for any two values: NULL gives NULL, classes order
    NULL < numbers < text < blobs. Generated filters first try Python's own operators, which agree wherever Python can
    order the two values, and raise TypeError where it cannot; these functions are the second try.

Probes
    A bound value that is compared with many rows passes `probe` once: NULL becomes `NEVER`, which is neither equal
    nor unequal, before nor after anything. So ``r1[2] == q`` needs no test for NULL inside the loop: ``None ==
    NEVER`` is False.

Rows by rowid
    `fetch` gets rows of many rowids in the order given; neighbours in one leaf cost one subtraction. It relies on
    every index entry naming a row (INV-D3).

Example: ``lt(1, 'a') == 1``, ``lt(None, 1) is None``, ``rowid_key('5') == 5``, ``rowid_key(5.5) is None``.

What it does not do: arithmetic, CAST, affinities (`storage.values` and its neighbours), patterns (`matching`), folds
over groups (`aggregation`), sorting (`sorting`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from operator import itemgetter
from typing import Any, Final, TypeVar

from aerodb_dbapi.executor import aggregation, matching, sorting
from aerodb_dbapi.indexes.keys import probe_part, value_of
from aerodb_dbapi.storage import dense, values
from aerodb_dbapi.storage.column_reader import Columns
from aerodb_dbapi.storage.errors import IntegrityError
from aerodb_dbapi.storage.nodes import paused_gc
from aerodb_dbapi.storage.numbers import INTEGER_MAX, INTEGER_MIN, well_formed_number
from aerodb_dbapi.storage.tree import Branch, Tree
from aerodb_dbapi.storage.values import truth

INF: Final = float("inf")
RANK: Final = values.RANK
Row = tuple[Any, ...]
T = TypeVar("T")


class Unset:
    """The mark of a memo that has not been filled."""

    __slots__ = ()


class Never:
    """Compares False with everything, in every operator: what NULL is in a WHERE comparison."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def _no(self, other: object) -> bool:
        return False

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _no


UNSET: Final = Unset()
NEVER: Final = Never()


def probe(value: Any) -> Any:
    """The value, or `NEVER` for NULL."""
    return NEVER if value is None else value


def class_of(value: Any) -> type:
    """The class that a row's value must have for Python's operators to agree with SQLite's; `Never` for NULL."""
    return Never if value is None else value.__class__


# --- Exact comparisons ------------------------------------------------------------------------------------------------


def lt(a: Any, b: Any) -> int | None:
    """a < b as 1, 0 or NULL."""
    if a is None or b is None:
        return None
    try:
        return 1 if a < b else 0
    except TypeError:
        return 1 if RANK[a.__class__] < RANK[b.__class__] else 0


def le(a: Any, b: Any) -> int | None:
    """a <= b as 1, 0 or NULL."""
    if a is None or b is None:
        return None
    try:
        return 1 if a <= b else 0
    except TypeError:
        return 1 if RANK[a.__class__] < RANK[b.__class__] else 0


def gt(a: Any, b: Any) -> int | None:
    """a > b as 1, 0 or NULL."""
    return lt(b, a)


def ge(a: Any, b: Any) -> int | None:
    """a >= b as 1, 0 or NULL."""
    return le(b, a)


def eq(a: Any, b: Any) -> int | None:
    """a = b as 1, 0 or NULL."""
    if a is None or b is None:
        return None
    return 1 if a == b else 0


def ne(a: Any, b: Any) -> int | None:
    """a <> b as 1, 0 or NULL."""
    if a is None or b is None:
        return None
    return 1 if a != b else 0


def false(value: Any) -> bool:
    """Is the value false (neither true nor NULL)?"""
    return value is not None and not truth(value)


def true(value: Any) -> bool:
    """Is the value true (neither false nor NULL)?"""
    return value is not None and bool(truth(value))


def not_logical(value: int | None) -> int | None:
    """NOT of a truth value."""
    return None if value is None else 0 if value else 1


def and_all(logicals: Iterable[int | None]) -> int | None:
    """AND over logical values."""
    unknown = False
    for value in logicals:
        if value is None:
            unknown = True
        elif not value:
            return 0
    return None if unknown else 1


def or_all(logicals: Iterable[int | None]) -> int | None:
    """OR over logical values."""
    unknown = False
    for value in logicals:
        if value is None:
            unknown = True
        elif value:
            return 1
    return None if unknown else 0


# --- Affinities and folds of single values ----------------------------------------------------------------------------


def number_like(value: Any) -> Any:
    """A text that spells a number as that number; any other value as it is: numeric affinity for a comparison."""
    if value.__class__ is str:
        number = well_formed_number(value)
        return value if number is None else number
    return value


def text_like(value: Any) -> Any:
    """A number as its text; any other value as it is: TEXT affinity."""
    return values.apply_affinity(value, "TEXT")


def folded(fold: Callable[[str], str]) -> Callable[[Any], Any]:
    """A collation's key function made safe for values of other classes."""

    def fold_value(value: Any) -> Any:
        return fold(value) if value.__class__ is str else value

    return fold_value


# --- IN ---------------------------------------------------------------------------------------------------------------


class Members(set[Any]):
    """The values of the right side of IN, without NULL; `null` tells whether there was one, `nulls` keeps row values
    that hold a NULL."""

    __slots__ = ("null", "nulls")

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__(items)
        self.null = None in self
        self.discard(None)
        self.nulls: list[Row] = []


def row_members(rows: Iterable[Row]) -> Members:
    """Members for a row value on the left."""
    made = Members(rows)
    made.nulls = [row for row in made if None in row]
    made.difference_update(made.nulls)
    return made


def is_in(value: Any, members: Members) -> int | None:
    """value IN members."""
    if value in members:
        return 0 if value is None else 1
    if value is None:
        return None if members or members.null else 0
    return None if members.null else 0


def row_in(row: Row, members: Members) -> int | None:
    """row value IN members."""
    if row in members:
        return 1
    if None not in row:
        return None if any(_may_equal(row, other) for other in members.nulls) else 0
    return None if any(_may_equal(row, other) for other in chain(members, members.nulls)) else 0


def _may_equal(a: Row, b: Row) -> bool:
    return all(x is None or y is None or x == y for x, y in zip(a, b))


def in_items(value: Any, items: Sequence[Any]) -> int | None:
    """value IN (items), the items not known beforehand."""
    if value is None:
        return None
    if value in items:
        return 1
    return None if None in items else 0


# --- Rowids and index entries -----------------------------------------------------------------------------------------


def rowid_key(value: Any) -> int | None:
    """The rowid that equals a value under INTEGER affinity, None if no integer does."""
    if value.__class__ is int:
        return value
    value = number_like(value)
    if value.__class__ is int:
        return value
    if value.__class__ is float and value.is_integer():
        return int(value)
    return None


def rowid_keys(items: Iterable[Any]) -> list[int]:
    """The distinct rowids that equal one of the values, ascending."""
    found = {rowid_key(value) for value in items}
    found.discard(None)
    return sorted(found)  # type: ignore[arg-type]


def rowid_bounds(lower: Any, upper: Any) -> tuple[Any, Any] | None:
    """Bounds for a scan of rowids: numbers, or None for unbounded. `UNSET` is an absent bound. None: no rowid lies
    between."""
    if lower is UNSET:
        low = None
    else:
        low = number_like(lower)
        if RANK[low.__class__] != 1:
            return None
    if upper is UNSET:
        return low, None
    high = number_like(upper)
    if high is None:
        return None
    return low, (high if RANK[high.__class__] == 1 else None)


def index_parts(items: Iterable[Any], column: Any) -> list[tuple[int, Any]]:
    """The distinct index parts of values, in index order; NULLs match nothing."""
    return sorted({probe_part(value, column) for value in items if value is not None})


def entry_batches(tree: Tree, lower: Row, upper: Row) -> Iterable[tuple[Sequence[Any], Sequence[Any]]]:
    """(keys, rowids) batches of entries with lower <= key < upper; no iterator is made where one leaf holds them
    all. A tree whose node has no keys, and is another one each time, is asked for the batches (`half_read.py`)."""
    node = tree.node
    while node.__class__ is Branch:
        node = node.children[bisect_right(node.keys, lower)]
    keys = node.keys
    i = bisect_left(keys, lower)
    j = bisect_left(keys, upper, i)
    if j < len(keys) or node is tree.node:
        return ((keys[i:j], node.values[i:j]),) if i < j else ()
    if i == j:
        return tree.batches(lower, False, upper, True)
    return chain(((keys[i:], node.values[i:]),), tree.batches(keys[-1], True, upper, True))


def entry_batches_of(tree: Tree, value: Any) -> Iterable[tuple[Sequence[Any], Sequence[Any]]]:
    """The same for the entries whose first part is a value."""
    part = RANK[value.__class__], value
    return entry_batches(tree, part, (*part, INF))


ENTRY_COST: Final = 12  # reading a row through an index entry, in rows scanned


def guided_batches(
    table: Tree,
    entries: Tree,
    lower: Row,
    upper: Row,
    in_order: bool,
    reverse: bool,
    columns: Sequence[int] | None = None,
) -> Iterable[tuple[Sequence[Any], Sequence[Any]]]:
    """(rowids, rows) batches of a table, among them every row with an entry in lower <= key < upper. `in_order`: by
    rowid; `reverse`: descending; `columns`: those that are used, if not all."""
    if entries.count(lower, False, upper, True) * ENTRY_COST > len(table):
        if columns is not None and not reverse:
            return table.columns(columns)
        return table.batches(None, False, None, False, reverse)
    batches: Iterable[Sequence[Any]] = (rowids for _, rowids in entry_batches(entries, lower, upper))
    if in_order:
        batches = chunks(sorted(chain.from_iterable(batches), reverse=reverse))
    return table.fetched(batches, in_order and reverse)


def column_of(rows: Sequence[Row], place: int) -> list[Any]:
    """A column of a batch of rows."""
    if rows.__class__ is Columns:
        found = rows.columns[place]
        return found if found.__class__ is list else list(found)
    return list(map(itemgetter(place), rows))


def columns_of(rows: Sequence[Row], places: tuple[int, ...]) -> list[Any]:
    """Some columns of a batch of rows, as rows."""
    if rows.__class__ is Columns:
        return list(zip(*[rows.columns[place] for place in places]))
    if len(places) == 1:
        return list(zip(map(itemgetter(places[0]), rows)))
    return list(map(itemgetter(*places), rows))


def fetch(tree: Tree, rowids: Sequence[int]) -> list[Any]:
    """The rows of rowids that are known to exist, in the order given."""
    return dense.fetch(tree.node, rowids)


def fetch_present(tree: Tree, rowids: Iterable[int]) -> list[tuple[int, Any]]:
    """(rowid, row) of those rowids that exist."""
    get = tree.get
    return [(rowid, row) for rowid in rowids if (row := get(rowid)) is not None]


# --- Rows of subqueries, limits ---------------------------------------------------------------------------------------


def first_value(rows: Iterable[Row], position: int) -> Any:
    """A value of the first row, NULL if there is none."""
    for row in rows:
        return row[position]
    return None


def whole(value: Any) -> int:
    """The integer of a LIMIT or OFFSET."""
    made = rowid_key(value)
    if made is None or not INTEGER_MIN <= made <= INTEGER_MAX:
        raise IntegrityError("datatype mismatch", name="SQLITE_MISMATCH")
    return made


def limit_of(value: Any) -> int:
    """A LIMIT; a negative one is none at all."""
    made = whole(value)
    return made if made >= 0 else INTEGER_MAX


def offset_of(value: Any) -> int:
    """An OFFSET; a negative one is 0."""
    return max(0, whole(value))


def chunks(rows: Sequence[T], size: int = 256) -> Iterator[Sequence[T]]:
    """A list as batches."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


NAMES: Final[dict[str, Any]] = {
    name: value
    for name, value in {
        **vars(aggregation), **vars(matching), **vars(sorting), **globals(),
    }.items()
    if callable(value) and not name.startswith("_")
}  # fmt: skip
NAMES.update(
    add=values.add, subtract=values.subtract, multiply=values.multiply, divide=values.divide,
    remainder=values.remainder, negate=values.negate, bit_not=values.bit_not, bit_and=values.bit_and,
    bit_or=values.bit_or, shift_left=values.shift_left, shift_right=values.shift_right, concat=values.concat,
    cast=values.cast, truth=truth,
    INF=INF, RANK=RANK, UNSET=UNSET, NEVER=NEVER, INT_MIN=INTEGER_MIN, INT_MAX=INTEGER_MAX, ONCE=(None,),
    chain=chain.from_iterable, compress=compress, itemgetter=itemgetter, defaultdict=defaultdict, Counter=Counter,
    value_of=value_of, paused_gc=paused_gc,
    bisect_left=bisect_left, bisect_right=bisect_right, point=dense.point,
)  # fmt: skip
