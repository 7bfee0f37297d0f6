"""Tools for database files: ``python -m aerodb_dbapi.tools COMMAND …``.

``inspect check salvage restore`` work on files that no process has open, and take the lock to be sure. None of them changes the
file that it is given: salvage and restore write a new one (docs/operating.md). ``import`` and ``export`` copy from and to SQLite
files (docs/import-export.md).

Example: ``python -m aerodb_dbapi.tools check app.db`` prints ``ok: commit 12, …`` and ends with exit code 0.
"""
