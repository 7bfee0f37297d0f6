"""All interleavings of small transactions give the outcome of the serial order of their commits (INV-V7, INV-V5, INV-V6).

Two readers of the same place can tie: both stand behind one base, and the order between them makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, combinations_with_replacement

import pytest
from interleavings import CATALOGUE, FAMILY, RELATIVES, SCHEMA, explore, start

from aerodb_dbapi.storage.tree import MISSING

ALL = CATALOGUE | RELATIVES
PAIRS = list(combinations_with_replacement(sorted(CATALOGUE), 2))

# Of one statement each, so that four of them have 2,520 orders.
SHORT = ("all into u", "increment once", "insert absent at once", "move k", "take it again", "upsert")
SHORT_RELATIVES = (
    "cascade once",
    "delete a parent",
    "insert a part",
    "insert a tag",
    "move a child",
    "without a parent",
)
ALL["increment once"] = CATALOGUE["increment"][:1]
ALL["cascade once"] = RELATIVES["cascade"][:1]
STEPS_MAX = 7  # of three transactions, COMMITs counted, so that three have at most 210 orders


class Figures:
    """What was run, for the end of the session."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.request = request

    def explore(self, script: str, groups: Iterable[Sequence[str]]) -> tuple[int, int]:
        """Every interleaving of each group of names; how many there were, and how many transactions failed."""
        base = start(script)
        runs = failed = 0
        for names in groups:
            done, lost = explore(base, [ALL[name] for name in names])
            runs, failed = runs + done, failed + lost
        self.request.node.user_properties.append(("crashes", ("interleavings", runs)))
        return runs, failed


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Runs what a test asks for, and counts."""
    return Figures(request)


def triples(catalogue: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every three different transactions that are short enough."""
    threes = combinations(sorted(catalogue), 3)
    return [names for names in threes if sum(len(catalogue[name]) + 1 for name in names) <= STEPS_MAX]


@pytest.mark.parametrize("part", range(4))
def test_pairs(figures: Figures, part: int) -> None:
    """Every pair of the catalogue, each with itself too."""
    runs, failed = figures.explore(SCHEMA, PAIRS[part::4])
    assert runs > 500 and 0 < failed < runs


def test_pairs_with_foreign_keys(figures: Figures) -> None:
    """Parents that go beside children that come, with each action; keys checked at the COMMIT."""
    runs, failed = figures.explore(FAMILY, combinations_with_replacement(sorted(RELATIVES), 2))
    assert runs > 1_000 and 0 < failed < runs


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_triples(figures: Figures, part: int) -> None:
    """Every three different short transactions of the catalogue."""
    runs, _ = figures.explore(SCHEMA, triples(CATALOGUE)[part::8])
    assert runs > 30_000


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_triples_with_foreign_keys(figures: Figures, part: int) -> None:
    """Every three different ones of those on tables with foreign keys."""
    runs, _ = figures.explore(FAMILY, triples(RELATIVES)[part::4])
    assert runs > 10_000


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (SCHEMA, ("all into u", "increment once", "move k", "upsert")),
        (FAMILY, ("cascade once", "delete a parent", "insert a part", "move a child")),
    ],
    ids=["rows", "foreign keys"],
)
def test_four(figures: Figures, script: str, names: Sequence[str]) -> None:
    """Four at once."""
    assert figures.explore(script, [names])[0] == 2_520


@pytest.mark.long
@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize(
    ("script", "names"), [(SCHEMA, SHORT), (FAMILY, SHORT_RELATIVES)], ids=["rows", "foreign keys"]
)
def test_fours(figures: Figures, script: str, names: Sequence[str], part: int) -> None:
    """Every four of some."""
    assert figures.explore(script, list(combinations(names, 4))[part::5])[0] == 3 * 2_520


def test_transactions_on_other_rows_do_not_fail() -> None:
    """Conditions are compared, not tables: none of these stand in each other's way, in any order."""
    base = start()
    free = (
        ("SELECT sum(x) FROM t WHERE k = 2", "UPDATE t SET x = x + 1 WHERE k = 1"),
        ("UPDATE t SET x = 0 WHERE k = 3", "INSERT INTO t VALUES (9, 9)"),
        ("SELECT x FROM p WHERE id = 2", "UPDATE p SET x = 1 WHERE id = 3"),
        ("SELECT count(*) FROM p WHERE id > 100", "INSERT INTO p VALUES (50, 0)"),
    )
    for pair in combinations(free, 2):
        assert explore(base, pair)[1] == 0


PLANTED = {
    "conditions are not validated": ("aerodb_dbapi.storage.conflicts._filtered", MISSING, "count k, insert k"),
    "points are not validated": ("aerodb_dbapi.storage.conflicts._touches", False, "absent read, write u"),
    "keys written twice are let through": ("aerodb_dbapi.storage.conflicts.common_key", MISSING, "insert absent"),
    "unique keys are not looked at again": ("aerodb_dbapi.storage.rebase.check_unique", None, "insert unique"),
    "the parent of a child is not validated": ("aerodb_dbapi.storage.conflicts._touches", False, "insert a child"),
}


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_planted_bugs_are_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison sees each of these bugs: with some partner from the catalogue the outcome is no serial one."""
    function, answer, name = PLANTED[bug]
    monkeypatch.setattr(function, lambda *arguments: answer)
    script, partners = (FAMILY, RELATIVES) if name in RELATIVES else (SCHEMA, CATALOGUE)
    base = start(script)
    wrong = 0
    for partner in sorted(partners):
        try:
            explore(base, (partners[name], partners[partner]))
        except AssertionError:
            wrong += 1
    assert wrong
