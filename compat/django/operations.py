"""SQL that Django writes for the backend: SQLite's.

Only GROUP BY TRUE, which Django adds for a HAVING without GROUP BY on a SQLite before 3.39, is not needed, and there are no sequences to
reset with ``OPTIONS["autoincrement"] = False``.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import operations


class DatabaseOperations(operations.DatabaseOperations):
    """SQLite's operations at the version that AeroDB follows."""

    def force_group_by(self) -> list[str]:
        """HAVING stands alone."""
        return []

    def sequence_reset_by_name_sql(self, style: Any, sequences: list[dict[str, str]]) -> list[str]:
        """Statements that let keys begin at 1 again."""
        if not self.connection.autoincrement:
            return []
        statements: list[str] = super().sequence_reset_by_name_sql(style, sequences)
        return statements
