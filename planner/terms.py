"""Terms: the conjuncts that a rowid or an index look-up on one source can answer.

A conjunct that compares one column of the source with something not of the source becomes a `Term`: ``=``, a range
bound, both bounds (BETWEEN), an IN list, IN over a subquery or IS NULL. `need` are the sources of this
block that the key refers to; a path may use the term once they are bound.

When may an index answer a comparison (INV-Q4)?
    * The comparison's collation is the index column's collation.
    * The comparison does not convert the column's side: `left_apply`/`right_apply` on that side is absent, or
      changes nothing in values that already have the column's affinity. (A TEXT column compared with a number column
      is compared as numbers: the index, ordered as text, cannot answer.)
    * The key is the other side *after its own affinity in the comparison* (`IndexScan.apply`), not after the
      column's: thus the entry equals the key exactly when the comparison is true. NULL keys find nothing, as a
      comparison with NULL is not true.
    Entries are in SQLite's order of all storage classes, so ranges are exact too.
    The rowid's own key conversion is NUMERIC; a comparison without it (possible after a compound's column was
    replaced) is answered only where the key cannot be text, or else checked again.

Example: ``t.a = '5'`` with a INTEGER arrives as Compare('=', a, '5', right_apply='NUMERIC'): a term with key '5' and
apply NUMERIC. ``t.a = u.s`` with a TEXT and u.s INTEGER has left_apply 'NUMERIC': no term for t, but one for u.s if
it is indexed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aerodb_dbapi.planner.expressions import (
    Between,
    Call,
    Cast,
    Column,
    Compare,
    Constant,
    Expression,
    Indexed,
    InList,
    InQuery,
    IsNull,
)
from aerodb_dbapi.planner.failing import cannot_fail
from aerodb_dbapi.planner.query import Query, TableSource
from aerodb_dbapi.planner.usage import SUBQUERY_NODES, is_deterministic, walk_nodes
from aerodb_dbapi.storage.catalog import Table

ROWID: Final = -1
PLACED: Final = (Column, Indexed)
_NUMERIC: Final = frozenset(("INTEGER", "REAL", "NUMERIC"))
_MIRRORED: Final = {"=": "=", "IS": "IS", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(slots=True)
class Bound:
    """One end of a range."""

    key: Expression
    apply: str | None
    open: bool


IN_QUERY_ROWS: Final = 25.0


@dataclass(slots=True)
class Term:
    """A conjunct that an access path on `column` can answer. `kind`: '=', 'in', 'query', 'null', 'range'."""

    conjunct: Expression
    column: int
    kind: str
    order: str
    need: int = 0
    key: Expression | None = None
    apply: str | None = None
    items: tuple[Expression, ...] = ()
    query: Query | None = None
    count: float = IN_QUERY_ROWS  # how many rows the query is thought to give
    lower: Bound | None = None
    upper: Bound | None = None
    exact: bool = True  # rowid only: the look-up finds no row for which the conjunct is not true
    rowid_safe: bool = True  # rowid only: the look-up misses no row


@dataclass(slots=True)
class Equality:
    """`build = probe` for a hash look-up: `build` over the site's source only, `probe` free of it."""

    conjunct: Expression
    probe: Expression
    build: Expression
    apply: tuple[str | None, str | None]
    order: str
    need: int
    kept: float


def column_affinity(table: Table, position: int) -> str:
    """The affinity of values stored at a position."""
    return "INTEGER" if position == ROWID else table.columns[position].affinity


_TEXTS: Final = frozenset(("lower", "upper", "trim", "ltrim", "rtrim", "hex", "quote", "typeof"))
_INTEGERS: Final = frozenset(("length", "instr", "octet_length", "unicode"))


def stored_affinity(source: TableSource, position: int) -> str:
    """The affinity that values at a position, also of an indexed expression, already have."""
    if position >= ROWID:
        return column_affinity(source.table, position)
    expression = source.computed[position]
    if isinstance(expression, Call) and (getattr(expression.function, "__module__", None) or "").startswith(
        "aerodb_dbapi"
    ):
        return "TEXT" if expression.name in _TEXTS else "INTEGER" if expression.name in _INTEGERS else "BLOB"
    return expression.affinity or "BLOB"


def table_position(table: Table, position: int) -> int:
    """A column position with the rowid's alias folded into -1."""
    return ROWID if position == table.rowid_alias else position


def changes_nothing(apply: str | None, affinity: str) -> bool:
    """Whether converting values stored with an affinity leaves them all as they are."""
    return apply is None or apply == affinity or (apply == "NUMERIC" and affinity in _NUMERIC)


def _key_class(apply: str | None, key: Expression, tables: set[int]) -> tuple[bool, bool]:
    """(exact, safe for ranges) of a rowid key: a key without conversion must not be text that looks like a number."""
    if apply is not None:
        return apply in _NUMERIC, apply in _NUMERIC
    if isinstance(key, Constant):
        sure = not isinstance(key.value, str)
    elif isinstance(key, Cast):
        sure = key.target in _NUMERIC
    else:
        sure = isinstance(key, Column) and key.source in tables and key.affinity in _NUMERIC
    return sure, sure


