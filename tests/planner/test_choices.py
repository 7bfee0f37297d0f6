"""Golden tests of the choices that are no rewritings, one section a switch: the plan with it off (``-``) and on (``+``), and that
the rows are the same.

`choices_golden.txt` holds ``# switch``, then a statement and its plans; ``=`` where the switch makes no difference.
``AERODB_UPDATE=1`` writes it anew.
"""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path

import pytest
from plan_mirror import Mirror

from aerodb_dbapi.planner.explain import explain_query_plan
from aerodb_dbapi.planner.joins import SWITCHES
from aerodb_dbapi.planner.rules import RULE_NAMES

GOLDEN = Path(__file__).parent / "choices_golden.txt"
DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"
SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, s TEXT);
CREATE INDEX t_a ON t(a); CREATE INDEX t_bs ON t(b, s); CREATE INDEX t_e ON t(lower(s)) WHERE a > 3;
CREATE TABLE u(x INTEGER, y INTEGER); CREATE TABLE v(p INTEGER PRIMARY KEY, q INTEGER);
"""


def sections() -> dict[str, list[str]]:
    """Switch → its statements, as the golden file lists them."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in GOLDEN.read_text().splitlines():
        if line.startswith("# "):
            name = line[2:]
            found[name] = []
        elif line and line[0] not in "-+= ":
            found[name].append(line)
    return found


@pytest.fixture(scope="module")
def data() -> Mirror:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    chosen = random.Random(2)
    rows = [(chosen.randrange(300), chosen.randrange(3), f"S{chosen.randrange(200)}") for _ in range(2000)]
    connection.executemany("INSERT INTO t(a, b, s) VALUES (?, ?, ?)", rows)
    connection.executemany("INSERT INTO u VALUES (?, ?)", [(chosen.randrange(2000), at) for at in range(1200)])
    connection.executemany("INSERT INTO v VALUES (?, ?)", [(at, at % 40) for at in range(1500)])
    made = Mirror(connection)
    made.counts_values = True
    return made


def plan(data: Mirror, sql: str, mark: str, disabled: frozenset[str]) -> str:
    """The lines of a plan, each after a mark, indented as deep as it stands."""
    depths = {0: 0}
    lines = []
    for number, parent, _, detail in explain_query_plan(data.planned(sql, disabled)):
        depths[number] = depths[parent] + 1
        lines.append(f"{mark} {'  ' * depths[parent]}{detail}\n")
    return "".join(lines)


def block(data: Mirror, switch: str, sql: str) -> str:
    off, on = plan(data, sql, "-", frozenset((switch,))), plan(data, sql, "+", frozenset())
    return f"{sql}\n{off}{'=' + chr(10) if off == on.replace('+', '-') else on}"


def test_golden(data: Mirror) -> None:
    whole = "\n".join(
        f"# {switch}\n\n" + "\n".join(block(data, switch, sql) for sql in statements)
        for switch, statements in sections().items()
    )
    if os.environ.get("AERODB_UPDATE"):
        GOLDEN.write_text(whole)
    assert whole == GOLDEN.read_text()


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_makes_a_difference_to_plans_and_none_to_rows(data: Mirror, switch: str) -> None:
    statements = sections()[switch]
    assert statements
    assert any("\n+ " in block(data, switch, sql) for sql in statements)
    for sql in statements:
        wanted = data.connection.execute(sql).fetchall()
        for disabled in (frozenset[str](), frozenset((switch,))):
            rows = data.rows(sql, disabled)
            assert rows == wanted if "ORDER BY" in sql else sorted(map(repr, rows)) == sorted(map(repr, wanted)), sql


def test_every_rule_and_switch_is_documented() -> None:
    text = DOCUMENT.read_text()
    missing = [name for name in sorted(RULE_NAMES | set(SWITCHES)) if f"| `{name}` |" not in text]
    assert missing == []
