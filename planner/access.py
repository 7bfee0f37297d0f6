"""The ways to read one source, and what each way costs. Which conjuncts a look-up can answer is decided in `terms`.

Paths
    A `Path` is an `Access` with its cost: `fixed` once (a hash table), `each` per outer row, `rows` found per outer
    row, and the conjuncts it answers exactly (`used`), which need no test afterwards. `sequence` is the order rows
    come in: (column, descending) pairs, ending with the rowid; `bound` are columns that are constant
    during one look-up, with the collation under which they are. `retested`: `used` says what is kept, but is tested again.

Example: ``u.x = t.a AND u.y > 5`` with an index on u(x, y): once t is bound, IndexScan(equal=(t.a,), lower=5,
lower_open); `used` holds both conjuncts, `sequence` is ((y, False), (rowid, False)), `bound` {x: BINARY}.

Partial indexes are read where the conjuncts imply their condition (`_is_implied`). Ranges whose width is not known, and the
prefixes of LIKE and GLOB, are left to `planner.guided`. Further paths: `planner.unions`, `planner.skip_scan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aerodb_dbapi.planner.cost import (
    BETWEEN_KEPT,
    BUILD_ROW,
    COVERING_ROW,
    FILTER,
    HASH_PROBE,
    HASH_ROW,
    INDEX_LOOKUP,
    INDEX_ROW,
    RANGE_KEPT,
    RANGE_START,
    ROWID_LOOKUP,
    SCAN_ROW,
    Selectivity,
    rows_per_key,
)
from aerodb_dbapi.planner.expressions import Column, Compare, Expression, IsNull, walk
from aerodb_dbapi.planner.failing import cannot_fail
from aerodb_dbapi.planner.lists import item_count
from aerodb_dbapi.planner.query import (
    Access,
    HashLookup,
    IndexScan,
    RowidIn,
    RowidPoint,
    RowidRange,
    Source,
    TableSource,
)
from aerodb_dbapi.planner.terms import IN_QUERY_ROWS, ROWID, Bound, Equality, Term, own_column, table_position
from aerodb_dbapi.storage.catalog import Index, IndexColumn, Table
from aerodb_dbapi.storage.errors import OperationalError

_EQUAL: Final = ("=", "null", "in", "query")
_SEVERAL: Final = ("in", "query")


@dataclass(slots=True)
class Path:
    """An access and its price. See the module's docstring."""

    access: Access
    fixed: float
    each: float
    rows: float
    used: tuple[Expression, ...] = ()
    sequence: tuple[tuple[int, bool, str], ...] = ()
    bound: dict[int, str] = field(default_factory=dict)
    single: bool = False
    reversible: bool = True
    retested: bool = False


@dataclass(slots=True)
class Alternatives:
    """An OR, and of each operand the terms that an access path may answer, and its conjuncts (`planner.unions`)."""

    conjunct: Expression
    operands: list[tuple[list[Term], list[Expression]]]


@dataclass(slots=True)
class Site:
    """One source of a block, ready for path search. `terms` and `hashable` are filled by the block's planner."""

    source: Source
    bit: int
    rows: float
    scan_cost: float
    used_columns: set[int]
    terms: list[Term] = field(default_factory=list)
    alternatives: list[Alternatives] = field(default_factory=list)
    equalities: list[Equality] = field(default_factory=list)
    local: list[Expression] = field(default_factory=list)  # conjuncts on this source alone
    local_kept: float = 1.0
    may_hash: bool = True
    optional: bool = False  # right side of a LEFT JOIN


def point_path(site: Site, available: int) -> Path | None:
    """The look-up by rowid, if there is one: nothing is better than it."""
    for term in site.terms:
        if term.column == ROWID and term.kind == "=" and not term.need & ~available:
            assert term.key is not None
            used = (term.conjunct,) if term.exact else ()
            return Path(RowidPoint(key=term.key), 0.0, ROWID_LOOKUP, 1.0, used, bound={ROWID: "BINARY"}, single=True)
    return None


