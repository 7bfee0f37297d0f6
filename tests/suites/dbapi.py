"""Run the compliance suite of PEP 249 (`dbapi-compliance` on PyPI) on AeroDB and on `sqlite3`, and print the counts of both.

    python tests/suites/dbapi.py              both modules, the table of counts, unexpected results
    python tests/suites/dbapi.py --verbose    with each test and tracebacks

The suite leaves some tests to the driver: `test_nextset` and `test_setoutputsize` are for optional parts that neither module has, and
are skipped; there are no stored procedures, so `lower_func` is None.

`EXPECTED` names the tests that fail, each with its reason; docs/differences-from-sqlite.md repeats them. The exit code is 1
if any other test fails.
"""

from __future__ import annotations

import importlib
import os
import sys
import unittest
import warnings
from types import ModuleType
from typing import Any

import dbapi20

_TYPES = "there are no type objects: a value has a type, a column has none"
_FETCH = "fetching without a result gives no rows"
EXPECTED: dict[str, str] = {
    **dict.fromkeys(("test_BINARY", "test_DATETIME", "test_NUMBER", "test_ROWID", "test_STRING"), _TYPES),
    "test_description": "it compares the type code of a description, which is None, with STRING",
    **dict.fromkeys(("test_fetchall", "test_fetchmany", "test_fetchone"), _FETCH),
    "test_non_idempotent_close": "closing a connection again does nothing",
}
"""Test → why it fails. In each of them `sqlite3` does the same, whose place the driver takes."""


def tests_of(module: ModuleType) -> type[unittest.TestCase]:
    """The suite for a driver."""

    class Compliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]
        """PEP 249."""

        driver = module
        connect_args = (":memory:",)
        lower_func = None

        def is_already_closed(self, error: Any) -> Any:
            return module.ProgrammingError

        def test_nextset(self) -> None:
            self.skipTest("nextset() is optional, and there is none")

        def test_setoutputsize(self) -> None:
            self.skipTest("setoutputsize() has no effect")

    return Compliance


def run(name: str, verbose: bool) -> tuple[unittest.TestResult, set[str]]:
    """Run the suite on a module; the result and the names of the tests that failed."""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(tests_of(importlib.import_module(name)))
    with open(os.devnull, "w") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        result = unittest.TextTestRunner(sys.stdout if verbose else nowhere, verbosity=2 if verbose else 0).run(suite)
    return result, {test.id().rsplit(".", 1)[1] for test, _ in [*result.failures, *result.errors]}


def main(arguments: list[str]) -> int:
    """See the module's text."""
    unexpected: set[str] = set()
    print(f"{'':14}{'run':>6}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for name in ("aerodb_dbapi", "sqlite3"):
        result, failed = run(name, "--verbose" in arguments)
        skipped = len(result.skipped)
        passed = result.testsRun - skipped - len(failed)
        print(f"{name:14}{result.testsRun:6}{passed:8}{len(failed):8}{skipped:9}  {' '.join(sorted(failed))}")
        if name == "aerodb_dbapi":
            unexpected = failed ^ set(EXPECTED)
    for test in sorted(unexpected):
        print(f"unexpected: {test}")
    return bool(unexpected)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
