"""Every order of the commit path's own steps, beside the statements of others, gives the serial order of the commits (INV-V4, INV-V7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Any

import pytest
from commit_steps import POINTS, explore_commits
from interleavings import CATALOGUE, FAMILY, RELATIVES, SCHEMA, start

from aerodb_dbapi.storage.commit import Committer

ALL = CATALOGUE | RELATIVES
SHORT = (
    "all into u", "copy a row", "copy it back", "grow", "insert absent at once", "insert unique at once", "move k", "upsert",
)  # fmt: skip
SHORT_RELATIVES = ("cascade a new key", "delete a parent", "insert a part", "move a child", "without a parent")
THREE = ("all into u", "copy a row", "insert absent at once", "move k", "upsert")

Explore = Callable[..., tuple[int, int, int]]


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Explore:
    """Run groups of names with commits that stop at some points; how many runs, failures and stops beside others there were."""

    def run(script: str, groups: Iterable[Sequence[str]], points: Sequence[str]) -> tuple[int, int, int]:
        base = start(script)
        found = [explore_commits(base, [ALL[name] for name in names], points) for names in groups]
        runs, failed, shared = (sum(column) for column in zip(*found))
        request.node.user_properties.append(("crashes", ("interleavings with the steps of commits", runs)))
        return runs, failed, shared

    return run


@pytest.mark.parametrize(
    ("script", "names"), [(SCHEMA, SHORT), (FAMILY, SHORT_RELATIVES)], ids=["rows", "foreign keys"]
)
def test_pairs(explore: Explore, script: str, names: Sequence[str]) -> None:
    """Every pair of some transactions of one statement; commits stop before and after the sync."""
    runs, failed, shared = explore(script, combinations_with_replacement(names, 2), ("written", "synced"))
    assert runs == 70 * len(names) * (len(names) + 1) // 2 and failed and shared


def test_three(explore: Explore) -> None:
    """Three whose commits stop before they are published: the second and the third are validated against what nobody sees."""
    runs, failed, shared = explore(SCHEMA, [("all into u", "move k", "upsert")], ("synced",))
    assert runs == 1_680 and failed and shared


@pytest.mark.long
@pytest.mark.parametrize("part", range(6))
def test_all_pairs_at_all_points(explore: Explore, part: int) -> None:
    """Every pair of transactions of at most two statements, on rows and on tables with foreign keys."""
    for script, catalogue in (SCHEMA, CATALOGUE), (FAMILY, RELATIVES):
        names = [name for name in sorted(catalogue) if len(catalogue[name]) <= 2]
        runs, failed, shared = explore(script, list(combinations_with_replacement(names, 2))[part::6], POINTS)
        assert runs > 5_000 and failed and shared


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
def test_threes(explore: Explore, point: str) -> None:
    """Every three of some, with one stop each."""
    assert explore(SCHEMA, combinations(THREE, 3), (point,))[0] == 10 * 1_680


def visible_at_once(committer: Committer, commit_id: float) -> Any:
    """In the place of `_queue`: what is appended is published before it is synced."""
    committer.publish_to(committer.tip.commit_id)
    return queue(committer, commit_id)


def all_that_is_appended(committer: Committer, last: int) -> None:
    """In the place of `publish_to`: a flush publishes what came after it too."""
    publish(committer, committer.tip.commit_id)


def nothing(*arguments: Any) -> None:
    """In the place of what validates."""


queue, publish = Committer._queue, Committer.publish_to

PLANTED = {
    "visible before the sync": ("aerodb_dbapi.storage.commit.Committer._queue", visible_at_once),
    "a flush covers what came later": ("aerodb_dbapi.storage.commit.Committer.publish_to", all_that_is_appended),
    "no validation": ("aerodb_dbapi.storage.rebase.validate", nothing),
}


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_planted_bugs_are_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """These make an outcome that is no serial one, or show a commit before it is durable."""
    monkeypatch.setattr(*PLANTED[bug])
    base = start()
    with pytest.raises(AssertionError):
        for names in ("copy a row", "copy it back"), ("all into u", "move k"):
            explore_commits(base, [CATALOGUE[name] for name in names])
