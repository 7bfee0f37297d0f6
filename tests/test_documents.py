"""The code in the README, the documents and the docstrings runs and prints what it says; the site builds without a warning."""

from __future__ import annotations

import doctest
import importlib
import re
import sys
from pathlib import Path

import pytest
from document_blocks import Document, statements

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Blocks that are run by other tests than this one, because they need a process of their own: document → test.
ELSEWHERE = {"django.md": "tests/compat/test_django.py", "testing.md": "tests/compat/test_pytest_plugin.py"}
# Packages without which a document cannot run: they belong to extras.
NEEDS = {
    "dataframes.md": ["pyarrow", "pandas"],
    "sqlalchemy.md": ["sqlalchemy"],
    "other-programs.md": ["peewee", "pandas", "sqlalchemy"],
}
# Blocks that are marked as not run, in all documents; each states its reason.
NOT_RUN = 2

MODULES = [
    "",
    ".blob",
    ".compat.peewee",
    ".compat.sqlalchemy",
    ".compatibility",
    ".dump",
    ".executor.limits",
    ".hooks",
    ".limits",
    ".readview",
    ".row",
    ".storage.image",
    ".transfer",
    ".uri",
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if Document(path).blocks], ids=name_of)
def test_the_code_of_a_document_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if path.name in ELSEWHERE:
        assert path.name in (ROOT / ELSEWHERE[path.name]).read_text()
        return
    for package in NEEDS.get(path.name, []):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    # Classes that a block defines are looked up in the module that they name.
    document = Document(path)
    module = type(sys)("document")
    document.namespace = vars(module)
    monkeypatch.setitem(sys.modules, "document", module)
    document.run(tmp_path)


def test_blocks_that_are_not_run_are_few_and_counted() -> None:
    reasons = [reason for path in DOCUMENTS for reason in Document(path).not_run]
    assert len(reasons) == NOT_RUN, reasons


def test_every_block_names_its_language() -> None:
    """A block in a language that runs is not hidden behind a name that the test does not know."""
    known = {"python", "sql", "console", "text", "ini", "toml", "json", ""}
    for path in DOCUMENTS:
        fences = re.findall(r"^ *```(\w*)", path.read_text(), re.M)
        assert set(fences) <= known, name_of(path)


def test_a_document_that_lies_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lies.md"
    for block in (
        "```python\nassert 1 == 2\n```\n",
        "```python\n>>> 1 + 1\n3\n```\n",
        "```sql\nSELECT 1;\n-- 2\n```\n",
        "```sql\nSELECT nope;\n```\n",
        "```console\n$ echo a\nb\n```\n",
        "<!-- hidden python\nassert False\n-->\n",
    ):
        path.write_text(block)
        with pytest.raises(AssertionError):
            Document(path).run(tmp_path)
        path.write_text(f"<!-- not run: it lies -->\n{block}" if block.startswith("`") else "")
        assert Document(path).run(tmp_path) == 0


def test_statements_and_their_rows() -> None:
    code = "CREATE TABLE t(a); -- why\n-- not a row of it\n\nSELECT 1\nUNION SELECT 2;\n-- 1\n-- 2\nSELECT 3"
    found = statements(code)
    assert [rows for _, rows in found] == [["not a row of it"], ["1", "2"], []]
    assert found[2][0].strip() == "SELECT 3"


@pytest.mark.parametrize("name", [f"aerodb_dbapi{name}" for name in MODULES])
def test_docstrings(name: str) -> None:
    if name.startswith("aerodb_dbapi.compat."):
        pytest.importorskip(name.rpartition(".")[2])
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0 and failed == 0


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    named = set(re.findall(r"[\w/.-]+\.md\b", (ROOT / "mkdocs.yml").read_text()))
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert pages == named, "mkdocs.yml names the pages of the site"


def test_links_between_documents_lead_somewhere() -> None:
    """What `make docs` checks strictly, at no cost: files, and headings in them."""
    for path in DOCUMENTS:
        prose = re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.M | re.S)
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)", prose):
            found = path.parent / target if target else path
            assert found.exists(), f"{name_of(path)}: {target}"
            if anchor and found.suffix == ".md":
                assert anchor[1:] in anchors(found), f"{name_of(path)}: {target}{anchor}"


def anchors(path: Path) -> set[str]:
    """What the headings of a document are called in links."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-") for title in titles}