def paths(site: Site, available: int, estimate: Selectivity, *, ordered: bool = False) -> list[Path]:
    """All ways to read a source when the sources of mask `available` are bound. `ordered`: also whole-index scans
    that are worth it only for their order."""
    source = site.source
    found: list[Path] = []
    if isinstance(source, TableSource):
        forced = source.indexed_by
        if not forced:
            point = point_path(site, available)
            if point is not None:
                return [point]
        terms = [term for term in site.terms if not term.need & ~available]
        if forced != "":
            found = _index_paths(site, source, terms, estimate, ordered)
        if forced:
            return found or _no_solution()
        found += rowid_paths(site, terms)
    found.insert(0, full_path(site))
    hashed = hash_path(site, available)
    if hashed is not None:
        found.append(hashed)
    return found


def _no_solution() -> list[Path]:
    raise OperationalError("no query solution")


def full_path(site: Site) -> Path:
    """Reading everything, in rowid order for a table, in the order of its key for a WITHOUT ROWID table."""
    if isinstance(site.source, TableSource) and site.source.table.key_index is not None:
        return _key_path(site, site.source)
    table = isinstance(site.source, TableSource)
    sequence = ((ROWID, False, ""),) if table else ()
    return Path(Access(), site.scan_cost, site.rows * SCAN_ROW, site.rows, (), sequence, reversible=table)


def whole_access(table: Table) -> Access:
    """Reading all of a table in the order in which it gives its rows."""
    index = table.key_index
    return Access() if index is None else IndexScan(index=index)


def _key_path(site: Site, source: TableSource) -> Path:
    index = source.table.key_index
    assert index is not None
    access = IndexScan(index=index, covering=covers(index, source, site.used_columns))
    sequence = tuple((c.position, c.descending, c.collation) for c in index.columns)
    return Path(access, site.scan_cost, site.rows * SCAN_ROW, site.rows, (), (*sequence, (ROWID, False, "")))


def rowid_paths(site: Site, terms: Sequence[Term]) -> list[Path]:
    """The look-ups of several rowids: IN lists, subqueries, ranges."""
    found: list[Path] = []
    sequence = ((ROWID, False, ""),)
    for term in terms:
        if term.column != ROWID or term.kind not in ("in", "query"):
            continue
        keys = float(item_count(term.items)) if term.kind == "in" else IN_QUERY_ROWS
        answered = (term.conjunct,) if term.exact else ()
        several = RowidIn(items=term.items, query=term.query)
        found.append(Path(several, 0.0, 1.0 + keys * ROWID_LOOKUP, min(keys, site.rows), answered, sequence))
    lower, upper, used = _range_on(terms, ROWID, None)
    if used:
        access = RowidRange()
        _set_bounds(access, lower, upper)
        rows = max(1.0, site.rows * _range_kept(lower, upper))
        found.append(Path(access, 0.0, RANGE_START + rows * SCAN_ROW, rows, used, sequence))
    return found


def _range_on(
    terms: Iterable[Term], column: int, order: str | None
) -> tuple[Bound | None, Bound | None, tuple[Expression, ...]]:
    """The first lower and the first upper bound on a column, and the conjuncts they answer wholly."""
    lower = upper = None
    used: list[Expression] = []
    for term in terms:
        if term.kind != "range" or term.column != column or not term.rowid_safe:
            continue
        if order is not None and term.order != order:
            continue
        if (term.lower is not None and lower is not None) or (term.upper is not None and upper is not None):
            continue
        lower, upper = term.lower or lower, term.upper or upper
        used.append(term.conjunct)
    return lower, upper, tuple(used)


def _range_kept(lower: Bound | None, upper: Bound | None) -> float:
    return BETWEEN_KEPT if lower is not None and upper is not None else RANGE_KEPT


def _set_bounds(access: RowidRange | IndexScan, lower: Bound | None, upper: Bound | None) -> None:
    if lower is not None:
        access.lower, access.lower_open = lower.key, lower.open
    if upper is not None:
        access.upper, access.upper_open = upper.key, upper.open


