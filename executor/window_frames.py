"""Which rows a window function sees: partitions, peers, frames.

A `Partition` is a run of sorted rows. Its rows are numbered from 0; rows that ORDER BY does not tell apart are peers, and
a row's peers are the rows from `first_peer[i]` up to `last_peer[i]` (exclusive); without ORDER BY all rows are.

Frames
    The frame of every row, as lists of half-open intervals: a `Segment` is a pair of lists, the starts and the ends for
    row 0, 1, …. Without EXCLUDE there is one segment. EXCLUDE cuts a hole: rows before it and rows after it are two
    segments, with TIES the row itself is a third between them. An empty interval starts where it ends.

        values 10 20 20 30, GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING
        first_peer 0 1 1 3 · last_peer 1 3 3 4 · segment ([0, 1, 1, 3], [3, 4, 4, 4])

    Starts never descend, and neither do ends: whoever follows a segment from row to row meets each row of the
    partition at most once on each side.

RANGE with an offset compares as SQLite does, adding the offset to the key that is nearer to the beginning: with reals
``key[j] + n >= key[i]`` is not always ``key[j] >= key[i] - n``. Only rows with numbers have such a distance; for NULL,
text and blobs the frame's edge is that of the peers.

Offsets are checked when there is a row: `frame starting offset must be a non-negative integer` (RANGE: `number`).

What it does not do: sort, know functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from aerodb_dbapi.executor.runtime import number_like, rowid_key
from aerodb_dbapi.planner.query import Frame
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.values import add, subtract

Row = tuple[Any, ...]
Key = Callable[[Row], Any]
Segment = tuple[Sequence[int], Sequence[int]]

_NUMBERS: Final = (int, float)


class Partition:
    """Sorted rows of one partition. `key` gives a row's ORDER BY values, folded; None if there is no ORDER BY."""

    __slots__ = ("first_peer", "group_starts", "groups", "last_peer", "rows")

    def __init__(self, rows: list[Row], key: Key | None) -> None:
        self.rows = rows
        starts = [0]
        if key is not None:
            keys = list(map(key, rows))
            starts += [i for i in range(1, len(keys)) if keys[i] != keys[i - 1]]
        self.group_starts = starts  # of each group of peers
        self.first_peer: list[int] = []
        self.last_peer: list[int] = []
        self.groups: list[int] = []  # the number of each row's group
        ends = [*starts[1:], len(rows)]
        for number, (start, end) in enumerate(zip(starts, ends)):
            size = end - start
            self.first_peer += [start] * size
            self.last_peer += [end] * size
            self.groups += [number] * size

    def __len__(self) -> int:
        return len(self.rows)


def partitions(rows: list[Row], key: Key | None) -> Iterator[list[Row]]:
    """Sorted rows cut where the partition key changes."""
    if key is None:
        if rows:
            yield rows
        return
    start, keys = 0, list(map(key, rows))
    for i in range(1, len(keys)):
        if keys[i] != keys[i - 1]:
            yield rows[start:i]
            start = i
    if rows:
        yield rows[start:]


def offset_values(frame: Frame, offsets: tuple[Any, Any]) -> tuple[Any, Any]:
    """The checked offsets of a frame's start and end, None where it has none."""
    made: list[Any] = []
    for written, value, side in (
        (frame.start_offset, offsets[0], "starting"), (frame.end_offset, offsets[1], "ending"),
    ):  # fmt: skip
        if written is None:
            made.append(None)
            continue
        is_range = frame.unit == "RANGE"
        number = number_like(value) if is_range else rowid_key(value)
        if number.__class__ not in _NUMBERS or number < 0:
            raise OperationalError(f"frame {side} offset must be a non-negative {'number' if is_range else 'integer'}")
        made.append(number)
    return made[0], made[1]


def frame_of(
    partition: Partition, frame: Frame, offsets: tuple[Any, Any], order: tuple[int, bool] | None
) -> list[Segment]:
    """The segments of every row's frame. `order` is the position and the direction of the only ORDER BY term, for RANGE
    with an offset."""
    size = len(partition)
    edges = _EDGES[frame.unit](partition, offsets, order)
    starts = [0] * size if frame.start == "UNBOUNDED" else edges.start(frame.start)
    ends = [size] * size if frame.end == "UNBOUNDED" else edges.end(frame.end)
    if frame.start == "FOLLOWING" or frame.end == "PRECEDING":  # may end before it begins
        ends = [max(start, end) for start, end in zip(starts, ends)]
    return _excluded(partition, (starts, ends), frame.exclude)


