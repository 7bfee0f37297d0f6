"""Physical planning of one block: in which order its sources are read, each by which path, and where each conjunct
is tested.

Meaning that is kept (INV-Q1)
    * The conjuncts of WHERE and of inner joins' ON are one set: a row survives if all are true. Each is tested at
      the first step at which all its sources are bound, unless the step's access path already implies it.
    * A LEFT JOIN's ON belongs to its step alone and decides what matches; WHERE conjuncts on the same source are tested
      afterwards, as `filters`. A left step comes after every source written to its left; inner sources written to
      its right may come before it, which changes nothing.
    * CROSS JOIN keeps its written order, as in SQLite.
    * Conjuncts without sources are tested once (`pre_filters`), but for those that may answer differently each time:
      these go to the last step.

Choice
    Up to `SOURCES_MAX` sources by dynamic programming over sets of bound sources, beyond that greedily. Of more than
    `EXHAUSTIVE_MAX` a source comes next only if a condition ties it to those bound, where there is one. The state's
    price is (start-up, running) in microseconds, so that LIMIT can scale the running part when rows come already
    sorted. Ties go to the order written (INV-T1). A block that is run many times (correlated, recursive) spreads
    start-up over its runs.

Each choice can be switched off by a name in `SWITCHES`, as rules can; with all off a plan is nested full scans in
the order written, with which the others are compared in the tests.

Example: ``FROM a, b LEFT JOIN c ON c.x = b.x WHERE a.id = b.a AND b.k = 7`` with an index on b(k): b by index, a by
rowid, c by hash or index; nothing is left to test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

from aerodb_dbapi.planner import skip_scan, unions
from aerodb_dbapi.planner.access import Path, Site, paths
from aerodb_dbapi.planner.cost import (
    BUILD_ROW,
    CORRELATED_RUNS,
    FILTER,
    LIMIT_GUESS,
    RECURSIVE_RUNS,
    ROWS_MIN,
    SORT_ROW,
    TOP_ROW,
    Selectivity,
    Statistics,
)
from aerodb_dbapi.planner.expressions import Column, Constant, Expression, Keyed, Or
from aerodb_dbapi.planner.guided import guided
from aerodb_dbapi.planner.module_access import argument_sources, module_path, module_term
from aerodb_dbapi.planner.ordering import OrderKey, group_gives, group_requirement, requirement, satisfied_by
from aerodb_dbapi.planner.query import (
    Access,
    Grouping,
    Join,
    ModuleSource,
    QuerySource,
    RecursiveSource,
    Select,
    Step,
    TableSource,
)
from aerodb_dbapi.planner.rules.min_max import built_in
from aerodb_dbapi.planner.terms import Equality, Term, make_equality, make_term, term_keys
from aerodb_dbapi.planner.usage import (
    SUBQUERY_NODES,
    free_sources,
    is_deterministic,
    nested_queries,
    sources_in,
    walk_nodes,
)
from aerodb_dbapi.storage.errors import OperationalError

SOURCES_MAX: Final = 10
EXHAUSTIVE_MAX: Final = 8


@dataclass(slots=True)
class Conjunct:
    """A condition and what its placing depends on. `mask` are the block's sources in it."""

    expression: Expression
    mask: int
    nested: bool
    test: float  # cost of testing one row
    local: bool  # only this block's sources, deterministic, no subquery
    kept: float


@dataclass(slots=True)
class State:
    """A partial plan: which sources in which order by which paths, its price and its rows."""

    startup: float
    running: float
    rows: float
    order: tuple[int, ...]
    paths: tuple[Path, ...]

    def price(self, fraction: float = 1.0) -> tuple[float, tuple[int, ...]]:
        """What plans are compared by; rounded, so that the order of additions does not decide."""
        return round(self.startup + self.running * fraction, 4), self.order


EMPTY: Final = State(0.0, 0.0, 1.0, (), ())


