"""LIKE and GLOB by index: the texts that begin with a pattern's fixed part lie next to each other.

``name LIKE 'ab%'`` is true only of texts in ['ab', 'ac') under NOCASE, ``name GLOB 'ab*'`` in the same range under BINARY. The
range is wider than the condition, which is tested as well, so it serves a guided scan (`planner.guided`); its ends are
computed when the pattern is known. As in SQLite the column must have TEXT affinity (a number is compared as its text, and
lies elsewhere in an index), its index the collation by which the operator compares, and there must be no ESCAPE.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.planner.expressions import Call, Expression, Like
from aerodb_dbapi.planner.query import TableSource
from aerodb_dbapi.planner.terms import ROWID, Bound, Term, own_column, stored_affinity
from aerodb_dbapi.planner.usage import nested_queries, sources_in
from aerodb_dbapi.storage.collations import fold_case

_WILD: Final = {"LIKE": "%_", "GLOB": "*?["}
_ORDER: Final = {"LIKE": "NOCASE", "GLOB": "BINARY"}
AFTER_TEXT: Final = b""  # before all blobs, after all texts


def prefix_terms(conjunct: Expression, source: TableSource) -> list[Term]:
    """The range that a LIKE or GLOB implies for a column of a table, as a term that does not answer the condition: one
    for each spelling of the collation in the column's indexes."""
    if not isinstance(conjunct, Like) or conjunct.negated or conjunct.escape is not None:
        return []
    pattern, position = conjunct.pattern, own_column(conjunct.operand, source)
    if position is None or position == ROWID:
        return []
    if stored_affinity(source, position) != "TEXT" or sources_in(pattern) or nested_queries(pattern):
        return []
    like = conjunct.op == "LIKE"
    low = Call("prefix", (pattern,), like_low if like else glob_low)
    high = Call("prefix_end", (pattern,), like_high if like else glob_high)
    lower, upper = Bound(low, None, False), Bound(high, None, True)
    parts = [part for index in source.table.indexes for part in index.columns if part.position == position]
    orders = sorted({part.collation for part in parts if part.collation.upper() == _ORDER[conjunct.op]})
    return [Term(conjunct, position, "range", order, lower=lower, upper=upper) for order in orders]


def like_low(pattern: Any) -> Any:
    """The least text that a LIKE pattern may match."""
    return _fixed(pattern, "LIKE")


def like_high(pattern: Any) -> Any:
    """What lies beyond all texts that a LIKE pattern may match."""
    return _end(_fixed(pattern, "LIKE"))


def glob_low(pattern: Any) -> Any:
    """The least text that a GLOB pattern may match."""
    return _fixed(pattern, "GLOB")


def glob_high(pattern: Any) -> Any:
    """What lies beyond all texts that a GLOB pattern may match."""
    return _end(_fixed(pattern, "GLOB"))


def _fixed(pattern: Any, op: str) -> str | None:
    """The characters before the first wildcard, folded as LIKE compares; '' where nothing is known; None for NULL."""
    if pattern is None:
        return None
    if pattern.__class__ is not str:
        return ""
    for place, character in enumerate(pattern):
        if character in _WILD[op]:
            pattern = pattern[:place]
            break
    return fold_case(pattern) if op == "LIKE" else str(pattern)


def _end(fixed: str | None) -> Any:
    """The first value after all texts that begin with the fixed part."""
    if fixed is None:
        return None
    for place in range(len(fixed) - 1, -1, -1):
        code = ord(fixed[place])
        if code < 0x10FFFF:
            return fixed[:place] + chr(code + 1)
    return AFTER_TEXT
