"""``python -m aerodb_dbapi [OPTION …] [FILE] [SQL …]``: the shell (docs/shell.md), with the arguments of ``python -m sqlite3`` and more.

FILE and one SQL text print what ``python -m sqlite3 FILE SQL`` prints, rows as tuples; everything else is the shell's. `main` is what
``sqlite3.__main__.main`` is to programs that call it. Designs: `shell/standard.py`, `shell/__init__.py`.
"""

from __future__ import annotations

import sys

from aerodb_dbapi.shell.main import main as shell
from aerodb_dbapi.shell.standard import asked_for, main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit((main if asked_for(sys.argv[1:]) else shell)(sys.argv[1:]))
