"""ANALYZE and REINDEX: what their texts say.

``ANALYZE``, ``ANALYZE main``, ``ANALYZE t``, ``ANALYZE i`` and the last two with a database before the name; REINDEX takes a
collation too. Example: ``REINDEX main.t`` gives Maintenance('reindex', 't', 'main.t', 'main').

Does not: know which names exist (`executor.maintenance`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aerodb_dbapi.planner.lexer import END
from aerodb_dbapi.planner.stream import TokenStream


@dataclass(frozen=True, slots=True)
class Maintenance:
    """`what` is 'analyze' or 'reindex'; `name` None means everything; `written` is the name with its database."""

    what: str
    name: str | None = None
    written: str = ""
    database: str | None = None


def maintenance(stream: TokenStream) -> Maintenance | None:
    """Read an ANALYZE or REINDEX statement if the stream begins with one."""
    if stream.kind not in ("ANALYZE", "REINDEX"):
        return None
    what = stream.advance()[0].lower()
    if stream.kind in (END, ";"):
        return Maintenance(what)
    name = written = stream.name()
    if not stream.take("."):
        return Maintenance(what, name, written)
    name = stream.name()
    return Maintenance(what, name, f"{written}.{name}", written)
