"""Charts of a result in the terminal: bars with eighths of a character, lines of Braille dots.

The first column gives the labels (or the x values of a line chart, if it is numeric), every further numeric column a series; a result of
one column has row numbers for labels.

Example: ``SELECT carrier, count(*) …`` gives a bar for each carrier::

    UA ████████████████ 58,665
    B6 ██████████████▉  54,635
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from aerodb_dbapi.shell.formats import cut, padded, safe, shown, width_of
from aerodb_dbapi.shell.registry import Misuse

ROWS_MAX = 2_000
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LABEL_MAX = 24
_COLOURS = ("\x1b[36m", "\x1b[33m", "\x1b[35m", "\x1b[32m", "\x1b[34m", "\x1b[31m")
_OFF = "\x1b[0m"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Series:
    """Labels, and the numbers of each series; what is no number is None."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            raise Misuse("there are no rows to plot")
        columns = list(zip(*rows))
        if len(columns) == 1:
            columns, names = [tuple(range(1, len(rows) + 1)), *columns], ["row", *names]
        self.x = columns[0]
        self.labels = [safe(shown(value, "NULL")) for value in columns[0]]
        chosen = [
            place for place in range(1, len(columns)) if any(_number(value) is not None for value in columns[place])
        ]
        if not chosen:
            raise Misuse("there is no column of numbers to plot: the first one gives the labels")
        self.names = [safe(names[place]) for place in chosen]
        self.values = [[_number(value) for value in columns[place]] for place in chosen]

    @property
    def numeric_x(self) -> bool:
        """Are the labels numbers, each larger than the one before?"""
        numbers = [_number(value) for value in self.x]
        return all(a is not None and b is not None and a < b for a, b in pairwise(numbers)) and len(numbers) > 1


def _number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and abs(value) < float("inf") else None


def bars(series: Series, width: int, colours: bool) -> list[str]:
    """Horizontal bars, one line for each number."""
    label_width = min(_LABEL_MAX, max(map(width_of, series.labels)))
    numbers = [value for values in series.values for value in values if value is not None]
    low, high = min(0, *numbers), max(0, *numbers)
    figures = max(len(_figure(value)) for value in numbers)
    room = max(8, width - label_width - figures - 3)
    scale = (room / (high - low)) if high > low else 0
    zero = round(-low * scale)
    lines = []
    for place, label in enumerate(series.labels):
        for number, values in enumerate(series.values):
            name = padded(cut(label, label_width), label_width) if not number else " " * label_width
            value = values[place]
            bar = "" if value is None else _bar(value, scale, zero)
            paint = (_COLOURS[number % len(_COLOURS)], _OFF) if colours else ("", "")
            lines.append(f"{name} {paint[0]}{bar}{paint[1]} {'NULL' if value is None else _figure(value)}".rstrip())
    return [*lines, *_legend(series, colours)]


def _bar(value: float, scale: float, zero: int) -> str:
    if value < 0:
        length = min(zero, round(-value * scale))
        return " " * (zero - length) + "█" * length
    eighths = round(value * scale * 8)
    return " " * zero + "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def lines(series: Series, width: int, height: int, colours: bool) -> list[str]:
    """A line for each series over the first column."""
    numbers = [value for values in series.values for value in values if value is not None]
    low, high = min(numbers), max(numbers)
    if low == high:
        low, high = low - 1, high + 1
    middle = (low + high) / 2
    tops = [_figure(high), _figure(round(middle) if abs(high - low) >= 100 else middle), _figure(low)]
    margin = max(map(len, tops))
    columns, rows = max(8, width - margin - 2), max(4, height)
    x = [float(value) for value in series.x] if series.numeric_x else [float(place) for place in range(len(series.x))]
    first, span = x[0], (x[-1] - x[0]) or 1.0
    dots: dict[tuple[int, int], tuple[int, int]] = {}
    for number, values in enumerate(series.values):
        points = [
            (round((at - first) / span * (columns * 2 - 1)), round((high - value) / (high - low) * (rows * 4 - 1)))
            for at, value in zip(x, values)
            if value is not None
        ]
        for column, row in _joined(points):
            cell = (row // 4, column // 2)
            before = dots.get(cell, (0, number))
            dots[cell] = (before[0] | _DOTS[row % 4][column % 2], before[1])
    drawn = []
    for row in range(rows):
        axis = {0: tops[0], rows // 2: tops[1], rows - 1: tops[2]}.get(row, "")
        drawn.append(f"{padded(axis, margin, True)} │" + _row(dots, row, columns, colours).rstrip())
    ends = series.labels[0], series.labels[-1]
    drawn.append(" " * margin + " └" + "─" * columns)
    drawn.append(" " * (margin + 2) + ends[0] + padded(ends[1], max(1, columns - width_of(ends[0])), True))
    return [*drawn, *_legend(series, colours)]


def _row(dots: dict[tuple[int, int], tuple[int, int]], row: int, columns: int, colours: bool) -> str:
    text = ""
    for column in range(columns):
        bits, number = dots.get((row, column), (0, 0))
        character = chr(0x2800 + bits) if bits else " "
        text += f"{_COLOURS[number % len(_COLOURS)]}{character}{_OFF}" if bits and colours else character
    return text


def _joined(points: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """All dots on the way from point to point."""
    found = set(points)
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        found |= {(round(x0 + (x1 - x0) * k / steps), round(y0 + (y1 - y0) * k / steps)) for k in range(steps + 1)}
    return found


def _legend(series: Series, colours: bool) -> list[str]:
    if len(series.names) == 1:
        return []
    marks = [
        f"{_COLOURS[number % len(_COLOURS)]}■{_OFF} {name}" if colours else f"{number + 1}: {name}"
        for number, name in enumerate(series.names)
    ]
    return ["", "  ".join(marks)]


def _figure(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    return f"{value:,.4g}" if size < 1e4 else f"{value:,.1f}".removesuffix(".0") if size < 1e15 else f"{value:.4g}"