class Planning:
    """What the blocks of one statement share. `results` has (rows, cost) of each planned query, by identity."""

    __slots__ = ("alone", "disabled", "estimate", "results", "statistics", "tables", "used")

    def __init__(
        self,
        statistics: Statistics,
        used: dict[int, set[int]],
        tables: set[int],
        *,
        alone: bool = False,
        disabled: frozenset[str] = frozenset(),
    ) -> None:
        self.alone = alone  # one query only: it cannot be correlated
        self.disabled = disabled
        self.statistics = statistics
        self.used = used
        self.tables = tables
        self.estimate = Selectivity(statistics)
        self.results: dict[int, tuple[float, float]] = {}


SWITCHES: Final = (
    "access_paths", "grouped_paths", "guided_scans", "hash_joins", "join_order", unions.NAME, skip_scan.NAME, "sorted_paths",
)  # fmt: skip


def limit_of(query: Select) -> float | None:
    """How many rows LIMIT and OFFSET let through at most; a guess for parameters; None without a limit."""
    if query.limit is None:
        return None
    total = 0.0
    for part in (query.limit, query.offset):
        if isinstance(part, Constant) and isinstance(part.value, int):
            if part.value < 0 and part is query.limit:
                return None
            total += max(0, part.value)
        elif part is not None:
            total += LIMIT_GUESS
    return total


