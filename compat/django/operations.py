"""SQL that Django writes for the backend: SQLite's.

Only GROUP BY TRUE, which Django adds for a HAVING without GROUP BY on a SQLite before 3.39, is not needed.
"""

from __future__ import annotations

from django.db.backends.sqlite3 import operations


class DatabaseOperations(operations.DatabaseOperations):
    """SQLite's operations at the version that AeroDB follows."""

    def force_group_by(self) -> list[str]:
        """HAVING stands alone."""
        return []
