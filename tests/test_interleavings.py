"""All interleavings of small transactions give the outcome of the serial order of their commits (INV-V7, INV-V5, INV-V6).

Two readers of the same place can tie: both stand behind one base, and the order between them makes no difference.
"""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement

import pytest
from interleavings import CATALOGUE, explore, start

from aerodb_dbapi.storage.tree import MISSING

PAIRS = list(combinations_with_replacement(sorted(CATALOGUE), 2))


@pytest.mark.parametrize("part", range(4))
def test_pairs(part: int) -> None:
    """Every pair of the catalogue, each with itself too."""
    base = start()
    runs = failed = 0
    for first, second in PAIRS[part::4]:
        done, lost = explore(base, (CATALOGUE[first], CATALOGUE[second]))
        runs, failed = runs + done, failed + lost
    print(f"{runs} interleavings, {failed} transactions failed")
    assert runs > 500 and 0 < failed < runs


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_triples(part: int) -> None:
    """Every three different transactions of the catalogue."""
    base = start()
    runs = failed = 0
    for names in list(combinations(sorted(CATALOGUE), 3))[part::8]:
        done, lost = explore(base, [CATALOGUE[name] for name in names])
        runs, failed = runs + done, failed + lost
    print(f"{runs} interleavings, {failed} transactions failed")
    assert runs > 12_500


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
    "unique keys are not looked at again": ("aerodb_dbapi.storage.commit.check_unique", None, "insert unique"),
}


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_planted_bugs_are_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison sees each of these bugs: with some partner from the catalogue the outcome is no serial one."""
    function, answer, name = PLANTED[bug]
    monkeypatch.setattr(function, lambda *arguments: answer)
    base = start()
    wrong = 0
    for partner in sorted(CATALOGUE):
        try:
            explore(base, (CATALOGUE[name], CATALOGUE[partner]))
        except AssertionError:
            wrong += 1
    assert wrong