def make_term(conjunct: Expression, source: TableSource, tables: set[int]) -> Term | None:
    """The term of a conjunct for a table, or None. The caller fills `need` and rejects keys that use the source
    itself."""
    kind = conjunct.__class__
    if kind is Compare:
        return _compare_term(conjunct, source, tables)  # type: ignore[arg-type]
    if kind is IsNull:
        position = own_column(conjunct.operand, source)  # type: ignore[attr-defined]
        if position is None or conjunct.negated or position == ROWID:  # type: ignore[attr-defined]
            return None
        return Term(conjunct, position, "null", "")
    if kind is InList:
        return _list_term(conjunct, source, tables)  # type: ignore[arg-type]
    if kind is Between:
        return _between_term(conjunct, source, tables)  # type: ignore[arg-type]
    if kind is InQuery:
        return _query_term(conjunct, source)  # type: ignore[arg-type]
    return None


def own_column(expression: Expression, source: TableSource) -> int | None:
    """The position of a column, or of an indexed expression, of a table, if the expression is one."""
    if expression.__class__ in PLACED and expression.source == source.id:
        return table_position(source.table, expression.position)
    return None


def _compare_term(conjunct: Compare, source: TableSource, tables: set[int]) -> Term | None:
    op = conjunct.op
    if op not in _MIRRORED:
        return None
    position, key, own_apply, key_apply = (
        own_column(conjunct.left, source), conjunct.right, conjunct.left_apply, conjunct.right_apply,
    )  # fmt: skip
    if position is None:
        position = own_column(conjunct.right, source)
        if position is None:
            return None
        key, own_apply, key_apply, op = conjunct.left, conjunct.right_apply, conjunct.left_apply, _MIRRORED[op]
    if not changes_nothing(own_apply, stored_affinity(source, position)):
        return None
    if op == "IS":
        return _is_term(conjunct, position, key, key_apply, tables)
    exact, safe = _key_class(key_apply, key, tables) if position == ROWID else (True, True)
    term = Term(conjunct, position, "=", conjunct.order, 0, key, key_apply, exact=exact, rowid_safe=safe)
    if op != "=":
        bound = Bound(key, key_apply, op in ("<", ">"))
        term.kind = "range"
        term.lower, term.upper = (bound, None) if op[0] == ">" else (None, bound)
    return term


def _is_term(conjunct: Compare, position: int, key: Expression, apply: str | None, tables: set[int]) -> Term | None:
    if not isinstance(key, Constant):
        return None
    if key.value is None:
        return None if position == ROWID else Term(conjunct, position, "null", "")
    exact, safe = _key_class(apply, key, tables) if position == ROWID else (True, True)
    return Term(conjunct, position, "=", conjunct.order, 0, key, apply, exact=exact, rowid_safe=safe)


def _list_term(conjunct: InList, source: TableSource, tables: set[int]) -> Term | None:
    position = own_column(conjunct.operand, source)
    if position is None or conjunct.negated:
        return None
    if not changes_nothing(conjunct.operand_apply, stored_affinity(source, position)):
        return None
    exact = position != ROWID or all(_key_class(conjunct.items_apply, item, tables)[0] for item in conjunct.items)
    return Term(
        conjunct, position, "in", conjunct.order, 0, None, conjunct.items_apply, conjunct.items, exact=exact
    )  # fmt: skip


def _between_term(conjunct: Between, source: TableSource, tables: set[int]) -> Term | None:
    position = own_column(conjunct.operand, source)
    if position is None or conjunct.negated:
        return None
    affinity = stored_affinity(source, position)
    if not (changes_nothing(conjunct.low_apply[0], affinity) and changes_nothing(conjunct.high_apply[0], affinity)):
        return None
    safe = position != ROWID or (
        _key_class(conjunct.low_apply[1], conjunct.low, tables)[1]
        and _key_class(conjunct.high_apply[1], conjunct.high, tables)[1]
    )
    low = Bound(conjunct.low, conjunct.low_apply[1], False)
    high = Bound(conjunct.high, conjunct.high_apply[1], False)
    return Term(conjunct, position, "range", conjunct.order, lower=low, upper=high, rowid_safe=safe)


def _query_term(conjunct: InQuery, source: TableSource) -> Term | None:
    if conjunct.negated or len(conjunct.operands) != 1:
        return None
    position, apply = own_column(conjunct.operands[0], source), conjunct.items_apply[0]
    if position is None or not changes_nothing(conjunct.operand_apply[0], stored_affinity(source, position)):
        return None
    exact = position != ROWID or apply in _NUMERIC
    return Term(conjunct, position, "query", conjunct.order[0], 0, None, apply, query=conjunct.query, exact=exact)


def term_keys(term: Term) -> list[Expression]:
    """The expressions on the other side of a term's comparison."""
    if term.kind == "range":
        return [bound.key for bound in (term.lower, term.upper) if bound is not None]
    return [term.key] if term.key is not None else list(term.items)


def make_equality(conjunct: Expression, own: int, mask_of: Callable[[Expression], int]) -> tuple[Any, ...] | None:
    """(probe, build, (probe apply, build apply), order) of a conjunct usable for a hash look-up of source `own`."""
    if conjunct.__class__ is not Compare or conjunct.op != "=":
        return None
    left, right = conjunct.left, conjunct.right
    left_apply, right_apply = conjunct.left_apply, conjunct.right_apply
    if _is_build(right, own, mask_of) and not mask_of(left) & own:
        return left, right, (left_apply, right_apply), conjunct.order
    if _is_build(left, own, mask_of) and not mask_of(right) & own:
        return right, left, (right_apply, left_apply), conjunct.order
    return None


def _is_build(expression: Expression, own: int, mask_of: Callable[[Expression], int]) -> bool:
    if mask_of(expression) != own:
        return False
    if expression.__class__ is Column:
        return True
    if any(isinstance(node, SUBQUERY_NODES) for node in walk_nodes(expression)):
        return False
    return is_deterministic(expression) and cannot_fail(expression)