class Block:
    """One Select being planned: its sites (sources), its conjuncts, and the search for the best order."""

    def __init__(self, select: Select, planning: Planning) -> None:
        self.select = select
        self.planning = planning
        self.estimate = planning.estimate
        self.bits = {join.source.id: 1 << at for at, join in enumerate(select.joins)}
        self.all = (1 << len(select.joins)) - 1
        self.runs = self._count_runs()
        self.sites = [self._site(at, join) for at, join in enumerate(select.joins)]
        self.conjuncts: list[Conjunct] = []
        self.left_on: list[list[Conjunct]] = [[] for _ in select.joins]
        self._collect()
        self._offer_terms()
        self.requires = [self._required(at) for at in range(len(select.joins))]
        self.relevant = [self._relevant(at) for at in range(len(select.joins))]
        self._memo: dict[tuple[int, int, bool], list[tuple[Path, float, float]]] = {}

    # --- what there is

    def _count_runs(self) -> float:
        if any(isinstance(join.source, RecursiveSource) for join in self.select.joins):
            return RECURSIVE_RUNS
        return CORRELATED_RUNS if not self.planning.alone and free_sources(self.select) else 1.0

    def _site(self, at: int, join: Join) -> Site:
        source = join.source
        rows, cost, may_hash = ROWS_MIN, 0.0, True
        if isinstance(source, TableSource):
            rows = max(ROWS_MIN, float(self.planning.statistics.rows(source.table)))
            may_hash = not source.indexed_by
        elif isinstance(source, QuerySource):
            rows, cost = self.planning.results[id(source.query)]
            rows = max(1.0, rows)
            if self.runs > 1.0 and free_sources(source.query):
                may_hash, cost = False, cost * self.runs
        elif isinstance(source, RecursiveSource):
            rows, may_hash = 1.0, False
        elif isinstance(source, ModuleSource):
            may_hash = False
        self.estimate.sources[source.id] = source
        self.estimate.rows[source.id] = rows
        used = self.planning.used.get(source.id, set())
        may_hash = may_hash and "hash_joins" not in self.planning.disabled
        return Site(source, 1 << at, rows, cost, used, may_hash=may_hash, optional=join.kind == "left")

    def mask_of(self, expression: Expression) -> int:
        """The block's sources that an expression depends on, as bits."""
        if expression.__class__ is Column:
            return self.bits.get(expression.source, 0)
        mask = 0
        for source in sources_in(expression):
            mask |= self.bits.get(source, 0)
        return mask

    def _conjunct(self, expression: Expression, *, left: bool = False) -> Conjunct:
        sources = sources_in(expression)
        mask = 0
        for source in sources:
            mask |= self.bits.get(source, 0)
        nested = bool(nested_queries(expression))
        steady = is_deterministic(expression)
        if mask == 0 and not steady and not left:
            mask = self.all
        local = not nested and steady and all(source in self.bits for source in sources)
        test = self._test_cost(expression) if nested else FILTER
        return Conjunct(expression, mask, nested, test, local, self.estimate.of(expression))

    def _test_cost(self, expression: Expression) -> float:
        """Of a condition with subqueries: each correlated one runs for every row, the others once. One that is looked
        up by its keys has both forms."""
        cost = FILTER
        direct = {id(node.direct) for node in walk_nodes(expression) if isinstance(node, Keyed)}
        for node in walk_nodes(expression):
            if isinstance(node, SUBQUERY_NODES) and id(node) not in direct:
                query = node.query
                cost += self.planning.results[id(query)][1] if free_sources(query) else FILTER
        return cost

    def _collect(self) -> None:
        for at, join in enumerate(self.select.joins):
            made = [self._conjunct(expression, left=join.kind == "left") for expression in join.on]
            if join.kind == "left":
                self.left_on[at] = made
            else:
                self.conjuncts += made
        self.conjuncts += [self._conjunct(expression) for expression in self.select.where]

    def _offer_terms(self) -> None:
        """Give each site the conjuncts that its access path may answer: a left site only those of its own ON."""
        for at, site in enumerate(self.sites):
            for conjunct in self.left_on[at] if site.optional else self.conjuncts:
                if conjunct.mask & site.bit:
                    self._offer(site, conjunct)

    def _offer(self, site: Site, conjunct: Conjunct) -> None:
        source = site.source
        term = None
        if isinstance(source, ModuleSource):
            term = module_term(conjunct.expression, source)
        elif isinstance(source, TableSource) and "access_paths" not in self.planning.disabled:
            term = make_term(conjunct.expression, source, self.planning.tables)
            if conjunct.expression.__class__ is Or and unions.NAME not in self.planning.disabled:
                self._offer_union(site, source, conjunct.expression)
        if term is not None and self._needs(term, site):
            site.terms.append(term)
        if conjunct.local and conjunct.mask == site.bit:
            site.local.append(conjunct.expression)
            site.local_kept *= conjunct.kept
            return
        found = make_equality(conjunct.expression, site.bit, self.mask_of)
        if found is not None:
            probe, build, apply, order = found
            need = self.mask_of(probe)
            site.equalities.append(Equality(conjunct.expression, probe, build, apply, order, need, conjunct.kept))

    def _offer_union(self, site: Site, source: TableSource, expression: Expression) -> None:
        assert isinstance(expression, Or)
        found = unions.alternatives(expression, source, self.planning.tables, lambda term: self._needs(term, site))
        if found is not None:
            site.alternatives.append(found)

    def _needs(self, term: object, site: Site) -> bool:
        """Set the sources a term's keys need; False if they include the site's own."""
        need = 0
        for key in term_keys(term):  # type: ignore[arg-type]
            need |= self.mask_of(key)
        query = term.query  # type: ignore[attr-defined]
        if query is not None:
            if isinstance(term, Term) and id(query) in self.planning.results:
                term.count = self.planning.results[id(query)][0]
            for source in free_sources(query):
                need |= self.bits.get(source, 0)
        term.need = need  # type: ignore[attr-defined]
        return not need & site.bit

    def _required(self, at: int) -> int:
        """The sources that must be bound before this one: for LEFT and CROSS joins all those written before."""
        site = self.sites[at]
        arguments = argument_sources(site) if isinstance(site.source, ModuleSource) else 0
        if self.select.joins[at].kind == "inner":
            return arguments
        mask = (1 << at) - 1 | arguments
        for conjunct in self.left_on[at]:
            mask |= conjunct.mask
        return mask & ~(1 << at) if self.select.joins[at].kind == "left" else mask

    def _relevant(self, at: int) -> int:
        bit, mask = 1 << at, 0
        for conjunct in (*self.conjuncts, *self.left_on[at]):
            if conjunct.mask & bit:
                mask |= conjunct.mask
        return mask

    # --- search

    def options(self, at: int, mask: int, ordered: bool = False) -> list[tuple[Path, float, float]]:
        """(path, part of its rows kept, cost of testing a row) for each way to read source `at` after those of
        `mask`."""
        key = (at, mask & self.relevant[at], ordered)
        found = self._memo.get(key)
        if found is None:
            site = self.sites[at]
            if isinstance(site.source, ModuleSource):
                ways = [module_path(site, mask)]
            else:
                ways = self._ways(site, mask, ordered)
            found = [(path, *self._residue(at, mask, path)) for path in ways]
            self._memo[key] = found
        return found

    def _ways(self, site: Site, mask: int, ordered: bool) -> list[Path]:
        """The paths of a source that is no module: those of `access`, unions, skip-scans."""
        found = paths(site, mask, self.estimate, ordered=ordered)
        source = site.source
        if not isinstance(source, TableSource) or found[0].single or source.indexed_by == "":
            return found
        found += unions.union_paths(site, mask, self.estimate)
        if site.terms and skip_scan.NAME not in self.planning.disabled:
            terms = [term for term in site.terms if not term.need & ~mask]
            found += skip_scan.skip_paths(site, source, terms, self.estimate)
        return found

    def _residue(self, at: int, mask: int, path: Path) -> tuple[float, float]:
        """What the conjuncts that become testable here, and are not implied, keep and cost per row."""
        used = {id(expression) for expression in path.used}
        kept, cost = 1.0, 0.0
        for conjunct in self._testable(at, mask) + self.left_on[at]:
            if id(conjunct.expression) not in used:
                cost += conjunct.test
                kept *= conjunct.kept
        return kept, cost

    def _testable(self, at: int, mask: int) -> list[Conjunct]:
        bit = 1 << at
        now = mask | bit
        return [one for one in self.conjuncts if one.mask & bit and not one.mask & ~now]

    def extend(self, state: State, at: int, option: tuple[Path, float, float]) -> State:
        """The state with one more source read."""
        startup, running, rows = self._grown(state, at, option)
        return State(startup, running, rows, (*state.order, at), (*state.paths, option[0]))

    def _grown(self, state: State, at: int, option: tuple[Path, float, float]) -> tuple[float, float, float]:
        """(start-up, running, rows) with one more source read."""
        path, kept, test = option
        found = state.rows * path.rows
        running = state.running + state.rows * path.each + found * test
        rows = found * kept
        if self.sites[at].optional and rows < state.rows:
            rows = state.rows
        return state.startup + path.fixed / self.runs, running, rows

    def _best_step(self, state: State, mask: int, at: int) -> State:
        options = self.options(at, mask)
        best = options[0]
        if len(options) > 1:
            prices = [self._grown(state, at, option) for option in options]
            costs = [round(startup + running, 4) for startup, running, _ in prices]
            best = options[costs.index(min(costs))]
        return self.extend(state, at, best)

    def search(self, start: State, mask: int) -> State:
        """The cheapest completion of a partial plan."""
        count = len(self.sites)
        if count == 1:
            return self._best_step(start, 0, 0)
        if count - len(start.order) > SOURCES_MAX:
            return self._greedy(start, mask)
        states = {mask: start}
        following_of = self._candidates if count <= EXHAUSTIVE_MAX else self._connected
        for _ in range(count - len(start.order)):
            following: dict[int, State] = {}
            for bound, state in states.items():
                for at in following_of(bound):
                    made = self._best_step(state, bound, at)
                    there = following.get(bound | 1 << at)
                    if there is None or made.price() < there.price():
                        following[bound | 1 << at] = made
            states = following
            if not states:
                raise OperationalError("no query solution")
        return states[self.all]

    def _greedy(self, state: State, mask: int) -> State:
        """Take the source that adds the least cost, counting the rows it leaves for later steps."""
        while mask != self.all:
            made = [self._best_step(state, mask, at) for at in self._candidates(mask)]
            if not made:
                raise OperationalError("no query solution")
            state = min(made, key=lambda one: (round(one.startup + one.running + one.rows, 4), one.order))
            mask |= 1 << state.order[-1]
        return state

    def _candidates(self, mask: int) -> list[int]:
        if "join_order" in self.planning.disabled:
            return self._next_written(mask)
        return [at for at, need in enumerate(self.requires) if not mask >> at & 1 and not need & ~mask]

    def _connected(self, mask: int) -> list[int]:
        """The sources that may come next and share a condition with those bound; all that may, if none does."""
        able = self._candidates(mask)
        return [at for at in able if self.relevant[at] & mask] or able

    def _next_written(self, mask: int) -> list[int]:
        """The first source in the order written that is not read yet; a module waits for what its arguments need."""
        waiting = [at for at in range(len(self.sites)) if not mask >> at & 1]
        able = [
            at for at in waiting
            if not (isinstance(self.sites[at].source, ModuleSource) and self.requires[at] & ~mask)
        ]  # fmt: skip
        return able[:1]

    # --- order

    def choose(self) -> tuple[State, float]:
        """The plan, and the part of its running cost that LIMIT leaves. Sets `sorted` and the reversed accesses."""
        select = self.select
        limit = limit_of(select)
        keys = None
        if select.group is None and select.order_by and "sorted_paths" not in self.planning.disabled:
            keys = requirement(select, {site.source.id: site for site in self.sites})
        select.sorted = select.group is not None and bool(select.order_by) and group_gives(select, select.group)
        if select.group is not None and "grouped_paths" not in self.planning.disabled:
            wanted = group_requirement(select.group, {site.source.id: site for site in self.sites})
            if wanted is not None:
                return self._choose_grouped(wanted, limit)
        if keys is None:
            cut = select.group is None and not select.order_by and not select.distinct
            free = self.search(EMPTY, 0)
            return free, _fraction(limit, free.rows) if cut else 1.0
        states = self._ordered_states(keys)
        if len(self.sites) > 1 or not states:
            states.insert(0, self.search(EMPTY, 0))
        return self._choose_ordered(states, keys, None if select.distinct else limit)

    def _choose_grouped(self, keys: list[OrderKey], limit: float | None) -> tuple[State, float]:
        """The cheapest plan of a grouped block. One that gives the rows in the order of the groups needs no table of
        them, and ends early under a LIMIT; without one such a plan is not looked for, but noticed."""
        select = self.select
        early = not (select.distinct or select.having or (select.order_by and not select.sorted))
        cut = limit if early and select.group is not None and _is_order_free(select.group) else None
        states = [self.search(EMPTY, 0), *(self._ordered_states(keys) if cut is not None else [])]
        best, best_price, best_reverse, best_part = states[0], None, None, 1.0
        for state in states:
            reverse, part = satisfied_by(self._chain(state), keys), 1.0
            if reverse is not None:
                part = _fraction(cut, self._groups(state.rows))
            price = (state.price(part)[0] + (0.0 if reverse is not None else state.rows * BUILD_ROW), state.order)
            if best_price is None or price < best_price:
                best, best_price, best_reverse, best_part = state, price, reverse, part
        if best_reverse is not None:
            select.grouped = True
            for path, backwards in zip(best.paths, best_reverse, strict=True):
                path.access.reverse = backwards
        return best, best_part

    def _groups(self, rows: float) -> float:
        """How many groups so many rows make."""
        assert self.select.group is not None
        groups = 1.0
        for key in self.select.group.keys:
            groups *= self.estimate.distinct(key)
        return min(rows, groups)

    def _choose_ordered(self, states: list[State], keys: list[OrderKey], limit: float | None) -> tuple[State, float]:
        """The cheapest of some plans, each with the sort it still needs."""
        best, best_price, best_reverse = states[0], None, None
        for state in states:
            reverse = satisfied_by(self._chain(state), keys)
            if reverse is None:
                price = self._sorted_price(state, limit)
            else:
                price = state.price(_fraction(limit, state.rows))
            if best_price is None or price < best_price:
                best, best_price, best_reverse = state, price, reverse
        if best_reverse is None:
            return best, 1.0
        self.select.sorted = True
        for path, backwards in zip(best.paths, best_reverse, strict=True):
            path.access.reverse = backwards
        return best, _fraction(limit, best.rows)

    def _sorted_price(self, state: State, limit: float | None) -> tuple[float, tuple[int, ...]]:
        per_row = SORT_ROW if limit is None else TOP_ROW
        sorting = state.rows * per_row * (1.0 + 0.05 * log2(max(2.0, state.rows)))
        return round(state.startup + state.running + sorting, 4), state.order

    def _chain(self, state: State) -> list[tuple[Site, Path]]:
        return [(self.sites[at], path) for at, path in zip(state.order, state.paths, strict=True)]

    def _ordered_states(self, keys: Sequence[OrderKey]) -> list[State]:
        """Plans that begin with a source that can give the first key's order; of one source, all plans."""
        at = self.bits[keys[0].source].bit_length() - 1 if keys else 0
        if self.requires[at] or at not in self._candidates(0):
            return []
        alone = len(self.sites) == 1
        starts = [
            self.extend(EMPTY, at, option)
            for option in self.options(at, 0, ordered=True)
            if alone or option[0].sequence
        ]
        return starts if alone else [self.search(start, 1 << at) for start in starts]

    # --- placing

    def place(self, state: State) -> None:
        """Write the steps: every conjunct at its place, unless its path implies it."""
        steps: list[Step] = []
        mask, rows = 0, 1.0
        for at, path in zip(state.order, state.paths, strict=True):
            join = self.select.joins[at]
            access = None if mask else self._guided(at, path)
            used = {id(expression) for expression in path.used} if access is None and not path.retested else set()
            on = _untested(self.left_on[at], used)
            filters = _untested(self._testable(at, mask), set() if join.kind == "left" else used)
            kept, _ = self._residue(at, mask, path)
            rows = max(rows, rows * path.rows * kept) if join.kind == "left" else rows * path.rows * kept
            steps.append(Step(join.source, access or path.access, join.kind, on, filters, rows))
            mask |= 1 << at
        self.select.steps = steps
        self.select.pre_filters = [one.expression for one in self.conjuncts if one.mask == 0]

    def _guided(self, at: int, path: Path) -> Access | None:
        """What the outermost source is read by instead of the path's own access, if it is."""
        select = self.select
        if not self.planning.disabled.isdisjoint(("access_paths", "guided_scans")) or not (
            self.sites[at].terms or self.sites[at].local or self.sites[at].alternatives
        ):
            return None
        in_order = select.grouped or (select.sorted and select.group is None)
        lazy = (
            select.limit is not None
            and (select.group is None or select.grouped)
            and (select.sorted or not select.order_by)
        )
        return guided(self.sites[at], path, self.estimate, in_order=in_order, lazy=lazy)


def _untested(conjuncts: Sequence[Conjunct], used: set[int]) -> list[Expression]:
    """The conjuncts not implied, those with subqueries last."""
    left = [one for one in conjuncts if id(one.expression) not in used]
    left.sort(key=lambda one: one.nested)
    return [one.expression for one in left]


_ORDER_FREE: Final = frozenset(("avg", "count", "max", "min", "sum", "total"))


def _is_order_free(group: Grouping) -> bool:
    """Whether it makes no difference in which order the rows of a group come."""
    return not group.bare and all(call.name in _ORDER_FREE and built_in(call) for call in group.calls)


def _fraction(limit: float | None, rows: float) -> float:
    return 1.0 if limit is None else min(1.0, limit / max(1.0, rows))
