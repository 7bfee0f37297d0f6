"""The documents of the proofs say what is so: every invariant, document, module, test and planted bug that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
DOCS = ROOT / "docs"
NUMBER = re.compile(r"INV-[A-Z]\d+")
PLANTS = ("test_planted_concurrency.py", "storage/test_planted_bugs.py", "storage/test_store_crash.py")
GATED = "RCGVP"


def stated() -> dict[str, str]:
    """Number → module, of docs/INVARIANTS.md."""
    text = (DOCS / "INVARIANTS.md").read_text()
    return dict(re.findall(r"^\| (INV-[A-Z]\d+) \| .* \| `([^`]+)` \|$", text, re.M))


def planted() -> dict[str, str]:
    """The functions that plant bugs, and what they say they break."""
    found: dict[str, str] = {}
    for name in PLANTS:
        text = (TESTS / name).read_text()
        found |= dict(re.findall(r'^def (\w+)\(patch: [^)]*\)[^:]*:\n    """(INV-[^.:]*)[.:]', text, re.M))
    return found


def gate() -> list[list[str]]:
    """The rows of the table at the end of docs/PHASE2_PROOFS.md."""
    text = (DOCS / "PHASE2_PROOFS.md").read_text().partition("## 9.")[2]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == "| invariant | document | code | tests | planted bugs |"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_invariant_of_the_proofs_exists() -> None:
    for name in ("PHASE2_PROOFS.md", "MVCC_COMPATIBILITY.md", "MVCC_TESTING_STRATEGY.md"):
        assert set(NUMBER.findall((DOCS / name).read_text())) <= set(stated()), name


def test_every_invariant_of_the_gated_kinds_is_argued_with() -> None:
    """An invariant that no argument needs is no invariant of concurrency. C10 is about memory alone."""
    arguments = (DOCS / "PHASE2_PROOFS.md").read_text().partition("## 9.")[0]
    needed = {number for number in stated() if number[4] in GATED} - {"INV-C10"}
    assert needed <= set(NUMBER.findall(arguments))


def test_the_gate_has_no_empty_cell_and_names_what_is_there() -> None:
    modules, plants, rows = stated(), planted(), gate()
    assert len(plants) >= 50
    gated = [number for number in modules if number[4] in GATED]
    assert set(gated) <= {row[0] for row in rows}
    for row in rows:
        assert len(row) == 5 and all(row), row
        number, document, code, tests, bugs = row
        target = re.fullmatch(r"\[\w+\]\((\w+\.md)\)", document)
        assert target and (DOCS / target[1]).exists(), row
        assert code == f"`{modules[number]}`" and number in (ROOT / modules[number]).read_text(), row
        for name in re.findall(r"`([^`]+)`", tests):
            assert re.search(rf"{number}\b", (TESTS / name).read_text()), (number, name)
        for name in re.findall(r"`([^`]+)`", bugs):
            assert number in plants[name].split(", "), (number, name)


def test_every_planted_bug_is_listed() -> None:
    """In docs/MVCC_TESTING_STRATEGY.md, each under the file that has it."""
    text = (DOCS / "MVCC_TESTING_STRATEGY.md").read_text()
    assert set(planted()) == set(re.findall(r"^\| `(\w+)`", text, re.M))


def test_every_test_that_the_strategy_names_exists() -> None:
    for name in ("MVCC_TESTING_STRATEGY.md", "MVCC_COMPATIBILITY.md"):
        for path in re.findall(r"`((?:tests/|storage/|scripts/)?\w+\.(?:py|sql))`", (DOCS / name).read_text()):
            assert (TESTS / path.removeprefix("tests/")).exists(), path
