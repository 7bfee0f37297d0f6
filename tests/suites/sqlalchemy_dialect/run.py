"""Run SQLAlchemy's dialect compliance suite on AeroDB and print the counts beside those of SQLAlchemy's dialect for `sqlite3`.

    python tests/suites/sqlalchemy_dialect/run.py               both, in memory, on files, by asyncio; the table
    python tests/suites/sqlalchemy_dialect/run.py NAME [-k …]   one (aerodb, aerodb_file, aerodb_aio, pysqlite, …), with pytest's arguments

The suite is that of the installed SQLAlchemy (`sqlalchemy.testing.suite`) and wants SQLAlchemy's pytest plugin, hence a folder and
processes of its own. `requirements.py` says what it may ask. The exit code is 1 if a test fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
DATABASES = ("aerodb", "aerodb_file", "aerodb_aio", "pysqlite", "pysqlite_file")


def measure(database: str, arguments: list[str]) -> tuple[int, dict[str, int], list[str]]:
    """Run the suite in another process: its exit code, counts, and the ids of what failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(HERE / "setup.cfg"),
            "--db",
            database,
            f"--junitxml={report}",
        ]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        }
        quiet = None if arguments else subprocess.DEVNULL
        code = subprocess.run(
            [*command, str(HERE / "compliance.py"), *arguments],
            cwd=folder,
            env=environment,
            stdout=quiet,
            stderr=quiet,
            check=False,
        ).returncode
        if not report.exists():
            sys.exit(f"the run on {database} did not end")
        cases = list(ElementTree.parse(report).iter("testcase"))
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"passed": len(cases) - len(bad) - skipped, "failed": len(bad), "skipped": skipped}
    return code, counts, [f"{case.get('classname')}::{case.get('name')}" for case in bad]


def main(arguments: list[str]) -> int:
    """See the module's text."""
    if arguments:
        return measure(arguments[0], arguments[1:] or ["-v"])[0]
    import sqlalchemy

    print(f"SQLAlchemy {sqlalchemy.__version__}\n{'':14}{'passed':>8}{'failed':>8}{'skipped':>9}", flush=True)
    failed: list[str] = []
    for database in DATABASES:
        _, counts, bad = measure(database, [])
        print(f"{database:14}{counts['passed']:8}{counts['failed']:8}{counts['skipped']:9}", flush=True)
        failed += bad
    for name in failed:
        print(f"failed: {name}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
