"""Run CPython's own tests of `sqlite3` on AeroDB, by substitution, and print the counts beside those of `sqlite3` itself.

    python tests/suites/cpython.py              both modules, the table of counts, unexpected results
    python tests/suites/cpython.py NAME …       only tests whose id contains one of the words, with tracebacks
    python tests/suites/cpython.py --sqlite3    the tests on `sqlite3` alone

The tests are those of the running Python (`test.test_sqlite3`). For the substitution a folder with a module `sqlite3` that stands for
`aerodb_dbapi` is put before everything on the path, of this process and of those that the tests start. Each module is
tested in a process of its own.

`EXPECTED` names the tests that are known to fail, each with its reason; docs/differences-from-sqlite.md repeats them. The exit code is 1
if any other test fails.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

EXPECTED: dict[str, str] = {
    r"test_locking$|test_raise_timeout$": "a second writer does not find the database locked: it may commit",
    r"test_ctx_mgr_rollback_if_commit_failed": "a reader in another process does not lock the database: the commit succeeds",
    r"test_dump_virtual_tables": "it needs FTS4, an extension in C; later versions of it are skipped without",
}
"""Pattern of test ids → why they fail."""

SUBSTITUTE = """\
import sys
import aerodb_dbapi
import aerodb_dbapi.dbapi2
sys.modules["sqlite3"] = aerodb_dbapi
sys.modules["_sqlite3"] = aerodb_dbapi
sys.modules["sqlite3.dbapi2"] = aerodb_dbapi.dbapi2
import aerodb_dbapi.__main__  # which imports sqlite3 itself, to read its files
sys.modules["sqlite3.__main__"] = sys.modules["aerodb_dbapi.__main__"]
"""


class Result(unittest.TextTestResult):
    """Counts passes too, and keeps the ids of what failed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.passed = 0
        self.bad: set[str] = set()

    def addSuccess(self, test: unittest.TestCase) -> None:
        """One more."""
        super().addSuccess(test)
        self.passed += 1

    def addError(self, test: Any, err: Any) -> None:
        """An exception. Where there are no threads, as in WebAssembly, no file can be opened."""
        if isinstance(err[1], RuntimeError) and "can't start new thread" in str(err[1]):
            self.addSkip(test, str(err[1]))
            return
        super().addError(test, err)
        self.bad.add(test.id())

    def addFailure(self, test: Any, err: Any) -> None:
        """An assertion."""
        super().addFailure(test, err)
        self.bad.add(test.id())

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        """A part of a test: the test is bad."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.bad.add(test.id())


def run(module: str, words: list[str], report: str) -> None:
    """Run the tests in this process, on `module`, and write counts and failures to the file `report`."""
    if module != "sqlite3":
        exec(SUBSTITUTE, {})
    import test.test_sqlite3 as package

    folder = os.path.dirname(package.__file__)
    loader = unittest.TestLoader()
    names = sorted(path.stem for path in Path(folder).glob("test_*.py"))
    suite = loader.loadTestsFromNames([f"test.test_sqlite3.{name}" for name in names])
    if words:
        suite = unittest.TestSuite(t for t in _flat(suite) if any(word in t.id() for word in words))
    ids = {test.id() for test in _flat(suite)}
    runner = unittest.TextTestRunner(sys.stdout, resultclass=Result, verbosity=2 if words else 0)
    result: Any = runner.run(suite)
    Path(report).write_text(
        json.dumps(
            {
                "ids": sorted(ids - {test.id() for test, _ in result.skipped}),
                "run": result.testsRun, "skipped": len(result.skipped), "failed": sorted(result.bad),
                "passed": result.testsRun - len(result.skipped) - len(result.bad),
            }
        )
    )  # fmt: skip


def _flat(suite: Any) -> Any:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test


def measure(module: str, words: list[str], folder: str) -> dict[str, Any]:
    """Run the tests on `module` in another process."""
    environment = dict(os.environ)
    if module != "sqlite3":
        Path(folder, "sqlite3.py").write_text(SUBSTITUTE)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, environment.get("PYTHONPATH")]))
    report = os.path.join(folder, f"{module}.json")
    place = os.path.join(folder, f"run-{module}")
    os.makedirs(place)
    command = [
        sys.executable,
        "-W",
        "ignore::ResourceWarning",
        os.path.abspath(__file__),
        "--run",
        module,
        report,
        *words,
    ]
    subprocess.run(command, env=environment, cwd=place, check=False)
    if not os.path.exists(report):
        sys.exit(f"the run on {module} did not end")
    found: dict[str, Any] = json.loads(Path(report).read_text())
    return found


def main(arguments: list[str]) -> int:
    """See the module's text."""
    if arguments[:1] == ["--run"]:
        run(arguments[1], arguments[3:], arguments[2])
        return 0
    try:
        import test.test_sqlite3  # noqa: F401
    except ImportError:
        print("this Python has no test.test_sqlite3: nothing was run")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if arguments[:1] == ["--sqlite3"]:
            measure("sqlite3", arguments[1:], folder)
            return 0
        ours = measure("aerodb_dbapi", arguments, folder)
        if arguments:
            return bool(ours["failed"])
        theirs = measure("sqlite3", [], folder)
    return report(ours, theirs)


def report(ours: dict[str, Any], theirs: dict[str, Any]) -> int:
    """Print the table and what was not expected."""
    print(f"\n{'':14}{'run':>6}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for name, found in (("aerodb_dbapi", ours), ("sqlite3", theirs)):
        print(f"{name:14}{found['run']:6}{found['passed']:8}{len(found['failed']):8}{found['skipped']:9}")
    known = [name for name in ours["failed"] if any(re.search(pattern, name) for pattern in EXPECTED)]
    unexpected = sorted(set(ours["failed"]) - set(known) - set(theirs["failed"]))
    gone = [
        pattern
        for pattern in EXPECTED
        if any(re.search(pattern, name) for name in ours["ids"])
        and not any(re.search(pattern, name) for name in ours["failed"])
    ]
    for name in unexpected:
        print(f"unexpected failure: {name}")
    for pattern in gone:
        print(f"no longer fails, take it from the list: {pattern}")
    return bool(unexpected)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
