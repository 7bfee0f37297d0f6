"""Tools for database files: ``python -m aerodb_dbapi.tools inspect | check | salvage | restore`` (docs/operating.md).

They work on files that no process has open, and take the lock to be sure. None of them changes the file that it is given:
salvage and restore write a new one.

Example: ``python -m aerodb_dbapi.tools check app.db`` prints ``ok: commit 12, …`` and ends with exit code 0.
"""
