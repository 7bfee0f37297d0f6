"""``python -m aerodb_dbapi [OPTION …] [FILE] [SQL …]``: the shell (docs/shell.md).

It takes the arguments of ``python -m sqlite3``, and more. Design: `shell/__init__.py`.
"""

from __future__ import annotations

import sys

from aerodb_dbapi.shell.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
