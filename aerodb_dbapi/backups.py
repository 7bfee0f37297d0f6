"""What a progress callback of `Connection.backup` is told, in pages.

SQLite counts pages of its file. Here the definitions are one page, and every 256 rows and index entries another:

    2 rows, no index          2 pages
    1,000 rows, one index     1 + ceil(2,000 / 256) = 9 pages

The callback may write to the source through its own connection. The copy is then of no use, for it is of an earlier commit:
`SourceChanged` ends it, and it is begun anew from the latest one, as SQLite does when a source changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aerodb_dbapi.executor.session import Session

PAGE: Final = 256
DONE: Final = 101
"""SQLite's status of the last step."""


class SourceChanged(Exception):
    """The connection has committed something to the source meanwhile."""


class Copying:
    """The progress of one copy: `tell` is called with the numbers of entries that are done and of all."""

    def __init__(self, session: Session, progress: Callable[[int, int, int], object] | None, pages: int) -> None:
        self.session = session
        self.progress = progress
        self.pages = pages
        self.told = 0
        self.total = 1
        self._state = self._seen()

    def _seen(self) -> tuple[object, int]:
        return self.session.database.root.schema, self.session.total_changes

    def tell(self, done: int, of: int) -> None:
        """So many entries are copied."""
        self.total = 1 + -(-of // PAGE)
        now = self.total if done == of else 1 + done // PAGE
        if self.progress is None or self.pages <= 0 or now - self.told < self.pages or now == self.total:
            return
        self.told = now
        self.progress(0, self.total - now, self.total)
        schema, changes = self._seen()
        if schema is not self._state[0] or changes != self._state[1]:
            raise SourceChanged

    def end(self) -> None:
        """The copy is made."""
        if self.progress is not None:
            self.progress(DONE, 0, self.total)
