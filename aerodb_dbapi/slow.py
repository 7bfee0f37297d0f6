"""The log of slow statements: what `Connection.set_slow_log` writes to the logger `aerodb.slow`.

    connection.set_slow_log(0.5)
    WARNING aerodb.slow: 0.812 s, 3 rows: SELECT a FROM t ORDER BY b
      SCAN t
      USE TEMP B-TREE FOR ORDER BY

The time is the engine's: that of `execute`, and of making the rows when they are fetched (in parts of at most 256), without what the caller
does in between. A record is written when the last row is fetched, the cursor goes on or away, or the statement fails. It has the
attributes `seconds`, `rows`, `statement`, `plan`, `parameters` and `error`; the values of parameters only if they are asked for.

While there is no log nothing of this is on the way of a statement: with one, statements leave the hit path, as with a trace callback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter
from typing import Any, Final

from aerodb_dbapi.executor.session import Session
from aerodb_dbapi.executor.statement import DML, Prepared
from aerodb_dbapi.storage.errors import Error

logger: Final = logging.getLogger("aerodb.slow")
_PART: Final = 256


class SlowLog:
    """The settings of one connection."""

    def __init__(self, seconds: float, parameters: bool, plan: bool) -> None:
        self.seconds = seconds
        self.parameters = parameters
        self.plan = plan

    def run(self, session: Session, prepared: Prepared, values: tuple[Any, ...]) -> tuple[Any, int]:
        """`Session.run`, watched."""
        watch = _Watch(self, session, prepared, values)
        rows, count = watch.timed(lambda: session.run(prepared, values))
        if rows is None:
            watch.rows = count
            watch.end()
            return None, count
        return watch.through(iter(rows)), count

    def timed(self, statement: str, work: Callable[[], int | None]) -> None:
        """Something that has no rows to give; `work` tells how many it changed."""
        watch = _Watch(self, None, None, (), statement)
        watch.rows = watch.timed(work) or -1
        watch.end()


class _Watch:
    """One statement that is being timed."""

    def __init__(
        self, log: SlowLog, session: Session | None, prepared: Prepared | None, values: tuple[Any, ...], text: str = ""
    ) -> None:
        self.log = log
        self.session = session
        self.prepared = prepared
        self.values = values
        self.text = text if prepared is None else prepared.text
        self.seconds = 0.0
        self.rows = 0

    def timed(self, work: Callable[[], Any]) -> Any:
        """Do something, add its time; a failure ends the watch."""
        begin = perf_counter()
        try:
            return work()
        except BaseException as error:
            self.seconds += perf_counter() - begin
            begin = perf_counter()
            self.end(error)
            raise
        finally:
            self.seconds += perf_counter() - begin

    def through(self, rows: Iterator[Any]) -> Iterator[Any]:
        """The rows, fetched in growing parts."""
        size, failed = 1, False
        try:
            while True:
                failed = True
                part = self.timed(lambda: list(islice(rows, size)))  # noqa: B023
                failed = False
                if not part:
                    return
                self.rows += len(part)
                yield from part
                size = min(2 * size, _PART)
        finally:
            if not failed:
                self.end()

    def end(self, error: BaseException | None = None) -> None:
        """Write the record if there is to be one."""
        if self.seconds < self.log.seconds or not logger.isEnabledFor(logging.WARNING):
            return
        plan = self._plan() if self.log.plan else []
        values = self.values if self.log.parameters else None
        shown = "" if values is None else f" {values!r}"
        failure = "" if error is None else f" ({type(error).__name__}: {error})"
        lines = "".join(f"\n  {line}" for line in plan)
        count = "" if self.rows < 0 else f", {self.rows} rows"
        logger.warning(
            "%.3f s%s%s: %s%s%s", self.seconds, count, failure, self.text, shown, lines,
            extra={
                "seconds": self.seconds, "rows": self.rows, "statement": self.text, "plan": plan, "parameters": values,
                "error": error,
            },
        )  # fmt: skip

    def _plan(self) -> list[str]:
        """The lines of EXPLAIN QUERY PLAN, none where there is no plan (any more)."""
        session, prepared = self.session, self.prepared
        if session is None or prepared is None or prepared.compiled.kind not in (*DML, "select"):
            return []
        depths = {0: -1}
        lines = []
        try:
            rows, _ = session.run(session.prepare(f"EXPLAIN QUERY PLAN {prepared.text}"), self.values)
            for number, parent, _, detail in rows:
                depths[number] = depths.get(parent, -1) + 1
                lines.append("  " * depths[number] + detail)
        except Error:
            return []
        return lines