def usable_indexes(site: Site, source: TableSource, terms: Sequence[Term]) -> list[Index]:
    """The indexes that may be read for a table: whole ones, and partial ones whose condition holds for every row that is
    wanted; only the one that INDEXED BY names, if there is that."""
    indexes: Iterable[Index] = source.table.indexes
    if source.indexed_by:
        wanted = source.indexed_by.lower()
        indexes = [index for index in indexes if index.name.lower() == wanted]
    return [index for index in indexes if index.where is None or _is_implied(site, source, index, terms)]


def _is_implied(site: Site, source: TableSource, index: Index, terms: Sequence[Term]) -> bool:
    """Do the conjuncts on this source imply the index's condition? Each part of it is one of them, or says IS NOT NULL of
    a column that one of them compares with something."""
    condition = source.partials.get(index.id)
    if condition is None:
        return False
    filled = {term.column for term in terms if term.kind in ("=", "in", "range") and not _takes_null(term)}
    return all(part in site.local or _asks_not_null(part, source, filled) for part in condition)


def _takes_null(term: Term) -> bool:
    return isinstance(term.conjunct, Compare) and term.conjunct.op == "IS"


def _asks_not_null(part: Expression, source: TableSource, filled: set[int]) -> bool:
    if not isinstance(part, IsNull) or not part.negated:
        return False
    return own_column(part.operand, source) in filled


def _index_paths(
    site: Site, source: TableSource, terms: Sequence[Term], estimate: Selectivity, ordered: bool
) -> list[Path]:
    found = []
    for index in usable_indexes(site, source, terms):
        path = index_path(site, source, index, terms, estimate)
        if path.used or ordered or source.indexed_by:
            found.append(path)
        if isinstance(path.access, IndexScan) and len(path.access.lists) > 1:
            fewer = range(1, len(path.access.lists))  # many values times many values may be too many
            found += [index_path(site, source, index, terms, estimate, lists=most) for most in fewer]
    return found


def index_path(
    site: Site,
    source: TableSource,
    index: Index,
    terms: Sequence[Term],
    estimate: Selectivity,
    *,
    skip: int = 0,
    values: float = 1.0,
    lists: int | None = None,
) -> Path:
    """The longest use of one index: equal columns, some perhaps by IN (at most `lists` of them), then a range; with `skip`, behind the
    first columns, which have so many `values`."""
    table = source.table
    equal: list[Expression | None] = []
    apply: list[str | None] = []
    used: list[Expression] = []
    access = IndexScan(index=index, covering=covers(index, source, site.used_columns), skip=skip)
    points = not skip
    lookups = 1.0
    for column in index.columns[skip:]:
        term = _prefix_term(terms, table_position(table, column.position), column)
        if term is None or (term.kind in _SEVERAL and len(access.lists) == lists):
            break
        if term.kind in _SEVERAL:
            access.lists[len(equal)] = term.items if term.query is None else term.query
            lookups *= max(1.0, term.count if term.query is not None else float(item_count(term.items)))
        equal.append(term.key)
        apply.append(term.apply)
        used.append(term.conjunct)
        points = points and term.kind == "="
    access.equal, access.apply = tuple(equal), tuple(apply)
    rows = min(site.rows, values * rows_per_key(estimate.statistics, index, skip + len(equal), site.rows))
    if skip:
        rows = min(rows, site.rows / 2)
    if not points and index.unique:
        rows = max(rows, 1.0) if access.lists else min(site.rows, 10.0)
    if access.lists:
        rows = min(site.rows, rows * lookups)
    rows, ranged = _add_range(access, table, terms, rows)
    path = _priced_index_path(site, source, access, (*used, *ranged), rows, points)
    path.each += (lookups - 1.0) * INDEX_LOOKUP
    path.each += 2.0 * values * INDEX_LOOKUP if skip else 0.0
    return path


def _prefix_term(terms: Sequence[Term], position: int, column: IndexColumn) -> Term | None:
    """The best term for an equal part: '=' before IS NULL before IN of a list before IN of a subquery; the collation must be the
    column's."""
    best = None
    for term in terms:
        if term.column != position or term.kind not in _EQUAL:
            continue
        if term.kind != "null" and term.order != column.collation:
            continue
        if position == ROWID and not term.exact:
            continue
        if term.kind == "=":
            return term
        if best is None or _EQUAL.index(term.kind) < _EQUAL.index(best.kind):
            best = term
    return best


