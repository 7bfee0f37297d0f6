"""Files of rows: what a format offers to import and export, and what they share.

A *reader* knows its column names and their kinds after one pass over the file (`survey`), then gives the rows in batches, each row with the
number of the line (of Parquet: of the row) it came from. A *writer* is given names once and then batches of rows.

Example: ``CsvReader(source, …).survey()`` of the file ``a,b⏎1,x⏎`` gives names a and b, of the types INTEGER and TEXT.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from aerodb_dbapi.storage.errors import DataError, OperationalError

Row = Sequence[Any]
CHUNK = 1 << 20  # about how many characters of a text file are looked at together


@dataclass
class Batch:
    """Rows, the number that each has in its file, and how far into the file they go."""

    rows: Sequence[Row]
    numbers: Sequence[int]
    done: int


@dataclass(frozen=True)
class Options:
    """How a text file is written: `null` are the texts that, unquoted, stand for NULL; the first one is written."""

    header: bool = True
    delimiter: str = ","
    null: tuple[str, ...] = ("",)
    encoding: str = "utf-8"


class Reader(Protocol):
    """A file that is read."""

    unit: str  # what numbers count
    typed: bool  # are values more than text?
    names: list[str]
    types: list[str]
    size: int

    def survey(self, report: Callable[[int], None]) -> None:
        """Set `names` and `types`; tell how far into the file that is."""

    def batches(self) -> Iterator[Batch]:
        """The rows, in the order of `names`."""


class Writer(Protocol):
    """A file that is written."""

    def begin(self, names: Sequence[str]) -> None:
        """The names of the columns."""

    def write(self, rows: Sequence[Row]) -> None:
        """Some rows."""

    def end(self) -> None:
        """Nothing more comes."""


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file that can be read twice: what comes from a pipe is kept in a temporary file."""
    with _open(path) as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            yield copy


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise OperationalError(f"unable to open {path}: {error.strerror}", name="SQLITE_CANTOPEN") from None


def length_of(file: BinaryIO) -> int:
    """Its bytes."""
    return os.fstat(file.fileno()).st_size


class Lines:
    """The lines of a text file, in chunks, with their ends."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self.file = file
        self.encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        self.size = length_of(file)

    def chunks(self) -> Iterator[tuple[list[str], int]]:
        """Lists of lines, and how many bytes were read. Bytes that cannot be decoded are lone surrogates in them."""
        self.file.seek(0)
        text = io.TextIOWrapper(self.file, self.encoding, errors="surrogateescape", newline="")
        number = 0
        try:
            while lines := text.readlines(CHUNK):
                number += len(lines)
                yield lines, self.file.tell()
        except UnicodeError as error:
            raise DataError(f"behind line {number}: {error}") from None
        except LookupError as error:
            raise OperationalError(str(error)) from None
        finally:
            text.detach()


def refused(unit: str, number: int, message: str) -> DataError:
    """An error that says where."""
    return DataError(f"{unit} {number}: {message}")