def _excluded(partition: Partition, whole: Segment, exclude: str) -> list[Segment]:
    if exclude == "NO":
        return [whole]
    starts, ends = whole
    if exclude == "CURRENT":
        holes: Segment = (range(len(partition)), range(1, len(partition) + 1))
    else:
        holes = (partition.first_peer, partition.last_peer)
    before = [min(end, max(start, hole)) for start, end, hole in zip(starts, ends, holes[0])]
    after = [max(start, min(end, hole)) for start, end, hole in zip(starts, ends, holes[1])]
    made: list[Segment] = [(starts, before), (after, ends)]
    if exclude == "TIES":
        own = [min(max(start, i), end) for i, (start, end) in enumerate(zip(starts, ends))]
        own_ends = [min(max(start, i + 1), end) for i, (start, end) in enumerate(zip(starts, ends))]
        made.insert(1, (own, own_ends))
    return made


# --- edges, by unit ---------------------------------------------------------------------------------------------------


class _Rows:
    """ROWS: distances are counted in rows."""

    def __init__(self, partition: Partition, offsets: tuple[Any, Any], order: Any) -> None:
        self.size = len(partition)
        self.offsets = offsets

    def start(self, kind: str) -> Sequence[int]:
        size, n = self.size, self.offsets[0]
        if kind == "CURRENT":
            return range(size)
        if kind == "PRECEDING":
            return [max(0, i - n) for i in range(size)]
        return [min(size, i + n) for i in range(size)]

    def end(self, kind: str) -> Sequence[int]:
        size, n = self.size, self.offsets[1]
        if kind == "CURRENT":
            return range(1, size + 1)
        if kind == "PRECEDING":
            return [max(0, i - n + 1) for i in range(size)]
        return [min(size, i + n + 1) for i in range(size)]


class _Groups:
    """GROUPS: distances are counted in groups of peers."""

    def __init__(self, partition: Partition, offsets: tuple[Any, Any], order: Any) -> None:
        self.partition = partition
        self.offsets = offsets
        self.edges = [*partition.group_starts, len(partition)]

    def start(self, kind: str) -> Sequence[int]:
        if kind == "CURRENT":
            return self.partition.first_peer
        n = -self.offsets[0] if kind == "PRECEDING" else self.offsets[0]
        return self._edges(n)

    def end(self, kind: str) -> Sequence[int]:
        if kind == "CURRENT":
            return self.partition.last_peer
        n = -self.offsets[1] if kind == "PRECEDING" else self.offsets[1]
        return self._edges(n + 1)

    def _edges(self, distance: int) -> list[int]:
        """The start of the group at a distance from each row's own."""
        edges, last = self.edges, len(self.edges) - 1
        return [edges[min(max(0, group + distance), last)] for group in self.partition.groups]


class _Range:
    """RANGE: distances are differences of the ORDER BY value."""

    def __init__(self, partition: Partition, offsets: tuple[Any, Any], order: tuple[int, bool] | None) -> None:
        self.partition = partition
        self.offsets = offsets
        self.order = order

    def start(self, kind: str) -> Sequence[int]:
        if kind == "CURRENT":
            return self.partition.first_peer
        n, move = self.offsets[0], self._move()
        if kind == "PRECEDING":  # the first j with key[j] + n >= key[i]
            return self._found(self.partition.first_peer, lambda key: move(key, n), None, False)
        return self._found(self.partition.first_peer, None, lambda key: move(key, n), False)

    def end(self, kind: str) -> Sequence[int]:
        if kind == "CURRENT":
            return self.partition.last_peer
        n, move = self.offsets[1], self._move()
        if kind == "PRECEDING":  # behind the last j with key[j] + n <= key[i]
            return self._found(self.partition.last_peer, lambda key: move(key, n), None, True)
        return self._found(self.partition.last_peer, None, lambda key: move(key, n), True)

    def _move(self) -> Callable[[Any, Any], Any]:
        """The step of n in the direction of the order."""
        assert self.order is not None
        return subtract if self.order[1] else add

    def _found(
        self, peers: list[int], moved: Callable[[Any], Any] | None, target: Callable[[Any], Any] | None, inclusive: bool
    ) -> Sequence[int]:
        """For each row the first whose (moved) key is not before the row's (target) key, or, `inclusive`, is after it."""
        assert self.order is not None
        position, descending = self.order
        keys = [row[position] for row in self.partition.rows]
        numbers = [i for i, key in enumerate(keys) if key.__class__ in _NUMBERS]
        made = list(peers)
        if not numbers:
            return made
        first, last = numbers[0], numbers[-1] + 1  # numbers stand together
        compared = keys if moved is None else [moved(key) if first <= i < last else key for i, key in enumerate(keys)]
        j = first
        for i in range(first, last):
            wanted = keys[i] if target is None else target(keys[i])
            while j < last and _is_before(compared[j], wanted, descending, inclusive):
                j += 1
            made[i] = j
        return made


def _is_before(key: Any, wanted: Any, descending: bool, inclusive: bool) -> bool:
    if inclusive and key == wanted:
        return True
    return bool(key > wanted if descending else key < wanted)


_EDGES: Final[dict[str, Any]] = {"ROWS": _Rows, "GROUPS": _Groups, "RANGE": _Range}
