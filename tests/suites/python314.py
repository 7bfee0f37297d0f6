"""Run CPython's own tests of `sqlite3` under Python 3.14 as WebAssembly (Pyodide, in node), on AeroDB and on `sqlite3`.

    python tests/suites/python314.py FOLDER      FOLDER has Pyodide: npm install --prefix FOLDER pyodide@314

For where there is no interpreter of that version. The tests are those of the Python that runs this script, best 3.13: 3.14
changed few, and those that changed fail on `sqlite3` too. WebAssembly has neither threads nor the locks of files, so AeroDB has
databases in memory only there: tests that open a file count as skipped. Packages are taken from the environment, without what is
made in C.

Names of that Python's `sqlite3` that AeroDB lacks are printed too. The exit code is 1 if a test fails that neither fails on `sqlite3`
nor is known to fail (`cpython.py`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cpython

HERE = Path(__file__).resolve().parent
PURE = ("msgpack", "sortedcontainers", "sqlglot")
CRC32C = """\
_TABLE = []
for entry in range(256):
    for _ in range(8):
        entry = entry >> 1 ^ 0x82F63B78 if entry & 1 else entry >> 1
    _TABLE.append(entry)


def crc32c(data, value=0):
    value ^= 0xFFFFFFFF
    for byte in bytes(data):
        value = _TABLE[(value ^ byte) & 255] ^ value >> 8
    return value ^ 0xFFFFFFFF
"""
NODE = """\
import { loadPyodide } from "pyodide";
const python = await loadPyodide();
python.mountNodeFS("/run", process.argv[2]);
python.globals.set("MODULE", process.argv[3]);
python.runPython(`
import os, sys, warnings
os.environ["MSGPACK_PUREPYTHON"] = "1"
sys.path[:0] = ["/run/packages", "/run/suite"]
os.makedirs("place")
os.chdir("place")
sys.modules["fcntl"] = type(sys)("fcntl")
sys.modules["fcntl"].__getattr__ = lambda name: 0 if name.isupper() else lambda *arguments: 0
import cpython
warnings.simplefilter("ignore", ResourceWarning)
cpython.run(MODULE, [], f"/run/{MODULE}.json")
if MODULE == "sqlite3":
    import sqlite3, aerodb_dbapi
    pairs = [("", sqlite3, aerodb_dbapi)]
    pairs += [(f"{k}.", getattr(sqlite3, k), getattr(aerodb_dbapi, k)) for k in ("Connection", "Cursor", "Row", "Blob")]
    missing = [prefix + name for prefix, theirs, ours in pairs for name in dir(theirs) if not (name == "__main__" or hasattr(ours, name))]
    print("names of its sqlite3 that are missing:", ", ".join(missing) or "none")
`);
"""


def lay_out(folder: Path) -> None:
    """Put everything that the tests need below `folder`."""
    shutil.rmtree(folder / "packages", ignore_errors=True)
    shutil.rmtree(folder / "suite", ignore_errors=True)
    packages, left_out = folder / "packages", shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    packages.mkdir(parents=True)
    for name in PURE:
        shutil.copytree(_place_of(name), packages / name, ignore=left_out)
    (packages / "crc32c.py").write_text(CRC32C)
    install = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(packages)]
    subprocess.run([sys.executable, "-m", *install, str(HERE.parent.parent)], check=True)
    tests = _place_of("test")
    for name in ("support", "test_sqlite3"):
        shutil.copytree(tests / name, folder / "suite/test" / name, ignore=left_out)
    shutil.copy(tests / "__init__.py", folder / "suite/test")
    shutil.copy(HERE / "cpython.py", folder / "suite")
    (folder / "run.mjs").write_text(NODE)


def _place_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"there is no package {package} here")
    return Path(spec.submodule_search_locations[0])


def measure(folder: Path, module: str) -> dict[str, Any]:
    """The counts of the tests on a module."""
    report = folder / f"{module}.json"
    report.unlink(missing_ok=True)
    subprocess.run(["node", "run.mjs", os.fspath(folder), module], cwd=folder, check=False)
    if not report.exists():
        sys.exit(f"the run on {module} did not end")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def main() -> int:
    """See the module's text."""
    folder = Path(sys.argv[1]).resolve()
    lay_out(folder)
    return cpython.report(measure(folder, "aerodb_dbapi"), measure(folder, "sqlite3"))


if __name__ == "__main__":
    sys.exit(main())
