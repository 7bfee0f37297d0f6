"""What the demonstration proposes at its end works on the database that it leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_what_the_demo_proposes_works_in_the_shell(tmp_path: Path) -> None:
    pytest.importorskip("rich")
    program = tmp_path / "program.py"
    program.write_text(f"""
import sys
sys.path.insert(0, {str(EXAMPLES)!r})
import aerodb_dbapi, demo
connection = aerodb_dbapi.connect("demo.db")
connection.executescript("CREATE TABLE flights(carrier); INSERT INTO flights VALUES ('UA'), ('UA'), ('B6')")
demo.show_time_travel(connection)
connection.close()
done = demo.subprocess.run(
    [sys.executable, "-m", "aerodb_dbapi", "demo.db"], input=chr(10).join(demo.LOOK_AROUND), capture_output=True, text=True
)
assert done.returncode == 0 and not done.stderr, done.stderr
print(done.stdout)
""")
    done = subprocess.run([sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    output = done.stdout
    assert "JFK-LAX: 290 dollars" in output and "now gone" in output
    shell = output[output.index("fare\nflights") :]
    assert "UA ██" in shell and "- [2] JFK-LAX | 290" in shell and "JFK-SFO|320\nJFK-LAX|290" in shell
