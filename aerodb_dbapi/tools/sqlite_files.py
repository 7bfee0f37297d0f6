"""``import SQLITE FILE`` and ``export FILE SQLITE``: the command line of `transfer/sqlite_copy.py`.

What was taken over is told table by table. Exit code 0; 1 if something was left out, or it could not be done: then a file that
the command has made is taken away again.

Example::

    $ python -m aerodb_dbapi.tools import old.sqlite app.db
    track: 3,503 rows
    1 table with 3,503 rows, 2 indexes; compared: equal
"""

from __future__ import annotations

import argparse
import os
from contextlib import closing, suppress
from typing import TextIO

import aerodb_dbapi.connection
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.transfer.progress import shown
from aerodb_dbapi.transfer.sqlite_copy import Copied, export_sqlite, import_sqlite


def import_file(options: argparse.Namespace, output: TextIO, messages: TextIO) -> int:
    """Run ``import``; the exit code."""
    made = not os.path.exists(options.new)
    try:
        with (
            closing(aerodb_dbapi.connection.connect(options.new, isolation_level=None)) as connection,
            shown(messages) as progress,
        ):
            copied = import_sqlite(
                connection,
                options.file,
                tables=options.table,
                text_errors=options.text_errors,
                skip_unsupported=options.skip_unsupported,
                progress=progress,
            )
    except BaseException:
        if made:
            with suppress(FileNotFoundError):
                os.remove(options.new)
        raise
    return told(copied, output)


def export_file(options: argparse.Namespace, output: TextIO, messages: TextIO) -> int:
    """Run ``export``; the exit code."""
    if not os.path.exists(options.file):
        raise OperationalError(f"unable to open database file: {options.file}", name="SQLITE_CANTOPEN")
    with (
        closing(aerodb_dbapi.connection.connect(options.file, isolation_level=None)) as connection,
        shown(messages) as progress,
    ):
        copied = export_sqlite(
            connection,
            options.new,
            tables=options.table,
            skip_unsupported=options.skip_unsupported,
            replace=options.replace,
            progress=progress,
        )
    return told(copied, output)


def told(copied: Copied, output: TextIO) -> int:
    """Print what was copied; 1 if something was left out."""
    for name, rows in copied.tables.items():
        output.write(f"{name}: {rows:,} {'row' if rows == 1 else 'rows'}\n")
    for sentence in copied.skipped:
        output.write(f"left out: {sentence}\n")
    output.write(f"{copied}\n")
    return 1 if copied.skipped else 0
