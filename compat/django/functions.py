"""The SQL functions that Django computes in Python: dates in time zones, REGEXP, hashes, LPAD, statistics.

They are those of Django's own backend, registered through `create_function` and `create_aggregate` as there. The mathematical functions
that Django adds for old builds of SQLite are AeroDB's built-ins: `sqlite_compileoption_used('ENABLE_MATH_FUNCTIONS')` says so.
"""

from __future__ import annotations

from django.db.backends.sqlite3._functions import register

__all__ = ["register"]
