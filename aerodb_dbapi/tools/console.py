"""How the tools talk: results on standard output; progress on standard error where that is a terminal.

Example: ``Progress(sys.stderr)("checking", 3, 4)`` shows ``checking 75 %`` in place of what it showed before.
"""

from __future__ import annotations

from typing import TextIO


class Progress:
    """One line on a terminal that is written over; nothing elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.enabled = stream.isatty()
        self._shown = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far something has come."""
        if self.enabled:
            self._show(f"{what} {min(100, 100 * done // max(total, 1))} %")

    def clear(self) -> None:
        """Take the line away."""
        if self.enabled:
            self._show("")

    def _show(self, text: str) -> None:
        if text != self._shown:
            self.stream.write(f"\r\x1b[K{text}")
            self.stream.flush()
            self._shown = text


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 block``, ``2 blocks``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
