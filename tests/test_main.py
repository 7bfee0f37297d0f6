"""The command line, as a real process: results, scripts from standard input, errors and exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(*arguments: str, script: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aerodb_dbapi", *arguments],
        input=script if script is not None else "",
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_file_and_one_statement_print_what_sqlite3_prints() -> None:
    done = run(":memory:", "SELECT 1, 2.5, 'x', NULL, x'0aff'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "(1, 2.5, 'x', None, b'\\n\\xff')\n", "")
    done = run(":memory:", "SELECT 1; SELECT 2")
    told = "ProgrammingError: You can only execute one statement at a time.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)
    done = run(":memory:", "SELECT nope")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "OperationalError (SQLITE_ERROR): no such column: nope\n"


def test_what_only_the_shell_knows_makes_it_the_shell() -> None:
    done = run("-batch", ":memory:", "SELECT 1, 2.5, 'x', NULL, x'0aff'; SELECT 'next'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1|2.5|x||X'0AFF'\nnext\n", "")


def test_a_script_from_standard_input_goes_into_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "new.db")
    script = "BEGIN; CREATE TABLE t(a, b); -- a comment; here\nINSERT INTO t VALUES (1, 'x;y'), (2, NULL);\nCOMMIT;\n"
    assert run(path, script=script).returncode == 0
    assert run(path, "SELECT count(*), max(b) FROM t").stdout == "(2, 'x;y')\n"
    assert run(path, script="SELECT count(*), max(b) FROM t").stdout == "2|x;y\n"


def test_an_error_stops_the_script_and_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "new.db")
    done = run(path, script="CREATE TABLE t(a); SELECT 'before'; SELECT * FROM nope; SELECT 'after';")
    assert (done.returncode, done.stdout) == (1, "before\n")
    assert done.stderr == "line 1: OperationalError (SQLITE_ERROR): no such table: nope\n"
    assert run(path, "SELECT count(*) FROM t", ".print done").stdout == "0\ndone\n"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(9000))
    done = run(str(path), "SELECT 1")
    assert done.returncode == 1 and "file is not a database" in done.stderr and "Traceback" not in done.stderr
