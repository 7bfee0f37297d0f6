"""What the database can do, as Django asks for it.

Django's class for SQLite looks up some answers in the version of the standard library's SQLite, which says nothing about AeroDB; those are
answered here. A connection to a database in memory that has a name is shared, as with SQLite.
"""

from __future__ import annotations

from django.db.backends.sqlite3 import features


class DatabaseFeatures(features.DatabaseFeatures):
    """SQLite's features at the version that AeroDB follows."""

    can_alter_table_drop_column = True
    can_return_columns_from_insert = True
    can_return_rows_from_bulk_insert = True
    supports_aggregate_order_by_clause = True
