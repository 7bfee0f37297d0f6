(
    """The examples run: the FastAPI application under load, and the notes.

The tests of the Django project are run by `tests/compat/test_django.py`.
"""
    ""
)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run(example: str, *arguments: str, code: int = 0, folder: Path | None = None) -> str:
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / example), *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    return done.stdout


def test_tickets_are_never_sold_twice_under_load(tmp_path: Path) -> None:
    """Clients buy at once while readers look. `load.py` compares the orders that were acknowledged with the books."""
    for package in ("fastapi", "httpx", "sqlalchemy"):
        pytest.importorskip(package)
    output = run("fastapi_tickets/load.py", "--clients", "8", "--requests", "6", "--shows", "2", "--seats", "30")
    assert "60 seats sold, none twice" in output or int(output.split(" refused; ")[1].split()[0]) > 40
    assert "saw the books balanced" in output


def test_tickets_without_retries_would_fail(tmp_path: Path) -> None:
    """The load is one: two purchases of one show at once do meet, and the later commit fails without `run_transaction`."""
    for package in ("fastapi", "httpx", "sqlalchemy"):
        pytest.importorskip(package)
    program = tmp_path / "program.py"
    program.write_text(f"""
import sys
sys.path.insert(0, {str(EXAMPLES / "fastapi_tickets")!r})
import app, sqlalchemy as sa
from sqlalchemy import orm
from aerodb_dbapi.compat.sqlalchemy import is_serialization_failure
engine = sa.create_engine("aerodb:///tickets.db")
app.Base.metadata.create_all(engine)
with orm.Session(engine) as session:
    session.add(app.Show(title="a", seats=9, free=9))
    session.commit()
with orm.Session(engine) as one, orm.Session(engine) as two:
    for session in (one, two):
        session.get(app.Show, 1).free -= 1
    one.commit()
    try:
        two.commit()
    except sa.exc.OperationalError as error:
        print("failed", is_serialization_failure(error))
engine.dispose()
""")
    assert run(str(program), folder=tmp_path) == "failed True\n"


def test_notes_remember(tmp_path: Path) -> None:
    def notes(*arguments: str, code: int = 0) -> list[str]:
        return [line.strip() for line in run("notes.py", str(tmp_path / "n.db"), *arguments, code=code).splitlines()]

    notes("add", "buy milk", "call Ann")
    notes("edit", "1", "buy oat milk")
    assert notes("list") == ["1  buy oat milk", "2  call Ann"]
    assert notes("list", "--at", "3") == ["1  buy milk", "2  call Ann"]
    assert notes("history", "1") == ["3  INSERT  buy milk", "4  UPDATE  buy oat milk"]
    notes("drop", "2")
    notes("undo")
    assert notes("list") == ["1  buy oat milk", "2  call Ann"]
    assert notes("edit", "9", "x", code=1) == ["there is no such note"]
    assert notes("list", "--at", "99", code=1) == ["no such commit: 99 (the latest is 6)"]


def test_every_example_is_run_by_a_test() -> None:
    tests = "".join(path.read_text() for path in (EXAMPLES.parent / "tests").rglob("test_*.py"))
    for path in EXAMPLES.iterdir():
        if path.name != "__pycache__" and not path.name.startswith("."):
            assert path.name in tests or path.name in (EXAMPLES.parent / "Makefile").read_text(), path.name
