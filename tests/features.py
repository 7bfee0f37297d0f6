"""The list of features, `features.txt`: read, and made into the tables of docs/sql.md and README.md.

The tests run every example of the list (`test_features.py`), so what the tables say is what has been run. ``python tests/features.py``
writes both tables between their marks.

Example: ``+ UNIQUE :: CREATE UNIQUE INDEX i ON t(b)`` under ``== CREATE INDEX | lang_createindex.html`` is
``Feature('+', (), 'UNIQUE', ['CREATE UNIQUE INDEX i ON t(b)'], '')`` of the page with this title.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aerodb_dbapi.planner.front import split_script

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^([-+~])(\d[\d.]*)? (.*?) :: (.*)$")
STATES = {"+": "as SQLite", "~": "different", "-": "not supported"}
BEGIN, END = "<!-- made by tests/features.py -->", "<!-- end of what is made -->"


@dataclass(frozen=True)
class Feature:
    """One line of the list. `version` is the version of SQLite that has it, () for all; `expected` the rows where sqlite3 is older;
    `reason` of what differs or is missing."""

    state: str
    version: tuple[int, ...]
    name: str
    statements: list[str]
    reason: str
    expected: Any = None


@dataclass
class Page:
    """A page of SQLite's documentation."""

    title: str
    address: str
    features: list[Feature] = field(default_factory=list)


def read() -> list[Page]:
    """The pages of the list."""
    pages: list[Page] = []
    for line in (ROOT / "tests/features.txt").read_text().splitlines():
        if line.startswith("== "):
            title, _, address = line[3:].partition(" | ")
            pages.append(Page(title, address))
        elif line and not line.startswith("#"):
            pages[-1].features.append(_feature(line))
    return pages


def _feature(line: str) -> Feature:
    found = LINE.match(line)
    assert found, f"not a feature: {line}"
    state, version, name, rest = found.groups()
    text, _, reason = rest.partition(" :: ") if state != "+" else (rest, "", "")
    assert state == "+" or reason, f"no reason: {line}"
    expected = None
    if version:
        text, _, rows = text.rpartition(" => ")
        expected = ast.literal_eval(rows)
    numbers = tuple(int(part) for part in (version or "").split(".") if part)
    return Feature(state, numbers, name, [one.rstrip("; \n") for one in split_script(text)], reason, expected)


def reference() -> str:
    """The table for docs/sql.md: every feature."""
    lines = []
    for page in read():
        lines += [
            "",
            f"### {page.title}",
            "",
            f"<https://www.sqlite.org/{page.address}>",
            "",
            "| feature | state |",
            "|---|---|",
        ]
        for one in page.features:
            version = f" (SQLite {'.'.join(map(str, one.version))})" if one.version else ""
            reason = f": {one.reason}" if one.reason else ""
            lines.append(f"| {_cell(one.name)}{version} | {STATES[one.state]}{_cell(reason)} |")
    return "\n".join([*lines[1:], ""])


def summary() -> str:
    """The table for README.md: a line for each page."""
    lines = [
        "| of SQLite's documentation | examples that answer as SQLite | different | not supported |",
        "|---|---|---|---|",
    ]
    for page in read():
        by_state = {state: [one for one in page.features if one.state == state] for state in STATES}
        names = [", ".join(_cell(one.name) for one in by_state[state]) for state in "~-"]
        lines.append(
            f"| [{page.title}](https://www.sqlite.org/{page.address}) | {len(by_state['+'])} | {names[0]} | {names[1]} |"
        )
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def places() -> Iterator[tuple[Path, str]]:
    """The documents that hold a table, and what it must be."""
    yield ROOT / "docs/sql.md", reference()
    yield ROOT / "README.md", summary()


def put(text: str, table: str) -> str:
    """A document with the table between its marks."""
    before, _, rest = text.partition(BEGIN + "\n")
    _, found, after = rest.partition(END)
    assert found, "the document has no marks"
    return f"{before}{BEGIN}\n{table}{found}{after}"


if __name__ == "__main__":
    for path, table in places():
        path.write_text(put(path.read_text(), table))
