"""Folds: what generated functions do with the values of a group, or with batch after batch of an ungrouped aggregate.

Groups keep their values (or rows) in lists, and a fold runs over a finished list at C speed: `sum_of`, `average_of`,
`total_of`,
`minimum_of`, `maximum_of`, `join_of`. Without GROUP BY nothing is kept but a state: `SumState` takes lists.

Sums (INV-T3)
    Integers are summed exactly; a sum outside 64 bits is the error "integer overflow". As soon as one value is a real
    (or a text that is not an integer), the sum is a real: the exact sum of all values, rounded once (`math.fsum`), so
    it depends neither on the order of rows nor on how they were cut into batches. `SumState` shortens its list of
    reals whenever it has some thousands, few enough to stay in the processor's cache, to a few reals with the same exact sum
    (`_expansion`). A list without a finite sum stays as it is, and is tried again when it has grown to twice its length. Values of
    a REAL column are not looked at before that: they are no integers, and what is NULL or text is noticed when they are summed.

Values of a REAL column are kept in arrays of doubles (`group_of_reals`) as long as all are reals: they are copied when their rows are
read, so that no fold has to fetch them from where they lie in memory, which takes longer than the fold itself.

NULLs are skipped. Texts and blobs count as the number they begin with (`storage.numbers`).

Example: ``sum_of([1, None, 2]) == 3``, ``sum_of([]) is None``, ``average_of([1, 2]) == 1.5``, ``sum_of([0.1] * 10) ==
1.0``.

What it does not do: DISTINCT and FILTER (generated code thins the list first), aggregates without a name known here
(their own step and finalize are called).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from math import fsum
from typing import Any, Final

from aerodb_dbapi.storage import values as sql_values
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.numbers import INTEGER_MAX, INTEGER_MIN, to_number, well_formed_number

_KEEP: Final = 4096  # reals that a SumState keeps before it shortens its list


def group_of_reals(groups: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    """Groups of which one did not take a value: it is its first, or the first in all of them that is no real. They are arrays before
    that, and lists afterwards. Returns the groups, which are others then."""
    some = next(iter(groups.values()), None)
    if value.__class__ is float and some.__class__ is not list:
        groups[key] = array("d", (value,))
        return groups
    if some.__class__ is array:
        groups = {known: list(values) for known, values in groups.items()}
    groups.setdefault(key, []).append(value)
    return groups


def sum_of(items: Sequence[Any]) -> int | float | None:
    """sum()."""
    if items.__class__ is array:
        return _real_sum(items)
    try:
        total = sum(items)
    except TypeError:
        numbers = numbers_of(items)
        return sum_of(numbers) if numbers else None
    if total.__class__ is int:
        if not items:
            return None
        if INTEGER_MIN <= total <= INTEGER_MAX:
            return total
        raise OperationalError("integer overflow")
    return real_sum(items)


def total_of(items: Sequence[Any]) -> float | None:
    """total(): as sum(), but always a real, or NULL where both infinities meet."""
    if items.__class__ is array:
        return _real_sum(items)
    try:
        total = sum(items)
    except TypeError:
        return total_of(numbers_of(items))
    return float(total) if total.__class__ is int else real_sum(items)


def average_of(items: Sequence[Any]) -> float | None:
    """avg(): the exact sum, divided by the number of values."""
    if items.__class__ is array:
        exact = _real_sum(items)
        return None if exact is None else exact / len(items)
    try:
        total = sum(items)
    except TypeError:
        items = numbers_of(items)
        total = sum(items)
    if not items:
        return None
    if total.__class__ is not int:
        total = real_sum(items)
        if total is None:
            return None
    return float(total / len(items))


def count_of(items: Sequence[Any]) -> int:
    """count(): the values that are not NULL."""
    return len(items) if items.__class__ is array else len(items) - items.count(None)


def numbers_of(items: Iterable[Any]) -> list[int | float]:
    """The values as sum() takes them: NULLs gone, texts as integers where they spell one, else as reals."""
    made: list[int | float] = []
    for item in items:
        if item.__class__ is int or item.__class__ is float:
            made.append(item)
        elif item is not None:
            number = well_formed_number(item) if item.__class__ is str else None
            made.append(float(to_number(item)) if number is None else number)
    return made


def real_sum(items: Sequence[Any]) -> float | None:
    """The exact sum of integers and reals, rounded once; NULL where it is not a number (both infinities)."""
    if int in map(type, items):
        items = [part for item in items for part in _exact(item)]
    return _real_sum(items)


def _real_sum(items: Sequence[Any]) -> float | None:
    """`real_sum` of reals."""
    try:
        return fsum(items)
    except ValueError:
        return None
    except OverflowError:
        total = sum(items)
        return None if total != total else total


def _exact(item: int | float) -> tuple[float, ...]:
    """An integer as reals with the same sum."""
    if item.__class__ is float or -9007199254740992 <= item <= 9007199254740992:
        return (item,)
    high = float(item)
    return high, float(int(item) - int(high))


class SumState:
    """sum(), total() and avg() over lists that come one after the other."""

    __slots__ = ("count", "enough", "integers", "reals", "unseen")

    def __init__(self) -> None:
        self.count = 0
        self.unseen: list[Any] = []  # values of a REAL column that nobody has looked at
        self.enough = _KEEP
        self.integers = 0
        self.reals: list[int | float] = []

    def add(self, items: Sequence[Any]) -> None:
        """Take a batch."""
        try:
            total = sum(items)
        except TypeError:
            items = numbers_of(items)
            total = sum(items)
        self.count += len(items)
        if total.__class__ is int:
            self.integers += total
        else:
            self._keep(items)

    def _keep(self, reals: Sequence[Any]) -> None:
        self.reals += reals
        if len(self.reals) > self.enough:
            self.reals = _expansion(self.reals)
            self.enough = max(_KEEP, 2 * len(self.reals))

    def add_stored(self, items: Sequence[Any]) -> None:
        """Take a batch of values of a REAL column: no integers are among them."""
        unseen = self.unseen
        unseen += items
        if len(unseen) > _KEEP:
            self.unseen, count = [], len(unseen)
            try:
                parts = _parts(unseen)
            except TypeError:  # NULLs or texts
                parts = None
            if parts is None:
                self.add(unseen[:count])
            else:
                self.count += count
                self._keep(parts)

    def _settle(self) -> None:
        """Take what nobody has looked at."""
        unseen, self.unseen = self.unseen, []
        if unseen:
            self.add(unseen)

    def _sum(self) -> float | None:
        return real_sum([*self.reals, *_pieces(self.integers)] if self.integers else self.reals)

    def sum(self) -> int | float | None:
        """The result of sum()."""
        self._settle()
        if self.reals:
            return self._sum()
        if not self.count:
            return None
        if INTEGER_MIN <= self.integers <= INTEGER_MAX:
            return self.integers
        raise OperationalError("integer overflow")

    def total(self) -> float | None:
        """The result of total()."""
        self._settle()
        return self._sum() if self.reals else float(self.integers)

    def average(self) -> float | None:
        """The result of avg()."""
        self._settle()
        if not self.count:
            return None
        total = self._sum() if self.reals else self.integers
        return None if total is None else float(total / self.count)


def _pieces(value: int) -> list[float]:
    """Reals whose exact sum is an integer of any size."""
    made = []
    while value:
        high = float(value)
        made.append(high)
        value -= int(high)
    return made


def _expansion(items: list[int | float]) -> list[int | float]:
    """A few reals with the same exact sum; the list itself where there is no finite one."""
    rest: list[Any] = [part for item in items for part in _exact(item)] if int in map(type, items) else list(items)
    parts = _parts(rest)
    return items if parts is None else parts


def _parts(reals: list[Any]) -> list[int | float] | None:
    """A few reals with the same exact sum as a list of them, to which they are appended, negated; None where there is no finite sum.
    TypeError: it holds something else."""
    made: list[int | float] = []
    try:
        while (part := fsum(reals)) != 0.0:
            if part - part != 0.0:
                return None
            made.append(part)
            reals.append(-part)
    except (ValueError, OverflowError):
        return None
    return made or [0.0]


# --- Extremes ---------------------------------------------------------------------------------------------------------


def minimum_of(items: Sequence[Any], fold: Callable[[Any], Any] | None = None) -> Any:
    """min(): the first of the lowest values."""
    try:
        return min(items, key=fold)
    except (TypeError, ValueError):
        kept = [item for item in items if item is not None]
    if not kept:
        return None
    try:
        return min(kept, key=fold)
    except TypeError:
        return min(kept, key=_order(fold))


def maximum_of(items: Sequence[Any], fold: Callable[[Any], Any] | None = None) -> Any:
    """max(): the first of the highest values."""
    try:
        return max(items, key=fold)
    except (TypeError, ValueError):
        kept = [item for item in items if item is not None]
    if not kept:
        return None
    try:
        return max(kept, key=fold)
    except TypeError:
        return max(kept, key=_order(fold))


def _order(fold: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    if fold is None:
        return sql_values.sort_key
    return lambda value: sql_values.sort_key(fold(value))


def row_of_extreme(items: Sequence[Any], found: Any) -> int:
    """The position of the value that min() or max() gave; the last one where all are NULL, as in SQLite."""
    if found is None:
        return max(len(items) - 1, 0)
    return next((i for i, item in enumerate(items) if item is found), 0)


def row_of_filtered(pairs: Sequence[tuple[Any, Any]], found: Any) -> int:
    """The same of (value, whether it passed FILTER); 0 where none passed."""
    places = [i for i, (item, passed) in enumerate(pairs) if passed and item is found]
    return 0 if not places else places[-1] if found is None else places[0]


# --- The rest ---------------------------------------------------------------------------------------------------------


def join_of(items: Iterable[Any], separator: Any = ",") -> str | None:
    """group_concat(): the texts of all values but NULL."""
    texts = [item if item.__class__ is str else sql_values.cast(item, "TEXT") for item in items if item is not None]
    if not texts:
        return None
    return ("" if separator is None else str(sql_values.cast(separator, "TEXT"))).join(texts)


def join_pairs(pairs: Iterable[tuple[Any, Any]]) -> str | None:
    """group_concat() with a separator: each stands before its value, the first one's is not used."""
    made: list[str] = []
    for value, separator in pairs:
        if value is not None:
            if made and separator is not None:
                made.append(str(sql_values.cast(separator, "TEXT")))
            made.append(str(sql_values.cast(value, "TEXT")))
    return "".join(made) if made else None


def distinct_of(items: Iterable[Any], fold: Callable[[Any], Any] | None = None) -> list[Any]:
    """The values without repetition (the first of equal ones), NULL left out."""
    if fold is None:
        made: dict[Any, Any] = dict.fromkeys(items)
        made.pop(None, None)
        return list(made)
    first: dict[Any, Any] = {}
    for item in items:
        first.setdefault(fold(item), item)
    first.pop(None, None)
    return list(first.values())


def stepped(make: Callable[[], Any], rows: Iterable[tuple[Any, ...]]) -> Any:
    """Any aggregate, by its own step and finalize."""
    aggregate = make()
    step = aggregate.step
    for row in rows:
        step(*row)
    return aggregate.finalize()
