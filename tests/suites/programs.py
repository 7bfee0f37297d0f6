"""Run the own tests of programs that use `sqlite3` with AeroDB in its place, and print the counts beside those of `sqlite3`.

    python tests/suites/programs.py                   all of them, on both; the table of counts
    python tests/suites/programs.py NAME [ARGUMENT …] one of them on AeroDB, with pytest's arguments, showing what it prints

Nothing in the programs is changed. A folder before everything on the path has a module `sqlite3` that stands for `aerodb_dbapi`, and for
Tortoise and Piccolo one called `aiosqlite` that stands for `aerodb_dbapi.aio`. The tests come from the source distributions of the
installed versions, which pip downloads once, or, where these have none that could run, from `programs_use.py` and
`programs_use_more.py`. `make suite-programs` makes an environment with the programs (`programs.txt`) and runs this in it.

`LACKS` names the tests that are known to fail, each with its reason; docs/other-programs.md repeats them. The exit code is 1 if any
other test fails that does not fail on `sqlite3` too.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

SQLITE3 = """\
import sys
import aerodb_dbapi
import aerodb_dbapi.dbapi2
sys.modules["sqlite3"] = aerodb_dbapi
sys.modules["sqlite3.dbapi2"] = aerodb_dbapi.dbapi2
"""
AIOSQLITE = """\
import sys
import aerodb_dbapi.aio
sys.modules["aiosqlite"] = aerodb_dbapi.aio
"""


MORE = (
    "APScheduler", "IPython", "SQLObject", "beets", "coverage", "csvkit", "diskcache", "Flask-SQLAlchemy", "huey",
    "langgraph-checkpoint-sqlite", "optuna", "persist-queue", "petl", "piccolo", "pony", "requests-cache", "sqlitedict", "sqlmodel",
)  # fmt: skip
"""Programs with one test each in `programs_use_more.py`, which has the first word of the name in its own."""


@dataclass
class Program:
    """A program: what of its source distribution pytest is given, and what is put in the place of what."""

    tests: list[str]
    modules: dict[str, str] = field(default_factory=lambda: {"sqlite3": SQLITE3})


HERE = Path(__file__).resolve().parent
PROGRAMS = {
    "dataset": Program(["test"]),
    "aiosqlite": Program(["aiosqlite/tests/smoke.py"]),
    "sqlite-utils": Program(["tests"]),
    "datasette": Program([str(HERE / "programs_use.py"), "-k", "datasette"]),
    "pandas": Program([str(HERE / "programs_use.py"), "-k", "pandas"]),
    "tortoise-orm": Program(
        [str(HERE / "programs_use.py"), "-k", "tortoise"], {"sqlite3": SQLITE3, "aiosqlite": AIOSQLITE}
    ),
}  # fmt: skip

PROGRAMS |= {
    name: Program(
        [str(HERE / "programs_use_more.py"), "-k", name.lower().split("-checkpoint")[0].replace("-", "_")],
        {"sqlite3": SQLITE3, "aiosqlite": AIOSQLITE},
    )
    for name in MORE
}

LACKS: dict[str, dict[str, str]] = {
    "dataset": {},
    "aiosqlite": {},
    "sqlite-utils": {
        r"test_fts|test_virtual_table|search|fts|test_tracer|test_with_tracer|test_checks_nonexistent": "there is no FTS",
        r"test_cli::test_optimize|test_enable_counts_all_tables|test_triggers_and_triggers_dict": "there is no FTS",
        r"test_.*wal": "journal_mode is always wal",
        r"test_create_database": "the file is not SQLite's",
        r"test_cli_bulk_batch_size": "waits two seconds for a program to start and commit; importing takes one of them",
    },
    "datasette": {},
    "pandas": {},
    "tortoise-orm": {},
} | {name: {} for name in MORE}
"""Program → pattern of test ids → why they fail."""


@dataclass
class Counts:
    """What became of the tests of a program."""

    passed: int = 0
    skipped: int = 0
    failed: set[str] = field(default_factory=set)


def source_of(name: str, cache: Path) -> Path:
    """The folder with the unpacked source distribution of the installed version, downloaded if need be."""
    stem = f"{name.replace('-', '_')}-{version(name)}"
    folder = cache / stem
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        source = ["--no-binary", ":all:", "--no-deps", f"{name}=={version(name)}", "--dest", str(cache)]
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", *source], check=True)
        with tarfile.open(cache / f"{stem}.tar.gz") as packed:
            packed.extractall(cache, filter="data")
    return folder


def measure(name: str, on_aerodb: bool, cache: Path, arguments: list[str]) -> Counts:
    """Run the tests of a program in a process of their own. With arguments their output is shown."""
    program = PROGRAMS[name]
    folder = HERE if os.path.isabs(program.tests[0]) else source_of(name, cache)
    with tempfile.TemporaryDirectory() as place:
        environment = dict(os.environ)
        if on_aerodb:
            for module, text in program.modules.items():
                Path(place, f"{module}.py").write_text(text)
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [place, os.environ.get("PYTHONPATH")]))
        report = Path(place, "report.xml")
        options = ["-q", "-W", "ignore", "-p", "no:cacheprovider", "--timeout", "120", f"--junitxml={report}"]
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, *(arguments or program.tests)],
            cwd=folder, env=environment, check=False, stdin=subprocess.DEVNULL,
            stdout=None if arguments else subprocess.DEVNULL, stderr=None if arguments else subprocess.DEVNULL,
        )  # fmt: skip
        if not report.exists():
            return Counts(failed={f"the run of {name} did not end"})
        return counted(report)


def counted(report: Path) -> Counts:
    """The counts in pytest's report."""
    found = Counts()
    for case in ElementTree.parse(report).iter("testcase"):
        test = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            found.failed.add(test)
        elif case.find("skipped") is not None:
            found.skipped += 1
        else:
            found.passed += 1
    return found


def unexpected(name: str, ours: Counts, theirs: Counts) -> list[str]:
    """The tests that fail on AeroDB alone and are not known to."""
    known = {test for test in ours.failed if any(re.search(pattern, test) for pattern in LACKS[name])}
    return sorted(ours.failed - known - theirs.failed)


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", choices=sorted(PROGRAMS))
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.add_argument("--cache", type=Path, default=Path(sys.prefix, "program-tests"))
    options = parser.parse_args()
    if options.program and options.arguments:
        return bool(measure(options.program, True, options.cache, options.arguments).failed)
    print(f"{'':34}{'AeroDB':^27}{'sqlite3':^27}\n{'':34}{'passed failed skipped':^27}{'passed failed skipped':^27}")
    wrong: list[str] = []
    for name in [options.program] if options.program else PROGRAMS:
        ours, theirs = (measure(name, on_aerodb, options.cache, []) for on_aerodb in (True, False))
        cells = "".join(f"{c.passed:9}{len(c.failed):7}{c.skipped:8}   " for c in (ours, theirs))
        print(f"{name + ' ' + version(name):34}{cells}", flush=True)
        wrong += [f"{name}: {test}" for test in unexpected(name, ours, theirs)]
    for test in wrong:
        print(f"unexpected failure: {test}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
