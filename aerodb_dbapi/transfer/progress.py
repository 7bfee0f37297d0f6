"""How far something has come: `Progress` is any callable ``(what, done, total)``; `shown` makes one for a stream.

A total of 0 is one that nobody knows.

On a terminal it is a bar of `rich` where that is installed, else a line that is written over; elsewhere nothing.

Example::

    with shown(sys.stderr) as progress:
        progress("table t", 3, 4)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

Progress = Callable[[str, int, int], None]
BATCH = 5_000  # rows between two reports


def silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


@contextmanager
def shown(stream: TextIO) -> Iterator[Progress]:
    """Progress on a stream, for as long as the block runs; what was shown is taken away at its end."""
    if not stream.isatty():
        yield silent
        return
    try:
        from rich.progress import Progress as Bars
    except ImportError:
        yield from _line(stream)
        return
    yield from _bars(stream, Bars)


def _line(stream: TextIO) -> Iterator[Progress]:
    def report(what: str, done: int, total: int) -> None:
        stream.write(f"\r\x1b[K{what} {f'{min(100, 100 * done // total)} %' if total else f'{done:,}'}")
        stream.flush()

    try:
        yield report
    finally:
        stream.write("\r\x1b[K")
        stream.flush()


def _bars(stream: TextIO, bars: Any) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with bars(*columns, console=Console(file=stream), transient=True) as display:
        task = display.add_task("…", total=None)
        before = ""

        def report(what: str, done: int, total: int) -> None:
            nonlocal before
            if what != before:
                display.reset(task)
            shown_done = f"{what} {done:,}" if not total else what
            display.update(task, description=shown_done[:50], total=total or None, completed=min(done, total or done))
            before = what

        yield report
