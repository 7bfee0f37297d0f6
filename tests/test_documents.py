"""The code in the README and in docstrings runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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


def test_code_of_the_driver_document_runs() -> None:
    blocks = (ROOT / "docs/driver.md").read_text().split("```python\n")[1:]
    assert blocks
    for block in blocks:
        exec(block.split("```")[0], {})


def test_code_of_the_sqlalchemy_document_runs() -> None:
    pytest.importorskip("sqlalchemy")
    blocks = (ROOT / "docs/sqlalchemy.md").read_text().split("```python\n")[1:]
    assert len(blocks) == 4
    code = compile("".join(block.split("```")[0] for block in blocks), "docs/sqlalchemy.md", "exec", dont_inherit=True)
    exec(code, {"__name__": "docs"})


def test_code_of_the_import_export_document_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = (ROOT / "docs/import-export.md").read_text().split("```python\n")[1:]
    assert blocks
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(block.split("```")[0], {})


def test_readme_session() -> None:
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried > 8 and failed == 0


@pytest.mark.parametrize("name", [f"aerodb_dbapi{name}" for name in MODULES])
def test_docstrings(name: str) -> None:
    if name.startswith("aerodb_dbapi.compat."):
        pytest.importorskip(name.rpartition(".")[2])
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0 and failed == 0
