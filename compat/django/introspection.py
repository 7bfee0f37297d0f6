"""Reading a schema (``manage.py inspectdb``, the schema editor): as for SQLite.

`sqlite_master` keeps the CREATE text of the user and the PRAGMAs answer as SQLite's do, so Django's class works as it is.
"""

from __future__ import annotations

from django.db.backends.sqlite3.introspection import DatabaseIntrospection

__all__ = ["DatabaseIntrospection"]