def _add_range(
    access: IndexScan, table: Table, terms: Sequence[Term], rows: float
) -> tuple[float, tuple[Expression, ...]]:
    """Add bounds on the column after the equal ones. Both ends share `range_apply`, so an end with another one is
    left out."""
    index = access.index
    at = access.skip + len(access.equal)
    if at == len(index.columns):
        return rows, ()
    column = index.columns[at]
    position = table_position(table, column.position)
    for apply in _range_applies(terms, position):
        matching = [term for term in terms if _bound_applies(term) <= {apply}]
        lower, upper, used = _range_on(matching, position, column.collation)
        if used:
            _set_bounds(access, lower, upper)
            access.range_apply = apply
            return max(1.0, rows * _range_kept(lower, upper)), used
    return rows, ()


def _bound_applies(term: Term) -> set[str | None]:
    return {bound.apply for bound in (term.lower, term.upper) if bound is not None}


def _range_applies(terms: Sequence[Term], position: int) -> list[str | None]:
    found: list[str | None] = []
    for term in terms:
        if term.column == position and term.kind == "range":
            found += [apply for apply in sorted(_bound_applies(term), key=str) if apply not in found]
    return found


def _priced_index_path(
    site: Site, source: TableSource, access: IndexScan, used: tuple[Expression, ...], rows: float, points: bool
) -> Path:
    index, table = access.index, source.table
    parts = access.skip + len(access.equal)
    fixed = [at for at in range(access.skip, parts) if at - access.skip not in access.lists]
    single = points and index.unique and parts == len(index.columns)
    row_cost = COVERING_ROW if access.covering else INDEX_ROW
    sequence = tuple(
        (table_position(table, c.position), c.descending, c.collation)
        for at, c in enumerate(index.columns)
        if at not in fixed
    )
    bound = {table_position(table, c.position): c.collation for c in map(index.columns.__getitem__, fixed)}
    each = INDEX_LOOKUP + rows * row_cost
    return Path(access, 0.0, each, rows, used, (*sequence, (ROWID, False, "")), bound, single)


def covers(index: Index, source: TableSource, used_columns: set[int]) -> bool:
    """Whether every column used can be read back from an index entry: BINARY parts, and the rowid. An indexed expression can
    be computed from the columns that it is made of."""
    table = source.table
    held = {table_position(table, c.position) for c in index.columns if c.collation == "BINARY"}
    held.add(ROWID)
    return all(
        table_position(table, position) in held
        or (position < ROWID and all(table_position(table, one) in held for one in _made_of(source, position)))
        for position in used_columns
    )


def _made_of(source: TableSource, position: int) -> set[int]:
    return {node.position for node in walk(source.computed[position]) if isinstance(node, Column)}


def hash_path(site: Site, available: int) -> Path | None:
    """A hash table over the source, keyed by every equality whose other side is bound."""
    usable = [one for one in site.equalities if not one.need & ~available]
    if not usable or not site.may_hash:
        return None
    local = [one for one in site.local if cannot_fail(one)]
    built = max(1.0, site.rows * site.local_kept)
    rows = built
    for nth, kept in enumerate(sorted(one.kept for one in usable)):
        rows *= kept ** (0.5**nth)  # keys of one join go together more often than not
    access = HashLookup(
        probe=tuple(one.probe for one in usable),
        build=tuple(one.build for one in usable),
        apply=tuple(one.apply for one in usable),
        orders=tuple(one.order for one in usable),
        build_filters=local,
    )
    fixed = site.scan_cost + site.rows * (SCAN_ROW + FILTER * len(local)) + built * BUILD_ROW * len(usable)
    used = (*(one.conjunct for one in usable), *local)
    return Path(access, fixed, HASH_PROBE + rows * HASH_ROW, rows, used, reversible=False)
