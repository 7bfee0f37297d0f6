"""Changing a schema (migrations): as for SQLite.

ALTER TABLE renames, adds and drops columns in place; what it cannot do Django does by making the table anew. DDL is
transactional, so a migration is one transaction.
"""

from __future__ import annotations

from django.db.backends.sqlite3.schema import DatabaseSchemaEditor

__all__ = ["DatabaseSchemaEditor"]
