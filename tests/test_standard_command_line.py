"""`aerodb_dbapi.__main__.main` beside `sqlite3.__main__.main`, in this process: what programs that call it see.

CPython's own tests of it run in `make suite-cpython` where the Python has them (3.12 and later); these run everywhere.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.__main__ import main
from aerodb_dbapi.shell.standard import asked_for


def run(*arguments: str, lines: str = "", call: Any = main) -> Any:
    """Call it with these streams; it leaves by SystemExit."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(lines), io.StringIO(), io.StringIO()
    try:
        with pytest.raises(SystemExit) as leaving:
            call(list(arguments))
        return SimpleNamespace(code=leaving.value.code, out=sys.stdout.getvalue(), err=sys.stderr.getvalue())
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def test_the_prompt(tmp_path: Path) -> None:
    path = str(tmp_path / "t.db")
    done = run(path, lines="CREATE TABLE t(a);\nINSERT INTO t\nVALUES (1), (NULL);\n\nSELECT * FROM t;\n.version\n")
    assert done.code == 0 and f"Connected to {path!r}" in done.err
    ps1, ps2 = "sqlite> ", "    ... "
    assert done.out == f"{ps1}{ps1}{ps2}{ps1}{ps1}(1,)\n(None,)\n{ps1}{aerodb_dbapi.sqlite_version}\n{ps1}"
    assert not hasattr(sys, "ps1")


def test_errors_at_the_prompt_are_told_and_it_goes_on() -> None:
    done = run(lines="sel;\nSELECT 1; SELECT 2;\n.nope\n.\n. version\nSELECT 3;\n.quit\nSELECT 4;\n")
    assert done.code == 0 and "Connected to a transient in-memory database" in done.err
    assert 'OperationalError (SQLITE_ERROR): near "sel": syntax error' in done.err
    assert "ProgrammingError: You can only execute one statement at a time" in done.err
    assert 'Error: unknown command or invalid arguments:  "nope".' in done.err
    assert "(3,)\n" in done.out and "(4,)" not in done.out and done.out.count("sqlite> ") == 7


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(9000))
    done = run(str(path), "SELECT 1")
    assert done.out == "" and "DatabaseError (SQLITE_NOTADB): file is not a database" in done.code


def test_which_arguments_mean_it() -> None:
    assert asked_for(["a.db", "SELECT 1"]) and asked_for([":memory:", " -- nothing"])
    for arguments in (
        [],
        ["a.db"],
        ["a.db", ".tables"],
        ["a.db", "x", "y"],
        ["-v"],
        ["-csv", "a.db"],
        ["a.db", "-csv"],
    ):
        assert not asked_for(arguments)


def test_as_sqlite3_does(tmp_path: Path) -> None:
    original = pytest.importorskip("sqlite3.__main__")  # from Python 3.12 on
    paths = {main: str(tmp_path / "ours"), original.main: str(tmp_path / "theirs")}
    scripts = ["SELECT 1;\nSELECT\n2;\nsel;\n", "SELECT 1", "CREATE TABLE t(a);\nSELECT count(*) FROM t;\n.quit\n"]
    statements = ["SELECT 1, 'é', x'00', 2.5, NULL", "SELECT nope", "SELECT 1; SELECT 2", "", "BEGIN"]
    for lines in scripts:
        ours, theirs = (run(path, lines=lines, call=call) for call, path in paths.items())
        assert (ours.code, ours.out) == (theirs.code, theirs.out)
    for statement in statements:
        ours, theirs = (run(path, statement, call=call) for call, path in paths.items())
        assert (ours.code, ours.out) == (theirs.code, theirs.out)
        # SQLite's code is SQLITE_SCHEMA for the first statement of a connection whose file has been read before.
        assert statement == "" or ours.err == theirs.err.replace("SQLITE_SCHEMA", "SQLITE_ERROR")
