"""Where results go: a file, a pipe, or a terminal with a pager when there is more than a screen.

`Paged` keeps what is written until it is clear whether it fits on the screen; then all goes there, or a pager is started and fed. Leaving
the pager ends the statement whose rows were being written (`Stopped`).
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_WAIT_S = 1.0
_TICK_S = 0.1
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Stopped(Exception):
    """Nobody reads on."""


class Paged(io.TextIOBase):
    """Output to a terminal. Use as a context manager, or close it."""

    def __init__(self, terminal: TextIO, pager: str | None) -> None:
        self.terminal = terminal
        self.pager = pager
        self.kept: list[str] = []
        self.lines = 0
        self.process: subprocess.Popen[str] | None = None
        size = shutil.get_terminal_size()
        self.height, self.width = size.lines - 2, max(size.columns, 1)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.process is not None:
            self._feed(text)
        elif self.pager is None:
            self.terminal.write(text)
        else:
            self.kept.append(text)
            self.lines += sum(1 + len(line) // self.width for line in text.split("\n")[:-1])
            if self.lines > self.height:
                self._start(self.pager)
        return len(text)

    def _start(self, pager: str) -> None:
        try:
            self.process = subprocess.Popen(shlex.split(pager), stdin=subprocess.PIPE, text=True, encoding="utf-8")
        except (OSError, ValueError):
            self.pager = None
            self.terminal.write("".join(self.kept))
        else:
            self._feed("".join(self.kept))
        self.kept = []

    def _feed(self, text: str) -> None:
        assert self.process is not None and self.process.stdin is not None
        try:
            self.process.stdin.write(text)
        except BrokenPipeError:
            raise Stopped from None

    def close(self) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            with suppress(BrokenPipeError):
                self.process.stdin.close()
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pager's now
            self.process.wait()
            signal.signal(signal.SIGINT, before)
            self.process = None
        elif self.kept:
            self.terminal.write("".join(self.kept))
        self.kept = []
        self.terminal.flush()


def default_pager() -> str | None:
    """The user's pager, or less where it is there."""
    if os.environ.get("PAGER"):
        return os.environ["PAGER"]
    return "less -RSXF" if shutil.which("less") else None


class Interrupts:
    """While a statement runs on a terminal: Ctrl-C interrupts it, and once more leaves it where it does not notice."""

    def __init__(self) -> None:
        self.count = 0
        self.ended: float | None = None  # when the last row was there

    @contextmanager
    def during(self, interrupt: Callable[[], Any]) -> Iterator[None]:
        """Ctrl-C calls `interrupt` inside the block."""
        self.count = 0

        def note(*_: Any) -> None:
            self.count += 1
            if self.count > 1:
                raise KeyboardInterrupt
            interrupt()

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def waiting(stream: TextIO) -> Iterator[None]:
    """Show on a terminal that something takes long."""
    done = threading.Event()
    begun = time.monotonic()

    def turn() -> None:
        if done.wait(_WAIT_S):
            return
        turns = 0
        while not done.wait(_TICK_S):
            spent = time.monotonic() - begun
            stream.write(f"\r\x1b[K{_SPINNER[turns % len(_SPINNER)]} {spent:.0f} s   Ctrl-C interrupts")
            stream.flush()
            turns += 1
        stream.write("\r\x1b[K")
        stream.flush()

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()

    try:
        yield
    finally:
        done.set()
        thread.join()


def is_terminal(stream: Any) -> bool:
    """Is it one that understands escape sequences?"""
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def colours_wanted() -> bool:
    """May output be coloured? NO_COLOR (https://no-color.org) says no."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")
