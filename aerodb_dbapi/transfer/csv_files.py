"""CSV as RFC 4180 has it, with a delimiter of choice: read and written by our own code, for two reasons.

NULL
    ``a,,b`` has no value in the middle, ``a,"",b`` an empty text. The `csv` module of Python 3.11 tells them not apart. A field
    that stands unquoted and equals one of the texts for NULL (at first the empty one) is NULL; a quoted field never is. What is
    written follows the same rule, so that a file comes back as it went.

Where
    Errors name the line on which the record began; the `csv` module counts lines of the record's end.

Speed: chunks without any quote are split by `str.split`. In the others a record that has quotes is read by a regular expression,
field by field; a quoted field that goes on over several lines ends on the line that makes the count of its quotes even.

Blank lines are nothing where there are several columns; with one column each is a NULL.

Example: ``1,"a ""b"" c",⏎`` is the record ("1", 'a "b" c', None).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, TextIO

from aerodb_dbapi.transfer.fields import Kinds, texts
from aerodb_dbapi.transfer.files import Batch, Lines, Options, Row, refused

Fields = list[str | None]


class CsvReader:
    """Reads a CSV file."""

    unit = "line"
    typed = False

    def __init__(self, file: BinaryIO, options: Options) -> None:
        self.lines = Lines(file, options.encoding)
        self.size = self.lines.size
        self.options = options
        self.nulls = frozenset(options.null)
        self.names: list[str] = []
        self.types: list[str] = []
        mark = re.escape(options.delimiter)
        self._field = re.compile(rf'(?:"([^"]*+(?:""[^"]*+)*+)"|([^{mark}"\r\n][^{mark}\r\n]*|))({mark}|\r?\n|\r|\Z)')

    def survey(self, report: Callable[[int], None]) -> None:
        """Names and types, from all rows."""
        kinds: list[Kinds] = []
        for batch in self.batches():
            kinds = kinds or [Kinds() for _ in self.names]
            for kind, column in zip(kinds, zip(*batch.rows)):
                kind.add_texts(column)
            report(batch.done)
        self.types = [kind.text_type for kind in kinds] or ["TEXT"] * len(self.names)

    def batches(self) -> Iterator[Batch]:
        """The rows; the first record of the file gives the names, or numbers for names."""
        width, first = 0, True
        for records, numbers, done in self._records():
            if first and records:
                first = False
                self.names = self._named(records[0], numbers[0])
                width = len(self.names)
                if self.options.header:
                    records, numbers = records[1:], numbers[1:]
            if set(map(len, records)) - {width}:
                records, numbers = self._regular(records, numbers, width)
            if records:
                yield Batch(records, numbers, done)

    def _named(self, record: Fields, number: int) -> list[str]:
        if not self.options.header:
            return [f"c{place}" for place in range(1, len(record) + 1)]
        names = [field or f"c{place}" for place, field in enumerate(record, 1)]
        seen: set[str] = set()
        for name in names:
            if name.lower() in seen:
                raise refused("line", number, f"column {name} is there twice")
            seen.add(name.lower())
        return names

    @staticmethod
    def _regular(records: list[Fields], numbers: list[int], width: int) -> tuple[list[Fields], list[int]]:
        """Without blank lines. Raises DataError for a record of another length."""
        kept = [(record, number) for record, number in zip(records, numbers) if width == 1 or record != [None]]
        for record, number in kept:
            if len(record) != width:
                raise refused("line", number, f"{len(record)} fields where {width} are expected")
        return [record for record, _ in kept], [number for _, number in kept]

    def _records(self) -> Iterator[tuple[list[Fields], list[int], int]]:
        """Records, the lines on which they begin, and how far the file is read."""
        number, open_text, open_number = 1, "", 0
        mark, nulls = self.options.delimiter, self.nulls
        for lines, done in self.lines.chunks():
            records: list[Fields] = []
            numbers: list[int] = []
            if not open_text and not any('"' in line for line in lines):
                for line in lines:
                    fields = line.rstrip("\r\n").split(mark)
                    records.append([None if field in nulls else field for field in fields])
                numbers = list(range(number, number + len(lines)))
                number += len(lines)
                yield records, numbers, done
                continue
            for line in lines:
                if not open_text:
                    open_number = number
                    fields_or_none = self._parsed(line, number)
                elif line.count('"') % 2:
                    fields_or_none = self._parsed(open_text + line, open_number)
                else:
                    fields_or_none = None
                number += 1
                if fields_or_none is None:
                    open_text += line  # str += is in place here, so long fields cost no more than their length
                    continue
                open_text = ""
                records.append(fields_or_none)
                numbers.append(open_number)
            yield records, numbers, done
        if open_text:
            raise refused("line", open_number, "a quoted field has no end")

    def _parsed(self, text: str, number: int) -> Fields | None:
        """The fields of a record; None if a quoted field goes on behind the text."""
        fields: Fields = []
        position, field = 0, self._field
        while True:
            matched = field.match(text, position)
            if matched is None:
                if text[position] == '"' and _open(text, position):
                    return None
                raise refused(
                    "line", number, f"field {len(fields) + 1}: a quote ends, and more follows before the next delimiter"
                )
            if matched[1] is not None:
                fields.append(matched[1].replace('""', '"'))
            else:
                fields.append(None if matched[2] in self.nulls else matched[2])
            position = matched.end()
            if matched[3] != self.options.delimiter:
                return fields


def _open(text: str, position: int) -> bool:
    """Does the quoted field that begins at a place not end in the text?"""
    matched = re.compile(r'"(?:[^"]|"")*').match(text, position)
    return matched is not None and matched.end() == len(text)


class CsvWriter:
    """Writes a CSV file."""

    def __init__(self, file: TextIO, options: Options) -> None:
        self.file = file
        self.options = options
        self.null = options.null[0]
        mark = re.escape(options.delimiter)
        self._special = re.compile(rf'[{mark}"\r\n]')

    def begin(self, names: Sequence[str]) -> None:
        """The header."""
        if self.options.header:
            self.file.write(self.options.delimiter.join(map(self._quoted, names)) + "\n")

    def write(self, rows: Sequence[Row]) -> None:
        """Some rows, column by column."""
        columns = [self._column(texts(column)) for column in zip(*rows)]
        join = self.options.delimiter.join
        self.file.writelines([join(fields) + "\n" for fields in zip(*columns)])

    def _column(self, values: list[str | None]) -> list[str]:
        nulls = self.options.null
        plain = [value for value in values if value is not None]
        if self._special.search("\0".join(plain)) is None and not any(null in plain for null in nulls):
            if len(plain) == len(values):
                return plain
            return [self.null if value is None else value for value in values]
        return [self.null if value is None else self._quoted(value) for value in values]

    def _quoted(self, value: str) -> str:
        if value in self.options.null or self._special.search(value):
            return '"' + value.replace('"', '""') + '"'
        return value

    def end(self) -> None:
        """Nothing is left to write."""
