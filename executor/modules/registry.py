"""The table-valued functions by name: json_each, json_tree, generate_series, aerodb_history, a `pragma_…` for each pragma with rows.

Example: ``MODULES["generate_series"].columns[0].name == "value"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aerodb_dbapi.executor.modules.history import History
from aerodb_dbapi.executor.modules.json_tables import JsonTable
from aerodb_dbapi.executor.modules.pragma_tables import pragma_tables
from aerodb_dbapi.executor.modules.series import Series
from aerodb_dbapi.planner.modules import TableModule

MODULES: Final[Mapping[str, TableModule]] = MappingProxyType(
    {
        module.name: module
        for module in (
            JsonTable("json_each"),
            JsonTable("json_tree", recursive=True),
            Series(),
            History(),
            *pragma_tables(),
        )
    }
)
