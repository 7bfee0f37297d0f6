"""Which expressions may fail: what is computed for rows that SQLite would never look at must not.

A hash table is built over all rows of a source, before it is known which of them anyone asks for. ``abs(y)`` of the least integer,
``json_extract(y, '$')`` of no JSON, a function of the application: computed there, they would raise an error that SQLite, which
looks at one inner row after the other, does not meet. Such conditions stay behind the look-up, and such keys are not hashed.

Arithmetic, comparisons and CAST never fail in SQLite: integers become reals, what is no number is 0 or NULL. Of the functions those
listed never do.

Example: in ``t JOIN u ON u.x = t.x AND abs(u.y) > 1 AND u.z = 3`` the table of u holds the rows with z = 3, and ``abs`` is asked of those
that are found.
"""

from __future__ import annotations

from typing import Final

from aerodb_dbapi.planner.expressions import Call, Expression, Like
from aerodb_dbapi.planner.usage import is_flat, walk_nodes

_NEVER: Final = frozenset(
    (
        "char", "concat", "concat_ws", "glob", "hex", "instr", "length", "likelihood", "likely", "lower", "ltrim", "max", "min",
        "nullif", "octet_length", "quote", "round", "rtrim", "sign", "substr", "substring", "trim", "typeof", "unicode", "unlikely",
        "upper",
    )
)  # fmt: skip


def cannot_fail(expression: Expression) -> bool:
    """Whether computing the expression, which holds no subquery, raises no error whatever the row is."""
    return is_flat(expression) or all(_is_safe(node) for node in walk_nodes(expression))


def _is_safe(node: Expression) -> bool:
    if isinstance(node, Call):
        module = getattr(node.function, "__module__", None) or ""
        return node.name in _NEVER and module.startswith("aerodb_dbapi")
    return not (isinstance(node, Like) and node.escape is not None)
