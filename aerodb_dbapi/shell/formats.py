"""Rows as text, in the mode that is set. `write` goes through the rows in batches, so results of any size pass by.

    table     aligned; the widths are those of the first batch; on a terminal long values are cut, so that rows fit
    line      one value a line, a row a paragraph
    list      values separated by ``|`` (`.separator`); tabs: by tabs
    csv       RFC 4180 with a header · json: one array · jsonl: one object a line · markdown: a table

Values on a terminal have their control characters replaced, so that no text can move the cursor or set colours.

Example: the row (1, None, x'0a') in mode list is ``1||X'0A'``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final, TextIO, cast

from aerodb_dbapi.storage.values import as_text
from aerodb_dbapi.transfer.csv_files import CsvWriter
from aerodb_dbapi.transfer.fields import shown_blob
from aerodb_dbapi.transfer.files import Options
from aerodb_dbapi.transfer.json_lines import json_object

BATCH: Final = 500
_CUT_MIN: Final = 6
_CONTROLS: Final = {code: 0x2400 + code for code in range(32)} | {127: 0x2421} | dict.fromkeys(range(128, 160), 0xFFFD)
_CONTROLS_IN_LINES: Final = {code: shown for code, shown in _CONTROLS.items() if code not in (9, 10)}
BOLD, DIM, OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"


@dataclass
class Style:
    """How rows are written. `width` is the terminal's, or None where nothing is cut; `colours` only on terminals."""

    mode: str = "list"
    headers: bool = False
    null: str = ""
    separator: str = "|"
    width: int | None = None
    colours: bool = False


Rows = Iterator[Sequence[Any]]
Out = Callable[[str], Any]


def write(names: Sequence[str], rows: Iterable[Sequence[Any]], style: Style, out: TextIO) -> int:
    """Write all rows; how many there were."""
    counted = _Counted(rows)
    raw = style.mode not in ("table", "line")  # those two see to it themselves
    MODES[style.mode](names, counted, style, cast(TextIO, _Safe(out)) if raw and style.width is not None else out)
    return counted.count


class _Safe:
    """Output to a terminal without control characters, but for line ends and tabs."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def write(self, text: str) -> int:
        return self.out.write(safe_lines(text))

    def writelines(self, lines: Iterable[str]) -> None:
        self.out.writelines(map(safe_lines, lines))


class _Counted:
    """An iterator that knows how many rows went by."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.rows = iter(rows)
        self.count = 0

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> Sequence[Any]:
        row = next(self.rows)
        self.count += 1
        return row


def shown(value: Any, null: str = "") -> str:
    """A value as plain text."""
    if value is None:
        return null
    if isinstance(value, bytes):
        return shown_blob(value)
    return as_text(value)


