"""The repository's own rules, as tests: room order, import circles, names, sizes, invariants cited in code and in tests.

The rules are written in docs/architecture.md and docs/INVARIANTS.md (INV-E2: rooms import in one direction only).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["compat", "aerodb_dbapi", "executor", "planner", "indexes", "storage"]
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
ALL_PYTHON = SOURCES + sorted(
    p for folder in ("tests", "benchmarks", "examples") for p in (ROOT / folder).rglob("*.py")
)
SQLGLOT_HOME = "planner"
# Modules written ahead of what will use them; one that is reached must not be listed.
AHEAD: list[str] = []
LINES_MAX = 700
FUNCTION_LINES_MAX = 70
# Published numbers change only together with the document.
INVARIANT = re.compile(r"\bINV-[A-Z]\d+\b")


def module_name(path: Path) -> str:
    relative = path.relative_to(ROOT).with_suffix("")
    parts = list(relative.parts)
    if parts[0] != "aerodb_dbapi":
        parts.insert(0, "aerodb_dbapi")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] != "aerodb_dbapi":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "aerodb_dbapi"


def imports(path: Path, *, run_time_only: bool = False) -> list[str]:
    """The modules a file imports; those only for type checkers are left out on request."""
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        if run_time_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}: relative import"
            found.append(node.module or "")
            found.extend(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text()))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_import_only_to_their_right(path: Path) -> None:
    """INV-E2."""
    here = ROOMS.index(path.relative_to(ROOT).parts[0])
    for module in imports(path):
        room = room_of(module)
        if room is not None:
            assert ROOMS.index(room) >= here, f"{path.relative_to(ROOT)} imports {module}"


def test_a_wrong_import_would_be_found() -> None:
    """The rule above can fail: an import to the left is seen as such (INV-E2)."""
    assert room_of("aerodb_dbapi.executor.session") == "executor"
    assert ROOMS.index("executor") < ROOMS.index("storage")
    assert room_of("aerodb_dbapi.cursor") == "aerodb_dbapi" and room_of("json") is None


def test_no_bare_room_imports_and_sqlglot_only_in_the_planner() -> None:
    for path in SOURCES:
        for module in imports(path):
            assert module.split(".")[0] not in [*ROOMS[2:], "compat"], f"{path.relative_to(ROOT)} imports {module}"
            if module.split(".")[0] == "sqlglot":
                assert path.relative_to(ROOT).parts[0] == SQLGLOT_HOME, f"{path.relative_to(ROOT)} imports sqlglot"


def test_no_import_circles() -> None:
    names = {module_name(path): path for path in SOURCES}
    graph = {
        name: sorted(
            {m for m in imports(path, run_time_only=True) if m in names and m != name and not name.startswith(m + ".")}
        )
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"import circle: {' -> '.join((*trail, name))}"
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_every_source_file_is_reached_from_the_package() -> None:
    names = {module_name(path): path for path in SOURCES}
    reached: set[str] = set()
    waiting = ["aerodb_dbapi", "aerodb_dbapi.__main__", "aerodb_dbapi.aio", "aerodb_dbapi.compat"]
    waiting += ["aerodb_dbapi.tools.__main__"]
    # What frameworks look up by name.
    waiting += [name for name in names if name.startswith("aerodb_dbapi.compat.django.")]
    waiting += [f"aerodb_dbapi.compat.{name}" for name in ("peewee", "pytest_aerodb", "sqlalchemy", "sqlalchemy_aio")]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in names:
            reached.add(name)
            parents = [name.rsplit(".", i)[0] for i in range(1, name.count(".") + 1)]
            waiting.extend([*imports(names[name]), *parents])
    assert sorted(set(names) - reached) == AHEAD


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_open_with_their_design_and_stay_small(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
    assert text.count("\n") <= LINES_MAX, f"{path.relative_to(ROOT)} is long"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, (
                f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"
            )


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_public_names_are_documented_and_annotated(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has no docstring"


def stated_invariants() -> dict[str, str]:
    rows = re.findall(r"^\| (INV-[A-Z]\d+) \| .* \| `([^`]+)` \|$", (ROOT / "docs/INVARIANTS.md").read_text(), re.M)
    return dict(rows)


def test_each_invariant_is_cited_by_its_code_and_by_a_test() -> None:
    stated = stated_invariants()
    assert len(stated) >= 30
    in_code = {number for path in SOURCES for number in INVARIANT.findall(path.read_text())}
    tests = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "tests").rglob("*.sql")]
    in_tests = {number for path in tests for number in INVARIANT.findall(path.read_text())}
    tidy = Path(__file__).read_text()
    missing_code = [n for n, where in stated.items() if n not in in_code and not where.startswith("tests/")]
    missing_test = sorted(n for n in stated if n not in in_tests)
    misplaced = [
        f"{n} not in {where}"
        for n, where in stated.items()
        if n not in ((ROOT / where).read_text() if (ROOT / where).exists() else "")
    ]
    assert (missing_code, missing_test, misplaced) == ([], [], [])
    assert (in_code | set(INVARIANT.findall(tidy))) <= set(stated) | {"INV-D1"}, "an unknown invariant is cited"


def test_no_machine_paths_and_no_leftovers() -> None:
    marks = re.compile(r"/(?:root|home|work|tmp)/\w|\bTO" + r"DO\b|\bFIX" + r"ME\b|NotImplemented" + r"Error")
    for path in (
        ALL_PYTHON
        + sorted((ROOT / "docs").glob("*.md"))
        + [ROOT / "README.md", ROOT / "Makefile", ROOT / "CHANGELOG.md"]
    ):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not marks.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
