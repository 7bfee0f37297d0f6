"""The pytest plugin: sources of all kinds, one loading, a fork for each test; the code of its document."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

import aerodb_dbapi

pytest_plugins = ["pytester"]
INSTALLED = any(one.name == "aerodb" for one in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "aerodb_dbapi.compat.pytest_aerodb"]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/testing.md"
SCRIPT = "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t(b) VALUES ('x'), ('y');"


def run(pytester: pytest.Pytester, passed: int, **others: int) -> pytest.RunResult:
    done = pytester.runpytest(*PLUGIN, "-p", "no:cacheprovider", "-p", "no:xdist", "-q")
    done.assert_outcomes(passed=passed, **others)
    return done


def test_every_test_has_a_fork_of_what_was_loaded_once(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        loads = []

        def load(connection):
            loads.append(1)
            connection.execute("CREATE TABLE t(a)")
            connection.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(1000)])

        @pytest.fixture(scope="session")
        def aerodb_source():
            yield load
            assert len(loads) == 1
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("i", range(3))
        def test_writes(aerodb, i):
            assert aerodb.execute("SELECT count(*) FROM t").fetchone() == (1000,)
            with aerodb:
                aerodb.execute("DELETE FROM t")
            aerodb.execute("DROP TABLE t")

        def test_more_forks(aerodb, aerodb_fork):
            other, third = aerodb_fork(), aerodb_fork(isolation_level=None)
            with other:
                other.execute("DELETE FROM t WHERE a >= 10")
            third.execute("DELETE FROM t WHERE a >= 20")
            counts = [c.execute("SELECT count(*) FROM t").fetchone()[0] for c in (aerodb, other, third)]
            assert counts == [1000, 10, 20]
        """
    )
    run(pytester, 4)


def test_sources(pytester: pytest.Pytester) -> None:
    pytester.makefile(".sql", script=SCRIPT, more="INSERT INTO t(b) VALUES ('z');")
    file = aerodb_dbapi.connect(str(pytester.path / "kept.adb"))
    file.executescript(SCRIPT + "DELETE FROM t WHERE a = 1;")
    file.close()
    pytester.makeini("[pytest]\naerodb_source = script.sql\n")
    pytester.makepyfile(
        """
        import pathlib
        import pytest

        def words(connection):
            return "".join(b for b, in connection.execute("SELECT b FROM t ORDER BY a"))

        def test_setting(aerodb):
            assert words(aerodb) == "xy"

        @pytest.mark.aerodb("kept.adb")
        def test_file(aerodb):
            assert words(aerodb) == "y"
            aerodb.execute("DELETE FROM t")
            aerodb.commit()

        @pytest.mark.aerodb(pathlib.Path("kept.adb"))
        def test_file_is_as_it_was(aerodb):
            assert words(aerodb) == "y"

        @pytest.mark.aerodb(["script.sql", "more.sql", lambda c: c.execute("UPDATE t SET b = upper(b)")])
        def test_several(aerodb):
            assert words(aerodb) == "XYZ"

        @pytest.mark.aerodb("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'text');")
        def test_text(aerodb):
            assert words(aerodb) == "text"

        @pytest.mark.aerodb
        def test_nothing(aerodb):
            assert aerodb.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)

        @pytest.mark.aerodb("missing.adb")
        def test_missing(aerodb):
            pass

        @pytest.mark.aerodb(7)
        def test_wrong(aerodb):
            pass
        """
    )
    done = run(pytester, 6, errors=2)
    done.stdout.fnmatch_lines(
        ["*OperationalError: unable to open database file*", "*TypeError: a source of a database*"]
    )
    assert sorted(path.name for path in pytester.path.glob("*.adb*")) == ["kept.adb"]


def test_the_plugin_is_light(pytester: pytest.Pytester) -> None:
    """pytest imports it at every start, so the driver waits until a test wants a database."""
    pytester.makepyfile(
        """
        import subprocess, sys

        def test_light():
            code = "import sys, pytest_aerodb; assert 'aerodb_dbapi' not in sys.modules"
            assert subprocess.run([sys.executable, "-c", code]).returncode == 0
        """
    )
    if not INSTALLED:
        pytest.skip("the plugin is not installed")
    run(pytester, 1)


def test_code_of_the_document_runs(pytester: pytest.Pytester) -> None:
    blocks = [block.split("```")[0] for block in DOCUMENT.read_text().split("```python\n")[1:]]
    assert len(blocks) == 4
    pytester.makefile(".sql", schema="CREATE TABLE stock(item TEXT, n INTEGER); INSERT INTO stock VALUES ('pen', 5);")
    pytest.importorskip("sqlalchemy")
    pytester.makeconftest(blocks[0])
    pytester.makepyfile("\n".join(blocks[1:]))
    run(pytester, 4)
