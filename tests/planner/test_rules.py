"""Golden tests, one section a rule: what the rule alone makes of a statement, and statements that it must leave as
they are.

`rules_golden.txt` holds ``# rule`` (or ``# rule with others``), then blocks of three lines: SQL, the bound form, the
form after the rule (``=`` if unchanged).
``AERODB_UPDATE=1`` writes it anew.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from plan_mirror import Mirror
from plan_text import text

from aerodb_dbapi.planner.optimizer import rewrite
from aerodb_dbapi.planner.query import SelectStatement
from aerodb_dbapi.planner.rules import RULE_NAMES, RULES

GOLDEN = Path(__file__).parent / "rules_golden.txt"
SCRIPT = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c);
CREATE INDEX t_a ON t(a); CREATE INDEX t_bc ON t(b, c);
CREATE INDEX t_e ON t(lower(b), a * 2); CREATE INDEX t_p ON t(id) WHERE lower(b) > 'k';
CREATE TABLE u(x TEXT COLLATE NOCASE, y REAL);
CREATE VIEW v AS SELECT a + 1 AS a1, b FROM t WHERE c IS NOT NULL;
"""


def sections() -> dict[str, list[str]]:
    """Rule → its statements, as the golden file lists them."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in GOLDEN.read_text().splitlines():
        if line.startswith("# "):
            name = line[2:]
            found[name] = []
        elif line and not line.startswith(("  ", "--")):
            found[name].append(line)
    return found


@pytest.fixture(scope="module")
def data() -> Mirror:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    return Mirror(connection)


def block(data: Mirror, rule: str, sql: str) -> str:
    """The golden block of a statement."""
    statement = data.bound(sql)
    assert isinstance(statement, SelectStatement)
    before = text(statement.query)
    rewrite(statement, RULE_NAMES - set(rule.replace(" with ", " ").split()))
    after = text(statement.query)
    return f"{sql}\n  {before}\n  {'=' if after == before else after}\n"


def test_golden(data: Mirror) -> None:
    made = []
    for rule, statements in sections().items():
        made.append(f"# {rule}\n\n" + "\n".join(block(data, rule, sql) for sql in statements))
    whole = "\n".join(made)
    if os.environ.get("AERODB_UPDATE"):
        GOLDEN.write_text(whole)
    assert whole == GOLDEN.read_text()


def test_every_rule_has_a_section_that_shows_it_at_work_and_at_rest() -> None:
    golden = GOLDEN.read_text()
    for rule in RULES:
        section = golden.split(f"# {rule.name}", 1)[1].split("\n# ", 1)[0]
        results = [line.strip() for line in section.splitlines() if line.startswith("  ")][1::2]
        assert "=" in results, rule.name
        assert any(result != "=" for result in results), rule.name


def test_rules_come_to_rest(data: Mirror) -> None:
    """A second pass over rewritten statements changes nothing."""
    for statements in sections().values():
        for sql in statements:
            statement = data.bound(sql)
            assert isinstance(statement, SelectStatement)
            rewrite(statement)
            once = text(statement.query)
            rewrite(statement)
            assert text(statement.query) == once