def safe(text: str) -> str:
    """A text without control characters."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def safe_lines(text: str) -> str:
    """A text without control characters but for line ends and tabs."""
    return text if text.isprintable() else text.translate(_CONTROLS_IN_LINES)


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(c) or c in "\u200b\u200d\ufe0f"
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def cut(text: str, width: int) -> str:
    """A text of at most that many columns, ``…`` at its end if something is missing."""
    if width_of(text) <= width:
        return text
    kept, taken = "", 0
    for character in text:
        taken += width_of(character)
        if taken > width - 1:
            break
        kept += character
    return kept + "…"


def padded(text: str, width: int, right: bool = False) -> str:
    """A text filled up with spaces."""
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def _table(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    """Aligned columns: numbers to the right. A batch with wider values widens the columns from there on."""
    first = list(islice(rows, BATCH))
    numeric = [_numeric(column) for column in zip(*first)] or [False] * len(names)
    heads = [safe(name) for name in names]
    widest = list(map(width_of, heads))
    bold, dim, off = (BOLD, DIM, OFF) if style.colours else ("", "", "")
    bar, batch = f" {dim}│{off} ", first
    while batch or batch is first:
        cells = [[safe(shown(value, style.null)) for value in row] for row in batch]
        widest = [max(known, *map(width_of, column)) for known, column in zip(widest, zip(*cells))] or widest
        widths = widest if style.width is None else fitted(widest, style.width - 3 * len(widest) + 1)
        if batch is first:
            head = bar.join(f"{bold}{padded(cut(name, width), width)}{off}" for name, width in zip(heads, widths))
            out.write(f" {head}".rstrip(" ") + f"\n{dim}{'┼'.join('─' * (width + 2) for width in widths)}{off}\n")
        for row, texts in zip(batch, cells):
            line = bar.join(
                f"{dim}{text}{off}" if value is None else text
                for value, text in zip(row, map(_fitting, texts, widths, numeric))
            )
            out.write(f" {line}".rstrip(" ") + "\n")
        batch = list(islice(rows, BATCH))


def _fitting(text: str, width: int, right: bool) -> str:
    return padded(cut(text, width), width, right)


def fitted(widths: list[int], room: int) -> list[int]:
    """Widths that fit into the room, taken from the widest columns."""
    made = list(widths)
    while sum(made) > room and max(made) > _CUT_MIN:
        widest = max(made)
        second = max((width for width in made if width < widest), default=0)
        places = [place for place, width in enumerate(made) if width == widest]
        goal = max(second, _CUT_MIN, widest - -(-(sum(made) - room) // len(places)))
        for place in places:
            made[place] = goal
    return made


def _numeric(column: Sequence[Any]) -> bool:
    kinds = set(map(type, column)) - {type(None)}
    return bool(kinds) and kinds <= {int, float}


def _line(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    """One value a line."""
    clean = safe if style.width is not None else str
    width = max(map(width_of, names), default=0)
    bold, off = (BOLD, OFF) if style.colours else ("", "")
    for number, row in enumerate(rows):
        out.write("\n" if number else "")
        for name, value in zip(names, row):
            text = shown(value, style.null)
            text = safe_lines(text) if style.width is not None else text
            out.write(f"{bold}{padded(clean(name), width, True)}{off} = {text}\n")


def _list(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    mark = style.separator
    if style.headers:
        out.write(mark.join(names) + "\n")
    for row in rows:
        out.write(mark.join([shown(value, style.null) for value in row]) + "\n")


def _tabs(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    _list(names, rows, Style("list", style.headers, style.null, "\t"), out)


def _csv(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    writer = CsvWriter(out, Options(header=True, null=(style.null,)))
    writer.begin(names)
    while batch := list(islice(rows, BATCH)):
        writer.write(batch)


def _json(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    keys = distinct(names)
    out.write("[")
    for number, row in enumerate(rows):
        out.write((",\n" if number else "") + json_object(dict(zip(keys, row))))
    out.write("]\n")


def _jsonl(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    keys = distinct(names)
    for row in rows:
        out.write(json_object(dict(zip(keys, row))) + "\n")


def distinct(names: Sequence[str]) -> list[str]:
    """Names for the members of an object: of columns with one name the second is ``name:1``, as in a subquery of SQLite."""
    found: dict[str, None] = {}
    for name in names:
        number, made = 0, name
        while made in found:
            number += 1
            made = f"{name}:{number}"
        found[made] = None
    return list(found)


def _markdown(names: Sequence[str], rows: Rows, style: Style, out: TextIO) -> None:
    first = list(islice(rows, BATCH))
    numeric = [_numeric(column) for column in zip(*first)] or [False] * len(names)
    heads = list(map(_cell, names))
    cells = [[_cell(shown(value, style.null)) for value in row] for row in first]
    widths = [max(3, *map(width_of, column)) for column in zip(heads, *cells)]
    out.write(_ruled(heads, widths, [False] * len(widths)))
    lines = ["-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, numeric)]
    out.write(_ruled(lines, widths, numeric))
    for row in chain(cells, ([_cell(shown(value, style.null)) for value in row] for row in rows)):
        out.write(_ruled(row, widths, numeric))


def _ruled(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    filled = [padded(cell, width, right) for cell, width, right in zip(cells, widths, numeric)]
    return f"| {' | '.join(filled)} |\n"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", "").replace("\n", "<br>")


MODES: Final[dict[str, Callable[[Sequence[str], Rows, Style, TextIO], None]]] = {
    "table": _table, "line": _line, "list": _list, "tabs": _tabs, "csv": _csv, "json": _json, "jsonl": _jsonl,
    "markdown": _markdown,
}  # fmt: skip
MODE_ALIASES: Final = {
    "column": "table",
    "columns": "table",
    "box": "table",
    "vertical": "line",
    "lines": "line",
    "md": "markdown",
}
